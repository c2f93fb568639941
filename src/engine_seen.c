/* engine_seen: what was shown to a person, on its way between the visit and the vault. It is stored
 * like what they did: under consent to store, and not after a no to being personalised. */
#include "engine.h"

#define SAVE_MS 60000 /* a record is some 4 KB of flash; a power cut loses what was shown since */

static int load(struct sotto *e, struct visit *v, struct vault_key key, uint8_t *bytes) {
    size_t n;
    v->seen.is_asked = 1;
    v->changes++;
    int status = vault_get(e->vault, key, bytes, SEEN_RECORD_BYTES, &n, &e->error);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status == SOTTO_E_LIMIT ||
        (status == SOTTO_OK && seen_decode(&v->seen, &e->model, bytes, n) != 0))
        return fail(&e->error, SOTTO_E_CORRUPT,
                    "what was shown to a profile cannot be read; it is counted anew");
    if (status != SOTTO_OK) v->seen.is_asked = 0;
    return status;
}

static int save(struct sotto *e, struct visit *v, struct vault_key key, int64_t now_s,
                uint8_t *bytes) {
    size_t n = seen_encode(&v->seen, &e->model, e->rules, now_s, bytes);
    int status =
        n ? vault_put(e->vault, key, bytes, n, &e->error) : vault_delete(e->vault, key, &e->error);
    if (status != SOTTO_OK) return status;
    v->seen.is_dirty = 0;
    v->seen_ms = e->clock.mono_ms;
    return SOTTO_OK;
}

int visit_settle_seen(struct sotto *e, struct visit *v, int64_t now_s, int is_last) {
    _Static_assert(SEEN_RECORD_BYTES <= VAULT_RECORD_MAX, "one record");
    const struct person_home home = engine_home(e);
    uint8_t bytes[SEEN_RECORD_BYTES];
    int status = SOTTO_OK;
    if (!engine_can_read(e) || v->owes_purge || !person_may_store(&v->person, &home, now_s) ||
        person_refused(&v->person) >> SOTTO_PURPOSE_PERSONALISE & 1)
        return SOTTO_OK;
    const struct vault_key key = {VAULT_SHOWN, v->person.slot, 0};
    if (!v->seen.is_asked) status = load(e, v, key, bytes);
    if (status == SOTTO_OK && v->seen.is_dirty && engine_has_storage(e) &&
        (is_last || e->clock.mono_ms - v->seen_ms >= SAVE_MS))
        status = save(e, v, key, now_s, bytes);
    wipe(bytes, sizeof bytes);
    return status;
}
