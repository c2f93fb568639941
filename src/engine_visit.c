/* engine_visit: sessions, events, stock. */
#include "engine.h"

static void visit_wipe(struct visit *v) { wipe(v, sizeof *v); }

int visit_is_idle(const struct sotto *e, const struct visit *v, uint64_t now_ms) {
    return now_ms - v->active_ms >= (uint64_t)e->rules->idle_s * 1000;
}

static struct visit *find(struct sotto *e, sotto_session session) {
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++)
        if (session && e->secrets->visits[i].handle == session) return &e->secrets->visits[i];
    fail(&e->error, SOTTO_E_STATE, "this session does not exist or has ended");
    return NULL;
}

struct visit *visit_find(struct sotto *e, sotto_session session) {
    uint64_t now_ms = engine_now_ms(e);
    struct visit *v = find(e, session);
    if (!v) return NULL;
    if (visit_is_idle(e, v, now_ms)) {
        /* No tick came in time; a device that slept may wake up with someone else in front of it.
         * What its end has to tell, sotto_health tells. */
        if (visit_end(e, v) != SOTTO_OK) {
            /* Ended all the same. */
        }
        fail(&e->error, SOTTO_E_STATE, "this session was idle for too long and has ended");
        return NULL;
    }
    v->active_ms = now_ms;
    return v;
}

int visit_enter(struct sotto *e, sotto_session session, struct visit **v) {
    int status = engine_enter(e);
    if (status != SOTTO_OK) return status;
    *v = visit_find(e, session);
    return *v ? SOTTO_OK : SOTTO_E_STATE;
}

int visit_may_use(const struct sotto *e, const struct visit *v, enum sotto_purpose purpose) {
    return !(v->paused >> purpose & 1) &&
           consent_is_given(&v->person.consent, purpose, e->rules, e->clock.late_s);
}

int visit_may_keep(const struct sotto *e, const struct visit *v, enum sotto_purpose purpose) {
    return !(v->paused >> purpose & 1) && consent_may_keep(&v->person.consent, purpose, e->rules);
}

int sotto_session_begin(struct sotto *e, const char *profile, sotto_session *session) {
    int status = engine_enter(e);
    struct visit *v = NULL;
    if (status != SOTTO_OK) return status;
    if (!session) return fail(&e->error, SOTTO_E_ARGUMENT, "session must not be NULL");
    *session = 0;
    if (profile) {
        size_t n = strnlen(profile, SOTTO_PROFILE_NAME_MAX + 1);
        if (n == 0 || n > SOTTO_PROFILE_NAME_MAX || !utf8_is_printable(profile, n))
            return fail(&e->error, SOTTO_E_ARGUMENT,
                        "a profile name has 1 to %d bytes of printable UTF-8",
                        SOTTO_PROFILE_NAME_MAX);
    }
    uint64_t now_ms = engine_now_ms(e);
    for (int i = SOTTO_SESSIONS_MAX - 1; i >= 0; i--) {
        struct visit *other = &e->secrets->visits[i];
        if (other->handle && visit_is_idle(e, other, now_ms) && visit_end(e, other) != SOTTO_OK) {
            /* Ended all the same; sotto_health tells. */
        }
        if (!other->handle)
            v = other;
        else if (profile && strcmp(other->person.name, profile) == 0)
            return fail(&e->error, SOTTO_E_STATE,
                        "this profile already is in a session; end it first");
    }
    if (!v)
        return fail(&e->error, SOTTO_E_LIMIT, "%d sessions are open; end one first",
                    SOTTO_SESSIONS_MAX);
    struct person_home home = engine_home(e);
    visit_wipe(v);
    person_begin(&v->person, &home, profile ? profile : "");
    debts_give(e, v);
    /* A profile that cannot be read makes a stranger, not an error on the screen. */
    engine_note(e, visit_settle(e, v, e->clock.late_s));
    people_used(e, v);
    v->handle = ++e->last_handle;
    v->active_ms = now_ms;
    v->policy_version = e->rules->version;
    v->is_countable = 1;
    *session = v->handle;
    return SOTTO_OK;
}

/* Writes the words that wait. */
static int settle_consent(struct sotto *e, struct visit *v, int64_t now_s) {
    struct person_home home = engine_home(e);
    int status = SOTTO_OK;
    switch (v->person.place) {
    case PERSON_UNKNOWN: return SOTTO_OK;
    case PERSON_NEW: break;
    case PERSON_STORED:
        if (v->owes_consent || (v->owes_yes && person_may_store(&v->person, &home, now_s)))
            status = person_save_consent(&v->person, &home, &e->error);
        break;
    case PERSON_UNREADABLE:
        if (v->owes_consent)
            status = person_save_no(&home, v->person.name, &v->person.consent, &e->secrets->nobody,
                                    &e->error);
        break;
    }
    if (status == SOTTO_OK) v->owes_consent = v->owes_yes = 0;
    return status;
}

/* Destroys what is stored for purposes that the person said no to, or asked to have erased. Looked
 * at once, then whenever a word or a verb asks for it. */
