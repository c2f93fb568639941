/* page_disk: what lies on the disk against what it means, what was spent, and the whole in plain
 * words. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sotto-sim/html.h"
#include "tools/sotto-sim/page.h"

enum { ROW = 8, ROWS = 24 };

/* `hex` is two digits a byte. Eight bytes a row fit the narrowest phone. */
static void hex_dump(FILE *to, const char *hex, uint64_t offset) {
    size_t n = strlen(hex) / 2;
    html(to, "<pre class=\"hex\" tabindex=\"0\" aria-label=\"Hexadecimal dump of the encrypted "
             "bytes\">");
    for (size_t row = 0; row < ROWS && row * ROW < n; row++) {
        unsigned long long place = offset + (uint64_t)row * ROW;
        fprintf(to, "<i>%06llx</i> ", place);
        for (size_t i = row * ROW; i < (row + 1) * ROW; i++)
            if (i < n)
                html(to, " %c%c", hex[2 * i], hex[2 * i + 1]);
            else
                html(to, "   ");
        html(to, "  <b>");
        for (size_t i = row * ROW; i < (row + 1) * ROW && i < n; i++) {
            char byte[3] = {hex[2 * i], hex[2 * i + 1], 0};
            long value = strtol(byte, NULL, 16);
            html(to, "%c", value > 0x20 && value < 0x7f ? (int)value : '.');
        }
        html(to, "</b>\n");
    }
    html(to, "</pre>");
}

void page_disk(FILE *to, const struct findings *found) {
    json_t *disk = at(found->screen, "disk"), *scan = at(found->run, "canaries"), *e;
    size_t i;
    html(to, "<section aria-labelledby=\"disk\"><h2 id=\"disk\">What lies on the disk</h2>\n");
    if (!*text_at(disk, "hex")) {
        html(to, "<p class=\"missing\">No visit was stored in this run.</p>\n");
    } else {
        html(to,
             "<p>A visitor agreed to be remembered. When the visit ended, these bytes "
             "were written. Without the device’s keys they are all that a thief of the disk gets; "
             "beside them stands what they mean.</p>\n<div "
             "class=\"pair\"><figure><figcaption>Bytes of <code>%s</code></figcaption>",
             text_at(disk, "file"));
        hex_dump(to, text_at(disk, "hex"), uint_at(disk, "offset"));
        html(to,
             "</figure><figure><figcaption>What they mean</figcaption><div "
             "class=\"meaning\"><p><b>Profile</b> %s</p><ul>",
             text_at(disk, "profile"));
        json_array_foreach(at(disk, "events"), i, e)
            html(to, "<li><small>%s</small> %s <q>%s</q></li>\n", text_at(e, "time"),
                 text_at(e, "type"), text_at(e, "title"));
        html(to, "</ul></div></figure></div>\n");
    }
    if (scan)
        html(to,
             "<p>Afterwards every byte of the %n files that the devices wrote (%n bytes) was "
             "searched for %n texts: titles that occurred and item ids from stored profiles. <b "
             "class=\"whole\">Hits: %n.</b></p>\n",
             uint_at(scan, "files"), uint_at(scan, "bytes"), uint_at(scan, "patterns"),
             uint_at(scan, "hits"));
    html(to, "</section>\n");
}

static void row(FILE *to, const char *name, json_t *run, const char *path) {
    if (!at(run, path)) return;
    html(to, "<tr><th scope=\"row\">%s</th><td class=\"num\">%n</td></tr>\n", name,
         uint_at(run, path));
}

static void budgets(FILE *to, json_t *run) {
    size_t i;
    json_t *m;
    html(to, "<h3>Privacy spent, and how much there is</h3>\n");
    json_array_foreach(at(run, "metrics"), i, m) {
        double spent = real_at(m, "spent_micro") / 1e6, life = real_at(m, "lifetime_micro") / 1e6;
        double share = life > 0 ? 100 * spent / life : 0;
        html(to,
             "<div class=\"budget\"><p><b>%s</b>: ε %f a %s and window; after the run the "
             "kiosk that spent most had charged ε %f of a lifetime’s %f.</p><svg role=\"img\" "
             "height=\"14\"><title>%f %% of the lifetime budget spent</title><rect "
             "class=\"track\" width=\"100%%\" height=\"14\" rx=\"2\"/><rect class=\"b0\" "
             "width=\"%f%%\" height=\"14\" rx=\"2\"/></svg></div>\n",
             text_at(m, "name"), real_at(m, "eps_micro") / 1e6, text_at(m, "unit"), spent, life,
             share, share < 0.3 ? 0.3 : share);
    }
}

void page_spending(FILE *to, const struct findings *found) {
    json_t *run = found->run, *w;
    size_t i;
    html(to,
         "<section aria-labelledby=\"spending\"><h2 id=\"spending\">Budget, reports, bytes</h2>\n");
    if (!run) {
        html(to, "<p class=\"missing\">There was no run of kiosks.</p></section>\n");
        return;
    }
    budgets(to, run);
    html(to, "<div class=\"duo\"><div class=\"wide\"><table><caption>The run</caption><tbody>");
    row(to, "Kiosks", run, "kiosks");
    row(to, "Visits", run, "visits");
    row(to, "Events recorded", run, "events");
    row(to, "Banners asked for", run, "banners.asked");
    row(to, "Banners shown", run, "banners.shown");
    row(to, "Banners declined", run, "banners.declined");
    row(to, "Banners that failed", run, "banners.failed");
    row(to, "Profiles kept by consent", run, "profiles");
    row(to, "Bytes on disk, all kiosks", run, "disk_bytes");
    row(to, "Reports made", run, "reports.count");
    row(to, "Bytes of reports", run, "reports.bytes");
    html(to, "</tbody></table></div><div class=\"wide\"><table><caption>Slates opened, and "
             "why</caption><tbody>");
    json_array_foreach(at(run, "slates.why"), i, w) if (uint_at(w, "count"))
        html(to, "<tr><th scope=\"row\">%s</th><td class=\"num\">%n</td></tr>\n",
             text_at(w, "text"), uint_at(w, "count"));
    html(to, "</tbody></table></div></div>\n</section>\n");
}

void page_plain_words(FILE *to, const struct findings *found) {
    json_t *run = found->run;
    html(to, "<section aria-labelledby=\"words\"><h2 id=\"words\">In plain words</h2>\n<div "
             "class=\"duo words\"><div><h3>What left the kiosks</h3><ul>");
    if (uint_at(run, "reports.count"))
        html(to,
             "<li>%n small reports, %n bytes in all. Each says: “about this many visits touched "
             "this kind of goods”, with noise added on the kiosk first.</li>",
             uint_at(run, "reports.count"), uint_at(run, "reports.bytes"));
    html(to,
         "<li>With each: which kiosk, which day, how much noise, a signature, so that nobody can "
         "invent or change one.</li><li>A report for every day, busy or empty, so that even "
         "silence tells nothing.</li></ul></div><div><h3>What did not</h3><ul><li>No names, no "
         "customer numbers, no profile.</li><li>No item that anybody looked at or bought, and no "
         "slate that was shown.</li><li>No exact count. Noise hides whether any one visitor came: "
         "no report is more than e<sup>ε</sup> times likelier with <em>you</em> than without, for "
         "the ε above.</li><li>Nothing of visitors who did not agree to be counted, not even with "
         "noise.</li></ul></div></div>\n</section>\n");
}
