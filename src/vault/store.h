/* store: the transactional container under the vault: one SQLite file, one connection, one table of
 * 64-bit keys and opaque blobs. Knows no keys, no profiles and no plaintext. Promises that nothing
 * is written to a file before store_accept, and that a failed file is never written to again
 * through the same handle. Called by the other files of this room only. */
#ifndef SOTTO_VAULT_STORE_H
#define SOTTO_VAULT_STORE_H

#include "base/base.h"

/* The longest blob a row may hold; longer ones in a file are damage. */
#define STORE_BLOB_MAX 8192

enum store_statement {
    STORE_GET,
    STORE_PUT,
    STORE_DELETE,
    STORE_NEXT,
    STORE_BEGIN,
    STORE_COMMIT,
    STORE_STATEMENTS
};

struct store {
    struct sqlite3 *db;
    struct sqlite3_stmt *statement[STORE_STATEMENTS];
    const char *path;
    enum sotto_storage_state state; /* OK only between a finished vault_open and a failure */
    int is_new;                     /* the file holds nothing yet */
    int is_in_transaction;
    int is_transaction_bad; /* something failed in it: only store_rollback may follow */
    int is_log_suspect;     /* a sync failed: the log may read as if it had not */
    uint64_t commits, failures;
};

/* Opens the file, or if it may creates it, takes its lock and looks inside without changing it.
 * SOTTO_E_BUSY when another process holds it, SOTTO_E_CORRUPT when it is not a vault's. */
int store_open(struct store *s, const char *path, const char *vfs, int may_create,
               struct sotto_error *err) MUST_CHECK;
/* Makes the table in a new file; opens a transaction that the caller fills and commits. */
int store_create(struct store *s, struct sotto_error *err) MUST_CHECK;
/* The file is ours and readable: from now on it may be written to. What is read from it is durable
 * from here on, also after a sync that failed. */
int store_accept(struct store *s, struct sotto_error *err) MUST_CHECK;
/* Lets go of the file. Writes what waits in the log into it only if it was accepted and has not
 * failed. */
void store_close(struct store *s);

/* Checks the structure of every page (not the content of blobs). */
int store_check(struct store *s, struct sotto_error *err) MUST_CHECK;

/* SOTTO_E_IO, which fails the store, when the file is no longer where it was opened: deleted, on a
 * partition that is gone, or with another in its place. What is written would be lost. Beginning a
 * transaction looks, and so does committing: what was acknowledged is where it will be looked for.
 */
int store_look(struct store *s, struct sotto_error *err) MUST_CHECK;

int store_begin(struct store *s, struct sotto_error *err) MUST_CHECK;
int store_commit(struct store *s, struct sotto_error *err) MUST_CHECK;
void store_rollback(struct store *s);

/* Copies the blob; SOTTO_E_NOT_FOUND without touching err when there is none. */
int store_get(struct store *s, int64_t k, uint8_t *blob, size_t cap, size_t *n,
              struct sotto_error *err) MUST_CHECK;
int store_put(struct store *s, int64_t k, const uint8_t *blob, size_t n,
              struct sotto_error *err) MUST_CHECK;
/* Deletes first to last inclusive. */
int store_delete(struct store *s, int64_t first, int64_t last, struct sotto_error *err) MUST_CHECK;
/* The least key from `first` to `last`; SOTTO_E_NOT_FOUND without touching err when there is none.
 */
int store_next(struct store *s, int64_t first, int64_t last, int64_t *found,
               struct sotto_error *err) MUST_CHECK;

/* Moves the whole log into the file and cuts the log to nothing. */
int store_checkpoint(struct store *s, struct sotto_error *err) MUST_CHECK;

#endif
