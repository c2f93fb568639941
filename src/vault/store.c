/* store: the only code that talks to SQLite. See store.h for what it owns and promises.
 *
 * Memory is bounded per connection, not by sqlite3_hard_heap_limit64: that limit is one for the
 * whole process and would also throttle a host program's own databases, and the engines of a
 * simulated fleet would share it. cache_size bounds the page cache, which spills into the log
 * (ciphertext only); lookaside, statements and schema are fixed. A test asserts the peak. */
#include "vault/store.h"

#include <sqlite3.h>
#include <stdlib.h>

/* The schema, compared word for word at open. */
#define TABLE_SQL "CREATE TABLE b(k INTEGER PRIMARY KEY, v BLOB)"

/* page_size 1024 halves the flash bytes of a small commit; secure_delete zeroes what is deleted,
 * moved or freed; cell_size_check makes a damaged page an error rather than a guess; 256 pages of
 * log before a checkpoint and 256 KiB of cache. locking_mode must stand before the first access:
 * the index of the log then lives on the heap and no -shm file is made. */
static const char PRAGMAS[] = "PRAGMA locking_mode=EXCLUSIVE;"
                              "PRAGMA page_size=1024;"
                              "PRAGMA synchronous=FULL;"
                              "PRAGMA temp_store=MEMORY;"
                              "PRAGMA mmap_size=0;"
                              "PRAGMA secure_delete=ON;"
                              "PRAGMA cell_size_check=ON;"
                              "PRAGMA cache_size=-256;"
                              "PRAGMA wal_autocheckpoint=256;";

static const char *const STATEMENTS[STORE_STATEMENTS] = {
    [STORE_GET] = "SELECT v FROM b WHERE k = ?1",
    [STORE_PUT] = "INSERT OR REPLACE INTO b(k, v) VALUES(?1, ?2)",
    [STORE_DELETE] = "DELETE FROM b WHERE k BETWEEN ?1 AND ?2",
    [STORE_NEXT] = "SELECT k FROM b WHERE k BETWEEN ?1 AND ?2 ORDER BY k LIMIT 1",
    [STORE_BEGIN] = "BEGIN IMMEDIATE",
    [STORE_COMMIT] = "COMMIT",
};

/* Turns SQLite's result into ours. The sentence holds the path and SQLite's fixed text for the
 * code, never a value. Every failure poisons the store: the caller goes on with nothing but
 * store_rollback and store_close. */
static int store_fail(struct store *s, int rc, const char *doing, struct sotto_error *err) {
    s->failures++;
    s->is_transaction_bad = 1;
    s->is_log_suspect |= rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC;
    s->state = SOTTO_STORAGE_FAILED;
    switch (rc & 0xff) {
    case SQLITE_FULL:
    case SQLITE_READONLY:
        return fail(err, SOTTO_E_FULL,
                    "%s: cannot %s the vault: storage is full or read-only; free some space or "
                    "make it writable",
                    s->path, doing);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail(err, SOTTO_E_BUSY,
                    "%s: another process owns this vault; end it or give this one its own vault",
                    s->path);
    case SQLITE_NOMEM:
        return fail(err, SOTTO_E_MEMORY, "%s: cannot %s the vault: out of memory", s->path, doing);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
    /* Our statements are fixed: they can only fail on a schema that is not ours. */
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
        s->state = SOTTO_STORAGE_REFUSED;
        return fail(err, SOTTO_E_CORRUPT,
                    "%s: cannot %s the vault: the file is damaged or not a vault (%s); it was left "
                    "as it is, move it away to start anew",
                    s->path, doing, sqlite3_errstr(rc));
    default:
        return fail(err, SOTTO_E_IO,
                    "%s: cannot %s the vault: %s; check that the folder exists and the storage "
                    "works",
                    s->path, doing, sqlite3_errstr(rc));
    }
}

static int run(struct store *s, const char *sql, const char *doing, struct sotto_error *err) {
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? SOTTO_OK : store_fail(s, rc, doing, err);
}

/* ---- Opening ------------------------------------------------------------------------------ */

static int connection_configure(struct store *s, struct sotto_error *err) {
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 512, 48);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    /* Until store_accept a close must not move the log into the file. */
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, STORE_BLOB_MAX);
    sqlite3_limit(s->db, SQLITE_LIMIT_SQL_LENGTH, 1000);
    sqlite3_limit(s->db, SQLITE_LIMIT_WORKER_THREADS, 0);
    return run(s, PRAGMAS, "set up", err);
}

