/* score: history × model → scores. Pure: plain arrays in, plain arrays out; knows no store, clock
 * or port. Integer arithmetic throughout, so every CPU gives the same bits. */
#ifndef SOTTO_SCORE_H
#define SOTTO_SCORE_H

#include "pack/model.h"

/* One distinct item of a history and how much it counts: multiplier = event weight × decay × row
 * scale, 0 to MODEL_UNIT. */
struct score_input {
    uint32_t item;
    int32_t multiplier;
};

/* Rounds a · b (both Q15, 0 to MODEL_UNIT) back to Q15. */
int32_t score_q15(int32_t a, int32_t b);

/* acc[j] = prior[j] + Σ_h multiplier_h · W[h][j] for every item j. n ≤ SOTTO_HISTORY_MAX.
 * No overflow: |Σ| ≤ 256 · 2^15 · 127 < 2^30 and |prior| ≤ 2^29. */
void score_all(const struct model *model, const struct score_input *inputs, size_t n, int32_t *acc);

/* What input `in` adds to item `j`: exactly the summand of score_all. */
int32_t score_contribution(const struct model *model, struct score_input in, uint32_t j);

/* Writes the at most `k` best items whose bit in `skip` is 0, best first, ties by lower index;
 * returns how many. `skip` holds one bit per item. */
size_t score_top(const int32_t *acc, uint32_t n_items, const uint8_t *skip, uint32_t *items,
                 size_t k);

#endif
