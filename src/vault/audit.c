/* audit: see audit.h. Nothing of the log is kept in memory between two entries: entries are rare,
 * and what a rollback undoes can then not linger. */
#include "vault/audit.h"

#include "vault/inside.h"

#define FORMAT 1

enum { SLOT_STATE, SLOT_EPOCH, SLOT_SEGMENT };

#define AT_BOOT         4
#define AT_EPOCH        8
#define AT_ENTRIES      16
#define AT_KEPT         24
#define AT_HEAD         32
#define AT_TOTALS       (AT_HEAD + HASH_BYTES)
#define AT_EPOCH_SEED   (AT_TOTALS + 8 * SOTTO_AUDIT_KINDS)
#define AT_SEGMENT_SEED (AT_EPOCH_SEED + SIGN_SEED_BYTES)
#define AT_GENESIS      (AT_SEGMENT_SEED + SIGN_SEED_BYTES)
#define STATE_BYTES     (AT_GENESIS + AUDIT_GENESIS_BYTES)

#define EPOCH_RECORD_MAX (4 + AUDIT_EPOCH_ENTRIES * AUDIT_ENTRY_BYTES + AUDIT_SEAL_BYTES)
_Static_assert(EPOCH_RECORD_MAX <= VAULT_RECORD_MAX, "an epoch is one record");

/* ---- Records ------------------------------------------------------------------------------ */

static const char UNREADABLE[] = "the audit log cannot be read";

static int put(struct vault *v, uint32_t slot, uint64_t seq, const uint8_t *bytes, size_t n,
               struct sotto_error *err) {
    return own_put(v, row_of(VAULT_AUDIT, slot, (uint32_t)seq), bytes, n, err);
}

static int get(struct vault *v, uint32_t slot, uint64_t seq, uint8_t *bytes, size_t cap, size_t *n,
               struct sotto_error *err) {
    return own_get(v, row_of(VAULT_AUDIT, slot, (uint32_t)seq), bytes, cap, n, UNREADABLE, err);
}

static int state_put(struct vault *v, const struct audit_state *s, struct sotto_error *err) {
    uint8_t bytes[STATE_BYTES];
    store32(bytes, FORMAT);
    store32(bytes + AT_BOOT, s->boot);
    store64(bytes + AT_EPOCH, s->epoch);
    store64(bytes + AT_ENTRIES, s->entries);
    store64(bytes + AT_KEPT, s->kept_from);
    memcpy(bytes + AT_HEAD, s->head, HASH_BYTES);
    for (size_t k = 0; k < SOTTO_AUDIT_KINDS; k++) store64(bytes + AT_TOTALS + 8 * k, s->totals[k]);
    memcpy(bytes + AT_EPOCH_SEED, s->epoch_seed, SIGN_SEED_BYTES);
    memcpy(bytes + AT_SEGMENT_SEED, s->segment_seed, SIGN_SEED_BYTES);
    memcpy(bytes + AT_GENESIS, s->genesis, AUDIT_GENESIS_BYTES);
    int status = put(v, SLOT_STATE, 0, bytes, sizeof bytes, err);
    wipe(bytes, sizeof bytes);
    return status;
}

/* SOTTO_E_NOT_FOUND, which leaves *err alone, before the log has begun. */
static int state_get(struct vault *v, struct audit_state *s, struct sotto_error *err) {
    uint8_t bytes[STATE_BYTES];
    size_t n = 0;
    int status = get(v, SLOT_STATE, 0, bytes, sizeof bytes, &n, err);
    if (status == SOTTO_OK && (n != sizeof bytes || load32(bytes) != FORMAT))
        status = fail(err, SOTTO_E_CORRUPT, UNREADABLE);
    if (status == SOTTO_OK) {
        s->boot = load32(bytes + AT_BOOT);
        s->epoch = load64(bytes + AT_EPOCH);
        s->entries = load64(bytes + AT_ENTRIES);
        s->kept_from = load64(bytes + AT_KEPT);
        memcpy(s->head, bytes + AT_HEAD, HASH_BYTES);
        for (size_t k = 0; k < SOTTO_AUDIT_KINDS; k++)
            s->totals[k] = load64(bytes + AT_TOTALS + 8 * k);
        memcpy(s->epoch_seed, bytes + AT_EPOCH_SEED, SIGN_SEED_BYTES);
        memcpy(s->segment_seed, bytes + AT_SEGMENT_SEED, SIGN_SEED_BYTES);
        memcpy(s->genesis, bytes + AT_GENESIS, AUDIT_GENESIS_BYTES);
    }
    wipe(bytes, sizeof bytes);
    return status;
}

