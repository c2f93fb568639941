/* Training: what is held out and asked, groups, and the command from data to pack. What is learnt
 * is test_learn's, rounding test_quantise's. */
#include "tests/support/test.h"

#include <math.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "score/score.h"
#include "tests/support/dice.h"
#include "tests/support/pack_tool.h"
#include "tests/support/random_model.h"
#include "tools/common/cli.h"
#include "tools/sotto-pack/commands.h"
#include "tools/sotto-pack/train.h"

/* ---- Groups, text, measurement ----------------------------------------------------------- */

static void at_most_sixty_four_groups_are_made_the_rest_is_other(void **state) {
    (void)state;
    enum { N = 200 };
    static struct dataset_item items[N];
    static uint32_t item_of[N];
    static char names[N][16];
    struct dataset data = {.items = items, .n_items = N};
    struct interactions x = {.n_items = N, .item_of = item_of};
    struct sotto_error err = {0};
    struct groups g;
    for (uint32_t i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "category %u", i / 2);
        items[i] = (struct dataset_item){.id = "x",
                                         .title = "",
                                         .category = i == 5 ? "" : names[i],
                                         .baskets = 1000 - i,
                                         .price = i};
        item_of[i] = i;
    }

    assert_int_equal(groups_make(&g, &x, &data, &err), SOTTO_OK);
    assert_int_equal(g.n, 64);
    assert_string_equal(g.names[63], "other");
    assert_string_equal(g.names[0], "category 0");
    assert_int_equal(g.of_item[1], 0);
    assert_int_equal(g.of_item[5], 63);
    assert_int_equal(g.of_item[199], 63);
    groups_free(&g);

    for (uint32_t i = 0; i < N; i++) items[i].category = "";
    items[7].price = 0.5;
    assert_int_equal(groups_make(&g, &x, &data, &err), SOTTO_OK);
    assert_true(g.n <= 64 && !g.is_category);
    assert_string_equal(g.names[g.of_item[0]], "other"); /* no price */
    assert_string_equal(g.names[g.of_item[7]], "0.50 to 1.00");
    assert_string_equal(g.names[g.of_item[199]], "100.00 to 200.00");
    groups_free(&g);
}

static void text_is_cut_between_characters_and_cleaned(void **state) {
    (void)state;
    char out[8];
    assert_int_equal(groups_clean_text(out, sizeof out, "  a\tb\x7f "), 3);
    assert_string_equal(out, "a b");
    groups_clean_text(out, sizeof out, "sieben€");
    assert_string_equal(out, "sieben"); /* 6 + 3 bytes do not fit into 7 */
    groups_clean_text(out, sizeof out, "vier€");
    assert_string_equal(out, "vier€");
    groups_clean_text(out, sizeof out, "\xc2\x85x\xc2\x9b");
    assert_string_equal(out, "x");
    assert_int_equal(groups_clean_text(out, sizeof out, "\xff"), 0);
}

/* Fifteen items; 19 baskets to learn from, the rest by the case. */
struct little {
    struct dataset data;
    struct dataset_basket baskets[30];
    uint32_t items[200], model_of[15], place_of[15];
    struct interactions x;
    struct packed packed;
    struct random_model random;
};

static void little_add(struct little *l, uint32_t customer, int64_t day, const char *items) {
    struct dataset_basket *b = &l->baskets[l->data.n_baskets++];
    *b = (struct dataset_basket){.time_s = day * 86400,
                                 .customer = customer,
                                 .first = (uint32_t)l->data.n_basket_items,
                                 .n = (uint32_t)strlen(items)};
    for (; *items; items++) l->items[l->data.n_basket_items++] = (uint32_t)(*items - 'a');
}

/* A model without edges, whose general slate is a, b, c, … */
static struct little *little_make(void) {
    struct little *l = calloc(1, sizeof *l);
    struct dice d = {1};
    assert_non_null(l);
    l->data.baskets = l->baskets;
    l->data.basket_items = l->items;
    l->data.n_items = 15;
    l->data.n_customers = 30;
    for (uint32_t i = 0; i < 15; i++) l->model_of[i] = l->place_of[i] = i;
    l->x = (struct interactions){.n_items = 15, .model_of = l->model_of};
    random_model_make(&l->random, &d, 15, 0);
    for (uint32_t i = 0; i < 15; i++) {
        l->random.row_starts[i] = 0;
        l->random.prior[i] = -(int32_t)i;
    }
    l->random.row_starts[15] = l->random.model.n_edges = 0;
    l->packed.model = l->random.model;
    l->packed.place_of = l->place_of;
    return l;
}

