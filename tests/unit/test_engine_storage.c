/* The engine on storage that goes away and comes back: whatever a person said in between counts,
 * and is made durable or reported. */
#include "tests/support/test.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine.h"
#include "platform/sim/fault_vfs.h"
#include "sotto_report.h"
#include "tests/support/canary.h"
#include "tests/support/kiosk.h"
#include "tests/support/newer_vault.h"
#include "vault/inside.h"

#define STORE       (1u << SOTTO_PURPOSE_STORE)
#define PERSONALISE (1u << SOTTO_PURPOSE_PERSONALISE)
#define MEASURE     (1u << SOTTO_PURPOSE_MEASURE)
#define DAY_MS      (86400u * 1000u)

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

static int say(struct kiosk *k, sotto_session s, enum sotto_purpose purpose,
               enum sotto_consent state) {
    return sotto_consent_set(k->engine, s, purpose, state);
}

/* A kiosk that has stored anna, who agreed to everything and selected items 0 to `events` - 1. */
static void make_with_anna(struct kiosk *k, const struct make_policy *policy, unsigned events) {
    kiosk_make(k, 60, policy, 0);
    kiosk_open(k);
    sotto_session s = kiosk_session(k, "anna", STORE | PERSONALISE);
    for (unsigned i = 0; i < events; i++) kiosk_record(k, s, i, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_session_end(k->engine, s), SOTTO_OK);
}

/* Opens again while the key store fails, and with it storage. */
static void reopen_without_storage(struct kiosk *k) {
    kiosk_restart_without_storage(k);
    assert_int_equal(health_of(k).storage, SOTTO_STORAGE_FAILED);
}

static void bring_storage_back(struct kiosk *k) {
    k->device.slot_get_fails = 0;
    sim_device_advance(&k->device, 6000);
    if (sotto_tick(k->engine) != SOTTO_OK) fail_msg("%s", sotto_last_error(k->engine));
    assert_int_equal(health_of(k).storage, SOTTO_STORAGE_OK);
}

/* ---- A no while storage is away ---------------------------------------------------------- */

enum moment { WHILE_OPEN, AFTER_END, AFTER_IDLE, IN_ANOTHER_SESSION, AT_CLOSE, MOMENTS };

/* anna takes back `purpose` while nobody can look her up; storage returns at `when`. */
static void take_back_without_storage(struct kiosk *k, enum sotto_purpose purpose,
                                      enum moment when) {
    make_with_anna(k, &usual, 3);
    reopen_without_storage(k);
    sotto_session s = kiosk_session(k, "anna", 0);
    assert_int_equal(say(k, s, purpose, SOTTO_CONSENT_WITHDRAWN), SOTTO_E_IO);
    assert_non_null(strstr(sotto_last_error(k->engine), "as soon as storage works again"));
    assert_int_equal(word(k, s, purpose), SOTTO_CONSENT_WITHDRAWN);
    if (when == AFTER_END || when == IN_ANOTHER_SESSION)
        assert_int_equal(sotto_session_end(k->engine, s), SOTTO_E_IO);
    if (when == AFTER_IDLE) {
        sim_device_advance(&k->device, DAY_MS);
        assert_true(sotto_tick(k->engine) < 0);
        assert_int_equal(sotto_session_end(k->engine, s), SOTTO_E_STATE);
    }
    if (when == IN_ANOTHER_SESSION) {
        s = kiosk_session(k, "anna", 0);
        assert_int_equal(word(k, s, purpose), SOTTO_CONSENT_WITHDRAWN);
    }
    if (when == AT_CLOSE) {
        k->device.slot_get_fails = 0;
        assert_int_equal(vault_retry(k->engine->vault, NULL), SOTTO_OK);
    } else {
        bring_storage_back(k);
    }
    kiosk_restart(k);
}

static void consent_to_store_taken_back_without_storage_erases_when_it_returns(void **state) {
    (void)state;
    for (int when = 0; when < MOMENTS; when++) {
        struct kiosk k;

        take_back_without_storage(&k, SOTTO_PURPOSE_STORE, (enum moment)when);

        assert_int_equal(health_of(&k).profiles, 0);
        kiosk_free(&k);
    }
}

static void any_no_said_without_storage_is_stored_when_it_returns(void **state) {
    (void)state;
    for (int when = 0; when < MOMENTS; when++) {
        struct kiosk k;

        take_back_without_storage(&k, SOTTO_PURPOSE_PERSONALISE, (enum moment)when);

        sotto_session s = kiosk_session(&k, "anna", 0);
        assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_WITHDRAWN);
        assert_int_equal(word(&k, s, SOTTO_PURPOSE_STORE), SOTTO_CONSENT_GRANTED); /* not lost */
        kiosk_free(&k);
    }
}

