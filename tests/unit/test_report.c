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
                             .max_cells = n_cells < 4 ? n_cells : 4,
                             .n_cells = n_cells};
    memcpy(r.device, s->device, 8);
    for (unsigned i = 0; i < 16; i++)
        r.id[i] = (uint8_t)(0xa0 + i), r.schema[i] = (uint8_t)(0x50 + i);
    for (uint32_t c = 0; c < n_cells; c++) r.cells[c] = (int16_t)(13 * (int)c - 5);
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
    r.max_cells = 16;
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
    struct sotto_report r = report_of(&s, 8);
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t n;
    unsigned tried = 0;
    assert_int_equal(sotto_report_encode(&r, s.secret_key, bytes, sizeof bytes, &n), SOTTO_OK);
    static const uint8_t flips[] = {1, 2, 4, 8, 16, 32, 64, 128, 255};
    for (size_t i = 0; i < n; i++)
        for (size_t f = 0; f < sizeof flips; f++, tried++) {
            bytes[i] ^= flips[f];
            (void)refused(bytes, n, s.public_key);
            bytes[i] ^= flips[f];
        }
    print_message("%u flips over %zu bytes\n", tried, n);
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
    WITH(mechanism, 2);
    WITH(unit, 2);
    WITH(eps_micro, 999);
    WITH(eps_micro, 2000001);
    WITH(max_cells, 0);
    WITH(max_cells, 9); /* more than there are cells */
    WITH(max_cells, 17);
    WITH(n_cells, 0);
    WITH(n_cells, 65);
#undef WITH
}

/* ---- Signed, but not as it should be ----------------------------------------------------- */

/* What a payload says, so that each test can say one thing differently. */
struct saying {
    uint64_t pairs, version, metric, eps_micro, cells_tag;
    size_t cells_n;
    int swap_keys, extra_key, long_integer, wrong_device;
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
    uint8_t payload[300], zeros[256] = {0};
    struct cbor_writer w = cbor_writer_of(payload, sizeof payload);
    const uint64_t numbers[] = {7, y->metric, 20456, 86400, 3};
    cbor_put_map(&w, y->pairs);
    cbor_put_uint(&w, 1);
    if (y->long_integer) {
        payload[w.n++] = 0x18; /* 1 in two bytes */
        payload[w.n++] = 1;
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
    const uint64_t rest[] = {1, 1, y->eps_micro, 2};
    for (unsigned i = 0; i < 4; i++) {
        cbor_put_uint(&w, 10 + i);
        cbor_put_uint(&w, rest[i]);
    }
    cbor_put_uint(&w, 14);
    cbor_put_tag(&w, y->cells_tag);
    cbor_put_bytes(&w, zeros, y->cells_n);
    if (y->extra_key) {
        cbor_put_uint(&w, 15);
        cbor_put_uint(&w, 0);
    }
    assert_false(w.is_bad);
    return sign_by_hand(s, payload, w.n, out, cap);
}

static const struct saying right = {
    .pairs = 14, .version = 1, .metric = 1, .eps_micro = 1000000, .cells_tag = 77, .cells_n = 8};

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
    SAYING(y.pairs = 13);
    SAYING(y.pairs = 15);
    SAYING((y.pairs = 15, y.extra_key = 1));
    SAYING(y.version = 0);
    SAYING(y.version = 2);
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
