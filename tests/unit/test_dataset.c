/* Transactions: what is refused and in which words, what is cleaned, what is counted. */
#include "tests/support/test.h"

#include <unistd.h>

#include "base/base.h"
#include "tests/support/dice.h"
#include "tests/support/files.h"
#include "tools/common/dataset.h"
#include "tools/common/times.h"

#define HEADER "basket,item,title,quantity,price,time,customer\n"

static char dir[64];
static struct dataset data;
static struct sotto_error err;

static int make_dir(void **state) {
    (void)state;
    scratch_make(dir);
    return 0;
}
static int remove_dir(void **state) {
    (void)state;
    dataset_free(&data);
    scratch_free(dir);
    return 0;
}

static int read_text(const char *text, const struct dataset_options *options) {
    static const struct dataset_options none;
    dataset_free(&data);
    return dataset_read(&data, scratch_text(dir, "t.csv", text), options ? options : &none, &err);
}

/* ---- What is refused --------------------------------------------------------------------- */

static void unusable_files_are_refused_with_file_line_and_remedy(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "the file is empty"},
        {HEADER, "holds no transactions"},
        {"basket,title,time\n1,A,2026-01-01\n",
         "no column for the item; name it with --map item=COLUMN"},
        {"item,title,time\n1,A,2026-01-01\n", "no column for the basket"},
        {"basket,item\n1,2\n", "no column for the time"},
        {"\"basket,item,time\n1,2,3\n", "a quote is never closed"},
        {"basket,item,time\n1,\xff,2026-01-01\n2,b,2026-01-01\n", "(line 2: it is not UTF-8)"},
        {"basket,item,time\n1,2\n1,2,3,4\n1,2,2026-01-01\n", "another number of fields"},
        {"basket,item,time\n1,10001,3/4/2026 8:00\n",
         "t.csv, line 2: its dates can be read as day/month or as month/day; write them as 2011-"},
        {"basket|item|time\n1|2|2026-01-01\n", "t.csv, line 1: it names one column only"},
        {"basket|item|time\n1|2|2026-01-01\n", "save the file as CSV with commas"},
        {"u1\n", "it names one column only"},
        {"u1 a b\nu2 \xff\n", "1 of 3 lines cannot be read (line 2: it is not UTF-8); export it "
                              "again as lists"},
        {"basket,item,time\n1,2,13/4/2026\n1,2,5/4/2026\n1,3,4/13/2026\n",
         "t.csv: the date in line 2 is day/month, that in line 4 month/day; write them as"},
        {HEADER "1,10001,A,-1,2,2026-01-01,7\n",
         "t.csv: no line is left after cleaning; 1 of 1 have a quantity of zero or less, the first "
         "in line 2: name its column with --map quantity=COLUMN"},
        {HEADER "1,10001,A,1,0,2026-01-01,7\n", "--map price=COLUMN"},
        {HEADER "1,10001,A,1,,2026-01-01,7\n", "quantity or price that is no number"},
        {HEADER "1,10001,A,1,2,08:30,7\n2,1,A,0,2,2026-01-01,7\n3,1,A,1,2,31/31/2026,7\n",
         "2 of 3 have no readable date, the first in line 2: name its column with --map time="},
        {HEADER "NA,10001,A,1,2,2026-01-01,7\n", "lack a basket or item id"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(read_text(cases[i].text, NULL), SOTTO_E_FORMAT);
        if (!strstr(err.message, cases[i].says))
            fail_msg("%s\nlacks: %s", err.message, cases[i].says);
        assert_non_null(strstr(err.message, "t.csv"));
    }
    assert_non_null(strstr((read_text(cases[2].text, NULL), err.message), "basket, title, time"));
}

