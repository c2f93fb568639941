/* Receipts of erasures: as they are, and as bodies that the device signed. What is accepted has one
 * encoding. */
#include "tests/fuzz/fuzz.h"

#include "vault/receipt_format.h"

static uint8_t public_key[32], secret_key[64];

static void verify(const uint8_t *bytes, size_t n) {
    struct sotto_receipt r = {.size = sizeof r};
    struct sotto_error err;
    uint8_t again[SOTTO_RECEIPT_BYTES];
    if (sotto_receipt_verify(bytes, n, public_key, &r, &err) != SOTTO_OK) {
        must(r.number == 0 && r.records == 0);
        return;
    }
    receipt_body_write(again, &r);
    receipt_sign(again, secret_key);
    must(n == sizeof again && memcmp(again, bytes, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const uint8_t seed[32] = {7};
    uint8_t bytes[SOTTO_RECEIPT_BYTES] = {0};
    if (!secret_key[0] && !secret_key[1]) {
        must(crypto_init() == 0);
        sign_keypair(public_key, secret_key, seed);
    }
    verify(data, n);
    memcpy(bytes, data, n < RECEIPT_BODY_BYTES ? n : RECEIPT_BODY_BYTES);
    receipt_sign(bytes, secret_key);
    verify(bytes, sizeof bytes);
    return 0;
}
