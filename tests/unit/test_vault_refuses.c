/* What the vault does when those below it fail or say what cannot be: the random source, the key
 * store, and records that are authentic and wrong. Nothing is half done, and none of it holds an
 * erasure up. */
#include "tests/support/test.h"

#include "sotto_audit.h"
#include "tests/support/newer_vault.h"
#include "tests/support/vault_box.h"
#include "vault/inside.h"

/* ---- The random source ---------------------------------------------------------------------- */

enum act { OPEN_NEW, CREATE, PUT, ERASE, ERASE_PART, ROTATE, EXPORT, NOTE, ACTS };

static int swallow(void *ctx, const void *bytes, size_t n) {
    (void)ctx;
    (void)bytes;
    (void)n;
    return 0;
}

static int do_act(struct vault_box *box, enum act act) {
    static const struct vault_scope events = {.classes = 1u << VAULT_EVENTS,
                                              .purposes = 1u << SOTTO_PURPOSE_PERSONALISE};
    static const struct vault_key ledger = {VAULT_LEDGER, 1, 1};
    struct vault_audit_sink sink = {swallow, NULL};
    struct sotto_rotation rotation = {.size = sizeof rotation};
    uint32_t slot;
    switch (act) {
    case OPEN_NEW: return box->v ? vault_retry(box->v, &box->err) : box_open(box);
    case CREATE: return vault_profile_create(box->v, "new", &slot, &box->err);
    case PUT: return vault_put(box->v, ledger, "x", 1, &box->err);
    case ERASE: return vault_erase(box->v, "goes", NULL, &box->err);
    case ERASE_PART: return vault_erase_part(box->v, NULL, &events, NULL, &box->err);
    case ROTATE: return vault_rotate(box->v, &rotation, &box->err);
    case EXPORT: return vault_audit_export(box->v, &sink, &box->err);
    case NOTE:
        vault_note(box->v, SOTTO_AUDIT_START, 0, 0, 0);
        return vault_write_notes(box->v, &box->err);
    case ACTS: break;
    }
    return -1;
}

static void a_random_source_that_fails_at_any_draw_leaves_nothing_half_done(void **state) {
    (void)state;
    for (int act = 0; act < ACTS; act++) {
        unsigned failed = 0;
        for (uint32_t left = 0; left < RNG_POOL_BYTES; left += act == OPEN_NEW ? 8 : 24) {
            struct vault_box box;
            box_make(&box);
            if (act != OPEN_NEW) {
                assert_int_equal(box_open(&box), SOTTO_OK);
                box_profile(&box, "goes", 1, 2);
                box_profile(&box, "stays", 2, 2);
            }
            box.device.entropy_fails = 1;
            box.rng.since_seed = RNG_RESEED_BYTES - left;

            int status = do_act(&box, (enum act)act);

            box.device.entropy_fails = 0;
            assert_int_equal(rng_seed(&box.rng, box.device.port.entropy, box.device.port.ctx), 0);
            if (status != SOTTO_OK) {
                failed++;
                assert_int_equal(status, SOTTO_E_ENTROPY);
                assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
                assert_int_equal(do_act(&box, (enum act)act), SOTTO_OK);
            }
            assert_int_equal(box_restart(&box), SOTTO_OK);
            if (act != OPEN_NEW && act != ERASE_PART)
                assert_true(box_profile_is_whole(&box, "stays", 2, 2));
            box_free(&box);
            if (status == SOTTO_OK) break;
        }
        if (failed == 0) fail_msg("act %d draws nothing", act);
    }
}

/* The 32nd epoch's end seals a segment too, with keys of its own. */
static void a_random_source_that_fails_at_the_end_of_a_segment_changes_nothing(void **state) {
    (void)state;
    unsigned failed = 0;
    for (uint32_t left = 0, is_through = 0; !is_through; left += 24) {
        struct vault_box box;
        box_make(&box);
        assert_int_equal(box_open(&box), SOTTO_OK);
        for (int epoch = 0; epoch < 31; epoch++) assert_int_equal(do_act(&box, EXPORT), SOTTO_OK);
        box.device.entropy_fails = 1;
        box.rng.since_seed = RNG_RESEED_BYTES - left;

        int status = do_act(&box, EXPORT);

        box.device.entropy_fails = 0;
        is_through = status == SOTTO_OK;
        failed += !is_through;
        if (!is_through) {
            assert_int_equal(status, SOTTO_E_ENTROPY);
            assert_int_equal(rng_seed(&box.rng, box.device.port.entropy, box.device.port.ctx), 0);
            assert_int_equal(do_act(&box, EXPORT), SOTTO_OK);
        }
        box_free(&box);
    }
    assert_true(failed > 4);
}

