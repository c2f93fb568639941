/* sotto_report.h: the one thing that leaves a device, byte for byte.
 *
 * A report is a COSE_Sign1 object (RFC 9052 §4.2, tag 18, EdDSA) around a deterministic CBOR map
 * (RFC 8949 §4.2.1), at most SOTTO_REPORT_MAX bytes, and as long as every other report of its
 * metric. Shared by device and fleet so that both mean the same. Layout with a hex example:
 * src/FORMAT.md. Copyright 2026 the Sotto authors. Apache-2.0.
 */
#ifndef SOTTO_REPORT_H
#define SOTTO_REPORT_H

#include "sotto.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SOTTO_REPORT_CELLS_MAX  64
#define SOTTO_REPORT_ANSWER_MAX 32
/* Noised counts are clamped to this range after noising (free post-processing). */
#define SOTTO_REPORT_CELL_MIN (-32768)
#define SOTTO_REPORT_CELL_MAX 32767

/* How the numbers were made. */
enum sotto_mechanism {
    SOTTO_DISCRETE_LAPLACE = 1, /* counts: Pr[noise = x] ∝ exp(-|x| · epsilon / (C · w)) */
    SOTTO_DISCRETE_GAUSSIAN = 2, /* counts: Pr[noise = x] ∝ exp(-x² / 2σ²), σ from rho, C and w */
    SOTTO_SUBSET_SELECTION = 3, /* an answer: a set of cells (Ye & Barg 2018) */
    SOTTO_PGR = 4,              /* an answer: a point of a projective space (Feldman et al. 2022) */
    SOTTO_ONE_BIT_MEAN = 5      /* an answer: one bit (Ding et al. 2017) */
};
/* Whose difference they hide. */
enum sotto_unit {
    SOTTO_UNIT_VISIT = 1,    /* one visit added or removed: a factor of e^epsilon at most */
    SOTTO_UNIT_HOUSEHOLD = 2 /* one household's window replaced by any other: the same */
};

struct sotto_report {
    uint8_t id[16];          /* random */
    uint8_t device[8];       /* first 8 bytes of BLAKE2b-256 of the device's report public key */
    uint64_t sequence;       /* 1, 2, … over the device's life; later windows have higher ones */
    uint32_t metric;         /* metric id */
    uint64_t window;         /* start of the window divided by its length, since 1970 */
    uint32_t window_s;       /* length of the window, seconds */
    uint64_t policy_version; /* of the policy pack that ruled */
    uint8_t schema[16];      /* first 16 bytes of the schema hash */
    uint32_t mechanism;  /* enum sotto_mechanism; 1 and 2 for visits, the others for households */
    uint32_t unit;       /* enum sotto_unit */
    uint32_t eps_micro;  /* epsilon per unit and window, millionths */
    uint64_t rho_q40;    /* the same in zero-concentrated terms, 2^-40, rounded up */
    uint32_t delta_log2; /* the epsilon holds but for 2^-delta_log2; 0: without exception */
    uint32_t max_cells;  /* C: one visit adds to at most so many cells; 1 for households */
    uint32_t max_weight; /* w: and to each at most this much; 1 for households */
    uint32_t max_value;  /* a household's sum is cut here; 0 unless the mechanism is a mean */
    uint32_t n_cells;    /* visits: 1 to SOTTO_REPORT_CELLS_MAX; households: values, up to 4096;
                          * 1 for a mean */
    uint32_t is_repeat;  /* 1: no fresh answer; what was answered before, or chance, again */
    uint8_t audit_head[16]; /* of the audit log before this report; zeros if it had none */
    int16_t cells[SOTTO_REPORT_CELLS_MAX]; /* visits: noised counts */
    uint32_t n_answer;                     /* households: bytes of the answer; 0 for visits */
    uint8_t answer[SOTTO_REPORT_ANSWER_MAX];
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
