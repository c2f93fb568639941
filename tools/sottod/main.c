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
#include "tools/common/settings.h"
#include "tools/sottod/exporter.h"
#include "tools/sottod/sockets.h"

#define TICK_MS 1000

static struct {
    char keys[SETTING_TEXT_BYTES], vault[SETTING_TEXT_BYTES], model[SETTING_TEXT_BYTES],
        model_key[SETTING_TEXT_BYTES], policy[SETTING_TEXT_BYTES], policy_key[SETTING_TEXT_BYTES],
        device_class[SETTING_TEXT_BYTES], locale[SETTING_TEXT_BYTES], outbox[SETTING_TEXT_BYTES];
    uint64_t profile_bytes, allow_unlocked, outbox_files;
    struct {
        char path[SETTING_TEXT_BYTES], users[SETTING_TEXT_BYTES], groups[SETTING_TEXT_BYTES];
        uint64_t connections;
    } ui, operator, subject;
    uint64_t idle_s, message_s, write_s, buffers_kib;
} set = {.keys = "/var/lib/sotto/keys",
         .vault = "/var/lib/sotto/vault.db",
         .model = "/usr/share/sotto/model.pack",
         .policy = "/usr/share/sotto/policy.pack",
         .profile_bytes = SOTTO_PROFILE_BYTES_DEFAULT,
         .outbox_files = 400,
         .ui = {.path = "/run/sotto/ui.sock", .connections = 64},
         .operator= {.path = "/run/sotto/operator.sock", .connections = 8},
         .subject = {.path = "/run/sotto/subject.sock", .connections = 8},
         .idle_s = 3600,
         .message_s = 10,
         .write_s = 10,
         .buffers_kib = 8192};

