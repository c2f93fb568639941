/* erase: making a profile, or what one purpose kept of it, unreadable for good, through power cuts.
 * Three durable steps:
 *
 *   1. one transaction deletes the profile's records and keyring entry, or some of its records,
 *      seals the others under a new data key and replaces the entry; it says in META that a key
 *      epoch must end and keeps what the receipt will say; from here on the erasure happens,
 *      whatever fails
 *   2. a new key epoch: a fresh secret into the other slot, then one transaction that re-wraps the
 * surviving data keys under it and moves META to the new epoch
 *   3. the old slot is destroyed, and with it the last key that opens an old copy of the erased
 *      entry; the receipt is written; then the log is emptied into the file and cut, so that the
 *      old ciphertext goes too
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

/* The line of the key's end and, if an erasure brought it about, its receipt: one transaction. What
 * it owes has been on record since the key's end became certain. */
static int shred_record(struct vault *v, struct sotto_receipt *done, int is_begun,
                        struct sotto_error *err) {
    const struct sotto_audit_entry line = {.kind = SOTTO_AUDIT_SHRED,
                                           .detail = (uint8_t)done->assurance,
                                           .day = v->day,
                                           .a = v->meta.epoch};
    int status = store_begin(&v->store, err);
    if (status != SOTTO_OK) return status;
    status = audit_append(v, &line, 1, 0, err);
    if (status == SOTTO_OK && is_begun) status = receipt_finish(v, done, err);
    if (status == SOTTO_OK) status = change_commit(v, v->keys->root, err);
    if (status != SOTTO_OK) change_drop(v);
    return status;
}

/* Destroys the old slot and puts it on record. An empty one is destroyed once more where an
 * erasure is still owed its receipt, or a rotation its line: only the key store knows how
 * thoroughly it did it. */
static int shred_old(struct vault *v, unsigned slot, struct sotto_receipt *done, int is_begun,
                     struct sotto_error *err) {
    int assurance = 0;
    int status = slot_shred(v->port, slot, &assurance, err);
    if (status != SOTTO_OK) return status;
    done->assurance = (uint32_t)assurance;
    status = shred_record(v, done, is_begun, err);
    if (status == SOTTO_OK) return SOTTO_OK;
    done->number = 0;
    /* Records that cannot be read must not hold up an erasure. */
    return status == SOTTO_E_CORRUPT ? SOTTO_OK : status;
}

int erase_finish(struct vault *v, struct sotto_receipt *done, struct sotto_error *err) {
    int status = SOTTO_OK;
    memset(done, 0, sizeof *done);
    if (v->meta.pending == PENDING_SHRED) status = epoch_advance(v, err);
    if (status != SOTTO_OK) return status;

    unsigned old_slot = (unsigned)((v->meta.epoch + 1) & 1);
    int begun = receipt_begun(v, done, err);
    if (begun != SOTTO_OK && begun != SOTTO_E_NOT_FOUND && begun != SOTTO_E_CORRUPT) return begun;
    if (begun == SOTTO_OK || slot_is_filled(v->port, old_slot, v->keys->slot_bytes))
        status = shred_old(v, old_slot, done, begun == SOTTO_OK, err);
    if (status == SOTTO_OK) status = store_checkpoint(&v->store, err);
    return status;
}

/* ---- Step 1 ------------------------------------------------------------------------------- */

/* What is to be erased: of the profiles in keyring slots `first` to `last`, the classes of a mask
 * (0: everything). */
struct target {
    uint32_t first, last, classes;
};

static int is_meant(const struct target *t, uint32_t kind) {
    return class_is_profiles(kind) && (t->classes == 0 || t->classes >> kind & 1);
}

