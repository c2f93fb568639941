/* service: see service.h. */
#include "tools/sottod/service.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "tools/sottod/exporter.h"

uint64_t service_now_ms(const struct service *s) {
    uint64_t ms = 0;
    return s->port.clock_mono_ms(s->port.ctx, &ms) == 0 ? ms : 0;
}

/* ---- The banner -------------------------------------------------------------------------- */

/* The packet goes to whoever presents the slate; its receipt comes by disclosure.confirm. */
int service_banner_show(void *ctx, const struct sotto_banner *b,
                        struct sotto_banner_receipt *receipt) {
    struct service *s = ((struct sotto_linux *)ctx)->user;
    json_t *packet = json_object(), *actions = json_array();
    (void)receipt;
    rpc_put_hex(packet, "id", b->id, sizeof b->id);
    rpc_put_hex(packet, "hash", b->hash, sizeof b->hash);
    rpc_put_number(packet, "notice_version", b->notice_version);
    const struct {
        const char *name, *text;
    } texts[] = {{"locale", b->locale},    {"direction", b->direction}, {"title", b->title},
                 {"short", b->short_text}, {"plain", b->plain_text},    {"speech", b->speech_text},
                 {"icon", b->icon},        {"contact", b->contact}};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        rpc_put_text(packet, texts[i].name, texts[i].text);
    for (uint32_t i = 0; i < b->n_actions; i++) {
        json_t *action = json_object();
        rpc_put_text(action, "id", b->actions[i].id);
        rpc_put_text(action, "label", b->actions[i].label);
        (void)!json_array_append_new(actions, action);
    }
    (void)!json_object_set_new(packet, "actions", actions);
    rpc_put_number(packet, "min_display_ms", b->min_display_ms);
    rpc_put_bool(packet, "must_acknowledge", (int)b->must_ack);
    json_decref(s->banner);
    s->banner = packet;
    return packet ? 1 : -1;
}

/* ---- Clients ----------------------------------------------------------------------------- */

void client_join(struct service *s, struct client *c, const struct rpc_role *role) {
    c->service = s;
    c->role = role;
    c->log_fd = -1;
    c->next = s->clients;
    s->clients = c;
}

void client_leave(struct client *c) {
    struct client **at = &c->service->clients;
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++)
        if (c->sessions[i].handle &&
            sotto_session_end(c->service->engine, c->sessions[i].handle) != SOTTO_OK)
            fprintf(stderr, "<4>sottod: a session of a client that left: %s\n",
                    sotto_last_error(c->service->engine));
    while (*at && *at != c) at = &(*at)->next;
    if (*at) *at = c->next;
    if (c->log_fd >= 0) close(c->log_fd);
    c->log_fd = -1;
    client_drop_export(c);
    desk_leave(c);
}

/* By the engine's own rule, which ends it as well. */
static int is_idle(const struct service *s, const struct client_session *session, uint64_t now_ms) {
    return now_ms - session->active_ms >= (uint64_t)s->health.idle_s * 1000;
}

static int is_past(const struct service *s, const struct client_slate *slate) {
    return service_now_ms(s) - slate->made_ms > (uint64_t)s->health.slate_lifetime_s * 1000;
}

struct client_session *client_session(struct client *c, struct rpc_call *call) {
    uint64_t handle = rpc_number(call, "session", 0), now_ms = service_now_ms(c->service);
    for (int i = 0; handle && i < SOTTO_SESSIONS_MAX; i++)
        if (c->sessions[i].handle == handle && !is_idle(c->service, &c->sessions[i], now_ms)) {
            c->sessions[i].active_ms = now_ms;
            return &c->sessions[i];
        }
    fail(&call->err, SOTTO_E_STATE, "this client has no such session, or it has ended");
    return NULL;
}

struct client_slate *client_slate(struct client *c, struct rpc_call *call) {
    uint64_t handle = rpc_number(call, "slate", 0);
    for (int i = 0; handle && i < SOTTO_SLATES_MAX; i++) {
        if (c->slates[i].handle != handle) continue;
        for (int k = 0; k < SOTTO_SESSIONS_MAX; k++)
            if (c->sessions[k].handle == c->slates[i].session)
                c->sessions[k].active_ms = service_now_ms(c->service);
        return &c->slates[i];
    }
    fail(&call->err, SOTTO_E_STATE, "this client has no such slate, or it was closed");
    return NULL;
}

