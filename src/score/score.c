/* score: the plain kernel that defines what a score is, and the search for the best few around it.
 * Work is in proportion to the edges of the history's rows, never to the catalogue: sums are kept
 * in an array that is all 0 between calls; a list says which of them are not, or where the edges
 * are many in comparison, all are looked at. */
#include "crypto/crypto.h"
#include "score/kernel.h"

#define ROW_BLOCK 128 /* edges of a row taken at a time */

int32_t score_q15(int32_t a, int32_t b) {
    /* 32768 · 32768 + 16384 < 2^31 */
    return (a * b + (1 << 14)) >> 15;
}

/* ---- The plain kernel -------------------------------------------------------------------- */

/* The list grows by what was 0, without a branch: which it is is as good as random. */
#define DEFINE_ADD(name, column_type)                                                              \
    size_t name(int32_t *sums, uint32_t *touched, size_t n_touched, const column_type *columns,    \
                const int8_t *weights, size_t n, int32_t multiplier) {                             \
        for (size_t e = 0; e < n; e++) {                                                           \
            uint32_t j = columns[e];                                                               \
            int32_t sum = sums[j];                                                                 \
            touched[n_touched] = j;                                                                \
            n_touched += sum == 0;                                                                 \
            sums[j] = sum + multiplier * weights[e];                                               \
        }                                                                                          \
        return n_touched;                                                                          \
    }
DEFINE_ADD(score_plain_add16, uint16_t)
DEFINE_ADD(score_plain_add32, uint32_t)

/* With branches, because few pass: almost twice as fast as without. */
size_t score_plain_sift(int32_t *sums, const int32_t *prior, const uint32_t *touched, size_t n,
                        int32_t least, struct score_hit *out) {
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t j = touched[i];
        int32_t sum = sums[j];
        sums[j] = 0;
        if (prior[j & ~(SCORE_BLOCK - 1u)] + sum < least) continue;
        if (prior[j] + sum < least || sum == 0) continue;
        out[found++] = (struct score_hit){j, prior[j] + sum};
    }
    return found;
}

size_t score_plain_scan(int32_t *sums, const int32_t *prior, uint32_t first, size_t n,
                        int32_t least, struct score_hit *out) {
    const int32_t bound = prior[first];
    size_t found = 0, i = 0;
    sums += first;
    for (; i + 16 <= n; i += 16) {
        int32_t most = sums[i];
        for (size_t t = i + 1; t < i + 16; t++) most = sums[t] > most ? sums[t] : most;
        if (bound + most >= least)
            for (size_t t = i; t < i + 16; t++)
                if (prior[first + t] + sums[t] >= least)
                    out[found++] =
                        (struct score_hit){first + (uint32_t)t, prior[first + t] + sums[t]};
        memset(sums + i, 0, 16 * sizeof *sums);
    }
    for (; i < n; i++) {
        int32_t score = prior[first + i] + sums[i];
        sums[i] = 0;
        if (score >= least) out[found++] = (struct score_hit){first + (uint32_t)i, score};
    }
    return found;
}

const struct score_kernel score_plain = {"plain",          score_plain_add16, score_plain_add32,
                                         score_plain_sift, score_plain_scan,  1};

/* ---- The best few ------------------------------------------------------------------------ */

struct best {
    struct score_hit *hits;
    size_t n, k;
};

/* Keeps order: best first, ties by lower index. What is already in stays once. */
static void offer(struct best *b, struct score_hit hit) {
    size_t at = b->n;
    while (at > 0 && (b->hits[at - 1].score < hit.score ||
                      (b->hits[at - 1].score == hit.score && b->hits[at - 1].item > hit.item)))
        at--;
    if (at == b->k || (at > 0 && b->hits[at - 1].item == hit.item)) return;
    if (b->n < b->k) b->n++;
    memmove(b->hits + at + 1, b->hits + at, (b->n - 1 - at) * sizeof *b->hits);
    b->hits[at] = hit;
}

/* What a hit must at least have to get in. */
static int32_t least(const struct best *b) {
    if (b->k == 0) return INT32_MAX;
    return b->n < b->k ? INT32_MIN : b->hits[b->n - 1].score;
}

/* Items without a sum, in the order of their prior, which is that of their numbers. */
static void offer_untouched(struct best *b, const struct model *model, const int32_t *sums,
                            const struct score_filter *filter) {
    for (uint32_t j = 0; j < model->n_items && b->n < b->k; j++)
        if ((!sums || sums[j] == 0) && !score_is_barred(filter, j))
            b->hits[b->n++] = (struct score_hit){j, model->prior[j]};
}

