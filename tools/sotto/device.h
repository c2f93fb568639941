/* device: opens the device that `sotto report` and `sotto budget` look at: its vault and keys,
 * under its packs, through the library like any other start. Whoever holds the vault must let go of
 * it first. */
#ifndef SOTTO_DEVICE_H
#define SOTTO_DEVICE_H

#include "sotto.h"
#include "platform/linux/sotto_linux.h"

struct own_device {
    const char *model, *model_key, *policy, *policy_key, *keys, *vault; /* as on the command line */
    struct sotto_linux linux_port;
    struct sotto_port port;
    struct sotto *engine;
};

/* For a command's help: the options that name a device. */
#define DEVICE_HELP                                                                                \
    "  --model FILE        the device's model pack, its signature beside it\n"                     \
    "  --model-key KEY     the key it is signed with: 56 characters, or the .pub file\n"           \
    "  --policy FILE       the device's policy pack\n"                                             \
    "  --policy-key KEY    the key that one is signed with\n"                                      \
    "  --keys DIR          the folder of the device's keys\n"                                      \
    "  --vault FILE        its vault; the program that uses it must be stopped\n"
#define DEVICE_EXAMPLE                                                                             \
    "--model kiosk.pack --model-key model.pub \\\n      --policy eu.pack --policy-key policy.pub " \
    "--keys /var/lib/sotto/keys --vault /var/lib/sotto/vault.db\n"

/* Takes an option and its value; 0, or -1 when it is none of these. */
int own_device_option(struct own_device *d, const char *name, const char *value);
/* The first option that is missing, NULL when none is. */
const char *own_device_lacks(const struct own_device *d);
int own_device_open(struct own_device *d, struct sotto_error *err) SOTTO_MUST_CHECK;
void own_device_close(struct own_device *d);

#endif
