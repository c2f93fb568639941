/* Who may see which item: the rules of a slate, its caps, staff picks and paid items, against a
 * plain statement of what they should do, on models with facts drawn at random. And what is said of
 * an item: that its reasons add up, and that what "would be" is what would be. */
#include "tests/support/test.h"

#include "slate/slate.h"
#include "tests/support/random_model.h"

enum { ITEMS = 120, BITS = 128 / 8, GROUPS = 5, ROUNDS = 150 };
#define NOW_S (400 * 86400)

static struct slate_workspace workspace(const uint8_t *barred) {
    static int32_t sums[ITEMS];
    static uint32_t touched[ITEMS + 256];
    static uint8_t seen[BITS];
    static struct score_input inputs[SOTTO_HISTORY_MAX];
    return (struct slate_workspace){{sums, touched}, seen, barred, inputs};
}

static void assert_clean(const struct slate_workspace *w) {
    for (unsigned i = 0; i < ITEMS; i++) assert_int_equal(w->score.sums[i], 0);
    for (unsigned i = 0; i < BITS; i++) assert_int_equal(w->seen[i], 0);
}

/* One drawn case: a model, a history, a policy, a person. */
struct draw {
    struct random_model r;
    struct history history;
    struct policy policy;
    struct slate_person person;
    struct seen seen;
    uint8_t barred[BITS];
    uint32_t count;
    int repeats;
};

static void draw(struct draw *c, struct dice *d) {
    static const char *const groups[] = {"group-0", "group-1", "group-2", "group-9"};
    memset(c, 0, sizeof *c);
    random_model_make(&c->r, d, ITEMS, 0);
    random_model_facts(&c->r, d, GROUPS);
    if (dice_below(d, 2)) random_model_to_varint(&c->r);
    policy_strict(&c->policy);
    c->policy.ads = dice_below(d, 4) ? ADS_LABEL : ADS_REFUSE;
    c->policy.child_below = 13;
    c->policy.staff_min_percent = dice_below(d, 51);
    c->policy.caps_sponsor_day = dice_below(d, 5);
    c->policy.caps_item_day = dice_below(d, 4);
    c->policy.seen_hide_s = dice_below(d, 2) ? 86400 : 0;
    c->policy.n_caps = dice_below(d, 4);
    for (uint32_t i = 0; i < c->policy.n_caps; i++) {
        c->policy.caps[i].group = groups[(i + (dice_below(d, 5) == 0)) % ARRAY_LEN(groups)];
        c->policy.caps[i].per_day = 1 + dice_below(d, 6);
    }
    static const uint8_t years[] = {0, 16, 17, 18, 40}; /* of whom the policy calls adults */
    c->person = (struct slate_person){(enum policy_age)dice_below(d, 3), dice_below(d, 2) != 0,
                                      dice_below(d, 2) != 0, &c->seen,
                                      years[dice_below(d, ARRAY_LEN(years))]};
    for (uint32_t i = dice_below(d, 40); i-- > 0;)
        seen_show(&c->seen, &c->r.model, &c->policy, dice_below(d, ITEMS),
                  NOW_S - (int64_t)dice_below(d, 3) * 40000);
    for (uint32_t i = dice_below(d, 60); i-- > 0;)
        history_add(&c->history, (struct history_event){.item = dice_below(d, ITEMS),
                                                        .time_s = NOW_S - i * 50000,
                                                        .type = (uint8_t)(1 + dice_below(d, 3))});
    for (unsigned i = 0; i < BITS; i++)
        c->barred[i] = (uint8_t)(dice_u64(d) & dice_u64(d) & dice_u64(d));
    seen_bar(&c->seen, &c->policy, NOW_S, c->barred);
    c->count = 1 + dice_below(d, 30);
    c->repeats = dice_below(d, 2) != 0;
}

static void rules_general(struct slate_rules *rules, const struct draw *c) {
    struct slate_person nobody = c->person;
    nobody.seen = NULL;
    slate_rules(rules, &c->r.model, &c->policy, &nobody, NOW_S);
}

