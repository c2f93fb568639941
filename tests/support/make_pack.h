/* make_pack: writes and signs packs for tests, from FORMAT.md and independently of sotto-pack, so
 * that a shared misunderstanding would show. Needs nothing but the device library. */
#ifndef SOTTO_TEST_MAKE_PACK_H
#define SOTTO_TEST_MAKE_PACK_H

#include "pack/model.h"
#include "pack/policy.h"

#define MAKE_PACK_MAX (32u << 20)
#define MAKE_KEY_TEXT 57 /* 56 characters and a NUL */

struct make_section {
    uint32_t id;
    const void *bytes;
    size_t n;
};

struct make_header {
    uint32_t role;
    uint64_t version;
    int64_t not_after_s;
    uint32_t min_engine;
    const char *device_class; /* NULL: fits all */
};

/* Lays out a container in `out` (MAKE_PACK_MAX bytes); returns its length. */
size_t make_pack(uint8_t *out, const struct make_header *header,
                 const struct make_section *sections, uint32_t n_sections);
/* The minisign text of a signature over bytes by the key of `seed_byte`; returns its length. */
size_t make_signature(char *out, size_t cap, const uint8_t *bytes, size_t n, uint8_t seed_byte);
/* The public key of `seed_byte` in minisign's 56 characters. */
void make_public_key(char out[MAKE_KEY_TEXT], uint8_t seed_byte);
/* Writes bytes to path, mode 0644; fails the test on error. */
void make_file(const char *path, const void *bytes, size_t n);
/* Writes the pack and its signature beside it. */
void make_signed_file(const char *path, const uint8_t *bytes, size_t n, uint8_t seed_byte);

/* A model pack of a catalogue "item-0" … with titles and `groups` groups ("group-0" …) from a
 * model's arrays; returns its length. */
size_t make_model_pack(uint8_t *out, const struct model *model, uint32_t groups, uint64_t version);
/* The same into `cap` bytes, which may be more than MAKE_PACK_MAX. */
size_t make_large_model_pack(uint8_t *out, size_t cap, const struct model *model, uint32_t groups,
                             uint64_t version);

/* The same of items "item-FIRST" and up, of which the last one comes first, item n still in group
 * "group-(n modulo groups)", of which the last one comes first too: another model that knows many
 * of the same items under other numbers. */
size_t make_renumbered_pack(uint8_t *out, const struct model *model, uint32_t first,
                            uint32_t groups, uint64_t version);

/* What a pack may say of an item; NULL texts are none. */
struct make_fact {
    uint16_t flags; /* enum model_fact */
    uint8_t rating;
    uint32_t sensitive;
    const char *provider, *payer, *tag;
};
/* make_model_pack with facts, one for each item. */
size_t make_facts_pack(uint8_t *out, const struct model *model, uint32_t groups, uint64_t version,
                       const struct make_fact *facts);

/* What tests like to vary in a policy; zero means a sensible value. */
struct make_policy {
    uint64_t version;
    int64_t not_after_s;
    uint32_t never;  /* bits 1 << enum sotto_purpose that the policy never allows */
    uint32_t no_ack; /* 1: showing the banner suffices */
    uint32_t eps_micro, max_cells, max_weight, window_s, n_cells;
    uint64_t year_micro, lifetime_micro;
    uint32_t no_metrics;   /* 1: an empty schema */
    uint32_t is_household; /* 1: one metric of 16 values, 15 of them item buckets */
    uint32_t consent_ttl_s, idle_s, notice_version;
    uint32_t soft_keys; /* the field and one more, so that 0 allows them */
    uint32_t field;     /* enum policy_key of one number, which becomes `value` whatever it is */
    uint64_t value;
    struct {
        uint32_t field;
        uint64_t value;
    } more[8]; /* the same for others */
    const char *accountable, *contact;
    uint32_t n_caps;
    struct {
        const char *group;
        uint64_t per_day;
    } caps[POLICY_CAPS_MAX + 1];
};
size_t make_policy_pack(uint8_t *out, const struct make_policy *p);

#endif
