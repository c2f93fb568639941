/* quantise: truncation and rounding. See quantise.h. */
#include "tools/sotto-pack/quantise.h"

#include <math.h>
#include <stdlib.h>

#define WEIGHT_MAX       127
#define PRIOR_LEVELS_MIN 1024 /* so that the general slate has an order even over a faint model */
#define HISTORY_FULL     256  /* SCORE_MULTIPLIERS_MAX, in items that count in full */

enum {
    OWN_ORDER,
    OWN_PLACE,
    OWN_STARTS,
    OWN_COLUMNS,
    OWN_WEIGHTS,
    OWN_ROWS,
    OWN_PRIOR,
    OWN_SCALES,
    OWN_SELF,
    OWN_DECAY,
    OWN_AGES,
    OWN_REPEAT_AGES,
    OWN_REPEAT,
    OWN_ITEMS
};

struct edge {
    uint32_t column; /* a place in the model */
    float weight;
    uint32_t rank; /* in its row, 0 the strongest */
};

/* What the steps below share. */
struct work {
    const struct quantise_source *source;
    const struct serve_params *serve;
    struct packed *p;
    uint32_t n;
    double *popularity; /* n */
    double *fold;       /* n: degree^fold */
    double *spread;     /* n: degree^spread */
    float *most;        /* n: the strongest of each row */
    uint32_t *count;    /* n: edges that a row may get */
    uint32_t *kept;     /* n: edges that it gets */
    struct edge *edges; /* n × width; each row by column */
    uint16_t *scales;   /* n, by item */
};

uint32_t quantise_decay(uint16_t table[MODEL_DECAY_MAX], double decay) {
    uint32_t n = 0;
    for (; n < MODEL_DECAY_MAX; n++) {
        double weight = decay > 0 ? floor(exp(-(double)n / decay) * MODEL_UNIT + 0.5) : MODEL_UNIT;
        if (weight < 1) break;
        table[n] = (uint16_t)weight;
    }
    return n;
}

uint32_t quantise_ages(uint16_t table[MODEL_DAYS_MAX], double half_life_days) {
    uint32_t n = 0;
    table[0] = MODEL_UNIT;
    if (half_life_days <= 0) return 1;
    while (n < MODEL_DAYS_MAX) {
        double weight = floor(exp2(-(double)n / half_life_days) * MODEL_UNIT + 0.5);
        table[n++] = (uint16_t)weight;
        if (weight < 1) break;
    }
    return n;
}

/* ---- Order and prior --------------------------------------------------------------------- */

static const double *sorted_popularity; /* qsort has no context; the builder's main thread sorts */

static int by_popularity(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (sorted_popularity[x] != sorted_popularity[y])
        return sorted_popularity[x] > sorted_popularity[y] ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void number_items(struct work *w) {
    for (uint32_t i = 0; i < w->n; i++) w->p->item_of[i] = i;
    sorted_popularity = w->popularity;
    qsort(w->p->item_of, w->n, sizeof *w->p->item_of, by_popularity);
    for (uint32_t i = 0; i < w->n; i++) w->p->place_of[w->p->item_of[i]] = i;
}

static int by_strength(const void *a, const void *b) {
    const struct edge *x = a, *y = b;
    return x->weight != y->weight ? (x->weight > y->weight ? -1 : 1)
                                  : (x->column < y->column ? -1 : x->column > y->column);
}

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* From log popularity, 0 for the least popular item; the most popular one gets `strength` times the
 * median, over rows that hold anything, of the strongest weight. */
static void put_prior(struct work *w, int32_t *prior, float *scratch) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n; i++)
        if (w->most[i] > 0) scratch[n++] = w->most[i];
    qsort(scratch, n, sizeof *scratch, by_value);
    double top = n ? w->serve->prior_strength * scratch[n / 2] / w->p->unit : 0;
    double most = log1p(w->popularity[w->p->item_of[0]]),
           least = log1p(w->popularity[w->p->item_of[w->n - 1]]);
    if (top < PRIOR_LEVELS_MIN) top = PRIOR_LEVELS_MIN;
    if (top > MODEL_PRIOR_MAX) top = MODEL_PRIOR_MAX;
    for (uint32_t place = 0; place < w->n; place++) {
        double own = log1p(w->popularity[w->p->item_of[place]]);
        prior[place] = most > least ? (int32_t)((own - least) / (most - least) * top) : 0;
    }
}

