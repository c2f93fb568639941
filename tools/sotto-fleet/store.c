/* store: see store.h. */
#include "tools/sotto-fleet/store.h"

#include <stdio.h>

#include <sqlite3.h>

#include "base/cbor.h"
#include "crypto/crypto.h"

#define APPLICATION_ID 1397703756 /* "SOTL" */
#define FORMAT         1

static const char TABLES[] =
    "CREATE TABLE devices(id BLOB PRIMARY KEY, key BLOB NOT NULL, label TEXT NOT NULL,"
    " is_enrolled INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE metrics(definition BLOB PRIMARY KEY, metric INTEGER NOT NULL, name TEXT NOT NULL,"
    " mechanism INTEGER NOT NULL, unit INTEGER NOT NULL, window_s INTEGER NOT NULL,"
    " eps_micro INTEGER NOT NULL, max_cells INTEGER NOT NULL, n_cells INTEGER NOT NULL) WITHOUT "
    "ROWID;"
    "CREATE TABLE cells(definition BLOB NOT NULL, cell INTEGER NOT NULL, name TEXT NOT NULL,"
    " PRIMARY KEY(definition, cell)) WITHOUT ROWID;"
    "CREATE TABLE schemas(schema BLOB NOT NULL, metric INTEGER NOT NULL, definition BLOB NOT NULL,"
    " PRIMARY KEY(schema, metric)) WITHOUT ROWID;"
    "CREATE TABLE reports(hash BLOB PRIMARY KEY, device BLOB NOT NULL, sequence INTEGER NOT NULL,"
    " metric INTEGER NOT NULL, window INTEGER NOT NULL, ended_s INTEGER NOT NULL,"
    " definition BLOB NOT NULL, policy_version INTEGER NOT NULL, cells BLOB NOT NULL,"
    " file TEXT NOT NULL, bytes BLOB NOT NULL, UNIQUE(device, metric, window),"
    " UNIQUE(device, sequence));"
    "CREATE INDEX reports_by_window ON reports(metric, definition, window);"
    "CREATE TABLE quarantine(hash BLOB NOT NULL, file TEXT NOT NULL, reason TEXT NOT NULL,"
    " detail TEXT NOT NULL, remedy TEXT NOT NULL, bytes BLOB, is_resolved INTEGER NOT NULL,"
    " PRIMARY KEY(hash, file));";

/* FLEET_REPORT_ORDER: counted reports of a device are in order among themselves, so the nearest on
 * either side decide; the index on (device, sequence) finds them. */
static const char *const SQL[FLEET_STATEMENTS] = {
    [FLEET_DEVICES_RETIRE] = "UPDATE devices SET is_enrolled = 0",
    [FLEET_DEVICE_PUT] = "INSERT OR REPLACE INTO devices VALUES(?1, ?2, ?3, 1)",
    [FLEET_DEVICE_GET] = "SELECT key FROM devices WHERE id = ?1 AND is_enrolled",
    [FLEET_DEVICE_COUNT] = "SELECT count(*) FROM devices WHERE is_enrolled",
    [FLEET_METRIC_PUT] = "INSERT OR IGNORE INTO metrics VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [FLEET_CELL_PUT] = "INSERT OR IGNORE INTO cells VALUES(?1, ?2, ?3)",
    [FLEET_SCHEMA_PUT] = "INSERT OR REPLACE INTO schemas VALUES(?1, ?2, ?3)",
    [FLEET_SCHEMA_GET] =
        "SELECT m.definition, mechanism, unit, window_s, eps_micro, max_cells, n_cells"
        " FROM schemas s JOIN metrics m ON m.definition = s.definition"
        " WHERE s.schema = ?1 AND s.metric = ?2",
    [FLEET_REPORT_KNOWN] = "SELECT 1 FROM reports WHERE hash = ?1",
    [FLEET_REPORT_WINDOW] =
        "SELECT 1 FROM reports WHERE device = ?1 AND metric = ?2 AND window = ?3",
    [FLEET_REPORT_SEQUENCE] = "SELECT 1 FROM reports WHERE device = ?1 AND sequence = ?2",
    [FLEET_REPORT_ORDER] = "SELECT 1 WHERE"
                           " ?3 < (SELECT ended_s FROM reports WHERE device = ?1 AND sequence < ?2 "
                           "ORDER BY sequence DESC LIMIT 1)"
                           " OR"
                           " ?3 > (SELECT ended_s FROM reports WHERE device = ?1 AND sequence > ?2 "
                           "ORDER BY sequence LIMIT 1)",
    [FLEET_REPORT_PUT] = "INSERT INTO reports VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [FLEET_QUARANTINE_PUT] = "INSERT OR REPLACE INTO quarantine VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0)",
    [FLEET_QUARANTINE_RESOLVE] =
        "UPDATE quarantine SET is_resolved = 1 WHERE hash = ?1 OR file = ?2",
    [FLEET_METRIC_KNOWN] = "SELECT 1 FROM metrics WHERE metric = ?1",
    [FLEET_METRIC_GET] = "SELECT metric, name, window_s, eps_micro, max_cells, n_cells FROM metrics"
                         " WHERE definition = ?1",
    [FLEET_CELLS_GET] = "SELECT cell, name FROM cells WHERE definition = ?1 ORDER BY cell",
    [FLEET_GROUPS] = "SELECT definition, window, cells FROM reports"
                     " WHERE (?1 = 0 OR metric = ?1) AND (?2 < 0 OR window = ?2)"
                     " ORDER BY metric, definition, window",
};

