/* connection: one client's bytes. Owns what was read and not yet answered, and what was answered
 * and not yet taken. Called by sockets.c. */
#ifndef SOTTO_CONNECTION_H
#define SOTTO_CONNECTION_H

#include "tools/sottod/service.h"

/* An answer waits for a slow reader up to this; notifications fill it, and past it the connection
 * ends. Answers stop at the pause: then no more requests are read before the reader took some. */
#define CONNECTION_OUT_MAX   (256u << 10)
#define CONNECTION_OUT_PAUSE (64u << 10)

struct buffer {
    char *bytes;
    size_t from, n, cap; /* bytes[from] … bytes[n - 1] */
};

struct connection {
    struct client client;           /* first: a client is cast back to its connection */
    int fd, is_dead, is_last_words; /* the last: what is queued is written, then it ends */
    uint32_t watched;               /* epoll events asked for */
    size_t rule;
    struct buffer in, out;
    json_t *later;              /* the id of a request that is answered after the commit */
    uint64_t heard_ms;          /* of the last whole request */
    uint64_t begun_ms;          /* of the first byte of an unfinished one; 0: none */
    uint64_t taken_ms;          /* when the reader last took something, or had nothing to take */
    uint64_t *bytes, bytes_max; /* of all connections' buffers */
    struct connection *next;
};

struct connection *connection_new(int fd, uint64_t now_ms, uint64_t *bytes, uint64_t bytes_max);
/* Reads once. What cannot be taken ends the connection. */
void connection_read(struct connection *c, uint64_t now_ms);
/* Answers whole requests, at most 16, until there is none, one must wait for the commit, or too
 * much waits to be taken. */
void connection_answer(struct connection *c, uint64_t now_ms);
/* After the commit: answers the request that waited. */
void connection_acknowledge(struct connection *c, int is_stored);
void connection_write(struct connection *c, uint64_t now_ms);
/* Whether a whole request lies there that could be answered now. */
int connection_has_more(const struct connection *c);
void connection_free(struct connection *c);

#endif
