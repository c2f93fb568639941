/* The vault: records, transactions, profiles, the states it can be in, and what a stranger who
 * holds the file can and cannot do. Erasure has test_erase.c, failing storage test_vault_faults.c.
 */
#include "tests/support/test.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/newer_vault.h"
#include "tests/support/vault_box.h"
#include "vault/inside.h"

static void tamper(const struct vault_box *box, const char *sql) { db_run(box->db, sql); }

static const struct vault_key FLOOR = {VAULT_SYSTEM, 0, 0};

/* ---- Records ------------------------------------------------------------------------------ */

static void records_of_every_length_come_back_after_a_restart(void **state) {
    static const size_t lengths[] = {
        0, 1, 59, 60, 61, 252, 253, 508, 509, 1020, 1021, 2044, 2045, 3999, VAULT_RECORD_MAX};
    struct vault_box box;
    uint8_t bytes[VAULT_RECORD_MAX], found[VAULT_RECORD_MAX];
    size_t n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7);

    for (uint32_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct vault_key key = {VAULT_OUTBOX, i, 5};
        assert_int_equal(vault_put(box.v, key, bytes, lengths[i], &box.err), SOTTO_OK);
    }
    assert_int_equal(box_restart(&box), SOTTO_OK);

    for (uint32_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct vault_key key = {VAULT_OUTBOX, i, 5};
        assert_int_equal(vault_get(box.v, key, found, sizeof found, &n, &box.err), SOTTO_OK);
        assert_int_equal(n, lengths[i]);
        assert_memory_equal(found, bytes, n);
    }
    assert_int_equal(vault_put(box.v, FLOOR, bytes, VAULT_RECORD_MAX + 1, &box.err), SOTTO_E_LIMIT);
    box_free(&box);
}

static void stored_lengths_tell_only_the_size_class(void **state) {
    struct vault_box box;
    uint8_t bytes[VAULT_RECORD_MAX] = {0};
    sqlite3 *db;
    sqlite3_stmt *query;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (uint32_t n = 0; n <= VAULT_RECORD_MAX; n += 40)
        assert_int_equal(
            vault_put(box.v, (struct vault_key){VAULT_TALLY, 1, n}, bytes, n, &box.err), SOTTO_OK);
    box_close(&box);

    assert_int_equal(sqlite3_open(box.db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT count(DISTINCT length(v)), min(length(v)), "
                                        "max(length(v)) FROM b WHERE k >= 1 << 56",
                                        -1, &query, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(query, 0), 7);
    assert_int_equal(sqlite3_column_int(query, 1), 36 + 64 + 16);
    assert_int_equal(sqlite3_column_int(query, 2), 36 + 4096 + 16);
    sqlite3_finalize(query);
    sqlite3_close(db);
    box_free(&box);
}

static void records_are_replaced_deleted_and_walked_in_order(void **state) {
    struct vault_box box;
    uint32_t at[][2] = {{1, 7}, {0, 0}, {9, 0}, {1, 6}, {0xffffff, 0xffffffff}, {1, 0x80000000}};
    uint32_t sorted[][2] = {{0, 0}, {1, 6}, {1, 0x80000000}, {9, 0}, {0xffffff, 0xffffffff}};
    uint8_t byte = 0, found;
    size_t n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        struct vault_key key = {VAULT_LEDGER, at[i][0], at[i][1]};
        assert_int_equal(vault_put(box.v, key, &byte, 1, &box.err), SOTTO_OK);
        byte++;
        assert_int_equal(vault_put(box.v, key, &byte, 1, &box.err), SOTTO_OK);
        assert_int_equal(vault_get(box.v, key, &found, 1, &n, &box.err), SOTTO_OK);
        assert_int_equal(found, byte);
    }
    struct vault_key gone = {VAULT_LEDGER, 1, 7}, key = {VAULT_LEDGER, 0, 0};
    assert_int_equal(vault_delete(box.v, gone, &box.err), SOTTO_OK);
    assert_int_equal(vault_delete(box.v, gone, &box.err), SOTTO_OK);
    assert_int_equal(vault_get(box.v, gone, &found, 1, &n, &box.err), SOTTO_E_NOT_FOUND);
    /* A neighbour in another class is not of this walk. */
    assert_int_equal(vault_put(box.v, (struct vault_key){VAULT_OUTBOX, 0, 0}, &byte, 1, &box.err),
                     SOTTO_OK);

    for (size_t i = 0; i < ARRAY_LEN(sorted); i++) {
        assert_int_equal(vault_next(box.v, &key, i == 0, &box.err), SOTTO_OK);
        assert_int_equal(key.slot, sorted[i][0]);
        assert_int_equal(key.seq, sorted[i][1]);
    }
    assert_int_equal(vault_next(box.v, &key, 0, &box.err), SOTTO_E_NOT_FOUND);
    box_free(&box);
}