static int store_error(struct fleet_store *s, int rc, struct sotto_error *err) {
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
    if (objects && format != FORMAT)
        return fail(err, SOTTO_E_NEWER,
                    "%.120s has format %lld, this sotto-fleet reads %d; use the newer program",
                    s->path, (long long)format, FORMAT);
    *is_new = objects == 0;
    return SOTTO_OK;
}

int fleet_store_open(struct fleet_store *s, const char *path, int may_write,
                     struct sotto_error *err) {
    memset(s, 0, sizeof *s);
    s->path = path;
    int flags = may_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    int is_new = 0, rc = sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_busy_timeout(s->db, 5000);
    int status = rc == SQLITE_OK ? check_format(s, &is_new, err) : store_error(s, rc, err);
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

static int run(struct fleet_store *s, const char *sql, struct sotto_error *err) {
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? SOTTO_OK : store_error(s, rc, err);
}

int fleet_store_begin(struct fleet_store *s, struct sotto_error *err) {
    char stamp[96];
    int is_new = 0, status = run(s, "BEGIN IMMEDIATE", err);
    if (status == SOTTO_OK) status = check_format(s, &is_new, err);
    if (status != SOTTO_OK || !is_new) return status;
    snprintf(stamp, sizeof stamp, "PRAGMA application_id=%d; PRAGMA user_version=%d",
             APPLICATION_ID, FORMAT);
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

/* One use of a prepared statement: parameters are bound in order, the first failure is remembered.
 */
struct use {
    struct fleet_store *s;
    sqlite3_stmt *query;
    int next, rc;
};

static struct use use_of(struct fleet_store *s, enum fleet_statement which) {
    struct use u = {s, NULL, 1, SQLITE_OK};
    if (!s->statements[which])
        u.rc = sqlite3_prepare_v2(s->db, SQL[which], -1, &s->statements[which], NULL);
    u.query = s->statements[which];
    return u;
}
static void bind_int(struct use *u, int64_t v) {
    if (u->rc == SQLITE_OK) u->rc = sqlite3_bind_int64(u->query, u->next++, v);
}
static void bind_bytes(struct use *u, const void *bytes, size_t n) {
    if (u->rc == SQLITE_OK)
        u->rc = sqlite3_bind_blob64(u->query, u->next++, bytes ? bytes : "", n, SQLITE_TRANSIENT);
}
static void bind_text(struct use *u, const char *text) {
    if (u->rc == SQLITE_OK)
        u->rc = sqlite3_bind_text(u->query, u->next++, text, -1, SQLITE_TRANSIENT);
}
/* 1 when there is a row to read. */
static int step(struct use *u) {
    if (u->rc == SQLITE_OK || u->rc == SQLITE_ROW) u->rc = sqlite3_step(u->query);
    return u->rc == SQLITE_ROW;
}
/* Ends the use. SOTTO_OK after a row or a finished statement, else the error. */
static int done(struct use *u, struct sotto_error *err) {
    int rc = u->rc;
    if (rc == SQLITE_OK) rc = sqlite3_step(u->query);
    if (u->query) {
        sqlite3_reset(u->query);
        sqlite3_clear_bindings(u->query);
    }
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SOTTO_OK : store_error(u->s, rc, err);
}

/* Copies a blob column of exactly n bytes; another length is damage. */
static void column_bytes(struct use *u, int column, void *out, size_t n) {
    const void *bytes = sqlite3_column_blob(u->query, column);
    if (!bytes || (size_t)sqlite3_column_bytes(u->query, column) != n)
        u->rc = SQLITE_CORRUPT;
    else
        memcpy(out, bytes, n);
}
static uint32_t column_u32(struct use *u, int column) {
    int64_t v = sqlite3_column_int64(u->query, column);
    if (v >= 0 && v <= UINT32_MAX) return (uint32_t)v;
    u->rc = SQLITE_CORRUPT;
    return 0;
}
static void column_text(struct use *u, int column, char *out, size_t cap) {
    const char *text = (const char *)sqlite3_column_text(u->query, column);
    snprintf(out, cap, "%s", text ? text : "");
}

/* SOTTO_OK when the query has a row, SOTTO_E_NOT_FOUND when not. */
static int exists(struct use *u, struct sotto_error *err) {
    int is_there = step(u), status = done(u, err);
    return status != SOTTO_OK ? status : is_there ? SOTTO_OK : SOTTO_E_NOT_FOUND;
}

/* ---- Devices and definitions ------------------------------------------------------------- */

int fleet_store_enrol(struct fleet_store *s, const struct fleet_device *devices, size_t n,
                      struct sotto_error *err) {
    struct use retire = use_of(s, FLEET_DEVICES_RETIRE);
    int status = done(&retire, err);
    for (size_t i = 0; i < n && status == SOTTO_OK; i++) {
        struct use u = use_of(s, FLEET_DEVICE_PUT);
        bind_bytes(&u, devices[i].id, sizeof devices[i].id);
        bind_bytes(&u, devices[i].key, sizeof devices[i].key);
        bind_text(&u, devices[i].label);
        status = done(&u, err);
    }
    return status;
}

int fleet_store_device(struct fleet_store *s, const uint8_t id[8], uint8_t key[32],
                       struct sotto_error *err) {
    struct use u = use_of(s, FLEET_DEVICE_GET);
    bind_bytes(&u, id, 8);
    int is_there = step(&u);
    if (is_there) column_bytes(&u, 0, key, 32);
    int status = done(&u, err);
    return status != SOTTO_OK ? status : is_there ? SOTTO_OK : SOTTO_E_NOT_FOUND;
}

int fleet_store_enrolled(struct fleet_store *s, uint64_t *devices, struct sotto_error *err) {
    struct use u = use_of(s, FLEET_DEVICE_COUNT);
    *devices = step(&u) ? (uint64_t)sqlite3_column_int64(u.query, 0) : 0;
    return done(&u, err);
}

/* What makes counts comparable, hashed: reports made under policies that differ only elsewhere add
 * up. */
static void definition_of(const struct policy_metric *m, uint8_t out[HASH_BYTES]) {
    uint8_t bytes[POLICY_CELLS_MAX * 68 + 256];
    struct cbor_writer w = cbor_writer_of(bytes, sizeof bytes);
    const uint32_t numbers[] = {m->id,         m->mechanism, m->unit,      m->source,
                                m->event_mask, m->eps_micro, m->max_cells, m->window_s};
    cbor_put_text(&w, m->name);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) cbor_put_uint(&w, numbers[i]);
    cbor_put_array(&w, m->n_cells);
    for (uint32_t c = 0; c < m->n_cells; c++) cbor_put_text(&w, m->cells[c]);
    hash256(out, bytes, w.n); /* always fits: names have at most 63 bytes */
}

static int put_metric(struct fleet_store *s, const struct policy *policy,
                      const struct policy_metric *m, struct sotto_error *err) {
    uint8_t definition[HASH_BYTES];
    definition_of(m, definition);
    struct use u = use_of(s, FLEET_METRIC_PUT);
    bind_bytes(&u, definition, sizeof definition);
    bind_int(&u, m->id);
    bind_text(&u, m->name);
    const uint32_t numbers[] = {m->mechanism, m->unit,      m->window_s,
                                m->eps_micro, m->max_cells, m->n_cells};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) bind_int(&u, numbers[i]);
    int status = done(&u, err);
    for (uint32_t c = 0; c < m->n_cells && status == SOTTO_OK; c++) {
        struct use cell = use_of(s, FLEET_CELL_PUT);
        bind_bytes(&cell, definition, sizeof definition);
        bind_int(&cell, c);
        bind_text(&cell, m->cells[c]);
        status = done(&cell, err);
    }
    if (status != SOTTO_OK) return status;
    struct use schema = use_of(s, FLEET_SCHEMA_PUT);
    bind_bytes(&schema, policy->schema_hash, 16);
    bind_int(&schema, m->id);
    bind_bytes(&schema, definition, sizeof definition);
    return done(&schema, err);
}

