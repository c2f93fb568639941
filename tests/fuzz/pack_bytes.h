/* pack_bytes: a container whose lengths and hashes fit whatever the fuzzer made of it, so that what
 * is inside is reached. */
#ifndef SOTTO_FUZZ_PACK_BYTES_H
#define SOTTO_FUZZ_PACK_BYTES_H

#include "crypto/crypto.h"
#include "pack/pack.h"
#include "tests/fuzz/fuzz.h"

static inline void pack_mend(uint8_t *bytes, size_t n) {
    if (n < PACK_HEADER_BYTES) return;
    memcpy(bytes, PACK_MAGIC, 8);
    store32(bytes + 8, PACK_FORMAT);
    store32(bytes + 32, 0);
    store64(bytes + 40, n);
    uint32_t sections = load32(bytes + 36);
    for (uint32_t i = 0; i < sections && i < PACK_SECTIONS_MAX; i++) {
        size_t at = PACK_HEADER_BYTES + (size_t)i * PACK_SECTION_BYTES;
        if (n < at + PACK_SECTION_BYTES) return;
        uint64_t offset = load64(bytes + at + 8), length = load64(bytes + at + 16);
        if (offset > n || length > n - offset) continue;
        hash256(bytes + at + 24, bytes + offset, (size_t)length);
    }
}

/* A copy on the 64 bytes that maps have, of exactly the length, for the sanitizer to guard. */
static inline uint8_t *pack_copy(const uint8_t *data, size_t n) {
    void *copy = NULL;
    must(posix_memalign(&copy, 64, n ? n : 1) == 0);
    if (n) memcpy(copy, data, n);
    return copy;
}

#endif
