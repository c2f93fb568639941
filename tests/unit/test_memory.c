/* Promise 1 where it concerns memory: what the kernel knows of the arenas, what a child or a dump
 * would see, and what is left once a person has gone. */
#include "tests/support/test.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "engine.h"
#include "platform/linux/parts.h"
#include "tests/support/kiosk.h"
#include "tests/support/maps.h"
#include "tests/support/canary.h"
#include "vault/inside.h"

static const struct make_policy usual;

/* ---- What the kernel knows ---------------------------------------------------------------- */

/* The VmFlags of the mapping that holds `p`; "" when the system does not tell. */
static void flags_of(const void *p, char flags[256]) {
    char line[512];
    int is_here = 0;
    FILE *smaps = fopen("/proc/self/smaps", "r");
    flags[0] = 0;
    while (smaps && fgets(line, sizeof line, smaps)) {
        unsigned long from = 0, to = 0;
        if (maps_line(line, &from, &to))
            is_here = (uintptr_t)p >= from && (uintptr_t)p < to;
        else if (is_here && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(flags, 256, "%.254s ", line + 8);
    }
    if (smaps) fclose(smaps);
}

static int has_flag(const void *p, const char *flag) {
    char flags[256], wanted[8];
    flags_of(p, flags);
    snprintf(wanted, sizeof wanted, " %s ", flag);
    return strstr(flags, wanted) != NULL;
}

/* What this system makes of a page of our own: sanitizers and emulators swallow some calls. */
static int system_shows(const char *flag) {
    /* cppcheck-suppress invalidFunctionArg ; an anonymous mapping has no file */
    void *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    (void)mlock(p, 65536);
    (void)madvise(p, 65536, MADV_DONTDUMP);
    (void)madvise(p, 65536, MADV_WIPEONFORK);
    int is_shown = has_flag(p, flag);
    munmap(p, 65536);
    return is_shown;
}

static void arenas_are_locked_undumpable_and_hidden_from_children(void **state) {
    static const char *const wanted[] = {"lo", "dd", "wf"};
    struct kiosk k;
    unsigned looked_at = 0;
    (void)state;
    kiosk_make(&k, 3000, &usual, 0);
    kiosk_open(&k);
    const void *arenas[] = {k.engine->secrets, k.engine->workspace.score.sums,
                            (const uint8_t *)(k.engine->workspace.inputs + SOTTO_HISTORY_MAX) - 1,
                            k.engine->vault->keys,
                            (const uint8_t *)(k.engine->vault->keys + 1) - 1};
    for (size_t w = 0; w < ARRAY_LEN(wanted); w++) {
        if (!system_shows(wanted[w])) {
            print_message("this system does not show \"%s\"\n", wanted[w]);
            continue;
        }
        for (size_t i = 0; i < ARRAY_LEN(arenas); i++, looked_at++)
            if (!has_flag(arenas[i], wanted[w])) fail_msg("arena %zu lacks \"%s\"", i, wanted[w]);
    }
    kiosk_free(&k);
    if (looked_at == 0) skip();
}

/* Runs `look` in a child; true if it returned 0. */
static int in_child(int (*look)(const void *), const void *p) {
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGSEGV, SIG_DFL);
        (void)signal(SIGBUS, SIG_DFL);
        _exit(look(p));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static size_t arena_n;
static int is_zero(const void *p) {
    const uint8_t *bytes = p;
    for (size_t i = 0; i < arena_n; i++)
        if (bytes[i]) return 1;
    return 0;
}

static void a_forked_child_finds_zeros_where_the_secrets_are(void **state) {
    struct kiosk k;
    (void)state;
    if (!system_shows("wf")) skip();
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "ada", 1u << SOTTO_PURPOSE_STORE);
    kiosk_record(&k, s, 3, SOTTO_EVENT_VIEW);

    arena_n = sizeof *k.engine->secrets;
    assert_int_equal(is_zero(k.engine->secrets), 1); /* the parent has some */
    assert_true(in_child(is_zero, k.engine->secrets));
    arena_n = sizeof *k.engine->vault->keys;
    assert_int_equal(is_zero(k.engine->vault->keys), 1);
    assert_true(in_child(is_zero, k.engine->vault->keys));

    kiosk_free(&k);
}

static int engine_refuses(const void *engine) {
    struct sotto *e = (struct sotto *)(uintptr_t)engine;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    uint8_t bytes[8];
    sotto_session s;
    if (sotto_tick(e) != SOTTO_E_STATE || !strstr(sotto_last_error(e), "fork")) return 1;
    if (sotto_session_begin(e, "eve", &s) != SOTTO_E_STATE) return 2;
    if (sotto_erase(e, NULL, &receipt) != SOTTO_E_STATE) return 3;
    if (rng_bytes(&e->secrets->rng, bytes, sizeof bytes) == 0) return 4; /* zeros for random */
    sotto_close(e);
    return 0;
}

