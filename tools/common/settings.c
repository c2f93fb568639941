/* settings: see settings.h. */
#include "tools/common/settings.h"

#include <errno.h>
#include <getopt.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "tools/common/cli.h"

#define TABLE_MAX 48

/* NULL, or what is wrong with the value. */
static const char *put(const struct setting *s, const char *value) {
    uint64_t number = 0;
    char *end = NULL;
    switch (s->kind) {
    case SETTING_TEXT:
        if (strlen(value) >= SETTING_TEXT_BYTES) return "is too long";
        memcpy(s->to, value, strlen(value) + 1);
        return NULL;
    case SETTING_NUMBER:
        errno = 0;
        number = strtoull(value, &end, 10);
        if (errno || end == value || *end || value[0] == '-' || value[0] == '+' ||
            number < s->min || number > s->max)
            return "is no number in its range";
        break;
    case SETTING_YES_NO:
        number = strcmp(value, "yes") == 0;
        if (!number && strcmp(value, "no") != 0) return "is yes or no";
        break;
    case SETTING_FLAG: number = 1; break;
    }
    memcpy(s->to, &number, sizeof number);
    return NULL;
}

/* ---- The file ---------------------------------------------------------------------------- */

struct source {
    const struct settings *settings;
    const char *path;
    FILE *f;
    unsigned line;
    uint8_t is_given[TABLE_MAX];
    struct sotto_error *err;
    int status;
};

static char *next_line(char *out, int cap, void *stream) {
    struct source *s = stream;
    if (s->status != SOTTO_OK || !fgets(out, cap, s->f)) return NULL;
    s->line++;
    if (!strchr(out, '\n') && !feof(s->f)) {
        s->status = fail(s->err, SOTTO_E_FORMAT, "%.120s:%u: this line is longer than %d bytes",
                         s->path, s->line, cap - 2);
        return NULL;
    }
    return out;
}

static int take(void *stream, const char *section, const char *key, const char *value) {
    struct source *s = stream;
    for (size_t i = 0; i < s->settings->n; i++) {
        const struct setting *one = &s->settings->table[i];
        if (!one->section || strcmp(one->section, section) != 0 || strcmp(one->key, key) != 0)
            continue;
        const char *wrong = s->is_given[i]++ ? "is given twice" : put(one, value);
        if (!wrong) return 1;
        s->status = fail(s->err, SOTTO_E_FORMAT, "%.120s:%u: %s %s", s->path, s->line, key, wrong);
        return 0;
    }
    s->status = fail(s->err, SOTTO_E_FORMAT, "%.120s:%u: [%.40s] has no key \"%.40s\"", s->path,
                     s->line, section, key);
    return 0;
}

int settings_file(const struct settings *settings, const char *path, struct sotto_error *err) {
    struct source s = {.settings = settings, .path = path, .err = err};
    if (settings->n > TABLE_MAX) return fail(err, SOTTO_E_LIMIT, "the table is too long");
    s.f = fopen(path, "re");
    if (!s.f) return fail(err, SOTTO_E_IO, "%.150s: %s", path, strerror(errno));
    int line = ini_parse_stream(next_line, &s, take, &s);
    if (s.status == SOTTO_OK && ferror(s.f))
        s.status = fail(err, SOTTO_E_IO, "%.150s cannot be read", path);
    fclose(s.f);
    if (s.status == SOTTO_OK && line != 0)
        s.status = fail(err, SOTTO_E_FORMAT, "%.150s:%d: this is no section and no KEY = VALUE",
                        path, line);
    return s.status;
}

/* ---- The command line -------------------------------------------------------------------- */

static void print_help(const struct settings *s) {
    const char *section = "";
    printf("usage: %s [options]\n\n%s\n\n"
           "  --config FILE              the settings below as an INI file (%s)\n"
           "  --help, --version\n",
           s->program, s->about, s->file);
    for (size_t i = 0; i < s->n; i++) {
        const struct setting *one = &s->table[i];
        char option[40];
        if (one->section && strcmp(one->section, section) != 0)
            printf("\n[%s]\n", section = one->section);
        snprintf(option, sizeof option, "--%s%s", one->key,
                 one->kind == SETTING_FLAG     ? ""
                 : one->kind == SETTING_NUMBER ? " N"
                 : one->kind == SETTING_YES_NO ? " yes|no"
                                               : " TEXT");
        printf("  %-26s %s", option, one->help);
        uint64_t number;
        if (one->kind == SETTING_NUMBER) {
            memcpy(&number, one->to, sizeof number);
            printf(" (%llu)", (unsigned long long)number);
        } else if (one->kind == SETTING_TEXT && ((const char *)one->to)[0]) {
            printf(" (%s)", (const char *)one->to);
        }
        printf("\n");
    }
    printf("\n%s", s->after);
}

static int usage(const struct settings *s, const char *what, const char *why) {
    fprintf(stderr, "%s: %s %s; `%s --help` tells more\n", s->program, what, why, s->program);
    return EXIT_USAGE;
}

/* Goes through the options once; with `is_first` only to find --config, --help and --version. */
static int options_read(const struct settings *s, const struct option *options, int is_first,
                        const char **config, int argc, char **argv) {
    int code, index = 0;
    optind = 0;
    opterr = 0;
    while ((code = getopt_long(argc, argv, "h", options, &index)) != -1) {
        if (code == 'h' && is_first) {
            print_help(s);
            return -1;
        }
        if (code == 'v' && is_first) {
            /* Not sotto_version: that would link the engine to programs that must not have it. */
            printf("%s %d.%d.%d\n", s->program, SOTTO_VERSION_MAJOR, SOTTO_VERSION_MINOR,
                   SOTTO_VERSION_PATCH);
            return -1;
        }
        if (code == '?') return usage(s, argv[optind - 1], "is unknown or lacks its value");
        if (code == 'c') *config = optarg;
        if (code != 's' || is_first) continue;
        const struct setting *one = &s->table[index];
        const char *wrong = put(one, optarg ? optarg : "");
        if (wrong) return usage(s, one->key, wrong);
    }
    if (optind != argc) return usage(s, argv[optind], "is one word too many");
    return EXIT_OK;
}

int settings_read(const struct settings *s, int argc, char **argv) {
    struct option options[TABLE_MAX + 4] = {{0}};
    const char *config = NULL;
    struct sotto_error err = {0};
    size_t n = s->n < TABLE_MAX ? s->n : TABLE_MAX;
    for (size_t i = 0; i < n; i++)
        options[i] = (struct option){
            s->table[i].key, s->table[i].kind == SETTING_FLAG ? no_argument : required_argument,
            NULL, 's'};
    options[n] = (struct option){"config", required_argument, NULL, 'c'};
    options[n + 1] = (struct option){"help", no_argument, NULL, 'h'};
    options[n + 2] = (struct option){"version", no_argument, NULL, 'v'};
    int code = options_read(s, options, 1, &config, argc, argv);
    if (code != EXIT_OK) return code;
    int status = SOTTO_OK;
    FILE *there = config ? NULL : fopen(s->file, "re");
    if (there) fclose(there);
    if (config || there) status = settings_file(s, config ? config : s->file, &err);
    if (status != SOTTO_OK) return cli_report(s->program, &err);
    return options_read(s, options, 0, &config, argc, argv);
}
