/* print: what sotto-fleet says on stdout, as aligned text or as JSON. Called by main.c. */
#ifndef SOTTO_FLEET_PRINT_H
#define SOTTO_FLEET_PRINT_H

#include <stdio.h>

#include "tools/sotto-fleet/collect.h"
#include "tools/sotto-fleet/estimate.h"

void fleet_print_collected(FILE *to, const struct fleet_collected *result);
void fleet_print_collected_json(FILE *to, const struct fleet_collected *result);
void fleet_print_estimates(FILE *to, const struct fleet_estimates *estimates);
void fleet_print_estimates_json(FILE *to, const struct fleet_estimates *estimates);

#endif
