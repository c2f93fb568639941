/* What one visit can add, and what becomes of raw counts before they are sealed. */
#include "tests/support/test.h"

#include "tests/support/chi_square.h"
#include "tests/support/dp_kiosk.h"
#include "tests/support/test_rng.h"

#define SEED UINT64_C(4711)

/* A dp room with nothing but a policy and a generator: enough for a visit in RAM. */
struct visitor {
    struct rng rng;
    struct test_entropy entropy;
    struct policy policy;
    struct dp dp;
    struct dp_visit visit;
};

static struct visitor *visitor_new(uint32_t n_cells, uint32_t max_cells) {
    static struct visitor v;
    memset(&v, 0, sizeof v);
    assert_int_equal(crypto_init(), 0);
    assert_int_equal(test_rng_start(&v.rng, &v.entropy, SEED, UINT32_MAX), 0);
    v.policy.version = 1;
    v.policy.n_metrics = 1;
    v.policy.metrics[0].id = 1;
    v.policy.metrics[0].n_cells = n_cells;
    v.policy.metrics[0].max_cells = max_cells;
    v.dp.policy = &v.policy;
    v.dp.rng = &v.rng;
    return &v;
}

static uint64_t kept_bits(const struct dp_visit *visit) {
    uint64_t bits = 0;
    for (uint32_t i = 0; i < visit->metrics[0].n_kept; i++) {
        uint64_t bit = UINT64_C(1) << visit->metrics[0].kept[i];
        assert_false(bits & bit); /* never the same cell twice */
        bits |= bit;
    }
    return bits;
}

static void visit_keeps_what_it_touched_up_to_the_bound(void **state) {
    (void)state;
    struct visitor *v = visitor_new(64, 4);
    for (uint32_t c = 0; c < 40; c++) {
        assert_int_equal(dp_visit_touch(&v->dp, &v->visit, 0, c), 0);
        assert_int_equal(v->visit.metrics[0].n_kept, c < 4 ? c + 1 : 4);
        uint64_t bits = kept_bits(&v->visit);
        assert_int_equal(bits >> (c + 1), 0); /* nothing that was not touched */
    }
    /* And nothing beyond the list. */
    struct dp_visit rest = v->visit, nothing = {0};
    memset(&rest.metrics[0], 0, sizeof rest.metrics[0]);
    assert_memory_equal(&rest, &nothing, sizeof rest);
    for (uint32_t i = 4; i < POLICY_MAX_CELLS_MAX; i++)
        assert_int_equal(v->visit.metrics[0].kept[i], 0);
}

static void touching_a_cell_again_changes_nothing(void **state) {
    (void)state;
    struct visitor *v = visitor_new(64, 4);
    for (uint32_t c = 0; c < 20; c++) assert_int_equal(dp_visit_touch(&v->dp, &v->visit, 0, c), 0);
    struct dp_visit before = v->visit;
    for (int again = 0; again < 1000; again++)
        assert_int_equal(dp_visit_touch(&v->dp, &v->visit, 0, (uint32_t)again % 20), 0);
    assert_memory_equal(&before, &v->visit, sizeof before);
}

static void cells_that_do_not_exist_are_refused(void **state) {
    (void)state;
    struct visitor *v = visitor_new(8, 4);
    struct dp_visit nothing = {0};
    assert_int_equal(dp_visit_touch(&v->dp, &v->visit, 0, 8), -1);
    assert_int_equal(dp_visit_touch(&v->dp, &v->visit, 0, UINT32_MAX), -1);
    assert_int_equal(dp_visit_touch(&v->dp, &v->visit, 1, 0), -1);
    assert_memory_equal(&nothing, &v->visit, sizeof nothing);
}

/* Every cell is kept equally often, whenever it was touched; and every pair, since a reservoir that
 * is right cell by cell may still prefer neighbours. */
