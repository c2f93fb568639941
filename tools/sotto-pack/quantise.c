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

/* What the steps below share: each row's entries as they will be, strongest first. */
struct work {
    const struct quantise_source *source;
    const struct serve_params *serve;
    struct packed *p;
    uint32_t n;
    double *popularity;         /* n */
    double *fold;               /* n: degree^fold */
    float *most;                /* n: the strongest of each row */
    uint32_t *count;            /* n: entries that do not round to 0 */
    struct rows_entry *entries; /* n × width; column = place in the model */
    uint16_t *scales;           /* n, by item */
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

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* From log popularity, 0 for the least popular item; the most popular one gets `strength` times the
 * median over rows of the strongest weight. */
static void put_prior(struct work *w, int32_t *prior, float *scratch) {
    memcpy(scratch, w->most, w->n * sizeof *scratch);
    qsort(scratch, w->n, sizeof *scratch, by_value);
    double top = w->serve->prior_strength * scratch[w->n / 2] / w->p->unit;
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

static double folded(const struct work *w, struct rows_entry e) {
    return e.weight * w->fold[e.column];
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
            double weight = folded(w, rows->entries[(size_t)i * rows->width + k]);
            if (is_served(w, weight) && fabs(weight) > w->most[i]) w->most[i] = (float)fabs(weight);
        }
        /* A row of nothing but its diagonal still needs a scale for it. */
        double self = fabs(rows->self[i] * w->serve->self_strength);
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

/* Entries as they will be: folded, served, not rounding to 0; strongest first. */
static void prepare_rows(struct work *w) {
    const struct rows *rows = w->source->rows;
    for (uint32_t i = 0; i < w->n; i++) {
        struct rows_entry *out = w->entries + (size_t)i * rows->width;
        double step = w->scales[i] * w->p->unit;
        uint32_t found = 0;
        for (uint32_t k = 0; k < rows->n[i] && step > 0; k++) {
            struct rows_entry e = rows->entries[(size_t)i * rows->width + k];
            double weight = folded(w, e);
            if (!is_served(w, weight) || weight_of(weight, step) == 0) continue;
            out[found++] = (struct rows_entry){w->p->place_of[e.column], (float)weight};
        }
        w->count[i] = rows_cut(out, found, rows->width);
    }
}

static int by_column(const void *a, const void *b) {
    const struct rows_entry *x = a, *y = b;
    return x->column < y->column ? -1 : x->column > y->column;
}

static size_t step_bytes(uint32_t step) { return step < 1u << 7 ? 1 : step < 1u << 14 ? 2 : 3; }

/* Bytes of all rows when each keeps its `most` strongest. */
static uint64_t bytes_of(const struct work *w, uint32_t most, enum model_codec codec,
                         struct rows_entry *scratch) {
    const uint32_t width = w->source->rows->width;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        uint32_t n = w->count[i] < most ? w->count[i] : most, before = UINT32_MAX;
        if (codec == MODEL_FIXED16) {
            bytes += 3 * (uint64_t)n;
            continue;
        }
        memcpy(scratch, w->entries + (size_t)i * width, n * sizeof *scratch);
        qsort(scratch, n, sizeof *scratch, by_column);
        for (uint32_t k = 0; k < n; k++) {
            bytes += step_bytes(scratch[k].column - before) + 1;
            before = scratch[k].column;
        }
    }
    return bytes;
}

/* The largest number of neighbours, at most `most`, for which all rows fit. */
static uint32_t fitting(const struct work *w, uint32_t most, enum model_codec codec,
                        struct rows_entry *scratch) {
    uint32_t low = 0, high = most;
    while (low < high && w->source->edge_bytes) {
        uint32_t mid = low + (high - low + 1) / 2;
        if (bytes_of(w, mid, codec, scratch) <= w->source->edge_bytes)
            low = mid;
        else
            high = mid - 1;
    }
    return high;
}

static void choose_codec(struct work *w, struct rows_entry *scratch) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < w->n; i++) most = w->count[i] > most ? w->count[i] : most;
    if (w->source->neighbours && w->source->neighbours < most) most = w->source->neighbours;
    enum model_codec codec = w->source->codec;
    if (w->n > 65536) codec = MODEL_VARINT;
    if (!codec) {
        uint32_t fixed = fitting(w, most, MODEL_FIXED16, scratch);
        uint32_t varint = fitting(w, most, MODEL_VARINT, scratch);
        /* Fixed rows are faster to read; they give way to what holds more, or the same in clearly
         * fewer bytes. */
        int is_smaller = bytes_of(w, varint, MODEL_VARINT, scratch) * 10 <
                         bytes_of(w, fixed, MODEL_FIXED16, scratch) * 9;
        codec = varint > fixed || (varint == fixed && is_smaller) ? MODEL_VARINT : MODEL_FIXED16;
    }
    w->p->model.codec = codec;
    w->p->neighbours = fitting(w, most, codec, scratch);
    w->p->edge_bytes = bytes_of(w, w->p->neighbours, codec, scratch);
}

