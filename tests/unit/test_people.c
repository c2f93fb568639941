/* What the person in front may say, see, correct and refuse, through the library on a simulated
 * kiosk: notices and their scope, signals, age, pauses, blocks, corrections, receipts, tickets, the
 * switch, and defects known from other systems. */
#include "tests/support/test.h"

#include "engine.h"
#include "tests/support/canary.h"
#include "tests/support/kiosk.h"

#define STORE       (1u << SOTTO_PURPOSE_STORE)
#define PERSONALISE (1u << SOTTO_PURPOSE_PERSONALISE)
#define MEASURE     (1u << SOTTO_PURPOSE_MEASURE)
#define PAID        (1u << SOTTO_PURPOSE_PAID)
#define DAY_S       86400

static const struct make_policy usual = {.version = 1, .no_ack = 1};
static const struct make_policy opt_out = {
    .version = 1,
    .no_ack = 1,
    .more = {{POLICY_KEY_PERSONALISE, POLICY_NOTICE}, {POLICY_KEY_PAID, POLICY_NOTICE}}};

static void make(struct kiosk *k, const struct make_policy *policy) {
    kiosk_make(k, 60, policy, 0);
    kiosk_open(k);
}

static void ok(struct kiosk *k, int status) {
    if (status != SOTTO_OK) fail_msg("%d: %s", status, sotto_last_error(k->engine));
}

static enum sotto_consent word(struct kiosk *k, sotto_session s, enum sotto_purpose purpose) {
    enum sotto_consent consent;
    ok(k, sotto_consent_get(k->engine, s, purpose, &consent));
    return consent;
}

static struct sotto_standing standing(struct kiosk *k, sotto_session s) {
    struct sotto_standing told = {.size = sizeof told};
    ok(k, sotto_standing(k->engine, s, &told));
    return told;
}

static struct sotto_slate_view slate(struct kiosk *k, sotto_session s) {
    struct sotto_item items[20];
    return kiosk_slate(k, s, items, 20, NULL);
}

static int shows(struct kiosk *k, sotto_session s, const char *id) {
    struct sotto_item items[64];
    struct sotto_slate_view view = kiosk_slate(k, s, items, 60, NULL);
    for (uint32_t i = 0; i < view.count; i++)
        if (strcmp(items[i].id, id) == 0) return 1;
    return 0;
}

/* anna, who agreed to be stored and personalised, with three events. */
static sotto_session anna(struct kiosk *k) {
    sotto_session s = kiosk_session(k, "anna", STORE | PERSONALISE);
    for (unsigned i = 1; i <= 3; i++) kiosk_record(k, s, i, SOTTO_EVENT_SELECT);
    return s;
}

static struct person *person(struct kiosk *k, sotto_session s) {
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++)
        if (k->engine->secrets->visits[i].handle == s) return &k->engine->secrets->visits[i].person;
    fail_msg("no such session");
    return NULL;
}

static unsigned receipts(struct kiosk *k, sotto_session s, struct sotto_consent_receipt *last) {
    uint8_t bytes[SOTTO_CONSENT_RECEIPT_BYTES], key[32], before[HASH_BYTES] = {0};
    uint64_t cursor = 0;
    unsigned n = 0;
    int status;
    ok(k, sotto_device_key(k->engine, key));
    last->size = sizeof *last;
    while ((status = sotto_consent_receipt_next(k->engine, s, &cursor, bytes)) == SOTTO_OK) {
        ok(k, sotto_consent_receipt_verify(bytes, sizeof bytes, key, last, NULL));
        assert_int_equal(last->number, cursor);
        if (n++ > 0 || cursor == 1) assert_memory_equal(last->before, before, sizeof before);
        hash256(before, bytes, PROOF_BYTES);
    }
    assert_int_equal(status, SOTTO_E_NOT_FOUND);
    return n;
}

/* ---- Opt-out notices --------------------------------------------------------------------- */

static void unknown_is_no_until_the_notice_was_shown(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_consent_receipt last;
    make(&k, &opt_out);
    sotto_session s = kiosk_session(&k, NULL, 0);
    kiosk_record(&k, s, 1, SOTTO_EVENT_SELECT);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_UNKNOWN);
    k.device.banner = SIM_BANNER_FAILS;
    assert_int_equal(slate(&k, s).personalised, 0);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_UNKNOWN);

    k.device.banner = SIM_BANNER_ACCEPTED;
    assert_int_equal(slate(&k, s).personalised, 1);

    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_GRANTED);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PAID), SOTTO_CONSENT_GRANTED);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_MEASURE), SOTTO_CONSENT_UNKNOWN);
    assert_int_equal(receipts(&k, s, &last), 2);
    assert_int_equal(last.channel, SOTTO_SAID_NOTICE);
    kiosk_free(&k);
}

static void notice_that_was_declined_stands_for_a_no(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &opt_out);
    sotto_session s = kiosk_session(&k, NULL, 0);
    kiosk_record(&k, s, 1, SOTTO_EVENT_SELECT);
    k.device.banner = SIM_BANNER_DECLINED;
    assert_int_equal(slate(&k, s).personalised, 0);
    k.device.banner = SIM_BANNER_ACCEPTED;

    assert_int_equal(slate(&k, s).personalised, 0);

    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_DENIED);
    kiosk_free(&k);
}

