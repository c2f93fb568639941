/* vault: encrypted records that survive power cuts. Owns the SQLite file and every key that lies on
 * the device; the only room that includes sqlite3.h. One connection, one table of opaque,
 * size-classed blobs (DESIGN section 8; bytes in src/FORMAT.md). Callers: profile, release, engine.
 */
#ifndef SOTTO_VAULT_H
#define SOTTO_VAULT_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "sotto_audit.h"
#include "vault/receipt_format.h"

/* Classes of records. Those up to VAULT_OUTBOX, VAULT_AUDIT and slot 0 of VAULT_MEMO are the
 * device's own, under its device data key, and survive every erasure; the others belong to a
 * profile, under that profile's data key, and die with it. */
enum vault_class {
    VAULT_SYSTEM = 1,  /* time floor, version floors */
    VAULT_TALLY = 2,   /* slot = metric id, seq = window: raw counts of an unsealed window */
    VAULT_LEDGER = 3,  /* slot = metric id, seq = window: what was charged; slot 0: totals */
    VAULT_OUTBOX = 4,  /* slot = metric id, seq = window: final report bytes */
    VAULT_PROFILE = 5, /* slot = profile, seq 0: consent and state */
    VAULT_EVENTS = 6,  /* slot = profile, seq = chunk number */
    VAULT_AUDIT = 7,   /* the audit log, the device's own: see audit.h */
    VAULT_MEMO = 8, /* slot = profile, seq = metric id: what a household answers and answered; slot
                     * 0, the device's own: what it answers for nobody */
    VAULT_CONSENTS = 9, /* slot = profile, seq = number: receipts of consent */
    VAULT_PEOPLE = 10,  /* slot = profile, seq 1 blocks, 2 notice, from VAULT_TICKETS on tickets */
    VAULT_SHOWN = 11    /* slot = profile: what was shown and how often; dies with the events */
};
#define VAULT_TICKETS 16

struct vault_key {
    enum vault_class kind;
    uint32_t slot; /* < 2^24 */
    uint32_t seq;
};

/* The largest plaintext of one record. */
#define VAULT_RECORD_MAX 4000

struct vault; /* lives in memory that vault_bytes() measures; keys in locked memory of its own */
size_t vault_bytes(void);
/* What it locks while it is open, and whether what it holds now is locked (port->allow_unlocked).
 */
size_t vault_locked_bytes(void);
int vault_is_locked(const struct vault *v);

/* Opens or creates the vault that the port names, finishes an interrupted erasure. `v` points to
 * vault_bytes() zeroed bytes. On failure the vault is closed but `v` may be given to vault_retry
 * and vault_close. A vault that is damaged, foreign or newer is left untouched (SOTTO_E_CORRUPT,
 * SOTTO_E_NEWER), as is one older than the hardware
 * counter says (SOTTO_E_ROLLBACK); a locked one is SOTTO_E_BUSY. One of a newer engine that allows
 * it is SOTTO_STORAGE_READ_ONLY: it is read, and every change fails with SOTTO_E_NEWER. */
int vault_open(struct vault *v, const struct sotto_port *port, struct rng *rng,
               struct sotto_error *err) MUST_CHECK;
/* SOTTO_E_IO, and the vault has failed, when its file is no longer where it was opened. Costs one
 * look at the folder; whatever writes looks too. */
int vault_look(struct vault *v, struct sotto_error *err) MUST_CHECK;
/* Closes and opens again after a failure; never retries a failed sync on the same handle, and makes
 * no new vault in place of one that was open and is gone: it will be back, or a restart begins
 * anew.
 */
int vault_retry(struct vault *v, struct sotto_error *err) MUST_CHECK;
void vault_close(struct vault *v);
enum sotto_storage_state vault_state(const struct vault *v);

/* One transaction at a time; without one each call commits by itself. After a commit returns
 * SOTTO_OK the changes survive a power cut. After any failure within a transaction only
 * vault_rollback may follow. */
int vault_begin(struct vault *v, struct sotto_error *err) MUST_CHECK;
int vault_commit(struct vault *v, struct sotto_error *err) MUST_CHECK;
void vault_rollback(struct vault *v);
/* A commit that failed may have been done all the same. Right after one: its number, or 0 when
 * nothing of it can have reached the file. Once vault_retry has succeeded, whether that commit is
 * in the vault. */
uint32_t vault_doubt(const struct vault *v) MUST_CHECK;
int vault_has_landed(const struct vault *v, uint32_t doubt) MUST_CHECK;
/* The transaction that is open, or else the next change, must not be undone by putting an older
 * copy of the file back: it moves the hardware counter, where there is one. */
void vault_anchor(struct vault *v);

/* Adds a line to the audit log (sotto_audit.h) with the next commit, or never, if that fails.
 * `boot` is filled in. Once more than half of VAULT_NOTES_MAX wait outside a transaction they are
 * written, so that what a transaction has to tell finds room. Past all of them, as while storage
 * fails, lines are dropped. */
#define VAULT_NOTES_MAX 8
void vault_note(struct vault *v, uint8_t kind, uint8_t detail, uint64_t a, uint64_t b);
/* What lines and receipts are dated by: seconds since 1970, as far as the caller knows. */
void vault_tell_time(struct vault *v, int64_t now_s);
/* Writes the lines that wait now. */
int vault_write_notes(struct vault *v, struct sotto_error *err) MUST_CHECK;
/* The first audit key and what the chain ends with; either may be NULL. SOTTO_E_NOT_FOUND, which
 * leaves *err alone, before the first line. */
