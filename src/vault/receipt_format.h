/* receipt_format: the bytes of a receipt, shared by who writes it (receipt.c), who signs it (the
 * engine, whose key it is) and who verifies it (sotto_receipt.h). See src/FORMAT.md, section 5. */
#ifndef SOTTO_RECEIPT_FORMAT_H
#define SOTTO_RECEIPT_FORMAT_H

#include "crypto/crypto.h"
#include "sotto_receipt.h"

/* What is signed; the signature follows it. */
#define RECEIPT_BODY_BYTES (SOTTO_RECEIPT_BYTES - SIGN_BYTES)

void receipt_body_write(uint8_t body[RECEIPT_BODY_BYTES], const struct sotto_receipt *r);
/* -1 for what receipt_body_write does not write. */
int receipt_body_read(struct sotto_receipt *r, const uint8_t body[RECEIPT_BODY_BYTES]) MUST_CHECK;
/* Puts the signature behind the body. `secret`: libsodium's 64-byte form of the device's key. */
void receipt_sign(uint8_t bytes[SOTTO_RECEIPT_BYTES], const uint8_t secret[SIGN_SECRET_BYTES]);

/* Why a receipt of any kind is not believed; proof.c says the same. */
extern const char receipt_lacks[], receipt_altered[], receipt_newer[];

#endif
