/* tune: coordinate descent over grids. See tune.h. */
#include "tools/sotto-pack/tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/common/cli.h"

#define STEPS_EXPECTED 200 /* for the progress line */
/* A gain below this over the root of the number of examples is noise (a quarter of the standard
 * error of a figure that varies by 0.2): what is simpler stays. */
#define GAIN_MIN   0.05
#define EDGE_BYTES 3 /* a rough edge, while rows are not yet numbered as they will be */
#define ROUNDS     3
#define STEPS_OVER 2
#define DRAWS      32 /* ways of learning drawn at random before the descent, half where quick, */
#define SERVINGS   8  /* each served in so many ways */
#define PLACES     3  /* the best of them that are descended from; one where quick */

enum goals {
    BASKET = 1,
    NEXT = 2,
    SESSIONS = 4,
    RANKING = 8,
    ALL = 15,
    ORDERED = BASKET | SESSIONS
};

/* A parameter and the values it may take, in the order in which neighbours are tried. The first
 * value is the simplest. */
struct dimension {
    const char *name;
    size_t at; /* of a double or an int in struct fit_options */
    int is_int, is_learnt;
    unsigned goals;
    int n;
    double grid[14];
};

#define AT(field) offsetof(struct fit_options, field)

static const struct dimension dimensions[] = {
    {"by_customer", AT(by_customer), 1, 1, NEXT, 2, {0, 1}},
    {"alpha_item",
     AT(learn.gram.alpha_item),
     0,
     1,
     ALL,
     10,
     {0, .1, .2, .3, .4, .5, .6, .7, .8, .9}},
    {"lambda_factor",
     AT(learn.lambda_factor),
     0,
     1,
     ALL,
     13,
     {.1, .25, .5, 1, 2, 4, 8, 12, 24, 48, 96, 192, 384}},
    {"alpha_user", AT(learn.gram.alpha_user), 0, 1, ALL, 8, {0, .125, .25, .375, .5, .625, .75, 1}},
    {"mix", AT(learn.gram.mix), 0, 1, ORDERED, 6, {1, .8, .5, .25, .1, .03}},
    {"window", AT(learn.gram.window), 0, 1, ORDERED, 6, {1, 2, 4, 8, 16, 32}},
    {"row_half_life_days",
     AT(learn.gram.half_life_days),
     0,
     1,
     BASKET | NEXT | SESSIONS,
     6,
     {0, 720, 360, 180, 90, 45}},
    {"fold", AT(serve.fold), 0, 0, ALL, 9, {-.4, -.3, -.2, -.1, 0, .1, .2, .3, .4}},
    {"keeps_negative", AT(serve.keeps_negative), 1, 0, ALL, 2, {0, 1}},
    {"decay", AT(serve.decay), 0, 0, ORDERED, 12, {0, 40, 25, 15, 10, 7, 5, 4, 3, 2, 1.5, 1}},
    {"age_half_life_days",
     AT(serve.age_half_life_days),
     0,
     0,
     NEXT,
     8,
     {0, 360, 240, 120, 60, 30, 14, 7}},
    {"prior_strength",
     AT(serve.prior_strength),
     0,
     0,
     ALL,
     11,
     {0, .01, .03, .06, .12, .25, .5, 1, 2, 4, 8}},
    {"prior_half_life_days",
     AT(serve.prior_half_life_days),
     0,
     0,
     BASKET | NEXT | SESSIONS,
     9,
     {0, 240, 120, 60, 30, 14, 7, 3, 1.5}},
    {"repeat_strength",
     AT(serve.repeat_strength),
     0,
     0,
     NEXT | SESSIONS,
     13,
     {0, .01, .02, .05, .1, .2, .4, .8, 1.5, 3, 6, 12, 24}},
    {"repeat_half_life_days",
     AT(serve.repeat_half_life_days),
     0,
     0,
     NEXT,
     8,
     {0, 360, 240, 120, 60, 30, 14, 7}},
    {"self_strength", AT(serve.self_strength), 0, 0, SESSIONS, 6, {0, .25, .5, 1, 2, 4}},
};

