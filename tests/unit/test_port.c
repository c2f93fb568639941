/* What the engine needs of the system it runs on: memory that can be locked, files that stay
 * locked, mappings that are aligned; and what it does without. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "platform/linux/parts.h"
#include "tests/support/kiosk.h"
#include "vault/vault.h"

static const struct make_policy usual;

/* ---- Memory that cannot be locked -------------------------------------------------------- */

#define NOT_HERE 77 /* exit status: this system locks whatever the limit says */

/* Lets this process lock `bytes`, no more: root may lock everything and must give that up first. */
static int limit_locks(size_t bytes) {
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct caps[2];
    struct rlimit limit = {bytes, bytes};
    if (syscall(SYS_capget, &head, caps) != 0) return -1;
    caps[CAP_IPC_LOCK / 32].effective &= ~(1u << CAP_IPC_LOCK % 32);
    caps[CAP_IPC_LOCK / 32].permitted &= ~(1u << CAP_IPC_LOCK % 32);
    if (syscall(SYS_capset, &head, caps) != 0) return -1;
    return setrlimit(RLIMIT_MEMLOCK, &limit);
}

/* True where the limit bites: AddressSanitizer, for one, turns mlock into a success. */
static int locks_are_limited(size_t bytes) {
    size_t n = bytes + (1u << 20);
    /* cppcheck-suppress invalidFunctionArg ; an anonymous mapping has no file: -1 is what POSIX
     * asks */
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int is_limited = p != MAP_FAILED && mlock(p, n) != 0;
    if (p != MAP_FAILED) munmap(p, n);
    return is_limited;
}

/* Runs `check` in a process that may lock `bytes`; what it returns is the line that failed, or 0.
 */
static void with_limit(size_t bytes, int (*check)(struct kiosk *k), struct kiosk *k) {
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (limit_locks(bytes) != 0 || !locks_are_limited(bytes)) _exit(NOT_HERE);
        int line = check(k);
        _exit(line > NOT_HERE ? 1 + line % 64 : line);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NOT_HERE) {
        print_message("locking memory is not limited here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print_error("line %d: %s\n", __LINE__, #condition);                                    \
            return __LINE__;                                                                       \
        }                                                                                          \
    } while (0)

static int allocates(struct kiosk *k) {
    int is_locked = 7;
    (void)k;
    EXPECT(crypto_init() == 0);
    EXPECT(locked_alloc(100000) == NULL);
    uint8_t *plain = guarded_alloc(100000, &is_locked);
    EXPECT(plain && !is_locked);
    for (size_t i = 0; i < 100000; i++) EXPECT(plain[i] == 0);
    locked_free(plain);
    return 0;
}

static void memory_that_is_not_locked_is_not_called_locked(void **state) {
    (void)state;
    int is_locked;
    assert_int_equal(crypto_init(), 0);
    with_limit(0, allocates, NULL);
    void *p = guarded_alloc(100, &is_locked); /* a page: every system allows that */
    assert_non_null(p);
    assert_true(is_locked);
    locked_free(p);
}

static size_t bytes_asked_for(const char *message) {
    const char *at = strstr(message, "RLIMIT_MEMLOCK to ");
    return at ? (size_t)strtoull(at + strlen("RLIMIT_MEMLOCK to "), NULL, 10) : 0;
}

static int refuses_or_is_allowed(struct kiosk *k) {
    struct sotto_error err;
    struct sotto_health health = {.size = sizeof health};
    k->device.port.allow_unlocked = 0;
    EXPECT(sotto_open(&k->config, &k->engine, &err) == SOTTO_E_MEMORY);
    EXPECT(!k->engine);
    EXPECT(bytes_asked_for(err.message) > 100000);
    k->device.port.allow_unlocked = 1;
    EXPECT(sotto_open(&k->config, &k->engine, &err) == SOTTO_OK);
    EXPECT(sotto_health(k->engine, &health) == SOTTO_OK);
    EXPECT(health.memory_locked == 0 && health.storage == SOTTO_STORAGE_OK);
    sotto_close(k->engine);
    return 0;
}

static size_t asked_for;
static int opens_with_what_it_asked_for(struct kiosk *k) {
    struct sotto_error err;
    struct sotto_health health = {.size = sizeof health};
    k->device.port.allow_unlocked = 0;
    if (sotto_open(&k->config, &k->engine, &err) != SOTTO_OK) print_error("%s\n", err.message);
    EXPECT(k->engine);
    EXPECT(sotto_health(k->engine, &health) == SOTTO_OK);
    EXPECT(health.memory_locked == 1 && health.storage == SOTTO_STORAGE_OK);
    sotto_close(k->engine);
    return 0;
}

static int asks(struct kiosk *k) {
    struct sotto_error err;
    k->device.port.allow_unlocked = 0;
    EXPECT(sotto_open(&k->config, &k->engine, &err) == SOTTO_E_MEMORY);
    int fd = open("asked", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    size_t bytes = bytes_asked_for(err.message);
    EXPECT(fd >= 0 && write(fd, &bytes, sizeof bytes) == sizeof bytes);
    close(fd);
    return 0;
}

static int goes_on_without_storage(struct kiosk *k) {
    struct sotto_error err;
    struct sotto_health health = {.size = sizeof health};
    k->device.port.allow_unlocked = 0;
    EXPECT(sotto_open(&k->config, &k->engine, &err) == SOTTO_OK);
    EXPECT(sotto_health(k->engine, &health) == SOTTO_OK);
    EXPECT(health.memory_locked == 1 && health.storage == SOTTO_STORAGE_FAILED);
    EXPECT(health.storage_status == SOTTO_E_MEMORY);
    EXPECT(strstr(health.storage_message, "RLIMIT_MEMLOCK"));
    sotto_close(k->engine);
    return 0;
}

/* Room for the engine's secrets, none for the vault's keys. */
static void vault_keeps_no_keys_in_memory_that_may_be_swapped(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_error err;
    struct sotto_health health = {.size = sizeof health};
    size_t block, page = (size_t)sysconf(_SC_PAGESIZE);
    kiosk_make(&k, 60, &usual, 0);
    assert_int_equal(sotto_memory_needed(&k.config, &block, &err), SOTTO_OK);
    kiosk_open(&k);
    assert_int_equal(sotto_health(k.engine, &health), SOTTO_OK);
    sotto_close(k.engine);
    k.engine = NULL;
    size_t secrets = health.memory_bytes - block - vault_locked_bytes();

    with_limit((secrets + 16 + page - 1) / page * page + page, goes_on_without_storage, &k);

    kiosk_free(&k);
}

/* Promise 1: what may reach swap is refused, unless the port says that it may. */
static void engine_refuses_to_keep_secrets_in_memory_that_may_be_swapped(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 0);
    with_limit(0, refuses_or_is_allowed, &k);
    kiosk_free(&k);
}

static void engine_opens_under_the_limit_it_asks_for(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 3000, &usual, 0);
    assert_int_equal(chdir(k.dir), 0);
    with_limit(0, asks, &k);
    int fd = open("asked", O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, &asked_for, sizeof asked_for), sizeof asked_for);
    close(fd);
    with_limit(asked_for, opens_with_what_it_asked_for, &k);
    assert_int_equal(chdir("/"), 0);
    kiosk_free(&k);
}

