/* `sotto-pack evaluate`: the figures by hand, the questions of each protocol, and the command from
 * pack and data to text, JSON and picture. */
#include "tests/support/test.h"

#include <math.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tests/support/pack_tool.h"
#include "tools/common/cli.h"
#include "tools/sotto-pack/commands.h"
#include "tools/sotto-pack/evaluate.h"
#include "tools/sotto-pack/pack_write.h"

/* ---- Figures ----------------------------------------------------------------------------- */

static void assert_near(double v, double expected) {
    if (!(fabs(v - expected) < 1e-9)) fail_msg("%.12f is not %.12f", v, expected);
}

static struct tally count(const uint32_t *targets, uint32_t n_targets, uint32_t n_missing,
                          const int32_t *scores, uint32_t n, uint32_t most, uint32_t k,
                          enum protocol protocol) {
    static const uint32_t items[] = {10, 11, 12, 13, 14, 15};
    const struct question q = {.targets = targets, .n_targets = n_targets, .n_missing = n_missing};
    struct tally t = {0};
    tally_add(&t, &q, items, scores, n, most, k, protocol);
    return t;
}

static void figures_are_those_by_hand(void **state) {
    (void)state;
    static const int32_t falling[] = {9, 8, 7, 6, 5, 4};
    static const uint32_t targets[] = {11, 13, 77};

    /* Found at rank 2, and at rank 4, which is behind k = 3. */
    struct tally t = count(targets, 3, 0, falling, 6, 60, 3, PROTOCOL_BASKET);
    assert_near(tally_mean(&t, MEASURE_RECALL), 1 / 3.0);
    assert_near(tally_mean(&t, MEASURE_HIT), 1);
    assert_near(tally_mean(&t, MEASURE_MRR), 1 / 2.0);
    assert_near(tally_mean(&t, MEASURE_NDCG), 1 / log2(3) / (1 + 1 / log2(3) + 1 / log2(4)));

    /* More targets than places: the ideal and the recall of all but rankings stop at k. */
    t = count(targets, 3, 0, falling, 6, 60, 2, PROTOCOL_BASKET);
    assert_near(tally_mean(&t, MEASURE_RECALL), 1 / 2.0);
    assert_near(tally_mean(&t, MEASURE_NDCG), 1 / log2(3) / (1 + 1 / log2(3)));
    t = count(targets, 3, 0, falling, 6, 60, 2, PROTOCOL_RANKING);
    assert_near(tally_mean(&t, MEASURE_RECALL), 1 / 3.0);
    assert_near(tally_mean(&t, MEASURE_NDCG), 1 / log2(3) / (1 + 1 / log2(3)));

    /* Targets the pack lacks are misses. */
    t = count(targets, 1, 3, falling, 6, 60, 20, PROTOCOL_RANKING);
    assert_near(tally_mean(&t, MEASURE_RECALL), 1 / 4.0);
    assert_near(tally_mean(&t, MEASURE_NDCG),
                1 / log2(3) / (1 + 1 / log2(3) + 1 / log2(4) + 1 / log2(5)));

    t = count(targets + 2, 1, 0, falling, 6, 60, 20, PROTOCOL_SESSIONS);
    for (int m = 0; m < MEASURES; m++) assert_near(tally_mean(&t, m), 0);
    assert_int_equal(t.n, 1);
    t = count(targets, 0, 0, falling, 6, 60, 20, PROTOCOL_SESSIONS);
    assert_int_equal(t.n, 0);
}

