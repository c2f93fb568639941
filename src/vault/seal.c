/* seal: blobs of XChaCha20-Poly1305 with random nonces (draft-irtf-cfrg-xchacha-03: 192 bits, so
 * random ones never repeat in practice; counters would, after a restored file). */
#include "vault/seal.h"

#define BLOB_VERSION            1
#define BLOB_XCHACHA20_POLY1305 1

#define AT_GENERATION 4
#define AT_NONCE      12
_Static_assert(AT_NONCE + SEAL_NONCE_BYTES == BLOB_HEADER_BYTES, "header");

#define AD_BYTES (8 + STORE_ID_BYTES + 8 + 8 + 8)

/* Padded lengths, length prefix included. An observer of the file learns the class, no more. The
 * last one came later: a blob of it fills a page of the store, where 1024 takes two. */
static const uint16_t CLASS_BYTES[] = {64, 256, 512, 1024, 2048, BLOB_PADDED_MAX, 928};

/* The smallest that holds `n` bytes, at most BLOB_PADDED_MAX. */
static uint8_t class_of(size_t n) {
    size_t best = 5;
    for (size_t c = 0; c < ARRAY_LEN(CLASS_BYTES); c++)
        if (CLASS_BYTES[c] >= n && CLASS_BYTES[c] < CLASS_BYTES[best]) best = c;
    return (uint8_t)best;
}

static void associated_data(uint8_t ad[AD_BYTES], const struct blob_place *place,
                            uint64_t generation) {
    memcpy(ad, "sotto-v1", 8);
    memcpy(ad + 8, place->store_id, STORE_ID_BYTES);
    store64(ad + 24, (uint64_t)place->k);
    store64(ad + 32, place->key_id);
    store64(ad + 40, generation);
}

uint64_t blob_generation(const uint8_t *blob, size_t blob_n) {
    return blob_n >= BLOB_HEADER_BYTES ? load64(blob + AT_GENERATION) : 0;
}

int blob_seal(uint8_t *blob, size_t *blob_n, const struct blob_place *place, uint64_t generation,
              const uint8_t key[SEAL_KEY_BYTES], struct rng *rng, const void *content, size_t n,
              uint8_t *scratch) {
    uint8_t ad[AD_BYTES];
    if (n > BLOB_CONTENT_MAX) return SOTTO_E_LIMIT;
    uint8_t class = class_of(n + 4);
    size_t padded = CLASS_BYTES[class];

    blob[0] = BLOB_VERSION;
    blob[1] = BLOB_XCHACHA20_POLY1305;
    blob[2] = class;
    blob[3] = 0;
    store64(blob + AT_GENERATION, generation);
    if (rng_bytes(rng, blob + AT_NONCE, SEAL_NONCE_BYTES) != 0) return SOTTO_E_ENTROPY;

    store32(scratch, (uint32_t)n);
    if (n) memcpy(scratch + 4, content, n);
    memset(scratch + 4 + n, 0, padded - 4 - n);
    associated_data(ad, place, generation);
    seal(blob + BLOB_HEADER_BYTES, scratch, padded, ad, sizeof ad, blob + AT_NONCE, key);
    wipe(scratch, padded);
    *blob_n = BLOB_HEADER_BYTES + padded + SEAL_TAG_BYTES;
    return SOTTO_OK;
}

int blob_unseal(const uint8_t *blob, size_t blob_n, const struct blob_place *place,
                const uint8_t key[SEAL_KEY_BYTES], uint8_t *scratch, const uint8_t **content,
                size_t *n) {
    uint8_t ad[AD_BYTES];
    if (blob_n < BLOB_HEADER_BYTES || blob[0] != BLOB_VERSION ||
        blob[1] != BLOB_XCHACHA20_POLY1305 || blob[2] >= ARRAY_LEN(CLASS_BYTES) || blob[3] != 0)
        return SOTTO_E_CORRUPT;
    size_t padded = CLASS_BYTES[blob[2]];
    if (blob_n != BLOB_HEADER_BYTES + padded + SEAL_TAG_BYTES) return SOTTO_E_CORRUPT;
    associated_data(ad, place, load64(blob + AT_GENERATION));
    if (unseal(scratch, blob + BLOB_HEADER_BYTES, padded + SEAL_TAG_BYTES, ad, sizeof ad,
               blob + AT_NONCE, key) != 0)
        return SOTTO_E_CORRUPT;
    uint32_t length = load32(scratch);
    if (length > padded - 4) { /* authentic, yet impossible: not ours */
        wipe(scratch, padded);
        return SOTTO_E_CORRUPT;
    }
    *content = scratch + 4;
    *n = length;
    return SOTTO_OK;
}
