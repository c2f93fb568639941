/* sample: the exact design, see sample.h. Owns nothing; every probability is a ratio of integers
 * that is drawn as such, so there is no rounding to attack (Mironov 2012) and nothing to get wrong
 * in a libm. How long a draw takes depends on what is drawn: draw on schedule, never while a
 * visitor waits. Called by mechanism_*.c, release/tally.c
 * and release/household.c.
 *
 * After Canonne, Kamath, Steinke 2020 (arXiv 2004.00010), Algorithms 1 to 3. What is read from the
 * generator, and in which order, is that of the authors' reference and of libprio-rs, so that their
 * known answers are ours: fractions are reduced before they are drawn, the sign comes before the
 * magnitude, and a number below b is the low bits(b) of as many 32-bit words as that needs. */
#include "dp/sample.h"
#include "dp/sample_inside.h"

/* ---- Uniform ------------------------------------------------------------------------------- */

int sample_uniform(struct rng *g, uint64_t below, uint64_t *out) {
    if (below == 0) return -1;
    unsigned bits = 64 - (unsigned)__builtin_clzll(below);
    for (;;) {
        uint32_t low, high = 0;
        if (rng_u32(g, &low) != 0 || (bits > 32 && rng_u32(g, &high) != 0)) return -1;
        uint64_t v = bits > 32 ? (uint64_t)high >> (64 - bits) << 32 | low : low >> (32 - bits);
        if (v < below) {
            *out = v;
            return 0;
        }
    }
}

/* ---- Greatest common divisor, to reduce fractions ------------------------------------------- */

/* Binary (Stein 1967). sample_gcd(0, b) = b; never 0. */
uint64_t sample_gcd(uint64_t a, uint64_t b) {
    if (a == 0 || b == 0) return (a | b) ? a | b : 1;
    int twos = __builtin_ctzll(a | b);
    a >>= __builtin_ctzll(a);
    while (b) {
        b >>= __builtin_ctzll(b);
        uint64_t small = a < b ? a : b;
        b = (a < b ? b : a) - small;
        a = small;
    }
    return (a | 1) << twos; /* a is odd */
}

/* ---- Exponential coins (Algorithm 1) --------------------------------------------------------- */

/* One with probability exp(-n/d), n/d reduced, 0 ≤ n ≤ d ≤ 2^43: of successes with probabilities
 * γ, γ/2, γ/3, … the first k all come with probability γ^k/k!, so the first failure comes at an
 * odd place with probability Σ (-γ)^k/k! = exp(-γ). d · k stays below 2^63. */
int sample_coin_exp(struct rng *g, uint64_t n, uint64_t d, int *out) {
    for (uint64_t k = 1; k <= ROUNDS_MAX; k++) {
        uint64_t u, common = k == 1 ? 1 : k == 2 ? 1 + !(n & 1) : sample_gcd(n, k);
        if (sample_uniform(g, d * (k / common), &u) != 0) return -1;
        if (u >= n / common) {
            *out = (int)(k & 1);
            return 0;
        }
    }
    return -1;
}

/* One with probability 1/e: the same with n = d = 1, by far the most frequent. A word is drawn anew
 * (u ≥ k), a success (0) or the first failure; one branch tells the last from the others, because
 * two of which neither can be foreseen cost more than the rest of the draw. */
int sample_coin_e(struct rng *g, int *out) {
    uint32_t k = 1, word, u;
    do {
        if (rng_u32(g, &word) != 0 || k > ROUNDS_MAX) return -1;
        u = word >> __builtin_clz(k);
        k += u == 0;
    } while (u - 1 >= k - 1);
    *out = (int)(k & 1);
    return 0;
}

/* ---- Discrete Laplace (Algorithm 2) ---------------------------------------------------------- */

/* u + num · v, geometric with ratio exp(-1/num): below 2^32 · (2^20 + 1). */
static int geometric(struct rng *g, uint64_t num, uint64_t *out) {
    uint64_t u, v;
    int more = 0;
    do {
        if (sample_uniform(g, num, &u) != 0) return -1;
        uint64_t common = sample_gcd(u, num);
        if (sample_coin_exp(g, u / common, num / common, &more) != 0) return -1;
    } while (!more);
    for (v = 0;; v++) {
        if (v == ROUNDS_MAX || sample_coin_e(g, &more) != 0) return -1;
        if (!more) break;
    }
    *out = u + num * v;
    return 0;
}

int sample_discrete_laplace(struct rng *g, uint64_t num, uint64_t den, int64_t *out) {
    const uint64_t most = UINT64_C(1) << 32;
    uint64_t half, magnitude;
    if (num == 0 || den == 0 || num > most || den > most) return -1;
    uint64_t common = sample_gcd(num, den);
    num /= common;
    den /= common;
    do {
        /* A quotient by den of ratio exp(-1/num) has ratio exp(-den/num). */
        if (sample_uniform(g, 2, &half) != 0 || geometric(g, num, &magnitude) != 0) return -1;
        magnitude /= den;
    } while (half == 0 && magnitude == 0); /* zero has one sign, or it came twice as often */
    *out = half == 0 ? -(int64_t)magnitude : (int64_t)magnitude;
    return 0;
}
