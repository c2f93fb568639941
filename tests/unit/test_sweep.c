/* Profiles of people who do not return: retention, the end of consent, merging, quotas, and what
 * all that costs the flash. */
#include "tests/support/test.h"

#include "engine.h"
#include "platform/sim/fault_vfs.h"
#include "sotto_receipt.h"
#include "tests/support/kiosk.h"
#include "vault/inside.h"

#define STORE       (1u << SOTTO_PURPOSE_STORE)
#define PERSONALISE (1u << SOTTO_PURPOSE_PERSONALISE)
#define DAY_MS      (86400u * 1000u)
#define TERM_DAYS   90u /* of consent; retention is 30 days */

static const struct make_policy usual = {.consent_ttl_s = TERM_DAYS * 86400u};

static void tick(struct kiosk *k) {
    if (sotto_tick(k->engine) != SOTTO_OK) fail_msg("%s", sotto_last_error(k->engine));
}

/* A pass of the sweep. */
static void sweep(struct kiosk *k) {
    for (int i = 0; i <= SOTTO_PROFILES_MAX; i++) {
        sim_device_advance(&k->device, 1000);
        tick(k);
    }
}

/* Days with one pass each. */
static void live(struct kiosk *k, unsigned days) {
    for (unsigned day = 0; day < days; day++) {
        sim_device_advance(&k->device, DAY_MS);
        sweep(k);
    }
}

/* `name` comes by and selects items `first` to `last`, each stored by itself when `is_slow`. */
static void come_by(struct kiosk *k, const char *name, unsigned first, unsigned last, int is_slow) {
    sotto_session s = kiosk_session(k, name, 0);
    for (unsigned i = first; i <= last; i++) {
        kiosk_record(k, s, i % 60, SOTTO_EVENT_SELECT);
        if (!is_slow) continue;
        sim_device_advance(&k->device, 6000);
        tick(k);
    }
    assert_int_equal(sotto_session_end(k->engine, s), SOTTO_OK);
}

static void join_in(struct kiosk *k, const char *name) {
    sotto_session s = kiosk_session(k, name, STORE | PERSONALISE);
    assert_int_equal(sotto_session_end(k->engine, s), SOTTO_OK);
}

/* Adds `n` chunks of one event each, as an older engine may have left them. */
static void scatter(struct kiosk *k, const char *name, uint32_t n) {
    static struct history h;
    uint8_t bytes[HISTORY_CHUNK_BYTES];
    struct vault_key key = {VAULT_EVENTS, 0, 0};
    assert_int_equal(vault_profile_find(k->engine->vault, name, &key.slot), SOTTO_OK);
    memset(&h, 0, sizeof h);
    h.n = 1;
    for (uint32_t i = 0; i < n; i++) {
        h.events[0] = (struct history_event){model_item_key(&k->engine->model, i % 60), i % 60,
                                             (uint32_t)k->device.wall_s, SOTTO_EVENT_VIEW};
        key.seq = 100 + i;
        assert_int_equal(history_encode(&h, 0, bytes), 1);
        assert_int_equal(vault_put(k->engine->vault, key, bytes, sizeof bytes, NULL), SOTTO_OK);
    }
}

struct stored {
    uint32_t chunks, events;
    uint32_t oldest_s;
    unsigned first_item; /* of the oldest event */
};

/* What the vault holds, nobody being in a session. */
static struct stored stored_of(struct kiosk *k, const char *name) {
    struct stored found = {0};
    static struct history h;
    uint8_t bytes[HISTORY_CHUNK_BYTES];
    struct vault_key key = {VAULT_EVENTS, 0, 0};
    size_t n;
    if (vault_profile_find(k->engine->vault, name, &key.slot) != SOTTO_OK) return found;
    const uint32_t slot = key.slot;
    memset(&h, 0, sizeof h);
    while (vault_next(k->engine->vault, &key, 0, NULL) == SOTTO_OK && key.slot == slot) {
        assert_int_equal(vault_get(k->engine->vault, key, bytes, sizeof bytes, &n, NULL), SOTTO_OK);
        assert_int_equal(history_decode(&h, bytes, n), 0);
        found.chunks++;
    }
    found.events = h.n;
    if (h.n) found.oldest_s = h.events[0].time_s;
    if (h.n) found.first_item = model_find_key(&k->engine->model, h.events[0].key);
    return found;
}

static struct sotto_receipt last_receipt(struct kiosk *k) {
    struct sotto_receipt r = {.size = sizeof r};
    uint8_t bytes[SOTTO_RECEIPT_BYTES], key[32];
    uint64_t cursor = 0;
    assert_int_equal(sotto_device_key(k->engine, key), SOTTO_OK);
    while (sotto_receipt_next(k->engine, &cursor, bytes) == SOTTO_OK)
        assert_int_equal(sotto_receipt_verify(bytes, sizeof bytes, key, &r, NULL), SOTTO_OK);
    return r;
}