/* Scope, repetition and the notice's interval: how often the banner is asked for in visits at 0, 2
 * h, 26 h and 40 days. */
static void banner_comes_back_as_the_policy_says(void **state) {
    (void)state;
    static const struct {
        uint64_t scope, repeat, interval;
        unsigned asked[4];
    } cases[] = {{SCOPE_SESSION, 365 * DAY_S, 365 * DAY_S, {1, 2, 3, 4}},
                 {SCOPE_DAY, 365 * DAY_S, 365 * DAY_S, {1, 1, 2, 3}},
                 {SCOPE_PROFILE, 365 * DAY_S, 365 * DAY_S, {1, 1, 1, 1}},
                 {SCOPE_PROFILE, 3600, 365 * DAY_S, {1, 2, 3, 4}},
                 {SCOPE_PROFILE, 365 * DAY_S, 30 * DAY_S, {1, 1, 1, 2}}};
    static const uint64_t at_h[] = {0, 2, 26, 40 * 24};
    for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
        struct kiosk k;
        uint64_t hour = 0;
        const struct make_policy policy = {
            .version = 1,
            .no_ack = 1,
            .more = {{POLICY_KEY_BANNER_SCOPE, cases[c].scope},
                     {POLICY_KEY_BANNER_REPEAT_S, cases[c].repeat},
                     {POLICY_KEY_NOTICE_INTERVAL_S, cases[c].interval},
                     {POLICY_KEY_RETENTION_S, 365 * DAY_S}}};
        make(&k, &policy);
        ok(&k, sotto_session_end(k.engine, anna(&k)));
        for (size_t i = 0; i < ARRAY_LEN(at_h); i++) {
            /* In steps that the clock believes. */
            for (; hour < at_h[i]; hour++) {
                sim_device_advance(&k.device, 3600 * 1000);
                ok(&k, sotto_tick(k.engine));
            }
            sotto_session s = kiosk_session(&k, "anna", 0);
            int is_due = (int)standing(&k, s).is_notice_due;
            unsigned before = k.device.banners_asked;
            assert_int_equal(slate(&k, s).personalised, 1);
            if (k.device.banners_asked != cases[c].asked[i])
                fail_msg("case %zu, visit %zu: asked %u", c, i, k.device.banners_asked);
            assert_int_equal(is_due, k.device.banners_asked > before);
            ok(&k, sotto_session_end(k.engine, s));
        }
        kiosk_free(&k);
    }
}

static void overdue_notice_lets_nothing_personal_through(void **state) {
    (void)state;
    struct kiosk k;
    const struct make_policy policy = {
        .version = 1, .no_ack = 1, .more = {{POLICY_KEY_BANNER_REPEAT_S, 3600}}, .idle_s = 3600};
    make(&k, &policy);
    sotto_session s = anna(&k);
    assert_int_equal(slate(&k, s).personalised, 1);
    k.device.banner = SIM_BANNER_FAILS;
    assert_int_equal(slate(&k, s).personalised, 1); /* seen in this session */
    for (int i = 0; i < 3; i++) {
        sim_device_advance(&k.device, 1300 * 1000);
        standing(&k, s); /* somebody is there */
    }
    assert_int_equal(slate(&k, s).personalised, 0);
    kiosk_free(&k);
}

/* ---- Signals and age --------------------------------------------------------------------- */

static void signal_outweighs_the_person_and_is_shown(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_consent_receipt last;
    make(&k, &usual);
    sotto_session s = anna(&k);
    assert_int_equal(slate(&k, s).personalised, 1);

    ok(&k, sotto_signal_set(k.engine, s, SOTTO_SIGNAL_LMT));

    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_OBJECTED);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PAID), SOTTO_CONSENT_OBJECTED);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_STORE), SOTTO_CONSENT_GRANTED);
    assert_int_equal(standing(&k, s).signals, 1u << SOTTO_SIGNAL_LMT);
    assert_int_equal(standing(&k, s).objected, PERSONALISE | PAID);
    assert_int_equal(
        sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED),
        SOTTO_E_CONSENT);
    struct sotto_slate_view view = slate(&k, s);
    assert_int_equal(view.personalised, 0);
    assert_int_equal(view.why, SOTTO_WHY_NO_CONSENT);
    assert_int_equal(receipts(&k, s, &last), 4);
    assert_int_equal(last.state, SOTTO_CONSENT_OBJECTED);
    assert_int_equal(last.channel, SOTTO_SAID_SIGNAL);
    ok(&k, sotto_session_end(k.engine, s));
    s = kiosk_session(&k, "anna", 0); /* without it her own word counts again */
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_GRANTED);
    assert_int_equal(slate(&k, s).personalised, 1);
    kiosk_free(&k);
}

static void slate_made_before_a_signal_opens_general(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &usual);
    sotto_session s = anna(&k);
    const struct sotto_slate_request request = {.size = sizeof request, .count = 5};
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[5];
    sotto_slate made;
    ok(&k, sotto_slate_request(k.engine, s, &request, &made));
    ok(&k, sotto_slate_present(k.engine, made));
    ok(&k, sotto_signal_set(k.engine, s, SOTTO_SIGNAL_LMT));
    ok(&k, sotto_slate_open(k.engine, made, &view, items, 5));
    assert_int_equal(view.personalised, 0);
    kiosk_free(&k);
}

