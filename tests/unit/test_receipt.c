/* Erasure of one purpose, and the receipts of erasures: what is left, what old ciphertext is worth
 * afterwards, what a power cut can do, and what a receipt proves. */
#include "tests/support/test.h"

#include <sqlite3.h>

#include "engine.h"
#include "tests/support/kiosk.h"
#include "tests/support/vault_box.h"
#include "vault/inside.h"

#define EVENTS (1u << VAULT_EVENTS)

static const struct vault_scope events_only = {EVENTS, 1u << SOTTO_PURPOSE_PERSONALISE,
                                               SOTTO_ERASE_WITHDRAWN};

/* ---- Rows of a closed file --------------------------------------------------------------- */

struct row {
    int64_t k;
    size_t n;
    uint8_t bytes[BLOB_BYTES_MAX];
};

/* Every row of the file; the caller frees. */
static struct row *rows_of(const char *path, size_t *count) {
    struct row *rows = calloc(600, sizeof *rows);
    sqlite3 *db;
    sqlite3_stmt *all;
    assert_non_null(rows);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT k, v FROM b ORDER BY k", -1, &all, NULL), 0);
    for (*count = 0; sqlite3_step(all) == SQLITE_ROW; ++*count) {
        struct row *r = &rows[*count];
        assert_true(*count < 600);
        r->k = sqlite3_column_int64(all, 0);
        r->n = (size_t)sqlite3_column_bytes(all, 1);
        memcpy(r->bytes, sqlite3_column_blob(all, 1), r->n);
    }
    sqlite3_finalize(all);
    sqlite3_close(db);
    return rows;
}

static uint32_t kind_of(int64_t k) { return (uint32_t)((uint64_t)k >> 56); }
static uint32_t slot_of(int64_t k) { return (uint32_t)((uint64_t)k >> 32) & 0xffffffu; }

/* Whether any key that an open vault holds, or can derive, opens the blob: every data key under
 * every id, and the root keys of the living slot in every epoch so far. */
static int opens(struct vault_box *box, const struct row *r) {
    static uint8_t scratch[BLOB_PADDED_MAX], bytes[SOTTO_SLOT_BYTES_MAX];
    const struct keyring *keys = box->v->keys;
    const uint8_t *content;
    size_t n;
    for (uint32_t i = 0; i < KEYRING_SLOTS; i++)
        for (uint32_t id = 0; id < KEYRING_SLOTS; id++) {
            struct blob_place place = {box->v->meta.store_id, r->k, keys->slot[id].id};
            if (keys->slot[i].id && blob_unseal(r->bytes, r->n, &place, keys->slot[i].key, scratch,
                                                &content, &n) == SOTTO_OK)
                return 1;
        }
    for (uint64_t epoch = 0; epoch <= box->v->meta.epoch; epoch++) {
        struct meta meta = box->v->meta;
        uint8_t root[32];
        int is_gone;
        meta.epoch = epoch;
        struct blob_place place = {meta.store_id, r->k, epoch};
        if (root_derive(&box->device.port, &meta, bytes, root, &is_gone, NULL) == SOTTO_OK &&
            blob_unseal(r->bytes, r->n, &place, root, scratch, &content, &n) == SOTTO_OK)
            return 1;
    }
    return 0;
}

/* What box_profile stored in class `kind`: how many of its records are there and right. */
static unsigned whole_records(struct vault_box *box, const char *name, uint32_t kind,
                              unsigned number, uint32_t chunks) {
    uint8_t bytes[BOX_CHUNK_BYTES], found[BOX_CHUNK_BYTES];
    uint32_t slot;
    unsigned count = 0;
    size_t n;
    if (vault_profile_find(box->v, name, &slot) != SOTTO_OK) return 0;
    for (uint32_t i = kind == VAULT_PROFILE ? 0 : 1; i <= (kind == VAULT_PROFILE ? 0 : chunks);
         i++) {
        struct vault_key key = {(enum vault_class)kind, slot, i};
        box_content(bytes, number, i);
        count += vault_get(box->v, key, found, sizeof found, &n, &box->err) == SOTTO_OK &&
                 n == sizeof bytes && memcmp(bytes, found, n) == 0;
    }
    return count;
}

