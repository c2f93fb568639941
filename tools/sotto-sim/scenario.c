/* scenario: `sotto-sim scenario`: plays one story or all, and ends 0 only if every promise of each
 * was kept. Owns the places where they are played. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/sotto-sim/commands.h"
#include "tools/sotto-sim/scenario.h"
#include "tools/sotto-sim/world.h"

enum { PATH = 400 };

/* Ten in the morning, the day after the town's month ended. */
static const int64_t morning_s = WORLD_DAY_0 + 30 * WORLD_DAY_S + 10 * 3600;

static const struct story *const books[] = {visit_stories, rights_stories};

static const struct story *story_at(size_t index) {
    for (size_t b = 0; b < ARRAY_LEN(books); b++)
        for (const struct story *s = books[b]; s->name; s++)
            if (index-- == 0) return s;
    return NULL;
}

/* 1 when it was told to its end and all was kept. */
static int tell(const struct story *story, const struct observer *packs, const char *dir,
                uint32_t number) {
    struct stage st = {.packs = packs};
    struct sotto_error err = {0, ""};
    char own[PATH + 64], kiosk[PATH + 128];
    snprintf(own, sizeof own, "%.400s/%s", dir, story->name);
    snprintf(kiosk, sizeof kiosk, "%.460s/kiosk", own);
    st.dir = own;
    printf("%s%s: %s\n\n", number ? "\n" : "", story->name, story->about);
    if (mkdir(own, 0700) != 0) {
        (void)command_io("sotto-sim scenario", own);
        return 0;
    }
    if (machine_open(&st.kiosk, number + 1, kiosk, 1, morning_s, packs, &err) == SOTTO_OK) {
        story->play(&st);
        stage_leave(&st);
    } else {
        stage_promise(&st, 0, "the kiosk could be switched on: %s", err.message);
    }
    machine_close(&st.kiosk);
    printf("\n%s: %u promises kept, %u broken\n", story->name, st.kept, st.broken);
    return st.broken == 0 && st.kept > 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st, (void)kind, (void)at;
    return remove(path);
}

/* A new directory: the one asked for, or one that is gone afterwards. */
static int make_place(char dir[PATH], const char *out) {
    const char *base = getenv("TMPDIR");
    if (out) {
        snprintf(dir, PATH, "%s", out);
        return strlen(out) < PATH && mkdir(dir, 0700) == 0 ? 0 : -1;
    }
    snprintf(dir, PATH, "%.350s/sotto-scenario-XXXXXX", base && *base ? base : "/tmp");
    return mkdtemp(dir) ? 0 : -1;
}

static int play(const char *name, const char *dir) {
    static struct observer packs;
    struct sotto_error err = {0, ""};
    unsigned played = 0, good = 0;
    int rc = scenario_packs(&packs, dir, &err);
    if (rc != SOTTO_OK) return cli_report("sotto-sim scenario", &err);
    for (size_t i = 0; story_at(i); i++) {
        if (strcmp(name, "all") != 0 && strcmp(name, story_at(i)->name) != 0) continue;
        good += (unsigned)tell(story_at(i), &packs, dir, played++);
        fflush(stdout);
    }
    observer_close(&packs);
    if (played > 1) printf("\n%u of %u stories kept their promises\n", good, played);
    return good == played ? EXIT_OK : EXIT_FAILED;
}

int command_scenario(const struct options *o) {
    char dir[PATH];
    const char *name = o->story ? o->story : "all";
    int is_known = strcmp(name, "all") == 0;
    for (size_t i = 0; story_at(i); i++) is_known |= strcmp(name, story_at(i)->name) == 0;
    if (!is_known) {
        fprintf(stderr, "sotto-sim scenario: there is no story \"%s\"; there are:", name);
        for (size_t i = 0; story_at(i); i++) fprintf(stderr, " %s", story_at(i)->name);
        fputs(". Try sotto-sim scenario --help\n", stderr);
        return EXIT_USAGE;
    }
    if (make_place(dir, o->out) != 0) {
        fprintf(stderr, "sotto-sim scenario: %s: %s; give a new directory to --out\n",
                o->out ? o->out : dir, strerror(errno));
        return EXIT_FAILED;
    }
    int code = play(name, dir);
    if (!o->out) (void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return code;
}
