/* truth: see truth.h. Counts are whole visits; a bounded expectation is kept as a sum of fractions
 * C/m in units of 1/UNIT, which every m up to 16 divides, so that sums are exact. */
#include <stdio.h>
#include <stdlib.h>

#include "sotto_report.h"
#include "tools/common/json.h"
#include "tools/sotto-sim/truth.h"

#define UNIT UINT64_C(720720) /* lcm(1, …, 16) */

struct window {
    uint32_t metric; /* number in the policy, not id */
    uint64_t window, units;
    uint64_t unbounded[POLICY_CELLS_MAX], bounded[POLICY_CELLS_MAX];
    /* Households, and of `bounded` visits with more than 16 cells. */
    double unbounded_rest[POLICY_CELLS_MAX], bounded_rest[POLICY_CELLS_MAX];
};

/* What a household did in a window, in case it is asked. */
struct diary {
    uint32_t device, metric;
    uint64_t window;
    uint32_t n, in_cell[POLICY_CELLS_MAX]; /* events */
};

struct truth {
    const struct policy *policy;
    const struct model *model;
    struct window *windows;
    size_t n, cap;
    struct diary *diaries;
    size_t n_diaries, cap_diaries;
    uint8_t cell_of[POLICY_METRICS_MAX][MODEL_GROUPS_MAX];
};

struct truth *truth_new(const struct policy *policy, const struct model *model) {
    struct truth *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->policy = policy;
    t->model = model;
    for (uint32_t m = 0; m < policy->n_metrics; m++)
        for (uint32_t g = 0; g < model->n_groups; g++) {
            const struct policy_metric *metric = &policy->metrics[m];
            if (metric->source == SOURCE_ITEM_BUCKET || metric->source == SOURCE_EVENT_COUNT) break;
            uint32_t cell = 0; /* the last cell is "other": where unnamed groups are counted */
            while (cell + 1 < metric->n_cells &&
                   strcmp(metric->cells[cell], model_group_name(model, g)) != 0)
                cell++;
            t->cell_of[m][g] = (uint8_t)cell;
        }
    return t;
}

void truth_free(struct truth *t) {
    if (!t) return;
    free(t->windows);
    free(t->diaries);
    free(t);
}

static int is_followed(const struct policy_metric *metric) {
    return metric->n_cells <= POLICY_CELLS_MAX;
}

static uint32_t cell_of(const struct truth *t, uint32_t m, uint32_t item) {
    const struct policy_metric *metric = &t->policy->metrics[m];
    if (metric->source == SOURCE_ITEM_BUCKET)
        return policy_item_bucket(metric, model_item_id(t->model, item));
    return metric->source == SOURCE_EVENT_COUNT ? 0
                                                : t->cell_of[m][model_item_group(t->model, item)];
}

void truth_event(const struct truth *t, struct truth_visit *visit, uint32_t item,
                 enum sotto_event_type type) {
    for (uint32_t m = 0; m < t->policy->n_metrics; m++) {
        const struct policy_metric *metric = &t->policy->metrics[m];
        if (!is_followed(metric) || !(metric->event_mask >> type & 1u)) continue;
        uint32_t cell = cell_of(t, m, item);
        visit->touched[m] |= UINT64_C(1) << cell;
        if (metric->unit == UNIT_HOUSEHOLD || visit->weight[m][cell] < metric->max_weight)
            visit->weight[m][cell]++;
    }
}

static struct window *window_find(const struct truth *t, uint32_t metric, uint64_t window) {
    for (size_t i = t->n; i-- > 0;) /* the latest is nearly always the one */
        if (t->windows[i].metric == metric && t->windows[i].window == window) return &t->windows[i];
    return NULL;
}

static struct window *window_make(struct truth *t, uint32_t metric, uint64_t window) {
    struct window *w = window_find(t, metric, window);
    if (w) return w;
    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 64;
        struct window *grown = realloc(t->windows, cap * sizeof *grown);
        if (!grown) return NULL;
        t->windows = grown;
        t->cap = cap;
    }
    w = &t->windows[t->n++];
    memset(w, 0, sizeof *w);
    w->metric = metric;
    w->window = window;
    return w;
}

int truth_commit(struct truth *t, const struct truth_visit *visit, int64_t now_s) {
    for (uint32_t m = 0; m < t->policy->n_metrics; m++) {
        const struct policy_metric *metric = &t->policy->metrics[m];
        if (metric->unit != UNIT_VISIT) continue;
        struct window *w = window_make(t, m, (uint64_t)now_s / metric->window_s);
        if (!w) return -1;
        w->units++;
        unsigned cells = 0;
        for (uint64_t bits = visit->touched[m]; bits; bits &= bits - 1) cells++;
        for (uint32_t c = 0; c < metric->n_cells; c++) {
            if (!(visit->touched[m] >> c & 1u)) continue;
            uint64_t weight = visit->weight[m][c];
            w->unbounded[c] += weight;
            if (cells <= metric->max_cells)
                w->bounded[c] += UNIT * weight;
            else if (cells <= 16)
                w->bounded[c] += UNIT * weight * metric->max_cells / cells;
            else
                w->bounded_rest[c] += (double)(weight * metric->max_cells) / cells;
        }
    }
    return 0;
}

/* ---- Households ---------------------------------------------------------------------------- */