static void reservoir_prefers_no_cell_and_no_pair(void **state) {
    (void)state;
    enum { CELLS = 10, KEEP = 3, VISITS = 300000, PAIRS = CELLS * (CELLS - 1) / 2 };
    struct visitor *v = visitor_new(CELLS, KEEP);
    uint64_t cells[CELLS] = {0}, pairs[PAIRS] = {0};
    double cell_share[CELLS] = {0}, pair_share[PAIRS] = {0};
    for (int i = 0; i < VISITS; i++) {
        memset(&v->visit, 0, sizeof v->visit);
        for (uint32_t c = 0; c < CELLS; c++)
            assert_int_equal(dp_visit_touch(&v->dp, &v->visit, 0, c), 0);
        uint64_t bits = kept_bits(&v->visit);
        for (int a = 0, pair = 0; a < CELLS; a++) {
            cells[a] += bits >> a & 1;
            for (int b = a + 1; b < CELLS; b++, pair++) pairs[pair] += bits >> a & bits >> b & 1;
        }
    }
    for (int i = 0; i < CELLS; i++) cell_share[i] = 1.0 / CELLS;
    for (int i = 0; i < PAIRS; i++) pair_share[i] = 1.0 / PAIRS;
    double by_cell = chi_square(cells, cell_share, CELLS);
    double by_pair = chi_square(pairs, pair_share, PAIRS);
    print_message("cells: chi-square(9) = %.1f, pairs: chi-square(44) = %.1f\n", by_cell, by_pair);
    assert_true(by_cell < chi_square_limit(CELLS - 1));
    assert_true(by_pair < chi_square_limit(PAIRS - 1));

    /* The test can fail: keeping the first three, as a plain array would, is caught. */
    for (int i = 0; i < CELLS; i++) cells[i] = i < KEEP ? VISITS : 0;
    assert_true(chi_square(cells, cell_share, CELLS) > chi_square_limit(CELLS - 1));
}

static void failed_randomness_says_that_the_visit_must_not_count(void **state) {
    (void)state;
    struct visitor *v = visitor_new(16, 2);
    assert_int_equal(test_rng_start(&v->rng, &v->entropy, SEED, 0), -1);
    assert_int_equal(dp_visit_touch(&v->dp, &v->visit, 0, 0), 0); /* nothing to draw yet */
    assert_int_equal(dp_visit_touch(&v->dp, &v->visit, 0, 1), 0);
    assert_int_equal(dp_visit_touch(&v->dp, &v->visit, 0, 2), -1);
}

/* ---- In the vault ------------------------------------------------------------------------ */

static void visit_that_touched_forty_cells_adds_exactly_max_cells_ones(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    uint8_t all[40];
    k->policy.metrics[0].n_cells = 64;
    k->policy.metrics[0].max_cells = 5;
    for (uint8_t c = 0; c < 40; c++) all[c] = c;
    for (int visits = 1; visits <= 20; visits++) {
        int sum = 0;
        dp_kiosk_visit(k, 0, all, 40, DP_START_S);
        for (uint32_t c = 0; c < 64; c++) {
            int count = dp_kiosk_count(k, 1, DP_FIRST_DAY, c);
            assert_in_range(count, 0, visits);
            sum += count;
        }
        assert_int_equal(sum, 5 * visits);
    }
    dp_kiosk_free(k);
}

/* Touched thirty times, a cell gets the policy's weight and no more; touched twice, two. */
static void weight_of_a_visit_is_cut_at_the_policy_s_constant(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    uint8_t touches[33];
    k->policy.metrics[0].max_weight = 5;
    for (int i = 0; i < 30; i++) touches[i] = 2;
    touches[30] = touches[31] = 6;
    touches[32] = 7;
    for (int visits = 1; visits <= 3; visits++) {
        dp_kiosk_visit(k, 0, touches, 33, DP_START_S);
        assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 2), 5 * visits);
        assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 6), 2 * visits);
        assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 7), visits);
    }
    dp_kiosk_free(k);
}

/* Near the end of what a cell can hold a visit adds what fits: less than its weight, never a wrap.
 */
static void counts_stand_still_at_their_end(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    uint8_t record[40 + 2 * 8], touches[16] = {0};
    k->policy.metrics[0].max_weight = 16;
    dp_kiosk_visit(k, 0, touches, 1, DP_START_S);
    memset(record, 0, sizeof record);
    store32(record, 1);
    store32(record + 4, 8);
    memcpy(record + 8, k->policy.schema_hash, 32);
    store16(record + 40, 32760);
    assert_int_equal(vault_put(k->vault, (struct vault_key){VAULT_TALLY, 1, DP_FIRST_DAY}, record,
                               sizeof record, &k->err),
                     SOTTO_OK);
    dp_kiosk_visit(k, 0, touches, 16, DP_START_S);
    assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 0), 32767);
    dp_kiosk_visit(k, 0, touches, 16, DP_START_S);
    assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 0), 32767);
    dp_kiosk_free(k);
}

