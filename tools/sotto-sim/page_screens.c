/* page_screens: what a person at the kiosk saw: the banner, the personalised slate with its
 * reasons, and the general slate that everybody gets. All of it comes from one real visit of the
 * run. */
#include <stdlib.h>
#include <string.h>

#include "tools/sotto-sim/html.h"
#include "tools/sotto-sim/page.h"

enum { ITEMS_SHOWN = 6, REASONS_SHOWN = 4 };

static void banner(FILE *to, json_t *b) {
    html(to,
         "<figure class=\"kiosk\"><figcaption><b>First, the banner.</b> Nothing below could be "
         "read before it had been on screen for %f s.</figcaption>\n<div class=\"glass\" "
         "lang=\"%s\" dir=\"%s\"><div class=\"banner\"><p class=\"banner-title\"><span "
         "class=\"mark\" aria-hidden=\"true\"></span>%s</p><p>%s</p><p class=\"actions\">",
         (double)uint_at(b, "min_display_ms") / 1000, text_at(b, "locale"),
         strcmp(text_at(b, "direction"), "rtl") == 0 ? "rtl" : "ltr", text_at(b, "title"),
         text_at(b, "short"));
    size_t i;
    json_t *action;
    json_array_foreach(at(b, "actions"), i, action)
        /* Yes and no look the same: a banner that leans is a banner that lies. */
        html(to, "<span class=\"button%s\">%s</span> ", i < 2 ? " answer" : "",
             text_at(action, "label"));
    html(to,
         "</p></div><div class=\"veil\" "
         "aria-hidden=\"true\"><i></i><i></i><i></i><i></i><i></i></div></div>\n<dl "
         "class=\"notes\"><dt>In plain words</dt><dd>%s</dd><dt>Read aloud</dt><dd>%s</dd><dt>Who "
         "answers</dt><dd>%s</dd><dt>Packet</dt><dd class=\"mono\">notice %n, hash "
         "%s…</dd></dl></figure>\n",
         text_at(b, "plain"), text_at(b, "speech"), text_at(b, "contact"),
         uint_at(b, "notice_version"), text_at(b, "hash"));
}

/* A bar of the reasons' shares, in their order; positive ones only have a width. */
static void shares(FILE *to, json_t *reasons, double sum) {
    double x = 0;
    size_t i;
    json_t *r;
    html(to, "<svg class=\"shares\" role=\"img\" height=\"6\"><title>Shares of the score</title>");
    json_array_foreach(reasons, i, r) {
        double part = real_at(r, "contribution");
        if (part <= 0 || sum <= 0) continue;
        double width = 100 * part / sum;
        if (x + width > 100) width = 100 - x;
        html(to, "<rect class=\"r%d\" x=\"%f%%\" width=\"%f%%\" height=\"6\"/>",
             strcmp(text_at(r, "kind"), "popular") == 0 ? 0 : 1 + (int)(i % 4), x, width);
        x += width;
    }
    html(to, "</svg>");
}

static void because(FILE *to, json_t *r) {
    if (strcmp(text_at(r, "kind"), "popular") == 0)
        html(to, "popular with everyone");
    else
        html(to, "because you chose <q>%s</q>", text_at(r, "title"));
}

static void item(FILE *to, json_t *it, int with_reasons) {
    json_t *reasons = at(it, "reasons"), *r;
    size_t i, n = json_array_size(reasons);
    double positive = 0, rest = 0;
    html(to, "<li><span class=\"row\"><span class=\"title\">%s</span>", text_at(it, "title"));
    if (!with_reasons) {
        html(to, "</span></li>\n");
        return;
    }
    json_array_foreach(reasons, i, r) if (real_at(r, "contribution") > 0) positive +=
        real_at(r, "contribution");
    html(to, "<span class=\"score\">%d</span></span>", (int)real_at(it, "score"));
    shares(to, reasons, positive);
    html(to, "<span class=\"why\">");
    json_array_foreach(reasons, i, r) {
        if (i >= REASONS_SHOWN) {
            rest += real_at(r, "contribution");
            continue;
        }
        html(to, "<span class=\"reason\"><b>%d</b><span>", (int)real_at(r, "contribution"));
        because(to, r);
        html(to, "</span></span>");
    }
    if (n > REASONS_SHOWN)
        html(to, "<span class=\"reason\"><b>%d</b><span>from %d more</span></span>", (int)rest,
             (int)n - REASONS_SHOWN);
    html(to, "</span></li>\n");
}

static void slate(FILE *to, json_t *items, const char *heading, const char *sub, int with_reasons) {
    size_t i;
    json_t *it;
    html(to, "<div class=\"glass slate%s\"><p class=\"slate-head\">%s<small>%s</small></p><ol>\n",
         with_reasons ? "" : " general", heading, sub);
    json_array_foreach(items, i, it) {
        if (i == ITEMS_SHOWN) break;
        item(to, it, with_reasons);
    }
    html(to, "</ol></div>\n");
}

/* The first item's score, summand by summand: promise 5 for the eye. */
static void sum_table(FILE *to, json_t *it) {
    size_t i;
    json_t *r;
    double sum = 0;
    html(to,
         "<div class=\"wide\"><table><caption>Why <q>%s</q> came first: every summand of its "
         "score, in the model’s own units</caption><thead><tr><th scope=\"col\">Reason</th><th "
         "scope=\"col\" class=\"num\">Contribution</th></tr></thead><tbody>",
         text_at(it, "title"));
    json_array_foreach(at(it, "reasons"), i, r) {
        html(to, "<tr><td>");
        because(to, r);
        html(to, "</td><td class=\"num\">%d</td></tr>\n", (int)real_at(r, "contribution"));
        sum += real_at(r, "contribution");
    }
    html(to,
         "</tbody><tfoot><tr><th scope=\"row\">Sum of the reasons</th><td "
         "class=\"num\">%d</td></tr><tr><th scope=\"row\">Score that ranked it</th><td "
         "class=\"num\">%d</td></tr></tfoot></table></div>\n",
         (int)sum, (int)real_at(it, "score"));
}

void page_screens(FILE *to, const struct findings *found) {
    json_t *screen = found->screen, *it;
    size_t i;
    html(to, "<section aria-labelledby=\"screens\"><h2 id=\"screens\">What one visitor saw</h2>\n");
    if (!at(screen, "banner")) {
        html(to,
             "<p class=\"missing\">No personalised slate was opened in this run.</p></section>\n");
        return;
    }
    html(to,
         "<p>A visitor at kiosk %n put these into the basket, and agreed to be shown suggestions "
         "based on them:</p>\n<ul class=\"basket\">",
         uint_at(screen, "kiosk"));
    json_array_foreach(at(screen, "basket"), i, it) html(to, "<li>%s</li>", json_string_value(it));
    html(to, "</ul>\n<div class=\"screens\">");
    banner(to, at(screen, "banner"));
    html(to, "<figure class=\"kiosk\"><figcaption><b>Then, the suggestions.</b> Each number is "
             "part of the score, and they add up.</figcaption>\n");
    slate(to, at(screen, "personalised"), "For you", "from what you chose today", 1);
    html(to, "</figure><figure class=\"kiosk\"><figcaption><b>Beside it, what everyone gets.</b> "
             "Shown when the answer is no, or no banner could be shown.</figcaption>\n");
    slate(to, at(screen, "general"), "Popular here", "the same for everyone", 0);
    html(to, "</figure></div>\n");
    if ((it = json_array_get(at(screen, "personalised"), 0))) sum_table(to, it);
    html(to, "</section>\n");
}
