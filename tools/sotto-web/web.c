/* web: see web.h. */
#include "tools/sotto-web/web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "tools/sotto-web/pages.h"
#include "tools/sotto-web/upstream.h"

#define STREAMS_MAX      8
#define STREAM_BYTES_MAX 16384

/* A page that listens. Its bytes wait here until the browser takes them. */
struct stream {
    struct MHD_Connection *connection; /* NULL: unused */
    struct web *web;
    char bytes[STREAM_BYTES_MAX];
    size_t n;
    int is_suspended, is_over;
};

struct web {
    const struct web_config *config;
    struct MHD_Daemon *daemon;
    struct upstream upstream;
    struct stream streams[STREAMS_MAX];
};

/* One POST while its body comes in. */
struct post {
    char bytes[GATE_BODY_MAX + 2];
    size_t n;
    int is_long;
};

/* ---- Answers ----------------------------------------------------------------------------- */

static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

static void head(struct MHD_Response *r, const char *name, const char *value) {
    (void)!MHD_add_response_header(r, name, value);
}

static const char *header(struct MHD_Connection *c, const char *name) {
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

/* Takes the response. An allowed origin is named, so that its page may read the answer. */
static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, struct MHD_Response *r) {
    const char *origin = header(c, MHD_HTTP_HEADER_ORIGIN);
    if (!r) return MHD_NO;
    head(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    head(r, "X-Content-Type-Options", "nosniff");
    head(r, "Referrer-Policy", "no-referrer");
    head(r, "Cross-Origin-Resource-Policy", "same-origin");
    head(r, "Content-Security-Policy", policy);
    head(r, MHD_HTTP_HEADER_VARY, "Origin");
    if (origin && status < 400) head(r, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    enum MHD_Result result = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *c, unsigned status, const char *type,
                                   const char *text) {
    struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                                             MHD_RESPMEM_MUST_COPY);
    if (r) head(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    return answer(c, status, r);
}

static enum MHD_Result refuse(struct MHD_Connection *c, unsigned status, const char *why) {
    return answer_text(c, status, "text/plain; charset=utf-8", why);
}

static enum MHD_Result answer_preflight(struct MHD_Connection *c) {
    struct MHD_Response *r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (r) {
        head(r, "Access-Control-Allow-Methods", "POST, GET");
        head(r, "Access-Control-Allow-Headers", "Authorization, Content-Type");
        head(r, "Access-Control-Allow-Private-Network", "true");
    }
    return answer(c, MHD_HTTP_NO_CONTENT, r);
}

static enum MHD_Result answer_page(const struct web *w, struct MHD_Connection *c,
                                   const char *path) {
    const char *type = NULL;
    uint64_t size = 0;
    int fd = w->config->folder < 0 ? -1 : pages_open(w->config->folder, path, &type, &size);
    if (fd < 0) return refuse(c, MHD_HTTP_NOT_FOUND, "there is no such file");
    struct MHD_Response *r = MHD_create_response_from_fd64(size, fd);
    if (!r)
        close(fd);
    else
        head(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    return answer(c, MHD_HTTP_OK, r);
}

/* ---- Events ------------------------------------------------------------------------------ */

static void stream_put(struct stream *s, const char *before, const char *text) {
    size_t a = strlen(before), n = strlen(text);
    if (!s->connection || s->is_over) return;
    if (s->n + a + n + 2 > sizeof s->bytes) {
        s->is_over = 1; /* it takes nothing: it may come again */
    } else {
        memcpy(s->bytes + s->n, before, a);
        memcpy(s->bytes + s->n + a, text, n);
        memcpy(s->bytes + s->n + a + n, "\n\n", 2);
        s->n += a + n + 2;
    }
    if (s->is_suspended) {
        s->is_suspended = 0;
        MHD_resume_connection(s->connection);
    }
}

static void told(void *ctx, const char *line) {
    struct web *w = ctx;
    for (int i = 0; i < STREAMS_MAX; i++) stream_put(&w->streams[i], "data: ", line);
}

static ssize_t stream_read(void *ctx, uint64_t at, char *to, size_t max) {
    struct stream *s = ctx;
    (void)at;
    if (s->is_over) return MHD_CONTENT_READER_END_OF_STREAM;
    if (s->n == 0) {
        s->is_suspended = 1;
        MHD_suspend_connection(s->connection);
        return 0;
    }
    size_t n = s->n < max ? s->n : max;
    memcpy(to, s->bytes, n);
    memmove(s->bytes, s->bytes + n, s->n - n);
    s->n -= n;
    return (ssize_t)n;
}

/* When the last page has gone, so has the person: what was begun for them ends. */
static void stream_free(void *ctx) {
    struct stream *s = ctx;
    struct web *w = s->web;
    memset(s, 0, sizeof *s);
    for (int i = 0; i < STREAMS_MAX; i++)
        if (w->streams[i].connection) return;
    upstream_close(&w->upstream);
}

static enum MHD_Result answer_events(struct web *w, struct MHD_Connection *c) {
    struct stream *s = NULL;
    for (int i = 0; i < STREAMS_MAX && !s; i++)
        if (!w->streams[i].connection) s = &w->streams[i];
    if (!s) return refuse(c, MHD_HTTP_SERVICE_UNAVAILABLE, "too many pages listen already");
    if (upstream_connect(&w->upstream) != 0)
        return refuse(c, MHD_HTTP_SERVICE_UNAVAILABLE, "sottod does not answer");
    memset(s, 0, sizeof *s);
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, stream_read, s, stream_free);
    if (!r) return MHD_NO;
    s->connection = c;
    s->web = w;
    stream_put(s, ":", "");
    head(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    (void)!MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
    return answer(c, MHD_HTTP_OK, r);
}

/* ---- Requests ---------------------------------------------------------------------------- */

/* The body on one line, for that is how sottod separates requests. NULL when it is not an object
 * with an id: without one there would be no reply to wait for; and when numbers written out make it
 * longer than sottod takes: that would end the conversation for every page. */
static char *one_line(const struct post *p) {
    json_t *request = json_loadb(p->bytes, p->n, JSON_REJECT_DUPLICATES, NULL);
    char *line = NULL;
    if (json_is_object(request) && json_object_get(request, "id")) {
        char *text = json_dumps(request, JSON_COMPACT);
        size_t n = text ? strlen(text) : 0;
        line = text && n <= GATE_BODY_MAX ? malloc(n + 2) : NULL;
        if (line) {
            memcpy(line, text, n);
            memcpy(line + n, "\n", 2);
        }
        free(text);
    }
    json_decref(request);
    return line;
}

static enum MHD_Result answer_rpc(struct web *w, struct MHD_Connection *c, const struct post *p) {
    if (p->is_long)
        return refuse(c, MHD_HTTP_CONTENT_TOO_LARGE, "a request has at most 65536 bytes");
    char *line = one_line(p);
    if (!line)
        return refuse(c, MHD_HTTP_BAD_REQUEST, "the body must be one JSON-RPC request with an id");
    char *reply = upstream_ask(&w->upstream, line);
    enum MHD_Result result =
        reply ? answer_text(c, MHD_HTTP_OK, "application/json", reply)
              : refuse(c, MHD_HTTP_SERVICE_UNAVAILABLE, "sottod does not answer");
    free(line);
    free(reply);
    return result;
}

static enum MHD_Result begin(struct web *w, struct MHD_Connection *c, const char *path,
                             const char *method, void **post) {
    const char *why = NULL;
    unsigned status = 0;
    const struct gate_request r = {.method = method,
                                   .path = path,
                                   .host = header(c, MHD_HTTP_HEADER_HOST),
                                   .origin = header(c, MHD_HTTP_HEADER_ORIGIN),
                                   .content_type = header(c, MHD_HTTP_HEADER_CONTENT_TYPE),
                                   .content_length = header(c, MHD_HTTP_HEADER_CONTENT_LENGTH),
                                   .transfer_encoding =
                                       header(c, MHD_HTTP_HEADER_TRANSFER_ENCODING),
                                   .authorization = header(c, MHD_HTTP_HEADER_AUTHORIZATION),
                                   .fetch_site = header(c, "Sec-Fetch-Site")};
    switch (gate_judge(&w->config->gate, &r, &status, &why)) {
    case GATE_REFUSED: return refuse(c, status, why);
    case GATE_PREFLIGHT: return answer_preflight(c);
    case GATE_EVENTS: return answer_events(w, c);
    case GATE_PAGE: return answer_page(w, c, path);
    case GATE_RPC: break;
    }
    *post = calloc(1, sizeof(struct post));
    return *post ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *path,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *n, void **state) {
    struct post *p = *state;
    (void)version;
    if (!p) return begin(ctx, c, path, method, state);
    if (*n == 0) return answer_rpc(ctx, c, p);
    if (p->n + *n > GATE_BODY_MAX) {
        p->is_long = 1;
    } else {
        memcpy(p->bytes + p->n, bytes, *n);
        p->n += *n;
    }
    *n = 0;
    return MHD_YES;
}

static void on_end(void *ctx, struct MHD_Connection *c, void **state,
                   enum MHD_RequestTerminationCode why) {
    (void)ctx;
    (void)c;
    (void)why;
    free(*state);
    *state = NULL;
}

/* Paths are compared as they were sent: no escapes, so no second spelling of a name. */
static size_t keep_escapes(void *ctx, struct MHD_Connection *c, char *path) {
    (void)ctx;
    (void)c;
    return strlen(path);
}

/* ---- The server -------------------------------------------------------------------------- */

struct web *web_open(const struct web_config *config, struct sotto_error *err) {
    const struct sockaddr_in four = {.sin_family = AF_INET,
                                     .sin_port = htons(config->gate.port),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in6 six = {.sin6_family = AF_INET6,
                                     .sin6_port = htons(config->gate.port),
                                     .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct web *w = calloc(1, sizeof *w);
    if (!w) {
        fail(err, SOTTO_E_MEMORY, "no memory for the server");
        return NULL;
    }
    w->config = config;
    w->upstream = (struct upstream){.path = config->socket, .fd = -1, .told = told, .ctx = w};
    errno = 0;
    w->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (config->is_ipv6 ? MHD_USE_IPv6 : 0),
        config->gate.port, NULL, NULL, on_request, w, MHD_OPTION_SOCK_ADDR,
        config->is_ipv6 ? (const struct sockaddr *)&six : (const struct sockaddr *)&four,
        MHD_OPTION_CONNECTION_LIMIT, config->connections, MHD_OPTION_CONNECTION_TIMEOUT,
        config->timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_END);
    if (w->daemon) return w;
    fail(err, errno == EADDRINUSE ? SOTTO_E_BUSY : SOTTO_E_IO, "port %u cannot be listened at: %s",
         (unsigned)config->gate.port, errno ? strerror(errno) : "unknown");
    free(w);
    return NULL;
}

int web_run(struct web *w, int wait_ms) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    MHD_UNSIGNED_LONG_LONG due_ms = 0;
    if (!info) return -1;
    if (MHD_get_timeout(w->daemon, &due_ms) == MHD_YES && due_ms < (unsigned)wait_ms)
        wait_ms = (int)due_ms;
    struct pollfd can[2] = {{.fd = info->epoll_fd, .events = POLLIN},
                            {.fd = w->upstream.fd, .events = POLLIN}};
    if (poll(can, 2, wait_ms) < 0 && errno != EINTR) return -1;
    if (can[1].fd >= 0 && can[1].revents) upstream_listen(&w->upstream);
    return MHD_run(w->daemon) == MHD_YES ? 0 : -1;
}

/* A connection that waits is not looked at by the server: whether its page has gone is asked here.
 */
static int has_left(const struct stream *s) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(s->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct pollfd can = {.fd = info ? info->connect_fd : -1, .events = POLLRDHUP};
    return poll(&can, 1, 0) > 0 && (can.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void stream_end(struct stream *s) {
    s->is_over = 1;
    if (!s->is_suspended) return;
    s->is_suspended = 0;
    MHD_resume_connection(s->connection);
}

void web_tick(struct web *w) {
    int listens = 0;
    for (int i = 0; i < STREAMS_MAX; i++) {
        struct stream *s = &w->streams[i];
        if (!s->connection) continue;
        listens = 1;
        if (s->is_suspended && has_left(s)) stream_end(s);
    }
    /* A daemon that was restarted is found again. */
    if (listens && w->upstream.fd < 0 && upstream_connect(&w->upstream) == 0)
        told(w, "{\"jsonrpc\":\"2.0\",\"method\":\"connection.back\",\"params\":{}}");
}

void web_close(struct web *w) {
    if (!w) return;
    for (int i = 0; i < STREAMS_MAX; i++) stream_end(&w->streams[i]);
    MHD_run(w->daemon);
    MHD_stop_daemon(w->daemon);
    upstream_close(&w->upstream);
    free(w->upstream.bytes);
    free(w);
}
