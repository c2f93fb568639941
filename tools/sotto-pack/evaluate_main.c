/* evaluate_main: the command line of `sotto-pack evaluate`, and the loop over all questions. Called
 * by main.c and by tests. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "tools/common/cli.h"
#include "tools/sotto-pack/args.h"
#include "tools/sotto-pack/commands.h"
#include "tools/sotto-pack/evaluate.h"
#include "tools/sotto-pack/pack_write.h"

static const char help[] =
    "usage: sotto-pack evaluate --protocol NAME [options] MODEL.pack TEST\n"
    "\n"
    "Puts questions to libsotto itself, on a simulated device, and counts how good its slates are\n"
    "beside simple ones. The pack need not be signed: a copy is signed with a throw-away key.\n"
    "\n"
    "Protocols:\n"
    "  basket       half a basket of at least --min-basket known items is asked for its other "
    "half\n"
    "  next-basket  a customer's baskets before --from are asked for the first one after it\n"
    "  sessions     a session is asked for its next item, at every step\n"
    "  ranking      a user's items in --train are asked for those in TEST\n"
    "\n"
    "  --protocol NAME       which (required)\n"
    "  --train FILE          what comes before TEST: histories of ranking, popularity, known "
    "items\n"
    "  --from DATE           ask about baskets from this day on\n"
    "  --repeats 0|1         may items of the history come again? Default: 1 for next-basket and\n"
    "                        sessions, else 0. With 0 those of them are not asked for either\n"
    "  --k N                 length of the lists that count (default 20, at most 60)\n"
    "  --min-basket N        of protocol basket (default 4)\n"
    "  --min-baskets N       items in fewer baskets of what comes before, and not in the pack, "
    "are\n"
    "                        outside the protocol (default 5; lists 1)\n"
    "  --unknown-items miss  items of TEST that nothing before has are misses, not an error\n"
    "  --json FILE           the figures as JSON too; - prints only that\n"
    "  --plot FILE.svg       a picture of them\n"
    "\n"
    "TEST, as in `sotto-pack check`: --map, --format, --item-pattern, --cancel-prefix, "
    "--max-basket,\n"
    "--until.\n"
    "\n"
    "A target that the pack lacks is a miss, unless it is outside the protocol; of ranking, always."
    "\n"
    "Ties are pessimistic: among equal scores targets come last.\n"
    "\n"
    "Examples:\n"
    "  sotto-pack evaluate --protocol basket --from 2026-11-01 model.pack transactions.csv.xz\n"
    "  sotto-pack evaluate --protocol ranking --train train.txt --plot out.svg model.pack "
    "test.txt\n";

enum option_id {
    OPT_PROTOCOL = 256,
    OPT_TRAIN,
    OPT_FROM,
    OPT_REPEATS,
    OPT_K,
    OPT_MIN_BASKET,
    OPT_MIN_BASKETS,
    OPT_UNKNOWN,
    OPT_JSON,
    OPT_PLOT,
    OPT_MAP,
    OPT_FORMAT,
    OPT_ITEM_PATTERN,
    OPT_CANCEL_PREFIX,
    OPT_MAX_BASKET,
    OPT_UNTIL
};

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {"protocol", required_argument, NULL, OPT_PROTOCOL},
    {"train", required_argument, NULL, OPT_TRAIN},
    {"from", required_argument, NULL, OPT_FROM},
    {"repeats", required_argument, NULL, OPT_REPEATS},
    {"k", required_argument, NULL, OPT_K},
    {"min-basket", required_argument, NULL, OPT_MIN_BASKET},
    {"min-baskets", required_argument, NULL, OPT_MIN_BASKETS},
    {"unknown-items", required_argument, NULL, OPT_UNKNOWN},
    {"json", required_argument, NULL, OPT_JSON},
    {"plot", required_argument, NULL, OPT_PLOT},
    {"map", required_argument, NULL, OPT_MAP},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"item-pattern", required_argument, NULL, OPT_ITEM_PATTERN},
    {"cancel-prefix", required_argument, NULL, OPT_CANCEL_PREFIX},
    {"max-basket", required_argument, NULL, OPT_MAX_BASKET},
    {"until", required_argument, NULL, OPT_UNTIL},
    {NULL, 0, NULL, 0}};

#define FREQUENCY_HALF_LIFE_DAYS 120

enum { K_MAX = 60 }; /* leaves room behind the list to see ties */

