/* What a household answers: one value of one metric, met by chance once, kept under its own key,
 * sent as certainly as the calendar. */
#include "tests/support/test.h"

#include "release/household.h"
#include "release/ledger.h"
#include "sotto_report.h"
#include "tests/support/chi_square.h"
#include "tests/support/dice.h"
#include "tests/support/dp_kiosk.h"
#include "tools/common/mechanism_read.h"

#define WEEK_S    (7 * DP_DAY_S)
#define WEEK_0    (DP_START_S / WEEK_S + 1)
#define IN(week)  ((int64_t)(WEEK_0 + (week)) * WEEK_S + WEEK_S / 2)
#define END(week) ((int64_t)(WEEK_0 + (week) + 1) * WEEK_S)
#define CELLS     16

/* A box with `n` histograms of 16 values (the last one: nothing), and a stored profile. */
static struct dp_kiosk *box_new(uint8_t seed, uint32_t n) {
    struct dp_kiosk *k = dp_kiosk_new(seed, n);
    for (uint32_t m = 0; m < n; m++) {
        struct policy_metric *metric = &k->policy.metrics[m];
        metric->unit = UNIT_HOUSEHOLD;
        metric->mechanism = MECHANISM_SUBSET_SELECTION;
        metric->source = SOURCE_ITEM_BUCKET;
        metric->max_cells = metric->max_weight = 1;
        metric->n_cells = CELLS;
        metric->n_names = 0;
        metric->window_s = WEEK_S;
        metric->fresh_year = 12;
    }
    k->policy.year_micro = 12000000;
    dp_kiosk_schema(k, "households");
    assert_int_equal(vault_profile_create(k->vault, "household", &k->dp.household, &k->err),
                     SOTTO_OK);
    assert_int_equal(dp_tick(&k->dp, IN(0), &k->err), SOTTO_OK);
    return k;
}

static void session(struct dp_kiosk *k, const uint32_t *values, uint32_t n, int64_t now_s) {
    struct dp_visit visit = {0};
    for (uint32_t m = 0; m < k->policy.n_metrics; m++)
        for (uint32_t i = 0; i < n; i++)
            assert_int_equal(dp_visit_touch(&k->dp, &visit, m, values[i]), 0);
    assert_int_equal(dp_visit_commit(&k->dp, &visit, now_s, &k->err), SOTTO_OK);
}

static void tick(struct dp_kiosk *k, int64_t now_s) {
    assert_int_equal(dp_tick(&k->dp, now_s, &k->err), SOTTO_OK);
}

/* The one report of a week. */
static struct sotto_report report_of(struct dp_kiosk *k, int week) {
    uint8_t bytes[SOTTO_REPORT_MAX];
    struct sotto_report r;
    uint32_t m = schedule_metric(k->schedule_key, &k->policy, (uint32_t)(WEEK_0 + week));
    size_t n;
    assert_int_equal(dp_seal(&k->dp, k->policy.metrics[m].id, (uint64_t)(WEEK_0 + week),
                             END(week) + 100 * WEEK_S, bytes, sizeof bytes, &n, &k->err),
                     SOTTO_OK);
    assert_int_equal(sotto_report_decode(bytes, n, k->dp.report_public, &r, &k->err), SOTTO_OK);
    return r;
}

static int is_fresh(struct dp_kiosk *k, int week) {
    return schedule_is_fresh(k->schedule_key, &k->policy.metrics[0], (uint32_t)(WEEK_0 + week));
}

static int first_fresh(struct dp_kiosk *k, int from) {
    while (!is_fresh(k, from)) from++;
    return from;
}

static uint64_t spent(struct dp_kiosk *k) {
    uint64_t micro = 0;
    assert_int_equal(dp_spent(&k->dp, &micro, &k->err), SOTTO_OK);
    return micro;
}

/* ---- The calendar -------------------------------------------------------------------------- */

