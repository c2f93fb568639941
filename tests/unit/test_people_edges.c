/* Where a person's word meets something else: a child that takes over, a signal, a pause where
 * nothing was said, two slates at once, an age between two bands, storage that only reads, an
 * export while all slates are alive, hooks that call back. */
#include "tests/support/test.h"

#include "engine.h"
#include "sotto_audit.h"
#include "tests/support/kiosk.h"
#include "tests/support/newer_vault.h"
#include "vault/inside.h"

#define STORE       (1u << SOTTO_PURPOSE_STORE)
#define PERSONALISE (1u << SOTTO_PURPOSE_PERSONALISE)
#define MEASURE     (1u << SOTTO_PURPOSE_MEASURE)

enum { ITEMS = 60, SHOWN = 5, HIDE_S = 2 * 86400 };

static const struct make_policy usual = {.version = 1, .no_ack = 1};
static const struct make_policy opt_out = {
    .version = 1,
    .no_ack = 1,
    .more = {{POLICY_KEY_PERSONALISE, POLICY_NOTICE}, {POLICY_KEY_PAID, POLICY_NOTICE}}};
static const struct make_policy hiding = {
    .version = 1, .no_ack = 1, .more = {{POLICY_KEY_SEEN_HIDE_S, HIDE_S}}};

static void make(struct kiosk *k, const struct make_policy *policy) {
    kiosk_make(k, ITEMS, policy, 0);
    kiosk_open(k);
}

static void ok(struct kiosk *k, int status) {
    if (status != SOTTO_OK) fail_msg("%d: %s", status, sotto_last_error(k->engine));
}

static void say(struct kiosk *k, sotto_session s, enum sotto_purpose purpose,
                enum sotto_consent word) {
    ok(k, sotto_consent_set(k->engine, s, purpose, word));
}

static sotto_session anna(struct kiosk *k) {
    sotto_session s = kiosk_session(k, "anna", STORE | PERSONALISE);
    kiosk_record(k, s, 40, SOTTO_EVENT_SELECT);
    return s;
}

static struct visit *visit_of(struct kiosk *k, sotto_session s) {
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++)
        if (k->engine->secrets->visits[i].handle == s) return &k->engine->secrets->visits[i];
    fail_msg("no such session");
    return NULL;
}

static struct sotto_slate_view look(struct kiosk *k, sotto_session s, struct sotto_item *items) {
    return kiosk_slate(k, s, items, SHOWN, NULL);
}

static int is_personal(struct kiosk *k, sotto_session s) {
    struct sotto_item items[SHOWN];
    return (int)look(k, s, items).personalised;
}

static unsigned common(const struct sotto_item *a, const struct sotto_item *b) {
    unsigned n = 0;
    for (int i = 0; i < SHOWN; i++)
        for (int j = 0; j < SHOWN; j++) n += strcmp(a[i].id, b[j].id) == 0;
    return n;
}

static sotto_slate request(struct kiosk *k, sotto_session s) {
    const struct sotto_slate_request wanted = {.size = sizeof wanted, .count = SHOWN};
    sotto_slate slate;
    ok(k, sotto_slate_request(k->engine, s, &wanted, &slate));
    return slate;
}

static struct sotto_slate_view open(struct kiosk *k, sotto_slate slate, struct sotto_item *items) {
    struct sotto_slate_view view = {.size = sizeof view};
    ok(k, sotto_slate_open(k->engine, slate, &view, items, SHOWN));
    return view;
}

/* ---- A child, a no, a signal ----------------------------------------------------------------- */

static void what_an_adult_saw_is_not_missing_for_whoever_comes_after_the_child(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item hers[SHOWN], theirs[SHOWN];
    make(&k, &hiding);
    sotto_session s = anna(&k);
    assert_int_equal(look(&k, s, hers).personalised, 1);
    ok(&k, sotto_session_age(k.engine, s, 8));
    assert_int_equal(visit_of(&k, s)->seen.n_items, 0);
    ok(&k, sotto_session_age(k.engine, s, 40));
    say(&k, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED);
    kiosk_record(&k, s, 40, SOTTO_EVENT_SELECT);

    assert_int_equal(look(&k, s, theirs).personalised, 1);

    assert_int_equal(common(hers, theirs), SHOWN);
    kiosk_free(&k);
}

static unsigned kept(struct kiosk *k, sotto_session s) { return visit_of(k, s)->person.history.n; }

