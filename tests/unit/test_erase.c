/* Erasure: what is left, what is not, and what a power cut can do about it. */
#include "tests/support/test.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "tests/support/vault_box.h"
#include "vault/seal.h"

/* ---- Looking into the file ---------------------------------------------------------------- */

/* Copies of every row of the file, taken while the vault is closed. */
struct rows {
    size_t n;
    struct {
        int64_t k;
        uint8_t bytes[BLOB_BYTES_MAX];
        size_t n;
    } row[512];
};

static struct rows *rows_read(const char *path) {
    struct rows *rows = calloc(1, sizeof *rows);
    sqlite3 *db;
    sqlite3_stmt *all;
    assert_non_null(rows);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT k, v FROM b ORDER BY k", -1, &all, NULL), 0);
    while (sqlite3_step(all) == SQLITE_ROW) {
        assert_true(rows->n < ARRAY_LEN(rows->row));
        rows->row[rows->n].k = sqlite3_column_int64(all, 0);
        rows->row[rows->n].n = (size_t)sqlite3_column_bytes(all, 1);
        memcpy(rows->row[rows->n].bytes, sqlite3_column_blob(all, 1), rows->row[rows->n].n);
        rows->n++;
    }
    sqlite3_finalize(all);
    sqlite3_close(db);
    return rows;
}

/* The rows of profile `slot` in a reading: records, and the keyring entry. */
static int belongs_to(int64_t k, uint32_t slot) {
    uint32_t kind = (uint32_t)((uint64_t)k >> 56), at = (uint32_t)((uint64_t)k >> 32) & 0xffffff;
    return at == slot && (kind == VAULT_PROFILE || kind == VAULT_EVENTS || kind == 0);
}

static int slot_file_is_there(const struct vault_box *box, unsigned slot) {
    char path[96];
    struct stat st;
    snprintf(path, sizeof path, "%s/keys/slot-%u.key", box->dir, slot);
    return stat(path, &st) == 0;
}

/* ---- What erasure does -------------------------------------------------------------------- */

static void erasing_one_profile_keeps_the_others_and_the_devices_records(void **state) {
    struct vault_box box;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    struct vault_key ledger = {VAULT_LEDGER, 3, 17};
    uint8_t charged[8] = "charged", found[8];
    uint32_t slot;
    size_t n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 3);
    box_profile(&box, "grace", 2, 4);
    assert_int_equal(vault_put(box.v, ledger, charged, sizeof charged, &box.err), SOTTO_OK);

    assert_int_equal(vault_erase(box.v, "ada", &receipt, &box.err), SOTTO_OK);

    assert_int_equal(receipt.profiles, 1);
    assert_int_equal(receipt.records, 4);
    assert_int_equal(receipt.assurance, SOTTO_ASSURANCE_LOGICAL);
    assert_int_equal(receipt.size, sizeof receipt);
    assert_int_equal(vault_profile_find(box.v, "ada", &slot), SOTTO_E_NOT_FOUND);
    assert_int_equal(vault_profile_count(box.v), 1);
    assert_int_equal(box_restart(&box), SOTTO_OK);
    assert_int_equal(vault_profile_find(box.v, "ada", &slot), SOTTO_E_NOT_FOUND);
    assert_true(box_profile_is_whole(&box, "grace", 2, 4));
    assert_int_equal(vault_get(box.v, ledger, found, sizeof found, &n, &box.err), SOTTO_OK);
    assert_memory_equal(found, charged, sizeof charged);
    box_free(&box);
}

static void each_erasure_moves_to_a_new_epoch_and_leaves_one_slot(void **state) {
    struct vault_box box;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    uint64_t epoch = 0;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "stays", 9, 1);
    for (int i = 0; i < 4; i++) {
        box_profile(&box, "goes", 1, 2);

        assert_int_equal(vault_erase(box.v, "goes", &receipt, &box.err), SOTTO_OK);

        assert_true(i == 0 || receipt.epoch == epoch + 1);
        epoch = receipt.epoch;
        assert_true(slot_file_is_there(&box, (unsigned)(epoch & 1)));
        assert_false(slot_file_is_there(&box, (unsigned)((epoch + 1) & 1)));
        assert_int_equal(box_restart(&box), SOTTO_OK);
        assert_true(box_profile_is_whole(&box, "stays", 9, 1));
    }
    box_free(&box);
}

static void erasing_all_leaves_no_profile(void **state) {
    struct vault_box box;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    char name[16];
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "person %u", i);
        box_profile(&box, name, i, i);
    }

    assert_int_equal(vault_erase(box.v, NULL, &receipt, &box.err), SOTTO_OK);

    assert_int_equal(receipt.profiles, 5);
    assert_int_equal(receipt.records, 5 + 0 + 1 + 2 + 3 + 4);
    assert_int_equal(vault_profile_count(box.v), 0);
    box_close(&box);
    struct rows *rows = rows_read(box.db);
    assert_int_equal(rows->n, 5); /* META, the device's data key, the log, its epoch, a receipt */
    free(rows);
    box_free(&box);
}

