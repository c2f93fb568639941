/* What an operator reads: groups, coverage, what is hidden, what is flagged, households. Reports
 * are signed and go through the collector's own judgement into a database. */
#include "tests/support/test.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "tests/support/dp_kiosk.h"
#include "tests/support/fleet_seen.h"
#include "tests/support/test_rng.h"
#include "tools/sotto-fleet/figures.h"
#include "tools/sotto-fleet/ingest.h"
#include "tools/sotto-fleet/items.h"
#include "tools/sotto-fleet/print.h"

#define WINDOW_0 2922 /* a week */
#define WEEK_S   604800

/* ---- A fleet in memory ------------------------------------------------------------------- */

struct fleet {
    struct fleet_dir *f;
    struct fleet_store store;
    struct ingest *ingest;
    struct fleet_collected result;
    struct policy policy;
    struct rng rng;
    struct test_entropy entropy;
    int bad_answer; /* the next household answers what no mechanism can */
    struct sotto_error err;
};

static struct policy_metric *metric_put(struct fleet *w, uint32_t mechanism, uint32_t n_cells) {
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "other"};
    struct policy_metric *m = &w->policy.metrics[w->policy.n_metrics++];
    int is_visit = mechanism <= MECHANISM_DISCRETE_GAUSSIAN;
    *m = (struct policy_metric){.id = w->policy.n_metrics,
                                .name = "taste",
                                .mechanism = mechanism,
                                .unit = is_visit ? UNIT_VISIT : UNIT_HOUSEHOLD,
                                .source = is_visit || n_cells == 8 ? SOURCE_ITEM_GROUP
                                                                   : SOURCE_ITEM_BUCKET,
                                .event_mask = 2,
                                .eps_micro = 2000000,
                                .max_cells = 1,
                                .max_weight = 1,
                                .window_s = WEEK_S,
                                .n_cells = n_cells};
    if (m->source == SOURCE_ITEM_GROUP) {
        m->n_names = n_cells;
        memcpy(m->cells, names, sizeof names);
    }
    if (mechanism == MECHANISM_ONE_BIT_MEAN) {
        m->source = SOURCE_EVENT_COUNT;
        m->max_value = 10;
        m->n_names = 0;
    }
    return m;
}

static struct fleet *fleet_new(void) {
    static struct fleet w;
    memset(&w, 0, sizeof w);
    w.f = fleet_dir_new();
    assert_int_equal(test_rng_start(&w.rng, &w.entropy, 99, UINT32_MAX), 0);
    memset(w.policy.schema_hash, 7, sizeof w.policy.schema_hash);
    return &w;
}

static void device_keys(uint32_t number, uint8_t public_key[32], uint8_t secret_key[64]) {
    uint8_t seed[32] = {9};
    store32(seed + 1, number);
    sign_keypair(public_key, secret_key, seed);
}

/* Enrols `n` devices, those below `in_group` in group "north"; then reports may be put. */
static void fleet_open(struct fleet *w, uint32_t n, uint32_t in_group) {
    static const uint8_t hash[32] = {1};
    assert_int_equal(fleet_store_open(&w->store, w->f->db, 1, &w->err), SOTTO_OK);
    assert_int_equal(fleet_store_begin(&w->store, &w->err), SOTTO_OK);
    assert_int_equal(fleet_store_policy(&w->store, &w->policy, &w->err), SOTTO_OK);
    assert_int_equal(fleet_store_roll(&w->store, hash, &w->err), SOTTO_OK);
    for (uint32_t d = 0; d < n; d++) {
        struct fleet_device device = {.label = "box"};
        uint8_t secret_key[64], digest[32];
        uint32_t other;
        device_keys(d, device.key, secret_key);
        hash256(digest, device.key, 32);
        memcpy(device.id, digest, 8);
        if (d < in_group) memcpy(device.group, "north", 6);
        assert_int_equal(fleet_store_enrol(&w->store, &device, d + 1, &other, &w->err), SOTTO_OK);
        assert_int_equal(other, 0);
    }
    w->ingest = ingest_new(&w->store, 0, &w->result);
    assert_non_null(w->ingest);
}

