/* Many reports in one file, and many collectors: what is damaged costs only itself, and nothing
 * counts twice. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/dice.h"
#include "tests/support/fleet_seen.h"
#include "tools/sotto-fleet/batch.h"
#include "tools/sotto-fleet/merge.h"

#define WINDOW_0 20454
#define MANY     3000 /* reports: more than the collector verifies together */

/* Report number i of device 0 to 2: each device's in order. */
static size_t encode(const struct fleet_dir *f, uint32_t i, uint8_t out[SOTTO_REPORT_MAX]) {
    size_t n;
    int device = (int)(i % 3);
    struct sotto_report r =
        fleet_dir_report(f, device, i / 3 + 1, WINDOW_0 + i / 3, (int16_t)(i % 50));
    assert_int_equal(sotto_report_encode(&r, f->secret_key[device], out, SOTTO_REPORT_MAX, &n),
                     SOTTO_OK);
    return n;
}

/* `count` reports one after the other, from report `first` on; *n bytes. */
static uint8_t *batch_of(const struct fleet_dir *f, uint32_t first, uint32_t count, size_t *n) {
    uint8_t *bytes = malloc((size_t)count * SOTTO_REPORT_MAX + 1);
    assert_non_null(bytes);
    *n = 0;
    for (uint32_t i = 0; i < count; i++) *n += encode(f, first + i, bytes + *n);
    return bytes;
}

static int64_t database(const char *path, const char *sql) {
    sqlite3 *db;
    sqlite3_stmt *query;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK);
    int64_t v = sqlite3_step(query) == SQLITE_ROW ? sqlite3_column_int64(query, 0) : -1;
    sqlite3_finalize(query);
    sqlite3_close(db);
    return v;
}

/* ---- Batches ----------------------------------------------------------------------------- */

static void batch_counts_like_files_of_their_own(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    uint8_t one[SOTTO_REPORT_MAX];
    size_t n;
    uint8_t *bytes = batch_of(f, 0, MANY, &n);
    fleet_dir_put_bytes(f, "day.reports", bytes, n);
    n = encode(f, 7, one);
    fleet_dir_put_bytes(f, "again.report", one, n); /* the same as the batch's eighth */
    fleet_dir_collects(f, MANY, 1, 0);
    assert_int_equal(f->result.files, 2);
    assert_int_equal(f->result.reports, MANY + 1);
    fleet_dir_collects(f, 0, MANY + 1, 0);
    struct fleet_seen *seen = fleet_seen_new(f, NULL);
    int64_t sum = 0;
    for (uint32_t i = 0; i < MANY; i++) sum += i % 50;
    assert_int_equal(seen->totals[0].e.cells[0].sum, sum);
    assert_int_equal(seen->totals[0].e.reports, MANY);
    fleet_seen_free(seen);
    free(bytes);
    fleet_dir_free(f);
}

/* Whatever happens to a batch, every report that is whole is found, every byte is accounted for,
 * and nothing else counts. */
static void damage_costs_only_itself(void **state) {
    (void)state;
    enum { COUNT = 60 };
    struct fleet_dir *f = fleet_dir_new();
    struct dice dice = {4711};
    size_t n, each;
    uint8_t *bytes = batch_of(f, 0, COUNT, &n), *spoilt = malloc(2 * n + 200000);
    each = n / COUNT; /* all reports of a metric have one length */
    assert_non_null(spoilt);
    char path[200];
    snprintf(path, sizeof path, "%s/spoilt", f->dir);
    for (int round = 0; round < 300; round++) {
        /* cut a stretch out, or put one in, somewhere */
        size_t at = dice_below(&dice, (uint32_t)n), m, length = dice_below(&dice, 700);
        uint32_t touched = 0; /* reports that are no longer whole */
        if (round % 10 == 0) length = 150000;
        if (round % 2) {
            if (length > n - at) length = n - at;
            memcpy(spoilt, bytes, at);
            memcpy(spoilt + at, bytes + at + length, n - at - length);
            m = n - length;
            if (length) touched = (uint32_t)((at + length - 1) / each - at / each + 1);
            if (at % each == 0 && length % each == 0) touched = (uint32_t)(length / each);
        } else {
            memcpy(spoilt, bytes, at);
            for (size_t i = 0; i < length; i++) spoilt[at + i] = (uint8_t)dice_u64(&dice);
            memcpy(spoilt + at + length, bytes + at, n - at);
            m = n + length;
            touched = at % each && length ? 1 : 0;
        }
        make_file(path, spoilt, m);
        int fd = open(path, O_RDONLY);
        static struct batch batch;
        struct batch_piece piece;
        uint64_t offset = 0;
        uint32_t whole = 0;
        int more;
        batch_begin(&batch, fd);
        while ((more = batch_next(&batch, &piece)) > 0) {
            assert_int_equal(piece.offset, offset);
            assert_true(piece.length > 0 && piece.n <= piece.length && piece.n <= BATCH_KEPT_MAX);
            assert_memory_equal(piece.bytes, spoilt + offset, piece.n);
            offset += piece.length;
            for (uint32_t i = 0; i < COUNT && piece.is_report; i++)
                if (piece.n == each && memcmp(piece.bytes, bytes + i * each, each) == 0) whole++;
        }
        assert_int_equal(more, 0);
        assert_int_equal(offset, m);
        assert_true(whole >= COUNT - touched);
        close(fd);
    }
    free(spoilt);
    free(bytes);
    fleet_dir_free(f);
}

