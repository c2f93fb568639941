/* fault_vfs: a disk that breaks on demand. A SQLite VFS over the default one that counts what
 * reaches the file system and fails as told: full, unable to sync, or cut from power. For tests,
 * benchmarks and sotto-sim: give its name to sotto_port.vault_vfs. */
#ifndef SOTTO_FAULT_VFS_H
#define SOTTO_FAULT_VFS_H

#include <stddef.h>
#include <stdint.h>

struct fault_vfs {
    /* Faults; may be changed at any time. */
    int is_full;    /* writes that would make a file longer fail with SQLITE_FULL */
    int sync_fails; /* syncs fail with SQLITE_IOERR_FSYNC */
    int is_torn;    /* the write during which the fuse burns out is half done */
    /* The power switch: when not NULL, every write, sync, truncation and deletion takes one from
     * *fuse; at 0 all of them fail and change nothing, as after a power cut. */
    long *fuse;

    /* What happened so far. */
    uint64_t writes, bytes_written, syncs, truncates, deletes;

    char name[32];
    void *vfs; /* the registered sqlite3_vfs */
};

/* Registers the disk under `name` (to be unique in the process); 0 or -1. `f` must not move until
 * fault_vfs_unregister and every vault on it must be closed before. */
int fault_vfs_register(struct fault_vfs *f, const char *name);
void fault_vfs_unregister(struct fault_vfs *f);

#endif