static void options_that_leave_nothing_are_named(void **state) {
    (void)state;
    static const char text[] = HEADER "1,10001,A,1,2,2026-01-01,7\n1,10002,B,1,2,2026-01-01,7\n";
    static const struct {
        struct dataset_options options;
        const char *says;
    } cases[] = {
        {{.item_pattern = "^x"},
         "2 of 2 are no products, the first in line 2: give --item-pattern"},
        {{.cancel_prefix = "1"}, "2 of 2 count as cancellations, the first in line 2"},
        {{.until_s = 1000}, "2 of 2 are outside the dates, the first in line 2: check --from"},
        {{.max_basket = 1}, "2 of 2 are in too large baskets, the first in line 2: raise --max-ba"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(read_text(text, &cases[i].options), SOTTO_E_FORMAT);
        if (!strstr(err.message, cases[i].says))
            fail_msg("%s\nlacks: %s", err.message, cases[i].says);
        assert_non_null(strstr(err.message, "t.csv"));
    }
}

static void more_than_a_tenth_of_bad_lines_is_refused_and_a_tenth_is_not(void **state) {
    (void)state;
    for (int bad = 10; bad <= 11; bad++) {
        static char text[8000];
        size_t at = (size_t)snprintf(text, sizeof text, HEADER);
        for (int i = 0; i < 100; i++)
            at += (size_t)snprintf(text + at, sizeof text - at,
                                   i < bad ? "%d,too,few\n" : "%d,10001,A,1,2,2026-01-01,7\n", i);

        int status = read_text(text, NULL);

        assert_int_equal(status, bad == 10 ? SOTTO_OK : SOTTO_E_FORMAT);
        if (bad == 10)
            assert_int_equal(data.quality.bad_lines, 10);
        else
            assert_non_null(strstr(err.message, "t.csv: 11 of 100 lines cannot be read (line 2: it "
                                                "has another number of fields); export it again"));
    }
}

/* ---- Columns ----------------------------------------------------------------------------- */

static void usual_header_names_are_found_whatever_their_case(void **state) {
    (void)state;
    static const char *const names[DATASET_COLUMNS][20] = {
        [COLUMN_BASKET] = {"invoice", "invoiceno", "invoice_no", "basket", "basket_id", "order",
                           "order_id", "transaction", "transaction_id", "session", "session_id"},
        [COLUMN_ITEM] = {"stockcode", "stock_code", "item", "item_id", "product", "product_id",
                         "sku"},
        [COLUMN_TIME] = {"invoicedate", "invoice_date", "date", "time", "timestamp",
                         "transaction_timestamp", "datetime"},
        [COLUMN_TITLE] = {"description", "title", "name", "product_name", "product_type"},
        [COLUMN_QUANTITY] = {"quantity", "qty"},
        [COLUMN_PRICE] = {"unitprice", "unit_price", "price", "sales_value"},
        [COLUMN_CUSTOMER] = {"customerid", "customer_id", "customer", "household_id", "household",
                             "user", "user_id"},
        [COLUMN_CATEGORY] = {"category", "department", "product_category"}};
    static const char *const values[DATASET_COLUMNS] = {"1", "10001", "2026-01-01", "Thing",
                                                        "1", "2",     "7",          "Things"};
    for (int which = 0; which < DATASET_COLUMNS; which++)
        for (int k = 0; k < 20 && names[which][k]; k++)
            for (int style = 0; style < 3; style++) {
                char text[400], name[40];
                size_t at = 0;
                snprintf(name, sizeof name, style == 2 ? " %s " : "%s", names[which][k]);
                for (char *c = name; style == 1 && *c; c++)
                    if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 32);
                for (int i = 0; i < DATASET_COLUMNS; i++)
                    at += (size_t)snprintf(text + at, sizeof text - at, "%s%c",
                                           i == which ? name : names[i][0],
                                           i + 1 < DATASET_COLUMNS ? ',' : '\n');
                for (int i = 0; i < DATASET_COLUMNS; i++)
                    at += (size_t)snprintf(text + at, sizeof text - at, "%s%c", values[i],
                                           i + 1 < DATASET_COLUMNS ? ',' : '\n');

                if (read_text(text, NULL) != SOTTO_OK) fail_msg("%s%s", text, err.message);

                const char *trimmed = name + (style == 2);
                assert_int_equal(
                    strncmp(data.quality.columns[which], trimmed, strlen(names[which][k])), 0);
                assert_int_equal(strlen(data.quality.columns[which]), strlen(names[which][k]));
                assert_string_equal(data.items[0].title, "Thing");
                assert_string_equal(data.items[0].category, "Things");
            }
}

