/* The crash audit: the life of a device that reports is cut at every write, sync and key operation.
 * Whatever the disk kept, afterwards a window has at most one byte string in the world, and what
 * was spent is never under-counted. Promise 9 of the design for what leaves. */
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/test.h"

#include "platform/sim/fault_vfs.h"
#include "release/household.h"
#include "release/ledger.h"
#include "tests/support/dp_kiosk.h"

#define DAY(n) (DP_START_S + (int64_t)(n)*DP_DAY_S) /* noon of the n-th day */
enum { DAYS = 4, MORE_DAYS = 3, WORLD_MAX = 64 };

/* Everything that ever left, as a collector would keep it. */
struct world {
    struct {
        struct sotto_report report;
        uint8_t bytes[SOTTO_REPORT_MAX];
        size_t n;
    } seen[WORLD_MAX];
    unsigned n;
};

static void world_add(struct world *w, const struct dp_kiosk *k, const uint8_t *bytes, size_t n) {
    struct sotto_report r;
    assert_int_equal(sotto_report_decode(bytes, n, k->dp.report_public, &r, NULL), SOTTO_OK);
    for (unsigned i = 0; i < w->n; i++) {
        int is_same_window =
            w->seen[i].report.metric == r.metric && w->seen[i].report.window == r.window;
        int is_same_sequence = w->seen[i].report.sequence == r.sequence;
        if (!is_same_window && !is_same_sequence) continue;
        assert_int_equal(w->seen[i].n, n); /* one window, one sequence, one byte string */
        assert_memory_equal(w->seen[i].bytes, bytes, n);
        return;
    }
    assert_true(w->n < WORLD_MAX);
    w->seen[w->n].report = r;
    memcpy(w->seen[w->n].bytes, bytes, n);
    w->seen[w->n++].n = n;
}

static int export_all(struct dp_kiosk *k, struct world *w) {
    uint8_t bytes[SOTTO_REPORT_MAX];
    uint64_t cursor = 0;
    size_t n;
    int status;
    while ((status = dp_outbox_next(&k->dp, &cursor, INT64_MAX, bytes, sizeof bytes, &n,
                                    &k->err)) == SOTTO_OK)
        world_add(w, k, bytes, n);
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status;
}

/* ---- A life ------------------------------------------------------------------------------- */

static int visit(struct dp_kiosk *k, int64_t now_s) {
    struct dp_visit visit = {0};
    for (uint32_t m = 0; m < k->policy.n_metrics; m++)
        for (uint32_t c = 1; c < 3; c++)
            if (dp_visit_touch(&k->dp, &visit, m, c) != 0) return SOTTO_E_ENTROPY;
    return dp_visit_commit(&k->dp, &visit, now_s, &k->err);
}

/* From day `first` on: visits, a night, what is due, what leaves. Ends at the first failure, as a
 * process that is killed does. */
static int live(struct dp_kiosk *k, struct world *w, int first, int last) {
    for (int day = first; day < last; day++) {
        int status = dp_tick(&k->dp, DAY(day), &k->err);
        for (int v = 0; v < 2 && status == SOTTO_OK; v++) status = visit(k, DAY(day) + v);
        if (status == SOTTO_OK) status = dp_tick(&k->dp, DAY(day) + DP_DAY_S / 2, &k->err);
        if (status == SOTTO_OK) status = export_all(k, w);
        if (status != SOTTO_OK) return status;
    }
    return SOTTO_OK;
}

static void ask_households(struct dp_kiosk *k) {
    for (uint32_t m = 0; m < k->policy.n_metrics; m++) {
        struct policy_metric *metric = &k->policy.metrics[m];
        metric->unit = UNIT_HOUSEHOLD;
        metric->mechanism = MECHANISM_SUBSET_SELECTION;
        metric->source = SOURCE_ITEM_BUCKET;
        metric->max_cells = metric->max_weight = 1;
        metric->n_names = 0;
        metric->fresh_year = 200; /* of 365: some days anew, some again */
    }
    dp_kiosk_schema(k, "households");
}

static int begin(struct dp_kiosk *k) {
    int status = dp_kiosk_open(k);
    if (status != SOTTO_OK || k->policy.metrics[0].unit != UNIT_HOUSEHOLD) return status;
    return vault_profile_create(k->vault, "household", &k->dp.household, &k->err);
}

/* ---- What must hold afterwards ------------------------------------------------------------- */

static void check_books(struct dp_kiosk *k, const struct world *w) {
    struct ledger l;
    uint64_t in_world = 0, in_rows = 0;
    struct vault_key key = {VAULT_LEDGER, 1, 0};
    assert_int_equal(ledger_load(k->vault, &l, &k->err), SOTTO_OK);
    for (unsigned i = 0; i < w->n; i++)
        in_world += w->seen[i].report.is_repeat ? 0 : w->seen[i].report.eps_micro;
    for (int status = vault_next(k->vault, &key, 1, &k->err); status == SOTTO_OK;
         status = vault_next(k->vault, &key, 0, &k->err)) {
        struct ledger_row row;
        assert_int_equal(ledger_row_of(k->vault, key.slot, key.seq, &row, &k->err), SOTTO_OK);
        in_rows += row.eps_micro;
    }
    assert_true(l.lifetime.eps_micro >= in_world); /* never under-counted, */
    assert_true(l.lifetime.eps_micro == in_rows);  /* and nothing paid for nothing */
    /* No raw count outlives its report. */
    key = (struct vault_key){VAULT_TALLY, 0, 0};
    for (int status = vault_next(k->vault, &key, 1, &k->err); status == SOTTO_OK;
         status = vault_next(k->vault, &key, 0, &k->err))
        for (uint32_t m = 0; m < l.n_metrics; m++)
            if (l.metrics[m].id == key.slot) assert_true(key.seq >= l.metrics[m].next);
}

