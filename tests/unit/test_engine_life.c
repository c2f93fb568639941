/* The engine past the time of things: answers that come late, sessions that nobody ended, models
 * that expired, slates whose history was erased. */
#include "tests/support/test.h"

#include "base/base.h"
#include "tests/support/kiosk.h"

#define STORE       (1u << SOTTO_PURPOSE_STORE)
#define PERSONALISE (1u << SOTTO_PURPOSE_PERSONALISE)

static const struct make_policy usual;

static struct sotto_health health_of(struct kiosk *k) {
    struct sotto_health health = {.size = sizeof health};
    assert_int_equal(sotto_health(k->engine, &health), SOTTO_OK);
    return health;
}

static enum sotto_consent word(struct kiosk *k, sotto_session s, enum sotto_purpose purpose) {
    enum sotto_consent consent;
    assert_int_equal(sotto_consent_get(k->engine, s, purpose, &consent), SOTTO_OK);
    return consent;
}

static sotto_slate request(struct kiosk *k, sotto_session s) {
    const struct sotto_slate_request r = {.size = sizeof r, .count = 5};
    sotto_slate slate;
    assert_int_equal(sotto_slate_request(k->engine, s, &r, &slate), SOTTO_OK);
    return slate;
}

static struct sotto_slate_view open_slate(struct kiosk *k, sotto_slate slate) {
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[5];
    assert_int_equal(sotto_slate_open(k->engine, slate, &view, items, 5), SOTTO_OK);
    assert_int_equal(view.count, 5); /* never a blank screen */
    return view;
}

/* ---- A late no --------------------------------------------------------------------------- */

enum late { STILL_ASKED, OPENED, TIMED_OUT, CLOSED, ASKED_AGAIN, IDLE, LATES };

static void a_no_on_the_banner_is_heard_however_late_it_comes(void **state) {
    (void)state;
    for (int late = 0; late < LATES; late++) {
        struct kiosk k;
        struct sotto_item items[5];
        struct sotto_banner_receipt receipt;
        kiosk_make(&k, 60, &(struct make_policy){.idle_s = 600}, 0);
        kiosk_open(&k);
        sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
        kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
        k.device.banner = SIM_BANNER_PENDING;
        sotto_slate slate = request(&k, s);
        assert_int_equal(sotto_slate_present(k.engine, slate), SOTTO_PENDING);
        k.device.banner = SIM_BANNER_DECLINED;
        sim_banner_receipt(&k.device, &receipt);
        switch ((enum late)late) {
        case STILL_ASKED:
        case LATES: break;
        case OPENED: assert_int_equal(open_slate(&k, slate).personalised, 0); break;
        case CLOSED: sotto_slate_close(k.engine, slate); break;
        case TIMED_OUT:
            sim_device_advance(&k.device, 301 * 1000);
            assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
            break;
        case ASKED_AGAIN: /* another slate's banner is up now */
            k.device.banner = SIM_BANNER_PENDING;
            assert_int_equal(sotto_slate_present(k.engine, request(&k, s)), SOTTO_PENDING);
            break;
        case IDLE: sim_device_advance(&k.device, 601 * 1000); break;
        }

        assert_int_equal(sotto_slate_confirm(k.engine, slate, &receipt), SOTTO_OK);

        assert_int_equal(health_of(&k).banners_shown, 1);
        if (late == IDLE) { /* heard, and then the session is over */
            assert_int_equal(sotto_session_end(k.engine, s), SOTTO_E_STATE);
            s = kiosk_session(&k, "anna", 0);
        }
        assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_DENIED);
        k.device.banner = SIM_BANNER_ACCEPTED;
        assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_NO_CONSENT);
        assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
        s = kiosk_session(&k, "anna", 0);
        assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_DENIED);
        kiosk_free(&k);
    }
}

