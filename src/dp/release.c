/* release: the only way out. Owns the order of events in which a window becomes a report: charge,
 * noise, sign, then in one transaction store the bytes and the charge and delete the counts, and
 * only after its commit hand out a byte. Whatever fails before leaves the window as it was.
 *
 * Windows are sealed in the order in which they ended, across metrics, so that a report's sequence
 * tells the fleet whether a vault was set back. Called by engine.c through dp.h. */
#include "dp/dp.h"

#include "dp/sample.h"
#include "dp/tally.h"
#include "sotto_report.h"

#define NOISE_UNIT 1000000u /* micro-epsilon in 1 */

static struct vault_key outbox_key(uint32_t metric, uint32_t window) {
    struct vault_key key = {VAULT_OUTBOX, metric, window};
    return key;
}

static int too_small(size_t have, struct sotto_error *err) {
    return fail(err, SOTTO_E_LIMIT, "the report has %zu bytes; give SOTTO_REPORT_MAX (%d)", have,
                SOTTO_REPORT_MAX);
}

static int hand_out(const uint8_t *bytes, size_t have, uint8_t *buf, size_t cap, size_t *n,
                    struct sotto_error *err) {
    if (have > cap) return too_small(have, err);
    memcpy(buf, bytes, have);
    *n = have;
    return SOTTO_OK;
}

/* ---- Noise ------------------------------------------------------------------------------- */

