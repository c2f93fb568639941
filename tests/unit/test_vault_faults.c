/* The vault on storage that fails: full, unable to sync, cut from power, damaged. Every failure
 * point is visited, none chosen. */
#include "tests/support/test.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/vault_box.h"

static const struct vault_key FLOOR = {VAULT_SYSTEM, 0, 0};

/* Stores records until one fails; *n counts those that were acknowledged. */
static int fill(struct vault_box *box, uint32_t *n) {
    uint8_t bytes[BOX_CHUNK_BYTES];
    int status = SOTTO_OK;
    for (*n = 0; *n < 4000; ++*n) {
        struct vault_key key = {VAULT_OUTBOX, 1, *n};
        box_content(bytes, 5, *n);
        status = vault_put(box->v, key, bytes, sizeof bytes, &box->err);
        if (status != SOTTO_OK) break;
    }
    return status;
}

static int is_filled(struct vault_box *box, uint32_t n) {
    uint8_t bytes[BOX_CHUNK_BYTES], found[BOX_CHUNK_BYTES];
    size_t length;
    for (uint32_t i = 0; i < n; i++) {
        struct vault_key key = {VAULT_OUTBOX, 1, i};
        box_content(bytes, 5, i);
        if (vault_get(box->v, key, found, sizeof found, &length, &box->err) != SOTTO_OK ||
            length != sizeof bytes || memcmp(found, bytes, length) != 0)
            return 0;
    }
    return 1;
}

/* ---- Full --------------------------------------------------------------------------------- */

static void a_full_disk_fails_the_vault_and_space_brings_it_back(void **state) {
    struct fault_vfs disk;
    struct vault_box box;
    uint8_t found[8];
    size_t n;
    (void)state;
    assert_int_equal(fault_vfs_register(&disk, "full"), 0);
    box_make(&box);
    box.device.port.vault_vfs = disk.name;
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 3);
    disk.is_full = 1;

    assert_int_equal(vault_put(box.v, FLOOR, "x", 1, &box.err), SOTTO_E_FULL);

    assert_int_equal(box.err.status, SOTTO_E_FULL);
    assert_non_null(strstr(box.err.message, box.db));
    assert_non_null(strstr(box.err.message, "free some space"));
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED);
    assert_int_equal(vault_get(box.v, FLOOR, found, 8, &n, &box.err), SOTTO_E_STATE);
    disk.is_full = 0;
    assert_int_equal(vault_put(box.v, FLOOR, "x", 1, &box.err), SOTTO_E_STATE); /* poisoned */
    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
    assert_true(box_profile_is_whole(&box, "ada", 1, 3));
    assert_int_equal(vault_put(box.v, FLOOR, "x", 1, &box.err), SOTTO_OK);
    assert_int_equal(vault_stats(box.v).failures, 1);
    box_free(&box);
    fault_vfs_unregister(&disk);
}

/* The kernel's own limit on a file's size: the write fails with EFBIG. */
static void a_file_size_limit_fails_the_vault_and_lifting_it_brings_it_back(void **state) {
    struct vault_box box;
    struct rlimit before, limit;
    uint32_t n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    limit = before;
    limit.rlim_cur = 100 * 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);

    int status = fill(&box, &n);

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, old);
    assert_true(status == SOTTO_E_FULL || status == SOTTO_E_IO);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED);
    assert_in_range(n, 10, 3999);
    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
    assert_true(is_filled(&box, n));
    box_free(&box);
}

/* A real full file system, in a mount namespace of its own; skipped where that is not allowed. Exit
 * 0 right, 2 not allowed, else the number of the check that failed. */
static int on_a_tiny_disk(struct vault_box *box) {
    char ballast[96];
    uint32_t n;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", box->dir, "tmpfs", 0, "size=400k") != 0)
        return 2;
    snprintf(ballast, sizeof ballast, "%s/ballast", box->dir);
    static const uint8_t weight[64 * 1024];
    if (file_spill(ballast, weight, sizeof weight) != 0) return 10;
    /* Keys in memory: they are not what fills up here. */
    struct sim_device device;
    if (sim_device_init(&device, box->device.seed, NULL, &box->err) != SOTTO_OK) return 11;
    device.port.vault_path = box->db;
    box->device.port = device.port;
    box->device.port.ctx = &device;
    if (box_open(box) != SOTTO_OK) return 12;
    if (fill(box, &n) != SOTTO_E_FULL) return 13;
    if (vault_state(box->v) != SOTTO_STORAGE_FAILED || n < 20) return 14;
    if (remove(ballast) != 0) return 15;
    if (vault_retry(box->v, &box->err) != SOTTO_OK) return 16;
    return is_filled(box, n) ? 0 : 17;
}

