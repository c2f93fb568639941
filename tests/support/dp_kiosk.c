#include "tests/support/dp_kiosk.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/test.h"

static const char *const cell_names[POLICY_CELLS_MAX] = {"a", "b", "c", "d",
                                                         "e", "f", "g", "other"};

void dp_kiosk_schema(struct dp_kiosk *k, const char *label) {
    hash256(k->policy.schema_hash, label, strlen(label));
}

int dp_kiosk_open(struct dp_kiosk *k) {
    uint8_t seed[SIGN_SEED_BYTES];
    k->vault = calloc(1, vault_bytes());
    assert_non_null(k->vault);
    assert_int_equal(rng_seed(&k->rng, k->device.port.entropy, k->device.port.ctx), 0);
    int status = vault_open(k->vault, &k->device.port, &k->rng, &k->err);
    assert_int_equal(vault_device_key(k->vault, "report-sign", seed), SOTTO_OK);
    sign_keypair(k->dp.report_public, k->secret, seed);
    k->dp.vault = k->vault;
    k->dp.policy = &k->policy;
    k->dp.rng = &k->rng;
    k->dp.report_secret = k->secret;
    assert_int_equal(vault_device_key(k->vault, "report-schedule", k->schedule_key), SOTTO_OK);
    k->dp.schedule_key = k->schedule_key;
    return status;
}

struct dp_kiosk *dp_kiosk_new(uint8_t seed_byte, uint32_t n_metrics) {
    struct dp_kiosk *k = dp_kiosk_make(seed_byte, n_metrics);
    assert_int_equal(dp_kiosk_open(k), SOTTO_OK);
    return k;
}

struct dp_kiosk *dp_kiosk_make(uint8_t seed_byte, uint32_t n_metrics) {
    struct dp_kiosk *k = calloc(1, sizeof *k);
    uint8_t seed[32];
    assert_non_null(k);
    assert_int_equal(crypto_init(), 0);
    const char *tmp = getenv("TMPDIR");
    snprintf(k->dir, sizeof k->dir, "%.40s/sotto-dp-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(k->dir));
    memset(seed, seed_byte, sizeof seed);
    assert_int_equal(sim_device_init(&k->device, seed, k->dir, &k->err), SOTTO_OK);
    k->policy.version = 3;
    k->policy.year_micro = POLICY_YEAR_MICRO_MAX;
    k->policy.lifetime_micro = POLICY_LIFETIME_MICRO_MAX;
    k->policy.n_metrics = n_metrics;
    for (uint32_t m = 0; m < n_metrics; m++) {
        struct policy_metric *metric = &k->policy.metrics[m];
        *metric = (struct policy_metric){.id = m + 1,
                                         .name = "interest",
                                         .mechanism = MECHANISM_DISCRETE_LAPLACE,
                                         .unit = UNIT_VISIT,
                                         .source = SOURCE_ITEM_GROUP,
                                         .event_mask = 14,
                                         .eps_micro = 1000000,
                                         .max_cells = 4,
                                         .max_weight = 1,
                                         .window_s = DP_DAY_S,
                                         .n_cells = 8,
                                         .n_names = 8};
        memcpy(metric->cells, cell_names, sizeof cell_names);
    }
    dp_kiosk_schema(k, "schema");
    return k;
}

void dp_kiosk_close(struct dp_kiosk *k) {
    vault_close(k->vault);
    free(k->vault);
    k->vault = NULL;
}

void dp_kiosk_reopen(struct dp_kiosk *k) {
    dp_kiosk_close(k);
    assert_int_equal(dp_kiosk_open(k), SOTTO_OK);
}

int dp_kiosk_restart(struct dp_kiosk *k) {
    uint8_t seed[32];
    memcpy(seed, k->device.seed, sizeof seed);
    sim_device_release(&k->device);
    assert_int_equal(sim_device_init(&k->device, seed, k->dir, &k->err), SOTTO_OK);
    return dp_kiosk_open(k);
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *walk) {
    (void)s, (void)kind, (void)walk;
    return remove(path);
}

void dp_kiosk_free(struct dp_kiosk *k) {
    if (k->vault) dp_kiosk_close(k);
    sim_device_release(&k->device);
    nftw(k->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(k);
}

void dp_kiosk_visit(struct dp_kiosk *k, uint32_t metric_index, const uint8_t *cells, uint32_t n,
                    int64_t now_s) {
    struct dp_visit visit = {0};
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(dp_visit_touch(&k->dp, &visit, metric_index, cells[i]), 0);
    assert_int_equal(dp_visit_commit(&k->dp, &visit, now_s, &k->err), SOTTO_OK);
}

int dp_kiosk_count(struct dp_kiosk *k, uint32_t metric, uint32_t window, uint32_t cell) {
    /* src/release/tally.c: 40 bytes of head, then u16 a cell. */
    uint8_t bytes[VAULT_RECORD_MAX];
    size_t n;
    struct vault_key key = {VAULT_TALLY, metric, window};
    int status = vault_get(k->vault, key, bytes, sizeof bytes, &n, &k->err);
    if (status == SOTTO_E_NOT_FOUND) return -1;
    assert_int_equal(status, SOTTO_OK);
    assert_true(n >= 42 + 2 * (size_t)cell);
    return load16(bytes + 40 + 2 * cell);
}

uint32_t dp_kiosk_records(struct dp_kiosk *k, enum vault_class kind) {
    struct vault_key key = {kind, 0, 0};
    uint32_t n = 0;
    while (vault_next(k->vault, &key, n == 0, &k->err) == SOTTO_OK) n++;
    return n;
}
