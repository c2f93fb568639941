/* metrics: how good a slate was, by the definitions of the project's session protocol, and means,
 * medians and percentiles of many. Pure. Called by evaluate.c, run.c and the tests. */
#ifndef SOTTO_SIM_METRICS_H
#define SOTTO_SIM_METRICS_H

#include <stddef.h>
#include <stdint.h>

#define METRICS_K 20

struct quality {
    double recall, ndcg, hit; /* sums until quality_mean */
    uint64_t baskets;
};

/* One basket: `slate` best first (only its first METRICS_K count), `targets` what was bought next,
 * distinct. Recall@20 = hits / min(20, targets); NDCG@20 with the ideal gain at min(20, targets);
 * HR@20 = at least one hit. Adds to *sum; n_targets 0 adds nothing. */
void quality_add(struct quality *sum, const uint32_t *slate, size_t n_slate,
                 const uint32_t *targets, size_t n_targets);
struct quality quality_mean(const struct quality *sum);

/* The q-quantile (0 to 1) of `n` values by nearest rank; sorts them. 0 if n is 0. */
double quantile(double *values, size_t n, double q);

/* The first second held out: where the last tenth of the span begins, back to midnight (UTC), and
 * to the first of its month when the span is half a year or more. */
int64_t metrics_split(int64_t first_s, int64_t last_s);
/* "2011-11-01" for a time; `text` holds 11 bytes. */
void metrics_date(char text[11], int64_t unix_s);

#endif
