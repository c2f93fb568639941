/* seal: from plaintext to the opaque blob of one row and back. Owns the blob's layout (README.md,
 * "Blobs"); promises that lengths are hidden within size classes, that a blob opens only in the
 * row, store and under the data key it was made for, and that nothing unauthenticated is handed
 * out. Called by keys.c and vault.c. */
#ifndef SOTTO_VAULT_SEAL_H
#define SOTTO_VAULT_SEAL_H

#include "base/base.h"
#include "crypto/crypto.h"

#define BLOB_HEADER_BYTES 36   /* version, algorithm, class, zero, generation, nonce */
#define BLOB_PADDED_MAX   4096 /* the largest size class */
#define BLOB_BYTES_MAX    (BLOB_HEADER_BYTES + BLOB_PADDED_MAX + SEAL_TAG_BYTES)
#define BLOB_CONTENT_MAX  (BLOB_PADDED_MAX - 4)
#define STORE_ID_BYTES    16

/* What a blob is bound to. */
struct blob_place {
    const uint8_t *store_id; /* STORE_ID_BYTES */
    int64_t k;               /* the row */
    uint64_t key_id;         /* of the data key; the key epoch for keyring rows */
};

/* Seals n ≤ BLOB_CONTENT_MAX bytes into `blob` (BLOB_BYTES_MAX) and sets *blob_n. `generation` is
 * one more than that of the blob it replaces. `scratch` is BLOB_PADDED_MAX bytes of locked memory,
 * wiped on return. SOTTO_E_ENTROPY when no nonce can be drawn. */
int blob_seal(uint8_t *blob, size_t *blob_n, const struct blob_place *place, uint64_t generation,
              const uint8_t key[SEAL_KEY_BYTES], struct rng *rng, const void *content, size_t n,
              uint8_t *scratch) MUST_CHECK;

/* Opens a blob into `scratch` (BLOB_PADDED_MAX bytes of locked memory): on success *content points
 * into it and the caller wipes it; on failure, SOTTO_E_CORRUPT, it is wiped. */
int blob_unseal(const uint8_t *blob, size_t blob_n, const struct blob_place *place,
                const uint8_t key[SEAL_KEY_BYTES], uint8_t *scratch, const uint8_t **content,
                size_t *n) MUST_CHECK;

/* The generation a blob claims, unauthenticated; 0 when it is too short to have one. */
uint64_t blob_generation(const uint8_t *blob, size_t blob_n);

#endif
