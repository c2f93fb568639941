/* chi_square: Pearson's test, for samplers. Host side, floating point. */
#ifndef SOTTO_TEST_CHI_SQUARE_H
#define SOTTO_TEST_CHI_SQUARE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* Σ (seen - expected)² / expected over n bins; `share` sums to 1. */
static inline double chi_square(const uint64_t *seen, const double *share, size_t n) {
    double total = 0, sum = 0;
    for (size_t i = 0; i < n; i++) total += (double)seen[i];
    for (size_t i = 0; i < n; i++) {
        double expected = total * share[i], off = (double)seen[i] - expected;
        sum += off * off / expected;
    }
    return sum;
}

/* What a right sampler exceeds once in a million times (Wilson and Hilferty 1931, z = 4.753). */
static inline double chi_square_limit(size_t freedom) {
    double k = (double)freedom, c = 1 - 2 / (9 * k) + 4.753 * sqrt(2 / (9 * k));
    return k * c * c * c;
}

#endif
