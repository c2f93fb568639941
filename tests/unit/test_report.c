/* A report has one encoding, one size and one signer: everything else is refused. */
#include "tests/support/test.h"

#include "base/cbor.h"
#include "crypto/crypto.h"
#include "sotto_report.h"
#include "tests/support/format_md.h"

struct signer {
    uint8_t public_key[32], secret_key[64], device[8];
};

static struct signer signer_of(uint8_t seed_byte) {
    struct signer s;
    uint8_t seed[32], digest[32];
    assert_int_equal(crypto_init(), 0);
    memset(seed, seed_byte, sizeof seed);
    sign_keypair(s.public_key, s.secret_key, seed);
    hash256(digest, s.public_key, 32);
    memcpy(s.device, digest, 8);
    return s;
}

static struct sotto_report report_of(const struct signer *s, uint32_t n_cells) {
    struct sotto_report r = {.sequence = 7,
                             .metric = 1,
                             .window = 20456,
                             .window_s = 86400,
                             .policy_version = 3,
                             .mechanism = 1,
                             .unit = 1,
                             .eps_micro = 1000000,
                             .rho_q40 = UINT64_C(1) << 39,
                             .max_cells = n_cells < 4 ? n_cells : 4,
                             .max_weight = 1,
                             .n_cells = n_cells};
    memcpy(r.device, s->device, 8);
    for (unsigned i = 0; i < 16; i++)
        r.id[i] = (uint8_t)(0xa0 + i), r.schema[i] = (uint8_t)(0x50 + i),
        r.audit_head[i] = (uint8_t)(0x30 + i);
    for (uint32_t c = 0; c < n_cells; c++) r.cells[c] = (int16_t)(13 * (int)c - 5);
    return r;
}

/* A household's answer: 100 values, a set of them. */
static struct sotto_report answer_of(const struct signer *s) {
    struct sotto_report r = report_of(s, 64);
    r.mechanism = SOTTO_SUBSET_SELECTION;
    r.unit = SOTTO_UNIT_HOUSEHOLD;
    r.max_cells = 1;
    r.n_cells = 100;
    memset(r.cells, 0, sizeof r.cells);
    r.n_answer = 13;
    for (unsigned i = 0; i < 13; i++) r.answer[i] = (uint8_t)(0x11 * (i + 1));
    r.answer[12] &= 0x0f;
    return r;
}

static void what_is_encoded_is_decoded(void **state) {
    (void)state;
    struct signer s = signer_of(1);
    for (uint32_t cells = 1; cells <= SOTTO_REPORT_CELLS_MAX; cells++) {
        struct sotto_report r = report_of(&s, cells), back;
        uint8_t bytes[SOTTO_REPORT_MAX], device[8];
        struct sotto_error err;
        size_t n;
        r.cells[0] = SOTTO_REPORT_CELL_MIN;
        r.cells[cells - 1] = SOTTO_REPORT_CELL_MAX;
        assert_int_equal(sotto_report_encode(&r, s.secret_key, bytes, sizeof bytes, &n), SOTTO_OK);
        assert_int_equal(sotto_report_peek(bytes, n, device), SOTTO_OK);
        assert_memory_equal(device, s.device, 8);
        assert_int_equal(sotto_report_decode(bytes, n, s.public_key, &back, &err), SOTTO_OK);
        assert_memory_equal(&back, &r, sizeof r);
    }
}

static void size_tells_nothing_about_the_counts(void **state) {
    (void)state;
    struct signer s = signer_of(1);
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t n, first = 0;
    static const int16_t fills[] = {
        0, 1, -1, 300, -300, SOTTO_REPORT_CELL_MAX, SOTTO_REPORT_CELL_MIN};
    for (size_t f = 0; f < sizeof fills / sizeof *fills; f++) {
        struct sotto_report r = report_of(&s, 64);
        for (int c = 0; c < 64; c++) r.cells[c] = fills[f];
        assert_int_equal(sotto_report_encode(&r, s.secret_key, bytes, sizeof bytes, &n), SOTTO_OK);
        if (f == 0) first = n;
        assert_int_equal(n, first);
    }
}

