/* Slates without an engine: the state table, ranking, reasons and the banner's receipt. */
#include "tests/support/test.h"

#include "slate/slate.h"
#include "tests/support/random_model.h"

/* ---- The table, walked over every sequence of events up to a length ----------------------- */

/* An independent statement of promise 4: what must have happened for a slate to open as personal.
 */
static void personal_opens_only_after_ask_and_a_good_receipt(void **state) {
    (void)state;
    enum { LENGTH = 6 };
    unsigned long walked = 0, personal = 0;
    unsigned total = 1;
    for (int i = 0; i < LENGTH; i++) total *= SLATE_EVENTS;
    for (unsigned start = SLATE_GENERAL; start <= SLATE_SEALED; start++)
        for (unsigned code = 0; code < total; code++) {
            enum slate_state s = (enum slate_state)start;
            int asked = 0, good = 0, refused = 0;
            unsigned c = code;
            for (int i = 0; i < LENGTH; i++, c /= SLATE_EVENTS) {
                enum slate_event event = (enum slate_event)(c % SLATE_EVENTS);
                enum slate_state next = slate_next(s, event);
                walked++;
                if (next == SLATE_NOT_ALLOWED) continue;
                if (event == SLATE_ASK) asked = 1;
                if (event == SLATE_RECEIPT_GOOD) good = asked;
                if (event == SLATE_RECEIPT_BAD || event == SLATE_DECLINE ||
                    event == SLATE_WITHDRAW || event == SLATE_TIMEOUT)
                    refused = 1;
                if (next == SLATE_OPEN_PERSONAL && s != SLATE_OPEN_PERSONAL) {
                    assert_int_equal(start, SLATE_SEALED);
                    assert_int_equal(event, SLATE_OPEN);
                    assert_true(asked && good && !refused);
                    personal++;
                }
                s = next;
            }
        }
    assert_true(personal > 0 && walked > 1000000);
}

static void every_state_but_the_spent_ones_opens_as_something(void **state) {
    (void)state;
    for (unsigned s = 0; s < SLATE_STATES; s++) {
        enum slate_state next = slate_next((enum slate_state)s, SLATE_OPEN);
        if (s == SLATE_OPEN_GENERAL || s == SLATE_OPEN_PERSONAL)
            assert_int_equal(next, SLATE_NOT_ALLOWED);
        else
            assert_int_equal(next, s == SLATE_SHOWN ? SLATE_OPEN_PERSONAL : SLATE_OPEN_GENERAL);
    }
    assert_int_equal(slate_next(SLATE_STATES, SLATE_OPEN), SLATE_NOT_ALLOWED);
    assert_int_equal(slate_next(SLATE_SEALED, SLATE_EVENTS), SLATE_NOT_ALLOWED);
}

/* ---- Ranking and reasons ----------------------------------------------------------------- */

static struct history random_history(struct dice *d, const struct model *m) {
    struct history h = {0};
    uint32_t n = dice_below(d, SOTTO_HISTORY_MAX + 40);
    for (uint32_t i = 0; i < n; i++) {
        struct history_event e = {.item = dice_below(d, m->n_items + 3), /* some are unknown */
                                  .time_s = i * 5000,
                                  .type = (uint8_t)(1 + dice_below(d, 3))};
        history_add(&h, e);
    }
    return h;
}

#define NOW_S ((SOTTO_HISTORY_MAX + 40) * 5000)

/* Room to rank up to 150 items. */
static struct slate_workspace workspace(const uint8_t *absent) {
    static int32_t sums[150];
    static uint32_t touched[150 + 256];
    static uint8_t seen[19];
    static struct score_input inputs[SOTTO_HISTORY_MAX];
    return (struct slate_workspace){{sums, touched}, seen, absent, inputs};
}

static void assert_wiped(const struct slate_workspace *w) {
    for (unsigned i = 0; i < 150; i++) assert_int_equal(w->score.sums[i], 0);
    for (unsigned i = 0; i < 150 + 256; i++) assert_int_equal(w->score.touched[i], 0);
    for (unsigned i = 0; i < 19; i++) assert_int_equal(w->seen[i], 0);
    for (unsigned i = 0; i < SOTTO_HISTORY_MAX; i++) assert_int_equal(w->inputs[i].item, 0);
}

