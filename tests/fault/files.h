/* files: a folder for a device with real files, in memory where the system has such a place: a
 * killed process leaves all it wrote, so the medium does not matter, only the time it takes. */
#ifndef SOTTO_FAULT_FILES_H
#define SOTTO_FAULT_FILES_H

#include "tests/fault/checker.h"
#include "tests/fault/world.h"

void files_make(char dir[64]);
/* Starts `w` as a device on them, which believes `b`. */
void files_start(struct world *w, const char *dir, uint64_t life, const struct belief *b);
/* Opens an engine on them and holds what it tells against the two beliefs; `b` is what is then
 * known. */
void files_judge(const char *dir, uint64_t life, const struct belief *low,
                 const struct belief *high, struct belief *b, struct verdict *v);

#endif
