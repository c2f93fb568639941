/* scenario_stage: what people do at the kiosk of a story, and what a witness beside them sees. All
 * of it goes through the public headers. Called by the stories. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/sotto-sim/scan.h"
#include "tools/sotto-sim/scenario.h"

enum { TAP_S = 4 };

/* ---- The page ---------------------------------------------------------------------------- */

void stage_tell(const char *who, const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("  %-9s ", who);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

int stage_promise(struct stage *st, int is_kept, const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("  %-9s ", is_kept ? "[kept]" : "[BROKEN]");
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    if (is_kept)
        st->kept++;
    else
        st->broken++;
    return is_kept;
}

int stage_need(struct stage *st, int status, const char *doing) {
    if (status == SOTTO_OK) return 1;
    const char *why = st->kiosk.engine ? sotto_last_error(st->kiosk.engine) : "";
    stage_promise(st, 0, "%s: %s", doing, *why ? why : sotto_strerror(status));
    return 0;
}

/* ---- What happens ------------------------------------------------------------------------ */

static void close_slate(struct stage *st) {
    sotto_slate_close(st->kiosk.engine, st->slate);
    st->slate = 0;
}

void stage_leave(struct stage *st) {
    close_slate(st);
    if (st->session) stage_need(st, sotto_session_end(st->kiosk.engine, st->session), "leaving");
    st->session = 0;
}

void stage_come(struct stage *st, const char *profile) {
    stage_leave(st);
    stage_need(st, sotto_session_begin(st->kiosk.engine, profile, &st->session), "coming");
}

void stage_wait(struct stage *st, unsigned seconds) {
    while (seconds-- > 0)
        stage_need(st, machine_until(&st->kiosk, machine_now_s(&st->kiosk) + 1), "the next second");
}

void stage_overnight(struct stage *st, unsigned hours) {
    struct sotto_error err = {0, ""};
    stage_leave(st);
    for (unsigned i = 0; i < hours; i++)
        stage_need(st, machine_until(&st->kiosk, machine_now_s(&st->kiosk) + 3600), "the night");
    if (machine_restart(&st->kiosk, st->packs, &err) != SOTTO_OK)
        stage_promise(st, 0, "switching it on again: %s", err.message);
}

void stage_say(struct stage *st, enum sotto_purpose purpose, enum sotto_consent word) {
    stage_need(st, sotto_consent_set(st->kiosk.engine, st->session, purpose, word), "saying so");
}

void stage_agree(struct stage *st) {
    stage_say(st, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED);
    stage_say(st, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED);
}

void stage_act(struct stage *st, const char *who, uint32_t item, enum sotto_event_type type) {
    static const char *const verbs[] = {"", "looks at", "takes", "buys"};
    const struct sotto_event e = {
        .size = sizeof e, .item = model_item_id(&st->packs->model, item), .type = type};
    stage_wait(st, TAP_S);
    if (who) stage_tell(who, "%s %s", verbs[type], stage_title(st, item));
    stage_need(st, sotto_record(st->kiosk.engine, st->session, &e), "tapping");
}

static void tell_banner(const struct stage *st, int status) {
    const struct sim_packet *p = &st->kiosk.device.packet;
    stage_tell("banner", "\"%s %s\"", p->title, p->short_text);
    stage_tell("", "[%s] [%s] at least %u s, notice %u: %s", p->action_label[0], p->action_label[1],
               p->min_display_ms / 1000, p->notice_version,
               status == SOTTO_OK ? "shown and answered yes" : "no proof that it was shown");
}

void stage_look(struct stage *st) {
    const struct sotto_slate_request request = {.size = sizeof request, .count = STAGE_SLATE};
    struct sotto *engine = st->kiosk.engine;
    unsigned asked = st->kiosk.device.banners_asked;
    close_slate(st);
    memset(st->items, 0, sizeof st->items);
    st->view = (struct sotto_slate_view){.size = sizeof st->view};
    if (!stage_need(st, sotto_slate_request(engine, st->session, &request, &st->slate),
                    "asking for a list"))
        return;
    int status = sotto_slate_present(engine, st->slate);
    if (st->kiosk.device.banners_asked > asked) tell_banner(st, status);
    if (!stage_need(st, sotto_slate_open(engine, st->slate, &st->view, st->items, STAGE_SLATE),
                    "opening the list"))
        return;
    if (st->view.personalised)
        stage_tell("screen", "chosen for this person");
    else
        stage_tell("screen", "the same for everyone (%s)", sotto_why_text(st->view.why));
    for (uint32_t i = 0; i < st->view.count; i++)
        stage_tell("", "%u. %s", i + 1, st->items[i].title);
}

/* ---- What a witness sees ------------------------------------------------------------------ */

const char *stage_title(const struct stage *st, uint32_t item) {
    return model_item_title(&st->packs->model, item);
}

uint32_t stage_item(const struct stage *st, uint32_t group, uint32_t nth) {
    const struct model *m = &st->packs->model;
    uint32_t last = 0;
    for (uint32_t i = 0; i < m->n_items; i++)
        if (model_item_group(m, i) == group) {
            last = i;
            if (nth-- == 0) break;
        }
    return last;
}

int stage_shows(const struct stage *st, const char *id) {
    for (uint32_t i = 0; i < st->view.count; i++)
        if (strcmp(st->items[i].id, id) == 0) return 1;
    return 0;
}

struct tally {
    enum sotto_fact_kind kind;
    unsigned n, stored;
};

static int count(void *ctx, const struct sotto_fact *fact) {
    struct tally *t = ctx;
    if (fact->kind != t->kind) return 0;
    t->n++;
    t->stored += fact->is_stored;
    return 0;
}

unsigned stage_facts(struct stage *st, enum sotto_fact_kind kind, unsigned *stored) {
    struct tally t = {kind, 0, 0};
    stage_need(st, sotto_export(st->kiosk.engine, st->session, count, &t), "asking what is known");
    if (stored) *stored = t.stored;
    return t.n;
}

uint64_t stage_traces(struct stage *st, const char *name) {
    const struct model *m = &st->packs->model;
    struct scan_result found = {0};
    struct scan *scan = scan_new();
    int is_bad = !scan || (name && scan_add(scan, name) != 0);
    for (uint32_t i = 0; !is_bad && i < m->n_items; i++)
        is_bad =
            scan_add(scan, model_item_id(m, i)) != 0 || scan_add(scan, model_item_title(m, i)) != 0;
    if (is_bad || scan_tree(scan, st->kiosk.dir, &found) != 0)
        stage_promise(st, 0, "the device's files could be searched");
    stage_tell("witness", "searched %llu files, %llu bytes, for %zu texts in the clear",
               (unsigned long long)found.files, (unsigned long long)found.bytes,
               scan ? scan_canaries(scan) : 0);
    scan_free(scan);
    return found.hits;
}
