/* proof: receipts of consent, the bytes and the chain. Pure. A receipt gets its number and its link
 * when it is stored or shown, because a person's earlier ones may still be out of reach when a word
 * is said. See sotto_people.h and src/FORMAT.md, section 6. */
#ifndef SOTTO_PROOF_H
#define SOTTO_PROOF_H

#include "crypto/crypto.h"
#include "sotto_people.h"

/* What is signed; the signature follows it. */
#define PROOF_BYTES (SOTTO_CONSENT_RECEIPT_BYTES - SIGN_BYTES)
#define PROOFS_WAIT 16

struct proofs {
    uint64_t number;          /* of the last that is stored or was let go; 0: none */
    uint8_t last[HASH_BYTES]; /* its hash */
    uint32_t n;               /* that wait in memory; past PROOFS_WAIT the oldest is let go */
    uint8_t body[PROOFS_WAIT][PROOF_BYTES];
};

/* Of *r all but number and before. */
void proof_add(struct proofs *p, const struct sotto_consent_receipt *r);
/* Numbers and links those that wait. */
void proofs_chain(struct proofs *p);
/* Takes the first `n` of them off, which proofs_chain has linked. */
void proofs_drop(struct proofs *p, uint32_t n);
/* Continues behind this body. -1 if it is none. */
int proofs_follow(struct proofs *p, const uint8_t *body, size_t n) MUST_CHECK;

void proof_write(uint8_t body[PROOF_BYTES], const struct sotto_consent_receipt *r);
/* -1 for what proof_write does not write. */
int proof_read(struct sotto_consent_receipt *r, const uint8_t body[PROOF_BYTES]) MUST_CHECK;
/* Puts the signature behind the body. */
void proof_sign(uint8_t bytes[SOTTO_CONSENT_RECEIPT_BYTES],
                const uint8_t secret[SIGN_SECRET_BYTES]);

#endif
