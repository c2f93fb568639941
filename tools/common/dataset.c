/* dataset: groups clean lines into baskets and gathers what is known of each item. See dataset.h.
 */
#include "tools/common/dataset.h"

#include <stdlib.h>
#include <time.h>

#include "tools/common/clean.h"

#define DAY_S      86400
#define STALE_DAYS 90

/* What is read, kept as long as the dataset, since ids and titles point into it. */
struct owned {
    struct lines lines;
    uint8_t *keep;
    uint32_t *item_of_text, *customer_of_text; /* number among those kept */
};

static int no_memory(struct sotto_error *err, size_t lines) {
    return fail(err, SOTTO_E_MEMORY,
                "no memory for %zu lines; give a part of the data with --from and --until", lines);
}

/* ---- Baskets ----------------------------------------------------------------------------- */

/* One kept line on its way into a basket. */
struct entry {
    uint32_t basket, item;
    int64_t day, time_s; /* both 0 unless they matter */
    double order;
    size_t line;
};

static int by_basket_then_line(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    if (x->basket != y->basket) return x->basket < y->basket ? -1 : 1;
    if (x->day != y->day) return x->day < y->day ? -1 : 1;
    if (x->order != y->order) return x->order < y->order ? -1 : 1;
    if (x->time_s != y->time_s) return x->time_s < y->time_s ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

struct group {
    size_t first, n;   /* entries */
    int64_t time_s;    /* of the first line */
    size_t first_line; /* breaks ties: file order */
};

static int by_time_then_line(const void *a, const void *b) {
    const struct group *x = a, *y = b;
    if (x->time_s != y->time_s) return x->time_s < y->time_s ? -1 : 1;
    return x->first_line < y->first_line ? -1 : x->first_line > y->first_line;
}

static int64_t day_of(int64_t time_s) { return time_s / DAY_S - (time_s % DAY_S < 0); }

/* Runs of the same basket id and day. */
static size_t find_groups(const struct owned *o, const struct entry *entries, size_t n,
                          struct group *groups) {
    size_t n_groups = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || entries[i].basket != entries[i - 1].basket ||
            entries[i].day != entries[i - 1].day)
            groups[n_groups++] =
                (struct group){i, 0, o->lines.v[entries[i].line].time_s, entries[i].line};
        groups[n_groups - 1].n++;
    }
    qsort(groups, n_groups, sizeof *groups, by_time_then_line);
    return n_groups;
}

/* Writes one basket's items, distinct ones unless it is a sequence; forgets it again if it is
 * larger than allowed. */
static void add_basket(struct dataset *d, struct owned *o, const struct entry *entries,
                       const struct group *g, uint32_t *last_seen,
                       const struct dataset_options *options) {
    uint32_t max_basket = options->max_basket;
    struct dataset_quality *q = &d->quality;
    const struct line *first = &o->lines.v[entries[g->first].line];
    struct dataset_basket basket = {.time_s = g->time_s,
                                    .id = o->lines.baskets.texts[first->basket],
                                    .customer = first->customer,
                                    .first = (uint32_t)d->n_basket_items};
    uint64_t duplicates = 0, first_duplicate = 0;
    for (size_t i = g->first; i < g->first + g->n; i++) {
        uint32_t item = entries[i].item;
        if (last_seen[item] == d->n_baskets + 1 && !options->keeps_sequence) {
            if (duplicates++ == 0) first_duplicate = o->lines.v[entries[i].line].number;
            continue;
        }
        last_seen[item] = d->n_baskets + 1;
        d->basket_items[basket.first + basket.n++] = item;
    }
    if (max_basket && basket.n > max_basket) {
        for (size_t i = g->first; i < g->first + g->n; i++) {
            last_seen[entries[i].item] = 0;
            o->keep[entries[i].line] = 0;
        }
        if (!q->first.oversized || first->number < q->first.oversized)
            q->first.oversized = first->number;
        q->oversized += g->n;
        q->kept -= g->n;
        return;
    }
    q->duplicates += duplicates;
    if (first_duplicate && (!q->first.duplicate || first_duplicate < q->first.duplicate))
        q->first.duplicate = first_duplicate;
    d->n_basket_items += basket.n;
    d->baskets[d->n_baskets++] = basket;
}

static int build_baskets(struct dataset *d, struct owned *o, const struct dataset_options *options,
                         struct sotto_error *err) {
    size_t kept = (size_t)d->quality.kept, n = 0;
    struct entry *entries = malloc(kept * sizeof *entries);
    struct group *groups = malloc(kept * sizeof *groups);
    uint32_t *last_seen = calloc(o->lines.items.n, sizeof *last_seen);
    d->baskets = calloc(kept, sizeof *d->baskets);
    d->basket_items = malloc(kept * sizeof *d->basket_items);
    int is_ready = entries && groups && last_seen && d->baskets && d->basket_items;
    for (size_t i = 0; is_ready && i < o->lines.n; i++) {
        const struct line *line = &o->lines.v[i];
        if (!o->keep[i]) continue;
        /* Ids of baskets may come again on another day; a session may pass midnight. */
        entries[n++] =
            options->keeps_sequence
                ? (struct entry){line->basket, line->item, 0, line->time_s, line->order, i}
                : (struct entry){line->basket, line->item, day_of(line->time_s), 0, 0, i};
    }
    if (is_ready) {
        qsort(entries, n, sizeof *entries, by_basket_then_line);
        size_t n_groups = find_groups(o, entries, n, groups);
        for (size_t g = 0; g < n_groups; g++)
            add_basket(d, o, entries, &groups[g], last_seen, options);
    }
    free(entries);
    free(groups);
    free(last_seen);
    return is_ready ? SOTTO_OK : no_memory(err, kept);
}

