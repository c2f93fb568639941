/* canary: finds out whether bytes that must never reach storage did. Reads whole files, so nothing
 * that a format hides (free pages, logs, gaps) is missed. */
#ifndef SOTTO_TEST_CANARY_H
#define SOTTO_TEST_CANARY_H

#include <stddef.h>
#include <stdint.h>

/* A text that occurs nowhere by chance: 60 letters and digits derived from `number`, and a NUL. */
#define CANARY_BYTES 60
void canary_make(char canary[CANARY_BYTES + 1], unsigned number);

/* Shorter pieces than this are not looked for: at 12 bytes a chance hit in a megabyte of noise has
 * probability 2^-76. */
#define CANARY_PIECE 12

/* How many of the files under `dir` (with subfolders) hold any CANARY_PIECE bytes in a row of
 * `secret`, at any offset. `stride` 1 tries each piece; CANARY_PIECE only every twelfth byte's,
 * which still finds any leak of twice the length. -1 when a file cannot be read. */
int canary_count(const char *dir, const void *secret, size_t n, size_t stride);

/* Reads a whole file into memory the caller frees; NULL when it cannot be read. */
uint8_t *file_slurp(const char *path, size_t *n);
/* Replaces a file's content; 0 or -1. */
int file_spill(const char *path, const void *bytes, size_t n);
/* Removes a folder made by mkdtemp and all that is in it. */
void folder_remove(const char *dir);

#endif
