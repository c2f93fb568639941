/* disk: everything a device keeps, in memory: the vault's three files, two key slots, a counter.
 * A SQLite VFS and the callbacks of a key store write to it; each operation is counted, may be made
 * to fail, and is recorded, so that crash.c can rebuild what a power cut at any moment could have
 * left. One disk a process. Called by world.c (the port), crash.c and the rows of the matrix. */
#ifndef SOTTO_FAULT_DISK_H
#define SOTTO_FAULT_DISK_H

#include <stddef.h>
#include <stdint.h>

#define DISK_VFS       "fault-ram"
#define DISK_VAULT     "/ram/vault.db"
#define DISK_FILES     3 /* the vault, its rollback journal, its log */
#define DISK_SECTOR    512
#define DISK_SLOTS     2
#define SLOT_BYTES     32    /* what a device of the matrix keeps in one */
#define SLOT_BYTES_MAX 16384 /* as the key file does */

struct ram_file {
    uint8_t *bytes;
    size_t n, cap;
    int exists;
};

/* What is kept. */
struct image {
    struct ram_file file[DISK_FILES];
    uint8_t slot[DISK_SLOTS][SLOT_BYTES_MAX];
    size_t slot_n[DISK_SLOTS]; /* 0: empty */
    uint64_t counter;
};

void image_copy(struct image *to, const struct image *from);
void image_free(struct image *image);
void file_resize(struct ram_file *f, size_t n);
void file_put(struct ram_file *f, const uint8_t *bytes, size_t n, size_t at);

enum op_kind {
    OP_WRITE,
    OP_TRUNCATE,
    OP_SYNC,
    OP_DELETE, /* n 1: the folder was synced */
    OP_SLOT_PUT,
    OP_SLOT_DESTROY,
    OP_COUNTER,
    OP_READ, /* from here on never recorded; counted for faults alone */
    OP_OPEN,
    OP_SLOT_GET,
    OP_COUNTER_GET,
    OP_KINDS,
    /* Marks, which take no time: no cut can come between them and what is before them. */
    OP_COMMIT_BEGIN = 32, /* at: number of the content that is being committed */
    OP_COMMIT_END,        /* at: the status */
    OP_STEP               /* at: number of the belief that holds from now on */
};

struct op {
    uint8_t kind, file;
    uint32_t n;
    int64_t at;
    size_t bytes; /* where in the record's bytes */
};

struct ops {
    struct op *op;
    size_t n, cap;
    uint8_t *bytes;
    size_t n_bytes, cap_bytes;
};
void ops_free(struct ops *ops);

enum disk_fault {
    FAULT_NONE,
    FAULT_ENOSPC, /* writes */
    FAULT_EIO,    /* everything but syncs */
    FAULT_EROFS,  /* all that changes a file */
    FAULT_SHORT,  /* a write that puts down half and fails */
    FAULT_FSYNC,  /* a sync; what was not synced is never kept from now on, as on Linux */
    FAULT_KINDS
};

struct disk {
    struct image now;
    struct ops *record; /* NULL: nothing is recorded */
    size_t limit;       /* bytes of all files; 0: no end */

    enum disk_fault fault;
    long fault_at; /* the fault hits when so many operations of its kind have passed */
    int is_sticky; /* and all that follow */
    long hits;     /* how often it did */
    int is_paused; /* while it is not 0 nothing fails and nothing is counted */
    uint64_t syncs, reads, writes;

    int is_key_weak; /* a key slot was given zeros, or what it or the other one holds already */
    uint64_t life;   /* how often the device was started: no two lives draw the same salts */
    int open_files;
};
extern struct disk disk;

/* Registers the VFS, as the process's default. */
void disk_start(void);
/* Takes the image in, as when the device starts for the `life`-th time with these things in place:
 * `image` is copied. */
void disk_load(const struct image *image, uint64_t life);
/* Nothing fails any more. */
void disk_heal(void);
/* Whether this operation of the key store fails. */
int disk_fails(enum op_kind kind);
/* Appends to the record, if there is one. */
void disk_note(enum op_kind kind, unsigned file, int64_t at, const void *bytes, size_t n);

#endif
