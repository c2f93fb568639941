/* clock: a notion of now from two unreliable sources. Kiosks wake up in 1970, batteries of clocks
 * die, networks lie; retention, windows and budgets need time that only moves forward. So the wall
 * clock is advice and persisted floors are the law. There are two of them:
 *
 *   now   what windows, budgets and reports go by. It moves by the monotonic clock and follows the
 *         wall clock as far as that is supported: by uptime, by a pack that was signed shortly
 *         before, or by a small allowance for the hours without power. A wall clock further ahead
 *         makes a claim, which is believed once it has lasted for CLOCK_HOLD_S of uptime. One wrong
 *         reading closes no window.
 *   late  what consent and retention go by. It follows every plausible reading at once and never
 *         goes back: a term that may have ended has ended. Never before now.
 *
 * Whatever is measured is measured on one of the two alone, so that durations come out right also
 * when a floor is wrong. */
#ifndef SOTTO_CLOCK_H
#define SOTTO_CLOCK_H

#include "base/base.h"

/* Uptime for which a claim must last. */
#define CLOCK_HOLD_S (8 * 3600)
/* The allowance: at most a long weekend without power; each second of uptime gives back four. */
#define CLOCK_FREE_S    (4 * 86400)
#define CLOCK_FREE_GAIN 4
/* Before this no engine ran: 2025-01-01. A clock that was never set believes its first reading. */
#define CLOCK_EARLIEST_S INT64_C(1735689600)
/* Later readings are none. Leaves ten years of uptime before times of 32 bits end. */
#define CLOCK_LATEST_S ((int64_t)UINT32_MAX - 10 * 365 * 86400)

/* What must outlive a restart; all zero where nothing is known. */
struct clock_kept {
    int64_t now_s, late_s;
    int64_t claim_s; /* what the wall clock claims, 0: nothing */
    uint32_t held_s; /* for how much uptime */
    uint32_t used_s; /* of the allowance */
};

struct sotto_clock {
    const struct sotto_port *port;
    int64_t now_s;     /* seconds since 1970; never decreases */
    int64_t late_s;    /* never decreases, never before now_s */
    int64_t claim_s;   /* 0, or a time ahead of now that is not believed yet; moves with uptime */
    uint64_t held_ms;  /* uptime for which the claim has lasted */
    uint64_t free_ms;  /* of the allowance */
    uint64_t mono_ms;  /* last reading */
    uint64_t carry_ms; /* milliseconds not yet worth a second */
    /* When the packs in use were signed, and when they end (0: unknown). */
    int64_t signed_from_s, signed_until_s;
    int is_started; /* mono_ms is a reading */
    int is_blind;   /* the latest reading failed: nobody knows how much time has passed */
    int has_heard;  /* the wall clock, since the start */
};

/* Starts from what was kept. */
void clock_start(struct sotto_clock *clock, const struct sotto_port *port,
                 const struct clock_kept *kept);
/* Reads the port and moves on. A clock that cannot be read stands still. Returns now_s. */
int64_t clock_now(struct sotto_clock *clock);
/* The latest that it could be now: an unconfirmed claim, or else now. Unlike `late` it goes back
 * when a claim turns out to be wrong. For what may come back then, like an expired pack. */
int64_t clock_claimed(const struct sotto_clock *clock);
/* Moves both floors forward to those that were kept, where they are behind. */
void clock_raise(struct sotto_clock *clock, const struct clock_kept *kept);
struct clock_kept clock_keep(const struct sotto_clock *clock);

#endif