static void column_map_is_checked(void **state) {
    (void)state;
    static const char text[] = "b,i,t\n1,10001,2026-01-01\n";
    struct dataset_options o = {.map = "basket=b,item=i,time=t"};
    assert_int_equal(read_text(text, &o), SOTTO_OK);
    assert_string_equal(data.quality.columns[COLUMN_ITEM], "i");
    o.map = "basket=b,item=nothing,time=t";
    assert_int_equal(read_text(text, &o), SOTTO_E_ARGUMENT);
    assert_non_null(strstr(err.message, "\"nothing\", which it lacks; it has b, i, t"));
    o.map = "thing=b";
    assert_int_equal(read_text(text, &o), SOTTO_E_ARGUMENT);
    o.map = "basket";
    assert_int_equal(read_text(text, &o), SOTTO_E_ARGUMENT);
    o = (struct dataset_options){.map = "basket=b,item=i,time=t", .item_pattern = "("};
    assert_int_equal(read_text(text, &o), SOTTO_E_ARGUMENT);
    assert_non_null(strstr(err.message, "regular expression"));
}

/* ---- Cleaning ---------------------------------------------------------------------------- */

static void every_line_is_dropped_for_its_reason_or_kept(void **state) {
    (void)state;
    static char text[8000];
    size_t at = (size_t)snprintf(text, sizeof text, HEADER);
    for (int i = 0; i < 100; i++) /* lines enough for the inference to see what is usual */
        at += (size_t)snprintf(text + at, sizeof text - at, "%d,%d,Thing,1,2,2026-01-0%d,7\n",
                               500 + i / 2, 10001 + i % 2, 1 + i % 9 / 5);
    snprintf(text + at, sizeof text - at,
             "C501,10001,Thing,-1,2,2026-01-01,7\n" /* 102: cancelled */
             "601,10001,Thing,0,2,2026-01-01,7\n"   /* 103: no quantity */
             "601,10001,Thing,1,0,2026-01-01,7\n"   /* 104: no price */
             "601,POST,Postage,1,3,2026-01-01,7\n"  /* 105: no product */
             "601,,Thing,1,2,2026-01-01,7\n"        /* 106: no id */
             "601,10001,Thing,1,x,2026-01-01,7\n"   /* 107: no number */
             "601,10001,Thing,1,2,someday,7\n"      /* 108: no date */
             "601,10001,Thing,1,2,2026-01-01\n"     /* 109: too few fields */
             "601,10001, Thing  ,1,2,2026-01-01,\n" /* 110: kept, repaired, no customer */
             "601,10001,Thing,1,2,2026-01-01,NA\n"  /* 111: kept, duplicate, no customer */
             "601,10001,Thing,1,2,2030-01-01,7\n"); /* 112: kept: another day is another basket */
    assert_int_equal(read_text(text, NULL), SOTTO_OK);
    const struct dataset_quality *q = &data.quality;
    assert_int_equal(q->lines, 111);
    assert_int_equal(q->kept, 103);
    assert_string_equal(q->item_pattern, "^([0-9]{5}|[0-9]+$)");
    assert_string_equal(q->cancel_prefix, "C");
    const struct {
        uint64_t count, first;
        unsigned line;
    } reasons[] = {{q->cancellations, q->first.cancellation, 102},
                   {q->zero_quantity, q->first.zero_quantity, 103},
                   {q->zero_price, q->first.zero_price, 104},
                   {q->non_products, q->first.non_product, 105},
                   {q->missing_ids, q->first.missing_id, 106},
                   {q->bad_numbers, q->first.bad_number, 107},
                   {q->bad_times, q->first.bad_time, 108},
                   {q->bad_lines, q->first.bad_line, 109}};
    for (unsigned i = 0; i < ARRAY_LEN(reasons); i++) {
        assert_int_equal(reasons[i].count, 1);
        assert_int_equal(reasons[i].first, reasons[i].line);
    }
    assert_int_equal(q->missing_customers, 2);
    assert_int_equal(q->repaired_titles, 1);
    assert_int_equal(q->duplicates, 1);
    assert_int_equal(q->first.duplicate, 111);
    assert_int_equal(q->non_product_codes, 1);
    assert_int_equal(data.n_items, 2);
    assert_string_equal(data.items[0].title, "Thing");
}

