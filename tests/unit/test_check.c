/* sotto-pack check: what a person reads, what a program reads, and that both say the same. */
#include "tests/support/test.h"

#include <jansson.h>
#include <unistd.h>

#include "base/base.h"
#include "tests/support/pack_tool.h"
#include "tools/common/cli.h"
#include "tools/sotto-pack/check.h"

#define HEADER  "basket,item,title,quantity,price,time,customer\n"
#define TEST(f) cmocka_unit_test_setup_teardown(f, pack_tool_setup, pack_tool_teardown)

static void says(const char *text, const char *what) {
    if (!strstr(text, what)) fail_msg("%s\nlacks: %s", text, what);
}

/* `n` baskets of one thing each, then `more`. */
static const char *shop(struct pack_tool *t, unsigned n, const char *more) {
    size_t cap = sizeof HEADER + 40 * (size_t)n + strlen(more) + 1;
    size_t at = (size_t)snprintf(NULL, 0, HEADER);
    char *text = malloc(cap);
    assert_non_null(text);
    memcpy(text, HEADER, at + 1);
    for (unsigned i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, cap - at, "%u,%u,Thing,1,2,2026-01-01,7\n", 5000 + i,
                               10001 + i % 3);
    snprintf(text + at, cap - at, "%s", more);
    const char *path = pack_tool_write(t, "shop.csv", text);
    free(text);
    return path;
}

/* Every kind of dirt once, in lines 98 and on behind 96 clean ones. */
static const char dirt[] = "C6000,10001,Thing,-1,2,2026-01-01,7\n"
                           "6001,10001,Thing,0,2,2026-01-01,7\n"
                           "6002,10001,Thing,1,0,2026-01-01,7\n"
                           "6003,POST,Postage,1,2,2026-01-01,7\n"
                           "6004,,Thing,1,2,2026-01-01,7\n"
                           "6005,10001,Thing,many,2,2026-01-01,7\n"
                           "6006,10001,Thing,1,2,someday,7\n"
                           "6007,\"10001\"x,Thing,1,2,2026-01-01,7\n"
                           "6008,10001,Thing,1,2,2026-03-01,7\n"
                           "6009,10001,  Thing,1,2,2026-01-02,\n"
                           "6009,10001,Thing,1,2,2026-01-02,7\n";

static json_t *run_json(struct pack_tool *t, const char *path, const char *option,
                        const char *value) {
    json_error_t e;
    assert_int_equal(pack_tool_run(t, check_main, "check", "--json", path, option, value, NULL),
                     EXIT_OK);
    json_t *root = json_loads(t->out, JSON_REJECT_DUPLICATES, &e);
    if (!root) fail_msg("line %d: %s\n%s", e.line, e.text, t->out);
    return root;
}

static json_int_t number(json_t *root, const char *object, const char *key) {
    json_t *v = json_object_get(object ? json_object_get(root, object) : root, key);
    if (!json_is_integer(v)) fail_msg("no number %s.%s", object ? object : "", key);
    return json_integer_value(v);
}

static void text_tells_what_was_dropped_and_where_it_first_happened(void **state) {
    struct pack_tool *t = *state;
    const char *path = shop(t, 96, dirt);

    assert_int_equal(pack_tool_run(t, check_main, "check", "--until", "2026-02-01", path, NULL),
                     EXIT_OK);

    says(t->out, "shop.csv: 107 lines; 98 kept as 97 baskets of 3 items by 1 customers, 2026-01-01 "
                 "to 2026-01-02\n");
    says(t->out, "basket=basket item=item time=time title=title quantity=quantity price=price "
                 "customer=customer\n");
    says(t->out, "ids that match ^([0-9]{5}|[0-9]+$) (inferred; --item-pattern changes it)");
    says(t->out, "basket ids that begin with C (inferred; --cancel-prefix changes it)");
    static const char *const reasons[] = {
        "cancellation",      "quantity zero or less",        "price zero or less",
        "not a product",     "basket or item id missing",    "quantity or price not a number",
        "date not readable", "not readable as CSV in UTF-8", "outside --from and --until"};
    for (unsigned i = 0; i < ARRAY_LEN(reasons); i++) {
        char line[120];
        snprintf(line, sizeof line, "  %-38s %9d  %5.1f %%  first in line %u\n", reasons[i], 1,
                 100.0 / 107, 98 + i);
        says(t->out, line);
    }
    says(t->out, "(line 105: text follows a closing quote)");
    says(t->out, "first in line 108\n"); /* the duplicate */
    says(t->out, "lines without a customer (kept)                1    1.0 %");
    says(t->out, "Verdict: usable, but baskets are few (97)");
    unsigned lines = 0;
    for (const char *c = t->out; *c; c++) lines += *c == '\n';
    assert_true(lines <= 40); /* one screen */
}

