/* service: the engine that the daemon lends out, and what each client holds of it. Owns the
 * handles: a client uses only sessions and slates it began, and they end with it. Knows no socket:
 * a client is told something by its `tell` function. */
#ifndef SOTTO_SERVICE_H
#define SOTTO_SERVICE_H

#include "platform/linux/sotto_linux.h"
#include "sotto_people.h"
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
    int is_over;        /* opened, or expired and the client was told: gives way to a new one */
};

struct client {
    struct service *service;
    struct client *next;
    const struct rpc_role *role;
    struct client_session sessions[SOTTO_SESSIONS_MAX];
    struct client_slate slates[SOTTO_SLATES_MAX];
    int is_subscribed;
    int log_fd; /* an audit log being read in pieces; -1: none */
    /* An export being read in pieces, in memory alone; NULL: none. */
    uint8_t *export;
    size_t export_n;
    /* Takes the line, which may be NULL. */
    void (*tell)(struct client *client, char *line);
};

/* A ticket that was made on one of the sockets, for staff to find. */
struct desk_ticket {
    uint64_t number;               /* 0: unused */
    struct client *owner;          /* who asked; NULL: has left */
    sotto_session session;         /* 0: from before the daemon started */
    enum sotto_ticket_state state; /* that the owner knows */
};

struct service {
    struct sotto *engine;
    struct sotto_port port;
    struct sotto_linux linux_port;
    struct sotto_health health; /* as of the last tick */
    struct client *clients;
    json_t *banner; /* what the hook was last given, for the call that presents it */
    struct desk_ticket desk[SOTTO_TICKETS_MAX]; /* the oldest first */
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
/* The session that has this profile open, whose ever it is; *owner is its client. An anonymous one
 * has no name that it could be found by. */
struct client_session *service_profile(struct service *s, const char *profile,
                                       struct client **owner);

/* Closes the oldest slate of a client (NULL: whose ever) that was opened or is past its time, so
 * that a new one has a place; its client hears of it. 0 when there is none. */
int service_make_room(struct service *s, const struct client *of);

/* Copies the engine's last message into the call; returns status. */
int service_status(const struct service *s, struct rpc_call *call, int status);
/* Tells every subscribed client, or with a role those of that alone. Takes params. Returns how many
 * there are. */
int service_announce(struct service *s, const struct rpc_role *role, const char *method,
                     json_t *params);
void client_announce(struct client *c, const char *method, json_t *params);

/* Once a second: the engine's housekeeping, what changed by time, reports that may leave. */
void service_tick(struct service *s);

/* "granted" and the like; never NULL. */
const char *consent_word(enum sotto_consent state);
/* Reads "purpose" of the call; 0 with call->err filled. */
enum sotto_purpose service_purpose(struct rpc_call *call);
const char *purpose_word(enum sotto_purpose purpose);
const char *storage_word(enum sotto_storage_state state);
/* The one thing that "item", "group" or "provider" of the call names; 0 with call->err filled. */
enum sotto_block_kind service_block(struct rpc_call *call, const char **name);
/* Puts the names of the set bits; names[i] is of bit i, NULL ones are left out. */
void service_put_bits(json_t *object, const char *name, uint32_t bits, const char *const *names,
                      unsigned n);
/* Takes words of a table for consent: the numbers of enum sotto_consent, 0 for what is none. */
enum sotto_consent service_word(const char *word);

/* ---- Methods of other rooms ---------------------------------------------------------------- */

/* Fills the figures of sotto_budget; for the operator and for whoever the data is about. */
int method_budget(void *caller, struct rpc_call *call);

/* Lets go of an export that is being read. */
void client_drop_export(struct client *c);

/* desk.c: hand-offs and contested decisions, of a front end and of staff. */
int service_handoff(void *ctx, const struct sotto_handoff *request);
/* At the start: what is open and kept with a profile is on the list again. */
void desk_open(struct service *s);
void desk_leave(struct client *c);
/* Tells those who asked what has become of it. */
void desk_tick(struct service *s);
rpc_method_fn desk_handoff, desk_contest, desk_state, desk_list, desk_accept, desk_resolve,
    desk_override;

/* rpc_why.c */
rpc_method_fn why_explain, why_describe;
/* Puts what a screen must say of an item, wherever it shows it. */
void why_put_flags(json_t *object, uint32_t flags, const char *payer);

/* rpc_people.c */
rpc_method_fn people_block, people_unblock, people_standing, people_age, people_signal,
    people_may_ask;

/* rpc_rights.c */
rpc_method_fn rights_view, rights_export, rights_block, rights_unblock, rights_forget,
    rights_interest, rights_pause, rights_resume, rights_reset, rights_object, rights_receipts;
/* Puts the figures of an erasure. */
void rights_put_erased(struct rpc_call *call, const struct sotto_erase_receipt *receipt);

/* The session in which a profile is open already, or one for this call alone. */
struct seat {
    sotto_session handle;
    struct client *owner; /* NULL: of this call alone */
    struct client_session *session;
};
/* For the profile that the call names. */
int seat_take(struct client *c, struct rpc_call *call, struct seat *seat) SOTTO_MUST_CHECK;
void seat_leave(const struct client *c, const struct seat *seat);

#endif
