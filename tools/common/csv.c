/* csv: see csv.h. A record is first delimited without touching it, then unquoted in place; so a
 * quote that never closes costs its own line and not the rest of the file. */
#include "tools/common/csv.h"

#include <stdlib.h>

#include "tools/common/decompress.h"

/* Room for the longest record and as much again, so that refilling is rare. */
#define BUFFER_BYTES (2 * CSV_RECORD_MAX + 4)

struct csv {
    struct stream *stream;
    struct hash_stream hash;
    uint64_t line;
    size_t at, n;
    int is_done;
    char comma; /* what stands between fields */
    char buffer[BUFFER_BYTES + 1];
};

struct csv *csv_open(const char *path, struct sotto_error *err) {
    struct csv *c = malloc(sizeof *c);
    if (!c) {
        fail(err, SOTTO_E_MEMORY, "no memory to read %s", path);
        return NULL;
    }
    c->stream = stream_open(path, err);
    c->line = 1;
    c->at = c->n = 0;
    c->is_done = 0;
    c->comma = ',';
    if (!c->stream) {
        free(c);
        return NULL;
    }
    hash_stream_begin(&c->hash);
    return c;
}

void csv_close(struct csv *c) {
    if (!c) return;
    stream_close(c->stream);
    free(c);
}

void csv_progress(const struct csv *c, uint64_t *done, uint64_t *total) {
    stream_progress(c->stream, done, total);
}

void csv_hash(struct csv *c, uint8_t hash[HASH_BYTES]) { hash_stream_end(&c->hash, hash); }

/* Moves what is left to the front and reads until the buffer is full or the file ends. */
static int refill(struct csv *c, struct sotto_error *err) {
    int is_first = c->line == 1 && c->n == 0;
    memmove(c->buffer, c->buffer + c->at, c->n - c->at);
    c->n -= c->at;
    c->at = 0;
    while (c->n < BUFFER_BYTES && !c->is_done) {
        size_t got;
        int status = stream_read(c->stream, c->buffer + c->n, BUFFER_BYTES - c->n, &got, err);
        if (status != SOTTO_OK) return status;
        hash_stream_add(&c->hash, c->buffer + c->n, got);
        c->is_done = got == 0;
        c->n += got;
    }
    if (is_first && c->n >= 3 && memcmp(c->buffer, "\xef\xbb\xbf", 3) == 0) c->at = 3;
    return SOTTO_OK;
}

struct extent {
    size_t length; /* without the line break */
    size_t skip;   /* with it */
    uint64_t lines;
    const char *problem;
};

/* The extent of the physical line at the start: where to go on behind a broken record. */
static struct extent physical_line(const char *s, size_t n, const char *problem) {
    const char *nl = memchr(s, '\n', n);
    struct extent e = {nl ? (size_t)(nl - s) : n, nl ? (size_t)(nl - s) + 1 : n, 1, problem};
    return e;
}

static struct extent delimit(const char *s, size_t n, char comma) {
    enum { FIELD_START, PLAIN, QUOTED, QUOTE_SEEN } state = FIELD_START;
    uint64_t lines = 1;
    for (size_t i = 0; i < n; i++) {
        char ch = s[i];
        if (i > CSV_RECORD_MAX)
            return physical_line(s, n,
                                 state == QUOTED ? "a quote is never closed"
                                                 : "the line is longer than 1 MiB");
        if (state == QUOTED) {
            if (ch == '"') state = QUOTE_SEEN;
            if (ch == '\n' && ++lines > CSV_QUOTED_LINES_MAX)
                return physical_line(s, n, "a quote is never closed");
        } else if (ch == '\n') {
            struct extent e = {i, i + 1, lines, NULL};
            return e;
        } else if (ch == comma) {
            state = FIELD_START;
        } else if (state == FIELD_START) {
            state = ch == '"' ? QUOTED : PLAIN;
        } else if (state == QUOTE_SEEN) {
            if (ch == '"')
                state = QUOTED;
            else if (ch != '\r')
                return physical_line(s, n, "text follows a closing quote");
        }
    }
    if (state == QUOTED) return physical_line(s, n, "a quote is never closed");
    struct extent e = {n, n, lines, NULL};
    return e;
}

