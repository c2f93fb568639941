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
    "usage: sotto-pack train --out MODEL.pack [options] DATA\n"
    "\n"
    "Learns which items go together (in closed form: EASE, for sessions SLIST) and writes a model\n"
    "pack, to be signed with `sotto-pack sign`. The pack holds the catalogue, integer weights and "
    "a\n"
    "quality card; no baskets. DATA is a table of transactions (CSV) or lists, one user a line\n"
    "(\"user item item …\"); plain, .xz or .zst.\n"
    "\n"
    "Purpose:\n"
    "  --for GOAL            basket: complete a basket (default for tables)\n"
    "                        next-basket: what a known customer buys next, again or anew\n"
    "                        sessions: the next item of a session, in which order matters\n"
    "                        ranking: what else a person would take (default for lists)\n"
    "  --tune                choose every parameter below \"Model\", the method, its candidates "
    "and "
    "the\n"
    "                        number of neighbours on a held-out part of DATA\n"
    "  --no-measure          skip the held-out measurement, which takes half the time\n"
    "\n"
    "Data, as in `sotto-pack check`:\n"
    "  --map LIST            column names: basket=InvoiceNo,item=StockCode,time=…\n"
    "  --format table|lists  default: by the first line\n"
    "  --item-pattern RE     keep item ids that match (\"\" or none: all); default: inferred\n"
    "  --cancel-prefix TEXT  basket ids of cancellations begin so (\"\" or none: no such thing);\n"
    "                        default: inferred\n"
    "  --max-basket N        drop baskets with more distinct items\n"
    "  --stale-days N        report items unsold for so long (default 90)\n"
    "  --from DATE           use lines from this day on\n"
    "  --until DATE          use lines before this day\n"
    "\n"
    "  --catalogue FILE      products and what is known of them, as CSV: titles, categories, tags; "
    "who\n"
    "                        pays for their place, and what else a screen must say of them\n"
    "  --catalogue-map LIST  its columns: "
    "item=product_id,title=…,category=department,tags=brand+type,\n"
    "                        sponsor=… (who pays), synthetic=…, staff=… (yes or no), provider=…, "
    "rating=…\n"
    "                        (least age), sensitive=… (kinds, or none). Without the last, words "
    "decide\n"
    "  --pack-tags           put the tags into the pack, so that people can block them\n"
    "  --new-items N         place at most N products that too few baskets hold by their tags and\n"
    "                        categories (default 2000)\n"
    "  --new-strength X      of their weights, which are borrowed from what is most like them\n"
    "                        (default 0.5)\n"
    "\n"
    "Size:\n"
    "  --min-baskets N       learn items that are in at least N baskets (default 5; lists 1)\n"
    "  --max-bytes N         size of the pack at most (default 1000000)\n"
    "  --neighbours N        keep N neighbours an item (default: what fits --max-bytes, or what\n"
    "                        --tune finds better; with --tune: at most N, as many as fit)\n"
    "  --method dense|sparse default: dense up to 45000 items, if its matrix fits into memory\n"
    "  --candidates N        of the sparse method: regressors an item (default 100)\n"
    "  --max-memory MIB      memory for learning at most (default: what is free)\n"
    "  --threads N           default: all CPUs; another number may change the last bits\n"
    "\n"
    "Model (defaults depend on GOAL; --tune starts from them):\n"
    "  --rows baskets|customers  what is learnt from: what stands together in those\n"
    "  --alpha-user X        a row of d items counts d^-X\n"
    "  --alpha-item X        an item in d rows counts d^-X\n"
    "  --lambda-factor X     ridge, in mean diagonals of the Gram matrix\n"
    "  --mix X               1: order does not matter; 0: only what follows what\n"
    "  --window X            how far ahead order speaks, in places\n"
    "  --row-half-life DAYS  a row this old counts half; 0: all alike\n"
    "  --fold X              a weight towards an item in d rows counts d^X\n"
    "  --spread X            the weights of an item in d rows itself count d^X\n"
    "  --negative 0|1        keep negative weights too\n"
    "  --decay X             the d-th latest item counts exp(-d/X); 0: all alike\n"
    "  --age-half-life DAYS  an event this old counts half; 0: all alike\n"
    "  --prior X             strength of popularity, in median rows' strongest weights\n"
    "  --half-life DAYS      of popularity; 0: all time\n"
    "  --repeat X            learnt weight that one event of today adds to its own item\n"
    "  --repeat-half-life DAYS  of that; 0: all alike\n"
    "  --self X              strength of an item's own learnt weight (sessions)\n"
    "\n"
    "Pack:\n"
    "  --pack-version N      devices never go back to a lower one (default: the time, "
    "YYYYMMDDhhmm)\n"
    "  --not-after DATE      devices refuse the pack later than this\n"
    "  --device-class NAME   only for devices of this class\n"
    "  --created DATE        default: SOURCE_DATE_EPOCH, else now\n"
    "\n"
    "The same input and options give the same bytes on one kind of CPU when --created and "
    "--threads\n"
    "are given.\n"
    "\n"
    "Examples:\n"
    "  sotto-pack train --tune --out model.pack --until 2026-11-01 transactions.csv.xz\n"
    "  sotto-pack train --for next-basket --max-bytes 300000 --min-baskets 20 --out small.pack \\\n"
    "      --map basket=basket_id,item=product_id,time=timestamp,customer=household sales.csv\n"
    "  sotto-pack train --tune --max-bytes 6000000 --out ranking.pack train.txt\n";