/* ---- The key store -------------------------------------------------------------------------- */

static size_t slot_says;
static int slot_get_strangely(void *ctx, unsigned slot, uint8_t *bytes, size_t cap, size_t *n) {
    (void)ctx;
    (void)slot;
    memset(bytes, 7, cap);
    *n = slot_says;
    return 0;
}

static void a_slot_of_a_length_that_no_key_has_is_no_key(void **state) {
    static const size_t lengths[] = {0, 31, SOTTO_SLOT_BYTES_MAX + 1, SIZE_MAX};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct vault_box box;
        box_make(&box);
        assert_int_equal(box_open(&box), SOTTO_OK);
        box_close(&box);
        slot_says = lengths[i];
        box.device.port.slot_get = slot_get_strangely;

        assert_int_equal(box_open(&box), SOTTO_E_KEY);

        assert_int_equal(vault_state(box.v), SOTTO_STORAGE_REFUSED);
        box_free(&box);
    }
}

static void a_port_with_slots_that_hold_no_key_makes_no_vault(void **state) {
    static const uint32_t sizes[] = {0, 31, SOTTO_SLOT_BYTES_MAX + 1};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct vault_box box;
        box_make(&box);
        box.device.port.slot_bytes = sizes[i];

        assert_int_equal(box_open(&box), SOTTO_E_ARGUMENT);

        box_free(&box);
    }
}

static int (*destroy)(void *ctx, unsigned slot, int *assurance);
static int destroy_boastfully(void *ctx, unsigned slot, int *assurance) {
    int level, status = destroy(ctx, slot, &level);
    *assurance = SOTTO_ASSURANCE_PHYSICAL;
    return status;
}

static void a_receipt_says_no_more_than_the_port_declared(void **state) {
    (void)state;
    for (int is_declared = 0; is_declared < 2; is_declared++) {
        struct vault_box box;
        struct sotto_erase_receipt told = {.size = sizeof told};
        box_make(&box);
        destroy = box.device.port.slot_destroy;
        box.device.port.slot_destroy = destroy_boastfully;
        if (is_declared) box.device.port.key_caps |= SOTTO_KEYS_DESTROY_PHYSICAL;
        assert_int_equal(box_open(&box), SOTTO_OK);
        box_profile(&box, "goes", 1, 1);

        assert_int_equal(vault_erase(box.v, "goes", &told, &box.err), SOTTO_OK);

        assert_int_equal(told.assurance,
                         is_declared ? SOTTO_ASSURANCE_PHYSICAL : SOTTO_ASSURANCE_LOGICAL);
        box_free(&box);
    }
}

/* ---- Records that are authentic and wrong --------------------------------------------------- */

#define STATE_ROW row_of(VAULT_AUDIT, 0, 0)
#define BEGUN_ROW row_of(VAULT_SYSTEM, 1, 0)

/* Puts `n` bytes in place of a record of the device's, as only a broken engine could; with
 * `is_owed` META says that a key epoch must end. */
static void put_row(struct vault_box *box, int64_t row, const void *bytes, size_t n, int is_owed) {
    struct vault *v = box->v;
    const struct data_key *key = &v->keys->slot[KEYRING_DEVICE];
    const struct blob_place place = {v->meta.store_id, row, key->id};
    assert_int_equal(store_begin(&v->store, &box->err), SOTTO_OK);
    if (n)
        assert_int_equal(row_seal(v, &place, key->key, bytes, n, &box->err), SOTTO_OK);
    else
        assert_int_equal(rows_remove(v, row, row, NULL, &box->err), SOTTO_OK);
    if (is_owed) v->meta.pending = PENDING_SHRED;
    assert_int_equal(change_commit(v, v->keys->root, &box->err), SOTTO_OK);
}