size_t score_popular(const struct model *model, const struct score_filter *filter,
                     struct score_hit *hits, size_t k) {
    struct best b = {hits, 0, k};
    offer_untouched(&b, model, NULL, filter);
    return b.n;
}

size_t score_add_popular(const struct model *model, const struct score_filter *filter,
                         struct score_hit *hits, size_t n, size_t k) {
    struct best b = {hits, n, k};
    for (uint32_t j = 0; j < model->n_items && model->prior[j] >= least(&b); j++)
        if (!score_is_barred(filter, j)) offer(&b, (struct score_hit){j, model->prior[j]});
    return b.n;
}

int score_gate_bars(const struct score_gate *g, uint32_t item) {
    const struct model *m = g->model;
    uint16_t group = model_item_group(m, item);
    if (g->groups[group >> 5] >> (group & 31) & 1) return 1;
    if (!m->sets) return g->only != 0;
    const uint8_t *set = model_set_of(m, item);
    uint16_t flags = model_set_flags(set);
    if ((flags & g->flags) || (flags & g->only) != g->only ||
        (model_set_sensitive(set) & g->sensitive) || model_set_rating(set) > g->rating)
        return 1;
    for (uint8_t i = 0; i < g->n_payers; i++)
        if ((flags & MODEL_PAID) && strcmp(model_facts(m, item).payer, g->payers[i]) == 0) return 1;
    return 0;
}

/* ---- Rows -------------------------------------------------------------------------------- */

/* What one scoring passes through its hands; all of it mirrors a history. */
struct scratch {
    uint32_t columns[ROW_BLOCK];
    int8_t weights[ROW_BLOCK];
    struct score_hit found[SCORE_BLOCK];
};

/* Rows lie anywhere in the pack, but which ones will be read is known: they are asked for this many
 * rows ahead. Scoring takes 19 instead of 25 µs at 41,000 items (Zen 4, plain); 8 are no better. */
#define ROWS_AHEAD 4
#define LINE       64

/* Always inlined: GCC takes a function that only prefetches for one without effect. */
__attribute__((always_inline)) static inline void prefetch(const void *p, size_t n) {
    for (size_t at = 0; at < n; at += LINE) __builtin_prefetch((const char *)p + at);
}

__attribute__((always_inline)) static inline void prefetch_row(const struct model *m,
                                                               uint32_t item) {
    uint32_t start = m->row_starts[item], n = m->row_starts[item + 1] - start;
    if (n > 512) n = 512; /* a longer row is read faster than it is asked for */
    if (m->codec == MODEL_FIXED16) {
        prefetch(m->columns + start, n * sizeof *m->columns);
        prefetch(m->weights + start, n);
    } else {
        prefetch(m->rows + start, n);
    }
}

/* At least as many edges as the rows of the inputs have: one of MODEL_VARINT takes 2 bytes or more.
 * At most 1024 · 2^20. */
static uint64_t edges_of(const struct model *m, const struct score_input *inputs, size_t n) {
    uint64_t total = 0;
    for (size_t h = 0; h < n; h++)
        if (inputs[h].multiplier != 0)
            total += m->row_starts[inputs[h].item + 1] - m->row_starts[inputs[h].item];
    return m->codec == MODEL_FIXED16 ? total : total / 2;
}

/* Adds one row; returns the new length of the list, which stays empty unless `is_listed`. */
static size_t add_row(const struct score_kernel *kernel, const struct model *m,
                      struct score_work *work, struct scratch *scratch,
                      const struct score_input *in, size_t at, int is_listed) {
    uint32_t start = m->row_starts[in->item], end = m->row_starts[in->item + 1];
    if (m->codec == MODEL_FIXED16) {
        for (uint32_t e = start; e < end; e += ROW_BLOCK) {
            size_t n = end - e < ROW_BLOCK ? end - e : ROW_BLOCK;
            at = kernel->add16(work->sums, work->touched, at, m->columns + e, m->weights + e, n,
                               in->multiplier);
            if (!is_listed) at = 0;
        }
        return at;
    }
    const uint8_t *p = m->rows + start, *stop = m->rows + end;
    uint32_t column = UINT32_MAX;
    while (p < stop) {
        size_t n = 0;
        for (; p < stop && n < ROW_BLOCK; n++) {
            scratch->weights[n] = (int8_t)model_edge(&p, &column);
            scratch->columns[n] = column;
        }
        at = kernel->add32(work->sums, work->touched, at, scratch->columns, scratch->weights, n,
                           in->multiplier);
        if (!is_listed) at = 0;
    }
    return at;
}

