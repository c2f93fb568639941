/* Intervals are as wide as the noise makes them, and no wider. */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#include "tests/support/dice.h"
#include "tools/sotto-fleet/adjust.h"
#include "tools/sotto-fleet/interval.h"

#define LAPLACE(b)      (&(const struct interval_noise){0, (b)})
#define GAUSSIAN(sigma) (&(const struct interval_noise){1, (sigma)})

/* ---- Sums of noised counts --------------------------------------------------------------- */

/* By brute force, for one and two reports: sums of the pmf itself. */
static double covered_by_hand(int n, const struct interval_noise *noise, int64_t h) {
    double pmf[801], total = 0, sum = 0;
    for (int x = -400; x <= 400; x++) {
        double s = noise->scale;
        pmf[x + 400] = noise->is_gaussian ? exp(-x * (double)x / (2 * s * s)) : exp(-abs(x) / s);
        total += pmf[x + 400];
    }
    for (int x = -400; x <= 400; x++)
        for (int y = n == 1 ? 0 : -400; y <= (n == 1 ? 0 : 400); y++)
            if (llabs(x + y) <= h)
                sum += pmf[x + 400] / total * (n == 1 ? 1 : pmf[y + 400] / total);
    return sum;
}

static void interval_is_the_smallest_that_covers(void **state) {
    (void)state;
    static const struct interval_noise noises[] = {{0, 1}, {0, 4}, {0, 0.5}, {0, 8},
                                                   {1, 2}, {1, 5}, {1, 17.3}};
    static const double levels[] = {0.95, 0.9992};
    for (size_t i = 0; i < sizeof noises / sizeof *noises; i++)
        for (int n = 1; n <= 2; n++)
            for (int l = 0; l < 2; l++) {
                int64_t h = -1;
                assert_int_equal(interval_of_noise((uint64_t)n, &noises[i], levels[l], &h), 0);
                assert_true(covered_by_hand(n, &noises[i], h) >= levels[l]);
                assert_true(covered_by_hand(n, &noises[i], h - 1) < levels[l]);
            }
}

/* Exact up to 1,000 reports, normal above: no step where they meet, neither at the level of one
 * cell nor far out at that of 64 cells; and never narrower with more reports. */
static void exact_and_normal_intervals_meet(void **state) {
    (void)state;
    const double far = interval_level_all(0.95, 64, 1);
    int64_t last = 0, h, wide, wide_normal;
    for (uint64_t n = 1; n <= 1200; n += n < 990 ? 49 : 1) {
        assert_int_equal(interval_of_noise(n, LAPLACE(4), 0.95, &h), 0);
        assert_true(h >= last);
        last = h;
    }
    assert_int_equal(interval_of_noise(1000, LAPLACE(4), far, &wide), 0);
    assert_int_equal(interval_of_noise(1001, LAPLACE(4), far, &wide_normal), 0);
    print_message("64 cells at once: half-width at 1000 reports %d (exact), at 1001 %d (normal)\n",
                  (int)wide, (int)wide_normal);
    assert_in_range(wide_normal - wide + 1, 0, 3);

    /* Noise too wide to be convolved in time: exact below 30 reports, normal from there on. */
    for (int l = 0; l < 2; l++) {
        double level = l ? far : 0.95;
        assert_int_equal(interval_of_noise(29, LAPLACE(8192), level, &wide), 0);
        assert_int_equal(interval_of_noise(30, LAPLACE(8192), level, &wide_normal), 0);
        print_message("scale 8192, level %.4f: 29 reports %d, 30 reports %d\n", level, (int)wide,
                      (int)wide_normal);
        assert_true(fabs((double)wide_normal / (double)wide / sqrt(30.0 / 29) - 1) < 0.002);
    }
}

