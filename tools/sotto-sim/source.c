/* source: see source.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "tools/sotto-sim/source.h"
#include "tools/sotto-sim/world.h"

struct source {
    const struct options *options;
    uint32_t distinct;
    char profile[SOTTO_PROFILE_NAME_MAX + 1], id[32];
    /* the town */
    struct world *world;
    uint32_t *indices; /* item of the town → item of the model */
    uint32_t first_day, day, index;
    /* real baskets */
    struct dataset data;
    int has_data;
    /* baskets first … end; those before are what a model may have learnt from */
    uint32_t first, next, end, cut;
};

static struct source *source_new(const struct options *o) {
    struct source *s = calloc(1, sizeof *s);
    if (s) s->options = o;
    return s;
}

void source_close(struct source *s) {
    if (!s) return;
    world_free(s->world);
    free(s->indices);
    if (s->has_data) dataset_free(&s->data);
    free(s);
}

int source_open_world(struct source **source, const struct options *o, struct sotto_error *err) {
    struct world_config c = {o->seed, o->items, o->shoppers, o->visits_per_day};
    int64_t first_s = o->from ? o->from_s : WORLD_DAY_0;
    *source = NULL;
    if (first_s < WORLD_DAY_0)
        return fail(
            err, SOTTO_E_ARGUMENT,
            "--from: the made-up town begins on 2025-01-01; choose that day or a later one");
    struct source *s = source_new(o);
    if (s) s->world = world_new(&c);
    if (!s || !s->world) {
        source_close(s);
        return fail(err, SOTTO_E_MEMORY, "out of memory for the town");
    }
    s->first_day = s->day = (uint32_t)((first_s - WORLD_DAY_0) / WORLD_DAY_S);
    *source = s;
    return SOTTO_OK;
}

/* The first basket of those from `b` on that is not before `until_s`. */
static uint32_t basket_from(const struct dataset *data, uint32_t b, int64_t until_s) {
    while (b < data->n_baskets && data->baskets[b].time_s < until_s) b++;
    return b;
}

/* Which baskets the options choose. */
static int baskets_choose(struct source *s, struct sotto_error *err) {
    const struct options *o = s->options;
    s->first = s->next = o->from ? basket_from(&s->data, 0, o->from_s) : 0;
    s->end = s->data.n_baskets;
    if (s->first == s->end)
        return fail(err, SOTTO_E_NOT_FOUND,
                    "%.120s: has no basket from --from on; choose an earlier day", o->data);
    int64_t first_s = s->data.baskets[s->first].time_s;
    if (first_s < 0)
        return fail(err, SOTTO_E_ARGUMENT,
                    "%.120s: has baskets before 1970, a time that no device's clock can tell; give "
                    "--from 1970-01-01 or a later day",
                    o->data);
    int64_t from_s = o->from ? o->from_s : first_s - first_s % WORLD_DAY_S;
    if (o->days) s->end = basket_from(&s->data, s->first, from_s + (int64_t)o->days * WORLD_DAY_S);
    if (s->first == s->end)
        return fail(err, SOTTO_E_NOT_FOUND,
                    "%.120s: has no basket in the %u days from --from on; choose other days",
                    o->data, o->days);
    return SOTTO_OK;
}

int source_open_data(struct source **source, const struct options *o, struct sotto_error *err) {
    *source = NULL;
    struct source *s = source_new(o);
    if (!s) return fail(err, SOTTO_E_MEMORY, "out of memory");
    int rc = dataset_read(&s->data, o->data, &o->dataset, err);
    s->has_data = rc == SOTTO_OK;
    if (rc == SOTTO_OK) rc = baskets_choose(s, err);
    if (rc == SOTTO_OK)
        *source = s;
    else
        source_close(s);
    return rc;
}

uint64_t source_total(const struct source *s) {
    if (s->has_data) return s->end - s->first;
    return (uint64_t)s->options->days *
           (s->options->visits_per_day ? s->options->visits_per_day : 120);
}

int64_t source_first_s(const struct source *s) {
    return s->has_data ? s->data.baskets[s->first].time_s
                       : WORLD_DAY_0 + (int64_t)s->first_day * WORLD_DAY_S;
}

int64_t source_last_s(const struct source *s) {
    return s->has_data ? s->data.baskets[s->end - 1].time_s
                       : WORLD_DAY_0 + (int64_t)(s->first_day + s->options->days) * WORLD_DAY_S - 1;
}

