/* scenario_visits: stories about what a screen shows and why: first visit, returning shopper, "why
 * this?", "not for me", two profiles in one household, a banner that is broken. Each promise is
 * looked at from outside, through the public headers and the device's files. */
#include <stdio.h>
#include <string.h>

#include "tools/sotto-sim/scenario.h"

/* What somebody has in mind: three items of one group and one of another. */
static void browse(struct stage *st, const char *who, uint32_t group) {
    const uint32_t groups = st->packs->model.n_groups;
    stage_act(st, who, stage_item(st, group, 0), SOTTO_EVENT_VIEW);
    stage_act(st, who, stage_item(st, group, 1), SOTTO_EVENT_SELECT);
    stage_act(st, who, stage_item(st, group, 2), SOTTO_EVENT_PURCHASE);
    stage_act(st, who, stage_item(st, (group + 5) % groups, 0), SOTTO_EVENT_VIEW);
}

static int same_list(const struct stage *st, const struct sotto_item *other, uint32_t n) {
    if (st->view.count != n) return 0;
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(st->items[i].id, other[i].id) != 0) return 0;
    return 1;
}

static void first_visit(struct stage *st) {
    struct sotto_item before[STAGE_SLATE];
    struct sotto_health health = {.size = sizeof health};
    stage_tell("Mia", "comes by, without a name");
    stage_come(st, NULL);
    browse(st, "Mia", 1);
    stage_look(st);
    stage_promise(st, !st->view.personalised && st->view.why == SOTTO_WHY_NO_CONSENT,
                  "before she was asked, the list is the one that everyone gets");
    stage_promise(st, st->kiosk.device.banners_asked == 0,
                  "and nothing claims that it was chosen for her");
    memcpy(before, st->items, sizeof before);

    stage_tell("Mia", "says: yes, choose for me");
    stage_say(st, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED);
    stage_look(st);
    stage_promise(st, st->view.personalised && st->kiosk.device.banners_shown == 1,
                  "a list is chosen for her, after the banner was shown");
    stage_promise(st, !same_list(st, before, STAGE_SLATE), "it is another one than before");

    stage_tell("Mia", "goes");
    stage_leave(st);
    stage_need(st, sotto_health(st->kiosk.engine, &health), "asking for its health");
    stage_promise(st, health.profiles == 0 && stage_traces(st, NULL) == 0,
                  "nothing of her visit is left on the device");
}

static void returning_shopper(struct stage *st) {
    struct sotto_item before[STAGE_SLATE];
    stage_tell("Ada", "comes with her customer card and agrees to be remembered");
    stage_come(st, "ada lovelace");
    stage_agree(st);
    browse(st, "Ada", 2);
    stage_look(st);
    memcpy(before, st->items, sizeof before);
    unsigned shown = st->kiosk.device.banners_shown;
    stage_promise(st, st->view.personalised && shown == 1, "chosen for her, after the banner");

    stage_tell("device", "is switched off; two days pass");
    stage_overnight(st, 48);
    unsigned events = 0;
    stage_come(st, "ada lovelace");
    stage_promise(st, stage_facts(st, SOTTO_FACT_EVENT, &events) == 4 && events == 4,
                  "it remembers the four things that she did, and no more");
    stage_tell("Ada", "is back and has not touched anything yet");
    stage_look(st);
    stage_promise(st, st->view.personalised, "the list is hers at once");
    stage_promise(st, st->kiosk.device.banners_shown == 1,
                  "and the banner was shown again in this visit");
    stage_promise(st, stage_traces(st, "ada lovelace") == 0,
                  "her name and what she did stand nowhere in the device's files");
}

/* ---- Why this? --------------------------------------------------------------------------- */

static void tell_reason(const struct sotto_reason *r, int32_t score) {
    static const char *const kinds[] = {"",
                                        "popular with everyone",
                                        "because of",
                                        "again:",
                                        "new, and goes with",
                                        "picked by people who work here",
                                        "its place is paid for by",
                                        "you said that you like"};
    stage_tell("", "%3d %%  %s%s%s", score ? (int)((int64_t)r->contribution * 100 / score) : 0,
               r->kind < ARRAY_LEN(kinds) ? kinds[r->kind] : "", r->title ? " " : "",
               r->title ? r->title : "");
}

static void tell_place(const char *where, uint32_t rank) {
    if (rank == SOTTO_RANK_NONE)
        stage_tell("", "%s: not among them", where);
    else
        stage_tell("", "%s: number %u", where, rank + 1);
}