static int word_of(const char *option, const char *const *words, int n, struct sotto_error *err) {
    for (int i = 0; i < n; i++)
        if (strcmp(optarg, words[i]) == 0) return i;
    fail(err, SOTTO_E_ARGUMENT, "%s \"%.40s\" is not one of those in `sotto-pack evaluate --help`",
         option, optarg);
    return -1;
}

static int read_u32(const char *option, uint64_t least, uint64_t most, uint32_t *value,
                    struct sotto_error *err) {
    uint64_t v = *value;
    int status = args_uint(option, optarg, least, most, &v, err);
    *value = (uint32_t)v;
    return status;
}

static int read_option(struct evaluate_options *o, int option, struct sotto_error *err) {
    static const char *const protocols[] = {"basket", "next-basket", "sessions", "ranking"};
    static const char *const formats[] = {"auto", "table", "lists"}, *const miss[] = {"miss"};
    uint32_t flag = 0;
    int word = 0, status = SOTTO_OK;
    switch (option) {
    case OPT_PROTOCOL:
        word = word_of("--protocol", protocols, 4, err);
        o->protocol = (enum protocol)word;
        break;
    case OPT_TRAIN: o->train = optarg; break;
    case OPT_FROM: status = args_time("--from", optarg, &o->from_s, err); break;
    case OPT_REPEATS:
        status = read_u32("--repeats", 0, 1, &flag, err);
        o->repeats = (int)flag;
        break;
    case OPT_K: status = read_u32("--k", 1, K_MAX, &o->k, err); break;
    case OPT_MIN_BASKET: status = read_u32("--min-basket", 2, 1000, &o->min_basket, err); break;
    case OPT_MIN_BASKETS:
        status = read_u32("--min-baskets", 1, UINT32_MAX, &o->min_baskets, err);
        break;
    case OPT_UNKNOWN:
        word = word_of("--unknown-items", miss, 1, err);
        o->counts_unknown = 1;
        break;
    case OPT_JSON: o->json = optarg; break;
    case OPT_PLOT: o->plot = optarg; break;
    case OPT_MAP: o->data.map = optarg; break;
    case OPT_FORMAT:
        word = word_of("--format", formats, 3, err);
        o->data.format = (enum dataset_format)(word < 0 ? 0 : word);
        break;
    case OPT_ITEM_PATTERN: o->data.item_pattern = optarg; break;
    case OPT_CANCEL_PREFIX: o->data.cancel_prefix = optarg; break;
    case OPT_MAX_BASKET:
        status = read_u32("--max-basket", 0, UINT32_MAX, &o->data.max_basket, err);
        break;
    default: status = args_time("--until", optarg, &o->data.until_s, err);
    }
    return word < 0 ? SOTTO_E_ARGUMENT : status;
}

/* Returns EXIT_OK to go on, -1 when help was printed, else the exit code. */
static int parse(struct evaluate_options *o, int argc, char **argv, struct sotto_error *err) {
    int option, has_protocol = 0;
    o->repeats = -1;
    optind = 0; /* glibc: start afresh, for tests that come back */
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return -1;
        }
        if (option == '?') return args_unknown("evaluate", argc, argv);
        has_protocol |= option == OPT_PROTOCOL;
        if (read_option(o, option, err) != SOTTO_OK)
            return args_usage("evaluate", "%s", err->message);
    }
    if (!has_protocol)
        return args_usage("evaluate", "--protocol is missing: say what the pack is asked");
    if (optind + 2 != argc) return args_usage("evaluate", "name a pack and the data to ask about");
    if (o->protocol == PROTOCOL_RANKING && !o->train)
        return args_usage("evaluate", "ranking needs --train FILE: the histories of the users");
    if (o->protocol == PROTOCOL_NEXT_BASKET && !o->from_s)
        return args_usage("evaluate",
                          "next-basket needs --from DATE: what comes before is history");
    if (o->repeats < 0)
        o->repeats = o->protocol == PROTOCOL_NEXT_BASKET || o->protocol == PROTOCOL_SESSIONS;
    o->pack = argv[optind];
    o->test = argv[optind + 1];
    return EXIT_OK;
}

/* ---- Asking ------------------------------------------------------------------------------ */

struct asker {
    struct evaluation *e;
    struct device *device;
    struct answer general;
    uint32_t *by_popularity; /* the catalogue, most popular first */
    uint32_t *stamp, stamped;
    double *frequency; /* per model item: of the person at hand */
    struct cli_progress progress;
    uint64_t done;
    struct sotto_error *err;
};

