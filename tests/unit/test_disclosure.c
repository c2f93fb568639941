/* Every state of a slate × every event and failure × every second one, through the public API: what
 * opens is told by a bookkeeper of the test's own, who knows no table, only what was shown,
 * answered and said. And a screen is never blank. */
#include "tests/support/test.h"

#include "engine.h"
#include "tests/support/kiosk.h"

#define PERSONALISE (1u << SOTTO_PURPOSE_PERSONALISE)
#define COUNT       5

/* ---- States, and what may happen in them --------------------------------------------------- */

enum stage { GENERAL, SEALED, ASKED, SHOWN, REFUSED, DECLINED, TIMED_OUT, OPENED, SPENT, STAGES };
static const char *const stage_names[] = {"general",  "sealed",    "asked",  "shown", "refused",
                                          "declined", "timed out", "opened", "closed"};

/* The first eight are enum sim_banner. */
enum event {
    PRESENT_ACCEPTED,
    PRESENT_UNANSWERED,
    PRESENT_DECLINED,
    PRESENT_FAILS,
    PRESENT_PENDING,
    PRESENT_WRONG_HASH,
    PRESENT_TOO_EARLY,
    PRESENT_WRONG_CHANNEL,
    PRESENT_NO_HOOK,
    PRESENT_REENTERED,
    PRESENT_NO_ENTROPY,
    CONFIRM_GOOD,
    CONFIRM_WRONG_HASH,
    CONFIRM_TOO_EARLY,
    CONFIRM_WRONG_CHANNEL,
    CONFIRM_UNANSWERED,
    CONFIRM_DECLINED,
    CONFIRM_BEFORE_ASKED,
    CONFIRM_FROM_THE_FUTURE,
    CONFIRM_NOTHING,
    TIME_RUNS_OUT,
    WALL_CLOCK_LEAPS,
    WALL_CLOCK_FALLS,
    CLOCK_FAILS,
    NO_IS_SAID,
    NO_AND_YES_AGAIN,
    PAUSE,
    PAUSE_AND_RESUME,
    SIGNAL,
    CHILD,
    OVERRIDE,
    SWITCHED_OFF,
    TICK,
    EVENTS
};
static const char *const event_names[] = {"present: accepted",
                                          "present: unanswered",
                                          "present: declined",
                                          "present: hook fails",
                                          "present: pending",
                                          "present: wrong hash",
                                          "present: too early",
                                          "present: wrong channel",
                                          "present: no hook",
                                          "present: hook re-enters",
                                          "present: no entropy",
                                          "confirm: good",
                                          "confirm: wrong hash",
                                          "confirm: too early",
                                          "confirm: wrong channel",
                                          "confirm: unanswered",
                                          "confirm: declined",
                                          "confirm: shown before it was asked for",
                                          "confirm: from the future",
                                          "confirm: no receipt",
                                          "time runs out",
                                          "wall clock leaps",
                                          "wall clock falls",
                                          "clock fails",
                                          "no",
                                          "no and yes again",
                                          "pause",
                                          "pause and resume",
                                          "signal",
                                          "child",
                                          "staff overrides",
                                          "switched off",
                                          "tick"};

/* What the bookkeeper knows. */
struct book {
    int agrees, rests, barred; /* barred: a signal, a child, staff or the switch is against it */
    int asked;                 /* this slate's banner is up */
    int was_asked;             /* or was */
    int is_proven;             /* a good receipt came for it */
    int in_session;            /* or for another slate of this visit */
    int is_over;               /* refused, timed out, disarmed */
    int is_unsure;             /* the clock cannot be read: either is right, but never personal */
};

struct scene {
    struct kiosk k;
    sotto_session session;
    sotto_slate slate;
    struct book b;
    int (*hook)(void *, const struct sotto_banner *, struct sotto_banner_receipt *);
};

static struct scene *on_stage;

