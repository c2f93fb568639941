/* What can be said of a slate after it was opened, through the library: the flags of its items, its
 * reasons, the same slate once more, and how slates are made here at all. */
#include "tests/support/test.h"

#include "crypto/crypto.h"
#include "engine.h"
#include "tests/support/kiosk.h"

enum {
    PERSONALISE = 1 << SOTTO_PURPOSE_PERSONALISE,
    STORE = 1 << SOTTO_PURPOSE_STORE,
    ITEMS = 40,
    SHOWN = 10
};

/* Of 40 items every fourth is paid for, of the first ten 1 is for adults, 2 from 18 on, 3
 * sensitive, 4 from 12 on; 30 and 31 are picked by staff. */
static const struct make_fact *catalogue(void) {
    static struct make_fact facts[ITEMS];
    for (unsigned i = 0; i < ITEMS; i++) {
        memset(&facts[i], 0, sizeof facts[i]);
        facts[i].provider = i % 2 ? "Shop A" : "Shop B";
        if (i % 4 == 0) {
            facts[i].flags |= MODEL_PAID;
            facts[i].payer = i % 8 ? "Acme" : "Best";
        }
    }
    facts[1].flags |= MODEL_ADULT;
    facts[2].rating = 18;
    facts[3].sensitive = 1;
    facts[5].rating = 12;
    facts[6].flags |= MODEL_SYNTHETIC;
    facts[30].flags |= MODEL_STAFF;
    facts[31].flags |= MODEL_STAFF;
    return facts;
}

static void open_kiosk(struct kiosk *k, const struct make_policy *policy) {
    kiosk_make(k, ITEMS, policy, 0);
    kiosk_put_facts(k, ITEMS, catalogue(), 2);
    kiosk_open(k);
}

static unsigned number(const char *id) { return (unsigned)strtoul(id + 5, NULL, 10); }

/* Requests, presents, opens and leaves open. */
static sotto_slate slate_of(struct kiosk *k, sotto_session s, struct sotto_slate_view *view,
                            struct sotto_item *items, uint32_t count) {
    const struct sotto_slate_request request = {.size = sizeof request, .count = count};
    sotto_slate slate;
    memset(view, 0, sizeof *view);
    view->size = sizeof *view;
    assert_int_equal(sotto_slate_request(k->engine, s, &request, &slate), SOTTO_OK);
    assert_int_equal(sotto_slate_present(k->engine, slate), SOTTO_OK);
    assert_int_equal(sotto_slate_open(k->engine, slate, view, items, count), SOTTO_OK);
    return slate;
}

static sotto_session shopper(struct kiosk *k, const char *name) {
    sotto_session s = kiosk_session(k, name, PERSONALISE | (name ? STORE : 0));
    kiosk_record(k, s, 17, SOTTO_EVENT_SELECT);
    kiosk_record(k, s, 22, SOTTO_EVENT_VIEW);
    return s;
}

static const struct make_policy usual = {.no_ack = 1};

/* ---- Flags --------------------------------------------------------------------------------- */

static void assert_labelled(const struct sotto_item *item) {
    const struct make_fact *f = &catalogue()[number(item->id)];
    assert_int_equal(item->flags, f->flags);
    assert_int_equal(item->rating, f->rating);
    assert_string_equal(item->provider, f->provider);
    assert_string_equal(item->payer, f->payer ? f->payer : "");
    assert_int_equal(item->flags & SOTTO_ITEM_PAID ? 1 : 0, *item->payer ? 1 : 0);
}

static void every_item_carries_its_flags_and_a_paid_one_its_payer(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[64];
    struct sotto_slate_view view;
    unsigned paid = 0;
    open_kiosk(&k, &usual);
    sotto_session s = shopper(&k, NULL), guest = kiosk_session(&k, NULL, 0);
    sotto_session both[] = {s, guest};
    for (int i = 0; i < 2; i++) {
        slate_of(&k, both[i], &view, items, 64);
        assert_int_equal(view.personalised, i == 0);
        assert_true(view.count > 20);
        for (uint32_t n = 0; n < view.count; n++) {
            assert_labelled(&items[n]);
            paid += (items[n].flags & SOTTO_ITEM_PAID) != 0;
        }
    }
    assert_true(paid > 10);
    kiosk_free(&k);
}

