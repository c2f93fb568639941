/* estimate: from counted reports to estimates with intervals. Sums are the whole of debiasing: the
 * noise has mean zero. What they estimate is what the devices counted: visits after the
 * contribution bound, so fewer than there were wherever visits touch more cells than it allows.
 * Hides nothing and rounds nothing up to zero; negative sums are shown as they are. Called by
 * main.c. */
#ifndef SOTTO_FLEET_ESTIMATE_H
#define SOTTO_FLEET_ESTIMATE_H

#include "tools/sotto-fleet/store.h"

#define FLEET_LEVEL 0.95

/* One metric over one window, or over all of them. */
struct fleet_estimate {
    size_t metric;                               /* index into fleet_estimates.metrics */
    uint64_t first_window, last_window, windows; /* windows: how many have reports */
    uint64_t reports;
    int64_t half_width; /* of every cell's 95 % interval */
    int64_t sums[POLICY_CELLS_MAX];
    uint64_t clamped[POLICY_CELLS_MAX]; /* reports whose cell stood at the clamp: then the interval
                                           may not hold */
};

struct fleet_estimates {
    struct fleet_metric *metrics; /* each definition once */
    size_t n_metrics;
    struct fleet_estimate *windows, *totals; /* by metric id, definition, window */
    size_t n_windows, n_totals;
    uint64_t enrolled;
};

/* Reads the database; metric 0 and window -1 mean all. Without any report it succeeds with none.
 * Release with fleet_estimates_free, also after a failure. */
int fleet_estimate_all(const char *db, uint32_t metric, int64_t window, struct fleet_estimates *out,
                       struct sotto_error *err) MUST_CHECK;
void fleet_estimates_free(struct fleet_estimates *estimates);

#endif
