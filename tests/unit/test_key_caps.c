/* What a port declares of its keys, and what follows from it everywhere: policy, receipts, health.
 */
#include "tests/support/test.h"

#include "tests/support/kiosk.h"

static const uint32_t caps_bits[] = {SOTTO_KEYS_DEVICE_BOUND, SOTTO_KEYS_DESTROY_PHYSICAL,
                                     SOTTO_KEYS_COUNTER, SOTTO_KEYS_SOFT};

/* Every combination of the four. */
static uint32_t caps_of(unsigned number) {
    uint32_t caps = 0;
    for (unsigned b = 0; b < ARRAY_LEN(caps_bits); b++)
        if (number >> b & 1) caps |= caps_bits[b];
    return caps;
}

static int are_contradictory(uint32_t caps) {
    return (caps & SOTTO_KEYS_SOFT) &&
           (caps & (SOTTO_KEYS_DEVICE_BOUND | SOTTO_KEYS_DESTROY_PHYSICAL));
}

static struct sotto_health health_of(struct kiosk *k) {
    struct sotto_health health = {.size = sizeof health};
    assert_int_equal(sotto_health(k->engine, &health), SOTTO_OK);
    return health;
}

/* What a visitor who agrees to everything gets. */
static enum sotto_why visit_of(struct kiosk *k, const char *name) {
    struct sotto_item items[5];
    sotto_session s;
    assert_int_equal(sotto_session_begin(k->engine, name, &s), SOTTO_OK);
    for (int p = SOTTO_PURPOSE_STORE; p <= SOTTO_PURPOSE_MEASURE; p++)
        if (sotto_consent_set(k->engine, s, (enum sotto_purpose)p, SOTTO_CONSENT_GRANTED))
            assert_int_equal(health_of(k).strict, 1);
    kiosk_record(k, s, 3, SOTTO_EVENT_SELECT);
    struct sotto_slate_view view = kiosk_slate(k, s, items, 5, NULL);
    assert_int_equal(view.count, 5);
    assert_int_equal(sotto_session_end(k->engine, s), SOTTO_OK);
    return view.why;
}

static void every_combination_is_honoured_by_policy_receipts_and_health(void **state) {
    (void)state;
    for (unsigned number = 0; number < 16; number++)
        for (uint32_t allows = 0; allows < 2; allows++) {
            struct kiosk k;
            struct sotto_error err;
            struct sotto_erase_receipt receipt = {.size = sizeof receipt};
            uint32_t caps = caps_of(number);
            kiosk_make(&k, 60, &(struct make_policy){.soft_keys = 1 + allows}, 0);
            sim_device_claim(&k.device, caps);
            if (are_contradictory(caps)) {
                assert_int_equal(sotto_open(&k.config, &k.engine, &err), SOTTO_E_ARGUMENT);
                assert_non_null(strstr(err.message, "soft"));
                kiosk_free(&k);
                continue;
            }
            int is_soft = (caps & SOTTO_KEYS_SOFT) || !(caps & SOTTO_KEYS_DEVICE_BOUND);
            int is_ruled_out = is_soft && !allows;

            kiosk_open(&k);

            struct sotto_health health = health_of(&k);
            assert_int_equal(health.key_caps, caps);
            assert_int_equal(health.strict, is_ruled_out);
            assert_int_equal(health.policy_status, is_ruled_out ? SOTTO_E_KEY : SOTTO_OK);
            assert_int_equal(health.storage, SOTTO_STORAGE_OK);
            assert_int_equal(visit_of(&k, "ada"),
                             is_ruled_out ? SOTTO_WHY_POLICY : SOTTO_WHY_PERSONALISED);
            assert_int_equal(health_of(&k).profiles, !is_ruled_out);
            assert_int_equal(sotto_erase(k.engine, "ada", &receipt), SOTTO_OK);
            assert_int_equal(receipt.profiles, !is_ruled_out);
            assert_int_equal(receipt.assurance, is_ruled_out ? 0
                                                : caps & SOTTO_KEYS_DESTROY_PHYSICAL
                                                    ? SOTTO_ASSURANCE_PHYSICAL
                                                    : SOTTO_ASSURANCE_LOGICAL);
            assert_int_equal(health_of(&k).key_epoch, is_ruled_out ? 1 : 2);
            kiosk_free(&k);
        }
}

static int (*honest_destroy)(void *ctx, unsigned slot, int *assurance);
static int claimed;
static int destroy_and_boast(void *ctx, unsigned slot, int *assurance) {
    int status = honest_destroy(ctx, slot, assurance);
    *assurance = claimed;
    return status;
}

