/* train: learns twice, on nine tenths to measure and on everything to ship. See train.h. */
#include "tools/sotto-pack/train.h"

#include <stdlib.h>

#define EDGE_BYTES 3 /* u16 column and i8 weight */
/* What alignment and the digits of the card may add to the size of a pack without edges. */
#define SIZE_SLACK 1024

struct train_options train_defaults(void) {
    struct train_options o = {
        .ease = {.alpha_user = 0.25, .alpha_item = 0.4, .lambda_factor = 12, .threads = 1},
        .decay = 5,
        .prior_strength = 0.03,
        .half_life_days = 30,
        .min_baskets = 5,
        .most_bytes = 1000000,
        .may_measure = 1,
    };
    return o;
}

/* One model learnt from the first baskets of a dataset. */
struct learner {
    const struct dataset *data;
    const struct train_options *options;
    struct interactions x;
    struct ease ease;
    struct groups groups;
    struct quantised q;
    int32_t *prior;
};

static void learner_free(struct learner *l) {
    interactions_free(&l->x);
    ease_free(&l->ease);
    groups_free(&l->groups);
    quantise_free(&l->q);
    free(l->prior);
    l->prior = NULL;
}

static int learner_learn(struct learner *l, uint32_t n_baskets, const char *label,
                         struct sotto_error *err) {
    const struct train_options *o = l->options;
    uint64_t memory = o->most_memory ? o->most_memory : ease_memory_now();
    int status = interactions_make(&l->x, l->data, n_baskets, o->min_baskets, err);
    if (status == SOTTO_OK) status = groups_make(&l->groups, &l->x, l->data, err);
    if (status == SOTTO_OK) status = ease_learn(&l->ease, &l->x, &o->ease, memory, label, err);
    if (status == SOTTO_OK && !(l->prior = calloc(l->x.n_items, sizeof *l->prior)))
        status = fail(err, SOTTO_E_MEMORY, "no memory for %u items", l->x.n_items);
    return status;
}

static int learner_build(struct learner *l, struct built_model *built,
                         const struct pack_manifest *manifest, const char *card, size_t card_n,
                         struct sotto_error *err) {
    const struct model_source source = {l->data,           &l->x, &l->groups, &l->q, l->prior,
                                        l->options->decay, card,  card_n};
    return model_build(built, manifest, &source, err);
}

/* Quantises with the edges that fit beside everything else. */
static int learner_quantise(struct learner *l, const struct pack_manifest *manifest, size_t card_n,
                            struct sotto_error *err) {
    const struct train_options *o = l->options;
    double *popularity = calloc(l->x.n_items, sizeof *popularity);
    char *blank = calloc(1, card_n + 1);
    struct built_model bare = {0};
    int status = popularity && blank
                     ? SOTTO_OK
                     : fail(err, SOTTO_E_MEMORY, "no memory for %u items", l->x.n_items);
    if (status == SOTTO_OK) {
        interactions_popularity(&l->x, o->half_life_days, popularity);
        status = quantise_rows(&l->q, &l->ease, 0, 0, err); /* without edges, to see what is left */
    }
    if (status == SOTTO_OK) status = learner_build(l, &bare, manifest, blank, card_n, err);
    if (status == SOTTO_OK) {
        uint64_t fixed = bare.n + SIZE_SLACK;
        uint64_t edges = o->most_bytes > fixed ? (o->most_bytes - fixed) / EDGE_BYTES : 0;
        quantise_free(&l->q);
        status = quantise_rows(&l->q, &l->ease, o->neighbours, edges, err);
        if (status == SOTTO_OK && l->q.neighbours == 0)
            status =
                fail(err, SOTTO_E_LIMIT,
                     "%u items without a single neighbour already take %llu of %llu bytes: raise "
                     "--max-bytes or --min-baskets",
                     l->x.n_items, (unsigned long long)fixed, (unsigned long long)o->most_bytes);
    }
    if (status == SOTTO_OK) quantise_prior(l->prior, &l->q, popularity, o->prior_strength);
    model_build_free(&bare);
    free(popularity);
    free(blank);
    return status;
}

/* Held-out quality of a model of the same make, learnt from the first nine tenths. Data too small
 * to be split are no failure: then nothing is measured. */
static int measure(struct train_result *r, const struct dataset *data,
                   const struct train_options *options, const struct pack_manifest *manifest,
                   size_t card_n, struct sotto_error *err) {
    uint32_t first = (uint32_t)((uint64_t)data->n_baskets * 9 / 10);
    struct learner l = {.data = data, .options = options};
    struct built_model built = {0};
    int status = learner_learn(&l, first, "learning from 90 %", err);
    if (status == SOTTO_E_LIMIT) {
        learner_free(&l);
        return SOTTO_OK;
    }
    if (status == SOTTO_OK) status = learner_quantise(&l, manifest, card_n, err);
    if (status == SOTTO_OK) status = learner_build(&l, &built, manifest, "{}", 2, err);
    if (status == SOTTO_OK) {
        const struct holdout h = {data, &l.x, first};
        r->measured_on = first;
        status = holdout_packed(&h, &built.model, &r->packed, err);
        if (status == SOTTO_OK) status = holdout_popular(&h, &built.model, &r->popular, err);
        if (status == SOTTO_OK) status = holdout_full(&h, &l.ease, options->decay, &r->full, err);
    }
    model_build_free(&built);
    learner_free(&l);
    return status;
}

static void note(struct train_result *r, const struct learner *l) {
    r->items = l->x.n_items;
    r->baskets = l->x.n_baskets;
    r->skipped_ids = l->x.skipped_ids;
    r->groups = l->groups.n;
    r->is_category = l->groups.is_category;
    r->lambda = l->ease.lambda;
    r->edges = l->q.n_edges;
    r->neighbours = l->q.neighbours;
    r->kept_share = l->q.kept_share;
}

int train_model(struct train_result *r, const struct dataset *data,
                const struct train_options *options, const struct pack_manifest *manifest,
                struct sotto_error *err) {
    struct learner l = {.data = data, .options = options};
    char *card = NULL;
    size_t card_n = 0;
    memset(r, 0, sizeof *r);
    /* A card of empty results tells how much room the real one takes. */
    int status = card_write(r, data, options, manifest, &card, &card_n, err);
    free(card);
    card = NULL;
    size_t card_room = card_n + 1024;
    if (status == SOTTO_OK && options->may_measure)
        status = measure(r, data, options, manifest, card_room, err);
    if (status == SOTTO_OK) status = learner_learn(&l, data->n_baskets, "learning from all", err);
    if (status == SOTTO_OK) status = learner_quantise(&l, manifest, card_room, err);
    if (status == SOTTO_OK) {
        note(r, &l);
        status = card_write(r, data, options, manifest, &card, &card_n, err);
    }
    if (status == SOTTO_OK) status = learner_build(&l, &r->model, manifest, card, card_n, err);
    if (status == SOTTO_OK && r->model.n > options->most_bytes) {
        status =
            fail(err, SOTTO_E_LIMIT,
                 "the pack would have %zu bytes, %llu are allowed: lower --neighbours (%u), raise "
                 "--min-baskets or --max-bytes",
                 r->model.n, (unsigned long long)options->most_bytes, r->neighbours);
        train_free(r);
    }
    free(card);
    learner_free(&l);
    return status;
}

void train_free(struct train_result *r) {
    model_build_free(&r->model);
    memset(r, 0, sizeof *r);
}
