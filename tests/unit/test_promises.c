/* The promises of DESIGN section 3 that need storage, each by a test that tries to break it. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "crypto/crypto.h"
#include "engine.h"
#include "sotto_report.h"
#include "tests/support/kiosk.h"

#define STORE       (1u << SOTTO_PURPOSE_STORE)
#define PERSONALISE (1u << SOTTO_PURPOSE_PERSONALISE)
#define MEASURE     (1u << SOTTO_PURPOSE_MEASURE)
#define DAY_MS      (86400u * 1000u)

static const struct make_policy usual;

static uint32_t stored_profiles(struct kiosk *k) {
    struct sotto_health health = {.size = sizeof health};
    assert_int_equal(sotto_health(k->engine, &health), SOTTO_OK);
    return health.profiles;
}

static void end(struct kiosk *k, sotto_session s) {
    if (sotto_session_end(k->engine, s) != SOTTO_OK) fail_msg("%s", sotto_last_error(k->engine));
}

/* Ticks through `days` days, an hour at a time. */
static void pass_days(struct kiosk *k, unsigned days) {
    for (unsigned h = 0; h < days * 24; h++) {
        sim_device_advance(&k->device, 3600 * 1000);
        if (sotto_tick(k->engine) != SOTTO_OK) fail_msg("%s", sotto_last_error(k->engine));
    }
}

/* A visit of an anonymous person who may be measured and selects items of the given groups. */
static void measured_visit(struct kiosk *k, unsigned first_group, unsigned groups) {
    sotto_session s = kiosk_session(k, NULL, MEASURE);
    for (unsigned g = 0; g < groups; g++)
        kiosk_record(k, s, (first_group + g) % 8, SOTTO_EVENT_SELECT);
    end(k, s);
}

/* ---- Promise 1 --------------------------------------------------------------------------- */

static void assert_no_canary(const struct kiosk *k, const char *name) {
    assert_false(files_contain(k->device_dir, name, strlen(name)));
    assert_false(files_contain(k->device_dir, "remarkable", 10)); /* in every title */
    for (unsigned i = 0; i < 60; i++) {
        char id[32];
        uint8_t key[8];
        snprintf(id, sizeof id, "item-%u", i);
        store64(key, hash_item_id(id));
        assert_false(files_contain(k->device_dir, key, sizeof key));
        if (i >= 10) assert_false(files_contain(k->device_dir, id, strlen(id)));
    }
}

static void no_plaintext_of_a_profile_reaches_storage(void **state) {
    (void)state;
    static const char name[] = "CANARY Ada Lovelace 0815";
    struct kiosk k;
    struct sotto_item items[10];
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, name, STORE | PERSONALISE | MEASURE);
    for (unsigned i = 0; i < 60; i++) kiosk_record(&k, s, i, SOTTO_EVENT_SELECT);
    sim_device_advance(&k.device, 6000);
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
    assert_no_canary(&k, name); /* with the write-ahead log full */
    kiosk_slate(&k, s, items, 10, NULL);
    end(&k, s);
    pass_days(&k, 2);
    assert_no_canary(&k, name);
    kiosk_restart(&k);
    assert_int_equal(stored_profiles(&k), 1);
    assert_no_canary(&k, name);
    /* The search itself finds what is there: the vault's own file begins with SQLite's header. */
    assert_true(files_contain(k.device_dir, "SQLite format 3", 15));
    kiosk_free(&k);
}

/* ---- Promise 2 --------------------------------------------------------------------------- */

