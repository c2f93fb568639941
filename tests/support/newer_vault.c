/* newer_vault: see newer_vault.h. */
#include "tests/support/test.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "tests/support/newer_vault.h"
#include "vault/inside.h"

void db_run(const char *path, const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int64_t db_number(const char *path, const char *sql) {
    sqlite3 *db;
    sqlite3_stmt *query;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return number;
}

void make_newer_vault(const struct sotto_port *port, uint32_t format, uint32_t readers,
                      size_t more) {
    uint8_t meta[META_BYTES + 8] = {0}, row[80] = {3, 1, 4, 1, 5};
    const int64_t unknown = row_of(VAULT_CLASS_LAST + 1, 3, 9);
    struct rng rng;
    struct sotto_error err;
    struct vault *v = calloc(1, vault_bytes());
    char sql[1024];
    size_t n = 0;
    assert_non_null(v);
    assert_true(META_BYTES + more <= sizeof meta);
    assert_int_equal(rng_seed(&rng, port->entropy, port->ctx), 0);
    assert_int_equal(vault_open(v, port, &rng, &err), SOTTO_OK);
    struct meta m = v->meta;
    census_turn(&m.census, v->keys->census, unknown, row, sizeof row);
    meta_encode(meta, &m, v->keys->root);
    store32(meta + 8, format);
    store32(meta + 88, readers);
    hash_keyed(meta + META_BYTES - HASH_BYTES, v->keys->root, "sotto-vault-meta", meta,
               META_BYTES - HASH_BYTES);
    vault_close(v);
    free(v);
    n += (size_t)snprintf(sql + n, sizeof sql - n, "UPDATE b SET v = x'");
    for (size_t i = 0; i < META_BYTES + more; i++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, "%02x", meta[i]);
    n += (size_t)snprintf(sql + n, sizeof sql - n, "' WHERE k = 0; INSERT INTO b VALUES(%lld, x'",
                          (long long)unknown);
    for (size_t i = 0; i < sizeof row; i++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, "%02x", row[i]);
    n += (size_t)snprintf(sql + n, sizeof sql - n, "')");
    assert_true(n < sizeof sql);
    db_run(port->vault_path, sql);
}
