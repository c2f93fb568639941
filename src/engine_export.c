/* engine_export: everything that is known of a person, one fact after the other. Walks every record
 * that lies under the profile's key, whatever consent says of using it, then what is only in
 * memory, then what would be inferred now, then what this device has reported. */
#include "engine.h"
#include "sotto_audit.h"

struct export {
    struct sotto *e;
    struct visit *v;
    int (*put)(void *ctx, const struct sotto_fact *fact);
    void *ctx;
    int is_damaged; /* some record could not be read */
};

static int give(struct export *x, const struct sotto_fact *fact) {
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): sotto_export refuses NULL */
    if (x->put(x->ctx, fact) == 0) return SOTTO_OK;
    return fail(&x->e->error, SOTTO_E_IO, "the export was broken off by whoever takes it");
}

static int give_bytes(struct export *x, enum sotto_fact_kind kind, uint32_t is_stored,
                      uint64_t number, const uint8_t *bytes, size_t n) {
    const struct sotto_fact fact = {
        .kind = kind, .is_stored = is_stored, .number = number, .bytes = bytes, .n = n};
    return give(x, &fact);
}

/* ---- What was said ------------------------------------------------------------------------ */

static int give_words(struct export *x) {
    const struct person *p = &x->v->person;
    const struct sotto_fact who = {.kind = SOTTO_FACT_PROFILE,
                                   .code = p->place == PERSON_STORED,
                                   .is_stored = p->place == PERSON_STORED,
                                   .text = p->name[0] ? p->name : NULL};
    int status = give(x, &who);
    for (int i = 0; i < CONSENT_PURPOSES && status == SOTTO_OK; i++) {
        enum sotto_purpose purpose = (enum sotto_purpose)(i + 1);
        const struct sotto_fact word = {
            .kind = SOTTO_FACT_CONSENT,
            .code = purpose,
            .state = p->consent.word[i].state,
            .more = p->consent.word[i].channel,
            .is_stored = p->place == PERSON_STORED,
            .number = p->consent.word[i].notice_version,
            .value = consent_now(&p->consent, purpose, x->e->rules, engine_late(x->e)),
            .time_s = p->consent.word[i].at_s};
        status = give(x, &word);
    }
    return status;
}

static int give_receipts(struct export *x) {
    uint8_t bytes[SOTTO_CONSENT_RECEIPT_BYTES];
    uint64_t number = 0;
    int status;
    while ((status = people_receipt(x->e, x->v, &number, bytes)) == SOTTO_OK) {
        status = give_bytes(x, SOTTO_FACT_RECEIPT, number <= x->v->person.proofs.number, number,
                            bytes, sizeof bytes);
        if (status != SOTTO_OK) return status;
    }
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status;
}

static int give_wishes(struct export *x, const struct wishes *w, uint32_t is_stored) {
    struct wish wish;
    uint32_t at = 0;
    int status = SOTTO_OK;
    while (status == SOTTO_OK && wishes_next(w, &at, &wish)) {
        const struct sotto_fact fact = {.kind = SOTTO_FACT_BLOCK,
                                        .code = wish.kind,
                                        .is_stored = is_stored,
                                        .time_s = wish.time_s,
                                        .text = wish.name};
        status = give(x, &fact);
    }
    return status;
}

static int give_notice(struct export *x, const struct notice *n, uint32_t is_stored) {
    const struct sotto_fact fact = {.kind = SOTTO_FACT_NOTICE,
                                    .is_stored = is_stored,
                                    .number = n->version,
                                    .time_s = n->at_s,
                                    .value = n->used_s};
    return give(x, &fact);
}

static int give_ticket(struct export *x, const struct ticket *t, uint32_t is_stored) {
    const struct sotto_fact fact = {.kind = SOTTO_FACT_TICKET,
                                    .code = t->kind,
                                    .state = t->state,
                                    .more = t->outcome,
                                    .is_stored = is_stored,
                                    .number = t->number,
                                    .value = t->reason,
                                    .time_s = t->time_s};
    return give(x, &fact);
}

/* ---- What was done ------------------------------------------------------------------------ */

