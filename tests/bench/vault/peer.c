/* peer: the same load as an application would keep it, in a table clustered by person and number.
 * Built against plain SQLite and, with SQLITE_HAS_CODEC, against each SQLCipher, which gets a raw
 * key so that no password is stretched. What is not Sotto's own choice is set alike: WAL, one
 * exclusive connection, synchronous=FULL, prepared statements, temporary tables in memory.
 *
 *     peer FOLDER [DEVICE] with the environment: PEER_PAGE (bytes, default the library's own) and
 *     PEER_FIELDS (3: what Sotto keeps; default all 48 bytes) */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/vault/load.h"

#ifndef PEER_NAME
#define PEER_NAME "SQLite"
#endif

static sqlite3 *db;

static void ok(int rc) {
    load_need(rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE,
              db ? sqlite3_errmsg(db) : "failed");
}

static void run(const char *sql) { ok(sqlite3_exec(db, sql, NULL, NULL, NULL)); }

static sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *s = NULL;
    ok(sqlite3_prepare_v2(db, sql, -1, &s, NULL));
    return s;
}

static void open_db(const struct load *load) {
    const char *page = getenv("PEER_PAGE");
    char sql[64];
    ok(sqlite3_open_v2(load->db, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, load->disk.name));
#ifdef SQLITE_HAS_CODEC
    run("PRAGMA key = \"x'"
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'\"");
    if (page) {
        snprintf(sql, sizeof sql, "PRAGMA cipher_page_size = %.8s", page);
        run(sql);
    }
#else
    if (page) {
        snprintf(sql, sizeof sql, "PRAGMA page_size = %.8s", page);
        run(sql);
    }
#endif
    run("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "PRAGMA temp_store = MEMORY");
}

static int is_short(void) {
    const char *fields = getenv("PEER_FIELDS");
    return fields && strcmp(fields, "3") == 0;
}

static void write_all(void) {
    static struct load_drawer drawers[LOAD_PEOPLE];
    sqlite3_stmt *begin = prepare("BEGIN"), *commit = prepare("COMMIT");
    sqlite3_stmt *put = prepare(is_short() ? "INSERT INTO e VALUES(?1, ?2, ?3, ?4, ?5)"
                                           : "INSERT INTO e VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    for (uint32_t i = 0; i < LOAD_PEOPLE; i++) load_drawer_start(&drawers[i], i);
    for (uint32_t done = 0; done < LOAD_EVENTS; done += LOAD_BATCH)
        for (uint32_t i = 0; i < LOAD_PEOPLE; i++) {
            ok(sqlite3_step(begin));
            ok(sqlite3_reset(begin));
            for (uint32_t k = done; k < done + LOAD_BATCH && k < LOAD_EVENTS; k++) {
                struct load_event e = load_draw(&drawers[i]);
                sqlite3_bind_int(put, 1, (int)i);
                sqlite3_bind_int(put, 2, (int)k);
                sqlite3_bind_int64(put, 3,
                                   (sqlite3_int64)(is_short() ? e.time_ms / 1000 : e.time_ms));
                sqlite3_bind_int64(put, 4, (sqlite3_int64)e.item);
                sqlite3_bind_int(put, 5, (int)e.type);
                if (!is_short()) {
                    sqlite3_bind_int64(put, 6, (sqlite3_int64)e.value);
                    sqlite3_bind_blob(put, 7, e.slate, sizeof e.slate, SQLITE_STATIC);
                }
                ok(sqlite3_step(put));
                ok(sqlite3_reset(put));
            }
            ok(sqlite3_step(commit));
            ok(sqlite3_reset(commit));
        }
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_finalize(put);
}

static void read_all(sqlite3_stmt *get, uint32_t person) {
    static struct event {
        uint64_t item;
        uint32_t time_s;
        uint8_t type;
    } history[LOAD_EVENTS];
    uint32_t n = 0;
    int rc;
    sqlite3_bind_int(get, 1, (int)person);
    while ((rc = sqlite3_step(get)) == SQLITE_ROW && n < LOAD_EVENTS) {
        history[n].time_s = (uint32_t)sqlite3_column_int64(get, 0);
        history[n].item = (uint64_t)sqlite3_column_int64(get, 1);
        history[n++].type = (uint8_t)sqlite3_column_int(get, 2);
    }
    ok(rc);
    ok(sqlite3_reset(get));
    load_need(n == LOAD_EVENTS && history[n - 1].time_s && history[n - 1].item &&
                  history[n - 1].type,
              "events are missing");
}

int main(int argc, char **argv) {
    static struct load load;
    char what[64];
    load_setup(&load, argc, argv);
    open_db(&load);
    run(is_short() ? "CREATE TABLE e(person INTEGER, n INTEGER, time INTEGER, item INTEGER,"
                     " type INTEGER, PRIMARY KEY(person, n)) WITHOUT ROWID"
                   : "CREATE TABLE e(person INTEGER, n INTEGER, time INTEGER, item INTEGER,"
                     " type INTEGER, value INTEGER, slate BLOB, PRIMARY KEY(person, n))"
                     " WITHOUT ROWID");

    load_begin(&load);
    write_all();
    load_end(&load);

    ok(sqlite3_close(db));
    open_db(&load);
    sqlite3_stmt *get = prepare("SELECT time, item, type FROM e WHERE person = ?1 ORDER BY n");
    for (uint32_t i = 0; i < LOAD_PEOPLE; i++) {
        load_read_begin(&load);
        read_all(get, i);
        load_read_end(&load, i);
    }
    sqlite3_finalize(get);
    sqlite3_stmt *size = prepare("PRAGMA page_size");
    ok(sqlite3_step(size));
    snprintf(what, sizeof what, "%s, page %d, %s", PEER_NAME, sqlite3_column_int(size, 0),
             is_short() ? "Sotto's fields" : "48 bytes");
    sqlite3_finalize(size);
    ok(sqlite3_close(db));
    load_print(&load, what);
    return 0;
}
