/* noise_audit: see noise_audit.h. Host side, floating point. */
#include "tests/support/noise_audit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "dp/sample.h"
#include "tests/support/chi_square.h"

/* Of a normal: 1 in 10^7, one-sided; an audit looks at fewer than 1,000 sets. */
#define Z 5.2

/* ---- Counts -------------------------------------------------------------------------------- */

#define COUNT 100
#define EDGE  25 /* outcomes beyond are pooled with it */

static uint32_t clipped(int64_t v, int edge) {
    return (uint32_t)((v < -edge ? -edge : v > edge ? edge : v) + edge);
}

/* Spreads a law of the integers over 2·edge + 1 bins, moved by the world's number. */
static void spread(struct audit_case *c, int edge, double (*law)(const struct audit_case *, int)) {
    double total = 0;
    c->n_bins = 2 * (size_t)edge + 1;
    for (int x = -2000; x <= 2000; x++) total += law(c, x);
    for (int world = 0; world < 2; world++)
        for (int x = -2000; x <= 2000; x++)
            c->share[world][clipped(x + world, edge)] += law(c, x) / total;
}

/* num/den is Delta/epsilon for Laplace, sigma² for Gaussian noise. */
static double laplace_law(const struct audit_case *c, int x) {
    return exp(-abs(x) * (double)c->den / (double)c->num);
}
static double gaussian_law(const struct audit_case *c, int x) {
    return exp(-0.5 * x * x * (double)c->den / (double)c->num);
}

/* The first cell of a metric with as many cells as the terms say; a visit adds 1 to it. */
static int one_cell(const struct audit_case *c, struct rng *g, int world, uint32_t *bin) {
    uint16_t counts[MECHANISM_COUNTED_MAX] = {0};
    int16_t out[MECHANISM_COUNTED_MAX];
    counts[0] = (uint16_t)(COUNT + world);
    if (mechanism_noise(g, &c->terms, counts, out) != 0) return -1;
    *bin = clipped(out[0] - COUNT, (int)(c->n_bins - 1) / 2);
    return 0;
}

/* In how many of the C cells that a visit touches by w each the noised count is at most what it was
 * without the visit. All C: the set that tells the two worlds apart best. */
static int touched_cells(const struct audit_case *c, struct rng *g, int world, uint32_t *bin) {
    uint16_t counts[MECHANISM_COUNTED_MAX] = {0};
    int16_t out[MECHANISM_COUNTED_MAX];
    uint32_t n = c->terms.max_cells, low = 0;
    for (uint32_t i = 0; i < n; i++)
        counts[i] = (uint16_t)(COUNT + (world ? c->terms.max_weight : 0));
    if (mechanism_noise(g, &c->terms, counts, out) != 0) return -1;
    for (uint32_t i = 0; i < n; i++) low += out[i] <= COUNT;
    *bin = low;
    return 0;
}

static void touched_cells_law(struct audit_case *c) {
    uint32_t n = c->terms.max_cells;
    double q = exp(-(double)c->den / (double)c->num);
    c->n_bins = n + 1;
    for (int world = 0; world < 2; world++) {
        double p = world ? pow(q, c->terms.max_weight) / (1 + q) : 1 / (1 + q), ways = 1;
        for (uint32_t i = 0; i <= n; i++) {
            c->share[world][i] = ways * pow(p, i) * pow(1 - p, n - i);
            ways = ways * (n - i) / (i + 1);
        }
    }
}

/* Two cells of one report together: are they as good as drawn apart? */
#define PAIR 7
static int two_cells(const struct audit_case *c, struct rng *g, int world, uint32_t *bin) {
    uint16_t counts[2] = {(uint16_t)(COUNT + world), COUNT};
    int16_t out[2];
    if (mechanism_noise(g, &c->terms, counts, out) != 0) return -1;
    *bin = PAIR * clipped(out[0] - COUNT, PAIR / 2) + clipped(out[1] - COUNT, PAIR / 2);
    return 0;
}

