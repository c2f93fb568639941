/* outgoing: see outgoing.h. */
#include "tools/sotto-upload/outgoing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "sotto_report.h"

#define REFUSED_MAX 100

static int is_ours(const char *name) {
    size_t n = strlen(name);
    return name[0] != '.' && n > 7 && n < OUTGOING_NAME_BYTES &&
           strcmp(name + n - 7, ".report") == 0;
}

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

/* The first so many names of a folder, in order; -1 with errno. */
static int list(int folder, const char *path, char names[][OUTGOING_NAME_BYTES], size_t max,
                size_t *n) {
    int fd = openat(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *all = fd < 0 ? NULL : fdopendir(fd);
    *n = 0;
    if (!all) {
        int why = errno;
        if (fd >= 0) close(fd);
        errno = why;
        return -1;
    }
    for (const struct dirent *entry; *n < max && (entry = readdir(all)) != NULL;)
        if (is_ours(entry->d_name))
            snprintf(names[(*n)++], OUTGOING_NAME_BYTES, "%.63s", entry->d_name);
    closedir(all);
    qsort(names, *n, OUTGOING_NAME_BYTES, by_name);
    return 0;
}

int outgoing_open(struct outgoing *o, const char *folder, uint64_t sent_max,
                  struct sotto_error *err) {
    memset(o, 0, sizeof *o);
    o->sent_max = sent_max;
    o->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (o->folder < 0)
        return fail(err, SOTTO_E_IO, "the outbox folder %.150s: %s", folder, strerror(errno));
    return SOTTO_OK;
}

int outgoing_look(struct outgoing *o) {
    return list(o->folder, ".", o->names, OUTGOING_MAX, &o->n);
}

int outgoing_read(const struct outgoing *o, size_t index, struct outgoing_report *report) {
    uint8_t more;
    struct stat st;
    memset(report, 0, sizeof *report);
    memcpy(report->name, o->names[index], sizeof report->name);
    int fd = openat(o->folder, report->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return errno == ELOOP ? SOTTO_E_FORMAT : SOTTO_E_IO;
    int is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    ssize_t n = is_file ? read(fd, report->bytes, sizeof report->bytes) : 0;
    int is_longer = n == (ssize_t)sizeof report->bytes && read(fd, &more, 1) != 0;
    close(fd);
    if (n < 0) return SOTTO_E_IO;
    report->n = (size_t)n;
    if (!is_file || is_longer ||
        sotto_report_peek(report->bytes, report->n, report->device) != SOTTO_OK)
        return SOTTO_E_FORMAT;
    return SOTTO_OK;
}

/* Into a folder of which no more than `max` files are kept. */
static int move_to(const struct outgoing *o, size_t index, const char *folder, uint64_t max) {
    static char names[OUTGOING_MAX][OUTGOING_NAME_BYTES];
    char to[OUTGOING_NAME_BYTES + 16];
    size_t n;
    if (mkdirat(o->folder, folder, 0750) != 0 && errno != EEXIST) return -1;
    snprintf(to, sizeof to, "%.14s/%.*s", folder, OUTGOING_NAME_BYTES - 1, o->names[index]);
    if (renameat(o->folder, o->names[index], o->folder, to) != 0) return -1;
    if (list(o->folder, folder, names, OUTGOING_MAX, &n) != 0) return -1;
    for (size_t i = 0; n > max && i < n - max; i++) {
        snprintf(to, sizeof to, "%.14s/%.*s", folder, OUTGOING_NAME_BYTES - 1, names[i]);
        if (unlinkat(o->folder, to, 0) != 0) return -1;
    }
    return 0;
}

int outgoing_sent(const struct outgoing *o, size_t index) {
    return o->sent_max ? move_to(o, index, "sent", o->sent_max)
                       : unlinkat(o->folder, o->names[index], 0);
}

int outgoing_refused(const struct outgoing *o, size_t index) {
    return move_to(o, index, "refused", REFUSED_MAX);
}

void outgoing_close(struct outgoing *o) {
    if (o->folder >= 0) close(o->folder);
    o->folder = -1;
}