static void any_year_has_twelve_fresh_weeks_evenly_spread(void **state) {
    (void)state;
    const struct policy_metric metric = {.window_s = WEEK_S, .fresh_year = 12};
    for (uint32_t device = 0; device < 50; device++) {
        uint8_t key[SCHEDULE_KEY_BYTES] = {0};
        store32(key, device);
        for (uint32_t first = 2900; first < 2960; first++) {
            uint32_t fresh = 0, gap = 0;
            for (uint32_t w = first; w < first + 52; w++) {
                int is = schedule_is_fresh(key, &metric, w);
                fresh += (uint32_t)is;
                gap = is ? 0 : gap + 1;
                assert_true(gap <= 4);
            }
            assert_int_equal(fresh, 12);
        }
    }
}

static void each_metric_is_asked_equally_often(void **state) {
    (void)state;
    struct policy policy = {.n_metrics = 4};
    uint64_t asked[4] = {0};
    double share[4] = {0.25, 0.25, 0.25, 0.25};
    uint8_t key[SCHEDULE_KEY_BYTES] = {7};
    for (uint32_t w = 0; w < 8000; w++) asked[schedule_metric(key, &policy, w)]++;
    assert_true(chi_square(asked, share, 4) < chi_square_limit(3));
}

/* ---- Answers ------------------------------------------------------------------------------- */

static void
one_report_a_week_whatever_happened_and_epsilon_is_paid_once_for_all_metrics(void **state) {
    (void)state;
    static const uint32_t values[] = {3, 3, 5};
    struct dp_kiosk *quiet = box_new(1, 3), *busy = box_new(1, 3);
    quiet->dp.household = 0; /* nobody, or nobody who agreed */
    uint64_t fresh = 0;
    size_t n = 0;
    for (int week = 0; week < 52; week++) {
        session(busy, values, 3, IN(week));
        tick(quiet, END(week));
        tick(busy, END(week));
        fresh += (uint64_t)is_fresh(busy, week);
        assert_int_equal(dp_kiosk_records(quiet, VAULT_OUTBOX), week + 1);
        assert_int_equal(dp_kiosk_records(busy, VAULT_OUTBOX), week + 1);
    }
    for (int week = 0; week < 52; week++) {
        struct sotto_report q = report_of(quiet, week), b = report_of(busy, week);
        assert_int_equal(q.metric, b.metric);
        assert_int_equal(q.is_repeat, b.is_repeat);
        assert_int_equal(b.is_repeat, !is_fresh(busy, week));
        assert_int_equal(q.n_answer, b.n_answer);
        if (week == 0) n = b.n_answer;
        assert_int_equal(b.n_answer, n);
        assert_int_equal(b.unit, SOTTO_UNIT_HOUSEHOLD);
    }
    assert_int_equal(fresh, 12);
    assert_int_equal(spent(busy), 12000000); /* not 36: one metric was asked at a time */
    assert_int_equal(spent(quiet), 12000000);
    dp_kiosk_free(quiet);
    dp_kiosk_free(busy);
}

static void what_was_answered_is_sent_again_until_it_is_asked_anew(void **state) {
    (void)state;
    static const uint32_t values[] = {3};
    struct dp_kiosk *k = box_new(2, 1);
    struct sotto_report last;
    memset(&last, 0, sizeof last);
    int is_known = 0, changed = 0;
    for (int week = 0; week < 52; week++) {
        session(k, values, 1, IN(week));
        tick(k, END(week));
        if (week % 7 == 3) dp_kiosk_reopen(k);
        struct sotto_report r = report_of(k, week);
        if (is_known && r.is_repeat) assert_memory_equal(r.answer, last.answer, sizeof r.answer);
        if (is_known && !r.is_repeat)
            changed += memcmp(r.answer, last.answer, sizeof r.answer) != 0;
        last = r;
        is_known = 1;
    }
    assert_true(changed >= 8); /* of 11 or 12: new chance each time it is paid for */
    dp_kiosk_free(k);
}