static void a_real_full_disk_behaves_like_the_simulated_one(void **state) {
    struct vault_box box;
    int child_status;
    (void)state;
    box_make(&box);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(on_a_tiny_disk(&box));
    assert_int_equal(waitpid(child, &child_status, 0), child);
    box_free(&box);
    assert_true(WIFEXITED(child_status));
    if (WEXITSTATUS(child_status) == 2) skip();
    assert_int_equal(WEXITSTATUS(child_status), 0);
}

/* ---- Syncs and power ---------------------------------------------------------------------- */

static void a_failed_sync_poisons_the_handle_until_it_is_reopened(void **state) {
    struct fault_vfs disk;
    struct vault_box box;
    uint8_t found[8];
    size_t n;
    (void)state;
    assert_int_equal(fault_vfs_register(&disk, "sync"), 0);
    box_make(&box);
    box.device.port.vault_vfs = disk.name;
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(vault_put(box.v, FLOOR, "old", 3, &box.err), SOTTO_OK);
    assert_int_equal(vault_begin(box.v, &box.err), SOTTO_OK);
    assert_int_equal(vault_put(box.v, FLOOR, "new", 3, &box.err), SOTTO_OK);
    disk.sync_fails = 1;

    assert_int_equal(vault_commit(box.v, &box.err), SOTTO_E_IO);

    disk.sync_fails = 0;
    uint64_t writes = disk.writes, syncs = disk.syncs;
    vault_rollback(box.v);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED);
    assert_int_equal(vault_begin(box.v, &box.err), SOTTO_E_STATE);
    box_close(&box);
    assert_int_equal(disk.writes, writes); /* nothing more through that handle, not even at close */
    assert_int_equal(disk.syncs, syncs);
    assert_int_equal(box_restart(&box), SOTTO_OK);
    assert_int_equal(vault_get(box.v, FLOOR, found, sizeof found, &n, &box.err), SOTTO_OK);
    assert_true(memcmp(found, "old", 3) == 0 || memcmp(found, "new", 3) == 0);
    box_free(&box);
    fault_vfs_unregister(&disk);
}

/* A small life: a vault is made, profiles come, records are rewritten, a transaction spans rows.
 * Counts in *acked how many steps were acknowledged. */
enum { LIFE_STEPS = 12 };
static int life(struct vault_box *box, int *acked) {
    int status = box_open(box);
    if (status != SOTTO_OK) return status;
    for (*acked = 1; *acked < LIFE_STEPS; ++*acked) {
        uint8_t bytes[BOX_CHUNK_BYTES];
        uint32_t slot = 0;
        char name[32];
        snprintf(name, sizeof name, "person %d", *acked);
        box_content(bytes, (unsigned)*acked, 0);
        status = vault_begin(box->v, &box->err);
        if (status == SOTTO_OK) status = vault_profile_create(box->v, name, &slot, &box->err);
        if (status == SOTTO_OK)
            status = vault_put(box->v, (struct vault_key){VAULT_PROFILE, slot, 0}, bytes,
                               sizeof bytes, &box->err);
        if (status == SOTTO_OK) status = vault_put(box->v, FLOOR, acked, sizeof *acked, &box->err);
        if (status == SOTTO_OK) status = vault_commit(box->v, &box->err);
        if (status != SOTTO_OK) {
            vault_rollback(box->v);
            return status;
        }
    }
    return SOTTO_OK;
}

/* What was acknowledged is there; the step that was cut is there as a whole or not at all. */
static void check_life(struct vault_box *box, int acked) {
    int floor = 0;
    size_t n;
    int status = vault_get(box->v, FLOOR, &floor, sizeof floor, &n, &box->err);
    if (acked > 1) assert_int_equal(status, SOTTO_OK);
    assert_true(floor == (acked > 1 ? acked - 1 : 0) || floor == (acked ? acked : 1));
    assert_int_equal(vault_profile_count(box->v), floor);
    for (int i = 1; i <= floor; i++) {
        char name[32];
        snprintf(name, sizeof name, "person %d", i);
        assert_true(box_profile_is_whole(box, name, (unsigned)i, 0));
    }
}

