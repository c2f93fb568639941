/* engine_consent: what a person says, what a signal or an age says for them, and what that does at
 * once. Every word leaves a receipt. The order of weight is profile/consent.c's. */
#include "engine.h"

int people_owe(struct sotto *e, struct visit *v, const char *what) {
    if (engine_has_storage(e)) return engine_note(e, visit_settle(e, v, engine_late(e)));
    return fail(&e->error, SOTTO_E_IO,
                "storage fails: %s as soon as storage works again; repeat it if the device "
                "restarts before",
                what);
}

static int owe(struct sotto *e, struct visit *v) {
    return people_owe(e, v,
                      v->owes_erase ? "the profile will be erased"
                                    : "this no counts now and will be stored");
}

static const char *locale_of(const struct sotto *e) {
    if (e->rules->n_texts == 0) return e->locale;
    return e->rules->texts[policy_text_index(e->rules, e->locale)][TEXT_LOCALE];
}

/* A word on its way. */
struct word {
    enum sotto_purpose purpose;
    enum consent_event event;
    enum sotto_said channel;
    const char *locale;
};

static unsigned apply(struct sotto *e, struct visit *v, const struct word *w) {
    return consent_apply(&v->person.consent, w->purpose, w->event, w->channel, e->rules,
                         engine_late(e));
}

static void prove(struct sotto *e, struct visit *v, const struct word *w,
                  enum sotto_consent state) {
    const struct person_said said = {w->purpose, state, w->channel, w->locale, engine_late(e)};
    person_prove(&v->person, e->rules, &said);
}

static enum sotto_consent word_of(const struct visit *v, enum sotto_purpose purpose) {
    return (enum sotto_consent)v->person.consent.word[purpose - 1].state;
}

/* Consent to store was taken back: key and records go, and so does what was loaded from them. What
 * the person said and blocked stays with the session. */
static int forget_stored(struct sotto *e, struct visit *v, const struct word *w) {
    struct consent words = v->person.consent;
    struct wishes wishes = v->person.wishes;
    visit_forget(e, v, SOTTO_ERASE_WITHDRAWN);
    v->person.consent = words;
    v->person.wishes = wishes;
    wipe(&wishes, sizeof wishes);
    prove(e, v, w, word_of(v, w->purpose));
    return v->owes_erase ? owe(e, v) : SOTTO_OK;
}

static int say_no(struct sotto *e, struct visit *v, const struct word *w) {
    unsigned action = apply(e, v, w);
    if (w->event == CONSENT_PAUSE) v->paused |= (uint8_t)(1u << w->purpose);
    if (w->purpose == SOTTO_PURPOSE_STORE) return forget_stored(e, v, w);
    if (action) prove(e, v, w, word_of(v, w->purpose));
    if (action & CONSENT_PURGE) {
        if (w->purpose == SOTTO_PURPOSE_PERSONALISE) v->is_disclosed = 0;
        visit_forget_purpose(e, v, w->purpose);
    } else {
        slates_forget(e, v->handle);
    }
    /* Without an action there was no yes that could rest; nor may a notice bring one now. */
    if (action == 0 || v->person.place == PERSON_NEW) return SOTTO_OK;
    /* A no counts at once; it is written, and what it was for is destroyed, as soon as storage
     * takes it. */
    v->owes_consent = 1;
    if ((action & CONSENT_PURGE) && person_classes(w->purpose)) {
        v->owes_purge |= (uint8_t)(1u << w->purpose);
        v->purge_why = SOTTO_ERASE_WITHDRAWN;
    }
    return owe(e, v);
}

/* Consent to store was given: the vault may now know this person. */
static int start_storing(struct sotto *e, struct visit *v) {
    struct person_home home = engine_home(e);
    int status = SOTTO_OK;
    if (!engine_has_storage(e))
        return fail(&e->error, SOTTO_E_STATE, "there is no working storage to keep a profile in");
    switch (v->person.place) {
    case PERSON_UNKNOWN:
        return fail(&e->error, SOTTO_E_IO,
                    "storage could not tell yet whether this profile is stored; try again");
    case PERSON_UNREADABLE:
        return fail(&e->error, SOTTO_E_CORRUPT,
                    "what is stored of this profile cannot be read; erase it first");
    case PERSON_NEW:
        v->person.notice.used_s = engine_late(e);
        return person_create(&v->person, &home, &e->error);
    case PERSON_STORED: status = person_save_consent(&v->person, &home, &e->error); break;
    }
    /* The word is stored. Events that storage does not take now wait in memory, as always. */
    if (status == SOTTO_OK)
        engine_note(e, person_flush(&v->person, &home, engine_late(e), &e->error));
    return status;
}