/* ---- Rows -------------------------------------------------------------------------------- */

static double folded(const struct work *w, uint32_t i, struct rows_entry e) {
    return e.weight * w->fold[e.column] * w->spread[i];
}

static int is_served(const struct work *w, double weight) {
    return w->serve->keeps_negative ? weight != 0 : weight > 0;
}

/* The strongest weight of each row, and of all. */
static double measure_rows(struct work *w) {
    const struct rows *rows = w->source->rows;
    double strongest = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        w->most[i] = 0;
        for (uint32_t k = 0; k < rows->n[i]; k++) {
            double weight = folded(w, i, rows->entries[(size_t)i * rows->width + k]);
            if (is_served(w, weight) && fabs(weight) > w->most[i]) w->most[i] = (float)fabs(weight);
        }
        /* A row of nothing but its diagonal still needs a scale for it. */
        double self = fabs(rows->self[i] * w->spread[i] * w->serve->self_strength);
        if (w->most[i] < (float)(self * WEIGHT_MAX / MODEL_SELF_MAX))
            w->most[i] = (float)(self * WEIGHT_MAX / MODEL_SELF_MAX);
        if (w->most[i] > strongest) strongest = w->most[i];
    }
    return strongest;
}

/* Rounded up, so that the row's strongest weight never passes 127. */
static uint16_t scale_of(double most, double unit) {
    double scale = ceil(most / (WEIGHT_MAX * unit) * (1 - 1e-12));
    return (uint16_t)(scale > MODEL_UNIT ? MODEL_UNIT : scale < 1 ? 1 : scale);
}

static void put_scales(struct work *w) {
    for (uint32_t i = 0; i < w->n; i++)
        w->scales[i] = w->most[i] > 0 ? scale_of(w->most[i], w->p->unit) : 0;
}

/* Where places do not fade, a long history may add up to more than 256 full items: then all scales
 * shrink, so that a device need not cut it (score.h). Rows stand for the histories to come. */
static double heaviest_history(const struct work *w) {
    const struct interactions *x = w->source->x;
    double heaviest = 0;
    for (uint32_t r = 0; r < x->n_rows; r++) {
        double sum = 0;
        size_t n = x->starts[r + 1] - x->starts[r];
        const uint32_t *items = x->items + x->starts[r];
        for (size_t k = n > MODEL_DECAY_MAX ? n - MODEL_DECAY_MAX : 0; k < n; k++)
            sum += (double)w->scales[items[k]] / MODEL_UNIT;
        if (sum > heaviest) heaviest = sum;
    }
    return heaviest;
}

static void choose_unit(struct work *w) {
    double strongest = measure_rows(w), most_rate = 1;
    w->p->unit = strongest > 0 ? strongest / (WEIGHT_MAX * (double)MODEL_UNIT) : 1;
    for (uint32_t g = 0; w->source->repeat_rates && g < w->source->groups->n; g++)
        most_rate = fmax(most_rate, w->source->repeat_rates[g]);
    w->p->unit = fmax(w->p->unit, w->serve->repeat_strength * most_rate /
                                      ((double)MODEL_REPEAT_UNIT * MODEL_REPEAT_MAX));
    put_scales(w);
    double heaviest = w->serve->decay > 0 ? 0 : heaviest_history(w);
    if (heaviest > HISTORY_FULL) {
        w->p->unit *= heaviest / HISTORY_FULL;
        put_scales(w);
    }
}

