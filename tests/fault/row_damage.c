/* row_damage: what lies there is not what was written. Every bit of a vault of 64 KiB, of a key
 * file of 16 KiB, of META and of an exported audit log flipped; vault and log cut off at every
 * byte; rows swapped, put in each other's place, and replaced by older copies of themselves. In
 * each the vault opens with all of its content, or is refused and left as it is. */
#include "tests/fault/row.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sotto_audit.h"
#include "tests/fault/alloc.h"
#include "vault/inside.h"

#define VAULT_BYTES 65536u

static struct image good, altered;
static struct content content;
static struct device device;
static int has_big_slots; /* the key file's 16 KiB */

static struct vault *vault_memory(void) {
    static struct vault *v;
    if (!v) v = calloc(1, vault_bytes());
    if (!v) abort();
    memset(v, 0, vault_bytes());
    return v;
}

/* Starts the device that `altered` is of. */
static void start(struct rng *rng) {
    disk_load(&altered, 40);
    device_start(&device, 1, DEVICE_START_S);
    if (has_big_slots) device.port.slot_bytes = SLOT_BYTES_MAX;
    memset(rng, 0, sizeof *rng);
    if (rng_seed(rng, device.port.entropy, device.port.ctx) != 0) abort();
}

/* All of it, or refused and untouched. */
enum grace { ALL_OR_NOTHING, MAY_BE_NEW, NEVER_OPENS };
static void judge(enum grace grace, struct verdict *v) {
    struct vault *vault = vault_memory();
    struct content c;
    struct rng rng;
    struct sotto_error err = {0, ""};
    long guarded = alloc.live, sqlite = alloc_sqlite_live();
    start(&rng);
    uint64_t writes = disk.writes;
    int status = vault_open(vault, &device.port, &rng, &err);
    if (status == SOTTO_OK) {
        if (content_read(vault, &c) != 0)
            verdict_bad(v, "opened, with rows that cannot be read");
        else if (memcmp(c.digest, content.digest, sizeof c.digest) != 0 &&
                 !(grace == MAY_BE_NEW && c.rows == 0))
            verdict_bad(v, "opened with another content: %u rows", c.rows);
        if (grace == NEVER_OPENS) verdict_bad(v, "opened");
    } else {
        if (vault_state(vault) == SOTTO_STORAGE_OK || !err.message[0])
            verdict_bad(v, "failed without a word");
        if (disk.writes != writes) verdict_bad(v, "refused, yet written to");
    }
    vault_close(vault);
    if (status != SOTTO_OK && disk.writes != writes) verdict_bad(v, "refused, yet written to");
    if (disk.open_files || alloc.live != guarded || alloc_sqlite_live() != sqlite)
        verdict_bad(v, "something is not given back");
}

/* ---- What is damaged ----------------------------------------------------------------------- */

/* A vault of at least VAULT_BYTES, closed. */
static void make_vault(int is_big_slot) {
    static const struct image nothing;
    struct world w;
    has_big_slots = is_big_slot;
    disk_load(&nothing, 1);
    world_start(&w, 1);
    if (is_big_slot) w.device.port.slot_bytes = SLOT_BYTES_MAX;
    act_open(&w);
    act_visit(&w, ANNA, 40);
    act_visit(&w, BOB, 5);
    act_days(&w, 2);
    for (unsigned i = 0; i < 800 && !is_big_slot; i++) {
        act_visit(&w, (enum who)(i % PERSONS), 8);
        if (disk.now.file[0].n + disk.now.file[2].n > 3 * VAULT_BYTES) {
            act_close(&w);
            act_open(&w);
        }
        if (disk.now.file[0].n >= VAULT_BYTES) break;
    }
    act_close(&w);
    if (w.problem[0] || disk.now.file[2].n != 0 ||
        (!is_big_slot && disk.now.file[0].n < VAULT_BYTES)) {
        fprintf(stderr, "fault: no vault of %u bytes: %zu %s\n", VAULT_BYTES, disk.now.file[0].n,
                w.problem);
        exit(2);
    }
    image_copy(&good, &disk.now);
    image_copy(&altered, &disk.now);
    struct rng rng;
    struct vault *v = vault_memory();
    start(&rng);
    if (vault_open(v, &device.port, &rng, NULL) != SOTTO_OK || content_read(v, &content) != 0)
        exit(2);
    vault_close(v);
}

