/* release: everything about what leaves the device. Counts visits, or lets a household answer;
 * bounds what one of them can add, has noise added to a window once, pays for it in the ledger and
 * keeps the final bytes. Visits: inputs that differ by one visit added or removed are told apart by
 * a factor of e^epsilon at most; by another content of a visit: e^(2 epsilon). Households: whatever
 * a household did in a window, in place of anything else: e^epsilon. The noise and what releases
 * cost together are dp's, which keeps nothing; what is kept is here. Calls dp, vault, pack, crypto
 * and base. */
#ifndef SOTTO_RELEASE_H
#define SOTTO_RELEASE_H

#include "crypto/crypto.h"
#include "dp/mechanism.h"
#include "pack/policy.h"
#include "release/schedule.h"
#include "vault/vault.h"

/* After a long power-off at most this many closed windows are reported; older ones are skipped and
 * their raw counts deleted. */
#define DP_CATCH_UP_MAX 31

struct dp {
    struct vault *vault; /* NULL: RAM only; then nothing is counted or reported */
    const struct policy *policy;
    struct rng *rng;
    uint8_t report_public[SIGN_PUBLIC_BYTES]; /* all zero: no key yet, so no report is made */
    uint8_t *report_secret; /* SIGN_SECRET_BYTES in locked memory, owned by the caller */
    uint8_t *schedule_key;  /* SCHEDULE_KEY_BYTES, likewise; see schedule.h */
    /* The stored profile that answers for the household: set by the caller before dp_tick and
     * dp_seal, and only while its consent to be measured holds. 0: nobody answers, and what is sent
     * then is what nobody would have answered. */
    uint32_t household;
};

/* What a metric's mechanism is told, and whether every metric of a policy can be had at all.
 * SOTTO_E_FORMAT, with a sentence that names the first that cannot: such a policy must not rule. */
struct mechanism_terms dp_terms(const struct policy_metric *metric);
int dp_policy_check(const struct policy *policy, struct sotto_error *err) MUST_CHECK;

/* What one visit would add, per metric of the policy: a uniform sample of at most max_cells of the
 * distinct cells it touched, whatever their order (reservoir sampling, Vitter 1985, Algorithm R),
 * each with how often it was touched, cut at max_weight. For a household metric: how many events
 * there were, and the value of one of them, drawn in the same way. */
struct dp_visit {
    struct {
        uint64_t touched; /* bit per cell: already considered */
        uint32_t n_touched, n_kept;
        uint8_t kept[POLICY_MAX_CELLS_MAX], weight[POLICY_MAX_CELLS_MAX];
        uint32_t n_events, value; /* households */
    } metrics[POLICY_METRICS_MAX];
};

/* Considers an event in `cell` (a household's: with the value `cell`) of metric number `index` for
 * this visit. -1 if randomness failed: then the visit must not be counted. */
int dp_visit_touch(struct dp *dp, struct dp_visit *visit, uint32_t index, uint32_t cell) MUST_CHECK;
/* Adds the visit to the windows open at `now_s`, all metrics in one transaction; durable on return.
 * Call once per visit, with consent to measure only. Of household metrics only what
 * dp->household did is kept, sealed under its profile's key, and only of the metric that is asked
 * in this window, if it is to be answered anew. */
int dp_visit_commit(struct dp *dp, const struct dp_visit *visit, int64_t now_s,
                    struct sotto_error *err) MUST_CHECK;

/* Seals the window (or returns its stored bytes); see sotto_report_seal. SOTTO_PENDING with *n 0
 * while it is sealed but may not leave yet. */
int dp_seal(struct dp *dp, uint32_t metric_id, uint64_t window, int64_t now_s, uint8_t *buf,
            size_t cap, size_t *n, struct sotto_error *err) MUST_CHECK;
/* Seals every closed window not yet sealed (see DP_CATCH_UP_MAX); a spent budget is no failure
 * here. The first call under a schema only notes where counting begins. */
int dp_tick(struct dp *dp, int64_t now_s, struct sotto_error *err) MUST_CHECK;

/* Charged over the device's life, in micro-epsilon, all metrics together. */
int dp_spent(struct dp *dp, uint64_t *lifetime_micro, struct sotto_error *err) MUST_CHECK;
/* The next report that may leave at `now_s`; see sotto_outbox_next. The cursor is the sequence of
 * the report last handed out, so that one kept for ever misses none. */
int dp_outbox_next(struct dp *dp, uint64_t *cursor, int64_t now_s, uint8_t *buf, size_t cap,
                   size_t *n, struct sotto_error *err) MUST_CHECK;
/* The next one whether or not it may leave yet, to be looked at on the device; *release_s says when
 * it may. */
int dp_outbox_peek(struct dp *dp, uint64_t *cursor, int64_t *release_s, uint8_t *buf, size_t cap,
                   size_t *n, struct sotto_error *err) MUST_CHECK;

#endif
