/* Clocks that lie: what counts as time, and what an engine does on 2,000 sequences of clocks that
 * jump, stand, wrap, fail and wake up in 1970. */
#include "tests/support/test.h"

#include "engine.h"
#include "platform/sim/fault_vfs.h"
#include "sotto_report.h"
#include "tests/support/dice.h"
#include "tests/support/kiosk.h"

#define DAY_S  86400
#define HOUR_S 3600
#define START  INT64_C(1767225600) /* 2026-01-01 */

/* ---- The clock alone ---------------------------------------------------------------------- */

struct hands {
    uint64_t mono_ms;
    int64_t wall_s;
    struct sotto_port port;
    struct sotto_clock clock;
};

static int read_mono(void *ctx, uint64_t *ms) {
    *ms = ((struct hands *)ctx)->mono_ms;
    return 0;
}

static int read_wall(void *ctx, int64_t *s) {
    *s = ((struct hands *)ctx)->wall_s;
    return 0;
}

static void hands_start(struct hands *h, int64_t wall_s, const struct clock_kept *kept) {
    *h = (struct hands){.mono_ms = 77, .wall_s = wall_s};
    h->port = (struct sotto_port){.ctx = h, .clock_mono_ms = read_mono, .clock_wall_s = read_wall};
    clock_start(&h->clock, &h->port, kept);
    clock_now(&h->clock);
}

/* Both hands move; one reading a minute. */
static void hands_run(struct hands *h, int64_t s) {
    for (; s > 0; s -= 60) {
        h->mono_ms += 1000 * (uint64_t)(s < 60 ? s : 60);
        h->wall_s += s < 60 ? s : 60;
        clock_now(&h->clock);
    }
}

static const struct clock_kept known = {.now_s = START, .late_s = START};

static void one_wrong_reading_moves_no_window_and_ends_no_pack(void **state) {
    (void)state;
    struct hands h;
    hands_start(&h, START, &known);
    h.wall_s = START + 400 * DAY_S;
    h.mono_ms += 1000;

    assert_int_equal(clock_now(&h.clock), START + 1);

    assert_int_equal(h.clock.late_s, START + 400 * DAY_S); /* a term may have ended */
    assert_int_equal(clock_claimed(&h.clock), START + 400 * DAY_S);
    h.wall_s = START + 1;
    assert_int_equal(clock_now(&h.clock), START + 1);
    assert_int_equal(clock_claimed(&h.clock), START + 1);
    assert_int_equal(h.clock.late_s, START + 400 * DAY_S); /* and has ended */
    hands_run(&h, 100);
    assert_int_equal(h.clock.late_s, START + 400 * DAY_S + 100); /* durations stay right */
}

static void a_jump_is_believed_once_it_has_lasted(void **state) {
    (void)state;
    struct hands h;
    hands_start(&h, START, &known);
    h.wall_s += 400 * DAY_S;

    hands_run(&h, CLOCK_HOLD_S - 60);
    assert_true(h.clock.now_s < START + DAY_S);
    hands_run(&h, 120);

    assert_int_equal(h.clock.now_s, h.wall_s);
    assert_int_equal(clock_claimed(&h.clock), h.wall_s);
}

static void a_jump_lasts_through_restarts_and_the_hours_between(void **state) {
    (void)state;
    struct hands h;
    struct clock_kept kept = known;
    int64_t wall_s = START + 400 * DAY_S;
    for (int boot = 0; boot < 8; boot++) {
        hands_start(&h, wall_s, &kept);
        assert_true(h.clock.now_s < START + 10 * DAY_S);
        hands_run(&h, CLOCK_HOLD_S / 8 + 60);
        kept = clock_keep(&h.clock);
        wall_s = h.wall_s + 7 * HOUR_S;
    }
    assert_true(h.clock.now_s >= START + 400 * DAY_S);
}

static void claims_that_differ_do_not_add_up(void **state) {
    (void)state;
    struct hands h;
    hands_start(&h, START, &known);
    for (int i = 0; i < 100; i++) {
        h.wall_s = h.clock.now_s + (100 + 3 * i) * DAY_S;
        hands_run(&h, HOUR_S);
    }
    assert_true(h.clock.now_s <= START + 101 * HOUR_S);
}

static void nights_and_weekends_without_power_need_no_waiting(void **state) {
    (void)state;
    struct hands h;
    struct clock_kept kept = known;
    int64_t wall_s = START;
    for (int day = 0; day < 60; day++) { /* open for ten hours on five days of seven */
        hands_start(&h, wall_s, &kept);
        assert_int_equal(h.clock.now_s, wall_s);
        hands_run(&h, 10 * HOUR_S);
        kept = clock_keep(&h.clock);
        wall_s = h.wall_s + 14 * HOUR_S + (day % 5 == 4 ? 2 * DAY_S : 0);
    }
}

