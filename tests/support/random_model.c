#include "random_model.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"

static int by_key(const void *a, const void *b) {
    uint64_t x = hash_item_id(*(const char *const *)a), y = hash_item_id(*(const char *const *)b);
    return x < y ? -1 : x > y;
}

static int falling(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x > y ? -1 : x < y;
}

/* Any unit, or exactly one. */
static uint16_t unit(struct dice *d, int is_extreme) {
    return is_extreme ? MODEL_UNIT : (uint16_t)dice_below(d, MODEL_UNIT + 1);
}

static void make_catalogue(struct random_model *r, uint32_t n) {
    const char **ids = calloc(n, sizeof *ids);
    for (uint32_t i = 0; i < n; i++) {
        char *id = r->strings + 17 * (size_t)i + 1;
        snprintf(id, 16, "item-%u", i); /* the title is empty: the byte behind it */
        store32(r->items + 8 * (size_t)i, (uint32_t)(id - r->strings));
        ids[i] = id;
    }
    qsort(ids, n, sizeof *ids, by_key);
    for (uint32_t i = 0; i < n; i++) {
        store32(r->keys + 8 * (size_t)i, (uint32_t)(hash_item_id(ids[i]) >> 32));
        store32(r->keys + 8 * (size_t)i + 4, (uint32_t)(ids[i] - r->strings - 1) / 17);
    }
    free(ids);
}

static void make_rows(struct random_model *r, struct dice *d, uint32_t n, int is_extreme,
                      int sign) {
    uint32_t edges = 0;
    for (uint32_t i = 0; i < n; i++) {
        r->row_starts[i] = edges;
        for (uint32_t j = 0; j < n; j++) {
            if (j == i || (!is_extreme && dice_below(d, 3) != 0)) continue;
            int weight = (int)dice_below(d, 254) - 127;
            r->columns[edges] = (uint16_t)j;
            r->weights[edges++] = (int8_t)(is_extreme   ? sign * 127
                                           : weight < 0 ? weight
                                                        : weight + 1);
        }
    }
    r->row_starts[n] = r->model.n_edges = edges;
}

void random_model_make(struct random_model *r, struct dice *d, uint32_t n, int is_extreme) {
    struct model *m = &r->model;
    memset(r, 0, sizeof *r);
    r->row_starts = calloc(n + 1, sizeof *r->row_starts);
    r->columns = calloc((size_t)n * n, sizeof *r->columns);
    r->weights = calloc((size_t)n * n, 1);
    r->rows = calloc((size_t)n * n, 4);
    r->prior = calloc(n, sizeof *r->prior);
    r->scales = calloc(n, sizeof *r->scales);
    r->self = calloc(n, sizeof *r->self);
    r->decay = calloc(MODEL_DECAY_MAX, sizeof *r->decay);
    r->ages = calloc(MODEL_DAYS_MAX, sizeof *r->ages);
    r->repeat_ages = calloc(MODEL_DAYS_MAX, sizeof *r->repeat_ages);
    r->repeat = calloc(MODEL_GROUPS_MAX, sizeof *r->repeat);
    r->items = calloc(n, 8);
    r->keys = calloc(n, 8);
    r->strings = calloc(n + 1, 17);

    m->version = 1;
    m->codec = MODEL_FIXED16;
    m->n_items = n;
    m->n_groups = 1;
    m->n_decay = is_extreme ? MODEL_DECAY_MAX : 1 + dice_below(d, MODEL_DECAY_MAX);
    m->n_ages = 1 + dice_below(d, 30);
    m->n_repeat_ages = 1 + dice_below(d, 30);
    for (uint32_t i = 0; i < m->n_decay; i++) r->decay[i] = unit(d, is_extreme);
    for (uint32_t i = 0; i < m->n_ages; i++) r->ages[i] = unit(d, is_extreme);
    for (uint32_t i = 0; i < m->n_repeat_ages; i++) r->repeat_ages[i] = unit(d, is_extreme);
    for (int t = 1; t < 4; t++) m->event_weights[t] = unit(d, is_extreme);
    for (uint32_t g = 0; g < MODEL_GROUPS_MAX; g++)
        r->repeat[g] = (uint16_t)(is_extreme ? MODEL_REPEAT_MAX : dice_below(d, 2000));
    int sign = dice_below(d, 2) ? 1 : -1;
    for (uint32_t i = 0; i < n; i++) {
        r->scales[i] = unit(d, is_extreme);
        r->prior[i] = is_extreme
                          ? sign * MODEL_PRIOR_MAX
                          : (int32_t)dice_below(d, 2 * MODEL_PRIOR_MAX + 1) - MODEL_PRIOR_MAX;
        r->self[i] =
            (int16_t)(is_extreme ? sign * MODEL_SELF_MAX
                                 : (int)dice_below(d, 2 * MODEL_SELF_MAX + 1) - MODEL_SELF_MAX);
    }
    qsort(r->prior, n, sizeof *r->prior, falling);
    make_rows(r, d, n, is_extreme, sign);
    make_catalogue(r, n);
    m->strings = r->strings;
    m->items = r->items;
    m->keys = r->keys;
    m->prior = r->prior;
    m->row_starts = r->row_starts;
    m->columns = r->columns;
    m->weights = r->weights;
    m->scales = r->scales;
    m->self = r->self;
    m->decay = r->decay;
    m->ages = r->ages;
    m->repeat_ages = r->repeat_ages;
    m->repeat = r->repeat;
}

void random_model_to_varint(struct random_model *r) {
    struct model *m = &r->model;
    size_t at = 0;
    for (uint32_t i = 0; i < m->n_items; i++) {
        uint32_t start = r->row_starts[i], end = r->row_starts[i + 1], before = UINT32_MAX;
        /* Row starts change from edges to bytes as the rows go by. */
        r->row_starts[i] = (uint32_t)at;
        for (uint32_t e = start; e < end; e++) {
            uint32_t step = r->columns[e] - before;
            before = r->columns[e];
            for (; step > 0x7f; step >>= 7) r->rows[at++] = (uint8_t)(step | 0x80);
            r->rows[at++] = (uint8_t)step;
            r->rows[at++] = (uint8_t)r->weights[e];
        }
    }
    r->row_starts[m->n_items] = (uint32_t)at;
    m->codec = MODEL_VARINT;
    m->rows = r->rows;
    m->columns = NULL;
    m->weights = NULL;
}

void random_model_free(struct random_model *r) {
    void *owned[] = {r->row_starts, r->columns, r->weights, r->rows,        r->prior,
                     r->scales,     r->decay,   r->ages,    r->repeat_ages, r->repeat,
                     r->self,       r->items,   r->keys,    r->strings};
    for (unsigned i = 0; i < ARRAY_LEN(owned); i++) free(owned[i]);
    memset(r, 0, sizeof *r);
}
