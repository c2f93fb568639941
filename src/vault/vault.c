/* vault: records, transactions and profiles, as vault.h promises them. Owns no state of its own:
 * rows are in the store, keys in the keyring; here they meet. */
#include "vault/inside.h"

int require_open(const struct vault *v, struct sotto_error *err) {
    switch (v->store.state) {
    case SOTTO_STORAGE_OK: return SOTTO_OK;
    case SOTTO_STORAGE_NONE:
        return fail(err, SOTTO_E_STATE, "vault: this device keeps nothing (no vault path)");
    case SOTTO_STORAGE_FAILED:
        return fail(err, SOTTO_E_STATE, "%s: the vault failed and waits to be reopened",
                    v->store.path);
    case SOTTO_STORAGE_REFUSED:
        return fail(err, SOTTO_E_STATE, "%s: the vault was refused and is not used", v->store.path);
    }
    return fail(err, SOTTO_E_STATE, "vault: unknown state");
}

/* ---- Transactions ------------------------------------------------------------------------- */

/* Decides on the profiles that were made in the transaction. */
static void keyring_settle(struct vault *v, int is_committed) {
    for (uint32_t i = 0; i < KEYRING_SLOTS; i++) {
        struct data_key *key = &v->keys->slot[i];
        if (key->is_uncommitted && !is_committed) wipe(key, sizeof *key);
        key->is_uncommitted = 0;
    }
}

/* Any failure within a transaction spoils it, also one that is not the store's. */
static int spoil(struct vault *v, int status) {
    if (status != SOTTO_OK && v->store.is_in_transaction) v->store.is_transaction_bad = 1;
    return status;
}

int vault_begin(struct vault *v, struct sotto_error *err) {
    int status = require_open(v, err);
    if (status != SOTTO_OK) return status;
    if (v->store.is_in_transaction)
        return fail(err, SOTTO_E_STATE, "vault: a transaction is already open");
    return store_begin(&v->store, err);
}

int vault_commit(struct vault *v, struct sotto_error *err) {
    int status = require_open(v, err);
    if (status != SOTTO_OK) return status;
    if (!v->store.is_in_transaction || v->store.is_transaction_bad)
        return fail(err, SOTTO_E_STATE, "vault: no transaction that could be committed");
    status = store_commit(&v->store, err);
    if (status == SOTTO_OK) keyring_settle(v, 1);
    return status;
}

void vault_rollback(struct vault *v) {
    store_rollback(&v->store);
    if (v->keys) keyring_settle(v, 0);
}

/* A call that may write: open, and not in a transaction that already failed. */
static int require_writable(const struct vault *v, struct sotto_error *err) {
    int status = require_open(v, err);
    if (status != SOTTO_OK) return status;
    if (v->store.is_in_transaction && v->store.is_transaction_bad)
        return fail(err, SOTTO_E_STATE, "vault: the transaction failed and must be rolled back");
    return SOTTO_OK;
}

/* ---- Rows --------------------------------------------------------------------------------- */

int row_seal(struct vault *v, const struct blob_place *place, const uint8_t key[SEAL_KEY_BYTES],
             const void *content, size_t n, struct sotto_error *err) {
    size_t blob_n = 0;
    uint64_t generation = 1;
    int status = store_get(&v->store, place->k, v->blob, sizeof v->blob, &blob_n, err);
    if (status == SOTTO_OK)
        generation = blob_generation(v->blob, blob_n) + 1;
    else if (status != SOTTO_E_NOT_FOUND)
        return status;
    status =
        blob_seal(v->blob, &blob_n, place, generation, key, v->rng, content, n, v->keys->scratch);
    if (status == SOTTO_E_ENTROPY)
        return fail(err, status, "vault: the random source failed, nothing was stored");
    if (status != SOTTO_OK) return fail(err, status, "vault: the record is too long");
    status = store_put(&v->store, place->k, v->blob, blob_n, err);
    if (status == SOTTO_OK) v->bytes_sealed += blob_n;
    return status;
}