static struct sotto_receipt body_of(struct vault_box *box, uint64_t after) {
    struct sotto_receipt r = {.size = sizeof r};
    uint8_t body[RECEIPT_BODY_BYTES];
    assert_int_equal(vault_receipt_next(box->v, &after, body, &box->err), SOTTO_OK);
    assert_int_equal(receipt_body_read(&r, body), 0);
    assert_int_equal(r.number, after);
    return r;
}

/* ---- One purpose ------------------------------------------------------------------------- */

static void erasing_one_purpose_keeps_consent_key_and_everybody_else(void **state) {
    (void)state;
    struct vault_box box;
    struct sotto_erase_receipt told = {.size = sizeof told};
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 9);
    box_profile(&box, "grace", 2, 4);
    vault_tell_time(box.v, 1790000000);

    assert_int_equal(vault_erase_part(box.v, "ada", &events_only, &told, &box.err), SOTTO_OK);

    assert_int_equal(told.profiles, 1);
    assert_int_equal(told.records, 9);
    assert_int_equal(told.assurance, SOTTO_ASSURANCE_LOGICAL);
    assert_int_equal(told.number, 1);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(whole_records(&box, "ada", VAULT_EVENTS, 1, 9), 0);
        assert_int_equal(whole_records(&box, "ada", VAULT_PROFILE, 1, 0), 1);
        assert_true(box_profile_is_whole(&box, "grace", 2, 4));
        if (!again) assert_int_equal(box_restart(&box), SOTTO_OK);
    }
    struct sotto_receipt r = body_of(&box, 0);
    assert_int_equal(r.purposes, 1u << SOTTO_PURPOSE_PERSONALISE);
    assert_int_equal(r.why, SOTTO_ERASE_WITHDRAWN);
    assert_int_equal(r.profiles, 1);
    assert_int_equal(r.records, 9);
    assert_int_equal(r.epoch, told.epoch);
    assert_int_equal(r.time_s, 1790000000);
    assert_int_equal(r.audit_lines, 2); /* begun, key destroyed */
    assert_int_equal(vault_erase_part(box.v, "ada", &events_only, &told, &box.err), SOTTO_OK);
    assert_int_equal(told.profiles + told.number, 0); /* nothing was left to destroy */
    box_free(&box);
}

static void erasing_one_purpose_of_all_destroys_it_for_each_at_once(void **state) {
    (void)state;
    struct vault_box box;
    struct sotto_erase_receipt told = {.size = sizeof told};
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 3);
    box_profile(&box, "bob", 2, 0); /* has no events */
    box_profile(&box, "eve", 3, 2);
    uint64_t epoch = box.v->meta.epoch;

    assert_int_equal(vault_erase_part(box.v, NULL, &events_only, &told, &box.err), SOTTO_OK);

    assert_int_equal(told.profiles, 2);
    assert_int_equal(told.records, 5);
    assert_int_equal(told.epoch, epoch + 1);
    assert_int_equal(box_restart(&box), SOTTO_OK);
    assert_int_equal(whole_records(&box, "ada", VAULT_PROFILE, 1, 0), 1);
    assert_int_equal(whole_records(&box, "bob", VAULT_PROFILE, 2, 0), 1);
    assert_int_equal(whole_records(&box, "eve", VAULT_PROFILE, 3, 0), 1);
    assert_int_equal(whole_records(&box, "eve", VAULT_EVENTS, 3, 2), 0);
    box_free(&box);
}

static void consent_cannot_be_taken_from_a_profile_that_stays(void **state) {
    (void)state;
    struct vault_box box;
    const struct vault_scope scope = {1u << VAULT_PROFILE | EVENTS, 4, 0};
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 2);

    assert_int_equal(vault_erase_part(box.v, "ada", &scope, NULL, &box.err), SOTTO_E_ARGUMENT);

    assert_true(box_profile_is_whole(&box, "ada", 1, 2));
    box_free(&box);
}

/* Not the erased records alone: what flash kept of the records that stayed, in their old seal, is
 * under the old key too. */