static void more_debts_than_fit_are_reported_and_none_is_mixed_up(void **state) {
    (void)state;
    struct kiosk k;
    char name[16];
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    for (unsigned i = 0; i <= DEBTS_MAX; i++) {
        snprintf(name, sizeof name, "person %u", i);
        sotto_session s = kiosk_session(&k, name, STORE);
        assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    }
    reopen_without_storage(&k);
    for (unsigned i = 0; i <= DEBTS_MAX; i++) {
        snprintf(name, sizeof name, "person %u", i);
        sotto_session s = kiosk_session(&k, name, 0);
        assert_int_equal(say(&k, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_WITHDRAWN), SOTTO_E_IO);
        assert_int_equal(sotto_session_end(k.engine, s), SOTTO_E_IO);
        const char *says = i < DEBTS_MAX ? "will be erased" : "could not be erased";
        assert_non_null(strstr(sotto_last_error(k.engine), says));
    }

    bring_storage_back(&k);

    uint32_t slot;
    assert_int_equal(health_of(&k).profiles, 1);
    assert_int_equal(vault_profile_find(k.engine->vault, name, &slot), SOTTO_OK);
    kiosk_free(&k);
}

static void erasing_without_storage_is_owed_by_the_open_session(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    make_with_anna(&k, &usual, 3);
    reopen_without_storage(&k);
    sotto_session s = kiosk_session(&k, "anna", 0);

    assert_true(sotto_erase(k.engine, "anna", &receipt) < 0);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_E_IO);
    bring_storage_back(&k);

    assert_int_equal(health_of(&k).profiles, 0);
    kiosk_free(&k);
}

static void a_no_that_failed_storage_cannot_take_is_not_called_stored(void **state) {
    (void)state;
    struct kiosk k;
    struct fault_vfs disk;
    kiosk_make(&k, 60, &usual, 0);
    assert_int_equal(fault_vfs_register(&disk, "no-lost"), 0);
    k.device.port.vault_vfs = disk.name;
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
    disk.sync_fails = 1;
    sim_device_advance(&k.device, 6000);
    assert_true(sotto_tick(k.engine) < 0);

    assert_int_equal(say(&k, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN), SOTTO_E_IO);

    disk.sync_fails = 0;
    bring_storage_back(&k);
    sotto_close(k.engine);
    kiosk_open(&k);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_WITHDRAWN);
    kiosk_free(&k);
    fault_vfs_unregister(&disk);
}

static void whoever_was_looked_up_and_is_not_stored_is_owed_nothing(void **state) {
    (void)state;
    struct kiosk k;
    struct fault_vfs disk;
    kiosk_make(&k, 60, &usual, 0);
    assert_int_equal(fault_vfs_register(&disk, "nobody"), 0);
    k.device.port.vault_vfs = disk.name;
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "bob", PERSONALISE);
    sotto_session anonymous = kiosk_session(&k, NULL, PERSONALISE);
    disk.sync_fails = 1;
    assert_true(floors_save(k.engine) < 0);
    assert_int_equal(health_of(&k).storage, SOTTO_STORAGE_FAILED);

    for (int purpose = SOTTO_PURPOSE_STORE; purpose <= SOTTO_PURPOSE_MEASURE; purpose++) {
        enum sotto_purpose p = (enum sotto_purpose)purpose;
        assert_int_equal(say(&k, s, p, SOTTO_CONSENT_DENIED), SOTTO_OK);
        assert_int_equal(say(&k, anonymous, p, SOTTO_CONSENT_DENIED), SOTTO_OK);
    }

    kiosk_free(&k);
    fault_vfs_unregister(&disk);
}

/* ---- A person who is looked up late ------------------------------------------------------ */

static void profile_is_loaded_when_storage_returns_and_the_session_goes_on(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[64];
    make_with_anna(&k, &usual, 40);
    reopen_without_storage(&k);
    sotto_session s = kiosk_session(&k, "anna", 0);
    for (unsigned i = 40; i < 45; i++) kiosk_record(&k, s, i, SOTTO_EVENT_SELECT);
    assert_int_equal(say(&k, s, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_GRANTED), SOTTO_OK);

    bring_storage_back(&k);

    assert_int_equal(word(&k, s, SOTTO_PURPOSE_STORE), SOTTO_CONSENT_GRANTED);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_MEASURE), SOTTO_CONSENT_GRANTED);
    assert_int_equal(say(&k, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED), SOTTO_OK);
    const struct history *h = &k.engine->secrets->visits[0].person.history;
    assert_int_equal(h->n, 45);
    assert_int_equal(h->n_stored, 45);
    for (uint32_t i = 0; i < 45; i++) assert_int_equal(h->events[i].item, i); /* in their order */
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_MEASURE), SOTTO_CONSENT_GRANTED);
    assert_int_equal(kiosk_slate(&k, s, items, 64, NULL).count, 60 - 45); /* all were seen */
    assert_int_equal(health_of(&k).profiles, 1);
    kiosk_free(&k);
}

/* Storage is back, and the person speaks before any tick could look anybody up. */
static void yes_to_storing_somebody_who_is_stored_already_is_a_yes(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    make_with_anna(&k, &usual, 3);
    reopen_without_storage(&k);
    sotto_session s = kiosk_session(&k, "anna", 0);
    kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
    k.device.slot_get_fails = 0;
    assert_int_equal(sotto_erase(k.engine, "nobody", &receipt), SOTTO_OK); /* tries storage again */
    assert_int_equal(health_of(&k).storage, SOTTO_STORAGE_OK);

    assert_int_equal(say(&k, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED), SOTTO_OK);

    assert_int_equal(k.engine->secrets->visits[0].person.history.n_stored, 4);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_GRANTED);
    kiosk_free(&k);
}