/* Forgets what counted most, and looks where the item is then. */
static void try_without(struct stage *st, const char *id, const struct sotto_explanation *e) {
    uint32_t place = SOTTO_RANK_NONE, forgotten = 0;
    stage_tell("Ada", "forgets it, to see whether that is so");
    stage_need(st, sotto_forget(st->kiosk.engine, st->session, e->without, 0, &forgotten),
               "forgetting");
    stage_look(st);
    for (uint32_t i = 0; i < st->view.count; i++)
        if (strcmp(st->items[i].id, id) == 0) place = i;
    stage_promise(st, forgotten > 0 && place == e->slate_rank_without,
                  "without it the item is exactly where the reasons said");
}

static void why_this(struct stage *st) {
    struct sotto_reason reasons[16];
    struct sotto_explanation e = {.size = sizeof e};
    struct sotto_slate_view again = {.size = sizeof again};
    struct sotto_item items[STAGE_SLATE];
    int64_t sum = 0;
    stage_come(st, "ada");
    stage_agree(st);
    browse(st, "Ada", 3);
    stage_look(st);
    stage_tell("Ada", "asks of the first: why this?");
    if (!stage_need(st, sotto_explain(st->kiosk.engine, st->slate, 0, &e, reasons, 16),
                    "asking why"))
        return;
    char id[SOTTO_ITEM_ID_MAX + 1];
    snprintf(id, sizeof id, "%s", st->items[0].id);
    for (uint32_t i = 0; i < e.count && i < ARRAY_LEN(reasons); i++) {
        tell_reason(&reasons[i], e.score);
        sum += reasons[i].contribution;
    }
    stage_promise(st, e.count <= ARRAY_LEN(reasons) && sum == e.score,
                  "the reasons add up to the score, exactly");
    tell_place("by score alone", e.rank_scored);
    tell_place("in the list", e.rank);
    stage_promise(st, e.rank == 0 && e.actions != 0, "its places are told, and what one can do");
    if (!stage_promise(st, e.without != NULL, "what counted most is named")) return;
    stage_tell("screen", "without %s it would be", e.without_title);
    tell_place("by score alone", e.rank_without);
    tell_place("in the list", e.slate_rank_without);
    stage_need(st, sotto_decision_replay(st->kiosk.engine, e.decision, &again, items, STAGE_SLATE),
               "replaying");
    stage_promise(st, same_list(st, items, again.count),
                  "made again from what it was made of, the list is the same");
    try_without(st, id, &e);
}

/* ---- Not for me -------------------------------------------------------------------------- */

static void not_for_me(struct stage *st) {
    const struct model *m = &st->packs->model;
    char id[SOTTO_ITEM_ID_MAX + 1];
    stage_come(st, "ada");
    stage_agree(st);
    browse(st, "Ada", 4);
    stage_look(st);
    if (!stage_promise(st, st->view.count > 1, "there is something to refuse")) return;
    snprintf(id, sizeof id, "%s", st->items[0].id);
    const char *group = model_group_name(m, model_item_group(m, model_find(m, st->items[1].id)));
    stage_tell("Ada", "says of the first, %s: not for me", st->items[0].title);
    stage_need(st, sotto_block(st->kiosk.engine, st->session, SOTTO_BLOCK_ITEM, id), "blocking");
    stage_tell("Ada", "and of the second: nothing of \"%s\" at all", group);
    stage_need(st, sotto_block(st->kiosk.engine, st->session, SOTTO_BLOCK_GROUP, group),
               "blocking");
    stage_look(st);
    int is_gone = !stage_shows(st, id);
    for (uint32_t i = 0; i < st->view.count; i++)
        is_gone &= strcmp(model_group_name(m, model_item_group(m, model_find(m, st->items[i].id))),
                          group) != 0;
    stage_promise(st, is_gone && st->view.personalised && st->view.count == STAGE_SLATE,
                  "neither is shown, and the list is as long and as much hers as before");

    stage_overnight(st, 12);
    stage_come(st, "ada");
    stage_tell("Ada", "is back the next morning");
    stage_look(st);
    stage_promise(st, !stage_shows(st, id) && stage_facts(st, SOTTO_FACT_BLOCK, NULL) == 2,
                  "it is remembered");
    stage_come(st, NULL);
    stage_tell("Mia", "comes by, without a name");
    stage_need(st,
               sotto_unblock(st->kiosk.engine, st->session, SOTTO_BLOCK_ITEM, id) ==
                       SOTTO_E_NOT_FOUND
                   ? SOTTO_OK
                   : SOTTO_E_STATE,
               "hers alone");
    stage_promise(st, stage_facts(st, SOTTO_FACT_BLOCK, NULL) == 0,
                  "for somebody else nothing is blocked");
}