static void interval_refuses_what_is_no_policy(void **state) {
    (void)state;
    int64_t h = 77;
    assert_int_equal(interval_of_noise(0, LAPLACE(4), 0.95, &h), -1);
    assert_int_equal(interval_of_noise(1, LAPLACE(0.05), 0.95, &h), -1);
    assert_int_equal(interval_of_noise(1, LAPLACE(2e6), 0.95, &h), -1);
    assert_int_equal(interval_of_noise(1, LAPLACE(NAN), 0.95, &h), -1);
    assert_int_equal(interval_of_noise(1, GAUSSIAN(1), 0.95, &h), -1);
    assert_int_equal(interval_of_noise(1, LAPLACE(4), 0, &h), -1);
    assert_int_equal(interval_of_noise(1, LAPLACE(4), 1, &h), -1);
    assert_int_equal(interval_of_noise(1, LAPLACE(4), NAN, &h), -1);
    assert_int_equal(interval_of_noise((UINT64_C(1) << 40) + 1, LAPLACE(4), 0.95, &h), -1);
    assert_int_equal(h, 77);
    /* The widest that a policy can ask for, and the most reports. */
    assert_int_equal(interval_of_noise(2, LAPLACE(16000), 0.95, &h), 0);
    assert_in_range(h, 60000, 75000); /* two Laplace of scale 16000: 4.1 scales */
    assert_int_equal(interval_of_noise(UINT64_C(1) << 40, LAPLACE(4), 0.95, &h), 0);
    assert_in_range(h, 11000000, 12000000); /* 1.96 · 2^20 · 5.64 */
}

