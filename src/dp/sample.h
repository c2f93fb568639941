/* sample: exact noise in integers. Pure but for the generator it draws from. */
#ifndef SOTTO_SAMPLE_H
#define SOTTO_SAMPLE_H

#include "crypto/crypto.h"

/* Uniform on 0 … below - 1 (below ≥ 1), by rejection. -1 when the generator failed. */
int sample_uniform(struct rng *g, uint64_t below, uint64_t *out) MUST_CHECK;

/* Discrete Laplace with scale num/den: Pr[x] ∝ exp(-|x| · den / num). Exact (Canonne, Kamath,
 * Steinke 2020, "The Discrete Gaussian for Differential Privacy", Algorithm 2).
 * 1 ≤ num, den ≤ 2^32. -1 when the generator failed. */
int sample_discrete_laplace(struct rng *g, uint64_t num, uint64_t den, int64_t *out) MUST_CHECK;

#endif
