/* The engine through its public API on a simulated device: disclosure, consent, sessions, policy.
 */
#include "tests/support/test.h"

#include "tests/support/kiosk.h"

#define PERSONALISE (1u << SOTTO_PURPOSE_PERSONALISE)

static const struct make_policy usual;

/* The general slate of this kiosk: what everyone sees. */
static void general_slate(struct kiosk *k, struct sotto_item *items, uint32_t count) {
    sotto_session s = kiosk_session(k, NULL, 0);
    struct sotto_slate_view view = kiosk_slate(k, s, items, count, NULL);
    assert_int_equal(view.personalised, 0);
    assert_int_equal(view.count, count);
    assert_int_equal(sotto_session_end(k->engine, s), SOTTO_OK);
}

static int same_items(const struct sotto_item *a, const struct sotto_item *b, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(a[i].id, b[i].id) != 0) return 0;
    return 1;
}

static void personalised_slate_after_consent_and_banner(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[10], general[10];
    kiosk_make(&k, 60, &usual, 1);
    kiosk_open(&k);
    general_slate(&k, general, 10);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 50, SOTTO_EVENT_SELECT);
    int present;

    struct sotto_slate_view view = kiosk_slate(&k, s, items, 10, &present);

    assert_int_equal(present, SOTTO_OK);
    assert_int_equal(view.personalised, 1);
    assert_int_equal(view.why, SOTTO_WHY_PERSONALISED);
    assert_int_equal(view.count, 10);
    assert_int_equal(k.device.banners_shown, 1);
    assert_false(same_items(items, general, 10));
    for (uint32_t i = 1; i < 10; i++) assert_true(items[i - 1].score >= items[i].score);
    kiosk_free(&k);
}

/* ---- Promise 4: every way the banner can fail --------------------------------------------- */

static void every_failure_of_the_banner_gives_the_general_slate(void **state) {
    (void)state;
    static const struct {
        enum sim_banner banner;
        enum sotto_why why;
        int present;
    } ways[] = {
        {SIM_BANNER_SHOWN, SOTTO_WHY_NOT_DISCLOSED, SOTTO_E_STATE}, /* never acknowledged */
        {SIM_BANNER_DECLINED, SOTTO_WHY_NO_CONSENT, SOTTO_OK},
        {SIM_BANNER_FAILS, SOTTO_WHY_NOT_DISCLOSED, SOTTO_E_STATE},
        {SIM_BANNER_PENDING, SOTTO_WHY_NOT_DISCLOSED, SOTTO_PENDING}, /* opened too early */
        {SIM_BANNER_WRONG_HASH, SOTTO_WHY_NOT_DISCLOSED, SOTTO_E_STATE},
        {SIM_BANNER_TOO_SHORT, SOTTO_WHY_NOT_DISCLOSED, SOTTO_E_STATE},
        {SIM_BANNER_NO_CHANNEL, SOTTO_WHY_NOT_DISCLOSED, SOTTO_E_STATE},
    };
    for (unsigned i = 0; i < ARRAY_LEN(ways); i++) {
        struct kiosk k;
        struct sotto_item items[10], general[10];
        kiosk_make(&k, 60, &usual, 1);
        kiosk_open(&k);
        general_slate(&k, general, 10);
        sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
        kiosk_record(&k, s, 50, SOTTO_EVENT_SELECT);
        k.device.banner = ways[i].banner;
        int present;

        struct sotto_slate_view view = kiosk_slate(&k, s, items, 10, &present);

        assert_int_equal(present, ways[i].present);
        assert_int_equal(view.personalised, 0);
        if (ways[i].banner == SIM_BANNER_DECLINED)
            assert_true(view.why == SOTTO_WHY_DECLINED || view.why == SOTTO_WHY_NO_CONSENT);
        else
            assert_int_equal(view.why, ways[i].why);
        assert_int_equal(view.count, 10);
        assert_true(same_items(items, general, 10));
        kiosk_free(&k);
    }
}

