/* truth: what the noised reports are held against. An oracle outside the library: it sees every
 * visit that may be measured and counts cells and windows by itself, from the published policy and
 * the published catalogue groups only. Of households it counts those that answered anew, as their
 * reports say when they leave: which of them are asked what is the devices' secret. Called by
 * run.c, machine.c and the tests. */
#ifndef SOTTO_SIM_TRUTH_H
#define SOTTO_SIM_TRUTH_H

#include "pack/model.h"
#include "pack/policy.h"

struct json;
struct sotto_report;
struct truth;

/* Both must outlive the oracle. NULL when memory is short. */
struct truth *truth_new(const struct policy *policy, const struct model *model);
void truth_free(struct truth *truth);

/* What one visit did; begins empty (zeroed). */
struct truth_visit {
    uint64_t touched[POLICY_METRICS_MAX]; /* bit per cell */
    /* Events in it: of a visits' metric cut at max_weight. */
    uint32_t weight[POLICY_METRICS_MAX][POLICY_CELLS_MAX];
};
/* `item` is an index into the model. */
void truth_event(const struct truth *truth, struct truth_visit *visit, uint32_t item,
                 enum sotto_event_type type);
/* Counts the visit in the windows open at `now_s`. 0, or -1 when memory is short. */
int truth_commit(struct truth *truth, const struct truth_visit *visit, int64_t now_s);

/* A visit of the household of `device`, which agreed to be stored and measured: notes what its
 * metrics would be asked about. 0, or -1 when memory is short. */
int truth_household(struct truth *truth, uint32_t device, const struct truth_visit *visit,
                    int64_t now_s);
/* A report of `device` that leaves; counts its household if it answered anew. 0, or -1 when memory
 * is short. */
int truth_report(struct truth *truth, uint32_t device, const struct sotto_report *report);

/* Visits: that touched `cell`, each with its weight (what is counted when cells are not bounded),
 * and what is expected to remain of them: of a visit with m cells min(1, C/m) of each weight.
 * Households: the expected number of those that hold this value, as each holds one of its events',
 * drawn, or the last value without any; of a sum, all events and those within each household's
 * bound. Metrics of more than POLICY_CELLS_MAX values are not counted. */
struct truth_count {
    double unbounded, bounded;
};
struct truth_count truth_get(const struct truth *truth, uint32_t metric, uint64_t window,
                             uint32_t cell);
/* An array of {metric, name, window, window_start_s, visits or households, max_cells,
 * touches_left_out_by_bound, cells: [{cell, unbounded, bounded}]}. */
void truth_write(const struct truth *truth, struct json *json, const char *key);

#endif
