/* kernel_avx2: the inner loops of scoring for x86-64 with AVX2, bit for bit as the plain ones in
 * score.c. Only functions in this file are compiled for it; kernel.c calls them where it is there.
 *
 * Against plain, medians of one run on Zen 4, 50 rows of 100 edges, 41,000 items:
 *     add16       7.9 →  6.0 µs
 *     sift        borrowed: with gathers 5.3 instead of 4.6 µs
 *     scan       16.6 →  2.7 µs
 *     score_best 13.3 → 10.7 µs; at 3,000 items 7.5 → 5.4 µs (`make bench`) */
#include "score/kernel.h"

#ifdef SCORE_HAS_AVX2

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* For each set of lanes: which bytes bring those lanes to the front, in order. */
#define LANE(i) 4 * (i), 4 * (i) + 1, 4 * (i) + 2, 4 * (i) + 3
static const uint8_t to_front[16][16] = {
    {LANE(0), LANE(0), LANE(0), LANE(0)}, {LANE(0), LANE(0), LANE(0), LANE(0)},
    {LANE(1), LANE(0), LANE(0), LANE(0)}, {LANE(0), LANE(1), LANE(0), LANE(0)},
    {LANE(2), LANE(0), LANE(0), LANE(0)}, {LANE(0), LANE(2), LANE(0), LANE(0)},
    {LANE(1), LANE(2), LANE(0), LANE(0)}, {LANE(0), LANE(1), LANE(2), LANE(0)},
    {LANE(3), LANE(0), LANE(0), LANE(0)}, {LANE(0), LANE(3), LANE(0), LANE(0)},
    {LANE(1), LANE(3), LANE(0), LANE(0)}, {LANE(0), LANE(1), LANE(3), LANE(0)},
    {LANE(2), LANE(3), LANE(0), LANE(0)}, {LANE(0), LANE(2), LANE(3), LANE(0)},
    {LANE(1), LANE(2), LANE(3), LANE(0)}, {LANE(0), LANE(1), LANE(2), LANE(3)}};
static const uint8_t lanes[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};

/* Four edges: columns are distinct, so that no sum is needed twice. Writes four places of `touched`
 * and returns how many of them count. */
AVX2 static inline size_t add4(int32_t *sums, uint32_t *touched, __m128i columns,
                               const int8_t *weights, __m128i multiplier) {
    uint32_t j0 = (uint32_t)_mm_cvtsi128_si32(columns);
    uint32_t j1 = (uint32_t)_mm_extract_epi32(columns, 1);
    uint32_t j2 = (uint32_t)_mm_extract_epi32(columns, 2);
    uint32_t j3 = (uint32_t)_mm_extract_epi32(columns, 3);
    __m128i sum = _mm_cvtsi32_si128(sums[j0]);
    sum = _mm_insert_epi32(sum, sums[j1], 1);
    sum = _mm_insert_epi32(sum, sums[j2], 2);
    sum = _mm_insert_epi32(sum, sums[j3], 3);
    __m128i is_new = _mm_cmpeq_epi32(sum, _mm_setzero_si128());
    unsigned set = (unsigned)_mm_movemask_ps(_mm_castsi128_ps(is_new));
    __m128i order = _mm_loadu_si128((const __m128i *)(const void *)to_front[set]);
    _mm_storeu_si128((__m128i *)(void *)touched, _mm_shuffle_epi8(columns, order));

    int32_t four;
    memcpy(&four, weights, sizeof four);
    __m128i weight = _mm_cvtepi8_epi32(_mm_cvtsi32_si128(four));
    sum = _mm_add_epi32(sum, _mm_mullo_epi32(weight, multiplier));
    sums[j0] = _mm_cvtsi128_si32(sum);
    sums[j1] = _mm_extract_epi32(sum, 1);
    sums[j2] = _mm_extract_epi32(sum, 2);
    sums[j3] = _mm_extract_epi32(sum, 3);
    return lanes[set];
}

AVX2 static size_t add16(int32_t *sums, uint32_t *touched, size_t n_touched,
                         const uint16_t *columns, const int8_t *weights, size_t n,
                         int32_t multiplier) {
    __m128i m = _mm_set1_epi32(multiplier);
    size_t e = 0;
    for (; e + 4 <= n; e += 4) {
        __m128i four = _mm_loadl_epi64((const __m128i *)(const void *)(columns + e));
        n_touched += add4(sums, touched + n_touched, _mm_cvtepu16_epi32(four), weights + e, m);
    }
    return score_plain_add16(sums, touched, n_touched, columns + e, weights + e, n - e, multiplier);
}

AVX2 static size_t add32(int32_t *sums, uint32_t *touched, size_t n_touched,
                         const uint32_t *columns, const int8_t *weights, size_t n,
                         int32_t multiplier) {
    __m128i m = _mm_set1_epi32(multiplier);
    size_t e = 0;
    for (; e + 4 <= n; e += 4) {
        __m128i four = _mm_loadu_si128((const __m128i *)(const void *)(columns + e));
        n_touched += add4(sums, touched + n_touched, four, weights + e, m);
    }
    return score_plain_add32(sums, touched, n_touched, columns + e, weights + e, n - e, multiplier);
}

/* One bit for each of the eight sums that reaches `needed` together with `bound`. */
AVX2 static inline uint32_t reach(__m256i sums, __m256i bound, __m256i needed) {
    __m256i fails = _mm256_cmpgt_epi32(needed, _mm256_add_epi32(sums, bound));
    return 0xff ^ (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(fails));
}

/* 32 sums at a time against the bound of the block; seldom does one of them pass. */
AVX2 static size_t scan(int32_t *sums, const int32_t *prior, uint32_t first, size_t n,
                        int32_t least, struct score_hit *out) {
    const __m256i bound = _mm256_set1_epi32(prior[first]), needed = _mm256_set1_epi32(least);
    size_t found = 0, i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i *at = (__m256i *)(void *)(sums + first + i);
        __m256i a = _mm256_loadu_si256(at), b = _mm256_loadu_si256(at + 1);
        __m256i c = _mm256_loadu_si256(at + 2), d = _mm256_loadu_si256(at + 3);
        __m256i most = _mm256_max_epi32(_mm256_max_epi32(a, b), _mm256_max_epi32(c, d));
        if (reach(most, bound, needed)) {
            uint32_t set = reach(a, bound, needed) | reach(b, bound, needed) << 8 |
                           reach(c, bound, needed) << 16 | reach(d, bound, needed) << 24;
            for (; set; set &= set - 1) {
                uint32_t j = first + (uint32_t)i + (uint32_t)__builtin_ctz(set);
                int32_t score = prior[j] + sums[j];
                if (score >= least) out[found++] = (struct score_hit){j, score};
            }
        }
        for (int q = 0; q < 4; q++) _mm256_storeu_si256(at + q, _mm256_setzero_si256());
    }
    if (i == n) return found;
    return found + score_plain_scan(sums, prior, first + (uint32_t)i, n - i, least, out + found);
}

const struct score_kernel score_avx2 = {"avx2", add16, add32, score_plain_sift, scan, 16};

#else
typedef int score_avx2_is_for_x86_64; /* a file must not be empty */
#endif
