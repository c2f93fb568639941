/* fixed: non-negative real numbers with 64 bits before the point and 416 behind it, for proofs.
 * Everything rounds down, each operation by less than one unit of 2^-416 more than its operands
 * were; nothing may pass 2^64. Written anew, so that a proof shares no code with what it proves. */
#ifndef SOTTO_TEST_FIXED_H
#define SOTTO_TEST_FIXED_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define FIXED_WORDS    15 /* of 32 bits, the lowest first */
#define FIXED_FRACTION 13 /* of them behind the point */

struct fixed {
    uint32_t word[FIXED_WORDS];
};

static inline struct fixed fixed_of(uint32_t v) {
    struct fixed f = {{0}};
    f.word[FIXED_FRACTION] = v;
    return f;
}
/* (hi, lo) in 2^-128. */
static inline struct fixed fixed_q128(uint64_t hi, uint64_t lo) {
    struct fixed f = {{0}};
    f.word[FIXED_FRACTION - 1] = (uint32_t)(hi >> 32);
    f.word[FIXED_FRACTION - 2] = (uint32_t)hi;
    f.word[FIXED_FRACTION - 3] = (uint32_t)(lo >> 32);
    f.word[FIXED_FRACTION - 4] = (uint32_t)lo;
    return f;
}
/* n units of 2^-416. */
static inline struct fixed fixed_units(uint32_t n) {
    struct fixed f = {{n}};
    return f;
}

static inline int fixed_compare(const struct fixed *a, const struct fixed *b) {
    for (int i = FIXED_WORDS; i-- > 0;)
        if (a->word[i] != b->word[i]) return a->word[i] < b->word[i] ? -1 : 1;
    return 0;
}
static inline struct fixed fixed_add(struct fixed a, struct fixed b) {
    uint64_t carry = 0;
    for (int i = 0; i < FIXED_WORDS; i++) {
        carry += (uint64_t)a.word[i] + b.word[i];
        a.word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return a;
}
/* a - b, which must not be negative. */
static inline struct fixed fixed_sub(struct fixed a, struct fixed b) {
    uint64_t borrow = 0;
    for (int i = 0; i < FIXED_WORDS; i++) {
        uint64_t rest = (uint64_t)a.word[i] - b.word[i] - borrow;
        a.word[i] = (uint32_t)rest;
        borrow = rest >> 63;
    }
    return a;
}
static inline struct fixed fixed_mul(struct fixed a, struct fixed b) {
    uint32_t product[2 * FIXED_WORDS] = {0};
    for (int i = 0; i < FIXED_WORDS; i++) {
        uint64_t carry = 0;
        if (b.word[i] == 0) continue;
        for (int j = 0; j < FIXED_WORDS; j++) {
            carry += (uint64_t)a.word[j] * b.word[i] + product[i + j];
            product[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        product[i + FIXED_WORDS] = (uint32_t)carry;
    }
    memcpy(a.word, product + FIXED_FRACTION, sizeof a.word);
    return a;
}
/* a / n for a small n > 0. */
static inline struct fixed fixed_div(struct fixed a, uint32_t n) {
    uint64_t rest = 0;
    for (int i = FIXED_WORDS; i-- > 0;) {
        rest = rest << 32 | a.word[i];
        a.word[i] = (uint32_t)(rest / n);
        rest %= n;
    }
    return a;
}
/* a / b for a < b, bit by bit. */
static inline struct fixed fixed_ratio(struct fixed a, struct fixed b) {
    struct fixed out = {{0}};
    for (int i = 32 * FIXED_FRACTION; i-- > 0;) {
        a = fixed_add(a, a);
        if (fixed_compare(&a, &b) < 0) continue;
        a = fixed_sub(a, b);
        out.word[i / 32] |= UINT32_C(1) << i % 32;
    }
    return out;
}

/* A lower bound of e^(num/den), num/den ≤ 6, by its series: less than 400 · e^6 < 2^18 units low.
 */
static inline struct fixed fixed_exp(uint32_t num, uint32_t den) {
    struct fixed sum = fixed_of(1), term = fixed_of(1), zero = fixed_of(0);
    for (uint32_t n = 1; fixed_compare(&term, &zero) > 0; n++) {
        term = fixed_div(fixed_div(fixed_mul(term, fixed_of(num)), den), n);
        sum = fixed_add(sum, term);
    }
    return sum;
}

/* log2, for messages; 0 gives -inf. */
static inline double fixed_log2(struct fixed a) {
    double v = 0;
    int top = FIXED_WORDS;
    while (top > 1 && a.word[top - 1] == 0) top--;
    for (int i = top; i-- > 0 && i > top - 4;) v = v * 4294967296.0 + a.word[i];
    int used = top < 3 ? top : 3;
    return log2(v) + 32.0 * (top - used) - 32.0 * FIXED_FRACTION;
}

#endif