static struct quality little_measure(struct little *l, enum goal goal, struct examples *e) {
    struct quality q;
    struct sotto_error err = {0};
    assert_int_equal(examples_make(e, &l->data, goal, &err), SOTTO_OK);
    assert_int_equal(examples_measure(e, &l->x, &l->packed, 0, &q, NULL, &err), SOTTO_OK);
    return q;
}

static void little_free(struct little *l, struct examples *e) {
    examples_free(e);
    random_model_free(&l->random);
    free(l);
}

static void half_a_basket_is_asked_for_the_other_half(void **state) {
    (void)state;
    struct little *l = little_make();
    struct examples e;
    for (uint32_t k = 0; k < 18; k++) little_add(l, DATASET_NONE, k, "bc");
    little_add(l, DATASET_NONE, 18, "bcdae"); /* b, c → d, a, e: at 2, 1 and 3 of a, d, e, … */
    little_add(l, DATASET_NONE, 19, "bcd");   /* too short */

    struct quality q = little_measure(l, GOAL_BASKET, &e);

    assert_int_equal(e.n_training, 18);
    assert_int_equal(q.examples, 1);
    assert_true(q.recall == 1 && q.ndcg == 1 && q.hit == 1 && q.reciprocal == 1);
    little_free(l, &e);
}

static void sessions_are_asked_at_every_step_and_items_may_come_again(void **state) {
    (void)state;
    struct little *l = little_make();
    struct examples e;
    for (uint32_t k = 0; k < 19; k++) little_add(l, DATASET_NONE, k, "bc");
    memset(l->random.self, 0, 15 * sizeof *l->random.self);
    memset(l->random.repeat, 0, sizeof *l->random.repeat);
    little_add(l, DATASET_NONE, 19, "dbb");
    little_add(l, DATASET_NONE, 20, "c");

    struct quality q = little_measure(l, GOAL_SESSIONS, &e);

    assert_int_equal(q.examples, 2); /* d → b, d b → b; b is second of a, b, c, … */
    assert_true(q.hit == 1 && q.reciprocal == 0.5);
    assert_true(fabs(q.ndcg - 1 / log2(3)) < 1e-12);
    little_free(l, &e);
}

static void next_basket_is_asked_of_customers_known_before(void **state) {
    (void)state;
    struct little *l = little_make();
    struct examples e;
    memset(l->random.self, 0, 15 * sizeof *l->random.self);
    memset(l->random.repeat, 0, sizeof *l->random.repeat);
    for (uint32_t k = 0; k < 27; k++) little_add(l, k % 2, k, k % 2 ? "ab" : "c");
    little_add(l, 0, 27, "ab");
    little_add(l, 7, 28, "ab"); /* never seen before */
    little_add(l, 0, 29, "ab"); /* knows its basket of day 27 */

    struct quality q = little_measure(l, GOAL_NEXT_BASKET, &e);

    assert_int_equal(q.examples, 2);
    assert_int_equal(e.v[0].n_events, 14);
    assert_int_equal(e.v[1].n_events, 16);
    assert_int_equal(e.events[e.v[0].first_event].time_s, 0);
    assert_int_equal(e.v[0].now_s, 27 * 86400);
    assert_true(q.recall == 1 && q.ndcg == 1);
    little_free(l, &e);
}

static void customers_count_by_the_root_of_how_often_they_come(void **state) {
    (void)state;
    struct little *l = little_make();
    struct examples e;
    for (uint32_t k = 0; k < 27; k++) little_add(l, k % 2, k, k % 2 ? "ab" : "c");
    little_add(l, 0, 27, "o");
    little_add(l, 0, 28, "o");
    little_add(l, 1, 29, "a");

    struct quality q = little_measure(l, GOAL_NEXT_BASKET, &e);

    assert_int_equal(q.examples, 3);
    /* 1/√2, 1/√2 and 1, made to add up to 3. */
    assert_float_equal(e.v[0].weight, 3 / (2 + sqrt(2)), 1e-9);
    assert_float_equal(e.v[1].weight, 3 / (2 + sqrt(2)), 1e-9);
    assert_float_equal(e.v[2].weight, 3 / (1 + sqrt(2)), 1e-9);
    float each[3];
    struct sotto_error err = {0};
    assert_int_equal(examples_measure(&e, &l->x, &l->packed, 0, &q, each, &err), SOTTO_OK);
    /* Each with its weight: together they are the mean. */
    assert_true(fabs((double)(each[0] + each[1] + each[2]) / 3 - quality_of(&q, e.goal)) < 1e-6);
    little_free(l, &e);
}