static void calls_outside_their_range_are_refused_and_change_nothing(void **state) {
    struct vault_box box;
    uint8_t byte = 1;
    size_t n = 77;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    struct vault_key no_class = {7, 0, 0}, no_slot = {VAULT_TALLY, 1u << 24, 0};
    struct vault_key nobody = {VAULT_EVENTS, 3, 1}, slot_zero = {VAULT_PROFILE, 0, 0},
                     too_many = {VAULT_EVENTS, SOTTO_PROFILES_MAX + 1, 0};

    assert_int_equal(vault_put(box.v, no_class, &byte, 1, &box.err), SOTTO_E_ARGUMENT);
    assert_int_equal(vault_put(box.v, no_slot, &byte, 1, &box.err), SOTTO_E_ARGUMENT);
    assert_int_equal(vault_put(box.v, nobody, &byte, 1, &box.err), SOTTO_E_NOT_FOUND);
    assert_int_equal(vault_put(box.v, slot_zero, &byte, 1, &box.err), SOTTO_E_NOT_FOUND);
    assert_int_equal(vault_put(box.v, too_many, &byte, 1, &box.err), SOTTO_E_NOT_FOUND);
    assert_int_equal(vault_next(box.v, &no_class, 1, &box.err), SOTTO_E_ARGUMENT);
    assert_int_equal(vault_put(box.v, FLOOR, "two", 2, &box.err), SOTTO_OK);
    assert_int_equal(vault_get(box.v, FLOOR, &byte, 1, &n, &box.err), SOTTO_E_LIMIT);
    assert_int_equal(byte, 1);
    assert_int_equal(n, 77);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_OK);
    box_free(&box);
}

/* ---- Transactions ------------------------------------------------------------------------- */

static void a_rolled_back_transaction_leaves_no_trace(void **state) {
    struct vault_box box;
    uint8_t bytes[8];
    uint32_t slot;
    size_t n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(vault_begin(box.v, &box.err), SOTTO_OK);
    assert_int_equal(vault_begin(box.v, &box.err), SOTTO_E_STATE);
    assert_int_equal(vault_profile_create(box.v, "ada", &slot, &box.err), SOTTO_OK);
    assert_int_equal(vault_put(box.v, FLOOR, "floor", 5, &box.err), SOTTO_OK);

    vault_rollback(box.v);

    assert_int_equal(vault_profile_find(box.v, "ada", &slot), SOTTO_E_NOT_FOUND);
    assert_int_equal(vault_get(box.v, FLOOR, bytes, sizeof bytes, &n, &box.err), SOTTO_E_NOT_FOUND);
    assert_int_equal(vault_commit(box.v, &box.err), SOTTO_E_STATE);
    assert_int_equal(vault_profile_create(box.v, "ada", &slot, &box.err), SOTTO_OK);
    assert_int_equal(slot, 1);
    box_free(&box);
}

static void after_a_failure_in_a_transaction_only_rollback_may_follow(void **state) {
    struct vault_box box;
    uint8_t bytes[8];
    uint32_t slot;
    size_t n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(vault_begin(box.v, &box.err), SOTTO_OK);
    assert_int_equal(vault_put(box.v, FLOOR, "floor", 5, &box.err), SOTTO_OK);
    struct vault_key nobody = {VAULT_EVENTS, 3, 1};
    assert_int_equal(vault_put(box.v, nobody, "x", 1, &box.err), SOTTO_E_NOT_FOUND);

    assert_int_equal(vault_put(box.v, FLOOR, "again", 5, &box.err), SOTTO_E_STATE);
    assert_int_equal(vault_profile_create(box.v, "ada", &slot, &box.err), SOTTO_E_STATE);
    assert_int_equal(vault_commit(box.v, &box.err), SOTTO_E_STATE);

    vault_rollback(box.v);
    assert_int_equal(vault_get(box.v, FLOOR, bytes, sizeof bytes, &n, &box.err), SOTTO_E_NOT_FOUND);
    assert_int_equal(vault_put(box.v, FLOOR, "floor", 5, &box.err), SOTTO_OK);
    box_free(&box);
}

static void a_close_drops_what_was_not_committed(void **state) {
    struct vault_box box;
    uint8_t bytes[8];
    size_t n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(vault_put(box.v, FLOOR, "kept", 4, &box.err), SOTTO_OK);
    assert_int_equal(vault_begin(box.v, &box.err), SOTTO_OK);
    assert_int_equal(vault_put(box.v, FLOOR, "lost", 4, &box.err), SOTTO_OK);

    assert_int_equal(box_restart(&box), SOTTO_OK);

    assert_int_equal(vault_get(box.v, FLOOR, bytes, sizeof bytes, &n, &box.err), SOTTO_OK);
    assert_memory_equal(bytes, "kept", 4);
    box_free(&box);
}

/* ---- Profiles and keys -------------------------------------------------------------------- */

static void profiles_are_found_by_name_up_to_the_limit(void **state) {
    struct vault_box box;
    char name[80];
    uint32_t slot, found;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (uint32_t i = 1; i <= SOTTO_PROFILES_MAX; i++) {
        snprintf(name, sizeof name, "person %u", i);
        assert_int_equal(vault_profile_create(box.v, name, &slot, &box.err), SOTTO_OK);
        assert_int_equal(slot, i);
    }

    assert_int_equal(vault_profile_create(box.v, "one more", &slot, &box.err), SOTTO_E_LIMIT);
    assert_int_equal(vault_profile_create(box.v, "person 1", &slot, &box.err), SOTTO_E_STATE);
    assert_int_equal(vault_profile_create(box.v, "", &slot, &box.err), SOTTO_E_ARGUMENT);
    memset(name, 'n', sizeof name);
    name[SOTTO_PROFILE_NAME_MAX + 1] = 0;
    assert_int_equal(vault_profile_create(box.v, name, &slot, &box.err), SOTTO_E_ARGUMENT);
    assert_int_equal(vault_erase(box.v, "person 9", NULL, &box.err), SOTTO_OK);
    name[SOTTO_PROFILE_NAME_MAX] = 0;
    assert_int_equal(vault_profile_create(box.v, name, &slot, &box.err), SOTTO_OK);
    assert_int_equal(slot, 9);

    assert_int_equal(box_restart(&box), SOTTO_OK);
    assert_int_equal(vault_profile_count(box.v), SOTTO_PROFILES_MAX);
    assert_int_equal(vault_profile_find(box.v, name, &found), SOTTO_OK);
    assert_int_equal(found, 9);
    assert_int_equal(vault_profile_find(box.v, "person 64", &found), SOTTO_OK);
    assert_int_equal(found, 64);
    box_free(&box);
}

