/* dice: a small seeded generator for property tests (SplitMix64, Steele et al. 2014). Print the
 * seed. */
#ifndef SOTTO_TEST_DICE_H
#define SOTTO_TEST_DICE_H

#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_u64(struct dice *d) {
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
/* 0 … below - 1; the bias is far under what any test could see. */
static inline uint32_t dice_below(struct dice *d, uint32_t below) {
    return (uint32_t)((dice_u64(d) >> 32) * below >> 32);
}

#endif
