/* sockets: the three Unix sockets, who may speak on each, and a conversation with every client.
 * Owns the connections, their buffers and their time limits; hands whole lines to rpc.c. One
 * thread: what is ready is read, answered, made durable together, and only then acknowledged. */
#ifndef SOTTO_SOCKETS_H
#define SOTTO_SOCKETS_H

#include "tools/sottod/service.h"

#define SOCKET_USERS_MAX 16

/* One socket. Beside those listed, the daemon's own user and root may connect. */
struct socket_rule {
    const struct rpc_role *role;
    const char *path;
    unsigned users[SOCKET_USERS_MAX], groups[SOCKET_USERS_MAX];
    size_t n_users, n_groups;
    uint64_t connections; /* at most, beyond that a connection is closed at once */
};

struct socket_limits {
    uint64_t idle_ms;    /* without a request, unless subscribed; 0: no limit */
    uint64_t message_ms; /* from a request's first byte to its last */
    uint64_t write_ms;   /* without a byte of an answer taken */
    uint64_t bytes;      /* of all buffers together */
};

struct sockets;

/* Binds and listens. Mode 0660, of the first of the rule's groups. The rules, the limits and the
 * service must outlive it. NULL with *err. */
struct sockets *sockets_open(struct service *service, const struct socket_rule *rules,
                             size_t n_rules, const struct socket_limits *limits,
                             struct sotto_error *err);
/* Waits at most so long for something to do, and does it. 0, or -1 with errno when epoll fails. */
int sockets_run(struct sockets *s, int wait_ms);
/* Closes every connection and removes the sockets' names. NULL is allowed. */
void sockets_close(struct sockets *s);

/* Reads names or numbers separated by spaces; `is_group` 1: of groups. */
int socket_rule_names(const char *text, int is_group, unsigned *ids, size_t *n,
                      struct sotto_error *err) SOTTO_MUST_CHECK;

#endif