static void device_keys_differ_by_label_and_survive_erasure(void **state) {
    struct vault_box box;
    uint8_t report[32], audit[32], again[32];
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 1);
    assert_int_equal(vault_device_key(box.v, "report", report), SOTTO_OK);
    assert_int_equal(vault_device_key(box.v, "audit", audit), SOTTO_OK);
    assert_memory_not_equal(report, audit, 32);

    assert_int_equal(vault_erase(box.v, NULL, NULL, &box.err), SOTTO_OK);
    assert_int_equal(box_restart(&box), SOTTO_OK);

    assert_int_equal(vault_device_key(box.v, "report", again), SOTTO_OK);
    assert_memory_equal(report, again, 32);
    box.device.secret_fails = 1;
    assert_int_equal(vault_device_key(box.v, "report", again), SOTTO_E_KEY);
    box_free(&box);
}

static void without_entropy_nothing_is_stored_and_reading_goes_on(void **state) {
    struct vault_box box;
    uint8_t bytes[8];
    uint32_t slot;
    size_t n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(vault_put(box.v, FLOOR, "floor", 5, &box.err), SOTTO_OK);
    box.rng.is_failed = 1;

    assert_int_equal(vault_put(box.v, FLOOR, "later", 5, &box.err), SOTTO_E_ENTROPY);
    assert_int_equal(vault_profile_create(box.v, "ada", &slot, &box.err), SOTTO_E_ENTROPY);

    assert_int_equal(vault_profile_count(box.v), 0);
    assert_int_equal(vault_get(box.v, FLOOR, bytes, sizeof bytes, &n, &box.err), SOTTO_OK);
    assert_memory_equal(bytes, "floor", 5);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_OK);
    box_free(&box);
}

/* ---- States ------------------------------------------------------------------------------- */

static void without_a_path_the_vault_keeps_nothing_and_says_so(void **state) {
    struct vault_box box;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    struct vault_key key = FLOOR;
    uint8_t bytes[32];
    uint32_t slot;
    size_t n;
    (void)state;
    box_make(&box);
    box.device.port.vault_path = NULL;

    assert_int_equal(box_open(&box), SOTTO_OK);

    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_NONE);
    assert_int_equal(vault_begin(box.v, &box.err), SOTTO_E_STATE);
    assert_int_equal(vault_commit(box.v, &box.err), SOTTO_E_STATE);
    vault_rollback(box.v);
    assert_int_equal(vault_put(box.v, key, "x", 1, &box.err), SOTTO_E_STATE);
    assert_int_equal(vault_get(box.v, key, bytes, sizeof bytes, &n, &box.err), SOTTO_E_STATE);
    assert_int_equal(vault_delete(box.v, key, &box.err), SOTTO_E_STATE);
    assert_int_equal(vault_next(box.v, &key, 1, &box.err), SOTTO_E_STATE);
    assert_int_equal(vault_profile_find(box.v, "ada", &slot), SOTTO_E_STATE);
    assert_int_equal(vault_profile_create(box.v, "ada", &slot, &box.err), SOTTO_E_STATE);
    assert_int_equal(vault_profile_count(box.v), 0);
    assert_int_equal(vault_erase(box.v, NULL, &receipt, &box.err), SOTTO_OK);
    assert_int_equal(receipt.profiles + receipt.records + receipt.assurance, 0);
    assert_int_equal(vault_device_key(box.v, "report", bytes), SOTTO_OK);
    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_NONE);
    box_free(&box);
}

/* Opens, expects a refusal with this status, and that the file stayed as it was. */
static void expect_refused(struct vault_box *box, int status) {
    size_t n, after_n;
    uint8_t *before = file_slurp(box->db, &n);
    assert_non_null(before);

    assert_int_equal(box_open(box), status);

    assert_int_equal(vault_state(box->v), SOTTO_STORAGE_REFUSED);
    assert_int_equal(vault_put(box->v, FLOOR, "x", 1, &box->err), SOTTO_E_STATE);
    assert_int_equal(vault_retry(box->v, &box->err), status);
    box_close(box);
    uint8_t *after = file_slurp(box->db, &after_n);
    assert_non_null(after);
    assert_int_equal(n, after_n);
    assert_memory_equal(before, after, n);
    free(before);
    free(after);
}

static void files_that_are_no_vault_are_left_alone(void **state) {
    struct vault_box box;
    static const char text[] = "milk, eggs, and a very long shopping list that is no database";
    (void)state;
    box_make(&box);
    assert_int_equal(file_spill(box.db, text, sizeof text), 0);
    expect_refused(&box, SOTTO_E_CORRUPT);
    assert_int_equal(remove(box.db), 0);
    tamper(&box, "CREATE TABLE diary(day TEXT); INSERT INTO diary VALUES('today')");
    expect_refused(&box, SOTTO_E_CORRUPT);
    assert_int_equal(remove(box.db), 0);
    tamper(&box, "CREATE TABLE b(k INTEGER PRIMARY KEY, v BLOB)");
    expect_refused(&box, SOTTO_E_CORRUPT);
    box_free(&box);
}

