/* What the vault does when those below it fail or say what cannot be: the random source, the key
 * store, and records that are authentic and wrong. Nothing is half done, and none of it holds an
 * erasure up. */
#include "tests/support/test.h"

#include "sotto_audit.h"
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
        for (uint32_t left = 0; left < RNG_POOL_BYTES; left += 24) {
            struct vault_box box;
            box_make(&box);
            if (act != OPEN_NEW) {
                assert_int_equal(box_open(&box), SOTTO_OK);
                box_profile(&box, "goes", 1, 2);
                box_profile(&box, "stays", 2, 2);
            }
            box.device.entropy_fails = 1;
            box.rng.since_seed = RNG_RESEED_BYTES;
            box.rng.used = RNG_POOL_BYTES - left;

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_random_source_that_fails_at_any_draw_leaves_nothing_half_done),
        cmocka_unit_test(a_slot_of_a_length_that_no_key_has_is_no_key),
        cmocka_unit_test(a_port_with_slots_that_hold_no_key_makes_no_vault),
        cmocka_unit_test(a_receipt_says_no_more_than_the_port_declared),
        cmocka_unit_test(a_log_that_makes_no_sense_is_refused_and_changes_nothing),
        cmocka_unit_test(records_that_cannot_be_read_hold_up_no_erasure),
        cmocka_unit_test(a_receipt_that_cannot_be_read_is_not_handed_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
