/* examples: holding out, asking, counting. See examples.h. */
#include "tools/sotto-pack/examples.h"

#include <math.h>
#include <stdlib.h>

#include "slate/slate.h"

#define HELD_SHARE   5 /* one of so many entries of a row */
#define ROW_MIN      5 /* entries a row must have before any is held */
#define HOLD_OUT_NTH 10

/* ---- Growing ----------------------------------------------------------------------------- */

struct maker {
    struct examples *e;
    size_t cap_events, cap_targets;
    uint32_t cap;
    uint32_t nth; /* take one example of so many */
    uint64_t seen;
    int is_short; /* of memory */
};

static int grow(void **v, size_t *cap, size_t n, size_t each) {
    if (n < *cap) return 0;
    size_t more = *cap ? *cap * 2 : 1024;
    void *p = realloc(*v, more * each);
    if (!p) return -1;
    *v = p;
    *cap = more;
    return 0;
}

static void begin(struct maker *m, int64_t now_s) {
    struct examples *e = m->e;
    size_t cap = m->cap;
    if (grow((void **)&e->v, &cap, e->n, sizeof *e->v) != 0) {
        m->is_short = 1;
        return;
    }
    m->cap = (uint32_t)cap;
    e->v[e->n++] = (struct example){
        .first_event = e->n_events, .first_target = e->n_targets, .now_s = now_s, .weight = 1};
}

static void add_event(struct maker *m, uint32_t item, int64_t time_s) {
    struct examples *e = m->e;
    if (m->is_short ||
        grow((void **)&e->events, &m->cap_events, e->n_events, sizeof *e->events) != 0) {
        m->is_short = 1;
        return;
    }
    e->events[e->n_events++] = (struct example_event){item, time_s};
    e->v[e->n - 1].n_events++;
}

static void add_target(struct maker *m, uint32_t item) {
    struct examples *e = m->e;
    if (m->is_short ||
        grow((void **)&e->targets, &m->cap_targets, e->n_targets, sizeof *e->targets) != 0) {
        m->is_short = 1;
        return;
    }
    e->targets[e->n_targets++] = item;
    e->v[e->n - 1].n_targets++;
}

static int is_chosen(struct maker *m) { return m->seen++ % m->nth == 0; }

/* ---- One goal after the other ------------------------------------------------------------ */

static uint32_t item_at(const struct dataset *d, const struct dataset_basket *b, uint32_t k) {
    return d->basket_items[b->first + k];
}

static void from_basket(struct maker *m, const struct dataset_basket *b) {
    uint32_t half = b->n / 2;
    if (b->n < EXAMPLES_BASKET_MIN || !is_chosen(m)) return;
    begin(m, b->time_s);
    for (uint32_t k = 0; k < half; k++) add_event(m, item_at(m->e->data, b, k), b->time_s);
    for (uint32_t k = half; k < b->n; k++) add_target(m, item_at(m->e->data, b, k));
}

static void from_session(struct maker *m, const struct dataset_basket *b) {
    for (uint32_t k = 1; k < b->n; k++) {
        if (!is_chosen(m)) continue;
        begin(m, b->time_s);
        for (uint32_t p = k > SOTTO_HISTORY_MAX ? k - SOTTO_HISTORY_MAX : 0; p < k; p++)
            add_event(m, item_at(m->e->data, b, p), b->time_s);
        add_target(m, item_at(m->e->data, b, k));
    }
}

/* A customer's basket after the cut, with all that came before it, also after the cut. */
static void from_customer(struct maker *m, const struct dataset_basket *basket, uint32_t last,
                          const uint32_t *before, uint32_t *chain) {
    const struct dataset *d = m->e->data;
    uint32_t n = 0;
    if (last == DATASET_NONE || !is_chosen(m)) return;
    begin(m, basket->time_s);
    if (!m->is_short) m->e->v[m->e->n - 1].customer = basket->customer;
    for (uint32_t h = last; h != DATASET_NONE; h = before[h]) chain[n++] = h;
    while (n-- > 0) {
        const struct dataset_basket *old = &d->baskets[chain[n]];
        for (uint32_t k = 0; k < old->n; k++) add_event(m, item_at(d, old, k), old->time_s);
    }
    for (uint32_t k = 0; k < basket->n; k++) add_target(m, item_at(d, basket, k));
}

/* Chains the baskets of each customer, the latest first, and asks on the way. */
static void follow_customers(struct maker *m) {
    const struct dataset *d = m->e->data;
    uint32_t *latest = malloc(((size_t)d->n_customers + 1) * sizeof *latest);
    uint32_t *before = malloc(((size_t)d->n_baskets + 1) * sizeof *before);
    uint32_t *chain = malloc(((size_t)d->n_baskets + 1) * sizeof *chain);
    if (!latest || !before || !chain) m->is_short = 1;
    for (uint32_t c = 0; c < d->n_customers && !m->is_short; c++) latest[c] = DATASET_NONE;
    for (uint32_t b = 0; b < d->n_baskets && !m->is_short; b++) {
        uint32_t c = d->baskets[b].customer;
        if (c == DATASET_NONE) continue;
        if (b >= m->e->n_training) from_customer(m, &d->baskets[b], latest[c], before, chain);
        before[b] = latest[c];
        latest[c] = b;
    }
    free(latest);
    free(before);
    free(chain);
}