static int say_yes(struct sotto *e, struct visit *v, const struct word *w) {
    struct person_home home = engine_home(e);
    int64_t now_s = engine_late(e);
    int status = SOTTO_OK;
    if (consent_above(&v->person.consent, w->purpose, e->rules) != SOTTO_CONSENT_UNKNOWN)
        return fail(&e->error, SOTTO_E_CONSENT,
                    "the policy in force, the person's age or a signal does not allow this "
                    "purpose");
    if (w->purpose == SOTTO_PURPOSE_STORE && !v->person.name[0])
        return fail(&e->error, SOTTO_E_CONSENT, "an anonymous session is never stored");
    /* First what was said before; and nobody is made anew whom storage knows. */
    engine_note(e, visit_settle(e, v, now_s));
    if (v->owes_erase)
        return fail(&e->error, SOTTO_E_STATE, "this profile is still waiting to be erased");
    struct consent before = v->person.consent;
    const uint8_t paused = v->paused;
    v->paused &= (uint8_t) ~(1u << w->purpose);
    if (apply(e, v, w) == 0) return SOTTO_OK;
    prove(e, v, w, word_of(v, w->purpose));
    if (w->purpose == SOTTO_PURPOSE_STORE)
        status = start_storing(e, v);
    else if (person_may_store(&v->person, &home, now_s))
        status = person_save_consent(&v->person, &home, &e->error);
    else if (v->person.place == PERSON_UNKNOWN)
        v->owes_yes = 1;
    if (status != SOTTO_OK) {
        v->person.consent = before;
        v->paused = paused;
        v->person.proofs.n--; /* its receipt still waits, behind all others */
    }
    return engine_note(e, status);
}

static int say(struct sotto *e, struct visit *v, const struct word *w) {
    int is_yes =
        w->event == CONSENT_GRANT || w->event == CONSENT_RESUME || w->event == CONSENT_NOTICE;
    return is_yes ? say_yes(e, v, w) : say_no(e, v, w);
}

/* ---- Words ------------------------------------------------------------------------------- */

static int check_word(struct sotto *e, const struct sotto_word *w) {
    int is_said = w->state == SOTTO_CONSENT_GRANTED || consent_is_no(w->state) ||
                  (w->state == SOTTO_CONSENT_PAUSED && w->purpose != SOTTO_PURPOSE_STORE);
    int is_channel = (w->channel >= SOTTO_SAID_SCREEN && w->channel <= SOTTO_SAID_STAFF) ||
                     w->channel == SOTTO_SAID_COMMAND;
    size_t n = w->locale ? strnlen(w->locale, SOTTO_CONSENT_LOCALE_BYTES) : 0;
    if (consent_is_purpose((int)w->purpose) && is_said && is_channel &&
        n < SOTTO_CONSENT_LOCALE_BYTES && (n == 0 || utf8_is_printable(w->locale, n)))
        return SOTTO_OK;
    return fail(&e->error, SOTTO_E_ARGUMENT,
                "consent is granted, denied, withdrawn, objected to or paused, for one purpose, by "
                "a person, with a locale of at most %d bytes",
                SOTTO_CONSENT_LOCALE_BYTES - 1);
}

int sotto_consent_say(struct sotto *e, sotto_session session, const struct sotto_word *word) {
    int status = engine_enter_with(e, word, sizeof *word, "sotto_word");
    if (status != SOTTO_OK) return status;
    status = check_word(e, word);
    struct visit *v = status == SOTTO_OK ? visit_find(e, session) : NULL;
    if (status != SOTTO_OK || !v) return v ? status : status != SOTTO_OK ? status : SOTTO_E_STATE;
    const struct word w = {word->purpose, (enum consent_event)word->state, word->channel,
                           word->locale ? word->locale : locale_of(e)};
    return say(e, v, &w);
}

int sotto_consent_set(struct sotto *e, sotto_session session, enum sotto_purpose purpose,
                      enum sotto_consent state) {
    const struct sotto_word word = {
        .size = sizeof word, .purpose = purpose, .state = state, .channel = SOTTO_SAID_SCREEN};
    return sotto_consent_say(e, session, &word);
}

