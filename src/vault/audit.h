/* audit: the device's side of the log that sotto_audit.h describes. Entries are written in the very
 * transaction whose doing they tell. Owns the records of class VAULT_AUDIT: slot 0 the state, slot
 * 1 the epochs that are kept, slot 2 the seals of segments. Called by the other files of this room.
 */
#ifndef SOTTO_AUDIT_WRITER_H
#define SOTTO_AUDIT_WRITER_H

#include "vault/audit_format.h"

struct vault;

/* In locked memory: the seeds of the living keys are here while an entry is written. */
struct audit_state {
    uint32_t boot;
    uint64_t epoch, entries, kept_from; /* the first epoch whose entries are still there */
    uint8_t head[HASH_BYTES];
    uint64_t totals[SOTTO_AUDIT_KINDS];
    uint8_t epoch_seed[SIGN_SEED_BYTES], segment_seed[SIGN_SEED_BYTES];
    uint8_t genesis[AUDIT_GENESIS_BYTES];
    uint8_t secret_key[SIGN_SECRET_BYTES]; /* in use only while something is sealed */
};

/* Segments whose epochs are kept, besides the one that is being written. */
#define AUDIT_SEGMENTS_KEPT 2

/* Appends to the log within the open transaction; begins the log if there is none. `is_last` seals
 * the epoch behind it. */
int audit_append(struct vault *v, const struct sotto_audit_entry *entries, uint32_t n, int is_last,
                 struct sotto_error *err) MUST_CHECK;
/* How many lines there are, and the head behind them; also within a transaction. */
int audit_place(struct vault *v, uint64_t *lines, uint8_t head[HASH_BYTES],
                struct sotto_error *err) MUST_CHECK;

#endif
