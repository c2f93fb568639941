/* dp: everything about what leaves the device. Counts visits, bounds what one visit can add, noises
 * a window once, pays for it in the ledger and keeps the final bytes. Neighbouring inputs differ by
 * one visit added or removed: at most e^epsilon; by another content of a visit: e^(2 epsilon).
 * Calls vault, crypto and base only. */
#ifndef SOTTO_DP_H
#define SOTTO_DP_H

#include "crypto/crypto.h"
#include "pack/policy.h"
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
};

/* What one visit would add, per metric of the policy: a uniform sample of at most max_cells of the
 * distinct cells it touched, whatever their order (reservoir sampling, Vitter 1985, Algorithm R).
 */
struct dp_visit {
    struct {
        uint64_t touched; /* bit per cell: already considered */
        uint32_t n_touched, n_kept;
        uint8_t kept[POLICY_MAX_CELLS_MAX];
    } metrics[POLICY_METRICS_MAX];
};

/* Considers `cell` of metric number `index` for this visit. -1 if randomness failed: then the visit
 * must not be counted. */
int dp_visit_touch(struct dp *dp, struct dp_visit *visit, uint32_t index, uint32_t cell) MUST_CHECK;
/* Adds the visit to the windows open at `now_s`, all metrics in one transaction; durable on
 * return. Call once per visit, with consent to measure only. */
int dp_visit_commit(struct dp *dp, const struct dp_visit *visit, int64_t now_s,
                    struct sotto_error *err) MUST_CHECK;

/* Seals the window (or returns its stored bytes); see sotto_report_seal. */
int dp_seal(struct dp *dp, uint32_t metric_id, uint64_t window, int64_t now_s, uint8_t *buf,
            size_t cap, size_t *n, struct sotto_error *err) MUST_CHECK;
/* Seals every closed window not yet sealed (see DP_CATCH_UP_MAX); a spent budget is no failure
 * here. The first call under a schema only notes where counting begins. */
int dp_tick(struct dp *dp, int64_t now_s, struct sotto_error *err) MUST_CHECK;

/* Charged over the device's life, in micro-epsilon, all metrics together. */
int dp_spent(struct dp *dp, uint64_t *lifetime_micro, struct sotto_error *err) MUST_CHECK;
/* See sotto_outbox_next. The cursor is the sequence of the report last handed out, so that one kept
 * for ever misses none. */
int dp_outbox_next(struct dp *dp, uint64_t *cursor, uint8_t *buf, size_t cap, size_t *n,
                   struct sotto_error *err) MUST_CHECK;

#endif