/* The first two columns of a query's only row. */
static int query_two(struct store *s, const char *sql, int64_t out[2], struct sotto_error *err) {
    sqlite3_stmt *query = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &query, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(query);
    if (rc == SQLITE_ROW) {
        out[0] = sqlite3_column_int64(query, 0);
        out[1] = sqlite3_column_int64(query, 1); /* 0 when there is none */
    }
    sqlite3_finalize(query);
    return rc == SQLITE_ROW ? SOTTO_OK : store_fail(s, rc, "read", err);
}

/* A vault has exactly one object, the table; a new file has none, and no page beyond the first: a
 * damaged vault whose schema looks empty must not be taken for new and overwritten. */
static int schema_check(struct store *s, struct sotto_error *err) {
    int64_t objects[2] = {0}, pages[2] = {0};
    int status = query_two(s,
                           "SELECT count(*), total(type = 'table' AND name = 'b' "
                           "AND sql = '" TABLE_SQL "') FROM sqlite_master",
                           objects, err);
    if (status == SOTTO_OK) status = query_two(s, "PRAGMA page_count", pages, err);
    if (status != SOTTO_OK) return status;
    s->is_new = objects[0] == 0 && pages[0] <= 1;
    if (!s->is_new && (objects[0] != 1 || objects[1] != 1))
        return store_fail(s, SQLITE_NOTADB, "use", err);
    return SOTTO_OK;
}

static int statements_prepare(struct store *s, struct sotto_error *err) {
    for (int i = 0; i < STORE_STATEMENTS; i++) {
        int rc = sqlite3_prepare_v3(s->db, STATEMENTS[i], -1, SQLITE_PREPARE_PERSISTENT,
                                    &s->statement[i], NULL);
        if (rc != SQLITE_OK) return store_fail(s, rc, "read", err);
    }
    return SOTTO_OK;
}

int store_open(struct store *s, const char *path, const char *vfs, int may_create,
               struct sotto_error *err) {
    const int flags = SQLITE_OPEN_READWRITE | (may_create ? SQLITE_OPEN_CREATE : 0) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    s->path = path;
    s->state = SOTTO_STORAGE_FAILED;
    s->is_in_transaction = s->is_transaction_bad = 0;
    int rc = sqlite3_open_v2(path, &s->db, flags, vfs);
    int status = rc == SQLITE_OK ? SOTTO_OK : store_fail(s, rc, "open", err);
    if (status == SOTTO_OK) status = connection_configure(s, err);
    /* Exclusive from the first access on, and kept: a second process fails here. */
    if (status == SOTTO_OK) status = run(s, "BEGIN EXCLUSIVE", "lock", err);
    if (status == SOTTO_OK) status = schema_check(s, err);
    if (status == SOTTO_OK) status = run(s, "COMMIT", "read", err);
    if (status == SOTTO_OK && sqlite3_db_readonly(s->db, "main") == 1)
        status = store_fail(s, SQLITE_READONLY, "write to", err);
    if (status == SOTTO_OK && !s->is_new) status = statements_prepare(s, err);
    if (status != SOTTO_OK) store_close(s);
    return status;
}

/* The log must really be a WAL: with any other journal an unfinished write would leave old pages in
 * a second file that nobody cleans. */
