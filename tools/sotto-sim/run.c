/* run: N kiosks over D days on the real library. Decides who comes where, who agrees to what and
 * when it is night; visit.c does the rest. After the last night every file that a device wrote is
 * searched for what must not be there; only then does the simulator write notes of its own. */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/common/outfile.h"
#include "tools/sotto-sim/run.h"

/* Of those who agreed to personalisation: who declines at the banner, and where it could not be
 * shown. */
enum { DECLINES_PPM = 40000, FAILS_PPM = 10000, NIGHT_S = 60, DAY_S = 86400 };
enum { OUT_MAX = 480 }; /* bytes of --out, so that the names of what lies in it fit their buffers */

static int directory_make(const char *path, struct sotto_error *err) {
    if (strlen(path) > OUT_MAX)
        return fail(err, SOTTO_E_ARGUMENT, "--out: the path is longer than %d bytes", OUT_MAX);
    if (mkdir(path, 0700) == 0) return SOTTO_OK;
    return fail(err, SOTTO_E_IO, "%.150s: %s; --out must name a new directory in one that exists",
                path, strerror(errno));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st, (void)kind, (void)at;
    return remove(path);
}

/* A run that failed leaves nothing: half a run measures nothing, and would stand in the way of the
 * next. */
static void directory_remove(const char *path) {
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "sotto-sim run: what the failed run left in %s could not be removed: %s\n",
                path, strerror(errno));
}

/* ---- People ------------------------------------------------------------------------------ */

static int is_household(const struct fleet *f) {
    return f->packs.policy.n_metrics > 0 && f->packs.policy.metrics[0].unit == UNIT_HOUSEHOLD;
}

/* The same person answers the same each time; strangers are asked one by one. Under household
 * metrics each device stands in a home, and whoever comes to it is the household. */
static void decide(const struct fleet *f, uint32_t device, struct visit *v) {
    const struct options *o = f->options;
    struct dice who = dice_for(
        o->seed, 50, is_household(f) ? device : dice_of_text(v->profile ? v->profile : v->id));
    if (is_household(f)) v->profile = SOTTO_PROFILE_HOUSEHOLD;
    struct dice visit = dice_for(o->seed, 51, dice_of_text(v->id));
    v->agrees = dice_chance(&who, o->accept_ppm);
    v->measures = dice_chance(&who, o->measure_ppm);
    v->stores = v->profile && dice_chance(&who, o->profile_ppm);
    if (!v->stores) v->profile = NULL;
    v->banner = SIM_BANNER_ACCEPTED;
    if (dice_chance(&visit, DECLINES_PPM)) v->banner = SIM_BANNER_DECLINED;
    if (dice_chance(&visit, FAILS_PPM)) v->banner = SIM_BANNER_FAILS;
    v->is_scored = v->n >= o->min_basket;
}

/* Who is known comes back to the same place; strangers come anywhere. */
static struct machine *machine_of(const struct fleet *f, const struct visit *v) {
    const char *who = v->profile ? v->profile : v->id;
    return &f->kiosks[dice_of_text(who) % f->options->kiosks];
}

static int canaries_add(struct fleet *f, const struct visit *v) {
    int rc = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        uint32_t item = v->items[i];
        if (!f->is_seen[item]) rc |= scan_add(f->canaries, model_item_title(&f->packs.model, item));
        f->is_seen[item] = 1;
        if (v->stores) rc |= scan_add(f->canaries, model_item_id(&f->packs.model, item));
    }
    /* That a set-top box is for a household is no secret. */
    if (v->stores && !is_household(f)) rc |= scan_add(f->canaries, v->profile);
    return rc;
}

static int count(struct fleet *f, const struct machine *k, const struct visit *v) {
    struct truth_visit touched = {{0}, {{0}}};
    if (!v->measures) return 0;
    for (uint32_t i = 0; i < v->n; i++) {
        truth_event(f->truth, &touched, v->items[i], SOTTO_EVENT_SELECT);
        truth_event(f->truth, &touched, v->items[i], SOTTO_EVENT_PURCHASE);
    }
    if (!is_household(f)) return truth_commit(f->truth, &touched, machine_now_s(k));
    return v->stores ? truth_household(f->truth, k->number, &touched, machine_now_s(k)) : 0;
}

