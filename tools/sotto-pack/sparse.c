/* sparse: the closed form where no n × n matrix fits. Each item is regressed on its strongest
 * companions alone (SLIM with feature selection, Ning & Karypis, ICDM 2011, with a ridge in place
 * of the lasso): for item j with candidates C, (S[C][C] + λI) b = T[C][j] is solved exactly, a few
 * hundred thousand operations. Work and memory grow with the number of items. See learn.h. */
#include <math.h>
#include <stdlib.h>

#include "tools/sotto-pack/learn.h"
#include "tools/sotto-pack/parallel.h"

extern void openblas_set_num_threads(int n);
/* LAPACK, Fortran calling convention; the trailing length is that of the character argument. */
extern void sposv_(const char *uplo, const int *n, const int *nrhs, float *a, const int *lda,
                   float *b, const int *ldb, int *info, size_t);

/* Doubling so often ends it: no entry is larger than the diagonal's largest, so a ridge of that
 * many candidates makes the matrix diagonally dominant. */
#define RIDGE_TRIES 40

struct bench {
    struct gram_row row;
    struct rows_entry *candidates;
    uint32_t *place; /* n_items: 1 + place among the candidates, else 0 */
    float *a, *b;
    uint32_t *chosen;
};

struct sparse {
    const struct gram *g;
    const struct learn_params *params;
    uint32_t n, most; /* candidates an item at most */
    double lambda;
    /* The source matrix, each row cut to its strongest SPARSE_ROW_MAX entries. */
    uint32_t *filled;
    struct rows_entry *source;
    float *diagonal;
    /* What was learnt, target by target: most entries each, column = the source item. */
    uint32_t *n_learnt;
    struct rows_entry *learnt;
    struct rows *rows;
    struct bench *benches;
    size_t *starts; /* the same, source by source */
    struct rows_entry *turned;
};

/* Strongest by cosine, so that what merely is popular does not crowd out what belongs together. */
static uint32_t strongest(const struct sparse *s, struct bench *b, uint32_t item, uint32_t most) {
    uint32_t n = 0;
    for (uint32_t k = 0; k < b->row.n; k++) {
        uint32_t j = b->row.columns[k];
        if (j == item || !(s->diagonal[j] > 0)) continue;
        b->candidates[n++] = (struct rows_entry){j, b->row.values[j] / sqrtf(s->diagonal[j])};
    }
    return rows_cut(b->candidates, n, most);
}

static void fill_diagonal(void *ctx, int thread, uint32_t i) {
    struct sparse *s = ctx;
    struct gram_row *row = &s->benches[thread].row;
    gram_source(s->g, i, row);
    s->diagonal[i] = row->values[i];
}

static void fill_source(void *ctx, int thread, uint32_t i) {
    struct sparse *s = ctx;
    struct bench *b = &s->benches[thread];
    gram_source(s->g, i, &b->row);
    uint32_t n = strongest(s, b, i, SPARSE_ROW_MAX);
    struct rows_entry *out = s->source + (size_t)i * SPARSE_ROW_MAX;
    for (uint32_t k = 0; k < n; k++)
        out[k] =
            (struct rows_entry){b->candidates[k].column, b->row.values[b->candidates[k].column]};
    s->filled[i] = n;
}

/* The companions' own matrix, lower triangle, and the ridge. What either of two rows was cut of is
 * taken from the other. */
static void gather(const struct sparse *s, struct bench *b, uint32_t n, double lambda) {
    memset(b->a, 0, (size_t)n * n * sizeof *b->a);
    for (uint32_t r = 0; r < n; r++) {
        uint32_t item = b->chosen[r];
        const struct rows_entry *row = s->source + (size_t)item * SPARSE_ROW_MAX;
        b->a[(size_t)r * n + r] = s->diagonal[item] + (float)lambda;
        for (uint32_t k = 0; k < s->filled[item]; k++) {
            uint32_t place = b->place[row[k].column];
            if (place == 0) continue;
            uint32_t c = place - 1, high = r > c ? r : c, low = r > c ? c : r;
            b->a[(size_t)high * n + low] = row[k].weight;
        }
    }
}

static void learn_item(void *ctx, int thread, uint32_t item) {
    struct sparse *s = ctx;
    struct bench *b = &s->benches[thread];
    gram_target_column(s->g, item, &b->row);
    uint32_t n = strongest(s, b, item, s->most);
    for (uint32_t k = 0; k < n; k++) {
        b->chosen[k] = b->candidates[k].column;
        b->place[b->chosen[k]] = k + 1;
    }
    /* Cutting rows may cost the matrix its definiteness: then the ridge grows until it is back. */
    double lambda = s->lambda;
    int info = 1, order = (int)n, one = 1;
    for (int attempt = 0; attempt < RIDGE_TRIES && info != 0 && n > 0; attempt++) {
        gather(s, b, n, lambda);
        for (uint32_t k = 0; k < n; k++) b->b[k] = b->row.values[b->chosen[k]];
        sposv_("U", &order, &one, b->a, &order, b->b, &order, &info, 1);
        lambda *= 2;
    }
    struct rows_entry *out = s->learnt + (size_t)item * s->most;
    const float *v = s->g->item_weight;
    s->n_learnt[item] = info == 0 ? n : 0;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t source = b->chosen[k];
        b->place[source] = 0;
        if (info == 0) out[k] = (struct rows_entry){source, b->b[k] * v[source] / v[item]};
    }
    /* An item's word for itself, where it may have one, by the same ridge. */
    float own = b->row.values[item];
    s->rows->self[item] =
        s->params->keeps_diagonal ? own / (s->diagonal[item] + (float)s->lambda) : 0;
}

