/* rank: which items, in which order. The general slate is a function of model and stock alone. */
#include "slate/slate.h"

static int is_set(const uint8_t *bits, uint32_t i) { return bits[i >> 3] >> (i & 7) & 1; }
static void set(uint8_t *bits, uint32_t i) { bits[i >> 3] |= (uint8_t)(1u << (i & 7)); }
static void unset(uint8_t *bits, uint32_t i) { bits[i >> 3] &= (uint8_t) ~(1u << (i & 7)); }

static uint32_t take_top(const int32_t *scores, const struct model *model, const uint8_t *skip,
                         uint32_t count, struct slate_item *items) {
    uint32_t top[SOTTO_SLATE_ITEMS_MAX];
    uint32_t n = (uint32_t)score_top(scores, model->n_items, skip, top, count);
    for (uint32_t i = 0; i < n; i++) {
        items[i].item = top[i];
        items[i].score = scores[top[i]];
    }
    wipe(top, sizeof top);
    return n;
}

void slate_rank_general(struct slate *s, const struct model *model, struct slate_workspace *w,
                        uint32_t count) {
    s->n_general = take_top(model->prior, model, w->absent, count, s->general);
}

/* Folds events to distinct items, the latest first; `seen` marks them on the way. */
static void fold(struct slate *s, const struct model *model, const struct history *history,
                 uint8_t *seen) {
    s->n_inputs = 0;
    for (uint32_t i = history->n; i-- > 0;) {
        const struct history_event *event = &history->events[i];
        uint32_t item = event->item;
        if (item >= model->n_items) continue; /* not in this model */
        if (is_set(seen, item)) {
            for (uint32_t k = 0; k < s->n_inputs; k++)
                if (s->inputs[k].in.item == item) s->inputs[k].events++;
            continue;
        }
        set(seen, item);
        uint32_t place = s->n_inputs;
        int32_t decay = place < model->n_decay ? model->decay[place] : 0;
        int32_t activity = score_q15(model->event_weights[event->type], decay);
        s->inputs[place].in.item = item;
        s->inputs[place].in.multiplier = score_q15(activity, model->scales[item]);
        s->inputs[place].events = 1;
        s->inputs[place].type = event->type;
        s->n_inputs++;
    }
}

void slate_rank_personal(struct slate *s, const struct model *model, const struct history *history,
                         struct slate_workspace *w, uint32_t count, int repeats) {
    struct score_input inputs[SOTTO_HISTORY_MAX];
    size_t bitmap_n = slate_bitmap_bytes(model->n_items);
    memset(w->skip, 0, bitmap_n);
    fold(s, model, history, w->skip);
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        inputs[i] = s->inputs[i].in;
        if (repeats) unset(w->skip, inputs[i].item);
    }
    for (size_t i = 0; i < bitmap_n; i++) w->skip[i] |= w->absent[i];
    s->n_personal = 0;
    if (s->n_inputs > 0) {
        score_all(model, inputs, s->n_inputs, w->scores);
        s->n_personal = take_top(w->scores, model, w->skip, count, s->personal);
        wipe(w->scores, (size_t)model->n_items * sizeof w->scores[0]);
    }
    wipe(inputs, sizeof inputs);
    memset(w->skip, 0, bitmap_n);
}
