/* From reports to estimates, and the interval holds what it promises. */
#include "tests/support/test.h"

#include <math.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "dp/sample.h"
#include "sotto_report.h"
#include "tests/support/dp_kiosk.h"
#include "tests/support/fleet_dir.h"
#include "tests/support/test_rng.h"
#include "tools/sotto-fleet/estimate.h"
#include "tools/sotto-fleet/interval.h"
#include "tools/sotto-fleet/print.h"

#define SEED     UINT64_C(20261125)
#define WINDOW_0 20454

/* ---- Estimating -------------------------------------------------------------------------- */

static void estimates_are_sums_by_window_and_over_all(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    struct fleet_estimates e;
    for (int d = 0; d < 3; d++)
        for (int w = 0; w < 2; w++) {
            char name[32];
            struct sotto_report r = fleet_dir_report(f, d, (uint64_t)w + 1,
                                                     (uint64_t)(WINDOW_0 + w), (int16_t)(-20 + d));
            snprintf(name, sizeof name, "%d-%d.report", d, w);
            if (d < 2 || w == 0) fleet_dir_put(f, name, d, &r);
        }
    fleet_dir_collects(f, 5, 0, 0);
    assert_int_equal(fleet_estimate_all(f->db, 0, -1, &e, &f->err), SOTTO_OK);
    assert_int_equal(e.n_windows, 2);
    assert_int_equal(e.n_totals, 1);
    assert_int_equal(e.enrolled, 3);
    assert_int_equal(e.windows[0].reports, 3);
    assert_int_equal(e.windows[1].reports, 2);
    for (int c = 0; c < 8; c++) {
        assert_int_equal(e.windows[0].sums[c], -60 + 3 + 3 * c); /* negative and shown */
        assert_int_equal(e.windows[1].sums[c], -40 + 1 + 2 * c);
        assert_int_equal(e.totals[0].sums[c], -100 + 4 + 5 * c);
    }
    assert_int_equal(e.totals[0].reports, 5);
    assert_int_equal(e.totals[0].windows, 2);
    assert_string_equal(e.metrics[0].name, "interest");
    assert_string_equal(e.metrics[0].cells[0], "group-0");
    assert_string_equal(e.metrics[0].cells[7], "other");
    int64_t wanted;
    assert_int_equal(fleet_interval(3, 1000000, 4, 0.95, &wanted), 0);
    assert_int_equal(e.windows[0].half_width, wanted);
    fleet_estimates_free(&e);

    assert_int_equal(fleet_estimate_all(f->db, 1, WINDOW_0 + 1, &e, &f->err), SOTTO_OK);
    assert_int_equal(e.n_windows, 1);
    assert_int_equal(e.windows[0].reports, 2);
    fleet_estimates_free(&e);
    assert_int_equal(fleet_estimate_all(f->db, 1, 1, &e, &f->err), SOTTO_OK);
    assert_int_equal(e.n_windows, 0);
    fleet_estimates_free(&e);
    assert_int_equal(fleet_estimate_all(f->db, 2, -1, &e, &f->err), SOTTO_E_NOT_FOUND);
    fleet_estimates_free(&e);
    fleet_dir_free(f);
}

/* The bound leaves touches out before any noise, and nothing on this side can put them back. */
static void what_is_estimated_is_named_with_its_bound(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    struct fleet_estimates e;
    struct sotto_report r = fleet_dir_report(f, 0, 1, WINDOW_0, 0);
    fleet_dir_put(f, "a.report", 0, &r);
    fleet_dir_collects(f, 1, 0, 0);
    assert_int_equal(fleet_estimate_all(f->db, 0, -1, &e, &f->err), SOTTO_OK);
    for (int is_json = 0; is_json < 2; is_json++) {
        char text[8192] = "";
        FILE *to = fmemopen(text, sizeof text, "w");
        assert_non_null(to);
        (is_json ? fleet_print_estimates_json : fleet_print_estimates)(to, &e);
        assert_int_equal(fclose(to), 0);
        assert_non_null(strstr(
            text, is_json ? "\"estimate_of\": \"visits, each counted in at most max_cells cells\""
                          : "each counted in at most 4 cells"));
        if (!is_json) assert_non_null(strstr(text, "true numbers are then higher"));
    }
    fleet_estimates_free(&e);
    fleet_dir_free(f);
}

