/* Quantising: rounding within its bound, the room kept, one model in both codecs, no overflow. */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#include "tests/support/dice.h"
#include "tools/sotto-pack/quantise.h"

enum { N = 90, WIDTH = N - 1 };

/* Rows of very different strength, with negative weights, and a history for each of 30 people. */
struct learnt {
    struct interactions x;
    struct rows rows;
    struct groups groups;
    uint32_t degree[N], items[30 * 10];
    size_t starts[31];
    int64_t times[30];
    uint16_t of_item[N];
};

static struct learnt *random_rows(struct dice *d) {
    struct sotto_error err = {0};
    struct learnt *l = calloc(1, sizeof *l);
    assert_non_null(l);
    for (uint32_t i = 0; i < N; i++) {
        l->degree[i] = 1 + dice_below(d, 50);
        l->of_item[i] = (uint16_t)(i % 3);
    }
    for (uint32_t k = 0; k < 300; k++) l->items[k] = dice_below(d, dice_below(d, N) + 1);
    for (uint32_t r = 0; r < 30; r++) {
        l->starts[r + 1] = 10 * (r + 1);
        l->times[r] = r * 86400;
    }
    l->x = (struct interactions){.n_items = N,
                                 .n_rows = 30,
                                 .items = l->items,
                                 .starts = l->starts,
                                 .times_s = l->times,
                                 .degree = l->degree};
    l->groups = (struct groups){.n = 3, .of_item = l->of_item};
    assert_int_equal(rows_make(&l->rows, N, WIDTH, &err), SOTTO_OK);
    for (uint32_t i = 0; i < N; i++) {
        struct rows_entry row[N];
        double strength = exp2(-(double)dice_below(d, 12));
        for (uint32_t j = 0; j < N; j++)
            row[j] = (struct rows_entry){
                j, (float)(strength * ((double)dice_below(d, 100000) / 50000 - 0.7))};
        l->rows.self[i] = (float)(strength / 4);
        rows_put(&l->rows, i, row, N);
    }
    return l;
}

static void learnt_free(struct learnt *l) {
    rows_free(&l->rows);
    free(l);
}

static struct quantise_source source_of(const struct learnt *l) {
    return (struct quantise_source){.x = &l->x, .rows = &l->rows, .groups = &l->groups};
}

static float weight_of(const struct learnt *l, uint32_t i, uint32_t j) {
    for (uint32_t k = 0; k < l->rows.n[i]; k++) {
        const struct rows_entry *e = &l->rows.entries[(size_t)i * l->rows.width + k];
        if (e->column == j) return e->weight;
    }
    return 0;
}

static void rounding_stays_within_its_bound_and_keeps_the_strongest(void **state) {
    (void)state;
    enum { KEEP = 20 };
    struct dice d = {7};
    struct sotto_error err = {0};
    for (int negative = 0; negative < 2; negative++) {
        struct learnt *l = random_rows(&d);
        struct quantise_source source = source_of(l);
        const struct serve_params serve = {
            .keeps_negative = negative, .decay = 5, .self_strength = 1};
        struct packed p;
        source.neighbours = KEEP;

        assert_int_equal(quantise(&p, &source, &serve, &err), SOTTO_OK);

        for (uint32_t place = 0; place < N; place++) {
            uint32_t i = p.item_of[place], kept = 0;
            double most = 0, weakest_kept = INFINITY, unit = p.model.scales[place] * p.unit;
            uint8_t is_kept[N] = {0};
            for (uint32_t j = 0; j < N; j++) {
                double w = weight_of(l, i, j);
                if (w > 0 || negative) most = fmax(most, fabs(w));
            }
            double bound = (most / 127 + p.unit) / 2 * (1 + 1e-6);
            struct model_row row = model_row_of(&p.model, place);
            int weight;
            while (model_row_next(&row, &weight)) {
                uint32_t j = p.item_of[row.column];
                double w = weight_of(l, i, j);
                assert_true(weight > 0 || (negative && weight < 0));
                if (fabs(w - weight * unit) > bound)
                    fail_msg("row %u column %u: %g became %g", i, j, w, weight * unit);
                is_kept[j] = 1;
                kept++;
                weakest_kept = fmin(weakest_kept, fabs(w));
            }
            assert_true(kept <= KEEP);
            for (uint32_t j = 0; j < N;
                 j++) { /* what was left out is weaker, or rounds to nothing */
                double w = weight_of(l, i, j);
                if (!is_kept[j] && (w > 0 || negative))
                    assert_true(fabs(w) <= weakest_kept || fabs(w) <= bound);
            }
            assert_true(fabs(p.model.self[place] * unit - l->rows.self[i]) <= unit);
        }
        quantise_free(&p);
        learnt_free(l);
    }
}

