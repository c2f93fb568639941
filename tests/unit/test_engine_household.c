/* Who answers for a household, and when that ends: through the engine, as a set-top box uses it. */
#include "tests/support/test.h"

#include "engine.h"
#include "sotto_people.h"
#include "sotto_report.h"
#include "tests/support/kiosk.h"

#define STORE   (1u << SOTTO_PURPOSE_STORE)
#define MEASURE (1u << SOTTO_PURPOSE_MEASURE)
#define MONTH_S (31u * 86400u) /* so long that the household answers anew in every window */

static const struct make_policy monthly = {.is_household = 1, .window_s = MONTH_S};

static void box(struct kiosk *k) {
    kiosk_make(k, 60, &monthly, 0);
    kiosk_open(k);
}

/* A session of `profile` that selects an item. */
static void watch(struct kiosk *k, const char *profile, unsigned purposes) {
    sotto_session s = kiosk_session(k, profile, purposes);
    kiosk_record(k, s, 7, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_session_end(k->engine, s), SOTTO_OK);
}

/* Memos that belong to profiles. */
static unsigned memos(struct kiosk *k) {
    struct vault_key key = {VAULT_MEMO, 1, 0};
    struct sotto_error err;
    unsigned n = 0;
    while (vault_next(k->engine->vault, &key, n == 0, &err) == SOTTO_OK) n++;
    return n;
}

static void pass_a_month(struct kiosk *k) {
    sim_device_advance(&k->device, MONTH_S * UINT64_C(1000));
    assert_int_equal(sotto_tick(k->engine), SOTTO_OK);
}

static unsigned reports(struct kiosk *k) {
    struct sotto_health health = {.size = sizeof health};
    assert_int_equal(sotto_health(k->engine, &health), SOTTO_OK);
    return (unsigned)health.reports;
}

static void only_the_household_s_own_profile_answers_and_only_with_both_consents(void **state) {
    (void)state;
    static const struct {
        const char *profile;
        unsigned purposes, memos;
    } cases[] = {{NULL, MEASURE, 0},
                 {"anna", STORE | MEASURE, 0},
                 {"Household", STORE | MEASURE, 0},
                 {SOTTO_PROFILE_HOUSEHOLD, STORE, 0},
                 {SOTTO_PROFILE_HOUSEHOLD, MEASURE, 0},
                 {SOTTO_PROFILE_HOUSEHOLD, STORE | MEASURE, 1}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct kiosk k;
        box(&k);
        watch(&k, cases[i].profile, cases[i].purposes);
        assert_int_equal(memos(&k), cases[i].memos);
        pass_a_month(&k);
        assert_int_equal(reports(&k), 1); /* whoever was there */
        kiosk_free(&k);
    }
}

static void report_of_a_household_decodes_and_says_what_it_is(void **state) {
    (void)state;
    struct kiosk k;
    uint8_t bytes[SOTTO_REPORT_MAX], key[32];
    struct sotto_report r;
    struct sotto_budget budget = {.size = sizeof budget};
    uint64_t cursor = 0;
    int64_t release_s;
    size_t n;
    box(&k);
    watch(&k, SOTTO_PROFILE_HOUSEHOLD, STORE | MEASURE);
    pass_a_month(&k);
    assert_int_equal(sotto_outbox_next(k.engine, &cursor, bytes, sizeof bytes, &n),
                     SOTTO_E_NOT_FOUND); /* not yet */
    assert_int_equal(sotto_report_preview(k.engine, &cursor, &release_s, bytes, sizeof bytes, &n),
                     SOTTO_OK);
    assert_int_equal(sotto_device_key(k.engine, key), SOTTO_OK);
    assert_int_equal(sotto_report_decode(bytes, n, key, &r, NULL), SOTTO_OK);
    assert_int_equal(r.unit, SOTTO_UNIT_HOUSEHOLD);
    assert_int_equal(r.mechanism, SOTTO_SUBSET_SELECTION);
    assert_int_equal(r.n_cells, 16);
    assert_int_equal(r.is_repeat, 0);
    pass_a_month(
        &k); /* this window began in the year that it is now, the first in the one before */
    assert_int_equal(sotto_budget(k.engine, &budget), SOTTO_OK);
    assert_int_equal(budget.unit, SOTTO_UNIT_HOUSEHOLD);
    assert_int_equal(budget.window_micro, 1000000);
    assert_int_equal(budget.fresh, 1);
    assert_int_equal(budget.fresh_cap, 12);
    assert_int_equal(budget.lifetime_micro, 2000000);
    kiosk_free(&k);
}

/* Three ways to end it; after each the reports go on, for nobody. */
static void what_was_kept_and_answered_ends_with_consent_or_profile(void **state) {
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct kiosk k;
        struct sotto_erase_receipt receipt = {.size = sizeof receipt};
        box(&k);
        watch(&k, SOTTO_PROFILE_HOUSEHOLD, STORE | MEASURE);
        pass_a_month(&k);
        watch(&k, SOTTO_PROFILE_HOUSEHOLD, 0);
        assert_int_equal(memos(&k), 1);
        sotto_session s = kiosk_session(&k, SOTTO_PROFILE_HOUSEHOLD, 0);
        if (way == 0)
            assert_int_equal(
                sotto_consent_set(k.engine, s, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_WITHDRAWN),
                SOTTO_OK);
        if (way == 1)
            assert_int_equal(
                sotto_consent_set(k.engine, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_WITHDRAWN),
                SOTTO_OK);
        if (way == 2)
            assert_int_equal(sotto_erase(k.engine, SOTTO_PROFILE_HOUSEHOLD, &receipt), SOTTO_OK);
        assert_int_equal(memos(&k), 0);
        kiosk_record(&k, s, 9, SOTTO_EVENT_SELECT);
        assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
        assert_int_equal(memos(&k), 0);
        pass_a_month(&k);
        assert_int_equal(memos(&k), 0);
        assert_int_equal(reports(&k), 2);
        kiosk_free(&k);
    }
}