static void clamped_counts_are_pointed_out(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    struct fleet_estimates e;
    struct sotto_report r = fleet_dir_report(f, 0, 1, WINDOW_0, 0);
    r.cells[2] = SOTTO_REPORT_CELL_MAX;
    r.cells[3] = SOTTO_REPORT_CELL_MIN;
    fleet_dir_put(f, "a.report", 0, &r);
    fleet_dir_collects(f, 1, 0, 0);
    assert_int_equal(fleet_estimate_all(f->db, 0, -1, &e, &f->err), SOTTO_OK);
    for (int c = 0; c < 8; c++) assert_int_equal(e.windows[0].clamped[c], c == 2 || c == 3);

    /* Said in words, too, with the clamped value itself. */
    char text[4096] = "";
    FILE *to = fmemopen(text, sizeof text, "w");
    assert_non_null(to);
    fleet_print_estimates(to, &e);
    assert_int_equal(fclose(to), 0);
    assert_non_null(strstr(text, "2026-01-01 (window 20454): 1 reports, 3 devices enrolled"));
    assert_non_null(strstr(text, "32767"));
    assert_non_null(strstr(text, "1 at the clamp"));
    fleet_estimates_free(&e);
    fleet_dir_free(f);
}

static void estimating_from_nothing_says_so(void **state) {
    (void)state;
    struct fleet_dir *f = fleet_dir_new();
    struct fleet_estimates e;
    assert_int_equal(fleet_estimate_all(f->db, 0, -1, &e, &f->err), SOTTO_E_IO);
    assert_int_equal(access(f->db, F_OK), -1); /* and makes no file */
    make_file(f->db, "", 0);
    assert_int_equal(fleet_estimate_all(f->db, 0, -1, &e, &f->err), SOTTO_E_NOT_FOUND);
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
    struct fleet_estimates e;
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
    assert_int_equal(fleet_estimate_all(f->db, 0, -1, &e, &f->err), SOTTO_OK);

    assert_int_equal(e.n_windows, DAYS);
    int inside = 0, different = 0;
    for (int day = 0; day < DAYS; day++) {
        assert_int_equal(e.windows[day].first_window, DP_FIRST_DAY + day);
        assert_int_equal(e.windows[day].reports, KIOSKS);
        for (int c = 0; c < 8; c++) {
            inside += llabs(e.windows[day].sums[c] - truth[day][c]) <= e.windows[day].half_width;
            different += e.windows[day].sums[c] != truth[day][c];
        }
    }
    print_message("%d of %d counted totals inside, %d differ from their estimate\n", inside,
                  DAYS * 8, different);
    assert_in_range(inside, 40, 48); /* 95 % of 48 is 45.6, sd 1.5 */
    assert_true(different > 30);     /* there is noise */
    fleet_estimates_free(&e);
    fleet_dir_free(f);
}

/* ---- The interval ------------------------------------------------------------------------ */

/* By brute force, for one and two reports: sums of the pmf itself. */
static double covered_by_hand(int n, double q, int64_t h) {
    double p0 = (1 - q) / (1 + q), sum = 0;
    for (int64_t x = -400; x <= 400; x++)
        for (int64_t y = n == 1 ? 0 : -400; y <= (n == 1 ? 0 : 400); y++)
            if (llabs(x + y) <= h)
                sum += p0 * pow(q, (double)llabs(x)) * (n == 1 ? 1 : p0 * pow(q, (double)llabs(y)));
    return sum;
}

static void interval_is_the_smallest_that_covers(void **state) {
    (void)state;
    static const struct {
        uint32_t eps_micro, max_cells;
    } terms[] = {{1000000, 1}, {1000000, 4}, {2000000, 1}, {500000, 4}};
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        for (int n = 1; n <= 2; n++) {
            int64_t h = -1;
            double q = exp(-(double)terms[i].eps_micro / 1e6 / terms[i].max_cells);
            assert_int_equal(
                fleet_interval((uint64_t)n, terms[i].eps_micro, terms[i].max_cells, 0.95, &h), 0);
            assert_true(covered_by_hand(n, q, h) >= 0.95);
            assert_true(covered_by_hand(n, q, h - 1) < 0.95);
        }
}

/* Exact up to 64 reports, normal above: no step where they meet, and never narrower with more
 * reports. */
static void exact_and_normal_intervals_meet(void **state) {
    (void)state;
    int64_t last = 0, h;
    for (uint64_t n = 1; n <= 200; n++) {
        assert_int_equal(fleet_interval(n, 1000000, 4, 0.95, &h), 0);
        assert_true(h >= last);
        last = h;
    }
    int64_t at_64, at_65;
    assert_int_equal(fleet_interval(64, 1000000, 4, 0.95, &at_64), 0);
    assert_int_equal(fleet_interval(65, 1000000, 4, 0.95, &at_65), 0);
    print_message("half-width at 64 reports %d (exact), at 65 %d (normal)\n", (int)at_64,
                  (int)at_65);
    assert_in_range(at_65 - at_64, 0, 3);
}

