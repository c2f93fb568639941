/* pages: the files of the page, and nothing beside them. Called by web.c. */
#ifndef SOTTO_WEB_PAGES_H
#define SOTTO_WEB_PAGES_H

#include <stdint.h>

/* Opens the file of a URL's path below the folder; "/" is index.html. Its descriptor, *type and
 * *size; -1 when there is none: names that begin with a dot, links, folders, types that a page does
 * not need. */
int pages_open(int folder, const char *path, const char **type, uint64_t *size);

#endif
