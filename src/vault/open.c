/* open: bringing the vault up and putting it down. Owns the order of things at a start: nothing is
 * written before every row has been authenticated, no slot is destroyed before META has been. The
 * one exception is an erasure that a power cut interrupted: it is finished as soon as the keyring
 * is authentic, even if some record turns out to be damaged afterwards. */
#include "vault/inside.h"

size_t vault_bytes(void) { return sizeof(struct vault); }
size_t vault_locked_bytes(void) { return sizeof(struct keyring); }
int vault_is_locked(const struct vault *v) { return !v->keys || v->is_locked; }

enum sotto_storage_state vault_state(const struct vault *v) { return v->store.state; }

static int refuse(struct vault *v, int status, struct sotto_error *err, const char *format) {
    v->store.state = SOTTO_STORAGE_REFUSED;
    return fail(err, status, format, v->store.path);
}

static const char DAMAGED[] =
    "%s: the vault does not open with this device's keys: it is damaged or another device's; it "
    "was left as it is, move it away to start anew";

/* ---- The hardware counter ---------------------------------------------------------------- */

static int counter_read(struct vault *v, struct sotto_error *err) {
    v->counter = 0;
    if (!vault_has_counter(v) || v->port->counter_read(v->port->ctx, &v->counter) == 0)
        return SOTTO_OK;
    return fail(err, SOTTO_E_KEY, "counter: the key store could not read it");
}

/* META may be one ahead of the counter, when power was cut between the two. Behind it, the file is
 * an older copy; further ahead, or without any counter now, the counter is not the one it knew. */
static int counter_check(struct vault *v, struct sotto_error *err) {
    int status = counter_read(v, err);
    if (status != SOTTO_OK) return status;
    if (v->meta.format == 1) v->meta.counter = v->counter; /* it never had one */
    if (v->meta.counter == v->counter) return SOTTO_OK;
    if (vault_has_counter(v) && v->meta.counter == v->counter + 1) return SOTTO_OK;
    return refuse(v, SOTTO_E_ROLLBACK, err,
                  "%s: the vault is not the latest: an older copy was put in its place, or the key "
                  "store was changed; put the latest back, or move it away to start anew");
}

static int counter_catch_up(struct vault *v, struct sotto_error *err) {
    if (v->meta.counter == v->counter) return SOTTO_OK;
    return v->port->counter_bump(v->port->ctx, &v->counter) == 0
               ? SOTTO_OK
               : fail(err, SOTTO_E_KEY, "counter: the key store could not move it");
}

/* ---- A new vault -------------------------------------------------------------------------- */

/* A slot that already holds a key is kept and used: the file may be missing only because its
 * partition is not mounted, and destroying the key would then destroy that vault. */
static int vault_make(struct vault *v, struct sotto_error *err) {
    struct meta *meta = &v->meta;
    int is_gone;
    if (rng_bytes(v->rng, meta->store_id, STORE_ID_BYTES) != 0)
        return fail(err, SOTTO_E_ENTROPY, "vault: the random source failed, nothing was made");
    uint8_t *bytes = v->keys->slot_bytes;
    int has_key[2] = {slot_is_filled(v->port, 0, bytes), slot_is_filled(v->port, 1, bytes)};
    meta->epoch = has_key[0] && !has_key[1] ? 2 : 1;
    int status = counter_read(v, err);
    meta->counter = v->counter;
    if (status == SOTTO_OK && !has_key[0] && !has_key[1])
        status = slot_renew(v->port, v->rng, meta->epoch, bytes, err);
    if (status == SOTTO_OK)
        status = root_derive(v->port, meta, bytes, v->keys->root, &is_gone, err);
    if (status == SOTTO_OK && data_key_draw(&v->keys->slot[KEYRING_DEVICE], "", v->rng) != 0)
        status = fail(err, SOTTO_E_ENTROPY, "vault: the random source failed, nothing was made");
    census_key(v->keys->census, v->keys->slot[KEYRING_DEVICE].key);
    if (status == SOTTO_OK) status = store_create(&v->store, err);
    if (status == SOTTO_OK)
        status = keyring_write(v, KEYRING_DEVICE, v->keys->root, meta->epoch, err);
    if (status == SOTTO_OK) status = change_commit(v, v->keys->root, err);
    if (status == SOTTO_OK) status = store_accept(&v->store, err);
    return status;
}

/* ---- A vault that is there ---------------------------------------------------------------- */

