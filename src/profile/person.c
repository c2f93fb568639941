/* person: see person.h. In the vault a profile is one record of consent (VAULT_PROFILE, seq 0) and
 * chunks of events (VAULT_EVENTS, seq ascending from 1). */
#include "profile/person.h"

/* Past this many chunks the next load rewrites what is still wanted into full ones. */
#define CHUNKS_MAX 64 /* twice a full history: sessions end between full chunks */

uint8_t person_refused(const struct person *p) {
    unsigned refused = 0;
    for (int i = SOTTO_PURPOSE_PERSONALISE; i <= CONSENT_PURPOSES; i++)
        if (p->consent.word[i - 1].state == SOTTO_CONSENT_DENIED ||
            p->consent.word[i - 1].state == SOTTO_CONSENT_WITHDRAWN)
            refused |= 1u << i;
    return (uint8_t)refused;
}

uint32_t person_classes(enum sotto_purpose purpose) {
    switch (purpose) {
    case SOTTO_PURPOSE_STORE: break;
    case SOTTO_PURPOSE_PERSONALISE: return 1u << VAULT_EVENTS;
    case SOTTO_PURPOSE_MEASURE: return 1u << VAULT_MEMO;
    }
    return 0;
}

static int keeps_events(const struct person *p) {
    return !(person_refused(p) >> SOTTO_PURPOSE_PERSONALISE & 1);
}

static struct vault_key consent_key(uint32_t slot) {
    struct vault_key key = {VAULT_PROFILE, slot, 0};
    return key;
}

static struct vault_key chunk_key(const struct person *p, uint32_t seq) {
    struct vault_key key = {VAULT_EVENTS, p->slot, seq};
    return key;
}

static void resolve_items(struct history *h, const struct model *model) {
    for (uint32_t i = 0; i < h->n; i++) h->events[i].item = model_find_key(model, h->events[i].key);
}

/* Writes events from n_stored on into chunks; the caller holds a transaction or accepts one commit
 * per chunk. Only the counters of a scratch copy move, so that a failure changes nothing. */
static int put_chunks(const struct person *p, const struct person_home *home, uint32_t from,
                      uint32_t *next_chunk, struct sotto_error *err) {
    uint8_t bytes[HISTORY_CHUNK_BYTES];
    int status = SOTTO_OK;
    for (uint32_t i = from; i < p->history.n && status == SOTTO_OK;) {
        uint32_t n = p->history.n - i;
        if (n > HISTORY_CHUNK_EVENTS) n = HISTORY_CHUNK_EVENTS;
        size_t length = history_encode(&p->history, i, n, bytes);
        status = vault_put(home->vault, chunk_key(p, *next_chunk), bytes, length, err);
        *next_chunk += 1;
        i += n;
    }
    wipe(bytes, sizeof bytes);
    return status;
}

/* Replaces all chunks by full ones holding the history in memory, in one transaction. */
static int compact(struct person *p, const struct person_home *home, uint32_t last_seq,
                   struct sotto_error *err) {
    uint32_t next = last_seq + 1;
    struct vault_key key = chunk_key(p, 0);
    int status = vault_begin(home->vault, err);
    if (status != SOTTO_OK) return status;
    while ((status = vault_next(home->vault, &key, 0, err)) == SOTTO_OK && key.slot == p->slot &&
           key.seq <= last_seq) {
        status = vault_delete(home->vault, key, err);
        if (status != SOTTO_OK) break;
    }
    if (status == SOTTO_E_NOT_FOUND) status = SOTTO_OK;
    if (status == SOTTO_OK) status = put_chunks(p, home, 0, &next, err);
    if (status == SOTTO_OK) status = vault_commit(home->vault, err);
    if (status != SOTTO_OK) {
        vault_rollback(home->vault);
        return status;
    }
    p->next_chunk = next;
    p->history.n_stored = p->history.n;
    return SOTTO_OK;
}

/* A record that is too long for its buffer is damage, or a newer engine's. */
static int length_is_damage(int status, const char *what, struct sotto_error *err) {
    if (status != SOTTO_E_LIMIT) return status;
    return fail(err, SOTTO_E_CORRUPT, "a profile's %s cannot be read; erase the profile", what);
}

