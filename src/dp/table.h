/* table: the numbers that the noise rests on. Read-only; generated (table.c) by
 * tools/dev/noise_tables.py with directed rounding, proved in tests/unit/test_table.c. Called by
 * sample_fixed.c and mechanism*.c. */
#ifndef SOTTO_TABLE_H
#define SOTTO_TABLE_H

#include "dp/wide.h"

/* Digits of the difference of two geometrics of ratio e^-x, x = 2^first/odd or 2 or 4 … times as
 * much: the digit of value 2^(i - first) is +1 and -1 with probability digits[i - first]/2^128
 * each, i = first … last. */
struct table_laplace {
    uint8_t odd;
    int8_t first, last;
    const struct wide *digits;
};
#define TABLE_LAPLACE_N 5
extern const struct table_laplace table_laplace[TABLE_LAPLACE_N];

/* Pr[V > j] in 2^-128, rounded down, Pr[V = v] ∝ exp(-v²/8) on v ≥ 0. */
#define TABLE_GAUSSIAN_TAIL_N 26
extern const struct wide table_gaussian_tail[TABLE_GAUSSIAN_TAIL_N];

/* e^-(2^j) in 2^-128, rounded down, j = TABLE_GAUSSIAN_EXP_TOP and one less for each further. */
#define TABLE_GAUSSIAN_EXP_TOP 7
#define TABLE_GAUSSIAN_EXP_N   45
extern const struct wide table_gaussian_exp[TABLE_GAUSSIAN_EXP_N];

/* The menu, ascending. */
struct table_epsilon {
    uint32_t eps_micro;
    uint64_t exp_q30;          /* e^epsilon in 2^-30, rounded down */
    uint64_t rho_q40;          /* epsilon · tanh(epsilon / 2) in 2^-40, rounded up */
    uint64_t gaussian_rho_q40; /* largest rho that is (epsilon, 2^-20)-DP; 0: not for visits */
};
#define TABLE_EPSILON_N 8
extern const struct table_epsilon table_epsilon[TABLE_EPSILON_N];

#endif
