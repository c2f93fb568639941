/* schedule: see schedule.h. */
#include "release/schedule.h"

#define YEAR_S (365u * 86400u)

/* Uniform below `below` but for a bias under 2^-32, which is nobody's secret. */
static uint32_t draw(const uint8_t key[SCHEDULE_KEY_BYTES], const char *label, uint32_t a,
                     uint32_t b, uint32_t below) {
    uint8_t input[8], out[HASH_BYTES];
    store32(input, a);
    store32(input + 4, b);
    hash_keyed(out, key, label, input, sizeof input);
    return (uint32_t)(load64(out) % below);
}

int64_t schedule_release_s(const uint8_t key[SCHEDULE_KEY_BYTES],
                           const struct policy_metric *metric, int64_t ready_s) {
    int64_t length = metric->window_s, window = ready_s / length, at;
    do {
        at = window * length +
             draw(key, "sotto-slot", metric->id, (uint32_t)window, metric->window_s);
        window++;
    } while (at < ready_s);
    return at;
}

uint32_t schedule_metric(const uint8_t key[SCHEDULE_KEY_BYTES], const struct policy *policy,
                         uint32_t window) {
    return draw(key, "sotto-asked", 0, window, policy->n_metrics);
}

int schedule_is_fresh(const uint8_t key[SCHEDULE_KEY_BYTES], const struct policy_metric *metric,
                      uint32_t window) {
    /* Of every `cycle` windows in a row, wherever one begins to count, exactly `fresh` are. */
    uint32_t cycle = YEAR_S / metric->window_s, fresh = metric->fresh_year;
    if (fresh >= cycle) return 1;
    uint64_t place = (window % cycle + draw(key, "sotto-fresh", 0, 0, cycle)) % cycle;
    return (place + 1) * fresh / cycle != place * fresh / cycle;
}
