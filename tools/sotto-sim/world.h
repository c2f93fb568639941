/* world: a made-up town of shoppers with tastes, so that everything can be tried without anybody's
 * data. Deterministic by seed on every CPU: integers and tables only, no floating point. Each day
 * is made from (seed, day) alone, so training days and later kiosk days belong to one world. */
#ifndef SOTTO_SIM_WORLD_H
#define SOTTO_SIM_WORLD_H

#include <stdint.h>

#define WORLD_CATEGORIES  12
#define WORLD_TASTES      8
#define WORLD_ITEMS_MIN   48
#define WORLD_ITEMS_MAX   20000
#define WORLD_BASKET_MAX  12
#define WORLD_VISITS_MAX  20000 /* a day */
#define WORLD_ID_BYTES    16
#define WORLD_TITLE_BYTES 64
/* Day 0: Wednesday 2025-01-01, seconds since 1970. */
#define WORLD_DAY_0 INT64_C(1735689600)
#define WORLD_DAY_S 86400

struct world_config {
    uint64_t seed;
    uint32_t items;          /* 0: 400 */
    uint32_t shoppers;       /* 0: 1500 */
    uint32_t visits_per_day; /* on an average day; 0: 120 */
};

struct world_item {
    char id[WORLD_ID_BYTES], title[WORLD_TITLE_BYTES];
    uint32_t category, price_pence;
    uint32_t popularity; /* relative, 1 to 4096 */
    int8_t taste[WORLD_TASTES];
};

struct world_visit {
    int64_t time_s;
    uint32_t shopper;   /* 0 … shoppers - 1 */
    uint32_t is_member; /* 1: showed a customer card */
    uint32_t n;
    uint32_t items[WORLD_BASKET_MAX],
        quantities[WORLD_BASKET_MAX]; /* distinct, in order of picking */
};

struct world; /* the town */

/* NULL when memory is short or the configuration out of range. Release with world_free. */
struct world *world_new(const struct world_config *config);
void world_free(struct world *world);

uint32_t world_items(const struct world *world);
const struct world_item *world_item(const struct world *world, uint32_t item);
const char *world_category(uint32_t category);
/* How many visits day `day` has, and the `index`-th of them; ordered by time. */
uint32_t world_visits(struct world *world, uint32_t day);
void world_visit(struct world *world, uint32_t day, uint32_t index, struct world_visit *visit);

#endif