static void an_engine_in_a_forked_child_refuses_and_harms_nothing(void **state) {
    struct kiosk k;
    struct sotto_health health = {.size = sizeof health};
    (void)state;
    if (!system_shows("wf")) skip();
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "ada", 1u << SOTTO_PURPOSE_STORE);
    kiosk_record(&k, s, 3, SOTTO_EVENT_VIEW);

    assert_true(in_child(engine_refuses, k.engine));

    kiosk_record(&k, s, 4, SOTTO_EVENT_VIEW);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    kiosk_restart(&k);
    assert_int_equal(sotto_health(k.engine, &health), SOTTO_OK);
    assert_int_equal(health.storage, SOTTO_STORAGE_OK);
    assert_int_equal(health.profiles, 1);
    kiosk_free(&k);
}

static int peek(const void *p) {
    (void)*(const volatile uint8_t *)p;
    return 0;
}

static void reading_past_an_arena_faults_instead_of_leaking(void **state) {
    int is_locked;
    const size_t n = 10000;
    (void)state;
    assert_int_equal(crypto_init(), 0);
    uint8_t *p = guarded_alloc(n, &is_locked);
    assert_non_null(p);
    assert_true(in_child(peek, p));
    assert_true(in_child(peek, p + n - 1));

    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    assert_false(in_child(peek, p + n));
    assert_false(in_child(peek, p - ((uintptr_t)p & (page - 1)) - 1));

    locked_free(p);
}

/* ---- Dumps -------------------------------------------------------------------------------- */

static int port_forbids_dumps(const void *dir) {
    struct sotto_linux device = {.user = NULL};
    struct sotto_port port;
    struct sotto_error err;
    struct rlimit before, core;
    if (getrlimit(RLIMIT_CORE, &before) != 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return 1;
    if (sotto_linux_port(&device, dir, NULL, &port, &err) != SOTTO_OK) return 2;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 3;
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0) return 4;
    if (core.rlim_max != before.rlim_max) return 5;
    if (sotto_linux_allow_dumps(&err) != SOTTO_OK) return 6;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1) return 7;
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != before.rlim_max) return 8;
    /* A port that cannot be made must not leave the process open either. */
    if (sotto_linux_port(&device, "/proc/none/keys", NULL, &port, &err) == SOTTO_OK) return 9;
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 10;
}

static void the_port_forbids_core_dumps_and_a_developer_may_allow_them(void **state) {
    char dir[] = "/tmp/sotto-test-XXXXXX", keys[64];
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(keys, sizeof keys, "%s/keys", dir);
    assert_true(in_child(port_forbids_dumps, keys));
    folder_remove(dir);
}

/* ---- After a person has gone -------------------------------------------------------------- */

/* The arena holds nothing but the random generator's state and the device's report key. */
static void assert_nobody_is_left(const struct kiosk *k) {
    const struct sotto *e = k->engine;
    const struct secrets *in = e->secrets;
    arena_n = sizeof in->visits;
    assert_int_equal(is_zero(in->visits), 0);
    arena_n = sizeof in->slates;
    assert_int_equal(is_zero(in->slates), 0);
    arena_n = sizeof in->debts;
    assert_int_equal(is_zero(in->debts), 0);
    /* The workspace lies behind, up to the last of the inputs. */
    arena_n = (size_t)((const uint8_t *)(e->workspace.inputs + SOTTO_HISTORY_MAX) -
                       (const uint8_t *)e->workspace.score.sums);
    assert_int_equal(is_zero(e->workspace.score.sums), 0);
    const struct vault *v = e->vault;
    arena_n = sizeof v->keys->scratch;
    assert_int_equal(is_zero(v->keys->scratch), 0);
    arena_n = sizeof v->keys->slot_bytes;
    assert_int_equal(is_zero(v->keys->slot_bytes), 0);
    arena_n = sizeof v->keys->next_root;
    assert_int_equal(is_zero(v->keys->next_root), 0);
}

/* A visitor who leaves traces wherever there is room for them. */
static sotto_session busy_visit(struct kiosk *k, const char *name) {
    struct sotto_item items[20];
    unsigned purposes = 1u << SOTTO_PURPOSE_PERSONALISE | 1u << SOTTO_PURPOSE_MEASURE;
    if (name) purposes |= 1u << SOTTO_PURPOSE_STORE;
    sotto_session s = kiosk_session(k, name, purposes);
    for (unsigned i = 0; i < 50; i++)
        kiosk_record(k, s, (i * 7) % 60, (enum sotto_event_type)(1 + i % 3));
    for (int i = 0; i < 3; i++) kiosk_slate(k, s, items, 20, NULL);
    sotto_slate open;
    const struct sotto_slate_request request = {.size = sizeof request, .count = 20, .repeats = 1};
    assert_int_equal(sotto_slate_request(k->engine, s, &request, &open), SOTTO_OK); /* stays open */
    arena_n = sizeof k->engine->secrets->visits;
    assert_int_equal(is_zero(k->engine->secrets->visits), 1); /* the test would see it */
    return s;
}