/* Before anything was ever answered, and for nobody: an answer for nothing, once. */
static void without_an_answer_to_repeat_one_for_nobody_is_sent_and_costs_nothing(void **state) {
    (void)state;
    static const uint32_t values[] = {3};
    struct dp_kiosk *k = box_new(3, 1);
    int week = 0;
    while (is_fresh(k, week) || is_fresh(k, week + 1)) week++;
    k->policy.year_micro = 0; /* not even one could be paid */
    session(k, values, 1, IN(week));
    tick(k, END(week));
    session(k, values, 1, IN(week + 1));
    tick(k, END(week + 1));
    struct sotto_report first = report_of(k, week), second = report_of(k, week + 1);
    assert_int_equal(first.is_repeat, 1);
    assert_memory_equal(first.answer, second.answer, sizeof first.answer);
    assert_int_equal(spent(k), 0);
    dp_kiosk_free(k);
}

/* A spent budget repeats, too: a report that stayed away would tell that there was something. */
static void spent_budget_repeats_and_charges_nothing(void **state) {
    (void)state;
    static const uint32_t values[] = {3};
    struct dp_kiosk *k = box_new(4, 1);
    k->policy.lifetime_micro = 1000000;
    for (int week = 0; week < 30; week++) {
        session(k, values, 1, IN(week));
        tick(k, END(week));
    }
    int first = first_fresh(k, 0), second = first_fresh(k, first + 1);
    struct sotto_report paid = report_of(k, first), unpaid = report_of(k, second);
    assert_int_equal(paid.is_repeat, 0);
    assert_int_equal(unpaid.is_repeat, 1);
    assert_memory_equal(paid.answer, unpaid.answer, sizeof paid.answer);
    assert_int_equal(spent(k), 1000000);
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 30);
    dp_kiosk_free(k);
}

static void year_has_no_more_fresh_answers_than_the_policy_says(void **state) {
    (void)state;
    const struct policy policy = {.year_micro = UINT64_MAX, .lifetime_micro = UINT64_MAX};
    const struct policy_metric metric = {
        .id = 1, .unit = UNIT_HOUSEHOLD, .window_s = WEEK_S, .fresh_year = 12};
    const struct mechanism_cost cost = {.eps_micro = 1000000};
    struct ledger l = {0};
    for (uint32_t w = 0; w < 12; w++)
        assert_int_equal(ledger_charge(&l, &policy, &metric, &cost, 3000 + w, NULL), SOTTO_OK);
    assert_int_equal(ledger_charge(&l, &policy, &metric, &cost, 3012, NULL), SOTTO_E_SPENT);
    assert_int_equal(ledger_charge(&l, &policy, &metric, &cost, 3053, NULL), SOTTO_OK);
    assert_int_equal(l.fresh, 1);
}

/* ---- The value ----------------------------------------------------------------------------- */

/* Reads the value kept for the week from its record: src/release/household.c. -1: none. */
static int kept_value(struct dp_kiosk *k, uint32_t slot, uint32_t metric) {
    uint8_t bytes[VAULT_RECORD_MAX];
    size_t n;
    int status = vault_get(k->vault, (struct vault_key){VAULT_MEMO, slot, metric}, bytes,
                           sizeof bytes, &n, &k->err);
    if (status == SOTTO_E_NOT_FOUND) return -1;
    assert_int_equal(status, SOTTO_OK);
    return load32(bytes + 40) ? (int)load32(bytes + 44) : -1;
}

