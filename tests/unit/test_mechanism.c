/* The mechanisms by their contract: terms that are refused, laws by counting, errors by formula and
 * by simulation, and nothing left behind by a failure. Everything follows from SEED. */
#include "tests/support/test.h"

#include <math.h>

#include "dp/mechanism_inside.h"
#include "dp/sample.h"
#include "tests/support/test_rng.h"
#include "tools/common/mechanism_read.h"

#define SEED UINT64_C(20261128)

static struct rng rng;
static struct test_entropy entropy;

static void begin(uint32_t calls) {
    assert_int_equal(crypto_init(), 0);
    assert_int_equal(test_rng_start(&rng, &entropy, SEED, calls), calls ? 0 : -1);
}

/* ---- Terms --------------------------------------------------------------------------------- */

static const struct mechanism_terms right[] = {
    {KIND_LAPLACE, 1000000, 4, 1, 8, 0},    {KIND_LAPLACE, 2000000, 5, 3, 64, 0},
    {KIND_GAUSSIAN, 1000000, 11, 1, 64, 0}, {KIND_SUBSET, 3000000, 0, 0, 256, 0},
    {KIND_SUBSET, 5000000, 0, 0, 300, 0},   {KIND_PROJECTIVE, 1000000, 0, 0, 4096, 0},
    {KIND_ONE_BIT, 125000, 0, 0, 1, 65535}};

static void wrong_terms_are_refused_with_a_sentence(void **state) {
    (void)state;
    static const struct mechanism_terms wrong[] = {{0, 1000000, 4, 1, 8, 0},
                                                   {6, 1000000, 4, 1, 8, 0},
                                                   {UINT32_MAX, 1000000, 4, 1, 8, 1},
                                                   {1, 0, 4, 1, 8, 0},
                                                   {1, 999999, 4, 1, 8, 0},
                                                   {1, (uint32_t)-1000000, 4, 1, 8, 0},
                                                   {1, 3000000, 4, 1, 8, 0},
                                                   {1, 1000000, 0, 1, 8, 0},
                                                   {1, 1000000, 11, 1, 8, 0},
                                                   {1, 1000000, 4, 0, 8, 0},
                                                   {1, 1000000, 4, 17, 8, 0},
                                                   {1, 1000000, 4, 1, 0, 0},
                                                   {1, 1000000, 4, 1, 65, 0},
                                                   {2, 1000000, 10, 1, 8, 0},
                                                   {2, 1000000, 65, 1, 8, 0},
                                                   {2, 5000000, 11, 1, 8, 0},
                                                   {2, 0, 11, 1, 8, 0},
                                                   {3, 0, 0, 0, 16, 0},
                                                   {3, 1000000, 0, 0, 1, 0},
                                                   {3, 1000000, 0, 0, 4097, 0},
                                                   {4, 1500000, 0, 0, 16, 0},
                                                   {4, 1000000, 0, 0, 0, 0},
                                                   {4, 1000000, 0, 0, UINT32_MAX, 0},
                                                   {5, 1000000, 0, 0, 1, 0},
                                                   {5, 1000000, 0, 0, 1, 65536},
                                                   {5, 1000000, 0, 0, 2, 10}};
    begin(UINT32_MAX);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct mechanism_cost cost;
        const char *why = NULL;
        uint16_t counts[65] = {0};
        int16_t out[65];
        uint8_t answer[32];
        uint64_t a, b, c;
        memset(out, 0x55, sizeof out);
        memset(answer, 0x55, sizeof answer);

        assert_int_equal(mechanism_check(&wrong[i], &cost, &why), -1);

        assert_non_null(why);
        assert_true(strlen(why) > 20);
        assert_int_equal(mechanism_noise(&rng, &wrong[i], counts, out), -1);
        assert_int_equal(mechanism_answer(&rng, &wrong[i], 0, answer), -1);
        assert_int_equal(out[0], 0x5555);
        assert_int_equal(answer[0], 0x55);
        assert_int_equal(mechanism_answer_bytes(&wrong[i]), 0);
        assert_int_equal(mechanism_answer_check(&wrong[i], answer, 0), -1);
        assert_int_equal(mechanism_supports(&wrong[i], answer, 0), 0);
        assert_int_equal(mechanism_odds(&wrong[i], &a, &b, &c), -1);
        assert_int_equal(mechanism_scale(&wrong[i], &a, &b), -1);
        assert_true(mechanism_mse_q32(&wrong[i]) == 0);
    }
    struct mechanism_choice choice;
    assert_int_equal(mechanism_choose(1500000, 64, &choice), -1);
    assert_int_equal(mechanism_choose(1000000, 1, &choice), -1);
    assert_int_equal(mechanism_choose(1000000, 4097, &choice), -1);
}