static void a_vault_with_a_trigger_view_or_second_table_is_refused(void **state) {
    static const char *const additions[] = {
        "CREATE TABLE extra(x)", "CREATE VIEW extra AS SELECT v FROM b",
        "CREATE TRIGGER extra AFTER INSERT ON b BEGIN DELETE FROM b; END",
        "CREATE INDEX extra ON b(v)", "ALTER TABLE b ADD COLUMN w"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(additions); i++) {
        struct vault_box box;
        box_make(&box);
        assert_int_equal(box_open(&box), SOTTO_OK);
        box_close(&box);
        tamper(&box, additions[i]);
        expect_refused(&box, SOTTO_E_CORRUPT);
        box_free(&box);
    }
}

static void make_newer(struct vault_box *box, uint32_t format, uint32_t readers, size_t more) {
    box_close(box);
    make_newer_vault(&box->device.port, format, readers, more);
}

static void a_newer_vault_that_does_not_allow_it_is_left_alone(void **state) {
    struct vault_box box;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    make_newer(&box, META_FORMAT + 1, META_FORMAT + 1, 8);
    expect_refused(&box, SOTTO_E_NEWER);
    assert_non_null(strstr(box.err.message, "newer engine"));
    box_free(&box);
}

static void a_newer_vault_that_allows_it_is_read_and_never_changed(void **state) {
    struct vault_box box;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    size_t n, after_n;
    uint32_t slot;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 3);
    make_newer(&box, META_FORMAT + 1, META_FORMAT, 8);
    uint8_t *before = file_slurp(box.db, &n);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_READ_ONLY);

    assert_true(box_profile_is_whole(&box, "ada", 1, 3));
    assert_int_equal(vault_put(box.v, FLOOR, "x", 1, &box.err), SOTTO_E_NEWER);
    assert_non_null(strstr(box.err.message, "update it"));
    assert_int_equal(vault_delete(box.v, FLOOR, &box.err), SOTTO_E_NEWER);
    assert_int_equal(vault_begin(box.v, &box.err), SOTTO_E_NEWER);
    assert_int_equal(vault_profile_create(box.v, "bob", &slot, &box.err), SOTTO_E_NEWER);
    assert_int_equal(vault_erase(box.v, "ada", &receipt, &box.err), SOTTO_E_NEWER);
    assert_true(box_profile_is_whole(&box, "ada", 1, 3));
    box_close(&box);
    uint8_t *after = file_slurp(box.db, &after_n);
    assert_int_equal(n, after_n);
    assert_memory_equal(before, after, n);
    free(before);
    free(after);

    /* Whoever asks for everything to be erased gets it. */
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(vault_erase(box.v, NULL, &receipt, &box.err), SOTTO_OK);
    assert_true(receipt.assurance > 0);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_REFUSED);
    assert_int_equal(vault_profile_find(box.v, "ada", &slot), SOTTO_E_STATE);
    box_free(&box);
}

/* Turns the vault into what an engine of format 1 or 2 wrote. */
static void make_older(struct vault_box *box, uint32_t format) {
    uint8_t meta[META_BYTES] = {0}, root[SEAL_KEY_BYTES];
    const size_t bytes = format == 1 ? META_BYTES_1 : META_BYTES;
    char sql[512];
    int n = snprintf(sql, sizeof sql, "UPDATE b SET v = x'");
    meta_encode(meta, &box->v->meta, box->v->keys->root);
    memcpy(root, box->v->keys->root, sizeof root);
    box_close(box);
    store32(meta + 8, format);
    hash_keyed(meta + bytes - HASH_BYTES, root, "sotto-vault-meta", meta, bytes - HASH_BYTES);
    for (size_t i = 0; i < bytes; i++)
        n += snprintf(sql + n, sizeof sql - (size_t)n, "%02x", meta[i]);
    snprintf(sql + n, sizeof sql - (size_t)n, "' WHERE k = 0");
    tamper(box, sql);
}

/* 1 when META is of this format, for engines that know format 2. */
static int64_t is_of_format(const struct vault_box *box, unsigned format) {
    char sql[160];
    snprintf(sql, sizeof sql,
             "SELECT hex(substr(v, 9, 4)) = '%02X000000' AND hex(substr(v, 89, 4)) = '02000000' "
             "FROM b WHERE k = 0",
             format);
    return db_number(box->db, sql);
}

/* An engine of format 2 does not know the classes that came since: were META of its own format, it
 * would call their records damage. As it is, it reads what it knows (row_check). */
static void a_vault_of_format_2_is_raised_by_the_first_change(void **state) {
    struct vault_box box;
    struct vault_key receipt = {VAULT_CONSENTS, 0, 1};
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_close(&box);
    assert_int_equal(is_of_format(&box, 3), 1); /* a new one */
    assert_int_equal(box_open(&box), SOTTO_OK);
    receipt.slot = box_profile(&box, "ada", 1, 3);
    assert_int_equal(vault_put(box.v, receipt, "x", 1, &box.err), SOTTO_OK);
    make_older(&box, 2); /* with a record of class 9: there were such engines */
    assert_int_equal(is_of_format(&box, 2), 1);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_OK);
    assert_int_equal(box.v->meta.format, 2);
    assert_true(box_profile_is_whole(&box, "ada", 1, 3));

    assert_int_equal(vault_put(box.v, FLOOR, "x", 1, &box.err), SOTTO_OK);

    box_close(&box);
    assert_int_equal(is_of_format(&box, 3), 1);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_true(box_profile_is_whole(&box, "ada", 1, 3));
    box_free(&box);
}