static void no_key_that_can_be_had_opens_the_old_ciphertext(void **state) {
    (void)state;
    for (int is_whole = 0; is_whole < 2; is_whole++) {
        struct vault_box box;
        size_t count;
        unsigned old = 0, readable = 0;
        box_make(&box);
        assert_int_equal(box_open(&box), SOTTO_OK);
        uint32_t slot = box_profile(&box, "ada", 1, 5);
        box_profile(&box, "grace", 2, 2);
        box_close(&box);
        struct row *before = rows_of(box.db, &count);
        assert_int_equal(box_open(&box), SOTTO_OK);
        for (size_t i = 0; i < count; i++) readable += (unsigned)opens(&box, &before[i]);
        assert_int_equal(readable, count - 1); /* all but META: the search finds what there is */

        if (is_whole)
            assert_int_equal(vault_erase(box.v, "ada", NULL, &box.err), SOTTO_OK);
        else
            assert_int_equal(vault_erase_part(box.v, "ada", &events_only, NULL, &box.err),
                             SOTTO_OK);

        for (int again = 0; again < 2; again++) {
            for (size_t i = 0; i < count; i++) {
                uint32_t kind = kind_of(before[i].k);
                int is_keyring = kind == 0 && before[i].k != META_ROW;
                int is_hers = slot_of(before[i].k) == slot && class_is_profiles(kind);
                if (!is_keyring && !is_hers) continue;
                assert_false(opens(&box, &before[i]));
                /* Nor are its bytes where the file system lets us see. */
                assert_int_equal(
                    canary_count(box.dir, before[i].bytes + 12, before[i].n - 12, CANARY_PIECE), 0);
                old++;
            }
            if (!again) assert_int_equal(box_restart(&box), SOTTO_OK);
        }
        assert_int_equal(old, 2 * (6 + 3));
        free(before);
        box_free(&box);
    }
}

/* ---- Interruptions ----------------------------------------------------------------------- */

/* Everything is there or all that was meant is gone, with one receipt that says so. */
static int check_cut(struct vault_box *box, int is_acknowledged) {
    struct sotto_receipt r;
    uint8_t body[RECEIPT_BODY_BYTES];
    uint64_t number = 0;
    unsigned events = whole_records(box, "goes", VAULT_EVENTS, 1, 4);
    assert_int_equal(whole_records(box, "goes", VAULT_PROFILE, 1, 0), 1);
    assert_true(box_profile_is_whole(box, "stays", 2, 4));
    assert_int_equal(box->v->meta.pending, PENDING_NOTHING);
    if (events == 4) {
        assert_false(is_acknowledged);
        assert_int_equal(vault_receipt_next(box->v, &number, body, &box->err), SOTTO_E_NOT_FOUND);
        return 0;
    }
    assert_int_equal(events, 0);
    r = body_of(box, 0);
    assert_int_equal(r.number, 1);
    assert_int_equal(r.records, 4);
    assert_int_equal(r.profiles, 1);
    assert_int_equal(r.assurance, SOTTO_ASSURANCE_LOGICAL);
    assert_int_equal(r.epoch, box->v->meta.epoch);
    assert_int_equal(r.time_s, 1790000000);
    number = 1;
    assert_int_equal(vault_receipt_next(box->v, &number, body, &box->err), SOTTO_E_NOT_FOUND);
    return 1;
}

/* Cut after every write, sync and key operation; with `is_twice` the completing open is cut too. */
static void cut_everywhere(enum fault_loss loss, int is_twice) {
    struct fault_vfs disk;
    int gone = 0, there = 0;
    assert_int_equal(fault_vfs_register(&disk, "part-cut"), 0);
    disk.loss = loss;
    for (long limit = 0;; limit++) {
        struct vault_box box;
        long fuse = limit;
        box_make(&box);
        box.device.port.vault_vfs = disk.name;
        assert_int_equal(box_open(&box), SOTTO_OK);
        box_profile(&box, "goes", 1, 4);
        box_profile(&box, "stays", 2, 4);
        vault_tell_time(box.v, 1790000000);
        disk.is_torn = (int)(limit & 1);
        disk.loss_seed = (uint64_t)limit;
        disk.fuse = box.device.fuse = &fuse;

        int status = vault_erase_part(box.v, "goes", &events_only, NULL, &box.err);

        box_close(&box);
        for (long second = 0; is_twice && second < 40; second += 3) {
            fuse = second;
            box.device.fuse = &fuse;
            (void)!box_open(&box);
            box_close(&box);
        }
        disk.fuse = box.device.fuse = NULL;
        assert_int_equal(box_restart(&box), SOTTO_OK);
        int is_gone = check_cut(&box, status == SOTTO_OK);
        gone += is_gone;
        there += !is_gone;
        if (!is_gone) { /* asked again it is done, with a receipt of its own */
            vault_tell_time(box.v, 1790000000);
            assert_int_equal(vault_erase_part(box.v, "goes", &events_only, NULL, &box.err),
                             SOTTO_OK);
            assert_int_equal(check_cut(&box, 1), 1);
        }
        box_free(&box);
        if (status == SOTTO_OK) break;
        assert_true(limit < 500);
    }
    print_message("%d cuts left all, %d were finished by the next start\n", there, gone);
    assert_true(gone > 15 && there > 5);
    fault_vfs_unregister(&disk);
}