/* ---- What should be, said plainly ---------------------------------------------------------- */

static int may_show(const struct draw *c, uint32_t item, int is_general) {
    const struct model_facts f = model_facts(&c->r.model, item);
    enum policy_age age = c->person.age;
    int is_minor = age == AGE_ADULT && c->person.years && c->person.years < 18;
    if (c->barred[item / 8] >> item % 8 & 1) return 0;
    if ((f.flags & MODEL_ADULT) && (is_general || age != AGE_ADULT || is_minor)) return 0;
    if (f.sensitive && (is_general || age != AGE_ADULT || !c->person.may_sensitive)) return 0;
    if ((f.flags & MODEL_PAID) && (c->policy.ads == ADS_REFUSE || age == AGE_CHILD)) return 0;
    if (age == AGE_CHILD) return f.rating == 0;
    if (age == AGE_TEEN) return f.rating <= 13;
    if (is_minor) return f.rating <= c->person.years;
    return !is_general || f.rating < 18;
}

static int32_t plain_score(const struct draw *c, const struct slate *s, uint32_t item) {
    const struct model *m = &c->r.model;
    int is_paid = (model_facts(m, item).flags & MODEL_PAID) != 0;
    int32_t score = m->prior[item];
    if (is_paid && !(c->person.age == AGE_ADULT && c->person.may_paid)) return score;
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        score += score_contribution(m, s->inputs[i].in, item);
        if (s->inputs[i].in.item == item) score += s->inputs[i].in.own;
    }
    return score;
}

static int is_in_history(const struct slate *s, uint32_t item) {
    for (uint32_t i = 0; i < s->n_inputs; i++)
        if (s->inputs[i].in.item == item) return 1;
    return 0;
}

static uint32_t left_of(const struct draw *c, enum seen_kind kind, const char *name, uint32_t cap,
                        int is_general) {
    uint32_t shown = 0;
    for (uint32_t i = 0; !is_general && c->seen.day == NOW_S / 86400 && i < c->seen.n_counts; i++)
        if (c->seen.counts[i].kind == kind && strcmp(c->seen.counts[i].name, name) == 0)
            shown = c->seen.counts[i].today;
    return cap == 0 ? 1000 : cap > shown ? cap - shown : 0;
}

/* Whether one more of `item` fits the caps, given what is taken already. */
static int fits(const struct draw *c, const uint32_t *taken, uint32_t n, uint32_t item,
                int is_general) {
    const struct model *m = &c->r.model;
    const struct model_facts f = model_facts(m, item);
    const char *group = model_group_name(m, model_item_group(m, item));
    uint32_t of_group = 0, of_payer = 0;
    for (uint32_t i = 0; i < n; i++) {
        of_group += model_item_group(m, taken[i]) == model_item_group(m, item);
        of_payer += *f.payer && strcmp(model_facts(m, taken[i]).payer, f.payer) == 0;
    }
    for (uint32_t k = 0; k < c->policy.n_caps; k++)
        if (strcmp(c->policy.caps[k].group, group) == 0 &&
            of_group >= left_of(c, SEEN_GROUP, group, c->policy.caps[k].per_day, is_general))
            return 0;
    return !*f.payer ||
           of_payer < left_of(c, SEEN_PAYER, f.payer, c->policy.caps_sponsor_day, is_general);
}

/* Everything that may be shown, best first. */
static uint32_t plain_order(const struct draw *c, const struct slate *s, int is_general,
                            uint32_t *order) {
    uint32_t n = 0;
    for (uint32_t j = 0; j < ITEMS; j++) {
        if (!may_show(c, j, is_general)) continue;
        if (!is_general && !s->repeats && is_in_history(s, j)) continue;
        uint32_t at = n++;
        int32_t score = is_general ? c->r.model.prior[j] : plain_score(c, s, j);
        while (at > 0 && (is_general ? c->r.model.prior[order[at - 1]]
                                     : plain_score(c, s, order[at - 1])) < score) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = j;
    }
    return n;
}

