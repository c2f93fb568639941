/* Rows of a vault: blobs that nobody sealed; and what could be inside of ones that open, because a
 * damaged engine, or a later one, sealed them. */
#include "tests/fuzz/fuzz.h"

#include "crypto/crypto.h"
#include "profile/consent.h"
#include "profile/history.h"
#include "vault/keys.h"

static const uint8_t KEY[32] = "a key that is no secret to you.";

static int entropy(void *ctx, void *buf, size_t n) {
    (void)ctx;
    memset(buf, 7, n);
    return 0;
}

static int is_zero(const uint8_t *p, size_t n) {
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++) any |= p[i];
    return any == 0;
}

static void contents(const uint8_t *bytes, size_t n) {
    static struct history h;
    static struct consent c;
    uint8_t again[HISTORY_CHUNK_BYTES], record[CONSENT_RECORD_BYTES], entry[DATA_KEY_BYTES_MAX];
    struct data_key key;
    struct meta meta;
    memset(&h, 0, sizeof h);
    if (history_decode(&h, bytes, n) == 0 && bytes[0] == 2) {
        must(history_encode(&h, 0, again) == h.n && n == sizeof again &&
             memcmp(again, bytes, n) == 0);
    } else if (n == 0 || bytes[0] != 1) {
        must(h.n == 0);
    }
    if (consent_decode(&c, bytes, n) == 0 && bytes[0] == 2) {
        consent_encode(&c, record);
        must(n == sizeof record && memcmp(record, bytes, n) == 0);
    }
    if (data_key_decode(&key, bytes, n) == SOTTO_OK)
        must(data_key_encode(entry, &key) <= sizeof entry);
    if (meta_decode(bytes, n, &meta) == SOTTO_OK) must(!meta_is_authentic(bytes, KEY));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static struct rng rng;
    static uint8_t scratch[BLOB_PADDED_MAX], blob[BLOB_BYTES_MAX];
    static const uint8_t store_id[STORE_ID_BYTES];
    const struct blob_place place = {store_id, 77, 5};
    const uint8_t *content;
    size_t content_n, blob_n;
    if (!rng.entropy) must(crypto_init() == 0 && rng_seed(&rng, entropy, NULL) == 0);
    if (blob_unseal(data, n, &place, KEY, scratch, &content, &content_n) != SOTTO_OK)
        must(is_zero(scratch, sizeof scratch));
    contents(data, n);
    /* The same as content comes back out of a blob, and no other place opens it. */
    if (n > 1000) return 0;
    must(blob_seal(blob, &blob_n, &place, 3, KEY, &rng, data, n, scratch) == SOTTO_OK);
    must(blob_unseal(blob, blob_n, &place, KEY, scratch, &content, &content_n) == SOTTO_OK);
    must(content_n == n && memcmp(content, data, n) == 0);
    wipe(scratch, sizeof scratch);
    const struct blob_place other = {store_id, 78, 5};
    must(blob_unseal(blob, blob_n, &other, KEY, scratch, &content, &content_n) == SOTTO_E_CORRUPT);
    return 0;
}
