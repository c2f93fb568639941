/* Catalogues: products and their tags from a table, and newcomers placed by them. */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#include "pack/model.h"
#include "pack/sensitive.h"
#include "tests/support/pack_tool.h"
#include "tools/common/catalogue.h"
#include "tools/sotto-pack/newcomers.h"

static int has_tag(const struct catalogue_item *a, const struct catalogue_item *b) {
    for (uint32_t i = 0; i < a->n_tags; i++)
        for (uint32_t k = 0; k < b->n_tags; k++)
            if (a->tags[i] == b->tags[k]) return 1;
    return 0;
}

static void products_are_read_with_tags_by_column_and_value(void **state) {
    struct pack_tool *t = *state;
    struct catalogue c;
    struct sotto_error err = {0};
    const char *path = pack_tool_write(t, "p.csv",
                                       "product_id;name;department;brand;size\n"
                                       "3;Lamp;Home;Own;1\n"
                                       "1;Tea;Food;1;NA\n"
                                       "2;;NA;Own;\n"
                                       "3;Lamp again;Food;Other;2\n"
                                       ";Nobody;Home;Own;1\n");

    assert_int_equal(catalogue_read(&c, path, "tags=brand+size", &err), SOTTO_OK);

    assert_int_equal(c.n, 3);
    assert_int_equal(c.bad_lines, 2);
    const struct catalogue_item *lamp = catalogue_find(&c, "3"), *tea = catalogue_find(&c, "1"),
                                *bare = catalogue_find(&c, "2");
    assert_string_equal(lamp->title, "Lamp"); /* the first of its id */
    assert_string_equal(lamp->category, "Home");
    assert_int_equal(lamp->n_tags, 3);
    assert_int_equal(tea->n_tags, 2);
    assert_string_equal(bare->title, "");
    assert_int_equal(bare->n_tags, 1);
    assert_true(has_tag(lamp, bare));
    assert_false(has_tag(lamp, tea)); /* brand 1 is not size 1 */
    assert_null(catalogue_find(&c, "4"));
    catalogue_free(&c);
}

static void what_a_screen_must_say_of_a_product_is_read(void **state) {
    struct pack_tool *t = *state;
    static const char text[] =
        "item,title,sponsor,synthetic,staff_pick,seller,age_rating,sensitive\n"
        "1,Tea,Acme Ltd,no,1,Shop A,,\n"
        "2,Gin,,yes,,Shop B,18+,addiction none\n"
        "3,Mug,0,,n,,6,none\n";
    struct sotto_error err = {0};
    struct catalogue c;

    assert_int_equal(catalogue_read(&c, pack_tool_write(t, "p.csv", text), "provider=seller", &err),
                     SOTTO_OK);

    const struct catalogue_item *tea = catalogue_find(&c, "1"), *gin = catalogue_find(&c, "2"),
                                *mug = catalogue_find(&c, "3");
    assert_int_equal(tea->flags, MODEL_PAID | MODEL_STAFF);
    assert_string_equal(tea->payer, "Acme Ltd");
    assert_string_equal(tea->provider, "Shop A");
    assert_false(tea->is_classified);
    assert_int_equal(gin->flags, MODEL_SYNTHETIC | MODEL_ADULT);
    assert_int_equal(gin->rating, 18);
    assert_int_equal(gin->sensitive, SOTTO_SENSITIVE_ADDICTION);
    assert_string_equal(gin->payer, "");
    assert_int_equal(mug->flags, 0);
    assert_int_equal(mug->rating, 6);
    assert_true(mug->is_classified && mug->sensitive == 0 && c.is_classified);
    catalogue_free(&c);
}

static void a_catalogue_may_have_no_tags(void **state) {
    struct pack_tool *t = *state;
    struct catalogue c;
    struct sotto_error err = {0};
    const char *path = pack_tool_write(t, "p.csv", "product_id,name\n1,Tea\n2,Lamp\n");

    assert_int_equal(catalogue_read(&c, path, NULL, &err), SOTTO_OK);

    assert_int_equal(c.n, 2);
    for (uint32_t i = 0; i < c.n; i++) assert_int_equal(c.items[i].n_tags, 0);
    catalogue_free(&c);
}

