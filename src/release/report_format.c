/* report_format: the bytes of a report, written and read by the same table of fields. Owns nothing
 * and keeps no state; promises that there is exactly one encoding of a report, that a decoded one
 * was signed, and that its fields are within bounds. Called by release.c on the device and by
 * sotto-fleet. Every byte: src/FORMAT.md section 2. */
#include "sotto_report.h"

#include "base/cbor.h"
#include "crypto/crypto.h"
#include "pack/policy.h"

#define FORMAT_VERSION 2
#define TAG_COSE_SIGN1 18 /* RFC 9052 §2 */
#define TAG_SINT16_LE  77 /* RFC 8746 §2.1 */
#define PAYLOAD_MAX    300
#define WINDOW_MAX     (UINT32_MAX - 1)
#define ALG_EDDSA_BYTES                                                                            \
    { 0xa1, 0x01, 0x27 } /* {1: -8}, RFC 9053 §2.2 */

static const uint8_t protected_header[3] = ALG_EDDSA_BYTES;

enum report_key {
    KEY_VERSION = 1,
    KEY_ID,
    KEY_DEVICE,
    KEY_SEQUENCE,
    KEY_METRIC,
    KEY_WINDOW,
    KEY_WINDOW_S,
    KEY_POLICY_VERSION,
    KEY_SCHEMA,
    KEY_MECHANISM,
    KEY_UNIT,
    KEY_EPS_MICRO,
    KEY_RHO_Q40,
    KEY_DELTA_LOG2,
    KEY_MAX_CELLS,
    KEY_MAX_WEIGHT,
    KEY_MAX_VALUE,
    KEY_N_CELLS,
    KEY_IS_REPEAT,
    KEY_AUDIT_HEAD,
    KEY_NUMBERS, /* a visit's counts or a household's answer */
    KEY_PADDING,
    REPORT_KEYS = KEY_PADDING
};

/* What grows with time (sequence 9 bytes, window 5, policy version 9 at most) is made up for by
 * padding, so that all reports of a metric have one length. */
#define GROWING_BYTES 23

/* tag 1, array 1, header 4, map 1, payload head 3, signature 2 + 64; the payload's bytes in order
 * of its keys, each integer at its longest, the growing ones and the padding together at the end.
 */
#define ENVELOPE_BYTES (1 + 1 + 4 + 1 + 3 + 2 + SIGN_BYTES)
#define PAYLOAD_BYTES                                                                              \
    (1 + 2 + 18 + 10 + 4 + 6 + 18 + 2 + 2 + 6 + 10 + 3 + 3 + 2 + 4 + 4 + 2 + 18 +                  \
     (1 + 2 + 2 + 2 * SOTTO_REPORT_CELLS_MAX) + (4 + 1 + GROWING_BYTES))
_Static_assert(PAYLOAD_BYTES <= PAYLOAD_MAX, "a payload must fit its buffer");
_Static_assert(ENVELOPE_BYTES + PAYLOAD_BYTES <= SOTTO_REPORT_MAX, "64 cells must fit a report");

_Static_assert((int)SOTTO_DISCRETE_LAPLACE == (int)MECHANISM_DISCRETE_LAPLACE &&
                   (int)SOTTO_DISCRETE_GAUSSIAN == (int)MECHANISM_DISCRETE_GAUSSIAN &&
                   (int)SOTTO_SUBSET_SELECTION == (int)MECHANISM_SUBSET_SELECTION &&
                   (int)SOTTO_PGR == (int)MECHANISM_PGR &&
                   (int)SOTTO_ONE_BIT_MEAN == (int)MECHANISM_ONE_BIT_MEAN &&
                   (int)SOTTO_UNIT_VISIT == (int)UNIT_VISIT &&
                   (int)SOTTO_UNIT_HOUSEHOLD == (int)UNIT_HOUSEHOLD,
               "policy and report number alike");

static int is_within(uint64_t v, uint64_t least, uint64_t most) { return v >= least && v <= most; }

static int is_all_zero(const void *bytes, size_t n) {
    const uint8_t *b = bytes;
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++) any |= b[i];
    return any == 0;
}

static int is_visit_in_bounds(const struct sotto_report *r) {
    return is_within(r->mechanism, MECHANISM_DISCRETE_LAPLACE, MECHANISM_DISCRETE_GAUSSIAN) &&
           is_within(r->n_cells, 1, SOTTO_REPORT_CELLS_MAX) &&
           is_within(r->max_cells, 1, r->n_cells) &&
           is_within(r->max_weight, 1, POLICY_MAX_WEIGHT_MAX) && r->max_value == 0 &&
           r->is_repeat == 0 && r->n_answer == 0 && is_all_zero(r->answer, sizeof r->answer) &&
           is_all_zero(r->cells + r->n_cells, sizeof r->cells - r->n_cells * sizeof r->cells[0]);
}

