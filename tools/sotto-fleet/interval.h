/* interval: how far the noise alone can carry a sum of reported counts, and how far chance can
 * carry a count of noised answers. Pure arithmetic in doubles; owns nothing. Called by estimate.c
 * and tradeoff.c.
 *
 * Two kinds of level. *One interval at a time*: FLEET_LEVEL of them hold. *All cells of a table at
 * once* (is_strict): together they hold FLEET_LEVEL of the time; interval_level_all gives the
 * level that each needs for that. */
#ifndef SOTTO_FLEET_INTERVAL_H
#define SOTTO_FLEET_INTERVAL_H

#include <stdint.h>

#define FLEET_LEVEL 0.95
/* Up to this many reports distributions are computed exactly. */
#define FLEET_EXACT_REPORTS 1000
#define FLEET_REPORTS_MAX   (UINT64_C(1) << 40)

/* The level that each of `cells` intervals needs so that all hold together with `level`: Šidák
 * (level^(1/cells), exact) for independent noise, else Bonferroni (1 - (1 - level)/cells, valid
 * whatever the dependence). */
double interval_level_all(double level, uint32_t cells, int is_independent);

/* The standard normal's quantile. NAN unless 0 < p < 1. */
double interval_quantile(double p);

/* ---- Sums of noised counts: visits -------------------------------------------------------- */

/* The noise on one cell of one report. */
struct interval_noise {
    int is_gaussian;
    double scale; /* Laplace: Pr[x] ∝ exp(-|x|/scale); Gaussian: Pr[x] ∝ exp(-x²/(2·scale²)) */
};

/* Variance of the noise of one report. */
double interval_variance(const struct interval_noise *noise);

/* The smallest whole number h such that the summed noise of n reports lies in -h … h with
 * probability `level` or more; so [sum - h, sum + h] covers the true sum of counts at least that
 * often, as far as no count was clamped.
 *
 * Laplace: exact convolution up to FLEET_EXACT_REPORTS (at most 1e-11 of the tail is left out and
 * counted as beyond), or fewer, from 30 on, where the noise is so wide that it would take long;
 * beyond, the normal distribution of the exact variance, with continuity
 * correction and the term of the exact fourth cumulant (Cornish and Fisher 1938). Gaussian: sums of
 * discrete Gaussians are discrete Gaussian again to within 10·n·exp(-π²·scale²), below 1e-12 here
 * (Kairouz, Liu, Steinke 2021, "The Distributed Discrete Gaussian Mechanism", Theorem 3).
 *
 * Returns 0, or -1 without touching *half_width when an argument is out of range (scales 0.1 to
 * 10^6, Gaussian from 2; n 1 to 2^40; level above 0 and up to 1 - 1e-9) or memory is short. */
int interval_of_noise(uint64_t n, const struct interval_noise *noise, double level,
                      int64_t *half_width);

/* The set of shares s of one cell among k cells for which |x - s·total| stays within what noise of
 * half-width h per cell explains (Fieller 1954): [*low, *high]. -1 when the total cannot be told
 * from zero: then no share can be given. */
int interval_of_share(int64_t x, int64_t total, uint32_t k, int64_t h, double *low, double *high);

/* ---- Counts of noised answers: households ------------------------------------------------- */

/* An answer supports a cell with probability p when the household's value is in it and q when not
 * (0 < q < p < 1). With is_mean the answer is one bit, 1 with probability q + (p - q)·x for a value
 * x in 0 … 1, and what is sought is the sum of x. */
struct interval_odds {
    double p, q;
    int is_mean;
};

/* The unbiased estimate of the count, or of the sum of x: (support - n·q) / (p - q). */
double interval_debias(uint64_t n, uint64_t support, const struct interval_odds *odds);
/* The variance of that estimate where the truth is t. */
double interval_debias_variance(uint64_t n, double t, const struct interval_odds *odds);

/* The truths t in 0 … n that do not contradict `support` of n answers at `level`, both sides alike:
 * those for which neither tail of support's distribution, Bin(t, p) + Bin(n - t, q), is below
 * (1 - level)/2. With is_strict the tail holds `support` itself, so that the interval covers at
 * least `level` at every t; without, half of it (mid-p; Agresti 2013, §1.4.4), which covers `level`
 * on average, not at each t. Whole t but for is_mean, where households count as drawn from a larger
 * population: Bin(n, q + (p - q)·t/n), never too narrow for these households alone.
 *
 * Exact below 100 answers, and up to FLEET_EXACT_REPORTS while chance alone gives few supports
 * (variance n·q(1 - q) below 50); beyond, a normal distribution of the exact variance with the
 * terms of the exact third and fourth cumulants. An estimate outside 0 … n gives an interval that
 * touches the border. -1 for impossible arguments. */
int interval_of_odds(uint64_t n, uint64_t support, const struct interval_odds *odds, double level,
                     int is_strict, double *low, double *high);

#endif