static void a_no_counts_once_and_only_for_the_banner_that_asked(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_banner_receipt receipt;
    kiosk_make(&k, 60, &usual, 1);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
    sotto_slate never_asked = request(&k, s), slate = request(&k, s);
    k.device.banner = SIM_BANNER_PENDING;
    assert_int_equal(sotto_slate_present(k.engine, slate), SOTTO_PENDING);
    k.device.banner = SIM_BANNER_DECLINED;
    sim_banner_receipt(&k.device, &receipt);
    struct sotto_banner_receipt other = receipt, zero = receipt;
    other.hash[0] ^= 1;
    memset(zero.hash, 0, sizeof zero.hash);

    assert_int_equal(sotto_slate_confirm(k.engine, never_asked, &receipt), SOTTO_E_STATE);
    assert_int_equal(sotto_slate_confirm(k.engine, never_asked, &zero), SOTTO_E_STATE);
    assert_int_equal(sotto_slate_confirm(k.engine, 0, &zero), SOTTO_E_STATE);
    assert_int_equal(sotto_slate_confirm(k.engine, 999, &receipt), SOTTO_E_STATE);
    assert_int_equal(sotto_slate_confirm(k.engine, slate, &other), SOTTO_E_STATE);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_GRANTED);

    assert_int_equal(sotto_slate_confirm(k.engine, slate, &receipt), SOTTO_OK);
    assert_int_equal(
        sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED), SOTTO_OK);
    assert_int_equal(sotto_slate_confirm(k.engine, slate, &receipt), SOTTO_E_STATE);
    sotto_slate_close(k.engine, slate);
    assert_int_equal(sotto_slate_confirm(k.engine, slate, &receipt), SOTTO_E_STATE);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_GRANTED);
    kiosk_free(&k);
}

/* ---- Sessions that nobody ended ---------------------------------------------------------- */

/* A device that slept, or a caller that forgot to tick: the next call is somebody else's. */
static void idle_session_is_over_for_every_call_that_comes_late(void **state) {
    (void)state;
    enum { RECORD, REQUEST, PRESENT, OPEN, EXPLAIN, CONSENT, READ, CALLS };
    for (int call = 0; call < CALLS; call++) {
        struct kiosk k;
        struct sotto_item items[5];
        struct sotto_slate_view view = {.size = sizeof view};
        const struct sotto_slate_request r = {.size = sizeof r};
        const struct sotto_event event = {sizeof event, "item-1", SOTTO_EVENT_VIEW};
        struct sotto_explanation x = {.size = sizeof x};
        enum sotto_consent consent;
        sotto_slate more;
        int status = SOTTO_OK;
        kiosk_make(&k, 60, &(struct make_policy){.idle_s = 60}, 1);
        kiosk_open(&k);
        sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
        kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
        sotto_slate shown = request(&k, s);
        assert_int_equal(sotto_slate_present(k.engine, shown), SOTTO_OK);
        sim_device_advance(&k.device, 60 * 1000);

        switch (call) {
        case RECORD: status = sotto_record(k.engine, s, &event); break;
        case REQUEST: status = sotto_slate_request(k.engine, s, &r, &more); break;
        case PRESENT: status = sotto_slate_present(k.engine, shown); break;
        case OPEN: status = sotto_slate_open(k.engine, shown, &view, items, 5); break;
        case EXPLAIN: status = sotto_explain(k.engine, shown, 0, &x, NULL, 0); break;
        case CONSENT:
            status =
                sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED);
            break;
        case READ:
            status = sotto_consent_get(k.engine, s, SOTTO_PURPOSE_PERSONALISE, &consent);
            break;
        }

        assert_int_equal(status, SOTTO_E_STATE);
        assert_non_null(strstr(sotto_last_error(k.engine), "idle"));
        assert_int_equal(sotto_session_end(k.engine, s), SOTTO_E_STATE);
        assert_int_equal(sotto_slate_open(k.engine, shown, &view, items, 5), SOTTO_E_STATE);
        kiosk_free(&k);
    }
}

