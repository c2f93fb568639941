/* config: what sotto-upload can be told, in /etc/sotto/upload.conf and on its command line. Read
 * by the program, and by `sotto doctor`. */
#ifndef SOTTO_UPLOAD_CONFIG_H
#define SOTTO_UPLOAD_CONFIG_H

#include "tools/common/settings.h"

struct upload_config {
    char outbox[SETTING_TEXT_BYTES], to[SETTING_TEXT_BYTES], url[SETTING_TEXT_BYTES],
        ca[SETTING_TEXT_BYTES];
    uint64_t period_s, retry_min_s, retry_max_s, sent_files, timeout_s, once;
};

/* Holds the defaults until settings_read or settings_file of `upload_config_settings` fills it. */
extern struct upload_config upload_set;
extern const struct settings upload_config_settings;

#endif
