/* model_build: strings, items, keys and tables into sections. See model_build.h. */
#include "tools/sotto-pack/model_build.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"

enum { INFO_BYTES = 32, ITEM_BYTES = 12, KEY_BYTES = 12, TITLE_BYTES = 256 };

struct layout {
    uint8_t info[INFO_BYTES];
    char *strings;
    size_t strings_n;
    uint8_t *items, *keys, *groups, *prior, *row_starts, *columns, *scales, *decay;
    uint32_t n_decay;
};

/* Appends a text and its NUL; returns its offset. The empty text is at offset 0. */
static uint32_t add_string(struct layout *l, const char *text) {
    size_t n = strlen(text);
    if (n == 0) return 0;
    uint32_t at = (uint32_t)l->strings_n;
    memcpy(l->strings + at, text, n + 1);
    l->strings_n += n + 1;
    return at;
}

static int by_key(const void *a, const void *b) {
    uint64_t x = load64(a), y = load64(b);
    return x < y ? -1 : x > y;
}

static int put_catalogue(struct layout *l, const struct model_source *s, struct sotto_error *err) {
    uint32_t n = s->x->n_items;
    l->strings_n = 1; /* offset 0 is the empty string */
    for (uint32_t g = 0; g < s->groups->n; g++)
        store32(l->groups + 4 * (size_t)g, add_string(l, s->groups->names[g]));
    for (uint32_t i = 0; i < n; i++) {
        const struct dataset_item *item = &s->data->items[s->x->item_of[i]];
        uint8_t *entry = l->items + (size_t)i * ITEM_BYTES, *key = l->keys + (size_t)i * KEY_BYTES;
        char title[TITLE_BYTES];
        groups_clean_text(title, sizeof title, item->title);
        store32(entry, add_string(l, item->id));
        store32(entry + 4, add_string(l, title));
        store16(entry + 8, s->groups->of_item[i]);
        store64(key, hash_item_id(item->id));
        store32(key + 8, i);
    }
    qsort(l->keys, n, KEY_BYTES, by_key);
    for (uint32_t i = 1; i < n; i++) {
        const uint8_t *key = l->keys + (size_t)i * KEY_BYTES;
        if (load64(key) == load64(key - KEY_BYTES))
            return fail(err, SOTTO_E_LIMIT,
                        "two item ids have the same 64-bit hash: rename item \"%.63s\"",
                        s->data->items[s->x->item_of[load32(key + 8)]].id);
    }
    return SOTTO_OK;
}

static void put_tables(struct layout *l, const struct model_source *s) {
    uint32_t n = s->x->n_items;
    uint16_t decay[MODEL_DECAY_MAX];
    l->n_decay = quantise_decay(decay, s->decay);
    for (uint32_t d = 0; d < l->n_decay; d++) store16(l->decay + 2 * (size_t)d, decay[d]);
    for (uint32_t i = 0; i < n; i++) {
        store32(l->prior + 4 * (size_t)i, (uint32_t)s->prior[i]);
        store16(l->scales + 2 * (size_t)i, s->q->scales[i]);
    }
    for (uint32_t i = 0; i <= n; i++) store32(l->row_starts + 4 * (size_t)i, s->q->row_starts[i]);
    for (uint32_t e = 0; e < s->q->n_edges; e++)
        store16(l->columns + 2 * (size_t)e, s->q->columns[e]);
    store32(l->info, n);
    store32(l->info + 4, s->groups->n);
    store32(l->info + 8, s->q->n_edges);
    store32(l->info + 12, l->n_decay);
    store16(l->info + 16 + 2 * SOTTO_EVENT_VIEW, MODEL_BUILD_VIEW);
    store16(l->info + 16 + 2 * SOTTO_EVENT_SELECT, MODEL_BUILD_SELECT);
    store16(l->info + 16 + 2 * SOTTO_EVENT_PURCHASE, MODEL_BUILD_PURCHASE);
    store32(l->info + 24, 1); /* codec: plain 16-bit columns */
}

static void layout_free(struct layout *l) {
    free(l->strings);
    free(l->items);
    free(l->keys);
    free(l->groups);
    free(l->prior);
    free(l->row_starts);
    free(l->columns);
    free(l->scales);
    free(l->decay);
}

static int layout_make(struct layout *l, const struct model_source *s, struct sotto_error *err) {
    size_t n = s->x->n_items, strings = 1 + (size_t)s->groups->n * GROUP_NAME_BYTES +
                                        n * (SOTTO_ITEM_ID_MAX + 1 + TITLE_BYTES);
    memset(l, 0, sizeof *l);
    l->strings = calloc(1, strings);
    l->items = calloc(n, ITEM_BYTES);
    l->keys = calloc(n, KEY_BYTES);
    l->groups = calloc(s->groups->n, 4);
    l->prior = calloc(n, 4);
    l->row_starts = calloc(n + 1, 4);
    l->columns = calloc((size_t)s->q->n_edges + 1, 2);
    l->scales = calloc(n, 2);
    l->decay = calloc(MODEL_DECAY_MAX, 2);
    if (!l->strings || !l->items || !l->keys || !l->groups || !l->prior || !l->row_starts ||
        !l->columns || !l->scales || !l->decay)
        return fail(err, SOTTO_E_MEMORY, "no memory to lay out a model of %zu items", n);
    int status = put_catalogue(l, s, err);
    if (status == SOTTO_OK) put_tables(l, s);
    return status;
}

int model_build(struct built_model *built, const struct pack_manifest *manifest,
                const struct model_source *source, struct sotto_error *err) {
    struct layout l;
    memset(built, 0, sizeof *built);
    int status = layout_make(&l, source, err);
    if (status == SOTTO_OK) {
        size_t n = source->x->n_items, edges = source->q->n_edges;
        const struct pack_part parts[] = {
            {SECTION_INFO, l.info, INFO_BYTES},
            {SECTION_STRINGS, l.strings, l.strings_n},
            {SECTION_ITEMS, l.items, n * ITEM_BYTES},
            {SECTION_KEYS, l.keys, n * KEY_BYTES},
            {SECTION_PRIOR, l.prior, n * 4},
            {SECTION_ROW_STARTS, l.row_starts, (n + 1) * 4},
            {SECTION_COLUMNS, l.columns, edges * 2},
            {SECTION_WEIGHTS, source->q->weights, edges},
            {SECTION_SCALES, l.scales, n * 2},
            {SECTION_DECAY, l.decay, (size_t)l.n_decay * 2},
            {SECTION_GROUPS, l.groups, (size_t)source->groups->n * 4},
            {SECTION_CARD, source->card, source->card_n},
        };
        status = pack_build(manifest, parts, ARRAY_LEN(parts), &built->bytes, &built->n, err);
    }
    layout_free(&l);
    if (status == SOTTO_OK) {
        built->pack.bytes = built->bytes;
        built->pack.n = built->n;
        status = pack_parse(&built->pack, "the new model pack", err);
    }
    if (status == SOTTO_OK)
        status = model_load(&built->model, &built->pack, "the new model pack", err);
    if (status != SOTTO_OK) model_build_free(built);
    return status;
}

void model_build_free(struct built_model *built) {
    free(built->bytes);
    memset(built, 0, sizeof *built);
}