/* ---- Files ------------------------------------------------------------------------------- */

/* Whether another process would find the vault's file locked. */
static int is_locked_for_others(const char *path) {
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = open(path, O_RDWR);
        if (fd < 0 || fcntl(fd, F_GETLK, &lock) != 0) _exit(2);
        _exit(lock.l_type != F_UNLCK ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 2);
    return WEXITSTATUS(status);
}

static void second_port_in_a_process_does_not_unlock_the_vault_of_the_first(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_linux device;
    struct sotto_port port;
    struct sotto_error err;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    assert_true(is_locked_for_others(k.device.host.vault_path));
    memset(&device, 0, sizeof device);

    assert_int_equal(
        sotto_linux_port(&device, k.device.host.key_dir, k.device.host.vault_path, &port, &err),
        SOTTO_OK);

    assert_true(is_locked_for_others(k.device.host.vault_path));
    kiosk_free(&k);
}

static void private_file_is_made_kept_or_refused(void **state) {
    (void)state;
    char dir[] = "/tmp/sotto-test-XXXXXX", path[64], link[64];
    struct stat st;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/file", dir);
    snprintf(link, sizeof link, "%s/link", dir);
    assert_int_equal(linux_file_private(path), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 0);
    make_file(path, "content", 7);
    assert_int_equal(chmod(path, 0664), 0);

    assert_int_equal(linux_file_private(path), 0);

    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 7);
    assert_int_equal(symlink(path, link), 0);
    assert_true(linux_file_private(link) < 0);
    assert_true(linux_file_private(dir) < 0);
    assert_true(linux_file_private("/proc/no-such-directory/file") < 0);
    unlink(link);
    unlink(path);
    rmdir(dir);
}

/* ---- Mappings ---------------------------------------------------------------------------- */

static int map_crookedly(void *ctx, const char *path, const uint8_t **bytes, size_t *n) {
    const uint8_t *straight;
    int status = linux_file_map(ctx, path, &straight, n);
    if (status != 0 || strstr(path, ".minisig")) {
        *bytes = straight;
        return status;
    }
    uint8_t *copy = aligned_alloc(64, (*n + 64 + 63) / 64 * 64);
    assert_non_null(copy);
    memcpy(copy + 8, straight, *n);
    linux_file_unmap(ctx, straight, *n);
    *bytes = copy + 8;
    return 0;
}

static void unmap_crookedly(void *ctx, const uint8_t *bytes, size_t n) {
    if ((uintptr_t)bytes % 64 == 8)
        free((void *)(uintptr_t)(bytes - 8));
    else
        linux_file_unmap(ctx, bytes, n);
}

static void mapping_that_is_not_aligned_is_refused(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_error err;
    kiosk_make(&k, 60, &usual, 1);
    k.device.port.file_map = map_crookedly;
    k.device.port.file_unmap = unmap_crookedly;
    assert_int_equal(sotto_open(&k.config, &k.engine, &err), SOTTO_E_ARGUMENT);
    assert_non_null(strstr(err.message, "aligned to 64"));
    kiosk_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_is_not_locked_is_not_called_locked),
        cmocka_unit_test(engine_refuses_to_keep_secrets_in_memory_that_may_be_swapped),
        cmocka_unit_test(vault_keeps_no_keys_in_memory_that_may_be_swapped),
        cmocka_unit_test(engine_opens_under_the_limit_it_asks_for),
        cmocka_unit_test(second_port_in_a_process_does_not_unlock_the_vault_of_the_first),
        cmocka_unit_test(private_file_is_made_kept_or_refused),
        cmocka_unit_test(mapping_that_is_not_aligned_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
