/* parallel: the same work on many items by a few threads. The result of an item must not depend on
 * the others, so it does not depend on the number of threads. Called by ease and sparse. */
#ifndef SOTTO_PACK_PARALLEL_H
#define SOTTO_PACK_PARALLEL_H

#include <stdint.h>

/* Calls work(ctx, thread, i) once for each i < n, thread < threads; shows a progress line named
 * `label` (NULL: none). */
void parallel_each(uint32_t n, int threads, const char *label,
                   void (*work)(void *ctx, int thread, uint32_t i), void *ctx);

#endif