static void as_many_examples_are_taken_as_may_be(void **state) {
    (void)state;
    enum { BASKETS = 10 * EXAMPLES_MAX };
    static struct dataset_basket baskets[BASKETS];
    static uint32_t items[4] = {0, 1, 2, 3};
    struct dataset data = {.baskets = baskets, .basket_items = items, .n_items = 4};
    struct examples e;
    struct sotto_error err = {0};
    for (uint32_t b = 0; b < BASKETS; b++)
        baskets[b] = (struct dataset_basket){.n = 4, .customer = DATASET_NONE};

    data.n_baskets = BASKETS;
    assert_int_equal(examples_make(&e, &data, GOAL_BASKET, &err), SOTTO_OK);
    assert_int_equal(e.n, EXAMPLES_MAX);
    examples_free(&e);
    baskets[BASKETS - 1].n = 3;
    assert_int_equal(examples_make(&e, &data, GOAL_BASKET, &err), SOTTO_OK);
    assert_int_equal(e.n, EXAMPLES_MAX - 1);
    examples_free(&e);
}

/* A device cannot record what it does not know, so that does not push out what it does. */
static void a_history_is_the_latest_that_is_known(void **state) {
    (void)state;
    struct little *l = little_make();
    static struct example_event events[SOTTO_HISTORY_MAX + 1];
    struct example example = {.n_events = SOTTO_HISTORY_MAX + 1, .n_targets = 1, .weight = 1};
    uint32_t target = 1;
    const struct examples e = {.goal = GOAL_BASKET,
                               .data = &l->data,
                               .v = &example,
                               .n = 1,
                               .events = events,
                               .targets = &target};
    struct quality q;
    struct sotto_error err = {0};
    for (uint32_t k = 0; k <= SOTTO_HISTORY_MAX; k++) events[k].item = k ? 14 : 1;
    l->model_of[14] = DATASET_NONE;

    assert_int_equal(examples_measure(&e, &l->x, &l->packed, 0, &q, NULL, &err), SOTTO_OK);

    assert_int_equal(q.examples, 1);
    assert_true(q.hit == 0); /* it is in the history, so it is not shown */
    random_model_free(&l->random);
    free(l);
}

static void held_out_part_of_a_row_is_neither_learnt_nor_known(void **state) {
    (void)state;
    struct little *l = little_make();
    struct examples e;
    for (uint32_t k = 0; k < 10; k++) little_add(l, k, 0, "abcdefghijklmno");
    little_add(l, 11, 0, "abc"); /* too short to hold anything out of */

    struct quality q = little_measure(l, GOAL_RANKING, &e);

    assert_int_equal(e.n_training, 11);
    assert_true(q.examples > 5 && q.examples <= 10);
    assert_true(q.recall == 1 && q.hit == 1); /* all that is left fits into the slate */
    for (uint32_t k = 0; k < 3; k++) assert_int_equal(e.held[150 + k], 0);
    struct sotto_error err = {0};
    struct interactions x;
    static struct dataset_item items[15];
    static char ids[15][4];
    for (uint32_t i = 0; i < 15; i++) {
        snprintf(ids[i], sizeof ids[i], "i%u", i);
        items[i] = (struct dataset_item){.id = ids[i], .title = "", .category = ""};
    }
    l->data.items = items;
    const struct interactions_options of = {.n_baskets = 11, .min_baskets = 1, .held = e.held};
    assert_int_equal(interactions_make(&x, &l->data, &of, &err), SOTTO_OK);
    size_t held = 0;
    for (size_t k = 0; k < 153; k++) held += e.held[k];
    assert_int_equal(x.starts[x.n_rows], 153 - held);
    assert_int_equal(e.n_targets, held);
    assert_int_equal(e.n_events + held,
                     15 * e.n); /* a row of which nothing was held asks nothing */
    interactions_free(&x);
    little_free(l, &e);
}

