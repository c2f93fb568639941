/* Learning: the closed forms against plain algebra in double precision, from their definitions. */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#include "tests/support/dice.h"
#include "tests/support/pack_tool.h"
#include "tools/sotto-pack/learn.h"
#include "tools/sotto-pack/memory.h"
#include "tools/sotto-pack/parallel.h"

enum { N = 24, ROWS = 150, LONGEST = 9 };

/* Rows with an order, in which items come again. */
struct data {
    struct interactions x;
    uint32_t items[ROWS * LONGEST], degree[N];
    size_t starts[ROWS + 1];
    int64_t times[ROWS];
};

static struct data random_data(struct dice *d, int repeats) {
    static struct data data;
    memset(&data, 0, sizeof data);
    size_t at = 0;
    for (uint32_t r = 0; r < ROWS; r++) {
        uint32_t n = 1 + dice_below(d, LONGEST), near = dice_below(d, N);
        uint64_t seen = 0;
        for (uint32_t k = 0; k < n; k++) {
            uint32_t item = (near + dice_below(d, dice_below(d, 3) ? 6 : N)) % N;
            if (!repeats && seen >> item & 1) continue;
            if (!(seen >> item & 1)) data.degree[item]++;
            seen |= 1ull << item;
            data.items[at++] = item;
        }
        data.starts[r + 1] = at;
        data.times[r] = (int64_t)r * 40000;
    }
    data.x = (struct interactions){.n_items = N,
                                   .n_rows = ROWS,
                                   .items = data.items,
                                   .starts = data.starts,
                                   .times_s = data.times,
                                   .degree = data.degree};
    return data;
}

/* S and T of gram.h from their definition: every session cut at every place. */
static void define(const struct data *d, const struct gram_params *p, double s[N][N],
                   double t[N][N]) {
    memset(s, 0, sizeof(double[N][N]));
    memset(t, 0, sizeof(double[N][N]));
    for (uint32_t r = 0; r < ROWS; r++) {
        const uint32_t *items = d->items + d->starts[r];
        size_t n = d->starts[r + 1] - d->starts[r];
        double age = (double)(d->times[ROWS - 1] - d->times[r]) / 86400;
        double w = pow((double)n, -2 * p->alpha_user);
        if (p->half_life_days > 0) w *= exp2(-age / p->half_life_days);
        double x[N] = {0};
        for (size_t k = 0; k < n; k++) x[items[k]] = pow(d->degree[items[k]], -p->alpha_item);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                s[i][j] += p->mix * w * x[i] * x[j];
                t[i][j] += p->mix * w * x[i] * x[j];
            }
        for (size_t cut = 1; cut < n; cut++) {
            double before[N] = {0}, after[N] = {0};
            for (size_t k = 0; k < cut; k++)
                before[items[k]] += pow(d->degree[items[k]], -p->alpha_item) *
                                    exp(-(double)(cut - 1 - k) / p->window);
            for (size_t k = cut; k < n; k++)
                after[items[k]] +=
                    pow(d->degree[items[k]], -p->alpha_item) * exp(-(double)(k - cut) / p->window);
            for (int i = 0; i < N; i++)
                for (int j = 0; j < N; j++) {
                    s[i][j] += (1 - p->mix) * w * before[i] * before[j];
                    t[i][j] += (1 - p->mix) * w * before[i] * after[j];
                }
        }
    }
}

/* Solves (S + lambda I) B = T without row and column `without` (N: with all), column `column`, by
 * Gaussian elimination. */
