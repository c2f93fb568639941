/* facts_build: what a catalogue says of the items of a model, as sections of its pack, and a
 * summary of it for people. An item that only its words give away as being of a sensitive kind is
 * quarantined: flagged as of that kind, like one that the catalogue classifies so, and told apart
 * in the summary until the catalogue says what it is. Called by model_build, check and inspect. */
#ifndef SOTTO_FACTS_BUILD_H
#define SOTTO_FACTS_BUILD_H

#include "pack/model.h"
#include "pack/sensitive.h"
#include "tools/common/catalogue.h"
#include "tools/common/intern.h"
#include "tools/common/json.h"

struct facts_summary {
    uint32_t items, paid, synthetic, staff, adult, rated, with_provider;
    uint32_t sensitive;   /* items of a sensitive kind */
    uint32_t quarantined; /* of them, those the catalogue does not classify */
    uint32_t unknown;     /* items with a tag that no word list knows, quarantined or not */
    uint32_t kinds[SENSITIVE_KINDS];     /* items by bit of enum sotto_sensitive */
    char example[SOTTO_ITEM_ID_MAX + 1]; /* one that is quarantined; "" if none */
    char tag[64];                        /* one that no list knows */
};

/* What is said of one product: by its entry in the catalogue (NULL: it has none), and where that
 * does not classify it by the words of title, category and tags. Counts it into *summary. */
struct catalogue_item facts_of(const struct catalogue *c, const struct catalogue_item *entry,
                               const char *id, const char *title, const char *category,
                               struct facts_summary *summary);
/* The same of all products of a catalogue. */
struct facts_summary facts_of_catalogue(const struct catalogue *c);
/* What a pack says; it does not tell what is quarantined. */
struct facts_summary facts_of_model(const struct model *model);

/* For a person, a line a fact, nothing where there is none; and as members of the object open in j.
 */
void facts_print(const struct facts_summary *summary);
void facts_write_json(struct json *j, const struct facts_summary *summary);

/* The sections while they are built. */
struct facts {
    int has_tags;        /* the items' tags go in too, so that people can block them */
    struct intern texts; /* what the sections name: numbers until facts_settle */
    struct intern keys;  /* of each set, what is in it */
    uint8_t *sets;       /* n_sets × MODEL_SET_BYTES */
    uint16_t *of_item;
    uint32_t *tags;
    uint32_t n_items, n_sets, n_tags, sets_cap, tags_cap;
    int is_needed; /* any item has a fact */
    struct facts_summary summary;
};

/* SOTTO_E_LIMIT past MODEL_FACT_SETS_MAX or MODEL_TAGS_MAX. Release with facts_free. */
int facts_begin(struct facts *f, uint32_t n_items, int has_tags,
                struct sotto_error *err) MUST_CHECK;
int facts_add(struct facts *f, uint32_t item, const struct catalogue *c, const char *id,
              const char *title, const char *category, struct sotto_error *err) MUST_CHECK;
/* Bytes that the texts take. */
size_t facts_strings_bytes(const struct facts *f);
/* Puts the offset of each text, which `add` returns, in place of its number. */
int facts_settle(struct facts *f, uint32_t (*add)(void *ctx, const char *text), void *ctx,
                 struct sotto_error *err) MUST_CHECK;
void facts_free(struct facts *f);

#endif
