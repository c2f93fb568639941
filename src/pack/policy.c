/* policy: decodes a verified policy pack and holds it against the hard outer bounds. All strings
 * are copied, so the mapping may go; a policy that breaks any rule is refused whole and `strict`
 * rules. */
#include "pack/policy.h"

#include "base/cbor.h"
#include "crypto/crypto.h"

#define DAY_S 86400u

#define U32(field)  offsetof(struct policy, field), 0
#define U64(field)  offsetof(struct policy, field), 1
#define CONSENT(of) U32(consent[SOTTO_PURPOSE_##of])
_Static_assert(sizeof(enum policy_consent) == sizeof(uint32_t), "a mode is set like a number");
_Static_assert(offsetof(struct policy, metrics) <= UINT16_MAX, "numbers come first");

const struct policy_number policy_numbers[POLICY_NUMBERS] = {
    {CONSENT(STORE), POLICY_NEVER, POLICY_ASK, "consent mode"},
    {CONSENT(PERSONALISE), POLICY_NEVER, POLICY_NOTICE, "consent mode"},
    {CONSENT(MEASURE), POLICY_NEVER, POLICY_ASK, "consent mode"},
    {U32(consent_ttl_s), 3600, POLICY_CONSENT_TTL_S_MAX, "consent term"},
    {U32(retention_s), 3600, POLICY_RETENTION_S_MAX, "retention"},
    {U32(idle_s), 5, POLICY_IDLE_S_MAX, "idle time"},
    {U32(slate_ttl_s), 5, POLICY_SLATE_TTL_S_MAX, "slate lifetime"},
    {U32(notice_version), 1, UINT32_MAX, "notice version"},
    {U32(min_display_ms), POLICY_MIN_DISPLAY_MS_MIN, POLICY_MIN_DISPLAY_MS_MAX,
     "minimum display time"},
    {U32(must_ack), 0, 1, "acknowledgement"},
    {U64(year_micro), 0, POLICY_YEAR_MICRO_MAX, "yearly budget"},
    {U64(lifetime_micro), 0, POLICY_LIFETIME_MICRO_MAX, "lifetime budget"},
    {U32(allows_soft_keys), 0, 1, "word on soft keys"},
    {CONSENT(PAID), POLICY_NEVER, POLICY_NOTICE, "consent mode"},
    {CONSENT(SENSITIVE), POLICY_NEVER, POLICY_ASK, "consent mode"},
    {U32(ask_again_s), 0, POLICY_CONSENT_TTL_S_MAX, "time before asking again"},
    {U32(profile_ttl_s), 3600, POLICY_CONSENT_TTL_S_MAX, "term of an unused profile"},
    {U32(receipt_ttl_s), DAY_S, POLICY_RECEIPT_TTL_S_MAX, "term of receipts"},
    {U32(signal_objects[POLICY_SIGNAL_GPC]), 0, POLICY_EVERY_PURPOSE,
     "list of purposes that a signal objects to"},
    {U32(signal_objects[POLICY_SIGNAL_LMT]), 0, POLICY_EVERY_PURPOSE,
     "list of purposes that a signal objects to"},
    {U32(banner_scope), SCOPE_SESSION, SCOPE_PROFILE, "banner's scope"},
    {U32(banner_repeat_s), 3600, POLICY_NOTICE_S_MAX, "banner's repetition"},
    {U32(notice_interval_s), DAY_S, POLICY_NOTICE_S_MAX, "notice interval"},
    {U32(must_explain), 0, 1, "word on explaining"},
    {U32(child_below), 0, POLICY_AGE_MAX, "age of a child"},
    {U32(teen_below), 0, POLICY_AGE_MAX, "age of a teen"},
    {U32(age_unknown), AGE_ADULT, AGE_CHILD, "unknown age"},
    {U32(teen_profiling), 0, 1, "word on profiling teens"},
    {U32(caps_item_day), 0, POLICY_CAP_MAX, "cap per item"},
    {U32(caps_sponsor_day), 0, POLICY_CAP_MAX, "cap per sponsor"},
    {U32(seen_hide_s), 0, POLICY_SEEN_S_MAX, "time for which seen items are hidden"},
    {U32(ads), ADS_REFUSE, ADS_LABEL, "word on paid items"},
    {U32(staff_min_percent), 0, POLICY_STAFF_PERCENT_MAX, "share of staff picks"},
    {U32(handoff_timeout_s), POLICY_HANDOFF_S_MIN, POLICY_HANDOFF_S_MAX,
     "time in which a person comes"},
    {U32(use_classes_refused), POLICY_EVERY_USE, POLICY_EVERY_USE, "list of refused uses"},
    {U32(demo_only), 0, 1, "word on demonstrations"},
};