static int give_events(struct export *x, const struct history *h, uint32_t from,
                       uint32_t is_stored) {
    int status = SOTTO_OK;
    for (uint32_t i = from; i < h->n && status == SOTTO_OK; i++) {
        uint32_t item = model_find_key(&x->e->model, h->events[i].key);
        const struct sotto_fact fact = {
            .kind = SOTTO_FACT_EVENT,
            .code = h->events[i].type,
            .is_stored = is_stored,
            .number = h->events[i].key,
            .time_s = h->events[i].time_s,
            .text = item == MODEL_NONE ? NULL : model_item_id(&x->e->model, item)};
        status = give(x, &fact);
    }
    return status;
}

/* One record of the profile. SOTTO_E_CORRUPT, which leaves the message alone, for one that says
 * nothing. */
static int give_record(struct export *x, struct vault_key key, const uint8_t *bytes, size_t n) {
    struct person *work = &x->e->secrets->nobody;
    struct notice notice;
    struct ticket ticket;
    int status = SOTTO_E_CORRUPT;
    if (key.kind == VAULT_SHOWN) return give_bytes(x, SOTTO_FACT_SHOWN, 1, key.seq, bytes, n);
    if (key.kind == VAULT_MEMO) return give_bytes(x, SOTTO_FACT_ANSWER, 1, key.seq, bytes, n);
    if (key.kind == VAULT_EVENTS) {
        if (history_decode(&work->history, bytes, n) == 0)
            status = give_events(x, &work->history, 0, 1);
    } else if (key.seq == PERSON_WISHES) {
        if (wishes_decode(&work->wishes, bytes, n) == 0) status = give_wishes(x, &work->wishes, 1);
    } else if (key.seq == PERSON_NOTICE) {
        if (notice_decode(&notice, bytes, n) == 0) status = give_notice(x, &notice, 1);
    } else if (ticket_decode(&ticket, bytes, n) == 0) {
        status = give_ticket(x, &ticket, 1);
    }
    wipe(work, sizeof *work);
    return status;
}

static int give_class(struct export *x, enum vault_class kind) {
    struct vault_key key = {kind, x->v->person.slot, 0};
    uint8_t bytes[VAULT_RECORD_MAX];
    size_t n;
    int status, is_first = 1;
    while ((status = vault_next(x->e->vault, &key, is_first, &x->e->error)) == SOTTO_OK &&
           key.slot == x->v->person.slot) {
        is_first = 0;
        status = vault_get(x->e->vault, key, bytes, sizeof bytes, &n, &x->e->error);
        if (status == SOTTO_OK) status = give_record(x, key, bytes, n);
        if (status != SOTTO_OK && status != SOTTO_E_CORRUPT) break;
        x->is_damaged |= status == SOTTO_E_CORRUPT;
    }
    wipe(bytes, sizeof bytes);
    return status == SOTTO_E_NOT_FOUND || status == SOTTO_E_CORRUPT ? SOTTO_OK : status;
}

static int give_stored(struct export *x) {
    static const enum vault_class classes[] = {VAULT_EVENTS, VAULT_MEMO, VAULT_PEOPLE, VAULT_SHOWN};
    int status = SOTTO_OK;
    for (size_t i = 0; i < ARRAY_LEN(classes) && status == SOTTO_OK; i++)
        status = give_class(x, classes[i]);
    return status;
}

/* What was shown since it was stored last. */
static int give_shown(struct export *x) {
    const struct seen *seen = &x->v->seen;
    uint8_t bytes[SEEN_RECORD_BYTES];
    size_t n = seen->is_dirty
                   ? seen_encode(seen, &x->e->model, x->e->rules, x->e->clock.late_s, bytes)
                   : 0;
    int status = n ? give_bytes(x, SOTTO_FACT_SHOWN, 0, 0, bytes, n) : SOTTO_OK;
    wipe(bytes, sizeof bytes);
    return status;
}

