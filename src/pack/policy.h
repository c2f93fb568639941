/* policy: what the privacy officer signed, decoded from CBOR and held against hard outer bounds. */
#ifndef SOTTO_POLICY_H
#define SOTTO_POLICY_H

#include "pack/pack.h"

#define POLICY_BYTES_MAX     (64u << 10)
#define POLICY_METRICS_MAX   4
#define POLICY_CELLS_MAX     64   /* cells with names */
#define POLICY_VALUES_MAX    4096 /* values of a household's answer, named or not */
#define POLICY_LOCALES_MAX   8
#define POLICY_STRINGS_BYTES 16384

/* Hard outer bounds: a signed policy may be stricter, never looser. */
#define POLICY_EPS_MICRO_MIN 1000u /* 0.001; below, noise drowns any count */
/* 2 per unit and window: of a visit for all metrics together, of a household for the one metric
 * that is sampled. */
#define POLICY_EPS_MICRO_MAX      2000000u
#define POLICY_YEAR_MICRO_MAX     800000000u  /* 800: a daily window at 2, rounded up */
#define POLICY_LIFETIME_MICRO_MAX 8000000000u /* ten such years */
#define POLICY_WINDOW_S_MIN       3600u
#define POLICY_WINDOW_S_MAX       (31u * 86400u)
#define POLICY_MAX_CELLS_MAX      64u    /* contribution bounds: cells per visit, */
#define POLICY_MAX_WEIGHT_MAX     16u    /* and what it adds to each of them */
#define POLICY_MAX_VALUE_MAX      65535u /* bound of a household's sum */
#define POLICY_FRESH_YEAR_MAX     12u    /* windows a year in which a household answers anew */
#define POLICY_CONSENT_TTL_S_MAX  (730u * 86400u)
#define POLICY_RETENTION_S_MAX    (365u * 86400u)
#define POLICY_IDLE_S_MAX         3600u
#define POLICY_SLATE_TTL_S_MAX    3600u
#define POLICY_MIN_DISPLAY_MS_MIN 500u
#define POLICY_MIN_DISPLAY_MS_MAX 60000u

enum policy_consent { POLICY_NEVER = 0, POLICY_ASK = 1 };

/* CBOR map keys of SECTION_POLICY, ascending as they must appear. */
enum policy_key {
    POLICY_KEY_NAME = 1,
    POLICY_KEY_ACCOUNTABLE = 2,
    POLICY_KEY_CONTACT = 3,
    POLICY_KEY_STORE = 4, /* enum policy_consent */
    POLICY_KEY_PERSONALISE = 5,
    POLICY_KEY_MEASURE = 6,
    POLICY_KEY_CONSENT_TTL_S = 7,
    POLICY_KEY_RETENTION_S = 8,
    POLICY_KEY_IDLE_S = 9,
    POLICY_KEY_SLATE_TTL_S = 10,
    POLICY_KEY_NOTICE_VERSION = 11,
    POLICY_KEY_MIN_DISPLAY_MS = 12,
    POLICY_KEY_MUST_ACK = 13,
    POLICY_KEY_YEAR_MICRO = 14,
    POLICY_KEY_LIFETIME_MICRO = 15,
    POLICY_KEY_SOFT_KEYS = 16, /* 1: keys may be ordinary files; 0: refused */
    POLICY_KEYS = 16
};

/* SECTION_TEXTS is an array of arrays of POLICY_TEXT_FIELDS texts in this order. */
enum policy_text_field {
    TEXT_LOCALE,
    TEXT_DIRECTION, /* "ltr" or "rtl" */
    TEXT_TITLE,
    TEXT_SHORT,
    TEXT_PLAIN,
    TEXT_SPEECH,
    TEXT_ICON,
    TEXT_ACCEPT,
    TEXT_DECLINE,
    TEXT_WHY,
    TEXT_PERSON,
    POLICY_TEXT_FIELDS
};

/* SECTION_SCHEMA is an array of metrics, each an array of METRIC_FIELDS items in this order. Its
 * BLAKE2b-256 is the schema hash that reports carry (first 16 bytes). All metrics of a policy have
 * the same unit: a person is in a visit and in a household, and two promises would add up. */
