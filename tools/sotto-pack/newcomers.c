/* newcomers: kin by tags, then borrowed weights. See newcomers.h. */
#include "tools/sotto-pack/newcomers.h"

#include <math.h>
#include <stdlib.h>

#include "pack/model.h"

struct kin {
    uint32_t item; /* learnt */
    float like;    /* cosine */
    float share;   /* of all kin of the newcomer */
};

struct newcomer {
    uint32_t item; /* of the dataset */
    uint32_t baskets, n_kin;
    const struct catalogue_item *known;
    struct kin kin[NEWCOMERS_KIN];
};

struct work {
    struct interactions *x;
    struct rows *rows;
    const struct dataset *data;
    const struct catalogue *catalogue;
    uint32_t learnt; /* items of x before */
    double strength;
    double *rarity;    /* per tag */
    size_t *starts;    /* per tag, into holders */
    uint32_t *holders; /* learnt items with the tag */
    float *norm, *sum; /* per learnt item */
    float *most;       /* per learnt item: its strongest weight */
    struct newcomer *newcomers;
    uint32_t n;
};

/* ---- Tags -------------------------------------------------------------------------------- */

static const struct catalogue_item *known_of(const struct work *w, uint32_t model_item) {
    return catalogue_find(w->catalogue, w->data->items[w->x->item_of[model_item]].id);
}

static int index_tags(struct work *w, struct sotto_error *err) {
    uint32_t n_tags = w->catalogue->n_tags;
    size_t all = 0;
    w->starts = calloc((size_t)n_tags + 2, sizeof *w->starts);
    w->rarity = calloc((size_t)n_tags + 1, sizeof *w->rarity);
    w->norm = calloc(w->learnt, sizeof *w->norm);
    w->sum = calloc(w->learnt, sizeof *w->sum);
    w->most = calloc(w->learnt, sizeof *w->most);
    int is_ready = w->starts && w->rarity && w->norm && w->sum && w->most;
    for (uint32_t i = 0; is_ready && i < w->learnt; i++) {
        const struct catalogue_item *known = known_of(w, i);
        for (uint32_t t = 0; known && t < known->n_tags; t++, all++)
            w->starts[known->tags[t] + 2]++;
    }
    w->holders = is_ready ? malloc((all + 1) * sizeof *w->holders) : NULL;
    if (!w->holders) return fail(err, SOTTO_E_MEMORY, "no memory for %u tags", n_tags);
    for (uint32_t t = 0; t < n_tags; t++) {
        size_t holders = w->starts[t + 2];
        w->starts[t + 2] += w->starts[t + 1];
        w->rarity[t] = holders ? log((double)w->learnt / (double)holders) : 0;
    }
    for (uint32_t i = 0; i < w->learnt; i++) {
        const struct catalogue_item *known = known_of(w, i);
        double square = 0;
        for (uint32_t t = 0; known && t < known->n_tags; t++) {
            w->holders[w->starts[known->tags[t] + 1]++] = i;
            square += w->rarity[known->tags[t]] * w->rarity[known->tags[t]];
        }
        w->norm[i] = (float)sqrt(square);
        if (w->rows->n[i] > 0)
            w->most[i] = fabsf(w->rows->entries[(size_t)i * w->rows->width].weight);
    }
    return SOTTO_OK;
}

/* The learnt items most like a newcomer. */
static void find_kin(const struct work *w, struct newcomer *c) {
    double square = 0, all = 0;
    for (uint32_t t = 0; t < c->known->n_tags; t++) {
        uint32_t tag = c->known->tags[t];
        float rarity = (float)(w->rarity[tag] * w->rarity[tag]);
        square += rarity;
        for (size_t k = w->starts[tag]; k < w->starts[tag + 1]; k++)
            w->sum[w->holders[k]] += rarity;
    }
    for (uint32_t t = 0; t < c->known->n_tags; t++)
        for (size_t k = w->starts[c->known->tags[t]]; k < w->starts[c->known->tags[t] + 1]; k++) {
            uint32_t item = w->holders[k], at;
            float like = w->sum[item] / (float)(w->norm[item] * sqrt(square));
            w->sum[item] = 0; /* seen; a second tag finds nothing */
            if (!(like > 0)) continue;
            for (at = c->n_kin;
                 at > 0 && (c->kin[at - 1].like < like ||
                            (c->kin[at - 1].like == like && c->kin[at - 1].item > item));)
                at--;
            if (at == NEWCOMERS_KIN) continue;
            if (c->n_kin < NEWCOMERS_KIN) c->n_kin++;
            memmove(c->kin + at + 1, c->kin + at, (c->n_kin - 1 - at) * sizeof *c->kin);
            c->kin[at] = (struct kin){item, like, 0};
        }
    for (uint32_t k = 0; k < c->n_kin; k++) all += c->kin[k].like;
    for (uint32_t k = 0; k < c->n_kin; k++) c->kin[k].share = (float)(c->kin[k].like / all);
}