static void a_log_that_makes_no_sense_is_refused_and_changes_nothing(void **state) {
    static uint8_t bytes[VAULT_RECORD_MAX] = {1};
    const struct {
        int64_t row;
        size_t n;
        uint8_t first;
    } wrong[] = {
        {row_of(VAULT_AUDIT, 0, 0), 20, 1},   /* a state that is too short, */
        {row_of(VAULT_AUDIT, 0, 0), 3000, 1}, /* too long, */
        {row_of(VAULT_AUDIT, 1, 32), 3, 0},   /* an epoch without a number of lines, */
        {row_of(VAULT_AUDIT, 1, 32), 4, 64},  /* that is full and goes on, */
        {row_of(VAULT_AUDIT, 1, 32), 4, 1},   /* without the line it counts, */
        {row_of(VAULT_AUDIT, 1, 3), 100, 1},  /* that ended without a seal, */
        {row_of(VAULT_AUDIT, 1, 3), 0, 0},    /* that is gone; */
        {row_of(VAULT_AUDIT, 2, 0), 100, 1},  /* a segment's seal that is too short, */
        {row_of(VAULT_AUDIT, 2, 0), 0, 0},    /* or gone */
    };
    struct vault_box box;
    struct vault_audit_sink sink = {swallow, NULL};
    size_t file_n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (int k = 0; k < 32; k++)
        assert_int_equal(vault_audit_export(box.v, &sink, &box.err), SOTTO_OK);
    box_close(&box);
    uint8_t *file = file_slurp(box.db, &file_n);
    assert_non_null(file);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(file_spill(box.db, file, file_n), 0);
        assert_int_equal(box_open(&box), SOTTO_OK);
        bytes[0] = wrong[i].first;
        put_row(&box, wrong[i].row, bytes, wrong[i].n, 0);

        assert_int_equal(vault_audit_export(box.v, &sink, &box.err), SOTTO_E_CORRUPT);

        assert_non_null(strstr(box.err.message, "audit log"));
        assert_int_equal(vault_state(box.v), SOTTO_STORAGE_OK);
        box_close(&box);
    }
    /* A state of another format. */
    size_t n = 0;
    uint8_t key[SIGN_PUBLIC_BYTES];
    const uint8_t *content;
    assert_int_equal(file_spill(box.db, file, file_n), 0);
    assert_int_equal(box_open(&box), SOTTO_OK);
    const struct data_key *device = &box.v->keys->slot[KEYRING_DEVICE];
    struct blob_place place = {box.v->meta.store_id, STATE_ROW, device->id};
    assert_int_equal(store_get(&box.v->store, STATE_ROW, box.v->blob, sizeof box.v->blob, &n, NULL),
                     SOTTO_OK);
    assert_int_equal(
        blob_unseal(box.v->blob, n, &place, device->key, box.v->keys->scratch, &content, &n),
        SOTTO_OK);
    memcpy(bytes, content, n);
    bytes[0] = 2;
    put_row(&box, STATE_ROW, bytes, n, 0);
    assert_int_equal(vault_audit_look(box.v, key, NULL, &box.err), SOTTO_E_CORRUPT);
    free(file);
    box_free(&box);
}

/* An erasure that owes its second half, with receipts or a log that cannot be read. */
static void records_that_cannot_be_read_hold_up_no_erasure(void **state) {
    static const uint8_t format_2[24] = {2}, asked[24] = {1, 0, 0, 0, 14};
    const struct {
        const uint8_t *begun;
        size_t begun_n;
        int64_t row; /* 0: none */
        size_t n;
    } wrong[] = {
        {format_2, 24, 0, 0},                                  /* what is owed: another format, */
        {asked, 20, 0, 0},                                     /* another length; */
        {asked, 24, row_of(VAULT_SYSTEM, 1, 1), 30},           /* the receipt before; */
        {asked, 24, row_of(VAULT_SYSTEM, 1, UINT32_MAX), 120}, /* one that none can follow; */
        {asked, 24, row_of(VAULT_AUDIT, 0, 0), 30},            /* the log */
    };
    static const uint8_t zeros[200];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct vault_box box;
        uint64_t number = 1;
        uint8_t body[RECEIPT_BODY_BYTES];
        box_make(&box);
        assert_int_equal(box_open(&box), SOTTO_OK);
        box_profile(&box, "gone", 1, 1);
        box_profile(&box, "stays", 2, 2);
        assert_int_equal(vault_erase(box.v, "gone", NULL, &box.err), SOTTO_OK);
        const uint64_t epoch = vault_epoch(box.v);
        if (wrong[i].row) put_row(&box, wrong[i].row, zeros, wrong[i].n, 0);
        put_row(&box, BEGUN_ROW, wrong[i].begun, wrong[i].begun_n, 1);

        assert_int_equal(box_restart(&box), SOTTO_OK);

        assert_int_equal(vault_epoch(box.v), epoch + 1);
        assert_int_equal(box.v->meta.pending, PENDING_NOTHING);
        assert_int_equal(
            slot_is_filled(box.v->port, (unsigned)(epoch & 1), box.v->keys->slot_bytes), 0);
        assert_true(box_profile_is_whole(&box, "stays", 2, 2));
        if (wrong[i].n != 120)
            assert_int_equal(vault_receipt_next(box.v, &number, body, &box.err), SOTTO_E_NOT_FOUND);
        box_free(&box);
    }
}

