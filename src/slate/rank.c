/* rank: which items, in which order. The general slate is a function of model and stock alone.
 *
 * A history weighs by place (the d-th latest distinct item), by age (days since the event) and by
 * type of event; the repeat term weighs every event of an item by age alone. */
#include "slate/slate.h"

#define DAY_S 86400

static int is_set(const uint8_t *bits, uint32_t i) { return bits[i >> 3] >> (i & 7) & 1; }
static void set(uint8_t *bits, uint32_t i) { bits[i >> 3] |= (uint8_t)(1u << (i & 7)); }
static void unset(uint8_t *bits, uint32_t i) { bits[i >> 3] &= (uint8_t) ~(1u << (i & 7)); }

void slate_rank_general(struct slate *s, const struct model *model, const struct slate_workspace *w,
                        uint32_t count) {
    const struct score_filter filter = {.absent = w->absent};
    s->n_general = (uint32_t)score_popular(model, &filter, s->general, count);
}

/* An event later than now (a clock was set back) is of today. */
static int32_t by_age(const uint16_t *table, uint32_t n, int64_t now_s, uint32_t time_s) {
    int64_t days = now_s > (int64_t)time_s ? (now_s - (int64_t)time_s) / DAY_S : 0;
    return table[days < (int64_t)n ? days : (int64_t)n - 1];
}

/* What a person says themselves weighs as much as what they bought. */
static int32_t type_weight(const struct model *model, const struct history_event *event) {
    uint8_t type = event->type == SOTTO_EVENT_LIKE ? SOTTO_EVENT_PURCHASE : event->type;
    return model->event_weights[type];
}

/* What an event adds to the repeat term, in MODEL_REPEAT_UNIT. */
static int32_t repeat_of(const struct model *model, const struct history_event *event,
                         int64_t now_s) {
    int32_t weight =
        score_q15(type_weight(model, event),
                  by_age(model->repeat_ages, model->n_repeat_ages, now_s, event->time_s));
    return score_q15(weight, MODEL_REPEAT_UNIT);
}

/* One distinct item, by its latest event. `left` bounds the sum of multipliers: the oldest of a
 * very long and heavy history count less, so that nothing can overflow (score.h). */
static struct slate_input input_of(const struct model *model, const struct history_event *event,
                                   uint32_t place, int64_t now_s, int32_t *left) {
    int32_t weight = place < model->n_decay ? model->decay[place] : 0;
    weight = score_q15(type_weight(model, event), weight);
    weight = score_q15(weight, by_age(model->ages, model->n_ages, now_s, event->time_s));
    weight = score_q15(weight, model->scales[event->item]);
    if (weight > *left) weight = *left;
    *left -= weight;
    return (struct slate_input){{event->item, weight, 0}, 0, event->type};
}

/* Folds events to distinct items, the latest first. `seen` marks them, `place` (one per item) says
 * where each of them is; `own` holds the sum of the repeat terms until fold_own. */
static void fold(struct slate *s, const struct model *model, const struct history *history,
                 uint8_t *seen, uint32_t *place, int64_t now_s) {
    int32_t left = SCORE_MULTIPLIERS_MAX;
    s->n_inputs = 0;
    for (uint32_t i = history->n; i-- > 0;) {
        const struct history_event *event = &history->events[i];
        uint32_t item = event->item;
        if (item >= model->n_items) continue; /* not in this model */
        if (!is_set(seen, item)) {
            set(seen, item);
            place[item] = s->n_inputs;
            s->inputs[s->n_inputs] = input_of(model, event, s->n_inputs, now_s, &left);
            s->n_inputs++;
        }
        struct slate_input *input = &s->inputs[place[item]];
        input->events++;
        input->in.own += repeat_of(model, event, now_s); /* 1024 · 2048 at most */
    }
}

/* From sums of repeat terms to what each item adds to its own score. */
static void fold_own(struct slate *s, const struct model *model, int repeats) {
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        struct score_input *in = &s->inputs[i].in;
        int32_t times = in->own < MODEL_REPEAT_MAX ? in->own : MODEL_REPEAT_MAX;
        in->own = repeats ? times * model->repeat[model_item_group(model, in->item)] +
                                in->multiplier * model->self[in->item]
                          : 0;
    }
}

void slate_rank_personal(struct slate *s, const struct model *model, const struct history *history,
                         struct slate_workspace *w, int64_t now_s, uint32_t count, int repeats) {
    const struct score_filter filter = {w->absent, repeats ? NULL : w->seen};
    fold(s, model, history, w->seen, w->score.touched, now_s);
    fold_own(s, model, repeats);
    for (uint32_t i = 0; i < s->n_inputs; i++) w->inputs[i] = s->inputs[i].in;
    s->n_personal = 0;
    if (s->n_inputs > 0)
        s->n_personal = (uint32_t)score_best(model, w->inputs, s->n_inputs, &filter, &w->score,
                                             s->personal, count);
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        unset(w->seen, s->inputs[i].in.item);
        w->score.touched[s->inputs[i].in.item] = 0;
    }
    wipe(w->inputs, s->n_inputs * sizeof w->inputs[0]);
}
