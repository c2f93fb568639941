/* enrol: see enrol.h. */
#include "tools/sotto-fleet/enrol.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"

#define LINE_MAX_BYTES 512
#define KEY_DIGITS     64

struct reader {
    const char *path;
    unsigned line;
    struct fleet_device *devices;
    size_t n, cap;
    unsigned *lines; /* where each device was named */
    struct sotto_error *err;
};

static int digit_of(char c) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) & 15 : -1;
}

static int wrong(struct reader *r, const char *what) {
    return fail(r->err, SOTTO_E_FORMAT,
                "%.120s:%u: %s; a line is 64 hexadecimal digits of a device's key and a label",
                r->path, r->line, what);
}

static int reader_grow(struct reader *r) {
    if (r->n < r->cap) return SOTTO_OK;
    size_t cap = r->cap ? 2 * r->cap : 64;
    struct fleet_device *devices = realloc(r->devices, cap * sizeof *devices);
    if (devices) r->devices = devices;
    unsigned *lines = devices ? realloc(r->lines, cap * sizeof *lines) : NULL;
    if (lines) r->lines = lines;
    if (!devices || !lines) return fail(r->err, SOTTO_E_MEMORY, "%.120s: out of memory", r->path);
    r->cap = cap;
    return SOTTO_OK;
}

static int read_line(struct reader *r, char *text) {
    uint8_t digest[HASH_BYTES];
    size_t length = strcspn(text, "\r\n");
    text[length] = '\0';
    text += strspn(text, " \t");
    if (*text == '\0' || *text == '#') return SOTTO_OK;
    int status = reader_grow(r);
    if (status != SOTTO_OK) return status;
    struct fleet_device *d = &r->devices[r->n];
    memset(d, 0, sizeof *d);
    for (size_t i = 0; i < KEY_DIGITS; i++) {
        int digit = digit_of(text[i]);
        if (digit < 0) return wrong(r, "the key has not 64 hexadecimal digits");
        d->key[i / 2] = (uint8_t)(d->key[i / 2] << 4 | digit);
    }
    text += KEY_DIGITS;
    if (*text != '\0' && *text != ' ' && *text != '\t') return wrong(r, "the key is too long");
    text += strspn(text, " \t");
    length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) length--;
    text[length] = '\0';
    if (length > FLEET_LABEL_MAX) return wrong(r, "the label has more than 63 bytes");
    for (char *c = text; *c; c++)
        if (*c == '\t') *c = ' ';
    if (!utf8_is_printable(text, length)) return wrong(r, "the label is not printable UTF-8");
    memcpy(d->label, text, length + 1);
    hash256(digest, d->key, sizeof d->key);
    memcpy(d->id, digest, sizeof d->id);
    r->lines[r->n++] = r->line;
    return SOTTO_OK;
}

/* Reads a line with its end; its length, or -1 past the last. fgets would hide a NUL byte, and all
 * that follows it on the line. */
static int next_line(FILE *f, char text[LINE_MAX_BYTES]) {
    int n = 0, c = 0;
    while (n < LINE_MAX_BYTES - 1 && c != '\n' && (c = getc(f)) != EOF) text[n++] = (char)c;
    text[n] = '\0';
    return n ? n : -1;
}

struct entry {
    const struct fleet_device *device;
    unsigned line;
};

static int by_id(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    int order = memcmp(x->device->id, y->device->id, sizeof x->device->id);
    return order ? order : x->line < y->line ? -1 : x->line > y->line;
}

/* Two lines with one id are one device twice; two keys with one id do not happen by chance. */
static int check_unique(struct reader *r) {
    struct entry *entries = calloc(r->n ? r->n : 1, sizeof *entries);
    int status = SOTTO_OK;
    if (!entries) return fail(r->err, SOTTO_E_MEMORY, "%.120s: out of memory", r->path);
    for (size_t i = 0; i < r->n; i++) entries[i] = (struct entry){&r->devices[i], r->lines[i]};
    qsort(entries, r->n, sizeof *entries, by_id);
    for (size_t i = 1; i < r->n && status == SOTTO_OK; i++)
        if (memcmp(entries[i].device->id, entries[i - 1].device->id, 8) == 0)
            status = fail(r->err, SOTTO_E_FORMAT,
                          "%.120s:%u: this device is listed in line %u already; remove one of them",
                          r->path, entries[i].line, entries[i - 1].line);
    free(entries);
    return status;
}

int fleet_enrolled_read(const char *path, struct fleet_device **devices, size_t *n,
                        struct sotto_error *err) {
    struct reader r = {.path = path, .err = err};
    char text[LINE_MAX_BYTES];
    int status = SOTTO_OK;
    *devices = NULL;
    *n = 0;
    FILE *f = fopen(path, "re");
    if (!f)
        return fail(err, SOTTO_E_IO,
                    "%.120s: %s; name the file of enrolled devices with --enrolled", path,
                    strerror(errno));
    for (int got; status == SOTTO_OK && (got = next_line(f, text)) > 0;) {
        r.line++;
        if (got == LINE_MAX_BYTES - 1 && text[got - 1] != '\n')
            status = wrong(&r, "the line is too long");
        else if (strlen(text) != (size_t)got)
            status = wrong(&r, "it holds a NUL byte");
        else
            status = read_line(&r, text);
    }
    if (status == SOTTO_OK && ferror(f))
        status = fail(err, SOTTO_E_IO, "%.120s: %s", path, strerror(errno));
    fclose(f);
    if (status == SOTTO_OK) status = check_unique(&r);
    free(r.lines);
    if (status != SOTTO_OK) {
        free(r.devices);
        return status;
    }
    *devices = r.devices;
    *n = r.n;
    return SOTTO_OK;
}