static void missing_hook_or_skipped_present_gives_the_general_slate(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    kiosk_make(&k, 60, &usual, 1);
    k.device.port.banner_show = NULL;
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 50, SOTTO_EVENT_SELECT);
    int present;
    assert_int_equal(kiosk_slate(&k, s, items, 5, &present).personalised, 0);
    assert_int_equal(present, SOTTO_E_STATE);
    assert_non_null(strstr(sotto_last_error(k.engine), "no banner hook"));

    const struct sotto_slate_request request = {.size = sizeof request};
    struct sotto_slate_view view = {.size = sizeof view};
    sotto_slate slate;
    assert_int_equal(sotto_slate_request(k.engine, s, &request, &slate), SOTTO_OK);
    assert_int_equal(sotto_slate_open(k.engine, slate, &view, items, 5), SOTTO_OK);
    assert_int_equal(view.personalised, 0);
    assert_int_equal(view.why, SOTTO_WHY_NOT_DISCLOSED);
    assert_int_equal(sotto_slate_open(k.engine, slate, &view, items, 5), SOTTO_E_STATE);
    kiosk_free(&k);
}

static void pending_banner_opens_after_its_receipt(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    kiosk_make(&k, 60, &usual, 1);
    kiosk_open(&k);
    k.device.banner = SIM_BANNER_PENDING;
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 50, SOTTO_EVENT_SELECT);
    const struct sotto_slate_request request = {.size = sizeof request, .count = 5};
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_banner_receipt receipt;
    sotto_slate slate;
    assert_int_equal(sotto_slate_request(k.engine, s, &request, &slate), SOTTO_OK);
    assert_int_equal(sotto_slate_present(k.engine, slate), SOTTO_PENDING);
    assert_int_equal(sotto_slate_present(k.engine, slate), SOTTO_E_STATE);
    sim_banner_receipt(&k.device, &receipt);
    assert_int_equal(sotto_slate_confirm(k.engine, slate, &receipt), SOTTO_OK);
    assert_int_equal(sotto_slate_confirm(k.engine, slate, &receipt), SOTTO_E_STATE);
    assert_int_equal(sotto_slate_open(k.engine, slate, &view, items, 5), SOTTO_OK);
    assert_int_equal(view.personalised, 1);
    kiosk_free(&k);
}

static struct sotto *reentered;
static int reentry_status[4];
static int reentering_hook(void *ctx, const struct sotto_banner *banner,
                           struct sotto_banner_receipt *receipt) {
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item item;
    sotto_session s;
    (void)ctx;
    (void)banner;
    (void)receipt;
    reentry_status[0] = sotto_slate_open(reentered, 2, &view, &item, 1);
    reentry_status[1] = sotto_session_begin(reentered, NULL, &s);
    reentry_status[2] = sotto_tick(reentered);
    reentry_status[3] =
        sotto_consent_set(reentered, 1, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED);
    return -1;
}

static void hook_that_calls_back_is_refused(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    kiosk_make(&k, 60, &usual, 1);
    k.device.port.banner_show = reentering_hook;
    kiosk_open(&k);
    reentered = k.engine;
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 50, SOTTO_EVENT_SELECT);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).personalised, 0);
    for (unsigned i = 0; i < 4; i++) assert_int_equal(reentry_status[i], SOTTO_E_STATE);
    kiosk_free(&k);
}

static void declining_on_the_banner_is_remembered_as_no(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    enum sotto_consent consent;
    kiosk_make(&k, 60, &usual, 1);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 50, SOTTO_EVENT_SELECT);
    k.device.banner = SIM_BANNER_DECLINED;
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).personalised, 0);
    assert_int_equal(sotto_consent_get(k.engine, s, SOTTO_PURPOSE_PERSONALISE, &consent), SOTTO_OK);
    assert_int_equal(consent, SOTTO_CONSENT_DENIED);
    k.device.banner = SIM_BANNER_ACCEPTED;
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_NO_CONSENT);
    kiosk_free(&k);
}

static void banner_shows_once_per_session_and_again_in_the_next(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    kiosk_make(&k, 60, &usual, 1);
    kiosk_open(&k);
    for (unsigned visit = 1; visit <= 3; visit++) {
        sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
        kiosk_record(&k, s, 50, SOTTO_EVENT_SELECT);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).personalised, 1);
            assert_int_equal(k.device.banners_asked, visit);
        }
        /* Taking consent back re-arms the banner. */
        assert_int_equal(
            sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN),
            SOTTO_OK);
        assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).personalised, 0);
        assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    }
    kiosk_free(&k);
}

