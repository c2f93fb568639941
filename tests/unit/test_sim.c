/* test_sim: the simulator's own parts, which measure others and must be right themselves: the
 * made-up town, the quality measures, the oracle, the search for canaries and the page. */
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/test.h"

#include "crypto/crypto.h"
#include "sotto_report.h"
#include "tools/common/dataset.h"
#include "tools/sotto-sim/generate.h"
#include "tools/sotto-sim/html.h"
#include "tools/sotto-sim/metrics.h"
#include "tools/sotto-sim/page.h"
#include "tools/sotto-sim/scan.h"
#include "tools/sotto-sim/truth.h"

#define assert_near(a, b) assert_true(fabs((a) - (b)) < 1e-9)

/* ---- The town ---------------------------------------------------------------------------- */

static char *town(uint64_t seed, uint32_t items, uint32_t days, size_t *n) {
    struct world_config config = {.seed = seed, .items = items};
    char *text = NULL;
    FILE *to = open_memstream(&text, n);
    assert_non_null(to);
    assert_int_equal(generate_write(to, &config, days, 0), 0);
    fclose(to);
    return text;
}

static void the_same_seed_gives_the_same_bytes(void **state) {
    (void)state;
    size_t n, m, k;

    char *a = town(7, 0, 5, &n), *b = town(7, 0, 5, &m), *c = town(8, 0, 5, &k);

    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    assert_true(n != k || memcmp(a, c, n) != 0);
    free(a);
    free(b);
    free(c);
}

static void the_first_lines_never_change(void **state) {
    (void)state;
    static const char first[] =
        "basket,customer,item,title,category,quantity,price,time\n"
        "B0-0,,SO-18845,Hand-finished Glass Strainer,Tea & coffee,1,22.04,2025-01-01T09:48:57Z\n";
    size_t n;
    uint8_t hash[HASH_BYTES];
    char text[17];

    assert_int_equal(crypto_init(), 0);
    char *csv = town(1, 0, 3, &n);
    hash256(hash, csv, n);
    for (int i = 0; i < 8; i++) snprintf(text + 2 * i, 3, "%02x", hash[i]);

    assert_memory_equal(csv, first, sizeof first - 1);
    assert_string_equal(text, "278a9f411db146b3");
    free(csv);
}

static void a_later_day_needs_no_earlier_one(void **state) {
    (void)state;
    struct world_config config = {.seed = 3};
    struct world *a = world_new(&config), *b = world_new(&config);
    struct world_visit x, y;

    for (uint32_t day = 0; day < 40; day++) (void)world_visits(a, day);
    world_visit(a, 40, 5, &x);
    world_visit(b, 40, 5, &y);

    assert_memory_equal(&x, &y, sizeof x);
    world_free(a);
    world_free(b);
}

static void every_item_has_an_id_and_a_title_of_its_own(void **state) {
    (void)state;
    struct world_config config = {.seed = 11, .items = 3000};
    struct world *w = world_new(&config);

    for (uint32_t i = 0; i < 3000; i++)
        for (uint32_t j = i + 1; j < 3000; j++) {
            assert_string_not_equal(world_item(w, i)->id, world_item(w, j)->id);
            assert_string_not_equal(world_item(w, i)->title, world_item(w, j)->title);
        }
    world_free(w);
}

static void a_basket_holds_two_to_twelve_distinct_items_in_opening_hours(void **state) {
    (void)state;
    struct world_config config = {.seed = 5};
    struct world *w = world_new(&config);
    struct world_visit v;
    int64_t before = 0;

    for (uint32_t i = 0; i < world_visits(w, 9); i++) {
        world_visit(w, 9, i, &v);
        int64_t hour = v.time_s % WORLD_DAY_S / 3600;
        assert_in_range(v.n, 2, WORLD_BASKET_MAX);
        assert_in_range(hour, 9, 19);
        assert_true(v.time_s >= before);
        before = v.time_s;
        for (uint32_t a = 0; a < v.n; a++)
            for (uint32_t b = a + 1; b < v.n; b++) assert_int_not_equal(v.items[a], v.items[b]);
    }
    world_free(w);
}

