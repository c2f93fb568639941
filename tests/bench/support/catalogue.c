/* catalogue: models and histories of realistic sizes and skew, without any data. */
#include "tests/bench/support/bench.h"

#include <stdlib.h>

enum { LINE = 64 };

static void *room(struct bench_catalogue *c, size_t n, size_t size) {
    void *p = calloc(n, size);
    if (!p) abort();
    for (unsigned i = 0; i < ARRAY_LEN(c->owned); i++)
        if (!c->owned[i]) {
            c->owned[i] = p;
            return p;
        }
    abort();
}

/* The square of a uniform draw falls below x with probability √x. */
static uint32_t draw_item(const struct bench_catalogue *c, struct dice *d) {
    uint64_t u = dice_u64(d) >> 32;
    if (c->is_skewed) u = u * u >> 32;
    return (uint32_t)(u * c->varint.n_items >> 32);
}

/* Distinct and ascending, without `self`. */
static void draw_columns(const struct bench_catalogue *c, struct dice *d, uint32_t self,
                         uint32_t columns[BENCH_NEIGHBOURS]) {
    size_t n = 0;
    while (n < BENCH_NEIGHBOURS) {
        uint32_t j = draw_item(c, d);
        size_t at = n;
        while (at > 0 && columns[at - 1] > j) at--;
        if (j == self || (at > 0 && columns[at - 1] == j)) continue;
        memmove(columns + at + 1, columns + at, (n - at) * sizeof *columns);
        columns[at] = j;
        n++;
    }
}

static size_t put_varint(uint8_t *out, uint32_t step) {
    size_t n = 0;
    for (; step > 0x7f; step >>= 7) out[n++] = (uint8_t)(step | 0x80);
    out[n++] = (uint8_t)step;
    return n;
}

void bench_catalogue_draw(struct bench_catalogue *c, struct dice *d, uint32_t n, int is_skewed) {
    memset(c, 0, sizeof *c);
    c->is_skewed = is_skewed;
    c->varint.n_items = n;
    size_t edges = (size_t)n * BENCH_NEIGHBOURS, at = 0, e = 0;
    int has_fixed = n <= 65536;
    uint32_t *starts = room(c, n + 1, sizeof *starts), *bytes = room(c, n + 1, sizeof *bytes);
    uint16_t *columns = has_fixed ? room(c, edges, sizeof *columns) : NULL;
    int8_t *weights = has_fixed ? room(c, edges, 1) : NULL;
    uint8_t *rows = room(c, edges, 4);
    int32_t *prior = room(c, n, sizeof *prior);
    uint16_t *scales = room(c, n, sizeof *scales);
    uint16_t *decay = room(c, BENCH_HISTORY, sizeof *decay);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t drawn[BENCH_NEIGHBOURS] = {0}, before = UINT32_MAX;
        draw_columns(c, d, i, drawn);
        for (size_t k = 0; k < BENCH_NEIGHBOURS; k++, e++) {
            int weight = 1 + (int)dice_below(d, 127);
            if (dice_below(d, 8) == 0) weight = -weight;
            at += put_varint(rows + at, drawn[k] - before);
            before = drawn[k];
            rows[at++] = (uint8_t)weight;
            if (!has_fixed) continue;
            columns[e] = (uint16_t)drawn[k];
            weights[e] = (int8_t)weight;
        }
        starts[i + 1] = (uint32_t)e;
        bytes[i + 1] = (uint32_t)at;
        scales[i] = (uint16_t)(MODEL_UNIT / 2 + dice_below(d, MODEL_UNIT / 2));
        /* From half of one good edge down to nothing. */
        uint64_t left = n - i;
        prior[i] = (int32_t)(2000000 * left / n * left / n);
    }
    for (unsigned i = 0; i < BENCH_HISTORY; i++) decay[i] = (uint16_t)(MODEL_UNIT * 5 / (5 + i));
    struct model m = {
        .version = 1, .n_items = n, .n_edges = (uint32_t)edges, .codec = MODEL_VARINT};
    for (int t = 1; t < 4; t++) m.event_weights[t] = MODEL_UNIT;
    m.n_decay = BENCH_HISTORY;
    m.prior = prior;
    m.scales = scales;
    m.decay = decay;
    m.row_starts = bytes;
    m.rows = rows;
    c->varint = m;
    if (!has_fixed) return;
    m.codec = MODEL_FIXED16;
    m.row_starts = starts;
    m.columns = columns;
    m.weights = weights;
    m.rows = NULL;
    c->fixed = m;
}

void bench_catalogue_free(struct bench_catalogue *c) {
    for (unsigned i = 0; i < ARRAY_LEN(c->owned); i++) free(c->owned[i]);
    memset(c, 0, sizeof *c);
}

void bench_items(const struct bench_catalogue *c, struct dice *d, uint32_t stride, uint32_t *items,
                 size_t n) {
    for (size_t i = 0; i < n;) {
        uint32_t item = draw_item(c, d) / stride * stride;
        size_t same = 0;
        while (same < i && items[same] != item) same++;
        if (same == i) items[i++] = item;
    }
}

void bench_history(const struct bench_catalogue *c, struct dice *d, uint32_t stride,
                   struct score_input *inputs) {
    uint32_t items[BENCH_HISTORY] = {0};
    bench_items(c, d, stride, items, BENCH_HISTORY);
    for (size_t h = 0; h < BENCH_HISTORY; h++) {
        int32_t multiplier = score_q15(c->varint.decay[h], c->varint.scales[items[h]]);
        inputs[h] = (struct score_input){items[h], multiplier, 0};
    }
}

/* ---- The floor ---------------------------------------------------------------------------- */

static size_t lines(const void *p, size_t n) {
    uintptr_t first = (uintptr_t)p / LINE, last = ((uintptr_t)p + n - 1) / LINE;
    return n ? (size_t)(last - first) + 1 : 0;
}

size_t bench_bytes_touched(const struct model *m, const struct score_input *inputs) {
    static uint8_t seen[(MODEL_ITEMS_MAX * sizeof(int32_t) / LINE + 7) / 8];
    size_t total = 0;
    memset(seen, 0, sizeof seen);
    for (size_t h = 0; h < BENCH_HISTORY; h++) {
        uint32_t start = m->row_starts[inputs[h].item], end = m->row_starts[inputs[h].item + 1];
        const uint8_t *p = m->rows + start;
        uint32_t column = UINT32_MAX;
        total += lines(m->row_starts + inputs[h].item, 2 * sizeof *m->row_starts);
        if (m->codec == MODEL_FIXED16)
            total += lines(m->columns + start, (end - start) * sizeof *m->columns) +
                     lines(m->weights + start, end - start);
        else
            total += lines(p, end - start);
        for (uint32_t e = start; m->codec == MODEL_FIXED16 ? e < end : p < m->rows + end; e++) {
            if (m->codec == MODEL_FIXED16)
                column = m->columns[e];
            else
                model_edge(&p, &column);
            uint32_t line = column / (LINE / sizeof(int32_t));
            total += !(seen[line >> 3] >> (line & 7) & 1);
            seen[line >> 3] |= (uint8_t)(1u << (line & 7));
        }
    }
    return total * LINE;
}
