/* driver: draws from the fixed-time samplers with every random byte marked as undefined, under
 * valgrind, which then complains of each branch and each address that depends on one. The random
 * bytes are the only secrets: what is drawn follows from them. Decisions that say nothing about the
 * value that is kept are declassified by name (SAMPLE_PUBLIC); fixed_time.sh counts them. */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "crypto/crypto.h"

static uint64_t state = 20261127;

/* SplitMix64 (Steele, Lea, Flood 2014): any numbers will do. */
static uint64_t next(void) {
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int secret_bytes(struct rng *g, void *out, size_t n) {
    (void)g;
    memset(out, 0, n);
    for (size_t i = 0; i < n; i++) ((uint8_t *)out)[i] = (uint8_t)next();
    VALGRIND_MAKE_MEM_UNDEFINED(out, n);
    return 0;
}

static uint32_t declassified(uint32_t decision) {
    VALGRIND_MAKE_MEM_DEFINED(&decision, sizeof decision);
    return decision;
}

#define rng_bytes               secret_bytes
#define SAMPLE_PUBLIC(decision) declassified((uint32_t)(decision))
#ifndef SAMPLER
#define SAMPLER "dp/sample_fixed.c" /* or one with a leak planted in it */
#endif
#include SAMPLER /* NOLINT(bugprone-suspicious-include) */

#ifdef LEAK
/* What the textbook does: as many steps as the value is large. */
static int leaky(struct rng *g, int32_t *out) {
    uint8_t byte;
    *out = 0;
    do {
        if (secret_bytes(g, &byte, 1) != 0) return -1;
        ++*out;
    } while (byte & 1);
    return 0;
}
#endif

/* As wipe, without libsodium. */
void wipe(void *p, size_t n) {
    volatile uint8_t *at = p;
    while (n--) *at++ = 0;
}

int main(void) {
    struct rng g;
    struct sample_gaussian law;
    int32_t v, drawn = 0;
    memset(&g, 0, sizeof g);
    for (size_t i = 0; i < TABLE_LAPLACE_N; i++)
        for (int j = table_laplace[i].first; j <= 2; j++)
            for (int round = 0; round < 20; round++, drawn++)
                if (sample_laplace_fixed(&g, table_laplace[i].odd, j, &v) != 0) return 1;
    for (uint32_t s = 17; s <= 37; s++)
        for (int round = 0; round < 20; round++, drawn++)
            if (sample_gaussian_law(2048 + 97 * s % 2048, s, &law) != 0 ||
                sample_gaussian_fixed(&g, &law, &v) != 0)
                return 1;
    /* What one in 2^57 draws comes to: a Laplace digit on its threshold, a try in full. */
    for (uint32_t s = 17; s <= 37; s++, drawn++) {
        uint8_t bytes[8 * DIGITS_MAX], more[8 * DIGITS_MAX];
        uint32_t n_tied;
        if (secret_bytes(&g, bytes, sizeof bytes) != 0 || secret_bytes(&g, more, sizeof more) != 0)
            return 1;
        (void)digit_sum(table_laplace[s % TABLE_LAPLACE_N].digits, DIGITS_MAX, bytes, more,
                        &n_tied);
        if (sample_gaussian_law(2048 + 97 * s % 2048, s, &law) != 0) return 1;
        (void)gaussian_try(&law, bytes, 1, &v);
    }
#ifdef LEAK
    if (leaky(&g, &v) != 0) return 1;
#endif
    printf("%d drawn\n", drawn);
    return 0;
}
