/* print_json: see print.h. Numbers of suppressed tables are not there at all, never zero. */
#include <math.h>
#include <stdlib.h>

#include "tools/sotto-fleet/print.h"

void fleet_print_collected_json(FILE *to, const struct fleet_collected *r) {
    struct json j = json_to(to);
    json_begin_object(&j, NULL);
    json_uint(&j, "files", r->files);
    json_uint(&j, "reports", r->reports);
    json_uint(&j, "devices_enrolled", r->enrolled);
    json_uint(&j, "accepted", r->accepted);
    json_uint(&j, "duplicates", r->duplicates);
    json_uint(&j, "set_aside", r->n_set_aside);
    json_begin_array(&j, "quarantine");
    for (size_t i = 0; i < r->n_listed; i++) {
        json_begin_object(&j, NULL);
        json_text(&j, "file", r->set_aside[i].file);
        json_text(&j, "reason", r->set_aside[i].reason);
        json_text(&j, "detail", r->set_aside[i].detail);
        json_text(&j, "remedy", r->set_aside[i].remedy);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
}

/* ---- Estimates --------------------------------------------------------------------------- */

static const char *estimate_of(const struct fleet_metric *m) {
    return m->unit == UNIT_VISIT ? "visits, each counted in at most max_cells cells"
           : m->mechanism == MECHANISM_ONE_BIT_MEAN
               ? "sum over the households that answered afresh, each at most max_value"
               : "households that answered afresh, each of one value";
}

static void json_terms(struct json *j, const struct fleet_metric *m) {
    char definition[17];
    for (int i = 0; i < 8; i++) snprintf(definition + 2 * i, 3, "%02x", m->definition[i]);
    json_uint(j, "metric", m->id);
    json_text(j, "name", m->name);
    json_text(j, "definition", definition);
    json_text(j, "unit", m->unit == UNIT_VISIT ? "visit" : "household");
    json_uint(j, "mechanism", m->mechanism);
    json_uint(j, "eps_micro", m->eps_micro);
    json_uint(j, "max_cells", m->max_cells);
    json_uint(j, "max_weight", m->max_weight);
    json_uint(j, "max_value", m->max_value);
    json_text(j, "estimate_of", estimate_of(m));
}

static void json_coverage(struct json *j, const struct fleet_estimate *e) {
    if (e->is_suppressed) return;
    json_uint(j, "reports", e->reports);
    if (e->metric->unit != UNIT_VISIT) json_uint(j, "repeats", e->repeats);
    json_uint(j, "devices_enrolled", e->enrolled);
    json_uint(j, "devices_reported", e->present);
    json_double(j, "coverage", e->enrolled ? (double)e->present / (double)e->enrolled : NAN);
    json_uint(j, "reports_of_devices_no_longer_enrolled", e->gone);
}

static void json_cell(struct json *j, const struct fleet_estimate *e, uint32_t c,
                      const struct items *items) {
    const struct fleet_cell *cell = &e->cells[c];
    char name[1024];
    fleet_cell_name(e->metric, items, c, name, sizeof name);
    json_begin_object(j, NULL);
    json_text(j, "cell", name);
    if (e->metric->unit == UNIT_VISIT) {
        json_int(j, "estimate", cell->sum);
        json_int(j, "low", cell->sum - e->half_width);
        json_int(j, "high", cell->sum + e->half_width);
        json_int(j, "all_low", cell->sum - e->all_half_width);
        json_int(j, "all_high", cell->sum + e->all_half_width);
        json_uint(j, "clamped", cell->clamped);
        json_uint(j, "clipped", cell->clipped);
    } else {
        json_double(j, "estimate", cell->estimate);
        json_double(j, "low", cell->low);
        json_double(j, "high", cell->high);
        json_double(j, "all_low", cell->all_low);
        json_double(j, "all_high", cell->all_high);
        json_uint(j, "support", cell->support);
    }
    json_double(j, "share", cell->has_share ? cell->share : NAN);
    json_double(j, "share_low", cell->has_share ? cell->share_low : NAN);
    json_double(j, "share_high", cell->has_share ? cell->share_high : NAN);
    json_double(j, "post_processed_non_negative", cell->adjusted);
    json_double(j, "median", cell->median);
    if (e->median_groups) json_bool(j, "median_disagrees", cell->disagrees);
    json_end_object(j);
}

static void json_estimate(struct json *j, const struct fleet_printer *p,
                          const struct fleet_estimate *e) {
    const struct fleet_metric *m = e->metric;
    json_begin_object(j, NULL);
    json_terms(j, m);
    if (e->group) json_text(j, "group", e->group);
    json_uint(j, e->is_total ? "first_window" : "window", e->first_window);
    if (e->is_total) {
        json_uint(j, "last_window", e->last_window);
        json_uint(j, "windows", e->windows);
        json_uint(j, "windows_suppressed", e->hidden_windows);
    }
    json_uint(j, "window_start_s", e->first_window * m->window_s);
    json_uint(j, "window_s", m->window_s);
    json_bool(j, "suppressed", e->is_suppressed);
    json_coverage(j, e);
    if (e->is_suppressed) {
        json_uint(j, "min_reports", p->min_reports);
        json_end_object(j);
        return;
    }
    json_double(j, "level", FLEET_LEVEL);
    json_text(j, "all_cells_at_once", m->unit == UNIT_VISIT ? "Sidak" : "Bonferroni");
    if (m->unit == UNIT_VISIT) {
        json_int(j, "half_width", e->half_width);
        json_int(j, "all_half_width", e->all_half_width);
    }
    json_uint(j, "median_groups", e->median_groups);
    json_uint(j, "median_disagreements", e->disagreeing);
    json_begin_array(j, "cells");
    for (uint32_t c = 0; c < m->n_cells; c++) json_cell(j, e, c, p->items);
    json_end_array(j);
    json_end_object(j);
}

int fleet_print_begin_json(struct fleet_printer *p, struct sotto_error *err) {
    p->totals = NULL;
    p->is_begun = 0;
    p->totals_to = open_memstream(&p->totals, &p->totals_n);
    if (!p->totals_to) return fail(err, SOTTO_E_MEMORY, "out of memory");
    return SOTTO_OK;
}

/* Not before there is something to say: a run that fails at once prints nothing. */
static void begin(struct fleet_printer *p) {
    if (p->is_begun++) return;
    p->json = json_to(p->to);
    json_begin_object(&p->json, NULL);
    json_begin_array(&p->json, "estimates");
    p->totals_json = json_to(p->totals_to);
    p->totals_json.depth = p->json.depth; /* they go where an array of the same depth is */
}

int fleet_print_estimate_json(void *ctx, const struct fleet_estimate *e, struct sotto_error *err) {
    struct fleet_printer *p = ctx;
    (void)err;
    begin(p);
    json_estimate(e->is_total ? &p->totals_json : &p->json, p, e);
    return SOTTO_OK;
}

void fleet_print_end_json(struct fleet_printer *p, int is_good, uint64_t enrolled) {
    int is_whole = fclose(p->totals_to) == 0 && is_good;
    if (is_whole) {
        begin(p);
        json_end_array(&p->json);
        json_begin_array(&p->json, "totals");
        fwrite(p->totals, 1, p->totals_n, p->to);
        p->json.needs_comma = p->totals_json.needs_comma;
        json_end_array(&p->json);
        json_uint(&p->json, "devices_enrolled", enrolled);
        json_end_object(&p->json);
    }
    free(p->totals);
}
