/* Reports as they reach the fleet: as they are, and as payloads that an enrolled device signed.
 * What is accepted has one encoding. */
#include "tests/fuzz/fuzz.h"

#include "base/cbor.h"
#include "crypto/crypto.h"
#include "sotto_report.h"

static uint8_t public_key[32], secret_key[64];

/* COSE_Sign1 around the payload (RFC 9052, sections 4.2 and 4.4). */
static size_t sign_payload(uint8_t *out, size_t cap, const uint8_t *payload, size_t n) {
    static const uint8_t protected_header[3] = {0xa1, 0x01, 0x27};
    uint8_t to_sign[1024], signature[SIGN_BYTES];
    struct cbor_writer w = cbor_writer_of(to_sign, sizeof to_sign);
    cbor_put_array(&w, 4);
    cbor_put_text(&w, "Signature1");
    cbor_put_bytes(&w, protected_header, sizeof protected_header);
    cbor_put_bytes(&w, NULL, 0);
    cbor_put_bytes(&w, payload, n);
    sign(signature, to_sign, w.n, secret_key);
    w = cbor_writer_of(out, cap);
    cbor_put_tag(&w, 18);
    cbor_put_array(&w, 4);
    cbor_put_bytes(&w, protected_header, sizeof protected_header);
    cbor_put_map(&w, 0);
    cbor_put_bytes(&w, payload, n);
    cbor_put_bytes(&w, signature, sizeof signature);
    return w.n;
}

static void decode(const uint8_t *bytes, size_t n) {
    struct sotto_report r;
    struct sotto_error err;
    uint8_t again[SOTTO_REPORT_MAX], device[8];
    size_t again_n;
    if (sotto_report_decode(bytes, n, public_key, &r, &err) != SOTTO_OK) return;
    must(sotto_report_peek(bytes, n, device) == SOTTO_OK && memcmp(device, r.device, 8) == 0);
    must(sotto_report_encode(&r, secret_key, again, sizeof again, &again_n) == SOTTO_OK);
    must(again_n == n && memcmp(again, bytes, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const uint8_t seed[32] = {9};
    uint8_t bytes[1024];
    if (!secret_key[0] && !secret_key[1]) {
        must(crypto_init() == 0);
        sign_keypair(public_key, secret_key, seed);
    }
    decode(data, n);
    if (n <= 600) decode(bytes, sign_payload(bytes, sizeof bytes, data, n));
    return 0;
}
