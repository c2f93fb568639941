/* parallel: work in slices from a shared counter. See parallel.h. */
#include "tools/sotto-pack/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "tools/common/cli.h"

enum { THREADS_MAX = 256, SLICE = 64 };

struct shared {
    uint32_t n;
    atomic_uint next;
    void (*work)(void *ctx, int thread, uint32_t i);
    void *ctx;
    struct cli_progress progress;
    int is_shown;
};

struct worker {
    struct shared *shared;
    int number;
};

static void *run(void *arg) {
    struct worker *w = arg;
    struct shared *s = w->shared;
    for (;;) {
        uint32_t i = atomic_fetch_add(&s->next, SLICE);
        if (i >= s->n) return NULL;
        uint32_t end = s->n - i < SLICE ? s->n : i + SLICE;
        for (; i < end; i++) s->work(s->ctx, w->number, i);
        if (w->number == 0 && s->is_shown) cli_progress_to(&s->progress, i);
    }
}

void parallel_each(uint32_t n, int threads, const char *label,
                   void (*work)(void *ctx, int thread, uint32_t i), void *ctx) {
    struct shared s = {.n = n, .work = work, .ctx = ctx, .is_shown = label != NULL};
    struct worker workers[THREADS_MAX];
    pthread_t ids[THREADS_MAX] = {0};
    int started = 1;
    if (threads > THREADS_MAX) threads = THREADS_MAX;
    atomic_init(&s.next, 0);
    if (label) cli_progress_begin(&s.progress, label, n);
    for (; started < threads;
         started++) { /* one that cannot be started leaves its share to others */
        workers[started] = (struct worker){&s, started};
        if (pthread_create(&ids[started], NULL, run, &workers[started]) != 0) break;
    }
    workers[0] = (struct worker){&s, 0};
    run(&workers[0]);
    for (int t = 1; t < started; t++) pthread_join(ids[t], NULL);
    if (label) cli_progress_end(&s.progress);
}
