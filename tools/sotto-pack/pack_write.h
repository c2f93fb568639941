/* pack_write: lays out a pack's bytes as src/FORMAT.md says, the same bytes for the same input, and
 * moves finished files into place whole or not at all. Called by train, policy, sign and keygen. */
#ifndef SOTTO_PACK_WRITE_H
#define SOTTO_PACK_WRITE_H

#include "pack/pack.h"

#define PACK_WRITE_MIN_ENGINE 1000u /* 0.1.0, the first engine that reads format 1 */

/* What the header says about a pack. */
struct pack_manifest {
    enum pack_role role;
    uint64_t version;    /* at least 1 */
    int64_t not_after_s; /* seconds since 1970; 0 means never */
    int64_t created_s;   /* seconds since 1970 */
    uint32_t min_engine;
    const char *device_class; /* at most PACK_CLASS_MAX bytes; "" fits all */
};

struct pack_part {
    enum pack_section_id id;
    const void *bytes;
    size_t n;
};

/* Builds the container from `n` parts with ascending ids into a fresh block *bytes of *size bytes,
 * to be freed by the caller. SOTTO_E_ARGUMENT when a field is out of range, SOTTO_E_LIMIT past
 * PACK_BYTES_MAX; then *bytes is NULL. Needs crypto_init. */
int pack_build(const struct pack_manifest *manifest, const struct pack_part *parts, uint32_t n,
               uint8_t **bytes, size_t *size, struct sotto_error *err) MUST_CHECK;

/* Reads a whole regular file of at most `most` bytes into a fresh block with a NUL behind it. */
int packfile_read(const char *path, size_t most, uint8_t **bytes, size_t *n,
                  struct sotto_error *err) MUST_CHECK;
/* Whether `path` may be written: its folder lets files be made, there is nothing yet, or a regular
 * file (a link, device or pipe is not replaced: SOTTO_E_IO) that is none of the `n` inputs (NULLs
 * are passed over; SOTTO_E_ARGUMENT). To be asked before the work. */
int packfile_check_out(const char *path, const char *const *inputs, size_t n,
                       struct sotto_error *err) MUST_CHECK;
/* Replaces `path` atomically: a temporary file beside it with `mode`, synced, then renamed. After a
 * failure the old file is untouched and nothing is left behind. Anything but a regular file is left
 * alone, as packfile_check_out says. */
int packfile_replace(const char *path, const void *bytes, size_t n, unsigned mode,
                     struct sotto_error *err) MUST_CHECK;
/* The same, but fails when `path` exists (SOTTO_E_STATE), even if it appears meanwhile. */
int packfile_create(const char *path, const void *bytes, size_t n, unsigned mode,
                    struct sotto_error *err) MUST_CHECK;

#endif
