/* ledger: see ledger.h. Records in class VAULT_LEDGER:
 *
 *     slot 0, seq 0           totals (TOTALS_BYTES)
 *     slot 0, seq = sequence  which metric and window a report is for (POINTER_BYTES)
 *     slot = metric, seq = window  what became of it (ROW_BYTES)
 *
 * The vault has authenticated every record, so a wrong length or version is another engine's. */
#include "release/ledger.h"

#define TOTALS_VERSION 2
#define TOTALS_HEAD    112
#define TOTALS_BYTES   (TOTALS_HEAD + 8 * POLICY_METRICS_MAX)
#define ROW_BYTES      24
#define POINTER_BYTES  8

/* What earlier engines wrote: epsilon alone, and rows that did not say when a report may leave. */
#define TOTALS_VERSION_1 1
#define TOTALS_HEAD_1    68
#define TOTALS_BYTES_1   (TOTALS_HEAD_1 + 8 * POLICY_METRICS_MAX)
#define ROW_BYTES_1      16

/* Rows let go with every new one, so that a pause is caught up with and no call takes long. */
#define LET_GO_MAX 4

static int newer(struct sotto_error *err) {
    return fail(err, SOTTO_E_NEWER,
                "the privacy ledger is of another version; run the engine that wrote it");
}

static const struct vault_key totals_key = {VAULT_LEDGER, 0, 0};

static void sum_encode(const struct compose_sum *sum, uint8_t out[24]) {
    store64(out, sum->eps_micro);
    store64(out + 8, sum->rho_q40);
    store64(out + 16, sum->delta_q64);
}

static struct compose_sum sum_decode(const uint8_t in[24]) {
    struct compose_sum sum = {load64(in), load64(in + 8), load64(in + 16)};
    return sum;
}

static void totals_encode(const struct ledger *l, uint8_t out[TOTALS_BYTES]) {
    memset(out, 0, TOTALS_BYTES);
    store32(out, TOTALS_VERSION);
    store32(out + 4, l->n_metrics);
    sum_encode(&l->lifetime, out + 8);
    sum_encode(&l->of_year, out + 32);
    store64(out + 56, l->sequence);
    store64(out + 64, l->sealed_until_s);
    store32(out + 72, l->year);
    store32(out + 76, l->fresh);
    memcpy(out + 80, l->schema, HASH_BYTES);
    for (uint32_t m = 0; m < l->n_metrics; m++) {
        store32(out + TOTALS_HEAD + 8 * m, l->metrics[m].id);
        store32(out + TOTALS_HEAD + 8 * m + 4, l->metrics[m].next);
    }
}

static int metrics_decode(struct ledger *l, const uint8_t *in, uint32_t n) {
    if (n > POLICY_METRICS_MAX) return -1;
    l->n_metrics = n;
    for (uint32_t m = 0; m < n; m++) {
        l->metrics[m].id = load32(in + 8 * m);
        l->metrics[m].next = load32(in + 8 * m + 4);
    }
    return 0;
}

/* Version 1 knew epsilons of at most 2 each, without delta. What they were in rho is not known any
 * more, so it is what they can have been at most. */
static int totals_decode_1(struct ledger *l, const uint8_t *in) {
    l->lifetime.eps_micro = load64(in + 8);
    l->of_year.eps_micro = load64(in + 16);
    l->lifetime.rho_q40 = compose_rho_of(l->lifetime.eps_micro, POLICY_EPS_MICRO_MAX);
    l->of_year.rho_q40 = compose_rho_of(l->of_year.eps_micro, POLICY_EPS_MICRO_MAX);
    l->sequence = load64(in + 24);
    l->year = load32(in + 32);
    memcpy(l->schema, in + 36, HASH_BYTES);
    return metrics_decode(l, in + TOTALS_HEAD_1, load32(in + 4));
}

static int totals_decode(struct ledger *l, const uint8_t *in, size_t n) {
    if (n == TOTALS_BYTES_1 && load32(in) == TOTALS_VERSION_1) return totals_decode_1(l, in);
    if (n != TOTALS_BYTES || load32(in) != TOTALS_VERSION) return -1;
    l->lifetime = sum_decode(in + 8);
    l->of_year = sum_decode(in + 32);
    l->sequence = load64(in + 56);
    l->sealed_until_s = load64(in + 64);
    l->year = load32(in + 72);
    l->fresh = load32(in + 76);
    memcpy(l->schema, in + 80, HASH_BYTES);
    return metrics_decode(l, in + TOTALS_HEAD, load32(in + 4));
}