static int is_staff(const struct draw *c, uint32_t item) {
    return (model_facts(&c->r.model, item).flags & MODEL_STAFF) != 0;
}

/* The slate as it should be before staff picks come in. */
static uint32_t plain_slate(const struct draw *c, const uint32_t *order, uint32_t n, int is_general,
                            uint32_t *out) {
    uint32_t taken = 0;
    for (uint32_t i = 0; i < n && taken < c->count; i++)
        if (fits(c, out, taken, order[i], is_general)) out[taken++] = order[i];
    return taken;
}

static void check_slate(const struct draw *c, const struct slate *s, int is_general) {
    uint32_t order[ITEMS] = {0}, plain[ITEMS] = {0}, shown[SOTTO_SLATE_ITEMS_MAX] = {0};
    uint32_t staff = 0, plain_staff = 0;
    uint32_t n = plain_order(c, s, is_general, order);
    uint32_t n_plain = plain_slate(c, order, n, is_general, plain);
    assert_int_equal(s->n_hits, n_plain);
    for (uint32_t i = 0; i < s->n_hits; i++) {
        uint32_t item = shown[i] = s->hits[i].item;
        assert_true(may_show(c, item, is_general));
        assert_true(fits(c, shown, i, item, is_general));
        assert_int_equal(s->hits[i].score,
                         is_general ? c->r.model.prior[item] : plain_score(c, s, item));
        if (i > 0) {
            assert_true(s->hits[i - 1].score >= s->hits[i].score);
            assert_true(s->hits[i - 1].score > s->hits[i].score || shown[i - 1] < item);
        }
        staff += is_staff(c, item);
        plain_staff += is_staff(c, plain[i]);
    }
    uint32_t need = (n_plain * c->policy.staff_min_percent + 99) / 100;
    if (plain_staff >= need) {
        for (uint32_t i = 0; i < n_plain; i++) assert_int_equal(shown[i], plain[i]);
        assert_int_equal(s->moves.staff, 0);
        return;
    }
    /* What is not a staff pick is as it was, but for the last of them. */
    uint32_t others = 0, brought = 0;
    for (uint32_t i = 0; i < n_plain; i++) brought += s->moves.staff >> i & 1;
    assert_int_equal(staff, plain_staff + brought);
    assert_true(staff <= need);
    for (uint32_t i = 0; i < n_plain; i++) {
        if (s->moves.staff >> i & 1) {
            assert_true(is_staff(c, shown[i]));
            continue;
        }
        while (is_staff(c, plain[others]) != is_staff(c, shown[i]) || plain[others] != shown[i]) {
            assert_false(is_staff(c, plain[others]));
            assert_true(++others < n_plain);
        }
        others++;
    }
    /* The share is met, or no staff pick is left that fits beside all that was there. */
    if (staff == need) return;
    for (uint32_t i = 0; i < n; i++) {
        int is_in = 0;
        for (uint32_t k = 0; k < n_plain; k++) is_in |= shown[k] == order[i];
        if (is_in || !is_staff(c, order[i])) continue;
        uint32_t all[ITEMS], n_all = n_plain;
        memcpy(all, plain, n_plain * sizeof *all);
        for (uint32_t k = 0; k < n_plain; k++)
            if (s->moves.staff >> k & 1) all[n_all++] = shown[k];
        if (fits(c, all, n_all, order[i], is_general))
            print_message(
                "general %d item %u order %u of %u plain %u need %u staff %u count %u inputs %u\n",
                is_general, order[i], i, n, n_plain, need, staff, c->count, s->n_inputs);
        assert_false(fits(c, all, n_all, order[i], is_general));
    }
}

