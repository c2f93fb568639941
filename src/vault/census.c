/* census: see census.h. */
#include "vault/census.h"

#include "vault/seal.h"

void census_key(uint8_t key[32], const uint8_t device_data_key[32]) {
    hash_keyed(key, device_data_key, "sotto-vault-census", NULL, 0);
}

void census_turn(struct census *c, const uint8_t key[32], int64_t k, const uint8_t *blob,
                 size_t n) {
    uint8_t what[8 + 8 + BLOB_HEADER_BYTES + SEAL_TAG_BYTES] = {0}, term[HASH_BYTES];
    size_t head = n < BLOB_HEADER_BYTES ? n : BLOB_HEADER_BYTES;
    size_t tail = n - head < SEAL_TAG_BYTES ? n - head : SEAL_TAG_BYTES;
    store64(what, (uint64_t)k);
    store64(what + 8, n);
    memcpy(what + 16, blob, head);
    memcpy(what + 16 + BLOB_HEADER_BYTES, blob + n - tail, tail);
    hash_keyed(term, key, "sotto-vault-row", what, sizeof what);
    for (size_t i = 0; i < CENSUS_BYTES; i++) c->sum[i] ^= term[i];
}