static int settle_purge(struct sotto *e, struct visit *v) {
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    uint8_t owed = v->owes_purge;
    if (v->person.place != PERSON_STORED || owed == 0) return SOTTO_OK;
    struct vault_scope scope = {.purposes = owed, .why = v->purge_why};
    for (int p = SOTTO_PURPOSE_PERSONALISE; p <= SOTTO_PURPOSE_MEASURE; p++)
        if (owed >> p & 1) scope.classes |= person_classes((enum sotto_purpose)p);
    int status = vault_erase_part(e->vault, v->person.name, &scope, &receipt, &e->error);
    if (status != SOTTO_OK) return status;
    v->owes_purge = 0;
    return SOTTO_OK;
}

int visit_settle(struct sotto *e, struct visit *v, int64_t now_s) {
    struct person_home home = engine_home(e);
    if (!engine_can_read(e)) return SOTTO_OK;
    if (!engine_has_storage(e)) {
        int found = v->owes_erase ? SOTTO_OK : person_load(&v->person, &home, now_s, &e->error);
        return found == SOTTO_OK ? visit_settle_seen(e, v, now_s, 0) : found;
    }
    if (v->owes_erase) {
        struct sotto_erase_receipt receipt = {.size = sizeof receipt};
        const struct vault_scope all = {.purposes = VAULT_EVERY_PURPOSE,
                                        .why = (uint8_t)(v->owes_erase - 1)};
        int status = vault_erase_part(e->vault, v->person.name, &all, &receipt, &e->error);
        if (status != SOTTO_OK) return status;
        v->owes_erase = 0;
        v->owes_consent = v->owes_yes = 0;
        v->person.place = PERSON_NEW;
    }
    int is_asked = v->person.place == PERSON_UNKNOWN;
    int loaded = person_load(&v->person, &home, now_s, &e->error);
    if (loaded != SOTTO_OK && v->person.place == PERSON_UNKNOWN) return loaded;
    /* A no that was said elsewhere, or before a power cut, may not have been followed yet. */
    if (is_asked && person_refused(&v->person)) {
        v->owes_purge |= person_refused(&v->person);
        v->purge_why = SOTTO_ERASE_WITHDRAWN;
    }
    if (is_asked) people_rest(e, v);
    int status = settle_consent(e, v, now_s);
    if (status == SOTTO_OK) status = settle_purge(e, v);
    if (status == SOTTO_OK) status = person_save_wishes(&v->person, &home, now_s, &e->error);
    if (status == SOTTO_OK) status = person_flush(&v->person, &home, now_s, &e->error);
    if (status == SOTTO_OK) status = visit_settle_seen(e, v, now_s, 0);
    return status == SOTTO_OK ? loaded : status;
}

/* What ends unsaved because storage is out of reach. */
static int tell_losses(struct sotto *e, const struct visit *v, int64_t now_s) {
    struct person_home home = engine_home(e);
    if (v->owes_erase || v->owes_consent) {
        const char *what = v->owes_erase ? "erased" : "told that consent was taken back";
        return debts_take(e, v) == 0
                   ? fail(&e->error, SOTTO_E_IO,
                          "storage fails: a profile will be %s as soon as storage works again; "
                          "repeat it if the device restarts before",
                          what)
                   : fail(&e->error, SOTTO_E_IO,
                          "storage fails: a profile could not be %s; repeat it later", what);
    }
    if (engine_has_storage(e) || vault_state(e->vault) == SOTTO_STORAGE_NONE) return SOTTO_OK;
    if (v->person.place == PERSON_UNKNOWN && v->paused)
        return fail(&e->error, SOTTO_E_IO,
                    "storage fails: a pause held for this visit alone; repeat it later");
    if (v->person.place == PERSON_UNKNOWN && v->person.history.n > v->person.history.n_stored)
        return fail(&e->error, SOTTO_E_IO,
                    "storage fails: nobody knows whether this profile is stored, so this visit was "
                    "lost");
    if (v->person.history.n > v->person.history.n_stored &&
        person_may_store(&v->person, &home, now_s))
        return fail(&e->error, SOTTO_E_IO, "storage fails: the last events of a profile were lost");
    if (visit_may_use(e, v, SOTTO_PURPOSE_MEASURE))
        return fail(&e->error, SOTTO_E_IO, "storage fails: this visit was not counted");
    return SOTTO_OK;
}

int visit_end(struct sotto *e, struct visit *v) {
    int64_t now_s = engine_late(e);
    struct first first = {SOTTO_OK, {0, ""}};
    first_keep(e, &first, visit_settle(e, v, now_s));
    if (first.status == SOTTO_OK) first_keep(e, &first, visit_settle_seen(e, v, now_s, 1));
    int lost = tell_losses(e, v, now_s);
    if (first.status == SOTTO_OK) first_keep(e, &first, lost);
    if (engine_has_storage(e) && v->is_countable && v->policy_version == e->rules->version &&
        visit_may_use(e, v, SOTTO_PURPOSE_MEASURE) && household_counts(e, v))
        first_keep(e, &first, dp_visit_commit(&e->dp, &v->tally, e->clock.now_s, &e->error));
    slates_close(e, v->handle);
    tickets_leave(e, v->handle);
    wipe(people_bits(e, v), slate_bitmap_bytes(e->model.n_items));
    visit_wipe(v);
    return first_tell(e, &first);
}

