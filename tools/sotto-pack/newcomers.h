/* newcomers: items that too few baskets hold to learn from, placed by their tags and category among
 * those that were learnt. Called by fit. */
#ifndef SOTTO_PACK_NEWCOMERS_H
#define SOTTO_PACK_NEWCOMERS_H

#include "tools/common/catalogue.h"
#include "tools/sotto-pack/interactions.h"
#include "tools/sotto-pack/rows.h"

/* Appends at most `most` items to x and rows: of those with a tag that some learnt item has, the
 * ones most sold, then by id. Kin are the NEWCOMERS_KIN learnt items most like a newcomer (cosine
 * of tags, each weighted by how rare it is). What leads to its kin leads to it, what its kin lead
 * to it leads to, and its kin lead to it and it to them; all `strength` times as much. *is_new is
 * one byte per item of x afterwards, to be freed by the caller. `n_baskets` and `held` as x was
 * made with. */
int newcomers_add(struct interactions *x, struct rows *rows, const struct dataset *data,
                  const struct catalogue *catalogue, uint32_t n_baskets, const uint8_t *held,
                  uint32_t most, double strength, uint8_t **is_new,
                  struct sotto_error *err) MUST_CHECK;

#define NEWCOMERS_KIN 20

#endif
