/* outfile: files of text that appear under their name whole or not at all. What is written goes to
 * a temporary file beside it, which takes the name once it is complete. Called by sotto-sim. */
#ifndef SOTTO_OUTFILE_H
#define SOTTO_OUTFILE_H

#include <limits.h>
#include <stdio.h>

struct outfile {
    FILE *to;
    char path[PATH_MAX];      /* of the finished file, symbolic links followed */
    char temporary[PATH_MAX]; /* "": written in place */
};

/* Opens what is to become `path`; the stream to write to, or NULL with errno. "-" is standard
 * output; a device or a pipe is written to in place, since nothing in it could be replaced. */
FILE *outfile_open(struct outfile *o, const char *path);
/* Whether it can be opened, before work that takes long. 0, or -1 with errno. */
int outfile_check(const char *path);
/* Ends the file. `is_good` 0 gives it up. 0, or -1 with errno when it could not be written; then,
 * as when it is given up, what stood under the name before still stands there. */
int outfile_close(struct outfile *o, int is_good);

#endif