/* The first of a list that may be shown: those not in the history, unless they may come again. */
static uint32_t take_allowed(struct asker *a, const struct question *q, const uint32_t *list,
                             const int32_t *scores, uint32_t n, uint32_t *items, int32_t *kept) {
    uint32_t found = 0;
    a->stamped++;
    for (uint32_t k = 0; k < q->n_events && !a->e->options->repeats; k++)
        a->stamp[q->events[k].item] = a->stamped;
    for (uint32_t i = 0; i < n && found < SOTTO_SLATE_ITEMS_MAX; i++) {
        if (a->stamp[list[i]] == a->stamped) continue;
        kept[found] = scores ? scores[i] : (int32_t)a->e->cases->popularity[list[i]];
        items[found++] = list[i];
    }
    return found;
}

/* Whether `x` comes before `y` among what a person took: more often, else more popular. */
static int is_preferred(const struct asker *a, uint32_t x, uint32_t y) {
    const uint32_t *popularity = a->e->cases->popularity;
    if (a->frequency[x] != a->frequency[y]) return a->frequency[x] > a->frequency[y];
    return popularity[x] != popularity[y] ? popularity[x] > popularity[y] : x < y;
}

/* What a person took most, with a half-life of FREQUENCY_HALF_LIFE_DAYS, then what is popular. Ties
 * are broken by popularity, so that no score is like another. */
static uint32_t take_frequent(struct asker *a, const struct question *q, uint32_t *items,
                              int32_t *scores) {
    uint32_t n = 0;
    a->stamped++;
    for (uint32_t k = 0; k < q->n_events; k++)
        a->frequency[q->events[k].item] +=
            exp2(-(double)(q->now_s - q->events[k].time_s) / (FREQUENCY_HALF_LIFE_DAYS * 86400.0));
    for (uint32_t k = 0; k < q->n_events; k++) {
        uint32_t item = q->events[k].item, at = n;
        if (a->stamp[item] == a->stamped) continue;
        a->stamp[item] = a->stamped;
        while (at > 0 && is_preferred(a, item, items[at - 1])) at--;
        if (at == SOTTO_SLATE_ITEMS_MAX) continue;
        if (n < SOTTO_SLATE_ITEMS_MAX) n++;
        memmove(items + at + 1, items + at, (n - 1 - at) * sizeof *items);
        items[at] = item;
    }
    for (uint32_t k = 0; k < q->n_events; k++) a->frequency[q->events[k].item] = 0;
    for (uint32_t i = 0; i < a->e->model->n_items && n < SOTTO_SLATE_ITEMS_MAX; i++)
        if (a->stamp[a->by_popularity[i]] != a->stamped) items[n++] = a->by_popularity[i];
    for (uint32_t i = 0; i < n; i++) scores[i] = -(int32_t)i;
    return n;
}

static int note_time(struct evaluation *e, double us) {
    if (e->n_times == e->cap_times) {
        size_t cap = e->cap_times ? 2 * e->cap_times : 4096;
        double *more = realloc(e->times_us, cap * sizeof *more);
        if (!more) return -1;
        e->times_us = more;
        e->cap_times = cap;
    }
    e->times_us[e->n_times++] = us;
    return 0;
}

