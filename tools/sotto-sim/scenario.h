/* scenario: stories of people at a kiosk, played on the real library and told on one page each.
 * A story promises things and looks whether they hold. This header is what its files share:
 * scenario.c (the command), scenario_packs.c (a small shop), scenario_stage.c (what happens on the
 * stage) and the stories themselves. */
#ifndef SOTTO_SIM_SCENARIO_H
#define SOTTO_SIM_SCENARIO_H

#include "sotto_people.h"
#include "tools/sotto-sim/machine.h"

#define STAGE_SLATE 6

/* A kiosk, who stands in front of it, and what it showed last. */
struct stage {
    const struct observer *packs;
    const char *dir; /* for what the story leaves: kiosk/ and its own files */
    struct machine kiosk;
    sotto_session session; /* 0: nobody */
    sotto_slate slate;     /* the last one opened; 0: none */
    struct sotto_slate_view view;
    struct sotto_item items[STAGE_SLATE];
    unsigned kept, broken; /* promises */
};

struct story {
    const char *name, *about;
    void (*play)(struct stage *);
};
extern const struct story visit_stories[], rights_stories[]; /* each ends with a NULL name */

/* ---- The page ---------------------------------------------------------------------------- */

/* One line: who, and what they do. */
void stage_tell(const char *who, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One promise, kept or broken. Returns is_kept. */
int stage_promise(struct stage *st, int is_kept, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A call that must succeed: a failure is a broken promise. Returns 1 when it did. */
int stage_need(struct stage *st, int status, const char *doing);

/* ---- What happens ------------------------------------------------------------------------ */

/* Somebody comes; `profile` NULL: without a name. Whoever was there has gone. */
void stage_come(struct stage *st, const char *profile);
void stage_leave(struct stage *st);
/* Seconds pass, each with the engine's tick. */
void stage_wait(struct stage *st, unsigned seconds);
/* The device is switched off and on, and `hours` pass. */
void stage_overnight(struct stage *st, unsigned hours);
void stage_say(struct stage *st, enum sotto_purpose purpose, enum sotto_consent word);
/* STORE and PERSONALISE at once, as most who have a name do. */
void stage_agree(struct stage *st);
/* Does something with the catalogue's item number `item`. */
void stage_act(struct stage *st, const char *who, uint32_t item, enum sotto_event_type type);
/* Asks for a slate, shows what the banner needs, opens and prints it; st->view and st->items tell.
 */
void stage_look(struct stage *st);

/* ---- What a witness sees ------------------------------------------------------------------ */

const char *stage_title(const struct stage *st, uint32_t item);
/* The `nth` item of a group. */
uint32_t stage_item(const struct stage *st, uint32_t group, uint32_t nth);
/* 1: the last slate holds an item with this id. */
int stage_shows(const struct stage *st, const char *id);
/* How many facts of a kind are known of the person in front, and how many of them are stored. */
unsigned stage_facts(struct stage *st, enum sotto_fact_kind kind, unsigned *stored);
/* In how many places of the device's files a text stands in the clear: `name`, ids and titles of
 * the whole catalogue. */
uint64_t stage_traces(struct stage *st, const char *name);

/* ---- A small shop ------------------------------------------------------------------------ */

/* Makes keys, a model of a made-up town and a policy under `dir`, signed, and opens them. */
int scenario_packs(struct observer *packs, const char *dir, struct sotto_error *err);

#endif