/* Does what the port forbids, then shows the banner all the same. */
static int reentering(void *ctx, const struct sotto_banner *banner,
                      struct sotto_banner_receipt *receipt) {
    struct sotto *e = on_stage->k.engine;
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[COUNT];
    sotto_slate other;
    const struct sotto_slate_request request = {.size = sizeof request};
    assert_int_equal(sotto_slate_open(e, on_stage->slate, &view, items, COUNT), SOTTO_E_STATE);
    assert_int_equal(sotto_slate_request(e, on_stage->session, &request, &other), SOTTO_E_STATE);
    assert_int_equal(sotto_slate_present(e, on_stage->slate), SOTTO_E_STATE);
    assert_int_equal(sotto_slate_confirm(e, on_stage->slate, receipt), SOTTO_E_STATE);
    assert_int_equal(sotto_session_end(e, on_stage->session), SOTTO_E_STATE);
    /* No text may be missing where the front end looks for one. */
    const char *texts[] = {banner->title,       banner->short_text, banner->plain_text,
                           banner->speech_text, banner->icon,       banner->contact};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) assert_true(texts[i] && texts[i][0]);
    return on_stage->hook(ctx, banner, receipt);
}

/* ---- The bookkeeper ------------------------------------------------------------------------ */

static int may_ask(const struct book *b) { return !b->asked && !b->is_proven && !b->is_over; }

static void disarm(struct book *b) {
    b->is_over = 1;
    b->in_session = 0;
}

static void said_no(struct book *b) {
    b->agrees = 0;
    disarm(b);
}

static void presented(struct book *b, enum event event) {
    if (!may_ask(b)) return;
    if (b->in_session) { /* nothing is shown again, so nothing can fail */
        if (b->agrees && !b->rests && !b->barred) b->is_proven = 1;
        return;
    }
    b->was_asked = event != PRESENT_NO_HOOK;
    switch (event) {
    case PRESENT_ACCEPTED:
    case PRESENT_REENTERED: b->is_proven = b->in_session = 1; return;
    case PRESENT_DECLINED: said_no(b); return;
    case PRESENT_PENDING: b->asked = 1; return;
    default: b->is_over = 1;
    }
}

static void confirmed(struct book *b, enum event event) {
    if (event == CONFIRM_NOTHING) return;
    if (event == CONFIRM_DECLINED) { /* heard however late */
        if (b->was_asked) said_no(b);
        b->asked = 0;
        return;
    }
    if (!b->asked) return;
    b->asked = 0;
    if (!b->is_over && event == CONFIRM_GOOD) {
        b->is_proven = b->in_session = 1;
    } else {
        b->is_over = 1;
    }
}

static int is_personal(const struct book *b) {
    return b->agrees && !b->rests && !b->barred && b->is_proven && !b->is_over;
}

/* ---- What happens ------------------------------------------------------------------------- */

static void confirm(struct scene *s, enum event event) {
    struct sotto_banner_receipt r = {.size = sizeof r};
    struct sim_device *d = &s->k.device;
    d->banner = SIM_BANNER_ACCEPTED;
    sim_banner_receipt(d, &r);
    switch (event) {
    case CONFIRM_WRONG_HASH: r.hash[7] ^= 1; break;
    case CONFIRM_TOO_EARLY: r.shown_until_ms = r.shown_from_ms + 1; break;
    case CONFIRM_WRONG_CHANNEL: r.channels = 0; break;
    case CONFIRM_UNANSWERED: r.acknowledged = 0; break;
    case CONFIRM_DECLINED: r.acknowledged = 2; break;
    case CONFIRM_BEFORE_ASKED: r.shown_from_ms = d->packet.asked_ms - 1; break;
    case CONFIRM_FROM_THE_FUTURE: r.shown_until_ms = d->mono_ms + 60000; break;
    default: break;
    }
    if (event == CONFIRM_NOTHING)
        assert_int_not_equal(sotto_slate_confirm(s->k.engine, s->slate, NULL), SOTTO_OK);
    else
        (void)!sotto_slate_confirm(s->k.engine, s->slate, &r);
    confirmed(&s->b, event);
}

