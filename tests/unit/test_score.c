/* Scores: every kernel against the definition in wide arithmetic, bit for bit, and its bounds. */
#include "tests/support/test.h"

#include "score/kernel.h"
#include "tests/support/dice.h"

/* ---- Models and histories, drawn ---------------------------------------------------------- */

enum { ITEMS_MAX = 2000, HITS_MAX = 64 };

/* One model in both codecs, and what is asked of it. Arrays are as long as they are used, so that
 * AddressSanitizer sees a step beyond. */
struct trial {
    struct model fixed, varint;
    uint32_t *starts, *byte_starts;
    uint16_t *columns;
    int8_t *weights;
    uint8_t *rows, *absent, *seen;
    int32_t *prior;
    struct score_input *inputs;
    size_t n_inputs, k;
    struct score_filter filter;
};

static void *room(size_t n, size_t size) {
    void *p = calloc(n ? n : 1, size);
    assert_non_null(p);
    return p;
}

/* `n` items without a row, all priors 0, no history. */
static void trial_begin(struct trial *t, uint32_t n) {
    memset(t, 0, sizeof *t);
    t->fixed.n_items = n;
    t->starts = room(n + 1, sizeof *t->starts);
    t->columns = room(0, 1);
    t->weights = room(0, 1);
    t->prior = room(n, sizeof *t->prior);
    t->inputs = room(n, sizeof *t->inputs);
}

/* Appends an edge to the row being written; rows are written in order. */
static void trial_edge(struct trial *t, uint32_t column, int weight) {
    size_t e = t->fixed.n_edges++;
    if ((e & (e + 1)) == 0) { /* one less than a power of two: full */
        t->columns = realloc(t->columns, 2 * (e + 1) * sizeof *t->columns);
        t->weights = realloc(t->weights, 2 * (e + 1));
        assert_true(t->columns && t->weights);
    }
    t->columns[e] = (uint16_t)column;
    t->weights[e] = (int8_t)weight;
}

/* Cut to what is used. */
static void *fit(void *p, size_t n, size_t size) {
    void *exact = room(n, size);
    memcpy(exact, p, n * size);
    free(p);
    return exact;
}

/* All rows are written: fills in both models. */
static void trial_end(struct trial *t) {
    struct model *m = &t->fixed;
    size_t at = 0;
    t->columns = fit(t->columns, m->n_edges, sizeof *t->columns);
    t->weights = fit(t->weights, m->n_edges, 1);
    m->codec = MODEL_FIXED16;
    m->row_starts = t->starts;
    m->columns = t->columns;
    m->weights = t->weights;
    m->prior = t->prior;
    t->varint = *m;
    t->varint.codec = MODEL_VARINT;
    t->byte_starts = room(m->n_items + 1, sizeof *t->byte_starts);
    uint8_t *rows = room(m->n_edges, 4);
    for (uint32_t i = 0; i < m->n_items; i++) {
        uint32_t before = UINT32_MAX;
        for (uint32_t e = t->starts[i]; e < t->starts[i + 1]; e++) {
            uint32_t step = t->columns[e] - before;
            before = t->columns[e];
            for (; step > 0x7f; step >>= 7) rows[at++] = (uint8_t)(step | 0x80);
            rows[at++] = (uint8_t)step;
            rows[at++] = (uint8_t)t->weights[e];
        }
        t->byte_starts[i + 1] = (uint32_t)at;
    }
    t->rows = fit(rows, at, 1);
    t->varint.row_starts = t->byte_starts;
    t->varint.columns = NULL;
    t->varint.weights = NULL;
    t->varint.rows = t->rows;
}

static void trial_free(struct trial *t) {
    void *owned[] = {t->starts, t->byte_starts, t->columns, t->weights, t->rows,
                     t->prior,  t->inputs,      t->absent,  t->seen};
    for (unsigned i = 0; i < ARRAY_LEN(owned); i++) free(owned[i]);
}

static int falling(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x > y ? -1 : x < y;
}

