/* audit_verify: what an exported log proves, with nothing but the device's first key. The walk
 * mirrors how the log was written: keys and heads are carried from piece to piece, and a seal must
 * agree with what was carried. */
#include "base/base.h"
#include "vault/audit_format.h"

struct walk {
    const uint8_t *bytes;
    size_t n, at;
    struct sotto_error *err;
    const uint8_t *seen;
    struct sotto_audit_result *r;
    void (*each)(void *ctx, uint64_t number, const struct sotto_audit_entry *entry);
    void *ctx;
    size_t
        segments_at; /* where the first segment's seal is; each is AUDIT_SEAL_BYTES + 8 further */
    struct audit_genesis genesis;
    uint8_t segment_key[SIGN_PUBLIC_BYTES], epoch_key[SIGN_PUBLIC_BYTES];
    uint64_t epoch; /* the next one */
};

static int broken(struct walk *w, const char *what) {
    return fail(w->err, SOTTO_E_FORMAT, "audit log, byte %zu: %s", w->at, what);
}

static int forged(struct walk *w, const char *what) {
    return fail(w->err, SOTTO_E_SIGNATURE, "audit log, byte %zu: %s is not this device's", w->at,
                what);
}

/* The kind of the piece that comes next; 0 at the end or where none fits. */
static uint32_t piece_at(const struct walk *w, const uint8_t **content, size_t *n) {
    if (w->n - w->at < 8) return 0;
    *n = load32(w->bytes + w->at + 4);
    *content = w->bytes + w->at + 8;
    return *n <= w->n - w->at - 8 ? load32(w->bytes + w->at) : 0;
}

static int read_genesis(struct walk *w, const uint8_t first_key[32]) {
    const uint8_t *content;
    size_t n;
    if (w->n < AUDIT_MAGIC_BYTES + 4 || memcmp(w->bytes, AUDIT_MAGIC, AUDIT_MAGIC_BYTES) != 0)
        return broken(w, "this is no audit log");
    if (load32(w->bytes + AUDIT_MAGIC_BYTES) != AUDIT_VERSION)
        return broken(w, "it has a version that is not known here; update this program");
    w->at = AUDIT_MAGIC_BYTES + 4;
    if (piece_at(w, &content, &n) != AUDIT_PIECE_GENESIS || n != AUDIT_GENESIS_BYTES)
        return broken(w, "its beginning is missing");
    if (audit_genesis_read(&w->genesis, content) != 0 ||
        memcmp(w->genesis.segment_key, first_key, SIGN_PUBLIC_BYTES) != 0)
        return forged(w, "its beginning");
    w->at += 8 + n;
    memcpy(w->segment_key, w->genesis.segment_key, SIGN_PUBLIC_BYTES);
    memcpy(w->epoch_key, w->genesis.epoch_key, SIGN_PUBLIC_BYTES);
    audit_first_head(w->r->head, &w->genesis);
    return SOTTO_OK;
}

static int read_segments(struct walk *w) {
    struct audit_seal seal;
    const uint8_t *content;
    uint64_t entries = 0;
    size_t n;
    w->segments_at = w->at;
    while (piece_at(w, &content, &n) == AUDIT_PIECE_SEGMENT) {
        if (n != AUDIT_SEAL_BYTES) return broken(w, "a segment's seal is cut off");
        if (!audit_seal_is_by(content, w->segment_key)) return forged(w, "a segment's seal");
        audit_seal_read(&seal, content);
        if (seal.level != AUDIT_LEVEL_SEGMENT || seal.number != w->r->segments ||
            seal.entries < entries)
            return broken(w, "a segment is missing or out of order");
        memcpy(w->segment_key, seal.next_key, SIGN_PUBLIC_BYTES);
        entries = seal.entries;
        w->r->segments++;
        w->at += 8 + n;
    }
    return SOTTO_OK;
}

/* A segment's seal, which read_segments has verified. */
static void segment_again(const struct walk *w, uint64_t segment, struct audit_seal *seal) {
    audit_seal_read(seal, w->bytes + w->segments_at + segment * (8 + AUDIT_SEAL_BYTES) + 8);
}

/* The entries begin behind the segments that were let go; `epoch` is not 0. */
static int skip_to(struct walk *w, uint64_t epoch) {
    struct audit_seal seal;
    uint64_t segments = epoch / AUDIT_SEGMENT_EPOCHS;
    if (epoch % AUDIT_SEGMENT_EPOCHS != 0 || segments > w->r->segments)
        return broken(w, "epochs are missing");
    segment_again(w, segments - 1, &seal);
    memcpy(w->r->head, seal.head, HASH_BYTES);
    memcpy(w->r->totals, seal.totals, sizeof seal.totals);
    memcpy(w->epoch_key, seal.next_epoch, SIGN_PUBLIC_BYTES);
    w->r->entries = w->r->let_go = seal.entries;
    w->epoch = epoch;
    return SOTTO_OK;
}

