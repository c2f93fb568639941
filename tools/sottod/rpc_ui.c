/* rpc_ui: what a front end may do. It gets slates, reasons and the banner's texts; never a report,
 * never a profile as such. Every method is explained in README.md. */
#include <string.h>

#include "base/base.h"
#include "tools/sottod/service.h"

/* ---- Sessions and consent ---------------------------------------------------------------- */

static int session_begin(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    const char *profile = rpc_text(call, "profile");
    struct client_session *mine = NULL;
    for (int i = 0; i < SOTTO_SESSIONS_MAX && !mine; i++)
        if (!c->sessions[i].handle) mine = &c->sessions[i];
    if (!mine) return fail(&call->err, SOTTO_E_LIMIT, "this client has all sessions there are");
    int status = sotto_session_begin(c->service->engine, profile, &mine->handle);
    if (status != SOTTO_OK) return service_status(c->service, call, status);
    mine->active_ms = service_now_ms(c->service);
    if (profile) memcpy(mine->profile, profile, strlen(profile) + 1);
    rpc_put_number(call->result, "session", mine->handle);
    return SOTTO_OK;
}

static int session_end(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct client_session *session = client_session(c, call);
    if (!session) return SOTTO_E_STATE;
    int status = sotto_session_end(c->service->engine, session->handle);
    client_forget(c, session); /* it has ended, whatever was lost */
    return service_status(c->service, call, status);
}

static int consent_get(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    enum sotto_consent state;
    struct client_session *session = client_session(c, call);
    enum sotto_purpose purpose = session ? service_purpose(call) : 0;
    if (!session) return SOTTO_E_STATE;
    if (!purpose) return RPC_INVALID_PARAMS;
    int status = sotto_consent_get(c->service->engine, session->handle, purpose, &state);
    rpc_put_text(call->result, "state", consent_word(state));
    return service_status(c->service, call, status);
}

static int consent_set(void *caller, struct rpc_call *call) {
    static const char *const channels[] = {"screen", "speech", "staff"};
    struct client *c = caller;
    struct client_session *session = client_session(c, call);
    enum sotto_purpose purpose = session ? service_purpose(call) : 0;
    const char *channel = rpc_text(call, "channel");
    struct sotto_word word = {.size = sizeof word,
                              .purpose = purpose,
                              .state = service_word(rpc_text(call, "state")),
                              .channel = channel ? rpc_word(channels, ARRAY_LEN(channels), channel)
                                                 : SOTTO_SAID_SCREEN};
    if (!session) return SOTTO_E_STATE;
    if (!purpose) return RPC_INVALID_PARAMS;
    if (!word.state)
        return rpc_refuse(call, "a state is granted, denied, withdrawn, objected or paused");
    if (!word.channel) return rpc_refuse(call, "a channel is screen, speech or staff");
    int status = sotto_consent_say(c->service->engine, session->handle, &word);
    rpc_put_text(call->result, "state", consent_word(word.state));
    return service_status(c->service, call, status);
}

/* ---- Events ------------------------------------------------------------------------------ */

/* Whether the vault keeps this session's events: not of a person who wants no use made of them, or
 * none now. */
static int is_kept(const struct service *s, const struct client_session *session) {
    enum sotto_consent store = SOTTO_CONSENT_UNKNOWN, use = SOTTO_CONSENT_UNKNOWN;
    return session->profile[0] &&
           sotto_consent_get(s->engine, session->handle, SOTTO_PURPOSE_STORE, &store) == SOTTO_OK &&
           sotto_consent_get(s->engine, session->handle, SOTTO_PURPOSE_PERSONALISE, &use) ==
               SOTTO_OK &&
           store == SOTTO_CONSENT_GRANTED && use != SOTTO_CONSENT_DENIED &&
           use != SOTTO_CONSENT_WITHDRAWN && use != SOTTO_CONSENT_OBJECTED &&
           use != SOTTO_CONSENT_PAUSED;
}

/* Under consent to store, an event is acknowledged once it is stored: the reply waits for the
 * commit that sockets.c makes for all events of a round. */
