/* crypto: thin, misuse-resistant names over libsodium's minimal build. */
#define SODIUM_LIBRARY_MINIMAL
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crypto/crypto.h"

_Static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
_Static_assert(SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(SEAL_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(SIGN_BYTES == crypto_sign_BYTES, "signature");
_Static_assert(SIGN_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert(SIGN_SECRET_BYTES == crypto_sign_SECRETKEYBYTES, "secret key");
_Static_assert(SIGN_SEED_BYTES == crypto_sign_SEEDBYTES, "seed");

int crypto_init(void) { return sodium_init() < 0 ? -1 : 0; }

void hash256(uint8_t out[HASH_BYTES], const void *bytes, size_t n) {
    crypto_generichash(out, HASH_BYTES, bytes, n, NULL, 0);
}

void hash512(uint8_t out[64], const void *bytes, size_t n) {
    crypto_generichash(out, 64, bytes, n, NULL, 0);
}

_Static_assert(sizeof(struct hash_stream) >= sizeof(crypto_generichash_state),
               "room for the state");

void hash_stream_begin(struct hash_stream *h) {
    crypto_generichash_init((crypto_generichash_state *)(void *)h->opaque, NULL, 0, HASH_BYTES);
}

void hash_stream_add(struct hash_stream *h, const void *bytes, size_t n) {
    crypto_generichash_update((crypto_generichash_state *)(void *)h->opaque, bytes, n);
}

void hash_stream_end(struct hash_stream *h, uint8_t out[HASH_BYTES]) {
    crypto_generichash_final((crypto_generichash_state *)(void *)h->opaque, out, HASH_BYTES);
}

void hash_keyed(uint8_t out[HASH_BYTES], const uint8_t key[32], const char *label,
                const void *bytes, size_t n) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, key, 32, HASH_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)label, strlen(label) + 1);
    if (n) crypto_generichash_update(&state, bytes, n);
    crypto_generichash_final(&state, out, HASH_BYTES);
    sodium_memzero(&state, sizeof state);
}

uint64_t hash_item_id(const char *id) {
    uint8_t digest[HASH_BYTES];
    hash256(digest, id, strlen(id));
    return load64(digest);
}

void seal(uint8_t *out, const uint8_t *in, size_t n, const uint8_t *ad, size_t ad_n,
          const uint8_t nonce[SEAL_NONCE_BYTES], const uint8_t key[SEAL_KEY_BYTES]) {
    crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, in, n, ad, ad_n, NULL, nonce, key);
}

int unseal(uint8_t *out, const uint8_t *in, size_t n, const uint8_t *ad, size_t ad_n,
           const uint8_t nonce[SEAL_NONCE_BYTES], const uint8_t key[SEAL_KEY_BYTES]) {
    if (n < SEAL_TAG_BYTES) return -1;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, in, n, ad, ad_n, nonce, key);
}

int seal_to(uint8_t *out, const uint8_t *in, size_t n, const uint8_t public_key[32]) {
    _Static_assert(SEAL_TO_BYTES == crypto_box_SEALBYTES, "sealed box");
    return crypto_box_seal(out, in, n, public_key);
}

void sign_keypair(uint8_t public_key[SIGN_PUBLIC_BYTES], uint8_t secret_key[SIGN_SECRET_BYTES],
                  const uint8_t seed[SIGN_SEED_BYTES]) {
    crypto_sign_seed_keypair(public_key, secret_key, seed);
}

void sign(uint8_t signature[SIGN_BYTES], const void *message, size_t n,
          const uint8_t secret_key[SIGN_SECRET_BYTES]) {
    crypto_sign_detached(signature, NULL, message, n, secret_key);
}

int sign_verify(const uint8_t signature[SIGN_BYTES], const void *message, size_t n,
                const uint8_t public_key[SIGN_PUBLIC_BYTES]) {
    return crypto_sign_verify_detached(signature, message, n, public_key);
}