static void among_equal_scores_targets_come_last(void **state) {
    (void)state;
    static const int32_t tied[] = {9, 7, 7, 7, 5, 5};
    static const uint32_t second[] = {11}, last[] = {15}, first[] = {10};

    /* 11 is one of three that tie for ranks 2 to 4. */
    struct tally t = count(second, 1, 0, tied, 6, 60, 20, PROTOCOL_SESSIONS);
    assert_near(tally_mean(&t, MEASURE_MRR), 1 / 4.0);
    t = count(second, 1, 0, tied, 6, 60, 3, PROTOCOL_SESSIONS);
    assert_near(tally_mean(&t, MEASURE_HIT), 0);

    /* A tie that reaches the end of a full list may go on behind it. */
    t = count(last, 1, 0, tied, 6, 60, 20, PROTOCOL_SESSIONS);
    assert_near(tally_mean(&t, MEASURE_MRR), 1 / 6.0);
    t = count(last, 1, 0, tied, 6, 6, 20, PROTOCOL_SESSIONS);
    assert_near(tally_mean(&t, MEASURE_HIT), 0);
    t = count(first, 1, 0, tied, 6, 6, 20, PROTOCOL_SESSIONS);
    assert_near(tally_mean(&t, MEASURE_MRR), 1);

    /* A model that says the same of everything has found nothing. */
    static const int32_t flat[6] = {0};
    t = count(first, 1, 0, flat, 6, 6, 20, PROTOCOL_SESSIONS);
    assert_near(tally_mean(&t, MEASURE_HIT), 0);
}

static void margins_and_gini_are_those_by_hand(void **state) {
    (void)state;
    /* 0, 1, 1, 0: the variance of a sample of four is 1/3. */
    struct tally t = {.n = 4, .sum = {2}, .square = {2}};
    assert_near(tally_margin(&t, MEASURE_RECALL), 1.96 * sqrt(1 / 3.0 / 4));
    t = (struct tally){.n = 1, .sum = {1}, .square = {1}};
    assert_near(tally_margin(&t, MEASURE_RECALL), 0);

    uint32_t equal[] = {3, 3, 3, 3}, one[] = {0, 8, 0, 0}, some[] = {3, 1, 2}, none[] = {0, 0};
    assert_near(gini_of(equal, 4), 0);
    assert_near(gini_of(one, 4), 3 / 4.0);
    assert_near(gini_of(some, 3), 2 / 9.0);
    assert_near(gini_of(none, 2), 0);
}

/* ---- Questions --------------------------------------------------------------------------- */

static int train(struct pack_tool *t, const char *of, const char *option, const char *value) {
    return pack_tool_run(t, train_main, "train", "--out", pack_tool_path(t, "m.pack"),
                         "--no-measure", "--min-baskets", "1", "--created", "2026-01-01", of,
                         option, value, NULL);
}

/* Every question as a line "first_new: history > targets + missing". */
struct transcript {
    const struct model *model;
    FILE *to;
    char *text;
    size_t n;
};

static int write_down(void *ctx, const struct question *q) {
    struct transcript *t = ctx;
    fprintf(t->to, "%u:", q->first_new);
    for (uint32_t k = 0; k < q->n_events; k++)
        fprintf(t->to, " %s", model_item_id(t->model, q->events[k].item));
    fputs(" >", t->to);
    for (uint32_t k = 0; k < q->n_targets; k++)
        fprintf(t->to, " %s", model_item_id(t->model, q->targets[k]));
    if (q->n_missing) fprintf(t->to, " + %u", q->n_missing);
    for (uint32_t k = 0; k < q->n_events; k++)
        assert_true(q->events[k].time_s <= q->now_s &&
                    (k == 0 || q->events[k].time_s >= q->events[k - 1].time_s));
    fputc('\n', t->to);
    return SOTTO_OK;
}

static void pass(void *ctx) { (void)ctx; }

static void assert_questions(struct pack_tool *tool, const struct evaluate_options *o,
                             const char *expected) {
    struct pack pack = {0};
    struct model model;
    struct cases c;
    struct sotto_error err = {0};
    uint8_t *bytes;
    assert_int_equal(packfile_read(pack_tool_path(tool, "m.pack"), 1 << 20, &bytes, &pack.n, &err),
                     SOTTO_OK);
    pack.bytes = bytes;
    assert_int_equal(pack_parse(&pack, "m.pack", &err), SOTTO_OK);
    assert_int_equal(model_load(&model, &pack, "m.pack", &err), SOTTO_OK);
    struct transcript t = {.model = &model};
    t.to = open_memstream(&t.text, &t.n);
    assert_non_null(t.to);
    if (cases_open(&c, o, &model, &err) != SOTTO_OK) fail_msg("%s", err.message);
    assert_int_equal(cases_each(&c, write_down, &t, pass, &err), SOTTO_OK);
    assert_int_equal(fclose(t.to), 0);
    assert_string_equal(t.text, expected);
    cases_close(&c);
    free(t.text);
    free(bytes);
}

