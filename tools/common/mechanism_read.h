/* mechanism_read: how the mechanisms of src/dp are read and chosen. A device makes answers and
 * never looks into one, so this is with those who do: sotto-fleet, sotto-pack, the tests. Pure;
 * every figure comes from the integers that the device draws with (dp/mechanism_inside.h). */
#ifndef SOTTO_MECHANISM_READ_H
#define SOTTO_MECHANISM_READ_H

#include "dp/mechanism.h"

/* ---- For who reads answers ----------------------------------------------------------------- */

/* 0 when `answer` could have been made under these terms: size, canonical form, range. */
int mechanism_answer_check(const struct mechanism_terms *t, const uint8_t *answer,
                           size_t n) MUST_CHECK;

/* 3, 4: whether a (checked) answer speaks for `cell`. 5: cell 0, whether the bit is set. */
int mechanism_supports(const struct mechanism_terms *t, const uint8_t *answer, uint32_t cell);

/* Exact: an answer supports its true value with probability p/of and any other with q/of; for 5,
 * p/of is Pr[1] at max_value and q/of at 0, and it is linear between. All below 2^60. So of n
 * answers of which s support a cell, (s - n·q/of) / (p/of - q/of) estimates how many hold it. -1
 * when the terms are wrong or are those of 1 and 2. */
int mechanism_odds(const struct mechanism_terms *t, uint64_t *p, uint64_t *q,
                   uint64_t *of) MUST_CHECK;

/* 2: sigma² = *num / *den, exact: Pr[x] ∝ exp(-x²·den/(2·num)) on every cell before the clamp. For
 * 1, Pr[x] ∝ exp(-|x|·den/num) with num/den = C·w/epsilon. -1 when the terms are wrong or those
 * of 3, 4, 5. */
int mechanism_scale(const struct mechanism_terms *t, uint64_t *num, uint64_t *den) MUST_CHECK;

/* ---- For who writes a policy --------------------------------------------------------------- */

/* Which of 3 and 4 answers a histogram of k values with the smaller error. */
struct mechanism_choice {
    uint32_t mechanism;
    uint32_t answer_bytes;
    uint64_t mse_q32;    /* n · mean squared error of a share, mean over the k cells, in 2^-32 */
    uint64_t best_q32;   /* the same for subset selection with the best w, whatever its size */
    uint32_t excess_ppm; /* mse over best, less one, rounded up */
};
/* -1 when epsilon is not in the menu or k is not 2 … 4096. */
int mechanism_choose(uint32_t eps_micro, uint32_t k, struct mechanism_choice *choice) MUST_CHECK;

/* n · mean squared error of a share in 2^-32, to one part in 2^18, for 3 and 4: per cell,
 * q(1-q)/(p-q)² + (1-p-q)/((p-q)·k). 0 when the terms are wrong. */
uint64_t mechanism_mse_q32(const struct mechanism_terms *t);

#endif
