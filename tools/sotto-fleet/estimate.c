/* estimate: see estimate.h. */
#include "tools/sotto-fleet/estimate.h"

#include <stdlib.h>

#include "tools/sotto-fleet/figures.h"

#define WHOLE (FLEET_GROUPS_MAX + 1) /* index of all devices together */

/* The tallies of one metric: of the window being read, and of all shown windows. */
struct place {
    struct fleet_tally *now, *total;
    uint64_t present, enrolled, hidden; /* summed over windows; hidden windows */
    int is_suppressed;                  /* now */
};

struct work {
    const struct fleet_estimate_options *options;
    fleet_each_estimate *each;
    void *ctx;
    struct fleet_store store;
    struct fleet_groups groups;
    uint64_t enrolled, whole_enrolled[FLEET_GROUPS_MAX + 2]; /* by group, [WHOLE] all */
    struct fleet_metric metric;
    struct answers answers;
    struct figures *figures;
    int has_window;
    uint64_t window;
    uint64_t reported[FLEET_GROUPS_MAX + 2];
    struct place places[FLEET_GROUPS_MAX + 2]; /* by group number, [WHOLE] all */
};

static int no_memory(struct sotto_error *err) { return fail(err, SOTTO_E_MEMORY, "out of memory"); }

static const struct answers *answers_of(const struct work *w) {
    return w->metric.unit == UNIT_HOUSEHOLD ? &w->answers : NULL;
}

static int add_to(struct work *w, uint32_t place, const struct fleet_counted *r,
                  struct sotto_error *err) {
    struct place *p = &w->places[place];
    if (!p->now) p->now = fleet_tally_new(&w->metric, answers_of(w), 1);
    if (!p->now) return no_memory(err);
    p->now->first_window = r->window;
    if (fleet_tally_add(p->now, r, w->options->clip) == 0) return SOTTO_OK;
    return fail(err, SOTTO_E_CORRUPT,
                "%.120s: a report has other cells than its metric; restore it from a backup",
                w->store.path);
}

/* ---- What is not shown ------------------------------------------------------------------- */

/* Suppresses the tables of too few reports. If the suppressed groups together are too few as well,
 * the difference between all devices and the groups shown would tell them: then the smallest group
 * that is shown goes too. */
static void suppress(struct work *w) {
    uint64_t least = w->options->min_reports, hidden = 0;
    for (uint32_t g = 0; g <= WHOLE; g++) {
        struct place *p = &w->places[g];
        p->is_suppressed = p->now && p->now->reports < least;
        if (p->is_suppressed && g != WHOLE) hidden += p->now->reports;
    }
    while (hidden > 0 && hidden < least) {
        struct place *smallest = NULL;
        for (uint32_t g = 0; g < WHOLE; g++) {
            struct place *p = &w->places[g];
            if (p->now && p->now->reports > 0 && !p->is_suppressed &&
                (!smallest || p->now->reports < smallest->now->reports))
                smallest = p;
        }
        if (!smallest) return;
        smallest->is_suppressed = 1;
        hidden += smallest->now->reports;
    }
}

/* ---- Handing out ------------------------------------------------------------------------- */

static int hand_out(struct work *w, uint32_t place, const struct fleet_tally *t, int is_total,
                    struct sotto_error *err) {
    const struct place *p = &w->places[place];
    struct fleet_estimate e = {
        .metric = &w->metric,
        .group = place == WHOLE ? NULL : w->groups.names[place],
        .is_total = is_total,
        .is_suppressed = is_total ? t->windows == 0 : p->is_suppressed,
        .first_window = t->first_window,
        .last_window = is_total ? t->last_window : t->first_window,
        .windows = is_total ? t->windows : 1,
        .hidden_windows = is_total ? p->hidden : 0,
        .reports = t->reports,
        .repeats = t->repeats,
        .gone = t->gone,
        .present = is_total ? p->present : w->reported[place],
        .enrolled = is_total ? p->enrolled : w->whole_enrolled[place],
    };
    int status = e.is_suppressed ? SOTTO_OK : figures_of(w->figures, t, &e, err);
    return status == SOTTO_OK ? w->each(w->ctx, &e, err) : status;
}

/* How many enrolled devices of each group reported in the window that ends. */
static int count_reported(struct work *w, struct sotto_error *err) {
    int status = SOTTO_OK;
    if (w->metric.unit == UNIT_HOUSEHOLD) {
        status = fleet_store_reported(&w->store, w->metric.window_s, w->window, w->reported, err);
        w->reported[WHOLE] = 0;
        for (uint32_t g = 0; g < WHOLE; g++) w->reported[WHOLE] += w->reported[g];
        return status;
    }
    for (uint32_t g = 0; g <= WHOLE; g++)
        w->reported[g] = w->places[g].now ? w->places[g].now->present : 0;
    return status;
}

