/* mechanism_choose: which mechanism answers a household's histogram, and how large its error is. In
 * integers, so that a policy's builder, a device and the fleet see the same. Called through
 * mechanism.h and by mechanism_subset.c. */
#include "dp/mechanism_inside.h"

/* num/den in 2^-32, for den < 2^62: whole, then bit by bit. */
static uint64_t ratio_q32(uint64_t num, uint64_t den) {
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
    uint64_t spread = ratio_q32(q * (one - q), gap * gap);
    return p + q <= one ? spread + ratio_q32(one - p - q, gap * k)
                        : spread - ratio_q32(p + q - one, gap * k);
}

int mechanism_choose(uint32_t eps_micro, uint32_t k, struct mechanism_choice *choice) {
    const struct table_epsilon *e = mechanism_epsilon(eps_micro);
    struct odds best;
    struct mechanism_terms subset = {KIND_SUBSET, eps_micro, 0, 0, k, 0};
    struct mechanism_terms projective = {KIND_PROJECTIVE, eps_micro, 0, 0, k, 0};
    if (!e || mechanism_check(&subset, NULL, NULL) != 0) return -1;
    uint64_t by_subset = mechanism_mse_q32(&subset), by_point = mechanism_mse_q32(&projective);
    int is_subset = k <= SUBSET_BITMAP_MAX || by_subset <= by_point;
    subset_odds(e, k, subset_best_size(e, k), &best);
    choice->mechanism = is_subset ? KIND_SUBSET : KIND_PROJECTIVE;
    choice->answer_bytes = (uint32_t)mechanism_answer_bytes(is_subset ? &subset : &projective);
    choice->mse_q32 = is_subset ? by_subset : by_point;
    choice->best_q32 = mechanism_odds_mse_q32(&best, k);
    uint64_t excess = choice->mse_q32 > choice->best_q32 ? choice->mse_q32 - choice->best_q32 : 0;
    choice->excess_ppm = (uint32_t)((ratio_q32(excess, choice->best_q32) * 1000000 >> 32) + 1);
    return 0;
}
