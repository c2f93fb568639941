/* evaluate: the session protocol on held-out baskets. One device that keeps nothing, consent
 * granted, each basket a visit of its own: the first half is chosen, a slate is requested,
 * presented and opened, and held against the second half, which the device is never told. */
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/common/json.h"
#include "tools/sotto-sim/commands.h"
#include "tools/sotto-sim/source.h"

static void quality_line(const char *name, struct quality sum) {
    struct quality q = quality_mean(&sum);
    printf("  %-24s %9.3f %9.3f %9.3f\n", name, q.recall, q.ndcg, q.hit);
}

static void print_text(const struct options *o, const struct visit_results *r, double median,
                       double p99, size_t pack_bytes) {
    char from[11];
    metrics_date(from, o->from_s);
    printf("%llu baskets from %s on, model pack of %zu bytes, %u items\n\n",
           (unsigned long long)r->ours.baskets, from, pack_bytes, r->observer->model.n_items);
    printf("  %-24s %9s %9s %9s\n", "", "Recall@20", "NDCG@20", "HR@20");
    quality_line("Sotto", r->ours);
    quality_line("popular items", r->popularity);
    quality_line("popular items, all time", r->all_time);
    quality_line("random", r->random);
    printf("\nrequest to opened slate: %.1f us median, %.1f us 99th percentile\n"
           "popular items: the library's general slates; all time: counted before the first day "
           "held out;\n"
           "both without what the basket holds already\n",
           median, p99);
}

void quality_json(struct json *j, const char *key, const struct quality *sum) {
    struct quality q = quality_mean(sum);
    json_begin_object(j, key);
    json_double(j, "recall", q.recall);
    json_double(j, "ndcg", q.ndcg);
    json_double(j, "hit", q.hit);
    json_uint(j, "baskets", q.baskets);
    json_end_object(j);
}

static int write_json(const struct options *o, const struct visit_results *r, double median,
                      double p99, size_t pack_bytes) {
    FILE *to = fopen(o->json, "we");
    if (!to) return command_io("sotto-sim evaluate", o->json);
    struct json j = json_to(to);
    char from[11];
    metrics_date(from, o->from_s);
    json_begin_object(&j, NULL);
    json_text(&j, "data", o->data);
    json_text(&j, "from", from);
    json_begin_object(&j, "model");
    json_uint(&j, "version", r->observer->model.version);
    json_uint(&j, "items", r->observer->model.n_items);
    json_uint(&j, "bytes", pack_bytes);
    json_end_object(&j);
    json_begin_object(&j, "quality");
    quality_json(&j, "ours", &r->ours);
    quality_json(&j, "popularity", &r->popularity);
    quality_json(&j, "all_time", &r->all_time);
    quality_json(&j, "random", &r->random);
    json_end_object(&j);
    json_begin_object(&j, "request_to_open_us");
    json_double(&j, "median", median);
    json_double(&j, "p99", p99);
    json_end_object(&j);
    json_end_object(&j);
    fputc('\n', to);
    return fclose(to) == 0 ? EXIT_OK : command_io("sotto-sim evaluate", o->json);
}

static int by_count_then_index(const void *a, const void *b) {
    const uint32_t *x = a, *y = b; /* pairs of count and index */
    if (x[0] != y[0]) return x[0] < y[0] ? 1 : -1;
    return (x[1] > y[1]) - (x[1] < y[1]);
}

/* The catalogue by how many baskets before --from hold an item; ties by lower index. */
static uint32_t *ranking_make(const struct source *source, const struct model *m) {
    uint32_t *counts = malloc(m->n_items * sizeof *counts),
             *pairs = malloc(m->n_items * 2 * sizeof *pairs);
    if (counts && pairs) {
        source_before(source, m, counts);
        for (uint32_t i = 0; i < m->n_items; i++) {
            pairs[2 * i] = counts[i];
            pairs[2 * i + 1] = i;
        }
        qsort(pairs, m->n_items, 2 * sizeof *pairs, by_count_then_index);
        for (uint32_t i = 0; i < m->n_items; i++) counts[i] = pairs[2 * i + 1];
    } else {
        free(counts);
        counts = NULL;
    }
    free(pairs);
    return counts;
}

static int visit_all(struct machine *k, struct source *source, const struct options *o,
                     struct visit_results *r, struct sotto_error *err) {
    static struct visit v;
    struct cli_progress progress;
    uint64_t done = 0;
    int rc;
    cli_progress_begin(&progress, "evaluating", source_total(source));
    while ((rc = source_next(source, &r->observer->model, &v, err)) == SOTTO_OK) {
        cli_progress_to(&progress, done++);
        if (source_distinct(source) < o->min_basket || v.n < o->min_basket) continue;
        v.profile = NULL;
        v.agrees = v.is_scored = v.only_session = 1;
        v.measures = v.stores = 0;
        v.banner = SIM_BANNER_ACCEPTED;
        rc = visit_run(k, &v, r, err);
        if (rc != SOTTO_OK) break;
    }
    cli_progress_end(&progress);
    return rc == SOTTO_E_NOT_FOUND ? SOTTO_OK : rc;
}

int command_evaluate(const struct options *o) {
    static struct machine k;
    struct observer packs;
    struct source *source = NULL;
    struct visit_results r = {.observer = &packs, .chance = dice_for(o->seed, 99, 0)};
    struct sotto_error err = {0};

    int rc = command_packs(&packs, o, &err);
    if (rc != SOTTO_OK) return cli_report("sotto-sim evaluate", &err);
    rc = source_open_data(&source, o, &err);
    uint32_t *ranking = rc == SOTTO_OK ? ranking_make(source, &packs.model) : NULL;
    if (rc == SOTTO_OK && !ranking) rc = fail(&err, SOTTO_E_MEMORY, "out of memory");
    r.ranking = ranking;
    if (rc == SOTTO_OK)
        rc = machine_open(&k, 1, NULL, o->seed, source_first_s(source), &packs, &err);
    if (rc == SOTTO_OK) rc = visit_all(&k, source, o, &r, &err);
    if (rc == SOTTO_OK && k.counts.whys[SOTTO_WHY_PERSONALISED] == 0)
        rc = fail(&err, SOTTO_E_NOT_FOUND,
                  "%.120s: no basket from --from on has %u catalogue items and a personalised "
                  "slate; choose an "
                  "earlier day, or a policy that may personalise",
                  o->data, o->min_basket);
    machine_close(&k);
    source_close(source);
    int code = rc == SOTTO_OK ? EXIT_OK : cli_report("sotto-sim evaluate", &err);
    if (code == EXIT_OK) {
        double median = quantile(r.times_us, r.n_times, 0.5),
               p99 = quantile(r.times_us, r.n_times, 0.99);
        print_text(o, &r, median, p99, packs.model_pack.n);
        if (o->json) code = write_json(o, &r, median, p99, packs.model_pack.n);
    }
    observer_close(&packs);
    free(ranking);
    free(r.times_us);
    return code;
}