/* ---- Choice ------------------------------------------------------------------------------ */

static const struct dataset *sorted_data; /* qsort has no context */

static int by_sales_then_id(const void *a, const void *b) {
    const struct newcomer *x = a, *y = b;
    if (x->baskets != y->baskets) return x->baskets > y->baskets ? -1 : 1;
    return strcmp(sorted_data->items[x->item].id, sorted_data->items[y->item].id);
}

static int choose(struct work *w, uint32_t n_baskets, const uint8_t *held, uint32_t most,
                  struct sotto_error *err) {
    const struct dataset *d = w->data;
    uint32_t *baskets = calloc((size_t)d->n_items + 1, sizeof *baskets);
    if (!baskets) return fail(err, SOTTO_E_MEMORY, "no memory for %u items", d->n_items);
    for (uint32_t b = 0; b < n_baskets; b++)
        for (uint32_t k = 0; k < d->baskets[b].n; k++)
            if (!held || !held[d->baskets[b].first + k])
                baskets[d->basket_items[d->baskets[b].first + k]]++;
    w->newcomers = calloc((size_t)d->n_items + 1, sizeof *w->newcomers);
    for (uint32_t i = 0; w->newcomers && i < d->n_items; i++) {
        struct newcomer c = {.item = i, .baskets = baskets[i]};
        size_t id = strlen(d->items[i].id);
        if (w->x->model_of[i] != DATASET_NONE || id == 0 || id > SOTTO_ITEM_ID_MAX ||
            !utf8_is_printable(d->items[i].id, id))
            continue;
        c.known = catalogue_find(w->catalogue, d->items[i].id);
        if (c.known && c.known->n_tags) w->newcomers[w->n++] = c;
    }
    free(baskets);
    if (!w->newcomers) return fail(err, SOTTO_E_MEMORY, "no memory for %u items", d->n_items);
    sorted_data = d;
    if (w->n) qsort(w->newcomers, w->n, sizeof *w->newcomers, by_sales_then_id);
    uint32_t kept = 0;
    for (uint32_t k = 0; k < w->n && kept < most; k++) {
        find_kin(w, &w->newcomers[k]);
        if (w->newcomers[k].n_kin) w->newcomers[kept++] = w->newcomers[k];
    }
    w->n = kept;
    return SOTTO_OK;
}

/* ---- Weights ----------------------------------------------------------------------------- */

/* Whose kin each learnt item is. */
struct claim {
    uint32_t newcomer; /* number in x */
    float like, share;
};

