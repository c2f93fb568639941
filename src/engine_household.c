/* engine_household: who the household is. Under household metrics a device answers for one profile
 * alone, the stored one named SOTTO_PROFILE_HOUSEHOLD: anonymous visits, and profiles of single
 * persons or of children, are never part of an answer. It answers while that profile's consent to
 * be stored and to be measured holds; when it does not, what was kept for an answer is deleted, and
 * the device goes on to answer for nobody. Calls dp and profile. */
#include "engine.h"

static int is_asked(const struct sotto *e) {
    return e->rules->n_metrics > 0 && e->rules->metrics[0].unit == UNIT_HOUSEHOLD;
}

/* What the household says now: the word of an open session counts before it is stored. */
static int consent_of(struct sotto *e, uint32_t slot, struct consent *consent) {
    struct person_home home = engine_home(e);
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
        const struct visit *v = &e->secrets->visits[i];
        if (!v->handle || strcmp(v->person.name, SOTTO_PROFILE_HOUSEHOLD) != 0) continue;
        if (v->owes_erase) memset(consent, 0, sizeof *consent);
        if (v->owes_erase) return SOTTO_OK;
        if (v->person.place != PERSON_STORED) continue;
        *consent = v->person.consent;
        return SOTTO_OK;
    }
    return person_stored_consent(&home, slot, consent, &e->error);
}

int household_settle_consent(struct sotto *e) {
    struct consent consent = {0};
    uint32_t slot;
    e->dp.household = 0;
    if (!is_asked(e) || !engine_has_storage(e)) return SOTTO_OK;
    int status = vault_profile_find(e->vault, SOTTO_PROFILE_HOUSEHOLD, &slot);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status == SOTTO_OK) status = consent_of(e, slot, &consent);
    if (status != SOTTO_OK && status != SOTTO_E_CORRUPT) return status;
    if (status == SOTTO_OK &&
        consent_is_given(&consent, SOTTO_PURPOSE_STORE, e->rules, e->clock.late_s)) {
        enum sotto_consent measure =
            consent_now(&consent, SOTTO_PURPOSE_MEASURE, e->rules, e->clock.late_s);
        if (measure == SOTTO_CONSENT_GRANTED) e->dp.household = slot;
        /* What rests is kept, and nobody answers. */
        if (measure == SOTTO_CONSENT_GRANTED || measure == SOTTO_CONSENT_PAUSED) return SOTTO_OK;
    }
    return dp_household_forget(&e->dp, slot, &e->error);
}

int household_tick(struct sotto *e, int64_t now_s) {
    int status = household_settle_consent(e);
    return status == SOTTO_OK ? dp_tick(&e->dp, now_s, &e->error) : status;
}

int household_counts(struct sotto *e, const struct visit *v) {
    struct person_home home = engine_home(e);
    if (!is_asked(e)) return 1;
    if (strcmp(v->person.name, SOTTO_PROFILE_HOUSEHOLD) != 0) return 0;
    if (!person_may_store(&v->person, &home, e->clock.late_s)) return 0;
    return household_settle_consent(e) == SOTTO_OK && e->dp.household == v->person.slot;
}
