/* clock: see clock.h. */
#include "base/clock.h"

#define HOLD_MS (UINT64_C(1000) * CLOCK_HOLD_S)
#define FREE_MS (UINT64_C(1000) * CLOCK_FREE_S)
#define STEP_MAX_MS                                                                                \
    (UINT64_C(31) * 86400 * 1000) /* no reading of a monotonic clock is worth more */
#define DRIFT_S 3600 /* by which a claim may differ from what it was, and be the same */

static void drop_claim(struct sotto_clock *clock) {
    clock->claim_s = 0;
    clock->held_ms = 0;
}

static void move_to(struct sotto_clock *clock, int64_t now_s) {
    clock->now_s = now_s;
    clock->carry_ms = 0;
    drop_claim(clock);
    if (clock->late_s < now_s) clock->late_s = now_s;
}

void clock_start(struct sotto_clock *clock, const struct sotto_port *port,
                 const struct clock_kept *kept) {
    memset(clock, 0, sizeof *clock);
    clock->port = port;
    clock->free_ms = kept->used_s < CLOCK_FREE_S ? FREE_MS - UINT64_C(1000) * kept->used_s : 0;
    clock->claim_s = kept->claim_s;
    clock->held_ms = UINT64_C(1000) * kept->held_s;
    clock_raise(clock, kept);
}

void clock_raise(struct sotto_clock *clock, const struct clock_kept *kept) {
    if (kept->now_s > clock->now_s) clock->now_s = kept->now_s;
    if (kept->late_s > clock->late_s) clock->late_s = kept->late_s;
    if (clock->now_s > clock->late_s) clock->late_s = clock->now_s;
}

struct clock_kept clock_keep(const struct sotto_clock *clock) {
    return (struct clock_kept){.now_s = clock->now_s,
                               .late_s = clock->late_s,
                               .claim_s = clock->claim_s,
                               .held_s = (uint32_t)(clock->held_ms / 1000),
                               .used_s = (uint32_t)((FREE_MS - clock->free_ms) / 1000)};
}

int64_t clock_claimed(const struct sotto_clock *clock) {
    return clock->claim_s > clock->now_s ? clock->claim_s : clock->now_s;
}

/* Milliseconds of uptime since the last reading. */
static uint64_t uptime(struct sotto_clock *clock) {
    uint64_t mono = clock->mono_ms, passed = 0;
    clock->is_blind = clock->port->clock_mono_ms(clock->port->ctx, &mono) != 0;
    if (clock->is_blind) return 0;
    if (clock->is_started && mono > clock->mono_ms) passed = mono - clock->mono_ms;
    clock->mono_ms = mono;
    clock->is_started = 1;
    return passed < STEP_MAX_MS ? passed : STEP_MAX_MS;
}

static void pass(struct sotto_clock *clock, uint64_t ms) {
    clock->carry_ms += ms;
    int64_t s = (int64_t)(clock->carry_ms / 1000);
    clock->carry_ms %= 1000;
    clock->now_s += s;
    clock->late_s += s;
    if (clock->claim_s) {
        clock->claim_s += s;
        clock->held_ms += ms;
    }
    /* Overflow: at most 31 days, four times. */
    clock->free_ms += CLOCK_FREE_GAIN * ms;
    if (clock->free_ms > FREE_MS) clock->free_ms = FREE_MS;
}

/* How far a reading is ahead of all that supports it: uptime, and the word of whoever signed a pack
 * that it was made then. */
static uint64_t lead_ms(const struct sotto_clock *clock, int64_t wall) {
    int64_t from = clock->now_s;
    if (clock->signed_from_s > from && clock->signed_from_s <= wall) from = clock->signed_from_s;
    return UINT64_C(1000) * (uint64_t)(wall - from);
}

/* A reading far ahead: the same claim as before, or another one, which begins anew. After a restart
 * nobody knows how long the device was off. */
static void hold(struct sotto_clock *clock, int64_t wall, int is_first) {
    int64_t differs = wall - clock->claim_s;
    int is_same =
        clock->claim_s && differs >= (is_first ? 0 : -DRIFT_S) && (is_first || differs <= DRIFT_S);
    if (!is_same) clock->held_ms = 0;
    if (!is_same || is_first) clock->claim_s = wall;
    if (clock->held_ms >= HOLD_MS) move_to(clock, wall);
}

static void hear(struct sotto_clock *clock, int64_t wall, int is_first) {
    if (wall <= 0 || wall > CLOCK_LATEST_S) return;
    if (wall > clock->late_s) clock->late_s = wall;
    if (wall <= clock->now_s) {
        drop_claim(clock);
        return;
    }
    int is_unset = clock->now_s < CLOCK_EARLIEST_S;
    uint64_t lead = lead_ms(clock, wall);
    if (is_unset && (clock->signed_until_s == 0 || wall <= clock->signed_until_s)) {
        move_to(clock, wall);
    } else if (lead <= clock->free_ms) {
        clock->free_ms -= lead;
        move_to(clock, wall);
    } else {
        hold(clock, wall, is_first);
    }
}

int64_t clock_now(struct sotto_clock *clock) {
    int64_t wall = 0;
    pass(clock, uptime(clock));
    if (clock->port->clock_wall_s(clock->port->ctx, &wall) != 0) return clock->now_s;
    hear(clock, wall, !clock->has_heard);
    clock->has_heard = 1;
    return clock->now_s;
}