static void stored_events_that_have_no_room_behind_newer_ones_are_the_oldest(void **state) {
    (void)state;
    struct kiosk k;
    make_with_anna(&k, &usual, 40);
    reopen_without_storage(&k);
    sotto_session s = kiosk_session(&k, "anna", 0);
    for (unsigned i = 0; i < SOTTO_HISTORY_MAX - 10; i++)
        kiosk_record(&k, s, 50 + i % 10, SOTTO_EVENT_VIEW);

    bring_storage_back(&k);

    const struct history *h = &k.engine->secrets->visits[0].person.history;
    assert_int_equal(h->n, SOTTO_HISTORY_MAX);
    assert_int_equal(h->n_stored, SOTTO_HISTORY_MAX);
    for (uint32_t i = 0; i < 10; i++) assert_int_equal(h->events[i].item, 30 + i);
    for (uint32_t i = 10; i < h->n; i++) assert_true(h->events[i].item >= 50);
    kiosk_free(&k);
}

/* Short visits do not leave short chunks behind: each fills up the last one, whatever happened
 * between them. */
static void many_short_visits_fill_chunks_up(void **state) {
    (void)state;
    struct kiosk k;
    make_with_anna(&k, &usual, 3);
    for (unsigned visit = 0; visit < 40; visit++) {
        sotto_session s = kiosk_session(&k, "anna", 0);
        assert_int_equal(k.engine->secrets->visits[0].person.history.n, 3 + 5 * visit);
        for (unsigned i = 0; i < 5; i++) kiosk_record(&k, s, (visit + i) % 50, SOTTO_EVENT_VIEW);
        if (visit % 3 == 0) (void)!sotto_tick(k.engine);
        assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
        if (visit % 4 == 0) kiosk_restart(&k);
    }
    sotto_close(k.engine);
    k.engine = NULL;

    /* 203 events of 50 items: 408 bytes, and 2 an event. */
    assert_int_equal(
        db_number(k.device.port.vault_path, "SELECT count(*) FROM b WHERE k >> 56 = 6"), 1);
    kiosk_free(&k);
}

/* Retention rewrites the chunks when the session begins, and just then the disk fails: that is no
 * damage, and no later word may cost what was said before. */
static void disk_error_at_the_beginning_of_a_session_destroys_no_consent(void **state) {
    (void)state;
    struct kiosk k;
    struct fault_vfs disk;
    kiosk_make(&k, 60, &(struct make_policy){.consent_ttl_s = 700u * 86400u}, 0);
    assert_int_equal(fault_vfs_register(&disk, "transient"), 0);
    k.device.port.vault_vfs = disk.name;
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    sim_device_advance(&k.device, 31 * (uint64_t)DAY_MS); /* retention is 30 days; no tick sweeps */
    disk.sync_fails = 1;
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(health_of(&k).storage, SOTTO_STORAGE_FAILED);
    assert_int_not_equal(health_of(&k).storage_status, SOTTO_E_CORRUPT);
    assert_int_equal(say(&k, s, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_DENIED), SOTTO_E_IO);
    disk.sync_fails = 0;

    bring_storage_back(&k);

    for (int again = 0; again < 2; again++) {
        assert_int_equal(word(&k, s, SOTTO_PURPOSE_STORE), SOTTO_CONSENT_GRANTED);
        assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_GRANTED);
        assert_int_equal(word(&k, s, SOTTO_PURPOSE_MEASURE), SOTTO_CONSENT_DENIED);
        assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
        s = kiosk_session(&k, "anna", 0);
    }
    kiosk_free(&k);
    fault_vfs_unregister(&disk);
}

/* Events that cannot be read make a stranger; a no said then is added to the consent that can. */
static void a_no_to_an_unreadable_profile_spares_the_other_words(void **state) {
    (void)state;
    static const struct vault_key chunk = {VAULT_EVENTS, 1, 1}, consent = {VAULT_PROFILE, 1, 0};
    struct kiosk k;
    uint8_t bytes[CONSENT_RECORD_BYTES];
    struct consent stored;
    size_t n;
    make_with_anna(&k, &usual, 3);
    assert_int_equal(vault_put(k.engine->vault, chunk, "\x09nonsense", 9, NULL), SOTTO_OK);
    sotto_session s = kiosk_session(&k, "anna", 0);
    assert_int_equal(health_of(&k).storage_status, SOTTO_E_CORRUPT);

    assert_int_equal(say(&k, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_DENIED), SOTTO_OK);

    assert_int_equal(vault_get(k.engine->vault, consent, bytes, sizeof bytes, &n, NULL), SOTTO_OK);
    assert_int_equal(consent_decode(&stored, bytes, n), 0);
    assert_int_equal(stored.word[SOTTO_PURPOSE_STORE - 1].state, SOTTO_CONSENT_GRANTED);
    assert_int_equal(stored.word[SOTTO_PURPOSE_PERSONALISE - 1].state, SOTTO_CONSENT_DENIED);
    kiosk_free(&k);
}

