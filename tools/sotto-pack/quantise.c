/* quantise: truncation and rounding of rows, decay and prior. See quantise.h. */
#include "tools/sotto-pack/quantise.h"

#include <math.h>
#include <stdlib.h>

#define WEIGHT_MAX       127
#define PRIOR_LEVELS_MIN 1024 /* so that the general slate has an order even over a faint model */

struct candidate {
    float weight;
    uint16_t column;
};

static int by_strength(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

static int by_column(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    return x->column < y->column ? -1 : x->column > y->column;
}

static float strongest(const float *row, uint32_t n) {
    float most = 0;
    for (uint32_t j = 0; j < n; j++)
        if (row[j] > most) most = row[j];
    return most;
}

/* Rounded up, so that the row's strongest weight never passes 127. */
static uint16_t scale_of(float most, double unit) {
    double scale = ceil((double)most / (WEIGHT_MAX * unit));
    return (uint16_t)(scale > MODEL_UNIT ? MODEL_UNIT : scale < 1 ? 1 : scale);
}

static int weight_of(float w, double step) {
    double q = floor((double)w / step + 0.5);
    return q > WEIGHT_MAX ? WEIGHT_MAX : q < 0 ? 0 : (int)q;
}

/* Collects the weights of a row that do not round to zero; returns how many, and the sum of all
 * positive ones. */
static uint32_t candidates(const float *row, uint32_t n, double step, struct candidate *out,
                           double *positive) {
    uint32_t found = 0;
    for (uint32_t j = 0; j < n; j++) {
        if (!(row[j] > 0)) continue;
        *positive += row[j];
        if (weight_of(row[j], step) > 0) out[found++] = (struct candidate){row[j], (uint16_t)j};
    }
    return found;
}

/* The largest N with Σ min(N, counts) ≤ most_edges. */
static uint32_t fitting_neighbours(const uint32_t *counts, uint32_t n, uint64_t most_edges) {
    uint32_t low = 0, high = 1;
    for (uint32_t i = 0; i < n; i++) high = counts[i] > high ? counts[i] : high;
    while (low < high) {
        uint32_t mid = low + (high - low + 1) / 2;
        uint64_t edges = 0;
        for (uint32_t i = 0; i < n; i++) edges += counts[i] < mid ? counts[i] : mid;
        if (edges <= most_edges)
            low = mid;
        else
            high = mid - 1;
    }
    return low;
}

static int no_memory(struct sotto_error *err) {
    return fail(err, SOTTO_E_MEMORY, "no memory to quantise the model: raise --min-baskets");
}

static int fill_rows(struct quantised *q, const struct ease *e, float *row,
                     struct candidate *found) {
    double kept = 0, positive = 0;
    uint32_t at = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        double step = q->scales[i] * q->unit;
        q->row_starts[i] = at;
        if (q->scales[i] == 0) continue;
        ease_row(e, i, row);
        uint32_t n = candidates(row, e->n, step, found, &positive);
        qsort(found, n, sizeof *found, by_strength);
        if (n > q->neighbours) n = q->neighbours;
        qsort(found, n, sizeof *found, by_column);
        for (uint32_t k = 0; k < n; k++, at++) {
            q->columns[at] = found[k].column;
            q->weights[at] = (int8_t)weight_of(found[k].weight, step);
            kept += found[k].weight;
        }
    }
    q->row_starts[e->n] = q->n_edges = at;
    q->kept_share = positive > 0 ? kept / positive : 1;
    return SOTTO_OK;
}

