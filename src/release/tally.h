/* tally: the raw counts of windows that are not sealed yet. Owns the records of class VAULT_TALLY
 * (slot = metric, seq = window); promises that one visit adds at most max_weight to at most
 * max_cells cells. Called by release.c. */
#ifndef SOTTO_TALLY_H
#define SOTTO_TALLY_H

#include "release/ledger.h"

/* A cell stands still here: a visit then changes it by less than its weight, never by more. */
#define TALLY_CELL_MAX 32767

struct tally {
    uint16_t cells[POLICY_CELLS_MAX];
};

/* Reads a window's counts: zeros when there are none or when they were made under another schema.
 */
int tally_load(struct vault *vault, const struct policy *policy, const struct policy_metric *metric,
               uint32_t window, struct tally *tally, struct sotto_error *err) MUST_CHECK;

/* Deletes one window's counts; those of every window of `metric` before `window`; or all. Each is
 * to be called within a transaction. */
int tally_delete(struct vault *vault, uint32_t metric, uint32_t window,
                 struct sotto_error *err) MUST_CHECK;
int tally_delete_before(struct vault *vault, uint32_t metric, uint32_t window,
                        struct sotto_error *err) MUST_CHECK;
int tally_delete_all(struct vault *vault, struct sotto_error *err) MUST_CHECK;
/* Deletes the records of key's class from `key` on that are before (slot, seq). */
int tally_delete_run(struct vault *vault, struct vault_key key, uint32_t slot, uint64_t seq,
                     struct sotto_error *err) MUST_CHECK;

/* Loads the ledger; under a schema it does not know, begins: notes the windows open at `now_s` (or
 * the first after all that was ever sealed) as the first to count, and deletes what was counted or
 * kept to be answered under another. Does nothing of the kind under the
 * compiled-in strict policy, so that a policy pack which could not be read once loses nothing. */
int tally_begin(struct dp *dp, int64_t now_s, struct ledger *ledger,
                struct sotto_error *err) MUST_CHECK;

#endif
