/* model_build: lays out a model pack's sections from what was learnt, and reads the result back the
 * way a device does, so that no pack leaves the builder that a device would refuse. Called by
 * train.
 */
#ifndef SOTTO_PACK_MODEL_BUILD_H
#define SOTTO_PACK_MODEL_BUILD_H

#include "tools/sotto-pack/facts_build.h"
#include "tools/sotto-pack/groups.h"
#include "tools/sotto-pack/pack_write.h"
#include "tools/sotto-pack/quantise.h"

struct model_source {
    const struct dataset *data;
    const struct interactions *x;
    const struct groups *groups;
    const struct packed *packed;
    const char *card; /* JSON */
    size_t card_n;
    const struct catalogue *catalogue; /* NULL: nothing more is known of the items */
    int has_tags;                      /* see struct facts */
};

/* A built pack, its bytes in memory, and the model in it. */
struct built_model {
    uint8_t *bytes;
    size_t n;
    struct pack pack;
    struct model model;
    struct facts_summary facts; /* items 0: there was no catalogue */
};

/* Builds and loads. Release with model_build_free. Needs crypto_init. */
int model_build(struct built_model *built, const struct pack_manifest *manifest,
                const struct model_source *source, struct sotto_error *err) MUST_CHECK;
void model_build_free(struct built_model *built);

#endif
