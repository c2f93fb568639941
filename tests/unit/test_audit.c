/* The audit log: what is logged when, what an exported log proves, and what becomes of one that was
 * altered. Every byte, every piece and every cut is tried, none chosen. */
#include "tests/support/test.h"

#include "tests/support/kiosk.h"
#include "tests/support/vault_box.h"
#include "vault/inside.h"

struct log {
    uint8_t *bytes, key[SIGN_PUBLIC_BYTES];
    size_t n, cap;
};

static int collect(void *ctx, const void *bytes, size_t n) {
    struct log *log = ctx;
    if (!log->bytes || log->n + n > log->cap) {
        log->cap = 2 * (log->n + n);
        log->bytes = realloc(log->bytes, log->cap);
        assert_non_null(log->bytes);
    }
    memcpy(log->bytes + log->n, bytes, n);
    log->n += n;
    return 0;
}

static void export_log(struct vault_box *box, struct log *log) {
    struct vault_audit_sink sink = {collect, log};
    log->n = 0;
    if (vault_audit_export(box->v, &sink, &box->err) != SOTTO_OK) fail_msg("%s", box->err.message);
    assert_int_equal(vault_audit_look(box->v, log->key, NULL, &box->err), SOTTO_OK);
}

static int verify(const struct log *log, struct sotto_audit_result *r) {
    struct sotto_error err;
    r->size = sizeof *r;
    return sotto_audit_verify(log->bytes, log->n, log->key, NULL, r, NULL, NULL, &err);
}

/* Entry i of a made-up life. */
static void note(struct vault_box *box, uint32_t i) {
    vault_note(box->v, (uint8_t)(i % 50 == 0 ? SOTTO_AUDIT_START : SOTTO_AUDIT_REPORT), (uint8_t)i,
               i, ~(uint64_t)i);
    assert_int_equal(vault_write_notes(box->v, &box->err), SOTTO_OK);
}

struct expected {
    uint64_t number;
    uint32_t boot;
};

static void check_entry(void *ctx, uint64_t number, const struct sotto_audit_entry *e) {
    struct expected *x = ctx;
    uint32_t i = (uint32_t)number - 1;
    assert_int_equal(number, x->number++);
    if (e->kind == SOTTO_AUDIT_EXPORT) return;
    assert_int_equal(e->kind, i % 50 == 0 ? SOTTO_AUDIT_START : SOTTO_AUDIT_REPORT);
    assert_int_equal(e->detail, (uint8_t)i);
    assert_int_equal(e->a, i);
    assert_true(e->b == ~(uint64_t)i);
    assert_int_equal(e->boot, 1 + i / 50);
}

static void every_entry_comes_back_and_is_proven(void **state) {
    static const uint32_t lengths[] = {1, 63, 64, 65, 200, 2047, 2048, 2049};
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(lengths); k++) {
        struct vault_box box;
        struct log log = {0};
        struct sotto_audit_result r = {.size = sizeof r};
        struct expected x = {1, 0};
        uint8_t seen[SOTTO_AUDIT_HEAD_BYTES];
        box_make(&box);
        assert_int_equal(box_open(&box), SOTTO_OK);
        for (uint32_t i = 0; i < lengths[k]; i++) {
            note(&box, i);
            if (i == lengths[k] / 2)
                assert_int_equal(vault_audit_look(box.v, NULL, seen, &box.err), SOTTO_OK);
        }
        export_log(&box, &log);

        int status =
            sotto_audit_verify(log.bytes, log.n, log.key, seen, &r, check_entry, &x, &box.err);
        if (status != SOTTO_OK) fail_msg("%s", box.err.message);
        assert_int_equal(r.entries, lengths[k] + 1);
        assert_int_equal(r.let_go, 0);
        assert_int_equal(x.number, lengths[k] + 2);
        assert_int_equal(r.epochs, lengths[k] / 64 + 1);
        assert_int_equal(r.segments, r.epochs / 32);
        assert_int_equal(r.totals[SOTTO_AUDIT_START], (lengths[k] + 49) / 50);
        assert_int_equal(r.totals[SOTTO_AUDIT_EXPORT], 1);
        assert_true(r.is_seen);
        assert_int_equal(r.seen_at, lengths[k] / 2 + 1);
        seen[0] ^= 1;
        assert_int_equal(
            sotto_audit_verify(log.bytes, log.n, log.key, seen, &r, NULL, NULL, &box.err),
            SOTTO_OK);
        assert_false(r.is_seen);
        free(log.bytes);
        box_free(&box);
    }
}