static void customers_rows_hold_each_item_once_and_strangers_stay_apart(void **state) {
    (void)state;
    struct little *l = little_make();
    struct sotto_error err = {0};
    struct interactions x;
    static struct dataset_item items[15];
    static char ids[15][4];
    for (uint32_t i = 0; i < 15; i++) {
        snprintf(ids[i], sizeof ids[i], "i%02u", i);
        items[i] = (struct dataset_item){.id = ids[i], .title = "", .category = ""};
    }
    l->data.items = items;
    little_add(l, 1, 0, "ab");
    little_add(l, DATASET_NONE, 1, "ac");
    little_add(l, 0, 2, "b");
    little_add(l, 1, 3, "bd");
    const struct interactions_options of = {.n_baskets = 4, .min_baskets = 1, .by_customer = 1};

    assert_int_equal(interactions_make(&x, &l->data, &of, &err), SOTTO_OK);

    static const uint32_t expected[] = {1, 0, 1, 3, 0, 2};
    static const size_t starts[] = {0, 1, 4, 6};
    assert_int_equal(x.n_rows, 3);
    assert_memory_equal(x.items, expected, sizeof expected);
    assert_memory_equal(x.starts, starts, sizeof starts);
    assert_int_equal(x.times_s[1], 3 * 86400);
    assert_int_equal(x.degree[0], 2);
    assert_int_equal(x.degree[1], 2);
    interactions_free(&x);
    examples_free(&(struct examples){0});
    random_model_free(&l->random);
    free(l);
}

/* ---- The command ------------------------------------------------------------------------- */

static int train(struct pack_tool *t, const char *csv, const char *option, const char *value) {
    return pack_tool_run(t, train_main, "train", "--out", pack_tool_path(t, "out.pack"),
                         "--created", "2026-01-01", "--pack-version", "5", csv, option, value,
                         NULL);
}

static void training_twice_gives_the_same_bytes_and_sensible_neighbours(void **state) {
    struct pack_tool *t = *state;
    const char *csv = pack_tool_families(t);
    assert_int_equal(train(t, csv, NULL, NULL), EXIT_OK);
    assert_non_null(strstr(t->out, "60 items"));
    rename(pack_tool_path(t, "out.pack"), pack_tool_path(t, "first.pack"));

    assert_int_equal(train(t, csv, NULL, NULL), EXIT_OK);

    assert_int_equal(pack_tool_shell(t, "cmp out.pack first.pack"), 0);
    struct pack pack = {0};
    struct model m;
    struct sotto_error err = {0};
    uint8_t *bytes;
    assert_int_equal(packfile_read(pack_tool_path(t, "out.pack"), 1 << 20, &bytes, &pack.n, &err),
                     SOTTO_OK);
    pack.bytes = bytes;
    assert_int_equal(pack_parse(&pack, "out.pack", &err), SOTTO_OK);
    assert_int_equal(model_load(&m, &pack, "out.pack", &err), SOTTO_OK);
    assert_int_equal(m.n_items, 60);
    for (uint32_t i = 0; i < m.n_items; i++) { /* each item's best neighbour is of its own family */
        static int32_t sums[60];
        static uint32_t touched[60 + 256];
        uint8_t seen[8] = {0};
        struct score_work work = {sums, touched};
        const struct score_filter filter = {.seen = seen};
        struct score_hit top;
        struct score_input in = {i, m.scales[i], 0};
        seen[i >> 3] = (uint8_t)(1u << (i & 7));
        assert_int_equal(score_best(&m, &in, 1, &filter, &work, &top, 1), 1);
        assert_int_equal(model_item_id(&m, top.item)[0], model_item_id(&m, i)[0]);
    }
    assert_string_equal(model_item_id(&m, model_find(&m, "C3")), "C3");
    assert_string_equal(model_item_title(&m, model_find(&m, "C3")), "Item, C 3");
    assert_string_equal(model_group_name(&m, model_item_group(&m, model_find(&m, "C3"))),
                        "4.00 to 5.00");
    free(bytes);
}

/* The first recall that the card tells after `word`. */
static double recall_after(const char *card, const char *word) {
    static const char key[] = "\"recall_at_20\": ";
    const char *at = strstr(card, word);
    assert_non_null(at);
    at = strstr(at, key);
    assert_non_null(at);
    return strtod(at + sizeof key - 1, NULL);
}

