/* findings: what a demonstration left behind as JSON, gathered for people to look at. Owns the
 * parsed files; every accessor tolerates what is missing, so a page of part of a run is still a
 * page. Called by page*.c and summary.c. */
#ifndef SOTTO_SIM_FINDINGS_H
#define SOTTO_SIM_FINDINGS_H

#include <jansson.h>
#include "sotto.h"

/* Each is NULL when no directory had its file. */
struct findings {
    json_t *run;         /* run.json, of `sotto-sim run` */
    json_t *screen;      /* screen.json, of the same */
    json_t *truth;       /* truth.json, of the same */
    json_t *evaluate;    /* evaluate.json, of `sotto-sim evaluate` */
    json_t *estimate;    /* estimate.json, of `sotto-fleet estimate` */
    json_t *check;       /* check.json, of `sotto-pack check` */
    const char *command; /* a command that repeats the quality figures; NULL: none given */
};

/* Reads the files from `dirs`; the first directory that has one wins. SOTTO_E_FORMAT names file and
 * line of broken JSON, SOTTO_E_NOT_FOUND when there is none of them at all. Release with
 * findings_free. */
int findings_read(struct findings *found, const char *const *dirs, size_t n,
                  struct sotto_error *err);
void findings_free(struct findings *found);

/* The value at a path of keys such as "quality.ours.recall"; NULL, "" or 0 when it is not there. */
json_t *at(json_t *root, const char *path);
const char *text_at(json_t *root, const char *path);
double real_at(json_t *root, const char *path);
uint64_t uint_at(json_t *root, const char *path);

/* One histogram as the fleet sees it, joined with what the simulator knows. */
#define FINDINGS_CELLS_MAX 64
struct cell_view {
    const char *name;
    double estimate, low, high; /* of the fleet */
    /* True visits, and what is expected of them after the contribution bound; or households
     * that are expected to hold the value, or what they add up to. */
    double unbounded, bounded;
    int is_shown; /* 0: the fleet suppressed it */
};
struct window_view {
    const char *metric, *definition;
    uint64_t window, windows, reports; /* windows: how many are summed; 1 for one window */
    double epsilon;
    int is_household;
    uint64_t max_cells; /* the bound: in how many cells a visit counts at most */
    int64_t start_s;
    size_t n;
    struct cell_view cells[FINDINGS_CELLS_MAX];
};
/* How many windows were estimated, and the `index`-th of them. 0, or -1 past the last. */
size_t findings_windows(const struct findings *found);
int findings_window(const struct findings *found, size_t index, struct window_view *view);
/* The window with the most reports and, among those, the most visits; -1 when there is none. */
int findings_best_window(const struct findings *found, struct window_view *view);
/* All windows of the definition that *like is of, summed up; -1 when the fleet gave no total. */
int findings_total(const struct findings *found, const struct window_view *like,
                   struct window_view *view);
/* Over all windows. Intervals are about what was counted, after the contribution bound; what the
 * bound left out no interval is about. */
struct findings_coverage {
    uint64_t cells;  /* shown */
    uint64_t inside; /* of those, where the expected bounded count lies inside the interval */
    double touches;  /* of a cell by a visit */
    double left_out; /* of those, expected to be left out by the bound */
};
struct findings_coverage findings_coverage(const struct findings *found);

#endif
