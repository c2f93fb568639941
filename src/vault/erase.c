/* erase: making a profile unreadable for good, through power cuts. Three durable steps:
 *
 *   1. one transaction deletes the profile's records and keyring entry and writes PENDING_SHRED
 * into META; from here on the erasure happens, whatever fails
 *   2. a new key epoch: a fresh secret into the other slot, then one transaction that re-wraps the
 * surviving data keys under it and moves META to the new epoch
 *   3. the old slot is destroyed, and with it the last key that opens an old copy of the erased
 *      entry; then the log is emptied into the file and cut, so that the old ciphertext goes too
 *
 * vault_open resumes at whatever META and the slots say. Both slots hold keys only from 2 to 3. */
#include "vault/inside.h"

/* ---- Steps 2 and 3 ------------------------------------------------------------------------ */

static int epoch_advance(struct vault *v, struct sotto_error *err) {
    struct keyring *keys = v->keys;
    struct meta after = v->meta;
    int is_gone;
    after.epoch++;
    int status = slot_renew(v->port, v->rng, after.epoch, keys->slot_bytes, err);
    /* Derived from what the slot gives back, so a key that did not stick is noticed now. */
    if (status == SOTTO_OK)
        status = root_derive(v->port, &after, keys->slot_bytes, keys->next_root, &is_gone, err);
    if (status == SOTTO_OK) status = store_begin(&v->store, err);
    if (status != SOTTO_OK) return status;

    for (uint32_t i = 0; i < KEYRING_SLOTS && status == SOTTO_OK; i++)
        if (keys->slot[i].id) status = keyring_write(v, i, keys->next_root, after.epoch, err);
    v->meta.epoch = after.epoch;
    v->meta.pending = PENDING_NOTHING;
    if (status == SOTTO_OK) status = change_commit(v, keys->next_root, err);
    if (status == SOTTO_OK) memcpy(keys->root, keys->next_root, sizeof keys->root);
    wipe(keys->next_root, sizeof keys->next_root);
    if (status != SOTTO_OK) change_drop(v);
    return status;
}

/* Destroys the old slot and puts it on record. */
static int shred_old(struct vault *v, unsigned slot, int *assurance, struct sotto_error *err) {
    int status = slot_shred(v->port, slot, assurance, err);
    if (status != SOTTO_OK) return status;
    vault_note(v, SOTTO_AUDIT_SHRED, (uint8_t)*assurance, v->meta.epoch, 0);
    status = store_begin(&v->store, err);
    if (status == SOTTO_OK) status = change_commit(v, v->keys->root, err);
    if (status == SOTTO_OK) return SOTTO_OK;
    change_drop(v);
    /* A log that cannot be read must not hold up an erasure. */
    return status == SOTTO_E_CORRUPT ? SOTTO_OK : status;
}

int erase_finish(struct vault *v, int *assurance, struct sotto_error *err) {
    int status = SOTTO_OK;
    if (v->meta.pending == PENDING_SHRED) status = epoch_advance(v, err);
    if (status != SOTTO_OK) return status;

    unsigned old_slot = (unsigned)((v->meta.epoch + 1) & 1);
    if (slot_is_filled(v->port, old_slot, v->keys->slot_bytes))
        status = shred_old(v, old_slot, assurance, err);
    if (status == SOTTO_OK) status = store_checkpoint(&v->store, err);
    return status;
}

/* ---- Step 1 ------------------------------------------------------------------------------- */

/* Which profiles: the named one, or all. */
static uint32_t targets(struct vault *v, const char *name, uint32_t *first, uint32_t *last) {
    *first = 1;
    *last = KEYRING_SLOTS - 1;
    if (!name) return vault_profile_count(v);
    if (vault_profile_find(v, name, first) != SOTTO_OK) return 0;
    *last = *first;
    return 1;
}