static void json_holds_the_same_facts(void **state) {
    struct pack_tool *t = *state;
    json_t *root = run_json(t, shop(t, 96, dirt), "--until", "2026-02-01");
    static const char *const reasons[] = {"cancellations", "zero_quantity", "zero_price",
                                          "non_products",  "missing_ids",   "bad_numbers",
                                          "bad_times",     "bad_lines",     "out_of_range"};

    json_int_t dropped = 0;
    for (unsigned i = 0; i < ARRAY_LEN(reasons); i++) {
        assert_int_equal(number(root, "dropped", reasons[i]), 1);
        assert_int_equal(number(root, "first_line", reasons[i]), 98 + i);
        dropped++;
    }
    assert_int_equal(number(root, NULL, "lines"), 107);
    assert_int_equal(number(root, NULL, "kept") + dropped, 107);
    assert_int_equal(number(root, NULL, "baskets"), 97);
    assert_int_equal(number(root, "repaired", "duplicates"), 1);
    assert_int_equal(number(root, "repaired", "titles"), 1);
    assert_int_equal(number(root, "first_line", "duplicates"), 108);
    assert_int_equal(number(root, "look", "missing_customers"), 1);
    const char *problem = json_string_value(json_object_get(root, "bad_line_problem"));
    assert_string_equal(problem, "text follows a closing quote");
    assert_string_equal(json_string_value(json_object_get(root, "verdict")), "few_baskets");
    assert_string_equal(json_string_value(json_object_get(root, "item_pattern")),
                        "^([0-9]{5}|[0-9]+$)");
    json_decref(root);
}

static void keys_are_in(json_t *object, const char *help) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        const char *at = strstr(help, "JSON: ");
        assert_non_null(at);
        says(at, key);
        if (json_is_object(value)) keys_are_in(value, help);
    }
}

static void every_key_of_the_json_is_explained_by_the_help(void **state) {
    struct pack_tool *t = *state;
    json_t *root = run_json(t, shop(t, 96, dirt), "--max-basket", "50");

    assert_int_equal(pack_tool_run(t, check_main, "check", "--help", NULL), EXIT_OK);

    keys_are_in(root, t->out);
    json_decref(root);
}

static void hostile_names_stay_inside_their_json_strings(void **state) {
    struct pack_tool *t = *state;
    const char *path = pack_tool_write(t, "odd \"name\".csv",
                                       "basket,\"it\"\"em\xe2\x82\xac\\\",time\n1,2,2026-01-01\n");

    json_t *root = run_json(t, path, "--map", "item=it\"em\xe2\x82\xac\\");

    assert_string_equal(
        json_string_value(json_object_get(json_object_get(root, "columns"), "item")),
        "it\"em\xe2\x82\xac\\");
    assert_string_equal(json_string_value(json_object_get(root, "file")), path);
    json_decref(root);
}

static void verdict_weighs_baskets_and_what_was_lost(void **state) {
    struct pack_tool *t = *state;
    char lost[400 * 40] = "";
    size_t at = 0;
    for (int i = 0; i < 400; i++)
        at += (size_t)snprintf(lost + at, sizeof lost - at, "%d,10001,Thing,0,2,2026-01-01,7\n",
                               9000 + i);
    const struct {
        unsigned baskets;
        const char *more, *text, *key;
    } cases[] = {{999, "", "usable, but baskets are few (999)", "few_baskets"},
                 {1000, "", "Verdict: usable.\n", "usable"},
                 {1000, lost, "more than a quarter of the lines was dropped", "much_dropped"},
                 {1200, lost, "Verdict: usable.\n", "usable"}};
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        const char *path = shop(t, cases[i].baskets, cases[i].more);

        assert_int_equal(pack_tool_run(t, check_main, "check", path, NULL), EXIT_OK);
        says(t->out, cases[i].text);
        json_t *root = run_json(t, path, NULL, NULL);
        assert_string_equal(json_string_value(json_object_get(root, "verdict")), cases[i].key);
        json_decref(root);
    }
}

