/* keystore_file: keys as files, for a desk and for devices without better hardware. Owns one
 * directory: device.key and the two destroyable slots. Promises that a slot is replaced as a whole,
 * durable on return; that a destroyed slot was overwritten before it was unlinked, unless the
 * storage refused that, which is told once (and flash may keep a stale copy all the same: LOGICAL);
 * and that keys which others may read are refused rather than used.
 *
 * Every operation locks the directory, so that two processes which start at once make one device
 * key. */
#include "platform/linux/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* renameat */
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

#define DEVICE_KEY       "device.key"
#define DEVICE_KEY_BYTES 32

static const char *const SLOT[2] = {"slot-0.key", "slot-1.key"};
static const char *const NEW_SLOT[2] = {"slot-0.new", "slot-1.new"};

/* Root's or ours, and nobody else's business. */
static int is_private(const struct stat *st) {
    return (st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & 077) == 0;
}

/* ---- The directory ------------------------------------------------------------------------ */

/* Opens and locks it. Returns a descriptor or -errno; -EPERM when it is not private. */
static int dir_open(const char *path) {
    struct stat st;
    int status = 0;
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) return -errno;
    if (fstat(dir, &st) != 0)
        status = -errno;
    else if (!is_private(&st))
        status = -EPERM;
    while (status == 0 && flock(dir, LOCK_EX) != 0)
        if (errno != EINTR) status = -errno;
    if (status == 0) return dir;
    close(dir);
    return status;
}

/* The entry of a new directory must survive a power cut too: without it nothing in it does. */
static void parent_sync(int dir) {
    int parent = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) return;
    (void)fsync(parent);
    close(parent);
}

/* ---- Files in it -------------------------------------------------------------------------- */

/* Opens a key file that exists. -ENOENT when it does not, -EPERM when it cannot be trusted. */
static int key_open(int dir, const char *name, int flags, size_t *n) {
    struct stat st;
    int fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return -errno;
    int status = fstat(fd, &st) != 0 ? -errno : 0;
    if (status == 0 && (!S_ISREG(st.st_mode) || !is_private(&st) || st.st_nlink > 1))
        status = -EPERM;
    if (status == 0 && st.st_size > (off_t)SOTTO_SLOT_BYTES_MAX) status = -EFBIG;
    if (status == 0) {
        *n = (size_t)st.st_size;
        return fd;
    }
    close(fd);
    return status;
}

static int read_all(int fd, uint8_t *to, size_t n) {
    while (n > 0) {
        ssize_t got = read(fd, to, n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got < 0 ? -errno : -EIO;
        to += got;
        n -= (size_t)got;
    }
    return 0;
}

static int write_all(int fd, const uint8_t *from, size_t n) {
    while (n > 0) {
        ssize_t put = write(fd, from, n);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return put < 0 ? -errno : -EIO;
        from += put;
        n -= (size_t)put;
    }
    return 0;
}

/* Overwrites what an open file holds. Best effort on flash, which is why assurance is LOGICAL. */
static int overwrite(int fd, size_t n) {
    static const uint8_t zeros[512];
    if (lseek(fd, 0, SEEK_SET) < 0) return -errno;
    while (n > 0) {
        size_t part = n < sizeof zeros ? n : sizeof zeros;
        int status = write_all(fd, zeros, part);
        if (status != 0) return status;
        n -= part;
    }
    return fsync(fd) == 0 ? 0 : -errno;
}

/* Overwrites and unlinks; a file that is not there is fine, one that cannot be trusted is only
 * unlinked. */
static int key_destroy(int dir, const char *name) {
    size_t n = 0;
    int status = 0;
    int fd = key_open(dir, name, O_RDWR, &n);
    if (fd == -ENOENT) return 0;
    if (fd >= 0) {
        status = overwrite(fd, n);
        close(fd);
    } else if (fd != -EPERM && fd != -EFBIG && fd != -ELOOP) {
        return fd;
    }
    if (unlinkat(dir, name, 0) != 0 && errno != ENOENT && status == 0) status = -errno;
    return status;
}

/* Writes `name` anew: first a whole temporary file, then its name. */
static int key_write(int dir, const char *name, const char *temporary, const uint8_t *bytes,
                     size_t n) {
    int status = key_destroy(dir, temporary); /* a power cut's leftover */
    if (status != 0) return status;
    int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return -errno;
    status = write_all(fd, bytes, n);
    if (status == 0 && fsync(fd) != 0) status = -errno;
    if (close(fd) != 0 && status == 0) status = -errno;
    if (status == 0 && renameat(dir, temporary, dir, name) != 0) status = -errno;
    if (status == 0 && fsync(dir) != 0) status = -errno;
    if (status != 0) (void)key_destroy(dir, temporary);
    return status;
}

/* What a destruction leaves that was cut before the file lost its name. Whoever made a key of it
 * would have one that everybody knows. */
static int is_overwritten(const uint8_t *bytes, size_t n) {
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++) any |= bytes[i];
    return any == 0;
}

