/* The tables' proofs, by exhaustion and in integers: what src/dp/table.c promises is worked out
 * from its numbers alone, with arithmetic of this test's own (tests/support/fixed.h). */
#include "tests/support/test.h"

#include <math.h>

#include "dp/mechanism.h"
#include "tests/support/fixed.h"

/* The samplers themselves, so that their inner steps can be looked at. */
#include "dp/sample_fixed.c" /* NOLINT(bugprone-suspicious-include) */

#define VALUES_MAX (1u << 17)
/* What a probability below is too low by at most: 17 digits, each 3 roundings. */
#define SLACK 64u

/* ---- Discrete Laplace ---------------------------------------------------------------------- */

static struct fixed of_wide(struct wide w) { return fixed_q128(w.hi, w.lo); }

/* Exact probabilities (less SLACK) of 0 … 2^n - 1 for Σ 2^i · digit i; they are symmetric. */
static struct fixed *pmf_of(const struct wide *digits, uint32_t n) {
    struct fixed *p = calloc(VALUES_MAX, sizeof *p), *next = calloc(VALUES_MAX, sizeof *next);
    assert_non_null(p);
    assert_non_null(next);
    p[0] = fixed_of(1);
    for (uint32_t i = 0; i < n; i++) {
        struct fixed t = of_wide(digits[i]), stay = fixed_sub(fixed_of(1), fixed_add(t, t));
        uint32_t size = 1u << i;
        for (uint32_t x = 0; x < size; x++) {
            next[x] = fixed_mul(p[x], stay);
            if (x > 0) next[x] = fixed_add(next[x], fixed_mul(p[size - x], t));
            next[x + size] = fixed_mul(p[x], t);
        }
        struct fixed *swap = p;
        p = next;
        next = swap;
    }
    free(next);
    return p;
}

struct verdict {
    uint32_t first_break;  /* smallest x with Pr[x] > e^lambda · Pr[x + 1] */
    struct fixed delta;    /* Σ over all x of what Pr[x] is above e^lambda · Pr[x + 1] */
    int is_falling;        /* Pr[x + 1] ≤ Pr[x] for x ≥ 0 */
    double variance_ratio; /* to the ideal law */
};

/* Adding 1 to a count moves the law by one: lambda-DP up to delta, if it falls from 0 on and never
 * by more than e^lambda. e^lambda is bounded from below, Pr[x] from above, Pr[x + 1] from below. */
static struct verdict judge(const struct wide *digits, uint32_t n, uint32_t odd, int log2_num) {
    struct fixed e =
        log2_num >= 0 ? fixed_exp(1u << log2_num, odd) : fixed_exp(1, odd << -log2_num);
    struct fixed *p = pmf_of(digits, n);
    struct verdict v = {UINT32_MAX, fixed_of(0), 1, 0};
    double q = exp(-ldexp(1, log2_num) / odd);
    for (uint32_t x = 0; x < 1u << n; x++) {
        struct fixed high = fixed_add(p[x], fixed_units(SLACK));
        struct fixed low = x + 1 < 1u << n ? p[x + 1] : fixed_of(0), most = fixed_mul(e, low);
        v.is_falling &= fixed_compare(&low, &high) <= 0;
        v.variance_ratio += 2.0 * x * x * exp2(fixed_log2(high));
        if (fixed_compare(&high, &most) <= 0) continue;
        if (v.first_break == UINT32_MAX) v.first_break = x;
        v.delta = fixed_add(v.delta, fixed_sub(high, most));
    }
    v.variance_ratio /= 2 * q / ((1 - q) * (1 - q));
    free(p);
    return v;
}

/* Epsilon 4 and Delta 160 turn a delta of one step into at most 160 · e^4 < 2^14 times as much. */
static void laplace_thresholds_keep_epsilon_exactly_and_delta_below_2_100(void **state) {
    (void)state;
    uint32_t n_laws = 0;
    double worst = -INFINITY;
    for (size_t i = 0; i < TABLE_LAPLACE_N; i++) {
        const struct table_laplace *t = &table_laplace[i];
        for (int log2_num = t->first; sample_laplace_is_fixed(t->odd, log2_num); log2_num++) {
            uint32_t n = (uint32_t)(t->last - log2_num + 1);

            struct verdict v = judge(t->digits + (log2_num - t->first), n, t->odd, log2_num);

            /* Not a single value of the inner half is above e^lambda times the next. */
            assert_true(v.first_break >= 1u << (n - 1));
            assert_true(v.is_falling);
            assert_true(fixed_log2(v.delta) < -126);
            assert_true(v.variance_ratio <= 1 + 1e-9 && v.variance_ratio > 1 - 1e-9);
            worst = fmax(worst, fixed_log2(v.delta));
            n_laws++;
        }
    }
    print_message("%u laws; delta of one step at most 2^%.2f\n", n_laws, worst);
    assert_int_equal(n_laws, 55);
    assert_true(worst + 14 < -(double)MECHANISM_FIXED_TIME_DELTA_LOG2);
}