/* ---- Retention and the end of consent ----------------------------------------------------- */

static void events_go_when_retention_ends_though_nobody_returns(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    join_in(&k, "anna");
    for (unsigned visit = 0; visit < 6; visit++) {
        come_by(&k, "anna", 10 * visit, 10 * visit + 9, 0);
        sim_device_advance(&k.device, 5 * DAY_MS);
        tick(&k);
    }
    assert_int_equal(stored_of(&k, "anna").events, 60);

    live(&k, 1); /* the first visit is 31 days ago */

    assert_int_equal(stored_of(&k, "anna").events, 50);
    for (unsigned day = 0; day < 30; day++) {
        live(&k, 1);
        struct stored s = stored_of(&k, "anna");
        if (s.events) assert_true(s.oldest_s >= k.device.wall_s - 30 * 86400 - 7 * 3600);
    }
    assert_int_equal(stored_of(&k, "anna").events, 0);
    assert_int_equal(stored_of(&k, "anna").chunks, 0);
    assert_int_equal(vault_profile_count(k.engine->vault), 1); /* consent still holds */
    kiosk_free(&k);
}

/* Many events of different days within one chunk: only those that are too old go. */
static void a_chunk_that_is_partly_too_old_keeps_the_rest(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &(struct make_policy){.consent_ttl_s = TERM_DAYS * 86400u, .idle_s = 3600},
               0);
    kiosk_open(&k);
    join_in(&k, "anna");
    for (unsigned day = 0; day < 20; day++) {
        come_by(&k, "anna", day, day, 0);
        sim_device_advance(&k.device, DAY_MS);
        tick(&k);
    }
    sweep(&k);
    sim_device_advance(&k.device, DAY_MS / 2);
    sweep(&k);
    assert_in_range(stored_of(&k, "anna").chunks, 1, 7); /* merged by eights */

    live(&k, 15);

    struct stored s = stored_of(&k, "anna");
    assert_in_range(s.events, 13, 15);
    assert_int_equal(s.first_item, 20 - s.events);
    kiosk_free(&k);
}

static void a_profile_whose_consent_ran_out_is_erased_with_a_receipt(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    join_in(&k, "anna");
    join_in(&k, "bob");
    come_by(&k, "anna", 0, 9, 0);
    live(&k, TERM_DAYS - 2);
    assert_int_equal(vault_profile_count(k.engine->vault), 2);
    sotto_session s = kiosk_session(&k, "bob", STORE); /* says yes again */
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);

    live(&k, 3);

    uint32_t slot;
    assert_int_equal(vault_profile_find(k.engine->vault, "anna", &slot), SOTTO_E_NOT_FOUND);
    assert_int_equal(vault_profile_find(k.engine->vault, "bob", &slot), SOTTO_OK);
    struct sotto_receipt r = last_receipt(&k);
    assert_int_equal(r.number, 1);
    assert_int_equal(r.why, SOTTO_ERASE_EXPIRED);
    assert_int_equal(r.profiles, 1);
    kiosk_free(&k);
}

/* Nothing is destroyed because a policy could not be read, has ended, or has a new notice. */
static void only_the_signed_policy_in_force_ends_a_profile(void **state) {
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct kiosk k;
        struct make_policy p = usual;
        kiosk_make(&k, 60, &usual, 0);
        kiosk_open(&k);
        join_in(&k, "anna");
        sotto_close(k.engine);
        p.version = 2;
        if (how == 0) p.notice_version = 9;
        if (how == 1) p.not_after_s = k.device.wall_s - 5;
        if (how == 3) p.never = STORE;
        kiosk_put_policy(&k, &p);
        if (how == 2) make_file(k.policy_path, "broken", 6);
        kiosk_open(&k);

        live(&k, 3);

        assert_int_equal(vault_profile_count(k.engine->vault), how == 3 ? 0 : 1);
        kiosk_free(&k);
    }
}

static void whoever_is_in_a_session_is_left_to_it(void **state) {
    (void)state;
    struct kiosk k;
    struct make_policy p = {.consent_ttl_s = 3600, .idle_s = 3600};
    kiosk_make(&k, 60, &p, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE);
    for (int i = 0; i < 3; i++) {
        sim_device_advance(&k.device, 1800 * 1000);
        kiosk_record(&k, s, 1, SOTTO_EVENT_VIEW);
        sweep_restart(k.engine);
        sweep(&k);
    }
    assert_int_equal(vault_profile_count(k.engine->vault), 1);

    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    sweep_restart(k.engine);
    sweep(&k);

    assert_int_equal(vault_profile_count(k.engine->vault), 0);
    kiosk_free(&k);
}

