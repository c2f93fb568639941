/* pace: see pace.h. */
#include "tools/sotto-upload/pace.h"

/* The bias of a remainder is below 2^-32 for spans of at most 2^32 seconds. */
static uint64_t up_to(uint64_t span_s, uint64_t random) { return random % (span_s + 1); }

uint64_t pace_wait_s(const struct pace *p, uint64_t random) {
    uint64_t wait = p->retry_min_s;
    if (p->failures == 0) return up_to(p->period_s, random);
    for (unsigned i = 1; i < p->failures && wait < p->retry_max_s; i++) wait *= 2;
    if (wait > p->retry_max_s) wait = p->retry_max_s;
    return wait - wait / 2 + up_to(wait / 2, random);
}
