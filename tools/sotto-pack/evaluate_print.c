/* evaluate_print: the figures as text, JSON and a picture. See evaluate.h. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/sotto-pack/evaluate.h"
#include "tools/sotto-pack/pack_write.h"

static const char *const measure_names[MEASURES] = {"Recall", "NDCG", "HR", "MRR"};
static const char *const measure_keys[MEASURES] = {"recall", "ndcg", "hit_rate", "reciprocal_rank"};
static const char *const tally_keys[TALLIES] = {"ours", "general_slate", "popularity",
                                                "personal_frequency"};

static const char *meaning(enum protocol protocol) {
    switch (protocol) {
    case PROTOCOL_BASKET: return "the first half of a basket is asked for the other half";
    case PROTOCOL_NEXT_BASKET: return "a known customer's history is asked for the next basket";
    case PROTOCOL_SESSIONS: return "a session is asked for its next item, at every step";
    case PROTOCOL_RANKING: return "a user's training items are asked for the test items";
    }
    return "";
}

void evaluation_print(const struct evaluation *e) {
    const struct evaluate_options *o = e->options;
    char head[32];
    printf("%s: %s, repeats %s\n", evaluate_protocol_name(o->protocol), meaning(o->protocol),
           o->repeats ? "allowed" : "not allowed");
    printf("%llu questions; pack of %zu bytes, %u items\n\n",
           (unsigned long long)e->tallies[TALLY_OURS].n, e->pack_bytes, e->model->n_items);
    printf("  %-24s", "");
    for (int m = 0; m < MEASURES; m++) {
        snprintf(head, sizeof head, "%s@%u", measure_names[m], o->k);
        printf(" %18s", head);
    }
    printf("\n");
    for (int t = 0; t < TALLIES; t++) {
        const struct tally *tally = &e->tallies[t];
        if (tally->n == 0) continue;
        printf("  %-24s", tally->name);
        for (int m = 0; m < MEASURES; m++)
            printf("    %.4f +- %.4f", tally_mean(tally, m), tally_margin(tally, m));
        printf("\n");
    }
    printf("\n+- is half of a 95 %% interval. Recall: hits / %s.\n",
           o->protocol == PROTOCOL_RANKING ? "targets" : "min(k, targets)");
    printf("catalogue shown in a top %u: %.1f %%; Gini of exposure %.3f; ", o->k, 100 * e->coverage,
           e->gini);
    if (e->cases->past > 0)
        printf("mean popularity %.1f, lift %+.2f over histories\n", e->mean_popularity, e->lift);
    else
        printf("no popularity: nothing comes before (see --train, --from)\n");
    printf("request to opened slate of %d: %.1f us median, %.1f us 99th percentile\n",
           SOTTO_SLATE_ITEMS_MAX, e->median_us, e->p99_us);
    if (e->cases->too_short)
        printf("left out: %llu with too few known items\n",
               (unsigned long long)e->cases->too_short);
    if (e->cases->strangers)
        printf("left out: %llu without any history\n", (unsigned long long)e->cases->strangers);
    if (e->cases->dropped_targets)
        printf("left out: %llu targets that are neither in the pack nor in %u baskets of what came "
               "before\n",
               (unsigned long long)e->cases->dropped_targets, e->cases->min_baskets);
    if (e->cases->repeated_targets)
        printf("left out: %llu targets that were taken before\n",
               (unsigned long long)e->cases->repeated_targets);
    if (e->cases->missing_targets)
        printf("missed: %llu targets that the pack does not have\n",
               (unsigned long long)e->cases->missing_targets);
    if (e->cases->unknown)
        printf("%llu items of the test are in neither the pack nor what came before\n",
               (unsigned long long)e->cases->unknown);
    if (e->is_seen)
        printf(
            "WARNING: the pack learnt from data of %s, within what it is asked about here: these "
            "figures flatter it\n",
            e->last_day);
    if (e->long_histories)
        printf("%llu histories exceed %d events: a device forgets the oldest\n",
               (unsigned long long)e->long_histories, SOTTO_HISTORY_MAX);
    if (e->not_personal)
        printf("%llu slates were general, since the pack has nothing of the history\n",
               (unsigned long long)e->not_personal);
}

static void put_tally(struct json *j, const char *key, const struct tally *t) {
    json_begin_object(j, key);
    json_uint(j, "questions", t->n);
    for (int m = 0; m < MEASURES; m++) {
        json_begin_object(j, measure_keys[m]);
        json_double(j, "mean", tally_mean(t, m));
        json_double(j, "margin_95", tally_margin(t, m));
        json_end_object(j);
    }
    json_end_object(j);
}

static int close_text(FILE *to, char **text, size_t *n, const char *path, struct sotto_error *err) {
    int is_bad = ferror(to) | (fclose(to) != 0);
    int status = is_bad ? fail(err, SOTTO_E_MEMORY, "no memory for %s", path)
                        : packfile_replace(path, *text, *n, 0644, err);
    free(*text);
    return status;
}

int evaluation_json(const struct evaluation *e, const char *path, struct sotto_error *err) {
    char *text = NULL;
    size_t n = 0;
    int is_stdout = strcmp(path, "-") == 0;
    FILE *to = is_stdout ? stdout : open_memstream(&text, &n);
    if (!to) return fail(err, SOTTO_E_MEMORY, "no memory for %s", path);
    struct json j = json_to(to);
    json_begin_object(&j, NULL);
    json_text(&j, "protocol", evaluate_protocol_name(e->options->protocol));
    json_text(&j, "pack", e->options->pack);
    json_text(&j, "test", e->options->test);
    json_uint(&j, "k", e->options->k);
    json_bool(&j, "repeats", e->options->repeats);
    json_begin_object(&j, "model");
    json_uint(&j, "version", e->model->version);
    json_uint(&j, "items", e->model->n_items);
    json_uint(&j, "bytes", e->pack_bytes);
    json_end_object(&j);
    for (int t = 0; t < TALLIES; t++)
        if (e->tallies[t].n) put_tally(&j, tally_keys[t], &e->tallies[t]);
    json_begin_object(&j, "exposure");
    json_double(&j, "coverage", e->coverage);
    json_double(&j, "gini", e->gini);
    if (e->cases->past > 0) {
        json_double(&j, "mean_popularity", e->mean_popularity);
        json_double(&j, "popularity_lift", e->lift);
    }
    json_end_object(&j);
    json_begin_object(&j, "request_to_open_us");
    json_double(&j, "median", e->median_us);
    json_double(&j, "p99", e->p99_us);
    json_end_object(&j);
    json_begin_object(&j, "left_out");
    json_uint(&j, "too_short", e->cases->too_short);
    json_uint(&j, "without_history", e->cases->strangers);
    json_uint(&j, "targets_outside_protocol", e->cases->dropped_targets);
    json_uint(&j, "targets_taken_before", e->cases->repeated_targets);
    json_end_object(&j);
    json_uint(&j, "min_baskets", e->cases->min_baskets);
    json_uint(&j, "targets_not_in_pack", e->cases->missing_targets);
    json_bool(&j, "held_out", !e->is_seen);
    json_uint(&j, "unknown_items", e->cases->unknown);
    json_uint(&j, "long_histories", e->long_histories);
    json_uint(&j, "general_slates", e->not_personal);
    json_end_object(&j);
    fputc('\n', to);
    if (!is_stdout) return close_text(to, &text, &n, path, err);
    return fflush(to) == 0 ? SOTTO_OK
                           : fail(err, SOTTO_E_FULL, "the result could not be written out");
}

/* ---- The picture ------------------------------------------------------------------------- */

