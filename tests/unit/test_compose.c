/* What several releases tell together is never given too small, and hardly too large. */
#include <float.h>
#include <math.h>

#include "tests/support/test.h"

#include "dp/compose.h"
#include "tests/support/dice.h"

static struct compose_sum rho_only(uint64_t rho_q40) {
    struct compose_sum sum = {UINT64_MAX, rho_q40, 0};
    return sum;
}

/* rho in 2^-40, bits of delta, and the least epsilon in millionths over all alphas, rounded up,
 * with 60 digits: tools/dev/compose_alphas.py vectors. */
static const struct {
    uint64_t rho_q40;
    uint32_t delta_log2;
    uint64_t best_micro;
} vectors[] = {
    {UINT64_C(67108864), 20, UINT64_C(41410)},
    {UINT64_C(67108864), 30, UINT64_C(57722)},
    {UINT64_C(67108864), 60, UINT64_C(91125)},
    {UINT64_C(8589934592), 20, UINT64_C(546432)},
    {UINT64_C(8589934592), 30, UINT64_C(713982)},
    {UINT64_C(8589934592), 60, UINT64_C(1073649)},
    {UINT64_C(274877906944), 20, UINT64_C(3549203)},
    {UINT64_C(274877906944), 30, UINT64_C(4444956)},
    {UINT64_C(274877906944), 60, UINT64_C(6416928)},
    {UINT64_C(508058861569), 20, UINT64_C(5003274)},
    {UINT64_C(508058861569), 30, UINT64_C(6210547)},
    {UINT64_C(508058861569), 60, UINT64_C(8878075)},
    {UINT64_C(1099511627776), 20, UINT64_C(7779724)},
    {UINT64_C(1099511627776), 30, UINT64_C(9537753)},
    {UINT64_C(1099511627776), 60, UINT64_C(13438534)},
    {UINT64_C(6096706338828), 20, UINT64_C(21979745)},
    {UINT64_C(6096706338828), 30, UINT64_C(26040935)},
    {UINT64_C(6096706338828), 60, UINT64_C(35119788)},
    {UINT64_C(35184372088832), 20, UINT64_C(72424922)},
    {UINT64_C(35184372088832), 30, UINT64_C(82046221)},
    {UINT64_C(35184372088832), 60, UINT64_C(103661232)},
    {UINT64_C(185441484472685), 20, UINT64_C(262981136)},
    {UINT64_C(185441484472685), 30, UINT64_C(284892658)},
    {UINT64_C(185441484472685), 60, UINT64_C(334243687)},
    {UINT64_C(2251799813685248), 20, UINT64_C(2381455290)},
    {UINT64_C(2251799813685248), 30, UINT64_C(2457387341)},
    {UINT64_C(2251799813685248), 60, UINT64_C(2628674213)},
};

static void zcdp_is_never_below_the_optimum_and_at_most_a_hundredth_above(void **state) {
    (void)state;
    double worst = 0;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        struct compose_sum sum = rho_only(vectors[i].rho_q40);
        uint64_t micro = compose_zcdp(&sum, vectors[i].delta_log2);
        assert_true(micro >= vectors[i].best_micro);
        double excess = (double)micro / (double)vectors[i].best_micro - 1;
        if (excess > worst) worst = excess;
    }
    print_message("at most %.3f %% above the optimum over all alphas\n", 100 * worst);
    assert_true(worst < 0.01);
}

/* The grid, written anew: alpha - 1 = 2^(i/3), in 2^-20. The bound of the one alpha that is least
 * is computed in long double, which has 64 bits of fraction where this runs; elsewhere the vectors
 * do. */
static long double bound(long double a, long double rho, unsigned k) {
    return (1 + a) * rho + ((long double)k * logl(2) + (1 + a) * logl(a / (1 + a)) - logl(a)) / a;
}

static void every_rounding_goes_upward(void **state) {
    (void)state;
    struct dice dice = {20260103};
    for (int n = 0; n < 20000; n++) {
        uint64_t rho = (uint64_t)dice_below(&dice, UINT32_MAX) << dice_below(&dice, 21);
        unsigned k = 1 + dice_below(&dice, 128);
        long double least = INFINITY;
        for (int i = -12; i <= 30; i++) {
            long double a = roundl(powl(2, i / 3.0L) * 1048576) / 1048576;
            long double b = bound(a, (long double)rho / 1099511627776.0L, k);
            if (b < least) least = b;
        }
        if (least < 0) least = 0;
        struct compose_sum sum = rho_only(rho);
        long double micro = (long double)compose_zcdp(&sum, k), exact = least * 1e6L;
        /* What long double itself is good to is allowed for, and 2^-28 that the table is rounded
         * to. */
        if (micro < exact * (1 - 16 * LDBL_EPSILON) || micro > exact * (1 + 1e-12L) + 1.004L)
            fail_msg("rho %llu, delta 2^-%u: %Lf for %Lf", (unsigned long long)rho, k, micro,
                     exact);
    }
}

