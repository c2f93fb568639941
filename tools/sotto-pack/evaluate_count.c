/* evaluate_count: what the figures mean, written out. See evaluate.h. */
#include <math.h>
#include <stdlib.h>

#include "tools/sotto-pack/evaluate.h"

static int is_target(const struct question *q, uint32_t item) {
    for (uint32_t t = 0; t < q->n_targets; t++)
        if (q->targets[t] == item) return 1;
    return 0;
}

/* The list as it must be read: in a run of equal scores targets come last. Returns how many of it
 * count: a run that reaches the end of a full list has no targets. */
static uint32_t reorder(const struct question *q, const uint32_t *items, const int32_t *scores,
                        uint32_t n, uint32_t most, uint32_t *out) {
    uint32_t at = 0;
    for (uint32_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && scores[end] == scores[i];) end++;
        for (uint32_t k = i; k < end; k++)
            if (!is_target(q, items[k])) out[at++] = items[k];
        if (end == n && n == most) return at;
        for (uint32_t k = i; k < end; k++)
            if (is_target(q, items[k])) out[at++] = items[k];
    }
    return at;
}

void tally_add(struct tally *t, const struct question *q, const uint32_t *items,
               const int32_t *scores, uint32_t n, uint32_t most, uint32_t k,
               enum protocol protocol) {
    uint32_t list[SOTTO_SLATE_ITEMS_MAX], hits = 0, targets = q->n_targets + q->n_missing;
    double gain = 0, ideal = 0, first = 0, values[MEASURES];
    if (targets == 0) return;
    n = reorder(q, items, scores, n, most, list);
    for (uint32_t r = 0; r < n && r < k; r++) {
        if (!is_target(q, list[r])) continue;
        if (hits++ == 0) first = 1.0 / (r + 1);
        gain += 1 / log2(r + 2.0);
    }
    uint32_t best = targets < k ? targets : k;
    for (uint32_t r = 0; r < best; r++) ideal += 1 / log2(r + 2.0);
    values[MEASURE_RECALL] = (double)hits / (protocol == PROTOCOL_RANKING ? targets : best);
    values[MEASURE_NDCG] = gain / ideal;
    values[MEASURE_HIT] = hits > 0;
    values[MEASURE_MRR] = first;
    for (int m = 0; m < MEASURES; m++) {
        t->sum[m] += values[m];
        t->square[m] += values[m] * values[m];
    }
    t->n++;
}

double tally_mean(const struct tally *t, int measure) {
    return t->n ? t->sum[measure] / (double)t->n : 0;
}

double tally_margin(const struct tally *t, int measure) {
    if (t->n < 2) return 0;
    double n = (double)t->n, mean = t->sum[measure] / n;
    double variance = (t->square[measure] / n - mean * mean) * n / (n - 1);
    return 1.96 * sqrt((variance > 0 ? variance : 0) / n);
}

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

double gini_of(uint32_t *v, uint32_t n) {
    double sum = 0, weighted = 0;
    qsort(v, n, sizeof *v, by_value);
    for (uint32_t i = 0; i < n; i++) {
        sum += v[i];
        weighted += (i + 1.0) * v[i];
    }
    return sum > 0 ? (2 * weighted / sum - (n + 1.0)) / n : 0;
}
