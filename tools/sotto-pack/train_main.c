/* train_main: the command line of `sotto-pack train`. Called by main.c and by tests. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "tools/common/cli.h"
#include "tools/sotto-pack/args.h"
#include "tools/sotto-pack/commands.h"
#include "tools/sotto-pack/train.h"

static const char help[] =
    "usage: sotto-pack train --out MODEL.pack [options] TRANSACTIONS.csv[.xz|.zst]\n"
    "\n"
    "Learns which items go together (EASE, in closed form) and writes a model pack, to be signed "
    "with\n"
    "`sotto-pack sign`. The pack holds the catalogue, integer weights and a quality card; no "
    "baskets.\n"
    "\n"
    "Data, as in `sotto-pack check`:\n"
    "  --map LIST            column names: basket=InvoiceNo,item=StockCode,time=…\n"
    "  --item-pattern RE     keep item ids that match (\"\" keeps all); default: inferred\n"
    "  --cancel-prefix TEXT  basket ids of cancellations begin so; default: inferred\n"
    "  --max-basket N        drop baskets with more distinct items\n"
    "  --stale-days N        report items unsold for so long (default 90)\n"
    "  --from DATE           use lines from this day on\n"
    "  --until DATE          use lines before this day\n"
    "\n"
    "Model:\n"
    "  --min-baskets N       learn items that are in at least N baskets (default 5)\n"
    "  --neighbours N        keep N neighbours an item (default: what fits --max-bytes)\n"
    "  --max-bytes N         size of the pack at most (default 1000000)\n"
    "  --max-memory MIB      memory for learning at most (default: what is free)\n"
    "  --alpha-user X        a basket of d items counts d^-X (default 0.25)\n"
    "  --alpha-item X        an item in d baskets counts d^-X (default 0.4)\n"
    "  --lambda-factor X     ridge, in mean diagonals of the Gram matrix (default 12)\n"
    "  --decay X             the d-th latest item of a session counts exp(-d/X) (default 5)\n"
    "  --half-life DAYS      of popularity in the prior; 0: all time (default 30)\n"
    "  --threads N           faster, but another number may change the last bits (default 1)\n"
    "  --no-measure          skip the held-out measurement, which takes half the time\n"
    "\n"
    "Pack:\n"
    "  --pack-version N      devices never go back to a lower one (default: the time, "
    "YYYYMMDDhhmm)\n"
    "  --not-after DATE      devices refuse the pack later than this\n"
    "  --device-class NAME   only for devices of this class\n"
    "  --created DATE        default: SOURCE_DATE_EPOCH, else now\n"
    "\n"
    "The same input and options give the same bytes on one kind of CPU when --created is given.\n"
    "\n"
    "Examples:\n"
    "  sotto-pack train --out model.pack --until 2026-11-01 transactions.csv.xz\n"
    "  sotto-pack train --out small.pack --max-bytes 300000 --min-baskets 20 --pack-version 7 \\\n"
    "      --map basket=basket_id,item=product_id,time=timestamp,title=product sales.csv\n";

struct command {
    struct train_options train;
    struct dataset_options data;
    struct args_pack pack;
    const char *out, *file;
};

enum option_id {
    OPT_HELP = 'h',
    OPT_OUT = 256,
    OPT_MAP,
    OPT_ITEM_PATTERN,
    OPT_CANCEL_PREFIX,
    OPT_MAX_BASKET,
    OPT_STALE_DAYS,
    OPT_FROM,
    OPT_UNTIL,
    OPT_MIN_BASKETS,
    OPT_NEIGHBOURS,
    OPT_MAX_BYTES,
    OPT_MAX_MEMORY,
    OPT_ALPHA_USER,
    OPT_ALPHA_ITEM,
    OPT_LAMBDA_FACTOR,
    OPT_DECAY,
    OPT_HALF_LIFE,
    OPT_THREADS,
    OPT_NO_MEASURE,
    OPT_PACK_VERSION,
    OPT_NOT_AFTER,
    OPT_DEVICE_CLASS,
    OPT_CREATED
};

static const struct option options[] = {
    {"help", no_argument, NULL, OPT_HELP},
    {"out", required_argument, NULL, OPT_OUT},
    {"map", required_argument, NULL, OPT_MAP},
    {"item-pattern", required_argument, NULL, OPT_ITEM_PATTERN},
    {"cancel-prefix", required_argument, NULL, OPT_CANCEL_PREFIX},
    {"max-basket", required_argument, NULL, OPT_MAX_BASKET},
    {"stale-days", required_argument, NULL, OPT_STALE_DAYS},
    {"from", required_argument, NULL, OPT_FROM},
    {"until", required_argument, NULL, OPT_UNTIL},
    {"min-baskets", required_argument, NULL, OPT_MIN_BASKETS},
    {"neighbours", required_argument, NULL, OPT_NEIGHBOURS},
    {"max-bytes", required_argument, NULL, OPT_MAX_BYTES},
    {"max-memory", required_argument, NULL, OPT_MAX_MEMORY},
    {"alpha-user", required_argument, NULL, OPT_ALPHA_USER},
    {"alpha-item", required_argument, NULL, OPT_ALPHA_ITEM},
    {"lambda-factor", required_argument, NULL, OPT_LAMBDA_FACTOR},
    {"decay", required_argument, NULL, OPT_DECAY},
    {"half-life", required_argument, NULL, OPT_HALF_LIFE},
    {"threads", required_argument, NULL, OPT_THREADS},
    {"no-measure", no_argument, NULL, OPT_NO_MEASURE},
    {"pack-version", required_argument, NULL, OPT_PACK_VERSION},
    {"not-after", required_argument, NULL, OPT_NOT_AFTER},
    {"device-class", required_argument, NULL, OPT_DEVICE_CLASS},
    {"created", required_argument, NULL, OPT_CREATED},
    {NULL, 0, NULL, 0},
};

static int read_u32(const char *option, uint64_t least, uint64_t most, uint32_t *value,
                    struct sotto_error *err) {
    uint64_t v = *value;
    int status = args_uint(option, optarg, least, most, &v, err);
    *value = (uint32_t)v;
    return status;
}

static int read_data_option(int option, struct dataset_options *d, struct sotto_error *err) {
    switch (option) {
    case OPT_MAP: d->map = optarg; return SOTTO_OK;
    case OPT_ITEM_PATTERN: d->item_pattern = optarg; return SOTTO_OK;
    case OPT_CANCEL_PREFIX: d->cancel_prefix = optarg; return SOTTO_OK;
    case OPT_MAX_BASKET: return read_u32("--max-basket", 0, UINT32_MAX, &d->max_basket, err);
    case OPT_STALE_DAYS: return read_u32("--stale-days", 0, 36500, &d->stale_days, err);
    case OPT_FROM: return args_time("--from", optarg, &d->from_s, err);
    default: return args_time("--until", optarg, &d->until_s, err);
    }
}

static int read_model_option(int option, struct train_options *t, struct sotto_error *err) {
    uint64_t mib = 0;
    uint32_t threads = 1;
    int status;
    switch (option) {
    case OPT_MIN_BASKETS: return read_u32("--min-baskets", 1, UINT32_MAX, &t->min_baskets, err);
    case OPT_NEIGHBOURS: return read_u32("--neighbours", 1, 65535, &t->neighbours, err);
    case OPT_MAX_BYTES:
        return args_uint("--max-bytes", optarg, 1000, PACK_BYTES_MAX, &t->most_bytes, err);
    case OPT_MAX_MEMORY:
        status = args_uint("--max-memory", optarg, 1, 1u << 30, &mib, err);
        t->most_memory = mib << 20;
        return status;
    case OPT_THREADS:
        status = read_u32("--threads", 1, 256, &threads, err);
        t->ease.threads = (int)threads;
        return status;
    case OPT_ALPHA_USER: return args_real("--alpha-user", optarg, 0, 1, &t->ease.alpha_user, err);
    case OPT_ALPHA_ITEM: return args_real("--alpha-item", optarg, 0, 1, &t->ease.alpha_item, err);
    case OPT_LAMBDA_FACTOR:
        return args_real("--lambda-factor", optarg, 0.001, 1e6, &t->ease.lambda_factor, err);
    case OPT_DECAY: return args_real("--decay", optarg, 0.1, 1000, &t->decay, err);
    default: return args_real("--half-life", optarg, 0, 36500, &t->half_life_days, err);
    }
}

/* Returns EXIT_OK to go on, -1 when help was printed, else the exit code. */
static int parse(struct command *c, int argc, char **argv, struct sotto_error *err) {
    int option;
    optind = 0; /* glibc: start afresh, for tests that come back */
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        int status = SOTTO_OK;
        switch (option) {
        case OPT_HELP: fputs(help, stdout); return -1;
        case OPT_OUT: c->out = optarg; break;
        case OPT_NO_MEASURE: c->train.may_measure = 0; break;
        case OPT_PACK_VERSION: c->pack.pack_version = optarg; break;
        case OPT_NOT_AFTER: c->pack.not_after = optarg; break;
        case OPT_DEVICE_CLASS: c->pack.device_class = optarg; break;
        case OPT_CREATED: c->pack.created = optarg; break;
        case '?': return args_unknown("train", argc, argv);
        default:
            status = option <= OPT_UNTIL ? read_data_option(option, &c->data, err)
                                         : read_model_option(option, &c->train, err);
        }
        if (status != SOTTO_OK) return args_usage("train", "%s", err->message);
    }
    if (!c->out) return args_usage("train", "--out is missing: name the pack to write");
    if (optind >= argc) return args_usage("train", "the CSV of transactions is missing");
    if (optind + 1 < argc)
        return args_usage("train", "\"%s\" is one file too many: give one CSV", argv[optind + 1]);
    if (c->data.from_s && c->data.until_s && c->data.from_s >= c->data.until_s)
        return args_usage("train", "--from is not before --until, so no line would be left");
    c->file = argv[optind];
    return EXIT_OK;
}