static int load_events(struct person *p, const struct person_home *home, int64_t now_s,
                       struct sotto_error *err) {
    uint8_t bytes[HISTORY_CHUNK_BYTES];
    struct vault_key key = chunk_key(p, 0);
    uint32_t chunks = 0, loaded = 0;
    size_t n;
    int status;
    while ((status = vault_next(home->vault, &key, 0, err)) == SOTTO_OK && key.slot == p->slot) {
        status = vault_get(home->vault, key, bytes, sizeof bytes, &n, err);
        status = length_is_damage(status, "events", err);
        if (status != SOTTO_OK) break;
        if (history_decode(&p->history, bytes, n) != 0) {
            status =
                fail(err, SOTTO_E_CORRUPT, "a profile's events cannot be read; erase the profile");
            break;
        }
        loaded += bytes[1];
        chunks++;
        p->next_chunk = key.seq + 1;
    }
    wipe(bytes, sizeof bytes);
    if (status != SOTTO_OK && status != SOTTO_E_NOT_FOUND) return status;
    history_expire(&p->history, now_s - home->policy->retention_s);
    resolve_items(&p->history, home->model);
    /* What retention or the newer events took away must leave the storage too, not only the memory.
     */
    if (vault_state(home->vault) == SOTTO_STORAGE_OK &&
        (chunks > CHUNKS_MAX || p->history.n_stored < loaded))
        return compact(p, home, p->next_chunk - 1, err);
    return SOTTO_OK;
}

static int find_next_chunk(struct person *p, const struct person_home *home,
                           struct sotto_error *err) {
    struct vault_key key = chunk_key(p, 0);
    int status;
    while ((status = vault_next(home->vault, &key, 0, err)) == SOTTO_OK && key.slot == p->slot)
        p->next_chunk = key.seq + 1;
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status;
}

static int load_consent(const struct person_home *home, uint32_t slot, struct consent *consent,
                        struct sotto_error *err) {
    uint8_t bytes[CONSENT_RECORD_BYTES];
    size_t n;
    int status = vault_get(home->vault, consent_key(slot), bytes, sizeof bytes, &n, err);
    /* A profile is made together with its consent: one without was tampered with. */
    if (status == SOTTO_E_NOT_FOUND) status = SOTTO_E_LIMIT;
    status = length_is_damage(status, "consent", err);
    if (status == SOTTO_OK && consent_decode(consent, bytes, n) != 0)
        status = length_is_damage(SOTTO_E_LIMIT, "consent", err);
    return status;
}

static int save_consent(const struct person_home *home, uint32_t slot,
                        const struct consent *consent, struct sotto_error *err) {
    uint8_t bytes[CONSENT_RECORD_BYTES];
    consent_encode(consent, bytes);
    vault_anchor(home->vault);
    vault_note(home->vault, SOTTO_AUDIT_CONSENT, 0,
               (uint64_t)consent->word[0].state | (uint64_t)consent->word[1].state << 8 |
                   (uint64_t)consent->word[2].state << 16,
               0);
    return vault_put(home->vault, consent_key(slot), bytes, sizeof bytes, err);
}

void person_begin(struct person *p, const struct person_home *home, const char *name) {
    memset(p, 0, sizeof *p);
    memcpy(p->name, name, strnlen(name, SOTTO_PROFILE_NAME_MAX));
    p->next_chunk = 1;
    if (!p->name[0] || vault_state(home->vault) == SOTTO_STORAGE_NONE) p->place = PERSON_NEW;
}