static void quantiles_are_those_of_the_tables(void **state) {
    (void)state;
    static const double table[][2] = {/* Abramowitz, Stegun, table 26.1 and 26.2 */
                                      {0.975, 1.959963984540054},
                                      {0.995, 2.575829303548901},
                                      {0.9999, 3.719016485455709},
                                      {1e-9, -5.997807015007687}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_true(fabs(interval_quantile(table[i][0]) - table[i][1]) < 1e-9);
    assert_true(isnan(interval_quantile(0)) && isnan(interval_quantile(1)));
    assert_true(fabs(interval_level_all(0.95, 64, 0) - (1 - 0.05 / 64)) < 1e-15);
    assert_true(fabs(pow(interval_level_all(0.95, 64, 1), 64) - 0.95) < 1e-12);
}

static void share_needs_a_total_that_is_not_zero(void **state) {
    (void)state;
    double low, high;
    assert_int_equal(interval_of_share(500, 1000, 4, 20, &low, &high), 0);
    assert_true(low < 0.5 && high > 0.5 && low > 0.46 && high < 0.54);
    assert_int_equal(interval_of_share(5, 30, 4, 20, &low, &high), -1);
    assert_int_equal(interval_of_share(-5, -1000, 4, 20, &low, &high), -1);
    assert_int_equal(interval_of_share(0, 0, 4, 20, &low, &high), -1);
    /* By hand: |x - s·T| = h·√((1-s)² + 3s²) at both ends. */
    assert_int_equal(interval_of_share(100, 900, 4, 50, &low, &high), 0);
    for (int end = 0; end < 2; end++) {
        double s = end ? high : low;
        assert_true(fabs(fabs(100 - s * 900) - 50 * sqrt((1 - s) * (1 - s) + 3 * s * s)) < 1e-6);
    }
}

/* ---- Counts of noised answers ------------------------------------------------------------ */

/* Pr[Bin(a, p) + Bin(b, q) = s] by adding one answer after the other. */
static void mass_by_hand(int a, double p, int b, double q, double *f) {
    for (int i = 0; i <= a + b; i++) f[i] = i == 0;
    for (int i = 0; i < a + b; i++) {
        double r = i < a ? p : q;
        for (int s = i + 1; s > 0; s--) f[s] = f[s] * (1 - r) + f[s - 1] * r;
        f[0] *= 1 - r;
    }
}

/* For every truth the interval must hold it exactly when the tails say so, and so cover. */
static void odds_interval_holds_the_truths_that_do_not_contradict(void **state) {
    (void)state;
    static const struct interval_odds odds[] = {{0.475, 0.25, 0}, {0.73, 0.27, 0}, {0.6, 0.02, 0}};
    enum { N = 24 };
    for (size_t o = 0; o < sizeof odds / sizeof *odds; o++)
        for (int strict = 0; strict < 2; strict++) {
            double least = 1;
            for (int t = 0; t <= N; t++) {
                double f[N + 1], below = 0, covered = 0, low, high;
                mass_by_hand(t, odds[o].p, N - t, odds[o].q, f);
                for (int s = 0; s <= N; s++) {
                    double part = strict ? f[s] : f[s] / 2, above = 1 - below - f[s];
                    int fits = below + part >= 0.025 - 1e-12 && above + part >= 0.025 - 1e-12;
                    assert_int_equal(
                        interval_of_odds(N, (uint64_t)s, &odds[o], 0.95, strict, &low, &high), 0);
                    if (fits) assert_true(low <= t && t <= high);
                    if (low <= t && t <= high) covered += f[s];
                    below += f[s];
                }
                least = covered < least ? covered : least;
            }
            print_message("p %.3f q %.3f %s: covers at least %.4f\n", odds[o].p, odds[o].q,
                          strict ? "strict" : "mid-p ", least);
            assert_true(least >= (strict ? 0.95 : 0.90));
        }
}

static void exact_and_normal_odds_intervals_meet(void **state) {
    (void)state;
    static const struct interval_odds odds[] = {
        {0.475, 0.25, 0}, {0.6, 0.0144, 0}, {0.73, 0.27, 1}};
    static const uint64_t last_exact[] = {266, 1000, 253};
    const double far = interval_level_all(0.95, 256, 0);
    for (size_t o = 0; o < sizeof odds / sizeof *odds; o++)
        for (uint64_t share = 0; share <= 4; share++) {
            double ends[2][2];
            for (uint64_t more = 0; more < 2; more++) {
                uint64_t n = last_exact[o] + more;
                double s = (double)last_exact[o] *
                           (odds[o].q + (odds[o].p - odds[o].q) * (double)share / 4);
                assert_int_equal(interval_of_odds(n, (uint64_t)s, &odds[o], far, 1, &ends[more][0],
                                                  &ends[more][1]),
                                 0);
            }
            for (int end = 0; end < 2; end++) assert_true(fabs(ends[0][end] - ends[1][end]) < 3);
        }
}

/* By hand: of 1,000 answers, 400 true ones, each supported by p, and 600 others by q. */
static void debiasing_undoes_the_odds(void **state) {
    (void)state;
    const struct interval_odds o = {0.5, 0.25, 0};
    assert_true(fabs(interval_debias(1000, 350, &o) - 400) < 1e-9);
    assert_true(fabs(interval_debias(1000, 250, &o)) < 1e-9);
    assert_true(fabs(interval_debias(1000, 0, &o) + 1000) < 1e-9);
    /* 400·1/4 + 600·3/16 over 1/16 */
    assert_true(fabs(interval_debias_variance(1000, 400, &o) - 3400) < 1e-9);
}

static void impossible_odds_are_refused(void **state) {
    (void)state;
    const struct interval_odds good = {0.475, 0.25, 0}, equal = {0.3, 0.3, 0}, sure = {1, 0.2, 0};
    double low, high;
    assert_int_equal(interval_of_odds(0, 0, &good, 0.95, 0, &low, &high), -1);
    assert_int_equal(interval_of_odds(5, 6, &good, 0.95, 0, &low, &high), -1);
    assert_int_equal(interval_of_odds(5, 5, &equal, 0.95, 0, &low, &high), -1);
    assert_int_equal(interval_of_odds(5, 5, &sure, 0.95, 0, &low, &high), -1);
    assert_int_equal(interval_of_odds(5, 5, &good, 1, 0, &low, &high), -1);
    /* 2^40 answers. */
    uint64_t n = UINT64_C(1) << 40;
    assert_int_equal(interval_of_odds(n, n / 4, &good, 0.95, 0, &low, &high), 0);
    assert_true(low == 0 && high > 1e6 && high < 1e7);
}

/* ---- Post-processing --------------------------------------------------------------------- */

static void non_negative_numbers_are_the_nearest_that_add_up(void **state) {
    (void)state;
    enum { N = 9 };
    struct dice dice = {7};
    for (int round = 0; round < 200; round++) {
        double x[N], out[N], scratch[N], sum = 0, distance = 0;
        double total = round % 10 == 0 ? -3 : 40;
        for (int i = 0; i < N; i++) x[i] = (double)dice_below(&dice, 41) - 20;
        adjust_non_negative(x, N, total, out, scratch);
        for (int i = 0; i < N; i++) {
            assert_true(out[i] >= 0);
            sum += out[i];
            distance += (out[i] - x[i]) * (out[i] - x[i]);
        }
        assert_true(fabs(sum - (total > 0 ? total : 0)) < 1e-9);
        /* Moving a little of one cell to another never comes nearer. */
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                double step = out[i] < 0.01 ? out[i] : 0.01, other = distance;
                if (i == j || step == 0) continue;
                other -= (out[i] - x[i]) * (out[i] - x[i]) + (out[j] - x[j]) * (out[j] - x[j]);
                other += pow(out[i] - step - x[i], 2) + pow(out[j] + step - x[j], 2);
                assert_true(other >= distance - 1e-9);
            }
    }
}

