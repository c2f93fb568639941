/* history: see history.h. A chunk: u8 format = 2, u8 events, u8 items, u8 zero, u32 time of the
 * first event; u64 keys of the items in the order in which they first come; per event u8 type · 64
 * + item, and but for the first the seconds since the event before, in 1 to 5
 * bytes of 7 bits, or those that it is earlier, with a u8 zero ahead of the event; zeros to the
 * end. Item 0 is the next one that has not come yet, 1 to 62 the one that came so many before that
 * one, 63 any earlier, whose number follows in a byte (SOTTO_EVENT_LIKE is 63 alone and the number,
 * also of a new one). There is one encoding of each list of
 * events, and no other is read. Format 1 is still read: u8 1, u8 events, u16 zero, then per event
 * u64 key, u32 time, u8 type, u8[3] zero. */
#include "profile/history.h"

#include "crypto/crypto.h"

#define FORMAT     2
#define FORMAT_1   1
#define HEAD_BYTES 8
#define EVENT_1    16 /* bytes of an event in format 1 */
#define EVENTS_1   32 /* the most in format 1 */
#define BACK_MAX   62
#define FAR_BACK   63
#define ITEMS_MAX  ((HISTORY_CHUNK_BYTES - HEAD_BYTES) / (8 + 1))
_Static_assert(4 + EVENTS_1 * EVENT_1 <= HISTORY_CHUNK_BYTES, "chunk of format 1");
_Static_assert(HEAD_BYTES + 8 + 1 + 1 + 5 <= HISTORY_CHUNK_BYTES, "one event always fits");
_Static_assert(ITEMS_MAX < HISTORY_CHUNK_EVENTS && SOTTO_EVENT_LIKE == 4, "type and item");

static void drop_front(struct history *h, uint32_t k) {
    if (k == 0) return;
    memmove(h->events, h->events + k, (h->n - k) * sizeof h->events[0]);
    memset(h->events + (h->n - k), 0, k * sizeof h->events[0]);
    h->n -= k;
    h->n_stored -= k < h->n_stored ? k : h->n_stored;
    h->n_doubt -= k < h->n_doubt ? k : h->n_doubt;
}

/* Many at once, for moving the rest is dear. */
#define FORGOTTEN_AT_ONCE 32

void history_add(struct history *h, struct history_event event) {
    if (h->n == SOTTO_HISTORY_MAX) drop_front(h, FORGOTTEN_AT_ONCE);
    h->events[h->n++] = event;
}

void history_expire(struct history *h, int64_t since_s) {
    uint32_t k = 0;
    while (k < h->n && h->events[k].time_s < since_s) k++;
    drop_front(h, k);
}

uint32_t history_forget(struct history *h, uint64_t key, uint32_t time_s) {
    uint32_t left = 0, stored = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        const struct history_event *e = &h->events[i];
        if ((key == 0 || e->key == key) && (time_s == 0 || e->time_s == time_s)) continue;
        stored += i < h->n_stored;
        h->events[left++] = h->events[i];
    }
    uint32_t gone = h->n - left;
    wipe(h->events + left, gone * sizeof h->events[0]);
    h->n = left;
    h->n_stored = stored;
    return gone;
}

void history_drop_stored(struct history *h) { drop_front(h, h->n_stored); }

/* Puts an event of the vault in its place. What was done since may already fill the history: then
 * there is no room for older ones. */
static void add_stored(struct history *h, struct history_event event) {
    if (h->n == SOTTO_HISTORY_MAX) {
        if (h->n_stored == 0) return;
        drop_front(h, h->n_stored > FORGOTTEN_AT_ONCE ? FORGOTTEN_AT_ONCE : 1);
    }
    struct history_event *at = h->events + h->n_stored;
    memmove(at + 1, at, (h->n - h->n_stored) * sizeof *at);
    *at = event;
    h->n_stored++;
    h->n++;
}

