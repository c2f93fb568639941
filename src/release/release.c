/* release: the only way out. Owns the order of events in which a window becomes a report: charge,
 * noise or answer, sign, then in one transaction store the bytes and the charge and delete what
 * they were made of, and only after its commit hand out a byte. Whatever fails before leaves the
 * window as it was.
 *
 * Windows are sealed in the order in which they ended, across metrics, so that a report's sequence
 * tells the fleet whether a vault was set back. Of a household one metric is asked in each window.
 * Called by engine.c through release.h. */
#include "release/release.h"

#include "release/household.h"
#include "release/outbox.h"
#include "release/tally.h"

/* ---- Terms ------------------------------------------------------------------------------- */

struct mechanism_terms dp_terms(const struct policy_metric *metric) {
    struct mechanism_terms terms = {metric->mechanism,  metric->eps_micro, metric->max_cells,
                                    metric->max_weight, metric->n_cells,   metric->max_value};
    return terms;
}

static int cost_of(const struct policy_metric *metric, struct mechanism_cost *cost,
                   struct sotto_error *err) {
    const struct mechanism_terms terms = dp_terms(metric);
    const char *wrong = NULL;
    if (mechanism_check(&terms, cost, &wrong) == 0) return SOTTO_OK;
    return fail(err, SOTTO_E_FORMAT, "metric %u: %s; correct the policy's INI", metric->id, wrong);
}

int dp_policy_check(const struct policy *policy, struct sotto_error *err) {
    struct mechanism_cost cost;
    int status = SOTTO_OK;
    for (uint32_t m = 0; m < policy->n_metrics && status == SOTTO_OK; m++)
        status = cost_of(&policy->metrics[m], &cost, err);
    return status;
}

/* ---- One window -------------------------------------------------------------------------- */

struct sealing {
    const struct policy_metric *metric;
    uint32_t m; /* its number */
    uint32_t window;
    struct ledger_row row;
    struct household_answer answer; /* of a household */
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t n;
};

/* What every report says, whatever it counts. */
static int report_begin(struct dp *dp, const struct ledger *after, const struct sealing *s,
                        const struct mechanism_cost *cost, struct sotto_report *r,
                        struct sotto_error *err) {
    const struct policy_metric *metric = s->metric;
    uint8_t digest[HASH_BYTES];
    *r = (struct sotto_report){.sequence = after->sequence,
                               .metric = metric->id,
                               .window = s->window,
                               .window_s = metric->window_s,
                               .policy_version = dp->policy->version,
                               .mechanism = metric->mechanism,
                               .unit = metric->unit,
                               .eps_micro = metric->eps_micro,
                               .rho_q40 = cost->rho_q40,
                               .delta_log2 = cost->delta_log2,
                               .max_cells = metric->max_cells,
                               .max_weight = metric->max_weight,
                               .max_value = metric->max_value,
                               .n_cells = metric->n_cells};
    hash256(digest, dp->report_public, SIGN_PUBLIC_BYTES);
    memcpy(r->device, digest, sizeof r->device);
    memcpy(r->schema, dp->policy->schema_hash, sizeof r->schema);
    if (rng_bytes(dp->rng, r->id, sizeof r->id) != 0) return entropy_failed(metric, err);
    int status = vault_audit_look(dp->vault, NULL, r->audit_head, err);
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status; /* nothing logged yet: zeros */
}

/* Noise on counts that were bounded when they were made; the clamp comes after it and touches
 * nothing but what anyone could do to the result. */
static int report_counts(struct dp *dp, const struct sealing *s, struct sotto_report *r,
                         struct sotto_error *err) {
    const struct policy_metric *metric = s->metric;
    const struct mechanism_terms terms = dp_terms(metric);
    struct tally tally;
    int status = tally_load(dp->vault, dp->policy, metric, s->window, &tally, err);
    if (status == SOTTO_OK && mechanism_noise(dp->rng, &terms, tally.cells, r->cells) != 0)
        status = entropy_failed(metric, err);
    wipe(&tally, sizeof tally);
    return status;
}

static void report_answer(const struct sealing *s, struct sotto_report *r) {
    r->is_repeat = !s->answer.is_fresh;
    r->n_answer = (uint32_t)s->answer.n;
    memcpy(r->answer, s->answer.bytes, s->answer.n);
}

