/* merge: see merge.h. */
#include "tools/sotto-fleet/merge.h"

#include <stdio.h>
#include <sys/stat.h>

#include "crypto/crypto.h"

struct run {
    struct fleet_store store;
    struct ingest *ingest;
    struct fleet_collected *result;
    const char *from;
    int is_roll_altered;
};

static int each_device(void *ctx, const struct fleet_device *d, int is_enrolled,
                       struct sotto_error *err) {
    struct run *run = ctx;
    uint8_t digest[HASH_BYTES], key[32];
    uint32_t line;
    if (!utf8_is_printable(d->label, strlen(d->label)) ||
        !utf8_is_printable(d->group, strlen(d->group)))
        return fail(err, SOTTO_E_FORMAT,
                    "%.120s: the label or group of a device is not printable; nothing was merged: "
                    "restore it from a backup",
                    run->from);
    hash256(digest, d->key, sizeof d->key);
    int status = fleet_store_device(&run->store, d->id, 1, key, err);
    if (memcmp(digest, d->id, sizeof d->id) != 0 ||
        (status == SOTTO_OK && memcmp(key, d->key, sizeof key) != 0))
        return fail(err, SOTTO_E_FORMAT,
                    "%.120s: a device's id does not fit its key; nothing was merged: restore it "
                    "from a backup",
                    run->from);
    if (status == SOTTO_OK && is_enrolled)
        status = fleet_store_device(&run->store, d->id, 0, key, err);
    if (status != SOTTO_E_NOT_FOUND) return status;
    if (!is_enrolled) return fleet_store_retired(&run->store, d, err);
    status = run->is_roll_altered ? SOTTO_OK : fleet_store_alter_roll(&run->store, err);
    run->is_roll_altered = 1;
    return status == SOTTO_OK ? fleet_store_enrol(&run->store, d, 0, &line, err) : status;
}

static int each_bytes(void *ctx, const char *place, const uint8_t *bytes, size_t n,
                      struct sotto_error *err) {
    struct run *run = ctx;
    if (n <= SOTTO_REPORT_MAX) return ingest_report(run->ingest, place, bytes, n, err);
    struct fleet_bytes odd = {.place = place, .bytes = bytes, .n = n}; /* of quarantine */
    hash256(odd.hash, bytes, n);
    return ingest_odd(run->ingest, &odd, FLEET_MALFORMED, "too long to be a report", err);
}

static int is_same_file(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int merge_one(struct run *run, const char *path, struct sotto_error *err) {
    struct fleet_store from;
    if (is_same_file(path, run->store.path))
        return fail(err, SOTTO_E_FORMAT, "%.120s would be merged into itself; name other databases",
                    path);
    int status = fleet_store_open(&from, path, 0, err);
    if (status != SOTTO_OK) return status;
    run->from = path;
    run->result->files++;
    status = fleet_store_copy_schemas(&run->store, &from, err);
    if (status == SOTTO_OK) status = fleet_store_devices(&from, each_device, run, err);
    if (status == SOTTO_OK) status = fleet_store_bytes(&from, each_bytes, run, err);
    fleet_store_close(&from);
    return status;
}

int fleet_merge(const char *db, char *const *from, size_t n, struct fleet_collected *result,
                struct sotto_error *err) {
    struct run run = {.result = result};
    memset(result, 0, sizeof *result);
    if (crypto_init() != 0)
        return fail(err, SOTTO_E_ENTROPY, "libsodium could not start: the system gives no entropy");
    int status = fleet_store_open(&run.store, db, 1, err);
    if (status != SOTTO_OK) return status;
    run.ingest = ingest_new(&run.store, 1, result);
    status = run.ingest ? fleet_store_begin(&run.store, err)
                        : fail(err, SOTTO_E_MEMORY, "out of memory");
    for (size_t i = 0; i < n && status == SOTTO_OK; i++) status = merge_one(&run, from[i], err);
    if (status == SOTTO_OK) status = ingest_flush(run.ingest, err);
    if (status == SOTTO_OK) status = fleet_store_enrolled(&run.store, &result->enrolled, err);
    if (status == SOTTO_OK) status = fleet_store_commit(&run.store, err);
    if (status != SOTTO_OK) fleet_store_rollback(&run.store);
    ingest_free(run.ingest);
    fleet_store_close(&run.store);
    return status;
}