/* T = q/(1 + q)² to the nearest 2^-128. */
static struct wide nearest(struct fixed q) {
    struct fixed sum = fixed_add(fixed_of(1), q), t = fixed_ratio(q, fixed_mul(sum, sum));
    struct fixed half = fixed_of(0);
    half.word[FIXED_FRACTION - 5] = UINT32_C(1) << 31;
    t = fixed_add(t, half);
    struct wide out = {(uint64_t)t.word[FIXED_FRACTION - 1] << 32 | t.word[FIXED_FRACTION - 2],
                       (uint64_t)t.word[FIXED_FRACTION - 3] << 32 | t.word[FIXED_FRACTION - 4]};
    return out;
}

static void thresholds_rounded_to_nearest_fail_the_same_proof(void **state) {
    (void)state;
    uint32_t n_broken = 0, n_laws = 0;
    for (size_t i = 0; i < TABLE_LAPLACE_N; i++) {
        const struct table_laplace *t = &table_laplace[i];
        struct wide naive[DIGITS_MAX];
        uint32_t n = (uint32_t)(t->last - t->first + 1);
        struct fixed q = fixed_ratio(fixed_of(1), fixed_exp(1, (uint32_t)t->odd << -t->first));
        for (uint32_t d = 0; d < n; d++, q = fixed_mul(q, q)) {
            naive[d] = nearest(q);
            /* The same number but for its last bits, or the comparison would prove nothing. */
            assert_true(naive[d].hi == t->digits[d].hi || d > 8);
        }
        for (uint32_t d = 0; d < n && (int)d + t->first <= 2; d++, n_laws++) {
            struct verdict v = judge(naive + d, n - d, t->odd, t->first + (int)d);
            n_broken += v.first_break < 1u << (n - d - 1);
        }
    }
    print_message("%u of %u laws break when rounded to nearest\n", n_broken, n_laws);
    assert_true(n_broken > n_laws / 2);
}

/* ---- Discrete Gaussian --------------------------------------------------------------------- */

/* q^n. */
static struct fixed power(struct fixed q, uint32_t n) {
    struct fixed out = fixed_of(1);
    for (; n; n >>= 1) {
        if (n & 1) out = fixed_mul(out, q);
        q = fixed_mul(q, q);
    }
    return out;
}

/* a ≤ b < a + 2^-128 · n; b may be 2^-320 low, 2^96 roundings. */
static void assert_just_below(struct fixed a, struct fixed b, uint32_t n) {
    struct fixed room = fixed_q128(0, n), wider = fixed_of(0);
    wider.word[FIXED_FRACTION - 10] = 1;
    wider = fixed_add(b, wider);
    assert_true(fixed_compare(&a, &wider) <= 0);
    struct fixed limit = fixed_add(a, room);
    assert_true(fixed_compare(&b, &limit) <= 0);
}

static void gaussian_tables_are_what_they_say_to_the_last_bit(void **state) {
    (void)state;
    struct fixed q = fixed_ratio(fixed_of(1), fixed_exp(1, 8)), sum = fixed_of(0);
    struct fixed weight[64], above = fixed_of(0), tail[64];
    for (uint32_t v = 0; v < 64; v++) weight[v] = power(q, v * v), sum = fixed_add(sum, weight[v]);
    for (uint32_t v = 64; v-- > 0;) tail[v] = above, above = fixed_add(above, weight[v]);
    for (uint32_t j = 0; j < TABLE_GAUSSIAN_TAIL_N; j++)
        assert_just_below(of_wide(table_gaussian_tail[j]), fixed_ratio(tail[j], sum), 1);
    /* The tail that is cut. */
    assert_true(fixed_log2(fixed_ratio(tail[TABLE_GAUSSIAN_TAIL_N], sum)) < -128);

    struct fixed e = fixed_ratio(fixed_of(1), fixed_exp(1, 1u << 31));
    for (int j = -31; j <= TABLE_GAUSSIAN_EXP_TOP; j++, e = fixed_mul(e, e))
        assert_just_below(of_wide(table_gaussian_exp[TABLE_GAUSSIAN_EXP_TOP - j]), e, 1);
    /* Below 2^-31 the square of an entry is the one before it, but for rounding. */
    for (uint32_t i = TABLE_GAUSSIAN_EXP_TOP + 32; i < TABLE_GAUSSIAN_EXP_N; i++) {
        struct fixed c = of_wide(table_gaussian_exp[i]);
        struct fixed more = fixed_add(of_wide(table_gaussian_exp[i - 1]), fixed_q128(0, 1));
        assert_just_below(fixed_mul(c, c), more, 4);
    }
}