static void child_gets_nothing_of_the_adult_and_leaves_nothing(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &usual);
    sotto_session s = anna(&k);
    ok(&k, sotto_consent_set(k.engine, s, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_GRANTED));
    ok(&k, sotto_session_age(k.engine, s, 8));

    struct person *p = person(&k, s);
    assert_string_equal(p->name, "");
    assert_int_equal(p->history.n, 0);
    for (int purpose = SOTTO_PURPOSE_STORE; purpose <= SOTTO_PURPOSE_LAST; purpose++) {
        assert_int_equal(word(&k, s, (enum sotto_purpose)purpose), SOTTO_CONSENT_DENIED);
        assert_int_equal(
            sotto_consent_set(k.engine, s, (enum sotto_purpose)purpose, SOTTO_CONSENT_GRANTED),
            SOTTO_E_CONSENT);
    }
    kiosk_record(&k, s, 9, SOTTO_EVENT_PURCHASE);
    assert_int_equal(p->history.n, 0);
    assert_int_equal(slate(&k, s).why, SOTTO_WHY_CHILD);

    ok(&k, sotto_session_age(k.engine, s, 40)); /* an adult after the child: imports nothing */

    assert_string_equal(p->name, "");
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_UNKNOWN);
    assert_int_equal(slate(&k, s).personalised, 0);
    ok(&k, sotto_session_end(k.engine, s));
    s = kiosk_session(&k, "anna", 0); /* her profile is as she left it */
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_STORE), SOTTO_CONSENT_GRANTED);
    kiosk_free(&k);
}

static void no_of_an_adult_survives_the_child_that_follows(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &usual);
    ok(&k, sotto_session_end(k.engine, anna(&k)));
    kiosk_restart_without_storage(&k);
    sotto_session s = kiosk_session(&k, "anna", 0);
    assert_int_equal(
        sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN),
        SOTTO_E_IO);
    ok(&k, sotto_session_age(k.engine, s, 8));
    kiosk_mend_storage(&k);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_WITHDRAWN);
    struct sotto_consent_receipt last;
    assert_int_equal(receipts(&k, s, &last), 3); /* also of the word that came late */
    assert_int_equal(last.state, SOTTO_CONSENT_WITHDRAWN);
    kiosk_free(&k);
}

static void unknown_age_is_what_the_policy_says(void **state) {
    (void)state;
    struct kiosk k;
    const struct make_policy policy = {
        .version = 1, .no_ack = 1, .more = {{POLICY_KEY_AGE_UNKNOWN, AGE_CHILD}}};
    make(&k, &policy);
    sotto_session s;
    ok(&k, sotto_session_begin(k.engine, "anna", &s));
    assert_int_equal(standing(&k, s).age, SOTTO_AGE_CHILD);
    assert_int_equal(sotto_consent_set(k.engine, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED),
                     SOTTO_E_CONSENT);
    kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
    assert_int_equal(person(&k, s)->history.n, 0);
    ok(&k, sotto_session_age(k.engine, s, 30));
    ok(&k, sotto_consent_set(k.engine, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED));
    ok(&k, sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED));
    kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
    ok(&k, sotto_session_end(k.engine, s));
    ok(&k, sotto_session_begin(k.engine, "anna", &s));
    assert_int_equal(person(&k, s)->history.n, 0); /* not looked at before the age is known */
    ok(&k, sotto_session_age(k.engine, s, 30));
    assert_int_equal(person(&k, s)->history.n, 1);
    kiosk_free(&k);
}

/* ---- Words ------------------------------------------------------------------------------- */

static void pause_keeps_and_uses_nothing_and_resume_brings_it_back(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &usual);
    sotto_session s = anna(&k);
    ok(&k, sotto_pause(k.engine, s));
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_PAUSED);
    assert_int_equal(slate(&k, s).personalised, 0);
    kiosk_record(&k, s, 30, SOTTO_EVENT_VIEW);
    ok(&k, sotto_session_end(k.engine, s));
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_PAUSED);

    ok(&k, sotto_resume(k.engine, s));

    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_GRANTED);
    assert_int_equal(person(&k, s)->history.n, 3); /* kept, and nothing new */
    assert_int_equal(slate(&k, s).personalised, 1);
    kiosk_free(&k);
}

static void verbs_work_where_nothing_was_ever_said(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_erase_receipt gone = {.size = sizeof gone};
    make(&k, &usual);
    for (int named = 0; named < 2; named++) {
        sotto_session s = kiosk_session(&k, named ? "bob" : NULL, 0);
        ok(&k, sotto_pause(k.engine, s));
        ok(&k, sotto_resume(k.engine, s));
        ok(&k, sotto_block(k.engine, s, SOTTO_BLOCK_ITEM, "item-3"));
        ok(&k, sotto_unblock(k.engine, s, SOTTO_BLOCK_ITEM, "item-3"));
        ok(&k, sotto_forget(k.engine, s, "item-3", 0, NULL));
        ok(&k, sotto_interest(k.engine, s, "item-3", 0));
        ok(&k, sotto_reset(k.engine, s, &gone));
        ok(&k, sotto_signal_set(k.engine, s, SOTTO_SIGNAL_GPC));
        /* Erasing must not need an opt-in first. */
        ok(&k, sotto_erase(k.engine, named ? "bob" : "", &gone));
        assert_int_equal(gone.profiles, 0);
        ok(&k, sotto_session_end(k.engine, s));
    }
    assert_int_equal(vault_profile_count(k.engine->vault), 0);
    kiosk_free(&k);
}