static void the_end_of_a_session_leaves_nothing_of_it_in_memory(void **state) {
    static const char *const names[] = {NULL, "a person's name"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct kiosk k;
        kiosk_make(&k, 60, &usual, 0);
        kiosk_open(&k);
        sotto_session s = busy_visit(&k, names[i]);

        assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);

        assert_nobody_is_left(&k);
        kiosk_free(&k);
    }
}

static void an_idle_session_leaves_nothing_of_it_in_memory(void **state) {
    struct kiosk k;
    (void)state;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    busy_visit(&k, NULL);
    busy_visit(&k, "a person's name");

    sim_device_advance(&k.device, 130 * 1000); /* nobody touches it, a tick comes by */
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);

    assert_nobody_is_left(&k);
    kiosk_free(&k);
}

static void an_erasure_leaves_nothing_of_an_open_session_but_its_name(void **state) {
    struct kiosk k;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    (void)state;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session s = busy_visit(&k, "ada");

    assert_int_equal(sotto_erase(k.engine, "ada", &receipt), SOTTO_OK);

    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
        const struct visit *v = &k.engine->secrets->visits[i];
        if (v->handle != s) continue;
        arena_n = sizeof v->person.history;
        assert_int_equal(is_zero(&v->person.history), 0);
        arena_n = sizeof v->tally;
        assert_int_equal(is_zero(&v->tally), 0);
    }
    kiosk_free(&k);
}

/* ---- Words -------------------------------------------------------------------------------- */

/* Everything that can be said about it fails; no message repeats whom or what it was about. */
static void no_message_tells_who_was_there_or_what_they_did(void **state) {
    static const char name[] = "CANARY Ada Lovelace 0815";
    struct kiosk k;
    struct sotto_health health = {.size = sizeof health};
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    struct sotto_rotation rotation = {.size = sizeof rotation};
    const struct sotto_event unknown = {sizeof unknown, "CANARY item", SOTTO_EVENT_VIEW};
    sotto_session s, twice;
    unsigned said = 0;
    (void)state;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    assert_int_equal(sotto_session_begin(k.engine, name, &s), SOTTO_OK);
    for (unsigned at = 0; at < 8; at++) {
        int status = 0;
        k.device.slot_put_fails = k.device.slot_destroy_fails = at >= 4;
        switch (at) {
        case 0: status = sotto_record(k.engine, s, &unknown); break;
        case 1: status = sotto_session_begin(k.engine, name, &twice); break;
        case 2: status = sotto_session_begin(k.engine, "CANARY\x01", &twice); break;
        case 3: status = sotto_stock_set(k.engine, "CANARY item", 0); break;
        case 4:
            assert_int_equal(
                sotto_consent_set(k.engine, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED),
                SOTTO_OK);
            status = sotto_erase(k.engine, name, &receipt);
            break;
        case 5: status = sotto_keys_rotate(k.engine, &rotation); break;
        case 6: status = sotto_session_end(k.engine, s); break;
        default: status = sotto_tick(k.engine); break;
        }
        said += status < 0;
        assert_null(strstr(sotto_last_error(k.engine), "CANARY"));
        assert_int_equal(sotto_health(k.engine, &health), SOTTO_OK);
        assert_null(memmem(&health, sizeof health, "CANARY", 6));
    }
    assert_true(said >= 6);
    kiosk_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arenas_are_locked_undumpable_and_hidden_from_children),
        cmocka_unit_test(a_forked_child_finds_zeros_where_the_secrets_are),
        cmocka_unit_test(an_engine_in_a_forked_child_refuses_and_harms_nothing),
        cmocka_unit_test(reading_past_an_arena_faults_instead_of_leaking),
        cmocka_unit_test(the_port_forbids_core_dumps_and_a_developer_may_allow_them),
        cmocka_unit_test(the_end_of_a_session_leaves_nothing_of_it_in_memory),
        cmocka_unit_test(an_idle_session_leaves_nothing_of_it_in_memory),
        cmocka_unit_test(an_erasure_leaves_nothing_of_an_open_session_but_its_name),
        cmocka_unit_test(no_message_tells_who_was_there_or_what_they_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
