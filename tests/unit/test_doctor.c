/* doctor: what `sotto doctor` says of facts that a test cannot easily bring about on a real device.
 * The rest is in tests/system/doctor.sh. */
#include <errno.h>
#include <string.h>

#include "sotto_report.h"
#include "tests/support/test.h"
#include "tools/common/cli.h"
#include "tools/sotto/doctor.h"

/* A device that was asked and is well, as far as these checks look. */
static struct doctor device;

static int begin(void **state) {
    (void)state;
    memset(&device, 0, sizeof device);
    device.asked = DOCTOR_SOTTOD;
    device.lock_bytes = 16 << 20;
    device.health.memory_bytes = 700000;
    device.health.memory_locked = 1;
    device.has_budget = 1;
    device.budget = (struct sotto_budget){.unit = SOTTO_UNIT_VISIT,
                                          .window_micro = 1000000,
                                          .year_micro = 5000000,
                                          .year_cap_micro = 366000000,
                                          .lifetime_micro = 5000000,
                                          .lifetime_cap_micro = 1830000000};
    return 0;
}

static struct doctor_finding judged(const char *name) {
    struct doctor_finding f = {0};
    int is_there = 0;
    for (size_t i = 0; i < doctor_n_checks; i++)
        if (strcmp(doctor_checks[i].name, name) == 0) {
            doctor_checks[i].judge(&device, &f);
            is_there = 1;
        }
    assert_true(is_there);
    return f;
}

static void a_well_device_is_called_well(void **state) {
    (void)state;

    assert_int_equal(judged("budget").state, DOCTOR_OK);
    assert_int_equal(judged("memory").state, DOCTOR_OK);
    assert_int_equal(judged("random").state, DOCTOR_OK);
}

static void a_spent_budget_fails_as_refused_and_tells_for_how_long(void **state) {
    (void)state;
    device.budget.is_spent = 1;
    device.budget.year_micro = device.budget.year_cap_micro;

    struct doctor_finding year = judged("budget");
    device.budget.lifetime_micro = device.budget.lifetime_cap_micro;
    struct doctor_finding ever = judged("budget");

    assert_int_equal(year.state, DOCTOR_FAIL);
    assert_int_equal(year.code, EXIT_REFUSED);
    assert_non_null(strstr(year.advice, "new year"));
    assert_int_equal(doctor_exit(&ever, 1), EXIT_REFUSED);
    assert_non_null(strstr(ever.advice, "all that it ever may"));
}

static void a_budget_with_few_windows_left_is_a_warning(void **state) {
    (void)state;
    device.budget.year_micro = device.budget.year_cap_micro - 3 * device.budget.window_micro;

    struct doctor_finding f = judged("budget");

    assert_int_equal(f.state, DOCTOR_WARN);
    assert_non_null(strstr(f.what, "only 3 windows"));
}

static void a_random_source_that_is_not_ready_fails(void **state) {
    (void)state;
    device.random_error = EAGAIN;

    struct doctor_finding f = judged("random");

    assert_int_equal(f.code, EXIT_TEMPORARY);
    assert_non_null(strstr(f.what, "not gathered enough"));
}

static void memory_that_may_reach_swap_is_a_warning_with_the_limit(void **state) {
    (void)state;
    device.health.memory_locked = 0;
    device.lock_bytes = 65536;

    struct doctor_finding f = judged("memory");

    assert_int_equal(f.state, DOCTOR_WARN);
    assert_non_null(strstr(f.what, "64 KiB"));
    assert_non_null(strstr(f.advice, "LimitMEMLOCK"));
}

static void soft_keys_that_the_policy_refuses_are_told_with_a_way_out(void **state) {
    (void)state;
    device.is_policy_named = 1;
    device.health.strict = 1;
    device.health.policy_status = SOTTO_E_KEY;

    struct doctor_finding f = judged("policy");

    assert_int_equal(f.code, EXIT_INTEGRITY);
    assert_non_null(strstr(f.advice, "soft-keys = allow"));
}

static void the_worst_finding_decides_the_exit_code(void **state) {
    (void)state;
    const struct doctor_finding well = {.state = DOCTOR_OK}, warned = {.state = DOCTOR_WARN},
                                spent = {.state = DOCTOR_FAIL, .code = EXIT_REFUSED},
                                broken = {.state = DOCTOR_FAIL, .code = EXIT_TEMPORARY},
                                forged = {.state = DOCTOR_FAIL, .code = EXIT_INTEGRITY};
    const struct doctor_finding all[] = {well, warned, spent, broken, forged};
    static const int wanted[] = {EXIT_OK, EXIT_FAILED, EXIT_REFUSED, EXIT_TEMPORARY,
                                 EXIT_INTEGRITY};

    for (size_t n = 1; n <= 5; n++) assert_int_equal(doctor_exit(all, n), wanted[n - 1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_well_device_is_called_well, begin),
        cmocka_unit_test_setup(a_spent_budget_fails_as_refused_and_tells_for_how_long, begin),
        cmocka_unit_test_setup(a_budget_with_few_windows_left_is_a_warning, begin),
        cmocka_unit_test_setup(a_random_source_that_is_not_ready_fails, begin),
        cmocka_unit_test_setup(memory_that_may_reach_swap_is_a_warning_with_the_limit, begin),
        cmocka_unit_test_setup(soft_keys_that_the_policy_refuses_are_told_with_a_way_out, begin),
        cmocka_unit_test_setup(the_worst_finding_decides_the_exit_code, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
