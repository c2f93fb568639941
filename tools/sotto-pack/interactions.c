/* interactions: the binary basket × item matrix in sparse rows. See interactions.h. */
#include "tools/sotto-pack/interactions.h"

#include <math.h>
#include <stdlib.h>

#include "pack/model.h"

#define DAY_S 86400.0

static const struct dataset *sorted_data; /* qsort has no context; the host tool has one thread */

static int by_id(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return strcmp(sorted_data->items[x].id, sorted_data->items[y].id);
}

static int has_usable_id(const char *id) {
    size_t n = strlen(id);
    return n >= 1 && n <= SOTTO_ITEM_ID_MAX && utf8_is_printable(id, n);
}

/* Chooses and numbers the items. */
static int choose_items(struct interactions *x, const struct dataset *data, uint32_t min_baskets,
                        struct sotto_error *err) {
    uint32_t *counts = calloc((size_t)data->n_items + 1, sizeof *counts);
    x->item_of = calloc((size_t)data->n_items + 1, sizeof *x->item_of);
    x->model_of = calloc((size_t)data->n_items + 1, sizeof *x->model_of);
    if (!counts || !x->item_of || !x->model_of) {
        free(counts);
        return fail(err, SOTTO_E_MEMORY, "no memory for %u items", data->n_items);
    }
    for (uint32_t b = 0; b < x->n_baskets; b++) {
        const struct dataset_basket *basket = &data->baskets[b];
        for (uint32_t k = 0; k < basket->n; k++) counts[data->basket_items[basket->first + k]]++;
    }
    for (uint32_t i = 0; i < data->n_items; i++) {
        x->model_of[i] = DATASET_NONE;
        if (counts[i] < min_baskets || counts[i] == 0) continue;
        if (has_usable_id(data->items[i].id))
            x->item_of[x->n_items++] = i;
        else
            x->skipped_ids++;
    }
    free(counts);
    if (x->n_items < 2)
        return fail(err, SOTTO_E_LIMIT,
                    "only %u of %u items are in at least %u of %u baskets, which is too little to "
                    "learn from: lower --min-baskets, widen --from and --until or add data",
                    x->n_items, data->n_items, min_baskets, x->n_baskets);
    if (x->n_items > MODEL_ITEMS_MAX)
        return fail(err, SOTTO_E_LIMIT,
                    "%u items are in at least %u baskets, a pack holds %u: raise --min-baskets",
                    x->n_items, min_baskets, MODEL_ITEMS_MAX);
    sorted_data = data;
    qsort(x->item_of, x->n_items, sizeof *x->item_of, by_id);
    for (uint32_t i = 0; i < x->n_items; i++) x->model_of[x->item_of[i]] = i;
    return SOTTO_OK;
}

int interactions_make(struct interactions *x, const struct dataset *data, uint32_t n_baskets,
                      uint32_t min_baskets, struct sotto_error *err) {
    memset(x, 0, sizeof *x);
    x->n_baskets = n_baskets;
    int status = choose_items(x, data, min_baskets, err);
    if (status == SOTTO_OK) {
        x->starts = calloc((size_t)n_baskets + 1, sizeof *x->starts);
        x->times_s = calloc((size_t)n_baskets + 1, sizeof *x->times_s);
        x->items = calloc(data->n_basket_items + 1, sizeof *x->items);
        if (!x->starts || !x->times_s || !x->items)
            status = fail(err, SOTTO_E_MEMORY, "no memory for %u baskets", n_baskets);
    }
    if (status != SOTTO_OK) {
        interactions_free(x);
        return status;
    }
    size_t at = 0;
    for (uint32_t b = 0; b < n_baskets; b++) {
        const struct dataset_basket *basket = &data->baskets[b];
        x->starts[b] = at;
        x->times_s[b] = basket->time_s;
        for (uint32_t k = 0; k < basket->n; k++) {
            uint32_t item = x->model_of[data->basket_items[basket->first + k]];
            if (item != DATASET_NONE) x->items[at++] = item;
        }
    }
    x->starts[n_baskets] = at;
    return SOTTO_OK;
}

void interactions_free(struct interactions *x) {
    free(x->item_of);
    free(x->model_of);
    free(x->starts);
    free(x->items);
    free(x->times_s);
    memset(x, 0, sizeof *x);
}

void interactions_popularity(const struct interactions *x, double half_life_days, double *out) {
    int64_t last = 0;
    for (uint32_t i = 0; i < x->n_items; i++) out[i] = 0;
    for (uint32_t b = 0; b < x->n_baskets; b++)
        if (x->times_s[b] > last) last = x->times_s[b];
    for (uint32_t b = 0; b < x->n_baskets; b++) {
        double age_days = (double)(last - x->times_s[b]) / DAY_S;
        double weight = half_life_days > 0 ? exp2(-age_days / half_life_days) : 1;
        for (size_t k = x->starts[b]; k < x->starts[b + 1]; k++) out[x->items[k]] += weight;
    }
}