static void look(struct walk *w) {
    if (!w->seen || w->r->is_seen || memcmp(w->seen, w->r->head, SOTTO_AUDIT_HEAD_BYTES) != 0)
        return;
    w->r->is_seen = 1;
    w->r->seen_at = w->r->entries;
}

/* Whether a seal says what the walk has found. */
static int agrees(const struct walk *w, const struct audit_seal *s) {
    return s->entries == w->r->entries && memcmp(s->head, w->r->head, HASH_BYTES) == 0 &&
           memcmp(s->totals, w->r->totals, sizeof s->totals) == 0;
}

/* Goes through the entries of an epoch without believing them yet. */
static int chain(struct walk *w, const uint8_t *entries, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = entries + (size_t)i * AUDIT_ENTRY_BYTES;
        if (entry[0] >= SOTTO_AUDIT_KINDS) return broken(w, "an entry is of no known kind");
        audit_next_head(w->r->head, entry);
        w->r->totals[entry[0]]++;
        w->r->entries++;
        look(w);
    }
    return SOTTO_OK;
}

static int read_epoch(struct walk *w) {
    struct audit_seal seal, segment;
    const uint8_t *content, *entries;
    size_t n;
    if (piece_at(w, &content, &n) != AUDIT_PIECE_EPOCH || n < 12)
        return broken(w, "an epoch is missing");
    uint32_t count = load32(content + 8);
    if (count == 0 || count > AUDIT_EPOCH_ENTRIES || n != 12 + (size_t)count * AUDIT_ENTRY_BYTES)
        return broken(w, "an epoch has not the length it should");
    uint64_t number = load64(content);
    if (w->r->epochs == 0 && number != 0) {
        int status = skip_to(w, number);
        if (status != SOTTO_OK) return status;
    }
    if (number != w->epoch) return broken(w, "epochs are missing or out of order");
    if (w->r->epochs == 0) look(w);
    uint64_t first = w->r->entries + 1;
    entries = content + 12;
    int status = chain(w, entries, count);
    if (status != SOTTO_OK) return status;
    w->at += 8 + n;

    if (piece_at(w, &content, &n) != AUDIT_PIECE_SEAL || n != AUDIT_SEAL_BYTES)
        return broken(w, "an epoch's seal is missing");
    if (!audit_seal_is_by(content, w->epoch_key)) return forged(w, "an epoch's seal");
    audit_seal_read(&seal, content);
    if (seal.level != AUDIT_LEVEL_EPOCH || seal.number != number || !agrees(w, &seal))
        return broken(w, "an epoch was altered: its seal says something else");
    w->at += 8 + n;
    memcpy(w->epoch_key, seal.next_key, SIGN_PUBLIC_BYTES);
    w->epoch = number + 1;
    w->r->epochs++;
    if (w->epoch % AUDIT_SEGMENT_EPOCHS == 0) {
        uint64_t s = number / AUDIT_SEGMENT_EPOCHS;
        if (s >= w->r->segments) return broken(w, "a segment's seal is missing");
        segment_again(w, s, &segment);
        if (!agrees(w, &segment) ||
            memcmp(segment.next_epoch, w->epoch_key, SIGN_PUBLIC_BYTES) != 0)
            return broken(w, "a segment's seal says something else than its epochs");
    }
    for (uint32_t i = 0; w->each && i < count; i++) {
        struct sotto_audit_entry entry;
        audit_entry_read(&entry, entries + (size_t)i * AUDIT_ENTRY_BYTES);
        w->each(w->ctx, first + i, &entry);
    }
    return SOTTO_OK;
}

int sotto_audit_verify(const uint8_t *bytes, size_t n, const uint8_t first_key[32],
                       const uint8_t seen[SOTTO_AUDIT_HEAD_BYTES],
                       struct sotto_audit_result *result,
                       void (*each)(void *ctx, uint64_t number,
                                    const struct sotto_audit_entry *entry),
                       void *ctx, struct sotto_error *err) {
    if (!bytes || !first_key || !result || result->size < sizeof *result)
        return fail(err, SOTTO_E_ARGUMENT,
                    "give bytes, a key and a result whose size is its sizeof");
    memset(result, 0, sizeof *result);
    result->size = sizeof *result;
    struct walk w = {
        .bytes = bytes, .n = n, .err = err, .seen = seen, .r = result, .each = each, .ctx = ctx};
    int status = crypto_init() == 0 ? read_genesis(&w, first_key)
                                    : fail(err, SOTTO_E_STATE, "libsodium did not start");
    if (status == SOTTO_OK) status = read_segments(&w);
    do {
        if (status == SOTTO_OK) status = read_epoch(&w);
    } while (status == SOTTO_OK && w.at < n);
    if (status == SOTTO_OK && w.epoch / AUDIT_SEGMENT_EPOCHS != result->segments)
        status = broken(&w, "epochs are missing at its end");
    if (status != SOTTO_OK) {
        memset(result, 0, sizeof *result);
        result->size = sizeof *result;
    }
    return status;
}