static int report_make(struct dp *dp, const struct ledger *after, struct sealing *s,
                       const struct mechanism_cost *cost, struct sotto_error *err) {
    const struct policy_metric *metric = s->metric;
    struct sotto_report r;
    int status = report_begin(dp, after, s, cost, &r, err);
    if (status == SOTTO_OK && metric->unit == UNIT_HOUSEHOLD)
        report_answer(s, &r);
    else if (status == SOTTO_OK)
        status = report_counts(dp, s, &r, err);
    if (status != SOTTO_OK) return status;
    status = sotto_report_encode(&r, dp->report_secret, s->bytes, sizeof s->bytes, &s->n);
    if (status != SOTTO_OK)
        return fail(err, status,
                    "metric %u, window %u: the report could not be encoded; check the policy",
                    metric->id, s->window);
    return SOTTO_OK;
}

/* Deletes what the report was made of. */
static int raw_delete(struct dp *dp, const struct sealing *s, struct sotto_error *err) {
    const struct policy_metric *metric = s->metric;
    return metric->unit == UNIT_HOUSEHOLD ? household_settle(dp, metric, s->window, &s->answer, err)
                                          : tally_delete(dp->vault, metric->id, s->window, err);
}

static int report_store(struct dp *dp, struct ledger *ledger, const struct ledger *after,
                        const struct sealing *s, struct sotto_error *err) {
    const struct policy_metric *metric = s->metric;
    int status = vault_begin(dp->vault, err);
    if (status != SOTTO_OK) return status;
    vault_note(dp->vault, SOTTO_AUDIT_REPORT, 0, (uint64_t)metric->id << 32 | s->window,
               s->row.eps_micro);
    status = ledger_note(dp->vault, metric->id, s->window, &s->row, err);
    if (status == SOTTO_OK)
        status = outbox_put(dp->vault, metric->id, s->window, s->bytes, s->n, err);
    if (status == SOTTO_OK) status = raw_delete(dp, s, err);
    return ledger_commit(dp->vault, ledger, after, status, err);
}

/* Charges in memory what the window costs. A household that is not asked anew, or may not answer
 * anew any more, is charged nothing. */
static int charge(struct dp *dp, struct ledger *after, struct sealing *s,
                  const struct mechanism_cost *cost, struct sotto_error *err) {
    const struct policy_metric *metric = s->metric;
    struct ledger charged = *after;
    struct sotto_error why;
    int status = ledger_charge(&charged, dp->policy, metric, cost, s->window, &why);
    if (metric->unit == UNIT_HOUSEHOLD && (status == SOTTO_OK || status == SOTTO_E_SPENT)) {
        status = household_decide(dp, metric, s->window, status == SOTTO_OK, &s->answer, &why);
        if (status == SOTTO_OK && !s->answer.is_fresh) {
            s->row.fate = LEDGER_REPEATED;
            return SOTTO_OK;
        }
    }
    if (status != SOTTO_OK) {
        if (err) *err = why;
        return status;
    }
    s->row.fate = LEDGER_CHARGED;
    s->row.eps_micro = (uint32_t)cost->eps_micro;
    *after = charged;
    return SOTTO_OK;
}

/* Seals one closed window; *ledger follows only once that is durable. */
static int seal_one(struct dp *dp, struct ledger *ledger, struct sealing *s, int64_t now_s,
                    size_t cap, struct sotto_error *err) {
    const struct policy_metric *metric = s->metric;
    struct ledger after = *ledger;
    struct mechanism_cost cost;
    int status = ledger_row_of(dp->vault, metric->id, s->window, &s->row, err);
    if (status != SOTTO_OK) return status;
    if (s->row.fate != LEDGER_OPEN)
        return fail(err, SOTTO_E_SPENT,
                    "metric %u, window %u was accounted for before; it is not sealed twice",
                    metric->id, s->window);
    status = cost_of(metric, &cost, err);
    if (status == SOTTO_OK) status = charge(dp, &after, s, &cost, err);
    if (status != SOTTO_OK) return status;
    if (after.sequence >= UINT32_MAX)
        return fail(err, SOTTO_E_LIMIT, "this device has made all the reports it can number");
    s->row.sequence = (uint32_t)++after.sequence;
    s->row.release_s = schedule_release_s(dp->schedule_key, metric, now_s);
    ledger_pass(&after, dp->policy, s->m, s->window);
    status = report_make(dp, &after, s, &cost, err);
    if (status == SOTTO_OK && s->n > cap) status = outbox_too_small(s->n, err);
    return status == SOTTO_OK ? report_store(dp, ledger, &after, s, err) : status;
}

