/* summary: the demonstration on one screen of text; and page: the same as a file for a browser. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "tools/common/cli.h"
#include "tools/common/outfile.h"
#include "tools/sotto-sim/commands.h"
#include "tools/sotto-sim/page.h"

static void quality(json_t *from) {
    static const char *const keys[] = {"ours", "popularity", "all_time", "random"};
    static const char *const names[] = {"Sotto", "popular items", "popular items, all time",
                                        "at random"};
    if (!at(from, "quality.ours")) return;
    printf("Quality, %llu held-out baskets     Recall@20   NDCG@20     HR@20\n",
           (unsigned long long)uint_at(from, "quality.ours.baskets"));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char path[48];
        double v[3];
        static const char *const what[] = {"recall", "ndcg", "hit"};
        for (int m = 0; m < 3; m++) {
            snprintf(path, sizeof path, "quality.%s.%s", keys[i], what[m]);
            v[m] = real_at(from, path);
        }
        if (!at(from, path)) continue;
        printf("  %-32s %9.3f %9.3f %9.3f\n", names[i], v[0], v[1], v[2]);
    }
    printf("  Recall@20: hits / min(20, items held out)\n");
    if (at(from, "request_to_open_us"))
        printf("  a slate takes %.0f us in the median; the model pack has %llu bytes\n",
               real_at(from, "request_to_open_us.median"),
               (unsigned long long)uint_at(from, "model.bytes"));
}

static void kiosks(json_t *run) {
    if (!run) return;
    printf("\nKiosks\n  %llu kiosks, %llu days, %llu visits, %llu profiles kept by consent\n",
           (unsigned long long)uint_at(run, "kiosks"), (unsigned long long)uint_at(run, "days"),
           (unsigned long long)uint_at(run, "visits"),
           (unsigned long long)uint_at(run, "profiles"));
    if (uint_at(run, "visits_without_room"))
        printf("  %llu visits whose profile was to be kept found the vault full\n",
               (unsigned long long)uint_at(run, "visits_without_room"));
    if (uint_at(run, "baskets_cut"))
        printf("  %llu baskets were too long for a visit and cut\n",
               (unsigned long long)uint_at(run, "baskets_cut"));
    printf("  banners: %llu asked for, %llu shown, %llu declined; slates: %llu personal, %llu "
           "general\n",
           (unsigned long long)uint_at(run, "banners.asked"),
           (unsigned long long)uint_at(run, "banners.shown"),
           (unsigned long long)uint_at(run, "banners.declined"),
           (unsigned long long)uint_at(run, "slates.personalised"),
           (unsigned long long)uint_at(run, "slates.general"));
    printf("  disk: %llu bytes, and %llu readable traces of anyone in them\n",
           (unsigned long long)uint_at(run, "disk_bytes"),
           (unsigned long long)uint_at(run, "canaries.hits"));
    printf("  left the devices: %llu reports, %llu bytes\n",
           (unsigned long long)uint_at(run, "reports.count"),
           (unsigned long long)uint_at(run, "reports.bytes"));
    size_t i;
    json_t *m;
    json_array_foreach(at(run, "metrics"), i, m)
        printf("  privacy budget of \"%s\": epsilon %.2f a %s, %.2f charged of %.0f\n",
               text_at(m, "name"), real_at(m, "eps_micro") / 1e6, text_at(m, "unit"),
               real_at(m, "spent_micro") / 1e6, real_at(m, "lifetime_micro") / 1e6);
}

/* A name in so many columns: cut between characters, never inside one, and filled up. Names come
 * from files: nothing of them may reach a terminal as a command. */
static void put_name(const char *name, size_t columns) {
    size_t n = 0, used = 0;
    if (!utf8_is_printable(name, strlen(name))) name = "(not printable)";
    for (; name[n] && (used < columns || ((unsigned char)name[n] & 0xc0) == 0x80); n++)
        used += ((unsigned char)name[n] & 0xc0) != 0x80;
    printf("%.*s%*s", (int)n, name, (int)(columns - used), "");
}

static void counts(const struct findings *found) {
    enum { SHOWN = 5 };
    struct window_view w;
    if (findings_best_window(found, &w) != 0) return;
    char day[11];
    metrics_date(day, w.start_s);
    if (w.is_household)
        printf("\nNoised against expected (of households that answered anew)");
    else
        printf("\nNoised against counted (a visit counts in at most %llu cells)",
               (unsigned long long)w.max_cells);
    printf(": \"%s\" on %s, %llu reports\n", w.metric, day, (unsigned long long)w.reports);
    for (size_t i = 0, shown = 0; i < w.n && shown < SHOWN; i++) {
        const struct cell_view *c = &w.cells[i];
        if (!c->is_shown) continue;
        printf("  ");
        put_name(c->name, 32);
        printf(" %8.0f   [%.0f, %.0f]   %s %.0f of %.0f\n", c->estimate, c->low, c->high,
               w.is_household ? "expected" : "counted", c->bounded, c->unbounded);
        shown++;
    }
    struct findings_coverage sum = findings_coverage(found);
    if (sum.cells)
        printf("  %llu of %llu counts after that bound lie inside their 95 %% interval (%.1f %%)\n",
               (unsigned long long)sum.inside, (unsigned long long)sum.cells,
               100.0 * (double)sum.inside / (double)sum.cells);
    if (sum.touches > 0)
        printf("  the bound left out %.0f of %.0f touches of a cell (%.1f %%), which no estimate "
               "holds\n",
               sum.left_out, sum.touches, 100 * sum.left_out / sum.touches);
}

static int gather(struct findings *found, const struct options *o, const char *program) {
    struct sotto_error err = {0};
    if (findings_read(found, o->dirs, o->n_dirs, &err) != SOTTO_OK)
        return cli_report(program, &err);
    found->command = o->command;
    return EXIT_OK;
}

int command_summary(const struct options *o) {
    struct findings found;
    int code = gather(&found, o, "sotto-sim summary");
    if (code != EXIT_OK) return code;
    quality(found.evaluate ? found.evaluate : found.run);
    kiosks(found.run);
    counts(&found);
    if (found.command) printf("\nTo see the quality figures again:\n  %s\n", found.command);
    findings_free(&found);
    return EXIT_OK;
}

int command_page(const struct options *o) {
    struct findings found;
    int code = gather(&found, o, "sotto-sim page");
    if (code != EXIT_OK) return code;
    struct outfile out;
    FILE *to = outfile_open(&out, o->out);
    if (to) page_write(to, &found);
    if (!to || outfile_close(&out, 1) != 0) code = command_io("sotto-sim page", o->out);
    findings_free(&found);
    return code;
}