/* 1 when profile `slot` has something to lose, 0 when not, or a status. */
static int has_to_lose(struct vault *v, const struct target *t, uint32_t slot,
                       struct sotto_error *err) {
    int status = SOTTO_E_NOT_FOUND;
    int64_t row;
    if (!v->keys->slot[slot].id) return 0;
    if (t->classes == 0) return 1;
    for (uint32_t kind = 1; kind <= VAULT_CLASS_LAST && status == SOTTO_E_NOT_FOUND; kind++)
        if (is_meant(t, kind))
            status = store_next(&v->store, row_of(kind, slot, 0), row_of(kind, slot, UINT32_MAX),
                                &row, err);
    if (status == SOTTO_E_NOT_FOUND) return 0;
    return status == SOTTO_OK ? 1 : status;
}

static int count_losers(struct vault *v, const struct target *t, uint32_t *profiles,
                        struct sotto_error *err) {
    *profiles = 0;
    for (uint32_t slot = t->first; slot <= t->last; slot++) {
        int has = has_to_lose(v, t, slot, err);
        if (has < 0) return has;
        *profiles += (uint32_t)has;
    }
    return SOTTO_OK;
}

static int record_reseal(struct vault *v, int64_t row, const struct data_key *from,
                         const struct data_key *to, struct sotto_error *err) {
    struct blob_place place = {v->meta.store_id, row, from->id};
    uint8_t *copy = v->keys->slot_bytes; /* locked, and large enough */
    size_t n = 0;
    _Static_assert(sizeof v->keys->slot_bytes >= BLOB_PADDED_MAX, "a record fits");
    int status = row_read(v, &place, from->key, copy, BLOB_PADDED_MAX, &n, err);
    if (status == SOTTO_E_CORRUPT)
        return fail(err, status, "%s: a record of a profile is damaged; erase the profile",
                    v->store.path);
    if (status != SOTTO_OK) return status;
    place.key_id = to->id;
    status = row_seal(v, &place, to->key, copy, n, err);
    wipe(copy, n);
    return status;
}

static int class_reseal(struct vault *v, uint32_t kind, uint32_t slot, struct sotto_error *err) {
    const int64_t last = row_of(kind, slot, UINT32_MAX);
    int64_t row = row_of(kind, slot, 0);
    int status;
    while ((status = store_next(&v->store, row, last, &row, err)) == SOTTO_OK) {
        status = record_reseal(v, row, &v->keys->before, &v->keys->slot[slot], err);
        if (status != SOTTO_OK || row++ == last) return status;
    }
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status;
}

/* Gives a profile another data key and seals what is left of it under that. In memory the key
 * changes at once: whoever fails here must have the keyring read again. */
static int profile_rekey(struct vault *v, uint32_t slot, struct sotto_error *err) {
    struct data_key *now = &v->keys->slot[slot], *before = &v->keys->before;
    *before = *now;
    int status = SOTTO_OK;
    if (data_key_draw(now, before->name, v->rng) != SOTTO_OK)
        status = fail(err, SOTTO_E_ENTROPY, "vault: the random source failed, no key was made");
    for (uint32_t kind = 1; kind <= VAULT_CLASS_LAST && status == SOTTO_OK; kind++)
        if (class_is_profiles(kind)) status = class_reseal(v, kind, slot, err);
    wipe(before, sizeof *before);
    return status == SOTTO_OK ? keyring_write(v, slot, v->keys->root, v->meta.epoch, err) : status;
}

/* Deletes what is meant, and sees to it that the keys which opened it can go. */
static int target_delete(struct vault *v, const struct target *t, uint32_t *records,
                         struct sotto_error *err) {
    uint32_t count;
    int status = SOTTO_OK;
    *records = 0;
    /* First the keys: whoever loses nothing keeps his. */
    for (uint32_t slot = t->first; t->classes && slot <= t->last && status == SOTTO_OK; slot++) {
        int has = has_to_lose(v, t, slot, err);
        if (has < 0) return has;
        for (uint32_t kind = 1; has && kind <= VAULT_CLASS_LAST && status == SOTTO_OK; kind++) {
            if (!is_meant(t, kind)) continue;
            status =
                rows_remove(v, row_of(kind, slot, 0), row_of(kind, slot, UINT32_MAX), &count, err);
            *records += status == SOTTO_OK ? count : 0;
        }
        if (has && status == SOTTO_OK) status = profile_rekey(v, slot, err);
    }
    for (uint32_t kind = 1; !t->classes && kind <= VAULT_CLASS_LAST && status == SOTTO_OK; kind++) {
        if (!is_meant(t, kind)) continue;
        status = rows_remove(v, row_of(kind, t->first, 0), row_of(kind, t->last, UINT32_MAX),
                             &count, err);
        *records += status == SOTTO_OK ? count : 0;
    }
    if (status != SOTTO_OK || t->classes) return status;
    return rows_remove(v, keyring_row(t->first), keyring_row(t->last), NULL, err);
}

