/* mechanism: see mechanism.h. Here the terms are held against their bounds, once for every use, and
 * each mechanism's part is called. */
#include "dp/mechanism_inside.h"

#include "dp/sample.h"

/* ---- Terms --------------------------------------------------------------------------------- */

const struct table_epsilon *mechanism_epsilon(uint32_t eps_micro) {
    for (size_t i = 0; i < TABLE_EPSILON_N; i++)
        if (table_epsilon[i].eps_micro == eps_micro) return &table_epsilon[i];
    return NULL;
}

const uint32_t *mechanism_menu(int for_visits, size_t *n) {
    static const uint32_t all[] = {125000,  250000,  500000,  1000000,
                                   2000000, 3000000, 4000000, 5000000};
    static const uint32_t visits[] = {125000, 250000, 500000, 1000000, 2000000, 4000000};
    *n = for_visits ? ARRAY_LEN(visits) : ARRAY_LEN(all);
    return for_visits ? visits : all;
}

static const char *wrong_visits(const struct mechanism_terms *t, const struct table_epsilon *e) {
    if (e->gaussian_rho_q40 == 0) return "epsilon of a visit must be 1/8, 1/4, 1/2, 1, 2 or 4";
    if (t->n_cells < 1 || t->n_cells > MECHANISM_COUNTED_MAX)
        return "a visits' metric has 1 to 64 cells";
    if (t->max_weight < 1 || t->max_weight > MECHANISM_WEIGHT_MAX)
        return "the weight a visit adds to a cell is 1 to 16";
    if (t->mechanism == KIND_LAPLACE)
        return t->max_cells >= 1 && t->max_cells <= MECHANISM_LAPLACE_CELLS_MAX
                   ? NULL
                   : "Laplace noise is for 1 to 10 cells per visit, Gaussian for 11 to 64";
    return t->max_cells > MECHANISM_LAPLACE_CELLS_MAX && t->max_cells <= MECHANISM_COUNTED_MAX
               ? NULL
               : "Laplace noise is for 1 to 10 cells per visit, Gaussian for 11 to 64";
}

static const char *wrong_terms(const struct mechanism_terms *t, const struct table_epsilon *e) {
    if (t->mechanism < KIND_LAPLACE || t->mechanism > KIND_ONE_BIT)
        return "no such mechanism; there are 1 to 5";
    if (!e) return "epsilon must be 1/8, 1/4, 1/2, 1, 2, 3, 4 or 5";
    if (t->mechanism <= KIND_GAUSSIAN) return wrong_visits(t, e);
    if (t->mechanism == KIND_ONE_BIT)
        return t->n_cells != 1 ? "a bounded value is a metric of one cell"
               : t->max_value >= 1 && t->max_value <= MECHANISM_VALUE_MAX
                   ? NULL
                   : "the bound of a value is 1 to 65535";
    return t->n_cells >= 2 && t->n_cells <= MECHANISM_CELLS_MAX
               ? NULL
               : "a household's histogram has 2 to 4096 cells";
}

/* The entry of the menu if the terms are right, else NULL. */
static const struct table_epsilon *checked(const struct mechanism_terms *t, const char **wrong) {
    const struct table_epsilon *e = mechanism_epsilon(t->eps_micro);
    const char *why = wrong_terms(t, e);
    if (wrong) *wrong = why;
    return why ? NULL : e;
}

/* As checked, for mechanisms 3 to 5 only. */
static const struct table_epsilon *checked_answer(const struct mechanism_terms *t) {
    return t->mechanism > KIND_GAUSSIAN ? checked(t, NULL) : NULL;
}

/* A Gaussian on C cells by w each is C·w²/(2 sigma²) = C·w²·a/2^s, exactly (Canonne, Kamath,
 * Steinke 2020, Theorem 14); s ≤ 37. */
static void cost_of(const struct mechanism_terms *t, const struct table_epsilon *e,
                    struct mechanism_cost *cost) {
    memset(cost, 0, sizeof *cost);
    cost->eps_micro = e->eps_micro;
    cost->rho_q40 = e->rho_q40;
    if (t->mechanism == KIND_LAPLACE) {
        cost->is_fixed_time = mechanism_laplace_law(t).is_fixed;
        cost->delta_log2 = cost->is_fixed_time ? MECHANISM_FIXED_TIME_DELTA_LOG2 : 0;
    } else if (t->mechanism == KIND_GAUSSIAN) {
        uint32_t a, s;
        mechanism_gaussian_law(t, &a, &s);
        cost->rho_q40 = (uint64_t)t->max_cells * t->max_weight * t->max_weight * a << (40 - s);
        cost->delta_log2 = MECHANISM_GAUSSIAN_DELTA_LOG2;
        cost->is_fixed_time = 1;
    }
}

int mechanism_check(const struct mechanism_terms *t, struct mechanism_cost *cost,
                    const char **wrong) {
    const struct table_epsilon *e = checked(t, wrong);
    if (!e) return -1;
    if (cost) cost_of(t, e, cost);
    return 0;
}

/* ---- Answers ------------------------------------------------------------------------------- */

size_t mechanism_answer_bytes(const struct mechanism_terms *t) {
    const struct table_epsilon *e = checked_answer(t);
    if (!e) return 0;
    if (t->mechanism == KIND_SUBSET) return subset_bytes(e, t->n_cells);
    return t->mechanism == KIND_PROJECTIVE ? PROJECTIVE_BYTES : 1;
}

/* Pr[1] = (B·m + x·(A - B)) / (m·(A + B)): from B/(A + B) at 0 to A/(A + B) at m (Ding, Kulkarni,
 * Yekhanin 2017, equation 1). All below 2^16 · 2^39. */
static int one_bit_answer(struct rng *g, const struct table_epsilon *e, uint32_t max_value,
                          uint32_t value, uint8_t *answer) {
    struct weights w = mechanism_weights(e);
    uint64_t u;
    if (sample_uniform(g, max_value * (w.in + w.out), &u) != 0) return -1;
    *answer = u < max_value * w.out + value * (w.in - w.out);
    return 0;
}

int mechanism_answer(struct rng *g, const struct mechanism_terms *t, uint32_t value,
                     uint8_t *answer) {
    const struct table_epsilon *e = checked_answer(t);
    if (!e || (t->mechanism == KIND_ONE_BIT ? value > t->max_value : value >= t->n_cells))
        return -1;
    uint8_t made[MECHANISM_ANSWER_MAX];
    int status = t->mechanism == KIND_SUBSET ? subset_answer(g, e, t->n_cells, value, made)
                 : t->mechanism == KIND_PROJECTIVE
                     ? projective_answer(g, e, t->n_cells, value, made)
                     : one_bit_answer(g, e, t->max_value, value, made);
    if (status == 0) memcpy(answer, made, mechanism_answer_bytes(t));
    return status;
}
