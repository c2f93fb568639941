/* policy_metric: what a policy measures, from its INI. Chooses the mechanism by unit, epsilon,
 * bounds and number of cells, and refuses what no mechanism can keep its promise for. See
 * policy_fields.h. */
#include <stdio.h>

#include "release/release.h"
#include "tools/common/mechanism_read.h"
#include "tools/sotto-pack/policy_fields.h"

static uint32_t read_events(struct builder *b, const char *section) {
    static const char *const words[] = {"", "view", "select", "purchase"}; /* sotto_event_type */
    if (b->status != SOTTO_OK) return 0;
    struct ini_entry *e = ini_find(&b->ini, section, "events", "select purchase", b->err);
    if (!e) {
        b->status = SOTTO_E_FORMAT;
        return 0;
    }
    uint32_t mask = 0;
    for (const char *at = e->value + strspn(e->value, " "); *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        uint32_t bit = 0;
        for (uint32_t w = 1; w < ARRAY_LEN(words); w++)
            if (strlen(words[w]) == n && memcmp(words[w], at, n) == 0) bit = 1u << w;
        if (!bit) {
            field_check(
                b, ini_fail(&b->ini, e, b->err,
                            "\"%.*s\" is no event: write view, select or purchase, with spaces "
                            "between",
                            (int)(n > 40 ? 40 : n), at));
            return 0;
        }
        mask |= bit;
        at += n;
    }
    if (!mask) field_check(b, ini_fail(&b->ini, e, b->err, "it names no event"));
    return mask;
}

static void add_cell(struct builder *b, struct policy_metric *m, const struct ini_entry *e,
                     const char *name, size_t n) {
    while (n && name[n - 1] == ' ') n--;
    while (n && *name == ' ') name++, n--;
    if (b->status != SOTTO_OK) return;
    if (m->n_cells == POLICY_CELLS_MAX) {
        field_check(b, ini_fail(&b->ini, e, b->err,
                                "there are more than %d cells: merge some into \"other\"",
                                POLICY_CELLS_MAX));
        return;
    }
    const char *cell = field_keep(b, e, name, n, 63);
    for (uint32_t c = 0; c < m->n_cells && b->status == SOTTO_OK; c++)
        if (strcmp(m->cells[c], cell) == 0)
            field_check(b, ini_fail(&b->ini, e, b->err, "the cell \"%s\" is named twice", cell));
    m->cells[m->n_cells++] = cell;
}

static void read_cells(struct builder *b, struct policy_metric *m, const char *section) {
    if (b->status != SOTTO_OK) return;
    struct ini_entry *e = ini_find(&b->ini, section, "cells", "groups", b->err);
    if (!e) {
        b->status = SOTTO_E_FORMAT;
        return;
    }
    if (strcmp(e->value, "groups") == 0) {
        if (!b->model)
            field_check(
                b,
                ini_fail(&b->ini, e, b->err,
                         "the group names come from a model: give --model MODEL.pack, or list the "
                         "cells here with | between"));
        for (uint32_t g = 0; b->model && b->status == SOTTO_OK && g < b->model->n_groups; g++) {
            const char *name = model_group_name(b->model, g);
            if (strcmp(name, "other") != 0) add_cell(b, m, e, name, strlen(name));
        }
        add_cell(b, m, e, "other", 5);
        return;
    }
    for (const char *at = e->value;; at++) {
        size_t n = strcspn(at, "|");
        add_cell(b, m, e, at, n);
        at += n;
        if (!*at || b->status != SOTTO_OK) break;
    }
    if (b->status == SOTTO_OK && strcmp(m->cells[m->n_cells - 1], "other") != 0)
        field_check(b,
                    ini_fail(&b->ini, e, b->err, "the last cell must be \"other\": add `| other`"));
}

/* "0.125, 0.25, …", and not what nobody may have. */
static const char *menu_text(uint32_t unit, char out[96]) {
    size_t n, at = 0;
    const uint32_t *menu = mechanism_menu(unit == UNIT_VISIT, &n);
    for (size_t i = 0; i < n && menu[i] <= POLICY_EPS_MICRO_MAX; i++)
        at += (size_t)snprintf(out + at, 96 - at, "%s%g", i ? ", " : "", menu[i] / 1e6);
    return out;
}

/* Only epsilons for which noise is drawn exactly as it is proved. */
static uint32_t read_epsilon(struct builder *b, const char *section, uint32_t unit) {
    char menu[96];
    size_t n;
    uint64_t eps = field_micro(b, section, "epsilon", "1.0", 0, UINT32_MAX);
    const uint32_t *allowed = mechanism_menu(unit == UNIT_VISIT, &n);
    if (b->status != SOTTO_OK) return 0;
    for (size_t i = 0; i < n && allowed[i] <= POLICY_EPS_MICRO_MAX; i++)
        if (allowed[i] == eps) return allowed[i];
    field_check(b, ini_fail(&b->ini, ini_find(&b->ini, section, "epsilon", "1.0", b->err), b->err,
                            "%g is not on the menu of a %s: write one of %s", (double)eps / 1e6,
                            unit == UNIT_VISIT ? "visit" : "household", menu_text(unit, menu)));
    return 0;
}