/* The word is durable when the events that follow it are not: then it was given. */
static void yes_that_was_stored_is_not_taken_back_by_the_events_that_follow(void **state) {
    (void)state;
    struct kiosk k;
    struct fault_vfs disk;
    int was_cut_between = 0;
    kiosk_make(&k, 60, &(struct make_policy){.consent_ttl_s = 86400}, 0);
    assert_int_equal(fault_vfs_register(&disk, "yes"), 0);
    k.device.port.vault_vfs = disk.name;
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE);
    for (long limit = 0; limit < 40; limit++) {
        assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
        sim_device_advance(&k.device, 2u * DAY_MS); /* the old yes has expired; no tick sweeps */
        s = kiosk_session(&k, "anna", 0);
        kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
        long fuse = limit;
        disk.fuse = &fuse;

        int status = say(&k, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED);

        int is_failed = health_of(&k).storage == SOTTO_STORAGE_FAILED;
        disk.fuse = NULL;
        was_cut_between += status == SOTTO_OK && is_failed;
        enum sotto_consent said = word(&k, s, SOTTO_PURPOSE_STORE);
        assert_int_equal(said == SOTTO_CONSENT_GRANTED, status == SOTTO_OK);
        bring_storage_back(&k);
        assert_int_equal(word(&k, s, SOTTO_PURPOSE_STORE), said);
    }
    assert_true(was_cut_between > 0);
    kiosk_free(&k);
    fault_vfs_unregister(&disk);
}

static void ending_a_visit_that_nobody_could_look_up_tells_what_may_be_lost(void **state) {
    (void)state;
    struct kiosk k;
    make_with_anna(&k, &usual, 3);
    reopen_without_storage(&k);
    sotto_session busy = kiosk_session(&k, "anna", 0), idle = kiosk_session(&k, "bob", 0),
                  nameless = kiosk_session(&k, NULL, 0);
    kiosk_record(&k, busy, 1, SOTTO_EVENT_SELECT);
    kiosk_record(&k, nameless, 1, SOTTO_EVENT_SELECT);

    assert_int_equal(sotto_session_end(k.engine, nameless), SOTTO_OK);
    assert_int_equal(sotto_session_end(k.engine, idle), SOTTO_OK);
    assert_int_equal(sotto_session_end(k.engine, busy), SOTTO_E_IO);

    assert_non_null(strstr(sotto_last_error(k.engine), "lost"));
    kiosk_free(&k);
}

/* ---- A commit that failed and was done all the same ---------------------------------------- */

static struct fault_vfs shaky;

static void make_with_anna_on_a_shaky_disk(struct kiosk *k, unsigned events) {
    assert_int_equal(fault_vfs_register(&shaky, "shaky"), 0);
    kiosk_make(k, 60, &usual, 0);
    k->device.port.vault_vfs = shaky.name;
    kiosk_open(k);
    sotto_session s = kiosk_session(k, "anna", STORE | PERSONALISE);
    for (unsigned i = 0; i < events; i++) kiosk_record(k, s, i, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_session_end(k->engine, s), SOTTO_OK);
}

/* Storage takes nothing for a while, in this way, from the next tick on. */
static void shake(struct kiosk *k, int *fault, int times) {
    for (int i = 0; i < times; i++) {
        *fault = 1;
        sim_device_advance(&k->device, 6000);
        assert_true(sotto_tick(k->engine) < 0);
        assert_int_equal(health_of(k).storage, SOTTO_STORAGE_FAILED);
        *fault = 0;
    }
    sim_device_advance(&k->device, 6000);
    assert_int_equal(sotto_tick(k->engine), SOTTO_OK);
    assert_int_equal(health_of(k).storage, SOTTO_STORAGE_OK);
}

static void events_are_stored_once_though_their_commit_failed(void **state) {
    int *const faults[] = {&shaky.sync_fails, &shaky.is_full};
    (void)state;
    for (int i = 0; i < 2; i++)
        for (int times = 1; times <= 3; times++) {
            struct kiosk k;
            make_with_anna_on_a_shaky_disk(&k, 3);
            sotto_session s = kiosk_session(&k, "anna", 0);
            for (unsigned e = 0; e < 5; e++) kiosk_record(&k, s, 9, SOTTO_EVENT_SELECT);

            shake(&k, faults[i], times);

            kiosk_record(&k, s, 10, SOTTO_EVENT_SELECT);
            assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
            kiosk_restart(&k);
            (void)kiosk_session(&k, "anna", 0);
            const struct history *h = NULL;
            for (int v = 0; v < SOTTO_SESSIONS_MAX; v++)
                if (k.engine->secrets->visits[v].handle)
                    h = &k.engine->secrets->visits[v].person.history;
            assert_non_null(h);
            assert_int_equal(h->n, 9);
            for (unsigned e = 3; e < 8; e++) assert_int_equal(h->events[e].item, 9);
            assert_int_equal(h->events[8].item, 10);
            kiosk_free(&k);
            fault_vfs_unregister(&shaky);
        }
}

