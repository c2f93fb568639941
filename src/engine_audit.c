/* engine_audit: the audit log as sotto_audit.h offers it; what goes into it is told by whoever does
 * it, to the vault. */
#include "engine.h"
#include "sotto_audit.h"

void audit_disclosures(struct sotto *e) {
    uint64_t shown = e->banners_shown - e->logged_banners,
             opened = e->slates_personalised - e->logged_slates;
    if ((shown == 0 && opened == 0) || !engine_has_storage(e)) return;
    vault_note(e->vault, SOTTO_AUDIT_DISCLOSURE, 0, shown, opened);
    if (engine_note(e, vault_write_notes(e->vault, &e->error)) != SOTTO_OK) return;
    e->logged_banners += shown;
    e->logged_slates += opened;
}

int sotto_audit_key(struct sotto *e, uint8_t key[32]) {
    int status = engine_enter_given(e, key != NULL, "key");
    if (status != SOTTO_OK) return status;
    status = vault_audit_look(e->vault, key, NULL, &e->error);
    if (status == SOTTO_E_NOT_FOUND)
        return fail(&e->error, SOTTO_E_STATE, "nothing has been logged yet: storage failed");
    return engine_note(e, status);
}

int sotto_audit_export(struct sotto *e, int (*put)(void *ctx, const void *bytes, size_t n),
                       void *ctx) {
    int status = engine_enter_given(e, put != NULL, "put");
    if (status != SOTTO_OK) return status;
    struct vault_audit_sink sink = {put, ctx};
    engine_now(e);
    audit_disclosures(e);
    e->is_in_hook = 1; /* whoever takes it must not call back */
    status = vault_audit_export(e->vault, &sink, &e->error);
    e->is_in_hook = 0;
    return engine_note(e, status);
}
