/* tradeoff_print: the trade-off as text, JSON and a picture. See tradeoff.h. */
#include "tools/sotto-fleet/tradeoff.h"

#include <inttypes.h>
#include <math.h>

#include "tools/common/json.h"

static const char *const mechanisms[] = {"?",
                                         "discrete Laplace",
                                         "discrete Gaussian",
                                         "subset selection",
                                         "projective geometry response",
                                         "one-bit mean"};

const char *tradeoff_of(const struct tradeoff *t) {
    switch (t->options->kind) {
    case TRADEOFF_VISITS: return "visits per device in one cell";
    case TRADEOFF_HISTOGRAM: return "share of households that hold a value, in per cent";
    case TRADEOFF_MEAN: return "mean of households, in per cent of its largest value";
    }
    return "";
}

/* Shares are shown in per cent. */
static double shown(const struct tradeoff *t, double error) {
    return t->options->kind == TRADEOFF_VISITS ? error : 100 * error;
}

static void put_terms(FILE *to, const struct tradeoff_options *o) {
    if (o->kind == TRADEOFF_VISITS)
        fprintf(to, "%u cells, a visit adds at most %u to at most %u", o->n_cells, o->max_weight,
                o->max_cells);
    else if (o->kind == TRADEOFF_HISTOGRAM)
        fprintf(to, "%u values", o->n_cells);
    else
        fprintf(to, "values up to %u", o->max_value);
}

/* ---- Text and JSON ----------------------------------------------------------------------- */

void tradeoff_print(FILE *to, const struct tradeoff *t) {
    fprintf(to, "Standard error of %s; ", tradeoff_of(t));
    put_terms(to, t->options);
    fprintf(to, "\n\n  epsilon  %-28s  %10s  %12s  %12s  %s\n", "mechanism", "devices", "formula",
            "simulated", "difference");
    for (uint32_t i = 0; i < t->n; i++) {
        const struct tradeoff_point *p = &t->points[i];
        fprintf(to, "  %7g  %-28s  %10" PRIu64 "  %12.5g", p->eps_micro / 1e6,
                mechanisms[p->mechanism], p->devices, shown(t, p->formula));
        if (isnan(p->simulated))
            fprintf(to, "  %12s\n", "-");
        else
            fprintf(to, "  %12.5g  %+.2f %% (chance: within %.2f %%)%s\n", shown(t, p->simulated),
                    100 * (p->simulated / p->formula - 1), 100 * p->margin,
                    fabs(p->simulated / p->formula - 1) > p->margin ? "  DISAGREES" : "");
    }
    fprintf(to,
            "\nNineteen of twenty estimates lie within about two standard errors of the truth.\n");
}

