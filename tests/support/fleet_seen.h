/* fleet_seen: what `estimate` hands out, kept for tests to look at. */
#ifndef SOTTO_TEST_FLEET_SEEN_H
#define SOTTO_TEST_FLEET_SEEN_H

#include "tests/support/fleet_dir.h"
#include "tools/sotto-fleet/estimate.h"

struct fleet_seen_one {
    struct fleet_estimate e; /* its metric and cells are copies */
    char group[FLEET_LABEL_MAX + 1];
};

struct fleet_seen {
    struct fleet_seen_one *windows, *totals;
    size_t n_windows, n_totals;
    uint64_t enrolled;
};

/* Estimates from the folder's database; options NULL: everything, from 1 report up. Fails the test
 * on error. */
struct fleet_seen *fleet_seen_new(struct fleet_dir *f, const struct fleet_estimate_options *o);
void fleet_seen_free(struct fleet_seen *seen);
/* What `estimate` prints. */
void fleet_dir_prints(struct fleet_dir *f, const struct fleet_estimate_options *o, int is_json,
                      char *text, size_t cap);
/* The status of estimating everything. */
int fleet_dir_estimates(struct fleet_dir *f);

#endif
