/* audit_format: see audit_format.h. */
#include "vault/audit_format.h"

#include "base/base.h"

/* Signatures and hashes of different things never cover the same bytes. */
static const uint8_t GENESIS_LABEL[16] = "sotto-audit-gen", SEAL_LABEL[16] = "sotto-audit-end";

static const uint8_t NO_KEY[32];

void audit_genesis_sign(uint8_t bytes[AUDIT_GENESIS_BYTES], const struct audit_genesis *g,
                        const uint8_t secret[64]) {
    uint8_t message[sizeof GENESIS_LABEL + sizeof *g];
    memcpy(bytes, g->nonce, 32);
    memcpy(bytes + 32, g->segment_key, SIGN_PUBLIC_BYTES);
    memcpy(bytes + 32 + SIGN_PUBLIC_BYTES, g->epoch_key, SIGN_PUBLIC_BYTES);
    memcpy(message, GENESIS_LABEL, sizeof GENESIS_LABEL);
    memcpy(message + sizeof GENESIS_LABEL, bytes, AUDIT_GENESIS_BYTES - SIGN_BYTES);
    sign(bytes + AUDIT_GENESIS_BYTES - SIGN_BYTES, message, sizeof message, secret);
}

int audit_genesis_read(struct audit_genesis *g, const uint8_t bytes[AUDIT_GENESIS_BYTES]) {
    uint8_t message[sizeof GENESIS_LABEL + sizeof *g];
    memcpy(g->nonce, bytes, 32);
    memcpy(g->segment_key, bytes + 32, SIGN_PUBLIC_BYTES);
    memcpy(g->epoch_key, bytes + 32 + SIGN_PUBLIC_BYTES, SIGN_PUBLIC_BYTES);
    memcpy(message, GENESIS_LABEL, sizeof GENESIS_LABEL);
    memcpy(message + sizeof GENESIS_LABEL, bytes, AUDIT_GENESIS_BYTES - SIGN_BYTES);
    return sign_verify(bytes + AUDIT_GENESIS_BYTES - SIGN_BYTES, message, sizeof message,
                       g->segment_key);
}

void audit_first_head(uint8_t head[HASH_BYTES], const struct audit_genesis *g) {
    uint8_t bytes[2 * SIGN_PUBLIC_BYTES];
    memcpy(bytes, g->segment_key, SIGN_PUBLIC_BYTES);
    memcpy(bytes + SIGN_PUBLIC_BYTES, g->epoch_key, SIGN_PUBLIC_BYTES);
    hash_keyed(head, g->nonce, "sotto-audit-first", bytes, sizeof bytes);
}

void audit_next_head(uint8_t head[HASH_BYTES], const uint8_t entry[AUDIT_ENTRY_BYTES]) {
    uint8_t bytes[HASH_BYTES + AUDIT_ENTRY_BYTES];
    memcpy(bytes, head, HASH_BYTES);
    memcpy(bytes + HASH_BYTES, entry, AUDIT_ENTRY_BYTES);
    hash_keyed(head, NO_KEY, "sotto-audit-entry", bytes, sizeof bytes);
}

void audit_entry_write(uint8_t bytes[AUDIT_ENTRY_BYTES], const struct sotto_audit_entry *e) {
    bytes[0] = e->kind;
    bytes[1] = e->detail;
    store16(bytes + 2, e->day);
    store32(bytes + 4, e->boot);
    store64(bytes + 8, e->a);
    store64(bytes + 16, e->b);
}

void audit_entry_read(struct sotto_audit_entry *e, const uint8_t bytes[AUDIT_ENTRY_BYTES]) {
    e->kind = bytes[0];
    e->detail = bytes[1];
    e->day = load16(bytes + 2);
    e->boot = load32(bytes + 4);
    e->a = load64(bytes + 8);
    e->b = load64(bytes + 16);
}

#define AT_NUMBER     8
#define AT_ENTRIES    16
#define AT_HEAD       24
#define AT_TOTALS     (AT_HEAD + HASH_BYTES)
#define AT_NEXT_KEY   (AT_TOTALS + 8 * SOTTO_AUDIT_KINDS)
#define AT_NEXT_EPOCH (AT_NEXT_KEY + SIGN_PUBLIC_BYTES)
#define AT_SIGNATURE  (AT_NEXT_EPOCH + SIGN_PUBLIC_BYTES)
_Static_assert(AT_SIGNATURE + SIGN_BYTES == AUDIT_SEAL_BYTES, "seal");

static void seal_message(uint8_t message[16 + AT_SIGNATURE], const uint8_t *bytes) {
    memcpy(message, SEAL_LABEL, 16);
    memcpy(message + 16, bytes, AT_SIGNATURE);
}

void audit_seal_sign(uint8_t bytes[AUDIT_SEAL_BYTES], const struct audit_seal *s,
                     const uint8_t secret[64]) {
    uint8_t message[16 + AT_SIGNATURE];
    store64(bytes, s->level);
    store64(bytes + AT_NUMBER, s->number);
    store64(bytes + AT_ENTRIES, s->entries);
    memcpy(bytes + AT_HEAD, s->head, HASH_BYTES);
    for (size_t k = 0; k < SOTTO_AUDIT_KINDS; k++) store64(bytes + AT_TOTALS + 8 * k, s->totals[k]);
    memcpy(bytes + AT_NEXT_KEY, s->next_key, SIGN_PUBLIC_BYTES);
    memcpy(bytes + AT_NEXT_EPOCH, s->next_epoch, SIGN_PUBLIC_BYTES);
    seal_message(message, bytes);
    sign(bytes + AT_SIGNATURE, message, sizeof message, secret);
}

int audit_seal_is_by(const uint8_t bytes[AUDIT_SEAL_BYTES], const uint8_t key[SIGN_PUBLIC_BYTES]) {
    uint8_t message[16 + AT_SIGNATURE];
    seal_message(message, bytes);
    return sign_verify(bytes + AT_SIGNATURE, message, sizeof message, key) == 0;
}

void audit_seal_read(struct audit_seal *s, const uint8_t bytes[AUDIT_SEAL_BYTES]) {
    s->level = load64(bytes);
    s->number = load64(bytes + AT_NUMBER);
    s->entries = load64(bytes + AT_ENTRIES);
    memcpy(s->head, bytes + AT_HEAD, HASH_BYTES);
    for (size_t k = 0; k < SOTTO_AUDIT_KINDS; k++) s->totals[k] = load64(bytes + AT_TOTALS + 8 * k);
    memcpy(s->next_key, bytes + AT_NEXT_KEY, SIGN_PUBLIC_BYTES);
    memcpy(s->next_epoch, bytes + AT_NEXT_EPOCH, SIGN_PUBLIC_BYTES);
}
