/* The operator counts only what fits, and loses nothing of what does not. */
#include "tests/support/test.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tests/support/fleet_dir.h"
#include "tests/support/fleet_seen.h"
#include "tools/sotto-fleet/print.h"

#define WINDOW_0 20454

static const char *reason_of(const struct fleet_dir *f, const char *file) {
    for (size_t i = 0; i < f->result.n_listed; i++)
        if (strcmp(f->result.set_aside[i].file, file) == 0) {
            assert_true(strlen(f->result.set_aside[i].detail) > 0);
            assert_true(strlen(f->result.set_aside[i].remedy) > 0);
            return f->result.set_aside[i].reason;
        }
    return "not set aside";
}

static int64_t database(const struct fleet_dir *f, const char *sql) {
    sqlite3 *db;
    sqlite3_stmt *query;
    assert_int_equal(sqlite3_open_v2(f->db, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    sqlite3_close(db);
    return v;
}

/* ---- Collecting -------------------------------------------------------------------------- */

static void reports_of_enrolled_devices_are_counted_once(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    for (int d = 0; d < 3; d++) {
        char name[32];
        struct sotto_report r = fleet_dir_report(f, d, 1, WINDOW_0, (int16_t)(10 * d));
        snprintf(name, sizeof name, "%d.report", d);
        fleet_dir_put(f, name, d, &r);
    }
    fleet_dir_put_bytes(f, "notes.txt", "not a report", 12);
    fleet_dir_put_bytes(f, ".hidden.report", "neither", 7);
    fleet_dir_collects(f, 3, 0, 0);
    assert_int_equal(f->result.files, 3);
    assert_int_equal(f->result.enrolled, 3);
    fleet_dir_collects(f, 0, 3, 0); /* again is no harm */
    assert_int_equal(database(f, "SELECT count(*) FROM reports"), 3);

    struct sotto_report r = fleet_dir_report(f, 0, 1, WINDOW_0, 0);
    fleet_dir_put(f, "copy.report", 0, &r); /* the same bytes under another name */
    fleet_dir_collects(f, 0, 4, 0);
    fleet_dir_free(f);
}

static void what_does_not_fit_is_set_aside_and_never_counted(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t n;
    struct sotto_report good = fleet_dir_report(f, 0, 5, WINDOW_0 + 5, 0), r = good;
    fleet_dir_put(f, "00-good.report", 0, &good);
    assert_int_equal(sotto_report_encode(&good, f->secret_key[0], bytes, sizeof bytes, &n),
                     SOTTO_OK);
    bytes[n - 88] ^= 1; /* a count was edited */
    fleet_dir_put_bytes(f, "edited.report", bytes, n);
    fleet_dir_put_bytes(f, "cut.report", bytes, n / 2);
    fleet_dir_put_bytes(f, "empty.report", "", 0);
    fleet_dir_put_bytes(f, "long.report", f->secret_key,
                        sizeof f->secret_key + sizeof f->public_key);
    r = fleet_dir_report(f, 3, 1, WINDOW_0, 0);
    fleet_dir_put(f, "stranger.report", 3, &r);
    r = fleet_dir_report(f, 0, 6, WINDOW_0 + 5, 1);
    fleet_dir_put(f, "window.report", 0, &r);
    r = fleet_dir_report(f, 0, 5, WINDOW_0 + 6, 0);
    fleet_dir_put(f, "sequence.report", 0, &r);
    r = fleet_dir_report(f, 0, 6, WINDOW_0 + 4, 0);
    fleet_dir_put(f, "back.report", 0, &r);
    r = fleet_dir_report(f, 0, 4, WINDOW_0 + 6, 0);
    fleet_dir_put(f, "forward.report", 0, &r);
    r = fleet_dir_report(f, 1, 1, WINDOW_0, 0);
    r.schema[0] ^= 1;
    fleet_dir_put(f, "schema.report", 1, &r);
    r = fleet_dir_report(f, 1, 1, WINDOW_0, 0);
    r.metric = 2;
    fleet_dir_put(f, "metric.report", 1, &r);
    r = fleet_dir_report(f, 1, 1, WINDOW_0, 0);
    r.eps_micro = 2000000;
    fleet_dir_put(f, "epsilon.report", 1, &r);
    r = fleet_dir_report(f, 1, 1, WINDOW_0, 0);
    r.max_cells = 1;
    fleet_dir_put(f, "bound.report", 1, &r);
    r = fleet_dir_report(f, 1, 1, WINDOW_0, 0);
    r.n_cells = 7;
    r.cells[7] = 0;
    fleet_dir_put(f, "cells.report", 1, &r);
    r = fleet_dir_report(f, 1, 1, WINDOW_0, 0);
    r.window_s = 3600;
    fleet_dir_put(f, "length.report", 1, &r);
    r = fleet_dir_report(f, 1, UINT64_MAX, WINDOW_0, 0);
    fleet_dir_put(f, "endless.report", 1, &r);
    char link[420];
    snprintf(link, sizeof link, "%s/link.report", f->reports);
    assert_int_equal(symlink("00-good.report", link), 0);

    fleet_dir_collects(f, 1, 0, 17);

    static const char *const wanted[][2] = {
        {"edited.report", "bad-signature"},    {"cut.report", "malformed"},
        {"empty.report", "malformed"},         {"long.report", "malformed"},
        {"stranger.report", "unknown-device"}, {"window.report", "window-twice"},
        {"sequence.report", "sequence-twice"}, {"back.report", "out-of-order"},
        {"forward.report", "out-of-order"},    {"schema.report", "wrong-schema"},
        {"metric.report", "wrong-schema"},     {"epsilon.report", "wrong-terms"},
        {"bound.report", "wrong-terms"},       {"cells.report", "wrong-terms"},
        {"length.report", "wrong-terms"},      {"endless.report", "malformed"},
        {"link.report", "unreadable"}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_string_equal(reason_of(f, wanted[i][0]), wanted[i][1]);
    assert_int_equal(database(f, "SELECT count(*) FROM quarantine WHERE length(remedy) > 0"), 17);
    assert_int_equal(database(f, "SELECT count(*) FROM reports"), 1);
    fleet_dir_collects(f, 0, 1, 17);
    assert_int_equal(database(f, "SELECT count(*) FROM quarantine"), 17);
    fleet_dir_free(f);
}

static void every_flipped_byte_of_a_report_is_set_aside(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t n;
    struct sotto_report r = fleet_dir_report(f, 0, 1, WINDOW_0, 0);
    assert_int_equal(sotto_report_encode(&r, f->secret_key[0], bytes, sizeof bytes, &n), SOTTO_OK);
    for (size_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "%03zu.report", i);
        bytes[i] ^= 0x10;
        fleet_dir_put_bytes(f, name, bytes, n);
        bytes[i] ^= 0x10;
    }
    fleet_dir_collects(f, 0, 0, n);
    fleet_dir_free(f);
}

static void case_is_closed_once_its_cause_is_gone(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    struct sotto_report r = fleet_dir_report(f, 3, 1, WINDOW_0, 0);
    fleet_dir_put(f, "late.report", 3, &r);
    fleet_dir_collects(f, 0, 0, 1);
    fleet_dir_enrol(f, 4);
    fleet_dir_collects(f, 1, 0, 0);
    assert_int_equal(database(f, "SELECT count(*) FROM quarantine WHERE is_resolved"), 1);
    fleet_dir_enrol(f, 2); /* devices that leave keep what they reported */
    fleet_dir_collects(f, 0, 1, 0);
    fleet_dir_free(f);
}

/* Batches have the same names every day, and reports the same lengths. */
static void case_against_a_device_outlives_the_file_it_came_in(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    struct sotto_report r = fleet_dir_report(f, 0, 1, WINDOW_0, 0);
    fleet_dir_put(f, "first.report", 0, &r);
    r.cells[0]++;
    fleet_dir_put(f, "second.report", 0, &r); /* the window noised anew */
    fleet_dir_put_bytes(f, "torn.report", "half", 4);
    fleet_dir_collects(f, 1, 0, 2);
    r = fleet_dir_report(f, 1, 1, WINDOW_0, 0);
    fleet_dir_put(f, "second.report", 1, &r); /* the place of the one, */
    r = fleet_dir_report(f, 2, 1, WINDOW_0, 0);
    fleet_dir_put(f, "torn.report", 2, &r); /* and of the other */
    fleet_dir_collects(f, 2, 1, 0);
    assert_int_equal(database(f, "SELECT count(*) FROM quarantine WHERE NOT is_resolved"), 1);
    assert_int_equal(database(f, "SELECT is_resolved FROM quarantine WHERE reason = 'malformed'"),
                     1);
    fleet_dir_free(f);
}

static void reports_under_an_earlier_policy_still_count(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    struct sotto_report old = fleet_dir_report(f, 0, 1, WINDOW_0, 0);
    fleet_dir_collects(f, 0, 0, 0); /* the old policy was known once */
    struct make_policy p = {.version = 2, .eps_micro = 500000};
    fleet_dir_policy(f, &p);
    struct sotto_report new = fleet_dir_report(f, 1, 1, WINDOW_0, 0);
    new.eps_micro = 500000;
    new.policy_version = 2;
    fleet_dir_put(f, "old.report", 0, &old);
    fleet_dir_put(f, "new.report", 1, &new);
    fleet_dir_collects(f, 2, 0, 0);
    assert_int_equal(database(f, "SELECT count(DISTINCT series) FROM reports"), 2);
    struct fleet_seen *seen = fleet_seen_new(f, NULL); /* another epsilon: never added up */
    assert_int_equal(seen->n_windows, 2);
    assert_int_equal(seen->windows[0].e.reports, 1);
    assert_int_equal(seen->windows[1].e.reports, 1);
    fleet_seen_free(seen);
    fleet_dir_free(f);
}

static void policy_that_is_not_authentic_collects_nothing(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    struct sotto_report r = fleet_dir_report(f, 0, 1, WINDOW_0, 0);
    fleet_dir_put(f, "a.report", 0, &r);
    make_public_key(f->key, FLEET_DIR_OFFICER + 1);
    assert_int_equal(fleet_dir_collect(f), SOTTO_E_SIGNATURE);
    assert_int_equal(access(f->db, F_OK), -1);
    f->options.policy_key = "/nowhere/officer.pub";
    assert_int_equal(fleet_dir_collect(f), SOTTO_E_IO);
    /* The key may also be a file, as minisign writes it. */
    char path[300], text[200];
    make_public_key(f->key, FLEET_DIR_OFFICER);
    snprintf(path, sizeof path, "%s/officer.pub", f->dir);
    int n = snprintf(text, sizeof text, "untrusted comment: minisign public key\n%s\n", f->key);
    make_file(path, text, (size_t)n);
    f->options.policy_key = path;
    fleet_dir_collects(f, 1, 0, 0);
    fleet_dir_free(f);
}

static void broken_list_of_devices_names_its_line(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    char key[65], text[2048];
    for (int i = 0; i < 64; i++) key[i] = "0123456789abcdef"[i % 16];
    key[64] = '\0';
    static const struct {
        const char *format, *says;
    } cases[] = {{"# x\n%.63s\n", ":2:"},
                 {"%s0\n", ":1:"},
                 {"\n\n%.10sx%.53s label\n", ":3:"},
                 {"%s a\n#\n%s b\n", ":3:"},
                 {"%s lab\x01"
                  "el\n",
                  ":1:"},
                 {"%s \xff\n", ":1:"},
                 {"%s kiosk @\n", ":1: the name of a group has 1 to 63 bytes"},
                 {"# x\n%s @%s\n", ":2: the name of a group"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, cases[i].format, key, key);
        make_file(f->enrolled, text, strlen(text));
        assert_int_equal(fleet_dir_collect(f), SOTTO_E_FORMAT);
        assert_non_null(strstr(f->err.message, "enrolled.txt"));
        assert_non_null(strstr(f->err.message, cases[i].says));
    }
    memset(text, 'a', sizeof text);
    make_file(f->enrolled, text, sizeof text);
    assert_int_equal(fleet_dir_collect(f), SOTTO_E_FORMAT);
    int n = snprintf(text, sizeof text, "# one\n%s hall%c and what nobody sees\n", key, 0);
    for (int whole = 0; whole < 2; whole++) { /* a NUL in a label, and one for a line */
        make_file(f->enrolled, whole ? "#\n\0\n" : text, whole ? 4 : (size_t)n);
        assert_int_equal(fleet_dir_collect(f), SOTTO_E_FORMAT);
        assert_non_null(strstr(f->err.message, ":2: it holds a NUL byte"));
    }
    unlink(f->enrolled);
    assert_int_equal(fleet_dir_collect(f), SOTTO_E_IO);
    fleet_dir_free(f);
}

static void last_word_of_a_device_with_an_at_sign_is_its_group(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    FILE *to = fopen(f->enrolled, "w");
    assert_non_null(to);
    static const char *const words[] = {"\tkiosk 1, hall @ B  @north", " @north ", "", " a@b"};
    for (int d = 0; d < 4; d++) {
        for (int i = 0; i < 32; i++) fprintf(to, "%02x", f->public_key[d][i]);
        fprintf(to, "%s\n", words[d]);
    }
    assert_int_equal(fclose(to), 0);
    fleet_dir_collects(f, 0, 0, 0);
    assert_int_equal(database(f, "SELECT count(*) FROM groups"), 1);
    assert_int_equal(database(f, "SELECT count(*) FROM devices d JOIN groups g ON g.number = d.team"
                                 " WHERE g.name = 'north'"),
                     2);
    assert_int_equal(database(f, "SELECT count(*) FROM devices WHERE label = 'kiosk 1, hall @ B'"),
                     1);
    assert_int_equal(database(f, "SELECT count(*) FROM devices WHERE label = 'a@b' AND team = 0"),
                     1);
    fleet_dir_free(f);
}

static void mistyped_folder_of_reports_leaves_no_database(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    char nowhere[200];
    snprintf(nowhere, sizeof nowhere, "%s/report", f->dir);
    f->options.dir = nowhere;
    assert_int_equal(fleet_dir_collect(f), SOTTO_E_IO);
    assert_non_null(strstr(f->err.message, nowhere));
    assert_int_equal(access(f->db, F_OK), -1);
    fleet_dir_free(f);
}

static void foreign_or_newer_database_is_left_alone(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    make_file(f->db, "this is no database, it is a text that is long enough", 53);
    assert_int_equal(fleet_dir_collect(f), SOTTO_E_FORMAT);
    unlink(f->db);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE mine(x)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(fleet_dir_collect(f), SOTTO_E_FORMAT);
    assert_int_equal(fleet_dir_estimates(f), SOTTO_E_FORMAT);
    sqlite3_close(db);
    unlink(f->db);
    fleet_dir_collects(f, 0, 0, 0);
    assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=3", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(fleet_dir_collect(f), SOTTO_E_NEWER);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=1", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(fleet_dir_collect(f), SOTTO_E_FORMAT);
    assert_non_null(strstr(f->err.message, "earlier"));
    fleet_dir_free(f);
}

static size_t slurp(const char *path, uint8_t *buf, size_t cap) {
    FILE *in = fopen(path, "rb");
    size_t n = in ? fread(buf, 1, cap, in) : 0;
    if (in) fclose(in);
    return n;
}

/* A file size limit stands in for a full disk: the same error reaches SQLite from write(2). */
static void full_disk_changes_nothing(void **state) {
    (void)state;
    static uint8_t before[1 << 20], after[1 << 20];
    struct fleet_dir *f = fleet_dir_new();
    struct rlimit was, tight;
    fleet_dir_collects(f, 0, 0, 0);
    size_t n = slurp(f->db, before, sizeof before);
    assert_true(n > 0);
    for (int i = 0; i < 100; i++) {
        char name[32];
        struct sotto_report r =
            fleet_dir_report(f, 0, (uint64_t)i + 1, (uint64_t)(WINDOW_0 + i), 0);
        snprintf(name, sizeof name, "%03d.report", i);
        fleet_dir_put(f, name, 0, &r);
    }
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    tight = was;
    tight.rlim_cur = n + 8192;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    int status = fleet_dir_collect(f);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);

    assert_int_equal(status, SOTTO_E_FULL);
    assert_non_null(strstr(f->err.message, "fleet.db"));
    assert_int_equal(database(f, "SELECT count(*) FROM reports"), 0);
    assert_int_equal(slurp(f->db, after, sizeof after), n);
    assert_memory_equal(before, after, n);
    fleet_dir_collects(f, 100, 0, 0);
    fleet_dir_free(f);
}

static void hostile_file_name_reaches_no_terminal(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    char text[4096] = "";
    fleet_dir_put_bytes(f, "\x1b[2J\n\"evil\".report", "x", 1);
    fleet_dir_collects(f, 0, 0, 1);
    for (int is_json = 0; is_json < 2; is_json++) {
        FILE *to = fmemopen(text, sizeof text, "w");
        assert_non_null(to);
        if (is_json)
            fleet_print_collected_json(to, &f->result);
        else
            fleet_print_collected(to, &f->result, "files");
        assert_int_equal(fclose(to), 0);
        assert_null(strchr(text, 0x1b));
        assert_non_null(strstr(text, "malformed"));
        assert_non_null(strstr(text, "copy it again"));
        assert_non_null(strstr(text, is_json ? "\\\"evil\\\"" : "1 in quarantine"));
    }
    fleet_dir_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_of_enrolled_devices_are_counted_once),
        cmocka_unit_test(what_does_not_fit_is_set_aside_and_never_counted),
        cmocka_unit_test(every_flipped_byte_of_a_report_is_set_aside),
        cmocka_unit_test(case_is_closed_once_its_cause_is_gone),
        cmocka_unit_test(case_against_a_device_outlives_the_file_it_came_in),
        cmocka_unit_test(reports_under_an_earlier_policy_still_count),
        cmocka_unit_test(policy_that_is_not_authentic_collects_nothing),
        cmocka_unit_test(broken_list_of_devices_names_its_line),
        cmocka_unit_test(last_word_of_a_device_with_an_at_sign_is_its_group),
        cmocka_unit_test(mistyped_folder_of_reports_leaves_no_database),
        cmocka_unit_test(foreign_or_newer_database_is_left_alone),
        cmocka_unit_test(full_disk_changes_nothing),
        cmocka_unit_test(hostile_file_name_reaches_no_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