static void damaged_batch_is_collected_around_its_damage(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    size_t n, each;
    uint8_t *bytes = batch_of(f, 0, 30, &n);
    each = n / 30;
    bytes[10 * each + each / 2] ^= 1;                             /* one is edited */
    memmove(bytes + 20 * each + 50, bytes + 21 * each, 9 * each); /* one is cut off */
    n -= each - 50;
    fleet_dir_put_bytes(f, "day.reports", bytes, n);
    fleet_dir_put_bytes(f, "empty.reports", "", 0);
    fleet_dir_put_bytes(f, "notes.reports", "no report at all", 16);
    fleet_dir_collects(f, 28, 0, 3);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "day.reports@%zu", 10 * each);
    assert_string_equal(f->result.set_aside[0].file, wanted);
    assert_string_equal(f->result.set_aside[0].reason, "bad-signature");
    snprintf(wanted, sizeof wanted, "day.reports@%zu", 20 * each);
    assert_string_equal(f->result.set_aside[1].file, wanted);
    assert_string_equal(f->result.set_aside[1].reason, "malformed");
    assert_string_equal(f->result.set_aside[2].file, "notes.reports@0");
    assert_int_equal(database(f->db, "SELECT count(*) FROM quarantine WHERE NOT is_resolved"), 3);

    /* The operator copies it again: the cases are closed. */
    free(bytes);
    bytes = batch_of(f, 0, 30, &n);
    fleet_dir_put_bytes(f, "day.reports", bytes, n);
    fleet_dir_put_bytes(f, "notes.reports", "", 0);
    fleet_dir_collects(f, 2, 28, 0);
    assert_int_equal(database(f->db, "SELECT count(*) FROM quarantine WHERE NOT is_resolved"), 1);
    free(bytes);
    fleet_dir_free(f);
}

/* More cases than anyone reads: counted and kept all the same, listed as far as sensible. */
static void flood_of_forgeries_is_kept_but_not_listed_whole(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    size_t n, each;
    uint8_t *bytes = batch_of(f, 0, MANY, &n);
    each = n / MANY;
    for (size_t i = 0; i < MANY; i++)
        if (i % 2) bytes[i * each + 30] ^= 1;
    fleet_dir_put_bytes(f, "day.reports", bytes, n);
    fleet_dir_collects(f, MANY / 2, 0, MANY / 2);
    assert_int_equal(f->result.n_listed, FLEET_LISTED_MAX);
    assert_int_equal(database(f->db, "SELECT count(*) FROM quarantine"), MANY / 2);
    free(bytes);
    fleet_dir_free(f);
}

/* ---- Merging ----------------------------------------------------------------------------- */

/* Collects reports first … first + count - 1 into a database of its own. */
static void collector(struct fleet_dir *f, const char *db, uint32_t first, uint32_t count) {
    size_t n;
    uint8_t *bytes = batch_of(f, first, count, &n);
    fleet_dir_put_bytes(f, "day.reports", bytes, n);
    f->options.db = db;
    fleet_dir_collects(f, count, 0, 0);
    f->options.db = f->db;
    free(bytes);
}

