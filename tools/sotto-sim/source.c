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
    uint32_t first, next; /* baskets; those before `first` are what a model may have learnt from */
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
    int64_t first_s = o->from_s ? o->from_s : WORLD_DAY_0;
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

int source_open_data(struct source **source, const struct options *o, struct sotto_error *err) {
    struct dataset_options d = o->dataset;
    *source = NULL;
    d.until_s = o->days && o->from_s ? o->from_s + (int64_t)o->days * WORLD_DAY_S : 0;
    struct source *s = source_new(o);
    if (!s) return fail(err, SOTTO_E_MEMORY, "out of memory");
    int rc = dataset_read(&s->data, o->data, &d, err);
    if (rc != SOTTO_OK) {
        free(s);
        return rc;
    }
    s->has_data = 1;
    while (s->next < s->data.n_baskets && s->data.baskets[s->next].time_s < o->from_s) s->next++;
    s->first = s->next;
    if (s->next == s->data.n_baskets) {
        source_close(s);
        return fail(err, SOTTO_E_NOT_FOUND,
                    "%.120s: has no basket from --from on; choose an earlier day", o->data);
    }
    *source = s;
    return SOTTO_OK;
}

uint64_t source_total(const struct source *s) {
    if (s->has_data) return s->data.n_baskets - s->first;
    return (uint64_t)s->options->days *
           (s->options->visits_per_day ? s->options->visits_per_day : 120);
}

int64_t source_first_s(const struct source *s) {
    return s->has_data ? s->data.baskets[s->first].time_s
                       : WORLD_DAY_0 + (int64_t)s->first_day * WORLD_DAY_S;
}

int64_t source_last_s(const struct source *s) {
    return s->has_data ? s->data.baskets[s->data.n_baskets - 1].time_s
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

static void add_item(struct visit *v, uint32_t index) {
    if (index != MODEL_NONE && v->n < VISIT_ITEMS_MAX) v->items[v->n++] = index;
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

static int next_of_world(struct source *s, const struct model *catalogue, struct visit *v,
                         struct sotto_error *err) {
    struct world_visit w;
    if (!s->indices) {
        int rc = indices_make(s, catalogue, err);
        if (rc != SOTTO_OK) return rc;
    }
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
    for (uint32_t i = 0; i < w.n; i++) add_item(v, s->indices[w.items[i]]);
    s->distinct = w.n;
    return SOTTO_OK;
}

static int next_of_data(struct source *s, const struct model *catalogue, struct visit *v) {
    if (s->next >= s->data.n_baskets) return SOTTO_E_NOT_FOUND;
    const struct dataset_basket *b = &s->data.baskets[s->next++];
    v->id = b->id;
    v->profile = NULL;
    if (b->customer != DATASET_NONE) {
        snprintf(s->profile, sizeof s->profile, "P%05u", b->customer);
        v->profile = s->profile;
    }
    v->time_s = b->time_s;
    for (uint32_t i = 0; i < b->n; i++)
        add_item(v, model_find(catalogue, s->data.items[s->data.basket_items[b->first + i]].id));
    s->distinct = b->n;
    return SOTTO_OK;
}

int source_next(struct source *s, const struct model *catalogue, struct visit *v,
                struct sotto_error *err) {
    memset(v, 0, offsetof(struct visit, items)); /* the items are counted by n */
    return s->has_data ? next_of_data(s, catalogue, v) : next_of_world(s, catalogue, v, err);
}