static struct diary *diary_find(const struct truth *t, uint32_t device, uint32_t metric,
                                uint64_t window) {
    for (size_t i = t->n_diaries; i-- > 0;) {
        struct diary *d = &t->diaries[i];
        if (d->device == device && d->metric == metric && d->window == window) return d;
    }
    return NULL;
}

static struct diary *diary_make(struct truth *t, uint32_t device, uint32_t metric,
                                uint64_t window) {
    struct diary *d = diary_find(t, device, metric, window);
    if (d) return d;
    if (t->n_diaries == t->cap_diaries) {
        size_t cap = t->cap_diaries ? 2 * t->cap_diaries : 64;
        struct diary *grown = realloc(t->diaries, cap * sizeof *grown);
        if (!grown) return NULL;
        t->diaries = grown;
        t->cap_diaries = cap;
    }
    d = &t->diaries[t->n_diaries++];
    *d = (struct diary){.device = device, .metric = metric, .window = window};
    return d;
}

int truth_household(struct truth *t, uint32_t device, const struct truth_visit *visit,
                    int64_t now_s) {
    for (uint32_t m = 0; m < t->policy->n_metrics; m++) {
        const struct policy_metric *metric = &t->policy->metrics[m];
        if (metric->unit != UNIT_HOUSEHOLD || !visit->touched[m]) continue;
        struct diary *d = diary_make(t, device, m, (uint64_t)now_s / metric->window_s);
        if (!d) return -1;
        for (uint32_t c = 0; c < metric->n_cells; c++) {
            d->in_cell[c] += visit->weight[m][c];
            d->n += visit->weight[m][c];
        }
    }
    return 0;
}

int truth_report(struct truth *t, uint32_t device, const struct sotto_report *r) {
    uint32_t m = 0;
    while (m < t->policy->n_metrics && t->policy->metrics[m].id != r->metric) m++;
    if (m == t->policy->n_metrics || r->unit != SOTTO_UNIT_HOUSEHOLD || r->is_repeat) return 0;
    const struct policy_metric *metric = &t->policy->metrics[m];
    if (!is_followed(metric)) return 0;
    struct window *w = window_make(t, m, r->window);
    if (!w) return -1;
    const struct diary *d = diary_find(t, device, m, r->window);
    w->units++;
    for (uint32_t c = 0; c < metric->n_cells; c++) {
        double all = d ? d->in_cell[c] : 0,
               bounded = all < metric->max_value ? all : metric->max_value;
        if (metric->mechanism != MECHANISM_ONE_BIT_MEAN)
            all = bounded = d ? all / d->n : c == metric->n_cells - 1;
        w->unbounded_rest[c] += all;
        w->bounded_rest[c] += bounded;
    }
    return 0;
}

/* ---- What was counted ---------------------------------------------------------------------- */

static struct truth_count count_of(const struct window *w, uint32_t cell) {
    return (struct truth_count){(double)w->unbounded[cell] + w->unbounded_rest[cell],
                                (double)w->bounded[cell] / (double)UNIT + w->bounded_rest[cell]};
}

struct truth_count truth_get(const struct truth *t, uint32_t metric, uint64_t window,
                             uint32_t cell) {
    const struct window *w = window_find(t, metric, window);
    return w && cell < POLICY_CELLS_MAX ? count_of(w, cell) : (struct truth_count){0, 0};
}

static double left_out_of(const struct window *w, uint32_t n_cells) {
    double sum = 0;
    for (uint32_t c = 0; c < n_cells; c++) {
        struct truth_count count = count_of(w, c);
        sum += count.unbounded - count.bounded;
    }
    return sum;
}

/* As sotto-fleet names it without a catalogue. */
static const char *cell_name(const struct policy_metric *metric, uint32_t cell, char text[24]) {
    if (cell < metric->n_names) return metric->cells[cell];
    if (metric->mechanism == MECHANISM_ONE_BIT_MEAN) return "value";
    if (cell == metric->n_cells - 1) return "none";
    snprintf(text, 24, "bucket %u", cell);
    return text;
}

void truth_write(const struct truth *t, struct json *json, const char *key) {
    json_begin_array(json, key);
    for (size_t i = 0; i < t->n; i++) {
        const struct window *w = &t->windows[i];
        const struct policy_metric *metric = &t->policy->metrics[w->metric];
        json_begin_object(json, NULL);
        json_uint(json, "metric", metric->id);
        json_text(json, "name", metric->name);
        json_uint(json, "window", w->window);
        json_uint(json, "window_start_s", w->window * metric->window_s);
        json_uint(json, metric->unit == UNIT_VISIT ? "visits" : "households", w->units);
        json_uint(json, "max_cells", metric->max_cells);
        json_double(json, "touches_left_out_by_bound", left_out_of(w, metric->n_cells));
        json_begin_array(json, "cells");
        for (uint32_t c = 0; c < metric->n_cells; c++) {
            struct truth_count count = count_of(w, c);
            char name[24];
            json_begin_object(json, NULL);
            json_text(json, "cell", cell_name(metric, c, name));
            json_double(json, "unbounded", count.unbounded);
            json_double(json, "bounded", count.bounded);
            json_end_object(json);
        }
        json_end_array(json);
        json_end_object(json);
    }
    json_end_array(json);
}