static void forged_visit_beyond_the_bound_is_refused(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    struct dp_visit five = {0}, twice = {0}, outside = {0};
    five.metrics[0].n_kept = 5; /* max_cells is 4 */
    for (uint8_t c = 0; c < 5; c++) {
        five.metrics[0].kept[c] = c;
        five.metrics[0].weight[c] = twice.metrics[0].weight[c] = outside.metrics[0].weight[c] = 1;
    }
    struct dp_visit heavy = {0}, light = {0};
    heavy.metrics[0].n_kept = light.metrics[0].n_kept = 1;
    heavy.metrics[0].weight[0] = 2; /* max_weight is 1 */
    twice.metrics[0].n_kept = 2;    /* the same cell twice */
    outside.metrics[0].n_kept = 1;
    outside.metrics[0].kept[0] = 8;
    assert_int_equal(dp_visit_commit(&k->dp, &five, DP_START_S, &k->err), SOTTO_E_ARGUMENT);
    assert_int_equal(dp_visit_commit(&k->dp, &twice, DP_START_S, &k->err), SOTTO_E_ARGUMENT);
    assert_int_equal(dp_visit_commit(&k->dp, &outside, DP_START_S, &k->err), SOTTO_E_ARGUMENT);
    assert_int_equal(dp_visit_commit(&k->dp, &heavy, DP_START_S, &k->err), SOTTO_E_ARGUMENT);
    assert_int_equal(dp_visit_commit(&k->dp, &light, DP_START_S, &k->err), SOTTO_E_ARGUMENT);
    assert_int_equal(dp_kiosk_records(k, VAULT_TALLY), 0);
    dp_kiosk_free(k);
}

static void one_visit_counts_in_every_metric_or_in_none(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 3);
    struct dp_visit visit = {0};
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(dp_visit_touch(&k->dp, &visit, m, m), 0);
    assert_int_equal(dp_visit_commit(&k->dp, &visit, DP_START_S, &k->err), SOTTO_OK);
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(dp_kiosk_count(k, m + 1, DP_FIRST_DAY, m), 1);

    visit.metrics[2].n_kept = 2; /* the third metric's share is broken: the same cell twice */
    visit.metrics[2].kept[1] = visit.metrics[2].kept[0];
    assert_int_equal(dp_visit_commit(&k->dp, &visit, DP_START_S, &k->err), SOTTO_E_ARGUMENT);
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(dp_kiosk_count(k, m + 1, DP_FIRST_DAY, m), 1);
    dp_kiosk_free(k);
}

static void counts_survive_a_restart_and_lie_in_the_window_of_the_visit(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    static const uint8_t cells[] = {0, 7};
    dp_kiosk_visit(k, 0, cells, 2, DP_START_S);
    dp_kiosk_visit(k, 0, cells, 1, DP_START_S + DP_DAY_S / 2 - 1);
    dp_kiosk_visit(k, 0, cells, 2, DP_START_S + DP_DAY_S / 2); /* midnight: the next day */
    dp_kiosk_reopen(k);
    assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 0), 2);
    assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 7), 1);
    assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY + 1, 0), 1);
    dp_kiosk_free(k);
}

static void cell_stands_still_at_its_largest_count(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    static const uint8_t cells[] = {3, 4};
    uint8_t bytes[VAULT_RECORD_MAX];
    size_t n;
    struct vault_key key = {VAULT_TALLY, 1, DP_FIRST_DAY};
    dp_kiosk_visit(k, 0, cells, 1, DP_START_S);
    assert_int_equal(vault_get(k->vault, key, bytes, sizeof bytes, &n, &k->err), SOTTO_OK);
    store16(bytes + 40 + 2 * 3, 32766);
    assert_int_equal(vault_put(k->vault, key, bytes, n, &k->err), SOTTO_OK);

    dp_kiosk_visit(k, 0, cells, 2, DP_START_S);
    assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 3), 32767);
    dp_kiosk_visit(k, 0, cells, 2, DP_START_S);
    assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 3), 32767);
    assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 4), 2);
    dp_kiosk_free(k);
}

