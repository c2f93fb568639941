/* kernel_neon: the inner loops of scoring for arm64, and for armhf with NEON, bit for bit as the
 * plain ones in score.c. On armhf only this file is compiled for NEON; kernel.c calls it where it
 * is there.
 *
 * NEON gathers and scatters nothing, and a plain edge is already one multiply-add between its load
 * and its store: the additions and the sieve are borrowed. What it does better is to look at all
 * sums in a row. Instructions of one scoring, 50 rows of 100 edges, 10,000 items (counted by QEMU):
 *     arm64   118,059 plain with a list, 134,073 plain with a scan →  90,080
 *     armhf   118,528                    183,008                   →  99,102
 * With 41,000 items list and scan are even on arm64. */
#include "score/kernel.h"

#ifdef SCORE_HAS_NEON

#if defined(__arm__) && !defined(__ARM_NEON)
#pragma GCC target("fpu=neon")
#endif
#include <arm_neon.h>

/* True if any lane is at least `needed`. */
static inline int any_reaches(int32x4_t scores, int32x4_t needed) {
    uint32x4_t passes = vcgeq_s32(scores, needed);
#ifdef __aarch64__
    return vmaxvq_u32(passes) != 0;
#else
    uint32x2_t half = vorr_u32(vget_low_u32(passes), vget_high_u32(passes));
    return vget_lane_u64(vreinterpret_u64_u32(half), 0) != 0;
#endif
}

/* 16 sums at a time against the bound of the block; seldom does one of them pass. */
static size_t scan(int32_t *sums, const int32_t *prior, uint32_t first, size_t n, int32_t least,
                   struct score_hit *out) {
    const int32x4_t bound = vdupq_n_s32(prior[first]), needed = vdupq_n_s32(least);
    const int32x4_t zero = vdupq_n_s32(0);
    size_t found = 0, i = 0;
    for (; i + 16 <= n; i += 16) {
        int32_t *at = sums + first + i;
        int32x4_t a = vld1q_s32(at), b = vld1q_s32(at + 4);
        int32x4_t c = vld1q_s32(at + 8), d = vld1q_s32(at + 12);
        int32x4_t most = vmaxq_s32(vmaxq_s32(a, b), vmaxq_s32(c, d));
        if (any_reaches(vaddq_s32(most, bound), needed))
            for (size_t t = i; t < i + 16; t++) {
                int32_t score = prior[first + t] + sums[first + t];
                if (score >= least) out[found++] = (struct score_hit){first + (uint32_t)t, score};
            }
        for (int q = 0; q < 16; q += 4) vst1q_s32(at + q, zero);
    }
    if (i == n) return found;
    return found + score_plain_scan(sums, prior, first + (uint32_t)i, n - i, least, out + found);
}

const struct score_kernel score_neon = {
    "neon", score_plain_add16, score_plain_add32, score_plain_sift, scan, 8};

#else
typedef int score_neon_is_for_arm; /* a file must not be empty */
#endif
