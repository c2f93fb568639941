/* cbor: deterministic encoding and a strict decoder, RFC 8949 §3 and §4.2.1. */
#include "base/cbor.h"

static void put_head(struct cbor_writer *w, enum cbor_major major, uint64_t v) {
    uint8_t head[9];
    size_t n;
    if (v < 24) {
        head[0] = (uint8_t)(major << 5 | v);
        n = 1;
    } else {
        unsigned log2_bytes = v <= 0xff ? 0 : v <= 0xffff ? 1 : v <= 0xffffffff ? 2 : 3;
        size_t bytes = (size_t)1 << log2_bytes;
        head[0] = (uint8_t)(major << 5 | (24 + log2_bytes));
        for (size_t i = 0; i < bytes; i++) head[1 + i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
        n = 1 + bytes;
    }
    if (w->is_bad || n > w->cap - w->n) {
        w->is_bad = 1;
        return;
    }
    memcpy(w->bytes + w->n, head, n);
    w->n += n;
}

void cbor_put_uint(struct cbor_writer *w, uint64_t v) { put_head(w, CBOR_UINT, v); }

void cbor_put_int(struct cbor_writer *w, int64_t v) {
    if (v < 0)
        put_head(w, CBOR_NEGATIVE, ~(uint64_t)v); /* -1 - v without overflow at INT64_MIN */
    else
        put_head(w, CBOR_UINT, (uint64_t)v);
}

static void put_string(struct cbor_writer *w, enum cbor_major major, const void *s, size_t n) {
    put_head(w, major, n);
    if (w->is_bad || n > w->cap - w->n) {
        w->is_bad = 1;
        return;
    }
    if (n) memcpy(w->bytes + w->n, s, n);
    w->n += n;
}

void cbor_put_bytes(struct cbor_writer *w, const void *bytes, size_t n) {
    put_string(w, CBOR_BYTES, bytes, n);
}
void cbor_put_text(struct cbor_writer *w, const char *text) {
    put_string(w, CBOR_TEXT, text, strlen(text));
}
void cbor_put_array(struct cbor_writer *w, uint64_t items) { put_head(w, CBOR_ARRAY, items); }
void cbor_put_map(struct cbor_writer *w, uint64_t pairs) { put_head(w, CBOR_MAP, pairs); }
void cbor_put_tag(struct cbor_writer *w, uint64_t tag) { put_head(w, CBOR_TAG, tag); }

static uint64_t get_head(struct cbor_reader *r, enum cbor_major *major) {
    if (r->is_bad || r->at >= r->end) {
        r->is_bad = 1;
        return 0;
    }
    uint8_t first = *r->at++;
    unsigned low = first & 31;
    *major = (enum cbor_major)(first >> 5);
    if (low < 24) return low;
    if (low > 27 || (size_t)(r->end - r->at) < (size_t)1 << (low - 24)) {
        r->is_bad = 1; /* indefinite, reserved or cut off */
        return 0;
    }
    static const uint64_t least[4] = {24, 0x100, 0x10000, 0x100000000};
    uint64_t v = 0;
    for (unsigned i = 0; i < 1u << (low - 24); i++) v = v << 8 | *r->at++;
    if (v < least[low - 24]) {
        r->is_bad = 1; /* not the shortest form */
        return 0;
    }
    return v;
}

static uint64_t get_of(struct cbor_reader *r, enum cbor_major wanted, uint64_t max) {
    enum cbor_major major = wanted;
    uint64_t v = get_head(r, &major);
    if (r->is_bad || major != wanted || v > max) {
        r->is_bad = 1;
        return 0;
    }
    return v;
}

uint64_t cbor_get_uint(struct cbor_reader *r, uint64_t max) { return get_of(r, CBOR_UINT, max); }

int64_t cbor_get_int(struct cbor_reader *r, int64_t min, int64_t max) {
    enum cbor_major major = CBOR_UINT;
    uint64_t v = get_head(r, &major);
    int64_t value = 0;
    if (major > CBOR_NEGATIVE || v > INT64_MAX)
        r->is_bad = 1;
    else
        value = major == CBOR_NEGATIVE ? -1 - (int64_t)v : (int64_t)v;
    if (value < min || value > max) r->is_bad = 1;
    return r->is_bad ? 0 : value;
}

static const uint8_t *get_string(struct cbor_reader *r, enum cbor_major major, size_t *n) {
    uint64_t length = get_of(r, major, SIZE_MAX);
    *n = 0;
    if (r->is_bad || length > (size_t)(r->end - r->at)) {
        r->is_bad = 1;
        return NULL;
    }
    const uint8_t *s = r->at;
    r->at += length;
    *n = (size_t)length;
    return s;
}

const uint8_t *cbor_get_bytes(struct cbor_reader *r, size_t *n) {
    return get_string(r, CBOR_BYTES, n);
}

const uint8_t *cbor_get_fixed(struct cbor_reader *r, size_t n) {
    size_t length;
    const uint8_t *s = get_string(r, CBOR_BYTES, &length);
    if (r->is_bad || length != n) {
        r->is_bad = 1;
        return NULL;
    }
    return s;
}

const char *cbor_get_text(struct cbor_reader *r, size_t *n) {
    const char *s = (const char *)get_string(r, CBOR_TEXT, n);
    if (r->is_bad || !utf8_is_printable(s, *n)) {
        r->is_bad = 1;
        *n = 0;
        return NULL;
    }
    return s;
}

uint64_t cbor_get_array(struct cbor_reader *r, uint64_t max) { return get_of(r, CBOR_ARRAY, max); }
uint64_t cbor_get_map(struct cbor_reader *r, uint64_t max) { return get_of(r, CBOR_MAP, max); }

void cbor_expect_tag(struct cbor_reader *r, uint64_t tag) {
    if (get_of(r, CBOR_TAG, UINT64_MAX) != tag) r->is_bad = 1;
}
void cbor_expect_uint(struct cbor_reader *r, uint64_t v) {
    if (get_of(r, CBOR_UINT, UINT64_MAX) != v) r->is_bad = 1;
}

int cbor_is_done(const struct cbor_reader *r) { return !r->is_bad && r->at == r->end; }
