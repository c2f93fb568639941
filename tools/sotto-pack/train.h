/* train: from transactions to a model pack in memory. Owns everything that was learnt. Called by
 * train_main and by tests. */
#ifndef SOTTO_PACK_TRAIN_H
#define SOTTO_PACK_TRAIN_H

#include "tools/sotto-pack/fit.h"
#include "tools/sotto-pack/model_build.h"
#include "tools/sotto-pack/tune.h"

struct train_options {
    enum goal goal;
    struct fit_options fit;
    int is_tuned;        /* chooses everything in `fit` itself, starting from it */
    uint32_t neighbours; /* 0: as many as fit into most_bytes */
    uint64_t most_bytes; /* of the pack */
    int may_measure;     /* 0 skips the held-out measurement, and its time */
};

/* The defaults for a goal. They were chosen on held-out parts of training data, never on test data;
 * is_tuned finds better ones for the data at hand. `threads` 0: one for each CPU. */
struct train_options train_defaults(enum goal goal, int threads);

struct train_result {
    struct built_model model;
    struct fit_options used; /* what was tuned or given */
    struct tune_log log;
    uint32_t items, new_items, edges, neighbours, baskets, groups, skipped_ids, cut_rows;
    int is_category, is_sparse;
    enum model_codec codec;
    double lambda, kept_share;
    double live_share;                      /* below TRAIN_LIVE_LEAST a date is probably wrong */
    struct quality widest, packed, popular; /* examples 0: not measured */
    uint32_t measured_on;                   /* training baskets used for the measurement */
};

#define TRAIN_LIVE_LEAST 0.01

/* Learns from `data`. The pack's card holds what train_result and the dataset tell. SOTTO_E_LIMIT
 * when the pack would exceed most_bytes, SOTTO_E_MEMORY before a matrix is allocated that does not
 * fit. Needs crypto_init. Release with train_free. */
int train_model(struct train_result *result, const struct dataset *data,
                const struct train_options *options, const struct pack_manifest *manifest,
                struct sotto_error *err) MUST_CHECK;
void train_free(struct train_result *result);

const char *train_goal_name(enum goal goal);

/* The bytes that the list of what was tried may take in the card. */
uint64_t train_log_bytes(const struct train_options *options);

/* The quality card as JSON in a fresh block *text of *n bytes, to be freed by the caller. */
int card_write(const struct train_result *result, const struct dataset *data,
               const struct train_options *options, const struct pack_manifest *manifest,
               char **text, size_t *n, struct sotto_error *err) MUST_CHECK;

#endif
