/* consent: what a person said, per purpose, and what it is worth now. Pure: a table of words and
 * dates, and one function that weighs them: child before signal before person before the policy's
 * default. The only way to a yes is a granted, current, informed one under a policy that allows it.
 */
#ifndef SOTTO_CONSENT_H
#define SOTTO_CONSENT_H

#include "pack/policy.h"
#include "sotto_people.h"

#define CONSENT_PURPOSES     SOTTO_PURPOSE_LAST /* enum sotto_purpose from 1 */
#define CONSENT_RECORD_BYTES (4 + CONSENT_PURPOSES * 16)

struct consent {
    struct {
        uint8_t state;           /* enum sotto_consent, never EXPIRED, which only time says */
        uint8_t channel;         /* enum sotto_said */
        uint32_t notice_version; /* of the notice the person had before them */
        int64_t at_s;            /* when it was said; of a pause, when the yes was */
    } word[CONSENT_PURPOSES];
    /* Of the session, never stored. */
    uint8_t years;   /* as the front end told; 0: it does not know */
    uint8_t signals; /* that came in: bits 1 << enum sotto_signal */
};

/* What can happen to a word. Those a person says have the number of the state they ask for. */
enum consent_event {
    CONSENT_NOTICE = 0, /* the banner was shown and not declined, under an opt-out policy */
    CONSENT_GRANT = SOTTO_CONSENT_GRANTED,
    CONSENT_DENY = SOTTO_CONSENT_DENIED,
    CONSENT_WITHDRAW = SOTTO_CONSENT_WITHDRAWN,
    CONSENT_RESUME = 4,
    CONSENT_OBJECT = SOTTO_CONSENT_OBJECTED,
    CONSENT_PAUSE = SOTTO_CONSENT_PAUSED,
    CONSENT_EVENTS = 7
};
#define CONSENT_STATES 7

/* What an event asks for besides the new state: bits. */
#define CONSENT_SAY   1u /* a word of now, to be kept and receipted */
#define CONSENT_MARK  2u /* the same, but the date and the notice of the yes stay */
#define CONSENT_PURGE 4u /* what was kept for the purpose alone goes */

struct consent_move {
    uint8_t state, action;
};
/* The table. */
struct consent_move consent_next(enum sotto_consent state, enum consent_event event) MUST_CHECK;

int consent_is_purpose(int purpose) MUST_CHECK;
int consent_is_no(enum sotto_consent state) MUST_CHECK;
/* Lets `event` happen at `now_s`; returns its action, 0 where nothing changes. */
unsigned consent_apply(struct consent *consent, enum sotto_purpose purpose,
                       enum consent_event event, enum sotto_said channel,
                       const struct policy *policy, int64_t now_s);
/* Puts the words of `later` that were said at all in place of older ones; how many there were. */
int consent_merge(struct consent *consent, const struct consent *later);
/* Forgets every word but a no. */
void consent_keep_no(struct consent *consent);
/* What it means now. GRANTED only if granted, not older than the policy's term, given on the
 * current notice, and allowed by the policy, the person's age and every signal; EXPIRED where time
 * or a new notice took it back. */
enum sotto_consent consent_now(const struct consent *consent, enum sotto_purpose purpose,
                               const struct policy *policy, int64_t now_s) MUST_CHECK;
static inline int consent_is_given(const struct consent *consent, enum sotto_purpose purpose,
                                   const struct policy *policy, int64_t now_s) {
    return consent_now(consent, purpose, policy, now_s) == SOTTO_CONSENT_GRANTED;
}
/* Whether what happens now may be remembered for `purpose`, should it be a yes: not of the young,
 * not against a signal, the policy or a no, not while a yes rests, however long ago it was said. */
int consent_may_keep(const struct consent *consent, enum sotto_purpose purpose,
                     const struct policy *policy) MUST_CHECK;
/* Whether anybody may be asked now: not children, not against a signal, not again too soon. */
int consent_may_ask(const struct consent *consent, enum sotto_purpose purpose,
                    const struct policy *policy, int64_t now_s) MUST_CHECK;
/* Whether a banner that is shown and not declined would make it a yes: never one that rests. */
int consent_waits_for_notice(const struct consent *consent, enum sotto_purpose purpose,
                             const struct policy *policy, int64_t now_s) MUST_CHECK;
/* What is above the person's own word: DENIED by age or policy, OBJECTED by a signal; UNKNOWN where
 * nothing is. */
enum sotto_consent consent_above(const struct consent *consent, enum sotto_purpose purpose,
                                 const struct policy *policy) MUST_CHECK;
/* The band of age that counts, and the purposes that signals object to (bits 1 << purpose). */
enum policy_age consent_age(const struct consent *consent, const struct policy *policy) MUST_CHECK;
uint32_t consent_objected(const struct consent *consent, const struct policy *policy) MUST_CHECK;

void consent_encode(const struct consent *consent, uint8_t bytes[CONSENT_RECORD_BYTES]);
/* Anything unreadable leaves every word unknown and returns -1. Age and signals stay. */
int consent_decode(struct consent *consent, const uint8_t *bytes, size_t n) MUST_CHECK;

#endif