static void a_cut_at_any_instant_leaves_all_or_nothing_and_a_receipt(void **state) {
    (void)state;
    cut_everywhere(FAULT_LOSS_ALL, 0);
    cut_everywhere(FAULT_LOSS_SOME, 0);
}

static void cuts_of_the_completing_start_lose_no_receipt_and_make_no_second(void **state) {
    (void)state;
    cut_everywhere(FAULT_LOSS_ALL, 1);
}

static void full_storage_delays_it_or_does_it_and_says_which(void **state) {
    (void)state;
    struct fault_vfs disk;
    struct vault_box box;
    struct sotto_erase_receipt told = {.size = sizeof told};
    assert_int_equal(fault_vfs_register(&disk, "part-full"), 0);
    box_make(&box);
    box.device.port.vault_vfs = disk.name;
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "goes", 1, 4);
    box_profile(&box, "stays", 2, 4);
    vault_tell_time(box.v, 1790000000);
    disk.is_full = 1;

    int status = vault_erase_part(box.v, "goes", &events_only, &told, &box.err);

    assert_int_equal(status, SOTTO_E_FULL);
    assert_int_equal(told.profiles, 0);
    disk.is_full = 0;
    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
    assert_int_equal(check_cut(&box, 0), 0);
    for (int i = 0; i < 300; i++) { /* a log that has grown has room */
        struct vault_key floor = {VAULT_SYSTEM, 0, 0};
        assert_int_equal(vault_put(box.v, floor, &i, sizeof i, &box.err), SOTTO_OK);
    }
    disk.is_full = 1;
    assert_int_equal(vault_erase_part(box.v, "goes", &events_only, &told, &box.err), SOTTO_OK);
    assert_int_equal(told.records, 4);
    disk.is_full = 0;
    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
    assert_int_equal(check_cut(&box, 1), 1);
    box_free(&box);
    fault_vfs_unregister(&disk);
}

static void a_random_source_that_fails_changes_no_key(void **state) {
    (void)state;
    struct vault_box box;
    int failed = 0;
    for (size_t used = RNG_POOL_BYTES - 400; used <= RNG_POOL_BYTES; used += 8) {
        box_make(&box);
        assert_int_equal(box_open(&box), SOTTO_OK);
        box_profile(&box, "goes", 1, 4);
        box_profile(&box, "stays", 2, 4);
        vault_tell_time(box.v, 1790000000);
        box.device.entropy_fails = 1;
        box.rng.since_seed = RNG_RESEED_BYTES - (RNG_POOL_BYTES - (uint32_t)used);

        int status = vault_erase_part(box.v, "goes", &events_only, NULL, &box.err);

        failed += status == SOTTO_E_ENTROPY;
        box.device.entropy_fails = 0;
        assert_int_equal(rng_seed(&box.rng, box.device.port.entropy, box.device.port.ctx), 0);
        if (status != SOTTO_OK) assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
        check_cut(&box, status == SOTTO_OK);
        box_free(&box);
    }
    assert_true(failed > 5);
}

static void a_damaged_record_refuses_a_part_and_lets_the_whole_be_erased(void **state) {
    (void)state;
    struct vault_box box;
    uint8_t blob[STORE_BLOB_MAX];
    size_t n;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    uint32_t slot = box_profile(&box, "ada", 1, 2);
    const int64_t row = row_of(VAULT_PROFILE, slot, 0);
    assert_int_equal(store_get(&box.v->store, row, blob, sizeof blob, &n, NULL), SOTTO_OK);
    blob[60] ^= 1; /* under the open vault */
    assert_int_equal(store_put(&box.v->store, row, blob, n, NULL), SOTTO_OK);

    assert_int_equal(vault_erase_part(box.v, "ada", &events_only, NULL, &box.err), SOTTO_E_CORRUPT);

    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED); /* no key changed in memory alone */
    box_free(&box);
}

/* ---- Receipts ---------------------------------------------------------------------------- */