/* Who comes four times as often is asked four times, and each time counts half: between customers
 * alike, as the protocol has it, and baskets alike, which is less noisy. */
static void weigh_customers(struct maker *m) {
    struct examples *e = m->e;
    uint32_t *asked = calloc((size_t)e->data->n_customers + 1, sizeof *asked);
    if (!asked) m->is_short = 1;
    for (uint32_t i = 0; asked && i < e->n; i++) asked[e->v[i].customer]++;
    double sum = 0;
    for (uint32_t i = 0; asked && i < e->n; i++)
        sum += e->v[i].weight = 1 / sqrt(asked[e->v[i].customer]);
    for (uint32_t i = 0; asked && i < e->n; i++) e->v[i].weight *= e->n / sum;
    free(asked);
}

/* SplitMix64 (Steele, Lea & Flood 2014): any fixed mixing would do. */
static uint64_t mix(uint64_t z) {
    z = (z + 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void hold_of_rows(struct maker *m) {
    struct examples *e = m->e;
    const struct dataset *d = e->data;
    e->held = calloc(d->n_basket_items + 1, 1);
    if (!e->held) m->is_short = 1;
    for (uint32_t b = 0; b < d->n_baskets && !m->is_short; b++) {
        const struct dataset_basket *basket = &d->baskets[b];
        uint32_t held = 0;
        if (basket->n < ROW_MIN) continue;
        for (uint32_t k = 0; k < basket->n; k++)
            if (mix((uint64_t)b << 32 | k) % HELD_SHARE == 0)
                held += e->held[basket->first + k] = 1;
        if (held == 0 || held == basket->n || !is_chosen(m)) continue;
        begin(m, basket->time_s);
        for (uint32_t k = 0; k < basket->n; k++) {
            if (e->held[basket->first + k])
                add_target(m, item_at(d, basket, k));
            else
                add_event(m, item_at(d, basket, k), basket->time_s);
        }
    }
}

/* How many examples there are in all: one pass that takes none. */
static void make(struct maker *m) {
    struct examples *e = m->e;
    const struct dataset *d = e->data;
    switch (e->goal) {
    case GOAL_BASKET:
        for (uint32_t b = e->n_training; b < d->n_baskets; b++) from_basket(m, &d->baskets[b]);
        return;
    case GOAL_SESSIONS:
        for (uint32_t b = e->n_training; b < d->n_baskets; b++) from_session(m, &d->baskets[b]);
        return;
    case GOAL_NEXT_BASKET:
        follow_customers(m);
        if (!m->is_short) weigh_customers(m);
        return;
    case GOAL_RANKING: hold_of_rows(m); return;
    }
}

int examples_make(struct examples *e, const struct dataset *data, enum goal goal,
                  struct sotto_error *err) {
    memset(e, 0, sizeof *e);
    e->goal = goal;
    e->data = data;
    e->n_training = data->n_baskets;
    if (goal != GOAL_RANKING) e->n_training -= data->n_baskets / HOLD_OUT_NTH;
    struct maker count = {.e = e, .nth = UINT32_MAX, .seen = 1};
    make(&count);
    uint64_t all = count.seen - 1;
    free(e->held);
    e->held = NULL;
    struct maker take = {.e = e, .nth = all ? (uint32_t)((all - 1) / EXAMPLES_MAX + 1) : 1};
    if (!count.is_short) make(&take);
    if (count.is_short || take.is_short) {
        examples_free(e);
        return fail(err, SOTTO_E_MEMORY, "no memory for %llu examples", (unsigned long long)all);
    }
    if (e->n > 0) return SOTTO_OK;
    examples_free(e);
    return fail(err, SOTTO_E_LIMIT,
                "the data hold nothing to measure a model for this goal on: another --for, or more "
                "data");
}

void examples_free(struct examples *e) {
    free(e->held);
    free(e->v);
    free(e->events);
    free(e->targets);
    memset(e, 0, sizeof *e);
}

/* ---- Asking ------------------------------------------------------------------------------ */

double quality_of(const struct quality *q, enum goal goal) {
    return goal == GOAL_SESSIONS ? (q->hit + q->reciprocal) / 2 : (q->recall + q->ndcg) / 2;
}

struct asker {
    const struct examples *e;
    const struct interactions *x;
    const struct packed *packed;
    struct slate_workspace w;
    struct slate *slate;
    struct history *history;
};

static uint32_t place_of(const struct asker *a, uint32_t dataset_item) {
    uint32_t item = a->x->model_of[dataset_item];
    return item == DATASET_NONE ? HISTORY_NO_ITEM : a->packed->place_of[item];
}

/* A device keeps the latest events of items that it knows; all are choices, not looks. */
static void fill_history(struct asker *a, const struct example *ex) {
    const struct example_event *events = &a->e->events[ex->first_event];
    uint32_t first = ex->n_events, known = 0;
    while (first > 0 && known < SOTTO_HISTORY_MAX)
        known += place_of(a, events[--first].item) != HISTORY_NO_ITEM;
    a->history->n = 0;
    for (uint32_t k = first; k < ex->n_events; k++) {
        uint32_t item = place_of(a, events[k].item);
        if (item == HISTORY_NO_ITEM) continue;
        a->history->events[a->history->n++] = (struct history_event){
            .item = item, .time_s = (uint32_t)events[k].time_s, .type = SOTTO_EVENT_PURCHASE};
    }
}

static void count(const struct asker *a, const struct example *ex, const struct score_hit *hits,
                  uint32_t n, struct quality *q) {
    const uint32_t *targets = a->e->targets + ex->first_target;
    uint32_t known = 0, found = 0;
    double gain = 0, ideal = 0, first = 0;
    for (uint32_t t = 0; t < ex->n_targets; t++)
        known += place_of(a, targets[t]) != HISTORY_NO_ITEM;
    if (known == 0) return;
    for (uint32_t r = 0; r < n; r++)
        for (uint32_t t = 0; t < ex->n_targets; t++)
            if (place_of(a, targets[t]) == hits[r].item) {
                if (found++ == 0) first = 1.0 / (r + 1);
                gain += 1 / log2(r + 2.0);
                break;
            }
    uint32_t best = known < EXAMPLES_TOP ? known : EXAMPLES_TOP;
    for (uint32_t r = 0; r < best; r++) ideal += 1 / log2(r + 2.0);
    q->recall += ex->weight * found / (a->e->goal == GOAL_RANKING ? known : best);
    q->ndcg += ex->weight * gain / ideal;
    q->hit += ex->weight * (found > 0);
    q->reciprocal += ex->weight * first;
    q->examples++;
}

static void ask(struct asker *a, int is_general, struct quality *q, float *each) {
    const struct model *model = &a->packed->model;
    double weight = 0; /* of those with a target in the model */
    int repeats = a->e->goal == GOAL_NEXT_BASKET || a->e->goal == GOAL_SESSIONS;
    for (uint32_t i = 0; i < a->e->n; i++) {
        const struct example *ex = &a->e->v[i];
        const struct quality before = *q;
        struct slate *s = a->slate;
        s->n_hits = 0;
        fill_history(a, ex);
        if (!is_general)
            slate_rank_personal(s, model, a->history, &a->w, ex->now_s, EXAMPLES_TOP, repeats);
        if (is_general || s->n_hits == 0) {
            slate_rank_general(s, model, &a->w, EXAMPLES_TOP);
            count(a, ex, s->hits, s->n_hits, q);
        } else {
            count(a, ex, s->hits, s->n_hits, q);
        }
        if (q->examples > before.examples) weight += ex->weight;
        if (each) each[i] = (float)(quality_of(q, a->e->goal) - quality_of(&before, a->e->goal));
    }
    if (weight <= 0) return;
    q->recall /= weight;
    q->ndcg /= weight;
    q->hit /= weight;
    q->reciprocal /= weight;
}

int examples_measure(const struct examples *e, const struct interactions *x,
                     const struct packed *packed, int is_general, struct quality *quality,
                     float *each, struct sotto_error *err) {
    uint32_t n = packed->model.n_items;
    struct asker a = {.e = e, .x = x, .packed = packed};
    memset(quality, 0, sizeof *quality);
    a.w.score.sums = calloc(n, sizeof *a.w.score.sums);
    a.w.score.touched = calloc(score_touched_places(n), sizeof *a.w.score.touched);
    a.w.seen = calloc(slate_bitmap_bytes(n), 1);
    a.w.inputs = calloc(SOTTO_HISTORY_MAX, sizeof *a.w.inputs);
    a.slate = calloc(1, sizeof *a.slate);
    struct history *history = calloc(1, sizeof *history);
    a.history = history;
    int is_ready =
        a.w.score.sums && a.w.score.touched && a.w.seen && a.w.inputs && a.slate && a.history;
    if (is_ready) ask(&a, is_general, quality, each);
    free(a.w.score.sums);
    free(a.w.score.touched);
    free(a.w.seen);
    free(a.w.inputs);
    free(a.slate);
    free(history);
    return is_ready ? SOTTO_OK : fail(err, SOTTO_E_MEMORY, "no memory to measure a model");
}