/* Many jumps, each within the allowance, by whoever sets the clock. */
static void an_allowance_that_is_used_up_comes_back_with_uptime_only(void **state) {
    (void)state;
    struct hands h;
    struct clock_kept kept = known;
    for (int i = 0; i < 50; i++) {
        hands_start(&h, kept.now_s + 3 * DAY_S, &kept);
        kept = clock_keep(&h.clock);
    }
    assert_true(kept.now_s <= START + CLOCK_FREE_S);
}

static void a_pack_signed_since_supports_a_jump(void **state) {
    (void)state;
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        struct hands h;
        hands_start(&h, START, &known);
        if (is_signed) h.clock.signed_from_s = START + 99 * DAY_S;
        h.wall_s += 100 * DAY_S;
        clock_now(&h.clock);
        assert_int_equal(h.clock.now_s, is_signed ? h.wall_s : START);
    }
}

static void a_clock_that_was_never_set_believes_its_first_reading(void **state) {
    (void)state;
    static const struct clock_kept nothing;
    struct hands h;
    hands_start(&h, 100, &nothing); /* 1970 */
    assert_int_equal(h.clock.now_s, 100);
    h.wall_s = START;
    assert_int_equal(clock_now(&h.clock), START);
    hands_start(&h, 100, &nothing);
    h.clock.signed_until_s = START; /* but not one past the end of its packs */
    h.wall_s = START + 70 * 365 * (int64_t)DAY_S;
    assert_int_equal(clock_now(&h.clock), 100);
    h.wall_s = START - 1;
    assert_int_equal(clock_now(&h.clock), START - 1);
}

static void readings_that_cannot_be_are_none(void **state) {
    (void)state;
    static const int64_t walls[] = {-1, 0, INT64_MIN, INT64_MAX, UINT32_MAX, CLOCK_LATEST_S + 1};
    struct hands h;
    hands_start(&h, START, &known);
    for (size_t i = 0; i < ARRAY_LEN(walls); i++) {
        h.wall_s = walls[i];
        assert_int_equal(clock_now(&h.clock), START);
        assert_int_equal(h.clock.late_s, START);
    }
    h.mono_ms = UINT64_MAX; /* one reading is worth 31 days at most */
    assert_true(clock_now(&h.clock) <= START + 31 * DAY_S);
    h.mono_ms = 5; /* as does a counter of 32 bits that wraps */
    int64_t now = clock_now(&h.clock);
    h.mono_ms = 5005;
    assert_int_equal(clock_now(&h.clock), now + 5);
}

/* ---- An engine on clocks that lie --------------------------------------------------------- */

#define SEQUENCES (test_is_slow() ? 300 : 2000)
#define STEPS     6

struct world {
    struct kiosk k;
    char path[96];
    struct fault_vfs disk;
    struct dice dice;
    uint8_t key[32];
    int64_t now_s, late_s;             /* the highest that health told */
    uint64_t spent, cursor;            /* of the ledger and the outbox */
    uint32_t windows[2048], n_windows; /* that were reported */
    int is_ended;                      /* anna's consent was seen to have ended */
    uint64_t jumps, restarts, reports, endings;
};

/* What the port's clocks do next. */
static void move_clocks(struct world *w) {
    struct sim_device *d = &w->k.device;
    struct dice *dice = &w->dice;
    d->clock_fails = 0;
    w->jumps++;
    switch (dice_below(dice, 11)) {
    case 0: d->wall_s = (int64_t)dice_below(dice, 1000); break;                /* 1970 */
    case 1: d->wall_s += (int64_t)(dice_below(dice, 20 * 365) * DAY_S); break; /* years on */
    case 2: d->wall_s -= (int64_t)(dice_below(dice, 3 * 365) * DAY_S); break;  /* and back */
    case 3: d->mono_ms += dice_below(dice, 40 * DAY_S) * 1000; break;          /* it froze */
    case 4: d->wall_s += (int64_t)dice_below(dice, 9 * DAY_S); break;          /* mono did */
    case 5: d->mono_ms = dice_below(dice, 100000); break;                      /* a wrap */
    case 6: d->clock_fails = 1; break;
    case 7: d->wall_s = INT64_C(4294967296) + (int64_t)dice_below(dice, 1000); break; /* 2106 */
    case 8: d->wall_s = START + (int64_t)dice_below(dice, 500) * DAY_S; break;
    case 9: d->wall_s = w->late_s + (int64_t)dice_below(dice, 3) * HOUR_S; break;
    default: break;
    }
    uint64_t ms = dice_below(dice, 3 * DAY_S) * 1000; /* then both run, one of them drifting */
    d->mono_ms += dice_below(dice, 4) ? ms : ms / 2;
    d->wall_s += (int64_t)(ms / 1000);
}

