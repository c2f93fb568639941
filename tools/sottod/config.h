/* config: what sottod can be told, in /etc/sotto/sotto.conf and on its command line. Read by the
 * daemon, and by `sotto doctor`, which must look where the daemon looks. */
#ifndef SOTTO_SOTTOD_CONFIG_H
#define SOTTO_SOTTOD_CONFIG_H

#include "tools/common/settings.h"

struct sottod_config {
    char keys[SETTING_TEXT_BYTES], vault[SETTING_TEXT_BYTES], model[SETTING_TEXT_BYTES],
        model_key[SETTING_TEXT_BYTES], policy[SETTING_TEXT_BYTES], policy_key[SETTING_TEXT_BYTES],
        device_class[SETTING_TEXT_BYTES], locale[SETTING_TEXT_BYTES], outbox[SETTING_TEXT_BYTES];
    uint64_t profile_bytes, allow_unlocked, outbox_files;
    struct {
        char path[SETTING_TEXT_BYTES], users[SETTING_TEXT_BYTES], groups[SETTING_TEXT_BYTES];
        uint64_t connections;
    } ui, operator, subject;
    uint64_t idle_s, message_s, write_s, buffers_kib;
};

/* Holds the defaults until settings_read or settings_file of `sottod_config_settings` fills it. */
extern struct sottod_config sottod_set;
extern const struct settings sottod_config_settings;

#endif