static void a_profile_whose_creation_failed_holds_its_events_once(void **state) {
    (void)state;
    struct kiosk k;
    make_with_anna_on_a_shaky_disk(&k, 3);
    sotto_session s = kiosk_session(&k, "bob", PERSONALISE);
    for (unsigned e = 0; e < 5; e++) kiosk_record(&k, s, 9, SOTTO_EVENT_SELECT);
    shaky.sync_fails = 1;
    assert_true(say(&k, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED) < 0);
    shaky.sync_fails = 0;
    sim_device_advance(&k.device, 6000);
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);

    assert_int_equal(say(&k, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED), SOTTO_OK);

    const struct history *h = &k.engine->secrets->visits[0].person.history;
    assert_int_equal(h->n, 5);
    assert_int_equal(h->n_stored, 5);
    kiosk_free(&k);
    fault_vfs_unregister(&shaky);
}

static void rename_vault(struct kiosk *k, const char *to_or_from, int is_back) {
    char here[160], there[160];
    for (unsigned i = 0; i < 2; i++) {
        struct stat st;
        snprintf(here, sizeof here, "%s%s", k->device.port.vault_path, i ? "-wal" : "");
        snprintf(there, sizeof there, "%s/%s%s", k->dir, to_or_from, i ? "-wal" : "");
        if (stat(is_back ? there : here, &st) != 0) continue;
        assert_int_equal(rename(is_back ? there : here, is_back ? here : there), 0);
    }
}

/* Another partition is mounted, with a vault of this device that knows other people: nobody's place
 * in the old one may be taken for a place in that. */
static void another_vault_that_comes_back_mixes_nobody_up(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session bob = kiosk_session(&k, "bob", STORE);
    assert_int_equal(sotto_session_end(k.engine, bob), SOTTO_OK);
    sotto_close(k.engine);
    rename_vault(&k, "bobs", 0);
    kiosk_open(&k);
    sotto_session anna = kiosk_session(&k, "anna", STORE | PERSONALISE);
    rename_vault(&k, "annas", 0);
    assert_int_equal(sotto_tick(k.engine), SOTTO_E_IO);
    rename_vault(&k, "bobs", 1);
    bring_storage_back(&k);

    for (unsigned i = 0; i < 40; i++) kiosk_record(&k, anna, i, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_session_end(k.engine, anna), SOTTO_OK);

    kiosk_session(&k, "bob", 0);
    for (unsigned i = 0; i < SOTTO_SESSIONS_MAX; i++)
        assert_int_equal(k.engine->secrets->visits[i].person.history.n, 0);
    assert_int_equal(health_of(&k).profiles, 1);
    kiosk_free(&k);
}

/* ---- Storage that vanishes under the engine ------------------------------------------------ */

enum vanishing { FILE_MOVED, FILE_DELETED, LOG_DELETED, FOLDER_MOVED, FILE_REPLACED, VANISHINGS };

static void make_vanish(struct kiosk *k, enum vanishing how) {
    char path[160];
    switch (how) {
    case FILE_MOVED: rename_vault(k, "away", 0); break;
    case FILE_DELETED: assert_int_equal(remove(k->device.port.vault_path), 0); break;
    case LOG_DELETED:
        snprintf(path, sizeof path, "%s-wal", k->device.port.vault_path);
        assert_int_equal(remove(path), 0);
        break;
    case FOLDER_MOVED:
        snprintf(path, sizeof path, "%s/gone", k->dir);
        assert_int_equal(rename(k->device_dir, path), 0);
        break;
    case FILE_REPLACED:
        rename_vault(k, "away", 0);
        assert_int_equal(file_spill(k->device.port.vault_path, "not a vault, but long enough", 28),
                         0);
        break;
    case VANISHINGS: break;
    }
}

static void undo(struct kiosk *k, enum vanishing how) {
    char path[160];
    snprintf(path, sizeof path, "%s/gone", k->dir);
    if (how == FOLDER_MOVED) assert_int_equal(rename(path, k->device_dir), 0);
    if (how == FILE_MOVED || how == FILE_REPLACED) rename_vault(k, "away", 1);
}

/* The screen goes on, health tells, nothing is acknowledged that is not where it will be looked
 * for, and what comes back is used again. */
static void vanished_storage_is_noticed_served_without_and_taken_back(void **state) {
    (void)state;
    for (int how = 0; how < VANISHINGS; how++) {
        struct kiosk k;
        struct sotto_item items[5];
        make_with_anna(&k, &usual, 3);
        sotto_session s = kiosk_session(&k, "anna", 0);
        assert_true(kiosk_slate(&k, s, items, 5, NULL).personalised);
        make_vanish(&k, (enum vanishing)how);

        /* Whatever touches it first notices: a word, or else the next tick. */
        int said = say(&k, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN);

        assert_int_equal(said, SOTTO_E_IO);
        assert_int_equal(health_of(&k).storage, SOTTO_STORAGE_FAILED);
        assert_non_null(strstr(health_of(&k).storage_message, "vault.db"));
        struct sotto_slate_view view = kiosk_slate(&k, s, items, 5, NULL);
        assert_int_equal(view.count, 5);
        assert_false(view.personalised);
        for (int i = 0; i < 3; i++) {
            sim_device_advance(&k.device, 6000);
            int status = sotto_tick(k.engine);
            if (how != LOG_DELETED && how != FILE_REPLACED) assert_true(status < 0);
        }
        enum sotto_storage_state now = health_of(&k).storage;
        switch ((enum vanishing)how) {
        case FILE_REPLACED: assert_int_equal(now, SOTTO_STORAGE_REFUSED); break;
        case LOG_DELETED: assert_int_not_equal(now, SOTTO_STORAGE_NONE); break;
        default: assert_int_equal(now, SOTTO_STORAGE_FAILED);
        }
        if (how == FILE_MOVED || how == FOLDER_MOVED || how == FILE_REPLACED) {
            undo(&k, (enum vanishing)how);
            sim_device_advance(&k.device, 60000);
            bring_storage_back(&k);
            sotto_close(k.engine);
            kiosk_open(&k);
            s = kiosk_session(&k, "anna", 0);
            assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_WITHDRAWN);
            assert_int_equal(word(&k, s, SOTTO_PURPOSE_STORE), SOTTO_CONSENT_GRANTED);
        }
        kiosk_free(&k);
    }
}