static void print_quality(const char *name, const struct holdout_quality *q) {
    printf("  %-12s Recall@20 %.4f   NDCG@20 %.4f   HR@20 %.4f\n", name, q->recall, q->ndcg,
           q->hit);
}

static void print_result(const struct command *c, const struct train_result *r) {
    printf("%s: %zu bytes, %u items, %u edges (at most %u neighbours an item), %u groups by %s\n",
           c->out, r->model.n, r->items, r->edges, r->neighbours, r->groups,
           r->is_category ? "category" : "price");
    printf("learnt from %u baskets; %.1f %% of the positive weight kept\n", r->baskets,
           100 * r->kept_share);
    if (r->skipped_ids)
        printf("left out: %u items whose id is longer than %d bytes or not printable\n",
               r->skipped_ids, SOTTO_ITEM_ID_MAX);
    if (r->packed.baskets) {
        printf("on the last tenth (%u baskets), learnt without it:\n", r->packed.baskets);
        print_quality("packed", &r->packed);
        print_quality("full", &r->full);
        print_quality("popularity", &r->popular);
        if (r->packed.recall <= r->popular.recall)
            printf("WARNING: on these baskets popularity alone does better. Most are too small to "
                   "tell what\n"
                   "goes with what; give more data, or raise --min-baskets, before this model goes "
                   "out.\n");
    } else {
        printf("not measured on held-out baskets\n");
    }
    printf("next: sotto-pack sign --key NAME.key %s\n", c->out);
}

