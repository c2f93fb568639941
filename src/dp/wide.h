/* wide: 128-bit unsigned integers, for processors with and without __int128. Static inline, no
 * branch on the values in wide_mul, wide_add, wide_sub and wide_less, so that the constant-time
 * samplers may use those. Called by the samplers and mechanism_choose.c. */
#ifndef SOTTO_WIDE_H
#define SOTTO_WIDE_H

#include "base/base.h"

struct wide {
    uint64_t hi, lo;
};

/* 1 if a < b, else 0: the borrow of a - b, without a comparison that a compiler might branch on. */
static inline uint64_t less64(uint64_t a, uint64_t b) {
    return ((~a & b) | ((~a | b) & (a - b))) >> 63;
}
/* 1 if a == b, else 0. */
static inline uint64_t same64(uint64_t a, uint64_t b) {
    uint64_t x = a ^ b;
    return ((x | (0 - x)) >> 63) ^ 1;
}

static inline struct wide wide_add(struct wide a, struct wide b) {
    struct wide sum = {a.hi + b.hi, a.lo + b.lo};
    sum.hi += less64(sum.lo, a.lo);
    return sum;
}
static inline struct wide wide_sub(struct wide a, struct wide b) {
    struct wide rest = {a.hi - b.hi - less64(a.lo, b.lo), a.lo - b.lo};
    return rest;
}
static inline uint64_t wide_less(struct wide a, struct wide b) {
    return less64(a.hi, b.hi) | (same64(a.hi, b.hi) & less64(a.lo, b.lo));
}

static inline struct wide wide_mul(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
    unsigned __int128 product = (unsigned __int128)a * b;
    struct wide out = {(uint64_t)(product >> 64), (uint64_t)product};
#else
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0, left = a1 * b0, right = a0 * b1;
    /* Below 2^32 + 2^32 + 2^32: the two middle products and the carry cannot wrap. */
    uint64_t middle = (low >> 32) + (uint32_t)left + (uint32_t)right;
    struct wide out = {a1 * b1 + (left >> 32) + (right >> 32) + (middle >> 32),
                       middle << 32 | (uint32_t)low};
#endif
    return out;
}

/* a · k, which must be below 2^128. */
static inline struct wide wide_scale(struct wide a, uint64_t k) {
    struct wide out = wide_mul(a.lo, k);
    out.hi += a.hi * k;
    return out;
}

static inline int wide_is_zero(struct wide a) { return (a.hi | a.lo) == 0; }
static inline unsigned wide_bits(struct wide a) {
    return a.hi   ? 128 - (unsigned)__builtin_clzll(a.hi)
           : a.lo ? 64 - (unsigned)__builtin_clzll(a.lo)
                  : 0;
}

/* 0 ≤ n < 128. */
static inline struct wide wide_right(struct wide a, unsigned n) {
    struct wide out = a;
    if (n >= 64) out = (struct wide){0, a.hi}, n -= 64;
    if (n > 0) out = (struct wide){out.hi >> n, out.lo >> n | out.hi << (64 - n)};
    return out;
}
static inline struct wide wide_left(struct wide a, unsigned n) {
    struct wide out = a;
    if (n >= 64) out = (struct wide){a.lo, 0}, n -= 64;
    if (n > 0) out = (struct wide){out.hi << n | out.lo >> (64 - n), out.lo << n};
    return out;
}

#endif
