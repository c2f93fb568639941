/* bench_slate: how long a slate takes, from request to open, and scoring alone. History 50, top 20,
 * 100 neighbours an item; random but realistic sizes. Figures are of this machine; compare runs,
 * not machines. */
#include "tests/support/test.h"

#include <time.h>

#include "score/score.h"
#include "tests/support/kiosk.h"
#include "tests/support/random_model.h"

enum { NEIGHBOURS = 100, HISTORY = 50, TOP = 20, ROUNDS = 2000 };

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void print_row(const char *what, uint32_t items, uint64_t *ns) {
    const size_t middle = ROUNDS / 2, last = (size_t)ROUNDS * 99 / 100;
    qsort(ns, ROUNDS, sizeof *ns, by_value);
    printf("%-26s %7u items  median %8.1f us  p99 %8.1f us\n", what, items,
           (double)ns[middle] / 1e3, (double)ns[last] / 1e3);
}

/* Rows of NEIGHBOURS ascending columns spread over the catalogue. */
static struct model sparse_model(struct dice *d, uint32_t n) {
    struct model m = {.version = 1, .n_items = n, .n_edges = n * NEIGHBOURS, .n_decay = 64};
    uint32_t *starts = calloc(n + 1, sizeof *starts);
    uint16_t *columns = calloc((size_t)n * NEIGHBOURS, sizeof *columns);
    int8_t *weights = calloc((size_t)n * NEIGHBOURS, 1);
    int32_t *prior = calloc(n, sizeof *prior);
    uint16_t *scales = calloc(n, sizeof *scales), *decay = calloc(64, sizeof *decay);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t stride = n / NEIGHBOURS, at = dice_below(d, stride);
        for (uint32_t e = 0; e < NEIGHBOURS; e++, at += stride) {
            columns[(size_t)i * NEIGHBOURS + e] =
                (uint16_t)(at == i ? (at > 0 ? at - 1 : at + 1) : at);
            weights[(size_t)i * NEIGHBOURS + e] = (int8_t)(1 + dice_below(d, 127));
        }
        starts[i + 1] = starts[i] + NEIGHBOURS;
        scales[i] = (uint16_t)(MODEL_UNIT / 2 + dice_below(d, MODEL_UNIT / 2));
        prior[i] = (int32_t)dice_below(d, 1000);
    }
    for (uint32_t i = 0; i < 64; i++) decay[i] = (uint16_t)(MODEL_UNIT / (1 + i));
    for (int t = 1; t < 4; t++) m.event_weights[t] = MODEL_UNIT;
    m.row_starts = starts;
    m.columns = columns;
    m.weights = weights;
    m.prior = prior;
    m.scales = scales;
    m.decay = decay;
    return m;
}

static void free_model(struct model *m) {
    const void *owned[] = {m->row_starts, m->columns, m->weights, m->prior, m->scales, m->decay};
    for (unsigned i = 0; i < ARRAY_LEN(owned); i++) free((void *)(uintptr_t)owned[i]);
}

static void bench_scoring(const struct model *m, struct dice *d) {
    static uint64_t ns[ROUNDS];
    int32_t *acc = calloc(m->n_items, sizeof *acc);
    struct score_input in[HISTORY];
    int64_t sum = 0; /* keeps the compiler from dropping the work */
    for (int r = 0; r < ROUNDS; r++) {
        for (int h = 0; h < HISTORY; h++)
            in[h] = (struct score_input){dice_below(d, m->n_items), MODEL_UNIT / (1 + h)};
        uint64_t start = now_ns();
        score_all(m, in, HISTORY, acc);
        ns[r] = now_ns() - start;
        sum += acc[dice_below(d, m->n_items)];
    }
    print_row("scoring alone", m->n_items, ns);
    if (sum == 0) printf("\n");
    free(acc);
}

static void bench_call(const struct model *m, struct dice *d) {
    static uint64_t ns[ROUNDS];
    struct kiosk k;
    struct sotto_item items[TOP];
    kiosk_make(&k, 20, &(struct make_policy){.idle_s = 3600}, 1);
    uint8_t *pack = calloc(1, MAKE_PACK_MAX);
    size_t n = make_model_pack(pack, m, 8, 2);
    make_signed_file(k.model_path, pack, n, KIOSK_MODEL_KEY);
    free(pack);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, NULL, 1u << SOTTO_PURPOSE_PERSONALISE);
    for (int h = 0; h < HISTORY; h++)
        kiosk_record(&k, s, dice_below(d, m->n_items), SOTTO_EVENT_SELECT);
    kiosk_slate(&k, s, items, TOP, NULL); /* the banner, once */
    for (int r = 0; r < ROUNDS; r++) {
        kiosk_record(&k, s, dice_below(d, m->n_items), SOTTO_EVENT_VIEW);
        uint64_t start = now_ns();
        struct sotto_slate_view view = kiosk_slate(&k, s, items, TOP, NULL);
        ns[r] = now_ns() - start;
        assert_int_equal(view.personalised, 1);
    }
    struct sotto_health health = {.size = sizeof health};
    assert_int_equal(sotto_health(k.engine, &health), SOTTO_OK);
    print_row("request to open", m->n_items, ns);
    printf("%-26s %7u items  %zu KiB above the mapped pack of %zu KiB\n", "engine memory",
           m->n_items, health.memory_bytes / 1024, n / 1024);
    kiosk_free(&k);
}

static void slates(void **state) {
    (void)state;
    static const uint32_t sizes[] = {3000, 10000, 41000};
    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
        struct dice d = {sizes[i]};
        struct model m = sparse_model(&d, sizes[i]);
        bench_scoring(&m, &d);
        bench_call(&m, &d);
        free_model(&m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(slates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
