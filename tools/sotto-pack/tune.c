/* tune: many places drawn at random, coordinate descent from the best. See tune.h. */
#include "tools/sotto-pack/tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/common/cli.h"
#include "tools/sotto-pack/tune_grid.h"

#define STEPS_EXPECTED 120 /* for the progress line */
/* A gain counts from so many standard errors of the mean difference, example by example: less is
 * often a coin's toss, which later data do not repeat. */
#define GAIN_MIN   1.0
#define ROUNDS     3
#define STEPS_OVER 2
#define DRAWS      32 /* ways of learning drawn at random before the descent, half where quick, */
#define SERVINGS   8  /* each served in so many ways */
#define PLACES     3  /* the best of them that are descended from; one where quick */

/* What a dense learning costs: n³ multiplications, three times as many where order matters (two
 * products more). Up to WORK_TRIAL it is the search's own method; after a quick search there are as
 * many as WORK_FULL allows, from FULL_MIN to FULL_MAX. 4.1e4³ are about 7e13, a quarter of an hour
 * of one core. */
#define WORK_TRIAL 2.2e11
#define WORK_FULL  3e14
#define FULL_MIN   2
#define FULL_MAX   24

struct tuner {
    const struct examples *examples;
    struct tune_log *log;
    struct tune_request request;
    struct fit_options best;
    double best_value;
    uint32_t best_neighbours;       /* an item, as served with `best` */
    float *best_each;               /* what each example came to */
    float *trial_each, *other_each; /* room for what is tried */
    struct fit fit;                 /* learnt with `best` */
    int has_fit;
    int is_quick;    /* learns by the sparse method, whatever `best` says */
    int learns_left; /* −1: no bound; else each takes minutes and shows its own progress */
    int learns_most;
    struct tune_memo memo;
    struct cli_progress progress;
    uint32_t done;
    struct sotto_error *err;
};

static int matters(const struct tuner *t, const struct dimension *d) {
    if (d->at == offsetof(struct fit_options, serve.neighbours) && t->request.neighbours) return 0;
    return tune_matters(d, &t->best, t->is_quick, t->examples);
}

static double work(uint32_t items, int is_ordered) { return pow(items, 3) * (is_ordered ? 3 : 1); }

/* The method that trials learn by: it must not change with the memory that is free at the moment.
 */
static int choose_method(struct tuner *t) {
    struct interactions x;
    const struct interactions_options of = {.n_baskets = t->examples->n_training,
                                            .min_baskets = t->best.min_baskets,
                                            .by_customer = t->best.by_customer,
                                            .held = t->examples->held};
    int status = interactions_make(&x, t->examples->data, &of, t->err);
    if (status != SOTTO_OK) return status;
    int is_ordered = t->examples->goal == GOAL_SESSIONS;
    t->is_quick =
        fit_is_sparse(&x, &t->best) || work(x.n_items, is_ordered) > t->request.trial_work;
    if (!t->is_quick) t->best.method = METHOD_DENSE;
    interactions_free(&x);
    return SOTTO_OK;
}

static int learn(struct tuner *t, struct fit *f, const struct fit_options *o, const char *label) {
    const struct examples *e = t->examples;
    struct fit_options way = *o;
    char counted[64];
    if (t->learns_left >= 0) {
        snprintf(counted, sizeof counted, "learning in full, %d of at most %d",
                 t->learns_most - t->learns_left + 1, t->learns_most);
        label = counted;
    }
    if (t->is_quick) way.method = METHOD_SPARSE;
    return fit_learn(f, e->data, e->n_training, e->held, &way, label, t->err);
}

/* A served model, and what it is worth. */
struct result {
    struct fit_options options;
    struct quality quality;
    double value;
    uint32_t neighbours;
    float *each; /* examples; one of the tuner's three */
};

