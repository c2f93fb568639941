/* Promise 2: nothing leaves that the ledger did not pay for, and one window has one set of bytes.
 */
#include "tests/support/test.h"

#include "release/ledger.h"
#include "tests/support/chi_square.h"
#include "tests/support/dp_kiosk.h"
#include "tests/support/test_rng.h"

#define DAY(n)    (DP_START_S + (int64_t)(n)*DP_DAY_S) /* noon of the n-th day */
#define WINDOW(n) (DP_FIRST_DAY + (uint32_t)(n))

struct bytes {
    uint8_t at[SOTTO_REPORT_MAX];
    size_t n;
};

static int seal_at(struct dp_kiosk *k, uint32_t metric, uint32_t window, int64_t now_s,
                   struct bytes *b) {
    b->n = 0;
    int status = dp_seal(&k->dp, metric, window, now_s, b->at, sizeof b->at, &b->n, &k->err);
    if (status != SOTTO_PENDING) return status;
    /* Sealed at `now_s`; it leaves within the next two windows' time. */
    return dp_seal(&k->dp, metric, window, now_s + 2 * DP_DAY_S, b->at, sizeof b->at, &b->n,
                   &k->err);
}

static struct sotto_report decoded(struct dp_kiosk *k, const struct bytes *b) {
    struct sotto_report r;
    assert_int_equal(sotto_report_decode(b->at, b->n, k->dp.report_public, &r, &k->err), SOTTO_OK);
    return r;
}

static uint64_t spent(struct dp_kiosk *k) {
    uint64_t micro = 0;
    assert_int_equal(dp_spent(&k->dp, &micro, &k->err), SOTTO_OK);
    return micro;
}

static void tick(struct dp_kiosk *k, int64_t now_s) {
    assert_int_equal(dp_tick(&k->dp, now_s, &k->err), SOTTO_OK);
}

/* A kiosk that began on day 0 and counted one visit in cells 0 and 1. */
static struct dp_kiosk *kiosk_with_a_visit(uint32_t n_metrics) {
    struct dp_kiosk *k = dp_kiosk_new(1, n_metrics);
    static const uint8_t cells[] = {0, 1};
    tick(k, DAY(0));
    for (uint32_t m = 0; m < n_metrics; m++) dp_kiosk_visit(k, m, cells, 2, DAY(0));
    return k;
}

/* ---- One window, one set of bytes -------------------------------------------------------- */

static void two_seals_of_a_window_give_the_same_bytes_also_after_a_restart(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    struct bytes first, second, third;
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &first), SOTTO_OK);
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &second), SOTTO_OK);
    dp_kiosk_reopen(k);
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(9), &third), SOTTO_OK);

    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.at, second.at, first.n);
    assert_int_equal(first.n, third.n);
    assert_memory_equal(first.at, third.at, first.n);
    assert_int_equal(spent(k), 1000000); /* paid once */
    dp_kiosk_free(k);
}

static void sealing_pays_stores_and_deletes_the_raw_counts(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    struct bytes b;
    assert_int_equal(dp_kiosk_count(k, 1, WINDOW(0), 0), 1);
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_OK);
    assert_int_equal(dp_kiosk_count(k, 1, WINDOW(0), 0), -1);
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 1);
    assert_int_equal(spent(k), 1000000);

    struct sotto_report r = decoded(k, &b);
    assert_int_equal(r.sequence, 1);
    assert_int_equal(r.metric, 1);
    assert_int_equal(r.window, WINDOW(0));
    assert_int_equal(r.window_s, DP_DAY_S);
    assert_int_equal(r.policy_version, 3);
    assert_memory_equal(r.schema, k->policy.schema_hash, 16);
    assert_int_equal(r.eps_micro, 1000000);
    assert_int_equal(r.max_cells, 4);
    assert_int_equal(r.n_cells, 8);
    dp_kiosk_free(k);
}

static void late_visit_cannot_reach_a_sealed_window(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    struct bytes first, second;
    static const uint8_t cell = 5;
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &first), SOTTO_OK);
    dp_kiosk_visit(k, 0, &cell, 1, DAY(0)); /* a clock that went back, if there could be one */
    assert_int_equal(dp_kiosk_records(k, VAULT_TALLY), 0);
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &second), SOTTO_OK);
    assert_memory_equal(first.at, second.at, first.n);
    dp_kiosk_free(k);
}

static void open_window_is_not_sealed(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    struct bytes b;
    int64_t midnight = DAY(0) + DP_DAY_S / 2;
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(0), &b), SOTTO_E_STATE);
    assert_int_equal(seal_at(k, 1, WINDOW(0), midnight - 1, &b), SOTTO_E_STATE);
    assert_int_equal(seal_at(k, 1, WINDOW(1), midnight, &b), SOTTO_E_STATE);
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 0);
    assert_int_equal(spent(k), 0);
    assert_int_equal(seal_at(k, 1, WINDOW(0), midnight, &b), SOTTO_OK);
    dp_kiosk_free(k);
}

