/* clean: which lines are purchases of products, and why the others are not. Called by dataset.c. */
#ifndef SOTTO_CLEAN_H
#define SOTTO_CLEAN_H

#include "tools/common/lines.h"

/* Marks in keep[i] (one byte a line) what stays; counts every reason in *quality, whose patterns it
 * fills. */
int lines_judge(const struct lines *lines, const struct dataset_options *options, uint8_t *keep,
                struct dataset_quality *quality, struct sotto_error *err) MUST_CHECK;

/* SOTTO_E_FORMAT: cleaning left nothing of `path`. Says the reason that took most lines, the first
 * of them and what to do. */
int lines_none_left(const struct dataset_quality *quality, const char *path,
                    struct sotto_error *err);

#endif