/* A long life: the log stays small, and what was let go is still counted and proven. */
static void old_segments_are_let_go_and_leave_their_totals(void **state) {
    enum { ENTRIES = 64 * 32 * 5 + 100 };
    struct vault_box box;
    struct log log = {0};
    struct sotto_audit_result r;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (uint32_t i = 0; i < ENTRIES; i++) note(&box, i);
    assert_int_equal(box_restart(&box), SOTTO_OK);
    export_log(&box, &log);

    assert_int_equal(verify(&log, &r), SOTTO_OK);

    assert_int_equal(r.entries, ENTRIES + 1);
    assert_int_equal(r.let_go, 64 * 32 * 3);
    assert_int_equal(r.segments, 5);
    assert_int_equal(r.totals[SOTTO_AUDIT_START], (ENTRIES + 49) / 50);
    assert_int_equal(r.totals[SOTTO_AUDIT_REPORT], ENTRIES - (ENTRIES + 49) / 50);
    assert_true(log.n < 64 * 32 * 3 * 30);
    free(log.bytes);
    box_free(&box);
}

/* ---- Altered logs ------------------------------------------------------------------------- */

/* A log of two segments and a bit; its pieces. */
static void long_log(struct vault_box *box, struct log *log) {
    box_make(box);
    assert_int_equal(box_open(box), SOTTO_OK);
    for (uint32_t i = 0; i < 64 * 32 * 4 + 70; i++) note(box, i);
    export_log(box, log);
}

static void any_changed_byte_is_noticed(void **state) {
    struct vault_box box;
    struct log log = {0};
    struct sotto_audit_result r;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (uint32_t i = 0; i < 70; i++) note(&box, i);
    export_log(&box, &log);
    assert_int_equal(verify(&log, &r), SOTTO_OK);
    for (size_t i = 0; i < log.n; i++) {
        log.bytes[i] ^= (uint8_t)(1u << i % 8);
        int status = verify(&log, &r);
        if (status != SOTTO_E_FORMAT && status != SOTTO_E_SIGNATURE)
            fail_msg("byte %zu: %d", i, status);
        assert_int_equal(r.entries, 0);
        log.bytes[i] ^= (uint8_t)(1u << i % 8);
    }
    log.key[3] ^= 4;
    assert_int_equal(verify(&log, &r), SOTTO_E_SIGNATURE);
    free(log.bytes);
    box_free(&box);
}

static void cut_off_logs_are_noticed_but_for_a_tail(void **state) {
    struct vault_box box;
    struct log log = {0};
    struct sotto_audit_result r;
    uint32_t good = 0;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (uint32_t i = 0; i < 200; i++) note(&box, i);
    export_log(&box, &log);
    size_t whole = log.n;
    for (log.n = 0; log.n < whole; log.n++) good += verify(&log, &r) == SOTTO_OK;
    /* At the ends of three epochs nothing tells that there were more: what cannot be proven. */
    assert_int_equal(good, 3);
    free(log.bytes);
    box_free(&box);
}

/* Where each piece begins; the count. */
static size_t pieces(const struct log *log, size_t at[256]) {
    size_t n = 0;
    for (size_t p = 12; p < log->n; p += 8 + load32(log->bytes + p + 4)) at[n++] = p;
    at[n] = log->n;
    return n;
}

