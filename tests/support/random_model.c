#include "random_model.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"

static int by_key(const void *a, const void *b) {
    uint64_t x = load64(a), y = load64(b);
    return x < y ? -1 : x > y;
}

void random_model_make(struct random_model *r, struct dice *d, uint32_t n, int is_extreme) {
    struct model *m = &r->model;
    memset(r, 0, sizeof *r);
    uint32_t *starts = calloc(n + 1, sizeof *starts);
    uint16_t *columns = calloc((size_t)n * n, sizeof *columns);
    int8_t *weights = calloc((size_t)n * n, 1);
    int32_t *prior = calloc(n, sizeof *prior);
    uint16_t *scales = calloc(n, sizeof *scales), *decay = calloc(MODEL_DECAY_MAX, sizeof *decay);
    uint8_t *items = calloc(n, 12), *keys = calloc(n, 12);
    char *strings = calloc(n + 1, 16);
    void *owned[] = {starts, columns, weights, prior, scales, decay, items, keys, strings};
    memcpy(r->owned, owned, sizeof owned);

    m->version = 1;
    m->n_items = n;
    m->n_decay = is_extreme ? MODEL_DECAY_MAX : 1 + dice_below(d, MODEL_DECAY_MAX);
    for (uint32_t i = 0; i < m->n_decay; i++)
        decay[i] = is_extreme ? MODEL_UNIT : (uint16_t)dice_below(d, MODEL_UNIT + 1);
    for (int t = 1; t < 4; t++)
        m->event_weights[t] = is_extreme ? MODEL_UNIT : (uint16_t)dice_below(d, MODEL_UNIT + 1);
    uint32_t edges = 0;
    int sign = dice_below(d, 2) ? 1 : -1;
    for (uint32_t i = 0; i < n; i++) {
        starts[i] = edges;
        scales[i] = is_extreme ? MODEL_UNIT : (uint16_t)dice_below(d, MODEL_UNIT + 1);
        prior[i] = is_extreme ? sign * MODEL_PRIOR_MAX
                              : (int32_t)dice_below(d, 2 * MODEL_PRIOR_MAX + 1) - MODEL_PRIOR_MAX;
        for (uint32_t j = 0; j < n; j++) {
            if (j == i || (!is_extreme && dice_below(d, 3) != 0)) continue;
            columns[edges] = (uint16_t)j;
            weights[edges++] = (int8_t)(is_extreme ? sign * 127 : (int)dice_below(d, 255) - 127);
        }
        char id[16];
        int length = snprintf(id, sizeof id, "item-%u", i);
        memcpy(strings + 16 * (i + 1), id, (size_t)length + 1);
        store32(items + 12 * (size_t)i, 16 * (i + 1));
        store64(keys + 12 * (size_t)i, hash_item_id(id));
        store32(keys + 12 * (size_t)i + 8, i);
    }
    starts[n] = edges;
    qsort(keys, n, 12, by_key);
    m->n_edges = edges;
    m->strings = strings;
    m->items = items;
    m->keys = keys;
    m->prior = prior;
    m->row_starts = starts;
    m->columns = columns;
    m->weights = weights;
    m->scales = scales;
    m->decay = decay;
}

void random_model_free(struct random_model *r) {
    for (unsigned i = 0; i < ARRAY_LEN(r->owned); i++) free(r->owned[i]);
    memset(r, 0, sizeof *r);
}
