/* pack_tool: a scratch folder, and sotto-pack's subcommands called in this process with their
 * output caught. */
#ifndef SOTTO_TEST_PACK_TOOL_H
#define SOTTO_TEST_PACK_TOOL_H

#include <stddef.h>

#define PACK_TOOL_TEXT 262144

struct pack_tool {
    char *folder;
    char paths[128][512]; /* what pack_tool_path hands out, in turn */
    unsigned n_paths;
    char out[PACK_TOOL_TEXT], err[PACK_TOOL_TEXT]; /* what the last run printed */
};

/* cmocka's setup and teardown: *state is a struct pack_tool with an empty folder. */
int pack_tool_setup(void **state);
int pack_tool_teardown(void **state);

/* The path of a name in the folder; good for 127 more calls. */
const char *pack_tool_path(struct pack_tool *t, const char *name);
/* Writes a text file there and returns its path. */
const char *pack_tool_write(struct pack_tool *t, const char *name, const char *text);
/* A file's content with a NUL, to be freed; fails the test when it cannot be read. */
char *pack_tool_read(const char *path);
/* How many names the folder holds. */
unsigned pack_tool_count(struct pack_tool *t);

/* Runs a subcommand with words up to a NULL (the first is its name); returns its exit code, fills
 * t->out and t->err. */
#define pack_tool_run(t, command, ...)                                                             \
    pack_tool_run_words(t, command, (const char *const[]){__VA_ARGS__})
int pack_tool_run_words(struct pack_tool *t, int (*command)(int, char **),
                        const char *const *words);
/* Runs a shell command quietly in the folder; returns its exit code. */
int pack_tool_shell(struct pack_tool *t, const char *command);

/* Writes sales.csv: forty days from 2025-01-01, 800 baskets of four out of one of ten families of
 * six items, A0 … J5; returns its path. */
const char *pack_tool_families(struct pack_tool *t);

#endif