static uint8_t *put_varint(uint8_t *p, uint32_t v) {
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

static uint32_t item_number(const uint64_t *keys, uint32_t items, uint64_t key) {
    uint32_t k = items;
    /* From the latest on: people come back to what they just saw. */
    while (k > 0 && keys[k - 1] != key) k--;
    return k > 0 ? k - 1 : items;
}

uint32_t history_encode(const struct history *h, uint32_t first,
                        uint8_t bytes[HISTORY_CHUNK_BYTES]) {
    const struct history_event *e = h->events + first;
    uint64_t keys[ITEMS_MAX];
    uint8_t steps[HISTORY_CHUNK_BYTES + 8] = {0}; /* what comes behind the keys */
    uint32_t n = 0, items = 0;
    size_t steps_n = 0;
    for (; first + n < h->n && n < HISTORY_CHUNK_EVENTS; n++) {
        uint8_t *p = steps + steps_n;
        uint32_t k = item_number(keys, items, e[n].key), back = items - k;
        int is_earlier = n > 0 && e[n].time_s < e[n - 1].time_s;
        if (is_earlier) *p++ = 0;
        int is_like = e[n].type == SOTTO_EVENT_LIKE, is_far = is_like || back > BACK_MAX;
        *p++ = (uint8_t)((is_like ? 0 : e[n].type) << 6 | (is_far ? FAR_BACK : back));
        if (is_far) *p++ = (uint8_t)k;
        if (n > 0)
            p = put_varint(p, is_earlier ? e[n - 1].time_s - e[n].time_s
                                         : e[n].time_s - e[n - 1].time_s);
        size_t wanted = (size_t)(p - steps);
        if (HEAD_BYTES + 8 * (size_t)(items + (back == 0)) + wanted > HISTORY_CHUNK_BYTES) break;
        if (back == 0) keys[items++] = e[n].key;
        steps_n = wanted;
    }
    memset(bytes, 0, HISTORY_CHUNK_BYTES);
    bytes[0] = FORMAT;
    bytes[1] = (uint8_t)n;
    bytes[2] = (uint8_t)items;
    if (n > 0) store32(bytes + 4, e[0].time_s);
    for (uint32_t k = 0; k < items; k++) store64(bytes + HEAD_BYTES + 8 * (size_t)k, keys[k]);
    memcpy(bytes + HEAD_BYTES + 8 * (size_t)items, steps, steps_n);
    wipe(keys, sizeof keys);
    wipe(steps, sizeof steps);
    return n;
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

/* The number of the item that an event's byte refers to, of `seen` that came before it; `seen`
 * itself is a new one. Anything else is malformed. *at is moved on. */
static uint32_t item_of(const uint8_t *bytes, size_t n, size_t *at, uint32_t seen) {
    uint32_t is_like = bytes[*at] < 64, back = bytes[(*at)++] & 63;
    if (is_like)
        return back == FAR_BACK && *at < n && bytes[*at] <= seen ? bytes[(*at)++] : UINT32_MAX;
    if (back <= BACK_MAX) return back <= seen ? seen - back : UINT32_MAX;
    if (*at == n) return UINT32_MAX;
    uint32_t k = bytes[(*at)++];
    return k < seen && seen - k > BACK_MAX ? k : UINT32_MAX;
}

static int are_distinct(const uint64_t *keys, uint32_t n) {
    int same = 0;
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t k = 0; k < i; k++) same |= keys[i] == keys[k];
    return !same;
}

static int decode_2(struct history_event *e, const uint8_t *bytes, size_t n) {
    uint64_t keys[ITEMS_MAX];
    uint32_t items = bytes[2], seen = 0;
    size_t at = HEAD_BYTES + 8 * (size_t)items;
    if (n != HISTORY_CHUNK_BYTES || items == 0 || items > ITEMS_MAX || bytes[3]) return -1;
    for (uint32_t k = 0; k < items; k++) keys[k] = load64(bytes + HEAD_BYTES + 8 * (size_t)k);
    int64_t time_s = load32(bytes + 4);
    for (uint32_t i = 0; i < bytes[1]; i++) {
        uint64_t since = 0;
        int is_earlier = i > 0 && at < n && bytes[at] == 0;
        at += (size_t)is_earlier;
        if (at == n) return -1;
        uint8_t type = bytes[at] >> 6 ? bytes[at] >> 6 : SOTTO_EVENT_LIKE;
        uint32_t item = item_of(bytes, n, &at, seen);
        size_t length = i == 0 ? 0 : get_varint(bytes + at, n - at, &since);
        if (i > 0 && length == 0) return -1;
        at += length;
        time_s += is_earlier ? -(int64_t)since : (int64_t)since;
        if ((is_earlier && since == 0) || item >= items || time_s < 0 || time_s > UINT32_MAX)
            return -1;
        seen += item == seen;
        e[i] = (struct history_event){keys[item], HISTORY_NO_ITEM, (uint32_t)time_s, type};
    }
    uint8_t rest = 0;
    while (at < n) rest |= bytes[at++];
    int is_good = seen == items && rest == 0 && are_distinct(keys, items);
    wipe(keys, sizeof keys);
    return is_good ? 0 : -1;
}

int history_decode(struct history *h, const uint8_t *bytes, size_t n) {
    struct history_event e[HISTORY_CHUNK_EVENTS];
    int is_good = n >= HEAD_BYTES && bytes[1] > 0;
    if (is_good && bytes[0] == FORMAT)
        is_good = decode_2(e, bytes, n) == 0;
    else
        is_good =
            is_good && bytes[0] == FORMAT_1 && bytes[1] <= EVENTS_1 && decode_1(e, bytes, n) == 0;
    for (unsigned i = 0; is_good && i < bytes[1]; i++) add_stored(h, e[i]);
    wipe(e, sizeof e);
    return is_good ? 0 : -1;
}