/* Afterwards the erasure happens, whatever fails. */
static int erase_begin(struct vault *v, const struct target *t, struct sotto_receipt *r,
                       struct sotto_error *err) {
    int status = store_begin(&v->store, err);
    if (status != SOTTO_OK) return status;
    status = target_delete(v, t, &r->records, err);
    if (status == SOTTO_OK) status = receipt_begin(v, r, err);
    v->meta.pending = PENDING_SHRED;
    vault_anchor(v);
    vault_note(v, SOTTO_AUDIT_ERASE, (uint8_t)(r->purposes | r->why << 4), r->profiles, r->records);
    if (status == SOTTO_OK) status = change_commit(v, v->keys->root, err);
    if (status != SOTTO_OK) {
        change_drop(v);
        /* Keys of profiles that stay may have changed in memory alone. */
        if (t->classes != 0 && v->store.state == SOTTO_STORAGE_OK)
            v->store.state = SOTTO_STORAGE_FAILED;
        return status;
    }
    if (t->classes == 0)
        wipe(&v->keys->slot[t->first], (t->last - t->first + 1) * sizeof v->keys->slot[0]);
    return SOTTO_OK;
}

/* A vault that was refused cannot be asked who is in it, but its keys can be destroyed: then nobody
 * can read it, whatever it holds. The device's own records die with it. */
static int shred_unread(struct vault *v, const struct vault_scope *scope,
                        struct sotto_erase_receipt *told, struct sotto_error *err) {
    struct sotto_receipt r = {.purposes = scope->purposes, .why = scope->why};
    int first = 0, second = 0;
    int status = slot_shred(v->port, 0, &first, err);
    if (status == SOTTO_OK) status = slot_shred(v->port, 1, &second, err);
    if (status != SOTTO_OK) return status;
    r.assurance = told->assurance = (uint32_t)(first < second ? first : second);
    r.profiles = told->profiles = vault_profile_count(v);
    r.records = told->records = vault_usage(v, 0).records;
    receipt_unread(v, &r);
    told->number = r.number;
    return SOTTO_OK;
}

static int erase_open(struct vault *v, const char *name, const struct vault_scope *scope,
                      struct sotto_erase_receipt *told, struct sotto_error *err) {
    struct target t = {1, KEYRING_SLOTS - 1, scope->classes};
    struct sotto_receipt r = {.purposes = scope->purposes, .why = scope->why}, done;
    told->epoch = v->meta.epoch;
    if (name && vault_profile_find(v, name, &t.first) != SOTTO_OK) return SOTTO_OK;
    if (name) t.last = t.first;
    int status = count_losers(v, &t, &r.profiles, err);
    if (status != SOTTO_OK || r.profiles == 0) return status;

    status = erase_begin(v, &t, &r, err);
    if (status == SOTTO_E_FULL) {
        /* Deleting needs room in the log. Reopening empties the log into the file, which usually
         * makes some. */
        status = vault_retry(v, err);
        if (status == SOTTO_OK) status = erase_begin(v, &t, &r, err);
    }
    if (status != SOTTO_OK) return status;
    told->profiles = r.profiles;
    told->records = r.records;

    status = erase_finish(v, &done, err);
    /* With the key destroyed the person is erased. Only emptying the log waits for space: the store
     * has failed, and its next open does it. */
    if (status == SOTTO_E_FULL && done.assurance) status = SOTTO_OK;
    if (status != SOTTO_OK) {
        if (v->store.state == SOTTO_STORAGE_OK) v->store.state = SOTTO_STORAGE_FAILED;
        return status;
    }
    told->assurance = done.assurance;
    told->number = done.number;
    told->epoch = v->meta.epoch;
    return SOTTO_OK;
}