static void a_no_that_was_never_followed_is(void **state) {
    (void)state;
    struct kiosk k;
    struct consent no = {0};
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    join_in(&k, "anna");
    come_by(&k, "anna", 0, 9, 0);
    struct person_home home = engine_home(k.engine);
    consent_apply(&no, SOTTO_PURPOSE_PERSONALISE, CONSENT_DENY, SOTTO_SAID_SCREEN, k.engine->rules,
                  k.device.wall_s);
    assert_int_equal(person_save_no(&home, "anna", &no, &k.engine->secrets->nobody, NULL),
                     SOTTO_OK);

    live(&k, 1);

    assert_int_equal(stored_of(&k, "anna").events, 0);
    assert_int_equal(vault_profile_count(k.engine->vault), 1);
    assert_int_equal(last_receipt(&k).why, SOTTO_ERASE_WITHDRAWN);
    kiosk_free(&k);
}

/* ---- What it costs ------------------------------------------------------------------------ */

static void small_chunks_are_merged_and_nothing_is_written_twice(void **state) {
    (void)state;
    struct kiosk k;
    struct fault_vfs disk;
    kiosk_make(&k, 60, &usual, 0);
    assert_int_equal(fault_vfs_register(&disk, "merge"), 0);
    k.device.port.vault_vfs = disk.name;
    kiosk_open(&k);
    join_in(&k, "anna");
    scatter(&k, "anna", 40);
    assert_int_equal(stored_of(&k, "anna").chunks, 40);

    live(&k, 1);

    assert_int_equal(stored_of(&k, "anna").chunks, 1);
    assert_int_equal(stored_of(&k, "anna").events, 40);
    uint64_t put = vault_stats(k.engine->vault).records_put;
    for (int i = 0; i < 5; i++) {
        sweep_restart(k.engine);
        sweep(&k);
    }
    assert_int_equal(vault_stats(k.engine->vault).records_put, put);
    kiosk_free(&k);
    fault_vfs_unregister(&disk);
}

/* A visitor whose events come one at a time, for longer than a history. */
static void a_long_session_stays_within_its_chunks(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    join_in(&k, "anna");
    sotto_session s = kiosk_session(&k, "anna", 0);
    uint32_t most = 0;
    for (unsigned i = 0; i < 300; i++) {
        kiosk_record(&k, s, i % 60, SOTTO_EVENT_VIEW);
        sim_device_advance(&k.device, 5000);
        tick(&k);
        uint32_t chunks = stored_of(&k, "anna").chunks;
        if (chunks > most) most = chunks;
    }
    assert_in_range(most, 2, 5);
    assert_int_equal(stored_of(&k, "anna").events, 300);
    kiosk_free(&k);
}

/* ---- Quotas ------------------------------------------------------------------------------- */

static void a_full_quota_takes_the_same_persons_oldest_events_and_no_consent(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 0);
    k.config.profile_bytes_max = 6000;
    kiosk_open(&k);
    join_in(&k, "bob");
    come_by(&k, "bob", 0, 31, 0);
    join_in(&k, "anna");
    const struct stored bob = stored_of(&k, "bob");
    for (unsigned i = 0; i < 30; i++) {
        come_by(&k, "anna", i, i + 19, 0);
        assert_true(vault_usage(k.engine->vault, 0).bytes <= 6000);
    }

    struct stored s = stored_of(&k, "anna");
    assert_true(s.events > 20 && s.events < 600);
    assert_int_equal(stored_of(&k, "bob").events, bob.events);
    for (unsigned i = 0; i < 30; i++) { /* room for words there always is */
        char name[16];
        snprintf(name, sizeof name, "guest %u", i);
        join_in(&k, name);
        come_by(&k, name, 0, 9, 0);
    }
    assert_int_equal(vault_profile_count(k.engine->vault), 32);
    /* And nobody is told that a guest's events are there. */
    sotto_session guest = kiosk_session(&k, "guest 1", 0);
    kiosk_record(&k, guest, 1, SOTTO_EVENT_VIEW);
    assert_int_equal(sotto_flush(k.engine), SOTTO_E_LIMIT);
    assert_int_equal(sotto_session_end(k.engine, guest), SOTTO_OK);
    kiosk_restart(&k);
    assert_int_equal(vault_profile_count(k.engine->vault), 32);
    sotto_session anna = kiosk_session(&k, "anna", 0);
    enum sotto_consent word;
    assert_int_equal(sotto_consent_get(k.engine, anna, SOTTO_PURPOSE_STORE, &word), SOTTO_OK);
    assert_int_equal(word, SOTTO_CONSENT_GRANTED);
    kiosk_free(&k);
}

