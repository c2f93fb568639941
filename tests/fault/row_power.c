/* row_power: power cuts. `power`: after every operation of every scenario, all that was written
 * being there, the engine opened each time. `lost`: what no sync followed kept in any subset
 * (each, up to EXHAUSTIVE operations), torn, garbled, with stale sizes, and cut again while
 * recovering. */
#include "tests/fault/row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/crash.h"
#include "tests/support/dice.h"
#include "vault/vault.h"

#define LOST_STATES 1000000u
#define EXHAUSTIVE  12u
#define ENGINE_EACH 64u

static struct crash crash;

/* A scenario that fails without any fault proves nothing. */
static int begin(struct row *row, unsigned s, struct record *r) {
    struct world w;
    struct verdict v = {0, ""};
    memset(r, 0, sizeof *r);
    scenario_record(s, 1, &w, r);
    if (w.problem[0]) verdict_bad(&v, "without a fault: %s", w.problem);
    if (r->flaw) verdict_bad(&v, "%s", r->flaw);
    long at = leak_find(r->ops.bytes, r->ops.n_bytes);
    if (at >= 0) verdict_bad(&v, "plaintext was written, byte %ld of the record", at);
    if (row_next(row)) row_judge(row, &v, "%s, as recorded", scenarios[s].name);
    crash_begin(&crash, &r->ops, &r->before);
    return !v.is_bad;
}

void row_power(struct row *row) {
    struct image image = {.counter = 0};
    for (unsigned s = 0; s < n_scenarios; s++) {
        struct record r;
        struct judge j;
        struct horizon h;
        if (!row_wants(row, s)) continue;
        begin(row, s, &r);
        judge_begin(&j, &r, 1);
        horizon_begin(&h);
        for (;;) {
            if (crash_is_point(&crash) && row_next(row)) {
                struct verdict v = {0, ""};
                crash_keep_all(&crash, &image);
                judge_image(&j, &h, &image, &v);
                row_judge(row, &v, "%s, after operation %zu", scenarios[s].name, crash.point);
            }
            if (crash.point == r.ops.n) break;
            horizon_step(&h, &r.ops.op[crash.point]);
            crash_step(&crash);
        }
        row->engines += j.engines;
        crash_end(&crash);
        judge_end(&j);
        record_free(&r);
    }
    image_free(&image);
}

/* ---- Lost, torn, garbled ------------------------------------------------------------------- */

/* Subsets not seen at the point before: those that hold the operation that came last, if it is one
 * that can be lost. */
static uint64_t subsets(unsigned most) {
    if (crash.n_pending == 0 || crash.n_pending > most) return 0;
    const struct op *last = &crash.ops->op[crash.point - 1];
    int is_new = last == crash.pending[crash.n_pending - 1].op;
    return is_new ? UINT64_C(1) << (crash.n_pending - 1) : UINT64_C(1) << crash.n_pending;
}

static uint64_t subset_mask(uint64_t i) {
    const struct op *last = &crash.ops->op[crash.point - 1];
    int is_new = last == crash.pending[crash.n_pending - 1].op;
    return is_new ? i | UINT64_C(1) << (crash.n_pending - 1) : i;
}

/* How many subsets there are in all, and how many points to draw at. */
static void survey(const struct record *r, unsigned most, uint64_t *all, uint64_t *points) {
    *all = *points = 0;
    crash_begin(&crash, &r->ops, &r->before);
    while (crash.point < r->ops.n) {
        crash_step(&crash);
        if (!crash_is_point(&crash) || crash.n_pending == 0) continue;
        *all += subsets(most);
        ++*points;
    }
    crash_end(&crash);
    crash_begin(&crash, &r->ops, &r->before);
}

/* A failure that is looked for is told in full. */
static void tell(const struct row *row, const struct verdict *v) {
    if (v->is_bad && row->only_state) crash_tell(&crash);
}

/* Lets the vault recover from `image` and cuts it again while it does; the result is in *image. */
static void cut_again(const struct judge *j, const struct horizon *h, struct dice *d,
                      struct image *image) {
    static struct crash second;
    static struct vault *vault;
    struct ops ops = {.n = 0};
    struct device device;
    struct rng rng = {.used = 0};
    if (!vault) vault = calloc(1, vault_bytes());
    if (!vault) abort();
    memset(vault, 0, vault_bytes());
    disk_load(image, j->record->life + 5);
    device_start(&device, j->record->has_counter, j->record->belief[h->belief].wall_s);
    if (rng_seed(&rng, device.port.entropy, device.port.ctx) != 0) abort();
    disk.record = &ops;
    (void)!vault_open(vault, &device.port, &rng, NULL); /* judged afterwards */
    vault_close(vault);
    disk.record = NULL;
    crash_begin(&second, &ops, image);
    size_t stop = ops.n ? dice_below(d, (uint32_t)ops.n + 1) : 0;
    while (second.point < stop) crash_step(&second);
    crash_draw(&second, dice_u64(d), image);
    crash_end(&second);
    ops_free(&ops);
}

static void lost_at_point(struct row *row, struct judge *j, const struct horizon *h, unsigned s,
                          unsigned most, uint64_t draws, struct image *image) {
    uint64_t n = subsets(most);
    for (uint64_t i = 0; i < n; i++) {
        struct verdict v = {0, ""};
        if (!row_next(row)) continue;
        crash_keep_some(&crash, subset_mask(i), image);
        judge_image(j, h, image, &v);
        tell(row, &v);
        row_judge(row, &v, "%s, after operation %zu, of %zu unsynced kept %llx", scenarios[s].name,
                  crash.point, crash.n_pending, (unsigned long long)subset_mask(i));
    }
    for (uint64_t i = 0; i < draws; i++) {
        struct verdict v = {0, ""};
        struct dice d = {row->seed ^ (uint64_t)s << 56 ^ (uint64_t)crash.point << 32 ^ i};
        if (!row_next(row)) continue;
        int is_nested = dice_below(&d, 8) == 0;
        crash_draw(&crash, dice_u64(&d), image);
        if (is_nested) cut_again(j, h, &d, image);
        judge_image(j, h, image, &v);
        tell(row, &v);
        row_judge(row, &v, "%s, after operation %zu, draw %llu%s", scenarios[s].name, crash.point,
                  (unsigned long long)i, is_nested ? ", cut again in recovery" : "");
    }
}

void row_lost(struct row *row) {
    struct image image = {.counter = 0};
    uint64_t wanted = row_scaled(row, LOST_STATES) / (row->only ? 1 : n_scenarios) + 1;
    for (unsigned s = 0; s < n_scenarios; s++) {
        struct record r;
        struct judge j;
        struct horizon h;
        uint64_t all, points, at = 0;
        unsigned most = EXHAUSTIVE;
        if (!row_wants(row, s)) continue;
        begin(row, s, &r);
        crash_end(&crash);
        do {
            survey(&r, most, &all, &points);
        } while (row->scale < 1 && all > wanted / 2 && --most > 0);
        uint64_t draws = all < wanted ? wanted - all : 0, drawn = 0;
        judge_begin(&j, &r, ENGINE_EACH);
        horizon_begin(&h);
        while (crash.point < r.ops.n) {
            horizon_step(&h, &r.ops.op[crash.point]);
            crash_step(&crash);
            if (!crash_is_point(&crash) || crash.n_pending == 0) continue;
            uint64_t until = points ? draws * ++at / points : 0;
            lost_at_point(row, &j, &h, s, most, until - drawn, &image);
            drawn = until;
        }
        row->engines += j.engines;
        crash_end(&crash);
        judge_end(&j);
        record_free(&r);
    }
    image_free(&image);
}