struct tuner {
    const struct examples *examples;
    struct tune_log *log;
    uint64_t edge_bytes;
    uint32_t neighbours;
    struct fit_options best;
    double best_value;
    struct fit fit; /* learnt with `best` */
    int has_fit, is_exact;
    int is_quick; /* learns by the sparse method, whatever `best` says */
    struct cli_progress progress;
    uint32_t done;
    struct sotto_error *err;
};

static double get(const struct fit_options *o, const struct dimension *d) {
    const char *p = (const char *)o + d->at;
    double v;
    if (d->is_int) {
        int i;
        memcpy(&i, p, sizeof i);
        return i;
    }
    memcpy(&v, p, sizeof v);
    return v;
}

static void set(struct fit_options *o, const struct dimension *d, double v) {
    char *p = (char *)o + d->at;
    int i = (int)v;
    if (d->is_int)
        memcpy(p, &i, sizeof i);
    else
        memcpy(p, &v, sizeof v);
}

/* How many items the held-out training data have. */
static int count_items(struct tuner *t, uint32_t *n) {
    struct interactions x;
    const struct interactions_options of = {.n_baskets = t->examples->n_training,
                                            .min_baskets = t->best.min_baskets,
                                            .held = t->examples->held};
    int status = interactions_make(&x, t->examples->data, &of, t->err);
    *n = x.n_items;
    interactions_free(&x);
    return status;
}

static int learn(struct tuner *t, struct fit *f, const struct fit_options *o, const char *label) {
    const struct examples *e = t->examples;
    struct fit_options way = *o;
    if (t->is_quick) way.method = METHOD_SPARSE;
    return fit_learn(f, e->data, e->n_training, e->held, &way, label, t->err);
}

static int measure(struct tuner *t, const struct fit *f, const struct fit_options *o,
                   struct quality *q) {
    struct packed packed;
    int status = fit_serve(f, &packed, &o->serve, t->neighbours, t->edge_bytes,
                           t->is_exact ? (enum model_codec)0 : MODEL_FIXED16, t->err);
    if (status != SOTTO_OK) return status;
    status = examples_measure(t->examples, &f->x, &packed, 0, q, t->err);
    quantise_free(&packed);
    return status;
}

static void note(struct tuner *t, const char *name, double value, const struct quality *q,
                 uint32_t items, int is_better) {
    if (t->log->n == TUNE_TRIALS_MAX) return;
    t->log->v[t->log->n++] = (struct tune_trial){name,   value,         q->recall, q->ndcg,
                                                 q->hit, q->reciprocal, items,     is_better};
}

/* Tries one value; keeps it if it is better by more than noise. */
static int try_value(struct tuner *t, const struct dimension *d, double value, int *is_better) {
    struct fit_options o = t->best;
    struct fit fit;
    struct quality q;
    int status = SOTTO_OK;
    set(&o, d, value);
    if (d->is_learnt) status = learn(t, &fit, &o, NULL);
    *is_better = 0;
    /* A ridge too weak for the numbers is a value like any other, and a bad one. */
    if (status == SOTTO_E_ARGUMENT) return SOTTO_OK;
    if (status != SOTTO_OK) return status;
    const struct fit *f = d->is_learnt ? &fit : &t->fit;
    status = measure(t, f, &o, &q);
    if (status == SOTTO_OK) {
        double v = quality_of(&q, t->examples->goal);
        *is_better = v > t->best_value + GAIN_MIN / sqrt(q.examples + 1.0);
        note(t, d->name, value, &q, f->x.n_items, *is_better);
        if (*is_better) {
            t->best = o;
            t->best_value = v;
        }
    }
    if (d->is_learnt && status == SOTTO_OK && *is_better) {
        fit_free(&t->fit);
        t->fit = fit;
    } else if (d->is_learnt) {
        fit_free(&fit);
    }
    cli_progress_to(&t->progress, ++t->done);
    return status;
}

static int nearest(const struct dimension *d, double value) {
    int best = 0;
    for (int i = 1; i < d->n; i++)
        if (fabs(d->grid[i] - value) < fabs(d->grid[best] - value)) best = i;
    return best;
}