static void no_receipt_says_more_than_the_port_declared(void **state) {
    (void)state;
    static const struct {
        uint32_t caps;
        int claimed, told;
    } cases[] = {{0, SOTTO_ASSURANCE_PHYSICAL, SOTTO_ASSURANCE_LOGICAL},
                 {0, 7, SOTTO_ASSURANCE_LOGICAL},
                 {SOTTO_KEYS_DESTROY_PHYSICAL, 7, SOTTO_ASSURANCE_LOGICAL},
                 {SOTTO_KEYS_DESTROY_PHYSICAL, 0, SOTTO_ASSURANCE_LOGICAL},
                 {SOTTO_KEYS_DESTROY_PHYSICAL, SOTTO_ASSURANCE_PHYSICAL, SOTTO_ASSURANCE_PHYSICAL}};
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct kiosk k;
        struct sotto_rotation rotation = {.size = sizeof rotation};
        kiosk_make(&k, 60, &(struct make_policy){0}, 0);
        sim_device_claim(&k.device, SOTTO_KEYS_DEVICE_BOUND | cases[i].caps);
        honest_destroy = k.device.port.slot_destroy;
        claimed = cases[i].claimed;
        k.device.port.slot_destroy = destroy_and_boast;
        kiosk_open(&k);

        assert_int_equal(sotto_keys_rotate(k.engine, &rotation), SOTTO_OK);

        assert_int_equal(rotation.assurance, cases[i].told);
        kiosk_free(&k);
    }
}

static void a_counter_that_is_claimed_must_be_there(void **state) {
    struct kiosk k;
    struct sotto_error err;
    (void)state;
    kiosk_make(&k, 60, &(struct make_policy){0}, 0);
    k.device.port.key_caps |= SOTTO_KEYS_COUNTER;

    assert_int_equal(sotto_open(&k.config, &k.engine, &err), SOTTO_E_ARGUMENT);

    assert_non_null(strstr(err.message, "counter_read"));
    kiosk_free(&k);
}

static void the_key_store_is_told_in_words(void **state) {
    static const struct {
        uint32_t caps;
        const char *text;
    } told[] = {
        {SOTTO_KEYS_SOFT, "keys in ordinary files (soft); destroyed keys are overwritten and "
                          "unlinked; without a counter"},
        {0, "keys in ordinary files (soft); destroyed keys are overwritten and unlinked; without a "
            "counter"},
        {SOTTO_KEYS_DEVICE_BOUND | SOTTO_KEYS_DESTROY_PHYSICAL | SOTTO_KEYS_COUNTER,
         "keys bound to this device; destroyed keys are gone physically; with a counter"},
    };
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(told); i++) {
        struct kiosk k;
        kiosk_make(&k, 60, &(struct make_policy){0}, 0);
        sim_device_claim(&k.device, told[i].caps);
        kiosk_open(&k);
        assert_string_equal(health_of(&k).key_text, told[i].text);
        assert_true(strlen(told[i].text) < SOTTO_KEY_TEXT_BYTES);
        kiosk_free(&k);
    }
}

/* ---- Refused soft keys ---------------------------------------------------------------------- */

/* A kiosk with a stored profile, whose policy is then replaced by one that refuses soft keys. */
static void make_refused(struct kiosk *k) {
    kiosk_make(k, 60, &(struct make_policy){.version = 1}, 0);
    sim_device_claim(&k->device, SOTTO_KEYS_SOFT);
    kiosk_open(k);
    assert_int_equal(visit_of(k, "ada"), SOTTO_WHY_PERSONALISED);
    sotto_close(k->engine);
    k->engine = NULL;
    kiosk_put_policy(k, &(struct make_policy){.version = 2, .soft_keys = 1});
    kiosk_open(k);
}

static void refused_soft_keys_leave_a_screen_and_harm_nothing(void **state) {
    struct kiosk k;
    (void)state;
    make_refused(&k);

    struct sotto_health health = health_of(&k);
    assert_int_equal(health.strict, 1);
    assert_int_equal(health.policy_status, SOTTO_E_KEY);
    assert_non_null(strstr(health.policy_message, k.policy_path));
    assert_non_null(strstr(health.policy_message, "TPM"));
    assert_int_equal(visit_of(&k, "ada"), SOTTO_WHY_POLICY); /* a general slate, no failure */
    assert_int_equal(visit_of(&k, "eve"), SOTTO_WHY_POLICY);
    assert_int_equal(health_of(&k).profiles, 1);
    k.device.wall_s += 3 * 86400; /* longer than anything that `strict` would keep */
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
    assert_int_equal(visit_of(&k, "ada"), SOTTO_WHY_POLICY);

    /* The device gets a key store of its own; what was stored is still there. */
    sotto_close(k.engine);
    k.engine = NULL;
    sim_device_claim(&k.device, SOTTO_KEYS_DEVICE_BOUND);
    kiosk_open(&k);
    assert_int_equal(health_of(&k).policy_status, SOTTO_OK);
    struct sotto_item items[5];
    sotto_session s;
    assert_int_equal(sotto_session_begin(k.engine, "ada", &s), SOTTO_OK);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_PERSONALISED);
    kiosk_free(&k);
}

