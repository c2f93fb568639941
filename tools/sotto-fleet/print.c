/* print: see print.h. */
#include "tools/sotto-fleet/print.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

/* ---- Collected --------------------------------------------------------------------------- */

/* File names come from outside: nothing of them may reach a terminal as a command. */
static void put_name(FILE *to, const char *name) {
    if (utf8_is_printable(name, strlen(name)))
        fputs(name, to);
    else
        for (const char *c = name; *c; c++) fputc(*c > 0x20 && *c < 0x7f ? *c : '?', to);
}

void fleet_print_collected(FILE *to, const struct fleet_collected *r, const char *what) {
    fprintf(to,
            "%" PRIu64 " reports in %" PRIu64 " %s, %" PRIu64 " devices enrolled: %" PRIu64
            " new, %" PRIu64 " counted before, %" PRIu64 " in quarantine\n",
            r->reports, r->files, what, r->enrolled, r->accepted, r->duplicates, r->n_set_aside);
    for (size_t i = 0; i < r->n_listed; i++) {
        const struct fleet_set_aside *a = &r->set_aside[i];
        fprintf(to, "  quarantine: ");
        put_name(to, a->file);
        fprintf(to, ": %s: %s\n    remedy: %s\n", a->reason, a->detail, a->remedy);
    }
    if (r->n_listed < r->n_set_aside)
        fprintf(to, "  and %" PRIu64 " more: all are in the table quarantine of the database\n",
                r->n_set_aside - r->n_listed);
}

/* ---- Words ------------------------------------------------------------------------------- */

struct stamp {
    char text[40];
};

static struct stamp when(uint64_t window, uint32_t window_s) {
    struct stamp s;
    struct tm tm;
    time_t t = (time_t)(window * window_s);
    if (!gmtime_r(&t, &tm) ||
        strftime(s.text, sizeof s.text, window_s % 86400 == 0 ? "%Y-%m-%d" : "%Y-%m-%d %H:%M",
                 &tm) == 0)
        snprintf(s.text, sizeof s.text, "window %" PRIu64, window);
    return s;
}

void fleet_cell_name(const struct fleet_metric *m, const struct items *items, uint32_t cell,
                     char *out, size_t cap) {
    if (cell < m->n_names)
        snprintf(out, cap, "%s", m->cells[cell]);
    else if (m->mechanism == MECHANISM_ONE_BIT_MEAN)
        snprintf(out, cap, "value");
    else if (cell == m->n_cells - 1)
        snprintf(out, cap, "none");
    else if (!items || items->metric != m->id || items->n_cells != m->n_cells)
        snprintf(out, cap, "bucket %u", cell);
    else {
        uint32_t n = items_in(items, cell, out, cap);
        size_t used = strlen(out);
        if (n == 0)
            snprintf(out, cap, "bucket %u (no item)", cell);
        else if (used == 0)
            snprintf(out, cap, "bucket %u (%u items)", cell, n);
    }
}

static int columns_of(const char *text) { /* of well-formed UTF-8 */
    int n = 0;
    for (; *text; text++) n += (*text & 0xc0) != 0x80;
    return n;
}

/* ---- One table --------------------------------------------------------------------------- */

enum { NAME, ESTIMATE, INTERVAL, ALL, SHARE, MEDIAN, ADJUSTED, COLUMNS };
static const char *const titles[COLUMNS] = {"cell",
                                            "estimate",
                                            "95 % interval",
                                            "all cells at once",
                                            "share",
                                            "median",
                                            "non-negative (post-processed)"};

struct row {
    char text[COLUMNS][80];
    char warning[120];
};

static void put_number(char out[80], const struct fleet_metric *m, double v) {
    if (isnan(v))
        snprintf(out, 80, "-");
    else
        snprintf(out, 80, m->unit == UNIT_VISIT || fabs(v) >= 1e6 ? "%.0f" : "%.1f", v);
}

static void put_range(char out[80], const struct fleet_metric *m, double low, double high) {
    char a[80], b[80];
    put_number(a, m, low);
    put_number(b, m, high);
    snprintf(out, 80, "%.36s … %.36s", a, b);
}

