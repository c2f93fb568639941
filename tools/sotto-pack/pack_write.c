/* pack_write: the bytes of a container, and files that appear whole or not at all. See
 * pack_write.h. */
#include "tools/sotto-pack/pack_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"

static size_t aligned(size_t n) { return (n + PACK_ALIGN - 1) / PACK_ALIGN * PACK_ALIGN; }

static int check_manifest(const struct pack_manifest *m, struct sotto_error *err) {
    size_t class_n = strlen(m->device_class);
    if (m->version == 0) return fail(err, SOTTO_E_ARGUMENT, "a pack's version must be at least 1");
    if (m->not_after_s < 0)
        return fail(err, SOTTO_E_ARGUMENT, "a pack's not-after date must not lie before 1970");
    if (class_n > PACK_CLASS_MAX || !utf8_is_printable(m->device_class, class_n))
        return fail(err, SOTTO_E_ARGUMENT,
                    "the device class must be printable UTF-8 of at most %d bytes", PACK_CLASS_MAX);
    return SOTTO_OK;
}

static void put_header(uint8_t *h, const struct pack_manifest *m, uint32_t n, size_t size) {
    memcpy(h, PACK_MAGIC, 8);
    store32(h + 8, PACK_FORMAT);
    store32(h + 12, (uint32_t)m->role);
    store64(h + 16, m->version);
    store64(h + 24, (uint64_t)m->not_after_s);
    store32(h + 32, m->min_engine);
    store32(h + 36, n);
    store64(h + 40, size);
    memcpy(h + 48, m->device_class, strlen(m->device_class));
    store64(h + 64, (uint64_t)m->created_s);
}

int pack_build(const struct pack_manifest *manifest, const struct pack_part *parts, uint32_t n,
               uint8_t **bytes, size_t *size, struct sotto_error *err) {
    *bytes = NULL;
    *size = 0;
    int status = check_manifest(manifest, err);
    if (status != SOTTO_OK) return status;
    if (n == 0 || n > PACK_SECTIONS_MAX)
        return fail(err, SOTTO_E_ARGUMENT, "a pack has 1 to %d sections", PACK_SECTIONS_MAX);
    size_t total = PACK_HEADER_BYTES + (size_t)n * PACK_SECTION_BYTES;
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0 && parts[i].id <= parts[i - 1].id)
            return fail(err, SOTTO_E_ARGUMENT, "a pack's sections must have ascending ids");
        if (parts[i].n > PACK_BYTES_MAX || (total = aligned(total) + parts[i].n) > PACK_BYTES_MAX)
            return fail(err, SOTTO_E_LIMIT, "the pack would be larger than %u MiB",
                        PACK_BYTES_MAX >> 20);
    }
    uint8_t *out = calloc(1, total);
    if (!out) return fail(err, SOTTO_E_MEMORY, "no memory for a pack of %zu bytes", total);
    put_header(out, manifest, n, total);
    size_t at = PACK_HEADER_BYTES + (size_t)n * PACK_SECTION_BYTES;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *entry = out + PACK_HEADER_BYTES + (size_t)i * PACK_SECTION_BYTES;
        at = aligned(at);
        if (parts[i].n) memcpy(out + at, parts[i].bytes, parts[i].n);
        store32(entry, (uint32_t)parts[i].id);
        store64(entry + 8, at);
        store64(entry + 16, parts[i].n);
        hash256(entry + 24, out + at, parts[i].n);
        at += parts[i].n;
    }
    *bytes = out;
    *size = total;
    return SOTTO_OK;
}

int packfile_read(const char *path, size_t most, uint8_t **bytes, size_t *n,
                  struct sotto_error *err) {
    struct stat st;
    *bytes = NULL;
    *n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        int why = errno;
        if (fd >= 0) close(fd);
        return fail(err, SOTTO_E_IO, "%s cannot be read: %s", path, strerror(why));
    }
    uint8_t *block = NULL;
    size_t got = 0;
    int status = SOTTO_OK;
    if (!S_ISREG(st.st_mode))
        status = fail(err, SOTTO_E_IO, "%s is not a regular file", path);
    else if ((uint64_t)st.st_size > most)
        status =
            fail(err, SOTTO_E_LIMIT, "%s is larger than the %zu bytes allowed here", path, most);
    else if (!(block = malloc((size_t)st.st_size + 1)))
        status = fail(err, SOTTO_E_MEMORY, "no memory to read %s", path);
    while (status == SOTTO_OK && got < (size_t)st.st_size) {
        ssize_t r = read(fd, block + got, (size_t)st.st_size - got);
        if (r < 0 && errno == EINTR) continue;
        if (r < 0) status = fail(err, SOTTO_E_IO, "%s cannot be read: %s", path, strerror(errno));
        if (r <= 0) break; /* shortened meanwhile: what is left is judged by its reader */
        got += (size_t)r;
    }
    close(fd);
    if (status != SOTTO_OK) {
        free(block);
        return status;
    }
    block[got] = '\0';
    *bytes = block;
    *n = got;
    return SOTTO_OK;
}

