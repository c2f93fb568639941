/* adjust: see adjust.h. */
#include "tools/sotto-fleet/adjust.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sotto-fleet/interval.h"

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

void adjust_non_negative(const double *x, size_t n, double total, double *out, double *scratch) {
    double sum = 0, take = 0;
    if (!(total > 0)) total = 0;
    memcpy(scratch, x, n * sizeof *x);
    qsort(scratch, n, sizeof *scratch, by_value);
    /* The largest i cells stay: with `take` = (their sum - total)/i each of them is above it. */
    for (size_t i = 1; i <= n; i++) {
        double value = scratch[n - i], candidate = (sum + value - total) / (double)i;
        if (i > 1 && value <= candidate) break;
        sum += value;
        take = candidate;
    }
    for (size_t c = 0; c < n; c++) out[c] = fmax(x[c] - take, 0);
}

/* ---- Median of groups --------------------------------------------------------------------- */

#define GROUPS_MIN 8
#define ALARM      0.01 /* of honest tables */

uint32_t adjust_groups(uint64_t reports, uint32_t hands) {
    uint32_t groups = hands;
    if (reports < GROUPS_MIN) return 0;
    while (groups > GROUPS_MIN && reports / groups < GROUPS_MIN) groups /= 2;
    return groups;
}

static double middle(const double *sorted, uint32_t n) {
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* Median and mean of G independent normal values differ by a standard deviation of at most
 * √(π/2 - 1) = 0.756 of theirs over √G. What is measured from G groups is itself uncertain: the
 * limit is that of Student's t of about 0.37·G degrees of freedom, the efficiency of the median
 * absolute deviation, approximated by stretching the normal one (Abramowitz, Stegun 26.7.5). */
struct adjust_median adjust_median_of(double *means, uint32_t groups, uint64_t reports, double mean,
                                      double noise_sd, uint32_t cells) {
    struct adjust_median result = {0, 0};
    double away[ADJUST_HANDS], z = interval_quantile(1 - ALARM / 2 / cells);
    if (groups == 0 || groups > ADJUST_HANDS) return result;
    qsort(means, groups, sizeof *means, by_value);
    result.median = middle(means, groups);
    for (uint32_t g = 0; g < groups; g++) away[g] = fabs(means[g] - result.median);
    qsort(away, groups, sizeof *away, by_value);
    double noise = noise_sd / sqrt((double)reports / groups),
           spread = 1.4826 * middle(away, groups);
    double freedom = 0.37 * groups, unit = 0.756 / sqrt((double)groups);
    double limit = z * noise;
    double wide = spread * (z + (z * z * z + z) / (4 * freedom) +
                            (5 * pow(z, 5) + 16 * z * z * z + 3 * z) / (96 * freedom * freedom));
    if (wide > limit) limit = wide;
    result.disagrees = fabs(mean - result.median) > unit * limit;
    return result;
}