static int ask(void *ctx, const struct question *q) {
    struct asker *a = ctx;
    struct evaluation *e = a->e;
    const struct evaluate_options *o = e->options;
    struct answer answer;
    uint32_t items[SOTTO_SLATE_ITEMS_MAX];
    int32_t scores[SOTTO_SLATE_ITEMS_MAX];
    int status = device_ask(a->device, e->model, q, o->repeats, &answer, a->err);
    if (status != SOTTO_OK) return status;
    if (q->n_targets + q->n_missing == 0) return SOTTO_OK;
    if (note_time(e, answer.us) != 0)
        return fail(a->err, SOTTO_E_MEMORY, "no memory for the figures");
    e->not_personal += !answer.is_personal;
    e->long_histories += q->n_events > SOTTO_HISTORY_MAX;
    struct tally *ours = &e->tallies[TALLY_OURS];
    tally_add(ours, q, answer.items, answer.scores, answer.n, SOTTO_SLATE_ITEMS_MAX, o->k,
              o->protocol);
    for (uint32_t i = 0; i < answer.n && i < o->k; i++) {
        ours->shown[answer.items[i]]++;
        ours->shown_popularity += e->cases->popularity[answer.items[i]];
        ours->shown_total++;
    }
    for (uint32_t k = q->first_new; k < q->n_events; k++)
        e->history_popularity += e->cases->popularity[q->events[k].item];
    e->history_events += q->n_events - q->first_new;

    uint32_t n =
        take_allowed(a, q, a->general.items, a->general.scores, a->general.n, items, scores);
    tally_add(&e->tallies[TALLY_GENERAL], q, items, scores, n, SOTTO_SLATE_ITEMS_MAX + 1, o->k,
              o->protocol);
    if (e->cases->past > 0) { /* else nothing is more popular than anything else */
        n = take_allowed(a, q, a->by_popularity, NULL, e->model->n_items, items, scores);
        tally_add(&e->tallies[TALLY_POPULAR], q, items, scores, n, SOTTO_SLATE_ITEMS_MAX, o->k,
                  o->protocol);
    }
    if (o->protocol == PROTOCOL_NEXT_BASKET && o->repeats) {
        n = take_frequent(a, q, items, scores);
        tally_add(&e->tallies[TALLY_PERSONAL], q, items, scores, n, SOTTO_SLATE_ITEMS_MAX, o->k,
                  o->protocol);
    }
    return SOTTO_OK;
}

static void step(void *ctx) {
    struct asker *a = ctx;
    cli_progress_to(&a->progress, ++a->done);
}

/* ---- Summing up -------------------------------------------------------------------------- */

