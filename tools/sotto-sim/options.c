/* options: see options.h. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sotto-sim/options.h"

enum option_id {
    OPT_MODEL = 1,
    OPT_MODEL_KEY,
    OPT_POLICY,
    OPT_POLICY_KEY,
    OPT_OUT,
    OPT_JSON,
    OPT_DATA,
    OPT_FROM,
    OPT_IN,
    OPT_SEED,
    OPT_DAYS,
    OPT_VISITS,
    OPT_ITEMS,
    OPT_SHOPPERS,
    OPT_KIOSKS,
    OPT_MIN_BASKET,
    OPT_ACCEPT,
    OPT_MEASURE,
    OPT_PROFILES,
    OPT_MAP,
    OPT_ITEM_PATTERN,
    OPT_CANCEL,
    OPT_MAX_BASKET,
    OPT_COMMAND,
    OPT_STORY,
    OPT_HELP
};

static const struct option table[] = {{"model", required_argument, NULL, OPT_MODEL},
                                      {"model-key", required_argument, NULL, OPT_MODEL_KEY},
                                      {"policy", required_argument, NULL, OPT_POLICY},
                                      {"policy-key", required_argument, NULL, OPT_POLICY_KEY},
                                      {"out", required_argument, NULL, OPT_OUT},
                                      {"json", required_argument, NULL, OPT_JSON},
                                      {"data", required_argument, NULL, OPT_DATA},
                                      {"from", required_argument, NULL, OPT_FROM},
                                      {"in", required_argument, NULL, OPT_IN},
                                      {"seed", required_argument, NULL, OPT_SEED},
                                      {"days", required_argument, NULL, OPT_DAYS},
                                      {"visits-per-day", required_argument, NULL, OPT_VISITS},
                                      {"items", required_argument, NULL, OPT_ITEMS},
                                      {"shoppers", required_argument, NULL, OPT_SHOPPERS},
                                      {"kiosks", required_argument, NULL, OPT_KIOSKS},
                                      {"min-basket", required_argument, NULL, OPT_MIN_BASKET},
                                      {"accept-rate", required_argument, NULL, OPT_ACCEPT},
                                      {"measure-rate", required_argument, NULL, OPT_MEASURE},
                                      {"profile-rate", required_argument, NULL, OPT_PROFILES},
                                      {"map", required_argument, NULL, OPT_MAP},
                                      {"item-pattern", required_argument, NULL, OPT_ITEM_PATTERN},
                                      {"cancel-prefix", required_argument, NULL, OPT_CANCEL},
                                      {"max-basket", required_argument, NULL, OPT_MAX_BASKET},
                                      {"command", required_argument, NULL, OPT_COMMAND},
                                      {"story", required_argument, NULL, OPT_STORY},
                                      {"help", no_argument, NULL, OPT_HELP},
                                      {NULL, 0, NULL, 0}};

static int number(uint64_t *out, const char *text, uint64_t low, uint64_t high, const char *name) {
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || v < low || v > high) {
        fprintf(stderr, "sotto-sim: --%s %s: give a whole number from %llu to %llu\n", name, text,
                (unsigned long long)low, (unsigned long long)high);
        return -1;
    }
    *out = v;
    return 0;
}

static int number32(uint32_t *out, const char *text, uint32_t low, uint32_t high,
                    const char *name) {
    uint64_t v;
    if (number(&v, text, low, high, name) != 0) return -1;
    *out = (uint32_t)v;
    return 0;
}

static int rate(uint32_t *ppm, const char *text, const char *name) {
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || !(v >= 0 && v <= 1)) {
        fprintf(stderr, "sotto-sim: --%s %s: give a share from 0 to 1, such as 0.8\n", name, text);
        return -1;
    }
    *ppm = (uint32_t)(v * 1e6 + 0.5);
    return 0;
}

static int take(struct options *o, int id, const char *name, const char *value) {
    switch (id) {
    case OPT_MODEL: o->model = value; return 0;
    case OPT_MODEL_KEY: o->model_key = value; return 0;
    case OPT_POLICY: o->policy = value; return 0;
    case OPT_POLICY_KEY: o->policy_key = value; return 0;
    case OPT_OUT: o->out = value; return 0;
    case OPT_JSON: o->json = value; return 0;
    case OPT_DATA: o->data = value; return 0;
    case OPT_FROM:
        o->from = value;
        if (dataset_parse_time(value, &o->from_s) == 0) return 0;
        fprintf(stderr, "sotto-sim: --from %s: give a day such as 2011-11-01\n", value);
        return -1;
    case OPT_IN:
        if (o->n_dirs < OPTIONS_DIRS_MAX) {
            o->dirs[o->n_dirs++] = value;
            return 0;
        }
        fprintf(stderr, "sotto-sim: --in: at most %d directories\n", OPTIONS_DIRS_MAX);
        return -1;
    case OPT_SEED: return number(&o->seed, value, 0, UINT64_MAX, name);
    case OPT_DAYS: return number32(&o->days, value, 1, 3660, name);
    case OPT_VISITS: return number32(&o->visits_per_day, value, 1, 10000, name);
    case OPT_ITEMS: return number32(&o->items, value, 48, 20000, name);
    case OPT_SHOPPERS: return number32(&o->shoppers, value, 1, 1000000, name);
    case OPT_KIOSKS: return number32(&o->kiosks, value, 1, 200, name);
    case OPT_MIN_BASKET: return number32(&o->min_basket, value, 2, 64, name);
    case OPT_ACCEPT: return rate(&o->accept_ppm, value, name);
    case OPT_MEASURE: return rate(&o->measure_ppm, value, name);
    case OPT_PROFILES: return rate(&o->profile_ppm, value, name);
    case OPT_MAP: o->dataset.map = value; return 0;
    case OPT_ITEM_PATTERN: o->dataset.item_pattern = value; return 0;
    case OPT_CANCEL: o->dataset.cancel_prefix = value; return 0;
    case OPT_MAX_BASKET: return number32(&o->dataset.max_basket, value, 0, 1000000, name);
    case OPT_COMMAND: o->command = value; return 0;
    case OPT_STORY: o->story = value; return 0;
    default: return -1;
    }
}

static int is_allowed(const char *allowed, const char *name) {
    size_t n = strlen(name);
    for (const char *p = allowed; (p = strstr(p, name)) != NULL; p += n)
        if ((p == allowed || p[-1] == ' ') && p[n] == ' ') return 1;
    return 0;
}

int options_parse(struct options *o, int argc, char **argv, const char *allowed) {
    int c, index;
    *o = (struct options){.seed = 1,
                          .kiosks = 8,
                          .min_basket = 4,
                          .accept_ppm = 800000,
                          .measure_ppm = 900000,
                          .profile_ppm = 200000};
    o->dataset.show_progress = 1;
    optind = 1;
    opterr = 0; /* our message names the help */
    while ((c = getopt_long(argc, argv, "", table, &index)) != -1) {
        if (c == '?' || c == ':') {
            fprintf(stderr,
                    "sotto-sim %s: %s is no option or lacks its value; try sotto-sim %s --help\n",
                    argv[0], argv[optind - 1], argv[0]);
            return -1;
        }
        if (c == OPT_HELP) return 1;
        if (!is_allowed(allowed, table[index].name)) {
            fprintf(stderr, "sotto-sim %s: takes no --%s; try sotto-sim %s --help\n", argv[0],
                    table[index].name, argv[0]);
            return -1;
        }
        if (take(o, c, table[index].name, optarg) != 0) return -1;
    }
    if (optind < argc && o->n_dirs && is_allowed(allowed, "in")) /* --in DIR DIR … */
        for (; optind < argc; optind++)
            if (take(o, OPT_IN, "in", argv[optind]) != 0) return -1;
    if (optind < argc) {
        fprintf(stderr, "sotto-sim %s: what is \"%s\"? Try sotto-sim %s --help\n", argv[0],
                argv[optind], argv[0]);
        return -1;
    }
    return 0;
}