static void present(struct scene *s, enum event event) {
    struct sim_device *d = &s->k.device;
    d->banner = event <= PRESENT_WRONG_CHANNEL ? (enum sim_banner)event : SIM_BANNER_ACCEPTED;
    if (event == PRESENT_NO_HOOK) d->port.banner_show = NULL;
    if (event == PRESENT_REENTERED) d->port.banner_show = reentering;
    (void)!sotto_slate_present(s->k.engine, s->slate);
    d->port.banner_show = s->hook;
    presented(&s->b, event);
}

static void say(struct scene *s, enum sotto_consent word) {
    (void)!sotto_consent_set(s->k.engine, s->session, SOTTO_PURPOSE_PERSONALISE, word);
}

static void happen(struct scene *s, enum event event) {
    struct sotto *e = s->k.engine;
    struct sim_device *d = &s->k.device;
    if (event < CONFIRM_GOOD && event != PRESENT_NO_ENTROPY) {
        present(s, event);
        return;
    }
    if (event >= CONFIRM_GOOD && event <= CONFIRM_NOTHING) {
        confirm(s, event);
        return;
    }
    switch (event) {
    case PRESENT_NO_ENTROPY: /* the engine's own randomness was seeded before: no failure */
        d->entropy_fails = 1;
        present(s, PRESENT_ACCEPTED);
        d->entropy_fails = 0;
        break;
    case TIME_RUNS_OUT:
        sim_device_advance(d, 301 * 1000);
        s->b.is_over = 1;
        break;
    case WALL_CLOCK_LEAPS: /* every yes may have run out: nobody can tell */
        d->wall_s += 100 * 86400;
        s->b.is_unsure = 1;
        break;
    case WALL_CLOCK_FALLS: d->wall_s -= 30 * 86400; break;
    case CLOCK_FAILS: /* what may have run out has */
        d->clock_fails = 1;
        s->b.barred = 1;
        break;
    case NO_IS_SAID:
        say(s, SOTTO_CONSENT_WITHDRAWN);
        said_no(&s->b);
        break;
    case NO_AND_YES_AGAIN:
        say(s, SOTTO_CONSENT_DENIED);
        disarm(&s->b);
        say(s, SOTTO_CONSENT_GRANTED);
        break;
    case PAUSE:
        (void)!sotto_pause(e, s->session);
        s->b.rests = 1;
        break;
    case PAUSE_AND_RESUME:
        (void)!sotto_pause(e, s->session);
        (void)!sotto_resume(e, s->session);
        s->b.rests = 0;
        s->b.is_unsure = 1; /* whether a slate survives a pause is not promised */
        break;
    case SIGNAL:
        (void)!sotto_signal_set(e, s->session, SOTTO_SIGNAL_LMT);
        s->b.barred = 1;
        break;
    case CHILD:
        (void)!sotto_session_age(e, s->session, 9);
        s->b.barred = 1;
        break;
    case OVERRIDE:
        (void)!sotto_override(e, s->session, NULL, 1);
        s->b.barred = 1;
        break;
    case SWITCHED_OFF:
        (void)!sotto_switch_set(e, 1);
        s->b.barred = 1;
        break;
    default: (void)!sotto_tick(e); break;
    }
}

/* ---- Getting there ------------------------------------------------------------------------ */

static struct sotto_slate_view open_it(struct scene *s, int *status, struct sotto_item *items) {
    struct sotto_slate_view view = {.size = sizeof view};
    memset(items, 0, COUNT * sizeof *items);
    *status = sotto_slate_open(s->k.engine, s->slate, &view, items, COUNT);
    return view;
}

static void enter(struct scene *s, enum stage stage) {
    const struct sotto_slate_request request = {.size = sizeof request, .count = COUNT};
    struct sotto_item items[COUNT];
    int status;
    (void)!sotto_switch_set(s->k.engine, 0);
    s->k.device.clock_fails = 0;
    s->session = kiosk_session(&s->k, NULL, stage == GENERAL ? 0 : PERSONALISE);
    s->b = (struct book){.agrees = stage != GENERAL, .is_over = stage == GENERAL};
    kiosk_record(&s->k, s->session, 50, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_slate_request(s->k.engine, s->session, &request, &s->slate), SOTTO_OK);
    switch (stage) {
    case ASKED: happen(s, PRESENT_PENDING); break;
    case SHOWN:
    case OPENED: happen(s, PRESENT_ACCEPTED); break;
    case REFUSED: happen(s, PRESENT_FAILS); break;
    case DECLINED: happen(s, PRESENT_DECLINED); break;
    case TIMED_OUT: happen(s, TIME_RUNS_OUT); break;
    case SPENT: sotto_slate_close(s->k.engine, s->slate); break;
    default: break;
    }
    if (stage != OPENED) return;
    assert_int_equal(open_it(s, &status, items).personalised, 1);
    assert_int_equal(status, SOTTO_OK);
}