static int write_all(int fd, const uint8_t *bytes, size_t n) {
    while (n > 0) {
        ssize_t w = write(fd, bytes, n);
        if (w < 0 && errno == EINTR) continue;
        if (w <= 0) return -1;
        bytes += w;
        n -= (size_t)w;
    }
    return fsync(fd);
}

/* Makes the rename itself durable; best effort, some file systems refuse. */
static void sync_folder(char *path) {
    char *slash = strrchr(path, '/');
    if (slash) slash[slash == path ? 1 : 0] = '\0';
    int fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    close(fd);
}

static const char *kind_of(mode_t mode) {
    return S_ISLNK(mode)    ? "a symbolic link"
           : S_ISDIR(mode)  ? "a folder"
           : S_ISFIFO(mode) ? "a pipe"
           : S_ISSOCK(mode) ? "a socket"
                            : "a device";
}

/* Whether files can be made beside `path`. */
static int check_folder(const char *path, struct sotto_error *err) {
    const char *slash = strrchr(path, '/');
    char folder[4096] = ".";
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    if (n >= sizeof folder)
        return fail(err, SOTTO_E_ARGUMENT, "a path is longer than %zu bytes", sizeof folder - 8);
    if (n) {
        memcpy(folder, path, n);
        folder[n] = '\0';
    }
    return access(folder, W_OK | X_OK) == 0
               ? SOTTO_OK
               : fail(err, SOTTO_E_IO, "%s cannot be written: %s", path, strerror(errno));
}

int packfile_check_out(const char *path, const char *const *inputs, size_t n,
                       struct sotto_error *err) {
    struct stat out, in;
    if (lstat(path, &out) != 0) return check_folder(path, err);
    if (!S_ISREG(out.st_mode))
        return fail(err, SOTTO_E_IO, "%s is %s, which would be replaced by a file: name another%s",
                    path, kind_of(out.st_mode),
                    S_ISLNK(out.st_mode) ? ", or the file it points to" : "");
    for (size_t i = 0; i < n; i++)
        if (inputs[i] && stat(inputs[i], &in) == 0 && in.st_dev == out.st_dev &&
            in.st_ino == out.st_ino)
            return fail(err, SOTTO_E_ARGUMENT,
                        "%s would replace what is read, %s: name another file to write", path,
                        inputs[i]);
    return check_folder(path, err);
}

/* `is_new`: the file is created under its own name, which fails when that is taken. */
static int place(const char *path, const void *bytes, size_t n, unsigned mode, int is_new,
                 struct sotto_error *err) {
    char at[4096];
    int status = is_new ? SOTTO_OK : packfile_check_out(path, NULL, 0, err);
    if (status != SOTTO_OK) return status;
    int length = snprintf(at, sizeof at, is_new ? "%s" : "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof at)
        return fail(err, SOTTO_E_ARGUMENT, "a path is longer than %zu bytes", sizeof at - 8);
    int fd = is_new ? open(at, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : mkstemp(at);
    if (fd < 0 && is_new && errno == EEXIST)
        return fail(err, SOTTO_E_STATE,
                    "%s exists already and is not overwritten: choose another name", path);
    int is_placed = fd >= 0 && fchmod(fd, mode) == 0 && write_all(fd, bytes, n) == 0;
    int why = errno;
    if (fd >= 0 && close(fd) != 0 && is_placed) {
        is_placed = 0;
        why = errno;
    }
    if (is_placed && !is_new && rename(at, path) != 0) {
        is_placed = 0;
        why = errno;
    }
    if (!is_placed && fd >= 0) unlink(at);
    if (!is_placed)
        return fail(err, why == ENOSPC || why == EDQUOT || why == EROFS ? SOTTO_E_FULL : SOTTO_E_IO,
                    "%s cannot be written: %s", path, strerror(why));
    sync_folder(at);
    return SOTTO_OK;
}

int packfile_replace(const char *path, const void *bytes, size_t n, unsigned mode,
                     struct sotto_error *err) {
    return place(path, bytes, n, mode, 0, err);
}

int packfile_create(const char *path, const void *bytes, size_t n, unsigned mode,
                    struct sotto_error *err) {
    return place(path, bytes, n, mode, 1, err);
}
