/* What the printed intervals promise, they keep: thousands of simulated fleets draw from the
 * device's own mechanisms, are added up and estimated as sotto-fleet does, and the truth must lie
 * inside as often as is said. The check itself is checked: with a variance 10 % too small it fails.
 */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#include "tests/support/test_rng.h"
#include "tools/sotto-fleet/figures.h"

#define SEED   UINT64_C(20261127)
#define FLEETS (test_is_slow() ? 250u : 2000u)
#define SHRINK sqrt(0.9) /* what a variance 10 % too small does to a width */

/* One simulated kind of fleet. */
struct kind {
    const char *name;
    uint32_t mechanism, n_cells, max_cells, max_value;
    uint32_t least, most;   /* reports */
    uint32_t times;         /* fleets: FLEETS times this, since a mean has but one cell */
    double lowest, highest; /* of all intervals together; whole-number ones cover a little more */
};

static const struct kind kinds[] = {
    {"discrete Laplace, exact", KIND_LAPLACE, 8, 4, 0, 1, 29, 1, 0.945, 0.965},
    {"discrete Laplace, normal", KIND_LAPLACE, 8, 4, 0, 1001, 1020, 1, 0.945, 0.956},
    {"discrete Gaussian, exact", KIND_GAUSSIAN, 12, 12, 0, 1, 29, 1, 0.945, 0.965},
    {"discrete Gaussian, large", KIND_GAUSSIAN, 12, 12, 0, 1001, 1010, 1, 0.945, 0.956},
    {"subset selection, exact", KIND_SUBSET, 8, 1, 0, 15, 29, 1, 0.945, 0.965},
    {"subset selection, normal", KIND_SUBSET, 16, 1, 0, 1001, 1050, 1, 0.945, 0.956},
    {"projective, exact", KIND_PROJECTIVE, 16, 1, 0, 15, 29, 1, 0.945, 0.965},
    {"projective, normal", KIND_PROJECTIVE, 64, 1, 0, 1001, 1050, 1, 0.945, 0.956},
    {"one-bit mean, exact", KIND_ONE_BIT, 1, 1, 10, 15, 29, 8, 0.945, 0.965},
    {"one-bit mean, normal", KIND_ONE_BIT, 1, 1, 10, 1001, 1020, 8, 0.945, 0.956},
};

struct score {
    uint32_t fleets, joint, first; /* first: cell 0 inside */
    uint64_t cells, inside, shrunk;
    uint64_t shares, shares_inside;
    uint32_t finite; /* one-bit: the sum of these very households inside */
};

/* ---- One fleet --------------------------------------------------------------------------- */

struct world {
    const struct kind *kind;
    struct fleet_metric metric;
    struct mechanism_terms terms;
    struct answers answers;
    struct figures *figures;
    struct fleet_tally *tally;
    struct rng rng;
    struct test_entropy entropy;
    struct dice dice;
    double truth[64], finite;
    uint8_t numbers[2 * MECHANISM_COUNTED_MAX];
};

static size_t draw_visits(struct world *w) {
    uint16_t counts[MECHANISM_COUNTED_MAX];
    int16_t noised[MECHANISM_COUNTED_MAX];
    for (uint32_t c = 0; c < w->metric.n_cells; c++) {
        counts[c] = (uint16_t)dice_below(&w->dice, 200);
        w->truth[c] += counts[c];
    }
    assert_int_equal(mechanism_noise(&w->rng, &w->terms, counts, noised), 0);
    for (uint32_t c = 0; c < w->metric.n_cells; c++)
        store16(w->numbers + 2 * c, (uint16_t)noised[c]);
    return 2 * w->metric.n_cells;
}

static size_t draw_household(struct world *w) {
    int is_mean = w->answers.odds.is_mean;
    uint32_t value = dice_below(&w->dice, is_mean ? w->metric.max_value + 1 : w->metric.n_cells);
    /* low values are more frequent, and none is without households: at a truth of 0 an interval
     * can only fail upwards, so it holds in 97.5 % */
    if (!is_mean && dice_below(&w->dice, 2)) value = value * value / w->metric.n_cells;
    if (is_mean) {
        w->truth[0] += w->metric.max_value / 2.0; /* the population's mean */
        w->finite += value;
    } else {
        w->truth[value]++;
    }
    assert_int_equal(mechanism_answer(&w->rng, &w->terms, value, w->numbers), 0);
    return w->answers.answer_bytes;
}

/* Whether the truth were inside with a variance 10 % too small: 1.96 standard deviations become
 * 1.86. */
static int is_inside_shrunk(const struct world *w, uint32_t n, const struct fleet_cell *cell,
                            double t) {
    double level = erf(SHRINK * interval_quantile(0.975) / sqrt(2)), low, high;
    double unit = w->answers.odds.is_mean ? w->metric.max_value : 1;
    if (w->metric.unit == UNIT_VISIT)
        return fabs(t - cell->estimate) <= SHRINK * (cell->high - cell->estimate);
    assert_int_equal(interval_of_odds(n, cell->support, &w->answers.odds, level, 0, &low, &high),
                     0);
    return unit * low <= t && t <= unit * high;
}

