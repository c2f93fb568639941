/* visit: see visit.h. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/sotto-sim/capture.h"
#include "tools/sotto-sim/visit.h"

enum { SLATE = METRICS_K, TAP_MS = 7000, LOOK_MS = 12000 };

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int is_in(const uint32_t *items, size_t n, uint32_t item) {
    for (size_t i = 0; i < n; i++)
        if (items[i] == item) return 1;
    return 0;
}

/* ---- Consent and events ------------------------------------------------------------------ */

static int ask(struct machine *k, sotto_session session, enum sotto_purpose purpose, int agrees,
               struct sotto_error *err) {
    int rc = sotto_consent_set(k->engine, session, purpose,
                               agrees ? SOTTO_CONSENT_GRANTED : SOTTO_CONSENT_DENIED);
    if (rc == SOTTO_OK || rc == SOTTO_E_CONSENT)
        return SOTTO_OK; /* the policy may never allow it */
    if (rc == SOTTO_E_LIMIT && purpose == SOTTO_PURPOSE_STORE) {
        k->counts.not_kept++; /* the vault is full: the visit goes on as one that is not stored */
        return SOTTO_OK;
    }
    return machine_fail(k, rc, "consent", err);
}

/* What the person was asked at the first visit is not asked again. */
static int ask_all(struct machine *k, sotto_session session, const struct visit *v,
                   struct sotto_error *err) {
    enum sotto_consent kept = SOTTO_CONSENT_UNKNOWN;
    int rc = SOTTO_OK;
    if (v->profile) {
        rc = sotto_consent_get(k->engine, session, SOTTO_PURPOSE_STORE, &kept);
        if (rc != SOTTO_OK) return machine_fail(k, rc, "reading consent", err);
    }
    if (kept == SOTTO_CONSENT_GRANTED) return SOTTO_OK;
    rc = ask(k, session, SOTTO_PURPOSE_PERSONALISE, v->agrees, err);
    if (rc == SOTTO_OK) rc = ask(k, session, SOTTO_PURPOSE_MEASURE, v->measures, err);
    if (rc == SOTTO_OK && v->profile) rc = ask(k, session, SOTTO_PURPOSE_STORE, v->stores, err);
    return rc;
}

static int tap(struct machine *k, sotto_session session, const struct visit_results *r,
               uint32_t item, enum sotto_event_type type, struct sotto_error *err) {
    struct sotto_event e = {
        .size = sizeof e, .item = model_item_id(&r->observer->model, item), .type = type};
    int rc = sotto_record(k->engine, session, &e);
    if (rc != SOTTO_OK) return machine_fail(k, rc, "recording an event", err);
    k->counts.events++;
    return SOTTO_OK;
}

static int tap_all(struct machine *k, sotto_session session, const struct visit_results *r,
                   const struct visit *v, uint32_t from, uint32_t until, enum sotto_event_type type,
                   struct sotto_error *err) {
    int rc = SOTTO_OK;
    for (uint32_t i = from; rc == SOTTO_OK && i < until; i++) {
        if (type == SOTTO_EVENT_SELECT) machine_wait(k, TAP_MS);
        rc = tap(k, session, r, v->items[i], type, err);
    }
    return rc;
}

/* ---- Slates ------------------------------------------------------------------------------ */

struct opened {
    struct sotto_slate_view view;
    struct sotto_item items[SOTTO_SLATE_ITEMS_MAX];
    uint32_t indices[SOTTO_SLATE_ITEMS_MAX]; /* in the model */
    sotto_slate slate;
};

static int slate_open(struct machine *k, sotto_session session, const struct visit_results *r,
                      uint32_t count, uint32_t general, struct opened *o, struct sotto_error *err) {
    struct sotto_slate_request request = {
        .size = sizeof request, .count = count, .general = general};
    unsigned asked = k->device.banners_asked, shown = k->device.banners_shown;
    memset(o, 0, sizeof *o);
    o->view.size = sizeof o->view;
    int rc = sotto_slate_request(k->engine, session, &request, &o->slate);
    if (rc != SOTTO_OK) return machine_fail(k, rc, "requesting a slate", err);
    rc = sotto_slate_present(k->engine, o->slate);
    if (rc < 0 && rc != SOTTO_E_STATE) /* STATE: no banner could be shown; it opens as general */
        return machine_fail(k, rc, "presenting a slate", err);
    if (k->device.banners_asked > asked) {
        k->counts.asked++;
        if (k->device.banners_shown > shown) k->counts.shown++;
        if (k->device.banner == SIM_BANNER_DECLINED) k->counts.declined++;
        if (k->device.banner == SIM_BANNER_FAILS) k->counts.failed++;
    }
    rc = sotto_slate_open(k->engine, o->slate, &o->view, o->items, SOTTO_SLATE_ITEMS_MAX);
    if (rc != SOTTO_OK) return machine_fail(k, rc, "opening a slate", err);
    for (uint32_t i = 0; i < o->view.count; i++)
        o->indices[i] = model_find(&r->observer->model, o->items[i].id);
    return SOTTO_OK;
}

