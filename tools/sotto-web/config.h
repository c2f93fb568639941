/* config: what sotto-web can be told, in /etc/sotto/web.conf and on its command line. Read by the
 * program, and by `sotto doctor`. */
#ifndef SOTTO_WEB_SETTINGS_H
#define SOTTO_WEB_SETTINGS_H

#include "tools/common/settings.h"

struct web_told {
    char socket[SETTING_TEXT_BYTES], pages[SETTING_TEXT_BYTES], token[SETTING_TEXT_BYTES],
        origins[SETTING_TEXT_BYTES];
    uint64_t port, ipv6, connections, timeout_s;
};

/* Holds the defaults until settings_read or settings_file of `web_told_settings` fills it. */
extern struct web_told web_set;
extern const struct settings web_told_settings;

#endif
