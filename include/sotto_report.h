/* sotto_report.h: the one thing that leaves a device, byte for byte.
 *
 * A report is a COSE_Sign1 object (RFC 9052 §4.2, tag 18, EdDSA) around a deterministic CBOR map
 * (RFC 8949 §4.2.1), at most SOTTO_REPORT_MAX bytes. Shared by device and fleet so that both mean
 * the same. Layout with a hex example: src/FORMAT.md. Copyright 2026 the Sotto authors. Apache-2.0.
 */
#ifndef SOTTO_REPORT_H
#define SOTTO_REPORT_H

#include "sotto.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SOTTO_REPORT_CELLS_MAX 64
/* Noised counts are clamped to this range after noising (free post-processing). */
#define SOTTO_REPORT_CELL_MIN (-32768)
#define SOTTO_REPORT_CELL_MAX 32767

struct sotto_report {
    uint8_t id[16];          /* random */
    uint8_t device[8];       /* first 8 bytes of BLAKE2b-256 of the device's report public key */
    uint64_t sequence;       /* 1, 2, … over the device's life; later windows have higher ones */
    uint32_t metric;         /* metric id */
    uint64_t window;         /* start of the window divided by its length, since 1970 */
    uint32_t window_s;       /* length of the window, seconds */
    uint64_t policy_version; /* of the policy pack that ruled */
    uint8_t schema[16];      /* first 16 bytes of the schema hash */
    uint32_t mechanism;      /* 1 = discrete Laplace */
    uint32_t unit;           /* 1 = visit, neighbours by adding or removing one */
    uint32_t eps_micro;      /* epsilon per unit and window, millionths */
    uint32_t max_cells; /* one visit adds at most 1 to at most this many cells (L1 sensitivity) */
    uint32_t n_cells;   /* 1 to SOTTO_REPORT_CELLS_MAX */
    int16_t cells[SOTTO_REPORT_CELLS_MAX]; /* noised visit counts */
};

/* Encodes and signs. `secret_key` is libsodium's 64-byte Ed25519 form. Writes at most `cap` bytes
 * and sets *n. */
SOTTO_API SOTTO_MUST_CHECK int sotto_report_encode(const struct sotto_report *report,
                                                   const uint8_t secret_key[64], uint8_t *buf,
                                                   size_t cap, size_t *n);

/* Which device claims to have sent it: copies the 8-byte device id without verifying anything, so
 * that the right key can be looked up. SOTTO_E_FORMAT when it is not a report. */
SOTTO_API SOTTO_MUST_CHECK int sotto_report_peek(const uint8_t *bytes, size_t n, uint8_t device[8]);

/* Verifies the signature, then decodes strictly. SOTTO_E_SIGNATURE or SOTTO_E_FORMAT, and then
 * *report is zeroed. */
SOTTO_API SOTTO_MUST_CHECK int sotto_report_decode(const uint8_t *bytes, size_t n,
                                                   const uint8_t public_key[32],
                                                   struct sotto_report *report,
                                                   struct sotto_error *err);

#ifdef __cplusplus
}
#endif
#endif