static void card_tells_data_settings_and_held_out_quality(void **state) {
    struct pack_tool *t = *state;
    assert_int_equal(train(t, pack_tool_families(t), "--decay", "4"), EXIT_OK);

    assert_int_equal(
        pack_tool_run(t, inspect_main, "inspect", "--card", pack_tool_path(t, "out.pack"), NULL),
        EXIT_OK);

    double packed = recall_after(t->out, "\"packed\""),
           popular = recall_after(t->out, "\"popularity\"");
    assert_true(packed > 0.99 &&
                packed <= 1); /* two of the four others of a family, within twenty */
    assert_true(popular > 0.1 && popular < 0.6);
    assert_non_null(strstr(t->out, "\"decay\": 4"));
    assert_non_null(strstr(t->out, "2026-01-01T00:00:00Z"));
    assert_non_null(strstr(t->out, "\"data\""));
}

static void explain_lists_neighbours_by_title(void **state) {
    struct pack_tool *t = *state;
    assert_int_equal(train(t, pack_tool_families(t), "--no-measure", NULL), EXIT_OK);
    const char *pack = pack_tool_path(t, "out.pack");

    assert_int_equal(pack_tool_run(t, inspect_main, "inspect", "--explain", "B2", pack, NULL),
                     EXIT_OK);
    assert_non_null(strstr(t->out, "B2 Item, B 2"));
    assert_non_null(strstr(t->out, "Item, B 3"));
    assert_int_equal(pack_tool_run(t, inspect_main, "inspect", "--explain", "Z9", pack, NULL),
                     EXIT_FAILED);
    assert_non_null(strstr(t->err, "Z9"));
}

static void lists_are_learnt_whole_and_tables_from_five_baskets_on(void **state) {
    struct pack_tool *t = *state;
    const char *lists =
        pack_tool_write(t, "lists.txt", "u1 a b c\nu2 a b\nu3 b c d\nu4 a c\nu5 a b c\nu6 a b\n");
    static const char *const goals[] = {"ranking", "sessions", "basket"};
    for (size_t i = 0; i < ARRAY_LEN(goals); i++) {
        assert_int_equal(train(t, lists, "--for", goals[i]), EXIT_OK);
        assert_non_null(strstr(t->out, " 4 items"));
    }
    assert_int_equal(train(t, lists, "--min-baskets", "4"), EXIT_OK);
    assert_non_null(strstr(t->out, " 3 items"));
    const char *table = pack_tool_write(t, "table.csv",
                                        "basket,item,time\n"
                                        "1,a,2025-01-01\n1,b,2025-01-01\n2,a,2025-01-01\n"
                                        "2,b,2025-01-01\n3,a,2025-01-01\n3,b,2025-01-01\n"
                                        "4,a,2025-01-01\n4,b,2025-01-01\n5,a,2025-01-01\n"
                                        "5,b,2025-01-01\n5,c,2025-01-01\n");
    assert_int_equal(train(t, table, "--for", "ranking"), EXIT_OK);
    assert_non_null(strstr(t->out, " 2 items"));
}

static void a_method_that_memory_forbids_is_refused_before_any_search(void **state) {
    struct pack_tool *t = *state;
    FILE *f = fopen(pack_tool_path(t, "wide.txt"), "w");
    assert_non_null(f);
    for (uint32_t u = 0; u < 2000; u++)
        fprintf(f, "u%u i%u i%u i%u\n", u, u * 3 % 5000, (u * 3 + 1) % 5000, (u * 3 + 2) % 5000);
    fclose(f);
    const char *lists = pack_tool_path(t, "wide.txt");
    assert_int_equal(pack_tool_run(t, train_main, "train", "--tune", "--method", "dense",
                                   "--max-memory", "150", "--out", pack_tool_path(t, "w.pack"),
                                   lists, NULL),
                     EXIT_FAILED);
    assert_non_null(strstr(t->err, "150 MiB may be used: use --method sparse"));
    assert_null(strstr(t->err, "tuning"));
}

static void a_customer_too_large_to_learn_from_whole_is_told(void **state) {
    struct pack_tool *t = *state;
    const char *csv = pack_tool_path(t, "giant.csv");
    FILE *f = fopen(csv, "w");
    assert_non_null(f);
    fputs("basket,item,time,customer\n", f);
    for (uint32_t b = 0; b < 400; b++)
        for (uint32_t k = 0; k < 13; k++)
            fprintf(f, "%u,i%u,2025-01-%02u,c\n", b, b * 13 + k, 1 + b / 20);
    fclose(f);
    if (pack_tool_run(t, train_main, "train", "--for", "next-basket", "--method", "sparse",
                      "--min-baskets", "1", "--no-measure", "--max-bytes", "4000000", "--out",
                      pack_tool_path(t, "giant.pack"), csv, NULL) != EXIT_OK)
        fail_msg("%s", t->err);
    assert_non_null(strstr(t->out, "1 baskets, lists or customers have more than 5000 items"));
    assert_int_equal(
        pack_tool_run(t, inspect_main, "inspect", "--card", pack_tool_path(t, "giant.pack"), NULL),
        EXIT_OK);
    assert_non_null(strstr(t->out, "\"rows_cut\": 1"));
}

