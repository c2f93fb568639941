/* rpc_people: what the person in front of a screen says in passing: not this, I am so old, do not
 * track me; and what of it counts. Every method is explained in README.md. */
#include <string.h>

#include "base/base.h"
#include "tools/sottod/service.h"

static const char *const signals[] = {NULL, "gpc", "lmt"};
static const char *const ages[] = {"adult", "teen", "child"};
static const char *const purposes[] = {NULL,      "store", "personalise",
                                       "measure", "paid",  "sensitive"};
static const char *const switches[] = {"local", "remote"};

static int block_or_not(struct client *c, struct rpc_call *call,
                        int (*verb)(struct sotto *, sotto_session, enum sotto_block_kind,
                                    const char *)) {
    const char *name = NULL;
    const struct client_session *session = client_session(c, call);
    enum sotto_block_kind kind = session ? service_block(call, &name) : 0;
    if (!session) return SOTTO_E_STATE;
    if (!kind) return RPC_INVALID_PARAMS;
    return service_status(c->service, call, verb(c->service->engine, session->handle, kind, name));
}
int people_block(void *caller, struct rpc_call *call) {
    return block_or_not(caller, call, sotto_block);
}
int people_unblock(void *caller, struct rpc_call *call) {
    return block_or_not(caller, call, sotto_unblock);
}

int people_standing(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct sotto_standing now = {.size = sizeof now};
    const struct client_session *session = client_session(c, call);
    if (!session) return SOTTO_E_STATE;
    int status = sotto_standing(c->service->engine, session->handle, &now);
    if (status != SOTTO_OK) return service_status(c->service, call, status);
    rpc_put_text(call->result, "age", ages[now.age]);
    service_put_bits(call->result, "signals", now.signals, signals, ARRAY_LEN(signals));
    service_put_bits(call->result, "objected", now.objected, purposes, ARRAY_LEN(purposes));
    rpc_put_bool(call->result, "is_notice_due", (int)now.is_notice_due);
    rpc_put_signed(call->result, "notice_at_s", now.notice_at_s);
    service_put_bits(call->result, "off", now.is_off, switches, ARRAY_LEN(switches));
    rpc_put_number(call->result, "blocks", now.blocks);
    return SOTTO_OK;
}

int people_age(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct sotto_standing now = {.size = sizeof now};
    struct sotto *e = c->service->engine;
    uint64_t years = rpc_number(call, "years", 0);
    struct client_session *session = client_session(c, call);
    if (!session) return SOTTO_E_STATE;
    if (years > 150) return rpc_refuse(call, "years are 0 to 150");
    int status =
        service_status(c->service, call, sotto_session_age(e, session->handle, (uint32_t)years));
    /* A child's session has no name any more: what is asked for by that name is not meant for it.
     */
    if (years && sotto_standing(e, session->handle, &now) == SOTTO_OK && now.age == SOTTO_AGE_CHILD)
        memset(session->profile, 0, sizeof session->profile);
    return status;
}

int people_signal(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    const struct client_session *session = client_session(c, call);
    unsigned signal = rpc_word(signals + 1, ARRAY_LEN(signals) - 1, rpc_text(call, "signal"));
    if (!session) return SOTTO_E_STATE;
    if (!signal) return rpc_refuse(call, "a signal is gpc or lmt");
    int status = sotto_signal_set(c->service->engine, session->handle, (enum sotto_signal)signal);
    return service_status(c->service, call, status);
}

int people_may_ask(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    uint32_t may_ask = 0;
    const struct client_session *session = client_session(c, call);
    enum sotto_purpose purpose = session ? service_purpose(call) : 0;
    if (!session) return SOTTO_E_STATE;
    if (!purpose) return RPC_INVALID_PARAMS;
    int status = sotto_consent_may_ask(c->service->engine, session->handle, purpose, &may_ask);
    rpc_put_bool(call->result, "may_ask", (int)may_ask);
    return service_status(c->service, call, status);
}
