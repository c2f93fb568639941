/* cbor: the deterministic subset of CBOR (RFC 8949 §4.2.1) that packs and reports use: unsigned and
 * negative integers, byte and text strings, definite arrays and maps, tags. Shortest encodings
 * only; the reader refuses everything else. Both sides go bad once and stay bad, so a caller may
 * chain calls and check once at the end. */
#ifndef SOTTO_CBOR_H
#define SOTTO_CBOR_H

#include "base/base.h"

enum cbor_major {
    CBOR_UINT = 0,
    CBOR_NEGATIVE = 1,
    CBOR_BYTES = 2,
    CBOR_TEXT = 3,
    CBOR_ARRAY = 4,
    CBOR_MAP = 5,
    CBOR_TAG = 6
};

struct cbor_writer {
    uint8_t *bytes;
    size_t cap, n;
    int is_bad; /* ran out of room */
};

static inline struct cbor_writer cbor_writer_of(uint8_t *bytes, size_t cap) {
    struct cbor_writer w = {bytes, cap, 0, 0};
    return w;
}
void cbor_put_uint(struct cbor_writer *w, uint64_t v);
void cbor_put_int(struct cbor_writer *w, int64_t v);
void cbor_put_bytes(struct cbor_writer *w, const void *bytes, size_t n);
void cbor_put_text(struct cbor_writer *w, const char *text);
void cbor_put_array(struct cbor_writer *w, uint64_t items);
void cbor_put_map(struct cbor_writer *w, uint64_t pairs);
void cbor_put_tag(struct cbor_writer *w, uint64_t tag);

struct cbor_reader {
    const uint8_t *at, *end;
    int is_bad; /* malformed, not deterministic, or not what was asked for */
};

static inline struct cbor_reader cbor_reader_of(const uint8_t *bytes, size_t n) {
    struct cbor_reader r = {bytes, bytes + n, 0};
    return r;
}
/* Each returns the value, or zero/NULL once the reader is bad. Strings point into the input. */
uint64_t cbor_get_uint(struct cbor_reader *r, uint64_t max);
int64_t cbor_get_int(struct cbor_reader *r, int64_t min, int64_t max);
const uint8_t *cbor_get_bytes(struct cbor_reader *r, size_t *n);
/* A byte string of exactly `n` bytes. */
const uint8_t *cbor_get_fixed(struct cbor_reader *r, size_t n);
/* A text string, checked to be printable UTF-8; not NUL-terminated. */
const char *cbor_get_text(struct cbor_reader *r, size_t *n);
/* Number of items or pairs, at most `max`. */
uint64_t cbor_get_array(struct cbor_reader *r, uint64_t max);
uint64_t cbor_get_map(struct cbor_reader *r, uint64_t max);
/* Expects exactly this tag or this unsigned integer (a map key). */
void cbor_expect_tag(struct cbor_reader *r, uint64_t tag);
void cbor_expect_uint(struct cbor_reader *r, uint64_t v);
/* True when everything was read and nothing was bad. */
int cbor_is_done(const struct cbor_reader *r) MUST_CHECK;

#endif