uint64_t policy_number(const struct policy *p, unsigned index) {
    const uint8_t *at = (const uint8_t *)p + policy_numbers[index].at;
    uint64_t wide;
    uint32_t v;
    memcpy(&wide, at, sizeof wide);
    memcpy(&v, at, sizeof v);
    return policy_numbers[index].is_wide ? wide : v;
}

void policy_set_number(struct policy *p, unsigned index, uint64_t value) {
    uint8_t *at = (uint8_t *)p + policy_numbers[index].at;
    uint32_t v = (uint32_t)value;
    if (policy_numbers[index].is_wide)
        memcpy(at, &value, sizeof value);
    else
        memcpy(at, &v, sizeof v);
}

int policy_is_unnamed(const char *text) { return !*text || strncmp(text, "FILL IN", 7) == 0; }

void policy_strict(struct policy *p) {
    static const char *const texts[POLICY_TEXT_FIELDS] = {
        [TEXT_LOCALE] = "en",
        [TEXT_DIRECTION] = "ltr",
        [TEXT_TITLE] = "The same for everyone",
        [TEXT_SHORT] = "What you see here is not chosen for you personally.",
        [TEXT_PLAIN] = "This screen shows everyone the same. Nothing about you is kept.",
        [TEXT_SPEECH] = "What you see here is the same for everyone.",
        [TEXT_ICON] = "sotto-general",
        [TEXT_ACCEPT] = "OK",
        [TEXT_DECLINE] = "Close",
        [TEXT_WHY] = "Why?",
        [TEXT_PERSON] = "Talk to a person",
    };
    memset(p, 0, sizeof *p);
    p->name = "strict";
    p->accountable = "nobody has been named";
    p->contact = "ask the staff";
    p->consent_ttl_s = DAY_S;
    p->retention_s = DAY_S;
    p->idle_s = 60;
    p->slate_ttl_s = 300;
    p->notice_version = 1;
    p->min_display_ms = POLICY_MIN_DISPLAY_MS_MAX;
    p->must_ack = 1;
    p->jurisdiction = "any";
    p->handoff_else = "Ask the staff.";
    p->ask_again_s = POLICY_CONSENT_TTL_S_MAX;
    p->profile_ttl_s = DAY_S;
    p->receipt_ttl_s = 1095 * DAY_S;
    p->signal_objects[POLICY_SIGNAL_GPC] = p->signal_objects[POLICY_SIGNAL_LMT] =
        POLICY_EVERY_PURPOSE;
    p->banner_repeat_s = 3600;
    p->notice_interval_s = DAY_S;
    p->must_explain = 1;
    p->child_below = p->teen_below = 18;
    p->age_unknown = AGE_CHILD;
    p->handoff_timeout_s = 120;
    p->use_classes_refused = POLICY_EVERY_USE;
    p->n_texts = 1;
    memcpy(p->texts[0], texts, sizeof texts);
}

struct decoder {
    struct policy *p;
    struct cbor_reader r;
    const char *path, *wrong; /* the first thing out of bounds */
    struct sotto_error *err;
};

static void reject(struct decoder *d, const char *what) {
    if (!d->wrong) d->wrong = what;
    d->r.is_bad = 1;
}

static uint64_t ranged(struct decoder *d, uint64_t least, uint64_t most, const char *what) {
    uint64_t v = cbor_get_uint(&d->r, UINT64_MAX);
    if (!d->r.is_bad && (v < least || v > most)) reject(d, what);
    return d->r.is_bad ? 0 : v;
}

