/* evaluate: how good a pack is, asked of libsotto itself on a simulated device, never of a
 * lookalike. evaluate_main reads the command line, evaluate_cases turns data into questions,
 * evaluate_device puts them to the engine, evaluate_count keeps the figures, evaluate_print shows
 * them. */
#ifndef SOTTO_PACK_EVALUATE_H
#define SOTTO_PACK_EVALUATE_H

#include "pack/model.h"
#include "tools/common/dataset.h"
#include "tools/common/json.h"

enum protocol {
    PROTOCOL_BASKET,      /* half a basket is asked for its other half */
    PROTOCOL_NEXT_BASKET, /* a known customer's history is asked for the next basket */
    PROTOCOL_SESSIONS,    /* a session is asked for its next item, at every step */
    PROTOCOL_RANKING      /* a user's training items are asked for the test items */
};

const char *evaluate_protocol_name(enum protocol protocol);

struct evaluate_options {
    enum protocol protocol;
    const char *pack, *train, *test, *json, *plot;
    uint32_t k, min_basket;
    uint32_t min_baskets; /* items in fewer baskets of the past are outside the protocol; 0: by the
                           * format, EVALUATE_MIN_BASKETS of a table, 1 of lists */
    int repeats;
    int64_t from_s;
    int counts_unknown; /* --unknown-items miss */
    struct dataset_options data;
};

#define EVALUATE_MIN_BASKETS 5

/* ---- Questions ------------------------------------------------------------------------------ */

struct case_event {
    uint32_t item; /* of the pack's model */
    int64_t time_s;
};

/* One history and what comes after it. */
struct question {
    const struct case_event *events;
    uint32_t n_events;
    uint32_t first_new; /* events before this one were part of the question before */
    int64_t now_s;
    const uint32_t *targets; /* of the model, distinct */
    uint32_t n_targets;
    uint32_t n_missing; /* targets that belong to the protocol and that the pack lacks: missed */
};

/* The data, read and checked. */
struct cases {
    const struct evaluate_options *options;
    const struct model *model;
    struct dataset test, train;       /* train.items NULL: not given */
    uint32_t *test_item, *train_item; /* model items by dataset items, or MODEL_NONE */
    uint8_t *is_asked_for; /* per item of test: it belongs to the protocol, whatever the pack has */
    uint32_t min_baskets;
    uint32_t
        *popularity; /* per model item: how often baskets or users of what comes before had it */
    uint64_t too_short, strangers, unknown;    /* cases left out; items nobody had seen */
    uint64_t dropped_targets, missing_targets; /* outside the protocol; the pack lacks them */
    uint64_t repeated_targets; /* taken before, where items may not come again: not asked for */
    uint64_t past;             /* sum of `popularity`; 0: nothing came before */
    uint32_t *taken, persons;  /* per item of test: the last person seen to take it */
    struct case_event *events;
    uint32_t *targets, *stamp;
    uint32_t cap_events, cap_targets, stamped;
};

int cases_open(struct cases *c, const struct evaluate_options *options, const struct model *model,
               struct sotto_error *err) MUST_CHECK;
void cases_close(struct cases *c);
/* How many baskets, sessions or users will be gone through. */
uint64_t cases_total(const struct cases *c);
/* Calls ask(ctx, question) for each; stops when it returns other than SOTTO_OK. `step`(ctx) after
 * each basket, session or user. */
int cases_each(struct cases *c, int (*ask)(void *ctx, const struct question *q), void *ctx,
               void (*step)(void *ctx), struct sotto_error *err) MUST_CHECK;

/* ---- The device ----------------------------------------------------------------------------- */

struct answer {
    uint32_t items[SOTTO_SLATE_ITEMS_MAX]; /* of the model */
    int32_t scores[SOTTO_SLATE_ITEMS_MAX];
    uint32_t n;
    int is_personal; /* 0: a general slate, since nothing of the history is in the pack */
    double us;       /* request to opened slate */
};

struct device; /* a simulated kiosk that keeps nothing */

/* Signs a copy of the pack and a policy that allows everything with a throw-away key, in a folder
 * of its own that device_close removes. */
struct device *device_open(const uint8_t *pack, size_t n, struct sotto_error *err);
void device_close(struct device *d);
/* Events are recorded when they happened (first_new > 0 goes on in the same session), then a slate
 * of SOTTO_SLATE_ITEMS_MAX is requested, its banner shown, and opened. */
int device_ask(struct device *d, const struct model *model, const struct question *q, int repeats,
               struct answer *answer, struct sotto_error *err) MUST_CHECK;
/* The general slate. */
int device_general(struct device *d, const struct model *model, struct answer *answer,
                   struct sotto_error *err) MUST_CHECK;

/* ---- Figures -------------------------------------------------------------------------------- */

enum { MEASURE_RECALL, MEASURE_NDCG, MEASURE_HIT, MEASURE_MRR, MEASURES };

struct tally {
    const char *name;
    uint64_t n;
    double sum[MEASURES], square[MEASURES];
    uint32_t *shown; /* per model item: in how many top k; NULL: not counted */
    double shown_popularity;
    uint64_t shown_total;
};

/* Counts a ranking. Ties are pessimistic: among items of equal score targets come last, and a
 * target that ties with the last of a full list of `most` is a miss, because more may tie behind.
 * Recall is hits / min(k, targets), for PROTOCOL_RANKING hits / targets; NDCG has its ideal gain at
 * min(k, targets); MRR is 1 / rank of the first hit within k. Targets the pack lacks count. */
void tally_add(struct tally *t, const struct question *q, const uint32_t *items,
               const int32_t *scores, uint32_t n, uint32_t most, uint32_t k,
               enum protocol protocol);
double tally_mean(const struct tally *t, int measure);
/* Half of the 95 % normal interval of the mean. */
double tally_margin(const struct tally *t, int measure);
/* Of v[0 … n), sorted on the way: 0 when all are equal, near 1 when one has everything. */
double gini_of(uint32_t *v, uint32_t n);

enum { TALLY_OURS, TALLY_GENERAL, TALLY_POPULAR, TALLY_PERSONAL, TALLIES };

struct evaluation {
    const struct evaluate_options *options;
    const struct cases *cases;
    const struct model *model;
    size_t pack_bytes;
    struct tally tallies[TALLIES]; /* of those with n > 0 */
    double history_popularity;     /* sum of the popularity of each history's items */
    uint64_t history_events, long_histories, not_personal;
    char last_day[11]; /* of the data the pack learnt from, as its card tells; "" unknown */
    int is_seen;       /* the first question is of that day or before */
    double *times_us;
    size_t n_times, cap_times;
    double median_us, p99_us, coverage, gini, mean_popularity, lift;
    double lorenz[101]; /* share of the exposure that the least shown i % of the catalogue get */
};

void evaluation_print(const struct evaluation *e);
int evaluation_json(const struct evaluation *e, const char *path,
                    struct sotto_error *err) MUST_CHECK;
/* A picture of its own (SVG): bars of the measures, the Lorenz curve of exposure. */
int evaluation_plot(const struct evaluation *e, const char *path,
                    struct sotto_error *err) MUST_CHECK;

#endif