static void unknown_metrics_and_windows_are_not_found(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    struct bytes b;
    assert_int_equal(seal_at(k, 2, WINDOW(0), DAY(1), &b), SOTTO_E_NOT_FOUND);
    assert_int_equal(seal_at(k, 0, WINDOW(0), DAY(1), &b), SOTTO_E_NOT_FOUND);
    assert_int_equal(seal_at(k, UINT32_MAX, WINDOW(0), DAY(1), &b), SOTTO_E_NOT_FOUND);
    assert_int_equal(seal_at(k, 1, UINT32_MAX, DAY(1), &b), SOTTO_E_NOT_FOUND);
    assert_int_equal(seal_at(k, 1, WINDOW(-1), DAY(1), &b),
                     SOTTO_E_NOT_FOUND); /* before it began */
    assert_int_equal(spent(k), 0);
    dp_kiosk_free(k);
}

static void buffer_that_is_too_small_changes_nothing(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    uint8_t small[100];
    size_t n = 0;
    assert_int_equal(dp_seal(&k->dp, 1, WINDOW(0), DAY(1), small, sizeof small, &n, &k->err),
                     SOTTO_E_LIMIT);
    assert_int_equal(spent(k), 0);
    assert_int_equal(dp_kiosk_count(k, 1, WINDOW(0), 0), 1);
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 0);
    dp_kiosk_free(k);
}

/* ---- The budget -------------------------------------------------------------------------- */

static void spent_ledger_refuses_and_sends_nothing(void **state) {
    (void)state;
    static const struct {
        uint64_t year, lifetime;
        const char *says;
    } budgets[] = {{3000000, 100000000, "yearly"},
                   {100000000, 3000000, "lifetime"},
                   {100000000, 3999999, "lifetime"}};
    for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++) {
        struct dp_kiosk *k = kiosk_with_a_visit(1);
        struct bytes b;
        k->policy.year_micro = budgets[i].year;
        k->policy.lifetime_micro = budgets[i].lifetime;
        for (int day = 0; day < 3; day++)
            assert_int_equal(seal_at(k, 1, WINDOW(day), DAY(day + 1), &b), SOTTO_OK);
        static const uint8_t cell = 2;
        dp_kiosk_visit(k, 0, &cell, 1, DAY(3));

        assert_int_equal(seal_at(k, 1, WINDOW(3), DAY(4), &b), SOTTO_E_SPENT);

        assert_non_null(strstr(k->err.message, budgets[i].says));
        assert_int_equal(b.n, 0);
        assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 3);
        assert_int_equal(spent(k), 3000000);
        assert_int_equal(dp_kiosk_count(k, 1, WINDOW(3), 2), 1); /* nothing changed */
        tick(k, DAY(5)); /* housekeeping gives the window up: it can never be reported */
        assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 3);
        assert_int_equal(dp_kiosk_records(k, VAULT_TALLY), 0);
        k->policy.year_micro = k->policy.lifetime_micro =
            100000000; /* and a richer policy is too late */
        assert_int_equal(seal_at(k, 1, WINDOW(3), DAY(5), &b), SOTTO_E_SPENT);
        dp_kiosk_free(k);
    }
}

static void budget_of_a_year_returns_with_the_next_one(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    k->policy.year_micro = 2000000;
    /* Years are 365 days from 1970: day 20440 begins one. */
    int64_t last_of_year = INT64_C(20437) * DP_DAY_S;
    for (int day = 0; day < 12; day++) tick(k, last_of_year + (int64_t)day * DP_DAY_S);
    /* Of the days 20437 to 20447 the first two and 20440, 20441 were within their years' budgets.
     */
    static const uint32_t paid[] = {20437, 20438, 20440, 20441};
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 4);
    for (unsigned i = 0; i < 4; i++) {
        struct bytes b;
        assert_int_equal(seal_at(k, 1, paid[i], last_of_year + 12 * DP_DAY_S, &b), SOTTO_OK);
    }
    assert_int_equal(spent(k), 4000000);
    dp_kiosk_free(k);
}

static void window_is_never_charged_twice(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    struct bytes b;
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_OK);
    /* Even if someone takes the report away, and sets the mark of what is sealed back. */
    struct vault_key key = {VAULT_OUTBOX, 1, WINDOW(0)};
    struct ledger ledger, back;
    assert_int_equal(ledger_load(k->vault, &ledger, &k->err), SOTTO_OK);
    back = ledger;
    back.metrics[0].next = WINDOW(0);
    assert_int_equal(vault_begin(k->vault, &k->err), SOTTO_OK);
    int status = vault_delete(k->vault, key, &k->err);
    assert_int_equal(ledger_commit(k->vault, &ledger, &back, status, &k->err), SOTTO_OK);

    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_E_SPENT);
    assert_int_equal(spent(k), 1000000);
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 0);
    dp_kiosk_free(k);
}