/* Copies the next text into the policy's strings. */
static const char *text(struct decoder *d, size_t least, size_t most, const char *what) {
    size_t n;
    const char *s = cbor_get_text(&d->r, &n);
    if (d->r.is_bad) return "";
    if (n < least || n > most || n + 1 > POLICY_STRINGS_BYTES - d->p->strings_n) {
        reject(d, what);
        return "";
    }
    char *copy = d->p->strings + d->p->strings_n;
    memcpy(copy, s, n);
    copy[n] = '\0';
    d->p->strings_n += n + 1;
    return copy;
}

static void decode_caps(struct decoder *d) {
    struct policy *p = d->p;
    p->n_caps = (uint32_t)cbor_get_array(&d->r, POLICY_CAPS_MAX);
    for (uint32_t i = 0; i < p->n_caps && !d->r.is_bad; i++) {
        if (cbor_get_array(&d->r, 2) != 2) reject(d, "cap");
        p->caps[i].group = text(d, 1, 63, "group of a cap");
        p->caps[i].per_day = (uint32_t)ranged(d, 1, POLICY_CAP_MAX, "cap");
        for (uint32_t b = 0; b < i; b++)
            if (strcmp(p->caps[b].group, p->caps[i].group) == 0) reject(d, "group of a cap");
    }
}

static void decode_policy(struct decoder *d) {
    struct policy *p = d->p;
    if (cbor_get_map(&d->r, POLICY_KEYS) != POLICY_KEYS) reject(d, "it lacks fields");
    cbor_expect_uint(&d->r, POLICY_KEY_NAME);
    p->name = text(d, 1, 200, "name");
    cbor_expect_uint(&d->r, POLICY_KEY_ACCOUNTABLE);
    p->accountable = text(d, 1, 200, "accountable owner");
    cbor_expect_uint(&d->r, POLICY_KEY_CONTACT);
    p->contact = text(d, 1, 200, "contact");
    for (unsigned i = 0; i < POLICY_NUMBERS; i++) {
        const struct policy_number *number = &policy_numbers[i];
        cbor_expect_uint(&d->r, POLICY_KEY_STORE + i);
        policy_set_number(p, i, ranged(d, number->least, number->most, number->what));
    }
    cbor_expect_uint(&d->r, POLICY_KEY_JURISDICTION);
    p->jurisdiction = text(d, 1, 64, "jurisdiction");
    cbor_expect_uint(&d->r, POLICY_KEY_HANDOFF_ELSE);
    p->handoff_else = text(d, 1, 200, "word on what to do when no person comes");
    cbor_expect_uint(&d->r, POLICY_KEY_CAPS);
    decode_caps(d);
    if (d->r.is_bad) return;
    if (policy_is_unnamed(p->accountable)) reject(d, "accountable owner");
    if (policy_is_unnamed(p->contact)) reject(d, "contact");
    if ((p->signal_objects[POLICY_SIGNAL_GPC] | p->signal_objects[POLICY_SIGNAL_LMT]) & 1)
        reject(d, "list of purposes that a signal objects to");
    if (p->child_below > p->teen_below) reject(d, "age of a child, which is above that of a teen,");
}

static void decode_texts(struct decoder *d) {
    struct policy *p = d->p;
    p->n_texts = (uint32_t)cbor_get_array(&d->r, POLICY_LOCALES_MAX);
    if (!d->r.is_bad && p->n_texts == 0) reject(d, "banner texts");
    for (uint32_t i = 0; i < p->n_texts && !d->r.is_bad; i++) {
        if (cbor_get_array(&d->r, POLICY_TEXT_FIELDS) != POLICY_TEXT_FIELDS)
            reject(d, "banner texts");
        for (int f = 0; f < POLICY_TEXT_FIELDS; f++)
            p->texts[i][f] = text(d, 1, 1000, "banner texts");
        if (!d->r.is_bad && strcmp(p->texts[i][TEXT_DIRECTION], "ltr") != 0 &&
            strcmp(p->texts[i][TEXT_DIRECTION], "rtl") != 0)
            reject(d, "text direction");
    }
}

