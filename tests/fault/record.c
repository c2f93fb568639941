/* record: see record.h. The linker puts __wrap_store_commit in the place of store_commit. */
#include "tests/fault/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/inside.h"

struct record *recording;

const char *const person_name[PERSONS] = {
    "anna-of-the-canaries-Tq8Zf3Lw", "bob-of-the-canaries-Hv2Ks9Xe",
    "carl-of-the-canaries-Pm5Rd7Yb", "dora-of-the-canaries-Gc4Nj6Ua"};

void record_free(struct record *r) {
    image_free(&r->before);
    ops_free(&r->ops);
    free(r->content);
    free(r->belief);
    free(r->nonces);
    memset(r, 0, sizeof *r);
}

static void *grown(void *p, size_t n, size_t *cap, size_t each) {
    if (n < *cap) return p;
    *cap = *cap ? 2 * *cap : 64;
    p = realloc(p, *cap * each);
    if (!p) abort();
    return p;
}

size_t record_content(struct record *r, const struct content *c) {
    r->content = grown(r->content, r->n_content, &r->cap_content, sizeof *c);
    r->content[r->n_content] = *c;
    return r->n_content++;
}

void record_belief(struct record *r, const struct belief *b) {
    r->belief = grown(r->belief, r->n_belief, &r->cap_belief, sizeof *b);
    r->belief[r->n_belief++] = *b;
}

/* ---- Nonces -------------------------------------------------------------------------------- */

/* Of every blob that was committed: a nonce that comes again must be of the very same blob. */
#define NONCES 16384u
struct nonces {
    struct {
        uint8_t nonce[SEAL_NONCE_BYTES], tag[SEAL_TAG_BYTES];
        int is_used;
    } at[NONCES];
    unsigned n;
};

static void nonce_note(struct record *r, const uint8_t *bytes, size_t n) {
    const uint8_t *nonce = bytes + BLOB_HEADER_BYTES - SEAL_NONCE_BYTES,
                  *tag = bytes + n - SEAL_TAG_BYTES;
    if (!r->nonces) r->nonces = calloc(1, sizeof *r->nonces);
    if (!r->nonces || r->nonces->n == NONCES / 2) abort();
    uint32_t i = load32(nonce) % NONCES;
    while (r->nonces->at[i].is_used && memcmp(r->nonces->at[i].nonce, nonce, SEAL_NONCE_BYTES) != 0)
        i = (i + 1) % NONCES;
    if (r->nonces->at[i].is_used) {
        if (memcmp(r->nonces->at[i].tag, tag, SEAL_TAG_BYTES) != 0)
            r->flaw = "a nonce was used twice";
        return;
    }
    r->nonces->at[i].is_used = 1;
    memcpy(r->nonces->at[i].nonce, nonce, SEAL_NONCE_BYTES);
    memcpy(r->nonces->at[i].tag, tag, SEAL_TAG_BYTES);
    r->nonces->n++;
}

/* ---- The content of a vault --------------------------------------------------------------- */

static uint8_t blob[BLOB_BYTES_MAX + 1], scratch[BLOB_PADDED_MAX];

/* The audit log's state tells how many entries there are (FORMAT.md, section 3). */
#define AUDIT_STATE_ROW   row_of(VAULT_AUDIT, 0, 0)
#define AUDIT_AT_ENTRIES  16
#define AUDIT_STATE_BYTES 24

/* VAULT_SYSTEM, slot 1: receipts of erasures, written by whoever finishes one. */
static int is_receipt(int64_t row) {
    return row >= row_of(VAULT_SYSTEM, 1, 0) && row <= row_of(VAULT_SYSTEM, 1, UINT32_MAX);
}

