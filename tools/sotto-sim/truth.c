/* truth: see truth.h. Counts are whole visits; a bounded expectation is kept as a sum of fractions
 * C/m in units of 1/UNIT, which every m up to 16 divides, so that sums are exact. */
#include <stdlib.h>

#include "tools/common/json.h"
#include "tools/sotto-sim/truth.h"

#define UNIT UINT64_C(720720) /* lcm(1, …, 16) */

struct window {
    uint32_t metric; /* number in the policy, not id */
    uint64_t window, visits;
    uint64_t unbounded[POLICY_CELLS_MAX], bounded[POLICY_CELLS_MAX];
    double bounded_rest[POLICY_CELLS_MAX]; /* of visits with more than 16 cells */
};

struct truth {
    const struct policy *policy;
    const struct model *model;
    struct window *windows;
    size_t n, cap;
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
            if (metric->unit != UNIT_VISIT) break; /* households answer; nothing is counted */
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
    free(t);
}

void truth_event(const struct truth *t, struct truth_visit *visit, uint32_t item,
                 enum sotto_event_type type) {
    uint32_t group = model_item_group(t->model, item);
    for (uint32_t m = 0; m < t->policy->n_metrics; m++) {
        const struct policy_metric *metric = &t->policy->metrics[m];
        uint32_t cell = t->cell_of[m][group];
        if (metric->unit != UNIT_VISIT || !(metric->event_mask >> type & 1u)) continue;
        visit->touched[m] |= UINT64_C(1) << cell;
        if (visit->weight[m][cell] < metric->max_weight) visit->weight[m][cell]++;
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
        w->visits++;
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

static struct truth_count count_of(const struct window *w, uint32_t cell) {
    return (struct truth_count){(double)w->unbounded[cell],
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
        json_uint(json, "visits", w->visits);
        json_uint(json, "max_cells", metric->max_cells);
        json_double(json, "touches_left_out_by_bound", left_out_of(w, metric->n_cells));
        json_begin_array(json, "cells");
        for (uint32_t c = 0; c < metric->n_cells; c++) {
            struct truth_count count = count_of(w, c);
            json_begin_object(json, NULL);
            json_text(json, "cell", metric->cells[c]);
            json_double(json, "unbounded", count.unbounded);
            json_double(json, "bounded", count.bounded);
            json_end_object(json);
        }
        json_end_array(json);
        json_end_object(json);
    }
    json_end_array(json);
}
