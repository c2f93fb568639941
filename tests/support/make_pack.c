#include "make_pack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#include "base/cbor.h"
#include "crypto/crypto.h"

/* ---- The container ----------------------------------------------------------------------- */

static size_t lay_out(uint8_t *out, size_t cap, const struct make_header *h,
                      const struct make_section *sections, uint32_t n_sections) {
    size_t at = 128 + (size_t)n_sections * 64;
    memset(out, 0, at); /* gaps are cleared as they come */
    memcpy(out, "SOTTOPK1", 8);
    store32(out + 8, 1);
    store32(out + 12, h->role);
    store64(out + 16, h->version);
    store64(out + 24, (uint64_t)h->not_after_s);
    store32(out + 32, h->min_engine);
    store32(out + 36, n_sections);
    if (h->device_class) memcpy(out + 48, h->device_class, strlen(h->device_class));
    for (uint32_t i = 0; i < n_sections; i++) {
        uint8_t *entry = out + 128 + (size_t)i * 64;
        memset(out + at, 0, 64);
        at = (at + 63) / 64 * 64;
        assert_true(at + sections[i].n + 64 <= cap);
        store32(entry, sections[i].id);
        store64(entry + 8, at);
        store64(entry + 16, sections[i].n);
        hash256(entry + 24, sections[i].bytes, sections[i].n);
        if (sections[i].n) memcpy(out + at, sections[i].bytes, sections[i].n);
        at += sections[i].n;
    }
    store64(out + 40, at);
    return at;
}

size_t make_pack(uint8_t *out, const struct make_header *h, const struct make_section *sections,
                 uint32_t n_sections) {
    return lay_out(out, MAKE_PACK_MAX, h, sections, n_sections);
}

/* ---- minisign ---------------------------------------------------------------------------- */

static void base64(char *out, const uint8_t *in, size_t n) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16 | (i + 1 < n ? (uint32_t)in[i + 1] << 8 : 0) |
                     (i + 2 < n ? in[i + 2] : 0);
        *out++ = digits[v >> 18];
        *out++ = digits[v >> 12 & 63];
        *out++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
        *out++ = i + 2 < n ? digits[v & 63] : '=';
    }
    *out = '\0';
}

static void keypair(uint8_t public_key[32], uint8_t secret_key[64], uint8_t seed_byte) {
    uint8_t seed[32];
    memset(seed, seed_byte, sizeof seed);
    sign_keypair(public_key, secret_key, seed);
}

void make_public_key(char out[MAKE_KEY_TEXT], uint8_t seed_byte) {
    uint8_t raw[42] = "Ed", secret[64];
    memset(raw + 2, seed_byte, 8);
    keypair(raw + 10, secret, seed_byte);
    base64(out, raw, sizeof raw);
}

size_t make_signature(char *out, size_t cap, const uint8_t *bytes, size_t n, uint8_t seed_byte) {
    static const char comment[] = "timestamp:1\tfile:test\thashed";
    uint8_t public_key[32], secret[64], digest[64], raw[74] = "ED", global[64];
    uint8_t message[64 + sizeof comment];
    char sig_text[104], global_text[92];
    keypair(public_key, secret, seed_byte);
    memset(raw + 2, seed_byte, 8);
    hash512(digest, bytes, n);
    sign(raw + 10, digest, sizeof digest, secret);
    memcpy(message, raw + 10, 64);
    memcpy(message + 64, comment, sizeof comment - 1);
    sign(global, message, 64 + sizeof comment - 1, secret);
    base64(sig_text, raw, sizeof raw);
    base64(global_text, global, sizeof global);
    int length = snprintf(out, cap, "untrusted comment: test\n%s\ntrusted comment: %s\n%s\n",
                          sig_text, comment, global_text);
    assert_true(length > 0 && (size_t)length < cap);
    return (size_t)length;
}

