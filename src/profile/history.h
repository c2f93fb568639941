/* history: what a person did, latest last, bounded. Lives in locked memory; pure. */
#ifndef SOTTO_HISTORY_H
#define SOTTO_HISTORY_H

#include "base/base.h"

#define HISTORY_BATCH_EVENTS 32  /* are stored as soon as so many wait */
#define HISTORY_CHUNK_EVENTS 255 /* at most */
/* Of every chunk, full or not: sealed, it just fits a page of the store, so that filling it up
 * rewrites one page in its place and tells nobody how full it is. */
#define HISTORY_CHUNK_BYTES 924
#define HISTORY_NO_ITEM     UINT32_MAX

struct history_event {
    uint64_t key;    /* hash_item_id of the item: survives a change of model */
    uint32_t item;   /* its index in the model now loaded, HISTORY_NO_ITEM if it is not there */
    uint32_t time_s; /* seconds since 1970, good until 2106 */
    uint8_t type;    /* enum sotto_event_type */
};

struct history {
    uint32_t n;
    uint32_t n_stored; /* how many of the first events the vault already holds */
    uint32_t n_doubt;  /* how many it may hold: a commit that failed may have been done */
    struct history_event events[SOTTO_HISTORY_MAX];
};

/* Appends; forgets some of the oldest events when full. */
void history_add(struct history *h, struct history_event event);
/* Forgets events before `since_s` from the front. */
void history_expire(struct history *h, int64_t since_s);
/* Forgets the events of one item (0: of any), at one time or (0) ever; how many there were. */
uint32_t history_forget(struct history *h, uint64_t key, uint32_t time_s);
/* Forgets the events that the vault holds. */
void history_drop_stored(struct history *h);

/* Encodes as many of the events from `first` on as fit, in their order; returns how many, at least
 * one if there is one. */
uint32_t history_encode(const struct history *h, uint32_t first,
                        uint8_t bytes[HISTORY_CHUNK_BYTES]);
/* Adds a chunk's events, with item = HISTORY_NO_ITEM, behind those stored before and ahead of what
 * the vault does not hold yet; forgets some of the oldest when full. -1 if the chunk is malformed;
 * then nothing was added. */
int history_decode(struct history *h, const uint8_t *bytes, size_t n) MUST_CHECK;

#endif
