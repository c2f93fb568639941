/* world: how tastes become baskets. Owns the latent model; words.c owns the vocabulary.
 *
 * An item has a category, a popularity and a taste vector; a shopper has a taste of his own that
 * leans to one of TYPES kinds of people; a visit has an occasion. Each pick is drawn with weight
 *     popularity · season(category, month) · 2^((shopper + occasion + basket so far) · item)
 * and pulls the basket's vector towards what was picked, which is what makes items go together.
 * 2^x comes from a table built by integer multiplication. */
#include <stdlib.h>
#include <string.h>

#include "tools/sotto-sim/dice.h"
#include "tools/sotto-sim/words.h"
#include "tools/sotto-sim/world.h"

enum { TYPES = 10, OCCASIONS = 36, EXP_STEPS = 16, EXP_MAX = 10 };
/* What each generator is for; a new purpose never disturbs an old one. */
enum purpose { FOR_ITEMS = 1, FOR_TYPES, FOR_OCCASIONS, FOR_SHOPPERS, FOR_DAYS, FOR_VISITS };

struct world {
    struct world_config config;
    struct world_item *items;
    uint32_t *weights;                          /* scratch of one pick */
    uint32_t exp2[2 * EXP_MAX * EXP_STEPS + 1]; /* 2^(i/16 - 10), Q16 */
    int8_t types[TYPES][WORLD_TASTES], occasions[OCCASIONS][WORLD_TASTES];
    uint32_t day, n_seconds; /* arrival times of the day last asked for */
    uint32_t seconds[WORLD_VISITS_MAX];
};

/* Roughly normal, standard deviation 16: the sum of four dice, as integers. */
static int8_t taste_draw(struct dice *d) {
    int sum = 0;
    for (int i = 0; i < 4; i++) sum += (int)dice_below(d, 29) - 14;
    return (int8_t)sum;
}

static void taste_fill(struct dice *d, int8_t taste[WORLD_TASTES]) {
    for (int t = 0; t < WORLD_TASTES; t++) taste[t] = taste_draw(d);
}

static void exp2_fill(uint32_t *table) {
    const uint64_t step = 4485121744u; /* 2^(1/16) in Q32, rounded */
    uint64_t v = (uint64_t)1 << 38;    /* 2^-10 in Q48; 320 steps lose less than 2^-28 of it */
    for (int i = 0; i <= 2 * EXP_MAX * EXP_STEPS; i++) {
        table[i] = (uint32_t)((v + ((uint64_t)1 << 31)) >> 32);
        /* v · step / 2^32 without a 128-bit product; both halves stay below 2^64 as high < 2^27 */
        v = (v >> 32) * step + (((v & 0xffffffffu) * (step >> 1)) >> 31);
    }
}

/* 2^(x / 1024) in Q16, clamped to 2^-10 … 2^10. */
static uint32_t exp2_of(const struct world *w, int32_t x) {
    int32_t i = x / (1024 / EXP_STEPS) + EXP_MAX * EXP_STEPS;
    if (i < 0) i = 0;
    if (i > 2 * EXP_MAX * EXP_STEPS) i = 2 * EXP_MAX * EXP_STEPS;
    return w->exp2[i];
}

static void items_fill(struct world *w) {
    int8_t centres[WORLD_CATEGORIES][WORLD_TASTES];
    struct dice d = dice_for(w->config.seed, FOR_ITEMS, 0);
    for (uint32_t c = 0; c < WORLD_CATEGORIES; c++) taste_fill(&d, centres[c]);
    for (uint32_t i = 0; i < w->config.items; i++) {
        struct world_item *item = &w->items[i];
        item->category = i % WORLD_CATEGORIES;
        words_id(item->id, i, w->config.seed);
        words_title(item->title, item->category, i / WORLD_CATEGORIES, w->config.seed);
        item->price_pence = words_price(item->category) * (60 + dice_below(&d, 120)) / 100;
        /* Zipf-like: a random rank decides, so that each category has its own hits */
        item->popularity = 4096 * 12 / (12 + dice_below(&d, w->config.items));
        if (!item->popularity) item->popularity = 1;
        for (int t = 0; t < WORLD_TASTES; t++)
            item->taste[t] = (int8_t)((centres[item->category][t] + 2 * taste_draw(&d)) / 2);
    }
}

struct world *world_new(const struct world_config *config) {
    struct world_config c = *config;
    if (!c.items) c.items = 400;
    if (!c.shoppers) c.shoppers = 1500;
    if (!c.visits_per_day) c.visits_per_day = 120;
    if (c.items < WORLD_ITEMS_MIN || c.items > WORLD_ITEMS_MAX ||
        c.visits_per_day > WORLD_VISITS_MAX / 2)
        return NULL;

    struct world *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->config = c;
    w->day = UINT32_MAX;
    w->items = calloc(c.items, sizeof *w->items);
    w->weights = calloc(c.items, sizeof *w->weights);
    if (!w->items || !w->weights) {
        world_free(w);
        return NULL;
    }
    exp2_fill(w->exp2);
    items_fill(w);
    struct dice d = dice_for(c.seed, FOR_TYPES, 0);
    for (int i = 0; i < TYPES; i++) taste_fill(&d, w->types[i]);
    d = dice_for(c.seed, FOR_OCCASIONS, 0);
    for (int i = 0; i < OCCASIONS; i++) taste_fill(&d, w->occasions[i]);
    return w;
}

