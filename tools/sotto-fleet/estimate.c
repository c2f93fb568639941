/* estimate: see estimate.h. */
#include "tools/sotto-fleet/estimate.h"

#include <stdlib.h>

#include "tools/sotto-fleet/interval.h"

struct work {
    struct fleet_estimates *out;
    struct fleet_store store;
    size_t cap_metrics, cap_windows, cap_totals;
    uint64_t window;                        /* of the last estimate */
    int64_t exact[FLEET_EXACT_REPORTS + 1]; /* half-widths of the last metric; -1: not computed */
};

/* Makes room for one more element of `size` bytes; NULL when memory is short. */
static void *grown(void *list, size_t n, size_t *cap, size_t size) {
    if (n < *cap) return list;
    size_t wanted = *cap ? 2 * *cap : 8;
    void *more = realloc(list, wanted * size);
    if (more) *cap = wanted;
    return more;
}

static int begin(struct fleet_estimate **list, size_t *n, size_t *cap, size_t metric,
                 uint64_t window, struct sotto_error *err) {
    void *more = grown(*list, *n, cap, sizeof **list);
    if (!more) return fail(err, SOTTO_E_MEMORY, "out of memory");
    *list = more;
    struct fleet_estimate *e = &(*list)[(*n)++];
    memset(e, 0, sizeof *e);
    e->metric = metric;
    e->first_window = e->last_window = window;
    return SOTTO_OK;
}

static int begin_metric(struct work *w, const uint8_t definition[32], uint64_t window,
                        struct sotto_error *err) {
    struct fleet_estimates *out = w->out;
    void *more = grown(out->metrics, out->n_metrics, &w->cap_metrics, sizeof *out->metrics);
    if (!more) return fail(err, SOTTO_E_MEMORY, "out of memory");
    out->metrics = more;
    int status = fleet_store_metric(&w->store, definition, &out->metrics[out->n_metrics], err);
    if (status != SOTTO_OK) return status;
    out->n_metrics++;
    return begin(&out->totals, &out->n_totals, &w->cap_totals, out->n_metrics - 1, window, err);
}

static void add(struct fleet_estimate *e, const uint8_t *cells, size_t n) {
    e->reports++;
    for (size_t c = 0; c < n; c++) {
        int16_t v = (int16_t)load16(cells + 2 * c);
        e->sums[c] += v;
        e->clamped[c] += v == SOTTO_REPORT_CELL_MIN || v == SOTTO_REPORT_CELL_MAX;
    }
}

static int each_report(void *ctx, const uint8_t definition[32], uint64_t window,
                       const uint8_t *cells, size_t n_cells, struct sotto_error *err) {
    struct work *w = ctx;
    struct fleet_estimates *out = w->out;
    int is_new_metric = out->n_metrics == 0 ||
                        memcmp(out->metrics[out->n_metrics - 1].definition, definition, 32) != 0;
    int status = is_new_metric ? begin_metric(w, definition, window, err) : SOTTO_OK;
    if (status == SOTTO_OK && (is_new_metric || window != w->window)) {
        status =
            begin(&out->windows, &out->n_windows, &w->cap_windows, out->n_metrics - 1, window, err);
        if (status == SOTTO_OK) {
            out->totals[out->n_totals - 1].windows++;
            out->totals[out->n_totals - 1].last_window = window;
            out->windows[out->n_windows - 1].windows = 1;
        }
    }
    if (status != SOTTO_OK) return status;
    if (!cells || n_cells != out->metrics[out->n_metrics - 1].n_cells)
        return fail(err, SOTTO_E_CORRUPT,
                    "%.120s: a report has other cells than its metric; restore it from a backup",
                    w->store.path);
    w->window = window;
    add(&out->windows[out->n_windows - 1], cells, n_cells);
    add(&out->totals[out->n_totals - 1], cells, n_cells);
    return SOTTO_OK;
}

static int width(struct work *w, struct fleet_estimate *e, struct sotto_error *err) {
    const struct fleet_metric *metric = &w->out->metrics[e->metric];
    int64_t *known = e->reports <= FLEET_EXACT_REPORTS ? &w->exact[e->reports] : NULL;
    if (known && *known >= 0) {
        e->half_width = *known;
        return SOTTO_OK;
    }
    if (fleet_interval(e->reports, metric->eps_micro, metric->max_cells, FLEET_LEVEL,
                       &e->half_width) != 0)
        return fail(err, SOTTO_E_LIMIT, "metric %u: no interval could be computed for %llu reports",
                    metric->id, (unsigned long long)e->reports);
    if (known) *known = e->half_width;
    return SOTTO_OK;
}

static int finish(struct work *w, struct sotto_error *err) {
    struct fleet_estimates *out = w->out;
    int status = SOTTO_OK;
    for (size_t m = 0, at = 0; m < out->n_metrics && status == SOTTO_OK; m++) {
        for (size_t i = 0; i < ARRAY_LEN(w->exact); i++) w->exact[i] = -1;
        status = width(w, &out->totals[m], err);
        for (; at < out->n_windows && out->windows[at].metric == m && status == SOTTO_OK; at++)
            status = width(w, &out->windows[at], err);
    }
    return status;
}

int fleet_estimate_all(const char *db, uint32_t metric, int64_t window, struct fleet_estimates *out,
                       struct sotto_error *err) {
    struct work w = {.out = out};
    memset(out, 0, sizeof *out);
    int status = fleet_store_open(&w.store, db, 0, err);
    if (status != SOTTO_OK) return status;
    if (metric) status = fleet_store_has_metric(&w.store, metric, err);
    if (status == SOTTO_OK) status = fleet_store_enrolled(&w.store, &out->enrolled, err);
    if (status == SOTTO_OK)
        status = fleet_store_reports(&w.store, metric, window, each_report, &w, err);
    if (status == SOTTO_OK) status = finish(&w, err);
    fleet_store_close(&w.store);
    return status;
}

void fleet_estimates_free(struct fleet_estimates *estimates) {
    free(estimates->metrics);
    free(estimates->windows);
    free(estimates->totals);
    memset(estimates, 0, sizeof *estimates);
}
