/* answers: what households answered, added up. An answer speaks for some cells; how many answers
 * speak for each cell is all that estimating needs. Called by tally.c.
 *
 * Subset selection's answers are bitmaps and are added up as they come. A projective answer is a
 * point of a few thousand: points are counted, and each count is spread over the point's cells once
 * at the end, by a table that is made once for a metric: O(answers + points · cells / 64). */
#ifndef SOTTO_FLEET_ANSWERS_H
#define SOTTO_FLEET_ANSWERS_H

#include "tools/sotto-fleet/interval.h"
#include "tools/sotto-fleet/store.h"

struct answers {
    struct mechanism_terms terms;
    struct interval_odds odds;
    size_t answer_bytes;
    uint32_t n_points;  /* places that one tally of answers needs */
    uint32_t words;     /* of a row of `supports` */
    uint64_t *supports; /* projective: a row of bits a point; else NULL */
};

/* Prepares for a household's metric; release with answers_free. SOTTO_E_CORRUPT when its terms are
 * impossible. */
int answers_init(struct answers *a, const struct fleet_metric *metric,
                 struct sotto_error *err) MUST_CHECK;
void answers_free(struct answers *a);

/* Adds one answer to a tally of n_points places. -1 when it is impossible. */
int answers_add(const struct answers *a, uint64_t *points, const uint8_t *answer,
                size_t n) MUST_CHECK;
/* From a tally to how many answers support each of the cells. */
void answers_support(const struct answers *a, const uint64_t *points, uint64_t *support);

#endif