/* Splits and unquotes in place; the text is NUL-terminated where the record ends. */
static const char *split(char *s, char comma, struct csv_record *r) {
    char *to = s;
    for (;;) {
        if (r->n_fields == CSV_FIELDS_MAX) return "there are too many fields";
        r->fields[r->n_fields++] = to;
        int is_quoted = *s == '"';
        if (is_quoted) s++;
        while (*s && (is_quoted || *s != comma)) {
            if (is_quoted && *s == '"') {
                s++;
                if (*s != '"') {
                    is_quoted = 0;
                    continue;
                }
            }
            *to++ = *s++;
        }
        int is_last = *s == '\0';
        s++;
        *to++ = '\0';
        if (is_last) return NULL;
    }
}

/* Well-formed UTF-8 once the control characters that titles may hold are out of the way. */
static int is_text(char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f) s[i] = ' ';
    if (utf8_is_printable(s, n)) return 1;
    /* C1 controls are valid UTF-8: blank them and look again. */
    for (size_t i = 0; i + 1 < n; i++)
        if ((unsigned char)s[i] == 0xc2 && (unsigned char)s[i + 1] < 0xa0 &&
            (unsigned char)s[i + 1] >= 0x80)
            s[i] = s[i + 1] = ' ';
    return utf8_is_printable(s, n);
}

/* Comma, semicolon or tab: whichever the first line holds most, outside quotes. */
static char find_comma(const char *s, size_t n) {
    static const char marks[] = ",;\t";
    size_t counts[3] = {0};
    int is_quoted = 0, best = 0;
    for (size_t i = 0; i < n && s[i] != '\n'; i++) {
        if (s[i] == '"') is_quoted = !is_quoted;
        const char *mark = s[i] ? strchr(marks, s[i]) : NULL;
        if (mark && !is_quoted) counts[mark - marks]++;
    }
    for (int k = 1; k < 3; k++)
        if (counts[k] > counts[best]) best = k;
    return marks[best];
}

int csv_next(struct csv *c, struct csv_record *r, struct sotto_error *err) {
    for (;;) {
        if (c->n - c->at < CSV_RECORD_MAX + 2 && !c->is_done) {
            int status = refill(c, err);
            if (status != SOTTO_OK) return status;
        }
        if (c->at == c->n) return 0;
        char *s = c->buffer + c->at;
        if (c->line == 1) c->comma = find_comma(s, c->n - c->at);
        struct extent e = delimit(s, c->n - c->at, c->comma);
        r->line = c->line;
        r->problem = e.problem;
        r->n_fields = 0;
        c->line += e.lines;
        c->at += e.skip;
        size_t n = e.length;
        if (e.problem) {
            /* The rest of an overlong line may not be in the buffer yet. */
            int is_ended = e.skip > e.length;
            while (!is_ended && c->at == c->n && !c->is_done) {
                int status = refill(c, err);
                if (status != SOTTO_OK) return status;
                const char *nl = memchr(c->buffer + c->at, '\n', c->n - c->at);
                is_ended = nl != NULL;
                c->at = nl ? (size_t)(nl - c->buffer) + 1 : c->n;
            }
            return 1;
        }
        if (n > 0 && s[n - 1] == '\r') n--;
        if (n == 0) continue;
        if (memchr(s, '\0', n)) {
            r->problem = "it holds a NUL byte";
            return 1;
        }
        s[n] = '\0';
        r->problem = split(s, c->comma, r);
        for (size_t i = 0; i < r->n_fields && !r->problem; i++)
            if (!is_text(r->fields[i], strlen(r->fields[i]))) r->problem = "it is not UTF-8";
        if (r->problem) r->n_fields = 0;
        return 1;
    }
}