/* Exactly as it would be packed. */
static int measure(struct tuner *t, const struct fit *f, const struct fit_options *o,
                   struct result *r) {
    struct packed packed;
    int status =
        fit_serve(f, &packed, &o->serve, t->request.neighbours, t->request.edge_bytes, 0, t->err);
    if (status != SOTTO_OK) return status;
    r->options = *o;
    r->neighbours = packed.neighbours;
    status = examples_measure(t->examples, &f->x, &packed, 0, &r->quality, r->each, t->err);
    r->value = quality_of(&r->quality, t->examples->goal);
    quantise_free(&packed);
    if (status == SOTTO_OK && tune_remember(&t->memo, o, t->is_quick, t->examples, r->value) != 0)
        status = fail(t->err, SOTTO_E_MEMORY, "no memory for what was tried");
    return status;
}

static void note(struct tuner *t, const char *name, double value, const struct result *r,
                 uint32_t items, int is_better) {
    const struct quality *q = &r->quality;
    if (t->log->n == TUNE_TRIALS_MAX) return;
    t->log->v[t->log->n++] = (struct tune_trial){name,   value,         q->recall, q->ndcg,
                                                 q->hit, q->reciprocal, items,     is_better};
}

/* Better than what is best by more than noise. */
static int is_gain(const struct tuner *t, const struct result *r) {
    double sum = 0, squares = 0, n = t->examples->n;
    for (uint32_t i = 0; i < t->examples->n; i++) {
        double gain = (double)r->each[i] - (double)t->best_each[i];
        sum += gain;
        squares += gain * gain;
    }
    return sum > 0 && sum > GAIN_MIN * sqrt(fmax(squares - sum * sum / n, 0));
}

static void keep(struct tuner *t, const struct result *r) {
    float *was = t->best_each;
    t->best = r->options;
    t->best_value = r->value;
    t->best_neighbours = r->neighbours;
    t->best_each = r->each;
    t->trial_each = was;
}

/* What was learnt otherwise may want another weight for popular targets: uphill either way. */
static int refold(struct tuner *t, const struct fit *f, struct result *r) {
    const struct dimension *fold = tune_dimension(offsetof(struct fit_options, serve.fold));
    const double from = r->options.serve.fold;
    for (int way = -1; way <= 1 && r->options.serve.fold == from; way += 2) {
        int at = tune_nearest(fold, from) + way, is_better = 1;
        for (; is_better && at >= 0 && at < fold->n; at += way) {
            struct result other = {.each = t->other_each};
            struct fit_options o = r->options;
            tune_set(&o, fold, fold->grid[at]);
            if (tune_recall(&t->memo, &o, t->is_quick, t->examples)) break;
            int status = measure(t, f, &o, &other);
            if (status != SOTTO_OK) return status;
            is_better = other.value > r->value;
            if (is_better) {
                t->other_each = r->each;
                *r = other;
            }
        }
    }
    return SOTTO_OK;
}

/* What became of a value that was tried. */
enum outcome { OUTCOME_WORSE, OUTCOME_SAME, OUTCOME_BETTER };

static int try_served(struct tuner *t, const struct dimension *d, const struct fit_options *o,
                      enum outcome *outcome) {
    struct result r = {.each = t->trial_each};
    int status = measure(t, &t->fit, o, &r);
    if (status != SOTTO_OK) return status;
    int is_better = is_gain(t, &r);
    *outcome = is_better ? OUTCOME_BETTER : r.value == t->best_value ? OUTCOME_SAME : OUTCOME_WORSE;
    note(t, d->name, tune_get(o, d), &r, t->fit.x.n_items, is_better);
    if (is_better) keep(t, &r);
    return SOTTO_OK;
}

