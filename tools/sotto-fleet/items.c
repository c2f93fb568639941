/* items: see items.h. */
#include "tools/sotto-fleet/items.h"

#include <stdio.h>
#include <stdlib.h>

int items_read(struct items *items, const char *path, const char *map, struct sotto_error *err) {
    memset(items, 0, sizeof *items);
    return catalogue_read(&items->catalogue, path, map, err);
}

void items_free(struct items *items) {
    catalogue_free(&items->catalogue);
    free(items->first);
    free(items->next);
    memset(items, 0, sizeof *items);
}

int items_sort(struct items *items, uint32_t metric, uint32_t n_cells, struct sotto_error *err) {
    const struct policy_metric m = {.id = metric, .n_cells = n_cells};
    uint32_t n = items->catalogue.n;
    if (items->metric == metric && items->n_cells == n_cells) return SOTTO_OK;
    free(items->first);
    free(items->next);
    items->first = calloc(n_cells, sizeof *items->first);
    items->next = calloc(n ? n : 1, sizeof *items->next);
    items->metric = 0;
    if (!items->first || !items->next) return fail(err, SOTTO_E_MEMORY, "out of memory");
    for (uint32_t i = n; i-- > 0;) { /* so that a bucket's items come in the catalogue's order */
        uint32_t bucket = policy_item_bucket(&m, items->catalogue.items[i].id);
        items->next[i] = items->first[bucket];
        items->first[bucket] = i + 1;
    }
    items->metric = metric;
    items->n_cells = n_cells;
    return SOTTO_OK;
}

uint32_t items_in(const struct items *items, uint32_t cell, char *out, size_t cap) {
    uint32_t n = 0;
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = items->first[cell]; i; i = items->next[i - 1], n++) {
        const struct catalogue_item *item = &items->catalogue.items[i - 1];
        const char *name = item->title[0] ? item->title : item->id;
        size_t more = strlen(name) + (used ? 3 : 0);
        if (used + more + 4 >= cap) continue; /* room for what else print.c says */
        used += (size_t)snprintf(out + used, cap - used, "%s%s", used ? " / " : "", name);
    }
    return n;
}
