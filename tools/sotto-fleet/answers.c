/* answers: see answers.h. */
#include "tools/sotto-fleet/answers.h"

#include <stdlib.h>

/* How many points there are: answers are numbered from 0 without gaps. */
static uint32_t count_points(const struct mechanism_terms *t) {
    uint8_t answer[4];
    uint32_t low = 0, high = UINT32_MAX; /* low is one or is 0, high is none */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        store32(answer, middle);
        if (mechanism_answer_check(t, answer, sizeof answer) == 0)
            low = middle;
        else
            high = middle;
    }
    return low + 1;
}

static int tabulate(struct answers *a, struct sotto_error *err) {
    a->n_points = count_points(&a->terms);
    a->words = (a->terms.n_cells + 63) / 64;
    a->supports = calloc((size_t)a->n_points * a->words, sizeof *a->supports);
    if (!a->supports) return fail(err, SOTTO_E_MEMORY, "out of memory");
    for (uint32_t point = 0; point < a->n_points; point++) {
        uint8_t answer[4];
        uint64_t *row = a->supports + (size_t)point * a->words;
        store32(answer, point);
        for (uint32_t c = 0; c < a->terms.n_cells; c++)
            if (mechanism_supports(&a->terms, answer, c)) row[c / 64] |= UINT64_C(1) << c % 64;
    }
    return SOTTO_OK;
}

int answers_init(struct answers *a, const struct fleet_metric *metric, struct sotto_error *err) {
    uint64_t p, q, of;
    memset(a, 0, sizeof *a);
    a->terms = fleet_terms_of(metric);
    a->answer_bytes = mechanism_answer_bytes(&a->terms);
    if (a->answer_bytes == 0 || mechanism_odds(&a->terms, &p, &q, &of) != 0)
        return fail(err, SOTTO_E_CORRUPT, "metric %u: no device can have answered on its terms",
                    metric->id);
    a->odds.p = (double)p / (double)of;
    a->odds.q = (double)q / (double)of;
    a->odds.is_mean = metric->mechanism == MECHANISM_ONE_BIT_MEAN;
    a->n_points = metric->n_cells;
    return metric->mechanism == MECHANISM_PGR ? tabulate(a, err) : SOTTO_OK;
}

void answers_free(struct answers *a) {
    free(a->supports);
    memset(a, 0, sizeof *a);
}

int answers_add(const struct answers *a, uint64_t *points, const uint8_t *answer, size_t n) {
    if (mechanism_answer_check(&a->terms, answer, n) != 0) return -1;
    if (a->supports)
        points[load32(answer)]++;
    else if (a->terms.mechanism == MECHANISM_SUBSET_SELECTION && n == (a->n_points + 7) / 8)
        for (uint32_t c = 0; c < a->n_points; c++) points[c] += answer[c / 8] >> c % 8 & 1;
    else
        for (uint32_t c = 0; c < a->n_points; c++)
            points[c] += mechanism_supports(&a->terms, answer, c) != 0;
    return 0;
}

void answers_support(const struct answers *a, const uint64_t *points, uint64_t *support) {
    memset(support, 0, a->terms.n_cells * sizeof *support);
    if (!a->supports) {
        memcpy(support, points, a->terms.n_cells * sizeof *support);
        return;
    }
    for (uint32_t point = 0; point < a->n_points; point++) {
        const uint64_t *row = a->supports + (size_t)point * a->words;
        if (points[point] == 0) continue;
        for (uint32_t w = 0; w < a->words; w++)
            for (uint64_t bits = row[w]; bits; bits &= bits - 1)
                support[w * 64 + (uint32_t)__builtin_ctzll(bits)] += points[point];
    }
}