static void usage_is_what_lies_in_the_file(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_erase_receipt told = {.size = sizeof told};
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    join_in(&k, "anna");
    join_in(&k, "bob");
    come_by(&k, "anna", 0, 70, 1);
    come_by(&k, "bob", 0, 9, 0);
    assert_int_equal(sotto_erase_purpose(k.engine, "bob", SOTTO_PURPOSE_PERSONALISE, &told), 0);
    struct vault_usage before[3], after;
    for (uint32_t i = 0; i < 3; i++) before[i] = vault_usage(k.engine->vault, i);
    assert_int_equal(before[2].records, 4); /* consent, two receipts, the notice */

    kiosk_restart(&k); /* counted anew from the rows */

    for (uint32_t i = 0; i < 3; i++) {
        after = vault_usage(k.engine->vault, i);
        assert_int_equal(after.records, before[i].records);
        assert_int_equal(after.bytes, before[i].bytes);
    }
    kiosk_free(&k);
}

/* ---- Interruptions ------------------------------------------------------------------------ */

/* Power goes at every write of a pass that has an erasure, an expiry and a merging to do. */
static void a_cut_at_any_instant_of_a_pass_is_made_good_by_the_next(void **state) {
    (void)state;
    static const struct make_policy quiet = {.consent_ttl_s = TERM_DAYS * 86400u, .no_metrics = 1};
    struct fault_vfs disk;
    long cuts = 0;
    assert_int_equal(fault_vfs_register(&disk, "sweep-cut"), 0);
    disk.loss = FAULT_LOSS_SOME;
    for (long limit = 0;; limit += 3, cuts++) {
        struct kiosk k;
        long fuse = limit;
        kiosk_make(&k, 60, &quiet, 1);
        char path[96];
        snprintf(path, sizeof path, "%s/vault.db", k.dir);
        k.device.port.vault_path = path;
        k.device.port.vault_vfs = disk.name;
        kiosk_open(&k);
        join_in(&k, "old");
        come_by(&k, "old", 0, 5, 0);
        sim_device_advance(&k.device, 70 * (uint64_t)DAY_MS);
        join_in(&k, "anna");
        sim_device_advance(&k.device, 31 * (uint64_t)DAY_MS);
        join_in(&k, "late"); /* old's consent is over by now */
        scatter(&k, "late", 12);
        sweep_restart(k.engine);
        disk.loss_seed = (uint64_t)limit;
        disk.fuse = k.device.fuse = &fuse;

        for (int i = 0; i < 4; i++) (void)sotto_tick(k.engine);

        int is_through = fuse > 0;
        sotto_close(k.engine);
        k.engine = NULL;
        disk.fuse = k.device.fuse = NULL;
        kiosk_open(&k);
        assert_int_equal(k.engine->vault->meta.pending, 0);
        sweep(&k);
        uint32_t slot;
        assert_int_equal(vault_profile_find(k.engine->vault, "old", &slot), SOTTO_E_NOT_FOUND);
        assert_int_equal(vault_profile_find(k.engine->vault, "anna", &slot), SOTTO_OK);
        assert_int_equal(stored_of(&k, "late").events, 12);
        assert_int_equal(stored_of(&k, "late").chunks, 1);
        kiosk_free(&k);
        if (is_through) break;
        assert_true(limit < 600);
    }
    print_message("%ld cuts\n", cuts);
    assert_true(cuts > 5);
    fault_vfs_unregister(&disk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_go_when_retention_ends_though_nobody_returns),
        cmocka_unit_test(a_chunk_that_is_partly_too_old_keeps_the_rest),
        cmocka_unit_test(a_profile_whose_consent_ran_out_is_erased_with_a_receipt),
        cmocka_unit_test(only_the_signed_policy_in_force_ends_a_profile),
        cmocka_unit_test(whoever_is_in_a_session_is_left_to_it),
        cmocka_unit_test(a_no_that_was_never_followed_is),
        cmocka_unit_test(small_chunks_are_merged_and_nothing_is_written_twice),
        cmocka_unit_test(a_long_session_stays_within_its_chunks),
        cmocka_unit_test(a_full_quota_takes_the_same_persons_oldest_events_and_no_consent),
        cmocka_unit_test(usage_is_what_lies_in_the_file),
        cmocka_unit_test(a_cut_at_any_instant_of_a_pass_is_made_good_by_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
