/* fault_vfs: a disk that breaks on demand. A SQLite VFS over the default one that counts what
 * reaches the file system and fails as told: full, unable to sync, or cut from power, which may
 * also take what was written since the last sync. For tests, benchmarks and sotto-sim: give its
 * name to sotto_port.vault_vfs. */
#ifndef SOTTO_FAULT_VFS_H
#define SOTTO_FAULT_VFS_H

#include <stddef.h>
#include <stdint.h>

/* What a power cut takes of the writes that no sync followed. A disk and its kernel may have kept
 * any of them, in any order. */
enum fault_loss {
    FAULT_LOSS_NONE = 0, /* nothing: everything written is there */
    FAULT_LOSS_ALL,      /* everything since the file's last sync */
    FAULT_LOSS_SOME      /* each write with probability 1/2, drawn from `loss_seed` */
};

struct fault_vfs {
    /* Faults; may be changed at any time. */
    int is_full;    /* writes that would make a file longer fail with SQLITE_FULL */
    int sync_fails; /* syncs fail with SQLITE_IOERR_FSYNC */
    int is_torn;    /* the write during which the fuse burns out is half done */
    /* The power switch: when not NULL, every write, sync, truncation and deletion takes one from
     * *fuse; at 0 all of them fail and change nothing, as after a power cut. */
    long *fuse;
    /* Once the fuse has refused something, the loss happens when the last open file is closed
     * (until then the doomed process still sees what it wrote). Set it before the first write:
     * while it is FAULT_LOSS_NONE nothing is remembered. Creations and deletions of files are taken
     * to last. */
    enum fault_loss loss;
    uint64_t loss_seed;

    /* What happened so far. */
    uint64_t writes, bytes_written, syncs, truncates, deletes;
    uint64_t lost; /* writes and truncations that power cuts took */

    char name[32];
    void *vfs; /* the registered sqlite3_vfs */
    int has_burnt;
    unsigned open_files;
    struct fault_write *unsynced; /* the latest first */
};

/* Registers the disk under `name` (to be unique in the process); 0 or -1. `f` must not move until
 * fault_vfs_unregister and every vault on it must be closed before. */
int fault_vfs_register(struct fault_vfs *f, const char *name);
void fault_vfs_unregister(struct fault_vfs *f);

#endif