static void pieces_cannot_be_left_out_swapped_or_repeated(void **state) {
    struct vault_box box;
    struct log log = {0}, other = {0};
    struct sotto_audit_result r;
    size_t at[256];
    (void)state;
    long_log(&box, &log);
    memcpy(other.key, log.key, sizeof other.key);
    assert_int_equal(verify(&log, &r), SOTTO_OK);
    size_t n = pieces(&log, at);
    assert_true(n > 2 + 2 * 64);
    for (size_t i = 0; i < n; i++) {
        other.n = 0; /* without piece i */
        collect(&other, log.bytes, at[i]);
        collect(&other, log.bytes + at[i + 1], log.n - at[i + 1]);
        if (verify(&other, &r) == SOTTO_OK) fail_msg("piece %zu of %zu is not missed", i, n);
        other.n = 0; /* twice */
        collect(&other, log.bytes, at[i + 1]);
        collect(&other, log.bytes + at[i], log.n - at[i]);
        if (verify(&other, &r) == SOTTO_OK) fail_msg("piece %zu of %zu twice", i, n);
        if (i + 1 == n) break;
        other.n = 0; /* with the next one first */
        collect(&other, log.bytes, at[i]);
        collect(&other, log.bytes + at[i + 1], at[i + 2] - at[i + 1]);
        collect(&other, log.bytes + at[i], at[i + 1] - at[i]);
        collect(&other, log.bytes + at[i + 2], log.n - at[i + 2]);
        if (verify(&other, &r) == SOTTO_OK) fail_msg("pieces %zu and the next swapped", i);
    }
    free(log.bytes);
    free(other.bytes);
    box_free(&box);
}

/* Who takes the device has its living keys. They sign what comes, never what was. */
static void living_keys_cannot_rewrite_what_was_sealed(void **state) {
    struct vault_box box;
    struct log log = {0};
    struct sotto_audit_result r;
    struct sotto_audit_entry lie = {.kind = SOTTO_AUDIT_ERASE, .boot = 1};
    uint8_t secret[SIGN_SECRET_BYTES], public_key[SIGN_PUBLIC_BYTES], head[HASH_BYTES];
    struct audit_genesis g;
    struct audit_seal seal;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (uint32_t i = 0; i < 3; i++) note(&box, i);
    export_log(&box, &log);
    assert_int_equal(verify(&log, &r), SOTTO_OK);
    /* The thief reads the state, as the engine does. */
    const uint8_t *content;
    uint8_t blob[BLOB_BYTES_MAX], scratch[BLOB_PADDED_MAX];
    size_t n, content_n;
    struct blob_place place = {box.v->meta.store_id, row_of(VAULT_AUDIT, 0, 0),
                               box.v->keys->slot[KEYRING_DEVICE].id};
    assert_int_equal(store_get(&box.v->store, place.k, blob, sizeof blob, &n, &box.err), SOTTO_OK);
    assert_int_equal(blob_unseal(blob, n, &place, box.v->keys->slot[KEYRING_DEVICE].key, scratch,
                                 &content, &content_n),
                     SOTTO_OK);
    const uint8_t *seed = content + 32 + HASH_BYTES + 8 * SOTTO_AUDIT_KINDS;
    for (int which = 0; which < 2; which++) { /* the epoch's key, the segment's */
        sign_keypair(public_key, secret, seed + which * SIGN_SEED_BYTES);
        /* Rewrites the first entry, and signs the first seal anew. */
        uint8_t *genesis = log.bytes + 12 + 8, *entries = genesis + AUDIT_GENESIS_BYTES + 8 + 12;
        uint8_t *sealed = entries + 4 * AUDIT_ENTRY_BYTES + 8;
        assert_int_equal(audit_genesis_read(&g, genesis), 0);
        audit_entry_write(entries, &lie);
        audit_first_head(head, &g);
        for (int i = 0; i < 4; i++) audit_next_head(head, entries + i * AUDIT_ENTRY_BYTES);
        audit_seal_read(&seal, sealed);
        memcpy(seal.head, head, sizeof head);
        seal.totals[SOTTO_AUDIT_START] = 0;
        seal.totals[SOTTO_AUDIT_ERASE] = 1;
        audit_seal_sign(sealed, &seal, secret);
        assert_int_equal(verify(&log, &r), SOTTO_E_SIGNATURE);
    }
    free(log.bytes);
    box_free(&box);
}

/* ---- With what it tells ------------------------------------------------------------------- */

