/* visit: one person at one kiosk, from the first tap to the last, through include/sotto.h only. The
 * same visit serves both runs and evaluations. Called by run.c and evaluate.c. */
#ifndef SOTTO_SIM_VISIT_H
#define SOTTO_SIM_VISIT_H

#include "tools/sotto-sim/dice.h"
#include "tools/sotto-sim/machine.h"
#include "tools/sotto-sim/metrics.h"

#define VISIT_ITEMS_MAX 1200

struct visit {
    const char *id;      /* of the basket */
    const char *profile; /* NULL: anonymous */
    int64_t time_s;
    int agrees;   /* to personalisation */
    int measures; /* agrees to be counted */
    int stores;   /* agrees that the profile is kept */
    enum sim_banner banner;
    int is_scored;    /* long enough for quality */
    int only_session; /* evaluation: the second half is never told to the device */
    uint32_t n;
    uint32_t items[VISIT_ITEMS_MAX]; /* model indices, distinct, in order */
};

/* What one visit adds to, all optional but `observer`. */
struct visit_results {
    const struct observer *observer;
    struct quality ours, popularity, all_time, random;
    const uint32_t *ranking; /* the whole catalogue by popularity of all time; NULL: not compared */
    struct dice chance;      /* for the random list */
    double *times_us;        /* from request to opened slate; grows */
    size_t n_times, cap_times;
    struct visit_capture *capture; /* NULL: nobody takes notes */
};

/* Runs the visit. SOTTO_OK, or the first status that the simulation cannot go on after. */
int visit_run(struct machine *k, const struct visit *v, struct visit_results *results,
              struct sotto_error *err);

#endif
