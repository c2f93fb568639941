/* Transactions: what is read, what is refused and in which words, what is cleaned. */
#include "tests/support/test.h"

#include <lzma.h>
#include <unistd.h>
#include <zstd.h>

#include "base/base.h"
#include "tests/support/dice.h"
#include "tests/support/files.h"
#include "tools/common/csv.h"
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

/* ---- CSV --------------------------------------------------------------------------------- */

/* All records of `text`, fields joined by '|', records by '/', problems as '!'. */
static void parse_all(const char *bytes, size_t n, char *out, size_t cap) {
    static struct csv_record r;
    struct csv *c = csv_open(scratch_file(dir, "c.csv", bytes, n), &err);
    size_t at = 0;
    assert_non_null(c);
    out[0] = '\0';
    while (csv_next(c, &r, &err) == 1) {
        if (at) at += (size_t)snprintf(out + at, cap - at, "/");
        if (r.problem)
            at += (size_t)snprintf(out + at, cap - at, "!%llu", (unsigned long long)r.line);
        for (size_t i = 0; i < r.n_fields; i++)
            at += (size_t)snprintf(out + at, cap - at, "%s%s", i ? "|" : "", r.fields[i]);
    }
    csv_close(c);
}

static void csv_follows_rfc_4180(void **state) {
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"a,b\r\nc,d\r\n", "a|b/c|d"},
        {"a,b\nc,d", "a|b/c|d"},
        {"\"a,1\",\"b\"\"q\"\"\"\nx,", "a,1|b\"q\"/x|"},
        {"\"two\nlines\",x\ny,z\n", "two lines|x/y|z"},
        {"\n\na\n\n\nb\n", "a/b"},
        {"\xef\xbb\xbf"
         "a,b\n",
         "a|b"},
        {"15\" ruler,x\n", "15\" ruler|x"}, /* common in exports, and harmless */
        {"\"\",\"\"\n", "|"},
        {"a\tb,c\n", "a b|c"},
    };
    char out[200];
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        parse_all(cases[i].in, strlen(cases[i].in), out, sizeof out);
        assert_string_equal(out, cases[i].out);
    }
}

static void broken_records_cost_their_own_line_only(void **state) {
    (void)state;
    static const char quote[] = "a,b\n\"never closed,c\nd,e\nf,g\n";
    static const char after[] = "\"a\"b,c\nd,e\n";
    static const char utf8[] = "a,\xff\nd,e\n";
    static const char nul[] = "a,\0b\nd,e\n";
    char out[400];
    parse_all(quote, sizeof quote - 1, out, sizeof out);
    assert_string_equal(out, "a|b/!2/d|e/f|g");
    parse_all(after, sizeof after - 1, out, sizeof out);
    assert_string_equal(out, "!1/d|e");
    parse_all(utf8, sizeof utf8 - 1, out, sizeof out);
    assert_string_equal(out, "!1/d|e");
    parse_all(nul, sizeof nul - 1, out, sizeof out);
    assert_string_equal(out, "!1/d|e");
}

static void lines_of_millions_of_characters_are_passed_over(void **state) {
    (void)state;
    static const size_t lengths[] = {1000000, CSV_RECORD_MAX - 2, CSV_RECORD_MAX + 1, 5000000};
    for (unsigned i = 0; i < ARRAY_LEN(lengths); i++)
        for (int is_quoted = 0; is_quoted < 2; is_quoted++) {
            size_t n = lengths[i];
            char *text = malloc(n + 20);
            memset(text, 'x', n);
            if (is_quoted) text[0] = '"';
            memcpy(text + n, "\nd,e\nf,g\n", 10);
            static struct csv_record r;
            struct csv *c = csv_open(scratch_file(dir, "long.csv", text, n + 9), &err);
            assert_non_null(c);
            assert_int_equal(csv_next(c, &r, &err), 1);
            assert_int_equal(r.problem != NULL, is_quoted || n > CSV_RECORD_MAX);
            assert_int_equal(csv_next(c, &r, &err), 1);
            assert_int_equal(r.line, 2);
            assert_string_equal(r.fields[1], "e");
            assert_int_equal(csv_next(c, &r, &err), 1);
            assert_string_equal(r.fields[0], "f");
            assert_int_equal(csv_next(c, &r, &err), 0);
            csv_close(c);
            free(text);
        }
}

static void random_bytes_never_break_the_reader(void **state) {
    (void)state;
    static const char likely[] = "\"\",,\n\r\nab \xc3\xa9\xff";
    struct dice d = {99};
    for (int round = 0; round < 3000; round++) {
        char text[300];
        static char out[100000];
        size_t n = dice_below(&d, sizeof text);
        for (size_t i = 0; i < n; i++) text[i] = likely[dice_below(&d, sizeof likely - 1)];
        parse_all(text, n, out, sizeof out);
    }
}