static int is_household_in_bounds(const struct sotto_report *r) {
    int is_mean = r->mechanism == MECHANISM_ONE_BIT_MEAN;
    return is_within(r->mechanism, MECHANISM_SUBSET_SELECTION, MECHANISM_LAST) &&
           (is_mean ? r->n_cells == 1 : is_within(r->n_cells, 2, POLICY_VALUES_MAX)) &&
           r->max_cells == 1 && r->max_weight == 1 &&
           is_within(r->max_value, is_mean ? 1 : 0, is_mean ? POLICY_MAX_VALUE_MAX : 0) &&
           is_within(r->is_repeat, 0, 1) && is_within(r->n_answer, 1, SOTTO_REPORT_ANSWER_MAX) &&
           is_all_zero(r->cells, sizeof r->cells) &&
           is_all_zero(r->answer + r->n_answer, sizeof r->answer - r->n_answer);
}

static int is_in_bounds(const struct sotto_report *r) {
    return is_within(r->sequence, 1, UINT64_MAX) && is_within(r->metric, 1, 65535) &&
           is_within(r->window, 0, WINDOW_MAX) &&
           is_within(r->window_s, POLICY_WINDOW_S_MIN, POLICY_WINDOW_S_MAX) &&
           is_within(r->eps_micro, POLICY_EPS_MICRO_MIN, POLICY_EPS_MICRO_MAX) && r->rho_q40 > 0 &&
           is_within(r->delta_log2, 0, 255) &&
           (r->unit == UNIT_VISIT       ? is_visit_in_bounds(r)
            : r->unit == UNIT_HOUSEHOLD ? is_household_in_bounds(r)
                                        : 0);
}

/* What stands under each key but the three that are written out below: where it is in the struct,
 * and how many bytes it has there; is_string tells byte strings from integers. */
static const struct {
    uint8_t at, bytes, is_string;
} fields[REPORT_KEYS + 1] = {
#define UINT(field)                                                                                \
    { offsetof(struct sotto_report, field), sizeof((struct sotto_report *)0)->field, 0 }
#define STRING(field)                                                                              \
    { offsetof(struct sotto_report, field), sizeof((struct sotto_report *)0)->field, 1 }
    [KEY_ID] = STRING(id),
    [KEY_DEVICE] = STRING(device),
    [KEY_SEQUENCE] = UINT(sequence),
    [KEY_METRIC] = UINT(metric),
    [KEY_WINDOW] = UINT(window),
    [KEY_WINDOW_S] = UINT(window_s),
    [KEY_POLICY_VERSION] = UINT(policy_version),
    [KEY_SCHEMA] = STRING(schema),
    [KEY_MECHANISM] = UINT(mechanism),
    [KEY_UNIT] = UINT(unit),
    [KEY_EPS_MICRO] = UINT(eps_micro),
    [KEY_RHO_Q40] = UINT(rho_q40),
    [KEY_DELTA_LOG2] = UINT(delta_log2),
    [KEY_MAX_CELLS] = UINT(max_cells),
    [KEY_MAX_WEIGHT] = UINT(max_weight),
    [KEY_MAX_VALUE] = UINT(max_value),
    [KEY_N_CELLS] = UINT(n_cells),
    [KEY_IS_REPEAT] = UINT(is_repeat),
    [KEY_AUDIT_HEAD] = STRING(audit_head),
#undef UINT
#undef STRING
};
_Static_assert(offsetof(struct sotto_report, cells) <= UINT8_MAX, "fields[].at is a byte");

static void put_numbers(struct cbor_writer *w, const struct sotto_report *r) {
    uint8_t cells[2 * SOTTO_REPORT_CELLS_MAX];
    if (r->unit == UNIT_HOUSEHOLD) {
        cbor_put_bytes(w, r->answer, r->n_answer);
        return;
    }
    for (uint32_t c = 0; c < r->n_cells; c++) store16(cells + 2 * c, (uint16_t)r->cells[c]);
    cbor_put_tag(w, TAG_SINT16_LE);
    cbor_put_bytes(w, cells, 2 * (size_t)r->n_cells);
}