static uint64_t gcd(uint64_t a, uint64_t b) {
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Clamping comes after the noise: it then touches nothing but what anyone could do to the result.
 */
static int16_t clamp(int64_t v) {
    return (int16_t)(v < SOTTO_REPORT_CELL_MIN   ? SOTTO_REPORT_CELL_MIN
                     : v > SOTTO_REPORT_CELL_MAX ? SOTTO_REPORT_CELL_MAX
                                                 : v);
}

/* Adding or removing a visit changes at most max_cells cells by 1 each, so that noise of scale
 * max_cells/epsilon on every cell costs epsilon for all of them together. Replacing it by another
 * visit is one removed and one added: 2 epsilon. */
static int noise_cells(struct rng *rng, const struct policy_metric *metric,
                       const struct tally *tally, struct sotto_report *report,
                       struct sotto_error *err) {
    uint64_t num = (uint64_t)metric->max_cells * NOISE_UNIT, den = metric->eps_micro;
    uint64_t common = gcd(num, den);
    for (uint32_t c = 0; c < metric->n_cells; c++) {
        int64_t noise;
        if (sample_discrete_laplace(rng, num / common, den / common, &noise) != 0)
            return fail(err, SOTTO_E_ENTROPY,
                        "metric %u: the random source failed, so its report was not made",
                        metric->id);
        report->cells[c] = clamp((int64_t)tally->cells[c] + noise);
    }
    return SOTTO_OK;
}

/* ---- One window -------------------------------------------------------------------------- */

struct sealing {
    uint32_t m; /* number of the metric */
    uint32_t window;
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t n;
};

/* Half of epsilon squared (Bun & Steinke 2016, Proposition 1.4) in 2^-40, rounded up. */
static uint64_t rho_of(uint64_t eps_micro) {
    const uint64_t unit = UINT64_C(2000000000000); /* 2 · 10^12 */
    uint64_t whole = eps_micro * eps_micro / unit, rest = eps_micro * eps_micro % unit;
    uint64_t high = (rest << 20) / unit, low = (rest << 20) % unit;
    return (whole << 40) + (high << 20) + ((low << 20) + unit - 1) / unit;
}

static int report_make(struct dp *dp, const struct ledger *ledger, struct sealing *s,
                       struct sotto_error *err) {
    const struct policy_metric *metric = &dp->policy->metrics[s->m];
    struct sotto_report r = {.sequence = ledger->sequence,
                             .metric = metric->id,
                             .window = s->window,
                             .window_s = metric->window_s,
                             .policy_version = dp->policy->version,
                             .mechanism = metric->mechanism,
                             .unit = metric->unit,
                             .eps_micro = metric->eps_micro,
                             .rho_q40 = rho_of(metric->eps_micro),
                             .max_cells = metric->max_cells,
                             .max_weight = metric->max_weight,
                             .n_cells = metric->n_cells};
    struct tally tally;
    uint8_t digest[HASH_BYTES];
    hash256(digest, dp->report_public, SIGN_PUBLIC_BYTES);
    memcpy(r.device, digest, sizeof r.device);
    memcpy(r.schema, dp->policy->schema_hash, sizeof r.schema);
    if (rng_bytes(dp->rng, r.id, sizeof r.id) != 0)
        return fail(err, SOTTO_E_ENTROPY,
                    "metric %u: the random source failed, so its report was not made", metric->id);
    int status = tally_load(dp->vault, dp->policy, metric, s->window, &tally, err);
    if (status == SOTTO_OK) status = noise_cells(dp->rng, metric, &tally, &r, err);
    wipe(&tally, sizeof tally);
    if (status != SOTTO_OK) return status;
    status = sotto_report_encode(&r, dp->report_secret, s->bytes, sizeof s->bytes, &s->n);
    if (status != SOTTO_OK)
        return fail(err, status,
                    "metric %u, window %u: the report could not be encoded; check the policy",
                    metric->id, s->window);
    return SOTTO_OK;
}

static int report_store(struct dp *dp, const struct ledger *after, const struct sealing *s,
                        struct sotto_error *err) {
    const struct policy_metric *metric = &dp->policy->metrics[s->m];
    int status = vault_begin(dp->vault, err);
    if (status != SOTTO_OK) return status;
    vault_note(dp->vault, SOTTO_AUDIT_REPORT, 0, (uint64_t)metric->id << 32 | s->window,
               metric->eps_micro);
    status = ledger_save(dp->vault, after, err);
    if (status == SOTTO_OK)
        status = ledger_note(dp->vault, metric->id, s->window, LEDGER_CHARGED, metric->eps_micro,
                             (uint32_t)after->sequence, err);
    if (status == SOTTO_OK)
        status = vault_put(dp->vault, outbox_key(metric->id, s->window), s->bytes, s->n, err);
    if (status == SOTTO_OK) status = tally_delete(dp->vault, metric->id, s->window, err);
    if (status == SOTTO_OK) status = vault_commit(dp->vault, err);
    if (status != SOTTO_OK) vault_rollback(dp->vault);
    return status;
}

/* Seals one closed window; *ledger follows only once that is durable. */
static int seal_one(struct dp *dp, struct ledger *ledger, struct sealing *s, size_t cap,
                    struct sotto_error *err) {
    const struct policy_metric *metric = &dp->policy->metrics[s->m];
    struct ledger after = *ledger;
    enum ledger_fate fate;
    int status = ledger_fate_of(dp->vault, metric->id, s->window, &fate, err);
    if (status != SOTTO_OK) return status;
    if (fate != LEDGER_OPEN)
        return fail(err, SOTTO_E_SPENT,
                    "metric %u, window %u was accounted for before; it is not sealed twice",
                    metric->id, s->window);
    status = ledger_charge(&after, dp->policy, metric, s->window, err);
    if (status != SOTTO_OK) return status;
    if (after.sequence >= UINT32_MAX)
        return fail(err, SOTTO_E_LIMIT, "this device has made all the reports it can number");
    after.sequence++;
    after.metrics[s->m].next = s->window + 1;
    status = report_make(dp, &after, s, err);
    if (status == SOTTO_OK && s->n > cap) status = too_small(s->n, err);
    if (status == SOTTO_OK) status = report_store(dp, &after, s, err);
    if (status == SOTTO_OK) *ledger = after;
    return status;
}

/* Gives up a window that the budget does not cover: it will never be reported, so its counts go. */
static int refuse_one(struct dp *dp, struct ledger *ledger, const struct sealing *s,
                      struct sotto_error *err) {
    const struct policy_metric *metric = &dp->policy->metrics[s->m];
    struct ledger after = *ledger;
    enum ledger_fate fate;
    after.metrics[s->m].next = s->window + 1;
    int status = ledger_fate_of(dp->vault, metric->id, s->window, &fate, err);
    if (status == SOTTO_OK) status = vault_begin(dp->vault, err);
    if (status != SOTTO_OK) return status;
    status = ledger_save(dp->vault, &after, err);
    if (status == SOTTO_OK && fate == LEDGER_OPEN)
        status = ledger_note(dp->vault, metric->id, s->window, LEDGER_REFUSED, 0, 0, err);
    if (status == SOTTO_OK) status = tally_delete(dp->vault, metric->id, s->window, err);
    if (status == SOTTO_OK) status = vault_commit(dp->vault, err);
    if (status != SOTTO_OK) {
        vault_rollback(dp->vault);
        return status;
    }
    *ledger = after;
    return SOTTO_OK;
}

/* ---- All that is due --------------------------------------------------------------------- */

static uint32_t open_window(const struct policy_metric *metric, int64_t now_s) {
    uint64_t window = (uint64_t)now_s / metric->window_s;
    return window < LEDGER_WINDOW_MAX ? (uint32_t)window : LEDGER_WINDOW_MAX;
}

/* After a long time without power: what is too old is skipped and its counts are deleted. */
static int skip_old(struct dp *dp, int64_t now_s, struct ledger *ledger, struct sotto_error *err) {
    struct ledger after = *ledger;
    int is_needed = 0;
    for (uint32_t m = 0; m < after.n_metrics; m++) {
        uint32_t open = open_window(&dp->policy->metrics[m], now_s);
        if (open <= after.metrics[m].next || open - after.metrics[m].next <= DP_CATCH_UP_MAX)
            continue;
        after.metrics[m].next = open - DP_CATCH_UP_MAX;
        is_needed = 1;
    }
    if (!is_needed) return SOTTO_OK;
    int status = vault_begin(dp->vault, err);
    if (status != SOTTO_OK) return status;
    for (uint32_t m = 0; m < after.n_metrics && status == SOTTO_OK; m++)
        status = tally_delete_before(dp->vault, after.metrics[m].id, after.metrics[m].next, err);
    if (status == SOTTO_OK) status = ledger_save(dp->vault, &after, err);
    if (status == SOTTO_OK) status = vault_commit(dp->vault, err);
    if (status != SOTTO_OK) {
        vault_rollback(dp->vault);
        return status;
    }
    *ledger = after;
    return SOTTO_OK;
}

/* The closed window that ended first among those not sealed; 0 when there is none. */
static int next_due(const struct dp *dp, const struct ledger *ledger, int64_t now_s,
                    struct sealing *s) {
    uint64_t first_end = UINT64_MAX;
    for (uint32_t m = 0; m < ledger->n_metrics; m++) {
        const struct policy_metric *metric = &dp->policy->metrics[m];
        uint32_t window = ledger->metrics[m].next;
        uint64_t end = ((uint64_t)window + 1) * metric->window_s;
        if (window >= open_window(metric, now_s) || end >= first_end) continue;
        first_end = end;
        s->m = m;
        s->window = window;
    }
    return first_end != UINT64_MAX;
}

/* A report that nobody can attribute, or anybody can sign, must not use up a window. */
static int require_key(const struct dp *dp, struct sotto_error *err) {
    uint8_t any = 0;
    for (size_t i = 0; i < sizeof dp->report_public; i++) any |= dp->report_public[i];
    return any ? SOTTO_OK
               : fail(err, SOTTO_E_KEY,
                      "no report is made without its signing key: the key store gave no device "
                      "secret; check its state");
}

static int prepare(struct dp *dp, int64_t now_s, struct ledger *ledger, struct sotto_error *err) {
    int keyed = require_key(dp, err);
    if (keyed != SOTTO_OK) return keyed;
    if (now_s < 0) return fail(err, SOTTO_E_ARGUMENT, "time is before 1970");
    int status = tally_begin(dp, now_s, ledger, err);
    return status == SOTTO_OK ? skip_old(dp, now_s, ledger, err) : status;
}

int dp_tick(struct dp *dp, int64_t now_s, struct sotto_error *err) {
    struct ledger ledger;
    struct sealing s;
    /* The compiled-in strict policy (version 0) measures nothing and knows no schema to hold what
     * waits in the vault against: it waits on. */
    if (!dp->vault || dp->policy->version == 0) return SOTTO_OK;
    int status = prepare(dp, now_s, &ledger, err);
    while (status == SOTTO_OK && next_due(dp, &ledger, now_s, &s)) {
        struct sotto_error why;
        status = seal_one(dp, &ledger, &s, sizeof s.bytes, &why);
        if (status == SOTTO_E_SPENT)
            status = refuse_one(dp, &ledger, &s, err);
        else if (status != SOTTO_OK && err)
            *err = why;
    }
    return status;
}

/* ---- One report, on request -------------------------------------------------------------- */

static int outbox_get(struct dp *dp, uint32_t metric, uint32_t window, uint8_t *buf, size_t cap,
                      size_t *n, struct sotto_error *err) {
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t have;
    int status = vault_get(dp->vault, outbox_key(metric, window), bytes, sizeof bytes, &have, err);
    return status == SOTTO_OK ? hand_out(bytes, have, buf, cap, n, err) : status;
}

/* Why a window that is before the next to seal has no report. */
static int explain_gone(struct dp *dp, uint32_t metric, uint32_t window, struct sotto_error *err) {
    enum ledger_fate fate;
    int status = ledger_fate_of(dp->vault, metric, window, &fate, err);
    if (status != SOTTO_OK) return status;
    if (fate == LEDGER_OPEN)
        return fail(err, SOTTO_E_NOT_FOUND,
                    "metric %u, window %u is from before counting began, or was skipped after more "
                    "than %d windows without power",
                    metric, window, DP_CATCH_UP_MAX);
    return fail(err, SOTTO_E_SPENT, "metric %u, window %u: the privacy budget did not cover it",
                metric, window);
}

int dp_seal(struct dp *dp, uint32_t metric_id, uint64_t window, int64_t now_s, uint8_t *buf,
            size_t cap, size_t *n, struct sotto_error *err) {
    struct ledger ledger;
    struct sealing s;
    uint32_t m = 0;
    if (!dp->vault)
        return fail(err, SOTTO_E_STATE,
                    "reports need a vault: without its ledger nothing may leave");
    if (metric_id == 0 || metric_id > 65535 || window > LEDGER_WINDOW_MAX)
        return fail(err, SOTTO_E_NOT_FOUND, "no metric or window has this number");
    int status = outbox_get(dp, metric_id, (uint32_t)window, buf, cap, n, err);
    if (status != SOTTO_E_NOT_FOUND) return status;

    while (m < dp->policy->n_metrics && dp->policy->metrics[m].id != metric_id) m++;
    if (m == dp->policy->n_metrics)
        return fail(err, SOTTO_E_NOT_FOUND, "the policy in force has no metric %u", metric_id);
    if (now_s < 0 || window >= open_window(&dp->policy->metrics[m], now_s))
        return fail(err, SOTTO_E_STATE, "metric %u, window %llu is still open", metric_id,
                    (unsigned long long)window);
    status = prepare(dp, now_s, &ledger, err);
    if (status != SOTTO_OK) return status;
    if (window < ledger.metrics[m].next) return explain_gone(dp, metric_id, (uint32_t)window, err);

    /* What ended before it is sealed before it. */
    while (next_due(dp, &ledger, now_s, &s)) {
        int is_wanted = s.m == m && s.window == window;
        status = seal_one(dp, &ledger, &s, is_wanted ? cap : sizeof s.bytes, err);
        if (status == SOTTO_OK && is_wanted) return hand_out(s.bytes, s.n, buf, cap, n, err);
        if (status == SOTTO_E_SPENT && !is_wanted) status = refuse_one(dp, &ledger, &s, err);
        if (status != SOTTO_OK) return status;
    }
    return fail(err, SOTTO_E_STATE, "metric %u, window %llu is not due", metric_id,
                (unsigned long long)window);
}

/* ---- Reading ----------------------------------------------------------------------------- */

int dp_spent(struct dp *dp, uint64_t *lifetime_micro, struct sotto_error *err) {
    struct ledger ledger;
    *lifetime_micro = 0;
    if (!dp->vault) return SOTTO_OK;
    int status = ledger_load(dp->vault, &ledger, err);
    if (status == SOTTO_OK) *lifetime_micro = ledger.lifetime_micro;
    return status;
}

int dp_outbox_next(struct dp *dp, uint64_t *cursor, uint8_t *buf, size_t cap, size_t *n,
                   struct sotto_error *err) {
    uint32_t sequence = *cursor < UINT32_MAX ? (uint32_t)*cursor : UINT32_MAX, metric, window;
    if (!dp->vault) return fail(err, SOTTO_E_NOT_FOUND, "there is no later report in the outbox");
    int status = ledger_report(dp->vault, &sequence, &metric, &window, err);
    if (status != SOTTO_OK) return status;
    status = outbox_get(dp, metric, window, buf, cap, n, err);
    if (status == SOTTO_E_NOT_FOUND)
        return fail(err, SOTTO_E_CORRUPT, "the outbox lacks report %u; the vault was tampered with",
                    sequence);
    if (status == SOTTO_OK) *cursor = sequence;
    return status;
}