static void half_of_each_later_basket_is_asked_for_the_other(void **state) {
    struct pack_tool *t = *state;
    assert_int_equal(train(t, pack_tool_families(t), NULL, NULL), EXIT_OK);
    const struct evaluate_options o = {
        .protocol = PROTOCOL_BASKET,
        .min_basket = 4,
        .from_s = 1741000000, /* 2025-03-03 */
        .test = pack_tool_write(t, "test.csv",
                                "basket,item,time\n"
                                "1,A0,2025-03-01\n1,A1,2025-03-01\n1,A2,2025-03-01\n"
                                "1,A3,2025-03-01\n"                                    /* early */
                                "2,B0,2025-03-04\n2,B1,2025-03-04\n2,B2,2025-03-04\n"  /* short */
                                "3,C4,2025-03-04\n3,new,2025-03-04\n3,C0,2025-03-04\n" /* new */
                                "3,C1,2025-03-04\n3,C2,2025-03-04\n3,C3,2025-03-04\n"  /* is out */
                                "4,D0,2025-03-05\n4,D1,2025-03-05\n4,n1,2025-03-05\n"  /* short */
                                "4,n2,2025-03-05\n"                                   /* of known */
                                "5,E0,2025-03-06\n5,E1,2025-03-06\n5,E2,2025-03-06\n" /* E0 twice */
                                "5,E0,2025-03-06\n5,E3,2025-03-06\n")};
    assert_questions(t, &o, "0: C4 C0 > C1 C2 C3\n0: E0 E1 > E2 E3\n");
}

static void sessions_are_asked_at_every_step(void **state) {
    struct pack_tool *t = *state;
    assert_int_equal(train(t, pack_tool_families(t), NULL, NULL), EXIT_OK);
    struct evaluate_options o = {
        .protocol = PROTOCOL_SESSIONS,
        .test = pack_tool_write(t, "test.csv",
                                "basket,item,time\n"
                                "1,A0,2025-03-04T10:00:00Z\n1,A1,2025-03-04T10:01:00Z\n"
                                "1,new,2025-03-04T10:02:00Z\n1,A0,2025-03-04T10:03:00Z\n"
                                "2,B0,2025-03-05T10:00:00Z\n")};
    assert_questions(t, &o, "0: A0 > A1\n1: A0 A1 >\n2: A0 A1 >\n"); /* A0 may not come again */
    o.repeats = 1;
    assert_questions(t, &o, "0: A0 > A1\n1: A0 A1 >\n2: A0 A1 > A0\n");
}

static void history_of_a_next_basket_ends_before_the_day_asked_about(void **state) {
    struct pack_tool *t = *state;
    assert_int_equal(train(t, pack_tool_families(t), NULL, NULL), EXIT_OK);
    struct evaluate_options o = {
        .protocol = PROTOCOL_NEXT_BASKET,
        .from_s = 1741132800, /* 2025-03-05 */
        .test = pack_tool_write(t, "test.csv",
                                "basket,item,time,customer\n"
                                "1,A0,2025-03-01,ann\n1,A1,2025-03-01,ann\n"
                                "2,B0,2025-03-02,bob\n"
                                "3,A0,2025-03-04,ann\n"
                                "4,A0,2025-03-05,ann\n4,A2,2025-03-05,ann\n4,new,2025-03-05,ann\n"
                                "5,A4,2025-03-06,ann\n" /* only the first one after */
                                "6,C0,2025-03-06,cid\n" /* nothing is known of cid */
                                "7,D0,2025-03-06,\n"    /* nobody */
                                "8,B1,2025-03-07,bob\n")};
    assert_questions(t, &o, "0: A0 A1 A0 > A2\n0: B0 > B1\n"); /* A0 may not come again */
    o.repeats = 1;
    assert_questions(t, &o, "0: A0 A1 A0 > A0 A2\n0: B0 > B1\n");
}

