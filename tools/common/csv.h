/* csv: records of RFC 4180 from a possibly compressed file. Bounded memory; a line that breaks the
 * format is handed out as bad and the reader goes on behind it. Host side only. */
#ifndef SOTTO_CSV_H
#define SOTTO_CSV_H

#include <stddef.h>

#include "crypto/crypto.h"
#include "sotto.h"

#define CSV_RECORD_MAX (1u << 20) /* bytes */
#define CSV_FIELDS_MAX 512
/* A quoted field that spans more lines than this is taken for a quote that was never closed. */
#define CSV_QUOTED_LINES_MAX 100

struct csv; /* an open file */

struct csv_record {
    uint64_t line;       /* where it begins, from 1 */
    const char *problem; /* NULL, or what is wrong: then there are no fields */
    size_t n_fields;
    char *fields[CSV_FIELDS_MAX]; /* NUL-terminated, valid UTF-8, until the next call */
};

struct csv *csv_open(const char *path, struct sotto_error *err);
/* 1 and a record, 0 at the end, or a negative sotto_status when the file itself cannot be read on.
 * Empty lines are passed over. */
int csv_next(struct csv *c, struct csv_record *record, struct sotto_error *err);
/* BLAKE2b-256 of all bytes read so far, decompressed (`b2sum -l 256` at the end). Call once. */
void csv_hash(struct csv *c, uint8_t hash[HASH_BYTES]);
/* How much of the file is read, as stream_progress. */
void csv_progress(const struct csv *c, uint64_t *done, uint64_t *total);
void csv_close(struct csv *c);

#endif
