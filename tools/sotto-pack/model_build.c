/* model_build: strings, items, keys and tables into sections. See model_build.h. */
#include "tools/sotto-pack/model_build.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"

enum { INFO_BYTES = 48, ITEM_BYTES = 8, KEY_BYTES = 8, TITLE_BYTES = 256 };

struct key {
    uint64_t key;
    uint32_t item;
};

struct layout {
    uint8_t info[INFO_BYTES];
    char *strings;
    size_t strings_n;
    uint8_t *items, *keys, *groups;
    struct key *sorted;
    struct facts facts;
};

/* Appends a text and its NUL; returns its offset. */
static uint32_t add_string(struct layout *l, const char *text) {
    size_t n = strlen(text);
    uint32_t at = (uint32_t)l->strings_n;
    memcpy(l->strings + at, text, n + 1);
    l->strings_n += n + 1;
    return at;
}

static int by_key(const void *a, const void *b) {
    const struct key *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key;
}

static const struct dataset_item *item_at(const struct model_source *s, uint32_t place) {
    return &s->data->items[s->x->item_of[s->packed->item_of[place]]];
}

static int take_facts(struct layout *l, const struct model_source *s, struct sotto_error *err) {
    uint32_t n = s->catalogue ? s->x->n_items : 0;
    int status = facts_begin(&l->facts, n, s->has_tags, err);
    for (uint32_t i = 0; i < n && status == SOTTO_OK; i++) {
        const struct dataset_item *item = item_at(s, i);
        status = facts_add(&l->facts, i, s->catalogue, item->id, item->title, item->category, err);
    }
    return status;
}

static uint32_t add_text(void *layout, const char *text) { return add_string(layout, text); }

static int put_catalogue(struct layout *l, const struct model_source *s, struct sotto_error *err) {
    uint32_t n = s->x->n_items;
    l->strings_n = 1; /* offset 0 is the empty string */
    for (uint32_t g = 0; g < s->groups->n; g++)
        store32(l->groups + 4 * (size_t)g, add_string(l, s->groups->names[g]));
    memcpy(l->items, s->packed->model.items, (size_t)n * ITEM_BYTES);
    for (uint32_t i = 0; i < n; i++) {
        const struct dataset_item *item = item_at(s, i);
        char title[TITLE_BYTES];
        groups_clean_text(title, sizeof title, item->title);
        store32(l->items + (size_t)i * ITEM_BYTES, add_string(l, item->id));
        add_string(l, title);
        l->sorted[i] = (struct key){hash_item_id(item->id), i};
    }
    qsort(l->sorted, n, sizeof *l->sorted, by_key);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0 && l->sorted[i].key == l->sorted[i - 1].key)
            return fail(err, SOTTO_E_LIMIT,
                        "two item ids have the same 64-bit hash: rename item \"%.63s\"",
                        item_at(s, l->sorted[i].item)->id);
        store32(l->keys + (size_t)i * KEY_BYTES, (uint32_t)(l->sorted[i].key >> 32));
        store32(l->keys + (size_t)i * KEY_BYTES + 4, l->sorted[i].item);
    }
    return facts_settle(&l->facts, add_text, l, err);
}

static void put_info(struct layout *l, const struct model *m) {
    store32(l->info, m->n_items);
    store32(l->info + 4, m->n_groups);
    store32(l->info + 8, m->n_edges);
    store32(l->info + 12, m->n_decay);
    store32(l->info + 16, m->n_ages);
    store32(l->info + 20, m->n_repeat_ages);
    for (int t = 0; t < 4; t++) store16(l->info + 24 + 2 * t, m->event_weights[t]);
    store32(l->info + 32, (uint32_t)m->codec);
}

static void layout_free(struct layout *l) {
    free(l->strings);
    free(l->items);
    free(l->keys);
    free(l->groups);
    free(l->sorted);
    facts_free(&l->facts);
}

static int layout_make(struct layout *l, const struct model_source *s, struct sotto_error *err) {
    size_t n = s->x->n_items, strings = 1 + (size_t)s->groups->n * GROUP_NAME_BYTES;
    for (uint32_t i = 0; i < n; i++) strings += strlen(item_at(s, i)->id) + 1 + TITLE_BYTES;
    memset(l, 0, sizeof *l);
    int status = take_facts(l, s, err);
    if (status != SOTTO_OK) return status;
    l->strings = malloc(strings + facts_strings_bytes(&l->facts));
    l->items = calloc(n + 1, ITEM_BYTES);
    l->keys = calloc(n + 1, KEY_BYTES);
    l->groups = calloc((size_t)s->groups->n + 1, 4);
    l->sorted = calloc(n + 1, sizeof *l->sorted);
    if (!l->strings || !l->items || !l->keys || !l->groups || !l->sorted)
        return fail(err, SOTTO_E_MEMORY, "no memory to lay out a model of %zu items", n);
    l->strings[0] = '\0';
    put_info(l, &s->packed->model);
    return put_catalogue(l, s, err);
}

/* The arrays of a model are in host order, and packs are little-endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the builder runs on little-endian hosts");

int model_build(struct built_model *built, const struct pack_manifest *manifest,
                const struct model_source *source, struct sotto_error *err) {
    struct layout l;
    memset(built, 0, sizeof *built);
    int status = layout_make(&l, source, err);
    if (status == SOTTO_OK) {
        const struct model *m = &source->packed->model;
        size_t n = m->n_items, edges = m->codec == MODEL_FIXED16 ? m->n_edges : 0;
        const struct pack_part parts[] = {
            {SECTION_INFO, l.info, INFO_BYTES},
            {SECTION_STRINGS, l.strings, l.strings_n},
            {SECTION_ITEMS, l.items, n * ITEM_BYTES},
            {SECTION_KEYS, l.keys, n * KEY_BYTES},
            {SECTION_PRIOR, m->prior, n * 4},
            {SECTION_ROW_STARTS, m->row_starts, (n + 1) * 4},
            {SECTION_COLUMNS, m->columns, edges * 2},
            {SECTION_WEIGHTS, m->weights, edges},
            {SECTION_SCALES, m->scales, n * 2},
            {SECTION_DECAY, m->decay, (size_t)m->n_decay * 2},
            {SECTION_GROUPS, l.groups, (size_t)m->n_groups * 4},
            {SECTION_CARD, source->card, source->card_n},
            {SECTION_ROWS, m->rows, m->codec == MODEL_VARINT ? source->packed->edge_bytes : 0},
            {SECTION_SELF, m->self, n * 2},
            {SECTION_AGES, m->ages, (size_t)m->n_ages * 2},
            {SECTION_REPEAT_AGES, m->repeat_ages, (size_t)m->n_repeat_ages * 2},
            {SECTION_REPEAT, m->repeat, (size_t)m->n_groups * 2},
            {SECTION_FACTS, l.facts.sets, (size_t)l.facts.n_sets * MODEL_SET_BYTES},
            {SECTION_FACT_OF, l.facts.of_item, n * 2},
            {SECTION_TAGS, l.facts.tags, (size_t)l.facts.n_tags * 4},
        };
        uint32_t n_parts = ARRAY_LEN(parts) - (l.facts.is_needed ? 0 : 3);
        status = pack_build(manifest, parts, n_parts, &built->bytes, &built->n, err);
        built->facts = l.facts.summary;
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