static void a_receipt_that_cannot_be_read_is_not_handed_out(void **state) {
    static const uint8_t zeros[30];
    (void)state;
    struct vault_box box;
    uint64_t number = 0;
    uint8_t body[RECEIPT_BODY_BYTES];
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    put_row(&box, row_of(VAULT_SYSTEM, 1, 1), zeros, sizeof zeros, 0);

    assert_int_equal(vault_receipt_next(box.v, &number, body, &box.err), SOTTO_E_CORRUPT);

    assert_int_equal(number, 0);
    number = UINT32_MAX;
    assert_int_equal(vault_receipt_next(box.v, &number, body, &box.err), SOTTO_E_NOT_FOUND);
    box_free(&box);
}

/* ---- Records that somebody changed under the open vault ------------------------------------- */

/* Puts bytes in place of a row, past all keys. */
static void put_raw(struct vault_box *box, int64_t row, const void *bytes, size_t n) {
    assert_int_equal(store_begin(&box->v->store, NULL), SOTTO_OK);
    assert_int_equal(store_put(&box->v->store, row, bytes, n, NULL), SOTTO_OK);
    assert_int_equal(store_commit(&box->v->store, NULL), SOTTO_OK);
}

static void a_row_that_was_changed_meanwhile_is_damage_wherever_it_is_read(void **state) {
    static const uint8_t junk[STORE_BLOB_MAX] = {1, 1, 1};
    static const struct vault_key ledger = {VAULT_LEDGER, 1, 1};
    static const struct vault_scope events = {.classes = 1u << VAULT_EVENTS,
                                              .purposes = 1u << SOTTO_PURPOSE_PERSONALISE};
    struct vault_audit_sink sink = {swallow, NULL};
    struct vault_box box;
    uint8_t bytes[RECEIPT_BODY_BYTES];
    uint64_t number = 0;
    size_t n;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    const uint32_t slot = box_profile(&box, "ada", 1, 1);
    assert_int_equal(vault_put(box.v, ledger, "x", 1, &box.err), SOTTO_OK);
    put_raw(&box, row_of(VAULT_LEDGER, 1, 1), junk, 200);
    put_raw(&box, row_of(VAULT_SYSTEM, 1, 1), junk, 200);
    put_raw(&box, STATE_ROW, junk, 200);

    assert_int_equal(vault_get(box.v, ledger, bytes, sizeof bytes, &n, &box.err), SOTTO_E_CORRUPT);
    assert_int_equal(vault_receipt_next(box.v, &number, bytes, &box.err), SOTTO_E_CORRUPT);
    assert_int_equal(vault_audit_look(box.v, NULL, bytes, &box.err), SOTTO_E_CORRUPT);
    assert_int_equal(vault_audit_export(box.v, &sink, &box.err), SOTTO_E_CORRUPT);
    /* Writing over a stump of a blob is possible. */
    put_raw(&box, row_of(VAULT_LEDGER, 1, 1), junk, 3);
    assert_int_equal(vault_put(box.v, ledger, "y", 1, &box.err), SOTTO_OK);
    assert_int_equal(vault_get(box.v, ledger, bytes, sizeof bytes, &n, &box.err), SOTTO_OK);
    /* One that is longer than any of ours stops what has to be sealed anew. */
    put_raw(&box, row_of(VAULT_PROFILE, slot, 0), junk, BLOB_BYTES_MAX + 1);
    assert_int_equal(vault_erase_part(box.v, "ada", &events, NULL, &box.err), SOTTO_E_CORRUPT);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_REFUSED);
    box_free(&box);
}