static int log_begin(struct store *s, struct sotto_error *err) {
    sqlite3_stmt *query = NULL;
    int is_wal = 0;
    int rc = sqlite3_prepare_v2(s->db, "PRAGMA journal_mode=WAL", -1, &query, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(query);
    if (rc == SQLITE_ROW)
        is_wal = sqlite3_stricmp((const char *)sqlite3_column_text(query, 0), "wal") == 0;
    sqlite3_finalize(query);
    if (rc != SQLITE_ROW) return store_fail(s, rc, "write to", err);
    return is_wal ? SOTTO_OK : store_fail(s, SQLITE_IOERR, "start the log of", err);
}

int store_create(struct store *s, struct sotto_error *err) {
    int status = log_begin(s, err);
    if (status == SOTTO_OK) status = run(s, "BEGIN IMMEDIATE", "write to", err);
    if (status == SOTTO_OK) {
        s->is_in_transaction = 1;
        status = run(s, TABLE_SQL, "write to", err);
    }
    if (status == SOTTO_OK) status = statements_prepare(s, err);
    return status;
}

/* After a failed sync the kernel calls its pages clean and shows what the medium never got; a sync
 * that then succeeds wrote nothing. So the log is written over by itself, which makes its pages
 * dirty again, and synced, before anybody acts on what it tells. */
static int log_renew(struct store *s, struct sotto_error *err) {
    uint8_t bytes[1024];
    sqlite3_file *log = NULL;
    sqlite3_int64 size = 0;
    int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    /* Open since the journal mode was asked for (log_begin). */
    if (rc == SQLITE_OK) rc = log->pMethods->xFileSize(log, &size);
    for (sqlite3_int64 at = 0; at < size && rc == SQLITE_OK; at += (sqlite3_int64)sizeof bytes) {
        int n = size - at < (sqlite3_int64)sizeof bytes ? (int)(size - at) : (int)sizeof bytes;
        rc = log->pMethods->xRead(log, bytes, n, at);
        if (rc == SQLITE_OK) rc = log->pMethods->xWrite(log, bytes, n, at);
    }
    if (rc == SQLITE_OK && size) rc = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    if (rc != SQLITE_OK) return store_fail(s, rc, "write to", err);
    s->is_log_suspect = 0;
    return SOTTO_OK;
}

int store_accept(struct store *s, struct sotto_error *err) {
    int status = log_begin(s, err);
    if (status == SOTTO_OK && s->is_log_suspect) status = log_renew(s, err);
    if (status == SOTTO_OK) sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    s->is_new = 0;
    return status;
}

void store_close(struct store *s) {
    for (int i = 0; i < STORE_STATEMENTS; i++) {
        sqlite3_finalize(s->statement[i]);
        s->statement[i] = NULL;
    }
    if (s->db && s->state != SOTTO_STORAGE_OK)
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(s->db);
    s->db = NULL;
    s->is_in_transaction = s->is_transaction_bad = 0;
}

/* What the check's finding stands for: a page that could not be read is no damage. */
static int finding_code(const char *finding) {
    static const char code[] = "error code=";
    const char *at = strstr(finding, code);
    int rc = at ? (int)strtol(at + sizeof code - 1, NULL, 10) : SQLITE_CORRUPT;
    return strstr(finding, "failed to get page") ? SQLITE_IOERR_READ : rc;
}

int store_check(struct store *s, struct sotto_error *err) {
    sqlite3_stmt *query = NULL;
    int finding = SQLITE_CORRUPT;
    int rc = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &query, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(query);
    if (rc == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(query, 0);
        finding = !text                              ? SQLITE_NOMEM
                  : sqlite3_stricmp(text, "ok") == 0 ? SQLITE_OK
                                                     : finding_code(text);
    }
    sqlite3_finalize(query);
    if (rc != SQLITE_ROW) return store_fail(s, rc, "read", err);
    return finding == SQLITE_OK ? SOTTO_OK : store_fail(s, finding, "read", err);
}

/* ---- Transactions ------------------------------------------------------------------------- */

/* Steps once what is bound (0: it was). */
static int step(struct store *s, enum store_statement which, int bound) {
    return bound == SQLITE_OK ? sqlite3_step(s->statement[which]) : bound;
}

/* Runs a prepared statement that gives no row and makes it ready again. */
static int step_done(struct store *s, enum store_statement which, int bound, const char *doing,
                     struct sotto_error *err) {
    int rc = step(s, which, bound);
    sqlite3_reset(s->statement[which]);
    return rc == SQLITE_DONE ? SOTTO_OK : store_fail(s, rc, doing, err);
}

static int gone(struct store *s, struct sotto_error *err) {
    s->failures++;
    s->is_transaction_bad = 1;
    s->state = SOTTO_STORAGE_FAILED;
    return fail(err, SOTTO_E_IO,
                "%s: the vault's file was deleted, unmounted or replaced while it was in use; put "
                "it back",
                s->path);
}

int store_look(struct store *s, struct sotto_error *err) {
    int has_moved = 0;
    int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
    return rc == SQLITE_OK && has_moved ? gone(s, err) : SOTTO_OK;
}

/* The same for the log, which holds what was just committed and so is never empty then. */
static int look_at_log(struct store *s, struct sotto_error *err) {
    const char *name = sqlite3_filename_wal(sqlite3_db_filename(s->db, "main"));
    sqlite3_vfs *vfs = NULL;
    int is_there = 1;
    int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
    if (rc == SQLITE_OK) rc = vfs->xAccess(vfs, name, SQLITE_ACCESS_EXISTS, &is_there);
    return rc == SQLITE_OK && !is_there ? gone(s, err) : SOTTO_OK;
}

int store_begin(struct store *s, struct sotto_error *err) {
    int status = store_look(s, err);
    if (status == SOTTO_OK) status = step_done(s, STORE_BEGIN, SQLITE_OK, "write to", err);
    if (status != SOTTO_OK) return status;
    s->is_in_transaction = 1;
    s->is_transaction_bad = 0;
    return SOTTO_OK;
}

int store_commit(struct store *s, struct sotto_error *err) {
    int status = step_done(s, STORE_COMMIT, SQLITE_OK, "write to", err);
    if (status != SOTTO_OK) return status;
    s->is_in_transaction = 0;
    s->commits++;
    status = store_look(s, err);
    return status == SOTTO_OK ? look_at_log(s, err) : status;
}

void store_rollback(struct store *s) {
    /* Only drops what waits in memory: in WAL mode a rollback writes nothing. */
    if (s->db && !sqlite3_get_autocommit(s->db)) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    s->is_in_transaction = s->is_transaction_bad = 0;
}

/* ---- Rows --------------------------------------------------------------------------------- */

/* What binds cannot fail but by a statement that was not made ready again: one answer for both. */
static int bind_two(struct store *s, enum store_statement which, int64_t first, int64_t last) {
    return sqlite3_bind_int64(s->statement[which], 1, first) |
           sqlite3_bind_int64(s->statement[which], 2, last);
}

int store_get(struct store *s, int64_t k, uint8_t *blob, size_t cap, size_t *n,
              struct sotto_error *err) {
    sqlite3_stmt *get = s->statement[STORE_GET];
    int status = SOTTO_E_NOT_FOUND;
    int rc = step(s, STORE_GET, sqlite3_bind_int64(get, 1, k));
    if (rc == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(get, 0);
        *n = (size_t)sqlite3_column_bytes(get, 0);
        if (sqlite3_column_type(get, 0) != SQLITE_BLOB || !bytes || *n > cap) {
            rc = sqlite3_errcode(s->db) == SQLITE_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT;
        } else {
            memcpy(blob, bytes, *n);
            status = SOTTO_OK;
        }
    }
    sqlite3_reset(get);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? status : store_fail(s, rc, "read", err);
}

int store_put(struct store *s, int64_t k, const uint8_t *blob, size_t n, struct sotto_error *err) {
    sqlite3_stmt *put = s->statement[STORE_PUT];
    int bound =
        sqlite3_bind_int64(put, 1, k) | sqlite3_bind_blob(put, 2, blob, (int)n, SQLITE_STATIC);
    int status = step_done(s, STORE_PUT, bound, "write to", err);
    sqlite3_clear_bindings(put); /* `blob` is the caller's again */
    return status;
}

int store_delete(struct store *s, int64_t first, int64_t last, struct sotto_error *err) {
    return step_done(s, STORE_DELETE, bind_two(s, STORE_DELETE, first, last), "write to", err);
}

int store_next(struct store *s, int64_t first, int64_t last, int64_t *found,
               struct sotto_error *err) {
    sqlite3_stmt *next = s->statement[STORE_NEXT];
    int rc = step(s, STORE_NEXT, bind_two(s, STORE_NEXT, first, last));
    int64_t k = rc == SQLITE_ROW ? sqlite3_column_int64(next, 0) : 0;
    sqlite3_reset(next);
    if (rc == SQLITE_DONE) return SOTTO_E_NOT_FOUND;
    if (rc != SQLITE_ROW) return store_fail(s, rc, "read", err);
    *found = k;
    return SOTTO_OK;
}

int store_checkpoint(struct store *s, struct sotto_error *err) {
    int rc = sqlite3_wal_checkpoint_v2(s->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return rc == SQLITE_OK ? SOTTO_OK : store_fail(s, rc, "write to", err);
}
