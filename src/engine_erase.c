/* engine_erase: erasure on request, of a profile or of what one purpose kept, and the receipts of
 * all that was destroyed. What was asked for counts in memory at once; storage follows as soon as
 * it can. See vault_erase_part for how it becomes certain. */
#include "engine.h"
#include "sotto_receipt.h"

static int is_meant(const struct visit *v, const char *profile) {
    return v->handle && (!profile || strcmp(v->person.name, profile) == 0);
}

static int start(struct sotto *e, struct sotto_erase_receipt *receipt) {
    int status = engine_enter_with(e, receipt, sizeof *receipt, "sotto_erase_receipt");
    if (status != SOTTO_OK) return status;
    memset(receipt, 0, sizeof *receipt);
    receipt->size = sizeof *receipt;
    engine_now(e);
    return SOTTO_OK;
}

/* Asks the vault; keeps the message of a failure. */
static int erase_stored(struct sotto *e, const char *profile, const struct vault_scope *scope,
                        struct sotto_erase_receipt *receipt) {
    int had_storage = engine_has_storage(e);
    int status = engine_note(e, vault_erase_part(e->vault, profile, scope, receipt, &e->error));
    struct sotto_error why = e->error;
    /* Trying to erase may have brought storage back, whatever came of the erasure itself. */
    if (!had_storage && engine_has_storage(e)) engine_note(e, engine_settle_storage(e));
    if (status != SOTTO_OK) e->error = why;
    return status;
}

static int erase_whole(struct sotto *e, const char *profile, struct sotto_erase_receipt *receipt) {
    static const struct vault_scope everything = {.purposes = VAULT_EVERY_PURPOSE,
                                                  .why = SOTTO_ERASE_ASKED};
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
        struct visit *v = &e->secrets->visits[i];
        if (!is_meant(v, profile)) continue;
        visit_forget(e, v, SOTTO_ERASE_ASKED);
        wipe(&v->tally, sizeof v->tally);
        v->is_disclosed = 0;
    }
    if (vault_state(e->vault) == SOTTO_STORAGE_NONE) return SOTTO_OK;
    int status = erase_stored(e, profile, &everything, receipt);
    if (status != SOTTO_OK) return status;
    debts_forget(e, profile);
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
        struct visit *v = &e->secrets->visits[i];
        if (!is_meant(v, profile)) continue;
        v->owes_erase = 0;
        v->owes_consent = v->owes_yes = 0;
        v->person.place = PERSON_NEW;
    }
    return SOTTO_OK;
}

int sotto_erase(struct sotto *e, const char *profile, struct sotto_erase_receipt *receipt) {
    int status = start(e, receipt);
    return status == SOTTO_OK ? erase_whole(e, profile, receipt) : status;
}

int sotto_erase_purpose(struct sotto *e, const char *profile, enum sotto_purpose purpose,
                        struct sotto_erase_receipt *receipt) {
    int status = start(e, receipt);
    if (status != SOTTO_OK) return status;
    if (!consent_is_purpose((int)purpose))
        return fail(&e->error, SOTTO_E_ARGUMENT, "there is no such purpose");
    if (purpose == SOTTO_PURPOSE_STORE) return erase_whole(e, profile, receipt);
    if (person_classes(purpose) == 0) return SOTTO_OK; /* nothing is kept for it alone */
    const struct vault_scope scope = {.classes = person_classes(purpose),
                                      .purposes = (uint8_t)(1u << purpose),
                                      .why = SOTTO_ERASE_ASKED};
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
        struct visit *v = &e->secrets->visits[i];
        if (!is_meant(v, profile)) continue;
        visit_forget_purpose(e, v, purpose);
        if (v->owes_purge == 0) v->purge_why = SOTTO_ERASE_ASKED;
        v->owes_purge |= (uint8_t)(1u << purpose);
    }
    if (vault_state(e->vault) == SOTTO_STORAGE_NONE) return SOTTO_OK;
    status = erase_stored(e, profile, &scope, receipt);
    for (int i = 0; status == SOTTO_OK && i < SOTTO_SESSIONS_MAX; i++) {
        struct visit *v = &e->secrets->visits[i];
        if (is_meant(v, profile)) v->owes_purge &= (uint8_t) ~(1u << purpose);
    }
    return status;
}

int sotto_receipt_next(struct sotto *e, uint64_t *cursor, uint8_t bytes[SOTTO_RECEIPT_BYTES]) {
    int status = engine_enter_given(e, cursor && bytes, "cursor and bytes");
    if (status != SOTTO_OK) return status;
    status = engine_make_report_key(e);
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): NULL was refused above */
    uint64_t number = *cursor;
    if (status == SOTTO_OK) status = vault_receipt_next(e->vault, &number, bytes, &e->error);
    if (status == SOTTO_E_NOT_FOUND)
        return fail(&e->error, status, "there is no later receipt of an erasure");
    if (status == SOTTO_E_STATE)
        return fail(&e->error, status, "receipts are kept in the vault, which cannot be read now");
    if (status != SOTTO_OK) return engine_note(e, status);
    receipt_sign(bytes, e->dp.report_secret);
    *cursor = number;
    return SOTTO_OK;
}
