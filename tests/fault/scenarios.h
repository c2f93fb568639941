/* scenarios: the stretches of a device's life that the matrix cuts, fills and breaks. Each has a
 * past, which is made once and not recorded, and acts, which are. Called by the rows. */
#ifndef SOTTO_FAULT_SCENARIOS_H
#define SOTTO_FAULT_SCENARIOS_H

#include "tests/fault/world.h"

struct scenario {
    const char *name;
    void (*past)(struct world *w);
    void (*acts)(struct world *w);
};
extern const struct scenario scenarios[];
extern const unsigned n_scenarios;

/* A device just before the acts; `w` is filled, the RAM disk loaded, nothing recorded. */
void scenario_prepare(unsigned which, struct world *w, int has_counter);
/* The same with `r`, which must be zeroed, recording. */
void scenario_begin(unsigned which, struct world *w, int has_counter, struct record *r);
/* The whole of it. The caller frees `r`. What went wrong without any fault is in w->problem. */
void scenario_record(unsigned which, int has_counter, struct world *w, struct record *r);
/* Ends the recording. */
void scenario_end(void);

/* The content of the vault that lies on the RAM disk, which stays as it is. */
void content_of_disk(int has_counter, int64_t wall_s, struct content *c);

#endif
