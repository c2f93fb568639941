/* model_build: lays out a model pack's sections from what was learnt, and reads the result back the
 * way a device does, so that no pack leaves the builder that a device would refuse. Called by train
 * and holdout. */
#ifndef SOTTO_PACK_MODEL_BUILD_H
#define SOTTO_PACK_MODEL_BUILD_H

#include "tools/sotto-pack/groups.h"
#include "tools/sotto-pack/pack_write.h"
#include "tools/sotto-pack/quantise.h"

struct model_source {
    const struct dataset *data;
    const struct interactions *x;
    const struct groups *groups;
    const struct quantised *q;
    const int32_t *prior; /* n_items */
    double decay;         /* positions; see quantise_decay */
    const char *card;     /* JSON */
    size_t card_n;
};

/* The event weights every model gets, Q15. A select and a purchase are what the model was trained
 * on: 1. A view is half as much: looking is a weaker sign than choosing, and with less than half a
 * session of mere browsing would drown in the position decay of one purchase. */
#define MODEL_BUILD_VIEW     (MODEL_UNIT / 2)
#define MODEL_BUILD_SELECT   MODEL_UNIT
#define MODEL_BUILD_PURCHASE MODEL_UNIT

/* A built pack, its bytes in memory, and the model in it. */
struct built_model {
    uint8_t *bytes;
    size_t n;
    struct pack pack;
    struct model model;
};

/* Builds and loads. Release with model_build_free. Needs crypto_init. */
int model_build(struct built_model *built, const struct pack_manifest *manifest,
                const struct model_source *source, struct sotto_error *err) MUST_CHECK;
void model_build_free(struct built_model *built);

#endif
