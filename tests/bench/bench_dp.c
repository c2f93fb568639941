/* bench_dp: what a draw costs, in one table: both designs of each sampler, the answers, and beside
 * them what else is done: floating-point noise as textbooks have it (not private: Mironov 2012),
 * and the exact samplers fed word by word from libsodium's own generator. Then how much longer a
 * draw takes when the noise is large.
 *
 *     bench_dp
 *
 * Batches of 1,000 draws; the median and the fastest of them, in nanoseconds a draw. Figures are of
 * the machine and the moment: compare rows, not runs. */
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dp/mechanism.h"
#include "dp/sample.h"
#include "tests/support/test_rng.h"

#define BATCH   1000
#define BATCHES 300
#define SINGLES 1000000

struct work {
    const char *name;
    int64_t (*draw)(const struct work *w, struct rng *g);
    uint64_t a, b;
    double scale; /* of the noise, to sort draws by; 0: not noise */
    struct mechanism_terms terms;
    struct sample_gaussian law;
};

static int is_failed;

/* ---- Ours ---------------------------------------------------------------------------------- */

static int64_t laplace_fixed(const struct work *w, struct rng *g) {
    int32_t v = 0;
    is_failed |= sample_laplace_fixed(g, (uint32_t)w->a, -(int)w->b, &v) != 0;
    return v;
}
static int64_t laplace_exact(const struct work *w, struct rng *g) {
    int64_t v = 0;
    is_failed |= sample_discrete_laplace(g, w->a, w->b, &v) != 0;
    return v;
}
static int64_t gaussian_fixed(const struct work *w, struct rng *g) {
    int32_t v = 0;
    is_failed |= sample_gaussian_fixed(g, &w->law, &v) != 0;
    return v;
}
static int64_t gaussian_exact(const struct work *w, struct rng *g) {
    int64_t v = 0;
    is_failed |= sample_discrete_gaussian(g, w->a, w->b, &v) != 0;
    return v;
}
static int64_t answer(const struct work *w, struct rng *g) {
    uint8_t bytes[MECHANISM_ANSWER_MAX] = {0};
    is_failed |= mechanism_answer(g, &w->terms, (uint32_t)w->a, bytes) != 0;
    return bytes[0];
}
static int64_t whole_report(const struct work *w, struct rng *g) {
    uint16_t counts[MECHANISM_COUNTED_MAX] = {0};
    int16_t out[MECHANISM_COUNTED_MAX];
    is_failed |= mechanism_noise(g, &w->terms, counts, out) != 0;
    return out[0];
}

/* ---- Others -------------------------------------------------------------------------------- */

static double unit(struct rng *g) {
    uint32_t high = 0, low = 0;
    is_failed |= rng_u32(g, &high) != 0 || rng_u32(g, &low) != 0;
    return ((double)((uint64_t)high << 21 | low >> 11) + 0.5) / 9007199254740992.0;
}
static int64_t laplace_double(const struct work *w, struct rng *g) {
    double u = unit(g) - 0.5;
    return llround(-(double)w->a / (double)w->b * copysign(log1p(-2 * fabs(u)), u));
}
static int64_t gaussian_double(const struct work *w, struct rng *g) {
    return llround(sqrt((double)w->a / (double)w->b) * sqrt(-2 * log(unit(g))) *
                   cos(6.283185307179586 * unit(g)));
}

/* The textbook's way: q^|x| one step after the other, as exact as its coins. */
static int64_t laplace_steps(const struct work *w, struct rng *g) {
    uint64_t q = (uint64_t)ldexp(exp(-(double)w->b / (double)w->a), 32);
    int64_t v = 0;
    uint32_t word = 0, sign = 0;
    do {
        v = 0;
        is_failed |= rng_u32(g, &sign) != 0;
        for (;; v++) {
            is_failed |= rng_u32(g, &word) != 0;
            if (word >= q) break;
        }
    } while (v == 0 && sign & 1);
    return sign & 1 ? -v : v;
}

/* A generator that hands out 480 bytes of libsodium's randombytes_buf, with its system call. */
static int64_t laplace_exact_system(const struct work *w, struct rng *g) {
    if (g->used > RNG_POOL_BYTES / 2) {
        randombytes_buf(g->pool, sizeof g->pool);
        g->used = 0;
    }
    return laplace_exact(w, g);
}

/* ---- The table ----------------------------------------------------------------------------- */

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int64_t sink;

static void print_row(const struct work *w, struct rng *g) {
    static double ns[BATCHES];
    for (int i = 0; i < BATCHES; i++) {
        uint64_t from = now_ns();
        for (int n = 0; n < BATCH; n++) sink += w->draw(w, g);
        ns[i] = (double)(now_ns() - from) / BATCH;
    }
    qsort(ns, BATCHES, sizeof *ns, by_size);
    printf("  %-52s %9.0f %9.0f\n", w->name, ns[BATCHES / 2], ns[0]);
    fflush(stdout);
}

