/* canary: see canary.h. */
#include "tests/support/canary.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void canary_make(char canary[CANARY_BYTES + 1], unsigned number) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    uint64_t x = 0x9e3779b97f4a7c15u * (number + 1u);
    for (int i = 0; i < CANARY_BYTES; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17; /* xorshift64 (Marsaglia 2003) */
        canary[i] = letters[(x >> 32) % (sizeof letters - 1)];
    }
    canary[CANARY_BYTES] = 0;
}

uint8_t *file_slurp(const char *path, size_t *n) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long size = -1;
    if (!file) return NULL;
    if (fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    rewind(file);
    if (size >= 0) bytes = malloc((size_t)size + 1);
    if (bytes) *n = fread(bytes, 1, (size_t)size, file);
    fclose(file);
    if (bytes && *n == (size_t)size) return bytes;
    free(bytes);
    return NULL;
}

int file_spill(const char *path, const void *bytes, size_t n) {
    FILE *file = fopen(path, "wb");
    if (!file) return -1;
    size_t put = fwrite(bytes, 1, n, file);
    return fclose(file) == 0 && put == n ? 0 : -1;
}

/* What nftw's callback looks for; nftw has no argument for it. */
static struct {
    const uint8_t *secret;
    size_t n, stride;
    int hits, errors;
} search;

static int file_search(const char *path, const struct stat *st, int type, struct FTW *at) {
    size_t n = 0;
    (void)at;
    if (type != FTW_F || st->st_size == 0) return 0;
    uint8_t *bytes = file_slurp(path, &n);
    if (!bytes) {
        search.errors++;
        return 0;
    }
    for (size_t i = 0; i + CANARY_PIECE <= search.n; i += search.stride) {
        if (memmem(bytes, n, search.secret + i, CANARY_PIECE)) {
            search.hits++;
            break;
        }
    }
    free(bytes);
    return 0;
}

int canary_count(const char *dir, const void *secret, size_t n, size_t stride) {
    search.secret = secret;
    search.n = n;
    search.stride = stride;
    search.hits = search.errors = 0;
    if (n < CANARY_PIECE || nftw(dir, file_search, 8, FTW_PHYS) != 0 || search.errors) return -1;
    return search.hits;
}

static int entry_remove(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st, (void)type, (void)at;
    (void)remove(path);
    return 0;
}

void folder_remove(const char *dir) { (void)nftw(dir, entry_remove, 8, FTW_DEPTH | FTW_PHYS); }