static void two_cells_law(struct audit_case *c, double (*law)(const struct audit_case *, int)) {
    static struct audit_case single;
    single = *c;
    memset(single.share, 0, sizeof single.share);
    spread(&single, PAIR / 2, law);
    c->n_bins = PAIR * PAIR;
    for (int world = 0; world < 2; world++)
        for (int i = 0; i < PAIR * PAIR; i++)
            c->share[world][i] = single.share[world][i / PAIR] * single.share[0][i % PAIR];
}

static int exact_laplace(const struct audit_case *c, struct rng *g, int world, uint32_t *bin) {
    int64_t v;
    if (sample_discrete_laplace(g, c->num, c->den, &v) != 0) return -1;
    *bin = clipped(v + world, EDGE);
    return 0;
}
static int exact_gaussian(const struct audit_case *c, struct rng *g, int world, uint32_t *bin) {
    int64_t v;
    if (sample_discrete_gaussian(g, c->num, c->den, &v) != 0) return -1;
    *bin = clipped(v + world, EDGE);
    return 0;
}

/* ---- Households ---------------------------------------------------------------------------- */

/* The two values that are told apart. */
static uint32_t value_of(const struct audit_case *c, int world) {
    if (c->terms.mechanism == KIND_ONE_BIT) return world ? c->terms.max_value : 0;
    return world ? c->terms.n_cells / 3 : c->terms.n_cells - 1;
}

/* A bitmap, a point or a bit is its own bin; the small cases only. */
static int whole_answer(const struct audit_case *c, struct rng *g, int world, uint32_t *bin) {
    uint8_t answer[MECHANISM_ANSWER_MAX] = {0};
    if (mechanism_answer(g, &c->terms, value_of(c, world), answer) != 0) return -1;
    *bin = load32(answer);
    return 0;
}

/* Whether a long answer speaks for the one, the other, both or none. */
static int supported(const struct audit_case *c, struct rng *g, int world, uint32_t *bin) {
    uint8_t answer[MECHANISM_ANSWER_MAX] = {0};
    if (mechanism_answer(g, &c->terms, value_of(c, world), answer) != 0) return -1;
    *bin = 2u * (uint32_t)mechanism_supports(&c->terms, answer, value_of(c, 0)) +
           (uint32_t)mechanism_supports(&c->terms, answer, value_of(c, 1));
    return 0;
}

/* Every answer that may come, one that speaks for the value e^epsilon times as often. */
static void whole_answer_law(struct audit_case *c, size_t n_bins) {
    c->n_bins = n_bins;
    for (int world = 0; world < 2; world++) {
        double total = 0;
        for (uint32_t bin = 0; bin < n_bins; bin++) {
            uint8_t answer[MECHANISM_ANSWER_MAX] = {0};
            store32(answer, bin);
            if (mechanism_answer_check(&c->terms, answer, mechanism_answer_bytes(&c->terms)) != 0)
                continue;
            int speaks = c->terms.mechanism == KIND_ONE_BIT
                             ? (int)bin == world
                             : mechanism_supports(&c->terms, answer, value_of(c, world));
            total += c->share[world][bin] = speaks ? exp(c->eps) : 1;
        }
        for (uint32_t bin = 0; bin < n_bins; bin++) c->share[world][bin] /= total;
    }
}

static void subset_law(struct audit_case *c, double size) {
    double k = c->terms.n_cells, e = exp(c->eps), p = e * size / (e * size + k - size);
    double both = p * (size - 1) / (k - 1), other = (1 - p) * size / (k - 1);
    c->n_bins = 4;
    for (int world = 0; world < 2; world++) {
        c->share[world][world ? 1 : 2] = p - both;
        c->share[world][world ? 2 : 1] = other;
        c->share[world][3] = both;
        c->share[world][0] = 1 - p - other;
    }
}

/* ---- The cases ----------------------------------------------------------------------------- */

void audit_laplace(struct audit_case *c, const char *name, uint64_t num, uint64_t den) {
    memset(c, 0, sizeof *c);
    c->name = name;
    c->draw = exact_laplace;
    c->cost = 1;
    c->eps = 1;
    c->num = c->den = 1; /* what is claimed */
    spread(c, EDGE, laplace_law);
    c->num = num;
    c->den = den;
}