static void interval_refuses_what_is_no_policy(void **state) {
    (void)state;
    int64_t h = 77;
    assert_int_equal(fleet_interval(0, 1000000, 4, 0.95, &h), -1);
    assert_int_equal(fleet_interval(1, 999, 4, 0.95, &h), -1);
    assert_int_equal(fleet_interval(1, 2000001, 4, 0.95, &h), -1);
    assert_int_equal(fleet_interval(1, 1000000, 0, 0.95, &h), -1);
    assert_int_equal(fleet_interval(1, 1000000, 65, 0.95, &h), -1);
    assert_int_equal(fleet_interval(1, 1000000, 4, 0, &h), -1);
    assert_int_equal(fleet_interval(1, 1000000, 4, 1, &h), -1);
    assert_int_equal(fleet_interval(1, 1000000, 4, NAN, &h), -1);
    assert_int_equal(h, 77);
    /* The widest that a policy can ask for. */
    assert_int_equal(fleet_interval(2, 1000, 16, 0.95, &h), 0);
    assert_in_range(h, 60000, 75000); /* two Laplace of scale 16000: 4.1 scales */
    assert_int_equal(fleet_interval(UINT64_C(1) << 40, 2000000, 1, 0.95, &h), 0);
    assert_true(h > 1000000);
}

/* 2,000 metric-windows, each with 1 to 50 kiosks and 8 cells: noise from the device's sampler,
 * clamped, encoded, signed, decoded and summed as estimate does. The counted totals (that is, after
 * the contribution bound) must lie inside the interval in 93 to 97 % of them; whole-number
 * intervals cover a little more than 95 %. */
static void counted_totals_lie_inside_the_interval_as_often_as_promised(void **state) {
    (void)state;
    enum { WINDOWS = 2000, CELLS = 8 };
    static const struct {
        uint32_t eps_micro, max_cells;
    } terms[] = {{1000000, 4}, {1000000, 1}, {500000, 2}, {2000000, 4}, {250000, 8}, {2000000, 1}};
    struct fleet_dir *f = fleet_dir_new();
    struct rng rng;
    struct test_entropy entropy;
    struct dice dice = {SEED};
    uint64_t first_inside = 0, inside = 0, promised_n = 0;
    assert_int_equal(test_rng_start(&rng, &entropy, SEED, UINT32_MAX), 0);
    for (uint32_t w = 0; w < WINDOWS; w++) {
        uint32_t t = w % (sizeof terms / sizeof *terms), kiosks = 1 + dice_below(&dice, 50);
        int64_t truth[CELLS] = {0}, estimate[CELLS] = {0}, h;
        for (uint32_t k = 0; k < kiosks; k++) {
            uint8_t bytes[SOTTO_REPORT_MAX];
            size_t n;
            struct sotto_report back,
                r = fleet_dir_report(f, (int)k % FLEET_DIR_DEVICES, w + 1, WINDOW_0 + w, 0);
            r.eps_micro = terms[t].eps_micro;
            r.max_cells = terms[t].max_cells;
            for (int c = 0; c < CELLS; c++) {
                int64_t noise, count = dice_below(&dice, 200);
                assert_int_equal(sample_discrete_laplace(&rng, (uint64_t)r.max_cells * 1000000,
                                                         r.eps_micro, &noise),
                                 0);
                truth[c] += count;
                r.cells[c] = (int16_t)(count + noise);
            }
            assert_int_equal(sotto_report_encode(&r, f->secret_key[k % FLEET_DIR_DEVICES], bytes,
                                                 sizeof bytes, &n),
                             SOTTO_OK);
            assert_int_equal(
                sotto_report_decode(bytes, n, f->public_key[k % FLEET_DIR_DEVICES], &back, &f->err),
                SOTTO_OK);
            for (int c = 0; c < CELLS; c++) estimate[c] += back.cells[c];
        }
        assert_int_equal(fleet_interval(kiosks, terms[t].eps_micro, terms[t].max_cells, 0.95, &h),
                         0);
        for (int c = 0; c < CELLS; c++) inside += llabs(estimate[c] - truth[c]) <= h;
        first_inside += llabs(estimate[0] - truth[0]) <= h;
        promised_n += CELLS;
    }
    double share = (double)first_inside / WINDOWS, all = (double)inside / (double)promised_n;
    print_message("seed %llu: inside in %.2f %% of %d metric-windows (one cell each), %.2f %% of "
                  "%llu cells\n",
                  (unsigned long long)SEED, 100 * share, WINDOWS, 100 * all,
                  (unsigned long long)promised_n);
    assert_true(share >= 0.93 && share <= 0.97);
    assert_true(all >= 0.945 && all <= 0.965);
    fleet_dir_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates_are_sums_by_window_and_over_all),
        cmocka_unit_test(what_is_estimated_is_named_with_its_bound),
        cmocka_unit_test(clamped_counts_are_pointed_out),
        cmocka_unit_test(estimating_from_nothing_says_so),
        cmocka_unit_test(visits_on_real_devices_come_back_as_estimates),
        cmocka_unit_test(interval_is_the_smallest_that_covers),
        cmocka_unit_test(exact_and_normal_intervals_meet),
        cmocka_unit_test(interval_refuses_what_is_no_policy),
        cmocka_unit_test(counted_totals_lie_inside_the_interval_as_often_as_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
