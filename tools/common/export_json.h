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

/* A whole document of what is known of a session's person, made in memory, so that no half export
 * is left behind; with `seal_key` sealed for the holder of that X25519 key. *bytes is to be wiped
 * and freed. Returns an enum sotto_status: SOTTO_E_KEY when the key is none. */
int export_json_make(struct sotto *engine, sotto_session session, const uint8_t *seal_key,
                     uint8_t **bytes, size_t *n) SOTTO_MUST_CHECK;

#endif