/* A report of device d; households answer `value`, visits report `fill` in every cell. */
static void fleet_put(struct fleet *w, uint32_t d, uint32_t metric, uint64_t window, int16_t fill,
                      uint32_t value, int is_repeat) {
    const struct policy_metric *m = &w->policy.metrics[metric];
    uint8_t bytes[SOTTO_REPORT_MAX], public_key[32], secret_key[64], digest[32];
    size_t n;
    device_keys(d, public_key, secret_key);
    hash256(digest, public_key, 32);
    struct sotto_report r = {.sequence = window * 8 + metric + 1,
                             .metric = m->id,
                             .window = window,
                             .window_s = m->window_s,
                             .policy_version = 1,
                             .mechanism = m->mechanism,
                             .unit = m->unit,
                             .eps_micro = m->eps_micro,
                             .rho_q40 = 1,
                             .max_cells = 1,
                             .max_weight = 1,
                             .max_value = m->max_value,
                             .n_cells = m->n_cells,
                             .is_repeat = (uint32_t)is_repeat};
    memcpy(r.device, digest, 8);
    memcpy(r.schema, w->policy.schema_hash, 16);
    if (m->unit == UNIT_VISIT) {
        for (uint32_t c = 0; c < m->n_cells; c++) r.cells[c] = fill;
    } else {
        const struct mechanism_terms terms = {.mechanism = m->mechanism,
                                              .eps_micro = m->eps_micro,
                                              .n_cells = m->n_cells,
                                              .max_value = m->max_value};
        r.n_answer = (uint32_t)mechanism_answer_bytes(&terms);
        assert_int_equal(mechanism_answer(&w->rng, &terms, value, r.answer), 0);
        if (w->bad_answer) memset(r.answer, 0xff, r.n_answer);
        w->bad_answer = 0;
    }
    assert_int_equal(sotto_report_encode(&r, secret_key, bytes, sizeof bytes, &n), SOTTO_OK);
    assert_int_equal(ingest_report(w->ingest, "test", bytes, n, &w->err), SOTTO_OK);
}

static void fleet_commit(struct fleet *w, uint64_t accepted) {
    assert_int_equal(ingest_flush(w->ingest, &w->err), SOTTO_OK);
    for (size_t i = 0; i < w->result.n_listed; i++)
        print_message("%s: %s\n", w->result.set_aside[i].reason, w->result.set_aside[i].detail);
    assert_int_equal(w->result.accepted, accepted);
    assert_int_equal(fleet_store_commit(&w->store, &w->err), SOTTO_OK);
    ingest_free(w->ingest);
    fleet_store_close(&w->store);
}

static void fleet_free(struct fleet *w) {
    fleet_collected_free(&w->result);
    fleet_dir_free(w->f);
}

