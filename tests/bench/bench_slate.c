/* bench_slate: what a slate costs, in one table, every way measured in the same run: scoring alone
 * with each kernel and codec; the whole sotto_slate_request → present → open through the library on
 * a simulated kiosk; the floor that memory sets; and the same task given to SQLite and to FAISS.
 *
 *     bench_slate                             the table, and 1 if SQLite's answer ever differs
 *     bench_slate count KERNEL|call ITEMS     one scoring or one call, between marks, for
 *                                             instruction counters
 *
 * Every round has a history of its own, drawn before its time is taken. Figures are of the machine
 * and the moment: compare rows, not runs. */
#include "tests/support/test.h"

#include "score/kernel.h"
#include "tests/bench/support/bench.h"
#include "tests/support/kiosk.h"

enum { ROUNDS = 2000, COLD_ROUNDS = 100, KERNELS_MAX = 4 };

struct size {
    uint32_t n_items;
    size_t peer_rounds;
    uint32_t sqlite_stride; /* every so many rows go into SQLite, so that filling it ends */
};
static const struct size sizes[] = {{3000, 300, 1}, {41000, 200, 1}, {1000000, 15, 10}};

/* ---- The table ---------------------------------------------------------------------------- */

/* Our medians, which the others are divided by. */
static double ours_scoring, ours_call;

static void print_head(uint32_t items, int is_skewed) {
    printf("\n%-44s %7s %11s %11s %9s %8s\n", "", "rounds", "median us", "p99 us", "/scoring",
           "/call");
    printf("%u items, %s draws\n", items, is_skewed ? "skewed" : "uniform");
}

/* Prints a row and returns its median; frees the times. */
static double print_row(const char *what, struct bench_times *t) {
    double median = bench_us(t, 0.5), late = bench_us(t, 0.99);
    printf("  %-42s %7zu %11.1f %11.1f", what, t->n, median, late);
    if (ours_scoring > 0) printf(" %9.1f", median / ours_scoring);
    if (ours_call > 0) printf(" %8.1f", median / ours_call);
    printf("\n");
    fflush(stdout);
    bench_times_free(t);
    return median;
}

/* What the bytes alone would take, read once from memory at its best. */
static void print_floor(double bytes, double bandwidth) {
    char what[64];
    double us = bytes / bandwidth;
    snprintf(what, sizeof what, "  floor: %.0f KB at %.1f GB/s", bytes / 1e3, bandwidth / 1e3);
    printf("  %-42s %7s %11.1f %11s", what, "", us, "");
    if (ours_scoring > 0) printf(" %9.1f", us / ours_scoring);
    if (ours_call > 0) printf(" %8.1f", us / ours_call);
    printf("\n");
}

/* ---- Ours: scoring ------------------------------------------------------------------------- */

struct scorer {
    const struct model *model;
    struct score_work work;
    struct score_filter filter;
    uint8_t *seen;
};

static struct scorer scorer_of(const struct model *m) {
    struct scorer s = {.model = m};
    s.work.sums = calloc(m->n_items, sizeof *s.work.sums);
    s.work.touched = calloc(score_touched_places(m->n_items), sizeof *s.work.touched);
    s.seen = calloc((m->n_items + 7) / 8, 1);
    assert_true(s.work.sums && s.work.touched && s.seen);
    s.filter.seen = s.seen;
    return s;
}

static void scorer_free(struct scorer *s) {
    free(s->work.sums);
    free(s->work.touched);
    free(s->seen);
}

static void mark_seen(struct scorer *s, const struct score_input *inputs) {
    for (size_t h = 0; h < BENCH_HISTORY; h++)
        s->seen[inputs[h].item >> 3] ^= (uint8_t)(1u << (inputs[h].item & 7));
}

