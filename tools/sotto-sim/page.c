/* page: head, opening figures and order of the sections; see page.h. */
#include <string.h>

#include "tools/sotto-sim/html.h"
#include "tools/sotto-sim/page.h"

static void figure(FILE *to, const char *value, const char *label) {
    html(to, "<div><dt>%s</dt><dd>%s</dd></div>\n", label, value);
}

static void opening(FILE *to, const struct findings *found) {
    char text[96];
    json_t *quality = at(found->evaluate ? found->evaluate : found->run, "quality");
    html(to, "<dl class=\"figures\">\n");
    if (at(quality, "ours.recall")) {
        snprintf(text, sizeof text, "%.3f", real_at(quality, "ours.recall"));
        figure(to, text, "Recall@20, personalised");
        snprintf(text, sizeof text, "%.3f", real_at(quality, "popularity.recall"));
        figure(to, text, "Recall@20, popular items");
    }
    if (at(found->run, "canaries")) {
        snprintf(text, sizeof text, "%llu",
                 (unsigned long long)uint_at(found->run, "canaries.hits"));
        figure(to, text, "readable traces of anyone on any disk");
    }
    if (at(found->run, "reports.count")) {
        snprintf(text, sizeof text, "%llu",
                 (unsigned long long)(uint_at(found->run, "reports.bytes") /
                                      (uint_at(found->run, "reports.count")
                                           ? uint_at(found->run, "reports.count")
                                           : 1)));
        figure(to, text, "bytes in a report, all that leaves");
    }
    html(to, "</dl>\n");
}

void page_write(FILE *to, const struct findings *found) {
    json_t *run = found->run;
    const char *source = text_at(run, "source");
    html(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
             "name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta "
             "name=\"color-scheme\" content=\"light dark\">\n<meta "
             "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
             "'unsafe-inline'\">\n<title>Sotto: a demonstration</title>\n<style>\n");
    page_style(to);
    html(to, "</style>\n</head>\n<body>\n<header><p class=\"word\">Sotto</p>\n<h1>A screen that "
             "knows what you like, and tells nobody</h1>\n");
    if (run)
        html(to,
             "<p class=\"lead\">%n kiosks, %n days, %n visits, all on the real device library "
             "with %s. Everything below was measured in that run.</p>\n",
             uint_at(run, "kiosks"), uint_at(run, "days"), uint_at(run, "visits"),
             strcmp(source, "generated") == 0 ? "made-up shoppers" : "real baskets");
    opening(to, found);
    html(to, "</header>\n<main>\n");
    page_screens(to, found);
    page_quality(to, found);
    page_disk(to, found);
    page_counts(to, found);
    page_spending(to, found);
    page_plain_words(to, found);
    html(to,
         "</main>\n<footer><p>Made by <code>sotto-sim page</code>, Sotto %s. One file, no script, "
         "no connection.</p></footer>\n</body>\n</html>\n",
         sotto_version());
}