static void rows_that_are_no_blobs_or_not_ours_refuse_the_vault(void **state) {
    static const char *const rows[] = {
        "INSERT INTO b VALUES(7, 'text')",
        "INSERT INTO b VALUES(7, x'')",
        "INSERT INTO b VALUES(7, NULL)",
        "INSERT INTO b VALUES(-7, zeroblob(90))",
        "INSERT INTO b VALUES(4294967296 * 90 + 1, zeroblob(90))", /* a keyring of 90 slots */
        "INSERT INTO b VALUES(9223372036854775807, zeroblob(90))",
        "UPDATE b SET v = 'text' WHERE k = 0",
        "DELETE FROM b WHERE k = 0",
        "DELETE FROM b WHERE k = 1", /* the device's data key */
    };
    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
        struct vault_box box;
        box_make(&box);
        assert_int_equal(box_open(&box), SOTTO_OK);
        box_close(&box);
        const int is_newer = i >= ARRAY_LEN(rows);
        if (is_newer) make_newer_vault(&box.device.port, META_FORMAT + 1, META_FORMAT, 8);
        db_run(box.db, rows[i % ARRAY_LEN(rows)]);

        assert_int_equal(box_open(&box), SOTTO_E_CORRUPT);

        assert_int_equal(vault_state(box.v), SOTTO_STORAGE_REFUSED);
        box_free(&box);
    }
}

/* By the layout that src/FORMAT.md gives: only somebody with the key can make it. */
static void a_blob_that_says_it_is_longer_than_it_is_opens_no_more(void **state) {
    uint8_t blob[BLOB_BYTES_MAX], scratch[BLOB_PADDED_MAX], ad[48] = "sotto-v1", content[64] = {0};
    const uint8_t key[SEAL_KEY_BYTES] = {3};
    const struct blob_place place = {(const uint8_t *)"the store's id..", 5, 9};
    const uint8_t *found;
    struct vault_box box;
    size_t n;
    (void)state;
    box_make(&box);
    memcpy(ad + 8, place.store_id, STORE_ID_BYTES);
    store64(ad + 24, 5);
    store64(ad + 32, 9);
    store64(ad + 40, 1);
    for (uint32_t length = 60; length <= 61; length++) {
        assert_int_equal(blob_seal(blob, &n, &place, 1, key, &box.rng, "", 0, scratch), SOTTO_OK);
        store32(content, length);
        seal(blob + BLOB_HEADER_BYTES, content, sizeof content, ad, sizeof ad,
             blob + BLOB_HEADER_BYTES - SEAL_NONCE_BYTES, key);

        assert_int_equal(blob_unseal(blob, n, &place, key, scratch, &found, &n),
                         length == 60 ? SOTTO_OK : SOTTO_E_CORRUPT);
    }
    assert_int_equal(
        blob_seal(blob, &n, &place, 1, key, &box.rng, blob, BLOB_CONTENT_MAX + 1, scratch),
        SOTTO_E_LIMIT);
    box_free(&box);
}

/* ---- What callers may not ask for ----------------------------------------------------------- */

static void what_makes_no_sense_is_refused_and_what_is_not_there_is_nothing(void **state) {
    static const struct vault_key wrong[] = {{(enum vault_class)0, 1, 1},
                                             {VAULT_AUDIT, 0, 0},
                                             {VAULT_CLASS_LAST + 1, 1, 1},
                                             {VAULT_LEDGER, 1u << 24, 0}};
    static const struct vault_key nobodys = {VAULT_EVENTS, 3, 1};
    struct vault_box box;
    uint8_t key[32];
    uint32_t slot;
    (void)state;
    box_make(&box);
    box.v = calloc(1, vault_bytes());
    assert_non_null(box.v);
    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_E_STATE); /* it was never opened */
    assert_int_equal(vault_device_key(box.v, "x", key), SOTTO_E_KEY);
    vault_note(box.v, SOTTO_AUDIT_START, 0, 0, 0); /* no vault, no log */
    assert_int_equal(box.v->n_notes, 0);
    free(box.v);
    box.v = NULL;
    assert_int_equal(box_open(&box), SOTTO_OK);

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct vault_key k = wrong[i];
        assert_int_equal(vault_put(box.v, k, "x", 1, &box.err), SOTTO_E_ARGUMENT);
        assert_int_equal(vault_next(box.v, &k, 1, &box.err), SOTTO_E_ARGUMENT);
    }
    assert_int_equal(vault_delete(box.v, nobodys, &box.err), SOTTO_OK);
    assert_int_equal(vault_profile_create(box.v, NULL, &slot, &box.err), SOTTO_E_ARGUMENT);
    assert_null(vault_profile_name(box.v, 0));
    assert_null(vault_profile_name(box.v, 1));
    assert_null(vault_profile_name(box.v, KEYRING_SLOTS));
    assert_int_equal(vault_usage(box.v, KEYRING_SLOTS).records, 0);
    assert_int_equal(vault_write_notes(box.v, &box.err), SOTTO_OK);
    assert_int_equal(vault_begin(box.v, &box.err), SOTTO_OK);
    for (int i = 0; i <= VAULT_NOTES_MAX; i++) vault_note(box.v, SOTTO_AUDIT_START, 0, 0, 0);
    assert_int_equal(box.v->n_notes, VAULT_NOTES_MAX);
    assert_false(vault_has_landed(box.v, 0) || vault_has_landed(box.v, 1));
    box.device.secret_fails = 1;
    assert_int_equal(vault_device_key(box.v, "x", key), SOTTO_E_KEY);
    vault_close(box.v);
    assert_null(vault_profile_name(box.v, 1));
    box_free(&box);
}

