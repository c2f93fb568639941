/* sotto_receipt.h: what a device destroyed, signed.
 *
 * Every erasure that destroyed something leaves a receipt, also one that a power cut interrupted
 * and the next start finished. It says what went, when and how thoroughly, and holds no name, no
 * profile and no item: it can be handed to the person, to the operator and to a court. Its
 * signature is by the key that signs reports (sotto_device_key), over bytes that no report has.
 * Each names the one before by its hash and stands at a place of the audit log, so that none can be
 * left out unnoticed. Byte for byte: src/FORMAT.md, section 5. Copyright 2026 the Sotto authors.
 * Apache-2.0. */
#ifndef SOTTO_RECEIPT_H
#define SOTTO_RECEIPT_H

#include "sotto.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SOTTO_RECEIPT_BYTES 184
/* How many receipts a device keeps; older ones are let go. */
#define SOTTO_RECEIPTS_KEPT 16
/* The number of the receipt for a vault that could not be read: all its keys were destroyed. What
 * was in it, its log and the receipt before are not known, so `profiles` and `records` (unless a
 * newer engine's vault could be looked into), `epoch`, the place in the log and `before` are 0. */
#define SOTTO_RECEIPT_UNREAD (UINT64_C(1) << 32)

/* Why something was erased. */
enum sotto_erase_why {
    SOTTO_ERASE_ASKED = 0,     /* sotto_erase, sotto_erase_purpose */
    SOTTO_ERASE_WITHDRAWN = 1, /* a person took consent back */
    SOTTO_ERASE_EXPIRED = 2    /* consent to store ran out, or the policy no longer allows it */
};

struct sotto_receipt {
    size_t size;
    uint32_t purposes;  /* bits 1 << enum sotto_purpose; SOTTO_PURPOSE_STORE: whole profiles */
    uint32_t assurance; /* enum sotto_assurance: how the key was destroyed */
    uint32_t why;       /* enum sotto_erase_why */
    uint32_t profiles;  /* how many profiles lost something */
    uint32_t records;   /* how many encrypted records were destroyed */
    uint64_t epoch;     /* key epoch after it: what was sealed before opens no more */
    int64_t time_s;     /* when it became certain: the device's time floor, seconds since 1970 */
    uint64_t number;    /* 1 for the device's first receipt; SOTTO_RECEIPT_UNREAD */
    /* Where it stands in the audit log: how many lines there were after it, and the chain's head
     * then; both 0 when the log could not be read. */
    uint64_t audit_lines;
    uint8_t audit_head[32];
    uint8_t before[32]; /* BLAKE2b-256 of what is signed of the receipt before; 0 for the first */
};

/* Verifies a receipt with the device's key and fills *receipt. SOTTO_E_FORMAT: not a receipt, or
 * one with values that no device writes; SOTTO_E_SIGNATURE: altered, or another device's; then
 * *receipt is zeroed. `err` may be NULL. */
SOTTO_API SOTTO_MUST_CHECK int sotto_receipt_verify(const uint8_t *bytes, size_t n,
                                                    const uint8_t device_key[32],
                                                    struct sotto_receipt *receipt,
                                                    struct sotto_error *err);

/* ---- On the device ------------------------------------------------------------------------- */

/* Copies the receipt that follows number *cursor and moves *cursor to it. Start with 0, or with one
 * less than sotto_erase_receipt.number. It is signed at every call, with the same bytes for ever.
 * SOTTO_RECEIPT_UNREAD comes last; there is no vault to keep it in, so it is handed out until the
 * engine is closed: fetch it right after the erasure.
 * SOTTO_E_KEY when the key store gives no key now. SOTTO_E_NOT_FOUND past the last. SOTTO_E_STATE
 * while the vault cannot be read, but for that one. */
SOTTO_API SOTTO_MUST_CHECK int sotto_receipt_next(struct sotto *engine, uint64_t *cursor,
                                                  uint8_t bytes[SOTTO_RECEIPT_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