/* An answer that says it is sent again is the one before it of its metric. */
static void check_repeats(const struct world *w) {
    for (unsigned i = 0; i < w->n; i++) {
        const struct sotto_report *r = &w->seen[i].report, *before = NULL;
        if (!r->is_repeat) continue;
        for (unsigned j = 0; j < w->n; j++) {
            const struct sotto_report *other = &w->seen[j].report;
            if (other->metric == r->metric && other->sequence < r->sequence &&
                (!before || other->sequence > before->sequence))
                before = other;
        }
        if (before) assert_memory_equal(r->answer, before->answer, sizeof r->answer);
    }
}

/* Cuts the life at every instant; returns how many cuts there were. */
static long cut_everywhere(struct fault_vfs *disk, int is_household) {
    for (long limit = 0;; limit++) {
        static struct world w;
        struct dp_kiosk *k = dp_kiosk_make(7, 2);
        long fuse = limit / 2; /* each instant once whole, once torn */
        uint64_t before = 0, after = 0;
        memset(&w, 0, sizeof w);
        if (is_household) ask_households(k);
        k->device.port.vault_vfs = disk->name;
        disk->is_torn = (int)(limit & 1);
        disk->loss_seed = (uint64_t)limit;
        disk->fuse = k->device.fuse = &fuse;

        int status = begin(k);
        if (status == SOTTO_OK) status = live(k, &w, 0, DAYS);

        dp_kiosk_close(k);
        disk->fuse = NULL;
        assert_int_equal(dp_kiosk_restart(k), SOTTO_OK);
        if (is_household && vault_profile_find(k->vault, "household", &k->dp.household) != SOTTO_OK)
            k->dp.household = 0;
        assert_int_equal(export_all(k, &w), SOTTO_OK);
        check_books(k, &w);
        assert_int_equal(dp_spent(&k->dp, &before, &k->err), SOTTO_OK);
        /* Life goes on: from the day of the cut, which nobody remembers; from a clock set back,
         * too. */
        assert_int_equal(live(k, &w, 0, DAYS + MORE_DAYS), SOTTO_OK);
        check_books(k, &w);
        check_repeats(&w);
        assert_int_equal(dp_spent(&k->dp, &after, &k->err), SOTTO_OK);
        assert_true(after > before);
        dp_kiosk_free(k);
        if (status == SOTTO_OK && !disk->is_torn) return limit;
        assert_true(limit < 4000);
    }
}

static void cut_with_every_loss(const char *name, int is_household) {
    static const enum fault_loss losses[] = {FAULT_LOSS_NONE, FAULT_LOSS_ALL, FAULT_LOSS_SOME};
    struct fault_vfs disk;
    assert_int_equal(fault_vfs_register(&disk, name), 0);
    for (unsigned i = 0; i < ARRAY_LEN(losses); i++) {
        disk.loss = losses[i];
        long cuts = cut_everywhere(&disk, is_household);
        print_message("%ld power cuts, %llu writes lost\n", cuts, (unsigned long long)disk.lost);
        assert_true(cuts > 100);
    }
    fault_vfs_unregister(&disk);
}

static void device_cut_at_any_instant_tells_a_window_once_and_has_paid_for_it(void **state) {
    (void)state;
    cut_with_every_loss("visits", 0);
}

static void household_cut_at_any_instant_answers_a_window_once_and_has_paid_for_it(void **state) {
    (void)state;
    cut_with_every_loss("households", 1);
}

/* A disk that refuses one write after another without a power cut: the process lives on and tries
 * again, with the very same memory. */
static void full_disk_makes_no_second_version_of_a_window(void **state) {
    static struct world w;
    struct fault_vfs disk;
    (void)state;
    assert_int_equal(fault_vfs_register(&disk, "full for a while"), 0);
    for (int day = 0; day < DAYS; day++) {
        struct dp_kiosk *k = dp_kiosk_make(7, 2);
        memset(&w, 0, sizeof w);
        k->device.port.vault_vfs = disk.name;
        assert_int_equal(begin(k), SOTTO_OK);
        assert_int_equal(live(k, &w, 0, day), SOTTO_OK);
        disk.sync_fails = 1;
        assert_true(live(k, &w, day, day + 1) != SOTTO_OK);
        disk.sync_fails = 0;
        assert_int_equal(vault_retry(k->vault, &k->err), SOTTO_OK);
        assert_int_equal(live(k, &w, day, DAYS), SOTTO_OK);
        check_books(k, &w);
        dp_kiosk_free(k);
    }
    fault_vfs_unregister(&disk);
}

int main(void) {
    /* Hundreds of lives: what a cut takes is the simulated disk's, not the machine's. */
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_cut_at_any_instant_tells_a_window_once_and_has_paid_for_it),
        cmocka_unit_test(household_cut_at_any_instant_answers_a_window_once_and_has_paid_for_it),
        cmocka_unit_test(full_disk_makes_no_second_version_of_a_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
