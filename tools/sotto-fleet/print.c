/* print: see print.h. */
#include "tools/sotto-fleet/print.h"

#include <inttypes.h>
#include <time.h>

#include "tools/common/json.h"

/* ---- Collected --------------------------------------------------------------------------- */

/* File names come from outside: nothing of them may reach a terminal as a command. */
static void put_name(FILE *to, const char *name) {
    if (utf8_is_printable(name, strlen(name)))
        fputs(name, to);
    else
        for (const char *c = name; *c; c++) fputc(*c > 0x20 && *c < 0x7f ? *c : '?', to);
}

void fleet_print_collected(FILE *to, const struct fleet_collected *r) {
    fprintf(to,
            "%" PRIu64 " files from %" PRIu64 " enrolled devices: %" PRIu64 " new, %" PRIu64
            " counted before, %zu in quarantine\n",
            r->files, r->enrolled, r->accepted, r->duplicates, r->n_set_aside);
    for (size_t i = 0; i < r->n_set_aside; i++) {
        const struct fleet_set_aside *a = &r->set_aside[i];
        fprintf(to, "  quarantine: ");
        put_name(to, a->file);
        fprintf(to, ": %s: %s\n    remedy: %s\n", a->reason, a->detail, a->remedy);
    }
}

void fleet_print_collected_json(FILE *to, const struct fleet_collected *r) {
    struct json j = json_to(to);
    json_begin_object(&j, NULL);
    json_uint(&j, "files", r->files);
    json_uint(&j, "devices_enrolled", r->enrolled);
    json_uint(&j, "accepted", r->accepted);
    json_uint(&j, "duplicates", r->duplicates);
    json_begin_array(&j, "quarantine");
    for (size_t i = 0; i < r->n_set_aside; i++) {
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

static int digits_of(int64_t v) {
    char text[32];
    return snprintf(text, sizeof text, "%" PRId64, v);
}

static int columns_of(const char *text) { /* of well-formed UTF-8 */
    int n = 0;
    for (; *text; text++) n += (*text & 0xc0) != 0x80;
    return n;
}

static void print_cells(FILE *to, const struct fleet_metric *m, const struct fleet_estimate *e) {
    int name = 4, wide = 8;
    for (uint32_t c = 0; c < m->n_cells; c++) {
        int width = columns_of(m->cells[c]), low = digits_of(e->sums[c] - e->half_width),
            high = digits_of(e->sums[c] + e->half_width);
        if (width > name) name = width;
        if (low > wide) wide = low;
        if (high > wide) wide = high;
    }
    fprintf(to, "    %-*s  %*s  %*s\n", name, "cell", wide, "estimate", 2 * wide + 3,
            "95 % interval");
    for (uint32_t c = 0; c < m->n_cells; c++) {
        char high[32];
        snprintf(high, sizeof high, "%" PRId64, e->sums[c] + e->half_width);
        fprintf(to, "    %s%*s  %*" PRId64 "  %*" PRId64 " … ", m->cells[c],
                name - columns_of(m->cells[c]), "", wide, e->sums[c], wide,
                e->sums[c] - e->half_width);
        if (e->clamped[c])
            fprintf(to, "%-*s  %" PRIu64 " at the clamp: the interval may not hold", wide, high,
                    e->clamped[c]);
        else
            fputs(high, to);
        fputc('\n', to);
    }
}

void fleet_print_estimates(FILE *to, const struct fleet_estimates *all) {
    size_t at = 0;
    if (all->n_metrics == 0) fprintf(to, "no reports are counted for this choice\n");
    for (size_t i = 0; i < all->n_metrics; i++) {
        const struct fleet_metric *m = &all->metrics[i];
        const struct fleet_estimate *total = &all->totals[i];
        fprintf(to,
                "%s%s (metric %u): visits per cell, each counted in at most %u cells; epsilon %g "
                "per visit and window\n"
                "  (visits that touched more are missing from some: the true numbers are then "
                "higher)\n",
                i ? "\n" : "", m->name, m->id, m->max_cells, m->eps_micro / 1e6);
        for (; at < all->n_windows && all->windows[at].metric == i; at++) {
            const struct fleet_estimate *e = &all->windows[at];
            fprintf(to,
                    "\n  %s (window %" PRIu64 "): %" PRIu64 " reports, %" PRIu64
                    " devices enrolled\n",
                    when(e->first_window, m->window_s).text, e->first_window, e->reports,
                    all->enrolled);
            print_cells(to, m, e);
        }
        fprintf(to,
                "\n  all %" PRIu64 " windows, %s to %s: %" PRIu64 " reports, %" PRIu64
                " devices enrolled\n",
                total->windows, when(total->first_window, m->window_s).text,
                when(total->last_window, m->window_s).text, total->reports, all->enrolled);
        print_cells(to, m, total);
    }
}

static void json_estimate(struct json *j, const struct fleet_estimates *all,
                          const struct fleet_estimate *e, int is_total) {
    const struct fleet_metric *m = &all->metrics[e->metric];
    char definition[17];
    for (int i = 0; i < 8; i++) snprintf(definition + 2 * i, 3, "%02x", m->definition[i]);
    json_begin_object(j, NULL);
    json_uint(j, "metric", m->id);
    json_text(j, "name", m->name);
    json_text(j, "definition", definition);
    json_uint(j, is_total ? "first_window" : "window", e->first_window);
    if (is_total) json_uint(j, "last_window", e->last_window);
    if (is_total) json_uint(j, "windows", e->windows);
    json_uint(j, "window_start_s", e->first_window * m->window_s);
    json_uint(j, "window_s", m->window_s);
    json_uint(j, "reports", e->reports);
    json_uint(j, "devices_enrolled", all->enrolled);
    json_uint(j, "eps_micro", m->eps_micro);
    json_uint(j, "max_cells", m->max_cells);
    json_text(j, "estimate_of", "visits, each counted in at most max_cells cells");
    json_double(j, "level", FLEET_LEVEL);
    json_int(j, "half_width", e->half_width);
    json_begin_array(j, "cells");
    for (uint32_t c = 0; c < m->n_cells; c++) {
        json_begin_object(j, NULL);
        json_text(j, "cell", m->cells[c]);
        json_int(j, "estimate", e->sums[c]);
        json_int(j, "low", e->sums[c] - e->half_width);
        json_int(j, "high", e->sums[c] + e->half_width);
        json_uint(j, "clamped", e->clamped[c]);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

void fleet_print_estimates_json(FILE *to, const struct fleet_estimates *all) {
    struct json j = json_to(to);
    json_begin_object(&j, NULL);
    json_uint(&j, "devices_enrolled", all->enrolled);
    json_begin_array(&j, "estimates");
    for (size_t i = 0; i < all->n_windows; i++) json_estimate(&j, all, &all->windows[i], 0);
    json_end_array(&j);
    json_begin_array(&j, "totals");
    for (size_t i = 0; i < all->n_totals; i++) json_estimate(&j, all, &all->totals[i], 1);
    json_end_array(&j);
    json_end_object(&j);
}