int sotto_consent_get(struct sotto *e, sotto_session session, enum sotto_purpose purpose,
                      enum sotto_consent *state) {
    int status = engine_enter(e);
    if (status != SOTTO_OK) return status;
    if (!state || !consent_is_purpose((int)purpose))
        return fail(&e->error, SOTTO_E_ARGUMENT, "state is NULL or the purpose unknown");
    *state = SOTTO_CONSENT_UNKNOWN;
    struct visit *v = visit_find(e, session);
    if (!v) return SOTTO_E_STATE;
    *state = consent_now(&v->person.consent, purpose, e->rules, engine_late(e));
    if (v->paused >> purpose & 1 && !consent_is_no(*state)) *state = SOTTO_CONSENT_PAUSED;
    return SOTTO_OK;
}

int sotto_consent_may_ask(struct sotto *e, sotto_session session, enum sotto_purpose purpose,
                          uint32_t *may_ask) {
    int status = engine_enter(e);
    if (status != SOTTO_OK) return status;
    if (!may_ask || !consent_is_purpose((int)purpose))
        return fail(&e->error, SOTTO_E_ARGUMENT, "may_ask is NULL or the purpose unknown");
    *may_ask = 0;
    struct visit *v = visit_find(e, session);
    if (!v) return SOTTO_E_STATE;
    /* What the person said may still be out of reach. */
    if (v->person.place == PERSON_UNKNOWN || v->person.place == PERSON_UNREADABLE) return SOTTO_OK;
    *may_ask = (uint32_t)consent_may_ask(&v->person.consent, purpose, e->rules, engine_late(e));
    return SOTTO_OK;
}

/* All purposes but STORE; the first failure is told, the rest is done all the same. */
static int rest(struct sotto *e, sotto_session session, enum consent_event event,
                enum sotto_right right) {
    struct visit *v;
    int status = visit_enter(e, session, &v), first = SOTTO_OK;
    if (status != SOTTO_OK) return status;
    v->paused = 0;
    for (int p = SOTTO_PURPOSE_PERSONALISE; p <= SOTTO_PURPOSE_LAST; p++) {
        const struct word w = {(enum sotto_purpose)p, event, SOTTO_SAID_SCREEN, locale_of(e)};
        if (event == CONSENT_RESUME && word_of(v, w.purpose) != SOTTO_CONSENT_PAUSED) continue;
        status = say(e, v, &w);
        /* A yes that rests and is no longer allowed goes on resting. */
        if (status == SOTTO_E_CONSENT) status = SOTTO_OK;
        if (first == SOTTO_OK) first = status;
    }
    audit_right(e, v, right);
    return first;
}

void people_rest(struct sotto *e, struct visit *v) {
    for (int p = SOTTO_PURPOSE_PERSONALISE; p <= SOTTO_PURPOSE_LAST; p++) {
        const struct word w = {(enum sotto_purpose)p, CONSENT_PAUSE, SOTTO_SAID_SCREEN,
                               locale_of(e)};
        if (!(v->paused >> p & 1) || apply(e, v, &w) == 0) continue;
        prove(e, v, &w, SOTTO_CONSENT_PAUSED);
        v->owes_consent = 1;
    }
}

int sotto_pause(struct sotto *e, sotto_session session) {
    return rest(e, session, CONSENT_PAUSE, SOTTO_RIGHT_PAUSE);
}
int sotto_resume(struct sotto *e, sotto_session session) {
    return rest(e, session, CONSENT_RESUME, SOTTO_RIGHT_RESUME);
}

/* ---- Signals and age --------------------------------------------------------------------- */

int sotto_signal_set(struct sotto *e, sotto_session session, enum sotto_signal signal) {
    struct visit *v;
    int status = visit_enter(e, session, &v);
    if (status != SOTTO_OK) return status;
    if (signal < SOTTO_SIGNAL_GPC || signal > SOTTO_SIGNAL_LAST)
        return fail(&e->error, SOTTO_E_ARGUMENT, "there is no such signal");
    uint8_t *signals = &v->person.consent.signals;
    if (*signals >> signal & 1) return SOTTO_OK;
    *signals |= (uint8_t)(1u << signal);
    uint32_t objected = e->rules->signal_objects[signal - SOTTO_SIGNAL_GPC];
    for (int p = SOTTO_PURPOSE_STORE; p <= SOTTO_PURPOSE_LAST; p++) {
        const struct word w = {(enum sotto_purpose)p, CONSENT_OBJECT, SOTTO_SAID_SIGNAL,
                               locale_of(e)};
        if (objected >> p & 1) prove(e, v, &w, SOTTO_CONSENT_OBJECTED);
    }
    if (objected >> SOTTO_PURPOSE_MEASURE & 1) wipe(&v->tally, sizeof v->tally);
    slates_forget(e, v->handle);
    if (objected)
        v->owes_yes = 1; /* what is written is the words, as they were, and the receipts */
    audit_right(e, v, SOTTO_RIGHT_SIGNAL);
    return engine_has_storage(e) ? engine_note(e, visit_settle(e, v, engine_late(e))) : SOTTO_OK;
}

