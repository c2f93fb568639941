/* gram: how often items stand in rows together, as the closed forms need it: weighted, normalised
 * by degrees, one item at a time. Called by ease and sparse.
 *
 * With X the rows, v_i = degree_i^-alpha_item and w_r = recency · length^(-2 alpha_user):
 *   together[i][j] = v_i v_j Σ_r w_r X_ri X_rj            (EASE, Steck, WWW 2019)
 * For sessions, rows have an order. SLIST (Choi et al., WWW 2021) adds the loss of guessing what
 * follows from what went before: with S and T the two parts of every session at every place, both
 * fading with exp(-distance / window),
 *   source[i][j] = mix · together + (1 − mix) · (SᵀWS)_ij    target[i][j] = mix · together + (1 −
 * mix) · (SᵀWT)_ij. Over all places of a session these are geometric sums: two items at places p
 * and q, m = max(p, q), in a session of n add e^(-|p−q|/window) · (1 − z^(n−1−m)) / (1 − z), z =
 * e^(-2/window), to SᵀS, and, if p < q, (q − p) e^(-(q−p−1)/window) to SᵀT. */
#ifndef SOTTO_PACK_GRAM_H
#define SOTTO_PACK_GRAM_H

#include "tools/sotto-pack/interactions.h"

#define GRAM_REACH 64 /* places apart, beyond which order says nothing */
/* Of a row with more distinct items so many stand together with all others, spread evenly over it;
 * the rest only where order matters, and then within GRAM_REACH. The row's weight stays that of its
 * whole length. So the work is at most GRAM_ROW_MAX an entry, where it would grow with the square
 * of what one person or machine took. */
#define GRAM_ROW_MAX 5000

struct gram_params {
    double alpha_user;     /* a row of d items counts d^-alpha_user */
    double alpha_item;     /* an item in d rows counts d^-alpha_item */
    double half_life_days; /* a row this old counts half; 0: all alike */
    double mix;            /* 1: order does not matter */
    double window;         /* places */
};

struct gram {
    const struct interactions *x;
    struct gram_params params;
    uint32_t cut_rows;  /* with more distinct items than GRAM_ROW_MAX */
    double live_share;  /* of the rows by their age: (Σ recency)² / Σ recency² / n_rows */
    float *row_weight;  /* n_rows; 0 where a row is too old for single precision */
    float *item_weight; /* n_items: v_i */
    size_t *posts;      /* n_items + 1: starts into post */
    uint64_t *post;     /* row << 32 | place, ascending: where each item stands */
    uint8_t *is_first;  /* per entry of x->items: not in the row before, and of GRAM_ROW_MAX */
    float fade[GRAM_REACH + 1];   /* e^(-d / window) */
    float places[GRAM_REACH + 1]; /* Σ_{u < d} e^(-2u / window); the last one for any larger d */
};

/* One row of a sparse matrix on a dense scratch: values[j] for the n columns in `columns`; all
 * other values are 0. One for each thread. */
struct gram_row {
    float *values;     /* n_items */
    uint32_t *columns; /* n_items, in no order */
    uint32_t n;
};

int gram_make(struct gram *g, const struct interactions *x, const struct gram_params *params,
              struct sotto_error *err) MUST_CHECK;
void gram_free(struct gram *g);

int gram_row_make(struct gram_row *row, uint32_t n_items) MUST_CHECK; /* 0 or −1: no memory */
void gram_row_free(struct gram_row *row);
void gram_row_clear(struct gram_row *row);

/* Each replaces what `row` held. With mix 1 both are `together`. */
void gram_source(const struct gram *g, uint32_t item, struct gram_row *row);
void gram_target(const struct gram *g, uint32_t item, struct gram_row *row);
/* The source matrix's diagonal, an item that comes again in a row taken as several. */
double gram_diagonal(const struct gram *g, uint32_t item);
/* Column `item` of the target matrix: what speaks for it. */
void gram_target_column(const struct gram *g, uint32_t item, struct gram_row *row);

#endif