enum {
    WIDTH = 760,
    HEIGHT = 420,
    LEFT = 56,
    TOP = 84,
    CHART = 260,
    GAP = 18,
    LORENZ_X = 500,
    LORENZ = 220
};

static const char *const fills[TALLIES] = {"ours", "general", "popular", "personal"};

static void put_style(FILE *to) {
    fputs("<style>text{font:13px system-ui,sans-serif;fill:#222}.t{font-size:16px;font-weight:600}"
          ".s{font-size:12px;fill:#555}.a{stroke:#999;stroke-width:1;fill:none}"
          ".ours{fill:#1b6ca8}.general{fill:#c8b06b}.popular{fill:#a8a29a}.personal{fill:#7a9e7e}"
          ".l{stroke:#1b6ca8;stroke-width:2.5;fill:none}.p{fill:#fff}"
          "@media(prefers-color-scheme:dark){text{fill:#eee}.s{fill:#bbb}.p{fill:#16181b}"
          ".ours{fill:#6db3e8}.l{stroke:#6db3e8}}</style>\n",
          to);
}

static void put_bars(FILE *to, const struct evaluation *e) {
    double top = 0;
    int shown = 0;
    for (int t = 0; t < TALLIES; t++) {
        shown += e->tallies[t].n > 0;
        for (int m = 0; m < MEASURES && e->tallies[t].n; m++)
            top = tally_mean(&e->tallies[t], m) > top ? tally_mean(&e->tallies[t], m) : top;
    }
    double scale = top > 0 ? CHART / (top * 1.12) : 0;
    int group = (LORENZ_X - 60 - LEFT) / MEASURES, bar = (group - GAP) / (shown ? shown : 1);
    for (int m = 0; m < MEASURES; m++) {
        int at = LEFT + m * group;
        for (int t = 0; t < TALLIES; t++) {
            const struct tally *tally = &e->tallies[t];
            if (tally->n == 0) continue;
            double v = tally_mean(tally, m), h = v * scale;
            fprintf(
                to,
                "<rect class=\"%s\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"><title>%s: "
                "%s@%u %.4f</title></rect>\n",
                fills[t], at, TOP + CHART - h, bar - 2, h, tally->name, measure_names[m],
                e->options->k, v);
            if (t == TALLY_OURS)
                fprintf(to, "<text x=\"%d\" y=\"%.1f\" font-weight=\"600\">%.3f</text>\n", at,
                        TOP + CHART - h - 6, v);
            at += bar;
        }
        fprintf(to, "<text x=\"%d\" y=\"%d\">%s@%u</text>\n", LEFT + m * group, TOP + CHART + 20,
                measure_names[m], e->options->k);
    }
    fprintf(to, "<path class=\"a\" d=\"M%d %dH%d\"/>\n", LEFT - 6, TOP + CHART, LORENZ_X - 60);
    int x = LEFT;
    for (int t = 0; t < TALLIES; t++) {
        if (e->tallies[t].n == 0) continue;
        fprintf(to,
                "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"12\" height=\"12\"/><text x=\"%d\" "
                "y=\"%d\" class=\"s\">%s</text>\n",
                fills[t], x, HEIGHT - 30, x + 17, HEIGHT - 19, e->tallies[t].name);
        x += 30 + 7 * (int)strlen(e->tallies[t].name);
    }
}