static void solve(double s[N][N], double t[N][N], double lambda, int without, int column,
                  double b[N]) {
    static double a[N][N + 1];
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) a[i][j] = s[i][j] + (i == j ? lambda : 0);
        a[i][N] = t[i][column];
        if (i == without)
            for (int j = 0; j <= N; j++) a[i][j] = j == i;
    }
    if (without < N) a[without][N] = 0;
    for (int i = 0; i < N; i++)
        if (without < N && i != without) a[i][without] = 0;
    for (int k = 0; k < N; k++) {
        int best = k;
        for (int i = k + 1; i < N; i++)
            if (fabs(a[i][k]) > fabs(a[best][k])) best = i;
        for (int j = 0; j <= N; j++) {
            double keep = a[k][j];
            a[k][j] = a[best][j];
            a[best][j] = keep;
        }
        for (int i = 0; i < N; i++) {
            double f = i == k ? 0 : a[i][k] / a[k][k];
            for (int j = k; j <= N && f != 0; j++) a[i][j] -= f * a[k][j];
        }
    }
    for (int i = 0; i < N; i++) b[i] = a[i][N] / a[i][i];
}

static double learnt(const struct rows *rows, uint32_t i, uint32_t j) {
    if (i == j) return rows->self[i];
    for (uint32_t k = 0; k < rows->n[i]; k++) {
        const struct rows_entry *e = &rows->entries[(size_t)i * rows->width + k];
        if (e->column == j) return e->weight;
    }
    return 0;
}

static void rows_equal_their_definition(const struct data *d, const struct learn_params *params) {
    static double s[N][N], t[N][N];
    struct sotto_error err = {0};
    struct rows rows;

    assert_int_equal(learn_rows(&rows, &d->x, params, N, UINT64_MAX, NULL, &err), SOTTO_OK);

    define(d, &params->gram, s, t);
    for (int j = 0; j < N; j++) {
        double b[N];
        solve(s, t, rows.lambda, params->keeps_diagonal ? N : j, j, b);
        for (int i = 0; i < N; i++) {
            if (params->is_sparse && params->keeps_diagonal && i == j) continue;
            double v = pow(d->degree[i], -params->gram.alpha_item) /
                       pow(d->degree[j], -params->gram.alpha_item);
            double w = i == j && !params->keeps_diagonal ? 0 : b[i] * v;
            if (fabs(w - learnt(&rows, (uint32_t)i, (uint32_t)j)) > 2e-4)
                fail_msg("mix %g: weight %d, %d is %g, not %g", params->gram.mix, i, j,
                         learnt(&rows, (uint32_t)i, (uint32_t)j), w);
        }
    }
    rows_free(&rows);
}

static const struct learn_params cases[] = {
    {.gram = {.mix = 1}, .lambda_factor = 0.5, .threads = 1},
    {.gram = {.mix = 1, .alpha_user = 0.25, .alpha_item = 0.4}, .lambda_factor = 3, .threads = 2},
    {.gram = {.mix = 1, .alpha_user = 0.5, .alpha_item = 0.3, .half_life_days = 20},
     .lambda_factor = 1,
     .keeps_diagonal = 1,
     .threads = 3},
    {.gram = {.mix = 0.4, .window = 2, .alpha_item = 0.4}, .lambda_factor = 0.7, .threads = 1},
    {.gram = {.mix = 0, .window = 1.3, .alpha_user = 0.3}, .lambda_factor = 1, .threads = 2},
    {.gram = {.mix = 0.1, .window = 5, .alpha_item = 0.2, .half_life_days = 9},
     .lambda_factor = 2,
     .keeps_diagonal = 1,
     .threads = 2},
};

static void dense_closed_forms_equal_their_definitions(void **state) {
    (void)state;
    struct dice dice = {2019};
    for (size_t k = 0; k < ARRAY_LEN(cases); k++)
        for (int repeats = 0; repeats < 2; repeats++) {
            struct data d = random_data(&dice, repeats);
            struct learn_params large = cases[k];
            large.product_items = 1; /* as where no second dense matrix fits */
            rows_equal_their_definition(&d, &cases[k]);
            rows_equal_their_definition(&d, &large);
        }
}

