/* facts_build: see facts_build.h. */
#include "tools/sotto-pack/facts_build.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/common/sensitive_words.h"

enum { KEY_BYTES = 320, PROVIDER_AT = 4, PAYER_AT = 8, SENSITIVE_AT = 12, TAGS_AT = 16 };

/* ---- One product --------------------------------------------------------------------------- */

static const char category_tag[] = "category=";

static int is_category(const char *tag) {
    return strncmp(tag, category_tag, sizeof category_tag - 1) == 0;
}

enum { TAGS_MAX = 32 };

/* What title, category and tags say, also together. */
static uint32_t kinds_of_words(const struct catalogue *c, const struct catalogue_item *entry,
                               const char *title, const char *category,
                               struct facts_summary *summary) {
    const char *const titles[] = {title, entry ? entry->title : ""}; /* sales may name it apart */
    const char *tags[TAGS_MAX] = {category}, *unknown = NULL;
    size_t n = *category != '\0';
    if (entry && *entry->category && strcmp(entry->category, category) != 0)
        tags[n++] = entry->category;
    for (uint32_t t = 0; entry && t < entry->n_tags && n < TAGS_MAX; t++) {
        const char *tag = catalogue_tag(c, entry->tags[t]), *value = strchr(tag, '=');
        if (!is_category(tag)) tags[n++] = value ? value + 1 : tag;
    }
    uint32_t kinds = sensitive_of_tags(tags, n, titles, 2, &unknown);
    if (kinds & SOTTO_SENSITIVE_UNCLASSIFIED && summary->unknown++ == 0)
        snprintf(summary->tag, sizeof summary->tag, "%s", unknown ? unknown : "");
    return c->is_classified ? kinds : kinds & ~(uint32_t)SOTTO_SENSITIVE_UNCLASSIFIED;
}

static void summarise(struct facts_summary *s, const struct catalogue_item *item) {
    s->items++;
    s->paid += (item->flags & MODEL_PAID) != 0;
    s->synthetic += (item->flags & MODEL_SYNTHETIC) != 0;
    s->staff += (item->flags & MODEL_STAFF) != 0;
    s->adult += (item->flags & MODEL_ADULT) != 0;
    s->rated += item->rating > 0;
    s->with_provider += *item->provider != '\0';
    s->sensitive += item->sensitive != 0;
    for (unsigned k = 0; k < SENSITIVE_KINDS; k++) s->kinds[k] += item->sensitive >> k & 1;
    if (item->sensitive == 0 || item->is_classified) return;
    if (s->quarantined++ == 0) snprintf(s->example, sizeof s->example, "%s", item->id);
}

struct catalogue_item facts_of(const struct catalogue *c, const struct catalogue_item *entry,
                               const char *id, const char *title, const char *category,
                               struct facts_summary *summary) {
    struct catalogue_item item = {.provider = "", .payer = ""};
    if (entry) item = *entry;
    item.id = id;
    if (!item.is_classified) item.sensitive = kinds_of_words(c, entry, title, category, summary);
    summarise(summary, &item);
    return item;
}

struct facts_summary facts_of_catalogue(const struct catalogue *c) {
    struct facts_summary s = {0};
    for (uint32_t i = 0; i < c->n; i++) {
        const struct catalogue_item *entry = &c->items[i];
        (void)facts_of(c, entry, entry->id, entry->title, entry->category, &s);
    }
    return s;
}

struct facts_summary facts_of_model(const struct model *m) {
    struct facts_summary s = {0};
    for (uint32_t i = 0; i < m->n_items; i++) {
        const struct model_facts facts = model_facts(m, i);
        const struct catalogue_item item = {.id = "",
                                            .provider = facts.provider,
                                            .sensitive = facts.sensitive,
                                            .flags = facts.flags,
                                            .rating = facts.rating,
                                            .is_classified = 1};
        summarise(&s, &item);
    }
    return s;
}

/* ---- For people ---------------------------------------------------------------------------- */

static void put(const char *words, uint32_t n) {
    if (n) printf("  %-46s %9u\n", words, n);
}

void facts_print(const struct facts_summary *s) {
    char words[64];
    put("paid for, always shown with who pays", s->paid);
    put("made by software", s->synthetic);
    put("picked by staff", s->staff);
    put("with a least age", s->rated);
    put("for adults only", s->adult);
    put("with a provider", s->with_provider);
    put("of a sensitive kind, in no general slate", s->sensitive);
    for (unsigned k = 0; k < SENSITIVE_KINDS; k++) {
        if (!s->kinds[k]) continue;
        snprintf(words, sizeof words, "  %s", sensitive_name(k));
        put(words, s->kinds[k]);
    }
    put("  of them quarantined until classified", s->quarantined);
    if (s->quarantined)
        printf("  (as item %s; say in the column \"sensitive\" what they are, or none)\n",
               s->example);
    put("with tags that no word list knows", s->unknown);
    if (s->unknown) printf("  (as \"%s\")\n", s->tag);
}

void facts_write_json(struct json *j, const struct facts_summary *s) {
    json_uint(j, "items", s->items);
    json_uint(j, "paid", s->paid);
    json_uint(j, "synthetic", s->synthetic);
    json_uint(j, "staff", s->staff);
    json_uint(j, "rated", s->rated);
    json_uint(j, "adult", s->adult);
    json_uint(j, "with_provider", s->with_provider);
    json_uint(j, "sensitive", s->sensitive);
    json_begin_object(j, "kinds");
    for (unsigned k = 0; k < SENSITIVE_KINDS; k++)
        if (s->kinds[k]) json_uint(j, sensitive_name(k), s->kinds[k]);
    json_end_object(j);
    json_uint(j, "quarantined", s->quarantined);
    json_uint(j, "unknown_tags", s->unknown);
}

