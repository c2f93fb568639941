/* figures: from a tally to the numbers that are shown. Owns buffers that it uses again and again,
 * and remembers intervals that it has computed. Called by estimate.c. */
#ifndef SOTTO_FLEET_FIGURES_H
#define SOTTO_FLEET_FIGURES_H

#include "tools/sotto-fleet/estimate.h"
#include "tools/sotto-fleet/tally.h"

struct figures;

/* For one metric; `answers` is NULL for visits. NULL when memory is short or the metric's terms are
 * impossible. */
struct figures *figures_new(const struct fleet_metric *metric, const struct answers *answers);
void figures_free(struct figures *f);

/* Fills the half-widths, the cells and what concerns medians; e->cells lives until the next call.
 * SOTTO_E_LIMIT when there are more reports than any interval is known for. */
int figures_of(struct figures *f, const struct fleet_tally *tally, struct fleet_estimate *e,
               struct sotto_error *err) MUST_CHECK;

#endif
