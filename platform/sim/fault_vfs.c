/* fault_vfs: see fault_vfs.h. Files implement the first version of SQLite's methods only: no shared
 * memory and no mapping, so a vault that asked for either would not open on it. */
#include "platform/sim/fault_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fault_file {
    sqlite3_file base; /* must be first */
    struct fault_vfs *disk;
    const char *path;   /* SQLite keeps it as long as the file is open */
    sqlite3_file *real; /* right behind this structure */
};

/* A write or truncation that no sync of its file has followed yet. */
struct fault_write {
    struct fault_write *before;
    char *path;
    int64_t at, size_before;
    int is_truncation; /* to `at` */
    size_t n_old, n_new;
    uint8_t *old, *new; /* what was there, as far as the file went; what came there */
};

static sqlite3_file *real_of(sqlite3_file *file) { return ((struct fault_file *)file)->real; }
static struct fault_vfs *disk_of(sqlite3_file *file) { return ((struct fault_file *)file)->disk; }
static sqlite3_vfs *real_vfs(sqlite3_vfs *vfs) {
    (void)vfs;
    return sqlite3_vfs_find(NULL);
}

/* True when the operation still has power. */
static int has_power(struct fault_vfs *disk) {
    if (!disk->fuse) return 1;
    if (*disk->fuse <= 0) {
        disk->has_burnt = 1;
        return 0;
    }
    --*disk->fuse;
    return 1;
}

/* ---- What a power cut takes --------------------------------------------------------------- */

static void write_free(struct fault_write *w) {
    free(w->path);
    free(w->old);
    free(w->new);
    free(w);
}

/* A sync (or a deletion) of `path`; NULL: of everything. */
static void forget_writes(struct fault_vfs *disk, const char *path) {
    for (struct fault_write **at = &disk->unsynced; *at;) {
        struct fault_write *w = *at;
        if (path && strcmp(w->path, path) != 0) {
            at = &w->before;
        } else {
            *at = w->before;
            write_free(w);
        }
    }
}

/* Keeps what `n` bytes at `at` will take the place of; with `from` NULL, of all from `at` on. Out
 * of memory a test must not go on as if nothing could be lost. */
static void remember_write(sqlite3_file *file, const void *from, size_t n, int64_t at) {
    struct fault_file *f = (struct fault_file *)file;
    const sqlite3_io_methods *real = f->real->pMethods;
    sqlite3_int64 size = 0;
    if (f->disk->loss == FAULT_LOSS_NONE || !f->path) return;
    struct fault_write *w = calloc(1, sizeof *w);
    if (!w || real->xFileSize(f->real, &size) != SQLITE_OK) abort();
    w->at = at;
    w->size_before = size;
    w->is_truncation = !from;
    w->n_new = n;
    size_t tail = size > at ? (size_t)(size - at) : 0;
    w->n_old = from && n < tail ? n : tail;
    w->path = strdup(f->path);
    w->old = malloc(w->n_old + 1);
    w->new = malloc(w->n_new + 1);
    if (!w->path || !w->old || !w->new) abort();
    if (w->n_old && real->xRead(f->real, w->old, (int)w->n_old, at) != SQLITE_OK) abort();
    if (from) memcpy(w->new, from, n);
    w->before = f->disk->unsynced;
    f->disk->unsynced = w;
}

static void put_back(int fd, const uint8_t *bytes, size_t n, int64_t at) {
    if (n && pwrite(fd, bytes, n, at) != (ssize_t)n) abort();
}

/* xorshift64*: any fixed, even coin will do. */
static int coin(uint64_t *seed) {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return (int)(*seed * UINT64_C(0x2545f4914f6cdd1d) >> 63);
}

/* First back to what the last syncs left, the latest write first; then some again, in their order.
 */
static void lose_writes(struct fault_vfs *disk) {
    struct fault_write *in_order = NULL;
    uint64_t seed = disk->loss_seed + UINT64_C(0x9e3779b97f4a7c15);
    while (disk->unsynced) {
        struct fault_write *w = disk->unsynced;
        int fd = open(w->path, O_RDWR | O_CLOEXEC);
        disk->unsynced = w->before;
        w->before = in_order;
        in_order = w;
        if (fd < 0) continue; /* deleted since */
        put_back(fd, w->old, w->n_old, w->at);
        if (ftruncate(fd, w->size_before) != 0) abort();
        close(fd);
    }
    while (in_order) {
        struct fault_write *w = in_order;
        int is_kept = disk->loss == FAULT_LOSS_SOME && coin(&seed);
        int fd = is_kept ? open(w->path, O_RDWR | O_CLOEXEC) : -1;
        in_order = w->before;
        disk->lost += !is_kept;
        if (fd >= 0) {
            put_back(fd, w->new, w->n_new, w->at);
            if (w->is_truncation && ftruncate(fd, w->at) != 0) abort();
            close(fd);
        }
        write_free(w);
    }
    disk->has_burnt = 0;
}

/* ---- Files -------------------------------------------------------------------------------- */

