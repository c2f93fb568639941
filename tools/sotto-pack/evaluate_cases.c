/* evaluate_cases: from data to questions. See evaluate.h. */
#include <stdlib.h>

#include "tools/sotto-pack/evaluate.h"

const char *evaluate_protocol_name(enum protocol protocol) {
    switch (protocol) {
    case PROTOCOL_BASKET: return "basket";
    case PROTOCOL_NEXT_BASKET: return "next-basket";
    case PROTOCOL_SESSIONS: return "sessions";
    case PROTOCOL_RANKING: return "ranking";
    }
    return "unknown";
}

/* ---- Reading ----------------------------------------------------------------------------- */

static uint32_t *items_in_model(const struct dataset *d, const struct model *model) {
    uint32_t *of = malloc(((size_t)d->n_items + 1) * sizeof *of);
    for (uint32_t i = 0; of && i < d->n_items; i++) of[i] = model_find(model, d->items[i].id);
    return of;
}

/* Baskets that come before what is asked: training data of their own, or what is before --from. */
static void count_popularity(struct cases *c) {
    const struct dataset *d = c->train.items ? &c->train : &c->test;
    const uint32_t *of = c->train.items ? c->train_item : c->test_item;
    for (uint32_t b = 0; b < d->n_baskets; b++) {
        const struct dataset_basket *basket = &d->baskets[b];
        if (!c->train.items && basket->time_s >= c->options->from_s) break;
        for (uint32_t k = 0; k < basket->n; k++) {
            uint32_t item = of[d->basket_items[basket->first + k]];
            if (item == MODEL_NONE) continue;
            c->popularity[item]++;
            c->past++;
        }
    }
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Items that neither the pack nor anything before the test has: a slip of file or column, and no
 * model could know them. Without anything before, only the pack can say. */
static int check_unknown(struct cases *c, struct sotto_error *err) {
    const struct dataset *test = &c->test, *train = &c->train;
    const char **seen = malloc(((size_t)train->n_items + 1) * sizeof *seen);
    uint8_t *is_asked = calloc((size_t)test->n_items + 1, 1);
    uint8_t *is_known = calloc((size_t)test->n_items + 1, 1);
    const char *first = NULL;
    if (!seen || !is_asked || !is_known) {
        free(seen);
        free(is_asked);
        free(is_known);
        return fail(err, SOTTO_E_MEMORY, "no memory for %u items", test->n_items);
    }
    for (uint32_t i = 0; i < train->n_items; i++) seen[i] = train->items[i].id;
    if (train->n_items) qsort(seen, train->n_items, sizeof *seen, by_text);
    int has_past = train->items != NULL;
    for (uint32_t b = 0; b < test->n_baskets; b++) {
        const struct dataset_basket *basket = &test->baskets[b];
        int is_past = basket->time_s < c->options->from_s;
        has_past |= is_past;
        for (uint32_t k = 0; k < basket->n; k++)
            (is_past ? is_known : is_asked)[test->basket_items[basket->first + k]] = 1;
    }
    for (uint32_t i = 0; i < test->n_items; i++) {
        const char *id = test->items[i].id;
        if (!is_asked[i] || is_known[i] || c->test_item[i] != MODEL_NONE) continue;
        if (train->n_items && bsearch(&id, seen, train->n_items, sizeof *seen, by_text)) continue;
        if (c->unknown++ == 0) first = id;
    }
    free(seen);
    free(is_asked);
    free(is_known);
    /* In a table of transactions new goods are news, not slips. */
    if (c->unknown == 0 || c->options->counts_unknown || test->format == DATASET_TABLE)
        return SOTTO_OK;
    return fail(err, SOTTO_E_FORMAT,
                "%s: %llu items, the first \"%.63s\", are neither in the pack nor in the training "
                "data%s: give the files that belong together, or count them as misses with "
                "--unknown-items miss",
                c->options->test, (unsigned long long)c->unknown, first,
                has_past ? "" : " (--train was not given)");
}

/* In how many baskets of `d` before `before_s` each of its items is. */
static int count_baskets(const struct dataset *d, int64_t before_s, uint32_t *counts) {
    uint32_t *last = calloc((size_t)d->n_items + 1, sizeof *last);
    for (uint32_t b = 0; last && b < d->n_baskets && d->baskets[b].time_s < before_s; b++)
        for (uint32_t k = 0; k < d->baskets[b].n; k++) {
            uint32_t item = d->basket_items[d->baskets[b].first + k];
            if (last[item] == b + 1) continue;
            last[item] = b + 1;
            counts[item]++;
        }
    free(last);
    return last ? 0 : -1;
}

struct counted {
    const char *id;
    uint32_t count;
};

static int by_counted_id(const void *a, const void *b) {
    const struct counted *x = a, *y = b;
    return strcmp(x->id, y->id);
}

/* The protocol's items: those in enough baskets of the past, whether the pack has them or not, so
 * that a pack gains nothing by leaving items out; and those that the pack has all the same. */
static int choose_items(struct cases *c, struct sotto_error *err) {
    const struct dataset *past = c->train.items ? &c->train : &c->test;
    int64_t before_s = c->train.items ? INT64_MAX : c->options->from_s;
    uint32_t *counts = calloc((size_t)past->n_items + 1, sizeof *counts);
    struct counted *sorted = calloc((size_t)past->n_items + 1, sizeof *sorted);
    c->is_asked_for = calloc((size_t)c->test.n_items + 1, 1);
    int is_ready = counts && sorted && c->is_asked_for;
    if (is_ready) is_ready = count_baskets(past, before_s, counts) == 0;
    for (uint32_t i = 0; is_ready && i < past->n_items; i++)
        sorted[i] = (struct counted){past->items[i].id, counts[i]};
    if (is_ready && past->n_items) qsort(sorted, past->n_items, sizeof *sorted, by_counted_id);
    for (uint32_t i = 0; is_ready && i < c->test.n_items; i++) {
        const struct counted key = {c->test.items[i].id, 0};
        const struct counted *found =
            past->n_items ? bsearch(&key, sorted, past->n_items, sizeof key, by_counted_id) : NULL;
        c->is_asked_for[i] =
            c->test_item[i] != MODEL_NONE || (found && found->count >= c->min_baskets);
    }
    free(counts);
    free(sorted);
    return is_ready ? SOTTO_OK : fail(err, SOTTO_E_MEMORY, "no memory for %u items", past->n_items);
}

int cases_open(struct cases *c, const struct evaluate_options *o, const struct model *model,
               struct sotto_error *err) {
    struct dataset_options how = o->data;
    memset(c, 0, sizeof *c);
    c->options = o;
    c->model = model;
    how.keeps_sequence = o->protocol == PROTOCOL_SESSIONS;
    int status = dataset_read(&c->test, o->test, &how, err);
    if (status == SOTTO_OK && o->train) status = dataset_read(&c->train, o->train, &how, err);
    if (status == SOTTO_OK) {
        c->test_item = items_in_model(&c->test, model);
        c->train_item = items_in_model(&c->train, model);
        c->popularity = calloc(model->n_items, sizeof *c->popularity);
        c->stamp = calloc(model->n_items, sizeof *c->stamp);
        c->taken = calloc((size_t)c->test.n_items + 1, sizeof *c->taken);
        if (!c->test_item || !c->train_item || !c->popularity || !c->stamp || !c->taken)
            status = fail(err, SOTTO_E_MEMORY, "no memory for %u items", model->n_items);
    }
    c->min_baskets = o->min_baskets                    ? o->min_baskets
                     : c->test.format == DATASET_TABLE ? EVALUATE_MIN_BASKETS
                                                       : 1;
    if (status == SOTTO_OK) status = check_unknown(c, err);
    if (status == SOTTO_OK) status = choose_items(c, err);
    if (status == SOTTO_OK) count_popularity(c);
    if (status != SOTTO_OK) cases_close(c);
    return status;
}

void cases_close(struct cases *c) {
    dataset_free(&c->test);
    dataset_free(&c->train);
    free(c->test_item);
    free(c->train_item);
    free(c->is_asked_for);
    free(c->popularity);
    free(c->stamp);
    free(c->taken);
    free(c->events);
    free(c->targets);
    memset(c, 0, sizeof *c);
}

uint64_t cases_total(const struct cases *c) { return c->test.n_baskets; }

/* ---- One after the other ----------------------------------------------------------------- */

static int room(struct cases *c, uint32_t events, uint32_t targets, struct sotto_error *err) {
    if (events > c->cap_events) {
        struct case_event *more = realloc(c->events, 2 * (size_t)events * sizeof *more);
        if (!more) return fail(err, SOTTO_E_MEMORY, "no memory for a history of %u", events);
        c->events = more;
        c->cap_events = 2 * events;
    }
    if (targets > c->cap_targets) {
        uint32_t *more = realloc(c->targets, 2 * (size_t)targets * sizeof *more);
        if (!more) return fail(err, SOTTO_E_MEMORY, "no memory for %u targets", targets);
        c->targets = more;
        c->cap_targets = 2 * targets;
    }
    return SOTTO_OK;
}

static void add_events(struct cases *c, struct question *q, const struct dataset *d,
                       const uint32_t *of, const struct dataset_basket *b, uint32_t n) {
    for (uint32_t k = 0; k < n; k++) {
        uint32_t item = of[d->basket_items[b->first + k]];
        if (item != MODEL_NONE) c->events[q->n_events++] = (struct case_event){item, b->time_s};
    }
}

/* Where items may not come again nobody is asked for what they took before: no slate could say it.
 */
static int is_repeated(struct cases *c, uint32_t test_item) {
    if (c->options->repeats || c->taken[test_item] != c->persons) return 0;
    c->repeated_targets++;
    return 1;
}

/* A target that the pack lacks. What nobody could have learnt says nothing about a model, but the
 * benchmarks of rankings count it. */
static void miss(struct cases *c, struct question *q, uint32_t test_item) {
    if (c->options->protocol == PROTOCOL_RANKING || c->is_asked_for[test_item]) {
        q->n_missing++;
        c->missing_targets++;
    } else {
        c->dropped_targets++;
    }
}

/* Distinct targets. */
static void add_targets(struct cases *c, struct question *q, const struct dataset_basket *b,
                        uint32_t from) {
    if (q->n_targets == 0) c->stamped++;
    for (uint32_t k = from; k < b->n; k++) {
        uint32_t test_item = c->test.basket_items[b->first + k], item = c->test_item[test_item];
        if (is_repeated(c, test_item)) continue;
        if (item == MODEL_NONE) {
            miss(c, q, test_item);
        } else if (c->stamp[item] != c->stamped) {
            c->stamp[item] = c->stamped;
            c->targets[q->n_targets++] = item;
        }
    }
}

struct asking {
    struct cases *c;
    int (*ask)(void *ctx, const struct question *q);
    void *ctx;
    struct sotto_error *err;
    uint32_t *latest, *before; /* baskets of each customer, chained from the latest */
    uint8_t *is_done;          /* per customer */
};

static int put(const struct asking *a, struct question *q) {
    q->events = a->c->events;
    q->targets = a->c->targets;
    return a->ask(a->ctx, q);
}

/* The protocol's part of a basket: its first half is the session, the rest the targets. */
static int ask_basket(const struct asking *a, const struct dataset_basket *b) {
    struct cases *c = a->c;
    struct question q = {.now_s = b->time_s};
    const uint32_t *items = c->test.basket_items + b->first;
    uint32_t known = 0, at = 0;
    if (b->time_s < c->options->from_s) return SOTTO_OK;
    for (uint32_t k = 0; k < b->n; k++) known += c->is_asked_for[items[k]];
    if (b->n < c->options->min_basket || known < c->options->min_basket || known < 2) {
        c->too_short++;
        return SOTTO_OK;
    }
    int status = room(c, known, known, a->err);
    if (status != SOTTO_OK) return status;
    for (uint32_t k = 0; k < b->n; k++) {
        uint32_t item = c->test_item[items[k]];
        int is_first_half = at < known / 2;
        at += c->is_asked_for[items[k]];
        if (item != MODEL_NONE && is_first_half)
            c->events[q.n_events++] = (struct case_event){item, b->time_s};
        else if (item != MODEL_NONE)
            c->targets[q.n_targets++] = item;
        else if (!is_first_half || !c->is_asked_for[items[k]])
            miss(c, &q, items[k]);
    }
    return put(a, &q);
}

static int ask_session(const struct asking *a, const struct dataset_basket *b) {
    struct cases *c = a->c;
    struct question q = {.now_s = b->time_s};
    if (b->time_s < c->options->from_s) return SOTTO_OK;
    if (b->n < 2) {
        c->too_short++;
        return SOTTO_OK;
    }
    int status = room(c, b->n, 1, a->err);
    uint32_t asked = 0;
    c->persons++;
    for (uint32_t k = 0; k + 1 < b->n && status == SOTTO_OK; k++) {
        uint32_t latest = c->test.basket_items[b->first + k], item = c->test_item[latest];
        uint32_t next = c->test.basket_items[b->first + k + 1], target = c->test_item[next];
        c->taken[latest] = c->persons;
        int is_asked = !is_repeated(c, next);
        if (item != MODEL_NONE) c->events[q.n_events++] = (struct case_event){item, b->time_s};
        q.first_new = asked;
        q.n_targets = is_asked && target != MODEL_NONE;
        q.n_missing = 0;
        if (is_asked && target == MODEL_NONE) miss(c, &q, next);
        if (q.n_targets) c->targets[0] = target;
        status = put(a, &q);
        asked = q.n_events;
    }
    return status;
}

static int ask_next_basket(const struct asking *a, const struct dataset_basket *b) {
    struct cases *c = a->c;
    struct question q = {.now_s = b->time_s};
    if (b->time_s < c->options->from_s || b->customer == DATASET_NONE) return SOTTO_OK;
    if (a->is_done[b->customer]) return SOTTO_OK;
    a->is_done[b->customer] = 1;
    uint32_t events = 0, chain[4096], n = 0;
    for (uint32_t h = a->latest[b->customer]; h != DATASET_NONE && n < 4096; h = a->before[h]) {
        events += c->test.baskets[h].n;
        chain[n++] = h;
    }
    if (n == 0) {
        c->strangers++;
        return SOTTO_OK;
    }
    int status = room(c, events, b->n, a->err);
    if (status != SOTTO_OK) return status;
    int is_known = 0;
    c->persons++;
    while (n-- > 0) {
        const struct dataset_basket *old = &c->test.baskets[chain[n]];
        add_events(c, &q, &c->test, c->test_item, old, old->n);
        for (uint32_t k = 0; k < old->n; k++) {
            uint32_t item = c->test.basket_items[old->first + k];
            c->taken[item] = c->persons;
            is_known |= c->is_asked_for[item];
        }
    }
    add_targets(c, &q, b, 0);
    if (!is_known) {
        c->strangers++;
        return SOTTO_OK;
    }
    return put(a, &q);
}

/* Users of both files are matched by the ids of their baskets. */
static int ask_user(const struct asking *a, const struct dataset_basket *b,
                    const struct dataset_basket *known) {
    struct cases *c = a->c;
    struct question q = {.now_s = known ? known->time_s : 0};
    c->persons++;
    if (!known) {
        c->strangers++;
        return SOTTO_OK;
    }
    int status = room(c, known->n, b->n, a->err);
    if (status != SOTTO_OK) return status;
    add_events(c, &q, &c->train, c->train_item, known, known->n);
    add_targets(c, &q, b, 0);
    return put(a, &q);
}

struct user {
    const struct dataset_basket *basket;
};

static int by_id(const void *a, const void *b) {
    const struct user *x = a, *y = b;
    return strcmp(x->basket->id, y->basket->id);
}

/* `users`: the training file's, by id. */
static const struct dataset_basket *find_user(const struct user *users, size_t n,
                                              const struct dataset_basket *b) {
    const struct user key = {b};
    const struct user *found = users && n ? bsearch(&key, users, n, sizeof key, by_id) : NULL;
    return found ? found->basket : NULL;
}

static int chain_customers(struct asking *a) {
    const struct dataset *d = &a->c->test;
    a->latest = malloc(((size_t)d->n_customers + 1) * sizeof *a->latest);
    a->before = malloc(((size_t)d->n_baskets + 1) * sizeof *a->before);
    a->is_done = calloc((size_t)d->n_customers + 1, 1);
    if (!a->latest || !a->before || !a->is_done)
        return fail(a->err, SOTTO_E_MEMORY, "no memory for %u customers", d->n_customers);
    for (uint32_t i = 0; i < d->n_customers; i++) a->latest[i] = DATASET_NONE;
    for (uint32_t b = 0; b < d->n_baskets && d->baskets[b].time_s < a->c->options->from_s; b++) {
        uint32_t customer = d->baskets[b].customer;
        if (customer == DATASET_NONE) continue;
        a->before[b] = a->latest[customer];
        a->latest[customer] = b;
    }
    return SOTTO_OK;
}

int cases_each(struct cases *c, int (*ask)(void *ctx, const struct question *q), void *ctx,
               void (*step)(void *ctx), struct sotto_error *err) {
    struct asking a = {.c = c, .ask = ask, .ctx = ctx, .err = err};
    struct user *users = NULL;
    int status = SOTTO_OK;
    if (c->options->protocol == PROTOCOL_NEXT_BASKET) status = chain_customers(&a);
    if (c->options->protocol == PROTOCOL_RANKING) {
        users = calloc((size_t)c->train.n_baskets + 1, sizeof *users);
        if (!users) status = fail(err, SOTTO_E_MEMORY, "no memory for the users");
        for (uint32_t b = 0; users && b < c->train.n_baskets; b++)
            users[b].basket = &c->train.baskets[b];
        if (users && c->train.n_baskets) qsort(users, c->train.n_baskets, sizeof *users, by_id);
    }
    for (uint32_t b = 0; b < c->test.n_baskets && status == SOTTO_OK; b++) {
        const struct dataset_basket *basket = &c->test.baskets[b];
        switch (c->options->protocol) {
        case PROTOCOL_BASKET: status = ask_basket(&a, basket); break;
        case PROTOCOL_NEXT_BASKET: status = ask_next_basket(&a, basket); break;
        case PROTOCOL_SESSIONS: status = ask_session(&a, basket); break;
        case PROTOCOL_RANKING:
            status = ask_user(&a, basket, find_user(users, c->train.n_baskets, basket));
            break;
        }
        step(ctx);
    }
    free(users);
    free(a.latest);
    free(a.before);
    free(a.is_done);
    return status;
}