static struct audit_case *begin(struct audit_case *c, const char *name, double eps,
                                int (*draw)(const struct audit_case *, struct rng *, int,
                                            uint32_t *),
                                struct mechanism_terms terms) {
    memset(c, 0, sizeof *c);
    c->name = name;
    c->eps = eps;
    c->draw = draw;
    c->terms = terms;
    c->cost = draw == touched_cells ? terms.max_cells : draw == two_cells ? 2 : 1;
    if (terms.mechanism == 0 || mechanism_scale(&terms, &c->num, &c->den) != 0) c->num = c->den = 0;
    return c;
}

static size_t count_cases(struct audit_case *c) {
    struct audit_case *at = c;
    spread(begin(at++, "Laplace, fixed time", 1, one_cell,
                 (struct mechanism_terms){1, 1000000, 1, 1, 1, 0}),
           EDGE, laplace_law);
    touched_cells_law(begin(at++, "Laplace, fixed time, 4 cells by 2", 1, touched_cells,
                            (struct mechanism_terms){1, 1000000, 4, 2, 4, 0}));
    touched_cells_law(begin(at++, "Laplace, exact, 5 cells by 3", 2, touched_cells,
                            (struct mechanism_terms){1, 2000000, 5, 3, 5, 0}));
    two_cells_law(begin(at++, "Laplace, two cells together", 1, two_cells,
                        (struct mechanism_terms){1, 1000000, 1, 1, 2, 0}),
                  laplace_law);
    audit_laplace(at++, "Laplace, exact", 1, 1);
    spread(begin(at++, "Gaussian, fixed time", 0, one_cell,
                 (struct mechanism_terms){2, 4000000, 11, 1, 1, 0}),
           EDGE, gaussian_law);
    spread(begin(at++, "Gaussian, fixed time, sigma 31", 0, one_cell,
                 (struct mechanism_terms){2, 1000000, 12, 2, 1, 0}),
           120, gaussian_law);
    begin(at, "Gaussian, exact", 0, exact_gaussian, (struct mechanism_terms){0});
    at->num = 37, at->den = 2, at->cost = 4;
    spread(at++, EDGE, gaussian_law);
    return (size_t)(at - c);
}

static size_t answer_cases(struct audit_case *c) {
    struct audit_case *at = c;
    whole_answer_law(begin(at++, "subset of 6", 1, whole_answer,
                           (struct mechanism_terms){3, 1000000, 0, 0, 6, 0}),
                     64);
    subset_law(begin(at, "subset of 300, a list", 5, supported,
                     (struct mechanism_terms){3, 5000000, 0, 0, 300, 0}),
               2);
    at++->cost = 4;
    whole_answer_law(begin(at++, "projective over 4", 1, whole_answer,
                           (struct mechanism_terms){4, 1000000, 0, 0, 20, 0}),
                     21);
    whole_answer_law(begin(at++, "projective over 8", 2, whole_answer,
                           (struct mechanism_terms){4, 2000000, 0, 0, 64, 0}),
                     73);
    whole_answer_law(begin(at++, "projective over 19", 3, whole_answer,
                           (struct mechanism_terms){4, 3000000, 0, 0, 300, 0}),
                     381);
    whole_answer_law(
        begin(at++, "one bit", 2, whole_answer, (struct mechanism_terms){5, 2000000, 0, 0, 1, 10}),
        2);
    return (size_t)(at - c);
}

size_t audit_cases(struct audit_case *cases, size_t room) {
    if (room < 14) return 0;
    size_t n = count_cases(cases);
    return n + answer_cases(cases + n);
}

/* ---- Judging ------------------------------------------------------------------------------- */

/* Wilson's interval for a share: its lower or upper end. */
static double wilson(double seen, double n, double z) {
    double p = seen / n, z2 = z * z / n;
    return (p + z2 / 2 + (z < 0 ? -1 : 1) * sqrt(z2 * (p * (1 - p) + z2 / 4))) / (1 + z2);
}

/* A lower bound of log(share a / share b): by the normal law of a log ratio where there is enough
 * of both, by the ends of two intervals where not. */
static double log_ratio(double a, double b, double n) {
    if (a < 30) return 0;
    if (a < 1000 || b < 1000) return log(wilson(a, n, -Z) / wilson(b, n, Z));
    return log(a / b) - Z * sqrt((1 - a / n) / a + (1 - b / n) / b);
}

