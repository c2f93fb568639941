/* The noise is what it claims to be: exact pmf by chi-square, and the same chi-square catches bugs
 * that were planted. Everything follows from SEED, so a failure here is never bad luck. */
#include "tests/support/test.h"

#include "dp/sample.h"
#include "tests/support/chi_square.h"
#include "tests/support/test_rng.h"

#define SEED         UINT64_C(20261124)
#define DRAWS        2000000u
#define MOMENT_DRAWS 1000000u
#define BINS         41 /* -20 … 20, the outermost two with everything beyond */
#define EDGE         20

struct draw {
    struct rng rng;
    struct test_entropy entropy;
    uint64_t num, den;
    struct dice dice; /* for the planted bugs */
};

static struct draw *start(uint64_t num, uint64_t den) {
    static struct draw d;
    assert_int_equal(crypto_init(), 0);
    assert_int_equal(test_rng_start(&d.rng, &d.entropy, SEED, UINT32_MAX), 0);
    d.num = num;
    d.den = den;
    d.dice.state = SEED + 1;
    return &d;
}

static int64_t honest(struct draw *d) {
    int64_t v = 0;
    assert_int_equal(sample_discrete_laplace(&d->rng, d->num, d->den, &v), 0);
    return v;
}

/* ---- Bugs that real libraries had -------------------------------------------------------- */

static double unit(struct dice *d) {
    return ((double)(dice_u64(d) >> 11) + 0.5) / 9007199254740992.0;
}

static int64_t zero_counted_twice(struct draw *d) {
    int64_t magnitude = (int64_t)(-log(unit(&d->dice)) * (double)d->num / (double)d->den);
    return dice_u64(&d->dice) >> 63 ? -magnitude : magnitude;
}
static int64_t scale_one_percent_small(struct draw *d) {
    int64_t v = 0;
    assert_int_equal(sample_discrete_laplace(&d->rng, d->num * 99, d->den * 100, &v), 0);
    return v;
}
static int64_t scale_one_percent_large(struct draw *d) {
    int64_t v = 0;
    assert_int_equal(sample_discrete_laplace(&d->rng, d->num * 101, d->den * 100, &v), 0);
    return v;
}
static int64_t tail_cut(struct draw *d) {
    int64_t v = honest(d);
    while (v > 16 || v < -16) v = honest(d);
    return v;
}
static int64_t continuous_then_rounded(struct draw *d) {
    double x = -log(unit(&d->dice)) * (double)d->num / (double)d->den;
    return llround(dice_u64(&d->dice) >> 63 ? -x : x);
}
static int64_t sign_slightly_biased(struct draw *d) {
    int64_t v = honest(d);
    return v < 0 && dice_below(&d->dice, 100) == 0 ? -v : v;
}

/* Chi-square of DRAWS values against the exact pmf (1-q)/(1+q)·q^|x|, q = exp(-den/num); bins that
 * expect less than 20 are pooled with the tail. *freedom is set. */
static double misfit(struct draw *d, int64_t (*sampler)(struct draw *), size_t *freedom) {
    static const uint32_t draws = DRAWS;
    uint64_t seen[BINS] = {0}, pooled[BINS] = {0};
    double q = exp(-(double)d->den / (double)d->num), share[BINS] = {0}, p0 = (1 - q) / (1 + q);
    int edge = EDGE;
    while (edge > 1 && p0 * pow(q, edge) / (1 - q) * draws < 20) edge--;
    for (uint32_t i = 0; i < draws; i++) {
        int64_t v = sampler(d);
        seen[v < -EDGE ? 0 : v > EDGE ? 2 * EDGE : v + EDGE]++;
    }
    for (int v = -EDGE; v <= EDGE; v++) {
        int at = v < -edge ? -edge : v > edge ? edge : v;
        pooled[at + edge] += seen[v + EDGE];
    }
    for (int v = -edge; v <= edge; v++)
        share[v + edge] = abs(v) == edge ? p0 * pow(q, edge) / (1 - q) : p0 * pow(q, abs(v));
    *freedom = 2 * (size_t)edge;
    return chi_square(pooled, share, 2 * (size_t)edge + 1);
}

static const struct { uint64_t num, den; } scales[] = {{1, 1}, {4, 1}, {1, 2}, {10, 7}};

static void noise_follows_the_exact_distribution(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        size_t freedom;
        double x = misfit(start(scales[i].num, scales[i].den), honest, &freedom);
        print_message("scale %u/%u: chi-square(%zu) = %.1f, limit %.1f, %u draws\n",
                      (unsigned)scales[i].num, (unsigned)scales[i].den, freedom, x,
                      chi_square_limit(freedom), DRAWS);
        assert_true(x < chi_square_limit(freedom));
    }
}

