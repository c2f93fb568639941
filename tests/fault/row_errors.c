/* row_errors: calls that fail. `errors`: storage that is full, failing, read-only, writes half or
 * cannot sync, at every operation of every scenario, once and from then on. `memory`: every request
 * for memory, of ours, libsodium's and SQLite's. In each the engine goes on showing something; cut
 * then, the device has what was acknowledged; healed, it finds its storage again by itself. */
#include "tests/fault/row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/alloc.h"
#include "tests/fault/crash.h"

#define ENGINE_EACH 8u

static const char *const fault_name[FAULT_KINDS] = {"",      "ENOSPC",        "EIO",
                                                    "EROFS", "a short write", "a failing sync"};

/* Judges where the record stands: what a power cut would leave if it took everything unsynced, or
 * nothing. */
static void judge_end_of(const struct record *r, uint64_t number, int is_cut, struct row *row,
                         struct verdict *v) {
    static struct crash crash;
    static struct image image;
    struct horizon h;
    struct judge j;
    crash_begin(&crash, &r->ops, &r->before);
    horizon_begin(&h);
    while (crash.point < r->ops.n) {
        horizon_step(&h, &r->ops.op[crash.point]);
        crash_step(&crash);
    }
    if (is_cut)
        crash_lose_all(&crash, &image);
    else
        crash_keep_all(&crash, &image);
    judge_begin(&j, r, 1);
    if ((number * 2654435761u >> 16) % ENGINE_EACH != 0)
        memset(j.seen, 3, r->n_content + 1), j.every = 0;
    judge_image(&j, &h, &image, v);
    row->engines += j.engines;
    judge_end(&j);
    crash_end(&crash);
}

/* What a cut at this moment would leave. The engine that is open keeps its disk. */
static void judge_now(struct row *row, const struct record *r, struct verdict *v) {
    static struct image kept;
    struct ops *ops = disk.record;
    struct record *held = recording;
    uint64_t life = disk.life;
    int open_files = disk.open_files;
    image_copy(&kept, &disk.now);
    disk.record = NULL;
    recording = NULL;
    disk.open_files = 0;
    judge_end_of(r, row->number, 1, row, v);
    disk.open_files += open_files;
    disk_load(&kept, life);
    disk.record = ops;
    recording = held;
}

/* One scenario with the fault that `arm` sets. A fault that never struck, as where a device without
 * a counter makes fewer calls, is no state. */
static void run_one(struct row *row, unsigned s, void (*arm)(const void *), const void *what,
                    struct verdict *v) {
    static struct record r; /* its memory is used again */
    struct world w;
    long guarded = alloc.live, sqlite = alloc_sqlite_live();
    r.n_content = r.n_belief = r.ops.n = r.ops.n_bytes = 0;
    r.flaw = NULL;
    alloc.failed = 0;
    r.has_committed = 0;
    free(r.nonces);
    r.nonces = NULL;
    scenario_begin(s, &w, (int)(row->number & 1), &r);
    arm(what);
    scenarios[s].acts(&w);
    act_slate(&w);
    if (disk.hits == 0 && alloc.failed == 0) row->states--;
    alloc.is_armed = 0;
    disk_heal();
    judge_now(row, &r, v);
    act_revive(&w);
    act_slate(&w);
    act_close(&w);
    scenario_end();
    if (w.problem[0]) verdict_bad(v, "%s", w.problem);
    if (r.flaw) verdict_bad(v, "%s", r.flaw);
    if (!v->is_bad) judge_end_of(&r, row->number, 0, row, v);
    if (alloc.live != guarded || alloc_sqlite_live() != sqlite)
        verdict_bad(v, "memory is not given back");
    long at = leak_find(r.ops.bytes, r.ops.n_bytes);
    if (at >= 0) verdict_bad(v, "plaintext was written, byte %ld of the record", at);
}

/* How often a scenario comes by where `arm` has set a fault that never strikes. */
static void dry_run(unsigned s, void (*arm)(const void *), const void *what) {
    struct world w;
    scenario_prepare(s, &w, 1);
    arm(what);
    scenarios[s].acts(&w);
    act_close(&w);
    alloc.is_armed = 0;
}

/* ---- Storage ------------------------------------------------------------------------------- */

struct storage_fault {
    enum disk_fault fault;
    long at;
    int is_sticky;
};

static void arm_storage(const void *what) {
    const struct storage_fault *f = what;
    disk.fault = f->fault;
    disk.fault_at = f->at;
    disk.is_sticky = f->is_sticky;
    disk.hits = 0;
}

static void storage_faults(struct row *row, unsigned s, struct storage_fault f) {
    const struct storage_fault never = {f.fault, 1000000000, 0};
    dry_run(s, arm_storage, &never);
    long n = never.at - disk.fault_at;
    disk_heal();
    for (f.at = 0; f.at < n; f.at++) {
        struct verdict v = {0, ""};
        /* Syncs are few and what hangs on them is much: each is tried, however small the scale. */
        if (!(f.fault == FAULT_FSYNC ? row_next(row) : row_draw(row))) continue;
        run_one(row, s, arm_storage, &f, &v);
        row_judge(row, &v, "%s, %s at operation %ld%s", scenarios[s].name, fault_name[f.fault],
                  f.at, f.is_sticky ? " and from then on" : "");
    }
}

void row_errors(struct row *row) {
    for (unsigned s = 0; s < n_scenarios; s++)
        for (int fault = FAULT_ENOSPC; fault < FAULT_KINDS; fault++)
            for (int is_sticky = 0; is_sticky < 2; is_sticky++)
                if (row_wants(row, s))
                    storage_faults(row, s,
                                   (struct storage_fault){(enum disk_fault)fault, 0, is_sticky});
}

/* ---- Memory -------------------------------------------------------------------------------- */

struct memory_fault {
    long at;
    int is_sticky;
};

static void arm_memory(const void *what) {
    const struct memory_fault *f = what;
    alloc = (struct alloc){
        .is_armed = 1, .fail_at = f->at, .is_sticky = f->is_sticky, .live = alloc.live};
}

void row_memory(struct row *row) {
    for (unsigned s = 0; s < n_scenarios; s++) {
        const struct memory_fault never = {-1, 0};
        if (!row_wants(row, s)) continue;
        dry_run(s, arm_memory, &never);
        long n = alloc.asked[ALLOC_OURS] + alloc.asked[ALLOC_SODIUM] + alloc.asked[ALLOC_SQLITE];
        for (int is_sticky = 0; is_sticky < 2; is_sticky++)
            for (struct memory_fault f = {0, is_sticky}; f.at < n; f.at++) {
                struct verdict v = {0, ""};
                if (!row_draw(row)) continue;
                run_one(row, s, arm_memory, &f, &v);
                row_judge(row, &v, "%s, request %ld for memory%s", scenarios[s].name, f.at,
                          is_sticky ? " and all that follow" : "");
            }
    }
}
