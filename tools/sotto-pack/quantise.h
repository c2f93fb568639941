/* quantise: from learnt rows to the integers a device scores with: the strongest few neighbours in
 * int8 with a scale per row, and the tables of prior, decay, age and repeat. The result is a whole
 * struct model but for its texts, so that tuning measures exactly what will be shipped. Called by
 * train, tune and model_build. */
#ifndef SOTTO_PACK_QUANTISE_H
#define SOTTO_PACK_QUANTISE_H

#include "pack/model.h"
#include "tools/sotto-pack/groups.h"
#include "tools/sotto-pack/rows.h"

/* How learnt weights are served. Learning does not depend on it. */
struct serve_params {
    double fold;                  /* a weight towards an item in d rows counts d^fold */
    double spread;                /* an item in d rows itself speaks d^spread times as loud */
    double decay;                 /* the p-th latest item counts exp(−p / decay); 0: all alike */
    double age_half_life_days;    /* an event this old counts half; 0: all alike */
    double prior_strength;        /* of the median row's strongest weight: for the most popular */
    double prior_half_life_days;  /* of popularity; 0: of all time */
    double repeat_strength;       /* learnt weight that one event of today is worth; 0: none */
    double repeat_half_life_days; /* 0: all alike */
    double self_strength;         /* of the learnt diagonal */
    int keeps_negative;           /* 0: positive weights alone */
    int neighbours;               /* at most so many a row; 0: as many as fit */
};

/* The event weights every model gets, Q15. A select and a purchase are what the model was trained
 * on: 1. A view is half as much: looking is a weaker sign than choosing, and with less than half a
 * session of mere browsing would drown in the position decay of one purchase. */
#define QUANTISE_VIEW     (MODEL_UNIT / 2)
#define QUANTISE_SELECT   MODEL_UNIT
#define QUANTISE_PURCHASE MODEL_UNIT

/* The model unit: one step of an int8 weight in a row of scale 1.0 is MODEL_UNIT units, so the
 * strongest weight of all is at most 127 · 32768 ≈ 4.2 million units and a row 32 times weaker
 * still has a scale of 1024 steps. */
struct packed {
    struct model model;  /* over the arrays below; `items` holds groups and flags alone */
    uint32_t *item_of;   /* n_items: interactions' item at each place of the model */
    uint32_t *place_of;  /* the other way */
    uint32_t neighbours; /* at most so many edges a row: most have it, or one fewer */
    size_t edge_bytes;
    double unit;       /* what one model unit stands for in the learnt matrix */
    double kept_share; /* Σ |weight| of the edges over Σ of all that were learnt; −1: folded */
    void *owned[16];
};

struct quantise_source {
    const struct interactions *x;
    const struct rows *rows;
    const struct groups *groups;
    const double *repeat_rates; /* per group, 1 on average; NULL: all 1 */
    const uint8_t *is_new;      /* per item: MODEL_ITEM_NEW; NULL: none */
    uint32_t neighbours;        /* at most so many a row, whatever is served; 0: no bound */
    uint64_t edge_bytes;        /* the rows may take so many bytes; 0: no bound */
    /* 0: the smaller one that holds more; else that one. */
    enum model_codec codec;
};

/* For each kept weight |w − q · scale · unit| ≤ (largest of the row / 127 + unit) / 2. Items are
 * numbered by falling prior, equal ones by id. */
int quantise(struct packed *p, const struct quantise_source *source,
             const struct serve_params *serve, struct sotto_error *err) MUST_CHECK;
void quantise_free(struct packed *p);

/* Position weights exp(−d / decay) in Q15 until they vanish, at most MODEL_DECAY_MAX; decay 0: all
 * 1. Returns how many. */
uint32_t quantise_decay(uint16_t table[MODEL_DECAY_MAX], double decay);
/* 2^(−days / half_life) in Q15, at most MODEL_DAYS_MAX, the last one 0; half-life 0: a single 1. */
uint32_t quantise_ages(uint16_t table[MODEL_DAYS_MAX], double half_life_days);

#endif
