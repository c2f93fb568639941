/* pace: when to send next. Pure: a random number in, seconds out. */
#ifndef SOTTO_UPLOAD_PACE_H
#define SOTTO_UPLOAD_PACE_H

#include <stdint.h>

struct pace {
    uint64_t period_s;                 /* between two looks at the outbox */
    uint64_t retry_min_s, retry_max_s; /* after a failure, doubling */
    unsigned failures;                 /* in a row */
};

/* Seconds until the next attempt; `random` is uniform. After a success, and at the start, anything
 * from 0 to the period, all alike: when this device reports tells nothing, and not all do at once.
 * After the n-th failure in a row from half of retry_min · 2^(n-1), at most retry_max, to all of
 * it.
 */
uint64_t pace_wait_s(const struct pace *p, uint64_t random);

#endif
