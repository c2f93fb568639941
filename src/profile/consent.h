/* consent: what a person said, per purpose, and what it is worth now. Pure: a table of words and
 * dates; the only way to a yes is a granted, current, informed one under a policy that allows it.
 */
#ifndef SOTTO_CONSENT_H
#define SOTTO_CONSENT_H

#include "pack/policy.h"

#define CONSENT_PURPOSES     SOTTO_PURPOSE_LAST /* enum sotto_purpose from 1 */
#define CONSENT_RECORD_BYTES (4 + CONSENT_PURPOSES * 16)

struct consent {
    struct {
        enum sotto_consent state;
        uint32_t notice_version; /* of the notice the person had before them */
        int64_t at_s;            /* when it was said, seconds since 1970 */
    } word[CONSENT_PURPOSES];
};

int consent_is_purpose(int purpose) MUST_CHECK;
/* Records a word; `state` is GRANTED, DENIED or WITHDRAWN. */
void consent_say(struct consent *consent, enum sotto_purpose purpose, enum sotto_consent state,
                 const struct policy *policy, int64_t now_s);
/* Puts the words of `later` that were said at all in place of older ones; how many there were. */
int consent_merge(struct consent *consent, const struct consent *later);
/* Forgets every word but a no. */
void consent_keep_no(struct consent *consent);
/* What it means now. GRANTED only if granted, not older than the policy's term, given on the
 * current notice, and allowed by the policy at all; EXPIRED where time or a new notice took it
 * back. */
enum sotto_consent consent_now(const struct consent *consent, enum sotto_purpose purpose,
                               const struct policy *policy, int64_t now_s) MUST_CHECK;
static inline int consent_is_given(const struct consent *consent, enum sotto_purpose purpose,
                                   const struct policy *policy, int64_t now_s) {
    return consent_now(consent, purpose, policy, now_s) == SOTTO_CONSENT_GRANTED;
}

void consent_encode(const struct consent *consent, uint8_t bytes[CONSENT_RECORD_BYTES]);
/* Anything unreadable leaves every word unknown and returns -1. */
int consent_decode(struct consent *consent, const uint8_t *bytes, size_t n) MUST_CHECK;

#endif
