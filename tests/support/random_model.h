/* random_model: a model in plain memory, with valid but otherwise arbitrary arrays. */
#ifndef SOTTO_TEST_RANDOM_MODEL_H
#define SOTTO_TEST_RANDOM_MODEL_H

#include "dice.h"
#include "pack/model.h"

/* The model's arrays, to write to. */
struct random_model {
    struct model model;
    uint32_t *row_starts;
    uint16_t *columns;
    int8_t *weights;
    uint8_t *rows;
    int32_t *prior;
    uint16_t *scales, *decay, *ages, *repeat_ages, *repeat;
    int16_t *self;
    uint8_t *items, *keys;
    char *strings;
};

/* MODEL_FIXED16, one group. `is_extreme`: weights, scales, priors, decay and diagonal all at their
 * bounds. */
void random_model_make(struct random_model *r, struct dice *d, uint32_t n_items, int is_extreme);
/* Writes the same edges as MODEL_VARINT. */
void random_model_to_varint(struct random_model *r);
void random_model_free(struct random_model *r);

#endif