static void what_is_done_after_a_no_is_nobodys_to_use_after_a_later_yes(void **state) {
    (void)state;
    static const enum sotto_consent noes[] = {SOTTO_CONSENT_DENIED, SOTTO_CONSENT_WITHDRAWN,
                                              SOTTO_CONSENT_OBJECTED};
    for (size_t i = 0; i < ARRAY_LEN(noes); i++) {
        struct kiosk k;
        make(&k, &usual);
        sotto_session s = kiosk_session(&k, "anna", STORE);
        kiosk_record(&k, s, 1, SOTTO_EVENT_SELECT);
        assert_int_equal(kept(&k, s), 1); /* it may yet be a yes */
        say(&k, s, SOTTO_PURPOSE_PERSONALISE, noes[i]);
        say(&k, s, SOTTO_PURPOSE_MEASURE, noes[i]);
        kiosk_record(&k, s, 2, SOTTO_EVENT_SELECT);
        assert_int_equal(kept(&k, s), 0);
        assert_int_equal(visit_of(&k, s)->tally.metrics[0].n_kept, 0);
        assert_int_equal(sotto_interest(k.engine, s, "item-3", 1), SOTTO_E_CONSENT);

        say(&k, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED);

        assert_int_equal(kept(&k, s), 0);
        kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
        assert_int_equal(kept(&k, s), 1);
        kiosk_free(&k);
    }
}

static void what_is_done_under_a_signal_is_not_kept_for_the_day_it_does_not_come(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &usual);
    sotto_session s = anna(&k);
    ok(&k, sotto_signal_set(k.engine, s, SOTTO_SIGNAL_LMT));
    kiosk_record(&k, s, 41, SOTTO_EVENT_SELECT);
    ok(&k, sotto_session_end(k.engine, s));
    kiosk_restart(&k);

    s = kiosk_session(&k, "anna", 0);

    assert_int_equal(kept(&k, s), 1);
    assert_int_equal(visit_of(&k, s)->person.history.events[0].item, 40);
    kiosk_free(&k);
}

/* Said while storage is away, with a signal that this policy has no ear for. */
static void a_yes_that_waits_is_stored_whatever_signal_follows_it(void **state) {
    (void)state;
    struct kiosk k;
    enum sotto_consent word;
    const struct make_policy deaf = {
        .version = 1, .no_ack = 1, .more = {{POLICY_KEY_SIGNAL_GPC, 0}}};
    make(&k, &deaf);
    ok(&k, sotto_session_end(k.engine, anna(&k)));
    kiosk_restart_without_storage(&k);
    sotto_session s = kiosk_session(&k, "anna", 0);
    say(&k, s, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_GRANTED);
    ok(&k, sotto_signal_set(k.engine, s, SOTTO_SIGNAL_GPC));
    kiosk_mend_storage(&k);
    ok(&k, sotto_session_end(k.engine, s));
    kiosk_restart(&k);

    s = kiosk_session(&k, "anna", 0);

    ok(&k, sotto_consent_get(k.engine, s, SOTTO_PURPOSE_MEASURE, &word));
    assert_int_equal(word, SOTTO_CONSENT_GRANTED);
    kiosk_free(&k);
}

/* ---- Pauses ---------------------------------------------------------------------------------- */

static void a_pause_holds_where_a_notice_would_have_stood_for_a_yes(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[SHOWN];
    make(&k, &opt_out);
    sotto_session s = kiosk_session(&k, NULL, 0);
    kiosk_record(&k, s, 40, SOTTO_EVENT_SELECT);
    sotto_slate sealed = request(&k, s);
    const unsigned counted = visit_of(&k, s)->tally.metrics[0].n_kept;
    ok(&k, sotto_pause(k.engine, s));
    kiosk_record(&k, s, 41, SOTTO_EVENT_SELECT);
    assert_int_equal(kept(&k, s), 1);
    assert_int_equal(visit_of(&k, s)->tally.metrics[0].n_kept, counted);
    assert_int_equal(sotto_interest(k.engine, s, "item-42", 1), SOTTO_E_CONSENT);
    (void)!sotto_slate_present(k.engine, sealed);
    assert_int_equal(open(&k, sealed, items).personalised, 0);
    assert_int_equal(is_personal(&k, s), 0);
    assert_int_equal(k.device.banners_asked, 0); /* nobody is bothered either */

    ok(&k, sotto_resume(k.engine, s));
    assert_int_equal(is_personal(&k, s), 1);

    ok(&k, sotto_pause(k.engine, s));
    assert_int_equal(is_personal(&k, s), 0);
    say(&k, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED); /* said anew */
    assert_int_equal(is_personal(&k, s), 1);
    kiosk_free(&k);
}