/* With every other item a candidate, the regression is the whole one. */
static void sparse_method_with_all_candidates_equals_the_dense_one(void **state) {
    (void)state;
    struct dice dice = {2011};
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        /* There an item's own word is taken separately, and what never stood before is left out. */
        if (cases[k].keeps_diagonal || cases[k].gram.mix < 1) continue;
        struct data d = random_data(&dice, 1);
        struct learn_params params = cases[k];
        params.is_sparse = 1;
        params.candidates = N;
        rows_equal_their_definition(&d, &params);
    }
}

static void sparse_method_keeps_to_its_candidates_and_to_one_result(void **state) {
    (void)state;
    struct dice dice = {5};
    struct sotto_error err = {0};
    struct data d = random_data(&dice, 0);
    struct learn_params params = {
        .gram = {.mix = 1, .alpha_item = .4}, .lambda_factor = 1, .is_sparse = 1, .candidates = 4};
    struct rows one, two;
    params.threads = 1;
    assert_int_equal(learn_rows(&one, &d.x, &params, N, UINT64_MAX, NULL, &err), SOTTO_OK);
    params.threads = 4;
    assert_int_equal(learn_rows(&two, &d.x, &params, N, UINT64_MAX, NULL, &err), SOTTO_OK);

    uint32_t edges = 0;
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(one.n[i], two.n[i]);
        assert_memory_equal(one.entries + (size_t)i * one.width,
                            two.entries + (size_t)i * one.width, one.n[i] * sizeof *one.entries);
        edges += one.n[i];
    }
    assert_true(edges > N && edges <= 4 * N);
    rows_free(&one);
    rows_free(&two);
}

/* Shares too small for single precision: of rows hundreds of half-lives old, of places a dozen
 * windows apart, and of all rows but one where a date lies far ahead. Columns listed twice would
 * run over their array, which SAN=1 sees even where this test's own check does not look. */
static void shares_that_vanish_leave_columns_listed_once(void **state) {
    (void)state;
    static const struct gram_params vanishing[] = {
        {.mix = 1, .half_life_days = 0.1},
        {.mix = 0, .window = 0.1},
        {.mix = 0.5, .window = 0.1, .half_life_days = 0.2, .alpha_item = 0.9, .alpha_user = 1},
    };
    struct sotto_error err = {0};
    for (size_t k = 0; k < ARRAY_LEN(vanishing); k++)
        for (int is_ahead = 0; is_ahead < 2; is_ahead++) {
            struct dice dice = {77};
            struct data d = random_data(&dice, 1);
            struct gram g;
            struct gram_row row;
            if (is_ahead) d.times[ROWS - 1] = 4070908800; /* 2099 */
            assert_int_equal(gram_make(&g, &d.x, &vanishing[k], &err), SOTTO_OK);
            assert_int_equal(gram_row_make(&row, N), 0);
            assert_true(g.live_share > 0 && g.live_share <= 1);
            for (uint32_t i = 0; i < N; i++)
                for (int way = 0; way < 3; way++) {
                    uint64_t seen = 0;
                    (way == 0   ? gram_source
                     : way == 1 ? gram_target
                                : gram_target_column)(&g, i, &row);
                    assert_true(row.n <= N);
                    for (uint32_t c = 0; c < row.n; c++) {
                        assert_true(row.values[row.columns[c]] > 0);
                        assert_false(seen >> row.columns[c] & 1);
                        seen |= 1ull << row.columns[c];
                    }
                }
            gram_row_free(&row);
            gram_free(&g);
            for (int is_sparse = 0; is_sparse < 2; is_sparse++) {
                struct learn_params params = {.gram = vanishing[k],
                                              .lambda_factor = 1,
                                              .is_sparse = is_sparse,
                                              .candidates = 8,
                                              .threads = 2};
                struct rows rows;
                if (learn_rows(&rows, &d.x, &params, N, UINT64_MAX, NULL, &err) != SOTTO_OK)
                    fail_msg("%s", err.message);
                rows_free(&rows);
                if (!is_sparse && !is_ahead) rows_equal_their_definition(&d, &params);
            }
        }
}

