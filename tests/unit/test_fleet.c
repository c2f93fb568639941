/* From reports to estimates, and the interval holds what it promises. */
#include "tests/support/test.h"

#include <math.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "sotto_report.h"
#include "tests/support/dp_kiosk.h"
#include "tests/support/fleet_seen.h"

#define WINDOW_0 20454

/* ---- Estimating -------------------------------------------------------------------------- */

static void estimates_are_sums_by_window_and_over_all(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    for (int d = 0; d < 3; d++)
        for (int w = 0; w < 2; w++) {
            char name[32];
            struct sotto_report r = fleet_dir_report(f, d, (uint64_t)w + 1,
                                                     (uint64_t)(WINDOW_0 + w), (int16_t)(-20 + d));
            snprintf(name, sizeof name, "%d-%d.report", d, w);
            if (d < 2 || w == 0) fleet_dir_put(f, name, d, &r);
        }
    fleet_dir_collects(f, 5, 0, 0);
    struct fleet_seen *seen = fleet_seen_new(f, NULL);
    assert_int_equal(seen->n_windows, 2);
    assert_int_equal(seen->n_totals, 1);
    assert_int_equal(seen->enrolled, 3);
    const struct fleet_estimate *first = &seen->windows[0].e, *second = &seen->windows[1].e,
                                *total = &seen->totals[0].e;
    assert_int_equal(first->reports, 3);
    assert_int_equal(second->reports, 2);
    for (int c = 0; c < 8; c++) {
        assert_int_equal(first->cells[c].sum, -60 + 3 + 3 * c); /* negative and shown */
        assert_int_equal(second->cells[c].sum, -40 + 1 + 2 * c);
        assert_int_equal(total->cells[c].sum, -100 + 4 + 5 * c);
    }
    assert_int_equal(total->reports, 5);
    assert_int_equal(total->windows, 2);
    assert_string_equal(first->metric->name, "interest");
    assert_string_equal(first->metric->cells[0], "group-0");
    assert_string_equal(first->metric->cells[7], "other");
    const struct interval_noise noise = {0, 4};
    int64_t wanted, wanted_all;
    assert_int_equal(interval_of_noise(3, &noise, 0.95, &wanted), 0);
    assert_int_equal(interval_of_noise(3, &noise, pow(0.95, 1.0 / 8), &wanted_all), 0);
    assert_int_equal(first->half_width, wanted);
    assert_int_equal(first->all_half_width, wanted_all);
    assert_true(wanted_all > wanted);
    /* coverage: reported of enrolled */
    assert_int_equal(second->present, 2);
    assert_int_equal(second->enrolled, 3);
    assert_int_equal(total->present, 5);
    assert_int_equal(total->enrolled, 6);
    fleet_seen_free(seen);

    struct fleet_estimate_options o = {
        .db = f->db, .metric = 1, .window = WINDOW_0 + 1, .min_reports = 1};
    seen = fleet_seen_new(f, &o);
    assert_int_equal(seen->n_windows, 1);
    assert_int_equal(seen->windows[0].e.reports, 2);
    fleet_seen_free(seen);
    o.window = 1;
    seen = fleet_seen_new(f, &o);
    assert_int_equal(seen->n_windows, 0);
    fleet_seen_free(seen);
    fleet_dir_free(f);
}

/* The bound leaves touches out before any noise, and nothing on this side can put them back. */
static void what_is_estimated_is_named_with_its_bound(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    struct sotto_report r = fleet_dir_report(f, 0, 1, WINDOW_0, 0);
    fleet_dir_put(f, "a.report", 0, &r);
    fleet_dir_collects(f, 1, 0, 0);
    for (int is_json = 0; is_json < 2; is_json++) {
        static char text[32768];
        fleet_dir_prints(f, NULL, is_json, text, sizeof text);
        assert_non_null(strstr(
            text, is_json ? "\"estimate_of\": \"visits, each counted in at most max_cells cells\""
                          : "each counted in at most 4 cells"));
        if (!is_json) assert_non_null(strstr(text, "true numbers are then higher"));
    }
    fleet_dir_free(f);
}

