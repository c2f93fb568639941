/* mechanism_noise: the curator's noise. A visit adds at most w to each of at most C cells, so it
 * moves the counts by at most C·w in all and by at most sqrt(C)·w in Euclidean distance; noise is
 * made for that, fresh for every cell, on every cell. In fixed time wherever there is a table.
 * Called through mechanism.h. */
#include "dp/mechanism_inside.h"
#include "dp/sample.h"

#define MICRO 1000000u

/* ---- The laws ------------------------------------------------------------------------------ */

/* Epsilons for visits are 2^k/8: 125000 · 2^k micro. */
struct laplace_law mechanism_laplace_law(const struct mechanism_terms *t) {
    struct laplace_law law = {t->max_cells * t->max_weight, -3, 0};
    for (uint32_t eps = 125000; eps < t->eps_micro; eps *= 2) law.log2_num++;
    for (; law.odd % 2 == 0; law.odd /= 2) law.log2_num--;
    law.is_fixed = sample_laplace_is_fixed(law.odd, law.log2_num);
    return law;
}

/* rho = C·w²·a/2^s must not pass the epsilon's: a = floor(rho · 2^s / (C·w²)), with the s that
 * gives it 12 bits, so that sigma² is at most 1/2048 larger than it had to be. C·w² lies in 11 …
 * 2^14. */
void mechanism_gaussian_law(const struct mechanism_terms *t, uint32_t *a, uint32_t *s) {
    uint64_t rho = mechanism_epsilon(t->eps_micro)->gaussian_rho_q40;
    uint64_t squares = (uint64_t)t->max_cells * t->max_weight * t->max_weight;
    *s = 17;
    while (*s < 37 && rho / (squares << (40 - *s)) < 1u << 11) ++*s;
    *a = (uint32_t)(rho / (squares << (40 - *s)));
}

/* ---- Drawing ------------------------------------------------------------------------------- */

/* Clamping comes after the noise: it then touches nothing but what anyone could do to the result.
 * |noise| is below 2^53, see sample_discrete_laplace. */
static int16_t clamp(int64_t v) {
    return (int16_t)(v < MECHANISM_OUT_MIN   ? MECHANISM_OUT_MIN
                     : v > MECHANISM_OUT_MAX ? MECHANISM_OUT_MAX
                                             : v);
}

static int draw(struct rng *g, const struct mechanism_terms *t, const struct laplace_law *laplace,
                const struct sample_gaussian *gaussian, int64_t *noise) {
    int32_t fixed = 0;
    int status;
    if (t->mechanism == KIND_GAUSSIAN)
        status = sample_gaussian_fixed(g, gaussian, &fixed);
    else if (laplace->is_fixed)
        status = sample_laplace_fixed(g, laplace->odd, laplace->log2_num, &fixed);
    else
        return sample_discrete_laplace(g, (uint64_t)t->max_cells * t->max_weight * MICRO,
                                       t->eps_micro, noise);
    if (status == 0) *noise = fixed;
    return status;
}

int mechanism_noise(struct rng *g, const struct mechanism_terms *t, const uint16_t *counts,
                    int16_t *out) {
    struct laplace_law laplace = {0, 0, 0};
    struct sample_gaussian gaussian = {0, 0, 0};
    int16_t noised[MECHANISM_COUNTED_MAX];
    int status = 0;
    if (mechanism_check(t, NULL, NULL) != 0 || t->mechanism > KIND_GAUSSIAN) return -1;
    for (uint32_t c = 0; c < t->n_cells; c++)
        if (counts[c] > MECHANISM_COUNT_MAX) return -1;
    if (t->mechanism == KIND_LAPLACE) {
        laplace = mechanism_laplace_law(t);
    } else {
        uint32_t a, s;
        mechanism_gaussian_law(t, &a, &s);
        if (sample_gaussian_law(a, s, &gaussian) != 0) return -1;
    }
    for (uint32_t c = 0; c < t->n_cells && status == 0; c++) {
        int64_t noise = 0;
        status = draw(g, t, &laplace, &gaussian, &noise);
        noised[c] = clamp((int64_t)counts[c] + noise);
    }
    if (status == 0) memcpy(out, noised, t->n_cells * sizeof *out);
    wipe(noised, sizeof noised);
    return status;
}
