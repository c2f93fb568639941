/* connection: see connection.h. */
#include "tools/sottod/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"

#define READ_BYTES 16384
/* In one round: whoever sends more at once waits for the next like everybody else. */
#define ANSWERS_MAX 16

/* ---- Buffers ----------------------------------------------------------------------------- */

static void buffer_empty(struct connection *c, struct buffer *b) {
    *c->bytes -= b->cap;
    free(b->bytes);
    memset(b, 0, sizeof *b);
}

/* Room for n more. Memory is given back as soon as a buffer is empty: most connections hold none.
 */
static int buffer_room(struct connection *c, struct buffer *b, size_t n) {
    if (b->from > 0) {
        memmove(b->bytes, b->bytes + b->from, b->n - b->from);
        b->n -= b->from;
        b->from = 0;
    }
    if (b->n + n <= b->cap) return 0;
    size_t cap = b->cap ? b->cap : 1024;
    while (cap < b->n + n) cap *= 2;
    if (*c->bytes + (cap - b->cap) > c->bytes_max) return -1;
    char *bytes = realloc(b->bytes, cap);
    if (!bytes) return -1;
    *c->bytes += cap - b->cap;
    b->bytes = bytes;
    b->cap = cap;
    return 0;
}

static int buffer_put(struct connection *c, struct buffer *b, const void *bytes, size_t n) {
    if (buffer_room(c, b, n) != 0) return -1;
    memcpy(b->bytes + b->n, bytes, n);
    b->n += n;
    return 0;
}

static size_t held(const struct buffer *b) { return b->n - b->from; }

/* ---- Out --------------------------------------------------------------------------------- */

/* Takes `line`. Whoever does not take what it asked for is let go. */
static void queue(struct connection *c, char *line) {
    size_t n = line ? strlen(line) : 0;
    if (!line || held(&c->out) + n > CONNECTION_OUT_MAX || buffer_put(c, &c->out, line, n) != 0)
        c->is_dead = 1;
    free(line);
}

static void tell(struct client *client, char *line) {
    struct connection *c = (struct connection *)client;
    if (c->is_dead)
        free(line);
    else
        queue(c, line);
}

void connection_write(struct connection *c, uint64_t now_ms) {
    while (!c->is_dead && held(&c->out) > 0) {
        ssize_t n =
            send(c->fd, c->out.bytes + c->out.from, held(&c->out), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (n <= 0) {
            c->is_dead = 1;
            return;
        }
        c->out.from += (size_t)n;
        c->taken_ms = now_ms;
    }
    if (held(&c->out) > 0) return;
    c->taken_ms = now_ms;
    if (c->out.cap) buffer_empty(c, &c->out);
    if (c->is_last_words) c->is_dead = 1;
}

/* ---- In ---------------------------------------------------------------------------------- */

static void last_words(struct connection *c, const char *sentence) {
    struct sotto_error err;
    fail(&err, SOTTO_E_LIMIT, "%s", sentence);
    queue(c, rpc_failure(NULL, RPC_INVALID_REQUEST, &err));
    c->is_last_words = 1;
    buffer_empty(c, &c->in);
}

void connection_read(struct connection *c, uint64_t now_ms) {
    char bytes[READ_BYTES];
    if (c->is_dead || c->is_last_words) return;
    ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (n <= 0) {
        c->is_dead = 1;
        return;
    }
    if (c->begun_ms == 0) c->begun_ms = now_ms;
    if (buffer_put(c, &c->in, bytes, (size_t)n) != 0)
        last_words(c, "too many requests are under way; try again later");
}

int connection_has_more(const struct connection *c) {
    return !c->is_dead && !c->is_last_words && !c->later && held(&c->out) < CONNECTION_OUT_PAUSE &&
           held(&c->in) > 0 && memchr(c->in.bytes + c->in.from, '\n', held(&c->in)) != NULL;
}

void connection_answer(struct connection *c, uint64_t now_ms) {
    for (int i = 0; i < ANSWERS_MAX && connection_has_more(c); i++) {
        const char *line = c->in.bytes + c->in.from;
        size_t n = (size_t)((const char *)memchr(line, '\n', held(&c->in)) - line);
        if (n > RPC_LINE_MAX) {
            last_words(c, "a request has at most 65536 bytes");
            return;
        }
        char *reply = n ? rpc_handle(c->client.role, &c->client, line, n, &c->later) : NULL;
        if (reply) queue(c, reply);
        c->in.from += n + 1;
        c->heard_ms = now_ms;
        c->begun_ms = held(&c->in) ? now_ms : 0;
    }
    if (c->is_dead || c->is_last_words) return;
    if (c->in.cap && held(&c->in) == 0) buffer_empty(c, &c->in);
    if (held(&c->in) > RPC_LINE_MAX && !memchr(c->in.bytes + c->in.from, '\n', held(&c->in)))
        last_words(c, "a request has at most 65536 bytes");
}

void connection_acknowledge(struct connection *c, int is_stored) {
    json_t *id = c->later;
    if (!id) return;
    c->later = NULL;
    json_t *result = json_object();
    rpc_put_bool(result, "stored", is_stored);
    queue(c, rpc_reply(id, result));
    json_decref(id);
}

/* ---- Beginning and end ------------------------------------------------------------------- */

struct connection *connection_new(int fd, uint64_t now_ms, uint64_t *bytes, uint64_t bytes_max) {
    struct connection *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->fd = fd;
    c->heard_ms = c->taken_ms = now_ms;
    c->bytes = bytes;
    c->bytes_max = bytes_max;
    c->client.tell = tell;
    return c;
}

void connection_free(struct connection *c) {
    client_leave(&c->client);
    buffer_empty(c, &c->in);
    buffer_empty(c, &c->out);
    json_decref(c->later);
    close(c->fd);
    free(c);
}
