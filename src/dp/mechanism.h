/* mechanism: the five ways in which something about people may leave, each with what it costs and
 * how it is read. Pure but for the generator: plain arrays in, plain arrays out; no store, no
 * clock. Promises that an answer or a noised count is made as its cost says, or not at all: after
 * an error nothing was written to the output. Called by release/release.c and household.c. Answers
 * are read by who collects them: tools/common/mechanism_read.h.
 *
 *     visits      (curator; neighbours differ by one visit added or removed)
 *       1 Laplace     discrete Laplace of scale C·w/epsilon on every cell; C ≤ 10
 *       2 Gaussian    discrete Gaussian, zCDP, at delta 2^-20; C > 10
 *     households  (local; neighbours are any two values of one household)
 *       3 subset      subset selection (Ye, Barg 2018)
 *       4 projective  projective geometry response (Feldman, Nelson, Nguyen, Talwar 2022)
 *       5 one bit     of a bounded value (Ding, Kulkarni, Yekhanin 2017)
 *
 * Every probability is a ratio of integers or, in constant time, a committed threshold whose
 * distance from the ideal is part of the cost. Epsilon comes from a fixed menu. */
#ifndef SOTTO_MECHANISM_H
#define SOTTO_MECHANISM_H

#include "crypto/crypto.h"

/* The numbers of enum policy_mechanism. */
enum mechanism_kind {
    KIND_LAPLACE = 1,
    KIND_GAUSSIAN = 2,
    KIND_SUBSET = 3,
    KIND_PROJECTIVE = 4,
    KIND_ONE_BIT = 5
};

#define MECHANISM_LAPLACE_CELLS_MAX 10u   /* C: Gaussian noise is the smaller one beyond */
#define MECHANISM_COUNTED_MAX       64u   /* cells of a visits' metric, and the largest C */
#define MECHANISM_WEIGHT_MAX        16u   /* w */
#define MECHANISM_CELLS_MAX         4096u /* k, of a household's metric */
#define MECHANISM_VALUE_MAX         65535u
#define MECHANISM_ANSWER_MAX        32u /* bytes */
/* Counts and noised counts are kept within these; a count beyond is refused. */
#define MECHANISM_COUNT_MAX 32767
#define MECHANISM_OUT_MIN   (-32768)
#define MECHANISM_OUT_MAX   32767

struct mechanism_terms {
    uint32_t mechanism;  /* enum mechanism_kind */
    uint32_t eps_micro;  /* one of mechanism_menu */
    uint32_t max_cells;  /* C, 1 and 2: cells that one visit may touch at most */
    uint32_t max_weight; /* w, 1 and 2: what it may add to each at most; 1 … 16 */
    uint32_t n_cells;    /* 1, 2: 1 … 64, all noised. 3, 4: k = 2 … 4096 values. 5: 1 */
    uint32_t max_value;  /* 5: the value lies in 0 … max_value, 1 … 65535 */
};
/* Fields that do not concern the mechanism are not looked at. */

/* What one answer or one noised window costs its unit. Every figure is an upper bound. */
struct mechanism_cost {
    uint64_t eps_micro;
    /* zCDP (Bun, Steinke 2016) in 2^-40, rounded up: epsilon·tanh(epsilon/2), which holds for
     * every pure mechanism; for the Gaussian one C·w²/(2 sigma²). */
    uint64_t rho_q40;
    /* 0: delta is 0. Otherwise delta ≤ 2^-delta_log2: 20 for the Gaussian, where rho is turned into
     * epsilon; MECHANISM_FIXED_TIME_DELTA_LOG2 for Laplace noise in fixed time. rho itself holds up
     * to a delta of the latter at most. */
    uint32_t delta_log2;
    int is_fixed_time; /* how long the noise takes tells nothing about it */
};
#define MECHANISM_GAUSSIAN_DELTA_LOG2   20u
#define MECHANISM_FIXED_TIME_DELTA_LOG2 100u

/* The epsilons there are, ascending, in micro-epsilon: 1/8, 1/4, 1/2, 1, 2, 3, 4, 5. Mechanisms 1
 * and 2 take only the powers of two (`for_visits`). *n is set; the array is static. */
const uint32_t *mechanism_menu(int for_visits, size_t *n);

/* 0 and *cost when the terms are possible; else -1, and *wrong is a sentence for people, static.
 * Either may be NULL. */
int mechanism_check(const struct mechanism_terms *t, struct mechanism_cost *cost,
                    const char **wrong) MUST_CHECK;

/* 1, 2: out[c] = counts[c] + noise for all n_cells, fresh for each; clamped to 16 bits after the
 * noise. -1, and `out` untouched, when the terms are wrong, a count is beyond MECHANISM_COUNT_MAX
 * or the generator failed. */
int mechanism_noise(struct rng *g, const struct mechanism_terms *t, const uint16_t *counts,
                    int16_t *out) MUST_CHECK;

/* 3, 4, 5: bytes of an answer, fixed by the terms, 1 … MECHANISM_ANSWER_MAX; 0 when the terms are
 * wrong or are those of 1 and 2.
 *     3, k ≤ 256  bitmap, cell c is bit c % 8 of byte c / 8; spare bits 0
 *     3, k > 256  the members, ascending, 12 bits each, packed from the lowest bit of the first
 *                 byte on; spare bits 0. At most 21 members: beyond, PGR is as good and smaller
 *     4           number of the projective point, u32 little-endian
 *     5           0 or 1 */
size_t mechanism_answer_bytes(const struct mechanism_terms *t);

/* 3, 4, 5: the randomised answer for `value` (below n_cells; 5: at most max_value) in
 * mechanism_answer_bytes bytes. -1, and `answer` untouched, when terms or value are wrong or the
 * generator failed. */
int mechanism_answer(struct rng *g, const struct mechanism_terms *t, uint32_t value,
                     uint8_t *answer) MUST_CHECK;

#endif