static void rows_fill_the_room_they_may_have_and_no_more(void **state) {
    (void)state;
    struct dice d = {9};
    struct sotto_error err = {0};
    struct learnt *l = random_rows(&d);
    const struct serve_params serve = {.decay = 5};
    for (uint64_t room = 1; room < 9000; room += 531)
        for (int codec = 0; codec <= 2; codec++) {
            struct quantise_source source = source_of(l);
            struct packed p;
            source.edge_bytes = room;
            source.codec = (enum model_codec)codec;
            assert_int_equal(quantise(&p, &source, &serve, &err), SOTTO_OK);
            uint32_t n = p.neighbours;
            assert_true(p.edge_bytes <= room);
            source.codec = p.model.codec;
            quantise_free(&p);

            source.edge_bytes = 0;
            source.neighbours = n + 1;
            assert_int_equal(quantise(&p, &source, &serve, &err), SOTTO_OK);
            assert_true(p.edge_bytes > room);
            quantise_free(&p);
        }
    learnt_free(l);
}

/* Rows differ by one edge at most, and those that have it have the stronger ones there. */
static void bytes_left_over_go_to_the_strongest_next_edges(void **state) {
    (void)state;
    struct dice d = {19};
    struct sotto_error err = {0};
    struct learnt *l = random_rows(&d);
    const struct serve_params serve = {.decay = 5, .keeps_negative = 1};
    for (uint64_t room = 500; room < 6000; room += 397)
        for (int codec = 1; codec <= 2; codec++) {
            struct quantise_source source = source_of(l);
            struct packed p;
            source.edge_bytes = room;
            source.codec = (enum model_codec)codec;
            assert_int_equal(quantise(&p, &source, &serve, &err), SOTTO_OK);
            assert_in_range(p.edge_bytes, room - 3, room); /* an edge takes 2 or 3 */
            float weakest_given = INFINITY, strongest_left = 0;
            for (uint32_t place = 0; place < N; place++) {
                struct model_row row = model_row_of(&p.model, place);
                uint32_t i = p.item_of[place], n = 0;
                int weight;
                while (model_row_next(&row, &weight)) n++;
                const struct rows_entry *e = &l->rows.entries[(size_t)i * l->rows.width];
                assert_in_range(n, p.neighbours - 1, p.neighbours);
                if (n == p.neighbours)
                    weakest_given = fminf(weakest_given, fabsf(e[n - 1].weight));
                else
                    strongest_left = fmaxf(strongest_left, fabsf(e[n].weight));
            }
            assert_true(weakest_given >= strongest_left);
            quantise_free(&p);
        }
    learnt_free(l);
}

static void fewer_neighbours_may_be_served_than_fit(void **state) {
    (void)state;
    struct dice d = {20};
    struct sotto_error err = {0};
    struct learnt *l = random_rows(&d);
    struct quantise_source source = source_of(l);
    struct serve_params serve = {.decay = 5, .keeps_negative = 1, .neighbours = 7};
    struct packed p;
    source.edge_bytes = 100000;
    assert_int_equal(quantise(&p, &source, &serve, &err), SOTTO_OK);
    assert_int_equal(p.neighbours, 7);
    assert_int_equal(p.model.n_edges, 7 * N);
    quantise_free(&p);
    source.neighbours = 5; /* who runs the command has the last word */
    assert_int_equal(quantise(&p, &source, &serve, &err), SOTTO_OK);
    assert_int_equal(p.neighbours, 5);
    quantise_free(&p);
    learnt_free(l);
}

/* Both exponents move the strength from one item to another, and rows are cut after that. */
static void weights_are_served_by_the_degree_of_both_items(void **state) {
    (void)state;
    struct dice d = {21};
    struct sotto_error err = {0};
    struct learnt *l = random_rows(&d);
    struct quantise_source source = source_of(l);
    const struct serve_params serve = {.keeps_negative = 1, .fold = 0.3, .spread = -0.2};
    struct packed p;
    source.neighbours = 12;
    assert_int_equal(quantise(&p, &source, &serve, &err), SOTTO_OK);
    for (uint32_t place = 0; place < N; place++) {
        uint32_t i = p.item_of[place];
        struct model_row row = model_row_of(&p.model, place);
        double weakest = INFINITY, unit = p.model.scales[place] * p.unit;
        int weight;
        uint8_t is_kept[N] = {0};
        while (model_row_next(&row, &weight)) {
            uint32_t j = p.item_of[row.column];
            double w = weight_of(l, i, j) * pow(l->degree[j], 0.3) * pow(l->degree[i], -0.2);
            assert_true(fabs(w - weight * unit) <= unit);
            weakest = fmin(weakest, fabs(w));
            is_kept[j] = 1;
        }
        for (uint32_t j = 0; j < N; j++)
            if (!is_kept[j])
                assert_true(fabs(weight_of(l, i, j) * pow(l->degree[j], 0.3) *
                                 pow(l->degree[i], -0.2)) <= weakest * (1 + 1e-6));
    }
    quantise_free(&p);
    learnt_free(l);
}