void client_forget(struct client *c, struct client_session *session) {
    for (int i = 0; i < SOTTO_SLATES_MAX; i++)
        if (c->slates[i].session == session->handle) memset(&c->slates[i], 0, sizeof c->slates[i]);
    memset(session, 0, sizeof *session);
}

struct client_session *service_profile(struct service *s, const char *profile,
                                       struct client **owner) {
    for (struct client *c = s->clients; c; c = c->next)
        for (int i = 0; i < SOTTO_SESSIONS_MAX; i++)
            if (c->sessions[i].handle && c->sessions[i].profile[0] &&
                strcmp(c->sessions[i].profile, profile) == 0) {
                *owner = c;
                return &c->sessions[i];
            }
    return NULL;
}

int service_make_room(struct service *s, const struct client *of) {
    struct client *owner = NULL;
    struct client_slate *oldest = NULL;
    for (struct client *c = s->clients; c; c = c->next)
        for (int i = 0; i < SOTTO_SLATES_MAX; i++) {
            struct client_slate *slate = &c->slates[i];
            if ((of && c != of) || !slate->handle || (!slate->is_over && !is_past(s, slate)))
                continue;
            if (oldest && oldest->made_ms <= slate->made_ms) continue;
            oldest = slate;
            owner = c;
        }
    if (!oldest) return 0;
    sotto_slate_close(s->engine, oldest->handle);
    client_announce(owner, "slate.expired",
                    json_pack("{s:I}", "slate", (json_int_t)oldest->handle));
    memset(oldest, 0, sizeof *oldest);
    return 1;
}

int service_status(const struct service *s, struct rpc_call *call, int status) {
    if (status < 0) fail(&call->err, status, "%s", sotto_last_error(s->engine));
    return status;
}

/* ---- What changed ------------------------------------------------------------------------ */

void client_announce(struct client *c, const char *method, json_t *params) {
    if (c->is_subscribed)
        c->tell(c, rpc_notification(method, params));
    else
        json_decref(params);
}

int service_announce(struct service *s, const struct rpc_role *role, const char *method,
                     json_t *params) {
    int n = 0;
    for (struct client *c = s->clients; c; c = c->next) {
        if (!c->is_subscribed || (role && c->role != role)) continue;
        client_announce(c, method, json_incref(params));
        n++;
    }
    json_decref(params);
    return n;
}

/* What has ended by time is ended here too, so that the client hears of it. */
static void tick_client(struct client *c, uint64_t now_ms) {
    const struct service *s = c->service;
    for (int i = 0; i < SOTTO_SLATES_MAX; i++) {
        struct client_slate *slate = &c->slates[i];
        if (!slate->handle || slate->is_over || !is_past(s, slate)) continue;
        slate->is_over = 1;
        client_announce(c, "slate.expired", json_pack("{s:I}", "slate", (json_int_t)slate->handle));
    }
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
        struct client_session *session = &c->sessions[i];
        if (!session->handle || !is_idle(s, session, now_ms)) continue;
        json_t *what =
            json_pack("{s:I, s:s}", "session", (json_int_t)session->handle, "why", "idle");
        if (sotto_session_end(s->engine, session->handle) != SOTTO_OK) {
            /* The engine had ended it already, or sotto_health tells what was lost. */
        }
        client_forget(c, session);
        client_announce(c, "session.ended", what);
    }
}

static void announce_changes(struct service *s, const struct sotto_health *now) {
    const struct sotto_health *was = &s->health;
    if (now->policy_version != was->policy_version || now->policy_status != was->policy_status)
        service_announce(s, NULL, "policy.changed",
                         json_pack("{s:I, s:b}", "policy_version", (json_int_t)now->policy_version,
                                   "is_strict", (int)now->strict));
    if (now->model_status != was->model_status)
        service_announce(s, NULL, "model.changed",
                         json_pack("{s:s}", "status", rpc_status_name(now->model_status)));
    if (now->storage != was->storage)
        service_announce(s, NULL, "storage.changed",
                         json_pack("{s:s}", "storage", storage_word(now->storage)));
}

