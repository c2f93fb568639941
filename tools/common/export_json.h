/* export_json: shapes what sotto_export hands out into one JSON document (its schema is
 * tools/sotto/export.schema.json). Host side only. */
#ifndef SOTTO_EXPORT_JSON_H
#define SOTTO_EXPORT_JSON_H

#include "sotto_people.h"
#include "tools/common/json.h"

struct export_json {
    struct json json;
};

/* Begins a document; facts then go to export_json_put, one by one, as sotto_export gives them. */
void export_json_begin(struct export_json *x, FILE *to);
/* For sotto_export; `ctx` is the struct export_json. */
int export_json_put(void *ctx, const struct sotto_fact *fact);
/* Ends the document. -1 when it could not be written. */
int export_json_end(struct export_json *x) SOTTO_MUST_CHECK;

#endif
