/* files: maps files that only root or this user can change. The engine validates a pack once, at
 * open, and then believes the mapping; so whoever may write the file could change its mind
 * afterwards. */
#include "platform/linux/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int owner_is_trusted(const struct stat *st) {
    return st->st_uid == 0 || st->st_uid == geteuid();
}

int linux_file_map(void *ctx, const char *path, const uint8_t **bytes, size_t *n) {
    static const uint8_t nothing[1];
    struct stat st;
    int status = 0;
    (void)ctx;
    /* O_NONBLOCK: opening a FIFO that someone put there must not hang the device. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return -errno;
    if (fstat(fd, &st) != 0)
        status = -errno;
    else if (!S_ISREG(st.st_mode))
        status = -EINVAL;
    else if (!owner_is_trusted(&st) || (st.st_mode & (S_IWGRP | S_IWOTH)))
        status = -EPERM;
    else if (st.st_size < 0 || (uint64_t)st.st_size > SIZE_MAX / 2)
        status = -EFBIG;
    if (status == 0 && st.st_size == 0) { /* mmap has no empty mappings */
        *bytes = nothing;
        *n = 0;
    } else if (status == 0) {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            status = -errno;
        } else {
            *bytes = map;
            *n = (size_t)st.st_size;
        }
    }
    close(fd);
    return status;
}

void linux_file_unmap(void *ctx, const uint8_t *bytes, size_t n) {
    (void)ctx;
    if (n) munmap((void *)(uintptr_t)bytes, n);
}

/* Never opens a file that is there: closing it again would drop the POSIX locks that an engine of
 * this process holds on its vault, and let a second process in. */
int linux_file_private(const char *path) {
    struct stat st;
    if (lstat(path, &st) != 0) {
        if (errno != ENOENT) return -errno;
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) return -errno;
        close(fd);
        return 0;
    }
    if (!S_ISREG(st.st_mode)) return -EINVAL;
    if ((st.st_mode & 077) && fchmodat(AT_FDCWD, path, 0600, AT_SYMLINK_NOFOLLOW) != 0)
        return -errno;
    return 0;
}