/* Sets of outcomes: bin i by itself, 0 … i, and what is beyond i. */
#define SETS 3
static double mass(const double *share, size_t n_bins, size_t i, int set) {
    double sum = 0;
    if (set == 0) return share[i];
    for (size_t b = set == 1 ? 0 : i + 1; b < (set == 1 ? i + 1 : n_bins); b++) sum += share[b];
    return sum;
}

/* Over all sets, either way round: the largest log ratio that is sure, and by how much one passes
 * what it may be: epsilon, or where that is 0 the set's ratio under the exact law. */
static void compare(const struct audit_case *c, double counts[2][AUDIT_BINS_MAX], double samples,
                    struct audit_result *r) {
    double excess = -1;
    r->eps = c->eps;
    for (size_t i = 0; i < c->n_bins; i++)
        for (int set = 0; set < SETS; set++)
            for (int world = 0; world < 2; world++) {
                double x = mass(c->share[world], c->n_bins, i, set);
                double y = mass(c->share[!world], c->n_bins, i, set);
                double low = log_ratio(mass(counts[world], c->n_bins, i, set),
                                       mass(counts[!world], c->n_bins, i, set), samples);
                double most = c->eps > 0 ? c->eps : y > 0 && x > y ? log(x / y) : 0;
                r->eps_low = fmax(r->eps_low, low);
                excess = fmax(excess, low - most);
                if (low == r->eps_low) r->eps = most;
            }
    r->is_private = excess <= 0;
}

/* Bins that expect less than 20 go together, at the end. */
static int fits(const struct audit_case *c, int world, const uint64_t *seen, uint64_t samples,
                struct audit_result *r) {
    uint64_t pooled[AUDIT_BINS_MAX + 1] = {0};
    double share[AUDIT_BINS_MAX + 1] = {0};
    size_t n = 0, rest = c->n_bins;
    uint64_t impossible = 0;
    for (size_t i = 0; i < c->n_bins; i++) {
        if (c->share[world][i] == 0) {
            impossible += seen[i];
        } else if (c->share[world][i] * (double)samples >= 20) {
            pooled[n] = seen[i];
            share[n++] = c->share[world][i];
        } else {
            pooled[rest] += seen[i];
            share[rest] += c->share[world][i];
        }
    }
    if (share[rest] * (double)samples >= 5) {
        pooled[n] = pooled[rest];
        share[n++] = share[rest];
    }
    r->chi_square[world] = chi_square(pooled, share, n);
    r->limit[world] = chi_square_limit(n - 1);
    return impossible == 0 && r->chi_square[world] < r->limit[world];
}

int audit_run(const struct audit_case *c, struct rng *g, uint64_t samples, struct audit_result *r) {
    static uint64_t seen[2][AUDIT_BINS_MAX];
    static double counts[2][AUDIT_BINS_MAX];
    memset(seen, 0, sizeof seen);
    memset(r, 0, sizeof *r);
    samples /= c->cost;
    r->samples = samples;
    for (int world = 0; world < 2; world++)
        for (uint64_t i = 0; i < samples; i++) {
            uint32_t bin = 0;
            if (c->draw(c, g, world, &bin) != 0 || bin >= c->n_bins) return -1;
            seen[world][bin]++;
        }
    r->fits = 1;
    for (int world = 0; world < 2; world++) {
        r->fits &= fits(c, world, seen[world], samples, r);
        for (size_t i = 0; i < c->n_bins; i++) counts[world][i] = (double)seen[world][i];
    }
    compare(c, counts, (double)samples, r);
    return 0;
}

void audit_print(const struct audit_case *c, const struct audit_result *r) {
    printf("%-34s %8llu runs, chi-square %9.1f and %9.1f of %6.1f  epsilon > %.4f of %.4f  %s%s\n",
           c->name, (unsigned long long)r->samples, r->chi_square[0], r->chi_square[1], r->limit[0],
           r->eps_low, r->eps, r->fits ? "" : " MISFIT", r->is_private ? "" : " VIOLATION");
    fflush(stdout);
}