static void put_field(struct cbor_writer *w, const struct sotto_report *r, enum report_key key) {
    const uint8_t *at = (const uint8_t *)r + fields[key].at;
    if (fields[key].is_string) {
        cbor_put_bytes(w, at, fields[key].bytes);
    } else {
        uint32_t narrow;
        uint64_t v;
        memcpy(&narrow, at, sizeof narrow);
        memcpy(&v, at, sizeof v);
        cbor_put_uint(w, fields[key].bytes == sizeof v ? v : narrow);
    }
}

static struct cbor_writer payload_write(const struct sotto_report *r, uint8_t out[PAYLOAD_MAX]) {
    static const uint8_t zeros[GROWING_BYTES];
    size_t padding = GROWING_BYTES;
    struct cbor_writer w = cbor_writer_of(out, PAYLOAD_MAX);
    cbor_put_map(&w, REPORT_KEYS);
    for (enum report_key key = KEY_VERSION; key <= REPORT_KEYS; key++) {
        cbor_put_uint(&w, key);
        size_t before = w.n;
        if (key == KEY_VERSION)
            cbor_put_uint(&w, FORMAT_VERSION);
        else if (key == KEY_NUMBERS)
            put_numbers(&w, r);
        else if (key == KEY_PADDING)
            cbor_put_bytes(&w, zeros, padding);
        else
            put_field(&w, r, key);
        if (key == KEY_SEQUENCE || key == KEY_WINDOW || key == KEY_POLICY_VERSION)
            padding -= w.n - before;
    }
    return w;
}

static void get_numbers(struct cbor_reader *r, struct sotto_report *out) {
    int is_visit = out->unit == UNIT_VISIT;
    size_t n;
    if (is_visit) cbor_expect_tag(r, TAG_SINT16_LE);
    const uint8_t *bytes = cbor_get_bytes(r, &n);
    if (!bytes) return;
    if (n > (is_visit ? sizeof out->cells : sizeof out->answer)) {
        r->is_bad = 1;
    } else if (is_visit) {
        for (size_t c = 0; c < n / 2; c++) out->cells[c] = (int16_t)load16(bytes + 2 * c);
    } else {
        out->n_answer = (uint32_t)n;
        memcpy(out->answer, bytes, n);
    }
}

static void get_field(struct cbor_reader *r, struct sotto_report *out, enum report_key key) {
    uint8_t *at = (uint8_t *)out + fields[key].at;
    if (fields[key].is_string) {
        const uint8_t *bytes = cbor_get_fixed(r, fields[key].bytes);
        if (bytes) memcpy(at, bytes, fields[key].bytes);
    } else if (fields[key].bytes == sizeof(uint64_t)) {
        uint64_t v = cbor_get_uint(r, UINT64_MAX);
        memcpy(at, &v, sizeof v);
    } else {
        uint32_t v = (uint32_t)cbor_get_uint(r, UINT32_MAX);
        memcpy(at, &v, sizeof v);
    }
}

/* 0, or -1 when the payload is not exactly what payload_write would write for some valid report. */
static int payload_read(const uint8_t *bytes, size_t n, struct sotto_report *out) {
    uint8_t again[PAYLOAD_MAX];
    size_t skipped;
    struct cbor_reader r = cbor_reader_of(bytes, n);
    memset(out, 0, sizeof *out);
    (void)cbor_get_map(&r, REPORT_KEYS);
    for (enum report_key key = KEY_VERSION; key <= REPORT_KEYS; key++) {
        cbor_expect_uint(&r, key);
        if (key == KEY_VERSION)
            cbor_expect_uint(&r, FORMAT_VERSION);
        else if (key == KEY_NUMBERS)
            get_numbers(&r, out);
        else if (key == KEY_PADDING)
            (void)cbor_get_bytes(&r, &skipped);
        else
            get_field(&r, out, key);
    }
    if (!cbor_is_done(&r) || !is_in_bounds(out)) return -1;
    /* Every byte, the map's length, the counts' and the padding too, must be what the writer would
     * write. */
    struct cbor_writer w = payload_write(out, again);
    return !w.is_bad && w.n == n && memcmp(again, bytes, n) == 0 ? 0 : -1;
}

/* What is signed: Sig_structure of RFC 9052 §4.4, with no external data. */
static struct cbor_writer sig_structure(const uint8_t *payload, size_t n, uint8_t *out,
                                        size_t cap) {
    struct cbor_writer w = cbor_writer_of(out, cap);
    cbor_put_array(&w, 4);
    cbor_put_text(&w, "Signature1");
    cbor_put_bytes(&w, protected_header, sizeof protected_header);
    cbor_put_bytes(&w, NULL, 0);
    cbor_put_bytes(&w, payload, n);
    return w;
}

