/* kernel: the inner loops of scoring. The plain C ones in score.c define the results; each other
 * set must equal them bit for bit (tests/unit/test_score.c) and stands beside them for speed alone:
 * kernel_avx2.c, kernel_neon.c. Chosen by what the CPU has (kernel.c); a set may borrow plain loops
 * where a measurement showed nothing faster. */
#ifndef SOTTO_SCORE_KERNEL_H
#define SOTTO_SCORE_KERNEL_H

#include "score/score.h"

/* sums[column] += multiplier · weight for n edges of one row: columns distinct and ascending.
 * Appends to touched[n_touched …] each column whose sum was 0 before, in that order; returns the
 * new n_touched. At least n places are free there. */
typedef size_t score_add16(int32_t *sums, uint32_t *touched, size_t n_touched,
                           const uint16_t *columns, const int8_t *weights, size_t n,
                           int32_t multiplier);
typedef size_t score_add32(int32_t *sums, uint32_t *touched, size_t n_touched,
                           const uint32_t *columns, const int8_t *weights, size_t n,
                           int32_t multiplier);

/* Takes n ≤ SCORE_BLOCK touched items: sets their sums back to 0 and writes those with a sum other
 * than 0 and prior + sum ≥ least to `out`, in order; returns how many. An item may stand in
 * `touched` twice: it is written at most once, because its sum is 0 the second time. */
typedef size_t score_sift(int32_t *sums, const int32_t *prior, const uint32_t *touched, size_t n,
                          int32_t least, struct score_hit *out);

/* The same for the n ≤ SCORE_BLOCK items from `first`, whatever their
 * sums: writes those with prior + sum ≥ least. */
typedef size_t score_scan(int32_t *sums, const int32_t *prior, uint32_t first, size_t n,
                          int32_t least, struct score_hit *out);

/* Items whose scores are looked at together. The prior never ascends, so that of a block's first
 * item bounds all of them, and most items are done without reading their own. */
#define SCORE_BLOCK 256

struct score_kernel {
    const char *name; /* "plain", "avx2", "neon" */
    score_add16 *add16;
    score_add32 *add32;
    score_sift *sift;
    score_scan *scan;
    /* Scans all items instead of keeping a list of those touched when the history's rows hold at
     * least n_items / scan_share edges: so many items are scanned in the time one is listed. */
    uint32_t scan_share;
};

extern const struct score_kernel score_plain;
score_add16 score_plain_add16;
score_add32 score_plain_add32;
score_sift score_plain_sift;
score_scan score_plain_scan;

/* The fastest set that this CPU runs. */
const struct score_kernel *score_kernel_best(void);
/* Every set that this CPU runs, NULL-terminated, score_plain first; for tests and benchmarks. */
const struct score_kernel *const *score_kernels(void);
/* score_best with a given set. */
size_t score_best_with(const struct score_kernel *kernel, const struct model *model,
                       const struct score_input *inputs, size_t n,
                       const struct score_filter *filter, struct score_work *work,
                       struct score_hit *hits, size_t k);

#if defined(__x86_64__)
#define SCORE_HAS_AVX2 1
extern const struct score_kernel score_avx2;
#elif defined(__aarch64__) ||                                                                      \
    (defined(__arm__) && defined(__ARM_PCS_VFP) && (defined(__ARM_NEON) || !defined(__clang__)))
#define SCORE_HAS_NEON 1
extern const struct score_kernel score_neon;
#endif

#endif
