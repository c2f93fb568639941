/* sample_gaussian: the exact discrete Gaussian, Algorithm 3 of Canonne, Kamath, Steinke 2020 (arXiv
 * 2004.00010), see sample.h. No device draws it: their Gaussian is the one of sample_fixed.c, which
 * tests and audits hold against this. So it is built beside the library, not into it. Owns nothing;
 * like sample.c it draws every probability as a ratio of integers, here of up to 128 bits. */
#include "dp/sample.h"
#include "dp/sample_inside.h"
#include "dp/wide.h"

/* In scales of the Laplace noise that a Gaussian is made of: Pr[more] < e^-255. */
#define SCALES_MAX 256u

/* ---- Wide integers ------------------------------------------------------------------------- */

/* Uniform below a number of 65 to 128 bits, by rejection. */
static int uniform_wide(struct rng *g, struct wide below, struct wide *out) {
    unsigned bits = wide_bits(below), words = (bits + 31) / 32;
    for (;;) {
        uint32_t word[4] = {0};
        for (unsigned i = 0; i < words; i++)
            if (rng_u32(g, &word[i]) != 0) return -1;
        word[words - 1] >>= 32 * words - bits;
        struct wide v = {(uint64_t)word[3] << 32 | word[2], (uint64_t)word[1] << 32 | word[0]};
        if (wide_less(v, below)) {
            *out = v;
            return 0;
        }
    }
}

/* How many zeros end a, which is not 0. */
static unsigned wide_twos(struct wide a) {
    return (unsigned)(a.lo ? __builtin_ctzll(a.lo) : 64 + __builtin_ctzll(a.hi));
}

/* The odd part of a, which is not 0. Not inlined, for size: four shifts by any number. */
static __attribute__((noinline)) struct wide wide_odd(struct wide a) {
    return wide_right(a, wide_twos(a));
}

static struct wide wide_gcd(struct wide a, struct wide b) {
    if (wide_is_zero(a)) return b;
    unsigned twos = wide_twos((struct wide){a.hi | b.hi, a.lo | b.lo});
    a = wide_odd(a);
    while (!wide_is_zero(b) && (a.hi | b.hi)) {
        b = wide_odd(b);
        if (wide_less(b, a)) {
            struct wide swap = a;
            a = b;
            b = swap;
        }
        b = wide_sub(b, a);
    }
    if (a.hi == 0) a.lo = sample_gcd(a.lo, b.lo);
    return wide_left(a, twos);
}

/* a · b modulo 2^128. */
static struct wide wide_mul_low(struct wide a, struct wide b) {
    struct wide out = wide_mul(a.lo, b.lo);
    out.hi += a.hi * b.lo + a.lo * b.hi;
    return out;
}

/* a / b for b that divides a: a times the inverse of b's odd part modulo 2^128. b is its own
 * inverse modulo 8, and x(2 - bx) is right in twice as many bits as x (Hensel). */
static struct wide wide_divide_exactly(struct wide a, struct wide b) {
    a = wide_right(a, wide_twos(b));
    b = wide_odd(b);
    if ((a.hi | b.hi) == 0) return (struct wide){0, a.lo / (b.lo | 1)};
    struct wide inverse = b;
    for (unsigned right = 3; right < 128; right *= 2)
        inverse = wide_mul_low(inverse, wide_sub((struct wide){0, 2}, wide_mul_low(b, inverse)));
    return wide_mul_low(a, inverse);
}

/* ---- Coins with wide odds ------------------------------------------------------------------- */

/* sample_coin_exp for d ≤ 2^107; d · k stays below 2^127. */
static int coin_exp_wide(struct rng *g, struct wide n, struct wide d, int *out) {
    if (d.hi == 0 && d.lo <= UINT64_C(1) << 43) return sample_coin_exp(g, n.lo, d.lo, out);
    for (uint64_t k = 1; k <= ROUNDS_MAX; k++) {
        struct wide u = {0, 0}, common = wide_gcd(n, (struct wide){0, k});
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): common divides k */
        struct wide below = wide_scale(d, k / common.lo);
        int status = below.hi ? uniform_wide(g, below, &u) : sample_uniform(g, below.lo, &u.lo);
        if (status != 0) return -1;
        if (!wide_less(u, wide_divide_exactly(n, common))) {
            *out = (int)(k & 1);
            return 0;
        }
    }
    return -1;
}

/* ---- Discrete Gaussian (Algorithm 3) --------------------------------------------------------- */

/* floor(sqrt(v)) for v ≤ 2^52, bit by bit. */
static uint64_t square_root(uint64_t v) {
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 26; bit > 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= v) root += bit;
    return root;
}

/* One with probability exp(-n/d) for any n: e^-1 as often as it is whole, then the rest. */
static int coin_exp_any(struct rng *g, struct wide n, struct wide d, int *out) {
    while (!wide_less(n, d)) {
        int more;
        if (sample_coin_e(g, &more) != 0) return -1;
        if (!more) {
            *out = 0;
            return 0;
        }
        n = wide_sub(n, d);
    }
    struct wide common = wide_gcd(n, d);
    return coin_exp_wide(g, wide_divide_exactly(n, common), wide_divide_exactly(d, common), out);
}

int sample_discrete_gaussian(struct rng *g, uint64_t num, uint64_t den, int64_t *out) {
    const uint64_t most = UINT64_C(1) << 52;
    int64_t y = 0;
    int is_kept = 0;
    if (num == 0 || den == 0 || num > most || den > most) return -1;
    uint64_t common = sample_gcd(num, den);
    num /= common;
    den /= common;
    /* t = floor(sigma) + 1, so t² · den ≤ (sqrt(num) + sqrt(den))² ≤ 2^54. */
    uint64_t t = square_root(num / den) + 1;
    /* Laplace noise of scale t is kept with probability exp(-(|y| - sigma²/t)² / (2 sigma²)), and
     * that exponent is (|y|·t·den - num)² / (2·num·den·t²): with |y| ≤ 256 t below (2^62)² over at
     * most 2^107. */
    struct wide below = wide_mul(2 * num, den * t * t);
    while (!is_kept) {
        if (sample_discrete_laplace(g, t, 1, &y) != 0) return -1;
        uint64_t size = (uint64_t)(y < 0 ? -y : y), scaled = size * (t * den);
        if (size > SCALES_MAX * t) return -1;
        uint64_t off = scaled < num ? num - scaled : scaled - num;
        if (coin_exp_any(g, wide_mul(off, off), below, &is_kept) != 0) return -1;
    }
    *out = y;
    return 0;
}
