/* observer: the simulator's own eyes, outside the devices: the published packs, read once, from
 * which it knows the catalogue, the groups and the metrics. Nothing of it reaches the engine. */
#ifndef SOTTO_SIM_OBSERVER_H
#define SOTTO_SIM_OBSERVER_H

#include "pack/model.h"
#include "pack/policy.h"

struct observer {
    struct pack model_pack, policy_pack;
    struct model model;
    struct policy policy;
    char model_key[128], policy_key[128]; /* base64 text, as sotto_open wants it */
    const char *model_path, *policy_path;
};

/* A public key given as base64 text or as a minisign .pub file, into text for sotto_config. */
int observer_key(char text[128], const char *key_or_file, struct sotto_error *err);
/* Verifies and reads both packs; `port` only maps the files. Release with observer_close. */
int observer_open(struct observer *o, const struct sotto_port *port, const char *model_path,
                  const char *model_key, const char *policy_path, const char *policy_key,
                  struct sotto_error *err);
void observer_close(struct observer *o);

#endif
