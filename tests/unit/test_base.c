/* Base: CBOR both ways, UTF-8, and a clock that never goes back. */
#include "tests/support/test.h"

#include "base/cbor.h"
#include "base/clock.h"
#include "crypto/crypto.h"
#include "tests/support/dice.h"

/* RFC 8949 Appendix A, the integers and strings of the subset. */
static void cbor_matches_the_examples_of_its_rfc(void **state) {
    (void)state;
    static const struct {
        int64_t v;
        const char *hex;
    } ints[] = {{0, "00"},
                {1, "01"},
                {10, "0a"},
                {23, "17"},
                {24, "1818"},
                {25, "1819"},
                {100, "1864"},
                {1000, "1903e8"},
                {1000000, "1a000f4240"},
                {1000000000000, "1b000000e8d4a51000"},
                {-1, "20"},
                {-10, "29"},
                {-100, "3863"},
                {-1000, "3903e7"}};
    for (unsigned i = 0; i < ARRAY_LEN(ints); i++) {
        uint8_t buf[16];
        char hex[40] = "";
        struct cbor_writer w = cbor_writer_of(buf, sizeof buf);
        cbor_put_int(&w, ints[i].v);
        for (size_t k = 0; k < w.n; k++) snprintf(hex + 2 * k, 3, "%02x", buf[k]);
        assert_string_equal(hex, ints[i].hex);
        struct cbor_reader r = cbor_reader_of(buf, w.n);
        assert_int_equal(cbor_get_int(&r, INT64_MIN, INT64_MAX), ints[i].v);
        assert_true(cbor_is_done(&r));
    }
}

static void cbor_round_trips_integers_at_every_width(void **state) {
    (void)state;
    for (int bit = 0; bit < 64; bit++)
        for (int around = -1; around <= 1; around++) {
            uint64_t v = ((uint64_t)1 << bit) + (uint64_t)(int64_t)around;
            uint8_t buf[9];
            struct cbor_writer w = cbor_writer_of(buf, sizeof buf);
            cbor_put_uint(&w, v);
            struct cbor_reader r = cbor_reader_of(buf, w.n);
            assert_int_equal(cbor_get_uint(&r, UINT64_MAX), v);
            assert_true(cbor_is_done(&r));
            w = cbor_writer_of(buf, sizeof buf);
            cbor_put_int(&w, (int64_t)v);
            r = cbor_reader_of(buf, w.n);
            assert_int_equal(cbor_get_int(&r, INT64_MIN, INT64_MAX), (int64_t)v);
        }
}

static void cbor_refuses_what_is_not_deterministic_or_cut_off(void **state) {
    (void)state;
    static const char *const bad[] = {
        "\x18\x17",             /* 23 in two bytes */
        "\x19\x00\xff",         /* 255 in three */
        "\x1a\x00\x00\xff\xff", /* 65535 in five */
        "\x1c",                 /* reserved */
        "\x1f",                 /* indefinite */
        "\x18",                 /* cut off */
        "\x19\x01",
    };
    static const size_t lengths[] = {2, 3, 5, 1, 1, 1, 2};
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        struct cbor_reader r = cbor_reader_of((const uint8_t *)bad[i], lengths[i]);
        assert_int_equal(cbor_get_uint(&r, UINT64_MAX), 0);
        assert_true(r.is_bad);
        assert_int_equal(cbor_get_uint(&r, UINT64_MAX), 0); /* stays bad */
        assert_false(cbor_is_done(&r));
    }
    size_t n;
    struct cbor_reader r =
        cbor_reader_of((const uint8_t *)"\x5b\xff\xff\xff\xff\xff\xff\xff\xff", 9);
    assert_null(cbor_get_bytes(&r, &n)); /* a length beyond the input */
    r = cbor_reader_of((const uint8_t *)"\x62\xc3\x28", 3);
    assert_null(cbor_get_text(&r, &n)); /* not UTF-8 */
    r = cbor_reader_of((const uint8_t *)"\x3b\x80\x00\x00\x00\x00\x00\x00\x00", 9);
    assert_int_equal(cbor_get_int(&r, INT64_MIN, INT64_MAX), 0); /* below INT64_MIN */
    assert_true(r.is_bad);
}

