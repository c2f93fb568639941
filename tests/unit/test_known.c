/* Known answers: others' (../shared/vectors, skipped where that folder is not) and our own
 * (tests/vectors). The samplers are built once more here, the very same source, on a random stream
 * that can be repeated in place of the library's generator. */
#include "tests/support/test.h"

#include "crypto/crypto.h"
#include "tests/support/turboshake.h"
#include "tools/common/mechanism_read.h"

static int stream_bytes(struct rng *g, void *out, size_t n) {
    turboshake_squeeze(g->ctx, out, n);
    return 0;
}
static int stream_u32(struct rng *g, uint32_t *out) {
    uint8_t bytes[4];
    turboshake_squeeze(g->ctx, bytes, sizeof bytes);
    *out = load32(bytes);
    return 0;
}
#define rng_bytes stream_bytes
#define rng_u32   stream_u32
#include "dp/mechanism.c"            /* NOLINT(bugprone-suspicious-include) */
#include "dp/mechanism_noise.c"      /* NOLINT(bugprone-suspicious-include) */
#include "dp/mechanism_projective.c" /* NOLINT(bugprone-suspicious-include) */
#include "dp/mechanism_subset.c"     /* NOLINT(bugprone-suspicious-include) */
#include "dp/sample.c"               /* NOLINT(bugprone-suspicious-include) */
#include "dp/sample_fixed.c"         /* NOLINT(bugprone-suspicious-include) */
#include "dp/sample_gaussian.c"      /* NOLINT(bugprone-suspicious-include) */

#define THEIRS "../shared/vectors/"
#define OURS   "tests/vectors/noise.txt"

static struct turboshake stream;
static struct rng rng = {.ctx = &stream};

/* ---- Files --------------------------------------------------------------------------------- */

static char text[65536];

/* Reads a file into `text`; 0 when it is not there. */
static int load(const char *path) {
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    size_t n = fread(text, 1, sizeof text - 1, f);
    assert_int_equal(fclose(f), 0);
    text[n] = 0;
    return 1;
}

static const char *after(const char *from, const char *what) {
    const char *at = strstr(from, what);
    assert_non_null(at);
    return at + strlen(what);
}

/* Of two hexadecimal digits. */
static uint8_t byte_of(const char *hex) {
    char digits[3] = {hex[0], hex[1], 0}, *end;
    uint8_t byte = (uint8_t)strtoul(digits, &end, 16);
    assert_true(end == digits + 2);
    return byte;
}

/* The bytes of the string that JSON has under `key`; returns how many. */
static size_t hex_of(const char *json, const char *key, uint8_t *out, size_t room) {
    const char *at = after(after(json, key), ": \"");
    size_t n = 0;
    for (; n < room && at[2 * n] != '"'; n++) out[n] = byte_of(at + 2 * n);
    return n;
}

static uint64_t number_of(const char *json, const char *key) {
    return strtoull(after(after(json, key), ":"), NULL, 10);
}

static void begin(const uint8_t *seed, size_t n) {
    turboshake_vdaf(&stream, "", 0, seed, n, "", 0);
}

/* ---- Theirs -------------------------------------------------------------------------------- */

static void stream_is_that_of_the_vdaf_draft(void **state) {
    (void)state;
    uint8_t dst[64], seed[64], binder[64], expected[1024], made[1024];
    if (!load(THEIRS "XofTurboShake128.json")) skip();
    size_t dst_n = hex_of(text, "\"dst\"", dst, sizeof dst);
    size_t seed_n = hex_of(text, "\"seed\"", seed, sizeof seed);
    size_t binder_n = hex_of(text, "\"binder\"", binder, sizeof binder);
    size_t n = hex_of(text, "\"derived_seed\"", expected, sizeof expected);

    turboshake_vdaf(&stream, dst, dst_n, seed, seed_n, binder, binder_n);
    turboshake_squeeze(&stream, made, n);

    assert_int_equal(n, 32);
    assert_memory_equal(made, expected, n);

    /* The field elements are the same stream: at 640 bytes a 128-bit one is never rejected here. */
    n = hex_of(text, "\"expanded_vec_field128\"", expected, sizeof expected);
    turboshake_vdaf(&stream, dst, dst_n, seed, seed_n, binder, binder_n);
    turboshake_squeeze(&stream, made, n);
    assert_int_equal(n, 640);
    assert_memory_equal(made, expected, n);
}