static void counts_of_another_schema_are_dropped(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 2);
    static const uint8_t cell = 2;
    dp_kiosk_visit(k, 0, &cell, 1, DP_START_S);
    dp_kiosk_visit(k, 1, &cell, 1, DP_START_S);
    dp_kiosk_schema(k, "another schema");
    dp_kiosk_visit(k, 0, &cell, 1, DP_START_S + 10);
    assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 2), 1);
    assert_int_equal(dp_kiosk_count(k, 2, DP_FIRST_DAY, 2), -1);
    dp_kiosk_free(k);
}

/* Also when the ledger knows the schema but a tally was written under another one. */
static void tally_that_names_another_schema_counts_for_nothing(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    static const uint8_t cell = 2;
    uint8_t bytes[VAULT_RECORD_MAX];
    size_t n;
    struct vault_key key = {VAULT_TALLY, 1, DP_FIRST_DAY};
    dp_kiosk_visit(k, 0, &cell, 1, DP_START_S);
    assert_int_equal(vault_get(k->vault, key, bytes, sizeof bytes, &n, &k->err), SOTTO_OK);
    bytes[8] ^= 1; /* the schema hash */
    store16(bytes + 40, 999);
    assert_int_equal(vault_put(k->vault, key, bytes, n, &k->err), SOTTO_OK);
    dp_kiosk_visit(k, 0, &cell, 1, DP_START_S);
    assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 0), 0);
    assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 2), 1);
    dp_kiosk_free(k);
}

static void policy_that_could_not_be_read_for_once_loses_no_counts(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    struct policy strict, ours = k->policy;
    static const uint8_t cell = 2;
    dp_kiosk_visit(k, 0, &cell, 1, DP_START_S);
    policy_strict(&strict);
    k->policy = strict;
    assert_int_equal(dp_tick(&k->dp, DP_START_S + 3 * DP_DAY_S, &k->err), SOTTO_OK);
    assert_int_equal(dp_kiosk_records(k, VAULT_OUTBOX), 0);
    k->policy = ours;
    dp_kiosk_visit(k, 0, &cell, 1, DP_START_S + 1);
    assert_int_equal(dp_kiosk_count(k, 1, DP_FIRST_DAY, 2), 2);
    dp_kiosk_free(k);
}

static void empty_visit_and_a_device_without_vault_store_nothing(void **state) {
    (void)state;
    struct dp_kiosk *k = dp_kiosk_new(1, 1);
    struct dp_visit visit = {0};
    assert_int_equal(dp_visit_commit(&k->dp, &visit, DP_START_S, &k->err), SOTTO_OK);
    assert_int_equal(dp_kiosk_records(k, VAULT_TALLY), 0);
    assert_int_equal(dp_visit_touch(&k->dp, &visit, 0, 0), 0);
    k->dp.vault = NULL;
    assert_int_equal(dp_visit_commit(&k->dp, &visit, DP_START_S, &k->err), SOTTO_OK);
    assert_int_equal(dp_tick(&k->dp, DP_START_S + 5 * DP_DAY_S, &k->err), SOTTO_OK);
    assert_int_equal(dp_kiosk_records(k, VAULT_LEDGER), 0);
    dp_kiosk_free(k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(visit_keeps_what_it_touched_up_to_the_bound),
        cmocka_unit_test(touching_a_cell_again_changes_nothing),
        cmocka_unit_test(cells_that_do_not_exist_are_refused),
        cmocka_unit_test(reservoir_prefers_no_cell_and_no_pair),
        cmocka_unit_test(failed_randomness_says_that_the_visit_must_not_count),
        cmocka_unit_test(visit_that_touched_forty_cells_adds_exactly_max_cells_ones),
        cmocka_unit_test(weight_of_a_visit_is_cut_at_the_policy_s_constant),
        cmocka_unit_test(counts_stand_still_at_their_end),
        cmocka_unit_test(forged_visit_beyond_the_bound_is_refused),
        cmocka_unit_test(one_visit_counts_in_every_metric_or_in_none),
        cmocka_unit_test(counts_survive_a_restart_and_lie_in_the_window_of_the_visit),
        cmocka_unit_test(cell_stands_still_at_its_largest_count),
        cmocka_unit_test(counts_of_another_schema_are_dropped),
        cmocka_unit_test(tally_that_names_another_schema_counts_for_nothing),
        cmocka_unit_test(policy_that_could_not_be_read_for_once_loses_no_counts),
        cmocka_unit_test(empty_visit_and_a_device_without_vault_store_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
