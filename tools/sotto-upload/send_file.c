/* send_file: see send.h. For a folder that another program carries away, or a memory stick. */
#include "tools/sotto-upload/send.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum send_result send_file(int folder, const struct outgoing_report *report, const char **why) {
    char name[OUTGOING_NAME_BYTES + 32];
    int at = 0;
    for (size_t i = 0; i < sizeof report->device; i++)
        at += snprintf(name + at, sizeof name - (size_t)at, "%02x", report->device[i]);
    snprintf(name + at, sizeof name - (size_t)at, "-%s", report->name);
    int fd =
        openat(folder, ".arriving", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    int is_good =
        fd >= 0 && write(fd, report->bytes, report->n) == (ssize_t)report->n && fsync(fd) == 0;
    if (fd >= 0 && close(fd) != 0) is_good = 0;
    if (is_good && renameat(folder, ".arriving", folder, name) == 0 && fsync(folder) == 0)
        return SEND_DONE;
    *why = strerror(errno);
    return SEND_AGAIN;
}
