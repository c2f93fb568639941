/* config: see config.h. */
#include "tools/sottod/config.h"

#include "base/base.h"
#include "sotto.h"

struct sottod_config sottod_set = {
    .keys = "/var/lib/sotto/keys",
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
    {                                                                                              \
        "sockets", #ROLE "-socket",       SETTING_TEXT, sottod_set.ROLE.path, 0,                   \
        0,         "the socket of " WHOSE},                                                        \
        {"sockets", #ROLE "-users",         SETTING_TEXT, sottod_set.ROLE.users, 0,                \
         0,         "who may connect to it"},                                                      \
        {"sockets",                                                                                \
         #ROLE "-groups",                                                                          \
         SETTING_TEXT,                                                                             \
         sottod_set.ROLE.groups,                                                                   \
         0,                                                                                        \
         0,                                                                                        \
         "and their groups; the first gets the socket"},                                           \
    {                                                                                              \
        "sockets", #ROLE "-connections", SETTING_NUMBER, &sottod_set.ROLE.connections, 1, 20000,   \
            "how many at a time"                                                                   \
    }

static const struct setting table[] = {
    {"device", "keys", SETTING_TEXT, sottod_set.keys, 0, 0, "the folder of the device's keys"},
    {"device", "vault", SETTING_TEXT, sottod_set.vault, 0, 0, "its vault; \"\" keeps nothing"},
    {"device", "model", SETTING_TEXT, sottod_set.model, 0, 0,
     "the model pack, its signature beside it"},
    {"device", "model-key", SETTING_TEXT, sottod_set.model_key, 0, 0,
     "its key: 56 characters, or a file"},
    {"device", "policy", SETTING_TEXT, sottod_set.policy, 0, 0, "the policy pack"},
    {"device", "policy-key", SETTING_TEXT, sottod_set.policy_key, 0, 0, "the key of that one"},
    {"device", "class", SETTING_TEXT, sottod_set.device_class, 0, 0,
     "the device class, as packs name it"},
    {"device", "locale", SETTING_TEXT, sottod_set.locale, 0, 0,
     "of the banner; \"\": the policy's first"},
    {"device", "profile-bytes", SETTING_NUMBER, &sottod_set.profile_bytes, 65536, UINT64_C(1) << 40,
     "what all profiles may take"},
    {"device", "allow-unlocked", SETTING_YES_NO, &sottod_set.allow_unlocked, 0, 0,
     "go on where memory cannot be locked"},
    SOCKET_SETTINGS(ui, "front ends"),
    SOCKET_SETTINGS(operator, "whoever maintains it"),
    SOCKET_SETTINGS(subject, "whose data it is"),
    {"limits", "idle-s", SETTING_NUMBER, &sottod_set.idle_s, 0, 86400 * 30,
     "a silent connection is closed; 0: never"},
    {"limits", "message-s", SETTING_NUMBER, &sottod_set.message_s, 1, 3600,
     "so is one with half a request"},
    {"limits", "write-s", SETTING_NUMBER, &sottod_set.write_s, 1, 3600, "or that takes no answer"},
    {"limits", "buffers-kib", SETTING_NUMBER, &sottod_set.buffers_kib, 256, 1 << 20,
     "of all connections together"},
    {"reports", "outbox", SETTING_TEXT, sottod_set.outbox, 0, 0,
     "the folder for sotto-upload; \"\": reports stay"},
    {"reports", "outbox-files", SETTING_NUMBER, &sottod_set.outbox_files, 1, 100000,
     "files that wait there at most"},
};

const struct settings sottod_config_settings = {
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
