/* facts: what a catalogue says of items beyond what the model learnt: paid for and by whom, made by
 * software, picked by staff, for which age, of which sensitive kinds, by whom, with which tags.
 * Optional in a pack; items with the same facts share a set. Called by model.c. */
#include "pack/facts.h"

#define PROVIDER_AT 4
#define PAYER_AT    8
#define TAGS_AT     16

static const char *text_at(const struct model *m, const uint8_t *set, size_t at) {
    return m->strings + load32(set + at);
}

/* The first tag of a set; past the last one the end of all. */
static uint32_t tags_from(const struct model *m, uint32_t set) {
    return set == m->n_sets ? m->n_tags : load32(m->sets + (size_t)set * MODEL_SET_BYTES + TAGS_AT);
}

static const char *bad_set(const struct model *m, uint32_t i, size_t strings_n) {
    const uint8_t *set = m->sets + (size_t)i * MODEL_SET_BYTES;
    uint16_t flags = model_set_flags(set);
    if (flags > MODEL_FACTS_ALL || model_set_rating(set) > MODEL_RATING_MAX || set[3] != 0)
        return "an item's flags or age are out of range";
    if (model_check_string(m, strings_n, load32(set + PROVIDER_AT), 0, MODEL_TEXT_MAX) != 0 ||
        model_check_string(m, strings_n, load32(set + PAYER_AT), 0, MODEL_TEXT_MAX) != 0)
        return "a provider or payer is too long or not printable UTF-8";
    if (!(flags & MODEL_PAID) != !*text_at(m, set, PAYER_AT))
        return "an item is paid for by nobody, or somebody pays for one that is not paid for";
    uint32_t from = tags_from(m, i);
    if ((i == 0 && from != 0) || from > m->n_tags || (i > 0 && from < tags_from(m, i - 1)))
        return "the tags of its items are out of order";
    return NULL;
}

const char *facts_load(struct model *m, const struct pack *pack) {
    size_t sets_n, of_n, tags_n, strings_n;
    m->sets = pack_section(pack, SECTION_FACTS, &sets_n);
    m->set_of = (const uint16_t *)(const void *)pack_section(pack, SECTION_FACT_OF, &of_n);
    m->tags = (const uint32_t *)(const void *)pack_section(pack, SECTION_TAGS, &tags_n);
    (void)pack_section(pack, SECTION_STRINGS, &strings_n);
    if (sets_n == 0 && of_n == 0 && tags_n == 0) {
        m->sets = NULL;
        return NULL;
    }
    m->n_sets = (uint32_t)(sets_n / MODEL_SET_BYTES);
    m->n_tags = (uint32_t)(tags_n / 4);
    if (sets_n == 0 || sets_n % MODEL_SET_BYTES != 0 ||
        sets_n / MODEL_SET_BYTES > MODEL_FACT_SETS_MAX || of_n != (size_t)m->n_items * 2 ||
        tags_n % 4 != 0 || tags_n / 4 > MODEL_TAGS_MAX)
        return "the facts of its items have the wrong length";
    for (uint32_t i = 0; i < m->n_sets; i++) {
        const char *what = bad_set(m, i, strings_n);
        if (what) return what;
        m->has_paid |= model_set_flags(m->sets + (size_t)i * MODEL_SET_BYTES) & MODEL_PAID;
    }
    for (uint32_t t = 0; t < m->n_tags; t++)
        if (model_check_string(m, strings_n, m->tags[t], 1, MODEL_TAG_MAX) != 0)
            return "a tag is empty, too long or not printable UTF-8";
    for (uint32_t i = 0; i < m->n_items; i++) {
        if (m->set_of[i] >= m->n_sets) return "an item's facts are out of range";
        m->n_staff += (model_set_flags(model_set_of(m, i)) & MODEL_STAFF) != 0;
    }
    return NULL;
}

struct model_facts model_facts(const struct model *m, uint32_t item) {
    static const struct model_facts none = {.provider = "", .payer = ""};
    if (!m->sets) return none;
    const uint8_t *set = model_set_of(m, item);
    return (struct model_facts){model_set_flags(set), model_set_rating(set),
                                model_set_sensitive(set), text_at(m, set, PROVIDER_AT),
                                text_at(m, set, PAYER_AT)};
}

const char *model_set_payer(const struct model *m, uint32_t set) {
    return text_at(m, m->sets + (size_t)set * MODEL_SET_BYTES, PAYER_AT);
}

static int has_tag(const struct model *m, uint32_t set, const char *text) {
    for (uint32_t t = tags_from(m, set); t < tags_from(m, set + 1); t++)
        if (strcmp(m->strings + m->tags[t], text) == 0) return 1;
    return 0;
}

uint32_t model_mark(const struct model *m, enum model_mark what, const char *text, uint8_t *bits) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < m->n_items && *text; i++) {
        int is_meant = 0;
        switch (what) {
        case MODEL_MARK_TAG:
            is_meant = strcmp(model_group_name(m, model_item_group(m, i)), text) == 0 ||
                       (m->sets && has_tag(m, m->set_of[i], text));
            break;
        case MODEL_MARK_PROVIDER: is_meant = strcmp(model_facts(m, i).provider, text) == 0; break;
        }
        bits[i >> 3] |= (uint8_t)(is_meant << (i & 7));
        found += (uint32_t)is_meant;
    }
    return found;
}
