/* rows: reading what may not be there. A record that does not exist is no failure in this room, so
 * it leaves *err alone; everything else is. Called by ledger.c, tally.c and release.c. */
#ifndef SOTTO_DP_ROWS_H
#define SOTTO_DP_ROWS_H

#include "dp/dp.h"

static inline int row_result(int status, const struct sotto_error *why, struct sotto_error *err) {
    if (status != SOTTO_OK && status != SOTTO_E_NOT_FOUND && err) *err = *why;
    return status;
}

/* vault_get and vault_next, but SOTTO_E_NOT_FOUND does not touch *err. */
static inline int row_get(struct vault *vault, struct vault_key key, void *buf, size_t cap,
                          size_t *n, struct sotto_error *err) {
    struct sotto_error why;
    return row_result(vault_get(vault, key, buf, cap, n, &why), &why, err);
}

static inline int row_next(struct vault *vault, struct vault_key *key, int is_first,
                           struct sotto_error *err) {
    struct sotto_error why;
    return row_result(vault_next(vault, key, is_first, &why), &why, err);
}

#endif