static void a_port_without_what_a_vault_needs_is_refused(void **state) {
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct vault_box box;
        box_make(&box);
        struct sotto_port *port = &box.device.port;
        if (i == 0) port->vault_path = "";
        if (i == 1) port->slot_put = NULL;
        if (i == 2) port->slot_get = NULL;
        if (i == 3) port->slot_destroy = NULL;
        if (i == 4) port->device_secret = NULL;
        /* A counter that is declared and cannot be asked is none. */
        if (i == 5) port->key_caps |= SOTTO_KEYS_COUNTER, port->counter_read = NULL;

        assert_int_equal(box_open(&box), i < 5 ? SOTTO_E_ARGUMENT : SOTTO_OK);

        if (i == 5) box_profile(&box, "ada", 1, 1);
        box_free(&box);
    }
}

/* ---- Keys of before, files that go, counters that do not answer ----------------------------- */

static void a_new_vault_uses_the_keys_that_are_there(void **state) {
    static const uint8_t secret[32] = {9};
    (void)state;
    for (unsigned has = 1; has < 4; has++) {
        struct vault_box box;
        box_make(&box);
        for (unsigned slot = 0; slot < 2; slot++)
            if (has >> slot & 1)
                assert_int_equal(box.device.port.slot_put(box.device.port.ctx, slot, secret, 32),
                                 0);
        const uint64_t puts = box.device.slot_puts;

        assert_int_equal(box_open(&box), SOTTO_OK);

        assert_int_equal(box.device.slot_puts, puts);
        assert_int_equal(vault_epoch(box.v), has == 1 ? 2 : 1);
        box_profile(&box, "ada", 1, 1);
        assert_int_equal(box_restart(&box), SOTTO_OK);
        assert_true(box_profile_is_whole(&box, "ada", 1, 1));
        box_free(&box);
    }
}

/* Destroying the keys of a vault was cut, and the vault moved away: nobody must know the next
 * one's.
 */
static void a_new_vault_makes_no_key_of_what_was_overwritten(void **state) {
    static const uint8_t zeros[32];
    (void)state;
    struct vault_box box;
    char path[128];
    box_make(&box);
    snprintf(path, sizeof path, "%s/keys/slot-1.key", box.dir);
    assert_int_equal(box.device.port.slot_put(box.device.port.ctx, 1, (const uint8_t *)path, 32),
                     0);
    assert_int_equal(file_spill(path, zeros, sizeof zeros), 0);
    const uint64_t puts = box.device.slot_puts;

    assert_int_equal(box_open(&box), SOTTO_OK);

    assert_int_equal(box.device.slot_puts, puts + 1);
    box_free(&box);
}

static struct vault_box *gone_box;
static int destroy_and_lose_the_file(void *ctx, unsigned slot, int *assurance) {
    char away[128];
    snprintf(away, sizeof away, "%s.away", gone_box->db);
    assert_int_equal(rename(gone_box->db, away), 0);
    return destroy(ctx, slot, assurance);
}