static void contributions_add_up_exactly_to_every_score(void **state) {
    (void)state;
    struct dice d = {5};
    print_message("seed %llu\n", (unsigned long long)d.state);
    static struct slate s;
    static uint8_t absent[19];
    unsigned long checked = 0, repeats = 0;
    for (int round = 0; round < 200; round++) {
        struct random_model r;
        uint32_t n_items = 1 + dice_below(&d, 150);
        random_model_make(&r, &d, n_items, round % 10 == 0);
        if (round % 3 == 0) random_model_to_varint(&r);
        struct history h = random_history(&d, &r.model);
        struct slate_workspace w = workspace(absent);
        memset(&s, 0, sizeof s);

        slate_rank_personal(&s, &r.model, &h, &w, NOW_S, SOTTO_SLATE_ITEMS_MAX, round % 2);
        s.state = SLATE_OPEN_PERSONAL;

        for (uint32_t rank = 0; rank < s.n_hits; rank++) {
            struct sotto_reason reasons[SOTTO_HISTORY_MAX + 1], few[3];
            uint32_t n = slate_explain(&s, &r.model, rank, reasons, SOTTO_HISTORY_MAX + 1);
            int64_t sum = 0;
            for (uint32_t i = 0; i < n; i++) {
                sum += reasons[i].contribution;
                repeats += reasons[i].kind == SOTTO_REASON_REPEAT;
                if (i > 0)
                    assert_true(llabs((long long)reasons[i - 1].contribution) >=
                                llabs((long long)reasons[i].contribution));
            }
            assert_int_equal(sum, s.hits[rank].score);
            assert_int_equal(slate_explain(&s, &r.model, rank, few, 3), n);
            for (uint32_t i = 0; i < n && i < 3; i++) {
                assert_int_equal(few[i].contribution, reasons[i].contribution);
                assert_ptr_equal(few[i].item, reasons[i].item);
            }
            checked++;
        }
        assert_wiped(&w);
        random_model_free(&r);
    }
    assert_true(checked > 1000);
    assert_true(repeats > 1000);
}

static void seen_and_absent_items_are_never_in_a_personal_slate(void **state) {
    (void)state;
    struct dice d = {11};
    static struct slate s;
    for (int round = 0; round < 100; round++) {
        struct random_model r;
        uint8_t absent[19];
        random_model_make(&r, &d, 150, 0);
        struct history h = random_history(&d, &r.model);
        for (size_t i = 0; i < sizeof absent; i++)
            absent[i] = (uint8_t)(dice_u64(&d) & dice_u64(&d));
        struct slate_workspace w = workspace(absent);
        memset(&s, 0, sizeof s);

        slate_rank_personal(&s, &r.model, &h, &w, NOW_S, 64, 0);

        for (uint32_t i = 0; i < s.n_hits; i++) {
            uint32_t item = s.hits[i].item;
            assert_false(absent[item >> 3] >> (item & 7) & 1);
            for (uint32_t k = 0; k < h.n; k++) assert_int_not_equal(h.events[k].item, item);
        }
        slate_rank_general(&s, &r.model, &w, 64);
        for (uint32_t i = 0; i < s.n_hits; i++) {
            uint32_t item = s.hits[i].item;
            assert_false(absent[item >> 3] >> (item & 7) & 1);
            assert_int_equal(s.hits[i].score, r.model.prior[item]);
        }
        assert_wiped(&w);
        random_model_free(&r);
    }
}

static void repeats_may_come_back_when_asked_for(void **state) {
    (void)state;
    struct dice d = {3};
    struct random_model r;
    static struct slate s;
    static const uint8_t absent[19];
    random_model_make(&r, &d, 4, 0);
    struct history h = {0};
    for (uint32_t i = 0; i < 4; i++)
        history_add(&h, (struct history_event){.item = i, .type = SOTTO_EVENT_VIEW});
    struct slate_workspace w = workspace(absent);

    slate_rank_personal(&s, &r.model, &h, &w, NOW_S, 4, 0);
    assert_int_equal(s.n_hits, 0);
    slate_rank_personal(&s, &r.model, &h, &w, NOW_S, 4, 1);
    assert_int_equal(s.n_hits, 4);
    random_model_free(&r);
}

