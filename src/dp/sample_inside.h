/* sample_inside: what the two files of the exact samplers, sample.c and sample_gaussian.c, share.
 */
#ifndef SOTTO_SAMPLE_INSIDE_H
#define SOTTO_SAMPLE_INSIDE_H

#include "crypto/crypto.h"

/* No honest generator comes near this many rounds (1 in 2^20 factorial, or e^(-2^20)): reaching it
 * means that randomness is broken, and keeps every product within its type. */
#define ROUNDS_MAX (UINT64_C(1) << 20)

/* The greatest common divisor; gcd(0, b) = b; never 0. */
uint64_t sample_gcd(uint64_t a, uint64_t b) MUST_CHECK;
/* One with probability exp(-n/d), n/d reduced, 0 ≤ n ≤ d ≤ 2^43. 0, or -1 when the generator
 * failed. */
int sample_coin_exp(struct rng *g, uint64_t n, uint64_t d, int *out) MUST_CHECK;
/* The same for n = d = 1. */
int sample_coin_e(struct rng *g, int *out) MUST_CHECK;

#endif
