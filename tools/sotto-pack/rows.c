/* rows: the strongest few of many. See rows.h. */
#include "tools/sotto-pack/rows.h"

#include <math.h>
#include <stdlib.h>

int rows_make(struct rows *r, uint32_t n_items, uint32_t width, struct sotto_error *err) {
    memset(r, 0, sizeof *r);
    r->n_items = n_items;
    r->width = width < n_items ? width : n_items - 1;
    r->n = calloc(n_items, sizeof *r->n);
    r->entries = malloc((size_t)n_items * r->width * sizeof *r->entries);
    r->self = calloc(n_items, sizeof *r->self);
    r->total = calloc(n_items, sizeof *r->total);
    if (r->n && r->entries && r->self && r->total) return SOTTO_OK;
    rows_free(r);
    return fail(err, SOTTO_E_MEMORY, "no memory for %u rows of %u neighbours", n_items, width);
}

void rows_free(struct rows *r) {
    free(r->n);
    free(r->entries);
    free(r->self);
    free(r->total);
    memset(r, 0, sizeof *r);
}

static int is_before(const struct rows_entry *a, const struct rows_entry *b) {
    float x = fabsf(a->weight), y = fabsf(b->weight);
    return x != y ? x > y : a->column < b->column;
}

static int by_strength(const void *a, const void *b) {
    return is_before(a, b) ? -1 : is_before(b, a);
}

/* Quickselect (Hoare): afterwards the k that come first are in front, in any order. */
static void select_first(struct rows_entry *v, size_t n, size_t k) {
    while (n > k && n > 1) {
        struct rows_entry pivot = v[n / 2];
        size_t i = 0, j = n - 1;
        for (;;) {
            while (is_before(&v[i], &pivot)) i++;
            while (is_before(&pivot, &v[j])) j--;
            if (i >= j) break;
            struct rows_entry t = v[i];
            v[i++] = v[j];
            v[j--] = t;
        }
        /* v[0 … j] come before or are the pivot, v[j + 1 …] after or are it. */
        size_t left = j + 1;
        if (k <= left && left < n) {
            n = left;
        } else if (left < n) {
            v += left;
            n -= left;
            k -= left;
        } else {
            return;
        }
        if (k == 0) return;
    }
}

uint32_t rows_cut(struct rows_entry *entries, uint32_t n, uint32_t most) {
    if (n > most) {
        select_first(entries, n, most);
        n = most;
    }
    qsort(entries, n, sizeof *entries, by_strength);
    return n;
}

void rows_put(struct rows *r, uint32_t i, struct rows_entry *candidates, uint32_t n) {
    uint32_t found = 0;
    double total = 0;
    for (uint32_t k = 0; k < n; k++) {
        struct rows_entry c = candidates[k];
        if (c.column == i || c.weight == 0 || !isfinite(c.weight)) continue;
        total += fabsf(c.weight);
        candidates[found++] = c;
    }
    r->n[i] = rows_cut(candidates, found, r->width);
    r->total[i] = total;
    memcpy(r->entries + (size_t)i * r->width, candidates, r->n[i] * sizeof *candidates);
}
