/* history: see history.h. Chunk: u8 format = 1, u8 events, u16 zero, then per event u64 key, u32
 * time, u8 type, u8[3] zero. */
#include "profile/history.h"

#define FORMAT 1

static void drop_front(struct history *h, uint32_t k) {
    if (k == 0) return;
    memmove(h->events, h->events + k, (h->n - k) * sizeof h->events[0]);
    memset(h->events + (h->n - k), 0, k * sizeof h->events[0]);
    h->n -= k;
    h->n_stored -= k < h->n_stored ? k : h->n_stored;
}

void history_add(struct history *h, struct history_event event) {
    if (h->n == SOTTO_HISTORY_MAX) drop_front(h, 1);
    h->events[h->n++] = event;
}

void history_expire(struct history *h, int64_t since_s) {
    uint32_t k = 0;
    while (k < h->n && h->events[k].time_s < since_s) k++;
    drop_front(h, k);
}

void history_drop_stored(struct history *h) { drop_front(h, h->n_stored); }

/* Puts an event of the vault in its place. What was done since may already fill the history: then
 * there is no room for older ones. */
static void add_stored(struct history *h, struct history_event event) {
    if (h->n == SOTTO_HISTORY_MAX) {
        if (h->n_stored == 0) return;
        drop_front(h, 1);
    }
    struct history_event *at = h->events + h->n_stored;
    memmove(at + 1, at, (h->n - h->n_stored) * sizeof *at);
    *at = event;
    h->n_stored++;
    h->n++;
}

size_t history_encode(const struct history *h, uint32_t first, uint32_t n,
                      uint8_t bytes[HISTORY_CHUNK_BYTES]) {
    memset(bytes, 0, HISTORY_CHUNK_BYTES);
    bytes[0] = FORMAT;
    bytes[1] = (uint8_t)n;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *p = bytes + 4 + (size_t)i * HISTORY_EVENT_BYTES;
        store64(p, h->events[first + i].key);
        store32(p + 8, h->events[first + i].time_s);
        p[12] = h->events[first + i].type;
    }
    return 4 + (size_t)n * HISTORY_EVENT_BYTES;
}

int history_decode(struct history *h, const uint8_t *bytes, size_t n) {
    if (n < 4 || bytes[0] != FORMAT || bytes[1] == 0 || bytes[1] > HISTORY_CHUNK_EVENTS ||
        load16(bytes + 2) != 0 || n != 4 + (size_t)bytes[1] * HISTORY_EVENT_BYTES)
        return -1;
    for (unsigned i = 0; i < bytes[1]; i++) {
        const uint8_t *p = bytes + 4 + (size_t)i * HISTORY_EVENT_BYTES;
        if (p[12] < SOTTO_EVENT_VIEW || p[12] > SOTTO_EVENT_PURCHASE || p[13] || p[14] || p[15])
            return -1;
    }
    for (unsigned i = 0; i < bytes[1]; i++) {
        const uint8_t *p = bytes + 4 + (size_t)i * HISTORY_EVENT_BYTES;
        struct history_event event = {load64(p), HISTORY_NO_ITEM, load32(p + 8), p[12]};
        add_stored(h, event);
    }
    return 0;
}
