/* generate: the made-up town as a file of transactions. Called by main.c and the tests. */
#ifndef SOTTO_SIM_GENERATE_H
#define SOTTO_SIM_GENERATE_H

#include <stdio.h>
#include "tools/sotto-sim/world.h"

/* Writes days 0 … days - 1 as CSV with the columns basket, customer, item, title, category,
 * quantity, price, time; the same bytes for the same arguments everywhere. 0, or -1 (out of range,
 * memory or storage; see errno). */
int generate_write(FILE *to, const struct world_config *config, uint32_t days, int show_progress);

#endif
