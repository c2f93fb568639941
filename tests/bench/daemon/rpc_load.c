/* rpc_load: many front ends at once on one sottod, all of them in a hurry.
 *
 *     rpc_load SOCKET CLIENTS SECONDS ITEMS COUNTS
 *
 * Each client goes on begin – consent – events – slate – open – end without a pause. There are four
 * sessions for all of them, so most are told to come again. Prints how many requests were answered,
 * how long a slate call took, and writes how many events of each profile were acknowledged as
 * stored ("PROFILE ITEM COUNT" lines) into COUNTS, for whoever looks after them later. ITEMS: a
 * file of item ids, one for each profile. Ends 1 when an answer was wrong. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX  4000
#define PROFILES     48
#define EVENTS_MAX   900 /* of a profile: the engine keeps the last 1,024 */
#define EVENTS_VISIT 8
#define TIMES_MAX    (1u << 20)

enum step { BEGIN, STORE, PERSONALISE, EVENT, SLATE, OPEN, CLOSE, END };

struct client {
    int fd;
    enum step step;
    unsigned profile, events;
    uint64_t session, slate;
    uint64_t asked_us, again_us; /* again: when to try once more; 0: an answer is awaited */
    char bytes[32768];
    size_t n;
};

static struct {
    char item[64];
    unsigned acknowledged, is_known, is_busy;
} profiles[PROFILES];
static unsigned n_profiles, next_profile;
static struct client *clients;
static uint32_t *times_us;
static uint64_t n_times, answers, events, visits, refusals, again;
static uint64_t dice = 2026;

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}
static uint32_t roll(uint32_t below) {
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((dice >> 33) % below);
}
static void die(const char *what, const char *why) {
    fprintf(stderr, "rpc_load: %s: %s\n", what, why);
    exit(1);
}

/* ---- What a client says ------------------------------------------------------------------ */

/* A profile that nobody has open and that has room; n_profiles when there is none. */
static unsigned profile_take(void) {
    for (unsigned i = 0; i < n_profiles; i++) {
        unsigned p = next_profile = (next_profile + 1) % n_profiles;
        if (profiles[p].is_busy || profiles[p].acknowledged + EVENTS_VISIT > EVENTS_MAX) continue;
        return p;
    }
    return n_profiles;
}

static void ask(struct client *c) {
    char line[320];
    const char *method = "session.begin";
    char params[224] = "";
    const char *item = profiles[c->profile < n_profiles ? c->profile : 0].item;
    switch (c->step) {
    case BEGIN:
        c->profile = profile_take();
        if (c->profile < n_profiles)
            snprintf(params, sizeof params, "\"profile\":\"p%02u\"", c->profile);
        break;
    case STORE:
    case PERSONALISE:
        method = "consent.set";
        snprintf(params, sizeof params,
                 "\"session\":%" PRIu64 ",\"purpose\":\"%s\",\"state\":\"granted\"", c->session,
                 c->step == STORE ? "store" : "personalise");
        break;
    case EVENT:
        method = "event";
        snprintf(params, sizeof params,
                 "\"session\":%" PRIu64 ",\"item\":\"%.63s\",\"type\":\"view\"", c->session, item);
        break;
    case SLATE:
        method = "slate";
        snprintf(params, sizeof params, "\"session\":%" PRIu64, c->session);
        break;
    case OPEN:
    case CLOSE:
        method = c->step == OPEN ? "open" : "slate.close";
        snprintf(params, sizeof params, "\"slate\":%" PRIu64, c->slate);
        break;
    case END:
        method = "session.end";
        snprintf(params, sizeof params, "\"session\":%" PRIu64, c->session);
        break;
    }
    int n = snprintf(line, sizeof line,
                     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{%s}}\n", method,
                     params);
    c->asked_us = now_us();
    c->again_us = 0;
    if (send(c->fd, line, (size_t)n, MSG_NOSIGNAL) != n) die("send", strerror(errno));
}

static uint64_t number_in(const char *line, const char *name) {
    const char *at = strstr(line, name);
    if (!at) die("an answer lacks a number", line);
    return strtoull(at + strlen(name), NULL, 10);
}