static int event(void *caller, struct rpc_call *call) {
    static const char *const types[] = {"view", "select", "purchase"};
    struct client *c = caller;
    struct service *s = c->service;
    struct client_session *session = client_session(c, call);
    if (!session) return SOTTO_E_STATE;
    struct sotto_event e = {sizeof e, rpc_text(call, "item"),
                            rpc_word(types, ARRAY_LEN(types), rpc_text(call, "type"))};
    if (e.type == 0) return rpc_refuse(call, "a type is view, select or purchase");
    int status = sotto_record(s->engine, session->handle, &e);
    if (status == SOTTO_OK && is_kept(s, session)) s->needs_flush = call->is_later = 1;
    rpc_put_bool(call->result, "stored", 0);
    return service_status(s, call, status);
}

static int stock(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    int status =
        sotto_stock_set(c->service->engine, rpc_text(call, "item"), rpc_bool(call, "in_stock", 1));
    return service_status(c->service, call, status);
}

/* ---- Slates ------------------------------------------------------------------------------ */

static struct client_slate *free_slate(struct client *c) {
    for (int i = 0; i < SOTTO_SLATES_MAX; i++)
        if (!c->slates[i].handle) return &c->slates[i];
    return NULL;
}

/* What was opened, or is past its time, gives way; what still waits to be opened does not. */
static int slate(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct service *s = c->service;
    struct client_slate *mine = NULL;
    struct client_session *session = client_session(c, call);
    uint64_t count = rpc_number(call, "count", 0);
    if (!session) return SOTTO_E_STATE;
    if (count > SOTTO_SLATE_ITEMS_MAX) return rpc_refuse(call, "a slate has at most 64 items");
    const struct sotto_slate_request request = {.size = sizeof request,
                                                .count = (uint32_t)count,
                                                .repeats = (uint32_t)rpc_bool(call, "repeats", 0),
                                                .general = (uint32_t)rpc_bool(call, "general", 0)};
    while (!(mine = free_slate(c)) && service_make_room(s, c)) continue;
    if (!mine) return fail(&call->err, SOTTO_E_LIMIT, "this client has all slates there are");
    int status;
    do status = sotto_slate_request(s->engine, session->handle, &request, &mine->handle);
    while (status == SOTTO_E_LIMIT && service_make_room(s, NULL));
    if (status != SOTTO_OK) return service_status(s, call, status);
    mine->session = session->handle;
    mine->made_ms = service_now_ms(s);
    rpc_put_number(call->result, "slate", mine->handle);
    return SOTTO_OK;
}

static struct client_session *session_of(struct client *c, const struct client_slate *mine) {
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++)
        if (c->sessions[i].handle == mine->session) return &c->sessions[i];
    return NULL;
}

static int disclosure(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct service *s = c->service;
    struct client_slate *mine = client_slate(c, call);
    if (!mine) return SOTTO_E_STATE;
    int status = sotto_slate_present(s->engine, mine->handle);
    rpc_put_bool(call->result, "is_needed", status == SOTTO_PENDING);
    if (status == SOTTO_PENDING) {
        struct client_session *session = session_of(c, mine);
        if (session) session->asked = mine->handle;
        mine->handed_ms = service_now_ms(s);
        (void)!json_object_set(call->result, "packet", s->banner);
    }
    json_decref(s->banner);
    s->banner = NULL;
    return service_status(s, call, status);
}

static int hex_read(uint8_t *to, size_t n, const char *text) {
    static const char digits[] = "0123456789abcdef";
    if (strlen(text) != 2 * n) return -1;
    for (size_t i = 0; i < 2 * n; i++) {
        const char *digit = memchr(digits, text[i], 16);
        if (!digit) return -1;
        to[i / 2] = (uint8_t)(to[i / 2] << 4 | (digit - digits));
    }
    return 0;
}

/* The client says for how long the banner was visible, up to now; the daemon says when now is, and
 * when the packet left. Visible for longer than that cannot be: then it was not shown. */
