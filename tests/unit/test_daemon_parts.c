/* What the daemons are made of, piece by piece: settings, the export of reports, who passes the
 * gate of sotto-web, when sotto-upload tries again. */
#include "tests/support/test.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "sotto_report.h"
#include "tests/support/dice.h"
#include "tests/support/files.h"
#include "tests/support/lent_engine.h"
#include "tools/common/settings.h"
#include "tools/sotto-upload/pace.h"
#include "tools/sotto-web/gate.h"

/* ---- Settings ------------------------------------------------------------------------------ */

static struct {
    char name[SETTING_TEXT_BYTES];
    uint64_t number, is_on, once;
} set;
static const struct setting table[] = {
    {"a", "name", SETTING_TEXT, set.name, 0, 0, "a name"},
    {"a", "number", SETTING_NUMBER, &set.number, 2, 9, "a number"},
    {"b", "on", SETTING_YES_NO, &set.is_on, 0, 0, "a switch"},
    {NULL, "once", SETTING_FLAG, &set.once, 0, 0, "a flag"},
};
static const struct settings settings = {.program = "test",
                                         .file = "/nonexistent/test.conf",
                                         .table = table,
                                         .n = ARRAY_LEN(table),
                                         .about = "A test.",
                                         .after = ""};

static int read_words(const char *const *words) {
    char *argv[12];
    int n = 0;
    for (; words[n]; n++) argv[n] = (char *)(uintptr_t)words[n];
    argv[n] = NULL;
    memset(&set, 0, sizeof set);
    set.number = 5;
    return settings_read(&settings, n, argv);
}
#define READ(...) read_words((const char *const[]){"test", __VA_ARGS__, NULL})

static void the_command_line_comes_after_the_file(void **state) {
    char dir[64];
    (void)state;
    scratch_make(dir);
    const char *path =
        scratch_text(dir, "t.conf", "; a remark\n[a]\nname = here \nnumber = 7\n[b]\non = yes\n");

    assert_int_equal(READ("--number", "9", "--config", path, "--once"), 0);

    assert_string_equal(set.name, "here");
    assert_int_equal(set.number, 9);
    assert_int_equal(set.is_on, 1);
    assert_int_equal(set.once, 1);
    assert_int_equal(READ("--name", "", "--on", "no"), 0); /* no file: the defaults */
    assert_int_equal(set.number, 5);
    scratch_free(dir);
}

static void a_wrong_file_is_refused_with_its_line(void **state) {
    static const char *const files[] = {"[a]\nnam = x\n",
                                        "[c]\nname = x\n",
                                        "name = x\n",
                                        "[a]\nname = x\nname = y\n",
                                        "[a]\nnumber = 1\n",
                                        "[a]\nnumber = 10\n",
                                        "[a]\nnumber = -3\n",
                                        "[a]\nnumber = +3\n",
                                        "[a]\nnumber = 3x\n",
                                        "[a]\nnumber =\n",
                                        "[a]\nnumber = 99999999999999999999999\n",
                                        "[b]\non = true\n",
                                        "[b]\nonce = yes\n",
                                        "[a]\nname\n",
                                        "[a\nname = x\n"};
    char dir[64], line[400];
    struct sotto_error err;
    (void)state;
    scratch_make(dir);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        const char *path = scratch_text(dir, "t.conf", files[i]);
        err.message[0] = '\0';
        if (settings_file(&settings, path, &err) != SOTTO_E_FORMAT ||
            !strstr(err.message, "t.conf:"))
            fail_msg("%s was taken, or: %s", files[i], err.message);
    }
    memset(line, 'x', sizeof line);
    memcpy(line, "[a]\nname = ", 11);
    line[sizeof line - 1] = '\0';
    assert_int_equal(settings_file(&settings, scratch_text(dir, "t.conf", line), &err),
                     SOTTO_E_FORMAT);
    assert_int_equal(settings_file(&settings, "/nonexistent/t.conf", &err), SOTTO_E_IO);
    scratch_free(dir);
}

/* ---- Reports as files ---------------------------------------------------------------------- */

static size_t file_bytes(const char *dir, const char *name, uint8_t *bytes, size_t cap) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(bytes, 1, cap, f) : 0;
    if (f) fclose(f);
    return n;
}

/* The one report of lent_engine: its bytes as the engine hands them out. */
static size_t the_report(struct lent_engine *l, uint8_t bytes[SOTTO_REPORT_MAX], uint64_t *cursor) {
    size_t n = 0;
    *cursor = 0;
    assert_int_equal(sotto_outbox_next(l->service.engine, cursor, bytes, SOTTO_REPORT_MAX, &n),
                     SOTTO_OK);
    return n;
}