/* ---- The sections -------------------------------------------------------------------------- */

static int no_memory(struct sotto_error *err) {
    return fail(err, SOTTO_E_MEMORY, "no memory for the facts of a catalogue");
}

int facts_begin(struct facts *f, uint32_t n_items, int has_tags, struct sotto_error *err) {
    memset(f, 0, sizeof *f);
    f->has_tags = has_tags;
    f->n_items = n_items;
    f->of_item = calloc((size_t)n_items + 1, sizeof *f->of_item);
    return f->of_item ? SOTTO_OK : no_memory(err);
}

/* Doubles a block once it is full. */
static void *grow(void *block, uint32_t n, uint32_t *cap, size_t each) {
    if (n < *cap) return block;
    uint32_t more = *cap ? 2 * *cap : 256;
    void *larger = realloc(block, more * each);
    if (larger) *cap = more;
    return larger;
}

static int add_set(struct facts *f, const struct catalogue_item *item, uint32_t provider,
                   uint32_t payer, const uint32_t *tags, uint32_t n_tags, struct sotto_error *err) {
    if (f->n_sets == MODEL_FACT_SETS_MAX || f->n_tags + n_tags > MODEL_TAGS_MAX)
        return fail(err, SOTTO_E_LIMIT,
                    "the catalogue's items differ in more than %u ways: leave --pack-tags out, or "
                    "map fewer tags",
                    MODEL_FACT_SETS_MAX);
    uint8_t *sets = grow(f->sets, f->n_sets, &f->sets_cap, MODEL_SET_BYTES);
    if (!sets) return no_memory(err);
    f->sets = sets;
    uint8_t *set = sets + (size_t)f->n_sets++ * MODEL_SET_BYTES;
    memset(set, 0, MODEL_SET_BYTES);
    store16(set, item->flags);
    set[2] = item->rating;
    store32(set + PROVIDER_AT, provider);
    store32(set + PAYER_AT, payer);
    store32(set + SENSITIVE_AT, item->sensitive);
    store32(set + TAGS_AT, f->n_tags);
    for (uint32_t t = 0; t < n_tags; t++) {
        uint32_t *all = grow(f->tags, f->n_tags, &f->tags_cap, sizeof *all);
        if (!all) return no_memory(err);
        f->tags = all;
        f->tags[f->n_tags++] = tags[t];
    }
    return SOTTO_OK;
}

int facts_add(struct facts *f, uint32_t at, const struct catalogue *c, const char *id,
              const char *title, const char *category, struct sotto_error *err) {
    const struct catalogue_item *entry = catalogue_find(c, id);
    const struct catalogue_item item = facts_of(c, entry, id, title, category, &f->summary);
    /* "" is number 0, so that it can stand for no text. */
    uint32_t none = intern(&f->texts, ""), provider = intern(&f->texts, item.provider),
             payer = intern(&f->texts, item.payer), tags[32], n_tags = 0;
    char key[KEY_BYTES];
    int n = snprintf(key, sizeof key, "%x %u %x %u %u", item.flags, item.rating, item.sensitive,
                     provider, payer);
    for (uint32_t t = 0; f->has_tags && t < item.n_tags && n_tags < ARRAY_LEN(tags); t++) {
        const char *tag = catalogue_tag(c, item.tags[t]);
        size_t length = strlen(tag);
        if (is_category(tag) || length > MODEL_TAG_MAX || !utf8_is_printable(tag, length)) continue;
        tags[n_tags] = intern(&f->texts, tag);
        if (tags[n_tags] == INTERN_FAILED) return no_memory(err);
        n += snprintf(key + n, sizeof key - (size_t)n, " %u", tags[n_tags++]);
    }
    uint32_t set = intern(&f->keys, key);
    if (none != 0 || provider == INTERN_FAILED || payer == INTERN_FAILED || set == INTERN_FAILED)
        return no_memory(err);
    f->is_needed |= item.flags || item.rating || item.sensitive || *item.provider || n_tags;
    f->of_item[at] = (uint16_t)set;
    return set < f->n_sets ? SOTTO_OK : add_set(f, &item, provider, payer, tags, n_tags, err);
}

size_t facts_strings_bytes(const struct facts *f) {
    size_t n = 0;
    for (uint32_t t = 0; f->is_needed && t < f->texts.n; t++) n += strlen(f->texts.texts[t]) + 1;
    return n;
}

int facts_settle(struct facts *f, uint32_t (*add)(void *ctx, const char *text), void *ctx,
                 struct sotto_error *err) {
    if (!f->is_needed) return SOTTO_OK;
    uint32_t *offsets = calloc(f->texts.n, sizeof *offsets);
    if (!offsets) return no_memory(err);
    for (uint32_t t = 1; t < f->texts.n; t++) offsets[t] = add(ctx, f->texts.texts[t]);
    for (uint32_t i = 0; i < f->n_sets; i++) {
        uint8_t *set = f->sets + (size_t)i * MODEL_SET_BYTES;
        store32(set + PROVIDER_AT, offsets[load32(set + PROVIDER_AT)]);
        store32(set + PAYER_AT, offsets[load32(set + PAYER_AT)]);
    }
    for (uint32_t t = 0; t < f->n_tags; t++) f->tags[t] = offsets[f->tags[t]];
    free(offsets);
    return SOTTO_OK;
}

void facts_free(struct facts *f) {
    intern_free(&f->texts);
    intern_free(&f->keys);
    free(f->sets);
    free(f->of_item);
    free(f->tags);
    memset(f, 0, sizeof *f);
}
