/* canary: promise 1, over a whole life of a kiosk: no plaintext of a profile reaches a file, the
 * raw disk under it, a buffer given to the kernel, an output stream, the system's log, an error's
 * text or what a core dump would hold. Each search is shown to find what is there. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "platform/sim/fault_vfs.h"
#include "tests/canary/spy.h"
#include "tests/support/canary.h"
#include "tests/support/kiosk.h"
#include "tests/support/maps.h"

#define STORE       (1u << SOTTO_PURPOSE_STORE)
#define PERSONALISE (1u << SOTTO_PURPOSE_PERSONALISE)
#define MEASURE     (1u << SOTTO_PURPOSE_MEASURE)

enum { ITEMS = 60, SELECTED = 45, NAME_NUMBER = 4711 };

static const struct make_policy usual;

/* ---- What must not be seen ---------------------------------------------------------------- */

/* The item of the i-th event. */
static unsigned item_of_event(unsigned i) { return 13 + i * 7 % 47; }

static void item_key(uint8_t key[8], unsigned item) {
    char id[32];
    snprintf(id, sizeof id, "item-%u", item);
    store64(key, hash_item_id(id));
}

/* Five pieces of the profile's name; each event as it lies in memory (the item's key and number);
 * each two items as they follow each other in a chunk. The catalogue holds keys too, but not so. */
static void add_secrets(void) {
    char name[CANARY_BYTES + 1];
    canary_make(name, NAME_NUMBER);
    for (unsigned i = 0; i < 5; i++) spy_add(name + SPY_BYTES * i);
    wipe(name, sizeof name);
    for (unsigned i = 0; i < SELECTED; i++) {
        uint8_t pair[16];
        item_key(pair, item_of_event(i));
        store32(pair + 8, item_of_event(i));
        spy_add(pair);
        item_key(pair + 8, item_of_event(i + 1));
        spy_add(pair);
        wipe(pair, sizeof pair);
    }
}

/* ---- A life ------------------------------------------------------------------------------- */

static sotto_session canary_begins(struct kiosk *k, unsigned purposes) {
    char name[CANARY_BYTES + 1];
    canary_make(name, NAME_NUMBER);
    sotto_session s = kiosk_session(k, name, purposes);
    wipe(name, sizeof name);
    return s;
}

static void canary_selects(struct kiosk *k, sotto_session s) {
    for (unsigned i = 0; i < SELECTED; i++)
        kiosk_record(k, s, item_of_event(i), SOTTO_EVENT_SELECT);
}

/* A message is for people and logs: it goes to standard error, as a program would send it. */
static void complain(struct kiosk *k, int status) {
    if (status < 0) fprintf(stderr, "%s\n", sotto_last_error(k->engine));
}

/* Everything that a device does, also while its disk is full, its key store fails and its banner is
 * broken. `disk` may be NULL. */
static void live(struct kiosk *k, struct fault_vfs *disk) {
    struct sotto_item items[10];
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    uint8_t report[SOTTO_REPORT_MAX];
    size_t n;
    sotto_session s = canary_begins(k, STORE | PERSONALISE | MEASURE);
    canary_selects(k, s);
    kiosk_slate(k, s, items, 10, NULL);
    sim_device_advance(&k->device, 6000);
    complain(k, sotto_tick(k->engine));
    complain(k, sotto_session_end(k->engine, s));

    kiosk_restart(k);
    s = canary_begins(k, 0);
    k->device.banner = SIM_BANNER_FAILS;
    kiosk_slate(k, s, items, 10, NULL);
    k->device.banner = SIM_BANNER_ACCEPTED;
    if (disk) disk->is_full = 1;
    canary_selects(k, s);
    sim_device_advance(&k->device, 6000);
    complain(k, sotto_tick(k->engine));
    complain(k, sotto_consent_set(k->engine, s, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_WITHDRAWN));
    if (disk) disk->is_full = 0;
    for (unsigned day = 0; day < 2; day++) {
        sim_device_advance(&k->device, 86400 * 1000);
        complain(k, sotto_tick(k->engine));
    }
    complain(k, sotto_report_seal(k->engine, 1, 1, report, sizeof report, &n));

    k->device.slot_get_fails = 1;
    sotto_close(k->engine);
    k->engine = NULL;
    kiosk_open(k);
    s = canary_begins(k, 0);
    canary_selects(k, s);
    char name[CANARY_BYTES + 1];
    canary_make(name, NAME_NUMBER);
    complain(k, sotto_erase(k->engine, name, &receipt));
    k->device.slot_get_fails = 0;
    complain(k, sotto_session_end(k->engine, s));
    sim_device_advance(&k->device, 60000);
    complain(k, sotto_tick(k->engine));
    s = canary_begins(k, STORE | PERSONALISE);
    canary_selects(k, s);
    complain(k, sotto_session_end(k->engine, s));
    complain(k, sotto_erase(k->engine, name, &receipt));
    complain(k, sotto_erase(k->engine, name, &receipt));
    wipe(name, sizeof name);
}