/* ---- Keys --------------------------------------------------------------------------------- */

/* Draws the seed of a key and tells its public half. */
static int draw(struct vault *v, struct audit_state *s, uint8_t seed[SIGN_SEED_BYTES],
                uint8_t public_key[SIGN_PUBLIC_BYTES], struct sotto_error *err) {
    if (rng_bytes(v->rng, seed, SIGN_SEED_BYTES) != 0)
        return fail(err, SOTTO_E_ENTROPY, "vault: the random source failed, nothing was logged");
    sign_keypair(public_key, s->secret_key, seed);
    wipe(s->secret_key, sizeof s->secret_key);
    return SOTTO_OK;
}

static int begin(struct vault *v, struct audit_state *s, struct sotto_error *err) {
    struct audit_genesis g;
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    memset(s, 0, sizeof *s);
    if (rng_bytes(v->rng, g.nonce, sizeof g.nonce) != 0)
        return fail(err, SOTTO_E_ENTROPY, "vault: the random source failed, nothing was logged");
    int status = draw(v, s, s->epoch_seed, g.epoch_key, err);
    if (status == SOTTO_OK) status = draw(v, s, s->segment_seed, g.segment_key, err);
    if (status != SOTTO_OK) return status;
    sign_keypair(public_key, s->secret_key, s->segment_seed);
    audit_genesis_sign(s->genesis, &g, s->secret_key);
    audit_first_head(s->head, &g);
    return SOTTO_OK;
}

/* ---- The end of epochs and segments ------------------------------------------------------- */

static void seal_level(struct audit_state *s, enum audit_level level, uint64_t number,
                       const uint8_t seed[SIGN_SEED_BYTES], const uint8_t *next_key,
                       const uint8_t *next_epoch, uint8_t bytes[AUDIT_SEAL_BYTES]) {
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    struct audit_seal end = {.level = level, .number = number, .entries = s->entries};
    memcpy(end.head, s->head, HASH_BYTES);
    memcpy(end.totals, s->totals, sizeof end.totals);
    memcpy(end.next_key, next_key, SIGN_PUBLIC_BYTES);
    memcpy(end.next_epoch, next_epoch, SIGN_PUBLIC_BYTES);
    sign_keypair(public_key, s->secret_key, seed);
    audit_seal_sign(bytes, &end, s->secret_key);
    wipe(s->secret_key, sizeof s->secret_key);
}

/* The epoch before was the last of its segment; `next_epoch` has its key in s->epoch_seed already.
 */
static int segment_end(struct vault *v, struct audit_state *s, const uint8_t *next_epoch,
                       struct sotto_error *err) {
    uint8_t seed[SIGN_SEED_BYTES], next_key[SIGN_PUBLIC_BYTES], bytes[AUDIT_SEAL_BYTES];
    uint64_t segment = s->epoch / AUDIT_SEGMENT_EPOCHS - 1;
    int status = draw(v, s, seed, next_key, err);
    if (status == SOTTO_OK) {
        seal_level(s, AUDIT_LEVEL_SEGMENT, segment, s->segment_seed, next_key, next_epoch, bytes);
        memcpy(s->segment_seed, seed, sizeof seed);
        status = put(v, SLOT_SEGMENT, segment, bytes, sizeof bytes, err);
    }
    wipe(seed, sizeof seed);
    if (status != SOTTO_OK || segment < AUDIT_SEGMENTS_KEPT) return status;
    uint64_t kept_from = (segment + 1 - AUDIT_SEGMENTS_KEPT) * AUDIT_SEGMENT_EPOCHS;
    status = rows_remove(v, row_of(VAULT_AUDIT, SLOT_EPOCH, (uint32_t)s->kept_from),
                         row_of(VAULT_AUDIT, SLOT_EPOCH, (uint32_t)kept_from - 1), NULL, err);
    s->kept_from = kept_from;
    return status;
}

