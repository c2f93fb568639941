/* desk: who wants to talk to a person, and who comes. A hand-off is called out to the operator
 * socket; staff's answer goes back to the front end that asked. Knows tickets by their numbers
 * alone: what they are about is the engine's. Every method is explained in README.md. */
#include <string.h>

#include "base/base.h"
#include "tools/sottod/service.h"

static const char *const states[] = {
    [SOTTO_TICKET_REQUESTED] = "requested",
    [SOTTO_TICKET_ACCEPTED] = "accepted",
    [SOTTO_TICKET_RESOLVED] = "resolved",
    [SOTTO_TICKET_TIMED_OUT] = "timed_out",
};
static const char *const outcomes[] = {"none", "helped", "upheld", "overridden"};

/* The hook: it counts as called when somebody listens. */
int service_handoff(void *ctx, const struct sotto_handoff *request) {
    struct service *s = ((struct sotto_linux *)ctx)->user;
    json_t *what = json_object();
    rpc_put_number(what, "ticket", request->ticket);
    rpc_put_number(what, "reason", request->reason);
    rpc_put_number(what, "decision", request->decision);
    rpc_put_text(what, "contact", request->contact);
    return service_announce(s, &role_operator, "handoff.requested", what) > 0 ? 0 : -1;
}

static void put_ticket(json_t *object, const struct sotto_ticket *t) {
    rpc_put_number(object, "ticket", t->number);
    rpc_put_text(object, "kind", t->kind == SOTTO_TICKET_CONTEST ? "contest" : "handoff");
    rpc_put_text(object, "state", states[t->state]);
    rpc_put_text(object, "outcome", outcomes[t->outcome]);
    /* Until nobody came, the page has its own words. */
    rpc_put_text(object, "text", t->state == SOTTO_TICKET_TIMED_OUT ? t->otherwise : NULL);
}

static int look(const struct service *s, uint64_t number, struct sotto_ticket *t) {
    *t = (struct sotto_ticket){.size = sizeof *t};
    return sotto_ticket_look(s->engine, number, t);
}

/* ---- The list ---------------------------------------------------------------------------- */

static int is_over(const struct desk_ticket *d) {
    return d->number == 0 || d->state == SOTTO_TICKET_RESOLVED ||
           d->state == SOTTO_TICKET_TIMED_OUT;
}

/* Takes the place of the oldest that is over, or that was there before the daemon started: in
 * memory the engine has no more open ones than there are places. */
static struct desk_ticket *place(struct service *s) {
    size_t last = ARRAY_LEN(s->desk) - 1, i = 0;
    while (i <= last && !is_over(&s->desk[i])) i++;
    if (i > last)
        for (i = 0; i < last && s->desk[i].session;) i++;
    memmove(&s->desk[i], &s->desk[i + 1], (last - i) * sizeof s->desk[0]);
    memset(&s->desk[last], 0, sizeof s->desk[last]);
    return &s->desk[last];
}

static struct desk_ticket *find(struct service *s, uint64_t number) {
    for (size_t i = 0; number && i < ARRAY_LEN(s->desk); i++)
        if (s->desk[i].number == number) return &s->desk[i];
    return NULL;
}

void desk_open(struct service *s) {
    uint64_t cursor = 0, number = 0;
    while (!s->desk[0].number && sotto_ticket_next(s->engine, &cursor, &number) == SOTTO_OK) {
        struct sotto_ticket t;
        if (look(s, number, &t) != SOTTO_OK ||
            (t.state != SOTTO_TICKET_REQUESTED && t.state != SOTTO_TICKET_ACCEPTED))
            continue;
        *place(s) = (struct desk_ticket){.number = number, .state = t.state};
    }
}

void desk_leave(struct client *c) {
    for (size_t i = 0; i < ARRAY_LEN(c->service->desk); i++)
        if (c->service->desk[i].owner == c) c->service->desk[i].owner = NULL;
}

void desk_tick(struct service *s) {
    for (size_t i = 0; i < ARRAY_LEN(s->desk); i++) {
        struct desk_ticket *d = &s->desk[i];
        struct sotto_ticket t;
        if (!d->number || look(s, d->number, &t) != SOTTO_OK || t.state == d->state) continue;
        d->state = t.state;
        if (!d->owner) continue;
        json_t *what = json_object();
        put_ticket(what, &t);
        client_announce(d->owner, "handoff.changed", what);
    }
}

