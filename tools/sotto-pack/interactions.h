/* interactions: which items stood in which baskets, reduced to the items a model can learn about.
 * Owns its arrays; the dataset it was made from must outlive it. Called by train and holdout. */
#ifndef SOTTO_PACK_INTERACTIONS_H
#define SOTTO_PACK_INTERACTIONS_H

#include "base/base.h"
#include "tools/common/dataset.h"

struct interactions {
    uint32_t n_items, n_baskets;
    uint32_t skipped_ids; /* items left out because their id is too long or not printable */
    uint32_t *item_of;    /* n_items: dataset item of each model item, in ascending order of id */
    uint32_t *model_of;   /* per dataset item: model item or DATASET_NONE */
    size_t *starts;       /* n_baskets + 1 */
    uint32_t *items; /* model items in file order; basket b is items[starts[b] … starts[b + 1]) */
    int64_t *times_s; /* n_baskets */
};

/* Takes the dataset's first `n_baskets` baskets and the items that are in at least `min_baskets` of
 * them. Items are numbered by id, so the order of the lines in the file does not matter to the
 * model. SOTTO_E_LIMIT when fewer than 2 or more than 65535 items are left. */
int interactions_make(struct interactions *x, const struct dataset *data, uint32_t n_baskets,
                      uint32_t min_baskets, struct sotto_error *err) MUST_CHECK;
void interactions_free(struct interactions *x);

/* Popularity with a half-life: out[i] = Σ over baskets with i of 2^(−age / half_life), age counted
 * back from the last basket. `half_life_days` 0 weighs all alike. */
void interactions_popularity(const struct interactions *x, double half_life_days, double *out);

#endif
