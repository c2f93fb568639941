/* turboshake: see turboshake.h. Keccak-p[1600] with its last 12 rounds, after the pseudocode of
 * FIPS 202 and RFC 9861; written to be read, not to be fast. */
#include "tests/support/turboshake.h"

#include <string.h>

static uint64_t rotated(uint64_t v, unsigned n) { return n ? v << n | v >> (64 - n) : v; }

/* The round constants from their LFSR (FIPS 202, algorithm 5), so that no table can be mistyped. */
static int lfsr(uint8_t *state) {
    int bit = *state & 1;
    *state = (uint8_t)(*state << 1 ^ (*state >> 7 ? 0x71 : 0));
    return bit;
}

static void theta(uint64_t a[25]) {
    uint64_t c[5], d;
    for (int x = 0; x < 5; x++) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (int x = 0; x < 5; x++) {
        d = c[(x + 4) % 5] ^ rotated(c[(x + 1) % 5], 1);
        for (int y = 0; y < 25; y += 5) a[x + y] ^= d;
    }
}

static void rho_and_pi(uint64_t a[25]) {
    int x = 1, y = 0;
    uint64_t moved = a[1];
    for (unsigned t = 0; t < 24; t++) {
        int next = (2 * x + 3 * y) % 5;
        x = y;
        y = next;
        uint64_t kept = a[x + 5 * y];
        a[x + 5 * y] = rotated(moved, (t + 1) * (t + 2) / 2 % 64);
        moved = kept;
    }
}

static void chi(uint64_t a[25]) {
    for (int y = 0; y < 25; y += 5) {
        uint64_t row[5];
        memcpy(row, a + y, sizeof row);
        for (int x = 0; x < 5; x++) a[x + y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
}

static void permute(uint64_t a[25]) {
    uint8_t state = 1;
    for (int round = 0; round < 24; round++) {
        uint64_t constant = 0;
        for (unsigned j = 0; j < 7; j++)
            if (lfsr(&state)) constant |= UINT64_C(1) << ((1u << j) - 1);
        if (round < 12) continue;
        theta(a);
        rho_and_pi(a);
        chi(a);
        a[0] ^= constant;
    }
}

static void add_byte(struct turboshake *t, uint8_t byte) {
    t->lanes[t->at / 8] ^= (uint64_t)byte << 8 * (t->at % 8);
    t->at++;
}

void turboshake_begin(struct turboshake *t) { memset(t, 0, sizeof *t); }

void turboshake_absorb(struct turboshake *t, const void *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        add_byte(t, ((const uint8_t *)bytes)[i]);
        if (t->at == TURBOSHAKE128_RATE) permute(t->lanes), t->at = 0;
    }
}

void turboshake_end(struct turboshake *t, uint8_t domain) {
    add_byte(t, domain);
    t->at = TURBOSHAKE128_RATE - 1;
    add_byte(t, 0x80);
}

void turboshake_squeeze(struct turboshake *t, void *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (t->at == TURBOSHAKE128_RATE) permute(t->lanes), t->at = 0;
        ((uint8_t *)out)[i] = (uint8_t)(t->lanes[t->at / 8] >> 8 * (t->at % 8));
        t->at++;
    }
}

void turboshake_vdaf(struct turboshake *t, const void *dst, size_t dst_n, const void *seed,
                     size_t seed_n, const void *binder, size_t binder_n) {
    const uint8_t head[2] = {(uint8_t)dst_n, (uint8_t)(dst_n >> 8)}, size = (uint8_t)seed_n;
    turboshake_begin(t);
    turboshake_absorb(t, head, sizeof head);
    turboshake_absorb(t, dst, dst_n);
    turboshake_absorb(t, &size, 1);
    turboshake_absorb(t, seed, seed_n);
    turboshake_absorb(t, binder, binder_n);
    turboshake_end(t, 1);
}
