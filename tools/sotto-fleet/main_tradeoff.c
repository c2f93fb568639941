/* main_tradeoff: the command that tells what error to expect, tradeoff. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/common/outfile.h"
#include "tools/sotto-fleet/commands.h"
#include "tools/sotto-fleet/tradeoff.h"

static const char HELP[] =
    "Usage: sotto-fleet tradeoff [OPTION]…\n"
    "\n"
    "The error to expect of one cell, for each epsilon and size of the fleet: from the closed\n"
    "formulas and, where that takes only moments, from simulated fleets that draw from the "
    "device's\n"
    "own mechanisms. Where the two disagree it says so and ends 1.\n"
    "\n"
    "  --kind KIND        visits (default): counts of visits; histogram: one value a household;\n"
    "                     mean: a bounded sum of a household\n"
    "  --cells N          cells or values (default 64)\n"
    "  --max-cells N      visits: cells that one visit adds to (default 4; above 10 Gaussian)\n"
    "  --max-weight N     visits: and what to each (default 1)\n"
    "  --max-value N      mean: the largest sum (default 10)\n"
    "  --epsilon LIST     default 0.25,0.5,1,2\n"
    "  --devices LIST     ascending; default 10,100,1000,10000,100000,1000000\n"
    "  --simulate N       random draws for a point at most; 0: none (default 300000)\n"
    "  --seed N           of the simulation (default 1)\n"
    "  --plot FILE.svg    a picture: error against fleet size, a line for each epsilon\n"
    "  --json             as JSON\n"
    "\n"
    "Example:\n"
    "  sotto-fleet tradeoff --kind histogram --cells 256 --epsilon 1,2 --plot tradeoff.svg\n";

enum {
    OPT_HELP = 256,
    OPT_KIND,
    OPT_CELLS,
    OPT_MAX_CELLS,
    OPT_MAX_WEIGHT,
    OPT_MAX_VALUE,
    OPT_EPSILON,
    OPT_DEVICES,
    OPT_SIMULATE,
    OPT_SEED,
    OPT_PLOT,
    OPT_JSON
};

static int kind_of(const char *text, enum tradeoff_kind *kind) {
    static const char *const names[] = {"visits", "histogram", "mean"};
    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *kind = (enum tradeoff_kind)i;
            return 0;
        }
    return -1;
}

/* A list of numbers with commas between, each times `unit` whole and from 1 to `most`. */
static int list_of(const char *text, double unit, double most, uint32_t max, uint64_t *out,
                   uint32_t *n) {
    *n = 0;
    for (;;) {
        char *end;
        double v = strtod(text, &end) * unit;
        if (end == text || *n == max || !(v >= 1 && v <= most)) return -1;
        out[(*n)++] = (uint64_t)(v + 0.5);
        if (*end == '\0') return 0;
        if (*end != ',') return -1;
        text = end + 1;
    }
}

static int is_ascending(const uint64_t *list, uint32_t n) {
    for (uint32_t i = 1; i < n; i++)
        if (list[i] <= list[i - 1]) return 0;
    return 1;
}

static int plot(const struct tradeoff *t, const char *path, struct sotto_error *err) {
    struct outfile o;
    FILE *to = outfile_open(&o, path);
    if (to) {
        tradeoff_plot(to, t);
        if (outfile_close(&o, 1) == 0) return SOTTO_OK;
    }
    return fail(err, errno == ENOSPC ? SOTTO_E_FULL : SOTTO_E_IO, "%.120s: %s", path,
                strerror(errno));
}

static int run(const struct tradeoff_options *o, const char *path, int is_json) {
    static struct tradeoff t;
    struct sotto_error err = {0, ""};
    int status = tradeoff_compute(o, &t, &err);
    if (status == SOTTO_OK && path) status = plot(&t, path, &err);
    if (status == SOTTO_E_ARGUMENT) return fleet_usage("tradeoff", err.message);
    if (status != SOTTO_OK) return cli_report(FLEET_PROGRAM, &err);
    (is_json ? tradeoff_print_json : tradeoff_print)(stdout, &t);
    if (!t.disagreeing) return EXIT_OK;
    fprintf(stderr, "%s: formula and simulation disagree in %u points: one of them is wrong\n",
            FLEET_PROGRAM, t.disagreeing);
    return EXIT_FAILED;
}

