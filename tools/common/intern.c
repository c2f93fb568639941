/* intern: open addressing over FNV-1a, text in chained blocks that never move. */
#include "tools/common/intern.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (1u << 18)

struct intern_block {
    struct intern_block *before;
    char text[];
};

static uint64_t hash(const char *text) {
    uint64_t h = 0xcbf29ce484222325u;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h ^ h >> 29;
}

static uint32_t *find(const struct intern *set, const char *text) {
    uint32_t at = (uint32_t)hash(text) & (set->table_n - 1);
    while (set->table[at] && strcmp(set->texts[set->table[at] - 1], text) != 0)
        at = (at + 1) & (set->table_n - 1);
    return &set->table[at];
}

static int grow(struct intern *set) {
    if (set->cap > UINT32_MAX / 4) return -1; /* the table is twice as large again */
    uint32_t cap = set->cap ? 2 * set->cap : 1024;
    char **texts = realloc(set->texts, cap * sizeof *texts);
    if (!texts) return -1;
    set->texts = texts;
    uint32_t *table = calloc(2 * (size_t)cap, sizeof *table);
    if (!table) return -1;
    free(set->table);
    set->table = table;
    set->table_n = 2 * cap;
    set->cap = cap;
    for (uint32_t i = 0; i < set->n; i++) *find(set, set->texts[i]) = i + 1;
    return 0;
}

static char *keep(struct intern *set, const char *text) {
    size_t n = strlen(text) + 1;
    if (!set->block || n > set->block_n - set->used) {
        size_t room = n > BLOCK_BYTES ? n : BLOCK_BYTES;
        struct intern_block *block = malloc(sizeof *block + room);
        if (!block) return NULL;
        block->before = set->block;
        set->block = block;
        set->block_n = room;
        set->used = 0;
    }
    char *copy = set->block->text + set->used;
    memcpy(copy, text, n);
    set->used += n;
    return copy;
}

uint32_t intern(struct intern *set, const char *text) {
    if (set->n == set->cap && grow(set) != 0) return INTERN_FAILED;
    uint32_t *slot = find(set, text);
    if (*slot) return *slot - 1;
    char *copy = keep(set, text);
    if (!copy) return INTERN_FAILED;
    set->texts[set->n] = copy;
    *slot = ++set->n;
    return set->n - 1;
}

void intern_free(struct intern *set) {
    while (set->block) {
        struct intern_block *before = set->block->before;
        free(set->block);
        set->block = before;
    }
    free(set->texts);
    free(set->table);
    memset(set, 0, sizeof *set);
}