/* Coming again within one session is no return, and what is held out is not looked at. */
static void returns_are_counted_from_basket_to_basket(void **state) {
    struct pack_tool *t = *state;
    struct dataset data;
    struct fit f;
    struct sotto_error err = {0};
    const char *csv = pack_tool_path(t, "returns.csv");
    FILE *to = fopen(csv, "w");
    assert_non_null(to);
    fputs("basket,item,time,customer,category\n", to);
    for (uint32_t b = 0; b < 120; b++) {
        for (uint32_t k = 0; k < 3; k++) /* looked at thrice, never again */
            fprintf(to, "%u,once%u,2025-01-01T10:%02u:0%uZ,c%u,once\n", b, b, b % 60, k, b % 4);
        fprintf(to, "%u,usual%u,2025-01-01T10:%02u:03Z,c%u,usual\n", b, b % 4, b % 60, b % 4);
    }
    fclose(to);
    const struct dataset_options how = {
        .map = "basket=basket,item=item,time=time,customer=customer,category=category",
        .keeps_sequence = 1};
    if (dataset_read(&data, csv, &how, &err) != SOTTO_OK) fail_msg("%s", err.message);
    struct fit_options o = train_defaults(GOAL_SESSIONS, 1).fit;
    o.min_baskets = 1;
    if (fit_learn(&f, &data, data.n_baskets, NULL, &o, NULL, &err) != SOTTO_OK)
        fail_msg("%s", err.message);
    double rates[2] = {0};
    for (uint32_t g = 0; g < f.groups.n; g++)
        if (strcmp(f.groups.names[g], "once") == 0 || strcmp(f.groups.names[g], "usual") == 0)
            rates[f.groups.names[g][0] == 'u'] = f.repeat_rates[g];
    assert_true(rates[1] > 1);
    assert_true(rates[0] > 0 && rates[0] < 0.1);
    fit_free(&f);
    dataset_free(&data);
}

/* Of 1,400 items the matrix does not fit, of the 1,200 before the held-out part it would: what is
 * measured is the method that is shipped all the same. */
static void what_is_measured_is_what_is_shipped(void **state) {
    struct pack_tool *t = *state;
    struct dice d = {11};
    const char *lists = pack_tool_path(t, "growing.txt");
    FILE *f = fopen(lists, "w");
    assert_non_null(f);
    for (uint32_t s = 0; s < 1000; s++) {
        fprintf(f, "s%u", s);
        for (uint32_t k = 0; k < 5; k++) { /* most of a basket is of one of 60 families */
            uint32_t known =
                dice_below(&d, 3) ? s % 60 * 20 + dice_below(&d, 20) : dice_below(&d, 1200);
            fprintf(f, " i%u", s < 900 || k % 3 == 1 ? known : 1200 + s % 100 * 3 + k % 3);
        }
        fprintf(f, "\n");
    }
    fclose(f);
    static char figures[2][256];
    for (int named = 0; named < 2; named++) {
        if (pack_tool_run(t, train_main, "train", "--for", "basket", "--threads", "1",
                          "--max-memory", "75", "--candidates", "3", "--method",
                          named ? "sparse" : "auto", "--out", pack_tool_path(t, "g.pack"), lists,
                          NULL) != EXIT_OK)
            fail_msg("%s", t->err);
        assert_non_null(strstr(t->out, "(sparse)"));
        const char *at = strstr(t->out, "packed");
        assert_non_null(at);
        snprintf(figures[named], sizeof figures[named], "%.*s", (int)strcspn(at, "\n"), at);
    }
    assert_string_equal(figures[0], figures[1]);
}

