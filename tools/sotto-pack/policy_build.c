/* policy_build: INI fields into a struct policy, and that into CBOR. See policy_build.h. */
#include "tools/sotto-pack/policy_build.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cbor.h"

#define DAY_MS UINT64_C(86400000)

static const char *const sections[] = {"policy", "consent", "disclosure", "budget",
                                       "text.",  "metric.", NULL};

struct builder {
    struct policy *p;
    struct ini ini;
    const struct model *model;
    struct sotto_error *err;
    int status; /* the first failure; later steps do nothing */
};

static void check(struct builder *b, int status) {
    if (b->status == SOTTO_OK) b->status = status;
}

/* Copies into the policy's strings. */
static const char *keep(struct builder *b, const struct ini_entry *e, const char *text, size_t n,
                        size_t most) {
    struct policy *p = b->p;
    if (n == 0 || n > most) {
        check(b, ini_fail(&b->ini, e, b->err,
                          n ? "it has %zu bytes, %zu are allowed"
                            : "it is empty (%zu of 1 to %zu bytes)",
                          n, most));
        return "";
    }
    if (n + 1 > POLICY_STRINGS_BYTES - p->strings_n) {
        check(b, ini_fail(&b->ini, e, b->err, "all texts together exceed %d bytes: shorten some",
                          POLICY_STRINGS_BYTES));
        return "";
    }
    char *copy = p->strings + p->strings_n;
    memcpy(copy, text, n);
    copy[n] = '\0';
    p->strings_n += n + 1;
    return copy;
}

static const char *text(struct builder *b, const char *section, const char *key,
                        const char *example, size_t most) {
    if (b->status != SOTTO_OK) return "";
    struct ini_entry *e = ini_find(&b->ini, section, key, example, b->err);
    if (!e) {
        b->status = SOTTO_E_FORMAT;
        return "";
    }
    return keep(b, e, e->value, strlen(e->value), most);
}

static uint32_t duration(struct builder *b, const char *section, const char *key,
                         const char *example, uint64_t least_ms, uint64_t most_ms,
                         uint64_t unit_ms) {
    uint64_t ms = 0;
    if (b->status != SOTTO_OK) return 0;
    check(b, ini_duration(&b->ini, section, key, example, least_ms, most_ms, &ms, b->err));
    if (b->status == SOTTO_OK && ms % unit_ms)
        check(b, ini_fail(&b->ini, ini_find(&b->ini, section, key, example, b->err), b->err,
                          "it must be whole seconds"));
    return (uint32_t)(ms / unit_ms);
}

static uint64_t number(struct builder *b, const char *section, const char *key, const char *example,
                       uint64_t least, uint64_t most) {
    uint64_t v = 0;
    if (b->status == SOTTO_OK)
        check(b, ini_uint(&b->ini, section, key, example, least, most, &v, b->err));
    return v;
}

static uint64_t micro(struct builder *b, const char *section, const char *key, const char *example,
                      uint64_t least, uint64_t most) {
    uint64_t v = 0;
    if (b->status == SOTTO_OK)
        check(b, ini_micro(&b->ini, section, key, example, least, most, &v, b->err));
    return v;
}

static uint32_t choice(struct builder *b, const char *section, const char *key,
                       const char *const *words, unsigned n) {
    uint32_t v = 0;
    if (b->status == SOTTO_OK) check(b, ini_choice(&b->ini, section, key, words, n, &v, b->err));
    return v;
}

/* A preset cannot know who answers for a system; nobody is to go live without having said so. */
static void refuse_placeholder(struct builder *b, const char *key) {
    if (b->status != SOTTO_OK) return;
    struct ini_entry *e = ini_find(&b->ini, "policy", key, "", b->err);
    if (e && strncmp(e->value, "FILL IN", 7) == 0)
        check(b, ini_fail(
                     &b->ini, e, b->err,
                     "this is still the preset's placeholder: write who answers, and how to reach "
                     "them"));
}

