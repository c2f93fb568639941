/* run_report: what a run measured, as JSON and as text. */
#include "tools/common/json.h"
#include "tools/common/outfile.h"
#include "tools/sotto-sim/run.h"

static void packs_json(struct json *j, const struct fleet *f) {
    json_begin_object(j, "model");
    json_uint(j, "version", f->packs.model.version);
    json_uint(j, "items", f->packs.model.n_items);
    json_uint(j, "bytes", f->packs.model_pack.n);
    json_end_object(j);
    json_begin_object(j, "policy");
    json_text(j, "name", f->packs.policy.name);
    json_text(j, "accountable", f->packs.policy.accountable);
    json_uint(j, "version", f->packs.policy.version);
    json_uint(j, "notice_version", f->packs.policy.notice_version);
    json_end_object(j);
}

static void slates_json(struct json *j, const struct fleet *f) {
    uint64_t general = 0;
    for (int w = 1; w < MACHINE_WHYS; w++) general += f->sum.whys[w];
    json_begin_object(j, "slates");
    json_uint(j, "personalised", f->sum.whys[SOTTO_WHY_PERSONALISED]);
    json_uint(j, "general", general);
    json_begin_array(j, "why");
    for (int w = 0; w < MACHINE_WHYS; w++) {
        json_begin_object(j, NULL);
        json_int(j, "why", w);
        json_text(j, "text", sotto_why_text((enum sotto_why)w));
        json_uint(j, "count", f->sum.whys[w]);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static void metrics_json(struct json *j, const struct fleet *f) {
    json_begin_array(j, "metrics");
    for (uint32_t m = 0; m < f->packs.policy.n_metrics; m++) {
        const struct sotto_metric_info *info = &f->metrics[m].info;
        json_begin_object(j, NULL);
        json_uint(j, "id", info->id);
        json_text(j, "name", info->name);
        json_text(j, "unit", f->packs.policy.metrics[m].unit == UNIT_VISIT ? "visit" : "household");
        json_uint(j, "cells", info->cells);
        json_uint(j, "max_cells", info->max_cells);
        json_uint(j, "window_s", info->window_s);
        json_uint(j, "eps_micro", info->eps_micro);
        json_uint(j, "spent_micro", f->metrics[m].spent_most);
        json_uint(j, "spent_micro_all_kiosks", f->metrics[m].spent_all);
        json_uint(j, "lifetime_micro", info->lifetime_micro);
        json_end_object(j);
    }
    json_end_array(j);
}

int run_write_json(const struct fleet *f, const char *path) {
    struct outfile out;
    FILE *to = outfile_open(&out, path);
    if (!to) return -1;
    struct json j = json_to(to);
    char day[11];
    json_begin_object(&j, NULL);
    json_text(&j, "source", f->options->data ? f->options->data : "generated");
    json_uint(&j, "seed", f->options->seed);
    metrics_date(day, f->first_s);
    json_text(&j, "from", day);
    json_uint(&j, "kiosks", f->options->kiosks);
    json_uint(&j, "days", f->days);
    json_uint(&j, "visits", f->sum.visits);
    json_uint(&j, "events", f->sum.events);
    packs_json(&j, f);
    json_begin_object(&j, "quality");
    quality_json(&j, "ours", &f->results.ours);
    quality_json(&j, "popularity", &f->results.popularity);
    quality_json(&j, "random", &f->results.random);
    json_end_object(&j);
    json_begin_object(&j, "banners");
    json_uint(&j, "asked", f->sum.asked);
    json_uint(&j, "shown", f->sum.shown);
    json_uint(&j, "declined", f->sum.declined);
    json_uint(&j, "failed", f->sum.failed);
    json_end_object(&j);
    slates_json(&j, f);
    json_uint(&j, "profiles", f->profiles);
    json_uint(&j, "visits_without_room", f->sum.not_kept);
    json_uint(&j, "baskets_cut", source_cut(f->source));
    json_uint(&j, "disk_bytes", f->disk_bytes);
    json_uint(&j, "disk_bytes_most", f->disk_bytes_most);
    json_begin_object(&j, "reports");
    json_uint(&j, "count", f->sum.reports);
    json_uint(&j, "bytes", f->sum.report_bytes);
    json_end_object(&j);
    metrics_json(&j, f);
    json_begin_object(&j, "canaries");
    json_uint(&j, "patterns", scan_canaries(f->canaries));
    json_uint(&j, "files", f->scanned.files);
    json_uint(&j, "bytes", f->scanned.bytes);
    json_uint(&j, "hits", f->scanned.hits);
    json_end_object(&j);
    json_end_object(&j);
    fputc('\n', to);
    return outfile_close(&out, 1);
}

int run_write_truth(const struct fleet *f, const char *path) {
    struct outfile out;
    FILE *to = outfile_open(&out, path);
    if (!to) return -1;
    struct json j = json_to(to);
    json_begin_object(&j, NULL);
    json_text(
        &j, "what",
        "visits per cell that may be measured: unbounded, and expected after the contribution "
        "bound; or households that answered anew, per value that they are expected to hold; "
        "counted "
        "outside the library");
    truth_write(f->truth, &j, "windows");
    json_end_object(&j);
    fputc('\n', to);
    return outfile_close(&out, 1);
}

static void quality_line(const char *name, const struct quality *sum) {
    struct quality q = quality_mean(sum);
    printf("  %-24s %9.3f %9.3f %9.3f\n", name, q.recall, q.ndcg, q.hit);
}

void run_print(const struct fleet *f) {
    const struct machine_counts *c = &f->sum;
    printf("%u kiosks, %u days, %llu visits, %llu events\n\n", f->options->kiosks, f->days,
           (unsigned long long)c->visits, (unsigned long long)c->events);
    printf("  %-24s %9s %9s %9s   (%llu personalised slates)\n", "", "Recall@20", "NDCG@20",
           "HR@20", (unsigned long long)f->results.ours.baskets);
    quality_line("Sotto", &f->results.ours);
    quality_line("popular items", &f->results.popularity);
    quality_line("random", &f->results.random);
    printf("\n  banners    %llu asked for, %llu shown, %llu declined, %llu could not be shown\n",
           (unsigned long long)c->asked, (unsigned long long)c->shown,
           (unsigned long long)c->declined, (unsigned long long)c->failed);
    for (int w = 0; w < MACHINE_WHYS; w++)
        if (c->whys[w])
            printf("  slates     %llu: %s\n", (unsigned long long)c->whys[w],
                   sotto_why_text((enum sotto_why)w));
    printf("  disk       %llu bytes, at most %llu on a kiosk; %llu profiles kept by consent\n",
           (unsigned long long)f->disk_bytes, (unsigned long long)f->disk_bytes_most,
           (unsigned long long)f->profiles);
    if (c->not_kept)
        printf("  no room    %llu visits whose profile was to be kept, but the vault was full\n",
               (unsigned long long)c->not_kept);
    if (source_cut(f->source))
        printf("  cut        %u baskets after their first %d items\n", source_cut(f->source),
               VISIT_ITEMS_MAX);
    printf("  reports    %llu, %llu bytes\n", (unsigned long long)c->reports,
           (unsigned long long)c->report_bytes);
    for (uint32_t m = 0; m < f->packs.policy.n_metrics; m++)
        printf("  budget     %s: epsilon %.2f charged at most on a kiosk, of %.0f in its life\n",
               f->metrics[m].info.name, (double)f->metrics[m].spent_most / 1e6,
               (double)f->metrics[m].info.lifetime_micro / 1e6);
    printf("  canaries   %llu hits of %zu texts in %llu files, %llu bytes\n",
           (unsigned long long)f->scanned.hits, scan_canaries(f->canaries),
           (unsigned long long)f->scanned.files, (unsigned long long)f->scanned.bytes);
    printf("  popular items are the library's own general slates, without what the basket holds "
           "already;\n  Recall@20 is hits / min(20, items held out)\n");
}