/* Walks uphill from where it stands, one way, and if that did not help, the other. A value that is
 * no better is stepped over once: grids are fine, and what they measure is a little rough. */
static int climb(struct tuner *t, const struct dimension *d, int *has_moved) {
    for (int way = 1; way >= -1; way -= 2) {
        int at = nearest(d, get(&t->best, d)), misses = 0, has_gone = 0;
        while (misses < STEPS_OVER && at + way >= 0 && at + way < d->n) {
            int is_better;
            at += way;
            int status = try_value(t, d, d->grid[at], &is_better);
            if (status != SOTTO_OK) return status;
            misses = is_better ? 0 : misses + 1;
            has_gone |= is_better;
        }
        *has_moved |= has_gone;
        if (has_gone) return SOTTO_OK;
    }
    return SOTTO_OK;
}

static int is_for(const struct dimension *d, const struct tuner *t) {
    if (!(d->goals >> t->examples->goal & 1)) return 0;
    /* Nothing has an age where the data have no times, nor a customer where they name none. */
    const struct dataset *data = t->examples->data;
    if (data->format == DATASET_LISTS && strstr(d->name, "half_life")) return 0;
    if (d->at == AT(by_customer) && data->n_customers == 0) return 0;
    if (d->at == AT(learn.gram.window) && t->best.learn.gram.mix >= 1) return 0;
    if (d->at == AT(serve.repeat_half_life_days) && t->best.serve.repeat_strength <= 0) return 0;
    return 1;
}

/* Learns with what is best so far and measures it. */
static int start(struct tuner *t, const char *label) {
    struct quality q;
    if (t->has_fit) fit_free(&t->fit);
    t->has_fit = 0;
    int status = learn(t, &t->fit, &t->best, label);
    if (status != SOTTO_OK) return status;
    t->has_fit = 1;
    status = measure(t, &t->fit, &t->best, &q);
    if (status != SOTTO_OK) return status;
    t->best_value = quality_of(&q, t->examples->goal);
    note(t, "start", 0, &q, t->fit.x.n_items, 1);
    return SOTTO_OK;
}

/* `learnt`: also what needs learning anew. */
static int descend(struct tuner *t, int learnt) {
    int has_moved = 1, status = SOTTO_OK;
    for (int round = 0; round < ROUNDS && has_moved; round++) {
        has_moved = 0;
        for (size_t k = 0; k < ARRAY_LEN(dimensions) && status == SOTTO_OK; k++)
            if ((learnt || !dimensions[k].is_learnt) && is_for(&dimensions[k], t))
                status = climb(t, &dimensions[k], &has_moved);
    }
    return status;
}