static void cbor_writer_goes_bad_at_every_short_buffer(void **state) {
    (void)state;
    uint8_t buf[64];
    size_t full = 0;
    for (size_t cap = 0; cap <= sizeof buf; cap++) {
        struct cbor_writer w = cbor_writer_of(buf, cap);
        cbor_put_array(&w, 3);
        cbor_put_text(&w, "twelve bytes");
        cbor_put_bytes(&w, "abc", 3);
        cbor_put_int(&w, -70000);
        if (!w.is_bad && full == 0) full = cap;
        assert_int_equal(w.is_bad, full == 0);
    }
    assert_int_equal(full, 1 + 13 + 4 + 5);
}

static void cbor_reader_survives_random_bytes(void **state) {
    (void)state;
    struct dice d = {77};
    for (int round = 0; round < 200000; round++) {
        uint8_t buf[24];
        size_t n = dice_below(&d, sizeof buf + 1), k;
        for (size_t i = 0; i < n; i++) buf[i] = (uint8_t)dice_u64(&d);
        struct cbor_reader r = cbor_reader_of(buf, n);
        for (int step = 0; step < 6; step++) switch (dice_below(&d, 6)) {
            case 0: (void)cbor_get_uint(&r, UINT64_MAX); break;
            case 1: (void)cbor_get_int(&r, -100, 100); break;
            case 2: (void)cbor_get_bytes(&r, &k); break;
            case 3: (void)cbor_get_text(&r, &k); break;
            case 4: (void)cbor_get_map(&r, 10); break;
            default: cbor_expect_tag(&r, 18); break;
            }
        assert_true(r.at <= r.end);
    }
}

static void only_printable_utf8_passes(void **state) {
    (void)state;
    static const char *const good[] = {
        "", "plain", "caf\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\x81", "\xd8\xb9\xd8\xb1"};
    static const char *const bad[] = {"\x80",
                                      "\xc3",
                                      "\xc0\xaf",
                                      "\xe0\x80\x80",
                                      "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "a\nb",
                                      "\x7f",
                                      "\xc2\x85",
                                      "\xe2\x82"};
    for (unsigned i = 0; i < ARRAY_LEN(good); i++)
        assert_true(utf8_is_printable(good[i], strlen(good[i])));
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(utf8_is_printable(bad[i], strlen(bad[i])));
    assert_false(utf8_is_printable("a\0b", 3));
}

/* ---- Clock ------------------------------------------------------------------------------- */

struct hands {
    uint64_t mono_ms;
    int64_t wall_s;
    int is_broken;
};
static int read_mono(void *ctx, uint64_t *ms) {
    struct hands *h = ctx;
    *ms = h->mono_ms;
    return h->is_broken ? -1 : 0;
}
static int read_wall(void *ctx, int64_t *s) {
    struct hands *h = ctx;
    *s = h->wall_s;
    return h->is_broken ? -1 : 0;
}

static void time_never_goes_back_whatever_the_clocks_say(void **state) {
    (void)state;
    struct dice d = {13};
    struct hands h = {0, 0, 0};
    struct sotto_port port = {.ctx = &h, .clock_mono_ms = read_mono, .clock_wall_s = read_wall};
    struct sotto_clock clock;
    clock_start(&clock, &port, &(struct clock_kept){.now_s = 1000000});
    int64_t last = clock_now(&clock);
    assert_int_equal(last, 1000000); /* woke up in 1970: the floor holds */
    for (int i = 0; i < 100000; i++) {
        h.mono_ms = dice_below(&d, 10) ? h.mono_ms + dice_below(&d, 5000) : dice_below(&d, 1000);
        h.wall_s = (int64_t)dice_below(&d, 2000000) - 1000;
        h.is_broken = dice_below(&d, 20) == 0;
        int64_t now = clock_now(&clock);
        assert_true(now >= last);
        last = now;
    }
}

