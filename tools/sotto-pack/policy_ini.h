/* policy_ini: an INI file, and those it includes, as a list of entries with their lines, and typed
 * values out of it. Every
 * message names file, line and remedy. Read with inih; a value may go on over several lines when
 * the next ones are indented. Called by policy_build. */
#ifndef SOTTO_PACK_POLICY_INI_H
#define SOTTO_PACK_POLICY_INI_H

#include "base/base.h"

#define INI_ENTRIES_MAX 512
#define INI_BYTES_MAX   (64u << 10)
#define INI_FILES_MAX   9  /* the file and what it includes */
#define INI_NAME_BYTES  50 /* of sections and keys with the NUL: inih's own bound */

struct ini_entry {
    char section[INI_NAME_BYTES], key[INI_NAME_BYTES];
    const char *value, *path; /* path: the file it is in */
    uint32_t line;
    int is_used;
};

struct ini {
    const char *path;
    struct ini_entry entries[INI_ENTRIES_MAX];
    uint32_t n, n_files;
    char *values[INI_FILES_MAX]; /* what the entries of each file point into */
    char *paths[INI_FILES_MAX];  /* of included files; [0] is unused */
};

/* Reads `path`. `sections` lists the section names allowed, NULL at the end; one that ends in '.'
 * allows every name that begins so. Release with ini_free. */
int ini_read(struct ini *ini, const char *path, const char *const *sections,
             struct sotto_error *err) MUST_CHECK;
void ini_free(struct ini *ini);
/* Adds the entries of every file that the value of `entry` names, with spaces between, relative to
 * the folder of the first file and below it. `sections` as for ini_read: an included file may have
 * fewer. A key given twice, in whatever files, is refused. On failure the whole is released. */
int ini_include(struct ini *ini, const struct ini_entry *entry, const char *const *sections,
                struct sotto_error *err) MUST_CHECK;

/* Fails with file, line and section of an entry, then the message. */
__attribute__((format(printf, 4, 5))) int ini_fail(const struct ini *ini,
                                                   const struct ini_entry *entry,
                                                   struct sotto_error *err, const char *format,
                                                   ...);
/* The entry, marked as used. Missing: NULL with *err filled; `example` shows what to write. */
struct ini_entry *ini_find(struct ini *ini, const char *section, const char *key,
                           const char *example, struct sotto_error *err);
/* Fails at the first entry that nobody used: a misspelt key. */
int ini_check_used(const struct ini *ini, struct sotto_error *err) MUST_CHECK;

/* A whole number. */
int ini_uint(struct ini *ini, const char *section, const char *key, const char *example,
             uint64_t least, uint64_t most, uint64_t *value, struct sotto_error *err) MUST_CHECK;
/* A time like 90d, 12h, 30m, 45s or 1500ms, in milliseconds; bounds too. */
int ini_duration(struct ini *ini, const char *section, const char *key, const char *example,
                 uint64_t least_ms, uint64_t most_ms, uint64_t *ms,
                 struct sotto_error *err) MUST_CHECK;
/* A decimal number with at most six places, exactly, in millionths. */
int ini_micro(struct ini *ini, const char *section, const char *key, const char *example,
              uint64_t least, uint64_t most, uint64_t *micro, struct sotto_error *err) MUST_CHECK;
/* One of `n` words; *value is its number. */
int ini_choice(struct ini *ini, const char *section, const char *key, const char *const *words,
               unsigned n, uint32_t *value, struct sotto_error *err) MUST_CHECK;

#endif
