/* report_format: the bytes of a report, written and read by the same table of fields. Owns nothing
 * and keeps no state; promises that there is exactly one encoding of a report, that a decoded one
 * was signed, and that its fields are within bounds. Called by release.c on the device and by
 * sotto-fleet. Every byte: src/FORMAT.md section 2. */
#include "sotto_report.h"

#include "base/cbor.h"
#include "crypto/crypto.h"
#include "pack/policy.h"

#define FORMAT_VERSION 1
#define TAG_COSE_SIGN1 18 /* RFC 9052 §2 */
#define TAG_SINT16_LE  77 /* RFC 8746 §2.1 */
#define PAYLOAD_MAX    256
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
    KEY_MAX_CELLS,
    KEY_CELLS,
    REPORT_KEYS = KEY_CELLS
};

/* tag 1, array 1, header 4, map 1, payload head 3, signature 2 + 64; the payload's bytes in order
 * of its keys, each integer at its longest. */
#define ENVELOPE_BYTES (1 + 1 + 4 + 1 + 3 + 2 + SIGN_BYTES)
#define PAYLOAD_BYTES                                                                              \
    (1 + 2 + 18 + 10 + 10 + 4 + 6 + 6 + 10 + 18 + 2 + 2 + 6 + 2 + (1 + 2 + 2) +                    \
     2 * SOTTO_REPORT_CELLS_MAX)
_Static_assert(PAYLOAD_BYTES <= PAYLOAD_MAX, "a payload must fit its buffer");
_Static_assert(ENVELOPE_BYTES + PAYLOAD_BYTES <= SOTTO_REPORT_MAX, "64 cells must fit a report");

static int is_within(uint64_t v, uint64_t least, uint64_t most) { return v >= least && v <= most; }

static int is_in_bounds(const struct sotto_report *r) {
    return is_within(r->sequence, 1, UINT64_MAX) && is_within(r->metric, 1, 65535) &&
           is_within(r->window, 0, WINDOW_MAX) &&
           is_within(r->window_s, POLICY_WINDOW_S_MIN, POLICY_WINDOW_S_MAX) &&
           r->mechanism == MECHANISM_DISCRETE_LAPLACE && r->unit == UNIT_VISIT &&
           is_within(r->eps_micro, POLICY_EPS_MICRO_MIN, POLICY_EPS_MICRO_MAX) &&
           is_within(r->n_cells, 1, SOTTO_REPORT_CELLS_MAX) &&
           is_within(r->max_cells, 1, POLICY_MAX_CELLS_MAX) && r->max_cells <= r->n_cells;
}

static void put_uint(struct cbor_writer *w, enum report_key key, uint64_t v) {
    cbor_put_uint(w, key);
    cbor_put_uint(w, v);
}

static void put_bytes(struct cbor_writer *w, enum report_key key, const void *bytes, size_t n) {
    cbor_put_uint(w, key);
    cbor_put_bytes(w, bytes, n);
}

static struct cbor_writer payload_write(const struct sotto_report *r, uint8_t out[PAYLOAD_MAX]) {
    struct cbor_writer w = cbor_writer_of(out, PAYLOAD_MAX);
    uint8_t cells[2 * SOTTO_REPORT_CELLS_MAX];
    for (uint32_t c = 0; c < r->n_cells; c++) store16(cells + 2 * c, (uint16_t)r->cells[c]);
    cbor_put_map(&w, REPORT_KEYS);
    put_uint(&w, KEY_VERSION, FORMAT_VERSION);
    put_bytes(&w, KEY_ID, r->id, sizeof r->id);
    put_bytes(&w, KEY_DEVICE, r->device, sizeof r->device);
    put_uint(&w, KEY_SEQUENCE, r->sequence);
    put_uint(&w, KEY_METRIC, r->metric);
    put_uint(&w, KEY_WINDOW, r->window);
    put_uint(&w, KEY_WINDOW_S, r->window_s);
    put_uint(&w, KEY_POLICY_VERSION, r->policy_version);
    put_bytes(&w, KEY_SCHEMA, r->schema, sizeof r->schema);
    put_uint(&w, KEY_MECHANISM, r->mechanism);
    put_uint(&w, KEY_UNIT, r->unit);
    put_uint(&w, KEY_EPS_MICRO, r->eps_micro);
    put_uint(&w, KEY_MAX_CELLS, r->max_cells);
    cbor_put_uint(&w, KEY_CELLS);
    cbor_put_tag(&w, TAG_SINT16_LE);
    cbor_put_bytes(&w, cells, 2 * (size_t)r->n_cells);
    return w;
}

static uint64_t get_uint(struct cbor_reader *r, enum report_key key, uint64_t most) {
    cbor_expect_uint(r, key);
    return cbor_get_uint(r, most);
}

static void get_bytes(struct cbor_reader *r, enum report_key key, uint8_t *out, size_t n) {
    cbor_expect_uint(r, key);
    const uint8_t *bytes = cbor_get_fixed(r, n);
    if (bytes) memcpy(out, bytes, n);
}

static void get_cells(struct cbor_reader *r, struct sotto_report *out) {
    size_t n;
    cbor_expect_uint(r, KEY_CELLS);
    cbor_expect_tag(r, TAG_SINT16_LE);
    const uint8_t *bytes = cbor_get_bytes(r, &n);
    if (!bytes || n % 2 != 0 || n > 2 * SOTTO_REPORT_CELLS_MAX) {
        r->is_bad = 1;
        return;
    }
    out->n_cells = (uint32_t)(n / 2);
    for (uint32_t c = 0; c < out->n_cells; c++) out->cells[c] = (int16_t)load16(bytes + 2 * c);
}

/* 0, or -1 when the payload is not exactly what payload_write would write for some valid report. */
static int payload_read(const uint8_t *bytes, size_t n, struct sotto_report *out) {
    uint8_t again[PAYLOAD_MAX];
    struct cbor_reader r = cbor_reader_of(bytes, n);
    memset(out, 0, sizeof *out);
    if (cbor_get_map(&r, REPORT_KEYS) != REPORT_KEYS) return -1;
    if (get_uint(&r, KEY_VERSION, FORMAT_VERSION) != FORMAT_VERSION) return -1;
    get_bytes(&r, KEY_ID, out->id, sizeof out->id);
    get_bytes(&r, KEY_DEVICE, out->device, sizeof out->device);
    out->sequence = get_uint(&r, KEY_SEQUENCE, UINT64_MAX);
    out->metric = (uint32_t)get_uint(&r, KEY_METRIC, UINT32_MAX);
    out->window = get_uint(&r, KEY_WINDOW, UINT64_MAX);
    out->window_s = (uint32_t)get_uint(&r, KEY_WINDOW_S, UINT32_MAX);
    out->policy_version = get_uint(&r, KEY_POLICY_VERSION, UINT64_MAX);
    get_bytes(&r, KEY_SCHEMA, out->schema, sizeof out->schema);
    out->mechanism = (uint32_t)get_uint(&r, KEY_MECHANISM, UINT32_MAX);
    out->unit = (uint32_t)get_uint(&r, KEY_UNIT, UINT32_MAX);
    out->eps_micro = (uint32_t)get_uint(&r, KEY_EPS_MICRO, UINT32_MAX);
    out->max_cells = (uint32_t)get_uint(&r, KEY_MAX_CELLS, UINT32_MAX);
    get_cells(&r, out);
    if (!cbor_is_done(&r) || !is_in_bounds(out)) return -1;
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
