/* schedule: what is decided before there is anything to tell. When a report may leave, which metric
 * a household is asked in a window and whether it answers anew: all from a key of the device and
 * the calendar, never from what people did. Pure. Called by release.c, outbox.c and household.c. */
#ifndef SOTTO_SCHEDULE_H
#define SOTTO_SCHEDULE_H

#include "crypto/crypto.h"
#include "pack/policy.h"

#define SCHEDULE_KEY_BYTES 32

/* When what is ready at `ready_s` may leave: every window of a metric has one moment for that, the
 * same number of seconds after its start for who knows the key and any for who does not; this is
 * the first one at or after `ready_s`. A report that waited for power leaves at such a moment too,
 * so that its time does not tell when the power came back. */
int64_t schedule_release_s(const uint8_t key[SCHEDULE_KEY_BYTES],
                           const struct policy_metric *metric, int64_t ready_s);

/* Index of the one household metric that is asked in `window`, each as often as the others. */
uint32_t schedule_metric(const uint8_t key[SCHEDULE_KEY_BYTES], const struct policy *policy,
                         uint32_t window);

/* Whether `window` is one in which a household answers anew: fresh_year of those that begin in a
 * year of 365 days, evenly spread, the same for all household metrics. */
int schedule_is_fresh(const uint8_t key[SCHEDULE_KEY_BYTES], const struct policy_metric *metric,
                      uint32_t window);

#endif
