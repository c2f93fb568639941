/* lists: "user item item …" a line, the form of public recommender benchmarks, read into the same
 * lines as a table. Called by lines.c. */
#ifndef SOTTO_LISTS_H
#define SOTTO_LISTS_H

#include "tools/common/lines.h"

/* How `path` is written, by its first line: blank-separated words without a comma, semicolon or tab
 * are lists. What cannot be read twice (a pipe) is taken for a table. */
enum dataset_format lists_or_table(const char *path);

/* Reads the whole file: one line of `lines` for each user and item, time 0, basket and customer the
 * user. Lines may be of any length. Counts bad and lonely users in *quality. */
int lists_read(struct lines *lines, const char *path, const struct dataset_options *options,
               struct dataset_quality *quality, struct sotto_error *err) MUST_CHECK;

#endif