static uint64_t dropped(const struct dataset_quality *q) {
    return q->bad_lines + q->bad_times + q->missing_ids + q->cancellations + q->bad_numbers +
           q->zero_quantity + q->zero_price + q->non_products + q->out_of_range + q->oversized;
}

static void every_line_is_counted_once_under_any_option(void **state) {
    (void)state;
    static const char *const ids[] = {"1", "2", "3", "C4", "", "NA"};
    static const char *const items[] = {"10001", "10002", "10003", "10004", "10005A", "POST", ""};
    static const char *const times[] = {"2026-01-01", "2026-01-02 10:00", "soon", "1767225600"};
    static const char *const numbers[] = {"1", "2.5", "0", "-1", "x", "1e300", "0x"};
    const uint32_t seed = 11;
    struct dice d = {seed};
    print_message("seed %u\n", seed);
    for (int round = 0; round < 300; round++) {
        static char text[20000];
        size_t at = (size_t)snprintf(text, sizeof text, HEADER);
        uint32_t n = 5 + dice_below(&d, 120);
        for (uint32_t i = 0; i < n; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s,%s, T%u ,%s,%s,%s,%s\n",
                                   ids[dice_below(&d, 6)], items[dice_below(&d, 7)],
                                   dice_below(&d, 3), numbers[dice_below(&d, 10) % 7],
                                   numbers[dice_below(&d, 10) % 7], times[dice_below(&d, 4)],
                                   dice_below(&d, 2) ? "7" : "");
        struct dataset_options o = {.max_basket = dice_below(&d, 5),
                                    .until_s = dice_below(&d, 2) ? 1767312000 : 0,
                                    .item_pattern = dice_below(&d, 2) ? "none" : NULL,
                                    .cancel_prefix = dice_below(&d, 2) ? "none" : NULL};

        if (read_text(text, &o) != SOTTO_OK) {
            assert_non_null(strstr(err.message, "no line is left after cleaning"));
            continue;
        }

        const struct dataset_quality *q = &data.quality;
        assert_int_equal(q->lines, n);
        assert_int_equal(q->kept + dropped(q), n);
        assert_int_equal(q->kept - q->duplicates, data.n_basket_items);
        assert_true(q->missing_customers <= q->kept && q->repaired_titles <= q->kept);
        assert_int_equal(q->repaired_titles, q->kept); /* each has spaces around it */
        for (uint32_t b = 0; b < data.n_baskets; b++) {
            assert_true(data.baskets[b].n > 0);
            assert_true(!o.max_basket || data.baskets[b].n <= o.max_basket);
        }
        for (uint32_t i = 0; i < data.n_items; i++) assert_true(data.items[i].baskets > 0);
    }
}

static void only_plain_numbers_of_sensible_size_count(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int is_good;
    } cases[] = {{"2", 1},     {" 2.50 ", 1}, {"+1e3", 1},  {"1e12", 1},    {"1e13", 0},
                 {"1e300", 0}, {"-1e13", 0},  {"1e999", 0}, {"1e-999", 0},  {"nan", 0},
                 {"inf", 0},   {"0x10", 0},   {"", 0},      {"\"2,5\"", 0}, {"2 GBP", 0}};
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        char text[200];
        snprintf(text, sizeof text, HEADER "1,a,A,1,2,2026-01-01,7\n2,a,A,1,%s,2026-01-01,7\n",
                 cases[i].text);

        assert_int_equal(read_text(text, NULL), SOTTO_OK);

        if (data.quality.bad_numbers != !cases[i].is_good) fail_msg("%s", cases[i].text);
        assert_int_equal(data.quality.first.bad_number, cases[i].is_good ? 0 : 3);
        assert_int_equal(data.quality.kept, cases[i].is_good ? 2 : 1);
    }
}