/* ---- Compressed files -------------------------------------------------------------------- */

static size_t compress_xz(const char *text, uint8_t *out, size_t cap) {
    size_t n = 0;
    assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, (const uint8_t *)text,
                                             strlen(text), out, &n, cap),
                     LZMA_OK);
    return n;
}

static void compressed_files_are_recognised_by_content(void **state) {
    (void)state;
    static const char text[] = HEADER "1,10001,A,1,2.5,2026-01-01,7\n";
    static const struct dataset_options none;
    uint8_t xz[1000], zst[1000];
    size_t xz_n = compress_xz(text, xz, sizeof xz);
    size_t zst_n = ZSTD_compress(zst, sizeof zst, text, strlen(text), 3);
    assert_int_equal(read_text(text, NULL), SOTTO_OK);
    uint8_t hash[32];
    memcpy(hash, data.quality.hash, sizeof hash);
    dataset_free(&data);
    assert_int_equal(dataset_read(&data, scratch_file(dir, "a.csv", xz, xz_n), &none, &err),
                     SOTTO_OK);
    assert_int_equal(data.n_baskets, 1);
    assert_memory_equal(hash, data.quality.hash, sizeof hash);
    dataset_free(&data);
    assert_int_equal(dataset_read(&data, scratch_file(dir, "b.csv", zst, zst_n), &none, &err),
                     SOTTO_OK);
    assert_memory_equal(hash, data.quality.hash, sizeof hash);
}

static void cut_or_damaged_compression_is_an_error_that_names_the_file(void **state) {
    (void)state;
    static const struct dataset_options none;
    static char text[20000];
    struct dice d = {5};
    size_t at = (size_t)snprintf(text, sizeof text, HEADER);
    while (at < sizeof text - 100)
        at += (size_t)snprintf(text + at, sizeof text - at, "%u,%u,T%u,1,2,2026-01-01,7\n",
                               dice_below(&d, 100), 10000 + dice_below(&d, 90000),
                               dice_below(&d, 999));
    static uint8_t packed[20000], bad[20000];
    for (int kind = 0; kind < 2; kind++) {
        size_t n = kind ? ZSTD_compress(packed, sizeof packed, text, at, 3)
                        : compress_xz(text, packed, sizeof packed);
        for (size_t cut = 8; cut < n; cut += n / 40) {
            assert_int_equal(
                dataset_read(&data, scratch_file(dir, "cut", packed, cut), &none, &err),
                SOTTO_E_FORMAT);
            assert_non_null(strstr(err.message, "cut"));
            assert_non_null(strstr(err.message, "fetch or compress the file again"));
        }
        if (kind) continue; /* this zstd frame has no checksum: a flip may go unseen */
        memcpy(bad, packed, n);
        bad[n / 2] ^= 0x55;
        assert_int_equal(dataset_read(&data, scratch_file(dir, "bad", bad, n), &none, &err),
                         SOTTO_E_FORMAT);
    }
    assert_int_equal(dataset_read(&data, "/no/such.csv", &none, &err), SOTTO_E_IO);
    assert_non_null(strstr(err.message, "/no/such.csv"));
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
        {"basket,item,time\n1,10001,3/4/2026 8:00\n", "day/month or as month/day"},
        {HEADER "1,10001,A,-1,2,2026-01-01,7\n", "no line is left after cleaning"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(read_text(cases[i].text, NULL), SOTTO_E_FORMAT);
        if (!strstr(err.message, cases[i].says))
            fail_msg("%s\nlacks: %s", err.message, cases[i].says);
        if (i < 9) assert_non_null(strstr(err.message, "t.csv"));
    }
    assert_non_null(strstr((read_text(cases[2].text, NULL), err.message), "basket, title, time"));
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

static void baskets_are_distinct_items_in_file_order_by_time(void **state) {
    (void)state;
    assert_int_equal(read_text(HEADER "2,b,B,1,3,2026-01-02T09:00:00Z,1\n"
                                      "1,c,C,1,9,2026-01-01 08:00,2\n"
                                      "1,a,A,1,1,2026-01-01 08:00,2\n"
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

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
    const struct CMUnitTest tests[] = {
        TEST(csv_follows_rfc_4180),
        TEST(broken_records_cost_their_own_line_only),
        TEST(lines_of_millions_of_characters_are_passed_over),
        TEST(random_bytes_never_break_the_reader),
        TEST(compressed_files_are_recognised_by_content),
        TEST(cut_or_damaged_compression_is_an_error_that_names_the_file),
        TEST(unusable_files_are_refused_with_file_line_and_remedy),
        TEST(column_map_is_checked),
        TEST(every_line_is_dropped_for_its_reason_or_kept),
        TEST(baskets_are_distinct_items_in_file_order_by_time),
        TEST(dates_are_read_as_people_write_them),
        TEST(real_transactions_give_the_documented_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
