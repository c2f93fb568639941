/* engine_decisions: what can be said of a slate after it was opened: reasons, the slate once more,
 * and how slates are made here at all. */
#include "engine.h"

#define DAY_S 86400

static const struct slate *find(struct sotto *e, uint64_t decision) {
    for (int i = 0; i < SLATES_KEPT; i++) {
        const struct slate *s = &e->secrets->slates[i];
        /* A session that was idle for too long ends here, and its decisions with it. */
        if (decision && s->decision == decision && visit_find(e, s->session)) return s;
    }
    fail(&e->error, SOTTO_E_NOT_FOUND, "this decision is not kept, or not any more");
    return NULL;
}

/* What a personal slate was made of is gone, once its history was erased. */
static int check_kept(struct sotto *e, const struct slate *s) {
    if (s->state != SLATE_OPEN_PERSONAL || s->n_inputs > 0) return SOTTO_OK;
    return fail(&e->error, SOTTO_E_STATE,
                "what this slate was made of has been erased, so it has no reasons any more");
}

int sotto_decision_replay(struct sotto *e, uint64_t decision, struct sotto_slate_view *view,
                          struct sotto_item *items, size_t cap) {
    int status = engine_enter(e);
    if (status == SOTTO_OK) status = view_check(e, view, items, cap);
    if (status != SOTTO_OK) return status;
    const struct slate *s = find(e, decision);
    if (!s) return SOTTO_E_NOT_FOUND;
    status = check_kept(e, s);
    if (status != SOTTO_OK) return status;
    struct slate again = {.decision = s->decision, .state = s->state, .why = s->why};
    again.n_hits = slate_rank(s, &e->model, slate_workspace_of(e, s), SLATE_WITH_ALL, again.hits,
                              &again.moves);
    slate_hand_out(e, &again, view, items, cap);
    wipe(&again, sizeof again);
    return SOTTO_OK;
}

/* ---- Reasons ------------------------------------------------------------------------------ */

static uint32_t days(int64_t from_s, int64_t to_s) {
    return to_s > from_s ? (uint32_t)((to_s - from_s) / DAY_S) : 0;
}

static uint32_t moved_by(const struct slate *s, uint32_t rank, uint32_t scored) {
    if (rank == scored) return 0;
    if (s->moves.staff >> rank & 1) return SOTTO_MOVED_STAFF;
    return (s->moves.has_capped ? (uint32_t)SOTTO_MOVED_CAPS : 0) |
           (s->moves.staff ? (uint32_t)SOTTO_MOVED_STAFF : 0);
}

/* What would be if the person had never done what counts most for this item. */
static void imagine(struct sotto *e, const struct slate *s, uint32_t item,
                    struct sotto_explanation *x) {
    struct slate_workspace *w = slate_workspace_of(e, s);
    uint32_t without = slate_strongest(s, &e->model, item);
    struct score_hit hits[SOTTO_SLATE_ITEMS_MAX];
    struct slate_moves moves;
    int32_t score;
    x->rank_without = x->slate_rank_without = SOTTO_RANK_NONE;
    if (without == SLATE_WITH_ALL) return;
    x->without = model_item_id(&e->model, s->inputs[without].in.item);
    x->without_title = model_item_title(&e->model, s->inputs[without].in.item);
    x->rank_without = slate_place(s, &e->model, w, without, item, &score);
    uint32_t n = slate_rank(s, &e->model, w, without, hits, &moves);
    for (uint32_t i = 0; i < n; i++)
        if (hits[i].item == item) x->slate_rank_without = i;
    wipe(hits, sizeof hits);
}

int sotto_explain(struct sotto *e, sotto_slate slate, uint32_t rank, struct sotto_explanation *x,
                  struct sotto_reason *reasons, size_t cap) {
    int status = engine_enter(e);
    int32_t score;
    if (status != SOTTO_OK) return status;
    if (!x || x->size < sizeof *x || (cap > 0 && !reasons))
        return fail(&e->error, SOTTO_E_ARGUMENT,
                    "explain needs an explanation with its size, and reasons");
    const struct slate *s = slate_find(e, slate);
    if (!s) return SOTTO_E_STATE;
    int is_personal = s->state == SLATE_OPEN_PERSONAL;
    if (!is_personal && s->state != SLATE_OPEN_GENERAL)
        return fail(&e->error, SOTTO_E_STATE, "open the slate first: a reason would tell the item");
    status = check_kept(e, s);
    if (status != SOTTO_OK) return status;
    if (rank >= s->n_hits)
        return fail(&e->error, SOTTO_E_NOT_FOUND, "the slate has no item at this rank");
    const uint32_t item = s->hits[rank].item;
    const struct model_facts facts = model_facts(&e->model, item);
    memset(x, 0, sizeof *x);
    x->size = sizeof *x;
    x->score = s->hits[rank].score;
    x->personalised = (uint32_t)is_personal;
    x->model_version = e->model.version;
    x->policy_version = s->policy_version;
    memcpy(x->catalogue, e->model.catalogue, sizeof x->catalogue);
    x->decision = s->decision;
    x->flags = facts.flags;
    x->payer = facts.payer;
    x->model_days = e->model.created_s ? days(e->model.created_s, engine_now(e)) : 0;
    x->rank = rank;
    x->rank_scored =
        slate_place(s, &e->model, slate_workspace_of(e, s), SLATE_WITH_ALL, item, &score);
    x->moved_by = moved_by(s, rank, x->rank_scored);
    imagine(e, s, item, x);
    if (is_personal) {
        x->data_days = days(s->oldest_s, s->now_s);
        x->actions = SOTTO_ACTION_LESS | SOTTO_ACTION_OFF;
        if (x->without) x->actions |= SOTTO_ACTION_FORGET;
    }
    x->count = slate_explain(s, &e->model, rank, reasons, cap);
    return SOTTO_OK;
}

/* ---- The system as a whole ---------------------------------------------------------------- */

static uint32_t half_of(const uint16_t *table, uint32_t n, int ends_in_nothing) {
    uint32_t i = 0;
    while (i < n && 2 * table[i] > table[0]) i++;
    return i < n || ends_in_nothing ? i : UINT32_MAX;
}

int sotto_describe(struct sotto *e, struct sotto_description *d) {
    int status = engine_enter_with(e, d, sizeof *d, "sotto_description");
    if (status != SOTTO_OK) return status;
    const struct model *m = &e->model;
    engine_now(e); /* which policy rules */
    memset(d, 0, sizeof *d);
    d->size = sizeof *d;
    d->count = slate_describe(m, d->parameters);
    for (int t = SOTTO_EVENT_VIEW; t <= SOTTO_EVENT_PURCHASE; t++)
        d->event_permille[t] = m->event_weights[t] * 1000u / MODEL_UNIT;
    d->half_places = half_of(m->decay, m->n_decay, 1);
    d->half_days = half_of(m->ages, m->n_ages, 0);
    d->repeat_half_days = half_of(m->repeat_ages, m->n_repeat_ages, 0);
    d->staff_percent = m->n_staff ? e->rules->staff_min_percent : 0;
    d->paid = e->rules->ads == ADS_LABEL && m->has_paid;
    d->seen_hide_s = e->rules->seen_hide_s;
    d->item_day = e->rules->caps_item_day;
    d->sponsor_day = e->rules->caps_sponsor_day;
    d->must_explain = e->rules->must_explain;
    d->model_version = m->version;
    d->policy_version = e->rules->version;
    memcpy(d->catalogue, m->catalogue, sizeof d->catalogue);
    return SOTTO_OK;
}