/* What one row was, in a copy of the file, put back into the file as it is now. */
static void a_row_of_another_moment_is_damage(void **state) {
    static const char *const whats[] = {
        "DELETE FROM b WHERE k = %lld",
        "INSERT OR REPLACE INTO b SELECT k, v FROM old.b WHERE k = %lld",
    };
    struct vault_box box;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(whats); i++) {
        char sql[512], copy[128], row[256];
        box_make(&box);
        snprintf(copy, sizeof copy, "%s/old.db", box.dir);
        assert_int_equal(box_open(&box), SOTTO_OK);
        uint32_t slot = box_profile(&box, "ada", 1, 3);
        struct vault_key consent = {VAULT_PROFILE, slot, 0};
        box_close(&box);
        snprintf(sql, sizeof sql, "VACUUM INTO '%s'", copy);
        tamper(&box, sql);
        assert_int_equal(box_open(&box), SOTTO_OK);
        assert_int_equal(vault_put(box.v, consent, "no", 2, &box.err), SOTTO_OK);
        box_close(&box);
        snprintf(row, sizeof row, whats[i], (long long)row_of(VAULT_PROFILE, slot, 0));
        snprintf(sql, sizeof sql, "ATTACH '%s' AS old; %s; DETACH old", copy, row);
        tamper(&box, sql);
        expect_refused(&box, SOTTO_E_CORRUPT);
        box_free(&box);
    }
}

/* ---- The hardware counter ---------------------------------------------------------------- */

static struct {
    uint64_t value;
    int fails;
} hardware;

static int hardware_read(void *ctx, uint64_t *value) {
    (void)ctx;
    *value = hardware.value;
    return hardware.fails ? -1 : 0;
}

static int hardware_bump(void *ctx, uint64_t *value) {
    (void)ctx;
    if (hardware.fails) return -1;
    *value = ++hardware.value;
    return 0;
}

static void box_make_counted(struct vault_box *box) {
    box_make(box);
    hardware.value = 41;
    hardware.fails = 0;
    box->device.port.key_caps |= SOTTO_KEYS_COUNTER;
    box->device.port.counter_read = hardware_read;
    box->device.port.counter_bump = hardware_bump;
}

static void a_counter_that_was_not_moved_in_time_catches_up(void **state) {
    struct vault_box box;
    (void)state;
    box_make_counted(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    hardware.fails = 1; /* as if power were cut between the commit and the counter */
    vault_anchor(box.v);
    assert_int_equal(vault_put(box.v, FLOOR, "a", 1, &box.err), SOTTO_OK);
    assert_int_equal(vault_put(box.v, FLOOR, "b", 1, &box.err), SOTTO_OK);
    box_close(&box);
    assert_int_equal(box_open(&box), SOTTO_E_KEY);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED);
    hardware.fails = 0;
    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
    assert_int_equal(hardware.value, 42);
    vault_anchor(box.v);
    assert_int_equal(vault_put(box.v, FLOOR, "c", 1, &box.err), SOTTO_OK);
    assert_int_equal(hardware.value, 43);
    box_close(&box);

    hardware.value = 45; /* somebody else's counter, or none at all */
    expect_refused(&box, SOTTO_E_ROLLBACK);
    hardware.value = 41;
    expect_refused(&box, SOTTO_E_ROLLBACK);
    box.device.port.key_caps = 0;
    expect_refused(&box, SOTTO_E_ROLLBACK);
    box_free(&box);
}

/* The counter moved, but said so to nobody. */
static void a_counter_whose_answer_was_lost_does_not_shut_the_vault(void **state) {
    struct vault_box box;
    (void)state;
    for (int is_lost = 0; is_lost < 2; is_lost++)
        for (int more = 0; more < 3; more++) {
            box_make(&box);
            sim_device_claim(&box.device, SOTTO_KEYS_DEVICE_BOUND | SOTTO_KEYS_COUNTER);
            assert_int_equal(box_open(&box), SOTTO_OK);
            box.device.key_fails_at = 1;
            box.device.key_answer_lost = is_lost;
            for (int i = 0; i <= more; i++) {
                vault_anchor(box.v);
                assert_int_equal(vault_put(box.v, FLOOR, &i, sizeof i, &box.err), SOTTO_OK);
            }
            assert_int_equal(box.device.key_fails_at, 0);
            box_close(&box);

            assert_int_equal(box_open(&box), SOTTO_OK);

            box_free(&box);
        }
}

static void an_older_copy_is_refused_where_there_is_a_counter(void **state) {
    struct vault_box box;
    size_t n, log_n;
    (void)state;
    box_make_counted(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 3);
    box_close(&box);
    uint8_t *old = file_slurp(box.db, &n), *old_log = file_slurp(box.log, &log_n);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(vault_put(box.v, FLOOR, "a", 1, &box.err), SOTTO_OK);
    vault_anchor(box.v);
    assert_int_equal(vault_put(box.v, FLOOR, "b", 1, &box.err), SOTTO_OK);
    assert_int_equal(vault_put(box.v, FLOOR, "c", 1, &box.err), SOTTO_OK);
    box_close(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_close(&box);

    assert_int_equal(file_spill(box.db, old, n), 0);
    if (old_log) assert_int_equal(file_spill(box.log, old_log, log_n), 0);

    expect_refused(&box, SOTTO_E_ROLLBACK);
    assert_non_null(strstr(box.err.message, "not the latest"));
    free(old);
    free(old_log);
    box_free(&box);
}

/* Format 1 names no counter, so a copy of it must not open again. */
static void a_vault_of_format_1_is_raised_at_once_and_its_copies_open_no_more(void **state) {
    struct vault_box box;
    size_t n;
    (void)state;
    box_make_counted(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 3);
    make_older(&box, 1);
    uint8_t *old = file_slurp(box.db, &n);
    assert_non_null(old);

    assert_int_equal(box_open(&box), SOTTO_OK);

    assert_int_equal(box.v->stored.format, META_FORMAT);
    assert_int_equal(box.v->stored.counter, 42); /* as with every rotation */
    assert_int_equal(hardware.value, 42);
    assert_int_equal(vault_epoch(box.v), 2);
    assert_true(box_profile_is_whole(&box, "ada", 1, 3));
    box_close(&box);
    assert_int_equal(is_of_format(&box, 3), 1);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(vault_epoch(box.v), 2);
    assert_true(box_profile_is_whole(&box, "ada", 1, 3));
    box_close(&box);
    assert_int_equal(file_spill(box.db, old, n), 0);
    expect_refused(&box, SOTTO_E_KEY);
    free(old);
    box_free(&box);
}

/* Storage or keys that fail leave it as it was, to be tried again. */
static void a_vault_of_format_1_whose_keys_resist_waits(void **state) {
    struct vault_box box;
    (void)state;
    for (int is_put = 0; is_put < 2; is_put++) {
        box_make(&box);
        assert_int_equal(box_open(&box), SOTTO_OK);
        box_profile(&box, "ada", 1, 3);
        make_older(&box, 1);
        box.device.slot_put_fails = is_put;
        box.device.slot_destroy_fails = !is_put;

        assert_int_equal(box_open(&box), SOTTO_E_KEY);

        assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED);
        box.device.slot_put_fails = box.device.slot_destroy_fails = 0;
        assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
        assert_int_equal(vault_epoch(box.v), 2);
        assert_true(box_profile_is_whole(&box, "ada", 1, 3));
        box_free(&box);
    }
}