static void idle_named_session_makes_way_for_the_next_one(void **state) {
    (void)state;
    struct kiosk k;
    sotto_session s;
    kiosk_make(&k, 60, &(struct make_policy){.idle_s = 60}, 0);
    kiosk_open(&k);
    s = kiosk_session(&k, "anna", STORE);
    kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
    for (int i = 1; i < SOTTO_SESSIONS_MAX; i++) kiosk_session(&k, NULL, 0);
    assert_int_equal(sotto_session_begin(k.engine, "anna", &s), SOTTO_E_STATE);
    sim_device_advance(&k.device, 60 * 1000);

    assert_int_equal(sotto_session_begin(k.engine, "anna", &s), SOTTO_OK);

    assert_int_equal(word(&k, s, SOTTO_PURPOSE_STORE), SOTTO_CONSENT_GRANTED); /* it was stored */
    kiosk_free(&k);
}

/* A person who takes ten seconds to read and then accepts. */
static int slow_banner(void *ctx, const struct sotto_banner *banner,
                       struct sotto_banner_receipt *receipt) {
    struct sim_device *d = ctx;
    receipt->shown_from_ms = d->mono_ms;
    sim_device_advance(d, 10 * 1000);
    receipt->shown_until_ms = d->mono_ms;
    memcpy(receipt->hash, banner->hash, sizeof receipt->hash);
    receipt->channels = SOTTO_CHANNEL_SCREEN;
    receipt->acknowledged = 1;
    return 0;
}

static void blocking_banner_is_no_idleness(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    kiosk_make(&k, 60, &(struct make_policy){.idle_s = 5}, 1);
    k.device.port.banner_show = slow_banner;
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);

    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).personalised, 1);

    kiosk_free(&k);
}

/* ---- Models that expired ----------------------------------------------------------------- */

static void put_expiring_model(struct kiosk *k, uint64_t version, int64_t not_after_s) {
    static uint8_t pack[MAKE_PACK_MAX];
    kiosk_put_model(k, 60, version);
    FILE *f = fopen(k->model_path, "rb");
    assert_non_null(f);
    size_t n = fread(pack, 1, sizeof pack, f);
    fclose(f);
    store64(pack + 24, (uint64_t)not_after_s); /* FORMAT.md: the header's not-after */
    make_signed_file(k->model_path, pack, n, KIOSK_MODEL_KEY);
}

static void assert_general_for_the_model(struct kiosk *k, int status) {
    struct sotto_item items[5];
    struct sotto_health health = health_of(k);
    assert_int_equal(health.model_status, status);
    assert_non_null(strstr(health.model_message, "install a newer one"));
    sotto_session s = kiosk_session(k, NULL, PERSONALISE);
    kiosk_record(k, s, 3, SOTTO_EVENT_SELECT);
    struct sotto_slate_view view = kiosk_slate(k, s, items, 5, NULL);
    assert_int_equal(view.personalised, 0);
    assert_int_equal(view.why, SOTTO_WHY_MODEL);
    assert_int_equal(view.count, 5);
    assert_int_equal(sotto_session_end(k->engine, s), SOTTO_OK);
}

static void model_that_expires_leaves_a_general_screen_now_and_after_a_restart(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    kiosk_make(&k, 60, &usual, 0);
    put_expiring_model(&k, 2, k.device.wall_s + 100);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).personalised, 1);
    assert_int_equal(health_of(&k).model_status, SOTTO_OK);
    sotto_slate shown = request(&k, s);
    assert_int_equal(sotto_slate_present(k.engine, shown), SOTTO_OK);

    sim_device_advance(&k.device, 101 * 1000);

    struct sotto_slate_view view = open_slate(&k, shown);
    assert_int_equal(view.personalised, 0);
    assert_int_equal(view.why, SOTTO_WHY_MODEL);
    assert_general_for_the_model(&k, SOTTO_E_EXPIRED);
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
    kiosk_restart(&k);
    assert_general_for_the_model(&k, SOTTO_E_EXPIRED);
    kiosk_put_model(&k, 60, 3);
    kiosk_restart(&k);
    assert_int_equal(health_of(&k).model_status, SOTTO_OK);
    assert_string_equal(health_of(&k).model_message, "");
    kiosk_free(&k);
}