static void deleted_totals_do_not_start_a_new_budget(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    struct bytes b;
    struct vault_key totals = {VAULT_LEDGER, 0, 0};
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_OK);
    assert_int_equal(vault_delete(k->vault, totals, &k->err), SOTTO_OK);
    assert_int_equal(seal_at(k, 1, WINDOW(1), DAY(2), &b), SOTTO_E_CORRUPT);
    assert_int_equal(dp_tick(&k->dp, DAY(2), &k->err), SOTTO_E_CORRUPT);
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 1);
    dp_kiosk_free(k);
}

static int charged(struct ledger *l, const struct policy *policy,
                   const struct policy_metric *metric, uint32_t window) {
    const struct mechanism_cost cost = {.eps_micro = metric->eps_micro, .rho_q40 = 5};
    return ledger_charge(l, policy, metric, &cost, window, NULL);
}

static void charge_adds_nothing_that_could_wrap(void **state) {
    (void)state;
    struct policy policy = {.year_micro = UINT64_MAX, .lifetime_micro = UINT64_MAX};
    struct policy_metric metric = {.id = 1, .eps_micro = 10, .window_s = POLICY_WINDOW_S_MAX};
    struct ledger l = {.lifetime.eps_micro = UINT64_MAX - 9};
    assert_int_equal(charged(&l, &policy, &metric, UINT32_MAX - 1), SOTTO_E_SPENT);
    assert_true(l.lifetime.eps_micro == UINT64_MAX - 9 && l.of_year.eps_micro == 0 && l.year == 0);
    l.lifetime.eps_micro--;
    assert_int_equal(charged(&l, &policy, &metric, UINT32_MAX - 1), SOTTO_OK);
    assert_true(l.lifetime.eps_micro == UINT64_MAX);
    /* A bound that was lowered below what is spent refuses everything. */
    policy.lifetime_micro = 5;
    assert_int_equal(charged(&l, &policy, &metric, 1), SOTTO_E_SPENT);
}

static void window_of_an_earlier_year_is_charged_to_the_current_one(void **state) {
    (void)state;
    struct policy policy = {.year_micro = 15, .lifetime_micro = 1000};
    struct policy_metric daily = {.id = 1, .eps_micro = 10, .window_s = DP_DAY_S};
    struct ledger l = {0};
    assert_int_equal(charged(&l, &policy, &daily, 365), SOTTO_OK);
    assert_int_equal(l.year, 1);
    assert_int_equal(charged(&l, &policy, &daily, 364), SOTTO_E_SPENT);
    assert_int_equal(charged(&l, &policy, &daily, 730), SOTTO_OK);
    assert_int_equal(l.of_year.eps_micro, 10);
}

/* ---- Years of it ------------------------------------------------------------------------- */

/* What the engine of before wrote: u32 1, u32 metrics, u64 lifetime, year, sequence, u32 year, the
 * schema, then the metrics' id and next window; a row of 16 bytes. */
static void ledger_of_an_earlier_engine_keeps_what_was_spent(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    uint8_t totals[100] = {0}, row[16] = {0}, pointer[8] = {0};
    struct ledger l;
    struct bytes b, again;
    store32(totals, 1);
    store32(totals + 4, 1);
    store64(totals + 8, 7000000);
    store64(totals + 16, 5000000);
    store64(totals + 24, 9);
    store32(totals + 32, 56);
    memcpy(totals + 36, k->policy.schema_hash, 32);
    store32(totals + 68, 1);
    store32(totals + 72, WINDOW(0));
    store32(row, 1); /* an earlier window, charged, with report number 9 */
    store32(row + 4, 1000000);
    store32(row + 8, 9);
    store32(pointer, 1);
    store32(pointer + 4, WINDOW(-1));
    const struct {
        struct vault_key key;
        const void *bytes;
        size_t n;
    } old[] = {{{VAULT_LEDGER, 0, 0}, totals, sizeof totals},
               {{VAULT_LEDGER, 0, 9}, pointer, sizeof pointer},
               {{VAULT_LEDGER, 1, WINDOW(-1)}, row, sizeof row},
               {{VAULT_OUTBOX, 1, WINDOW(-1)}, "old", 3}};
    for (size_t i = 0; i < ARRAY_LEN(old); i++)
        assert_int_equal(vault_put(k->vault, old[i].key, old[i].bytes, old[i].n, &k->err),
                         SOTTO_OK);

    assert_int_equal(spent(k), 7000000);
    assert_int_equal(seal_at(k, 1, WINDOW(-1), DAY(1), &b), SOTTO_OK); /* may leave at once */
    assert_int_equal(b.n, 3);
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_OK);
    assert_int_equal(decoded(k, &b).sequence, 10);
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(3), &again), SOTTO_OK);
    assert_memory_equal(again.at, b.at, b.n);
    assert_int_equal(spent(k), 8000000);
    assert_int_equal(ledger_load(k->vault, &l, &k->err), SOTTO_OK);
    assert_int_equal(l.of_year.eps_micro, 6000000); /* year 56 goes on */
    /* Not known any more, so at most 2/2 for each epsilon, and what the new one adds. */
    assert_true(l.lifetime.rho_q40 >= UINT64_C(7) << 40 && l.lifetime.rho_q40 < UINT64_C(8) << 40);
    assert_int_equal(l.sealed_until_s, (uint64_t)(WINDOW(0) + 1) * DP_DAY_S);
    dp_kiosk_free(k);
}