void make_file(const char *path, const void *bytes, size_t n) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    assert_int_equal(close(fd), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

void make_signed_file(const char *path, const uint8_t *bytes, size_t n, uint8_t seed_byte) {
    char text[600], sig_path[512];
    size_t text_n = make_signature(text, sizeof text, bytes, n, seed_byte);
    int length = snprintf(sig_path, sizeof sig_path, "%s.minisig", path);
    assert_true(length > 0 && (size_t)length < sizeof sig_path);
    make_file(path, bytes, n);
    make_file(sig_path, text, text_n);
}

/* ---- A model ----------------------------------------------------------------------------- */

static const char *sorted_strings;
static const uint8_t *sorted_items;

static uint64_t key_of(uint32_t item) {
    return hash_item_id(sorted_strings + load32(sorted_items + 8 * (size_t)item));
}

static int by_key(const void *a, const void *b) {
    uint64_t x = key_of(load32((const uint8_t *)a + 4)), y = key_of(load32((const uint8_t *)b + 4));
    return x < y ? -1 : x > y;
}

static uint32_t put_text(char *strings, size_t *n, const char *text) {
    uint32_t at = (uint32_t)*n;
    if (!text) return 0;
    *n += (size_t)snprintf(strings + *n, 64, "%s", text) + 1;
    return at;
}

/* `first` not NULL: the items are those from *first on, the last one first, and so are the groups.
 */
static size_t lay_model(uint8_t *out, size_t cap, const struct model *m, uint32_t groups,
                        uint64_t version, const struct make_fact *facts, const uint32_t *first) {
    static const uint16_t one = MODEL_UNIT;
    uint8_t info[48] = {0};
    size_t n_items = m->n_items, strings_cap = 256 * (n_items + groups + 1), strings_n = 1;
    char *strings = calloc(strings_cap, 1);
    uint8_t *items = calloc(n_items, 8), *keys = calloc(n_items, 8);
    uint8_t *group_names = calloc(groups, 4), *none = calloc(n_items + groups, 2);
    uint8_t *sets = calloc(n_items, 20), *set_of = calloc(n_items, 2), *tags = calloc(n_items, 4);
    assert_true(strings && items && keys && group_names && none && sets && set_of && tags);
    store32(info, m->n_items);
    store32(info + 4, groups);
    store32(info + 8, m->n_edges);
    store32(info + 12, m->n_decay);
    store32(info + 16, m->ages ? m->n_ages : 1);
    store32(info + 20, m->repeat_ages ? m->n_repeat_ages : 1);
    for (int t = 0; t < 4; t++) store16(info + 24 + 2 * t, m->event_weights[t]);
    store32(info + 32, (uint32_t)m->codec);
    for (uint32_t i = 0; i < m->n_items; i++) {
        uint8_t *item = items + 8 * (size_t)i, *key = keys + 8 * (size_t)i;
        uint32_t number = first ? *first + m->n_items - 1 - i : i, group = number % groups;
        store32(item, (uint32_t)strings_n);
        strings_n += (size_t)snprintf(strings + strings_n, 64, "item-%u", number) + 1;
        store32(key, (uint32_t)(hash_item_id(strings + load32(item)) >> 32));
        store32(key + 4, i);
        strings_n +=
            (size_t)snprintf(strings + strings_n, 64, "The remarkable thing no. %u", number) + 1;
        store16(item + 4, (uint16_t)(first ? groups - 1 - group : group));
    }
    sorted_strings = strings;
    sorted_items = items;
    qsort(keys, n_items, 8, by_key);
    for (uint32_t g = 0; g < groups; g++) {
        store32(group_names + 4 * (size_t)g, (uint32_t)strings_n);
        strings_n +=
            (size_t)snprintf(strings + strings_n, 64, "group-%u", first ? groups - 1 - g : g) + 1;
    }
    size_t n_tags = 0;
    for (uint32_t i = 0; facts && i < m->n_items; i++) {
        uint8_t *set = sets + 20 * (size_t)i;
        store16(set, facts[i].flags);
        set[2] = facts[i].rating;
        store32(set + 4, put_text(strings, &strings_n, facts[i].provider));
        store32(set + 8, put_text(strings, &strings_n, facts[i].payer));
        store32(set + 12, facts[i].sensitive);
        store32(set + 16, (uint32_t)n_tags);
        store16(set_of + 2 * (size_t)i, (uint16_t)i);
        if (facts[i].tag) store32(tags + 4 * n_tags++, put_text(strings, &strings_n, facts[i].tag));
    }
    int is_fixed = m->codec == MODEL_FIXED16;
    struct make_section sections[] = {
        {SECTION_INFO, info, sizeof info},
        {SECTION_STRINGS, strings, strings_n},
        {SECTION_ITEMS, items, 8 * n_items},
        {SECTION_KEYS, keys, 8 * n_items},
        {SECTION_PRIOR, m->prior, 4 * n_items},
        {SECTION_ROW_STARTS, m->row_starts, 4 * (n_items + 1)},
        {SECTION_COLUMNS, is_fixed ? (const void *)m->columns : none,
         is_fixed ? 2 * (size_t)m->n_edges : 0},
        {SECTION_WEIGHTS, is_fixed ? (const void *)m->weights : none, is_fixed ? m->n_edges : 0},
        {SECTION_SCALES, m->scales, 2 * n_items},
        {SECTION_DECAY, m->decay, 2 * (size_t)m->n_decay},
        {SECTION_GROUPS, group_names, 4 * (size_t)groups},
        {SECTION_CARD, "{}", 2},
        {SECTION_ROWS, is_fixed ? none : m->rows, is_fixed ? 0 : m->row_starts[n_items]},
        {SECTION_SELF, m->self ? (const void *)m->self : none, 2 * n_items},
        {SECTION_AGES, m->ages ? m->ages : &one, 2 * (size_t)load32(info + 16)},
        {SECTION_REPEAT_AGES, m->repeat_ages ? m->repeat_ages : &one,
         2 * (size_t)load32(info + 20)},
        {SECTION_REPEAT, m->repeat ? (const void *)m->repeat : none, 2 * (size_t)groups},
        {SECTION_FACTS, sets, 20 * n_items},
        {SECTION_FACT_OF, set_of, 2 * n_items},
        {SECTION_TAGS, tags, 4 * n_tags},
    };
    const struct make_header header = {.role = PACK_MODEL, .version = version};
    size_t n = lay_out(out, cap, &header, sections, ARRAY_LEN(sections) - (facts ? 0 : 3));
    free(sets);
    free(set_of);
    free(tags);
    free(strings);
    free(items);
    free(keys);
    free(group_names);
    free(none);
    return n;
}

size_t make_large_model_pack(uint8_t *out, size_t cap, const struct model *m, uint32_t groups,
                             uint64_t version) {
    return lay_model(out, cap, m, groups, version, NULL, NULL);
}

size_t make_facts_pack(uint8_t *out, const struct model *m, uint32_t groups, uint64_t version,
                       const struct make_fact *facts) {
    return lay_model(out, MAKE_PACK_MAX, m, groups, version, facts, NULL);
}

size_t make_renumbered_pack(uint8_t *out, const struct model *m, uint32_t first, uint32_t groups,
                            uint64_t version) {
    return lay_model(out, MAKE_PACK_MAX, m, groups, version, NULL, &first);
}

size_t make_model_pack(uint8_t *out, const struct model *m, uint32_t groups, uint64_t version) {
    return make_large_model_pack(out, MAKE_PACK_MAX, m, groups, version);
}

/* ---- A policy ---------------------------------------------------------------------------- */

static uint64_t or_else(uint64_t v, uint64_t otherwise) { return v ? v : otherwise; }

static void put_field(struct cbor_writer *w, const struct make_policy *p, unsigned key,
                      uint64_t v) {
    cbor_put_uint(w, key);
    if (p->field == key) v = p->value;
    for (size_t i = 0; i < ARRAY_LEN(p->more); i++)
        if (p->more[i].field == key) v = p->more[i].value;
    cbor_put_uint(w, v);
}

/* The numbers of keys 19 to 39: generous, so that tests see no cap or term that they did not ask
 * for. */
static const uint64_t usual[] = {
    [POLICY_KEY_ASK_AGAIN_S] = 0,
    [POLICY_KEY_PROFILE_TTL_S] = 730 * 86400,
    [POLICY_KEY_RECEIPT_TTL_S] = 3650 * 86400,
    [POLICY_KEY_SIGNAL_GPC] = 1u << SOTTO_PURPOSE_MEASURE | 1u << SOTTO_PURPOSE_PAID,
    [POLICY_KEY_SIGNAL_LMT] = 1u << SOTTO_PURPOSE_PERSONALISE | 1u << SOTTO_PURPOSE_PAID,
    [POLICY_KEY_BANNER_SCOPE] = SCOPE_SESSION,
    [POLICY_KEY_BANNER_REPEAT_S] = 365 * 86400,
    [POLICY_KEY_NOTICE_INTERVAL_S] = 365 * 86400,
    [POLICY_KEY_MUST_EXPLAIN] = 1,
    [POLICY_KEY_CHILD_BELOW] = 13,
    [POLICY_KEY_TEEN_BELOW] = 16,
    [POLICY_KEY_AGE_UNKNOWN] = AGE_ADULT,
    [POLICY_KEY_TEEN_PROFILING] = 1,
    [POLICY_KEY_CAP_ITEM] = 0,
    [POLICY_KEY_CAP_SPONSOR] = 0,
    [POLICY_KEY_SEEN_HIDE_S] = 0,
    [POLICY_KEY_ADS] = ADS_LABEL,
    [POLICY_KEY_STAFF_PERCENT] = 0,
    [POLICY_KEY_HANDOFF_S] = 60,
    [POLICY_KEY_USES_REFUSED] = 62,
    [POLICY_KEY_DEMO] = 0,
};

static void put_policy(struct cbor_writer *w, const struct make_policy *p) {
    const char *texts[] = {"test policy", p->accountable ? p->accountable : "Test Owner",
                           p->contact ? p->contact : "owner@example.org"};
    cbor_put_map(w, POLICY_KEYS);
    for (unsigned i = 0; i < 3; i++) {
        cbor_put_uint(w, POLICY_KEY_NAME + i);
        cbor_put_text(w, texts[i]);
    }
    for (unsigned purpose = SOTTO_PURPOSE_STORE; purpose <= SOTTO_PURPOSE_MEASURE; purpose++)
        put_field(w, p, POLICY_KEY_STORE + purpose - 1, !(p->never >> purpose & 1));
    put_field(w, p, POLICY_KEY_CONSENT_TTL_S, or_else(p->consent_ttl_s, 90 * 86400));
    put_field(w, p, POLICY_KEY_RETENTION_S, 30 * 86400);
    put_field(w, p, POLICY_KEY_IDLE_S, or_else(p->idle_s, 120));
    put_field(w, p, POLICY_KEY_SLATE_TTL_S, 300);
    put_field(w, p, POLICY_KEY_NOTICE_VERSION, or_else(p->notice_version, 1));
    put_field(w, p, POLICY_KEY_MIN_DISPLAY_MS, 1000);
    put_field(w, p, POLICY_KEY_MUST_ACK, !p->no_ack);
    put_field(w, p, POLICY_KEY_YEAR_MICRO, or_else(p->year_micro, 400000000));
    put_field(w, p, POLICY_KEY_LIFETIME_MICRO, or_else(p->lifetime_micro, 4000000000));
    put_field(w, p, POLICY_KEY_SOFT_KEYS, p->soft_keys == 0 ? 1 : p->soft_keys - 1);
    put_field(w, p, POLICY_KEY_PAID, !(p->never >> SOTTO_PURPOSE_PAID & 1));
    put_field(w, p, POLICY_KEY_SENSITIVE, !(p->never >> SOTTO_PURPOSE_SENSITIVE & 1));
    for (unsigned key = POLICY_KEY_ASK_AGAIN_S; key < ARRAY_LEN(usual); key++)
        put_field(w, p, key, usual[key]);
    cbor_put_uint(w, POLICY_KEY_JURISDICTION);
    cbor_put_text(w, "a test");
    cbor_put_uint(w, POLICY_KEY_HANDOFF_ELSE);
    cbor_put_text(w, "Ring the bell.");
    cbor_put_uint(w, POLICY_KEY_CAPS);
    cbor_put_array(w, p->n_caps);
    for (unsigned i = 0; i < p->n_caps; i++) {
        cbor_put_array(w, 2);
        cbor_put_text(w, p->caps[i].group);
        cbor_put_uint(w, p->caps[i].per_day);
    }
}

static void put_schema(struct cbor_writer *w, const struct make_policy *p) {
    uint64_t cells = or_else(p->n_cells, 8);
    cbor_put_array(w, p->no_metrics ? 0 : 1);
    if (p->no_metrics) return;
    if (p->is_household) {
        const uint64_t rest[] = {MECHANISM_SUBSET_SELECTION,
                                 UNIT_HOUSEHOLD,
                                 SOURCE_ITEM_BUCKET,
                                 1u << SOTTO_EVENT_SELECT | 1u << SOTTO_EVENT_PURCHASE,
                                 or_else(p->eps_micro, 1000000),
                                 1,
                                 1,
                                 0,
                                 or_else(p->window_s, 86400),
                                 12,
                                 16};
        cbor_put_array(w, METRIC_FIELDS);
        cbor_put_uint(w, 1);
        cbor_put_text(w, "watched");
        for (unsigned i = 0; i < ARRAY_LEN(rest); i++) cbor_put_uint(w, rest[i]);
        cbor_put_array(w, 0);
        return;
    }
    cbor_put_array(w, METRIC_FIELDS);
    cbor_put_uint(w, 1);
    cbor_put_text(w, "interest");
    cbor_put_uint(w, MECHANISM_DISCRETE_LAPLACE);
    cbor_put_uint(w, UNIT_VISIT);
    cbor_put_uint(w, SOURCE_ITEM_GROUP);
    cbor_put_uint(w, 1u << SOTTO_EVENT_SELECT | 1u << SOTTO_EVENT_PURCHASE);
    cbor_put_uint(w, or_else(p->eps_micro, 1000000));
    cbor_put_uint(w, or_else(p->max_cells, 4));
    cbor_put_uint(w, or_else(p->max_weight, 1));
    cbor_put_uint(w, 0);
    cbor_put_uint(w, or_else(p->window_s, 86400));
    cbor_put_uint(w, 0);
    cbor_put_uint(w, cells);
    cbor_put_array(w, cells);
    for (uint64_t c = 0; c + 1 < cells; c++) {
        char name[32];
        snprintf(name, sizeof name, "group-%u", (unsigned)c);
        cbor_put_text(w, name);
    }
    cbor_put_text(w, "other");
}

size_t make_policy_pack(uint8_t *out, const struct make_policy *p) {
    static const char *const texts[2][POLICY_TEXT_FIELDS] = {
        {"en", "ltr", "Picked for you by software",
         "This kiosk chose these from what you looked at today.", "A computer chose these for you.",
         "A computer chose these for you, from what you looked at today.", "sotto-personal", "OK",
         "No", "Why?", "Person"},
        {"ar", "rtl", "\xd8\xa7\xd8\xae\xd8\xaa\xd9\x8a\xd8\xa7\xd8\xb1", "\xd9\x86\xd8\xb5",
         "\xd9\x86\xd8\xb5", "\xd9\x86\xd8\xb5", "sotto-personal", "\xd9\x86\xd8\xb9\xd9\x85",
         "\xd9\x84\xd8\xa7", "\xd9\x84\xd9\x85\xd8\xa7\xd8\xb0\xd8\xa7",
         "\xd8\xb4\xd8\xae\xd8\xb5"},
    };
    uint8_t policy[1024], text_bytes[2048], schema[4096];
    struct cbor_writer pw = cbor_writer_of(policy, sizeof policy);
    struct cbor_writer tw = cbor_writer_of(text_bytes, sizeof text_bytes);
    struct cbor_writer sw = cbor_writer_of(schema, sizeof schema);
    put_policy(&pw, p);
    cbor_put_array(&tw, ARRAY_LEN(texts));
    for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
        cbor_put_array(&tw, POLICY_TEXT_FIELDS);
        for (unsigned f = 0; f < POLICY_TEXT_FIELDS; f++) cbor_put_text(&tw, texts[i][f]);
    }
    put_schema(&sw, p);
    assert_false(pw.is_bad || tw.is_bad || sw.is_bad);
    const struct make_section sections[] = {{SECTION_POLICY, policy, pw.n},
                                            {SECTION_TEXTS, text_bytes, tw.n},
                                            {SECTION_SCHEMA, schema, sw.n}};
    const struct make_header header = {
        .role = PACK_POLICY, .version = or_else(p->version, 1), .not_after_s = p->not_after_s};
    return make_pack(out, &header, sections, ARRAY_LEN(sections));
}
