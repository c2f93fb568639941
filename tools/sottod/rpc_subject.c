/* rpc_subject: the rights of the person whose profile it is. Add a verb as a function and a line of
 * the table at the end. Every method is explained in README.md. */
#include <string.h>

#include "base/base.h"
#include "sotto_receipt.h"
#include "tools/sottod/service.h"

int seat_take(struct client *c, struct rpc_call *call, struct seat *seat) {
    const char *profile = rpc_text(call, "profile");
    memset(seat, 0, sizeof *seat);
    /* No name is every anonymous visitor's, and what they did is nobody's to ask for. */
    if (!profile[0]) return rpc_refuse(call, "a profile has a name");
    seat->session = service_profile(c->service, profile, &seat->owner);
    if (seat->session) {
        seat->handle = seat->session->handle;
        return SOTTO_OK;
    }
    return service_status(c->service, call,
                          sotto_session_begin(c->service->engine, profile, &seat->handle));
}

void seat_leave(const struct client *c, const struct seat *seat) {
    if (!seat->owner && sotto_session_end(c->service->engine, seat->handle) != SOTTO_OK) {
        /* Nothing happened in it but the word, whose status the caller has. */
    }
}

static int consent(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct sotto *e = c->service->engine;
    enum sotto_consent state = SOTTO_CONSENT_UNKNOWN;
    struct seat seat;
    enum sotto_purpose purpose = service_purpose(call);
    const char *word = rpc_text(call, "state");
    enum sotto_consent set = service_word(word);
    if (!purpose) return RPC_INVALID_PARAMS;
    if (word && !set)
        return rpc_refuse(call, "a state is granted, denied, withdrawn, objected or paused");
    int status = seat_take(c, call, &seat);
    if (status != SOTTO_OK) return status;
    if (set) status = sotto_consent_set(e, seat.handle, purpose, set);
    /* A no counts even when storage could not take it yet. */
    service_status(c->service, call, status);
    int read = sotto_consent_get(e, seat.handle, purpose, &state);
    if (set && seat.owner)
        client_announce(seat.owner, "consent.changed",
                        json_pack("{s:I, s:s, s:s}", "session", (json_int_t)seat.handle, "purpose",
                                  purpose_word(purpose), "state", consent_word(state)));
    seat_leave(c, &seat);
    rpc_put_text(call->result, "state", consent_word(state));
    return status == SOTTO_OK ? service_status(c->service, call, read) : status;
}

/* ---- Erasure ----------------------------------------------------------------------------- */

void rights_put_erased(struct rpc_call *call, const struct sotto_erase_receipt *r) {
    rpc_put_number(call->result, "profiles", r->profiles);
    rpc_put_number(call->result, "records", r->records);
    rpc_put_text(call->result, "assurance",
                 r->assurance == SOTTO_ASSURANCE_PHYSICAL  ? "physical"
                 : r->assurance == SOTTO_ASSURANCE_LOGICAL ? "logical"
                                                           : "nothing was stored");
    rpc_put_number(call->result, "epoch", r->epoch);
    rpc_put_number(call->result, "receipt", r->number);
}

/* Whose session lost something hears of it. */
static void tell_erased(struct client *c, const char *profile, const char *purpose) {
    for (struct client *other = c->service->clients; other; other = other->next)
        for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
            const struct client_session *session = &other->sessions[i];
            if (session->handle && session->profile[0] &&
                (!profile || strcmp(session->profile, profile) == 0))
                client_announce(other, "profile.erased",
                                json_pack("{s:I, s:s}", "session", (json_int_t)session->handle,
                                          "purpose", purpose));
        }
}

/* Everybody's profile goes only when that is said; a forgotten name must not mean it. */
static int whose(struct rpc_call *call, const char **profile) {
    *profile = rpc_text(call, "profile");
    if ((*profile != NULL) == rpc_bool(call, "everyone", 0))
        return rpc_refuse(call, "say \"profile\", or \"everyone\": true");
    return SOTTO_OK;
}

