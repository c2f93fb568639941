/* Detached signatures and public keys as text: a line feed after the key, then the signature.
 * Nothing the fuzzer finds is believed. */
#include "tests/fuzz/fuzz.h"

#include "crypto/crypto.h"
#include "pack/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const char good[] = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    static const uint8_t file[] = "what is signed";
    struct sotto_error err;
    char key[256];
    must(crypto_init() == 0);
    const uint8_t *end = memchr(data, '\n', n < sizeof key ? n : sizeof key);
    must(minisig_verify(good, file, sizeof file, (const char *)data, n, "f", &err) != SOTTO_OK);
    if (!end) return 0;
    memcpy(key, data, (size_t)(end - data));
    key[end - data] = 0;
    size_t rest = n - (size_t)(end - data) - 1;
    if (minisig_verify(key, file, sizeof file, (const char *)end + 1, rest, "f", &err) ==
        SOTTO_OK) {
        /* The committed corpus has one good pair; of that one the file may not change. */
        must(minisig_verify(key, file, sizeof file - 1, (const char *)end + 1, rest, "f", &err) !=
             SOTTO_OK);
    }
    return 0;
}