static void reported_epsilon_is_the_smaller_of_the_two(void **state) {
    (void)state;
    int is_zcdp;
    struct compose_sum month = {0}, year = {0};
    /* epsilon 1 with its tight rho, tanh(1/2) = 0.4621 in 2^-40: 30 windows, then 365. */
    for (int i = 0; i < 30; i++) compose_add(&month, 1000000, UINT64_C(508103187803), 0);
    for (int i = 0; i < 365; i++) compose_add(&year, 1000000, UINT64_C(508103187803), 0);

    assert_int_equal(compose_epsilon(&month, 20, &is_zcdp), 30000000);
    assert_false(is_zcdp);
    uint64_t of_a_year = compose_epsilon(&year, 20, &is_zcdp);
    assert_true(is_zcdp);
    assert_in_range(of_a_year, 262000000, 265000000); /* 365 by basic composition */
}

static void deltas_add_up_and_none_counts_as_none(void **state) {
    (void)state;
    struct compose_sum sum = {0};
    compose_add(&sum, 1, 1, 0);
    assert_int_equal(sum.delta_q64, 0);
    compose_add(&sum, 1, 1, 20);
    compose_add(&sum, 1, 1, 20);
    assert_true(sum.delta_q64 == UINT64_C(1) << 45);
    compose_add(&sum, 1, 1, 100); /* smaller than what can be told: counted as that */
    assert_true(sum.delta_q64 == (UINT64_C(1) << 45) + 1);
    compose_add(&sum, 1, 1, 1);
    compose_add(&sum, 1, 1, 1);
    assert_true(sum.delta_q64 == UINT64_MAX);
}

static void sums_stop_instead_of_wrapping(void **state) {
    (void)state;
    struct compose_sum sum = {UINT64_MAX - 1, UINT64_MAX - 1, UINT64_MAX - 1};
    compose_add(&sum, 1000000, 1000000, 60);
    assert_true(sum.eps_micro == UINT64_MAX && sum.rho_q40 == UINT64_MAX &&
                sum.delta_q64 == UINT64_MAX);
    assert_true(compose_zcdp(&sum, 30) == UINT64_MAX);
    assert_true(compose_epsilon(&sum, 30, NULL) == UINT64_MAX);
    /* The largest rho that an alpha can still be tried on gives a number, not a wrapped one. */
    for (unsigned bits = 40; bits < 64; bits++) {
        struct compose_sum one = rho_only(UINT64_C(1) << bits);
        uint64_t micro = compose_zcdp(&one, 30);
        assert_true(micro == UINT64_MAX || micro / 1000000 >= UINT64_C(1) << (bits - 40));
    }
}

static void rho_of_an_old_ledger_is_never_too_small(void **state) {
    (void)state;
    /* One release of epsilon e: e²/2. Many that none exceeds 2: at most their sum. */
    static const struct {
        uint64_t eps, most;
        long double rho;
    } cases[] = {{1000000, 1000000, 0.5L},
                 {2000000, 2000000, 2.0L},
                 {1, 1, 0.5e-12L},
                 {123456, 123456, 0.123456L * 0.123456L / 2},
                 {8000000000, 2000000, 8000},
                 {999999, 2000000, 0.999999L}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        long double exact = cases[i].rho * 1099511627776.0L;
        uint64_t rho = compose_rho_of(cases[i].eps, cases[i].most);
        assert_true((long double)rho >= exact * (1 - 1e-15L));
        assert_true((long double)rho <= exact * (1 + 1e-15L) + 1);
    }
    assert_true(compose_rho_of(UINT64_MAX, 2000000) == UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zcdp_is_never_below_the_optimum_and_at_most_a_hundredth_above),
        cmocka_unit_test(every_rounding_goes_upward),
        cmocka_unit_test(reported_epsilon_is_the_smaller_of_the_two),
        cmocka_unit_test(deltas_add_up_and_none_counts_as_none),
        cmocka_unit_test(sums_stop_instead_of_wrapping),
        cmocka_unit_test(rho_of_an_old_ledger_is_never_too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