/* ---- All together ------------------------------------------------------------------------ */

/* Puts every sum back to 0, and what is good enough into b: those in the list, or all of them. */
static void settle(const struct score_kernel *kernel, const struct model *m,
                   struct score_work *work, struct scratch *scratch, size_t n_touched,
                   int is_listed, const struct score_filter *filter, struct best *b) {
    size_t total = is_listed ? n_touched : m->n_items;
    for (size_t i = 0; i < total; i += SCORE_BLOCK) {
        size_t n = total - i < SCORE_BLOCK ? total - i : SCORE_BLOCK;
        struct score_hit *found = scratch->found;
        n = is_listed ? kernel->sift(work->sums, m->prior, work->touched + i, n, least(b), found)
                      : kernel->scan(work->sums, m->prior, (uint32_t)i, n, least(b), found);
        for (size_t t = 0; t < n; t++)
            if (found[t].score >= least(b) && !score_is_barred(filter, found[t].item))
                offer(b, found[t]);
    }
    wipe(work->touched, (is_listed ? n_touched : ROW_BLOCK) * sizeof *work->touched);
}

/* Rows into sums; returns the length of the list. */
static size_t add_inputs(const struct score_kernel *kernel, const struct model *model,
                         const struct score_input *inputs, size_t n, struct score_work *work,
                         struct scratch *scratch, int is_listed) {
    size_t n_touched = 0;
    for (size_t h = 0; h < n; h++) {
        if (h + ROWS_AHEAD < n) prefetch_row(model, inputs[h + ROWS_AHEAD].item);
        if (inputs[h].multiplier != 0)
            n_touched = add_row(kernel, model, work, scratch, &inputs[h], n_touched, is_listed);
    }
    for (size_t h = 0; h < n; h++) {
        if (inputs[h].own == 0) continue;
        if (is_listed) work->touched[n_touched++] = inputs[h].item;
        work->sums[inputs[h].item] += inputs[h].own;
    }
    return n_touched;
}

void score_sums(const struct model *model, const struct score_input *inputs, size_t n,
                struct score_work *work) {
    struct scratch scratch;
    (void)add_inputs(&score_plain, model, inputs, n, work, &scratch, 0);
    wipe(work->touched, ROW_BLOCK * sizeof *work->touched);
    wipe(&scratch, sizeof scratch);
}

size_t score_best_with(const struct score_kernel *kernel, const struct model *model,
                       const struct score_input *inputs, size_t n,
                       const struct score_filter *filter, struct score_work *work,
                       struct score_hit *hits, size_t k) {
    struct best b = {hits, 0, k};
    struct scratch scratch;
    for (size_t h = 0; h < n; h++) __builtin_prefetch(model->row_starts + inputs[h].item);
    for (size_t h = 0; h < n && h < ROWS_AHEAD; h++) prefetch_row(model, inputs[h].item);
    /* The list then has room for every edge and every own term. */
    int is_listed = (edges_of(model, inputs, n) + n) * kernel->scan_share < model->n_items;
    size_t n_touched = add_inputs(kernel, model, inputs, n, work, &scratch, is_listed);
    if (k > 0) offer_untouched(&b, model, work->sums, filter);
    settle(kernel, model, work, &scratch, n_touched, is_listed, filter, &b);
    wipe(&scratch, sizeof scratch);
    return b.n;
}

size_t score_best(const struct model *model, const struct score_input *inputs, size_t n,
                  const struct score_filter *filter, struct score_work *work,
                  struct score_hit *hits, size_t k) {
    return score_best_with(score_kernel_best(), model, inputs, n, filter, work, hits, k);
}

int32_t score_contribution(const struct model *model, struct score_input in, uint32_t j) {
    uint32_t low = model->row_starts[in.item], high = model->row_starts[in.item + 1];
    if (model->codec == MODEL_VARINT) {
        const uint8_t *p = model->rows + low, *stop = model->rows + high;
        uint32_t column = UINT32_MAX;
        while (p < stop) {
            int weight = model_edge(&p, &column);
            if (column >= j) return column == j ? in.multiplier * weight : 0;
        }
        return 0;
    }
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