/* Nor how long the device has been running, nor how often its policy was renewed. */
static void all_reports_of_a_metric_have_one_length(void **state) {
    (void)state;
    struct signer s = signer_of(1);
    uint8_t bytes[SOTTO_REPORT_MAX];
    static const uint64_t numbers[] = {1,     23,    24,         255,          256,
                                       65535, 65536, UINT32_MAX, (1ull << 32), UINT64_MAX};
    for (int is_answer = 0; is_answer < 2; is_answer++) {
        size_t first = 0;
        for (size_t i = 0; i < 10 * 10; i++) {
            struct sotto_report r = is_answer ? answer_of(&s) : report_of(&s, 64), back;
            size_t n;
            r.sequence = numbers[i % 10];
            r.policy_version = numbers[i / 10];
            r.window = numbers[(i + i / 10) % 10] % (UINT32_MAX - 1);
            r.is_repeat = is_answer ? (uint32_t)i % 2 : 0;
            assert_int_equal(sotto_report_encode(&r, s.secret_key, bytes, sizeof bytes, &n),
                             SOTTO_OK);
            if (i == 0) first = n;
            assert_int_equal(n, first);
            assert_int_equal(sotto_report_decode(bytes, n, s.public_key, &back, NULL), SOTTO_OK);
            assert_memory_equal(&back, &r, sizeof r);
        }
    }
}

static void households_answers_are_encoded_and_decoded(void **state) {
    (void)state;
    struct signer s = signer_of(1);
    static const struct {
        uint32_t mechanism, n_cells, max_value, n_answer;
    } answers[] = {{SOTTO_SUBSET_SELECTION, 2, 0, 1},
                   {SOTTO_SUBSET_SELECTION, 256, 0, 32},
                   {SOTTO_PGR, 4096, 0, 4},
                   {SOTTO_ONE_BIT_MEAN, 1, 65535, 1}};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct sotto_report r = answer_of(&s), back;
        uint8_t bytes[SOTTO_REPORT_MAX];
        size_t n;
        r.mechanism = answers[i].mechanism;
        r.n_cells = answers[i].n_cells;
        r.max_value = answers[i].max_value;
        r.n_answer = answers[i].n_answer;
        memset(r.answer, 0, sizeof r.answer);
        r.answer[0] = 1;
        assert_int_equal(sotto_report_encode(&r, s.secret_key, bytes, sizeof bytes, &n), SOTTO_OK);
        assert_int_equal(sotto_report_decode(bytes, n, s.public_key, &back, NULL), SOTTO_OK);
        assert_memory_equal(&back, &r, sizeof r);
    }
}

static void sixty_four_cells_fit_384_bytes_at_the_largest_of_everything(void **state) {
    (void)state;
    struct signer s = signer_of(1);
    struct sotto_report r = report_of(&s, 64);
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t n;
    r.sequence = UINT64_MAX;
    r.metric = 65535;
    r.window = UINT32_MAX - 1;
    r.window_s = 31 * 86400;
    r.policy_version = UINT64_MAX;
    r.eps_micro = 2000000;
    r.rho_q40 = UINT64_MAX;
    r.delta_log2 = 255;
    r.max_cells = 64;
    r.max_weight = 16;
    assert_int_equal(sotto_report_encode(&r, s.secret_key, bytes, sizeof bytes, &n), SOTTO_OK);
    print_message("64 cells: at most %zu bytes\n", n);
    assert_true(n <= 384);
    assert_int_equal(sotto_report_encode(&r, s.secret_key, bytes, n - 1, &n), SOTTO_E_LIMIT);
}

/* ---- Refusals ---------------------------------------------------------------------------- */

static int is_all_zero(const void *bytes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (((const uint8_t *)bytes)[i]) return 0;
    return 1;
}

/* Decodes what must not decode; returns the status. */
static int refused(const uint8_t *bytes, size_t n, const uint8_t public_key[32]) {
    struct sotto_report back;
    struct sotto_error err = {0, ""};
    memset(&back, 0xee, sizeof back);
    int status = sotto_report_decode(bytes, n, public_key, &back, &err);
    assert_true(status == SOTTO_E_SIGNATURE || status == SOTTO_E_FORMAT);
    assert_int_equal(err.status, status);
    assert_true(strlen(err.message) > 0);
    assert_true(is_all_zero(&back, sizeof back));
    return status;
}

