/* memory: how much of it learning may take without swapping. Called by fit. */
#ifndef SOTTO_PACK_MEMORY_H
#define SOTTO_PACK_MEMORY_H

#include <stdint.h>

/* Bytes that this machine, and every control group that this process is in, can give now;
 * UINT64_MAX when none tells. What files keep in memory counts as free: it is given back when it is
 * needed. `root` stands before /proc and /sys: "" but in tests. */
uint64_t memory_now(const char *root);

#endif
