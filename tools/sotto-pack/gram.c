/* gram: rows of the co-occurrence matrices, through an inverted index. See gram.h. */
#include "tools/sotto-pack/gram.h"

#include <math.h>
#include <stdlib.h>

#define DAY_S 86400.0

static void weigh_rows(struct gram *g) {
    const struct interactions *x = g->x;
    double sum = 0, squares = 0;
    int64_t last = 0;
    for (uint32_t r = 0; r < x->n_rows; r++)
        if (x->times_s[r] > last) last = x->times_s[r];
    for (uint32_t r = 0; r < x->n_rows; r++) {
        double n = (double)(x->starts[r + 1] - x->starts[r]);
        double age_days = (double)(last - x->times_s[r]) / DAY_S;
        double recency =
            g->params.half_life_days > 0 ? exp2(-age_days / g->params.half_life_days) : 1;
        g->row_weight[r] = n > 0 ? (float)(recency * pow(n, -2 * g->params.alpha_user)) : 0;
        sum += recency;
        squares += recency * recency;
    }
    g->live_share = squares > 0 ? sum * sum / squares / x->n_rows : 1;
}

/* Marks where an item stands in its row for the first time; of too many, every so manyth. */
static void mark_firsts(struct gram *g, uint32_t *last) {
    const struct interactions *x = g->x;
    for (uint32_t r = 0; r < x->n_rows; r++) {
        uint64_t n = 0, seen = 0;
        for (size_t k = x->starts[r]; k < x->starts[r + 1]; k++) {
            g->is_first[k] = last[x->items[k]] != r + 1;
            last[x->items[k]] = r + 1;
            n += g->is_first[k];
        }
        g->cut_rows += n > GRAM_ROW_MAX;
        for (size_t k = x->starts[r]; n > GRAM_ROW_MAX && k < x->starts[r + 1]; k++) {
            if (!g->is_first[k]) continue;
            seen += GRAM_ROW_MAX;
            g->is_first[k] = seen / n != (seen - GRAM_ROW_MAX) / n;
        }
    }
}

static void index_rows(struct gram *g) {
    const struct interactions *x = g->x;
    for (size_t k = 0; k < x->starts[x->n_rows]; k++) g->posts[x->items[k] + 1]++;
    for (uint32_t i = 0; i < x->n_items; i++) g->posts[i + 1] += g->posts[i];
    for (uint32_t r = 0; r < x->n_rows; r++)
        for (size_t k = x->starts[r]; k < x->starts[r + 1]; k++)
            g->post[g->posts[x->items[k]]++] = (uint64_t)r << 32 | (k - x->starts[r]);
    for (uint32_t i = x->n_items; i > 0; i--) g->posts[i] = g->posts[i - 1];
    g->posts[0] = 0;
}

int gram_make(struct gram *g, const struct interactions *x, const struct gram_params *params,
              struct sotto_error *err) {
    memset(g, 0, sizeof *g);
    g->x = x;
    g->params = *params;
    g->row_weight = calloc((size_t)x->n_rows + 1, sizeof *g->row_weight);
    g->item_weight = calloc(x->n_items, sizeof *g->item_weight);
    g->posts = calloc((size_t)x->n_items + 1, sizeof *g->posts);
    g->post = calloc(x->starts[x->n_rows] + 1, sizeof *g->post);
    g->is_first = calloc(x->starts[x->n_rows] + 1, 1);
    uint32_t *last = calloc(x->n_items, sizeof *last);
    if (!g->row_weight || !g->item_weight || !g->posts || !g->post || !g->is_first || !last) {
        free(last);
        gram_free(g);
        return fail(err, SOTTO_E_MEMORY, "no memory for an index of %u rows", x->n_rows);
    }
    weigh_rows(g);
    index_rows(g);
    mark_firsts(g, last);
    free(last);
    for (uint32_t i = 0; i < x->n_items; i++)
        g->item_weight[i] =
            x->degree[i] ? (float)pow((double)x->degree[i], -params->alpha_item) : 0;
    double z = params->window > 0 ? exp(-2 / params->window) : 0;
    for (int d = 0; d <= GRAM_REACH; d++) {
        g->fade[d] = params->window > 0 ? (float)exp(-d / params->window) : 0;
        g->places[d] = (float)((1 - pow(z, d)) / (1 - z));
    }
    return SOTTO_OK;
}

void gram_free(struct gram *g) {
    free(g->row_weight);
    free(g->item_weight);
    free(g->posts);
    free(g->post);
    free(g->is_first);
    memset(g, 0, sizeof *g);
}

int gram_row_make(struct gram_row *row, uint32_t n_items) {
    row->values = calloc(n_items, sizeof *row->values);
    row->columns = calloc(n_items, sizeof *row->columns);
    row->n = 0;
    if (row->values && row->columns) return 0;
    gram_row_free(row);
    return -1;
}

void gram_row_free(struct gram_row *row) {
    free(row->values);
    free(row->columns);
    memset(row, 0, sizeof *row);
}

void gram_row_clear(struct gram_row *row) {
    for (uint32_t k = 0; k < row->n; k++) row->values[row->columns[k]] = 0;
    row->n = 0;
}