static void a_note_shares_the_fate_of_its_transaction(void **state) {
    static const struct vault_key FLOOR = {VAULT_SYSTEM, 0, 0};
    struct vault_box box;
    uint8_t head[2][SOTTO_AUDIT_HEAD_BYTES];
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    assert_int_equal(vault_audit_look(box.v, NULL, head[0], &box.err), SOTTO_E_NOT_FOUND);
    note(&box, 0);
    assert_int_equal(vault_audit_look(box.v, NULL, head[0], &box.err), SOTTO_OK);
    assert_int_equal(vault_begin(box.v, &box.err), SOTTO_OK);
    vault_note(box.v, SOTTO_AUDIT_CONSENT, 0, 1, 0);
    assert_int_equal(vault_put(box.v, FLOOR, "x", 1, &box.err), SOTTO_OK);
    vault_rollback(box.v);
    assert_int_equal(vault_put(box.v, FLOOR, "y", 1, &box.err), SOTTO_OK);
    assert_int_equal(vault_audit_look(box.v, NULL, head[1], &box.err), SOTTO_OK);
    assert_memory_equal(head[0], head[1], sizeof head[0]);
    vault_note(box.v, SOTTO_AUDIT_CONSENT, 0, 1, 0);
    assert_int_equal(vault_put(box.v, FLOOR, "z", 1, &box.err), SOTTO_OK);
    assert_int_equal(vault_audit_look(box.v, NULL, head[1], &box.err), SOTTO_OK);
    assert_memory_not_equal(head[0], head[1], sizeof head[0]);
    box_free(&box);
}

static void erasures_are_logged_and_survive_themselves(void **state) {
    struct vault_box box;
    struct log log = {0};
    struct sotto_audit_result r;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 3);
    assert_int_equal(vault_erase(box.v, "ada", NULL, &box.err), SOTTO_OK);
    assert_int_equal(vault_erase(box.v, "nobody", NULL, &box.err), SOTTO_OK);
    export_log(&box, &log);
    assert_int_equal(verify(&log, &r), SOTTO_OK);
    assert_int_equal(r.totals[SOTTO_AUDIT_ERASE], 1);
    assert_int_equal(r.totals[SOTTO_AUDIT_SHRED], 1);
    assert_int_equal(r.entries, 3);
    free(log.bytes);
    box_free(&box);
}

/* A clock that is moved to and fro lets a policy expire and come back without any change to
 * storage.
 */
static void lines_that_pile_up_leave_room_for_what_a_transaction_tells(void **state) {
    struct vault_box box;
    struct log log = {0};
    struct sotto_audit_result r;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    box_profile(&box, "ada", 1, 3);
    for (uint64_t i = 0; i < 3 * VAULT_NOTES_MAX; i++)
        vault_note(box.v, SOTTO_AUDIT_POLICY, i & 1, i, 0);

    assert_int_equal(vault_erase(box.v, "ada", NULL, &box.err), SOTTO_OK);

    export_log(&box, &log);
    assert_int_equal(verify(&log, &r), SOTTO_OK);
    assert_int_equal(r.totals[SOTTO_AUDIT_POLICY], 3 * VAULT_NOTES_MAX);
    assert_int_equal(r.totals[SOTTO_AUDIT_ERASE], 1);
    free(log.bytes);
    box_free(&box);
}

static int stop(void *ctx, const void *bytes, size_t n) {
    int *left = ctx;
    (void)bytes, (void)n;
    return (*left)-- == 0;
}

static void an_export_that_is_stopped_says_so(void **state) {
    struct vault_box box;
    (void)state;
    box_make(&box);
    assert_int_equal(box_open(&box), SOTTO_OK);
    for (uint32_t i = 0; i < 64 * 32; i++) note(&box, i);
    int status = SOTTO_E_IO, steps = 0;
    for (; status == SOTTO_E_IO; steps++) {
        int left = steps;
        struct vault_audit_sink sink = {stop, &left};
        status = vault_audit_export(box.v, &sink, &box.err);
    }
    assert_int_equal(status, SOTTO_OK);
    assert_true(steps > 100);
    assert_int_equal(vault_state(box.v), SOTTO_STORAGE_OK);
    box_free(&box);
}