static void read_policy(struct builder *b) {
    static const char *const modes[] = {"never", "ask"}; /* enum policy_consent */
    static const char *const no_yes[] = {"no", "yes"}, *const refuse_allow[] = {"refuse", "allow"};
    struct policy *p = b->p;
    p->name = text(b, "policy", "name", "eu", 200);
    p->accountable = text(b, "policy", "accountable", "Jane Doe, privacy officer", 200);
    p->contact = text(b, "policy", "contact", "privacy@example.org, +44 20 7946 0000", 200);
    refuse_placeholder(b, "accountable");
    refuse_placeholder(b, "contact");
    p->retention_s = duration(b, "policy", "retention", "90d", 3600000,
                              POLICY_RETENTION_S_MAX * UINT64_C(1000), 1000);
    p->idle_s =
        duration(b, "policy", "idle", "60s", 5000, POLICY_IDLE_S_MAX * UINT64_C(1000), 1000);
    p->slate_ttl_s = duration(b, "policy", "slate-lifetime", "5m", 5000,
                              POLICY_SLATE_TTL_S_MAX * UINT64_C(1000), 1000);
    p->consent[SOTTO_PURPOSE_STORE] = (enum policy_consent)choice(b, "consent", "store", modes, 2);
    p->consent[SOTTO_PURPOSE_PERSONALISE] =
        (enum policy_consent)choice(b, "consent", "personalise", modes, 2);
    p->consent[SOTTO_PURPOSE_MEASURE] =
        (enum policy_consent)choice(b, "consent", "measure", modes, 2);
    p->consent_ttl_s = duration(b, "consent", "term", "365d", 3600000,
                                POLICY_CONSENT_TTL_S_MAX * UINT64_C(1000), 1000);
    p->notice_version = (uint32_t)number(b, "disclosure", "notice-version", "1", 1, UINT32_MAX);
    p->min_display_ms = duration(b, "disclosure", "min-display", "3s", POLICY_MIN_DISPLAY_MS_MIN,
                                 POLICY_MIN_DISPLAY_MS_MAX, 1);
    p->must_ack = choice(b, "disclosure", "acknowledge", no_yes, 2);
    p->year_micro = micro(b, "budget", "year", "365", 0, POLICY_YEAR_MICRO_MAX);
    p->lifetime_micro = micro(b, "budget", "lifetime", "1825", 0, POLICY_LIFETIME_MICRO_MAX);
    /* The one key with a default: who says nothing about keys has not allowed soft ones. */
    if (b->status == SOTTO_OK && ini_find(&b->ini, "policy", "soft-keys", "refuse", NULL))
        p->allows_soft_keys = choice(b, "policy", "soft-keys", refuse_allow, 2);
}

/* Entry number i begins a section with this prefix that no entry before it was in. */
static int begins_section(const struct ini *ini, uint32_t i, const char *prefix) {
    const char *section = ini->entries[i].section;
    if (strncmp(section, prefix, strlen(prefix)) != 0) return 0;
    for (uint32_t k = 0; k < i; k++)
        if (strcmp(ini->entries[k].section, section) == 0) return 0;
    return 1;
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
        if (!begins_section(&b->ini, i, "text.")) continue;
        if (!is_locale(locale)) {
            check(b, ini_fail(&b->ini, e, b->err,
                              "the section must be named after a language tag, like [text.en]"));
        } else if (p->n_texts == POLICY_LOCALES_MAX) {
            check(b, ini_fail(&b->ini, e, b->err, "this is one language too many: %d are allowed",
                              POLICY_LOCALES_MAX));
        } else {
            const char **t = p->texts[p->n_texts++];
            t[TEXT_LOCALE] = keep(b, e, locale, strlen(locale), 35);
            t[TEXT_DIRECTION] = directions[choice(b, section, "direction", directions, 2)];
            t[TEXT_TITLE] = text(b, section, "title", "Chosen for you", 1000);
            t[TEXT_SHORT] = text(b, section, "short", "What you tap here orders this list.", 1000);
            t[TEXT_PLAIN] = text(b, section, "plain", "This screen remembers what you tap.", 1000);
            t[TEXT_SPEECH] =
                text(b, section, "speech", "This screen remembers what you tap.", 1000);
            t[TEXT_ICON] = text(b, "disclosure", "icon", "sotto-personal", 63);
            t[TEXT_ACCEPT] = text(b, section, "accept", "Yes", 1000);
            t[TEXT_DECLINE] = text(b, section, "decline", "No", 1000);
            t[TEXT_WHY] = text(b, section, "why", "Why this?", 1000);
            t[TEXT_PERSON] = text(b, section, "person", "Ask a person", 1000);
        }
    }
    if (b->status == SOTTO_OK && p->n_texts == 0)
        check(b, fail(b->err, SOTTO_E_FORMAT,
                      "%s: there are no banner texts: add at least one section like [text.en]",
                      b->ini.path));
}