static void person_is_not_asked_again_too_soon(void **state) {
    (void)state;
    struct kiosk k;
    uint32_t may;
    const struct make_policy policy = {
        .version = 1, .no_ack = 1, .idle_s = 3600, .more = {{POLICY_KEY_ASK_AGAIN_S, 1800}}};
    make(&k, &policy);
    sotto_session s = kiosk_session(&k, NULL, 0);
    ok(&k, sotto_consent_may_ask(k.engine, s, SOTTO_PURPOSE_PERSONALISE, &may));
    assert_int_equal(may, 1);
    ok(&k, sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_DENIED));
    ok(&k, sotto_consent_may_ask(k.engine, s, SOTTO_PURPOSE_PERSONALISE, &may));
    assert_int_equal(may, 0);
    sim_device_advance(&k.device, 1801 * 1000);
    ok(&k, sotto_consent_may_ask(k.engine, s, SOTTO_PURPOSE_PERSONALISE, &may));
    assert_int_equal(may, 1);
    kiosk_free(&k);
}

static void receipts_are_kept_with_the_profile_and_die_with_it(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_consent_receipt last;
    struct sotto_erase_receipt gone = {.size = sizeof gone};
    make(&k, &usual);
    sotto_session s = anna(&k);
    const struct sotto_word spoken = {.size = sizeof spoken,
                                      .purpose = SOTTO_PURPOSE_MEASURE,
                                      .state = SOTTO_CONSENT_OBJECTED,
                                      .channel = SOTTO_SAID_SPEECH,
                                      .locale = "de"};
    ok(&k, sotto_consent_say(k.engine, s, &spoken));
    ok(&k, sotto_session_end(k.engine, s));
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0);

    assert_int_equal(receipts(&k, s, &last), 3);
    assert_int_equal(last.channel, SOTTO_SAID_SPEECH);
    assert_string_equal(last.locale, "de");
    assert_int_equal(last.policy_version, 1);
    assert_memory_equal(last.policy_hash, k.engine->policy.hash, HASH_BYTES);
    for (int i = 0; i < 40; i++) /* more than are kept */
        ok(&k, sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE,
                                 i & 1 ? SOTTO_CONSENT_GRANTED : SOTTO_CONSENT_DENIED));
    assert_int_equal(receipts(&k, s, &last), SOTTO_CONSENT_RECEIPTS_KEPT);
    assert_int_equal(last.number, 43);
    ok(&k, sotto_erase(k.engine, "anna", &gone));
    assert_true(gone.number > 0); /* which leaves a receipt of its own */
    assert_int_equal(receipts(&k, s, &last), 0);
    kiosk_free(&k);
}

static void word_that_cannot_be_stored_leaves_no_yes_and_no_receipt(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_consent_receipt last;
    make(&k, &usual);
    sotto_session s = anna(&k);
    unsigned before = receipts(&k, s, &last);
    k.device.entropy_fails = 1;
    k.engine->secrets->rng.is_failed = 1;
    assert_int_not_equal(
        sotto_consent_set(k.engine, s, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_GRANTED), SOTTO_OK);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_MEASURE), SOTTO_CONSENT_UNKNOWN);
    assert_int_equal(receipts(&k, s, &last), before);
    kiosk_free(&k);
}

/* ---- Rights ------------------------------------------------------------------------------ */

static void blocked_is_never_shown_again(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &usual);
    sotto_session s = anna(&k);
    assert_true(shows(&k, s, "item-10"));
    assert_true(shows(&k, s, "item-12"));
    ok(&k, sotto_block(k.engine, s, SOTTO_BLOCK_ITEM, "item-10"));
    assert_false(shows(&k, s, "item-10"));
    ok(&k, sotto_block(k.engine, s, SOTTO_BLOCK_GROUP, "group-4")); /* items 4, 12, 20 … */
    assert_false(shows(&k, s, "item-12"));
    ok(&k, sotto_session_end(k.engine, s));
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(standing(&k, s).blocks, 2);
    assert_false(shows(&k, s, "item-10"));
    assert_false(shows(&k, s, "item-20"));
    ok(&k, sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN));
    assert_false(shows(&k, s, "item-10")); /* nor among what everybody sees */
    ok(&k, sotto_unblock(k.engine, s, SOTTO_BLOCK_ITEM, "item-10"));
    assert_true(shows(&k, s, "item-10"));
    assert_int_equal(sotto_unblock(k.engine, s, SOTTO_BLOCK_ITEM, "item-10"), SOTTO_E_NOT_FOUND);
    kiosk_free(&k);
}

