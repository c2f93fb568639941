/* interval: how far the noise alone can carry a sum of reported counts. Pure arithmetic; called by
 * estimate.c. */
#ifndef SOTTO_FLEET_INTERVAL_H
#define SOTTO_FLEET_INTERVAL_H

#include <stdint.h>

/* Up to this many reports the distribution of the summed noise is computed exactly. */
#define FLEET_EXACT_REPORTS 64

/* The smallest whole number h such that the sum of n_reports independent discrete Laplace
 * variables, each Pr[x] ∝ exp(-|x|·epsilon/max_cells), lies in -h … h with probability `level` or
 * more; epsilon is eps_micro millionths. So [sum - h, sum + h] covers the true sum of counts at
 * least that often, as far as no count was clamped.
 *
 * Exact convolution in doubles up to FLEET_EXACT_REPORTS (less than 1e-12 of the tail is left out,
 * which can only widen); beyond, a normal distribution of the exact variance with continuity
 * correction. Returns 0, or -1 without touching *half_width when an argument is out of range
 * (eps_micro and max_cells as policies may have them, 1 to 2^40 reports, 0 < level ≤ 0.999999) or
 * memory is short. */
int fleet_interval(uint64_t n_reports, uint32_t eps_micro, uint32_t max_cells, double level,
                   int64_t *half_width);

#endif