static void callers_built_for_larger_items_get_them_where_they_look(void **state) {
    (void)state;
    struct {
        struct sotto_item item;
        uint64_t more;
    } items[SHOWN];
    struct sotto_item plain[SHOWN];
    struct sotto_slate_view view;
    struct kiosk k;
    open_kiosk(&k, &usual);
    sotto_session s = kiosk_session(&k, NULL, 0);
    slate_of(&k, s, &view, plain, SHOWN);
    const struct sotto_slate_request request = {.size = sizeof request, .count = SHOWN};
    sotto_slate slate;
    assert_int_equal(sotto_slate_request(k.engine, s, &request, &slate), SOTTO_OK);
    memset(items, 0xee, sizeof items);
    view = (struct sotto_slate_view){.size = sizeof view, .item_size = sizeof plain[0] - 1};
    assert_int_equal(sotto_slate_open(k.engine, slate, &view, &items[0].item, SHOWN),
                     SOTTO_E_ARGUMENT);
    view.item_size = sizeof items[0];

    assert_int_equal(sotto_slate_open(k.engine, slate, &view, &items[0].item, SHOWN), SOTTO_OK);

    for (int i = 0; i < SHOWN; i++) {
        assert_memory_equal(&items[i].item, &plain[i], sizeof plain[i]);
        assert_int_equal(items[i].more, 0);
    }
    kiosk_free(&k);
}

/* ---- Cold starts, age, paid, sensitive ------------------------------------------------------ */

static void a_cold_start_shows_nothing_for_adults_or_of_a_sensitive_kind(void **state) {
    (void)state;
    static const struct {
        enum policy_age age;
        int has_twelve, has_paid;
    } cases[] = {{AGE_ADULT, 1, 1}, {AGE_TEEN, 1, 1}, {AGE_CHILD, 0, 0}};
    for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
        const struct make_policy policy = {.no_ack = 1,
                                           .more = {{POLICY_KEY_AGE_UNKNOWN, cases[c].age}}};
        struct kiosk k;
        struct sotto_item items[64];
        struct sotto_slate_view view;
        int twelve = 0, paid = 0;
        open_kiosk(&k, &policy);
        slate_of(&k, kiosk_session(&k, NULL, 0), &view, items, 64);
        assert_true(view.count >= 20);
        for (uint32_t i = 0; i < view.count; i++) {
            unsigned n = number(items[i].id);
            assert_true(n != 1 && n != 2 && n != 3);
            twelve |= n == 5;
            paid |= (items[i].flags & SOTTO_ITEM_PAID) != 0;
        }
        assert_int_equal(twelve, cases[c].has_twelve);
        assert_int_equal(paid, cases[c].has_paid);
        kiosk_free(&k);
    }
}

static int shows(struct kiosk *k, sotto_session s, unsigned wanted, int32_t *score) {
    struct sotto_item items[64];
    struct sotto_slate_view view;
    sotto_slate_close(k->engine, slate_of(k, s, &view, items, 64));
    assert_int_equal(view.personalised, 1);
    for (uint32_t i = 0; i < view.count; i++)
        if (number(items[i].id) == wanted) {
            *score = items[i].score;
            return 1;
        }
    return 0;
}

static void grant(struct kiosk *k, sotto_session s, enum sotto_purpose purpose) {
    /* As the engine's consent records it. */
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++)
        if (k->engine->secrets->visits[i].handle == s) {
            struct person *p = &k->engine->secrets->visits[i].person;
            p->consent.word[purpose - 1] = p->consent.word[SOTTO_PURPOSE_PERSONALISE - 1];
        }
}

static void sensitive_and_paid_items_wait_for_consent_of_their_own(void **state) {
    (void)state;
    struct kiosk k;
    int32_t score = 0, profiled = 0;
    open_kiosk(&k, &usual);
    sotto_session s = shopper(&k, NULL);
    int32_t prior = k.engine->model.prior[8];

    assert_false(shows(&k, s, 3, &score));
    assert_true(shows(&k, s, 1, &score)); /* for adults, as this policy takes strangers for */
    assert_true(shows(&k, s, 8, &score));
    assert_int_equal(score, prior); /* paid, and not chosen by what the person did */
    grant(&k, s, SOTTO_PURPOSE_SENSITIVE);
    assert_true(shows(&k, s, 3, &score));
    grant(&k, s, SOTTO_PURPOSE_PAID);
    assert_true(shows(&k, s, 8, &profiled));
    assert_int_not_equal(profiled, prior);
    kiosk_free(&k);
}