static void a_lost_key_is_told_from_a_key_store_that_fails(void **state) {
    struct vault_box box;
    int assurance;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 1);
    box_close(&box);

    box.device.slot_get_fails = 1;
    assert_int_equal(box_open(&box), SOTTO_E_KEY);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED);
    box.device.slot_get_fails = 0;
    box.device.secret_fails = 1;
    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_E_KEY);
    box.device.secret_fails = 0;
    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
    assert_true(box_profile_is_whole(&box, "ada", 1, 1));
    box_close(&box);

    for (unsigned slot = 0; slot < 2; slot++)
        assert_int_equal(box.device.port.slot_destroy(box.device.port.ctx, slot, &assurance), 0);
    expect_refused(&box, SOTTO_E_KEY);
    box_free(&box);
}

static void another_devices_vault_does_not_open(void **state) {
    struct vault_box box;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_close(&box);
    box.device.seed[0] ^= 1; /* the same card in another device: same slot file, other secret */
    expect_refused(&box, SOTTO_E_CORRUPT);
    box_free(&box);
}

static void a_missing_folder_fails_and_is_found_by_retry(void **state) {
    struct vault_box box;
    char folder[96], path[128];
    (void)state;
    box_make(&box);
    snprintf(folder, sizeof folder, "%s/later", box.dir);
    snprintf(path, sizeof path, "%s/vault.db", folder);
    box.device.port.vault_path = path;

    assert_int_equal(box_open(&box), SOTTO_E_IO);

    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED);
    assert_non_null(strstr(box.err.message, path));
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_OK);
    box_free(&box);
}

/* A file may be missing because its partition is not mounted; the key must outlive that. */
static void a_missing_file_does_not_cost_the_key_of_the_one_that_returns(void **state) {
    struct vault_box box;
    size_t n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 2);
    box_close(&box);
    uint8_t *bytes = file_slurp(box.db, &n);
    assert_non_null(bytes);
    assert_int_equal(remove(box.db), 0);

    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(vault_profile_count(box.v), 0);
    assert_int_equal(box_restart(&box), SOTTO_OK);
    box_close(&box);

    assert_int_equal(file_spill(box.db, bytes, n), 0);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_true(box_profile_is_whole(&box, "ada", 1, 2));
    free(bytes);
    box_free(&box);
}

static void a_second_process_is_turned_away(void **state) {
    struct vault_box box;
    int child_status;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 1);

    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct vault *second = calloc(1, vault_bytes());
        struct sotto_error err;
        int is_right =
            second && vault_open(second, &box.device.port, &box.rng, &err) == SOTTO_E_BUSY &&
            vault_state(second) == SOTTO_STORAGE_FAILED &&
            vault_erase(second, NULL, NULL, &err) == SOTTO_E_BUSY && strstr(err.message, box.db);
        _exit(is_right ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &child_status, 0), child);

    assert_true(WIFEXITED(child_status));
    assert_int_equal(WEXITSTATUS(child_status), 0);
    assert_true(box_profile_is_whole(&box, "ada", 1, 1));
    assert_int_equal(vault_put(box.v, FLOOR, "x", 1, &box.err), SOTTO_OK);
    box_free(&box);
}

/* ---- What lies on the disk ---------------------------------------------------------------- */

