/* daemon: see daemon.h. */
#include "tools/sotto/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base.h"

#define ANSWER_MAX (256u << 10)

int daemon_find(struct daemon *d, const char *socket_path) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = 20};
    d->fd = -1;
    if (strlen(socket_path) >= sizeof at.sun_path) return 0;
    memcpy(at.sun_path, socket_path, strlen(socket_path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return 0;
    if (connect(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
        close(fd);
        return 0;
    }
    d->fd = fd;
    return 1;
}

static int send_all(int fd, const char *bytes, size_t n) {
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return -1;
        bytes += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* One line, parsed; NULL when it does not come. */
static json_t *receive(int fd) {
    char *bytes = malloc(ANSWER_MAX);
    json_t *answer = NULL;
    size_t n = 0;
    while (bytes && n < ANSWER_MAX) {
        ssize_t got = recv(fd, bytes + n, ANSWER_MAX - n, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        n += (size_t)got;
        if (bytes[n - 1] != '\n') continue;
        answer = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, NULL);
        break;
    }
    free(bytes);
    return answer;
}

json_t *daemon_ask(struct daemon *d, const char *method, json_t *params, struct sotto_error *err) {
    json_t *request = json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", 1, "method", method,
                                "params", params ? params : json_object());
    char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_t *answer = NULL;
    if (line && send_all(d->fd, line, strlen(line)) == 0 && send_all(d->fd, "\n", 1) == 0)
        answer = receive(d->fd);
    json_t *result = json_incref(json_object_get(answer, "result"));
    const json_t *data = json_object_get(json_object_get(answer, "error"), "data");
    if (!answer)
        fail(err, SOTTO_E_IO,
             "sottod closed the connection: is this user among those its configuration names?");
    else if (!result)
        fail(err, (int)json_integer_value(json_object_get(data, "status")), "sottod: %s",
             json_string_value(json_object_get(data, "message")));
    free(line);
    json_decref(request);
    json_decref(answer);
    return result;
}

void daemon_leave(struct daemon *d) {
    if (d->fd >= 0) close(d->fd);
    d->fd = -1;
}
