/* engine_tickets: a person to talk to: hand-offs and contested decisions, as a table. Those of a
 * session are in memory; of a stored profile there is a record under its key, which staff may still
 * move after a restart. Record: u32 format = 1, u8 kind, u8 state, u8 outcome, u8 0, u32 reason,
 * u32 0, u64 number, u64 decision, i64 time. */
#include "engine.h"
#include "sotto_audit.h"

#define FORMAT       1
#define KEPT         16                      /* records of a profile */
#define CONTESTS_MAX (SOTTO_TICKETS_MAX / 2) /* nobody may have to wait for a hand-off for them */

#define NO 0
static const uint8_t table[][TICKET_EVENTS] = {
    /* clang-format off */
    /*                          ACCEPT                 RESOLVE                TIMEOUT */
    [SOTTO_TICKET_REQUESTED] = {SOTTO_TICKET_ACCEPTED, SOTTO_TICKET_RESOLVED, SOTTO_TICKET_TIMED_OUT},
    [SOTTO_TICKET_ACCEPTED]  = {NO,                    SOTTO_TICKET_RESOLVED, NO},
    [SOTTO_TICKET_RESOLVED]  = {NO,                    NO,                    NO},
    [SOTTO_TICKET_TIMED_OUT] = {SOTTO_TICKET_ACCEPTED, SOTTO_TICKET_RESOLVED, NO},
    /* clang-format on */
};

unsigned ticket_next(enum sotto_ticket_state state, enum ticket_event event) {
    return table[state][event];
}

void ticket_encode(const struct ticket *t, uint8_t bytes[TICKET_BYTES]) {
    memset(bytes, 0, TICKET_BYTES);
    store32(bytes, FORMAT);
    bytes[4] = t->kind;
    bytes[5] = t->state;
    bytes[6] = t->outcome;
    store32(bytes + 8, t->reason);
    store64(bytes + 16, t->number);
    store64(bytes + 24, t->decision);
    store64(bytes + 32, (uint64_t)t->time_s);
}

int ticket_decode(struct ticket *t, const uint8_t *bytes, size_t n) {
    memset(t, 0, sizeof *t);
    if (n != TICKET_BYTES || load32(bytes) != FORMAT || bytes[4] < SOTTO_TICKET_HANDOFF ||
        bytes[4] > SOTTO_TICKET_CONTEST || bytes[5] < SOTTO_TICKET_REQUESTED ||
        bytes[5] > SOTTO_TICKET_TIMED_OUT || bytes[6] > SOTTO_OUTCOME_OVERRIDDEN || bytes[7])
        return -1;
    *t = (struct ticket){.number = load64(bytes + 16),
                         .kind = bytes[4],
                         .state = bytes[5],
                         .outcome = bytes[6],
                         .reason = load32(bytes + 8),
                         .decision = load64(bytes + 24),
                         .time_s = (int64_t)load64(bytes + 32)};
    return 0;
}

/* ---- Records ----------------------------------------------------------------------------- */

/* The record must still be this ticket's: its profile may have been erased and another have its
 * place. */
static int read_record(struct sotto *e, struct vault_key key, struct ticket *t) {
    uint8_t bytes[TICKET_BYTES];
    size_t n;
    int status = vault_get(e->vault, key, bytes, sizeof bytes, &n, &e->error);
    if (status == SOTTO_OK && ticket_decode(t, bytes, n) != 0) status = SOTTO_E_CORRUPT;
    t->slot = key.slot;
    t->seq = key.seq;
    return status;
}

static int write_record(struct sotto *e, const struct ticket *t) {
    const struct vault_key key = {VAULT_PEOPLE, t->slot, t->seq};
    uint8_t bytes[TICKET_BYTES];
    ticket_encode(t, bytes);
    return vault_put(e->vault, key, bytes, sizeof bytes, &e->error);
}

static int update_record(struct sotto *e, const struct ticket *t) {
    struct ticket old;
    if (!t->slot || !engine_has_storage(e)) return SOTTO_OK;
    int status = read_record(e, (struct vault_key){VAULT_PEOPLE, t->slot, t->seq}, &old);
    if (status != SOTTO_OK || old.number != t->number) return SOTTO_OK;
    return write_record(e, t);
}

