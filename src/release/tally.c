/* tally: see tally.h. A visit is held against its bound while it is still in RAM, by a reservoir,
 * so that neither the store nor the noise ever sees more than the bound. */
#include "release/tally.h"

#include "dp/sample.h"
#include "release/household.h"

#define TALLY_VERSION 1
#define TALLY_HEAD    40 /* u32 version, u32 cells, 32 bytes schema hash; then u16 per cell */
#define TALLY_BYTES   (TALLY_HEAD + 2 * POLICY_CELLS_MAX)

/* ---- One visit --------------------------------------------------------------------------- */

/* Touched again: counts if the cell is among those kept, up to the bound. */
static void touch_again(struct dp_visit *visit, uint32_t index, uint32_t cell, uint32_t most) {
    for (uint32_t i = 0; i < visit->metrics[index].n_kept; i++)
        if (visit->metrics[index].kept[i] == cell && visit->metrics[index].weight[i] < most)
            visit->metrics[index].weight[i]++;
}

int dp_visit_touch(struct dp *dp, struct dp_visit *visit, uint32_t index, uint32_t cell) {
    if (index >= dp->policy->n_metrics || cell >= dp->policy->metrics[index].n_cells) return -1;
    const struct policy_metric *metric = &dp->policy->metrics[index];
    if (metric->unit == UNIT_HOUSEHOLD) return household_touch(dp, visit, index, cell);
    uint32_t most = metric->max_cells;
    uint64_t bit = UINT64_C(1) << cell;
    if (visit->metrics[index].touched & bit) {
        touch_again(visit, index, cell, metric->max_weight);
        return 0;
    }
    if (visit->metrics[index].n_kept < most) {
        visit->metrics[index].weight[visit->metrics[index].n_kept] = 1;
        visit->metrics[index].kept[visit->metrics[index].n_kept++] = (uint8_t)cell;
    } else {
        /* Vitter's Algorithm R: the k-th cell replaces one of those kept with probability most/k.
         */
        uint64_t place;
        if (sample_uniform(dp->rng, (uint64_t)visit->metrics[index].n_touched + 1, &place) != 0)
            return -1;
        if (place < most) {
            visit->metrics[index].kept[place] = (uint8_t)cell;
            visit->metrics[index].weight[place] = 1;
        }
    }
    visit->metrics[index].touched |= bit;
    visit->metrics[index].n_touched++;
    return 0;
}

/* The bounds are checked again where they are spent: whatever *visit holds, no more than max_cells
 * different cells get no more than max_weight each. */
static int tally_add(struct tally *tally, const struct policy_metric *metric,
                     const struct dp_visit *visit, uint32_t m) {
    uint64_t seen = 0;
    uint32_t n_kept = visit->metrics[m].n_kept;
    if (n_kept > metric->max_cells) return -1;
    for (uint32_t i = 0; i < n_kept; i++) {
        uint32_t cell = visit->metrics[m].kept[i], weight = visit->metrics[m].weight[i];
        if (cell >= metric->n_cells || seen >> cell & 1) return -1;
        if (weight < 1 || weight > metric->max_weight) return -1;
        seen |= UINT64_C(1) << cell;
        uint32_t room = TALLY_CELL_MAX - tally->cells[cell];
        tally->cells[cell] = (uint16_t)(tally->cells[cell] + (weight < room ? weight : room));
    }
    return 0;
}

/* ---- The store --------------------------------------------------------------------------- */

static struct vault_key key_of(uint32_t metric, uint32_t window) {
    struct vault_key key = {VAULT_TALLY, metric, window};
    return key;
}

int tally_load(struct vault *vault, const struct policy *policy, const struct policy_metric *metric,
               uint32_t window, struct tally *tally, struct sotto_error *err) {
    uint8_t bytes[TALLY_BYTES];
    size_t n;
    memset(tally, 0, sizeof *tally);
    int status = vault_get(vault, key_of(metric->id, window), bytes, sizeof bytes, &n, err);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status != SOTTO_OK) return status;
    if (n == TALLY_HEAD + 2 * (size_t)metric->n_cells && load32(bytes) == TALLY_VERSION &&
        load32(bytes + 4) == metric->n_cells &&
        memcmp(bytes + 8, policy->schema_hash, HASH_BYTES) == 0)
        for (uint32_t c = 0; c < metric->n_cells; c++) {
            uint16_t count = load16(bytes + TALLY_HEAD + 2 * c);
            tally->cells[c] = count < TALLY_CELL_MAX ? count : TALLY_CELL_MAX;
        }
    wipe(bytes, sizeof bytes);
    return SOTTO_OK;
}

static int tally_save(struct vault *vault, const struct policy *policy,
                      const struct policy_metric *metric, uint32_t window,
                      const struct tally *tally, struct sotto_error *err) {
    uint8_t bytes[TALLY_BYTES];
    store32(bytes, TALLY_VERSION);
    store32(bytes + 4, metric->n_cells);
    memcpy(bytes + 8, policy->schema_hash, HASH_BYTES);
    for (uint32_t c = 0; c < metric->n_cells; c++)
        store16(bytes + TALLY_HEAD + 2 * c, tally->cells[c]);
    int status = vault_put(vault, key_of(metric->id, window), bytes,
                           TALLY_HEAD + 2 * (size_t)metric->n_cells, err);
    wipe(bytes, sizeof bytes);
    return status;
}