int sotto_session_end(struct sotto *e, sotto_session session) {
    int status = engine_enter(e);
    if (status != SOTTO_OK) return status;
    struct visit *v = find(e, session);
    return v ? visit_end(e, v) : SOTTO_E_STATE;
}

void visit_forget(struct sotto *e, struct visit *v, enum sotto_erase_why why) {
    int is_stored = v->person.place != PERSON_NEW; /* or may be */
    person_reset(&v->person);
    wipe(&v->seen, sizeof v->seen);
    v->owes_purge = 0;
    if (is_stored)
        v->owes_erase = (uint8_t)(1 + why);
    else
        v->person.place = PERSON_NEW;
    slates_forget(e, v->handle);
}

void visit_forget_purpose(struct sotto *e, struct visit *v, enum sotto_purpose purpose) {
    if (purpose == SOTTO_PURPOSE_MEASURE) {
        wipe(&v->tally, sizeof v->tally);
        return;
    }
    if (purpose == SOTTO_PURPOSE_PERSONALISE) {
        wipe(&v->person.history, sizeof v->person.history);
        wipe(&v->seen, sizeof v->seen);
    }
    slates_forget(e, v->handle);
}

/* ---- Events and stock -------------------------------------------------------------------- */

/* The cell that an event counts in, or the value it stands for. */
static uint32_t cell_of(const struct sotto *e, uint32_t m, uint32_t item) {
    const struct policy_metric *metric = &e->rules->metrics[m];
    switch ((enum policy_source)metric->source) {
    case SOURCE_ITEM_GROUP: return e->cell_of_group[m][model_item_group(&e->model, item)];
    case SOURCE_ITEM_BUCKET: return policy_item_bucket(metric, model_item_id(&e->model, item));
    case SOURCE_EVENT_COUNT: return 0;
    }
    return metric->n_cells - 1;
}

static void count_event(struct sotto *e, struct visit *v, uint32_t item,
                        enum sotto_event_type type) {
    if (v->policy_version != e->rules->version) return;
    for (uint32_t m = 0; m < e->rules->n_metrics; m++) {
        if (!(e->rules->metrics[m].event_mask >> type & 1)) continue;
        if (dp_visit_touch(&e->dp, &v->tally, m, cell_of(e, m, item)) != 0) v->is_countable = 0;
    }
}

int sotto_record(struct sotto *e, sotto_session session, const struct sotto_event *event) {
    int status = engine_enter(e);
    if (status != SOTTO_OK) return status;
    if (!event || event->size < sizeof *event || !event->item || event->type < SOTTO_EVENT_VIEW ||
        event->type > SOTTO_EVENT_PURCHASE)
        return fail(&e->error, SOTTO_E_ARGUMENT,
                    "an event needs its size, an item and a known type");
    struct visit *v = visit_find(e, session);
    if (!v) return SOTTO_E_STATE;
    uint32_t item;
    status = engine_find_item(e, event->item, &item);
    if (status != SOTTO_OK) return status;
    int64_t now_s = engine_late(e);
    struct history_event entry = {model_item_key(&e->model, item), item, (uint32_t)now_s,
                                  (uint8_t)event->type};
    if (visit_may_keep(e, v, SOTTO_PURPOSE_MEASURE)) count_event(e, v, item, event->type);
    if (!visit_may_keep(e, v, SOTTO_PURPOSE_PERSONALISE)) return SOTTO_OK;
    history_add(&v->person.history, entry);
    seen_take(&v->seen, item, 1);
    if (v->person.history.n - v->person.history.n_stored >= HISTORY_BATCH_EVENTS)
        engine_note(e, visit_settle(e, v, now_s)); /* kept in memory if storage fails */
    return SOTTO_OK;
}

int sotto_flush(struct sotto *e) {
    struct first first = {engine_enter(e), {0, ""}};
    if (first.status != SOTTO_OK) return first.status;
    int64_t now_s = engine_late(e);
    if (!engine_has_storage(e))
        return fail(&e->error, SOTTO_E_STATE, "there is no working storage to keep a profile in");
    struct person_home home = engine_home(e);
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
        struct visit *v = &e->secrets->visits[i];
        if (!v->handle) continue;
        first_keep(e, &first, visit_settle(e, v, now_s));
        if (first.status == SOTTO_OK && person_waits(&v->person, &home, now_s))
            first.status = fail(&first.error, SOTTO_E_LIMIT, "profiles have no more room");
    }
    return first_tell(e, &first);
}

int sotto_stock_set(struct sotto *e, const char *item, int in_stock) {
    int status = engine_enter_given(e, item != NULL, "item");
    uint32_t i;
    if (status == SOTTO_OK) status = engine_find_item(e, item, &i);
    if (status != SOTTO_OK) return status;
    uint8_t bit = (uint8_t)(1u << (i & 7));
    if (in_stock)
        e->absent[i >> 3] &= (uint8_t)~bit;
    else
        e->absent[i >> 3] |= bit;
    return SOTTO_OK;
}
