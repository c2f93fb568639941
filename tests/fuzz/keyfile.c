/* Key files of the pack builder: secret keys, unencrypted, and public ones. */

#include "tests/fuzz/files.h"

#include "crypto/crypto.h"
#include "tools/sotto-pack/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct keyfile_secret *key = NULL;
    struct sotto_error err;
    char text[KEYFILE_PUBLIC_TEXT] = "", signature[KEYFILE_SIGNATURE_MAX];
    must(crypto_init() == 0);
    const char *path = memory_file(data, n);
    if (keyfile_open(&key, path, NULL, &err) == SOTTO_OK)
        must(keyfile_sign(key, "x", 1, "comment", signature, &err) == SOTTO_OK);
    keyfile_close(key);
    if (keyfile_public(path, text, &err) == SOTTO_OK) must(strlen(text) == KEYFILE_PUBLIC_TEXT - 1);
    return 0;
}
