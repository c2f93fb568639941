/* row_rollback: an older copy is put back. The files of each of the last hundred moments of a
 * device, whole, or the vault or its log alone, under the keys and the counter of today; and whole
 * under those of the moment after it, so that no later act's counter stands in for its own. With a
 * counter what opens must hold today's words, reports, floors and erasures; without one at least
 * nobody who was erased since may be in it, and no mixture of two moments opens at all. */
#include "tests/fault/row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/device.h"
#include "tests/support/dice.h"

#define SNAPSHOTS 100u

static struct snapshot {
    struct image image;
    struct belief belief;
    uint64_t epoch_of[PERSONS]; /* how often each person had been erased */
} snapshots[SNAPSHOTS];

static struct belief before;
static uint64_t erased[PERSONS];

/* Something happens that a person, the ledger or a pack's floor remembers; or nothing of the kind.
 */
static void act(struct world *w, struct dice *d, unsigned i) {
    enum who p = (enum who)dice_below(d, PERSONS);
    switch (dice_below(d, 9)) {
    case 0:
    case 1: act_visit(w, p, 1 + dice_below(d, 5)); break;
    case 2:
        act_begin(w, p);
        act_say(w, p, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN);
        act_end(w, p);
        break;
    case 3:
        if (w->now.person[p].place == MAY_BE_THERE) erased[p]++;
        act_erase(w, p);
        break;
    case 4: act_days(w, 1); break;
    case 5: act_export(w); break;
    case 6:
    case 7: /* nothing is kept to measure, so the word alone changes */
        act_begin(w, p);
        act_say(w, p, SOTTO_PURPOSE_MEASURE,
                dice_below(d, 2) ? SOTTO_CONSENT_GRANTED : SOTTO_CONSENT_DENIED);
        act_end(w, p);
        break;
    default:
        act_begin(w, p);
        act_events(w, p, 3);
        act_end(w, p);
        break;
    }
    if (i == SNAPSHOTS / 2) { /* new packs, half way */
        act_close(w);
        act_packs(w, 2, 2);
        act_open(w);
    }
}

static void live(struct row *row, int has_counter, struct world *w) {
    struct dice d = {row->seed};
    memset(erased, 0, sizeof erased);
    scenario_prepare(1, w, has_counter);
    before = w->now;
    act_open(w);
    for (unsigned i = 0; i < SNAPSHOTS; i++) {
        act(w, &d, i);
        image_copy(&snapshots[i].image, &disk.now);
        snapshots[i].belief = w->now;
        memcpy(snapshots[i].epoch_of, erased, sizeof erased);
    }
    act_close(w);
}

enum parts { WHOLE, VAULT_ALONE, LOG_ALONE, PARTS };

static void put_back(const struct image *today, const struct image *then, enum parts parts,
                     struct image *to) {
    image_copy(to, today);
    for (unsigned i = 0; i < DISK_FILES; i++) {
        int is_log = i == 2;
        if (parts == VAULT_ALONE && is_log) continue;
        if (parts == LOG_ALONE && !is_log) continue;
        file_resize(&to->file[i], 0);
        file_put(&to->file[i], then->file[i].bytes, then->file[i].n, 0);
        to->file[i].exists = then->file[i].exists;
    }
}

/* Erased since and not come again: that name must not be found, with or without a counter. */
static void erased_check(const struct facts *f, const struct snapshot *s,
                         const struct belief *today, struct verdict *v) {
    for (unsigned p = 0; p < PERSONS; p++)
        if (f->person[p].is_there && s->epoch_of[p] != erased[p] &&
            today->person[p].place == MAY_BE_GONE)
            verdict_bad(v, "%.4s is back from the dead", person_name[p]);
}

/* Of one moment, or of one between it and the next. The past of the scenario counts, and today. */
static int is_of_one_moment(const struct facts *f, const struct world *w) {
    const struct belief *low = &before;
    for (unsigned i = 0; i <= SNAPSHOTS; i++) {
        const struct belief *high = i < SNAPSHOTS ? &snapshots[i].belief : &w->now;
        struct verdict v = {0, ""};
        facts_check(f, low, high, &v);
        if (!v.is_bad) return 1;
        low = high;
    }
    return 0;
}

/* `now`: the moment that the keys and the counter are of, NULL for today. */
static void judge(int has_counter, const struct world *w, const struct snapshot *s,
                  const struct snapshot *now, const struct image *image, struct verdict *v) {
    struct device device;
    struct sotto_config config;
    struct sotto_error err = {0, ""};
    struct sotto *engine = NULL;
    struct sotto_health health = {.size = sizeof health};
    struct facts f;
    disk_load(image, 300);
    /* Without a counter at the time that the copy knows: later more windows are due. */
    const struct belief *is = now ? &now->belief : &w->now;
    device_start(&device, has_counter, has_counter ? is->wall_s : 0);
    device.model = is->model;
    device.policy = is->policy;
    device_configure(&device, &config);
    if (sotto_open(&config, &engine, &err) != SOTTO_OK ||
        sotto_health(engine, &health) != SOTTO_OK) {
        verdict_bad(v, "the engine does not open: %s", err.message);
        sotto_close(engine);
        return;
    }
    if (health.storage == SOTTO_STORAGE_OK) {
        facts_read(engine, &f, v);
        if (!now) erased_check(&f, s, &w->now, v);
        if (has_counter) { /* all but events, which move no counter */
            struct belief today = *is;
            for (unsigned p = 0; p < PERSONS; p++) {
                today.person[p].events_min = 0;
                today.person[p].events_max = UINT32_MAX;
            }
            facts_check(&f, &today, &today, v);
        } else if (!is_of_one_moment(&f, w)) {
            verdict_bad(v, "what opened was never there at one time");
        }
    } else if (health.storage != SOTTO_STORAGE_REFUSED) {
        verdict_bad(v, "storage is %d: %s", (int)health.storage, health.storage_message);
    }
    sotto_close(engine);
}

void row_rollback(struct row *row) {
    static const char *const names[PARTS] = {"whole", "the vault alone", "the log alone"};
    struct image image = {.counter = 0}, today = {.counter = 0};
    for (int has_counter = 0; has_counter < 2; has_counter++) {
        struct world w;
        live(row, has_counter, &w);
        image_copy(&today, &disk.now);
        for (unsigned i = 0; i < SNAPSHOTS; i++)
            for (int parts = 0; parts < PARTS; parts++) {
                struct verdict v = {0, ""};
                if (w.problem[0]) verdict_bad(&v, "%s", w.problem);
                if (!row_next(row)) continue;
                put_back(&today, &snapshots[i].image, (enum parts)parts, &image);
                judge(has_counter, &w, &snapshots[i], NULL, &image, &v);
                row_judge(row, &v, "%s counter, %s of moment %u of %u",
                          has_counter ? "with a" : "without a", names[parts], i + 1, SNAPSHOTS);
            }
        for (unsigned i = 0; has_counter && i + 1 < SNAPSHOTS; i++) {
            struct verdict v = {0, ""};
            if (!row_next(row)) continue;
            put_back(&snapshots[i + 1].image, &snapshots[i].image, WHOLE, &image);
            judge(has_counter, &w, &snapshots[i], &snapshots[i + 1], &image, &v);
            row_judge(row, &v, "moment %u of %u as moment %u", i + 1, SNAPSHOTS, i + 2);
        }
    }
    image_free(&image);
    image_free(&today);
}