static void titles_are_cleaned_cut_and_the_commonest_wins(void **state) {
    (void)state;
    char text[1000], name[200] = "";
    for (int i = 0; i < 50; i++) strncat(name, "\xe2\x82\xac", 4); /* 150 bytes of euro signs */
    snprintf(text, sizeof text,
             HEADER "1,a,Lamp,1,1,2026-01-01,1\n2,a,\" Red\n\tlamp\x07 \",1,1,2026-01-01,1\n"
                    "3,a,Red lamp,1,1,2026-01-01,1\n4,b,%s,1,1,2026-01-01,1\n5,c,NA,1,1,2026-01-01,"
                    "1\n6,d,\"\xc2\x85\",1,1,2026-01-01,1\n",
             name);

    assert_int_equal(read_text(text, NULL), SOTTO_OK);

    assert_string_equal(data.items[0].title, "Red lamp");
    assert_int_equal(strlen(data.items[1].title), 120);
    assert_true(utf8_is_printable(data.items[1].title, 120));
    assert_string_equal(data.items[2].title, "");
    assert_string_equal(data.items[3].title, "");
    assert_int_equal(data.quality.missing_titles, 2);
}

static void what_deserves_a_look_is_counted_and_kept(void **state) {
    (void)state;
    static char text[200000];
    size_t at = (size_t)snprintf(text, sizeof text, HEADER);
    for (int i = 0; i < 300; i++) /* ordinary people: one basket of three items each */
        for (int k = 0; k < 3; k++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%d,%d,T,1,2,2026-01-01,%d\n", i,
                                   10001 + k, i);
    for (int k = 0; k < 101; k++) /* a basket of everything, and a customer who never sleeps */
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "900,%d,T,1,2,2026-01-01,800\n%d,10001,T,1,2,2026-01-02,801\n",
                               10001 + k, 1000 + k);
    snprintf(text + at, sizeof text - at,
             "950,10001,T,1,2,2026-03-02,\n951,10001,T,1,2,2999-01-01,1\n");
    struct dataset_options late = {.until_s = 4102444800}, slow = late; /* 2100-01-01 */
    slow.stale_days = 61;

    assert_int_equal(read_text(text, NULL), SOTTO_OK);
    assert_int_equal(data.quality.bot_baskets, 1);
    assert_int_equal(data.quality.bot_customers, 1);
    assert_int_equal(data.quality.future_times, 1);
    assert_int_equal(data.quality.missing_customers, 1);
    assert_int_equal(data.quality.stale_items, 100); /* all but 10001, by 973 years */
    assert_int_equal(data.quality.kept, data.quality.lines);

    assert_int_equal(read_text(text, &late), SOTTO_OK);
    assert_int_equal(data.quality.stale_items, 0); /* unsold for 60 days */
    assert_int_equal(data.quality.future_times, 0);
    late.stale_days = 59;
    assert_int_equal(read_text(text, &late), SOTTO_OK);
    assert_int_equal(data.quality.stale_items, 100);
    assert_int_equal(read_text(text, &slow), SOTTO_OK);
    assert_int_equal(data.quality.stale_items, 0);
}

static void patterns_are_inferred_from_how_nearly_all_ids_look(void **state) {
    (void)state;
    static const struct {
        const char *usual, *odd; /* 98 lines with the one, 2 with the other */
        const char *pattern;
    } cases[] = {
        {"85123A", "POST", "^([0-9]{5}|[0-9]+$)"},
        {"4006381333931", "9", "^([0-9]{13}|[0-9]+$)"},
        {"12A", "13B", ""}, /* two digits say nothing */
        {"lamp-1", "lamp-2", ""},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        static char text[8000];
        size_t at = (size_t)snprintf(text, sizeof text, HEADER);
        for (int k = 0; k < 100; k++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%d,%s,A,1,2,2026-01-01,7\n", k,
                                   k < 98 ? cases[i].usual : cases[i].odd);
        assert_int_equal(read_text(text, NULL), SOTTO_OK);
        assert_string_equal(data.quality.item_pattern, cases[i].pattern);
        assert_string_equal(data.quality.cancel_prefix, "");
        struct dataset_options none = {.item_pattern = "none", .cancel_prefix = "none"};
        assert_int_equal(read_text(text, &none), SOTTO_OK);
        assert_string_equal(data.quality.item_pattern, "");
        assert_int_equal(data.quality.kept, 100);
    }
}