static void read_visit(struct builder *b, struct policy_metric *m, const char *section) {
    m->max_cells = (uint32_t)field_number(b, section, "max-cells", "4", 1, POLICY_MAX_CELLS_MAX);
    m->max_weight = (uint32_t)field_number(b, section, "max-weight", "1", 1, POLICY_MAX_WEIGHT_MAX);
    read_cells(b, m, section);
    m->n_names = m->n_cells;
    if (b->status == SOTTO_OK && m->source != SOURCE_ITEM_GROUP)
        field_check(b, ini_fail(&b->ini, ini_find(&b->ini, section, "source", "", b->err), b->err,
                                "visits are counted by item-groups"));
    if (b->status == SOTTO_OK && m->max_cells > m->n_cells)
        field_check(b,
                    ini_fail(&b->ini, ini_find(&b->ini, section, "max-cells", "4", b->err), b->err,
                             "%u is more than there are cells (%u)", m->max_cells, m->n_cells));
}

static void read_household(struct builder *b, struct policy_metric *m, const char *section) {
    m->max_cells = m->max_weight = 1;
    m->fresh_year =
        (uint32_t)field_number(b, section, "fresh-answers", "12", 1, POLICY_FRESH_YEAR_MAX);
    switch ((enum policy_source)m->source) {
    case SOURCE_ITEM_GROUP:
        read_cells(b, m, section);
        m->n_names = m->n_cells;
        if (b->status == SOTTO_OK && m->n_cells < 2)
            field_check(b, ini_fail(&b->ini, ini_find(&b->ini, section, "cells", "", b->err),
                                    b->err, "an answer needs at least two cells"));
        break;
    case SOURCE_ITEM_BUCKET: /* and one that stands for nothing */
        m->n_cells =
            1 + (uint32_t)field_number(b, section, "buckets", "255", 1, POLICY_VALUES_MAX - 1);
        break;
    case SOURCE_EVENT_COUNT:
        m->n_cells = 1;
        m->max_value =
            (uint32_t)field_number(b, section, "max-value", "20", 1, POLICY_MAX_VALUE_MAX);
        break;
    }
}

/* What `auto` stands for. */
static uint32_t choose(const struct policy_metric *m) {
    struct mechanism_choice choice;
    if (m->unit == UNIT_VISIT)
        return m->max_cells <= MECHANISM_LAPLACE_CELLS_MAX ? MECHANISM_DISCRETE_LAPLACE
                                                           : MECHANISM_DISCRETE_GAUSSIAN;
    if (m->source == SOURCE_EVENT_COUNT) return MECHANISM_ONE_BIT_MEAN;
    return mechanism_choose(m->eps_micro, m->n_cells, &choice) == 0 ? choice.mechanism : 0;
}

static void set_mechanism(struct builder *b, struct policy_metric *m, const char *section) {
    const char *wrong = "no mechanism fits";
    int is_auto = m->mechanism == 0;
    if (b->status != SOTTO_OK) return;
    if (is_auto) m->mechanism = choose(m);
    const struct mechanism_terms terms = dp_terms(m);
    int is_wrong = mechanism_check(&terms, NULL, &wrong) != 0;
    if (!is_wrong && (m->mechanism <= MECHANISM_DISCRETE_GAUSSIAN) != (m->unit == UNIT_VISIT))
        is_wrong = 1, wrong = "this mechanism is for the other unit; write `auto`";
    if (!is_wrong && (m->mechanism == MECHANISM_ONE_BIT_MEAN) != (m->source == SOURCE_EVENT_COUNT))
        is_wrong = 1, wrong = "one-bit-mean is for event-count and nothing else; write `auto`";
    if (is_wrong)
        field_check(b, ini_fail(&b->ini, ini_find(&b->ini, section, "mechanism", "auto", b->err),
                                b->err, "%s", wrong));
}

/* Ascending ids, whatever the order in the file. */
static void put_metric(struct builder *b, const struct policy_metric *m, const char *section) {
    struct policy *p = b->p;
    uint32_t at = p->n_metrics++;
    for (; at > 0 && p->metrics[at - 1].id > m->id; at--) p->metrics[at] = p->metrics[at - 1];
    p->metrics[at] = *m;
    if (b->status == SOTTO_OK && at > 0 && p->metrics[at - 1].id == m->id)
        field_check(b, ini_fail(&b->ini, ini_find(&b->ini, section, "id", "1", b->err), b->err,
                                "another metric has the id %u too: choose another", m->id));
}