static enum sotto_consent word_on(struct kiosk *k, sotto_session s, enum sotto_purpose purpose) {
    enum sotto_consent word;
    ok(k, sotto_consent_get(k->engine, s, purpose, &word));
    return word;
}

/* One purpose that is said anew brings no other with its banner. */
static void a_pause_of_one_purpose_outlives_the_notice_of_another(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &opt_out);
    sotto_session s = kiosk_session(&k, NULL, 0);
    kiosk_record(&k, s, 40, SOTTO_EVENT_SELECT);
    ok(&k, sotto_pause(k.engine, s));
    say(&k, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED);

    assert_int_equal(is_personal(&k, s), 1);

    assert_int_equal(word_on(&k, s, SOTTO_PURPOSE_PAID), SOTTO_CONSENT_PAUSED);
    ok(&k, sotto_resume(k.engine, s));
    assert_int_equal(word_on(&k, s, SOTTO_PURPOSE_PAID), SOTTO_CONSENT_UNKNOWN);
    kiosk_free(&k);
}

static void a_pause_that_storage_never_heard_of_is_told(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &usual);
    ok(&k, sotto_session_end(k.engine, anna(&k)));
    kiosk_restart_without_storage(&k);
    sotto_session s = kiosk_session(&k, "anna", 0);
    ok(&k, sotto_pause(k.engine, s));

    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_E_IO);

    assert_non_null(strstr(sotto_last_error(k.engine), "a pause held for this visit alone"));
    kiosk_free(&k);
}

/* Nobody could be looked up when they paused; the yes that comes back with storage rests too. */
static void a_pause_without_storage_holds_for_the_yes_that_was_stored(void **state) {
    (void)state;
    struct kiosk k;
    make(&k, &usual);
    ok(&k, sotto_session_end(k.engine, anna(&k)));
    kiosk_restart_without_storage(&k);
    sotto_session s = kiosk_session(&k, "anna", 0);
    ok(&k, sotto_pause(k.engine, s));
    kiosk_mend_storage(&k);

    assert_int_equal(kept(&k, s), 1); /* she is known again */
    assert_int_equal(word_on(&k, s, SOTTO_PURPOSE_PERSONALISE), SOTTO_CONSENT_PAUSED);
    assert_int_equal(is_personal(&k, s), 0);
    kiosk_record(&k, s, 41, SOTTO_EVENT_SELECT);
    assert_int_equal(kept(&k, s), 1);

    ok(&k, sotto_session_end(k.engine, s));
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(is_personal(&k, s), 0); /* on another day, too */
    ok(&k, sotto_resume(k.engine, s));
    assert_int_equal(is_personal(&k, s), 1);
    kiosk_free(&k);
}

static void a_new_notice_does_not_end_a_pause(void **state) {
    (void)state;
    struct kiosk k;
    struct make_policy renewed = opt_out;
    make(&k, &opt_out);
    sotto_session s = kiosk_session(&k, "anna", STORE);
    kiosk_record(&k, s, 40, SOTTO_EVENT_SELECT);
    assert_int_equal(is_personal(&k, s), 1);
    ok(&k, sotto_pause(k.engine, s));
    ok(&k, sotto_session_end(k.engine, s));
    renewed.version = 2;
    renewed.notice_version = 9;
    kiosk_put_policy(&k, &renewed);
    kiosk_restart(&k);

    s = kiosk_session(&k, "anna", 0);
    say(&k, s, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED);
    kiosk_record(&k, s, 41, SOTTO_EVENT_SELECT);

    assert_int_equal(is_personal(&k, s), 0);
    assert_int_equal(kept(&k, s), 0);
    kiosk_free(&k);
}

/* ---- Two slates at once ---------------------------------------------------------------------- */

static void nothing_comes_twice_in_slates_that_were_sealed_side_by_side(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item first[SHOWN], second[SHOWN], again[SHOWN];
    struct sotto_slate_view view = {.size = sizeof view};
    make(&k, &hiding);
    sotto_session s = anna(&k);
    sotto_slate a = request(&k, s), b = request(&k, s);
    ok(&k, sotto_slate_present(k.engine, a));
    ok(&k, sotto_slate_present(k.engine, b));
    assert_int_equal(open(&k, a, first).personalised, 1);

    struct sotto_slate_view opened = open(&k, b, second);

    assert_int_equal(opened.personalised, 1);
    assert_int_equal(common(first, second), 0);
    /* What it became is what it stays. */
    memset(again, 0, sizeof again);
    ok(&k, sotto_decision_replay(k.engine, opened.decision, &view, again, SHOWN));
    for (int i = 0; i < SHOWN; i++) assert_string_equal(again[i].id, second[i].id);
    kiosk_free(&k);
}