/* ---- Days and nights --------------------------------------------------------------------- */

/* Midnight passes on every kiosk: windows close, reports are sealed, those whose moment has come
 * are exported, the machine restarts. */
static int night(struct fleet *f, int is_last, struct sotto_error *err) {
    for (uint32_t i = 0; i < f->options->kiosks; i++) {
        struct machine *k = &f->kiosks[i];
        int rc = machine_until(k, f->day_end_s);
        if (rc >= 0) rc = machine_until(k, f->day_end_s + NIGHT_S);
        if (rc < 0) return machine_fail(k, rc, "housekeeping at night", err);
        rc = machine_export(k, f->reports, f->truth, err);
        if (rc == SOTTO_OK && !is_last) rc = machine_restart(k, &f->packs, err);
        if (rc != SOTTO_OK) return rc;
    }
    f->day_end_s += DAY_S;
    f->days++;
    return SOTTO_OK;
}

/* A report leaves within the window after its own: one more day passes, or a household's window,
 * but for its last second, so that no further window closes. */
static int wait_for_reports(struct fleet *f, struct sotto_error *err) {
    int64_t end_s = f->day_end_s;
    if (is_household(f)) {
        int64_t length = f->packs.policy.metrics[0].window_s;
        end_s = ((f->day_end_s - DAY_S) / length + 1) * length;
    }
    for (uint32_t i = 0; i < f->options->kiosks; i++) {
        struct machine *k = &f->kiosks[i];
        int rc = machine_until(k, end_s - 1);
        if (rc < 0) return machine_fail(k, rc, "housekeeping on the last day", err);
        rc = machine_export(k, f->reports, f->truth, err);
        if (rc != SOTTO_OK) return rc;
    }
    return SOTTO_OK;
}

static int days_run(struct fleet *f, struct sotto_error *err) {
    static struct visit v;
    struct cli_progress progress;
    uint64_t done = 0;
    int rc = SOTTO_OK;
    cli_progress_begin(&progress, "running kiosks", source_total(f->source));
    while (rc == SOTTO_OK && (rc = source_next(f->source, &f->packs.model, &v, err)) == SOTTO_OK) {
        cli_progress_to(&progress, done++);
        if (v.n == 0) continue;
        while (rc == SOTTO_OK && v.time_s >= f->day_end_s) rc = night(f, 0, err);
        if (rc != SOTTO_OK) break;
        struct machine *k = machine_of(f, &v);
        decide(f, k->number, &v);
        if (!is_household(f)) k = machine_of(f, &v);
        if (canaries_add(f, &v) != 0) rc = fail(err, SOTTO_E_MEMORY, "out of memory");
        if (rc == SOTTO_OK) rc = visit_run(k, &v, &f->results, err);
        if (rc == SOTTO_OK && count(f, k, &v) != 0) rc = fail(err, SOTTO_E_MEMORY, "out of memory");
    }
    cli_progress_end(&progress);
    if (rc != SOTTO_E_NOT_FOUND) return rc;
    while (f->day_end_s <= source_last_s(f->source)) /* days on which nobody came */
        if ((rc = night(f, 0, err)) != SOTTO_OK) return rc;
    rc = night(f, 1, err);
    return rc == SOTTO_OK ? wait_for_reports(f, err) : rc;
}

/* ---- Start and end ----------------------------------------------------------------------- */