static void tick_notices_a_vanished_file_that_nobody_touches(void **state) {
    (void)state;
    struct kiosk k;
    make_with_anna(&k, &usual, 3);
    make_vanish(&k, FILE_MOVED);

    assert_int_equal(sotto_tick(k.engine), SOTTO_E_IO);

    assert_int_equal(health_of(&k).storage, SOTTO_STORAGE_FAILED);
    struct stat st;
    sim_device_advance(&k.device, 6000);
    assert_true(sotto_tick(k.engine) < 0);
    assert_int_not_equal(stat(k.device.port.vault_path, &st), 0); /* and no new one is made */
    undo(&k, FILE_MOVED);
    bring_storage_back(&k);
    assert_int_equal(health_of(&k).profiles, 1);
    kiosk_free(&k);
}

/* ---- Two processes ------------------------------------------------------------------------- */

/* Opens the kiosk in another process, tells through a pipe, and holds it until it is killed. */
static pid_t hold_in_child(struct kiosk *k, int *is_ready) {
    int ends[2];
    char byte = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sotto *other = NULL;
        byte = sotto_open(&k->config, &other, NULL) == SOTTO_OK;
        if (write(ends[1], &byte, 1) != 1) _exit(1);
        for (;;) pause();
    }
    *is_ready = read(ends[0], &byte, 1) == 1 && byte == 1;
    close(ends[0]);
    close(ends[1]);
    return child;
}

static void second_process_is_refused_until_the_first_is_dead(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_error err;
    struct sotto *second = NULL;
    int is_ready;
    make_with_anna(&k, &usual, 3);
    sotto_close(k.engine);
    k.engine = NULL;
    for (int round = 0; round < 3; round++) {
        pid_t child = hold_in_child(&k, &is_ready);
        assert_true(is_ready);

        assert_int_equal(sotto_open(&k.config, &second, &err), SOTTO_E_BUSY);

        assert_null(second);
        assert_non_null(strstr(err.message, "another process owns this vault"));
        assert_int_equal(kill(child, SIGKILL), 0); /* no lock outlives its holder */
        assert_int_equal(waitpid(child, NULL, 0), child);
        kiosk_open(&k);
        assert_int_equal(health_of(&k).storage, SOTTO_STORAGE_OK);
        assert_int_equal(health_of(&k).profiles, 1);
        sotto_close(k.engine);
        k.engine = NULL;
    }
    kiosk_free(&k);
}

/* While the engine waits for its failed storage another process takes the vault: it keeps away, and
 * destroys no key of what is not its own any more. */
static void storage_taken_by_another_process_is_left_to_it(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_erase_receipt told = {.size = sizeof told};
    int is_ready;
    make_with_anna(&k, &usual, 3);
    make_vanish(&k, FILE_MOVED);
    assert_int_equal(sotto_tick(k.engine), SOTTO_E_IO);
    assert_int_equal(vault_retry(k.engine->vault, NULL), SOTTO_E_IO); /* lets go of the old file */
    undo(&k, FILE_MOVED);
    pid_t child = hold_in_child(&k, &is_ready);
    assert_true(is_ready);

    sim_device_advance(&k.device, 6000);
    assert_int_equal(sotto_tick(k.engine), SOTTO_E_BUSY);
    assert_int_equal(sotto_erase(k.engine, NULL, &told), SOTTO_E_BUSY);

    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    bring_storage_back(&k);
    assert_int_equal(health_of(&k).profiles, 1);
    kiosk_free(&k);
}

/* ---- A vault that a newer engine wrote ---------------------------------------------------- */

