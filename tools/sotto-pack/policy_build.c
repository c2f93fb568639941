/* policy_build: INI fields into a struct policy, and that into CBOR. See policy_build.h. */
#include "tools/sotto-pack/policy_build.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cbor.h"
#include "tools/sotto-pack/policy_fields.h"
#include "tools/sotto-pack/policy_table.h"

static const char *const sections[] = {"policy", "consent", "disclosure", "signals", "age",
                                       "caps",   "ads",     "people",     "uses",    "budget",
                                       "text.",  "texts",   "metric.",    "cap.",    NULL};

/* A preset cannot know who answers for a system; nobody is to go live without having said so. */
static void refuse_placeholder(struct builder *b, const char *key) {
    if (b->status != SOTTO_OK) return;
    struct ini_entry *e = ini_find(&b->ini, "policy", key, "", b->err);
    if (e && policy_is_unnamed(e->value))
        field_check(
            b,
            ini_fail(&b->ini, e, b->err,
                     "this is still the preset's placeholder: write who answers, and how to reach "
                     "them"));
}

static uint64_t read_number(struct builder *b, unsigned i) {
    const struct policy_row *row = &policy_rows[i];
    const struct policy_number *number = &policy_numbers[i];
    const uint64_t least = number->least, most = number->most;
    uint32_t set;
    if (b->status != SOTTO_OK ||
        (row->may_lack && !ini_find(&b->ini, row->section, row->key, row->example, NULL)))
        return 0;
    switch (row->form) {
    case FORM_CHOICE:
        return field_choice(b, row->section, row->key, row->words, (unsigned)most + 1);
    case FORM_COUNT: return field_number(b, row->section, row->key, row->example, least, most);
    case FORM_MICRO: return field_micro(b, row->section, row->key, row->example, least, most);
    case FORM_MS: return field_duration(b, row->section, row->key, row->example, least, most, 1);
    case FORM_SECONDS:
        return field_duration(b, row->section, row->key, row->example, least * 1000, most * 1000,
                              1000);
    case FORM_SET: break;
    }
    set = field_set(b, row->section, row->key, row->example, row->words);
    if (b->status == SOTTO_OK && (set < least || set > most))
        field_check(b, ini_fail(&b->ini, ini_find(&b->ini, row->section, row->key, "", b->err),
                                b->err, "no policy may leave one out: write `%s`", row->example));
    return set;
}

static void read_policy(struct builder *b) {
    struct policy *p = b->p;
    p->name = field_text(b, "policy", "name", "eu", 200);
    p->accountable = field_text(b, "policy", "accountable", "Jane Doe, privacy officer", 200);
    p->contact = field_text(b, "policy", "contact", "privacy@example.org, +44 20 7946 0000", 200);
    refuse_placeholder(b, "accountable");
    refuse_placeholder(b, "contact");
    for (unsigned i = 0; i < POLICY_NUMBERS; i++) policy_set_number(p, i, read_number(b, i));
    p->jurisdiction = field_text(b, "policy", "jurisdiction", "European Union", 64);
    p->handoff_else = field_text(b, "people", "otherwise", "Ring the bell at the desk.", 200);
    if (b->status == SOTTO_OK && p->child_below > p->teen_below)
        field_check(b,
                    ini_fail(&b->ini, ini_find(&b->ini, "age", "child-below", "13", b->err), b->err,
                             "a child is younger than a teen: it may be at most `teen-below`"));
}

static void read_caps(struct builder *b) {
    struct policy *p = b->p;
    for (uint32_t i = 0; i < b->ini.n && b->status == SOTTO_OK; i++) {
        const struct ini_entry *e = &b->ini.entries[i];
        if (!field_begins_section(&b->ini, i, "cap.")) continue;
        if (p->n_caps == POLICY_CAPS_MAX) {
            field_check(b, ini_fail(&b->ini, e, b->err,
                                    "this is one group too many: %d may have a cap of their own",
                                    POLICY_CAPS_MAX));
            return;
        }
        uint32_t n = p->n_caps++;
        p->caps[n].group = field_text(b, e->section, "group", "alcohol", 63);
        p->caps[n].per_day =
            (uint32_t)field_number(b, e->section, "per-day", "2", 1, POLICY_CAP_MAX);
        for (uint32_t k = 0; k < n && b->status == SOTTO_OK; k++)
            if (strcmp(p->caps[k].group, p->caps[n].group) == 0)
                field_check(b, ini_fail(&b->ini, ini_find(&b->ini, e->section, "group", "", b->err),
                                        b->err, "this group has a cap already: remove one"));
    }
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
    static const char *const text_sections[] = {"text.", NULL};
    b.status = ini_read(&b.ini, path, sections, err);
    if (b.status != SOTTO_OK) return b.status;
    const struct ini_entry *texts = ini_find(&b.ini, "texts", "files", "", NULL);
    if (texts) b.status = ini_include(&b.ini, texts, text_sections, err);
    if (b.status != SOTTO_OK) return b.status;
    read_policy(&b);
    read_caps(&b);
    read_texts(&b);
    field_metrics(&b);
    if (b.status == SOTTO_OK) b.status = ini_check_used(&b.ini, err);
    if (b.status == SOTTO_OK) b.status = policy_lint(policy, &b.ini, err);
    ini_free(&b.ini);
    return b.status;
}

static void put_policy(struct cbor_writer *w, const struct policy *p) {
    const char *const texts[] = {p->name, p->accountable, p->contact};
    _Static_assert(ARRAY_LEN(texts) + POLICY_NUMBERS + 3 == POLICY_KEYS, "every key is written");
    cbor_put_map(w, POLICY_KEYS);
    for (uint32_t i = 0; i < ARRAY_LEN(texts); i++) {
        cbor_put_uint(w, POLICY_KEY_NAME + i);
        cbor_put_text(w, texts[i]);
    }
    for (uint32_t i = 0; i < POLICY_NUMBERS; i++) {
        cbor_put_uint(w, POLICY_KEY_STORE + i);
        cbor_put_uint(w, policy_number(p, i));
    }
    cbor_put_uint(w, POLICY_KEY_JURISDICTION);
    cbor_put_text(w, p->jurisdiction);
    cbor_put_uint(w, POLICY_KEY_HANDOFF_ELSE);
    cbor_put_text(w, p->handoff_else);
    cbor_put_uint(w, POLICY_KEY_CAPS);
    cbor_put_array(w, p->n_caps);
    for (uint32_t i = 0; i < p->n_caps; i++) {
        cbor_put_array(w, 2);
        cbor_put_text(w, p->caps[i].group);
        cbor_put_uint(w, p->caps[i].per_day);
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
