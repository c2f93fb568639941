/* proof: see proof.h. A reader takes exactly what a writer can have written. */
#include "profile/proof.h"

#include "vault/receipt_format.h"

static const uint8_t MAGIC[8] = {'S', 'O', 'T', 'T', 'O', 'C', 'N', 'S'};
/* No report, seal or receipt of an erasure begins like this. */
static const uint8_t LABEL[16] = "sotto-consent";

#define FORMAT 1

#define AT_FORMAT  8
#define AT_PURPOSE 12
#define AT_STATE   13
#define AT_CHANNEL 14
#define AT_ZERO    15
#define AT_VERSION 16
#define AT_NUMBER  24
#define AT_TIME    32
#define AT_NOTICE  40
#define AT_LOCALE  44
#define AT_HASH    (AT_LOCALE + SOTTO_CONSENT_LOCALE_BYTES)
#define AT_BEFORE  (AT_HASH + HASH_BYTES)
_Static_assert(AT_BEFORE + HASH_BYTES == PROOF_BYTES, "receipt of consent");

void proof_write(uint8_t body[PROOF_BYTES], const struct sotto_consent_receipt *r) {
    memset(body, 0, PROOF_BYTES);
    memcpy(body, MAGIC, sizeof MAGIC);
    store32(body + AT_FORMAT, FORMAT);
    body[AT_PURPOSE] = (uint8_t)r->purpose;
    body[AT_STATE] = (uint8_t)r->state;
    body[AT_CHANNEL] = (uint8_t)r->channel;
    store64(body + AT_VERSION, r->policy_version);
    store64(body + AT_NUMBER, r->number);
    store64(body + AT_TIME, (uint64_t)r->time_s);
    store32(body + AT_NOTICE, r->notice_version);
    memcpy(body + AT_LOCALE, r->locale, strnlen(r->locale, SOTTO_CONSENT_LOCALE_BYTES - 1));
    memcpy(body + AT_HASH, r->policy_hash, HASH_BYTES);
    memcpy(body + AT_BEFORE, r->before, HASH_BYTES);
}

int proof_read(struct sotto_consent_receipt *r, const uint8_t body[PROOF_BYTES]) {
    const size_t size = r->size;
    uint8_t again[PROOF_BYTES];
    memset(r, 0, sizeof *r);
    r->size = size;
    r->purpose = (enum sotto_purpose)body[AT_PURPOSE];
    r->state = (enum sotto_consent)body[AT_STATE];
    r->channel = (enum sotto_said)body[AT_CHANNEL];
    r->policy_version = load64(body + AT_VERSION);
    r->number = load64(body + AT_NUMBER);
    r->time_s = (int64_t)load64(body + AT_TIME);
    r->notice_version = load32(body + AT_NOTICE);
    memcpy(r->locale, body + AT_LOCALE, SOTTO_CONSENT_LOCALE_BYTES - 1);
    memcpy(r->policy_hash, body + AT_HASH, HASH_BYTES);
    memcpy(r->before, body + AT_BEFORE, HASH_BYTES);
    proof_write(again, r);
    if (memcmp(again, body, PROOF_BYTES) == 0 && r->purpose >= SOTTO_PURPOSE_STORE &&
        r->purpose <= SOTTO_PURPOSE_LAST && r->state >= SOTTO_CONSENT_GRANTED &&
        r->state <= SOTTO_CONSENT_PAUSED && r->state != SOTTO_CONSENT_EXPIRED &&
        r->channel <= SOTTO_SAID_LAST && r->number != 0 && r->time_s >= 0 &&
        utf8_is_printable(r->locale, strlen(r->locale)))
        return 0;
    memset(r, 0, sizeof *r);
    r->size = size;
    return -1;
}

void proof_add(struct proofs *p, const struct sotto_consent_receipt *r) {
    if (p->n == PROOFS_WAIT) {
        proofs_chain(p);
        proofs_drop(p, 1);
    }
    proof_write(p->body[p->n++], r);
}

void proofs_chain(struct proofs *p) {
    uint8_t before[HASH_BYTES];
    memcpy(before, p->last, sizeof before);
    for (uint32_t i = 0; i < p->n; i++) {
        store64(p->body[i] + AT_NUMBER, p->number + 1 + i);
        memcpy(p->body[i] + AT_BEFORE, before, HASH_BYTES);
        hash256(before, p->body[i], PROOF_BYTES);
    }
}

void proofs_drop(struct proofs *p, uint32_t n) {
    if (n == 0) return;
    hash256(p->last, p->body[n - 1], PROOF_BYTES);
    p->number += n;
    p->n -= n;
    memmove(p->body, p->body + n, p->n * sizeof p->body[0]);
    wipe(p->body + p->n, n * sizeof p->body[0]);
}

int proofs_follow(struct proofs *p, const uint8_t *body, size_t n) {
    struct sotto_consent_receipt r = {.size = sizeof r};
    if (n != PROOF_BYTES || proof_read(&r, body) != 0) return -1;
    p->number = r.number;
    hash256(p->last, body, PROOF_BYTES);
    return 0;
}

static void message_of(uint8_t message[sizeof LABEL + PROOF_BYTES], const uint8_t *body) {
    memcpy(message, LABEL, sizeof LABEL);
    memcpy(message + sizeof LABEL, body, PROOF_BYTES);
}

void proof_sign(uint8_t bytes[SOTTO_CONSENT_RECEIPT_BYTES],
                const uint8_t secret[SIGN_SECRET_BYTES]) {
    uint8_t message[sizeof LABEL + PROOF_BYTES];
    message_of(message, bytes);
    sign(bytes + PROOF_BYTES, message, sizeof message, secret);
}

int sotto_consent_receipt_verify(const uint8_t *bytes, size_t n, const uint8_t device_key[32],
                                 struct sotto_consent_receipt *receipt, struct sotto_error *err) {
    uint8_t message[sizeof LABEL + PROOF_BYTES];
    if (!receipt || receipt->size < sizeof *receipt || !bytes || !device_key)
        return fail(err, SOTTO_E_ARGUMENT, "%s", receipt_lacks);
    const size_t size = receipt->size;
    memset(receipt, 0, sizeof *receipt);
    receipt->size = size;
    if (crypto_init() != 0) return fail(err, SOTTO_E_STATE, "libsodium could not start");
    if (n != SOTTO_CONSENT_RECEIPT_BYTES || memcmp(bytes, MAGIC, sizeof MAGIC) != 0)
        return fail(err, SOTTO_E_FORMAT, "this is no receipt of consent: it has %zu bytes", n);
    message_of(message, bytes);
    if (sign_verify(bytes + PROOF_BYTES, message, sizeof message, device_key) != 0)
        return fail(err, SOTTO_E_SIGNATURE, "%s", receipt_altered);
    if (proof_read(receipt, bytes) != 0) return fail(err, SOTTO_E_FORMAT, "%s", receipt_newer);
    return SOTTO_OK;
}