static void every_flipped_bit_and_byte_is_refused(void **state) {
    (void)state;
    struct signer s = signer_of(1);
    static const uint8_t flips[] = {1, 2, 4, 8, 16, 32, 64, 128, 255};
    for (int is_answer = 0; is_answer < 2; is_answer++) {
        struct sotto_report r = is_answer ? answer_of(&s) : report_of(&s, 8);
        uint8_t bytes[SOTTO_REPORT_MAX];
        size_t n;
        unsigned tried = 0;
        assert_int_equal(sotto_report_encode(&r, s.secret_key, bytes, sizeof bytes, &n), SOTTO_OK);
        for (size_t i = 0; i < n; i++)
            for (size_t f = 0; f < sizeof flips; f++, tried++) {
                bytes[i] ^= flips[f];
                (void)refused(bytes, n, s.public_key);
                bytes[i] ^= flips[f];
            }
        print_message("%u flips over %zu bytes\n", tried, n);
    }
}

static void shortened_and_lengthened_reports_are_refused(void **state) {
    (void)state;
    struct signer s = signer_of(1);
    struct sotto_report r = report_of(&s, 8);
    uint8_t bytes[SOTTO_REPORT_MAX] = {0}, device[8];
    size_t n;
    assert_int_equal(sotto_report_encode(&r, s.secret_key, bytes, sizeof bytes, &n), SOTTO_OK);
    for (size_t less = 0; less < n; less++) {
        assert_int_equal(refused(bytes, less, s.public_key), SOTTO_E_FORMAT);
        assert_int_equal(sotto_report_peek(bytes, less, device), SOTTO_E_FORMAT);
    }
    for (size_t more = n + 1; more <= sizeof bytes; more++)
        assert_int_equal(refused(bytes, more, s.public_key), SOTTO_E_FORMAT);
}

static void another_device_s_key_does_not_verify(void **state) {
    (void)state;
    struct signer s = signer_of(1), other = signer_of(2);
    struct sotto_report r = report_of(&s, 8);
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t n;
    assert_int_equal(sotto_report_encode(&r, s.secret_key, bytes, sizeof bytes, &n), SOTTO_OK);
    assert_int_equal(refused(bytes, n, other.public_key), SOTTO_E_SIGNATURE);
    /* Nor can a device sign under another's name. */
    assert_int_equal(sotto_report_encode(&r, other.secret_key, bytes, sizeof bytes, &n),
                     SOTTO_E_ARGUMENT);
}

static void fields_out_of_bounds_are_not_encoded(void **state) {
    (void)state;
    struct signer s = signer_of(1);
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t n;
#define WITH(field, value)                                                                         \
    do {                                                                                           \
        struct sotto_report r = report_of(&s, 8);                                                  \
        r.field = value;                                                                           \
        assert_int_equal(sotto_report_encode(&r, s.secret_key, bytes, sizeof bytes, &n),           \
                         SOTTO_E_ARGUMENT);                                                        \
    } while (0)
    WITH(sequence, 0);
    WITH(metric, 0);
    WITH(metric, 65536);
    WITH(window, UINT32_MAX);
    WITH(window_s, 3599);
    WITH(window_s, 31 * 86400 + 1);
    WITH(mechanism, 0);
    WITH(mechanism, 3); /* a household's */
    WITH(mechanism, 6);
    WITH(unit, 0);
    WITH(unit, 2);
    WITH(unit, 3);
    WITH(rho_q40, 0);
    WITH(delta_log2, 256);
    WITH(max_weight, 0);
    WITH(max_weight, 17);
    WITH(max_value, 1);
    WITH(is_repeat, 1);
    WITH(n_answer, 1);
    WITH(answer[0], 1);
    WITH(cells[8], 1);
    WITH(eps_micro, 999);
    WITH(eps_micro, 2000001);
    WITH(max_cells, 0);
    WITH(max_cells, 9); /* more than there are cells */
    WITH(max_cells, 17);
    WITH(n_cells, 0);
    WITH(n_cells, 65);
#undef WITH
#define WITH(field, value)                                                                         \
    do {                                                                                           \
        struct sotto_report r = answer_of(&s);                                                     \
        r.field = value;                                                                           \
        assert_int_equal(sotto_report_encode(&r, s.secret_key, bytes, sizeof bytes, &n),           \
                         SOTTO_E_ARGUMENT);                                                        \
    } while (0)
    WITH(mechanism, 1); /* a visit's */
    WITH(mechanism, 2);
    WITH(unit, 1);
    WITH(n_cells, 1);
    WITH(n_cells, 4097);
    WITH(max_cells, 2);
    WITH(max_weight, 2);
    WITH(max_value, 1);
    WITH(is_repeat, 2);
    WITH(n_answer, 0);
    WITH(n_answer, 33);
    WITH(answer[31], 1); /* behind what is sent */
    WITH(cells[0], 1);
#undef WITH
}

