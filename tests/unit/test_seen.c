/* What was shown to a person: caps and passed-over items over days, through the vault and back, and
 * gone with everything else that was kept to personalise. */
#include <stdio.h>

#include "tests/support/test.h"

#include "crypto/crypto.h"
#include "engine.h"
#include "profile/seen.h"
#include "tests/support/format_md.h"
#include "tests/support/kiosk.h"
#include "tests/support/random_model.h"

#define DAY 86400
enum { PERSONALISE = 1 << SOTTO_PURPOSE_PERSONALISE, STORE = 1 << SOTTO_PURPOSE_STORE, ITEMS = 60 };

/* ---- Counters without an engine ------------------------------------------------------------ */

static struct random_model model_of_many(uint32_t n) {
    struct dice d = {71};
    struct random_model r;
    random_model_make(&r, &d, n, 0);
    random_model_facts(&r, &d, 4);
    return r;
}

static int is_barred(const struct seen *s, const struct policy *p, uint32_t item, int64_t now_s) {
    uint8_t bits[128] = {0};
    seen_bar(s, p, now_s, bits);
    return bits[item / 8] >> item % 8 & 1;
}

static void an_item_passed_over_is_hidden_for_its_time_and_one_acted_on_is_not(void **state) {
    (void)state;
    struct random_model r = model_of_many(ITEMS);
    struct policy p = {.seen_hide_s = 3 * DAY};
    struct seen s = {0};
    const int64_t now = 1000 * DAY + 500;

    seen_show(&s, &r.model, &p, 7, now);
    seen_show(&s, &r.model, &p, 8, now);
    seen_take(&s, 8, 1);

    assert_true(is_barred(&s, &p, 7, now));
    assert_true(is_barred(&s, &p, 7, now + 3 * DAY - 1));
    assert_false(is_barred(&s, &p, 7, now + 3 * DAY));
    assert_false(is_barred(&s, &p, 8, now));
    seen_show(&s, &r.model, &p, 8, now + 10); /* and passed over this time */
    assert_true(is_barred(&s, &p, 8, now + 20));
    random_model_free(&r);
}

static void caps_count_a_day_and_begin_anew_with_the_next(void **state) {
    (void)state;
    struct random_model r = model_of_many(ITEMS);
    struct policy p = {.caps_item_day = 2, .caps_sponsor_day = 3, .n_caps = 1};
    struct seen s = {0};
    const int64_t now = 1000 * DAY + 500;
    uint32_t paid = 0;
    while (!(model_facts(&r.model, paid).flags & MODEL_PAID)) paid++;
    const char *payer = model_facts(&r.model, paid).payer;
    const char *group = model_group_name(&r.model, model_item_group(&r.model, paid));
    p.caps[0].group = group;
    p.caps[0].per_day = 5;

    for (uint32_t times = 1; times <= 4; times++) {
        seen_show(&s, &r.model, &p, paid, now);
        assert_int_equal(is_barred(&s, &p, paid, now), times >= 2);
        assert_int_equal(seen_left(&s, SEEN_PAYER, payer, 3, now), times < 3 ? 3 - times : 0);
        assert_int_equal(seen_left(&s, SEEN_GROUP, group, 5, now), 5 - times);
    }
    assert_int_equal(seen_left(&s, SEEN_PAYER, "somebody else", 3, now), 3);
    assert_int_equal(seen_left(&s, SEEN_PAYER, payer, 0, now), 255);
    assert_int_equal(seen_left(&s, SEEN_PAYER, payer, 3, now + DAY), 3);
    assert_false(is_barred(&s, &p, paid, now + DAY));
    random_model_free(&r);
}

static void nothing_is_counted_that_the_policy_has_no_use_for(void **state) {
    (void)state;
    struct random_model r = model_of_many(ITEMS);
    const struct policy none = {0}, sponsors = {.caps_sponsor_day = 3};
    struct seen s = {0};
    for (uint32_t i = 0; i < ITEMS; i++) seen_show(&s, &r.model, &none, i, 5 * DAY);
    assert_int_equal(s.n_items + s.n_counts + s.is_dirty, 0);
    for (uint32_t i = 0; i < ITEMS; i++) seen_show(&s, &r.model, &sponsors, i, 5 * DAY);
    assert_int_equal(s.n_items, 0);
    assert_true(s.n_counts > 0);
    random_model_free(&r);
}