static void each_mechanism_does_its_own_work_only(void **state) {
    (void)state;
    begin(UINT32_MAX);
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        uint16_t counts[64] = {0};
        int16_t out[64];
        uint8_t answer[32];
        uint64_t a, b, c;
        int is_noise = right[i].mechanism <= KIND_GAUSSIAN;
        const char *why = "";
        assert_int_equal(mechanism_check(&right[i], NULL, &why), 0);
        assert_null(why);
        assert_int_equal(mechanism_noise(&rng, &right[i], counts, out), is_noise ? 0 : -1);
        assert_int_equal(mechanism_scale(&right[i], &a, &b), is_noise ? 0 : -1);
        assert_int_equal(mechanism_answer(&rng, &right[i], 0, answer), is_noise ? -1 : 0);
        assert_int_equal(mechanism_odds(&right[i], &a, &b, &c), is_noise ? -1 : 0);
        assert_true((mechanism_answer_bytes(&right[i]) == 0) == is_noise);
        assert_true(mechanism_answer_bytes(&right[i]) <= MECHANISM_ANSWER_MAX);
    }
}

static void menu_is_what_the_check_takes(void **state) {
    (void)state;
    for (int for_visits = 0; for_visits < 2; for_visits++) {
        size_t n, taken = 0;
        const uint32_t *menu = mechanism_menu(for_visits, &n);
        for (uint32_t eps = 0; eps <= 6000000; eps += 1000) {
            struct mechanism_terms t = {for_visits ? KIND_LAPLACE : KIND_SUBSET, eps, 1, 1, 2, 0};
            if (mechanism_check(&t, NULL, NULL) != 0) continue;
            assert_true(taken < n && menu[taken] == eps);
            taken++;
        }
        assert_int_equal(taken, n);
    }
}

/* ---- Noise --------------------------------------------------------------------------------- */

static void counts_beyond_the_bound_are_refused_and_results_clamped(void **state) {
    (void)state;
    struct mechanism_terms t = {KIND_LAPLACE, 125000, 8, 16, 64, 0}; /* scale 1024 */
    uint16_t counts[64];
    int16_t out[64];
    int n_clamped = 0, n_negative = 0;
    begin(UINT32_MAX);
    for (int c = 0; c < 64; c++) counts[c] = MECHANISM_COUNT_MAX;
    for (int round = 0; round < 50; round++) {
        assert_int_equal(mechanism_noise(&rng, &t, counts, out), 0);
        for (int c = 0; c < 64; c++) n_clamped += out[c] == MECHANISM_OUT_MAX;
    }
    assert_in_range(n_clamped, 1400, 1800); /* half of 3,200 would be beyond */
    memset(counts, 0, sizeof counts);
    for (int round = 0; round < 50; round++) {
        assert_int_equal(mechanism_noise(&rng, &t, counts, out), 0);
        for (int c = 0; c < 64; c++) n_negative += out[c] < 0;
    }
    assert_in_range(n_negative, 1400, 1800); /* not clamped at 0, which would be a bias */

    counts[63] = MECHANISM_COUNT_MAX + 1;
    memset(out, 0x55, sizeof out);
    assert_int_equal(mechanism_noise(&rng, &t, counts, out), -1);
    assert_int_equal(out[0], 0x5555);
}

/* Every Delta from 1 to 160 has the variance that the ideal law has, and the time tells nothing
 * wherever there is a table. */
