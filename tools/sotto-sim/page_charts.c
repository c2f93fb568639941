/* page_charts: quality against baselines, and noised counts against true ones. The charts are rows
 * of text beside small SVGs whose coordinates are per cent, so they fit a phone without shrinking
 * letters. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "tools/sotto-sim/html.h"
#include "tools/sotto-sim/page.h"

static const struct {
    const char *key, *name;
} lists[] = {{"ours", "Sotto"},
             {"popularity", "Popular now"},
             {"all_time", "Popular ever"},
             {"random", "At random"}};
enum { LISTS = sizeof lists / sizeof lists[0] };

static void bars(FILE *to, json_t *quality, const char *measure, const char *name,
                 const char *what) {
    double most = 0;
    char path[64];
    for (size_t i = 0; i < LISTS; i++) {
        snprintf(path, sizeof path, "%s.%s", lists[i].key, measure);
        if (real_at(quality, path) > most) most = real_at(quality, path);
    }
    html(to, "<figure class=\"bars\"><figcaption><b>%s</b> %s</figcaption>\n", name, what);
    for (size_t i = 0; i < LISTS; i++) {
        snprintf(path, sizeof path, "%s.%s", lists[i].key, measure);
        if (!at(quality, path)) continue;
        double value = real_at(quality, path);
        html(to,
             "<div class=\"bar\"><span>%s</span><svg role=\"img\" height=\"14\"><title>%s, %s: "
             "%F</title><rect class=\"track\" width=\"100%%\" height=\"14\" rx=\"2\"/><rect "
             "class=\"b%d\" width=\"%f%%\" height=\"14\" rx=\"2\"/></svg><span "
             "class=\"num\">%F</span></div>\n",
             lists[i].name, name, lists[i].name, value, (int)i, most > 0 ? 100 * value / most : 0,
             value);
    }
    html(to, "</figure>\n");
}

void page_quality(FILE *to, const struct findings *found) {
    json_t *from = found->evaluate ? found->evaluate : found->run, *quality = at(from, "quality");
    html(to, "<section aria-labelledby=\"quality\"><h2 id=\"quality\">Does it help?</h2>\n");
    if (!at(quality, "ours.recall")) {
        html(to, "<p class=\"missing\">Quality was not measured.</p></section>\n");
        return;
    }
    html(to,
         "<p>Half of each of %n held-out baskets was shown to the device; its 20 suggestions are "
         "held against the other half. Everything went through the device library’s own slates, "
         "banner included. “Popular now” are the library’s general slates, “popular ever” counts "
         "all baskets before; neither repeats what the basket holds.</p>\n<div class=\"trio\">\n",
         uint_at(quality, "ours.baskets"));
    bars(to, quality, "recall", "Recall@20",
         "hits on the slate, divided by what was bought next or by 20 if that is less");
    bars(to, quality, "ndcg", "NDCG@20", "the same, when higher places count more");
    bars(to, quality, "hit", "Hit rate@20", "share of baskets with at least one good suggestion");
    html(to, "</div>\n");
    if (found->evaluate)
        html(to,
             "<p>From request to opened slate: <b>%f µs</b> in the median, %f µs at the 99th "
             "percentile, with a model pack of %n bytes and %n items.</p>\n",
             real_at(from, "request_to_open_us.median"), real_at(from, "request_to_open_us.p99"),
             uint_at(from, "model.bytes"), uint_at(from, "model.items"));
    if (found->command)
        html(to, "<p>To see these figures again:</p><pre class=\"command\"><code>%s</code></pre>\n",
             found->command);
    html(to, "</section>\n");
}

static const char *day_of(int64_t start_s, char text[32]) {
    time_t t = (time_t)start_s;
    struct tm day;
    if (!gmtime_r(&t, &day) || strftime(text, 32, "%-d %B %Y", &day) == 0) text[0] = 0;
    return text;
}

struct scale {
    double low, high;
};

static double place(struct scale s, double value) {
    double p = 100 * (value - s.low) / (s.high - s.low);
    return p < 0 ? 0 : p > 100 ? 100 : p;
}

static void cell_row(FILE *to, struct scale s, const struct cell_view *c) {
    html(to, "<div class=\"cell\"><span>%s</span>", c->name);
    if (!c->is_shown) {
        html(to, "<span class=\"held\">held back: too few to show</span><span></span></div>\n");
        return;
    }
    double zero = place(s, 0), low = place(s, c->low), high = place(s, c->high);
    html(to,
         "<svg role=\"img\" height=\"22\"><title>%s: estimate %f, 95 %% interval %f to %f; true "
         "%f</title><line class=\"zero\" x1=\"%f%%\" x2=\"%f%%\" y1=\"0\" y2=\"22\"/><line "
         "class=\"interval\" x1=\"%f%%\" x2=\"%f%%\" y1=\"11\" y2=\"11\"/>",
         c->name, c->estimate, c->low, c->high, c->bounded, zero, zero, low, high);
    html(to,
         "<line class=\"true\" x1=\"%f%%\" x2=\"%f%%\" y1=\"3\" y2=\"19\"/><circle class=\"dot\" "
         "cx=\"%f%%\" cy=\"11\" r=\"4\"/></svg>",
         place(s, c->bounded), place(s, c->bounded), place(s, c->estimate));
    html(to, "<span class=\"num\">%d <small>true %d</small></span></div>\n",
         (int)lround(c->estimate), (int)lround(c->bounded));
}

static void cells(FILE *to, const struct window_view *w) {
    struct scale s = {0, 1};
    for (size_t i = 0; i < w->n; i++) {
        const struct cell_view *c = &w->cells[i];
        if (c->is_shown && c->low < s.low) s.low = c->low;
        if (c->is_shown && c->high > s.high) s.high = c->high;
        if (c->bounded > s.high) s.high = c->bounded;
    }
    s.high += (s.high - s.low) * 0.02;
    s.low -= (s.high - s.low) * 0.02;
    for (size_t i = 0; i < w->n; i++) cell_row(to, s, &w->cells[i]);
}

/* What the contribution bound left out: no estimate holds it, and no interval covers it. */
static void bound_note(FILE *to, const struct findings_coverage *sum) {
    if (sum->left_out < 0.5) return;
    html(
        to,
        "<p class=\"fine\">A visit may count in only so many groups, by the policy. That bound "
        "left out %n of %n touches of a group (%f&nbsp;%%): where people touch more, estimates lie "
        "below the number of visits. “True” is what is expected to remain.</p>\n",
        (uint64_t)llround(sum->left_out), (uint64_t)llround(sum->touches),
        100 * sum->left_out / sum->touches);
}