/* Three days of random showings, cut short by restarts: what the record brings back bars the same.
 */
static void a_record_brings_back_what_it_was_made_of(void **state) {
    (void)state;
    struct random_model r = model_of_many(ITEMS);
    struct dice d = {72};
    struct policy p = {.seen_hide_s = 2 * DAY, .caps_item_day = 3, .caps_sponsor_day = 9};
    struct seen s = {0};
    int64_t now = 2000 * DAY;
    unsigned barred = 0;
    for (int step = 0; step < 400; step++, now += dice_below(&d, 1500)) {
        if (dice_below(&d, 3))
            seen_show(&s, &r.model, &p, dice_below(&d, ITEMS), now);
        else
            seen_take(&s, dice_below(&d, ITEMS), 1);
        if (step % 10) continue;
        uint8_t bytes[SEEN_RECORD_BYTES], again[SEEN_RECORD_BYTES];
        struct seen back = {0};
        size_t n = seen_encode(&s, &r.model, &p, now, bytes);
        if (n == 0) continue;
        assert_int_equal(seen_decode(&back, &r.model, bytes, n), 0);
        assert_int_equal(seen_encode(&back, &r.model, &p, now, again), n);
        /* Counts may come in another order. */
        assert_memory_equal(bytes, again, 8 + 14 * (size_t)bytes[1]);
        for (uint32_t i = 0; i < ITEMS; i++) {
            assert_int_equal(is_barred(&back, &p, i, now), is_barred(&s, &p, i, now));
            barred += (unsigned)is_barred(&s, &p, i, now);
        }
        for (unsigned k = 0; k < 3; k++) {
            char payer[16];
            snprintf(payer, sizeof payer, "payer-%u", k);
            assert_int_equal(seen_left(&back, SEEN_PAYER, payer, 9, now),
                             seen_left(&s, SEEN_PAYER, payer, 9, now));
        }
        s = back; /* go on with it */
    }
    assert_true(barred > 500);
    random_model_free(&r);
}

static void example_in_format_md_is_a_record(void **state) {
    (void)state;
    struct random_model r = model_of_many(ITEMS);
    const struct policy p = {.seen_hide_s = DAY, .caps_item_day = 9, .caps_sponsor_day = 9};
    const int64_t now = 20000LL * DAY + 1040;
    uint8_t example[SEEN_RECORD_BYTES], bytes[SEEN_RECORD_BYTES];
    struct seen s = {0};
    size_t n = hex_after("What was **shown**", example, sizeof example);

    assert_int_equal(seen_decode(&s, &r.model, example, n), 0);

    assert_int_equal(s.n_items, 2);
    assert_int_equal(s.items[0].item, 1);
    assert_int_equal(s.items[0].today, 2);
    assert_true(s.items[1].is_taken);
    assert_int_equal(seen_left(&s, SEEN_PAYER, "payer-0", 9, now), 6);
    assert_int_equal(seen_encode(&s, &r.model, &p, now, bytes), n);
    assert_memory_equal(bytes, example, n);
    random_model_free(&r);
}

static void damaged_records_add_nothing(void **state) {
    (void)state;
    struct random_model r = model_of_many(ITEMS);
    const struct policy p = {.seen_hide_s = DAY, .caps_sponsor_day = 2};
    struct seen s = {0};
    static const struct seen empty;
    for (uint32_t i = 0; i < 20; i++) seen_show(&s, &r.model, &p, i, 9 * DAY);
    uint8_t bytes[SEEN_RECORD_BYTES];
    size_t n = seen_encode(&s, &r.model, &p, 9 * DAY, bytes);
    assert_true(n > 8 + 20 * 14);
    struct seen back = {0};
    for (size_t cut = 0; cut < n; cut++) {
        assert_int_equal(seen_decode(&back, &r.model, bytes, cut), -1);
        assert_memory_equal(&back, &empty, sizeof empty);
    }
    for (size_t i = 0; i < 4; i++) { /* format, counts of records, the zero */
        bytes[i] ^= 0x40;
        assert_int_equal(seen_decode(&back, &r.model, bytes, n), -1);
        bytes[i] ^= 0x40;
    }
    bytes[8 + 13] = 2;
    assert_int_equal(seen_decode(&back, &r.model, bytes, n), -1);
    bytes[8 + 13] = 0;
    bytes[n - 2] = 3; /* no such kind */
    assert_int_equal(seen_decode(&back, &r.model, bytes, n), -1);
    assert_memory_equal(&back, &empty, sizeof empty);
    random_model_free(&r);
}