static int file_close(sqlite3_file *file) {
    int rc = real_of(file)->pMethods ? real_of(file)->pMethods->xClose(real_of(file)) : SQLITE_OK;
    struct fault_vfs *disk = disk_of(file);
    file->pMethods = NULL;
    /* Not before: opening and closing a file drops the locks that this process holds on it. */
    if (--disk->open_files == 0 && disk->has_burnt) lose_writes(disk);
    return rc;
}

static int file_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at) {
    return real_of(file)->pMethods->xRead(real_of(file), to, n, at);
}

static int file_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at) {
    struct fault_vfs *disk = disk_of(file);
    const sqlite3_io_methods *real = real_of(file)->pMethods;
    sqlite3_int64 size = 0;
    int is_last = disk->fuse && *disk->fuse == 1;
    if (!has_power(disk)) return SQLITE_IOERR_WRITE;
    if (disk->is_full && real->xFileSize(real_of(file), &size) == SQLITE_OK && at + n > size)
        return SQLITE_FULL;
    disk->writes++;
    disk->bytes_written += (uint64_t)n;
    remember_write(file, from, (size_t)(is_last && disk->is_torn ? n / 2 : n), at);
    if (is_last && disk->is_torn) {
        (void)real->xWrite(real_of(file), from, n / 2, at);
        return SQLITE_IOERR_WRITE;
    }
    return real->xWrite(real_of(file), from, n, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    if (!has_power(disk_of(file))) return SQLITE_IOERR_TRUNCATE;
    disk_of(file)->truncates++;
    remember_write(file, NULL, 0, size);
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags) {
    if (disk_of(file)->sync_fails || !has_power(disk_of(file))) return SQLITE_IOERR_FSYNC;
    disk_of(file)->syncs++;
    if (disk_of(file)->loss == FAULT_LOSS_NONE)
        return real_of(file)->pMethods->xSync(real_of(file), flags);
    /* What lasts is decided here, so the real disk need not be waited for. */
    forget_writes(disk_of(file), ((struct fault_file *)file)->path);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level) {
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level) {
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *is_reserved) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), is_reserved);
}

static int file_control(sqlite3_file *file, int op, void *arg) {
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int file_sector_size(sqlite3_file *file) {
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static const sqlite3_io_methods METHODS = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
};

/* ---- The file system ---------------------------------------------------------------------- */

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *given) {
    struct fault_file *f = (struct fault_file *)file;
    f->disk = vfs->pAppData;
    f->path = path;
    f->real = (sqlite3_file *)(f + 1);
    memset(f->real, 0, (size_t)real_vfs(vfs)->szOsFile);
    file->pMethods = NULL;
    int rc = real_vfs(vfs)->xOpen(real_vfs(vfs), path, f->real, flags, given);
    if (rc != SQLITE_OK) return rc;
    file->pMethods = &METHODS;
    f->disk->open_files++;
    return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_dir) {
    struct fault_vfs *disk = vfs->pAppData;
    if (!has_power(disk)) return SQLITE_IOERR_DELETE;
    disk->deletes++;
    forget_writes(disk, path);
    return real_vfs(vfs)->xDelete(real_vfs(vfs), path, sync_dir);
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *answer) {
    return real_vfs(vfs)->xAccess(real_vfs(vfs), path, flags, answer);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int cap, char *full) {
    return real_vfs(vfs)->xFullPathname(real_vfs(vfs), path, cap, full);
}

static int vfs_random(sqlite3_vfs *vfs, int n, char *to) {
    return real_vfs(vfs)->xRandomness(real_vfs(vfs), n, to);
}

static int vfs_sleep(sqlite3_vfs *vfs, int us) { return real_vfs(vfs)->xSleep(real_vfs(vfs), us); }

static int vfs_time(sqlite3_vfs *vfs, double *now) {
    return real_vfs(vfs)->xCurrentTime(real_vfs(vfs), now);
}

static int vfs_last_error(sqlite3_vfs *vfs, int cap, char *text) {
    return real_vfs(vfs)->xGetLastError(real_vfs(vfs), cap, text);
}

int fault_vfs_register(struct fault_vfs *f, const char *name) {
    sqlite3_vfs *base = sqlite3_vfs_find(NULL);
    sqlite3_vfs *vfs = calloc(1, sizeof *vfs);
    memset(f, 0, sizeof *f);
    if (!base || !vfs || snprintf(f->name, sizeof f->name, "%s", name) >= (int)sizeof f->name) {
        free(vfs);
        return -1;
    }
    *vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct fault_file) + base->szOsFile,
        .mxPathname = base->mxPathname,
        .zName = f->name,
        .pAppData = f,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_last_error,
    };
    if (sqlite3_vfs_register(vfs, 0) != SQLITE_OK) {
        free(vfs);
        return -1;
    }
    f->vfs = vfs;
    return 0;
}

void fault_vfs_unregister(struct fault_vfs *f) {
    if (!f->vfs) return;
    sqlite3_vfs_unregister(f->vfs);
    free(f->vfs);
    f->vfs = NULL;
    forget_writes(f, NULL);
}