static int by_double(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void sum_up(struct evaluation *e) {
    struct tally *t = &e->tallies[TALLY_OURS];
    uint32_t n = e->model->n_items, seen = 0;
    for (uint32_t i = 0; i < n; i++) seen += t->shown[i] > 0;
    e->coverage = (double)seen / n;
    e->gini = gini_of(t->shown, n); /* sorts */
    double sum = 0, all = t->shown_total ? (double)t->shown_total : 1;
    for (uint32_t i = 0, at = 0; i <= 100; i++) {
        uint32_t until = (uint32_t)((uint64_t)n * i / 100);
        for (; at < until; at++) sum += t->shown[at];
        e->lorenz[i] = sum / all;
    }
    e->mean_popularity = t->shown_popularity / all;
    double history = e->history_events ? e->history_popularity / (double)e->history_events : 0;
    e->lift = history > 0 ? e->mean_popularity / history - 1 : 0;
    if (e->n_times == 0) return;
    qsort(e->times_us, e->n_times, sizeof *e->times_us, by_double);
    e->median_us = e->times_us[e->n_times / 2];
    e->p99_us = e->times_us[e->n_times * 99 / 100];
}

static const uint32_t *sorted_popularity; /* qsort has no context */

static int by_popularity(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (sorted_popularity[x] != sorted_popularity[y])
        return sorted_popularity[x] > sorted_popularity[y] ? -1 : 1;
    return x < y ? -1 : x > y;
}

static int asker_make(struct asker *a, struct sotto_error *err) {
    uint32_t n = a->e->model->n_items;
    a->by_popularity = malloc(n * sizeof *a->by_popularity);
    a->stamp = calloc(n, sizeof *a->stamp);
    a->frequency = calloc(n, sizeof *a->frequency);
    a->e->tallies[TALLY_OURS].shown = calloc(n, sizeof *a->e->tallies[TALLY_OURS].shown);
    if (!a->by_popularity || !a->stamp || !a->frequency || !a->e->tallies[TALLY_OURS].shown)
        return fail(err, SOTTO_E_MEMORY, "no memory for %u items", n);
    for (uint32_t i = 0; i < n; i++) a->by_popularity[i] = i;
    sorted_popularity = a->e->cases->popularity;
    qsort(a->by_popularity, n, sizeof *a->by_popularity, by_popularity);
    return SOTTO_OK;
}

static int run(struct evaluation *e, struct cases *cases, const uint8_t *bytes,
               struct sotto_error *err) {
    struct asker a = {.e = e, .err = err};
    int status = asker_make(&a, err);
    if (status == SOTTO_OK) {
        a.device = device_open(bytes, e->pack_bytes, err);
        status = a.device ? device_general(a.device, e->model, &a.general, err) : err->status;
    }
    if (status == SOTTO_OK) {
        cli_progress_begin(&a.progress, "asking", cases_total(cases));
        status = cases_each(cases, ask, &a, step, err);
        cli_progress_end(&a.progress);
    }
    if (status == SOTTO_OK && e->tallies[TALLY_OURS].n == 0)
        status = fail(err, SOTTO_E_NOT_FOUND,
                      "%s: nothing to ask: no basket, session or user of it fits the protocol (see "
                      "--from, --min-basket, --train)",
                      e->options->test);
    if (status == SOTTO_OK) sum_up(e);
    device_close(a.device);
    free(a.by_popularity);
    free(a.stamp);
    free(a.frequency);
    return status;
}

/* Until which day the pack's card says that its data went: what it learnt from is no test of it. */
static void read_last_day(struct evaluation *e, const struct pack *pack) {
    static const char key[] = "\"last_day\": \"";
    size_t n;
    const char *card = (const char *)pack_section(pack, SECTION_CARD, &n);
    const char *at = card ? memmem(card, n, key, sizeof key - 1) : NULL;
    int64_t last_s;
    if (!at || (size_t)(card + n - at) < sizeof key + 10) return;
    memcpy(e->last_day, at + sizeof key - 1, 10);
    /* Lists have no days: all of theirs are the first. */
    if (e->options->protocol == PROTOCOL_RANKING || e->cases->test.format == DATASET_LISTS ||
        dataset_parse_time(e->last_day, &last_s) != 0)
        return;
    for (uint32_t b = 0; b < e->cases->test.n_baskets && !e->is_seen; b++) {
        int64_t time_s = e->cases->test.baskets[b].time_s;
        e->is_seen = time_s >= e->options->from_s && time_s < last_s + 86400;
    }
}

static int report(const struct evaluation *e, struct sotto_error *err) {
    const struct evaluate_options *o = e->options;
    int status = SOTTO_OK;
    if (!o->json || strcmp(o->json, "-") != 0) evaluation_print(e);
    if (o->json) status = evaluation_json(e, o->json, err);
    if (status == SOTTO_OK && o->plot) status = evaluation_plot(e, o->plot, err);
    return status;
}

/* Before the work. */
static int check_outputs(const struct evaluate_options *o, struct sotto_error *err) {
    const char *const inputs[] = {o->pack, o->test, o->train};
    int status = SOTTO_OK;
    if (o->plot) status = packfile_check_out(o->plot, inputs, ARRAY_LEN(inputs), err);
    if (status == SOTTO_OK && o->json && strcmp(o->json, "-") != 0)
        status = packfile_check_out(o->json, inputs, ARRAY_LEN(inputs), err);
    return status;
}

int evaluate_main(int argc, char **argv) {
    struct evaluate_options o = {.k = 20, .min_basket = 4, .data = {.show_progress = 1}};
    struct sotto_error err = {0};
    struct pack pack = {0};
    struct model model;
    struct cases cases;
    uint8_t *bytes = NULL;
    int code = parse(&o, argc, argv, &err);
    if (code != EXIT_OK) return code < 0 ? EXIT_OK : code;
    if (crypto_init() != 0) {
        fail(&err, SOTTO_E_ENTROPY, "the cryptographic library could not be prepared");
        return cli_report("sotto-pack evaluate", &err);
    }
    struct evaluation e = {
        .options = &o,
        .cases = &cases,
        .model = &model,
        .tallies = {{.name = "Sotto"},
                    {.name = "general slate"},
                    {.name = "popular, all time"},
                    {.name = "personal frequency"}},
    };
    int status = check_outputs(&o, &err);
    if (status == SOTTO_OK)
        status = packfile_read(o.pack, PACK_BYTES_MAX, &bytes, &e.pack_bytes, &err);
    pack.bytes = bytes;
    pack.n = e.pack_bytes;
    if (status == SOTTO_OK) status = pack_parse(&pack, o.pack, &err);
    if (status == SOTTO_OK) status = model_load(&model, &pack, o.pack, &err);
    if (status == SOTTO_OK) status = cases_open(&cases, &o, &model, &err);
    if (status == SOTTO_OK) {
        read_last_day(&e, &pack);
        status = run(&e, &cases, bytes, &err);
        if (status == SOTTO_OK) status = report(&e, &err);
        cases_close(&cases);
    }
    free(e.tallies[TALLY_OURS].shown);
    free(e.times_us);
    free(bytes);
    return status == SOTTO_OK ? EXIT_OK : cli_report("sotto-pack evaluate", &err);
}
