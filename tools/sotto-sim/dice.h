/* dice: the simulator's own seeded randomness. Not for secrets: it decides what shoppers do, so
 * that the same seed gives the same world on every CPU (splitmix64, Steele, Lea & Flood 2014;
 * integers only). Called by every file of sotto-sim. */
#ifndef SOTTO_SIM_DICE_H
#define SOTTO_SIM_DICE_H

#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A generator of its own for each (seed, purpose, index), so that one part of the world can be
 * made without the parts before it. */
static inline struct dice dice_for(uint64_t seed, uint64_t purpose, uint64_t index) {
    uint64_t s = dice_mix(seed + 0x9e3779b97f4a7c15u);
    s = dice_mix(s ^ (purpose * 0xd1342543de82ef95u));
    return (struct dice){dice_mix(s ^ (index * 0x9e3779b97f4a7c15u))};
}

static inline uint64_t dice_next(struct dice *d) {
    d->state += 0x9e3779b97f4a7c15u;
    return dice_mix(d->state);
}

/* 0 … below - 1; the bias, below · 2^-32, does not matter to a simulation. below ≥ 1. */
static inline uint32_t dice_below(struct dice *d, uint32_t below) {
    return (uint32_t)(((dice_next(d) >> 32) * below) >> 32);
}

/* True `per_million` times in a million. */
static inline int dice_chance(struct dice *d, uint32_t per_million) {
    return dice_below(d, 1000000) < per_million;
}

/* A stable number for a text: where real baskets go does not depend on their order (FNV-1a, mixed).
 */
static inline uint64_t dice_of_text(const char *text) {
    uint64_t h = 0xcbf29ce484222325u;
    for (; *text; text++) h = (h ^ (uint8_t)*text) * 0x100000001b3u;
    return dice_mix(h);
}

#endif
