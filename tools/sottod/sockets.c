/* sockets: see sockets.h. */
#include "tools/sottod/sockets.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base.h"
#include "tools/sottod/connection.h"

#define RULES_MAX   3
#define BATCH       256
#define BACKLOG     512
#define ACCEPTS_MAX 32 /* in one round, so that those who are in are served too */
#define SWEEP_MS    500

struct listener {
    int fd, is_bound;
    const struct socket_rule *rule;
    uint64_t connections;
};

struct sockets {
    struct service *service;
    const struct socket_limits *limits;
    int epoll;
    size_t n;
    struct listener listeners[RULES_MAX];
    struct connection *all;
    uint64_t bytes, swept_ms;
    int has_more;  /* a request lies ready behind one that was answered just now */
    int is_losing; /* the last commit failed, which was told */
};

/* ---- Who may speak ----------------------------------------------------------------------- */

int socket_rule_names(const char *text, int is_group, unsigned *ids, size_t *n,
                      struct sotto_error *err) {
    char copy[512], *rest = copy, *word;
    *n = 0;
    snprintf(copy, sizeof copy, "%s", text);
    while ((word = strsep(&rest, " \t,")) != NULL) {
        if (!*word) continue;
        char *end;
        errno = 0;
        unsigned long id = strtoul(word, &end, 10);
        int is_huge = errno != 0; /* a look-up that succeeds may set it as well */
        if (*end || word[0] == '-') {
            const struct passwd *user = is_group ? NULL : getpwnam(word);
            const struct group *group = is_group ? getgrnam(word) : NULL;
            if (!user && !group)
                return fail(err, SOTTO_E_ARGUMENT, "this system has no %s \"%.60s\"",
                            is_group ? "group" : "user", word);
            id = user ? user->pw_uid : group->gr_gid;
        }
        if (is_huge || id >= UINT_MAX || *n == SOCKET_USERS_MAX)
            return fail(err, SOTTO_E_ARGUMENT, "at most %d users and groups, by name or number",
                        SOCKET_USERS_MAX);
        ids[(*n)++] = (unsigned)id;
    }
    return SOTTO_OK;
}

static int holds(const unsigned *ids, size_t n, unsigned id) {
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id) return 1;
    return 0;
}

/* The kernel says who it is; nobody's word is needed. */
static int may_speak(int fd, const struct socket_rule *rule) {
    struct ucred peer;
    gid_t groups[64];
    socklen_t n = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0) return 0;
    if (peer.uid == 0 || peer.uid == geteuid() || holds(rule->users, rule->n_users, peer.uid) ||
        holds(rule->groups, rule->n_groups, peer.gid))
        return 1;
    n = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n) != 0) return 0;
    for (size_t i = 0; i < n / sizeof groups[0]; i++)
        if (holds(rule->groups, rule->n_groups, groups[i])) return 1;
    return 0;
}

/* ---- Listening --------------------------------------------------------------------------- */

/* A name left by a daemon that was killed is removed; one that answers is somebody's. */
static int make_way(const struct sockaddr_un *at) {
    struct stat st;
    if (lstat(at->sun_path, &st) != 0) return errno == ENOENT ? 0 : -1;
    errno = EEXIST;
    if (!S_ISSOCK(st.st_mode)) return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    int is_alive = connect(fd, (const struct sockaddr *)at, sizeof *at) == 0;
    close(fd);
    errno = EADDRINUSE;
    return is_alive ? -1 : unlink(at->sun_path);
}

static int listen_at(struct sockets *s, struct listener *l, struct sotto_error *err) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct epoll_event watch = {.events = EPOLLIN, .data.ptr = l};
    const char *path = l->rule->path;
    if (strlen(path) >= sizeof at.sun_path)
        return fail(err, SOTTO_E_ARGUMENT, "%.100s…: a socket's path has at most %zu bytes", path,
                    sizeof at.sun_path - 1);
    memcpy(at.sun_path, path, strlen(path) + 1);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0 || make_way(&at) != 0)
        return fail(err, errno == EADDRINUSE ? SOTTO_E_BUSY : SOTTO_E_IO, "%.150s: %s", path,
                    strerror(errno));
    mode_t before = umask(0177); /* nobody's until its group is set */
    int status = bind(l->fd, (const struct sockaddr *)&at, sizeof at);
    umask(before);
    l->is_bound = status == 0;
    if (status == 0 && l->rule->n_groups > 0)
        status = chown(path, (uid_t)-1, (gid_t)l->rule->groups[0]);
    if (status == 0) status = chmod(path, 0660);
    if (status == 0) status = listen(l->fd, BACKLOG);
    if (status == 0) status = epoll_ctl(s->epoll, EPOLL_CTL_ADD, l->fd, &watch);
    return status == 0 ? SOTTO_OK : fail(err, SOTTO_E_IO, "%.150s: %s", path, strerror(errno));
}

struct sockets *sockets_open(struct service *service, const struct socket_rule *rules, size_t n,
                             const struct socket_limits *limits, struct sotto_error *err) {
    struct sockets *s = calloc(1, sizeof *s);
    int status = SOTTO_OK;
    if (!s || n > RULES_MAX) {
        fail(err, SOTTO_E_MEMORY, "no memory for the sockets");
        free(s);
        return NULL;
    }
    s->service = service;
    s->limits = limits;
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < RULES_MAX; i++) s->listeners[i].fd = -1;
    if (s->epoll < 0) status = fail(err, SOTTO_E_IO, "epoll: %s", strerror(errno));
    for (size_t i = 0; i < n && status == SOTTO_OK; i++) {
        s->listeners[s->n].rule = &rules[i];
        status = listen_at(s, &s->listeners[s->n++], err);
    }
    if (status == SOTTO_OK) return s;
    sockets_close(s);
    return NULL;
}

