/* Rotation: new keys for the vault, nobody lost, whenever the power goes. */
#include "tests/support/test.h"

#include <sys/stat.h>

#include "sotto_audit.h"
#include "tests/support/kiosk.h"
#include "tests/support/newer_vault.h"
#include "tests/support/vault_box.h"
#include "vault/keys.h"

static const struct vault_key LEDGER = {VAULT_LEDGER, 3, 17};

static int slot_file_is_there(const struct vault_box *box, unsigned slot) {
    char path[96];
    struct stat st;
    snprintf(path, sizeof path, "%s/keys/slot-%u.key", box->dir, slot);
    return stat(path, &st) == 0;
}

/* An open vault with two people and a record of the device's. */
static void populate(struct vault_box *box) {
    box_profile(box, "ada", 1, 3);
    box_profile(box, "grace", 2, 4);
    assert_int_equal(vault_put(box->v, LEDGER, "charged", 7, &box->err), SOTTO_OK);
}

/* Whatever was cut: everybody and everything is there, and the keys are one epoch's. */
static void check_everything(struct vault_box *box) {
    char found[8];
    size_t n;
    assert_int_equal(vault_state(box->v), SOTTO_STORAGE_OK);
    assert_true(box_profile_is_whole(box, "ada", 1, 3));
    assert_true(box_profile_is_whole(box, "grace", 2, 4));
    assert_int_equal(vault_get(box->v, LEDGER, found, sizeof found, &n, &box->err), SOTTO_OK);
    assert_int_equal(n, 7);
    assert_memory_equal(found, "charged", 7);
    assert_true(slot_file_is_there(box, (unsigned)(vault_epoch(box->v) & 1)));
    assert_false(slot_file_is_there(box, (unsigned)((vault_epoch(box->v) + 1) & 1)));
}

static void a_rotation_moves_to_a_new_epoch_and_keeps_everybody(void **state) {
    struct vault_box box;
    struct sotto_rotation rotation = {.size = sizeof rotation};
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    populate(&box);
    for (uint64_t i = 0; i < 3; i++) {
        uint64_t epoch = vault_epoch(box.v);

        assert_int_equal(vault_rotate(box.v, &rotation, &box.err), SOTTO_OK);

        assert_int_equal(rotation.epoch, epoch + 1);
        assert_int_equal(vault_epoch(box.v), epoch + 1);
        assert_int_equal(rotation.assurance, SOTTO_ASSURANCE_LOGICAL);
        check_everything(&box);
        assert_int_equal(box_restart(&box), SOTTO_OK);
        assert_int_equal(vault_epoch(box.v), epoch + 1);
        check_everything(&box);
    }
    box_free(&box);
}

static void a_copy_made_before_the_rotation_opens_no_more(void **state) {
    struct vault_box box;
    struct sotto_rotation rotation = {.size = sizeof rotation};
    size_t n;
    (void)state;
    for (int rotations = 1; rotations <= 2; rotations++) {
        box_make(&box);
        assert_int_equal(box_open(&box), SOTTO_OK);
        populate(&box);
        box_close(&box);
        uint8_t *copy = file_slurp(box.db, &n);
        assert_non_null(copy);
        assert_int_equal(box_open(&box), SOTTO_OK);
        for (int i = 0; i < rotations; i++)
            assert_int_equal(vault_rotate(box.v, &rotation, &box.err), SOTTO_OK);
        box_close(&box);
        assert_int_equal(file_spill(box.db, copy, n), 0);

        int status = box_open(&box);

        assert_int_equal(status, rotations == 1 ? SOTTO_E_KEY : SOTTO_E_CORRUPT);
        assert_int_equal(vault_state(box.v), SOTTO_STORAGE_REFUSED);
        free(copy);
        box_free(&box);
    }
}