static void laplace_noise_is_as_small_as_can_be_for_every_bound(void **state) {
    (void)state;
    size_t n;
    const uint32_t *menu = mechanism_menu(1, &n);
    int n_fixed = 0, n_all = 0;
    begin(UINT32_MAX);
    for (size_t e = 0; e < n; e++)
        for (uint32_t cells = 1; cells <= 10; cells++)
            for (uint32_t weight = 1; weight <= 16; weight++) {
                struct mechanism_terms t = {KIND_LAPLACE, menu[e], cells, weight, 64, 0};
                struct mechanism_cost cost;
                uint64_t num, den;
                assert_int_equal(mechanism_check(&t, &cost, NULL), 0);
                assert_int_equal(mechanism_scale(&t, &num, &den), 0);
                assert_true(num * menu[e] == den * cells * weight * 1000000);
                struct laplace_law law = mechanism_laplace_law(&t);
                assert_true(ldexp(1, law.log2_num) * cells * weight * 1e6 ==
                            (double)menu[e] * law.odd);
                assert_int_equal(cost.is_fixed_time, law.is_fixed);
                assert_int_equal(cost.delta_log2,
                                 law.is_fixed ? MECHANISM_FIXED_TIME_DELTA_LOG2 : 0);
                assert_int_equal(cost.eps_micro, menu[e]);
                n_fixed += law.is_fixed;
                n_all++;
                if (weight & (weight - 1)) continue;
                assert_true(law.is_fixed); /* weights 1, 2, 4, 8 and 16 always are */
                if (cells % 3 != 1) continue;

                uint16_t counts[64];
                int16_t out[64];
                double sum = 0, fourth = 0, q = exp(-(double)den / (double)num);
                double variance = 2 * q / ((1 - q) * (1 - q)), n_draws = 64 * 60;
                for (int c = 0; c < 64; c++) counts[c] = 16000;
                for (int round = 0; round < 60; round++) {
                    assert_int_equal(mechanism_noise(&rng, &t, counts, out), 0);
                    for (int c = 0; c < 64; c++) {
                        double x = out[c] - 16000.0;
                        sum += x * x;
                        fourth += x * x * x * x;
                    }
                }
                double sd = sqrt((fourth / n_draws - pow(sum / n_draws, 2)) / n_draws);
                assert_true(fabs(sum / n_draws - variance) < 5 * sd + 0.05 * variance);
            }
    print_message("%d of %d (epsilon, C, w) are drawn in fixed time\n", n_fixed, n_all);
}

static void gaussian_noise_costs_no_more_than_it_says(void **state) {
    (void)state;
    size_t n;
    const uint32_t *menu = mechanism_menu(1, &n);
    for (size_t e = 0; e < n; e++)
        for (uint32_t cells = 11; cells <= 64; cells++)
            for (uint32_t weight = 1; weight <= 16; weight++) {
                struct mechanism_terms t = {KIND_GAUSSIAN, menu[e], cells, weight, 64, 0};
                struct mechanism_cost cost;
                struct sample_gaussian law;
                uint64_t num, den, allowed = mechanism_epsilon(menu[e])->gaussian_rho_q40;
                uint32_t a, s;
                assert_int_equal(mechanism_check(&t, &cost, NULL), 0);
                assert_int_equal(mechanism_scale(&t, &num, &den), 0);
                mechanism_gaussian_law(&t, &a, &s);

                assert_int_equal(sample_gaussian_law(a, s, &law), 0);
                assert_true(num == UINT64_C(1) << (s - 1) && den == a);
                /* rho = C·w²·den / (2·num), exactly, within what the table allows and near it. */
                uint64_t squares = (uint64_t)cells * weight * weight;
                struct wide made = wide_mul(cost.rho_q40, 2 * num);
                struct wide exact = wide_left((struct wide){0, squares * den}, 40);
                assert_true(made.hi == exact.hi && made.lo == exact.lo);
                assert_true(cost.rho_q40 <= allowed);
                assert_true((double)cost.rho_q40 > (double)allowed * (1 - 1.0 / 2048));
                assert_int_equal(cost.delta_log2, MECHANISM_GAUSSIAN_DELTA_LOG2);
            }
}

