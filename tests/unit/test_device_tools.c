/* `sotto report preview` and `sotto budget` on a device's own vault: what they show is what leaves.
 */
#include "tests/support/test.h"

#include <time.h>

#include "platform/linux/sotto_linux.h"
#include "sotto_report.h"
#include "tests/support/kiosk.h"
#include "tests/support/pack_tool.h"
#include "tools/common/cli.h"
#include "tools/sotto/commands.h"

/* A real device (files for keys) on a clock that lies three days behind. */
struct device_at_work {
    struct kiosk k; /* for its packs */
    struct sotto_linux linux_port;
    struct sotto_port port;
    int64_t behind_s;
};
static struct device_at_work w;

static int wall(void *ctx, int64_t *s) {
    (void)ctx;
    *s = (int64_t)time(NULL) - w.behind_s;
    return 0;
}

static struct sotto *open_engine(struct pack_tool *t) {
    struct sotto_error err;
    struct sotto *e = NULL;
    if (sotto_linux_port(&w.linux_port, pack_tool_path(t, "keys"), pack_tool_path(t, "vault.db"),
                         &w.port, &err) != SOTTO_OK)
        fail_msg("%s", err.message);
    w.port.clock_wall_s = wall;
    w.port.allow_unlocked = 1;
    struct sotto_config config = w.k.config;
    config.port = &w.port;
    if (sotto_open(&config, &e, &err) != SOTTO_OK) fail_msg("%s", err.message);
    return e;
}

/* Three visits, three days ago; then the vault is closed. */
static void work(struct pack_tool *t, const struct make_policy *policy) {
    kiosk_make(&w.k, 60, policy, 1);
    w.behind_s = 3 * 86400;
    struct sotto *e = open_engine(t);
    struct sotto *before = w.k.engine;
    w.k.engine = e;
    for (int v = 0; v < 3; v++) {
        sotto_session s = kiosk_session(&w.k, NULL, 1u << SOTTO_PURPOSE_MEASURE);
        kiosk_record(&w.k, s, 1, SOTTO_EVENT_PURCHASE);
        assert_int_equal(sotto_session_end(e, s), SOTTO_OK);
    }
    sotto_close(e);
    w.k.engine = before;
    w.behind_s = 0;
}

static int run(struct pack_tool *t, int (*command)(int, char **), const char *verb,
               const char *more) {
    return pack_tool_run(t, command, verb, "--model", w.k.model_path, "--model-key", w.k.model_key,
                         "--policy", w.k.policy_path, "--policy-key", w.k.policy_key, "--keys",
                         pack_tool_path(t, "keys"), "--vault", pack_tool_path(t, "vault.db"), more,
                         NULL);
}

static void preview_shows_the_very_bytes_that_leave_and_what_they_mean(void **state) {
    struct pack_tool *t = *state;
    uint8_t bytes[SOTTO_REPORT_MAX];
    char hex[2 * SOTTO_REPORT_MAX + 1];
    uint64_t cursor = 0;
    int64_t release_s;
    size_t n;
    work(t, &(struct make_policy){.eps_micro = 1000000});

    assert_int_equal(pack_tool_run(t, report_main, "report", "--all", "--hex", "--model",
                                   w.k.model_path, "--model-key", w.k.model_key, "--policy",
                                   w.k.policy_path, "--policy-key", w.k.policy_key, "--keys",
                                   pack_tool_path(t, "keys"), "--vault",
                                   pack_tool_path(t, "vault.db"), "preview", NULL),
                     EXIT_OK);
    assert_non_null(strstr(t->out, "\"interest\" (metric 1)"));
    assert_non_null(strstr(t->out, "group-0"));
    assert_non_null(strstr(t->out, "a factor of at\n  most 2.72"));
    assert_non_null(strstr(t->out, "k times separately"));

    /* The bytes that the outbox holds stand there in hex, in full. */
    struct sotto *e = open_engine(t);
    assert_int_equal(sotto_report_preview(e, &cursor, &release_s, bytes, sizeof bytes, &n),
                     SOTTO_OK);
    for (size_t i = 0; i < n; i++) snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    for (size_t i = 0; i < 2 * n; i += 64) {
        char line[65];
        snprintf(line, sizeof line, "%.64s", hex + i);
        assert_non_null(strstr(t->out, line));
    }
    sotto_close(e);
    kiosk_free(&w.k);
}

static void budget_tells_what_is_spent_protected_and_not(void **state) {
    struct pack_tool *t = *state;
    work(t, &(struct make_policy){
                .eps_micro = 1000000, .year_micro = 366000000, .lifetime_micro = 1830000000});

    assert_int_equal(run(t, budget_main, "budget", "--explain"), EXIT_OK);
    assert_non_null(strstr(t->out, "reports made"));
    assert_non_null(strstr(t->out, "of 366"));
    assert_non_null(strstr(t->out, "What is protected: a visit."));
    assert_non_null(strstr(t->out, "k visits are protected k"));
    assert_non_null(strstr(t->out, "e^(k x 1)"));
    assert_null(strstr(t->out, "household"));

    assert_int_equal(run(t, budget_main, "budget", "--json"), EXIT_OK);
    assert_non_null(strstr(t->out, "\"unit\": \"visit\""));
    assert_non_null(strstr(t->out, "\"window_micro\": 1000000"));
    kiosk_free(&w.k);
}

static void wrong_command_lines_and_foreign_vaults_are_told(void **state) {
    struct pack_tool *t = *state;
    work(t, &(struct make_policy){.eps_micro = 1000000});
    assert_int_equal(pack_tool_run(t, budget_main, "budget", NULL), EXIT_USAGE);
    assert_non_null(strstr(t->err, "--model"));
    assert_int_equal(pack_tool_run(t, report_main, "report", NULL), EXIT_USAGE);
    assert_int_equal(pack_tool_run(t, report_main, "report", "preview", "--no-such", NULL),
                     EXIT_USAGE);
    assert_int_equal(pack_tool_run(t, budget_main, "budget", "--help", NULL), EXIT_OK);
    /* Other keys: the vault is not theirs, and stays as it is. */
    assert_int_not_equal(pack_tool_run(t, budget_main, "budget", "--model", w.k.model_path,
                                       "--model-key", w.k.model_key, "--policy", w.k.policy_path,
                                       "--policy-key", w.k.policy_key, "--keys",
                                       pack_tool_path(t, "other-keys"), "--vault",
                                       pack_tool_path(t, "vault.db"), NULL),
                         EXIT_OK);
    assert_non_null(strstr(t->err, "vault"));
    kiosk_free(&w.k);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, pack_tool_setup, pack_tool_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(preview_shows_the_very_bytes_that_leave_and_what_they_mean),
        IN_FOLDER(budget_tells_what_is_spent_protected_and_not),
        IN_FOLDER(wrong_command_lines_and_foreign_vaults_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
