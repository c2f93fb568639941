/* Training: EASE against numbers worked out by hand, rounding within its bound, and the command
 * from CSV to pack. */
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

/* ---- The algebra ------------------------------------------------------------------------- */

static void ease_equals_the_numbers_worked_out_by_hand(void **state) {
    (void)state;
    /* Baskets {0, 1}, {0}, {1}; no normalisation; lambda = 0.5 · 2 = 1:
     * P = inverse of (3 1; 1 3), B01 = −P01 / P11 = 1/3. */
    uint32_t plain_items[] = {0, 1, 0, 1};
    size_t plain_starts[] = {0, 2, 3, 4};
    int64_t times[3] = {0};
    struct interactions plain = {.n_items = 2,
                                 .n_baskets = 3,
                                 .items = plain_items,
                                 .starts = plain_starts,
                                 .times_s = times};
    const struct ease_params none = {.lambda_factor = 0.5, .threads = 1};
    /* Baskets {1, 0}, {0}; both exponents 1/2, lambda = 0.8 · 0.625 = 0.5:
     * G + lambda I = (1.25 1/√8; 1/√8 1), B01 = √8/10, B10 = 1/√8; times d_j^½ / d_i^½ with d = (2,
     * 1): 1/5 and 1/2. */
    uint32_t items[] = {1, 0, 0};
    size_t starts[] = {0, 2, 3};
    struct interactions x = {
        .n_items = 2, .n_baskets = 2, .items = items, .starts = starts, .times_s = times};
    const struct ease_params half = {0.5, 0.5, 0.8, 1};
    struct sotto_error err = {0};
    struct ease e;
    float row[2];

    assert_int_equal(ease_learn(&e, &plain, &none, UINT64_MAX, "test", &err), SOTTO_OK);
    ease_row(&e, 0, row);
    assert_true(row[0] == 0 && fabs(row[1] - 1.0 / 3) < 1e-6);
    ease_free(&e);

    assert_int_equal(ease_learn(&e, &x, &half, UINT64_MAX, "test", &err), SOTTO_OK);
    assert_true(fabs(e.lambda - 0.5) < 1e-6);
    ease_row(&e, 0, row);
    assert_true(row[0] == 0 && fabs(row[1] - 0.2) < 1e-6);
    ease_row(&e, 1, row);
    assert_true(row[1] == 0 && fabs(row[0] - 0.5) < 1e-6);
    ease_free(&e);
}

/* (G + lambda I) · P must be the identity, whatever LAPACK did. */
static void inverse_times_matrix_is_the_identity(void **state) {
    (void)state;
    enum { N = 600, BASKETS = 2400 }; /* three blocks, the last one cut */
    struct dice d = {42};
    static uint32_t items[BASKETS * 6];
    static size_t starts[BASKETS + 1];
    static int64_t times[BASKETS];
    static double g[N][N];
    size_t at = 0;
    for (uint32_t b = 0; b < BASKETS; b++) {
        uint32_t first = dice_below(&d, N), n = 1 + dice_below(&d, 6);
        for (uint32_t k = 0; k < n; k++) items[at++] = (first + k * 7) % N;
        starts[b + 1] = at;
        for (size_t i = starts[b]; i < at; i++)
            for (size_t j = starts[b]; j < at; j++) g[items[i]][items[j]] += 1;
    }
    struct interactions x = {
        .n_items = N, .n_baskets = BASKETS, .items = items, .starts = starts, .times_s = times};
    const struct ease_params params = {.lambda_factor = 2, .threads = 1};
    struct sotto_error err = {0};
    struct ease e;

    assert_int_equal(ease_learn(&e, &x, &params, UINT64_MAX, "test", &err), SOTTO_OK);

    for (uint32_t i = 0; i < N; i++) g[i][i] += e.lambda;
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t j = 0; j < N; j++) {
            double sum = 0;
            for (uint32_t k = 0; k < N; k++) sum += g[i][k] * (double)e.inverse[k * N + j];
            if (fabs(sum - (i == j)) > 1e-4) fail_msg("entry %u, %u is %g", i, j, sum);
        }
    ease_free(&e);
}

