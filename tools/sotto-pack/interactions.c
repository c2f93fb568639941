/* interactions: the binary row × item matrix in sparse rows. See interactions.h. */
#include "tools/sotto-pack/interactions.h"

#include <math.h>
#include <stdlib.h>

#include "pack/model.h"

#define DAY_S 86400.0

/* qsort has no context; the builder's main thread alone sorts. */
static const struct dataset *sorted_data;

static int by_id(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return strcmp(sorted_data->items[x].id, sorted_data->items[y].id);
}

static int has_usable_id(const char *id) {
    size_t n = strlen(id);
    return n >= 1 && n <= SOTTO_ITEM_ID_MAX && utf8_is_printable(id, n);
}

static int is_held(const struct interactions_options *o, size_t entry) {
    return o->held && o->held[entry];
}

/* In how many of the baskets each item is; one that comes again in a basket counts once. */
static void count_items(const struct dataset *data, const struct interactions_options *o,
                        uint32_t *counts, uint32_t *last) {
    for (uint32_t b = 0; b < o->n_baskets; b++) {
        const struct dataset_basket *basket = &data->baskets[b];
        for (uint32_t k = 0; k < basket->n; k++) {
            uint32_t item = data->basket_items[basket->first + k];
            if (is_held(o, basket->first + k) || last[item] == b + 1) continue;
            last[item] = b + 1;
            counts[item]++;
        }
    }
}

/* Chooses and numbers the items. */
static int choose_items(struct interactions *x, const struct dataset *data,
                        const struct interactions_options *o, uint32_t *counts,
                        struct sotto_error *err) {
    for (uint32_t i = 0; i < data->n_items; i++) {
        x->model_of[i] = DATASET_NONE;
        if (counts[i] < o->min_baskets || counts[i] == 0) continue;
        if (has_usable_id(data->items[i].id))
            x->item_of[x->n_items++] = i;
        else
            x->skipped_ids++;
    }
    if (x->n_items < 2)
        return fail(err, SOTTO_E_LIMIT,
                    "only %u of %u items are in at least %u of %u baskets, which is too little to "
                    "learn from: lower --min-baskets, widen --from and --until or add data",
                    x->n_items, data->n_items, o->min_baskets, o->n_baskets);
    if (x->n_items > MODEL_ITEMS_MAX)
        return fail(err, SOTTO_E_LIMIT,
                    "%u items are in at least %u baskets, a pack holds %u: raise --min-baskets",
                    x->n_items, o->min_baskets, MODEL_ITEMS_MAX);
    sorted_data = data;
    qsort(x->item_of, x->n_items, sizeof *x->item_of, by_id);
    for (uint32_t i = 0; i < x->n_items; i++) x->model_of[x->item_of[i]] = i;
    return SOTTO_OK;
}

/* The baskets in the order of their rows: as they come, or customer by customer. */
static uint32_t *order_of_rows(const struct dataset *data, const struct interactions_options *o,
                               uint32_t *row_of) {
    uint32_t n = o->n_baskets, *order = malloc(((size_t)n + 1) * sizeof *order);
    size_t *at = calloc((size_t)data->n_customers + 2, sizeof *at);
    uint32_t rows = 0, placed = 0;
    if (order && at && o->by_customer) {
        /* Counting sort, stable; strangers come last, each a row of its own. */
        for (uint32_t b = 0; b < n; b++)
            at[data->baskets[b].customer == DATASET_NONE ? data->n_customers
                                                         : data->baskets[b].customer]++;
        for (uint32_t c = 0; c <= data->n_customers; c++) {
            size_t count = at[c];
            at[c] = placed;
            placed += (uint32_t)count;
        }
        for (uint32_t b = 0; b < n; b++) {
            uint32_t c = data->baskets[b].customer;
            order[at[c == DATASET_NONE ? data->n_customers : c]++] = b;
        }
        for (uint32_t k = 0; k < n; k++) {
            uint32_t c = data->baskets[order[k]].customer;
            int joins = k > 0 && c != DATASET_NONE && c == data->baskets[order[k - 1]].customer;
            row_of[k] = joins ? rows - 1 : rows++;
        }
    } else if (order && at) {
        for (uint32_t b = 0; b < n; b++) order[b] = row_of[b] = b;
    }
    free(at);
    return order;
}