static int profiles_delete(struct vault *v, uint32_t first, uint32_t last, uint32_t profiles,
                           uint32_t *records, struct sotto_error *err) {
    uint32_t count;
    *records = 0;
    int status = store_begin(&v->store, err);
    if (status != SOTTO_OK) return status;
    for (uint32_t kind = 1; kind <= VAULT_CLASS_LAST && status == SOTTO_OK; kind++) {
        if (!class_is_profiles(kind)) continue;
        status =
            rows_remove(v, row_of(kind, first, 0), row_of(kind, last, UINT32_MAX), &count, err);
        if (status == SOTTO_OK) *records += count;
    }
    if (status == SOTTO_OK)
        status = rows_remove(v, keyring_row(first), keyring_row(last), NULL, err);
    v->meta.pending = PENDING_SHRED;
    vault_anchor(v);
    vault_note(v, SOTTO_AUDIT_ERASE, 0, profiles, *records);
    if (status == SOTTO_OK) status = change_commit(v, v->keys->root, err);
    if (status != SOTTO_OK) {
        change_drop(v);
        return status;
    }
    wipe(&v->keys->slot[first], (last - first + 1) * sizeof v->keys->slot[0]);
    return SOTTO_OK;
}

/* A vault that was refused cannot be asked who is in it, but its keys can be destroyed: then nobody
 * can read it, whatever it holds. The device's own records die with it. */
static int shred_unread(struct vault *v, struct sotto_erase_receipt *receipt,
                        struct sotto_error *err) {
    int first = 0, second = 0;
    int status = slot_shred(v->port, 0, &first, err);
    if (status == SOTTO_OK) status = slot_shred(v->port, 1, &second, err);
    if (status == SOTTO_OK) receipt->assurance = (uint32_t)(first < second ? first : second);
    return status;
}

static int erase_open(struct vault *v, const char *name, struct sotto_erase_receipt *receipt,
                      struct sotto_error *err) {
    uint32_t first, last, records = 0;
    int assurance = 0;
    uint32_t profiles = targets(v, name, &first, &last);
    receipt->epoch = v->meta.epoch;
    if (profiles == 0) return SOTTO_OK;

    int status = profiles_delete(v, first, last, profiles, &records, err);
    if (status == SOTTO_E_FULL) {
        /* Deleting needs room in the log. Reopening empties the log into the file, which usually
         * makes some. */
        status = vault_retry(v, err);
        if (status == SOTTO_OK) status = profiles_delete(v, first, last, profiles, &records, err);
    }
    if (status != SOTTO_OK) return status;
    receipt->profiles = profiles;
    receipt->records = records;

    status = erase_finish(v, &assurance, err);
    /* With the key destroyed the person is erased. Only emptying the log waits for space: the store
     * has failed, and its next open does it. */
    if (status == SOTTO_E_FULL && assurance) status = SOTTO_OK;
    if (status != SOTTO_OK) {
        if (v->store.state == SOTTO_STORAGE_OK) v->store.state = SOTTO_STORAGE_FAILED;
        return status;
    }
    receipt->assurance = (uint32_t)assurance;
    receipt->epoch = v->meta.epoch;
    return SOTTO_OK;
}

int vault_erase(struct vault *v, const char *name, struct sotto_erase_receipt *receipt,
                struct sotto_error *err) {
    struct sotto_erase_receipt told = {.size = receipt ? receipt->size : 0};
    int status = SOTTO_OK;
    if (v->store.is_in_transaction)
        return fail(err, SOTTO_E_STATE, "vault: no erasure within a transaction");
    /* Whatever was wrong may have been put right; and if another process has taken the vault since,
     * its keys are not ours to destroy. */
    if (v->store.state == SOTTO_STORAGE_FAILED || v->store.state == SOTTO_STORAGE_REFUSED)
        status = vault_retry(v, err);
    int is_unread = v->store.state == SOTTO_STORAGE_REFUSED;
    if (v->store.state == SOTTO_STORAGE_READ_ONLY) {
        if (name)
            return fail(
                err, SOTTO_E_NEWER,
                "%s: the vault was written by a newer engine, which must erase one profile; "
                "all of it can be erased here",
                v->store.path);
        is_unread = 1;
    }
    if (is_unread && !name)
        status = shred_unread(v, &told, err);
    else if (status == SOTTO_OK && v->store.state == SOTTO_STORAGE_OK)
        status = erase_open(v, name, &told, err);
    if (v->store.state == SOTTO_STORAGE_READ_ONLY && status == SOTTO_OK)
        (void)!vault_retry(v, NULL); /* its keys are gone: it is refused from now on */
    if (receipt) *receipt = told;
    return status;
}