/* What follows an answer. */
static void go_on(struct client *c, const char *line) {
    int is_named = c->profile < n_profiles;
    answers++;
    if (strstr(line, "\"error\"")) {
        /* All sessions are taken, or this profile is in one: what 996 of a thousand hear. */
        if (c->step != BEGIN || (!strstr(line, "-32018") && !strstr(line, "-32002")))
            die("an answer is wrong", line);
        refusals++;
        c->again_us = now_us() + 500000 + roll(1000000); /* as a screen would */
        return;
    }
    switch (c->step) {
    case BEGIN:
        c->session = number_in(line, "\"session\":");
        c->events = 0;
        if (is_named) profiles[c->profile].is_busy = 1;
        c->step = !is_named ? SLATE : profiles[c->profile].is_known ? EVENT : STORE;
        break;
    case STORE: c->step = PERSONALISE; break;
    case PERSONALISE:
        profiles[c->profile].is_known = 1;
        c->step = EVENT;
        break;
    case EVENT:
        if (!strstr(line, "\"stored\":true")) die("an event was not stored", line);
        profiles[c->profile].acknowledged++;
        events++;
        if (++c->events == EVENTS_VISIT) c->step = SLATE;
        break;
    case SLATE:
        c->slate = number_in(line, "\"slate\":");
        if (n_times < TIMES_MAX) times_us[n_times++] = (uint32_t)(now_us() - c->asked_us);
        c->step = OPEN;
        break;
    case OPEN:
        if (!strstr(line, "\"items\":[{")) die("a slate is empty", line);
        c->step = CLOSE;
        break;
    case CLOSE: c->step = END; break;
    case END:
        visits++;
        if (is_named) profiles[c->profile].is_busy = 0;
        c->step = BEGIN;
        c->again_us = now_us() + roll(20000);
        return;
    }
    ask(c);
}

static void hear(struct client *c) {
    ssize_t n = recv(c->fd, c->bytes + c->n, sizeof c->bytes - 1 - c->n, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) die("the daemon closed a connection", n ? strerror(errno) : "end of file");
    c->n += (size_t)n;
    c->bytes[c->n] = '\0';
    char *newline = strchr(c->bytes, '\n');
    if (!newline) return;
    if (newline[1]) die("more than was asked for", c->bytes);
    *newline = '\0';
    c->n = 0;
    go_on(c, c->bytes);
}

/* ---- The load ---------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void connect_all(const char *path, unsigned n, int epoll) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)!setrlimit(RLIMIT_NOFILE, &files);
    }
    if (strlen(path) >= sizeof at.sun_path) die(path, "too long");
    memcpy(at.sun_path, path, strlen(path) + 1);
    for (unsigned i = 0; i < n; i++) {
        struct epoll_event watch = {.events = EPOLLIN, .data.u32 = i};
        clients[i].fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (clients[i].fd < 0 ||
            connect(clients[i].fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &watch) != 0)
            die(path, strerror(errno));
        clients[i].again_us = 1;
    }
}

static void read_items(const char *path) {
    FILE *f = fopen(path, "re");
    if (!f) die(path, strerror(errno));
    while (n_profiles < PROFILES && fscanf(f, "%63s", profiles[n_profiles].item) == 1) n_profiles++;
    fclose(f);
    if (n_profiles == 0) die(path, "no items");
}

static void write_counts(const char *path) {
    FILE *f = fopen(path, "we");
    for (unsigned i = 0; f && i < n_profiles; i++)
        if (profiles[i].acknowledged)
            fprintf(f, "p%02u %s %u\n", i, profiles[i].item, profiles[i].acknowledged);
    if (!f || fclose(f) != 0) die(path, strerror(errno));
}

int main(int argc, char **argv) {
    struct epoll_event ready[256];
    if (argc != 6) {
        fputs("usage: rpc_load SOCKET CLIENTS SECONDS ITEMS COUNTS\n", stderr);
        return 2;
    }
    unsigned n = (unsigned)strtoul(argv[2], NULL, 10),
             seconds = (unsigned)strtoul(argv[3], NULL, 10);
    if (n == 0 || n > CLIENTS_MAX || seconds == 0) die(argv[2], "1 to 4000 clients, some seconds");
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    clients = calloc(n, sizeof *clients);
    times_us = malloc(TIMES_MAX * sizeof *times_us);
    if (epoll < 0 || !clients || !times_us) die("memory", "none");
    read_items(argv[4]);
    connect_all(argv[1], n, epoll);
    uint64_t begun = now_us(), end = begun + (uint64_t)seconds * 1000000, now = begun;
    while (now < end) {
        int some = epoll_wait(epoll, ready, 256, 1);
        if (some < 0 && errno != EINTR) die("epoll", strerror(errno));
        for (int i = 0; i < some; i++) hear(&clients[ready[i].data.u32]);
        now = now_us();
        for (unsigned i = 0; i < n && now < end; i++)
            if (clients[i].again_us && clients[i].again_us <= now) {
                again++;
                ask(&clients[i]);
            }
    }
    double took = (double)(now_us() - begun) / 1e6;
    write_counts(argv[5]);
    qsort(times_us, n_times, sizeof *times_us, by_time);
    printf(
        "%u clients, %.1f s: %.0f answers a second, of them %.0f \"no session is free\"; %" PRIu64
        " visits, %" PRIu64 " events acknowledged as stored\n",
        n, took, (double)answers / took, (double)refusals / took, visits, events);
    const size_t half = n_times / 2, hundredth = n_times / 100;
    if (n_times)
        printf("%" PRIu64 " slate calls: median %.2f ms, p99 %.2f ms, longest %.2f ms\n", n_times,
               times_us[half] / 1e3, times_us[n_times - 1 - hundredth] / 1e3,
               times_us[n_times - 1] / 1e3);
    return n_times && events ? 0 : 1;
}
