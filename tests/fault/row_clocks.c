/* row_clocks: clocks that jump, stand still, wrap and fail. In sequences of jumps, acts and starts
 * the engine's own time never goes back, no window is reported twice, the ledger is what the
 * reports cost, and who took a yes back is not asked again by time. */
#include "tests/fault/row.h"

#include <stdio.h>
#include <string.h>

#include "sotto_report.h"
#include "tests/support/dice.h"

#define SEQUENCES 2000u
#define STEPS     24u
#define DAY_S     86400

struct witness {
    int64_t floor_s;
    uint64_t reports;
    int has_withdrawn;
};

static void jump(struct device *d, struct dice *dice) {
    static const int64_t walls[] = {0,
                                    1,
                                    -1,
                                    INT32_MAX,
                                    (int64_t)INT32_MAX + 1,
                                    UINT32_MAX,
                                    DEVICE_START_S,
                                    DEVICE_START_S + 10LL * 365 * DAY_S};
    d->clock_fails = 0;
    switch (dice_below(dice, 8)) {
    case 0: d->wall_s = walls[dice_below(dice, sizeof walls / sizeof *walls)]; break;
    case 1: d->wall_s -= DAY_S; break;
    case 2: d->wall_s += DAY_S; break;
    case 3: d->wall_s += 3600; break; /* summer begins */
    case 4: d->wall_s -= 3600; break;
    case 5: d->clock_fails = 1; break;
    case 6: d->mono_ms += 3600 * 1000; break; /* the wall clock stands */
    default: device_advance(d, dice_below(dice, 40) * 3600000u); break;
    }
}

/* All reports, also those that may not leave yet: in their order, each window once, as many as were
 * paid for. */
static void reports_check(struct world *w, struct witness *seen, struct verdict *v) {
    struct sotto_metric_info info = {.size = sizeof info};
    struct sotto_report r;
    uint8_t bytes[SOTTO_REPORT_MAX], key[32];
    uint64_t cursor = 0, n = 0, last_window = 0;
    int64_t release_s;
    size_t length;
    if (sotto_device_key(w->engine, key) != SOTTO_OK) return;
    while (sotto_report_preview(w->engine, &cursor, &release_s, bytes, sizeof bytes, &length) ==
           SOTTO_OK) {
        if (sotto_report_decode(bytes, length, key, &r, NULL) != SOTTO_OK)
            verdict_bad(v, "a report cannot be read");
        if (last_window && r.window <= last_window)
            verdict_bad(v, "window %llu is reported again", (unsigned long long)r.window);
        if (r.sequence <= n) verdict_bad(v, "number %llu is used again", (unsigned long long)n);
        last_window = r.window;
        n = r.sequence; /* so many were made; those of long ago may have been let go */
    }
    if (n < seen->reports) verdict_bad(v, "reports are gone");
    seen->reports = n;
    if (sotto_metric(w->engine, 0, &info) == SOTTO_OK && info.spent_micro != n * DEVICE_EPS_MICRO)
        verdict_bad(v, "%llu reports cost %llu", (unsigned long long)n,
                    (unsigned long long)info.spent_micro);
}

static void check(struct world *w, struct witness *seen, struct verdict *v) {
    struct sotto_health health = {.size = sizeof health};
    if (!w->engine) return;
    if (sotto_health(w->engine, &health) != SOTTO_OK || health.storage != SOTTO_STORAGE_OK) {
        verdict_bad(v, "storage is gone: %s", health.storage_message);
        return;
    }
    if (health.time_floor_s < seen->floor_s)
        verdict_bad(v, "time went back by %lld s",
                    (long long)(seen->floor_s - health.time_floor_s));
    seen->floor_s = health.time_floor_s;
    reports_check(w, seen, v);
    enum sotto_consent word = SOTTO_CONSENT_UNKNOWN;
    act_begin(w, ANNA);
    if (sotto_consent_get(w->engine, w->session[ANNA], SOTTO_PURPOSE_PERSONALISE, &word) ==
            SOTTO_OK &&
        seen->has_withdrawn && word == SOTTO_CONSENT_GRANTED)
        verdict_bad(v, "time gave back a yes");
    act_end(w, ANNA);
}

static void sequence(struct row *row, uint64_t number) {
    struct world w;
    struct witness seen = {0, 0, 0};
    struct verdict v = {0, ""};
    struct dice d = {row->seed * 1000003 + number};
    scenario_prepare(1, &w, (int)(number & 1));
    act_open(&w);
    for (unsigned i = 0; i < STEPS && !v.is_bad; i++) {
        jump(&w.device, &d);
        switch (dice_below(&d, 6)) {
        case 0: act_tick(&w); break;
        case 1: act_visit(&w, BOB, 2); break;
        case 2:
            act_close(&w);
            act_open(&w);
            break;
        case 3:
            act_begin(&w, ANNA);
            act_say(&w, ANNA, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN);
            act_end(&w, ANNA);
            seen.has_withdrawn = 1;
            break;
        case 4: act_seal(&w); break;
        default: act_slate(&w); break;
        }
        if (w.problem[0]) verdict_bad(&v, "%s", w.problem);
        check(&w, &seen, &v);
    }
    act_close(&w);
    row_judge(row, &v, "clock sequence %llu", (unsigned long long)number);
}

void row_clocks(struct row *row) {
    for (uint64_t i = 0, n = row_scaled(row, SEQUENCES); i < n; i++)
        if (row_next(row)) sequence(row, i);
}
