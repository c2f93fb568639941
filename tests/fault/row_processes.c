/* row_processes: two processes want one vault, and locks whose owner is dead. The second is told
 * that the vault is busy, changes nothing and can go on asking; whoever comes after the first has
 * ended or was killed finds everything. */
#include "tests/fault/row.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/files.h"
#include "tests/support/canary.h"
#include "tests/support/dice.h"

#define STATES   2000u
#define SAME_DIR 50u

/* Opens, says so, waits to be told (or killed); ends with or without a word. */
static void owner(const char *dir, uint64_t life, const struct belief *b, int says, int hears,
                  unsigned manner) {
    struct world w;
    char c = 0;
    files_start(&w, dir, life, b);
    act_open(&w);
    if (!w.engine) _exit(1);
    act_begin(&w, BOB);
    if (manner == 1) act_events(&w, BOB, 40);
    if (write(says, &w.now, sizeof w.now) != (ssize_t)sizeof w.now) _exit(1);
    if (read(hears, &c, 1) != 1) _exit(1);
    act_close(&w);
    _exit(w.problem[0] ? 3 : 0);
}

static void second_is_refused(const char *dir, uint64_t life, const struct belief *b,
                              struct verdict *v) {
    char path[80];
    size_t n = 0, after_n = 0;
    struct device device;
    struct sotto_config config;
    struct sotto_error err = {0, ""};
    struct sotto *engine = NULL;
    snprintf(path, sizeof path, "%s/vault.db", dir);
    uint8_t *before = file_slurp(path, &n);
    device_start_files(&device, dir, life, b->wall_s);
    device_configure(&device, &config);
    int status = sotto_open(&config, &engine, &err);
    uint8_t *after = file_slurp(path, &after_n);
    if (status != SOTTO_E_BUSY || engine)
        verdict_bad(v, "a second process is let in: status %d %s", status, err.message);
    if (!before || !after || n != after_n || memcmp(before, after, n) != 0)
        verdict_bad(v, "a second process changes the vault");
    sotto_close(engine);
    free(before);
    free(after);
}

static void one(struct row *row, const char *dir, struct belief *b, uint64_t seed) {
    struct verdict v = {0, ""};
    struct dice d = {seed};
    struct belief open = *b, high;
    int says[2], hears[2], status = 0;
    uint64_t life = 4 * row->number;
    unsigned manner = dice_below(&d, 3); /* ends; ends in the middle of a visit; is killed */
    if (pipe(says) != 0 || pipe(hears) != 0) abort();
    pid_t child = fork();
    if (child < 0) abort();
    if (child == 0) owner(dir, life, b, says[1], hears[0], manner);
    if (read(says[0], &open, sizeof open) != (ssize_t)sizeof open)
        verdict_bad(&v, "the first process cannot open the vault");
    else
        second_is_refused(dir, life + 1, b, &v);
    if (manner == 2)
        kill(child, SIGKILL);
    else if (write(hears[1], "", 1) != 1)
        abort();
    if (waitpid(child, &status, 0) != child) abort();
    if (manner != 2 && status != 0)
        verdict_bad(&v, "the first process fails: %x", (unsigned)status);
    for (int i = 0; i < 2; i++) close(says[i]), close(hears[i]);
    high = open;
    if (manner == 1) open.person[BOB].events_min = open.person[BOB].events_max;
    files_judge(dir, life + 2, &open, manner == 1 ? &open : &high, b, &v);
    row_judge(row, &v, "two processes, manner %u", manner);
}

void row_processes(struct row *row) {
    char dir[64] = "";
    struct belief b;
    for (uint64_t i = 0, n = row_scaled(row, STATES), mine = 0; i < n; i++) {
        struct world w;
        if (!row_next(row)) continue;
        if (mine++ % SAME_DIR == 0) {
            if (dir[0]) folder_remove(dir);
            files_make(dir);
            world_start(&w, 0);
            b = w.now;
            b.wall_s = DEVICE_START_S;
            b.model = b.policy = 1;
            files_start(&w, dir, 1, &b);
            act_open(&w);
            act_visit(&w, BOB, 3);
            act_close(&w);
            b = w.now;
        }
        one(row, dir, &b, row->seed * 1000003 + i);
    }
    if (dir[0]) folder_remove(dir);
}