/* ---- Callbacks ---------------------------------------------------------------------------- */

int linux_slot_put(void *ctx, unsigned slot, const uint8_t *bytes, size_t n) {
    const struct sotto_linux *device = ctx;
    size_t old_n = 0;
    if (slot > 1 || n == 0 || n > SOTTO_SLOT_BYTES_MAX) return -EINVAL;
    int dir = dir_open(device->key_dir);
    if (dir < 0) return dir;
    /* The replaced file loses its name by the rename; held open, it can still be overwritten. */
    int old = key_open(dir, SLOT[slot], O_RDWR, &old_n);
    int status = key_write(dir, SLOT[slot], NEW_SLOT[slot], bytes, n);
    if (old >= 0) {
        if (status == 0) (void)overwrite(old, old_n);
        close(old);
    }
    close(dir);
    return status;
}

int linux_slot_get(void *ctx, unsigned slot, uint8_t *bytes, size_t cap, size_t *n) {
    const struct sotto_linux *device = ctx;
    size_t length = 0;
    if (slot > 1) return -EINVAL;
    int dir = dir_open(device->key_dir);
    if (dir < 0) return dir;
    int fd = key_open(dir, SLOT[slot], O_RDONLY, &length);
    int status = fd >= 0 ? 0 : fd == -ENOENT ? 1 : fd;
    if (status == 0 && length > cap) status = -EFBIG;
    if (status == 0) status = read_all(fd, bytes, length);
    if (status == 0 && is_overwritten(bytes, length)) status = 1;
    if (status == 0) *n = length;
    if (fd >= 0) close(fd);
    close(dir);
    return status;
}

int linux_slot_destroy(void *ctx, unsigned slot, int *assurance) {
    const struct sotto_linux *device = ctx;
    if (slot > 1) return -EINVAL;
    int dir = dir_open(device->key_dir);
    if (dir < 0) return dir;
    int status = key_destroy(dir, SLOT[slot]);
    if (status == 0) status = key_destroy(dir, NEW_SLOT[slot]);
    if (status == 0 && fsync(dir) != 0) status = -errno;
    close(dir);
    if (status == 0) *assurance = SOTTO_ASSURANCE_LOGICAL;
    return status;
}

static int device_key_read(int dir, uint8_t secret[DEVICE_KEY_BYTES]) {
    size_t n = 0;
    int fd = key_open(dir, DEVICE_KEY, O_RDONLY, &n);
    if (fd < 0) return fd;
    int status = n == DEVICE_KEY_BYTES ? read_all(fd, secret, n) : -EINVAL;
    close(fd);
    return status;
}

int linux_device_secret(void *ctx, uint8_t secret[32]) {
    const struct sotto_linux *device = ctx;
    int dir = dir_open(device->key_dir);
    if (dir < 0) return dir;
    int status = device_key_read(dir, secret);
    close(dir);
    return status;
}

/* ---- Opening ------------------------------------------------------------------------------ */

static int keystore_fail(const char *path, const char *file, int code, struct sotto_error *err) {
    const char *slash = *file ? "/" : "";
    if (code == -EPERM || code == -ELOOP || code == -ENOTDIR)
        return fail(err, SOTTO_E_KEY,
                    "%s%s%s: refused, keys must belong to root or this user and be closed to all "
                    "others (chown, chmod go=)",
                    path, slash, file);
    if (code == -EINVAL || code == -EFBIG)
        return fail(err, SOTTO_E_KEY,
                    "%s%s%s: this is not a key of %d bytes; restore it from a backup", path, slash,
                    file, DEVICE_KEY_BYTES);
    return fail(err, SOTTO_E_IO, "%s%s%s: cannot use the key store: %s", path, slash, file,
                strerror(-code));
}

int linux_keystore_open(struct sotto_linux *device, struct sotto_error *err) {
    const char *path = device->key_dir;
    uint8_t secret[DEVICE_KEY_BYTES];
    if (mkdir(path, 0700) != 0 && errno != EEXIST) return keystore_fail(path, "", -errno, err);
    int dir = dir_open(path);
    if (dir < 0) return keystore_fail(path, "", dir, err);

    int code = device_key_read(dir, secret);
    if (code == -ENOENT) {
        parent_sync(dir); /* of one, too, that an earlier start made and did not get to sync */
        code = linux_entropy(NULL, secret, sizeof secret);
        if (code == 0) code = key_write(dir, DEVICE_KEY, "device.new", secret, sizeof secret);
    }
    explicit_bzero(secret, sizeof secret);
    close(dir);
    return code == 0 ? SOTTO_OK : keystore_fail(path, DEVICE_KEY, code, err);
}
