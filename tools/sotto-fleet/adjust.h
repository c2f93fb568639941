/* adjust: what may be done to estimates after the noise. Post-processing: it costs no privacy and
 * adds no knowledge; it trades unbiasedness for plausibility, so it is shown beside the estimates,
 * never instead. Pure arithmetic; called by estimate.c. */
#ifndef SOTTO_FLEET_ADJUST_H
#define SOTTO_FLEET_ADJUST_H

#include <stddef.h>
#include <stdint.h>

/* The nearest (least squares) non-negative numbers to x[0 … n-1] whose sum is `total`, or 0 where
 * `total` is negative: every cell loses the same amount, and those that would pass below zero are
 * zero (Wang et al. 2020, "Locally Differentially Private Frequency Estimation with Consistency",
 * norm-sub; the projection onto a simplex of Duchi et al. 2008). Each cell is biased: small ones
 * upwards, large ones downwards. `scratch` has n places. */
void adjust_non_negative(const double *x, size_t n, double total, double *out, double *scratch);

/* ---- Median of groups --------------------------------------------------------------------- */

/* Reports are dealt out in turn to this many hands as they are read, so that few bad devices can
 * spoil few hands only. Hands i, i + groups, … make one group, for any power of two. */
#define ADJUST_HANDS 64

/* How many groups `reports` reports make: so many that a group has about eight or more, and at
 * least eight of them; 0 when there are fewer than eight reports. */
uint32_t adjust_groups(uint64_t reports, uint32_t hands);

struct adjust_median {
    double median; /* of the groups' means */
    int disagrees; /* further from the mean than chance would have it */
};
/* From the groups' means to their median, and whether it disagrees with `mean`, the mean of all
 * reports. `noise_sd`: standard deviation of one report's noise. Groups are expected to scatter by
 * that noise or as they really do (median absolute deviation), whichever is more; `cells` tables'
 * cells are looked at together, so that fewer than about 1 in 100 honest tables is flagged. `means`
 * is sorted. */
struct adjust_median adjust_median_of(double *means, uint32_t groups, uint64_t reports, double mean,
                                      double noise_sd, uint32_t cells);

#endif
