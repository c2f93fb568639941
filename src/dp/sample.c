/* sample: exact noise in integers. Owns nothing; every probability is a ratio of integers that is
 * drawn as such, so there is no rounding to attack (Mironov 2012) and nothing to get wrong in a
 * libm. How long a draw takes depends on what is drawn: draw on schedule, never while a visitor
 * waits. Called by release.c and tally.c.
 *
 * After Canonne, Kamath, Steinke 2020 (arXiv 2004.00010), Algorithms 1 and 2. */
#include "dp/sample.h"

/* No honest generator comes near this many rounds (1 in 2^20 factorial, or e^(-2^20)): reaching it
 * means that randomness is broken, and keeps every product below 2^32 · 2^20. */
#define ROUNDS_MAX (1u << 20)

int sample_uniform(struct rng *g, uint64_t below, uint64_t *out) {
    if (below == 0) return -1;
    /* The smallest all-ones mask over below - 1: more than half of the masked draws are kept. */
    uint64_t mask = below - 1;
    for (unsigned shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    for (;;) {
        uint8_t bytes[8];
        if (rng_bytes(g, bytes, sizeof bytes) != 0) return -1;
        uint64_t v = load64(bytes) & mask;
        if (v < below) {
            *out = v;
            return 0;
        }
    }
}

/* One with probability n/d, n ≤ d. */
static int bernoulli(struct rng *g, uint64_t n, uint64_t d, int *out) {
    uint64_t u;
    if (sample_uniform(g, d, &u) != 0) return -1;
    *out = u < n;
    return 0;
}

/* One with probability exp(-n/d), 0 ≤ n ≤ d ≤ 2^32 (Algorithm 1): of successes with probabilities
 * γ, γ/2, γ/3, … the first k all come with probability γ^k/k!, so the first failure comes at an
 * odd place with probability Σ (-γ)^k/k! = exp(-γ). */
static int bernoulli_exp(struct rng *g, uint64_t n, uint64_t d, int *out) {
    for (uint64_t k = 1; k <= ROUNDS_MAX; k++) {
        int success;
        if (bernoulli(g, n, d * k, &success) != 0) return -1;
        if (!success) {
            *out = (int)(k & 1);
            return 0;
        }
    }
    return -1;
}

/* One round of Algorithm 2; *is_kept is 0 when it asks for another. */
static int laplace_round(struct rng *g, uint64_t num, uint64_t den, int64_t *out, int *is_kept) {
    uint64_t u, v = 0;
    int more, is_negative;
    *is_kept = 0;
    if (sample_uniform(g, num, &u) != 0 || bernoulli_exp(g, u, num, &more) != 0) return -1;
    if (!more) return 0;
    for (;; v++) {
        if (bernoulli_exp(g, 1, 1, &more) != 0 || v > ROUNDS_MAX) return -1;
        if (!more) break;
    }
    if (bernoulli(g, 1, 2, &is_negative) != 0) return -1;
    /* u + num · v is geometric with ratio exp(-1/num), below 2^53; its quotient by den has ratio
     * exp(-den/num). */
    int64_t magnitude = (int64_t)((u + num * v) / den);
    if (is_negative && magnitude == 0) return 0; /* zero has one sign, or it came twice as often */
    *out = is_negative ? -magnitude : magnitude;
    *is_kept = 1;
    return 0;
}

int sample_discrete_laplace(struct rng *g, uint64_t num, uint64_t den, int64_t *out) {
    const uint64_t most = UINT64_C(1) << 32;
    int64_t value = 0;
    int is_kept = 0;
    if (num == 0 || den == 0 || num > most || den > most) return -1;
    while (!is_kept)
        if (laplace_round(g, num, den, &value, &is_kept) != 0) return -1;
    *out = value;
    return 0;
}
