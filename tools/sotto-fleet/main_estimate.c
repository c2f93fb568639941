/* main_estimate: the command that reads a database, estimate. */
#include <getopt.h>
#include <stdio.h>

#include "tools/common/cli.h"
#include "tools/sotto-fleet/commands.h"
#include "tools/sotto-fleet/print.h"

static const char HELP[] =
    "Usage: sotto-fleet estimate --db FILE [OPTION]…\n"
    "\n"
    "Per metric, window and cell: the estimate, the interval in which the true number lies 95 "
    "times\n"
    "in 100 as far as noise is concerned, and a wider one that holds for all cells of the table "
    "at\n"
    "once 95 times in 100. Counted are visits after the policy's bound: each in at most max-cells\n"
    "cells, drawn at random where it touched more. Where visits touch more, estimates lie below "
    "the\n"
    "true number of visits, by how much no report tells. Of households only fresh answers are\n"
    "estimated from: answers sent again tell nothing new. Devices that sent nothing are not in "
    "it:\n"
    "see how many of the enrolled reported. Negative estimates are noise around small counts; "
    "they\n"
    "are shown as they are.\n"
    "\n"
    "  --db FILE         database that `sotto-fleet collect` made\n"
    "  --metric ID       this metric only\n"
    "  --window W        this window only: its start in seconds since 1970 divided by its length\n"
    "  --groups          also a table for each group of devices (@GROUP in the list of devices)\n"
    "  --min-reports N   tables of fewer reports have no numbers (default 5)\n"
    "  --clip N          of visits: a report adds at most N to a cell, and at least -N, so that "
    "no\n"
    "                    device can pull harder; cells where that happened are marked\n"
    "  --non-negative    also the nearest non-negative numbers: post-processed and biased\n"
    "  --catalogue FILE  names the items of hashed buckets; a table as `sotto-pack train` takes "
    "it\n"
    "  --map MAP         its columns: item=product_id,title=name\n"
    "  --top N           of tables with more cells print the N largest (default 64)\n"
    "  --json            as JSON, with everything\n"
    "\n"
    "Examples:\n"
    "  sotto-fleet estimate --db fleet.db\n"
    "  sotto-fleet estimate --db fleet.db --metric 1 --window 20456 --json\n"
    "  sotto-fleet estimate --db fleet.db --groups --min-reports 20 --clip 2000\n";

enum {
    OPT_HELP = 256,
    OPT_DB,
    OPT_METRIC,
    OPT_WINDOW,
    OPT_GROUPS,
    OPT_MIN,
    OPT_CLIP,
    OPT_NON_NEGATIVE,
    OPT_CATALOGUE,
    OPT_MAP,
    OPT_TOP,
    OPT_JSON
};

struct command {
    struct fleet_estimate_options o;
    struct fleet_printer p;
    const char *catalogue, *map;
    struct items items;
    int is_json;
};