static void read_metric(struct builder *b, const struct ini_entry *first) {
    static const char *const mechanisms[] = {"auto",
                                             "discrete-laplace",
                                             "discrete-gaussian",
                                             "subset-selection",
                                             "projective-geometry",
                                             "one-bit-mean"};  /* enum policy_mechanism */
    static const char *const units[] = {"visit", "household"}; /* enum policy_unit from 1 */
    static const char *const sources[] = {"item-groups", "item-buckets", "event-count"};
    const char *section = first->section;
    struct policy_metric m = {0};
    m.id = (uint32_t)field_number(b, section, "id", "1", 1, 65535);
    m.name =
        b->status == SOTTO_OK ? field_keep(b, first, section + 7, strlen(section + 7), 63) : "";
    m.mechanism = field_choice(b, section, "mechanism", mechanisms, ARRAY_LEN(mechanisms));
    m.unit = 1 + field_choice(b, section, "unit", units, ARRAY_LEN(units));
    m.source = 1 + field_choice(b, section, "source", sources, ARRAY_LEN(sources));
    m.event_mask = read_events(b, section);
    m.eps_micro = read_epsilon(b, section, m.unit);
    m.window_s = field_duration(b, section, "window", "1d", POLICY_WINDOW_S_MIN * UINT64_C(1000),
                                POLICY_WINDOW_S_MAX * UINT64_C(1000), 1000);
    if (m.unit == UNIT_VISIT)
        read_visit(b, &m, section);
    else
        read_household(b, &m, section);
    set_mechanism(b, &m, section);
    put_metric(b, &m, section);
}

/* A visit touches every metric of its window, so their epsilons add up. Of a household one metric
 * is asked in each window, which is therefore the same for all. */
static void check_together(struct builder *b, const struct ini_entry *last) {
    const struct policy *p = b->p;
    const struct policy_metric *first = &p->metrics[0];
    uint64_t sum = 0;
    for (uint32_t i = 0; i < p->n_metrics && b->status == SOTTO_OK; i++) {
        const struct policy_metric *m = &p->metrics[i];
        sum += m->eps_micro;
        if (m->unit != first->unit)
            field_check(b, ini_fail(&b->ini, last, b->err,
                                    "a policy counts visits or asks households, not both: a person "
                                    "is in a visit and in a household, and the two promises would "
                                    "add up"));
        else if (m->unit == UNIT_HOUSEHOLD &&
                 (m->window_s != first->window_s || m->fresh_year != first->fresh_year))
            field_check(b, ini_fail(&b->ini, last, b->err,
                                    "household metrics take turns, so all have the same `window` "
                                    "and `fresh-answers`"));
    }
    if (b->status == SOTTO_OK && p->n_metrics && first->unit == UNIT_VISIT &&
        sum > POLICY_EPS_MICRO_MAX)
        field_check(
            b, ini_fail(&b->ini, ini_find(&b->ini, last->section, "epsilon", "1.0", b->err), b->err,
                        "a visit touches every metric, so their epsilons add up to %g, and %g is "
                        "the most: lower some",
                        (double)sum / 1e6, POLICY_EPS_MICRO_MAX / 1e6));
}

/* A window costs a metric's whole epsilon: under a smaller budget not one report could ever leave,
 * and nobody would learn why. Where nothing may be measured there is nothing to pay. */
static void check_budget(struct builder *b) {
    const struct policy *p = b->p;
    for (uint32_t i = 0; i < p->n_metrics && b->status == SOTTO_OK; i++) {
        const struct policy_metric *m = &p->metrics[i];
        const char *key = p->year_micro < m->eps_micro       ? "year"
                          : p->lifetime_micro < m->eps_micro ? "lifetime"
                                                             : NULL;
        if (key && p->consent[SOTTO_PURPOSE_MEASURE] != POLICY_NEVER)
            field_check(b,
                        ini_fail(&b->ini, ini_find(&b->ini, "budget", key, "365", b->err), b->err,
                                 "it does not pay for one window of \"%s\" (epsilon %g), so none "
                                 "would ever be reported: raise it, or lower the epsilon",
                                 m->name, m->eps_micro / 1e6));
    }
}

void field_metrics(struct builder *b) {
    struct policy *p = b->p;
    const struct ini_entry *last = NULL;
    for (uint32_t i = 0; i < b->ini.n && b->status == SOTTO_OK; i++) {
        if (!field_begins_section(&b->ini, i, "metric.")) continue;
        last = &b->ini.entries[i];
        if (p->n_metrics == POLICY_METRICS_MAX)
            field_check(b, ini_fail(&b->ini, last, b->err,
                                    "this is one metric too many: %d are allowed",
                                    POLICY_METRICS_MAX));
        else
            read_metric(b, last);
    }
    check_together(b, last);
    check_budget(b);
}
