/* times: clocks, quantiles, and what the machine's memory gives. */
#include "tests/bench/support/bench.h"

#include <stdlib.h>
#include <time.h>

struct bench_times bench_times_of(size_t cap) {
    struct bench_times t = {calloc(cap, sizeof(uint64_t)), 0, cap};
    if (!t.ns) abort();
    return t;
}

uint64_t bench_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void bench_add(struct bench_times *t, uint64_t ns) {
    if (t->n == t->cap) abort();
    t->ns[t->n++] = ns;
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

double bench_us(struct bench_times *t, double share) {
    qsort(t->ns, t->n, sizeof *t->ns, by_value);
    return (double)t->ns[(size_t)((double)(t->n - 1) * share)] / 1e3;
}

void bench_times_free(struct bench_times *t) { free(t->ns); }

/* ---- Memory ------------------------------------------------------------------------------ */

enum { BUFFER_BYTES = 256 << 20, PASSES = 7 };
static volatile uint64_t sink;

static void read_all(const uint64_t *words, size_t n) {
    uint64_t sums[8] = {0};
    for (size_t i = 0; i + 8 <= n; i += 8)
        for (size_t t = 0; t < 8; t++) sums[t] += words[i + t];
    for (size_t t = 0; t < 8; t++) sink += sums[t];
}

static uint64_t *buffer(void) {
    static uint64_t *words;
    if (!words) {
        words = malloc(BUFFER_BYTES);
        if (!words) abort();
        for (size_t i = 0; i < BUFFER_BYTES / sizeof *words; i++) words[i] = i;
    }
    return words;
}

double bench_bandwidth(void) {
    const uint64_t *words = buffer();
    uint64_t best = UINT64_MAX;
    for (int pass = 0; pass < PASSES; pass++) {
        uint64_t start = bench_now_ns();
        read_all(words, BUFFER_BYTES / sizeof *words);
        uint64_t ns = bench_now_ns() - start;
        if (ns < best) best = ns;
    }
    return (double)BUFFER_BYTES / ((double)best / 1e3);
}

void bench_chill(void) { read_all(buffer(), BUFFER_BYTES / 4 / sizeof(uint64_t)); }

/* ---- Marks for counters -------------------------------------------------------------------- */

__attribute__((noinline)) void bench_counting_starts(void) { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) void bench_counting_ends(void) { __asm__ volatile("" ::: "memory"); }

__attribute__((noinline)) void bench_counted(void (*work)(void *), void *arg) {
    bench_counting_starts();
    work(arg);
    bench_counting_ends();
}
