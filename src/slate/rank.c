/* rank: which items, in which order. A slate keeps all that its order was made of, so that the same
 * slate can be made again later, or the one that would be there without one of its reasons.
 *
 * A history weighs by place (the d-th latest distinct item), by age (days since the event) and by
 * type of event; the repeat term weighs every event of an item by age alone. Items are taken in the
 * order of their scores as far as the caps allow; then staff picks come in for the last others,
 * until their share is met. Scores are never changed. */
#include "slate/slate.h"

#define DAY_S 86400

static int is_set(const uint8_t *bits, uint32_t i) { return bits[i >> 3] >> (i & 7) & 1; }
static void set(uint8_t *bits, uint32_t i) { bits[i >> 3] |= (uint8_t)(1u << (i & 7)); }
static void unset(uint8_t *bits, uint32_t i) { bits[i >> 3] &= (uint8_t) ~(1u << (i & 7)); }

/* ---- From a history to scores ------------------------------------------------------------ */

/* An event later than now (a clock was set back) is of today. */
static int32_t by_age(const uint16_t *table, uint32_t n, int64_t now_s, uint32_t time_s) {
    int64_t days = now_s > (int64_t)time_s ? (now_s - (int64_t)time_s) / DAY_S : 0;
    return table[days < (int64_t)n ? days : (int64_t)n - 1];
}

/* What a person says themselves, by types past those of events, weighs as much as a purchase. */
static int32_t type_weight(const struct model *model, uint32_t type) {
    return model->event_weights[type <= SOTTO_EVENT_PURCHASE ? type : SOTTO_EVENT_PURCHASE];
}

/* What an event adds to the repeat term, in MODEL_REPEAT_UNIT. */
static int32_t repeat_of(const struct model *model, const struct history_event *event,
                         int64_t now_s) {
    int32_t weight =
        score_q15(type_weight(model, event->type),
                  by_age(model->repeat_ages, model->n_repeat_ages, now_s, event->time_s));
    return score_q15(weight, MODEL_REPEAT_UNIT);
}

/* One distinct item by its latest event. `left` bounds the sum of multipliers: the oldest of a very
 * long and heavy history count less, so that nothing can overflow (score.h). */
static int32_t multiplier_of(const struct model *model, const struct slate_input *input,
                             uint32_t place, int64_t now_s, int32_t *left) {
    int32_t weight = place < model->n_decay ? model->decay[place] : 0;
    weight = score_q15(type_weight(model, input->type), weight);
    weight = score_q15(weight, by_age(model->ages, model->n_ages, now_s, input->time_s));
    weight = score_q15(weight, model->scales[input->in.item]);
    if (weight > *left) weight = *left;
    *left -= weight;
    return weight;
}

/* Nothing may be concluded from what may not be shown to this person. */
static int is_left_out(const struct slate *s, const struct model *model, uint32_t item) {
    const uint8_t *facts = model->sets ? model_set_of(model, item) : NULL;
    return facts && ((model_set_flags(facts) & s->rules.flags & MODEL_ADULT) ||
                     (model_set_sensitive(facts) & s->rules.sensitive));
}

/* Folds events to distinct items, the latest first. `place` (one per item) says where each of those
 * marked in `seen` is. */
static void fold(struct slate *s, const struct model *model, const struct history *history,
                 uint8_t *seen, uint32_t *place) {
    s->n_inputs = 0;
    s->oldest_s = UINT32_MAX;
    for (uint32_t i = history->n; i-- > 0;) {
        const struct history_event *event = &history->events[i];
        uint32_t item = event->item;
        if (item >= model->n_items || is_left_out(s, model, item)) continue;
        if (!is_set(seen, item)) {
            set(seen, item);
            place[item] = s->n_inputs;
            s->inputs[s->n_inputs++] = (struct slate_input){
                .in = {.item = item}, .time_s = event->time_s, .type = event->type};
        }
        struct slate_input *input = &s->inputs[place[item]];
        input->events++;
        input->repeated += repeat_of(model, event, s->now_s); /* 1024 · 2048 at most */
        if (event->time_s < s->oldest_s) s->oldest_s = event->time_s;
    }
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        unset(seen, s->inputs[i].in.item);
        place[s->inputs[i].in.item] = 0;
    }
}

/* What goes into the scores, but for input `without`; returns how many there are. */
static uint32_t weigh(const struct slate *s, const struct model *model, uint32_t without,
                      struct score_input *out) {
    int32_t left = SCORE_MULTIPLIERS_MAX;
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        if (i == without) continue;
        const struct slate_input *input = &s->inputs[i];
        uint32_t item = input->in.item;
        int32_t weight = multiplier_of(model, input, n, s->now_s, &left);
        int32_t times = input->repeated < MODEL_REPEAT_MAX ? input->repeated : MODEL_REPEAT_MAX;
        int32_t own =
            times * model->repeat[model_item_group(model, item)] + weight * model->self[item];
        out[n++] = (struct score_input){item, weight, s->repeats ? own : 0};
    }
    return n;
}

