/* The export: every fact that the vault holds, counted by a reader of its own, in JSON that its
 * published schema accepts; and none after an erasure, neither in a fresh export nor in the file.
 * Firebolt's flags in terms of purposes. */
#include "tests/support/test.h"

#include <sodium.h>

#include "engine.h"
#include "platform/firebolt/firebolt.h"
#include "tests/support/kiosk.h"
#include "tools/common/export_json.h"

#define STORE       (1u << SOTTO_PURPOSE_STORE)
#define PERSONALISE (1u << SOTTO_PURPOSE_PERSONALISE)
#define MEASURE     (1u << SOTTO_PURPOSE_MEASURE)

static const struct make_policy usual = {.version = 1, .no_ack = 1};
static const struct make_policy household = {.version = 1, .no_ack = 1, .is_household = 1};

static void ok(struct kiosk *k, int status) {
    if (status != SOTTO_OK) fail_msg("%d: %s", status, sotto_last_error(k->engine));
}

struct counts {
    unsigned of[SOTTO_FACT_REPORT + 1], stored[SOTTO_FACT_REPORT + 1];
};

static int count(void *ctx, const struct sotto_fact *f) {
    struct counts *c = ctx;
    assert_in_range(f->kind, SOTTO_FACT_PROFILE, SOTTO_FACT_REPORT);
    c->of[f->kind]++;
    c->stored[f->kind] += f->is_stored;
    return 0;
}

static struct counts export(struct kiosk *k, sotto_session s) {
    struct counts c = {{0}, {0}};
    ok(k, sotto_export(k->engine, s, count, &c));
    return c;
}

/* What a reader of the rows finds of all profiles, class by class, without the export's code. */
static struct counts rows(struct kiosk *k) {
    struct counts c = {{0}, {0}};
    uint8_t bytes[VAULT_RECORD_MAX];
    size_t n;
    for (int kind = VAULT_PROFILE; kind <= VAULT_SHOWN; kind++) {
        struct vault_key key = {(enum vault_class)kind, 0, 0};
        if (kind == VAULT_AUDIT) continue;
        while (vault_next(k->engine->vault, &key, 0, NULL) == SOTTO_OK) {
            if (key.slot == 0) continue; /* a memo that is nobody's */
            assert_int_equal(vault_get(k->engine->vault, key, bytes, sizeof bytes, &n, NULL),
                             SOTTO_OK);
            if (kind == VAULT_PROFILE) c.of[SOTTO_FACT_CONSENT] += bytes[1];
            if (kind == VAULT_EVENTS) c.of[SOTTO_FACT_EVENT] += bytes[1];
            if (kind == VAULT_CONSENTS) c.of[SOTTO_FACT_RECEIPT]++;
            if (kind == VAULT_MEMO) c.of[SOTTO_FACT_ANSWER]++;
            if (kind == VAULT_SHOWN) c.of[SOTTO_FACT_SHOWN]++;
            if (kind != VAULT_PEOPLE) continue;
            if (key.seq >= VAULT_TICKETS) c.of[SOTTO_FACT_TICKET]++;
            if (key.seq == 2) c.of[SOTTO_FACT_NOTICE]++;
            for (size_t at = 4; key.seq == 1 && at < n; at += 7 + (size_t)bytes[at + 1])
                c.of[SOTTO_FACT_BLOCK]++;
        }
    }
    return c;
}