/* 0 means untouched, so nothing may be added that is not above 0: an old row's share, or that of
 * places far apart, vanishes in single precision. */
static void add(struct gram_row *row, uint32_t column, float value) {
    if (!(value > 0)) return;
    if (row->values[column] == 0) row->columns[row->n++] = column;
    row->values[column] += value;
}

static void add_together(const struct gram *g, uint32_t item, float share, struct gram_row *out) {
    const struct interactions *x = g->x;
    for (size_t k = g->posts[item]; k < g->posts[item + 1]; k++) {
        uint32_t r = (uint32_t)(g->post[k] >> 32);
        const uint8_t *is_first = g->is_first + x->starts[r];
        if (!is_first[(uint32_t)g->post[k]]) continue;
        float weight = share * g->row_weight[r] * g->item_weight[item];
        if (!(weight > 0)) continue;
        const uint32_t *items = x->items + x->starts[r];
        size_t n = x->starts[r + 1] - x->starts[r];
        for (size_t q = 0; q < n; q++)
            if (is_first[q]) add(out, items[q], weight * g->item_weight[items[q]]);
    }
}

static void add_source(const struct gram *g, uint32_t item, float share, struct gram_row *out) {
    const struct interactions *x = g->x;
    for (size_t k = g->posts[item]; k < g->posts[item + 1]; k++) {
        uint32_t r = (uint32_t)(g->post[k] >> 32);
        long p = (long)(uint32_t)g->post[k], n = (long)(x->starts[r + 1] - x->starts[r]);
        float weight = share * g->row_weight[r] * g->item_weight[item];
        if (!(weight > 0)) continue;
        const uint32_t *items = x->items + x->starts[r];
        long first = p > GRAM_REACH ? p - GRAM_REACH : 0;
        for (long q = first; q < n - 1 && q <= p + GRAM_REACH && p < n - 1; q++) {
            long m = p > q ? p : q, apart = p > q ? p - q : q - p, left = n - 1 - m;
            float places = g->places[left < GRAM_REACH ? left : GRAM_REACH];
            add(out, items[q], weight * g->item_weight[items[q]] * g->fade[apart] * places);
        }
    }
}

static void add_target(const struct gram *g, uint32_t item, float share, struct gram_row *out) {
    const struct interactions *x = g->x;
    for (size_t k = g->posts[item]; k < g->posts[item + 1]; k++) {
        uint32_t r = (uint32_t)(g->post[k] >> 32);
        long p = (long)(uint32_t)g->post[k], n = (long)(x->starts[r + 1] - x->starts[r]);
        float weight = share * g->row_weight[r] * g->item_weight[item];
        if (!(weight > 0)) continue;
        const uint32_t *items = x->items + x->starts[r];
        for (long q = p + 1; q < n && q <= p + GRAM_REACH; q++)
            add(out, items[q],
                weight * g->item_weight[items[q]] * (float)(q - p) * g->fade[q - p - 1]);
    }
}

static void add_target_column(const struct gram *g, uint32_t item, float share,
                              struct gram_row *out) {
    const struct interactions *x = g->x;
    for (size_t k = g->posts[item]; k < g->posts[item + 1]; k++) {
        uint32_t r = (uint32_t)(g->post[k] >> 32);
        long q = (long)(uint32_t)g->post[k];
        float weight = share * g->row_weight[r] * g->item_weight[item];
        if (!(weight > 0)) continue;
        const uint32_t *items = x->items + x->starts[r];
        for (long p = q > GRAM_REACH ? q - GRAM_REACH : 0; p < q; p++)
            add(out, items[p],
                weight * g->item_weight[items[p]] * (float)(q - p) * g->fade[q - p - 1]);
    }
}

void gram_source(const struct gram *g, uint32_t item, struct gram_row *row) {
    gram_row_clear(row);
    if (g->params.mix > 0) add_together(g, item, (float)g->params.mix, row);
    if (g->params.mix < 1) add_source(g, item, (float)(1 - g->params.mix), row);
}

void gram_target(const struct gram *g, uint32_t item, struct gram_row *row) {
    gram_row_clear(row);
    if (g->params.mix > 0) add_together(g, item, (float)g->params.mix, row);
    if (g->params.mix < 1) add_target(g, item, (float)(1 - g->params.mix), row);
}

void gram_target_column(const struct gram *g, uint32_t item, struct gram_row *row) {
    gram_row_clear(row);
    if (g->params.mix > 0) add_together(g, item, (float)g->params.mix, row);
    if (g->params.mix < 1) add_target_column(g, item, (float)(1 - g->params.mix), row);
}

double gram_diagonal(const struct gram *g, uint32_t item) {
    const struct interactions *x = g->x;
    double sum = 0, v = g->item_weight[item];
    for (size_t k = g->posts[item]; k < g->posts[item + 1]; k++) {
        uint32_t r = (uint32_t)(g->post[k] >> 32), p = (uint32_t)g->post[k];
        size_t left = x->starts[r + 1] - x->starts[r] - 1 - p;
        double together = g->is_first[x->starts[r] + p] ? g->params.mix : 0;
        double source = (1 - g->params.mix) * g->places[left < GRAM_REACH ? left : GRAM_REACH];
        sum += g->row_weight[r] * v * v * (together + source);
    }
    return sum;
}
