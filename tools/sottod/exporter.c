/* exporter: see exporter.h. */
#include "tools/sottod/exporter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

#define A_ROUND 64 /* reports at most in one call, so that clients need not wait */

static int sentence(struct exporter *x, const char *what) {
    snprintf(x->message, sizeof x->message, "outbox folder: %s: %s", what, strerror(errno));
    return -1;
}

/* Mode 0640: the uploader reads it by its group. A new file each time: what lies there under its
 * name may be a pipe that nobody reads, or one more name of a file of ours. */
static int write_whole(struct exporter *x, const char *name, const void *bytes, size_t n) {
    int fd = unlinkat(x->folder, ".writing", 0) == 0 || errno == ENOENT
                 ? openat(x->folder, ".writing", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640)
                 : -1;
    if (fd < 0) return sentence(x, "a file cannot be made");
    int is_good = write(fd, bytes, n) == (ssize_t)n && fchmod(fd, 0640) == 0 && fsync(fd) == 0;
    if (close(fd) != 0) is_good = 0;
    if (!is_good || renameat(x->folder, ".writing", x->folder, name) != 0)
        return sentence(x, "a file cannot be written");
    return fsync(x->folder) == 0 ? 0 : sentence(x, "it cannot be made durable");
}

static void cursor_read(struct exporter *x) {
    char text[32] = "", *end = NULL;
    int fd = openat(x->folder, "cursor", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    x->is_lost = fd >= 0 || errno != ENOENT;
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    errno = 0;
    uint64_t cursor = n > 0 ? strtoull(text, &end, 10) : 0;
    if (!errno && end && end != text && strcmp(end, "\n") == 0 && text[0] != '-') {
        x->cursor = cursor;
        x->is_lost = 0;
    }
    if (x->is_lost)
        snprintf(x->message, sizeof x->message,
                 "the outbox folder's file `cursor` is damaged; put the number of the last report "
                 "that was sent into it, or remove it to have all sent again");
}

int exporter_open(struct exporter *x, const char *folder, uint64_t files_max,
                  struct sotto_error *err) {
    memset(x, 0, sizeof *x);
    x->files_max = files_max;
    x->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (x->folder < 0)
        return fail(err, SOTTO_E_IO, "the outbox folder %.150s: %s", folder, strerror(errno));
    cursor_read(x);
    return SOTTO_OK;
}

uint64_t exporter_waiting(const struct exporter *x) {
    uint64_t n = 0;
    int fd = openat(x->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *all = fd < 0 ? NULL : fdopendir(fd);
    if (!all && fd >= 0) close(fd);
    for (const struct dirent *entry; all && (entry = readdir(all)) != NULL;) {
        size_t length = strlen(entry->d_name);
        n += entry->d_name[0] != '.' && length > 7 &&
             strcmp(entry->d_name + length - 7, ".report") == 0;
    }
    if (all) closedir(all);
    return n;
}

uint64_t exporter_run(struct exporter *x, struct sotto *engine) {
    uint8_t bytes[SOTTO_REPORT_MAX];
    char name[40], text[32];
    uint64_t done = 0, waiting = 0;
    x->message[0] = '\0';
    if (x->is_lost) cursor_read(x);
    for (; done < A_ROUND && !x->is_lost; done++) {
        uint64_t cursor = x->cursor;
        size_t n = 0;
        int status = sotto_outbox_next(engine, &cursor, bytes, sizeof bytes, &n);
        if (status == SOTTO_E_NOT_FOUND || status == SOTTO_E_STATE) break;
        if (status != SOTTO_OK) {
            snprintf(x->message, sizeof x->message, "%s", sotto_last_error(engine));
            break;
        }
        if (done == 0) waiting = exporter_waiting(x);
        if (waiting + done >= x->files_max) {
            snprintf(x->message, sizeof x->message,
                     "%" PRIu64 " reports wait to be sent; more stay in the vault meanwhile",
                     waiting + done);
            break;
        }
        snprintf(name, sizeof name, "%010" PRIu64 ".report", cursor);
        int length = snprintf(text, sizeof text, "%" PRIu64 "\n", cursor);
        /* The file first: a power cut in between writes the same file once more. */
        if (write_whole(x, name, bytes, n) != 0 ||
            write_whole(x, "cursor", text, (size_t)length) != 0)
            break;
        x->cursor = cursor;
    }
    return done;
}

const char *exporter_message(const struct exporter *x) { return x->message; }

void exporter_close(struct exporter *x) {
    if (x->folder >= 0) close(x->folder);
    x->folder = -1;
}