static void rows_and_reports_stay_few_and_totals_keep_everything(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    struct bytes b;
    uint64_t cursor = 0;
    tick(k, DAY(0));
    enum { DAYS = LEDGER_KEPT + 60 };
    for (int day = 30; day <= DAYS; day += 30) tick(k, DAY(day));

    assert_int_equal(spent(k), (uint64_t)(DAYS / 30 * 30) * 1000000);
    assert_in_range(dp_kiosk_records(k, VAULT_OUTBOX), LEDGER_KEPT, LEDGER_KEPT + 1);
    assert_in_range(dp_kiosk_records(k, VAULT_LEDGER), 2 * LEDGER_KEPT, 2 * (LEDGER_KEPT + 1) + 1);
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(DAYS), &b), SOTTO_E_NOT_FOUND);
    assert_int_equal(dp_outbox_next(&k->dp, &cursor, INT64_MAX, b.at, sizeof b.at, &b.n, &k->err),
                     SOTTO_OK);
    assert_in_range(cursor, 40, 70); /* the earliest that is still there */
    /* A window that was let go is over all the same. */
    dp_kiosk_visit(k, 0, (const uint8_t[]){1}, 1, DAY(3));
    assert_int_equal(dp_kiosk_records(k, VAULT_TALLY), 0);
    dp_kiosk_free(k);
}

static void refused_windows_leave_few_rows_too(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    k->policy.lifetime_micro = 3000000;
    tick(k, DAY(0));
    for (int day = 30; day <= LEDGER_KEPT + 60; day += 30) tick(k, DAY(day));
    assert_int_equal(spent(k), 3000000);
    assert_in_range(dp_kiosk_records(k, VAULT_LEDGER), LEDGER_KEPT, LEDGER_KEPT + 2);
    dp_kiosk_free(k);
}

/* The clock's floor is saved now and then, so after a power cut a device may believe that a sealed
 * window is open; and a new schema begins where the device believes to be. */
static void clock_that_lost_hours_and_a_new_schema_seal_no_window_again(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    struct bytes b;
    int64_t midnight = DAY(0) + DP_DAY_S / 2;
    assert_int_equal(seal_at(k, 1, WINDOW(0), midnight, &b), SOTTO_OK);
    dp_kiosk_schema(k, "another schema");

    tick(k, midnight - 600);
    dp_kiosk_visit(k, 0, (const uint8_t[]){1}, 1, midnight - 600);
    tick(k, DAY(1));

    assert_int_equal(dp_kiosk_records(k, VAULT_TALLY), 0); /* what was counted is given up */
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 1);
    assert_int_equal(spent(k), 1000000);
    /* Nor under windows of another length: none that began before the last sealed one ended. */
    k->policy.metrics[0].window_s = 7 * DP_DAY_S;
    dp_kiosk_schema(k, "a third schema");
    tick(k, DAY(1));
    struct ledger l;
    assert_int_equal(ledger_load(k->vault, &l, &k->err), SOTTO_OK);
    assert_true((uint64_t)l.metrics[0].next * 7 * DP_DAY_S >= l.sealed_until_s);
    dp_kiosk_free(k);
}

/* ---- When a report may leave ------------------------------------------------------------- */

static void
report_leaves_at_a_moment_that_was_fixed_before_there_was_anything_to_tell(void **state) {
    (void)state;
    int64_t moments[2][5];
    for (int is_busy = 0; is_busy < 2; is_busy++) {
        struct dp_kiosk *k = dp_kiosk_new(1, 1);
        uint64_t cursor = 0;
        struct bytes b;
        tick(k, DAY(0));
        for (int day = 0; day < 5; day++) {
            int64_t end = DAY(day) + DP_DAY_S / 2, at = end;
            for (int v = 0; is_busy && v < 40; v++)
                dp_kiosk_visit(k, 0, (const uint8_t[]){1, 2, 3}, 3, DAY(day));
            tick(k, end);
            /* Not a second before; and not later than a window's time after the end. */
            while (dp_outbox_next(&k->dp, &cursor, at, b.at, sizeof b.at, &b.n, &k->err) ==
                   SOTTO_E_NOT_FOUND) {
                assert_int_equal(dp_seal(&k->dp, 1, WINDOW(day), at, b.at, sizeof b.at, &b.n, NULL),
                                 SOTTO_PENDING);
                assert_int_equal(b.n, 0);
                at += 60;
                assert_true(at < end + DP_DAY_S + 60);
            }
            moments[is_busy][day] = at - end;
        }
        dp_kiosk_free(k);
    }
    assert_memory_equal(moments[0], moments[1], sizeof moments[0]);
    for (int day = 1; day < 5; day++) assert_int_not_equal(moments[0][day], moments[0][0]);
}

