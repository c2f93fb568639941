/* Tuning: it repeats, never ends worse than it began, looks at nothing but what it may, and says
 * what it tried. How examples are measured is test_train's. */
#include "tests/support/test.h"

#include "crypto/crypto.h"
#include "tests/support/dice.h"
#include "tests/support/pack_tool.h"
#include "tools/common/cli.h"
#include "tools/sotto-pack/commands.h"
#include "tools/sotto-pack/tune.h"

/* Sales of three kinds of shoppers, so that no parameter is right for all: most baskets are of one
 * of `families` families, some are best sellers, some are chance. From `day` on everything is
 * `spoilt`: other items together. */
static const char *shop(struct pack_tool *t, const char *name, uint32_t families, int spoilt_day) {
    struct dice d = {7};
    const char *path = pack_tool_path(t, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("basket,item,time,customer\n", f);
    for (uint32_t b = 0; b < 900; b++) {
        uint32_t family = dice_below(&d, families), kind = dice_below(&d, 10);
        int day = 1 + (int)b / 30;
        for (uint32_t k = 0; k < 6; k++) {
            uint32_t item = family * 8 + dice_below(&d, 8);
            if (kind == 0) item = dice_below(&d, 12);
            if (kind == 1 || day >= spoilt_day) item = dice_below(&d, families * 8);
            fprintf(f, "%u,i%u,2025-03-%02dT10:00:%02uZ,c%u\n", b, item, day, k,
                    family * 3 + b % 3);
        }
    }
    assert_int_equal(fclose(f), 0);
    return path;
}

static void read_shop(struct pack_tool *t, struct dataset *data, uint32_t families) {
    const struct dataset_options how = {0};
    struct sotto_error err = {0};
    if (dataset_read(data, shop(t, "shop.csv", families, 99), &how, &err) != SOTTO_OK)
        fail_msg("%s", err.message);
}

static struct fit_options beginning(void) {
    return (struct fit_options){.learn = {.gram = {.alpha_user = 1, .alpha_item = 0, .mix = 1},
                                          .lambda_factor = 384,
                                          .candidates = 100,
                                          .threads = 2},
                                .serve = {.prior_strength = 8},
                                .min_baskets = 1};
}

static void tuning_repeats_itself_and_ends_no_worse_than_it_began(void **state) {
    struct dataset data;
    struct examples examples;
    struct sotto_error err = {0};
    const struct tune_request request = {.edge_bytes = 20000};
    static struct tune_log once, twice;
    read_shop(*state, &data, 12);
    for (enum goal goal = GOAL_BASKET; goal <= GOAL_NEXT_BASKET; goal++) {
        struct fit_options a = beginning(), b = beginning();
        memset(&once, 0, sizeof once);
        memset(&twice, 0, sizeof twice);
        assert_int_equal(examples_make(&examples, &data, goal, &err), SOTTO_OK);
        if (tune_options(&a, &examples, &request, &once, &err) != SOTTO_OK)
            fail_msg("%s", err.message);
        assert_int_equal(tune_options(&b, &examples, &request, &twice, &err), SOTTO_OK);

        assert_true(once.n > 20 && once.n == twice.n);
        for (uint32_t i = 0; i < once.n; i++) {
            assert_string_equal(once.v[i].name, twice.v[i].name);
            assert_true(once.v[i].value == twice.v[i].value &&
                        once.v[i].recall == twice.v[i].recall && once.v[i].ndcg == twice.v[i].ndcg);
        }
        assert_true(a.learn.lambda_factor == b.learn.lambda_factor &&
                    a.learn.gram.alpha_item == b.learn.gram.alpha_item &&
                    a.serve.prior_strength == b.serve.prior_strength &&
                    a.by_customer == b.by_customer);

        /* The beginning is bad on purpose, and everything that was tried is in the log. */
        const struct quality start = {.recall = once.v[0].recall, .ndcg = once.v[0].ndcg};
        assert_string_equal(once.v[0].name, "start");
        assert_true(quality_of(&once.packed, goal) > quality_of(&start, goal));
        assert_int_equal(a.method, METHOD_DENSE); /* what was tuned, whatever else would fit */
        assert_true(quality_of(&once.packed, goal) > quality_of(&once.popular, goal));
        examples_free(&examples);
    }
    dataset_free(&data);
}

static void measuring_alone_changes_nothing(void **state) {
    struct dataset data;
    struct examples examples;
    struct sotto_error err = {0};
    const struct tune_request request = {.edge_bytes = 20000, .is_measured_only = 1};
    static struct tune_log log;
    struct fit_options o = beginning(), before = o;
    read_shop(*state, &data, 12);
    assert_int_equal(examples_make(&examples, &data, GOAL_BASKET, &err), SOTTO_OK);
    assert_int_equal(tune_options(&o, &examples, &request, &log, &err), SOTTO_OK);
    assert_true(o.learn.lambda_factor == before.learn.lambda_factor &&
                o.learn.gram.alpha_user == before.learn.gram.alpha_user &&
                o.serve.prior_strength == before.serve.prior_strength);
    assert_true(log.packed.examples > 50 && log.packed.examples == log.popular.examples);
    examples_free(&examples);
    dataset_free(&data);
}

static double value_of(const struct tune_trial *t, enum goal goal) {
    const struct quality q = {t->recall, t->ndcg, t->hit, t->reciprocal, 1};
    return quality_of(&q, goal);
}

/* A catalogue too large to learn in closed form at every trial is searched by the sparse method,
 * then learnt in full, and whatever is better is kept: by name, or as it is. */
static void what_is_too_large_for_trials_is_learnt_by_the_better_method(void **state) {
    struct dataset data;
    struct examples examples;
    struct sotto_error err = {0};
    static struct tune_log log;
    read_shop(*state, &data, 12);
    for (enum goal goal = GOAL_BASKET; goal <= GOAL_SESSIONS; goal++)
        for (int room = 400; room <= 20000; room *= 50) {
            const struct tune_request request = {
                .edge_bytes = (uint64_t)room, .trial_work = 1, .full_work = 1};
            struct fit_options o = beginning();
            memset(&log, 0, sizeof log);
            assert_int_equal(examples_make(&examples, &data, goal, &err), SOTTO_OK);
            if (tune_options(&o, &examples, &request, &log, &err) != SOTTO_OK)
                fail_msg("%s", err.message);

            /* The beginning, the best place, and in full. */
            uint32_t starts = 0, full = 0;
            double quick = 0;
            for (uint32_t i = 0; i < log.n; i++) {
                if (strcmp(log.v[i].name, "start") == 0 && ++starts == 3) full = i;
                if (!full && log.v[i].is_better)
                    quick = starts < 2 ? quick : value_of(&log.v[i], goal);
            }
            assert_int_equal(starts, 3);
            /* At most four were learnt in full: the start and three others. */
            uint32_t learnt = 1;
            for (uint32_t i = full; i < log.n; i++)
                learnt += strcmp(log.v[i].name, "lambda_factor") == 0;
            assert_in_range(learnt, 2, 4);
            double end = quality_of(&log.packed, goal);
            assert_true(o.method == METHOD_DENSE || o.method == METHOD_SPARSE);
            assert_true(end >= quick);
            if (o.method == METHOD_SPARSE) assert_true(end == quick);
            examples_free(&examples);
        }

    /* Who names a method gets it. */
    struct fit_options o = beginning();
    o.method = METHOD_SPARSE;
    memset(&log, 0, sizeof log);
    assert_int_equal(examples_make(&examples, &data, GOAL_BASKET, &err), SOTTO_OK);
    assert_int_equal(
        tune_options(&o, &examples, &(struct tune_request){.edge_bytes = 20000}, &log, &err),
        SOTTO_OK);
    assert_int_equal(o.method, METHOD_SPARSE);
    examples_free(&examples);
    dataset_free(&data);
}

/* No trial twice: neither in another round nor from another place. */
static void nothing_is_tried_twice(void **state) {
    struct dataset data;
    struct examples examples;
    struct sotto_error err = {0};
    static struct tune_log log;
    struct fit_options o = beginning();
    read_shop(*state, &data, 12);
    assert_int_equal(examples_make(&examples, &data, GOAL_BASKET, &err), SOTTO_OK);
    assert_int_equal(
        tune_options(&o, &examples, &(struct tune_request){.edge_bytes = 20000}, &log, &err),
        SOTTO_OK);
    uint32_t from = 0, draws = 0;
    for (uint32_t i = 0; i < log.n; i++) {
        const struct tune_trial *a = &log.v[i];
        draws += strcmp(a->name, "draw") == 0;
        if (a->is_better) from = i; /* from here on something else is the rest */
        for (uint32_t k = from + 1; k < i; k++)
            if (strcmp(a->name, log.v[k].name) == 0 && a->value == log.v[k].value)
                fail_msg("%s %g was tried twice", a->name, a->value);
    }
    assert_int_equal(draws, 32);
    examples_free(&examples);
    dataset_free(&data);
}

/* ---- The command ------------------------------------------------------------------------- */

/* What the card of a tuned pack tells of learning: settings, figures, all trials. */
static char *learning_of(struct pack_tool *t, const char *csv) {
    const char *pack = pack_tool_path(t, "out.pack");
    if (pack_tool_run(t, train_main, "train", "--tune", "--until", "2025-03-25", "--min-baskets",
                      "1", "--created", "2026-01-01", "--out", pack, csv, NULL) != EXIT_OK)
        fail_msg("%s", t->err);
    assert_int_equal(pack_tool_run(t, inspect_main, "inspect", "--card", pack, NULL), EXIT_OK);
    char *from = strstr(t->out, "\"learning\""), *to = strstr(t->out, "\"data\"");
    assert_non_null(from);
    assert_non_null(to);
    assert_true(from < to && strstr(from, "\"tried\"") < to);
    return strndup(from, (size_t)(to - from));
}

static void what_comes_after_until_has_no_say(void **state) {
    struct pack_tool *t = *state;
    char *plain = learning_of(t, shop(t, "plain.csv", 12, 99));
    char *spoilt = learning_of(t, shop(t, "spoilt.csv", 12, 25));
    assert_string_equal(plain, spoilt);
    assert_non_null(strstr(plain, "\"lambda_factor\""));
    free(spoilt);
    spoilt = learning_of(t, shop(t, "spoilt.csv", 12, 24)); /* but a day before it does */
    assert_string_not_equal(plain, spoilt);
    free(plain);
    free(spoilt);
}

/* The list of trials must not eat the room that was measured with, nor may a bound on neighbours
 * that does not fit be found out after all the work. */
static void tuned_packs_keep_to_their_room_and_tell_how_they_were_judged(void **state) {
    struct pack_tool *t = *state;
    const char *csv = shop(t, "shop.csv", 12, 99), *pack = pack_tool_path(t, "out.pack");
    static const char *const limits[] = {"18500", "40000"};
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        long most = strtol(limits[i], NULL, 10);
        if (pack_tool_run(t, train_main, "train", "--tune", "--for", "next-basket", "--threads",
                          "1", "--min-baskets", "1", "--neighbours", "95", "--max-bytes", limits[i],
                          "--out", pack, csv, NULL) != EXIT_OK)
            fail_msg("%s", t->err);
        assert_non_null(strstr(t->out, "all parameters were chosen on these"));
        assert_int_equal(pack_tool_run(t, inspect_main, "inspect", "--card", pack, NULL), EXIT_OK);
        const char *tried = strstr(t->out, "\"tried\": [");
        assert_non_null(tried);
        size_t listed = strcspn(tried, "]");
        assert_true(listed <= (size_t)most / 16 + 32);
        assert_int_equal(strstr(t->out, "\"tried_left_out\"") != NULL, most < 100000);
        assert_non_null(strstr(tried, "start"));
        assert_non_null(strstr(t->out, "\"parameters_chosen_on_these\": true"));
        assert_non_null(strstr(t->out, "customers count by the root of how often they come"));
        assert_non_null(strstr(t->out, "\"widest_neighbours\": 95"));
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, pack_tool_setup, pack_tool_teardown)

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        IN_FOLDER(tuning_repeats_itself_and_ends_no_worse_than_it_began),
        IN_FOLDER(measuring_alone_changes_nothing),
        IN_FOLDER(what_is_too_large_for_trials_is_learnt_by_the_better_method),
        IN_FOLDER(nothing_is_tried_twice),
        IN_FOLDER(tuned_packs_keep_to_their_room_and_tell_how_they_were_judged),
        IN_FOLDER(what_comes_after_until_has_no_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
