/* policy_ini: inih behind a strict reader. See policy_ini.h. */
#include "tools/sotto-pack/policy_ini.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/sotto-pack/pack_write.h"

/* inih reads into a buffer of 200 bytes and would silently split what is longer. */
#define LINE_BYTES_MAX 190

struct source {
    struct ini *ini;
    struct sotto_error *err;
    const char *const *sections;
    const char *path, *at, *end;
    char *values;
    size_t values_n, values_cap;
    uint32_t line;
    int is_indented, status;
};

static int refuse(struct source *s, const char *what) {
    if (s->status == SOTTO_OK)
        s->status = fail(s->err, SOTTO_E_FORMAT, "%s:%u: %s", s->path, s->line, what);
    return 0;
}

static int is_known_section(const struct source *s, const char *line, size_t n) {
    const char *name = line + 1;
    const char *close = memchr(name, ']', n - 1);
    if (!close) return 1; /* inih will complain about the line itself */
    size_t length = (size_t)(close - name);
    if (length >= INI_NAME_BYTES) return 0;
    for (const char *const *known = s->sections; *known; known++) {
        size_t k = strlen(*known);
        int is_prefix = (*known)[k - 1] == '.';
        if (is_prefix ? length > k && memcmp(name, *known, k) == 0
                      : length == k && memcmp(name, *known, k) == 0)
            return 1;
    }
    return 0;
}

static int is_clean(const char *line, size_t n) {
    for (size_t from = 0, i = 0; i <= n; i++)
        if (i == n || line[i] == '\t') {
            if (!utf8_is_printable(line + from, i - from)) return 0;
            from = i + 1;
        }
    return 1;
}

/* What inih calls for each line. */
static char *next_line(char *out, int cap, void *stream) {
    struct source *s = stream;
    if (s->at >= s->end || s->status != SOTTO_OK) return NULL;
    const char *nl = memchr(s->at, '\n', (size_t)(s->end - s->at));
    const char *line = s->at;
    size_t n = (size_t)((nl ? nl : s->end) - line);
    s->at = nl ? nl + 1 : s->end;
    s->line++;
    if (n && line[n - 1] == '\r') n--;
    if (s->line == 1 && n >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0) {
        line += 3;
        n -= 3;
    }
    s->is_indented = n > 0 && (line[0] == ' ' || line[0] == '\t');
    if (n > LINE_BYTES_MAX || (int)n + 2 > cap)
        refuse(s,
               "this line is longer than 190 bytes: break it, and indent the next line to go on");
    else if (!is_clean(line, n))
        refuse(s, "this line is not printable UTF-8: save the file as UTF-8");
    else if (n && line[0] == '[' && !is_known_section(s, line, n))
        refuse(s,
               "there is no such section: see firmware-config/policies/README.md for all of them");
    if (s->status != SOTTO_OK) return NULL;
    memcpy(out, line, n);
    out[n] = '\n';
    out[n + 1] = '\0';
    return out;
}

/* Appends `text` (with a space before it if `joins`) to the values; the last value is always at the
 * end. */
static int keep(struct source *s, const char *text, int joins) {
    size_t n = strlen(text);
    if (joins) s->values[s->values_n - 1] = ' '; /* instead of its NUL */
    memcpy(s->values + s->values_n, text, n + 1);
    s->values_n += n + 1;
    return 1;
}

static int on_entry(void *user, const char *section, const char *key, const char *value) {
    struct source *s = user;
    struct ini *ini = s->ini;
    if (s->status != SOTTO_OK) return 1;
    struct ini_entry *last = ini->n ? &ini->entries[ini->n - 1] : NULL;
    if (strlen(value) + 1 > s->values_cap - s->values_n) return refuse(s, "the file is too long");
    if (s->is_indented && last && strcmp(last->section, section) == 0 &&
        strcmp(last->key, key) == 0)
        return keep(s, value, 1);
    if (!*section) return refuse(s, "this line stands before the first [section]");
    for (uint32_t i = 0; i < ini->n; i++)
        if (strcmp(ini->entries[i].section, section) == 0 &&
            strcmp(ini->entries[i].key, key) == 0) {
            s->status = fail(s->err, SOTTO_E_FORMAT,
                             "%s:%u: [%s] %s is given twice, first in line %u%s%s: remove one",
                             s->path, s->line, section, key, ini->entries[i].line,
                             ini->entries[i].path == s->path ? "" : " of ",
                             ini->entries[i].path == s->path ? "" : ini->entries[i].path);
            return 0;
        }
    if (ini->n == INI_ENTRIES_MAX) return refuse(s, "there are too many lines");
    struct ini_entry *entry = &ini->entries[ini->n++];
    snprintf(entry->section, sizeof entry->section, "%s", section);
    snprintf(entry->key, sizeof entry->key, "%s", key);
    entry->value = s->values + s->values_n;
    entry->path = s->path;
    entry->line = s->line;
    return keep(s, value, 0);
}

