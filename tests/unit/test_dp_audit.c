/* The end-to-end audit: 20,000 canary visits through the engine, the vault, the outbox, the reports
 * and the decoder, in one run (Steinke, Nasr, Jagielski 2023, "Privacy Auditing with One (1)
 * Training Run", Theorem 5.2). A coin decides whether each takes place; who sees the decoded
 * reports guesses each coin. Under epsilon-differential privacy a guess is right with probability
 * e^epsilon/(1 + e^epsilon) at most, so too many right guesses prove a larger epsilon, whatever
 * went wrong between event and byte.
 *
 * Each canary has a cell to itself, and C and w are 1: then the guess "at least 1" is the best
 * there is, and a right implementation meets the bound. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/test.h"

#include "sotto_report.h"
#include "tests/support/dice.h"
#include "tests/support/kiosk.h"

enum { CANARIES = 20000, CELLS = 64, A_DAY = CELLS - 1, DAYS = (CANARIES + A_DAY - 1) / A_DAY };
#define SEED   UINT64_C(20260715)
#define DAY_MS (86400u * 1000u)
#define Z      2.576 /* one run in 200 of a right implementation would be accused */

static uint8_t is_in[DAYS][A_DAY];

/* One day: the canaries that take place, in any order. */
static void live_a_day(struct kiosk *k, struct dice *dice, int day) {
    for (int c = 0; c < A_DAY; c++) {
        is_in[day][c] = (uint8_t)(dice_u64(dice) >> 63);
        if (!is_in[day][c]) continue;
        sotto_session s = kiosk_session(k, NULL, 1u << SOTTO_PURPOSE_MEASURE);
        kiosk_record(k, s, (unsigned)c, SOTTO_EVENT_PURCHASE);
        assert_int_equal(sotto_session_end(k->engine, s), SOTTO_OK);
    }
    sim_device_advance(&k->device, DAY_MS);
    assert_int_equal(sotto_tick(k->engine), SOTTO_OK);
}

/* Guesses from every report that has left; returns how many guesses were right. */
static unsigned guess(struct kiosk *k, const uint8_t key[32], uint64_t first_window,
                      unsigned *guesses) {
    uint8_t bytes[SOTTO_REPORT_MAX];
    uint64_t cursor = 0;
    unsigned right = 0;
    size_t n;
    while (sotto_outbox_next(k->engine, &cursor, bytes, sizeof bytes, &n) == SOTTO_OK) {
        struct sotto_report r;
        assert_int_equal(sotto_report_decode(bytes, n, key, &r, NULL), SOTTO_OK);
        assert_int_equal(r.eps_micro, 1000000);
        uint64_t day = r.window - first_window;
        for (int c = 0; day < DAYS && c < A_DAY && *guesses < CANARIES; c++, ++*guesses)
            right += (r.cells[c] >= 1) == is_in[day][c];
    }
    return right;
}

static double epsilon_of(double p) { return log(p / (1 - p)); }

static void twenty_thousand_canary_visits_prove_no_more_than_the_claimed_epsilon(void **state) {
    (void)state;
    struct kiosk k;
    struct dice dice = {SEED};
    struct sotto_metric_info info = {.size = sizeof info};
    uint8_t key[32];
    unsigned guesses = 0;
    const struct make_policy policy = {
        .eps_micro = 1000000, .max_cells = 1, .max_weight = 1, .n_cells = CELLS};
    kiosk_make(&k, CELLS, &policy, 0);
    kiosk_put_groups(&k, CELLS, CELLS - 1, 1);
    kiosk_open(&k);
    assert_int_equal(sotto_metric(k.engine, 0, &info), SOTTO_OK);
    assert_int_equal(info.cells, CELLS);
    assert_int_equal(sotto_device_key(k.engine, key), SOTTO_OK);

    for (int day = 0; day < DAYS; day++) live_a_day(&k, &dice, day);
    sim_device_advance(&k.device, 2 * (uint64_t)DAY_MS);
    unsigned right = guess(&k, key, info.open_window, &guesses);

    assert_int_equal(guesses, CANARIES);
    double p = (double)right / guesses, sd = sqrt(p * (1 - p) / guesses);
    double estimate = epsilon_of(p), lower = epsilon_of(p - Z * sd);
    double exposed = epsilon_of(exp(1.07) / (1 + exp(1.07)) - Z * sd);
    print_message("%u of %u guesses right: epsilon %.3f, at least %.3f; 1.07 would show at least "
                  "%.3f (seed %llu)\n",
                  right, guesses, estimate, lower, exposed, (unsigned long long)SEED);
    assert_true(lower <= 1.0);
    assert_true(exposed > 1.0);  /* the audit can tell */
    assert_true(estimate > 0.9); /* and looks at what it means to: not at noise alone */
    kiosk_free(&k);
}

int main(void) {
    /* Ten thousand visits are made durable one by one; here it is not about the disk. */
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_thousand_canary_visits_prove_no_more_than_the_claimed_epsilon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
