/* settings: what a daemon can be told. One table lists it; a strict INI file fills it, the command
 * line comes after, and --help prints it. Called by sottod, sotto-web and sotto-upload. */
#ifndef SOTTO_SETTINGS_H
#define SOTTO_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "sotto.h"

#define SETTING_TEXT_BYTES 512

enum setting_kind {
    SETTING_TEXT,   /* `to` is a char[SETTING_TEXT_BYTES] */
    SETTING_NUMBER, /* `to` is a uint64_t, min to max */
    SETTING_YES_NO, /* `to` is a uint64_t that becomes 1 or 0 */
    SETTING_FLAG    /* the same, on the command line only and without a value */
};

struct setting {
    const char *section; /* of the file; NULL: the command line only */
    const char *key;     /* in the file, and behind -- on the command line; unique in the table */
    enum setting_kind kind;
    void *to; /* holds the default before */
    uint64_t min, max;
    const char *help;
};

struct settings {
    const char *program, *about, *after; /* of --help: a sentence, and what follows the options */
    const char *file;                    /* read unless --config names another; may be missing */
    const struct setting *table;
    size_t n;
};

/* Reads --config FILE or the default file, then the other options over it. 0 to go on, -1 when help
 * or the version was printed, else the exit code, after a message. */
int settings_read(const struct settings *s, int argc, char **argv) SOTTO_MUST_CHECK;
/* The file alone. An unknown section or key, a key given twice or a bad value is SOTTO_E_FORMAT and
 * *err names the line. */
int settings_file(const struct settings *s, const char *path,
                  struct sotto_error *err) SOTTO_MUST_CHECK;

#endif
