/* receipt: see receipt.h. */
#include "vault/receipt.h"

#include "vault/inside.h"

#define SLOT 1
#define BEGUN_BYTES                                                                                \
    24 /* u32 format 1, u8 purposes, u8 why, u16 0, u32 profiles, u32 records, i64 time */
#define FORMAT 1

static const char UNREADABLE[] = "the receipts of erasures cannot be read";

static int put(struct vault *v, uint32_t seq, const uint8_t *bytes, size_t n,
               struct sotto_error *err) {
    return own_put(v, row_of(VAULT_SYSTEM, SLOT, seq), bytes, n, err);
}

/* Any other length than `n` is damage. */
static int get(struct vault *v, uint32_t seq, uint8_t *bytes, size_t n, struct sotto_error *err) {
    size_t length = 0;
    int status = own_get(v, row_of(VAULT_SYSTEM, SLOT, seq), bytes, n, &length, UNREADABLE, err);
    return status == SOTTO_OK && length != n ? fail(err, SOTTO_E_CORRUPT, UNREADABLE) : status;
}

int receipt_begin(struct vault *v, struct sotto_receipt *r, struct sotto_error *err) {
    uint8_t bytes[BEGUN_BYTES] = {0};
    r->time_s = v->now_s;
    store32(bytes, FORMAT);
    bytes[4] = (uint8_t)r->purposes;
    bytes[5] = (uint8_t)r->why;
    store32(bytes + 8, r->profiles);
    store32(bytes + 12, r->records);
    store64(bytes + 16, (uint64_t)r->time_s);
    return put(v, 0, bytes, sizeof bytes, err);
}

int receipt_begun(struct vault *v, struct sotto_receipt *r, struct sotto_error *err) {
    uint8_t bytes[BEGUN_BYTES];
    memset(r, 0, sizeof *r);
    r->size = sizeof *r;
    int status = get(v, 0, bytes, sizeof bytes, err);
    if (status != SOTTO_OK) return status;
    if (load32(bytes) != FORMAT) return fail(err, SOTTO_E_CORRUPT, UNREADABLE);
    r->purposes = bytes[4];
    r->why = bytes[5];
    r->profiles = load32(bytes + 8);
    r->records = load32(bytes + 12);
    r->time_s = (int64_t)load64(bytes + 16);
    return SOTTO_OK;
}

/* The latest number; 0 when there is none. There are never many. */
static int latest(struct vault *v, uint32_t *number, struct sotto_error *err) {
    int64_t row = row_of(VAULT_SYSTEM, SLOT, 0), last = row_of(VAULT_SYSTEM, SLOT, UINT32_MAX);
    int status;
    *number = 0;
    while ((status = store_next(&v->store, row + 1, last, &row, err)) == SOTTO_OK)
        *number = (uint32_t)row;
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status;
}

int receipt_finish(struct vault *v, struct sotto_receipt *r, struct sotto_error *err) {
    uint8_t body[RECEIPT_BODY_BYTES];
    const int64_t begun = row_of(VAULT_SYSTEM, SLOT, 0);
    uint32_t number = 0;
    if (r->purposes == 0) return rows_remove(v, begun, begun, NULL, err);
    int status = latest(v, &number, err);
    if (status == SOTTO_OK && number != 0) {
        status = get(v, number, body, sizeof body, err);
        if (status == SOTTO_OK) hash256(r->before, body, sizeof body);
    }
    if (status == SOTTO_OK && number == UINT32_MAX) /* no device gets there: damage */
        status = fail(err, SOTTO_E_CORRUPT, UNREADABLE);
    if (status == SOTTO_OK) status = audit_place(v, &r->audit_lines, r->audit_head, err);
    if (status != SOTTO_OK) return status;
    r->number = ++number;
    r->epoch = v->meta.epoch;
    receipt_body_write(body, r);
    status = put(v, number, body, sizeof body, err);
    if (status == SOTTO_OK && number > SOTTO_RECEIPTS_KEPT)
        status = rows_remove(v, row_of(VAULT_SYSTEM, SLOT, 1),
                             row_of(VAULT_SYSTEM, SLOT, number - SOTTO_RECEIPTS_KEPT), NULL, err);
    return status == SOTTO_OK ? rows_remove(v, begun, begun, NULL, err) : status;
}

void receipt_unread(struct vault *v, struct sotto_receipt *r) {
    r->time_s = v->now_s;
    r->number = SOTTO_RECEIPT_UNREAD;
    receipt_body_write(v->unread_receipt, r);
    v->has_unread_receipt = 1;
}

int vault_receipt_next(struct vault *v, uint64_t *number, uint8_t body[RECEIPT_BODY_BYTES],
                       struct sotto_error *err) {
    int64_t row = row_of(VAULT_SYSTEM, SLOT, UINT32_MAX);
    int status = require_open(v, v->has_unread_receipt ? NULL : err);
    if (status != SOTTO_OK && !v->has_unread_receipt) return status;
    if (status == SOTTO_OK && *number < UINT32_MAX) {
        status = store_next(&v->store, row_of(VAULT_SYSTEM, SLOT, (uint32_t)*number + 1), row, &row,
                            err);
        if (status == SOTTO_OK) status = get(v, (uint32_t)row, body, RECEIPT_BODY_BYTES, err);
        if (status == SOTTO_OK) *number = (uint32_t)row;
        if (status != SOTTO_E_NOT_FOUND) return status;
    }
    if (!v->has_unread_receipt || *number >= SOTTO_RECEIPT_UNREAD) return SOTTO_E_NOT_FOUND;
    memcpy(body, v->unread_receipt, RECEIPT_BODY_BYTES);
    *number = SOTTO_RECEIPT_UNREAD;
    return SOTTO_OK;
}
