/* newer_vault: what somebody, or a later engine, may do to the file of a closed vault. */
#ifndef SOTTO_TEST_NEWER_VAULT_H
#define SOTTO_TEST_NEWER_VAULT_H

#include "vault/vault.h"

/* Runs SQL on the database `path`, which nobody has open. */
void db_run(const char *path, const char *sql);

/* The number that a query on it gives. */
int64_t db_number(const char *path, const char *sql);

/* Makes of the closed vault of `port` what a later engine might write: its format and the oldest
 * that may read it, `more` (0 to 8) bytes behind what this engine knows of META, and a row of a
 * kind that it does not know. */
void make_newer_vault(const struct sotto_port *port, uint32_t format, uint32_t readers,
                      size_t more);

#endif
