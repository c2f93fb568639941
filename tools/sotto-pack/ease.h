/* ease: an item-to-item matrix learnt in closed form (EASE, Steck, WWW 2019, "Embarrassingly
 * Shallow Autoencoders for Sparse Data"), on degree-normalised baskets. Single precision, one dense
 * square matrix, LAPACK's Cholesky. Called by train and holdout. */
#ifndef SOTTO_PACK_EASE_H
#define SOTTO_PACK_EASE_H

#include "tools/sotto-pack/interactions.h"

struct ease_params {
    double alpha_user;    /* a basket of d items counts d^-alpha_user */
    double alpha_item;    /* an item in d baskets counts d^-alpha_item */
    double lambda_factor; /* ridge, in units of the Gram matrix's mean diagonal */
    int threads;          /* of the linear algebra; another number may change the last bits */
};

struct ease {
    uint32_t n;
    float *inverse; /* n × n, symmetric: (G + lambda I)^-1 */
    double *fold;   /* n: degree^alpha_item */
    double *gain;   /* n: −fold / diagonal of the inverse */
    double lambda;
};

/* Bytes that learning `n` items needs at its peak. */
uint64_t ease_bytes(uint32_t n);
/* Bytes that this machine can give now without swapping; UINT64_MAX when it does not tell. */
uint64_t ease_memory_now(void);

/* Learns from all baskets of x. `most_bytes` bounds the memory: past it SOTTO_E_MEMORY, before
 * anything is allocated. `label` names the progress line. Release with ease_free. */
int ease_learn(struct ease *e, const struct interactions *x, const struct ease_params *params,
               uint64_t most_bytes, const char *label, struct sotto_error *err) MUST_CHECK;
void ease_free(struct ease *e);

/* What one unit of item `source` in a history adds to the score of each item, n floats; 0 for
 * itself. In terms of B = I − P diag(1 / diag P), learnt on Y = D_u^-a X D_i^-b, this is d_i^-b ·
 * B[i][j] · d_j^b: a history is normalised as in training, and its reconstruction is brought back
 * to baskets. On held-out training baskets this beat leaving out either factor. */
void ease_row(const struct ease *e, uint32_t source, float *row);

#endif