static void erasing_what_is_not_there_succeeds_and_says_zero(void **state) {
    struct vault_box box;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt, .profiles = 7, .assurance = 7};
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 1);
    uint64_t puts = box.device.slot_puts;

    assert_int_equal(vault_erase(box.v, "nobody", &receipt, &box.err), SOTTO_OK);

    assert_int_equal(receipt.profiles, 0);
    assert_int_equal(receipt.records, 0);
    assert_int_equal(receipt.assurance, 0);
    assert_int_equal(box.device.slot_puts, puts);
    assert_true(box_profile_is_whole(&box, "ada", 1, 1));
    assert_int_equal(vault_begin(box.v, &box.err), SOTTO_OK);
    assert_int_equal(vault_erase(box.v, "ada", &receipt, &box.err), SOTTO_E_STATE);
    vault_rollback(box.v);
    box_free(&box);
}

/* Many profiles whose records were written turn by turn and rewritten, so that pages were split and
 * rebalanced, which is where SQLite leaves stale copies. */
static void erased_bytes_are_nowhere_in_the_files(void **state) {
    enum { PEOPLE = 6, CHUNKS = 60 };
    struct vault_box box;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    uint8_t bytes[BOX_CHUNK_BYTES];
    uint32_t slot[PEOPLE];
    char name[PEOPLE][16];
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (unsigned p = 0; p < PEOPLE; p++) {
        snprintf(name[p], sizeof name[p], "person %u", p);
        slot[p] = box_profile(&box, name[p], p, 0);
    }
    for (uint32_t chunk = 1; chunk <= CHUNKS; chunk++)
        for (unsigned p = 0; p < PEOPLE; p++) {
            struct vault_key key = {VAULT_EVENTS, slot[p], chunk};
            struct vault_key consent = {VAULT_PROFILE, slot[p], 0};
            /* Different size classes move the rows about within their pages. */
            box_content(bytes, p, chunk);
            size_t n = chunk % 3 == 0 ? sizeof bytes : chunk % 3 == 1 ? 200 : 40;
            assert_int_equal(vault_put(box.v, consent, bytes, n, &box.err), SOTTO_OK);
            assert_int_equal(vault_put(box.v, key, bytes, chunk % 8 ? 40 : n, &box.err), SOTTO_OK);
        }
    box_close(&box);
    struct rows *before = rows_read(box.db);
    assert_int_equal(box_open(&box), SOTTO_OK);

    assert_int_equal(vault_erase(box.v, name[2], &receipt, &box.err), SOTTO_OK);

    assert_int_equal(receipt.records, CHUNKS + 1);
    unsigned looked_for = 0;
    for (int is_closed = 0; is_closed < 2; is_closed++) { /* first with the log as it is */
        for (size_t i = 0; i < before->n; i++) {
            if (!belongs_to(before->row[i].k, slot[2])) continue;
            assert_int_equal(canary_count(box.dir, before->row[i].bytes + 12, before->row[i].n - 12,
                                          CANARY_PIECE),
                             0);
            looked_for++;
        }
        if (!is_closed) box_close(&box);
    }
    assert_int_equal(looked_for, 2 * (CHUNKS + 2));
    free(before);
    box_free(&box);
}

static void a_copy_made_before_the_erasure_opens_no_more(void **state) {
    struct vault_box box;
    size_t n;
    uint32_t slot;
    (void)state;
    for (int erasures = 1; erasures <= 2; erasures++) {
        box_make(&box);
        assert_int_equal(box_open(&box), SOTTO_OK);
        box_profile(&box, "ada", 1, 2);
        box_close(&box);
        uint8_t *copy = file_slurp(box.db, &n);
        assert_non_null(copy);
        assert_int_equal(box_open(&box), SOTTO_OK);
        assert_int_equal(vault_erase(box.v, "ada", NULL, &box.err), SOTTO_OK);
        if (erasures == 2) { /* the epoch's slot is filled again, with another key */
            box_profile(&box, "eve", 2, 0);
            assert_int_equal(vault_erase(box.v, "eve", NULL, &box.err), SOTTO_OK);
        }
        box_close(&box);
        assert_int_equal(file_spill(box.db, copy, n), 0);

        int status = box_open(&box);

        assert_int_equal(status, erasures == 1 ? SOTTO_E_KEY : SOTTO_E_CORRUPT);
        assert_int_equal(vault_state(box.v), SOTTO_STORAGE_REFUSED);
        assert_int_equal(vault_profile_find(box.v, "ada", &slot), SOTTO_E_STATE);
        free(copy);
        box_free(&box);
    }
}