/* EXIT_OK, or what fleet_usage returned. */
static int parse(int argc, char **argv, struct command *c, int *has_helped) {
    static const struct option options[] = {{"help", no_argument, NULL, OPT_HELP},
                                            {"db", required_argument, NULL, OPT_DB},
                                            {"metric", required_argument, NULL, OPT_METRIC},
                                            {"window", required_argument, NULL, OPT_WINDOW},
                                            {"groups", no_argument, NULL, OPT_GROUPS},
                                            {"min-reports", required_argument, NULL, OPT_MIN},
                                            {"clip", required_argument, NULL, OPT_CLIP},
                                            {"non-negative", no_argument, NULL, OPT_NON_NEGATIVE},
                                            {"catalogue", required_argument, NULL, OPT_CATALOGUE},
                                            {"map", required_argument, NULL, OPT_MAP},
                                            {"top", required_argument, NULL, OPT_TOP},
                                            {"json", no_argument, NULL, OPT_JSON},
                                            {NULL, 0, NULL, 0}};
    int64_t v;
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) switch (opt) {
        case OPT_HELP: *has_helped = 1; return fleet_help(HELP);
        case OPT_DB: c->o.db = optarg; break;
        case OPT_METRIC:
            if ((v = fleet_number(optarg, 65535)) < 1)
                return fleet_usage("estimate", "--metric takes a number from 1 to 65535");
            c->o.metric = (uint32_t)v;
            break;
        case OPT_WINDOW:
            if ((v = fleet_number(optarg, UINT32_MAX)) < 0)
                return fleet_usage("estimate", "--window takes a window's number, such as 20456");
            c->o.window = v;
            break;
        case OPT_GROUPS: c->o.by_group = 1; break;
        case OPT_MIN:
            if ((v = fleet_number(optarg, INT64_C(1) << 40)) < 1)
                return fleet_usage("estimate", "--min-reports takes a number from 1 up");
            c->o.min_reports = (uint64_t)v;
            break;
        case OPT_CLIP:
            if ((v = fleet_number(optarg, SOTTO_REPORT_CELL_MAX)) < 1)
                return fleet_usage("estimate", "--clip takes a number from 1 to 32767");
            c->o.clip = (uint32_t)v;
            break;
        case OPT_NON_NEGATIVE: c->p.is_adjusted = 1; break;
        case OPT_CATALOGUE: c->catalogue = optarg; break;
        case OPT_MAP: c->map = optarg; break;
        case OPT_TOP:
            if ((v = fleet_number(optarg, POLICY_VALUES_MAX)) < 1)
                return fleet_usage("estimate", "--top takes a number from 1 to 4096");
            c->p.top = (uint32_t)v;
            break;
        case OPT_JSON: c->is_json = 1; break;
        default: return fleet_usage("estimate", "the command line is wrong");
        }
    if (optind != argc) return fleet_usage("estimate", "it takes options only");
    if (!c->o.db) return fleet_usage("estimate", "--db is needed");
    if (c->map && !c->catalogue)
        return fleet_usage("estimate", "--map tells columns of --catalogue FILE, which is missing");
    return EXIT_OK;
}

static int each(void *ctx, const struct fleet_estimate *e, struct sotto_error *err) {
    struct command *c = ctx;
    if (c->p.items && e->metric->source == SOURCE_ITEM_BUCKET) {
        int status = items_sort(&c->items, e->metric->id, e->metric->n_cells, err);
        if (status != SOTTO_OK) return status;
    }
    return (c->is_json ? fleet_print_estimate_json : fleet_print_estimate)(&c->p, e, err);
}

static int run(struct command *c, struct sotto_error *err) {
    uint64_t enrolled = 0;
    int status = SOTTO_OK;
    if (c->catalogue) {
        status = items_read(&c->items, c->catalogue, c->map, err);
        if (status != SOTTO_OK) return status;
        c->p.items = &c->items;
    }
    if (!c->is_json) {
        fleet_print_begin(&c->p);
        status = fleet_estimate_all(&c->o, each, c, &enrolled, err);
        if (status == SOTTO_OK) fleet_print_end(&c->p);
        return status;
    }
    status = fleet_print_begin_json(&c->p, err);
    if (status != SOTTO_OK) return status;
    status = fleet_estimate_all(&c->o, each, c, &enrolled, err);
    fleet_print_end_json(&c->p, status == SOTTO_OK, enrolled);
    return status;
}

int fleet_main_estimate(int argc, char **argv) {
    struct sotto_error err = {0, ""};
    struct command c = {.o = {.window = -1, .min_reports = FLEET_MIN_REPORTS},
                        .p = {.to = stdout, .top = 64}};
    int has_helped = 0, code = parse(argc, argv, &c, &has_helped);
    if (code != EXIT_OK || has_helped) return code;
    c.p.min_reports = c.o.min_reports;
    code = run(&c, &err) == SOTTO_OK ? EXIT_OK : cli_report(FLEET_PROGRAM, &err);
    items_free(&c.items);
    return code;
}