/* ---- From scores to a slate --------------------------------------------------------------- */

/* One ranking under way. */
struct ranking {
    const struct slate *s;
    const struct model *model;
    struct slate_workspace *w;
    uint32_t n_inputs; /* in w->inputs */
    struct score_gate gate;
    struct slate_rules left; /* its caps fall as items are taken */
    int has_capped;
};

/* The best `k` that may be shown. A paid item that may not be chosen by what the person did has its
 * prior for a score. */
static uint32_t best(struct ranking *r, struct score_hit *hits, uint32_t k) {
    int is_gated = r->model->sets || r->left.n_groups > 0;
    const struct score_filter filter = {r->w->barred, r->w->seen, is_gated ? &r->gate : NULL};
    const uint16_t flags = r->gate.flags, only = r->gate.only;
    if (r->n_inputs == 0) return (uint32_t)score_popular(r->model, &filter, hits, k);
    int is_apart = r->s->rules.is_paid_apart && r->model->has_paid && !(flags & MODEL_PAID);
    if (is_apart) r->gate.flags |= MODEL_PAID;
    size_t n = score_best(r->model, r->w->inputs, r->n_inputs, &filter, &r->w->score, hits, k);
    if (is_apart) {
        r->gate.flags = flags;
        r->gate.only = only | MODEL_PAID;
        n = score_add_popular(r->model, &filter, hits, n, k);
        r->gate.only = only;
    }
    return (uint32_t)n;
}

static struct slate_payer *payer_of(struct ranking *r, const char *payer) {
    struct slate_rules *left = &r->left;
    for (uint32_t i = 0; i < left->n_payers; i++)
        if (strcmp(left->payers[i].payer, payer) == 0) return &left->payers[i];
    if (left->n_payers == SCORE_PAYERS_MAX) return NULL;
    left->payers[left->n_payers] = (struct slate_payer){payer, left->payer_left};
    return &left->payers[left->n_payers++];
}

/* Takes an item if no cap is reached. */
static int take(struct ranking *r, uint32_t item) {
    static const struct slate_payer nobody = {"", SLATE_NO_CAP};
    const struct model_facts facts = model_facts(r->model, item);
    struct slate_payer free = nobody;
    struct slate_payer *payer = facts.flags & MODEL_PAID ? payer_of(r, facts.payer) : &free;
    uint16_t group = model_item_group(r->model, item);
    if (!payer) { /* no more can be counted, so no more are shown */
        r->gate.flags |= MODEL_PAID;
        r->has_capped = 1;
        return 0;
    }
    if (payer->left == 0) return 0;
    for (int is_taking = 0; is_taking < 2; is_taking++)
        for (uint32_t i = 0; i < r->left.n_groups; i++) {
            if (r->left.groups[i].group != group) continue;
            if (r->left.groups[i].left == 0) return 0;
            r->left.groups[i].left = (uint8_t)(r->left.groups[i].left - is_taking);
        }
    if (payer->left != SLATE_NO_CAP) payer->left--;
    return 1;
}

/* Items whose cap is reached need not be found again. */
static void close_caps(struct ranking *r) {
    r->gate.n_payers = 0;
    for (uint32_t i = 0; i < r->left.n_groups; i++)
        if (r->left.groups[i].left == 0) {
            r->gate.groups[r->left.groups[i].group >> 5] |= 1u << (r->left.groups[i].group & 31);
            r->has_capped = 1;
        }
    for (uint32_t i = 0; i < r->left.n_payers; i++)
        if (r->left.payers[i].left == 0) {
            r->gate.payers[r->gate.n_payers++] = r->left.payers[i].payer;
            r->has_capped = 1;
        }
}

/* Appends up to `want` items to the `n` in hits, in the order of their scores as the caps allow. A
 * pass takes all it found, or closes a cap that was reached, or all paid items; so it ends. */
static uint32_t fill(struct ranking *r, struct score_hit *hits, uint32_t n, uint32_t want) {
    struct score_hit found[SOTTO_SLATE_ITEMS_MAX];
    uint32_t stop = n + want, refused;
    do {
        uint32_t got = best(r, found, stop - n);
        refused = 0;
        for (uint32_t i = 0; i < got; i++) {
            if (!take(r, found[i].item)) {
                refused++;
                continue;
            }
            hits[n++] = found[i];
            set(r->w->seen, found[i].item);
        }
        if (refused) close_caps(r);
    } while (refused && n < stop);
    wipe(found, sizeof found);
    return n;
}

static int is_staff(const struct model *model, uint32_t item) {
    return (model_facts(model, item).flags & MODEL_STAFF) != 0;
}

static int comes_first(struct score_hit a, struct score_hit b) {
    return a.score != b.score ? a.score > b.score : a.item < b.item;
}