static void tastes_make_items_go_together(void **state) {
    (void)state;
    enum { ITEMS = 100 };
    struct world_config config = {.seed = 2, .items = ITEMS};
    struct world *w = world_new(&config);
    static uint32_t alone[ITEMS], pairs[ITEMS][ITEMS];
    uint64_t baskets = 0;
    struct world_visit v;

    for (uint32_t day = 0; day < 60; day++)
        for (uint32_t i = 0; i < world_visits(w, day); i++, baskets++) {
            world_visit(w, day, i, &v);
            for (uint32_t a = 0; a < v.n; a++) {
                alone[v.items[a]]++;
                for (uint32_t b = 0; b < v.n; b++)
                    if (a != b) pairs[v.items[a]][v.items[b]]++;
            }
        }
    uint32_t strong = 0; /* pairs seen at least twice as often as independence would have it */
    for (uint32_t a = 0; a < ITEMS; a++)
        for (uint32_t b = a + 1; b < ITEMS; b++)
            strong += pairs[a][b] > 20 && pairs[a][b] * baskets > 2 * (uint64_t)alone[a] * alone[b];

    assert_true(strong > 100);
    world_free(w);
}

/* ---- Quality ----------------------------------------------------------------------------- */

static void quality_agrees_with_cases_worked_by_hand(void **state) {
    (void)state;
    uint32_t slate[25], many[25];
    for (uint32_t i = 0; i < 25; i++) {
        slate[i] = 100 + i;
        many[i] = 100 + i;
    }
    const struct {
        uint32_t targets[3];
        size_t n, n_slate;
        double recall, ndcg, hit;
    } cases[] = {
        {{100}, 1, 20, 1, 1, 1},                                 /* first place, only target */
        {{101}, 1, 20, 1, 0.63092975357145743710, 1},            /* second place: 1 / log2(3) */
        {{102, 7}, 2, 20, 0.5, 0.5 / 1.63092975357145743710, 1}, /* third: 1/2 of ideal 1 +
                                                                    1/log2(3) */
        {{7, 8}, 2, 20, 0, 0, 0},                                /* none */
        {{120}, 1, 25, 0, 0, 0},                                 /* place 21 does not count */
        {{100, 101, 102},
         3,
         2,
         2.0 / 3,
         1.63092975357145743710 / 2.13092975357145743710,
         1}, /* short slate */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct quality q = {0};
        quality_add(&q, slate, cases[i].n_slate, cases[i].targets, cases[i].n);
        assert_near(q.recall, cases[i].recall);
        assert_near(q.ndcg, cases[i].ndcg);
        assert_near(q.hit, cases[i].hit);
    }

    struct quality q = {0}; /* 25 targets, 20 places: all 20 hit is perfect */
    quality_add(&q, slate, 25, many, 25);
    assert_near(q.recall, 1);
    assert_near(q.ndcg, 1);
}

static void a_mean_is_over_baskets_with_targets(void **state) {
    (void)state;
    const uint32_t slate[1] = {4}, hit[1] = {4}, miss[1] = {5};
    struct quality sum = {0};

    quality_add(&sum, slate, 1, hit, 1);
    quality_add(&sum, slate, 1, miss, 1);
    quality_add(&sum, slate, 1, miss, 0);
    struct quality mean = quality_mean(&sum);

    assert_int_equal(mean.baskets, 2);
    assert_near(mean.recall, 0.5);
    assert_near(mean.hit, 0.5);
}

static void quantiles_are_of_the_nearest_rank(void **state) {
    (void)state;
    double v[5] = {9, 1, 5, 3, 7};

    assert_near(quantile(v, 5, 0.5), 5);
    assert_near(quantile(v, 5, 0.99), 9);
    assert_near(quantile(v, 5, 0), 1);
    assert_near(quantile(v, 0, 0.5), 0);
}

