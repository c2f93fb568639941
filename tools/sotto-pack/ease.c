/* ease: Gram matrix by basket, Cholesky factor, inverse. See ease.h. */
#include "tools/sotto-pack/ease.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/common/cli.h"
#include "tools/sotto-pack/cholesky.h"

uint64_t ease_bytes(uint32_t n) {
    /* the matrix, OpenBLAS's packing buffers, vectors */
    return (uint64_t)n * n * sizeof(float) + (64u << 20) + (uint64_t)n * 64;
}

uint64_t ease_memory_now(void) {
    FILE *f = fopen("/proc/meminfo", "re");
    char line[128];
    unsigned long long kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "MemAvailable:", 13) == 0) kib = strtoull(line + 13, NULL, 10);
    if (f) fclose(f);
    return kib ? kib * 1024 : UINT64_MAX;
}

/* Adds each basket's pairs to the lower triangle of g (row-major), all that cholesky_invert
 * reads. */
static void add_baskets(float *g, const struct interactions *x, const double *item_weight,
                        double alpha_user, const char *label) {
    struct cli_progress progress;
    cli_progress_begin(&progress, label, x->n_baskets);
    for (uint32_t b = 0; b < x->n_baskets; b++) {
        const uint32_t *items = x->items + x->starts[b];
        size_t n = x->starts[b + 1] - x->starts[b];
        double weight = n ? pow((double)n, -2 * alpha_user) : 0;
        for (size_t i = 0; i < n; i++) {
            double w = weight * item_weight[items[i]];
            for (size_t j = 0; j <= i; j++) {
                uint32_t high = items[i] > items[j] ? items[i] : items[j];
                uint32_t low = items[i] > items[j] ? items[j] : items[i];
                g[(size_t)high * x->n_items + low] += (float)(w * item_weight[items[j]]);
            }
        }
        cli_progress_to(&progress, b + 1);
    }
    cli_progress_end(&progress);
}

static int allocate(struct ease *e, uint32_t n, uint64_t most_bytes, struct sotto_error *err) {
    uint64_t need = ease_bytes(n);
    if (need <= most_bytes && need <= SIZE_MAX) {
        e->n = n;
        e->inverse = calloc((size_t)n * n, sizeof *e->inverse);
        e->fold = calloc(n, sizeof *e->fold);
        e->gain = calloc(n, sizeof *e->gain);
    }
    if (e->inverse && e->fold && e->gain) return SOTTO_OK;
    ease_free(e);
    return fail(err, SOTTO_E_MEMORY,
                "learning %u items needs %.1f GiB of memory and %.1f GiB may be used: raise "
                "--min-baskets to learn fewer items, or run on a larger machine",
                n, (double)need / (1u << 30),
                (double)(most_bytes == UINT64_MAX ? need : most_bytes) / (1u << 30));
}

int ease_learn(struct ease *e, const struct interactions *x, const struct ease_params *params,
               uint64_t most_bytes, const char *label, struct sotto_error *err) {
    memset(e, 0, sizeof *e);
    int status = allocate(e, x->n_items, most_bytes, err);
    if (status != SOTTO_OK) return status;
    size_t n = e->n;
    double diagonal = 0;
    double *item_weight = calloc(n, sizeof *item_weight);
    if (!item_weight) {
        ease_free(e);
        return fail(err, SOTTO_E_MEMORY, "no memory for %zu items", n);
    }
    interactions_popularity(x, 0, item_weight); /* an item's degree */
    for (size_t i = 0; i < n; i++) {
        e->fold[i] = pow(item_weight[i], params->alpha_item);
        item_weight[i] = 1 / e->fold[i];
    }
    add_baskets(e->inverse, x, item_weight, params->alpha_user, label);
    free(item_weight);
    for (size_t i = 0; i < n; i++) diagonal += e->inverse[i * n + i];
    e->lambda = params->lambda_factor * diagonal / (double)n;
    for (size_t i = 0; i < n; i++) e->inverse[i * n + i] += (float)e->lambda;
    if (cholesky_invert(e->inverse, e->n, params->threads, label) != 0)
        status =
            fail(err, SOTTO_E_ARGUMENT,
                 "the regularised Gram matrix is not positive definite: raise --lambda-factor");
    for (size_t i = 0; i < n && status == SOTTO_OK; i++)
        e->gain[i] = -e->fold[i] / e->inverse[i * n + i];
    if (status != SOTTO_OK) ease_free(e);
    return status;
}

void ease_free(struct ease *e) {
    free(e->inverse);
    free(e->fold);
    free(e->gain);
    memset(e, 0, sizeof *e);
}

void ease_row(const struct ease *e, uint32_t source, float *row) {
    const float *p = e->inverse + (size_t)source * e->n;
    double normal = 1 / e->fold[source];
    for (uint32_t j = 0; j < e->n; j++) row[j] = (float)(p[j] * e->gain[j] * normal);
    row[source] = 0;
}