/* The first record of a profile's tickets, and the place behind the last. */
static int add_record(struct sotto *e, struct visit *v, struct ticket *t) {
    struct person_home home = engine_home(e);
    struct vault_key key = {VAULT_PEOPLE, v->person.slot, VAULT_TICKETS - 1}, first = key;
    uint32_t count = 0;
    int status;
    if (!person_may_store(&v->person, &home, engine_late(e)) || !engine_has_storage(e))
        return SOTTO_OK;
    while ((status = vault_next(e->vault, &key, 0, &e->error)) == SOTTO_OK &&
           key.slot == v->person.slot) {
        if (count++ == 0) first = key;
        t->seq = key.seq;
    }
    if (status != SOTTO_OK && status != SOTTO_E_NOT_FOUND) return status;
    t->seq = count ? t->seq + 1 : VAULT_TICKETS;
    t->slot = v->person.slot;
    status = vault_begin(e->vault, &e->error);
    if (status != SOTTO_OK) return status;
    if (count >= KEPT) status = vault_delete(e->vault, first, &e->error);
    if (status == SOTTO_OK) status = write_record(e, t);
    if (status == SOTTO_OK) status = vault_commit(e->vault, &e->error);
    if (status != SOTTO_OK) {
        vault_rollback(e->vault);
        t->slot = 0;
    }
    return status;
}

/* ---- Tickets ----------------------------------------------------------------------------- */

static void note(struct sotto *e, const struct ticket *t) {
    vault_note(e->vault, SOTTO_AUDIT_TICKET, (uint8_t)(t->state | t->kind << 4), t->reason,
               t->outcome);
    if (engine_has_storage(e)) engine_note(e, vault_write_notes(e->vault, &e->error));
}

static void time_out(struct sotto *e, struct ticket *t) {
    t->state = SOTTO_TICKET_TIMED_OUT;
    note(e, t);
    engine_note(e, update_record(e, t));
}

void tickets_sweep(struct sotto *e) {
    uint64_t now_ms = engine_now_ms(e);
    for (int i = 0; i < SOTTO_TICKETS_MAX; i++) {
        struct ticket *t = &e->secrets->tickets[i];
        if (t->number && t->kind == SOTTO_TICKET_HANDOFF && t->state == SOTTO_TICKET_REQUESTED &&
            now_ms - t->made_ms >= (uint64_t)e->rules->handoff_timeout_s * 1000)
            time_out(e, t);
    }
}

void tickets_leave(struct sotto *e, sotto_session session) {
    for (int i = 0; i < SOTTO_TICKETS_MAX; i++)
        if (e->secrets->tickets[i].session == session) e->secrets->tickets[i].session = 0;
}

static int is_open(const struct ticket *t) {
    return t->number && (t->state == SOTTO_TICKET_REQUESTED || t->state == SOTTO_TICKET_ACCEPTED);
}

/* A free place, else that of the oldest that is over. */
static struct ticket *place(struct sotto *e, enum sotto_ticket_kind kind) {
    struct ticket *best = NULL;
    uint32_t contests = 0;
    for (int i = 0; i < SOTTO_TICKETS_MAX; i++) {
        struct ticket *t = &e->secrets->tickets[i];
        contests += is_open(t) && t->kind == SOTTO_TICKET_CONTEST;
        if (!is_open(t) && (!best || t->made_ms < best->made_ms)) best = t;
    }
    return kind == SOTTO_TICKET_CONTEST && contests >= CONTESTS_MAX ? NULL : best;
}

/* A number that can be read aloud; without randomness one that is at least new. */
static uint64_t new_number(struct sotto *e) {
    uint32_t number = 0;
    if (rng_u32(&e->secrets->rng, &number) != 0 || number == 0) return ++e->last_handle;
    return number;
}

/* Whether somebody was called: 0 the hook has, 1 somebody is here already. */
static int call(struct sotto *e, const struct ticket *t) {
    const struct sotto_handoff request = {.size = sizeof request,
                                          .ticket = t->number,
                                          .reason = t->reason,
                                          .decision = t->decision,
                                          .contact = e->rules->contact};
    if (!e->port->handoff) return -1;
    e->is_in_hook = 1;
    int called = e->port->handoff(e->port->ctx, &request);
    e->is_in_hook = 0;
    return called;
}

static int request(struct sotto *e, sotto_session session, enum sotto_ticket_kind kind,
                   uint32_t reason, uint64_t decision, uint64_t *number) {
    int status = engine_enter_given(e, number != NULL, "ticket");
    if (status != SOTTO_OK) return status;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): NULL was refused above */
    *number = 0;
    struct visit *v = visit_find(e, session);
    if (!v) return SOTTO_E_STATE;
    tickets_sweep(e);
    struct ticket *t = place(e, kind);
    if (!t) return fail(&e->error, SOTTO_E_LIMIT, "too many tickets are open; resolve one first");
    *t = (struct ticket){.number = new_number(e),
                         .session = session,
                         .kind = (uint8_t)kind,
                         .state = SOTTO_TICKET_REQUESTED,
                         .reason = reason,
                         .decision = decision,
                         .made_ms = engine_now_ms(e),
                         .time_s = engine_late(e)};
    *number = t->number;
    int called = kind == SOTTO_TICKET_HANDOFF ? call(e, t) : 0;
    if (called == 1) t->state = SOTTO_TICKET_ACCEPTED;
    if (called != 0 && called != 1) t->state = SOTTO_TICKET_TIMED_OUT;
    note(e, t);
    /* A record that storage does not take must not cost anybody the person they asked for. */
    engine_note(e, add_record(e, v, t));
    return SOTTO_OK;
}

