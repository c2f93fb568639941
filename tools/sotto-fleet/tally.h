/* tally: reports of one metric added up, exactly, in integers. Sums of disjoint sets of reports add
 * up, so windows make totals. Owns its memory; knows nothing of intervals. Called by estimate.c. */
#ifndef SOTTO_FLEET_TALLY_H
#define SOTTO_FLEET_TALLY_H

#include "tools/sotto-fleet/adjust.h"
#include "tools/sotto-fleet/answers.h"

#define TALLY_HANDS_HOUSEHOLD 8

struct fleet_tally {
    const struct fleet_metric *metric;
    const struct answers *answers; /* households only */
    uint32_t n_hands, n_points;    /* hands: 1 when medians are not wanted */
    uint64_t windows, first_window, last_window;
    uint64_t reports;                   /* added up */
    uint64_t repeats;                   /* households: answers sent again; not added up */
    uint64_t present;                   /* devices now enrolled that reported, afresh or again */
    uint64_t gone;                      /* of `reports`, those of devices no longer enrolled */
    uint64_t clamped[POLICY_CELLS_MAX]; /* visits: values at the clamp of the report's format */
    uint64_t clipped[POLICY_CELLS_MAX]; /* visits: values that --clip cut */
    uint64_t in_hand[ADJUST_HANDS];     /* reports that each hand holds */
    int64_t *sums;                      /* visits: n_hands rows of n_cells */
    uint64_t *points;                   /* households: n_hands rows of n_points */
};

/* `answers` is NULL for visits. With may_split reports are dealt out to hands for medians. NULL
 * when memory is short. */
struct fleet_tally *fleet_tally_new(const struct fleet_metric *metric,
                                    const struct answers *answers, int may_split);
void fleet_tally_free(struct fleet_tally *t);
void fleet_tally_reset(struct fleet_tally *t);

/* Adds a report; `clip` bounds what a value may add, 0: nothing does. -1 when it does not fit the
 * metric. Repeats are counted, not added up: they are the randomness of an answer that was added up
 * before, or no answer at all. */
int fleet_tally_add(struct fleet_tally *t, const struct fleet_counted *report,
                    uint32_t clip) MUST_CHECK;
/* Adds a whole window to a total, without its hands. */
void fleet_tally_add_window(struct fleet_tally *total, const struct fleet_tally *window);

/* Of hand `hand` (all: -1), with hands that are `groups` apart taken together: the sum of a visits'
 * cell, into sums[n_cells]; or how many answers support each cell, into support[n_cells]. Returns
 * the number of reports. */
uint64_t fleet_tally_sums(const struct fleet_tally *t, int hand, uint32_t groups, int64_t *sums);
uint64_t fleet_tally_support(const struct fleet_tally *t, int hand, uint32_t groups,
                             uint64_t *support, uint64_t *scratch);

#endif