static void flip_all(struct row *row, uint8_t *bytes, size_t n, const char *what,
                     enum grace grace) {
    for (size_t bit = 0; bit < 8 * n; bit++) {
        struct verdict v = {0, ""};
        if (!row_draw(row)) continue;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        judge(grace, &v);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        row_judge(row, &v, "%s, bit %zu flipped", what, bit);
    }
}

/* SQLite takes a file of one byte for an empty one, and an empty one is a new vault. */
static void cut_all(struct row *row) {
    for (size_t n = 0; n < good.file[0].n; n++) {
        struct verdict v = {0, ""};
        if (!row_draw(row)) continue;
        altered.file[0].n = n;
        judge(n < 2 ? MAY_BE_NEW : ALL_OR_NOTHING, &v);
        row_judge(row, &v, "the vault, cut off at byte %zu", n);
    }
    altered.file[0].n = good.file[0].n;
}

/* ---- Rows ---------------------------------------------------------------------------------- */

#define ROWS_MAX 400
static struct {
    int64_t k;
    uint8_t blob[BLOB_BYTES_MAX];
    size_t n;
} rows[ROWS_MAX], older[ROWS_MAX];
static size_t n_rows, n_older;

static sqlite3 *rows_open(void) {
    sqlite3 *db;
    if (sqlite3_open_v2(DISK_VAULT, &db, SQLITE_OPEN_READWRITE, DISK_VFS) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK)
        abort();
    return db;
}

static void rows_read(void) {
    sqlite3 *db = rows_open();
    sqlite3_stmt *query;
    if (sqlite3_prepare_v2(db, "SELECT k, v FROM b ORDER BY k", -1, &query, NULL) != SQLITE_OK)
        abort();
    for (n_rows = 0; sqlite3_step(query) == SQLITE_ROW && n_rows < ROWS_MAX; n_rows++) {
        rows[n_rows].k = sqlite3_column_int64(query, 0);
        rows[n_rows].n = (size_t)sqlite3_column_bytes(query, 1);
        memcpy(rows[n_rows].blob, sqlite3_column_blob(query, 1), rows[n_rows].n);
    }
    sqlite3_finalize(query);
    sqlite3_close(db);
}

static void row_put(sqlite3 *db, int64_t k, const uint8_t *blob, size_t n) {
    sqlite3_stmt *put;
    if (sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO b VALUES(?1, ?2)", -1, &put, NULL) ||
        sqlite3_bind_int64(put, 1, k) || sqlite3_bind_blob(put, 2, blob, (int)n, SQLITE_STATIC) ||
        sqlite3_step(put) != SQLITE_DONE)
        abort();
    sqlite3_finalize(put);
}

/* Rows `a` and `b` take each other's place, or `a`'s blob takes `b`'s place as well, or row `a`
 * gets the blob it had before; then judged. */
enum change { SWAP, DUPLICATE, REPLAY };
static void change_rows(struct row *row, enum change how, size_t a, size_t b) {
    static const char *const names[] = {"swapped", "put in another's place", "replayed"};
    struct verdict v = {0, ""};
    if (!(how == REPLAY ? row_next(row) : row_draw(row))) return; /* few */
    disk_load(&good, 41);
    sqlite3 *db = rows_open();
    if (how == SWAP) row_put(db, rows[a].k, rows[b].blob, rows[b].n);
    if (how != REPLAY) row_put(db, rows[b].k, rows[a].blob, rows[a].n);
    if (how == REPLAY) row_put(db, older[a].k, older[a].blob, older[a].n);
    sqlite3_close(db);
    image_copy(&altered, &disk.now);
    judge(NEVER_OPENS, &v);
    image_copy(&altered, &good);
    row_judge(row, &v, "rows %zu and %zu %s", a, b, names[how]);
}

