/* policy_build: INI fields into a struct policy, and that into CBOR. See policy_build.h. */
#include "tools/sotto-pack/policy_build.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cbor.h"
#include "tools/sotto-pack/policy_fields.h"

static const char *const sections[] = {"policy", "consent", "disclosure", "budget",
                                       "text.",  "metric.", NULL};

/* A preset cannot know who answers for a system; nobody is to go live without having said so. */
static void refuse_placeholder(struct builder *b, const char *key) {
    if (b->status != SOTTO_OK) return;
    struct ini_entry *e = ini_find(&b->ini, "policy", key, "", b->err);
    if (e && strncmp(e->value, "FILL IN", 7) == 0)
        field_check(
            b,
            ini_fail(&b->ini, e, b->err,
                     "this is still the preset's placeholder: write who answers, and how to reach "
                     "them"));
}

static void read_policy(struct builder *b) {
    static const char *const modes[] = {"never", "ask"}; /* enum policy_consent */
    static const char *const no_yes[] = {"no", "yes"}, *const refuse_allow[] = {"refuse", "allow"};
    struct policy *p = b->p;
    p->name = field_text(b, "policy", "name", "eu", 200);
    p->accountable = field_text(b, "policy", "accountable", "Jane Doe, privacy officer", 200);
    p->contact = field_text(b, "policy", "contact", "privacy@example.org, +44 20 7946 0000", 200);
    refuse_placeholder(b, "accountable");
    refuse_placeholder(b, "contact");
    p->retention_s = field_duration(b, "policy", "retention", "90d", 3600000,
                                    POLICY_RETENTION_S_MAX * UINT64_C(1000), 1000);
    p->idle_s =
        field_duration(b, "policy", "idle", "60s", 5000, POLICY_IDLE_S_MAX * UINT64_C(1000), 1000);
    p->slate_ttl_s = field_duration(b, "policy", "slate-lifetime", "5m", 5000,
                                    POLICY_SLATE_TTL_S_MAX * UINT64_C(1000), 1000);
    p->consent[SOTTO_PURPOSE_STORE] =
        (enum policy_consent)field_choice(b, "consent", "store", modes, 2);
    p->consent[SOTTO_PURPOSE_PERSONALISE] =
        (enum policy_consent)field_choice(b, "consent", "personalise", modes, 2);
    p->consent[SOTTO_PURPOSE_MEASURE] =
        (enum policy_consent)field_choice(b, "consent", "measure", modes, 2);
    p->consent_ttl_s = field_duration(b, "consent", "term", "365d", 3600000,
                                      POLICY_CONSENT_TTL_S_MAX * UINT64_C(1000), 1000);
    p->notice_version =
        (uint32_t)field_number(b, "disclosure", "notice-version", "1", 1, UINT32_MAX);
    p->min_display_ms = field_duration(b, "disclosure", "min-display", "3s",
                                       POLICY_MIN_DISPLAY_MS_MIN, POLICY_MIN_DISPLAY_MS_MAX, 1);
    p->must_ack = field_choice(b, "disclosure", "acknowledge", no_yes, 2);
    p->year_micro = field_micro(b, "budget", "year", "365", 0, POLICY_YEAR_MICRO_MAX);
    p->lifetime_micro = field_micro(b, "budget", "lifetime", "1825", 0, POLICY_LIFETIME_MICRO_MAX);
    /* The one key with a default: who says nothing about keys has not allowed soft ones. */
    if (b->status == SOTTO_OK && ini_find(&b->ini, "policy", "soft-keys", "refuse", NULL))
        p->allows_soft_keys = field_choice(b, "policy", "soft-keys", refuse_allow, 2);
}

/* BCP 47, loosely: letters, digits and hyphens, beginning with a letter. */
static int is_locale(const char *s) {
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    return n >= 2 && n <= 35 && !s[n] && (s[0] | 32) >= 'a' && (s[0] | 32) <= 'z';
}

static void read_texts(struct builder *b) {
    static const char *const directions[] = {"ltr", "rtl"};
    struct policy *p = b->p;
    for (uint32_t i = 0; i < b->ini.n && b->status == SOTTO_OK; i++) {
        const struct ini_entry *e = &b->ini.entries[i];
        const char *section = e->section, *locale = section + 5;
        if (!field_begins_section(&b->ini, i, "text.")) continue;
        if (!is_locale(locale)) {
            field_check(b,
                        ini_fail(&b->ini, e, b->err,
                                 "the section must be named after a language tag, like [text.en]"));
        } else if (p->n_texts == POLICY_LOCALES_MAX) {
            field_check(b, ini_fail(&b->ini, e, b->err,
                                    "this is one language too many: %d are allowed",
                                    POLICY_LOCALES_MAX));
        } else {
            const char **t = p->texts[p->n_texts++];
            t[TEXT_LOCALE] = field_keep(b, e, locale, strlen(locale), 35);
            t[TEXT_DIRECTION] = directions[field_choice(b, section, "direction", directions, 2)];
            t[TEXT_TITLE] = field_text(b, section, "title", "Chosen for you", 1000);
            t[TEXT_SHORT] =
                field_text(b, section, "short", "What you tap here orders this list.", 1000);
            t[TEXT_PLAIN] =
                field_text(b, section, "plain", "This screen remembers what you tap.", 1000);
            t[TEXT_SPEECH] =
                field_text(b, section, "speech", "This screen remembers what you tap.", 1000);
            t[TEXT_ICON] = field_text(b, "disclosure", "icon", "sotto-personal", 63);
            t[TEXT_ACCEPT] = field_text(b, section, "accept", "Yes", 1000);
            t[TEXT_DECLINE] = field_text(b, section, "decline", "No", 1000);
            t[TEXT_WHY] = field_text(b, section, "why", "Why this?", 1000);
            t[TEXT_PERSON] = field_text(b, section, "person", "Ask a person", 1000);
        }
    }
    if (b->status == SOTTO_OK && p->n_texts == 0)
        field_check(b,
                    fail(b->err, SOTTO_E_FORMAT,
                         "%s: there are no banner texts: add at least one section like [text.en]",
                         b->ini.path));
}

