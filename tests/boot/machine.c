/* machine: what runs in the booted machine of tools/dev/boot-test.sh. It starts sottod as an init
 * would, and speaks to its sockets as a front end and an operator do; it links nothing of Sotto.
 *
 *     machine slate PACKS STATE
 *
 * prints the time from the daemon's start to the first slate, and its memory after a personal one;
 *
 *     machine check PACKS STATE LOG NAME…
 *
 * how many events each profile has, and the audit log to LOG;
 *
 *     machine live PACKS STATE NAME
 *
 * sends events of that profile until the power goes.
 *
 * Lines that the host reads: "slate US CPU_US", "memory KIB", "has NAME N", "try NAME N", "ack NAME
 * N" (the daemon said that N events are stored), "key HEX", "log BYTES", "checked". Ends 1 at the
 * first failure, after "fail". */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UI_SOCKET       "/run/ui.sock"
#define OPERATOR_SOCKET "/run/operator.sock"
#define EVENTS_MAX      1000 /* of a profile; the engine keeps the last 1,024 */
#define PATIENCE_S      60

typedef unsigned long long number;

static pid_t daemon_pid;

static _Noreturn void die(const char *what, const char *why) {
    printf("fail %s: %.300s\n", what, why);
    exit(1);
}

static number us_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (number)t.tv_sec * 1000000 + (number)t.tv_nsec / 1000;
}
static void wait_ms(number ms) {
    const struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* ---- The daemon ------------------------------------------------------------------------------ */

static void daemon_start(const char *packs, const char *state) {
    char model[128], model_key[128], policy[128], policy_key[128], keys[128], vault[128];
    snprintf(model, sizeof model, "--model=%s/model.pack", packs);
    snprintf(model_key, sizeof model_key, "--model-key=%s/model.pub", packs);
    snprintf(policy, sizeof policy, "--policy=%s/policy.pack", packs);
    snprintf(policy_key, sizeof policy_key, "--policy-key=%s/policy.pub", packs);
    snprintf(keys, sizeof keys, "--keys=%s/keys", state);
    snprintf(vault, sizeof vault, "--vault=%s/vault.db", state);
    daemon_pid = fork();
    if (daemon_pid == 0) {
        execl("/bin/sottod", "sottod", model, model_key, policy, policy_key, keys, vault,
              "--class=kiosk", "--ui-socket=" UI_SOCKET, "--operator-socket=" OPERATOR_SOCKET,
              "--subject-socket=/run/subject.sock", (char *)NULL);
        _exit(127);
    }
    if (daemon_pid < 0) die("fork", strerror(errno));
}

static void daemon_end(void) {
    int status;
    if (kill(daemon_pid, SIGTERM) != 0 || waitpid(daemon_pid, &status, 0) != daemon_pid ||
        status != 0)
        die("sottod", "SIGTERM did not end it with 0");
}

/* As soon as it listens. */
static int talk_to(const char *path) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    number until = us_of(CLOCK_MONOTONIC) + PATIENCE_S * 1000000ull;
    memcpy(at.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) die(path, strerror(errno));
    while (connect(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
        if (waitpid(daemon_pid, NULL, WNOHANG) != 0 || us_of(CLOCK_MONOTONIC) > until)
            die("sottod", "it ended, or does not listen");
        wait_ms(1);
    }
    return fd;
}

/* One request, its parameters as in printf; the reply, valid until the next one. */
__attribute__((format(printf, 3, 4))) static const char *ask(int fd, const char *method,
                                                             const char *params, ...) {
    static char line[300000];
    char given[512];
    size_t n = 0;
    va_list args;
    va_start(args, params);
    vsnprintf(given, sizeof given, params, args);
    va_end(args);
    int length = snprintf(line, sizeof line,
                          "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{%s}}\n",
                          method, given);
    if (write(fd, line, (size_t)length) != length) die(method, "it cannot be asked");
    do {
        ssize_t got = n < sizeof line - 1 ? read(fd, line + n, sizeof line - 1 - n) : 0;
        if (got <= 0) die(method, "no answer");
        n += (size_t)got;
    } while (line[n - 1] != '\n');
    line[n - 1] = '\0';
    if (!strstr(line, "\"id\":1,\"result\":")) die(method, line);
    return line;
}

/* What follows `name` in a reply. */
static const char *behind(const char *line, const char *name) {
    const char *at = strstr(line, name);
    if (!at) die(name, line);
    return at + strlen(name);
}
static number number_behind(const char *line, const char *name) {
    return strtoull(behind(line, name), NULL, 10);
}

/* ---- Visits ---------------------------------------------------------------------------------- */

static number visit_begin(int ui, const char *profile) {
    return profile ? number_behind(ask(ui, "session.begin", "\"profile\":\"%s\"", profile),
                                   "\"session\":")
                   : number_behind(ask(ui, "session.begin", "%s", ""), "\"session\":");
}
static void agree(int ui, number session, const char *purpose) {
    ask(ui, "consent.set", "\"session\":%llu,\"purpose\":\"%s\",\"state\":\"granted\"", session,
        purpose);
}

/* An opened slate; the reply to `open` is in *opened. A banner is read for as long as it asks. */
static number slate_open(int ui, number session, const char *how, const char **opened) {
    char hash[65];
    number slate =
        number_behind(ask(ui, "slate", "\"session\":%llu,%s", session, how), "\"slate\":");
    const char *shown = ask(ui, "disclosure", "\"slate\":%llu", slate);
    if (strstr(shown, "\"is_needed\":true")) {
        number ms = number_behind(shown, "\"min_display_ms\":") + 20;
        snprintf(hash, sizeof hash, "%.64s", behind(shown, "\"hash\":\""));
        wait_ms(ms + 20);
        ask(ui, "disclosure.confirm",
            "\"slate\":%llu,\"hash\":\"%s\",\"channels\":[\"screen\"],\"answer\":\"accepted\","
            "\"visible_ms\":%llu",
            slate, hash, ms);
    }
    *opened = ask(ui, "open", "\"slate\":%llu", slate);
    return slate;
}

/* Every event goes to one item, so that its reason counts them all. */
static const char *only_item(int ui) {
    static char item[64];
    const char *opened;
    if (!item[0]) {
        number session = visit_begin(ui, NULL);
        slate_open(ui, session, "\"general\":true,\"count\":4", &opened);
        snprintf(item, sizeof item, "%.*s", (int)strcspn(behind(opened, "\"id\":\""), "\""),
                 behind(opened, "\"id\":\""));
        ask(ui, "session.end", "\"session\":%llu", session);
    }
    return item;
}

/* Whether the daemon says that it is stored. */
static int event(int ui, number session, const char *item) {
    return strstr(ask(ui, "event", "\"session\":%llu,\"item\":\"%s\",\"type\":\"view\"", session,
                      item),
                  "\"stored\":true") != NULL;
}

/* ---- Time to the first slate, and memory ----------------------------------------------------- */

static number memory_kib(void) {
    char line[128];
    number kib = 0;
    snprintf(line, sizeof line, "/proc/%d/status", (int)daemon_pid);
    FILE *f = fopen(line, "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmHWM:", 6) == 0) kib = strtoull(line + 6, NULL, 10);
    if (f) fclose(f);
    return kib;
}

