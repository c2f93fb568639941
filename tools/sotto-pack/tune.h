/* tune: chooses how a model is learnt and served by what it answers on held-out training data. The
 * test data of whoever judges it later are never read. Called by train. */
#ifndef SOTTO_PACK_TUNE_H
#define SOTTO_PACK_TUNE_H

#include "tools/sotto-pack/fit.h"

/* One thing that was tried: all else as it was best until then. */
struct tune_trial {
    const char *name; /* of the parameter; "start" */
    double value;
    double recall, ndcg, hit, reciprocal;
    uint32_t items; /* in the model it was tried on */
    int is_better;
};

#define TUNE_TRIALS_MAX 512

struct tune_log {
    struct tune_trial v[TUNE_TRIALS_MAX];
    uint32_t n;
    struct quality packed, full, popular; /* of what was chosen, on the held-out data */
};

/* Improves *options: a few dozen places drawn at random, always the same, then coordinate descent
 * over fixed grids from the best of them. Where there are more than TUNE_ITEMS items, each trial
 * learns by the sparse method, whose best parameters are about those of the dense one at a
 * hundredth of its time; what it chose is then learnt in full and served anew. `edge_bytes`: the
 * room that rows have in the pack. With `is_measured_only` nothing is changed and only the log's
 * last three are filled. */
int tune_options(struct fit_options *options, const struct examples *examples, uint64_t edge_bytes,
                 uint32_t neighbours, int is_measured_only, struct tune_log *log,
                 struct sotto_error *err) MUST_CHECK;

#define TUNE_ITEMS 6000

#endif
