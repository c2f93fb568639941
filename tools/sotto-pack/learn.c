/* learn: memory, ridge and the choice of method. See learn.h. */
#include "tools/sotto-pack/learn.h"

/* Pairs that stand in a row together, or up to GRAM_REACH places apart: what a sparse matrix of
 * them holds at most. */
static uint64_t count_pairs(const struct interactions *x, int is_near) {
    uint64_t pairs = 0, all = (uint64_t)x->n_items * x->n_items;
    for (uint32_t r = 0; r < x->n_rows && x->starts; r++) {
        uint64_t n = x->starts[r + 1] - x->starts[r];
        uint64_t others = is_near ? GRAM_REACH : GRAM_ROW_MAX + GRAM_REACH;
        pairs += n * (n < others ? n : others);
    }
    return pairs < all ? pairs : all;
}

uint64_t learn_bytes(const struct interactions *x, const struct learn_params *params,
                     uint32_t width) {
    uint64_t n = x->n_items, entries = x->starts ? x->starts[x->n_rows] : 0;
    uint64_t entry = sizeof(struct rows_entry), index = entries * 9 + (uint64_t)x->n_rows * 4;
    uint64_t rows = n * width * entry, vectors = n * 64, buffers = 64u << 20;
    /* A thread's own: a row of the source matrix with its columns, a sum or places, candidates; of
     * the sparse method the companions' matrix. */
    uint64_t small = params->is_sparse ? (uint64_t)params->candidates * params->candidates * 4 : 0;
    uint64_t threads = (uint64_t)params->threads * (n * (12 + entry) + small);
    uint64_t base = index + vectors + threads + rows + buffers, dense = n * n * sizeof(float);
    uint32_t product = params->product_items ? params->product_items : LEARN_PRODUCT_ITEMS;
    /* The sparse method holds the source matrix and the columns, then columns, rows and result. */
    uint64_t matrix = n * SPARSE_ROW_MAX * entry, columns = n * params->candidates * entry;
    if (params->is_sparse) return base + (matrix > columns ? matrix : columns) + columns;
    if (params->gram.mix >= 1) return base + dense;
    /* Where order matters there is the target matrix too. */
    if (n <= product) return base + 3 * dense;
    return base + dense + count_pairs(x, params->gram.mix <= 0) * entry;
}

int learn_check(const struct interactions *x, const struct learn_params *params, uint32_t width,
                uint64_t most_bytes, struct sotto_error *err) {
    uint64_t need = learn_bytes(x, params, width);
    if (need <= most_bytes) return SOTTO_OK;
    return fail(err, SOTTO_E_MEMORY,
                "learning %u items needs %llu MiB of memory and %llu MiB may be used: %s",
                x->n_items, (unsigned long long)(need >> 20) + 1,
                (unsigned long long)(most_bytes >> 20),
                params->is_sparse
                    ? "raise --min-baskets to learn fewer items, or run on a larger machine"
                    : "use --method sparse, raise --min-baskets to learn fewer items, or run on a "
                      "larger machine");
}

int learn_rows(struct rows *rows, const struct interactions *x, const struct learn_params *params,
               uint32_t width, uint64_t most_bytes, const char *label, struct sotto_error *err) {
    struct gram g;
    double diagonal = 0; /* mean */
    memset(rows, 0, sizeof *rows);
    int status = learn_check(x, params, width, most_bytes, err);
    if (status == SOTTO_OK) status = gram_make(&g, x, &params->gram, err);
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
    rows->cut_rows = g.cut_rows;
    if (status == SOTTO_OK)
        status =
            (params->is_sparse ? sparse_learn : ease_learn)(rows, &g, params, lambda, label, err);
    gram_free(&g);
    if (status != SOTTO_OK) rows_free(rows);
    return status;
}