/* A row far longer than any person's speaks through some of its items: the work that it makes grows
 * no longer with its square. What comes right after what is still known of all of them. */
static void a_giant_row_costs_no_more_than_its_bound(void **state) {
    (void)state;
    enum { GIANT = 3 * GRAM_ROW_MAX / 2 };
    static uint32_t items[2 * GIANT + 2], degree[GIANT];
    size_t starts[] = {0, 2 * GIANT, 2 * GIANT + 2};
    int64_t times[] = {0, 0};
    struct sotto_error err = {0};
    for (uint32_t k = 0; k < 2 * GIANT; k++) items[k] = k % GIANT; /* everything twice */
    for (uint32_t i = 0; i < GIANT; i++) degree[i] = 1 + (i < 2);
    items[2 * GIANT] = 0;
    items[2 * GIANT + 1] = 1; /* and an ordinary row */
    const struct interactions x = {.n_items = GIANT,
                                   .n_rows = 2,
                                   .items = items,
                                   .starts = starts,
                                   .times_s = times,
                                   .degree = degree};
    struct gram_params params = {.mix = 1};
    struct gram g;
    struct gram_row row;
    assert_int_equal(gram_row_make(&row, GIANT), 0);
    assert_int_equal(gram_make(&g, &x, &params, &err), SOTTO_OK);
    assert_int_equal(g.cut_rows, 1);

    uint32_t speaking = 0, gap = 0, longest = 0;
    for (uint32_t i = 0; i < GIANT; i += 7) {
        gram_source(&g, i, &row);
        assert_true(row.n == 0 || row.n == GRAM_ROW_MAX || (i < 2 && row.n <= GRAM_ROW_MAX + 1));
        assert_true(fabs(gram_diagonal(&g, i) - (double)row.values[i]) < 1e-6);
    }
    gram_source(&g, 2, &row); /* is one of them */
    assert_int_equal(row.n, GRAM_ROW_MAX);
    for (uint32_t i = 0; i < GIANT; i++) {
        speaking += row.values[i] > 0;
        gap = row.values[i] > 0 ? 0 : gap + 1;
        if (gap > longest) longest = gap;
    }
    assert_int_equal(speaking, GRAM_ROW_MAX);
    assert_int_equal(longest, 1); /* evenly */
    gram_source(&g, 0, &row);
    assert_true(row.values[1] >= 1); /* the ordinary row is whole */
    gram_free(&g);

    params = (struct gram_params){.mix = 0, .window = 2};
    assert_int_equal(gram_make(&g, &x, &params, &err), SOTTO_OK);
    for (uint32_t i = 2; i < 10; i++) {
        gram_target(&g, i, &row);
        assert_int_equal(row.n, GRAM_REACH);
        assert_true(row.values[i + 1] > 0);
    }
    gram_free(&g);
    gram_row_free(&row);
}

static void rows_that_all_vanish_are_an_error_that_names_dates(void **state) {
    (void)state;
    /* The last row, the only one that counts, has nothing that follows anything. */
    uint32_t items[] = {0, 1, 0}, degree[] = {2, 1};
    size_t starts[] = {0, 2, 3};
    int64_t times[] = {0, 4070908800};
    struct interactions x = {.n_items = 2,
                             .n_rows = 2,
                             .items = items,
                             .starts = starts,
                             .times_s = times,
                             .degree = degree};
    const struct learn_params params = {
        .gram = {.mix = 0, .window = 2, .half_life_days = 1}, .lambda_factor = 1, .threads = 1};
    struct sotto_error err = {0};
    struct rows rows;

    assert_int_equal(learn_rows(&rows, &x, &params, 2, UINT64_MAX, NULL, &err), SOTTO_E_ARGUMENT);
    assert_non_null(strstr(err.message, "dates"));
    assert_null(rows.entries);
}

