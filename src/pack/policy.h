/* policy: what the privacy officer signed, decoded from CBOR and held against hard outer bounds. */
#ifndef SOTTO_POLICY_H
#define SOTTO_POLICY_H

#include "pack/pack.h"

#define POLICY_BYTES_MAX     (64u << 10)
#define POLICY_METRICS_MAX   4
#define POLICY_CELLS_MAX     64   /* cells with names */
#define POLICY_VALUES_MAX    4096 /* values of a household's answer, named or not */
#define POLICY_LOCALES_MAX   8
#define POLICY_CAPS_MAX      8
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
#define POLICY_CONSENT_TTL_S_MAX  (730u * 86400u) /* also of asking again and unused profiles */
#define POLICY_RETENTION_S_MAX    (365u * 86400u)
#define POLICY_RECEIPT_TTL_S_MAX  (3650u * 86400u)
#define POLICY_NOTICE_S_MAX       (365u * 86400u) /* of the notice's and the banner's repetition */
#define POLICY_SEEN_S_MAX         (31u * 86400u)
#define POLICY_CAP_MAX            255u
#define POLICY_AGE_MAX            21u
#define POLICY_STAFF_PERCENT_MAX  50u
#define POLICY_HANDOFF_S_MIN      10u
#define POLICY_HANDOFF_S_MAX      3600u
/* Bits 1 << enum sotto_purpose from STORE on, and 1 << enum sotto_use of all that is refused. */
#define POLICY_EVERY_PURPOSE      ((2u << SOTTO_PURPOSE_LAST) - 2)
#define POLICY_EVERY_USE          ((2u << SOTTO_USE_LAST) - 2)
#define POLICY_IDLE_S_MAX         3600u
#define POLICY_SLATE_TTL_S_MAX    3600u
#define POLICY_MIN_DISPLAY_MS_MIN 500u
#define POLICY_MIN_DISPLAY_MS_MAX 60000u

enum policy_consent {
    POLICY_NEVER = 0,
    POLICY_ASK = 1, /* only a yes is a yes */
    /* A banner that was shown and not declined stands for a yes (opt-out regimes); before it,
     * unknown is no, as ever. Of PERSONALISE and PAID only. */
    POLICY_NOTICE = 2
};