/* ---- Signed, but not as it should be ----------------------------------------------------- */

/* What a payload says, so that each test can say one thing differently. */
struct saying {
    uint64_t pairs, version, metric, eps_micro, cells_tag;
    size_t cells_n, padding_n;
    int swap_keys, extra_key, long_integer, wrong_device, loud_padding;
};

/* Signs by the RFC and independently of report_format.c. */
static size_t sign_by_hand(const struct signer *s, const uint8_t *payload, size_t payload_n,
                           uint8_t *out, size_t cap) {
    static const uint8_t header[3] = {0xa1, 0x01, 0x27};
    uint8_t message[512], signature[64];
    struct cbor_writer m = cbor_writer_of(message, sizeof message);
    cbor_put_array(&m, 4);
    cbor_put_text(&m, "Signature1");
    cbor_put_bytes(&m, header, 3);
    cbor_put_bytes(&m, "", 0);
    cbor_put_bytes(&m, payload, payload_n);
    sign(signature, message, m.n, s->secret_key);
    struct cbor_writer w = cbor_writer_of(out, cap);
    cbor_put_tag(&w, 18);
    cbor_put_array(&w, 4);
    cbor_put_bytes(&w, header, 3);
    cbor_put_map(&w, 0);
    cbor_put_bytes(&w, payload, payload_n);
    cbor_put_bytes(&w, signature, 64);
    assert_false(w.is_bad || m.is_bad);
    return w.n;
}

static size_t say(const struct signer *s, const struct saying *y, uint8_t *out, size_t cap) {
    uint8_t payload[400], zeros[256] = {0}, ones[32];
    struct cbor_writer w = cbor_writer_of(payload, sizeof payload);
    const uint64_t numbers[] = {7, y->metric, 20456, 86400, 3};
    memset(ones, 1, sizeof ones);
    cbor_put_map(&w, y->pairs);
    cbor_put_uint(&w, 1);
    if (y->long_integer) {
        payload[w.n++] = 0x18; /* 2 in two bytes */
        payload[w.n++] = 2;
    } else {
        cbor_put_uint(&w, y->version);
    }
    cbor_put_uint(&w, 2);
    cbor_put_bytes(&w, zeros, 16);
    cbor_put_uint(&w, 3);
    cbor_put_bytes(&w, y->wrong_device ? zeros : s->device, 8);
    for (unsigned i = 0; i < 5; i++) {
        unsigned key = y->swap_keys && i < 2 ? 5 - i : 4 + i;
        cbor_put_uint(&w, key);
        cbor_put_uint(&w, numbers[key - 4]);
    }
    cbor_put_uint(&w, 9);
    cbor_put_bytes(&w, zeros, 16);
    /* mechanism, unit, epsilon, rho, delta, C, w, largest value, cells, is_repeat */
    const uint64_t rest[] = {1, 1, y->eps_micro, UINT64_C(1) << 39, 0, 2, 1, 0, 4, 0};
    for (unsigned i = 0; i < 10; i++) {
        cbor_put_uint(&w, 10 + i);
        cbor_put_uint(&w, rest[i]);
    }
    cbor_put_uint(&w, 20);
    cbor_put_bytes(&w, zeros, 16);
    cbor_put_uint(&w, 21);
    cbor_put_tag(&w, y->cells_tag);
    cbor_put_bytes(&w, zeros, y->cells_n);
    cbor_put_uint(&w, 22);
    cbor_put_bytes(&w, y->loud_padding ? ones : zeros, y->padding_n);
    if (y->extra_key) {
        cbor_put_uint(&w, 23);
        cbor_put_uint(&w, 0);
    }
    assert_false(w.is_bad);
    return sign_by_hand(s, payload, w.n, out, cap);
}

