/* engine_debts: what storage still owes to people whose session is over: an erasure, or a no. Kept
 * by name in locked memory until storage works again; at most DEBTS_MAX of them, and not beyond the
 * engine's life, because there is nothing durable to keep them in. A name that is in a session owes
 * nothing here: its visit has taken the debt over. */
#include "engine.h"

static struct debt *find(struct sotto *e, const char *name) {
    for (int i = 0; i < DEBTS_MAX; i++)
        if (strcmp(e->secrets->debts[i].name, name) == 0) return &e->secrets->debts[i];
    return NULL;
}

int debts_take(struct sotto *e, const struct visit *v) {
    struct debt *d = find(e, v->person.name);
    if (!d) d = find(e, ""); /* a free one */
    if (!d) return -1;
    memcpy(d->name, v->person.name, sizeof d->name);
    if (v->owes_erase) d->owes_erase = v->owes_erase;
    consent_merge(&d->no, &v->person.consent);
    consent_keep_no(&d->no);
    return 0;
}

void debts_give(struct sotto *e, struct visit *v) {
    struct debt *d = v->person.name[0] ? find(e, v->person.name) : NULL;
    if (!d) return;
    v->owes_erase = d->owes_erase;
    v->owes_consent = 1;
    v->person.consent = d->no;
    wipe(d, sizeof *d);
}

int debts_pay(struct sotto *e) {
    struct person_home home = engine_home(e);
    for (int i = 0; i < DEBTS_MAX; i++) {
        struct debt *d = &e->secrets->debts[i];
        struct sotto_erase_receipt receipt = {.size = sizeof receipt};
        if (!d->name[0]) continue;
        if (!engine_has_storage(e)) return SOTTO_OK;
        const struct vault_scope all = {.purposes = VAULT_EVERY_PURPOSE,
                                        .why = (uint8_t)(d->owes_erase - 1)};
        int status = d->owes_erase
                         ? vault_erase_part(e->vault, d->name, &all, &receipt, &e->error)
                         : person_save_no(&home, d->name, &d->no, &e->secrets->nobody, &e->error);
        if (status != SOTTO_OK) return status;
        wipe(d, sizeof *d);
    }
    return SOTTO_OK;
}

void debts_forget(struct sotto *e, const char *profile) {
    for (int i = 0; i < DEBTS_MAX; i++)
        if (!profile || strcmp(e->secrets->debts[i].name, profile) == 0)
            wipe(&e->secrets->debts[i], sizeof e->secrets->debts[i]);
}