static void slates_obey_every_rule_and_are_the_best_that_do(void **state) {
    (void)state;
    struct dice d = {61};
    print_message("seed %llu\n", (unsigned long long)d.state);
    static struct slate s;
    static struct draw c;
    unsigned capped = 0, staffed = 0, paid = 0, personal = 0;
    for (int round = 0; round < ROUNDS * 4; round++) {
        draw(&c, &d);
        struct slate_workspace w = workspace(c.barred);
        memset(&s, 0, sizeof s);

        slate_rules(&s.rules, &c.r.model, &c.policy, &c.person, NOW_S);
        slate_rank_personal(&s, &c.r.model, &c.history, &w, NOW_S, c.count, c.repeats);

        if (s.n_inputs > 0) {
            check_slate(&c, &s, 0);
            personal++;
            capped += s.moves.has_capped != 0;
            staffed += s.moves.staff != 0;
            for (uint32_t i = 0; i < s.n_hits; i++)
                paid += model_facts(&c.r.model, s.hits[i].item).flags & MODEL_PAID;
        }
        rules_general(&s.rules, &c);
        slate_rank_general(&s, &c.r.model, &w, c.count);
        check_slate(&c, &s, 1);
        assert_clean(&w);
        random_model_free(&c.r);
    }
    assert_true(personal > 500 && capped > 100 && staffed > 100 && paid > 500);
}

/* ---- The general slate --------------------------------------------------------------------- */

static void general_slate_is_the_same_whatever_a_person_did_or_agreed_to(void **state) {
    (void)state;
    struct dice d = {62};
    static struct slate mine, other;
    static struct draw c;
    for (int round = 0; round < ROUNDS; round++) {
        draw(&c, &d);
        memset(c.barred, 0, sizeof c.barred);
        struct slate_workspace w = workspace(c.barred);
        memset(&mine, 0, sizeof mine);
        memset(&other, 0, sizeof other);

        slate_rules(&mine.rules, &c.r.model, &c.policy, &c.person, NOW_S);
        slate_rank_personal(&mine, &c.r.model, &c.history, &w, NOW_S, c.count, c.repeats);
        rules_general(&mine.rules, &c);
        slate_rank_general(&mine, &c.r.model, &w, c.count);
        rules_general(&other.rules, &c);
        slate_rank_general(&other, &c.r.model, &w, c.count);

        assert_int_equal(mine.n_hits, other.n_hits);
        assert_memory_equal(mine.hits, other.hits, mine.n_hits * sizeof *mine.hits);
        random_model_free(&c.r);
    }
}

/* ---- Reasons ------------------------------------------------------------------------------- */

static void reasons_add_up_name_the_payer_and_staff_and_invent_no_activity(void **state) {
    (void)state;
    struct dice d = {63};
    static struct slate s;
    static struct draw c;
    static struct sotto_reason reasons[SOTTO_HISTORY_MAX + 3];
    unsigned sponsors = 0, apart = 0;
    for (int round = 0; round < ROUNDS; round++) {
        draw(&c, &d);
        struct slate_workspace w = workspace(c.barred);
        memset(&s, 0, sizeof s);
        slate_rules(&s.rules, &c.r.model, &c.policy, &c.person, NOW_S);
        slate_rank_personal(&s, &c.r.model, &c.history, &w, NOW_S, c.count, c.repeats);

        for (uint32_t rank = 0; rank < s.n_hits; rank++) {
            const struct model_facts f = model_facts(&c.r.model, s.hits[rank].item);
            uint32_t n = slate_explain(&s, &c.r.model, rank, reasons, ARRAY_LEN(reasons));
            int64_t sum = 0;
            int sponsor = 0, staff = 0;
            for (uint32_t i = 0; i < n; i++) {
                sum += reasons[i].contribution;
                if (reasons[i].kind == SOTTO_REASON_SPONSOR) {
                    sponsor++;
                    assert_string_equal(reasons[i].title, f.payer);
                }
                staff += reasons[i].kind == SOTTO_REASON_STAFF;
                if (!reasons[i].item) continue;
                /* The item that is named is one that this person did something with, and its
                 * contribution is what that very item's row gives. */
                uint32_t named = model_find(&c.r.model, reasons[i].item), at = 0;
                while (at < c.history.n && c.history.events[at].item != named) at++;
                assert_true(at < c.history.n);
                assert_string_equal(reasons[i].title, model_item_title(&c.r.model, named));
                for (at = 0; s.inputs[at].in.item != named;) at++;
                assert_int_equal(
                    reasons[i].contribution,
                    named == s.hits[rank].item
                        ? s.inputs[at].in.own
                        : score_contribution(&c.r.model, s.inputs[at].in, s.hits[rank].item));
            }
            if (sum != s.hits[rank].score)
                print_message("round %d rank %u item %u flags %u n %u prior %d apart %d repeats %d "
                              "strongest %d\n",
                              round, rank, s.hits[rank].item, f.flags, n,
                              c.r.model.prior[s.hits[rank].item], s.rules.is_paid_apart,
                              (int)s.repeats, reasons[0].contribution);
            assert_int_equal(sum, s.hits[rank].score);
            assert_int_equal(sponsor, (f.flags & MODEL_PAID) != 0);
            assert_int_equal(staff, (f.flags & MODEL_STAFF) != 0);
            if (s.rules.is_paid_apart && sponsor) {
                assert_int_equal(n, 2 + staff);
                apart++;
            }
            sponsors += (unsigned)sponsor;
        }
        assert_clean(&w);
        random_model_free(&c.r);
    }
    assert_true(sponsors > 100 && apart > 50);
}