void world_free(struct world *w) {
    if (!w) return;
    free(w->items);
    free(w->weights);
    free(w);
}

uint32_t world_items(const struct world *w) { return w->config.items; }
const struct world_item *world_item(const struct world *w, uint32_t item) {
    return &w->items[item];
}
const char *world_category(uint32_t category) { return words_category(category); }

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Opening hours 9 to 20; busier at noon and after work, and at the end of the week. */
static void day_make(struct world *w, uint32_t day) {
    static const uint32_t weekday[7] = {90,  95, 110, 130,
                                        125, 75, 75}; /* Wednesday first, per cent */
    static const uint8_t hours[24] = {9,  10, 10, 11, 11, 12, 12, 12, 13, 13, 14, 14,
                                      15, 15, 16, 16, 17, 17, 17, 18, 18, 18, 19, 19};
    if (w->day == day) return;
    struct dice d = dice_for(w->config.seed, FOR_DAYS, day);
    uint32_t n = w->config.visits_per_day * weekday[day % 7] / 100;
    n = n * (90 + dice_below(&d, 21)) / 100;
    if (n < 1) n = 1;
    if (n > WORLD_VISITS_MAX) n = WORLD_VISITS_MAX;
    for (uint32_t i = 0; i < n; i++)
        w->seconds[i] = hours[dice_below(&d, 24)] * 3600u + dice_below(&d, 3600);
    qsort(w->seconds, n, sizeof w->seconds[0], by_value);
    w->day = day;
    w->n_seconds = n;
}

uint32_t world_visits(struct world *w, uint32_t day) {
    day_make(w, day);
    return w->n_seconds;
}

/* How much the season favours a category, per cent: each peaks in a month of its own. */
static uint32_t season(uint32_t category, uint32_t day) {
    static const uint32_t wave[12] = {170, 150, 120, 95, 80, 70, 65, 70, 80, 95, 120, 150};
    uint32_t month = day % 365 * 12 / 365;
    return wave[(month + 12 - words_peak(category)) % 12];
}

static uint32_t basket_size(struct dice *d) {
    static const uint8_t sizes[16] = {2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 8, 9, 10, 12};
    return sizes[dice_below(d, 16)];
}

/* One pick among the items not yet taken; `pull` is shopper + occasion + basket so far. */
static uint32_t pick(struct world *w, struct dice *d, const int32_t pull[WORLD_TASTES],
                     uint32_t day, const struct world_visit *taken) {
    uint32_t sum = 0; /* 20,000 items · at most 65535 < 2^32 */
    for (uint32_t i = 0; i < w->config.items; i++) {
        const struct world_item *item = &w->items[i];
        int32_t dot = 0; /* 8 · 400 · 127 < 2^31 */
        for (int t = 0; t < WORLD_TASTES; t++) dot += pull[t] * item->taste[t];
        uint64_t weight = (uint64_t)item->popularity * season(item->category, day);
        weight = (weight * exp2_of(w, dot)) >> 22;
        w->weights[i] = weight > 65535 ? 65535 : weight < 1 ? 1 : (uint32_t)weight;
    }
    for (uint32_t k = 0; k < taken->n; k++) w->weights[taken->items[k]] = 0;
    for (uint32_t i = 0; i < w->config.items; i++) sum += w->weights[i];
    uint32_t at = dice_below(d, sum), item = 0;
    while (at >= w->weights[item]) at -= w->weights[item++];
    return item;
}

void world_visit(struct world *w, uint32_t day, uint32_t index, struct world_visit *visit) {
    day_make(w, day);
    memset(visit, 0, sizeof *visit);
    struct dice d = dice_for(w->config.seed, FOR_VISITS, (uint64_t)day << 32 | index);
    visit->time_s = WORLD_DAY_0 + (int64_t)day * WORLD_DAY_S + w->seconds[index];
    /* the smaller of two draws: some come every other day, most now and then */
    uint32_t a = dice_below(&d, w->config.shoppers), b = dice_below(&d, w->config.shoppers);
    visit->shopper = a < b ? a : b;
    visit->is_member = dice_chance(&d, 700000);

    struct dice own = dice_for(w->config.seed, FOR_SHOPPERS, visit->shopper);
    const int8_t *type = w->types[dice_below(&own, TYPES)];
    uint32_t favourite = dice_below(&own, OCCASIONS), other = dice_below(&d, OCCASIONS);
    const int8_t *occasion = w->occasions[dice_chance(&d, 350000) ? favourite : other];
    int32_t base[WORLD_TASTES], basket[WORLD_TASTES] = {0};
    for (int t = 0; t < WORLD_TASTES; t++)
        base[t] = type[t] + taste_draw(&own) / 2 + 2 * occasion[t];

    uint32_t n = basket_size(&d);
    while (visit->n < n) {
        int32_t pull[WORLD_TASTES];
        for (int t = 0; t < WORLD_TASTES; t++)
            pull[t] = base[t] + (visit->n ? 3 * basket[t] / (int32_t)visit->n : 0);
        uint32_t item = pick(w, &d, pull, day, visit);
        for (int t = 0; t < WORLD_TASTES; t++) basket[t] += w->items[item].taste[t];
        visit->items[visit->n] = item;
        visit->quantities[visit->n++] = 1 + (dice_below(&d, 6) == 0) * dice_below(&d, 5);
    }
}