static void later_events_weigh_by_position_and_repeats_are_folded(void **state) {
    (void)state;
    struct dice d = {9};
    struct random_model r;
    static struct slate s;
    static const uint8_t absent[19];
    random_model_make(&r, &d, 8, 0);
    struct history h = {0};
    static const uint32_t order[] = {2, 5, 2, 7, 5};
    for (unsigned i = 0; i < 5; i++)
        history_add(
            &h, (struct history_event){.item = order[i],
                                       .type = i == 4 ? SOTTO_EVENT_PURCHASE : SOTTO_EVENT_VIEW});
    struct slate_workspace w = workspace(absent);

    slate_rank_personal(&s, &r.model, &h, &w, NOW_S, 4, 0);

    assert_int_equal(s.n_inputs, 3);
    assert_int_equal(s.inputs[0].in.item, 5);
    assert_int_equal(s.inputs[0].events, 2);
    assert_int_equal(s.inputs[0].type, SOTTO_EVENT_PURCHASE);
    assert_int_equal(s.inputs[1].in.item, 7);
    assert_int_equal(s.inputs[2].in.item, 2);
    assert_int_equal(s.inputs[2].events, 2);
    for (uint32_t i = 0; i < 3; i++) {
        int32_t decay = i < r.model.n_decay ? r.model.decay[i] : 0;
        int32_t a = score_q15(r.model.event_weights[s.inputs[i].type], decay);
        a = score_q15(a, r.model.ages[r.model.n_ages - 1]); /* older than the table */
        assert_int_equal(s.inputs[i].in.multiplier,
                         score_q15(a, r.model.scales[s.inputs[i].in.item]));
    }
    random_model_free(&r);
}

static void older_events_weigh_by_their_age_and_future_ones_as_of_today(void **state) {
    (void)state;
    struct dice d = {10};
    struct random_model r;
    static struct slate s;
    static const uint8_t absent[19];
    struct slate_workspace w = workspace(absent);
    random_model_make(&r, &d, 4, 0);
    const uint16_t ages[] = {MODEL_UNIT, MODEL_UNIT / 2, MODEL_UNIT / 4};
    memcpy(r.ages, ages, sizeof ages);
    r.model.n_ages = 3;
    r.model.n_decay = 4;
    for (int i = 0; i < 4; i++) r.decay[i] = r.scales[i] = MODEL_UNIT;
    r.model.event_weights[SOTTO_EVENT_SELECT] = MODEL_UNIT;
    const int64_t now = 100 * 86400;
    static const int64_t times[] = {1, 98 * 86400 + 86399, 99 * 86400 + 1, 101 * 86400};
    struct history h = {0};
    for (uint32_t i = 0; i < 4; i++)
        history_add(&h, (struct history_event){
                            .item = i, .time_s = (uint32_t)times[i], .type = SOTTO_EVENT_SELECT});

    slate_rank_personal(&s, &r.model, &h, &w, now, 4, 0);

    static const int32_t expected[] = {MODEL_UNIT, MODEL_UNIT, MODEL_UNIT / 2, MODEL_UNIT / 4};
    assert_int_equal(s.n_inputs, 4);
    for (uint32_t i = 0; i < 4; i++) assert_int_equal(s.inputs[i].in.multiplier, expected[i]);
    random_model_free(&r);
}

static void repeat_term_adds_every_event_and_saturates(void **state) {
    (void)state;
    struct dice d = {12};
    struct random_model r;
    static struct slate s;
    static const uint8_t absent[19];
    struct slate_workspace w = workspace(absent);
    random_model_make(&r, &d, 3, 0);
    r.repeat_ages[0] = MODEL_UNIT;
    r.model.n_repeat_ages = 1;
    r.repeat[0] = 1000;
    r.model.event_weights[SOTTO_EVENT_SELECT] = MODEL_UNIT;
    memset(r.self, 0, 3 * sizeof *r.self);
    struct history h = {0};
    for (uint32_t i = 0; i < 12; i++)
        history_add(&h, (struct history_event){.item = i < 3 ? 0 : 1, .type = SOTTO_EVENT_SELECT});

    slate_rank_personal(&s, &r.model, &h, &w, 0, 3, 1);

    assert_int_equal(s.inputs[0].in.item, 1);
    assert_int_equal(s.inputs[0].in.own, MODEL_REPEAT_MAX * 1000); /* 9 times count as 8 */
    assert_int_equal(s.inputs[1].in.own, 3 * MODEL_REPEAT_UNIT * 1000);
    slate_rank_personal(&s, &r.model, &h, &w, 0, 3, 0);
    assert_int_equal(s.inputs[0].in.own, 0);
    random_model_free(&r);
}