static void one_fleet(struct world *w, struct score *score) {
    const struct kind *k = w->kind;
    uint32_t n = k->least + dice_below(&w->dice, k->most - k->least + 1);
    struct fleet_estimate e = {.metric = &w->metric};
    struct sotto_error err;
    double total = 0;
    int joint = 1;
    memset(w->truth, 0, sizeof w->truth);
    w->finite = 0;
    fleet_tally_reset(w->tally);
    for (uint32_t i = 0; i < n; i++) {
        struct fleet_counted r = {.numbers = w->numbers};
        r.n_numbers = w->metric.unit == UNIT_VISIT ? draw_visits(w) : draw_household(w);
        assert_int_equal(fleet_tally_add(w->tally, &r, 0), 0);
    }
    assert_int_equal(figures_of(w->figures, w->tally, &e, &err), SOTTO_OK);
    for (uint32_t c = 0; c < w->metric.n_cells; c++) total += w->truth[c];
    for (uint32_t c = 0; c < w->metric.n_cells; c++) {
        const struct fleet_cell *cell = &e.cells[c];
        double t = w->truth[c];
        int is_inside = cell->low <= t && t <= cell->high;
        score->first += c == 0 && is_inside;
        score->inside += is_inside;
        score->shrunk += is_inside_shrunk(w, n, cell, t);
        score->cells++;
        joint &= cell->all_low <= t && t <= cell->all_high;
        if (!cell->has_share || w->metric.unit != UNIT_VISIT) continue;
        score->shares++;
        score->shares_inside += cell->share_low <= t / total && t / total <= cell->share_high;
    }
    score->joint += joint;
    score->finite += e.cells[0].low <= w->finite && w->finite <= e.cells[0].high;
    score->fleets++;
}

static struct score simulate(const struct kind *k) {
    static struct world w;
    struct score score = {0};
    struct sotto_error err;
    int is_visit = k->mechanism == KIND_LAPLACE || k->mechanism == KIND_GAUSSIAN;
    memset(&w, 0, sizeof w);
    w.kind = k;
    w.metric = (struct fleet_metric){.id = 1,
                                     .mechanism = k->mechanism,
                                     .unit = is_visit ? UNIT_VISIT : UNIT_HOUSEHOLD,
                                     .eps_micro = 1000000,
                                     .max_cells = k->max_cells,
                                     .max_weight = 1,
                                     .max_value = k->max_value,
                                     .n_cells = k->n_cells};
    w.terms = fleet_terms_of(&w.metric);
    w.dice.state = SEED;
    assert_int_equal(test_rng_start(&w.rng, &w.entropy, SEED, UINT32_MAX), 0);
    if (!is_visit) assert_int_equal(answers_init(&w.answers, &w.metric, &err), SOTTO_OK);
    w.figures = figures_new(&w.metric, is_visit ? NULL : &w.answers);
    w.tally = fleet_tally_new(&w.metric, is_visit ? NULL : &w.answers, 0);
    assert_non_null(w.figures);
    assert_non_null(w.tally);
    for (uint32_t i = 0; i < FLEETS * k->times; i++) one_fleet(&w, &score);
    figures_free(w.figures);
    fleet_tally_free(w.tally);
    answers_free(&w.answers);
    return score;
}

/* ---- The check --------------------------------------------------------------------------- */

static double share_of(uint64_t n, uint64_t of) { return (double)n / (double)of; }

/* More fleets than 2,000 narrow no bound; fewer widen it as chance does. */
static double slack(double fleets) { return fleets < 2000 ? sqrt(2000 / fleets) : 1; }

/* Whether these intervals are as wide as they must be: one of each fleet in 93.5 to 96.5 %, all of
 * them within what the kind says. */
static int is_covered(const struct kind *k, const struct score *s, uint64_t inside) {
    double first = share_of(s->first, s->fleets), all = share_of(inside, s->cells);
    double wide = slack(s->fleets);
    return fabs(first - 0.95) <= 0.015 * wide && all >= 0.95 - (0.95 - k->lowest) * wide &&
           all <= 0.95 + (k->highest - 0.95) * wide;
}

static void intervals_cover_as_often_as_promised(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct kind *k = &kinds[i];
        struct score s = simulate(k);
        double joint = share_of(s.joint, s.fleets);
        print_message("%-25s %5u fleets: first cell %.2f %%, all %llu cells %.2f %%, all at once "
                      "%.2f %%; 10 %% less variance %.2f %%",
                      k->name, s.fleets, 100 * share_of(s.first, s.fleets),
                      (unsigned long long)s.cells, 100 * share_of(s.inside, s.cells), 100 * joint,
                      100 * share_of(s.shrunk, s.cells));
        if (s.shares) print_message("; shares %.2f %%", 100 * share_of(s.shares_inside, s.shares));
        if (k->mechanism == KIND_ONE_BIT)
            print_message("; these households' sum %.2f %%", 100 * share_of(s.finite, s.fleets));
        print_message("\n");

        assert_true(is_covered(k, &s, s.inside));
        assert_true(joint >= 0.95 - 3 * sqrt(0.95 * 0.05 / s.fleets));
        if (s.shares) assert_true(share_of(s.shares_inside, s.shares) > 0.94);
        if (k->mechanism == KIND_ONE_BIT) assert_true(share_of(s.finite, s.fleets) > 0.94);
        /* The check is worth something: where truths are far from the borders, it notices. */
        if (k->least > 1000 && slack(s.fleets) == 1) assert_false(is_covered(k, &s, s.shrunk));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_cover_as_often_as_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
