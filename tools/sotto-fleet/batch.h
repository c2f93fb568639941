/* batch: one file of many reports, taken apart. A batch is reports one after the other, nothing
 * between them (a CBOR sequence, RFC 8742): `cat *.report > day.reports` makes one. Promises that
 * what is damaged costs only itself: whatever follows it is found again by the bytes that every
 * report begins with. Believes nothing and keeps a fixed amount of memory. Called by collect.c. */
#ifndef SOTTO_FLEET_BATCH_H
#define SOTTO_FLEET_BATCH_H

#include "crypto/crypto.h"
#include "sotto_report.h"

#define BATCH_KEPT_MAX 65536 /* bytes of a damaged stretch that are handed on */

struct batch {
    int fd;                 /* the caller's */
    uint64_t offset;        /* of buf[from] in the file */
    size_t from, to;        /* what of buf is still to be read */
    int is_end, has_failed; /* nothing follows buf; errno tells why */
    uint8_t buf[65536], kept[BATCH_KEPT_MAX];
};

struct batch_piece {
    int is_report;        /* shaped like one; else a stretch that is none */
    uint64_t offset;      /* in the file */
    uint64_t length;      /* of the stretch in the file */
    const uint8_t *bytes; /* until the next call; its first BATCH_KEPT_MAX bytes */
    size_t n;
    uint8_t hash[HASH_BYTES]; /* of all of it; not set for reports */
};

void batch_begin(struct batch *b, int fd);
/* 1 and *piece; 0 at the end of the file; -1 when it cannot be read (errno). */
int batch_next(struct batch *b, struct batch_piece *piece) MUST_CHECK;

#endif