static void a_report_becomes_a_file_once_with_its_very_bytes(void **state) {
    static struct lent_engine l;
    uint8_t bytes[SOTTO_REPORT_MAX], got[SOTTO_REPORT_MAX + 1];
    char dir[128], path[256];
    struct sotto_error err;
    uint64_t cursor;
    (void)state;
    lent_engine_make(&l);
    snprintf(dir, sizeof dir, "%s/outbox", l.k.dir);
    size_t n = the_report(&l, bytes, &cursor);

    uint64_t made = exporter_run(&l.exporter, l.service.engine);

    assert_true(made >= 1);
    assert_string_equal(exporter_message(&l.exporter), "");
    assert_int_equal(exporter_waiting(&l.exporter), made);
    assert_int_equal(file_bytes(dir, "0000000001.report", got, sizeof got), n);
    assert_memory_equal(got, bytes, n);

    /* Once: also when it was taken away, also after a restart. */
    snprintf(path, sizeof path, "%s/0000000001.report", dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(exporter_run(&l.exporter, l.service.engine), 0);
    exporter_close(&l.exporter);
    assert_int_equal(exporter_open(&l.exporter, dir, 8, &err), SOTTO_OK);
    assert_int_equal(exporter_run(&l.exporter, l.service.engine), 0);

    /* Before its cursor was written the power went: the same name, the same bytes. */
    exporter_close(&l.exporter);
    snprintf(path, sizeof path, "%s/cursor", dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(exporter_open(&l.exporter, dir, 8, &err), SOTTO_OK);
    assert_int_equal(exporter_run(&l.exporter, l.service.engine), made);
    assert_int_equal(file_bytes(dir, "0000000001.report", got, sizeof got), n);
    assert_memory_equal(got, bytes, n);
    lent_engine_free(&l);
}

static void a_full_or_damaged_folder_is_told_and_nothing_lost(void **state) {
    static struct lent_engine l;
    char dir[128], path[256];
    struct sotto_error err;
    (void)state;
    lent_engine_make(&l);
    snprintf(dir, sizeof dir, "%s/outbox", l.k.dir);
    const char *other = scratch_text(dir, "9999999999.report", "waits");
    l.exporter.files_max = 1;

    assert_int_equal(exporter_run(&l.exporter, l.service.engine), 0);
    assert_non_null(strstr(exporter_message(&l.exporter), "wait to be sent"));
    assert_int_equal(unlink(other), 0);
    assert_int_equal(exporter_run(&l.exporter, l.service.engine), 1);

    static const char *const cursors[] = {"",     "1",      "x\n",
                                          "-1\n", "1\n2\n", "99999999999999999999999\n"};
    for (size_t i = 0; i < ARRAY_LEN(cursors); i++) {
        scratch_text(dir, "cursor", cursors[i]);
        exporter_close(&l.exporter);
        assert_int_equal(exporter_open(&l.exporter, dir, 8, &err), SOTTO_OK);
        if (exporter_run(&l.exporter, l.service.engine) != 0 ||
            !strstr(exporter_message(&l.exporter), "`cursor` is damaged"))
            fail_msg("the cursor \"%s\" was believed", cursors[i]);
    }

    /* Put right, it goes on without a new start. */
    snprintf(path, sizeof path, "%s/cursor", dir);
    assert_int_equal(unlink(path), 0);
    assert_true(exporter_run(&l.exporter, l.service.engine) >= 1);
    assert_string_equal(exporter_message(&l.exporter), "");
    snprintf(path, sizeof path, "%s/none", dir);
    assert_int_equal(exporter_open(&l.exporter, path, 8, &err), SOTTO_E_IO);
    lent_engine_free(&l);
}

/* sotto-upload may write into the folder, and speaks to strangers. */
static void what_lies_in_the_folder_neither_stops_the_daemon_nor_leads_elsewhere(void **state) {
    static struct lent_engine l;
    char dir[128], path[256], precious[256], text[16] = "";
    struct sotto_error err;
    (void)state;
    lent_engine_make(&l);
    snprintf(dir, sizeof dir, "%s/outbox", l.k.dir);
    snprintf(precious, sizeof precious, "%s", scratch_text(l.k.dir, "precious", "kept"));
    snprintf(path, sizeof path, "%s/.writing", dir);
    assert_int_equal(link(precious, path), 0);

    uint64_t made = exporter_run(&l.exporter, l.service.engine);

    assert_true(made >= 1);
    assert_int_equal(file_bytes(l.k.dir, "precious", (uint8_t *)text, sizeof text - 1), 4);
    assert_string_equal(text, "kept");

    /* Pipes that nobody writes to or reads from. */
    exporter_close(&l.exporter);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s/cursor", dir);
    assert_true(unlink(path) == 0 && mkfifo(path, 0600) == 0);
    assert_int_equal(exporter_open(&l.exporter, dir, 8, &err), SOTTO_OK);
    assert_int_equal(exporter_run(&l.exporter, l.service.engine), 0);
    assert_non_null(strstr(exporter_message(&l.exporter), "`cursor` is damaged"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(exporter_run(&l.exporter, l.service.engine), made);
    lent_engine_free(&l);
}

/* ---- The gate ------------------------------------------------------------------------------ */

static const struct gate gate = {
    8471, "http://127.0.0.1:8471 https://kiosk.example",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
#define TOKEN "Bearer 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static unsigned judge(const struct gate_request *r, enum gate_what *what) {
    const char *why = NULL;
    unsigned status = 200;
    *what = gate_judge(&gate, r, &status, &why);
    assert_int_equal(*what == GATE_REFUSED, why != NULL);
    return status;
}

static void each_header_alone_can_close_the_gate(void **state) {
    const struct gate_request good = {.method = "POST",
                                      .path = "/rpc",
                                      .host = "127.0.0.1:8471",
                                      .origin = "https://kiosk.example",
                                      .content_type = "application/json",
                                      .content_length = "65536",
                                      .authorization = TOKEN};
    enum gate_what what;
    (void)state;
    assert_int_equal(judge(&good, &what), 200);
    assert_int_equal(what, GATE_RPC);
#define WITH(FIELD, VALUE, STATUS)                                                                 \
    do {                                                                                           \
        struct gate_request r = good;                                                              \
        r.FIELD = VALUE;                                                                           \
        assert_int_equal(judge(&r, &what), STATUS);                                                \
        assert_int_equal(what, GATE_REFUSED);                                                      \
    } while (0)
    WITH(host, NULL, 403);
    WITH(host, "kiosk.example:8471", 403);
    WITH(host, "127.0.0.1:84710", 403);
    WITH(origin, NULL, 403);
    WITH(origin, "https://kiosk.example.evil", 403);
    WITH(origin, "https://kiosk.exampl", 403);
    WITH(origin, "", 403);
    WITH(content_type, NULL, 415);
    WITH(content_type, "text/plain", 415);
    WITH(authorization, NULL, 401);
    WITH(authorization, "Bearer ", 401);
    WITH(authorization, TOKEN "0", 401);
    WITH(content_length, NULL, 411);
    WITH(content_length, "65537", 413);
    WITH(content_length, "99999999999999999999999999", 413);
    WITH(content_length, "-1", 413);
    WITH(content_length, "1x", 400);
    WITH(transfer_encoding, "chunked", 411);
    WITH(method, "GET", 405);
#undef WITH
}

static void only_files_are_free_of_the_token(void **state) {
    struct gate_request r = {.method = "GET", .path = "/index.html", .host = "localhost:8471"};
    enum gate_what what;
    (void)state;
    assert_int_equal(judge(&r, &what), 200);
    assert_int_equal(what, GATE_PAGE);
    r.path = "/events";
    assert_int_equal(judge(&r, &what), 401);
    r.authorization = TOKEN;
    assert_int_equal(judge(&r, &what), 200);
    assert_int_equal(what, GATE_EVENTS);
    r.fetch_site = "same-site";
    assert_int_equal(judge(&r, &what), 403);
    r.fetch_site = "same-origin";
    assert_int_equal(judge(&r, &what), 200);
}

/* ---- When to try again --------------------------------------------------------------------- */

static void waiting_grows_with_failures_and_stays_in_its_bounds(void **state) {
    struct dice d = {2026};
    struct pace p = {3600, 60, 86400, 0};
    uint64_t low = UINT64_MAX, high = 0;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t wait = pace_wait_s(&p, dice_u64(&d));
        low = wait < low ? wait : low;
        high = wait > high ? wait : high;
    }
    assert_int_equal(low, 0);
    assert_int_equal(high, 3600);
    for (p.failures = 1; p.failures < 100; p.failures++) {
        uint64_t most = p.failures < 12 ? 60ull << (p.failures - 1) : 86400;
        most = most > 86400 ? 86400 : most;
        for (int i = 0; i < 200; i++) {
            uint64_t wait = pace_wait_s(&p, dice_u64(&d));
            assert_in_range(wait, most / 2, most);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_command_line_comes_after_the_file),
        cmocka_unit_test(a_wrong_file_is_refused_with_its_line),
        cmocka_unit_test(a_report_becomes_a_file_once_with_its_very_bytes),
        cmocka_unit_test(a_full_or_damaged_folder_is_told_and_nothing_lost),
        cmocka_unit_test(what_lies_in_the_folder_neither_stops_the_daemon_nor_leads_elsewhere),
        cmocka_unit_test(each_header_alone_can_close_the_gate),
        cmocka_unit_test(only_files_are_free_of_the_token),
        cmocka_unit_test(waiting_grows_with_failures_and_stays_in_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
