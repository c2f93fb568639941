/* interval: see interval.h. Sums of noised counts; answers are in interval_odds.c. */
#include "tools/sotto-fleet/interval.h"

#include <math.h>
#include <stdlib.h>

#include "tools/sotto-fleet/interval_parts.h"

#define TAIL     1e-14 /* left out on both sides together */
#define WORK_MAX 3e7   /* additions for one exact convolution, about 50 ms */
#define FEW      30    /* reports; fewer are exact whatever it costs */

double interval_level_all(double level, uint32_t cells, int is_independent) {
    return is_independent ? pow(level, 1.0 / cells) : 1 - (1 - level) / cells;
}

/* Newton on Φ(x) = p from a logistic start; erfc keeps the tail's digits. */
double interval_quantile(double p) {
    if (!(p > 0 && p < 1)) return NAN;
    int is_upper = p > 0.5;
    double tail = is_upper ? 1 - p : p, x = -log(1 / tail - 1) / 1.702;
    for (int i = 0; i < 50; i++) {
        double density = exp(-x * x / 2) / sqrt(2 * M_PI);
        double step = (erfc(-x / sqrt(2)) / 2 - tail) / density;
        if (step > 1) step = 1;
        if (step < -1) step = -1;
        x -= step;
        if (fabs(step) < 1e-14 * (1 + fabs(x))) break;
    }
    return is_upper ? -x : x;
}

double interval_stretch(double z, double skew, double kurtosis) {
    return z + skew * (z * z - 1) / 6 + kurtosis * (z * z * z - 3 * z) / 24 -
           skew * skew * (2 * z * z * z - 5 * z) / 36;
}

/* ---- Laplace ----------------------------------------------------------------------------- */

/* The least t for which Chernoff's bound says that the sum of n passes ±t less often than TAIL:
 * Pr[|S| > t] ≤ 2·M(θ)^n·exp(-θt), M(θ) = (1-q)²/((1-q·e^θ)(1-q·e^-θ)), 0 < θ < 1/b = -ln q. */
static double reach(uint64_t n, double b) {
    double q = exp(-1 / b), best = INFINITY;
    for (int i = 1; i < 128; i++) {
        double theta = i / (128 * b);
        double log_m = 2 * log1p(-q) - log1p(-q * exp(theta)) - log1p(-q * exp(-theta));
        double t = (log(2) + (double)n * log_m - log(TAIL)) / theta;
        if (t < best) best = t;
    }
    return ceil(best) + 1;
}

/* Convolves f[0 … length-1] with the discrete Laplace pmf of ratio q, in place: Σ q^|k| z^-k is the
 * cascade of 1/(1-q·z^-1) and 1/(1-q·z) times (1-q²), so one pass each way does it. All terms are
 * positive, hence nothing cancels. */
static void convolve(double *f, size_t length, double q) {
    double scale = (1 - q) * (1 - q);
    for (size_t i = 1; i < length; i++) f[i] += q * f[i - 1];
    for (size_t i = length - 1; i-- > 0;) f[i] += q * f[i + 1];
    for (size_t i = 0; i < length; i++) f[i] *= scale;
}

static int laplace_exact(uint64_t n, double b, double level, int64_t *half_width) {
    size_t most = (size_t)reach(n, b), length = 2 * most + 1;
    double *f = calloc(length, sizeof *f);
    if (!f) return -1;
    f[most] = 1;
    for (uint64_t i = 0; i < n; i++) convolve(f, length, exp(-1 / b));
    /* from outside, where terms are small: what lies beyond h, and what each convolution left out,
     * must be at most 1 - level */
    double beyond = (double)n * TAIL;
    size_t h = most;
    while (h > 0 && beyond + f[most - h] + f[most + h] <= 1 - level) {
        beyond += f[most - h] + f[most + h];
        h--;
    }
    free(f);
    *half_width = (int64_t)h;
    return 0;
}

/* The normal half-width of a sum of variance v; h + 1/2 because the sum is whole. */
static int64_t normal(double v, double kurtosis, double level) {
    double z = interval_stretch(interval_quantile((1 + level) / 2), 0, kurtosis);
    return (int64_t)ceil(fmax(z * sqrt(v) - 0.5, 0));
}

/* A geometric of ratio q has the cumulants q/(1-q)² and q(1+4q+q²)/(1-q)⁴; the noise is the
 * difference of two, so both double. */
static int64_t laplace_normal(uint64_t n, double b, double level) {
    double q = exp(-1 / b), c = 1 - q, v = 2 * q / (c * c);
    double fourth = 2 * q * (1 + 4 * q + q * q) / (c * c * c * c);
    return normal((double)n * v, fourth / (v * v * (double)n), level);
}

/* ---- Gaussian ---------------------------------------------------------------------------- */

#define GAUSSIAN_SUM_MAX 100000.0 /* standard deviation up to which the pmf is summed */

static int64_t gaussian(uint64_t n, double sigma, double level) {
    double v = (double)n * sigma * sigma, sd = sqrt(v), total = 1, beyond = 0;
    if (sd > GAUSSIAN_SUM_MAX) return normal(v, 0, level);
    int64_t most = (int64_t)ceil(9 * sd), h = most; /* beyond: below 1e-18 */
    for (int64_t x = 1; x <= most; x++) total += 2 * exp(-(double)x * (double)x / (2 * v));
    for (; h > 0; h--) {
        double term = 2 * exp(-(double)h * (double)h / (2 * v)) / total;
        if (beyond + term > 1 - level) break;
        beyond += term;
    }
    return h;
}

/* ---- Either ------------------------------------------------------------------------------ */

double interval_variance(const struct interval_noise *noise) {
    double q = exp(-1 / noise->scale);
    return noise->is_gaussian ? noise->scale * noise->scale : 2 * q / ((1 - q) * (1 - q));
}

int interval_of_noise(uint64_t n, const struct interval_noise *noise, double level,
                      int64_t *half_width) {
    if (n == 0 || n > FLEET_REPORTS_MAX || !(level > 0 && level <= 1 - 1e-9) ||
        !(noise->scale >= (noise->is_gaussian ? 2 : 0.1) && noise->scale <= 1e6))
        return -1;
    if (!noise->is_gaussian && n <= FLEET_EXACT_REPORTS &&
        (n < FEW || (double)n * 2 * reach(n, noise->scale) <= WORK_MAX))
        return laplace_exact(n, noise->scale, level, half_width);
    *half_width = noise->is_gaussian ? gaussian(n, noise->scale, level)
                                     : laplace_normal(n, noise->scale, level);
    return 0;
}

/* |x - s·T| ≤ h·√((1-s)² + (k-1)s²), squared: (T² - kh²)s² - 2(xT - h²)s + x² - h² ≤ 0. */
int interval_of_share(int64_t x, int64_t total, uint32_t k, int64_t h, double *low, double *high) {
    double t = (double)total, d = (double)x, hh = (double)h * (double)h;
    double a = t * t - k * hh, b = d * t - hh, c = d * d - hh;
    if (!(a > 0) || total <= 0) return -1;
    double root = sqrt(fmax(b * b - a * c, 0));
    *low = (b - root) / a;
    *high = (b + root) / a;
    return 0;
}