static void a_file_of_no_use_ends_4_and_names_file_and_remedy(void **state) {
    struct pack_tool *t = *state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "line 1: the file is empty"},
        {HEADER, "no transactions behind its header"},
        {"basket,time\n1,2026-01-01\n", "line 1: no column for the item; name it with --map"},
        {HEADER "1,10001,\xff,1,2,2026-01-01,7\n", "(line 2: it is not UTF-8)"},
        {HEADER "1,10001,A,1,2,1/2/2026,7\n", "line 2: its dates can be read as"}};
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        const char *path = pack_tool_write(t, "useless.csv", cases[i].text);

        assert_int_equal(pack_tool_run(t, check_main, "check", "--json", path, NULL),
                         EXIT_INTEGRITY);

        assert_string_equal(t->out, "");
        says(t->err, "sotto-pack check: ");
        says(t->err, "useless.csv");
        says(t->err, cases[i].says);
    }
    assert_int_equal(pack_tool_run(t, check_main, "check", pack_tool_path(t, "gone"), NULL),
                     EXIT_FAILED);
    says(t->err, "gone cannot be opened: No such file");
    assert_int_equal(pack_tool_run(t, check_main, "check", t->folder, NULL), EXIT_FAILED);
    says(t->err, "Is a directory");
}

static void a_wrong_command_line_ends_2_and_says_why(void **state) {
    struct pack_tool *t = *state;
    const char *path = shop(t, 3, "");
    const struct {
        const char *words[4], *says;
    } cases[] = {
        {{NULL}, "name one file"},
        {{path, path, NULL}, "name one file"},
        {{"--stale-days", "0", path, NULL}, "--stale-days"},
        {{"--max-basket", "-4", path, NULL}, "--max-basket"},
        {{"--from", "yesterday", path, NULL}, "--from \"yesterday\" is not a date"},
        {{"--from=2026-02-01", "--until=2026-01-01", path, NULL}, "--from is not before --until"},
        {{"--colour", path, NULL}, "\"--colour\" is no option"},
        {{path, "--map", NULL}, "value is missing"},
        {{"--map", "item=nothing", path, NULL}, "\"nothing\", which it lacks; it has basket, item"},
        {{"--map", "item", path, NULL}, "is not MEANING=COLUMN"},
        {{"--item-pattern", "(", path, NULL}, "not a POSIX extended regular expression"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        const char *const *w = cases[i].words;
        const char *words[5] = {"check", w[0], w[0] ? w[1] : NULL, w[0] && w[1] ? w[2] : NULL};

        assert_int_equal(pack_tool_run_words(t, check_main, words), EXIT_USAGE);

        assert_string_equal(t->out, "");
        says(t->err, cases[i].says);
    }
}

static void nothing_to_report_says_nothing(void **state) {
    struct pack_tool *t = *state;

    assert_int_equal(pack_tool_run(t, check_main, "check", shop(t, 9, ""), NULL), EXIT_OK);

    says(t->out, "Dropped, each line for the first reason that fits:\n  nothing\n");
    says(t->out, "Deserves a look:\n  nothing\n");
    says(t->out, "basket ids that begin with nothing special\n");
}

static void real_transactions_are_judged_usable(void **state) {
    struct pack_tool *t = *state;
    static const char path[] = "../shared/data/online-retail.csv.xz";
    if (access(path, R_OK) != 0) {
        print_message("skipped: %s is not here\n", path);
        skip();
    }

    json_t *root = run_json(t, path, "--until", "2011-11-01");

    assert_int_equal(number(root, NULL, "lines"), 541909);
    assert_int_equal(number(root, NULL, "baskets"), 16206);
    assert_int_equal(number(root, "dropped", "cancellations"), 9288);
    const char *key;
    json_t *value;
    json_int_t sum = number(root, NULL, "kept");
    json_object_foreach(json_object_get(root, "dropped"), key, value) {
        sum += json_integer_value(value);
    }
    assert_int_equal(sum, 541909);
    assert_string_equal(json_string_value(json_object_get(root, "verdict")), "usable");
    json_decref(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(text_tells_what_was_dropped_and_where_it_first_happened),
        TEST(json_holds_the_same_facts),
        TEST(every_key_of_the_json_is_explained_by_the_help),
        TEST(hostile_names_stay_inside_their_json_strings),
        TEST(verdict_weighs_baskets_and_what_was_lost),
        TEST(a_file_of_no_use_ends_4_and_names_file_and_remedy),
        TEST(a_wrong_command_line_ends_2_and_says_why),
        TEST(nothing_to_report_says_nothing),
        TEST(real_transactions_are_judged_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