static void planted_bugs_fail_the_same_test(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t (*sampler)(struct draw *);
        uint64_t num, den;
    } bugs[] = {{"zero counted twice", zero_counted_twice, 1, 1},
                {"scale 1 % too small", scale_one_percent_small, 1, 1},
                {"scale 1 % too large", scale_one_percent_large, 4, 1},
                {"tail cut off", tail_cut, 4, 1},
                {"continuous, then rounded", continuous_then_rounded, 1, 1},
                {"1 % of the negative turned positive", sign_slightly_biased, 4, 1}};
    for (size_t i = 0; i < sizeof bugs / sizeof *bugs; i++) {
        size_t freedom;
        double x = misfit(start(bugs[i].num, bugs[i].den), bugs[i].sampler, &freedom);
        print_message("%s: chi-square(%zu) = %.0f, limit %.1f\n", bugs[i].name, freedom, x,
                      chi_square_limit(freedom));
        assert_true(x > chi_square_limit(freedom));
    }
}

static void mean_is_zero_and_variance_as_computed(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct draw *d = start(scales[i].num, scales[i].den);
        double q = exp(-(double)d->den / (double)d->num), sum = 0, squares = 0, fourth = 0;
        double variance = 2 * q / ((1 - q) * (1 - q));

        for (uint32_t n = 0; n < MOMENT_DRAWS; n++) {
            double v = (double)honest(d);
            sum += v, squares += v * v, fourth += v * v * v * v;
        }

        double mean = sum / MOMENT_DRAWS, measured = squares / MOMENT_DRAWS;
        double slack = 5 * sqrt((fourth / MOMENT_DRAWS - variance * variance) / MOMENT_DRAWS);
        print_message("scale %u/%u: mean %+.5f, variance %.4f of %.4f\n", (unsigned)d->num,
                      (unsigned)d->den, mean, measured, variance);
        assert_true(fabs(mean) < 5 * sqrt(variance / MOMENT_DRAWS));
        assert_true(fabs(measured - variance) < slack);
    }
}

static void uniform_draws_are_uniform_up_to_the_largest_bound(void **state) {
    (void)state;
    struct draw *d = start(1, 1);
    static const uint64_t bounds[] = {2, 3, 10, 33};
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
        uint64_t seen[33] = {0}, v;
        double share[33] = {0};
        for (uint32_t i = 0; i < 300000; i++) {
            assert_int_equal(sample_uniform(&d->rng, bounds[b], &v), 0);
            assert_true(v < bounds[b]);
            seen[v]++;
        }
        for (uint64_t i = 0; i < bounds[b]; i++) share[i] = 1.0 / (double)bounds[b];
        assert_true(chi_square(seen, share, bounds[b]) < chi_square_limit(bounds[b] - 1));
    }
    static const uint64_t wide[] = {1, UINT64_C(1) << 63, (UINT64_C(1) << 63) + 1, UINT64_MAX};
    for (size_t b = 0; b < sizeof wide / sizeof *wide; b++)
        for (int i = 0; i < 1000; i++) {
            uint64_t v = UINT64_MAX;
            assert_int_equal(sample_uniform(&d->rng, wide[b], &v), 0);
            assert_true(v < wide[b]);
        }
}

static void bounds_of_the_scale_are_kept(void **state) {
    (void)state;
    const uint64_t most = UINT64_C(1) << 32;
    struct draw *d = start(1, 1);
    int64_t v = 77;
    assert_int_equal(sample_discrete_laplace(&d->rng, 0, 1, &v), -1);
    assert_int_equal(sample_discrete_laplace(&d->rng, 1, 0, &v), -1);
    assert_int_equal(sample_discrete_laplace(&d->rng, most + 1, 1, &v), -1);
    assert_int_equal(sample_discrete_laplace(&d->rng, 1, most + 1, &v), -1);
    assert_int_equal(v, 77);
    uint64_t none;
    assert_int_equal(sample_uniform(&d->rng, 0, &none), -1);
    /* The widest and the narrowest noise there can be. */
    double sum = 0;
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(sample_discrete_laplace(&d->rng, most, 1, &v), 0);
        sum += fabs((double)v) / (double)most;
        assert_int_equal(sample_discrete_laplace(&d->rng, 1, most, &v), 0);
        assert_int_equal(v, 0);
    }
    assert_true(fabs(sum / 10000 - 1) < 0.05); /* E|x| is the scale; sd of the mean is 0.01 */
}