static struct sotto_health health_of(struct world *w) {
    struct sotto_health health = {.size = sizeof health};
    assert_int_equal(sotto_health(w->k.engine, &health), SOTTO_OK);
    return health;
}

static void check_reports(struct world *w) {
    uint8_t bytes[SOTTO_REPORT_MAX];
    struct sotto_report r;
    struct sotto_error err;
    int64_t release_s;
    size_t n;
    /* All that is sealed, whether or not its moment to leave has come. */
    while (sotto_report_preview(w->k.engine, &w->cursor, &release_s, bytes, sizeof bytes, &n) ==
           SOTTO_OK) {
        assert_int_equal(sotto_report_decode(bytes, n, w->key, &r, &err), SOTTO_OK);
        for (uint32_t i = 0; i < w->n_windows; i++) assert_true(w->windows[i] < r.window);
        assert_true(w->n_windows < ARRAY_LEN(w->windows));
        w->windows[w->n_windows++] = (uint32_t)r.window;
        w->reports++;
    }
}

/* Everything that must only ever move one way. */
static void check_world(struct world *w) {
    struct sotto_health health = health_of(w);
    struct sotto_metric_info info = {.size = sizeof info};
    assert_int_equal(health.storage, SOTTO_STORAGE_OK);
    assert_true(health.time_floor_s >= w->now_s);
    assert_true(health.time_late_s >= w->late_s && health.time_late_s >= health.time_floor_s);
    w->now_s = health.time_floor_s;
    w->late_s = health.time_late_s;
    if (sotto_metric(w->k.engine, 0, &info) == SOTTO_OK) {
        assert_true(info.spent_micro >= w->spent);
        w->spent = info.spent_micro;
    }
    check_reports(w);
}

/* anna comes by: somebody always gets a slate, and consent that has ended stays ended. */
static void visit(struct world *w) {
    struct sotto_item items[4];
    enum sotto_consent store, personalise;
    sotto_session s;
    assert_int_equal(sotto_session_begin(w->k.engine, "anna", &s), SOTTO_OK);
    assert_int_equal(sotto_consent_get(w->k.engine, s, SOTTO_PURPOSE_STORE, &store), SOTTO_OK);
    assert_int_equal(sotto_consent_get(w->k.engine, s, SOTTO_PURPOSE_PERSONALISE, &personalise), 0);
    if (w->is_ended) {
        assert_int_not_equal(store, SOTTO_CONSENT_GRANTED);
        assert_int_not_equal(personalise, SOTTO_CONSENT_GRANTED);
    }
    /* Seen to have run out, or the sweep has seen it before us. */
    uint32_t slot;
    if (store == SOTTO_CONSENT_EXPIRED ||
        vault_profile_find(w->k.engine->vault, "anna", &slot) == SOTTO_E_NOT_FOUND) {
        w->endings += !w->is_ended;
        w->is_ended = 1;
    }
    kiosk_record(&w->k, s, (unsigned)dice_below(&w->dice, 60), SOTTO_EVENT_VIEW);
    struct sotto_slate_view view = kiosk_slate(&w->k, s, items, 4, NULL);
    assert_int_equal(view.count, 4);
    if (w->is_ended) assert_false(view.personalised);
    (void)sotto_session_end(w->k.engine, s);
}

/* Keys and file stay; the monotonic clock may begin anew. */
static void restart(struct world *w) {
    w->restarts++;
    sotto_close(w->k.engine);
    w->k.engine = NULL;
    if (dice_below(&w->dice, 2)) w->k.device.mono_ms = 1000;
    kiosk_open(&w->k);
}

static void forget_device(struct world *w) {
    char log[112];
    snprintf(log, sizeof log, "%s-wal", w->path);
    (void)remove(w->path);
    (void)remove(log);
    memset(w->k.device.slot, 0, sizeof w->k.device.slot);
    w->k.device.wall_s = START;
    w->k.device.clock_fails = 0;
    w->now_s = w->late_s = 0;
    w->spent = w->cursor = 0;
    w->n_windows = 0;
    w->is_ended = 0;
}

