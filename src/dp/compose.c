/* compose: see compose.h. No floating point: the logarithms are in a table that
 * tools/dev/compose_alphas.py wrote with directed rounding; tests/unit/test_compose.c holds it
 * against logarithms of its own and the results against the exact optimum. */
#include "dp/compose.h"

static uint64_t add(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }
static uint64_t mul(uint64_t a, uint64_t b) { return a && b > UINT64_MAX / a ? UINT64_MAX : a * b; }

/* ceil(v · 10^6 / 2^40), in two halves that cannot overflow but at the very end. */
static uint64_t micro_of_q40(uint64_t v) {
    const uint64_t mask = (UINT64_C(1) << 40) - 1;
    return add(mul(v >> 40, 1000000), ((v & mask) * 1000000 + mask) >> 40);
}

void compose_add(struct compose_sum *sum, uint64_t eps_micro, uint64_t rho_q40,
                 uint32_t delta_log2) {
    sum->eps_micro = add(sum->eps_micro, eps_micro);
    sum->rho_q40 = add(sum->rho_q40, rho_q40);
    if (delta_log2) /* less than 2^-64 counts as 2^-64 */
        sum->delta_q64 =
            add(sum->delta_q64, delta_log2 < 64 ? UINT64_C(1) << (64 - delta_log2) : 1);
}

uint64_t compose_rho_of(uint64_t eps_micro, uint64_t most_micro) {
    const uint64_t unit = UINT64_C(2000000000000); /* 2 · 10^12: halves of squared millionths */
    uint64_t v = mul(eps_micro, most_micro), whole = v / unit, rest = v % unit;
    if (v == UINT64_MAX) return UINT64_MAX;
    /* rest · 2^40 / unit, 20 bits at a time: rest < 2^41. */
    uint64_t high = (rest << 20) / unit, low = (rest << 20) % unit;
    return add(mul(whole, UINT64_C(1) << 40), (high << 20) + ((low << 20) + unit - 1) / unit);
}

/* The alphas are 1 + a with a from 2^-4 to 2^10 in steps of a third of an octave, in 2^-20. What
 * neither rho nor delta occurs in, in 2^-28, rounded upward: */
#define ALPHAS 43
static const int32_t fixed_q28[ALPHAS] = {
    -1020915683, -960977393, -901549182, -842750124, -784718293, -727614617, -671628763, -616970938,
    -563874658,  -512588913, -463370190, -416471668, -372130558, -330553718, -291904797, -256294456,
    -223773876,  -194333735, -167907190, -144377063, -123585293, -105343765, -89445026,  -75672182,
    -63807230,   -53637731,  -44961722,  -37591035,  -31353290,  -26092776,  -21670522,  -17963756,
    -14864976,   -12280767,  -10130500,  -8344985,   -6865161,   -5640839,   -4629548,   -3795478,
    -3108535,    -2543504,   -2079315,
};
/* ln 2 in 2^-60, rounded upward. */
#define LN2_Q60 UINT64_C(799144290325165979)

uint64_t compose_zcdp(const struct compose_sum *sum, uint32_t delta_log2) {
    static const uint32_t octave[3] = {1u << 30, 1352829926, 1704458901};
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < ALPHAS; i++) {
        uint32_t shift = 14 - i / 3, a = (octave[i % 3] + (1u << shift >> 1)) >> shift;
        uint64_t alpha = (UINT64_C(1) << 20) + a, rho = sum->rho_q40;
        uint64_t low = alpha * (rho & 0xfffff); /* below 2^31 · 2^20 */
        uint64_t v = add(mul(alpha, rho >> 20), (low + 0xfffff) >> 20);
        v = add(v, mul((LN2_Q60 + a - 1) / a, delta_log2));
        if (v == UINT64_MAX) continue;
        int64_t fixed = (int64_t)fixed_q28[i] * 4096;
        if (fixed >= 0)
            v = add(v, (uint64_t)fixed);
        else /* a bound below nothing is nothing */
            v = v > (uint64_t)-fixed ? v + (uint64_t)fixed : 0;
        if (v < least) least = v;
    }
    return least == UINT64_MAX ? UINT64_MAX : micro_of_q40(least);
}

uint64_t compose_epsilon(const struct compose_sum *sum, uint32_t delta_log2, int *is_zcdp) {
    uint64_t zcdp = compose_zcdp(sum, delta_log2);
    int is_less = zcdp < sum->eps_micro;
    if (is_zcdp) *is_zcdp = is_less;
    return is_less ? zcdp : sum->eps_micro;
}