static int fleet_open(struct fleet *f, struct sotto_error *err) {
    const struct options *o = f->options;
    char path[640];
    int rc = o->data ? source_open_data(&f->source, o, err) : source_open_world(&f->source, o, err);
    if (rc == SOTTO_OK) rc = source_check(f->source, &f->packs.model, err);
    if (rc == SOTTO_OK && o->json && outfile_check(o->json) != 0)
        rc = fail(err, SOTTO_E_IO, "%.150s: %s", o->json, strerror(errno));
    if (rc == SOTTO_OK) rc = directory_make(o->out, err);
    f->is_made = rc == SOTTO_OK;
    snprintf(f->reports, sizeof f->reports, "%.480s/reports", o->out);
    if (rc == SOTTO_OK) rc = directory_make(f->reports, err);
    if (rc == SOTTO_OK) rc = capture_begin(&f->capture, err);
    if (rc != SOTTO_OK) return rc;
    f->kiosks = calloc(o->kiosks, sizeof *f->kiosks);
    f->is_seen = calloc(f->packs.model.n_items, 1);
    f->truth = truth_new(&f->packs.policy, &f->packs.model);
    f->canaries = scan_new();
    if (!f->kiosks || !f->is_seen || !f->truth || !f->canaries)
        return fail(err, SOTTO_E_MEMORY, "out of memory");
    f->results = (struct visit_results){
        .observer = &f->packs, .chance = dice_for(o->seed, 99, 0), .capture = &f->capture};
    f->first_s = source_first_s(f->source);
    f->first_s -= f->first_s % DAY_S;
    f->day_end_s = f->first_s + DAY_S;

    snprintf(path, sizeof path, "%.480s/enrolled.txt", o->out);
    FILE *enrolled = fopen(path, "wxe");
    if (!enrolled) return fail(err, SOTTO_E_IO, "%.150s: %s", path, strerror(errno));
    for (uint32_t i = 0; rc == SOTTO_OK && i < o->kiosks; i++) {
        snprintf(path, sizeof path, "%.480s/kiosk-%02u", o->out, i + 1);
        rc = machine_open(&f->kiosks[i], i + 1, path, o->seed, f->first_s, &f->packs, err);
        if (rc == SOTTO_OK) rc = machine_enrol(&f->kiosks[i], enrolled, err);
    }
    if (fclose(enrolled) != 0 && rc == SOTTO_OK)
        rc = fail(err, SOTTO_E_IO, "enrolled.txt: %s", strerror(errno));
    return rc;
}

static void fleet_free(struct fleet *f) {
    for (uint32_t i = 0; f->kiosks && i < f->options->kiosks; i++) machine_close(&f->kiosks[i]);
    free(f->kiosks);
    free(f->is_seen);
    truth_free(f->truth);
    scan_free(f->canaries);
    source_close(f->source);
    capture_end(&f->capture);
    free(f->results.times_us);
    observer_close(&f->packs);
}

static int metrics_gather(struct fleet *f, struct machine *k, struct sotto_error *err) {
    for (uint32_t m = 0; m < f->packs.policy.n_metrics; m++) {
        struct sotto_metric_info info = {.size = sizeof info};
        int rc = sotto_metric(k->engine, m, &info);
        if (rc != SOTTO_OK) return machine_fail(k, rc, "asking for a metric", err);
        f->metrics[m].spent_all += info.spent_micro;
        if (info.spent_micro > f->metrics[m].spent_most)
            f->metrics[m].spent_most = info.spent_micro;
        info.name = f->packs.policy.metrics[m].name;
        f->metrics[m].info = info;
    }
    return SOTTO_OK;
}

static int kiosk_gather(struct fleet *f, struct machine *k, struct sotto_error *err) {
    struct sotto_health health = {.size = sizeof health};
    int rc = sotto_health(k->engine, &health);
    if (rc != SOTTO_OK) return machine_fail(k, rc, "asking for health", err);
    if (health.storage != SOTTO_STORAGE_OK)
        return fail(err, health.storage_status, "%.150s: storage failed: %.80s", k->dir,
                    health.storage_message);
    f->profiles += health.profiles;
    f->sum.visits += k->counts.visits;
    f->sum.events += k->counts.events;
    f->sum.asked += k->counts.asked;
    f->sum.shown += k->counts.shown;
    f->sum.declined += k->counts.declined;
    f->sum.failed += k->counts.failed;
    f->sum.not_kept += k->counts.not_kept;
    f->sum.reports += k->counts.reports;
    f->sum.report_bytes += k->counts.report_bytes;
    for (int w = 0; w < MACHINE_WHYS; w++) f->sum.whys[w] += k->counts.whys[w];
    return metrics_gather(f, k, err);
}

