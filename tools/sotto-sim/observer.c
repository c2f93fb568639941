/* observer: see observer.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "tools/sotto-sim/observer.h"

int observer_key(char text[128], const char *key_or_file, struct sotto_error *err) {
    /* a key itself is 56 base64 characters; anything else names a file whose last line is one */
    enum { KEY_CHARS = 56 };
    if (strlen(key_or_file) == KEY_CHARS && !strchr(key_or_file, '.')) {
        snprintf(text, 128, "%s", key_or_file);
        return SOTTO_OK;
    }
    FILE *f = fopen(key_or_file, "re");
    if (!f)
        return fail(
            err, SOTTO_E_IO,
            "%.150s: %s; give a minisign public key (56 characters) or the file that holds it",
            key_or_file, strerror(errno));
    char line[256], last[256] = "";
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n")] = 0;
        if (*line) snprintf(last, sizeof last, "%s", line);
    }
    fclose(f);
    if (strlen(last) != KEY_CHARS)
        return fail(
            err, SOTTO_E_FORMAT,
            "%.150s: the last line is no minisign public key (56 characters); name the .pub file",
            key_or_file);
    snprintf(text, 128, "%.*s", KEY_CHARS, last);
    return SOTTO_OK;
}

int observer_open(struct observer *o, const struct sotto_port *port, const char *model_path,
                  const char *model_key, const char *policy_path, const char *policy_key,
                  struct sotto_error *err) {
    memset(o, 0, sizeof *o);
    o->model_path = model_path;
    o->policy_path = policy_path;
    int rc = observer_key(o->model_key, model_key, err);
    if (rc == SOTTO_OK) rc = observer_key(o->policy_key, policy_key, err);
    if (rc == SOTTO_OK && crypto_init() != 0)
        rc = fail(err, SOTTO_E_ENTROPY, "libsodium could not start: the system gives no entropy");
    if (rc == SOTTO_OK)
        rc = pack_open(&o->model_pack, port, model_path, o->model_key, PACK_MODEL, "kiosk", err);
    if (rc == SOTTO_OK) rc = model_load(&o->model, &o->model_pack, model_path, err);
    if (rc == SOTTO_OK)
        rc =
            pack_open(&o->policy_pack, port, policy_path, o->policy_key, PACK_POLICY, "kiosk", err);
    if (rc == SOTTO_OK) rc = policy_load(&o->policy, &o->policy_pack, policy_path, err);
    if (rc != SOTTO_OK) observer_close(o);
    return rc;
}

void observer_close(struct observer *o) {
    if (o->policy_pack.bytes) pack_close(&o->policy_pack);
    if (o->model_pack.bytes) pack_close(&o->model_pack);
    o->policy_pack.bytes = o->model_pack.bytes = NULL;
}
