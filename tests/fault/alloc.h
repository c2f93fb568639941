/* alloc: the allocators that run out. Counts what SQLite, libsodium's guarded memory and the
 * library itself ask for, and fails the n-th request, once or from then on. The linker puts the
 * wrappers in the place of malloc, sodium_malloc and sodium_free; test code uses calloc and
 * realloc. */
#ifndef SOTTO_FAULT_ALLOC_H
#define SOTTO_FAULT_ALLOC_H

#include <stddef.h>

enum alloc_who { ALLOC_OURS, ALLOC_SODIUM, ALLOC_SQLITE, ALLOC_ALL };

struct alloc {
    int is_armed; /* requests are counted and fail */
    long fail_at; /* the request that fails first, from 0; -1: none */
    int is_sticky;
    long asked[ALLOC_ALL], failed;
    long live; /* pieces of guarded memory that are held now */
};
extern struct alloc alloc;

/* Before SQLite starts. */
void alloc_start(void);
/* What SQLite holds now, in pieces. */
long alloc_sqlite_live(void);

#endif