static int try_learnt(struct tuner *t, const struct dimension *d, const struct fit_options *o,
                      enum outcome *outcome) {
    struct fit fit;
    struct result r = {.each = t->trial_each};
    if (t->learns_left == 0) return SOTTO_OK;
    int status = learn(t, &fit, o, NULL);
    /* A ridge too weak for the numbers is a value like any other, and a bad one; so is what needs
     * more memory than there is. */
    if (status == SOTTO_E_ARGUMENT || status == SOTTO_E_MEMORY) return SOTTO_OK;
    if (status != SOTTO_OK) return status;
    if (t->learns_left > 0) t->learns_left--;
    status = measure(t, &fit, o, &r);
    if (status == SOTTO_OK) status = refold(t, &fit, &r);
    t->trial_each = r.each;
    if (status == SOTTO_OK && is_gain(t, &r)) {
        *outcome = OUTCOME_BETTER;
        if (r.options.serve.fold != t->best.serve.fold)
            note(t, "with fold", r.options.serve.fold, &r, fit.x.n_items, 1);
    }
    if (status == SOTTO_OK)
        note(t, d->name, tune_get(o, d), &r, fit.x.n_items, *outcome == OUTCOME_BETTER);
    if (*outcome == OUTCOME_BETTER) {
        fit_free(&t->fit);
        t->fit = fit;
        keep(t, &r);
    } else {
        fit_free(&fit);
    }
    return status;
}

/* Tries one value; keeps it if it is better by more than noise. */
static int try_value(struct tuner *t, const struct dimension *d, double value,
                     enum outcome *outcome) {
    struct fit_options o = t->best;
    tune_set(&o, d, value);
    *outcome = OUTCOME_WORSE;
    /* More neighbours than fit make no difference. */
    if (d->at == offsetof(struct fit_options, serve.neighbours) && t->best.serve.neighbours == 0 &&
        value >= t->best_neighbours) {
        *outcome = OUTCOME_SAME;
        return SOTTO_OK;
    }
    const double *known = tune_recall(&t->memo, &o, t->is_quick, t->examples);
    if (known) {
        if (*known == t->best_value) *outcome = OUTCOME_SAME;
        return SOTTO_OK;
    }
    int status = d->is_learnt ? try_learnt(t, d, &o, outcome) : try_served(t, d, &o, outcome);
    cli_progress_to(&t->progress, ++t->done);
    return status;
}

/* Walks uphill from where it stands, one way, and if that did not help, the other. A value that is
 * no better is stepped over once: grids are fine, and what they measure is a little rough. Where
 * learning is dear, it is not. */
static int climb(struct tuner *t, const struct dimension *d, int *has_moved) {
    int over = d->is_learnt && t->learns_left >= 0 ? 1 : STEPS_OVER;
    for (int way = 1; way >= -1; way -= 2) {
        int at = tune_nearest(d, tune_get(&t->best, d)), misses = 0, has_gone = 0;
        while (misses < over && at + way >= 0 && at + way < d->n) {
            enum outcome outcome;
            at += way;
            int status = try_value(t, d, d->grid[at], &outcome);
            if (status != SOTTO_OK) return status;
            misses = outcome == OUTCOME_BETTER ? 0 : misses + (outcome == OUTCOME_WORSE);
            has_gone |= outcome == OUTCOME_BETTER;
        }
        *has_moved |= has_gone;
        if (has_gone) return SOTTO_OK;
    }
    return SOTTO_OK;
}

/* Learns with what is best so far and measures it. Raises a ridge that is too weak. */
static int start(struct tuner *t, const char *label) {
    struct result r = {.each = t->trial_each};
    if (t->has_fit) fit_free(&t->fit);
    t->has_fit = 0;
    int status = learn(t, &t->fit, &t->best, label);
    for (int i = 0; i < 10 && status == SOTTO_E_ARGUMENT; i++) {
        t->best.learn.lambda_factor *= 2;
        status = learn(t, &t->fit, &t->best, label);
    }
    if (status != SOTTO_OK) return status;
    t->has_fit = 1;
    if (t->learns_left > 0) t->learns_left--;
    status = measure(t, &t->fit, &t->best, &r);
    if (status != SOTTO_OK) return status;
    keep(t, &r);
    note(t, "start", 0, &r, t->fit.x.n_items, 1);
    return SOTTO_OK;
}