static int is_same(size_t o, size_t *which) {
    for (size_t i = 0; i < n_rows; i++) {
        if (rows[i].k != older[o].k) continue;
        *which = i;
        return rows[i].n == older[o].n && memcmp(rows[i].blob, older[o].blob, rows[i].n) == 0;
    }
    return 0;
}

/* META of every length but its own. */
static void change_meta_length(struct row *row) {
    uint8_t longer[2 * META_BYTES] = {0};
    for (size_t n = 1; n < sizeof longer; n++) {
        struct verdict v = {0, ""};
        if (n == rows[0].n || !row_next(row)) continue;
        memcpy(longer, rows[0].blob, rows[0].n);
        disk_load(&good, 41);
        sqlite3 *db = rows_open();
        row_put(db, META_ROW, longer, n);
        sqlite3_close(db);
        image_copy(&altered, &disk.now);
        judge(NEVER_OPENS, &v);
        image_copy(&altered, &good);
        row_judge(row, &v, "META of %zu bytes", n);
    }
}

/* One blob by itself, which the census does not guard: it opens nowhere but in its place. */
static void try_blob(struct row *row, size_t a, const struct blob_place *place, const uint8_t *key,
                     const uint8_t *bytes, size_t n, int is_few, const char *how, size_t at) {
    static uint8_t scratch[BLOB_PADDED_MAX];
    struct verdict v = {0, ""};
    const uint8_t *text;
    size_t text_n;
    if (!(is_few ? row_next(row) : row_draw(row))) return; /* few: all of them at any scale */
    if (blob_unseal(bytes, n, place, key, scratch, &text, &text_n) == SOTTO_OK)
        verdict_bad(&v, "the blob opens");
    row_judge(row, &v, "the blob of row %zu %s %zu", a, how, at);
}