/* ---- Items ------------------------------------------------------------------------------- */

struct fact {
    uint32_t item, word; /* a title or a category */
    float price;
};

static int by_item_then_word(const void *a, const void *b) {
    const struct fact *x = a, *y = b;
    if (x->item != y->item) return x->item < y->item ? -1 : 1;
    return x->word < y->word ? -1 : x->word > y->word;
}

static int by_item_then_price(const void *a, const void *b) {
    const struct fact *x = a, *y = b;
    if (x->item != y->item) return x->item < y->item ? -1 : 1;
    return x->price < y->price ? -1 : x->price > y->price;
}

/* The most frequent word of the item at facts[i], lowest number first; *end is behind its facts. */
static uint32_t commonest(const struct fact *facts, size_t n, size_t i, size_t *end) {
    uint32_t best = DATASET_NONE, item = facts[i].item;
    size_t best_n = 0;
    while (i < n && facts[i].item == item) {
        size_t run = i;
        while (run < n && facts[run].item == item && facts[run].word == facts[i].word) run++;
        if (facts[i].word != DATASET_NONE && run - i > best_n) {
            best = facts[i].word;
            best_n = run - i;
        }
        i = run;
    }
    *end = i;
    return best;
}

/* Numbers the items that are in a basket, in order of appearance, and rewrites the baskets to
 * those. */
static int number_items(struct dataset *d, struct owned *o, struct sotto_error *err) {
    o->item_of_text = malloc(o->lines.items.n * sizeof *o->item_of_text);
    d->items = calloc(o->lines.items.n, sizeof *d->items);
    uint32_t *last = calloc(o->lines.items.n + 1u, sizeof *last); /* basket + 1 it was seen in */
    if (!o->item_of_text || !d->items || !last) {
        free(last);
        return no_memory(err, o->lines.n);
    }
    for (uint32_t i = 0; i < o->lines.items.n; i++) o->item_of_text[i] = DATASET_NONE;
    for (uint32_t b = 0; b < d->n_baskets; b++)
        for (uint32_t k = 0; k < d->baskets[b].n; k++) {
            uint32_t *cell = &d->basket_items[d->baskets[b].first + k];
            uint32_t *number = &o->item_of_text[*cell];
            if (*number == DATASET_NONE) {
                *number = d->n_items++;
                d->items[*number].id = o->lines.items.texts[*cell];
                d->items[*number].title = d->items[*number].category = "";
            }
            *cell = *number;
            if (last[*cell] != b + 1) d->items[*cell].baskets++;
            last[*cell] = b + 1;
            if (d->baskets[b].time_s > d->items[*cell].last_s)
                d->items[*cell].last_s = d->baskets[b].time_s;
        }
    free(last);
    return SOTTO_OK;
}

static int describe_items(struct dataset *d, struct owned *o, struct sotto_error *err) {
    size_t n = 0;
    struct fact *facts = malloc((size_t)d->quality.kept * sizeof *facts + 1);
    uint32_t *title_of = calloc(d->n_items + 1u, sizeof *title_of);
    if (!facts || !title_of) {
        free(facts);
        free(title_of);
        return no_memory(err, (size_t)d->quality.kept);
    }
    for (int pass = 0; pass < 2; pass++) { /* titles, then categories */
        n = 0;
        for (size_t i = 0; i < o->lines.n; i++) {
            const struct line *l = &o->lines.v[i];
            if (o->keep[i])
                facts[n++] = (struct fact){o->item_of_text[l->item], pass ? l->category : l->title,
                                           l->price};
        }
        qsort(facts, n, sizeof *facts, by_item_then_word);
        for (size_t i = 0, end; i < n; i = end) {
            uint32_t word = commonest(facts, n, i, &end), item = facts[i].item;
            if (pass && word != DATASET_NONE)
                d->items[item].category = o->lines.categories.texts[word];
            if (!pass && word != DATASET_NONE) d->items[item].title = o->lines.titles.texts[word];
            if (!pass) title_of[item] = word;
        }
    }
    qsort(facts, n, sizeof *facts, by_item_then_price);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && facts[end].item == facts[i].item;) end++;
        d->items[facts[i].item].price = (double)facts[i + (end - i - 1) / 2].price;
    }
    for (size_t i = 0; i < o->lines.n; i++) {
        const struct line *l = &o->lines.v[i];
        if (o->keep[i] && l->title != DATASET_NONE)
            d->quality.repaired_titles += (l->flags & LINE_TITLE_CLEANED) != 0 ||
                                          l->title != title_of[o->item_of_text[l->item]];
    }
    free(facts);
    free(title_of);
    return SOTTO_OK;
}