static void shown_when(struct sotto_banner_receipt *r, uint64_t visible_ms, uint64_t handed_ms,
                       uint64_t now_ms) {
    r->shown_from_ms = r->shown_until_ms = now_ms;
    if (handed_ms == 0 || visible_ms > now_ms - handed_ms)
        r->channels = 0;
    else
        r->shown_from_ms = now_ms - visible_ms;
}

static int disclosure_confirm(void *caller, struct rpc_call *call) {
    static const char *const words[] = {"none", "accepted", "declined"};
    static const char *const channels[] = {"screen", "speech", "braille"};
    struct client *c = caller;
    struct sotto_banner_receipt r = {.size = sizeof r};
    const json_t *list = json_object_get(call->params, "channels");
    unsigned answer = rpc_word(words, ARRAY_LEN(words), rpc_text(call, "answer"));
    sotto_slate handle = rpc_number(call, "slate", 0);
    uint64_t handed_ms = 0;
    int is_mine = 0;
    if (!answer) return rpc_refuse(call, "an answer is none, accepted or declined");
    if (hex_read(r.hash, sizeof r.hash, rpc_text(call, "hash")) != 0)
        return rpc_refuse(call, "a hash has 64 hexadecimal digits in lower case");
    for (size_t i = 0; i < json_array_size(list); i++) {
        unsigned channel =
            rpc_word(channels, ARRAY_LEN(channels), json_string_value(json_array_get(list, i)));
        if (!channel) return rpc_refuse(call, "a channel is screen, speech or braille");
        r.channels |= 1u << (channel - 1);
    }
    for (int i = 0; i < SOTTO_SLATES_MAX; i++)
        if (handle && c->slates[i].handle == handle)
            handed_ms = c->slates[i].handed_ms, is_mine = 1;
    /* A no is heard also for a slate that was closed meanwhile. */
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++)
        if (handle && c->sessions[i].asked == handle) {
            c->sessions[i].active_ms = service_now_ms(c->service);
            is_mine = 1;
        }
    if (!is_mine)
        return fail(&call->err, SOTTO_E_STATE, "this client has shown no banner for such a slate");
    r.acknowledged = answer - 1;
    shown_when(&r, rpc_number(call, "visible_ms", 0), handed_ms, service_now_ms(c->service));
    return service_status(c->service, call, sotto_slate_confirm(c->service->engine, handle, &r));
}

static int open_slate(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[SOTTO_SLATE_ITEMS_MAX];
    struct client_slate *mine = client_slate(c, call);
    if (!mine) return SOTTO_E_STATE;
    int status =
        sotto_slate_open(c->service->engine, mine->handle, &view, items, SOTTO_SLATE_ITEMS_MAX);
    if (status != SOTTO_OK) return service_status(c->service, call, status);
    mine->is_over = 1; /* an open slate stays what it is */
    json_t *list = json_array();
    rpc_put_bool(call->result, "personalised", (int)view.personalised);
    rpc_put_number(call->result, "why", view.why);
    rpc_put_text(call->result, "why_text", sotto_why_text(view.why));
    rpc_put_number(call->result, "decision", view.decision);
    for (uint32_t i = 0; i < view.count; i++) {
        json_t *item = json_object();
        rpc_put_text(item, "id", items[i].id);
        rpc_put_text(item, "title", items[i].title);
        rpc_put_number(item, "rank", items[i].rank);
        rpc_put_signed(item, "score", items[i].score);
        rpc_put_text(item, "provider", items[i].provider);
        rpc_put_number(item, "rating", items[i].rating);
        why_put_flags(item, items[i].flags, items[i].payer);
        (void)!json_array_append_new(list, item);
    }
    (void)!json_object_set_new(call->result, "items", list);
    return SOTTO_OK;
}

static int slate_close(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct client_slate *mine = client_slate(c, call);
    if (!mine) return SOTTO_E_STATE;
    sotto_slate_close(c->service->engine, mine->handle);
    memset(mine, 0, sizeof *mine);
    return SOTTO_OK;
}

/* ---- The device -------------------------------------------------------------------------- */