/* RFC 9861, section 5: TurboSHAKE128 of nothing, D = 1F and 07, and of 17 bytes, D = 1F. */
static void stream_is_that_of_the_rfc(void **state) {
    (void)state;
    static const struct {
        size_t n;
        uint8_t domain, out[8];
    } vectors[] = {{0, 0x1f, {0x1e, 0x41, 0x5f, 0x1c, 0x59, 0x83, 0xaf, 0xf2}},
                   {17, 0x1f, {0x9c, 0x97, 0xd0, 0x36, 0xa3, 0xba, 0xc8, 0x19}}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t message[17], made[8];
        for (size_t b = 0; b < sizeof message; b++) message[b] = (uint8_t)b;
        turboshake_begin(&stream);
        turboshake_absorb(&stream, message, vectors[i].n);
        turboshake_end(&stream, vectors[i].domain);
        turboshake_squeeze(&stream, made, sizeof made);
        assert_memory_equal(made, vectors[i].out, sizeof made);
    }
}

static void discrete_gaussian_gives_the_published_samples(void **state) {
    (void)state;
    static const char *const files[] = {"3", "9", "100", "41293847", "2.342"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[80];
        uint8_t seed[64];
        snprintf(path, sizeof path, THEIRS "discrete_gauss_%s.json", files[i]);
        if (!load(path)) skip();
        size_t seed_n = hex_of(text, "\"seed\"", seed, sizeof seed), n = 0;
        uint64_t num = number_of(text, "\"std_num\""), den = number_of(text, "\"std_denom\"");
        char *at = (char *)after(text, "\"samples\": [");
        begin(seed, seed_n);

        for (; strchr(",\n 0123456789-", *at); n++) {
            int64_t expected = strtoll(at, &at, 10), made = INT64_MIN;
            assert_int_equal(sample_discrete_gaussian(&rng, num * num, den * den, &made), 0);
            assert_true(made == expected);
            at += strspn(at, ",\n ");
        }

        assert_int_equal(n, 49);
    }
}

/* ---- Ours ---------------------------------------------------------------------------------- */

static void compare_numbers(const char *name, const long long *p, char *at) {
    size_t n = 0;
    for (; *at; n++) {
        int64_t expected = strtoll(at, &at, 10), wide = 0;
        int32_t narrow = 0;
        struct sample_gaussian law = {0, 0, 0};
        at += strspn(at, " ");
        if (strcmp(name, "laplace") == 0) {
            assert_int_equal(sample_discrete_laplace(&rng, (uint64_t)p[0], (uint64_t)p[1], &wide),
                             0);
        } else if (strcmp(name, "gaussian") == 0) {
            assert_int_equal(sample_discrete_gaussian(&rng, (uint64_t)p[0], (uint64_t)p[1], &wide),
                             0);
        } else if (strcmp(name, "laplace_fixed") == 0) {
            assert_int_equal(sample_laplace_fixed(&rng, (uint32_t)p[0], (int)p[1], &narrow), 0);
        } else {
            assert_int_equal(sample_gaussian_law((uint32_t)p[0], (uint32_t)p[1], &law), 0);
            assert_int_equal(sample_gaussian_fixed(&rng, &law, &narrow), 0);
        }
        assert_true(wide + narrow == expected);
    }
    assert_int_equal(n, 32);
}

/* Parameters are epsilon, some that the library finds itself, and the value last. */
static void compare_answers(const char *name, const long long *p, char *at) {
    struct mechanism_terms t = {0, (uint32_t)p[0], 0, 0, 0, 0};
    size_t n = 0;
    if (strcmp(name, "subset") == 0) {
        t.mechanism = KIND_SUBSET;
        t.n_cells = (uint32_t)p[1];
        assert_int_equal(subset_size(mechanism_epsilon(t.eps_micro), t.n_cells), p[2]);
    } else if (strcmp(name, "projective") == 0) {
        t.mechanism = KIND_PROJECTIVE;
        t.n_cells = 1; /* as many cells as the space has points */
        for (long long i = 1; i < p[2]; i++) t.n_cells = t.n_cells * (uint32_t)p[1] + 1;
        assert_int_equal(projective_space(mechanism_epsilon(t.eps_micro), t.n_cells).q, p[1]);
        assert_int_equal(projective_space(mechanism_epsilon(t.eps_micro), t.n_cells).t, p[2]);
    } else {
        t.mechanism = KIND_ONE_BIT;
        t.n_cells = 1;
        t.max_value = (uint32_t)p[1];
    }
    uint32_t value = (uint32_t)p[t.mechanism == KIND_ONE_BIT ? 2 : 3];
    for (; *at; n++) {
        uint8_t expected[32] = {0}, made[32] = {0};
        size_t bytes = 0;
        for (; *at && *at != ' '; at += 2) expected[bytes++] = byte_of(at);
        at += strspn(at, " ");
        assert_int_equal(mechanism_answer(&rng, &t, value, made), 0);
        assert_int_equal(mechanism_answer_bytes(&t), bytes);
        assert_memory_equal(made, expected, sizeof made);
        assert_int_equal(mechanism_answer_check(&t, made, bytes), 0);
    }
    assert_int_equal(n, 32);
}

