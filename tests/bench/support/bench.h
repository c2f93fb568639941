/* bench: what the programs in tests/bench share: a drawn catalogue, times, and the peers that the
 * same work is given to. */
#ifndef SOTTO_BENCH_H
#define SOTTO_BENCH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#else
#include "pack/model.h"
#include "score/score.h"
#include "tests/support/dice.h"
#endif

enum { BENCH_NEIGHBOURS = 100, BENCH_HISTORY = 50, BENCH_TOP = 20, BENCH_DIMENSIONS = 64 };

/* ---- Time -------------------------------------------------------------------------------- */

struct bench_times {
    uint64_t *ns;
    size_t n, cap;
};

struct bench_times bench_times_of(size_t cap);
uint64_t bench_now_ns(void);
void bench_add(struct bench_times *t, uint64_t ns);
/* The time that `share` (0 to 1) of the rounds stay below, in microseconds. */
double bench_us(struct bench_times *t, double share);
void bench_times_free(struct bench_times *t);

/* What this machine's memory gives to one core that reads ahead, bytes per microsecond: the best of
 * several passes over a buffer far larger than the caches. */
double bench_bandwidth(void);
/* Drives everything out of the caches. */
void bench_chill(void);

/* Calls work(arg) between bench_counting_starts and bench_counting_ends, by whose names instruction
 * counters find it (tests/bench/instructions.sh). */
void bench_counted(void (*work)(void *), void *arg);
void bench_counting_starts(void);
void bench_counting_ends(void);

/* ---- The catalogue ------------------------------------------------------------------------ */

#ifndef __cplusplus
/* A model drawn at random: BENCH_NEIGHBOURS an item, priors falling, every eighth weight negative.
 * Skewed: popular items are drawn more often, so that the first 1 % of items make up 10 % of all
 * columns and of all histories. Otherwise all alike. */
struct bench_catalogue {
    int is_skewed;
    struct model fixed; /* n_items is 0 when there are too many for 16 bits */
    struct model varint;
    void *owned[10];
};

void bench_catalogue_draw(struct bench_catalogue *c, struct dice *d, uint32_t n_items,
                          int is_skewed);
void bench_catalogue_free(struct bench_catalogue *c);

/* `n` distinct items that are multiples of `stride`, drawn as columns are. */
void bench_items(const struct bench_catalogue *c, struct dice *d, uint32_t stride, uint32_t *items,
                 size_t n);
/* A history of BENCH_HISTORY distinct items as scoring gets it, the latest first. */
void bench_history(const struct bench_catalogue *c, struct dice *d, uint32_t stride,
                   struct score_input *inputs);

/* Bytes that scoring this history must touch at least, in whole cache lines, each counted once: the
 * rows, where they start, and the sums. */
size_t bench_bytes_touched(const struct model *m, const struct score_input *inputs);

/* ---- The peers ----------------------------------------------------------------------------- */

/* The same model as a table in SQLite, in memory. */
struct sqlite_peer;
/* Holds the rows of every `stride`-th item. */
struct sqlite_peer *sqlite_peer_open(const struct model *m, uint32_t stride);
/* Writes the best BENCH_TOP that are not in the history; returns how many, and the time of the
 * statement alone into *ns. */
size_t sqlite_peer_best(struct sqlite_peer *p, const struct score_input *inputs,
                        struct score_hit *hits, uint64_t *ns);
void sqlite_peer_close(struct sqlite_peer *p);
const char *sqlite_peer_version(void);
#endif

/* Dense vectors in FAISS; there only if its headers were found when this was built. */
struct faiss_peer;
/* Unit vectors drawn from `seed`; 8 bits a dimension if is_quantised, else 32. One thread. */
struct faiss_peer *faiss_peer_open(uint32_t n_items, int is_quantised, uint64_t seed)
    __attribute__((weak));
/* The mean of the items' vectors against all, best BENCH_TOP; returns nanoseconds of the search. */
uint64_t faiss_peer_best(struct faiss_peer *p, const uint32_t *items, size_t n)
    __attribute__((weak));
void faiss_peer_close(struct faiss_peer *p) __attribute__((weak));

#ifdef __cplusplus
}
#endif
#endif