void tradeoff_print_json(FILE *to, const struct tradeoff *t) {
    static const char *const kinds[] = {"visits", "histogram", "mean"};
    const struct tradeoff_options *o = t->options;
    struct json j = json_to(to);
    json_begin_object(&j, NULL);
    json_text(&j, "kind", kinds[o->kind]);
    json_text(&j, "standard_error_of", tradeoff_of(t));
    json_uint(&j, "cells", o->n_cells);
    json_uint(&j, "max_cells", o->max_cells);
    json_uint(&j, "max_weight", o->max_weight);
    json_uint(&j, "max_value", o->max_value);
    json_uint(&j, "seed", o->seed);
    json_uint(&j, "disagreeing", t->disagreeing);
    json_begin_array(&j, "points");
    for (uint32_t i = 0; i < t->n; i++) {
        const struct tradeoff_point *p = &t->points[i];
        json_begin_object(&j, NULL);
        json_double(&j, "epsilon", p->eps_micro / 1e6);
        json_text(&j, "mechanism", mechanisms[p->mechanism]);
        json_uint(&j, "devices", p->devices);
        json_double(&j, "formula", shown(t, p->formula));
        json_double(&j, "simulated", shown(t, p->simulated));
        json_uint(&j, "simulated_errors", p->errors);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
}

/* ---- The picture ------------------------------------------------------------------------- */

enum { WIDTH = 760, HEIGHT = 470, LEFT = 86, RIGHT = 150, TOP = 84, BOTTOM = 64 };

struct frame {
    double x0, x1, y0, y1; /* decimal logarithms at the borders */
};

static struct frame frame_of(const struct tradeoff *t) {
    struct frame f = {INFINITY, -INFINITY, INFINITY, -INFINITY};
    for (uint32_t i = 0; i < t->n; i++) {
        const struct tradeoff_point *p = &t->points[i];
        double x = log10((double)p->devices), y = log10(shown(t, p->formula));
        f.x0 = fmin(f.x0, x), f.x1 = fmax(f.x1, x);
        f.y0 = fmin(f.y0, y), f.y1 = fmax(f.y1, y);
    }
    f.x0 = floor(f.x0), f.x1 = fmax(ceil(f.x1), f.x0 + 1);
    f.y0 = floor(f.y0), f.y1 = fmax(ceil(f.y1), f.y0 + 1);
    return f;
}

static double at_x(const struct frame *f, double devices) {
    return LEFT + (log10(devices) - f->x0) / (f->x1 - f->x0) * (WIDTH - LEFT - RIGHT);
}
static double at_y(const struct frame *f, double error) {
    return HEIGHT - BOTTOM - (log10(error) - f->y0) / (f->y1 - f->y0) * (HEIGHT - TOP - BOTTOM);
}

static void put_grid(FILE *to, const struct frame *f) {
    for (int e = (int)f->x0; e <= (int)f->x1; e++) {
        double x = at_x(f, pow(10, e));
        fprintf(to, "<path class=\"a\" d=\"M%.1f %dV%d\"/><text class=\"m\" x=\"%.1f\" y=\"%d\">",
                x, TOP, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 20);
        if (e >= 6)
            fprintf(to, "%g million</text>\n", pow(10, e - 6));
        else
            fprintf(to, "%g</text>\n", pow(10, e));
    }
    for (int e = (int)f->y0; e <= (int)f->y1; e++) {
        double y = at_y(f, pow(10, e));
        fprintf(to,
                "<path class=\"a\" d=\"M%d %.1fH%d\"/><text class=\"e\" x=\"%d\" y=\"%.1f\">%g"
                "</text>\n",
                LEFT, y, WIDTH - RIGHT, LEFT - 8, y + 4, pow(10, e));
    }
}

static void put_series(FILE *to, const struct tradeoff *t, const struct frame *f, uint32_t first) {
    uint32_t n = t->options->n_devices, color = first / n;
    const struct tradeoff_point *p = &t->points[first];
    fprintf(to, "<g class=\"c%u\"><path class=\"l\" d=\"", color);
    for (uint32_t i = 0; i < n; i++)
        fprintf(to, "%c%.1f %.1f", i ? 'L' : 'M', at_x(f, (double)p[i].devices),
                at_y(f, shown(t, p[i].formula)));
    fprintf(to, "\"/>\n");
    for (uint32_t i = 0; i < n; i++)
        if (!isnan(p[i].simulated))
            fprintf(to,
                    "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>epsilon %g, %" PRIu64
                    " devices: simulated %.4g, formula %.4g</title></circle>\n",
                    at_x(f, (double)p[i].devices), at_y(f, shown(t, p[i].simulated)),
                    p[i].eps_micro / 1e6, p[i].devices, shown(t, p[i].simulated),
                    shown(t, p[i].formula));
    /* Lines are parallel, so names beside their ends keep apart as the lines do. */
    fprintf(to, "</g><text x=\"%d\" y=\"%.1f\">epsilon %g</text>\n", WIDTH - RIGHT + 10,
            at_y(f, shown(t, p[n - 1].formula)) + 4, p[0].eps_micro / 1e6);
}

void tradeoff_plot(FILE *to, const struct tradeoff *t) {
    struct frame f = frame_of(t);
    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
            "aria-labelledby=\"t d\">\n<title id=\"t\">Error against epsilon and fleet "
            "size</title>\n<desc id=\"d\">Standard error of %s, a line for each epsilon, falling "
            "with the square root of the number of devices; dots are simulated fleets.</desc>\n",
            WIDTH, HEIGHT, tradeoff_of(t));
    fputs("<style>text{font:13px system-ui,sans-serif;fill:#222}.t{font-size:16px;font-weight:600}"
          ".s{font-size:12px;fill:#555}.m{text-anchor:middle;font-size:12px;fill:#555}"
          ".e{text-anchor:end;font-size:12px;fill:#555}.a{stroke:#ddd;stroke-width:1;fill:none}"
          ".l{stroke-width:2.5;fill:none;stroke:currentColor}circle{fill:currentColor}.p{fill:#fff}"
          ".c0{color:#a63a50}.c1{color:#c77d2e}.c2{color:#6a8f2f}.c3{color:#1b6ca8}"
          ".c4{color:#6b4fa0}.c5{color:#2a8a86}.c6{color:#8a6d3b}.c7{color:#555}</style>\n",
          to);
    fprintf(to, "<rect class=\"p\" width=\"%d\" height=\"%d\"/>\n", WIDTH, HEIGHT);
    fprintf(to, "<text class=\"t\" x=\"%d\" y=\"32\">Standard error of %s</text>\n", LEFT - 46,
            tradeoff_of(t));
    fprintf(to, "<text class=\"s\" x=\"%d\" y=\"54\">", LEFT - 46);
    put_terms(to, t->options);
    fprintf(to, "; lines: formulas, dots: simulated fleets; both axes logarithmic</text>\n");
    put_grid(to, &f);
    for (uint32_t i = 0; i < t->n; i += t->options->n_devices) put_series(to, t, &f, i);
    fprintf(to, "<text class=\"m\" x=\"%d\" y=\"%d\">devices that report</text>\n</svg>\n",
            LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 18);
}