static void consent_taken_back_after_the_banner_closes_the_sealed_slate(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    struct sotto_slate_view view = {.size = sizeof view};
    const struct sotto_slate_request request = {.size = sizeof request, .count = 5};
    sotto_slate slate;
    kiosk_make(&k, 60, &usual, 1);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 50, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_slate_request(k.engine, s, &request, &slate), SOTTO_OK);
    assert_int_equal(sotto_slate_present(k.engine, slate), SOTTO_OK);
    assert_int_equal(
        sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN),
        SOTTO_OK);
    /* Saying yes again does not revive what was disarmed. */
    assert_int_equal(
        sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED), SOTTO_OK);
    assert_int_equal(sotto_slate_open(k.engine, slate, &view, items, 5), SOTTO_OK);
    assert_int_equal(view.personalised, 0);
    assert_int_equal(view.why, SOTTO_WHY_NO_CONSENT);
    kiosk_free(&k);
}

static void old_slates_and_old_consent_expire(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    struct sotto_slate_view view = {.size = sizeof view};
    const struct sotto_slate_request request = {.size = sizeof request, .count = 5};
    sotto_slate slate;
    kiosk_make(&k, 60, &(struct make_policy){.consent_ttl_s = 3600, .idle_s = 3600}, 1);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 50, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_slate_request(k.engine, s, &request, &slate), SOTTO_OK);
    assert_int_equal(sotto_slate_present(k.engine, slate), SOTTO_OK);
    sim_device_advance(&k.device, 301 * 1000);
    assert_int_equal(sotto_slate_open(k.engine, slate, &view, items, 5), SOTTO_OK);
    assert_int_equal(view.personalised, 0);
    assert_int_equal(view.why, SOTTO_WHY_EXPIRED);

    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).personalised, 1);
    sim_device_advance(&k.device, 3000 * 1000u);
    kiosk_record(&k, s, 51, SOTTO_EVENT_VIEW); /* not idle */
    sim_device_advance(&k.device, 601 * 1000u);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_NO_CONSENT);
    kiosk_free(&k);
}

/* ---- Policy ------------------------------------------------------------------------------ */

static void assert_strict(struct kiosk *k, int status) {
    struct sotto_health health = {.size = sizeof health};
    struct sotto_item items[5];
    sotto_session s;
    assert_int_equal(sotto_health(k->engine, &health), SOTTO_OK);
    assert_int_equal(health.strict, 1);
    assert_int_equal(health.policy_status, status);
    assert_true(strlen(health.policy_message) > 10);
    assert_int_equal(sotto_session_begin(k->engine, NULL, &s), SOTTO_OK);
    for (int p = SOTTO_PURPOSE_STORE; p <= SOTTO_PURPOSE_MEASURE; p++)
        assert_int_equal(
            sotto_consent_set(k->engine, s, (enum sotto_purpose)p, SOTTO_CONSENT_GRANTED),
            SOTTO_E_CONSENT);
    kiosk_record(k, s, 50, SOTTO_EVENT_SELECT);
    struct sotto_slate_view view = kiosk_slate(k, s, items, 5, NULL);
    assert_int_equal(view.personalised, 0);
    assert_int_equal(view.why, SOTTO_WHY_POLICY);
    assert_int_equal(view.count, 5);
}

static void without_a_valid_policy_strict_rules_and_the_screen_goes_on(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 1);
    k.config.policy_pack = k.config.policy_key = NULL;
    kiosk_open(&k);
    assert_strict(&k, SOTTO_E_NOT_FOUND);
    kiosk_free(&k);

    kiosk_make(&k, 60, NULL, 1); /* the file is missing */
    kiosk_open(&k);
    assert_strict(&k, SOTTO_E_IO);
    kiosk_free(&k);

    kiosk_make(&k, 60, &usual, 1);
    k.config.policy_key = k.model_key; /* merchandising may not sign policies */
    kiosk_open(&k);
    assert_strict(&k, SOTTO_E_SIGNATURE);
    kiosk_free(&k);

    kiosk_make(&k, 60, &(struct make_policy){.not_after_s = 1000}, 1);
    kiosk_open(&k);
    assert_strict(&k, SOTTO_E_EXPIRED);
    kiosk_free(&k);
}