static void failed_generator_gives_nothing(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        uint16_t counts[64] = {0};
        int16_t out[64], before[64];
        uint8_t answer[32], unanswered[32];
        uint32_t n_made = 0;
        int status;
        memset(before, 0x55, sizeof before);
        memset(unanswered, 0x55, sizeof unanswered);
        begin(0);
        memcpy(out, before, sizeof out);
        memcpy(answer, unanswered, sizeof answer);
        assert_int_equal(mechanism_noise(&rng, &right[i], counts, out), -1);
        assert_int_equal(mechanism_answer(&rng, &right[i], 0, answer), -1);
        assert_memory_equal(out, before, sizeof out);
        assert_memory_equal(answer, unanswered, sizeof answer);
        /* One that runs dry in the midst of a draw. */
        begin(1);
        do {
            memcpy(out, before, sizeof out);
            memcpy(answer, unanswered, sizeof answer);
            status = right[i].mechanism <= KIND_GAUSSIAN
                         ? mechanism_noise(&rng, &right[i], counts, out)
                         : mechanism_answer(&rng, &right[i], 0, answer);
        } while (status == 0 && ++n_made < RNG_RESEED_BYTES);
        assert_int_equal(status, -1);
        assert_true(n_made > 10);
        assert_memory_equal(out, before, sizeof out);
        assert_memory_equal(answer, unanswered, sizeof answer);
    }
}

/* ---- Answers ------------------------------------------------------------------------------- */

/* Counted over all points: how many speak for each cell and for each two. */
static void projective_spaces_are_as_regular_as_the_odds_say(void **state) {
    (void)state;
    static const struct {
        uint32_t eps, k;
    } spaces[] = {{125000, 31}, {500000, 40},   {1000000, 85}, {2000000, 73},
                  {2000000, 9}, {3000000, 381}, {4000000, 54}, {5000000, 150}};
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        struct mechanism_terms t = {KIND_PROJECTIVE, spaces[i].eps, 0, 0, spaces[i].k, 0};
        uint64_t p, q, of;
        uint8_t answer[4];
        assert_int_equal(mechanism_odds(&t, &p, &q, &of), 0);
        struct weights w = mechanism_weights(mechanism_epsilon(t.eps_micro));
        uint64_t on_plane = p / w.in, rest = (of - p) / w.out;
        /* This k is the number of points. */
        assert_true(on_plane + rest == t.n_cells);
        store32(answer, t.n_cells - 1);
        assert_int_equal(mechanism_answer_check(&t, answer, 4), 0);
        store32(answer, t.n_cells);
        assert_int_equal(mechanism_answer_check(&t, answer, 4), -1);
        for (uint32_t one = 0; one < t.n_cells; one += 7)
            for (uint32_t two = 0; two < t.n_cells; two += 5) {
                uint64_t n_one = 0, n_both = 0;
                for (uint32_t point = 0; point < t.n_cells; point++) {
                    store32(answer, point);
                    int speaks = mechanism_supports(&t, answer, one);
                    n_one += (uint64_t)speaks;
                    n_both += (uint64_t)(speaks && mechanism_supports(&t, answer, two));
                }
                assert_true(n_one == on_plane);
                if (one != two) assert_true(q == w.in * n_both + w.out * (on_plane - n_both));
            }
    }
}

