/* findings: see findings.h. */
#include <string.h>

#include "base/base.h"
#include "tools/sotto-sim/findings.h"

static int read_one(json_t **value, const char *name, const char *const *dirs, size_t n,
                    struct sotto_error *err) {
    for (size_t i = 0; i < n; i++) {
        char path[1024];
        json_error_t why;
        if (snprintf(path, sizeof path, "%s/%s", dirs[i], name) >= (int)sizeof path)
            return fail(err, SOTTO_E_ARGUMENT, "%.100s…: this path is too long", dirs[i]);
        FILE *f = fopen(path, "re");
        if (!f) continue;
        *value = json_loadf(f, JSON_REJECT_DUPLICATES, &why);
        fclose(f);
        if (*value) return SOTTO_OK;
        return fail(err, SOTTO_E_FORMAT,
                    "%.120s: line %d: %.80s; make it again with the tool that wrote it", path,
                    why.line, why.text);
    }
    return SOTTO_OK;
}

int findings_read(struct findings *found, const char *const *dirs, size_t n,
                  struct sotto_error *err) {
    memset(found, 0, sizeof *found);
    const struct {
        json_t **value;
        const char *name;
    } files[] = {{&found->run, "run.json"},           {&found->screen, "screen.json"},
                 {&found->truth, "truth.json"},       {&found->evaluate, "evaluate.json"},
                 {&found->estimate, "estimate.json"}, {&found->check, "check.json"}};
    int any = 0;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        int rc = read_one(files[i].value, files[i].name, dirs, n, err);
        if (rc != SOTTO_OK) {
            findings_free(found);
            return rc;
        }
        any |= *files[i].value != NULL;
    }
    if (any) return SOTTO_OK;
    return fail(err, SOTTO_E_NOT_FOUND,
                "%.120s: holds neither run.json nor evaluate.json; name the --out directory of "
                "`sotto-sim run`",
                dirs[0]);
}

void findings_free(struct findings *found) {
    json_decref(found->run);
    json_decref(found->screen);
    json_decref(found->truth);
    json_decref(found->evaluate);
    json_decref(found->estimate);
    json_decref(found->check);
    memset(found, 0, sizeof *found);
}

json_t *at(json_t *value, const char *path) {
    while (value && *path) {
        char key[48];
        size_t n = strcspn(path, ".");
        if (n >= sizeof key) return NULL;
        memcpy(key, path, n);
        key[n] = 0;
        value = json_object_get(value, key);
        path += n + (path[n] == '.');
    }
    return value;
}

const char *text_at(json_t *root, const char *path) {
    const char *text = json_string_value(at(root, path));
    return text ? text : "";
}

double real_at(json_t *root, const char *path) { return json_number_value(at(root, path)); }

uint64_t uint_at(json_t *root, const char *path) {
    double v = real_at(root, path);
    return v >= 0 && v < 9e15 ? (uint64_t)v : 0;
}

/* ---- Windows: the fleet's estimates joined with the oracle ------------------------------- */

static json_t *named(json_t *cells, const char *name) {
    size_t i;
    json_t *c;
    json_array_foreach(cells, i, c) if (strcmp(text_at(c, "cell"), name) == 0) return c;
    return NULL;
}

/* Adds up what the oracle knows of a cell in the windows first … last. */
static void truth_of(const struct findings *found, uint64_t metric, uint64_t first, uint64_t last,
                     struct cell_view *cell) {
    size_t i;
    json_t *w;
    json_array_foreach(at(found->truth, "windows"), i, w) {
        if (uint_at(w, "metric") != metric || uint_at(w, "window") < first ||
            uint_at(w, "window") > last)
            continue;
        json_t *known = named(at(w, "cells"), cell->name);
        cell->unbounded += real_at(known, "unbounded");
        cell->bounded += real_at(known, "bounded");
    }
}

static int view_of(const struct findings *found, json_t *e, uint64_t first, uint64_t last,
                   struct window_view *view) {
    json_t *c;
    size_t i;
    memset(view, 0, sizeof *view);
    if (!e) return -1;
    view->window = first;
    view->windows = at(e, "windows") ? uint_at(e, "windows") : 1;
    view->metric = text_at(e, "name");
    view->definition = text_at(e, "definition");
    view->reports = uint_at(e, "reports");
    view->epsilon = real_at(e, "eps_micro") / 1e6;
    view->max_cells = uint_at(e, "max_cells");
    view->is_household = strcmp(text_at(e, "unit"), "household") == 0;
    view->start_s = (int64_t)uint_at(e, "window_start_s");
    json_array_foreach(at(e, "cells"), i, c) {
        if (i == FINDINGS_CELLS_MAX) break;
        struct cell_view *cell = &view->cells[view->n++];
        *cell = (struct cell_view){.name = text_at(c, "cell"),
                                   .estimate = real_at(c, "estimate"),
                                   .low = real_at(c, "low"),
                                   .high = real_at(c, "high"),
                                   .is_shown = json_is_number(at(c, "estimate"))};
        truth_of(found, uint_at(e, "metric"), first, last, cell);
    }
    return 0;
}

size_t findings_windows(const struct findings *found) {
    return json_array_size(at(found->estimate, "estimates"));
}

int findings_window(const struct findings *found, size_t index, struct window_view *view) {
    json_t *e = json_array_get(at(found->estimate, "estimates"), index);
    return view_of(found, e, uint_at(e, "window"), uint_at(e, "window"), view);
}

int findings_total(const struct findings *found, const struct window_view *like,
                   struct window_view *view) {
    size_t i;
    json_t *e;
    json_array_foreach(at(found->estimate, "totals"), i,
                       e) if (strcmp(text_at(e, "definition"), like->definition) ==
                              0) return view_of(found, e, uint_at(e, "first_window"),
                                                uint_at(e, "last_window"), view);
    return -1;
}

static double visits_in(const struct window_view *v) {
    double sum = 0;
    for (size_t i = 0; i < v->n; i++) sum += v->cells[i].unbounded;
    return sum;
}

int findings_best_window(const struct findings *found, struct window_view *best) {
    struct window_view view;
    int have = -1;
    for (size_t i = 0; findings_window(found, i, &view) == 0; i++) {
        if (have == 0 && (view.reports < best->reports ||
                          (view.reports == best->reports && visits_in(&view) <= visits_in(best))))
            continue;
        *best = view;
        have = 0;
    }
    return have;
}

struct findings_coverage findings_coverage(const struct findings *found) {
    struct findings_coverage sum = {0};
    struct window_view view;
    for (size_t i = 0; findings_window(found, i, &view) == 0; i++)
        for (size_t c = 0; c < view.n; c++) {
            const struct cell_view *cell = &view.cells[c];
            sum.touches += cell->unbounded;
            sum.left_out += cell->unbounded - cell->bounded;
            if (!cell->is_shown) continue;
            sum.cells++;
            sum.inside += cell->low <= cell->bounded && cell->bounded <= cell->high;
        }
    return sum;
}