static void a_personal_slate_leaves_out_what_was_blocked_since_it_was_sealed(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item before[SHOWN], after[SHOWN];
    make(&k, &usual);
    sotto_session s = anna(&k);
    assert_int_equal(look(&k, s, before).personalised, 1);
    sotto_slate slate = request(&k, s);
    ok(&k, sotto_slate_present(k.engine, slate));
    ok(&k, sotto_block(k.engine, s, SOTTO_BLOCK_ITEM, before[0].id));

    assert_int_equal(open(&k, slate, after).personalised, 1);

    for (int i = 0; i < SHOWN; i++) assert_string_not_equal(after[i].id, before[0].id);
    assert_string_equal(after[0].id, before[1].id);
    kiosk_free(&k);
}

/* Each of 150 items is paid for by somebody else, and a day's counts are full. */
static void more_payers_than_can_be_counted_leave_what_is_not_paid_for(void **state) {
    (void)state;
    enum { PAID = 150, ALL = 180, COUNT = 20 };
    static struct make_fact facts[ALL];
    static char payers[PAID][16];
    const struct make_policy capped = {
        .version = 1, .no_ack = 1, .more = {{POLICY_KEY_CAP_SPONSOR, 8}}};
    struct kiosk k;
    struct sotto_item items[COUNT];
    for (unsigned i = 0; i < PAID; i++) {
        snprintf(payers[i], sizeof payers[i], "payer-%u", i);
        facts[i] = (struct make_fact){.flags = MODEL_PAID, .payer = payers[i]};
    }
    kiosk_make(&k, ALL, &capped, 0);
    kiosk_put_facts(&k, ALL, facts, 2);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    say(&k, s, SOTTO_PURPOSE_PAID, SOTTO_CONSENT_GRANTED);
    kiosk_record(&k, s, PAID, SOTTO_EVENT_SELECT);
    struct visit *v = visit_of(&k, s);
    for (uint32_t i = 0; i < SEEN_COUNTS_MAX; i++)
        for (int times = 0; times < 8; times++)
            seen_show(&v->seen, &k.engine->model, k.engine->rules, i, k.engine->clock.late_s);
    assert_int_equal(v->seen.n_counts, SEEN_COUNTS_MAX);

    struct sotto_slate_view view = kiosk_slate(&k, s, items, COUNT, NULL);

    assert_int_equal(view.personalised, 1);
    assert_int_equal(view.count, COUNT);
    for (unsigned i = 0; i < COUNT; i++) assert_false(items[i].flags & SOTTO_ITEM_PAID);
    kiosk_free(&k);
}

/* ---- Ages between the bands of a policy and those of a catalogue ----------------------------- */

static void who_says_seventeen_gets_nothing_for_adults_whatever_a_policy_calls_them(void **state) {
    (void)state;
    static const uint32_t years[] = {16, 17, 18, 40};
    struct make_fact facts[ITEMS] = {{.flags = 0}};
    struct sotto_item items[64];
    for (unsigned i = 0; i < ITEMS; i += 3) facts[i].flags = MODEL_ADULT;
    for (unsigned i = 1; i < ITEMS; i += 3) facts[i].rating = 18;
    facts[2].rating = 17;
    for (size_t y = 0; y < ARRAY_LEN(years); y++)
        for (int early = 0; early < 2; early++) {
            struct kiosk k;
            unsigned adult = 0, seventeen = 0;
            kiosk_make(&k, ITEMS, &usual, 0); /* its adults begin at 16 */
            kiosk_put_facts(&k, ITEMS, facts, 2);
            kiosk_open(&k);
            sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
            kiosk_record(&k, s, 41, SOTTO_EVENT_SELECT);
            if (early) ok(&k, sotto_session_age(k.engine, s, years[y]));
            const struct sotto_slate_request all = {.size = sizeof all, .count = 60};
            struct sotto_slate_view view = {.size = sizeof view};
            sotto_slate slate;
            ok(&k, sotto_slate_request(k.engine, s, &all, &slate));
            ok(&k, sotto_slate_present(k.engine, slate));
            if (!early) ok(&k, sotto_session_age(k.engine, s, years[y])); /* told in between */
            ok(&k, sotto_slate_open(k.engine, slate, &view, items, 60));
            assert_int_equal(view.personalised, early);
            for (uint32_t i = 0; i < view.count; i++) {
                adult += (items[i].flags & SOTTO_ITEM_ADULT) || items[i].rating >= 18;
                seventeen += items[i].rating == 17;
            }
            assert_int_equal(adult > 0, early && years[y] >= 18);
            assert_int_equal(seventeen, years[y] >= 17);
            kiosk_free(&k);
        }
}