static void slate_made_before_a_block_opens_without_the_item(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &usual);
    sotto_session s = anna(&k);
    const struct sotto_slate_request request = {.size = sizeof request, .count = 60};
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[60];
    sotto_slate made;
    ok(&k, sotto_slate_request(k.engine, s, &request, &made));
    ok(&k, sotto_block(k.engine, s, SOTTO_BLOCK_ITEM, "item-10"));
    ok(&k, sotto_slate_open(k.engine, made, &view, items, 60));
    assert_true(view.count > 20);
    for (uint32_t i = 0; i < view.count; i++) assert_string_not_equal(items[i].id, "item-10");
    kiosk_free(&k);
}

static unsigned events_in_vault(struct kiosk *k, uint64_t key) {
    struct vault_key at = {VAULT_EVENTS, 0, 0};
    static struct history h;
    uint8_t bytes[HISTORY_CHUNK_BYTES];
    size_t n;
    unsigned count = 0;
    while (vault_next(k->engine->vault, &at, 0, NULL) == SOTTO_OK) {
        assert_int_equal(vault_get(k->engine->vault, at, bytes, sizeof bytes, &n, NULL), SOTTO_OK);
        memset(&h, 0, sizeof h);
        assert_int_equal(history_decode(&h, bytes, n), 0);
        for (uint32_t i = 0; i < h.n; i++) count += key == 0 || h.events[i].key == key;
    }
    return count;
}

static void forgotten_event_is_gone_from_the_next_slate_and_from_storage(void **state) {
    (void)state;
    struct kiosk k;
    uint32_t n = 0;
    make(&k, &usual);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    for (unsigned i = 0; i < 400; i++) kiosk_record(&k, s, i % 50, SOTTO_EVENT_SELECT);
    ok(&k, sotto_session_end(k.engine, s));
    s = kiosk_session(&k, "anna", 0);
    const uint64_t key = hash_item_id("item-7");
    assert_int_equal(events_in_vault(&k, key), 8);
    for (unsigned i = 0; i < 3; i++) kiosk_record(&k, s, 7, SOTTO_EVENT_VIEW); /* in memory */

    ok(&k, sotto_forget(k.engine, s, "item-7", 0, &n));

    assert_int_equal(n, 11);
    assert_int_equal(events_in_vault(&k, key), 0);
    assert_int_equal(events_in_vault(&k, 0), 392);
    for (uint32_t i = 0; i < person(&k, s)->history.n; i++)
        assert_true(person(&k, s)->history.events[i].key != key);
    /* What comes after is stored behind what was left, once. */
    for (unsigned i = 0; i < 40; i++) kiosk_record(&k, s, 20, SOTTO_EVENT_VIEW);
    ok(&k, sotto_session_end(k.engine, s));
    assert_int_equal(events_in_vault(&k, 0), 432);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(person(&k, s)->history.n, 432);
    kiosk_free(&k);
}

static void what_was_forgotten_does_not_come_back_where_there_is_a_counter(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_health health = {.size = sizeof health};
    size_t n;
    kiosk_make(&k, 60, &usual, 0);
    sim_device_claim(&k.device, SOTTO_KEYS_DEVICE_BOUND | SOTTO_KEYS_COUNTER);
    kiosk_open(&k);
    ok(&k, sotto_session_end(k.engine, anna(&k)));
    sotto_close(k.engine);
    uint8_t *copy = file_slurp(k.device.port.vault_path, &n);
    assert_non_null(copy);
    kiosk_open(&k);
    ok(&k, sotto_forget(k.engine, kiosk_session(&k, "anna", 0), "item-2", 0, NULL));
    sotto_close(k.engine);
    assert_int_equal(file_spill(k.device.port.vault_path, copy, n), 0);

    kiosk_open(&k);

    ok(&k, sotto_health(k.engine, &health));
    assert_int_equal(health.storage, SOTTO_STORAGE_REFUSED);
    assert_int_equal(health.storage_status, SOTTO_E_ROLLBACK);
    free(copy);
    kiosk_free(&k);
}

static void forgetting_works_without_consent_to_use(void **state) {
    (void)state;
    struct kiosk k;
    uint32_t n = 0;
    make(&k, &usual);
    sotto_session s = anna(&k);
    ok(&k, sotto_session_end(k.engine, s));
    struct make_policy renewed = usual;
    renewed.version = 2;
    renewed.notice_version = 9; /* every word has run out */
    kiosk_put_policy(&k, &renewed);
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(person(&k, s)->history.n, 0);
    assert_int_equal(events_in_vault(&k, 0), 3);
    ok(&k, sotto_forget(k.engine, s, "item-2", 0, &n));
    assert_int_equal(n, 1);
    assert_int_equal(events_in_vault(&k, hash_item_id("item-2")), 0);
    kiosk_free(&k);
}

static void interests_can_be_corrected(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &usual);
    sotto_session s = anna(&k);
    ok(&k, sotto_interest(k.engine, s, "item-40", 1));
    ok(&k, sotto_interest(k.engine, s, "item-1", 0));
    ok(&k, sotto_interest(k.engine, s, "item-2", -1));
    ok(&k, sotto_session_end(k.engine, s));
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0);
    const struct history *h = &person(&k, s)->history;
    assert_int_equal(h->n, 2);
    assert_int_equal(h->events[0].item, 3);
    assert_int_equal(h->events[1].item, 40);
    assert_int_equal(h->events[1].type, SOTTO_EVENT_LIKE);
    assert_int_equal(slate(&k, s).personalised, 1);
    assert_false(shows(&k, s, "item-2"));
    kiosk_free(&k);
}