static int weight_of(double weight, double step) {
    double q = floor(fabs(weight) / step + 0.5);
    int steps = q > WEIGHT_MAX ? WEIGHT_MAX : (int)q;
    return weight < 0 ? -steps : steps;
}

/* How many entries of row i are served and do not round to 0; they go to out. */
static uint32_t take_row(const struct work *w, uint32_t i, struct rows_entry *out) {
    const struct rows *rows = w->source->rows;
    double step = w->scales[i] * w->p->unit;
    uint32_t found = 0;
    for (uint32_t k = 0; k < rows->n[i] && step > 0; k++) {
        struct rows_entry e = rows->entries[(size_t)i * rows->width + k];
        double weight = folded(w, i, e);
        if (!is_served(w, weight) || weight_of(weight, step) == 0) continue;
        out[found++] = (struct rows_entry){w->p->place_of[e.column], (float)weight};
    }
    return found;
}

static uint32_t wanted(const struct work *w) {
    uint32_t most = w->source->rows->width, given = w->source->neighbours,
             served = (uint32_t)w->serve->neighbours;
    if (given && given < most) most = given;
    return served && served < most ? served : most;
}

/* No row will have more edges than this: none takes fewer than 2 bytes. */
static uint32_t bound_rows(const struct work *w) {
    uint32_t low = 0, high = wanted(w);
    while (low < high && w->source->edge_bytes) {
        uint32_t mid = low + (high - low + 1) / 2;
        uint64_t edges = 0;
        for (uint32_t i = 0; i < w->n; i++) edges += w->count[i] < mid ? w->count[i] : mid;
        if (edges * 2 <= w->source->edge_bytes)
            low = mid;
        else
            high = mid - 1;
    }
    return high + (high < wanted(w)); /* and one more, where some bytes are left */
}

static int by_column(const void *a, const void *b) {
    const struct edge *x = a, *y = b;
    return x->column < y->column ? -1 : x->column > y->column;
}

/* The edges that a row may get, by column, each with its rank by strength. */
static void prepare_rows(struct work *w, struct rows_entry *scratch) {
    const uint32_t width = w->source->rows->width;
    for (uint32_t i = 0; i < w->n; i++) w->count[i] = take_row(w, i, scratch);
    uint32_t most = bound_rows(w);
    for (uint32_t i = 0; i < w->n; i++) {
        struct edge *out = w->edges + (size_t)i * width;
        w->count[i] = rows_cut(scratch, take_row(w, i, scratch), most);
        for (uint32_t k = 0; k < w->count[i]; k++)
            out[k] = (struct edge){scratch[k].column, scratch[k].weight, k};
        qsort(out, w->count[i], sizeof *out, by_column);
    }
}

static size_t step_bytes(uint32_t step) { return step < 1u << 7 ? 1 : step < 1u << 14 ? 2 : 3; }

/* Bytes of row i when it keeps its `most` strongest. */
static uint32_t row_bytes(const struct work *w, uint32_t i, uint32_t most, enum model_codec codec) {
    const struct edge *row = w->edges + (size_t)i * w->source->rows->width;
    uint32_t bytes = 0, before = UINT32_MAX;
    if (codec == MODEL_FIXED16) return 3 * (w->count[i] < most ? w->count[i] : most);
    for (uint32_t k = 0; k < w->count[i]; k++) {
        if (row[k].rank >= most) continue;
        bytes += (uint32_t)step_bytes(row[k].column - before) + 1;
        before = row[k].column;
    }
    return bytes;
}

static uint64_t bytes_of(const struct work *w, uint32_t most, enum model_codec codec) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < w->n; i++) bytes += row_bytes(w, i, most, codec);
    return bytes;
}

