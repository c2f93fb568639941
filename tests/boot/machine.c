/* machine: what runs in the booted machine of tools/dev/boot-test.sh, on libsotto as a device has
 * it.
 *
 *     machine slate PACKS STATE              the time from its start to the first slate, and memory
 *     machine check PACKS STATE LOG NAME…    how many events each profile has; the audit log to LOG
 *     machine live  PACKS STATE NAME         acknowledges events of that profile until the power
 * goes
 *
 * Lines that the host reads: "slate US CPU_US", "memory KIB", "has NAME N", "try NAME N", "ack NAME
 * N" (N events are stored), "key HEX", "log BYTES", "checked". Ends 1 at the first failure, after
 * "fail".
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/linux/sotto_linux.h"
#include "sotto.h"
#include "sotto_audit.h"

#define MODEL_KEY_CHARS 56
#define SHOWN_MS        3000

static struct sotto_port port;
static struct sotto_linux device;
static struct sotto *engine;
static int (*real_clock)(void *ctx, uint64_t *ms);
static uint64_t waited_ms; /* for banners, which nobody here has the time to read */

static void must(int status, const char *what) {
    if (status >= 0) return;
    printf("fail %s: %s\n", what, engine ? sotto_last_error(engine) : "not open");
    exit(1);
}

static int clock_ahead(void *ctx, uint64_t *ms) {
    int status = real_clock(ctx, ms);
    *ms += waited_ms;
    return status;
}

static int banner_show(void *ctx, const struct sotto_banner *b, struct sotto_banner_receipt *r) {
    memcpy(r->hash, b->hash, sizeof r->hash);
    r->channels = SOTTO_CHANNEL_SCREEN;
    r->acknowledged = 1;
    if (clock_ahead(ctx, &r->shown_from_ms) != 0) return -1;
    waited_ms += SHOWN_MS + b->min_display_ms;
    return clock_ahead(ctx, &r->shown_until_ms);
}

/* Reads the second line of a minisign public key. */
static void key_read(char key[MODEL_KEY_CHARS + 1], const char *packs, const char *name) {
    char path[512], line[256];
    snprintf(path, sizeof path, "%s/%s", packs, name);
    FILE *f = fopen(path, "re");
    if (!f || !fgets(line, sizeof line, f) || !fgets(line, sizeof line, f)) {
        printf("fail %s\n", path);
        exit(1);
    }
    fclose(f);
    snprintf(key, MODEL_KEY_CHARS + 1, "%.56s", line);
}

static void device_open(const char *packs, const char *state) {
    char model[512], policy[512], keys[512], vault[512];
    char model_key[MODEL_KEY_CHARS + 1], policy_key[MODEL_KEY_CHARS + 1];
    struct sotto_error err = {0};
    snprintf(model, sizeof model, "%s/model.pack", packs);
    snprintf(policy, sizeof policy, "%s/policy.pack", packs);
    snprintf(keys, sizeof keys, "%s/keys", state);
    snprintf(vault, sizeof vault, "%s/vault.db", state);
    key_read(model_key, packs, "model.pub");
    key_read(policy_key, packs, "policy.pub");
    int status = sotto_linux_port(&device, keys, vault, &port, &err);
    real_clock = port.clock_mono_ms;
    port.clock_mono_ms = clock_ahead;
    port.banner_show = banner_show;
    const struct sotto_config config = {.size = sizeof config,
                                        .port = &port,
                                        .model_pack = model,
                                        .model_key = model_key,
                                        .policy_pack = policy,
                                        .policy_key = policy_key,
                                        .device_class = "kiosk"};
    if (status == SOTTO_OK) status = sotto_open(&config, &engine, &err);
    if (status != SOTTO_OK) {
        printf("fail open: %s\n", err.message);
        exit(1);
    }
    struct sotto_health health = {.size = sizeof health};
    must(sotto_health(engine, &health), "health");
    if (health.storage != SOTTO_STORAGE_OK || health.strict) {
        printf("fail storage %d: %s; policy: %s\n", (int)health.storage, health.storage_message,
               health.policy_message);
        exit(1);
    }
}

/* An opened slate of `n` items, general or for this session. */
static sotto_slate slate_open(sotto_session session, int is_general, struct sotto_item *items,
                              uint32_t n, struct sotto_slate_view *view) {
    struct sotto_slate_request request = {
        .size = sizeof request, .count = n, .repeats = 1, .general = (uint32_t)is_general};
    sotto_slate slate;
    must(sotto_slate_request(engine, session, &request, &slate), "slate");
    must(sotto_slate_present(engine, slate), "banner");
    must(sotto_slate_open(engine, slate, view, items, n), "open");
    return slate;
}

/* ---- Time to the first slate --------------------------------------------------------------- */

static uint64_t us_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void memory_print(void) {
    char line[128];
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmHWM:", 6) == 0) printf("memory %lu\n", strtoul(line + 6, NULL, 10));
    if (f) fclose(f);
}