static void put_lorenz(FILE *to, const struct evaluation *e) {
    int bottom = TOP + LORENZ + 20, left = LORENZ_X;
    fprintf(to, "<path class=\"a\" d=\"M%d %dV%dH%dM%d %dL%d %d\"/>\n", left, bottom - LORENZ,
            bottom, left + LORENZ, left, bottom, left + LORENZ, bottom - LORENZ);
    fprintf(to, "<path class=\"l\" d=\"M");
    for (int i = 0; i <= 100; i++)
        fprintf(to, "%s%.1f %.1f", i ? "L" : "", left + i / 100.0 * LORENZ,
                bottom - e->lorenz[i] * LORENZ);
    fprintf(to, "\"><title>Lorenz curve of exposure, Gini %.3f</title></path>\n", e->gini);
    fprintf(to, "<text x=\"%d\" y=\"%d\">Who is shown: Gini %.2f</text>\n", left, TOP - 2, e->gini);
    fprintf(to, "<text class=\"s\" x=\"%d\" y=\"%d\">items, least shown first</text>\n", left,
            bottom + 20);
    fprintf(to, "<text class=\"s\" x=\"%d\" y=\"%d\">%.0f %% are in some top %u</text>\n", left,
            bottom + 38, 100 * e->coverage, e->options->k);
}

int evaluation_plot(const struct evaluation *e, const char *path, struct sotto_error *err) {
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to) return fail(err, SOTTO_E_MEMORY, "no memory for %s", path);
    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
            "aria-labelledby=\"t d\">\n<title id=\"t\">Quality of a model pack: %s</title>\n"
            "<desc id=\"d\">Bars of recall, NDCG, hit rate and reciprocal rank at %u for the pack "
            "(recall %.4f) and its baselines, and the Lorenz curve of exposure.</desc>\n",
            WIDTH, HEIGHT, evaluate_protocol_name(e->options->protocol), e->options->k,
            tally_mean(&e->tallies[TALLY_OURS], MEASURE_RECALL));
    put_style(to);
    fprintf(to, "<rect class=\"p\" width=\"%d\" height=\"%d\"/>\n", WIDTH, HEIGHT);
    fprintf(to,
            "<text class=\"t\" x=\"%d\" y=\"32\">%s: %llu questions, %u items, %.2f MB</text>\n",
            LEFT - 6, evaluate_protocol_name(e->options->protocol),
            (unsigned long long)e->tallies[TALLY_OURS].n, e->model->n_items,
            (double)e->pack_bytes / 1e6);
    fprintf(to, "<text class=\"s\" x=\"%d\" y=\"52\">%s</text>\n", LEFT - 6,
            meaning(e->options->protocol));
    put_bars(to, e);
    put_lorenz(to, e);
    fputs("</svg>\n", to);
    return close_text(to, &text, &n, path, err);
}
