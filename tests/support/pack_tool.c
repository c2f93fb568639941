/* pack_tool: see pack_tool.h. */
#include "tests/support/pack_tool.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test.h"

#include "tests/support/dice.h"

int pack_tool_setup(void **state) {
    struct pack_tool *t = calloc(1, sizeof *t);
    const char *base = getenv("TMPDIR");
    if (t) t->folder = calloc(1, 256);
    if (!t || !t->folder) {
        free(t);
        return -1;
    }
    snprintf(t->folder, 256, "%s/sotto-pack-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(t->folder)) {
        free(t->folder);
        free(t);
        return -1;
    }
    *state = t;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st, (void)kind, (void)at;
    return remove(path);
}

int pack_tool_teardown(void **state) {
    struct pack_tool *t = *state;
    int rc = nftw(t->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(t->folder);
    free(t);
    return rc;
}

const char *pack_tool_path(struct pack_tool *t, const char *name) {
    char *path = t->paths[t->n_paths++ % 128];
    snprintf(path, sizeof t->paths[0], "%s/%s", t->folder, name);
    return path;
}

const char *pack_tool_write(struct pack_tool *t, const char *name, const char *text) {
    const char *path = pack_tool_path(t, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    return path;
}

char *pack_tool_read(const char *path) {
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 4 << 20);
    assert_non_null(f);
    assert_non_null(text);
    size_t n = fread(text, 1, (4 << 20) - 1, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

unsigned pack_tool_count(struct pack_tool *t) {
    DIR *d = opendir(t->folder);
    unsigned n = 0;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

static int redirect(int fd, FILE *to) {
    fflush(fd == STDOUT_FILENO ? stdout : stderr);
    int saved = dup(fd);
    dup2(fileno(to), fd);
    return saved;
}

static void restore(int fd, int saved, FILE *from, char text[PACK_TOOL_TEXT]) {
    fflush(fd == STDOUT_FILENO ? stdout : stderr);
    dup2(saved, fd);
    close(saved);
    rewind(from);
    size_t n = fread(text, 1, PACK_TOOL_TEXT - 1, from);
    text[n] = '\0';
    fclose(from);
}

int pack_tool_run_words(struct pack_tool *t, int (*command)(int, char **),
                        const char *const *words) {
    char copies[32][512], *argv[33] = {0};
    int argc = 0;
    for (; words[argc]; argc++) { /* getopt permutes its words */
        assert_true(argc < 32);
        snprintf(copies[argc], sizeof copies[argc], "%s", words[argc]);
        argv[argc] = copies[argc];
    }
    FILE *out = tmpfile(), *err = tmpfile();
    assert_non_null(out);
    assert_non_null(err);
    int saved_out = redirect(STDOUT_FILENO, out), saved_err = redirect(STDERR_FILENO, err);
    int code = command(argc, argv);
    restore(STDOUT_FILENO, saved_out, out, t->out);
    restore(STDERR_FILENO, saved_err, err, t->err);
    return code;
}

int pack_tool_shell(struct pack_tool *t, const char *command) {
    char line[4096];
    int n = snprintf(line, sizeof line, "cd '%s' && { %s; } >shell.out 2>&1 </dev/null", t->folder,
                     command);
    assert_true(n > 0 && (size_t)n < sizeof line);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const char *pack_tool_families(struct pack_tool *t) {
    struct dice d = {11};
    const char *path = pack_tool_path(t, "sales.csv");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("basket,item,time,title,quantity,price\n", f);
    for (uint32_t b = 0; b < 800; b++) {
        uint32_t family = dice_below(&d, 10), first = dice_below(&d, 6);
        for (uint32_t k = 0; k < 4; k++) {
            uint32_t member = (first + k * (1 + b % 5 / 4 * 4)) % 6;
            fprintf(f, "%u,%c%u,2025-%02u-%02uT10:00:00Z,\"Item, %c %u\",1,%u.49\n", 1000 + b,
                    'A' + (int)family, member, 1 + b / 560, 1 + b / 20 % 28, 'A' + (int)family,
                    member, member + 1);
        }
    }
    assert_int_equal(fclose(f), 0);
    return path;
}
