/* dp_kiosk: a simulated device with a real vault and its reports, without an engine around it. */
#ifndef SOTTO_TEST_DP_KIOSK_H
#define SOTTO_TEST_DP_KIOSK_H

#include "platform/sim/sim_port.h"
#include "release/release.h"
#include "sotto_report.h"

#define DP_DAY_S 86400
/* Noon of day 20454 since 1970; kiosks begin here. */
#define DP_FIRST_DAY 20454
#define DP_START_S   (INT64_C(20454) * DP_DAY_S + DP_DAY_S / 2)

struct dp_kiosk {
    struct sim_device device;
    struct vault *vault;
    struct rng rng;
    struct policy policy;
    struct dp dp;
    uint8_t secret[SIGN_SECRET_BYTES], schedule_key[SCHEDULE_KEY_BYTES];
    struct sotto_error err;
    char dir[64];
};

/* A policy of `n_metrics` metrics with ids 1, 2, …, each of 8 cells, daily, epsilon 1, at most 4
 * cells a visit, and ample budgets. Change it before the first call, then dp_kiosk_schema. */
struct dp_kiosk *dp_kiosk_new(uint8_t seed_byte, uint32_t n_metrics);
/* The same with the vault not open yet; open it, which may fail, and close it; after a close, what
 * the device is after a power cut: the same secret, other randomness. */
struct dp_kiosk *dp_kiosk_make(uint8_t seed_byte, uint32_t n_metrics);
int dp_kiosk_open(struct dp_kiosk *k);
void dp_kiosk_close(struct dp_kiosk *k);
int dp_kiosk_restart(struct dp_kiosk *k);
/* Gives the policy the schema hash of `label`, as another signed schema would. */
void dp_kiosk_schema(struct dp_kiosk *k, const char *label);
/* Closes the vault and opens it again, like a restart. */
void dp_kiosk_reopen(struct dp_kiosk *k);
void dp_kiosk_free(struct dp_kiosk *k);

/* One visit that touches the `n` cells in the given order, counted at now_s; fails the test on
 * error. */
void dp_kiosk_visit(struct dp_kiosk *k, uint32_t metric_index, const uint8_t *cells, uint32_t n,
                    int64_t now_s);
/* The raw count of a cell as it lies in the vault; -1 when there is no tally. */
int dp_kiosk_count(struct dp_kiosk *k, uint32_t metric, uint32_t window, uint32_t cell);
/* How many records of a class there are. */
uint32_t dp_kiosk_records(struct dp_kiosk *k, enum vault_class kind);

#endif
