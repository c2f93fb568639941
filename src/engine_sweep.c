/* engine_sweep: looks after the profiles of people who do not return. A pass goes through all that
 * are stored, one in a tick, when the engine starts, when storage comes back and then every
 * PASS_MS; what person_keep has done it need not do again, so a pass that finds nothing due writes
 * nothing. Whoever is in a session is left to that session. */
#include "engine.h"

#define PASS_MS (6u * 3600u * 1000u)

static int is_visiting(const struct sotto *e, const char *name) {
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
        const struct visit *v = &e->secrets->visits[i];
        if (v->handle && strcmp(v->person.name, name) == 0) return 1;
    }
    return 0;
}

/* The next profile that this pass has to look at; 0 past the last. */
static uint32_t next_slot(struct sotto *e) {
    while (e->sweep_slot < SOTTO_PROFILES_MAX) {
        const char *name = vault_profile_name(e->vault, ++e->sweep_slot);
        if (name && !is_visiting(e, name)) return e->sweep_slot;
    }
    return 0;
}

void sweep_restart(struct sotto *e) {
    e->sweep_slot = 0;
    e->swept_ms = e->clock.mono_ms;
}

int sweep_step(struct sotto *e) {
    struct person_home home = engine_home(e);
    /* Only the signed policy may end what a signed policy allowed: one that could not be read, or
     * has expired, must not cost anybody a profile. */
    if (!engine_has_storage(e) || e->rules != &e->policy) return SOTTO_OK;
    if (e->sweep_slot >= SOTTO_PROFILES_MAX && e->clock.mono_ms - e->swept_ms >= PASS_MS)
        sweep_restart(e);
    uint32_t slot = next_slot(e);
    if (slot == 0) return SOTTO_OK;
    return person_keep(&home, slot, e->clock.late_s, &e->secrets->nobody, &e->error);
}