int ledger_load(struct vault *vault, struct ledger *ledger, struct sotto_error *err) {
    uint8_t bytes[TOTALS_BYTES];
    size_t n = 0;
    struct vault_key key = totals_key;
    memset(ledger, 0, sizeof *ledger);
    int status = vault_get(vault, key, bytes, sizeof bytes, &n, err);
    if (status == SOTTO_OK) {
        if (totals_decode(ledger, bytes, n) == 0) return SOTTO_OK;
        return newer(err);
    }
    if (status != SOTTO_E_NOT_FOUND) return status;
    status = vault_next(vault, &key, 1, err);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status != SOTTO_OK) return status;
    return fail(err, SOTTO_E_CORRUPT,
                "the privacy ledger's totals are gone; nothing may be reported from this vault");
}

int ledger_commit(struct vault *vault, struct ledger *ledger, const struct ledger *after,
                  int status, struct sotto_error *err) {
    uint8_t bytes[TOTALS_BYTES];
    if (status == SOTTO_OK) {
        totals_encode(after, bytes);
        vault_anchor(vault);
        status = vault_put(vault, totals_key, bytes, sizeof bytes, err);
    }
    if (status == SOTTO_OK) status = vault_commit(vault, err);
    if (status == SOTTO_OK)
        *ledger = *after;
    else
        vault_rollback(vault);
    return status;
}

int ledger_clock_beyond(struct sotto_error *err) {
    return fail(err, SOTTO_E_LIMIT, "the clock is beyond what windows can number; set it");
}

/* Whether `cost` more stays within `cap`; written so that nothing can wrap. */
static int is_covered(uint64_t spent, uint64_t cost, uint64_t cap) {
    return spent <= cap && cost <= cap - spent;
}

int ledger_charge(struct ledger *ledger, const struct policy *policy,
                  const struct policy_metric *metric, const struct mechanism_cost *cost,
                  uint32_t window, struct sotto_error *err) {
    uint64_t began_s = (uint64_t)window * metric->window_s; /* below 2^32 · 2^22 */
    uint64_t eps = cost->eps_micro, year = began_s / LEDGER_YEAR_S;
    if (year < ledger->year) year = ledger->year;
    if (year > UINT32_MAX) year = UINT32_MAX;
    struct compose_sum of_year = {0};
    uint32_t fresh = 0;
    if (year == ledger->year) of_year = ledger->of_year, fresh = ledger->fresh;
    int is_lifetime = !is_covered(ledger->lifetime.eps_micro, eps, policy->lifetime_micro);
    if (is_lifetime || !is_covered(of_year.eps_micro, eps, policy->year_micro))
        return fail(
            err, SOTTO_E_SPENT,
            "metric %u, window %u: the policy's %s privacy budget (%llu micro-epsilon) does "
            "not cover %llu more; nothing leaves until it does",
            metric->id, window, is_lifetime ? "lifetime" : "yearly",
            (unsigned long long)(is_lifetime ? policy->lifetime_micro : policy->year_micro),
            (unsigned long long)eps);
    if (metric->unit == UNIT_HOUSEHOLD && fresh >= metric->fresh_year)
        return fail(err, SOTTO_E_SPENT,
                    "metric %u, window %u: the household has answered anew %u times this year",
                    metric->id, window, fresh);
    compose_add(&ledger->lifetime, eps, cost->rho_q40, cost->delta_log2);
    compose_add(&of_year, eps, cost->rho_q40, cost->delta_log2);
    ledger->of_year = of_year;
    ledger->fresh = fresh + (metric->unit == UNIT_HOUSEHOLD);
    ledger->year = (uint32_t)year;
    return SOTTO_OK;
}

void ledger_pass(struct ledger *ledger, const struct policy *policy, uint32_t m, uint32_t window) {
    uint64_t end_s = ((uint64_t)window + 1) * policy->metrics[m].window_s;
    if (end_s > ledger->sealed_until_s) ledger->sealed_until_s = end_s;
    /* A household's metrics take turns: a window is over for all of them. */
    for (uint32_t i = 0; i < ledger->n_metrics; i++)
        if (i == m || policy->metrics[m].unit == UNIT_HOUSEHOLD)
            ledger->metrics[i].next = window + 1;
}

