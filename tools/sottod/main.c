/* main: the daemon's life. Reads its settings, opens the engine, lends it out on three sockets
 * until SIGTERM. It opens no network socket and starts no thread. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/base.h"
#include "tools/common/cli.h"
#include "tools/common/notify.h"
#include "tools/common/public_key.h"
#include "tools/sottod/config.h"
#include "tools/sottod/exporter.h"
#include "tools/sottod/sockets.h"

#define TICK_MS 1000

/* ---- The engine -------------------------------------------------------------------------- */

static struct service service;
static struct exporter exporter = {.folder = -1};

static const char *or_null(const char *text) { return text[0] ? text : NULL; }

static int open_engine(struct sotto_error *err) {
    char model_key[PUBLIC_KEY_CHARS + 1], policy_key[PUBLIC_KEY_CHARS + 1];
    if (!sottod_set.model_key[0])
        return fail(err, SOTTO_E_ARGUMENT, "model-key is missing: whose signature is believed?");
    int status = public_key_text(model_key, sottod_set.model_key, err);
    if (status == SOTTO_OK && sottod_set.policy_key[0])
        status = public_key_text(policy_key, sottod_set.policy_key, err);
    service.linux_port.user = &service;
    if (status == SOTTO_OK)
        status = sotto_linux_port(&service.linux_port, sottod_set.keys, or_null(sottod_set.vault),
                                  &service.port, err);
    if (status != SOTTO_OK) return status;
    service.port.banner_show = service_banner_show;
    service.port.handoff = service_handoff;
    service.port.allow_unlocked = (uint32_t)sottod_set.allow_unlocked;
    const struct sotto_config config = {.size = sizeof config,
                                        .port = &service.port,
                                        .model_pack = sottod_set.model,
                                        .model_key = model_key,
                                        .policy_pack =
                                            sottod_set.policy_key[0] ? sottod_set.policy : NULL,
                                        .policy_key = sottod_set.policy_key[0] ? policy_key : NULL,
                                        .device_class = or_null(sottod_set.device_class),
                                        .locale = or_null(sottod_set.locale),
                                        .profile_bytes_max = sottod_set.profile_bytes};
    status = sotto_open(&config, &service.engine, err);
    service.health.size = sizeof service.health;
    if (status == SOTTO_OK) status = sotto_health(service.engine, &service.health);
    if (status != SOTTO_OK) return status;
    /* A kiosk must not stay dark, but somebody should know. */
    if (service.health.policy_status != SOTTO_OK)
        fprintf(stderr, "<4>sottod: strict rules are in force: %s\n",
                service.health.policy_message);
    if (service.health.model_status != SOTTO_OK)
        fprintf(stderr, "<4>sottod: slates are general: %s\n", service.health.model_message);
    if (service.health.storage != SOTTO_STORAGE_OK && sottod_set.vault[0])
        fprintf(stderr, "<4>sottod: storage: %s\n", service.health.storage_message);
    if (service.health.storage_status == SOTTO_E_BUSY)
        return fail(err, SOTTO_E_BUSY, "%s", service.health.storage_message);
    desk_open(&service);
    return SOTTO_OK;
}

/* ---- The sockets ------------------------------------------------------------------------- */

static struct socket_rule rules[3];
static struct socket_limits limits;