static void no_name_and_no_content_reaches_any_file_or_message(void **state) {
    struct vault_box box;
    char name[8][CANARY_BYTES + 1], messages[4096] = "";
    uint8_t bytes[BOX_CHUNK_BYTES], found[1];
    uint32_t slot;
    size_t n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (unsigned p = 0; p < 8; p++) {
        canary_make(name[p], 77000 + p);
        box_profile(&box, name[p], p, 5);
    }
    box_content(bytes, 99, 0);
    assert_int_equal(vault_put(box.v, FLOOR, bytes, sizeof bytes, &box.err), SOTTO_OK);
    assert_int_equal(vault_erase(box.v, name[3], NULL, &box.err), SOTTO_OK);

    /* Every failure that has content or a name at hand. */
#define KEEP strncat(messages, box.err.message, sizeof messages - strlen(messages) - 1)
    assert_int_equal(vault_profile_create(box.v, name[0], &slot, &box.err), SOTTO_E_STATE), KEEP;
    assert_int_equal(vault_get(box.v, FLOOR, found, 1, &n, &box.err), SOTTO_E_LIMIT), KEEP;
    assert_int_equal(vault_put(box.v, (struct vault_key){VAULT_EVENTS, 60, 0}, bytes, 99, &box.err),
                     SOTTO_E_NOT_FOUND),
        KEEP;
    box.rng.is_failed = 1;
    assert_int_equal(vault_put(box.v, FLOOR, bytes, 99, &box.err), SOTTO_E_ENTROPY), KEEP;
    assert_int_equal(vault_erase(box.v, name[1], NULL, &box.err), SOTTO_E_ENTROPY), KEEP;
#undef KEEP
    assert_true(strlen(messages) > 100);

    for (int is_closed = 0; is_closed < 2; is_closed++) {
        for (unsigned p = 0; p < 8; p++) {
            assert_int_equal(canary_count(box.dir, name[p], CANARY_BYTES, 1), 0);
            assert_null(strstr(messages, name[p]));
            for (uint32_t chunk = 0; chunk <= 5; chunk++) {
                box_content(bytes, p, chunk);
                assert_int_equal(canary_count(box.dir, bytes, sizeof bytes, CANARY_PIECE), 0);
            }
        }
        box_content(bytes, 99, 0);
        assert_int_equal(canary_count(box.dir, bytes, sizeof bytes, 1), 0);
        if (!is_closed) box_close(&box);
    }
    /* The search itself must be able to find something. */
    char bait[128];
    snprintf(bait, sizeof bait, "%s/bait", box.dir);
    assert_int_equal(file_spill(bait, bytes + 7, 40), 0);
    assert_int_equal(canary_count(box.dir, bytes, sizeof bytes, CANARY_PIECE), 1);
    box_free(&box);
}

static void only_the_owner_may_read_the_files_and_there_is_no_shared_memory(void **state) {
    struct vault_box box;
    struct stat st;
    char shm[96];
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 1);

    assert_int_equal(stat(box.db, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(box.log, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    snprintf(shm, sizeof shm, "%s/vault.db-shm", box.dir);
    assert_int_not_equal(stat(shm, &st), 0);
    box_free(&box);
}

static void swapped_copied_and_altered_rows_are_refused(void **state) {
    /* Profile 1's chunks are at 6·2^56 + 1·2^32 + seq, profile 2's at 6·2^56 + 2·2^32 + seq. */
    static const char *const attacks[] = {
        /* two rows of one profile change places */
        "UPDATE b SET k = -1 WHERE k = (6 << 56) + (1 << 32) + 1;"
        "UPDATE b SET k = (6 << 56) + (1 << 32) + 1 WHERE k = (6 << 56) + (1 << 32) + 2;"
        "UPDATE b SET k = (6 << 56) + (1 << 32) + 2 WHERE k = -1",
        /* a row moves to another profile, another number, another class */
        "UPDATE b SET k = (6 << 56) + (2 << 32) + 9 WHERE k = (6 << 56) + (1 << 32) + 1",
        "UPDATE b SET k = k + 5 WHERE k = (6 << 56) + (1 << 32) + 2",
        "UPDATE b SET k = (5 << 56) + (1 << 32) + 1 WHERE k = (6 << 56) + (1 << 32) + 1",
        /* a copy */
        "INSERT INTO b SELECT k + 7, v FROM b WHERE k = (6 << 56) + (1 << 32) + 1",
        "INSERT INTO b SELECT (1 << 56) + 3, v FROM b WHERE k = (1 << 56)",
        /* header, ciphertext, tag, length, type */
        "UPDATE b SET v = CAST(x'02' || substr(v, 2) AS BLOB) WHERE k = (1 << 56)",
        "UPDATE b SET v = CAST(substr(v, 1, 4) || x'09' || substr(v, 6) AS BLOB) WHERE k = (1 << "
        "56)",
        "UPDATE b SET v = CAST(substr(v, 1, length(v) - 1) || x'5a' AS BLOB) WHERE k = (1 << 56)",
        "UPDATE b SET v = CAST(v || x'00' AS BLOB) WHERE k = (1 << 56)",
        "UPDATE b SET v = substr(v, 1, 10) WHERE k = (1 << 56)",
        "UPDATE b SET v = zeroblob(0) WHERE k = (1 << 56)",
        "UPDATE b SET v = zeroblob(100000) WHERE k = (1 << 56)",
        "UPDATE b SET v = NULL WHERE k = (1 << 56)", "UPDATE b SET v = 'text' WHERE k = (1 << 56)",
        /* keys: swapped, missing, foreign rows */
        "UPDATE b SET k = -1 WHERE k = (1 << 32) + 1;"
        "UPDATE b SET k = (1 << 32) + 1 WHERE k = (2 << 32) + 1;"
        "UPDATE b SET k = (2 << 32) + 1 WHERE k = -1",
        "DELETE FROM b WHERE k = (1 << 32) + 1", "DELETE FROM b WHERE k = 1",
        "DELETE FROM b WHERE k = 0", "INSERT INTO b VALUES(-5, x'00')",
        "INSERT INTO b VALUES(9223372036854775807, x'00')", "INSERT INTO b VALUES(7 << 56, x'00')",
        "INSERT INTO b VALUES(2, x'00')",
        "INSERT INTO b SELECT (40 << 32) + 1, v FROM b WHERE k = 1",
        /* META: store id, epoch, what is pending, its authentication */
        "UPDATE b SET v = CAST(substr(v, 1, 16) || x'00' || substr(v, 18) AS BLOB) WHERE k = 0",
        "UPDATE b SET v = CAST(substr(v, 1, 32) || x'03' || substr(v, 34) AS BLOB) WHERE k = 0",
        "UPDATE b SET v = CAST(substr(v, 1, 12) || x'01' || substr(v, 14) AS BLOB) WHERE k = 0",
        "UPDATE b SET v = CAST(substr(v, 1, 12) || x'07' || substr(v, 14) AS BLOB) WHERE k = 0",
        "UPDATE b SET v = CAST(substr(v, 1, 71) || x'00' AS BLOB) WHERE k = 0",
        "UPDATE b SET v = substr(v, 1, 71) WHERE k = 0"};
    struct vault_box box;
    size_t n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 3);
    box_profile(&box, "grace", 2, 3);
    assert_int_equal(vault_put(box.v, FLOOR, "floor", 5, &box.err), SOTTO_OK);
    box_close(&box);
    uint8_t *good = file_slurp(box.db, &n);
    assert_non_null(good);

    for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
        assert_int_equal(file_spill(box.db, good, n), 0);
        tamper(&box, attacks[i]);
        int status = box_open(&box);
        if (status != SOTTO_E_CORRUPT) print_error("%s: %d\n", attacks[i], status);
        assert_int_equal(status, SOTTO_E_CORRUPT);
        assert_int_equal(vault_state(box.v), SOTTO_STORAGE_REFUSED);
        box_close(&box);
    }
    assert_int_equal(file_spill(box.db, good, n), 0);
    assert_int_equal(box_open(&box), SOTTO_OK); /* the key survived it all */
    free(good);
    box_free(&box);
}

