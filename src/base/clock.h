/* clock: a notion of now that never goes back. Kiosks wake up in 1970; retention, windows and
 * budgets need time that only moves forward, so wall time is advice and a persisted floor is the
 * law. */
#ifndef SOTTO_CLOCK_H
#define SOTTO_CLOCK_H

#include "base/base.h"

struct sotto_clock {
    const struct sotto_port *port;
    int64_t now_s;     /* seconds since 1970; never decreases */
    uint64_t mono_ms;  /* last reading */
    uint64_t carry_ms; /* milliseconds not yet worth a second */
    int is_started;
};

/* Starts from a persisted floor (0 if none). */
void clock_start(struct sotto_clock *clock, const struct sotto_port *port, int64_t floor_s);
/* Reads the port and moves on: to the wall clock where it is ahead, else by the monotonic time that
 * passed. A clock that cannot be read stands still. Returns now in seconds since 1970. */
int64_t clock_now(struct sotto_clock *clock);
/* Moves now forward to `floor_s` if it is behind. */
void clock_raise(struct sotto_clock *clock, int64_t floor_s);

#endif
