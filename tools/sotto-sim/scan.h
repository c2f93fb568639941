/* scan: promise 1, tried from outside. Reads every byte of every file under a directory and looks
 * for texts that must not be there. Called by run.c and the tests. */
#ifndef SOTTO_SIM_SCAN_H
#define SOTTO_SIM_SCAN_H

#include <stddef.h>
#include <stdint.h>

struct scan; /* a set of canaries */

/* Shorter canaries would turn up in ciphertext by chance: at 5 bytes, one in 2^40 a place. */
#define SCAN_LEAST 5

struct scan *scan_new(void); /* NULL when memory is short */
void scan_free(struct scan *scan);
/* Adds a canary (copied; doubles and those below SCAN_LEAST bytes are left out). 0, or -1 without
 * memory. */
int scan_add(struct scan *scan, const char *canary);
size_t scan_canaries(const struct scan *scan);

struct scan_result {
    uint64_t files, bytes, hits;
    char first[320]; /* where the first hit is, never what it is: "path, byte 123"; "" if none */
};

/* Looks through `path`, a file or a whole directory tree (links are not followed). Adds to *result.
 * 0, or -1 when something could not be read (errno tells, result->first names it). */
int scan_tree(struct scan *scan, const char *path, struct scan_result *result);

#endif
