/* sample_fixed: the fixed-time design, see sample.h. How many steps a draw takes, which branches
 * and which addresses, is the same whatever is drawn; where a draw is begun anew, that says nothing
 * about the one that is kept. Such decisions go through SAMPLE_PUBLIC, so that a test under
 * valgrind (tests/system/fixed_time.sh) can tell them from leaks. Called by mechanism_noise.c. */
#include "dp/sample.h"

#include "dp/table.h"

#ifndef SAMPLE_PUBLIC
#define SAMPLE_PUBLIC(decision) (decision)
#endif

/* v if sign is 0, -v if it is 1; no branch. */
static int32_t with_sign(uint32_t v, uint32_t sign) { return (int32_t)((v ^ (0 - sign)) + sign); }

/* ---- Discrete Laplace ---------------------------------------------------------------------- */

#define DIGITS_MAX 17

static const struct table_laplace *table_of(uint32_t odd) {
    for (size_t i = 0; i < TABLE_LAPLACE_N; i++)
        if (table_laplace[i].odd == odd) return &table_laplace[i];
    return NULL;
}

int sample_laplace_is_fixed(uint32_t odd, int log2_num) {
    const struct table_laplace *t = table_of(odd);
    /* Up to exp(-4) from one value to the next; at last there must be a digit. */
    return t && log2_num >= t->first && log2_num <= 2;
}

/* Σ digits · 2^i. `first` and `second` are 63 and 64 bits of the uniform number that digit i is
 * drawn from, and a sign; without `second` (NULL) those on a threshold count as below it, and
 * *n_tied says how many. */
static int32_t digit_sum(const struct wide *digits, uint32_t n, const uint8_t *first,
                         const uint8_t *second, uint32_t *n_tied) {
    uint32_t sum = 0, ties = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t word = load64(first + 8 * i);
        uint64_t upper = word & (UINT64_MAX >> 1), lower = second ? load64(second + 8 * i) : 0;
        uint64_t more = upper - digits[i].hi; /* of 63 bits: its last one says which is less */
        uint64_t tied = (more ^ (more - 1)) >> 63;
        uint64_t below = more >> 63 | (tied & less64(lower, digits[i].lo));
        sum += (uint32_t)with_sign((uint32_t)below, (uint32_t)(word >> 63)) << i;
        ties += (uint32_t)tied;
    }
    *n_tied = ties;
    return (int32_t)sum;
}

int sample_laplace_fixed(struct rng *g, uint32_t odd, int log2_num, int32_t *out) {
    uint8_t first[8 * DIGITS_MAX], second[8 * DIGITS_MAX];
    if (!sample_laplace_is_fixed(odd, log2_num)) return -1;
    const struct table_laplace *t = table_of(odd);
    const struct wide *digits = t->digits + (log2_num - t->first);
    uint32_t n_tied, n = (uint32_t)(t->last - log2_num + 1);
    if (n > DIGITS_MAX || rng_bytes(g, first, 8 * (size_t)n) != 0) return -1;
    int32_t sum = digit_sum(digits, n, first, NULL, &n_tied);
    /* One in 2^58 draws needs its thresholds' other 64 bits: that this happened is all that the
     * time tells, and it spares every other draw half of its randomness. */
    int status = 0;
    if (SAMPLE_PUBLIC(n_tied != 0)) {
        status = rng_bytes(g, second, 8 * (size_t)n);
        sum = digit_sum(digits, n, first, second, &n_tied);
        wipe(second, sizeof second);
    }
    wipe(first, sizeof first);
    if (status != 0) return -1;
    *out = sum;
    return 0;
}

/* ---- Discrete Gaussian --------------------------------------------------------------------- */

#define ATTEMPT_BYTES 40
/* A try fails with probability below 0.6 (sigma ≥ 4): 2^8 failures in a row come once in 2^188. */
#define ATTEMPTS_MAX 256

/* The upper 128 bits of a · b, at most 3 too small. */
static struct wide fraction_mul(struct wide a, struct wide b) {
    struct wide left = {0, wide_mul(a.hi, b.lo).hi}, right = {0, wide_mul(a.lo, b.hi).hi};
    return wide_add(wide_add(wide_mul(a.hi, b.hi), left), right);
}

/* exp(-exponent / 2^s) in 2^-128, at most 4 · 45 too small: e^-(2^j) for each bit that is set. */
static struct wide exp_minus(uint64_t exponent, uint32_t s) {
    struct wide z = {UINT64_MAX, UINT64_MAX};
    const struct wide *factor = table_gaussian_exp;
    for (uint32_t bit = s + TABLE_GAUSSIAN_EXP_TOP + 1; bit-- > 0; factor++) {
        uint64_t keep = (exponent >> bit & 1) - 1; /* all ones when the bit is 0 */
        struct wide less = fraction_mul(z, *factor);
        z.hi = (z.hi & keep) | (less.hi & ~keep);
        z.lo = (z.lo & keep) | (less.lo & ~keep);
    }
    return z;
}

