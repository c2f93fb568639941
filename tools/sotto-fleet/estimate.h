/* estimate: from counted reports to estimates with intervals. Visits: sums are the whole of
 * debiasing, the noise has mean zero; what they estimate is what the devices counted, visits after
 * the contribution bound, so fewer than there were wherever visits touch more than it allows.
 * Households: counts of answers are debiased by the mechanism's exact odds; only fresh answers are
 * estimated from. Hides nothing but tables of too few reports, which have no numbers at all, and
 * shows negative estimates as they are. Called by main.c. */
#ifndef SOTTO_FLEET_ESTIMATE_H
#define SOTTO_FLEET_ESTIMATE_H

#include "tools/sotto-fleet/interval.h"
#include "tools/sotto-fleet/store.h"

#define FLEET_MIN_REPORTS 5 /* unless told otherwise */

struct fleet_estimate_options {
    const char *db;
    uint32_t metric;      /* 0: all */
    int64_t window;       /* -1: all */
    uint64_t min_reports; /* tables of fewer are suppressed; at least 1 */
    uint32_t clip;        /* visits: what a value may add at most; 0: what it says */
    int by_group;         /* also a table per group of devices */
};

struct fleet_cell {
    int64_t sum;      /* visits: of the reported counts; may be negative */
    uint64_t support; /* households: answers that speak for it */
    /* The estimate, the interval that holds for this cell, and the one that holds for all cells of
     * the table at once. Visits: visits. Households: households, or for a mean the summed value. */
    double estimate, low, high, all_low, all_high;
    /* Of all counted visits, or of all households; has_share: visits' total is not zero for all we
     * know. For a mean: the value a household has on average. */
    int has_share;
    double share, share_low, share_high;
    double adjusted; /* post-processed: never negative */
    double median;   /* of groups of reports, times their number; NAN with too few reports */
    int disagrees;   /* median and estimate do, beyond chance: look for poisoned devices */
    uint64_t clamped, clipped; /* visits: reports whose value was cut: the interval may not hold */
};

/* One metric over one window, or over all windows that are shown. */
struct fleet_estimate {
    const struct fleet_metric *metric;
    const char *group; /* NULL: all devices; "": those of no group */
    int is_total, is_suppressed;
    uint64_t first_window, last_window, windows; /* windows: how many there are */
    uint64_t hidden_windows;                     /* of a total: left out, having too few reports */
    uint64_t reports;                            /* estimated from */
    uint64_t repeats; /* households: answers sent again, not estimated from */
    uint64_t gone;    /* of `reports`: of devices no longer enrolled */
    /* Coverage. Visits: enrolled devices that reported this metric; households: that reported any
     * metric, since each answers one of them. Of a total: summed over its windows. */
    uint64_t present, enrolled;
    int64_t half_width, all_half_width; /* visits: of every cell's intervals */
    uint32_t median_groups;             /* 0: too few reports */
    uint64_t disagreeing;               /* cells */
    struct fleet_cell *cells;           /* NULL when suppressed */
};

/* Called for each estimate: metrics by id; of each its windows in order, all devices first, then by
 * group; then its totals. What it is given lives until it returns. Another status than SOTTO_OK
 * ends the run. */
typedef int fleet_each_estimate(void *ctx, const struct fleet_estimate *e, struct sotto_error *err);

/* Reads the database in one pass per metric; memory does not depend on the number of reports.
 * Without any report it succeeds. */
int fleet_estimate_all(const struct fleet_estimate_options *options, fleet_each_estimate *each,
                       void *ctx, uint64_t *enrolled, struct sotto_error *err) MUST_CHECK;

#endif