int person_load(struct person *p, const struct person_home *home, int64_t now_s,
                struct sotto_error *err) {
    const struct consent said = p->consent;
    if (p->place != PERSON_UNKNOWN) return SOTTO_OK;
    int status = vault_profile_find(home->vault, p->name, &p->slot);
    if (status == SOTTO_E_NOT_FOUND) {
        p->place = PERSON_NEW;
        return SOTTO_OK;
    }
    if (status != SOTTO_OK)
        return fail(err, status, "storage fails, so no profile can be looked up");
    p->place = PERSON_STORED;
    status = load_consent(home, p->slot, &p->consent, err);
    if (status == SOTTO_OK) {
        consent_merge(&p->consent, &said);
        /* Events are read only while consent to keep them holds: expired consent reads nothing, yet
         * a new yes must not write over what is there. */
        status = person_may_store(p, home, now_s) && keeps_events(p)
                     ? load_events(p, home, now_s, err)
                     : find_next_chunk(p, home, err);
    }
    if (status != SOTTO_OK) {
        history_drop_stored(&p->history);
        p->consent = said;
        p->next_chunk = 1;
        p->place = status == SOTTO_E_CORRUPT ? PERSON_UNREADABLE : PERSON_UNKNOWN;
    }
    return status;
}

void person_ask_again(struct person *p) {
    if (!p->name[0]) return;
    history_drop_stored(&p->history);
    p->place = PERSON_UNKNOWN;
    p->next_chunk = 1;
}

int person_may_store(const struct person *p, const struct person_home *home, int64_t now_s) {
    return p->place == PERSON_STORED &&
           consent_is_given(&p->consent, SOTTO_PURPOSE_STORE, home->policy, now_s);
}

int person_save_consent(const struct person *p, const struct person_home *home,
                        struct sotto_error *err) {
    return save_consent(home, p->slot, &p->consent, err);
}

int person_stored_consent(const struct person_home *home, uint32_t slot, struct consent *consent,
                          struct sotto_error *err) {
    return load_consent(home, slot, consent, err);
}

int person_save_no(const struct person_home *home, const char *name, const struct consent *said,
                   struct sotto_error *err) {
    struct consent stored, no = *said;
    uint32_t slot;
    consent_keep_no(&no);
    int status = vault_profile_find(home->vault, name, &slot);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status != SOTTO_OK)
        return fail(err, status, "storage fails, so no profile can be looked up");
    status = load_consent(home, slot, &stored, err);
    if (status == SOTTO_E_CORRUPT) return SOTTO_OK;
    if (status != SOTTO_OK || consent_merge(&stored, &no) == 0) return status;
    return save_consent(home, slot, &stored, err);
}

int person_create(struct person *p, const struct person_home *home, struct sotto_error *err) {
    uint32_t next = p->next_chunk;
    int status = vault_begin(home->vault, err);
    if (status != SOTTO_OK) return status;
    status = vault_profile_create(home->vault, p->name, &p->slot, err);
    if (status == SOTTO_OK) status = save_consent(home, p->slot, &p->consent, err);
    if (status == SOTTO_OK && keeps_events(p)) status = put_chunks(p, home, 0, &next, err);
    if (status == SOTTO_OK) status = vault_commit(home->vault, err);
    if (status != SOTTO_OK) {
        vault_rollback(home->vault);
        return status;
    }
    p->place = PERSON_STORED;
    p->next_chunk = next;
    p->history.n_stored = keeps_events(p) ? p->history.n : 0;
    return SOTTO_OK;
}

int person_flush(struct person *p, const struct person_home *home, int64_t now_s,
                 struct sotto_error *err) {
    if (p->history.n_stored == p->history.n || !keeps_events(p) ||
        !person_may_store(p, home, now_s))
        return SOTTO_OK;
    uint32_t next = p->next_chunk;
    int status = vault_begin(home->vault, err);
    if (status != SOTTO_OK) return status;
    status = put_chunks(p, home, p->history.n_stored, &next, err);
    if (status == SOTTO_OK) status = vault_commit(home->vault, err);
    if (status != SOTTO_OK) {
        vault_rollback(home->vault);
        return status;
    }
    p->next_chunk = next;
    p->history.n_stored = p->history.n;
    return SOTTO_OK;
}

void person_reset(struct person *p) {
    wipe(&p->history, sizeof p->history);
    wipe(&p->consent, sizeof p->consent);
    p->place = PERSON_UNKNOWN;
    p->next_chunk = 1;
}