static void put_rows(struct work *w, struct rows_entry *scratch) {
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
        uint32_t n = w->count[i] < w->p->neighbours ? w->count[i] : w->p->neighbours;
        double step = w->scales[i] * w->p->unit;
        starts[place] = m->codec == MODEL_FIXED16 ? edges : (uint32_t)at;
        memcpy(scratch, w->entries + (size_t)i * width, n * sizeof *scratch);
        qsort(scratch, n, sizeof *scratch, by_column);
        for (uint32_t k = 0; k < n; k++) {
            int weight = weight_of(scratch[k].weight, step);
            uint32_t up = scratch[k].column - before;
            before = scratch[k].column;
            kept += fabsf(scratch[k].weight);
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
    w->p->kept_share = total > 0 && w->serve->fold == 0 ? fmin(kept / total, 1) : 0;
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
        double own = step > 0 ? w->source->rows->self[i] * w->serve->self_strength / step : 0;
        scales[place] = w->scales[i];
        self[place] = (int16_t)fmax(-MODEL_SELF_MAX, fmin(MODEL_SELF_MAX, floor(own + 0.5)));
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
    for (size_t i = 0; w->fold && i < n; i++)
        w->fold[i] = w->serve->fold == 0 ? 1 : pow(w->source->x->degree[i], w->serve->fold);
    w->most = calloc(n, sizeof *w->most);
    w->count = calloc(n, sizeof *w->count);
    w->entries = malloc(all * sizeof *w->entries);
    w->scales = calloc(n, sizeof *w->scales);
    return w->popularity && w->fold && w->most && w->count && w->entries && w->scales ? 0 : -1;
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
    float *floats = malloc(w.n * sizeof *floats);
    int status = SOTTO_OK;
    memset(p, 0, sizeof *p);
    p->model.n_items = w.n;
    p->model.n_groups = source->groups->n;
    if (allocate(&w) != 0 || !scratch || !floats)
        status = fail(err, SOTTO_E_MEMORY, "no memory to quantise %u items", w.n);
    if (status == SOTTO_OK) {
        interactions_popularity(source->x, serve->prior_half_life_days, w.popularity);
        number_items(&w);
        choose_unit(&w);
        prepare_rows(&w);
        choose_codec(&w, scratch);
        if (p->edge_bytes > UINT32_MAX)
            status = fail(err, SOTTO_E_LIMIT, "the rows would take %zu bytes: lower --neighbours",
                          p->edge_bytes);
        else if (allocate_rows(p) != 0)
            status = fail(err, SOTTO_E_MEMORY, "no memory for %zu bytes of rows", p->edge_bytes);
    }
    if (status == SOTTO_OK) {
        point(p);
        put_prior(&w, p->owned[OWN_PRIOR], floats);
        put_rows(&w, scratch);
        put_tables(&w);
    }
    free(scratch);
    free(floats);
    free(w.popularity);
    free(w.fold);
    free(w.most);
    free(w.count);
    free(w.entries);
    free(w.scales);
    if (status != SOTTO_OK) quantise_free(p);
    return status;
}

void quantise_free(struct packed *p) {
    for (size_t k = 0; k < ARRAY_LEN(p->owned); k++) free(p->owned[k]);
    memset(p, 0, sizeof *p);
}
