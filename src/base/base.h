/* base: what every room may use. Bytes, errors, alignment; no state, no I/O. */
#ifndef SOTTO_BASE_H
#define SOTTO_BASE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sotto.h"

#define MUST_CHECK   __attribute__((warn_unused_result))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* At -Os gcc takes a handful of byte loads for too long to inline, though they become one load. */
#define ALWAYS_INLINE __attribute__((always_inline))

/* Fills `err` (may be NULL) with a status and a sentence for people; returns the status, so that a
 * failing function can `return fail(err, …)`. Never put secrets or profile content in it. */
__attribute__((format(printf, 3, 4))) int fail(struct sotto_error *err, int status,
                                               const char *format, ...);
#ifdef __clang_analyzer__ /* which cannot see that fail returns its status */
#define fail(err, status, ...) ((fail)(err, status, __VA_ARGS__), (status))
#endif

/* Little-endian loads and stores; no alignment needed. */
static inline ALWAYS_INLINE uint16_t load16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}
static inline ALWAYS_INLINE uint32_t load32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline ALWAYS_INLINE uint64_t load64(const uint8_t *p) {
    return (uint64_t)load32(p) | (uint64_t)load32(p + 4) << 32;
}
static inline ALWAYS_INLINE void store16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static inline ALWAYS_INLINE void store32(uint8_t *p, uint32_t v) {
    store16(p, (uint16_t)v);
    store16(p + 2, (uint16_t)(v >> 16));
}
static inline ALWAYS_INLINE void store64(uint8_t *p, uint64_t v) {
    store32(p, (uint32_t)v);
    store32(p + 4, (uint32_t)(v >> 32));
}

/* String `index`, counted from 0, of several that are stored one behind the other, each ended by a
 * NUL: fewer bytes than a table of pointers or a switch. The caller knows that there are so many.
 */
const char *packed_string(const char *strings, unsigned index) MUST_CHECK;

/* True when `n` bytes at `s` are well-formed UTF-8 (RFC 3629) without control characters (C0, DEL,
 * C1), so that they may be shown on a screen. */
int utf8_is_printable(const char *s, size_t n) MUST_CHECK;

#endif