/* The law that the sampler's integers add up to, for every y, against exp(-a·y²/2^s): how far it
 * is off in all, as a share of what is kept. */
static double gaussian_distance(uint32_t a, uint32_t s) {
    struct sample_gaussian law = {0, 0, 0};
    assert_int_equal(sample_gaussian_law(a, s, &law), 0);
    struct fixed q = fixed_ratio(fixed_of(1), fixed_exp(a, 1u << s));
    struct fixed base = fixed_ratio(fixed_of(1), fixed_exp(1, 8)), total = fixed_of(0), off;
    struct fixed norm = fixed_of(0), distance = fixed_of(0), kept = fixed_of(0);
    for (uint32_t v = 0; v < 64; v++) norm = fixed_add(norm, power(base, v * v));
    for (uint32_t v = 0; v <= TABLE_GAUSSIAN_TAIL_N; v++) {
        struct fixed from = v == 0 ? fixed_of(1) : of_wide(table_gaussian_tail[v - 1]);
        struct fixed to =
            v == TABLE_GAUSSIAN_TAIL_N ? fixed_of(0) : of_wide(table_gaussian_tail[v]);
        struct fixed mass = fixed_sub(from, to); /* of v; each y of it has 1/step of that */
        for (uint32_t u = 0; u < law.step; u++) {
            uint64_t y = (uint64_t)law.step * v + u;
            uint64_t exponent = a * y * y - ((uint64_t)v * v << (s - 3));
            assert_true(exponent >> s < 256);
            struct wide odds = exp_minus(exponent, s);
            uint64_t narrow = exp_minus_narrow(exponent, s);
            assert_true(odds.hi - narrow + 1 <=
                        EXP_NARROW_LOW + 1); /* from one more to so many less */
            struct fixed made = fixed_mul(mass, of_wide(odds));
            struct fixed ideal = fixed_ratio(power(q, (uint32_t)(y * y)), norm);
            off =
                fixed_compare(&made, &ideal) < 0 ? fixed_sub(ideal, made) : fixed_sub(made, ideal);
            distance = fixed_add(distance, off);
            kept = fixed_add(kept, made);
            total = fixed_add(total, ideal);
        }
    }
    /* Both signs have half of each; normalising at most doubles what is off. */
    assert_true(fabs(fixed_log2(kept) - fixed_log2(total)) < 1e-9);
    return fixed_log2(distance) + 1 - fixed_log2(kept);
}

static void gaussian_law_is_within_2_100_of_the_ideal_one(void **state) {
    (void)state;
    static const struct {
        uint32_t a, s;
    } laws[] = {{4095, 17}, {2048, 17}, {3001, 19}, {2999, 22}};
    for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
        double bits = gaussian_distance(laws[i].a, laws[i].s);
        print_message("sigma %.2f: distance 2^%.1f\n", sqrt(ldexp(0.5, (int)laws[i].s) / laws[i].a),
                      bits);
        assert_true(bits < -112);
    }
}

/* Proposition 7 of Canonne, Kamath, Steinke 2020, for a grid of orders finer than the builder's. */
static double delta_of(double rho, double eps) {
    double best = 1;
    for (int i = 1001; i < 400000; i++) {
        double a = i / 1000.0;
        best = fmin(best, exp((a - 1) * (a * rho - eps) + a * log1p(-1 / a)) / (a - 1));
    }
    return best;
}

static void gaussian_rho_gives_the_delta_it_says_and_wastes_little(void **state) {
    (void)state;
    for (size_t i = 0; i < TABLE_EPSILON_N; i++) {
        double rho = ldexp((double)table_epsilon[i].gaussian_rho_q40, -40);
        double eps = table_epsilon[i].eps_micro / 1e6;
        if (rho == 0) continue;
        assert_true(delta_of(rho, eps) <= ldexp(1, -20) * (1 + 1e-9));
        assert_true(delta_of(rho * 1.001, eps) > ldexp(1, -20));
    }
}

/* ---- The menu ------------------------------------------------------------------------------ */

static void weights_never_pass_e_to_the_epsilon(void **state) {
    (void)state;
    for (size_t i = 0; i < TABLE_EPSILON_N; i++) {
        struct fixed e = fixed_exp(table_epsilon[i].eps_micro / 125000, 8), w = fixed_of(0);
        w.word[FIXED_FRACTION - 1] = (uint32_t)(table_epsilon[i].exp_q30 << 2);
        w.word[FIXED_FRACTION] = (uint32_t)(table_epsilon[i].exp_q30 >> 30);

        assert_true(fixed_compare(&w, &e) <= 0);

        struct fixed unit = fixed_of(0);
        unit.word[FIXED_FRACTION - 1] = 4;
        w = fixed_add(w, unit);
        assert_true(fixed_compare(&w, &e) > 0);
    }
}