#define SOCKET_SETTINGS(ROLE, WHOSE)                                                               \
    {"sockets", #ROLE "-socket", SETTING_TEXT, set.ROLE.path, 0, 0, "the socket of " WHOSE},       \
        {"sockets", #ROLE "-users", SETTING_TEXT, set.ROLE.users, 0, 0, "who may connect to it"},  \
        {"sockets",                                                                                \
         #ROLE "-groups",                                                                          \
         SETTING_TEXT,                                                                             \
         set.ROLE.groups,                                                                          \
         0,                                                                                        \
         0,                                                                                        \
         "and their groups; the first gets the socket"},                                           \
    {                                                                                              \
        "sockets", #ROLE "-connections", SETTING_NUMBER, &set.ROLE.connections, 1, 20000,          \
            "how many at a time"                                                                   \
    }

static const struct setting table[] = {
    {"device", "keys", SETTING_TEXT, set.keys, 0, 0, "the folder of the device's keys"},
    {"device", "vault", SETTING_TEXT, set.vault, 0, 0, "its vault; \"\" keeps nothing"},
    {"device", "model", SETTING_TEXT, set.model, 0, 0, "the model pack, its signature beside it"},
    {"device", "model-key", SETTING_TEXT, set.model_key, 0, 0, "its key: 56 characters, or a file"},
    {"device", "policy", SETTING_TEXT, set.policy, 0, 0, "the policy pack"},
    {"device", "policy-key", SETTING_TEXT, set.policy_key, 0, 0, "the key of that one"},
    {"device", "class", SETTING_TEXT, set.device_class, 0, 0, "the device class, as packs name it"},
    {"device", "locale", SETTING_TEXT, set.locale, 0, 0, "of the banner; \"\": the policy's first"},
    {"device", "profile-bytes", SETTING_NUMBER, &set.profile_bytes, 65536, UINT64_C(1) << 40,
     "what all profiles may take"},
    {"device", "allow-unlocked", SETTING_YES_NO, &set.allow_unlocked, 0, 0,
     "go on where memory cannot be locked"},
    SOCKET_SETTINGS(ui, "front ends"),
    SOCKET_SETTINGS(operator, "whoever maintains it"),
    SOCKET_SETTINGS(subject, "whose data it is"),
    {"limits", "idle-s", SETTING_NUMBER, &set.idle_s, 0, 86400 * 30,
     "a silent connection is closed; 0: never"},
    {"limits", "message-s", SETTING_NUMBER, &set.message_s, 1, 3600,
     "so is one with half a request"},
    {"limits", "write-s", SETTING_NUMBER, &set.write_s, 1, 3600, "or that takes no answer"},
    {"limits", "buffers-kib", SETTING_NUMBER, &set.buffers_kib, 256, 1 << 20,
     "of all connections together"},
    {"reports", "outbox", SETTING_TEXT, set.outbox, 0, 0,
     "the folder for sotto-upload; \"\": reports stay"},
    {"reports", "outbox-files", SETTING_NUMBER, &set.outbox_files, 1, 100000,
     "files that wait there at most"},
};

static const struct settings settings = {
    .program = "sottod",
    .file = "/etc/sotto/sotto.conf",
    .table = table,
    .n = ARRAY_LEN(table),
    .about = "Lends the engine of this device to front ends, to its operator and to the people it\n"
             "serves: JSON-RPC 2.0 on three Unix sockets, one request a line. Has no network.\n"
             "Users and groups are names or numbers; root and sottod's own user always may.",
    .after =
        "Example:\n"
        "  sottod --config /etc/sotto/sotto.conf\n"
        "  sottod --keys run/keys --vault run/vault.db --model kiosk.pack --model-key model.pub "
        "\\\n"
        "      --policy eu.pack --policy-key policy.pub --ui-socket run/ui.sock \\\n"
        "      --operator-socket run/operator.sock --subject-socket run/subject.sock\n"
        "\n"
        "SIGTERM or SIGINT ends it: sessions are stored first.\n"
        "Exit codes: 0 ended as asked, 1 failed, 2 wrong command line, 4 bad signature, malformed\n"
        "configuration or pack, 5 storage full, or another process has the vault or a socket.\n"};

/* ---- The engine -------------------------------------------------------------------------- */

static struct service service;
static struct exporter exporter = {.folder = -1};

static const char *or_null(const char *text) { return text[0] ? text : NULL; }

static int open_engine(struct sotto_error *err) {
    char model_key[PUBLIC_KEY_CHARS + 1], policy_key[PUBLIC_KEY_CHARS + 1];
    if (!set.model_key[0])
        return fail(err, SOTTO_E_ARGUMENT, "model-key is missing: whose signature is believed?");
    int status = public_key_text(model_key, set.model_key, err);
    if (status == SOTTO_OK && set.policy_key[0])
        status = public_key_text(policy_key, set.policy_key, err);
    service.linux_port.user = &service;
    if (status == SOTTO_OK)
        status =
            sotto_linux_port(&service.linux_port, set.keys, or_null(set.vault), &service.port, err);
    if (status != SOTTO_OK) return status;
    service.port.banner_show = service_banner_show;
    service.port.handoff = service_handoff;
    service.port.allow_unlocked = (uint32_t)set.allow_unlocked;
    const struct sotto_config config = {.size = sizeof config,
                                        .port = &service.port,
                                        .model_pack = set.model,
                                        .model_key = model_key,
                                        .policy_pack = set.policy_key[0] ? set.policy : NULL,
                                        .policy_key = set.policy_key[0] ? policy_key : NULL,
                                        .device_class = or_null(set.device_class),
                                        .locale = or_null(set.locale),
                                        .profile_bytes_max = set.profile_bytes};
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
    if (service.health.storage != SOTTO_STORAGE_OK && set.vault[0])
        fprintf(stderr, "<4>sottod: storage: %s\n", service.health.storage_message);
    if (service.health.storage_status == SOTTO_E_BUSY)
        return fail(err, SOTTO_E_BUSY, "%s", service.health.storage_message);
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
    } given[] = {{&role_ui, set.ui.path, set.ui.users, set.ui.groups, set.ui.connections},
                 {&role_operator,
                  set.operator.path,
                  set.operator.users,
                  set.operator.groups,
                  set.operator.connections },
                  {&role_subject, set.subject.path, set.subject.users, set.subject.groups,
                   set.subject.connections}};
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
    limits = (struct socket_limits){set.idle_s * 1000, set.message_s * 1000, set.write_s * 1000,
                                    set.buffers_kib * 1024};
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
    int code = settings_read(&settings, argc, argv);
    if (code != EXIT_OK) return code < 0 ? cli_flush("sottod", EXIT_OK) : code;
    if (sigaction(SIGTERM, &end, NULL) != 0 || sigaction(SIGINT, &end, NULL) != 0 ||
        sigaction(SIGPIPE, &ignore, NULL) != 0)
        return EXIT_FAILED;
    int status = fill_rules(&err);
    if (status == SOTTO_OK) status = open_engine(&err);
    if (status == SOTTO_OK && set.outbox[0]) {
        status = exporter_open(&exporter, set.outbox, set.outbox_files, &err);
        service.exporter = &exporter;
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
