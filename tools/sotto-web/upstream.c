/* upstream: see upstream.h. */
#include "tools/sotto-web/upstream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MS 10000

static long long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void upstream_close(struct upstream *u) {
    if (u->fd < 0) return;
    close(u->fd);
    u->fd = -1;
    u->n = 0;
    u->told(u->ctx, "{\"jsonrpc\":\"2.0\",\"method\":\"connection.lost\",\"params\":{}}");
}

static int send_all(int fd, const char *bytes, size_t n, long long until_ms) {
    while (n > 0) {
        struct pollfd can = {.fd = fd, .events = POLLOUT};
        long long rest = until_ms - now_ms();
        if (rest <= 0 || poll(&can, 1, (int)rest) <= 0) return -1;
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (sent <= 0) return -1;
        bytes += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* sottod's lines have no spaces that are not needed: what begins so has no id. */
static int is_notification(const char *line) {
    static const char head[] = "{\"jsonrpc\":\"2.0\",\"method\":";
    return strncmp(line, head, sizeof head - 1) == 0;
}

/* Takes all whole lines out of the buffer: notifications are told, also those behind the reply, for
 * which nothing else would wake us; the reply is returned. */
static char *take_lines(struct upstream *u) {
    char *reply = NULL, *newline;
    while ((newline = memchr(u->bytes, '\n', u->n)) != NULL) {
        size_t n = (size_t)(newline - u->bytes);
        char *line = strndup(u->bytes, n);
        memmove(u->bytes, newline + 1, u->n - n - 1);
        u->n -= n + 1;
        if (line && !reply && !is_notification(line)) {
            reply = line;
            continue;
        }
        if (line && is_notification(line)) u->told(u->ctx, line);
        free(line);
    }
    return reply;
}

/* One read; 0, or -1 when the conversation is over. */
static int read_some(struct upstream *u) {
    if (!u->bytes && (u->bytes = malloc(UPSTREAM_LINE_MAX)) == NULL) return -1;
    ssize_t n = recv(u->fd, u->bytes + u->n, UPSTREAM_LINE_MAX - u->n, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n <= 0) return -1;
    u->n += (size_t)n;
    return 0;
}

static char *ask(struct upstream *u, const char *line) {
    long long until = now_ms() + ANSWER_MS, rest;
    if (send_all(u->fd, line, strlen(line), until) != 0) return NULL;
    while ((rest = until - now_ms()) > 0) {
        struct pollfd can = {.fd = u->fd, .events = POLLIN};
        if (poll(&can, 1, (int)rest) < 0 && errno != EINTR) return NULL;
        if (read_some(u) != 0) return NULL;
        char *reply = take_lines(u);
        if (reply) return reply;
        if (u->n == UPSTREAM_LINE_MAX) return NULL;
    }
    return NULL;
}

int upstream_connect(struct upstream *u) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (u->fd >= 0) return 0;
    if (strlen(u->path) >= sizeof at.sun_path) return -1;
    memcpy(at.sun_path, u->path, strlen(u->path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (connect(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
        close(fd);
        return -1;
    }
    u->fd = fd;
    u->n = 0;
    char *reply = ask(u, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"events.subscribe\"}\n");
    if (!reply) upstream_close(u);
    free(reply);
    return u->fd >= 0 ? 0 : -1;
}

char *upstream_ask(struct upstream *u, const char *line) {
    if (upstream_connect(u) != 0) return NULL;
    char *reply = ask(u, line);
    if (!reply) upstream_close(u);
    return reply;
}

void upstream_listen(struct upstream *u) {
    if (u->fd < 0) return;
    if (read_some(u) != 0 || u->n == UPSTREAM_LINE_MAX) {
        upstream_close(u);
        return;
    }
    free(take_lines(u)); /* a reply that nobody waits for any more */
}
