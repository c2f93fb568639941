/* learn: memory, ridge and the choice of method. See learn.h. */
#include "tools/sotto-pack/learn.h"

#include <stdio.h>
#include <stdlib.h>

uint64_t learn_memory_now(void) {
    FILE *f = fopen("/proc/meminfo", "re");
    char line[128];
    unsigned long long kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "MemAvailable:", 13) == 0) kib = strtoull(line + 13, NULL, 10);
    if (f) fclose(f);
    return kib ? kib * 1024 : UINT64_MAX;
}

uint64_t learn_bytes(const struct interactions *x, const struct learn_params *params,
                     uint32_t width) {
    uint64_t n = x->n_items, entries = x->starts ? x->starts[x->n_rows] : 0;
    uint64_t entry = sizeof(struct rows_entry), index = entries * 9, vectors = n * 64;
    uint64_t rows = n * width * entry, buffers = 64u << 20;
    /* The sparse method holds the source matrix and the columns, then columns, rows and result. */
    uint64_t matrix = n * SPARSE_ROW_MAX * entry, columns = n * params->candidates * entry;
    uint64_t sparse = (matrix > columns ? matrix : columns) + columns;
    return index + vectors + rows + buffers + (params->is_sparse ? sparse : n * n * sizeof(float));
}

int learn_rows(struct rows *rows, const struct interactions *x, const struct learn_params *params,
               uint32_t width, uint64_t most_bytes, const char *label, struct sotto_error *err) {
    uint64_t need = learn_bytes(x, params, width);
    struct gram g;
    double diagonal = 0; /* mean */
    memset(rows, 0, sizeof *rows);
    if (need > most_bytes)
        return fail(err, SOTTO_E_MEMORY,
                    "learning %u items needs %llu MiB of memory and %llu MiB may be used: %s",
                    x->n_items, (unsigned long long)(need >> 20) + 1,
                    (unsigned long long)(most_bytes >> 20),
                    params->is_sparse
                        ? "raise --min-baskets to learn fewer items, or run on a larger machine"
                        : "use --method sparse, raise --min-baskets to learn fewer items, or run "
                          "on a larger machine");
    int status = gram_make(&g, x, &params->gram, err);
    if (status != SOTTO_OK) return status;
    for (uint32_t i = 0; i < x->n_items; i++) diagonal += gram_diagonal(&g, i) / x->n_items;
    if (!(diagonal > 0)) {
        gram_free(&g);
        return fail(err, SOTTO_E_ARGUMENT,
                    "no row of %u that still counts has anything to learn from: raise "
                    "--row-half-life, --mix or --window, or look for dates that cannot be",
                    x->n_rows);
    }
    status = rows_make(rows, x->n_items, width, err);
    double lambda = params->lambda_factor * diagonal;
    rows->lambda = lambda;
    rows->live_share = g.live_share;
    if (status == SOTTO_OK)
        status =
            (params->is_sparse ? sparse_learn : ease_learn)(rows, &g, params, lambda, label, err);
    gram_free(&g);
    if (status != SOTTO_OK) rows_free(rows);
    return status;
}