/* `learnt`: also what needs learning anew. Ends when a round has found nothing better. */
static int descend(struct tuner *t, int learnt) {
    int has_moved = 1, status = SOTTO_OK;
    for (int round = 0; round < ROUNDS && has_moved; round++) {
        has_moved = 0;
        for (size_t k = 0; k < DIMENSIONS && status == SOTTO_OK; k++) {
            const struct dimension *d = &tune_dimensions[k];
            if ((learnt || !d->is_learnt) && matters(t, d)) status = climb(t, d, &has_moved);
        }
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
    for (size_t k = 0; k < DIMENSIONS; k++) {
        const struct dimension *d = &tune_dimensions[k];
        uint64_t r = draw(state);
        if (d->is_learnt == learnt && matters(t, d) && r & 1)
            tune_set(o, d, d->grid[(r >> 1) % (uint64_t)d->n]);
    }
}

struct place {
    struct fit_options options;
    double value;
};

/* The best places, best first, apart from each other: from one step away a descent ends in the same
 * place. */
static void remember(struct place places[PLACES], const struct fit_options *o, double value) {
    int at = PLACES;
    for (int i = 0; i < PLACES; i++) {
        if (places[i].value < 0 || tune_distance(&places[i].options, o) >= 2) continue;
        if (places[i].value >= value) return;
        memmove(places + i, places + i + 1, (size_t)(PLACES - 1 - i) * sizeof *places);
        places[PLACES - 1].value = -1;
        i--;
    }
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
        struct fit_options o = t->best;
        struct fit fit;
        struct result r = {.each = t->trial_each}, best = {.value = -1};
        shake(t, &o, 1, &state);
        int status = learn(t, &fit, &o, NULL);
        if (status == SOTTO_E_ARGUMENT || status == SOTTO_E_MEMORY) continue;
        if (status != SOTTO_OK) return status;
        for (int s = 0; s < SERVINGS && status == SOTTO_OK; s++) {
            struct fit_options way = o;
            if (s > 0) shake(t, &way, 0, &state);
            if (tune_recall(&t->memo, &way, t->is_quick, t->examples)) continue;
            status = measure(t, &fit, &way, &r);
            if (status == SOTTO_OK && r.value > best.value) best = r;
        }
        if (status == SOTTO_OK && best.value >= 0) {
            note(t, "draw", i + 1, &best, fit.x.n_items, 0);
            remember(places, &best.options, best.value);
        }
        fit_free(&fit);
        if (status != SOTTO_OK) return status;
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
    return t->best_value == end.value && t->is_quick ? SOTTO_OK : start(t, NULL);
}

/* Whether the finished model may be, and would be, learnt by the dense method. */
static int may_be_dense(const struct tuner *t) {
    struct fit_options o = t->best;
    struct sotto_error none;
    if (o.method == METHOD_AUTO && t->fit.x.n_items > FIT_DENSE_ITEMS_MAX) return 0;
    if (o.method == METHOD_AUTO) o.method = METHOD_DENSE;
    return o.method == METHOD_DENSE && fit_check(&t->fit.x, &o, &none) == SOTTO_OK;
}

/* What the quick search found: to come back to. */
struct quick {
    struct fit fit;
    struct fit_options options;
    double value;
    uint32_t neighbours;
};

static void take_back(struct tuner *t, const struct quick *quick) {
    if (t->has_fit) fit_free(&t->fit);
    t->has_fit = 1;
    t->fit = quick->fit;
    t->best = quick->options;
    t->best.method = METHOD_SPARSE;
    t->best_value = quick->value;
    t->best_neighbours = quick->neighbours;
}

/* What the sparse method found is a beginning for the dense one, which likes another ridge. As many
 * are learnt as there is time for; the better of both methods stays. */
static int learn_in_full(struct tuner *t) {
    const struct quick quick = {t->fit, t->best, t->best_value, t->best_neighbours};
    const struct dimension *ridge =
        tune_dimension(offsetof(struct fit_options, learn.lambda_factor));
    double learns = t->request.full_work / work(quick.fit.x.n_items, t->best.learn.gram.mix < 1);
    int may_choose = t->best.method == METHOD_AUTO, has_moved = 0;
    t->learns_most = learns < FULL_MIN ? FULL_MIN : learns > FULL_MAX ? FULL_MAX : (int)learns;
    t->learns_left = t->learns_most;
    t->has_fit = 0;
    t->is_quick = 0;
    t->best.method = METHOD_DENSE;
    int status = start(t, NULL);
    if (status == SOTTO_OK) status = descend(t, 0);
    if (status == SOTTO_OK) status = climb(t, ridge, &has_moved);
    if (status == SOTTO_OK) status = descend(t, t->learns_left > 0);
    /* After hours of work what is there is not thrown away. */
    if (may_choose && (status == SOTTO_E_MEMORY || status == SOTTO_E_ARGUMENT ||
                       (status == SOTTO_OK && t->best_value < quick.value))) {
        take_back(t, &quick);
        return SOTTO_OK;
    }
    struct fit other = quick.fit;
    fit_free(&other);
    return status;
}

/* What was chosen, exactly as it will be packed; the same with all neighbours that were kept of
 * learning, and with what speaks against an item if that is better; popularity. */
static int conclude(struct tuner *t) {
    struct serve_params serve = t->best.serve;
    struct packed packed;
    int status = fit_serve(&t->fit, &packed, &serve, t->request.neighbours, t->request.edge_bytes,
                           0, t->err);
    if (status != SOTTO_OK) return status;
    status = examples_measure(t->examples, &t->fit.x, &packed, 0, &t->log->packed, NULL, t->err);
    if (status == SOTTO_OK)
        status =
            examples_measure(t->examples, &t->fit.x, &packed, 1, &t->log->popular, NULL, t->err);
    quantise_free(&packed);
    serve.neighbours = 0;
    t->log->widest = (struct quality){0};
    t->log->widest_neighbours = t->fit.rows.width;
    for (int negative = serve.keeps_negative; negative < 2 && status == SOTTO_OK; negative++) {
        struct quality q;
        serve.keeps_negative = negative;
        status = fit_serve(&t->fit, &packed, &serve, 0, 0, MODEL_VARINT, t->err);
        if (status != SOTTO_OK) return status;
        status = examples_measure(t->examples, &t->fit.x, &packed, 0, &q, NULL, t->err);
        if (quality_of(&q, t->examples->goal) > quality_of(&t->log->widest, t->examples->goal))
            t->log->widest = q;
        quantise_free(&packed);
    }
    return status;
}

int tune_options(struct fit_options *options, const struct examples *examples,
                 const struct tune_request *request, struct tune_log *log,
                 struct sotto_error *err) {
    struct tuner t = {.examples = examples,
                      .log = log,
                      .request = *request,
                      .best = *options,
                      .learns_left = -1,
                      .err = err};
    if (t.request.edge_bytes == 0) t.request.edge_bytes = 1; /* 0 would be no bound */
    if (t.request.trial_work <= 0) t.request.trial_work = WORK_TRIAL;
    if (t.request.full_work <= 0) t.request.full_work = WORK_FULL;
    int status = SOTTO_OK;
    float *each = calloc(3 * (size_t)examples->n, sizeof *each);
    t.best_each = each;
    t.trial_each = each ? each + examples->n : NULL;
    t.other_each = each ? each + 2 * (size_t)examples->n : NULL;
    if (!each) {
        status = fail(err, SOTTO_E_MEMORY, "no memory for %u examples", examples->n);
    } else if (request->is_measured_only) {
        status = start(&t, "learning to measure");
    } else {
        status = choose_method(&t);
        cli_progress_begin(&t.progress, "tuning", STEPS_EXPECTED);
        if (status == SOTTO_OK) status = search(&t);
        cli_progress_end(&t.progress);
        if (status == SOTTO_OK && t.is_quick && may_be_dense(&t))
            status = learn_in_full(&t);
        else if (status == SOTTO_OK && t.is_quick)
            t.best.method = METHOD_SPARSE;
    }
    if (status == SOTTO_OK) status = conclude(&t);
    if (t.has_fit) fit_free(&t.fit);
    free(t.memo.v);
    free(each);
    if (status == SOTTO_OK) *options = t.best;
    return status;
}