static void every_event_of_the_week_is_the_value_with_the_same_chance(void **state) {
    (void)state;
    /* Ten events in three sessions: value v of event v. */
    static const uint32_t values[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct dp_kiosk *k = box_new(5, 1);
    uint64_t drawn[10] = {0};
    double share[10];
    for (int i = 0; i < 10; i++) share[i] = 0.1;
    int week = first_fresh(k, 0);
    for (int i = 0; i < 1000; i++) {
        session(k, values, 1, IN(week));
        session(k, values + 1, 6, IN(week));
        session(k, values + 7, 3, IN(week));
        int value = kept_value(k, k->dp.household, 1);
        assert_in_range(value, 0, 9);
        drawn[value]++;
        assert_int_equal(
            vault_delete(k->vault, (struct vault_key){VAULT_MEMO, k->dp.household, 1}, &k->err),
            SOTTO_OK);
    }
    assert_true(chi_square(drawn, share, 10) < chi_square_limit(9));
    dp_kiosk_free(k);
}

static void what_will_not_be_asked_is_not_kept(void **state) {
    (void)state;
    static const uint32_t values[] = {3};
    struct dp_kiosk *k = box_new(6, 3);
    for (int week = 0; week < 26; week++) {
        session(k, values, 1, IN(week));
        uint32_t asked = schedule_metric(k->schedule_key, &k->policy, (uint32_t)(WEEK_0 + week));
        for (uint32_t m = 0; m < 3; m++)
            assert_int_equal(kept_value(k, k->dp.household, m + 1),
                             is_fresh(k, week) && m == asked ? 3 : -1);
        tick(k, END(week));
        /* And once it is answered it is gone. */
        for (uint32_t m = 0; m < 3; m++)
            assert_int_equal(kept_value(k, k->dp.household, m + 1), -1);
    }
    dp_kiosk_free(k);
}

static void value_of_one_week_is_never_the_answer_of_another(void **state) {
    (void)state;
    static const uint32_t values[] = {3};
    struct mechanism_terms terms;
    uint64_t kept = 0, n = 0;
    /* Counted in a fresh week that was never sealed: the box was off until the next fresh one. */
    for (uint8_t seed = 0; seed < 100; seed++) {
        struct dp_kiosk *k = box_new((uint8_t)(10 + seed), 1);
        int week = first_fresh(k, 0), later = first_fresh(k, week + 40);
        session(k, values, 1, IN(week));
        tick(k, END(later));
        /* The first fresh week of those that are caught up with, which ends at `later`. */
        struct sotto_report r = report_of(k, first_fresh(k, later + 1 - DP_CATCH_UP_MAX));
        terms = dp_terms(&k->policy.metrics[0]);
        kept += (uint64_t)mechanism_supports(&terms, r.answer, 3);
        n++;
        dp_kiosk_free(k);
    }
    /* 4 of 16 values at epsilon 1: 3 is in the answer for nothing with 4/16 at most; for 3 with
     * .47. */
    print_message("%llu of %llu answers speak for the old value\n", (unsigned long long)kept,
                  (unsigned long long)n);
    assert_true(kept < 34); /* 25 at most are expected, 47 of a device that mixes weeks up */
}

static void mean_is_answered_from_a_count_that_is_cut(void **state) {
    (void)state;
    struct dp_kiosk *k = box_new(7, 1);
    struct policy_metric *metric = &k->policy.metrics[0];
    uint32_t ones[3] = {0};
    uint32_t values[40] = {0};
    metric->mechanism = MECHANISM_ONE_BIT_MEAN;
    metric->source = SOURCE_EVENT_COUNT;
    metric->n_cells = 1;
    metric->max_value = 20;
    k->policy.year_micro = k->policy.lifetime_micro = UINT64_MAX;
    metric->fresh_year = 52;
    dp_kiosk_schema(k, "a mean");
    tick(k, IN(0));
    /* None, half of the bound, twice the bound: 1 with probability .27, .5, .73 at epsilon 1. */
    enum { WEEKS = 200 };
    for (int week = 1; week <= 3 * WEEKS; week++) {
        uint32_t n = week % 3 == 0 ? 0 : week % 3 == 1 ? 10 : 40;
        if (n) session(k, values, n, IN(week));
        tick(k, END(week));
        struct sotto_report r = report_of(k, week);
        assert_int_equal(r.n_answer, 1);
        assert_int_equal(r.max_value, 20);
        ones[week % 3] += r.answer[0];
    }
    print_message("ones of %d: none %u, half %u, more than all %u\n", WEEKS, ones[0], ones[1],
                  ones[2]);
    assert_in_range(ones[0], 54 - 32, 54 + 32); /* five standard deviations */
    assert_in_range(ones[1], 100 - 36, 100 + 36);
    assert_in_range(ones[2], 146 - 32, 146 + 32);
    dp_kiosk_free(k);
}

/* ---- An end to it -------------------------------------------------------------------------- */

static void answers_die_with_the_profile(void **state) {
    (void)state;
    static const uint32_t values[] = {3};
    struct dp_kiosk *k = box_new(8, 1);
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    int week = first_fresh(k, 0);
    session(k, values, 1, IN(week));
    tick(k, END(week));
    uint32_t memos = dp_kiosk_records(k, VAULT_MEMO);
    uint32_t slot = k->dp.household;

    const struct vault_scope all = {.purposes = VAULT_EVERY_PURPOSE};
    assert_int_equal(vault_erase_part(k->vault, "household", &all, &receipt, &k->err), SOTTO_OK);

    assert_int_equal(dp_kiosk_records(k, VAULT_MEMO), memos - 1); /* what is nobody's stays */
    assert_int_equal(kept_value(k, slot, 1), -1);
    k->dp.household = 0;
    /* The next reports come all the same, for nobody. */
    int next = week + 1;
    while (is_fresh(k, next)) next++;
    for (int w = week + 1; w <= next; w++) tick(k, END(w));
    struct sotto_report after = report_of(k, next);
    assert_int_equal(after.is_repeat, 1);
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), next + 1);
    dp_kiosk_free(k);
}