struct command {
    struct train_options train;
    struct dataset_options data;
    struct args_pack pack;
    const char *out, *file, *catalogue, *catalogue_map;
    enum goal usual_goal; /* where --for does not say */
    int has_goal, has_min_baskets;
};

enum option_id {
    OPT_HELP = 'h',
    OPT_OUT = 256,
    OPT_FOR,
    OPT_TUNE,
    OPT_NO_MEASURE,
    OPT_PACK_VERSION,
    OPT_NOT_AFTER,
    OPT_DEVICE_CLASS,
    OPT_CREATED,
    OPT_CATALOGUE,
    OPT_CATALOGUE_MAP,
    OPT_PACK_TAGS,
    OPT_NEW_ITEMS,
    OPT_NEW_STRENGTH,
    /* data */
    OPT_MAP,
    OPT_FORMAT,
    OPT_ITEM_PATTERN,
    OPT_CANCEL_PREFIX,
    OPT_MAX_BASKET,
    OPT_STALE_DAYS,
    OPT_FROM,
    OPT_UNTIL,
    /* size */
    OPT_MIN_BASKETS,
    OPT_NEIGHBOURS,
    OPT_MAX_BYTES,
    OPT_MAX_MEMORY,
    OPT_METHOD,
    OPT_CANDIDATES,
    OPT_THREADS,
    /* model: one for each entry of `parameters`, in its order */
    OPT_PARAMETERS
};

/* The numbers of a model, as they stand in struct fit_options. */
static const struct parameter {
    const char *option;
    size_t at;
    int is_flag; /* an int of 0 or 1 */
    double least, most;
} parameters[] = {
#define REAL(option, field, least, most)                                                           \
    { option, offsetof(struct fit_options, field), 0, least, most }
    REAL("--alpha-user", learn.gram.alpha_user, 0, 1),
    REAL("--alpha-item", learn.gram.alpha_item, 0, 1),
    REAL("--lambda-factor", learn.lambda_factor, 0.001, 1e6),
    REAL("--mix", learn.gram.mix, 0, 1),
    REAL("--window", learn.gram.window, 0.1, 1000),
    REAL("--row-half-life", learn.gram.half_life_days, 0, 36500),
    REAL("--fold", serve.fold, -1, 1),
    REAL("--spread", serve.spread, -1, 1),
    {"--negative", offsetof(struct fit_options, serve.keeps_negative), 1, 0, 1},
    REAL("--decay", serve.decay, 0, 1000),
    REAL("--age-half-life", serve.age_half_life_days, 0, 36500),
    REAL("--prior", serve.prior_strength, 0, 1000),
    REAL("--half-life", serve.prior_half_life_days, 0, 36500),
    REAL("--repeat", serve.repeat_strength, 0, 1000),
    REAL("--repeat-half-life", serve.repeat_half_life_days, 0, 36500),
    REAL("--self", serve.self_strength, 0, 1000),
#undef REAL
};
enum {
    PARAMETERS = sizeof parameters / sizeof parameters[0],
    OPT_ROWS = OPT_PARAMETERS + PARAMETERS
};