static void sequence(struct world *w) {
    forget_device(w);
    kiosk_open(&w->k);
    assert_int_equal(sotto_device_key(w->k.engine, w->key), SOTTO_OK);
    sotto_session s = kiosk_session(&w->k, "anna",
                                    1u << SOTTO_PURPOSE_STORE | 1u << SOTTO_PURPOSE_PERSONALISE |
                                        1u << SOTTO_PURPOSE_MEASURE);
    kiosk_record(&w->k, s, 1, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_session_end(w->k.engine, s), SOTTO_OK);
    for (int step = 0; step < STEPS; step++) {
        uint32_t before = w->n_windows;
        move_clocks(w);
        if (dice_below(&w->dice, 5) == 0) restart(w);
        int status = sotto_tick(w->k.engine);
        if (status != SOTTO_OK) fail_msg("%s", sotto_last_error(w->k.engine));
        check_world(w);
        assert_true(w->n_windows - before <= DP_CATCH_UP_MAX);
        visit(w);
    }
    sotto_close(w->k.engine);
    w->k.engine = NULL;
}

static void whatever_the_clocks_do_nothing_goes_back_is_told_twice_or_revived(void **state) {
    (void)state;
    static struct world w;
    const char *asked = getenv("SOTTO_SEED");
    uint64_t seed = asked ? strtoull(asked, NULL, 10) : 20260101;
    print_message("seed %llu (SOTTO_SEED)\n", (unsigned long long)seed);
    w.dice.state = seed;
    kiosk_make(
        &w.k, 60,
        &(struct make_policy){.consent_ttl_s = 60 * DAY_S, .not_after_s = START + 700 * DAY_S}, 1);
    assert_int_equal(fault_vfs_register(&w.disk, "clocks"), 0);
    w.disk.loss = FAULT_LOSS_ALL; /* nothing is cut: it only spares the real syncs */
    snprintf(w.path, sizeof w.path, "%s/vault.db", w.k.dir);
    w.k.device.port.vault_path = w.path; /* its keys lie in memory, to be quick */
    w.k.device.port.vault_vfs = w.disk.name;

    for (int i = 0; i < SEQUENCES; i++) sequence(&w);

    print_message(
        "%d sequences, %llu moves of clocks, %llu restarts, %llu reports, %llu consents ended\n",
        SEQUENCES, (unsigned long long)w.jumps, (unsigned long long)w.restarts,
        (unsigned long long)w.reports, (unsigned long long)w.endings);
    assert_true(w.reports > SEQUENCES && w.endings > SEQUENCES / 4 && w.restarts > SEQUENCES);
    kiosk_free(&w.k);
    fault_vfs_unregister(&w.disk);
}

/* The complaint that began this: a day in the future, then the right time again. */
static void a_wrong_day_costs_profiles_and_no_report(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_health health = {.size = sizeof health};
    enum sotto_consent word;
    kiosk_make(&k, 60, &(struct make_policy){.not_after_s = START + 700 * DAY_S}, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", 1u << SOTTO_PURPOSE_STORE);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    k.device.wall_s += 20 * 365 * (int64_t)DAY_S;
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
    assert_int_equal(sotto_health(k.engine, &health), SOTTO_OK);
    assert_true(health.strict); /* for all it can know the policy has expired */
    assert_int_equal(health.policy_status, SOTTO_E_EXPIRED);
    assert_int_equal(health.time_claim_s, k.device.wall_s);

    k.device.wall_s -= 20 * 365 * (int64_t)DAY_S;
    assert_int_equal(sotto_tick(k.engine), SOTTO_OK);

    assert_int_equal(sotto_health(k.engine, &health), SOTTO_OK);
    assert_false(health.strict);
    assert_int_equal(health.time_claim_s, 0);
    assert_int_equal(health.reports, 0);
    kiosk_restart(&k);
    s = kiosk_session(&k, "anna", 0);
    assert_int_equal(sotto_consent_get(k.engine, s, SOTTO_PURPOSE_STORE, &word), SOTTO_OK);
    assert_int_equal(word, SOTTO_CONSENT_UNKNOWN); /* its term has ended, and the sweep was here */
    kiosk_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_wrong_reading_moves_no_window_and_ends_no_pack),
        cmocka_unit_test(a_jump_is_believed_once_it_has_lasted),
        cmocka_unit_test(a_jump_lasts_through_restarts_and_the_hours_between),
        cmocka_unit_test(claims_that_differ_do_not_add_up),
        cmocka_unit_test(nights_and_weekends_without_power_need_no_waiting),
        cmocka_unit_test(an_allowance_that_is_used_up_comes_back_with_uptime_only),
        cmocka_unit_test(a_pack_signed_since_supports_a_jump),
        cmocka_unit_test(a_clock_that_was_never_set_believes_its_first_reading),
        cmocka_unit_test(readings_that_cannot_be_are_none),
        cmocka_unit_test(whatever_the_clocks_do_nothing_goes_back_is_told_twice_or_revived),
        cmocka_unit_test(a_wrong_day_costs_profiles_and_no_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
