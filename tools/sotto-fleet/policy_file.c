/* policy_file: loads a policy pack on the operator's side, with the device's own code, so that both
 * believe the same. Expiry and version floor do not matter here: the reports of last month were
 * made under the policy of last month. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "pack/pack.h"
#include "platform/linux/parts.h"
#include "tools/sotto-fleet/collect.h"

#define KEY_CHARS 56 /* a minisign public key in base64 */

static int key_read(char key[KEY_CHARS + 1], const char *key_or_file, struct sotto_error *err) {
    char line[256], last[256] = "";
    FILE *f = fopen(key_or_file, "re");
    if (!f && strlen(key_or_file) == KEY_CHARS) {
        memcpy(key, key_or_file, KEY_CHARS + 1);
        return SOTTO_OK;
    }
    if (!f)
        return fail(
            err, SOTTO_E_IO,
            "%.120s: %s; give a minisign public key (56 characters) or the file that holds it",
            key_or_file, strerror(errno));
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0]) snprintf(last, sizeof last, "%s", line);
    }
    fclose(f);
    if (strlen(last) != KEY_CHARS)
        return fail(
            err, SOTTO_E_FORMAT,
            "%.120s: its last line is no minisign public key (56 characters); name the .pub file",
            key_or_file);
    memcpy(key, last, KEY_CHARS + 1);
    return SOTTO_OK;
}

/* The device class that the pack names for itself; pack_open then verifies the signature over it.
 */
static void class_peek(const struct sotto_port *port, const char *path,
                       char device_class[PACK_CLASS_MAX + 1]) {
    struct pack pack = {.port = port};
    device_class[0] = '\0';
    if (port->file_map(port->ctx, path, &pack.bytes, &pack.n) != 0) return;
    if (pack_parse(&pack, path, NULL) == SOTTO_OK)
        memcpy(device_class, pack.device_class, PACK_CLASS_MAX + 1);
    port->file_unmap(port->ctx, pack.bytes, pack.n);
}

int fleet_policy_load(struct policy *policy, const char *path, const char *key_or_file,
                      struct sotto_error *err) {
    const struct sotto_port port = {
        .size = sizeof port, .file_map = linux_file_map, .file_unmap = linux_file_unmap};
    char key[KEY_CHARS + 1], device_class[PACK_CLASS_MAX + 1];
    struct pack pack;
    if (crypto_init() != 0)
        return fail(err, SOTTO_E_ENTROPY, "libsodium could not start: the system gives no entropy");
    int status = key_read(key, key_or_file, err);
    if (status != SOTTO_OK) return status;
    class_peek(&port, path, device_class);
    status = pack_open(&pack, &port, path, key, PACK_POLICY, device_class, err);
    if (status != SOTTO_OK) return status;
    status = policy_load(policy, &pack, path, err);
    pack_close(&pack);
    return status;
}