int meta_write(struct vault *v, const uint8_t root[32], struct sotto_error *err) {
    uint8_t bytes[META_BYTES];
    meta_encode(bytes, &v->meta, root);
    return store_put(&v->store, META_ROW, bytes, sizeof bytes, err);
}

int keyring_write(struct vault *v, uint32_t slot, const uint8_t root[32], uint64_t epoch,
                  struct sotto_error *err) {
    uint8_t bytes[DATA_KEY_BYTES_MAX];
    struct blob_place place = {v->meta.store_id, keyring_row(slot), epoch};
    size_t n = data_key_encode(bytes, &v->keys->slot[slot]);
    int status = row_seal(v, &place, root, bytes, n, err);
    wipe(bytes, sizeof bytes);
    return status;
}

/* The row and data key of a record; SOTTO_E_NOT_FOUND, which leaves *err alone, for a profile that
 * is not there. */
static int record_find(struct vault *v, struct vault_key key, struct blob_place *place,
                       const struct data_key **data_key, struct sotto_error *err) {
    if (key.kind < VAULT_SYSTEM || key.kind > VAULT_CLASS_LAST || key.slot >= 1u << 24)
        return fail(err, SOTTO_E_ARGUMENT, "vault: no such class of records or slot");
    place->store_id = v->meta.store_id;
    place->k = row_of(key.kind, key.slot, key.seq);
    uint32_t slot = row_keyring_slot(place->k);
    if (slot == KEYRING_SLOTS || !v->keys->slot[slot].id) return SOTTO_E_NOT_FOUND;
    *data_key = &v->keys->slot[slot];
    place->key_id = (*data_key)->id;
    return SOTTO_OK;
}

int vault_put(struct vault *v, struct vault_key key, const void *bytes, size_t n,
              struct sotto_error *err) {
    struct blob_place place;
    const struct data_key *data_key;
    int status = require_writable(v, err);
    if (status != SOTTO_OK) return status;
    if (n > VAULT_RECORD_MAX)
        return spoil(v, fail(err, SOTTO_E_LIMIT, "vault: the record is too long"));
    status = record_find(v, key, &place, &data_key, err);
    if (status == SOTTO_E_NOT_FOUND) fail(err, status, "vault: no such profile is stored");
    if (status == SOTTO_OK) status = row_seal(v, &place, data_key->key, bytes, n, err);
    if (status == SOTTO_OK) v->records_put++;
    return spoil(v, status);
}

int vault_get(struct vault *v, struct vault_key key, void *buf, size_t cap, size_t *n,
              struct sotto_error *err) {
    struct blob_place place;
    const struct data_key *data_key;
    const uint8_t *content;
    size_t blob_n = 0, length = 0;
    int status = require_open(v, err);
    if (status == SOTTO_OK) status = record_find(v, key, &place, &data_key, err);
    if (status == SOTTO_OK)
        status = store_get(&v->store, place.k, v->blob, sizeof v->blob, &blob_n, err);
    if (status != SOTTO_OK) return status;
    if (blob_unseal(v->blob, blob_n, &place, data_key->key, v->keys->scratch, &content, &length) !=
        SOTTO_OK)
        return fail(err, SOTTO_E_CORRUPT, "%s: a record of class %u is damaged", v->store.path,
                    (unsigned)key.kind);
    if (length > cap) {
        status = fail(err, SOTTO_E_LIMIT, "vault: the record does not fit the buffer");
    } else {
        if (length) memcpy(buf, content, length);
        *n = length;
    }
    wipe(v->keys->scratch, length + 4);
    return status;
}

int vault_delete(struct vault *v, struct vault_key key, struct sotto_error *err) {
    struct blob_place place;
    const struct data_key *data_key;
    int status = require_writable(v, err);
    if (status != SOTTO_OK) return status;
    status = record_find(v, key, &place, &data_key, err);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK; /* no profile, no records */
    if (status == SOTTO_OK) status = store_delete(&v->store, place.k, place.k, NULL, err);
    return spoil(v, status);
}

