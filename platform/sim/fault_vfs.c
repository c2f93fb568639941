/* fault_vfs: see fault_vfs.h. Files implement the first version of SQLite's methods only: no shared
 * memory and no mapping, so a vault that asked for either would not open on it. */
#include "platform/sim/fault_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fault_file {
    sqlite3_file base; /* must be first */
    struct fault_vfs *disk;
    sqlite3_file *real; /* right behind this structure */
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
    if (*disk->fuse <= 0) return 0;
    --*disk->fuse;
    return 1;
}

/* ---- Files -------------------------------------------------------------------------------- */

static int file_close(sqlite3_file *file) {
    int rc = real_of(file)->pMethods ? real_of(file)->pMethods->xClose(real_of(file)) : SQLITE_OK;
    file->pMethods = NULL;
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
    if (is_last && disk->is_torn) {
        (void)real->xWrite(real_of(file), from, n / 2, at);
        return SQLITE_IOERR_WRITE;
    }
    return real->xWrite(real_of(file), from, n, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    if (!has_power(disk_of(file))) return SQLITE_IOERR_TRUNCATE;
    disk_of(file)->truncates++;
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags) {
    if (disk_of(file)->sync_fails || !has_power(disk_of(file))) return SQLITE_IOERR_FSYNC;
    disk_of(file)->syncs++;
    return real_of(file)->pMethods->xSync(real_of(file), flags);
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
    f->real = (sqlite3_file *)(f + 1);
    memset(f->real, 0, (size_t)real_vfs(vfs)->szOsFile);
    file->pMethods = NULL;
    int rc = real_vfs(vfs)->xOpen(real_vfs(vfs), path, f->real, flags, given);
    if (rc == SQLITE_OK) file->pMethods = &METHODS;
    return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_dir) {
    struct fault_vfs *disk = vfs->pAppData;
    if (!has_power(disk)) return SQLITE_IOERR_DELETE;
    disk->deletes++;
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
}