static void blobs_out_of_place(struct row *row) {
    static uint8_t bytes[BLOB_BYTES_MAX + 1];
    struct vault *v = vault_memory();
    struct rng rng;
    start(&rng);
    if (vault_open(v, &device.port, &rng, NULL) != SOTTO_OK) exit(2);
    for (size_t a = 0; a < n_rows; a++) {
        uint32_t slot = row_keyring_slot(rows[a].k);
        uint8_t other[STORE_ID_BYTES];
        if (slot == KEYRING_SLOTS) continue;
        const struct data_key *key = &v->keys->slot[slot];
        struct blob_place place = {v->meta.store_id, rows[a].k, key->id};
        memcpy(bytes, rows[a].blob, rows[a].n);
        for (size_t b = 0; b < n_rows; b++) {
            place.k = rows[b].k;
            if (a != b) try_blob(row, a, &place, key->key, bytes, rows[a].n, 1, "in row", b);
        }
        place.k = rows[a].k;
        memcpy(other, v->meta.store_id, sizeof other);
        other[3] ^= 1;
        place.store_id = other;
        try_blob(row, a, &place, key->key, bytes, rows[a].n, 1, "in another store", 0);
        place.store_id = v->meta.store_id;
        place.key_id++;
        try_blob(row, a, &place, key->key, bytes, rows[a].n, 1, "under another key's number", 0);
        place.key_id--;
        for (size_t n = 0; n <= rows[a].n + 1; n++)
            if (n != rows[a].n)
                try_blob(row, a, &place, key->key, bytes, n, n > rows[a].n, "of bytes", n);
        for (size_t bit = 0; bit < 8 * rows[a].n; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            try_blob(row, a, &place, key->key, bytes, rows[a].n, 0, "with its bit flipped:", bit);
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    vault_close(v);
}

/* On a smaller vault, so that each pair can be tried. */
static void change_all_rows(struct row *row) {
    struct world w;
    scenario_prepare(1, &w, 1);
    rows_read();
    memcpy(older, rows, sizeof older);
    n_older = n_rows;
    act_open(&w);
    act_visit(&w, ANNA, 3);
    act_visit(&w, DORA, 3);
    act_days(&w, 1);
    act_close(&w);
    image_copy(&good, &disk.now);
    image_copy(&altered, &good);
    has_big_slots = 0;
    struct rng rng;
    struct vault *v = vault_memory();
    start(&rng);
    if (vault_open(v, &device.port, &rng, NULL) != SOTTO_OK || content_read(v, &content) != 0)
        exit(2);
    vault_close(v);
    disk_load(&good, 40);
    rows_read();
    for (size_t a = 0; a < n_rows; a++)
        for (size_t b = 0; b < n_rows; b++) {
            if (a < b) change_rows(row, SWAP, a, b);
            if (a != b) change_rows(row, DUPLICATE, a, b);
        }
    for (size_t o = 0; o < n_older; o++) {
        size_t which = 0;
        if (!is_same(o, &which)) change_rows(row, REPLAY, o, which);
    }
    change_meta_length(row);
    blobs_out_of_place(row);
}

/* ---- The exported log ---------------------------------------------------------------------- */

static uint8_t log_bytes[1 << 18];
static size_t log_n;
static int log_put(void *ctx, const void *bytes, size_t n) {
    (void)ctx;
    if (log_n + n > sizeof log_bytes) return -1;
    memcpy(log_bytes + log_n, bytes, n);
    log_n += n;
    return 0;
}

static void log_judge(struct row *row, size_t n, uint64_t entries, const uint8_t key[32],
                      const char *how, size_t at) {
    struct sotto_audit_result result = {.size = sizeof result};
    struct sotto_error err;
    struct verdict v = {0, ""};
    int status = sotto_audit_verify(log_bytes, n, key, NULL, &result, NULL, NULL, &err);
    /* Of a log that was cut off behind a seal only the rest is proven. */
    if (status == SOTTO_OK && (n == log_n || result.entries >= entries))
        verdict_bad(&v, "an altered log verifies");
    if (status != SOTTO_OK && result.entries != 0) verdict_bad(&v, "a refused log tells totals");
    row_judge(row, &v, "the audit log, %s %zu", how, at);
}

static void damage_log(struct row *row) {
    struct world w;
    uint8_t key[32];
    struct sotto_audit_result result = {.size = sizeof result};
    scenario_prepare(1, &w, 1);
    act_open(&w);
    for (unsigned i = 0; i < 3; i++) act_export(&w);
    act_visit(&w, DORA, 3);
    log_n = 0;
    if (!w.engine || sotto_audit_key(w.engine, key) != SOTTO_OK ||
        sotto_audit_export(w.engine, log_put, NULL) != SOTTO_OK ||
        sotto_audit_verify(log_bytes, log_n, key, NULL, &result, NULL, NULL, NULL) != SOTTO_OK)
        exit(2);
    act_close(&w);
    for (size_t bit = 0; bit < 8 * log_n; bit++) {
        if (!row_draw(row)) continue;
        log_bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        log_judge(row, log_n, result.entries, key, "bit flipped:", bit);
        log_bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n < log_n; n++)
        if (row_draw(row)) log_judge(row, n, result.entries, key, "cut off at byte", n);
}

/* ---- The row ------------------------------------------------------------------------------- */

void row_damage(struct row *row) {
    make_vault(1);
    unsigned living = good.slot_n[0] ? 0 : 1;
    flip_all(row, altered.slot[living], SLOT_BYTES_MAX, "the key file", NEVER_OPENS);
    for (size_t n = 0; n < SLOT_BYTES_MAX; n++) {
        struct verdict v = {0, ""};
        if (!row_draw(row)) continue;
        altered.slot_n[living] = n;
        judge(NEVER_OPENS, &v);
        row_judge(row, &v, "the key file, cut off at byte %zu", n);
    }
    make_vault(0);
    uint8_t *meta = memmem(altered.file[0].bytes, altered.file[0].n, "SOTTOVLT", 8);
    if (!meta) exit(2);
    flip_all(row, meta, META_BYTES, "META", NEVER_OPENS);
    flip_all(row, altered.file[0].bytes, altered.file[0].n, "the vault", ALL_OR_NOTHING);
    cut_all(row);
    change_all_rows(row);
    damage_log(row);
    image_free(&good);
    image_free(&altered);
}
