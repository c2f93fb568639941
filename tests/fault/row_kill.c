/* row_kill: a process that is killed at a moment nobody chose, on real files. It tells through a
 * pipe what it is about to do and what it has done; whoever finds the files holds them to that.
 * The device goes on from life to life, so that what one kill left the next one meets. */
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

#define KILLS     10000u
#define LIVES_MAX 100u         /* of one device */
#define KILL_US   6000u        /* at most so long after the start */
#define YOUNG_S   (20 * 86400) /* retention, of 30 days, has taken nothing yet */

struct word {
    int is_done; /* else about to be */
    struct belief belief;
};

static int pipe_fd[2];

static void tell(const struct belief *b, int is_done) {
    struct word word;
    memset(&word, 0, sizeof word);
    word.is_done = is_done;
    word.belief = *b;
    if (write(pipe_fd[1], &word, sizeof word) != (ssize_t)sizeof word) _exit(1);
}

static void done(void *arg) { tell(&((struct world *)arg)->now, 1); }

/* All of a person may change, and a report may come. */
static void about_to(struct world *w, enum who p, unsigned more) {
    struct belief b = w->now;
    for (unsigned i = 0; i < PERSONS; i++) {
        if (p != ALL_PERSONS && (enum who)i != p) continue;
        b.person[i].place = MAY_BE_GONE | MAY_BE_THERE;
        b.person[i].events_min = 0;
        b.person[i].events_max += more;
        for (unsigned k = 0; k < PURPOSES; k++) b.person[i].word[k] = ~0u;
    }
    b.reports_max += 40;
    tell(&b, 0);
}

static void live(struct world *w, struct dice *d) {
    w->each = done;
    w->each_arg = w;
    about_to(w, ANNA, 0);
    act_open(w);
    for (;;) {
        enum who p = (enum who)dice_below(d, PERSONS);
        unsigned n = 1 + dice_below(d, 40);
        switch (dice_below(d, 8)) {
        case 0:
        case 1:
        case 2:
            about_to(w, p, n);
            act_visit(w, p, n);
            break;
        case 3:
            about_to(w, p, 0);
            act_begin(w, p);
            act_say(w, p, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_WITHDRAWN);
            act_end(w, p);
            break;
        case 4:
            about_to(w, p, 0);
            act_erase(w, p);
            break;
        case 5:
            about_to(w, p, 0);
            if (w->device.wall_s < DEVICE_START_S + YOUNG_S)
                act_days(w, 1);
            else
                act_tick(w);
            break;
        case 6:
            about_to(w, p, 0);
            act_export(w);
            break;
        default:
            about_to(w, p, 0);
            act_close(w);
            act_open(w);
            break;
        }
        if (w->problem[0]) _exit(3);
    }
}

static void run_child(const char *dir, uint64_t life, const struct belief *b, uint64_t seed) {
    struct world w;
    struct dice d = {seed};
    close(pipe_fd[0]);
    files_start(&w, dir, life, b);
    live(&w, &d);
}

/* Within an act there are several steps; between two of them the wider word still holds. */
static void one_kill(struct row *row, const char *dir, struct belief *b, uint64_t seed) {
    struct verdict v = {0, ""};
    struct dice d = {seed};
    struct belief low = *b, high = *b;
    struct word word;
    int status = 0;
    uint64_t life = 2 * row->number;
    if (pipe(pipe_fd) != 0) abort();
    pid_t child = fork();
    if (child < 0) abort();
    if (child == 0) run_child(dir, life, b, dice_u64(&d));
    close(pipe_fd[1]);
    usleep(dice_below(&d, KILL_US));
    kill(child, SIGKILL);
    while (read(pipe_fd[0], &word, sizeof word) == (ssize_t)sizeof word) {
        if (word.is_done)
            low = word.belief;
        else
            high = word.belief;
    }
    close(pipe_fd[0]);
    if (waitpid(child, &status, 0) != child) abort();
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        verdict_bad(&v, "it ended by itself: %x", (unsigned)status);
    if (low.wall_s > high.wall_s) high.wall_s = low.wall_s;
    files_judge(dir, life + 1, &low, &high, b, &v);
    row_judge(row, &v, "killed (the moment is nobody's: it will not come again)");
}

void row_kill(struct row *row) {
    static const struct belief nobody = {.person = {{MAY_BE_GONE, {1, 1, 1}, 0, 0},
                                                    {MAY_BE_GONE, {1, 1, 1}, 0, 0},
                                                    {MAY_BE_GONE, {1, 1, 1}, 0, 0},
                                                    {MAY_BE_GONE, {1, 1, 1}, 0, 0}},
                                         .model = 1,
                                         .policy = 1,
                                         .wall_s = DEVICE_START_S};
    char dir[64] = "";
    struct belief b = nobody;
    for (uint64_t i = 0, n = row_scaled(row, KILLS), lives = 0; i < n; i++) {
        if (!row_next(row)) continue;
        if (lives++ % LIVES_MAX == 0) {
            if (dir[0]) folder_remove(dir);
            files_make(dir);
            b = nobody;
        }
        one_kill(row, dir, &b, row->seed * 1000003 + i);
    }
    if (dir[0]) folder_remove(dir);
}
