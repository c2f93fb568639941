/* ease: the dense closed form. One n × n matrix is alive, in single precision: the source matrix,
 * its Cholesky factor, its inverse, one after the other in place. See learn.h. */
#include <stdlib.h>

#include "tools/sotto-pack/cholesky.h"
#include "tools/sotto-pack/learn.h"
#include "tools/sotto-pack/parallel.h"

/* Fortran calling convention; the trailing lengths are those of the character arguments. */
extern void sgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k,
                   const float *alpha, const float *a, const int *lda, const float *b,
                   const int *ldb, const float *beta, float *c, const int *ldc, size_t, size_t);

/* What one thread needs. */
struct bench {
    struct gram_row row;
    float *sum;
    struct rows_entry *candidates;
    float *dense; /* of the first bench alone: the target matrix while it is multiplied */
};

struct ease {
    const struct gram *g;
    const struct learn_params *params;
    struct rows *rows;
    uint32_t n;
    double lambda;
    float *p;          /* n × n: source matrix, then its inverse */
    float *correction; /* n: what makes B's diagonal 0, in units of P's column */
    /* The target matrix, in sparse rows, or where n is small P·T itself; neither where it is the
     * source matrix, so that P·T = I − λP. */
    size_t *starts;
    struct rows_entry *target;
    float *product;
    struct bench *benches;
};

static void fill_source(void *ctx, int thread, uint32_t i) {
    struct ease *e = ctx;
    struct gram_row *row = &e->benches[thread].row;
    gram_source(e->g, i, row);
    memcpy(e->p + (size_t)i * e->n, row->values, e->n * sizeof *e->p);
    e->p[(size_t)i * e->n + i] += (float)e->lambda;
}

static void count_target(void *ctx, int thread, uint32_t i) {
    struct ease *e = ctx;
    struct gram_row *row = &e->benches[thread].row;
    gram_target(e->g, i, row);
    e->starts[i + 1] = row->n;
}

static void put_target(void *ctx, int thread, uint32_t i) {
    struct ease *e = ctx;
    struct gram_row *row = &e->benches[thread].row;
    struct rows_entry *out = e->target + e->starts[i];
    gram_target(e->g, i, row);
    for (uint32_t k = 0; k < row->n; k++)
        out[k] = (struct rows_entry){row->columns[k], row->values[row->columns[k]]};
}

/* Twice through, so that it takes no more memory than it has entries. */
static int make_target(struct ease *e, struct sotto_error *err) {
    e->starts = calloc((size_t)e->n + 1, sizeof *e->starts);
    if (e->starts) {
        parallel_each(e->n, e->params->threads, NULL, count_target, e);
        for (uint32_t i = 0; i < e->n; i++) e->starts[i + 1] += e->starts[i];
        e->target = malloc((e->starts[e->n] + 1) * sizeof *e->target);
    }
    if (!e->target)
        return fail(err, SOTTO_E_MEMORY, "no memory for what follows what among %u items", e->n);
    parallel_each(e->n, e->params->threads, NULL, put_target, e);
    return SOTTO_OK;
}

static void fill_target(void *ctx, int thread, uint32_t i) {
    struct ease *e = ctx;
    struct gram_row *row = &e->benches[thread].row;
    gram_target(e->g, i, row);
    memcpy(e->benches[0].dense + (size_t)i * e->n, row->values, e->n * sizeof(float));
}

/* A second and a third n × n matrix for a moment, where that is cheap, because BLAS multiplies a
 * hundred times faster. */
static int multiply_dense(struct ease *e, struct sotto_error *err) {
    int n = (int)e->n;
    const float one = 1, zero = 0;
    float *dense = malloc((size_t)e->n * e->n * sizeof *dense);
    e->product = malloc((size_t)e->n * e->n * sizeof *e->product);
    if (!dense || !e->product) {
        free(dense);
        return fail(err, SOTTO_E_MEMORY, "no memory to multiply %u × %u", e->n, e->n);
    }
    e->benches[0].dense = dense;
    parallel_each(e->n, e->params->threads, NULL, fill_target, e);
    /* Rows in C are columns in Fortran: (P·T)ᵀ = Tᵀ·P. */
    sgemm_("N", "N", &n, &n, &n, &one, dense, &n, e->p, &n, &zero, e->product, &n, 1, 1);
    free(dense);
    return SOTTO_OK;
}