static void ease_equals_the_numbers_worked_out_by_hand(void **state) {
    (void)state;
    /* Baskets {0, 1}, {0}, {1}; no normalisation; lambda = 0.5 · 2 = 1:
     * P = inverse of (3 1; 1 3), B01 = −P01 / P11 = 1/3. */
    uint32_t plain_items[] = {0, 1, 0, 1}, plain_degree[] = {2, 2};
    size_t plain_starts[] = {0, 2, 3, 4};
    int64_t times[3] = {0};
    struct interactions plain = {.n_items = 2,
                                 .n_rows = 3,
                                 .items = plain_items,
                                 .starts = plain_starts,
                                 .times_s = times,
                                 .degree = plain_degree};
    const struct learn_params none = {.gram = {.mix = 1}, .lambda_factor = 0.5, .threads = 1};
    /* Baskets {1, 0}, {0}; both exponents 1/2, lambda = 0.8 · 0.625 = 0.5:
     * G + lambda I = (1.25 1/√8; 1/√8 1), B01 = √8/10, B10 = 1/√8; times d_j^½ / d_i^½ with d = (2,
     * 1): 1/5 and 1/2. */
    uint32_t items[] = {1, 0, 0}, degree[] = {2, 1};
    size_t starts[] = {0, 2, 3};
    struct interactions x = {.n_items = 2,
                             .n_rows = 2,
                             .items = items,
                             .starts = starts,
                             .times_s = times,
                             .degree = degree};
    const struct learn_params half = {.gram = {.alpha_user = 0.5, .alpha_item = 0.5, .mix = 1},
                                      .lambda_factor = 0.8,
                                      .threads = 1};
    struct sotto_error err = {0};
    struct rows rows;

    assert_int_equal(learn_rows(&rows, &plain, &none, 2, UINT64_MAX, NULL, &err), SOTTO_OK);
    assert_true(fabs(learnt(&rows, 0, 1) - 1.0 / 3) < 1e-6 && learnt(&rows, 0, 0) == 0);
    rows_free(&rows);

    assert_int_equal(learn_rows(&rows, &x, &half, 2, UINT64_MAX, NULL, &err), SOTTO_OK);
    assert_true(fabs(rows.lambda - 0.5) < 1e-6);
    assert_true(fabs(learnt(&rows, 0, 1) - 0.2) < 1e-6);
    assert_true(fabs(learnt(&rows, 1, 0) - 0.5) < 1e-6);
    rows_free(&rows);
}

/* Three blocks of the factorisation, the last one cut: row i of I − P·diag(1/P) must solve for
 * item i. Checked through the definition of one column, by residual. */
static void large_matrices_are_inverted_block_by_block(void **state) {
    (void)state;
    enum { M = 600, BASKETS = 2400 };
    struct dice d = {42};
    static uint32_t items[BASKETS * 6], degree[M];
    static size_t starts[BASKETS + 1];
    static int64_t times[BASKETS];
    static double g[M][M];
    size_t at = 0;
    for (uint32_t b = 0; b < BASKETS; b++) {
        uint32_t first = dice_below(&d, M), n = 1 + dice_below(&d, 6);
        for (uint32_t k = 0; k < n; k++) degree[items[at++] = (first + k * 7) % M]++;
        starts[b + 1] = at;
        for (size_t i = starts[b]; i < at; i++)
            for (size_t j = starts[b]; j < at; j++) g[items[i]][items[j]] += 1;
    }
    struct interactions x = {.n_items = M,
                             .n_rows = BASKETS,
                             .items = items,
                             .starts = starts,
                             .times_s = times,
                             .degree = degree};
    const struct learn_params params = {.gram = {.mix = 1}, .lambda_factor = 2, .threads = 2};
    struct sotto_error err = {0};
    struct rows rows;

    assert_int_equal(learn_rows(&rows, &x, &params, M, UINT64_MAX, NULL, &err), SOTTO_OK);

    for (uint32_t j = 0; j < M; j += 37) { /* (G + lambda I) b = g_j but for row j */
        for (uint32_t i = 0; i < M; i++) {
            double sum = 0;
            if (i == j) continue;
            for (uint32_t k = 0; k < M; k++)
                if (k != j && (g[i][k] != 0 || k == i))
                    sum += (g[i][k] + (i == k ? rows.lambda : 0)) * learnt(&rows, k, j);
            if (fabs(sum - g[i][j]) > 2e-3)
                fail_msg("entry %u, %u is off by %g", i, j, sum - g[i][j]);
        }
    }
    rows_free(&rows);
}