static void model_that_came_too_late_does_not_shut_out_the_one_before(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    put_expiring_model(&k, 5, k.device.wall_s - 10);
    kiosk_restart(&k);
    assert_general_for_the_model(&k, SOTTO_E_EXPIRED);
    kiosk_put_model(&k, 60, 1);

    kiosk_restart(&k); /* fails the test if it does not open */

    assert_int_equal(health_of(&k).model_status, SOTTO_OK);
    assert_int_equal(health_of(&k).model_version, 1);
    kiosk_free(&k);
}

/* Only an open that succeeded raises floors. */
static void failed_open_writes_nothing(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto *refused;
    struct sotto_error err;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_put_model(&k, 60, 7);
    kiosk_open(&k);
    sotto_close(k.engine);
    kiosk_put_model(&k, 60, 6);
    kiosk_put_policy(&k, &(struct make_policy){.version = 9});
    int64_t wall_s = k.device.wall_s;
    k.device.wall_s += 400 * 86400; /* neither time nor the policy's version may stick */
    assert_int_equal(sotto_open(&k.config, &refused, &err), SOTTO_E_ROLLBACK);
    k.device.wall_s = wall_s;
    kiosk_put_model(&k, 60, 7);
    kiosk_put_policy(&k, &usual);

    kiosk_open(&k);

    assert_int_equal(health_of(&k).strict, 0);
    assert_true(health_of(&k).time_floor_s < wall_s + 86400);
    kiosk_free(&k);
}

/* ---- Reasons after an erasure ------------------------------------------------------------ */

static void open_slate_forgets_its_reasons_with_the_history(void **state) {
    (void)state;
    enum { ERASE_ONE, ERASE_ALL, WITHDRAW, WITHDRAW_UNSTORED, WAYS };
    for (int way = 0; way < WAYS; way++) {
        struct kiosk k;
        struct sotto_erase_receipt receipt = {.size = sizeof receipt};
        struct sotto_explanation x = {.size = sizeof x};
        struct sotto_reason reasons[3];
        kiosk_make(&k, 60, &usual, 0);
        kiosk_open(&k);
        sotto_session s =
            kiosk_session(&k, "anna", way == WITHDRAW_UNSTORED ? PERSONALISE : STORE | PERSONALISE);
        kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
        sotto_slate slate = request(&k, s), general = request(&k, s);
        assert_int_equal(open_slate(&k, general).personalised, 0); /* no banner yet */
        assert_int_equal(sotto_slate_present(k.engine, slate), SOTTO_OK);
        assert_int_equal(open_slate(&k, slate).personalised, 1);
        assert_int_equal(sotto_explain(k.engine, slate, 0, &x, reasons, 3), SOTTO_OK);
        assert_true(x.count >= 2);

        if (way == ERASE_ONE || way == ERASE_ALL)
            assert_int_equal(sotto_erase(k.engine, way == ERASE_ONE ? "anna" : NULL, &receipt),
                             SOTTO_OK);
        else
            assert_int_equal(
                sotto_consent_set(k.engine, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_WITHDRAWN),
                SOTTO_OK);

        assert_int_equal(sotto_explain(k.engine, slate, 0, &x, reasons, 3), SOTTO_E_STATE);
        assert_non_null(strstr(sotto_last_error(k.engine), "erased"));
        assert_int_equal(sotto_explain(k.engine, general, 0, &x, reasons, 3), SOTTO_OK);
        assert_int_equal(x.personalised, 0);
        kiosk_free(&k);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_no_on_the_banner_is_heard_however_late_it_comes),
        cmocka_unit_test(a_no_counts_once_and_only_for_the_banner_that_asked),
        cmocka_unit_test(idle_session_is_over_for_every_call_that_comes_late),
        cmocka_unit_test(idle_named_session_makes_way_for_the_next_one),
        cmocka_unit_test(blocking_banner_is_no_idleness),
        cmocka_unit_test(model_that_expires_leaves_a_general_screen_now_and_after_a_restart),
        cmocka_unit_test(model_that_came_too_late_does_not_shut_out_the_one_before),
        cmocka_unit_test(failed_open_writes_nothing),
        cmocka_unit_test(open_slate_forgets_its_reasons_with_the_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