static int first_slate(const char *packs, const char *state, const char *started) {
    struct sotto_item items[8];
    struct sotto_slate_view view = {.size = sizeof view};
    sotto_session session;
    device_open(packs, state);
    must(sotto_session_begin(engine, NULL, &session), "session");
    slate_open(session, 1, items, 8, &view);
    if (view.count == 0) return 1;
    printf("slate %llu %llu\n",
           (unsigned long long)(us_of(CLOCK_MONOTONIC) - strtoull(started, NULL, 10)),
           (unsigned long long)us_of(CLOCK_PROCESS_CPUTIME_ID));
    memory_print();
    sotto_close(engine);
    return 0;
}

/* Starts this program anew, so that loading it counts. */
static int first_slate_timed(char **argv) {
    char started[32];
    int status;
    snprintf(started, sizeof started, "%llu", (unsigned long long)us_of(CLOCK_MONOTONIC));
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", argv[0], "slate", argv[2], argv[3], started, (char *)NULL);
        _exit(127);
    }
    return child < 0 || waitpid(child, &status, 0) != child || status != 0;
}

/* ---- Events, acknowledged ------------------------------------------------------------------ */

static sotto_session visit_begin(const char *name) {
    sotto_session session;
    must(sotto_session_begin(engine, name, &session), "session");
    return session;
}

/* Every event goes to one item, so that its reason counts them all. */
static const char *only_item(void) {
    static struct sotto_item items[4];
    static int is_known;
    struct sotto_slate_view view = {.size = sizeof view};
    if (!is_known) {
        sotto_session session = visit_begin(NULL);
        slate_open(session, 1, items, 4, &view);
        must(sotto_session_end(engine, session), "end");
        is_known = 1;
    }
    return items[0].id;
}

static _Noreturn void live(const char *packs, const char *state, const char *name) {
    device_open(packs, state);
    const char *item = only_item();
    for (unsigned n = 0; n < SOTTO_HISTORY_MAX - 4;) {
        sotto_session session = visit_begin(name);
        if (n == 0) {
            must(sotto_consent_set(engine, session, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED),
                 "store");
            must(sotto_consent_set(engine, session, SOTTO_PURPOSE_PERSONALISE,
                                   SOTTO_CONSENT_GRANTED),
                 "personalise");
        }
        unsigned more = 1 + n % 3;
        printf("try %s %u\n", name, n + more);
        for (unsigned i = 0; i < more; i++) {
            struct sotto_event event = {sizeof event, item, SOTTO_EVENT_VIEW};
            must(sotto_record(engine, session, &event), "record");
        }
        must(sotto_session_end(engine, session), "store");
        n += more;
        printf("ack %s %u\n", name, n);
        if (n % 16 == 0) must(sotto_tick(engine), "tick");
    }
    printf("full\n");
    for (;;) pause();
}

/* How many events of `name` the engine still counts. */
static unsigned events_of(const char *name) {
    struct sotto_item items[SOTTO_SLATE_ITEMS_MAX];
    struct sotto_reason reasons[64];
    struct sotto_slate_view view = {.size = sizeof view};
    const char *item = only_item();
    unsigned most = 0;
    sotto_session session = visit_begin(name);
    sotto_slate slate = slate_open(session, 0, items, SOTTO_SLATE_ITEMS_MAX, &view);
    for (uint32_t rank = 0; view.personalised && rank < view.count; rank++) {
        struct sotto_explanation told = {.size = sizeof told};
        must(sotto_explain(engine, slate, rank, &told, reasons, 64), "explain");
        for (uint32_t i = 0; i < told.count && i < 64; i++)
            if (reasons[i].item && strcmp(reasons[i].item, item) == 0 && reasons[i].events > most)
                most = reasons[i].events;
    }
    must(sotto_session_end(engine, session), "end");
    return most;
}

struct log {
    int fd;
    size_t n;
};

static int log_put(void *ctx, const void *bytes, size_t n) {
    struct log *log = ctx;
    log->n += n;
    return write(log->fd, bytes, n) == (ssize_t)n ? 0 : -1;
}

static int check(int argc, char **argv) {
    uint8_t key[32];
    struct log log = {open(argv[4], O_WRONLY | O_CREAT | O_CLOEXEC, 0600), 0};
    device_open(argv[2], argv[3]);
    for (int i = 5; i < argc; i++) printf("has %s %u\n", argv[i], events_of(argv[i]));
    must(sotto_audit_key(engine, key), "audit key");
    printf("key ");
    for (int i = 0; i < 32; i++) printf("%02x", key[i]);
    must(log.fd < 0 ? -1 : sotto_audit_export(engine, log_put, &log), "audit log");
    fsync(log.fd);
    printf("\nlog %zu\nchecked\n", log.n);
    sotto_close(engine);
    return 0;
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    const char *what = argc > 3 ? argv[1] : "";
    if (strcmp(what, "slate") == 0 && argc == 4) return first_slate_timed(argv);
    if (strcmp(what, "slate") == 0) return first_slate(argv[2], argv[3], argv[4]);
    if (strcmp(what, "check") == 0 && argc > 4) return check(argc, argv);
    if (strcmp(what, "live") == 0 && argc == 5) live(argv[2], argv[3], argv[4]);
    fprintf(stderr, "usage: machine slate|check|live PACKS STATE …\n");
    return 2;
}