/* The upper half of that, at most EXP_NARROW_LOW too small: a factor's lower half and the product's
 * are left out, 46 times. Odd bits beside even ones, as each product waits for the one before. */
#define EXP_NARROW_LOW 96
static uint64_t exp_minus_narrow(uint64_t exponent, uint32_t s) {
    uint64_t z = UINT64_MAX, other = UINT64_MAX;
    const struct wide *factor = table_gaussian_exp;
    for (uint32_t bit = s + TABLE_GAUSSIAN_EXP_TOP + 1; bit-- > 0; factor++) {
        uint64_t keep = (exponent >> bit & 1) - 1, product = wide_mul(other, factor->hi | keep).hi;
        other = z;
        z = product;
    }
    return wide_mul(z, other).hi;
}

int sample_gaussian_law(uint32_t a, uint32_t s, struct sample_gaussian *law) {
    if (a < 1u << 11 || a >= 1u << 12 || s < 17 || s > 37) return -1;
    /* The smallest with step ≥ sigma/2, that is, step²·a ≥ 2^(s-3). */
    uint32_t step = 0;
    for (uint32_t bit = 1u << 12; bit > 0; bit >>= 1)
        if ((uint64_t)(step + bit) * (step + bit) * a < UINT64_C(1) << (s - 3)) step += bit;
    law->a = a;
    law->s = s;
    law->step = step + 1;
    return 0;
}

/* One try: y = step · v + u with v from a full scan of its table, Pr[v] ∝ exp(-v²/8), and u uniform
 * below step; kept with probability exp(-(a·y²/2^s - v²/8)). The exponent is not negative because
 * a·step²/2^s ≥ 1/8, and below 2^8 because step ≤ sigma/2 + 1 ≤ 3/4 sigma and v ≤ 26. Returns 1 if
 * kept, 0 if not: then *out must not be used. Looks at the upper halves of what was drawn unless
 * `is_wide`, and returns 2 or more where those do not decide. */
static uint32_t gaussian_try(const struct sample_gaussian *law, const uint8_t bytes[ATTEMPT_BYTES],
                             int is_wide, int32_t *out) {
    struct wide draw = {load64(bytes + 8), load64(bytes)};
    struct wide coin = {load64(bytes + 24), load64(bytes + 16)};
    uint64_t product = (uint64_t)load32(bytes + 32) * law->step, v = 0, at_most = 0;
    uint32_t sign = load32(bytes + 36) & 1;
    for (uint32_t j = 0; j < TABLE_GAUSSIAN_TAIL_N; j++) {
        /* Of 63 bits, so that the difference's last says which is less. */
        uint64_t more = (draw.hi >> 1) - (table_gaussian_tail[j].hi >> 1);
        at_most += (more - 1) >> 63;
        v += is_wide ? wide_less(draw, table_gaussian_tail[j]) : more >> 63;
    }
    /* Lemire 2019: the upper half is uniform below step when the lower is not among the first
     * 2^32 mod step. */
    uint64_t y = law->step * v + (product >> 32);
    uint64_t is_kept = 1 ^ less64((uint32_t)product, (0 - law->step) % law->step);
    uint64_t exponent = law->a * y * y - (v * v << (law->s - 3)), is_open = 0;
    if (is_wide) {
        is_kept &= wide_less(coin, exp_minus(exponent, law->s));
    } else {
        /* One less, for the wide one is too small, too. */
        uint64_t odds = exp_minus_narrow(exponent, law->s), low = odds - less64(0, odds);
        is_kept &= less64(coin.hi, low);
        is_open = (v ^ at_most) | less64(coin.hi - low, EXP_NARROW_LOW + 2);
    }
    *out = with_sign((uint32_t)y, sign);
    is_kept &= 1 ^ (same64(y, 0) & sign); /* zero has one sign, or it came twice as often */
    return (uint32_t)(is_kept | is_open << 1);
}

/* Tries are independent of each other, so how many there were says nothing about the last. One in
 * 2^57 is looked at in full: that it was is all that the time tells. */
int sample_gaussian_fixed(struct rng *g, const struct sample_gaussian *law, int32_t *out) {
    uint8_t bytes[ATTEMPT_BYTES];
    int32_t y = 0;
    uint32_t verdict = 0;
    for (int i = 0; i < ATTEMPTS_MAX && verdict != 1; i++) {
        int is_wide = verdict > 1;
        if (!is_wide && rng_bytes(g, bytes, sizeof bytes) != 0) break;
        verdict = SAMPLE_PUBLIC(gaussian_try(law, bytes, is_wide, &y));
    }
    wipe(bytes, sizeof bytes);
    if (verdict != 1) return -1;
    *out = y;
    return 0;
}
