/* Exported audit logs: as they are, and with keys, heads, totals and signatures that fit what the
 * fuzzer made of the rest. What is accepted says as many entries as were shown. */
#include "tests/fuzz/fuzz.h"

#include "base/base.h"
#include "vault/audit_format.h"

static uint8_t public_key[32], secret_key[64];

static void count(void *ctx, uint64_t number, const struct sotto_audit_entry *e) {
    uint64_t *shown = ctx;
    must(e->kind < SOTTO_AUDIT_KINDS);
    must(*shown == 0 || number > 0);
    ++*shown;
}

static void verify(const uint8_t *bytes, size_t n) {
    struct sotto_audit_result r = {.size = sizeof r};
    struct sotto_error err;
    uint64_t shown = 0, sum = 0;
    if (sotto_audit_verify(bytes, n, public_key, bytes, &r, count, &shown, &err) != SOTTO_OK) {
        must(r.entries == 0 && r.epochs == 0);
        return;
    }
    for (int k = 0; k < SOTTO_AUDIT_KINDS; k++) sum += r.totals[k];
    must(shown == r.entries - r.let_go);
    must(r.let_go > 0 || sum == r.entries);
}

/* Walks the pieces as the verifier does and makes the seals true. */
static void mend(uint8_t *bytes, size_t n) {
    uint8_t head[HASH_BYTES] = {0};
    struct audit_seal seal = {.level = AUDIT_LEVEL_EPOCH};
    struct audit_genesis g;
    if (n < 12) return;
    memcpy(bytes, AUDIT_MAGIC, AUDIT_MAGIC_BYTES);
    store32(bytes + AUDIT_MAGIC_BYTES, AUDIT_VERSION);
    for (size_t at = 12; n - at >= 8;) {
        uint32_t kind = load32(bytes + at);
        size_t length = load32(bytes + at + 4);
        uint8_t *piece = bytes + at + 8;
        if (length > n - at - 8) return;
        if (kind == AUDIT_PIECE_GENESIS && length == AUDIT_GENESIS_BYTES) {
            memcpy(g.nonce, piece, 32);
            memcpy(g.segment_key, public_key, 32);
            memcpy(g.epoch_key, public_key, 32);
            audit_genesis_sign(piece, &g, secret_key);
            audit_first_head(head, &g);
        } else if (kind == AUDIT_PIECE_SEGMENT && length == AUDIT_SEAL_BYTES) {
            struct audit_seal segment;
            audit_seal_read(&segment, piece);
            memcpy(segment.next_key, public_key, 32);
            memcpy(segment.next_epoch, public_key, 32);
            audit_seal_sign(piece, &segment, secret_key);
        } else if (kind == AUDIT_PIECE_EPOCH && length >= 12) {
            seal.number = load64(piece);
            for (size_t i = 12; i + AUDIT_ENTRY_BYTES <= length; i += AUDIT_ENTRY_BYTES) {
                piece[i] %= SOTTO_AUDIT_KINDS;
                audit_next_head(head, piece + i);
                seal.totals[piece[i]]++;
                seal.entries++;
            }
        } else if (kind == AUDIT_PIECE_SEAL && length == AUDIT_SEAL_BYTES) {
            memcpy(seal.head, head, sizeof head);
            memcpy(seal.next_key, public_key, 32);
            memcpy(seal.next_epoch, public_key, 32);
            audit_seal_sign(piece, &seal, secret_key);
        }
        at += 8 + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const uint8_t seed[32] = {9};
    if (!secret_key[0] && !secret_key[1]) {
        must(crypto_init() == 0);
        sign_keypair(public_key, secret_key, seed);
    }
    if (n < 16) return 0;
    uint8_t *bytes = malloc(n);
    must(bytes != NULL);
    memcpy(bytes, data, n);
    verify(bytes, n);
    mend(bytes, n);
    verify(bytes, n);
    free(bytes);
    return 0;
}