/* A pack of few items is asked the same questions as one of many. */
static void what_a_pack_leaves_out_is_missed_if_the_past_had_it_often(void **state) {
    struct pack_tool *t = *state;
    assert_int_equal(train(t,
                           pack_tool_write(t, "train.csv",
                                           "basket,item,time\n"
                                           "1,A0,2025-01-01\n1,A1,2025-01-01\n"
                                           "2,A0,2025-01-02\n2,A1,2025-01-02\n"),
                           NULL, NULL),
                     EXIT_OK);
    const char *test =
        pack_tool_write(t, "test.csv",
                        "basket,item,time\n"
                        "1,old,2025-03-01\n1,A0,2025-03-01\n1,rare,2025-03-01\n1,past,2025-03-01\n"
                        "2,old,2025-03-02\n2,A0,2025-03-02\n2,past,2025-03-02\n"
                        "3,old,2025-03-05\n3,A0,2025-03-05\n3,rare,2025-03-05\n3,past,2025-03-05\n"
                        "3,A1,2025-03-05\n3,new,2025-03-05\n");
    struct evaluate_options o = {.protocol = PROTOCOL_BASKET,
                                 .min_basket = 4,
                                 .min_baskets = 2,
                                 .from_s = 1741132800, /* 2025-03-05 */
                                 .test = test};
    /* In the protocol are old, A0 | past, A1. */
    assert_questions(t, &o, "0: A0 > A1 + 1\n");
    o.min_baskets = 1; /* and rare: old, A0 | rare, past, A1 */
    assert_questions(t, &o, "0: A0 > A1 + 2\n");
    o.min_baskets = 0; /* the default of a table, which none of them reaches */
    o.min_basket = 2;
    assert_questions(t, &o, "0: A0 > A1\n");
    o.protocol = PROTOCOL_SESSIONS;
    o.repeats = 1;
    o.min_baskets = 2;
    assert_questions(t, &o, "0: > A0\n0: A0 >\n1: A0 > + 1\n1: A0 > A1\n1: A0 A1 >\n");
}

static void users_of_a_ranking_are_matched_by_id(void **state) {
    struct pack_tool *t = *state;
    const char *lists =
        pack_tool_write(t, "train.txt", "u1 i1 i2\nu2 i2 i3\nu3 i1 i3\nu10 i1 i2 i3\nu4 i4 i1\n");
    assert_int_equal(train(t, lists, "--for", "ranking"), EXIT_OK);
    const struct evaluate_options o = {
        .protocol = PROTOCOL_RANKING,
        .train = lists,
        .counts_unknown = 1,
        .test = pack_tool_write(t, "test.txt", "u10 i4\nu1 i3 i9 i4\nu9 i1\nu2\n")};
    assert_questions(t, &o, "0: i1 i2 i3 > i4\n0: i1 i2 > i3 i4 + 1\n");
}

/* ---- The command ------------------------------------------------------------------------- */

static int evaluate(struct pack_tool *t, const char *protocol, const char *from, const char *csv) {
    return pack_tool_run(t, evaluate_main, "evaluate", "--protocol", protocol, "--from", from,
                         "--json", pack_tool_path(t, "out.json"), "--plot",
                         pack_tool_path(t, "out.svg"), pack_tool_path(t, "m.pack"), csv, NULL);
}

/* The mean of one figure of one list. */
static double figure(const char *json, const char *list, const char *name) {
    static const char key[] = "\"mean\":";
    const char *at = strstr(json, list);
    assert_non_null(at);
    at = strstr(at, name);
    assert_non_null(at);
    at = strstr(at, key);
    assert_non_null(at);
    return strtod(at + sizeof key - 1, NULL);
}

static void device_finds_the_rest_of_a_family(void **state) {
    struct pack_tool *t = *state;
    const char *csv = pack_tool_families(t);
    assert_int_equal(train(t, csv, "--until", "2025-02-05"), EXIT_OK);

    if (evaluate(t, "basket", "2025-02-05", csv) != EXIT_OK) fail_msg("%s", t->err);

    char *json = pack_tool_read(pack_tool_path(t, "out.json"));
    char *svg = pack_tool_read(pack_tool_path(t, "out.svg"));
    assert_near(figure(json, "\"ours\"", "\"recall\""), 1); /* 2 of 4 others, in a top 20 */
    assert_true(figure(json, "\"ours\"", "\"ndcg\"") > 0.7);
    double popular = figure(json, "\"popularity\"", "\"recall\"");
    assert_true(popular > 0.1 && popular < 0.6); /* 20 of 60 items */
    assert_non_null(strstr(json, "\"held_out\": true"));
    assert_null(strstr(t->out, "WARNING"));
    assert_memory_equal(svg, "<svg ", 5);
    assert_string_equal(svg + strlen(svg) - 7, "</svg>\n");
    free(json);
    free(svg);

    assert_int_equal(evaluate(t, "basket", "2025-01-20", csv), EXIT_OK);
    assert_non_null(strstr(t->out, "WARNING: the pack learnt from data of 2025-02-04"));
}