static void other_questions_forget_values_and_answers(void **state) {
    (void)state;
    static const uint32_t values[] = {3};
    struct dp_kiosk *k = box_new(9, 1);
    int week = first_fresh(k, 0);
    session(k, values, 1, IN(week));
    tick(k, END(week));
    assert_true(dp_kiosk_records(k, VAULT_MEMO) >= 1);
    dp_kiosk_schema(k, "other questions");
    tick(k, END(week));
    assert_int_equal(dp_kiosk_records(k, VAULT_MEMO), 0);
    dp_kiosk_free(k);
}

static void failed_entropy_answers_nothing_and_keeps_the_value(void **state) {
    (void)state;
    static const uint32_t values[] = {3};
    struct dp_kiosk *k = box_new(10, 1);
    int week = first_fresh(k, 0);
    for (int w = 0; w < week; w++) tick(k, END(w));
    uint32_t reports = dp_kiosk_records(k, VAULT_OUTBOX);
    session(k, values, 1, IN(week));
    k->device.entropy_fails = 1;
    assert_int_equal(rng_seed(&k->rng, k->device.port.entropy, k->device.port.ctx), -1);

    assert_int_equal(dp_tick(&k->dp, END(week), &k->err), SOTTO_E_ENTROPY);

    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), reports);
    assert_int_equal(spent(k), 0);
    assert_int_equal(kept_value(k, k->dp.household, 1), 3);
    k->device.entropy_fails = 0;
    assert_int_equal(rng_seed(&k->rng, k->device.port.entropy, k->device.port.ctx), 0);
    tick(k, END(week));
    assert_int_equal(spent(k), 1000000);
    dp_kiosk_free(k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_year_has_twelve_fresh_weeks_evenly_spread),
        cmocka_unit_test(each_metric_is_asked_equally_often),
        cmocka_unit_test(
            one_report_a_week_whatever_happened_and_epsilon_is_paid_once_for_all_metrics),
        cmocka_unit_test(what_was_answered_is_sent_again_until_it_is_asked_anew),
        cmocka_unit_test(without_an_answer_to_repeat_one_for_nobody_is_sent_and_costs_nothing),
        cmocka_unit_test(spent_budget_repeats_and_charges_nothing),
        cmocka_unit_test(year_has_no_more_fresh_answers_than_the_policy_says),
        cmocka_unit_test(every_event_of_the_week_is_the_value_with_the_same_chance),
        cmocka_unit_test(what_will_not_be_asked_is_not_kept),
        cmocka_unit_test(value_of_one_week_is_never_the_answer_of_another),
        cmocka_unit_test(mean_is_answered_from_a_count_that_is_cut),
        cmocka_unit_test(answers_die_with_the_profile),
        cmocka_unit_test(other_questions_forget_values_and_answers),
        cmocka_unit_test(failed_entropy_answers_nothing_and_keeps_the_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
