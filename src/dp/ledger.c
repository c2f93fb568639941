/* ledger: see ledger.h. Records in class VAULT_LEDGER:
 *
 *     slot 0, seq 0           totals (TOTALS_BYTES)
 *     slot 0, seq = sequence  which metric and window a report is for (POINTER_BYTES)
 *     slot = metric, seq = window  what became of it (ROW_BYTES)
 *
 * The vault has authenticated every record, so a wrong length or version is another engine's. */
#include "dp/ledger.h"

#define TOTALS_VERSION 1
#define TOTALS_HEAD    68
#define TOTALS_BYTES   (TOTALS_HEAD + 8 * POLICY_METRICS_MAX)
#define ROW_BYTES      16
#define POINTER_BYTES  8

static const struct vault_key totals_key = {VAULT_LEDGER, 0, 0};

static void totals_encode(const struct ledger *l, uint8_t out[TOTALS_BYTES]) {
    memset(out, 0, TOTALS_BYTES);
    store32(out, TOTALS_VERSION);
    store32(out + 4, l->n_metrics);
    store64(out + 8, l->lifetime_micro);
    store64(out + 16, l->year_micro);
    store64(out + 24, l->sequence);
    store32(out + 32, l->year);
    memcpy(out + 36, l->schema, HASH_BYTES);
    for (uint32_t m = 0; m < l->n_metrics; m++) {
        store32(out + TOTALS_HEAD + 8 * m, l->metrics[m].id);
        store32(out + TOTALS_HEAD + 8 * m + 4, l->metrics[m].next);
    }
}

static int totals_decode(struct ledger *l, const uint8_t *in, size_t n) {
    if (n != TOTALS_BYTES || load32(in) != TOTALS_VERSION) return -1;
    l->n_metrics = load32(in + 4);
    if (l->n_metrics > POLICY_METRICS_MAX) return -1;
    l->lifetime_micro = load64(in + 8);
    l->year_micro = load64(in + 16);
    l->sequence = load64(in + 24);
    l->year = load32(in + 32);
    memcpy(l->schema, in + 36, HASH_BYTES);
    for (uint32_t m = 0; m < l->n_metrics; m++) {
        l->metrics[m].id = load32(in + TOTALS_HEAD + 8 * m);
        l->metrics[m].next = load32(in + TOTALS_HEAD + 8 * m + 4);
    }
    return 0;
}

int ledger_load(struct vault *vault, struct ledger *ledger, struct sotto_error *err) {
    uint8_t bytes[TOTALS_BYTES];
    size_t n;
    struct vault_key key = totals_key;
    memset(ledger, 0, sizeof *ledger);
    int status = vault_get(vault, key, bytes, sizeof bytes, &n, err);
    if (status == SOTTO_OK) {
        if (totals_decode(ledger, bytes, n) == 0) return SOTTO_OK;
        return fail(err, SOTTO_E_NEWER,
                    "the privacy ledger is of another version; run the engine that wrote it");
    }
    if (status != SOTTO_E_NOT_FOUND) return status;
    status = vault_next(vault, &key, 1, err);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status != SOTTO_OK) return status;
    return fail(err, SOTTO_E_CORRUPT,
                "the privacy ledger's totals are gone; nothing may be reported from this vault");
}

int ledger_save(struct vault *vault, const struct ledger *ledger, struct sotto_error *err) {
    uint8_t bytes[TOTALS_BYTES];
    totals_encode(ledger, bytes);
    vault_anchor(vault);
    return vault_put(vault, totals_key, bytes, sizeof bytes, err);
}

/* Whether `cost` more stays within `cap`; written so that nothing can wrap. */
static int is_covered(uint64_t spent, uint64_t cost, uint64_t cap) {
    return spent <= cap && cost <= cap - spent;
}

int ledger_charge(struct ledger *ledger, const struct policy *policy,
                  const struct policy_metric *metric, uint32_t window, struct sotto_error *err) {
    uint64_t began_s = (uint64_t)window * metric->window_s; /* below 2^32 · 2^22 */
    uint64_t cost = metric->eps_micro, year = began_s / LEDGER_YEAR_S;
    if (year < ledger->year) year = ledger->year;
    if (year > UINT32_MAX) year = UINT32_MAX;
    uint64_t spent = year == ledger->year ? ledger->year_micro : 0;
    int is_lifetime = !is_covered(ledger->lifetime_micro, cost, policy->lifetime_micro);
    if (is_lifetime || !is_covered(spent, cost, policy->year_micro))
        return fail(
            err, SOTTO_E_SPENT,
            "metric %u, window %u: the policy's %s privacy budget (%llu micro-epsilon) does "
            "not cover %u more; nothing leaves until it does",
            metric->id, window, is_lifetime ? "lifetime" : "yearly",
            (unsigned long long)(is_lifetime ? policy->lifetime_micro : policy->year_micro),
            metric->eps_micro);
    ledger->lifetime_micro += cost;
    ledger->year_micro = spent + cost;
    ledger->year = (uint32_t)year;
    return SOTTO_OK;
}

int ledger_fate_of(struct vault *vault, uint32_t metric, uint32_t window, enum ledger_fate *fate,
                   struct sotto_error *err) {
    uint8_t row[ROW_BYTES];
    size_t n;
    struct vault_key key = {VAULT_LEDGER, metric, window};
    *fate = LEDGER_OPEN;
    int status = vault_get(vault, key, row, sizeof row, &n, err);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status != SOTTO_OK) return status;
    uint32_t value = n == sizeof row ? load32(row) : 0;
    if (value != LEDGER_CHARGED && value != LEDGER_REFUSED)
        return fail(
            err, SOTTO_E_NEWER,
            "a row of the privacy ledger is of another version; run the engine that wrote it");
    *fate = (enum ledger_fate)value;
    return SOTTO_OK;
}

int ledger_note(struct vault *vault, uint32_t metric, uint32_t window, enum ledger_fate fate,
                uint32_t eps_micro, uint32_t sequence, struct sotto_error *err) {
    uint8_t row[ROW_BYTES] = {0}, pointer[POINTER_BYTES];
    struct vault_key key = {VAULT_LEDGER, metric, window},
                     by_sequence = {VAULT_LEDGER, 0, sequence};
    store32(row, (uint32_t)fate);
    store32(row + 4, eps_micro);
    store32(row + 8, sequence);
    int status = vault_put(vault, key, row, sizeof row, err);
    if (status != SOTTO_OK || fate != LEDGER_CHARGED) return status;
    store32(pointer, metric);
    store32(pointer + 4, window);
    return vault_put(vault, by_sequence, pointer, sizeof pointer, err);
}

int ledger_report(struct vault *vault, uint32_t *sequence, uint32_t *metric, uint32_t *window,
                  struct sotto_error *err) {
    uint8_t pointer[POINTER_BYTES];
    size_t n;
    struct vault_key key = {VAULT_LEDGER, 0, *sequence};
    int status = vault_next(vault, &key, 0, err);
    if (status == SOTTO_OK && key.slot != 0) status = SOTTO_E_NOT_FOUND;
    if (status == SOTTO_E_NOT_FOUND)
        return fail(err, status, "there is no later report in the outbox");
    if (status == SOTTO_OK) status = vault_get(vault, key, pointer, sizeof pointer, &n, err);
    if (status != SOTTO_OK) return status;
    if (n != sizeof pointer)
        return fail(err, SOTTO_E_NEWER,
                    "the outbox is of another version; run the engine that wrote it");
    *sequence = key.seq;
    *metric = load32(pointer);
    *window = load32(pointer + 4);
    return SOTTO_OK;
}