static int meta_load(struct vault *v, struct sotto_error *err) {
    size_t n = 0;
    int is_gone;
    int status = store_get(&v->store, META_ROW, v->blob, sizeof v->blob, &n, err);
    if (status == SOTTO_E_NOT_FOUND) return refuse(v, SOTTO_E_CORRUPT, err, DAMAGED);
    if (status != SOTTO_OK) return status;
    status = meta_decode(v->blob, n, &v->meta);
    if (status == SOTTO_E_NEWER)
        return refuse(v, status, err,
                      "%s: the vault was written by a newer engine; update this one. The vault "
                      "was left as it is");
    if (status != SOTTO_OK) return refuse(v, status, err, DAMAGED);
    status = root_derive(v->port, &v->meta, v->keys->slot_bytes, v->keys->root, &is_gone, err);
    if (status != SOTTO_OK) {
        if (is_gone) v->store.state = SOTTO_STORAGE_REFUSED;
        return status;
    }
    if (!meta_is_authentic(v->blob, v->keys->root)) return refuse(v, SOTTO_E_CORRUPT, err, DAMAGED);
    v->stored = v->meta;
    v->is_doubt_there = n == META_BYTES && v->is_in_doubt &&
                        equal_ct(v->blob + n - HASH_BYTES, v->doubt_mac, HASH_BYTES);
    return counter_check(v, err);
}

static int keyring_load(struct vault *v, struct sotto_error *err) {
    uint8_t *entry = v->keys->slot_bytes; /* locked */
    size_t n = 0;
    for (uint32_t i = 0; i < KEYRING_SLOTS; i++) {
        struct blob_place place = {v->meta.store_id, keyring_row(i), v->meta.epoch};
        int status = row_read(v, &place, v->keys->root, entry, DATA_KEY_BYTES_MAX, &n, err);
        if (status == SOTTO_E_NOT_FOUND && i != KEYRING_DEVICE) continue;
        if (status == SOTTO_OK) status = data_key_decode(&v->keys->slot[i], entry, n);
        wipe(entry, DATA_KEY_BYTES_MAX);
        if (status == SOTTO_E_CORRUPT || status == SOTTO_E_LIMIT || status == SOTTO_E_NOT_FOUND)
            return refuse(v, SOTTO_E_CORRUPT, err, DAMAGED);
        if (status != SOTTO_OK) return status;
    }
    census_key(v->keys->census, v->keys->slot[KEYRING_DEVICE].key);
    return SOTTO_OK;
}

/* What row `k`, whose blob is in v->blob, is: authentic, or not ours. */
static int row_check(struct vault *v, int64_t row, size_t n) {
    uint32_t slot = row_keyring_slot(row), entry = (uint32_t)((uint64_t)row >> 32);
    const uint8_t *content;
    if (slot < KEYRING_SLOTS && v->keys->slot[slot].id) {
        const struct data_key *key = &v->keys->slot[slot];
        struct blob_place place = {v->meta.store_id, row, key->id};
        int status = blob_unseal(v->blob, n, &place, key->key, v->keys->scratch, &content, &n);
        wipe(v->keys->scratch, sizeof v->keys->scratch);
        return status;
    }
    if (row >= 0 && entry < KEYRING_SLOTS && row == keyring_row(entry))
        return SOTTO_OK; /* keyring_load has opened it */
    /* A newer engine may keep more kinds of rows. The census vouches for them. */
    uint32_t kind = (uint32_t)((uint64_t)row >> 56);
    return v->meta.format > META_FORMAT && kind > VAULT_CLASS_LAST ? SOTTO_OK : SOTTO_E_CORRUPT;
}

/* Reads every row but META once, into *census; with `is_checked` each must be authentic. Damage is
 * refused. */
static int rows_walk(struct vault *v, int is_checked, struct census *census,
                     struct sotto_error *err) {
    int64_t row = INT64_MIN;
    size_t n = 0;
    int status;
    memset(census, 0, sizeof *census);
    memset(v->used, 0, sizeof v->used);
    while ((status = store_next(&v->store, row, VAULT_ROWS_LAST, &row, err)) == SOTTO_OK) {
        if (row != META_ROW) {
            status = store_get(&v->store, row, v->blob, sizeof v->blob, &n, err);
            if (status != SOTTO_OK) return status;
            census_turn(census, v->keys->census, row, v->blob, n);
            usage_turn(v, row, n, 1);
            if (is_checked && row_check(v, row, n) != SOTTO_OK)
                return refuse(v, SOTTO_E_CORRUPT, err, DAMAGED);
        }
        if (row == VAULT_ROWS_LAST) return SOTTO_OK;
        row++;
    }
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status;
}

/* Afterwards the rows are known to be exactly those of the last commit, each an authentic record of
 * this store, so that no damage can pass for a record that was never written. */
static int rows_check(struct vault *v, struct sotto_error *err) {
    struct census census;
    int status = rows_walk(v, 1, &census, err);
    if (status != SOTTO_OK) return status;
    memcpy(v->used_stored, v->used, sizeof v->used);
    return equal_ct(census.sum, v->meta.census.sum, CENSUS_BYTES)
               ? SOTTO_OK
               : refuse(v, SOTTO_E_CORRUPT, err, DAMAGED);
}

/* What was read is durable and may be changed. Only now is a commit that failed known to have been
 * done: what the kernel showed before, the medium may not have had. */
static int file_accept(struct vault *v, struct sotto_error *err) {
    int status = store_accept(&v->store, err);
    if (status != SOTTO_OK || !v->is_in_doubt) return status;
    v->landed = v->landed << 1 | (v->is_doubt_there != 0);
    v->is_in_doubt = 0;
    return SOTTO_OK;
}

