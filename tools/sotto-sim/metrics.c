/* metrics: see metrics.h. Each function is a definition written out; none keeps state. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tools/sotto-sim/metrics.h"

static int contains(const uint32_t *items, size_t n, uint32_t item) {
    for (size_t i = 0; i < n; i++)
        if (items[i] == item) return 1;
    return 0;
}

void quality_add(struct quality *sum, const uint32_t *slate, size_t n_slate,
                 const uint32_t *targets, size_t n_targets) {
    if (n_targets == 0) return;
    size_t shown = n_slate < METRICS_K ? n_slate : METRICS_K;
    size_t best = n_targets < METRICS_K ? n_targets : METRICS_K;
    size_t hits = 0;
    double gain = 0, ideal = 0;
    for (size_t r = 0; r < shown; r++)
        if (contains(targets, n_targets, slate[r])) {
            hits++;
            gain += 1 / log2((double)r + 2);
        }
    for (size_t r = 0; r < best; r++) ideal += 1 / log2((double)r + 2);
    sum->recall += (double)hits / (double)best;
    sum->ndcg += gain / ideal;
    sum->hit += hits > 0;
    sum->baskets++;
}

struct quality quality_mean(const struct quality *sum) {
    struct quality mean = *sum;
    double n = sum->baskets ? (double)sum->baskets : 1;
    mean.recall /= n;
    mean.ndcg /= n;
    mean.hit /= n;
    return mean;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double quantile(double *values, size_t n, double q) {
    if (n == 0) return 0;
    qsort(values, n, sizeof *values, by_value);
    size_t rank = (size_t)ceil(q * (double)n);
    return values[rank ? rank - 1 : 0];
}

int64_t metrics_split(int64_t first_s, int64_t last_s) {
    enum { DAY = 86400, HALF_YEAR = 182 * DAY };
    int64_t split = last_s - (last_s - first_s) / 10;
    split -= ((split % DAY) + DAY) % DAY;
    if (last_s - first_s < HALF_YEAR) return split;
    time_t t = (time_t)split;
    struct tm day;
    if (!gmtime_r(&t, &day)) return split;
    return split - (int64_t)(day.tm_mday - 1) * DAY;
}

void metrics_date(char text[11], int64_t unix_s) {
    time_t t = (time_t)unix_s;
    struct tm day;
    if (!gmtime_r(&t, &day) || strftime(text, 11, "%Y-%m-%d", &day) == 0)
        snprintf(text, 11, "1970-01-01");
}