/* Sums of visits are whole and may need all 63 bits, which a double has not. */
static void put_visits(struct row *row, const struct fleet_estimate *e,
                       const struct fleet_cell *cell) {
    snprintf(row->text[ESTIMATE], 80, "%" PRId64, cell->sum);
    snprintf(row->text[INTERVAL], 80, "%" PRId64 " … %" PRId64, cell->sum - e->half_width,
             cell->sum + e->half_width);
    snprintf(row->text[ALL], 80, "%" PRId64 " … %" PRId64, cell->sum - e->all_half_width,
             cell->sum + e->all_half_width);
}

static void put_row(struct row *row, const struct fleet_printer *p, const struct fleet_estimate *e,
                    uint32_t c) {
    const struct fleet_metric *m = e->metric;
    const struct fleet_cell *cell = &e->cells[c];
    memset(row, 0, sizeof *row);
    fleet_cell_name(m, p->items, c, row->text[NAME], sizeof row->text[NAME]);
    if (m->unit == UNIT_VISIT) {
        put_visits(row, e, cell);
    } else {
        put_number(row->text[ESTIMATE], m, cell->estimate);
        put_range(row->text[INTERVAL], m, cell->low, cell->high);
        put_range(row->text[ALL], m, cell->all_low, cell->all_high);
    }
    if (m->mechanism == MECHANISM_ONE_BIT_MEAN)
        snprintf(row->text[SHARE], 80, "%.2f", cell->share);
    else if (cell->has_share)
        snprintf(row->text[SHARE], 80, "%.2f %%", 100 * cell->share);
    else
        snprintf(row->text[SHARE], 80, "-");
    put_number(row->text[MEDIAN], m, cell->median);
    put_number(row->text[ADJUSTED], m, cell->adjusted);
    if (cell->clamped || cell->clipped)
        snprintf(row->warning, sizeof row->warning,
                 "%" PRIu64 " at the clamp, %" PRIu64 " clipped: the interval may not hold",
                 cell->clamped, cell->clipped);
    if (cell->disagrees)
        snprintf(row->warning + strlen(row->warning), sizeof row->warning - strlen(row->warning),
                 "%smean and median disagree", row->warning[0] ? "; " : "");
}

static int is_shown(const struct fleet_printer *p, const struct fleet_estimate *e, int column) {
    return column == MEDIAN     ? e->median_groups > 0
           : column == ADJUSTED ? p->is_adjusted
           : column == ALL      ? e->metric->n_cells > 1
                                : 1;
}

struct choice {
    double estimate;
    uint32_t cell;
};

static int by_estimate(const void *a, const void *b) {
    const struct choice *x = a, *y = b;
    return x->estimate > y->estimate   ? -1
           : x->estimate < y->estimate ? 1
           : x->cell < y->cell         ? -1
                                       : x->cell > y->cell;
}

/* The cells to print: all in their order, or the `top` largest ones. */
static uint32_t choose(const struct fleet_printer *p, const struct fleet_estimate *e,
                       struct choice *chosen) {
    uint32_t n = e->metric->n_cells;
    for (uint32_t c = 0; c < n; c++) chosen[c] = (struct choice){e->cells[c].estimate, c};
    if (n <= p->top) return n;
    qsort(chosen, n, sizeof *chosen, by_estimate);
    return p->top;
}

static int print_cells(struct fleet_printer *p, const struct fleet_estimate *e,
                       struct sotto_error *err) {
    uint32_t n = e->metric->n_cells;
    int wide[COLUMNS];
    struct choice *chosen = calloc(n, sizeof *chosen);
    struct row *rows = chosen ? calloc(n < p->top ? n : p->top, sizeof *rows) : NULL;
    if (!rows) {
        free(chosen);
        return fail(err, SOTTO_E_MEMORY, "out of memory");
    }
    n = choose(p, e, chosen);
    for (int k = 0; k < COLUMNS; k++) wide[k] = columns_of(titles[k]);
    for (uint32_t i = 0; i < n; i++) {
        put_row(&rows[i], p, e, chosen[i].cell);
        for (int k = 0; k < COLUMNS; k++) {
            int width = columns_of(rows[i].text[k]);
            if (width > wide[k]) wide[k] = width;
        }
    }
    for (int64_t i = -1; i < (int64_t)n; i++) {
        fputs("   ", p->to);
        for (int k = 0; k < COLUMNS; k++) {
            const char *text = i < 0 ? titles[k] : rows[i].text[k];
            int pad = wide[k] - columns_of(text);
            if (!is_shown(p, e, k)) continue;
            if (k == NAME)
                fprintf(p->to, " %s%*s", text, pad, "");
            else
                fprintf(p->to, "  %*s%s", pad, "", text);
        }
        fprintf(p->to, "%s%s\n", i < 0 || !rows[i].warning[0] ? "" : "  ",
                i < 0 ? "" : rows[i].warning);
    }
    if (n < e->metric->n_cells)
        fprintf(p->to, "    and %u cells with smaller estimates (--top shows more)\n",
                e->metric->n_cells - n);
    free(rows);
    free(chosen);
    return SOTTO_OK;
}

