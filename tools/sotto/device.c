/* device: see device.h. */
#include "tools/sotto/device.h"

#include <string.h>

#include "base/base.h"
#include "tools/common/public_key.h"

static const char *const names[] = {"model", "model-key", "policy", "policy-key", "keys", "vault"};

static const char **field(struct own_device *d, size_t i) {
    const char **const fields[] = {&d->model,      &d->model_key, &d->policy,
                                   &d->policy_key, &d->keys,      &d->vault};
    return fields[i];
}

int own_device_option(struct own_device *d, const char *name, const char *value) {
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0) {
            *field(d, i) = value;
            return 0;
        }
    return -1;
}

const char *own_device_lacks(const struct own_device *d) {
    struct own_device copy = *d;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (!*field(&copy, i)) return names[i];
    return NULL;
}

int own_device_open(struct own_device *d, struct sotto_error *err) {
    char model_key[PUBLIC_KEY_CHARS + 1], policy_key[PUBLIC_KEY_CHARS + 1];
    struct sotto_health health = {.size = sizeof health};
    int status = public_key_text(model_key, d->model_key, err);
    if (status == SOTTO_OK) status = public_key_text(policy_key, d->policy_key, err);
    if (status == SOTTO_OK)
        status = sotto_linux_port(&d->linux_port, d->keys, d->vault, &d->port, err);
    if (status != SOTTO_OK) return status;
    d->port.allow_unlocked = 1; /* a look in passing, not a service */
    const struct sotto_config config = {.size = sizeof config,
                                        .port = &d->port,
                                        .model_pack = d->model,
                                        .model_key = model_key,
                                        .policy_pack = d->policy,
                                        .policy_key = policy_key};
    status = sotto_open(&config, &d->engine, err);
    if (status == SOTTO_OK) status = sotto_health(d->engine, &health);
    if (status == SOTTO_OK && health.policy_status != SOTTO_OK)
        status = fail(err, health.policy_status, "%s", health.policy_message);
    if (status == SOTTO_OK && health.storage != SOTTO_STORAGE_OK &&
        health.storage != SOTTO_STORAGE_READ_ONLY)
        status =
            fail(err, health.storage_status ? health.storage_status : SOTTO_E_IO, "%s",
                 health.storage_message[0] ? health.storage_message : "the vault is out of reach");
    if (status != SOTTO_OK) own_device_close(d);
    return status;
}

void own_device_close(struct own_device *d) {
    sotto_close(d->engine);
    d->engine = NULL;
}
