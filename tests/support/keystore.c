/* keystore: see keystore.h. The store in files is cut by killing a process between two system
 * calls; the simulated one by its own switches. */
#include "tests/support/test.h"

#include "tests/support/keystore.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/linux/parts.h"
#include "tests/support/canary.h"

static const char *never_missing(void) { return NULL; }

/* ---- In files ----------------------------------------------------------------------------- */

static void file_make(struct keystore *s, unsigned number) { (void)s, (void)number; }

static void file_open(struct keystore *s) {
    struct sotto_error err;
    if (sotto_linux_port(&s->linux_device, s->keys, s->vault, &s->port, &err) != SOTTO_OK)
        fail_msg("%s", err.message);
}

static void file_close(struct keystore *s) { memset(&s->port, 0, sizeof s->port); }
static void file_free(struct keystore *s) { (void)s; }

/* Lets a traced child go on until it has entered `step` system calls, then kills it. 1: it ended
 * before. */
static int trace(pid_t child, long step, int *status) {
    int how, is_entering = 0;
    long calls = 0;
    while (waitpid(child, &how, 0) == child && WIFSTOPPED(how)) {
        if (WSTOPSIG(how) == SIGTRAP) {
            is_entering = !is_entering;
            if (is_entering && ++calls > step) {
                assert_int_equal(kill(child, SIGKILL), 0);
                assert_int_equal(waitpid(child, &how, 0), child);
                return 0;
            }
        }
        if (ptrace(PTRACE_SYSCALL, child, NULL, NULL) != 0) break;
    }
    assert_true(WIFEXITED(how));
    *status = (int8_t)WEXITSTATUS(how);
    return 1;
}

static int file_cut(struct keystore *s, long step, keystore_operation operation, void *args,
                    int *status) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(99);
        raise(SIGSTOP);
        _exit(operation(s, args) & 0xff);
    }
    int is_through = trace(child, step, status);
    if (is_through && *status == 99) {
        print_message("skip - cutting a store in files: nothing can be traced here\n");
        skip();
    }
    if (!is_through) file_close(s);
    return is_through;
}

/* A file where the directory should be: root is stopped by it too. */
static void file_sabotage(struct keystore *s, int is_on) {
    char away[96];
    snprintf(away, sizeof away, "%s.away", s->keys);
    if (is_on) {
        assert_int_equal(rename(s->keys, away), 0);
        assert_int_equal(file_spill(s->keys, "x", 1), 0);
    } else {
        assert_int_equal(remove(s->keys), 0);
        assert_int_equal(rename(away, s->keys), 0);
    }
}

static unsigned file_count(struct keystore *s) {
    unsigned n = 0;
    DIR *dir = opendir(s->keys);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) n += e->d_name[0] != '.';
    closedir(dir);
    return n - 1; /* device.key */
}

const struct keystore_kind file_store = {"file",        SOTTO_KEYS_SOFT, SOTTO_SLOT_BYTES_MAX,
                                         never_missing, file_make,       file_open,
                                         file_close,    file_free,       file_cut,
                                         file_sabotage, file_count};

/* ---- Simulated ---------------------------------------------------------------------------- */

static void sim_make(struct keystore *s, unsigned number) {
    uint8_t seed[32];
    struct sotto_error err;
    memset(seed, (int)number + 1, sizeof seed);
    assert_int_equal(sim_device_init(&s->sim, seed, NULL, &err), SOTTO_OK);
}

static void sim_open(struct keystore *s) {
    s->sim.fuse = NULL;
    s->sim.key_fails_at = 0;
    s->sim.key_fails_on = s->sim.key_answer_lost = 0;
    s->port = s->sim.port;
    s->port.vault_path = s->vault;
}

static void sim_close(struct keystore *s) { memset(&s->port, 0, sizeof s->port); }
static void sim_free(struct keystore *s) { sim_device_release(&s->sim); }

/* Each operation has two steps: before the deed and before the answer. */
static int sim_cut(struct keystore *s, long step, keystore_operation operation, void *args,
                   int *status) {
    s->sim.key_fails_at = (unsigned)(step / 2 + 1);
    s->sim.key_answer_lost = (int)(step & 1);
    s->sim.key_fails_on = 1;
    *status = operation(s, args);
    int is_through = s->sim.key_fails_at > 1 || *status == 0;
    s->sim.key_fails_at = 0;
    if (!is_through) sim_close(s);
    return is_through;
}

static void sim_sabotage(struct keystore *s, int is_on) {
    s->sim.key_fails_at = (unsigned)is_on;
    s->sim.key_fails_on = is_on;
}

static unsigned sim_count(struct keystore *s) {
    return (s->sim.slot[0].n > 0) + (s->sim.slot[1].n > 0);
}

const struct keystore_kind sim_store = {"sim",
                                        SOTTO_KEYS_DEVICE_BOUND | SOTTO_KEYS_DESTROY_PHYSICAL |
                                            SOTTO_KEYS_COUNTER,
                                        SOTTO_SLOT_BYTES_MAX,
                                        never_missing,
                                        sim_make,
                                        sim_open,
                                        sim_close,
                                        sim_free,
                                        sim_cut,
                                        sim_sabotage,
                                        sim_count};

/* ---- Any ---------------------------------------------------------------------------------- */

void keystore_make(struct keystore *s, const struct keystore_kind *kind, unsigned number) {
    const char *why = kind->is_missing();
    if (why) {
        print_message("skip - key stores of kind %s: %s\n", kind->name, why);
        skip();
    }
    memset(s, 0, sizeof *s);
    s->kind = kind;
    snprintf(s->dir, sizeof s->dir, "/tmp/sotto-keys-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->keys, sizeof s->keys, "%s/keys", s->dir);
    snprintf(s->vault, sizeof s->vault, "%s/vault.db", s->dir);
    kind->make(s, number);
    kind->open(s);
}

void keystore_reopen(struct keystore *s) {
    s->kind->close(s);
    s->kind->open(s);
}

void keystore_free(struct keystore *s) {
    s->kind->close(s);
    s->kind->free(s);
    folder_remove(s->dir);
}

int keystore_put(struct keystore *s, unsigned slot, const void *bytes, size_t n) {
    return s->port.slot_put(s->port.ctx, slot, bytes, n);
}

int keystore_get(struct keystore *s, unsigned slot, uint8_t *bytes, size_t *n) {
    *n = 0;
    return s->port.slot_get(s->port.ctx, slot, bytes, SOTTO_SLOT_BYTES_MAX, n);
}

int keystore_destroy(struct keystore *s, unsigned slot, int *assurance) {
    int unused;
    return s->port.slot_destroy(s->port.ctx, slot, assurance ? assurance : &unused);
}

int keystore_holds(struct keystore *s, unsigned slot, const void *bytes, size_t n) {
    static uint8_t found[SOTTO_SLOT_BYTES_MAX];
    size_t found_n;
    int status = keystore_get(s, slot, found, &found_n);
    if (n == 0) return status == 1;
    return status == 0 && found_n == n && memcmp(found, bytes, n) == 0;
}