int train_main(int argc, char **argv) {
    struct command c = {.train = train_defaults(), .data = {.show_progress = 1}};
    struct sotto_error err = {0};
    struct pack_manifest manifest;
    struct dataset data;
    struct train_result result;
    int code = parse(&c, argc, argv, &err);
    if (code != EXIT_OK) return code < 0 ? EXIT_OK : code;
    if (crypto_init() != 0) {
        fail(&err, SOTTO_E_ENTROPY, "the cryptographic library could not be prepared");
        return cli_report("sotto-pack train", &err);
    }
    if (args_manifest(&c.pack, PACK_MODEL, &manifest, &err) != SOTTO_OK)
        return args_usage("train", "%s", err.message);
    if (dataset_read(&data, c.file, &c.data, &err) != SOTTO_OK)
        return cli_report("sotto-pack train", &err);
    int status = train_model(&result, &data, &c.train, &manifest, &err);
    dataset_free(&data);
    if (status != SOTTO_OK) return cli_report("sotto-pack train", &err);
    status = packfile_replace(c.out, result.model.bytes, result.model.n, 0644, &err);
    if (status == SOTTO_OK) print_result(&c, &result);
    train_free(&result);
    return status == SOTTO_OK ? EXIT_OK : cli_report("sotto-pack train", &err);
}