int fleet_main_tradeoff(int argc, char **argv) {
    static const struct option options[] = {{"help", no_argument, NULL, OPT_HELP},
                                            {"kind", required_argument, NULL, OPT_KIND},
                                            {"cells", required_argument, NULL, OPT_CELLS},
                                            {"max-cells", required_argument, NULL, OPT_MAX_CELLS},
                                            {"max-weight", required_argument, NULL, OPT_MAX_WEIGHT},
                                            {"max-value", required_argument, NULL, OPT_MAX_VALUE},
                                            {"epsilon", required_argument, NULL, OPT_EPSILON},
                                            {"devices", required_argument, NULL, OPT_DEVICES},
                                            {"simulate", required_argument, NULL, OPT_SIMULATE},
                                            {"seed", required_argument, NULL, OPT_SEED},
                                            {"plot", required_argument, NULL, OPT_PLOT},
                                            {"json", no_argument, NULL, OPT_JSON},
                                            {NULL, 0, NULL, 0}};
    struct tradeoff_options o = {
        .max_cells = 4, .max_weight = 1, .n_cells = 64, .max_value = 10, .seed = 1};
    const char *path = NULL, *epsilon = "0.25,0.5,1,2", *sizes = "10,100,1000,10000,100000,1000000";
    uint64_t list[TRADEOFF_EPS_MAX];
    int64_t v, work = 300000;
    int is_json = 0, c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        uint32_t *number = c == OPT_CELLS        ? &o.n_cells
                           : c == OPT_MAX_CELLS  ? &o.max_cells
                           : c == OPT_MAX_WEIGHT ? &o.max_weight
                           : c == OPT_MAX_VALUE  ? &o.max_value
                                                 : NULL;
        if (number) {
            if ((v = fleet_number(optarg, 65535)) < 1)
                return fleet_usage("tradeoff", "a number is not from 1 to 65535");
            *number = (uint32_t)v;
            continue;
        }
        switch (c) {
        case OPT_HELP: return fleet_help(HELP);
        case OPT_KIND:
            if (kind_of(optarg, &o.kind) != 0)
                return fleet_usage("tradeoff", "--kind takes visits, histogram or mean");
            break;
        case OPT_EPSILON: epsilon = optarg; break;
        case OPT_DEVICES: sizes = optarg; break;
        case OPT_SIMULATE:
            if ((work = fleet_number(optarg, UINT32_MAX)) < 0)
                return fleet_usage("tradeoff", "--simulate takes a number");
            break;
        case OPT_SEED:
            if ((v = fleet_number(optarg, UINT32_MAX)) < 0)
                return fleet_usage("tradeoff", "--seed takes a number");
            o.seed = (uint64_t)v;
            break;
        case OPT_PLOT: path = optarg; break;
        case OPT_JSON: is_json = 1; break;
        default: return fleet_usage("tradeoff", "the command line is wrong");
        }
    }
    if (optind != argc) return fleet_usage("tradeoff", "it takes options only");
    if (list_of(epsilon, 1e6, 1e7, TRADEOFF_EPS_MAX, list, &o.n_eps) != 0)
        return fleet_usage("tradeoff", "--epsilon takes up to 8 numbers such as 0.5,1,2");
    if (list_of(sizes, 1, 1e12, TRADEOFF_SIZES_MAX, o.devices, &o.n_devices) != 0 ||
        !is_ascending(o.devices, o.n_devices))
        return fleet_usage("tradeoff", "--devices takes up to 16 ascending numbers");
    for (uint32_t i = 0; i < o.n_eps; i++) o.eps_micro[i] = (uint32_t)list[i];
    o.work = (uint32_t)work;
    return run(&o, path, is_json);
}
