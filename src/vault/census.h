/* census: a fingerprint of which rows there are, in which state. It lies in META under its MAC, so
 * that no single row can be taken away, put back or replaced by an older copy of itself: the whole
 * file is of one moment, or it is damaged. (Whether that moment is the latest only a hardware
 * counter can say.) A set hash: the XOR of a keyed hash of each row, so a change costs two hashes
 * and no walk (Bellare & Micciancio, EUROCRYPT 1997, XHASH with a secret key). Without the key
 * nobody knows a term. But META shows the sum: whoever recorded the file around each of some 257
 * commits, of different rows, knows what each changed, and some of these changes cancel out; those
 * rows could be put back together. Called by the other files of this room. */
#ifndef SOTTO_VAULT_CENSUS_H
#define SOTTO_VAULT_CENSUS_H

#include "base/base.h"
#include "crypto/crypto.h"

#define CENSUS_BYTES HASH_BYTES

struct census {
    uint8_t sum[CENSUS_BYTES];
};

/* The key of a vault's census, from the device's data key, which no erasure changes. */
void census_key(uint8_t key[32], const uint8_t device_data_key[32]);
/* Adds row `k` with this blob, or takes it out: the same operation. A blob counts by its header and
 * tag, which authenticate the rest. */
void census_turn(struct census *c, const uint8_t key[32], int64_t k, const uint8_t *blob, size_t n);

#endif