/* ---- Storage that only reads ----------------------------------------------------------------- */

static void what_was_seen_is_known_where_storage_can_only_be_read(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item before[SHOWN], after[SHOWN];
    char ids[SHOWN][SOTTO_ITEM_ID_MAX + 1];
    make(&k, &hiding);
    sotto_session s = anna(&k);
    assert_int_equal(look(&k, s, before).personalised, 1);
    for (int i = 0; i < SHOWN; i++) {
        snprintf(ids[i], sizeof ids[i], "%s", before[i].id);
        before[i].id = ids[i];
    }
    ok(&k, sotto_session_end(k.engine, s));
    sotto_close(k.engine);
    make_newer_vault(&k.device.port, META_FORMAT + 1, META_FORMAT, 8);
    kiosk_open(&k);

    s = kiosk_session(&k, "anna", 0);

    assert_int_equal(vault_state(k.engine->vault), SOTTO_STORAGE_READ_ONLY);
    assert_int_equal(look(&k, s, after).personalised, 1);
    assert_int_equal(common(before, after), 0);
    kiosk_free(&k);
}

/* How many items of the stored record of what was shown say that something was done with them. */
static unsigned taken(struct kiosk *k) {
    struct vault_key key = {VAULT_SHOWN, 0, 0};
    uint8_t bytes[SEEN_RECORD_BYTES];
    size_t n;
    unsigned count = 0;
    ok(k, vault_next(k->engine->vault, &key, 1, NULL));
    ok(k, vault_get(k->engine->vault, key, bytes, sizeof bytes, &n, NULL));
    for (unsigned i = 0; i < bytes[1]; i++) count += bytes[8 + 14 * i + 13];
    return count;
}

static void forgetting_an_item_takes_its_mark_from_what_was_shown(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[SHOWN];
    make(&k, &hiding);
    sotto_session s = anna(&k);
    look(&k, s, items);
    kiosk_record(&k, s, (unsigned)strtoul(items[1].id + 5, NULL, 10), SOTTO_EVENT_SELECT);
    sim_device_advance(&k.device, 61 * 1000);
    ok(&k, sotto_tick(k.engine));
    assert_int_equal(taken(&k), 1);

    ok(&k, sotto_forget(k.engine, s, items[1].id, 0, NULL));

    assert_int_equal(taken(&k), 0); /* at once, not with the next minute */
    kiosk_free(&k);
}

/* ---- Exports --------------------------------------------------------------------------------- */

struct told {
    unsigned shown, shown_stored, interests;
};
static int tell(void *ctx, const struct sotto_fact *f) {
    struct told *t = ctx;
    t->shown += f->kind == SOTTO_FACT_SHOWN;
    t->shown_stored += f->kind == SOTTO_FACT_SHOWN && f->is_stored;
    t->interests += f->kind == SOTTO_FACT_INTEREST;
    if (f->kind == SOTTO_FACT_SHOWN) assert_true(f->n > 0 && f->bytes);
    return 0;
}

static void an_export_costs_no_decision_and_needs_no_slate(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[SHOWN];
    struct told told = {.shown = 0};
    uint64_t decisions[SOTTO_DECISIONS_KEPT - 1];
    make(&k, &usual);
    sotto_session s = anna(&k);
    for (size_t i = 0; i < ARRAY_LEN(decisions); i++) decisions[i] = look(&k, s, items).decision;
    for (int i = 0; i < SOTTO_SLATES_MAX; i++) (void)request(&k, s); /* all there are */

    ok(&k, sotto_export(k.engine, s, tell, &told));

    assert_int_equal(told.interests, 1);
    for (size_t i = 0; i < ARRAY_LEN(decisions); i++) {
        struct sotto_slate_view view = {.size = sizeof view};
        ok(&k, sotto_decision_replay(k.engine, decisions[i], &view, items, SHOWN));
    }
    kiosk_free(&k);
}