static void baskets_are_distinct_items_in_file_order_by_time(void **state) {
    (void)state;
    assert_int_equal(read_text(HEADER "2,b,B,1,3,2026-01-02T09:00:00Z,1\n"
                                      "1,c,C,1,9,2026-01-01 08:00,2\n"
                                      "1,a,A,1,1, 2026-01-01 08:00 ,2\n"
                                      "2,a,A2,1,5,2026-01-02T09:00:00Z,1\n"
                                      "1,c,C,1,8,2026-01-01 08:01,2\n"
                                      "3,a,A,1,2,1767225600,\n",
                               NULL),
                     SOTTO_OK);
    assert_int_equal(data.n_baskets, 3);
    assert_string_equal(data.baskets[0].id, "3"); /* 2026-01-01 00:00 */
    assert_string_equal(data.baskets[1].id, "1");
    assert_string_equal(data.baskets[2].id, "2");
    assert_int_equal(data.baskets[0].customer, DATASET_NONE);
    const struct dataset_basket *b = &data.baskets[1];
    assert_int_equal(b->n, 2);
    assert_string_equal(data.items[data.basket_items[b->first]].id, "c");
    assert_string_equal(data.items[data.basket_items[b->first + 1]].id, "a");
    uint32_t a = data.basket_items[b->first + 1];
    assert_int_equal(data.items[a].baskets, 3);
    assert_string_equal(data.items[a].title, "A");
    assert_true(data.items[a].price > 1.99 && data.items[a].price < 2.01); /* median of 1, 5, 2 */
    assert_int_equal(data.n_customers, 2);
    struct dataset_options until = {.until_s = 1767312000}; /* 2026-01-02 */
    assert_int_equal(read_text(HEADER "2,b,B,1,3,2026-01-02,1\n1,c,C,1,9,2026-01-01,2\n", &until),
                     SOTTO_OK);
    assert_int_equal(data.n_baskets, 1);
    assert_int_equal(data.quality.out_of_range, 1);
    struct dataset_options most = {.max_basket = 1};
    assert_int_equal(
        read_text(HEADER "1,b,B,1,3,2026-01-02,1\n1,c,C,1,9,2026-01-02,2\n2,c,C,1,9,2026-01-02,2\n",
                  &most),
        SOTTO_OK);
    assert_int_equal(data.n_baskets, 1);
    assert_int_equal(data.n_items, 1);
    assert_int_equal(data.quality.kept, 1);
}

static void dates_are_read_as_people_write_them(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t s;
    } good[] = {{"2011-11-01", 1320105600},
                {"2011-11-01T00:00:00Z", 1320105600},
                {"2011-11-01 08:26", 1320135960},
                {"2011-11-01 08:26:07.123", 1320135967},
                {"2011-11-01T08:26:00+02:00", 1320128760},
                {"2012-02-29", 1330473600},
                {"1320105600", 1320105600}};
    static const char *const bad[] = {
        "",           "2011-13-01",       "2011-02-29", "2011-11-01x",
        "11-01-2011", "2011-11-01 25:00", "yesterday",  "2011-11-01T08"};
    struct slashed slashed;
    int64_t s;
    char day[11];
    for (unsigned i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(time_read(good[i].text, &s, &slashed), TIME_EXACT);
        assert_int_equal(s, good[i].s);
    }
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(time_read(bad[i], &s, &slashed), TIME_UNREADABLE);
    for (int64_t at = -86400 * 3000; at < (int64_t)86400 * 40000; at += 86400 * 13 + 5) {
        time_write_date(at, day);
        assert_int_equal(dataset_parse_time(day, &s), 0);
        assert_int_equal(s, at / 86400 * 86400 - (at % 86400 < 0 ? 86400 : 0));
    }
    /* One day above 12 settles the order for the whole column. */
    assert_int_equal(read_text("basket,item,time\n1,a,3/4/2026 8:00\n2,a,13/4/2026\n", NULL),
                     SOTTO_OK);
    time_write_date(data.baskets[0].time_s, day);
    assert_string_equal(day, "2026-04-03");
    assert_int_equal(read_text("basket,item,time\n1,a,3/4/2026 8:00\n2,a,4/13/26\n", NULL),
                     SOTTO_OK);
    time_write_date(data.baskets[0].time_s, day);
    assert_string_equal(day, "2026-03-04");
    /* One slip among a hundred does not undo it; its own date is bad. */
    static char text[4000];
    size_t at = (size_t)snprintf(text, sizeof text, "basket,item,time\n1,a,4/13/2026\n");
    for (int i = 0; i < 100; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%d,a,13/4/2026\n", 2 + i);
    assert_int_equal(read_text(text, NULL), SOTTO_OK);
    assert_int_equal(data.quality.kept, 100);
    assert_int_equal(data.quality.bad_times, 1);
    assert_int_equal(data.quality.first.bad_time, 2);
}

