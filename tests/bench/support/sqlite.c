/* sqlite: the same model as an application would keep it in SQLite, and the same question in SQL.
 * What could be held against the comparison is left out of its time: the history is already in its
 * table, the statement is prepared, the database is in memory and in one clustered index. */
#include "tests/bench/support/bench.h"

#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

struct sqlite_peer {
    sqlite3 *db;
    sqlite3_stmt *clear, *insert, *best;
};

static void ok(struct sqlite_peer *p, int status) {
    if (status == SQLITE_OK || status == SQLITE_ROW || status == SQLITE_DONE) return;
    fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(p->db));
    abort();
}

static sqlite3_stmt *prepare(struct sqlite_peer *p, const char *sql) {
    sqlite3_stmt *s = NULL;
    ok(p, sqlite3_prepare_v2(p->db, sql, -1, &s, NULL));
    return s;
}

static void put_row(struct sqlite_peer *p, sqlite3_stmt *insert, const struct model *m,
                    uint32_t item) {
    const uint8_t *at = m->rows + m->row_starts[item], *end = m->rows + m->row_starts[item + 1];
    uint32_t column = UINT32_MAX;
    while (at < end) {
        int weight = model_edge(&at, &column);
        sqlite3_bind_int64(insert, 1, item);
        sqlite3_bind_int64(insert, 2, column);
        sqlite3_bind_int(insert, 3, weight);
        ok(p, sqlite3_step(insert));
        ok(p, sqlite3_reset(insert));
    }
}

struct sqlite_peer *sqlite_peer_open(const struct model *m, uint32_t stride) {
    struct sqlite_peer *p = calloc(1, sizeof *p);
    if (!p || m->codec != MODEL_VARINT) abort();
    ok(p, sqlite3_open(":memory:", &p->db));
    ok(p, sqlite3_exec(p->db,
                       "PRAGMA temp_store = MEMORY;"
                       "CREATE TABLE edges(source INTEGER, target INTEGER, weight INTEGER,"
                       " PRIMARY KEY(source, target)) WITHOUT ROWID;"
                       "CREATE TABLE items(item INTEGER PRIMARY KEY, prior INTEGER);"
                       "CREATE TEMP TABLE history(item INTEGER PRIMARY KEY, multiplier INTEGER);"
                       "BEGIN",
                       NULL, NULL, NULL));
    sqlite3_stmt *edge = prepare(p, "INSERT INTO edges VALUES (?1, ?2, ?3)");
    sqlite3_stmt *item = prepare(p, "INSERT INTO items VALUES (?1, ?2)");
    for (uint32_t i = 0; i < m->n_items; i++) {
        if (i % stride == 0) put_row(p, edge, m, i);
        sqlite3_bind_int64(item, 1, i);
        sqlite3_bind_int(item, 2, m->prior[i]);
        ok(p, sqlite3_step(item));
        ok(p, sqlite3_reset(item));
    }
    sqlite3_finalize(edge);
    sqlite3_finalize(item);
    ok(p, sqlite3_exec(p->db, "COMMIT; ANALYZE", NULL, NULL, NULL));
    p->clear = prepare(p, "DELETE FROM history");
    p->insert = prepare(p, "INSERT INTO history VALUES (?1, ?2)");
    p->best = prepare(p, "SELECT target, total + prior AS score FROM"
                         " (SELECT target, SUM(multiplier * weight) AS total"
                         "  FROM history CROSS JOIN edges ON source = history.item"
                         "  GROUP BY target)"
                         " JOIN items ON items.item = target"
                         " WHERE target NOT IN (SELECT item FROM history)"
                         " ORDER BY score DESC, target LIMIT ?1");
    return p;
}

size_t sqlite_peer_best(struct sqlite_peer *p, const struct score_input *inputs,
                        struct score_hit *hits, uint64_t *ns) {
    size_t n = 0;
    ok(p, sqlite3_step(p->clear));
    ok(p, sqlite3_reset(p->clear));
    for (size_t h = 0; h < BENCH_HISTORY; h++) {
        sqlite3_bind_int64(p->insert, 1, inputs[h].item);
        sqlite3_bind_int(p->insert, 2, inputs[h].multiplier);
        ok(p, sqlite3_step(p->insert));
        ok(p, sqlite3_reset(p->insert));
    }
    sqlite3_bind_int(p->best, 1, BENCH_TOP);
    uint64_t start = bench_now_ns();
    int status = sqlite3_step(p->best);
    for (; status == SQLITE_ROW && n < BENCH_TOP; status = sqlite3_step(p->best), n++)
        hits[n] = (struct score_hit){(uint32_t)sqlite3_column_int64(p->best, 0),
                                     sqlite3_column_int(p->best, 1)};
    *ns = bench_now_ns() - start;
    ok(p, status);
    ok(p, sqlite3_reset(p->best));
    return n;
}

void sqlite_peer_close(struct sqlite_peer *p) {
    sqlite3_finalize(p->clear);
    sqlite3_finalize(p->insert);
    sqlite3_finalize(p->best);
    sqlite3_close(p->db);
    free(p);
}

const char *sqlite_peer_version(void) { return sqlite3_libversion(); }
