/* scan: see scan.h. Canaries are kept in a hash table by their first SCAN_LEAST bytes; each place
 * of a file is looked up once and compared in full only on a match. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/sotto-sim/dice.h"
#include "tools/sotto-sim/scan.h"

struct canary {
    char *text;
    size_t n;
    uint32_t next; /* index + 1 in the same bucket */
};

struct scan {
    struct canary *canaries;
    size_t n, cap;
    uint32_t *buckets;
    uint8_t *is_used; /* bit per 16-bit prefix: skips most places at once */
};

enum { BUCKETS = 1 << 16 };

static uint32_t bucket_of(const uint8_t *p) {
    uint64_t head = 0;
    memcpy(&head, p, SCAN_LEAST);
    return (uint32_t)(dice_mix(head) % BUCKETS);
}

static uint32_t prefix_of(const uint8_t *p) { return (uint32_t)(p[0] | p[1] << 8); }

struct scan *scan_new(void) {
    struct scan *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->buckets = calloc(BUCKETS, sizeof *s->buckets);
    s->is_used = calloc(BUCKETS / 8, 1);
    if (s->buckets && s->is_used) return s;
    scan_free(s);
    return NULL;
}

void scan_free(struct scan *s) {
    if (!s) return;
    for (size_t i = 0; i < s->n; i++) free(s->canaries[i].text);
    free(s->canaries);
    free(s->buckets);
    free(s->is_used);
    free(s);
}

int scan_add(struct scan *s, const char *text) {
    size_t n = strlen(text);
    if (n < SCAN_LEAST) return 0;
    const uint8_t *bytes = (const uint8_t *)text;
    uint32_t *bucket = &s->buckets[bucket_of(bytes)];
    for (uint32_t i = *bucket; i; i = s->canaries[i - 1].next)
        if (strcmp(s->canaries[i - 1].text, text) == 0) return 0;
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 256;
        struct canary *grown = realloc(s->canaries, cap * sizeof *grown);
        if (!grown) return -1;
        s->canaries = grown;
        s->cap = cap;
    }
    char *copy = strdup(text);
    if (!copy) return -1;
    s->canaries[s->n++] = (struct canary){copy, n, *bucket};
    *bucket = (uint32_t)s->n;
    s->is_used[prefix_of(bytes) / 8] |= (uint8_t)(1u << (prefix_of(bytes) & 7));
    return 0;
}

size_t scan_canaries(const struct scan *s) { return s->n; }

static void scan_bytes(const struct scan *s, const char *path, const uint8_t *bytes, size_t n,
                       struct scan_result *result) {
    for (size_t at = 0; at + SCAN_LEAST <= n; at++) {
        uint32_t prefix = prefix_of(bytes + at);
        if (!(s->is_used[prefix / 8] >> (prefix & 7) & 1)) continue;
        for (uint32_t i = s->buckets[bucket_of(bytes + at)]; i; i = s->canaries[i - 1].next) {
            const struct canary *c = &s->canaries[i - 1];
            if (c->n > n - at || memcmp(c->text, bytes + at, c->n) != 0) continue;
            if (result->hits++ == 0)
                snprintf(result->first, sizeof result->first, "%s, byte %zu", path, at);
        }
    }
}

static int scan_file(const struct scan *s, const char *path, struct scan_result *result) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (fd < 0) return -1;
    if (fstat(fd, &st) != 0) {
        close(fd);
        return -1;
    }
    result->files++;
    result->bytes += (uint64_t)st.st_size;
    if (st.st_size > 0) {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            close(fd);
            return -1;
        }
        scan_bytes(s, path, map, (size_t)st.st_size, result);
        munmap(map, (size_t)st.st_size);
    }
    close(fd);
    return 0;
}

int scan_tree(struct scan *s, const char *path, struct scan_result *result) {
    struct stat st;
    if (lstat(path, &st) != 0) goto failed;
    if (S_ISREG(st.st_mode)) {
        if (scan_file(s, path, result) == 0) return 0;
        goto failed;
    }
    if (!S_ISDIR(st.st_mode)) return 0;
    DIR *dir = opendir(path);
    if (!dir) goto failed;
    int rc = 0;
    for (const struct dirent *e; rc == 0 && (e = readdir(dir)) != NULL;) {
        char inner[1024];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        int n = snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        if (n < 0 || (size_t)n >= sizeof inner) {
            errno = ENAMETOOLONG;
            snprintf(result->first, sizeof result->first, "%.300s", path);
            rc = -1;
        } else {
            rc = scan_tree(s, inner, result);
        }
    }
    closedir(dir);
    return rc;
failed:
    snprintf(result->first, sizeof result->first, "%.300s", path);
    return -1;
}