/* Nothing of before is left: neither what was loaded nor what was seen. What storage owes the
 * person who was here is still paid. */
static int become_child(struct sotto *e, struct visit *v) {
    struct person_home home = engine_home(e);
    const struct consent was = v->person.consent;
    int status = SOTTO_OK;
    visit_forget_purpose(e, v, SOTTO_PURPOSE_PERSONALISE);
    visit_forget_purpose(e, v, SOTTO_PURPOSE_MEASURE);
    /* With no history, settling writes words alone. */
    if (v->owes_erase || v->owes_consent) engine_note(e, visit_settle(e, v, engine_late(e)));
    if ((v->owes_erase || v->owes_consent) && debts_take(e, v) != 0)
        status = fail(
            &e->error, SOTTO_E_IO,
            "storage fails: what the person before asked for could not be kept; repeat it later");
    wipe(&v->person, sizeof v->person);
    person_begin(&v->person, &home, "");
    v->person.consent.years = was.years;
    v->person.consent.signals = was.signals;
    v->is_disclosed = 0;
    v->paused = 0;
    v->owes_consent = v->owes_yes = 0;
    v->owes_erase = v->owes_purge = 0;
    v->asked = 0;
    return status;
}

int sotto_session_age(struct sotto *e, sotto_session session, uint32_t years) {
    struct visit *v;
    int status = visit_enter(e, session, &v);
    if (status != SOTTO_OK) return status;
    if (years > 150) return fail(&e->error, SOTTO_E_ARGUMENT, "an age is 0 to 150 years");
    enum policy_age was = consent_age(&v->person.consent, e->rules);
    /* Also within a band: what may be concluded, and shown, goes by the years. */
    if (v->person.consent.years != years) slates_forget(e, v->handle);
    v->person.consent.years = (uint8_t)years;
    enum policy_age is = consent_age(&v->person.consent, e->rules);
    if (is == AGE_CHILD && years != 0) {
        audit_right(e, v, SOTTO_RIGHT_AGE);
        return become_child(e, v);
    }
    if (is == was) return SOTTO_OK;
    /* What was not looked at for somebody too young may be looked at now, and the other way round.
     */
    if (v->person.place == PERSON_STORED) {
        wipe(&v->person.history, sizeof v->person.history);
        person_ask_again(&v->person, e->vault);
    }
    return engine_note(e, visit_settle(e, v, engine_late(e)));
}

/* ---- The notice -------------------------------------------------------------------------- */

int people_disclosed(struct sotto *e, const struct visit *v) {
    const struct notice *n = &v->person.notice;
    struct person_home home = engine_home(e);
    int64_t now_s = engine_late(e), age_s = now_s - n->at_s;
    if (n->at_s <= 0 || age_s < 0 || age_s >= e->rules->banner_repeat_s ||
        age_s >= e->rules->notice_interval_s || n->version != e->rules->notice_version ||
        n->policy_version != e->rules->version || n->model_version != e->model.version)
        return 0;
    if (v->is_disclosed) return 1;
    if (!person_may_store(&v->person, &home, now_s)) return 0;
    switch ((enum policy_scope)e->rules->banner_scope) {
    case SCOPE_SESSION: return 0;
    case SCOPE_DAY: return now_s / 86400 == n->at_s / 86400;
    case SCOPE_PROFILE: return 1;
    }
    return 0;
}

/* Whether a banner that is shown and not declined stands for a yes; never against a pause. */
static int waits_for_notice(const struct sotto *e, const struct visit *v,
                            enum sotto_purpose purpose, int64_t now_s) {
    return !(v->paused >> purpose & 1) &&
           consent_waits_for_notice(&v->person.consent, purpose, e->rules, now_s);
}

void people_shown(struct sotto *e, struct visit *v) {
    static const enum sotto_purpose told[] = {SOTTO_PURPOSE_PERSONALISE, SOTTO_PURPOSE_PAID};
    struct person_home home = engine_home(e);
    int64_t now_s = engine_late(e);
    struct notice *n = &v->person.notice;
    *n = (struct notice){now_s, e->rules->notice_version, e->rules->version, e->model.version,
                         n->used_s};
    v->person.owes |= PERSON_NOTICE;
    v->is_disclosed = 1;
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        const struct word w = {told[i], CONSENT_NOTICE, SOTTO_SAID_NOTICE, locale_of(e)};
        /* One that cannot be stored is none: the slate opens as general. */
        if (waits_for_notice(e, v, told[i], now_s) && say(e, v, &w) != SOTTO_OK) continue;
    }
    if (engine_has_storage(e))
        engine_note(e, person_save_wishes(&v->person, &home, now_s, &e->error));
}