static void device_of(const uint8_t public_key[SIGN_PUBLIC_BYTES], uint8_t device[8]) {
    uint8_t digest[HASH_BYTES];
    hash256(digest, public_key, SIGN_PUBLIC_BYTES);
    memcpy(device, digest, 8);
}

int sotto_report_encode(const struct sotto_report *report, const uint8_t secret_key[64],
                        uint8_t *buf, size_t cap, size_t *n) {
    uint8_t payload[PAYLOAD_MAX], message[PAYLOAD_MAX + 32], out[SOTTO_REPORT_MAX], device[8];
    uint8_t signature[SIGN_BYTES];
    if (!report || !secret_key || !buf || !n || !is_in_bounds(report)) return SOTTO_E_ARGUMENT;
    /* libsodium keeps the public key in the second half of the secret one. */
    device_of(secret_key + SIGN_SECRET_BYTES - SIGN_PUBLIC_BYTES, device);
    if (memcmp(device, report->device, sizeof device) != 0) return SOTTO_E_ARGUMENT;
    struct cbor_writer p = payload_write(report, payload);
    struct cbor_writer m = sig_structure(payload, p.n, message, sizeof message);
    if (p.is_bad || m.is_bad) return SOTTO_E_LIMIT;
    sign(signature, message, m.n, secret_key);

    struct cbor_writer w = cbor_writer_of(out, sizeof out);
    cbor_put_tag(&w, TAG_COSE_SIGN1);
    cbor_put_array(&w, 4);
    cbor_put_bytes(&w, protected_header, sizeof protected_header);
    cbor_put_map(&w, 0);
    cbor_put_bytes(&w, payload, p.n);
    cbor_put_bytes(&w, signature, sizeof signature);
    if (w.is_bad || w.n > cap) return SOTTO_E_LIMIT;
    memcpy(buf, out, w.n);
    *n = w.n;
    return SOTTO_OK;
}

struct envelope {
    const uint8_t *payload, *signature;
    size_t payload_n;
};

static int envelope_read(const uint8_t *bytes, size_t n, struct envelope *e) {
    struct cbor_reader r = cbor_reader_of(bytes, n);
    if (n > SOTTO_REPORT_MAX) return -1;
    cbor_expect_tag(&r, TAG_COSE_SIGN1);
    if (cbor_get_array(&r, 4) != 4) return -1;
    const uint8_t *header = cbor_get_fixed(&r, sizeof protected_header);
    (void)cbor_get_map(&r, 0);
    e->payload = cbor_get_bytes(&r, &e->payload_n);
    e->signature = cbor_get_fixed(&r, SIGN_BYTES);
    return cbor_is_done(&r) && e->payload_n <= PAYLOAD_MAX &&
                   memcmp(header, protected_header, sizeof protected_header) == 0
               ? 0
               : -1;
}

int sotto_report_peek(const uint8_t *bytes, size_t n, uint8_t device[8]) {
    struct envelope e;
    struct sotto_report report;
    if (!bytes || !device) return SOTTO_E_ARGUMENT;
    if (envelope_read(bytes, n, &e) != 0 || payload_read(e.payload, e.payload_n, &report) != 0)
        return SOTTO_E_FORMAT;
    memcpy(device, report.device, 8);
    return SOTTO_OK;
}

int sotto_report_decode(const uint8_t *bytes, size_t n, const uint8_t public_key[32],
                        struct sotto_report *report, struct sotto_error *err) {
    uint8_t message[PAYLOAD_MAX + 32], device[8];
    struct envelope e;
    if (!bytes || !public_key || !report)
        return fail(err, SOTTO_E_ARGUMENT, "bytes, public_key and report must not be NULL");
    memset(report, 0, sizeof *report);
    if (envelope_read(bytes, n, &e) != 0)
        return fail(err, SOTTO_E_FORMAT,
                    "not a report (no COSE_Sign1 of at most %d bytes); copy the file again",
                    SOTTO_REPORT_MAX);
    struct cbor_writer m = sig_structure(e.payload, e.payload_n, message, sizeof message);
    if (m.is_bad || sign_verify(e.signature, message, m.n, public_key) != 0)
        return fail(err, SOTTO_E_SIGNATURE,
                    "the signature does not fit; it was altered, or another device made it");
    int is_bad = payload_read(e.payload, e.payload_n, report) != 0;
    device_of(public_key, device);
    if (is_bad || memcmp(device, report->device, sizeof device) != 0) {
        memset(report, 0, sizeof *report);
        return fail(err, SOTTO_E_FORMAT,
                    "signed, but malformed or out of bounds; update sotto-fleet or the device");
    }
    return SOTTO_OK;
}