/* SplitMix64 (Steele, Lea & Flood 2014). */
static uint64_t draw(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Redraws about half of the learnt (or else the served) parameters. */
static void shake(struct tuner *t, struct fit_options *o, int learnt, uint64_t *state) {
    for (size_t k = 0; k < ARRAY_LEN(dimensions); k++) {
        const struct dimension *d = &dimensions[k];
        uint64_t r = draw(state);
        if (d->is_learnt == learnt && is_for(d, t) && r & 1)
            set(o, d, d->grid[(r >> 1) % (uint64_t)d->n]);
    }
}

struct place {
    struct fit_options options;
    double value;
};

/* The best places, best first. */
static void remember(struct place places[PLACES], const struct fit_options *o, double value) {
    int at = PLACES;
    while (at > 0 && places[at - 1].value < value) at--;
    if (at == PLACES) return;
    memmove(places + at + 1, places + at, (size_t)(PLACES - 1 - at) * sizeof *places);
    places[at] = (struct place){*o, value};
}

/* Parameters help each other: a descent from one place alone ends where no single step helps. So
 * there are several, the best of many, drawn always the same. */
static int explore(struct tuner *t, struct place places[PLACES]) {
    uint64_t state = 1;
    int draws = t->is_quick ? DRAWS / 2 : DRAWS;
    for (int i = 0; i < draws; i++) {
        struct fit_options o = t->best, best_here = o;
        struct fit fit;
        struct quality q;
        double best_value = -1;
        shake(t, &o, 1, &state);
        int status = learn(t, &fit, &o, NULL);
        if (status == SOTTO_E_ARGUMENT) continue; /* too weak a ridge */
        if (status != SOTTO_OK) return status;
        for (int s = 0; s < SERVINGS && status == SOTTO_OK; s++) {
            struct fit_options way = o;
            if (s > 0) shake(t, &way, 0, &state);
            status = measure(t, &fit, &way, &q);
            double v = quality_of(&q, t->examples->goal);
            if (status != SOTTO_OK || v <= best_value) continue;
            best_value = v;
            best_here = way;
        }
        fit_free(&fit);
        if (status != SOTTO_OK) return status;
        remember(places, &best_here, best_value);
        cli_progress_to(&t->progress, ++t->done);
    }
    return SOTTO_OK;
}

/* Descends from the start and from the best places there are, and keeps the best end. */
static int search(struct tuner *t) {
    struct place places[PLACES], end;
    for (int i = 0; i < PLACES; i++) places[i].value = -1;
    int status = start(t, NULL);
    if (status != SOTTO_OK) return status;
    remember(places, &t->best, t->best_value);
    status = explore(t, places);
    end.value = -1;
    for (int i = 0; i < (t->is_quick ? 1 : PLACES) && status == SOTTO_OK; i++) {
        if (places[i].value < 0) break;
        t->best = places[i].options;
        status = start(t, NULL);
        if (status == SOTTO_OK) status = descend(t, 1);
        if (status == SOTTO_OK && t->best_value > end.value)
            end = (struct place){t->best, t->best_value};
    }
    if (status != SOTTO_OK) return status;
    t->best = end.options;
    return t->is_quick ? SOTTO_OK : start(t, NULL);
}

/* What was chosen, exactly as it will be packed; the same without any bound of size; popularity. */
static int conclude(struct tuner *t) {
    const struct serve_params *serve = &t->best.serve;
    struct packed packed;
    int status = fit_serve(&t->fit, &packed, serve, t->neighbours, t->edge_bytes, 0, t->err);
    if (status != SOTTO_OK) return status;
    status = examples_measure(t->examples, &t->fit.x, &packed, 0, &t->log->packed, t->err);
    if (status == SOTTO_OK)
        status = examples_measure(t->examples, &t->fit.x, &packed, 1, &t->log->popular, t->err);
    quantise_free(&packed);
    if (status == SOTTO_OK) status = fit_serve(&t->fit, &packed, serve, 0, 0, MODEL_VARINT, t->err);
    if (status != SOTTO_OK) return status;
    status = examples_measure(t->examples, &t->fit.x, &packed, 0, &t->log->full, t->err);
    quantise_free(&packed);
    return status;
}

int tune_options(struct fit_options *options, const struct examples *examples, uint64_t edge_bytes,
                 uint32_t neighbours, int is_measured_only, struct tune_log *log,
                 struct sotto_error *err) {
    struct tuner t = {.examples = examples,
                      .log = log,
                      .edge_bytes = edge_bytes ? edge_bytes : 1,
                      .neighbours = neighbours,
                      .best = *options,
                      .err = err};
    uint32_t items = 0;
    int status = SOTTO_OK;
    if (!is_measured_only) {
        cli_progress_begin(&t.progress, "tuning", STEPS_EXPECTED);
        status = count_items(&t, &items);
        t.is_quick = items > TUNE_ITEMS;
        if (status == SOTTO_OK) status = search(&t);
        cli_progress_end(&t.progress);
    }
    /* What the quick method chose is learnt in full, and served anew. */
    int was_full = t.has_fit && !t.is_quick;
    t.is_quick = 0;
    t.is_exact = 1;
    if (status == SOTTO_OK && !was_full) status = start(&t, "learning to measure");
    if (status == SOTTO_OK && !was_full && !is_measured_only) {
        cli_progress_begin(&t.progress, "tuning", t.done + STEPS_EXPECTED / 3);
        status = descend(&t, 0);
        cli_progress_end(&t.progress);
    }
    if (status == SOTTO_OK) status = conclude(&t);
    if (t.has_fit) fit_free(&t.fit);
    if (status == SOTTO_OK) *options = t.best;
    return status;
}