static uint32_t read_events(struct builder *b, const char *section) {
    static const char *const words[] = {"", "view", "select", "purchase"}; /* sotto_event_type */
    if (b->status != SOTTO_OK) return 0;
    struct ini_entry *e = ini_find(&b->ini, section, "events", "select purchase", b->err);
    if (!e) {
        b->status = SOTTO_E_FORMAT;
        return 0;
    }
    uint32_t mask = 0;
    for (const char *at = e->value + strspn(e->value, " "); *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        uint32_t bit = 0;
        for (uint32_t w = 1; w < ARRAY_LEN(words); w++)
            if (strlen(words[w]) == n && memcmp(words[w], at, n) == 0) bit = 1u << w;
        if (!bit) {
            check(b, ini_fail(&b->ini, e, b->err,
                              "\"%.*s\" is no event: write view, select or purchase, with spaces "
                              "between",
                              (int)(n > 40 ? 40 : n), at));
            return 0;
        }
        mask |= bit;
        at += n;
    }
    if (!mask) check(b, ini_fail(&b->ini, e, b->err, "it names no event"));
    return mask;
}

static void add_cell(struct builder *b, struct policy_metric *m, const struct ini_entry *e,
                     const char *name, size_t n) {
    while (n && name[n - 1] == ' ') n--;
    while (n && *name == ' ') name++, n--;
    if (b->status != SOTTO_OK) return;
    if (m->n_cells == POLICY_CELLS_MAX) {
        check(b, ini_fail(&b->ini, e, b->err,
                          "there are more than %d cells: merge some into \"other\"",
                          POLICY_CELLS_MAX));
        return;
    }
    const char *cell = keep(b, e, name, n, 63);
    for (uint32_t c = 0; c < m->n_cells && b->status == SOTTO_OK; c++)
        if (strcmp(m->cells[c], cell) == 0)
            check(b, ini_fail(&b->ini, e, b->err, "the cell \"%s\" is named twice", cell));
    m->cells[m->n_cells++] = cell;
}

static void read_cells(struct builder *b, struct policy_metric *m, const char *section) {
    if (b->status != SOTTO_OK) return;
    struct ini_entry *e = ini_find(&b->ini, section, "cells", "groups", b->err);
    if (!e) {
        b->status = SOTTO_E_FORMAT;
        return;
    }
    if (strcmp(e->value, "groups") == 0) {
        if (!b->model)
            check(b, ini_fail(
                         &b->ini, e, b->err,
                         "the group names come from a model: give --model MODEL.pack, or list the "
                         "cells here with | between"));
        for (uint32_t g = 0; b->model && b->status == SOTTO_OK && g < b->model->n_groups; g++) {
            const char *name = model_group_name(b->model, g);
            if (strcmp(name, "other") != 0) add_cell(b, m, e, name, strlen(name));
        }
        add_cell(b, m, e, "other", 5);
        return;
    }
    for (const char *at = e->value;; at++) {
        size_t n = strcspn(at, "|");
        add_cell(b, m, e, at, n);
        at += n;
        if (!*at || b->status != SOTTO_OK) break;
    }
    if (b->status == SOTTO_OK && strcmp(m->cells[m->n_cells - 1], "other") != 0)
        check(b, ini_fail(&b->ini, e, b->err, "the last cell must be \"other\": add `| other`"));
}