/* ---- Interruptions ------------------------------------------------------------------------ */

/* After an erasure of "goes" that was cut: whatever was promised holds. */
static void check_survivors(struct vault_box *box, int must_be_gone) {
    uint32_t slot;
    int found = vault_profile_find(box->v, "goes", &slot);
    if (must_be_gone) assert_int_equal(found, SOTTO_E_NOT_FOUND);
    if (found == SOTTO_OK) assert_true(box_profile_is_whole(box, "goes", 1, 4));
    assert_true(box_profile_is_whole(box, "stays", 2, 4));
    assert_true(slot_file_is_there(box, 0) != slot_file_is_there(box, 1));
}

/* One fuse feeds the disk and the key store; it burns out after every possible number of writes,
 * syncs and key operations. The state after the cut is what the files hold. */
static void a_power_cut_at_any_instant_of_an_erasure_loses_nobody_else(void **state) {
    struct fault_vfs disk;
    long steps = 0;
    int unfinished = 0, resumed = 0;
    (void)state;
    assert_int_equal(fault_vfs_register(&disk, "erase-cut"), 0);
    disk.loss = FAULT_LOSS_ALL; /* of what no sync followed */
    for (long limit = 0;; limit++) {
        struct vault_box box;
        long fuse = limit;
        box_make(&box);
        box.device.port.vault_vfs = disk.name;
        assert_int_equal(box_open(&box), SOTTO_OK);
        uint32_t slot = box_profile(&box, "goes", 1, 4);
        box_profile(&box, "stays", 2, 4);
        disk.is_torn = (int)(limit & 1);
        disk.fuse = box.device.fuse = &fuse;

        int status = vault_erase(box.v, "goes", NULL, &box.err);

        box_close(&box); /* still without power: changes nothing */
        disk.fuse = NULL;
        struct rows *rows = rows_read(box.db); /* may recover the log, as the next open would */
        int is_promised = 1;
        for (size_t i = 0; i < rows->n; i++)
            if (belongs_to(rows->row[i].k, slot)) is_promised = 0;
        unfinished += status != SOTTO_OK;
        resumed += status != SOTTO_OK && is_promised;
        assert_true(status != SOTTO_OK || is_promised);
        free(rows);
        assert_int_equal(box_restart(&box), SOTTO_OK);
        check_survivors(&box, is_promised);
        assert_int_equal(vault_erase(box.v, "goes", NULL, &box.err), SOTTO_OK);
        check_survivors(&box, 1);
        box_free(&box);
        steps = limit;
        if (status == SOTTO_OK) break;
        assert_true(limit < 500);
    }
    print_message("%ld steps: %d erasures were cut, %d of them resumed by the next open\n", steps,
                  unfinished, resumed);
    assert_true(unfinished > 20 && resumed > 10);
    fault_vfs_unregister(&disk);
}

/* A cut within the recovery of a cut erasure. */
static void a_second_power_cut_while_resuming_changes_nothing(void **state) {
    struct fault_vfs disk;
    (void)state;
    assert_int_equal(fault_vfs_register(&disk, "erase-twice"), 0);
    disk.loss = FAULT_LOSS_SOME;
    for (long limit = 0;; limit++) {
        struct vault_box box;
        long fuse = limit;
        box_make(&box);
        box.device.port.vault_vfs = disk.name;
        assert_int_equal(box_open(&box), SOTTO_OK);
        box_profile(&box, "goes", 1, 4);
        box_profile(&box, "stays", 2, 4);
        box.device.slot_put_fails = 1; /* stops after the first transaction */
        assert_int_equal(vault_erase(box.v, "goes", NULL, &box.err), SOTTO_E_KEY);
        assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED);
        box_close(&box);
        box.device.slot_put_fails = 0;
        disk.loss_seed = (uint64_t)limit;
        disk.fuse = box.device.fuse = &fuse;

        int status = box_open(&box);

        box_close(&box);
        disk.fuse = NULL;
        assert_int_equal(box_restart(&box), SOTTO_OK);
        check_survivors(&box, 1);
        box_free(&box);
        if (status == SOTTO_OK) break;
        assert_true(limit < 500);
    }
    fault_vfs_unregister(&disk);
}

static void a_failing_key_store_is_asked_again_by_retry(void **state) {
    (void)state;
    for (int is_destroy = 0; is_destroy < 2; is_destroy++) {
        struct vault_box box;
        uint32_t slot;
        box_make(&box);
        assert_int_equal(box_open(&box), SOTTO_OK);
        box_profile(&box, "goes", 1, 4);
        box_profile(&box, "stays", 2, 4);
        box.device.slot_put_fails = !is_destroy;
        box.device.slot_destroy_fails = is_destroy;

        assert_int_equal(vault_erase(box.v, "goes", NULL, &box.err), SOTTO_E_KEY);

        assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED);
        assert_int_equal(vault_profile_find(box.v, "goes", &slot), SOTTO_E_STATE);
        assert_int_equal(vault_retry(box.v, &box.err), SOTTO_E_KEY);
        box.device.slot_put_fails = box.device.slot_destroy_fails = 0;
        assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
        check_survivors(&box, 1);
        box_free(&box);
    }
}