static void pack_never_exceeds_the_bytes_it_may_have(void **state) {
    struct pack_tool *t = *state;
    const char *csv = pack_tool_families(t);
    static const char *const limits[] = {"9000", "10000", "12000"};
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        assert_int_equal(train(t, csv, "--max-bytes", limits[i]), EXIT_OK);
        char *none = NULL;
        FILE *f = fopen(pack_tool_path(t, "out.pack"), "r");
        assert_non_null(f);
        fseek(f, 0, SEEK_END);
        assert_true(ftell(f) <= strtol(limits[i], &none, 10));
        fclose(f);
    }
}

/* Families of six over 400 days; of every ten baskets one bears `odd_day`. */
static const char *dated(struct pack_tool *t, const char *odd_day) {
    static const char file[] = "dated.csv";
    const char *path = pack_tool_path(t, file);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("basket,item,time\n", f);
    for (uint32_t b = 0; b < 800; b++) {
        char day[16];
        snprintf(day, sizeof day, "20%02u-%02u-%02u", 23 + b / 2 / 365, 1 + b / 2 % 365 / 31,
                 1 + b / 2 % 28);
        for (uint32_t k = 0; k < 4; k++)
            fprintf(f, "%u,i%u,%sT10:00:0%uZ\n", b, b % 12 * 6 + (b / 12 + k) % 6,
                    odd_day && b % 10 == 9 ? odd_day : day, k);
    }
    assert_int_equal(fclose(f), 0);
    return path;
}

static void dates_that_cannot_be_neither_break_learning_nor_go_unsaid(void **state) {
    struct pack_tool *t = *state;
    const char *warning = "fewer than 1 % of the baskets count";

    assert_int_equal(train(t, dated(t, NULL), "--row-half-life", "1"), EXIT_OK);
    assert_non_null(strstr(t->out, warning));

    assert_int_equal(train(t, dated(t, "1970-01-01"), "--row-half-life", "45"), EXIT_OK);
    assert_null(strstr(t->out, warning));

    FILE *f = fopen(dated(t, NULL), "a");
    assert_non_null(f);
    fputs("x,i1,2099-01-01T00:00:00Z\nx,i2,2099-01-01T00:00:00Z\n", f);
    fclose(f);
    assert_int_equal(train(t, pack_tool_path(t, "dated.csv"), "--row-half-life", "45"), EXIT_OK);
    assert_non_null(strstr(t->out, warning));

    /* Sessions long enough for places a dozen windows apart. */
    f = fopen(pack_tool_path(t, "long.txt"), "w");
    assert_non_null(f);
    for (uint32_t s = 0; s < 300; s++) {
        fprintf(f, "s%u", s);
        for (uint32_t k = 0; k < 40; k++) fprintf(f, " i%u", (s * 7 + k * 3) % 50);
        fputc('\n', f);
    }
    fclose(f);
    if (pack_tool_run(t, train_main, "train", "--for", "sessions", "--mix", "0", "--window", "0.1",
                      "--out", pack_tool_path(t, "long.pack"), pack_tool_path(t, "long.txt"),
                      NULL) != EXIT_OK)
        fail_msg("%s", t->err);
}

