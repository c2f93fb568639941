/* fuzz: what the fuzz targets share. Each defines LLVMFuzzerTestOneInput
 * (https://llvm.org/docs/LibFuzzer.html) and aborts when a promise is broken, not only when memory
 * is. */
#ifndef SOTTO_FUZZ_H
#define SOTTO_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline void must(int is_true) {
    if (!is_true) abort();
}

#endif