static void full_tables_forget_the_oldest_item_and_refuse_a_payer_they_cannot_count(void **state) {
    (void)state;
    struct random_model r = model_of_many(SEEN_ITEMS_MAX + 20);
    const struct policy p = {.seen_hide_s = DAY, .caps_sponsor_day = 2};
    struct seen s = {0};
    const int64_t now = 9 * DAY;
    for (uint32_t i = 0; i < SEEN_ITEMS_MAX + 5; i++) seen_show(&s, &r.model, &p, i, now + i);
    assert_int_equal(s.n_items, SEEN_ITEMS_MAX);
    assert_false(is_barred(&s, &p, 4, now + 400));
    assert_true(is_barred(&s, &p, 5, now + 400));
    for (; s.n_counts < SEEN_COUNTS_MAX; s.n_counts++) {
        s.counts[s.n_counts].name = "x";
        s.counts[s.n_counts].kind = SEEN_PAYER;
    }
    assert_int_equal(seen_left(&s, SEEN_PAYER, "not counted", 2, now + 400), 0);
    random_model_free(&r);
}

/* ---- Through an engine --------------------------------------------------------------------- */

static const struct make_policy hiding = {
    .no_ack = 1, .more = {{POLICY_KEY_SEEN_HIDE_S, 2 * DAY}, {POLICY_KEY_CAP_ITEM, 5}}};

static int holds(const struct sotto_item *items, uint32_t n, const char *id) {
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(items[i].id, id) == 0) return 1;
    return 0;
}

static void pass(struct kiosk *k, unsigned hours) {
    for (unsigned h = 0; h < hours; h++) {
        sim_device_advance(&k->device, 3600 * 1000);
        if (sotto_tick(k->engine) != SOTTO_OK) fail_msg("%s", sotto_last_error(k->engine));
    }
}