static void prior_is_measured_by_rows_that_hold_something(void **state) {
    (void)state;
    struct dice d = {22};
    struct sotto_error err = {0};
    struct learnt *l = random_rows(&d);
    struct quantise_source source = source_of(l);
    const struct serve_params serve = {.decay = 5, .prior_strength = 1};
    struct packed p;
    for (uint32_t i = 0; i < N; i++) l->rows.self[i] = 0;
    for (uint32_t i = 0; i < N * 2 / 3; i++) l->rows.n[i] = 0;
    assert_int_equal(quantise(&p, &source, &serve, &err), SOTTO_OK);
    /* As strong as the strongest weight of some row, which is not none. */
    assert_true(p.model.prior[0] > 2048);
    quantise_free(&p);
    learnt_free(l);
}

static void both_codecs_hold_the_same_model(void **state) {
    (void)state;
    struct dice d = {10};
    struct sotto_error err = {0};
    struct learnt *l = random_rows(&d);
    const struct serve_params serve = {.decay = 5, .keeps_negative = 1, .fold = 0.2};
    struct quantise_source source = source_of(l);
    struct packed fixed, varint;
    source.neighbours = 33;
    source.codec = MODEL_FIXED16;
    assert_int_equal(quantise(&fixed, &source, &serve, &err), SOTTO_OK);
    source.codec = MODEL_VARINT;
    assert_int_equal(quantise(&varint, &source, &serve, &err), SOTTO_OK);

    assert_int_equal(fixed.model.n_edges, varint.model.n_edges);
    for (uint32_t i = 0; i < N; i++) {
        struct model_row a = model_row_of(&fixed.model, i), b = model_row_of(&varint.model, i);
        int x = 0, y = 0;
        while (model_row_next(&a, &x)) {
            assert_int_equal(model_row_next(&b, &y), 1);
            assert_int_equal(a.column, b.column);
            assert_int_equal(x, y);
        }
        assert_int_equal(model_row_next(&b, &y), 0);
    }
    quantise_free(&fixed);
    quantise_free(&varint);
    learnt_free(l);
}

/* 400 items that all speak in full, and one person who took them all: without room made, a device
 * would have to cut such a history. */
static void long_histories_that_do_not_fade_fit_into_the_bound(void **state) {
    (void)state;
    enum { MANY = 400 };
    static uint32_t items[MANY], degree[MANY];
    static uint16_t of_item[MANY];
    size_t starts[] = {0, MANY};
    int64_t times[] = {0};
    struct sotto_error err = {0};
    struct rows rows;
    struct groups groups = {.n = 1, .of_item = of_item};
    assert_int_equal(rows_make(&rows, MANY, 2, &err), SOTTO_OK);
    for (uint32_t i = 0; i < MANY; i++) {
        struct rows_entry e = {(i + 1) % MANY, 1};
        rows_put(&rows, i, &e, 1);
        items[i] = i;
        degree[i] = 1;
    }
    struct interactions x = {.n_items = MANY,
                             .n_rows = 1,
                             .items = items,
                             .starts = starts,
                             .times_s = times,
                             .degree = degree};
    const struct quantise_source source = {.x = &x, .rows = &rows, .groups = &groups};
    const struct serve_params flat = {0}, fading = {.decay = 5};
    struct packed p;

    assert_int_equal(quantise(&p, &source, &flat, &err), SOTTO_OK);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < MANY; i++) sum += p.model.scales[i];
    assert_true(sum <= 256 * MODEL_UNIT + MANY && sum > 255 * MODEL_UNIT);
    quantise_free(&p);

    assert_int_equal(quantise(&p, &source, &fading, &err), SOTTO_OK);
    assert_int_equal(p.model.scales[0], MODEL_UNIT);
    quantise_free(&p);
    rows_free(&rows);
}