/* ---- What the engine logs ----------------------------------------------------------------- */

struct told {
    uint32_t n, boots;
    struct sotto_audit_entry of[SOTTO_AUDIT_KINDS]; /* the last of each kind */
};

static void remember(void *ctx, uint64_t number, const struct sotto_audit_entry *e) {
    struct told *told = ctx;
    (void)number;
    told->n++;
    told->boots = e->boot;
    told->of[e->kind] = *e;
}

static void what_the_engine_did_is_in_its_log(void **state) {
    static const struct make_policy plain = {.idle_s = 600};
    struct kiosk k;
    struct log log = {0}, later = {0};
    struct told told = {0};
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    struct sotto_audit_result r = {.size = sizeof r};
    struct sotto_error err;
    struct sotto_item items[5];
    const unsigned yes = 1u << SOTTO_PURPOSE_STORE | 1u << SOTTO_PURPOSE_PERSONALISE;
    (void)state;
    kiosk_make(&k, 20, &plain, 0);
    kiosk_open(&k);
    assert_int_equal(sotto_audit_key(k.engine, log.key), SOTTO_OK);
    sotto_session s = kiosk_session(&k, "ada", yes);
    kiosk_record(&k, s, 3, SOTTO_EVENT_PURCHASE);
    kiosk_slate(&k, s, items, 5, NULL);
    assert_int_equal(
        sotto_consent_set(k.engine, s, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN),
        SOTTO_OK);
    assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
    kiosk_restart(&k);
    assert_int_equal(sotto_erase(k.engine, "ada", &receipt), SOTTO_OK);
    assert_int_equal(sotto_audit_export(k.engine, collect, &log), SOTTO_OK);

    assert_int_equal(sotto_audit_verify(log.bytes, log.n, log.key, NULL, &r, remember, &told, &err),
                     SOTTO_OK);

    assert_int_equal(told.n, r.entries);
    assert_int_equal(told.boots, 2);
    assert_int_equal(r.totals[SOTTO_AUDIT_START], 2);
    assert_int_equal(r.totals[SOTTO_AUDIT_DISCLOSURE], 1);
    assert_int_equal(told.of[SOTTO_AUDIT_DISCLOSURE].a, 1); /* one banner, one slate */
    assert_int_equal(told.of[SOTTO_AUDIT_DISCLOSURE].b, 1);
    assert_true(r.totals[SOTTO_AUDIT_CONSENT] >= 2);
    assert_int_equal(told.of[SOTTO_AUDIT_CONSENT].a >> 8 & 0xff, SOTTO_CONSENT_WITHDRAWN);
    assert_int_equal(told.of[SOTTO_AUDIT_ERASE].a, 1);
    assert_int_equal(told.of[SOTTO_AUDIT_SHRED].detail, SOTTO_ASSURANCE_LOGICAL);
    assert_false(files_contain(k.dir, log.bytes + 60, 32));
    /* The same device, later: the head of the earlier log is in it. */
    assert_int_equal(sotto_audit_export(k.engine, collect, &later), SOTTO_OK);
    assert_int_equal(
        sotto_audit_verify(later.bytes, later.n, log.key, r.head, &r, NULL, NULL, &err), SOTTO_OK);
    assert_true(r.is_seen);
    free(log.bytes);
    free(later.bytes);
    kiosk_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry_comes_back_and_is_proven),
        cmocka_unit_test(old_segments_are_let_go_and_leave_their_totals),
        cmocka_unit_test(any_changed_byte_is_noticed),
        cmocka_unit_test(cut_off_logs_are_noticed_but_for_a_tail),
        cmocka_unit_test(pieces_cannot_be_left_out_swapped_or_repeated),
        cmocka_unit_test(living_keys_cannot_rewrite_what_was_sealed),
        cmocka_unit_test(a_note_shares_the_fate_of_its_transaction),
        cmocka_unit_test(erasures_are_logged_and_survive_themselves),
        cmocka_unit_test(lines_that_pile_up_leave_room_for_what_a_transaction_tells),
        cmocka_unit_test(an_export_that_is_stopped_says_so),
        cmocka_unit_test(what_the_engine_did_is_in_its_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
