/* Scores: the kernel against its definition, and its bounds. */
#include "tests/support/test.h"

#include "score/score.h"
#include "tests/support/random_model.h"

/* The definition, in wide arithmetic: nothing can wrap here. */
static int64_t score_by_definition(const struct model *m, const struct score_input *in, size_t n,
                                   uint32_t j) {
    int64_t sum = m->prior[j];
    for (size_t h = 0; h < n; h++)
        for (uint32_t e = m->row_starts[in[h].item]; e < m->row_starts[in[h].item + 1]; e++)
            if (m->columns[e] == j) sum += (int64_t)in[h].multiplier * m->weights[e];
    return sum;
}

static void kernel_equals_its_definition_on_random_models(void **state) {
    (void)state;
    struct dice d = {20261123};
    print_message("seed %llu\n", (unsigned long long)d.state);
    for (int round = 0; round < 60; round++) {
        struct random_model r;
        uint32_t n_items = 1 + dice_below(&d, 120);
        random_model_make(&r, &d, n_items, round % 6 == 0);
        struct score_input in[SOTTO_HISTORY_MAX];
        size_t n = dice_below(&d, SOTTO_HISTORY_MAX + 1);
        for (size_t h = 0; h < n; h++) {
            in[h].item = dice_below(&d, n_items);
            in[h].multiplier = (int32_t)dice_below(&d, MODEL_UNIT + 1);
        }
        int32_t acc[120];

        score_all(&r.model, in, n, acc);

        for (uint32_t j = 0; j < n_items; j++) {
            int64_t sum = r.model.prior[j];
            assert_int_equal(acc[j], score_by_definition(&r.model, in, n, j));
            for (size_t h = 0; h < n; h++) sum += score_contribution(&r.model, in[h], j);
            assert_int_equal(acc[j], sum);
        }
        random_model_free(&r);
    }
}

static void largest_possible_history_does_not_overflow(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) { /* both signs occur among these seeds */
        struct dice d = {seed};
        struct random_model r;
        struct score_input in[SOTTO_HISTORY_MAX];
        int32_t acc[300];
        random_model_make(&r, &d, 300, 1);
        for (uint32_t h = 0; h < SOTTO_HISTORY_MAX; h++)
            in[h] = (struct score_input){h, MODEL_UNIT};

        score_all(&r.model, in, SOTTO_HISTORY_MAX, acc);

        for (uint32_t j = 0; j < 300; j++)
            assert_int_equal(acc[j], score_by_definition(&r.model, in, SOTTO_HISTORY_MAX, j));
        random_model_free(&r);
    }
}

static void top_is_sorted_filtered_and_breaks_ties_by_index(void **state) {
    (void)state;
    struct dice d = {7};
    for (int round = 0; round < 500; round++) {
        int32_t acc[200];
        uint8_t skip[25];
        uint32_t n = 1 + dice_below(&d, 200), top[64];
        size_t k = dice_below(&d, 65);
        for (uint32_t j = 0; j < n; j++) acc[j] = (int32_t)dice_below(&d, 20) - 10;
        for (size_t i = 0; i < sizeof skip; i++) skip[i] = (uint8_t)(dice_u64(&d) & dice_u64(&d));

        size_t got = score_top(acc, n, skip, top, k);

        /* Selection by brute force: the best allowed item not yet taken, lowest index first. */
        uint8_t taken[200] = {0};
        for (size_t place = 0; place < k; place++) {
            int64_t best = -1;
            for (uint32_t j = 0; j < n; j++)
                if (!taken[j] && !(skip[j >> 3] >> (j & 7) & 1) && (best < 0 || acc[j] > acc[best]))
                    best = j;
            if (best < 0) {
                assert_int_equal(got, place);
                break;
            }
            assert_true(place < got);
            assert_int_equal(top[place], best);
            taken[best] = 1;
        }
    }
}

static void q15_rounds_to_nearest_and_keeps_one_as_one(void **state) {
    (void)state;
    assert_int_equal(score_q15(MODEL_UNIT, MODEL_UNIT), MODEL_UNIT);
    assert_int_equal(score_q15(MODEL_UNIT, 12345), 12345);
    assert_int_equal(score_q15(0, MODEL_UNIT), 0);
    assert_int_equal(score_q15(3, MODEL_UNIT / 2), 2); /* 1.5 rounds up */
    assert_int_equal(score_q15(1, MODEL_UNIT / 2 - 1), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernel_equals_its_definition_on_random_models),
        cmocka_unit_test(largest_possible_history_does_not_overflow),
        cmocka_unit_test(top_is_sorted_filtered_and_breaks_ties_by_index),
        cmocka_unit_test(q15_rounds_to_nearest_and_keeps_one_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
