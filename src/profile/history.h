/* history: what a person did, latest last, bounded. Lives in locked memory; pure. */
#ifndef SOTTO_HISTORY_H
#define SOTTO_HISTORY_H

#include "base/base.h"

#define HISTORY_CHUNK_EVENTS 32
#define HISTORY_CHUNK_BYTES  516 /* at most */
#define HISTORY_NO_ITEM      UINT32_MAX

struct history_event {
    uint64_t key;    /* hash_item_id of the item: survives a change of model */
    uint32_t item;   /* its index in the model now loaded, HISTORY_NO_ITEM if it is not there */
    uint32_t time_s; /* seconds since 1970, good until 2106 */
    uint8_t type;    /* enum sotto_event_type */
};

struct history {
    uint32_t n;
    uint32_t n_stored; /* how many of the first events the vault already holds */
    struct history_event events[SOTTO_HISTORY_MAX];
};

/* Appends; forgets the oldest event when full. */
void history_add(struct history *h, struct history_event event);
/* Forgets events before `since_s` from the front. */
void history_expire(struct history *h, int64_t since_s);
/* Forgets the events that the vault holds. */
void history_drop_stored(struct history *h);

/* Encodes events [first, first + n), n ≤ HISTORY_CHUNK_EVENTS; returns the length. */
size_t history_encode(const struct history *h, uint32_t first, uint32_t n,
                      uint8_t bytes[HISTORY_CHUNK_BYTES]);
/* Adds a chunk's events, with item = HISTORY_NO_ITEM, behind those stored before and ahead of what
 * the vault does not hold yet; forgets the oldest when full. -1 if the chunk is malformed; then
 * nothing was added. */
int history_decode(struct history *h, const uint8_t *bytes, size_t n) MUST_CHECK;

#endif
