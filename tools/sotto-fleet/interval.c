/* interval: see interval.h. */
#include "tools/sotto-fleet/interval.h"

#include <math.h>
#include <stdlib.h>

#include "pack/policy.h"

#define TAIL 1e-14 /* left out on both sides together */

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

static int exact(uint64_t n, double b, double level, int64_t *half_width) {
    size_t most = (size_t)reach(n, b), length = 2 * most + 1;
    double *f = calloc(length, sizeof *f);
    if (!f) return -1;
    f[most] = 1;
    for (uint64_t i = 0; i < n; i++) convolve(f, length, exp(-1 / b));
    double covered = f[most];
    size_t h = 0;
    while (covered < level && h < most) {
        h++;
        covered += f[most - h] + f[most + h];
    }
    free(f);
    *half_width = (int64_t)h;
    return 0;
}

static int64_t normal(uint64_t n, double b, double level) {
    double q = exp(-1 / b), sd = sqrt((double)n * 2 * q) / (1 - q);
    int64_t low = -1, high = (int64_t)ceil(sd * 10) + 1; /* low falls short, high covers */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (erf(((double)middle + 0.5) / (sd * sqrt(2))) >= level)
            high = middle;
        else
            low = middle;
    }
    return high;
}

int fleet_interval(uint64_t n_reports, uint32_t eps_micro, uint32_t max_cells, double level,
                   int64_t *half_width) {
    if (n_reports == 0 || n_reports > UINT64_C(1) << 40 || eps_micro < POLICY_EPS_MICRO_MIN ||
        eps_micro > POLICY_EPS_MICRO_MAX || max_cells == 0 || max_cells > POLICY_MAX_CELLS_MAX ||
        !(level > 0 && level <= 0.999999))
        return -1;
    double b = (double)max_cells * 1e6 / (double)eps_micro;
    if (n_reports <= FLEET_EXACT_REPORTS) return exact(n_reports, b, level, half_width);
    *half_width = normal(n_reports, b, level);
    return 0;
}
