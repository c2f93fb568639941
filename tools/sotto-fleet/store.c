/* store: opens the database and runs its statements. See store.h. */
#include "tools/sotto-fleet/store_parts.h"

#include <stdio.h>

#define APPLICATION_ID 1397703756 /* "SOTL" */
#define FORMAT         2
#define CACHE          "-8192" /* KiB: what a run may hold of the database in memory */

static const char TABLES[] =
    "CREATE TABLE rolls(number INTEGER PRIMARY KEY, hash BLOB NOT NULL);"
    "CREATE TABLE groups(number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE devices(id INTEGER PRIMARY KEY, key BLOB NOT NULL, label TEXT NOT NULL,"
    " team INTEGER NOT NULL, roll INTEGER NOT NULL, line INTEGER NOT NULL);"
    "CREATE TABLE series(number INTEGER PRIMARY KEY, definition BLOB NOT NULL UNIQUE,"
    " metric INTEGER NOT NULL, name TEXT NOT NULL, mechanism INTEGER NOT NULL,"
    " unit INTEGER NOT NULL, source INTEGER NOT NULL, event_mask INTEGER NOT NULL,"
    " window_s INTEGER NOT NULL, eps_micro INTEGER NOT NULL, fresh_year INTEGER NOT NULL,"
    " max_cells INTEGER NOT NULL, max_weight INTEGER NOT NULL, max_value INTEGER NOT NULL,"
    " n_cells INTEGER NOT NULL, n_names INTEGER NOT NULL);"
    "CREATE TABLE cells(series INTEGER NOT NULL, cell INTEGER NOT NULL, name TEXT NOT NULL,"
    " PRIMARY KEY(series, cell)) WITHOUT ROWID;"
    "CREATE TABLE schemas(schema BLOB NOT NULL, metric INTEGER NOT NULL, series INTEGER NOT NULL,"
    " PRIMARY KEY(schema, metric)) WITHOUT ROWID;"
    "CREATE TABLE files(number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE reports(number INTEGER PRIMARY KEY, device INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, metric INTEGER NOT NULL, window INTEGER NOT NULL,"
    " ended_s INTEGER NOT NULL, series INTEGER NOT NULL, is_repeat INTEGER NOT NULL,"
    " mark INTEGER NOT NULL, file INTEGER NOT NULL, numbers BLOB NOT NULL, bytes BLOB NOT NULL);"
    "CREATE UNIQUE INDEX reports_by_window ON reports(device, metric, window);"
    "CREATE UNIQUE INDEX reports_by_sequence ON reports(device, sequence, ended_s);"
    "CREATE INDEX reports_by_mark ON reports(mark);"
    "CREATE INDEX reports_by_series ON reports(series, window);"
    "CREATE TABLE quarantine(hash BLOB NOT NULL, file TEXT NOT NULL, reason TEXT NOT NULL,"
    " detail TEXT NOT NULL, remedy TEXT NOT NULL, bytes BLOB, is_resolved INTEGER NOT NULL,"
    " PRIMARY KEY(hash, file));"
    "CREATE INDEX quarantine_by_file ON quarantine(file);";

/* Nothing is sorted or grouped here, which would take memory by the number of rows.
 * FLEET_REPORT_KNOWN: `mark` is the first 8 bytes of a hash, so bytes decide. FLEET_REPORT_ORDER:
 * counted reports of a device are in order among themselves, so the nearest on either side
 * decide; ?4 is 1 where no two may end alike. FLEET_REPORT_LIST: the index brings rows of a window
 * in the order they were counted. */