static int times_add(struct visit_results *r, double us) {
    if (r->n_times == r->cap_times) {
        size_t cap = r->cap_times ? 2 * r->cap_times : 1024;
        double *grown = realloc(r->times_us, cap * sizeof *grown);
        if (!grown) return -1;
        r->times_us = grown;
        r->cap_times = cap;
    }
    r->times_us[r->n_times++] = us;
    return 0;
}

/* The first 20 of a list that are not in the basket already, so that each list competes under the
 * same rule. */
static size_t first_without(const uint32_t *list, size_t n_list, const struct visit *v,
                            uint32_t half, uint32_t kept[SLATE]) {
    size_t n = 0;
    for (size_t i = 0; i < n_list && n < SLATE; i++)
        if (!is_in(v->items, half, list[i])) kept[n++] = list[i];
    return n;
}

static size_t random_without(struct visit_results *r, const struct visit *v, uint32_t half,
                             uint32_t kept[SLATE]) {
    uint32_t n_items = r->observer->model.n_items;
    size_t n = 0, most = n_items - half < SLATE ? n_items - half : SLATE;
    while (n < most) {
        uint32_t item = dice_below(&r->chance, n_items);
        if (!is_in(v->items, half, item) && !is_in(kept, n, item)) kept[n++] = item;
    }
    return n;
}

static int score(struct machine *k, sotto_session session, const struct visit *v, uint32_t half,
                 const struct opened *ours, struct visit_results *r, struct sotto_error *err) {
    const uint32_t *targets = v->items + half;
    uint32_t kept[SLATE], n_targets = v->n - half;
    struct opened general;
    int rc = slate_open(k, session, r, SOTTO_SLATE_ITEMS_MAX, 1, &general, err);
    if (rc != SOTTO_OK) return rc;
    quality_add(&r->ours, ours->indices, ours->view.count, targets, n_targets);
    size_t n = first_without(general.indices, general.view.count, v, half, kept);
    quality_add(&r->popularity, kept, n, targets, n_targets);
    if (r->ranking) {
        n = first_without(r->ranking, r->observer->model.n_items, v, half, kept);
        quality_add(&r->all_time, kept, n, targets, n_targets);
    }
    n = random_without(r, v, half, kept);
    quality_add(&r->random, kept, n, targets, n_targets);
    if (r->capture)
        rc = capture_slates(r->capture, k, v, half, r->observer, ours->slate, ours->items,
                            ours->view.count, general.items, general.view.count, err);
    sotto_slate_close(k->engine, general.slate);
    return rc;
}

static int suggest(struct machine *k, sotto_session session, const struct visit *v, uint32_t half,
                   struct visit_results *r, struct sotto_error *err) {
    struct opened ours;
    double before = now_us();
    int rc = slate_open(k, session, r, SLATE, 0, &ours, err);
    double after = now_us();
    if (rc != SOTTO_OK) return rc;
    k->counts.whys[ours.view.why]++;
    if (ours.view.personalised && times_add(r, after - before) != 0)
        rc = fail(err, SOTTO_E_MEMORY, "out of memory");
    /* a run compares what was personalised; an evaluation whatever the device gave */
    if (rc == SOTTO_OK && v->is_scored && (ours.view.personalised || v->only_session))
        rc = score(k, session, v, half, &ours, r, err);
    sotto_slate_close(k->engine, ours.slate);
    machine_wait(k, LOOK_MS);
    return rc;
}

int visit_run(struct machine *k, const struct visit *v, struct visit_results *r,
              struct sotto_error *err) {
    sotto_session session;
    uint32_t half = v->n / 2;
    k->device.banner = v->banner;
    int rc = machine_until(k, v->time_s);
    if (rc < 0) return machine_fail(k, rc, "housekeeping", err);
    rc = sotto_session_begin(k->engine, v->profile, &session);
    if (rc != SOTTO_OK) return machine_fail(k, rc, "beginning a session", err);
    k->counts.visits++;
    rc = ask_all(k, session, v, err);
    if (rc == SOTTO_OK) rc = tap_all(k, session, r, v, 0, half, SOTTO_EVENT_SELECT, err);
    if (rc == SOTTO_OK) rc = suggest(k, session, v, half, r, err);
    if (rc == SOTTO_OK && !v->only_session) {
        rc = tap_all(k, session, r, v, half, v->n, SOTTO_EVENT_SELECT, err);
        if (rc == SOTTO_OK) rc = tap_all(k, session, r, v, 0, v->n, SOTTO_EVENT_PURCHASE, err);
    }
    if (rc == SOTTO_OK && r->capture) rc = capture_before_end(r->capture, k, v, session, err);
    int ended = sotto_session_end(k->engine, session);
    if (rc == SOTTO_OK && ended < 0) rc = machine_fail(k, ended, "ending a session", err);
    if (rc == SOTTO_OK && r->capture) rc = capture_after_end(r->capture, k, v, r->observer, err);
    return rc;
}
