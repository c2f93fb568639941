/* interactions: which items stood in which rows (baskets, sessions or people), reduced to the items
 * a model can learn about. Owns its arrays; the dataset it was made from must outlive it. Called by
 * train, tune and examples. */
#ifndef SOTTO_PACK_INTERACTIONS_H
#define SOTTO_PACK_INTERACTIONS_H

#include "base/base.h"
#include "tools/common/dataset.h"

struct interactions_options {
    uint32_t n_baskets;   /* take the dataset's first so many baskets */
    uint32_t min_baskets; /* and the items that are in at least so many of them */
    int by_customer;      /* 1: all baskets of a customer make one row, each item once in it */
    const uint8_t *held;  /* per entry of basket_items: 1 leaves it out; NULL: none */
};

struct interactions {
    uint32_t n_items, n_rows;
    uint32_t skipped_ids; /* items left out because their id is too long or not printable */
    uint32_t *item_of;    /* n_items: dataset item of each model item, in ascending order of id */
    uint32_t *model_of;   /* per dataset item: model item or DATASET_NONE */
    size_t *starts;       /* n_rows + 1 */
    uint32_t *items;      /* in order; row r is items[starts[r] … starts[r + 1]) */
    int64_t *times_s;     /* n_rows: of its last basket */
    uint32_t *degree;     /* n_items: in how many rows */
};

/* Items are numbered by id, so the order of the lines in the file does not matter to the model.
 * SOTTO_E_LIMIT when fewer than 2 or more than MODEL_ITEMS_MAX items are left. */
int interactions_make(struct interactions *x, const struct dataset *data,
                      const struct interactions_options *options,
                      struct sotto_error *err) MUST_CHECK;
void interactions_free(struct interactions *x);

/* Popularity with a half-life: out[i] = Σ over rows, as often as i is in them, of
 * 2^(−age / half_life), age counted back from the last row to the row's last basket.
 * `half_life_days` 0 weighs all alike. */
void interactions_popularity(const struct interactions *x, double half_life_days, double *out);

#endif
