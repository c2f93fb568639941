/* random_model: a model in plain memory, with valid but otherwise arbitrary arrays. */
#ifndef SOTTO_TEST_RANDOM_MODEL_H
#define SOTTO_TEST_RANDOM_MODEL_H

#include "dice.h"
#include "pack/model.h"

struct random_model {
    struct model model;
    void *owned[9];
};

/* `is_extreme`: weights, scales, priors and decay all at their bounds. */
void random_model_make(struct random_model *r, struct dice *d, uint32_t n_items, int is_extreme);
void random_model_free(struct random_model *r);

#endif
