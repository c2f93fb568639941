/* A new model counts items and groups anew: whatever was done, blocked, shown or measured under the
 * numbers of the old one stays with the item it was done to. A defect known from other systems: a
 * feature mapped to the wrong interest. */
#include "tests/support/test.h"

#include "engine.h"
#include "tests/support/kiosk.h"

#define STORE       (1u << SOTTO_PURPOSE_STORE)
#define PERSONALISE (1u << SOTTO_PURPOSE_PERSONALISE)
#define MEASURE     (1u << SOTTO_PURPOSE_MEASURE)

enum { FIRST = 20, ITEMS = 40, GROUPS = 8, SHOWN = 10 };

static const struct make_policy usual = {.no_ack = 1, .n_cells = GROUPS + 1};

static void ok(struct kiosk *k, int status) {
    if (status != SOTTO_OK) fail_msg("%d: %s", status, sotto_last_error(k->engine));
}

static unsigned number(const char *id) { return (unsigned)strtoul(id + 5, NULL, 10); }

static void group_name(char name[16], unsigned item) {
    snprintf(name, 16, "group-%u", item % GROUPS);
}

/* What anna does: item-3 goes with the old model, the others get another number. */
static const unsigned done[] = {50, 33, 3, 33};

static void do_it(struct kiosk *k, sotto_session s, int is_new) {
    for (size_t i = 0; i < ARRAY_LEN(done); i++)
        if (!is_new || done[i] >= FIRST) kiosk_record(k, s, done[i], SOTTO_EVENT_SELECT);
    ok(k, sotto_block(k->engine, s, SOTTO_BLOCK_ITEM, "item-40"));
    ok(k, sotto_block(k->engine, s, SOTTO_BLOCK_GROUP, "group-5"));
}

static sotto_session shopper(struct kiosk *k) {
    sotto_session s = kiosk_session(k, "anna", STORE | PERSONALISE);
    do_it(k, s, 0);
    return s;
}

/* A kiosk where anna was, with a model of items 20 to 59, the last one first, in groups that are
 * counted from the last one too. */
static void renumber(struct kiosk *k, sotto_session s) {
    ok(k, sotto_session_end(k->engine, s));
    sotto_close(k->engine);
    kiosk_put_renumbered(k, FIRST, ITEMS, GROUPS, 2);
    kiosk_open(k);
    for (unsigned i = FIRST; i < FIRST + ITEMS; i++) {
        char id[16], group[16];
        uint32_t item;
        snprintf(id, sizeof id, "item-%u", i);
        group_name(group, i);
        item = model_find(&k->engine->model, id);
        assert_int_equal(item, FIRST + ITEMS - 1 - i); /* not where it was */
        assert_string_equal(
            model_group_name(&k->engine->model, model_item_group(&k->engine->model, item)), group);
    }
}

/* ---- What was done -------------------------------------------------------------------------- */

struct told {
    unsigned events[64], interests[64], gone, tastes[GROUPS];
};

static int tell(void *ctx, const struct sotto_fact *f) {
    struct told *t = ctx;
    if (f->kind == SOTTO_FACT_EVENT && !f->text) t->gone++;
    if (f->kind == SOTTO_FACT_EVENT && f->text) {
        assert_int_equal(f->number, hash_item_id(f->text));
        t->events[number(f->text)]++;
    }
    if (f->kind == SOTTO_FACT_INTEREST) t->interests[number(f->text)]++;
    if (f->kind == SOTTO_FACT_TASTE) t->tastes[strtoul(f->text + 6, NULL, 10)]++;
    return 0;
}

static void a_feature_stays_with_its_interest_when_a_new_model_renumbers_all(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item hers[SHOWN], theirs[SHOWN];
    struct told told = {.gone = 0};
    kiosk_make(&k, FIRST + ITEMS, &usual, 0);
    kiosk_open(&k);
    renumber(&k, shopper(&k));

    sotto_session anna = kiosk_session(&k, "anna", 0);
    sotto_session other = kiosk_session(&k, NULL, PERSONALISE); /* who did it under the new model */
    do_it(&k, other, 1);

    ok(&k, sotto_export(k.engine, anna, tell, &told));
    for (unsigned i = 0; i < ARRAY_LEN(told.events); i++) {
        assert_int_equal(told.events[i], i == 33 ? 2 : i == 50);
        assert_int_equal(told.interests[i], i == 33 || i == 50);
    }
    assert_int_equal(told.gone, 1);
    for (unsigned g = 0; g < GROUPS; g++)
        assert_int_equal(told.tastes[g], g == 33 % GROUPS || g == 50 % GROUPS);
    struct sotto_slate_view a = kiosk_slate(&k, anna, hers, SHOWN, NULL);
    struct sotto_slate_view b = kiosk_slate(&k, other, theirs, SHOWN, NULL);
    assert_int_equal(a.personalised + b.personalised, 2);
    assert_int_equal(a.count, SHOWN);
    for (uint32_t i = 0; i < SHOWN; i++) {
        unsigned n = number(hers[i].id);
        assert_string_equal(hers[i].id, theirs[i].id);
        assert_int_equal(hers[i].score, theirs[i].score);
        assert_true(n != 33 && n != 50 && n != 40 && n % GROUPS != 5);
    }
    kiosk_free(&k);
}