/* ---- Erasure in every state --------------------------------------------------------------- */

static void a_full_disk_delays_an_erasure_and_says_so(void **state) {
    struct fault_vfs disk;
    struct vault_box box;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    (void)state;
    assert_int_equal(fault_vfs_register(&disk, "erase-full"), 0);
    box_make(&box);
    box.device.port.vault_vfs = disk.name;
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "goes", 1, 4);
    box_profile(&box, "stays", 2, 4);
    disk.is_full = 1;

    int status = vault_erase(box.v, "goes", &receipt, &box.err);

    assert_int_equal(status, SOTTO_E_FULL);
    assert_int_equal(receipt.profiles, 0);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED);
    disk.is_full = 0;
    assert_int_equal(vault_erase(box.v, "goes", &receipt, &box.err), SOTTO_OK);
    assert_int_equal(receipt.profiles, 1);
    check_survivors(&box, 1);
    box_free(&box);
    fault_vfs_unregister(&disk);
}

/* A log that has grown is reused in place, so deleting needs no space. */
static void a_full_disk_does_not_stop_an_erasure_that_the_log_has_room_for(void **state) {
    struct fault_vfs disk;
    struct vault_box box;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    struct vault_key floor = {VAULT_SYSTEM, 0, 0};
    (void)state;
    assert_int_equal(fault_vfs_register(&disk, "erase-room"), 0);
    box_make(&box);
    box.device.port.vault_vfs = disk.name;
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "goes", 1, 4);
    box_profile(&box, "stays", 2, 4);
    for (int i = 0; i < 300; i++) /* past one automatic checkpoint */
        assert_int_equal(vault_put(box.v, floor, &i, sizeof i, &box.err), SOTTO_OK);
    disk.is_full = 1;

    assert_int_equal(vault_erase(box.v, "goes", &receipt, &box.err), SOTTO_OK);

    assert_int_equal(receipt.profiles, 1);
    assert_int_equal(receipt.assurance, SOTTO_ASSURANCE_LOGICAL);
    disk.is_full = 0;
    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
    check_survivors(&box, 1);
    box_free(&box);
    fault_vfs_unregister(&disk);
}

static void a_refused_vault_can_still_be_erased_as_a_whole(void **state) {
    struct vault_box box;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    size_t n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 4);
    box_close(&box);
    uint8_t *bytes = file_slurp(box.db, &n);
    assert_non_null(bytes);
    uint8_t *copy = malloc(n);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    bytes[n - 100] ^= 1; /* cells fill a page from its end */
    assert_int_equal(file_spill(box.db, bytes, n), 0);
    assert_int_equal(box_open(&box), SOTTO_E_CORRUPT);

    assert_int_equal(vault_erase(box.v, "ada", &receipt, &box.err), SOTTO_E_CORRUPT);
    assert_true(slot_file_is_there(&box, 1) || slot_file_is_there(&box, 0));
    assert_int_equal(vault_erase(box.v, NULL, &receipt, &box.err), SOTTO_OK);

    assert_int_equal(receipt.assurance, SOTTO_ASSURANCE_LOGICAL);
    assert_false(slot_file_is_there(&box, 0) || slot_file_is_there(&box, 1));
    box_close(&box);
    assert_int_equal(file_spill(box.db, copy, n), 0); /* even undamaged it opens no more */
    assert_int_equal(box_open(&box), SOTTO_E_KEY);
    free(bytes);
    free(copy);
    box_free(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(erasing_one_profile_keeps_the_others_and_the_devices_records),
        cmocka_unit_test(each_erasure_moves_to_a_new_epoch_and_leaves_one_slot),
        cmocka_unit_test(erasing_all_leaves_no_profile),
        cmocka_unit_test(erasing_what_is_not_there_succeeds_and_says_zero),
        cmocka_unit_test(erased_bytes_are_nowhere_in_the_files),
        cmocka_unit_test(a_copy_made_before_the_erasure_opens_no_more),
        cmocka_unit_test(a_power_cut_at_any_instant_of_an_erasure_loses_nobody_else),
        cmocka_unit_test(a_second_power_cut_while_resuming_changes_nothing),
        cmocka_unit_test(a_failing_key_store_is_asked_again_by_retry),
        cmocka_unit_test(a_full_disk_delays_an_erasure_and_says_so),
        cmocka_unit_test(a_full_disk_does_not_stop_an_erasure_that_the_log_has_room_for),
        cmocka_unit_test(a_refused_vault_can_still_be_erased_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