static void merged(struct fleet_dir *f, char *const *from, size_t n, uint64_t accepted,
                   uint64_t duplicates, uint64_t set_aside) {
    fleet_collected_free(&f->result);
    int status = fleet_merge(f->db, from, n, &f->result, &f->err);
    if (status != SOTTO_OK) fail_msg("%s", f->err.message);
    assert_int_equal(f->result.accepted, accepted);
    assert_int_equal(f->result.duplicates, duplicates);
    assert_int_equal(f->result.n_set_aside, set_aside);
}

static void collectors_add_up_and_nothing_counts_twice(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    char a[200], b[200], whole[200], *from[] = {a, b};
    snprintf(a, sizeof a, "%s/a.db", f->dir);
    snprintf(b, sizeof b, "%s/b.db", f->dir);
    snprintf(whole, sizeof whole, "%s/whole.db", f->dir);
    collector(f, a, 0, 60);
    collector(f, b, 30, 60); /* half of it is in a as well */
    collector(f, whole, 0, 90);
    merged(f, from, 2, 90, 30, 0);
    merged(f, from, 2, 0, 120, 0); /* again is no harm */

    struct fleet_seen *one = fleet_seen_new(f, NULL);
    struct fleet_estimate_options o = {.db = whole, .window = -1, .min_reports = 1};
    struct fleet_seen *other = fleet_seen_new(f, &o);
    assert_int_equal(one->enrolled, 3);
    assert_int_equal(one->n_windows, other->n_windows);
    for (size_t i = 0; i < one->n_windows; i++)
        for (int c = 0; c < 8; c++)
            assert_int_equal(one->windows[i].e.cells[c].sum, other->windows[i].e.cells[c].sum);
    assert_int_equal(one->totals[0].e.reports, 90);
    fleet_seen_free(one);
    fleet_seen_free(other);
    fleet_dir_free(f);
}

static void contradictions_and_cases_of_merged_databases_are_kept(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    char a[200], b[200], *from[] = {a, b};
    snprintf(a, sizeof a, "%s/a.db", f->dir);
    snprintf(b, sizeof b, "%s/b.db", f->dir);
    collector(f, a, 0, 9);
    struct sotto_report r = fleet_dir_report(f, 0, 1, WINDOW_0, 999); /* the same window anew */
    fleet_dir_put_bytes(f, "day.reports", "", 0);
    fleet_dir_put(f, "twice.report", 0, &r);
    r = fleet_dir_report(f, 3, 1, WINDOW_0, 0);
    fleet_dir_put(f, "stranger.report", 3, &r);
    f->options.db = b;
    fleet_dir_collects(f, 1, 0, 1); /* b knows nothing of a */
    f->options.db = f->db;
    merged(f, from, 2, 9, 0, 2);
    assert_string_equal(f->result.set_aside[0].reason, "window-twice");
    assert_string_equal(f->result.set_aside[1].reason, "unknown-device");
    assert_int_equal(database(f->db, "SELECT count(*) FROM quarantine"), 2);
    fleet_dir_free(f);
}

static void reports_under_another_policy_are_merged_but_kept_apart(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    char a[200], b[200], *from[] = {a, b};
    snprintf(a, sizeof a, "%s/a.db", f->dir);
    snprintf(b, sizeof b, "%s/b.db", f->dir);
    collector(f, a, 0, 9);
    struct make_policy p = {.version = 2, .eps_micro = 500000};
    fleet_dir_policy(f, &p);
    struct sotto_report r = fleet_dir_report(f, 0, 77, WINDOW_0 + 40, 1);
    r.eps_micro = 500000;
    fleet_dir_put_bytes(f, "day.reports", "", 0);
    fleet_dir_put(f, "new.report", 0, &r);
    f->options.db = b;
    fleet_dir_collects(f, 1, 0, 0);
    f->options.db = f->db;
    merged(f, from, 2, 10, 0, 0);
    struct fleet_seen *seen = fleet_seen_new(f, NULL);
    assert_int_equal(seen->n_totals, 2); /* another epsilon: never added up */
    fleet_seen_free(seen);
    fleet_dir_free(f);
}