/* The largest number of neighbours, at most `most`, for which all rows fit. */
static uint32_t fitting(const struct work *w, uint32_t most, enum model_codec codec) {
    uint32_t low = 0, high = most;
    while (low < high && w->source->edge_bytes) {
        uint32_t mid = low + (high - low + 1) / 2;
        if (bytes_of(w, mid, codec) <= w->source->edge_bytes)
            low = mid;
        else
            high = mid - 1;
    }
    return high;
}

static void choose_codec(struct work *w) {
    uint32_t most = 0, allowed = wanted(w);
    for (uint32_t i = 0; i < w->n; i++) most = w->count[i] > most ? w->count[i] : most;
    if (allowed < most) most = allowed;
    enum model_codec codec = w->source->codec;
    if (w->n > 65536) codec = MODEL_VARINT;
    if (!codec) {
        uint32_t fixed = fitting(w, most, MODEL_FIXED16);
        uint32_t varint = fitting(w, most, MODEL_VARINT);
        /* Fixed rows are faster to read; they give way to what holds more, or the same in clearly
         * fewer bytes. */
        int is_smaller =
            bytes_of(w, varint, MODEL_VARINT) * 10 < bytes_of(w, fixed, MODEL_FIXED16) * 9;
        codec = varint > fixed || (varint == fixed && is_smaller) ? MODEL_VARINT : MODEL_FIXED16;
    }
    w->p->model.codec = codec;
    w->p->neighbours = fitting(w, most, codec);
    w->p->edge_bytes = bytes_of(w, w->p->neighbours, codec);
}

/* What is left of the bytes goes to rows' next edges, the strongest first, one a row. */
static void spend_rest(struct work *w, struct edge *next) {
    const uint32_t width = w->source->rows->width, kept = w->p->neighbours;
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        const struct edge *row = w->edges + (size_t)i * width;
        w->kept[i] = w->count[i] < kept ? w->count[i] : kept;
        for (uint32_t k = 0; kept < wanted(w) && k < w->count[i]; k++)
            if (row[k].rank == kept) next[n++] = (struct edge){i, fabsf(row[k].weight), i};
    }
    if (w->source->edge_bytes == 0) return;
    qsort(next, n, sizeof *next, by_strength);
    int has_more = 0;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = next[k].column;
        size_t more =
            row_bytes(w, i, kept + 1, w->p->model.codec) - row_bytes(w, i, kept, w->p->model.codec);
        if (w->p->edge_bytes + more > w->source->edge_bytes) break;
        w->p->edge_bytes += more;
        w->kept[i]++;
        has_more = 1;
    }
    w->p->neighbours += (uint32_t)has_more;
}

static void put_rows(struct work *w) {
    const uint32_t width = w->source->rows->width;
    struct model *m = &w->p->model;
    uint32_t *starts = w->p->owned[OWN_STARTS];
    uint16_t *columns = w->p->owned[OWN_COLUMNS];
    int8_t *weights = w->p->owned[OWN_WEIGHTS];
    uint8_t *rows = w->p->owned[OWN_ROWS];
    double kept = 0, total = 0;
    size_t at = 0;
    uint32_t edges = 0;
    for (uint32_t place = 0; place < w->n; place++) {
        uint32_t i = w->p->item_of[place], before = UINT32_MAX;
        const struct edge *row = w->edges + (size_t)i * width;
        double step = w->scales[i] * w->p->unit;
        starts[place] = m->codec == MODEL_FIXED16 ? edges : (uint32_t)at;
        for (uint32_t k = 0; k < w->count[i]; k++) {
            if (row[k].rank >= w->kept[i]) continue;
            int weight = weight_of(row[k].weight, step);
            uint32_t up = row[k].column - before;
            before = row[k].column;
            kept += fabsf(row[k].weight);
            if (m->codec == MODEL_FIXED16) {
                columns[edges] = (uint16_t)before;
                weights[edges] = (int8_t)weight;
            } else {
                for (; up > 0x7f; up >>= 7) rows[at++] = (uint8_t)(up | 0x80);
                rows[at++] = (uint8_t)up;
                rows[at++] = (uint8_t)(int8_t)weight;
            }
            edges++;
        }
        total += w->source->rows->total[i];
    }
    starts[w->n] = m->codec == MODEL_FIXED16 ? edges : (uint32_t)at;
    m->n_edges = edges;
    w->p->kept_share =
        total > 0 && w->serve->fold == 0 && w->serve->spread == 0 ? fmin(kept / total, 1) : -1;
}