static void reasons_name_the_item_that_something_was_done_with(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[SHOWN];
    sotto_slate slate;
    const struct sotto_slate_request request = {.size = sizeof request, .count = SHOWN};
    unsigned named = 0;
    kiosk_make(&k, FIRST + ITEMS, &usual, 0);
    kiosk_open(&k);
    renumber(&k, shopper(&k));
    sotto_session s = kiosk_session(&k, "anna", 0);
    ok(&k, sotto_slate_request(k.engine, s, &request, &slate));
    ok(&k, sotto_slate_present(k.engine, slate));
    ok(&k, sotto_slate_open(k.engine, slate, &view, items, SHOWN));

    for (uint32_t rank = 0; rank < view.count; rank++) {
        struct sotto_explanation x = {.size = sizeof x};
        struct sotto_reason reasons[8];
        char title[64];
        ok(&k, sotto_explain(k.engine, slate, rank, &x, reasons, ARRAY_LEN(reasons)));
        assert_true(x.count <= ARRAY_LEN(reasons));
        for (uint32_t i = 0; i < x.count; i++) {
            if (!reasons[i].item) continue;
            unsigned n = number(reasons[i].item);
            assert_true(n == 33 || n == 50);
            assert_int_equal(reasons[i].events, n == 33 ? 2 : 1);
            snprintf(title, sizeof title, "The remarkable thing no. %u", n);
            assert_string_equal(reasons[i].title, title);
            named++;
        }
        if (x.without) assert_true(number(x.without) == 33 || number(x.without) == 50);
    }
    assert_true(named > SHOWN / 2);
    kiosk_free(&k);
}

/* ---- What was shown, and what is measured ---------------------------------------------------- */

static void what_was_passed_over_is_hidden_under_its_new_number(void **state) {
    (void)state;
    const struct make_policy hiding = {.no_ack = 1, .more = {{POLICY_KEY_SEEN_HIDE_S, 86400}}};
    struct kiosk k;
    struct sotto_item items[SHOWN], all[ITEMS];
    unsigned passed[SHOWN], still = 0;
    kiosk_make(&k, FIRST + ITEMS, &hiding, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", STORE | PERSONALISE);
    kiosk_record(&k, s, 50, SOTTO_EVENT_SELECT);
    assert_int_equal(kiosk_slate(&k, s, items, SHOWN, NULL).personalised, 1);
    for (unsigned i = 0; i < SHOWN; i++) passed[i] = number(items[i].id);
    renumber(&k, s);

    s = kiosk_session(&k, "anna", 0);
    struct sotto_slate_view view = kiosk_slate(&k, s, all, ITEMS, NULL);

    assert_int_equal(view.personalised, 1);
    for (unsigned i = 0; i < SHOWN; i++) {
        still += passed[i] >= FIRST;
        for (uint32_t n = 0; n < view.count; n++)
            assert_int_not_equal(number(all[n].id), passed[i]);
    }
    assert_true(still > 0);
    assert_int_equal(view.count, ITEMS - still - 1); /* and nothing else is missing but item-50 */
    kiosk_free(&k);
}

static void an_event_counts_for_the_cell_of_its_own_group(void **state) {
    (void)state;
    struct kiosk k;
    kiosk_make(&k, FIRST + ITEMS, &usual, 0);
    kiosk_open(&k);
    renumber(&k, shopper(&k));
    for (unsigned i = FIRST; i < FIRST + GROUPS; i++) {
        const struct dp_visit *tally = NULL;
        char group[16];
        sotto_session s = kiosk_session(&k, NULL, MEASURE);
        kiosk_record(&k, s, i, SOTTO_EVENT_SELECT);
        for (int v = 0; v < SOTTO_SESSIONS_MAX; v++)
            if (k.engine->secrets->visits[v].handle == s)
                tally = &k.engine->secrets->visits[v].tally;
        assert_non_null(tally);
        assert_int_equal(tally->metrics[0].n_kept, 1);
        group_name(group, i);
        assert_string_equal(sotto_metric_cell(k.engine, 1, tally->metrics[0].kept[0]), group);
        ok(&k, sotto_session_end(k.engine, s));
    }
    kiosk_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_feature_stays_with_its_interest_when_a_new_model_renumbers_all),
        cmocka_unit_test(reasons_name_the_item_that_something_was_done_with),
        cmocka_unit_test(what_was_passed_over_is_hidden_under_its_new_number),
        cmocka_unit_test(an_event_counts_for_the_cell_of_its_own_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