static double uniform(struct dice *dice) {
    return ((double)(dice_u64(dice) >> 11) + 0.5) / 9007199254740992.0;
}
static double normal(struct dice *dice) {
    return sqrt(-2 * log(uniform(dice))) * cos(2 * M_PI * uniform(dice));
}

/* A table of `cells` cells from `n` reports, `bad` of which say `pull` more. Whether a cell is
 * flagged. */
static int is_flagged(struct dice *dice, int n, int cells, double unlike, int bad, double pull) {
    uint32_t groups = adjust_groups((uint64_t)n, ADJUST_HANDS);
    int flagged = 0;
    for (int c = 0; c < cells; c++) {
        double means[ADJUST_HANDS] = {0}, sum = 0;
        uint32_t held[ADJUST_HANDS] = {0};
        for (int i = 0; i < n; i++) {
            double x = 5.6 * normal(dice) + unlike * normal(dice) + (i < bad ? pull : 0);
            uint32_t hand = (uint32_t)i % ADJUST_HANDS % groups;
            means[hand] += x, held[hand]++, sum += x;
        }
        for (uint32_t g = 0; g < groups; g++) means[g] /= held[g];
        flagged |=
            adjust_median_of(means, groups, (uint64_t)n, sum / n, 5.6, (uint32_t)cells).disagrees;
    }
    return flagged;
}

static void poisoned_fleets_are_flagged_and_honest_ones_are_not(void **state) {
    (void)state;
    static const int sizes[] = {8, 30, 100, 600, 3000};
    struct dice dice = {20261127};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int unlike = 0; unlike <= 30; unlike += 30) {
            int n = sizes[i], honest = 0, poisoned = 0, rounds = 300;
            for (int r = 0; r < rounds; r++) honest += is_flagged(&dice, n, 16, unlike, 0, 0);
            for (int r = 0; r < 20; r++) poisoned += is_flagged(&dice, n, 16, unlike, 1, 32767);
            print_message("%4d devices, counts differ by %2d: %d of %d honest fleets flagged, %d "
                          "of 20 with one device at the clamp\n",
                          n, unlike, honest, rounds, poisoned);
            assert_in_range(honest, 0, 9); /* 1 in 100, and three standard deviations */
            if (n < 1000) assert_int_equal(poisoned, 20);
        }
    assert_int_equal(adjust_groups(7, ADJUST_HANDS), 0);
    assert_int_equal(adjust_groups(8, ADJUST_HANDS), 8);
    assert_int_equal(adjust_groups(1000, ADJUST_HANDS), 64);
    assert_int_equal(adjust_groups(1000, 8), 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interval_is_the_smallest_that_covers),
        cmocka_unit_test(exact_and_normal_intervals_meet),
        cmocka_unit_test(interval_refuses_what_is_no_policy),
        cmocka_unit_test(quantiles_are_those_of_the_tables),
        cmocka_unit_test(share_needs_a_total_that_is_not_zero),
        cmocka_unit_test(odds_interval_holds_the_truths_that_do_not_contradict),
        cmocka_unit_test(exact_and_normal_odds_intervals_meet),
        cmocka_unit_test(debiasing_undoes_the_odds),
        cmocka_unit_test(impossible_odds_are_refused),
        cmocka_unit_test(non_negative_numbers_are_the_nearest_that_add_up),
        cmocka_unit_test(poisoned_fleets_are_flagged_and_honest_ones_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