static void too_little_memory_is_said_before_any_is_taken(void **state) {
    (void)state;
    struct interactions x = {.n_items = 60000, .n_baskets = 0};
    const struct ease_params params = {.lambda_factor = 1, .threads = 1};
    struct sotto_error err = {0};
    struct ease e;

    assert_int_equal(ease_learn(&e, &x, &params, 1u << 30, "test", &err), SOTTO_E_MEMORY);

    assert_null(e.inverse);
    assert_non_null(strstr(err.message, "60000 items needs 13.5 GiB"));
    assert_non_null(strstr(err.message, "--min-baskets"));
}

/* ---- Rounding ---------------------------------------------------------------------------- */

/* An ease whose rows are exactly the given matrix, off the diagonal. */
static struct ease ease_of(float *matrix, double *ones, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) ones[i] = 1;
    return (struct ease){.n = n, .inverse = matrix, .fold = ones, .gain = ones};
}

static void rounding_stays_within_its_bound_and_keeps_the_strongest(void **state) {
    (void)state;
    enum { N = 90, KEEP = 20 };
    static float matrix[N * N];
    static double ones[N];
    struct dice d = {7};
    struct sotto_error err = {0};
    struct quantised q;
    for (uint32_t i = 0; i < N; i++) { /* rows of very different strength, with negative weights */
        double strength = exp2(-(double)dice_below(&d, 12));
        for (uint32_t j = 0; j < N; j++)
            matrix[i * N + j] = (float)(strength * ((double)dice_below(&d, 100000) / 50000 - 0.7));
    }
    struct ease e = ease_of(matrix, ones, N);

    assert_int_equal(quantise_rows(&q, &e, KEEP, 0, &err), SOTTO_OK);

    for (uint32_t i = 0; i < N; i++) {
        float *row = matrix + (size_t)i * N, most = 0, weakest_kept = INFINITY;
        uint8_t is_kept[N] = {0};
        row[i] = 0;
        for (uint32_t j = 0; j < N; j++) most = row[j] > most ? row[j] : most;
        double bound = (most / 127 + q.unit) / 2 * (1 + 1e-6);
        assert_true(q.row_starts[i + 1] - q.row_starts[i] <= KEEP);
        for (uint32_t k = q.row_starts[i]; k < q.row_starts[i + 1]; k++) {
            uint32_t j = q.columns[k];
            assert_true(q.weights[k] > 0 && j != i);
            assert_true(k == q.row_starts[i] || q.columns[k - 1] < j);
            if (fabs(row[j] - q.weights[k] * q.scales[i] * q.unit) > bound)
                fail_msg("row %u column %u: %g became %g", i, j, (double)row[j],
                         q.weights[k] * q.scales[i] * q.unit);
            is_kept[j] = 1;
            weakest_kept = fminf(weakest_kept, row[j]);
        }
        for (uint32_t j = 0; j < N; j++) /* what was left out is weaker, or rounds to nothing */
            if (!is_kept[j]) assert_true(row[j] <= weakest_kept || row[j] <= bound);
    }
    quantise_free(&q);
}

static void neighbours_are_as_many_as_the_edges_allow(void **state) {
    (void)state;
    enum { N = 40 };
    static float matrix[N * N];
    static double ones[N];
    struct dice d = {9};
    struct sotto_error err = {0};
    struct quantised q;
    for (uint32_t i = 0; i < N * N; i++) matrix[i] = (float)dice_below(&d, 1000) - 500;
    struct ease e = ease_of(matrix, ones, N);
    for (uint64_t most = 0; most < 700; most += 37) {
        assert_int_equal(quantise_rows(&q, &e, 0, most, &err), SOTTO_OK);
        uint32_t n = q.neighbours, edges = q.n_edges;
        quantise_free(&q);
        assert_true(edges <= most);

        assert_int_equal(quantise_rows(&q, &e, n + 1, 0, &err), SOTTO_OK);
        assert_true(q.n_edges > most);
        quantise_free(&q);
    }
}