int fleet_store_policy(struct fleet_store *s, const struct policy *policy,
                       struct sotto_error *err) {
    int status = SOTTO_OK;
    for (uint32_t m = 0; m < policy->n_metrics && status == SOTTO_OK; m++)
        status = put_metric(s, policy, &policy->metrics[m], err);
    return status;
}

int fleet_store_terms(struct fleet_store *s, const uint8_t schema[16], uint32_t metric,
                      struct fleet_terms *terms, struct sotto_error *err) {
    struct use u = use_of(s, FLEET_SCHEMA_GET);
    bind_bytes(&u, schema, 16);
    bind_int(&u, metric);
    int is_there = step(&u);
    if (is_there) {
        column_bytes(&u, 0, terms->definition, sizeof terms->definition);
        terms->mechanism = column_u32(&u, 1);
        terms->unit = column_u32(&u, 2);
        terms->window_s = column_u32(&u, 3);
        terms->eps_micro = column_u32(&u, 4);
        terms->max_cells = column_u32(&u, 5);
        terms->n_cells = column_u32(&u, 6);
    }
    int status = done(&u, err);
    return status != SOTTO_OK ? status : is_there ? SOTTO_OK : SOTTO_E_NOT_FOUND;
}

/* ---- Reports ----------------------------------------------------------------------------- */