static void sealing_a_window_twice_gives_the_same_bytes_for_ever(void **state) {
    (void)state;
    struct kiosk k;
    uint8_t first[SOTTO_REPORT_MAX], again[SOTTO_REPORT_MAX], key[32];
    struct sotto_metric_info m = {.size = sizeof m};
    size_t n, m_n;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    for (unsigned v = 0; v < 20; v++) measured_visit(&k, v, 3);
    assert_int_equal(sotto_metric(k.engine, 0, &m), SOTTO_OK);
    uint64_t window = m.open_window;
    assert_int_equal(sotto_report_seal(k.engine, 1, window, first, sizeof first, &n),
                     SOTTO_E_STATE);
    sim_device_advance(&k.device, DAY_MS);
    assert_int_equal(sotto_report_seal(k.engine, 1, window, first, sizeof first, &n),
                     SOTTO_PENDING); /* sealed; its moment to leave comes later */
    assert_int_equal(n, 0);
    sim_device_advance(&k.device, 2 * DAY_MS);

    assert_int_equal(sotto_report_seal(k.engine, 1, window, first, sizeof first, &n), SOTTO_OK);

    struct sotto_report report;
    struct sotto_error err;
    assert_int_equal(sotto_device_key(k.engine, key), SOTTO_OK);
    assert_int_equal(sotto_report_decode(first, n, key, &report, &err), SOTTO_OK);
    assert_int_equal(report.window, window);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sotto_report_seal(k.engine, 1, window, again, sizeof again, &m_n),
                         SOTTO_OK);
        assert_int_equal(m_n, n);
        assert_memory_equal(first, again, n);
        kiosk_restart(&k);
    }
    kiosk_free(&k);
}

static unsigned count_outbox(struct kiosk *k) {
    uint8_t buf[SOTTO_REPORT_MAX];
    uint64_t cursor = 0;
    size_t n;
    unsigned reports = 0;
    while (sotto_outbox_next(k->engine, &cursor, buf, sizeof buf, &n) == SOTTO_OK) reports++;
    return reports;
}

static void spent_ledger_refuses_and_sends_nothing(void **state) {
    (void)state;
    struct kiosk k;
    uint8_t buf[SOTTO_REPORT_MAX];
    struct sotto_metric_info m = {.size = sizeof m};
    size_t n;
    kiosk_make(&k, 60, &(struct make_policy){.lifetime_micro = 3500000}, 0);
    kiosk_open(&k);
    for (unsigned day = 0; day < 6; day++) {
        measured_visit(&k, day, 3);
        pass_days(&k, 1);
    }
    assert_int_equal(count_outbox(&k), 3); /* 3 × 1.0 fits in 3.5, the fourth does not */
    assert_int_equal(sotto_metric(k.engine, 0, &m), SOTTO_OK);
    assert_int_equal(m.spent_micro, 3000000);
    assert_int_equal(sotto_report_seal(k.engine, 1, m.open_window - 1, buf, sizeof buf, &n),
                     SOTTO_E_SPENT);
    assert_int_equal(n, 0);
    kiosk_restart(&k);
    assert_int_equal(sotto_report_seal(k.engine, 1, m.open_window - 1, buf, sizeof buf, &n),
                     SOTTO_E_SPENT);
    assert_int_equal(count_outbox(&k), 3);
    kiosk_free(&k);
}

static void erasing_everything_keeps_the_ledger(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_metric_info m = {.size = sizeof m};
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    measured_visit(&k, 0, 3);
    pass_days(&k, 2);
    assert_int_equal(sotto_metric(k.engine, 0, &m), SOTTO_OK);
    uint64_t spent = m.spent_micro;
    unsigned reports = count_outbox(&k);
    assert_true(spent > 0 && reports > 0);
    assert_int_equal(sotto_erase(k.engine, NULL, &receipt), SOTTO_OK);
    kiosk_restart(&k);
    assert_int_equal(sotto_metric(k.engine, 0, &m), SOTTO_OK);
    assert_int_equal(m.spent_micro, spent);
    assert_int_equal(count_outbox(&k), reports);
    kiosk_free(&k);
}

static void without_consent_to_measure_nothing_is_counted(void **state) {
    (void)state;
    struct kiosk k;
    uint8_t buf[SOTTO_REPORT_MAX], key[32];
    struct sotto_report report;
    struct sotto_error err;
    size_t n;
    uint64_t cursor = 0;
    /* 200 visits without consent: counted, they would stand out of noise of scale 2. */
    kiosk_make(&k, 60, &(struct make_policy){.eps_micro = 2000000, .max_cells = 4}, 0);
    kiosk_open(&k);
    for (unsigned v = 0; v < 200; v++) {
        sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
        kiosk_record(&k, s, 0, SOTTO_EVENT_PURCHASE);
        if (v % 2) { /* a yes that was taken back is a no */
            assert_int_equal(
                sotto_consent_set(k.engine, s, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_GRANTED),
                SOTTO_OK);
            assert_int_equal(
                sotto_consent_set(k.engine, s, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_WITHDRAWN),
                SOTTO_OK);
        }
        end(&k, s);
    }
    pass_days(&k, 2);
    assert_int_equal(sotto_outbox_next(k.engine, &cursor, buf, sizeof buf, &n), SOTTO_OK);
    assert_int_equal(sotto_device_key(k.engine, key), SOTTO_OK);
    assert_int_equal(sotto_report_decode(buf, n, key, &report, &err), SOTTO_OK);
    assert_true(report.cells[0] < 100);
    kiosk_free(&k);
}

