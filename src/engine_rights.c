/* engine_rights: what a person corrects, blocks, forgets and resets. Each works in every state of
 * consent: in memory at once, in storage where the profile may be stored. */
#include "engine.h"
#include "sotto_audit.h"

void audit_right(struct sotto *e, const struct visit *v, enum sotto_right right) {
    /* An anonymous visit leaves nothing behind, not even that somebody had one. */
    if (v->person.place != PERSON_STORED || !engine_has_storage(e)) return;
    vault_note(e->vault, SOTTO_AUDIT_RIGHT, (uint8_t)right, 0, 0);
    engine_note(e, vault_write_notes(e->vault, &e->error));
}

/* ---- Blocks ------------------------------------------------------------------------------ */

uint8_t *people_bits(struct sotto *e, const struct visit *v) {
    const size_t n = slate_bitmap_bytes(e->model.n_items);
    return e->barred + (SLATES_KEPT + (size_t)(v - e->secrets->visits)) * n;
}

void people_blocked(struct sotto *e, struct visit *v, uint8_t *bits) {
    const size_t n = slate_bitmap_bytes(e->model.n_items);
    uint8_t *mine = people_bits(e, v);
    if (v->person.wishes.n == 0) return;
    if (memcmp(&v->marked, &v->person.wishes, sizeof v->marked) != 0) {
        wipe(mine, n);
        wishes_mark(&v->person.wishes, &e->model, mine);
        v->marked = v->person.wishes;
    }
    for (size_t i = 0; i < n; i++) bits[i] |= mine[i];
}

/* Stores what changed; nothing is owed of somebody who is not stored. */
static int save(struct sotto *e, struct visit *v) {
    struct person_home home = engine_home(e);
    v->person.owes |= PERSON_WISHES;
    v->changes++;
    if (v->person.place == PERSON_NEW ||
        (engine_has_storage(e) && !person_may_store(&v->person, &home, engine_late(e))))
        return SOTTO_OK;
    return people_owe(e, v, "this counts now and will be stored");
}

static int check_name(struct sotto *e, enum sotto_block_kind kind, const char *name) {
    size_t n = name ? strnlen(name, SOTTO_BLOCK_NAME_MAX + 1) : 0;
    if (n > 0 && n <= SOTTO_BLOCK_NAME_MAX && utf8_is_printable(name, n) &&
        kind >= SOTTO_BLOCK_ITEM && kind <= SOTTO_BLOCK_PROVIDER)
        return SOTTO_OK;
    return fail(&e->error, SOTTO_E_ARGUMENT,
                "an item, group or provider has a name of 1 to %d bytes of printable UTF-8",
                SOTTO_BLOCK_NAME_MAX);
}

static int block(struct sotto *e, struct visit *v, enum sotto_block_kind kind, const char *name) {
    const struct wish wish = {kind, (uint32_t)engine_late(e), name};
    if (wishes_add(&v->person.wishes, &wish) != 0)
        return fail(&e->error, SOTTO_E_LIMIT, "all blocks together take at most %d bytes",
                    SOTTO_BLOCKS_BYTES);
    return save(e, v);
}

int sotto_block(struct sotto *e, sotto_session session, enum sotto_block_kind kind,
                const char *name) {
    struct visit *v;
    int status = visit_enter(e, session, &v);
    if (status == SOTTO_OK) status = check_name(e, kind, name);
    if (status != SOTTO_OK) return status;
    audit_right(e, v, SOTTO_RIGHT_BLOCK);
    return block(e, v, kind, name);
}

int sotto_unblock(struct sotto *e, sotto_session session, enum sotto_block_kind kind,
                  const char *name) {
    struct visit *v;
    int status = visit_enter(e, session, &v);
    if (status == SOTTO_OK) status = check_name(e, kind, name);
    if (status != SOTTO_OK) return status;
    if (wishes_remove(&v->person.wishes, kind, name) != 0)
        return fail(&e->error, SOTTO_E_NOT_FOUND, "this was not blocked");
    audit_right(e, v, SOTTO_RIGHT_UNBLOCK);
    return save(e, v);
}

/* ---- Interests --------------------------------------------------------------------------- */