static void too_little_memory_is_said_before_any_is_taken(void **state) {
    (void)state;
    struct interactions x = {.n_items = 60000};
    struct learn_params params = {.lambda_factor = 1, .threads = 1, .candidates = 100};
    struct sotto_error err = {0};
    struct rows rows;

    assert_int_equal(learn_rows(&rows, &x, &params, 384, 1u << 30, "test", &err), SOTTO_E_MEMORY);
    assert_null(rows.entries);
    assert_non_null(strstr(err.message, "60000 items needs 13"));
    assert_non_null(strstr(err.message, "--method sparse"));

    /* Where order matters, a small catalogue has three such matrices. */
    x.n_items = 8000;
    params.gram.mix = 1;
    uint64_t one = learn_bytes(&x, &params, 384);
    params.gram.mix = 0.5;
    assert_true(learn_bytes(&x, &params, 384) - one == 2ull * 8000 * 8000 * sizeof(float));
    x.n_items = 60000;
    params.is_sparse = 1;
    assert_int_equal(learn_rows(&rows, &x, &params, 384, 1u << 20, "test", &err), SOTTO_E_MEMORY);
    assert_non_null(strstr(err.message, "--min-baskets"));
}

/* Each thread has rows of its own, which at a million items are many bytes. */
static void memory_that_threads_need_is_counted(void **state) {
    (void)state;
    struct interactions x = {.n_items = 1000000};
    struct learn_params params = {.is_sparse = 1, .candidates = 100, .threads = 1};
    uint64_t one = learn_bytes(&x, &params, 128);
    params.threads = 33;
    assert_true(learn_bytes(&x, &params, 128) - one >= 32ull * 1000000 * 20);
}

static void free_memory_is_that_of_the_tightest_group_without_files(void **state) {
    struct pack_tool *t = *state;
    const char *root = pack_tool_path(t, "root");
    assert_true(memory_now(root) == UINT64_MAX); /* nothing tells */
    assert_int_equal(pack_tool_shell(t,
                                     "mkdir -p root/proc/self root/sys/fs/cgroup/a/b && cd root && "
                                     "echo 'MemAvailable:  9000 kB' > proc/meminfo && "
                                     "echo 0::/a/b > proc/self/cgroup && cd sys/fs/cgroup && "
                                     "echo max > a/b/memory.max && echo 0 > a/b/memory.current"),
                     0);
    assert_int_equal(memory_now(root), 9000 * 1024);

    /* The group above has a bound, and files fill it. */
    assert_int_equal(pack_tool_shell(t, "cd root/sys/fs/cgroup/a && echo 5000000 > memory.max && "
                                        "echo 4900000 > memory.current && printf 'anon 1\\n"
                                        "inactive_file 3000000\\nactive_file 900000\\n' "
                                        "> memory.stat"),
                     0);
    assert_int_equal(memory_now(root), 4000000);

    /* Where the process sees only its own groups, the root has the bound. */
    assert_int_equal(pack_tool_shell(t, "cd root && echo 0::/ > proc/self/cgroup && "
                                        "cd sys/fs/cgroup && echo 70000 > memory.max && "
                                        "echo 80000 > memory.current"),
                     0);
    assert_int_equal(memory_now(root), 0);

    /* Version 1 beside it, as systemd's hybrid has it. */
    assert_int_equal(pack_tool_shell(t, "cd root && echo 4:memory:/x > proc/self/cgroup && "
                                        "mkdir -p sys/fs/cgroup/memory/x && "
                                        "cd sys/fs/cgroup/memory/x && "
                                        "echo 6000 > memory.limit_in_bytes && "
                                        "echo 5000 > memory.usage_in_bytes && "
                                        "echo total_inactive_file 4000 > memory.stat"),
                     0);
    assert_int_equal(memory_now(root), 5000);
}