/* ---- Cost --------------------------------------------------------------------------------- */

static void sqlites_memory_stays_below_its_budget(void **state) {
    struct vault_box box;
    uint8_t bytes[BOX_CHUNK_BYTES] = {0};
    (void)state;
    box_make(&box);
    sqlite3_memory_highwater(1);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (uint32_t i = 0; i < 3000; i++) { /* 3 MB of rows, many log turns */
        struct vault_key key = {VAULT_TALLY, 1, i * 7919u % 3000};
        if (i % 50 == 0) assert_int_equal(vault_begin(box.v, &box.err), SOTTO_OK);
        assert_int_equal(vault_put(box.v, key, bytes, sizeof bytes, &box.err), SOTTO_OK);
        if (i % 50 == 49) assert_int_equal(vault_commit(box.v, &box.err), SOTTO_OK);
    }
    box_profile(&box, "ada", 1, 100);
    assert_int_equal(vault_erase(box.v, "ada", NULL, &box.err), SOTTO_OK);
    assert_int_equal(box_restart(&box), SOTTO_OK);

    int64_t peak = sqlite3_memory_highwater(0);

    print_message("SQLite's heap peaked at %lld bytes\n", (long long)peak);
    assert_in_range(peak, 1, 1024 * 1024);
    struct vault_stats stats = vault_stats(box.v);
    assert_int_equal(stats.failures, 0);
    box_free(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_every_length_come_back_after_a_restart),
        cmocka_unit_test(stored_lengths_tell_only_the_size_class),
        cmocka_unit_test(records_are_replaced_deleted_and_walked_in_order),
        cmocka_unit_test(calls_outside_their_range_are_refused_and_change_nothing),
        cmocka_unit_test(a_rolled_back_transaction_leaves_no_trace),
        cmocka_unit_test(after_a_failure_in_a_transaction_only_rollback_may_follow),
        cmocka_unit_test(a_close_drops_what_was_not_committed),
        cmocka_unit_test(profiles_are_found_by_name_up_to_the_limit),
        cmocka_unit_test(device_keys_differ_by_label_and_survive_erasure),
        cmocka_unit_test(without_entropy_nothing_is_stored_and_reading_goes_on),
        cmocka_unit_test(without_a_path_the_vault_keeps_nothing_and_says_so),
        cmocka_unit_test(files_that_are_no_vault_are_left_alone),
        cmocka_unit_test(a_vault_with_a_trigger_view_or_second_table_is_refused),
        cmocka_unit_test(a_newer_vault_that_does_not_allow_it_is_left_alone),
        cmocka_unit_test(a_newer_vault_that_allows_it_is_read_and_never_changed),
        cmocka_unit_test(a_vault_of_format_2_is_raised_by_the_first_change),
        cmocka_unit_test(a_vault_of_format_1_is_raised_at_once_and_its_copies_open_no_more),
        cmocka_unit_test(a_vault_of_format_1_whose_keys_resist_waits),
        cmocka_unit_test(a_row_of_another_moment_is_damage),
        cmocka_unit_test(a_counter_that_was_not_moved_in_time_catches_up),
        cmocka_unit_test(a_counter_whose_answer_was_lost_does_not_shut_the_vault),
        cmocka_unit_test(an_older_copy_is_refused_where_there_is_a_counter),
        cmocka_unit_test(a_lost_key_is_told_from_a_key_store_that_fails),
        cmocka_unit_test(another_devices_vault_does_not_open),
        cmocka_unit_test(a_missing_folder_fails_and_is_found_by_retry),
        cmocka_unit_test(a_missing_file_does_not_cost_the_key_of_the_one_that_returns),
        cmocka_unit_test(a_second_process_is_turned_away),
        cmocka_unit_test(no_name_and_no_content_reaches_any_file_or_message),
        cmocka_unit_test(only_the_owner_may_read_the_files_and_there_is_no_shared_memory),
        cmocka_unit_test(swapped_copied_and_altered_rows_are_refused),
        cmocka_unit_test(sqlites_memory_stays_below_its_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