static void tables_begin_at_one_fall_and_end(void **state) {
    (void)state;
    uint16_t table[MODEL_DECAY_MAX];
    uint32_t n = quantise_decay(table, 5);
    assert_int_equal(table[0], MODEL_UNIT);
    assert_int_equal(table[5], 12055); /* 32768 / e = 12054.7 */
    assert_int_equal(n, 56);           /* 32768 · exp(−56 / 5) = 0.45 */
    assert_int_equal(quantise_decay(table, 1000), MODEL_DECAY_MAX);
    assert_int_equal(quantise_decay(table, 0.1), 2); /* 32768 · exp(−10) = 1.49, then nothing */
    assert_int_equal(quantise_decay(table, 0), MODEL_DECAY_MAX);
    assert_int_equal(table[MODEL_DECAY_MAX - 1], MODEL_UNIT);

    assert_int_equal(quantise_ages(table, 0), 1);
    assert_int_equal(table[0], MODEL_UNIT);
    n = quantise_ages(table, 10);
    assert_int_equal(table[10], MODEL_UNIT / 2);
    assert_int_equal(n, 162); /* 2^-16 rounds to 1, the day after to 0, which then holds */
    assert_int_equal(table[n - 1], 0);
    assert_int_equal(quantise_ages(table, 10000), MODEL_DAYS_MAX);
}

static void items_are_numbered_by_recent_popularity_which_stays_small(void **state) {
    (void)state;
    struct dice d = {12};
    struct sotto_error err = {0};
    struct learnt *l = random_rows(&d);
    const struct quantise_source source = source_of(l);
    const struct serve_params serve = {
        .decay = 5, .prior_strength = 0.01, .prior_half_life_days = 10};
    double popularity[N], all_time[N];
    struct packed p;

    assert_int_equal(quantise(&p, &source, &serve, &err), SOTTO_OK);

    interactions_popularity(&l->x, 10, popularity);
    interactions_popularity(&l->x, 0, all_time);
    for (uint32_t place = 0; place < N; place++) {
        uint32_t count = 0;
        for (uint32_t k = 0; k < 300; k++) count += l->items[k] == p.item_of[place];
        assert_true(all_time[p.item_of[place]] == count);
        assert_int_equal(p.place_of[p.item_of[place]], place);
        if (place == 0) continue;
        assert_true(popularity[p.item_of[place]] <= popularity[p.item_of[place - 1]]);
        assert_true(p.model.prior[place] <= p.model.prior[place - 1]);
    }
    assert_int_equal(p.model.prior[N - 1], 0);
    assert_true(p.model.prior[0] > 1000 && p.model.prior[0] < 127 * MODEL_UNIT / 100);
    quantise_free(&p);
    learnt_free(l);
}

/* What one event of today is worth, in learnt weight, whatever the unit has become. */
static void repeat_strength_is_kept_per_group(void **state) {
    (void)state;
    struct dice d = {13};
    struct sotto_error err = {0};
    struct learnt *l = random_rows(&d);
    struct quantise_source source = source_of(l);
    const double rates[] = {0.5, 1, 3};
    source.repeat_rates = rates;
    static const double strengths[] = {0.01, 0.1, 1, 10};
    for (size_t k = 0; k < ARRAY_LEN(strengths); k++) {
        const double strength = strengths[k];
        const struct serve_params serve = {
            .decay = 5, .repeat_strength = strength, .repeat_half_life_days = 30};
        struct packed p;
        assert_int_equal(quantise(&p, &source, &serve, &err), SOTTO_OK);
        for (int g = 0; g < 3; g++) {
            double worth = p.model.repeat[g] * p.unit * MODEL_REPEAT_UNIT;
            assert_true(fabs(worth - strength * rates[g]) < 0.02 * strength * rates[g] + 1e-3);
        }
        quantise_free(&p);
    }
    learnt_free(l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounding_stays_within_its_bound_and_keeps_the_strongest),
        cmocka_unit_test(rows_fill_the_room_they_may_have_and_no_more),
        cmocka_unit_test(bytes_left_over_go_to_the_strongest_next_edges),
        cmocka_unit_test(fewer_neighbours_may_be_served_than_fit),
        cmocka_unit_test(weights_are_served_by_the_degree_of_both_items),
        cmocka_unit_test(prior_is_measured_by_rows_that_hold_something),
        cmocka_unit_test(both_codecs_hold_the_same_model),
        cmocka_unit_test(long_histories_that_do_not_fade_fit_into_the_bound),
        cmocka_unit_test(tables_begin_at_one_fall_and_end),
        cmocka_unit_test(items_are_numbered_by_recent_popularity_which_stays_small),
        cmocka_unit_test(repeat_strength_is_kept_per_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
