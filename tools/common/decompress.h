/* decompress: a file as a stream of bytes, plain, .xz or .zst, recognised by its first bytes.
 * Memory is bounded whatever the file claims. Host side only; called by csv.c. */
#ifndef SOTTO_DECOMPRESS_H
#define SOTTO_DECOMPRESS_H

#include <stddef.h>

#include "sotto.h"

struct stream; /* one open file */

/* NULL and `err` when the file cannot be opened. `path` must outlive the stream. */
struct stream *stream_open(const char *path, struct sotto_error *err);
/* Reads up to `cap` bytes; *n is 0 only at the end. SOTTO_E_IO, SOTTO_E_FORMAT (damaged or cut off;
 * names the place) or SOTTO_E_MEMORY. */
int stream_read(struct stream *s, void *buf, size_t cap, size_t *n, struct sotto_error *err);
/* How many bytes of the file were taken, and how many it has (0: not known, as of a pipe). */
void stream_progress(const struct stream *s, uint64_t *done, uint64_t *total);
void stream_close(struct stream *s);

#endif