/* Cuts the life at every instant; returns how many cuts there were. */
static long cut_life_everywhere(struct fault_vfs *disk) {
    long limit;
    for (limit = 0;; limit++) {
        struct vault_box box;
        int acked = 0;
        long fuse = limit / 2; /* each instant once whole, once torn */
        box_make(&box);
        box.device.port.vault_vfs = disk->name;
        disk->is_torn = (int)(limit & 1);
        disk->loss_seed = (uint64_t)limit;
        disk->fuse = box.device.fuse = &fuse;

        int status = life(&box, &acked);

        box_close(&box);
        disk->fuse = NULL;
        assert_int_equal(box_restart(&box), SOTTO_OK);
        check_life(&box, acked);
        assert_int_equal(vault_put(box.v, FLOOR, &acked, sizeof acked, &box.err), SOTTO_OK);
        box_free(&box);
        if (status == SOTTO_OK && !disk->is_torn) return limit;
        assert_true(limit < 1000);
    }
}

/* Whatever became of the writes that no sync followed: all there, none, any half of them. */
static void a_power_cut_at_any_instant_keeps_what_was_acknowledged(void **state) {
    static const enum fault_loss losses[] = {FAULT_LOSS_NONE, FAULT_LOSS_ALL, FAULT_LOSS_SOME};
    struct fault_vfs disk;
    (void)state;
    assert_int_equal(fault_vfs_register(&disk, "life"), 0);
    for (unsigned i = 0; i < ARRAY_LEN(losses); i++) {
        disk.loss = losses[i];
        long cuts = cut_life_everywhere(&disk);
        print_message("%ld power cuts, %llu writes lost\n", cuts, (unsigned long long)disk.lost);
        assert_true(cuts > 60);
        assert_true(losses[i] == FAULT_LOSS_NONE ? disk.lost == 0 : disk.lost > 60);
    }
    fault_vfs_unregister(&disk);
}

/* Killed by the kernel instead of by the simulation, at moments nobody chose. */
static void a_killed_process_leaves_every_acknowledged_record(void **state) {
    (void)state;
    for (unsigned kill_us = 0; kill_us < 20; kill_us++) {
        struct vault_box box;
        int pipe_fd[2], child_status;
        uint32_t acked = 0, one;
        box_make(&box);
        assert_int_equal(pipe(pipe_fd), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            uint8_t bytes[BOX_CHUNK_BYTES];
            if (box_open(&box) != SOTTO_OK) _exit(1);
            for (uint32_t i = 0;; i++) {
                box_content(bytes, 5, i);
                if (vault_put(box.v, (struct vault_key){VAULT_OUTBOX, 1, i}, bytes, sizeof bytes,
                              &box.err) != SOTTO_OK ||
                    write(pipe_fd[1], &i, sizeof i) != sizeof i)
                    _exit(1);
            }
        }
        close(pipe_fd[1]);
        assert_int_equal(read(pipe_fd[0], &one, sizeof one), sizeof one);
        acked = one + 1;
        usleep(kill_us * 700);
        assert_int_equal(kill(child, SIGKILL), 0);
        while (read(pipe_fd[0], &one, sizeof one) == sizeof one) acked = one + 1;
        close(pipe_fd[0]);
        assert_int_equal(waitpid(child, &child_status, 0), child);
        assert_true(WIFSIGNALED(child_status));

        assert_int_equal(box_restart(&box), SOTTO_OK);
        assert_true(is_filled(&box, acked));
        box_free(&box);
    }
}

/* ---- Damage ------------------------------------------------------------------------------- */

/* A small vault of every kind of row, closed; returns its bytes. */
static uint8_t *small_vault(struct vault_box *box, size_t *n) {
    box_make(box);
    assert_int_equal(box_open(box), SOTTO_OK);
    box_profile(box, "ada", 1, 1);
    assert_int_equal(vault_put(box->v, FLOOR, "floor", 5, &box->err), SOTTO_OK);
    box_close(box);
    uint8_t *bytes = file_slurp(box->db, n);
    assert_non_null(bytes);
    return bytes;
}

static int small_vault_is_right(struct vault_box *box) {
    uint8_t found[8];
    size_t n;
    return vault_profile_count(box->v) == 1 && box_profile_is_whole(box, "ada", 1, 1) &&
           vault_get(box->v, FLOOR, found, sizeof found, &n, &box->err) == SOTTO_OK && n == 5 &&
           memcmp(found, "floor", 5) == 0;
}

