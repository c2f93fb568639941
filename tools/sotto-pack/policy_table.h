/* policy_table: one row for every number of a policy: where it stands in the INI and how it is
 * written there. Bounds are the device's own (policy_numbers of pack/policy.h). Called by
 * policy_build, and by tests that hold the README to it. */
#ifndef SOTTO_PACK_POLICY_TABLE_H
#define SOTTO_PACK_POLICY_TABLE_H

#include "pack/policy.h"

enum policy_form {
    FORM_CHOICE,  /* one of `words`, by its number; the upper bound tells how many are allowed */
    FORM_COUNT,   /* a whole number */
    FORM_MICRO,   /* a decimal number, in millionths */
    FORM_SECONDS, /* a time, in seconds */
    FORM_MS,      /* a time, in milliseconds */
    FORM_SET      /* words with spaces between, or "none": bits 1 << (number of the word + 1) */
};

struct policy_row {
    const char *section, *key, *example;
    enum policy_form form;
    const char *const *words; /* NULL at the end */
    uint8_t may_lack;         /* 1: 0 when it is not written */
};

/* By key, like policy_numbers. */
extern const struct policy_row policy_rows[POLICY_NUMBERS];

#endif
