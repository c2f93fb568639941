/* mechanism_read: see mechanism_read.h. */
#include "tools/common/mechanism_read.h"

#include "dp/mechanism_inside.h"

/* The entry of the menu if the terms are right and an answer's, else NULL. */
static const struct table_epsilon *checked_answer(const struct mechanism_terms *t) {
    if (t->mechanism <= KIND_GAUSSIAN || mechanism_check(t, NULL, NULL) != 0) return NULL;
    return mechanism_epsilon(t->eps_micro);
}

/* ---- Subset selection ---------------------------------------------------------------------- */

static int bit_get(const uint8_t *bits, uint32_t i) { return bits[i / 8] >> (i % 8) & 1; }

/* Member number i of a list. */
static uint32_t member(const uint8_t *answer, uint32_t i) {
    uint32_t v = 0;
    for (uint32_t b = 0; b < SUBSET_MEMBER_BITS; b++)
        v |= (uint32_t)bit_get(answer, SUBSET_MEMBER_BITS * i + b) << b;
    return v;
}

static int check_list(uint32_t k, uint32_t size, const uint8_t *answer) {
    for (uint32_t i = 0; i < size; i++) {
        if (member(answer, i) >= k || (i > 0 && member(answer, i) <= member(answer, i - 1)))
            return -1;
    }
    return size % 2 && answer[SUBSET_MEMBER_BITS * size / 8] >> 4 ? -1 : 0;
}

static int subset_check(const struct table_epsilon *e, uint32_t k, const uint8_t *answer) {
    uint32_t size = subset_size(e, k), n = 0;
    if (k > SUBSET_BITMAP_MAX) return check_list(k, size, answer);
    for (uint32_t i = 0; i < 8 * ((k + 7) / 8); i++) {
        if (i >= k && bit_get(answer, i)) return -1;
        n += (uint32_t)bit_get(answer, i);
    }
    return n == size ? 0 : -1;
}

static int subset_supports(const struct table_epsilon *e, uint32_t k, const uint8_t *answer,
                           uint32_t cell) {
    if (k <= SUBSET_BITMAP_MAX) return bit_get(answer, cell);
    for (uint32_t i = 0, size = subset_size(e, k); i < size; i++)
        if (member(answer, i) == cell) return 1;
    return 0;
}

/* ---- Projective geometry response ------------------------------------------------------------ */

static void projective_odds(const struct table_epsilon *e, uint32_t k, struct odds *odds) {
    struct projective_space s = projective_space(e, k);
    struct weights w = mechanism_weights(e);
    odds->p = w.in * s.on_plane;
    odds->q = w.in * s.on_two + w.out * (s.on_plane - s.on_two);
    odds->of = odds->p + w.out * (s.points - s.on_plane);
}

static int projective_check(const struct table_epsilon *e, uint32_t k, const uint8_t *answer) {
    return load32(answer) < projective_space(e, k).points ? 0 : -1;
}

static int projective_supports(const struct table_epsilon *e, uint32_t k, const uint8_t *answer,
                               uint32_t cell) {
    struct projective_space s = projective_space(e, k);
    uint8_t u[PROJECTIVE_COORDINATES_MAX], v[PROJECTIVE_COORDINATES_MAX];
    if (load32(answer) >= s.points) return 0;
    projective_point(&s, load32(answer), u);
    projective_point(&s, cell, v);
    return projective_inner(&s, u, v) == 0;
}

/* ---- Answers ------------------------------------------------------------------------------- */

int mechanism_answer_check(const struct mechanism_terms *t, const uint8_t *answer, size_t n) {
    const struct table_epsilon *e = checked_answer(t);
    if (!e || n != mechanism_answer_bytes(t)) return -1;
    if (t->mechanism == KIND_SUBSET) return subset_check(e, t->n_cells, answer);
    if (t->mechanism == KIND_PROJECTIVE) return projective_check(e, t->n_cells, answer);
    return answer[0] <= 1 ? 0 : -1;
}

int mechanism_supports(const struct mechanism_terms *t, const uint8_t *answer, uint32_t cell) {
    const struct table_epsilon *e = checked_answer(t);
    if (!e || cell >= t->n_cells) return 0;
    if (t->mechanism == KIND_SUBSET) return subset_supports(e, t->n_cells, answer, cell);
    if (t->mechanism == KIND_PROJECTIVE) return projective_supports(e, t->n_cells, answer, cell);
    return answer[0] == 1;
}

/* ---- Odds ---------------------------------------------------------------------------------- */

static int odds_of(const struct mechanism_terms *t, struct odds *odds) {
    const struct table_epsilon *e = checked_answer(t);
    if (!e) return -1;
    struct weights w = mechanism_weights(e);
    if (t->mechanism == KIND_SUBSET)
        subset_odds(e, t->n_cells, subset_size(e, t->n_cells), odds);
    else if (t->mechanism == KIND_PROJECTIVE)
        projective_odds(e, t->n_cells, odds);
    else
        *odds = (struct odds){w.in, w.out, w.in + w.out};
    return 0;
}

int mechanism_odds(const struct mechanism_terms *t, uint64_t *p, uint64_t *q, uint64_t *of) {
    struct odds odds;
    if (odds_of(t, &odds) != 0) return -1;
    *p = odds.p;
    *q = odds.q;
    *of = odds.of;
    return 0;
}

uint64_t mechanism_mse_q32(const struct mechanism_terms *t) {
    struct odds odds;
    if (t->mechanism == KIND_ONE_BIT || odds_of(t, &odds) != 0) return 0;
    return mechanism_odds_mse_q32(&odds, t->n_cells);
}

/* ---- Noise --------------------------------------------------------------------------------- */

int mechanism_scale(const struct mechanism_terms *t, uint64_t *num, uint64_t *den) {
    if (mechanism_check(t, NULL, NULL) != 0 || t->mechanism > KIND_GAUSSIAN) return -1;
    if (t->mechanism == KIND_LAPLACE) {
        *num = (uint64_t)t->max_cells * t->max_weight * 1000000u;
        *den = t->eps_micro;
    } else {
        uint32_t a, s;
        mechanism_gaussian_law(t, &a, &s);
        *num = UINT64_C(1) << (s - 1);
        *den = a;
    }
    return 0;
}

/* ---- Choosing ------------------------------------------------------------------------------ */

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
    choice->excess_ppm =
        (uint32_t)((mechanism_ratio_q32(excess, choice->best_q32) * 1000000 >> 32) + 1);
    return 0;
}
