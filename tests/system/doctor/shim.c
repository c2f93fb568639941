/* shim: another wall clock and another file system, for `sotto doctor` alone. Preloaded by
 * doctor.sh. FAKE_WALL_S: seconds since 1970. FAKE_SPACE: `full` or `read-only`. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) = NULL;
    const char *fake = getenv("FAKE_WALL_S");
    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(clock, now);
    if (fake && clock == CLOCK_REALTIME) now->tv_sec = (time_t)strtoll(fake, NULL, 10);
    return status;
}

static void falsify(unsigned long *available, unsigned long *flags) {
    const char *fake = getenv("FAKE_SPACE");
    if (fake && strcmp(fake, "full") == 0) *available = 4;
    if (fake && strcmp(fake, "read-only") == 0) *flags |= ST_RDONLY;
}

/* A program built for files of 64 bits calls the second. */
int statvfs(const char *path, struct statvfs *space) {
    int (*real)(const char *, struct statvfs *) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "statvfs");
    int status = real(path, space);
    unsigned long available = space->f_bavail;
    falsify(&available, &space->f_flag);
    space->f_bavail = available;
    return status;
}

int statvfs64(const char *path, struct statvfs64 *space) {
    int (*real)(const char *, struct statvfs64 *) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "statvfs64");
    int status = real(path, space);
    unsigned long available = space->f_bavail;
    falsify(&available, &space->f_flag);
    space->f_bavail = available;
    return status;
}