static void a_matrix_that_is_not_positive_definite_names_the_remedy(void **state) {
    (void)state;
    struct dice dice = {8};
    struct data d = random_data(&dice, 0);
    d.degree[3] = 0; /* as no reader makes it: an item without a weight leaves a row of zeros */
    struct learn_params params = {.gram = {.mix = 1}, .lambda_factor = -1e3, .threads = 1};
    struct sotto_error err = {0};
    struct rows rows;

    assert_int_equal(learn_rows(&rows, &d.x, &params, N, UINT64_MAX, NULL, &err), SOTTO_E_ARGUMENT);
    assert_non_null(strstr(err.message, "not positive definite: raise --lambda-factor"));
}

static int by_strength(const void *a, const void *b) {
    const struct rows_entry *x = a, *y = b;
    float p = fabsf(x->weight), q = fabsf(y->weight);
    if (p != q) return p > q ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

static void the_strongest_few_are_those_a_full_sort_puts_first(void **state) {
    (void)state;
    struct dice d = {3};
    for (int round = 0; round < 2000; round++) {
        struct rows_entry v[60] = {{0}}, sorted[60];
        uint32_t n = dice_below(&d, 61), most = dice_below(&d, 65);
        for (uint32_t i = 0; i < n; i++) /* many equal ones */
            v[i] = (struct rows_entry){i, (float)dice_below(&d, 20) - 10};
        memcpy(sorted, v, sizeof v);
        qsort(sorted, n, sizeof *sorted, by_strength);

        uint32_t kept = rows_cut(v, n, most);

        assert_int_equal(kept, n < most ? n : most);
        for (uint32_t i = 0; i < kept; i++) {
            assert_int_equal(v[i].column, sorted[i].column);
            assert_true(v[i].weight == sorted[i].weight);
        }
    }
}

static void count_up(void *ctx, int thread, uint32_t i) {
    (void)thread;
    ((uint8_t *)ctx)[i]++;
}

static void parallel_work_is_done_exactly_once(void **state) {
    (void)state;
    static uint8_t done[10000];
    for (int threads = 1; threads < 9; threads++) {
        memset(done, 0, sizeof done);
        parallel_each(sizeof done - (uint32_t)threads, threads, NULL, count_up, done);
        for (size_t i = 0; i < sizeof done; i++)
            assert_int_equal(done[i], i < sizeof done - (size_t)threads);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ease_equals_the_numbers_worked_out_by_hand),
        cmocka_unit_test(dense_closed_forms_equal_their_definitions),
        cmocka_unit_test(sparse_method_with_all_candidates_equals_the_dense_one),
        cmocka_unit_test(sparse_method_keeps_to_its_candidates_and_to_one_result),
        cmocka_unit_test(shares_that_vanish_leave_columns_listed_once),
        cmocka_unit_test(a_giant_row_costs_no_more_than_its_bound),
        cmocka_unit_test(rows_that_all_vanish_are_an_error_that_names_dates),
        cmocka_unit_test(large_matrices_are_inverted_block_by_block),
        cmocka_unit_test(too_little_memory_is_said_before_any_is_taken),
        cmocka_unit_test(memory_that_threads_need_is_counted),
        cmocka_unit_test_setup_teardown(free_memory_is_that_of_the_tightest_group_without_files,
                                        pack_tool_setup, pack_tool_teardown),
        cmocka_unit_test(a_matrix_that_is_not_positive_definite_names_the_remedy),
        cmocka_unit_test(the_strongest_few_are_those_a_full_sort_puts_first),
        cmocka_unit_test(parallel_work_is_done_exactly_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