/* anna's kiosk got an older engine back; what she agreed to is read, and nothing is written. */
static void newer_vault_serves_who_is_in_it_and_takes_nothing(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[4];
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    uint8_t buf[SOTTO_REPORT_MAX];
    size_t n, after_n;
    make_with_anna(&k, &usual, 3);
    sotto_close(k.engine);
    make_newer_vault(&k.device.port, META_FORMAT + 1, META_FORMAT, 8);
    uint8_t *before = file_slurp(k.device.port.vault_path, &n);

    kiosk_open(&k);

    assert_int_equal(health_of(&k).storage, SOTTO_STORAGE_READ_ONLY);
    assert_int_equal(health_of(&k).profiles, 1);
    sotto_session s = kiosk_session(&k, "anna", 0);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_STORE), SOTTO_CONSENT_GRANTED);
    assert_true(kiosk_slate(&k, s, items, 4, NULL).personalised);
    kiosk_record(&k, s, 7, SOTTO_EVENT_SELECT);
    assert_int_equal(k.engine->secrets->visits[0].person.history.n, 4);
    sotto_session bob = kiosk_session(&k, "bob", 0);
    assert_int_equal(say(&k, bob, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED), SOTTO_E_STATE);
    assert_int_equal(sotto_report_seal(k.engine, 1, 0, buf, sizeof buf, &after_n), SOTTO_E_STATE);
    assert_true(sotto_erase(k.engine, "bob", &receipt) < 0);

    /* A no counts at once, and that it could not be written is said. */
    assert_int_equal(say(&k, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN), SOTTO_E_IO);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_WITHDRAWN);
    assert_false(kiosk_slate(&k, s, items, 4, NULL).personalised);
    assert_true(sotto_session_end(k.engine, s) < 0);
    sim_device_advance(&k.device, DAY_MS);
    (void)!sotto_tick(k.engine);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_WITHDRAWN);

    sotto_close(k.engine);
    k.engine = NULL;
    uint8_t *after = file_slurp(k.device.port.vault_path, &after_n);
    assert_int_equal(n, after_n);
    assert_memory_equal(before, after, n);
    free(before);
    free(after);

    kiosk_open(&k);
    assert_int_equal(sotto_erase(k.engine, NULL, &receipt), SOTTO_OK);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(word(&k, s, SOTTO_PURPOSE_STORE), SOTTO_CONSENT_UNKNOWN);
    kiosk_free(&k);
}

/* ---- The key that signs reports ---------------------------------------------------------- */

static void key_store_that_fails_at_open_is_asked_again_before_anything_is_signed(void **state) {
    (void)state;
    for (int has_vault = 0; has_vault < 2; has_vault++) {
        struct kiosk k;
        uint8_t buf[SOTTO_REPORT_MAX], key[32], later[32];
        uint64_t cursor = 0;
        size_t n;
        struct sotto_report report;
        struct sotto_error err;
        kiosk_make(&k, 60, &usual, !has_vault);
        kiosk_open(&k);
        assert_int_equal(sotto_device_key(k.engine, key), SOTTO_OK);
        sotto_close(k.engine);
        k.device.secret_fails = 1;
        kiosk_open(&k);
        assert_int_equal(sotto_device_key(k.engine, later), SOTTO_E_KEY);
        k.device.secret_fails = 0;

        for (unsigned hour = 0; hour < 50; hour++) {
            sim_device_advance(&k.device, 3600 * 1000);
            assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
        }

        assert_int_equal(sotto_device_key(k.engine, later), SOTTO_OK);
        assert_memory_equal(key, later, sizeof key);
        if (has_vault) {
            assert_int_equal(sotto_outbox_next(k.engine, &cursor, buf, sizeof buf, &n), SOTTO_OK);
            assert_int_equal(sotto_report_decode(buf, n, key, &report, &err), SOTTO_OK);
        }
        kiosk_free(&k);
    }
}

/* ---- Floors ------------------------------------------------------------------------------ */

static void floors_that_cannot_be_read_stop_the_engine_and_not_the_process(void **state) {
    (void)state;
    static const uint8_t records[2][32] = {{0}, {[7] = 0x80}}; /* too long; before 1970 */
    static const size_t lengths[2] = {32, 24};
    for (unsigned i = 0; i < 2; i++) {
        struct kiosk k;
        struct sotto_error err;
        kiosk_make(&k, 60, &usual, 0);
        kiosk_open(&k);
        static const struct vault_key key = {VAULT_SYSTEM, 0, 1};
        assert_int_equal(vault_put(k.engine->vault, key, records[i], lengths[i], NULL), SOTTO_OK);
        sotto_close(k.engine); /* cannot read them either, so leaves them */

        assert_int_equal(sotto_open(&k.config, &k.engine, &err), SOTTO_E_CORRUPT);

        assert_null(k.engine);
        assert_non_null(strstr(err.message, "move it away"));
        kiosk_free(&k);
    }
}

static void keys_away(const struct kiosk *k, int is_away) {
    char from[160], to[160];
    for (unsigned slot = 0; slot < 2; slot++) {
        snprintf(from, sizeof from, "%s/keys/slot-%u.key", k->device_dir, slot);
        snprintf(to, sizeof to, "%s/slot-%u.away", k->dir, slot);
        struct stat st;
        const char *is_at = is_away ? from : to;
        if (stat(is_at, &st) == 0) assert_int_equal(rename(is_at, is_away ? to : from), 0);
    }
}

/* sotto_erase tries a refused vault once more. What it revives must be held against its floors,
 * also when the erasure itself then fails. */