/* ---- Customers and what deserves a look --------------------------------------------------- */

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* How many of v are at least `least` and more than `times` the median: too much for a person. */
static uint32_t count_extreme(uint32_t *v, uint32_t n, uint32_t least, uint32_t times) {
    uint32_t extreme = 0;
    if (n == 0) return 0;
    qsort(v, n, sizeof *v, by_number);
    for (uint32_t i = n; i-- > 0 && v[i] >= least && v[i] > times * v[n / 2];) extreme++;
    return extreme;
}

static int number_customers(struct dataset *d, struct owned *o, struct sotto_error *err) {
    uint32_t n_texts = o->lines.customers.n;
    uint32_t *per_customer = calloc(n_texts + 1u, sizeof *per_customer);
    uint32_t *sizes = malloc((d->n_baskets + 1u) * sizeof *sizes);
    o->customer_of_text = malloc((n_texts + 1u) * sizeof *o->customer_of_text);
    int is_ready = per_customer && sizes && o->customer_of_text;
    for (uint32_t i = 0; is_ready && i < n_texts; i++) o->customer_of_text[i] = DATASET_NONE;
    for (uint32_t b = 0; is_ready && b < d->n_baskets; b++) {
        uint32_t *customer = &d->baskets[b].customer;
        sizes[b] = d->baskets[b].n;
        if (*customer == DATASET_NONE) continue;
        if (o->customer_of_text[*customer] == DATASET_NONE)
            o->customer_of_text[*customer] = d->n_customers++;
        *customer = o->customer_of_text[*customer];
        per_customer[*customer]++;
    }
    if (is_ready) {
        d->quality.bot_baskets = count_extreme(sizes, d->n_baskets, 100, 20);
        d->quality.bot_customers = count_extreme(per_customer, d->n_customers, 100, 50);
    }
    free(per_customer);
    free(sizes);
    return is_ready ? SOTTO_OK : no_memory(err, o->lines.n);
}

static void summarise(struct dataset *d, const struct owned *o,
                      const struct dataset_options *options) {
    struct dataset_quality *q = &d->quality;
    int64_t tomorrow_s = (int64_t)time(NULL) + DAY_S; /* whatever the zone */
    int64_t stale_s = (int64_t)(options->stale_days ? options->stale_days : STALE_DAYS) * DAY_S;
    q->items = d->n_items;
    q->baskets = d->n_baskets;
    q->customers = d->n_customers;
    q->first_s = d->baskets[0].time_s;
    q->last_s = d->baskets[d->n_baskets - 1].time_s;
    for (uint32_t i = 0; i < d->n_items; i++)
        q->stale_items += q->last_s - d->items[i].last_s > stale_s;
    for (size_t i = 0; i < o->lines.n; i++) {
        if (!o->keep[i]) continue;
        q->missing_customers += o->lines.v[i].customer == DATASET_NONE;
        q->missing_titles += o->lines.v[i].title == DATASET_NONE;
        q->future_times += o->lines.v[i].time_s > tomorrow_s;
    }
}

/* ---- All of it --------------------------------------------------------------------------- */

int dataset_read(struct dataset *d, const char *path, const struct dataset_options *options,
                 struct sotto_error *err) {
    struct sotto_error ignored;
    memset(d, 0, sizeof *d);
    if (!err) err = &ignored;
    struct owned *o = calloc(1, sizeof *o);
    if (!o) return no_memory(err, 0);
    d->owned = o;
    struct dataset_options how = *options;
    int status = lines_read(&o->lines, path, options, &d->format, &d->quality, err);
    /* Lists hold interactions already judged: nothing is inferred from how their ids look. */
    if (d->format == DATASET_LISTS && !how.item_pattern) how.item_pattern = "";
    if (d->format == DATASET_LISTS && !how.cancel_prefix) how.cancel_prefix = "";
    if (status == SOTTO_OK) {
        o->keep = calloc(o->lines.n + 1, 1);
        if (!o->keep) status = no_memory(err, o->lines.n);
    }
    if (status == SOTTO_OK) status = lines_judge(&o->lines, &how, o->keep, &d->quality, err);
    if (status == SOTTO_OK && d->quality.kept > 0) status = build_baskets(d, o, &how, err);
    if (status == SOTTO_OK && d->quality.kept == 0)
        status = lines_none_left(&d->quality, path, err);
    if (status == SOTTO_OK) status = number_items(d, o, err);
    if (status == SOTTO_OK) status = describe_items(d, o, err);
    if (status == SOTTO_OK) status = number_customers(d, o, err);
    if (status == SOTTO_OK)
        summarise(d, o, options);
    else
        dataset_free(d);
    return status;
}

void dataset_free(struct dataset *d) {
    struct owned *o = d->owned;
    if (o) {
        lines_free(&o->lines);
        free(o->keep);
        free(o->item_of_text);
        free(o->customer_of_text);
        free(o);
    }
    free(d->items);
    free(d->baskets);
    free(d->basket_items);
    memset(d, 0, sizeof *d);
}