/* Draws a fresh key and pool from `seed`, then forgets it. */
_Static_assert(offsetof(struct rng, key) == 0 &&
                   offsetof(struct rng, pool) == sizeof((struct rng *)0)->key,
               "key and pool are drawn in one piece");
static void rng_refill(struct rng *g, const uint8_t seed[32]) {
    randombytes_buf_deterministic(g, sizeof g->key + sizeof g->pool, seed);
    g->used = 0;
}

int rng_seed(struct rng *g, int (*entropy)(void *, void *, size_t), void *ctx) {
    uint8_t fresh[32], mixed[HASH_BYTES];
    g->entropy = entropy;
    g->ctx = ctx;
    g->is_failed = 1;
    if (!entropy || entropy(ctx, fresh, sizeof fresh) != 0) return -1;
    /* Mixing the old key in: a reseed from a bad source never makes things worse. */
    hash_keyed(mixed, g->key, "rng", fresh, sizeof fresh);
    rng_refill(g, mixed);
    g->since_seed = 0;
    g->is_failed = 0;
    sodium_memzero(fresh, sizeof fresh);
    sodium_memzero(mixed, sizeof mixed);
    return 0;
}

int rng_bytes(struct rng *g, void *out, size_t n) {
    uint8_t *to = out;
    size_t left = n;
    /* Without a source it was wiped, as in a child made by fork: zeros are no random bytes. */
    while (left > 0 && !g->is_failed && g->entropy) {
        if (g->since_seed >= RNG_RESEED_BYTES && rng_seed(g, g->entropy, g->ctx) != 0) break;
        if (g->used == RNG_POOL_BYTES) {
            uint8_t seed[32];
            memcpy(seed, g->key, sizeof seed);
            rng_refill(g, seed);
            sodium_memzero(seed, sizeof seed);
        }
        size_t take = RNG_POOL_BYTES - g->used < left ? RNG_POOL_BYTES - g->used : left;
        memcpy(to, g->pool + g->used, take);
        sodium_memzero(g->pool + g->used, take);
        g->used += (uint32_t)take;
        g->since_seed += (uint32_t)take;
        to += take;
        left -= take;
    }
    if (left == 0) return 0;
    sodium_memzero(out, n);
    return -1;
}

/* Children made by fork see zeros where the parent has secrets (Linux 4.14 and newer). libsodium
 * asks the kernel for the rest of the pages' properties; this one it does not know. */
static void hide_from_children(void *p, size_t n) {
#ifdef MADV_WIPEONFORK
    long page = sysconf(_SC_PAGESIZE);
    if (page <= 0) return;
    size_t before = (uintptr_t)p & ((size_t)page - 1); /* the arena begins on the page p is in */
    (void)madvise((uint8_t *)p - before, before + n, MADV_WIPEONFORK);
#else
    (void)p;
    (void)n;
#endif
}

void *guarded_alloc(size_t n, int *is_locked) {
    void *p = sodium_malloc(n);
    *is_locked = 0;
    if (!p) return NULL;
    /* sodium_malloc tries to lock what it gives and hides whether it could. Locks do not add up, so
     * asking once more costs nothing and tells. */
    *is_locked = sodium_mlock(p, n) == 0;
    hide_from_children(p, n);
    sodium_memzero(p, n);
    return p;
}

void *locked_alloc(size_t n) {
    int is_locked;
    void *p = guarded_alloc(n, &is_locked);
    if (p && !is_locked) {
        sodium_free(p);
        p = NULL;
    }
    return p;
}

void locked_free(void *p) { sodium_free(p); }
void wipe(void *p, size_t n) { sodium_memzero(p, n); }
int equal_ct(const void *a, const void *b, size_t n) { return sodium_memcmp(a, b, n) == 0; }

int base64_decode(uint8_t *out, size_t out_n, const char *text, size_t text_n) {
    size_t n = 0;
    const char *end = NULL;
    if (sodium_base642bin(out, out_n, text, text_n, NULL, &n, &end, sodium_base64_VARIANT_ORIGINAL))
        return -1;
    return n == out_n && end == text + text_n ? 0 : -1;
}