static const struct option fixed_options[] = {
    {"help", no_argument, NULL, OPT_HELP},
    {"out", required_argument, NULL, OPT_OUT},
    {"for", required_argument, NULL, OPT_FOR},
    {"tune", no_argument, NULL, OPT_TUNE},
    {"no-measure", no_argument, NULL, OPT_NO_MEASURE},
    {"pack-version", required_argument, NULL, OPT_PACK_VERSION},
    {"not-after", required_argument, NULL, OPT_NOT_AFTER},
    {"device-class", required_argument, NULL, OPT_DEVICE_CLASS},
    {"created", required_argument, NULL, OPT_CREATED},
    {"catalogue", required_argument, NULL, OPT_CATALOGUE},
    {"catalogue-map", required_argument, NULL, OPT_CATALOGUE_MAP},
    {"pack-tags", no_argument, NULL, OPT_PACK_TAGS},
    {"new-items", required_argument, NULL, OPT_NEW_ITEMS},
    {"new-strength", required_argument, NULL, OPT_NEW_STRENGTH},
    {"map", required_argument, NULL, OPT_MAP},
    {"format", required_argument, NULL, OPT_FORMAT},
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
    {"method", required_argument, NULL, OPT_METHOD},
    {"candidates", required_argument, NULL, OPT_CANDIDATES},
    {"threads", required_argument, NULL, OPT_THREADS},
    {"rows", required_argument, NULL, OPT_ROWS},
};
enum { FIXED = sizeof fixed_options / sizeof fixed_options[0] };

static void all_options(struct option out[FIXED + PARAMETERS + 1]) {
    memcpy(out, fixed_options, sizeof fixed_options);
    for (int k = 0; k < PARAMETERS; k++)
        out[FIXED + k] =
            (struct option){parameters[k].option + 2, required_argument, NULL, OPT_PARAMETERS + k};
    memset(&out[FIXED + PARAMETERS], 0, sizeof *out);
}

static int read_u32(const char *option, uint64_t least, uint64_t most, uint32_t *value,
                    struct sotto_error *err) {
    uint64_t v = *value;
    int status = args_uint(option, optarg, least, most, &v, err);
    *value = (uint32_t)v;
    return status;
}

static int read_word(const char *option, const char *const *words, size_t n, int *value,
                     struct sotto_error *err) {
    char all[80] = "";
    for (size_t k = 0; k < n; k++) {
        if (strcmp(optarg, words[k]) == 0) {
            *value = (int)k;
            return SOTTO_OK;
        }
        size_t at = strlen(all);
        snprintf(all + at, sizeof all - at, "%s%s", k ? ", " : "", words[k]);
    }
    return fail(err, SOTTO_E_ARGUMENT, "%s \"%.40s\" is none of %s", option, optarg, all);
}

static int read_data_option(int option, struct dataset_options *d, struct sotto_error *err) {
    static const char *const formats[] = {"auto", "table", "lists"};
    int format = 0, status;
    switch (option) {
    case OPT_MAP: d->map = optarg; return SOTTO_OK;
    case OPT_FORMAT:
        status = read_word("--format", formats, 3, &format, err);
        d->format = (enum dataset_format)format;
        return status;
    case OPT_ITEM_PATTERN: d->item_pattern = optarg; return SOTTO_OK;
    case OPT_CANCEL_PREFIX: d->cancel_prefix = optarg; return SOTTO_OK;
    case OPT_MAX_BASKET: return read_u32("--max-basket", 0, UINT32_MAX, &d->max_basket, err);
    case OPT_STALE_DAYS: return read_u32("--stale-days", 0, 36500, &d->stale_days, err);
    case OPT_FROM: return args_time("--from", optarg, &d->from_s, err);
    default: return args_time("--until", optarg, &d->until_s, err);
    }
}

static int read_size_option(int option, struct train_options *t, struct sotto_error *err) {
    static const char *const methods[] = {"auto", "dense", "sparse"};
    uint64_t mib = 0;
    uint32_t threads = 1;
    int status, method = 0;
    switch (option) {
    case OPT_MIN_BASKETS: return read_u32("--min-baskets", 1, UINT32_MAX, &t->fit.min_baskets, err);
    case OPT_NEIGHBOURS: return read_u32("--neighbours", 1, 65535, &t->neighbours, err);
    case OPT_MAX_BYTES:
        return args_uint("--max-bytes", optarg, 1000, PACK_BYTES_MAX, &t->most_bytes, err);
    case OPT_MAX_MEMORY:
        status = args_uint("--max-memory", optarg, 1, 1u << 30, &mib, err);
        t->fit.most_memory = mib << 20;
        return status;
    case OPT_METHOD:
        status = read_word("--method", methods, 3, &method, err);
        t->fit.method = (enum method)method;
        return status;
    case OPT_CANDIDATES:
        return read_u32("--candidates", 1, SPARSE_ROW_MAX, &t->fit.learn.candidates, err);
    default:
        status = read_u32("--threads", 1, 256, &threads, err);
        t->fit.learn.threads = (int)threads;
        return status;
    }
}