static int64_t ended_s(const struct sotto_report *r) {
    return (int64_t)((r->window + 1) * r->window_s); /* below 2^32 · 2^22 */
}

int fleet_store_conflict(struct fleet_store *s, const uint8_t hash[32],
                         const struct sotto_report *report, enum fleet_conflict *conflict,
                         struct sotto_error *err) {
    struct use u = use_of(s, FLEET_REPORT_KNOWN);
    bind_bytes(&u, hash, 32);
    *conflict = FLEET_KNOWN;
    int status = exists(&u, err);
    if (status != SOTTO_E_NOT_FOUND) return status;
    if (!report) {
        *conflict = FLEET_NO_CONFLICT;
        return SOTTO_OK;
    }
    *conflict = FLEET_WINDOW_TWICE;
    u = use_of(s, FLEET_REPORT_WINDOW);
    bind_bytes(&u, report->device, 8);
    bind_int(&u, report->metric);
    bind_int(&u, (int64_t)report->window);
    status = exists(&u, err);
    if (status != SOTTO_E_NOT_FOUND) return status;
    *conflict = FLEET_SEQUENCE_TWICE;
    u = use_of(s, FLEET_REPORT_SEQUENCE);
    bind_bytes(&u, report->device, 8);
    bind_int(&u, (int64_t)report->sequence);
    status = exists(&u, err);
    if (status != SOTTO_E_NOT_FOUND) return status;
    *conflict = FLEET_OUT_OF_ORDER;
    u = use_of(s, FLEET_REPORT_ORDER);
    bind_bytes(&u, report->device, 8);
    bind_int(&u, (int64_t)report->sequence);
    bind_int(&u, ended_s(report));
    status = exists(&u, err);
    if (status != SOTTO_E_NOT_FOUND) return status;
    *conflict = FLEET_NO_CONFLICT;
    return SOTTO_OK;
}