static int erase(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct sotto_erase_receipt r = {.size = sizeof r};
    const char *profile;
    int status = whose(call, &profile);
    if (status != SOTTO_OK) return status;
    status = sotto_erase(c->service->engine, profile, &r);
    tell_erased(c, profile, "store");
    if (status == SOTTO_OK) rights_put_erased(call, &r);
    return service_status(c->service, call, status);
}

static int erase_purpose(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct sotto_erase_receipt r = {.size = sizeof r};
    const char *profile;
    enum sotto_purpose purpose = service_purpose(call);
    int status = purpose ? whose(call, &profile) : RPC_INVALID_PARAMS;
    if (status != SOTTO_OK) return status;
    status = sotto_erase_purpose(c->service->engine, profile, purpose, &r);
    tell_erased(c, profile, purpose_word(purpose));
    if (status == SOTTO_OK) rights_put_erased(call, &r);
    return service_status(c->service, call, status);
}

static int receipts(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    uint8_t bytes[SOTTO_RECEIPT_BYTES];
    uint64_t cursor = rpc_number(call, "after", 0);
    json_t *list = json_array();
    int status = SOTTO_OK;
    for (int i = 0; i < SOTTO_RECEIPTS_KEPT && status == SOTTO_OK; i++) {
        status = sotto_receipt_next(c->service->engine, &cursor, bytes);
        if (status != SOTTO_OK) break;
        json_t *receipt = json_object();
        rpc_put_number(receipt, "number", cursor);
        rpc_put_hex(receipt, "bytes", bytes, sizeof bytes);
        (void)!json_array_append_new(list, receipt);
    }
    (void)!json_object_set_new(call->result, "receipts", list);
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : service_status(c->service, call, status);
}

static const struct rpc_method methods[] = {
    {"consent", consent, {{"profile", RPC_TEXT}, {"purpose", RPC_TEXT}, {"?state", RPC_TEXT}}},
    {"erase", erase, {{"?profile", RPC_TEXT}, {"?everyone", RPC_BOOL}}},
    {"erase_purpose",
     erase_purpose,
     {{"purpose", RPC_TEXT}, {"?profile", RPC_TEXT}, {"?everyone", RPC_BOOL}}},
    {"receipts", receipts, {{"?after", RPC_NUMBER}}},
    {"budget", method_budget, {{0}}},
    {"view", rights_view, {{"profile", RPC_TEXT}, {"?from", RPC_NUMBER}}},
    {"export",
     rights_export,
     {{"profile", RPC_TEXT}, {"?offset", RPC_NUMBER}, {"?seal_to", RPC_TEXT}}},
    {"block",
     rights_block,
     {{"profile", RPC_TEXT}, {"?item", RPC_TEXT}, {"?group", RPC_TEXT}, {"?provider", RPC_TEXT}}},
    {"unblock",
     rights_unblock,
     {{"profile", RPC_TEXT}, {"?item", RPC_TEXT}, {"?group", RPC_TEXT}, {"?provider", RPC_TEXT}}},
    {"interest",
     rights_interest,
     {{"profile", RPC_TEXT}, {"item", RPC_TEXT}, {"opinion", RPC_TEXT}}},
    {"forget",
     rights_forget,
     {{"profile", RPC_TEXT}, {"?item", RPC_TEXT}, {"?time_s", RPC_NUMBER}}},
    {"pause", rights_pause, {{"profile", RPC_TEXT}}},
    {"resume", rights_resume, {{"profile", RPC_TEXT}}},
    {"object", rights_object, {{"profile", RPC_TEXT}, {"purpose", RPC_TEXT}}},
    {"reset", rights_reset, {{"profile", RPC_TEXT}}},
    {"consent_receipts", rights_receipts, {{"profile", RPC_TEXT}, {"?after", RPC_NUMBER}}},
};
const struct rpc_role role_subject = {"subject", methods, ARRAY_LEN(methods)};
