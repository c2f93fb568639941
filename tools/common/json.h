/* json: a small writer; commas and escapes are its business. Host side only. */
#ifndef SOTTO_JSON_H
#define SOTTO_JSON_H

#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *to;
    int depth, needs_comma;
};

struct json json_to(FILE *to);
/* Every value may be preceded by a key (NULL inside arrays and at the top). Strings are escaped and
 * made valid UTF-8. json_double (not json_real, which is jansson's) prints NaN and infinities as
 * null. */
void json_begin_object(struct json *j, const char *key);
void json_end_object(struct json *j);
void json_begin_array(struct json *j, const char *key);
void json_end_array(struct json *j);
void json_text(struct json *j, const char *key, const char *value);
void json_int(struct json *j, const char *key, int64_t value);
void json_uint(struct json *j, const char *key, uint64_t value);
void json_double(struct json *j, const char *key, double value);
void json_bool(struct json *j, const char *key, int value);

#endif
