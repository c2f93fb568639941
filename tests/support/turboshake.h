/* turboshake: TurboSHAKE128 (RFC 9861), and the XofTurboShake128 of the VDAF draft on it: the
 * random stream from which published samples were drawn. For tests only. */
#ifndef SOTTO_TEST_TURBOSHAKE_H
#define SOTTO_TEST_TURBOSHAKE_H

#include <stddef.h>
#include <stdint.h>

#define TURBOSHAKE128_RATE 168

struct turboshake {
    uint64_t lanes[25];
    size_t at; /* bytes of the block already absorbed or squeezed */
};

/* begin, any number of absorb, end with the domain separation byte (1 … 127), then squeeze. */
void turboshake_begin(struct turboshake *t);
void turboshake_absorb(struct turboshake *t, const void *bytes, size_t n);
void turboshake_end(struct turboshake *t, uint8_t domain);
void turboshake_squeeze(struct turboshake *t, void *out, size_t n);

/* le16(length of dst) ‖ dst ‖ u8(length of seed) ‖ seed ‖ binder, domain 1 (draft 18 to 20). */
void turboshake_vdaf(struct turboshake *t, const void *dst, size_t dst_n, const void *seed,
                     size_t seed_n, const void *binder, size_t binder_n);

#endif