static int vault_load(struct vault *v, struct sotto_error *err) {
    struct sotto_receipt done;
    int status = meta_load(v, err);
    if (status == SOTTO_OK) status = store_check(&v->store, err);
    if (status == SOTTO_OK) status = keyring_load(v, err);
    if (status == SOTTO_OK && v->meta.format == 1) {
        status = rows_walk(v, 0, &v->meta.census, err); /* nor this */
        v->stored = v->meta;
    }
    if (status != SOTTO_OK) return status;
    if (v->meta.format > META_FORMAT) {
        status = rows_check(v, err);
        if (status == SOTTO_OK) v->store.state = SOTTO_STORAGE_READ_ONLY;
        return status;
    }
    int is_owed = v->meta.pending != PENDING_NOTHING;
    if (is_owed) {
        status = file_accept(v, err);
        if (status == SOTTO_OK) status = erase_finish(v, &done, err);
    }
    if (status == SOTTO_OK) status = rows_check(v, err);
    if (status == SOTTO_OK && !is_owed) status = file_accept(v, err);
    /* Not before what META says is known to last. */
    if (status == SOTTO_OK) status = counter_catch_up(v, err);
    if (status == SOTTO_OK && v->meta.format == 1) {
        /* It names no counter: under a new key its copies open no more. */
        status = store_begin(&v->store, err);
        if (status == SOTTO_OK) status = rotation_commit(v, err);
    }
    if (status == SOTTO_OK && !is_owed) status = erase_finish(v, &done, err);
    return status;
}

/* ---- Up and down -------------------------------------------------------------------------- */

/* Puts the vault down; its state stays to be read. */
static void vault_drop(struct vault *v) {
    store_close(&v->store);
    locked_free(v->keys); /* wipes */
    v->keys = NULL;
    wipe(&v->meta, sizeof v->meta);
    wipe(&v->stored, sizeof v->stored);
    memset(v->used, 0, sizeof v->used);
    memset(v->used_stored, 0, sizeof v->used_stored);
    v->is_anchored = v->is_counter_lost = 0;
    v->n_notes = 0;
    wipe(v->blob, sizeof v->blob);
}

static int vault_raise(struct vault *v, struct sotto_error *err) {
    const char *path = v->port->vault_path;
    if (!path) {
        v->store.state = SOTTO_STORAGE_NONE;
        return SOTTO_OK;
    }
    v->store.state = SOTTO_STORAGE_FAILED;
    v->store.path = path;
    if (!*path) return fail(err, SOTTO_E_ARGUMENT, "port: vault_path is empty");
    if (!v->port->slot_put || !v->port->slot_get || !v->port->slot_destroy ||
        !v->port->device_secret)
        return fail(err, SOTTO_E_ARGUMENT, "port: the key store's callbacks are missing");
    v->keys = guarded_alloc(sizeof *v->keys, &v->is_locked);
    if (!v->keys || (!v->is_locked && !v->port->allow_unlocked)) {
        vault_drop(v);
        return fail(err, SOTTO_E_MEMORY,
                    "vault: %zu bytes of memory could not be locked for its keys; raise "
                    "RLIMIT_MEMLOCK (LimitMEMLOCK= in a systemd unit)",
                    vault_locked_bytes());
    }

    int status = store_open(&v->store, path, v->port->vault_vfs, !v->was_open, err);
    if (status == SOTTO_OK && v->store.is_new && v->was_open)
        status = fail(err, SOTTO_E_IO,
                      "%s: the vault's file was emptied while it was in use; put it back", path);
    if (status == SOTTO_OK) status = v->store.is_new ? vault_make(v, err) : vault_load(v, err);
    if (status == SOTTO_OK) {
        v->was_open = 1;
        if (v->store.state != SOTTO_STORAGE_READ_ONLY) v->store.state = SOTTO_STORAGE_OK;
    } else {
        store_rollback(&v->store);
        vault_drop(v);
    }
    return status;
}

int vault_open(struct vault *v, const struct sotto_port *port, struct rng *rng,
               struct sotto_error *err) {
    v->port = port;
    v->rng = rng;
    v->was_open = 0;
    if (crypto_init() != 0) {
        v->store.state = SOTTO_STORAGE_FAILED;
        return fail(err, SOTTO_E_STATE, "vault: libsodium did not start");
    }
    return vault_raise(v, err);
}

int vault_look(struct vault *v, struct sotto_error *err) {
    return v->store.state == SOTTO_STORAGE_OK ? store_look(&v->store, err) : SOTTO_OK;
}

int vault_retry(struct vault *v, struct sotto_error *err) {
    if (!v->port) return fail(err, SOTTO_E_STATE, "vault: it was never opened");
    store_rollback(&v->store);
    vault_drop(v);
    return vault_raise(v, err);
}

void vault_close(struct vault *v) {
    store_rollback(&v->store);
    vault_drop(v);
    v->store.state = SOTTO_STORAGE_NONE;
}