static int read_parameter(int option, struct fit_options *f, struct sotto_error *err) {
    static const char *const rows[] = {"baskets", "customers"};
    if (option == OPT_ROWS) return read_word("--rows", rows, 2, &f->by_customer, err);
    const struct parameter *p = &parameters[option - OPT_PARAMETERS];
    double value = 0;
    int status = args_real(p->option, optarg, p->least, p->most, &value, err);
    int flag = value > 0;
    if (p->is_flag)
        memcpy((char *)f + p->at, &flag, sizeof flag);
    else
        memcpy((char *)f + p->at, &value, sizeof value);
    return status;
}

/* The goal decides the defaults that other options then change, so it is looked for first. */
static int read_goal(struct command *c, int argc, char **argv, const struct option *options,
                     struct sotto_error *err) {
    static const char *const goals[] = {"basket", "next-basket", "sessions", "ranking"};
    int option, goal = (int)c->usual_goal;
    optind = 0; /* glibc: start afresh */
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1)
        if (option == OPT_FOR) {
            c->has_goal = 1;
            int status = read_word("--for", goals, 4, &goal, err);
            if (status != SOTTO_OK) return status;
        }
    c->train = train_defaults((enum goal)goal, 0);
    c->data.keeps_sequence = goal == GOAL_SESSIONS;
    return SOTTO_OK;
}

/* Returns EXIT_OK to go on, -1 when help was printed, else the exit code. */
static int parse(struct command *c, int argc, char **argv, struct sotto_error *err) {
    struct option options[FIXED + PARAMETERS + 1];
    int option;
    all_options(options);
    if (read_goal(c, argc, argv, options, err) != SOTTO_OK)
        return args_usage("train", "%s", err->message);
    optind = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        int status = SOTTO_OK;
        switch (option) {
        case OPT_HELP: fputs(help, stdout); return -1;
        case OPT_OUT: c->out = optarg; break;
        case OPT_FOR: break;
        case OPT_TUNE: c->train.is_tuned = 1; break;
        case OPT_NO_MEASURE: c->train.may_measure = 0; break;
        case OPT_PACK_VERSION: c->pack.pack_version = optarg; break;
        case OPT_NOT_AFTER: c->pack.not_after = optarg; break;
        case OPT_DEVICE_CLASS: c->pack.device_class = optarg; break;
        case OPT_CREATED: c->pack.created = optarg; break;
        case OPT_CATALOGUE: c->catalogue = optarg; break;
        case OPT_CATALOGUE_MAP: c->catalogue_map = optarg; break;
        case OPT_PACK_TAGS: c->train.fit.packs_tags = 1; break;
        case OPT_NEW_ITEMS:
            status = read_u32("--new-items", 0, MODEL_ITEMS_MAX, &c->train.fit.most_new, err);
            break;
        case OPT_NEW_STRENGTH:
            status = args_real("--new-strength", optarg, 0, 10, &c->train.fit.new_strength, err);
            break;
        case '?': return args_unknown("train", argc, argv);
        default:
            status = option < OPT_MIN_BASKETS  ? read_data_option(option, &c->data, err)
                     : option < OPT_PARAMETERS ? read_size_option(option, &c->train, err)
                                               : read_parameter(option, &c->train.fit, err);
        }
        c->has_min_baskets |= option == OPT_MIN_BASKETS;
        if (status != SOTTO_OK) return args_usage("train", "%s", err->message);
    }
    if (!c->out) return args_usage("train", "--out is missing: name the pack to write");
    if (optind >= argc) return args_usage("train", "the data to learn from are missing");
    if (optind + 1 < argc)
        return args_usage("train", "\"%s\" is one file too many: give one", argv[optind + 1]);
    if (c->data.from_s && c->data.until_s && c->data.from_s >= c->data.until_s)
        return args_usage("train", "--from is not before --until, so no line would be left");
    c->file = argv[optind];
    return EXIT_OK;
}

static void print_quality(const char *name, const struct quality *q) {
    printf("  %-12s Recall@20 %.4f   NDCG@20 %.4f   HR@20 %.4f   MRR@20 %.4f\n", name, q->recall,
           q->ndcg, q->hit, q->reciprocal);
}