static void reset_leaves_words_and_blocks(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_consent_receipt last;
    struct sotto_erase_receipt gone = {.size = sizeof gone};
    make(&k, &usual);
    sotto_session s = anna(&k);
    ok(&k, sotto_block(k.engine, s, SOTTO_BLOCK_ITEM, "item-10"));
    ok(&k, sotto_session_end(k.engine, s));
    s = kiosk_session(&k, "anna", 0);
    ok(&k, sotto_reset(k.engine, s, &gone));
    assert_int_equal(gone.profiles, 1);
    assert_true(gone.number > 0);
    assert_int_equal(events_in_vault(&k, 0), 0);
    assert_int_equal(slate(&k, s).personalised, 0);
    ok(&k, sotto_session_end(k.engine, s));
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_GRANTED);
    assert_int_equal(standing(&k, s).blocks, 1);
    assert_int_equal(receipts(&k, s, &last), 2);
    kiosk_free(&k);
}

static void no_to_paid_items_erases_nothing(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_erase_receipt gone = {.size = sizeof gone};
    make(&k, &usual);
    sotto_session s = anna(&k);
    ok(&k, sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PAID, SOTTO_CONSENT_DENIED));
    ok(&k, sotto_consent_set(k.engine, s, SOTTO_PURPOSE_SENSITIVE, SOTTO_CONSENT_OBJECTED));
    ok(&k, sotto_erase_purpose(k.engine, "anna", SOTTO_PURPOSE_PAID, &gone));
    ok(&k, sotto_session_end(k.engine, s));
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(person(&k, s)->history.n, 3);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_SENSITIVE), SOTTO_CONSENT_OBJECTED);
    kiosk_free(&k);
}

static void unused_profile_is_erased(void **state) {
    (void)state;
    struct kiosk k;
    const struct make_policy policy = {
        .version = 1, .no_ack = 1, .more = {{POLICY_KEY_PROFILE_TTL_S, 10 * DAY_S}}};
    make(&k, &policy);
    ok(&k, sotto_session_end(k.engine, anna(&k)));
    for (int hour = 0; hour < 9 * 24; hour++) {
        sim_device_advance(&k.device, 3600 * 1000);
        ok(&k, sotto_tick(k.engine));
    }
    assert_int_equal(vault_profile_count(k.engine->vault), 1);
    sotto_session s = kiosk_session(&k, "anna", 0); /* used again */
    ok(&k, sotto_session_end(k.engine, s));
    for (int hour = 0; hour < 9 * 24; hour++) {
        sim_device_advance(&k.device, 3600 * 1000);
        ok(&k, sotto_tick(k.engine));
    }
    assert_int_equal(vault_profile_count(k.engine->vault), 1);
    for (int hour = 0; hour < 2 * 24; hour++) {
        sim_device_advance(&k.device, 3600 * 1000);
        ok(&k, sotto_tick(k.engine));
    }
    assert_int_equal(vault_profile_count(k.engine->vault), 0);
    kiosk_free(&k);
}

/* ---- A person, staff, the switch ----------------------------------------------------------- */

static int hook_answer, hook_calls;
static struct sotto *hook_engine;
static int hook(void *ctx, const struct sotto_handoff *request) {
    uint64_t ticket;
    (void)ctx;
    hook_calls++;
    assert_true(request->ticket != 0);
    assert_string_equal(request->contact, "owner@example.org");
    assert_int_equal(sotto_handoff_request(hook_engine, 1, 1, 0, &ticket), SOTTO_E_STATE);
    return hook_answer;
}

static struct sotto_ticket look(struct kiosk *k, uint64_t number) {
    struct sotto_ticket t = {.size = sizeof t};
    ok(k, sotto_ticket_look(k->engine, number, &t));
    return t;
}

