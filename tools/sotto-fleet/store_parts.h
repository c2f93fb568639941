/* store_parts: how the files of the store use prepared statements. Nobody else includes it. */
#ifndef SOTTO_FLEET_STORE_PARTS_H
#define SOTTO_FLEET_STORE_PARTS_H

#include <sqlite3.h>

#include "tools/sotto-fleet/store.h"

/* Fills err from an SQLite result and returns the status that fits. */
int store_error(struct fleet_store *s, int rc, struct sotto_error *err);

/* One use of a prepared statement: parameters are bound in order, the first failure is remembered.
 * Bound bytes and texts must live until use_done. */
struct use {
    struct fleet_store *s;
    sqlite3_stmt *query;
    int next, rc;
};

struct use use_of(struct fleet_store *s, enum fleet_statement which);
void bind_int(struct use *u, int64_t v);
void bind_bytes(struct use *u, const void *bytes, size_t n);
void bind_text(struct use *u, const char *text);
/* 1 when there is a row to read. */
int use_step(struct use *u);
/* Ends the use. SOTTO_OK after a row or a finished statement, else the error. */
int use_done(struct use *u, struct sotto_error *err) MUST_CHECK;
/* SOTTO_OK when the query has a row, SOTTO_E_NOT_FOUND when not; ends the use. */
int use_exists(struct use *u, struct sotto_error *err) MUST_CHECK;

/* Copies a blob column of exactly n bytes; another length is damage. */
void column_bytes(struct use *u, int column, void *out, size_t n);
uint32_t column_u32(struct use *u, int column);
void column_text(struct use *u, int column, char *out, size_t cap);

#endif