static void each_failure_says_what_to_do_and_leaves_no_pack(void **state) {
    struct pack_tool *t = *state;
    const char *csv = pack_tool_families(t);
    static const struct {
        const char *option, *value;
        int code;
        const char *says;
    } cases[] = {
        {"--min-baskets", "100000", EXIT_FAILED, "lower --min-baskets"},
        {"--max-bytes", "1000", EXIT_FAILED, "raise --max-bytes or --min-baskets"},
        {"--max-memory", "1", EXIT_FAILED, "raise --min-baskets"},
        {"--for", "fun", EXIT_USAGE,
         "--for \"fun\" is none of basket, next-basket, sessions, ranking"},
        {"--method", "magic", EXIT_USAGE, "--method"},
        {"--mix", "1.5", EXIT_USAGE, "--mix"},
        {"--negative", "maybe", EXIT_USAGE, "--negative"},
        {"--until", "2001-01-01", EXIT_INTEGRITY, "--until"},
        {"--map", "basket=Nope", EXIT_USAGE, "Nope"},
        {"--min-baskets", "0", EXIT_USAGE, "--min-baskets"},
        {"--neighbours", "many", EXIT_USAGE, "--neighbours \"many\" is not a whole number"},
        {"--max-bytes", "-1", EXIT_USAGE, "--max-bytes"},
        {"--alpha-user", "2", EXIT_USAGE, "--alpha-user \"2\" is not a number from 0 to 1"},
        {"--alpha-item", "nan", EXIT_USAGE, "--alpha-item"},
        {"--lambda-factor", "0", EXIT_USAGE, "--lambda-factor"},
        {"--decay", "x", EXIT_USAGE, "--decay"},
        {"--half-life", "-3", EXIT_USAGE, "--half-life"},
        {"--threads", "0", EXIT_USAGE, "--threads"},
        {"--from", "yesterday", EXIT_USAGE, "--from \"yesterday\" is not a date"},
        {"--pack-version", "0", EXIT_USAGE, "--pack-version"},
        {"--not-after", "2025-01-01", EXIT_USAGE, "--not-after"},
        {"--device-class", "sixteen-bytes-xx", EXIT_USAGE, "device class"},
        {"--no-such", "x", EXIT_USAGE, "--no-such"},
        {"--decay", NULL, EXIT_USAGE, "--decay"},
        {"extra.csv", NULL, EXIT_USAGE, "extra.csv"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int code = train(t, csv, cases[i].option, cases[i].value);
        if (code != cases[i].code || !strstr(t->err, cases[i].says))
            fail_msg("%s %s gave %d and: %s", cases[i].option, cases[i].value ? cases[i].value : "",
                     code, t->err);
        assert_int_not_equal(access(pack_tool_path(t, "out.pack"), F_OK), 0);
    }
    assert_int_equal(train(t, pack_tool_path(t, "none.csv"), NULL, NULL), EXIT_FAILED);
    assert_non_null(strstr(t->err, "none.csv"));
    assert_int_equal(pack_tool_run(t, train_main, "train", csv, NULL), EXIT_USAGE);
    assert_non_null(strstr(t->err, "--out"));
    assert_int_equal(pack_tool_run(t, train_main, "train", "--out", "x", NULL), EXIT_USAGE);
    assert_int_equal(pack_tool_run(t, train_main, "train", "--out", "x", "--from", "2025-02-01",
                                   "--until", "2025-01-01", csv, NULL),
                     EXIT_USAGE);
    assert_int_equal(
        pack_tool_run(t, train_main, "train", "--out", pack_tool_path(t, "no/out.pack"), csv, NULL),
        EXIT_FAILED);
    assert_non_null(strstr(t->err, "no/out.pack"));
    assert_int_equal(pack_tool_run(t, train_main, "train", "--out", csv, csv, NULL), EXIT_USAGE);
    assert_non_null(strstr(t->err, "would replace what is read"));
    assert_int_equal(pack_tool_run(t, train_main, "train", "--help", NULL), EXIT_OK);
    assert_non_null(strstr(t->out, "usage: sotto-pack train"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, pack_tool_setup, pack_tool_teardown)

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_most_sixty_four_groups_are_made_the_rest_is_other),
        cmocka_unit_test(text_is_cut_between_characters_and_cleaned),
        cmocka_unit_test(half_a_basket_is_asked_for_the_other_half),
        cmocka_unit_test(sessions_are_asked_at_every_step_and_items_may_come_again),
        cmocka_unit_test(next_basket_is_asked_of_customers_known_before),
        cmocka_unit_test(customers_count_by_the_root_of_how_often_they_come),
        cmocka_unit_test(as_many_examples_are_taken_as_may_be),
        cmocka_unit_test(a_history_is_the_latest_that_is_known),
        cmocka_unit_test(held_out_part_of_a_row_is_neither_learnt_nor_known),
        cmocka_unit_test(customers_rows_hold_each_item_once_and_strangers_stay_apart),
        IN_FOLDER(training_twice_gives_the_same_bytes_and_sensible_neighbours),
        IN_FOLDER(card_tells_data_settings_and_held_out_quality),
        IN_FOLDER(explain_lists_neighbours_by_title),
        IN_FOLDER(lists_are_learnt_whole_and_tables_from_five_baskets_on),
        IN_FOLDER(a_method_that_memory_forbids_is_refused_before_any_search),
        IN_FOLDER(a_customer_too_large_to_learn_from_whole_is_told),
        IN_FOLDER(returns_are_counted_from_basket_to_basket),
        IN_FOLDER(what_is_measured_is_what_is_shipped),
        IN_FOLDER(pack_never_exceeds_the_bytes_it_may_have),
        IN_FOLDER(dates_that_cannot_be_neither_break_learning_nor_go_unsaid),
        IN_FOLDER(each_failure_says_what_to_do_and_leaves_no_pack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
