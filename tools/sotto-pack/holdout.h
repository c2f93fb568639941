/* holdout: how well a model completes baskets it has not seen. The session protocol: of a basket of
 * at least 4 known items the first half is the session, weighted by position, the rest the targets;
 * the session's items are not recommended. Means of Recall@20 (hits / min(20, targets)), NDCG@20
 * and at least one hit. Called by train; the packed model is scored by the device's own kernel
 * (src/score). */
#ifndef SOTTO_PACK_HOLDOUT_H
#define SOTTO_PACK_HOLDOUT_H

#include "tools/sotto-pack/ease.h"
#include "tools/sotto-pack/model_build.h"

#define HOLDOUT_TOP        20
#define HOLDOUT_BASKET_MIN 4

struct holdout_quality {
    double recall, ndcg, hit; /* means */
    uint32_t baskets;         /* over so many; 0: nothing could be measured */
};

struct holdout {
    const struct dataset *data;
    const struct interactions *x; /* of the training part */
    uint32_t first;               /* dataset baskets from here on are held out */
};

/* The packed model, in integers, as a device would score it after select events. */
int holdout_packed(const struct holdout *h, const struct model *model,
                   struct holdout_quality *quality, struct sotto_error *err) MUST_CHECK;
/* The learnt matrix in full, floating point, no prior. */
int holdout_full(const struct holdout *h, const struct ease *ease, double decay,
                 struct holdout_quality *quality, struct sotto_error *err) MUST_CHECK;
/* The prior alone: the general slate. */
int holdout_popular(const struct holdout *h, const struct model *model,
                    struct holdout_quality *quality, struct sotto_error *err) MUST_CHECK;

#endif