int fleet_store_accept(struct fleet_store *s, const struct fleet_file *file,
                       const struct sotto_report *r, const uint8_t definition[32],
                       struct sotto_error *err) {
    uint8_t cells[2 * SOTTO_REPORT_CELLS_MAX];
    for (uint32_t c = 0; c < r->n_cells; c++) store16(cells + 2 * c, (uint16_t)r->cells[c]);
    struct use u = use_of(s, FLEET_REPORT_PUT);
    bind_bytes(&u, file->hash, 32);
    bind_bytes(&u, r->device, 8);
    bind_int(&u, (int64_t)r->sequence);
    bind_int(&u, r->metric);
    bind_int(&u, (int64_t)r->window);
    bind_int(&u, ended_s(r));
    bind_bytes(&u, definition, 32);
    bind_int(&u, (int64_t)r->policy_version);
    bind_bytes(&u, cells, 2 * (size_t)r->n_cells);
    bind_text(&u, file->name);
    bind_bytes(&u, file->bytes, file->n);
    int status = done(&u, err);
    if (status != SOTTO_OK) return status;
    struct use resolve = use_of(s, FLEET_QUARANTINE_RESOLVE);
    bind_bytes(&resolve, file->hash, 32);
    bind_text(&resolve, file->name);
    return done(&resolve, err);
}

int fleet_store_quarantine(struct fleet_store *s, const struct fleet_file *file, const char *reason,
                           const char *detail, const char *remedy, struct sotto_error *err) {
    struct use u = use_of(s, FLEET_QUARANTINE_PUT);
    bind_bytes(&u, file->hash, 32);
    bind_text(&u, file->name);
    bind_text(&u, reason);
    bind_text(&u, detail);
    bind_text(&u, remedy);
    bind_bytes(&u, file->bytes, file->n);
    return done(&u, err);
}

/* ---- Reading ----------------------------------------------------------------------------- */

int fleet_store_has_metric(struct fleet_store *s, uint32_t metric, struct sotto_error *err) {
    struct use u = use_of(s, FLEET_METRIC_KNOWN);
    bind_int(&u, metric);
    int status = exists(&u, err);
    if (status == SOTTO_E_NOT_FOUND)
        return fail(err, status, "%.120s knows no metric %u; leave --metric out to see all",
                    s->path, metric);
    return status;
}

int fleet_store_metric(struct fleet_store *s, const uint8_t definition[32],
                       struct fleet_metric *metric, struct sotto_error *err) {
    memset(metric, 0, sizeof *metric);
    memcpy(metric->definition, definition, 32);
    struct use u = use_of(s, FLEET_METRIC_GET);
    bind_bytes(&u, definition, 32);
    if (step(&u)) {
        metric->id = column_u32(&u, 0);
        column_text(&u, 1, metric->name, sizeof metric->name);
        metric->window_s = column_u32(&u, 2);
        metric->eps_micro = column_u32(&u, 3);
        metric->max_cells = column_u32(&u, 4);
        metric->n_cells = column_u32(&u, 5);
    }
    int status = done(&u, err);
    if (status != SOTTO_OK) return status;
    if (metric->n_cells == 0 || metric->n_cells > POLICY_CELLS_MAX || metric->window_s == 0)
        return store_error(s, SQLITE_CORRUPT, err);
    struct use cells = use_of(s, FLEET_CELLS_GET);
    bind_bytes(&cells, definition, 32);
    while (step(&cells)) {
        uint32_t cell = column_u32(&cells, 0);
        if (cell < metric->n_cells)
            column_text(&cells, 1, metric->cells[cell], sizeof metric->cells[cell]);
    }
    return done(&cells, err);
}

int fleet_store_reports(struct fleet_store *s, uint32_t metric, int64_t window,
                        fleet_each_report *each, void *ctx, struct sotto_error *err) {
    struct use u = use_of(s, FLEET_GROUPS);
    int status = SOTTO_OK;
    bind_int(&u, metric);
    bind_int(&u, window);
    while (status == SOTTO_OK && step(&u)) {
        uint8_t definition[HASH_BYTES];
        column_bytes(&u, 0, definition, sizeof definition);
        if (u.rc != SQLITE_ROW) break;
        status = each(ctx, definition, (uint64_t)sqlite3_column_int64(u.query, 1),
                      sqlite3_column_blob(u.query, 2), (size_t)sqlite3_column_bytes(u.query, 2) / 2,
                      err);
    }
    int ended = done(&u, err);
    return status != SOTTO_OK ? status : ended;
}