static void a_file_that_goes_at_any_step_of_a_change_is_noticed(void **state) {
    static const struct vault_key ledger = {VAULT_LEDGER, 1, 1};
    (void)state;
    for (int when = 0; when < 3; when++) {
        struct vault_box box;
        struct sotto_rotation rotation = {.size = sizeof rotation};
        char away[128];
        int status = SOTTO_OK;
        box_make(&box);
        gone_box = &box;
        snprintf(away, sizeof away, "%s.away", box.db);
        destroy = box.device.port.slot_destroy;
        assert_int_equal(box_open(&box), SOTTO_OK);
        box_profile(&box, "ada", 1, 2);
        switch (when) {
        case 0: /* before */
            assert_int_equal(rename(box.db, away), 0);
            status = vault_erase(box.v, "ada", NULL, &box.err);
            break;
        case 1: /* within a transaction */
            assert_int_equal(vault_begin(box.v, &box.err), SOTTO_OK);
            assert_int_equal(vault_put(box.v, ledger, "x", 1, &box.err), SOTTO_OK);
            assert_int_equal(rename(box.db, away), 0);
            status = vault_commit(box.v, &box.err);
            vault_rollback(box.v);
            assert_int_equal(vault_doubt(box.v), 1);
            break;
        case 2: /* just as the old key goes */
            box.device.port.slot_destroy = destroy_and_lose_the_file;
            status = vault_rotate(box.v, &rotation, &box.err);
            box.device.port.slot_destroy = destroy;
            break;
        }

        assert_int_equal(status, SOTTO_E_IO);

        assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED);
        assert_int_equal(rename(away, box.db), 0);
        assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
        assert_true(box_profile_is_whole(&box, "ada", 1, 2));
        if (when == 1) assert_true(vault_has_landed(box.v, 1));
        if (when == 2) assert_int_equal(vault_epoch(box.v), 2);
        box_free(&box);
    }
}

static struct fault_vfs narrow;
static int (*put)(void *ctx, unsigned slot, const uint8_t *bytes, size_t n);
static int put_and_fill_the_disk(void *ctx, unsigned slot, const uint8_t *bytes, size_t n) {
    narrow.is_full = 1;
    return put(ctx, slot, bytes, n);
}

static void a_disk_that_fills_up_behind_a_promise_delays_it(void **state) {
    (void)state;
    struct vault_box box;
    struct sotto_rotation rotation = {.size = sizeof rotation, .epoch = 77};
    assert_int_equal(fault_vfs_register(&narrow, "narrow"), 0);
    box_make(&box);
    box.device.port.vault_vfs = narrow.name;
    put = box.device.port.slot_put;
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 2);
    box.device.port.slot_put = put_and_fill_the_disk;

    assert_int_equal(vault_rotate(box.v, &rotation, &box.err), SOTTO_E_FULL);

    assert_int_equal(rotation.epoch, 77);
    box.device.port.slot_put = put;
    narrow.is_full = 0;
    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
    assert_int_equal(vault_epoch(box.v), 2);
    assert_true(box_profile_is_whole(&box, "ada", 1, 2));
    box_free(&box);
    fault_vfs_unregister(&narrow);
}

/* After a sync that failed nothing is believed before the log is written anew; that may fail too.
 */
static void a_log_that_cannot_be_renewed_is_not_believed(void **state) {
    static const struct vault_key ledger = {VAULT_LEDGER, 1, 1};
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct vault_box box;
        long fuse = 0;
        assert_int_equal(fault_vfs_register(&narrow, "renewed"), 0);
        box_make(&box);
        box.device.port.vault_vfs = narrow.name;
        assert_int_equal(box_open(&box), SOTTO_OK);
        narrow.sync_fails = 1;
        assert_int_equal(vault_put(box.v, ledger, "x", 1, &box.err), SOTTO_E_IO);
        assert_int_equal(vault_doubt(box.v), 1);
        if (how == 1) narrow.sync_fails = 0, narrow.fuse = &fuse;

        assert_int_equal(vault_retry(box.v, &box.err), SOTTO_E_IO);

        assert_false(vault_has_landed(box.v, 1));
        narrow.sync_fails = 0;
        narrow.fuse = NULL;
        assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
        assert_true(vault_has_landed(box.v, 1));
        assert_false(vault_has_landed(box.v, 2));
        box_free(&box);
        fault_vfs_unregister(&narrow);
    }
}

static int (*bump)(void *ctx, uint64_t *value);
static int n_bumps_fail;
static int bump_or_not(void *ctx, uint64_t *value) {
    return n_bumps_fail-- > 0 ? -1 : bump(ctx, value);
}

static void a_counter_that_does_not_answer_is_asked_again(void **state) {
    static const struct vault_key ledger = {VAULT_LEDGER, 1, 1};
    (void)state;
    struct vault_box box;
    struct sim_device hardware;
    box_make(&box);
    assert_int_equal(sim_device_init(&hardware, box.device.seed, NULL, &box.err), SOTTO_OK);
    hardware.port.vault_path = box.db;
    bump = hardware.port.counter_bump;
    hardware.port.counter_bump = bump_or_not;
    box.device.port = hardware.port;
    box.device.port.ctx = &hardware;
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (int i = 0; i < 3; i++) { /* the move fails, then the question, then neither */
        n_bumps_fail = i == 0;
        hardware.counter_fails = i == 1;
        vault_anchor(box.v);
        assert_int_equal(vault_put(box.v, ledger, "x", 1, &box.err), SOTTO_OK);
        assert_true(box.v->meta.counter <= hardware.counter + 1);
    }
    n_bumps_fail = 1;
    vault_anchor(box.v);
    assert_int_equal(vault_put(box.v, ledger, "y", 1, &box.err), SOTTO_OK);
    box_close(&box); /* META is one ahead: a start has to move the counter */
    n_bumps_fail = 1;

    assert_int_equal(box_open(&box), SOTTO_E_KEY);

    assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
    assert_int_equal(box.v->meta.counter, hardware.counter);
    box_free(&box);
}

