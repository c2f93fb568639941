/* groups: categories or price bands. See groups.h. */
#include "tools/sotto-pack/groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const char other[] = "other";

/* Upper edges of the price bands, in the data's currency. Finer where retail prices crowd. */
static const double edges[] = {0.5, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 15, 20, 50, 100, 200, 500, 1000};

struct category {
    char name[GROUP_NAME_BYTES];
    uint64_t baskets;
    uint32_t item;
};

size_t groups_clean_text(char *out, size_t cap, const char *text) {
    size_t n = 0;
    for (; *text && n + 1 < cap; text++) {
        unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];
        int is_c1 = c == 0xC2 && next >= 0x80 && next < 0xA0;
        int is_space = c <= 0x20 || c == 0x7F || is_c1;
        if (n > 0 || !is_space) out[n++] = (char)(is_space ? ' ' : c);
        text += is_c1;
    }
    if (*text) /* cut: take back the bytes of a character that did not fit whole */
        while (n > 0 && ((unsigned char)*text & 0xC0) == 0x80) text--, n--;
    while (n > 0 && out[n - 1] == ' ') n--;
    out[n] = '\0';
    if (!utf8_is_printable(out, n)) out[n = 0] = '\0';
    return n;
}

static int by_name(const void *a, const void *b) {
    const struct category *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->item < y->item ? -1 : x->item > y->item;
}

static int by_frequency(const void *a, const void *b) {
    const struct category *x = a, *y = b;
    if (x->baskets != y->baskets) return x->baskets > y->baskets ? -1 : 1;
    return strcmp(x->name, y->name);
}

static uint16_t find_name(const struct groups *g, const char *name) {
    uint32_t i = 0;
    while (i + 1 < g->n && strcmp(g->names[i], name) != 0) i++;
    return (uint16_t)i; /* the last one is "other" */
}

static int by_category(struct groups *g, const struct interactions *x, const struct dataset *data,
                       struct sotto_error *err) {
    struct category *list = calloc(x->n_items, sizeof *list);
    if (!list) return fail(err, SOTTO_E_MEMORY, "no memory for %u categories", x->n_items);
    uint32_t n = 0, distinct = 0;
    for (uint32_t i = 0; i < x->n_items; i++) {
        const struct dataset_item *item = &data->items[x->item_of[i]];
        list[n].item = i;
        list[n].baskets = item->baskets;
        if (groups_clean_text(list[n].name, sizeof list[n].name, item->category) &&
            strcasecmp(list[n].name, other) != 0)
            n++;
    }
    qsort(list, n, sizeof *list, by_name);
    for (uint32_t i = 0; i < n; i++) {
        if (distinct && strcmp(list[distinct - 1].name, list[i].name) == 0)
            list[distinct - 1].baskets += list[i].baskets;
        else
            list[distinct++] = list[i];
    }
    qsort(list, distinct, sizeof *list, by_frequency);
    for (uint32_t i = 0; i < distinct && g->n < GROUPS_CELLS_MAX - 1; i++)
        memcpy(g->names[g->n++], list[i].name, GROUP_NAME_BYTES);
    free(list);
    memcpy(g->names[g->n++], other, sizeof other);
    for (uint32_t i = 0; i < x->n_items; i++) {
        char name[GROUP_NAME_BYTES];
        groups_clean_text(name, sizeof name, data->items[x->item_of[i]].category);
        g->of_item[i] = find_name(g, name);
    }
    return SOTTO_OK;
}

static void by_price(struct groups *g, const struct interactions *x, const struct dataset *data) {
    for (size_t b = 0; b <= ARRAY_LEN(edges); b++) {
        char *name = g->names[g->n++];
        if (b == 0)
            snprintf(name, GROUP_NAME_BYTES, "under %.2f", edges[0]);
        else if (b < ARRAY_LEN(edges))
            snprintf(name, GROUP_NAME_BYTES, "%.2f to %.2f", edges[b - 1], edges[b]);
        else
            snprintf(name, GROUP_NAME_BYTES, "%.2f and more", edges[b - 1]);
    }
    memcpy(g->names[g->n++], other, sizeof other);
    for (uint32_t i = 0; i < x->n_items; i++) {
        double price = data->items[x->item_of[i]].price;
        uint16_t band = 0;
        while (band < ARRAY_LEN(edges) && price >= edges[band]) band++;
        g->of_item[i] = price > 0 ? band : (uint16_t)(g->n - 1);
    }
}

int groups_make(struct groups *g, const struct interactions *x, const struct dataset *data,
                struct sotto_error *err) {
    memset(g, 0, sizeof *g);
    g->of_item = calloc(x->n_items, sizeof *g->of_item);
    if (!g->of_item) return fail(err, SOTTO_E_MEMORY, "no memory for %u items", x->n_items);
    for (uint32_t i = 0; i < x->n_items && !g->is_category; i++)
        g->is_category = data->items[x->item_of[i]].category[0] != '\0';
    if (!g->is_category) {
        by_price(g, x, data);
        return SOTTO_OK;
    }
    int status = by_category(g, x, data, err);
    if (status != SOTTO_OK) groups_free(g);
    return status;
}

void groups_free(struct groups *g) {
    free(g->of_item);
    memset(g, 0, sizeof *g);
}