static void what_would_be_without_an_item_is_what_a_history_without_it_gives(void **state) {
    (void)state;
    struct dice d = {64};
    static struct slate s, real;
    static struct draw c;
    unsigned gone = 0, moved = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct score_hit hits[SOTTO_SLATE_ITEMS_MAX];
        struct slate_moves moves;
        draw(&c, &d);
        struct slate_workspace w = workspace(c.barred);
        memset(&s, 0, sizeof s);
        slate_rules(&s.rules, &c.r.model, &c.policy, &c.person, NOW_S);
        slate_rank_personal(&s, &c.r.model, &c.history, &w, NOW_S, c.count, c.repeats);
        for (uint32_t rank = 0; rank < s.n_hits; rank++) {
            uint32_t item = s.hits[rank].item, without = slate_strongest(&s, &c.r.model, item);
            if (without == SLATE_WITH_ALL) continue;

            struct history h = {0};
            for (uint32_t i = 0; i < c.history.n; i++)
                if (c.history.events[i].item != s.inputs[without].in.item)
                    history_add(&h, c.history.events[i]);
            memset(&real, 0, sizeof real);
            real.rules = s.rules;
            slate_rank_personal(&real, &c.r.model, &h, &w, NOW_S, c.count, c.repeats);
            if (real.n_inputs == 0) /* then it would have been a cold start under the same rules */
                real.n_hits =
                    slate_rank(&real, &c.r.model, &w, SLATE_WITH_ALL, real.hits, &real.moves);

            uint32_t n = slate_rank(&s, &c.r.model, &w, without, hits, &moves);
            assert_int_equal(n, real.n_hits);
            assert_memory_equal(hits, real.hits, n * sizeof *hits);
            int32_t score, with;
            uint32_t place = slate_place(&s, &c.r.model, &w, without, item, &score);
            int32_t real_score;
            assert_int_equal(place,
                             slate_place(&real, &c.r.model, &w, SLATE_WITH_ALL, item, &real_score));
            assert_int_equal(score, real_score);
            uint32_t before = slate_place(&s, &c.r.model, &w, SLATE_WITH_ALL, item, &with);
            assert_int_equal(with, s.hits[rank].score);
            uint32_t at = 0;
            while (at < n && hits[at].item != item) at++;
            gone += at == n;
            moved += place != before;
        }
        assert_clean(&w);
        random_model_free(&c.r);
    }
    assert_true(gone > 10 && moved > 100);
}

