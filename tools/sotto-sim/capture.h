/* capture: takes notes of one visit for the page: the banner, the two slates with every reason, and
 * the bytes that one stored visit put on the disk. The notes are the simulator's; no device writes
 * them. Called by visit.c and run.c. */
#ifndef SOTTO_SIM_CAPTURE_H
#define SOTTO_SIM_CAPTURE_H

#include "tools/sotto-sim/machine.h"

struct visit;

struct visit_capture {
    json_t *screen; /* becomes screen.json */
    int have_slates, have_disk, is_watching;
    uint8_t *before; /* the vault's files before the session ended */
    size_t n_before;
};

int capture_begin(struct visit_capture *c, struct sotto_error *err);
/* Writes the notes. 0, or -1 with errno. */
int capture_write(const struct visit_capture *c, const char *path);
void capture_end(struct visit_capture *c);

/* Notes an opened slate and the general one beside it, of an anonymous visit that chose three to
 * six items before; one with more reasons replaces the first. */
int capture_slates(struct visit_capture *c, struct machine *k, const struct visit *v, uint32_t half,
                   const struct observer *packs, sotto_slate slate, const struct sotto_item *items,
                   uint32_t n, const struct sotto_item *general, uint32_t n_general,
                   struct sotto_error *err);
/* Around the end of a visit with a stored profile: which bytes of the vault are new. */
int capture_before_end(struct visit_capture *c, struct machine *k, const struct visit *v,
                       sotto_session session, struct sotto_error *err);
int capture_after_end(struct visit_capture *c, struct machine *k, const struct visit *v,
                      const struct observer *packs, struct sotto_error *err);

#endif