static void decode_cells(struct decoder *d, struct policy_metric *m) {
    m->n_names = (uint32_t)cbor_get_array(&d->r, POLICY_CELLS_MAX);
    for (uint32_t c = 0; c < m->n_names && !d->r.is_bad; c++) {
        m->cells[c] = text(d, 1, 63, "cell name");
        for (uint32_t b = 0; b < c; b++)
            if (strcmp(m->cells[b], m->cells[c]) == 0) reject(d, "cell name");
    }
    if (d->r.is_bad) return;
    if (m->source != SOURCE_ITEM_GROUP) {
        if (m->n_names != 0) reject(d, "cells, which only item groups name");
    } else if (m->n_names == 0 || strcmp(m->cells[m->n_names - 1], "other") != 0) {
        reject(d, "last cell, which must be \"other\"");
    } else if (m->n_names != m->n_cells) {
        reject(d, "number of cells");
    }
}

/* Which bounds there are depends on whose difference is hidden. */
static void check_visit(struct decoder *d, const struct policy_metric *m) {
    if (m->mechanism > MECHANISM_DISCRETE_GAUSSIAN) reject(d, "mechanism, which is no visit's");
    if (m->source != SOURCE_ITEM_GROUP) reject(d, "metric source, which is no visit's");
    if (m->n_cells > POLICY_CELLS_MAX) reject(d, "number of cells");
    if (m->max_cells > m->n_cells) reject(d, "most cells per visit");
    if (m->max_value != 0) reject(d, "largest value");
    if (m->fresh_year != 0) reject(d, "fresh windows a year");
}

static void check_household(struct decoder *d, const struct policy_metric *m) {
    int is_mean = m->mechanism == MECHANISM_ONE_BIT_MEAN;
    if (m->mechanism < MECHANISM_SUBSET_SELECTION) reject(d, "mechanism, which is no household's");
    if (is_mean != (m->source == SOURCE_EVENT_COUNT)) reject(d, "metric source");
    if (is_mean ? m->n_cells != 1 : m->n_cells < 2) reject(d, "number of cells");
    if (m->max_cells != 1 || m->max_weight != 1) reject(d, "most cells per visit");
    if (is_mean != (m->max_value != 0)) reject(d, "largest value");
    if (m->fresh_year == 0) reject(d, "fresh windows a year");
}

static void decode_metric(struct decoder *d, struct policy_metric *m, uint32_t last_id) {
    if (cbor_get_array(&d->r, METRIC_FIELDS) != METRIC_FIELDS) reject(d, "metric");
    m->id = (uint32_t)ranged(d, (uint64_t)last_id + 1, 65535, "metric id");
    m->name = text(d, 1, 63, "metric name");
    m->mechanism = (uint32_t)ranged(d, MECHANISM_DISCRETE_LAPLACE, MECHANISM_LAST, "mechanism");
    m->unit = (uint32_t)ranged(d, UNIT_VISIT, UNIT_HOUSEHOLD, "privacy unit");
    m->source = (uint32_t)ranged(d, SOURCE_ITEM_GROUP, SOURCE_EVENT_COUNT, "metric source");
    m->event_mask = (uint32_t)ranged(d, 2, 14, "event mask");
    if (m->event_mask & 1) reject(d, "event mask");
    m->eps_micro = (uint32_t)ranged(d, POLICY_EPS_MICRO_MIN, POLICY_EPS_MICRO_MAX, "epsilon");
    m->max_cells = (uint32_t)ranged(d, 1, POLICY_MAX_CELLS_MAX, "most cells per visit");
    m->max_weight = (uint32_t)ranged(d, 1, POLICY_MAX_WEIGHT_MAX, "most weight per cell");
    m->max_value = (uint32_t)ranged(d, 0, POLICY_MAX_VALUE_MAX, "largest value");
    m->window_s = (uint32_t)ranged(d, POLICY_WINDOW_S_MIN, POLICY_WINDOW_S_MAX, "window");
    m->fresh_year = (uint32_t)ranged(d, 0, POLICY_FRESH_YEAR_MAX, "fresh windows a year");
    m->n_cells = (uint32_t)ranged(d, 1, POLICY_VALUES_MAX, "number of cells");
    decode_cells(d, m);
    if (d->r.is_bad) return;
    if (m->unit == UNIT_VISIT)
        check_visit(d, m);
    else
        check_household(d, m);
}