static void every_mechanism_gives_our_published_samples(void **state) {
    (void)state;
    uint8_t seed[32];
    char *rest = NULL;
    int n_lines = 0;
    for (size_t i = 0; i < sizeof seed; i++) seed[i] = (uint8_t)i;
    if (!load(OURS)) fail_msg(OURS " is not there: run from the top of the checkout");
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char name[20];
        int used = 0;
        long long p[4] = {0};
        assert_int_equal(sscanf(line, "%19s%n", name, &used), 1);
        char *at = line + used;
        for (int i = 0; i < 4 && strncmp(at, " :", 2) != 0; i++) p[i] = strtoll(at, &at, 10);
        at += strspn(at, " :");
        begin(seed, sizeof seed);
        if (strstr(name, "laplace") || strstr(name, "gaussian")) {
            compare_numbers(name, p, at);
        } else {
            compare_answers(name, p, at);
        }
        n_lines++;
    }
    assert_int_equal(n_lines, 32);
}

/* ---- What no stream comes upon --------------------------------------------------------------- */

/* Words that fall on a threshold's upper half are decided by 64 bits more, as often as not to
 * happen once in the life of a device. */
static void thresholds_are_held_to_their_last_bit(void **state) {
    (void)state;
    const struct wide *digits = table_laplace[0].digits - table_laplace[0].first; /* epsilon 1 */
    uint8_t first[56], second[56];
    uint32_t ties;
    for (int last = -1; last <= 1; last++) {
        for (uint32_t i = 0; i < 7; i++) {
            store64(first + 8 * i, digits[i].hi);
            store64(second + 8 * i, digits[i].lo + (uint64_t)last);
        }
        /* Below its threshold every digit is one, 127 in all; on it or above none is. */
        assert_int_equal(digit_sum(digits, 7, first, second, &ties), last < 0 ? 127 : 0);
        assert_int_equal(ties, 7);
    }
}

/* A try is decided by the upper halves of what it drew as it would be by all of it, or not at all:
 * for drawn numbers, and for those beside a threshold and beside the odds, where it must not. */
static void halves_decide_as_the_whole_does(void **state) {
    (void)state;
    uint8_t bytes[ATTEMPT_BYTES];
    int32_t narrow = 0, wide = 0;
    begin((const uint8_t *)"halves", 6);
    for (int n = 0; n < 200000; n++) {
        struct sample_gaussian law = {0, 0, 0};
        assert_int_equal(
            sample_gaussian_law(2048 + (uint32_t)n % 2048, 17 + (uint32_t)n % 21, &law), 0);
        assert_int_equal(stream_bytes(&rng, bytes, sizeof bytes), 0);
        uint32_t j = (uint32_t)n % TABLE_GAUSSIAN_TAIL_N;
        if (n % 4 == 1) store64(bytes + 8, table_gaussian_tail[j].hi);
        uint32_t of_half = gaussian_try(&law, bytes, 0, &narrow);
        if (n % 4 == 1) {
            assert_true(of_half > 1);
            continue;
        }
        if (n % 4 > 1) {
            /* The odds of this try, and what is around them. */
            uint64_t v = (uint64_t)abs(narrow) / law.step, y = (uint64_t)abs(narrow);
            uint64_t exponent = law.a * y * y - (v * v << (law.s - 3));
            struct wide odds = exp_minus(exponent, law.s);
            store64(bytes + 24, odds.hi);
            store64(bytes + 16, odds.lo - (n % 4 == 2));
            of_half = gaussian_try(&law, bytes, 0, &narrow);
            assert_true(of_half > 1);
            if (n % 4 == 3) assert_int_equal(gaussian_try(&law, bytes, 1, &wide), 0);
        }
        uint32_t of_all = gaussian_try(&law, bytes, 1, &wide);
        assert_true(of_all <= 1 && narrow == wide);
        if (of_half <= 1) assert_int_equal(of_half, of_all);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_is_that_of_the_vdaf_draft),
        cmocka_unit_test(stream_is_that_of_the_rfc),
        cmocka_unit_test(discrete_gaussian_gives_the_published_samples),
        cmocka_unit_test(every_mechanism_gives_our_published_samples),
        cmocka_unit_test(thresholds_are_held_to_their_last_bit),
        cmocka_unit_test(halves_decide_as_the_whole_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
