/* train: from transactions to a model pack in memory. Owns everything that was learnt. Called by
 * train_main and by tests. */
#ifndef SOTTO_PACK_TRAIN_H
#define SOTTO_PACK_TRAIN_H

#include "tools/sotto-pack/holdout.h"

struct train_options {
    struct ease_params ease;
    double decay;          /* positions */
    double prior_strength; /* see quantise_prior */
    double half_life_days; /* of popularity */
    uint32_t min_baskets;
    uint32_t neighbours;  /* 0: as many as fit into most_bytes */
    uint64_t most_bytes;  /* of the pack */
    uint64_t most_memory; /* bytes; 0: what the machine has free */
    int may_measure;      /* 0 skips the held-out measurement, and its time */
};

/* The defaults. Exponents, ridge, decay, half-life and prior were chosen on the last tenth of the
 * training baskets of a public retail data set, never on test data. */
struct train_options train_defaults(void);

struct train_result {
    struct built_model model;
    uint32_t items, edges, neighbours, baskets, groups, skipped_ids;
    int is_category;
    double lambda, kept_share;
    struct holdout_quality full, packed, popular; /* baskets 0: not measured */
    uint32_t measured_on;                         /* training baskets used for the measurement */
};

/* Learns from `data`. The pack's card holds what train_result and the dataset tell. SOTTO_E_LIMIT
 * when the pack would exceed most_bytes, SOTTO_E_MEMORY before a matrix is allocated that does not
 * fit. Needs crypto_init. Release with train_free. */
int train_model(struct train_result *result, const struct dataset *data,
                const struct train_options *options, const struct pack_manifest *manifest,
                struct sotto_error *err) MUST_CHECK;
void train_free(struct train_result *result);

/* The quality card as JSON in a fresh block *text of *n bytes, to be freed by the caller. */
int card_write(const struct train_result *result, const struct dataset *data,
               const struct train_options *options, const struct pack_manifest *manifest,
               char **text, size_t *n, struct sotto_error *err) MUST_CHECK;

#endif