static int extend_rows(struct work *w, struct sotto_error *err) {
    struct rows *old = w->rows, new;
    uint32_t n = w->learnt + w->n;
    size_t *starts = calloc((size_t)w->learnt + 2, sizeof *starts);
    struct claim *claims = calloc((size_t)w->n * NEWCOMERS_KIN + 1, sizeof *claims);
    float *sum = calloc(n, sizeof *sum);
    struct rows_entry *row = malloc(n * sizeof *row);
    int status = rows_make(&new, n, old->width, err);
    if (status == SOTTO_OK && (!starts || !claims || !sum || !row))
        status = fail(err, SOTTO_E_MEMORY, "no memory for %u newcomers", w->n);
    for (uint32_t c = 0; status == SOTTO_OK && c < w->n; c++)
        for (uint32_t k = 0; k < w->newcomers[c].n_kin; k++)
            starts[w->newcomers[c].kin[k].item + 2]++;
    for (uint32_t i = 0; status == SOTTO_OK && i < w->learnt; i++) starts[i + 2] += starts[i + 1];
    for (uint32_t c = 0; status == SOTTO_OK && c < w->n; c++)
        for (uint32_t k = 0; k < w->newcomers[c].n_kin; k++) {
            const struct kin *kin = &w->newcomers[c].kin[k];
            claims[starts[kin->item + 1]++] = (struct claim){w->learnt + c, kin->like, kin->share};
        }
    for (uint32_t i = 0; status == SOTTO_OK && i < w->learnt; i++) {
        uint32_t found = 0;
        double cut = old->total[i];
        for (uint32_t k = 0; k < old->n[i]; k++) {
            struct rows_entry e = old->entries[(size_t)i * old->width + k];
            row[found++] = e;
            cut -= fabsf(e.weight);
            for (size_t s = starts[e.column]; s < starts[e.column + 1]; s++)
                sum[claims[s].newcomer] += (float)w->strength * claims[s].share * e.weight;
        }
        for (size_t s = starts[i]; s < starts[i + 1]; s++)
            sum[claims[s].newcomer] += (float)w->strength * claims[s].like * w->most[i];
        for (uint32_t j = w->learnt; j < n; j++) {
            if (sum[j] != 0) row[found++] = (struct rows_entry){j, sum[j]};
            sum[j] = 0;
        }
        rows_put(&new, i, row, found);
        new.total[i] += fmax(cut, 0);
        new.self[i] = old->self[i];
    }
    for (uint32_t c = 0; status == SOTTO_OK && c < w->n; c++) {
        uint32_t found = 0;
        for (uint32_t k = 0; k < w->newcomers[c].n_kin; k++) {
            const struct kin *kin = &w->newcomers[c].kin[k];
            for (uint32_t e = 0; e < old->n[kin->item]; e++) {
                struct rows_entry entry = old->entries[(size_t)kin->item * old->width + e];
                sum[entry.column] += (float)w->strength * kin->share * entry.weight;
            }
            sum[kin->item] += (float)w->strength * kin->like * w->most[kin->item];
        }
        for (uint32_t j = 0; j < w->learnt; j++) {
            if (sum[j] != 0) row[found++] = (struct rows_entry){j, sum[j]};
            sum[j] = 0;
        }
        rows_put(&new, w->learnt + c, row, found);
    }
    free(starts);
    free(claims);
    free(sum);
    free(row);
    if (status != SOTTO_OK) {
        rows_free(&new);
        return status;
    }
    new.lambda = old->lambda;
    new.live_share = old->live_share;
    new.cut_rows = old->cut_rows;
    rows_free(old);
    *old = new;
    return SOTTO_OK;
}

static int extend_items(struct work *w, uint8_t **is_new, struct sotto_error *err) {
    uint32_t n = w->learnt + w->n;
    uint32_t *degree = realloc(w->x->degree, n * sizeof *degree);
    *is_new = calloc(n, 1);
    if (degree) w->x->degree = degree;
    if (!degree || !*is_new) return fail(err, SOTTO_E_MEMORY, "no memory for %u newcomers", w->n);
    for (uint32_t c = 0; c < w->n; c++) {
        uint32_t item = w->learnt + c;
        w->x->item_of[item] = w->newcomers[c].item;
        w->x->model_of[w->newcomers[c].item] = item;
        w->x->degree[item] = 1;
        (*is_new)[item] = 1;
    }
    w->x->n_items = n;
    return SOTTO_OK;
}

int newcomers_add(struct interactions *x, struct rows *rows, const struct dataset *data,
                  const struct catalogue *catalogue, uint32_t n_baskets, const uint8_t *held,
                  uint32_t most, double strength, uint8_t **is_new, struct sotto_error *err) {
    struct work w = {.x = x,
                     .rows = rows,
                     .data = data,
                     .catalogue = catalogue,
                     .learnt = x->n_items,
                     .strength = strength};
    *is_new = NULL;
    if (most > MODEL_ITEMS_MAX - x->n_items) most = MODEL_ITEMS_MAX - x->n_items;
    int status = index_tags(&w, err);
    if (status == SOTTO_OK) status = choose(&w, n_baskets, held, most, err);
    if (status == SOTTO_OK && w.n > 0) status = extend_rows(&w, err);
    if (status == SOTTO_OK && w.n > 0) status = extend_items(&w, is_new, err);
    free(w.rarity);
    free(w.starts);
    free(w.holders);
    free(w.norm);
    free(w.sum);
    free(w.most);
    free(w.newcomers);
    return status;
}
