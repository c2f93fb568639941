/* intern: each distinct string once, numbered from 0 in order of appearance. Host side only. */
#ifndef SOTTO_INTERN_H
#define SOTTO_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern_block;

struct intern {
    char **texts; /* n of them; live until intern_free */
    uint32_t n;
    uint32_t cap, table_n;
    uint32_t *table;            /* number + 1, 0 is empty */
    struct intern_block *block; /* the current block of text, chained to those before */
    size_t used, block_n;
};

#define INTERN_FAILED UINT32_MAX

/* The number of `text`, new or old; INTERN_FAILED without memory. A zeroed struct is empty. */
uint32_t intern(struct intern *set, const char *text);
void intern_free(struct intern *set);

#endif
