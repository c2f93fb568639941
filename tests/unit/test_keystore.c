/* Key stores in files and simulated ones: the contract, then what only files have to withstand. */
#include "tests/support/keystore_contract.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/canary.h"

/* ---- Only in files ------------------------------------------------------------------------ */

static void key_path(const struct keystore *s, const char *name, char path[128]) {
    snprintf(path, 128, "%s/%s", s->keys, name);
}

static void key_files_are_for_their_owner_alone(void **state) {
    struct keystore s;
    struct stat st;
    char path[128];
    static const char *const names[] = {".", "device.key", "slot-0.key"};
    (void)state;
    mode_t before = umask(0);
    keystore_make(&s, &file_store, 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    umask(before);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        key_path(&s, names[i], path);
        assert_int_equal(lstat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, i ? 0600 : 0700);
    }
    keystore_free(&s);
}

/* What somebody did to one file of the store; the slot then must not be believed. */
enum meddling { GROUP_READS, FOREIGN_OWNER, SYMLINK, HARD_LINK, FIFO, FOLDER, MEDDLINGS };

static int meddle(const char *path, const char *aside, enum meddling how) {
    switch (how) {
    case GROUP_READS: return chmod(path, 0640);
    case FOREIGN_OWNER: return chown(path, 65534, 65534);
    case SYMLINK: return rename(path, aside) || symlink(aside, path);
    case HARD_LINK: return link(path, aside);
    case FIFO: return remove(path) || mkfifo(path, 0600);
    case FOLDER: return remove(path) || mkdir(path, 0700);
    case MEDDLINGS: break;
    }
    return -1;
}

static void key_files_that_were_meddled_with_are_refused(void **state) {
    (void)state;
    for (enum meddling how = 0; how < MEDDLINGS; how++) {
        struct keystore s;
        struct sotto_error err;
        struct sotto_port port;
        struct sotto_linux device = {.user = NULL};
        uint8_t bytes[64], secret[32];
        char path[128], aside[128];
        size_t n;
        if (how == FOREIGN_OWNER && geteuid() != 0) continue; /* only root can give files away */
        keystore_make(&s, &file_store, 0);
        assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
        snprintf(aside, sizeof aside, "%s/aside", s.dir);
        key_path(&s, "slot-0.key", path);
        assert_int_equal(meddle(path, aside, how), 0);

        assert_true(s.port.slot_get(s.port.ctx, 0, bytes, sizeof bytes, &n) < 0);

        remove(path);
        remove(aside);
        key_path(&s, "device.key", path);
        assert_int_equal(meddle(path, aside, how), 0);
        assert_true(s.port.device_secret(s.port.ctx, secret) < 0);
        assert_true(sotto_linux_port(&device, s.keys, NULL, &port, &err) < 0);
        assert_non_null(strstr(err.message, "device.key"));
        assert_null(port.slot_get);
        keystore_free(&s);
    }
}

/* The slot can still be destroyed: what an attacker left in its place must not hold up an erasure.
 */
static void a_meddled_slot_is_unlinked_but_nothing_it_points_to_is_touched(void **state) {
    struct keystore s;
    char path[128], aside[128];
    size_t n;
    (void)state;
    keystore_make(&s, &file_store, 0);
    snprintf(aside, sizeof aside, "%s/precious", s.dir);
    assert_int_equal(file_spill(aside, "precious", 8), 0);
    key_path(&s, "slot-0.key", path);
    assert_int_equal(symlink(aside, path), 0);

    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);

    assert_true(keystore_holds(&s, 0, NULL, 0));
    uint8_t *bytes = file_slurp(aside, &n);
    assert_non_null(bytes);
    assert_int_equal(n, 8);
    assert_memory_equal(bytes, "precious", 8);
    free(bytes);
    keystore_free(&s);
}

static void a_key_directory_that_others_may_enter_is_refused(void **state) {
    struct keystore s;
    struct sotto_error err;
    struct sotto_port port;
    struct sotto_linux device = {.user = NULL};
    char link[96];
    (void)state;
    keystore_make(&s, &file_store, 0);
    snprintf(link, sizeof link, "%s/link", s.dir);
    assert_int_equal(symlink(s.keys, link), 0);
    assert_int_equal(sotto_linux_port(&device, link, NULL, &port, &err), SOTTO_E_KEY);
    static const mode_t modes[] = {0750, 0701, 0777};
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        assert_int_equal(chmod(s.keys, modes[i]), 0);
        assert_int_equal(sotto_linux_port(&device, s.keys, NULL, &port, &err), SOTTO_E_KEY);
        assert_true(keystore_put(&s, 0, A, sizeof A) < 0);
    }
    assert_int_equal(chmod(s.keys, 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(s.keys, 65534, 65534), 0);
        assert_int_equal(sotto_linux_port(&device, s.keys, NULL, &port, &err), SOTTO_E_KEY);
    }
    keystore_free(&s);
}