static void a_rotation_moves_the_counter_so_that_no_older_copy_passes(void **state) {
    struct vault_box box;
    struct sotto_rotation rotation = {.size = sizeof rotation};
    size_t n;
    (void)state;
    box_make(&box);
    struct sim_device hardware;
    assert_int_equal(sim_device_init(&hardware, box.device.seed, NULL, &box.err), SOTTO_OK);
    hardware.port.vault_path = box.db;
    box.device.port = hardware.port;
    box.device.port.ctx = &hardware;
    assert_int_equal(box_open(&box), SOTTO_OK);
    populate(&box);
    box_close(&box);
    uint8_t *copy = file_slurp(box.db, &n);
    uint8_t slots[sizeof hardware.slot];
    assert_non_null(copy);
    memcpy(slots, hardware.slot, sizeof slots);
    assert_int_equal(box_open(&box), SOTTO_OK);
    uint64_t before = hardware.counter;

    assert_int_equal(vault_rotate(box.v, &rotation, &box.err), SOTTO_OK);

    assert_int_equal(rotation.assurance, SOTTO_ASSURANCE_PHYSICAL);
    assert_int_equal(hardware.counter, before + 1);
    box_close(&box);
    /* The older file with the older keys: only the counter can tell. */
    assert_int_equal(file_spill(box.db, copy, n), 0);
    memcpy(hardware.slot, slots, sizeof slots);
    assert_int_equal(box_open(&box), SOTTO_E_ROLLBACK);
    free(copy);
    box_free(&box);
}

static uint8_t exported[1 << 20];
static size_t exported_n;
static int keep(void *ctx, const void *bytes, size_t n) {
    (void)ctx;
    if (n > sizeof exported - exported_n) return -1;
    memcpy(exported + exported_n, bytes, n);
    exported_n += n;
    return 0;
}

/* Every key that an epoch ended is in the log. */
static void check_log(struct vault_box *box) {
    struct sotto_audit_result result = {.size = sizeof result};
    struct vault_audit_sink sink = {keep, NULL};
    uint8_t key[32];
    exported_n = 0;
    assert_int_equal(vault_audit_export(box->v, &sink, &box->err), SOTTO_OK);
    assert_int_equal(vault_audit_look(box->v, key, NULL, &box->err), SOTTO_OK);
    assert_int_equal(
        sotto_audit_verify(exported, exported_n, key, NULL, &result, NULL, NULL, &box->err),
        SOTTO_OK);
    assert_int_equal(result.totals[SOTTO_AUDIT_ROTATE], vault_epoch(box->v) - 1);
    assert_int_equal(result.totals[SOTTO_AUDIT_SHRED], vault_epoch(box->v) - 1);
}

/* One fuse feeds the disk and the key store. */
static long cut_rotation_everywhere(struct fault_vfs *disk, int *resumed) {
    for (long limit = 0;; limit++) {
        struct vault_box box;
        struct sotto_rotation rotation = {.size = sizeof rotation};
        long fuse = limit;
        box_make(&box);
        box.device.port.vault_vfs = disk->name;
        assert_int_equal(box_open(&box), SOTTO_OK);
        populate(&box);
        uint64_t epoch = vault_epoch(box.v);
        disk->is_torn = (int)(limit & 1);
        disk->loss_seed = (uint64_t)limit;
        disk->fuse = box.device.fuse = &fuse;

        int status = vault_rotate(box.v, &rotation, &box.err);

        box_close(&box);
        disk->fuse = NULL;
        assert_int_equal(box_restart(&box), SOTTO_OK);
        check_everything(&box);
        int is_done = vault_epoch(box.v) == epoch + 1;
        assert_true(is_done || vault_epoch(box.v) == epoch);
        assert_true(is_done || status != SOTTO_OK);
        *resumed += is_done && status != SOTTO_OK;
        check_log(&box);
        assert_int_equal(vault_rotate(box.v, &rotation, &box.err), SOTTO_OK);
        check_everything(&box);
        box_free(&box);
        if (status == SOTTO_OK) return limit;
        assert_true(limit < 500);
    }
}

