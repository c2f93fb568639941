/* items: which of a catalogue's items fall into which bucket of a metric. A household's report
 * names a bucket, a hash of an item; the catalogue gives buckets their items back. Called by
 * main.c and print.c. */
#ifndef SOTTO_FLEET_ITEMS_H
#define SOTTO_FLEET_ITEMS_H

#include "pack/policy.h"
#include "tools/common/catalogue.h"

struct items {
    struct catalogue catalogue;
    uint32_t metric, n_cells; /* that `first` and `next` are for; 0: none yet */
    uint32_t *first;          /* by bucket: the number of an item + 1; 0: none */
    uint32_t *next;           /* by item: another item of its bucket + 1; 0: none */
};

/* Reads the catalogue (see catalogue_read). Release with items_free, also after a failure. */
int items_read(struct items *items, const char *path, const char *map,
               struct sotto_error *err) MUST_CHECK;
void items_free(struct items *items);

/* Sorts the items into the buckets of one metric. */
int items_sort(struct items *items, uint32_t metric, uint32_t n_cells,
               struct sotto_error *err) MUST_CHECK;
/* How many items fall into `cell`, and the names of as many as fit into `out`. */
uint32_t items_in(const struct items *items, uint32_t cell, char *out, size_t cap);

#endif
