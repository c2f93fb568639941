/* vault: records, transactions and profiles, as vault.h promises them. Owns no state of its own:
 * rows are in the store, keys in the keyring; here they meet. */
#include "vault/inside.h"

int require_open(const struct vault *v, struct sotto_error *err) {
    switch (v->store.state) {
    case SOTTO_STORAGE_OK:
    case SOTTO_STORAGE_READ_ONLY: return SOTTO_OK;
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
    if (status != SOTTO_OK) v->store.is_transaction_bad = 1;
    return status;
}

void change_drop(struct vault *v) {
    store_rollback(&v->store);
    v->meta = v->stored;
    memcpy(v->used, v->used_stored, sizeof v->used);
    v->is_anchored = 0;
    v->n_notes = 0;
    if (v->keys) keyring_settle(v, 0);
}

/* Whether a commit can move the counter: not before one that did not answer has told where it is.
 * Until then META stays at most one ahead of it, which the next start mends. */
static int counter_is_ready(struct vault *v) {
    if (!vault_has_counter(v)) return 0;
    if (v->is_counter_lost && v->port->counter_read(v->port->ctx, &v->counter) != 0) return 0;
    v->is_counter_lost = 0;
    return 1;
}

int change_commit(struct vault *v, const uint8_t root[32], struct sotto_error *err) {
    uint8_t bytes[META_BYTES], *meta = bytes;
    int has_moved = v->is_anchored && counter_is_ready(v), status = SOTTO_OK;
    if (v->n_notes) status = audit_append(v, v->notes, v->n_notes, 0, err);
    if (status != SOTTO_OK) return status;
    v->meta.generation++;
    v->meta.format = META_FORMAT;
    if (has_moved) v->meta.counter = v->counter + 1;
    meta_encode(meta, &v->meta, root);
    status = store_put(&v->store, META_ROW, meta, META_BYTES, err);
    if (status != SOTTO_OK) return status;
    status = store_commit(&v->store, err);
    if (status != SOTTO_OK) {
        v->is_in_doubt = 1;
        v->doubts++;
        memcpy(v->doubt_mac, meta + META_BYTES - HASH_BYTES, HASH_BYTES);
        return status;
    }
    v->stored = v->meta;
    memcpy(v->used_stored, v->used, sizeof v->used);
    v->is_anchored = 0;
    v->n_notes = 0;
    keyring_settle(v, 1);
    /* After the commit: cut in between, the next start finds the counter one behind and moves it.
     * The other way round it would find it ahead, as after a rollback. */
    if (has_moved) v->is_counter_lost = v->port->counter_bump(v->port->ctx, &v->counter) != 0;
    return SOTTO_OK;
}

void vault_anchor(struct vault *v) { v->is_anchored = 1; }

void vault_note(struct vault *v, uint8_t kind, uint8_t detail, uint64_t a, uint64_t b) {
    if (v->store.state == SOTTO_STORAGE_NONE || v->n_notes == VAULT_NOTES_MAX) return;
    v->notes[v->n_notes++] =
        (struct sotto_audit_entry){.kind = kind, .detail = detail, .day = v->day, .a = a, .b = b};
    /* What a transaction has to tell must find room. */
    if (v->n_notes > VAULT_NOTES_MAX / 2 && v->store.state == SOTTO_STORAGE_OK &&
        !v->store.is_in_transaction)
        (void)!vault_write_notes(v, NULL);
}

void vault_tell_time(struct vault *v, int64_t now_s) {
    v->now_s = now_s < 0 ? 0 : now_s;
    v->day = (uint16_t)(v->now_s / 86400);
}

/* A call that may write: in use, and not in a transaction that already failed. */
static int require_writable(const struct vault *v, struct sotto_error *err) {
    int status = require_open(v, err);
    if (status != SOTTO_OK) return status;
    if (v->store.state == SOTTO_STORAGE_READ_ONLY)
        return fail(err, SOTTO_E_NEWER,
                    "%s: the vault was written by a newer engine, so this one only reads it; "
                    "update it",
                    v->store.path);
    if (v->store.is_in_transaction && v->store.is_transaction_bad)
        return fail(err, SOTTO_E_STATE, "vault: the transaction failed and must be rolled back");
    return SOTTO_OK;
}

/* A change outside any transaction makes one of its own, for META changes with every row. */
static int change_begin(struct vault *v, int *is_own, struct sotto_error *err) {
    int status = require_writable(v, err);
    *is_own = 0;
    if (status != SOTTO_OK || v->store.is_in_transaction) return status;
    status = store_begin(&v->store, err);
    *is_own = status == SOTTO_OK;
    return status;
}

static int change_end(struct vault *v, int is_own, int status, struct sotto_error *err) {
    if (!is_own) return spoil(v, status);
    if (status == SOTTO_OK) status = change_commit(v, v->keys->root, err);
    if (status != SOTTO_OK) change_drop(v);
    return status;
}

int vault_begin(struct vault *v, struct sotto_error *err) {
    int status = require_writable(v, err);
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
    return change_commit(v, v->keys->root, err);
}

void vault_rollback(struct vault *v) { change_drop(v); }

uint32_t vault_doubt(const struct vault *v) { return v->is_in_doubt ? v->doubts : 0; }

int vault_has_landed(const struct vault *v, uint32_t doubt) {
    uint32_t settled = v->doubts - (v->is_in_doubt != 0);
    return doubt > 0 && doubt <= settled && settled - doubt < 64 &&
           (v->landed >> (settled - doubt) & 1);
}

int vault_write_notes(struct vault *v, struct sotto_error *err) {
    if (v->n_notes == 0) return SOTTO_OK;
    int status = vault_begin(v, err);
    if (status == SOTTO_OK) status = vault_commit(v, err);
    if (status != SOTTO_OK) vault_rollback(v);
    return status;
}

/* ---- Rows --------------------------------------------------------------------------------- */

void usage_turn(struct vault *v, int64_t row, size_t n, int by) {
    uint32_t slot = row_keyring_slot(row);
    if (slot == KEYRING_SLOTS) return;
    v->used[slot].records += by > 0 ? 1u : UINT32_MAX; /* wraps to one less */
    v->used[slot].bytes += by > 0 ? (uint64_t)n : UINT64_MAX - n + 1;
}

int row_seal(struct vault *v, const struct blob_place *place, const uint8_t key[SEAL_KEY_BYTES],
             const void *content, size_t n, struct sotto_error *err) {
    size_t blob_n = 0;
    uint64_t generation = 1;
    const uint8_t *census = v->keys->census;
    int status = store_get(&v->store, place->k, v->blob, sizeof v->blob, &blob_n, err);
    if (status == SOTTO_OK) {
        generation = blob_generation(v->blob, blob_n) + 1;
        census_turn(&v->meta.census, census, place->k, v->blob, blob_n);
        usage_turn(v, place->k, blob_n, -1);
    } else if (status != SOTTO_E_NOT_FOUND) {
        return status;
    }
    status =
        blob_seal(v->blob, &blob_n, place, generation, key, v->rng, content, n, v->keys->scratch);
    if (status != SOTTO_OK) /* no caller has more than fits */
        return fail(err, status, "vault: the random source failed, nothing was stored");
    status = store_put(&v->store, place->k, v->blob, blob_n, err);
    if (status != SOTTO_OK) return status;
    census_turn(&v->meta.census, census, place->k, v->blob, blob_n);
    usage_turn(v, place->k, blob_n, 1);
    v->bytes_sealed += blob_n;
    return SOTTO_OK;
}

int rows_remove(struct vault *v, int64_t first, int64_t last, uint32_t *count,
                struct sotto_error *err) {
    int64_t row = first;
    uint32_t found = 0;
    size_t n = 0;
    int status;
    while ((status = store_next(&v->store, row, last, &row, err)) == SOTTO_OK) {
        status = store_get(&v->store, row, v->blob, sizeof v->blob, &n, err);
        if (status != SOTTO_OK) return status;
        census_turn(&v->meta.census, v->keys->census, row, v->blob, n);
        usage_turn(v, row, n, -1);
        found++;
        if (row++ == last) break;
    }
    if (status != SOTTO_OK && status != SOTTO_E_NOT_FOUND) return status;
    if (count) *count = found;
    return found ? store_delete(&v->store, first, last, err) : SOTTO_OK;
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

int row_read(struct vault *v, const struct blob_place *place, const uint8_t key[SEAL_KEY_BYTES],
             uint8_t *bytes, size_t cap, size_t *n, struct sotto_error *err) {
    const uint8_t *content;
    size_t blob_n = 0, length = 0;
    int status = store_get(&v->store, place->k, v->blob, sizeof v->blob, &blob_n, err);
    if (status != SOTTO_OK) return status;
    status = blob_unseal(v->blob, blob_n, place, key, v->keys->scratch, &content, &length);
    if (status == SOTTO_OK && length > cap) status = SOTTO_E_LIMIT;
    if (status == SOTTO_OK) {
        if (length) memcpy(bytes, content, length);
        *n = length;
    }
    wipe(v->keys->scratch, length + 4);
    return status;
}

int own_put(struct vault *v, int64_t row, const uint8_t *bytes, size_t n, struct sotto_error *err) {
    const struct data_key *key = &v->keys->slot[KEYRING_DEVICE];
    const struct blob_place place = {v->meta.store_id, row, key->id};
    return row_seal(v, &place, key->key, bytes, n, err);
}

int own_get(struct vault *v, int64_t row, uint8_t *bytes, size_t cap, size_t *n,
            const char *unreadable, struct sotto_error *err) {
    const struct data_key *key = &v->keys->slot[KEYRING_DEVICE];
    const struct blob_place place = {v->meta.store_id, row, key->id};
    int status = row_read(v, &place, key->key, bytes, cap, n, err);
    if (status != SOTTO_E_CORRUPT && status != SOTTO_E_LIMIT) return status;
    return fail(err, SOTTO_E_CORRUPT, "%s", unreadable);
}

/* The row and data key of a record; SOTTO_E_NOT_FOUND, which leaves *err alone, for a profile that
 * is not there. */
static int record_find(struct vault *v, struct vault_key key, struct blob_place *place,
                       const struct data_key **data_key, struct sotto_error *err) {
    if (!class_is_given_out(key.kind) || key.slot >= 1u << 24)
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
    int is_own, status = change_begin(v, &is_own, err);
    if (status != SOTTO_OK) return status;
    if (n > VAULT_RECORD_MAX) status = fail(err, SOTTO_E_LIMIT, "vault: the record is too long");
    if (status == SOTTO_OK) status = record_find(v, key, &place, &data_key, err);
    if (status == SOTTO_E_NOT_FOUND) fail(err, status, "vault: no such profile is stored");
    if (status == SOTTO_OK) status = row_seal(v, &place, data_key->key, bytes, n, err);
    if (status == SOTTO_OK) v->records_put++;
    return change_end(v, is_own, status, err);
}

int vault_get(struct vault *v, struct vault_key key, void *buf, size_t cap, size_t *n,
              struct sotto_error *err) {
    struct blob_place place;
    const struct data_key *data_key;
    int status = require_open(v, err);
    if (status == SOTTO_OK) status = record_find(v, key, &place, &data_key, err);
    if (status == SOTTO_OK) status = row_read(v, &place, data_key->key, buf, cap, n, err);
    if (status == SOTTO_E_CORRUPT)
        return fail(err, status, "%s: a record of class %u is damaged", v->store.path,
                    (unsigned)key.kind);
    if (status == SOTTO_E_LIMIT)
        return fail(err, status, "vault: the record does not fit the buffer");
    return status;
}

int vault_delete(struct vault *v, struct vault_key key, struct sotto_error *err) {
    struct blob_place place;
    const struct data_key *data_key;
    int is_own, status = change_begin(v, &is_own, err);
    if (status != SOTTO_OK) return status;
    status = record_find(v, key, &place, &data_key, err);
    if (status == SOTTO_OK) status = rows_remove(v, place.k, place.k, NULL, err);
    if (status == SOTTO_E_NOT_FOUND) status = SOTTO_OK; /* no profile, no records */
    return change_end(v, is_own, status, err);
}

int vault_next(struct vault *v, struct vault_key *key, int is_first, struct sotto_error *err) {
    int status = require_open(v, err);
    if (status != SOTTO_OK) return status;
    if (!class_is_given_out(key->kind) || key->slot >= 1u << 24)
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
    int is_own, status = change_begin(v, &is_own, err);
    if (status != SOTTO_OK) return status;
    while (free_slot < KEYRING_SLOTS && v->keys->slot[free_slot].id) free_slot++;
    if (length < 1 || length > SOTTO_PROFILE_NAME_MAX)
        status = fail(err, SOTTO_E_ARGUMENT, "vault: a profile's name has 1 to %d bytes",
                      SOTTO_PROFILE_NAME_MAX);
    else if (vault_profile_find(v, name, &taken) == SOTTO_OK)
        status = fail(err, SOTTO_E_STATE, "vault: this profile is stored already");
    else if (free_slot == KEYRING_SLOTS)
        status = fail(err, SOTTO_E_LIMIT, "vault: it already holds %d profiles; erase one first",
                      SOTTO_PROFILES_MAX);
    else if (data_key_draw(&v->keys->slot[free_slot], name, v->rng) != SOTTO_OK)
        status = fail(err, SOTTO_E_ENTROPY, "vault: the random source failed, no key was made");
    if (status == SOTTO_OK) {
        v->keys->slot[free_slot].is_uncommitted = 1; /* taken back unless it is committed */
        status = keyring_write(v, free_slot, v->keys->root, v->meta.epoch, err);
    }
    status = change_end(v, is_own, status, err);
    if (status == SOTTO_OK) *slot = free_slot;
    return status;
}

uint32_t vault_profile_count(const struct vault *v) {
    uint32_t count = 0;
    for (uint32_t i = 1; v->keys && i < KEYRING_SLOTS; i++) count += v->keys->slot[i].id != 0;
    return count;
}

const char *vault_profile_name(const struct vault *v, uint32_t slot) {
    if (!v->keys || slot < 1 || slot >= KEYRING_SLOTS || !v->keys->slot[slot].id) return NULL;
    return v->keys->slot[slot].name;
}

struct vault_usage vault_usage(const struct vault *v, uint32_t slot) {
    struct vault_usage all = {0, 0};
    if (slot > 0) return slot < KEYRING_SLOTS ? v->used[slot] : all;
    for (uint32_t i = 1; i < KEYRING_SLOTS; i++) {
        all.records += v->used[i].records;
        all.bytes += v->used[i].bytes;
    }
    return all;
}

/* ---- The rest ----------------------------------------------------------------------------- */

uint64_t vault_epoch(const struct vault *v) { return v->keys ? v->stored.epoch : 0; }

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