static void altered_or_foreign_databases_merge_nothing(void **state) {
    (void)state;
    static const struct {
        const char *sql;
        int status;
    } cases[] = {
        /* less noise claimed than there was */
        {"UPDATE series SET eps_micro = 2000000", SOTTO_E_CORRUPT},
        {"UPDATE series SET mechanism = 3", SOTTO_E_CORRUPT},
        {"UPDATE cells SET name = 'other' WHERE cell = 0", SOTTO_E_CORRUPT},
        {"UPDATE devices SET key = randomblob(32)", SOTTO_E_FORMAT},
        {"UPDATE devices SET label = char(27) || '[2J'", SOTTO_E_FORMAT},
        {"PRAGMA user_version = 3", SOTTO_E_NEWER},
        {"PRAGMA application_id = 1", SOTTO_E_FORMAT},
    };
    struct fleet_dir *f = fleet_dir_new();
    char a[200], good[200], *from[] = {good, a}, *self[] = {f->db};
    snprintf(a, sizeof a, "%s/a.db", f->dir);
    snprintf(good, sizeof good, "%s/good.db", f->dir);
    collector(f, good, 9, 9);
    collector(f, f->db, 0, 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unlink(a);
        collector(f, a, 18, 9);
        (void)database(a, cases[i].sql);
        fleet_collected_free(&f->result);
        assert_int_equal(fleet_merge(f->db, from, 2, &f->result, &f->err), cases[i].status);
        assert_non_null(strstr(f->err.message, "a.db"));
        assert_int_equal(database(f->db, "SELECT count(*) FROM reports"), 3); /* all or nothing */
    }
    /* A key that is not its id's, of a device not known here. */
    char fresh[200];
    snprintf(fresh, sizeof fresh, "%s/fresh.db", f->dir);
    unlink(a);
    collector(f, a, 18, 9);
    (void)database(a, "UPDATE devices SET key = randomblob(32)");
    fleet_collected_free(&f->result);
    assert_int_equal(fleet_merge(fresh, from + 1, 1, &f->result, &f->err), SOTTO_E_FORMAT);
    fleet_collected_free(&f->result);
    assert_int_equal(fleet_merge(f->db, self, 1, &f->result, &f->err), SOTTO_E_FORMAT);
    assert_non_null(strstr(f->err.message, "itself"));
    /* An altered report is one case, not the end. */
    unlink(a);
    collector(f, a, 18, 9);
    (void)database(a, "UPDATE reports SET bytes = zeroblob(200) WHERE number = 1");
    merged(f, from, 2, 17, 0, 1);
    assert_string_equal(f->result.set_aside[0].reason, "malformed");
    fleet_dir_free(f);
}

static void devices_that_left_keep_what_they_reported(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    char a[200], *from[] = {a};
    snprintf(a, sizeof a, "%s/a.db", f->dir);
    collector(f, a, 0, 9);
    fleet_dir_enrol(f, 2);
    f->options.db = a;
    fleet_dir_collects(f, 0, 9, 0);
    f->options.db = f->db;
    merged(f, from, 1, 9, 0, 0);
    struct fleet_seen *seen = fleet_seen_new(f, NULL);
    assert_int_equal(seen->enrolled, 2);
    assert_int_equal(seen->totals[0].e.reports, 9);
    assert_int_equal(seen->totals[0].e.gone, 3);
    assert_int_equal(seen->totals[0].e.present, 6);
    fleet_seen_free(seen);
    /* Also when they all left, and whoever merges has no list of its own. */
    char fresh[200];
    snprintf(fresh, sizeof fresh, "%s/fresh.db", f->dir);
    fleet_dir_enrol(f, 0);
    f->options.db = a;
    fleet_dir_collects(f, 0, 9, 0);
    fleet_collected_free(&f->result);
    assert_int_equal(fleet_merge(fresh, from, 1, &f->result, &f->err), SOTTO_OK);
    assert_int_equal(f->result.accepted, 9);
    assert_int_equal(f->result.enrolled, 0);
    fleet_dir_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_counts_like_files_of_their_own),
        cmocka_unit_test(damage_costs_only_itself),
        cmocka_unit_test(damaged_batch_is_collected_around_its_damage),
        cmocka_unit_test(flood_of_forgeries_is_kept_but_not_listed_whole),
        cmocka_unit_test(collectors_add_up_and_nothing_counts_twice),
        cmocka_unit_test(contradictions_and_cases_of_merged_databases_are_kept),
        cmocka_unit_test(reports_under_another_policy_are_merged_but_kept_apart),
        cmocka_unit_test(altered_or_foreign_databases_merge_nothing),
        cmocka_unit_test(devices_that_left_keep_what_they_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