int policy_from_ini(struct policy *policy, const char *path, const struct model *model,
                    struct sotto_error *err) {
    struct builder b = {.p = policy, .model = model, .err = err};
    memset(policy, 0, sizeof *policy);
    b.status = ini_read(&b.ini, path, sections, err);
    if (b.status != SOTTO_OK) return b.status;
    read_policy(&b);
    read_texts(&b);
    field_metrics(&b);
    if (b.status == SOTTO_OK) b.status = ini_check_used(&b.ini, err);
    if (b.status == SOTTO_OK) b.status = policy_lint(policy, &b.ini, err);
    ini_free(&b.ini);
    return b.status;
}

static void put_policy(struct cbor_writer *w, const struct policy *p) {
    const uint64_t numbers[] = {p->consent[SOTTO_PURPOSE_STORE],
                                p->consent[SOTTO_PURPOSE_PERSONALISE],
                                p->consent[SOTTO_PURPOSE_MEASURE],
                                p->consent_ttl_s,
                                p->retention_s,
                                p->idle_s,
                                p->slate_ttl_s,
                                p->notice_version,
                                p->min_display_ms,
                                p->must_ack,
                                p->year_micro,
                                p->lifetime_micro,
                                p->allows_soft_keys};
    const char *const texts[] = {p->name, p->accountable, p->contact};
    _Static_assert(ARRAY_LEN(texts) + ARRAY_LEN(numbers) == POLICY_KEYS, "every key is written");
    cbor_put_map(w, POLICY_KEYS);
    for (uint32_t i = 0; i < ARRAY_LEN(texts); i++) {
        cbor_put_uint(w, POLICY_KEY_NAME + i);
        cbor_put_text(w, texts[i]);
    }
    for (uint32_t i = 0; i < ARRAY_LEN(numbers); i++) {
        cbor_put_uint(w, POLICY_KEY_STORE + i);
        cbor_put_uint(w, numbers[i]);
    }
}

static void put_schema(struct cbor_writer *w, const struct policy *p) {
    cbor_put_array(w, p->n_metrics);
    for (uint32_t i = 0; i < p->n_metrics; i++) {
        const struct policy_metric *m = &p->metrics[i];
        cbor_put_array(w, METRIC_FIELDS);
        cbor_put_uint(w, m->id);
        cbor_put_text(w, m->name);
        cbor_put_uint(w, m->mechanism);
        cbor_put_uint(w, m->unit);
        cbor_put_uint(w, m->source);
        cbor_put_uint(w, m->event_mask);
        cbor_put_uint(w, m->eps_micro);
        cbor_put_uint(w, m->max_cells);
        cbor_put_uint(w, m->max_weight);
        cbor_put_uint(w, m->max_value);
        cbor_put_uint(w, m->window_s);
        cbor_put_uint(w, m->fresh_year);
        cbor_put_uint(w, m->n_cells);
        cbor_put_array(w, m->n_names);
        for (uint32_t c = 0; c < m->n_names; c++) cbor_put_text(w, m->cells[c]);
    }
}

int policy_pack(const struct policy *policy, const struct pack_manifest *manifest, const char *path,
                uint8_t **bytes, size_t *n, struct sotto_error *err) {
    *bytes = NULL;
    *n = 0;
    uint8_t *block = malloc(3 * (size_t)POLICY_BYTES_MAX);
    struct policy *check_copy = malloc(sizeof *check_copy);
    if (!block || !check_copy) {
        free(block);
        free(check_copy);
        return fail(err, SOTTO_E_MEMORY, "no memory to build a policy pack");
    }
    struct cbor_writer p = cbor_writer_of(block, POLICY_BYTES_MAX),
                       t = cbor_writer_of(block + POLICY_BYTES_MAX, POLICY_BYTES_MAX),
                       s = cbor_writer_of(block + 2 * (size_t)POLICY_BYTES_MAX, POLICY_BYTES_MAX);
    put_policy(&p, policy);
    cbor_put_array(&t, policy->n_texts);
    for (uint32_t i = 0; i < policy->n_texts; i++) {
        cbor_put_array(&t, POLICY_TEXT_FIELDS);
        for (int f = 0; f < POLICY_TEXT_FIELDS; f++) cbor_put_text(&t, policy->texts[i][f]);
    }
    put_schema(&s, policy);
    const struct pack_part parts[] = {{SECTION_POLICY, p.bytes, p.n},
                                      {SECTION_TEXTS, t.bytes, t.n},
                                      {SECTION_SCHEMA, s.bytes, s.n}};
    int status = p.is_bad || t.is_bad || s.is_bad
                     ? fail(err, SOTTO_E_LIMIT, "%s: the policy exceeds %u KiB: shorten its texts",
                            path, POLICY_BYTES_MAX >> 10)
                     : pack_build(manifest, parts, ARRAY_LEN(parts), bytes, n, err);
    struct pack pack = {.bytes = *bytes, .n = *n};
    if (status == SOTTO_OK) status = pack_parse(&pack, path, err);
    if (status == SOTTO_OK) status = policy_load(check_copy, &pack, path, err);
    if (status != SOTTO_OK) {
        free(*bytes);
        *bytes = NULL;
        *n = 0;
    }
    free(block);
    free(check_copy);
    return status;
}
