/* outfile: see outfile.h. */
#include "tools/common/outfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As fopen would have made it. */
static mode_t mode_of_new_files(void) {
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

FILE *outfile_open(struct outfile *o, const char *path) {
    struct stat st;
    memset(o, 0, sizeof *o);
    if (strcmp(path, "-") == 0) return o->to = stdout;
    int is_there = stat(path, &st) == 0;
    if (is_there && !S_ISREG(st.st_mode)) return o->to = fopen(path, "we");
    if (is_there && access(path, W_OK) != 0) return NULL; /* a rename would not mind */
    if (is_there ? !realpath(path, o->path)
                 : snprintf(o->path, sizeof o->path, "%s", path) >= (int)sizeof o->path)
        return NULL;
    int n = snprintf(o->temporary, sizeof o->temporary, "%s.XXXXXX", o->path);
    if (n < 0 || (size_t)n >= sizeof o->temporary) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    int fd = mkstemp(o->temporary);
    if (fd < 0) return NULL;
    if (fchmod(fd, is_there ? st.st_mode & 0777 : mode_of_new_files()) == 0)
        o->to = fdopen(fd, "w");
    if (o->to) return o->to;
    int why = errno;
    close(fd);
    unlink(o->temporary);
    errno = why;
    return NULL;
}

int outfile_close(struct outfile *o, int is_good) {
    int why = 0;
    errno = 0;
    if (fflush(o->to) != 0 || ferror(o->to))
        why = errno ? errno : EIO; /* EIO: long forgotten why */
    if (o->to != stdout) {
        if (!why && is_good && o->temporary[0] && fsync(fileno(o->to)) != 0) why = errno;
        if (fclose(o->to) != 0 && !why) why = errno;
    }
    if (o->temporary[0]) {
        if (!why && is_good && rename(o->temporary, o->path) != 0) why = errno;
        if (why || !is_good) unlink(o->temporary);
    }
    errno = why;
    return why ? -1 : 0;
}

int outfile_check(const char *path) {
    struct outfile o;
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return access(path, W_OK); /* to open a pipe is to be noticed at its other end */
    return strcmp(path, "-") == 0 ? 0 : outfile_open(&o, path) ? outfile_close(&o, 0) : -1;
}
