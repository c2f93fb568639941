/* mechanism_inside: what the parts of mechanism share. Called by mechanism*.c, and by
 * tools/common/mechanism_read.c, which reads what they write. */
#ifndef SOTTO_MECHANISM_INSIDE_H
#define SOTTO_MECHANISM_INSIDE_H

#include "dp/mechanism.h"
#include "dp/table.h"

/* The menu's entry, or NULL. */
const struct table_epsilon *mechanism_epsilon(uint32_t eps_micro);

/* An answer that speaks for its value has weight `in`, any other `out`; in/out ≤ e^epsilon, and
 * that comparison of integers is all of the proof. */
#define WEIGHT_OUT (UINT64_C(1) << 30)
struct weights {
    uint64_t in, out;
};
static inline struct weights mechanism_weights(const struct table_epsilon *e) {
    struct weights w = {e->exp_q30, WEIGHT_OUT};
    return w;
}

/* p/of, q/of as in mechanism_odds. */
struct odds {
    uint64_t p, q, of;
};
/* num/den in 2^-32, for den < 2^62. */
uint64_t mechanism_ratio_q32(uint64_t num, uint64_t den);
/* n · mean squared error of a share over k cells, in 2^-32, to one part in 2^18:
 * q(1-q)/(p-q)² + (1-p-q)/((p-q)·k). */
uint64_t mechanism_odds_mse_q32(const struct odds *odds, uint32_t k);

/* ---- Visits (mechanism_noise.c) ------------------------------------------------------------ */

/* Delta = C·w as odd · 2^twos, and epsilon/Delta = 2^log2_num/odd. */
struct laplace_law {
    uint32_t odd;
    int log2_num;
    int is_fixed; /* has a table */
};
struct laplace_law mechanism_laplace_law(const struct mechanism_terms *t);
/* 1/(2 sigma²) = a/2^s as large as the epsilon allows. */
void mechanism_gaussian_law(const struct mechanism_terms *t, uint32_t *a, uint32_t *s);

/* ---- Households: the terms have been checked, the value too -------------------------------- */

/* Subset selection (mechanism_subset.c) over k cells with `size` members. */
#define SUBSET_BITMAP_MAX  256u /* more cells: a list */
#define SUBSET_MEMBER_BITS 12u
#define SUBSET_LIST_MAX    21u /* members in 32 bytes */
uint32_t subset_size(const struct table_epsilon *e, uint32_t k);
/* Without a bound on the answer's bytes: what others are measured by. */
uint32_t subset_best_size(const struct table_epsilon *e, uint32_t k);
void subset_odds(const struct table_epsilon *e, uint32_t k, uint32_t size, struct odds *odds);
size_t subset_bytes(const struct table_epsilon *e, uint32_t k);
int subset_answer(struct rng *g, const struct table_epsilon *e, uint32_t k, uint32_t value,
                  uint8_t *answer) MUST_CHECK;

/* Projective geometry response (mechanism_projective.c). */
#define PROJECTIVE_BYTES           4u
#define PROJECTIVE_COORDINATES_MAX 13 /* q = 2: 2^12 - 1 < 4096 ≤ 2^13 - 1 */
struct projective_space {
    uint32_t q, t;
    uint32_t points, on_plane, on_two; /* K, c, and what two cells share */
};
struct projective_space projective_space(const struct table_epsilon *e, uint32_t k);
/* Coordinates of point number `index`; returns the place of its leading 1. */
uint32_t projective_point(const struct projective_space *s, uint32_t index,
                          uint8_t x[PROJECTIVE_COORDINATES_MAX]);
uint32_t projective_inner(const struct projective_space *s, const uint8_t *x, const uint8_t *y);
int projective_answer(struct rng *g, const struct table_epsilon *e, uint32_t k, uint32_t value,
                      uint8_t *answer) MUST_CHECK;

#endif