static void a_policy_that_refuses_paid_items_shows_none_anywhere(void **state) {
    (void)state;
    const struct make_policy policy = {.no_ack = 1, .more = {{POLICY_KEY_ADS, ADS_REFUSE}}};
    struct kiosk k;
    struct sotto_item items[64];
    struct sotto_slate_view view;
    open_kiosk(&k, &policy);
    sotto_session both[] = {shopper(&k, NULL), kiosk_session(&k, NULL, 0)};
    for (int i = 0; i < 2; i++) {
        slate_of(&k, both[i], &view, items, 64);
        assert_true(view.count >= 20);
        for (uint32_t n = 0; n < view.count; n++) assert_false(items[n].flags & SOTTO_ITEM_PAID);
    }
    kiosk_free(&k);
}

static void one_payer_has_so_many_places_a_day_over_all_slates(void **state) {
    (void)state;
    const struct make_policy policy = {.no_ack = 1, .more = {{POLICY_KEY_CAP_SPONSOR, 3}}};
    struct kiosk k;
    struct sotto_item items[64];
    struct sotto_slate_view view;
    unsigned acme = 0;
    open_kiosk(&k, &policy);
    sotto_session s = shopper(&k, "anna");
    for (int visit = 0; visit < 3; visit++) {
        for (int i = 0; i < 3; i++) {
            sotto_slate_close(k.engine, slate_of(&k, s, &view, items, 20));
            assert_int_equal(view.personalised, 1);
            for (uint32_t n = 0; n < view.count; n++) acme += strcmp(items[n].payer, "Acme") == 0;
        }
        assert_int_equal(acme, 3);
        assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
        kiosk_restart(&k);
        s = kiosk_session(&k, "anna", 0);
    }
    kiosk_free(&k);
}

static void staff_picks_have_their_share_and_the_reasons_say_why_they_are_there(void **state) {
    (void)state;
    const struct make_policy policy = {.no_ack = 1, .more = {{POLICY_KEY_STAFF_PERCENT, 20}}};
    struct kiosk k;
    struct sotto_item items[5];
    struct sotto_slate_view view;
    struct sotto_explanation x = {.size = sizeof x};
    struct sotto_reason reasons[10];
    unsigned staff = 0;
    open_kiosk(&k, &policy);
    sotto_slate slate = slate_of(&k, kiosk_session(&k, NULL, 0), &view, items, 5);
    for (uint32_t i = 0; i < 5; i++) {
        if (!(items[i].flags & SOTTO_ITEM_STAFF)) continue;
        staff++;
        assert_int_equal(sotto_explain(k.engine, slate, i, &x, reasons, 10), SOTTO_OK);
        assert_int_equal(number(items[i].id), 30); /* the better one of the two */
        assert_int_equal(x.moved_by, SOTTO_MOVED_STAFF);
        assert_int_equal(x.rank, i);
        assert_int_equal(x.rank_scored, 27); /* of 40, but for three that are not for everyone */
        assert_int_equal(x.score, reasons[0].contribution); /* and its score is what it was */
        assert_int_equal(reasons[1].kind, SOTTO_REASON_STAFF);
        assert_int_equal(reasons[1].contribution, 0);
    }
    assert_int_equal(staff, 1);
    kiosk_free(&k);
}

/* ---- Reasons ------------------------------------------------------------------------------- */