/* Row i of B into sum. */
static void multiply(const struct ease *e, uint32_t i, float *sum) {
    const float *p = e->p + (size_t)i * e->n;
    if (e->product) {
        memcpy(sum, e->product + (size_t)i * e->n, e->n * sizeof *sum);
        return;
    }
    if (!e->target) {
        for (uint32_t j = 0; j < e->n; j++) sum[j] = (float)(-e->lambda * (double)p[j]);
        sum[i] += 1;
        return;
    }
    memset(sum, 0, e->n * sizeof *sum);
    for (uint32_t k = 0; k < e->n; k++)
        for (size_t t = e->starts[k]; t < e->starts[k + 1]; t++)
            sum[e->target[t].column] += p[k] * e->target[t].weight;
}

static void find_correction(void *ctx, int thread, uint32_t i) {
    struct ease *e = ctx;
    const float *p = e->p + (size_t)i * e->n;
    double own = 0;
    if (e->product) {
        own = e->product[(size_t)i * e->n + i];
    } else if (e->target) { /* of the product, its diagonal alone */
        struct gram_row *row = &e->benches[thread].row;
        gram_target_column(e->g, i, row);
        for (uint32_t k = 0; k < row->n; k++)
            own += (double)p[row->columns[k]] * (double)row->values[row->columns[k]];
    } else {
        own = 1 - e->lambda * (double)p[i];
    }
    e->correction[i] = (float)(own / (double)p[i]);
}

static void put_row(void *ctx, int thread, uint32_t i) {
    struct ease *e = ctx;
    struct bench *b = &e->benches[thread];
    const float *p = e->p + (size_t)i * e->n, *v = e->g->item_weight;
    multiply(e, i, b->sum);
    if (e->params->keeps_diagonal) {
        e->rows->self[i] = b->sum[i];
    } else {
        for (uint32_t j = 0; j < e->n; j++) b->sum[j] -= p[j] * e->correction[j];
        e->rows->self[i] = 0;
    }
    for (uint32_t j = 0; j < e->n; j++)
        b->candidates[j] = (struct rows_entry){j, b->sum[j] * v[i] / v[j]};
    rows_put(e->rows, i, b->candidates, e->n);
}

static void ease_free(struct ease *e) {
    for (int t = 0; e->benches && t < e->params->threads; t++) {
        gram_row_free(&e->benches[t].row);
        free(e->benches[t].sum);
        free(e->benches[t].candidates);
    }
    free(e->benches);
    free(e->p);
    free(e->correction);
    free(e->starts);
    free(e->target);
    free(e->product);
}

static int ease_make(struct ease *e, struct sotto_error *err) {
    int is_ready = 1;
    e->p = malloc((size_t)e->n * e->n * sizeof *e->p);
    e->correction = calloc(e->n, sizeof *e->correction);
    e->benches = calloc((size_t)e->params->threads, sizeof *e->benches);
    for (int t = 0; e->benches && t < e->params->threads; t++) {
        struct bench *b = &e->benches[t];
        b->sum = calloc(e->n, sizeof *b->sum);
        b->candidates = calloc(e->n, sizeof *b->candidates);
        if (gram_row_make(&b->row, e->n) != 0 || !b->sum || !b->candidates) is_ready = 0;
    }
    if (is_ready && e->p && e->correction && e->benches) return SOTTO_OK;
    return fail(err, SOTTO_E_MEMORY,
                "no memory for a matrix of %u × %u: use --method sparse or raise --min-baskets",
                e->n, e->n);
}

int ease_learn(struct rows *rows, const struct gram *g, const struct learn_params *params,
               double lambda, const char *label, struct sotto_error *err) {
    struct ease e = {.g = g, .params = params, .rows = rows, .n = g->x->n_items, .lambda = lambda};
    int status = ease_make(&e, err);
    if (status == SOTTO_OK) {
        parallel_each(e.n, params->threads, NULL, fill_source, &e);
        if (cholesky_invert(e.p, e.n, params->threads, label) != 0)
            status =
                fail(err, SOTTO_E_ARGUMENT,
                     "the regularised Gram matrix is not positive definite: raise --lambda-factor");
    }
    uint32_t product = params->product_items ? params->product_items : LEARN_PRODUCT_ITEMS;
    if (status == SOTTO_OK && params->gram.mix < 1)
        status = e.n <= product ? multiply_dense(&e, err) : make_target(&e, err);
    if (status == SOTTO_OK) {
        if (!params->keeps_diagonal) parallel_each(e.n, params->threads, NULL, find_correction, &e);
        parallel_each(e.n, params->threads, label, put_row, &e);
    }
    ease_free(&e);
    return status;
}