/* What storage does not hold. */
static int give_memory(struct export *x, int is_stored) {
    const struct person *p = &x->v->person;
    int status = give_events(x, &p->history, p->history.n_stored, 0);
    if (status == SOTTO_OK && (!is_stored || (p->owes & PERSON_WISHES)))
        status = give_wishes(x, &p->wishes, 0);
    if (status == SOTTO_OK && (!is_stored || (p->owes & PERSON_NOTICE)) && p->notice.at_s)
        status = give_notice(x, &p->notice, 0);
    for (int i = 0; i < SOTTO_TICKETS_MAX && status == SOTTO_OK; i++) {
        const struct ticket *t = &x->e->secrets->tickets[i];
        if (t->number && t->session == x->v->handle && !t->slot) status = give_ticket(x, t, 0);
    }
    return status == SOTTO_OK ? give_shown(x) : status;
}

/* ---- What is inferred --------------------------------------------------------------------- */

static int give_inferred(struct export *x) {
    const struct model *m = &x->e->model;
    struct slate *s = slate_spare(x->e, SOTTO_SLATES_MAX);
    int64_t taste[MODEL_GROUPS_MAX] = {0};
    int status = SOTTO_OK;
    slate_rank_personal(s, m, &x->v->person.history, slate_workspace_of(x->e, s), engine_late(x->e),
                        1, 1);
    for (uint32_t i = 0; i < s->n_inputs && status == SOTTO_OK; i++) {
        const struct score_input *in = &s->inputs[i].in;
        const struct sotto_fact fact = {.kind = SOTTO_FACT_INTEREST,
                                        .number = model_item_key(m, in->item),
                                        .value = in->multiplier,
                                        .text = model_item_id(m, in->item)};
        taste[model_item_group(m, in->item)] += in->multiplier;
        status = give(x, &fact);
    }
    for (uint32_t g = 0; g < m->n_groups && status == SOTTO_OK; g++) {
        const struct sotto_fact fact = {
            .kind = SOTTO_FACT_TASTE, .value = taste[g], .text = model_group_name(m, g)};
        if (taste[g]) status = give(x, &fact);
    }
    wipe(taste, sizeof taste);
    wipe(s, sizeof *s);
    return status;
}

/* Every report of this device that is kept: of visits together with those of others. */
static int give_reports(struct export *x) {
    struct vault_key key = {VAULT_OUTBOX, 0, 0};
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t n;
    int status, is_first = 1;
    while ((status = vault_next(x->e->vault, &key, is_first, &x->e->error)) == SOTTO_OK) {
        is_first = 0;
        status = vault_get(x->e->vault, key, bytes, sizeof bytes, &n, &x->e->error);
        if (status == SOTTO_OK)
            status =
                give_bytes(x, SOTTO_FACT_REPORT, 1, (uint64_t)key.slot << 32 | key.seq, bytes, n);
        if (status != SOTTO_OK) return status;
    }
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status;
}

static int give_all(struct export *x) {
    struct sotto *e = x->e;
    const struct person *p = &x->v->person;
    int is_stored =
        (p->place == PERSON_STORED || p->place == PERSON_UNREADABLE) && engine_can_read(e);
    int status = give_words(x);
    if (status == SOTTO_OK) status = give_receipts(x);
    if (status == SOTTO_OK && is_stored) status = give_stored(x);
    if (status == SOTTO_OK) status = give_memory(x, is_stored);
    if (status == SOTTO_OK &&
        consent_is_given(&p->consent, SOTTO_PURPOSE_PERSONALISE, e->rules, engine_late(e)))
        status = give_inferred(x);
    if (status == SOTTO_OK && is_stored) status = give_reports(x);
    if (status == SOTTO_OK && (x->is_damaged || p->place == PERSON_UNREADABLE))
        status = fail(&e->error, SOTTO_E_CORRUPT,
                      "some of what is stored of this profile cannot be read; the rest is here");
    return status;
}

int sotto_export(struct sotto *e, sotto_session session,
                 int (*put)(void *ctx, const struct sotto_fact *fact), void *ctx) {
    int status = engine_enter_given(e, put != NULL, "put");
    if (status != SOTTO_OK) return status;
    struct visit *v = visit_find(e, session);
    if (!v) return SOTTO_E_STATE;
    struct export x = {.e = e, .v = v, .put = put, .ctx = ctx};
    audit_right(e, v, SOTTO_RIGHT_EXPORT);
    engine_note(e, visit_settle(e, v, engine_late(e)));
    e->is_in_hook = 1; /* whoever takes a fact must not call back */
    status = give_all(&x);
    e->is_in_hook = 0;
    return status;
}