static void refused_soft_keys_can_be_erased_and_renewed(void **state) {
    struct kiosk k;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    struct sotto_rotation rotation = {.size = sizeof rotation};
    (void)state;
    make_refused(&k);

    assert_int_equal(sotto_keys_rotate(k.engine, &rotation), SOTTO_OK);
    assert_int_equal(sotto_erase(k.engine, "ada", &receipt), SOTTO_OK);

    assert_int_equal(receipt.profiles, 1);
    assert_int_equal(receipt.assurance, SOTTO_ASSURANCE_LOGICAL);
    assert_int_equal(health_of(&k).profiles, 0);
    kiosk_free(&k);
}

static void an_older_policy_that_allows_soft_keys_cannot_be_put_back(void **state) {
    struct kiosk k;
    (void)state;
    make_refused(&k);
    sotto_close(k.engine);
    k.engine = NULL;

    kiosk_put_policy(&k, &(struct make_policy){.version = 1});
    kiosk_open(&k);

    assert_int_equal(health_of(&k).policy_status, SOTTO_E_ROLLBACK);
    assert_int_equal(visit_of(&k, "eve"), SOTTO_WHY_POLICY);
    kiosk_free(&k);
}

/* The kiosk's default: anonymous visitors, nothing stored. No key keeps anything then. */
static void without_a_vault_soft_keys_do_not_matter(void **state) {
    struct kiosk k;
    (void)state;
    kiosk_make(&k, 60, &(struct make_policy){.soft_keys = 1}, 1);
    sim_device_claim(&k.device, SOTTO_KEYS_SOFT);
    kiosk_open(&k);

    assert_int_equal(health_of(&k).policy_status, SOTTO_OK);
    struct sotto_item items[5];
    sotto_session s = kiosk_session(&k, NULL, 1u << SOTTO_PURPOSE_PERSONALISE);
    kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_PERSONALISED);
    kiosk_free(&k);
}

/* ---- Failing key operations ----------------------------------------------------------------- */

/* Each key operation of a life fails once, before it does anything or only in its answer: the
 * screen goes on, and after a while everything works again. */
static void any_single_failure_of_the_key_store_is_survived(void **state) {
    unsigned failures = 0;
    (void)state;
    for (int is_answer = 0; is_answer < 2; is_answer++)
        for (unsigned at = 1;; at++) {
            struct kiosk k;
            struct sotto_error err;
            struct sotto_erase_receipt receipt = {.size = sizeof receipt};
            kiosk_make(&k, 60, &(struct make_policy){0}, 0);
            sim_device_claim(&k.device, SOTTO_KEYS_DEVICE_BOUND | SOTTO_KEYS_COUNTER);
            k.device.key_fails_at = at;
            k.device.key_answer_lost = is_answer;

            assert_int_equal(sotto_open(&k.config, &k.engine, &err), SOTTO_OK);
            struct sotto_item items[5];
            sotto_session s;
            assert_int_equal(sotto_session_begin(k.engine, "ada", &s), SOTTO_OK);
            (void)!sotto_consent_set(k.engine, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED);
            kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
            assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).count, 5);
            (void)sotto_session_end(k.engine, s);
            (void)!sotto_erase(k.engine, NULL, &receipt);
            int has_failed = k.device.key_fails_at == 0;
            for (int i = 0; i < 3; i++) {
                sim_device_advance(&k.device, 6000);
                (void)sotto_tick(k.engine);
            }
            assert_int_equal(health_of(&k).storage, SOTTO_STORAGE_OK);
            assert_int_equal(visit_of(&k, "grace"), SOTTO_WHY_PERSONALISED);
            assert_int_equal(sotto_erase(k.engine, NULL, &receipt), SOTTO_OK);
            sotto_close(k.engine);
            k.engine = NULL;
            kiosk_open(&k);
            assert_int_equal(health_of(&k).storage, SOTTO_STORAGE_OK);
            assert_int_equal(health_of(&k).profiles, 0);
            kiosk_free(&k);
            if (!has_failed) break;
            failures++;
            assert_true(at < 200);
        }
    print_message("%u failures\n", failures);
    assert_true(failures > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_is_honoured_by_policy_receipts_and_health),
        cmocka_unit_test(no_receipt_says_more_than_the_port_declared),
        cmocka_unit_test(a_counter_that_is_claimed_must_be_there),
        cmocka_unit_test(the_key_store_is_told_in_words),
        cmocka_unit_test(refused_soft_keys_leave_a_screen_and_harm_nothing),
        cmocka_unit_test(refused_soft_keys_can_be_erased_and_renewed),
        cmocka_unit_test(an_older_policy_that_allows_soft_keys_cannot_be_put_back),
        cmocka_unit_test(without_a_vault_soft_keys_do_not_matter),
        cmocka_unit_test(any_single_failure_of_the_key_store_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