static int first_slate(const char *packs, const char *state) {
    const char *opened;
    clockid_t its_clock;
    number begun = us_of(CLOCK_MONOTONIC);
    daemon_start(packs, state);
    int ui = talk_to(UI_SOCKET);
    slate_open(ui, visit_begin(ui, NULL), "\"count\":8", &opened);
    number took = us_of(CLOCK_MONOTONIC) - begun;
    if (!strstr(opened, "\"items\":[{") || clock_getcpuclockid(daemon_pid, &its_clock) != 0)
        die("the first slate", opened);
    printf("slate %llu %llu\n", took, us_of(its_clock));

    number session = visit_begin(ui, "first");
    agree(ui, session, "store");
    agree(ui, session, "personalise");
    for (int i = 0; i < 20; i++)
        if (!event(ui, session, only_item(ui))) die("event", "it is not stored");
    slate_open(ui, session, "\"count\":64,\"repeats\":true", &opened);
    if (!strstr(opened, "\"personalised\":true")) die("a personal slate", opened);
    printf("memory %llu\n", memory_kib());
    daemon_end();
    return 0;
}

/* ---- Events, acknowledged -------------------------------------------------------------------- */

static _Noreturn void live(const char *packs, const char *state, const char *name) {
    daemon_start(packs, state);
    int ui = talk_to(UI_SOCKET);
    const char *item = only_item(ui);
    for (unsigned n = 0; n < EVENTS_MAX;) {
        number session = visit_begin(ui, name);
        if (n == 0) {
            agree(ui, session, "store");
            agree(ui, session, "personalise");
        }
        for (unsigned more = 1 + n % 3; more > 0; more--) {
            printf("try %s %u\n", name, n + 1);
            if (!event(ui, session, item)) die("event", "it is not stored");
            printf("ack %s %u\n", name, ++n);
        }
        ask(ui, "session.end", "\"session\":%llu", session);
    }
    printf("full\n");
    for (;;) pause();
}