static int row_add(struct vault *v, int64_t row, size_t n, struct hash_stream *h,
                   struct content *c) {
    uint32_t slot = row_keyring_slot(row);
    const uint8_t *text;
    uint8_t head[16];
    if (recording && n >= BLOB_HEADER_BYTES + SEAL_TAG_BYTES) nonce_note(recording, blob, n);
    if (slot == KEYRING_SLOTS || !v->keys->slot[slot].id) return -1;
    struct blob_place place = {v->meta.store_id, row, v->keys->slot[slot].id};
    if (blob_unseal(blob, n, &place, v->keys->slot[slot].key, scratch, &text, &n) != SOTTO_OK)
        return -1;
    if (row == AUDIT_STATE_ROW && n >= AUDIT_STATE_BYTES)
        c->entries = load64(text + AUDIT_AT_ENTRIES);
    /* Recovery adds to the log and to the receipts what it did. */
    if ((uint64_t)row >> 56 == VAULT_AUDIT || is_receipt(row)) return 0;
    store64(head, (uint64_t)row);
    store64(head + 8, n);
    hash_stream_add(h, head, sizeof head);
    hash_stream_add(h, text, n);
    c->rows++;
    return 0;
}

static int keyring_add(struct vault *v, int64_t row, struct hash_stream *h, struct content *c) {
    uint32_t slot = (uint32_t)((uint64_t)row >> 32);
    if (slot >= KEYRING_SLOTS || row != keyring_row(slot)) return row == META_ROW ? 0 : -1;
    if (slot == KEYRING_DEVICE) return 0;
    if (!v->keys->slot[slot].id) return -1;
    hash_stream_add(h, v->keys->slot[slot].name, strlen(v->keys->slot[slot].name) + 1);
    c->profiles++;
    return 0;
}

int content_read(struct vault *v, struct content *c) {
    struct hash_stream h;
    int64_t row = INT64_MIN;
    int status, bad = 0;
    size_t n = 0;
    memset(c, 0, sizeof *c);
    c->generation = v->meta.generation;
    hash_stream_begin(&h);
    while ((status = store_next(&v->store, row, INT64_MAX, &row, NULL)) == SOTTO_OK) {
        if (row == META_ROW || (uint64_t)row >> 56 == 0)
            bad |= keyring_add(v, row, &h, c);
        else if (store_get(&v->store, row, blob, sizeof blob, &n, NULL) != SOTTO_OK)
            return -1;
        else
            bad |= row_add(v, row, n, &h, c);
        row++;
    }
    hash_stream_end(&h, c->digest);
    return status == SOTTO_E_NOT_FOUND && !bad ? 0 : -1;
}

int __real_store_commit(struct store *s, struct sotto_error *err);
int __wrap_store_commit(struct store *s, struct sotto_error *err);

/* What a commit is about to make durable is noted before it begins. */
int __wrap_store_commit(struct store *s, struct sotto_error *err) {
    struct vault *v = (struct vault *)(void *)((char *)s - offsetof(struct vault, store));
    struct content c;
    if (!recording) return __real_store_commit(s, err);
    disk.is_paused++;
    if (content_read(v, &c) != 0) recording->flaw = "a commit's content cannot be read";
    if (recording->has_committed && c.generation <= recording->generation)
        recording->flaw = "META's generation stands still";
    disk.is_paused--;
    disk_note(OP_COMMIT_BEGIN, 0, (int64_t)record_content(recording, &c), NULL, 0);
    int status = __real_store_commit(s, err);
    if (status == SOTTO_OK) {
        recording->generation = c.generation;
        recording->has_committed = 1;
    }
    disk_note(OP_COMMIT_END, 0, status, NULL, 0);
    return status;
}

/* ---- Leaks -------------------------------------------------------------------------------- */

long leak_find(const uint8_t *bytes, size_t n) {
    const uint8_t *hit = NULL;
    for (unsigned i = 0; i < PERSONS && !hit; i++)
        hit = memmem(bytes, n, person_name[i], strlen(person_name[i]));
    for (unsigned i = 0; i < 24 && !hit; i++) {
        char id[16];
        uint8_t key[8];
        snprintf(id, sizeof id, "item-%u", i);
        store64(key, hash_item_id(id));
        hit = memmem(bytes, n, key, sizeof key);
    }
    return hit ? (long)(hit - bytes) : -1;
}
