/* interval_odds: what counts of noised answers say. See interval.h. */
#include "tools/sotto-fleet/interval.h"

#include <math.h>
#include <stdlib.h>

#include "tools/sotto-fleet/interval_parts.h"

#define FEW    100  /* answers; fewer are exact whatever the odds */
#define ENOUGH 50.0 /* variance of the supports by chance */

double interval_debias(uint64_t n, uint64_t support, const struct interval_odds *o) {
    return ((double)support - (double)n * o->q) / (o->p - o->q);
}

static double bit_variance(double p) { return p * (1 - p); }

/* Of the support, not of the estimate. */
static double support_variance(uint64_t n, double t, const struct interval_odds *o) {
    double share = t / (double)n;
    return o->is_mean ? (double)n * bit_variance(o->q + (o->p - o->q) * share)
                      : t * bit_variance(o->p) + ((double)n - t) * bit_variance(o->q);
}

double interval_debias_variance(uint64_t n, double t, const struct interval_odds *o) {
    return support_variance(n, t, o) / ((o->p - o->q) * (o->p - o->q));
}

/* ---- Exact ------------------------------------------------------------------------------- */

/* Pr[X ≤ s] and Pr[X = s] for a sum of two binomials. */
struct mass {
    double below, at; /* Pr[X < s], Pr[X = s] */
};

/* pmf of Bin(n, p) into f[0 … n]. */
static void binomial(uint64_t n, double p, double *f) {
    double log_p = log(p), log_q = log1p(-p), all = lgamma((double)n + 1);
    for (uint64_t i = 0; i <= n; i++) {
        double k = (double)i, rest = (double)(n - i);
        f[i] = exp(all - lgamma(k + 1) - lgamma(rest + 1) + k * log_p + rest * log_q);
    }
}

/* X = Bin(a, p) + Bin(b, q); room for a + b + 2 terms in each of f and g. */
static struct mass mass_of(uint64_t a, double p, uint64_t b, double q, uint64_t s, double *f,
                           double *g) {
    struct mass m = {0, 0};
    double below = 0; /* Pr[Bin(b, q) < s - i] */
    binomial(a, p, f);
    binomial(b, q, g);
    for (uint64_t j = 0; j <= b && j + a < s; j++) below += g[j];
    for (uint64_t i = a + 1; i-- > 0;) { /* s - i rises as i falls */
        if (i > s) continue;
        uint64_t rest = s - i; /* below: Pr[Bin(b, q) < rest] */
        m.below += f[i] * below;
        if (rest <= b) {
            m.at += f[i] * g[rest];
            below += g[rest];
        }
    }
    return m;
}

/* ---- One question: is the support too low, or too high, for a truth of t? ------------------ */

struct question {
    uint64_t n, support;
    const struct interval_odds *odds;
    double tail; /* (1 - level)/2 */
    double part; /* how much of Pr[X = support] belongs to its tail: 1, or 1/2 for mid-p */
    double z;
    double *f, *g; /* NULL: normal */
};

/* 1 when t is too small a truth: even its upper tail hardly reaches the support. -1: too large. */
static int contradicts(const struct question *ask, double t) {
    const struct interval_odds *o = ask->odds;
    if (ask->f) {
        struct mass m = o->is_mean ? mass_of(ask->n, o->q + (o->p - o->q) * t / (double)ask->n, 0,
                                             0.5, ask->support, ask->f, ask->g)
                                   : mass_of((uint64_t)t, o->p, ask->n - (uint64_t)t, o->q,
                                             ask->support, ask->f, ask->g);
        double above = fmax(1 - m.below - m.at, 0);
        return above + ask->part * m.at < ask->tail     ? 1
               : m.below + ask->part * m.at < ask->tail ? -1
                                                        : 0;
    }
    double n = (double)ask->n, share = t / n, r = o->q + (o->p - o->q) * share;
    double v = support_variance(ask->n, t, o), sd = sqrt(v), vp, vq, third, fourth;
    vp = bit_variance(o->p), vq = bit_variance(o->q);
    if (o->is_mean) {
        third = v * (1 - 2 * r);
        fourth = v * (1 - 6 * bit_variance(r));
    } else {
        third = t * vp * (1 - 2 * o->p) + (n - t) * vq * (1 - 2 * o->q);
        fourth = t * vp * (1 - 6 * vp) + (n - t) * vq * (1 - 6 * vq);
    }
    double skew = third / (v * sd), kurtosis = fourth / (v * v),
           mean = n * o->q + t * (o->p - o->q);
    double half = ask->part - 0.5; /* continuity correction: only where the tail is held whole */
    double over = ((double)ask->support - half - mean) / sd;
    double under = (mean - (double)ask->support - half) / sd;
    return over > interval_stretch(ask->z, skew, kurtosis)     ? 1
           : under > interval_stretch(ask->z, -skew, kurtosis) ? -1
                                                               : 0;
}

/* The border between truths that contradict on the side `sign` and those that do not: the last t,
 * coming from the border of 0 … n on that side, is bisected, whole or to one part in 2^40. */
static double border(const struct question *ask, int sign) {
    double n = (double)ask->n, bad = sign > 0 ? 0 : n, good = sign > 0 ? n : 0;
    if (contradicts(ask, bad) != sign) return bad;
    if (contradicts(ask, good) == sign) return good;
    for (int i = 0; i < 60; i++) {
        double middle = (bad + good) / 2;
        if (!ask->odds->is_mean) {
            if (fabs(good - bad) <= 1) break;
            middle = floor(middle);
        }
        if (contradicts(ask, middle) == sign)
            bad = middle;
        else
            good = middle;
    }
    return good;
}

/* Whether the exact distribution is needed: with that many chance supports to either side the
 * cumulants up to the fourth describe even the tails of 4,096 cells at once. */
static int is_exact(uint64_t n, const struct interval_odds *o) {
    return n < FEW || (n <= FLEET_EXACT_REPORTS && (double)n * bit_variance(o->q) < ENOUGH);
}

int interval_of_odds(uint64_t n, uint64_t support, const struct interval_odds *odds, double level,
                     int is_strict, double *low, double *high) {
    if (n == 0 || n > FLEET_REPORTS_MAX || support > n || !(odds->q > 0 && odds->q < odds->p) ||
        !(odds->p < 1 && level > 0 && level <= 1 - 1e-9))
        return -1;
    struct question ask = {.n = n,
                           .support = support,
                           .odds = odds,
                           .tail = (1 - level) / 2,
                           .part = is_strict ? 1 : 0.5,
                           .z = interval_quantile((1 + level) / 2)};
    if (is_exact(n, odds)) {
        ask.f = calloc(2 * (size_t)n + 4, sizeof *ask.f);
        if (!ask.f) return -1;
        ask.g = ask.f + n + 2;
    }
    *low = border(&ask, 1);
    *high = border(&ask, -1);
    free(ask.f);
    return 0;
}