/* ---- Promise 3 --------------------------------------------------------------------------- */

static void nothing_is_stored_before_consent_to_store(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    for (unsigned purposes = 0; purposes <= (PERSONALISE | MEASURE); purposes += PERSONALISE) {
        sotto_session s = kiosk_session(&k, "bob", purposes);
        for (unsigned i = 0; i < 50; i++) kiosk_record(&k, s, i, SOTTO_EVENT_VIEW);
        sim_device_advance(&k.device, 10000);
        assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
        end(&k, s);
        assert_int_equal(stored_profiles(&k), 0);
    }
    kiosk_restart(&k);
    sotto_session s = kiosk_session(&k, "bob", PERSONALISE);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_NO_HISTORY);
    kiosk_free(&k);
}

static void stored_profile_comes_back_with_its_history_and_its_word(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item before[10], after[10];
    enum sotto_consent consent;
    char ids[10][32];
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    for (unsigned i = 0; i < 45; i++) kiosk_record(&k, s, i, SOTTO_EVENT_SELECT);
    assert_int_equal(kiosk_slate(&k, s, before, 10, NULL).personalised, 1);
    for (unsigned i = 0; i < 10; i++) /* ids live as long as the engine */
        snprintf(ids[i], sizeof ids[i], "%s", before[i].id);
    end(&k, s);
    kiosk_restart(&k);

    s = kiosk_session(&k, "anna", 0);

    assert_int_equal(sotto_consent_get(k.engine, s, SOTTO_PURPOSE_PERSONALISE, &consent), SOTTO_OK);
    assert_int_equal(consent, SOTTO_CONSENT_GRANTED);
    assert_int_equal(sotto_consent_get(k.engine, s, SOTTO_PURPOSE_MEASURE, &consent), SOTTO_OK);
    assert_int_equal(consent, SOTTO_CONSENT_UNKNOWN);
    assert_int_equal(kiosk_slate(&k, s, after, 10, NULL).personalised, 1);
    for (unsigned i = 0; i < 10; i++) {
        assert_string_equal(ids[i], after[i].id);
        assert_int_equal(before[i].score, after[i].score);
    }
    assert_int_equal(k.device.banners_asked, 1); /* armed again in the new session */
    kiosk_free(&k);
}

static void many_visits_are_compacted_and_keep_the_newest_events(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[10];
    kiosk_make(&k, 300, &usual, 0);
    kiosk_open(&k);
    for (unsigned visit = 0; visit < 300; visit++) {
        sotto_session s = kiosk_session(&k, "anna", visit ? 0 : STORE | PERSONALISE);
        for (unsigned i = 0; i < 5; i++) kiosk_record(&k, s, (visit + i) % 300, SOTTO_EVENT_VIEW);
        end(&k, s);
    }
    sotto_session s = kiosk_session(&k, "anna", 0);
    struct sotto_slate_view view = kiosk_slate(&k, s, items, 10, NULL);
    /* The newest 1024 of 1500 events are visits 96 to 299 and four of visit 95: items 96 to 299 and
     * 0 to 3. What was seen before is forgotten and may come back. */
    assert_int_equal(view.personalised, 1);
    assert_int_equal(view.count, 10);
    for (uint32_t i = 0; i < 10; i++) {
        unsigned long number = strtoul(items[i].id + 5, NULL, 10);
        assert_true(number >= 4 && number <= 95);
    }
    kiosk_free(&k);
}

