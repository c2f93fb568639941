/* world: a device in use, driven through the public interface. Each act is one call of a kiosk and
 * keeps the belief of what the engine may be held to from then on: what succeeded is a fact, what
 * failed may have been done or not. Called by scenarios.c, checker.c and the rows. */
#ifndef SOTTO_FAULT_WORLD_H
#define SOTTO_FAULT_WORLD_H

#include "tests/fault/device.h"
#include "tests/fault/record.h"

enum who { ANNA, BOB, CARL, DORA, ALL_PERSONS = -1 };

struct world {
    struct device device;
    struct sotto *engine; /* NULL: off */
    sotto_session session[PERSONS];
    unsigned said[PERSONS][PURPOSES]; /* in the session: a consent, 0: nothing */
    uint32_t seen[PERSONS];           /* events of the session that may not be stored yet */
    uint32_t due[PERSONS];            /* events that are stored once its visit has ended well */
    int is_owed[PERSONS];             /* storage owes this person a no or an erasure */
    struct belief now;
    char problem[192];    /* the first thing that no failing storage excuses */
    void (*each)(void *); /* called after every step */
    void *each_arg;
};

/* A device whose storage is the RAM disk as it is. */
void world_start(struct world *w, int has_counter);
/* Starts recording into `r`, which must be zeroed; the RAM disk is as it is. */
void world_record(struct world *w, struct record *r);
/* Ends the engine without a word and without a write: as after a power cut. */
void world_drop(struct world *w);

void act_open(struct world *w);
void act_close(struct world *w);
void act_begin(struct world *w, enum who p);
void act_end(struct world *w, enum who p);
void act_events(struct world *w, enum who p, unsigned n);
void act_say(struct world *w, enum who p, enum sotto_purpose purpose, enum sotto_consent word);
void act_erase(struct world *w, enum who p);
void act_rotate(struct world *w);
/* Two hours pass, in which `expired` events of DORA end their retention and CARL's consent its
 * term; then a whole pass of the sweep. */
void act_sweep(struct world *w, uint32_t expired);
void act_tick(struct world *w);
/* Days pass, hour by hour, a tick in each. */
void act_days(struct world *w, unsigned days);
/* Asks for the report of the window before the open one. */
void act_seal(struct world *w);
void act_export(struct world *w);
void act_packs(struct world *w, unsigned model, unsigned policy);
void act_slate(struct world *w);
/* A transaction of the vault that is begun, filled and dropped. */
void act_abandon(struct world *w);
/* Storage works again: the engine must notice by itself and settle what it owes. */
void act_revive(struct world *w);

/* All of a person's visit that begins with a yes to everything. */
void act_visit(struct world *w, enum who p, unsigned events);

#endif