static void leave(struct scene *s) {
    s->k.device.clock_fails = 0;
    sotto_slate_close(s->k.engine, s->slate);
    (void)!sotto_session_end(s->k.engine, s->session);
}

/* ---- The walk ----------------------------------------------------------------------------- */

static unsigned personal, general;

static void try(struct scene *s, enum stage stage, const enum event *events, unsigned n) {
    struct sotto_item items[COUNT];
    int status;
    enter(s, stage);
    for (unsigned i = 0; i < n; i++) happen(s, events[i]);
    struct sotto_slate_view view = open_it(s, &status, items);
    const char *first = event_names[events[0]], *then = n > 1 ? event_names[events[1]] : "-";
    if (stage == OPENED || stage == SPENT) {
        if (status != SOTTO_E_STATE || items[0].id)
            fail_msg("%s, %s, %s: opens again", stage_names[stage], first, then);
        leave(s);
        return;
    }
    if (status != SOTTO_OK || view.count != COUNT)
        fail_msg("%s, %s, %s: a blank screen (%d, %u items)", stage_names[stage], first, then,
                 status, view.count);
    int may = is_personal(&s->b);
    if (view.personalised ? !may : may && !s->b.is_unsure)
        fail_msg("%s, %s, %s: opens as %s (why %d)", stage_names[stage], first, then,
                 view.personalised ? "personal" : "general", view.why);
    assert_int_equal(view.personalised, view.why == SOTTO_WHY_PERSONALISED);
    personal += view.personalised;
    general += !view.personalised;
    leave(s);
}

static void make(struct scene *s) {
    memset(s, 0, sizeof *s);
    on_stage = s;
    kiosk_make(&s->k, 60, &(struct make_policy){.version = 1, .idle_s = 3600}, 1);
    s->hook = s->k.device.port.banner_show;
    kiosk_open(&s->k);
    personal = general = 0;
}

static void no_state_and_no_failure_opens_what_was_not_disclosed(void **state) {
    (void)state;
    static struct scene s;
    for (unsigned stage = 0; stage < STAGES; stage++)
        for (unsigned i = 0; i < EVENTS; i++) {
            const enum event event = (enum event)i;
            make(&s);
            try(&s, (enum stage)stage, &event, 1);
            kiosk_free(&s.k);
        }
}

static void nor_does_one_failure_after_another(void **state) {
    (void)state;
    static struct scene s;
    make(&s);
    for (unsigned stage = 0; stage < STAGES; stage++)
        for (unsigned i = 0; i < EVENTS; i++)
            for (unsigned j = 0; j < EVENTS; j++) {
                const enum event pair[] = {(enum event)i, (enum event)j};
                try(&s, (enum stage)stage, pair, 2);
            }
    print_message("%u opened as personal, %u as general\n", personal, general);
    assert_true(personal > 20 && general > 5000); /* else nothing was walked */
    kiosk_free(&s.k);
}

/* ---- Failures of the banner, crossed with every word and its moment -------------------------- */

static int proves(enum event event) {
    return event == PRESENT_ACCEPTED || event == PRESENT_REENTERED || event == PRESENT_NO_ENTROPY ||
           event == CONFIRM_GOOD;
}

