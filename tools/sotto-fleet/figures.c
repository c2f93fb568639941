/* figures: see figures.h. */
#include "tools/sotto-fleet/figures.h"

#include <math.h>
#include <stdlib.h>

struct odds_interval {
    int is_known;
    double low, high, all_low, all_high;
};

struct figures {
    const struct fleet_metric *metric;
    const struct answers *answers;
    double level_all;
    struct interval_noise noise; /* visits */
    uint64_t widths_n;           /* reports that the two widths below are for; 0: none */
    int64_t width, all_width;
    uint64_t odds_n; /* the same for `odds`, by support */
    struct odds_interval odds[FLEET_EXACT_REPORTS + 1];
    struct fleet_cell cells[POLICY_VALUES_MAX];
    int64_t sums[POLICY_VALUES_MAX];
    uint64_t support[POLICY_VALUES_MAX];
    double values[POLICY_VALUES_MAX], scratch[POLICY_VALUES_MAX], adjusted[POLICY_VALUES_MAX];
    uint64_t *points; /* households: answers->n_points */
    double *means;    /* of groups of reports: n_cells rows of ADJUST_HANDS */
};

struct figures *figures_new(const struct fleet_metric *metric, const struct answers *answers) {
    const struct mechanism_terms terms = fleet_terms_of(metric);
    uint64_t num, den;
    struct figures *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    f->metric = metric;
    f->answers = answers;
    f->level_all = interval_level_all(FLEET_LEVEL, metric->n_cells, answers == NULL);
    f->points = calloc(answers ? answers->n_points : 1, sizeof *f->points);
    f->means = calloc((size_t)metric->n_cells * ADJUST_HANDS, sizeof *f->means);
    if (f->points && f->means && (answers || mechanism_scale(&terms, &num, &den) == 0)) {
        if (answers) return f;
        f->noise.is_gaussian = metric->mechanism == MECHANISM_DISCRETE_GAUSSIAN;
        f->noise.scale = (double)num / (double)den;
        if (f->noise.is_gaussian) f->noise.scale = sqrt(f->noise.scale);
        return f;
    }
    figures_free(f);
    return NULL;
}

void figures_free(struct figures *f) {
    if (!f) return;
    free(f->points);
    free(f->means);
    free(f);
}

static int no_interval(const struct figures *f, uint64_t reports, struct sotto_error *err) {
    return fail(err, SOTTO_E_LIMIT, "metric %u: no interval could be computed for %llu reports",
                f->metric->id, (unsigned long long)reports);
}

/* ---- Visits ------------------------------------------------------------------------------ */

static int visit_cells(struct figures *f, const struct fleet_tally *t, struct fleet_estimate *e,
                       struct sotto_error *err) {
    uint32_t n = f->metric->n_cells;
    int64_t total = 0;
    if (f->widths_n != t->reports) {
        f->widths_n = 0;
        if (interval_of_noise(t->reports, &f->noise, FLEET_LEVEL, &f->width) != 0 ||
            interval_of_noise(t->reports, &f->noise, f->level_all, &f->all_width) != 0)
            return no_interval(f, t->reports, err);
        f->widths_n = t->reports;
    }
    e->half_width = f->width;
    e->all_half_width = f->all_width;
    (void)fleet_tally_sums(t, -1, 1, f->sums);
    for (uint32_t c = 0; c < n; c++) total += f->sums[c];
    for (uint32_t c = 0; c < n; c++) {
        struct fleet_cell *cell = &f->cells[c];
        double sum = (double)f->sums[c];
        *cell = (struct fleet_cell){.sum = f->sums[c],
                                    .estimate = sum,
                                    .low = sum - (double)f->width,
                                    .high = sum + (double)f->width,
                                    .all_low = sum - (double)f->all_width,
                                    .all_high = sum + (double)f->all_width,
                                    .share = total ? sum / (double)total : 0,
                                    .clamped = t->clamped[c],
                                    .clipped = t->clipped[c]};
        cell->has_share = interval_of_share(cell->sum, total, n, f->width, &cell->share_low,
                                            &cell->share_high) == 0;
        f->values[c] = sum;
    }
    adjust_non_negative(f->values, n, (double)total, f->adjusted, f->scratch);
    return SOTTO_OK;
}

/* ---- Households -------------------------------------------------------------------------- */

