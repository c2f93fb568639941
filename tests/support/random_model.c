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

#define NAMES_BYTES (256 * 16 + 16 * 16)

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
    r->strings = calloc(17 * ((size_t)n + 1) + NAMES_BYTES, 1);

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

/* A name behind those of the items. */
static uint32_t add_name(struct random_model *r, size_t *at, const char *kind, unsigned number) {
    uint32_t offset = (uint32_t)*at;
    *at += (size_t)snprintf(r->strings + *at, 16, "%s%u", kind, number) + 1;
    return offset;
}

void random_model_facts(struct random_model *r, struct dice *d, uint32_t groups) {
    struct model *m = &r->model;
    uint32_t payers[3], providers[4], tags[5];
    size_t at = 17 * ((size_t)m->n_items + 1);
    r->sets = calloc(m->n_items, MODEL_SET_BYTES);
    r->set_of = calloc(m->n_items, sizeof *r->set_of);
    r->tags = calloc(m->n_items, sizeof *r->tags);
    r->groups = calloc(groups, 4);
    for (unsigned i = 0; i < 3; i++) payers[i] = add_name(r, &at, "payer-", i);
    for (unsigned i = 0; i < 4; i++) providers[i] = add_name(r, &at, "provider-", i);
    for (unsigned i = 0; i < 5; i++) tags[i] = add_name(r, &at, "tag=", i);
    for (unsigned g = 0; g < groups; g++)
        store32(r->groups + 4 * (size_t)g, add_name(r, &at, "group-", g));
    for (uint32_t i = 0; i < m->n_items; i++) {
        uint8_t *set = r->sets + (size_t)i * MODEL_SET_BYTES;
        uint16_t flags = (uint16_t)((dice_below(d, 3) == 0 ? MODEL_PAID : 0) |
                                    (dice_below(d, 4) == 0 ? MODEL_STAFF : 0) |
                                    (dice_below(d, 9) == 0 ? MODEL_ADULT : 0) |
                                    (dice_below(d, 9) == 0 ? MODEL_SYNTHETIC : 0));
        store16(set, flags);
        set[2] = dice_below(d, 6) == 0 ? (uint8_t)dice_below(d, MODEL_RATING_MAX + 1) : 0;
        store32(set + 4, dice_below(d, 2) ? providers[dice_below(d, 4)] : 0);
        store32(set + 8, flags & MODEL_PAID ? payers[dice_below(d, 3)] : 0);
        store32(set + 12, dice_below(d, 8) == 0 ? 1u << dice_below(d, 14) : 0);
        store32(set + 16, i);
        r->tags[i] = tags[dice_below(d, 5)];
        r->set_of[i] = (uint16_t)i;
        store16(r->items + 8 * (size_t)i + 4, (uint16_t)dice_below(d, groups));
        m->n_staff += (flags & MODEL_STAFF) != 0;
        m->has_paid |= flags & MODEL_PAID;
    }
    m->n_sets = m->n_tags = m->n_items;
    m->n_groups = groups;
    m->groups = r->groups;
    m->sets = r->sets;
    m->set_of = r->set_of;
    m->tags = r->tags;
}

void random_model_free(struct random_model *r) {
    void *owned[] = {r->sets,        r->set_of, r->tags,  r->groups, r->row_starts, r->columns,
                     r->weights,     r->rows,   r->prior, r->scales, r->decay,      r->ages,
                     r->repeat_ages, r->repeat, r->self,  r->items,  r->keys,       r->strings};
    for (unsigned i = 0; i < ARRAY_LEN(owned); i++) free(owned[i]);
    memset(r, 0, sizeof *r);
}
