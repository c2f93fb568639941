/* scenario_rights: stories about saying no, being forgotten, being a child, and calling a person.
 * Each promise is looked at from outside, through the public headers and the device's files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sotto_receipt.h"
#include "tools/common/export_json.h"
#include "tools/sotto-sim/scenario.h"

/* ---- Turn off ---------------------------------------------------------------------------- */

static void turn_off(struct stage *st) {
    const struct sotto_slate_request request = {.size = sizeof request, .count = STAGE_SLATE};
    sotto_slate made = 0;
    unsigned stored = 1;
    stage_come(st, "ada");
    stage_agree(st);
    for (uint32_t i = 0; i < 3; i++)
        stage_act(st, "Ada", stage_item(st, 5, i), SOTTO_EVENT_PURCHASE);
    stage_look(st);
    stage_promise(st, st->view.personalised, "the list is hers");
    stage_tell("device", "has the next list ready, behind the banner that she saw");
    stage_need(st, sotto_slate_request(st->kiosk.engine, st->session, &request, &made), "asking");
    stage_need(st, sotto_slate_present(st->kiosk.engine, made), "showing the banner");

    stage_tell("Ada", "turns it off, with one key");
    stage_say(st, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN);
    struct sotto_slate_view view = {.size = sizeof view};
    stage_need(st, sotto_slate_open(st->kiosk.engine, made, &view, st->items, STAGE_SLATE),
               "opening it");
    sotto_slate_close(st->kiosk.engine, made);
    stage_promise(st, !view.personalised, "even the list that was ready is everyone's now");
    stage_promise(st, stage_facts(st, SOTTO_FACT_EVENT, &stored) == 0 && stored == 0,
                  "what she did is destroyed, in memory and in storage");
    stage_overnight(st, 24);
    stage_come(st, "ada");
    stage_tell("Ada", "is back the next day");
    stage_look(st);
    stage_promise(st, !st->view.personalised && st->view.why == SOTTO_WHY_NO_CONSENT,
                  "it is still off");
    uint32_t may_ask = 1;
    stage_say(st, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_DENIED);
    stage_need(
        st,
        sotto_consent_may_ask(st->kiosk.engine, st->session, SOTTO_PURPOSE_PERSONALISE, &may_ask),
        "whether to ask");
    stage_promise(st, !may_ask, "and she who has just said no is not asked again");

    stage_tell("staff", "turns it off for the whole device");
    stage_need(st, sotto_switch_set(st->kiosk.engine, 1), "the switch");
    stage_come(st, NULL);
    stage_say(st, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED);
    stage_act(st, "Mia", stage_item(st, 5, 0), SOTTO_EVENT_VIEW);
    stage_look(st);
    stage_promise(st, st->view.why == SOTTO_WHY_OFF, "then nobody's list is chosen");
}

/* ---- Forget me --------------------------------------------------------------------------- */

/* What the device says it knows of the person in front, as a file beside the story's kiosk. */
static void write_export(struct stage *st, const char *name) {
    struct export_json x;
    char path[600];
    snprintf(path, sizeof path, "%.500s/%s", st->dir, name);
    FILE *f = fopen(path, "wbxe");
    if (!f) {
        stage_promise(st, 0, "%s: %s", path, strerror(errno));
        return;
    }
    export_json_begin(&x, f);
    stage_need(st, sotto_export(st->kiosk.engine, st->session, export_json_put, &x), "exporting");
    int is_bad = export_json_end(&x) != 0;
    if (fclose(f) != 0 || is_bad) stage_promise(st, 0, "%s: %s", path, strerror(errno));
}

static unsigned stored_facts(struct stage *st, int is_told) {
    static const struct {
        enum sotto_fact_kind kind;
        const char *what;
    } kinds[] = {{SOTTO_FACT_CONSENT, "words"},       {SOTTO_FACT_RECEIPT, "receipts of consent"},
                 {SOTTO_FACT_EVENT, "events"},        {SOTTO_FACT_BLOCK, "blocks"},
                 {SOTTO_FACT_NOTICE, "notices seen"}, {SOTTO_FACT_TICKET, "contested decisions"}};
    unsigned sum = 0;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        unsigned stored;
        stage_facts(st, kinds[i].kind, &stored);
        if (is_told) stage_tell("", "%3u %s", stored, kinds[i].what);
        sum += stored;
    }
    return sum;
}