static void policy_that_expires_while_running_closes_what_is_open(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    struct sotto_slate_view view = {.size = sizeof view};
    const struct sotto_slate_request request = {.size = sizeof request, .count = 5};
    sotto_slate slate;
    kiosk_make(&k, 60, &usual, 1);
    kiosk_put_policy(&k, &(struct make_policy){.not_after_s = k.device.wall_s + 30});
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 50, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_slate_request(k.engine, s, &request, &slate), SOTTO_OK);
    assert_int_equal(sotto_slate_present(k.engine, slate), SOTTO_OK);
    sim_device_advance(&k.device, 31 * 1000); /* strict calls a session idle after 60 s */
    assert_int_equal(sotto_slate_open(k.engine, slate, &view, items, 5), SOTTO_OK);
    assert_int_equal(view.personalised, 0);
    assert_int_equal(view.why, SOTTO_WHY_POLICY);
    assert_strict(&k, SOTTO_E_EXPIRED);
    kiosk_free(&k);
}

static void older_model_than_one_in_use_is_refused(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_error err;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_put_model(&k, 60, 7);
    kiosk_open(&k);
    kiosk_put_model(&k, 60, 6);
    sotto_close(k.engine);
    k.engine = NULL;
    assert_int_equal(sotto_open(&k.config, &k.engine, &err), SOTTO_E_ROLLBACK);
    assert_null(k.engine);
    assert_non_null(strstr(err.message, "version 6"));
    kiosk_put_model(&k, 60, 7);
    kiosk_open(&k);
    kiosk_free(&k);
}

static void older_policy_than_one_in_use_leaves_strict(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &(struct make_policy){.version = 9}, 0);
    kiosk_open(&k);
    kiosk_put_policy(&k, &(struct make_policy){.version = 8});
    kiosk_restart(&k);
    assert_strict(&k, SOTTO_E_ROLLBACK);
    kiosk_put_policy(&k, &(struct make_policy){.version = 9});
    kiosk_restart(&k);
    struct sotto_health health = {.size = sizeof health};
    assert_int_equal(sotto_health(k.engine, &health), SOTTO_OK);
    assert_int_equal(health.strict, 0);
    kiosk_free(&k);
}

/* ---- Reasons, sessions, handles ---------------------------------------------------------- */

static void reasons_add_up_and_wait_for_the_slate_to_open(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[10];
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_explanation x = {.size = sizeof x};
    struct sotto_reason reasons[SOTTO_HISTORY_MAX + 1];
    const struct sotto_slate_request request = {.size = sizeof request, .count = 10};
    sotto_slate slate;
    kiosk_make(&k, 60, &usual, 1);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    for (unsigned i = 0; i < 30; i++) kiosk_record(&k, s, i * 2, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_slate_request(k.engine, s, &request, &slate), SOTTO_OK);
    assert_int_equal(sotto_explain(k.engine, slate, 0, &x, reasons, 1), SOTTO_E_STATE);
    assert_int_equal(sotto_slate_present(k.engine, slate), SOTTO_OK);
    assert_int_equal(sotto_explain(k.engine, slate, 0, &x, reasons, 1), SOTTO_E_STATE);
    assert_int_equal(sotto_slate_open(k.engine, slate, &view, items, 10), SOTTO_OK);
    for (uint32_t rank = 0; rank < view.count; rank++) {
        int64_t sum = 0;
        assert_int_equal(sotto_explain(k.engine, slate, rank, &x, reasons, ARRAY_LEN(reasons)),
                         SOTTO_OK);
        for (uint32_t i = 0; i < x.count; i++) {
            sum += reasons[i].contribution;
            if (reasons[i].kind == SOTTO_REASON_ACTIVITY) assert_non_null(reasons[i].title);
        }
        assert_int_equal(sum, x.score);
        assert_int_equal(x.score, items[rank].score);
        assert_true(x.count >= 2);
    }
    assert_int_equal(sotto_explain(k.engine, slate, view.count, &x, reasons, 1), SOTTO_E_NOT_FOUND);
    kiosk_free(&k);
}