/* Seals the epoch whose record is in `bytes` and forgets its key. */
static int epoch_end(struct vault *v, struct audit_state *s, uint8_t bytes[EPOCH_RECORD_MAX],
                     size_t n, struct sotto_error *err) {
    uint8_t seed[SIGN_SEED_BYTES], next[SIGN_PUBLIC_BYTES];
    int status = draw(v, s, seed, next, err);
    if (status == SOTTO_OK) {
        seal_level(s, AUDIT_LEVEL_EPOCH, s->epoch, s->epoch_seed, next, next, bytes + n);
        memcpy(s->epoch_seed, seed, sizeof seed);
        status = put(v, SLOT_EPOCH, s->epoch, bytes, n + AUDIT_SEAL_BYTES, err);
        s->epoch++;
    }
    wipe(seed, sizeof seed);
    if (status != SOTTO_OK || s->epoch % AUDIT_SEGMENT_EPOCHS != 0) return status;
    return segment_end(v, s, next, err);
}

/* ---- Appending ---------------------------------------------------------------------------- */

/* The record of the epoch at hand: u32 entries, entries. */
static int epoch_get(struct vault *v, const struct audit_state *s, uint8_t bytes[EPOCH_RECORD_MAX],
                     size_t *n, struct sotto_error *err) {
    int status = get(v, SLOT_EPOCH, s->epoch, bytes, EPOCH_RECORD_MAX, n, err);
    if (status == SOTTO_E_NOT_FOUND) {
        store32(bytes, 0);
        *n = 4;
        return SOTTO_OK;
    }
    if (status != SOTTO_OK) return status;
    if (*n < 4 || load32(bytes) >= AUDIT_EPOCH_ENTRIES ||
        *n != 4 + (size_t)load32(bytes) * AUDIT_ENTRY_BYTES)
        return fail(err, SOTTO_E_CORRUPT, UNREADABLE);
    return SOTTO_OK;
}

static int append(struct vault *v, struct audit_state *s, struct sotto_audit_entry e, int is_last,
                  struct sotto_error *err) {
    uint8_t bytes[EPOCH_RECORD_MAX];
    size_t n = 0;
    int status = epoch_get(v, s, bytes, &n, err);
    if (status != SOTTO_OK) return status;
    if (e.kind == SOTTO_AUDIT_START) s->boot++;
    e.boot = s->boot;
    audit_entry_write(bytes + n, &e);
    audit_next_head(s->head, bytes + n);
    s->totals[e.kind]++;
    s->entries++;
    n += AUDIT_ENTRY_BYTES;
    uint32_t count = load32(bytes) + 1;
    store32(bytes, count);
    if (is_last || count == AUDIT_EPOCH_ENTRIES) return epoch_end(v, s, bytes, n, err);
    return put(v, SLOT_EPOCH, s->epoch, bytes, n, err);
}

int audit_append(struct vault *v, const struct sotto_audit_entry *entries, uint32_t n, int is_last,
                 struct sotto_error *err) {
    struct audit_state *s = &v->keys->audit;
    int status = state_get(v, s, err);
    if (status == SOTTO_E_NOT_FOUND) status = begin(v, s, err);
    for (uint32_t i = 0; i < n && status == SOTTO_OK; i++)
        status = append(v, s, entries[i], is_last && i + 1 == n, err);
    if (status == SOTTO_OK) status = state_put(v, s, err);
    wipe(s, sizeof *s);
    return status;
}

int audit_place(struct vault *v, uint64_t *lines, uint8_t head[HASH_BYTES],
                struct sotto_error *err) {
    struct audit_state *s = &v->keys->audit;
    int status = state_get(v, s, err);
    if (status == SOTTO_OK) {
        *lines = s->entries;
        memcpy(head, s->head, HASH_BYTES);
    }
    wipe(s, sizeof *s);
    return status;
}

/* ---- Reading ------------------------------------------------------------------------------ */

