/* port: assembles the Linux port; owns its clocks and entropy. Called by front ends through
 * sotto_linux.h. */
#include "platform/linux/parts.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/base.h"

/* CLOCK_BOOTTIME counts sleep too: a kiosk that slept for an hour has been idle for an hour. */
static int clock_mono_ms(void *ctx, uint64_t *ms) {
    struct timespec t;
    (void)ctx;
    if (clock_gettime(CLOCK_BOOTTIME, &t) != 0 && clock_gettime(CLOCK_MONOTONIC, &t) != 0)
        return -errno;
    *ms = (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
    return 0;
}

static int clock_wall_s(void *ctx, int64_t *unix_s) {
    struct timespec t;
    (void)ctx;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0) return -errno;
    *unix_s = t.tv_sec;
    return 0;
}

int linux_entropy(void *ctx, void *buf, size_t n) {
    uint8_t *to = buf;
    (void)ctx;
    while (n > 0) {
        /* Without flags it waits until the kernel's pool was seeded once, early in a first boot. */
        ssize_t got = getrandom(to, n, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -EIO;
        to += got;
        n -= (size_t)got;
    }
    return 0;
}

/* Copies a path that fits; a path cut short would name another file. */
static int path_copy(char to[SOTTO_LINUX_PATH_BYTES], const char *from) {
    size_t n = strlen(from);
    if (n == 0 || n >= SOTTO_LINUX_PATH_BYTES) return -1;
    memcpy(to, from, n + 1);
    return 0;
}

int sotto_linux_port(struct sotto_linux *device, const char *key_dir, const char *vault_path,
                     struct sotto_port *port, struct sotto_error *err) {
    if (!device || !port) return fail(err, SOTTO_E_ARGUMENT, "sotto_linux_port: NULL given");
    memset(port, 0, sizeof *port);
    void *user = device->user;
    memset(device, 0, sizeof *device);
    device->user = user;
    if (key_dir && path_copy(device->key_dir, key_dir) != 0)
        return fail(err, SOTTO_E_ARGUMENT,
                    "sotto_linux_port: the key directory's path must have 1 to %d bytes",
                    SOTTO_LINUX_PATH_BYTES - 1);
    if (vault_path && path_copy(device->vault_path, vault_path) != 0)
        return fail(err, SOTTO_E_ARGUMENT,
                    "sotto_linux_port: the vault's path must have 1 to %d bytes",
                    SOTTO_LINUX_PATH_BYTES - 1);
    int status = linux_forbid_dumps(err);
    if (status == SOTTO_OK && key_dir) status = linux_keystore_open(device, err);
    if (status != SOTTO_OK) return status;
    /* A failure here is the vault's to report, when it opens: the screen must not depend on it. */
    if (vault_path) (void)linux_file_private(device->vault_path);

    port->size = sizeof *port;
    port->ctx = device;
    port->clock_mono_ms = clock_mono_ms;
    port->clock_wall_s = clock_wall_s;
    port->entropy = linux_entropy;
    if (key_dir) {
        port->key_caps = SOTTO_KEYS_SOFT;
        port->device_secret = linux_device_secret;
        port->slot_put = linux_slot_put;
        port->slot_get = linux_slot_get;
        port->slot_destroy = linux_slot_destroy;
        port->slot_bytes = SOTTO_SLOT_BYTES_MAX;
    }
    port->file_map = linux_file_map;
    port->file_unmap = linux_file_unmap;
    port->vault_path = vault_path ? device->vault_path : NULL;
    return SOTTO_OK;
}
