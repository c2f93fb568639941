/* holdout: the session protocol over three scorers. See holdout.h. */
#include "tools/sotto-pack/holdout.h"

#include <math.h>
#include <stdlib.h>

#include "score/score.h"
#include "tools/common/cli.h"

struct measure {
    const struct holdout *h;
    const struct model *model; /* NULL: ease */
    const struct ease *ease;
    double decay;
    int is_popular;
    uint32_t n_items;
    int32_t *acc;     /* integer scores */
    float *sum, *row; /* float scores */
    uint8_t *skip;
    uint32_t *basket;
};

static void score_packed(const struct measure *m, const uint32_t *session, size_t n) {
    struct score_input inputs[SOTTO_HISTORY_MAX];
    size_t used = 0;
    for (size_t d = 0; !m->is_popular && d < n && d < m->model->n_decay; d++) {
        uint32_t item = session[n - 1 - d]; /* the latest first */
        int32_t activity =
            score_q15(m->model->event_weights[SOTTO_EVENT_SELECT], m->model->decay[d]);
        inputs[used++] = (struct score_input){item, score_q15(activity, m->model->scales[item])};
    }
    score_all(m->model, inputs, used, m->acc);
}

static void score_full(const struct measure *m, const uint32_t *session, size_t n) {
    memset(m->sum, 0, m->n_items * sizeof *m->sum);
    for (size_t d = 0; d < n && d < SOTTO_HISTORY_MAX; d++) {
        float weight = (float)exp(-(double)d / m->decay);
        ease_row(m->ease, session[n - 1 - d], m->row);
        for (uint32_t j = 0; j < m->n_items; j++) m->sum[j] += weight * m->row[j];
    }
}

/* The same order as score_top: best first, ties by lower index. */
static size_t top_full(const struct measure *m, uint32_t *items, size_t k) {
    size_t n = 0;
    for (uint32_t j = 0; j < m->n_items; j++) {
        if (m->skip[j >> 3] >> (j & 7) & 1) continue;
        if (n == k && m->sum[j] <= m->sum[items[k - 1]]) continue;
        size_t at = n < k ? n++ : k - 1;
        for (; at > 0 && m->sum[items[at - 1]] < m->sum[j]; at--) items[at] = items[at - 1];
        items[at] = j;
    }
    return n;
}

static void add_basket(const struct measure *m, size_t n, struct holdout_quality *q) {
    const uint32_t *basket = m->basket;
    size_t session = n / 2, targets = n - session, hits = 0;
    uint32_t top[HOLDOUT_TOP];
    double gain = 0, ideal = 0;
    memset(m->skip, 0, (m->n_items + 7) / 8);
    for (size_t i = 0; i < session; i++)
        m->skip[basket[i] >> 3] |= (uint8_t)(1u << (basket[i] & 7));
    (m->model ? score_packed : score_full)(m, basket, session);
    size_t got = m->model ? score_top(m->acc, m->n_items, m->skip, top, HOLDOUT_TOP)
                          : top_full(m, top, HOLDOUT_TOP);
    size_t most = targets < HOLDOUT_TOP ? targets : HOLDOUT_TOP;
    for (size_t r = 0; r < got; r++)
        for (size_t t = session; t < n; t++)
            if (basket[t] == top[r]) {
                hits++;
                gain += 1 / log2((double)r + 2);
            }
    for (size_t r = 0; r < most; r++) ideal += 1 / log2((double)r + 2);
    q->recall += (double)hits / (double)most;
    q->ndcg += gain / ideal;
    q->hit += hits > 0;
    q->baskets++;
}

static int measure(struct measure *m, const char *label, struct holdout_quality *q,
                   struct sotto_error *err) {
    const struct dataset *data = m->h->data;
    const struct interactions *x = m->h->x;
    int status = SOTTO_OK;
    memset(q, 0, sizeof *q);
    m->n_items = x->n_items;
    m->acc = calloc(m->n_items, sizeof *m->acc);
    m->sum = calloc(m->n_items, sizeof *m->sum);
    m->row = calloc(m->n_items, sizeof *m->row);
    m->skip = calloc((m->n_items + 7) / 8, 1);
    m->basket = calloc(m->n_items, sizeof *m->basket); /* a basket's items are distinct */
    if (m->acc && m->sum && m->row && m->skip && m->basket) {
        struct cli_progress progress;
        cli_progress_begin(&progress, label, data->n_baskets - m->h->first);
        for (uint32_t b = m->h->first; b < data->n_baskets; b++) {
            const struct dataset_basket *basket = &data->baskets[b];
            size_t n = 0;
            for (uint32_t k = 0; k < basket->n; k++) {
                uint32_t item = x->model_of[data->basket_items[basket->first + k]];
                if (item != DATASET_NONE) m->basket[n++] = item;
            }
            if (n >= HOLDOUT_BASKET_MIN) add_basket(m, n, q);
            cli_progress_to(&progress, b - m->h->first + 1);
        }
        cli_progress_end(&progress);
        if (q->baskets) {
            q->recall /= q->baskets;
            q->ndcg /= q->baskets;
            q->hit /= q->baskets;
        }
    } else {
        status = fail(err, SOTTO_E_MEMORY, "no memory to measure on held-out baskets");
    }
    free(m->acc);
    free(m->sum);
    free(m->row);
    free(m->skip);
    free(m->basket);
    return status;
}

int holdout_packed(const struct holdout *h, const struct model *model,
                   struct holdout_quality *quality, struct sotto_error *err) {
    struct measure m = {.h = h, .model = model};
    return measure(&m, "measuring the pack", quality, err);
}

int holdout_popular(const struct holdout *h, const struct model *model,
                    struct holdout_quality *quality, struct sotto_error *err) {
    struct measure m = {.h = h, .model = model, .is_popular = 1};
    return measure(&m, "measuring popularity", quality, err);
}

int holdout_full(const struct holdout *h, const struct ease *ease, double decay,
                 struct holdout_quality *quality, struct sotto_error *err) {
    struct measure m = {.h = h, .ease = ease, .decay = decay};
    return measure(&m, "measuring in full", quality, err);
}