static void unusable_catalogues_are_refused_with_the_remedy(void **state) {
    struct pack_tool *t = *state;
    static const struct {
        const char *text, *map, *says;
    } cases[] = {
        {"", NULL, "the file is empty"},
        {"a,b\n1,2\n", NULL, "--catalogue-map item=COLUMN"},
        {"item,b\n1,2\n", "tags=c", "names the column \"c\", which it lacks"},
        {"item,b\n1,2\n", "colour=b", "\"colour\" is none of item, title, category, sponsor"},
        {"item,sponsor\n1,yes\n", NULL,
         "line 2: sponsor \"yes\" of item 1: a paid item needs the name"},
        {"item,staff\n1,perhaps\n", NULL, "staff \"perhaps\" of item 1: yes or no"},
        {"item,age_rating\n1,4.5\n", NULL, "a least age in years"},
        {"item,age_rating\n1,22\n", NULL, "a least age in years"},
        {"item,sensitive\n1,\n2,health+fun\n", NULL, "line 3: sensitive \"health+fun\""},
        {"item,p\n1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
         "provider=p", "at most 63 printable bytes"},
        {"item,b\n1,2\n", "item", "is not MEANING=COLUMN"},
        {"item,b\n1\n2\n3,4\n", NULL, "2 lines have no item or cannot be read"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct catalogue c;
        struct sotto_error err = {0};
        const char *path = pack_tool_write(t, "p.csv", cases[i].text);
        assert_int_not_equal(catalogue_read(&c, path, cases[i].map, &err), SOTTO_OK);
        if (!strstr(err.message, cases[i].says))
            fail_msg("\"%s\" lacks \"%s\"", err.message, cases[i].says);
        assert_null(c.items);
    }
}

/* Four learnt items in two kinds, and two products nobody bought yet, one of each kind. */
static void newcomers_stand_where_their_kin_stand(void **state) {
    struct pack_tool *t = *state;
    struct catalogue c;
    struct dataset data;
    struct interactions x;
    struct rows rows;
    struct sotto_error err = {0};
    uint8_t *is_new;
    const struct dataset_options table = {0};
    const char *sales = pack_tool_write(t, "s.csv",
                                        "basket,item,time\n"
                                        "1,tea,2026-01-01\n1,cup,2026-01-01\n"
                                        "2,mate,2026-01-01\n2,mug,2026-01-01\n");
    const char *products = pack_tool_write(t, "p.csv",
                                           "item,category\n"
                                           "tea,drinks\nmate,drinks\ncup,china\nmug,china\n"
                                           "coffee,drinks\nbowl,china\nodd,nothing else\n");
    assert_int_equal(dataset_read(&data, sales, &table, &err), SOTTO_OK);
    assert_int_equal(catalogue_read(&c, products, NULL, &err), SOTTO_OK);
    assert_int_equal(catalogue_join(&c, &data, &err), SOTTO_OK);
    assert_int_equal(data.n_items, 7);
    const struct interactions_options of = {.n_baskets = 2, .min_baskets = 1};
    assert_int_equal(interactions_make(&x, &data, &of, &err), SOTTO_OK);
    enum { CUP, TEA = 3 }; /* by id: cup, mate, mug, tea */
    assert_int_equal(rows_make(&rows, 4, 8, &err), SOTTO_OK);
    struct rows_entry tea_leads_to[] = {{CUP, 1}};
    rows_put(&rows, TEA, tea_leads_to, 1);
    rows.total[TEA] = 7; /* more was learnt than is kept */
    rows.lambda = 3;
    rows.live_share = 0.5;

    assert_int_equal(newcomers_add(&x, &rows, &data, &c, 2, NULL, 10, 0.5, &is_new, &err),
                     SOTTO_OK);

    assert_int_equal(x.n_items, 6); /* "odd" has no kin */
    uint32_t bowl = 4, coffee = 5;
    assert_string_equal(data.items[x.item_of[bowl]].id, "bowl");
    assert_true(is_new[bowl] && is_new[coffee] && !is_new[TEA]);
    float to_bowl = 0, to_coffee = 0;
    for (uint32_t k = 0; k < rows.n[TEA]; k++) {
        const struct rows_entry *e = &rows.entries[(size_t)TEA * rows.width + k];
        if (e->column == bowl) to_bowl = e->weight;
        if (e->column == coffee) to_coffee = e->weight;
    }
    /* Half of the mean over cup and mug; half of tea's strongest, since coffee is its kin. */
    assert_true(fabsf(to_bowl - 0.5f * 0.5f) < 1e-6f);
    assert_true(fabsf(to_coffee - 0.5f) < 1e-6f);
    assert_true(rows.n[coffee] > 0);
    /* What was learnt is still known: all of tea's weights, and how old the data are. */
    assert_true(fabs(rows.total[TEA] - 7.75) < 1e-6);
    assert_true(rows.lambda == 3 && rows.live_share == 0.5);
    free(is_new);
    rows_free(&rows);
    interactions_free(&x);
    dataset_free(&data);
    catalogue_free(&c);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, pack_tool_setup, pack_tool_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(products_are_read_with_tags_by_column_and_value),
        IN_FOLDER(what_a_screen_must_say_of_a_product_is_read),
        IN_FOLDER(a_catalogue_may_have_no_tags),
        IN_FOLDER(unusable_catalogues_are_refused_with_the_remedy),
        IN_FOLDER(newcomers_stand_where_their_kin_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
