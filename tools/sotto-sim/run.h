/* run: the state of one simulated fleet over its days. Called by run.c, run_report.c. */
#ifndef SOTTO_SIM_RUN_H
#define SOTTO_SIM_RUN_H

#include "tools/sotto-sim/capture.h"
#include "tools/sotto-sim/commands.h"
#include "tools/sotto-sim/scan.h"
#include "tools/sotto-sim/source.h"
#include "tools/sotto-sim/truth.h"

struct fleet {
    const struct options *options;
    struct observer packs;
    struct source *source;
    struct machine *kiosks; /* options->kiosks of them */
    struct truth *truth;
    struct scan *canaries;
    struct visit_results results;
    struct visit_capture capture;
    int is_made;       /* options->out is this run's */
    char reports[512]; /* where finished reports go */
    uint8_t *is_seen;  /* per catalogue item: its title is a canary already */
    int64_t first_s, day_end_s;
    uint32_t days;
    /* filled at the end */
    struct machine_counts sum;
    struct scan_result scanned;
    uint64_t disk_bytes, disk_bytes_most, profiles;
    struct {
        struct sotto_metric_info info; /* names point into the policy */
        uint64_t spent_all, spent_most;
    } metrics[POLICY_METRICS_MAX];
};

/* Writes run.json (what was measured) to `path`. 0 or -1 with errno. */
int run_write_json(const struct fleet *f, const char *path);
int run_write_truth(const struct fleet *f, const char *path);
void run_print(const struct fleet *f);

#endif