static void profile_that_cannot_be_read_is_a_stranger_until_it_is_erased(void **state) {
    (void)state;
    static const struct vault_key records[] = {{VAULT_PROFILE, 1, 0}, {VAULT_EVENTS, 1, 1}};
    for (unsigned i = 0; i < 2; i++) {
        struct kiosk k;
        struct sotto_item items[5];
        enum sotto_consent consent;
        struct sotto_erase_receipt receipt = {.size = sizeof receipt};
        kiosk_make(&k, 60, &usual, 0);
        kiosk_open(&k);
        sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
        kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
        end(&k, s);
        /* Authentic, and yet nonsense: as a newer engine might have written it. */
        assert_int_equal(vault_put(k.engine->vault, records[i], "\x09nonsense", 9, NULL), SOTTO_OK);

        s = kiosk_session(&k, "anna", 0);

        assert_int_equal(sotto_consent_get(k.engine, s, SOTTO_PURPOSE_PERSONALISE, &consent),
                         SOTTO_OK);
        assert_int_equal(consent, SOTTO_CONSENT_UNKNOWN);
        assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_NO_CONSENT);
        assert_int_equal(sotto_consent_set(k.engine, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED),
                         SOTTO_E_CORRUPT);
        assert_int_equal(sotto_erase(k.engine, "anna", &receipt), SOTTO_OK);
        assert_int_equal(receipt.profiles, 1);
        assert_int_equal(sotto_consent_set(k.engine, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED),
                         SOTTO_OK);
        kiosk_free(&k);
    }
}

static void word_taken_back_survives_a_restart(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
    assert_int_equal(
        sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN),
        SOTTO_OK);
    kiosk_restart(&k); /* without ending the session first */
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_NO_CONSENT);
    kiosk_free(&k);
}

static void consent_to_store_ends_with_its_term_and_its_notice(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    enum sotto_consent consent;
    kiosk_make(&k, 60, &(struct make_policy){.consent_ttl_s = 10 * 86400}, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
    end(&k, s);
    kiosk_put_policy(&k, &(struct make_policy){.version = 2, .notice_version = 2});
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0); /* the notice changed: the old yes was to another text */
    assert_int_equal(sotto_consent_get(k.engine, s, SOTTO_PURPOSE_STORE, &consent), SOTTO_OK);
    assert_int_equal(consent, SOTTO_CONSENT_EXPIRED);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).personalised, 0);
    kiosk_free(&k);
}

static void new_yes_after_an_expired_one_writes_over_nothing(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[64];
    kiosk_make(&k, 60, &(struct make_policy){.consent_ttl_s = 86400}, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    for (unsigned i = 0; i < 40; i++) kiosk_record(&k, s, i, SOTTO_EVENT_VIEW);
    end(&k, s);
    sim_device_advance(&k.device, 2u * 86400u * 1000u); /* before any tick sweeps it away */
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(kiosk_slate(&k, s, items, 64, NULL).personalised, 0);
    end(&k, s);
    s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    for (unsigned i = 40; i < 45; i++) kiosk_record(&k, s, i, SOTTO_EVENT_VIEW);
    end(&k, s);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(kiosk_slate(&k, s, items, 64, NULL).count, 60 - 45); /* all 45 were seen */
    kiosk_free(&k);
}

/* ---- Promise 6 --------------------------------------------------------------------------- */

static void erasing_one_profile_spares_the_other(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    static const char *const names[] = {"anna", "bob"};
    for (unsigned i = 0; i < 2; i++) {
        sotto_session s = kiosk_session(&k, names[i], STORE | PERSONALISE);
        for (unsigned e = 0; e < 40; e++) kiosk_record(&k, s, e, SOTTO_EVENT_VIEW);
        end(&k, s);
    }
    sotto_session open = kiosk_session(&k, "anna", 0);

    assert_int_equal(sotto_erase(k.engine, "anna", &receipt), SOTTO_OK);

    assert_int_equal(receipt.profiles, 1);
    assert_true(receipt.records >= 2);
    assert_int_not_equal(receipt.assurance, 0);
    assert_int_equal(kiosk_slate(&k, open, items, 5, NULL).why, SOTTO_WHY_NO_CONSENT);
    end(&k, open); /* must not write her back */
    assert_int_equal(stored_profiles(&k), 1);
    kiosk_restart(&k);
    sotto_session s = kiosk_session(&k, "anna", PERSONALISE);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_NO_HISTORY);
    s = kiosk_session(&k, "bob", 0);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).personalised, 1);
    assert_int_equal(sotto_erase(k.engine, "anna", &receipt), SOTTO_OK);
    assert_int_equal(receipt.profiles, 0);
    assert_int_equal(sotto_erase(k.engine, NULL, &receipt), SOTTO_OK);
    assert_int_equal(receipt.profiles, 1);
    assert_int_equal(stored_profiles(&k), 0);
    kiosk_free(&k);
}