/* The best BENCH_TOP; returns nanoseconds of the scoring alone. */
static uint64_t score(struct scorer *s, const struct score_kernel *kernel,
                      const struct score_input *inputs, struct score_hit *hits) {
    mark_seen(s, inputs);
    uint64_t start = bench_now_ns();
    size_t n = score_best_with(kernel, s->model, inputs, BENCH_HISTORY, &s->filter, &s->work, hits,
                               BENCH_TOP);
    uint64_t ns = bench_now_ns() - start;
    mark_seen(s, inputs);
    assert_int_equal(n, BENCH_TOP);
    return ns;
}

/* Kernels take turns, so that a disturbance hits all of them. Returns the fastest median. */
static double bench_scoring(const struct bench_catalogue *c, const struct model *m, struct dice *d,
                            double bandwidth) {
    const struct score_kernel *const *kernels = score_kernels();
    const char *codec = m->codec == MODEL_FIXED16 ? "fixed16" : "varint";
    struct scorer s = scorer_of(m);
    struct bench_times times[KERNELS_MAX], cold = bench_times_of(COLD_ROUNDS);
    struct score_input inputs[BENCH_HISTORY];
    struct score_hit hits[BENCH_TOP];
    double fastest = 0, bytes = 0;
    char what[64];
    for (size_t k = 0; kernels[k]; k++) times[k] = bench_times_of(ROUNDS);
    for (int r = 0; r < ROUNDS; r++) {
        for (size_t k = 0; kernels[k]; k++) {
            bench_history(c, d, 1, inputs);
            bench_add(&times[k], score(&s, kernels[k], inputs, hits));
        }
        bytes += (double)bench_bytes_touched(m, inputs) / ROUNDS;
    }
    for (int r = 0; r < COLD_ROUNDS; r++) {
        bench_history(c, d, 1, inputs);
        bench_chill();
        bench_add(&cold, score(&s, score_kernel_best(), inputs, hits));
    }
    for (size_t k = 0; kernels[k]; k++) {
        snprintf(what, sizeof what, "scoring, %s, %s", codec, kernels[k]->name);
        fastest = print_row(what, &times[k]);
    }
    snprintf(what, sizeof what, "scoring, %s, %s, caches cold", codec, score_kernel_best()->name);
    print_row(what, &cold);
    print_floor(bytes, bandwidth);
    scorer_free(&s);
    return fastest;
}

/* ---- Ours: the whole call ------------------------------------------------------------------ */

static size_t kiosk_of(struct kiosk *k, const struct model *m) {
    kiosk_make(k, 20, &(struct make_policy){.idle_s = 3600}, 1);
    size_t cap = ((size_t)m->n_edges * 4) + ((size_t)m->n_items * 128) + (1u << 20);
    uint8_t *pack = malloc(cap);
    assert_non_null(pack);
    size_t n = make_large_model_pack(pack, cap, m, 8, 2);
    make_signed_file(k->model_path, pack, n, KIOSK_MODEL_KEY);
    free(pack);
    kiosk_open(k);
    return n;
}

static sotto_slate request(struct kiosk *k, sotto_session s) {
    static const struct sotto_slate_request all = {.size = sizeof all, .count = BENCH_TOP};
    sotto_slate slate = 0;
    if (sotto_slate_request(k->engine, s, &all, &slate) != SOTTO_OK) return 0;
    return sotto_slate_present(k->engine, slate) == SOTTO_OK ? slate : 0;
}

/* A visitor who has accepted the banner and whose last BENCH_HISTORY items are new. */
static sotto_session visitor(struct kiosk *k, const struct bench_catalogue *c, struct dice *d) {
    uint32_t items[BENCH_HISTORY + 1];
    struct sotto_item shown[BENCH_TOP];
    bench_items(c, d, 1, items, BENCH_HISTORY + 1);
    sotto_session s = kiosk_session(k, NULL, 1u << SOTTO_PURPOSE_PERSONALISE);
    kiosk_record(k, s, items[BENCH_HISTORY], SOTTO_EVENT_VIEW);
    kiosk_slate(k, s, shown, BENCH_TOP, NULL);
    for (int h = 0; h < BENCH_HISTORY; h++) kiosk_record(k, s, items[h], SOTTO_EVENT_SELECT);
    return s;
}

struct call {
    struct kiosk *kiosk;
    sotto_session session;
};