/* ---- The rest ---------------------------------------------------------------------------- */

static void put_tables(struct work *w) {
    struct model *m = &w->p->model;
    uint16_t *scales = w->p->owned[OWN_SCALES], *repeat = w->p->owned[OWN_REPEAT];
    int16_t *self = w->p->owned[OWN_SELF];
    uint8_t *items = w->p->owned[OWN_ITEMS];
    for (uint32_t place = 0; place < w->n; place++) {
        uint32_t i = w->p->item_of[place];
        double step = w->scales[i] * w->p->unit;
        double own = w->source->rows->self[i] * w->spread[i] * w->serve->self_strength;
        scales[place] = w->scales[i];
        self[place] = (int16_t)fmax(-MODEL_SELF_MAX,
                                    fmin(MODEL_SELF_MAX, step > 0 ? floor(own / step + 0.5) : 0));
        store16(items + 8 * (size_t)place + 4, w->source->groups->of_item[i]);
        store16(items + 8 * (size_t)place + 6,
                w->source->is_new && w->source->is_new[i] ? MODEL_ITEM_NEW : 0);
    }
    for (uint32_t g = 0; g < w->source->groups->n; g++) {
        double rate = w->source->repeat_rates ? w->source->repeat_rates[g] : 1;
        double strength = w->serve->repeat_strength * rate / w->p->unit / MODEL_REPEAT_UNIT;
        repeat[g] = (uint16_t)fmin(MODEL_REPEAT_MAX, floor(strength + 0.5));
    }
    m->n_decay = quantise_decay(w->p->owned[OWN_DECAY], w->serve->decay);
    m->n_ages = quantise_ages(w->p->owned[OWN_AGES], w->serve->age_half_life_days);
    m->n_repeat_ages =
        quantise_ages(w->p->owned[OWN_REPEAT_AGES],
                      w->serve->repeat_strength > 0 ? w->serve->repeat_half_life_days : 0);
}

static int allocate(struct work *w) {
    size_t n = w->n, all = n * w->source->rows->width;
    const size_t sizes[] = {n * 4,
                            n * 4,
                            (n + 1) * 4,
                            0,
                            0,
                            0,
                            n * 4,
                            n * 2,
                            n * 2,
                            MODEL_DECAY_MAX * 2,
                            MODEL_DAYS_MAX * 2,
                            MODEL_DAYS_MAX * 2,
                            GROUPS_CELLS_MAX * 2,
                            n * 8};
    for (size_t k = 0; k < ARRAY_LEN(sizes); k++)
        if (sizes[k] && !(w->p->owned[k] = calloc(1, sizes[k]))) return -1;
    w->p->item_of = w->p->owned[OWN_ORDER];
    w->p->place_of = w->p->owned[OWN_PLACE];
    w->popularity = calloc(n, sizeof *w->popularity);
    w->fold = calloc(n, sizeof *w->fold);
    w->spread = calloc(n, sizeof *w->spread);
    for (size_t i = 0; w->fold && w->spread && i < n; i++) {
        double degree = w->source->x->degree[i] ? w->source->x->degree[i] : 1;
        w->fold[i] = w->serve->fold == 0 ? 1 : pow(degree, w->serve->fold);
        w->spread[i] = w->serve->spread == 0 ? 1 : pow(degree, w->serve->spread);
    }
    w->most = calloc(n, sizeof *w->most);
    w->count = calloc(n, sizeof *w->count);
    w->kept = calloc(n, sizeof *w->kept);
    w->edges = malloc(all * sizeof *w->edges);
    w->scales = calloc(n, sizeof *w->scales);
    return w->popularity && w->fold && w->spread && w->most && w->count && w->kept && w->edges &&
                   w->scales
               ? 0
               : -1;
}

