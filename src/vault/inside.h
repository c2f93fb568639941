/* inside: what the vault is made of, shared by vault.c, open.c and erase.c; nobody else's. */
#ifndef SOTTO_VAULT_INSIDE_H
#define SOTTO_VAULT_INSIDE_H

#include "vault/keys.h"
#include "vault/receipt.h"
#include "vault/store.h"
#include "vault/vault.h"

struct vault {
    const struct sotto_port *port;
    struct rng *rng;
    struct store store;
    struct meta meta;     /* as the open transaction will leave it */
    struct meta stored;   /* as the last commit left it */
    uint64_t counter;     /* what the hardware counter said last; 0 without one */
    int is_anchored;      /* the next commit moves the counter */
    int is_counter_lost;  /* it did not answer when moved: it may have moved all the same */
    struct keyring *keys; /* locked memory; NULL while closed */
    struct sotto_audit_entry notes[VAULT_NOTES_MAX]; /* lines for the next commit */
    uint32_t n_notes;
    uint16_t day;
    int64_t now_s; /* what the caller told last */
    /* Per keyring slot, as the open transaction will leave it, and as the last commit left it. */
    struct vault_usage used[KEYRING_SLOTS], used_stored[KEYRING_SLOTS];
    /* A commit that failed may have been done all the same: which ones, counted from 1, and of
     * those that are settled a bit each, the latest lowest: 1 if it was. */
    uint32_t doubts;
    int is_in_doubt, is_doubt_there;
    uint8_t doubt_mac[HASH_BYTES]; /* of the META that it would have left */
    uint64_t landed;
    /* Of the last erasure that the vault itself could not take (receipt_unread). */
    uint8_t unread_receipt[RECEIPT_BODY_BYTES];
    int has_unread_receipt;
    int was_open; /* since vault_open: from then on no vault is made in place of one that is gone */
    int is_locked; /* it truly is: else the port allows it not to be */
    uint64_t records_put, bytes_sealed;
    uint8_t blob[BLOB_BYTES_MAX]; /* ciphertext on its way */
};

#define VAULT_CLASS_LAST VAULT_SHOWN
/* To an engine that does not know a class its records are damage, unless META says that a newer
 * engine wrote them. */
_Static_assert(VAULT_CLASS_LAST == 11 && META_FORMAT == 3, "a new class raises the format");
#define VAULT_ROWS_LAST INT64_MAX

/* Rows are numbered class (7 bits) | slot (24) | seq (32). Class 0 is the vault's own: META at 0,
 * the keyring entry of slot s at (0, s, 1). */
static inline int64_t row_of(uint32_t kind, uint32_t slot, uint32_t seq) {
    return (int64_t)((uint64_t)kind << 56 | (uint64_t)slot << 32 | seq);
}
#define META_ROW ((int64_t)0)
static inline int64_t keyring_row(uint32_t slot) { return row_of(0, slot, 1); }

/* The keyring slot whose data key seals this row; KEYRING_SLOTS when there can be none. */
static inline uint32_t row_keyring_slot(int64_t row) {
    uint32_t kind = (uint32_t)((uint64_t)row >> 56);
    uint32_t slot = (uint32_t)((uint64_t)row >> 32) & 0xffffffu;
    if (kind < VAULT_SYSTEM || kind > VAULT_CLASS_LAST) return KEYRING_SLOTS;
    if (kind <= VAULT_OUTBOX || kind == VAULT_AUDIT) return KEYRING_DEVICE;
    if (kind == VAULT_MEMO && slot == 0) return KEYRING_DEVICE;
    return slot >= 1 && slot < KEYRING_SLOTS ? slot : KEYRING_SLOTS;
}

/* Classes (up to the last) whose records belong to a profile and die with it. */
static inline int class_is_profiles(uint32_t kind) {
    return kind > VAULT_OUTBOX && kind != VAULT_AUDIT;
}

/* Classes that other rooms may ask for. */
static inline int class_is_given_out(uint32_t kind) {
    return kind >= VAULT_SYSTEM && kind <= VAULT_CLASS_LAST && kind != VAULT_AUDIT;
}

static inline int vault_has_counter(const struct vault *v) {
    return (v->port->key_caps & SOTTO_KEYS_COUNTER) && v->port->counter_read &&
           v->port->counter_bump;
}

/* Writes META, authenticated by `root`, and commits; moves the counter if that was asked for. */
int change_commit(struct vault *v, const uint8_t root[32], struct sotto_error *err) MUST_CHECK;
/* Drops the open transaction, if there is one, and all that was thought to come of it. */
void change_drop(struct vault *v);
/* Writes keyring slot `slot`, sealed under `root` for key epoch `epoch`. */
int keyring_write(struct vault *v, uint32_t slot, const uint8_t root[32], uint64_t epoch,
                  struct sotto_error *err) MUST_CHECK;
/* Seals into v->blob, one generation after the row that is there, and stores it. */
int row_seal(struct vault *v, const struct blob_place *place, const uint8_t key[SEAL_KEY_BYTES],
             const void *content, size_t n, struct sotto_error *err) MUST_CHECK;

/* Reads a row: SOTTO_E_CORRUPT when it does not open, SOTTO_E_LIMIT when it is longer than `cap`;
 * for both the caller forms the sentence. */
int row_read(struct vault *v, const struct blob_place *place, const uint8_t key[SEAL_KEY_BYTES],
             uint8_t *bytes, size_t cap, size_t *n, struct sotto_error *err) MUST_CHECK;
/* Rows of the device's own, also while the vault is still being opened. What does not open, or is
 * longer than `cap`, is SOTTO_E_CORRUPT, told in the sentence `unreadable`. */
int own_put(struct vault *v, int64_t row, const uint8_t *bytes, size_t n,
            struct sotto_error *err) MUST_CHECK;
int own_get(struct vault *v, int64_t row, uint8_t *bytes, size_t cap, size_t *n,
            const char *unreadable, struct sotto_error *err) MUST_CHECK;

/* Counts a row of n bytes in (1) or out (-1). */
void usage_turn(struct vault *v, int64_t row, size_t n, int by);

/* Deletes the rows from `first` to `last`; *count (may be NULL) tells how many there were. */
int rows_remove(struct vault *v, int64_t first, int64_t last, uint32_t *count,
                struct sotto_error *err) MUST_CHECK;

/* Ends the open transaction with an erasure of nobody: META owes a new key epoch, which
 * erase_finish brings about, now or at the next start. */
int rotation_commit(struct vault *v, struct sotto_error *err) MUST_CHECK;

/* SOTTO_E_STATE unless the vault can be read. */
int require_open(const struct vault *v, struct sotto_error *err) MUST_CHECK;

/* Finishes an erasure from wherever it stands: ends the key epoch if META owes that, destroys the
 * slot that is not the epoch's own, writes the receipt, empties the log. *done says what was
 * finished: its assurance is set when a slot was destroyed, its number when there is a receipt. */
int erase_finish(struct vault *v, struct sotto_receipt *done, struct sotto_error *err) MUST_CHECK;

#endif
