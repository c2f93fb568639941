/* tally: see tally.h. */
#include "tools/sotto-fleet/tally.h"

#include <stdlib.h>

struct fleet_tally *fleet_tally_new(const struct fleet_metric *metric,
                                    const struct answers *answers, int may_split) {
    struct fleet_tally *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->metric = metric;
    t->answers = answers;
    t->n_hands = !may_split ? 1 : answers ? TALLY_HANDS_HOUSEHOLD : ADJUST_HANDS;
    t->n_points = answers ? answers->n_points : metric->n_cells;
    if (answers)
        t->points = calloc((size_t)t->n_hands * t->n_points, sizeof *t->points);
    else
        t->sums = calloc((size_t)t->n_hands * t->n_points, sizeof *t->sums);
    if (t->points || t->sums) return t;
    free(t);
    return NULL;
}

void fleet_tally_free(struct fleet_tally *t) {
    if (!t) return;
    free(t->points);
    free(t->sums);
    free(t);
}

void fleet_tally_reset(struct fleet_tally *t) {
    struct fleet_tally kept = {.metric = t->metric,
                               .answers = t->answers,
                               .n_hands = t->n_hands,
                               .n_points = t->n_points,
                               .sums = t->sums,
                               .points = t->points};
    size_t n = (size_t)t->n_hands * t->n_points;
    if (t->sums) memset(t->sums, 0, n * sizeof *t->sums);
    if (t->points) memset(t->points, 0, n * sizeof *t->points);
    *t = kept;
}

/* Overflow: 2^40 reports of 2^15 at most are below 2^63. */
static void add_counts(struct fleet_tally *t, int64_t *sums, const uint8_t *numbers,
                       uint32_t clip) {
    for (uint32_t c = 0; c < t->metric->n_cells; c++) {
        int v = (int16_t)load16(numbers + 2 * (size_t)c), most = (int)clip;
        t->clamped[c] += v == SOTTO_REPORT_CELL_MIN || v == SOTTO_REPORT_CELL_MAX;
        if (clip && (v > most || v < -most)) {
            t->clipped[c]++;
            v = v > 0 ? most : -most;
        }
        sums[c] += v;
    }
}

int fleet_tally_add(struct fleet_tally *t, const struct fleet_counted *r, uint32_t clip) {
    uint32_t hand = (uint32_t)(t->reports % t->n_hands);
    size_t row = (size_t)hand * t->n_points;
    if (t->reports >= FLEET_REPORTS_MAX) return -1;
    if (!t->answers) {
        if (r->n_numbers != 2 * (size_t)t->metric->n_cells) return -1;
        add_counts(t, t->sums + row, r->numbers, clip);
    } else if (!r->is_repeat &&
               answers_add(t->answers, t->points + row, r->numbers, r->n_numbers) != 0) {
        return -1;
    }
    t->present += r->is_enrolled != 0;
    if (r->is_repeat) {
        t->repeats++;
        return 0;
    }
    t->reports++;
    t->in_hand[hand]++;
    t->gone += !r->is_enrolled;
    return 0;
}

void fleet_tally_add_window(struct fleet_tally *total, const struct fleet_tally *w) {
    if (total->windows++ == 0) total->first_window = w->first_window;
    total->last_window = w->first_window;
    total->reports += w->reports;
    total->repeats += w->repeats;
    total->present += w->present;
    total->gone += w->gone;
    for (uint32_t c = 0; c < POLICY_CELLS_MAX; c++) {
        total->clamped[c] += w->clamped[c];
        total->clipped[c] += w->clipped[c];
    }
    for (uint32_t h = 0; h < w->n_hands; h++)
        for (uint32_t i = 0; i < w->n_points; i++) {
            size_t at = (size_t)h * w->n_points + i;
            if (total->sums) total->sums[i] += w->sums[at];
            if (total->points) total->points[i] += w->points[at];
        }
}

/* Whether hand h belongs to group `hand` of `groups`. */
static int is_in(uint32_t h, int hand, uint32_t groups) {
    return hand < 0 || h % groups == (uint32_t)hand;
}

static uint64_t reports_of(const struct fleet_tally *t, int hand, uint32_t groups) {
    uint64_t n = 0;
    if (hand < 0) return t->reports;
    for (uint32_t h = 0; h < t->n_hands; h++)
        if (is_in(h, hand, groups)) n += t->in_hand[h];
    return n;
}

uint64_t fleet_tally_sums(const struct fleet_tally *t, int hand, uint32_t groups, int64_t *sums) {
    memset(sums, 0, t->n_points * sizeof *sums);
    for (uint32_t h = 0; h < t->n_hands; h++)
        for (uint32_t c = 0; c < t->n_points && is_in(h, hand, groups); c++)
            sums[c] += t->sums[(size_t)h * t->n_points + c];
    return reports_of(t, hand, groups);
}

uint64_t fleet_tally_support(const struct fleet_tally *t, int hand, uint32_t groups,
                             uint64_t *support, uint64_t *scratch) {
    memset(scratch, 0, t->n_points * sizeof *scratch);
    for (uint32_t h = 0; h < t->n_hands; h++)
        for (uint32_t i = 0; i < t->n_points && is_in(h, hand, groups); i++)
            scratch[i] += t->points[(size_t)h * t->n_points + i];
    answers_support(t->answers, scratch, support);
    return reports_of(t, hand, groups);
}