static void closed_handles_are_refused_and_never_reused(void **state) {
    (void)state;
    struct kiosk k;
    sotto_session s[SOTTO_SESSIONS_MAX], extra;
    kiosk_make(&k, 20, &usual, 1);
    kiosk_open(&k);
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) s[i] = kiosk_session(&k, NULL, 0);
    assert_int_equal(sotto_session_begin(k.engine, NULL, &extra), SOTTO_E_LIMIT);
    assert_int_equal(sotto_session_end(k.engine, s[1]), SOTTO_OK);
    assert_int_equal(sotto_session_end(k.engine, s[1]), SOTTO_E_STATE);
    assert_int_equal(sotto_session_begin(k.engine, NULL, &extra), SOTTO_OK);
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) assert_int_not_equal(extra, s[i]);
    const struct sotto_event event = {sizeof event, "item-1", SOTTO_EVENT_VIEW};
    assert_int_equal(sotto_record(k.engine, s[1], &event), SOTTO_E_STATE);
    assert_int_equal(sotto_record(k.engine, 0, &event), SOTTO_E_STATE);

    const struct sotto_slate_request request = {.size = sizeof request};
    sotto_slate slates[SOTTO_SLATES_MAX], more;
    for (int i = 0; i < SOTTO_SLATES_MAX; i++)
        assert_int_equal(sotto_slate_request(k.engine, extra, &request, &slates[i]), SOTTO_OK);
    assert_int_equal(sotto_slate_request(k.engine, extra, &request, &more), SOTTO_E_LIMIT);
    assert_int_equal(sotto_session_end(k.engine, extra), SOTTO_OK);
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item item;
    assert_int_equal(sotto_slate_open(k.engine, slates[0], &view, &item, 1), SOTTO_E_STATE);
    assert_int_equal(sotto_slate_request(k.engine, s[0], &request, &more), SOTTO_OK);
    kiosk_free(&k);
}

static void idle_sessions_end_by_themselves(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 20, &(struct make_policy){.idle_s = 60}, 1);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, 0);
    kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
    sim_device_advance(&k.device, 59 * 1000);
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
    kiosk_record(&k, s, 2, SOTTO_EVENT_VIEW); /* still there, and no longer idle */
    sim_device_advance(&k.device, 60 * 1000);
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_E_STATE);
    kiosk_free(&k);
}

static void absent_items_leave_both_slates(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[20];
    kiosk_make(&k, 20, &usual, 1);
    kiosk_open(&k);
    assert_int_equal(sotto_stock_set(k.engine, "item-0", 0), SOTTO_OK);
    assert_int_equal(sotto_stock_set(k.engine, "item-7", 0), SOTTO_OK);
    assert_int_equal(sotto_stock_set(k.engine, "no such item", 0), SOTTO_E_NOT_FOUND);
    for (unsigned purposes = 0; purposes <= PERSONALISE; purposes += PERSONALISE) {
        sotto_session s = kiosk_session(&k, NULL, purposes);
        kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
        struct sotto_slate_view view = kiosk_slate(&k, s, items, 20, NULL);
        assert_int_equal(view.personalised, purposes != 0);
        assert_int_equal(view.count, purposes ? 17 : 18);
        for (uint32_t i = 0; i < view.count; i++) {
            assert_string_not_equal(items[i].id, "item-0");
            assert_string_not_equal(items[i].id, "item-7");
        }
    }
    assert_int_equal(sotto_stock_set(k.engine, "item-7", 1), SOTTO_OK);
    kiosk_free(&k);
}

static void engine_runs_in_the_memory_it_is_given(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_error err;
    size_t needed;
    kiosk_make(&k, 60, &usual, 1);
    assert_int_equal(sotto_memory_needed(&k.config, &needed, &err), SOTTO_OK);
    void *block = NULL;
    assert_int_equal(posix_memalign(&block, 16, needed), 0);
    k.config.memory = block;
    k.config.memory_bytes = needed - 1;
    assert_int_equal(sotto_open(&k.config, &k.engine, &err), SOTTO_E_MEMORY);
    k.config.memory_bytes = needed;
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
    struct sotto_health health = {.size = sizeof health};
    assert_int_equal(sotto_health(k.engine, &health), SOTTO_OK);
    assert_true(health.memory_bytes < 1u << 20); /* DESIGN: 2 MiB at 10,000 items */
    kiosk_free(&k);
    free(block);
}