/* A week of a household that looks at things, blocks some and asks for somebody. */
static sotto_session live(struct kiosk *k) {
    uint64_t ticket;
    sotto_session s = 0;
    for (int day = 0; day < 7; day++) {
        s = kiosk_session(k, SOTTO_PROFILE_HOUSEHOLD, day == 0 ? STORE | PERSONALISE | MEASURE : 0);
        for (unsigned i = 0; i < 50; i++)
            kiosk_record(k, s, (unsigned)day * 7 + i % 9, SOTTO_EVENT_VIEW);
        kiosk_record(k, s, 7, SOTTO_EVENT_SELECT);
        struct sotto_item items[10];
        kiosk_slate(k, s, items, 10, NULL);
        if (day == 2) ok(k, sotto_block(k->engine, s, SOTTO_BLOCK_ITEM, "item-3"));
        if (day == 2) ok(k, sotto_block(k->engine, s, SOTTO_BLOCK_PROVIDER, "Müller \"& Söhne\""));
        if (day == 3) ok(k, sotto_interest(k->engine, s, "item-50", 1));
        if (day == 4) ok(k, sotto_contest(k->engine, s, 5, 6, &ticket));
        ok(k, sotto_session_end(k->engine, s));
        for (int hour = 0; hour < 24; hour++) {
            sim_device_advance(&k->device, 3600 * 1000);
            ok(k, sotto_tick(k->engine));
        }
    }
    s = kiosk_session(k, SOTTO_PROFILE_HOUSEHOLD, 0);
    kiosk_record(k, s, 7, SOTTO_EVENT_SELECT); /* in a window that is open */
    ok(k, sotto_session_end(k->engine, s));
    return kiosk_session(k, SOTTO_PROFILE_HOUSEHOLD, 0);
}

static void export_holds_every_fact_that_the_vault_holds(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &household, 0);
    kiosk_open(&k);
    sotto_session s = live(&k);
    /* A record of what was shown, whoever writes those. */
    const struct vault_key shown = {VAULT_SHOWN, 1, 1};
    ok(&k, vault_put(k.engine->vault, shown, "shown", 5, NULL));

    struct counts told = export(&k, s), found = rows(&k);

    for (int kind = SOTTO_FACT_CONSENT; kind <= SOTTO_FACT_ANSWER; kind++)
        if (told.stored[kind] != found.of[kind])
            if (kind != SOTTO_FACT_INTEREST && kind != SOTTO_FACT_TASTE)
                fail_msg("kind %d: %u told, %u found", kind, told.stored[kind], found.of[kind]);
    assert_int_equal(told.of[SOTTO_FACT_PROFILE], 1);
    assert_int_equal(told.of[SOTTO_FACT_EVENT], 359);
    assert_true(told.of[SOTTO_FACT_INTEREST] > 0 && told.of[SOTTO_FACT_TASTE] > 0);
    assert_int_equal(told.of[SOTTO_FACT_BLOCK], 2);
    assert_int_equal(told.of[SOTTO_FACT_TICKET], 1);
    assert_true(told.of[SOTTO_FACT_ANSWER] > 0 && told.of[SOTTO_FACT_REPORT] > 0);
    kiosk_free(&k);
}

static void expired_consent_hides_nothing_from_the_person(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    for (unsigned i = 0; i < 5; i++) kiosk_record(&k, s, i, SOTTO_EVENT_VIEW);
    ok(&k, sotto_session_end(k.engine, s));
    struct make_policy renewed = usual;
    renewed.version = 2;
    renewed.notice_version = 9;
    kiosk_put_policy(&k, &renewed);
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0);
    struct counts told = export(&k, s);
    assert_int_equal(told.of[SOTTO_FACT_EVENT], 5);
    assert_int_equal(told.of[SOTTO_FACT_INTEREST], 0); /* nothing is inferred any more */
    kiosk_free(&k);
}

static void anonymous_visit_is_exported_from_memory(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    for (unsigned i = 0; i < 5; i++) kiosk_record(&k, s, i, SOTTO_EVENT_VIEW);
    ok(&k, sotto_block(k.engine, s, SOTTO_BLOCK_GROUP, "group-1"));
    struct counts told = export(&k, s);
    assert_int_equal(told.of[SOTTO_FACT_EVENT], 5);
    assert_int_equal(told.of[SOTTO_FACT_RECEIPT], 1);
    assert_int_equal(told.of[SOTTO_FACT_BLOCK], 1);
    assert_int_equal(told.of[SOTTO_FACT_INTEREST], 5);
    for (int kind = 0; kind <= SOTTO_FACT_REPORT; kind++) assert_int_equal(told.stored[kind], 0);
    kiosk_free(&k);
}

