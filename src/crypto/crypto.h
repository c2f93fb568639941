/* crypto: the only room that includes sodium.h, and only its minimal build, 1.0.18 and newer.
 * Names what the engine needs (seal, hash, sign, draw) and keeps the primitives to itself. */
#ifndef SOTTO_CRYPTO_H
#define SOTTO_CRYPTO_H

#include "base/base.h"

/* Prepares libsodium. Must succeed before anything else here is called; may be called again. */
int crypto_init(void) MUST_CHECK;

/* ---- Hashing: BLAKE2b (RFC 7693) --------------------------------------------------------- */

#define HASH_BYTES 32
void hash256(uint8_t out[HASH_BYTES], const void *bytes, size_t n);
void hash512(uint8_t out[64], const void *bytes, size_t n);
/* BLAKE2b-256 piece by piece. */
struct hash_stream {
    _Alignas(64) uint8_t opaque[384];
};
void hash_stream_begin(struct hash_stream *h);
void hash_stream_add(struct hash_stream *h, const void *bytes, size_t n);
void hash_stream_end(struct hash_stream *h, uint8_t out[HASH_BYTES]);
/* Keyed by `key`; `label` separates uses (both are hashed, the label NUL-terminated first). */
void hash_keyed(uint8_t out[HASH_BYTES], const uint8_t key[32], const char *label,
                const void *bytes, size_t n);
/* A stable 64-bit name for an item id: the first 8 bytes (little-endian) of BLAKE2b-256. */
uint64_t hash_item_id(const char *id);

/* ---- Sealing: XChaCha20-Poly1305 --------------------------------------------------------- */

#define SEAL_KEY_BYTES   32
#define SEAL_NONCE_BYTES 24
#define SEAL_TAG_BYTES   16
/* out holds n + SEAL_TAG_BYTES bytes and may not overlap in. */
void seal(uint8_t *out, const uint8_t *in, size_t n, const uint8_t *ad, size_t ad_n,
          const uint8_t nonce[SEAL_NONCE_BYTES], const uint8_t key[SEAL_KEY_BYTES]);
/* `n` counts the tag. Returns 0 and n - SEAL_TAG_BYTES bytes in out, or -1 and nothing. */
int unseal(uint8_t *out, const uint8_t *in, size_t n, const uint8_t *ad, size_t ad_n,
           const uint8_t nonce[SEAL_NONCE_BYTES], const uint8_t key[SEAL_KEY_BYTES]) MUST_CHECK;

/* For the holder of one X25519 key alone (libsodium's sealed box): out holds n + SEAL_TO_BYTES.
 * Returns 0, or -1 when the key is none. */
#define SEAL_TO_BYTES 48
int seal_to(uint8_t *out, const uint8_t *in, size_t n, const uint8_t public_key[32]) MUST_CHECK;

/* ---- Signing: Ed25519 (RFC 8032) --------------------------------------------------------- */

#define SIGN_BYTES        64
#define SIGN_PUBLIC_BYTES 32
#define SIGN_SECRET_BYTES 64
#define SIGN_SEED_BYTES   32
void sign_keypair(uint8_t public_key[SIGN_PUBLIC_BYTES], uint8_t secret_key[SIGN_SECRET_BYTES],
                  const uint8_t seed[SIGN_SEED_BYTES]);
void sign(uint8_t signature[SIGN_BYTES], const void *message, size_t n,
          const uint8_t secret_key[SIGN_SECRET_BYTES]);
int sign_verify(const uint8_t signature[SIGN_BYTES], const void *message, size_t n,
                const uint8_t public_key[SIGN_PUBLIC_BYTES]) MUST_CHECK;

/* ---- Randomness -------------------------------------------------------------------------- */

/* A generator with fast key erasure: ChaCha20 (libsodium's randombytes_buf_deterministic) keyed
 * from the port's entropy and rekeyed at every refill and from fresh entropy every
 * RNG_RESEED_BYTES, so reading its memory later tells nothing drawn before. Lives in locked memory.
 */
#define RNG_POOL_BYTES   480
#define RNG_RESEED_BYTES (1u << 20)
struct rng {
    uint8_t key[32];
    uint8_t pool[RNG_POOL_BYTES];
    uint32_t used;       /* bytes of the pool already handed out */
    uint32_t since_seed; /* bytes handed out since the last seeding */
    int is_failed;       /* entropy failed; stays so until rng_seed succeeds */
    int (*entropy)(void *ctx, void *buf, size_t n);
    void *ctx;
};
int rng_seed(struct rng *g, int (*entropy)(void *, void *, size_t), void *ctx) MUST_CHECK;
/* Fills `out`. On failure (-1) `out` is zeroed and must not be used. */
int rng_bytes(struct rng *g, void *out, size_t n) MUST_CHECK;
/* The next four of those bytes, little-endian; for samplers, which want few at a time. */
static inline MUST_CHECK int rng_u32(struct rng *g, uint32_t *out) {
    uint8_t bytes[4];
    if (g->used <= RNG_POOL_BYTES - 4 && g->since_seed < RNG_RESEED_BYTES && !g->is_failed) {
        *out = load32(g->pool + g->used);
        store32(g->pool + g->used, 0);
        g->used += 4;
        g->since_seed += 4;
        return 0;
    }
    if (rng_bytes(g, bytes, sizeof bytes) != 0) return -1;
    *out = load32(bytes);
    return 0;
}

/* ---- Memory ------------------------------------------------------------------------------ */

/* Guarded, locked, not dumped, zeros in a child made by fork (which must not free it), zeroed at
 * first; NULL when it cannot be had, also when the system
 * does not let the process lock that much (RLIMIT_MEMLOCK). */
void *locked_alloc(size_t n);
/* The same for callers who may go on without the lock: *is_locked is 0 when the bytes might reach
 * swap. They are never dumped all the same. */
void *guarded_alloc(size_t n, int *is_locked);
void locked_free(void *p); /* wipes */
void wipe(void *p, size_t n);
/* 1 when equal; time does not depend on where they differ. */
int equal_ct(const void *a, const void *b, size_t n) MUST_CHECK;

/* ---- Text -------------------------------------------------------------------------------- */

/* Decodes standard base64 of exactly `out_n` bytes. Returns 0 or -1. */
int base64_decode(uint8_t *out, size_t out_n, const char *text, size_t text_n) MUST_CHECK;

#endif