int vault_audit_look(struct vault *v, uint8_t key[SIGN_PUBLIC_BYTES], uint8_t head[16],
                     struct sotto_error *err) MUST_CHECK;
/* Seals the log and hands it out; `put` ends it by a number other than 0 (SOTTO_E_IO). */
struct vault_audit_sink {
    int (*put)(void *ctx, const void *bytes, size_t n);
    void *ctx;
};
int vault_audit_export(struct vault *v, struct vault_audit_sink *sink,
                       struct sotto_error *err) MUST_CHECK;

/* Replaces or creates. n ≤ VAULT_RECORD_MAX. */
int vault_put(struct vault *v, struct vault_key key, const void *bytes, size_t n,
              struct sotto_error *err) MUST_CHECK;
/* SOTTO_E_NOT_FOUND, which leaves *err alone, when there is none; SOTTO_E_CORRUPT when it does not
 * authenticate. */
int vault_get(struct vault *v, struct vault_key key, void *buf, size_t cap, size_t *n,
              struct sotto_error *err) MUST_CHECK;
/* Deleting what is not there succeeds. */
int vault_delete(struct vault *v, struct vault_key key, struct sotto_error *err) MUST_CHECK;
/* The key of kind key->kind that follows (slot, seq) in ascending order, into *key. To start, pass
 * slot 0, seq 0 and is_first 1 (then that very key counts too). SOTTO_E_NOT_FOUND, which leaves
 * *err alone, past the last. */
int vault_next(struct vault *v, struct vault_key *key, int is_first,
               struct sotto_error *err) MUST_CHECK;

/* ---- Profiles: a name, a slot number (1 to SOTTO_PROFILES_MAX) and a data key ------------- */

/* SOTTO_E_NOT_FOUND when no such profile is stored. */
int vault_profile_find(struct vault *v, const char *name, uint32_t *slot) MUST_CHECK;
/* Draws a data key, stores it wrapped, durable on return (unless inside a transaction). */
int vault_profile_create(struct vault *v, const char *name, uint32_t *slot,
                         struct sotto_error *err) MUST_CHECK;
uint32_t vault_profile_count(const struct vault *v);
/* The name in a slot, valid until the profile is erased or the vault closed; NULL for a free one.
 */
const char *vault_profile_name(const struct vault *v, uint32_t slot);
/* What profile `slot` takes of the file, keyring entry apart; slot 0: all profiles together. */
struct vault_usage {
    uint32_t records;
    uint64_t bytes; /* sealed and padded */
};
struct vault_usage vault_usage(const struct vault *v, uint32_t slot);

/* Destroys one profile (NULL: all): new key epoch, survivors re-wrapped, records deleted, old slot
 * destroyed, freed pages overwritten. Resumed by the next vault_open if cut. Must not be called
 * inside a transaction. */
int vault_erase(struct vault *v, const char *name, struct sotto_erase_receipt *receipt,
                struct sotto_error *err) MUST_CHECK;

#define VAULT_EVERY_PURPOSE                                                                        \
    (1u << SOTTO_PURPOSE_STORE | 1u << SOTTO_PURPOSE_PERSONALISE | 1u << SOTTO_PURPOSE_MEASURE)
/* What an erasure takes of a profile. */
struct vault_scope {
    uint32_t classes; /* bits 1 << enum vault_class; 0: all of it, with its key and its name */
    uint8_t purposes; /* what the receipt says was destroyed: bits 1 << enum sotto_purpose */
    uint8_t why;      /* enum sotto_erase_why */
};
/* Destroys what `scope` names of one profile (NULL: of all). What stays of a profile, its consent
 * among it, is sealed anew under a key of its own, so that the old key can be destroyed with all
 * that it opened: the same steps, resumed in the same way, and as certain, as vault_erase, which is
 * this for all classes. Nothing is done where there is nothing to destroy. VAULT_PROFILE cannot be
 * taken from a profile that stays (SOTTO_E_ARGUMENT). */
int vault_erase_part(struct vault *v, const char *name, const struct vault_scope *scope,
                     struct sotto_erase_receipt *receipt, struct sotto_error *err) MUST_CHECK;

/* The body of the first receipt past *number, which moves to it; that of an erasure which the vault
 * could not take, kept in memory alone, comes last and in any state. SOTTO_E_NOT_FOUND, which
 * leaves *err alone, past the last. */
int vault_receipt_next(struct vault *v, uint64_t *number, uint8_t body[RECEIPT_BODY_BYTES],
                       struct sotto_error *err) MUST_CHECK;

/* Moves to a new key epoch and destroys the old one, as an erasure does, but erases nobody. Once
 * begun it happens: what fails or is cut is finished by vault_retry or the next vault_open. Must
 * not be called inside a transaction. *rotation is only changed on success. */
int vault_rotate(struct vault *v, struct sotto_rotation *rotation,
                 struct sotto_error *err) MUST_CHECK;
/* The key epoch; 0 while the vault is not open. */
uint64_t vault_epoch(const struct vault *v);

/* A 32-byte secret of this device for one purpose, the same at every start and unaffected by
 * erasure (from the port's device secret). */
int vault_device_key(struct vault *v, const char *label, uint8_t key[32]) MUST_CHECK;

/* Counters for benchmarks and health. */
struct vault_stats {
    uint64_t records_put, bytes_sealed, commits, failures;
};
struct vault_stats vault_stats(const struct vault *v);

#endif