/* Appends the entries of one file. */
static int read_file(struct ini *ini, const char *path, const char *const *sections,
                     struct sotto_error *err) {
    uint8_t *bytes;
    size_t n;
    int status = packfile_read(path, INI_BYTES_MAX, &bytes, &n, err);
    if (status == SOTTO_E_LIMIT)
        status = fail(err, SOTTO_E_FORMAT, "%s is longer than %u KiB: a policy is not", path,
                      INI_BYTES_MAX >> 10);
    if (status != SOTTO_OK) return status;
    struct source s = {.ini = ini,
                       .err = err,
                       .sections = sections,
                       .path = path,
                       .at = (const char *)bytes,
                       .end = (const char *)bytes + n,
                       .values_cap = n + INI_ENTRIES_MAX + 1};
    s.values = malloc(s.values_cap);
    if (!s.values) {
        free(bytes);
        return fail(err, SOTTO_E_MEMORY, "no memory to read %s", path);
    }
    ini->values[ini->n_files++] = s.values;
    int wrong_line = ini_parse_stream(next_line, &s, on_entry, &s);
    if (s.status == SOTTO_OK && wrong_line != 0)
        s.status = fail(err, SOTTO_E_FORMAT,
                        "%s:%d: this is neither a [section], nor `key = value`, nor a ; comment",
                        path, wrong_line);
    free(bytes);
    return s.status;
}

int ini_read(struct ini *ini, const char *path, const char *const *sections,
             struct sotto_error *err) {
    memset(ini, 0, sizeof *ini);
    ini->path = path;
    int status = read_file(ini, path, sections, err);
    if (status != SOTTO_OK) ini_free(ini);
    return status;
}

/* No way out of the folder that the policy lies in. */
static int is_below(const char *name, size_t n) {
    if (name[0] == '/') return 0;
    for (size_t i = 0; i < n; i++)
        if ((i == 0 || name[i - 1] == '/') && i + 1 < n && name[i] == '.' && name[i + 1] == '.')
            return 0;
    return 1;
}

int ini_include(struct ini *ini, const struct ini_entry *entry, const char *const *sections,
                struct sotto_error *err) {
    const char *slash = strrchr(ini->path, '/');
    int folder = slash ? (int)(slash + 1 - ini->path) : 0, status = SOTTO_OK;
    for (const char *at = entry->value; status == SOTTO_OK && *(at += strspn(at, " "));) {
        size_t n = strcspn(at, " "), cap = (size_t)folder + n + 1;
        if (!is_below(at, n))
            status =
                ini_fail(ini, entry, err, "%.*s is not below the folder of %s: name a file that is",
                         (int)n, at, ini->path);
        else if (ini->n_files == INI_FILES_MAX)
            status = ini_fail(ini, entry, err, "it names more than %d files", INI_FILES_MAX - 1);
        else if (!(ini->paths[ini->n_files] = malloc(cap)))
            status = fail(err, SOTTO_E_MEMORY, "no memory to read %.*s", (int)n, at);
        if (status != SOTTO_OK) break;
        char *path = ini->paths[ini->n_files];
        snprintf(path, cap, "%.*s%.*s", folder, ini->path, (int)n, at);
        uint32_t before = ini->n_files;
        status = read_file(ini, path, sections, err);
        if (ini->n_files == before) { /* it could not even be opened */
            free(path);
            ini->paths[before] = NULL;
        }
        at += n;
    }
    if (status != SOTTO_OK) ini_free(ini);
    return status;
}

void ini_free(struct ini *ini) {
    for (uint32_t i = 0; i < ini->n_files; i++) {
        free(ini->values[i]);
        free(ini->paths[i]);
    }
    memset(ini, 0, sizeof *ini);
}

int ini_fail(const struct ini *ini, const struct ini_entry *entry, struct sotto_error *err,
             const char *format, ...) {
    char what[SOTTO_MESSAGE_BYTES];
    va_list ap;
    va_start(ap, format);
    vsnprintf(what, sizeof what, format, ap);
    va_end(ap);
    return fail(err, SOTTO_E_FORMAT, "%s:%u: [%s] %s: %s", entry->path ? entry->path : ini->path,
                entry->line, entry->section, entry->key, what);
}

struct ini_entry *ini_find(struct ini *ini, const char *section, const char *key,
                           const char *example, struct sotto_error *err) {
    for (uint32_t i = 0; i < ini->n; i++) {
        struct ini_entry *entry = &ini->entries[i];
        if (strcmp(entry->section, section) != 0 || strcmp(entry->key, key) != 0) continue;
        entry->is_used = 1;
        return entry;
    }
    fail(err, SOTTO_E_FORMAT, "%s: [%s] lacks `%s`: add a line like `%s = %s`", ini->path, section,
         key, key, example);
    return NULL;
}

