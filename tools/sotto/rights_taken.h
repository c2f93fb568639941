/* rights_taken: what a person takes away with `sotto rights`: the file of an export, and the signed
 * receipts that the device keeps. Called by rights_main.c. */
#ifndef SOTTO_RIGHTS_TAKEN_H
#define SOTTO_RIGHTS_TAKEN_H

#include "sotto_people.h"
#include "sotto_receipt.h"
#include "tools/sotto/daemon.h"

#define TAKEN_MAX (SOTTO_RECEIPTS_KEPT + SOTTO_CONSENT_RECEIPTS_KEPT)

struct taken {
    size_t n;
    struct taken_receipt {
        int is_erasure; /* of whatever was erased on this device; else of this person's words */
        uint64_t number;
        size_t n;
        uint8_t bytes[SOTTO_CONSENT_RECEIPT_BYTES];
    } receipts[TAKEN_MAX];
};

/* Of a session here, or of sottod. */
int taken_here(struct taken *t, struct sotto *engine, sotto_session session) SOTTO_MUST_CHECK;
int taken_asked(struct taken *t, struct daemon *d, const char *profile,
                struct sotto_error *err) SOTTO_MUST_CHECK;
/* A line for each; with `prefix` also a file, PREFIX.consent.NUMBER or PREFIX.erasure.NUMBER. */
int taken_put(const struct taken *t, const char *prefix, struct sotto_error *err) SOTTO_MUST_CHECK;
/* A file that only its owner may read; NULL: standard output. */
int taken_write(const char *path, const void *bytes, size_t n,
                struct sotto_error *err) SOTTO_MUST_CHECK;

#endif
