/* outbox: see outbox.h. */
#include "release/outbox.h"

static struct vault_key key_of(uint32_t metric, uint32_t window) {
    struct vault_key key = {VAULT_OUTBOX, metric, window};
    return key;
}

int outbox_put(struct vault *vault, uint32_t metric, uint32_t window, const uint8_t *bytes,
               size_t n, struct sotto_error *err) {
    return vault_put(vault, key_of(metric, window), bytes, n, err);
}

int outbox_too_small(size_t n, struct sotto_error *err) {
    return fail(err, SOTTO_E_LIMIT, "the report has %zu bytes; give SOTTO_REPORT_MAX (%d)", n,
                SOTTO_REPORT_MAX);
}

static int copy(struct vault *vault, uint32_t metric, uint32_t window, uint8_t *buf, size_t cap,
                size_t *n, struct sotto_error *err) {
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t have = 0;
    int status = vault_get(vault, key_of(metric, window), bytes, sizeof bytes, &have, err);
    if (status != SOTTO_OK) return status;
    if (have > cap) return outbox_too_small(have, err);
    memcpy(buf, bytes, have);
    *n = have;
    return SOTTO_OK;
}

int outbox_get(struct vault *vault, uint32_t metric, uint32_t window, int64_t now_s, uint8_t *buf,
               size_t cap, size_t *n, struct sotto_error *err) {
    struct ledger_row row;
    int status = ledger_row_of(vault, metric, window, &row, err);
    if (status != SOTTO_OK) return status;
    if (row.sequence == 0) return SOTTO_E_NOT_FOUND;
    *n = 0;
    return row.release_s > now_s ? SOTTO_PENDING : copy(vault, metric, window, buf, cap, n, err);
}

/* The first report with a sequence above *cursor, if it may leave at `now_s`. Reports leave in
 * their order: one whose moment comes later holds up those behind it, so that a cursor passes none.
 */
static int next(struct dp *dp, uint64_t *cursor, int64_t now_s, int64_t *release_s, uint8_t *buf,
                size_t cap, size_t *n, struct sotto_error *err) {
    struct ledger_row row;
    uint32_t sequence = *cursor < UINT32_MAX ? (uint32_t)*cursor : UINT32_MAX, metric, window;
    if (!dp->vault) return ledger_no_report(err);
    int status = ledger_report(dp->vault, &sequence, &metric, &window, err);
    if (status == SOTTO_OK) status = ledger_row_of(dp->vault, metric, window, &row, err);
    if (status != SOTTO_OK) return status;
    if (row.release_s > now_s)
        return fail(err, SOTTO_E_NOT_FOUND, "the next report in the outbox may not leave yet");
    status = copy(dp->vault, metric, window, buf, cap, n, err);
    if (status == SOTTO_E_NOT_FOUND)
        return fail(err, SOTTO_E_CORRUPT, "the outbox lacks report %u; the vault was tampered with",
                    sequence);
    if (status != SOTTO_OK) return status;
    *cursor = sequence;
    *release_s = row.release_s;
    return SOTTO_OK;
}

int dp_outbox_next(struct dp *dp, uint64_t *cursor, int64_t now_s, uint8_t *buf, size_t cap,
                   size_t *n, struct sotto_error *err) {
    int64_t release_s;
    return next(dp, cursor, now_s, &release_s, buf, cap, n, err);
}

int dp_outbox_peek(struct dp *dp, uint64_t *cursor, int64_t *release_s, uint8_t *buf, size_t cap,
                   size_t *n, struct sotto_error *err) {
    return next(dp, cursor, INT64_MAX, release_s, buf, cap, n, err);
}
