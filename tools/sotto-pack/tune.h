/* tune: chooses how a model is learnt and served by what it answers on held-out training data. The
 * test data of whoever judges it later are never read. Called by train. */
#ifndef SOTTO_PACK_TUNE_H
#define SOTTO_PACK_TUNE_H

#include "tools/sotto-pack/fit.h"

/* One thing that was tried: all else as it was best until then. Of each draw the best of its eight
 * servings is told. */
struct tune_trial {
    const char *name; /* of the parameter; "start", "draw" */
    double value;
    double recall, ndcg, hit, reciprocal;
    uint32_t items; /* in the model it was tried on */
    int is_better;
};

#define TUNE_TRIALS_MAX 512

struct tune_log {
    struct tune_trial v[TUNE_TRIALS_MAX];
    uint32_t n;
    /* Of what was chosen, on the held-out data: as packed; with as many neighbours an item as were
     * kept of learning, whatever room they take; by popularity alone. */
    struct quality packed, widest, popular;
    uint32_t widest_neighbours; /* an item at most */
};

struct tune_request {
    uint64_t edge_bytes;  /* the room that rows have in the pack */
    uint32_t neighbours;  /* at most so many an item; 0: that is tuned too */
    int is_measured_only; /* nothing is changed, only the log's last lines are filled */
    /* In multiplications, 0: the usual. Above trial_work a dense learning is too dear to be a
     * trial; full_work is for dense learnings after that. */
    double trial_work, full_work;
};

/* Improves *options: a few dozen places drawn at random, always the same, then coordinate descent
 * over fixed grids from the best of them; nothing is measured twice. Where a dense learning takes
 * longer than some seconds, each trial learns by the sparse method. What it chose is then learnt in
 * full a few times with other ridges, as many as about half an hour allows, and served anew; the
 * better of both methods is chosen, unless options->method names one. Afterwards options->method
 * names the one that was tuned, so that no other is shipped. */
int tune_options(struct fit_options *options, const struct examples *examples,
                 const struct tune_request *request, struct tune_log *log,
                 struct sotto_error *err) MUST_CHECK;

#endif