static void receipts_are_a_chain_of_which_the_last_are_kept(void **state) {
    (void)state;
    struct vault_box box;
    struct sotto_erase_receipt told = {.size = sizeof told};
    uint8_t body[RECEIPT_BODY_BYTES], hash[HASH_BYTES] = {0};
    uint64_t number = 0, lines = 0;
    unsigned kept = 0;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (unsigned i = 1; i <= SOTTO_RECEIPTS_KEPT + 4; i++) {
        box_profile(&box, "goes", i, 1);
        assert_int_equal(vault_erase(box.v, "goes", &told, &box.err), SOTTO_OK);
        assert_int_equal(told.number, i);
    }
    assert_int_equal(box_restart(&box), SOTTO_OK);

    while (vault_receipt_next(box.v, &number, body, &box.err) == SOTTO_OK) {
        struct sotto_receipt r = {.size = sizeof r};
        assert_int_equal(receipt_body_read(&r, body), 0);
        assert_int_equal(r.number, 4 + ++kept);
        assert_int_equal(r.purposes, VAULT_EVERY_PURPOSE);
        if (kept > 1) assert_memory_equal(r.before, hash, sizeof hash);
        assert_true(r.audit_lines > lines);
        lines = r.audit_lines;
        hash256(hash, body, sizeof body);
    }

    assert_int_equal(kept, SOTTO_RECEIPTS_KEPT);
    box_free(&box);
}

