/* print: what sotto-fleet says on stdout, as aligned text (print.c) or as JSON (print_json.c).
 * Called by main.c. */
#ifndef SOTTO_FLEET_PRINT_H
#define SOTTO_FLEET_PRINT_H

#include <stdio.h>

#include "tools/common/json.h"
#include "tools/sotto-fleet/estimate.h"
#include "tools/sotto-fleet/ingest.h"
#include "tools/sotto-fleet/items.h"

/* `what` names that which was read: "files", "databases". */
void fleet_print_collected(FILE *to, const struct fleet_collected *result, const char *what);
void fleet_print_collected_json(FILE *to, const struct fleet_collected *result);

/* Prints estimates as they come; the functions are fleet_each_estimate with this as context. */
struct fleet_printer {
    FILE *to;
    int is_adjusted;           /* text: also the non-negative numbers */
    uint32_t top;              /* text: at most so many cells of a table, the largest ones */
    const struct items *items; /* of buckets; NULL: none are known */
    uint64_t min_reports;
    /* The printer's own: */
    uint64_t series, n; /* of the last estimate; how many there were */
    int is_begun;
    struct json json;
    char *totals; /* JSON of totals, which come last */
    size_t totals_n;
    FILE *totals_to;
    struct json totals_json;
};
void fleet_print_begin(struct fleet_printer *p);
int fleet_print_estimate(void *ctx, const struct fleet_estimate *e, struct sotto_error *err);
void fleet_print_end(struct fleet_printer *p);

int fleet_print_begin_json(struct fleet_printer *p, struct sotto_error *err) MUST_CHECK;
int fleet_print_estimate_json(void *ctx, const struct fleet_estimate *e, struct sotto_error *err);
/* Ends the document, unless the run failed, and releases what begin made. */
void fleet_print_end_json(struct fleet_printer *p, int is_good, uint64_t enrolled);

/* The cell's name: the policy's, "bucket 17", "value". Names what it cannot tell apart: a bucket is
 * shared by the catalogue's items that fall into it. */
void fleet_cell_name(const struct fleet_metric *metric, const struct items *items, uint32_t cell,
                     char *out, size_t cap);

#endif
