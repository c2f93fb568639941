/* test_rng: the library's own generator on entropy that repeats and can be broken. */
#ifndef SOTTO_TEST_RNG_H
#define SOTTO_TEST_RNG_H

#include "crypto/crypto.h"
#include "tests/support/dice.h"

struct test_entropy {
    struct dice dice;
    uint32_t calls_left; /* fails once it is 0 */
};

static inline int test_entropy_fill(void *ctx, void *buf, size_t n) {
    struct test_entropy *e = ctx;
    if (e->calls_left == 0) return -1;
    e->calls_left--;
    for (size_t i = 0; i < n; i++) ((uint8_t *)buf)[i] = (uint8_t)dice_u64(&e->dice);
    return 0;
}

/* Starts `g` from a seed; it may reseed `calls` times less one before its entropy fails. */
static inline int test_rng_start(struct rng *g, struct test_entropy *e, uint64_t seed,
                                 uint32_t calls) {
    memset(g, 0, sizeof *g);
    e->dice.state = seed;
    e->calls_left = calls;
    return rng_seed(g, test_entropy_fill, e);
}

#endif