/* ---- Of a front end ---------------------------------------------------------------------- */

static int ask(struct client *c, struct rpc_call *call,
               int (*request)(struct sotto *, sotto_session, uint32_t, uint64_t, uint64_t *)) {
    struct service *s = c->service;
    struct sotto_ticket t;
    uint64_t reason = rpc_number(call, "reason", 0), number = 0;
    const struct client_session *session = client_session(c, call);
    if (!session) return SOTTO_E_STATE;
    if (reason > UINT32_MAX) return rpc_refuse(call, "a reason is 0 to 2^32 - 1");
    int status = request(s->engine, session->handle, (uint32_t)reason,
                         rpc_number(call, "decision", 0), &number);
    if (status == SOTTO_OK) status = look(s, number, &t);
    if (status != SOTTO_OK) return service_status(s, call, status);
    *place(s) = (struct desk_ticket){number, c, session->handle, t.state};
    put_ticket(call->result, &t);
    return SOTTO_OK;
}

int desk_handoff(void *caller, struct rpc_call *call) {
    return ask(caller, call, sotto_handoff_request);
}

int desk_contest(void *caller, struct rpc_call *call) { return ask(caller, call, sotto_contest); }

int desk_state(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct sotto_ticket t;
    const struct desk_ticket *d = find(c->service, rpc_number(call, "ticket", 0));
    if (!d || d->owner != c)
        return fail(&call->err, SOTTO_E_STATE, "this client has no such ticket");
    int status = look(c->service, d->number, &t);
    if (status == SOTTO_OK) put_ticket(call->result, &t);
    return service_status(c->service, call, status);
}

/* ---- Of staff ---------------------------------------------------------------------------- */

int desk_list(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_LEN(c->service->desk); i++) {
        struct sotto_ticket t;
        if (!c->service->desk[i].number ||
            look(c->service, c->service->desk[i].number, &t) != SOTTO_OK)
            continue;
        json_t *ticket = json_object();
        put_ticket(ticket, &t);
        rpc_put_number(ticket, "reason", t.reason);
        rpc_put_number(ticket, "decision", t.decision);
        rpc_put_signed(ticket, "time_s", t.time_s);
        (void)!json_array_append_new(list, ticket);
    }
    (void)!json_object_set_new(call->result, "tickets", list);
    return SOTTO_OK;
}

static int move(const struct client *c, struct rpc_call *call, enum sotto_ticket_state state,
                enum sotto_outcome outcome) {
    int status =
        sotto_ticket_move(c->service->engine, rpc_number(call, "ticket", 0), state, outcome);
    service_status(c->service, call, status);
    desk_tick(c->service);
    if (status == SOTTO_OK) rpc_put_text(call->result, "state", states[state]);
    return status;
}

int desk_accept(void *caller, struct rpc_call *call) {
    return move(caller, call, SOTTO_TICKET_ACCEPTED, SOTTO_OUTCOME_NONE);
}

int desk_resolve(void *caller, struct rpc_call *call) {
    unsigned outcome = rpc_word(outcomes + 1, ARRAY_LEN(outcomes) - 1, rpc_text(call, "outcome"));
    if (!outcome) return rpc_refuse(call, "an outcome is helped, upheld or overridden");
    return move(caller, call, SOTTO_TICKET_RESOLVED, (enum sotto_outcome)outcome);
}

/* For the session that the ticket came from: staff knows no other name of it. */
int desk_override(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    const struct desk_ticket *d = find(c->service, rpc_number(call, "ticket", 0));
    uint64_t reason = rpc_number(call, "reason", 0);
    if (reason == 0 || reason > UINT32_MAX) return rpc_refuse(call, "a reason is 1 to 2^32 - 1");
    if (!d) return fail(&call->err, SOTTO_E_NOT_FOUND, "there is no such ticket here");
    int status =
        sotto_override(c->service->engine, d->session, rpc_text(call, "item"), (uint32_t)reason);
    if (status == SOTTO_OK && d->owner)
        client_announce(d->owner, "profile.changed",
                        json_pack("{s:I}", "session", (json_int_t)d->session));
    return service_status(c->service, call, status);
}