static void a_year_of_data_is_split_at_a_month_and_a_quarter_at_a_day(void **state) {
    (void)state;
    const struct {
        const char *first, *last, *split;
    } cases[] = {{"2010-12-01T08:26:00Z", "2011-12-09T12:50:00Z", "2011-11-01"},
                 {"2025-01-01T09:00:00Z", "2025-04-10T19:00:00Z", "2025-03-31"},
                 {"2017-01-01T00:00:00Z", "2017-12-31T23:00:00Z", "2017-11-01"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t first, last;
        char day[11];
        assert_int_equal(dataset_parse_time(cases[i].first, &first), 0);
        assert_int_equal(dataset_parse_time(cases[i].last, &last), 0);
        metrics_date(day, metrics_split(first, last));
        assert_string_equal(day, cases[i].split);
    }
}

/* ---- The oracle -------------------------------------------------------------------------- */

/* A catalogue of 6 items in 4 groups; the metric names three of them, the fourth is "other". */
static void small_catalogue(struct model *model, struct policy *policy) {
    static const char strings[] = "\0tea\0garden\0paper\0toys";
    static const uint8_t groups[16] = {1, 0, 0, 0, 5, 0, 0, 0, 12, 0, 0, 0, 18, 0, 0, 0};
    static uint8_t items[6 * 8];
    memset(model, 0, sizeof *model);
    memset(policy, 0, sizeof *policy);
    for (uint32_t i = 0; i < 6; i++) store16(items + 8 * i + 4, (uint16_t)(i % 4));
    model->n_items = 6;
    model->n_groups = 4;
    model->strings = strings;
    model->groups = groups;
    model->items = items;
    policy->n_metrics = 1;
    policy->metrics[0] = (struct policy_metric){.id = 1,
                                                .name = "interest",
                                                .max_cells = 2,
                                                .max_weight = 1,
                                                .unit = UNIT_VISIT,
                                                .window_s = 86400,
                                                .event_mask = 1u << SOTTO_EVENT_SELECT,
                                                .n_cells = 4,
                                                .cells = {"garden", "tea", "paper", "other"}};
}

static void the_oracle_counts_visits_not_events(void **state) {
    (void)state;
    struct model model;
    static struct policy policy;
    small_catalogue(&model, &policy);
    struct truth *t = truth_new(&policy, &model);
    struct truth_visit v = {{0}, {{0}}};

    truth_event(t, &v, 0, SOTTO_EVENT_SELECT);   /* tea */
    truth_event(t, &v, 4, SOTTO_EVENT_SELECT);   /* tea again */
    truth_event(t, &v, 3, SOTTO_EVENT_SELECT);   /* toys: other */
    truth_event(t, &v, 2, SOTTO_EVENT_PURCHASE); /* not in the mask */
    assert_int_equal(truth_commit(t, &v, 86400 * 10 + 5), 0);

    assert_near(truth_get(t, 0, 10, 0).unbounded, 0);
    assert_near(truth_get(t, 0, 10, 1).unbounded, 1);
    assert_near(truth_get(t, 0, 10, 2).unbounded, 0);
    assert_near(truth_get(t, 0, 10, 3).unbounded, 1);
    assert_near(truth_get(t, 0, 10, 1).bounded, 1);
    assert_near(truth_get(t, 0, 11, 1).unbounded, 0);
    truth_free(t);
}

static void the_bound_leaves_each_of_m_cells_c_over_m(void **state) {
    (void)state;
    struct model model;
    static struct policy policy;
    small_catalogue(&model, &policy);
    struct truth *t = truth_new(&policy, &model);
    struct truth_visit three = {{7}, {{1, 1, 1}}}, one = {{1}, {{1}}}; /* cells 0, 1, 2; cell 0 */

    for (int i = 0; i < 30; i++) assert_int_equal(truth_commit(t, &three, 100), 0);
    assert_int_equal(truth_commit(t, &one, 100), 0);

    assert_near(truth_get(t, 0, 0, 0).unbounded, 31);
    assert_near(truth_get(t, 0, 0, 0).bounded, 30 * 2.0 / 3 + 1);
    assert_near(truth_get(t, 0, 0, 1).bounded, 20);
    truth_free(t);
}

/* ---- Canaries ---------------------------------------------------------------------------- */

static void a_canary_is_found_wherever_it_lies(void **state) {
    (void)state;
    char dir[] = "/tmp/sotto-test-XXXXXX", inner[64], path[96];
    struct scan *s = scan_new();
    struct scan_result clean = {0}, found = {0};
    uint8_t bytes[5000];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 37);
    assert_non_null(mkdtemp(dir));
    snprintf(inner, sizeof inner, "%s/deep", dir);
    assert_int_equal(mkdir(inner, 0700), 0);
    snprintf(path, sizeof path, "%s/file", inner);
    assert_int_equal(scan_add(s, "Speckled Teapot"), 0);
    assert_int_equal(scan_add(s, "Speckled Teapot"), 0);
    assert_int_equal(scan_add(s, "tiny"), 0); /* below the least length: left out */
    assert_int_equal(scan_canaries(s), 1);

    for (int leak = 0; leak < 2; leak++) {
        if (leak) memcpy(bytes + sizeof bytes - 15, "Speckled Teapot", 15); /* the very end */
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, sizeof bytes, f), sizeof bytes);
        fclose(f);
        assert_int_equal(scan_tree(s, dir, leak ? &found : &clean), 0);
    }

    assert_int_equal(clean.hits, 0);
    assert_int_equal(clean.bytes, sizeof bytes);
    assert_int_equal(found.hits, 1);
    assert_non_null(strstr(found.first, "file, byte 4985"));
    assert_null(strstr(found.first, "Speckled"));
    unlink(path);
    rmdir(inner);
    rmdir(dir);
    scan_free(s);
}