int vault_next(struct vault *v, struct vault_key *key, int is_first, struct sotto_error *err) {
    int status = require_open(v, err);
    if (status != SOTTO_OK) return status;
    if (key->kind < VAULT_SYSTEM || key->kind > VAULT_CLASS_LAST || key->slot >= 1u << 24)
        return fail(err, SOTTO_E_ARGUMENT, "vault: no such class of records or slot");
    int64_t row = row_of(key->kind, key->slot, key->seq) + (is_first ? 0 : 1);
    status = store_next(&v->store, row, row_of(key->kind, 0xffffff, UINT32_MAX), &row, err);
    if (status != SOTTO_OK) return status;
    key->slot = (uint32_t)((uint64_t)row >> 32) & 0xffffffu;
    key->seq = (uint32_t)row;
    return SOTTO_OK;
}

/* ---- Profiles ----------------------------------------------------------------------------- */

int vault_profile_find(struct vault *v, const char *name, uint32_t *slot) {
    if (require_open(v, NULL) != SOTTO_OK) return SOTTO_E_STATE;
    for (uint32_t i = 1; i < KEYRING_SLOTS; i++) {
        const struct data_key *key = &v->keys->slot[i];
        if (key->id && strcmp(key->name, name) == 0) {
            *slot = i;
            return SOTTO_OK;
        }
    }
    return SOTTO_E_NOT_FOUND;
}

int vault_profile_create(struct vault *v, const char *name, uint32_t *slot,
                         struct sotto_error *err) {
    uint32_t free_slot = 1, taken;
    size_t length = name ? strlen(name) : 0;
    int status = require_writable(v, err);
    if (status != SOTTO_OK) return status;
    if (length < 1 || length > SOTTO_PROFILE_NAME_MAX)
        return spoil(v, fail(err, SOTTO_E_ARGUMENT, "vault: a profile's name has 1 to %d bytes",
                             SOTTO_PROFILE_NAME_MAX));
    if (vault_profile_find(v, name, &taken) == SOTTO_OK)
        return spoil(v, fail(err, SOTTO_E_STATE, "vault: this profile is stored already"));
    while (free_slot < KEYRING_SLOTS && v->keys->slot[free_slot].id) free_slot++;
    if (free_slot == KEYRING_SLOTS)
        return spoil(v, fail(err, SOTTO_E_LIMIT,
                             "vault: it already holds %d profiles; erase one first",
                             SOTTO_PROFILES_MAX));

    struct data_key *key = &v->keys->slot[free_slot];
    if (data_key_draw(key, name, v->rng) != SOTTO_OK)
        return spoil(
            v, fail(err, SOTTO_E_ENTROPY, "vault: the random source failed, no key was made"));
    status = keyring_write(v, free_slot, v->keys->root, v->meta.epoch, err);
    if (status != SOTTO_OK) {
        wipe(key, sizeof *key);
        return spoil(v, status);
    }
    key->is_uncommitted = v->store.is_in_transaction;
    *slot = free_slot;
    return SOTTO_OK;
}

uint32_t vault_profile_count(const struct vault *v) {
    uint32_t count = 0;
    for (uint32_t i = 1; v->keys && i < KEYRING_SLOTS; i++) count += v->keys->slot[i].id != 0;
    return count;
}

/* ---- The rest ----------------------------------------------------------------------------- */

int vault_device_key(struct vault *v, const char *label, uint8_t key[32]) {
    uint8_t secret[32];
    if (!v->port || !v->port->device_secret || v->port->device_secret(v->port->ctx, secret) != 0) {
        wipe(key, 32);
        return SOTTO_E_KEY;
    }
    /* One fixed label of the room and the caller's as content: no caller can name the vault's own.
     */
    hash_keyed(key, secret, "sotto-vault-device", label, strlen(label));
    wipe(secret, sizeof secret);
    return SOTTO_OK;
}

struct vault_stats vault_stats(const struct vault *v) {
    struct vault_stats stats = {v->records_put, v->bytes_sealed, v->store.commits,
                                v->store.failures};
    return stats;
}