int vault_erase_part(struct vault *v, const char *name, const struct vault_scope *scope,
                     struct sotto_erase_receipt *receipt, struct sotto_error *err) {
    struct sotto_erase_receipt told = {.size = receipt ? receipt->size : 0};
    int status = SOTTO_OK;
    if (v->store.is_in_transaction)
        return fail(err, SOTTO_E_STATE, "vault: no erasure within a transaction");
    if (scope->classes >> VAULT_PROFILE & 1)
        return fail(err, SOTTO_E_ARGUMENT, "vault: a profile that stays keeps its consent");
    /* Whatever was wrong may have been put right; and if another process has taken the vault since,
     * its keys are not ours to destroy. */
    if (v->store.state == SOTTO_STORAGE_FAILED || v->store.state == SOTTO_STORAGE_REFUSED)
        status = vault_retry(v, err);
    int is_all = !name && scope->classes == 0;
    int is_unread = v->store.state == SOTTO_STORAGE_REFUSED;
    if (v->store.state == SOTTO_STORAGE_READ_ONLY) {
        if (!is_all)
            return fail(
                err, SOTTO_E_NEWER,
                "%s: the vault was written by a newer engine, which must erase one profile; "
                "all of it can be erased here",
                v->store.path);
        is_unread = 1;
    }
    if (is_unread && is_all)
        status = shred_unread(v, scope, &told, err);
    else if (status == SOTTO_OK && v->store.state == SOTTO_STORAGE_OK)
        status = erase_open(v, name, scope, &told, err);
    if (v->store.state == SOTTO_STORAGE_READ_ONLY && status == SOTTO_OK)
        (void)!vault_retry(v, NULL); /* its keys are gone: it is refused from now on */
    if (receipt) *receipt = told;
    return status;
}

int vault_erase(struct vault *v, const char *name, struct sotto_erase_receipt *receipt,
                struct sotto_error *err) {
    static const struct vault_scope everything = {.purposes = VAULT_EVERY_PURPOSE};
    return vault_erase_part(v, name, &everything, receipt, err);
}

/* ---- Rotation ----------------------------------------------------------------------------- */

int rotation_commit(struct vault *v, struct sotto_error *err) {
    struct sotto_receipt nobody = {.size = sizeof nobody};
    int status = receipt_begin(v, &nobody, err);
    v->meta.pending = PENDING_SHRED;
    vault_anchor(v);
    vault_note(v, SOTTO_AUDIT_ROTATE, 0, v->meta.epoch, 0);
    if (status == SOTTO_OK) status = change_commit(v, v->keys->root, err);
    if (status != SOTTO_OK) change_drop(v);
    return status;
}

int vault_rotate(struct vault *v, struct sotto_rotation *rotation, struct sotto_error *err) {
    struct sotto_receipt done;
    int status = vault_begin(v, err);
    if (status == SOTTO_OK) status = rotation_commit(v, err);
    if (status == SOTTO_E_FULL) { /* as erase_open does */
        status = vault_retry(v, err);
        if (status == SOTTO_OK) status = vault_begin(v, err);
        if (status == SOTTO_OK) status = rotation_commit(v, err);
    }
    if (status != SOTTO_OK) return status;
    status = erase_finish(v, &done, err);
    if (status == SOTTO_E_FULL && done.assurance) status = SOTTO_OK; /* the old key is gone */
    if (status != SOTTO_OK) {
        if (v->store.state == SOTTO_STORAGE_OK) v->store.state = SOTTO_STORAGE_FAILED;
        return status;
    }
    rotation->epoch = v->meta.epoch;
    rotation->assurance = done.assurance;
    return SOTTO_OK;
}