/* ---- What the fleet saw, joined with what is true -------------------------------------------- */

/* Three homes answer anew, one of them about nothing; a fourth repeats what it said. */
static void the_oracle_counts_households_that_answered_anew(void **state) {
    (void)state;
    struct model model;
    static struct policy homes;
    small_catalogue(&model, &homes);
    homes.n_metrics = 2;
    homes.metrics[0] = (struct policy_metric){.id = 4,
                                              .unit = UNIT_HOUSEHOLD,
                                              .mechanism = MECHANISM_SUBSET_SELECTION,
                                              .source = SOURCE_ITEM_GROUP,
                                              .window_s = 86400,
                                              .n_cells = 3,
                                              .n_names = 3,
                                              .cells = {"tea", "paper", "other"}};
    homes.metrics[1] = (struct policy_metric){.id = 5,
                                              .unit = UNIT_HOUSEHOLD,
                                              .mechanism = MECHANISM_ONE_BIT_MEAN,
                                              .source = SOURCE_EVENT_COUNT,
                                              .window_s = 86400,
                                              .max_value = 3,
                                              .n_cells = 1};
    struct truth *t = truth_new(&homes, &model);
    struct truth_visit a = {{3, 1}, {{3, 1}, {4}}}, b = {{1, 1}, {{2}, {2}}};
    struct sotto_report r = {.unit = SOTTO_UNIT_HOUSEHOLD, .metric = 4, .window = 10};

    assert_int_equal(truth_household(t, 1, &a, 86400 * 10 + 5), 0);
    assert_int_equal(truth_household(t, 2, &b, 86400 * 10 + 6), 0);
    assert_int_equal(truth_household(t, 2, &b, 86400 * 11), 0); /* of another window */
    assert_int_equal(truth_household(t, 4, &b, 86400 * 10), 0);
    for (uint32_t device = 1; device <= 3; device++) {
        r.metric = 4;
        assert_int_equal(truth_report(t, device, &r), 0);
        r.metric = 5;
        assert_int_equal(truth_report(t, device, &r), 0);
    }
    r.is_repeat = 1;
    assert_int_equal(truth_report(t, 4, &r), 0);

    assert_near(truth_get(t, 0, 10, 0).bounded, 0.75 + 1);
    assert_near(truth_get(t, 0, 10, 1).bounded, 0.25);
    assert_near(truth_get(t, 0, 10, 2).bounded, 1); /* who did nothing holds the last value */
    assert_near(truth_get(t, 1, 10, 0).unbounded, 6);
    assert_near(truth_get(t, 1, 10, 0).bounded, 5);
    truth_free(t);
}

