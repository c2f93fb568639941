/* score: the scalar kernel that defines what a score is; any faster one must equal it bit for bit.
 */
#include "score/score.h"

int32_t score_q15(int32_t a, int32_t b) {
    /* 32768 · 32768 + 16384 < 2^31 */
    return (a * b + (1 << 14)) >> 15;
}

void score_all(const struct model *model, const struct score_input *inputs, size_t n,
               int32_t *acc) {
    memcpy(acc, model->prior, (size_t)model->n_items * sizeof *acc);
    for (size_t h = 0; h < n; h++) {
        int32_t m = inputs[h].multiplier;
        uint32_t end = model->row_starts[inputs[h].item + 1];
        for (uint32_t e = model->row_starts[inputs[h].item]; e < end; e++)
            acc[model->columns[e]] += m * model->weights[e];
    }
}

int32_t score_contribution(const struct model *model, struct score_input in, uint32_t j) {
    uint32_t low = model->row_starts[in.item], high = model->row_starts[in.item + 1];
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (model->columns[mid] == j) return in.multiplier * model->weights[mid];
        if (model->columns[mid] < j)
            low = mid + 1;
        else
            high = mid;
    }
    return 0;
}

size_t score_top(const int32_t *acc, uint32_t n_items, const uint8_t *skip, uint32_t *items,
                 size_t k) {
    size_t n = 0;
    if (k == 0) return 0;
    for (uint32_t j = 0; j < n_items; j++) {
        if (skip[j >> 3] >> (j & 7) & 1) continue;
        /* Items come in ascending order, so an equal score never displaces an earlier one. */
        if (n == k && acc[j] <= acc[items[k - 1]]) continue;
        size_t at = n < k ? n++ : k - 1;
        for (; at > 0 && acc[items[at - 1]] < acc[j]; at--) items[at] = items[at - 1];
        items[at] = j;
    }
    return n;
}
