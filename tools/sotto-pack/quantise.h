/* quantise: from a dense row of floats to the strongest few neighbours in int8 with a scale per
 * row, and the other small tables of a model, all in integers. Called by train, holdout and
 * model_build. */
#ifndef SOTTO_PACK_QUANTISE_H
#define SOTTO_PACK_QUANTISE_H

#include "pack/model.h"
#include "tools/sotto-pack/ease.h"

/* The model unit: one step of an int8 weight in a row of scale 1.0 is MODEL_UNIT units, so the
 * strongest weight of all is 127 · 32768 ≈ 4.2 million units and a row 32 times weaker still has a
 * scale of 1024 steps. */
struct quantised {
    uint32_t n_items, n_edges, neighbours; /* at most so many edges a row */
    uint32_t *row_starts;                  /* n_items + 1 */
    uint16_t *columns;                     /* n_edges */
    int8_t *weights;                       /* n_edges, 1 to 127 */
    uint16_t *scales;                      /* n_items */
    double unit;       /* what weight 1 at scale 1 (of 32768) stands for in the learnt matrix */
    double kept_share; /* Σ of the kept weights over Σ of all positive weights */
};

/* Cuts every row to its `neighbours` strongest positive weights (equal ones by lower index). With
 * `neighbours` 0 it is the largest number for which at most `most_edges` edges are left. For each
 * kept weight |w − q · scale · unit| ≤ (largest of the row / 127 + unit) / 2. */
int quantise_rows(struct quantised *q, const struct ease *e, uint32_t neighbours,
                  uint64_t most_edges, struct sotto_error *err) MUST_CHECK;
void quantise_free(struct quantised *q);

/* Position weights exp(−d / decay) in Q15 until they vanish, at most MODEL_DECAY_MAX; returns how
 * many. */
uint32_t quantise_decay(uint16_t table[MODEL_DECAY_MAX], double decay);

/* A prior from log popularity, 0 for the least popular item. The most popular one gets `strength`
 * times the median over rows of the strongest weight: enough to break ties and to order the general
 * slate, too little to overrule what a person did. */
void quantise_prior(int32_t *prior, const struct quantised *q, const double *popularity,
                    double strength);

#endif