static int fill_rows(struct interactions *x, const struct dataset *data,
                     const struct interactions_options *o, uint32_t *last,
                     struct sotto_error *err) {
    uint32_t n = o->n_baskets, *row_of = malloc(((size_t)n + 1) * sizeof *row_of);
    uint32_t *order = row_of ? order_of_rows(data, o, row_of) : NULL;
    x->starts = calloc((size_t)n + 1, sizeof *x->starts);
    x->times_s = calloc((size_t)n + 1, sizeof *x->times_s);
    x->items = malloc((data->n_basket_items + 1) * sizeof *x->items);
    x->degree = calloc(x->n_items, sizeof *x->degree);
    int is_ready = order && x->starts && x->times_s && x->items && x->degree;
    size_t at = 0;
    memset(last, 0, data->n_items * sizeof *last);
    for (uint32_t k = 0; is_ready && k < n; k++) {
        const struct dataset_basket *basket = &data->baskets[order[k]];
        uint32_t row = row_of[k];
        if (basket->time_s > x->times_s[row]) x->times_s[row] = basket->time_s;
        for (uint32_t e = 0; e < basket->n; e++) {
            uint32_t item = data->basket_items[basket->first + e], model = x->model_of[item];
            int is_new = last[item] != row + 1;
            if (model == DATASET_NONE || is_held(o, basket->first + e)) continue;
            if (o->by_customer && !is_new) continue;
            last[item] = row + 1;
            x->degree[model] += (uint32_t)is_new;
            x->items[at++] = model;
        }
        x->n_rows = row + 1;
        x->starts[row + 1] = at;
    }
    free(row_of);
    free(order);
    return is_ready ? SOTTO_OK : fail(err, SOTTO_E_MEMORY, "no memory for %u baskets", n);
}

int interactions_make(struct interactions *x, const struct dataset *data,
                      const struct interactions_options *o, struct sotto_error *err) {
    memset(x, 0, sizeof *x);
    uint32_t *counts = calloc((size_t)data->n_items + 1, sizeof *counts);
    uint32_t *last = calloc((size_t)data->n_items + 1, sizeof *last);
    x->item_of = calloc((size_t)data->n_items + 1, sizeof *x->item_of);
    x->model_of = calloc((size_t)data->n_items + 1, sizeof *x->model_of);
    int status = SOTTO_OK;
    if (!counts || !last || !x->item_of || !x->model_of)
        status = fail(err, SOTTO_E_MEMORY, "no memory for %u items", data->n_items);
    if (status == SOTTO_OK) {
        count_items(data, o, counts, last);
        status = choose_items(x, data, o, counts, err);
    }
    if (status == SOTTO_OK) status = fill_rows(x, data, o, last, err);
    free(counts);
    free(last);
    if (status != SOTTO_OK) interactions_free(x);
    return status;
}

void interactions_free(struct interactions *x) {
    free(x->item_of);
    free(x->model_of);
    free(x->starts);
    free(x->items);
    free(x->times_s);
    free(x->degree);
    memset(x, 0, sizeof *x);
}

void interactions_popularity(const struct interactions *x, double half_life_days, double *out) {
    int64_t last = 0;
    for (uint32_t i = 0; i < x->n_items; i++) out[i] = 0;
    for (uint32_t r = 0; r < x->n_rows; r++)
        if (x->times_s[r] > last) last = x->times_s[r];
    for (uint32_t r = 0; r < x->n_rows; r++) {
        double age_days = (double)(last - x->times_s[r]) / DAY_S;
        double weight = half_life_days > 0 ? exp2(-age_days / half_life_days) : 1;
        for (size_t k = x->starts[r]; k < x->starts[r + 1]; k++) out[x->items[k]] += weight;
    }
}
