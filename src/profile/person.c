/* person: see person.h. In the vault a profile is one record of consent (VAULT_PROFILE, seq 0) and
 * chunks of events (VAULT_EVENTS, seq ascending from 1). */
#include "profile/person.h"

#include "profile/seen.h"

/* Past this many chunks the next load rewrites what is still wanted into full ones. */
#define CHUNKS_MAX 64 /* four times a full history: those of format 1 are small */

uint8_t person_refused(const struct person *p) {
    unsigned refused = 0;
    for (int i = SOTTO_PURPOSE_PERSONALISE; i <= SOTTO_PURPOSE_MEASURE; i++)
        if (consent_is_no((enum sotto_consent)p->consent.word[i - 1].state)) refused |= 1u << i;
    return (uint8_t)refused;
}

uint32_t person_classes(enum sotto_purpose purpose) {
    switch (purpose) {
    case SOTTO_PURPOSE_STORE:
    case SOTTO_PURPOSE_PAID:
    case SOTTO_PURPOSE_SENSITIVE: break;
    case SOTTO_PURPOSE_PERSONALISE: return 1u << VAULT_EVENTS | 1u << VAULT_SHOWN;
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

/* Where the next events go: chunks are numbered `next` and up, and the one before `next` ends with
 * the `in_last` events that come before the first event to be written. */
struct chunks_end {
    uint32_t next, in_last;
    uint32_t stored; /* how many events of the history are stored by then */
};

/* What a chunk takes once it is sealed. */
#define CHUNK_BYTES (HISTORY_CHUNK_BYTES + 64)

/* Whether one more chunk would be more than the quotas allow. */
static int is_full(const struct person *p, const struct person_home *home) {
    return vault_usage(home->vault, p->slot).bytes + CHUNK_BYTES > PERSON_BYTES_MAX ||
           vault_usage(home->vault, 0).bytes + CHUNK_BYTES > home->bytes_max;
}

/* Whether a chunk fits, or this person has one that can go for it. */
static int may_have_room(const struct person *p, const struct person_home *home) {
    struct vault_key key = chunk_key(p, 0);
    if (!is_full(p, home)) return 1;
    return vault_next(home->vault, &key, 1, NULL) == SOTTO_OK && key.slot == p->slot;
}

/* Deletes this person's oldest chunks until one more fits. SOTTO_E_LIMIT, which leaves *err alone,
 * when only other people's are left to be deleted. */
static int make_room(const struct person *p, const struct person_home *home,
                     struct sotto_error *err) {
    while (is_full(p, home)) {
        struct vault_key key = chunk_key(p, 0);
        int status = vault_next(home->vault, &key, 1, err);
        if (status == SOTTO_E_NOT_FOUND || (status == SOTTO_OK && key.slot != p->slot))
            return SOTTO_E_LIMIT;
        if (status == SOTTO_OK) status = vault_delete(home->vault, key, err);
        if (status != SOTTO_OK) return status;
    }
    return SOTTO_OK;
}

/* Writes the events from `from` on, filling up the last chunk first. The caller holds a
 * transaction. Only *end moves, so that a failure changes nothing. What the quotas have no room for
 * stays in memory. */
static int put_chunks(const struct person *p, const struct person_home *home, uint32_t from,
                      struct chunks_end *end, struct sotto_error *err) {
    uint8_t bytes[HISTORY_CHUNK_BYTES];
    int status = SOTTO_OK;
    end->stored = from;
    while (end->stored < p->history.n && status == SOTTO_OK) {
        uint32_t n = history_encode(&p->history, end->stored - end->in_last, bytes);
        if (n > end->in_last) {
            if (end->in_last == 0) status = make_room(p, home, err);
            if (status != SOTTO_OK) break;
            end->next += end->in_last == 0;
            status = vault_put(home->vault, chunk_key(p, end->next - 1), bytes, sizeof bytes, err);
            end->stored += n - end->in_last;
        }
        end->in_last = end->stored < p->history.n ? 0 : n;
    }
    wipe(bytes, sizeof bytes);
    return status == SOTTO_E_LIMIT ? SOTTO_OK : status;
}

/* The last chunk as the vault holds it. Events that memory has forgotten may go from it too. */
static struct chunks_end chunks_end(const struct person *p) {
    uint32_t known = p->in_last < p->history.n_stored ? p->in_last : p->history.n_stored;
    return (struct chunks_end){.next = p->next_chunk, .in_last = known};
}

/* Ends the transaction; what was written counts only then. */
static int commit(struct person *p, const struct person_home *home, int status,
                  const struct chunks_end *end, struct sotto_error *err) {
    if (status == SOTTO_OK) {
        status = vault_commit(home->vault, err);
        p->doubt = status == SOTTO_OK ? 0 : vault_doubt(home->vault);
        p->history.n_doubt = p->doubt ? end->stored : 0;
    }
    if (status != SOTTO_OK) {
        vault_rollback(home->vault);
        return status;
    }
    p->next_chunk = end->next;
    p->in_last = end->in_last;
    p->history.n_stored = end->stored;
    return SOTTO_OK;
}

/* Deletes all of the person's chunks, within the open transaction. */
static int delete_chunks(const struct person *p, const struct person_home *home,
                         struct sotto_error *err) {
    struct vault_key key = chunk_key(p, 0);
    int status;
    while ((status = vault_next(home->vault, &key, 0, err)) == SOTTO_OK && key.slot == p->slot) {
        status = vault_delete(home->vault, key, err);
        if (status != SOTTO_OK) return status;
    }
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status;
}

/* Replaces all chunks by full ones holding the history in memory, in one transaction. */
static int compact(struct person *p, const struct person_home *home, struct sotto_error *err) {
    struct chunks_end end = {.next = p->next_chunk};
    int status = vault_begin(home->vault, err);
    if (status != SOTTO_OK) return status;
    status = delete_chunks(p, home, err);
    if (status == SOTTO_OK) status = put_chunks(p, home, 0, &end, err);
    return commit(p, home, status, &end, err);
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
        p->in_last = bytes[1];
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
        return compact(p, home, err);
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

/* The last receipt's number and hash, which the next one continues. */
static int load_proofs(struct person *p, const struct person_home *home, struct sotto_error *err) {
    uint8_t bytes[PROOF_BYTES];
    struct vault_key key = {VAULT_CONSENTS, p->slot, 0}, last = key;
    size_t n;
    int status;
    p->proofs.number = 0;
    memset(p->proofs.last, 0, sizeof p->proofs.last);
    while ((status = vault_next(home->vault, &key, 0, err)) == SOTTO_OK && key.slot == p->slot)
        last = key;
    if (status != SOTTO_OK && status != SOTTO_E_NOT_FOUND) return status;
    if (last.seq == 0) return SOTTO_OK;
    status = vault_get(home->vault, last, bytes, sizeof bytes, &n, err);
    if (status == SOTTO_OK && proofs_follow(&p->proofs, bytes, n) != 0) status = SOTTO_E_LIMIT;
    return length_is_damage(status, "receipts", err);
}

/* Blocks made in the meantime stay, beside those that are stored. */
static int load_wishes(struct person *p, const struct person_home *home, struct sotto_error *err) {
    const struct vault_key wishes_key = {VAULT_PEOPLE, p->slot, PERSON_WISHES},
                           notice_key = {VAULT_PEOPLE, p->slot, PERSON_NOTICE};
    uint8_t bytes[WISHES_BYTES];
    struct wishes stored;
    struct wish wish;
    size_t n;
    uint32_t at = 0;
    int status = vault_get(home->vault, wishes_key, bytes, sizeof bytes, &n, err);
    if (status == SOTTO_OK && wishes_decode(&stored, bytes, n) != 0) status = SOTTO_E_LIMIT;
    if (status == SOTTO_OK) {
        while (wishes_next(&p->wishes, &at, &wish) && wishes_add(&stored, &wish) == 0) continue;
        p->wishes = stored;
    }
    wipe(bytes, sizeof bytes);
    wipe(&stored, sizeof stored);
    if (status != SOTTO_OK && status != SOTTO_E_NOT_FOUND)
        return length_is_damage(status, "blocks", err);
    if (p->owes & PERSON_NOTICE) return SOTTO_OK;
    status = vault_get(home->vault, notice_key, bytes, NOTICE_BYTES, &n, err);
    if (status == SOTTO_OK && notice_decode(&p->notice, bytes, n) != 0) status = SOTTO_E_LIMIT;
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : length_is_damage(status, "notice", err);
}

/* Within the open transaction; proofs_drop takes them off once it is committed. */
static int put_proofs(struct person *p, const struct person_home *home, struct sotto_error *err) {
    int status = SOTTO_OK;
    proofs_chain(&p->proofs);
    for (uint32_t i = 0; i < p->proofs.n && status == SOTTO_OK; i++) {
        struct vault_key key = {VAULT_CONSENTS, p->slot, (uint32_t)p->proofs.number + 1 + i};
        status = vault_put(home->vault, key, p->proofs.body[i], PROOF_BYTES, err);
        if (key.seq <= SOTTO_CONSENT_RECEIPTS_KEPT || status != SOTTO_OK) continue;
        key.seq -= SOTTO_CONSENT_RECEIPTS_KEPT;
        status = vault_delete(home->vault, key, err);
    }
    return status;
}

/* Within the open transaction. */
static int put_wishes(const struct person *p, const struct person_home *home, unsigned which,
                      struct sotto_error *err) {
    struct vault_key key = {VAULT_PEOPLE, p->slot, PERSON_WISHES};
    uint8_t bytes[NOTICE_BYTES];
    int status = SOTTO_OK;
    if (which & PERSON_WISHES)
        status = p->wishes.n > WISHES_HEAD
                     ? vault_put(home->vault, key, p->wishes.bytes, p->wishes.n, err)
                     : vault_delete(home->vault, key, err);
    if (status != SOTTO_OK || !(which & PERSON_NOTICE)) return status;
    key.seq = PERSON_NOTICE;
    notice_encode(&p->notice, bytes);
    return vault_put(home->vault, key, bytes, sizeof bytes, err);
}

static int save_consent(const struct person_home *home, uint32_t slot,
                        const struct consent *consent, struct sotto_error *err) {
    uint8_t bytes[CONSENT_RECORD_BYTES];
    consent_encode(consent, bytes);
    vault_anchor(home->vault);
    uint64_t words = 0;
    for (int i = 0; i < CONSENT_PURPOSES; i++) words |= (uint64_t)consent->word[i].state << 8 * i;
    vault_note(home->vault, SOTTO_AUDIT_CONSENT, 0, words, 0);
    return vault_put(home->vault, consent_key(slot), bytes, sizeof bytes, err);
}

void person_begin(struct person *p, const struct person_home *home, const char *name) {
    memset(p, 0, sizeof *p);
    memcpy(p->name, name, strnlen(name, SOTTO_PROFILE_NAME_MAX));
    p->next_chunk = 1;
    p->in_last = 0;
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
    if (status == SOTTO_OK) status = load_proofs(p, home, err);
    if (status == SOTTO_OK) status = load_wishes(p, home, err);
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
        p->in_last = 0;
        p->place = status == SOTTO_E_CORRUPT ? PERSON_UNREADABLE : PERSON_UNKNOWN;
    }
    return status;
}

void person_ask_again(struct person *p, const struct vault *vault) {
    if (!p->name[0]) return;
    if (vault_has_landed(vault, p->doubt) && p->history.n_doubt > p->history.n_stored)
        p->history.n_stored = p->history.n_doubt;
    p->doubt = p->history.n_doubt = 0;
    history_drop_stored(&p->history);
    p->place = PERSON_UNKNOWN;
    p->next_chunk = 1;
    p->in_last = 0;
    p->proofs.number = 0;
    memset(p->proofs.last, 0, sizeof p->proofs.last);
}

int person_may_store(const struct person *p, const struct person_home *home, int64_t now_s) {
    return p->place == PERSON_STORED &&
           consent_is_given(&p->consent, SOTTO_PURPOSE_STORE, home->policy, now_s);
}

int person_save_consent(struct person *p, const struct person_home *home, struct sotto_error *err) {
    int status = vault_begin(home->vault, err);
    if (status != SOTTO_OK) return status;
    status = save_consent(home, p->slot, &p->consent, err);
    if (status == SOTTO_OK) status = put_proofs(p, home, err);
    if (status == SOTTO_OK) status = vault_commit(home->vault, err);
    if (status != SOTTO_OK)
        vault_rollback(home->vault);
    else
        proofs_drop(&p->proofs, p->proofs.n);
    return status;
}

int person_save_wishes(struct person *p, const struct person_home *home, int64_t now_s,
                       struct sotto_error *err) {
    if (p->owes == 0 || !person_may_store(p, home, now_s)) return SOTTO_OK;
    int status = vault_begin(home->vault, err);
    if (status != SOTTO_OK) return status;
    status = put_wishes(p, home, p->owes, err);
    if (status == SOTTO_OK) status = vault_commit(home->vault, err);
    if (status != SOTTO_OK)
        vault_rollback(home->vault);
    else
        p->owes = 0;
    return status;
}

int person_stored_consent(const struct person_home *home, uint32_t slot, struct consent *consent,
                          struct sotto_error *err) {
    return load_consent(home, slot, consent, err);
}

int person_save_no(const struct person_home *home, const char *name, const struct consent *said,
                   struct person *work, struct sotto_error *err) {
    struct consent stored = {0}, no = *said;
    uint32_t slot;
    consent_keep_no(&no);
    int status = vault_profile_find(home->vault, name, &slot);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status != SOTTO_OK)
        return fail(err, status, "storage fails, so no profile can be looked up");
    status = load_consent(home, slot, &stored, err);
    if (status == SOTTO_E_CORRUPT) return SOTTO_OK;
    if (status != SOTTO_OK || consent_merge(&stored, &no) == 0) return status;
    work->slot = slot;
    work->consent = stored;
    status = load_proofs(work, home, err);
    for (int i = 0; i < CONSENT_PURPOSES && status == SOTTO_OK; i++)
        if (no.word[i].state)
            person_prove(work, home->policy,
                         &(struct person_said){
                             (enum sotto_purpose)(i + 1), (enum sotto_consent)no.word[i].state,
                             (enum sotto_said)no.word[i].channel, "", no.word[i].at_s});
    /* Receipts that cannot be read must not keep a no from being stored. */
    if (status == SOTTO_E_CORRUPT) status = SOTTO_OK;
    if (status == SOTTO_OK) status = person_save_consent(work, home, err);
    wipe(work, sizeof *work);
    return status;
}

void person_prove(struct person *p, const struct policy *policy, const struct person_said *what) {
    struct sotto_consent_receipt r = {.purpose = what->purpose,
                                      .state = what->state,
                                      .channel = what->channel,
                                      .notice_version = policy->notice_version,
                                      .policy_version = policy->version,
                                      .time_s = what->at_s};
    memcpy(r.locale, what->locale, strnlen(what->locale, sizeof r.locale - 1));
    memcpy(r.policy_hash, policy->hash, sizeof r.policy_hash);
    proof_add(&p->proofs, &r);
}

int person_create(struct person *p, const struct person_home *home, struct sotto_error *err) {
    struct chunks_end end = {.next = p->next_chunk};
    int status = vault_begin(home->vault, err);
    if (status != SOTTO_OK) return status;
    status = vault_profile_create(home->vault, p->name, &p->slot, err);
    if (status == SOTTO_OK) status = save_consent(home, p->slot, &p->consent, err);
    if (status == SOTTO_OK) status = put_proofs(p, home, err);
    if (status == SOTTO_OK) status = put_wishes(p, home, PERSON_WISHES | PERSON_NOTICE, err);
    if (status == SOTTO_OK && keeps_events(p)) status = put_chunks(p, home, 0, &end, err);
    status = commit(p, home, status, &end, err);
    if (status != SOTTO_OK) return status;
    proofs_drop(&p->proofs, p->proofs.n);
    p->owes = 0;
    p->place = PERSON_STORED;
    return SOTTO_OK;
}

int person_waits(const struct person *p, const struct person_home *home, int64_t now_s) {
    return p->history.n_stored != p->history.n && keeps_events(p) &&
           person_may_store(p, home, now_s);
}

int person_flush(struct person *p, const struct person_home *home, int64_t now_s,
                 struct sotto_error *err) {
    if (!person_waits(p, home, now_s)) return SOTTO_OK;
    struct chunks_end end = chunks_end(p);
    if (end.in_last == 0 && !may_have_room(p, home)) return SOTTO_OK; /* and not even a commit */
    int status = vault_begin(home->vault, err);
    if (status != SOTTO_OK) return status;
    status = put_chunks(p, home, p->history.n_stored, &end, err);
    return commit(p, home, status, &end, err);
}

void person_reset(struct person *p) {
    wipe(&p->history, sizeof p->history);
    wipe(&p->consent.word, sizeof p->consent.word);
    wipe(&p->proofs, sizeof p->proofs);
    wipe(&p->wishes, sizeof p->wishes);
    wipe(&p->notice, sizeof p->notice);
    p->owes = 0;
    p->place = PERSON_UNKNOWN;
    p->next_chunk = 1;
    p->in_last = 0;
}

/* ---- Profiles that nobody has open ------------------------------------------------------- */

/* Fewer are not worth the writing. */
#define CHUNKS_MERGE 4

/* Whether the word that the profile is kept by still holds, or may be renewed. */
static int may_stay(const struct consent *consent, const struct policy *policy, int64_t late_s) {
    if (policy->consent[SOTTO_PURPOSE_STORE] == POLICY_NEVER) return 0;
    return consent->word[SOTTO_PURPOSE_STORE - 1].state == SOTTO_CONSENT_GRANTED &&
           late_s - consent->word[SOTTO_PURPOSE_STORE - 1].at_s <= policy->consent_ttl_s;
}

static int keep_nothing(const struct person_home *home, const char *name, struct sotto_error *err) {
    const struct vault_scope all = {.purposes = VAULT_EVERY_PURPOSE, .why = SOTTO_ERASE_EXPIRED};
    return vault_erase_part(home->vault, name, &all, NULL, err);
}

static int keep_no_refused(const struct person_home *home, const struct person *p,
                           struct sotto_error *err) {
    struct vault_scope scope = {.purposes = person_refused(p), .why = SOTTO_ERASE_WITHDRAWN};
    for (int i = SOTTO_PURPOSE_PERSONALISE; i <= SOTTO_PURPOSE_MEASURE; i++)
        if (scope.purposes >> i & 1) scope.classes |= person_classes((enum sotto_purpose)i);
    return scope.classes ? vault_erase_part(home->vault, p->name, &scope, NULL, err) : SOTTO_OK;
}

/* Which events go: those before `since_s`, and those of one item, at one time or ever. */
struct cut {
    int64_t since_s;
    uint64_t key; /* with 0 in both, of none */
    uint32_t time_s;
    int is_item;
};

/* Cuts one chunk; *left tells how many stay, *gone how many more are gone. */
static int trim_chunk(struct person *work, const struct person_home *home, struct vault_key key,
                      const struct cut *cut, uint32_t *left, uint32_t *gone,
                      struct sotto_error *err) {
    uint8_t bytes[HISTORY_CHUNK_BYTES];
    struct history *h = &work->history;
    size_t n;
    int status = vault_get(home->vault, key, bytes, sizeof bytes, &n, err);
    status = length_is_damage(status, "events", err);
    wipe(h, sizeof *h);
    if (status == SOTTO_OK && history_decode(h, bytes, n) != 0)
        status = length_is_damage(SOTTO_E_LIMIT, "events", err);
    if (status == SOTTO_OK) {
        uint32_t had = h->n;
        history_expire(h, cut->since_s);
        if (cut->is_item) history_forget(h, cut->key, cut->time_s);
        *left = h->n;
        *gone += had - h->n;
        if (h->n == 0) {
            status = vault_delete(home->vault, key, err);
        } else if (h->n < had) {
            (void)history_encode(h, 0, bytes); /* fewer of what has fitted */
            status = vault_put(home->vault, key, bytes, sizeof bytes, err);
        }
    }
    wipe(bytes, sizeof bytes);
    return status;
}

/* All chunks; tells how many are left, how many events of the last chunk (0: it is gone), and how
 * many events went. Each change is a commit of its own unless a transaction is open. */
struct trimmed {
    uint32_t chunks, in_last, gone;
};
static int trim(struct person *work, const struct person_home *home, const struct cut *cut,
                struct trimmed *t, struct sotto_error *err) {
    struct vault_key key = chunk_key(work, 0);
    int status;
    memset(t, 0, sizeof *t);
    while ((status = vault_next(home->vault, &key, 0, err)) == SOTTO_OK && key.slot == work->slot) {
        status = trim_chunk(work, home, key, cut, &t->in_last, &t->gone, err);
        if (status != SOTTO_OK) return status;
        t->chunks += t->in_last > 0;
        work->next_chunk = key.seq + 1;
    }
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status;
}

int person_forget(struct person *p, const struct person_home *home, uint64_t key, uint32_t time_s,
                  struct person *work, uint32_t *forgotten, struct sotto_error *err) {
    const struct cut cut = {.since_s = 0, .key = key, .time_s = time_s, .is_item = 1};
    struct trimmed t = {0, 0, 0};
    uint32_t known = p->history.n_stored, gone = history_forget(&p->history, key, time_s);
    known -= p->history.n_stored; /* of them the vault holds */
    *forgotten += gone;
    if (p->place != PERSON_STORED) return SOTTO_OK;
    int status = vault_begin(home->vault, err);
    if (status != SOTTO_OK) return status;
    vault_anchor(home->vault); /* what was forgotten stays so */
    work->slot = p->slot;
    status = trim(work, home, &cut, &t, err);
    if (status == SOTTO_OK) status = vault_commit(home->vault, err);
    if (status != SOTTO_OK) vault_rollback(home->vault);
    wipe(work, sizeof *work);
    /* Memory and the last chunk may differ now: the next events begin another. */
    if (status != SOTTO_OK) p->in_last = 0;
    if (status != SOTTO_OK) return status;
    if (p->in_last) p->in_last = t.in_last;
    *forgotten += t.gone > known ? t.gone - known : 0; /* that memory no longer held */
    return SOTTO_OK;
}

/* How many full chunks the history in memory would make. */
static uint32_t full_chunks(const struct history *h) {
    uint8_t bytes[HISTORY_CHUNK_BYTES];
    uint32_t chunks = 0;
    for (uint32_t i = 0; i < h->n; chunks++) i += history_encode(h, i, bytes);
    wipe(bytes, sizeof bytes);
    return chunks;
}

/* Small chunks are of format 1, or what retention has left. They are merged once half of them can
 * go, so that an event is rewritten a few times at most. */
static int keep_wanted(const struct person_home *home, struct person *work, int64_t late_s,
                       struct sotto_error *err) {
    const struct cut cut = {.since_s = late_s - home->policy->retention_s};
    struct trimmed t;
    int status = trim(work, home, &cut, &t, err);
    wipe(&work->history, sizeof work->history);
    if (status != SOTTO_OK || t.chunks < CHUNKS_MERGE) return status;
    const uint32_t next = work->next_chunk;
    status = load_events(work, home, late_s, err);
    /* Loading may have merged them itself. */
    if (status != SOTTO_OK || work->next_chunk != next ||
        t.chunks < 2 * full_chunks(&work->history))
        return status;
    return compact(work, home, err);
}

/* Receipts past their term go, but for the last, which the next one names. */
static int keep_proofs(const struct person_home *home, uint32_t slot, int64_t since_s,
                       struct sotto_error *err) {
    struct vault_key key = {VAULT_CONSENTS, slot, 0}, before = key;
    struct sotto_consent_receipt r;
    uint8_t bytes[PROOF_BYTES];
    size_t n;
    int status;
    while ((status = vault_next(home->vault, &key, 0, err)) == SOTTO_OK && key.slot == slot) {
        if (before.seq) status = vault_delete(home->vault, before, err);
        if (status == SOTTO_OK) status = vault_get(home->vault, key, bytes, sizeof bytes, &n, err);
        if (status != SOTTO_OK) return status;
        if (n == sizeof bytes && proof_read(&r, bytes) == 0 && r.time_s >= since_s) return SOTTO_OK;
        before = key;
    }
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status;
}

/* So does what was shown, once it can neither hide nor cap anything. */
static int keep_shown(const struct person_home *home, struct person *work, int64_t late_s,
                      struct sotto_error *err) {
    const struct vault_key key = {VAULT_SHOWN, work->slot, 0};
    uint8_t *bytes = (uint8_t *)work->history.events; /* nobody's, and locked */
    _Static_assert(sizeof work->history.events >= SEEN_RECORD_BYTES, "a record fits");
    size_t n;
    int status = vault_get(home->vault, key, bytes, SEEN_RECORD_BYTES, &n, err);
    if (status == SOTTO_OK && seen_is_over(bytes, n, home->policy, late_s))
        status = vault_delete(home->vault, key, err);
    return status == SOTTO_E_NOT_FOUND || status == SOTTO_E_LIMIT ? SOTTO_OK : status;
}

static int is_unused(const struct person *work, const struct person_home *home, int64_t late_s) {
    return work->notice.used_s && late_s - work->notice.used_s > home->policy->profile_ttl_s;
}

int person_keep(const struct person_home *home, uint32_t slot, int64_t late_s, struct person *work,
                struct sotto_error *err) {
    const char *name = vault_profile_name(home->vault, slot);
    if (!name) return SOTTO_OK;
    person_begin(work, home, name);
    work->place = PERSON_STORED;
    work->slot = slot;
    int status = load_consent(home, slot, &work->consent, err);
    if (status == SOTTO_OK) status = load_wishes(work, home, err);
    if (status == SOTTO_OK &&
        (!may_stay(&work->consent, home->policy, late_s) || is_unused(work, home, late_s)))
        status = keep_nothing(home, work->name, err);
    else if (status == SOTTO_OK && person_refused(work))
        status = keep_no_refused(home, work, err);
    if (status == SOTTO_OK && vault_profile_name(home->vault, slot)) {
        status = keep_proofs(home, slot, late_s - home->policy->receipt_ttl_s, err);
        if (status == SOTTO_OK) status = keep_shown(home, work, late_s, err);
        if (status == SOTTO_OK) status = keep_wanted(home, work, late_s, err);
    }
    wipe(work, sizeof *work);
    return status == SOTTO_E_CORRUPT ? SOTTO_OK : status;
}