static void an_item_that_was_seen_does_not_come_back_in_this_visit_or_the_next(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item first[5], second[5], third[5];
    kiosk_make(&k, ITEMS, &hiding, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    kiosk_record(&k, s, 40, SOTTO_EVENT_SELECT);

    assert_int_equal(kiosk_slate(&k, s, first, 5, NULL).personalised, 1);
    assert_int_equal(kiosk_slate(&k, s, second, 5, NULL).personalised, 1);
    for (int i = 0; i < 5; i++) assert_false(holds(second, 5, first[i].id));
    /* The items' ids are the engine's, and go with it. */
    char ids[10][SOTTO_ITEM_ID_MAX + 1];
    for (int i = 0; i < 10; i++)
        snprintf(ids[i], sizeof ids[i], "%s", i < 5 ? first[i].id : second[i - 5].id);
    for (int i = 0; i < 5; i++) first[i].id = ids[i], second[i].id = ids[i + 5];
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(kiosk_slate(&k, s, third, 5, NULL).personalised, 1);
    for (int i = 0; i < 5; i++) {
        assert_false(holds(third, 5, first[i].id));
        assert_false(holds(third, 5, second[i].id));
    }
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    pass(&k, 49);
    s = kiosk_session(&k, "anna", 0);
    struct sotto_item later[5];
    assert_int_equal(kiosk_slate(&k, s, later, 5, NULL).personalised, 1);
    for (int i = 0; i < 5; i++) assert_string_equal(later[i].id, first[i].id);
    kiosk_free(&k);
}

static void others_and_general_slates_see_none_of_it(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item before[5], mine[5], after[5];
    kiosk_make(&k, ITEMS, &hiding, 0);
    kiosk_open(&k);
    sotto_session guest = kiosk_session(&k, NULL, 0);
    kiosk_slate(&k, guest, before, 5, NULL);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    kiosk_record(&k, s, 40, SOTTO_EVENT_SELECT);
    for (int i = 0; i < 6; i++) kiosk_slate(&k, s, mine, 5, NULL);

    kiosk_slate(&k, guest, after, 5, NULL);

    for (int i = 0; i < 5; i++) assert_string_equal(before[i].id, after[i].id);
    const struct sotto_slate_request request = {.size = sizeof request, .count = 5, .general = 1};
    struct sotto_slate_view view = {.size = sizeof view};
    sotto_slate slate;
    assert_int_equal(sotto_slate_request(k.engine, s, &request, &slate), SOTTO_OK);
    assert_int_equal(sotto_slate_open(k.engine, slate, &view, after, 5), SOTTO_OK);
    for (int i = 0; i < 5; i++) assert_string_equal(before[i].id, after[i].id);
    kiosk_free(&k);
}

static void a_no_to_personalising_destroys_it_and_nothing_is_stored_before_consent(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    kiosk_make(&k, ITEMS, &hiding, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", PERSONALISE);
    kiosk_record(&k, s, 40, SOTTO_EVENT_SELECT);
    kiosk_slate(&k, s, items, 5, NULL);
    pass(&k, 0);
    struct vault_key key = {VAULT_SHOWN, 0, 0};
    assert_int_equal(vault_next(k.engine->vault, &key, 1, NULL), SOTTO_E_NOT_FOUND);
    assert_int_equal(sotto_consent_set(k.engine, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED),
                     SOTTO_OK);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    key = (struct vault_key){VAULT_SHOWN, 0, 0};
    assert_int_equal(vault_next(k.engine->vault, &key, 1, NULL), SOTTO_OK);

    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(
        sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN),
        SOTTO_OK);

    key = (struct vault_key){VAULT_SHOWN, 0, 0};
    assert_int_equal(vault_next(k.engine->vault, &key, 1, NULL), SOTTO_E_NOT_FOUND);
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++)
        assert_int_equal(k.engine->secrets->visits[i].seen.n_items, 0);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    assert_int_equal(vault_next(k.engine->vault, &key, 1, NULL), SOTTO_E_NOT_FOUND);
    kiosk_free(&k);
}

/* Nobody has to return for it: two days after the day it was shown on. */
static void what_was_shown_goes_by_itself_once_it_counts_no_more(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[5];
    kiosk_make(&k, ITEMS, &hiding, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    kiosk_record(&k, s, 40, SOTTO_EVENT_SELECT);
    kiosk_slate(&k, s, items, 5, NULL);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    pass(&k, 70);
    struct vault_key key = {VAULT_SHOWN, 0, 0};
    assert_int_equal(vault_next(k.engine->vault, &key, 1, NULL), SOTTO_OK);

    pass(&k, 20);

    key = (struct vault_key){VAULT_SHOWN, 0, 0};
    assert_int_equal(vault_next(k.engine->vault, &key, 1, NULL), SOTTO_E_NOT_FOUND);
    key = (struct vault_key){VAULT_EVENTS, 0, 0};
    assert_int_equal(vault_next(k.engine->vault, &key, 1, NULL), SOTTO_OK); /* the rest stays */
    kiosk_free(&k);
}

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_passed_over_is_hidden_for_its_time_and_one_acted_on_is_not),
        cmocka_unit_test(caps_count_a_day_and_begin_anew_with_the_next),
        cmocka_unit_test(nothing_is_counted_that_the_policy_has_no_use_for),
        cmocka_unit_test(a_record_brings_back_what_it_was_made_of),
        cmocka_unit_test(example_in_format_md_is_a_record),
        cmocka_unit_test(damaged_records_add_nothing),
        cmocka_unit_test(full_tables_forget_the_oldest_item_and_refuse_a_payer_they_cannot_count),
        cmocka_unit_test(an_item_that_was_seen_does_not_come_back_in_this_visit_or_the_next),
        cmocka_unit_test(others_and_general_slates_see_none_of_it),
        cmocka_unit_test(a_no_to_personalising_destroys_it_and_nothing_is_stored_before_consent),
        cmocka_unit_test(what_was_shown_goes_by_itself_once_it_counts_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
