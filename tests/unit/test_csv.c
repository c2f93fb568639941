/* CSV: what is a record, what is a broken one and what it costs, where both stand, and the same
 * from compressed files. */
#include "tests/support/test.h"

#include <lzma.h>
#include <zstd.h>

#include "base/base.h"
#include "tests/support/dice.h"
#include "tests/support/files.h"
#include "tools/common/csv.h"
#include "tools/common/dataset.h"

#define HEADER "basket,item,title,quantity,price,time,customer\n"

static struct dataset data;
static char dir[64];
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

static void records_and_problems_are_told_with_the_line_they_begin_in(void **state) {
    (void)state;
    static const struct {
        const char *in, *problem;
        uint64_t line, next_line; /* of the broken record, and of the sound one behind it */
    } cases[] = {
        {"h\n\"one\ntwo\nthree\",x\n\xff,y\nok,z\n", "it is not UTF-8", 5, 6},
        {"h\n\n\n\"a\"b,y\nok,z\n", "text follows a closing quote", 4, 5},
        {"h\r\n\"open,y\r\nok,z\r\n", "a quote is never closed", 2, 3},
        {"h\n\xed\xa0\x80,surrogate\nok,z\n", "it is not UTF-8", 2, 3},
        {"h\n\xc0\xaf,overlong\nok,z\n", "it is not UTF-8", 2, 3},
    };
    static struct csv_record r;
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        const char *problem = NULL;
        uint64_t line = 0;
        struct csv *c = csv_open(scratch_text(dir, "p.csv", cases[i].in), &err);
        assert_non_null(c);

        while (csv_next(c, &r, &err) == 1)
            if (r.problem && !problem) {
                problem = r.problem;
                line = r.line;
            }

        assert_string_equal(problem, cases[i].problem);
        assert_int_equal(line, cases[i].line);
        assert_string_equal(r.fields[0], "ok");
        assert_int_equal(r.line, cases[i].next_line);
        csv_close(c);
    }
}

static void fields_beyond_the_limit_make_a_broken_record(void **state) {
    (void)state;
    static char text[2 * CSV_FIELDS_MAX + 20];
    static struct csv_record r;
    for (size_t n = CSV_FIELDS_MAX; n <= CSV_FIELDS_MAX + 1; n++) {
        memset(text, ',', n - 1);
        memcpy(text + n - 1, "\nd,e\n", 6);
        struct csv *c = csv_open(scratch_file(dir, "f.csv", text, n + 4), &err);
        assert_non_null(c);

        assert_int_equal(csv_next(c, &r, &err), 1);
        if (n == CSV_FIELDS_MAX)
            assert_int_equal(r.n_fields, n);
        else
            assert_string_equal(r.problem, "there are too many fields");

        assert_int_equal(csv_next(c, &r, &err), 1);
        assert_string_equal(r.fields[1], "e");
        csv_close(c);
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
    assert_int_equal(dataset_read(&data, scratch_text(dir, "t.csv", text), &none, &err), SOTTO_OK);
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

static void a_compressed_file_that_ends_early_fails_and_names_the_byte(void **state) {
    (void)state;
    static char text[400000];
    static uint8_t packed[400000];
    static struct csv_record r;
    struct dice d = {7};
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 20 == 19 ? '\n' : (char)('a' + dice_below(&d, 26));
    size_t n = ZSTD_compress(packed, sizeof packed, text, sizeof text, 1);
    assert_false(ZSTD_isError(n));
    assert_true(n > 70000);
    struct csv *c = csv_open(scratch_file(dir, "half.csv.zst", packed, 70000), &err);
    assert_non_null(c);
    int got;

    while ((got = csv_next(c, &r, &err)) == 1) continue;

    assert_int_equal(got, SOTTO_E_FORMAT);
    assert_non_null(
        strstr(err.message, "half.csv.zst: the zstd data end too early near byte 70000"));
    csv_close(c);
}

static void reading_tells_how_far_it_has_come(void **state) {
    (void)state;
    static char text[5000000];
    static struct csv_record r;
    memset(text, 'x', sizeof text);
    for (size_t i = 99; i < sizeof text; i += 100) text[i] = '\n';
    struct csv *c = csv_open(scratch_file(dir, "far.csv", text, sizeof text), &err);
    assert_non_null(c);
    uint64_t done, total, before = 0;

    while (csv_next(c, &r, &err) == 1) {
        csv_progress(c, &done, &total);
        assert_true(done >= before && done <= total);
        if (r.line == 1) assert_true(done < total / 2);
        before = done;
    }

    assert_int_equal(total, sizeof text);
    assert_int_equal(before, sizeof text);
    csv_close(c);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
    const struct CMUnitTest tests[] = {
        TEST(csv_follows_rfc_4180),
        TEST(broken_records_cost_their_own_line_only),
        TEST(records_and_problems_are_told_with_the_line_they_begin_in),
        TEST(lines_of_millions_of_characters_are_passed_over),
        TEST(fields_beyond_the_limit_make_a_broken_record),
        TEST(random_bytes_never_break_the_reader),
        TEST(compressed_files_are_recognised_by_content),
        TEST(cut_or_damaged_compression_is_an_error_that_names_the_file),
        TEST(a_compressed_file_that_ends_early_fails_and_names_the_byte),
        TEST(reading_tells_how_far_it_has_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
