/* explain: takes a score apart into the very summands that made it. */
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

uint32_t slate_explain(const struct slate *s, const struct model *model, uint32_t rank,
                       struct sotto_reason *reasons, size_t cap) {
    int is_personal = s->state == SLATE_OPEN_PERSONAL;
    uint32_t item = is_personal ? s->personal[rank].item : s->general[rank].item;
    struct sotto_reason popular = {.kind = SOTTO_REASON_POPULAR,
                                   .contribution = model->prior[item]};
    uint32_t n = 0;
    keep(reasons, cap, n++, &popular);
    for (uint32_t i = 0; is_personal && i < s->n_inputs; i++) {
        const struct slate_input *input = &s->inputs[i];
        int is_itself = input->in.item == item;
        int32_t contribution =
            is_itself ? input->in.own : score_contribution(model, input->in, item);
        if (contribution == 0) continue;
        struct sotto_reason reason = {.kind = is_itself ? SOTTO_REASON_REPEAT
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
    return n;
}
