/* json: see json.h. */
#include "tools/common/json.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

struct json json_to(FILE *to) {
    struct json j = {to, 0, 0};
    return j;
}

/* Length of the well-formed UTF-8 sequence at `s`, 0 if there is none (RFC 3629). */
static size_t sequence(const unsigned char *s) {
    if (s[0] < 0x80) return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf) return (s[1] & 0xc0) == 0x80 ? 2 : 0;
    if (s[0] >= 0xe0 && s[0] <= 0xef) {
        unsigned char least = s[0] == 0xe0 ? 0xa0 : 0x80, most = s[0] == 0xed ? 0x9f : 0xbf;
        return s[1] >= least && s[1] <= most && (s[2] & 0xc0) == 0x80 ? 3 : 0;
    }
    if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        unsigned char least = s[0] == 0xf0 ? 0x90 : 0x80, most = s[0] == 0xf4 ? 0x8f : 0xbf;
        return s[1] >= least && s[1] <= most && (s[2] & 0xc0) == 0x80 && (s[3] & 0xc0) == 0x80 ? 4
                                                                                               : 0;
    }
    return 0;
}

static void quoted(FILE *to, const char *text) {
    const unsigned char *s = (const unsigned char *)text;
    fputc('"', to);
    while (*s) {
        size_t n = sequence(s);
        if (n == 0) {
            fputs("\\ufffd", to);
            s++;
        } else if (n == 1) {
            if (*s == '"' || *s == '\\')
                fprintf(to, "\\%c", *s);
            else if (*s < 0x20 || *s == 0x7f || *s == '<') /* '<' so that it may stand in HTML */
                fprintf(to, "\\u%04x", *s);
            else
                fputc(*s, to);
            s++;
        } else {
            fwrite(s, 1, n, to);
            s += n;
        }
    }
    fputc('"', to);
}

static void start(struct json *j, const char *key) {
    if (j->needs_comma) fputc(',', j->to);
    if (j->depth > 0) fprintf(j->to, "\n%*s", 2 * j->depth, "");
    if (key) {
        quoted(j->to, key);
        fputs(": ", j->to);
    }
    j->needs_comma = 1;
}

static void open_with(struct json *j, const char *key, char bracket) {
    start(j, key);
    fputc(bracket, j->to);
    j->depth++;
    j->needs_comma = 0;
}

static void close_with(struct json *j, char bracket) {
    j->depth--;
    if (j->needs_comma) fprintf(j->to, "\n%*s", 2 * j->depth, "");
    fputc(bracket, j->to);
    if (j->depth == 0) fputc('\n', j->to);
    j->needs_comma = 1;
}

void json_begin_object(struct json *j, const char *key) { open_with(j, key, '{'); }
void json_end_object(struct json *j) { close_with(j, '}'); }
void json_begin_array(struct json *j, const char *key) { open_with(j, key, '['); }
void json_end_array(struct json *j) { close_with(j, ']'); }

void json_text(struct json *j, const char *key, const char *value) {
    start(j, key);
    quoted(j->to, value);
}

void json_int(struct json *j, const char *key, int64_t value) {
    start(j, key);
    fprintf(j->to, "%" PRId64, value);
}

void json_uint(struct json *j, const char *key, uint64_t value) {
    start(j, key);
    fprintf(j->to, "%" PRIu64, value);
}

void json_double(struct json *j, const char *key, double value) {
    start(j, key);
    if (isfinite(value))
        fprintf(j->to, "%.10g", value);
    else
        fputs("null", j->to);
}

void json_bool(struct json *j, const char *key, int value) {
    start(j, key);
    fputs(value ? "true" : "false", j->to);
}