int quantise_rows(struct quantised *q, const struct ease *e, uint32_t neighbours,
                  uint64_t most_edges, struct sotto_error *err) {
    uint32_t n = e->n;
    memset(q, 0, sizeof *q);
    q->n_items = n;
    q->row_starts = calloc((size_t)n + 1, sizeof *q->row_starts);
    q->scales = calloc(n, sizeof *q->scales);
    float *row = calloc(n, sizeof *row), *most = calloc(n, sizeof *most);
    struct candidate *found = calloc(n, sizeof *found);
    uint32_t *counts = calloc(n, sizeof *counts);
    int status = SOTTO_OK;
    if (!q->row_starts || !q->scales || !row || !most || !found || !counts) {
        status = no_memory(err);
        goto out;
    }
    float strongest_of_all = 0;
    for (uint32_t i = 0; i < n; i++) {
        ease_row(e, i, row);
        most[i] = strongest(row, n);
        if (most[i] > strongest_of_all) strongest_of_all = most[i];
    }
    q->unit =
        strongest_of_all > 0 ? (double)strongest_of_all / (WEIGHT_MAX * (double)MODEL_UNIT) : 1;
    uint64_t edges = 0;
    for (uint32_t i = 0; i < n; i++) {
        double ignored = 0;
        if (most[i] <= 0) continue;
        q->scales[i] = scale_of(most[i], q->unit);
        ease_row(e, i, row);
        counts[i] = candidates(row, n, q->scales[i] * q->unit, found, &ignored);
    }
    q->neighbours = neighbours ? neighbours : fitting_neighbours(counts, n, most_edges);
    for (uint32_t i = 0; i < n; i++) edges += counts[i] < q->neighbours ? counts[i] : q->neighbours;
    if (edges > UINT32_MAX / 4) {
        status = fail(err, SOTTO_E_LIMIT, "the model would have %llu edges: lower --neighbours",
                      (unsigned long long)edges);
        goto out;
    }
    q->columns = calloc(edges + 1, sizeof *q->columns);
    q->weights = calloc(edges + 1, sizeof *q->weights);
    status = q->columns && q->weights ? fill_rows(q, e, row, found) : no_memory(err);
out:
    free(row);
    free(most);
    free(found);
    free(counts);
    if (status != SOTTO_OK) quantise_free(q);
    return status;
}

void quantise_free(struct quantised *q) {
    free(q->row_starts);
    free(q->columns);
    free(q->weights);
    free(q->scales);
    memset(q, 0, sizeof *q);
}

uint32_t quantise_decay(uint16_t table[MODEL_DECAY_MAX], double decay) {
    uint32_t n = 0;
    for (; n < MODEL_DECAY_MAX; n++) {
        double weight = floor(exp(-(double)n / decay) * MODEL_UNIT + 0.5);
        if (weight < 1) break;
        table[n] = (uint16_t)weight;
    }
    return n;
}

static int by_value(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

/* The strongest weight of the median row, in model units. `scratch` holds n_items. */
static int32_t median_strength(const struct quantised *q, int32_t *scratch) {
    for (uint32_t i = 0; i < q->n_items; i++) {
        int32_t most = 0;
        for (uint32_t k = q->row_starts[i]; k < q->row_starts[i + 1]; k++)
            if (q->weights[k] > most) most = q->weights[k];
        scratch[i] = most * q->scales[i];
    }
    qsort(scratch, q->n_items, sizeof *scratch, by_value);
    return scratch[q->n_items / 2];
}

void quantise_prior(int32_t *prior, const struct quantised *q, const double *popularity,
                    double strength) {
    double top = strength * median_strength(q, prior), least = INFINITY, most = -INFINITY;
    if (top < PRIOR_LEVELS_MIN) top = PRIOR_LEVELS_MIN;
    if (top > MODEL_PRIOR_MAX) top = MODEL_PRIOR_MAX;
    for (uint32_t i = 0; i < q->n_items; i++) {
        least = fmin(least, log1p(popularity[i]));
        most = fmax(most, log1p(popularity[i]));
    }
    for (uint32_t i = 0; i < q->n_items; i++)
        prior[i] =
            most > least ? (int32_t)((log1p(popularity[i]) - least) / (most - least) * top) : 0;
}