static void live_a_week(struct stage *st) {
    uint64_t ticket;
    for (uint32_t day = 0; day < 7; day++) {
        stage_come(st, "ada lovelace");
        if (day == 0) {
            stage_agree(st);
            stage_say(st, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_GRANTED);
        }
        for (uint32_t i = 0; i < 12; i++)
            stage_act(st, NULL, stage_item(st, (day + i) % 8, i % 4),
                      i % 5 ? SOTTO_EVENT_VIEW : SOTTO_EVENT_PURCHASE);
        if (day == 2)
            stage_need(st,
                       sotto_block(st->kiosk.engine, st->session, SOTTO_BLOCK_PROVIDER,
                                   "M\xc3\xbcller \"& S\xc3\xb6hne\""),
                       "blocking");
        if (day == 4)
            stage_need(st, sotto_contest(st->kiosk.engine, st->session, 3, 4711, &ticket),
                       "contesting");
        stage_overnight(st, 24);
    }
}

static void forget_me(struct stage *st) {
    struct sotto_erase_receipt gone = {.size = sizeof gone};
    struct sotto_receipt receipt = {.size = sizeof receipt};
    uint8_t bytes[SOTTO_RECEIPT_BYTES], key[32];
    stage_tell("Ada", "comes every day for a week, with her customer card");
    live_a_week(st);
    stage_come(st, "ada lovelace");
    stage_tell("Ada", "asks what is known of her; stored are");
    unsigned known = stored_facts(st, 1);
    write_export(st, "export-before.json");
    stage_promise(st, known > 84, "all of the week is told, and written as export-before.json");

    stage_tell("Ada", "says: forget me");
    stage_need(st, sotto_erase(st->kiosk.engine, "ada lovelace", &gone), "erasing");
    uint64_t cursor = gone.number - 1;
    stage_need(st, sotto_device_key(st->kiosk.engine, key), "the device's key");
    stage_need(st, sotto_receipt_next(st->kiosk.engine, &cursor, bytes), "the receipt");
    int is_signed = sotto_receipt_verify(bytes, sizeof bytes, key, &receipt, NULL) == SOTTO_OK;
    stage_tell("receipt", "no. %llu: %u profile, %u records, key epoch %llu, destroyed %s",
               (unsigned long long)receipt.number, receipt.profiles, receipt.records,
               (unsigned long long)receipt.epoch,
               receipt.assurance == SOTTO_ASSURANCE_PHYSICAL ? "physically" : "logically");
    stage_promise(st,
                  is_signed && receipt.profiles == 1 && receipt.records == gone.records &&
                      receipt.why == SOTTO_ERASE_ASKED,
                  "she has a receipt, signed by the device");
    bytes[20] ^= 1;
    stage_promise(st, sotto_receipt_verify(bytes, sizeof bytes, key, &receipt, NULL) != SOTTO_OK,
                  "that nobody can alter");

    stage_overnight(st, 1);
    stage_come(st, "ada lovelace");
    write_export(st, "export-after.json");
    stage_promise(st, stored_facts(st, 0) == 0,
                  "a fresh export, export-after.json, holds nothing that is stored");
    stage_look(st);
    stage_promise(st, !st->view.personalised, "she is a stranger");
    stage_promise(st, stage_traces(st, "ada lovelace") == 0,
                  "the device's files, searched byte by byte, hold no trace of her");
}

/* ---- A child ----------------------------------------------------------------------------- */

static void child(struct stage *st) {
    unsigned stored = 0;
    enum sotto_consent word;
    stage_tell("Ada", "is at the screen, and known to it");
    stage_come(st, "ada");
    stage_agree(st);
    for (uint32_t i = 0; i < 3; i++) stage_act(st, "Ada", stage_item(st, 2, i), SOTTO_EVENT_VIEW);
    stage_look(st);
    stage_promise(st, st->view.personalised, "the list is hers");

    stage_wait(st, 10);
    stage_tell("Tim", "takes her place: he is nine");
    stage_need(st, sotto_session_age(st->kiosk.engine, st->session, 9), "telling the age");
    stage_look(st);
    stage_promise(st, !st->view.personalised && st->view.why == SOTTO_WHY_CHILD,
                  "nothing is chosen for a child, and nothing of hers is shown to him");
    int refused = 0;
    for (int p = SOTTO_PURPOSE_STORE; p <= SOTTO_PURPOSE_LAST; p++)
        refused += sotto_consent_set(st->kiosk.engine, st->session, (enum sotto_purpose)p,
                                     SOTTO_CONSENT_GRANTED) == SOTTO_E_CONSENT;
    stage_promise(st, refused == SOTTO_PURPOSE_LAST, "he cannot say yes to anything");
    for (uint32_t i = 0; i < 3; i++) stage_act(st, "Tim", stage_item(st, 6, i), SOTTO_EVENT_SELECT);
    stage_overnight(st, 12);

    stage_come(st, "ada");
    stage_tell("Ada", "is back the next morning");
    stage_promise(st, stage_facts(st, SOTTO_FACT_EVENT, &stored) == 3 && stored == 3,
                  "what is known of her is what she did; his taps are nowhere");
    stage_need(st, sotto_consent_get(st->kiosk.engine, st->session, SOTTO_PURPOSE_STORE, &word),
               "asking");
    stage_promise(st, word == SOTTO_CONSENT_GRANTED, "and her own yes still stands");
    stage_promise(st, stage_traces(st, NULL) == 0, "no file tells what either of them did");
}