static void same_question_twice_gives_the_same_figures(void **state) {
    struct pack_tool *t = *state;
    const char *csv = pack_tool_families(t);
    assert_int_equal(train(t, csv, "--until", "2025-02-05"), EXIT_OK);
    assert_int_equal(evaluate(t, "sessions", "2025-02-05", csv), EXIT_OK);
    char *first = pack_tool_read(pack_tool_path(t, "out.json"));

    assert_int_equal(evaluate(t, "sessions", "2025-02-05", csv), EXIT_OK);

    char *second = pack_tool_read(pack_tool_path(t, "out.json"));
    char *a = strstr(first, "\"request_to_open_us\""),
         *b = strstr(second, "\"request_to_open_us\"");
    assert_non_null(a);
    assert_non_null(b);
    assert_string_equal(strstr(a, "\"left_out\""), strstr(b, "\"left_out\""));
    *a = *b = 0; /* all but the times */
    assert_string_equal(first, second);
    assert_true(figure(first, "\"ours\"", "\"hit_rate\"") > 0.9);
    free(first);
    free(second);
}

static void items_nobody_has_seen_are_a_slip_unless_said_otherwise(void **state) {
    struct pack_tool *t = *state;
    const char *lists =
        pack_tool_write(t, "train.txt", "u1 i1 i2\nu2 i2 i3\nu3 i1 i3\nu4 i1 i2 i3\nu5 i4 i1\n");
    const char *test = pack_tool_write(t, "test.txt", "u1 i3 i9\nu2 i1\n");
    const char *pack = pack_tool_path(t, "m.pack");
    assert_int_equal(train(t, lists, "--for", "ranking"), EXIT_OK);

    assert_int_equal(pack_tool_run(t, evaluate_main, "evaluate", "--protocol", "ranking", "--train",
                                   lists, pack, test, NULL),
                     EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "1 items, the first \"i9\""));
    assert_non_null(strstr(t->err, "--unknown-items miss"));
    assert_int_equal(pack_tool_run(t, evaluate_main, "evaluate", "--protocol", "ranking", "--train",
                                   lists, "--unknown-items", "miss", "--json", "-", pack, test,
                                   NULL),
                     EXIT_OK);
    assert_memory_equal(t->out, "{", 1);
    assert_near(figure(t->out, "\"ours\"", "\"recall\""), 0.75); /* 1 of 2, 1 of 1 */
}

/* Without a past there is no popularity, rather than one of which everything is a tie. */
static void what_nothing_came_before_has_no_popularity(void **state) {
    struct pack_tool *t = *state;
    const char *csv = pack_tool_families(t);
    assert_int_equal(train(t, csv, NULL, NULL), EXIT_OK);
    for (int has_past = 0; has_past < 2; has_past++) {
        assert_int_equal(evaluate(t, "basket", has_past ? "2025-02-05" : "2020-01-01", csv),
                         EXIT_OK);
        char *json = pack_tool_read(pack_tool_path(t, "out.json"));
        assert_int_equal(strstr(json, "\"popularity\"") != NULL, has_past);
        assert_int_equal(strstr(json, "\"popularity_lift\"") != NULL, has_past);
        assert_int_equal(strstr(t->out, "nothing comes before") == NULL, has_past);
        free(json);
    }
}