static void decay_begins_at_one_falls_and_ends(void **state) {
    (void)state;
    uint16_t table[MODEL_DECAY_MAX];
    uint32_t n = quantise_decay(table, 5);
    assert_int_equal(table[0], MODEL_UNIT);
    assert_int_equal(table[5], 12055); /* 32768 / e = 12054.7 */
    assert_int_equal(n, 56);           /* 32768 · exp(−56 / 5) = 0.45 */
    assert_int_equal(quantise_decay(table, 1000), MODEL_DECAY_MAX);
    assert_int_equal(quantise_decay(table, 0.1), 2); /* 32768 · exp(−10) = 1.49, then nothing */
}

static void prior_orders_by_recent_popularity_and_stays_small(void **state) {
    (void)state;
    /* Item 1 was bought thrice long ago, item 0 once just now, item 2 never of late. */
    uint32_t items[] = {1, 1, 1, 2, 0};
    size_t starts[] = {0, 1, 2, 3, 4, 5};
    int64_t times[] = {0, 0, 0, 0, 300 * 86400};
    struct interactions x = {
        .n_items = 3, .n_baskets = 5, .items = items, .starts = starts, .times_s = times};
    uint32_t rows[] = {0, 1, 2, 3};
    uint16_t columns[] = {1, 0, 0}, scales[] = {1000, 20000, 30000};
    int8_t weights[] = {127, 127, 127};
    struct quantised q = {.n_items = 3,
                          .n_edges = 3,
                          .row_starts = rows,
                          .columns = columns,
                          .weights = weights,
                          .scales = scales};
    double all[3], recent[3];
    int32_t prior[3];

    interactions_popularity(&x, 0, all);
    interactions_popularity(&x, 30, recent);
    quantise_prior(prior, &q, recent, 0.01);

    assert_true(all[0] == 1 && all[1] == 3 && all[2] == 1);
    assert_true(recent[0] == 1 && fabs(recent[1] - 3.0 / 1024) < 1e-12);
    assert_true(prior[0] > prior[1] && prior[1] > prior[2]);
    assert_int_equal(prior[2], 0);
    assert_int_equal(prior[0], 127 * 20000 / 100); /* 0.01 of the median row's strongest weight */
}

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

static void held_out_quality_equals_a_case_worked_out_by_hand(void **state) {
    (void)state;
    enum { N = 40 };
    struct random_model r;
    struct dice d = {1};
    uint32_t model_of[N], basket_items[] = {1, 2, 3, 25, 26, 0, 30, 1, 2, 3};
    struct dataset_basket baskets[] = {
        {.n = 3, .first = 0}, {.n = 4, .first = 3}, {.n = 3, .first = 7}};
    struct dataset data = {
        .baskets = baskets, .basket_items = basket_items, .n_items = N, .n_baskets = 3};
    struct interactions x = {.n_items = N, .model_of = model_of};
    const struct holdout h = {&data, &x, 1};
    struct holdout_quality q;
    struct sotto_error err = {0};
    random_model_make(&r, &d, N, 0);
    int32_t prior[N];
    for (uint32_t i = 0; i < N; i++) {
        model_of[i] = i;
        prior[i] = -(int32_t)i; /* so the slate is 0 … 19 */
    }
    r.model.prior = prior;

    assert_int_equal(holdout_popular(&h, &r.model, &q, &err), SOTTO_OK);

    assert_int_equal(q.baskets, 1); /* the first is for training, the last is too short */
    assert_true(q.hit == 1 && q.recall == 0.5); /* item 0 is hit at the top, item 30 is not */
    assert_true(fabs(q.ndcg - 1 / (1 + 1 / log2(3))) < 1e-12);
    random_model_free(&r);
}

/* ---- The command ------------------------------------------------------------------------- */

/* Forty days of baskets of four out of one of ten families of six items. */
static const char *families(struct pack_tool *t) {
    struct dice d = {11};
    const char *path = pack_tool_path(t, "sales.csv");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("basket,item,time,title,quantity,price\n", f);
    for (uint32_t b = 0; b < 800; b++) {
        uint32_t family = dice_below(&d, 10), first = dice_below(&d, 6);
        for (uint32_t k = 0; k < 4; k++) {
            uint32_t member = (first + k * (1 + b % 5 / 4 * 4)) % 6;
            fprintf(f, "%u,%c%u,2025-%02u-%02uT10:00:00Z,\"Item, %c %u\",1,%u.49\n", 1000 + b,
                    'A' + (int)family, member, 1 + b / 560, 1 + b / 20 % 28, 'A' + (int)family,
                    member, member + 1);
        }
    }
    assert_int_equal(fclose(f), 0);
    return path;
}