static int end_place(struct work *w, uint32_t place, struct sotto_error *err) {
    struct place *p = &w->places[place];
    int status = SOTTO_OK;
    if (!p->now || p->now->reports + p->now->repeats == 0) return SOTTO_OK;
    if (!p->total) p->total = fleet_tally_new(&w->metric, answers_of(w), 0);
    if (!p->total) return no_memory(err);
    status = hand_out(w, place, p->now, 0, err);
    p->hidden += p->is_suppressed != 0;
    if (!p->is_suppressed) {
        fleet_tally_add_window(p->total, p->now);
        p->present += w->reported[place];
        p->enrolled += w->whole_enrolled[place];
    }
    fleet_tally_reset(p->now);
    return status;
}

static int end_window(struct work *w, struct sotto_error *err) {
    if (!w->has_window) return SOTTO_OK;
    suppress(w);
    int status = count_reported(w, err);
    if (status == SOTTO_OK) status = end_place(w, WHOLE, err);
    for (uint32_t g = 0; g < WHOLE && status == SOTTO_OK; g++) status = end_place(w, g, err);
    return status;
}

static int each_report(void *ctx, const struct fleet_counted *r, struct sotto_error *err) {
    struct work *w = ctx;
    int status = w->has_window && r->window != w->window ? end_window(w, err) : SOTTO_OK;
    w->has_window = 1;
    w->window = r->window;
    if (status == SOTTO_OK) status = add_to(w, WHOLE, r, err);
    if (status == SOTTO_OK && w->options->by_group) status = add_to(w, r->group, r, err);
    return status;
}

/* ---- One metric -------------------------------------------------------------------------- */

static void metric_end(struct work *w) {
    for (uint32_t g = 0; g <= WHOLE; g++) {
        fleet_tally_free(w->places[g].now);
        fleet_tally_free(w->places[g].total);
    }
    memset(w->places, 0, sizeof w->places);
    figures_free(w->figures);
    w->figures = NULL;
    answers_free(&w->answers);
    w->has_window = 0;
}

static int metric_estimate(struct work *w, uint64_t series, struct sotto_error *err) {
    int status = fleet_store_metric(&w->store, series, &w->metric, err);
    if (status == SOTTO_OK && w->metric.unit == UNIT_HOUSEHOLD)
        status = answers_init(&w->answers, &w->metric, err);
    if (status == SOTTO_OK) {
        w->figures = figures_new(&w->metric, answers_of(w));
        if (!w->figures)
            status = fail(err, SOTTO_E_CORRUPT,
                          "%.120s: metric %u: no device can have counted on its terms, or memory "
                          "is short",
                          w->store.path, w->metric.id);
    }
    if (status == SOTTO_OK)
        status = fleet_store_counted(&w->store, series, w->options->window, each_report, w, err);
    if (status == SOTTO_OK) status = end_window(w, err);
    if (status == SOTTO_OK && w->places[WHOLE].total)
        status = hand_out(w, WHOLE, w->places[WHOLE].total, 1, err);
    for (uint32_t g = 0; g < WHOLE && status == SOTTO_OK; g++)
        if (w->places[g].total) status = hand_out(w, g, w->places[g].total, 1, err);
    metric_end(w);
    return status;
}

int fleet_estimate_all(const struct fleet_estimate_options *options, fleet_each_estimate *each,
                       void *ctx, uint64_t *enrolled, struct sotto_error *err) {
    struct work *w = calloc(1, sizeof *w);
    uint32_t metric = 0;
    uint64_t series = 0;
    if (!w) return no_memory(err);
    w->options = options;
    w->each = each;
    w->ctx = ctx;
    int status = fleet_store_open(&w->store, options->db, 0, err);
    if (status != SOTTO_OK) {
        free(w);
        return status;
    }
    if (options->metric) status = fleet_store_has_metric(&w->store, options->metric, err);
    if (status == SOTTO_OK) status = fleet_store_groups(&w->store, &w->groups, err);
    for (uint32_t g = 0; g < WHOLE; g++) {
        w->whole_enrolled[g] = w->groups.enrolled[g];
        w->whole_enrolled[WHOLE] += w->groups.enrolled[g];
    }
    *enrolled = w->whole_enrolled[WHOLE];
    for (int more = 1; status == SOTTO_OK && more;) {
        status = fleet_store_next_series(&w->store, &metric, &series, err);
        more = status != SOTTO_E_NOT_FOUND;
        if (!more)
            status = SOTTO_OK;
        else if (status == SOTTO_OK && (!options->metric || metric == options->metric))
            status = metric_estimate(w, series, err);
    }
    fleet_store_close(&w->store);
    free(w);
    return status;
}