/* From targets to sources. */
static int turn(struct sparse *s, struct sotto_error *err) {
    s->starts = calloc((size_t)s->n + 2, sizeof *s->starts);
    size_t total = 0;
    for (uint32_t j = 0; j < s->n && s->starts; j++)
        for (uint32_t k = 0; k < s->n_learnt[j]; k++, total++)
            s->starts[s->learnt[(size_t)j * s->most + k].column + 2]++;
    s->turned = malloc((total + 1) * sizeof *s->turned);
    if (!s->starts || !s->turned)
        return fail(err, SOTTO_E_MEMORY, "no memory for %zu weights: raise --min-baskets", total);
    for (uint32_t i = 1; i <= s->n; i++) s->starts[i + 1] += s->starts[i];
    for (uint32_t j = 0; j < s->n; j++)
        for (uint32_t k = 0; k < s->n_learnt[j]; k++) {
            struct rows_entry e = s->learnt[(size_t)j * s->most + k];
            s->turned[s->starts[e.column + 1]++] = (struct rows_entry){j, e.weight};
        }
    return SOTTO_OK;
}

static void put_row(void *ctx, int thread, uint32_t i) {
    struct sparse *s = ctx;
    (void)thread;
    rows_put(s->rows, i, s->turned + s->starts[i], (uint32_t)(s->starts[i + 1] - s->starts[i]));
}

static void sparse_free(struct sparse *s) {
    for (int t = 0; s->benches && t < s->params->threads; t++) {
        struct bench *b = &s->benches[t];
        gram_row_free(&b->row);
        free(b->candidates);
        free(b->place);
        free(b->a);
        free(b->b);
        free(b->chosen);
    }
    free(s->benches);
    free(s->filled);
    free(s->source);
    free(s->diagonal);
    free(s->n_learnt);
    free(s->learnt);
    free(s->starts);
    free(s->turned);
}

static int sparse_make(struct sparse *s, struct sotto_error *err) {
    int is_ready = 1;
    s->filled = calloc(s->n, sizeof *s->filled);
    s->source = malloc((size_t)s->n * SPARSE_ROW_MAX * sizeof *s->source);
    s->diagonal = calloc(s->n, sizeof *s->diagonal);
    s->n_learnt = calloc(s->n, sizeof *s->n_learnt);
    s->learnt = malloc((size_t)s->n * s->most * sizeof *s->learnt);
    s->benches = calloc((size_t)s->params->threads, sizeof *s->benches);
    for (int t = 0; s->benches && t < s->params->threads; t++) {
        struct bench *b = &s->benches[t];
        b->candidates = calloc(s->n, sizeof *b->candidates);
        b->place = calloc(s->n, sizeof *b->place);
        b->a = calloc((size_t)s->most * s->most, sizeof *b->a);
        b->b = calloc(s->most, sizeof *b->b);
        b->chosen = calloc(s->most, sizeof *b->chosen);
        if (gram_row_make(&b->row, s->n) != 0 || !b->candidates || !b->place || !b->a || !b->b ||
            !b->chosen)
            is_ready = 0;
    }
    if (is_ready && s->filled && s->source && s->diagonal && s->n_learnt && s->learnt && s->benches)
        return SOTTO_OK;
    return fail(err, SOTTO_E_MEMORY, "no memory for %u items: raise --min-baskets", s->n);
}

int sparse_learn(struct rows *rows, const struct gram *g, const struct learn_params *params,
                 double lambda, const char *label, struct sotto_error *err) {
    struct sparse s = {.g = g,
                       .params = params,
                       .n = g->x->n_items,
                       .most = params->candidates,
                       .lambda = lambda,
                       .rows = rows};
    int status = sparse_make(&s, err);
    if (status == SOTTO_OK) {
        openblas_set_num_threads(1); /* each thread solves its own small systems */
        parallel_each(s.n, params->threads, NULL, fill_diagonal, &s);
        parallel_each(s.n, params->threads, label, fill_source, &s);
        parallel_each(s.n, params->threads, label, learn_item, &s);
        free(s.source);
        s.source = NULL;
        status = turn(&s, err);
    }
    if (status == SOTTO_OK) parallel_each(s.n, params->threads, label, put_row, &s);
    sparse_free(&s);
    return status;
}
