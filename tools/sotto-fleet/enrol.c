/* enrol: see enrol.h. */
#include "tools/sotto-fleet/enrol.h"

#include <errno.h>
#include <stdio.h>

#include "crypto/crypto.h"

#define LINE_MAX_BYTES 512
#define KEY_DIGITS     64

struct reader {
    const char *path;
    uint32_t line;
    uint64_t devices;
    struct hash_stream hash;
    struct fleet_store *store; /* NULL: only check */
    struct sotto_error *err;
};

static int digit_of(char c) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) & 15 : -1;
}

static int wrong(struct reader *r, const char *what) {
    return fail(r->err, SOTTO_E_FORMAT,
                "%.120s:%u: %s; a line is 64 hexadecimal digits of a device's key, a label and "
                "perhaps @GROUP",
                r->path, r->line, what);
}

/* Takes the last word of `text` if it begins with @, and the white space before it. */
static int read_group(struct reader *r, char *text, struct fleet_device *d) {
    size_t length = strlen(text), at = length;
    while (at > 0 && text[at - 1] != ' ') at--;
    if (text[at] != '@') return SOTTO_OK;
    if (length - at - 1 == 0 || length - at - 1 > FLEET_LABEL_MAX)
        return wrong(r, "the name of a group has 1 to 63 bytes");
    memcpy(d->group, text + at + 1, length - at);
    while (at > 0 && text[at - 1] == ' ') at--;
    text[at] = '\0';
    return SOTTO_OK;
}

static int read_words(struct reader *r, char *text, struct fleet_device *d) {
    size_t length = strlen(text);
    for (char *c = text; *c; c++)
        if (*c == '\t') *c = ' ';
    while (length > 0 && text[length - 1] == ' ') length--;
    text[length] = '\0';
    if (!utf8_is_printable(text, length)) return wrong(r, "the label is not printable UTF-8");
    int status = read_group(r, text, d);
    if (status != SOTTO_OK) return status;
    length = strlen(text);
    if (length > FLEET_LABEL_MAX) return wrong(r, "the label has more than 63 bytes");
    memcpy(d->label, text, length + 1);
    return SOTTO_OK;
}

static int enrol(struct reader *r, const struct fleet_device *d) {
    uint32_t other = 0;
    r->devices++;
    if (!r->store) return SOTTO_OK;
    int status = fleet_store_enrol(r->store, d, r->line, &other, r->err);
    /* two lines with one id are one device twice; two keys with one id do not happen by chance */
    return status == SOTTO_OK && other
               ? fail(r->err, SOTTO_E_FORMAT,
                      "%.120s:%u: this device is listed in line %u already; remove one of them",
                      r->path, r->line, other)
               : status;
}

static int read_line(struct reader *r, char *text) {
    uint8_t digest[HASH_BYTES];
    struct fleet_device d;
    text[strcspn(text, "\r\n")] = '\0';
    text += strspn(text, " \t");
    if (*text == '\0' || *text == '#') return SOTTO_OK;
    memset(&d, 0, sizeof d);
    for (size_t i = 0; i < KEY_DIGITS; i++) {
        int digit = digit_of(text[i]);
        if (digit < 0) return wrong(r, "the key has not 64 hexadecimal digits");
        d.key[i / 2] = (uint8_t)(d.key[i / 2] << 4 | digit);
    }
    text += KEY_DIGITS;
    if (*text != '\0' && *text != ' ' && *text != '\t') return wrong(r, "the key is too long");
    int status = read_words(r, text + strspn(text, " \t"), &d);
    if (status != SOTTO_OK) return status;
    hash256(digest, d.key, sizeof d.key);
    memcpy(d.id, digest, sizeof d.id);
    return enrol(r, &d);
}

/* Reads a line with its end; its length, or -1 past the last. fgets would hide a NUL byte, and all
 * that follows it on the line. */
static int next_line(FILE *f, char text[LINE_MAX_BYTES]) {
    int n = 0, c = 0;
    while (n < LINE_MAX_BYTES - 1 && c != '\n' && (c = getc_unlocked(f)) != EOF)
        text[n++] = (char)c;
    text[n] = '\0';
    return n ? n : -1;
}

static int read_all(struct reader *r, uint8_t hash[32]) {
    char text[LINE_MAX_BYTES];
    int status = SOTTO_OK;
    hash_stream_begin(&r->hash);
    FILE *f = fopen(r->path, "re");
    if (!f)
        return fail(r->err, SOTTO_E_IO,
                    "%.120s: %s; name the file of enrolled devices with --enrolled", r->path,
                    strerror(errno));
    for (int got; status == SOTTO_OK && (got = next_line(f, text)) > 0;) {
        hash_stream_add(&r->hash, text, (size_t)got);
        if (++r->line == 0)
            status = wrong(r, "there are too many lines");
        else if (got == LINE_MAX_BYTES - 1 && text[got - 1] != '\n')
            status = wrong(r, "the line is too long");
        else if (strlen(text) != (size_t)got)
            status = wrong(r, "it holds a NUL byte");
        else
            status = read_line(r, text);
    }
    if (status == SOTTO_OK && ferror(f))
        status = fail(r->err, SOTTO_E_IO, "%.120s: %s", r->path, strerror(errno));
    fclose(f);
    hash_stream_end(&r->hash, hash);
    return status;
}

int fleet_enrolled_check(const char *path, uint64_t *devices, uint8_t hash[32],
                         struct sotto_error *err) {
    struct reader r = {.path = path, .err = err};
    int status = read_all(&r, hash);
    *devices = r.devices;
    return status;
}

int fleet_enrolled_store(const char *path, const uint8_t hash[32], struct fleet_store *store,
                         struct sotto_error *err) {
    struct reader r = {.path = path, .store = store, .err = err};
    uint8_t again[HASH_BYTES];
    int has = 0, status = fleet_store_has_roll(store, hash, &has, err);
    if (status != SOTTO_OK || has) return status;
    status = fleet_store_roll(store, hash, err);
    if (status == SOTTO_OK) status = read_all(&r, again);
    if (status == SOTTO_OK && memcmp(again, hash, sizeof again) != 0)
        status = fail(err, SOTTO_E_BUSY, "%.120s changed while it was read; run it again", path);
    return status;
}