int sotto_handoff_request(struct sotto *e, sotto_session session, uint32_t reason,
                          uint64_t decision, uint64_t *ticket) {
    return request(e, session, SOTTO_TICKET_HANDOFF, reason, decision, ticket);
}

int sotto_contest(struct sotto *e, sotto_session session, uint32_t reason, uint64_t decision,
                  uint64_t *ticket) {
    return request(e, session, SOTTO_TICKET_CONTEST, reason, decision, ticket);
}

/* The ticket behind *key that is kept with a profile; 0 when there is none. */
static int next_record(struct sotto *e, struct vault_key *key, struct ticket *t) {
    while (engine_can_read(e) && vault_next(e->vault, key, 0, &e->error) == SOTTO_OK)
        if (key->seq >= VAULT_TICKETS && read_record(e, *key, t) == SOTTO_OK) return 1;
    return 0;
}

int sotto_ticket_next(struct sotto *e, uint64_t *cursor, uint64_t *number) {
    struct ticket t;
    int status = engine_enter_given(e, cursor && number, "cursor");
    if (status != SOTTO_OK || !cursor || !number) return status;
    struct vault_key key = {VAULT_PEOPLE, (uint32_t)(*cursor >> 32), (uint32_t)*cursor};
    if (!next_record(e, &key, &t)) return SOTTO_E_NOT_FOUND;
    *cursor = (uint64_t)key.slot << 32 | key.seq;
    *number = t.number;
    return SOTTO_OK;
}

/* In memory, or else in `stored`, which is filled; NULL when there is none. */
static struct ticket *find(struct sotto *e, uint64_t number, struct ticket *stored) {
    struct vault_key key = {VAULT_PEOPLE, 0, 0};
    for (int i = 0; i < SOTTO_TICKETS_MAX; i++)
        if (number && e->secrets->tickets[i].number == number) return &e->secrets->tickets[i];
    while (number && next_record(e, &key, stored))
        if (stored->number == number) return stored;
    fail(&e->error, SOTTO_E_NOT_FOUND, "there is no such ticket");
    return NULL;
}

int sotto_ticket_move(struct sotto *e, uint64_t number, enum sotto_ticket_state state,
                      enum sotto_outcome outcome) {
    struct ticket stored;
    int status = engine_enter(e);
    if (status != SOTTO_OK) return status;
    int is_resolved = state == SOTTO_TICKET_RESOLVED;
    if ((!is_resolved && state != SOTTO_TICKET_ACCEPTED) || outcome < SOTTO_OUTCOME_NONE ||
        outcome > SOTTO_OUTCOME_OVERRIDDEN || (outcome != SOTTO_OUTCOME_NONE) != is_resolved)
        return fail(&e->error, SOTTO_E_ARGUMENT,
                    "a ticket is accepted, or resolved with an outcome");
    tickets_sweep(e);
    struct ticket *t = find(e, number, &stored);
    if (!t) return SOTTO_E_NOT_FOUND;
    unsigned next = ticket_next((enum sotto_ticket_state)t->state,
                                is_resolved ? TICKET_RESOLVE : TICKET_ACCEPT);
    if (next == NO) return fail(&e->error, SOTTO_E_STATE, "this ticket is past that");
    t->state = (uint8_t)next;
    t->outcome = (uint8_t)outcome;
    note(e, t);
    return engine_note(e, update_record(e, t));
}

int sotto_ticket_look(struct sotto *e, uint64_t number, struct sotto_ticket *ticket) {
    struct ticket stored;
    int status = engine_enter_with(e, ticket, sizeof *ticket, "sotto_ticket");
    if (status != SOTTO_OK) return status;
    tickets_sweep(e);
    const struct ticket *t = find(e, number, &stored);
    if (!t) return SOTTO_E_NOT_FOUND;
    const size_t size = ticket->size;
    *ticket = (struct sotto_ticket){.size = size,
                                    .number = t->number,
                                    .kind = (enum sotto_ticket_kind)t->kind,
                                    .state = (enum sotto_ticket_state)t->state,
                                    .outcome = (enum sotto_outcome)t->outcome,
                                    .reason = t->reason,
                                    .decision = t->decision,
                                    .time_s = t->time_s,
                                    .otherwise = e->rules->handoff_else};
    return SOTTO_OK;
}