static void engine_signs_receipts_that_hold_no_name_and_verify_with_its_key(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_error err;
    struct sotto_erase_receipt told = {.size = sizeof told};
    struct sotto_receipt r = {.size = sizeof r};
    uint8_t bytes[SOTTO_RECEIPT_BYTES], again[SOTTO_RECEIPT_BYTES], key[32];
    uint64_t cursor = 0;
    kiosk_make(&k, 60, &(struct make_policy){0}, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", 1u << SOTTO_PURPOSE_STORE);
    kiosk_record(&k, s, 3, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_receipt_next(k.engine, &cursor, bytes), SOTTO_E_NOT_FOUND);

    assert_int_equal(sotto_erase(k.engine, "anna", &told), SOTTO_OK);

    assert_int_equal(told.number, 1);
    assert_int_equal(sotto_device_key(k.engine, key), SOTTO_OK);
    assert_int_equal(sotto_receipt_next(k.engine, &cursor, bytes), SOTTO_OK);
    assert_int_equal(cursor, 1);
    assert_int_equal(sotto_receipt_verify(bytes, sizeof bytes, key, &r, &err), SOTTO_OK);
    assert_int_equal(r.why, SOTTO_ERASE_ASKED);
    assert_int_equal(r.time_s, k.device.wall_s);
    assert_null(memmem(bytes, sizeof bytes, "anna", 4));
    kiosk_restart(&k);
    cursor = 0;
    assert_int_equal(sotto_receipt_next(k.engine, &cursor, again), SOTTO_OK);
    assert_memory_equal(bytes, again, sizeof bytes); /* the same for ever */
    kiosk_free(&k);
}

static void erasing_a_vault_that_cannot_be_read_leaves_a_signed_receipt_too(void **state) {
    (void)state;
    static const uint8_t zeros[32];
    struct kiosk k;
    struct sotto_error err;
    struct sotto_erase_receipt told = {.size = sizeof told};
    struct sotto_receipt r = {.size = sizeof r};
    uint8_t bytes[SOTTO_RECEIPT_BYTES], again[SOTTO_RECEIPT_BYTES], key[32];
    uint64_t cursor = 0;
    size_t n;
    kiosk_make(&k, 60, &(struct make_policy){0}, 0);
    kiosk_open(&k);
    (void)kiosk_session(&k, "anna", 1u << SOTTO_PURPOSE_STORE);
    sotto_close(k.engine);
    uint8_t *file = file_slurp(k.device.port.vault_path, &n);
    assert_non_null(file);
    file[n - 100] ^= 1; /* cells fill a page from its end */
    assert_int_equal(file_spill(k.device.port.vault_path, file, n), 0);
    kiosk_open(&k);
    assert_int_equal(sotto_receipt_next(k.engine, &cursor, bytes), SOTTO_E_STATE);
    k.device.slot_destroy_fails = 1;
    assert_int_equal(sotto_erase(k.engine, NULL, &told), SOTTO_E_KEY);
    assert_int_equal(sotto_receipt_next(k.engine, &cursor, bytes), SOTTO_E_STATE);
    k.device.slot_destroy_fails = 0;

    assert_int_equal(sotto_erase(k.engine, NULL, &told), SOTTO_OK);

    assert_int_equal(told.number, SOTTO_RECEIPT_UNREAD);
    cursor = told.number - 1;
    assert_int_equal(sotto_receipt_next(k.engine, &cursor, bytes), SOTTO_OK);
    assert_int_equal(cursor, SOTTO_RECEIPT_UNREAD);
    assert_int_equal(sotto_device_key(k.engine, key), SOTTO_OK);
    assert_int_equal(sotto_receipt_verify(bytes, sizeof bytes, key, &r, &err), SOTTO_OK);
    assert_int_equal(r.purposes, VAULT_EVERY_PURPOSE);
    assert_int_equal(r.why, SOTTO_ERASE_ASKED);
    assert_int_equal(r.assurance, SOTTO_ASSURANCE_LOGICAL);
    assert_int_equal(r.time_s, k.device.wall_s);
    assert_true(r.epoch == 0 && r.profiles == 0 && r.audit_lines == 0);
    assert_memory_equal(r.audit_head, zeros, sizeof zeros);
    assert_int_equal(sotto_receipt_next(k.engine, &cursor, again), SOTTO_E_NOT_FOUND);
    cursor = 0;
    assert_int_equal(sotto_receipt_next(k.engine, &cursor, again), SOTTO_OK);
    assert_memory_equal(bytes, again, sizeof bytes);
    free(file);
    kiosk_free(&k);
}

static void a_no_destroys_what_its_purpose_needed_and_nothing_else(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_item items[4];
    uint8_t bytes[SOTTO_RECEIPT_BYTES];
    uint64_t cursor = 0;
    const unsigned all = 1u << SOTTO_PURPOSE_STORE | 1u << SOTTO_PURPOSE_PERSONALISE;
    kiosk_make(&k, 60, &(struct make_policy){0}, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", all);
    for (unsigned i = 0; i < 40; i++) kiosk_record(&k, s, i, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    s = kiosk_session(&k, "anna", 0);

    assert_int_equal(
        sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN),
        SOTTO_OK);

    kiosk_record(&k, s, 50, SOTTO_EVENT_SELECT); /* nor is anything kept from now on */
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    uint32_t slot;
    assert_int_equal(vault_profile_find(k.engine->vault, "anna", &slot), SOTTO_OK);
    struct vault_key key = {VAULT_EVENTS, 0, 0};
    assert_int_equal(vault_next(k.engine->vault, &key, 1, NULL), SOTTO_E_NOT_FOUND);
    assert_int_equal(sotto_receipt_next(k.engine, &cursor, bytes), SOTTO_OK);
    assert_int_equal(sotto_receipt_next(k.engine, &cursor, bytes), SOTTO_E_NOT_FOUND);
    s = kiosk_session(&k, "anna", 0);
    enum sotto_consent word;
    assert_int_equal(sotto_consent_get(k.engine, s, SOTTO_PURPOSE_STORE, &word), SOTTO_OK);
    assert_int_equal(word, SOTTO_CONSENT_GRANTED);
    assert_int_equal(
        sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED), SOTTO_OK);
    assert_int_equal(kiosk_slate(&k, s, items, 4, NULL).why, SOTTO_WHY_NO_HISTORY);
    kiosk_free(&k);
}

/* The word is durable, and power goes before its events could be destroyed: the next session of the
 * same person finds the no and follows it. */
static void a_no_whose_erasure_was_cut_is_followed_later(void **state) {
    (void)state;
    struct kiosk k;
    const unsigned all = 1u << SOTTO_PURPOSE_STORE | 1u << SOTTO_PURPOSE_PERSONALISE;
    kiosk_make(&k, 60, &(struct make_policy){0}, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", all);
    for (unsigned i = 0; i < 4; i++) kiosk_record(&k, s, i, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    struct person_home home = engine_home(k.engine);
    struct consent no = {0};
    consent_apply(&no, SOTTO_PURPOSE_PERSONALISE, CONSENT_DENY, SOTTO_SAID_SCREEN, k.engine->rules,
                  1);
    assert_int_equal(person_save_no(&home, "anna", &no, &k.engine->secrets->nobody, NULL),
                     SOTTO_OK);
    struct vault_key key = {VAULT_EVENTS, 0, 0};
    assert_int_equal(vault_next(k.engine->vault, &key, 1, NULL), SOTTO_OK);

    s = kiosk_session(&k, "anna", 0);

    key = (struct vault_key){VAULT_EVENTS, 0, 0};
    assert_int_equal(vault_next(k.engine->vault, &key, 1, NULL), SOTTO_E_NOT_FOUND);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    kiosk_free(&k);
}

static void asking_for_one_purpose_erases_it_and_leaves_the_word(void **state) {
    (void)state;
    struct kiosk k;
    struct sotto_erase_receipt told = {.size = sizeof told};
    const unsigned all = 1u << SOTTO_PURPOSE_STORE | 1u << SOTTO_PURPOSE_PERSONALISE;
    enum sotto_consent word;
    kiosk_make(&k, 60, &(struct make_policy){0}, 0);
    kiosk_open(&k);
    sotto_session s = kiosk_session(&k, "anna", all);
    for (unsigned i = 0; i < 40; i++) kiosk_record(&k, s, i, SOTTO_EVENT_SELECT);

    assert_int_equal(sotto_erase_purpose(k.engine, "anna", SOTTO_PURPOSE_PERSONALISE, &told),
                     SOTTO_OK);

    assert_int_equal(told.profiles, 1);
    assert_true(told.records > 0);
    assert_int_equal(sotto_consent_get(k.engine, s, SOTTO_PURPOSE_PERSONALISE, &word), SOTTO_OK);
    assert_int_equal(word, SOTTO_CONSENT_GRANTED);
    kiosk_record(&k, s, 7, SOTTO_EVENT_SELECT);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    kiosk_restart(&k);
    kiosk_session(&k, "anna", 0);
    const struct history *h = &k.engine->secrets->visits[SOTTO_SESSIONS_MAX - 1].person.history;
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++)
        if (k.engine->secrets->visits[i].handle) h = &k.engine->secrets->visits[i].person.history;
    assert_int_equal(h->n, 1); /* only what came after */
    assert_int_equal(h->events[0].item, 7);
    assert_int_equal(sotto_erase_purpose(k.engine, "anna", (enum sotto_purpose)6, &told),
                     SOTTO_E_ARGUMENT);
    assert_int_equal(sotto_erase_purpose(k.engine, "anna", SOTTO_PURPOSE_STORE, &told), SOTTO_OK);
    assert_int_equal(vault_profile_count(k.engine->vault), 0);
    kiosk_free(&k);
}

/* ---- The bytes --------------------------------------------------------------------------- */

static void example(uint8_t bytes[SOTTO_RECEIPT_BYTES], uint8_t key[32]) {
    uint8_t seed[32], secret[64];
    struct sotto_receipt r = {.purposes = 1u << SOTTO_PURPOSE_PERSONALISE,
                              .assurance = SOTTO_ASSURANCE_PHYSICAL,
                              .why = SOTTO_ERASE_WITHDRAWN,
                              .profiles = 1,
                              .records = 9,
                              .epoch = 4,
                              .time_s = 1790000000,
                              .number = 3,
                              .audit_lines = 71};
    memset(seed, 7, sizeof seed);
    memset(r.audit_head, 0xa0, sizeof r.audit_head);
    memset(r.before, 0xb0, sizeof r.before);
    assert_int_equal(crypto_init(), 0);
    sign_keypair(key, secret, seed);
    receipt_body_write(bytes, &r);
    receipt_sign(bytes, secret);
}

/* The hexadecimal example of src/FORMAT.md, section 5. */
static void example_of_the_format_is_what_is_written(void **state) {
    (void)state;
    uint8_t bytes[SOTTO_RECEIPT_BYTES], key[32], said[SOTTO_RECEIPT_BYTES];
    struct sotto_receipt r = {.size = sizeof r};
    struct sotto_error err;
    char line[4096];
    size_t n = 0;
    int is_inside = 0;
    FILE *f = fopen("src/FORMAT.md", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (strncmp(line, "53 4f 54 54 4f 52 43 54", 23) == 0) is_inside = 1;
        if (is_inside && strncmp(line, "```", 3) == 0) break;
        char *comment = strchr(line, '#');
        if (comment) *comment = 0;
        for (char *p = line, *rest; is_inside; p = rest) {
            unsigned long byte = strtoul(p, &rest, 16);
            if (rest == p) break;
            assert_true(n < sizeof said && byte <= 255);
            said[n++] = (uint8_t)byte;
        }
    }
    fclose(f);
    example(bytes, key);

    assert_int_equal(n, sizeof said);
    assert_memory_equal(said, bytes, sizeof bytes);
    assert_int_equal(sotto_receipt_verify(said, n, key, &r, &err), SOTTO_OK);
    assert_int_equal(r.number, 3);
    assert_int_equal(r.audit_lines, 71);
    assert_int_equal(r.records, 9);
}

static void every_flipped_bit_and_every_other_length_is_refused(void **state) {
    (void)state;
    uint8_t bytes[SOTTO_RECEIPT_BYTES + 1] = {0}, key[32];
    struct sotto_receipt r = {.size = sizeof r};
    struct sotto_error err;
    example(bytes, key);
    assert_int_equal(sotto_receipt_verify(bytes, SOTTO_RECEIPT_BYTES, key, &r, NULL), SOTTO_OK);

    for (size_t bit = 0; bit < 8 * SOTTO_RECEIPT_BYTES; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(sotto_receipt_verify(bytes, SOTTO_RECEIPT_BYTES, key, &r, &err),
                             SOTTO_OK);
        assert_int_equal(r.number + r.records + r.epoch, 0);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n <= sizeof bytes; n++)
        if (n != SOTTO_RECEIPT_BYTES)
            assert_int_equal(sotto_receipt_verify(bytes, n, key, &r, &err), SOTTO_E_FORMAT);
    key[0] ^= 1;
    assert_int_equal(sotto_receipt_verify(bytes, SOTTO_RECEIPT_BYTES, key, &r, &err),
                     SOTTO_E_SIGNATURE);
}

/* Signed, yet not what any device writes. */
static void authentic_nonsense_is_refused(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{8, 2},  {12, 0}, {12, 0x10}, {12, 1},   {13, 0},
                 {13, 3}, {14, 3}, {15, 1},    {39, 0x80}};
    uint8_t bytes[SOTTO_RECEIPT_BYTES], key[32], seed[32], secret[64];
    struct sotto_receipt r = {.size = sizeof r};
    struct sotto_error err;
    memset(seed, 7, sizeof seed);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        example(bytes, key);
        sign_keypair(key, secret, seed);
        bytes[wrong[i].at] = wrong[i].value;
        receipt_sign(bytes, secret);

        assert_int_equal(sotto_receipt_verify(bytes, sizeof bytes, key, &r, &err), SOTTO_E_FORMAT);
    }
    assert_int_equal(sotto_receipt_verify(NULL, 0, key, &r, &err), SOTTO_E_ARGUMENT);
    r.size = 1;
    assert_int_equal(sotto_receipt_verify(bytes, sizeof bytes, key, &r, &err), SOTTO_E_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(erasing_one_purpose_keeps_consent_key_and_everybody_else),
        cmocka_unit_test(erasing_one_purpose_of_all_destroys_it_for_each_at_once),
        cmocka_unit_test(consent_cannot_be_taken_from_a_profile_that_stays),
        cmocka_unit_test(no_key_that_can_be_had_opens_the_old_ciphertext),
        cmocka_unit_test(a_cut_at_any_instant_leaves_all_or_nothing_and_a_receipt),
        cmocka_unit_test(cuts_of_the_completing_start_lose_no_receipt_and_make_no_second),
        cmocka_unit_test(full_storage_delays_it_or_does_it_and_says_which),
        cmocka_unit_test(a_random_source_that_fails_changes_no_key),
        cmocka_unit_test(a_damaged_record_refuses_a_part_and_lets_the_whole_be_erased),
        cmocka_unit_test(receipts_are_a_chain_of_which_the_last_are_kept),
        cmocka_unit_test(engine_signs_receipts_that_hold_no_name_and_verify_with_its_key),
        cmocka_unit_test(erasing_a_vault_that_cannot_be_read_leaves_a_signed_receipt_too),
        cmocka_unit_test(a_no_destroys_what_its_purpose_needed_and_nothing_else),
        cmocka_unit_test(a_no_whose_erasure_was_cut_is_followed_later),
        cmocka_unit_test(asking_for_one_purpose_erases_it_and_leaves_the_word),
        cmocka_unit_test(example_of_the_format_is_what_is_written),
        cmocka_unit_test(every_flipped_bit_and_every_other_length_is_refused),
        cmocka_unit_test(authentic_nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