/* Gives up a window that the budget does not cover, or that was accounted for before: it will never
 * be reported again, so its counts go. */
static int refuse_one(struct dp *dp, struct ledger *ledger, const struct sealing *s,
                      struct sotto_error *err) {
    const struct policy_metric *metric = s->metric;
    const struct ledger_row refused = {.fate = LEDGER_REFUSED};
    struct ledger after = *ledger;
    struct ledger_row row;
    ledger_pass(&after, dp->policy, s->m, s->window);
    int status = ledger_row_of(dp->vault, metric->id, s->window, &row, err);
    if (status == SOTTO_OK) status = vault_begin(dp->vault, err);
    if (status != SOTTO_OK) return status;
    if (row.fate == LEDGER_OPEN)
        status = ledger_note(dp->vault, metric->id, s->window, &refused, err);
    if (status == SOTTO_OK) status = tally_delete(dp->vault, metric->id, s->window, err);
    return ledger_commit(dp->vault, ledger, &after, status, err);
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
    return ledger_commit(dp->vault, ledger, &after, status, err);
}

/* The closed window that ended first among those not sealed; 0 when there is none. */
static int next_due(const struct dp *dp, const struct ledger *ledger, int64_t now_s,
                    struct sealing *s) {
    uint64_t first_end = UINT64_MAX;
    memset(s, 0, sizeof *s);
    for (uint32_t m = 0; m < ledger->n_metrics; m++) {
        const struct policy_metric *metric = &dp->policy->metrics[m];
        uint32_t window = ledger->metrics[m].next;
        uint64_t end = ((uint64_t)window + 1) * metric->window_s;
        if (window >= open_window(metric, now_s) || end >= first_end) continue;
        first_end = end;
        s->m = m;
        s->window = window;
    }
    if (first_end != UINT64_MAX && dp->policy->metrics[s->m].unit == UNIT_HOUSEHOLD)
        s->m = schedule_metric(dp->schedule_key, dp->policy, s->window);
    s->metric = &dp->policy->metrics[s->m];
    return first_end != UINT64_MAX;
}

/* A report that nobody can attribute, or anybody can sign, must not use up a window. */
static int require_key(const struct dp *dp, struct sotto_error *err) {
    uint8_t any = 0;
    for (size_t i = 0; i < sizeof dp->report_public; i++) any |= dp->report_public[i];
    return any && dp->schedule_key
               ? SOTTO_OK
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
        status = seal_one(dp, &ledger, &s, now_s, sizeof s.bytes, &why);
        if (status == SOTTO_E_SPENT)
            status = refuse_one(dp, &ledger, &s, err);
        else if (status != SOTTO_OK && err)
            *err = why;
    }
    return status;
}

/* ---- One report, on request -------------------------------------------------------------- */

/* Why a window that is before the next to seal has no report. */
static int explain_gone(struct dp *dp, uint32_t metric, uint32_t window, struct sotto_error *err) {
    struct ledger_row row;
    int status = ledger_row_of(dp->vault, metric, window, &row, err);
    if (status != SOTTO_OK) return status;
    if (row.fate == LEDGER_OPEN)
        return fail(err, SOTTO_E_NOT_FOUND,
                    "metric %u, window %u has no report: it is from before counting began, was "
                    "skipped while without power, is too old, or another metric was asked",
                    metric, window);
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
    int status = outbox_get(dp->vault, metric_id, (uint32_t)window, now_s, buf, cap, n, err);
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
        status = seal_one(dp, &ledger, &s, now_s, is_wanted ? cap : sizeof s.bytes, err);
        if (status == SOTTO_OK && is_wanted)
            return outbox_get(dp->vault, metric_id, (uint32_t)window, now_s, buf, cap, n, err);
        if (status == SOTTO_E_SPENT && !is_wanted) status = refuse_one(dp, &ledger, &s, err);
        if (status != SOTTO_OK) return status;
        if (s.window == window && dp->policy->metrics[m].unit == UNIT_HOUSEHOLD) break;
    }
    return explain_gone(dp, metric_id, (uint32_t)window, err);
}

/* ---- Reading ----------------------------------------------------------------------------- */

int dp_spent(struct dp *dp, uint64_t *lifetime_micro, struct sotto_error *err) {
    struct ledger ledger;
    *lifetime_micro = 0;
    if (!dp->vault) return SOTTO_OK;
    int status = ledger_load(dp->vault, &ledger, err);
    if (status == SOTTO_OK) *lifetime_micro = ledger.lifetime.eps_micro;
    return status;
}