static void an_explanation_says_what_it_is_made_of_and_what_would_be_without(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[SHOWN], other[64];
    struct sotto_slate_view view;
    struct sotto_reason reasons[SOTTO_HISTORY_MAX + 3];
    open_kiosk(&k, &usual);
    sotto_session s = kiosk_session(&k, NULL, PERSONALISE),
                  real = kiosk_session(&k, NULL, PERSONALISE);
    kiosk_record(&k, s, 17, SOTTO_EVENT_SELECT);
    kiosk_record(&k, real, 17, SOTTO_EVENT_SELECT);
    kiosk_record(&k, s, 22, SOTTO_EVENT_SELECT);
    sotto_slate slate = slate_of(&k, s, &view, items, SHOWN);
    unsigned checked = 0;
    for (uint32_t i = 0; i < view.count; i++) {
        struct sotto_explanation x = {.size = sizeof x};
        assert_int_equal(sotto_explain(k.engine, slate, i, &x, reasons, ARRAY_LEN(reasons)),
                         SOTTO_OK);
        assert_int_equal(x.decision, view.decision);
        assert_int_equal(x.model_version, 2);
        assert_int_equal(x.policy_version, 1);
        assert_memory_equal(x.catalogue, k.engine->model.catalogue, sizeof x.catalogue);
        assert_int_equal(x.rank, i);
        assert_int_equal(x.rank_scored, i);
        assert_int_equal(x.moved_by, 0);
        assert_string_equal(x.payer, items[i].payer);
        assert_int_equal(x.flags, items[i].flags);
        if (!x.without) {
            assert_int_equal(x.rank_without, SOTTO_RANK_NONE);
            assert_false(x.actions & SOTTO_ACTION_FORGET);
            continue;
        }
        assert_int_equal(x.actions, SOTTO_ACTION_LESS | SOTTO_ACTION_FORGET | SOTTO_ACTION_OFF);
        if (strcmp(x.without, "item-22") != 0) continue;
        /* The other session never had item 22. */
        struct sotto_slate_view there;
        sotto_slate_close(k.engine, slate_of(&k, real, &there, other, SHOWN));
        uint32_t at = 0;
        while (at < there.count && strcmp(other[at].id, items[i].id) != 0) at++;
        assert_int_equal(x.slate_rank_without, at < there.count ? at : SOTTO_RANK_NONE);
        sotto_slate_close(k.engine, slate_of(&k, real, &there, other, 64));
        at = 0;
        while (at < there.count && strcmp(other[at].id, items[i].id) != 0) at++;
        assert_int_equal(x.rank_without, at);
        checked++;
    }
    assert_true(checked >= 2);
    kiosk_free(&k);
}

static void reasons_tell_how_old_what_they_rest_on_is(void **state) {
    (void)state;
    const struct make_policy policy = {.no_ack = 1};
    struct kiosk k;
    struct sotto_item items[SHOWN];
    struct sotto_slate_view view;
    struct sotto_explanation x = {.size = sizeof x};
    open_kiosk(&k, &policy);
    sotto_session s = shopper(&k, "anna");
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    for (int h = 0; h < 5 * 24 + 1; h++) {
        sim_device_advance(&k.device, 3600 * 1000);
        assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
    }
    s = kiosk_session(&k, "anna", 0);
    kiosk_record(&k, s, 9, SOTTO_EVENT_VIEW);
    sotto_slate slate = slate_of(&k, s, &view, items, SHOWN);

    assert_int_equal(sotto_explain(k.engine, slate, 0, &x, NULL, 0), SOTTO_OK);

    assert_int_equal(x.data_days, 5);
    assert_int_equal(x.model_days, 0); /* the test's packs do not say when they were made */
    kiosk_free(&k);
}

/* ---- Decisions ----------------------------------------------------------------------------- */

static int replay(struct kiosk *k, uint64_t decision, struct sotto_slate_view *view,
                  struct sotto_item *items, uint32_t cap) {
    memset(view, 0, sizeof *view);
    memset(items, 0xab, cap * sizeof *items);
    view->size = sizeof *view;
    return sotto_decision_replay(k->engine, decision, view, items, cap);
}

static void a_decision_replays_to_the_byte_whatever_happened_since(void **state) {
    (void)state;
    const struct make_policy policy = {.no_ack = 1,
                                       .more = {{POLICY_KEY_SEEN_HIDE_S, 86400},
                                                {POLICY_KEY_CAP_SPONSOR, 4},
                                                {POLICY_KEY_STAFF_PERCENT, 10}}};
    struct kiosk k;
    struct sotto_item items[6][SHOWN], again[SHOWN];
    struct sotto_slate_view views[6], view;
    open_kiosk(&k, &policy);
    sotto_session s = shopper(&k, "anna");
    for (int i = 0; i < 6; i++) {
        struct sotto_slate_view *v = &views[i];
        memset(items[i], 0xab, sizeof items[i]);
        sotto_slate slate = slate_of(&k, s, v, items[i], SHOWN);
        assert_int_not_equal(v->decision, 0);
        assert_true(v->decision < 1ull << 53);
        for (int j = 0; j < i; j++) assert_int_not_equal(views[j].decision, v->decision);
        if (i % 2) sotto_slate_close(k.engine, slate);
        /* Stock, history and time go on. */
        assert_int_equal(sotto_stock_set(k.engine, items[i][0].id, 0), SOTTO_OK);
        kiosk_record(&k, s, number(items[i][2].id), SOTTO_EVENT_PURCHASE);
        sim_device_advance(&k.device, 61 * 1000);
    }
    for (int i = 0; i < 6; i++) {
        assert_int_equal(replay(&k, views[i].decision, &view, again, SHOWN), SOTTO_OK);
        assert_memory_equal(&view, &views[i], sizeof view);
        assert_memory_equal(again, items[i], sizeof again);
    }
    kiosk_free(&k);
}