static int refuse(void *ctx, const struct sotto_fact *f) {
    int *left = ctx;
    (void)f;
    return (*left)-- <= 0;
}

static int calls_back(void *ctx, const struct sotto_fact *f) {
    uint64_t cursor = 0;
    uint8_t bytes[SOTTO_CONSENT_RECEIPT_BYTES];
    (void)f;
    return sotto_consent_receipt_next(ctx, 1, &cursor, bytes) == SOTTO_E_STATE ? 0 : 1;
}

static void export_can_be_broken_off_at_every_fact_and_not_called_back(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    for (unsigned i = 0; i < 5; i++) kiosk_record(&k, s, i, SOTTO_EVENT_VIEW);
    int facts = 0, status;
    do {
        int left = facts;
        status = sotto_export(k.engine, s, refuse, &left);
        assert_true(status == SOTTO_E_IO || status == SOTTO_OK);
    } while (status != SOTTO_OK && facts++ < 100);
    assert_in_range(facts, 15, 40);
    ok(&k, sotto_export(k.engine, s, calls_back, k.engine));
    struct sotto_item items[5];
    assert_int_equal(kiosk_slate(&k, s, items, 5, NULL).personalised, 1); /* as good as new */
    kiosk_free(&k);
}

static void unreadable_record_is_told_and_the_rest_is_handed_out(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, 60, &usual, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    ok(&k, sotto_block(k.engine, s, SOTTO_BLOCK_ITEM, "item-3"));
    const struct vault_key events = {VAULT_EVENTS, 1, 1};
    ok(&k, vault_put(k.engine->vault, events, "nonsense", 8, NULL));
    struct counts c = {{0}, {0}};
    assert_int_equal(sotto_export(k.engine, s, count, &c), SOTTO_E_CORRUPT);
    assert_int_equal(c.of[SOTTO_FACT_BLOCK], 1);
    kiosk_free(&k);
}

static void nothing_is_left_after_an_erasure(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_erase_receipt gone = {.size = sizeof gone};
    kiosk_make(&k, 60, &household, 0);
    kiosk_open(&k);
    sotto_session s = live(&k);
    assert_int_equal(rows(&k).of[SOTTO_FACT_EVENT], 359);
    ok(&k, sotto_erase(k.engine, SOTTO_PROFILE_HOUSEHOLD, &gone));

    struct counts told = export(&k, s), found = rows(&k);

    for (int kind = SOTTO_FACT_CONSENT; kind <= SOTTO_FACT_REPORT; kind++) {
        assert_int_equal(told.stored[kind], 0);
        assert_int_equal(found.of[kind], 0);
    }
    assert_int_equal(told.of[SOTTO_FACT_EVENT] + told.of[SOTTO_FACT_BLOCK], 0);
    static const char *const traces[] = {"household", "item-3", "ller \"& S", "SOTTOCNS"};
    for (size_t i = 0; i < ARRAY_LEN(traces); i++)
        assert_false(files_contain(k.device_dir, traces[i], strlen(traces[i])));
    kiosk_free(&k);
}

/* ---- JSON --------------------------------------------------------------------------------- */

static int validate(const char *json, const char *schema) {
    char command[512];
    snprintf(command, sizeof command,
             "python3 -c 'import json,sys,jsonschema;"
             "jsonschema.Draft7Validator(json.load(open(sys.argv[2])))"
             ".validate(json.load(open(sys.argv[1])))' %s %s 2>/dev/null",
             json, schema);
    return system(command); /* NOLINT(cert-env33-c): of paths this test made */
}