void page_counts(FILE *to, const struct findings *found) {
    struct window_view day, all;
    char date[32];
    html(to,
         "<section aria-labelledby=\"counts\"><h2 id=\"counts\">What the operator learns</h2>\n");
    if (findings_best_window(found, &day) != 0) {
        html(to, "<p class=\"missing\">No reports were estimated in this run.</p></section>\n");
        return;
    }
    if (day.is_household)
        html(to,
             "<p>Each household answers by chance, ε = %f for a fresh answer: nobody, not even the "
             "operator, ever has its true value. Few answers tell little; many tell the "
             "shares.</p>\n",
             day.epsilon);
    else
        html(to,
             "<p>Each kiosk adds noise to its counts before anything leaves it, ε = %f a visit. On "
             "one day the noise is nearly as large as the counts of a small shop; over many days "
             "the counts stand out.</p>\n",
             day.epsilon);
    html(to,
         "<p class=\"keys\"><span class=\"key\"><i class=\"k-dot\"></i> "
         "estimate</span> <span class=\"key\"><i class=\"k-interval\"></i> 95 %% interval</span> "
         "<span class=\"key\"><i class=\"k-true\"></i> ");
    if (day.is_household)
        html(to, "what the households that answered anew are expected to hold");
    else
        html(to, "true count of visits, each in at most %n groups", day.max_cells);
    html(to, ", known only to the simulator</span></p>\n<div class=\"days\">");
    html(to, "<figure class=\"cells\"><figcaption><b>%s</b> on %s, from %n reports</figcaption>\n",
         day.metric, day_of(day.start_s, date), day.reports);
    cells(to, &day);
    html(to, "</figure>\n");
    if (findings_total(found, &day, &all) == 0 && all.windows > 1) {
        html(to,
             "<figure class=\"cells\"><figcaption><b>%s</b> over all %n windows, from %n "
             "reports</figcaption>\n",
             all.metric, all.windows, all.reports);
        cells(to, &all);
        html(to, "</figure>\n");
    }
    html(to, "</div>\n");
    struct findings_coverage sum = findings_coverage(found);
    if (sum.cells)
        html(to,
             "<p>Over all %n windows and %n counts, the true count after the bound lies inside its "
             "interval in <b>%f&nbsp;%%</b>.</p>\n",
             (uint64_t)findings_windows(found), sum.cells,
             100.0 * (double)sum.inside / (double)sum.cells);
    bound_note(to, &sum);
    html(to, "</section>\n");
}