static void moments_differ_between_devices_and_fill_the_window(void **state) {
    (void)state;
    const struct policy_metric metric = {.id = 1, .window_s = DP_DAY_S};
    uint64_t quarters[4] = {0};
    double share[4] = {0.25, 0.25, 0.25, 0.25};
    for (uint32_t device = 0; device < 4000; device++) {
        uint8_t key[SCHEDULE_KEY_BYTES] = {0};
        store32(key, device);
        int64_t at = schedule_release_s(key, &metric, (int64_t)WINDOW(1) * DP_DAY_S);
        assert_in_range(at, (int64_t)WINDOW(1) * DP_DAY_S, (int64_t)WINDOW(2) * DP_DAY_S - 1);
        quarters[at % DP_DAY_S / (DP_DAY_S / 4)]++;
    }
    assert_true(chi_square(quarters, share, 4) < chi_square_limit(3));
}

/* A kiosk that was off for a week reports at the moments of a day on which it was on: never because
 * the power came back. */
static void after_a_long_power_off_reports_leave_at_such_a_moment_too(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    int64_t release_s = 0, back = DAY(8) + 12345;
    uint64_t cursor = 0;
    struct bytes b;
    tick(k, back);
    int64_t moment = schedule_release_s(k->schedule_key, &k->policy.metrics[0], back);
    assert_true(moment >= back && moment < back + 2 * DP_DAY_S);
    assert_int_equal(dp_outbox_next(&k->dp, &cursor, moment - 1, b.at, sizeof b.at, &b.n, &k->err),
                     SOTTO_E_NOT_FOUND);
    for (unsigned seen = 0; seen < 8; seen++) {
        uint64_t at = cursor;
        assert_int_equal(dp_outbox_peek(&k->dp, &at, &release_s, b.at, sizeof b.at, &b.n, &k->err),
                         SOTTO_OK);
        assert_int_equal(release_s, moment);
        assert_int_equal(dp_outbox_next(&k->dp, &cursor, moment, b.at, sizeof b.at, &b.n, &k->err),
                         SOTTO_OK);
    }
    dp_kiosk_free(k);
}

/* ---- Failures ---------------------------------------------------------------------------- */

static void failed_entropy_makes_no_report_and_leaves_the_counts(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    struct bytes b;
    k->device.entropy_fails = 1;
    assert_int_equal(rng_seed(&k->rng, k->device.port.entropy, k->device.port.ctx), -1);

    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_E_ENTROPY);
    assert_int_equal(dp_tick(&k->dp, DAY(1), &k->err), SOTTO_E_ENTROPY);

    assert_int_equal(b.n, 0);
    assert_int_equal(spent(k), 0);
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 0);
    assert_int_equal(dp_kiosk_count(k, 1, WINDOW(0), 0), 1);
    k->device.entropy_fails = 0;
    assert_int_equal(rng_seed(&k->rng, k->device.port.entropy, k->device.port.ctx), 0);
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_OK);
    dp_kiosk_free(k);
}

/* Randomness that fails after some draws must not let a half-noised report out: the pool is drained
 * so that sooner or later every place of a seal meets the failure. */
static void entropy_that_fails_in_the_middle_makes_no_report(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    unsigned refused = 0;
    for (uint32_t left = 0; left < 1200; left += 40) {
        struct rng dry;
        struct test_entropy entropy;
        struct bytes b;
        int sealed = 0;
        assert_int_equal(test_rng_start(&dry, &entropy, left, 1), 0);
        dry.since_seed = RNG_RESEED_BYTES - left; /* dies after about this many bytes */
        k->dp.rng = &dry;
        int status = seal_at(k, 1, WINDOW(0), DAY(1), &b);
        sealed = status == SOTTO_OK;
        if (sealed) break;
        assert_int_equal(status, SOTTO_E_ENTROPY);
        assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 0);
        assert_int_equal(dp_kiosk_count(k, 1, WINDOW(0), 0), 1);
        assert_int_equal(spent(k), 0);
        refused++;
    }
    assert_true(refused > 1);
    dp_kiosk_free(k);
}

/* ---- All that is due --------------------------------------------------------------------- */

/* A device whose key store did not answer yet must not sign with a key that everybody knows. */
static void without_a_signing_key_no_report_is_made_and_nothing_is_spent(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    struct bytes b;
    uint8_t key[SIGN_PUBLIC_BYTES];
    memcpy(key, k->dp.report_public, sizeof key);
    memset(k->dp.report_public, 0, sizeof key);

    assert_int_equal(dp_tick(&k->dp, DAY(1), &k->err), SOTTO_E_KEY);
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_E_KEY);

    assert_int_equal(b.n, 0);
    assert_int_equal(spent(k), 0);
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 0);
    assert_int_equal(dp_kiosk_count(k, 1, WINDOW(0), 0), 1);
    memcpy(k->dp.report_public, key, sizeof key);
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_OK);
    memset(k->dp.report_public, 0, sizeof key); /* what is sealed still leaves */
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_OK);
    assert_true(b.n > 0);
    dp_kiosk_free(k);
}