static void bad_arguments_are_refused_with_a_remedy(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_error err;
    struct sotto *engine = NULL;
    kiosk_make(&k, 20, &usual, 1);
    struct sotto_config bad = k.config;
    bad.size = 1;
    assert_int_equal(sotto_open(&bad, &engine, &err), SOTTO_E_ARGUMENT);
    bad = k.config;
    bad.model_pack = "/nowhere/model.pack";
    assert_int_equal(sotto_open(&bad, &engine, &err), SOTTO_E_IO);
    assert_non_null(strstr(err.message, "/nowhere/model.pack"));
    bad = k.config;
    bad.model_key = "not a key";
    assert_int_equal(sotto_open(&bad, &engine, &err), SOTTO_E_ARGUMENT);
    assert_int_equal(sotto_open(NULL, &engine, NULL), SOTTO_E_ARGUMENT);
    assert_int_equal(sotto_open(&k.config, NULL, NULL), SOTTO_E_ARGUMENT);
    assert_null(engine);
    assert_int_equal(sotto_tick(NULL), SOTTO_E_ARGUMENT);
    sotto_close(NULL);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, 0);
    struct sotto_event event = {sizeof event, "item-1", (enum sotto_event_type)9};
    assert_int_equal(sotto_record(k.engine, s, &event), SOTTO_E_ARGUMENT);
    event = (struct sotto_event){sizeof event, "item-99", SOTTO_EVENT_VIEW};
    assert_int_equal(sotto_record(k.engine, s, &event), SOTTO_E_NOT_FOUND);
    assert_null(strstr(sotto_last_error(k.engine), "item-99")); /* no content in messages */
    char long_name[SOTTO_PROFILE_NAME_MAX + 2];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(sotto_session_begin(k.engine, long_name, &s), SOTTO_E_ARGUMENT);
    assert_int_equal(sotto_session_begin(k.engine, "", &s), SOTTO_E_ARGUMENT);
    for (int status = SOTTO_E_NEWER; status <= SOTTO_PENDING; status++)
        assert_string_not_equal(sotto_strerror(status), "unknown status");
    assert_string_equal(sotto_strerror(-1000), "unknown status");
    kiosk_free(&k);
}

static void failed_entropy_stops_banners_not_the_screen(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    kiosk_make(&k, 20, &usual, 1);
    k.device.entropy_fails = 1;
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
    struct sotto_slate_view view = kiosk_slate(&k, s, items, 5, NULL);
    assert_int_equal(view.personalised, 0);
    assert_int_equal(view.count, 5);
    k.device.entropy_fails = 0;
    sim_device_advance(&k.device, 6000);
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).personalised, 1);
    kiosk_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(personalised_slate_after_consent_and_banner),
        cmocka_unit_test(every_failure_of_the_banner_gives_the_general_slate),
        cmocka_unit_test(missing_hook_or_skipped_present_gives_the_general_slate),
        cmocka_unit_test(pending_banner_opens_after_its_receipt),
        cmocka_unit_test(hook_that_calls_back_is_refused),
        cmocka_unit_test(declining_on_the_banner_is_remembered_as_no),
        cmocka_unit_test(banner_shows_once_per_session_and_again_in_the_next),
        cmocka_unit_test(consent_taken_back_after_the_banner_closes_the_sealed_slate),
        cmocka_unit_test(old_slates_and_old_consent_expire),
        cmocka_unit_test(without_a_valid_policy_strict_rules_and_the_screen_goes_on),
        cmocka_unit_test(policy_that_expires_while_running_closes_what_is_open),
        cmocka_unit_test(older_model_than_one_in_use_is_refused),
        cmocka_unit_test(older_policy_than_one_in_use_leaves_strict),
        cmocka_unit_test(reasons_add_up_and_wait_for_the_slate_to_open),
        cmocka_unit_test(closed_handles_are_refused_and_never_reused),
        cmocka_unit_test(idle_sessions_end_by_themselves),
        cmocka_unit_test(absent_items_leave_both_slates),
        cmocka_unit_test(engine_runs_in_the_memory_it_is_given),
        cmocka_unit_test(bad_arguments_are_refused_with_a_remedy),
        cmocka_unit_test(failed_entropy_stops_banners_not_the_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