/* How many events of `name` the reasons of a slate count. */
static number events_of(int ui, const char *name) {
    char reason[96];
    const char *opened, *at;
    number most = 0;
    snprintf(reason, sizeof reason, "\"item\":\"%s\"", only_item(ui));
    number session = visit_begin(ui, name),
           slate = slate_open(ui, session, "\"count\":64,\"repeats\":true", &opened);
    unsigned count = 0;
    for (at = opened; strstr(opened, "\"personalised\":true") && (at = strstr(at, "\"rank\":"));
         at++)
        count++;
    for (unsigned rank = 0; rank < count && most == 0; rank++) {
        at = strstr(
            behind(ask(ui, "explain", "\"slate\":%llu,\"rank\":%u,\"reasons\":16", slate, rank),
                   "\"reasons\":"),
            reason);
        if (at) most = number_behind(at, "\"events\":");
    }
    ask(ui, "session.end", "\"session\":%llu", session);
    return most;
}

/* The log in the pieces that the daemon hands out; how many bytes it has. */
static number log_take(int staff, int to) {
    static uint8_t piece[65536];
    number at = 0, size = 1;
    while (at < size) {
        const char *reply = ask(staff, "audit.export", "\"offset\":%llu", at);
        const char *hex = behind(reply, "\"bytes\":\"");
        size_t n = strspn(hex, "0123456789abcdef") / 2;
        size = number_behind(reply, "\"size\":");
        for (size_t i = 0; i < n && i < sizeof piece; i++) {
            char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
            piece[i] = (uint8_t)strtoul(pair, NULL, 16);
        }
        if (n == 0 || n > sizeof piece || write(to, piece, n) != (ssize_t)n)
            die("the log", strerror(errno));
        at += n;
    }
    return at;
}

static int check(int argc, char **argv) {
    int to = open(argv[4], O_WRONLY | O_CLOEXEC);
    if (to < 0) die(argv[4], strerror(errno));
    daemon_start(argv[2], argv[3]);
    int ui = talk_to(UI_SOCKET), staff = talk_to(OPERATOR_SOCKET);
    for (int i = 5; i < argc; i++) printf("has %s %llu\n", argv[i], events_of(ui, argv[i]));
    const char *key = behind(ask(staff, "audit.key", "%s", ""), "\"key\":\"");
    printf("key %.64s\n", key);
    number n = log_take(staff, to);
    if (fsync(to) != 0 || close(to) != 0) die("the log", strerror(errno));
    daemon_end();
    printf("log %llu\nchecked\n", n);
    return 0;
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    const char *what = argc > 3 ? argv[1] : "";
    if (strcmp(what, "slate") == 0 && argc == 4) return first_slate(argv[2], argv[3]);
    if (strcmp(what, "check") == 0 && argc > 4) return check(argc, argv);
    if (strcmp(what, "live") == 0 && argc == 5) live(argv[2], argv[3], argv[4]);
    fprintf(stderr, "usage: machine slate|check|live PACKS STATE …\n");
    return 2;
}
