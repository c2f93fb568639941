/* engine_report: what leaves the device, as sotto.h offers it: the key that signs, the metrics, the
 * reports and the budget. All of it is release's; here it is asked for. */
#include "engine.h"
#include "release/ledger.h"

/* The additional delta at which all that was ever told is summed up: one in a thousand million. */
#define COMPOSED_DELTA_LOG2 30

int sotto_device_key(struct sotto *e, uint8_t key[32]) {
    int status = engine_enter_given(e, key != NULL, "key");
    if (status != SOTTO_OK) return status;
    status = engine_make_report_key(e);
    if (status != SOTTO_OK) return status;
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): NULL was refused above */
    memcpy(key, e->dp.report_public, 32);
    return SOTTO_OK;
}

int sotto_metric(struct sotto *e, uint32_t index, struct sotto_metric_info *info) {
    int status = engine_enter_with(e, info, sizeof *info, "sotto_metric_info");
    if (status != SOTTO_OK) return status;
    int64_t now_s = engine_now(e);
    if (index >= e->rules->n_metrics)
        return fail(&e->error, SOTTO_E_NOT_FOUND, "the policy in force has %u metrics",
                    e->rules->n_metrics);
    const struct policy_metric *m = &e->rules->metrics[index];
    memset(info, 0, sizeof *info);
    info->size = sizeof *info;
    info->id = m->id;
    info->name = m->name;
    info->cells = m->n_cells;
    info->max_cells = m->max_cells;
    info->eps_micro = m->eps_micro;
    info->unit = m->unit;
    info->max_weight = m->max_weight;
    info->window_s = m->window_s;
    info->open_window = (uint64_t)now_s / m->window_s;
    info->lifetime_micro = e->rules->lifetime_micro;
    return engine_has_storage(e) ? dp_spent(&e->dp, &info->spent_micro, &e->error) : SOTTO_OK;
}

const char *sotto_metric_cell(struct sotto *e, uint32_t metric, uint32_t cell) {
    if (engine_enter(e) != SOTTO_OK) return NULL;
    for (uint32_t i = 0; i < e->rules->n_metrics; i++)
        if (e->rules->metrics[i].id == metric && cell < e->rules->metrics[i].n_names)
            return e->rules->metrics[i].cells[cell];
    return NULL;
}

static int needs_storage(struct sotto *e) {
    if (engine_has_storage(e)) return SOTTO_OK;
    return fail(&e->error, SOTTO_E_STATE,
                "reports need a working vault: without its ledger nothing may leave");
}

int sotto_report_seal(struct sotto *e, uint32_t metric, uint64_t window, uint8_t *buf, size_t cap,
                      size_t *n) {
    int status = engine_enter_given(e, buf && n, "buf and n");
    if (status != SOTTO_OK) return status;
    *n = 0;
    int64_t now_s = engine_now(e);
    status = needs_storage(e);
    if (status == SOTTO_OK) status = household_settle_consent(e);
    if (status != SOTTO_OK) return status;
    return dp_seal(&e->dp, metric, window, now_s, buf, cap, n, &e->error);
}

int sotto_outbox_next(struct sotto *e, uint64_t *cursor, uint8_t *buf, size_t cap, size_t *n) {
    int status = engine_enter_given(e, cursor && buf && n, "cursor, buf and n");
    if (status != SOTTO_OK) return status;
    *n = 0;
    int64_t now_s = engine_now(e);
    status = needs_storage(e);
    return status == SOTTO_OK ? dp_outbox_next(&e->dp, cursor, now_s, buf, cap, n, &e->error)
                              : status;
}

int sotto_report_preview(struct sotto *e, uint64_t *cursor, int64_t *release_s, uint8_t *buf,
                         size_t cap, size_t *n) {
    int status =
        engine_enter_given(e, cursor && release_s && buf && n, "cursor, release_s, buf and n");
    if (status != SOTTO_OK) return status;
    *n = 0;
    status = needs_storage(e);
    return status == SOTTO_OK ? dp_outbox_peek(&e->dp, cursor, release_s, buf, cap, n, &e->error)
                              : status;
}

/* Whether any window of the policy could still be paid for now. */
static int is_spent(const struct sotto *e, const struct ledger *l, int64_t now_s) {
    for (uint32_t m = 0; m < e->rules->n_metrics; m++) {
        const struct policy_metric *metric = &e->rules->metrics[m];
        const struct mechanism_cost cost = {.eps_micro = metric->eps_micro};
        struct ledger after = *l;
        if (ledger_charge(&after, e->rules, metric, &cost, (uint32_t)(now_s / metric->window_s),
                          NULL) == SOTTO_OK)
            return 0;
    }
    return 1;
}

static void budget_of_window(const struct policy *policy, struct sotto_budget *b) {
    for (uint32_t m = 0; m < policy->n_metrics; m++) {
        const struct policy_metric *metric = &policy->metrics[m];
        b->unit = metric->unit;
        b->fresh_cap = metric->fresh_year;
        if (metric->unit == UNIT_VISIT)
            b->window_micro += metric->eps_micro;
        else if (metric->eps_micro > b->window_micro)
            b->window_micro = metric->eps_micro;
    }
}

int sotto_budget(struct sotto *e, struct sotto_budget *b) {
    struct ledger l;
    int is_zcdp;
    int status = engine_enter_with(e, b, sizeof *b, "sotto_budget");
    if (status != SOTTO_OK) return status;
    int64_t now_s = engine_now(e);
    if (!engine_can_read(e))
        return fail(&e->error, SOTTO_E_STATE, "the budget is in the vault, which does not work");
    status = ledger_load(e->vault, &l, &e->error);
    if (status != SOTTO_OK) return engine_note(e, status);
    memset(b, 0, sizeof *b);
    b->size = sizeof *b;
    budget_of_window(e->rules, b);
    uint64_t year = (uint64_t)now_s / LEDGER_YEAR_S;
    b->year_micro = year > l.year ? 0 : l.of_year.eps_micro;
    b->fresh = year > l.year ? 0 : l.fresh;
    b->year_cap_micro = e->rules->year_micro;
    b->lifetime_micro = l.lifetime.eps_micro;
    b->lifetime_cap_micro = e->rules->lifetime_micro;
    b->is_spent = (uint32_t)is_spent(e, &l, now_s);
    b->composed_micro = compose_epsilon(&l.lifetime, COMPOSED_DELTA_LOG2, &is_zcdp);
    b->composed_is_zcdp = (uint32_t)is_zcdp;
    b->composed_delta_log2 = COMPOSED_DELTA_LOG2;
    b->delta_q64 = l.lifetime.delta_q64;
    b->reports = l.sequence;
    return SOTTO_OK;
}