int vault_audit_look(struct vault *v, uint8_t key[SIGN_PUBLIC_BYTES],
                     uint8_t head[SOTTO_AUDIT_HEAD_BYTES], struct sotto_error *err) {
    int status = require_open(v, err);
    if (status != SOTTO_OK) return status;
    struct audit_state *s = &v->keys->audit;
    status = state_get(v, s, err);
    if (status == SOTTO_OK && key) memcpy(key, s->genesis + 32, SIGN_PUBLIC_BYTES);
    if (status == SOTTO_OK && head) memcpy(head, s->head, SOTTO_AUDIT_HEAD_BYTES);
    wipe(s, sizeof *s);
    return status;
}

static int give(struct vault_audit_sink *sink, enum audit_piece kind, const uint8_t *bytes,
                size_t n) {
    uint8_t head[8];
    store32(head, kind);
    store32(head + 4, (uint32_t)n);
    return sink->put(sink->ctx, head, sizeof head) != 0 || sink->put(sink->ctx, bytes, n) != 0 ? -1
                                                                                               : 0;
}

/* Epoch records are sealed by now: u64 number, u32 entries, entries; then the seal. */
static int give_epoch(struct vault *v, struct vault_audit_sink *sink, uint64_t epoch,
                      struct sotto_error *err) {
    uint8_t bytes[8 + EPOCH_RECORD_MAX];
    size_t n = 0;
    int status = get(v, SLOT_EPOCH, epoch, bytes + 8, EPOCH_RECORD_MAX, &n, err);
    if (status != SOTTO_OK) return status;
    if (n < 4 + AUDIT_SEAL_BYTES) return SOTTO_E_CORRUPT;
    store64(bytes, epoch);
    n -= AUDIT_SEAL_BYTES;
    if (give(sink, AUDIT_PIECE_EPOCH, bytes, 8 + n) != 0 ||
        give(sink, AUDIT_PIECE_SEAL, bytes + 8 + n, AUDIT_SEAL_BYTES) != 0)
        return SOTTO_E_IO;
    return SOTTO_OK;
}

static int give_all(struct vault *v, struct vault_audit_sink *sink, const struct audit_state *s,
                    struct sotto_error *err) {
    uint8_t head[AUDIT_MAGIC_BYTES + 4], seal[AUDIT_SEAL_BYTES];
    size_t n = 0;
    memcpy(head, AUDIT_MAGIC, AUDIT_MAGIC_BYTES);
    store32(head + AUDIT_MAGIC_BYTES, AUDIT_VERSION);
    if (sink->put(sink->ctx, head, sizeof head) != 0 ||
        give(sink, AUDIT_PIECE_GENESIS, s->genesis, AUDIT_GENESIS_BYTES) != 0)
        return SOTTO_E_IO;
    for (uint64_t i = 0; i < s->epoch / AUDIT_SEGMENT_EPOCHS; i++) {
        int status = get(v, SLOT_SEGMENT, i, seal, sizeof seal, &n, err);
        if (status != SOTTO_OK) return status;
        if (n != sizeof seal) return SOTTO_E_CORRUPT;
        if (give(sink, AUDIT_PIECE_SEGMENT, seal, sizeof seal) != 0) return SOTTO_E_IO;
    }
    for (uint64_t i = s->kept_from; i < s->epoch; i++) {
        int status = give_epoch(v, sink, i, err);
        if (status != SOTTO_OK) return status;
    }
    return SOTTO_OK;
}

int vault_audit_export(struct vault *v, struct vault_audit_sink *sink, struct sotto_error *err) {
    const struct sotto_audit_entry entry = {.kind = SOTTO_AUDIT_EXPORT, .day = v->day};
    int status = vault_begin(v, err);
    if (status != SOTTO_OK) return status;
    status = audit_append(v, &entry, 1, 1, err);
    if (status == SOTTO_OK) status = vault_commit(v, err);
    if (status != SOTTO_OK) {
        vault_rollback(v);
        return status;
    }
    struct audit_state *s = &v->keys->audit;
    status = state_get(v, s, err);
    if (status == SOTTO_OK) status = give_all(v, sink, s, err);
    wipe(s, sizeof *s);
    if (status == SOTTO_E_IO) return fail(err, status, "the audit log could not be handed out");
    if (status == SOTTO_E_NOT_FOUND || status == SOTTO_E_CORRUPT)
        return fail(err, SOTTO_E_CORRUPT, UNREADABLE);
    return status;
}