static void somebody_comes_or_the_alternative_is_told(void **state) {
    (void)state;
    struct kiosk k;
    uint64_t t;
    make(&k, &usual);
    sotto_session s = kiosk_session(&k, NULL, 0);
    ok(&k, sotto_handoff_request(k.engine, s, 5, 77, &t)); /* no hook */
    assert_int_equal(look(&k, t).state, SOTTO_TICKET_TIMED_OUT);
    assert_string_equal(look(&k, t).otherwise, "Ring the bell.");
    k.device.port.handoff = hook;
    hook_engine = k.engine;
    hook_calls = 0;
    hook_answer = -1;
    ok(&k, sotto_handoff_request(k.engine, s, 5, 77, &t));
    assert_int_equal(look(&k, t).state, SOTTO_TICKET_TIMED_OUT);
    hook_answer = 1;
    ok(&k, sotto_handoff_request(k.engine, s, 5, 77, &t));
    assert_int_equal(look(&k, t).state, SOTTO_TICKET_ACCEPTED);
    hook_answer = 0;
    ok(&k, sotto_handoff_request(k.engine, s, 5, 77, &t));
    assert_int_equal(look(&k, t).state, SOTTO_TICKET_REQUESTED);
    assert_int_equal(hook_calls, 3);
    sim_device_advance(&k.device, 59 * 1000);
    assert_int_equal(look(&k, t).state, SOTTO_TICKET_REQUESTED);
    sim_device_advance(&k.device, 2 * 1000);
    assert_int_equal(look(&k, t).state, SOTTO_TICKET_TIMED_OUT);
    ok(&k, sotto_ticket_move(k.engine, t, SOTTO_TICKET_ACCEPTED, SOTTO_OUTCOME_NONE));
    assert_int_equal(sotto_ticket_move(k.engine, t, SOTTO_TICKET_ACCEPTED, SOTTO_OUTCOME_NONE),
                     SOTTO_E_STATE);
    ok(&k, sotto_ticket_move(k.engine, t, SOTTO_TICKET_RESOLVED, SOTTO_OUTCOME_HELPED));
    assert_int_equal(look(&k, t).outcome, SOTTO_OUTCOME_HELPED);
    assert_int_equal(look(&k, t).decision, 77);
    for (int i = 0; i < 3 * SOTTO_TICKETS_MAX; i++) {
        ok(&k, sotto_handoff_request(k.engine, s, 5, 0, &t));
        ok(&k, sotto_ticket_move(k.engine, t, SOTTO_TICKET_RESOLVED, SOTTO_OUTCOME_HELPED));
    }
    kiosk_free(&k);
}

static void contested_decision_is_kept_with_the_profile(void **state) {
    (void)state;
    struct kiosk k;
    uint64_t t, hand;
    make(&k, &usual);
    sotto_session s = anna(&k);
    ok(&k, sotto_contest(k.engine, s, 3, 4711, &t));
    ok(&k, sotto_session_end(k.engine, s));
    kiosk_restart(&k);
    assert_int_equal(look(&k, t).state, SOTTO_TICKET_REQUESTED);
    assert_int_equal(look(&k, t).kind, SOTTO_TICKET_CONTEST);
    ok(&k, sotto_ticket_move(k.engine, t, SOTTO_TICKET_RESOLVED, SOTTO_OUTCOME_OVERRIDDEN));
    kiosk_restart(&k);
    assert_int_equal(look(&k, t).outcome, SOTTO_OUTCOME_OVERRIDDEN);
    assert_int_equal(look(&k, t).decision, 4711);
    struct sotto_erase_receipt gone = {.size = sizeof gone};
    ok(&k, sotto_erase(k.engine, "anna", &gone));
    struct sotto_ticket none = {.size = sizeof none};
    assert_int_equal(sotto_ticket_look(k.engine, t, &none), SOTTO_E_NOT_FOUND);
    /* Contests never keep anybody from a hand-off. */
    s = kiosk_session(&k, NULL, 0);
    int status = SOTTO_OK;
    for (int i = 0; i < SOTTO_TICKETS_MAX && status == SOTTO_OK; i++)
        status = sotto_contest(k.engine, s, 1, 1, &t);
    assert_int_equal(status, SOTTO_E_LIMIT);
    ok(&k, sotto_handoff_request(k.engine, s, 1, 0, &hand));
    kiosk_free(&k);
}

static void staff_overrides_with_a_reason(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &usual);
    sotto_session s = anna(&k);
    assert_int_equal(sotto_override(k.engine, s, "item-10", 0), SOTTO_E_ARGUMENT);
    ok(&k, sotto_override(k.engine, s, "item-10", 12));
    assert_false(shows(&k, s, "item-10"));
    ok(&k, sotto_override(k.engine, s, NULL, 13));
    assert_int_equal(slate(&k, s).why, SOTTO_WHY_STAFF);
    kiosk_free(&k);
}

static void switch_is_off_at_once_and_stays_off(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &usual);
    sotto_session s = anna(&k);
    const struct sotto_slate_request request = {.size = sizeof request, .count = 5};
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[5];
    sotto_slate made;
    ok(&k, sotto_slate_request(k.engine, s, &request, &made));
    ok(&k, sotto_slate_present(k.engine, made));
    ok(&k, sotto_switch_set(k.engine, 1));
    ok(&k, sotto_slate_open(k.engine, made, &view, items, 5));
    assert_int_equal(view.why, SOTTO_WHY_OFF);
    ok(&k, sotto_session_end(k.engine, s));
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(standing(&k, s).is_off, SOTTO_OFF_LOCAL);
    assert_int_equal(slate(&k, s).why, SOTTO_WHY_OFF);
    ok(&k, sotto_switch_set(k.engine, 0));
    assert_int_equal(slate(&k, s).personalised, 1);
    kiosk_free(&k);
}

static int send_switch(struct kiosk *k, uint64_t number, uint32_t off, const char *class,
                       uint8_t key) {
    char path[128];
    uint8_t bytes[SOTTO_SWITCH_BYTES] = "SOTTOSW1";
    snprintf(path, sizeof path, "%s/switch", k->dir);
    store32(bytes + 8, off);
    store64(bytes + 16, number);
    memcpy(bytes + 24, class, strlen(class));
    make_signed_file(path, bytes, sizeof bytes, key);
    return sotto_switch_remote(k->engine, path);
}