static void clamped_counts_are_pointed_out(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    struct sotto_report r = fleet_dir_report(f, 0, 1, WINDOW_0, 0);
    r.cells[2] = SOTTO_REPORT_CELL_MAX;
    r.cells[3] = SOTTO_REPORT_CELL_MIN;
    fleet_dir_put(f, "a.report", 0, &r);
    fleet_dir_collects(f, 1, 0, 0);
    struct fleet_seen *seen = fleet_seen_new(f, NULL);
    for (int c = 0; c < 8; c++)
        assert_int_equal(seen->windows[0].e.cells[c].clamped, c == 2 || c == 3);
    fleet_seen_free(seen);

    /* Said in words, too, with the clamped value itself. */
    static char text[32768];
    fleet_dir_prints(f, NULL, 0, text, sizeof text);
    assert_non_null(strstr(text, "2026-01-01 (window 20454): 1 reports, 1 of 3 devices enrolled"));
    assert_non_null(strstr(text, "32767"));
    assert_non_null(strstr(text, "1 at the clamp"));
    fleet_dir_free(f);
}

static void estimating_from_nothing_says_so(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    assert_int_equal(fleet_dir_estimates(f), SOTTO_E_IO);
    assert_int_equal(access(f->db, F_OK), -1); /* and makes no file */
    make_file(f->db, "", 0);
    assert_int_equal(fleet_dir_estimates(f), SOTTO_E_NOT_FOUND);
    fleet_dir_free(f);
}

/* ---- From visits to estimates ------------------------------------------------------------- */

/* Three devices with real vaults count known visits for six days; everything in between is the real
 * thing. */
static void visits_on_real_devices_come_back_as_estimates(void **state) {
    (void)state;
    enum { KIOSKS = 3, DAYS = 6, VISITS = 40 };
    static struct policy policy;
    struct fleet_dir *f = fleet_dir_new();
    int64_t truth[DAYS][8] = {{0}};
    FILE *enrolled = fopen(f->enrolled, "w");
    assert_non_null(enrolled);
    assert_int_equal(fleet_policy_load(&policy, f->policy, f->key, &f->err), SOTTO_OK);
    for (int d = 0; d < KIOSKS; d++) {
        struct dp_kiosk *k = dp_kiosk_new((uint8_t)(100 + d), 1);
        uint64_t cursor = 0;
        k->policy = policy;
        for (int i = 0; i < 32; i++) fprintf(enrolled, "%02x", k->dp.report_public[i]);
        fprintf(enrolled, " kiosk %d\n", d);
        for (int day = 0; day <= DAYS; day++) {
            int64_t now_s = DP_START_S + (int64_t)day * DP_DAY_S;
            assert_int_equal(dp_tick(&k->dp, now_s, &k->err), SOTTO_OK);
            for (int v = 0; v < VISITS && day < DAYS; v++) {
                const uint8_t cells[] = {(uint8_t)(v % 3), (uint8_t)(3 + v % 5)};
                dp_kiosk_visit(k, 0, cells, 2, now_s);
                truth[day][cells[0]]++, truth[day][cells[1]]++;
            }
            uint8_t bytes[SOTTO_REPORT_MAX];
            size_t n;
            char name[64];
            while (dp_outbox_next(&k->dp, &cursor, INT64_MAX, bytes, sizeof bytes, &n, &k->err) ==
                   SOTTO_OK) {
                snprintf(name, sizeof name, "%d-%llu.report", d, (unsigned long long)cursor);
                fleet_dir_put_bytes(f, name, bytes, n);
            }
        }
        dp_kiosk_free(k);
    }
    assert_int_equal(fclose(enrolled), 0);

    fleet_dir_collects(f, KIOSKS * DAYS, 0, 0);
    struct fleet_seen *seen = fleet_seen_new(f, NULL);

    assert_int_equal(seen->n_windows, DAYS);
    int inside = 0, different = 0;
    for (int day = 0; day < DAYS; day++) {
        const struct fleet_estimate *e = &seen->windows[day].e;
        assert_int_equal(e->first_window, DP_FIRST_DAY + day);
        assert_int_equal(e->reports, KIOSKS);
        for (int c = 0; c < 8; c++) {
            inside += llabs(e->cells[c].sum - truth[day][c]) <= e->half_width;
            different += e->cells[c].sum != truth[day][c];
        }
    }
    print_message("%d of %d counted totals inside, %d differ from their estimate\n", inside,
                  DAYS * 8, different);
    assert_in_range(inside, 40, 48); /* 95 % of 48 is 45.6, sd 1.5 */
    assert_true(different > 30);     /* there is noise */
    fleet_seen_free(seen);
    fleet_dir_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates_are_sums_by_window_and_over_all),
        cmocka_unit_test(what_is_estimated_is_named_with_its_bound),
        cmocka_unit_test(clamped_counts_are_pointed_out),
        cmocka_unit_test(estimating_from_nothing_says_so),
        cmocka_unit_test(visits_on_real_devices_come_back_as_estimates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