static void taking_back_consent_to_store_erases(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    for (unsigned e = 0; e < 40; e++) kiosk_record(&k, s, e, SOTTO_EVENT_VIEW);
    assert_int_equal(stored_profiles(&k), 1);
    uint64_t destroyed = k.device.slot_destroys;
    assert_int_equal(sotto_consent_set(k.engine, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_WITHDRAWN),
                     SOTTO_OK);
    assert_int_equal(stored_profiles(&k), 0);
    assert_true(k.device.slot_destroys > destroyed);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_NO_HISTORY);
    for (unsigned e = 0; e < 40; e++) kiosk_record(&k, s, e, SOTTO_EVENT_VIEW);
    end(&k, s);
    assert_int_equal(stored_profiles(&k), 0);
    kiosk_free(&k);
}

static void erasure_that_fails_is_tried_again_until_it_is_done(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
    k.device.slot_put_fails = 1;
    assert_true(sotto_consent_set(k.engine, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_WITHDRAWN) < 0);
    assert_int_equal(sotto_consent_set(k.engine, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED),
                     SOTTO_E_STATE);
    k.device.slot_put_fails = 0;
    sim_device_advance(&k.device, 6000);
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
    assert_int_equal(stored_profiles(&k), 0);
    kiosk_free(&k);
}

/* ---- Storage that fails ------------------------------------------------------------------ */

static void storage_that_cannot_be_opened_leaves_a_general_screen(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    struct sotto_health health = {.size = sizeof health};
    uint8_t buf[SOTTO_REPORT_MAX];
    size_t n;
    kiosk_make(&k, 60, &usual, 0);
    k.device.port.vault_path = "/proc/no-such-directory/vault.db";
    kiosk_open(&k);
    assert_int_equal(sotto_health(k.engine, &health), SOTTO_OK);
    assert_int_equal(health.storage, SOTTO_STORAGE_FAILED);
    assert_true(health.storage_status < 0);
    assert_true(strlen(health.storage_message) > 10);
    sotto_session s = kiosk_session(&k, "anna", PERSONALISE);
    kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_STORAGE);
    assert_true(sotto_consent_set(k.engine, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED) < 0);
    assert_int_equal(sotto_report_seal(k.engine, 1, 1, buf, sizeof buf, &n), SOTTO_E_STATE);
    kiosk_free(&k);
}

/* Puts a directory where the vault's file is, or takes it away again. */
static void hide_vault(struct kiosk *k, int is_hidden) {
    char away[200];
    snprintf(away, sizeof away, "%s.away", k->device.port.vault_path);
    if (is_hidden) {
        assert_int_equal(rename(k->device.port.vault_path, away), 0);
        assert_int_equal(mkdir(k->device.port.vault_path, 0700), 0);
    } else {
        assert_int_equal(remove(k->device.port.vault_path), 0);
        assert_int_equal(rename(away, k->device.port.vault_path), 0);
    }
}

static void storage_that_comes_back_brings_its_floors_back(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    struct sotto_health health = {.size = sizeof health};
    kiosk_make(&k, 60, &(struct make_policy){.version = 4}, 0);
    kiosk_put_model(&k, 60, 7);
    kiosk_open(&k);
    sotto_close(k.engine);
    k.engine = NULL;
    hide_vault(&k, 1);
    kiosk_put_model(&k, 60, 6);
    kiosk_put_policy(&k, &(struct make_policy){.version = 3});
    k.device.wall_s = 0; /* and the clock woke up in 1970 */
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", PERSONALISE);
    kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_STORAGE);

    hide_vault(&k, 0);
    sim_device_advance(&k.device, 6000);
    assert_int_equal(sotto_tick(k.engine), SOTTO_E_ROLLBACK);

    assert_int_equal(sotto_health(k.engine, &health), SOTTO_OK);
    assert_int_equal(health.storage, SOTTO_STORAGE_OK);
    assert_int_equal(health.strict, 1);
    assert_int_equal(health.policy_status, SOTTO_E_ROLLBACK);
    assert_true(health.time_floor_s > 1700000000);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).personalised, 0);
    end(&k, s);
    sotto_close(k.engine); /* must not lower what storage knows */
    k.engine = NULL;
    struct sotto_error err;
    assert_int_equal(sotto_open(&k.config, &k.engine, &err), SOTTO_E_ROLLBACK);
    kiosk_put_model(&k, 60, 7);
    kiosk_put_policy(&k, &(struct make_policy){.version = 4});
    kiosk_open(&k);
    kiosk_free(&k);
}