static void estimates_are_joined_with_the_truth_of_their_windows(void **state) {
    (void)state;
    static const char estimate[] =
        "{\"estimates\":[{\"metric\":1,\"name\":\"m\",\"definition\":\"d\",\"window\":7,"
        "\"reports\":2,"
        "\"eps_micro\":500000,\"window_start_s\":604800,\"cells\":[{\"cell\":\"tea\",\"estimate\":"
        "9,\"low\":5,"
        "\"high\":13},{\"cell\":\"other\",\"estimate\":-1,\"low\":-5,\"high\":3}]},"
        "{\"metric\":1,\"name\":\"m\",\"definition\":\"d\",\"window\":8,\"reports\":3,\"cells\":[{"
        "\"cell\":\"tea\","
        "\"estimate\":2,\"low\":-2,\"high\":6},{\"cell\":\"other\",\"estimate\":null}]}],"
        "\"totals\":[{\"metric\":1,\"name\":\"m\",\"definition\":\"d\",\"first_window\":7,\"last_"
        "window\":8,"
        "\"windows\":2,\"reports\":5,\"cells\":[{\"cell\":\"tea\",\"estimate\":11,\"low\":5,"
        "\"high\":17}]}]}";
    static const char truth[] = "{\"windows\":[{\"metric\":1,\"window\":7,\"cells\":[{\"cell\":"
                                "\"other\",\"unbounded\":4,\"bounded\":4},"
                                "{\"cell\":\"tea\",\"unbounded\":10,\"bounded\":8.5}]},{\"metric\":"
                                "2,\"window\":7,\"cells\":[{\"cell\":"
                                "\"tea\",\"unbounded\":99,\"bounded\":99}]},{\"metric\":1,"
                                "\"window\":8,\"cells\":[{\"cell\":\"tea\","
                                "\"unbounded\":3,\"bounded\":3}]}]}";
    struct findings found = {.estimate = json_loads(estimate, 0, NULL),
                             .truth = json_loads(truth, 0, NULL)};
    struct window_view first, best, all;

    assert_int_equal(findings_windows(&found), 2);
    assert_int_equal(findings_window(&found, 0, &first), 0);
    assert_int_equal(findings_window(&found, 2, &best), -1);
    assert_int_equal(findings_best_window(&found, &best), 0);
    assert_int_equal(findings_total(&found, &first, &all), 0);
    struct findings_coverage sum = findings_coverage(&found);

    assert_near(first.cells[0].unbounded, 10);
    assert_near(first.cells[0].bounded, 8.5);
    assert_near(first.cells[1].bounded, 4);
    assert_near(first.epsilon, 0.5);
    assert_int_equal(best.window, 8); /* the one with more reports */
    assert_false(best.cells[1].is_shown);
    assert_near(all.cells[0].bounded, 11.5);
    assert_int_equal(all.windows, 2);
    assert_int_equal(sum.cells, 3);  /* a suppressed cell is no count */
    assert_int_equal(sum.inside, 2); /* 4 lies outside [-5, 3] */
    assert_near(sum.touches, 17);    /* 10 and 4, and 3 in the other window */
    assert_near(sum.left_out, 1.5);
    findings_free(&found);
}

static void broken_notes_are_named_with_their_line(void **state) {
    (void)state;
    char dir[] = "/tmp/sotto-test-XXXXXX", path[64];
    const char *dirs[] = {dir};
    struct findings found;
    struct sotto_error none = {0, ""}, broken = {0, ""};
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/run.json", dir);

    assert_int_equal(findings_read(&found, dirs, 1, &none), SOTTO_E_NOT_FOUND);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("{\n\"kiosks\": oops}\n", f);
    fclose(f);
    assert_int_equal(findings_read(&found, dirs, 1, &broken), SOTTO_E_FORMAT);

    assert_non_null(strstr(none.message, dir));
    assert_non_null(strstr(broken.message, "run.json: line 2"));
    unlink(path);
    rmdir(dir);
}

/* ---- The page ---------------------------------------------------------------------------- */