void service_tick(struct service *s) {
    struct sotto_health now = {.size = sizeof now};
    uint64_t now_ms = service_now_ms(s);
    /* Before the engine ends what was idle, so that each session is ended once. */
    for (struct client *c = s->clients; c; c = c->next) tick_client(c, now_ms);
    int status = sotto_tick(s->engine);
    if (sotto_health(s->engine, &now) == SOTTO_OK) {
        if (status != SOTTO_OK && now.storage != s->health.storage)
            fprintf(stderr, "<3>sottod: %s\n", sotto_last_error(s->engine));
        announce_changes(s, &now);
        s->health = now;
    }
    desk_tick(s);
    if (s->exporter) exporter_run(s->exporter, s->engine);
}

/* ---- Words ------------------------------------------------------------------------------- */

const char *consent_word(enum sotto_consent state) {
    switch (state) {
    case SOTTO_CONSENT_UNKNOWN: return "unknown";
    case SOTTO_CONSENT_GRANTED: return "granted";
    case SOTTO_CONSENT_DENIED: return "denied";
    case SOTTO_CONSENT_WITHDRAWN: return "withdrawn";
    case SOTTO_CONSENT_EXPIRED: return "expired";
    case SOTTO_CONSENT_OBJECTED: return "objected";
    case SOTTO_CONSENT_PAUSED: return "paused";
    }
    return "unknown";
}

static const char *const purposes[] = {"store", "personalise", "measure", "paid", "sensitive"};

enum sotto_purpose service_purpose(struct rpc_call *call) {
    unsigned purpose = rpc_word(purposes, ARRAY_LEN(purposes), rpc_text(call, "purpose"));
    if (purpose == 0)
        fail(&call->err, SOTTO_E_ARGUMENT,
             "a purpose is store, personalise, measure, paid or sensitive");
    return (enum sotto_purpose)purpose;
}

const char *purpose_word(enum sotto_purpose purpose) {
    return purpose >= SOTTO_PURPOSE_STORE && purpose <= SOTTO_PURPOSE_LAST
               ? purposes[purpose - SOTTO_PURPOSE_STORE]
               : "unknown";
}

enum sotto_consent service_word(const char *word) {
    static const char *const words[] = {"granted", "denied",   "withdrawn",
                                        NULL,      "objected", "paused"};
    return (enum sotto_consent)rpc_word(words, ARRAY_LEN(words), word);
}

enum sotto_block_kind service_block(struct rpc_call *call, const char **name) {
    static const char *const kinds[] = {"item", "group", "provider"};
    unsigned kind = 0;
    for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
        const char *text = rpc_text(call, kinds[i]);
        if (!text) continue;
        *name = text;
        kind = kind ? ARRAY_LEN(kinds) + 1 : i + SOTTO_BLOCK_ITEM;
    }
    if (kind >= SOTTO_BLOCK_ITEM && kind <= SOTTO_BLOCK_PROVIDER)
        return (enum sotto_block_kind)kind;
    fail(&call->err, SOTTO_E_ARGUMENT,
         "name one thing: an \"item\", a \"group\" or a \"provider\"");
    return 0;
}

void service_put_bits(json_t *object, const char *name, uint32_t bits, const char *const *names,
                      unsigned n) {
    json_t *list = json_array();
    for (unsigned i = 0; i < n; i++)
        if (bits >> i & 1 && names[i]) (void)!json_array_append_new(list, json_string(names[i]));
    (void)!json_object_set_new(object, name, list);
}

const char *storage_word(enum sotto_storage_state state) {
    switch (state) {
    case SOTTO_STORAGE_NONE: return "none";
    case SOTTO_STORAGE_OK: return "ok";
    case SOTTO_STORAGE_FAILED: return "failed";
    case SOTTO_STORAGE_REFUSED: return "refused";
    case SOTTO_STORAGE_READ_ONLY: return "read-only";
    }
    return "unknown";
}
