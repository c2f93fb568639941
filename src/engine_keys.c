/* engine_keys: what the engine has to say about the keys below it. The vault does the work. */
#include "engine.h"

#include <stdio.h>

/* What is not said to be bound to the device lies on a medium that can be carried away. */
static int are_soft(const struct sotto_port *port) {
    return (port->key_caps & SOTTO_KEYS_SOFT) || !(port->key_caps & SOTTO_KEYS_DEVICE_BOUND);
}

/* Without a vault no key keeps anything, so any will do. */
int keys_suit(const struct sotto_port *port, const struct policy *policy, const char *path,
              struct sotto_error *why) {
    uint32_t bound = port->key_caps & (SOTTO_KEYS_DEVICE_BOUND | SOTTO_KEYS_SIMULATED);
    if (policy->demo_only && bound == SOTTO_KEYS_DEVICE_BOUND)
        return fail(why, SOTTO_E_KEY,
                    "%.100s is for demonstrations and refuses a device whose keys are bound to it: "
                    "install the policy of its country",
                    path);
    if (policy->allows_soft_keys || !port->vault_path || !are_soft(port)) return SOTTO_OK;
    return fail(why, SOTTO_E_KEY,
                "%.100s refuses keys in ordinary files (soft-keys), so nothing is stored or "
                "personalised: give the device a key store of its own, such as a TPM",
                path);
}

void keys_describe(const struct sotto_port *port, char *text, size_t cap) {
    uint32_t caps = port->key_caps;
    snprintf(text, cap, "%s; destroyed keys are %s; %s",
             are_soft(port) ? "keys in ordinary files (soft)" : "keys bound to this device",
             caps & SOTTO_KEYS_DESTROY_PHYSICAL ? "gone physically" : "overwritten and unlinked",
             caps & SOTTO_KEYS_COUNTER ? "with a counter" : "without a counter");
}

int sotto_keys_rotate(struct sotto *e, struct sotto_rotation *rotation) {
    int status = engine_enter_with(e, rotation, sizeof *rotation, "sotto_rotation");
    if (status != SOTTO_OK) return status;
    engine_now(e);
    return engine_note(e, vault_rotate(e->vault, rotation, &e->error));
}