static void bounds_of_the_gaussian_are_kept(void **state) {
    (void)state;
    const uint64_t most = UINT64_C(1) << 52;
    struct draw *d = start(1, 1);
    int64_t v = 77;
    static const uint64_t wrong[][2] = {
        {0, 1}, {1, 0}, {(UINT64_C(1) << 52) + 1, 1}, {1, (UINT64_C(1) << 52) + 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(sample_discrete_gaussian(&d->rng, wrong[i][0], wrong[i][1], &v), -1);
    assert_int_equal(v, 77);
    /* The widest, with sigma 2^26, the narrowest, and the longest fraction; UBSan looks on. */
    double squares = 0;
    for (int i = 0; i < 4000; i++) {
        assert_int_equal(sample_discrete_gaussian(&d->rng, most, 1, &v), 0);
        squares += (double)v * (double)v / (double)most;
        assert_int_equal(sample_discrete_gaussian(&d->rng, 1, most, &v), 0);
        assert_int_equal(v, 0);
        assert_int_equal(sample_discrete_gaussian(&d->rng, most - 1, most - 3, &v), 0);
        assert_true(v > -12 && v < 12);
    }
    assert_true(fabs(squares / 4000 - 1) < 0.12); /* 5 of its sd, sqrt(2/4000) */
}

static void fixed_time_samplers_refuse_what_they_have_no_table_for(void **state) {
    (void)state;
    struct draw *d = start(1, 1);
    struct sample_gaussian law = {1, 2, 3};
    int32_t v = 77;
    static const struct {
        uint32_t odd;
        int log2_num;
    } none[] = {{0, 0}, {2, 0},  {11, 0}, {257, 0},      {1, -11},
                {1, 3}, {9, -8}, {9, 3},  {1, INT32_MIN}};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_int_equal(sample_laplace_is_fixed(none[i].odd, none[i].log2_num), 0);
        assert_int_equal(sample_laplace_fixed(&d->rng, none[i].odd, none[i].log2_num, &v), -1);
    }
    static const uint32_t wrong[][2] = {{2047, 20}, {4096, 20}, {2048, 16}, {2048, 38}, {0, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(sample_gaussian_law(wrong[i][0], wrong[i][1], &law), -1);
    assert_int_equal(v, 77);
    assert_int_equal(law.step, 3);
    /* The step is the least that is half of sigma or more. */
    for (uint32_t s = 17; s <= 37; s++)
        for (uint32_t a = 2048; a < 4096; a += 13) {
            assert_int_equal(sample_gaussian_law(a, s, &law), 0);
            uint64_t step = law.step, bound = UINT64_C(1) << (s - 3);
            assert_true(step * step * a >= bound && (step - 1) * (step - 1) * a < bound);
        }
}

static void failed_generator_gives_no_value(void **state) {
    (void)state;
    struct draw *d = start(4, 1);
    int64_t v = 77;
    uint64_t u = 77;
    assert_int_equal(test_rng_start(&d->rng, &d->entropy, SEED, 0), -1);
    assert_int_equal(sample_discrete_laplace(&d->rng, 4, 1, &v), -1);
    assert_int_equal(sample_uniform(&d->rng, 10, &u), -1);
    assert_int_equal(v, 77);
    assert_int_equal(u, 77);
    /* Entropy that dries up later: sooner or later a draw fails, and it leaves no value either. */
    assert_int_equal(test_rng_start(&d->rng, &d->entropy, SEED, 1), 0);
    uint32_t draws = 0;
    int rc;
    do {
        v = INT64_MIN;
        rc = sample_discrete_laplace(&d->rng, 4, 1, &v);
    } while (rc == 0 && ++draws < RNG_RESEED_BYTES);
    assert_int_equal(rc, -1);
    assert_true(v == INT64_MIN);
    assert_int_equal(sample_discrete_laplace(&d->rng, 4, 1, &v), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_follows_the_exact_distribution),
        cmocka_unit_test(planted_bugs_fail_the_same_test),
        cmocka_unit_test(mean_is_zero_and_variance_as_computed),
        cmocka_unit_test(uniform_draws_are_uniform_up_to_the_largest_bound),
        cmocka_unit_test(bounds_of_the_scale_are_kept),
        cmocka_unit_test(bounds_of_the_gaussian_are_kept),
        cmocka_unit_test(fixed_time_samplers_refuse_what_they_have_no_table_for),
        cmocka_unit_test(failed_generator_gives_no_value),
    };
    print_message("seed %llu\n", (unsigned long long)SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