static void empty_windows_are_reported_too(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    tick(k, DAY(4));
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 4); /* one visit on day 0, none on 1 to 3 */
    size_t n = 0;
    for (int day = 0; day < 4; day++) {
        struct bytes b;
        assert_int_equal(seal_at(k, 1, WINDOW(day), DAY(4), &b), SOTTO_OK);
        if (day == 0) n = b.n;
        assert_int_equal(b.n, n);
    }
    assert_int_equal(spent(k), 4000000);
    dp_kiosk_free(k);
}

static void first_tick_only_notes_where_counting_begins(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 2);
    tick(k, DAY(0));
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 0);
    tick(k, DAY(0) + 60);
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 0);
    tick(k, DAY(1));
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 2);
    dp_kiosk_schema(k, "another schema");
    tick(k, DAY(2)); /* day 1 was counted under the old schema and is given up */
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 2);
    tick(k, DAY(3));
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 4);
    dp_kiosk_free(k);
}

static void after_a_long_time_without_power_only_the_latest_windows_are_reported(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(1);
    struct bytes b;
    tick(k, DAY(DP_CATCH_UP_MAX)); /* just not too long: all of them */
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), DP_CATCH_UP_MAX);
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(100), &b), SOTTO_OK);
    dp_kiosk_free(k);

    k = kiosk_with_a_visit(1);
    tick(k, DAY(DP_CATCH_UP_MAX + 1)); /* one too many */
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), DP_CATCH_UP_MAX);
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(100), &b), SOTTO_E_NOT_FOUND);
    dp_kiosk_free(k);

    k = kiosk_with_a_visit(1);
    tick(k, DAY(100));
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), DP_CATCH_UP_MAX);
    assert_int_equal(dp_kiosk_records(k, VAULT_TALLY), 0);
    assert_int_equal(seal_at(k, 1, WINDOW(100 - DP_CATCH_UP_MAX), DAY(100), &b), SOTTO_OK);
    assert_int_equal(decoded(k, &b).sequence, 1);
    assert_int_equal(seal_at(k, 1, WINDOW(99 - DP_CATCH_UP_MAX), DAY(100), &b), SOTTO_E_NOT_FOUND);
    assert_int_equal(spent(k), DP_CATCH_UP_MAX * UINT64_C(1000000));
    dp_kiosk_free(k);
}

/* A higher sequence never belongs to a window that ended earlier, whatever the windows' lengths. */
static void sequences_follow_the_ends_of_windows_across_metrics(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 3);
    struct bytes b;
    uint64_t cursor = 0, last_end = 0, last_sequence = 0;
    k->policy.metrics[1].window_s = 3600;
    k->policy.metrics[2].window_s = 7 * DP_DAY_S;
    tick(k, DAY(0));
    tick(k, DAY(0) + 7200);
    assert_int_equal(seal_at(k, 1, WINDOW(1), DAY(2), &b),
                     SOTTO_OK); /* not the first that is due */
    tick(k, DAY(9));
    unsigned reports = 0;
    while (dp_outbox_next(&k->dp, &cursor, INT64_MAX, b.at, sizeof b.at, &b.n, &k->err) ==
           SOTTO_OK) {
        struct sotto_report r = decoded(k, &b);
        uint64_t end = (r.window + 1) * r.window_s;
        assert_true(end >= last_end);
        assert_int_equal(r.sequence, last_sequence + 1);
        last_end = end;
        last_sequence = r.sequence;
        reports++;
    }
    assert_int_equal(reports, dp_kiosk_records(k, VAULT_OUTBOX));
    assert_true(reports > 9 + DP_CATCH_UP_MAX);
    dp_kiosk_free(k);
}

static void cursor_that_is_kept_for_ever_misses_no_report(void **state) {
    (void)state;
    struct dp_kiosk *k = kiosk_with_a_visit(3);
    uint64_t cursor = 0;
    unsigned seen = 0;
    struct bytes b;
    for (int day = 1; day <= 5; day++) {
        tick(k, DAY(day));
        while (dp_outbox_next(&k->dp, &cursor, INT64_MAX, b.at, sizeof b.at, &b.n, &k->err) ==
               SOTTO_OK) {
            struct bytes again;
            struct sotto_report r = decoded(k, &b);
            assert_int_equal(seal_at(k, r.metric, (uint32_t)r.window, DAY(day), &again), SOTTO_OK);
            assert_memory_equal(again.at, b.at, b.n);
            seen++;
        }
        assert_int_equal(seen, 3 * day);
    }
    uint8_t small[10];
    uint64_t start = 0;
    assert_int_equal(dp_outbox_next(&k->dp, &start, INT64_MAX, small, sizeof small, &b.n, &k->err),
                     SOTTO_E_LIMIT);
    assert_int_equal(start, 0);
    assert_int_equal(dp_outbox_next(&k->dp, &cursor, INT64_MAX, b.at, sizeof b.at, &b.n, &k->err),
                     SOTTO_E_NOT_FOUND);
    dp_kiosk_free(k);
}