static void remote_switch_is_believed_when_signed_and_newer(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &usual);
    sotto_session s = anna(&k);
    assert_int_equal(send_switch(&k, 5, 1, "", KIOSK_MODEL_KEY), SOTTO_E_SIGNATURE);
    assert_int_equal(send_switch(&k, 5, 1, "stb", KIOSK_POLICY_KEY), SOTTO_E_MISMATCH);
    assert_int_equal(send_switch(&k, 5, 2, "", KIOSK_POLICY_KEY), SOTTO_E_FORMAT);
    assert_int_equal(standing(&k, s).is_off, 0);
    ok(&k, send_switch(&k, 5, 1, "", KIOSK_POLICY_KEY));
    assert_int_equal(slate(&k, s).why, SOTTO_WHY_OFF);
    ok(&k, send_switch(&k, 5, 1, "", KIOSK_POLICY_KEY)); /* the very same one */
    assert_int_equal(send_switch(&k, 5, 0, "", KIOSK_POLICY_KEY), SOTTO_E_ROLLBACK);
    assert_int_equal(send_switch(&k, 4, 0, "", KIOSK_POLICY_KEY), SOTTO_E_ROLLBACK);
    ok(&k, sotto_session_end(k.engine, s));
    kiosk_restart(&k);
    assert_int_equal(send_switch(&k, 4, 0, "", KIOSK_POLICY_KEY), SOTTO_E_ROLLBACK);
    ok(&k, sotto_switch_set(k.engine, 0)); /* not this one's to turn on */
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(standing(&k, s).is_off, SOTTO_OFF_REMOTE);
    ok(&k, send_switch(&k, 6, 0, "", KIOSK_POLICY_KEY));
    assert_int_equal(slate(&k, s).personalised, 1);
    kiosk_free(&k);
}

static void uses_other_than_a_screen_are_refused(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_error err;
    kiosk_make(&k, 60, &usual, 0);
    for (int use = SOTTO_USE_CREDIT; use <= SOTTO_USE_LAST; use++) {
        k.config.use = (enum sotto_use)use;
        assert_int_equal(sotto_open(&k.config, &k.engine, &err), SOTTO_E_ARGUMENT);
        assert_non_null(strstr(err.message, "credit"));
        assert_null(k.engine);
    }
    kiosk_free(&k);
}

static void demonstration_policy_refuses_a_real_device(void **state) {
    (void)state;
    struct kiosk k;
    const struct make_policy policy = {.version = 1, .more = {{POLICY_KEY_DEMO, 1}}};
    struct sotto_health health = {.size = sizeof health};
    make(&k, &policy);
    ok(&k, sotto_health(k.engine, &health));
    assert_int_equal(health.policy_status, SOTTO_E_KEY);
    assert_int_equal(health.strict, 1);
    kiosk_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_is_no_until_the_notice_was_shown),
        cmocka_unit_test(notice_that_was_declined_stands_for_a_no),
        cmocka_unit_test(banner_comes_back_as_the_policy_says),
        cmocka_unit_test(overdue_notice_lets_nothing_personal_through),
        cmocka_unit_test(signal_outweighs_the_person_and_is_shown),
        cmocka_unit_test(slate_made_before_a_signal_opens_general),
        cmocka_unit_test(child_gets_nothing_of_the_adult_and_leaves_nothing),
        cmocka_unit_test(no_of_an_adult_survives_the_child_that_follows),
        cmocka_unit_test(unknown_age_is_what_the_policy_says),
        cmocka_unit_test(pause_keeps_and_uses_nothing_and_resume_brings_it_back),
        cmocka_unit_test(verbs_work_where_nothing_was_ever_said),
        cmocka_unit_test(person_is_not_asked_again_too_soon),
        cmocka_unit_test(receipts_are_kept_with_the_profile_and_die_with_it),
        cmocka_unit_test(word_that_cannot_be_stored_leaves_no_yes_and_no_receipt),
        cmocka_unit_test(blocked_is_never_shown_again),
        cmocka_unit_test(slate_made_before_a_block_opens_without_the_item),
        cmocka_unit_test(forgotten_event_is_gone_from_the_next_slate_and_from_storage),
        cmocka_unit_test(what_was_forgotten_does_not_come_back_where_there_is_a_counter),
        cmocka_unit_test(forgetting_works_without_consent_to_use),
        cmocka_unit_test(interests_can_be_corrected),
        cmocka_unit_test(reset_leaves_words_and_blocks),
        cmocka_unit_test(no_to_paid_items_erases_nothing),
        cmocka_unit_test(unused_profile_is_erased),
        cmocka_unit_test(somebody_comes_or_the_alternative_is_told),
        cmocka_unit_test(contested_decision_is_kept_with_the_profile),
        cmocka_unit_test(staff_overrides_with_a_reason),
        cmocka_unit_test(switch_is_off_at_once_and_stays_off),
        cmocka_unit_test(remote_switch_is_believed_when_signed_and_newer),
        cmocka_unit_test(uses_other_than_a_screen_are_refused),
        cmocka_unit_test(demonstration_policy_refuses_a_real_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
