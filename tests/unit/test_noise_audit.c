/* The audit of tests/support/noise_audit.c on a small number of samples: every mechanism passes,
 * and noise that is a little too small does not. Everything follows from SEED; `make audit-dp`
 * takes more samples and fresh seeds. */
#include "tests/support/test.h"

#include "tests/support/noise_audit.h"
#include "tests/support/test_rng.h"

#define SEED    UINT64_C(20261127)
#define SAMPLES 200000u

static struct rng rng;
static struct test_entropy entropy;

static void begin(uint64_t seed) {
    assert_int_equal(crypto_init(), 0);
    assert_int_equal(test_rng_start(&rng, &entropy, seed, UINT32_MAX), 0);
}

static void every_mechanism_follows_its_law_and_keeps_its_epsilon(void **state) {
    (void)state;
    static struct audit_case cases[20];
    size_t n = audit_cases(cases, 20);
    begin(SEED);
    for (size_t i = 0; i < n; i++) {
        struct audit_result r;
        assert_int_equal(audit_run(&cases[i], &rng, SAMPLES, &r), 0);
        audit_print(&cases[i], &r);
        assert_true(r.fits);
        assert_true(r.is_private);
        /* It came close to what there is to find, or passing would mean little. */
        assert_true(r.eps_low > 0.7 * cases[i].eps);
    }
    assert_int_equal(n, 14);
}

static void noise_three_percent_too_small_is_found(void **state) {
    (void)state;
    static struct audit_case c;
    struct audit_result r;
    begin(SEED);
    audit_laplace(&c, "Laplace, scale 3 % too small", 97, 100);
    assert_int_equal(audit_run(&c, &rng, 10 * SAMPLES, &r), 0);
    audit_print(&c, &r);
    assert_false(r.fits);
    assert_false(r.is_private);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mechanism_follows_its_law_and_keeps_its_epsilon),
        cmocka_unit_test(noise_three_percent_too_small_is_found),
    };
    print_message("seed %llu\n", (unsigned long long)SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
