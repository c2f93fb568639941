/* disk: see disk.h. */
#include "tests/fault/disk.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct disk disk;

struct disk_file {
    sqlite3_file base; /* must be first */
    unsigned file;
};

static unsigned file_of(sqlite3_file *f) { return ((struct disk_file *)f)->file; }

/* A test that runs out of memory must not go on as if nothing were wrong. */
static void *must(void *p) {
    if (!p) abort();
    return p;
}

/* ---- Images ------------------------------------------------------------------------------- */

void file_resize(struct ram_file *f, size_t n) {
    if (n > f->cap) {
        size_t cap = (n + 16383) / 8192 * 8192;
        f->bytes = must(realloc(f->bytes, cap));
        f->cap = cap;
    }
    if (n > f->n) memset(f->bytes + f->n, 0, n - f->n);
    f->n = n;
}

void file_put(struct ram_file *f, const uint8_t *bytes, size_t n, size_t at) {
    if (at + n > f->n) file_resize(f, at + n);
    if (n) memcpy(f->bytes + at, bytes, n);
}

void image_copy(struct image *to, const struct image *from) {
    for (unsigned i = 0; i < DISK_FILES; i++) {
        const struct ram_file *f = &from->file[i];
        if (f->n > to->file[i].cap) file_resize(&to->file[i], f->n);
        if (f->n) memcpy(to->file[i].bytes, f->bytes, f->n);
        to->file[i].n = f->n;
        to->file[i].exists = f->exists;
    }
    for (unsigned i = 0; i < DISK_SLOTS; i++) memcpy(to->slot[i], from->slot[i], from->slot_n[i]);
    memcpy(to->slot_n, from->slot_n, sizeof to->slot_n);
    to->counter = from->counter;
}

void image_free(struct image *image) {
    for (unsigned i = 0; i < DISK_FILES; i++) free(image->file[i].bytes);
    memset(image, 0, sizeof *image);
}

/* ---- The record --------------------------------------------------------------------------- */

void ops_free(struct ops *ops) {
    free(ops->op);
    free(ops->bytes);
    memset(ops, 0, sizeof *ops);
}

void disk_note(enum op_kind kind, unsigned file, int64_t at, const void *bytes, size_t n) {
    struct ops *r = disk.record;
    if (!r) return;
    if (r->n == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 256;
        r->op = must(realloc(r->op, r->cap * sizeof *r->op));
    }
    struct op *op = &r->op[r->n++];
    *op = (struct op){(uint8_t)kind, (uint8_t)file, (uint32_t)n, at, r->n_bytes};
    if (!bytes) return;
    if (r->n_bytes + n > r->cap_bytes) {
        r->cap_bytes = 2 * (r->cap_bytes + n) + 65536;
        r->bytes = must(realloc(r->bytes, r->cap_bytes));
    }
    memcpy(r->bytes + r->n_bytes, bytes, n);
    r->n_bytes += n;
}

/* ---- Faults ------------------------------------------------------------------------------- */

static int is_meant(enum disk_fault fault, enum op_kind kind) {
    switch (fault) {
    case FAULT_ENOSPC:
    case FAULT_SHORT: return kind == OP_WRITE;
    case FAULT_EIO: return kind != OP_SYNC;
    case FAULT_EROFS: return kind == OP_WRITE || kind == OP_TRUNCATE || kind == OP_DELETE;
    case FAULT_FSYNC: return kind == OP_SYNC;
    case FAULT_NONE:
    case FAULT_KINDS: break;
    }
    return 0;
}

int disk_fails(enum op_kind kind) {
    if (disk.is_paused || !is_meant(disk.fault, kind)) return 0;
    long place = disk.fault_at--;
    int is_hit = disk.is_sticky ? place <= 0 : place == 0;
    disk.hits += is_hit;
    return is_hit;
}

void disk_heal(void) {
    disk.fault = FAULT_NONE;
    disk.limit = 0;
}

void disk_load(const struct image *image, uint64_t life) {
    image_copy(&disk.now, image);
    disk_heal();
    disk.hits = 0;
    disk.life = life;
    /* Salts of logs and all else that SQLite draws follow from here. */
    sqlite3_randomness(0, NULL);
}

/* ---- Files -------------------------------------------------------------------------------- */

static int file_close(sqlite3_file *f) {
    f->pMethods = NULL;
    disk.open_files--;
    return SQLITE_OK;
}

static int file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at) {
    const struct ram_file *r = &disk.now.file[file_of(f)];
    disk.reads++;
    if (disk_fails(OP_READ)) return SQLITE_IOERR_READ;
    size_t have = r->n > (size_t)at ? r->n - (size_t)at : 0;
    if (have >= (size_t)n) {
        memcpy(to, r->bytes + at, (size_t)n);
        return SQLITE_OK;
    }
    if (have) memcpy(to, r->bytes + at, have);
    memset((uint8_t *)to + have, 0, (size_t)n - have);
    return SQLITE_IOERR_SHORT_READ;
}

