/* files: a directory for one test, and files in it. */
#ifndef SOTTO_TEST_FILES_H
#define SOTTO_TEST_FILES_H

#include <stddef.h>

/* Makes a fresh directory; fails the test on error. */
void scratch_make(char dir[64]);
/* Removes it with all it holds. */
void scratch_free(const char *dir);
/* Writes dir/name and returns its path, valid until the next call. */
const char *scratch_file(const char *dir, const char *name, const void *bytes, size_t n);
const char *scratch_text(const char *dir, const char *name, const char *text);

#endif