static void nothing_is_left_behind(void **state) {
    struct pack_tool *t = *state;
    const char *csv = pack_tool_families(t), *old = getenv("TMPDIR");
    char *before = old ? strdup(old) : NULL;
    assert_int_equal(train(t, csv, "--until", "2025-02-05"), EXIT_OK);
    /* Names of the scratch folder are longer than the device's own paths may be. */
    char place[] = "/tmp/sotto-tmp-XXXXXX";
    assert_non_null(mkdtemp(place));
    setenv("TMPDIR", place, 1);

    int good = evaluate(t, "basket", "2025-02-05", csv),
        bad = evaluate(t, "basket", "2031-01-01", csv);

    if (before)
        setenv("TMPDIR", before, 1);
    else
        unsetenv("TMPDIR");
    free(before);
    assert_int_equal(good, EXIT_OK);
    assert_int_equal(bad, EXIT_FAILED);
    assert_non_null(strstr(t->err, "nothing to ask"));
    assert_int_equal(rmdir(place), 0); /* empty */
}

static void each_failure_says_what_to_do(void **state) {
    struct pack_tool *t = *state;
    const char *csv = pack_tool_families(t), *pack = pack_tool_path(t, "m.pack");
    assert_int_equal(train(t, csv, NULL, NULL), EXIT_OK);
    const struct {
        const char *words[5];
        int code;
        const char *says;
    } cases[] = {
        {{pack, csv}, EXIT_USAGE, "--protocol is missing"},
        {{"--protocol", "guess", pack, csv}, EXIT_USAGE, "guess"},
        {{"--protocol", "basket", pack}, EXIT_USAGE, "name a pack and the data"},
        {{"--protocol", "ranking", pack, csv}, EXIT_USAGE, "ranking needs --train"},
        {{"--protocol", "next-basket", pack, csv}, EXIT_USAGE, "next-basket needs --from"},
        {{"--protocol=basket", "--k", "61", pack, csv}, EXIT_USAGE, "--k"},
        {{"--protocol=basket", "--from", "soon", pack, csv}, EXIT_USAGE, "--from \"soon\""},
        {{"--protocol=basket", "--repeats", "2", pack, csv}, EXIT_USAGE, "--repeats"},
        {{"--protocol=basket", "--unknown-items", "hit", pack, csv}, EXIT_USAGE, "--unknown-items"},
        {{"--protocol=basket", "--no-such", pack, csv}, EXIT_USAGE, "--no-such"},
        {{"--protocol=basket", csv, csv}, EXIT_INTEGRITY, "sales.csv"},
        {{"--protocol=basket", pack, pack}, EXIT_INTEGRITY, "m.pack"},
        {{"--protocol=basket", "no.pack", csv}, EXIT_FAILED, "no.pack"},
        {{"--protocol=basket", pack, "no.csv"}, EXIT_FAILED, "no.csv"},
        {{"--protocol=basket", "--plot=/nowhere/x.svg", pack, csv}, EXIT_FAILED, "/nowhere/x.svg"},
        {{"--protocol=basket", "--json", csv, pack, csv}, EXIT_USAGE, "would replace what is read"},
        {{"--help"}, EXIT_OK, "usage: sotto-pack evaluate"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *const *w = cases[i].words;
        int code = pack_tool_run(t, evaluate_main, "evaluate", w[0], w[1], w[2], w[3], w[4], NULL);
        if (code != cases[i].code || !strstr(code == EXIT_OK ? t->out : t->err, cases[i].says))
            fail_msg("%s %s gave %d and: %s", w[0], w[1] ? w[1] : "", code, t->err);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, pack_tool_setup, pack_tool_teardown)

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_by_hand),
        cmocka_unit_test(among_equal_scores_targets_come_last),
        cmocka_unit_test(margins_and_gini_are_those_by_hand),
        IN_FOLDER(half_of_each_later_basket_is_asked_for_the_other),
        IN_FOLDER(sessions_are_asked_at_every_step),
        IN_FOLDER(history_of_a_next_basket_ends_before_the_day_asked_about),
        IN_FOLDER(what_a_pack_leaves_out_is_missed_if_the_past_had_it_often),
        IN_FOLDER(users_of_a_ranking_are_matched_by_id),
        IN_FOLDER(device_finds_the_rest_of_a_family),
        IN_FOLDER(same_question_twice_gives_the_same_figures),
        IN_FOLDER(items_nobody_has_seen_are_a_slip_unless_said_otherwise),
        IN_FOLDER(what_nothing_came_before_has_no_popularity),
        IN_FOLDER(nothing_is_left_behind),
        IN_FOLDER(each_failure_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
