/* facts: the optional part of a model pack that says more of its items. Called by model.c. */
#ifndef SOTTO_FACTS_H
#define SOTTO_FACTS_H

#include "pack/model.h"

/* Checks and fills the facts of a model whose strings and items are loaded. NULL, or what is wrong.
 */
const char *facts_load(struct model *model, const struct pack *pack) MUST_CHECK;

/* model.c: -1 unless `offset` begins a NUL-terminated string of `least` to `max` printable bytes.
 */
int model_check_string(const struct model *model, size_t strings_n, uint32_t offset, size_t least,
                       size_t max) MUST_CHECK;

#endif