void source_before(const struct source *s, const struct model *catalogue, uint32_t *counts) {
    memset(counts, 0, catalogue->n_items * sizeof *counts);
    for (uint32_t b = 0; b < s->first; b++)
        for (uint32_t i = 0; i < s->data.baskets[b].n; i++) {
            uint32_t item = s->data.basket_items[s->data.baskets[b].first + i];
            uint32_t index = model_find(catalogue, s->data.items[item].id);
            if (index != MODEL_NONE) counts[index]++;
        }
}

uint32_t source_distinct(const struct source *s) { return s->distinct; }

uint32_t source_cut(const struct source *s) { return s->cut; }

/* 0 when the visit takes no more items. */
static int add_item(struct visit *v, uint32_t index) {
    if (index == MODEL_NONE) return 1;
    if (v->n == VISIT_ITEMS_MAX) return 0;
    v->items[v->n++] = index;
    return 1;
}

static int indices_make(struct source *s, const struct model *catalogue, struct sotto_error *err) {
    s->indices = malloc(world_items(s->world) * sizeof *s->indices);
    if (!s->indices) return fail(err, SOTTO_E_MEMORY, "out of memory for the town");
    uint32_t known = 0;
    for (uint32_t i = 0; i < world_items(s->world); i++) {
        s->indices[i] = model_find(catalogue, world_item(s->world, i)->id);
        known += s->indices[i] != MODEL_NONE;
    }
    if (known) return SOTTO_OK;
    return fail(err, SOTTO_E_MISMATCH,
                "the model pack's catalogue has no item of the made-up town of seed %llu; give the "
                "--seed and --items "
                "of `sotto-sim generate`, or --data",
                (unsigned long long)s->options->seed);
}

int source_check(struct source *s, const struct model *catalogue, struct sotto_error *err) {
    if (!s->has_data) return s->indices ? SOTTO_OK : indices_make(s, catalogue, err);
    for (uint32_t i = 0; i < s->data.n_items; i++)
        if (model_find(catalogue, s->data.items[i].id) != MODEL_NONE) return SOTTO_OK;
    return fail(err, SOTTO_E_MISMATCH,
                "%.120s: the model pack's catalogue has none of its items; give the data that it "
                "was made of",
                s->options->data);
}

static int next_of_world(struct source *s, const struct model *catalogue, struct visit *v,
                         struct sotto_error *err) {
    struct world_visit w;
    int rc = source_check(s, catalogue, err);
    if (rc != SOTTO_OK) return rc;
    while (s->index >= world_visits(s->world, s->day)) {
        s->index = 0;
        s->day++;
        if (s->day >= s->first_day + s->options->days) return SOTTO_E_NOT_FOUND;
    }
    if (s->day >= s->first_day + s->options->days) return SOTTO_E_NOT_FOUND;
    world_visit(s->world, s->day, s->index, &w);
    snprintf(s->id, sizeof s->id, "%u-%u", s->day, s->index++);
    snprintf(s->profile, sizeof s->profile, "P%05u", w.shopper);
    v->id = s->id;
    v->profile = w.is_member ? s->profile : NULL;
    v->time_s = w.time_s;
    for (uint32_t i = 0; i < w.n; i++) (void)add_item(v, s->indices[w.items[i]]);
    s->distinct = w.n;
    return SOTTO_OK;
}

static int next_of_data(struct source *s, const struct model *catalogue, struct visit *v) {
    if (s->next >= s->end) return SOTTO_E_NOT_FOUND;
    const struct dataset_basket *b = &s->data.baskets[s->next++];
    v->id = b->id;
    v->profile = NULL;
    if (b->customer != DATASET_NONE) {
        snprintf(s->profile, sizeof s->profile, "P%05u", b->customer);
        v->profile = s->profile;
    }
    v->time_s = b->time_s;
    for (uint32_t i = 0; i < b->n; i++)
        if (!add_item(
                v, model_find(catalogue, s->data.items[s->data.basket_items[b->first + i]].id))) {
            s->cut++;
            break;
        }
    s->distinct = b->n;
    return SOTTO_OK;
}

int source_next(struct source *s, const struct model *catalogue, struct visit *v,
                struct sotto_error *err) {
    memset(v, 0, offsetof(struct visit, items)); /* the items are counted by n */
    return s->has_data ? next_of_data(s, catalogue, v) : next_of_world(s, catalogue, v, err);
}