static int fill_rules(struct sotto_error *err) {
    const struct {
        const struct rpc_role *role;
        const char *path, *users, *groups;
        uint64_t connections;
    } given[] = {{&role_ui, sottod_set.ui.path, sottod_set.ui.users, sottod_set.ui.groups,
                  sottod_set.ui.connections},
                 {&role_operator,
                  sottod_set.operator.path,
                  sottod_set.operator.users,
                  sottod_set.operator.groups,
                  sottod_set.operator.connections },
                  {&role_subject, sottod_set.subject.path, sottod_set.subject.users,
                   sottod_set.subject.groups, sottod_set.subject.connections}};
    uint64_t files = 64;
    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        struct socket_rule *r = &rules[i];
        r->role = given[i].role;
        r->path = given[i].path;
        r->connections = given[i].connections;
        files += r->connections + 1;
        int status = socket_rule_names(given[i].users, 0, r->users, &r->n_users, err);
        if (status == SOTTO_OK)
            status = socket_rule_names(given[i].groups, 1, r->groups, &r->n_groups, err);
        if (status != SOTTO_OK) return status;
    }
    limits = (struct socket_limits){sottod_set.idle_s * 1000, sottod_set.message_s * 1000,
                                    sottod_set.write_s * 1000, sottod_set.buffers_kib * 1024};
    struct rlimit may;
    if (getrlimit(RLIMIT_NOFILE, &may) == 0 && may.rlim_cur < files) {
        may.rlim_cur = files;
        if (may.rlim_max < files || setrlimit(RLIMIT_NOFILE, &may) != 0)
            return fail(
                err, SOTTO_E_LIMIT,
                "so many connections need %llu open files; raise LimitNOFILE or allow fewer",
                (unsigned long long)files);
    }
    return SOTTO_OK;
}

static volatile sig_atomic_t is_asked_to_end;

static void on_signal(int number) {
    (void)number;
    is_asked_to_end = 1;
}

static int serve(struct sockets *sockets) {
    uint64_t ticked_ms = service_now_ms(&service), told_ms = ticked_ms;
    int watchdog_ms = notify_watchdog_ms();
    notify("READY=1");
    while (!is_asked_to_end) {
        uint64_t now_ms = service_now_ms(&service);
        uint64_t rest_ms = now_ms - ticked_ms >= TICK_MS ? 0 : TICK_MS - (now_ms - ticked_ms);
        if (watchdog_ms && rest_ms > (uint64_t)watchdog_ms) rest_ms = (uint64_t)watchdog_ms;
        if (sockets_run(sockets, (int)rest_ms) != 0) return -1;
        now_ms = service_now_ms(&service);
        if (now_ms - ticked_ms >= TICK_MS) {
            ticked_ms = now_ms;
            service_tick(&service);
        }
        if (watchdog_ms && now_ms - told_ms >= (uint64_t)watchdog_ms / 2) {
            told_ms = now_ms;
            notify("WATCHDOG=1");
        }
    }
    notify("STOPPING=1");
    return 0;
}

int main(int argc, char **argv) {
    struct sigaction end = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
    struct sotto_error err = {0};
    struct sockets *sockets = NULL;
    int code = settings_read(&sottod_config_settings, argc, argv);
    if (code != EXIT_OK) return code < 0 ? cli_flush("sottod", EXIT_OK) : code;
    if (sigaction(SIGTERM, &end, NULL) != 0 || sigaction(SIGINT, &end, NULL) != 0 ||
        sigaction(SIGPIPE, &ignore, NULL) != 0)
        return EXIT_FAILED;
    int status = fill_rules(&err);
    if (status == SOTTO_OK) status = open_engine(&err);
    if (status == SOTTO_OK && sottod_set.outbox[0]) {
        status = exporter_open(&exporter, sottod_set.outbox, sottod_set.outbox_files, &err);
        service.exporter = &exporter;
        if (status == SOTTO_OK && exporter_message(&exporter)[0])
            fprintf(stderr, "<4>sottod: %s\n", exporter_message(&exporter));
    }
    if (status == SOTTO_OK) {
        sockets = sockets_open(&service, rules, ARRAY_LEN(rules), &limits, &err);
        status = sockets ? SOTTO_OK : err.status;
    }
    if (status == SOTTO_OK && serve(sockets) != 0)
        status = fail(&err, SOTTO_E_IO, "waiting for requests failed: %s", strerror(errno));
    sockets_close(sockets);
    sotto_close(service.engine);
    exporter_close(&exporter);
    return status == SOTTO_OK ? EXIT_OK : cli_report("sottod", &err);
}