static const char *const SQL[FLEET_STATEMENTS] = {
    [FLEET_ROLL_GET] = "SELECT number, hash FROM rolls ORDER BY number DESC LIMIT 1",
    [FLEET_ROLL_PUT] = "INSERT INTO rolls(hash) VALUES(?1)",
    [FLEET_ROLL_ALTER] = "UPDATE rolls SET hash = zeroblob(32) WHERE number = ?1",
    [FLEET_GROUP_PUT] = "INSERT OR IGNORE INTO groups(name) VALUES(?1)",
    [FLEET_GROUP_GET] = "SELECT number FROM groups WHERE name = ?1",
    [FLEET_GROUPS_LIST] = "SELECT number, name FROM groups ORDER BY number",
    [FLEET_GROUPS_COUNT] = "SELECT team FROM devices WHERE roll = ?1",
    [FLEET_DEVICE_PUT] = "INSERT OR REPLACE INTO devices VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [FLEET_DEVICE_LINE] = "SELECT line FROM devices WHERE id = ?1 AND roll = ?2",
    [FLEET_DEVICE_KEY] = "SELECT key FROM devices WHERE id = ?1 AND (?3 OR roll = ?2)",
    [FLEET_DEVICE_COUNT] = "SELECT count(*) FROM devices WHERE roll = ?1",
    [FLEET_DEVICES_LIST] = "SELECT d.id, d.key, d.label, g.name, d.roll = ?1 FROM devices d"
                           " LEFT JOIN groups g ON g.number = d.team",
    [FLEET_SERIES_PUT] = "INSERT OR IGNORE INTO series VALUES(NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                         " ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    [FLEET_SERIES_NUMBER] = "SELECT number FROM series WHERE definition = ?1",
    [FLEET_SERIES_GET] = "SELECT * FROM series WHERE number = ?1",
    [FLEET_SERIES_LIST] = "SELECT metric, number FROM series WHERE (metric, number) > (?1, ?2)"
                          " AND EXISTS(SELECT 1 FROM reports WHERE series = series.number)"
                          " ORDER BY metric, number LIMIT 1",
    [FLEET_METRIC_KNOWN] = "SELECT 1 FROM series WHERE metric = ?1",
    [FLEET_CELL_PUT] = "INSERT OR IGNORE INTO cells VALUES(?1, ?2, ?3)",
    [FLEET_CELLS_GET] = "SELECT cell, name FROM cells WHERE series = ?1 ORDER BY cell",
    [FLEET_SCHEMA_PUT] = "INSERT OR IGNORE INTO schemas VALUES(?1, ?2, ?3)",
    [FLEET_SCHEMA_GET] = "SELECT series FROM schemas WHERE schema = ?1 AND metric = ?2",
    [FLEET_SCHEMA_LIST] = "SELECT schema, metric, series FROM schemas",
    [FLEET_FILE_PUT] = "INSERT OR IGNORE INTO files(name) VALUES(?1)",
    [FLEET_FILE_GET] = "SELECT number FROM files WHERE name = ?1",
    [FLEET_REPORT_KNOWN] = "SELECT 1 FROM reports WHERE mark = ?1 AND bytes = ?2",
    [FLEET_REPORT_WINDOW] =
        "SELECT 1 FROM reports WHERE device = ?1 AND metric = ?2 AND window = ?3",
    [FLEET_REPORT_SEQUENCE] = "SELECT 1 FROM reports WHERE device = ?1 AND sequence = ?2",
    [FLEET_REPORT_ORDER] = "SELECT 1 WHERE"
                           " ?3 - ?4 < (SELECT ended_s FROM reports WHERE device = ?1"
                           " AND sequence < ?2 ORDER BY sequence DESC LIMIT 1)"
                           " OR"
                           " ?3 + ?4 > (SELECT ended_s FROM reports WHERE device = ?1"
                           " AND sequence > ?2 ORDER BY sequence LIMIT 1)",
    [FLEET_REPORT_PUT] = "INSERT INTO reports VALUES(NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
                         " ?11)",
    [FLEET_REPORT_LIST] = "SELECT r.window, d.team, d.roll = ?4, r.is_repeat, r.numbers"
                          " FROM reports r INDEXED BY reports_by_series"
                          " LEFT JOIN devices d ON d.id = r.device"
                          " WHERE r.series = ?1 AND r.window BETWEEN ?2 AND ?3 ORDER BY r.window",
    [FLEET_REPORT_BYTES] = "SELECT f.name, r.bytes FROM reports r JOIN files f ON f.number = r.file"
                           " ORDER BY r.number",
    [FLEET_REPORTED_LIST] = "SELECT d.team FROM series s CROSS JOIN reports r"
                            " ON r.series = s.number AND r.window = ?3"
                            " JOIN devices d ON d.id = r.device WHERE s.unit = ?1"
                            " AND s.window_s = ?2 AND d.roll = ?4",
    [FLEET_QUARANTINE_ANY] = "SELECT 1 FROM quarantine WHERE NOT is_resolved LIMIT 1",
    [FLEET_QUARANTINE_PUT] = "INSERT OR REPLACE INTO quarantine VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0)",
    [FLEET_QUARANTINE_RESOLVE] =
        "UPDATE quarantine SET is_resolved = 1 WHERE hash = ?1 OR (file = ?2"
        " AND reason IN ('unreadable', 'malformed', 'bad-signature'))",
    [FLEET_QUARANTINE_LIST] = "SELECT file, bytes FROM quarantine WHERE NOT is_resolved",
};