/* How much longer the median draw takes for noise of 3 to 4 scales than for noise below one. Each
 * is timed by itself; refills of the generator come at any value and fall out of the median. */
static void print_slope(const struct work *w, struct rng *g) {
    static double ns[2][SINGLES];
    size_t n[2] = {0, 0};
    for (int i = 0; i < SINGLES; i++) {
        uint64_t from = now_ns();
        int64_t v = w->draw(w, g);
        double took = (double)(now_ns() - from), size = fabs((double)v) / w->scale;
        if (size < 1) ns[0][n[0]++] = took;
        if (size >= 3 && size < 4) ns[1][n[1]++] = took;
    }
    double mean[2];
    for (int s = 0; s < 2; s++) {
        qsort(ns[s], n[s], sizeof **ns, by_size);
        /* The mean of the middle half: the clock's steps are too coarse for a median. */
        size_t quarter = n[s] / 4, half = n[s] - 2 * quarter;
        mean[s] = 0;
        for (size_t i = quarter; i < quarter + half; i++) mean[s] += ns[s][i];
        mean[s] /= (double)half;
    }
    printf("  %-52s %9.1f %9.1f %+8.1f %%\n", w->name, mean[0], mean[1],
           100 * (mean[1] / mean[0] - 1));
}

static struct work rows[] = {
    {"Laplace, fixed time, epsilon/Delta 1", laplace_fixed, 1, 0, 1, {0}, {0}},
    {"Laplace, fixed time, epsilon/Delta 1/4", laplace_fixed, 1, 2, 4, {0}, {0}},
    {"Laplace, fixed time, epsilon/Delta 1/12", laplace_fixed, 3, 2, 12, {0}, {0}},
    {"Laplace, fixed time, epsilon/Delta 1/1024", laplace_fixed, 1, 10, 1024, {0}, {0}},
    {"Laplace, exact, epsilon/Delta 1", laplace_exact, 1, 1, 1, {0}, {0}},
    {"Laplace, exact, epsilon/Delta 1/12", laplace_exact, 12, 1, 12, {0}, {0}},
    {"  the same, randomness from the system", laplace_exact_system, 12, 1, 12, {0}, {0}},
    {"  a coin for each step (textbook), 1/12", laplace_steps, 12, 1, 12, {0}, {0}},
    {"  double precision, 1/12: not private", laplace_double, 12, 1, 12, {0}, {0}},
    {"Gaussian, fixed time, sigma 18", gaussian_fixed, 2048, 20, 18, {0}, {0}},
    {"Gaussian, fixed time, sigma 4096", gaussian_fixed, 2048, 36, 4096, {0}, {0}},
    {"Gaussian, exact, sigma 18", gaussian_exact, 324, 1, 18, {0}, {0}},
    {"Gaussian, exact, sigma 4096", gaussian_exact, 1 << 24, 1, 4096, {0}, {0}},
    {"  double precision (Box, Muller), 18: not private", gaussian_double, 324, 1, 18, {0}, {0}},
    {"Laplace noise for a report of 64 cells",
     whole_report,
     0,
     0,
     0,
     {1, 1000000, 4, 1, 64, 0},
     {0}},
    {"Gaussian noise for a report of 64 cells",
     whole_report,
     0,
     0,
     0,
     {2, 1000000, 16, 1, 64, 0},
     {0}},
    {"subset of 64, epsilon 1", answer, 5, 0, 0, {3, 1000000, 0, 0, 64, 0}, {0}},
    {"projective, 1024 cells, epsilon 1", answer, 5, 0, 0, {4, 1000000, 0, 0, 1024, 0}, {0}},
    {"one bit, epsilon 1", answer, 5, 0, 0, {5, 1000000, 0, 0, 1, 100}, {0}}};

int main(void) {
    struct rng g;
    struct test_entropy entropy;
    if (crypto_init() != 0 || test_rng_start(&g, &entropy, 20261127, UINT32_MAX) != 0) return 1;
    printf("%-54s %9s %9s\n", "nanoseconds a draw", "median", "fastest");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].draw == gaussian_fixed &&
            sample_gaussian_law((uint32_t)rows[i].a, (uint32_t)rows[i].b, &rows[i].law) != 0)
            return 1;
        print_row(&rows[i], &g);
    }
    printf("\n%-54s %9s %9s %10s\n", "nanoseconds a draw, with the clock", "|x| < 1 s", "3 to 4 s",
           "slope");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].scale > 1) print_slope(&rows[i], &g);
    return is_failed || sink == 1 ? 1 : 0;
}
