/* memory: what the kernel tells. See memory.h. */
#include "tools/sotto-pack/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024 };

/* The number behind `key` in a file of lines; 0 when there is none ("max" is no number). */
static uint64_t number_in(const char *path, const char *key) {
    FILE *f = fopen(path, "re");
    char line[128];
    unsigned long long v = 0;
    size_t n = strlen(key);
    while (f && v == 0 && fgets(line, sizeof line, f))
        if (strncmp(line, key, n) == 0) v = strtoull(line + n, NULL, 10);
    if (f) fclose(f);
    return v;
}

/* Where a version of control groups says what. */
struct groups {
    const char *mark; /* of its line in /proc/self/cgroup, up to the path */
    const char *folder, *most, *used, *inactive, *active;
};

static const struct groups versions[] = {
    {"0::", "", "memory.max", "memory.current", "inactive_file ", "active_file "},
    {":memory:", "/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
     "total_inactive_file ", "total_active_file "}};

static uint64_t number_of(const char *root, const struct groups *v, const char *group,
                          const char *file, const char *key) {
    char path[PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s/sys/fs/cgroup%s%s/%s", root, v->folder, group, file);
    return number_in(path, key);
}

static uint64_t left_in(const char *root, const struct groups *v, const char *group) {
    uint64_t most = number_of(root, v, group, v->most, "");
    uint64_t used = number_of(root, v, group, v->used, "");
    uint64_t cached = number_of(root, v, group, "memory.stat", v->inactive) +
                      number_of(root, v, group, "memory.stat", v->active);
    if (most == 0) return UINT64_MAX;
    used = used > cached ? used - cached : 0;
    return most > used ? most - used : 0;
}

/* Each group is bound by those it lies in. */
static uint64_t left_in_groups(const char *root, const struct groups *v) {
    char path[PATH_BYTES], line[PATH_BYTES], *group = NULL;
    uint64_t least = UINT64_MAX;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *f = fopen(path, "re");
    while (f && !group && fgets(line, sizeof line, f)) {
        group = strstr(line, v->mark);
        if (group) group += strlen(v->mark);
    }
    if (f) fclose(f);
    if (!group) return UINT64_MAX;
    group[strcspn(group, "\n")] = '\0';
    for (char *cut = group; cut;) {
        size_t n = strlen(group);
        if (n > 0 && group[n - 1] == '/') group[n - 1] = '\0';
        uint64_t left = left_in(root, v, group);
        if (left < least) least = left;
        cut = strrchr(group, '/');
        if (cut) *cut = '\0';
    }
    return least;
}

uint64_t memory_now(const char *root) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/proc/meminfo", root);
    uint64_t kib = number_in(path, "MemAvailable:"), least = kib ? kib * 1024 : UINT64_MAX;
    for (size_t k = 0; k < sizeof versions / sizeof versions[0]; k++) {
        uint64_t left = left_in_groups(root, &versions[k]);
        if (left < least) least = left;
    }
    return least;
}
