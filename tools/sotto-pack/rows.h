/* rows: what was learnt, cut to the strongest few neighbours of each item, still in floating point.
 * Everything after learning (truncation, rounding, tuning of how a model is served) starts here.
 * Written by ease and sparse, read by quantise. */
#ifndef SOTTO_PACK_ROWS_H
#define SOTTO_PACK_ROWS_H

#include "base/base.h"

#define ROWS_WIDTH_MAX 512

struct rows_entry {
    uint32_t column;
    float weight;
};

/* Row i: what one unit of item i in a history adds to the score of others. Its n[i] ≤ width entries
 * are at entries[i · width], strongest first by absolute weight, equal ones by lower column. */
struct rows {
    uint32_t n_items, width;
    uint32_t *n;
    struct rows_entry *entries;
    float *self;       /* n_items: the diagonal, 0 where learning forbids it */
    double *total;     /* n_items: Σ |weight| of the whole row, before it was cut */
    double lambda;     /* the ridge that was used */
    double live_share; /* of the rows learnt from, as their age lets them count (gram.h) */
    uint32_t cut_rows; /* of those, too long to be learnt from whole (gram.h) */
};

int rows_make(struct rows *r, uint32_t n_items, uint32_t width, struct sotto_error *err) MUST_CHECK;
void rows_free(struct rows *r);
/* Moves the `most` strongest of n entries to the front, strongest first; returns how many. */
uint32_t rows_cut(struct rows_entry *entries, uint32_t n, uint32_t most);
/* Keeps the strongest of `n` candidates (spoilt on the way) as row `i`, apart from i itself. Rows
 * may be put by several threads at once. */
void rows_put(struct rows *r, uint32_t i, struct rows_entry *candidates, uint32_t n);

#endif