static void place_by_scores_is_the_place_in_the_plain_order(void **state) {
    (void)state;
    struct dice d = {65};
    static struct slate s;
    static struct draw c;
    unsigned moved = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t order[ITEMS];
        draw(&c, &d);
        struct slate_workspace w = workspace(c.barred);
        memset(&s, 0, sizeof s);
        slate_rules(&s.rules, &c.r.model, &c.policy, &c.person, NOW_S);
        slate_rank_personal(&s, &c.r.model, &c.history, &w, NOW_S, c.count, c.repeats);
        if (s.n_inputs > 0) plain_order(&c, &s, 0, order);
        for (uint32_t rank = 0; rank < s.n_hits; rank++) {
            int32_t score;
            uint32_t at =
                slate_place(&s, &c.r.model, &w, SLATE_WITH_ALL, s.hits[rank].item, &score);
            assert_int_equal(order[at], s.hits[rank].item);
            assert_int_equal(score, s.hits[rank].score);
            moved += at != rank;
            if (at != rank) assert_true(s.moves.has_capped || s.moves.staff);
        }
        random_model_free(&c.r);
    }
    assert_true(moved > 100);
}

static void ranking_again_gives_the_same_bytes(void **state) {
    (void)state;
    struct dice d = {66};
    static struct slate s;
    static struct draw c;
    for (int round = 0; round < ROUNDS; round++) {
        struct score_hit hits[SOTTO_SLATE_ITEMS_MAX];
        struct slate_moves moves;
        draw(&c, &d);
        struct slate_workspace w = workspace(c.barred);
        memset(&s, 0, sizeof s);
        slate_rules(&s.rules, &c.r.model, &c.policy, &c.person, NOW_S);
        slate_rank_personal(&s, &c.r.model, &c.history, &w, NOW_S, c.count, c.repeats);
        uint32_t n = slate_rank(&s, &c.r.model, &w, SLATE_WITH_ALL, hits, &moves);

        if (s.n_inputs > 0) {
            assert_int_equal(n, s.n_hits);
            assert_memory_equal(hits, s.hits, n * sizeof *hits);
            assert_int_equal(moves.staff, s.moves.staff);
        }
        random_model_free(&c.r);
    }
}

/* ---- Sensitive and minors ------------------------------------------------------------------ */

static void nothing_is_concluded_from_sensitive_items_without_consent(void **state) {
    (void)state;
    struct dice d = {67};
    static struct slate s;
    static struct draw c;
    unsigned sensitive = 0;
    for (int round = 0; round < ROUNDS; round++) {
        draw(&c, &d);
        struct slate_workspace w = workspace(c.barred);
        memset(&s, 0, sizeof s);
        slate_rules(&s.rules, &c.r.model, &c.policy, &c.person, NOW_S);
        slate_rank_personal(&s, &c.r.model, &c.history, &w, NOW_S, c.count, c.repeats);
        for (uint32_t i = 0; i < s.n_inputs; i++) {
            const struct model_facts f = model_facts(&c.r.model, s.inputs[i].in.item);
            sensitive += f.sensitive != 0;
            if (c.person.age != AGE_ADULT || !c.person.may_sensitive)
                assert_int_equal(f.sensitive, 0);
            if (c.person.age != AGE_ADULT) assert_false(f.flags & MODEL_ADULT);
        }
        random_model_free(&c.r);
    }
    assert_true(sensitive > 20);
}

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slates_obey_every_rule_and_are_the_best_that_do),
        cmocka_unit_test(general_slate_is_the_same_whatever_a_person_did_or_agreed_to),
        cmocka_unit_test(reasons_add_up_name_the_payer_and_staff_and_invent_no_activity),
        cmocka_unit_test(what_would_be_without_an_item_is_what_a_history_without_it_gives),
        cmocka_unit_test(place_by_scores_is_the_place_in_the_plain_order),
        cmocka_unit_test(ranking_again_gives_the_same_bytes),
        cmocka_unit_test(nothing_is_concluded_from_sensitive_items_without_consent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
