/* explain: takes a score apart into the very summands that made it, and says what would be without
 * them. What is told of a model as a whole is here too. */
#include "slate/slate.h"

static uint32_t magnitude(int32_t v) { return v < 0 ? 0u - (uint32_t)v : (uint32_t)v; }

/* Inserts by descending magnitude among the strongest `cap`; earlier ones win ties. */
static void keep(struct sotto_reason *reasons, size_t cap, uint32_t have,
                 const struct sotto_reason *r) {
    size_t n = have < cap ? have : cap, at = n;
    while (at > 0 && magnitude(reasons[at - 1].contribution) < magnitude(r->contribution)) at--;
    if (at == cap) return;
    size_t tail = n - at - (n == cap ? 1 : 0);
    memmove(reasons + at + 1, reasons + at, tail * sizeof *reasons);
    reasons[at] = *r;
}

/* A paid item that may not be chosen by what the person did gets nothing from it. */
static int is_apart(const struct slate *s, const struct model *model, uint32_t item) {
    return s->rules.is_paid_apart && (model_facts(model, item).flags & MODEL_PAID);
}

static int32_t contribution_of(const struct slate *s, const struct model *model, uint32_t i,
                               uint32_t item) {
    const struct score_input *in = &s->inputs[i].in;
    if (is_apart(s, model, item)) return 0;
    return in->item == item ? in->own : score_contribution(model, *in, item);
}

uint32_t slate_explain(const struct slate *s, const struct model *model, uint32_t rank,
                       struct sotto_reason *reasons, size_t cap) {
    uint32_t item = s->hits[rank].item, n = 0;
    const struct model_facts facts = model_facts(model, item);
    const struct sotto_reason popular = {.kind = SOTTO_REASON_POPULAR,
                                         .contribution = model->prior[item]};
    keep(reasons, cap, n++, &popular);
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        const struct slate_input *input = &s->inputs[i];
        int32_t contribution = contribution_of(s, model, i, item);
        if (contribution == 0) continue;
        struct sotto_reason reason = {.kind = input->type > SOTTO_EVENT_PURCHASE ? SOTTO_REASON_TOLD
                                              : input->in.item == item ? SOTTO_REASON_REPEAT
                                              : model_item_is_new(model, item)
                                                  ? SOTTO_REASON_KIND
                                                  : SOTTO_REASON_ACTIVITY,
                                      .item = model_item_id(model, input->in.item),
                                      .title = model_item_title(model, input->in.item),
                                      .contribution = contribution,
                                      .events = input->events,
                                      .type = (enum sotto_event_type)input->type};
        keep(reasons, cap, n++, &reason);
    }
    const struct sotto_reason apart[] = {
        {.kind = facts.flags & MODEL_PAID ? SOTTO_REASON_SPONSOR : 0, .title = facts.payer},
        {.kind = facts.flags & MODEL_STAFF ? SOTTO_REASON_STAFF : 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(apart); i++)
        if (apart[i].kind) keep(reasons, cap, n++, &apart[i]);
    return n;
}

uint32_t slate_strongest(const struct slate *s, const struct model *model, uint32_t item) {
    uint32_t best = SLATE_WITH_ALL;
    int32_t most = 0;
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        int32_t contribution = contribution_of(s, model, i, item);
        if (contribution <= most) continue;
        most = contribution;
        best = i;
    }
    return best;
}

/* ---- The model as a whole ----------------------------------------------------------------- */

uint32_t slate_describe(const struct model *m,
                        struct sotto_parameter parameters[SOTTO_PARAMETERS_MAX]) {
    static const struct sotto_parameter all[] = {
        {SOTTO_REASON_POPULAR, "how popular an item is with everyone", 0},
        {SOTTO_REASON_ACTIVITY, "what you did with other items that go with it", 0},
        {SOTTO_REASON_REPEAT, "what you did with this item before", 0},
        {SOTTO_REASON_KIND, "what you did with items that go with its kind, while it is new", 0}};
    _Static_assert(ARRAY_LEN(all) == SOTTO_PARAMETERS_MAX, "all of them");
    /* Magnitudes: 2^20 items · 2^28, 2^30 edges · 2^22. */
    uint64_t sums[ARRAY_LEN(all)] = {0}, counts[ARRAY_LEN(all)] = {0}, total = 0, left = 1000;
    const int32_t purchase = m->event_weights[SOTTO_EVENT_PURCHASE];
    const int32_t now = score_q15(score_q15(purchase, m->decay[0]), m->ages[0]);
    const int32_t again = score_q15(score_q15(purchase, m->repeat_ages[0]), MODEL_REPEAT_UNIT);
    for (uint32_t i = 0; i < m->n_items; i++) {
        struct model_row row = model_row_of(m, i);
        int32_t multiplier = score_q15(now, m->scales[i]);
        int weight;
        sums[0] += magnitude(m->prior[i]);
        sums[2] += magnitude(again * m->repeat[model_item_group(m, i)] + multiplier * m->self[i]);
        counts[0]++;
        counts[2]++;
        while (model_row_next(&row, &weight)) {
            unsigned kind = model_item_is_new(m, row.column) ? 3 : 1;
            sums[kind] += magnitude(multiplier * weight);
            counts[kind]++;
        }
    }
    for (size_t k = 0; k < ARRAY_LEN(all); k++) total += counts[k] ? sums[k] / counts[k] : 0;
    uint32_t n = 0;
    for (size_t k = ARRAY_LEN(all); k-- > 0;) {
        uint64_t share = counts[k] && total ? sums[k] / counts[k] * 1000 / total : 0;
        /* What rounding leaves is popularity's, which comes last here. */
        if (k == 0) share = left;
        left -= share;
        if (share == 0) continue;
        parameters[n] = all[k];
        parameters[n++].permille = (uint32_t)share;
    }
    return n;
}