static void call(void *arg) {
    const struct call *c = arg;
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[BENCH_TOP];
    sotto_slate slate = request(c->kiosk, c->session);
    if (sotto_slate_open(c->kiosk->engine, slate, &view, items, BENCH_TOP) != SOTTO_OK ||
        !view.personalised || view.count != BENCH_TOP)
        fail_msg("the call failed: %s", sotto_last_error(c->kiosk->engine));
}

static void bench_call(const struct bench_catalogue *c, const struct model *m, struct dice *d) {
    struct bench_times warm = bench_times_of(ROUNDS), cold = bench_times_of(COLD_ROUNDS);
    struct kiosk k;
    size_t pack_bytes = kiosk_of(&k, m);
    for (int r = 0; r < ROUNDS + COLD_ROUNDS; r++) {
        struct call one = {&k, visitor(&k, c, d)};
        if (r >= ROUNDS) bench_chill();
        uint64_t start = bench_now_ns();
        call(&one);
        bench_add(r >= ROUNDS ? &cold : &warm, bench_now_ns() - start);
        assert_int_equal(sotto_session_end(k.engine, one.session), SOTTO_OK);
    }
    ours_call = print_row("request, present, open", &warm);
    print_row("request, present, open, caches cold", &cold);
    struct sotto_health health = {.size = sizeof health};
    assert_int_equal(sotto_health(k.engine, &health), SOTTO_OK);
    printf("  pack %.1f MB (%s); engine memory above it %.2f MiB\n", (double)pack_bytes / 1e6,
           m->codec == MODEL_FIXED16 ? "fixed16" : "varint",
           (double)health.memory_bytes / (1 << 20));
    if (c->fixed.n_items) printf("  edges %.1f MB as fixed16,", 3e-6 * c->fixed.n_edges);
    printf("  edges %.1f MB as varint\n", 1e-6 * c->varint.row_starts[m->n_items]);
    kiosk_free(&k);
}

/* ---- The others ---------------------------------------------------------------------------- */

/* Its answers are held against ours: the time of a wrong answer says nothing. */
static void bench_sqlite(const struct bench_catalogue *c, const struct size *size, struct dice *d) {
    struct bench_times t = bench_times_of(size->peer_rounds);
    struct sqlite_peer *p = sqlite_peer_open(&c->varint, size->sqlite_stride);
    struct scorer s = scorer_of(&c->varint);
    for (size_t r = 0; r < size->peer_rounds; r++) {
        struct score_input inputs[BENCH_HISTORY];
        struct score_hit ours[BENCH_TOP], theirs[BENCH_TOP];
        uint64_t ns;
        bench_history(c, d, size->sqlite_stride, inputs);
        size_t n = sqlite_peer_best(p, inputs, theirs, &ns);
        bench_add(&t, ns);
        score(&s, score_kernel_best(), inputs, ours);
        assert_int_equal(n, BENCH_TOP);
        assert_memory_equal(ours, theirs, sizeof ours);
    }
    char what[64];
    snprintf(what, sizeof what, "SQLite %s, same 20 items%s", sqlite_peer_version(),
             size->sqlite_stride > 1 ? ", 1 row in 10" : "");
    print_row(what, &t);
    sqlite_peer_close(p);
    scorer_free(&s);
}

/* Debian builds FAISS for every x86-64; the floor below says what no build could beat once the
 * vectors are larger than the caches. */
static void bench_faiss(const struct bench_catalogue *c, const struct size *size, struct dice *d,
                        int is_quantised, double bandwidth) {
    const char *what =
        is_quantised ? "FAISS ScalarQuantizer 8 bit, 64 dim." : "FAISS FlatIP, 64 dim.";
    if (!faiss_peer_open) {
        printf("  %-42s not built: libfaiss-dev is not installed (tools/dev/setup.sh bench)\n",
               what);
        return;
    }
    struct bench_times t = bench_times_of(size->peer_rounds);
    struct faiss_peer *p = faiss_peer_open(size->n_items, is_quantised, 1);
    for (size_t r = 0; r < size->peer_rounds; r++) {
        uint32_t items[BENCH_HISTORY];
        bench_items(c, d, 1, items, BENCH_HISTORY);
        bench_add(&t, faiss_peer_best(p, items, BENCH_HISTORY));
    }
    print_row(what, &t);
    faiss_peer_close(p);
    print_floor((double)size->n_items * BENCH_DIMENSIONS * (is_quantised ? 1 : sizeof(float)),
                bandwidth);
}

