/* history: see history.h. A chunk: u8 format = 2, u8 events, u8 items, u8 zero, u32 time of the
 * first event; u64 keys of the items in the order in which they first come; per event u8 type · 32
 * + item, and the seconds since the event before (the first: 0), zigzag, in 1 to 5 bytes of 7 bits.
 * There is one encoding of each list of events, and no other is read. Format 1 is still read: u8 1,
 * u8 events, u16 zero, then per event u64 key, u32 time, u8 type, u8[3] zero. */
#include "profile/history.h"

#include "crypto/crypto.h"

#define FORMAT     2
#define FORMAT_1   1
#define HEAD_BYTES 8
#define EVENT_1    16 /* bytes of an event in format 1 */
_Static_assert(HEAD_BYTES + HISTORY_CHUNK_EVENTS * (8 + 1 + 5) <= HISTORY_CHUNK_BYTES, "chunk");
_Static_assert(4 + HISTORY_CHUNK_EVENTS * EVENT_1 <= HISTORY_CHUNK_BYTES, "chunk of format 1");
_Static_assert(HISTORY_CHUNK_EVENTS <= 32 && SOTTO_EVENT_PURCHASE < 8,
               "type and item share a byte");

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

static uint64_t zigzag(int64_t v) { return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0); }

static int64_t unzigzag(uint64_t v) { return (int64_t)(v >> 1) ^ -(int64_t)(v & 1); }

static uint8_t *put_varint(uint8_t *p, uint64_t v) {
    for (; v > 0x7f; v >>= 7) *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

/* The bytes read, 0 when it is cut off, too long or not the shortest. */
static size_t get_varint(const uint8_t *p, size_t n, uint64_t *v) {
    *v = 0;
    for (size_t i = 0; i < n && i < 5; i++) {
        *v |= (uint64_t)(p[i] & 0x7f) << 7 * i;
        if (!(p[i] & 0x80)) return p[i] == 0 && i > 0 ? 0 : i + 1;
    }
    return 0;
}

size_t history_encode(const struct history *h, uint32_t first, uint32_t n,
                      uint8_t bytes[HISTORY_CHUNK_BYTES]) {
    const struct history_event *e = h->events + first;
    uint8_t item_of[HISTORY_CHUNK_EVENTS], items = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *key = bytes + HEAD_BYTES;
        uint8_t k = 0;
        for (; k < items && load64(key) != e[i].key; k++) key += 8;
        if (k == items) store64(bytes + HEAD_BYTES + 8 * (size_t)items++, e[i].key);
        item_of[i] = k;
    }
    bytes[0] = FORMAT;
    bytes[1] = (uint8_t)n;
    bytes[2] = items;
    bytes[3] = 0;
    store32(bytes + 4, e[0].time_s);
    uint8_t *p = bytes + HEAD_BYTES + 8 * (size_t)items;
    for (uint32_t i = 0; i < n; i++) {
        *p++ = (uint8_t)(e[i].type << 5 | item_of[i]);
        if (i > 0) p = put_varint(p, zigzag((int64_t)e[i].time_s - e[i - 1].time_s));
    }
    return (size_t)(p - bytes);
}

static int decode_1(struct history_event *e, const uint8_t *bytes, size_t n) {
    if (load16(bytes + 2) != 0 || n != 4 + (size_t)bytes[1] * EVENT_1) return -1;
    for (unsigned i = 0; i < bytes[1]; i++) {
        const uint8_t *p = bytes + 4 + (size_t)i * EVENT_1;
        if (p[12] < SOTTO_EVENT_VIEW || p[12] > SOTTO_EVENT_PURCHASE || p[13] || p[14] || p[15])
            return -1;
        e[i] = (struct history_event){load64(p), HISTORY_NO_ITEM, load32(p + 8), p[12]};
    }
    return 0;
}

static int decode_2(struct history_event *e, const uint8_t *bytes, size_t n) {
    unsigned items = bytes[2], seen = 0;
    size_t at = HEAD_BYTES + 8 * (size_t)items;
    if (n < at || items == 0 || items > bytes[1] || bytes[3]) return -1;
    int64_t time_s = load32(bytes + 4);
    for (unsigned i = 0; i < bytes[1]; i++) {
        uint64_t since = 0;
        if (at == n) return -1;
        uint8_t type = bytes[at] >> 5, item = bytes[at] & 31;
        at++;
        size_t length = i == 0 ? 0 : get_varint(bytes + at, n - at, &since);
        if (i > 0 && length == 0) return -1;
        at += length;
        time_s += unzigzag(since);
        if (type < SOTTO_EVENT_VIEW || type > SOTTO_EVENT_PURCHASE || item > seen ||
            item >= items || time_s < 0 || time_s > UINT32_MAX)
            return -1;
        seen += item == seen;
        e[i] = (struct history_event){load64(bytes + HEAD_BYTES + 8 * (size_t)item),
                                      HISTORY_NO_ITEM, (uint32_t)time_s, type};
    }
    if (seen != items || at != n) return -1;
    for (unsigned i = 1; i < items; i++) /* each key once */
        for (unsigned k = 0; k < i; k++)
            if (memcmp(bytes + HEAD_BYTES + 8 * i, bytes + HEAD_BYTES + 8 * k, 8) == 0) return -1;
    return 0;
}

int history_decode(struct history *h, const uint8_t *bytes, size_t n) {
    struct history_event e[HISTORY_CHUNK_EVENTS];
    int is_good = n >= HEAD_BYTES && bytes[1] > 0 && bytes[1] <= HISTORY_CHUNK_EVENTS;
    if (is_good && bytes[0] == FORMAT)
        is_good = decode_2(e, bytes, n) == 0;
    else
        is_good = is_good && bytes[0] == FORMAT_1 && decode_1(e, bytes, n) == 0;
    for (unsigned i = 0; is_good && i < bytes[1]; i++) add_stored(h, e[i]);
    wipe(e, sizeof e);
    return is_good ? 0 : -1;
}
