/* household: what one household answers. Owns the records of class VAULT_MEMO (slot = profile, seq
 * = metric): the value of the window at hand, and the last answer. Promises that the value is kept
 * under the profile's own key, only while the metric is asked and will be answered anew; that one
 * value meets chance once; and that an answer which is sent again is the bytes that were sent
 * before. Called by tally.c and release.c.
 *
 * Slot 0, the device's own, holds what it answers for nobody: the mechanism's answer for the last
 * value (a mean's 0), which tells nothing about anyone. It is sent wherever no answer of a
 * household is there to be repeated, so that a report is as certain as the calendar. */
#ifndef SOTTO_HOUSEHOLD_H
#define SOTTO_HOUSEHOLD_H

#include "release/release.h"

/* What a window's report says, and the memo that has to be stored with it. */
struct household_answer {
    uint8_t bytes[MECHANISM_ANSWER_MAX];
    size_t n;
    int is_fresh;  /* answered anew; else what was answered before, or for nobody */
    int has_memo;  /* it is to be kept in `slot` */
    uint32_t slot; /* whose it is */
};

/* Considers an event: keeps its value with probability one in as many as there were. */
int household_touch(struct dp *dp, struct dp_visit *visit, uint32_t index,
                    uint32_t value) MUST_CHECK;

/* Adds a session's events to what is kept of the window at hand; see dp_visit_commit. */
int household_commit(struct dp *dp, const struct dp_visit *visit, int64_t now_s,
                     struct sotto_error *err) MUST_CHECK;

/* The answer for `window`; changes nothing. Fresh only if the calendar says so and `may_charge`. */
int household_decide(struct dp *dp, const struct policy_metric *metric, uint32_t window,
                     int may_charge, struct household_answer *answer,
                     struct sotto_error *err) MUST_CHECK;
/* Within the transaction that stores the report: keeps the answer, forgets the value. */
int household_settle(struct dp *dp, const struct policy_metric *metric, uint32_t window,
                     const struct household_answer *answer, struct sotto_error *err) MUST_CHECK;

/* What a report that was not made for want of randomness leaves behind: a status and a sentence. */
int entropy_failed(const struct policy_metric *metric, struct sotto_error *err);

/* Forgets every value and answer. */
int household_forget_all(struct vault *vault, struct sotto_error *err) MUST_CHECK;

#endif
