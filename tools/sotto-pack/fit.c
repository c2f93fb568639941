/* fit: rows of interactions, groups, learning, repeat rates. See fit.h. */
#include "tools/sotto-pack/fit.h"

#include <stdlib.h>

#include "tools/sotto-pack/memory.h"

#define WIDTH       384 /* neighbours kept for serving; a pack holds fewer */
#define WIDTH_LARGE 128 /* where there are more than 65536 items */
#define RATE_PRIOR  50  /* opportunities that a group's repeat rate starts with */

/* How often what a customer took before is taken again, group by group, against the average: an
 * opportunity is each distinct item of the earlier baskets at each later basket. Shrunk to 1. */
static int repeat_rates(struct fit *f, uint32_t n_baskets, const uint8_t *held,
                        struct sotto_error *err) {
    const struct dataset *d = f->data;
    double chances[GROUPS_CELLS_MAX] = {0}, taken[GROUPS_CELLS_MAX] = {0}, all = 0, all_taken = 0;
    uint32_t *last = calloc((size_t)d->n_items + 1, sizeof *last); /* customer + 1 who took it */
    uint32_t *seen = calloc((size_t)d->n_items + 1, sizeof *seen); /* basket + 1 it was seen in */
    uint32_t *order = calloc((size_t)n_baskets + 1, sizeof *order);
    uint32_t *starts = calloc((size_t)d->n_customers + 2, sizeof *starts);
    uint32_t owned[GROUPS_CELLS_MAX];
    for (uint32_t g = 0; g < GROUPS_CELLS_MAX; g++) f->repeat_rates[g] = 1;
    if (!last || !seen || !order || !starts) {
        free(last);
        free(seen);
        free(order);
        free(starts);
        return fail(err, SOTTO_E_MEMORY, "no memory for %u customers", d->n_customers);
    }
    for (uint32_t b = 0; b < n_baskets; b++)
        if (d->baskets[b].customer != DATASET_NONE) starts[d->baskets[b].customer + 2]++;
    for (uint32_t c = 0; c < d->n_customers; c++) starts[c + 2] += starts[c + 1];
    for (uint32_t b = 0; b < n_baskets; b++)
        if (d->baskets[b].customer != DATASET_NONE) order[starts[d->baskets[b].customer + 1]++] = b;
    for (uint32_t c = 0; c < d->n_customers; c++) {
        memset(owned, 0, sizeof owned);
        for (uint32_t k = starts[c]; k < starts[c + 1]; k++) {
            const struct dataset_basket *basket = &d->baskets[order[k]];
            uint32_t now = order[k] + 1;
            for (uint32_t g = 0; g < f->groups.n; g++) chances[g] += owned[g];
            for (uint32_t e = 0; e < basket->n; e++) {
                uint32_t item = d->basket_items[basket->first + e], model = f->x.model_of[item];
                if (model == DATASET_NONE || seen[item] == now) continue;
                if (held && held[basket->first + e]) continue;
                seen[item] = now;
                uint32_t g = f->groups.of_item[model];
                if (last[item] == c + 1)
                    taken[g]++;
                else
                    owned[g]++;
                last[item] = c + 1;
            }
        }
    }
    for (uint32_t g = 0; g < f->groups.n; g++) {
        all += chances[g];
        all_taken += taken[g];
    }
    double average = all > 0 ? all_taken / all : 0;
    for (uint32_t g = 0; g < f->groups.n && average > 0; g++)
        f->repeat_rates[g] =
            (taken[g] + RATE_PRIOR * average) / (chances[g] + RATE_PRIOR) / average;
    free(last);
    free(seen);
    free(order);
    free(starts);
    return SOTTO_OK;
}

static uint32_t width_of(const struct interactions *x) {
    return x->n_items > 65536 ? WIDTH_LARGE : WIDTH;
}

static uint64_t memory_of(const struct fit_options *options) {
    return options->most_memory ? options->most_memory : memory_now("");
}

int fit_is_sparse(const struct interactions *x, const struct fit_options *options) {
    struct learn_params p = options->learn;
    p.is_sparse = 0;
    if (options->method != METHOD_AUTO) return options->method == METHOD_SPARSE;
    return x->n_items > FIT_DENSE_ITEMS_MAX || learn_bytes(x, &p, width_of(x)) > memory_of(options);
}

int fit_check(const struct interactions *x, const struct fit_options *options,
              struct sotto_error *err) {
    struct learn_params p = options->learn;
    p.is_sparse = fit_is_sparse(x, options);
    return learn_check(x, &p, width_of(x), memory_of(options), err);
}

int fit_learn(struct fit *f, const struct dataset *data, uint32_t n_baskets, const uint8_t *held,
              const struct fit_options *options, const char *label, struct sotto_error *err) {
    const struct interactions_options of = {.n_baskets = n_baskets,
                                            .min_baskets = options->min_baskets,
                                            .by_customer = options->by_customer,
                                            .held = held};
    struct learn_params learn = options->learn;
    memset(f, 0, sizeof *f);
    f->data = data;
    int status = interactions_make(&f->x, data, &of, err);
    if (status == SOTTO_OK) {
        f->is_sparse = learn.is_sparse = fit_is_sparse(&f->x, options);
        status =
            learn_rows(&f->rows, &f->x, &learn, width_of(&f->x), memory_of(options), label, err);
    }
    if (status == SOTTO_OK) status = fit_describe(f, n_baskets, held, options, err);
    if (status == SOTTO_OK) status = repeat_rates(f, n_baskets, held, err);
    if (status != SOTTO_OK) fit_free(f);
    return status;
}

int fit_describe(struct fit *f, uint32_t n_baskets, const uint8_t *held,
                 const struct fit_options *options, struct sotto_error *err) {
    uint32_t learnt = f->x.n_items;
    int status = SOTTO_OK;
    if (options->catalogue)
        status = newcomers_add(&f->x, &f->rows, f->data, options->catalogue, n_baskets, held,
                               options->most_new, options->new_strength, &f->is_new, err);
    f->n_new = f->x.n_items - learnt;
    return status == SOTTO_OK ? groups_make(&f->groups, &f->x, f->data, err) : status;
}

void fit_free(struct fit *f) {
    free(f->is_new);
    f->is_new = NULL;
    interactions_free(&f->x);
    groups_free(&f->groups);
    rows_free(&f->rows);
}

int fit_serve(const struct fit *f, struct packed *packed, const struct serve_params *serve,
              uint32_t neighbours, uint64_t edge_bytes, enum model_codec codec,
              struct sotto_error *err) {
    const struct quantise_source source = {.x = &f->x,
                                           .rows = &f->rows,
                                           .groups = &f->groups,
                                           .repeat_rates = f->repeat_rates,
                                           .is_new = f->is_new,
                                           .neighbours = neighbours,
                                           .edge_bytes = edge_bytes,
                                           .codec = codec};
    return quantise(packed, &source, serve, err);
}