static void a_power_cut_at_any_instant_of_a_rotation_loses_nothing(void **state) {
    static const enum fault_loss losses[] = {FAULT_LOSS_NONE, FAULT_LOSS_ALL, FAULT_LOSS_SOME};
    struct fault_vfs disk;
    (void)state;
    assert_int_equal(fault_vfs_register(&disk, "rotate-cut"), 0);
    for (unsigned i = 0; i < ARRAY_LEN(losses); i++) {
        int resumed = 0;
        disk.loss = losses[i];
        long cuts = cut_rotation_everywhere(&disk, &resumed);
        print_message("%ld cuts, %d rotations finished by the next open\n", cuts, resumed);
        assert_true(cuts > 20 && resumed > 10);
    }
    fault_vfs_unregister(&disk);
}

static void a_second_power_cut_while_a_rotation_is_finished_loses_nothing(void **state) {
    struct fault_vfs disk;
    (void)state;
    assert_int_equal(fault_vfs_register(&disk, "rotate-twice"), 0);
    disk.loss = FAULT_LOSS_SOME;
    for (long limit = 0;; limit++) {
        struct vault_box box;
        struct sotto_rotation rotation = {.size = sizeof rotation, .epoch = 7};
        long fuse = limit;
        box_make(&box);
        box.device.port.vault_vfs = disk.name;
        assert_int_equal(box_open(&box), SOTTO_OK);
        populate(&box);
        uint64_t epoch = vault_epoch(box.v);
        box.device.slot_put_fails = 1; /* stops after the first transaction */
        assert_int_equal(vault_rotate(box.v, &rotation, &box.err), SOTTO_E_KEY);
        assert_int_equal(rotation.epoch, 7);
        box_close(&box);
        box.device.slot_put_fails = 0;
        disk.loss_seed = (uint64_t)limit;
        disk.fuse = box.device.fuse = &fuse;

        int status = box_open(&box);

        box_close(&box);
        disk.fuse = NULL;
        assert_int_equal(box_restart(&box), SOTTO_OK);
        check_everything(&box);
        assert_int_equal(vault_epoch(box.v), epoch + 1);
        box_free(&box);
        if (status == SOTTO_OK) break;
        assert_true(limit < 500);
    }
    fault_vfs_unregister(&disk);
}

static void a_failing_key_store_delays_a_rotation_until_it_is_retried(void **state) {
    (void)state;
    for (int is_destroy = 0; is_destroy < 2; is_destroy++) {
        struct vault_box box;
        struct sotto_rotation rotation = {.size = sizeof rotation};
        box_make(&box);
        assert_int_equal(box_open(&box), SOTTO_OK);
        populate(&box);
        uint64_t epoch = vault_epoch(box.v);
        box.device.slot_put_fails = !is_destroy;
        box.device.slot_destroy_fails = is_destroy;

        assert_int_equal(vault_rotate(box.v, &rotation, &box.err), SOTTO_E_KEY);

        assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED);
        assert_int_equal(vault_retry(box.v, &box.err), SOTTO_E_KEY);
        box.device.slot_put_fails = box.device.slot_destroy_fails = 0;
        assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
        assert_int_equal(vault_epoch(box.v), epoch + 1);
        check_everything(&box);
        box_free(&box);
    }
}

static void a_full_disk_refuses_a_rotation_and_changes_nothing(void **state) {
    struct fault_vfs disk;
    struct vault_box box;
    struct sotto_rotation rotation = {.size = sizeof rotation};
    (void)state;
    assert_int_equal(fault_vfs_register(&disk, "rotate-full"), 0);
    box_make(&box);
    box.device.port.vault_vfs = disk.name;
    assert_int_equal(box_open(&box), SOTTO_OK);
    populate(&box);
    uint64_t epoch = vault_epoch(box.v);
    disk.is_full = 1;

    assert_int_equal(vault_rotate(box.v, &rotation, &box.err), SOTTO_E_FULL);

    disk.is_full = 0;
    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
    assert_int_equal(vault_epoch(box.v), epoch);
    check_everything(&box);
    assert_int_equal(vault_rotate(box.v, &rotation, &box.err), SOTTO_OK);
    check_everything(&box);
    box_free(&box);
    fault_vfs_unregister(&disk);
}

