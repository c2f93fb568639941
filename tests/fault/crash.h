/* crash: what a power cut could have left. From the image before a record, its operations and a
 * place among them, builds images of the disk at 512-byte sectors: every write that no sync
 * followed may be there whole, in part or not at all, in any order and across files; a sector that
 * was being written may hold garbage within what was written (SQLite's assumption of powersafe
 * overwrite: bytes beside a write are not harmed); a file may have kept its old size, or grown
 * without its content; a deletion whose folder was not synced may be undone. Slots and counter are
 * durable when their calls return. Called by the rows of the matrix. */
#ifndef SOTTO_FAULT_CRASH_H
#define SOTTO_FAULT_CRASH_H

#include "tests/fault/disk.h"

#define CRASH_PENDING_MAX 65536

struct unsynced {
    const struct op *op;
    uint8_t is_lost; /* a sync of its file failed: never durable */
};

/* The disk after some operations. */
struct crash {
    const struct ops *ops;
    size_t point;         /* operations that happened */
    struct image durable; /* what is there whatever happens */
    struct unsynced pending[CRASH_PENDING_MAX];
    size_t n_pending;
};

/* Before the first operation; `before` is copied. */
void crash_begin(struct crash *c, const struct ops *ops, const struct image *before);
/* Lets one operation happen. */
void crash_step(struct crash *c);
void crash_end(struct crash *c);
/* Whether the operation that happened last is one before or after which power can fail. */
int crash_is_point(const struct crash *c);

/* Prints the last operations and which are pending, for whoever makes a failure again. */
void crash_tell(const struct crash *c);

/* All that was written is there. */
void crash_keep_all(const struct crash *c, struct image *to);
/* None of what no sync followed is. */
void crash_lose_all(const struct crash *c, struct image *to);
/* The pending operations whose bit is set in `mask` (at most 64 of them). */
void crash_keep_some(const struct crash *c, uint64_t mask, struct image *to);
/* A draw: losses, torn and garbage sectors, stale sizes. */
void crash_draw(const struct crash *c, uint64_t seed, struct image *to);

#endif