static void print_result(const struct command *c, const struct train_result *r) {
    printf("%s: %zu bytes, %u items, %u edges (at most %u neighbours an item), %u groups by %s\n",
           c->out, r->model.n, r->items, r->edges, r->neighbours, r->groups,
           r->is_category ? "category" : "price");
    printf("learnt from %u baskets, %s; codec %s\n", r->baskets,
           r->is_sparse ? "each item on its strongest companions (sparse)"
                        : "in closed form (dense)",
           r->codec == MODEL_VARINT ? "varint" : "fixed16");
    if (r->new_items)
        printf("%u of the items are new: placed by what the catalogue says of them\n",
               r->new_items);
    if (r->model.facts.items) {
        printf("what the catalogue says of them:\n");
        facts_print(&r->model.facts);
    }
    if (r->skipped_ids)
        printf("left out: %u items whose id is longer than %d bytes or not printable\n",
               r->skipped_ids, SOTTO_ITEM_ID_MAX);
    if (r->cut_rows)
        printf("%u baskets, lists or customers have more than %d items: what stands together in "
               "them is learnt from\n%d of those each, evenly spread (--max-basket %d leaves them "
               "out)\n",
               r->cut_rows, GRAM_ROW_MAX, GRAM_ROW_MAX, GRAM_ROW_MAX);
    if (r->live_share < TRAIN_LIVE_LEAST)
        printf("WARNING: by their age, fewer than 1 %% of the baskets count in what was learnt. "
               "Is a date wrong, or\n"
               "--row-half-life (%g days) too short?\n",
               r->used.learn.gram.half_life_days);
    if (r->packed.examples) {
        printf("on held-out data (%u examples), learnt without them:\n", r->packed.examples);
        char widest[16];
        snprintf(widest, sizeof widest, "%u wide", r->log.widest_neighbours);
        print_quality("packed", &r->packed);
        print_quality(widest, &r->widest);
        print_quality("popularity", &r->popular);
        if (c->train.is_tuned)
            printf("all parameters were chosen on these: later data, which alone can judge them, "
                   "tend to be less kind\n");
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
    struct command c = {.usual_goal = GOAL_BASKET, .data = {.show_progress = 1}};
    struct sotto_error err = {0};
    struct pack_manifest manifest;
    struct dataset data;
    struct catalogue catalogue = {0};
    struct train_result result;
    int code = parse(&c, argc, argv, &err);
    if (code != EXIT_OK) return code < 0 ? EXIT_OK : code;
    if (crypto_init() != 0) {
        fail(&err, SOTTO_E_ENTROPY, "the cryptographic library could not be prepared");
        return cli_report("sotto-pack train", &err);
    }
    if (args_manifest(&c.pack, PACK_MODEL, &manifest, &err) != SOTTO_OK)
        return args_usage("train", "%s", err.message);
    if (packfile_check_out(c.out, (const char *const[]){c.file, c.catalogue}, 2, &err) !=
            SOTTO_OK ||
        dataset_read(&data, c.file, &c.data, &err) != SOTTO_OK)
        return cli_report("sotto-pack train", &err);
    if (data.format == DATASET_LISTS && !c.has_goal) {
        c.usual_goal = GOAL_RANKING;
        code = parse(&c, argc, argv, &err); /* the same words, over this goal's defaults */
        if (code != EXIT_OK) return code < 0 ? EXIT_OK : code;
    }
    /* Whoever writes lists has chosen the items. */
    if (data.format == DATASET_LISTS && !c.has_min_baskets) c.train.fit.min_baskets = 1;
    int status = SOTTO_OK;
    if (c.catalogue) {
        status = catalogue_read(&catalogue, c.catalogue, c.catalogue_map, &err);
        if (status == SOTTO_OK) status = catalogue_join(&catalogue, &data, &err);
        c.train.fit.catalogue = &catalogue;
    }
    if (status == SOTTO_OK) status = train_model(&result, &data, &c.train, &manifest, &err);
    dataset_free(&data);
    catalogue_free(&catalogue);
    if (status != SOTTO_OK) return cli_report("sotto-pack train", &err);
    status = packfile_replace(c.out, result.model.bytes, result.model.n, 0644, &err);
    if (status == SOTTO_OK) print_result(&c, &result);
    train_free(&result);
    return status == SOTTO_OK ? EXIT_OK : cli_report("sotto-pack train", &err);
}