static int is_past_limit(const struct ram_file *r, size_t end) {
    size_t used = 0;
    if (!disk.limit || disk.is_paused || end <= r->n) return 0;
    for (unsigned i = 0; i < DISK_FILES; i++) used += disk.now.file[i].n;
    return used + (end - r->n) > disk.limit;
}

static int file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at) {
    struct ram_file *r = &disk.now.file[file_of(f)];
    int rc = SQLITE_OK;
    disk.writes++;
    if (is_past_limit(r, (size_t)at + (size_t)n)) return SQLITE_FULL;
    if (disk_fails(OP_WRITE)) {
        if (disk.fault == FAULT_ENOSPC) return SQLITE_FULL;
        if (disk.fault == FAULT_EROFS) return SQLITE_READONLY;
        if (disk.fault == FAULT_EIO) return SQLITE_IOERR_WRITE;
        n /= 2;
        rc = SQLITE_IOERR_WRITE;
    }
    file_put(r, from, (size_t)n, (size_t)at);
    disk_note(OP_WRITE, file_of(f), at, from, (size_t)n);
    return rc;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size) {
    if (disk_fails(OP_TRUNCATE)) return SQLITE_IOERR_TRUNCATE;
    file_resize(&disk.now.file[file_of(f)], (size_t)size);
    disk_note(OP_TRUNCATE, file_of(f), size, NULL, 0);
    return SQLITE_OK;
}

/* After a sync that failed the kernel calls its pages clean, so that no later sync writes them: in
 * the record those writes never become durable, which crash.c knows by n 1. */
static int file_sync(sqlite3_file *f, int flags) {
    (void)flags;
    disk.syncs++;
    int is_failed = disk_fails(OP_SYNC);
    disk_note(OP_SYNC, file_of(f), 0, NULL, (size_t)is_failed);
    return is_failed ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size) {
    *size = (sqlite3_int64)disk.now.file[file_of(f)].n;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *f, int level) {
    (void)f;
    (void)level;
    return SQLITE_OK; /* two processes have a row of their own, on real files */
}

static int file_check_lock(sqlite3_file *f, int *is_reserved) {
    (void)f;
    *is_reserved = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *f, int op, void *arg) {
    (void)f;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

/* As SQLite's own for Linux says. */
static int file_sector_size(sqlite3_file *f) {
    (void)f;
    return 4096;
}
static int file_characteristics(sqlite3_file *f) {
    (void)f;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
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
    .xUnlock = file_lock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
};

/* ---- The file system ---------------------------------------------------------------------- */

static int file_named(const char *path) {
    size_t n = strlen(path);
    if (n > 8 && strcmp(path + n - 8, "-journal") == 0) return 1;
    if (n > 4 && strcmp(path + n - 4, "-wal") == 0) return 2;
    return strcmp(path, DISK_VAULT) == 0 ? 0 : -1;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *given) {
    struct disk_file *f = (struct disk_file *)file;
    (void)vfs;
    file->pMethods = NULL;
    int which = path ? file_named(path) : -1; /* a temporary file would be a leak */
    if (which < 0 || disk_fails(OP_OPEN)) return SQLITE_CANTOPEN;
    struct ram_file *r = &disk.now.file[which];
    if (!r->exists && !(flags & SQLITE_OPEN_CREATE)) return SQLITE_CANTOPEN;
    if (!r->exists) file_resize(r, 0);
    r->exists = 1;
    f->file = (unsigned)which;
    file->pMethods = &METHODS;
    disk.open_files++;
    if (given) *given = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_dir) {
    int which = file_named(path);
    (void)vfs;
    if (which < 0) return SQLITE_IOERR_DELETE;
    if (disk_fails(OP_DELETE)) return SQLITE_IOERR_DELETE;
    if (!disk.now.file[which].exists) return SQLITE_IOERR_DELETE_NOENT;
    disk.now.file[which].exists = 0;
    file_resize(&disk.now.file[which], 0);
    disk_note(OP_DELETE, (unsigned)which, 0, NULL, (size_t)(sync_dir != 0));
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *answer) {
    int which = file_named(path);
    (void)vfs;
    (void)flags;
    *answer = which >= 0 && disk.now.file[which].exists;
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int cap, char *full) {
    (void)vfs;
    return snprintf(full, (size_t)cap, "%s", path) < cap ? SQLITE_OK : SQLITE_CANTOPEN;
}

/* The same at every start: salts need not be secret, and each state must come again. */
static int vfs_random(sqlite3_vfs *vfs, int n, char *to) {
    (void)vfs;
    for (int i = 0; i < n; i++) to[i] = (char)(i * 37 + 11 + (int)disk.life * 101);
    return n;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us) {
    (void)vfs;
    return us;
}

static int vfs_time(sqlite3_vfs *vfs, double *now) {
    (void)vfs;
    *now = 2461041.5;
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int cap, char *text) {
    (void)vfs;
    if (cap > 0) *text = 0;
    return 0;
}

void disk_start(void) {
    static sqlite3_vfs vfs = {
        .iVersion = 1,
        .szOsFile = sizeof(struct disk_file),
        .mxPathname = 512,
        .zName = DISK_VFS,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_last_error,
    };
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) abort();
}