static void general_decisions_replay_as_well(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[SHOWN], again[SHOWN];
    struct sotto_slate_view view, replayed;
    open_kiosk(&k, &usual);
    sotto_session s = kiosk_session(&k, NULL, 0);
    memset(items, 0xab, sizeof items);
    sotto_slate_close(k.engine, slate_of(&k, s, &view, items, SHOWN));
    for (int i = 0; i < 5; i++)
        assert_int_equal(sotto_stock_set(k.engine, items[i].id, 0), SOTTO_OK);

    assert_int_equal(replay(&k, view.decision, &replayed, again, SHOWN), SOTTO_OK);

    assert_memory_equal(&view, &replayed, sizeof view);
    assert_memory_equal(items, again, sizeof again);
    kiosk_free(&k);
}

static void decisions_end_with_the_history_behind_them_and_with_their_session(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[SHOWN];
    struct sotto_slate_view view, v;
    open_kiosk(&k, &usual);
    sotto_session s = shopper(&k, NULL), other = shopper(&k, "bob");
    sotto_slate_close(k.engine, slate_of(&k, s, &view, items, SHOWN));
    uint64_t closed = view.decision;
    slate_of(&k, s, &view, items, SHOWN);
    uint64_t open = view.decision;
    slate_of(&k, other, &view, items, SHOWN);
    uint64_t bobs = view.decision;
    assert_int_equal(replay(&k, closed, &v, items, SHOWN), SOTTO_OK);
    assert_int_equal(replay(&k, 0, &v, items, SHOWN), SOTTO_E_NOT_FOUND);
    assert_int_equal(replay(&k, open + (1u << 20), &v, items, SHOWN), SOTTO_E_NOT_FOUND);

    assert_int_equal(
        sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN),
        SOTTO_OK);
    assert_int_equal(replay(&k, closed, &v, items, SHOWN), SOTTO_E_STATE);
    assert_int_equal(replay(&k, open, &v, items, SHOWN), SOTTO_E_STATE);
    assert_int_equal(replay(&k, bobs, &v, items, SHOWN), SOTTO_OK);
    for (int i = 0; i < SLATES_KEPT; i++) {
        static const uint8_t nothing[64];
        const struct slate *kept = &k.engine->secrets->slates[i];
        if (kept->session != s) continue;
        assert_int_equal(kept->n_inputs + kept->n_hits, 0);
        assert_memory_equal(&kept->inputs, nothing, sizeof nothing);
        assert_memory_equal(&kept->hits, nothing, sizeof nothing);
    }
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    assert_int_equal(replay(&k, open, &v, items, SHOWN), SOTTO_E_NOT_FOUND);
    assert_int_equal(replay(&k, bobs, &v, items, SHOWN), SOTTO_OK);
    sim_device_advance(&k.device, 121 * 1000); /* idle */
    assert_int_equal(replay(&k, bobs, &v, items, SHOWN), SOTTO_E_NOT_FOUND);
    kiosk_free(&k);
}

static void so_many_decisions_are_kept_as_promised(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[SHOWN];
    struct sotto_slate_view view, v;
    uint64_t decisions[30];
    open_kiosk(&k, &usual);
    sotto_session s = kiosk_session(&k, NULL, 0);
    sotto_slate alive[SOTTO_SLATES_MAX - 1];
    for (unsigned i = 0; i < ARRAY_LEN(alive); i++) alive[i] = slate_of(&k, s, &view, items, SHOWN);
    for (unsigned i = 0; i < 30; i++) {
        sotto_slate_close(k.engine, slate_of(&k, s, &view, items, SHOWN));
        decisions[i] = view.decision;
        sim_device_advance(&k.device, 1000);
    }
    for (unsigned i = 30 - SOTTO_DECISIONS_KEPT; i < 30; i++)
        assert_int_equal(replay(&k, decisions[i], &v, items, SHOWN), SOTTO_OK);
    assert_int_equal(replay(&k, decisions[0], &v, items, SHOWN), SOTTO_E_NOT_FOUND);
    /* And they take no place from slates that are alive. */
    slate_of(&k, s, &view, items, SHOWN);
    sotto_slate more;
    const struct sotto_slate_request request = {.size = sizeof request};
    assert_int_equal(sotto_slate_request(k.engine, s, &request, &more), SOTTO_E_LIMIT);
    struct sotto_explanation x = {.size = sizeof x};
    for (unsigned i = 0; i < ARRAY_LEN(alive); i++)
        assert_int_equal(sotto_explain(k.engine, alive[i], 0, &x, NULL, 0), SOTTO_OK);
    kiosk_free(&k);
}

