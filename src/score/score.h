/* score: history × model → the best items. Pure: plain arrays in, plain arrays out; knows no store,
 * clock or port. Integer arithmetic throughout, so every CPU gives the same bits. */
#ifndef SOTTO_SCORE_H
#define SOTTO_SCORE_H

#include "pack/model.h"

/* One distinct item of a history and how much it counts. */
struct score_input {
    uint32_t item;
    int32_t multiplier; /* event weight × decay × age × row scale, 0 to MODEL_UNIT */
    int32_t own;        /* what it adds to its own score: self and repeat terms; else 0 */
};

/* Multipliers of one history add up to at most this: 256 items that count in full.
 * No overflow then: |Σ multiplier · weight| ≤ 2^23 · 127 < 2^30, |prior| ≤ 2^28,
 * |own| ≤ MODEL_UNIT · MODEL_SELF_MAX + MODEL_REPEAT_MAX² < 2^27 + 2^28; in all < 2^31. */
#define SCORE_MULTIPLIERS_MAX (1 << 23)
#define SCORE_OWN_MAX         (MODEL_UNIT * MODEL_SELF_MAX + MODEL_REPEAT_MAX * MODEL_REPEAT_MAX)

/* Rounds a · b (both Q15, 0 to MODEL_UNIT) back to Q15. */
int32_t score_q15(int32_t a, int32_t b);

#define SCORE_PAYERS_MAX 96

struct score_hit {
    uint32_t item;
    int32_t score;
};

/* Memory that scoring needs. `sums` is all 0 between calls. */
struct score_work {
    int32_t *sums;     /* n_items */
    uint32_t *touched; /* score_touched_places(n_items) */
};

/* Room for every item once, and for one block more of edges. */
static inline size_t score_touched_places(uint32_t n_items) { return (size_t)n_items + 256; }

/* Which items may not be shown, by what they are. */
struct score_gate {
    const struct model *model;
    uint16_t flags;                         /* enum model_fact: an item with any of these may not */
    uint16_t only;                          /* nor may one that lacks any of these */
    uint32_t sensitive;                     /* nor one of any of these kinds */
    uint8_t rating;                         /* nor one for people older than this */
    uint8_t n_payers;                       /* nor one paid for by these */
    uint32_t groups[MODEL_GROUPS_MAX / 32]; /* nor one of these groups: one bit each */
    const char *payers[SCORE_PAYERS_MAX];
};

/* Which items may not be shown; one bit an item; any may be NULL. */
struct score_filter {
    const uint8_t *absent, *seen;
    const struct score_gate *gate;
};

int score_gate_bars(const struct score_gate *gate, uint32_t item);

static inline int score_is_barred(const struct score_filter *f, uint32_t item) {
    return ((f->absent && f->absent[item >> 3] >> (item & 7) & 1) ||
            (f->seen && f->seen[item >> 3] >> (item & 7) & 1) ||
            (f->gate && score_gate_bars(f->gate, item)));
}

/* The at most `k` best items by prior[j] + Σ_h multiplier_h · W[h][j] + own_j, best first, ties by
 * lower index; returns how many. O(edges of the history's rows + items barred or touched among the
 * most popular): items that nothing touched are found by their prior alone, which never ascends.
 * n ≤ SOTTO_HISTORY_MAX distinct items, multipliers as bounded above. */
size_t score_best(const struct model *model, const struct score_input *inputs, size_t n,
                  const struct score_filter *filter, struct score_work *work,
                  struct score_hit *hits, size_t k);

/* The same without a history: by prior alone. */
size_t score_popular(const struct model *model, const struct score_filter *filter,
                     struct score_hit *hits, size_t k);

/* Puts those items into the best first `hits`, of which there are `n`, that `filter` lets pass and
 * whose prior alone suffices; at most `k` hits stay. O(items as popular as what is there). */
size_t score_add_popular(const struct model *model, const struct score_filter *filter,
                         struct score_hit *hits, size_t n, size_t k);

/* Leaves in work->sums what a history adds to each item's prior. The caller puts every sum back to
 * 0. */
void score_sums(const struct model *model, const struct score_input *inputs, size_t n,
                struct score_work *work);

/* What input `in` adds to item `j` through its row (not its own term): exactly score_best's
 * summand. */
int32_t score_contribution(const struct model *model, struct score_input in, uint32_t j);

#endif