/* ---- Real data, where they are ------------------------------------------------------------ */

static void real_transactions_give_the_documented_counts(void **state) {
    (void)state;
    static const char path[] = "../shared/data/online-retail.csv.xz";
    struct dataset_options o = {.until_s = 1320105600};
    if (access(path, R_OK) != 0) skip();
    assert_int_equal(dataset_read(&data, path, &o, &err), SOTTO_OK);
    uint32_t learnable = 0;
    for (uint32_t i = 0; i < data.n_items; i++) learnable += data.items[i].baskets >= 5;
    assert_int_equal(data.n_baskets, 16206);
    assert_int_equal(learnable, 3357);
    assert_int_equal(data.quality.cancellations, 9288);
    assert_int_equal(data.quality.lines, 541909);
}

/* ---- Lists, other tables, sequences ------------------------------------------------------- */

/* The items of basket b, in order, as one word: "a b a ". */
static const char *items_of(uint32_t b) {
    static char text[200];
    size_t at = 0;
    text[0] = '\0';
    for (uint32_t k = 0; k < data.baskets[b].n; k++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s ",
                               data.items[data.basket_items[data.baskets[b].first + k]].id);
    return text;
}

static void lists_are_read_a_user_a_line(void **state) {
    (void)state;
    assert_int_equal(read_text("u1 10 20 10\nu2\n\nu3  30\t20 \r\nu1 40", NULL), SOTTO_OK);

    assert_int_equal(data.format, DATASET_LISTS);
    assert_int_equal(data.n_baskets, 2);
    assert_int_equal(data.n_customers, 2);
    assert_string_equal(data.baskets[0].id, "u1");
    assert_string_equal(items_of(0), "10 20 40 "); /* both lines of u1, each item once */
    assert_string_equal(items_of(1), "30 20 ");
    assert_int_equal(data.baskets[0].time_s, 0);
    assert_int_equal(data.quality.missing_ids, 1); /* u2 has none */
    assert_int_equal(data.quality.duplicates, 1);
    assert_int_equal(data.items[1].baskets, 2);
}

static void a_list_may_be_longer_than_any_buffer_and_bad_users_cost_their_line(void **state) {
    (void)state;
    enum { USERS = 40, ITEMS = 30000 };
    size_t cap = 400000, at = 0;
    char *text = malloc(cap);
    assert_non_null(text);
    at += (size_t)snprintf(text + at, cap - at, "long");
    for (int i = 0; i < ITEMS; i++) at += (size_t)snprintf(text + at, cap - at, " i%d", i);
    for (int u = 0; u < USERS; u++) at += (size_t)snprintf(text + at, cap - at, "\nu%d i1 i2", u);
    at += (size_t)snprintf(text + at, cap - at, "\nbad i3 %0100d i4\n", 7);
    assert_true(at < cap);

    assert_int_equal(read_text(text, NULL), SOTTO_OK);

    assert_int_equal(data.n_baskets, USERS + 1);
    assert_int_equal(data.baskets[0].n, ITEMS);
    assert_int_equal(data.quality.bad_lines, 1);
    assert_int_equal(data.quality.first.bad_line, USERS + 2);
    assert_string_equal(data.quality.bad_line_problem, "an id is longer than 63 bytes");
    free(text);
}