static void device_without_a_vault_reports_nothing(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    struct bytes b;
    uint64_t cursor = 0;
    k->dp.vault = NULL;
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_E_STATE);
    assert_int_equal(dp_outbox_next(&k->dp, &cursor, INT64_MAX, b.at, sizeof b.at, &b.n, &k->err),
                     SOTTO_E_NOT_FOUND);
    assert_int_equal(spent(k), 0);
    dp_kiosk_free(k);
}

/* ---- The noise in what leaves ------------------------------------------------------------ */

/* 31 windows of 8 cells on one device and again on another: counts are 5, so whatever differs is
 * noise. It must follow the exact distribution of scale max_cells/epsilon = 4, and no two rows may
 * be alike. */
static void noise_differs_between_windows_and_devices_and_has_the_promised_scale(void **state) {
    (void)state;
    enum { DAYS = 31, CELLS = 64, DEVICES = 4, EDGE = 12 };
    static int16_t rows[DEVICES * DAYS][CELLS];
    uint64_t seen[2 * EDGE + 1] = {0};
    double share[2 * EDGE + 1] = {0}, q = exp(-0.25);
    for (int device = 0; device < DEVICES; device++) {
        struct dp_kiosk *k = dp_kiosk_new((uint8_t)(device + 1), 1);
        k->policy.metrics[0].n_cells = CELLS;
        tick(k, DAY(0));
        for (int day = 0; day < DAYS; day++) {
            static const uint8_t cells[] = {0, 1, 2};
            struct bytes b;
            for (int visits = 0; visits < 5; visits++) dp_kiosk_visit(k, 0, cells, 3, DAY(day));
            assert_int_equal(seal_at(k, 1, WINDOW(day), DAY(day + 1), &b), SOTTO_OK);
            struct sotto_report r = decoded(k, &b);
            for (int c = 0; c < CELLS; c++) {
                int16_t noise = (int16_t)(r.cells[c] - (c < 3 ? 5 : 0));
                rows[device * DAYS + day][c] = noise;
                seen[noise < -EDGE ? 0 : noise > EDGE ? 2 * EDGE : noise + EDGE]++;
            }
        }
        dp_kiosk_free(k);
    }
    for (int a = 0; a < DEVICES * DAYS; a++)
        for (int b = 0; b < a; b++) assert_memory_not_equal(rows[a], rows[b], sizeof rows[a]);
    for (int v = -EDGE; v <= EDGE; v++)
        share[v + EDGE] = (1 - q) / (1 + q) * pow(q, abs(v)) / (abs(v) == EDGE ? 1 - q : 1);
    double x = chi_square(seen, share, 2 * EDGE + 1);
    print_message("%d noised cells: chi-square(%d) = %.1f, limit %.1f\n", DEVICES * DAYS * CELLS,
                  2 * EDGE, x, chi_square_limit(2 * EDGE));
    assert_true(x < chi_square_limit(2 * EDGE));
}

/* 64 cells at the most there can be, 10 cells a visit at epsilon 1/8: noise of scale 80 takes half
 * of them beyond 16 bits. Clamped before the noise they would wrap. */
static void clamping_comes_after_the_noise(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    struct bytes b;
    unsigned above = 0;
    uint8_t counts[40 + 2 * 64];
    k->policy.metrics[0].eps_micro = 125000;
    k->policy.metrics[0].max_cells = 10;
    k->policy.metrics[0].n_cells = 64;
    dp_kiosk_schema(k, "wide noise");
    tick(k, DAY(0));
    store32(counts, 1);
    store32(counts + 4, 64);
    memcpy(counts + 8, k->policy.schema_hash, 32);
    for (int c = 0; c < 64; c++) store16(counts + 40 + 2 * c, 32767);
    assert_int_equal(vault_put(k->vault, (struct vault_key){VAULT_TALLY, 1, WINDOW(0)}, counts,
                               sizeof counts, &k->err),
                     SOTTO_OK);
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_OK);
    struct sotto_report r = decoded(k, &b);
    for (int c = 0; c < 64; c++) {
        assert_true(r.cells[c] > 30000);
        above += r.cells[c] == SOTTO_REPORT_CELL_MAX;
    }
    assert_in_range(above, 12, 52);
    dp_kiosk_free(k);
}