void people_used(struct sotto *e, struct visit *v) {
    struct person *p = &v->person;
    int64_t now_s = engine_late(e);
    if (p->place != PERSON_STORED || now_s - p->notice.used_s < 86400) return;
    p->notice.used_s = now_s;
    p->owes |= PERSON_NOTICE;
}

enum sotto_why people_why_not(struct sotto *e, const struct visit *v, int is_asking) {
    const struct consent *c = &v->person.consent;
    int64_t now_s = engine_late(e);
    if (e->off) return SOTTO_WHY_OFF;
    if (v->is_overridden) return SOTTO_WHY_STAFF;
    if (consent_age(c, e->rules) == AGE_CHILD) return SOTTO_WHY_CHILD;
    if (visit_may_use(e, v, SOTTO_PURPOSE_PERSONALISE) ||
        (is_asking && waits_for_notice(e, v, SOTTO_PURPOSE_PERSONALISE, now_s)))
        return SOTTO_WHY_PERSONALISED;
    return SOTTO_WHY_NO_CONSENT;
}

int sotto_standing(struct sotto *e, sotto_session session, struct sotto_standing *standing) {
    int status = engine_enter_with(e, standing, sizeof *standing, "sotto_standing");
    if (status != SOTTO_OK) return status;
    struct visit *v = visit_find(e, session);
    if (!v) return SOTTO_E_STATE;
    struct wish wish;
    uint32_t at = 0;
    memset(standing, 0, sizeof *standing);
    standing->size = sizeof *standing;
    standing->age = (enum sotto_age)consent_age(&v->person.consent, e->rules);
    standing->signals = v->person.consent.signals;
    standing->objected = consent_objected(&v->person.consent, e->rules);
    standing->is_notice_due = !people_disclosed(e, v);
    standing->notice_at_s = v->person.notice.at_s;
    standing->is_off = e->off;
    while (wishes_next(&v->person.wishes, &at, &wish)) standing->blocks++;
    return SOTTO_OK;
}

/* ---- Receipts ---------------------------------------------------------------------------- */

/* The first stored body past *number. SOTTO_E_NOT_FOUND, which leaves e->error alone. */
static int stored_next(struct sotto *e, const struct visit *v, uint64_t *number, uint8_t *body) {
    struct vault_key key = {VAULT_CONSENTS, v->person.slot, (uint32_t)*number};
    size_t n;
    if (v->person.place != PERSON_STORED || *number >= v->person.proofs.number)
        return SOTTO_E_NOT_FOUND;
    int status = vault_next(e->vault, &key, 0, &e->error);
    if (status == SOTTO_OK && key.slot != v->person.slot) status = SOTTO_E_NOT_FOUND;
    if (status == SOTTO_OK) status = vault_get(e->vault, key, body, PROOF_BYTES, &n, &e->error);
    if (status == SOTTO_OK) *number = key.seq;
    return status;
}

int people_receipt(struct sotto *e, struct visit *v, uint64_t *number, uint8_t *bytes) {
    struct proofs *p = &v->person.proofs;
    int status = stored_next(e, v, number, bytes);
    if (status == SOTTO_E_NOT_FOUND) {
        uint64_t i = *number > p->number ? *number - p->number : 0;
        if (i >= p->n) return status;
        proofs_chain(p);
        memcpy(bytes, p->body[i], PROOF_BYTES);
        *number = p->number + i + 1;
        status = SOTTO_OK;
    }
    if (status == SOTTO_OK) status = engine_make_report_key(e);
    if (status == SOTTO_OK) proof_sign(bytes, e->dp.report_secret);
    return status;
}

int sotto_consent_receipt_next(struct sotto *e, sotto_session session, uint64_t *cursor,
                               uint8_t bytes[SOTTO_CONSENT_RECEIPT_BYTES]) {
    int status = engine_enter_given(e, cursor && bytes, "cursor and bytes");
    if (status != SOTTO_OK) return status;
    struct visit *v = visit_find(e, session);
    if (!v) return SOTTO_E_STATE;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): NULL was refused above */
    uint64_t number = *cursor;
    status = people_receipt(e, v, &number, bytes);
    if (status == SOTTO_E_NOT_FOUND)
        return fail(&e->error, status, "there is no later receipt of consent");
    if (status == SOTTO_OK) *cursor = number;
    return engine_note(e, status);
}
