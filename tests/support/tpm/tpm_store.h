/* tpm_store: a key store in a software TPM behind the face of keystore.h. */
#ifndef SOTTO_TEST_TPM_STORE_H
#define SOTTO_TEST_TPM_STORE_H

#include "platform/tpm/sotto_tpm.h"
#include "tests/support/keystore.h"
#include "tests/support/tpm/swtpm.h"

struct tpm_store {
    struct swtpm chip;
    struct sotto_tpm tpm;
    struct sotto_tpm_options options; /* for the next open */
};

static inline struct tpm_store *tpm_of(struct keystore *s) { return s->more; }

extern const struct keystore_kind tpm_store;
/* As the kind's open, but returns what sotto_tpm_keys says. */
int tpm_store_open(struct keystore *s, struct sotto_error *err);
/* How many non-volatile indices the chip has in all. */
unsigned tpm_store_count(struct keystore *s);

#endif
