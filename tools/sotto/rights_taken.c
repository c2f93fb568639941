/* rights_taken: see rights_taken.h. */
#include "tools/sotto/rights_taken.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

_Static_assert(SOTTO_RECEIPT_BYTES <= SOTTO_CONSENT_RECEIPT_BYTES, "one place fits both");

int taken_write(const char *path, const void *bytes, size_t n, struct sotto_error *err) {
    FILE *f = stdout;
    if (path) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        f = fd < 0 ? NULL : fdopen(fd, "wb");
        if (!f && fd >= 0) close(fd);
    }
    int is_good = f && fwrite(bytes, 1, n, f) == n && fflush(f) == 0;
    if (f && path && fclose(f) != 0) is_good = 0;
    if (is_good) return SOTTO_OK;
    return fail(err, SOTTO_E_IO, "%.150s: %s", path ? path : "the output", strerror(errno));
}

/* The next place; NULL when all are taken. */
static struct taken_receipt *place(struct taken *t, int is_erasure, uint64_t number, size_t n) {
    struct taken_receipt *r = t->n < TAKEN_MAX ? &t->receipts[t->n++] : NULL;
    if (r) *r = (struct taken_receipt){.is_erasure = is_erasure, .number = number, .n = n};
    return r;
}

int taken_here(struct taken *t, struct sotto *engine, sotto_session session) {
    uint8_t bytes[SOTTO_CONSENT_RECEIPT_BYTES];
    int status = SOTTO_OK;
    for (int is_erasure = 0; is_erasure < 2; is_erasure++) {
        uint64_t cursor = 0;
        while ((status = is_erasure ? sotto_receipt_next(engine, &cursor, bytes)
                                    : sotto_consent_receipt_next(engine, session, &cursor,
                                                                 bytes)) == SOTTO_OK) {
            struct taken_receipt *r =
                place(t, is_erasure, cursor,
                      is_erasure ? SOTTO_RECEIPT_BYTES : SOTTO_CONSENT_RECEIPT_BYTES);
            if (r) memcpy(r->bytes, bytes, r->n);
        }
        if (status != SOTTO_E_NOT_FOUND) return status;
    }
    return SOTTO_OK;
}

static void take(struct taken *t, int is_erasure, const json_t *list) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *hex = json_string_value(json_object_get(one, "bytes"));
        size_t n = hex ? strlen(hex) / 2 : 0;
        if (n > SOTTO_CONSENT_RECEIPT_BYTES) continue;
        struct taken_receipt *r =
            place(t, is_erasure, (uint64_t)json_integer_value(json_object_get(one, "number")), n);
        for (size_t k = 0; r && k < n; k++) {
            char pair[3] = {hex[2 * k], hex[2 * k + 1], 0};
            r->bytes[k] = (uint8_t)strtoul(pair, NULL, 16);
        }
    }
}

int taken_asked(struct taken *t, struct daemon *d, const char *profile, struct sotto_error *err) {
    for (int is_erasure = 0; is_erasure < 2; is_erasure++) {
        json_t *r = daemon_ask(d, is_erasure ? "receipts" : "consent_receipts",
                               is_erasure ? NULL : json_pack("{s:s}", "profile", profile), err);
        if (!r) return err->status;
        take(t, is_erasure, json_object_get(r, "receipts"));
        json_decref(r);
    }
    return SOTTO_OK;
}

int taken_put(const struct taken *t, const char *prefix, struct sotto_error *err) {
    char path[600];
    for (size_t i = 0; i < t->n; i++) {
        const struct taken_receipt *r = &t->receipts[i];
        const char *kind = r->is_erasure ? "erasure" : "consent";
        int status = SOTTO_OK;
        printf("%s %" PRIu64, kind, r->number);
        if (prefix) {
            snprintf(path, sizeof path, "%.512s.%s.%" PRIu64, prefix, kind, r->number);
            status = taken_write(path, r->bytes, r->n, err);
            printf(" %s", path);
        }
        printf("\n");
        if (status != SOTTO_OK) return status;
    }
    return SOTTO_OK;
}
