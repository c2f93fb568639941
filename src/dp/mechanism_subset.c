/* mechanism_subset: subset selection (Ye, Barg 2018, "Optimal Schemes for Discrete Distribution
 * Estimation under Locally Differential Privacy"). The answer is a set of d of the k cells; one
 * that holds the value is A/B times as likely as one that does not, A/B ≤ e^epsilon, and sets of
 * either kind are alike. So it holds the value with probability A·d / (A·d + B·(k - d)) and is
 * otherwise a uniform draw of the other cells. Called by mechanism.c. */
#include "dp/mechanism_inside.h"
#include "dp/sample.h"

/* ---- How large the error is ---------------------------------------------------------------- */

/* num/den in 2^-32, for den < 2^62: whole, then bit by bit. */
uint64_t mechanism_ratio_q32(uint64_t num, uint64_t den) {
    uint64_t whole = num / den, rest = num % den, fraction = 0;
    for (int bit = 0; bit < 32; bit++) {
        rest *= 2;
        fraction *= 2;
        if (rest >= den) rest -= den, fraction++;
    }
    return whole << 32 | fraction;
}

/* p and q rounded to 2^-31: that moves the result by less than one part in 2^18.
 */
uint64_t mechanism_odds_mse_q32(const struct odds *odds, uint32_t k) {
    const uint64_t one = UINT64_C(1) << 31;
    unsigned shift = 0;
    while (odds->of >> shift >= UINT64_C(1) << 32) shift++;
    uint64_t of = odds->of >> shift;
    uint64_t p = (odds->p >> shift) * one / of, q = (odds->q >> shift) * one / of;
    uint64_t gap = p - q;
    uint64_t spread = mechanism_ratio_q32(q * (one - q), gap * gap);
    return p + q <= one ? spread + mechanism_ratio_q32(one - p - q, gap * k)
                        : spread - mechanism_ratio_q32(p + q - one, gap * k);
}

/* ---- How many cells a set has -------------------------------------------------------------- */

/* A value's own cell: A·d of A·d + B·(k - d). Another one: of d·(d - 1) places where the value is
 * in, and of d·(k - d) where it is not, over k - 1 cells. Below 2^38 · 2^20 (k = 4096, d ≤ 2048
 * only where A < 2^32). */
void subset_odds(const struct table_epsilon *e, uint32_t k, uint32_t size, struct odds *odds) {
    struct weights w = mechanism_weights(e);
    uint64_t in = w.in * size, out = w.out * (k - size);
    odds->p = in * (k - 1);
    odds->q = in * (size - 1) + out * size;
    odds->of = (in + out) * (k - 1);
}

/* The error falls and rises once as d grows, with its bottom near k/(e^epsilon + 1); the four whole
 * numbers around that are tried. */
uint32_t subset_best_size(const struct table_epsilon *e, uint32_t k) {
    uint64_t about = k * WEIGHT_OUT / (e->exp_q30 + WEIGHT_OUT), best_error = UINT64_MAX;
    uint32_t best = 1;
    for (uint64_t size = about > 1 ? about - 1 : 1; size <= about + 2 && size < k; size++) {
        struct odds odds;
        subset_odds(e, k, (uint32_t)size, &odds);
        uint64_t error = mechanism_odds_mse_q32(&odds, k);
        if (error < best_error) {
            best_error = error;
            best = (uint32_t)size;
        }
    }
    return best;
}

uint32_t subset_size(const struct table_epsilon *e, uint32_t k) {
    uint32_t best = subset_best_size(e, k);
    return k > SUBSET_BITMAP_MAX && best > SUBSET_LIST_MAX ? SUBSET_LIST_MAX : best;
}

/* ---- Bits ---------------------------------------------------------------------------------- */

static int bit_get(const uint8_t *bits, uint32_t i) { return bits[i / 8] >> (i % 8) & 1; }
static void bit_set(uint8_t *bits, uint32_t i) { bits[i / 8] |= (uint8_t)(1u << i % 8); }

size_t subset_bytes(const struct table_epsilon *e, uint32_t k) {
    return k <= SUBSET_BITMAP_MAX ? (k + 7) / 8 : (SUBSET_MEMBER_BITS * subset_size(e, k) + 7) / 8;
}

/* ---- Drawing ------------------------------------------------------------------------------- */

/* Adds n of the k - 1 cells other than `value`, every such set alike (Floyd: Bentley 1987,
 * "Programming Pearls: A Sample of Brilliance"). */
static int add_others(struct rng *g, uint32_t k, uint32_t value, uint32_t n, uint8_t *set) {
    for (uint32_t j = k - 1 - n; j < k - 1; j++) {
        uint64_t u;
        if (sample_uniform(g, (uint64_t)j + 1, &u) != 0) return -1;
        uint32_t cell = (uint32_t)u + (u >= value);
        bit_set(set, bit_get(set, cell) ? j + (j >= value) : cell);
    }
    return 0;
}

int subset_answer(struct rng *g, const struct table_epsilon *e, uint32_t k, uint32_t value,
                  uint8_t *answer) {
    uint8_t set[MECHANISM_CELLS_MAX / 8] = {0};
    struct weights w = mechanism_weights(e);
    uint32_t size = subset_size(e, k), at = 0;
    uint64_t in = w.in * size, u;
    if (sample_uniform(g, in + w.out * (k - size), &u) != 0) return -1;
    uint32_t is_in = u < in;
    if (add_others(g, k, value, size - is_in, set) != 0) return -1;
    if (is_in) bit_set(set, value);
    memset(answer, 0, MECHANISM_ANSWER_MAX);
    if (k <= SUBSET_BITMAP_MAX) {
        memcpy(answer, set, (k + 7) / 8);
        return 0;
    }
    for (uint32_t cell = 0; cell < k; cell++)
        if (bit_get(set, cell)) {
            for (uint32_t b = 0; b < SUBSET_MEMBER_BITS; b++)
                if (cell >> b & 1) bit_set(answer, at + b);
            at += SUBSET_MEMBER_BITS;
        }
    return 0;
}
