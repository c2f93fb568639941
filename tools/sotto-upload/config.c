/* config: see config.h. */
#include "tools/sotto-upload/config.h"

#include "base/base.h"
#include "sotto.h"

struct upload_config upload_set = {.outbox = "/var/lib/sotto/outbox",
                                   .period_s = 3600,
                                   .retry_min_s = 60,
                                   .retry_max_s = 86400,
                                   .sent_files = 400,
                                   .timeout_s = 30};

static const struct setting table[] = {
    {"upload", "outbox", SETTING_TEXT, upload_set.outbox, 0, 0, "sottod's folder of report files"},
    {"upload", "url", SETTING_TEXT, upload_set.url, 0, 0, "where to POST them, https://"},
    {"upload", "to", SETTING_TEXT, upload_set.to, 0, 0, "or the folder to copy them into"},
    {"upload", "ca-file", SETTING_TEXT, upload_set.ca, 0, 0,
     "authorities to trust instead of the system's"},
    {"upload", "timeout-s", SETTING_NUMBER, &upload_set.timeout_s, 1, 3600, "for one report"},
    {"upload", "period-s", SETTING_NUMBER, &upload_set.period_s, 1, 2678400,
     "looks at the outbox so often, at random moments"},
    {"upload", "retry-min-s", SETTING_NUMBER, &upload_set.retry_min_s, 1, 86400,
     "after a failure; doubles with each"},
    {"upload", "retry-max-s", SETTING_NUMBER, &upload_set.retry_max_s, 1, 2678400,
     "and is at most this"},
    {"upload", "sent-files", SETTING_NUMBER, &upload_set.sent_files, 0, 900,
     "kept in outbox/sent; 0: deleted when sent"},
    {NULL, "once", SETTING_FLAG, &upload_set.once, 0, 0, "send what waits now, then end"},
};

const struct settings upload_config_settings = {
    .program = "sotto-upload",
    .file = "/etc/sotto/upload.conf",
    .table = table,
    .n = ARRAY_LEN(table),
    .about = "Sends the report files that sottod has put into its outbox folder, byte for byte.\n"
             "Has no key, no vault and no socket of sottod.",
    .after = "Example:\n"
             "  sotto-upload --url https://reports.example/v1 --outbox /var/lib/sotto/outbox\n"
             "  sotto-upload --once --to /media/stick --outbox /var/lib/sotto/outbox\n"
             "\n"
             "A file that is no report, and one the other side calls malformed (HTTP 400, 413, "
             "415, 422), goes\n"
             "to outbox/refused. SIGTERM or SIGINT ends it.\n"
             "Exit codes: 0 ended as asked, 1 failed, 2 wrong command line, 4 malformed "
             "configuration, or with\n"
             "--once a file was refused, 5 with --once: something could not be sent yet.\n"};