/* Terms that no mechanism keeps its promise under: nothing leaves, nothing is charged. */
static void impossible_terms_make_no_report(void **state) {
    (void)state;
    static const struct {
        uint32_t mechanism, eps_micro, max_cells;
        const char *says;
    } wrong[] = {{1, 0, 4, "epsilon"},
                 {1, 700000, 4, "epsilon"},
                 {9, 1000000, 4, "mechanism"},
                 {1, 1000000, 11, "cells"},
                 {2, 1000000, 4, "cells"}};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct dp_kiosk *k = kiosk_with_a_visit(1);
        struct bytes b;
        k->policy.metrics[0].mechanism = wrong[i].mechanism;
        k->policy.metrics[0].eps_micro = wrong[i].eps_micro;
        k->policy.metrics[0].max_cells = wrong[i].max_cells;
        assert_int_equal(dp_policy_check(&k->policy, &k->err), SOTTO_E_FORMAT);
        assert_non_null(strstr(k->err.message, wrong[i].says));
        assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_E_FORMAT);
        assert_int_equal(spent(k), 0);
        assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 0);
        dp_kiosk_free(k);
    }
}

/* The same through the pipeline for many cells: 40 cells of 64, 3 each, Gaussian noise. */
static void many_cells_are_sealed_with_gaussian_noise_and_its_cost(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    struct policy_metric *metric = &k->policy.metrics[0];
    struct mechanism_cost cost;
    struct bytes b;
    struct ledger l;
    metric->mechanism = MECHANISM_DISCRETE_GAUSSIAN;
    metric->n_cells = 64;
    metric->max_cells = 40;
    metric->max_weight = 3;
    const struct mechanism_terms terms = dp_terms(metric);
    assert_int_equal(mechanism_check(&terms, &cost, NULL), 0);
    tick(k, DAY(0));
    assert_int_equal(seal_at(k, 1, WINDOW(0), DAY(1), &b), SOTTO_OK);
    struct sotto_report r = decoded(k, &b);
    assert_int_equal(r.mechanism, SOTTO_DISCRETE_GAUSSIAN);
    assert_true(r.rho_q40 == cost.rho_q40 && r.delta_log2 == cost.delta_log2);
    assert_true(r.delta_log2 == 20);
    assert_int_equal(r.max_weight, 3);
    assert_int_equal(ledger_load(k->vault, &l, &k->err), SOTTO_OK);
    assert_true(l.lifetime.rho_q40 == cost.rho_q40);
    assert_true(l.lifetime.delta_q64 == UINT64_C(1) << 44);
    dp_kiosk_free(k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_seals_of_a_window_give_the_same_bytes_also_after_a_restart),
        cmocka_unit_test(sealing_pays_stores_and_deletes_the_raw_counts),
        cmocka_unit_test(late_visit_cannot_reach_a_sealed_window),
        cmocka_unit_test(open_window_is_not_sealed),
        cmocka_unit_test(unknown_metrics_and_windows_are_not_found),
        cmocka_unit_test(buffer_that_is_too_small_changes_nothing),
        cmocka_unit_test(spent_ledger_refuses_and_sends_nothing),
        cmocka_unit_test(budget_of_a_year_returns_with_the_next_one),
        cmocka_unit_test(window_is_never_charged_twice),
        cmocka_unit_test(deleted_totals_do_not_start_a_new_budget),
        cmocka_unit_test(charge_adds_nothing_that_could_wrap),
        cmocka_unit_test(window_of_an_earlier_year_is_charged_to_the_current_one),
        cmocka_unit_test(ledger_of_an_earlier_engine_keeps_what_was_spent),
        cmocka_unit_test(rows_and_reports_stay_few_and_totals_keep_everything),
        cmocka_unit_test(refused_windows_leave_few_rows_too),
        cmocka_unit_test(clock_that_lost_hours_and_a_new_schema_seal_no_window_again),
        cmocka_unit_test(
            report_leaves_at_a_moment_that_was_fixed_before_there_was_anything_to_tell),
        cmocka_unit_test(moments_differ_between_devices_and_fill_the_window),
        cmocka_unit_test(after_a_long_power_off_reports_leave_at_such_a_moment_too),
        cmocka_unit_test(impossible_terms_make_no_report),
        cmocka_unit_test(many_cells_are_sealed_with_gaussian_noise_and_its_cost),
        cmocka_unit_test(failed_entropy_makes_no_report_and_leaves_the_counts),
        cmocka_unit_test(entropy_that_fails_in_the_middle_makes_no_report),
        cmocka_unit_test(without_a_signing_key_no_report_is_made_and_nothing_is_spent),
        cmocka_unit_test(empty_windows_are_reported_too),
        cmocka_unit_test(first_tick_only_notes_where_counting_begins),
        cmocka_unit_test(after_a_long_time_without_power_only_the_latest_windows_are_reported),
        cmocka_unit_test(sequences_follow_the_ends_of_windows_across_metrics),
        cmocka_unit_test(cursor_that_is_kept_for_ever_misses_no_report),
        cmocka_unit_test(device_without_a_vault_reports_nothing),
        cmocka_unit_test(noise_differs_between_windows_and_devices_and_has_the_promised_scale),
        cmocka_unit_test(clamping_comes_after_the_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
