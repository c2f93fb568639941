/* groups: into which named groups a catalogue falls: categories where the data have them, else
 * price bands. They become the cells of histograms, so there are never more than 64. Called by
 * train. */
#ifndef SOTTO_PACK_GROUPS_H
#define SOTTO_PACK_GROUPS_H

#include "tools/sotto-pack/interactions.h"

#define GROUPS_CELLS_MAX 64 /* = SOTTO_REPORT_CELLS_MAX, counting "other" */
#define GROUP_NAME_BYTES 64 /* with the NUL */

struct groups {
    uint32_t n;
    char names[GROUPS_CELLS_MAX][GROUP_NAME_BYTES]; /* distinct; the last one is "other" */
    uint16_t *of_item;                              /* x->n_items */
    int is_category;                                /* 0: price bands */
};

/* The most frequent 63 categories (by baskets, then name) and "other" for the rest; without
 * categories price bands by fixed edges, the same for all data, so that reports of different models
 * can be added up. */
int groups_make(struct groups *g, const struct interactions *x, const struct dataset *data,
                struct sotto_error *err) MUST_CHECK;
void groups_free(struct groups *g);

/* Copies at most cap − 1 bytes of UTF-8, cut between characters, control characters made spaces,
 * spaces at both ends dropped. Returns the length. */
size_t groups_clean_text(char *out, size_t cap, const char *text);

#endif