static void time_passes_by_the_monotonic_clock_where_the_wall_stands_in_1970(void **state) {
    (void)state;
    struct hands h = {500, 0, 0};
    struct sotto_port port = {.ctx = &h, .clock_mono_ms = read_mono, .clock_wall_s = read_wall};
    struct sotto_clock clock;
    clock_start(&clock, &port, &(struct clock_kept){.now_s = 5000});
    assert_int_equal(clock_now(&clock), 5000);
    for (int i = 0; i < 10; i++) {
        h.mono_ms += 300; /* ten times 0.3 s is three seconds: nothing is lost to rounding */
        clock_now(&clock);
    }
    assert_int_equal(clock_now(&clock), 5003);
    h.wall_s = 9000;
    assert_int_equal(clock_now(&clock), 9000);
    h.wall_s = 10;
    h.mono_ms += 2000;
    assert_int_equal(clock_now(&clock), 9002);
}

static int broken_entropy(void *ctx, void *buf, size_t n) {
    (void)ctx;
    memset(buf, 0xaa, n);
    return -1;
}
static int fixed_entropy(void *ctx, void *buf, size_t n) {
    memset(buf, *(uint8_t *)ctx, n);
    return 0;
}

static void failing_entropy_yields_zeros_and_an_error_never_bytes(void **state) {
    (void)state;
    struct rng g = {0};
    uint8_t out[64], zeros[64] = {0}, seed = 9;
    memset(out, 1, sizeof out);
    assert_int_equal(rng_seed(&g, broken_entropy, NULL), -1);
    assert_int_equal(rng_bytes(&g, out, sizeof out), -1);
    assert_memory_equal(out, zeros, sizeof out);

    assert_int_equal(rng_seed(&g, fixed_entropy, &seed), 0);
    assert_int_equal(rng_bytes(&g, out, sizeof out), 0);
    assert_memory_not_equal(out, zeros, sizeof out);
    g.entropy = broken_entropy; /* fails later, at the reseed that is due after 1 MiB */
    int failed = 0;
    for (unsigned i = 0; i < 2 * RNG_RESEED_BYTES / sizeof out && !failed; i++)
        failed = rng_bytes(&g, out, sizeof out) != 0;
    assert_true(failed);
    assert_memory_equal(out, zeros, sizeof out);
}

static void generator_streams_do_not_depend_on_how_they_are_read(void **state) {
    (void)state;
    struct rng a = {0}, b = {0};
    uint8_t x[3000], y[3000], seed = 3;
    struct dice d = {1};
    assert_int_equal(rng_seed(&a, fixed_entropy, &seed), 0);
    assert_int_equal(rng_seed(&b, fixed_entropy, &seed), 0);
    assert_int_equal(rng_bytes(&a, x, sizeof x), 0);
    for (size_t at = 0; at < sizeof y;) {
        size_t n = 1 + dice_below(&d, 700);
        if (n > sizeof y - at) n = sizeof y - at;
        assert_int_equal(rng_bytes(&b, y + at, n), 0);
        at += n;
    }
    assert_memory_equal(x, y, sizeof x);
}

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cbor_matches_the_examples_of_its_rfc),
        cmocka_unit_test(cbor_round_trips_integers_at_every_width),
        cmocka_unit_test(cbor_refuses_what_is_not_deterministic_or_cut_off),
        cmocka_unit_test(cbor_writer_goes_bad_at_every_short_buffer),
        cmocka_unit_test(cbor_reader_survives_random_bytes),
        cmocka_unit_test(only_printable_utf8_passes),
        cmocka_unit_test(time_never_goes_back_whatever_the_clocks_say),
        cmocka_unit_test(time_passes_by_the_monotonic_clock_where_the_wall_stands_in_1970),
        cmocka_unit_test(failing_entropy_yields_zeros_and_an_error_never_bytes),
        cmocka_unit_test(generator_streams_do_not_depend_on_how_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
