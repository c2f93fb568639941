#include "tests/support/fleet_seen.h"

#include <stdlib.h>

#include "tests/support/test.h"
#include "tools/sotto-fleet/print.h"

static void *copy(const void *from, size_t n) {
    void *to = malloc(n);
    assert_non_null(to);
    memcpy(to, from, n);
    return to;
}

static int keep(void *ctx, const struct fleet_estimate *e, struct sotto_error *err) {
    struct fleet_seen *seen = ctx;
    struct fleet_seen_one **list = e->is_total ? &seen->totals : &seen->windows;
    size_t *n = e->is_total ? &seen->n_totals : &seen->n_windows;
    (void)err;
    void *more = realloc(*list, (*n + 1) * sizeof **list);
    assert_non_null(more);
    *list = more;
    struct fleet_seen_one *one = &(*list)[(*n)++];
    memset(one, 0, sizeof *one);
    one->e = *e;
    one->e.metric = copy(e->metric, sizeof *e->metric);
    if (e->cells) one->e.cells = copy(e->cells, e->metric->n_cells * sizeof *e->cells);
    if (e->group) snprintf(one->group, sizeof one->group, "%s", e->group);
    return SOTTO_OK;
}

struct fleet_seen *fleet_seen_new(struct fleet_dir *f, const struct fleet_estimate_options *o) {
    const struct fleet_estimate_options all = {.db = f->db, .window = -1, .min_reports = 1};
    struct fleet_seen *seen = calloc(1, sizeof *seen);
    assert_non_null(seen);
    int status = fleet_estimate_all(o ? o : &all, keep, seen, &seen->enrolled, &f->err);
    if (status != SOTTO_OK) fail_msg("%s", f->err.message);
    return seen;
}

static void free_all(struct fleet_seen_one *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        free((void *)(uintptr_t)list[i].e.metric);
        free(list[i].e.cells);
    }
    free(list);
}

void fleet_seen_free(struct fleet_seen *seen) {
    free_all(seen->windows, seen->n_windows);
    free_all(seen->totals, seen->n_totals);
    free(seen);
}

static int ignore(void *ctx, const struct fleet_estimate *e, struct sotto_error *err) {
    (void)ctx, (void)e, (void)err;
    return SOTTO_OK;
}

int fleet_dir_estimates(struct fleet_dir *f) {
    const struct fleet_estimate_options all = {.db = f->db, .window = -1, .min_reports = 1};
    uint64_t enrolled;
    return fleet_estimate_all(&all, ignore, NULL, &enrolled, &f->err);
}

void fleet_dir_prints(struct fleet_dir *f, const struct fleet_estimate_options *o, int is_json,
                      char *text, size_t cap) {
    const struct fleet_estimate_options all = {.db = f->db, .window = -1, .min_reports = 1};
    if (!o) o = &all;
    struct fleet_printer p = {
        .to = fmemopen(text, cap, "w"), .top = 64, .is_adjusted = 1, .min_reports = o->min_reports};
    uint64_t enrolled;
    assert_non_null(p.to);
    if (is_json) {
        assert_int_equal(fleet_print_begin_json(&p, &f->err), SOTTO_OK);
        assert_int_equal(fleet_estimate_all(o, fleet_print_estimate_json, &p, &enrolled, &f->err),
                         SOTTO_OK);
        fleet_print_end_json(&p, 1, enrolled);
    } else {
        fleet_print_begin(&p);
        assert_int_equal(fleet_estimate_all(o, fleet_print_estimate, &p, &enrolled, &f->err),
                         SOTTO_OK);
        fleet_print_end(&p);
    }
    assert_int_equal(fclose(p.to), 0);
}