static void vault_that_an_erasure_revives_brings_its_floors_back(void **state) {
    (void)state;
    for (int is_failing = 0; is_failing < 2; is_failing++) {
        struct kiosk k;
        struct sotto_item items[5];
        struct sotto_erase_receipt receipt = {.size = sizeof receipt};
        make_with_anna(&k, &usual, 3);
        sotto_close(k.engine);
        kiosk_put_model(&k, 60, 2);
        kiosk_open(&k);
        sotto_close(k.engine);
        kiosk_put_model(&k, 60, 1);
        keys_away(&k, 1);
        kiosk_open(&k);
        assert_int_equal(health_of(&k).storage, SOTTO_STORAGE_REFUSED);
        keys_away(&k, 0);
        k.device.slot_put_fails = is_failing;

        int status = sotto_erase(k.engine, is_failing ? "anna" : "nobody", &receipt);

        assert_int_equal(status, is_failing ? SOTTO_E_KEY : SOTTO_OK);
        if (is_failing) {
            k.device.slot_put_fails = 0;
            sim_device_advance(&k.device, 6000);
            assert_int_equal(sotto_tick(k.engine), SOTTO_E_ROLLBACK);
            assert_int_equal(health_of(&k).profiles, 0); /* finished by the reopening */
        }
        struct sotto_health health = health_of(&k);
        assert_int_equal(health.storage, SOTTO_STORAGE_OK);
        assert_int_equal(health.model_status, SOTTO_E_ROLLBACK);
        assert_non_null(strstr(health.model_message, "version 1"));
        sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
        kiosk_record(&k, s, 1, SOTTO_EVENT_SELECT);
        assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).why, SOTTO_WHY_MODEL);
        kiosk_free(&k);
    }
}

/* ---- Messages ---------------------------------------------------------------------------- */

static void calls_that_succeed_leave_no_message_of_a_failure(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    make_with_anna(&k, &usual, 3);
    assert_int_equal(health_of(&k).storage, SOTTO_STORAGE_OK);
    sotto_session s = kiosk_session(&k, "anna", 0);
    kiosk_slate(&k, s, items, 5, NULL);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);

    assert_string_equal(sotto_last_error(k.engine), "");

    kiosk_free(&k);
}

static void memory_is_told_as_it_is(void **state) {
    (void)state;
    size_t block[2], all[2];
    for (int is_ram_only = 0; is_ram_only < 2; is_ram_only++) {
        struct kiosk k;
        struct sotto_error err;
        kiosk_make(&k, 2000, &usual, is_ram_only);
        assert_int_equal(sotto_memory_needed(&k.config, &block[is_ram_only], &err), SOTTO_OK);
        kiosk_open(&k);
        all[is_ram_only] = health_of(&k).memory_bytes;
        kiosk_free(&k);
    }
    assert_int_equal(block[0], block[1]);
    assert_true(all[1] > block[1] + sizeof(struct secrets)); /* scores come on top */
    assert_int_equal(all[0], all[1] + vault_locked_bytes());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consent_to_store_taken_back_without_storage_erases_when_it_returns),
        cmocka_unit_test(any_no_said_without_storage_is_stored_when_it_returns),
        cmocka_unit_test(more_debts_than_fit_are_reported_and_none_is_mixed_up),
        cmocka_unit_test(erasing_without_storage_is_owed_by_the_open_session),
        cmocka_unit_test(a_no_that_failed_storage_cannot_take_is_not_called_stored),
        cmocka_unit_test(whoever_was_looked_up_and_is_not_stored_is_owed_nothing),
        cmocka_unit_test(profile_is_loaded_when_storage_returns_and_the_session_goes_on),
        cmocka_unit_test(yes_to_storing_somebody_who_is_stored_already_is_a_yes),
        cmocka_unit_test(stored_events_that_have_no_room_behind_newer_ones_are_the_oldest),
        cmocka_unit_test(many_short_visits_fill_chunks_up),
        cmocka_unit_test(disk_error_at_the_beginning_of_a_session_destroys_no_consent),
        cmocka_unit_test(a_no_to_an_unreadable_profile_spares_the_other_words),
        cmocka_unit_test(yes_that_was_stored_is_not_taken_back_by_the_events_that_follow),
        cmocka_unit_test(ending_a_visit_that_nobody_could_look_up_tells_what_may_be_lost),
        cmocka_unit_test(events_are_stored_once_though_their_commit_failed),
        cmocka_unit_test(a_profile_whose_creation_failed_holds_its_events_once),
        cmocka_unit_test(another_vault_that_comes_back_mixes_nobody_up),
        cmocka_unit_test(vanished_storage_is_noticed_served_without_and_taken_back),
        cmocka_unit_test(tick_notices_a_vanished_file_that_nobody_touches),
        cmocka_unit_test(second_process_is_refused_until_the_first_is_dead),
        cmocka_unit_test(storage_taken_by_another_process_is_left_to_it),
        cmocka_unit_test(newer_vault_serves_who_is_in_it_and_takes_nothing),
        cmocka_unit_test(key_store_that_fails_at_open_is_asked_again_before_anything_is_signed),
        cmocka_unit_test(floors_that_cannot_be_read_stop_the_engine_and_not_the_process),
        cmocka_unit_test(vault_that_an_erasure_revives_brings_its_floors_back),
        cmocka_unit_test(calls_that_succeed_leave_no_message_of_a_failure),
        cmocka_unit_test(memory_is_told_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
