/* clock: monotone time from two unreliable sources. */
#include "base/clock.h"

void clock_start(struct sotto_clock *clock, const struct sotto_port *port, int64_t floor_s) {
    memset(clock, 0, sizeof *clock);
    clock->port = port;
    clock->now_s = floor_s > 0 ? floor_s : 0;
}

int64_t clock_now(struct sotto_clock *clock) {
    uint64_t mono = clock->mono_ms;
    int64_t wall = 0;
    if (clock->port->clock_mono_ms(clock->port->ctx, &mono) == 0) {
        if (clock->is_started && mono > clock->mono_ms) {
            clock->carry_ms += mono - clock->mono_ms;
            clock->now_s += (int64_t)(clock->carry_ms / 1000);
            clock->carry_ms %= 1000;
        }
        clock->mono_ms = mono;
        clock->is_started = 1;
    }
    if (clock->port->clock_wall_s(clock->port->ctx, &wall) == 0 && wall > clock->now_s) {
        clock->now_s = wall;
        clock->carry_ms = 0;
    }
    return clock->now_s;
}

void clock_raise(struct sotto_clock *clock, int64_t floor_s) {
    if (floor_s > clock->now_s) clock->now_s = floor_s;
}
