/* learn: item-to-item weights in closed form, by the dense method (ease.c) or the sparse one
 * (sparse.c). Called by train and tune. */
#ifndef SOTTO_PACK_LEARN_H
#define SOTTO_PACK_LEARN_H

#include "tools/sotto-pack/gram.h"
#include "tools/sotto-pack/rows.h"

struct learn_params {
    struct gram_params gram;
    double lambda_factor; /* ridge, in units of the source matrix's mean diagonal */
    int keeps_diagonal;   /* 1: an item may speak for itself (sessions in which items come again) */
    int is_sparse;        /* 1: the sparse method */
    uint32_t candidates;  /* of the sparse method: regressors an item */
    int threads;          /* another number may change the last bits of the dense method */
    /* Where order matters, up to so many items P·T is one product of dense matrices, three of which
     * are then alive; 0: LEARN_PRODUCT_ITEMS. */
    uint32_t product_items;
};

/* The sparse method keeps so many of an item's companions. */
#define SPARSE_ROW_MAX 384

#define LEARN_PRODUCT_ITEMS 8192

/* Bytes that learning needs at its peak; of what is sparse, at most. */
uint64_t learn_bytes(const struct interactions *x, const struct learn_params *params,
                     uint32_t width);
/* SOTTO_E_MEMORY when learning would need more than most_bytes; names what would help. */
int learn_check(const struct interactions *x, const struct learn_params *params, uint32_t width,
                uint64_t most_bytes, struct sotto_error *err) MUST_CHECK;

/* What is learnt is a matrix B on degree-normalised rows, and the weight between raw items is
 * W[i][j] = v_i · B[i][j] / v_j: a history is normalised as in training, and its reconstruction is
 * brought back to items. On held-out baskets this beat leaving out either factor.
 * Dense: B = P·T with P = (S + λI)^-1, S and T the source and target matrices of gram.h; without
 * its diagonal B − P·diag(B_jj / P_jj), which for T = S is EASE's I − P·diag(1 / P_jj).
 * `most_bytes` bounds the memory: past it SOTTO_E_MEMORY, before anything is allocated. `width` is
 * of the rows; `label` names the progress lines. */
int learn_rows(struct rows *rows, const struct interactions *x, const struct learn_params *params,
               uint32_t width, uint64_t most_bytes, const char *label,
               struct sotto_error *err) MUST_CHECK;

/* The two methods, given a gram; called by learn_rows alone. */
int ease_learn(struct rows *rows, const struct gram *g, const struct learn_params *params,
               double lambda, const char *label, struct sotto_error *err) MUST_CHECK;
int sparse_learn(struct rows *rows, const struct gram *g, const struct learn_params *params,
                 double lambda, const char *label, struct sotto_error *err) MUST_CHECK;

#endif
