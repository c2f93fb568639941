/* learn: memory, ridge and the choice of method. See learn.h. */
#include "tools/sotto-pack/learn.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t number_in(const char *path, const char *key) {
    FILE *f = fopen(path, "re");
    char line[128];
    unsigned long long v = 0;
    size_t n = strlen(key);
    while (f && v == 0 && fgets(line, sizeof line, f))
        if (strncmp(line, key, n) == 0) v = strtoull(line + n, NULL, 10);
    if (f) fclose(f);
    return v;
}

/* What the control group has left (cgroup v2); no limit reads "max", which is no number. */
static uint64_t group_left(void) {
    FILE *f = fopen("/proc/self/cgroup", "re");
    char line[512], path[640], *at = NULL;
    while (f && !at && fgets(line, sizeof line, f))
        if (strncmp(line, "0::", 3) == 0) at = line + 3;
    if (f) fclose(f);
    if (!at) return UINT64_MAX;
    at[strcspn(at, "\n")] = '\0';
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", at);
    uint64_t most = number_in(path, "");
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.current", at);
    uint64_t used = number_in(path, "");
    return most == 0 ? UINT64_MAX : most > used ? most - used : 0;
}

uint64_t learn_memory_now(void) {
    uint64_t kib = number_in("/proc/meminfo", "MemAvailable:"), group = group_left();
    uint64_t machine = kib ? kib * 1024 : UINT64_MAX;
    return machine < group ? machine : group;
}

/* Pairs that stand in a row together, or up to GRAM_REACH places apart: what a sparse matrix of
 * them holds at most. */
static uint64_t count_pairs(const struct interactions *x, int is_near) {
    uint64_t pairs = 0, all = (uint64_t)x->n_items * x->n_items;
    for (uint32_t r = 0; r < x->n_rows && x->starts; r++) {
        uint64_t n = x->starts[r + 1] - x->starts[r];
        pairs += n * (is_near && n > GRAM_REACH ? GRAM_REACH : n);
    }
    return pairs < all ? pairs : all;
}

uint64_t learn_bytes(const struct interactions *x, const struct learn_params *params,
                     uint32_t width) {
    uint64_t n = x->n_items, entries = x->starts ? x->starts[x->n_rows] : 0;
    uint64_t entry = sizeof(struct rows_entry), index = entries * 9, vectors = n * 64;
    uint64_t rows = n * width * entry, buffers = 64u << 20;
    uint64_t base = index + vectors + rows + buffers, dense = n * n * sizeof(float);
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
    if (status == SOTTO_OK)
        status =
            (params->is_sparse ? sparse_learn : ease_learn)(rows, &g, params, lambda, label, err);
    gram_free(&g);
    if (status != SOTTO_OK) rows_free(rows);
    return status;
}