static int row_decode(struct ledger_row *row, const uint8_t *in, size_t n) {
    uint32_t fate = n >= ROW_BYTES_1 ? load32(in) : 0;
    if ((n != ROW_BYTES && n != ROW_BYTES_1) || fate < LEDGER_CHARGED || fate > LEDGER_REPEATED)
        return -1;
    row->fate = (enum ledger_fate)fate;
    row->eps_micro = load32(in + 4);
    row->sequence = load32(in + 8);
    row->release_s = n == ROW_BYTES ? (int64_t)load64(in + 16) : 0;
    return 0;
}

int ledger_row_of(struct vault *vault, uint32_t metric, uint32_t window, struct ledger_row *row,
                  struct sotto_error *err) {
    uint8_t bytes[ROW_BYTES];
    size_t n;
    struct vault_key key = {VAULT_LEDGER, metric, window};
    memset(row, 0, sizeof *row);
    int status = vault_get(vault, key, bytes, sizeof bytes, &n, err);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status != SOTTO_OK && status != SOTTO_E_LIMIT) return status;
    if (status == SOTTO_E_LIMIT || row_decode(row, bytes, n) != 0) return newer(err);
    return SOTTO_OK;
}

/* Lets go of the oldest windows of a metric, if they are old enough. */
static int let_go(struct vault *vault, uint32_t metric, uint32_t window, struct sotto_error *err) {
    for (int i = 0; i < LET_GO_MAX; i++) {
        struct vault_key key = {VAULT_LEDGER, metric, 0};
        struct ledger_row row;
        int status = vault_next(vault, &key, 1, err);
        if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
        if (status != SOTTO_OK) return status;
        if (key.slot != metric || key.seq + (uint64_t)LEDGER_KEPT >= window) return SOTTO_OK;
        status = ledger_row_of(vault, metric, key.seq, &row, err);
        if (status == SOTTO_OK && row.sequence)
            status = vault_delete(vault, (struct vault_key){VAULT_LEDGER, 0, row.sequence}, err);
        if (status == SOTTO_OK)
            status = vault_delete(vault, (struct vault_key){VAULT_OUTBOX, metric, key.seq}, err);
        if (status == SOTTO_OK) status = vault_delete(vault, key, err);
        if (status != SOTTO_OK) return status;
    }
    return SOTTO_OK;
}

int ledger_note(struct vault *vault, uint32_t metric, uint32_t window, const struct ledger_row *row,
                struct sotto_error *err) {
    uint8_t bytes[ROW_BYTES] = {0}, pointer[POINTER_BYTES];
    struct vault_key key = {VAULT_LEDGER, metric, window},
                     by_sequence = {VAULT_LEDGER, 0, row->sequence};
    store32(bytes, (uint32_t)row->fate);
    store32(bytes + 4, row->eps_micro);
    store32(bytes + 8, row->sequence);
    store64(bytes + 16, (uint64_t)row->release_s);
    int status = let_go(vault, metric, window, err);
    if (status == SOTTO_OK) status = vault_put(vault, key, bytes, sizeof bytes, err);
    if (status != SOTTO_OK || row->sequence == 0) return status;
    store32(pointer, metric);
    store32(pointer + 4, window);
    return vault_put(vault, by_sequence, pointer, sizeof pointer, err);
}

int ledger_no_report(struct sotto_error *err) {
    return fail(err, SOTTO_E_NOT_FOUND, "there is no later report in the outbox");
}

int ledger_report(struct vault *vault, uint32_t *sequence, uint32_t *metric, uint32_t *window,
                  struct sotto_error *err) {
    uint8_t pointer[POINTER_BYTES];
    size_t n;
    struct vault_key key = {VAULT_LEDGER, 0, *sequence};
    int status = vault_next(vault, &key, 0, err);
    if (status == SOTTO_OK && key.slot != 0) status = SOTTO_E_NOT_FOUND;
    if (status == SOTTO_E_NOT_FOUND) return ledger_no_report(err);
    if (status == SOTTO_OK) status = vault_get(vault, key, pointer, sizeof pointer, &n, err);
    if (status != SOTTO_OK) return status;
    if (n != sizeof pointer) return newer(err);
    *sequence = key.seq;
    *metric = load32(pointer);
    *window = load32(pointer + 4);
    return SOTTO_OK;
}