enum policy_signal { POLICY_SIGNAL_GPC = 0, POLICY_SIGNAL_LMT = 1, POLICY_SIGNALS };
enum policy_scope { SCOPE_SESSION = 0, SCOPE_DAY = 1, SCOPE_PROFILE = 2 };
enum policy_age { AGE_ADULT = 0, AGE_TEEN = 1, AGE_CHILD = 2 };
enum policy_ads { ADS_REFUSE = 0, ADS_LABEL = 1 };

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
    POLICY_KEY_PAID = 17,
    POLICY_KEY_SENSITIVE = 18,
    POLICY_KEY_ASK_AGAIN_S = 19,
    POLICY_KEY_PROFILE_TTL_S = 20,
    POLICY_KEY_RECEIPT_TTL_S = 21,
    POLICY_KEY_SIGNAL_GPC = 22, /* bits 1 << enum sotto_purpose */
    POLICY_KEY_SIGNAL_LMT = 23,
    POLICY_KEY_BANNER_SCOPE = 24,
    POLICY_KEY_BANNER_REPEAT_S = 25,
    POLICY_KEY_NOTICE_INTERVAL_S = 26,
    POLICY_KEY_MUST_EXPLAIN = 27,
    POLICY_KEY_CHILD_BELOW = 28,
    POLICY_KEY_TEEN_BELOW = 29,
    POLICY_KEY_AGE_UNKNOWN = 30,
    POLICY_KEY_TEEN_PROFILING = 31,
    POLICY_KEY_CAP_ITEM = 32,
    POLICY_KEY_CAP_SPONSOR = 33,
    POLICY_KEY_SEEN_HIDE_S = 34,
    POLICY_KEY_ADS = 35,
    POLICY_KEY_STAFF_PERCENT = 36,
    POLICY_KEY_HANDOFF_S = 37,
    POLICY_KEY_USES_REFUSED = 38, /* bits 1 << enum sotto_use */
    POLICY_KEY_DEMO = 39,
    POLICY_KEY_JURISDICTION = 40, /* text, 1 to 64 bytes */
    POLICY_KEY_HANDOFF_ELSE = 41, /* text, 1 to 200 bytes */
    POLICY_KEY_CAPS = 42,         /* array of arrays: group (text, 1 to 63 bytes), a day (uint) */
    POLICY_KEYS = 42
};
#define POLICY_NUMBERS (POLICY_KEY_DEMO - POLICY_KEY_STORE + 1)

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
    const char *jurisdiction;
    const char *handoff_else;                            /* what to do when no person comes */
    enum policy_consent consent[SOTTO_PURPOSE_LAST + 1]; /* by enum sotto_purpose; [0] unused */
    uint32_t consent_ttl_s, retention_s, idle_s, slate_ttl_s;
    uint32_t notice_version, min_display_ms, must_ack;
    uint64_t year_micro, lifetime_micro;
    uint32_t allows_soft_keys;
    uint32_t ask_again_s;   /* after a no, nobody is asked for so long */
    uint32_t profile_ttl_s; /* a profile that nobody used for so long is erased */
    uint32_t receipt_ttl_s; /* how long receipts of consent are kept */
    uint32_t
        signal_objects[POLICY_SIGNALS]; /* purposes objected to: bits 1 << enum sotto_purpose */
    uint32_t banner_scope;              /* enum policy_scope */
    uint32_t banner_repeat_s;           /* shown again after so long, whatever the scope */
    uint32_t notice_interval_s; /* the notice is due again; overdue, nothing is personalised */
    uint32_t must_explain;      /* 1: reasons go with every slate, 0: on request */
    uint32_t child_below, teen_below; /* years, child <= teen; 0: no such band */
    uint32_t age_unknown;             /* enum policy_age */
    uint32_t teen_profiling;          /* children are never profiled, stored or measured */
    uint32_t caps_item_day;           /* one item to one person; 0: no cap */
    uint32_t caps_sponsor_day;        /* items of one payer; 0: no cap */
    uint32_t seen_hide_s;             /* an item shown and passed over is not shown for so long */
    uint32_t ads;                     /* enum policy_ads */
    uint32_t staff_min_percent;       /* least share of staff picks, where there are any */
    uint32_t handoff_timeout_s;       /* a hand-off that nobody accepted ends */
    uint32_t use_classes_refused;     /* bits 1 << enum sotto_use */
    uint32_t demo_only;               /* 1: refuses a device whose keys are bound to it */
    uint32_t n_caps;
    struct {
        const char *group;
        uint32_t per_day;
    } caps[POLICY_CAPS_MAX];
    uint32_t n_metrics, n_texts;
    struct policy_metric metrics[POLICY_METRICS_MAX];
    const char *texts[POLICY_LOCALES_MAX][POLICY_TEXT_FIELDS];
    uint8_t schema_hash[32];
    uint8_t hash[32];                   /* of the whole pack, by the engine; zeros of strict */
    char strings[POLICY_STRINGS_BYTES]; /* what the pointers above point into */
    size_t strings_n;
};

/* A number of the policy: its field, its hard outer bounds, and what messages call it. */
struct policy_number {
    uint16_t at;     /* in struct policy */
    uint8_t is_wide; /* 1: uint64_t, 0: uint32_t or an enum */
    uint32_t least;
    uint64_t most;
    const char *what;
};
/* By key: [0] is POLICY_KEY_STORE. The compiler of policies goes by it too. */
extern const struct policy_number policy_numbers[POLICY_NUMBERS];
uint64_t policy_number(const struct policy *policy, unsigned index);
void policy_set_number(struct policy *policy, unsigned index, uint64_t value);

/* A policy is valid only if somebody answers for it: true of "" and of a preset's "FILL IN …". */
int policy_is_unnamed(const char *text) MUST_CHECK;

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