static void semicolons_and_tabs_separate_as_well_as_commas(void **state) {
    (void)state;
    static const char *const texts[] = {
        "basket;item;time;title\n1;x;2026-01-01;\"a;b, c\"\n",
        "basket\titem\ttime\ttitle\n1\tx\t2026-01-01\ta;b, c\n",
        "basket,item,time,title\n1,x,2026-01-01,\"a;b, c\"\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_int_equal(read_text(texts[i], NULL), SOTTO_OK);
        assert_int_equal(data.format, DATASET_TABLE);
        assert_string_equal(data.items[0].title, "a;b, c");
    }
}

static void sessions_keep_their_order_and_what_comes_again(void **state) {
    (void)state;
    const struct dataset_options sequence = {.keeps_sequence = 1};
    /* s1 by the numbers of its column, s2 by its times, s3 as in the file. */
    static const char text[] = "session,item,time,timeframe\n"
                               "s1,c,2026-01-01,300\n"
                               "s1,a,2026-01-01,20.5\n"
                               "s1,a,2026-01-01,100\n"
                               "s2,b,1767225700.5,0\n"
                               "s2,a,1767225600000,0\n"
                               "s3,a,2026-01-03,0\n"
                               "s3,c,2026-01-03,0\n"
                               "s3,a,2026-01-03,0\n";
    assert_int_equal(read_text(text, &sequence), SOTTO_OK);

    assert_int_equal(data.n_baskets, 3);
    assert_string_equal(items_of(0), "a a c ");
    assert_string_equal(items_of(1), "a b ");
    assert_string_equal(items_of(2), "a c a ");
    assert_int_equal(data.baskets[1].time_s, 1767225600);
    assert_int_equal(data.items[data.basket_items[0]].baskets, 3);

    assert_int_equal(read_text(text, NULL), SOTTO_OK); /* baskets of distinct items, file order */
    assert_string_equal(items_of(0), "c a ");
}

static void a_session_may_pass_midnight(void **state) {
    (void)state;
    const struct dataset_options sequence = {.keeps_sequence = 1};
    static const char text[] = "session,item,time\n"
                               "s,b,2026-01-02T00:01:00Z\n"
                               "s,a,2026-01-01T23:59:00Z\n";
    assert_int_equal(read_text(text, &sequence), SOTTO_OK);
    assert_int_equal(data.n_baskets, 1);
    assert_string_equal(items_of(0), "a b ");
    assert_int_equal(read_text(text, NULL), SOTTO_OK);
    assert_int_equal(data.n_baskets, 2);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
    const struct CMUnitTest tests[] = {
        TEST(unusable_files_are_refused_with_file_line_and_remedy),
        TEST(options_that_leave_nothing_are_named),
        TEST(more_than_a_tenth_of_bad_lines_is_refused_and_a_tenth_is_not),
        TEST(usual_header_names_are_found_whatever_their_case),
        TEST(column_map_is_checked),
        TEST(every_line_is_dropped_for_its_reason_or_kept),
        TEST(every_line_is_counted_once_under_any_option),
        TEST(only_plain_numbers_of_sensible_size_count),
        TEST(titles_are_cleaned_cut_and_the_commonest_wins),
        TEST(what_deserves_a_look_is_counted_and_kept),
        TEST(patterns_are_inferred_from_how_nearly_all_ids_look),
        TEST(baskets_are_distinct_items_in_file_order_by_time),
        TEST(dates_are_read_as_people_write_them),
        TEST(real_transactions_give_the_documented_counts),
        TEST(lists_are_read_a_user_a_line),
        TEST(a_list_may_be_longer_than_any_buffer_and_bad_users_cost_their_line),
        TEST(semicolons_and_tabs_separate_as_well_as_commas),
        TEST(sessions_keep_their_order_and_what_comes_again),
        TEST(a_session_may_pass_midnight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