static int allocate_rows(struct packed *p) {
    if (p->model.codec == MODEL_FIXED16) {
        p->owned[OWN_COLUMNS] = malloc(p->edge_bytes / 3 * 2 + 2);
        p->owned[OWN_WEIGHTS] = malloc(p->edge_bytes / 3 + 1);
        return p->owned[OWN_COLUMNS] && p->owned[OWN_WEIGHTS] ? 0 : -1;
    }
    p->owned[OWN_ROWS] = malloc(p->edge_bytes + 1);
    return p->owned[OWN_ROWS] ? 0 : -1;
}

static void point(struct packed *p) {
    struct model *m = &p->model;
    m->event_weights[SOTTO_EVENT_VIEW] = QUANTISE_VIEW;
    m->event_weights[SOTTO_EVENT_SELECT] = QUANTISE_SELECT;
    m->event_weights[SOTTO_EVENT_PURCHASE] = QUANTISE_PURCHASE;
    m->items = p->owned[OWN_ITEMS];
    m->prior = p->owned[OWN_PRIOR];
    m->row_starts = p->owned[OWN_STARTS];
    m->columns = p->owned[OWN_COLUMNS];
    m->weights = p->owned[OWN_WEIGHTS];
    m->rows = p->owned[OWN_ROWS];
    m->scales = p->owned[OWN_SCALES];
    m->self = p->owned[OWN_SELF];
    m->decay = p->owned[OWN_DECAY];
    m->ages = p->owned[OWN_AGES];
    m->repeat_ages = p->owned[OWN_REPEAT_AGES];
    m->repeat = p->owned[OWN_REPEAT];
}

int quantise(struct packed *p, const struct quantise_source *source,
             const struct serve_params *serve, struct sotto_error *err) {
    struct work w = {.source = source, .serve = serve, .p = p, .n = source->x->n_items};
    struct rows_entry *scratch = malloc((source->rows->width + 1) * sizeof *scratch);
    struct edge *next = malloc(w.n * sizeof *next);
    float *floats = malloc(w.n * sizeof *floats);
    int status = SOTTO_OK;
    memset(p, 0, sizeof *p);
    p->model.n_items = w.n;
    p->model.n_groups = source->groups->n;
    if (allocate(&w) != 0 || !scratch || !next || !floats)
        status = fail(err, SOTTO_E_MEMORY, "no memory to quantise %u items", w.n);
    if (status == SOTTO_OK) {
        interactions_popularity(source->x, serve->prior_half_life_days, w.popularity);
        number_items(&w);
        choose_unit(&w);
        prepare_rows(&w, scratch);
        choose_codec(&w);
        spend_rest(&w, next);
        if (p->edge_bytes > UINT32_MAX)
            status = fail(err, SOTTO_E_LIMIT, "the rows would take %zu bytes: lower --neighbours",
                          p->edge_bytes);
        else if (allocate_rows(p) != 0)
            status = fail(err, SOTTO_E_MEMORY, "no memory for %zu bytes of rows", p->edge_bytes);
    }
    if (status == SOTTO_OK) {
        point(p);
        put_prior(&w, p->owned[OWN_PRIOR], floats);
        put_rows(&w);
        put_tables(&w);
    }
    free(scratch);
    free(next);
    free(floats);
    free(w.popularity);
    free(w.fold);
    free(w.spread);
    free(w.most);
    free(w.count);
    free(w.kept);
    free(w.edges);
    free(w.scales);
    if (status != SOTTO_OK) quantise_free(p);
    return status;
}

void quantise_free(struct packed *p) {
    for (size_t k = 0; k < ARRAY_LEN(p->owned); k++) free(p->owned[k]);
    memset(p, 0, sizeof *p);
}