static void text_never_becomes_markup(void **state) {
    (void)state;
    const struct {
        const char *text, *markup;
    } cases[] = {{"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
                 {"a\"b'c&d", "a&quot;b&#39;c&amp;d"},
                 {"caf\xc3\xa9", "caf\xc3\xa9"},
                 {"bad\xff\xc3", "bad\xef\xbf\xbd\xef\xbf\xbd"},
                 {"long\xc0\xbc", "long\xef\xbf\xbd\xef\xbf\xbd"}, /* overlong "<" */
                 {"\x01\x7f", "\xef\xbf\xbd\xef\xbf\xbd"},
                 {NULL, ""}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = NULL;
        size_t n;
        FILE *to = open_memstream(&text, &n);
        html(to, "%s", cases[i].text);
        fclose(to);
        assert_string_equal(text, cases[i].markup);
        free(text);
    }
}

static void hostile_titles_stay_text_in_the_whole_page(void **state) {
    (void)state;
#define EVIL "\\\"><img src=x onerror=alert(1)><!--"
    static const char screen[] =
        "{\"kiosk\":1,\"basket\":[\"" EVIL "\"],\"banner\":{\"locale\":\"" EVIL
        "\",\"direction\":\"" EVIL "\",\"title\":\"" EVIL "\",\"short\":\"" EVIL
        "\",\"plain\":\"" EVIL "\",\"speech\":\"" EVIL "\",\"contact\":\"" EVIL
        "\",\"hash\":\"" EVIL "\",\"actions\":[{\"label\":\"" EVIL "\"}]},"
        "\"personalised\":[{\"title\":\"" EVIL
        "\",\"score\":5,\"reasons\":[{\"kind\":\"activity\",\"title\":\"" EVIL
        "\",\"contribution\":5}]}],\"general\":[{\"title\":\"" EVIL "\"}],"
        "\"disk\":{\"file\":\"" EVIL "\",\"hex\":\"<b>zz\",\"profile\":\"" EVIL
        "\",\"events\":[{\"time\":\"" EVIL "\",\"type\":\"" EVIL "\",\"title\":\"" EVIL "\"}]}}";
    static const char estimate[] =
        "{\"estimates\":[{\"metric\":1,\"name\":\"" EVIL "\",\"cells\":[{\"cell\":\"" EVIL
        "\",\"estimate\":3,\"low\":1,\"high\":5}]}]}";
    struct findings found = {.screen = json_loads(screen, 0, NULL),
                             .estimate = json_loads(estimate, 0, NULL),
                             .command = "\"><img src=y>"};
    assert_non_null(found.screen);
    assert_non_null(found.estimate);
    char *page = NULL;
    size_t n;
    FILE *to = open_memstream(&page, &n);

    page_write(to, &found);
    fclose(to);

    assert_null(strstr(page, "<img"));
    assert_null(strstr(page, "<!--"));
    assert_null(strstr(page, "<b>zz"));
    assert_non_null(strstr(page, "&lt;img src=x onerror=alert(1)&gt;"));
    free(page);
    findings_free(&found);
}

static void a_page_needs_nothing_from_elsewhere(void **state) {
    (void)state;
    struct findings found = {0};
    char *page = NULL;
    size_t n;
    FILE *to = open_memstream(&page, &n);

    page_write(to, &found);
    fclose(to);

    static const char *const banned[] = {"<script", "<link",  "<img",    "<iframe",
                                         "http:",   "https:", "@import", "url("};
    for (size_t i = 0; i < sizeof banned / sizeof banned[0]; i++)
        assert_null(strstr(page, banned[i]));
    assert_non_null(strstr(page, "</html>"));
    free(page);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(the_first_lines_never_change),
        cmocka_unit_test(a_later_day_needs_no_earlier_one),
        cmocka_unit_test(every_item_has_an_id_and_a_title_of_its_own),
        cmocka_unit_test(a_basket_holds_two_to_twelve_distinct_items_in_opening_hours),
        cmocka_unit_test(tastes_make_items_go_together),
        cmocka_unit_test(quality_agrees_with_cases_worked_by_hand),
        cmocka_unit_test(a_mean_is_over_baskets_with_targets),
        cmocka_unit_test(quantiles_are_of_the_nearest_rank),
        cmocka_unit_test(a_year_of_data_is_split_at_a_month_and_a_quarter_at_a_day),
        cmocka_unit_test(the_oracle_counts_visits_not_events),
        cmocka_unit_test(the_bound_leaves_each_of_m_cells_c_over_m),
        cmocka_unit_test(a_canary_is_found_wherever_it_lies),
        cmocka_unit_test(the_oracle_counts_households_that_answered_anew),
        cmocka_unit_test(estimates_are_joined_with_the_truth_of_their_windows),
        cmocka_unit_test(broken_notes_are_named_with_their_line),
        cmocka_unit_test(text_never_becomes_markup),
        cmocka_unit_test(hostile_titles_stay_text_in_the_whole_page),
        cmocka_unit_test(a_page_needs_nothing_from_elsewhere),
    };
    return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
