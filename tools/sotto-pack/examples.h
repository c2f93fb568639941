/* examples: what a model is asked on held-out data, and how well it answers. A goal says what the
 * model is for; from it follow which data are held out, what a history is and what its targets are.
 * Answers come from the device's own ranking (src/slate), in integers. Called by train and tune.
 * `sotto-pack evaluate` measures the same through the whole library. */
#ifndef SOTTO_PACK_EXAMPLES_H
#define SOTTO_PACK_EXAMPLES_H

#include "tools/sotto-pack/interactions.h"
#include "tools/sotto-pack/quantise.h"

enum goal {
    GOAL_BASKET,      /* complete a basket: its first half is the session, the rest the targets */
    GOAL_NEXT_BASKET, /* a known customer's next basket; what was bought before may come again.
                       * Customers count by the root of how often they come */
    GOAL_SESSIONS,    /* the next item of a session, at every step; items may come again */
    GOAL_RANKING      /* what else a person took: a part of each row held out at random */
};

#define EXAMPLES_TOP        20
#define EXAMPLES_BASKET_MIN 4
#define EXAMPLES_MAX        6000 /* spread evenly over what there is */

struct example_event {
    uint32_t item; /* of the dataset */
    int64_t time_s;
};

struct example {
    size_t first_event, first_target;
    uint32_t n_events, n_targets;
    int64_t now_s;
    uint32_t customer; /* of GOAL_NEXT_BASKET */
    double weight;     /* in means; 1 on average */
};

struct examples {
    enum goal goal;
    const struct dataset *data;
    uint32_t n_training; /* baskets to learn from: the first so many, but for what is held */
    uint8_t *held;       /* per entry of data->basket_items, or NULL */
    struct example *v;
    uint32_t n;
    struct example_event *events;
    uint32_t *targets;
    size_t n_events, n_targets;
};

/* Holds out a part of the dataset: the last tenth of the baskets, for GOAL_RANKING a fifth of each
 * row (by a hash of row and item, the same on every machine). SOTTO_E_LIMIT when there is nothing
 * to ask or to learn from. */
int examples_make(struct examples *e, const struct dataset *data, enum goal goal,
                  struct sotto_error *err) MUST_CHECK;
void examples_free(struct examples *e);

/* Means over examples with a target in the model; targets that are not in it do not count, so that
 * models of one catalogue compare. Recall is hits / min(20, targets), for GOAL_RANKING hits /
 * targets, as each is judged; NDCG has its ideal gain at min(20, targets), the reciprocal rank is
 * that of the first hit within 20. */
struct quality {
    double recall, ndcg, hit, reciprocal;
    uint32_t examples; /* 0: nothing could be measured */
};

/* What tuning maximises: (recall + ndcg) / 2, for sessions (hit + reciprocal) / 2. */
double quality_of(const struct quality *q, enum goal goal);

/* Asks the model all examples. `is_general`: the general slate, which looks at no history. `each`
 * (NULL: not wanted) gets what quality_of would make of every single example; 0 where it has no
 * target in the model. */
int examples_measure(const struct examples *e, const struct interactions *x,
                     const struct packed *packed, int is_general, struct quality *quality,
                     float *each, struct sotto_error *err) MUST_CHECK;

#endif