static void a_device_key_of_the_wrong_length_is_refused_and_kept(void **state) {
    struct keystore s;
    struct sotto_error err;
    struct sotto_port port;
    struct sotto_linux device = {.user = NULL};
    char path[128];
    size_t n;
    (void)state;
    keystore_make(&s, &file_store, 0);
    key_path(&s, "device.key", path);
    static const size_t lengths[] = {0, 31, 33, SOTTO_SLOT_BYTES_MAX + 1};
    static const uint8_t bytes[SOTTO_SLOT_BYTES_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        assert_int_equal(file_spill(path, bytes, lengths[i]), 0);
        assert_int_equal(sotto_linux_port(&device, s.keys, NULL, &port, &err), SOTTO_E_KEY);
        uint8_t *found = file_slurp(path, &n);
        assert_int_equal(n, lengths[i]);
        free(found);
    }
    keystore_free(&s);
}

static void a_key_in_files_is_the_whole_file_and_no_copy_of_it_stays(void **state) {
    struct keystore s;
    static uint8_t bytes[SOTTO_SLOT_BYTES_MAX];
    char path[128];
    struct stat st;
    (void)state;
    keystore_make(&s, &file_store, 0);
    for (size_t i = 0; i < sizeof bytes; i += CANARY_BYTES) {
        char canary[CANARY_BYTES + 1];
        canary_make(canary, (unsigned)i);
        memcpy(bytes + i, canary,
               i + CANARY_BYTES <= sizeof bytes ? CANARY_BYTES : sizeof bytes - i);
    }
    assert_int_equal(s.port.slot_bytes, SOTTO_SLOT_BYTES_MAX);
    assert_int_equal(keystore_put(&s, 0, bytes, sizeof bytes), 0);
    key_path(&s, "slot-0.key", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, SOTTO_SLOT_BYTES_MAX);
    assert_int_equal(canary_count(s.dir, bytes, sizeof bytes, CANARY_PIECE), 1);

    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);

    assert_int_equal(canary_count(s.dir, bytes, sizeof bytes, CANARY_PIECE), 0);
    keystore_free(&s);
}

/* As a cut leaves it that comes before the file loses its name. */
static void a_slot_of_zeros_is_empty_and_can_be_filled_and_destroyed(void **state) {
    static const uint8_t zeros[SOTTO_SLOT_BYTES_MAX];
    static const size_t lengths[] = {0, 32, SOTTO_SLOT_BYTES_MAX};
    struct keystore s;
    char path[128];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        keystore_make(&s, &file_store, 0);
        assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
        key_path(&s, "slot-0.key", path);
        assert_int_equal(file_spill(path, zeros, lengths[i]), 0);

        assert_true(keystore_holds(&s, 0, NULL, 0));

        assert_int_equal(keystore_put(&s, 0, B, sizeof B), 0);
        assert_true(keystore_holds(&s, 0, B, sizeof B));
        assert_int_equal(file_spill(path, zeros, lengths[i]), 0);
        assert_int_equal(keystore_destroy(&s, 0, NULL), 0);
        assert_int_equal(s.kind->count(&s), 0);
        keystore_free(&s);
    }
}

static void a_port_without_a_key_directory_has_no_keys_and_opens_no_engine(void **state) {
    struct sotto_linux device = {.user = NULL};
    struct sotto_port port;
    struct sotto_error err;
    struct sotto *engine;
    (void)state;

    assert_int_equal(sotto_linux_port(&device, NULL, NULL, &port, &err), SOTTO_OK);

    assert_int_equal(port.key_caps, 0);
    assert_null(port.device_secret);
    assert_null(port.slot_put);
    const struct sotto_config config = {
        .size = sizeof config, .port = &port, .model_pack = "none", .model_key = "none"};
    assert_int_equal(sotto_open(&config, &engine, &err), SOTTO_E_ARGUMENT);
}

/* With an argument: only the tests of that name, * for anything. */
int main(int argc, char **argv) {
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest on_files[] = CONTRACT(file_store), on_sim[] = CONTRACT(sim_store);
    const struct CMUnitTest only_files[] = {
        cmocka_unit_test(key_files_are_for_their_owner_alone),
        cmocka_unit_test(key_files_that_were_meddled_with_are_refused),
        cmocka_unit_test(a_meddled_slot_is_unlinked_but_nothing_it_points_to_is_touched),
        cmocka_unit_test(a_key_directory_that_others_may_enter_is_refused),
        cmocka_unit_test(a_device_key_of_the_wrong_length_is_refused_and_kept),
        cmocka_unit_test(a_key_in_files_is_the_whole_file_and_no_copy_of_it_stays),
        cmocka_unit_test(a_slot_of_zeros_is_empty_and_can_be_filled_and_destroyed),
        cmocka_unit_test(a_port_without_a_key_directory_has_no_keys_and_opens_no_engine),
    };
    int failed = cmocka_run_group_tests_name("contract, files", on_files, NULL, NULL);
    failed += cmocka_run_group_tests_name("contract, simulated", on_sim, NULL, NULL);
    failed += cmocka_run_group_tests_name("only files", only_files, NULL, NULL);
    return failed;
}
