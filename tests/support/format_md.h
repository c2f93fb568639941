/* format_md: the examples in src/FORMAT.md, so that tests can hold the code against them. */
#ifndef SOTTO_TEST_FORMAT_MD_H
#define SOTTO_TEST_FORMAT_MD_H

#include <stddef.h>
#include <stdint.h>

/* The hex digits of the fenced block after the first line that holds `heading`; from # on a line is
 * comment. Returns how many bytes; fails the test when there are more than `cap`. */
size_t hex_after(const char *heading, uint8_t *out, size_t cap);

#endif