/* What a screen needs to know; no figures that tell about people. */
static int health(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    struct sotto_health h = {.size = sizeof h};
    int status = sotto_health(c->service->engine, &h);
    if (status != SOTTO_OK) return service_status(c->service, call, status);
    rpc_put_text(call->result, "version", sotto_version());
    rpc_put_bool(call->result, "is_strict", (int)h.strict);
    rpc_put_text(call->result, "storage", storage_word(h.storage));
    rpc_put_text(call->result, "model_status", rpc_status_name(h.model_status));
    rpc_put_number(call->result, "model_version", h.model_version);
    rpc_put_number(call->result, "policy_version", h.policy_version);
    rpc_put_number(call->result, "items", h.items);
    rpc_put_number(call->result, "idle_s", h.idle_s);
    rpc_put_number(call->result, "slate_lifetime_s", h.slate_lifetime_s);
    return SOTTO_OK;
}

static int events_subscribe(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    (void)call;
    c->is_subscribed = 1;
    return SOTTO_OK;
}

static const struct rpc_method methods[] = {
    {"session.begin", session_begin, {{"?profile", RPC_TEXT}}},
    {"session.end", session_end, {{"session", RPC_NUMBER}}},
    {"consent.get", consent_get, {{"session", RPC_NUMBER}, {"purpose", RPC_TEXT}}},
    {"consent.set",
     consent_set,
     {{"session", RPC_NUMBER}, {"purpose", RPC_TEXT}, {"state", RPC_TEXT}, {"?channel", RPC_TEXT}}},
    {"consent.may_ask", people_may_ask, {{"session", RPC_NUMBER}, {"purpose", RPC_TEXT}}},
    {"standing", people_standing, {{"session", RPC_NUMBER}}},
    {"age", people_age, {{"session", RPC_NUMBER}, {"years", RPC_NUMBER}}},
    {"signal", people_signal, {{"session", RPC_NUMBER}, {"signal", RPC_TEXT}}},
    {"block",
     people_block,
     {{"session", RPC_NUMBER}, {"?item", RPC_TEXT}, {"?group", RPC_TEXT}, {"?provider", RPC_TEXT}}},
    {"unblock",
     people_unblock,
     {{"session", RPC_NUMBER}, {"?item", RPC_TEXT}, {"?group", RPC_TEXT}, {"?provider", RPC_TEXT}}},
    {"handoff",
     desk_handoff,
     {{"session", RPC_NUMBER}, {"?reason", RPC_NUMBER}, {"?decision", RPC_NUMBER}}},
    {"handoff.state", desk_state, {{"ticket", RPC_NUMBER}}},
    {"contest",
     desk_contest,
     {{"session", RPC_NUMBER}, {"decision", RPC_NUMBER}, {"?reason", RPC_NUMBER}}},
    {"event", event, {{"session", RPC_NUMBER}, {"item", RPC_TEXT}, {"type", RPC_TEXT}}},
    {"stock", stock, {{"item", RPC_TEXT}, {"in_stock", RPC_BOOL}}},
    {"slate",
     slate,
     {{"session", RPC_NUMBER},
      {"?count", RPC_NUMBER},
      {"?repeats", RPC_BOOL},
      {"?general", RPC_BOOL}}},
    {"disclosure", disclosure, {{"slate", RPC_NUMBER}}},
    {"disclosure.confirm",
     disclosure_confirm,
     {{"slate", RPC_NUMBER},
      {"hash", RPC_TEXT},
      {"channels", RPC_TEXTS},
      {"answer", RPC_TEXT},
      {"visible_ms", RPC_NUMBER}}},
    {"open", open_slate, {{"slate", RPC_NUMBER}}},
    {"explain",
     why_explain,
     {{"slate", RPC_NUMBER}, {"rank", RPC_NUMBER}, {"?reasons", RPC_NUMBER}}},
    {"slate.close", slate_close, {{"slate", RPC_NUMBER}}},
    {"describe", why_describe, {{0}}},
    {"health", health, {{0}}},
    {"events.subscribe", events_subscribe, {{0}}},
};
const struct rpc_role role_ui = {"ui", methods, ARRAY_LEN(methods)};