/* Staff picks, the best ones that are not in yet, for the last of the others, until the policy's
 * share is met. The order stays that of the scores. */
static void add_staff(struct ranking *r, struct score_hit *hits, uint32_t n,
                      struct slate_moves *moves) {
    struct score_hit more[SOTTO_SLATE_ITEMS_MAX];
    uint32_t need = (n * r->s->rules.staff_percent + 99) / 100, have = 0;
    for (uint32_t i = 0; i < n; i++) have += is_staff(r->model, hits[i].item);
    if (have >= need || have >= r->model->n_staff) return;
    r->gate.only = MODEL_STAFF;
    uint32_t got = fill(r, more, 0, need - have);
    r->gate.only = 0;
    for (uint32_t k = 0; k < got; k++) {
        uint32_t i = n - 1;
        while (is_staff(r->model, hits[i].item)) i--; /* at most `need` of n are */
        unset(r->w->seen, hits[i].item);
        memmove(hits + i, hits + i + 1, (n - 1 - i) * sizeof *hits);
        for (i = n - 1; i > 0 && comes_first(more[k], hits[i - 1]); i--) hits[i] = hits[i - 1];
        hits[i] = more[k];
    }
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < got; k++)
            if (hits[i].item == more[k].item) moves->staff |= 1ull << i;
    wipe(more, sizeof more);
}

/* Marks the history's items in `seen`, or unmarks them: they are not shown again. */
static void mark_inputs(const struct slate *s, uint32_t without, uint8_t *seen, int is_seen) {
    for (uint32_t i = 0; i < s->n_inputs && !s->repeats; i++)
        if (i != without) (is_seen ? set : unset)(seen, s->inputs[i].in.item);
}

uint32_t slate_rank(const struct slate *s, const struct model *model, struct slate_workspace *w,
                    uint32_t without, struct score_hit *hits, struct slate_moves *moves) {
    struct ranking r = {.s = s, .model = model, .w = w, .left = s->rules};
    r.gate = slate_gate(&s->rules, model);
    memset(moves, 0, sizeof *moves);
    r.n_inputs = weigh(s, model, without, w->inputs);
    mark_inputs(s, without, w->seen, 1);
    close_caps(&r);
    uint32_t n = fill(&r, hits, 0, s->count);
    if (n > 0) add_staff(&r, hits, n, moves);
    moves->has_capped = r.has_capped;
    for (uint32_t i = 0; i < n; i++) unset(w->seen, hits[i].item);
    mark_inputs(s, without, w->seen, 0);
    wipe(w->inputs, r.n_inputs * sizeof w->inputs[0]);
    wipe(&r, sizeof r);
    return n;
}

void slate_rank_general(struct slate *s, const struct model *model, struct slate_workspace *w,
                        uint32_t count) {
    s->n_inputs = s->repeats = 0;
    s->count = count;
    s->n_hits = slate_rank(s, model, w, SLATE_WITH_ALL, s->hits, &s->moves);
}

void slate_rank_personal(struct slate *s, const struct model *model, const struct history *history,
                         struct slate_workspace *w, int64_t now_s, uint32_t count, int repeats) {
    s->now_s = now_s;
    s->count = count;
    s->repeats = repeats != 0;
    s->n_hits = 0;
    fold(s, model, history, w->seen, w->score.touched);
    weigh(s, model, SLATE_WITH_ALL, w->inputs);
    for (uint32_t i = 0; i < s->n_inputs; i++) s->inputs[i].in = w->inputs[i];
    if (s->n_inputs > 0) s->n_hits = slate_rank(s, model, w, SLATE_WITH_ALL, s->hits, &s->moves);
}

/* An item and its score, from the sums. */
static struct score_hit scored(const struct slate *s, const struct model *model,
                               const struct slate_workspace *w, uint32_t item) {
    int is_apart = s->rules.is_paid_apart && (model_facts(model, item).flags & MODEL_PAID);
    return (struct score_hit){item, model->prior[item] + (is_apart ? 0 : w->score.sums[item])};
}

uint32_t slate_place(const struct slate *s, const struct model *model, struct slate_workspace *w,
                     uint32_t without, uint32_t item, int32_t *score) {
    const struct score_gate gate = slate_gate(&s->rules, model);
    const struct score_filter filter = {w->barred, w->seen, &gate};
    uint32_t n = weigh(s, model, without, w->inputs), place = 0;
    mark_inputs(s, without, w->seen, 1);
    score_sums(model, w->inputs, n, &w->score);
    *score = scored(s, model, w, item).score;
    for (uint32_t j = 0; j < model->n_items; j++)
        place += comes_first(scored(s, model, w, j), (struct score_hit){item, *score}) &&
                 !score_is_barred(&filter, j);
    wipe(w->score.sums, (size_t)model->n_items * sizeof *w->score.sums);
    mark_inputs(s, without, w->seen, 0);
    wipe(w->inputs, n * sizeof w->inputs[0]);
    return place;
}
