/* source: where visits come from: the made-up town, or real baskets, in order of time. Called by
 * run.c and evaluate.c. */
#ifndef SOTTO_SIM_SOURCE_H
#define SOTTO_SIM_SOURCE_H

#include "tools/sotto-sim/options.h"
#include "tools/sotto-sim/visit.h"

struct source;

/* Days [options->from_s, + options->days) of the town; from its first day when no --from is given.
 */
int source_open_world(struct source **source, const struct options *options,
                      struct sotto_error *err);
/* Baskets of options->data from options->from_s on, or all when no --from is given; if
 * options->days is, only those of so many days from the first. */
int source_open_data(struct source **source, const struct options *options,
                     struct sotto_error *err);
void source_close(struct source *source);
/* Whether the catalogue has any of the source's items: SOTTO_E_MISMATCH if not. */
int source_check(struct source *source, const struct model *catalogue, struct sotto_error *err);

uint64_t source_total(const struct source *source); /* visits, about */
int64_t source_first_s(const struct source *source);
int64_t source_last_s(const struct source *source);

/* The next visit's id, time, profile name (of the customer, if known) and items that the catalogue
 * has; the rest of *v is left for the caller. SOTTO_E_NOT_FOUND past the last. */
int source_next(struct source *source, const struct model *catalogue, struct visit *v,
                struct sotto_error *err);
/* How many baskets so far had more items than a visit takes, and lost the rest. */
uint32_t source_cut(const struct source *source);
/* Real baskets only: in how many of those before options->from_s each catalogue item is, into
 * counts[catalogue->n_items]. */
void source_before(const struct source *source, const struct model *catalogue, uint32_t *counts);
/* How many distinct items the last basket had before it was reduced to the catalogue. */
uint32_t source_distinct(const struct source *source);

#endif