/* 1024 events that all count in full: only the latest 256 multipliers fit under the bound. */
static void heavy_histories_are_cut_at_the_bound_of_all_multipliers(void **state) {
    (void)state;
    enum { ITEMS = 400 };
    struct dice d = {13};
    struct random_model r;
    static struct slate s;
    static int32_t sums[ITEMS];
    static uint32_t touched[ITEMS + 256];
    static uint8_t seen[ITEMS / 8];
    static struct score_input inputs[SOTTO_HISTORY_MAX];
    struct slate_workspace w = {{sums, touched}, seen, NULL, inputs};
    random_model_make(&r, &d, ITEMS, 1);
    static struct history h;
    for (uint32_t i = 0; i < SOTTO_HISTORY_MAX; i++)
        history_add(&h, (struct history_event){.item = i % ITEMS, .type = SOTTO_EVENT_PURCHASE});

    slate_rank_personal(&s, &r.model, &h, &w, 0, 64, 1);
    s.state = SLATE_OPEN_PERSONAL;

    int64_t total = 0;
    for (uint32_t i = 0; i < s.n_inputs; i++) total += s.inputs[i].in.multiplier;
    assert_int_equal(s.n_inputs, ITEMS);
    assert_int_equal(total, SCORE_MULTIPLIERS_MAX);
    assert_int_equal(s.inputs[255].in.multiplier, MODEL_UNIT);
    assert_int_equal(s.inputs[256].in.multiplier, 0);
    for (uint32_t rank = 0; rank < s.n_hits; rank++) {
        static struct sotto_reason reasons[SOTTO_HISTORY_MAX + 1];
        int64_t sum = 0;
        uint32_t n = slate_explain(&s, &r.model, rank, reasons, SOTTO_HISTORY_MAX + 1);
        for (uint32_t i = 0; i < n; i++) sum += reasons[i].contribution;
        assert_int_equal(sum, s.hits[rank].score);
    }
    random_model_free(&r);
}

/* ---- The receipt ------------------------------------------------------------------------- */

static int counting_entropy(void *ctx, void *buf, size_t n) {
    memset(buf, (*(int *)ctx)++, n);
    return 0;
}

static struct sotto_banner make_banner(uint32_t must_ack) {
    static struct policy policy;
    static struct rng rng;
    static int seed;
    struct sotto_banner banner;
    policy_strict(&policy);
    policy.min_display_ms = 1000;
    policy.must_ack = must_ack;
    assert_int_equal(rng_seed(&rng, counting_entropy, &seed), 0);
    assert_int_equal(banner_fill(&banner, &policy, "en", &rng), 0);
    return banner;
}

static struct sotto_banner_receipt good_receipt(const struct sotto_banner *b) {
    struct sotto_banner_receipt r = {.size = sizeof r,
                                     .channels = SOTTO_CHANNEL_SCREEN,
                                     .acknowledged = 1,
                                     .shown_from_ms = 5000,
                                     .shown_until_ms = 6000};
    memcpy(r.hash, b->hash, sizeof r.hash);
    return r;
}