static void a_rotation_is_refused_where_it_would_do_harm(void **state) {
    struct vault_box box;
    struct sotto_rotation rotation = {.size = sizeof rotation};
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    populate(&box);
    assert_int_equal(vault_begin(box.v, &box.err), SOTTO_OK);
    assert_int_equal(vault_rotate(box.v, &rotation, &box.err), SOTTO_E_STATE);
    vault_rollback(box.v);
    box_close(&box);
    make_newer_vault(&box.device.port, META_FORMAT + 1, META_FORMAT, 0);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_READ_ONLY);
    uint64_t puts = box.device.slot_puts;

    assert_int_equal(vault_rotate(box.v, &rotation, &box.err), SOTTO_E_NEWER);

    assert_int_equal(box.device.slot_puts, puts);
    assert_true(box_profile_is_whole(&box, "ada", 1, 3));
    box_close(&box);
    assert_int_equal(rotation.epoch, 0);
    box_free(&box);
}

/* ---- Through the library -------------------------------------------------------------------- */

static void the_log_tells_of_rotations_and_of_the_keys_they_destroyed(void **state) {
    static const struct make_policy usual;
    struct kiosk k;
    struct sotto_rotation rotation = {.size = sizeof rotation};
    struct sotto_audit_result result = {.size = sizeof result};
    struct sotto_error err;
    uint8_t key[32];
    (void)state;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "ada", 1u << SOTTO_PURPOSE_STORE);
    kiosk_record(&k, s, 3, SOTTO_EVENT_VIEW);

    assert_int_equal(sotto_keys_rotate(k.engine, &rotation), SOTTO_OK);

    kiosk_record(&k, s, 4, SOTTO_EVENT_VIEW); /* the session goes on */
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    kiosk_restart(&k);
    exported_n = 0;
    assert_int_equal(sotto_audit_key(k.engine, key), SOTTO_OK);
    assert_int_equal(sotto_audit_export(k.engine, keep, NULL), SOTTO_OK);
    assert_int_equal(sotto_audit_verify(exported, exported_n, key, NULL, &result, NULL, NULL, &err),
                     SOTTO_OK);
    assert_int_equal(result.totals[SOTTO_AUDIT_ROTATE], 1);
    assert_int_equal(result.totals[SOTTO_AUDIT_SHRED], 1);
    assert_int_equal(result.totals[SOTTO_AUDIT_ERASE], 0);
    assert_int_equal(rotation.epoch, 2);
    kiosk_free(&k);
}

static void a_rotation_without_storage_or_receipt_says_so(void **state) {
    static const struct make_policy usual;
    struct kiosk k;
    struct sotto_rotation rotation = {.size = sizeof rotation}, small = {.size = 1};
    (void)state;
    kiosk_make(&k, 60, &usual, 1);
    kiosk_open(&k);
    assert_int_equal(sotto_keys_rotate(NULL, &rotation), SOTTO_E_ARGUMENT);
    assert_int_equal(sotto_keys_rotate(k.engine, NULL), SOTTO_E_ARGUMENT);
    assert_int_equal(sotto_keys_rotate(k.engine, &small), SOTTO_E_ARGUMENT);

    assert_int_equal(sotto_keys_rotate(k.engine, &rotation), SOTTO_E_STATE);

    assert_non_null(strstr(sotto_last_error(k.engine), "keeps nothing"));
    kiosk_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rotation_moves_to_a_new_epoch_and_keeps_everybody),
        cmocka_unit_test(a_copy_made_before_the_rotation_opens_no_more),
        cmocka_unit_test(a_rotation_moves_the_counter_so_that_no_older_copy_passes),
        cmocka_unit_test(a_power_cut_at_any_instant_of_a_rotation_loses_nothing),
        cmocka_unit_test(a_second_power_cut_while_a_rotation_is_finished_loses_nothing),
        cmocka_unit_test(a_failing_key_store_delays_a_rotation_until_it_is_retried),
        cmocka_unit_test(a_full_disk_refuses_a_rotation_and_changes_nothing),
        cmocka_unit_test(a_rotation_is_refused_where_it_would_do_harm),
        cmocka_unit_test(the_log_tells_of_rotations_and_of_the_keys_they_destroyed),
        cmocka_unit_test(a_rotation_without_storage_or_receipt_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