enum policy_metric_field {
    METRIC_ID,         /* uint, 1 to 65535, ascending */
    METRIC_NAME,       /* text, 1 to 63 bytes */
    METRIC_MECHANISM,  /* uint: enum policy_mechanism */
    METRIC_UNIT,       /* uint: enum policy_unit */
    METRIC_SOURCE,     /* uint: enum policy_source */
    METRIC_EVENT_MASK, /* uint: bit (1 << enum sotto_event_type) */
    METRIC_EPS_MICRO,  /* uint, from the menu of dp/mechanism.h */
    METRIC_MAX_CELLS,  /* uint: cells that one visit adds to; 1 for households */
    METRIC_MAX_WEIGHT, /* uint: what it adds to each at most; 1 for households */
    METRIC_MAX_VALUE,  /* uint: where a household's sum is cut; 0 unless the mechanism is a mean */
    METRIC_WINDOW_S,   /* uint; the same for all household metrics */
    METRIC_FRESH_YEAR, /* uint: fresh answers a year, the same for all; 0 for visits */
    METRIC_N_CELLS,    /* uint: cells or values; 1 for a mean */
    METRIC_CELLS,      /* array of texts, the last one "other"; empty unless SOURCE_ITEM_GROUP */
    METRIC_FIELDS
};

enum policy_mechanism {
    MECHANISM_DISCRETE_LAPLACE = 1,  /* visits */
    MECHANISM_DISCRETE_GAUSSIAN = 2, /* visits */
    MECHANISM_SUBSET_SELECTION = 3,  /* households, one of n_cells values */
    MECHANISM_PGR = 4,               /* households, one of n_cells values (projective geometry) */
    MECHANISM_ONE_BIT_MEAN = 5,      /* households, a sum from 0 to max_value */
    MECHANISM_LAST = MECHANISM_ONE_BIT_MEAN
};

/* Whose difference the noise hides. */
enum policy_unit {
    UNIT_VISIT = 1,    /* one visit more or less; the device counts, then adds noise */
    UNIT_HOUSEHOLD = 2 /* one household's window in place of another; it answers with noise */
};

enum policy_source {
    SOURCE_ITEM_GROUP =
        1, /* the cell of the item's group; other groups, and nothing, are "other" */
    SOURCE_ITEM_BUCKET = 2, /* policy_item_bucket; nothing is the last value. Households only */
    SOURCE_EVENT_COUNT = 3  /* how many counted events there were. Households only */
};

struct policy_metric {
    uint32_t id;
    const char *name;
    uint32_t mechanism, unit, source, event_mask;
    uint32_t eps_micro, max_cells, max_weight, max_value, window_s, fresh_year;
    uint32_t n_cells, n_names; /* n_names: of cells[], either n_cells or 0 */
    const char *cells[POLICY_CELLS_MAX];
};

struct policy {
    uint64_t version; /* 0: compiled-in strict */
    int64_t not_after_s;
    const char *name, *accountable, *contact;
    enum policy_consent consent[4]; /* by enum sotto_purpose; [0] unused */
    uint32_t consent_ttl_s, retention_s, idle_s, slate_ttl_s;
    uint32_t notice_version, min_display_ms, must_ack;
    uint64_t year_micro, lifetime_micro;
    uint32_t allows_soft_keys;
    uint32_t n_metrics, n_texts;
    struct policy_metric metrics[POLICY_METRICS_MAX];
    const char *texts[POLICY_LOCALES_MAX][POLICY_TEXT_FIELDS];
    uint8_t schema_hash[32];
    char strings[POLICY_STRINGS_BYTES]; /* what the pointers above point into */
    size_t strings_n;
};

/* The policy that rules when no other may: nothing is stored, personalised or measured. */
void policy_strict(struct policy *policy);

/* Decodes a verified policy pack; out of bounds is refused, not clamped. On failure *policy is
 * strict. */
int policy_load(struct policy *policy, const struct pack *pack, const char *path,
                struct sotto_error *err) MUST_CHECK;

/* The value of an item in a metric with SOURCE_ITEM_BUCKET, 0 to n_cells - 2: the same on every
 * device and at the fleet, another for every metric, so that two items which share a bucket in one
 * do not in the next. First 8 bytes of BLAKE2b-256 over "sotto-bucket", a zero byte, the metric's
 * id (u32) and the item's id, modulo n_cells - 1. */
uint32_t policy_item_bucket(const struct policy_metric *metric, const char *item);

/* Index into policy->texts for a BCP 47 tag: exact, then its language, then 0. */
uint32_t policy_text_index(const struct policy *policy, const char *locale);

#endif