/* ---- All of it ----------------------------------------------------------------------------- */

static void table(void **state) {
    (void)state;
    double bandwidth = bench_bandwidth();
    printf("%d neighbours an item, history %d, top %d; one core\n", BENCH_NEIGHBOURS, BENCH_HISTORY,
           BENCH_TOP);
    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++)
        for (int is_skewed = 1; is_skewed >= 0; is_skewed--) {
            struct bench_catalogue c;
            struct dice d = {sizes[i].n_items};
            bench_catalogue_draw(&c, &d, sizes[i].n_items, is_skewed);
            ours_scoring = ours_call = 0;
            print_head(sizes[i].n_items, is_skewed);
            double varint = bench_scoring(&c, &c.varint, &d, bandwidth), fixed = 0;
            if (c.fixed.n_items) fixed = bench_scoring(&c, &c.fixed, &d, bandwidth);
            ours_scoring = fixed > 0 ? fixed : varint;
            if (is_skewed) {
                bench_call(&c, fixed > 0 ? &c.fixed : &c.varint, &d);
                bench_sqlite(&c, &sizes[i], &d);
                bench_faiss(&c, &sizes[i], &d, 0, bandwidth);
                bench_faiss(&c, &sizes[i], &d, 1, bandwidth);
            }
            bench_catalogue_free(&c);
        }
}

/* ---- For instruction counters -------------------------------------------------------------- */

struct scoring {
    struct scorer scorer;
    const struct score_kernel *kernel;
    struct score_input inputs[BENCH_HISTORY];
    struct score_hit hits[BENCH_TOP];
};

static void score_once(void *arg) {
    struct scoring *s = arg;
    score_best_with(s->kernel, s->scorer.model, s->inputs, BENCH_HISTORY, &s->scorer.filter,
                    &s->scorer.work, s->hits, BENCH_TOP);
}

static const char *counted;
static uint32_t counted_items; /* at most 65536 */

static void count(void **state) {
    (void)state;
    struct bench_catalogue c;
    struct dice d = {counted_items};
    bench_catalogue_draw(&c, &d, counted_items, 1);
    if (strcmp(counted, "call") == 0) {
        struct kiosk k;
        kiosk_of(&k, &c.fixed);
        struct call one = {&k, visitor(&k, &c, &d)};
        bench_counted(call, &one);
        kiosk_free(&k);
    } else {
        struct scoring s = {.scorer = scorer_of(&c.fixed)};
        for (const struct score_kernel *const *k = score_kernels(); *k; k++)
            if (strcmp((*k)->name, counted) == 0) s.kernel = *k;
        if (!s.kernel) skip(); /* this CPU has no such kernel */
        bench_history(&c, &d, 1, s.inputs);
        mark_seen(&s.scorer, s.inputs);
        bench_counted(score_once, &s);
        scorer_free(&s.scorer);
    }
    bench_catalogue_free(&c);
}

int main(int argc, char **argv) {
    const struct CMUnitTest measure[] = {cmocka_unit_test(table)};
    const struct CMUnitTest once[] = {cmocka_unit_test(count)};
    if (argc == 1) return cmocka_run_group_tests(measure, NULL, NULL);
    counted_items = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
    if (argc != 4 || strcmp(argv[1], "count") != 0 || counted_items < 1000 ||
        counted_items > 65536) {
        fprintf(stderr, "usage: bench_slate [count KERNEL|call ITEMS]    (1000 to 65536 items)\n");
        return 2;
    }
    counted = argv[2];
    return cmocka_run_group_tests(once, NULL, NULL);
}
