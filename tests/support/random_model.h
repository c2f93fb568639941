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
    uint8_t *sets; /* after random_model_facts */
    uint16_t *set_of;
    uint32_t *tags;
    uint8_t *groups;
};

/* MODEL_FIXED16, one group. `is_extreme`: weights, scales, priors, decay and diagonal all at their
 * bounds. */
void random_model_make(struct random_model *r, struct dice *d, uint32_t n_items, int is_extreme);
/* Writes the same edges as MODEL_VARINT. */
void random_model_to_varint(struct random_model *r);
/* Gives the items facts and groups: `groups` groups "group-0" …, about a third paid for by one of
 * "payer-0" to "payer-2", a quarter picked by staff, a few for adults, for a least age or of
 * sensitive kinds, providers "provider-0" to "provider-3", tags "tag=0" to "tag=4". */
void random_model_facts(struct random_model *r, struct dice *d, uint32_t groups);
void random_model_free(struct random_model *r);

#endif