int tally_delete(struct vault *vault, uint32_t metric, uint32_t window, struct sotto_error *err) {
    return vault_delete(vault, key_of(metric, window), err);
}

int tally_delete_run(struct vault *vault, struct vault_key key, uint32_t slot, uint64_t seq,
                     struct sotto_error *err) {
    int status = vault_next(vault, &key, 1, err);
    while (status == SOTTO_OK && (key.slot < slot || (key.slot == slot && key.seq < seq))) {
        status = vault_delete(vault, key, err);
        if (status == SOTTO_OK) status = vault_next(vault, &key, 0, err);
    }
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status;
}

int tally_delete_before(struct vault *vault, uint32_t metric, uint32_t window,
                        struct sotto_error *err) {
    return tally_delete_run(vault, key_of(metric, 0), metric, window, err);
}

int tally_delete_all(struct vault *vault, struct sotto_error *err) {
    return tally_delete_run(vault, key_of(0, 0), UINT32_MAX, 0, err);
}

/* ---- Where counting begins --------------------------------------------------------------- */

int tally_begin(struct dp *dp, int64_t now_s, struct ledger *ledger, struct sotto_error *err) {
    const struct policy *policy = dp->policy;
    int status = ledger_load(dp->vault, ledger, err);
    if (status != SOTTO_OK || policy->version == 0 ||
        memcmp(ledger->schema, policy->schema_hash, HASH_BYTES) == 0)
        return status;
    struct ledger begun = *ledger;
    memcpy(begun.schema, policy->schema_hash, HASH_BYTES);
    begun.n_metrics = policy->n_metrics;
    for (uint32_t m = 0; m < policy->n_metrics; m++) {
        uint64_t length = policy->metrics[m].window_s, window = (uint64_t)now_s / length;
        /* A window is sealed once, whatever schema it was counted under and wherever the clock is.
         */
        if (window * length < ledger->sealed_until_s)
            window = (ledger->sealed_until_s + length - 1) / length;
        if (now_s < 0 || window > LEDGER_WINDOW_MAX) return ledger_clock_beyond(err);
        begun.metrics[m].id = policy->metrics[m].id;
        begun.metrics[m].next = (uint32_t)window;
    }
    status = vault_begin(dp->vault, err);
    if (status != SOTTO_OK) return status;
    status = tally_delete_all(dp->vault, err);
    if (status == SOTTO_OK) status = household_forget_all(dp->vault, err);
    return ledger_commit(dp->vault, ledger, &begun, status, err);
}

/* ---- Counting a visit -------------------------------------------------------------------- */

/* Adds one metric's share; returns 0 or a status. */
static int commit_metric(struct dp *dp, const struct ledger *ledger, const struct dp_visit *visit,
                         uint32_t m, int64_t now_s, struct sotto_error *err) {
    const struct policy_metric *metric = &dp->policy->metrics[m];
    struct tally tally;
    uint64_t window = (uint64_t)now_s / metric->window_s;
    if (visit->metrics[m].n_kept == 0) return SOTTO_OK;
    /* A window that is already sealed or skipped will not be reported again: nothing to add to. */
    if (window < ledger->metrics[m].next) return SOTTO_OK;
    if (window > LEDGER_WINDOW_MAX) return ledger_clock_beyond(err);
    int status = tally_load(dp->vault, dp->policy, metric, (uint32_t)window, &tally, err);
    if (status == SOTTO_OK && tally_add(&tally, metric, visit, m) != 0)
        status = fail(err, SOTTO_E_ARGUMENT, "the visit breaks the bound of metric %u", metric->id);
    if (status == SOTTO_OK)
        status = tally_save(dp->vault, dp->policy, metric, (uint32_t)window, &tally, err);
    wipe(&tally, sizeof tally);
    return status;
}

int dp_visit_commit(struct dp *dp, const struct dp_visit *visit, int64_t now_s,
                    struct sotto_error *err) {
    struct ledger ledger;
    uint32_t kept = 0;
    for (uint32_t m = 0; m < dp->policy->n_metrics; m++)
        kept |= visit->metrics[m].n_kept | visit->metrics[m].n_events;
    if (!dp->vault || kept == 0) return SOTTO_OK;
    if (now_s < 0) return fail(err, SOTTO_E_ARGUMENT, "time is before 1970");
    if (dp->policy->metrics[0].unit == UNIT_HOUSEHOLD)
        return household_commit(dp, visit, now_s, err);
    int status = tally_begin(dp, now_s, &ledger, err);
    if (status != SOTTO_OK) return status;
    status = vault_begin(dp->vault, err);
    if (status != SOTTO_OK) return status;
    for (uint32_t m = 0; m < dp->policy->n_metrics && status == SOTTO_OK; m++)
        status = commit_metric(dp, &ledger, visit, m, now_s, err);
    if (status == SOTTO_OK) status = vault_commit(dp->vault, err);
    if (status != SOTTO_OK) vault_rollback(dp->vault);
    return status;
}
