/* summary: the demonstration on one screen of text; and page: the same as a file for a browser. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/common/cli.h"
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
        printf("  privacy budget of \"%s\": epsilon %.2f a visit, %.2f charged of %.0f\n",
               text_at(m, "name"), real_at(m, "eps_micro") / 1e6, real_at(m, "spent_micro") / 1e6,
               real_at(m, "lifetime_micro") / 1e6);
}

static void counts(const struct findings *found) {
    enum { SHOWN = 5 };
    struct window_view w;
    uint64_t cells, inside;
    if (findings_best_window(found, &w) != 0) return;
    char day[11];
    metrics_date(day, w.start_s);
    printf("\nNoised against true: \"%s\" on %s, %llu reports\n", w.metric, day,
           (unsigned long long)w.reports);
    for (size_t i = 0, shown = 0; i < w.n && shown < SHOWN; i++) {
        const struct cell_view *c = &w.cells[i];
        if (!c->is_shown) continue;
        printf("  %-32.32s %8.0f   [%.0f, %.0f]   true %.0f\n", c->name, c->estimate, c->low,
               c->high, c->bounded);
        shown++;
    }
    findings_coverage(found, &cells, &inside);
    if (cells)
        printf("  %llu of %llu counts lie inside their 95 %% interval (%.1f %%)\n",
               (unsigned long long)inside, (unsigned long long)cells,
               100.0 * (double)inside / (double)cells);
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
    FILE *to = strcmp(o->out, "-") == 0 ? stdout : fopen(o->out, "we");
    if (to) {
        errno = 0;
        page_write(to, &found);
        int is_bad = ferror(to);
        is_bad |= to == stdout ? fflush(to) : fclose(to);
        if (is_bad) code = command_io("sotto-sim page", o->out);
    } else {
        code = command_io("sotto-sim page", o->out);
    }
    findings_free(&found);
    return code;
}
