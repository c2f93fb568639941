/* policy_table: see policy_table.h. */
#include "tools/sotto-pack/policy_table.h"

static const char *const modes[] = {"never", "ask", "notice", NULL}; /* enum policy_consent */
static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const refuse_allow[] = {"refuse", "allow", NULL};
static const char *const refuse_label[] = {"refuse", "label", NULL}; /* policy_ads */
static const char *const offered_required[] = {"offered", "required", NULL};
static const char *const scopes[] = {"session", "day", "profile", NULL}; /* policy_scope */
static const char *const ages[] = {"adult", "teen", "child", NULL};      /* policy_age */
static const char *const purposes[] = {"store",     "personalise", "measure", "paid",
                                       "sensitive", NULL}; /* enum sotto_purpose from 1 */
static const char *const uses[] = {"credit",    "price",  "employment",
                                   "insurance", "access", NULL}; /* enum sotto_use from 1 */

#define ROW(name) [POLICY_KEY_##name - POLICY_KEY_STORE]

const struct policy_row policy_rows[POLICY_NUMBERS] = {
    ROW(STORE) = {"consent", "store", "ask", FORM_CHOICE, modes, 0},
    ROW(PERSONALISE) = {"consent", "personalise", "ask", FORM_CHOICE, modes, 0},
    ROW(MEASURE) = {"consent", "measure", "ask", FORM_CHOICE, modes, 0},
    ROW(CONSENT_TTL_S) = {"consent", "term", "365d", FORM_SECONDS, NULL, 0},
    ROW(RETENTION_S) = {"policy", "retention", "90d", FORM_SECONDS, NULL, 0},
    ROW(IDLE_S) = {"policy", "idle", "60s", FORM_SECONDS, NULL, 0},
    ROW(SLATE_TTL_S) = {"policy", "slate-lifetime", "5m", FORM_SECONDS, NULL, 0},
    ROW(NOTICE_VERSION) = {"disclosure", "notice-version", "1", FORM_COUNT, NULL, 0},
    ROW(MIN_DISPLAY_MS) = {"disclosure", "min-display", "3s", FORM_MS, NULL, 0},
    ROW(MUST_ACK) = {"disclosure", "acknowledge", "yes", FORM_CHOICE, no_yes, 0},
    ROW(YEAR_MICRO) = {"budget", "year", "365", FORM_MICRO, NULL, 0},
    ROW(LIFETIME_MICRO) = {"budget", "lifetime", "1825", FORM_MICRO, NULL, 0},
    /* The one key with a default: who says nothing about keys has not allowed soft ones. */
    ROW(SOFT_KEYS) = {"policy", "soft-keys", "refuse", FORM_CHOICE, refuse_allow, 1},
    ROW(PAID) = {"consent", "paid", "ask", FORM_CHOICE, modes, 0},
    ROW(SENSITIVE) = {"consent", "sensitive", "never", FORM_CHOICE, modes, 0},
    ROW(ASK_AGAIN_S) = {"consent", "ask-again", "365d", FORM_SECONDS, NULL, 0},
    ROW(PROFILE_TTL_S) = {"consent", "unused-profile", "180d", FORM_SECONDS, NULL, 0},
    ROW(RECEIPT_TTL_S) = {"consent", "receipts", "1095d", FORM_SECONDS, NULL, 0},
    ROW(SIGNAL_GPC) = {"signals", "gpc", "personalise measure paid", FORM_SET, purposes, 0},
    ROW(SIGNAL_LMT) = {"signals", "lmt", "personalise paid", FORM_SET, purposes, 0},
    ROW(BANNER_SCOPE) = {"disclosure", "scope", "session", FORM_CHOICE, scopes, 0},
    ROW(BANNER_REPEAT_S) = {"disclosure", "repeat", "1d", FORM_SECONDS, NULL, 0},
    ROW(NOTICE_INTERVAL_S) = {"disclosure", "notice-interval", "365d", FORM_SECONDS, NULL, 0},
    ROW(MUST_EXPLAIN) = {"disclosure", "explain", "required", FORM_CHOICE, offered_required, 0},
    ROW(CHILD_BELOW) = {"age", "child-below", "13", FORM_COUNT, NULL, 0},
    ROW(TEEN_BELOW) = {"age", "teen-below", "18", FORM_COUNT, NULL, 0},
    ROW(AGE_UNKNOWN) = {"age", "unknown", "teen", FORM_CHOICE, ages, 0},
    ROW(TEEN_PROFILING) = {"age", "teen-profiling", "no", FORM_CHOICE, no_yes, 0},
    ROW(CAP_ITEM) = {"caps", "item", "8", FORM_COUNT, NULL, 0},
    ROW(CAP_SPONSOR) = {"caps", "sponsor", "8", FORM_COUNT, NULL, 0},
    ROW(SEEN_HIDE_S) = {"caps", "seen", "1d", FORM_SECONDS, NULL, 0},
    ROW(ADS) = {"ads", "paid-items", "label", FORM_CHOICE, refuse_label, 0},
    ROW(STAFF_PERCENT) = {"people", "staff-picks", "10", FORM_COUNT, NULL, 0},
    ROW(HANDOFF_S) = {"people", "person-within", "2m", FORM_SECONDS, NULL, 0},
    ROW(USES_REFUSED) = {"uses", "refuse", "credit price employment insurance access", FORM_SET,
                         uses, 0},
    ROW(DEMO) = {"policy", "demo", "no", FORM_CHOICE, no_yes, 0},
};