static void json_is_what_its_schema_says(void **state) {
    (void)state;
    struct kiosk k;
    struct export_json x;
    char path[128];
    kiosk_make(&k, 60, &household, 0);
    kiosk_open(&k);
    sotto_session s = live(&k);
    snprintf(path, sizeof path, "%s/export.json", k.dir);
    FILE *f = fopen(path, "w+");
    assert_non_null(f);
    export_json_begin(&x, f);
    ok(&k, sotto_export(k.engine, s, export_json_put, &x));
    assert_int_equal(export_json_end(&x), 0);
    rewind(f);
    char line[256] = "";
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    assert_int_equal(validate(path, "tools/sotto/export.schema.json"), 0);
    /* And the schema does refuse. */
    f = fopen(path, "w");
    fputs("{\"schema\": \"x\", \"version\": 1, \"facts\": [{\"fact\": \"event\"}]}", f);
    fclose(f);
    assert_int_not_equal(validate(path, "tools/sotto/export.schema.json"), 0);
    kiosk_free(&k);
}

static void sealed_export_opens_with_the_one_key(void **state) {
    (void)state;
    uint8_t public_key[32], secret[32], sealed[5 + SEAL_TO_BYTES], opened[5];
    assert_int_equal(crypto_init(), 0);
    crypto_box_keypair(public_key, secret);
    assert_int_equal(seal_to(sealed, (const uint8_t *)"facts", 5, public_key), 0);
    assert_int_equal(crypto_box_seal_open(opened, sealed, sizeof sealed, public_key, secret), 0);
    assert_memory_equal(opened, "facts", 5);
    secret[3] ^= 1;
    assert_int_not_equal(crypto_box_seal_open(opened, sealed, sizeof sealed, public_key, secret),
                         0);
}

/* ---- Firebolt ----------------------------------------------------------------------------- */

static void firebolt_flags_are_purposes_or_never(void **state) {
    (void)state;
    static const char *const ours[] = {"", "allowWatchHistory", "allowPersonalization",
                                       "allowProductAnalytics", "allowPrimaryBrowseAdTargeting"};
    for (int flag = 0; flag < FIREBOLT_FLAGS; flag++) {
        enum sotto_purpose purpose = firebolt_flags[flag].purpose;
        assert_int_equal(firebolt_find(firebolt_flags[flag].name), flag);
        if (purpose) assert_string_equal(firebolt_flags[flag].name, ours[purpose]);
        for (int now = SOTTO_CONSENT_UNKNOWN; now <= SOTTO_CONSENT_PAUSED; now++) {
            struct sotto_word word = {.size = sizeof word};
            enum sotto_consent state_now = (enum sotto_consent)now;
            assert_int_equal(firebolt_answer(flag, state_now),
                             purpose != 0 && now == SOTTO_CONSENT_GRANTED);
            for (int allow = 0; allow < 2; allow++) {
                int says = firebolt_word(flag, allow, state_now, &word);
                if (!purpose) assert_int_equal(says, 0);
                if (!says) continue;
                assert_int_equal(word.purpose, purpose);
                assert_int_equal(word.state == SOTTO_CONSENT_GRANTED, allow);
                if (!allow) assert_true(consent_is_no(word.state));
            }
            /* Whoever switches it off has said no, whatever was before. */
            if (purpose && !firebolt_word(flag, 0, state_now, &word))
                assert_true(consent_is_no(state_now));
        }
    }
    assert_int_equal(firebolt_find("allowEverything"), -1);
    assert_int_equal(firebolt_answer(99, SOTTO_CONSENT_GRANTED), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(export_holds_every_fact_that_the_vault_holds),
        cmocka_unit_test(expired_consent_hides_nothing_from_the_person),
        cmocka_unit_test(anonymous_visit_is_exported_from_memory),
        cmocka_unit_test(export_can_be_broken_off_at_every_fact_and_not_called_back),
        cmocka_unit_test(unreadable_record_is_told_and_the_rest_is_handed_out),
        cmocka_unit_test(nothing_is_left_after_an_erasure),
        cmocka_unit_test(json_is_what_its_schema_says),
        cmocka_unit_test(sealed_export_opens_with_the_one_key),
        cmocka_unit_test(firebolt_flags_are_purposes_or_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