/* The padding: 23 less one byte for sequence 7, three for window 20456 and one for version 3. */
static const struct saying right = {.pairs = 22,
                                    .version = 2,
                                    .metric = 1,
                                    .eps_micro = 1000000,
                                    .cells_tag = 77,
                                    .cells_n = 8,
                                    .padding_n = 18};

static void signed_but_malformed_payloads_are_refused(void **state) {
    (void)state;
    struct signer s = signer_of(1);
    uint8_t bytes[SOTTO_REPORT_MAX];
    struct sotto_report back;
    struct saying y = right;
    size_t n = say(&s, &y, bytes, sizeof bytes);
    assert_int_equal(sotto_report_decode(bytes, n, s.public_key, &back, NULL), SOTTO_OK);
    assert_int_equal(back.n_cells, 4);
#define SAYING(change)                                                                             \
    do {                                                                                           \
        y = right;                                                                                 \
        change;                                                                                    \
        n = say(&s, &y, bytes, sizeof bytes);                                                      \
        assert_int_equal(refused(bytes, n, s.public_key), SOTTO_E_FORMAT);                         \
    } while (0)
    SAYING(y.pairs = 21);
    SAYING(y.pairs = 23);
    SAYING((y.pairs = 23, y.extra_key = 1));
    SAYING(y.version = 0);
    SAYING(y.version = 1);
    SAYING(y.version = 3);
    SAYING(y.padding_n = 17);
    SAYING(y.padding_n = 19);
    SAYING(y.loud_padding = 1);
    SAYING(y.long_integer = 1);
    SAYING(y.swap_keys = 1);
    SAYING(y.metric = 0);
    SAYING(y.metric = UINT64_C(1) << 32 | 1);
    SAYING(y.eps_micro = 2000001);
    SAYING(y.cells_tag = 73);
    SAYING(y.cells_n = 0);
    SAYING(y.cells_n = 7);
    SAYING(y.cells_n = 2); /* fewer cells than a visit may touch */
    SAYING(y.cells_n = 130);
    SAYING(y.wrong_device = 1);
#undef SAYING
}

/* ---- FORMAT.md --------------------------------------------------------------------------- */

static void example_in_format_md_is_a_report(void **state) {
    (void)state;
    struct signer s = signer_of(7);
    struct sotto_report r = report_of(&s, 4), back;
    uint8_t example[SOTTO_REPORT_MAX], key[32], bytes[SOTTO_REPORT_MAX];
    struct sotto_error err = {0, ""};
    size_t n = 0;
    assert_int_equal(sotto_report_encode(&r, s.secret_key, bytes, sizeof bytes, &n), SOTTO_OK);

    assert_int_equal(hex_after("public key of the example", key, sizeof key), 32);
    size_t example_n = hex_after("a complete report", example, sizeof example);

    assert_memory_equal(key, s.public_key, 32);
    assert_int_equal(sotto_report_decode(example, example_n, key, &back, &err), SOTTO_OK);
    assert_memory_equal(&back, &r, sizeof r);
    assert_int_equal(example_n, n);
    assert_memory_equal(example, bytes, n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded_is_decoded),
        cmocka_unit_test(size_tells_nothing_about_the_counts),
        cmocka_unit_test(all_reports_of_a_metric_have_one_length),
        cmocka_unit_test(households_answers_are_encoded_and_decoded),
        cmocka_unit_test(sixty_four_cells_fit_384_bytes_at_the_largest_of_everything),
        cmocka_unit_test(every_flipped_bit_and_byte_is_refused),
        cmocka_unit_test(shortened_and_lengthened_reports_are_refused),
        cmocka_unit_test(another_device_s_key_does_not_verify),
        cmocka_unit_test(fields_out_of_bounds_are_not_encoded),
        cmocka_unit_test(signed_but_malformed_payloads_are_refused),
        cmocka_unit_test(example_in_format_md_is_a_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