static void a_newer_vault_whose_keys_resist_is_still_read(void **state) {
    (void)state;
    struct vault_box box;
    struct sotto_erase_receipt told = {.size = sizeof told};
    uint64_t number = 0;
    uint8_t body[RECEIPT_BODY_BYTES];
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 2);
    box_close(&box);
    make_newer_vault(&box.device.port, META_FORMAT + 1, META_FORMAT, 8);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box.device.slot_destroy_fails = 1;
    assert_int_equal(vault_erase(box.v, NULL, &told, &box.err), SOTTO_E_KEY);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_READ_ONLY);
    box.device.slot_destroy_fails = 0;

    assert_int_equal(vault_erase(box.v, NULL, &told, &box.err), SOTTO_OK);

    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_REFUSED);
    assert_int_equal(told.profiles, 1);
    assert_int_equal(told.records, 3);
    assert_int_equal(vault_receipt_next(box.v, &number, body, &box.err), SOTTO_OK);
    assert_int_equal(number, SOTTO_RECEIPT_UNREAD);
    box_free(&box);
}

static void the_last_record_of_a_profile_is_resealed_too(void **state) {
    static const struct vault_scope events = {.classes = 1u << VAULT_EVENTS,
                                              .purposes = 1u << SOTTO_PURPOSE_PERSONALISE};
    (void)state;
    struct vault_box box;
    char found[8];
    size_t n;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    const struct vault_key last = {VAULT_MEMO, box_profile(&box, "ada", 1, 1), UINT32_MAX};
    assert_int_equal(vault_put(box.v, last, "answer", 6, &box.err), SOTTO_OK);

    assert_int_equal(vault_erase_part(box.v, "ada", &events, NULL, &box.err), SOTTO_OK);

    assert_int_equal(vault_get(box.v, last, found, sizeof found, &n, &box.err), SOTTO_OK);
    assert_int_equal(n, 6);
    box_free(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_random_source_that_fails_at_any_draw_leaves_nothing_half_done),
        cmocka_unit_test(a_random_source_that_fails_at_the_end_of_a_segment_changes_nothing),
        cmocka_unit_test(a_slot_of_a_length_that_no_key_has_is_no_key),
        cmocka_unit_test(a_port_with_slots_that_hold_no_key_makes_no_vault),
        cmocka_unit_test(a_receipt_says_no_more_than_the_port_declared),
        cmocka_unit_test(a_log_that_makes_no_sense_is_refused_and_changes_nothing),
        cmocka_unit_test(records_that_cannot_be_read_hold_up_no_erasure),
        cmocka_unit_test(a_receipt_that_cannot_be_read_is_not_handed_out),
        cmocka_unit_test(a_row_that_was_changed_meanwhile_is_damage_wherever_it_is_read),
        cmocka_unit_test(rows_that_are_no_blobs_or_not_ours_refuse_the_vault),
        cmocka_unit_test(a_blob_that_says_it_is_longer_than_it_is_opens_no_more),
        cmocka_unit_test(what_makes_no_sense_is_refused_and_what_is_not_there_is_nothing),
        cmocka_unit_test(a_port_without_what_a_vault_needs_is_refused),
        cmocka_unit_test(a_new_vault_uses_the_keys_that_are_there),
        cmocka_unit_test(a_new_vault_makes_no_key_of_what_was_overwritten),
        cmocka_unit_test(a_file_that_goes_at_any_step_of_a_change_is_noticed),
        cmocka_unit_test(a_disk_that_fills_up_behind_a_promise_delays_it),
        cmocka_unit_test(a_log_that_cannot_be_renewed_is_not_believed),
        cmocka_unit_test(a_counter_that_does_not_answer_is_asked_again),
        cmocka_unit_test(a_newer_vault_whose_keys_resist_is_still_read),
        cmocka_unit_test(the_last_record_of_a_profile_is_resealed_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