int ini_check_used(const struct ini *ini, struct sotto_error *err) {
    for (uint32_t i = 0; i < ini->n; i++)
        if (!ini->entries[i].is_used)
            return ini_fail(ini, &ini->entries[i], err,
                            "there is no such key: correct its spelling or remove the line");
    return SOTTO_OK;
}

/* Reads digits at *at; -1 when there is none or the number does not fit. */
static int digits(const char **at, uint64_t *value) {
    const char *from = *at;
    *value = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        uint64_t digit = (uint64_t)(**at - '0');
        if (*value > (UINT64_MAX / 1000 - digit) / 10) return -1; /* leaves room for units */
        *value = *value * 10 + digit;
    }
    return *at > from ? 0 : -1;
}

int ini_uint(struct ini *ini, const char *section, const char *key, const char *example,
             uint64_t least, uint64_t most, uint64_t *value, struct sotto_error *err) {
    struct ini_entry *e = ini_find(ini, section, key, example, err);
    if (!e) return SOTTO_E_FORMAT;
    const char *at = e->value;
    if (digits(&at, value) != 0 || *at || *value < least || *value > most)
        return ini_fail(ini, e, err, "\"%.40s\" is not a whole number from %llu to %llu", e->value,
                        (unsigned long long)least, (unsigned long long)most);
    return SOTTO_OK;
}

/* "90d" for 7776000000. */
static const char *duration_text(char out[32], uint64_t ms) {
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    unsigned u = 0;
    while (u + 1 < ARRAY_LEN(units) && ms % units[u].ms != 0) u++;
    snprintf(out, 32, "%llu%s", (unsigned long long)(ms / units[u].ms), units[u].unit);
    return out;
}

int ini_duration(struct ini *ini, const char *section, const char *key, const char *example,
                 uint64_t least_ms, uint64_t most_ms, uint64_t *ms, struct sotto_error *err) {
    struct ini_entry *e = ini_find(ini, section, key, example, err);
    char low[32], high[32];
    if (!e) return SOTTO_E_FORMAT;
    const char *at = e->value;
    uint64_t unit = 0, count = 0;
    if (digits(&at, &count) == 0)
        unit = !strcmp(at, "ms")  ? 1
               : !strcmp(at, "s") ? 1000
               : !strcmp(at, "m") ? 60000
               : !strcmp(at, "h") ? 3600000
               : !strcmp(at, "d") ? 86400000
                                  : 0;
    if (unit == 0)
        return ini_fail(ini, e, err, "\"%.40s\" is not a time: write it like %s (ms, s, m, h or d)",
                        e->value, example);
    if (count > most_ms / unit || count * unit < least_ms)
        return ini_fail(ini, e, err, "%.40s is out of bounds: from %s to %s", e->value,
                        duration_text(low, least_ms), duration_text(high, most_ms));
    *ms = count * unit;
    return SOTTO_OK;
}

int ini_micro(struct ini *ini, const char *section, const char *key, const char *example,
              uint64_t least, uint64_t most, uint64_t *micro, struct sotto_error *err) {
    struct ini_entry *e = ini_find(ini, section, key, example, err);
    if (!e) return SOTTO_E_FORMAT;
    const char *at = e->value;
    uint64_t whole = 0, part = 0, scale = 100000;
    int is_bad = digits(&at, &whole) != 0 || whole > UINT64_MAX / 2000000;
    if (!is_bad && *at == '.') {
        is_bad = at[1] < '0' || at[1] > '9';
        for (at++; *at >= '0' && *at <= '9' && scale > 0; at++, scale /= 10)
            part += (uint64_t)(*at - '0') * scale;
    }
    if (is_bad || *at)
        return ini_fail(
            ini, e, err,
            "\"%.40s\" is not a decimal number with at most six places: write it like %s", e->value,
            example);
    *micro = whole * 1000000 + part;
    if (*micro < least || *micro > most)
        return ini_fail(ini, e, err, "%.40s is out of bounds: from %g to %g", e->value,
                        (double)least / 1e6, (double)most / 1e6);
    return SOTTO_OK;
}

int ini_choice(struct ini *ini, const char *section, const char *key, const char *const *words,
               unsigned n, uint32_t *value, struct sotto_error *err) {
    char list[128];
    size_t at = 0;
    struct ini_entry *e = ini_find(ini, section, key, words[n - 1], err);
    if (!e) return SOTTO_E_FORMAT;
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(e->value, words[i]) == 0) {
            *value = i;
            return SOTTO_OK;
        }
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? " or " : "", words[i]);
    }
    return ini_fail(ini, e, err, "\"%.40s\" is not understood: write %s", e->value, list);
}