/* ---- A household ------------------------------------------------------------------------- */

static void household(struct stage *st) {
    struct sotto_item hers[STAGE_SLATE];
    unsigned stored = 0;
    stage_tell("Ada", "sits down first");
    stage_come(st, "ada");
    stage_agree(st);
    browse(st, "Ada", 1);
    stage_look(st);
    memcpy(hers, st->items, sizeof hers);

    stage_tell("Ben", "has a profile of his own");
    stage_come(st, "ben");
    stage_promise(st, stage_facts(st, SOTTO_FACT_EVENT, NULL) == 0,
                  "he sees nothing of what she did, and her yes is not his");
    stage_look(st);
    stage_promise(st, !st->view.personalised, "his list is not based on her");
    stage_agree(st);
    browse(st, "Ben", 6);
    stage_look(st);
    stage_promise(st, st->view.personalised && !same_list(st, hers, STAGE_SLATE),
                  "once he agreed he has another list than she");

    stage_tell("Ben", "leaves the household: his profile is erased");
    struct sotto_erase_receipt gone = {.size = sizeof gone};
    stage_leave(st);
    stage_need(st, sotto_erase(st->kiosk.engine, "ben", &gone), "erasing");
    stage_overnight(st, 12);
    stage_come(st, "ada");
    stage_promise(
        st, gone.profiles == 1 && stage_facts(st, SOTTO_FACT_EVENT, &stored) == 4 && stored == 4,
        "all of hers is still there");
    stage_look(st);
    stage_promise(st, st->view.personalised, "and her list too");
    stage_come(st, "ben");
    stage_promise(st, stage_facts(st, SOTTO_FACT_EVENT, NULL) == 0, "of his there is nothing");
}

/* ---- A broken banner --------------------------------------------------------------------- */

static void broken_banner(struct stage *st) {
    static const struct {
        enum sim_banner mode;
        const char *what;
    } faults[] = {{SIM_BANNER_FAILS, "the display does not answer"},
                  {SIM_BANNER_WRONG_HASH, "another banner was shown"},
                  {SIM_BANNER_TOO_SHORT, "it was gone before anyone could read it"},
                  {SIM_BANNER_NO_CHANNEL, "it was neither seen nor heard"},
                  {SIM_BANNER_SHOWN, "nobody answered it"}};
    struct sim_device *device = &st->kiosk.device;
    stage_come(st, NULL);
    stage_say(st, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED);
    browse(st, "Mia", 2);
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        const struct sotto_slate_request request = {.size = sizeof request, .count = STAGE_SLATE};
        struct sotto_slate_view view = {.size = sizeof view};
        sotto_slate slate = 0;
        device->banner = faults[i].mode;
        int rc = sotto_slate_request(st->kiosk.engine, st->session, &request, &slate);
        stage_need(st, rc, "asking for a list");
        int shown = sotto_slate_present(st->kiosk.engine, slate);
        stage_need(st, sotto_slate_open(st->kiosk.engine, slate, &view, st->items, STAGE_SLATE),
                   "opening the list");
        sotto_slate_close(st->kiosk.engine, slate);
        stage_promise(st,
                      shown != SOTTO_OK && !view.personalised && view.count == STAGE_SLATE &&
                          view.why == SOTTO_WHY_NOT_DISCLOSED,
                      "%s: the list is everyone's, and full", faults[i].what);
    }
    int (*hook)(void *, const struct sotto_banner *, struct sotto_banner_receipt *) =
        device->port.banner_show;
    device->port.banner_show = NULL;
    stage_tell("staff", "pulls the display's plug");
    stage_look(st);
    stage_promise(st, !st->view.personalised && st->view.count == STAGE_SLATE,
                  "without a banner at all likewise");
    device->port.banner_show = hook;
    device->banner = SIM_BANNER_ACCEPTED;
    stage_tell("staff", "has repaired it");
    stage_look(st);
    stage_promise(st, st->view.personalised, "now a list may be chosen for her");
}

const struct story visit_stories[] = {
    {"first-visit", "somebody without a name, from the first tap to the last", first_visit},
    {"returning-shopper", "somebody who agreed to be remembered comes back", returning_shopper},
    {"why-this", "the reasons of a place, and what would be without the strongest", why_this},
    {"not-for-me", "an item and a whole group are refused", not_for_me},
    {"household", "two profiles on one device", household},
    {"banner-broken", "hardware that cannot show the banner", broken_banner},
    {NULL, NULL, NULL},
};