static void only_a_receipt_that_fits_in_every_field_proves_disclosure(void **state) {
    (void)state;
    struct sotto_banner b = make_banner(1);
    struct sotto_banner_receipt good = good_receipt(&b), r;
    const uint64_t asked = 5000, now = 6000;
    assert_int_equal(receipt_judge(&b, &good, asked, now), SLATE_RECEIPT_GOOD);
#define REFUSED(change)                                                                            \
    do {                                                                                           \
        r = good;                                                                                  \
        change;                                                                                    \
        assert_int_equal(receipt_judge(&b, &r, asked, now), SLATE_RECEIPT_BAD);                    \
    } while (0)
    for (unsigned bit = 0; bit < 256; bit++) REFUSED(r.hash[bit / 8] ^= (uint8_t)(1u << bit % 8));
    REFUSED(r.size -= 1);
    REFUSED(r.channels = 0);
    REFUSED(r.channels = 8);
    REFUSED(r.acknowledged = 0);
    REFUSED(r.acknowledged = 3);
    REFUSED(r.shown_from_ms = 4999);                            /* before it was asked for */
    REFUSED(r.shown_until_ms = 6001);                           /* in the future */
    REFUSED(r.shown_until_ms = 5999);                           /* too short */
    REFUSED((r.shown_from_ms = 6000, r.shown_until_ms = 5000)); /* backwards */
    REFUSED((r.shown_from_ms = UINT64_MAX, r.shown_until_ms = UINT64_MAX));
#undef REFUSED
    r = good;
    r.acknowledged = 2;
    r.shown_until_ms = r.shown_from_ms; /* a quick no is a no */
    assert_int_equal(receipt_judge(&b, &r, asked, now), SLATE_DECLINE);
    r.hash[0] ^= 1; /* but not to another banner */
    assert_int_equal(receipt_judge(&b, &r, asked, now), SLATE_RECEIPT_BAD);
}

static void showing_suffices_where_no_acknowledgement_is_asked(void **state) {
    (void)state;
    struct sotto_banner b = make_banner(0);
    struct sotto_banner_receipt r = good_receipt(&b);
    r.acknowledged = 0;
    assert_int_equal(receipt_judge(&b, &r, 5000, 6000), SLATE_RECEIPT_GOOD);
}

static void two_banners_never_share_a_hash_and_every_field_counts(void **state) {
    (void)state;
    struct sotto_banner a = make_banner(1), b = make_banner(1);
    uint8_t hash[HASH_BYTES];
    assert_memory_not_equal(a.hash, b.hash, HASH_BYTES);
    const char **fields[] = {&b.locale,        &b.direction,       &b.title, &b.short_text,
                             &b.plain_text,    &b.speech_text,     &b.icon,  &b.contact,
                             &b.actions[0].id, &b.actions[3].label};
    for (unsigned i = 0; i < ARRAY_LEN(fields); i++) {
        const char *before = *fields[i];
        *fields[i] = "changed";
        banner_hash(&b, hash);
        assert_memory_not_equal(hash, b.hash, HASH_BYTES);
        *fields[i] = before;
    }
    uint32_t *numbers[] = {&b.notice_version, &b.min_display_ms, &b.must_ack, &b.n_actions};
    for (unsigned i = 0; i < ARRAY_LEN(numbers); i++) {
        *numbers[i] -= 1;
        banner_hash(&b, hash);
        assert_memory_not_equal(hash, b.hash, HASH_BYTES);
        *numbers[i] += 1;
    }
    banner_hash(&b, hash);
    assert_memory_equal(hash, b.hash, HASH_BYTES);
}

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(personal_opens_only_after_ask_and_a_good_receipt),
        cmocka_unit_test(every_state_but_the_spent_ones_opens_as_something),
        cmocka_unit_test(contributions_add_up_exactly_to_every_score),
        cmocka_unit_test(seen_and_absent_items_are_never_in_a_personal_slate),
        cmocka_unit_test(repeats_may_come_back_when_asked_for),
        cmocka_unit_test(later_events_weigh_by_position_and_repeats_are_folded),
        cmocka_unit_test(older_events_weigh_by_their_age_and_future_ones_as_of_today),
        cmocka_unit_test(repeat_term_adds_every_event_and_saturates),
        cmocka_unit_test(heavy_histories_are_cut_at_the_bound_of_all_multipliers),
        cmocka_unit_test(only_a_receipt_that_fits_in_every_field_proves_disclosure),
        cmocka_unit_test(showing_suffices_where_no_acknowledgement_is_asked),
        cmocka_unit_test(two_banners_never_share_a_hash_and_every_field_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