/* Does what nobody should to the database. */
static void database(struct fleet *w, const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(w->f->db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static struct fleet_estimate_options options_of(struct fleet *w) {
    return (struct fleet_estimate_options){
        .db = w->f->db, .window = -1, .min_reports = 1, .by_group = 1};
}

static const struct fleet_estimate *find(const struct fleet_seen *seen, const char *group) {
    for (size_t i = 0; i < seen->n_windows; i++) {
        const struct fleet_seen_one *one = &seen->windows[i];
        if (group ? one->e.group && strcmp(one->group, group) == 0 : !one->e.group) return &one->e;
    }
    return NULL;
}

/* ---- Groups, coverage, suppression ------------------------------------------------------- */

static void groups_add_up_to_all_and_tell_their_coverage(void **state) {
    (void)state;
    struct fleet *w = fleet_new();
    metric_put(w, MECHANISM_DISCRETE_LAPLACE, 8);
    fleet_open(w, 50, 20);
    for (uint32_t d = 0; d < 40; d++) fleet_put(w, d, 0, WINDOW_0, d < 20 ? 3 : 5, 0, 0);
    fleet_commit(w, 40);
    struct fleet_estimate_options o = options_of(w);
    struct fleet_seen *seen = fleet_seen_new(w->f, &o);
    const struct fleet_estimate *all = find(seen, NULL), *north = find(seen, "north"),
                                *none = find(seen, "");
    assert_int_equal(seen->n_windows, 3);
    assert_int_equal(seen->n_totals, 3);
    assert_int_equal(all->reports, 40);
    assert_int_equal(all->enrolled, 50);
    assert_int_equal(all->present, 40);
    assert_int_equal(north->reports, 20);
    assert_int_equal(north->enrolled, 20);
    assert_int_equal(none->reports, 20);
    assert_int_equal(none->enrolled, 30);
    for (int c = 0; c < 8; c++) {
        assert_int_equal(north->cells[c].sum, 60);
        assert_int_equal(none->cells[c].sum, 100);
        assert_int_equal(all->cells[c].sum, 160);
        assert_true(fabs(all->cells[c].share - 1.0 / 8) < 1e-12);
    }
    fleet_seen_free(seen);
    fleet_free(w);
}

static void table_of_too_few_reports_has_no_numbers_and_cannot_be_had_by_difference(void **state) {
    (void)state;
    struct fleet *w = fleet_new();
    metric_put(w, MECHANISM_DISCRETE_LAPLACE, 8);
    fleet_open(w, 50, 4);
    for (uint32_t d = 0; d < 40; d++) fleet_put(w, d, 0, WINDOW_0, 77, 0, 0);
    for (uint32_t d = 0; d < 3; d++) fleet_put(w, d, 0, WINDOW_0 + 1, 77, 0, 0);
    fleet_commit(w, 43);
    struct fleet_estimate_options o = options_of(w);
    o.min_reports = 10;
    struct fleet_seen *seen = fleet_seen_new(w->f, &o);
    assert_false(find(seen, NULL)->is_suppressed);
    assert_true(find(seen, "north")->is_suppressed); /* 4 reports */
    assert_true(find(seen, "")->is_suppressed);      /* 36: all less these were the 4 */
    for (size_t i = 0; i < seen->n_windows; i++)
        assert_int_equal(seen->windows[i].e.cells == NULL, seen->windows[i].e.is_suppressed);
    /* The total holds only the windows that are shown. */
    assert_int_equal(seen->totals[0].e.reports, 40);
    assert_int_equal(seen->totals[0].e.hidden_windows, 1);
    assert_int_equal(seen->totals[0].e.cells[0].sum, 40 * 77);
    fleet_seen_free(seen);

    static char text[1 << 17];
    fleet_dir_prints(w->f, &o, 1, text, sizeof text);
    const char *hidden = strstr(text, "\"suppressed\": true");
    assert_non_null(hidden);
    const char *end = strchr(hidden, '}');
    assert_non_null(end);
    for (const char *at = hidden; at < end; at++) { /* neither cells nor zeros nor reports */
        assert_int_not_equal(strncmp(at, "\"cells\"", 7), 0);
        assert_int_not_equal(strncmp(at, "\"reports\"", 9), 0);
        assert_int_not_equal(strncmp(at, ": 0", 3), 0);
    }
    fleet_dir_prints(w->f, &o, 0, text, sizeof text);
    assert_non_null(strstr(text, "suppressed: too few reports"));
    assert_non_null(strstr(text, "without 1 windows of too few reports"));
    fleet_free(w);
}

/* ---- Poisoned devices -------------------------------------------------------------------- */

static void poisoned_device_is_flagged_and_clipping_bounds_its_pull(void **state) {
    (void)state;
    struct fleet *w = fleet_new();
    metric_put(w, MECHANISM_DISCRETE_LAPLACE, 8);
    fleet_open(w, 100, 0);
    for (uint32_t d = 0; d < 100; d++)
        fleet_put(w, d, 0, WINDOW_0, d == 42 ? 32767 : (int16_t)(20 + d % 3), 0, 0);
    fleet_commit(w, 100);
    struct fleet_estimate_options o = options_of(w);
    struct fleet_seen *seen = fleet_seen_new(w->f, &o);
    const struct fleet_estimate *e = &seen->windows[0].e;
    assert_int_equal(e->median_groups, 8);
    assert_int_equal(e->disagreeing, 8);
    for (int c = 0; c < 8; c++) {
        assert_true(e->cells[c].disagrees);
        assert_true(e->cells[c].median > 1900 && e->cells[c].median < 2300); /* 2,100 honestly */
        assert_int_equal(e->cells[c].clamped, 1);
    }
    fleet_seen_free(seen);
    static char text[1 << 16];
    fleet_dir_prints(w->f, &o, 0, text, sizeof text);
    assert_non_null(strstr(text, "mean and median disagree"));
    assert_non_null(strstr(text, "1 at the clamp"));

    o.clip = 100;
    seen = fleet_seen_new(w->f, &o);
    e = &seen->windows[0].e;
    for (int c = 0; c < 8; c++) {
        assert_in_range(e->cells[c].sum, 2050, 2250);
        assert_int_equal(e->cells[c].clipped, 1);
    }
    fleet_seen_free(seen);

    /* The same downwards. */
    o.clip = 10;
    database(w,
             "UPDATE reports SET numbers = x'00800080008000800080008000800080' WHERE number <= 3");
    seen = fleet_seen_new(w->f, &o);
    assert_int_equal(seen->windows[0].e.cells[5].sum, 97 * 10 - 3 * 10);
    assert_int_equal(seen->windows[0].e.cells[5].clamped, 4);
    assert_int_equal(seen->windows[0].e.cells[5].clipped, 100);
    fleet_seen_free(seen);
    fleet_free(w);
}

static void sums_of_as_many_reports_as_can_be_do_not_overflow(void **state) {
    (void)state;
    struct sotto_error err;
    const struct fleet_metric m = {.id = 1,
                                   .mechanism = MECHANISM_DISCRETE_LAPLACE,
                                   .unit = UNIT_VISIT,
                                   .eps_micro = 1000000,
                                   .max_cells = 1,
                                   .max_weight = 1,
                                   .n_cells = 2};
    struct fleet_tally *t = fleet_tally_new(&m, NULL, 0);
    struct figures *f = figures_new(&m, NULL);
    struct fleet_estimate e = {.metric = &m};
    struct fleet_counted r = {.numbers = (const uint8_t *)"\xff\x7f\x00\x80", .n_numbers = 4};
    assert_non_null(t);
    assert_non_null(f);
    assert_int_equal(fleet_tally_add(t, &r, 0), 0);
    t->reports = UINT64_C(1) << 40; /* as if so many had been added */
    t->sums[0] = (INT64_C(1) << 40) * 32767;
    t->sums[1] = (INT64_C(1) << 40) * -32768;
    assert_int_equal(figures_of(f, t, &e, &err), SOTTO_OK);
    /* exact, where a double has not enough digits */
    assert_true(e.cells[0].sum == (INT64_C(1) << 40) * 32767);
    assert_true(e.cells[1].sum == INT64_MIN / 256);
    assert_true(e.half_width > 0 && e.half_width < e.all_half_width);
    assert_int_equal(fleet_tally_add(t, &r, 0), -1); /* one more is refused */
    figures_free(f);
    fleet_tally_free(t);
}

/* ---- Households -------------------------------------------------------------------------- */

/* 3,000 households of which 2 in 3 hold value 1, by subset selection and by PGR; and a mean of 4.
 */
static void households_answers_are_debiased(void **state) {
    (void)state;
    enum { N = 3000 };
    struct fleet *w = fleet_new();
    metric_put(w, MECHANISM_SUBSET_SELECTION, 8);
    metric_put(w, MECHANISM_PGR, 512);
    metric_put(w, MECHANISM_ONE_BIT_MEAN, 1);
    fleet_open(w, N, 0);
    for (uint32_t d = 0; d < N; d++)
        for (uint32_t m = 0; m < 3; m++)
            fleet_put(w, d, m, WINDOW_0 + m, 0, m == 2 ? 2 + d % 5 : d % 3 ? 1 : 7, 0);
    fleet_commit(w, 3 * N);
    struct fleet_seen *seen = fleet_seen_new(w->f, NULL);
    assert_int_equal(seen->n_windows, 3);
    for (int m = 0; m < 2; m++) {
        const struct fleet_estimate *e = &seen->windows[m].e;
        const struct fleet_cell *one = &e->cells[1], *seven = &e->cells[7];
        double adjusted = 0;
        print_message("%u values: of 2000 %.0f (%.0f … %.0f), of 1000 %.0f (%.0f … %.0f)\n",
                      e->metric->n_cells, one->estimate, one->low, one->high, seven->estimate,
                      seven->low, seven->high);
        assert_true(one->all_low <= 2000 && 2000 <= one->all_high);
        assert_true(seven->all_low <= 1000 && 1000 <= seven->all_high);
        assert_true(one->all_high - one->all_low > one->high - one->low);
        assert_true(one->high - one->low < 400);
        assert_true(fabs(one->share - one->estimate / N) < 1e-12);
        assert_int_equal(e->disagreeing, 0);
        assert_int_equal(e->median_groups, 8);
        for (uint32_t c = 0; c < e->metric->n_cells; c++) {
            assert_true(e->cells[c].adjusted >= 0);
            assert_true(e->cells[c].low >= 0 && e->cells[c].high <= N);
            adjusted += e->cells[c].adjusted;
        }
        assert_true(fabs(adjusted - N) < 1e-6); /* each household holds one value */
    }
    const struct fleet_cell *mean = &seen->windows[2].e.cells[0];
    print_message("mean of 4: %.2f (%.2f … %.2f)\n", mean->share, mean->share_low,
                  mean->share_high);
    assert_true(mean->share_low < 4 && 4 < mean->share_high);
    assert_true(mean->share_high - mean->share_low < 1);
    fleet_seen_free(seen);
    fleet_free(w);
}

/* Neither from a device that signs it nor out of a damaged database. */
static void impossible_answers_count_nowhere(void **state) {
    (void)state;
    struct fleet *w = fleet_new();
    metric_put(w, MECHANISM_PGR, 512);
    metric_put(w, MECHANISM_DISCRETE_LAPLACE, 8);
    fleet_open(w, 10, 0);
    for (uint32_t d = 0; d < 9; d++) fleet_put(w, d, 0, WINDOW_0, 0, 3, 0);
    w->bad_answer = 1;
    fleet_put(w, 9, 0, WINDOW_0, 0, 3, 0);
    fleet_put(w, 9, 1, WINDOW_0, 4, 0, 0);
    fleet_commit(w, 10);
    assert_int_equal(w->result.n_set_aside, 1);
    assert_string_equal(w->result.set_aside[0].reason, "wrong-terms");
    assert_non_null(strstr(w->result.set_aside[0].detail, "nobody could have answered"));
    static const char *const damages[] = {
        "UPDATE reports SET numbers = x'ffffffff' WHERE metric = 1 AND number = 2",
        "UPDATE reports SET numbers = x'00' WHERE metric = 1",
        "UPDATE reports SET numbers = x'0000' WHERE metric = 2"};
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        database(w, damages[i]);
        assert_int_equal(fleet_dir_estimates(w->f), SOTTO_E_CORRUPT);
        assert_non_null(strstr(w->f->err.message, "fleet.db"));
        database(w, "UPDATE reports SET numbers = zeroblob(CASE metric WHEN 1 THEN 4 ELSE 16 END)");
        assert_int_equal(fleet_dir_estimates(w->f), SOTTO_OK);
    }
    fleet_free(w);
}

/* An answer sent again is the same dice again: it is counted as present and nothing else. */
static void answers_sent_again_are_coverage_and_no_evidence(void **state) {
    (void)state;
    struct fleet *w = fleet_new();
    metric_put(w, MECHANISM_SUBSET_SELECTION, 8);
    metric_put(w, MECHANISM_SUBSET_SELECTION, 8);
    fleet_open(w, 100, 0);
    for (uint32_t d = 0; d < 90; d++) fleet_put(w, d, d % 2, WINDOW_0, 0, 3, d >= 30);
    for (uint32_t d = 0; d < 90; d++) fleet_put(w, d, d % 2, WINDOW_0 + 1, 0, 3, 1);
    fleet_commit(w, 180);
    struct fleet_seen *seen = fleet_seen_new(w->f, NULL);
    assert_int_equal(seen->n_windows, 4);
    const struct fleet_estimate *e = &seen->windows[0].e;
    assert_int_equal(e->reports, 15); /* the denominator: fresh answers on this metric */
    assert_int_equal(e->repeats, 30);
    assert_int_equal(e->present, 90); /* of 100, on either metric */
    assert_int_equal(e->enrolled, 100);
    assert_true(seen->windows[1].e.is_suppressed); /* nothing fresh: no numbers, no zeros */
    assert_int_equal(seen->windows[1].e.repeats, 45);
    assert_int_equal(seen->totals[0].e.reports, 15);
    assert_int_equal(seen->totals[0].e.windows, 1);
    fleet_seen_free(seen);
    fleet_free(w);
}

/* One question is drawn for a window; a box that votes on more of them is no honest one. */
static void household_answers_one_question_a_window(void **state) {
    (void)state;
    struct fleet *w = fleet_new();
    metric_put(w, MECHANISM_SUBSET_SELECTION, 8);
    metric_put(w, MECHANISM_SUBSET_SELECTION, 8);
    fleet_open(w, 2, 0);
    fleet_put(w, 0, 0, WINDOW_0, 0, 3, 0);
    fleet_put(w, 0, 1, WINDOW_0, 0, 3, 0);
    fleet_put(w, 1, 1, WINDOW_0 + 1, 0, 3, 0);
    fleet_put(w, 1, 0, WINDOW_0, 0, 3, 0); /* later in the file, not in the box */
    fleet_commit(w, 3);
    assert_int_equal(w->result.n_set_aside, 1);
    assert_string_equal(w->result.set_aside[0].reason, "out-of-order");
    struct fleet_seen *seen = fleet_seen_new(w->f, NULL);
    assert_int_equal(seen->windows[0].e.present, 2); /* of 2 */
    fleet_seen_free(seen);
    fleet_free(w);
}

/* Boxes with real vaults live through weeks in which everybody likes the same; what they send is
 * estimated from. */
static void real_households_come_back_as_estimates(void **state) {
    (void)state;
    enum { BOXES = 40, WEEKS = 6, LIKED = 3 };
    static const uint8_t hash[32] = {1};
    struct fleet *w = fleet_new();
    struct policy_metric *m = metric_put(w, MECHANISM_SUBSET_SELECTION, 8);
    uint64_t fresh = 0;
    m->fresh_year = 12;
    w->policy.version = 1;
    w->policy.year_micro = 12 * m->eps_micro;
    w->policy.lifetime_micro = 100 * w->policy.year_micro;
    assert_int_equal(fleet_store_open(&w->store, w->f->db, 1, &w->err), SOTTO_OK);
    assert_int_equal(fleet_store_begin(&w->store, &w->err), SOTTO_OK);
    assert_int_equal(fleet_store_policy(&w->store, &w->policy, &w->err), SOTTO_OK);
    assert_int_equal(fleet_store_roll(&w->store, hash, &w->err), SOTTO_OK);
    w->ingest = ingest_new(&w->store, 0, &w->result);
    for (uint32_t b = 0; b < BOXES; b++) {
        struct dp_kiosk *k = dp_kiosk_new((uint8_t)(50 + b), 1);
        struct fleet_device device = {.label = "box"};
        uint8_t bytes[SOTTO_REPORT_MAX], digest[32];
        uint64_t cursor = 0;
        uint32_t other;
        size_t n;
        k->policy = w->policy;
        assert_int_equal(vault_profile_create(k->vault, "home", &k->dp.household, &k->err),
                         SOTTO_OK);
        memcpy(device.key, k->dp.report_public, 32);
        hash256(digest, device.key, 32);
        memcpy(device.id, digest, 8);
        assert_int_equal(fleet_store_enrol(&w->store, &device, b + 1, &other, &w->err), SOTTO_OK);
        for (uint32_t week = 0; week <= WEEKS; week++) {
            int64_t now_s = (int64_t)(WINDOW_0 + week) * WEEK_S + WEEK_S / 2;
            struct dp_visit visit = {0};
            assert_int_equal(dp_tick(&k->dp, now_s, &k->err), SOTTO_OK);
            if (week == WEEKS) break;
            assert_int_equal(dp_visit_touch(&k->dp, &visit, 0, LIKED), 0);
            assert_int_equal(dp_visit_commit(&k->dp, &visit, now_s, &k->err), SOTTO_OK);
            fresh += (uint64_t)schedule_is_fresh(k->schedule_key, m, WINDOW_0 + week);
        }
        int64_t later_s = (int64_t)(WINDOW_0 + WEEKS + 3) * WEEK_S;
        while (dp_outbox_next(&k->dp, &cursor, later_s, bytes, sizeof bytes, &n, &k->err) ==
               SOTTO_OK)
            assert_int_equal(ingest_report(w->ingest, "box", bytes, n, &w->err), SOTTO_OK);
        dp_kiosk_free(k);
    }
    fleet_commit(w, BOXES * WEEKS);
    struct fleet_seen *seen = fleet_seen_new(w->f, NULL);
    const struct fleet_estimate *total = &seen->totals[0].e;
    for (size_t i = 0; i < seen->n_windows; i++) {
        assert_int_equal(seen->windows[i].e.present, BOXES);
        assert_int_equal(seen->windows[i].e.reports + seen->windows[i].e.repeats, BOXES);
    }
    assert_int_equal(total->reports, fresh);
    print_message("%d fresh answers, all of them %d: estimated %.1f (%.0f … %.0f)\n", (int)fresh,
                  LIKED, total->cells[LIKED].estimate, total->cells[LIKED].low,
                  total->cells[LIKED].high);
    assert_true(total->cells[LIKED].all_low <= (double)fresh &&
                (double)fresh <= total->cells[LIKED].all_high);
    for (int c = 0; c < 8; c++)
        if (c != LIKED) assert_true(total->cells[c].all_low < 1);
    assert_true(total->cells[LIKED].low > (double)fresh / 3);
    fleet_seen_free(seen);
    fleet_free(w);
}

static void buckets_get_their_items_back_from_the_catalogue(void **state) {
    (void)state;
    static const char csv[] = "item,title\nx1,First\nx2,Second\nx3,Third\nx4,Fourth\nx5,Fifth\n";
    struct fleet *w = fleet_new();
    struct policy_metric *m = metric_put(w, MECHANISM_PGR, 300);
    struct items items;
    char path[200], text[80];
    fleet_open(w, 600, 0);
    uint32_t bucket = policy_item_bucket(m, "x3");
    for (uint32_t d = 0; d < 600; d++) fleet_put(w, d, 0, WINDOW_0, 0, bucket, 0);
    fleet_commit(w, 600);
    snprintf(path, sizeof path, "%s/catalogue.csv", w->f->dir);
    make_file(path, csv, sizeof csv - 1);
    assert_int_equal(items_read(&items, path, NULL, &w->err), SOTTO_OK);
    assert_int_equal(items_sort(&items, m->id, m->n_cells, &w->err), SOTTO_OK);
    struct fleet_seen *seen = fleet_seen_new(w->f, NULL);
    const struct fleet_estimate *e = &seen->windows[0].e;
    uint32_t best = 0;
    for (uint32_t c = 0; c < 300; c++)
        if (e->cells[c].estimate > e->cells[best].estimate) best = c;
    fleet_cell_name(e->metric, &items, best, text, sizeof text);
    assert_non_null(strstr(text, "Third"));
    fleet_cell_name(e->metric, &items, 299, text, sizeof text);
    assert_string_equal(text, "none");
    fleet_cell_name(e->metric, NULL, 5, text, sizeof text);
    assert_string_equal(text, "bucket 5");
    uint32_t named = 0;
    for (uint32_t c = 0; c < 299; c++) named += items_in(&items, c, text, sizeof text);
    assert_int_equal(named, 5);
    fleet_seen_free(seen);
    items_free(&items);
    fleet_free(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_add_up_to_all_and_tell_their_coverage),
        cmocka_unit_test(table_of_too_few_reports_has_no_numbers_and_cannot_be_had_by_difference),
        cmocka_unit_test(poisoned_device_is_flagged_and_clipping_bounds_its_pull),
        cmocka_unit_test(sums_of_as_many_reports_as_can_be_do_not_overflow),
        cmocka_unit_test(households_answers_are_debiased),
        cmocka_unit_test(impossible_answers_count_nowhere),
        cmocka_unit_test(answers_sent_again_are_coverage_and_no_evidence),
        cmocka_unit_test(household_answers_one_question_a_window),
        cmocka_unit_test(real_households_come_back_as_estimates),
        cmocka_unit_test(buckets_get_their_items_back_from_the_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
