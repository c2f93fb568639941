/* config: see config.h. */
#include "tools/sotto-web/config.h"

#include "base/base.h"
#include "sotto.h"

struct web_told web_set = {.socket = "/run/sotto/ui.sock",
                           .pages = "/usr/share/sotto/web",
                           .token = "/run/sotto-web/token",
                           .port = 8471,
                           .connections = 32,
                           .timeout_s = 15};

static const struct setting table[] = {
    {"web", "port", SETTING_NUMBER, &web_set.port, 1, 65535, "on loopback"},
    {"web", "ipv6", SETTING_YES_NO, &web_set.ipv6, 0, 0, "listen at ::1 instead of 127.0.0.1"},
    {"web", "ui-socket", SETTING_TEXT, web_set.socket, 0, 0, "sottod's socket for front ends"},
    {"web", "pages", SETTING_TEXT, web_set.pages, 0, 0, "the folder of the page; \"\": none"},
    {"web", "token-file", SETTING_TEXT, web_set.token, 0, 0, "written at every start"},
    {"web", "origins", SETTING_TEXT, web_set.origins, 0, 0,
     "pages from elsewhere that may ask, exact, as https://kiosk.example"},
    {"web", "connections", SETTING_NUMBER, &web_set.connections, 2, 1000, "at most"},
    {"web", "timeout-s", SETTING_NUMBER, &web_set.timeout_s, 1, 600, "for a request or an answer"},
};

const struct settings web_told_settings = {
    .program = "sotto-web",
    .file = "/etc/sotto/web.conf",
    .table = table,
    .n = ARRAY_LEN(table),
    .about = "Offers sottod's ui socket to a browser on this machine: POST /rpc, GET /events\n"
             "(Server-Sent Events), and the files of a page. Holds no key and no vault.",
    .after =
        "Example:\n"
        "  sotto-web --port 8471 --pages platform/web --token-file run/token --ui-socket "
        "run/ui.sock\n"
        "\n"
        "SIGTERM or SIGINT ends it.\n"
        "Exit codes: 0 ended as asked, 1 failed, 2 wrong command line, 4 malformed configuration,\n"
        "5 the port is taken.\n"};
