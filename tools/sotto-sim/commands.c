/* commands: what the subcommands share. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/linux/sotto_linux.h"
#include "platform/sim/sim_port.h"
#include "tools/common/cli.h"
#include "tools/sotto-sim/commands.h"

int command_io(const char *program, const char *path) {
    int full = errno == ENOSPC || errno == EDQUOT;
    fprintf(stderr, "%s: %s: %s\n", program, path, strerror(errno));
    return full ? EXIT_TEMPORARY : EXIT_FAILED;
}

int command_packs(struct observer *packs, const struct options *o, struct sotto_error *err) {
    static struct sim_device reader; /* the packs stay mapped through its port */
    static const uint8_t seed[32] = {0};
    int rc = sim_device_init(&reader, seed, NULL, err);
    if (rc != SOTTO_OK) return rc;
    return observer_open(packs, &reader.port, o->model, o->model_key, o->policy, o->policy_key,
                         err);
}