/* ---- Estimates --------------------------------------------------------------------------- */

static void print_metric(struct fleet_printer *p, const struct fleet_metric *m) {
    double eps = m->eps_micro / 1e6;
    fprintf(p->to, "%s%s (metric %u): ", p->n ? "\n" : "", m->name, m->id);
    if (m->unit == UNIT_VISIT && m->max_weight == 1)
        fprintf(p->to,
                "visits per cell, each counted in at most %u cells; epsilon %g per visit and "
                "window\n  (visits that touched more are missing from some: the true numbers are "
                "then higher)\n",
                m->max_cells, eps);
    else if (m->unit == UNIT_VISIT)
        fprintf(p->to,
                "what visits added to each cell, each at most %u to at most %u cells; epsilon %g "
                "per visit and window\n  (what went beyond is missing: the true numbers are then "
                "higher)\n",
                m->max_weight, m->max_cells, eps);
    else if (m->mechanism == MECHANISM_ONE_BIT_MEAN)
        fprintf(p->to,
                "the sum over households, each at most %u; the share is a household's mean; "
                "epsilon %g per household and fresh answer\n",
                m->max_value, eps);
    else
        fprintf(p->to,
                "households per value, each holds one of %u; epsilon %g per household and fresh "
                "answer\n",
                m->n_cells, eps);
}

static void print_head(struct fleet_printer *p, const struct fleet_estimate *e) {
    const struct fleet_metric *m = e->metric;
    char of[FLEET_LABEL_MAX + 16] = "";
    if (e->group) snprintf(of, sizeof of, ", %s%s", e->group[0] ? "group " : "no group", e->group);
    if (e->is_total)
        fprintf(p->to, "\n  all %" PRIu64 " windows, %s to %s%s: ", e->windows,
                when(e->first_window, m->window_s).text, when(e->last_window, m->window_s).text,
                of);
    else
        fprintf(p->to, "\n  %s (window %" PRIu64 "%s): ", when(e->first_window, m->window_s).text,
                e->first_window, of);
    if (e->is_suppressed) {
        fprintf(p->to,
                "suppressed: too few reports, fewer than %" PRIu64
                " here or in the rest that would give them away\n",
                p->min_reports);
        return;
    }
    if (m->unit == UNIT_VISIT)
        fprintf(p->to, "%" PRIu64 " reports", e->reports);
    else
        fprintf(p->to, "%" PRIu64 " fresh answers (and %" PRIu64 " sent again)", e->reports,
                e->repeats);
    fprintf(p->to, ", %" PRIu64 " of %" PRIu64 " devices enrolled reported%s (%.0f %%)", e->present,
            e->enrolled, m->unit == UNIT_VISIT ? "" : " on some metric",
            e->enrolled ? 100.0 * (double)e->present / (double)e->enrolled : 0);
    if (e->gone) fprintf(p->to, "; %" PRIu64 " of devices no longer enrolled", e->gone);
    if (e->hidden_windows)
        fprintf(p->to, "; without %" PRIu64 " windows of too few reports", e->hidden_windows);
    fputc('\n', p->to);
}

void fleet_print_begin(struct fleet_printer *p) { p->series = p->n = 0; }

int fleet_print_estimate(void *ctx, const struct fleet_estimate *e, struct sotto_error *err) {
    struct fleet_printer *p = ctx;
    if (p->series != e->metric->series) print_metric(p, e->metric);
    p->series = e->metric->series;
    p->n++;
    print_head(p, e);
    int status = e->is_suppressed ? SOTTO_OK : print_cells(p, e, err);
    if (status == SOTTO_OK && e->disagreeing)
        fprintf(p->to,
                "    mean and median of %u groups of reports disagree in %" PRIu64
                " cells: look for devices that were tampered with, or are very unlike the rest\n",
                e->median_groups, e->disagreeing);
    return status;
}

void fleet_print_end(struct fleet_printer *p) {
    if (p->n == 0) fprintf(p->to, "no reports are counted for this choice\n");
}