/* ---- A round ----------------------------------------------------------------------------- */

static void welcome(struct sockets *s, struct listener *l, uint64_t now_ms) {
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) return;
        struct connection *c = NULL;
        if (l->connections < l->rule->connections && may_speak(fd, l->rule))
            c = connection_new(fd, now_ms, &s->bytes, s->limits->bytes);
        struct epoll_event watch = {.events = EPOLLIN, .data.ptr = c};
        if (!c || epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &watch) != 0) {
            free(c);
            close(fd);
            continue;
        }
        c->watched = EPOLLIN;
        c->rule = (size_t)(l - s->listeners);
        client_join(s->service, &c->client, l->rule->role);
        l->connections++;
        c->next = s->all;
        s->all = c;
    }
}

/* Reads only from those who take their answers; a full pause is a full pipe for the client. */
static void watch_again(struct sockets *s, struct connection *c) {
    size_t waiting = c->out.n - c->out.from;
    uint32_t wanted =
        (waiting ? EPOLLOUT : 0) |
        (waiting < CONNECTION_OUT_PAUSE && !c->later && !c->is_last_words && !connection_has_more(c)
             ? EPOLLIN
             : 0);
    struct epoll_event watch = {.events = wanted, .data.ptr = c};
    if (wanted == c->watched) return;
    if (epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->fd, &watch) != 0) c->is_dead = 1;
    c->watched = wanted;
}

static int is_overdue(const struct sockets *s, const struct connection *c, uint64_t now_ms) {
    const struct socket_limits *l = s->limits;
    int is_waiting = c->out.n > c->out.from;
    if (is_waiting && now_ms - c->taken_ms >= l->write_ms) return 1;
    if (!is_waiting && c->begun_ms && now_ms - c->begun_ms >= l->message_ms) return 1;
    return l->idle_ms && !c->client.is_subscribed && now_ms - c->heard_ms >= l->idle_ms;
}

/* All events of the round are stored by one commit for each session, then acknowledged. */
static void commit(struct sockets *s) {
    int is_stored;
    if (!s->service->needs_flush) return;
    s->service->needs_flush = 0;
    is_stored = sotto_flush(s->service->engine) == SOTTO_OK;
    /* Once, not for every event of a day. */
    if (!is_stored && !s->is_losing)
        fprintf(stderr, "<3>sottod: events wait in memory: %s\n",
                sotto_last_error(s->service->engine));
    s->is_losing = !is_stored;
    for (struct connection *c = s->all; c; c = c->next) connection_acknowledge(c, is_stored);
}

/* Frees who has left; 1 when somebody still has a request that could be answered at once. */
static int finish(struct sockets *s, uint64_t now_ms) {
    int is_sweep = now_ms - s->swept_ms >= SWEEP_MS, has_more = 0;
    struct connection **at = &s->all;
    if (is_sweep) s->swept_ms = now_ms;
    while (*at) {
        struct connection *c = *at;
        if (!c->is_dead && c->out.n > c->out.from) connection_write(c, now_ms);
        if (!c->is_dead && is_sweep && is_overdue(s, c, now_ms)) c->is_dead = 1;
        if (!c->is_dead) watch_again(s, c);
        if (c->is_dead) {
            *at = c->next;
            s->listeners[c->rule].connections--;
            connection_free(c);
            continue;
        }
        has_more |= connection_has_more(c);
        at = &c->next;
    }
    return has_more;
}

int sockets_run(struct sockets *s, int wait_ms) {
    struct epoll_event ready[BATCH];
    int n = epoll_wait(s->epoll, ready, BATCH, s->has_more ? 0 : wait_ms);
    if (n < 0) return errno == EINTR ? 0 : -1;
    uint64_t now_ms = service_now_ms(s->service);
    for (int i = 0; i < n; i++) {
        const struct listener *l = ready[i].data.ptr;
        if (l >= s->listeners && l < s->listeners + RULES_MAX) {
            welcome(s, ready[i].data.ptr, now_ms);
            continue;
        }
        struct connection *c = ready[i].data.ptr;
        if (ready[i].events & (EPOLLERR | EPOLLHUP) && !(ready[i].events & EPOLLIN)) c->is_dead = 1;
        if (ready[i].events & EPOLLOUT) connection_write(c, now_ms);
        if (ready[i].events & EPOLLIN) connection_read(c, now_ms);
        connection_answer(c, now_ms);
    }
    for (struct connection *c = s->has_more ? s->all : NULL; c; c = c->next)
        connection_answer(c, now_ms);
    commit(s);
    s->has_more = finish(s, now_ms);
    return 0;
}

void sockets_close(struct sockets *s) {
    if (!s) return;
    while (s->all) {
        struct connection *c = s->all;
        s->all = c->next;
        connection_free(c);
    }
    for (size_t i = 0; i < s->n; i++) {
        if (s->listeners[i].is_bound) unlink(s->listeners[i].rule->path);
        if (s->listeners[i].fd >= 0) close(s->listeners[i].fd);
    }
    if (s->epoll >= 0) close(s->epoll);
    free(s);
}