static void answers_that_could_not_have_been_made_are_refused(void **state) {
    (void)state;
    struct mechanism_terms bitmap = {KIND_SUBSET, 1000000, 0, 0, 13, 0};
    struct mechanism_terms list = {KIND_SUBSET, 4000000, 0, 0, 300, 0}; /* 5 members, 60 bits */
    struct mechanism_terms bit = {KIND_ONE_BIT, 1000000, 0, 0, 1, 5};
    uint8_t answer[32] = {0};
    begin(UINT32_MAX);
    assert_int_equal(mechanism_answer(&rng, &bitmap, 12, answer), 0);
    assert_int_equal(mechanism_answer_bytes(&bitmap), 2);
    assert_int_equal(mechanism_answer_check(&bitmap, answer, 2), 0);
    assert_int_equal(mechanism_answer_check(&bitmap, answer, 1), -1);
    assert_int_equal(mechanism_answer_check(&bitmap, answer, 3), -1);
    for (int i = 0; i < 16; i++) { /* one member more or less, or a cell that is none */
        answer[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_int_equal(mechanism_answer_check(&bitmap, answer, 2), -1);
        answer[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    answer[0] = 0x0f, answer[1] = 0x80; /* as many members, one of them cell 15 of 13 */
    assert_int_equal(mechanism_answer_check(&bitmap, answer, 2), -1);

    memset(answer, 0, sizeof answer);
    assert_int_equal(mechanism_answer_bytes(&list), 8);
    assert_int_equal(mechanism_answer(&rng, &list, 299, answer), 0);
    assert_int_equal(mechanism_answer_check(&list, answer, 8), 0);
    answer[7] |= 0x10;
    assert_int_equal(mechanism_answer_check(&list, answer, 8), -1);
    answer[7] &= 0x0f;
    uint64_t members = load64(answer);
    store64(answer, (members & ~UINT64_C(0xfff)) | (members >> 12 & 0xfff)); /* one twice */
    assert_int_equal(mechanism_answer_check(&list, answer, 8), -1);
    store64(answer, (members & ~(UINT64_C(0xfff) << 48)) | UINT64_C(300) << 48); /* too large */
    assert_int_equal(mechanism_answer_check(&list, answer, 8), -1);

    answer[0] = 2;
    assert_int_equal(mechanism_answer_check(&bit, answer, 1), -1);
    answer[0] = 1;
    assert_int_equal(mechanism_answer_check(&bit, answer, 1), 0);
    assert_int_equal(mechanism_supports(&bit, answer, 0), 1);
    assert_int_equal(mechanism_supports(&bit, answer, 1), 0);
    assert_int_equal(mechanism_answer(&rng, &bit, 6, answer), -1);
    assert_int_equal(mechanism_answer(&rng, &bitmap, 13, answer), -1);
}

static void one_bit_is_linear_in_the_value(void **state) {
    (void)state;
    struct mechanism_terms t = {KIND_ONE_BIT, 2000000, 0, 0, 1, 8};
    uint64_t p, q, of;
    assert_int_equal(mechanism_odds(&t, &p, &q, &of), 0);
    begin(UINT32_MAX);
    for (uint32_t value = 0; value <= 8; value++) {
        double share = ((double)q + value / 8.0 * (double)(p - q)) / (double)of, n = 40000,
               ones = 0;
        for (int i = 0; i < (int)n; i++) {
            uint8_t answer;
            assert_int_equal(mechanism_answer(&rng, &t, value, &answer), 0);
            ones += answer;
        }
        assert_true(fabs(ones - n * share) < 4.5 * sqrt(n * share * (1 - share)));
    }
}

/* ---- Error --------------------------------------------------------------------------------- */

static double mse(double k, double p, double q) {
    return q * (1 - q) / ((p - q) * (p - q)) + (1 - p - q) / ((p - q) * k);
}
static double subset_mse(double k, double size, double eps) {
    double e = exp(eps), p = e * size / (e * size + k - size);
    return mse(k, p, (p * (size - 1) + (1 - p) * size) / (k - 1));
}

/* By real numbers, over every size of a set there is near the best. */
static double best_mse(uint32_t k, double eps) {
    double best = INFINITY;
    uint32_t middle = (uint32_t)(k / (exp(eps) + 1)), from = middle > 8 ? middle - 8 : 1;
    for (uint32_t size = from; size < k && size < middle + 9; size++)
        best = fmin(best, subset_mse(k, size, eps));
    return best;
}

static void choice_is_within_two_percent_of_the_best_everywhere(void **state) {
    (void)state;
    size_t n;
    const uint32_t *menu = mechanism_menu(0, &n);
    for (size_t e = 0; e < n; e++) {
        double eps = menu[e] / 1e6, worst = 0;
        uint32_t worst_k = 0, n_subset = 0;
        for (uint32_t k = 16; k <= 4096; k++) {
            struct mechanism_choice choice;
            uint64_t p, q, of;
            assert_int_equal(mechanism_choose(menu[e], k, &choice), 0);
            struct mechanism_terms t = {choice.mechanism, menu[e], 0, 0, k, 0};
            assert_int_equal(mechanism_odds(&t, &p, &q, &of), 0);
            assert_true(of < UINT64_C(1) << 60 && p <= of && q < p);
            double best = best_mse(k, eps), made = ldexp((double)choice.mse_q32, -32);
            double real = mse(k, (double)p / (double)of, (double)q / (double)of);
            assert_true(fabs(made / real - 1) < ldexp(1, -18));
            assert_true(fabs(ldexp((double)choice.best_q32, -32) / best - 1) < ldexp(1, -18));
            assert_true(fabs(choice.excess_ppm / 1e6 - (made / best - 1)) < 2e-5);
            assert_int_equal(choice.answer_bytes, mechanism_answer_bytes(&t));
            assert_in_range(choice.answer_bytes, 1, MECHANISM_ANSWER_MAX);
            if (real / best > worst) worst = real / best, worst_k = k;
            n_subset += choice.mechanism == KIND_SUBSET;
        }
        print_message("epsilon %.3f: at most %.4f of the best (k = %u), subset %u of 4081 times\n",
                      eps, worst, worst_k, n_subset);
        assert_true(worst < 1.02);
    }
}

/* n · MSE of shares, mean over the k cells, from `rounds` fleets of `people`. */
static double simulated(const struct mechanism_terms *t, uint32_t people, uint32_t rounds) {
    static uint32_t seen[MECHANISM_CELLS_MAX], held[MECHANISM_CELLS_MAX];
    uint64_t p, q, of;
    double total = 0;
    uint32_t cells = t->n_cells > 0 ? t->n_cells : 1;
    assert_int_equal(mechanism_odds(t, &p, &q, &of), 0);
    double sure = (double)p / (double)of, other = (double)q / (double)of;
    for (uint32_t round = 0; round < rounds; round++) {
        memset(seen, 0, sizeof seen);
        memset(held, 0, sizeof held);
        for (uint32_t i = 0; i < people; i++) {
            uint32_t value = (uint32_t)((uint64_t)i * i % cells);
            uint8_t answer[32];
            assert_int_equal(mechanism_answer(&rng, t, value, answer), 0);
            held[value]++;
            for (uint32_t cell = 0; cell < t->n_cells; cell++)
                seen[cell] += (uint32_t)mechanism_supports(t, answer, cell);
        }
        for (uint32_t cell = 0; cell < t->n_cells; cell++) {
            double estimate = (seen[cell] - people * other) / (sure - other);
            total += (estimate - held[cell]) * (estimate - held[cell]) / people;
        }
    }
    return total / t->n_cells / rounds;
}

static void error_is_that_of_the_formula(void **state) {
    (void)state;
    static const struct {
        uint32_t eps, k, people, rounds;
    } samples[] = {{1000000, 16, 20, 1500}, {1000000, 64, 20, 500}, {1000000, 300, 60, 60},
                   {2000000, 64, 40, 400},  {3000000, 300, 60, 80}, {4000000, 64, 60, 300},
                   {5000000, 1024, 60, 24}, {1000000, 1024, 60, 20}};
    begin(UINT32_MAX);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct mechanism_choice choice;
        assert_int_equal(mechanism_choose(samples[i].eps, samples[i].k, &choice), 0);
        struct mechanism_terms t = {choice.mechanism, samples[i].eps, 0, 0, samples[i].k, 0};
        double made = simulated(&t, samples[i].people, samples[i].rounds);
        double ratio = made / ldexp((double)choice.mse_q32, -32);
        print_message("epsilon %u, k %4u, mechanism %u: simulated %.4f, %+.2f %%\n",
                      samples[i].eps / 1000000, t.n_cells, t.mechanism, made, 100 * (ratio - 1));
        assert_true(ratio > 0.97 && ratio < 1.03);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_terms_are_refused_with_a_sentence),
        cmocka_unit_test(each_mechanism_does_its_own_work_only),
        cmocka_unit_test(menu_is_what_the_check_takes),
        cmocka_unit_test(counts_beyond_the_bound_are_refused_and_results_clamped),
        cmocka_unit_test(laplace_noise_is_as_small_as_can_be_for_every_bound),
        cmocka_unit_test(gaussian_noise_costs_no_more_than_it_says),
        cmocka_unit_test(failed_generator_gives_nothing),
        cmocka_unit_test(projective_spaces_are_as_regular_as_the_odds_say),
        cmocka_unit_test(answers_that_could_not_have_been_made_are_refused),
        cmocka_unit_test(one_bit_is_linear_in_the_value),
        cmocka_unit_test(choice_is_within_two_percent_of_the_best_everywhere),
        cmocka_unit_test(error_is_that_of_the_formula),
    };
    print_message("seed %llu\n", (unsigned long long)SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