/* ---- A person ---------------------------------------------------------------------------- */

/* What the desk's bell was told; the port's context is the simulated device's own. */
static struct {
    unsigned calls;
    uint64_t ticket;
    char contact[200];
} bell;

static int ring(void *ctx, const struct sotto_handoff *request) {
    (void)ctx;
    bell.calls++;
    bell.ticket = request->ticket;
    snprintf(bell.contact, sizeof bell.contact, "%s", request->contact);
    return 0;
}

static struct sotto_ticket ticket_now(struct stage *st, uint64_t number) {
    struct sotto_ticket t = {.size = sizeof t};
    stage_need(st, sotto_ticket_look(st->kiosk.engine, number, &t), "looking at the ticket");
    return t;
}

static void call_a_person(struct stage *st) {
    struct sotto *engine = st->kiosk.engine;
    uint64_t first = 0, second = 0;
    memset(&bell, 0, sizeof bell);
    st->kiosk.device.port.handoff = ring;
    stage_come(st, NULL);
    stage_act(st, "Mia", stage_item(st, 1, 0), SOTTO_EVENT_VIEW);
    stage_look(st);
    stage_tell("Mia", "asks for a person about this list");
    stage_need(st, sotto_handoff_request(engine, st->session, 1, st->view.decision, &first),
               "calling");
    stage_tell("device", "rings at \"%s\": ticket %llu", bell.contact,
               (unsigned long long)bell.ticket);
    stage_promise(st,
                  bell.calls == 1 && bell.ticket == first &&
                      ticket_now(st, first).state == SOTTO_TICKET_REQUESTED,
                  "somebody was called, with a ticket and nothing about her");
    stage_wait(st, 45);
    stage_tell("Sam", "comes after 45 seconds");
    stage_need(st, sotto_ticket_move(engine, first, SOTTO_TICKET_ACCEPTED, SOTTO_OUTCOME_NONE),
               "accepting");
    stage_promise(st, ticket_now(st, first).state == SOTTO_TICKET_ACCEPTED,
                  "the screen can say that somebody has come");
    stage_tell("Sam", "decides otherwise: %s is not shown to her again", st->items[0].title);
    stage_need(st, sotto_override(engine, st->session, st->items[0].id, 7), "overriding");
    char id[SOTTO_ITEM_ID_MAX + 1];
    snprintf(id, sizeof id, "%s", st->items[0].id);
    stage_need(st,
               sotto_ticket_move(engine, first, SOTTO_TICKET_RESOLVED, SOTTO_OUTCOME_OVERRIDDEN),
               "resolving");
    stage_look(st);
    stage_promise(st,
                  !stage_shows(st, id) && ticket_now(st, first).outcome == SOTTO_OUTCOME_OVERRIDDEN,
                  "what a person decided is done, and the ticket says so");

    stage_tell("Mia", "calls again, after closing time");
    stage_need(st, sotto_handoff_request(engine, st->session, 1, 0, &second), "calling");
    stage_wait(st, 121);
    const struct sotto_ticket late = ticket_now(st, second);
    stage_tell("screen", "%s", late.otherwise ? late.otherwise : "");
    stage_promise(
        st, late.state == SOTTO_TICKET_TIMED_OUT && late.otherwise && late.otherwise[0] != '\0',
        "nobody came within two minutes: it says so, and what to do instead");
    st->kiosk.device.port.handoff = NULL;
    stage_need(st, sotto_handoff_request(engine, st->session, 1, 0, &second), "calling");
    stage_promise(st, ticket_now(st, second).state == SOTTO_TICKET_TIMED_OUT,
                  "and where nobody can be called it says so at once");
}

const struct story rights_stories[] = {
    {"turn-off", "one key, and nothing is chosen any more", turn_off},
    {"forget-me", "a week, an export, an erasure and its receipt", forget_me},
    {"child", "a child takes an adult's place", child},
    {"call-a-person", "somebody comes, and somebody does not", call_a_person},
    {NULL, NULL, NULL},
};