static int odds_of(struct figures *f, uint64_t reports, uint64_t support,
                   struct odds_interval *out) {
    struct odds_interval *known = reports <= FLEET_EXACT_REPORTS ? &f->odds[support] : NULL;
    if (f->odds_n != reports) {
        memset(f->odds, 0, sizeof f->odds);
        f->odds_n = reports;
    }
    if (known && known->is_known) {
        *out = *known;
        return 0;
    }
    out->is_known = 1;
    if (interval_of_odds(reports, support, &f->answers->odds, FLEET_LEVEL, 0, &out->low,
                         &out->high) != 0 ||
        interval_of_odds(reports, support, &f->answers->odds, f->level_all, 1, &out->all_low,
                         &out->all_high) != 0)
        return -1;
    if (known) *known = *out;
    return 0;
}

static int household_cells(struct figures *f, const struct fleet_tally *t,
                           struct sotto_error *err) {
    uint32_t n = f->metric->n_cells;
    double unit = f->answers->odds.is_mean ? f->metric->max_value : 1, reports = (double)t->reports;
    (void)fleet_tally_support(t, -1, 1, f->support, f->points);
    for (uint32_t c = 0; c < n; c++) {
        struct odds_interval i;
        if (odds_of(f, t->reports, f->support[c], &i) != 0) return no_interval(f, t->reports, err);
        double estimate = unit * interval_debias(t->reports, f->support[c], &f->answers->odds);
        f->cells[c] = (struct fleet_cell){.support = f->support[c],
                                          .estimate = estimate,
                                          .low = unit * i.low,
                                          .high = unit * i.high,
                                          .all_low = unit * i.all_low,
                                          .all_high = unit * i.all_high,
                                          .has_share = 1,
                                          .share = estimate / reports,
                                          .share_low = unit * i.low / reports,
                                          .share_high = unit * i.high / reports};
        f->values[c] = estimate;
    }
    if (f->answers->odds.is_mean)
        f->adjusted[0] = fmin(fmax(f->values[0], 0), unit * reports);
    else /* each household holds exactly one value */
        adjust_non_negative(f->values, n, reports, f->adjusted, f->scratch);
    return SOTTO_OK;
}

/* ---- Medians ----------------------------------------------------------------------------- */

/* The mean per report of every cell in one group of reports. */
static void group_means(struct figures *f, const struct fleet_tally *t, int group,
                        uint32_t groups) {
    double unit = f->answers && f->answers->odds.is_mean ? f->metric->max_value : 1;
    uint64_t n = f->answers ? fleet_tally_support(t, group, groups, f->support, f->points)
                            : fleet_tally_sums(t, group, groups, f->sums);
    for (uint32_t c = 0; c < f->metric->n_cells; c++)
        f->means[(size_t)c * ADJUST_HANDS + (uint32_t)group] =
            f->answers ? unit * interval_debias(n, f->support[c], &f->answers->odds) / (double)n
                       : (double)f->sums[c] / (double)n;
}

/* Standard deviation of what chance makes of one report of this cell. A household's own value is
 * part of it: groups of households differ. */
static double report_sd(const struct figures *f, const struct fleet_cell *cell, uint64_t reports) {
    if (!f->answers) return sqrt(interval_variance(&f->noise));
    double unit = f->answers->odds.is_mean ? f->metric->max_value : 1;
    double share = fmin(fmax(cell->estimate / unit / (double)reports, 0), 1);
    return unit * sqrt(interval_debias_variance(1, share, &f->answers->odds) + share * (1 - share));
}

static void medians(struct figures *f, const struct fleet_tally *t, struct fleet_estimate *e) {
    uint32_t n = f->metric->n_cells, groups = adjust_groups(t->reports, t->n_hands);
    if (t->n_hands == 1) groups = 0;
    e->median_groups = groups;
    for (uint32_t g = 0; g < groups; g++) group_means(f, t, (int)g, groups);
    for (uint32_t c = 0; c < n; c++) {
        struct fleet_cell *cell = &f->cells[c];
        cell->median = NAN;
        if (groups == 0) continue;
        struct adjust_median m = adjust_median_of(f->means + (size_t)c * ADJUST_HANDS, groups,
                                                  t->reports, cell->estimate / (double)t->reports,
                                                  report_sd(f, cell, t->reports), n);
        cell->median = m.median * (double)t->reports;
        cell->disagrees = m.disagrees;
        e->disagreeing += m.disagrees != 0;
    }
}

int figures_of(struct figures *f, const struct fleet_tally *t, struct fleet_estimate *e,
               struct sotto_error *err) {
    int status = f->answers ? household_cells(f, t, err) : visit_cells(f, t, e, err);
    if (status != SOTTO_OK) return status;
    for (uint32_t c = 0; c < f->metric->n_cells; c++) f->cells[c].adjusted = f->adjusted[c];
    medians(f, t, e);
    e->cells = f->cells;
    return SOTTO_OK;
}
