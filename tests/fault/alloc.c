/* alloc: see alloc.h. */
#include "tests/fault/alloc.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "tests/fault/disk.h"

struct alloc alloc = {.fail_at = -1};
static sqlite3_mem_methods usual;
static long sqlite_live;

static int fails(enum alloc_who who) {
    if (!alloc.is_armed || disk.is_paused) return 0;
    alloc.asked[who]++;
    if (alloc.fail_at < 0) return 0;
    long place = alloc.fail_at ? --alloc.fail_at + 1 : 0;
    if (place != 0) return 0;
    alloc.failed++;
    if (!alloc.is_sticky) alloc.fail_at = -1;
    return 1;
}

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_sodium_malloc(size_t n);
void *__wrap_sodium_malloc(size_t n);
void __real_sodium_free(void *p);
void __wrap_sodium_free(void *p);

void *__wrap_malloc(size_t n) { return fails(ALLOC_OURS) ? NULL : __real_malloc(n); }

void *__wrap_sodium_malloc(size_t n) {
    void *p = fails(ALLOC_SODIUM) ? NULL : __real_sodium_malloc(n);
    alloc.live += p != NULL;
    return p;
}

void __wrap_sodium_free(void *p) {
    alloc.live -= p != NULL;
    __real_sodium_free(p);
}

static void *sqlite_malloc(int n) {
    void *p = fails(ALLOC_SQLITE) ? NULL : usual.xMalloc(n);
    sqlite_live += p != NULL;
    return p;
}

static void sqlite_free(void *p) {
    sqlite_live -= p != NULL;
    usual.xFree(p);
}

static void *sqlite_realloc(void *p, int n) {
    return fails(ALLOC_SQLITE) ? NULL : usual.xRealloc(p, n);
}

long alloc_sqlite_live(void) { return sqlite_live; }

void alloc_start(void) {
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual);
    sqlite3_mem_methods counting = usual;
    counting.xMalloc = sqlite_malloc;
    counting.xFree = sqlite_free;
    counting.xRealloc = sqlite_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &counting) != SQLITE_OK) abort();
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (sqlite3_initialize() != SQLITE_OK) abort();
}