static int32_t between(struct dice *d, int32_t low, int32_t high) {
    return low + (int32_t)dice_below(d, (uint32_t)((int64_t)high - low + 1));
}

static uint8_t *random_bits(struct dice *d, uint32_t n) {
    uint8_t *bits = room((n + 7) / 8, 1);
    int is_dense = dice_below(d, 2);
    for (uint32_t i = 0; i < (n + 7) / 8; i++)
        bits[i] = (uint8_t)(is_dense ? dice_u64(d) | dice_u64(d) | dice_u64(d)
                                     : dice_u64(d) & dice_u64(d) & dice_u64(d));
    return bits;
}

/* Draws a model and a history. Chances are of the trial, so that catalogues, rows and histories
 * come sparse as well as dense, scores far apart as well as in ties, and some of each at the
 * bounds. */
static void trial_draw(struct trial *t, struct dice *d) {
    uint32_t n = dice_below(d, 8) ? 1 + dice_below(d, ITEMS_MAX) : 1 + dice_below(d, 4);
    uint32_t edge_chance = 1 + dice_below(d, dice_below(d, 2) ? 1000 : 20); /* in 1000 */
    static const int32_t prior_maxima[] = {MODEL_PRIOR_MAX, 1000, 2, 0};
    int32_t prior_max = prior_maxima[dice_below(d, ARRAY_LEN(prior_maxima))];
    int32_t weight_max = dice_below(d, 2) ? 127 : 2, unit = dice_below(d, 2) ? MODEL_UNIT : 3;
    int has_own = dice_below(d, 2) != 0;

    trial_begin(t, n);
    for (uint32_t i = 0; i < n; i++) {
        t->starts[i] = t->fixed.n_edges;
        for (uint32_t j = 0; j < n && i < 300; j++) {
            if (j == i || dice_below(d, 1000) >= edge_chance) continue;
            int32_t weight = between(d, 1, weight_max);
            trial_edge(t, j, dice_below(d, 3) ? weight : -weight);
        }
        t->prior[i] = between(d, -prior_max, prior_max);
    }
    t->starts[n] = t->fixed.n_edges;
    qsort(t->prior, n, sizeof *t->prior, falling);
    trial_end(t);

    size_t most = dice_below(d, 2) ? 250 : 8; /* at most 256 count in full: SCORE_MULTIPLIERS_MAX */
    if (most > n) most = n;
    t->n_inputs = dice_below(d, (uint32_t)most + 1);
    for (size_t h = 0; h < t->n_inputs; h++) {
        struct score_input *in = &t->inputs[h];
        in->item = (uint32_t)h; /* distinct: a random one of those that follow changes places */
        in->multiplier = between(d, 0, unit);
        in->own = has_own && dice_below(d, 2) ? between(d, -SCORE_OWN_MAX, SCORE_OWN_MAX) : 0;
    }
    for (size_t h = 0; h < t->n_inputs; h++) {
        size_t other = h + dice_below(d, (uint32_t)(t->n_inputs - h));
        uint32_t item = t->inputs[h].item;
        t->inputs[h].item = t->inputs[other].item;
        t->inputs[other].item = item;
    }
    if (dice_below(d, 2)) t->filter.absent = t->absent = random_bits(d, n);
    if (dice_below(d, 2)) t->filter.seen = t->seen = random_bits(d, n);
    t->k = dice_below(d, HITS_MAX + 1);
}

/* Two rows of more than a block each, all scores the same: the row scored first has the higher
 * items, so that every tie is decided by what comes late. Sparse enough for a list. */
static void trial_ties(struct trial *t) {
    trial_begin(t, 12000);
    for (uint32_t i = 0; i < 12000; i++) {
        t->starts[i] = t->fixed.n_edges;
        for (uint32_t j = 0; i < 2 && j < 300; j++) trial_edge(t, (i ? 100 : 1000) + 3 * j, 1);
    }
    t->starts[12000] = t->fixed.n_edges;
    trial_end(t);
    for (uint32_t h = 0; h < 2; h++) t->inputs[h] = (struct score_input){h, 5, 0};
    t->n_inputs = 2;
    t->k = 20;
}

