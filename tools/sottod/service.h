/* service: the engine that the daemon lends out, and what each client holds of it. Owns the
 * handles: a client uses only sessions and slates it began, and they end with it. Knows no socket:
 * a client is told something by its `tell` function. */
#ifndef SOTTO_SERVICE_H
#define SOTTO_SERVICE_H

#include "platform/linux/sotto_linux.h"
#include "sotto.h"
#include "tools/sottod/rpc.h"

struct client_session {
    sotto_session handle; /* 0: unused */
    char profile[SOTTO_PROFILE_NAME_MAX + 1];
    uint64_t active_ms; /* of the last call for it */
    sotto_slate asked;  /* the slate whose banner was handed out last */
};

struct client_slate {
    sotto_slate handle; /* 0: unused */
    sotto_session session;
    uint64_t made_ms;
    uint64_t handed_ms; /* when its banner's packet was handed out; 0: never */
    int is_expired;     /* and the client was told */
};

struct client {
    struct service *service;
    struct client *next;
    const struct rpc_role *role;
    struct client_session sessions[SOTTO_SESSIONS_MAX];
    struct client_slate slates[SOTTO_SLATES_MAX];
    int is_subscribed;
    int log_fd; /* an audit log being read in pieces; -1: none */
    /* Takes the line, which may be NULL. */
    void (*tell)(struct client *client, char *line);
};

struct service {
    struct sotto *engine;
    struct sotto_port port;
    struct sotto_linux linux_port;
    struct sotto_health health; /* as of the last tick */
    struct client *clients;
    json_t *banner; /* what the hook was last given, for the call that presents it */
    struct exporter *exporter;
    int needs_flush; /* an event waits to be stored before it is acknowledged */
};

extern const struct rpc_role role_ui, role_operator, role_subject;

/* Milliseconds of the clock that banners are judged by. */
uint64_t service_now_ms(const struct service *s);
/* The banner hook: port.ctx's `user` is the service. */
int service_banner_show(void *ctx, const struct sotto_banner *banner,
                        struct sotto_banner_receipt *receipt);

void client_join(struct service *s, struct client *c, const struct rpc_role *role);
/* Ends its sessions. */
void client_leave(struct client *c);

/* Its session or slate; NULL with call->err filled when it has none such. */
struct client_session *client_session(struct client *c, struct rpc_call *call) SOTTO_MUST_CHECK;
struct client_slate *client_slate(struct client *c, struct rpc_call *call) SOTTO_MUST_CHECK;
/* Forgets a session that has ended, with its slates. */
void client_forget(struct client *c, struct client_session *session);
/* The session that has this profile open, whose ever it is; *owner is its client. */
struct client_session *service_profile(struct service *s, const char *profile,
                                       struct client **owner);

/* Copies the engine's last message into the call; returns status. */
int service_status(const struct service *s, struct rpc_call *call, int status);
/* Tells every subscribed client of ui. Takes params. */
void service_announce(struct service *s, const char *method, json_t *params);
void client_announce(struct client *c, const char *method, json_t *params);

/* Once a second: the engine's housekeeping, what changed by time, reports that may leave. */
void service_tick(struct service *s);

/* "granted" and the like; never NULL. */
const char *consent_word(enum sotto_consent state);
/* Reads "purpose" of the call; 0 with call->err filled. */
enum sotto_purpose service_purpose(struct rpc_call *call);
const char *purpose_word(enum sotto_purpose purpose);
const char *storage_word(enum sotto_storage_state state);
/* Fills the figures of sotto_budget; for the operator and for whoever the data is about. */
int method_budget(void *caller, struct rpc_call *call);

#endif
