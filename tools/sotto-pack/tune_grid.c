/* tune_grid: the grids and the memory of a search. See tune_grid.h. */
#include "tools/sotto-pack/tune_grid.h"

#include <math.h>
#include <stdlib.h>

enum goals {
    BASKET = 1 << GOAL_BASKET,
    NEXT = 1 << GOAL_NEXT_BASKET,
    SESSIONS = 1 << GOAL_SESSIONS,
    RANKING = 1 << GOAL_RANKING,
    ALL = BASKET | NEXT | SESSIONS | RANKING,
    DATED = BASKET | NEXT | SESSIONS,
    ORDERED = BASKET | SESSIONS
};

#define REAL(field)  offsetof(struct fit_options, field), 0
#define WHOLE(field) offsetof(struct fit_options, field), 1

/* clang-format off */
const struct dimension tune_dimensions[DIMENSIONS] = {
    {"by_customer", WHOLE(by_customer), 1, NEXT, 2, {0, 1}},
    {"alpha_item", REAL(learn.gram.alpha_item), 1, ALL, 10, {0, .1, .2, .3, .4, .5, .6, .7, .8, .9}},
    {"lambda_factor", REAL(learn.lambda_factor), 1, ALL, 13, {.1, .25, .5, 1, 2, 4, 8, 12, 24, 48, 96, 192, 384}},
    {"alpha_user", REAL(learn.gram.alpha_user), 1, ALL, 8, {0, .125, .25, .375, .5, .625, .75, 1}},
    {"mix", REAL(learn.gram.mix), 1, ORDERED, 6, {1, .8, .5, .25, .1, .03}},
    {"window", REAL(learn.gram.window), 1, ORDERED, 6, {1, 2, 4, 8, 16, 32}},
    {"row_half_life_days", REAL(learn.gram.half_life_days), 1, DATED, 6, {0, 720, 360, 180, 90, 45}},
    {"candidates", WHOLE(learn.candidates), 1, ALL, 4, {25, 50, 100, 200}},
    {"fold", REAL(serve.fold), 0, ALL, 13, {-.5, -.4, -.3, -.2, -.15, -.1, -.05, 0, .05, .1, .2, .3, .4}},
    {"spread", REAL(serve.spread), 0, ALL, 7, {-.3, -.2, -.1, 0, .1, .2, .3}},
    {"keeps_negative", WHOLE(serve.keeps_negative), 0, ALL, 2, {0, 1}},
    {"neighbours", WHOLE(serve.neighbours), 0, ALL, 7, {0, 256, 160, 100, 64, 40, 25}},
    {"decay", REAL(serve.decay), 0, ORDERED, 12, {0, 40, 25, 15, 10, 7, 5, 4, 3, 2, 1.5, 1}},
    {"age_half_life_days", REAL(serve.age_half_life_days), 0, NEXT, 8, {0, 360, 240, 120, 60, 30, 14, 7}},
    {"prior_strength", REAL(serve.prior_strength), 0, ALL, 11, {0, .01, .03, .06, .12, .25, .5, 1, 2, 4, 8}},
    {"prior_half_life_days", REAL(serve.prior_half_life_days), 0, DATED, 9, {0, 240, 120, 60, 30, 14, 7, 3, 1.5}},
    {"repeat_strength", REAL(serve.repeat_strength), 0, NEXT | SESSIONS, 13, {0, .01, .02, .05, .1, .2, .4, .8, 1.5, 3, 6, 12, 24}},
    {"repeat_half_life_days", REAL(serve.repeat_half_life_days), 0, NEXT, 8, {0, 360, 240, 120, 60, 30, 14, 7}},
    {"self_strength", REAL(serve.self_strength), 0, SESSIONS, 6, {0, .25, .5, 1, 2, 4}},
};
/* clang-format on */

double tune_get(const struct fit_options *o, const struct dimension *d) {
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

void tune_set(struct fit_options *o, const struct dimension *d, double value) {
    char *p = (char *)o + d->at;
    int i = (int)value;
    if (d->is_int)
        memcpy(p, &i, sizeof i);
    else
        memcpy(p, &value, sizeof value);
}

int tune_nearest(const struct dimension *d, double value) {
    int best = 0;
    for (int i = 1; i < d->n; i++)
        if (fabs(d->grid[i] - value) < fabs(d->grid[best] - value)) best = i;
    return best;
}

const struct dimension *tune_dimension(size_t at) {
    for (size_t k = 0; k < DIMENSIONS; k++)
        if (tune_dimensions[k].at == at) return &tune_dimensions[k];
    return NULL;
}

static int is_at(const struct dimension *d, size_t at) { return d->at == at; }

#define IS(d, field) is_at(d, offsetof(struct fit_options, field))

int tune_matters(const struct dimension *d, const struct fit_options *o, int is_quick,
                 const struct examples *examples) {
    const struct dataset *data = examples->data;
    if (!(d->goals >> examples->goal & 1)) return 0;
    /* Nothing has an age where the data have no times, nor a customer where they name none. */
    if (data->format == DATASET_LISTS && strstr(d->name, "half_life")) return 0;
    if (IS(d, by_customer) && data->n_customers == 0) return 0;
    if (IS(d, learn.gram.window) && o->learn.gram.mix >= 1) return 0;
    if (IS(d, serve.repeat_half_life_days) && o->serve.repeat_strength <= 0) return 0;
    if (IS(d, learn.candidates) && !is_quick) return 0;
    if (IS(d, serve.self_strength) && !o->learn.keeps_diagonal) return 0;
    return 1;
}

int tune_distance(const struct fit_options *a, const struct fit_options *b) {
    int n = 0;
    for (size_t k = 0; k < DIMENSIONS; k++) {
        const struct dimension *d = &tune_dimensions[k];
        n += d->is_learnt && tune_get(a, d) != tune_get(b, d);
    }
    return n;
}

static void key_of(double key[DIMENSIONS + 1], const struct fit_options *o, int is_quick,
                   const struct examples *examples) {
    for (size_t k = 0; k < DIMENSIONS; k++) {
        const struct dimension *d = &tune_dimensions[k];
        key[k] = tune_matters(d, o, is_quick, examples) ? tune_get(o, d) : 0;
    }
    key[DIMENSIONS] = is_quick;
}

const double *tune_recall(const struct tune_memo *m, const struct fit_options *o, int is_quick,
                          const struct examples *examples) {
    double key[DIMENSIONS + 1];
    key_of(key, o, is_quick, examples);
    for (size_t i = 0; i < m->n; i++) {
        size_t k = 0;
        while (k <= DIMENSIONS && m->v[i].key[k] == key[k]) k++;
        if (k > DIMENSIONS) return &m->v[i].value;
    }
    return NULL;
}

int tune_remember(struct tune_memo *m, const struct fit_options *o, int is_quick,
                  const struct examples *examples, double value) {
    if (m->n == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 256;
        struct tune_seen *more = realloc(m->v, cap * sizeof *more);
        if (!more) return -1;
        m->v = more;
        m->cap = cap;
    }
    key_of(m->v[m->n].key, o, is_quick, examples);
    m->v[m->n++].value = value;
    return 0;
}