static void read_metric(struct builder *b, const struct ini_entry *first) {
    static const char *const mechanisms[] = {"", "discrete-laplace"};
    static const char *const units[] = {"", "visit"}, *const sources[] = {"", "item-groups"};
    const char *section = first->section;
    struct policy_metric m = {0};
    m.id = (uint32_t)number(b, section, "id", "1", 1, 65535);
    m.name = b->status == SOTTO_OK ? keep(b, first, section + 7, strlen(section + 7), 63) : "";
    m.mechanism = 1 + choice(b, section, "mechanism", mechanisms + 1, 1);
    m.unit = 1 + choice(b, section, "unit", units + 1, 1);
    m.source = 1 + choice(b, section, "source", sources + 1, 1);
    m.event_mask = read_events(b, section);
    m.eps_micro =
        (uint32_t)micro(b, section, "epsilon", "1.0", POLICY_EPS_MICRO_MIN, POLICY_EPS_MICRO_MAX);
    m.max_cells = (uint32_t)number(b, section, "max-cells", "4", 1, POLICY_MAX_CELLS_MAX);
    m.window_s = duration(b, section, "window", "1d", POLICY_WINDOW_S_MIN * UINT64_C(1000),
                          POLICY_WINDOW_S_MAX * UINT64_C(1000), 1000);
    read_cells(b, &m, section);
    if (b->status == SOTTO_OK && m.max_cells > m.n_cells)
        check(b, ini_fail(&b->ini, ini_find(&b->ini, section, "max-cells", "4", b->err), b->err,
                          "%u is more than there are cells (%u)", m.max_cells, m.n_cells));
    /* Ascending ids, whatever the order in the file. */
    struct policy *p = b->p;
    uint32_t at = p->n_metrics++;
    for (; at > 0 && p->metrics[at - 1].id > m.id; at--) p->metrics[at] = p->metrics[at - 1];
    p->metrics[at] = m;
    if (b->status == SOTTO_OK && at > 0 && p->metrics[at - 1].id == m.id)
        check(b, ini_fail(&b->ini, ini_find(&b->ini, section, "id", "1", b->err), b->err,
                          "another metric has the id %u too: choose another", m.id));
}

static void read_metrics(struct builder *b) {
    struct policy *p = b->p;
    const struct ini_entry *last = NULL;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < b->ini.n && b->status == SOTTO_OK; i++) {
        if (!begins_section(&b->ini, i, "metric.")) continue;
        last = &b->ini.entries[i];
        if (p->n_metrics == POLICY_METRICS_MAX)
            check(b, ini_fail(&b->ini, last, b->err, "this is one metric too many: %d are allowed",
                              POLICY_METRICS_MAX));
        else
            read_metric(b, last);
    }
    for (uint32_t i = 0; i < p->n_metrics; i++) sum += p->metrics[i].eps_micro;
    if (b->status == SOTTO_OK && sum > POLICY_EPS_MICRO_MAX)
        check(b, ini_fail(
                     &b->ini, ini_find(&b->ini, last->section, "epsilon", "1.0", b->err), b->err,
                     "a visit touches every metric, so their epsilons add up to %g, and %g is the "
                     "most: lower some",
                     (double)sum / 1e6, POLICY_EPS_MICRO_MAX / 1e6));
}

/* A window costs a metric's whole epsilon: under a smaller budget not one report could ever leave,
 * and nobody would learn why. Where nothing may be measured there is nothing to pay. */
static void check_budget(struct builder *b) {
    const struct policy *p = b->p;
    for (uint32_t i = 0; i < p->n_metrics && b->status == SOTTO_OK; i++) {
        const struct policy_metric *m = &p->metrics[i];
        const char *key = p->year_micro < m->eps_micro       ? "year"
                          : p->lifetime_micro < m->eps_micro ? "lifetime"
                                                             : NULL;
        if (key && p->consent[SOTTO_PURPOSE_MEASURE] != POLICY_NEVER)
            check(b, ini_fail(&b->ini, ini_find(&b->ini, "budget", key, "365", b->err), b->err,
                              "it does not pay for one window of \"%s\" (epsilon %g), so none "
                              "would ever be reported: raise it, or lower the epsilon",
                              m->name, m->eps_micro / 1e6));
    }
}

int policy_from_ini(struct policy *policy, const char *path, const struct model *model,
                    struct sotto_error *err) {
    struct builder b = {.p = policy, .model = model, .err = err};
    memset(policy, 0, sizeof *policy);
    b.status = ini_read(&b.ini, path, sections, err);
    if (b.status != SOTTO_OK) return b.status;
    read_policy(&b);
    read_texts(&b);
    read_metrics(&b);
    check_budget(&b);
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
        cbor_put_uint(w, m->window_s);
        cbor_put_array(w, m->n_cells);
        for (uint32_t c = 0; c < m->n_cells; c++) cbor_put_text(w, m->cells[c]);
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