static void decode_schema(struct decoder *d) {
    struct policy *p = d->p;
    uint64_t eps_sum = 0;
    p->n_metrics = (uint32_t)cbor_get_array(&d->r, POLICY_METRICS_MAX);
    for (uint32_t i = 0; i < p->n_metrics && !d->r.is_bad; i++) {
        const struct policy_metric *m = &p->metrics[i], *first = &p->metrics[0];
        decode_metric(d, &p->metrics[i], i ? p->metrics[i - 1].id : 0);
        eps_sum += m->eps_micro;
        if (m->unit != first->unit) reject(d, "privacy unit, which must be one for all metrics,");
        if (m->unit == UNIT_HOUSEHOLD &&
            (m->window_s != first->window_s || m->fresh_year != first->fresh_year))
            reject(d, "household window, which must be one for all metrics,");
    }
    /* A visit touches every metric of its window: their epsilons add up. Of a household one metric
     * is sampled. */
    if (!d->r.is_bad && p->n_metrics && p->metrics[0].unit == UNIT_VISIT &&
        eps_sum > POLICY_EPS_MICRO_MAX)
        reject(d, "sum of the metrics' epsilons");
}

static int decode_section(struct decoder *d, const struct pack *pack, enum pack_section_id id,
                          void (*decode)(struct decoder *)) {
    size_t n;
    const uint8_t *bytes = pack_section(pack, id, &n);
    if (!bytes) return fail(d->err, SOTTO_E_FORMAT, "%s: section %d is missing", d->path, (int)id);
    d->r = cbor_reader_of(bytes, n);
    decode(d);
    if (d->wrong)
        return fail(d->err, SOTTO_E_FORMAT, "%s: its %s is out of bounds; correct the policy's INI",
                    d->path, d->wrong);
    if (!cbor_is_done(&d->r))
        return fail(d->err, SOTTO_E_FORMAT,
                    "%s: section %d is malformed; build it again with this version of sotto-pack",
                    d->path, (int)id);
    if (id == SECTION_SCHEMA) hash256(d->p->schema_hash, bytes, n);
    return SOTTO_OK;
}

int policy_load(struct policy *policy, const struct pack *pack, const char *path,
                struct sotto_error *err) {
    struct decoder d = {.p = policy, .path = path, .err = err};
    memset(policy, 0, sizeof *policy);
    policy->version = pack->version;
    policy->not_after_s = pack->not_after_s;
    int status =
        pack->n > POLICY_BYTES_MAX
            ? fail(err, SOTTO_E_FORMAT, "%s is larger than %u KiB", path, POLICY_BYTES_MAX >> 10)
            : decode_section(&d, pack, SECTION_POLICY, decode_policy);
    if (status == SOTTO_OK) status = decode_section(&d, pack, SECTION_TEXTS, decode_texts);
    if (status == SOTTO_OK) status = decode_section(&d, pack, SECTION_SCHEMA, decode_schema);
    if (status != SOTTO_OK) policy_strict(policy);
    return status;
}

uint32_t policy_item_bucket(const struct policy_metric *metric, const char *item) {
    static const char label[] = "sotto-bucket";
    struct hash_stream h;
    uint8_t id[4], digest[HASH_BYTES];
    store32(id, metric->id);
    hash_stream_begin(&h);
    hash_stream_add(&h, label, sizeof label);
    hash_stream_add(&h, id, sizeof id);
    hash_stream_add(&h, item, strlen(item));
    hash_stream_end(&h, digest);
    return (uint32_t)(load64(digest) % (metric->n_cells - 1));
}

uint32_t policy_text_index(const struct policy *policy, const char *locale) {
    if (!locale) return 0;
    for (uint32_t i = 0; i < policy->n_texts; i++)
        if (strcmp(policy->texts[i][TEXT_LOCALE], locale) == 0) return i;
    size_t language = strcspn(locale, "-_");
    for (uint32_t i = 0; i < policy->n_texts; i++) {
        const char *have = policy->texts[i][TEXT_LOCALE];
        if (strcspn(have, "-_") == language && memcmp(have, locale, language) == 0) return i;
    }
    return 0;
}
