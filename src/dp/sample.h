/* sample: noise in integers, each law in two designs. Pure but for the generator they draw from.
 *
 * Exact: every probability is a ratio of integers that is drawn as such (Canonne, Kamath, Steinke
 * 2020). Nothing is rounded, delta is 0, but how long a draw takes depends on what is drawn.
 *
 * Fixed time: the same laws from committed thresholds (table.h), at a distance below 2^-112 from
 * the exact one; no branch and no index depends on what is drawn. */
#ifndef SOTTO_SAMPLE_H
#define SOTTO_SAMPLE_H

#include "crypto/crypto.h"

/* ---- Exact (sample.c, sample_gaussian.c) ---------------------------------------------------- */

/* All of these: 0 and *out, or -1 and *out untouched when an argument is out of bounds or the
 * generator failed. */

/* Uniform on 0 … below - 1 (below ≥ 1), by rejection. */
int sample_uniform(struct rng *g, uint64_t below, uint64_t *out) MUST_CHECK;

/* Discrete Laplace with scale num/den: Pr[x] ∝ exp(-|x| · den / num); Algorithm 2 of Canonne,
 * Kamath, Steinke 2020, "The Discrete Gaussian for Differential Privacy" (arXiv 2004.00010).
 * 1 ≤ num, den ≤ 2^32. */
int sample_discrete_laplace(struct rng *g, uint64_t num, uint64_t den, int64_t *out) MUST_CHECK;

/* Discrete Gaussian with sigma² = num/den: Pr[x] ∝ exp(-x² · den / (2 · num)); Algorithm 3.
 * 1 ≤ num, den ≤ 2^52. In no device library: the tests and audits link it. */
int sample_discrete_gaussian(struct rng *g, uint64_t num, uint64_t den, int64_t *out) MUST_CHECK;

/* ---- Fixed time (sample_fixed.c) ----------------------------------------------------------- */

/* Discrete Laplace with Pr[x] ∝ exp(-|x| · 2^log2_num / odd), e.g. epsilon/Delta = 1/12 is odd 3,
 * log2_num -2. sample_laplace_is_fixed tells whether there is a table
 * for it. */
int sample_laplace_is_fixed(uint32_t odd, int log2_num) MUST_CHECK;
int sample_laplace_fixed(struct rng *g, uint32_t odd, int log2_num, int32_t *out) MUST_CHECK;

/* Discrete Gaussian with 1/(2 sigma²) = a/2^s: Pr[x] ∝ exp(-x² · a / 2^s). 2^11 ≤ a < 2^12 and
 * 17 ≤ s ≤ 37, so that 4 ≤ sigma < 2^13; sample_gaussian_law refuses others. */
struct sample_gaussian {
    uint32_t a, s;
    uint32_t step; /* made of both */
};
int sample_gaussian_law(uint32_t a, uint32_t s, struct sample_gaussian *law) MUST_CHECK;
int sample_gaussian_fixed(struct rng *g, const struct sample_gaussian *law,
                          int32_t *out) MUST_CHECK;

#endif
