/* parts: what the Linux port is made of, for port.c and for the simulated device, which borrows the
 * files and the keystore. Not installed. */
#ifndef SOTTO_LINUX_PARTS_H
#define SOTTO_LINUX_PARTS_H

#include "platform/linux/sotto_linux.h"

/* ---- Files (files.c): callbacks of struct sotto_port; ctx is not used --------------------- */

/* Refuses what others may change: -EPERM when the file is not root's or ours or its group or
 * others may write, -EINVAL when it is no regular file; else -errno. */
int linux_file_map(void *ctx, const char *path, const uint8_t **bytes, size_t *n);
void linux_file_unmap(void *ctx, const uint8_t *bytes, size_t n);
/* Makes an empty file of mode 0600, or takes group's and others' rights from the one that is there,
 * which is not opened: that would cost the locks this process holds on it.
 * 0, or -errno. */
int linux_file_private(const char *path);

/* ---- Keystore (keystore_file.c): callbacks of struct sotto_port; ctx is a struct sotto_linux */

/* Makes and checks the directory and the device key. */
int linux_keystore_open(struct sotto_linux *device, struct sotto_error *err);
int linux_device_secret(void *ctx, uint8_t secret[32]);
int linux_slot_put(void *ctx, unsigned slot, const uint8_t *bytes, size_t n);
int linux_slot_get(void *ctx, unsigned slot, uint8_t *bytes, size_t cap, size_t *n);
int linux_slot_destroy(void *ctx, unsigned slot, int *assurance);

/* ---- Memory (memory.c) -------------------------------------------------------------------- */

/* No core dumps of this process, no debugger and no /proc/PID/mem for others of the same user. */
int linux_forbid_dumps(struct sotto_error *err);

/* ---- Entropy (port.c) --------------------------------------------------------------------- */

int linux_entropy(void *ctx, void *buf, size_t n);

#endif