/* rho is the smallest multiple of 2^-40 that is not below epsilon·tanh(epsilon/2), exactly: with
 * e = e^epsilon and n eighths of epsilon, rho · 8 · (e + 1) ≥ n · (e - 1) · 2^40, both sides
 * rounded against the claim; one less is too small. */
static void rho_is_never_below_what_a_pure_mechanism_can_cost(void **state) {
    (void)state;
    for (size_t i = 0; i < TABLE_EPSILON_N; i++) {
        uint32_t n = table_epsilon[i].eps_micro / 125000;
        uint64_t rho_q40 = table_epsilon[i].rho_q40;
        struct fixed low = fixed_exp(n, 8), high = low, one = fixed_of(1);
        high.word[1]++; /* fixed_exp is less than 2^18 units too low; this is 2^32 */
        assert_true(table_epsilon[i].eps_micro % 125000 == 0 && high.word[1] != 0);
        for (uint64_t less = 0; less < 2; less++) {
            /* rho and its predecessor, in 2^-40. */
            struct fixed rho = fixed_of((uint32_t)((rho_q40 - less) >> 40));
            rho.word[FIXED_FRACTION - 1] = (uint32_t)((rho_q40 - less) >> 8);
            rho.word[FIXED_FRACTION - 2] = (uint32_t)((rho_q40 - less) << 24);
            struct fixed e = less ? low : high; /* tanh rises with it */
            struct fixed left = fixed_mul(fixed_mul(rho, fixed_of(8)), fixed_add(e, one));
            struct fixed right = fixed_mul(fixed_of(n), fixed_sub(e, one));
            struct fixed slack =
                fixed_units(64); /* three products, each rounded down, of rho < 8 */
            if (less) {
                left = fixed_add(left, slack);
                assert_true(fixed_compare(&left, &right) < 0);
            } else {
                right = fixed_add(right, slack);
                assert_true(fixed_compare(&left, &right) >= 0);
            }
        }
    }
}

/* Why epsilon·tanh(epsilon/2) is enough. What is epsilon-DP is no easier to tell than a coin that
 * is (Kairouz, Oh, Viswanath 2015, Theorem 2, and data processing for Rényi divergence), whose
 * divergence of order a > 1 is
 *
 *     D(a) = (ln cosh((a - 1/2)·eps) - ln cosh(eps/2)) / (a - 1).
 *
 * g(w) = ln cosh(√w) is concave, since g'(w) = tanh(√w)/(2√w) falls; so, from w = eps²/4 to
 * (a - 1/2)²·eps², it grows by at most g'(eps²/4) · eps²·a·(a - 1) = a·(a - 1)·eps·tanh(eps/2), and
 * D(a) ≤ a · eps·tanh(eps/2). No smaller rho will do: it is the limit at a = 1. Seen here at 5,600
 * orders. */
static void rho_covers_the_worst_pure_mechanism_at_every_order(void **state) {
    (void)state;
    for (size_t i = 0; i < TABLE_EPSILON_N; i++) {
        double eps = table_epsilon[i].eps_micro / 1e6, p = 1 / (1 + exp(-eps)), q = 1 - p;
        double rho = ldexp((double)table_epsilon[i].rho_q40, -40);
        assert_true(rho >= eps * tanh(eps / 2) - 1e-12 && rho < eps * tanh(eps / 2) + 2e-12);
        for (int step = 0; step < 5600; step++) { /* orders from 1.0001 to 1,950 */
            double a = 1.0001 * pow(1.003, step / 2.2);
            double d = log(pow(p, a) * pow(q, 1 - a) + pow(q, a) * pow(p, 1 - a)) / (a - 1);
            if (isfinite(d)) assert_true(d <= a * rho + 1e-9);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(laplace_thresholds_keep_epsilon_exactly_and_delta_below_2_100),
        cmocka_unit_test(thresholds_rounded_to_nearest_fail_the_same_proof),
        cmocka_unit_test(gaussian_tables_are_what_they_say_to_the_last_bit),
        cmocka_unit_test(gaussian_law_is_within_2_100_of_the_ideal_one),
        cmocka_unit_test(gaussian_rho_gives_the_delta_it_says_and_wastes_little),
        cmocka_unit_test(weights_never_pass_e_to_the_epsilon),
        cmocka_unit_test(rho_is_never_below_what_a_pure_mechanism_can_cost),
        cmocka_unit_test(rho_covers_the_worst_pure_mechanism_at_every_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