/* Opens whatever lies there: all of it right, or a clean error; never a part, never a crash. */
static int opens_right_or_not_at_all(struct vault_box *box) {
    int status = box_open(box);
    int is_fine = status == SOTTO_OK ? small_vault_is_right(box)
                                     : vault_state(box->v) != SOTTO_STORAGE_OK &&
                                           strstr(box->err.message, "vault") != NULL;
    box_close(box);
    if (!is_fine) print_error("status %d: %s\n", status, box->err.message);
    return is_fine;
}

static void any_changed_byte_gives_all_the_data_or_a_clean_error(void **state) {
    struct vault_box box;
    size_t n;
    (void)state;
    uint8_t *bytes = small_vault(&box, &n);
    for (size_t i = 0; i < n; i++) {
        const uint8_t was = bytes[i];
        bytes[i] = (uint8_t)(was ^ (1u << i % 8));
        assert_int_equal(file_spill(box.db, bytes, n), 0);
        if (!opens_right_or_not_at_all(&box)) fail_msg("after a change at byte %zu", i);
        bytes[i] = was;
        remove(box.log);
    }
    assert_int_equal(file_spill(box.db, bytes, n), 0);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_true(small_vault_is_right(&box));
    free(bytes);
    box_free(&box);
}

static void any_truncation_gives_all_the_data_or_a_clean_error(void **state) {
    struct vault_box box;
    size_t n;
    (void)state;
    uint8_t *bytes = small_vault(&box, &n);
    /* SQLite takes a file of one byte for an empty one, and an empty file is a new vault. */
    for (size_t length = 2; length < n; length += length % 512 < 2 || length % 512 > 509 ? 1 : 85) {
        assert_int_equal(file_spill(box.db, bytes, length), 0);
        int status = box_open(&box);
        if (status == SOTTO_OK) fail_msg("opened after %zu of %zu bytes", length, n);
        box_close(&box);
        remove(box.log);
    }
    free(bytes);
    box_free(&box);
}

/* A log left by a crash: damage there may cost the last commits (that is where a torn write ends)
 * but never gives a wrong or half a transaction. */
static void any_changed_byte_of_the_log_keeps_transactions_whole(void **state) {
    struct fault_vfs disk;
    struct vault_box box;
    size_t db_n, log_n;
    long fuse = 0;
    (void)state;
    assert_int_equal(fault_vfs_register(&disk, "log"), 0);
    box_make(&box);
    box.device.port.vault_vfs = disk.name;
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 1);
    assert_int_equal(box_restart(&box), SOTTO_OK); /* ada is in the file */
    box_profile(&box, "grace", 2, 1);              /* grace in the log */
    disk.fuse = &fuse;                             /* no power at close: the log stays */
    box_close(&box);
    disk.fuse = NULL;
    uint8_t *db = file_slurp(box.db, &db_n), *log = file_slurp(box.log, &log_n);
    assert_non_null(db);
    assert_non_null(log);
    assert_true(log_n > 2000);
    unsigned kept = 0, lost = 0;
    for (size_t i = 0; i < log_n; i += 3) {
        uint32_t slot;
        log[i] ^= 0x10;
        assert_int_equal(file_spill(box.db, db, db_n), 0);
        assert_int_equal(file_spill(box.log, log, log_n), 0);
        int status = box_open(&box);
        if (status == SOTTO_OK) {
            assert_true(box_profile_is_whole(&box, "ada", 1, 1));
            int is_there = vault_profile_find(box.v, "grace", &slot) == SOTTO_OK;
            if (is_there) assert_true(box_profile_is_whole(&box, "grace", 2, 1));
            kept += (unsigned)is_there;
            lost += (unsigned)!is_there;
        }
        box_close(&box);
        log[i] ^= 0x10;
    }
    assert_true(lost > kept);
    free(db);
    free(log);
    box_free(&box);
    fault_vfs_unregister(&disk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_fails_the_vault_and_space_brings_it_back),
        cmocka_unit_test(a_file_size_limit_fails_the_vault_and_lifting_it_brings_it_back),
        cmocka_unit_test(a_real_full_disk_behaves_like_the_simulated_one),
        cmocka_unit_test(a_failed_sync_poisons_the_handle_until_it_is_reopened),
        cmocka_unit_test(a_power_cut_at_any_instant_keeps_what_was_acknowledged),
        cmocka_unit_test(a_killed_process_leaves_every_acknowledged_record),
        cmocka_unit_test(any_changed_byte_gives_all_the_data_or_a_clean_error),
        cmocka_unit_test(any_truncation_gives_all_the_data_or_a_clean_error),
        cmocka_unit_test(any_changed_byte_of_the_log_keeps_transactions_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