static void what_was_shown_is_exported_before_it_is_stored(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[SHOWN];
    struct told guest = {.shown = 0}, hers = {.shown = 0}, later = {.shown = 0};
    make(&k, &hiding);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 40, SOTTO_EVENT_SELECT);
    ok(&k, sotto_export(k.engine, s, tell, &guest));
    assert_int_equal(guest.shown, 0);
    look(&k, s, items);
    ok(&k, sotto_export(k.engine, s, tell, &guest));
    assert_int_equal(guest.shown, 1);
    assert_int_equal(guest.shown_stored, 0);
    s = anna(&k);
    look(&k, s, items);
    ok(&k, sotto_export(k.engine, s, tell, &hers));
    assert_true(hers.shown > 0);
    ok(&k, sotto_session_end(k.engine, s));
    s = kiosk_session(&k, "anna", 0);
    ok(&k, sotto_export(k.engine, s, tell, &later));
    assert_int_equal(later.shown, 1);
    assert_int_equal(later.shown_stored, 1);
    kiosk_free(&k);
}

/* ---- Hooks that call back -------------------------------------------------------------------- */

static struct sotto *called;
static int status_of_call;

static int closes(void *ctx, const struct sotto_banner *banner,
                  struct sotto_banner_receipt *receipt) {
    (void)ctx, (void)banner, (void)receipt;
    sotto_close(called);
    return -1;
}

static int closes_too(void *ctx, const struct sotto_handoff *what) {
    (void)ctx, (void)what;
    sotto_close(called);
    return 0;
}

static int erases(void *ctx, const void *bytes, size_t n) {
    struct sotto_erase_receipt gone = {.size = sizeof gone};
    (void)ctx, (void)bytes, (void)n;
    status_of_call = sotto_erase(called, NULL, &gone);
    return 0;
}

static void a_hook_can_neither_close_the_engine_nor_change_what_it_is_told(void **state) {
    (void)state;
    struct kiosk k;
    uint64_t ticket;
    kiosk_make(&k, ITEMS, &usual, 0);
    k.device.port.banner_show = closes;
    k.device.port.handoff = closes_too;
    kiosk_open(&k);
    called = k.engine;
    sotto_session s = anna(&k);
    assert_int_equal(is_personal(&k, s), 0);
    ok(&k, sotto_handoff_request(k.engine, s, 1, 0, &ticket));
    ok(&k, sotto_audit_export(k.engine, erases, NULL));

    assert_int_equal(status_of_call, SOTTO_E_STATE);
    assert_int_equal(vault_profile_count(k.engine->vault), 1);
    ok(&k, sotto_session_end(k.engine, s));
    kiosk_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_adult_saw_is_not_missing_for_whoever_comes_after_the_child),
        cmocka_unit_test(what_is_done_after_a_no_is_nobodys_to_use_after_a_later_yes),
        cmocka_unit_test(what_is_done_under_a_signal_is_not_kept_for_the_day_it_does_not_come),
        cmocka_unit_test(a_yes_that_waits_is_stored_whatever_signal_follows_it),
        cmocka_unit_test(a_pause_holds_where_a_notice_would_have_stood_for_a_yes),
        cmocka_unit_test(a_pause_of_one_purpose_outlives_the_notice_of_another),
        cmocka_unit_test(a_pause_without_storage_holds_for_the_yes_that_was_stored),
        cmocka_unit_test(a_pause_that_storage_never_heard_of_is_told),
        cmocka_unit_test(a_new_notice_does_not_end_a_pause),
        cmocka_unit_test(nothing_comes_twice_in_slates_that_were_sealed_side_by_side),
        cmocka_unit_test(a_personal_slate_leaves_out_what_was_blocked_since_it_was_sealed),
        cmocka_unit_test(more_payers_than_can_be_counted_leave_what_is_not_paid_for),
        cmocka_unit_test(who_says_seventeen_gets_nothing_for_adults_whatever_a_policy_calls_them),
        cmocka_unit_test(what_was_seen_is_known_where_storage_can_only_be_read),
        cmocka_unit_test(forgetting_an_item_takes_its_mark_from_what_was_shown),
        cmocka_unit_test(an_export_costs_no_decision_and_needs_no_slate),
        cmocka_unit_test(what_was_shown_is_exported_before_it_is_stored),
        cmocka_unit_test(a_hook_can_neither_close_the_engine_nor_change_what_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