static void pass_days(struct kiosk *k, int days) {
    for (int day = 0; day < days; day++) {
        sim_device_advance(&k->device, 86400 * 1000);
        assert_int_equal(sotto_tick(k->engine), SOTTO_OK);
    }
}

/* With the profile, or alone where only the yes to be stored was said again. */
static void consent_that_has_expired_ends_it_too(void **state) {
    (void)state;
    struct make_policy short_term = monthly;
    short_term.consent_ttl_s = 10 * 86400;
    for (unsigned stays = 0; stays < 2; stays++) {
        struct kiosk k;
        struct sotto_health before = {.size = sizeof before}, after = before;
        kiosk_make(&k, 60, &short_term, 0);
        kiosk_open(&k);
        watch(&k, SOTTO_PROFILE_HOUSEHOLD, STORE | MEASURE);
        pass_days(&k, 5);
        if (stays) watch(&k, SOTTO_PROFILE_HOUSEHOLD, STORE);
        assert_int_equal(memos(&k), 1);
        assert_int_equal(sotto_health(k.engine, &before), SOTTO_OK);

        pass_days(&k, 6);

        assert_int_equal(memos(&k), 0);
        assert_int_equal(sotto_health(k.engine, &after), SOTTO_OK);
        assert_int_equal(after.profiles, stays);
        assert_true(after.key_epoch > before.key_epoch); /* destroyed, not only deleted */
        kiosk_free(&k);
    }
}

/* Whether the answer of the last window is one that stands for nobody. */
static int is_for_nobody(struct kiosk *k) {
    struct vault_key key = {VAULT_MEMO, 0, 0};
    struct sotto_error err;
    return vault_next(k->engine->vault, &key, 1, &err) == SOTTO_OK && key.slot == 0;
}

static void what_rests_is_kept_and_not_answered_with(void **state) {
    (void)state;
    for (int is_signal = 0; is_signal < 2; is_signal++) {
        struct kiosk k;
        box(&k);
        watch(&k, SOTTO_PROFILE_HOUSEHOLD, STORE | MEASURE);
        sotto_session s = kiosk_session(&k, SOTTO_PROFILE_HOUSEHOLD, 0);
        assert_int_equal(is_signal ? sotto_signal_set(k.engine, s, SOTTO_SIGNAL_GPC)
                                   : sotto_pause(k.engine, s),
                         SOTTO_OK);
        assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
        assert_int_equal(memos(&k), 1);
        if (!is_signal) { /* a signal lasts as long as the session */
            assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
            pass_a_month(&k);
            assert_true(is_for_nobody(&k));
            assert_int_equal(memos(&k), 1);
        }
        kiosk_free(&k);
    }
}

/* A window ended while storage was away, and so did consent: what is made when storage returns must
 * not be made of what the household did before. */
static void a_no_said_without_storage_comes_before_the_answer_that_waited(void **state) {
    (void)state;
    for (int has_left = 0; has_left < 2; has_left++) {
        struct kiosk k;
        box(&k);
        watch(&k, SOTTO_PROFILE_HOUSEHOLD, STORE | MEASURE);
        assert_int_equal(memos(&k), 1);
        kiosk_restart_without_storage(&k);
        sim_device_advance(&k.device, MONTH_S * UINT64_C(1000));
        sotto_session s = kiosk_session(&k, SOTTO_PROFILE_HOUSEHOLD, 0);
        assert_int_equal(
            sotto_consent_set(k.engine, s, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_WITHDRAWN),
            SOTTO_E_IO);
        if (has_left) assert_int_equal(sotto_session_end(k.engine, s), SOTTO_E_IO);

        kiosk_mend_storage(&k);

        assert_int_equal(reports(&k), 1);
        assert_true(is_for_nobody(&k));
        assert_int_equal(memos(&k), 0);
        kiosk_free(&k);
    }
}

static void a_pause_keeps_what_was_kept_and_answers_for_nobody(void **state) {
    (void)state;
    struct kiosk k;
    box(&k);
    watch(&k, SOTTO_PROFILE_HOUSEHOLD, STORE | MEASURE);
    sotto_session s = kiosk_session(&k, SOTTO_PROFILE_HOUSEHOLD, 0);
    assert_int_equal(sotto_pause(k.engine, s), SOTTO_OK);
    kiosk_record(&k, s, 9, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
    assert_int_equal(memos(&k), 1);
    assert_int_equal(k.engine->dp.household, 0);
    s = kiosk_session(&k, SOTTO_PROFILE_HOUSEHOLD, 0);
    assert_int_equal(sotto_resume(k.engine, s), SOTTO_OK);
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
    assert_int_not_equal(k.engine->dp.household, 0);
    kiosk_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_household_s_own_profile_answers_and_only_with_both_consents),
        cmocka_unit_test(report_of_a_household_decodes_and_says_what_it_is),
        cmocka_unit_test(what_was_kept_and_answered_ends_with_consent_or_profile),
        cmocka_unit_test(consent_that_has_expired_ends_it_too),
        cmocka_unit_test(what_rests_is_kept_and_not_answered_with),
        cmocka_unit_test(a_no_said_without_storage_comes_before_the_answer_that_waited),
        cmocka_unit_test(a_pause_keeps_what_was_kept_and_answers_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