/* How many secrets the file holds. */
static unsigned secrets_in_file(const char *path) {
    size_t n = 0;
    uint8_t *bytes = file_slurp(path, &n);
    assert_non_null(bytes);
    unsigned found = spy_count(bytes, n);
    free(bytes);
    return found;
}

/* ---- Files and buffers -------------------------------------------------------------------- */

static void nothing_is_seen_in_buffers_files_streams_messages_and_logs(void **state) {
    (void)state;
    static const char *const files[] = {"device/vault.db", "device/vault.db-wal", "told"};
    struct kiosk k;
    struct fault_vfs disk;
    char path[128];
    assert_int_equal(fault_vfs_register(&disk, "canary"), 0);
    kiosk_make(&k, ITEMS, &usual, 0);
    k.device.port.vault_vfs = disk.name;
    kiosk_open(&k);
    snprintf(path, sizeof path, "%s/told", k.dir);
    fflush(NULL);
    int told = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), out = dup(1), err = dup(2);
    assert_true(told >= 0 && out >= 0 && err >= 0);
    add_secrets();
    assert_true(dup2(told, 1) == 1 && dup2(told, 2) == 2);

    live(&k, &disk);

    fflush(NULL);
    assert_true(dup2(out, 1) == 1 && dup2(err, 2) == 2);
    uint64_t hits = spy_hits;
    assert_in_range(spy_buffers, 100, UINT32_MAX); /* SQLite's writes were seen */
    for (unsigned i = 0; i < ARRAY_LEN(files); i++) {
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", k.dir, files[i]);
        if (stat(path, &st) == 0) assert_int_equal(secrets_in_file(path), 0);
        if (strcmp(files[i], "told") == 0) assert_true(st.st_size > 100); /* it did complain */
    }
    assert_int_equal(hits, 0);

    /* The same search, where there is something to find. */
    char name[CANARY_BYTES + 1];
    canary_make(name, NAME_NUMBER);
    assert_int_equal(write(told, name, CANARY_BYTES), CANARY_BYTES);
    assert_int_equal(spy_hits, 1);
    snprintf(path, sizeof path, "%s/told", k.dir);
    assert_int_equal(secrets_in_file(path), 5);
    spy_forget();
    close(told), close(out), close(err);
    kiosk_free(&k);
    fault_vfs_unregister(&disk);
}

/* ---- The raw disk ------------------------------------------------------------------------- */

/* In a mount namespace of its own, on an ext4 of its own over /tmp. Exit 0, 2 where that is not
 * allowed, else the number of the check that failed. */
static int on_a_disk_of_its_own(const char *image) {
    char command[256];
    struct kiosk k;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return 2;
    snprintf(command, sizeof command,
             "truncate -s 24M %s && mkfs.ext4 -q %s && mount -o loop %s /tmp", image, image, image);
    if (system(command) != 0) return 2; /* NOLINT(cert-env33-c): fixed words, a folder of ours */
    unsetenv("TMPDIR");                 /* so that the kiosk lies on that disk */
    kiosk_make(&k, ITEMS, &usual, 0);
    kiosk_open(&k);
    live(&k, NULL);
    sotto_session s = canary_begins(&k, STORE | PERSONALISE);
    canary_selects(&k, s);
    sim_device_advance(&k.device, 6000);
    if (sotto_tick(k.engine) != SOTTO_OK) return 3;
    sync();
    sotto_close(
        k.engine); /* nothing is removed: what was deleted before must be gone all the same */
    return system("umount /tmp") == 0 ? 0 : 4; /* NOLINT(cert-env33-c) */
}

