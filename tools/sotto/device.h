/* device: the device that `sotto report`, `sotto budget`, `sotto rights` and `sotto doctor` look
 * at. While sottod runs it owns the vault and is asked on one of its sockets; else the vault is
 * opened here, under its packs, through the library like any other start, with its owner's rights:
 * what root made there sottod could not open. */
#ifndef SOTTO_DEVICE_H
#define SOTTO_DEVICE_H

#include "sotto.h"
#include "platform/linux/sotto_linux.h"
#include "tools/sotto/daemon.h"

struct own_device {
    const char *model, *model_key, *policy, *policy_key, *keys, *vault; /* as on the command line */
    const char *socket;       /* of sottod; NULL: the usual one */
    const char *usual_socket; /* NULL: the operator's */
    const char *device_class; /* as packs name it; NULL: not said */
    struct sotto_linux linux_port;
    struct sotto_port port;
    struct sotto *engine; /* NULL while sottod is asked */
    int is_owner;         /* root acts as the vault's owner until it is closed */
    struct daemon daemon;
    json_t *metrics, *cells; /* what sottod said: of the policy, of the last report */
};

/* For a command's help: the options that name a device. */
#define DEVICE_HELP DEVICE_HELP_OF("operator", DAEMON_OPERATOR_SOCKET)
#define DEVICE_HELP_OF(ROLE, SOCKET)                                                               \
    "Asks sottod where it runs; without it, or to look at another device, name all of these:\n"    \
    "\n"                                                                                           \
    "  --model FILE        the device's model pack, its signature beside it\n"                     \
    "  --model-key KEY     the key it is signed with: 56 characters, or the .pub file\n"           \
    "  --policy FILE       the device's policy pack\n"                                             \
    "  --policy-key KEY    the key that one is signed with\n"                                      \
    "  --keys DIR          the folder of the device's keys\n"                                      \
    "  --vault FILE        its vault; the program that uses it must be stopped\n"                  \
    "  --socket FILE       or sottod's " ROLE " socket (" SOCKET ")\n"
#define DEVICE_EXAMPLE                                                                             \
    "--model kiosk.pack --model-key model.pub \\\n      --policy eu.pack --policy-key policy.pub " \
    "--keys /var/lib/sotto/keys --vault /var/lib/sotto/vault.db\n"

/* Takes an option and its value; 0, or -1 when it is none of these. */
int own_device_option(struct own_device *d, const char *name, const char *value);
/* Whether sottod is to be asked and answers, or all options are there: NULL; else a sentence. */
const char *own_device_lacks(struct own_device *d);
int own_device_open(struct own_device *d, struct sotto_error *err) SOTTO_MUST_CHECK;
/* The same for a device that may be ill: what ails it is in its health. `policy` and `policy_key`
 * may be NULL. */
int own_device_open_ill(struct own_device *d, struct sotto_error *err) SOTTO_MUST_CHECK;
void own_device_close(struct own_device *d);

/* ---- What it says, whoever is asked ---------------------------------------------------------- */

int own_device_budget(struct own_device *d, struct sotto_budget *b,
                      struct sotto_error *err) SOTTO_MUST_CHECK;
/* Of sottod only what its method `health` tells. */
int own_device_health(struct own_device *d, struct sotto_health *health,
                      struct sotto_error *err) SOTTO_MUST_CHECK;
/* The device's key, and its notion of now in seconds since 1970. */
int own_device_about(struct own_device *d, uint8_t key[32], int64_t *now_s,
                     struct sotto_error *err) SOTTO_MUST_CHECK;
/* As sotto_report_preview. */
int own_device_preview(struct own_device *d, uint64_t *cursor, int64_t *release_s,
                       uint8_t bytes[SOTTO_REPORT_MAX], size_t *n,
                       struct sotto_error *err) SOTTO_MUST_CHECK;
/* Names; NULL when the policy in force has none such. The cell's: of the report shown last. */
const char *own_device_metric(struct own_device *d, uint32_t metric);
const char *own_device_cell(struct own_device *d, uint32_t metric, uint32_t cell);

#endif