/* `item` NULL: whatever it was. */
static int forget(struct sotto *e, struct visit *v, const char *item, int64_t time_s,
                  uint32_t *forgotten) {
    struct person_home home = engine_home(e);
    /* First in memory, with all slates that know of it; then in storage. */
    slates_forget(e, v->handle);
    if (item) seen_take(&v->seen, model_find(&e->model, item), 0);
    int status = person_forget(&v->person, &home, item ? hash_item_id(item) : 0, (uint32_t)time_s,
                               &e->secrets->nobody, forgotten, &e->error);
    if (status == SOTTO_OK) status = visit_settle_seen(e, v, engine_late(e), 1);
    if (status == SOTTO_OK && v->person.place == PERSON_UNKNOWN)
        status = fail(&e->error, SOTTO_E_IO,
                      "storage fails: forgotten in memory only; repeat it when storage works");
    return engine_note(e, status);
}

int sotto_forget(struct sotto *e, sotto_session session, const char *item, int64_t time_s,
                 uint32_t *forgotten) {
    struct visit *v;
    uint32_t count = 0;
    int status = visit_enter(e, session, &v);
    if (status == SOTTO_OK && item) status = check_name(e, SOTTO_BLOCK_ITEM, item);
    if (status != SOTTO_OK) return status;
    if (time_s < 0 || time_s > UINT32_MAX || (!item && time_s == 0))
        return fail(&e->error, SOTTO_E_ARGUMENT, "say which item, or when");
    audit_right(e, v, SOTTO_RIGHT_FORGET);
    status = forget(e, v, item, time_s, &count);
    if (forgotten) *forgotten = count;
    return status;
}

static int say_like(struct sotto *e, struct visit *v, const char *item) {
    int64_t now_s = engine_late(e);
    uint32_t i;
    int status = engine_find_item(e, item, &i);
    if (status != SOTTO_OK) return status;
    if (!visit_may_keep(e, v, SOTTO_PURPOSE_PERSONALISE))
        return fail(&e->error, SOTTO_E_CONSENT, "nothing of this person is kept now");
    history_add(&v->person.history, (struct history_event){model_item_key(&e->model, i), i,
                                                           (uint32_t)now_s, SOTTO_EVENT_LIKE});
    return engine_has_storage(e) ? engine_note(e, visit_settle(e, v, now_s)) : SOTTO_OK;
}

int sotto_interest(struct sotto *e, sotto_session session, const char *item, int like) {
    struct visit *v;
    uint32_t count = 0;
    int status = visit_enter(e, session, &v);
    if (status == SOTTO_OK) status = check_name(e, SOTTO_BLOCK_ITEM, item);
    if (status != SOTTO_OK) return status;
    if (like < -1 || like > 1) return fail(&e->error, SOTTO_E_ARGUMENT, "like is 1, 0 or -1");
    audit_right(e, v, SOTTO_RIGHT_CORRECT);
    if (like > 0) return say_like(e, v, item);
    status = forget(e, v, item, 0, &count);
    int blocked = like < 0 ? block(e, v, SOTTO_BLOCK_ITEM, item) : SOTTO_OK;
    return status == SOTTO_OK ? blocked : status;
}

int sotto_reset(struct sotto *e, sotto_session session, struct sotto_erase_receipt *receipt) {
    struct visit *v;
    int status = visit_enter(e, session, &v);
    if (status != SOTTO_OK) return status;
    audit_right(e, v, SOTTO_RIGHT_RESET);
    if (v->person.name[0])
        return sotto_erase_purpose(e, v->person.name, SOTTO_PURPOSE_PERSONALISE, receipt);
    status = engine_enter_with(e, receipt, sizeof *receipt, "sotto_erase_receipt");
    if (status != SOTTO_OK) return status;
    const size_t size = receipt->size;
    memset(receipt, 0, sizeof *receipt);
    receipt->size = size;
    visit_forget_purpose(e, v, SOTTO_PURPOSE_PERSONALISE);
    return SOTTO_OK;
}

/* ---- Staff ------------------------------------------------------------------------------- */

int sotto_override(struct sotto *e, sotto_session session, const char *item, uint32_t reason) {
    struct visit *v;
    int status = visit_enter(e, session, &v);
    if (status == SOTTO_OK && item) status = check_name(e, SOTTO_BLOCK_ITEM, item);
    if (status != SOTTO_OK) return status;
    if (reason == 0) return fail(&e->error, SOTTO_E_ARGUMENT, "an override needs a reason code");
    vault_note(e->vault, SOTTO_AUDIT_OVERRIDE, item != NULL, reason, 0);
    if (item) {
        status = block(e, v, SOTTO_BLOCK_ITEM, item);
    } else {
        v->is_overridden = 1;
        slates_forget(e, v->handle);
    }
    int noted = engine_has_storage(e) ? vault_write_notes(e->vault, &e->error) : SOTTO_OK;
    return engine_note(e, status == SOTTO_OK ? noted : status);
}