static void nothing_is_seen_on_the_raw_disk(void **state) {
    (void)state;
    char dir[] = "/var/tmp/sotto-canary-XXXXXX", image[64];
    int child_status;
    assert_non_null(mkdtemp(dir));
    snprintf(image, sizeof image, "%s/image", dir);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(on_a_disk_of_its_own(image));
    assert_int_equal(waitpid(child, &child_status, 0), child);
    assert_true(WIFEXITED(child_status));
    if (WEXITSTATUS(child_status) == 2) {
        folder_remove(dir);
        print_message("needs root, e2fsprogs and a loop device\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(child_status), 0);
    size_t n = 0;
    uint8_t *bytes = file_slurp(image, &n);
    assert_non_null(bytes);
    add_secrets();

    assert_int_equal(spy_count(bytes, n), 0);

    /* It is that disk: the vault and the catalogue lie on it. */
    assert_non_null(memmem(bytes, n, "SQLite format 3", 15));
    assert_non_null(memmem(bytes, n, "item-13", 8));
    spy_forget();
    free(bytes);
    folder_remove(dir);
}

/* ---- Memory -------------------------------------------------------------------------------- */

/* Secrets in the memory of process `pid`: in what a core dump would hold, and in what it would
 * leave out (mappings with VM_DONTDUMP, core(5)). */
struct traces {
    unsigned dumped, left_out;
};

static struct traces look_into(pid_t pid) {
    struct traces t = {0, 0};
    char path[64], line[512];
    uint8_t *bytes = NULL;
    size_t cap = 0;
    unsigned long from = 0, to = 0;
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int mem = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%d/smaps", (int)pid);
    FILE *maps = fopen(path, "r");
    assert_true(mem >= 0 && maps);
    while (fgets(line, sizeof line, maps)) {
        if (maps_line(line, &from, &to)) continue;
        if (strncmp(line, "VmFlags:", 8) != 0) continue;
        if (!strstr(line, " rd") || !strstr(line, " wr")) continue;
        if (to - from > cap) {
            free(bytes);
            cap = to - from;
            bytes = malloc(cap);
            assert_non_null(bytes);
        }
        ssize_t n = pread(mem, bytes, to - from, (off_t)from);
        assert_int_equal(n, to - from);
        unsigned found = spy_count(bytes, (size_t)n);
        if (strstr(line, " dd"))
            t.left_out += found;
        else
            t.dumped += found;
    }
    fclose(maps);
    close(mem);
    free(bytes);
    return t;
}

static int is_instrumented(void) {
#ifdef __SANITIZE_ADDRESS__
    return 1;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    return 1;
#endif
#endif
    return getenv("SOTTO_EMULATOR") != NULL;
}

/* Tells the parent that it got so far, and waits until it may go on. */
static void meet(const int to_parent[2], const int to_child[2]) {
    char c = 'x';
    if (write(to_parent[1], &c, 1) != 1 || read(to_child[0], &c, 1) != 1) _exit(1);
}

static void wait_for(const int to_parent[2]) {
    char c;
    assert_int_equal(read(to_parent[0], &c, 1), 1);
}

static void go_on(const int to_child[2]) { assert_int_equal(write(to_child[1], "x", 1), 1); }

static void nothing_is_seen_in_what_a_core_dump_would_hold(void **state) {
    (void)state;
    int to_parent[2] = {-1, -1}, to_child[2] = {-1, -1}, child_status;
    if (is_instrumented()) {
        print_message("the memory of an emulator or sanitizer is not the program's\n");
        skip();
    }
    assert_true(pipe(to_parent) == 0 && pipe(to_child) == 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct kiosk k;
        struct sotto_item items[10];
        close(to_child[1]); /* a parent that failed must not be waited for */
        kiosk_make(&k, ITEMS, &usual, 0);
        kiosk_open(&k);
        live(&k, NULL);
        sotto_session s = canary_begins(&k, STORE | PERSONALISE);
        canary_selects(&k, s);
        kiosk_slate(&k, s, items, 10, NULL);
        meet(to_parent, to_child); /* in the middle of a visit */
        if (sotto_session_end(k.engine, s) != SOTTO_OK) _exit(2);
        meet(to_parent, to_child); /* after it */
        s = canary_begins(&k, 0);
        canary_selects(&k, s);
        sim_device_advance(&k.device, 86400 * 1000);
        if (sotto_tick(k.engine) != SOTTO_OK) _exit(3);
        meet(to_parent, to_child); /* when nobody touched it for long */
        kiosk_free(&k);
        meet(to_parent, to_child);
        _exit(0);
    }
    add_secrets();

    wait_for(to_parent);
    struct traces visit = look_into(child);
    go_on(to_child);
    wait_for(to_parent);
    struct traces after = look_into(child);
    go_on(to_child);
    wait_for(to_parent);
    struct traces idle = look_into(child);
    go_on(to_child);
    wait_for(to_parent);
    struct traces closed = look_into(child);
    go_on(to_child);

    assert_int_equal(waitpid(child, &child_status, 0), child);
    assert_int_equal(child_status, 0);
    spy_forget();
    print_message("traces: visit %u+%u, after %u+%u, idle %u+%u, closed %u+%u\n", visit.dumped,
                  visit.left_out, after.dumped, after.left_out, idle.dumped, idle.left_out,
                  closed.dumped, closed.left_out);
    assert_int_equal(visit.dumped, 0);
    assert_true(visit.left_out >= 5 + SELECTED); /* the search finds what is there */
    /* A stored profile's name stays, with its key, in locked memory; nothing of the visit does. */
    assert_int_equal(after.dumped, 0);
    assert_in_range(after.left_out, 1, 5);
    assert_int_equal(idle.dumped, 0);
    assert_in_range(idle.left_out, 1, 5);
    assert_int_equal(closed.dumped + closed.left_out, 0);
}

/* A child whose check failed must not go on with the other tests in its parent's place. */
static pid_t parent;
static int end_children(void **state) {
    (void)state;
    if (getpid() != parent) _exit(9);
    return 0;
}

/* Memory first: the others' own searches leave what they look for on this program's heap. */
int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(nothing_is_seen_in_what_a_core_dump_would_hold, end_children),
        cmocka_unit_test_teardown(nothing_is_seen_in_buffers_files_streams_messages_and_logs,
                                  end_children),
        cmocka_unit_test_teardown(nothing_is_seen_on_the_raw_disk, end_children),
    };
    parent = getpid();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