int store_error(struct fleet_store *s, int rc, struct sotto_error *err) {
    switch (rc & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
        return fail(
            err, SOTTO_E_FULL,
            "%.120s: %s; free space or make it writable and run it again: nothing was changed",
            s->path, sqlite3_errstr(rc));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail(err, SOTTO_E_BUSY, "%.120s is in use by another process; run it again later",
                    s->path);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return fail(err, SOTTO_E_IO, "%.120s cannot be opened; check the path and its permissions",
                    s->path);
    case SQLITE_NOMEM: return fail(err, SOTTO_E_MEMORY, "%.120s: out of memory", s->path);
    default:
        return fail(err, SOTTO_E_CORRUPT,
                    "%.120s: %s; restore it from a backup, or collect all reports into a new file",
                    s->path, sqlite3_errstr(rc));
    }
}

/* ---- Opening ----------------------------------------------------------------------------- */

static int pragma_int(struct fleet_store *s, const char *sql, int64_t *value) {
    sqlite3_stmt *query = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &query, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(query);
    if (rc == SQLITE_ROW) *value = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* *is_new: the file is still empty. */
static int check_format(struct fleet_store *s, int *is_new, struct sotto_error *err) {
    int64_t objects = 0, application = 0, format = 0;
    int rc = pragma_int(s, "SELECT count(*) FROM sqlite_master", &objects);
    if (rc == SQLITE_OK) rc = pragma_int(s, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK) rc = pragma_int(s, "PRAGMA user_version", &format);
    if ((rc & 0xff) == SQLITE_NOTADB ||
        (rc == SQLITE_OK && objects && application != APPLICATION_ID))
        return fail(err, SOTTO_E_FORMAT,
                    "%.120s is not a database of sotto-fleet; name another file with --db",
                    s->path);
    if (rc != SQLITE_OK) return store_error(s, rc, err);
    if (objects && format < FORMAT)
        return fail(err, SOTTO_E_FORMAT,
                    "%.120s has format %lld of an earlier sotto-fleet, whose reports this one does "
                    "not read; keep it for that program and name another file with --db",
                    s->path, (long long)format);
    if (objects && format != FORMAT)
        return fail(err, SOTTO_E_NEWER,
                    "%.120s has format %lld, this sotto-fleet reads %d; use the newer program",
                    s->path, (long long)format, FORMAT);
    *is_new = objects == 0;
    return SOTTO_OK;
}

static int run(struct fleet_store *s, const char *sql, struct sotto_error *err) {
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? SOTTO_OK : store_error(s, rc, err);
}

/* What the store keeps in mind of its tables. */
static int load_state(struct fleet_store *s, struct sotto_error *err) {
    struct use roll = use_of(s, FLEET_ROLL_GET);
    s->roll = use_step(&roll) ? sqlite3_column_int64(roll.query, 0) : 0;
    int status = use_done(&roll, err);
    if (status != SOTTO_OK) return status;
    struct use cases = use_of(s, FLEET_QUARANTINE_ANY);
    status = use_exists(&cases, err);
    s->has_cases = status == SOTTO_OK;
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status;
}

int fleet_store_open(struct fleet_store *s, const char *path, int may_write,
                     struct sotto_error *err) {
    memset(s, 0, sizeof *s);
    s->path = path;
    int flags = may_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    int is_new = 0, rc = sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_busy_timeout(s->db, 5000);
    int status = rc == SQLITE_OK ? check_format(s, &is_new, err) : store_error(s, rc, err);
    if (status == SOTTO_OK) status = run(s, "PRAGMA cache_size=" CACHE, err);
    if (status == SOTTO_OK && !is_new) status = load_state(s, err);
    if (status == SOTTO_OK && is_new && !may_write)
        status = fail(err, SOTTO_E_NOT_FOUND,
                      "%.120s holds nothing yet; run sotto-fleet collect first", path);
    if (status != SOTTO_OK) fleet_store_close(s);
    return status;
}

void fleet_store_close(struct fleet_store *s) {
    for (int i = 0; i < FLEET_STATEMENTS; i++) sqlite3_finalize(s->statements[i]);
    sqlite3_close(s->db);
    memset(s, 0, sizeof *s);
}

int fleet_store_begin(struct fleet_store *s, struct sotto_error *err) {
    char stamp[96];
    int is_new = 0, status = run(s, "BEGIN IMMEDIATE", err);
    if (status == SOTTO_OK) status = check_format(s, &is_new, err);
    if (status != SOTTO_OK) return status;
    if (!is_new) return load_state(s, err); /* another process may have written since */
    snprintf(stamp, sizeof stamp, "PRAGMA application_id=%d; PRAGMA user_version=%d",
             APPLICATION_ID, FORMAT);
    s->roll = 0;
    status = run(s, TABLES, err);
    return status == SOTTO_OK ? run(s, stamp, err) : status;
}

int fleet_store_commit(struct fleet_store *s, struct sotto_error *err) {
    return run(s, "COMMIT", err);
}

void fleet_store_rollback(struct fleet_store *s) {
    if (s->db && !sqlite3_get_autocommit(s->db)) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- Statements -------------------------------------------------------------------------- */

struct use use_of(struct fleet_store *s, enum fleet_statement which) {
    struct use u = {s, NULL, 1, SQLITE_OK};
    if (!s->statements[which])
        u.rc = sqlite3_prepare_v2(s->db, SQL[which], -1, &s->statements[which], NULL);
    u.query = s->statements[which];
    return u;
}
void bind_int(struct use *u, int64_t v) {
    if (u->rc == SQLITE_OK) u->rc = sqlite3_bind_int64(u->query, u->next++, v);
}
void bind_bytes(struct use *u, const void *bytes, size_t n) {
    if (u->rc == SQLITE_OK)
        u->rc = sqlite3_bind_blob64(u->query, u->next++, bytes ? bytes : "", n, SQLITE_STATIC);
}
void bind_text(struct use *u, const char *text) {
    if (u->rc == SQLITE_OK) u->rc = sqlite3_bind_text(u->query, u->next++, text, -1, SQLITE_STATIC);
}
int use_step(struct use *u) {
    if (u->rc == SQLITE_OK || u->rc == SQLITE_ROW) u->rc = sqlite3_step(u->query);
    return u->rc == SQLITE_ROW;
}
int use_done(struct use *u, struct sotto_error *err) {
    int rc = u->rc;
    if (rc == SQLITE_OK) rc = sqlite3_step(u->query);
    if (u->query) {
        sqlite3_reset(u->query);
        sqlite3_clear_bindings(u->query);
    }
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SOTTO_OK : store_error(u->s, rc, err);
}

void column_bytes(struct use *u, int column, void *out, size_t n) {
    const void *bytes = sqlite3_column_blob(u->query, column);
    if (!bytes || (size_t)sqlite3_column_bytes(u->query, column) != n)
        u->rc = SQLITE_CORRUPT;
    else
        memcpy(out, bytes, n);
}
uint32_t column_u32(struct use *u, int column) {
    int64_t v = sqlite3_column_int64(u->query, column);
    if (v >= 0 && v <= UINT32_MAX) return (uint32_t)v;
    u->rc = SQLITE_CORRUPT;
    return 0;
}
void column_text(struct use *u, int column, char *out, size_t cap) {
    const char *text = (const char *)sqlite3_column_text(u->query, column);
    snprintf(out, cap, "%s", text ? text : "");
}

int use_exists(struct use *u, struct sotto_error *err) {
    int is_there = use_step(u), status = use_done(u, err);
    return status != SOTTO_OK ? status : is_there ? SOTTO_OK : SOTTO_E_NOT_FOUND;
}