static void what_a_session_loses_with_its_storage_is_told(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 0);
    k.device.port.vault_path = "/proc/no-such-directory/vault.db";
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 1, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK); /* it had nothing to keep */
    s = kiosk_session(&k, NULL, MEASURE);
    kiosk_record(&k, s, 1, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_E_IO);
    assert_non_null(strstr(sotto_last_error(k.engine), "was not counted"));
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_E_STATE); /* ended all the same */
    kiosk_free(&k);
}

static void damaged_vault_is_kept_untouched_and_can_only_be_erased(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    struct sotto_error err;
    struct sotto_health health = {.size = sizeof health};
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    char path[160];
    static char garbage[4096];
    struct stat st;
    kiosk_make(&k, 60, &usual, 0);
    memset(garbage, 'x', sizeof garbage);
    snprintf(path, sizeof path, "%s", k.device.port.vault_path);
    make_file(path, garbage, sizeof garbage);
    kiosk_open(&k);
    assert_int_equal(sotto_health(k.engine, &health), SOTTO_OK);
    assert_int_equal(health.storage, SOTTO_STORAGE_REFUSED);
    sotto_session s = kiosk_session(&k, "anna", PERSONALISE);
    kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_STORAGE);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, sizeof garbage);
    assert_true(files_contain(k.device_dir, garbage, sizeof garbage));
    assert_int_equal(sotto_erase(k.engine, "anna", &receipt), SOTTO_E_CORRUPT);
    assert_int_equal(sotto_erase(k.engine, NULL, &receipt), SOTTO_OK);
    assert_int_not_equal(receipt.assurance, 0);
    (void)err;
    kiosk_free(&k);
}

static void second_engine_on_one_vault_is_refused(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto *second = NULL;
    struct sotto_error err;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    assert_int_equal(sotto_open(&k.config, &second, &err), SOTTO_E_BUSY);
    assert_null(second);
    sotto_session s = kiosk_session(&k, "anna", STORE);
    end(&k, s);
    assert_int_equal(stored_profiles(&k), 1);
    kiosk_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_plaintext_of_a_profile_reaches_storage),
        cmocka_unit_test(sealing_a_window_twice_gives_the_same_bytes_for_ever),
        cmocka_unit_test(spent_ledger_refuses_and_sends_nothing),
        cmocka_unit_test(erasing_everything_keeps_the_ledger),
        cmocka_unit_test(without_consent_to_measure_nothing_is_counted),
        cmocka_unit_test(nothing_is_stored_before_consent_to_store),
        cmocka_unit_test(stored_profile_comes_back_with_its_history_and_its_word),
        cmocka_unit_test(many_visits_are_compacted_and_keep_the_newest_events),
        cmocka_unit_test(profile_that_cannot_be_read_is_a_stranger_until_it_is_erased),
        cmocka_unit_test(word_taken_back_survives_a_restart),
        cmocka_unit_test(consent_to_store_ends_with_its_term_and_its_notice),
        cmocka_unit_test(new_yes_after_an_expired_one_writes_over_nothing),
        cmocka_unit_test(erasing_one_profile_spares_the_other),
        cmocka_unit_test(taking_back_consent_to_store_erases),
        cmocka_unit_test(erasure_that_fails_is_tried_again_until_it_is_done),
        cmocka_unit_test(storage_that_cannot_be_opened_leaves_a_general_screen),
        cmocka_unit_test(storage_that_comes_back_brings_its_floors_back),
        cmocka_unit_test(what_a_session_loses_with_its_storage_is_told),
        cmocka_unit_test(damaged_vault_is_kept_untouched_and_can_only_be_erased),
        cmocka_unit_test(second_engine_on_one_vault_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
