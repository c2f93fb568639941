/* engine_household: who the household is. Under household metrics a device answers for one profile
 * alone, the stored one named SOTTO_PROFILE_HOUSEHOLD: anonymous visits, and profiles of single
 * persons or of children, are never part of an answer. It answers while that profile's consent to
 * be stored and to be measured holds; while it does not, the device answers for nobody, and once it
 * has ended what was kept for an answer is destroyed. Calls release and profile. */
#include "engine.h"

static int is_asked(const struct sotto *e) {
    return e->rules->n_metrics > 0 && e->rules->metrics[0].unit == UNIT_HOUSEHOLD;
}

/* What the household says now: the word of an open session counts before it is stored, on top of
 * what is stored where nobody has looked that up yet. */
static int consent_of(struct sotto *e, uint32_t slot, struct consent *consent) {
    struct person_home home = engine_home(e);
    const struct visit *unsettled = NULL;
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
        const struct visit *v = &e->secrets->visits[i];
        if (!v->handle || strcmp(v->person.name, SOTTO_PROFILE_HOUSEHOLD) != 0) continue;
        if (v->owes_erase) return SOTTO_OK;
        if (v->person.place == PERSON_STORED) {
            *consent = v->person.consent;
            return SOTTO_OK;
        }
        unsettled = v;
    }
    int status = person_stored_consent(&home, slot, consent, &e->error);
    if (unsettled) {
        (void)consent_merge(consent, &unsettled->person.consent);
        consent->years = unsettled->person.consent.years;
        consent->signals = unsettled->person.consent.signals;
    }
    return status;
}

/* What was kept goes with the key that opened it, once the word itself is a no or has run out. One
 * that rests, or that a signal is against, is kept and not used. */
static int forget(struct sotto *e, enum sotto_consent said, enum sotto_consent now) {
    const struct vault_scope scope = {.classes = person_classes(SOTTO_PURPOSE_MEASURE),
                                      .purposes = 1u << SOTTO_PURPOSE_MEASURE,
                                      .why = consent_is_no(said) ? SOTTO_ERASE_WITHDRAWN
                                                                 : SOTTO_ERASE_EXPIRED};
    if (!consent_is_no(said) && now != SOTTO_CONSENT_EXPIRED) return SOTTO_OK;
    return vault_erase_part(e->vault, SOTTO_PROFILE_HOUSEHOLD, &scope, NULL, &e->error);
}

int household_settle_consent(struct sotto *e) {
    struct consent consent = {0};
    uint32_t slot;
    e->dp.household = 0;
    if (!is_asked(e) || !engine_has_storage(e)) return SOTTO_OK;
    /* A no that storage was owed when it came back counts before anything is answered. */
    int status = debts_pay(e);
    if (status == SOTTO_OK) status = vault_profile_find(e->vault, SOTTO_PROFILE_HOUSEHOLD, &slot);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status == SOTTO_OK) status = consent_of(e, slot, &consent);
    /* A word that cannot be read is a no, but no reason to destroy anything. */
    if (status != SOTTO_OK) return status == SOTTO_E_CORRUPT ? SOTTO_OK : status;
    enum sotto_consent now =
        consent_now(&consent, SOTTO_PURPOSE_MEASURE, e->rules, e->clock.late_s);
    if (now != SOTTO_CONSENT_GRANTED)
        return forget(e, (enum sotto_consent)consent.word[SOTTO_PURPOSE_MEASURE - 1].state, now);
    if (consent_is_given(&consent, SOTTO_PURPOSE_STORE, e->rules, e->clock.late_s))
        e->dp.household = slot;
    return SOTTO_OK;
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