static int train(struct pack_tool *t, const char *csv, const char *option, const char *value) {
    return pack_tool_run(t, train_main, "train", "--out", pack_tool_path(t, "out.pack"),
                         "--created", "2026-01-01", "--pack-version", "5", csv, option, value,
                         NULL);
}

static void training_twice_gives_the_same_bytes_and_sensible_neighbours(void **state) {
    struct pack_tool *t = *state;
    const char *csv = families(t);
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
        int32_t acc[60];
        uint8_t skip[8] = {0};
        uint32_t top;
        struct score_input in = {i, m.scales[i]};
        score_all(&m, &in, 1, acc);
        skip[i >> 3] = (uint8_t)(1u << (i & 7));
        assert_int_equal(score_top(acc, m.n_items, skip, &top, 1), 1);
        assert_int_equal(model_item_id(&m, top)[0], model_item_id(&m, i)[0]);
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
    assert_int_equal(train(t, families(t), "--decay", "4"), EXIT_OK);

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
    assert_int_equal(train(t, families(t), "--no-measure", NULL), EXIT_OK);
    const char *pack = pack_tool_path(t, "out.pack");

    assert_int_equal(pack_tool_run(t, inspect_main, "inspect", "--explain", "B2", pack, NULL),
                     EXIT_OK);
    assert_non_null(strstr(t->out, "B2 Item, B 2"));
    assert_non_null(strstr(t->out, "Item, B 3"));
    assert_int_equal(pack_tool_run(t, inspect_main, "inspect", "--explain", "Z9", pack, NULL),
                     EXIT_FAILED);
    assert_non_null(strstr(t->err, "Z9"));
}

static void pack_never_exceeds_the_bytes_it_may_have(void **state) {
    struct pack_tool *t = *state;
    const char *csv = families(t);
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

static void each_failure_says_what_to_do_and_leaves_no_pack(void **state) {
    struct pack_tool *t = *state;
    const char *csv = families(t);
    static const struct {
        const char *option, *value;
        int code;
        const char *says;
    } cases[] = {
        {"--min-baskets", "100000", EXIT_FAILED, "lower --min-baskets"},
        {"--max-bytes", "1000", EXIT_FAILED, "raise --max-bytes or --min-baskets"},
        {"--max-memory", "1", EXIT_FAILED, "raise --min-baskets"},
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
    assert_int_equal(pack_tool_run(t, train_main, "train", "--help", NULL), EXIT_OK);
    assert_non_null(strstr(t->out, "usage: sotto-pack train"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, pack_tool_setup, pack_tool_teardown)

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ease_equals_the_numbers_worked_out_by_hand),
        cmocka_unit_test(inverse_times_matrix_is_the_identity),
        cmocka_unit_test(too_little_memory_is_said_before_any_is_taken),
        cmocka_unit_test(rounding_stays_within_its_bound_and_keeps_the_strongest),
        cmocka_unit_test(neighbours_are_as_many_as_the_edges_allow),
        cmocka_unit_test(decay_begins_at_one_falls_and_ends),
        cmocka_unit_test(prior_orders_by_recent_popularity_and_stays_small),
        cmocka_unit_test(at_most_sixty_four_groups_are_made_the_rest_is_other),
        cmocka_unit_test(text_is_cut_between_characters_and_cleaned),
        cmocka_unit_test(held_out_quality_equals_a_case_worked_out_by_hand),
        IN_FOLDER(training_twice_gives_the_same_bytes_and_sensible_neighbours),
        IN_FOLDER(card_tells_data_settings_and_held_out_quality),
        IN_FOLDER(explain_lists_neighbours_by_title),
        IN_FOLDER(pack_never_exceeds_the_bytes_it_may_have),
        IN_FOLDER(each_failure_says_what_to_do_and_leaves_no_pack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