/* What each kiosk did, for `sotto audit verify`. */
static int audits_write(struct fleet *f, struct sotto_error *err) {
    char dir[640], path[700];
    snprintf(dir, sizeof dir, "%.480s/audit", f->options->out);
    snprintf(path, sizeof path, "%s/keys.txt", dir);
    int rc = directory_make(dir, err);
    if (rc != SOTTO_OK) return rc;
    FILE *keys = fopen(path, "wxe");
    if (!keys) return fail(err, SOTTO_E_IO, "%.150s: %s", path, strerror(errno));
    for (uint32_t i = 0; i < f->options->kiosks && rc == SOTTO_OK; i++)
        rc = machine_audit(&f->kiosks[i], dir, keys, err);
    if (fclose(keys) != 0 && rc == SOTTO_OK)
        rc = fail(err, SOTTO_E_IO, "%.150s: %s", path, strerror(errno));
    return rc;
}

/* Once with the kiosks on, journals and all, and once when they are off. */
static int search_twice(struct fleet *f, struct sotto_error *err) {
    struct scan_result off = {0};
    int rc = scan_tree(f->canaries, f->options->out, &f->scanned);
    for (uint32_t i = 0; i < f->options->kiosks; i++) machine_close(&f->kiosks[i]);
    if (rc == 0) rc = scan_tree(f->canaries, f->options->out, &off);
    if (rc != 0)
        return fail(err, SOTTO_E_IO, "%.200s: %s", off.first[0] ? off.first : f->scanned.first,
                    strerror(errno));
    f->scanned.hits += off.hits;
    if (!f->scanned.first[0]) memcpy(f->scanned.first, off.first, sizeof off.first);
    for (uint32_t i = 0; i < f->options->kiosks; i++) {
        uint64_t bytes = machine_disk_bytes(&f->kiosks[i]);
        f->disk_bytes += bytes;
        if (bytes > f->disk_bytes_most) f->disk_bytes_most = bytes;
    }
    return SOTTO_OK;
}

static int notes_write(const struct fleet *f) {
    char path[640];
    snprintf(path, sizeof path, "%.480s/truth.json", f->options->out);
    if (run_write_truth(f, path) != 0) return command_io("sotto-sim run", path);
    snprintf(path, sizeof path, "%.480s/screen.json", f->options->out);
    if (capture_write(&f->capture, path) != 0) return command_io("sotto-sim run", path);
    snprintf(path, sizeof path, "%.480s/run.json", f->options->out);
    if (run_write_json(f, path) != 0) return command_io("sotto-sim run", path);
    if (f->options->json && run_write_json(f, f->options->json) != 0)
        return command_io("sotto-sim run", f->options->json);
    return EXIT_OK;
}

int command_run(const struct options *given) {
    struct options o = *given;
    struct sotto_error err = {0};
    struct fleet *f = calloc(1, sizeof *f);
    if (!f) return command_io("sotto-sim run", "memory");
    if (!o.days && !o.data) o.days = 14;
    f->options = &o;
    int rc = command_packs(&f->packs, &o, &err);
    if (rc == SOTTO_OK) rc = fleet_open(f, &err);
    if (rc == SOTTO_OK) rc = days_run(f, &err);
    for (uint32_t i = 0; rc == SOTTO_OK && i < o.kiosks; i++)
        rc = kiosk_gather(f, &f->kiosks[i], &err);
    if (rc == SOTTO_OK) rc = audits_write(f, &err);
    if (rc == SOTTO_OK) rc = search_twice(f, &err);
    int code = rc == SOTTO_OK ? notes_write(f) : cli_report("sotto-sim run", &err);
    int is_failed = code != EXIT_OK;
    if (code == EXIT_OK) run_print(f);
    if (code == EXIT_OK && f->scanned.hits) {
        fprintf(stderr, "sotto-sim run: a title or id lies readable on a disk: %s\n",
                f->scanned.first);
        code = EXIT_INTEGRITY;
    }
    is_failed = is_failed && f->is_made;
    fleet_free(f); /* closes what lies there */
    free(f);
    if (is_failed) directory_remove(o.out);
    return code;
}