static void make_word(struct scene *s, enum sotto_consent word) {
    switch (word) {
    case SOTTO_CONSENT_UNKNOWN: return;
    case SOTTO_CONSENT_GRANTED:
    case SOTTO_CONSENT_DENIED:
    case SOTTO_CONSENT_WITHDRAWN:
    case SOTTO_CONSENT_OBJECTED: say(s, word); return;
    case SOTTO_CONSENT_PAUSED:
        say(s, SOTTO_CONSENT_GRANTED);
        (void)!sotto_pause(s->k.engine, s->session);
        return;
    case SOTTO_CONSENT_EXPIRED: break;
    }
    say(s, SOTTO_CONSENT_GRANTED);
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
        struct visit *v = &s->k.engine->secrets->visits[i];
        if (v->handle == s->session) /* a yes to another notice */
            v->person.consent.word[SOTTO_PURPOSE_PERSONALISE - 1].notice_version += 7;
    }
}

enum moment { BEFORE_REQUEST, WHILE_SEALED, WHILE_ASKED, BEFORE_OPENING, MOMENTS };

static int should_be_personal(enum sotto_consent word, enum moment when, int is_notice) {
    switch (word) {
    case SOTTO_CONSENT_GRANTED: return 1;
    case SOTTO_CONSENT_UNKNOWN:
        return is_notice || when != BEFORE_REQUEST; /* else a yes as before */
    case SOTTO_CONSENT_EXPIRED: return is_notice && when != BEFORE_OPENING;
    default: return 0;
    }
}

static void cross(struct scene *s, enum sotto_consent word, enum moment when, enum event event,
                  int is_notice) {
    const struct sotto_slate_request request = {.size = sizeof request, .count = COUNT};
    struct sotto_item items[COUNT];
    int status, is_confirmed = event >= CONFIRM_GOOD;
    s->session = kiosk_session(&s->k, NULL, is_notice || when == BEFORE_REQUEST ? 0 : PERSONALISE);
    s->b = (struct book){.agrees = 1};
    if (when == BEFORE_REQUEST) make_word(s, word);
    kiosk_record(&s->k, s->session, 50, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_slate_request(s->k.engine, s->session, &request, &s->slate), SOTTO_OK);
    if (when == WHILE_SEALED) make_word(s, word);
    if (is_confirmed) happen(s, PRESENT_PENDING);
    if (when == WHILE_ASKED) make_word(s, word);
    happen(s, event);
    if (when == BEFORE_OPENING) make_word(s, word);

    struct sotto_slate_view view = open_it(s, &status, items);

    if (status != SOTTO_OK || view.count != COUNT)
        fail_msg("word %d, moment %d, %s: a blank screen (%d)", word, when, event_names[event],
                 status);
    if ((int)view.personalised != (proves(event) && should_be_personal(word, when, is_notice)))
        fail_msg("notice %d, word %d, moment %d, %s: opens as %s (why %d)", is_notice, word, when,
                 event_names[event], view.personalised ? "personal" : "general", view.why);
    personal += view.personalised;
    general += !view.personalised;
    leave(s);
}

static void no_failure_of_the_banner_makes_up_for_any_word(void **state) {
    (void)state;
    static struct scene s;
    for (int is_notice = 0; is_notice < 2; is_notice++) {
        make(&s);
        sotto_close(s.k.engine);
        kiosk_put_policy(
            &s.k, &(struct make_policy){
                      .version = 1,
                      .idle_s = 3600,
                      .more = {{POLICY_KEY_PERSONALISE, is_notice ? POLICY_NOTICE : POLICY_ASK}}});
        kiosk_open(&s.k);
        for (int word = SOTTO_CONSENT_UNKNOWN; word <= SOTTO_CONSENT_PAUSED; word++)
            for (int when = BEFORE_REQUEST; when < MOMENTS; when++)
                for (int event = PRESENT_ACCEPTED; event <= CONFIRM_NOTHING; event++)
                    if (event >= CONFIRM_GOOD || when != WHILE_ASKED)
                        cross(&s, (enum sotto_consent)word, (enum moment)when, (enum event)event,
                              is_notice);
        print_message("notice %d: %u opened as personal, %u as general\n", is_notice, personal,
                      general);
        assert_true(personal > 20 && general > 300);
        kiosk_free(&s.k);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_state_and_no_failure_opens_what_was_not_disclosed),
        cmocka_unit_test(nor_does_one_failure_after_another),
        cmocka_unit_test(no_failure_of_the_banner_makes_up_for_any_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