/* ---- The system as a whole ------------------------------------------------------------------ */

static void the_system_is_described_by_parameters_that_add_up(void **state) {
    (void)state;
    const struct make_policy policy = {.no_ack = 1,
                                       .more = {{POLICY_KEY_STAFF_PERCENT, 20},
                                                {POLICY_KEY_SEEN_HIDE_S, 3600},
                                                {POLICY_KEY_CAP_ITEM, 3},
                                                {POLICY_KEY_CAP_SPONSOR, 2}}};
    struct kiosk k;
    struct sotto_description d = {.size = sizeof d};
    uint32_t sum = 0, kinds = 0;
    open_kiosk(&k, &policy);

    assert_int_equal(sotto_describe(k.engine, &d), SOTTO_OK);

    assert_true(d.count >= 2 && d.count <= SOTTO_PARAMETERS_MAX);
    for (uint32_t i = 0; i < d.count; i++) {
        sum += d.parameters[i].permille;
        kinds |= 1u << d.parameters[i].kind;
        assert_true(strlen(d.parameters[i].label) > 10);
        assert_true(d.parameters[i].permille > 0);
    }
    assert_int_equal(sum, 1000);
    assert_true(kinds >> SOTTO_REASON_ACTIVITY & 1);
    assert_false(kinds >> SOTTO_REASON_KIND & 1); /* no item is new */
    assert_int_equal(d.event_permille[SOTTO_EVENT_VIEW], 1000);
    assert_int_equal(d.half_places, 1); /* 1, 1/2, 1/3 … */
    assert_int_equal(d.half_days, UINT32_MAX);
    assert_int_equal(d.staff_percent, 20);
    assert_int_equal(d.paid, 1);
    assert_int_equal(d.seen_hide_s, 3600);
    assert_int_equal(d.item_day, 3);
    assert_int_equal(d.sponsor_day, 2);
    assert_int_equal(d.model_version, 2);
    assert_int_equal(d.policy_version, 1);
    assert_int_equal(d.must_explain, 1);
    d.size--;
    assert_int_equal(sotto_describe(k.engine, &d), SOTTO_E_ARGUMENT);
    kiosk_free(&k);
    const struct make_policy on_request = {.more = {{POLICY_KEY_MUST_EXPLAIN, 0}}};
    open_kiosk(&k, &on_request);
    d.size = sizeof d;
    assert_int_equal(sotto_describe(k.engine, &d), SOTTO_OK);
    assert_int_equal(d.must_explain, 0);
    kiosk_free(&k);
}

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_carries_its_flags_and_a_paid_one_its_payer),
        cmocka_unit_test(callers_built_for_larger_items_get_them_where_they_look),
        cmocka_unit_test(a_cold_start_shows_nothing_for_adults_or_of_a_sensitive_kind),
        cmocka_unit_test(sensitive_and_paid_items_wait_for_consent_of_their_own),
        cmocka_unit_test(a_policy_that_refuses_paid_items_shows_none_anywhere),
        cmocka_unit_test(one_payer_has_so_many_places_a_day_over_all_slates),
        cmocka_unit_test(staff_picks_have_their_share_and_the_reasons_say_why_they_are_there),
        cmocka_unit_test(an_explanation_says_what_it_is_made_of_and_what_would_be_without),
        cmocka_unit_test(reasons_tell_how_old_what_they_rest_on_is),
        cmocka_unit_test(a_decision_replays_to_the_byte_whatever_happened_since),
        cmocka_unit_test(general_decisions_replay_as_well),
        cmocka_unit_test(decisions_end_with_the_history_behind_them_and_with_their_session),
        cmocka_unit_test(so_many_decisions_are_kept_as_promised),
        cmocka_unit_test(the_system_is_described_by_parameters_that_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