/* Item 0 falls back to exactly the score of the last of the best, which nothing touched; being the
 * first of its block, it is exactly at the bound too. */
static void trial_tie_with_untouched(struct trial *t) {
    trial_begin(t, 200);
    for (uint32_t i = 0; i < 200; i++) {
        t->starts[i] = t->fixed.n_edges;
        t->prior[i] = 1000 - (int32_t)i;
        if (i == 150) trial_edge(t, 0, -4);
    }
    t->starts[200] = t->fixed.n_edges;
    trial_end(t);
    t->inputs[0] = (struct score_input){150, 5, 0};
    t->n_inputs = 1;
    t->k = 20;
}

/* ---- The definition ----------------------------------------------------------------------- */

struct wide_hit {
    int64_t score;
    uint32_t item;
};

static int best_first(const void *a, const void *b) {
    const struct wide_hit *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

/* The best k in 64 bits, where nothing can wrap; that each fits 32 is asserted on the way, for
 * every item and every prefix of the history. */
static size_t best_by_definition(const struct trial *t, struct wide_hit *hits) {
    const struct model *m = &t->fixed;
    struct wide_hit *all = room(m->n_items, sizeof *all);
    int64_t *sums = room(m->n_items, sizeof *sums);
    size_t n = 0;
    for (size_t h = 0; h < t->n_inputs; h++) {
        const struct score_input *in = &t->inputs[h];
        for (uint32_t e = m->row_starts[in->item]; e < m->row_starts[in->item + 1]; e++) {
            int64_t *sum = &sums[m->columns[e]];
            *sum += (int64_t)in->multiplier * m->weights[e];
            assert_true(*sum >= INT32_MIN && *sum <= INT32_MAX);
        }
    }
    for (size_t h = 0; h < t->n_inputs; h++) sums[t->inputs[h].item] += t->inputs[h].own;
    for (uint32_t j = 0; j < m->n_items; j++) {
        int64_t score = m->prior[j] + sums[j];
        /* What bounds a block is another item's prior, at worst the largest or the least. */
        assert_true(sums[j] - MODEL_PRIOR_MAX >= INT32_MIN);
        assert_true(sums[j] + MODEL_PRIOR_MAX <= INT32_MAX);
        if (!score_is_barred(&t->filter, j)) all[n++] = (struct wide_hit){score, j};
    }
    qsort(all, n, sizeof *all, best_first);
    if (n > t->k) n = t->k;
    memcpy(hits, all, n * sizeof *hits);
    free(all);
    free(sums);
    return n;
}

/* True if a kernel finds exactly what the definition says and leaves every sum 0. */
static int agrees(const struct score_kernel *kernel, const struct trial *t,
                  const struct model *model) {
    struct wide_hit expected[HITS_MAX];
    struct score_hit hits[HITS_MAX];
    struct score_work work = {room(model->n_items, sizeof *work.sums),
                              room(score_touched_places(model->n_items), sizeof *work.touched)};
    size_t n = best_by_definition(t, expected);

    size_t got =
        score_best_with(kernel, model, t->inputs, t->n_inputs, &t->filter, &work, hits, t->k);

    int same = got == n;
    for (size_t i = 0; same && i < n; i++)
        same = hits[i].item == expected[i].item && hits[i].score == expected[i].score;
    for (uint32_t j = 0; j < model->n_items; j++) same &= work.sums[j] == 0;
    free(work.sums);
    free(work.touched);
    return same;
}

/* The same both with a list of what was touched, wherever it has room, and with a scan of all. */
static int agrees_both_ways(const struct score_kernel *kernel, const struct trial *t) {
    struct score_kernel listing = *kernel, scanning = *kernel;
    listing.scan_share = 1;
    scanning.scan_share = UINT32_MAX;
    return agrees(&listing, t, &t->fixed) && agrees(&listing, t, &t->varint) &&
           agrees(&scanning, t, &t->fixed) && agrees(&scanning, t, &t->varint);
}

static void assert_all_agree(const struct trial *t) {
    for (const struct score_kernel *const *k = score_kernels(); *k; k++) {
        if (!agrees(*k, t, &t->fixed)) fail_msg("%s, fixed rows", (*k)->name);
        if (!agrees(*k, t, &t->varint)) fail_msg("%s, varint rows", (*k)->name);
        if (!agrees_both_ways(*k, t)) fail_msg("%s, list or scan", (*k)->name);
    }
}

/* ---- Tests --------------------------------------------------------------------------------- */

static void every_kernel_equals_the_definition_bit_for_bit(void **state) {
    (void)state;
    struct dice d = {20261123};
    unsigned listed = 0, scanned = 0;
    print_message("seed %llu; kernels:", (unsigned long long)d.state);
    for (const struct score_kernel *const *k = score_kernels(); *k; k++)
        print_message(" %s", (*k)->name);
    print_message("\n");
    for (int round = 0; round < 400; round++) {
        struct trial t;
        trial_draw(&t, &d);
        size_t edges = t.n_inputs;
        for (size_t h = 0; h < t.n_inputs; h++)
            edges += t.starts[t.inputs[h].item + 1] - t.starts[t.inputs[h].item];
        listed += edges > t.n_inputs && edges < t.fixed.n_items;
        scanned += edges >= t.fixed.n_items;

        assert_all_agree(&t);

        trial_free(&t);
    }
    assert_true(listed > 50 && scanned > 50);
}

/* The heaviest history there can be, all on the same items: every weight, prior and own term at its
 * bound. */
static void largest_possible_scores_do_not_overflow(void **state) {
    (void)state;
    enum { FULL = SCORE_MULTIPLIERS_MAX / MODEL_UNIT, ITEMS = FULL + 44 };
    for (int side = -1; side <= 1; side += 2) {
        struct trial t;
        trial_begin(&t, ITEMS);
        for (uint32_t i = 0; i < ITEMS; i++) {
            t.starts[i] = t.fixed.n_edges;
            for (uint32_t j = 0; j < ITEMS; j++)
                if (j != i) trial_edge(&t, j, side * 127);
            t.prior[i] = side * MODEL_PRIOR_MAX;
        }
        t.starts[ITEMS] = t.fixed.n_edges;
        trial_end(&t);
        for (uint32_t h = 0; h < FULL; h++)
            t.inputs[h] = (struct score_input){h, MODEL_UNIT, side * SCORE_OWN_MAX};
        /* One more that counts for nothing but itself: all rows' weight and the largest own term.
         */
        t.inputs[FULL] = (struct score_input){FULL, 0, side * SCORE_OWN_MAX};
        t.n_inputs = FULL + 1;
        t.k = HITS_MAX;

        assert_all_agree(&t);

        trial_free(&t);
    }
}

/* Rows that undo each other leave a sum of 0, which looks as if nothing had been there; a third
 * touches the item again. */
static void cancelled_sums_are_as_if_never_touched(void **state) {
    (void)state;
    for (uint32_t n = 40; n <= 1240; n += 400)
        for (size_t history = 2; history <= 4; history++) {
            struct trial t;
            trial_begin(&t, n);
            for (uint32_t i = 0; i < n; i++) {
                t.starts[i] = t.fixed.n_edges;
                for (uint32_t j = 4; i < 4 && j < n; j += 3) trial_edge(&t, j, i & 1 ? -7 : 7);
                t.prior[i] = (int32_t)(n - i) / 2;
            }
            t.starts[n] = t.fixed.n_edges;
            trial_end(&t);
            for (uint32_t h = 0; h < history; h++)
                t.inputs[h] = (struct score_input){h, 100, h == 3 ? -5 : 0};
            t.n_inputs = history;
            t.k = 20;

            assert_all_agree(&t);

            trial_free(&t);
        }
}

static void ties_go_to_the_lower_item_in_whatever_order_rows_come(void **state) {
    (void)state;
    struct trial t;
    trial_ties(&t);
    assert_all_agree(&t);
    trial_free(&t);

    trial_tie_with_untouched(&t);
    assert_all_agree(&t);
    trial_free(&t);
}

static void what_is_barred_never_shows(void **state) {
    (void)state;
    struct dice d = {7};
    for (uint32_t n = 1; n < 70; n++) {
        struct trial t;
        trial_begin(&t, n);
        for (uint32_t i = 0; i < n; i++) {
            t.starts[i] = t.fixed.n_edges;
            for (uint32_t j = 0; j < n; j++)
                if (j != i) trial_edge(&t, j, between(&d, 1, 127));
        }
        t.starts[n] = t.fixed.n_edges;
        trial_end(&t);
        t.inputs[0] = (struct score_input){n - 1, MODEL_UNIT, 1000};
        t.n_inputs = 1;
        t.k = HITS_MAX;
        t.filter.seen = t.seen = room((n + 7) / 8, 1);
        for (uint32_t shown = 0; shown <= n; shown += n) {
            memset(t.seen, 0xff, (n + 7) / 8);
            if (shown) t.seen[(n / 2) >> 3] &= (uint8_t) ~(1u << ((n / 2) & 7));

            assert_all_agree(&t);

            struct score_hit hits[HITS_MAX];
            assert_int_equal(score_popular(&t.fixed, &t.filter, hits, t.k), shown ? 1 : 0);
        }
        trial_free(&t);
    }
}

static void without_a_history_the_popular_are_best(void **state) {
    (void)state;
    struct dice d = {11};
    for (int round = 0; round < 100; round++) {
        struct trial t;
        struct wide_hit expected[HITS_MAX];
        struct score_hit hits[HITS_MAX];
        trial_draw(&t, &d);
        t.n_inputs = 0;

        size_t got = score_popular(&t.fixed, &t.filter, hits, t.k);

        assert_int_equal(got, best_by_definition(&t, expected));
        for (size_t i = 0; i < got; i++) {
            assert_int_equal(hits[i].item, expected[i].item);
            assert_int_equal(hits[i].score, expected[i].score);
        }
        assert_all_agree(&t);
        trial_free(&t);
    }
}

static void contributions_add_up_to_the_score(void **state) {
    (void)state;
    struct dice d = {20270105};
    for (int round = 0; round < 100; round++) {
        struct trial t;
        struct wide_hit hits[HITS_MAX];
        trial_draw(&t, &d);
        size_t n = best_by_definition(&t, hits);
        for (size_t i = 0; i < n; i++) {
            int64_t sum = t.prior[hits[i].item];
            for (size_t h = 0; h < t.n_inputs; h++) {
                int32_t by_row = score_contribution(&t.fixed, t.inputs[h], hits[i].item);
                assert_int_equal(by_row, score_contribution(&t.varint, t.inputs[h], hits[i].item));
                sum += by_row;
                if (t.inputs[h].item == hits[i].item) sum += t.inputs[h].own;
            }
            assert_int_equal(sum, hits[i].score);
        }
        trial_free(&t);
    }
}

/* ---- Broken on purpose: the comparison above must be able to fail --------------------------- */

static size_t add16_without_the_last(int32_t *sums, uint32_t *touched, size_t n_touched,
                                     const uint16_t *columns, const int8_t *weights, size_t n,
                                     int32_t multiplier) {
    return score_plain_add16(sums, touched, n_touched, columns, weights, n - (n % 4 == 0),
                             multiplier);
}
static size_t add32_last_twice(int32_t *sums, uint32_t *touched, size_t n_touched,
                               const uint32_t *columns, const int8_t *weights, size_t n,
                               int32_t multiplier) {
    n_touched = score_plain_add32(sums, touched, n_touched, columns, weights, n, multiplier);
    if (n > 3) sums[columns[n - 1]] += multiplier;
    return n_touched;
}
static size_t add16_forgets_to_list(int32_t *sums, uint32_t *touched, size_t n_touched,
                                    const uint16_t *columns, const int8_t *weights, size_t n,
                                    int32_t multiplier) {
    size_t listed = score_plain_add16(sums, touched, n_touched, columns, weights, n, multiplier);
    return listed > n_touched + 3 ? listed - 1 : listed;
}
static size_t sift_more_than_least(int32_t *sums, const int32_t *prior, const uint32_t *touched,
                                   size_t n, int32_t least, struct score_hit *out) {
    return score_plain_sift(sums, prior, touched, n, least < INT32_MAX ? least + 1 : least, out);
}
static size_t scan_more_than_least(int32_t *sums, const int32_t *prior, uint32_t first, size_t n,
                                   int32_t least, struct score_hit *out) {
    return score_plain_scan(sums, prior, first, n, least < INT32_MAX ? least + 1 : least, out);
}
static size_t scan_without_the_last(int32_t *sums, const int32_t *prior, uint32_t first, size_t n,
                                    int32_t least, struct score_hit *out) {
    size_t found = score_plain_scan(sums, prior, first, n, least, out);
    return found > 0 && out[found - 1].item == first + n - 1 ? found - 1 : found;
}
static size_t scan_leaves_a_sum(int32_t *sums, const int32_t *prior, uint32_t first, size_t n,
                                int32_t least, struct score_hit *out) {
    int32_t last = sums[first + n - 1];
    size_t found = score_plain_scan(sums, prior, first, n, least, out);
    sums[first + n - 1] = last;
    return found;
}

static void a_broken_kernel_is_caught(void **state) {
    (void)state;
    struct score_kernel broken[7];
    for (unsigned i = 0; i < ARRAY_LEN(broken); i++) broken[i] = score_plain;
    broken[0].add16 = add16_without_the_last;
    broken[1].add32 = add32_last_twice;
    broken[2].add16 = add16_forgets_to_list;
    broken[3].sift = sift_more_than_least;
    broken[4].scan = scan_without_the_last;
    broken[5].scan = scan_leaves_a_sum;
    broken[6].scan = scan_more_than_least;
    for (unsigned i = 0; i < ARRAY_LEN(broken); i++) {
        struct dice d = {20261123};
        int caught = 0;
        for (int round = 0; round < 400 && !caught; round++) {
            struct trial t;
            if (round == 0)
                trial_ties(&t);
            else if (round == 1)
                trial_tie_with_untouched(&t);
            else
                trial_draw(&t, &d);
            caught = !agrees_both_ways(&broken[i], &t);
            trial_free(&t);
        }
        if (!caught) fail_msg("broken kernel %u passes for a good one", i);
    }
}

static void the_choice_is_the_last_of_those_that_run(void **state) {
    (void)state;
    const struct score_kernel *const *all = score_kernels();
    size_t n = 0;
    while (all[n]) n++;

    assert_ptr_equal(all[0], &score_plain);
    assert_ptr_equal(all[n - 1], score_kernel_best());
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
        cmocka_unit_test(every_kernel_equals_the_definition_bit_for_bit),
        cmocka_unit_test(largest_possible_scores_do_not_overflow),
        cmocka_unit_test(cancelled_sums_are_as_if_never_touched),
        cmocka_unit_test(ties_go_to_the_lower_item_in_whatever_order_rows_come),
        cmocka_unit_test(what_is_barred_never_shows),
        cmocka_unit_test(without_a_history_the_popular_are_best),
        cmocka_unit_test(contributions_add_up_to_the_score),
        cmocka_unit_test(a_broken_kernel_is_caught),
        cmocka_unit_test(the_choice_is_the_last_of_those_that_run),
        cmocka_unit_test(q15_rounds_to_nearest_and_keeps_one_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
