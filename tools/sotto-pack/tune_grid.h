/* tune_grid: what may be tuned, the values each parameter may take, and what was tried already.
 * Called by tune. */
#ifndef SOTTO_PACK_TUNE_GRID_H
#define SOTTO_PACK_TUNE_GRID_H

#include "tools/sotto-pack/fit.h"

#define TUNE_VALUES 14

/* A parameter and the values it may take, in the order in which neighbours are tried. */
struct dimension {
    const char *name;
    size_t at; /* of a double or an int in struct fit_options */
    int is_int, is_learnt;
    unsigned goals; /* 1 << enum goal for each that it matters to */
    int n;
    double grid[TUNE_VALUES];
};

enum { DIMENSIONS = 19 };
extern const struct dimension tune_dimensions[DIMENSIONS];

double tune_get(const struct fit_options *o, const struct dimension *d);
void tune_set(struct fit_options *o, const struct dimension *d, double value);
/* The place in d's grid that is nearest to `value`. */
int tune_nearest(const struct dimension *d, double value);
/* The dimension at this offset of struct fit_options. */
const struct dimension *tune_dimension(size_t at);

/* Whether it can make a difference: to this goal, on these data, beside the other values, to the
 * sparse method (`is_quick`) or the dense one. */
int tune_matters(const struct dimension *d, const struct fit_options *o, int is_quick,
                 const struct examples *examples);
/* In how many learnt dimensions the two differ. */
int tune_distance(const struct fit_options *a, const struct fit_options *b);

/* What was tried already: nothing is measured twice. */
struct tune_memo {
    struct tune_seen {
        double key[DIMENSIONS + 1];
        double value;
    } * v;
    size_t n, cap;
};

/* NULL: not seen. What does not matter is no difference. */
const double *tune_recall(const struct tune_memo *m, const struct fit_options *o, int is_quick,
                          const struct examples *examples);
int tune_remember(struct tune_memo *m, const struct fit_options *o, int is_quick,
                  const struct examples *examples, double value) MUST_CHECK; /* −1: no memory */

#endif
