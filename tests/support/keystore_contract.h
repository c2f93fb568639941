/* keystore_contract: the contract that every key store keeps, whatever it is made of: in files, in
 * a TPM, simulated. Included once by each suite that runs it. */
#ifndef SOTTO_TEST_KEYSTORE_CONTRACT_H
#define SOTTO_TEST_KEYSTORE_CONTRACT_H

#include "tests/support/test.h"

#include <errno.h>

#include "crypto/crypto.h"
#include "tests/support/dice.h"
#include "tests/support/keystore.h"
#include "vault/vault.h"

#define KIND(state) ((const struct keystore_kind *)*(state))

static const uint8_t A[32] = "the first value of a slot, 32 b",
                     B[32] = "another value of the same length";

/* ---- Values ------------------------------------------------------------------------------- */

static void a_new_store_has_two_empty_slots(void **state) {
    struct keystore s;
    keystore_make(&s, KIND(state), 0);

    assert_true(keystore_holds(&s, 0, NULL, 0));
    assert_true(keystore_holds(&s, 1, NULL, 0));

    assert_int_equal(s.kind->count(&s), 0);
    keystore_free(&s);
}

static void what_is_put_is_what_is_got(void **state) {
    struct keystore s;
    keystore_make(&s, KIND(state), 0);

    assert_int_equal(keystore_put(&s, 1, A, sizeof A), 0);

    assert_true(keystore_holds(&s, 1, A, sizeof A));
    assert_true(keystore_holds(&s, 1, A, sizeof A)); /* reading takes nothing away */
    assert_true(keystore_holds(&s, 0, NULL, 0));
    keystore_free(&s);
}

static void the_slots_do_not_disturb_each_other(void **state) {
    struct keystore s;
    keystore_make(&s, KIND(state), 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    assert_int_equal(keystore_put(&s, 1, B, sizeof B), 0);

    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);

    assert_true(keystore_holds(&s, 0, NULL, 0));
    assert_true(keystore_holds(&s, 1, B, sizeof B));
    keystore_free(&s);
}

static void the_latest_value_replaces_the_one_before(void **state) {
    struct keystore s;
    keystore_make(&s, KIND(state), 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);

    assert_int_equal(keystore_put(&s, 0, B, sizeof B), 0);

    assert_true(keystore_holds(&s, 0, B, sizeof B));
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    assert_true(keystore_holds(&s, 0, A, sizeof A));
    keystore_free(&s);
}

static void a_shorter_value_leaves_nothing_of_a_longer_one(void **state) {
    struct keystore s;
    keystore_make(&s, KIND(state), 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);

    assert_int_equal(keystore_put(&s, 0, B, 5), 0);

    assert_true(keystore_holds(&s, 0, B, 5));
    keystore_free(&s);
}

static void values_of_every_allowed_length_come_back(void **state) {
    struct keystore s;
    static uint8_t bytes[SOTTO_SLOT_BYTES_MAX];
    keystore_make(&s, KIND(state), 0);
    const size_t sizes[] = {1, 2, 31, 32, 33, 63, 64, s.port.slot_bytes, s.kind->put_max};
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7 + i / 256 + 1);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        assert_int_equal(keystore_put(&s, i & 1, bytes, sizes[i]), 0);
        assert_true(keystore_holds(&s, i & 1, bytes, sizes[i]));
    }
    keystore_free(&s);
}

static void values_of_no_or_too_many_bytes_are_refused_and_change_nothing(void **state) {
    struct keystore s;
    static const uint8_t bytes[SOTTO_SLOT_BYTES_MAX + 1];
    keystore_make(&s, KIND(state), 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);

    assert_int_equal(keystore_put(&s, 0, bytes, 0), -EINVAL);
    assert_int_equal(keystore_put(&s, 0, bytes, s.kind->put_max + 1), -EINVAL);

    assert_true(keystore_holds(&s, 0, A, sizeof A));
    keystore_free(&s);
}

static void a_slot_that_does_not_exist_is_refused(void **state) {
    struct keystore s;
    uint8_t bytes[64];
    size_t n;
    int assurance = 7;
    keystore_make(&s, KIND(state), 0);
    static const unsigned none[] = {2, 3, 256, 0x80000000u};
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        assert_true(keystore_put(&s, none[i], A, sizeof A) < 0);
        assert_true(s.port.slot_get(s.port.ctx, none[i], bytes, sizeof bytes, &n) < 0);
        assert_true(keystore_destroy(&s, none[i], &assurance) < 0);
    }
    assert_int_equal(assurance, 7);
    assert_int_equal(s.kind->count(&s), 0);
    keystore_free(&s);
}

static void a_buffer_that_is_too_small_is_refused_and_one_that_fits_is_not(void **state) {
    struct keystore s;
    uint8_t bytes[33];
    size_t n = 99;
    keystore_make(&s, KIND(state), 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    memset(bytes, 0xee, sizeof bytes);

    assert_true(s.port.slot_get(s.port.ctx, 0, bytes, 31, &n) < 0);

    assert_int_equal(bytes[31], 0xee);
    assert_int_equal(s.port.slot_get(s.port.ctx, 0, bytes, 32, &n), 0);
    assert_int_equal(n, 32);
    assert_memory_equal(bytes, A, 32);
    assert_int_equal(bytes[32], 0xee);
    keystore_free(&s);
}

static void the_value_is_all_that_a_store_leaves_of_many(void **state) {
    struct keystore s;
    uint8_t bytes[32];
    keystore_make(&s, KIND(state), 0);
    for (unsigned i = 0; i < 40; i++) {
        memset(bytes, (int)i, sizeof bytes);
        assert_int_equal(keystore_put(&s, 0, bytes, sizeof bytes), 0);
    }

    assert_true(keystore_holds(&s, 0, bytes, sizeof bytes));
    assert_int_equal(s.kind->count(&s), 1);

    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);
    assert_int_equal(s.kind->count(&s), 0);
    keystore_free(&s);
}

/* ---- Destroying --------------------------------------------------------------------------- */

static void a_destroyed_slot_is_empty(void **state) {
    struct keystore s;
    keystore_make(&s, KIND(state), 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);

    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);

    assert_true(keystore_holds(&s, 0, NULL, 0));
    assert_int_equal(s.kind->count(&s), 0);
    keystore_free(&s);
}

static void destroying_what_is_empty_succeeds_as_often_as_one_likes(void **state) {
    struct keystore s;
    keystore_make(&s, KIND(state), 0);
    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);
    assert_int_equal(keystore_put(&s, 1, A, sizeof A), 0);
    assert_int_equal(keystore_destroy(&s, 1, NULL), 0);

    for (int i = 0; i < 3; i++) assert_int_equal(keystore_destroy(&s, 1, NULL), 0);

    assert_true(keystore_holds(&s, 1, NULL, 0));
    keystore_free(&s);
}

static void a_destroyed_slot_can_be_filled_again(void **state) {
    struct keystore s;
    keystore_make(&s, KIND(state), 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);

    assert_int_equal(keystore_put(&s, 0, B, sizeof B), 0);

    assert_true(keystore_holds(&s, 0, B, sizeof B));
    keystore_free(&s);
}

static void the_assurance_is_what_the_capabilities_promise(void **state) {
    struct keystore s;
    int assurance = 0;
    keystore_make(&s, KIND(state), 0);
    int promised = s.port.key_caps & SOTTO_KEYS_DESTROY_PHYSICAL ? SOTTO_ASSURANCE_PHYSICAL
                                                                 : SOTTO_ASSURANCE_LOGICAL;
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);

    assert_int_equal(keystore_destroy(&s, 0, &assurance), 0);

    assert_int_equal(assurance, promised);
    assurance = 0;
    assert_int_equal(keystore_destroy(&s, 0, &assurance), 0); /* empty */
    assert_int_equal(assurance, promised);
    keystore_free(&s);
}

/* ---- Reopening ---------------------------------------------------------------------------- */

static void values_survive_a_restart(void **state) {
    struct keystore s;
    keystore_make(&s, KIND(state), 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    assert_int_equal(keystore_put(&s, 1, B, 7), 0);

    keystore_reopen(&s);

    assert_true(keystore_holds(&s, 0, A, sizeof A));
    assert_true(keystore_holds(&s, 1, B, 7));
    keystore_free(&s);
}

static void what_was_destroyed_stays_so_over_a_restart(void **state) {
    struct keystore s;
    keystore_make(&s, KIND(state), 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    assert_int_equal(keystore_put(&s, 0, B, sizeof B), 0);
    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);

    keystore_reopen(&s);

    assert_true(keystore_holds(&s, 0, NULL, 0));
    keystore_free(&s);
}

/* ---- The device secret -------------------------------------------------------------------- */

static void secret_of(struct keystore *s, uint8_t secret[32]) {
    assert_int_equal(s->port.device_secret(s->port.ctx, secret), 0);
}

static void the_device_secret_is_always_the_same(void **state) {
    struct keystore s;
    uint8_t first[32], again[32];
    keystore_make(&s, KIND(state), 0);
    secret_of(&s, first);

    secret_of(&s, again);

    assert_memory_equal(first, again, 32);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);
    for (int i = 0; i < 3; i++) {
        keystore_reopen(&s);
        secret_of(&s, again);
        assert_memory_equal(first, again, 32);
    }
    keystore_free(&s);
}

static void devices_have_different_secrets(void **state) {
    struct keystore s, other;
    uint8_t a[32], b[32];
    static const uint8_t zeros[32];
    keystore_make(&s, KIND(state), 0);
    keystore_make(&other, KIND(state), 1);

    secret_of(&s, a);
    secret_of(&other, b);

    assert_memory_not_equal(a, b, 32);
    assert_memory_not_equal(a, zeros, 32);
    assert_memory_not_equal(b, zeros, 32);
    keystore_free(&s);
    keystore_free(&other);
}

/* ---- Capabilities and the counter --------------------------------------------------------- */

static void the_capabilities_are_those_of_its_kind(void **state) {
    struct keystore s;
    keystore_make(&s, KIND(state), 0);

    assert_int_equal(s.port.key_caps, s.kind->caps);

    assert_true(!(s.port.key_caps & SOTTO_KEYS_SOFT) !=
                !(s.port.key_caps & SOTTO_KEYS_DEVICE_BOUND));
    assert_int_equal(s.port.counter_read != NULL, (s.port.key_caps & SOTTO_KEYS_COUNTER) != 0);
    assert_int_equal(s.port.counter_bump != NULL, (s.port.key_caps & SOTTO_KEYS_COUNTER) != 0);
    assert_in_range(s.port.slot_bytes, 32, s.kind->put_max);
    keystore_free(&s);
}

static void only_if_it_counts(struct keystore *s) {
    if (s->port.key_caps & SOTTO_KEYS_COUNTER) return;
    keystore_free(s);
    skip();
}

static uint64_t counter_of(struct keystore *s) {
    uint64_t value = 0;
    assert_int_equal(s->port.counter_read(s->port.ctx, &value), 0);
    return value;
}

static void the_counter_adds_one_and_tells(void **state) {
    struct keystore s;
    uint64_t value = 0;
    keystore_make(&s, KIND(state), 0);
    only_if_it_counts(&s);
    uint64_t start = counter_of(&s);
    assert_int_equal(counter_of(&s), start); /* reading does not move it */
    for (uint64_t i = 1; i <= 20; i++) {
        assert_int_equal(s.port.counter_bump(s.port.ctx, &value), 0);
        assert_int_equal(value, start + i);
        assert_int_equal(counter_of(&s), start + i);
    }
    keystore_free(&s);
}

static void the_counter_never_goes_back_over_restarts(void **state) {
    struct keystore s;
    uint64_t value = 0;
    keystore_make(&s, KIND(state), 0);
    only_if_it_counts(&s);
    for (int i = 0; i < 5; i++) {
        uint64_t before = counter_of(&s);
        assert_int_equal(s.port.counter_bump(s.port.ctx, &value), 0);
        keystore_reopen(&s);
        assert_int_equal(counter_of(&s), before + 1);
    }
    keystore_free(&s);
}

static int bump(struct keystore *s, void *args) { return s->port.counter_bump(s->port.ctx, args); }

static void a_cut_moves_the_counter_by_one_or_not_at_all(void **state) {
    struct keystore s;
    keystore_make(&s, KIND(state), 0);
    only_if_it_counts(&s);
    unsigned moved = 0, kept = 0;
    for (long step = 0;; step++) {
        uint64_t value = 0, before = counter_of(&s);
        int status, is_through = s.kind->cut(&s, step, bump, &value, &status);
        if (!is_through) s.kind->open(&s);
        uint64_t after = counter_of(&s);
        assert_true(after == before || after == before + 1);
        moved += after > before;
        kept += after == before;
        if (is_through) {
            assert_int_equal(status, 0);
            assert_int_equal(after, before + 1);
            break;
        }
        assert_true(step < 500);
    }
    assert_true(moved > 1 && kept > 0);
    keystore_free(&s);
}

/* ---- Failures ----------------------------------------------------------------------------- */

static void a_store_out_of_reach_fails_every_call_and_loses_nothing(void **state) {
    struct keystore s;
    uint8_t bytes[64];
    uint64_t value = 77;
    size_t n = 0;
    int assurance = 7;
    keystore_make(&s, KIND(state), 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    uint8_t secret[32], again[32];
    secret_of(&s, secret);
    s.kind->sabotage(&s, 1);

    assert_true(keystore_put(&s, 0, B, sizeof B) < 0);
    assert_true(keystore_put(&s, 1, B, sizeof B) < 0);
    assert_true(s.port.slot_get(s.port.ctx, 0, bytes, sizeof bytes, &n) < 0);
    assert_true(s.port.slot_get(s.port.ctx, 1, bytes, sizeof bytes, &n) < 0); /* not "empty" */
    assert_true(keystore_destroy(&s, 0, &assurance) < 0);
    assert_int_equal(assurance, 7);
    assert_true(s.port.device_secret(s.port.ctx, again) < 0);
    if (s.port.key_caps & SOTTO_KEYS_COUNTER) {
        assert_true(s.port.counter_read(s.port.ctx, &value) < 0);
        assert_true(s.port.counter_bump(s.port.ctx, &value) < 0);
    }

    s.kind->sabotage(&s, 0);
    assert_true(keystore_holds(&s, 0, A, sizeof A)); /* without being opened again */
    assert_true(keystore_holds(&s, 1, NULL, 0));
    secret_of(&s, again);
    assert_memory_equal(secret, again, 32);
    keystore_free(&s);
}

struct put_args {
    unsigned slot;
    const uint8_t *bytes;
    size_t n;
};
static int put(struct keystore *s, void *args) {
    const struct put_args *a = args;
    return keystore_put(s, a->slot, a->bytes, a->n);
}
static int destroy(struct keystore *s, void *args) {
    return keystore_destroy(s, *(unsigned *)args, NULL);
}

static void a_cut_in_a_put_leaves_the_old_value_or_the_new(void **state) {
    struct keystore s;
    struct put_args args = {0, B, sizeof B};
    unsigned old = 0, new = 0;
    keystore_make(&s, KIND(state), 0);
    for (long step = 0;; step++) {
        assert_int_equal(keystore_destroy(&s, 0, NULL), 0);
        assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
        assert_int_equal(keystore_put(&s, 1, A, 9), 0);

        int status, is_through = s.kind->cut(&s, step, put, &args, &status);

        if (!is_through) s.kind->open(&s);
        int is_old = keystore_holds(&s, 0, A, sizeof A),
            is_new = keystore_holds(&s, 0, B, sizeof B);
        assert_true(is_old || is_new);
        assert_true(keystore_holds(&s, 1, A, 9));
        old += (unsigned)is_old;
        new += (unsigned)is_new;
        if (is_through) {
            assert_int_equal(status, 0);
            assert_true(is_new);
            assert_int_equal(s.kind->count(&s), 2);
            break;
        }
        assert_true(step < 1000);
    }
    print_message("%s: a put was cut %u times\n", s.kind->name, old + new - 1);
    assert_true(old > 0 && new > 1);
    keystore_free(&s);
}

static void a_cut_in_a_first_put_leaves_nothing_or_the_value(void **state) {
    struct keystore s;
    struct put_args args = {1, B, sizeof B};
    keystore_make(&s, KIND(state), 0);
    for (long step = 0;; step++) {
        assert_int_equal(keystore_destroy(&s, 1, NULL), 0);

        int status, is_through = s.kind->cut(&s, step, put, &args, &status);

        if (!is_through) s.kind->open(&s);
        assert_true(keystore_holds(&s, 1, NULL, 0) || keystore_holds(&s, 1, B, sizeof B));
        if (is_through) break;
        /* Whatever was left over does not stand in the way. */
        assert_int_equal(keystore_put(&s, 1, A, sizeof A), 0);
        assert_true(keystore_holds(&s, 1, A, sizeof A));
        assert_int_equal(keystore_destroy(&s, 1, NULL), 0);
        assert_int_equal(s.kind->count(&s), 0);
        assert_true(step < 1000);
    }
    keystore_free(&s);
}

/* Bytes of A, some of them overwritten with zeros, but not all: zeros are no secret. */
static int holds_remains_of_a(struct keystore *s, unsigned slot) {
    static uint8_t found[SOTTO_SLOT_BYTES_MAX];
    size_t n;
    int is_secret = 0;
    if (keystore_get(s, slot, found, &n) != 0 || n != sizeof A) return 0;
    for (size_t i = 0; i < n; i++) {
        if (found[i] != A[i] && found[i] != 0) return 0;
        is_secret |= found[i] != 0;
    }
    return is_secret;
}

static void a_cut_in_a_destroy_leaves_the_value_or_nothing_and_repeating_finishes_it(void **state) {
    struct keystore s;
    unsigned slot = 0, gone = 0, kept = 0;
    keystore_make(&s, KIND(state), 0);
    for (long step = 0;; step++) {
        assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);

        int status, is_through = s.kind->cut(&s, step, destroy, &slot, &status);

        if (!is_through) s.kind->open(&s);
        int is_gone = keystore_holds(&s, 0, NULL, 0);
        assert_true(is_gone || holds_remains_of_a(&s, 0));
        gone += (unsigned)is_gone;
        kept += (unsigned)!is_gone;
        assert_int_equal(keystore_destroy(&s, 0, NULL), 0);
        assert_true(keystore_holds(&s, 0, NULL, 0));
        assert_int_equal(s.kind->count(&s), 0);
        if (is_through) break;
        assert_true(step < 1000);
    }
    print_message("%s: a destroy was cut %u times\n", s.kind->name, gone + kept - 1);
    assert_true(kept > 0 && gone > 0);
    keystore_free(&s);
}

/* A put that was cut may leave the old value's bytes somewhere: no later cut may bring them back
 * once the new value was seen. */
static void no_cut_brings_back_a_value_that_was_replaced(void **state) {
    struct keystore s;
    struct put_args args = {0, B, sizeof B};
    unsigned slot = 0, tried = 0;
    keystore_make(&s, KIND(state), 0);
    int is_last = 0;
    for (long first = 0; !is_last; first++) {
        assert_int_equal(keystore_destroy(&s, 0, NULL), 0);
        assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
        int status;
        is_last = s.kind->cut(&s, first, put, &args, &status);
        if (!is_last) s.kind->open(&s);
        if (!keystore_holds(&s, 0, B, sizeof B) || tried == 2) continue;
        tried++; /* the first are those where the old value's bytes may still be about */
        for (long second = 0;; second++) {
            int is_through = s.kind->cut(&s, second, destroy, &slot, &status);
            if (!is_through) s.kind->open(&s);
            assert_false(keystore_holds(&s, 0, A, sizeof A));
            if (is_through || keystore_holds(&s, 0, NULL, 0)) break;
        }
    }
    keystore_free(&s);
}

/* Random calls, answers held against a model of two values. */
static void any_sequence_of_calls_behaves_like_two_variables(void **state) {
    struct keystore s;
    struct dice d = {20261127};
    uint8_t model[2][64];
    size_t n[2] = {0, 0};
    keystore_make(&s, KIND(state), 0);
    print_message("seed %llu\n", (unsigned long long)d.state);
    for (int i = 0; i < 150; i++) {
        unsigned slot = (unsigned)dice_below(&d, 2);
        switch (dice_below(&d, 5)) {
        case 0:
        case 1:
            n[slot] = 1 + (size_t)dice_below(&d, 64);
            for (size_t b = 0; b < n[slot]; b++) model[slot][b] = (uint8_t)dice_below(&d, 256);
            assert_int_equal(keystore_put(&s, slot, model[slot], n[slot]), 0);
            break;
        case 2:
            assert_int_equal(keystore_destroy(&s, slot, NULL), 0);
            n[slot] = 0;
            break;
        case 3:
            if (dice_below(&d, 4) == 0) keystore_reopen(&s);
            break;
        default: break;
        }
        assert_true(keystore_holds(&s, 0, model[0], n[0]));
        assert_true(keystore_holds(&s, 1, model[1], n[1]));
        assert_int_equal(s.kind->count(&s), (n[0] > 0) + (n[1] > 0));
    }
    keystore_free(&s);
}

/* ---- A vault on it ------------------------------------------------------------------------ */

static void a_vault_lives_on_it_through_erasure_rotation_and_restart(void **state) {
    struct keystore s;
    struct rng rng = {0};
    struct sotto_error err = {0, ""};
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    struct sotto_rotation rotation = {.size = sizeof rotation};
    uint32_t slot;
    uint8_t found[8];
    size_t n;
    keystore_make(&s, KIND(state), 0);
    s.port.allow_unlocked = 1;
    struct vault *v = calloc(1, vault_bytes());
    assert_non_null(v);
    assert_int_equal(crypto_init(), 0);
    assert_int_equal(rng_seed(&rng, s.port.entropy, s.port.ctx), 0);
    if (vault_open(v, &s.port, &rng, &err) != SOTTO_OK) fail_msg("%s", err.message);
    assert_int_equal(vault_profile_create(v, "ada", &slot, &err), SOTTO_OK);
    assert_int_equal(vault_profile_create(v, "eve", &slot, &err), SOTTO_OK);
    const struct vault_key key = {VAULT_PROFILE, slot, 0};
    vault_anchor(v);
    assert_int_equal(vault_put(v, key, "content", 7, &err), SOTTO_OK);

    assert_int_equal(vault_erase(v, "ada", &receipt, &err), SOTTO_OK);
    assert_int_equal(vault_rotate(v, &rotation, &err), SOTTO_OK);

    uint32_t promised = s.port.key_caps & SOTTO_KEYS_DESTROY_PHYSICAL ? SOTTO_ASSURANCE_PHYSICAL
                                                                      : SOTTO_ASSURANCE_LOGICAL;
    assert_int_equal(receipt.assurance, promised);
    assert_int_equal(rotation.assurance, promised);
    vault_close(v);
    keystore_reopen(&s);
    s.port.allow_unlocked = 1;
    assert_int_equal(rng_seed(&rng, s.port.entropy, s.port.ctx), 0);
    if (vault_open(v, &s.port, &rng, &err) != SOTTO_OK) fail_msg("%s", err.message);
    assert_int_equal(vault_epoch(v), rotation.epoch);
    assert_int_equal(vault_profile_find(v, "ada", &slot), SOTTO_E_NOT_FOUND);
    assert_int_equal(vault_get(v, key, found, sizeof found, &n, &err), SOTTO_OK);
    assert_memory_equal(found, "content", 7);
    assert_int_equal(s.kind->count(&s), 1);
    vault_close(v);
    free(v);
    keystore_free(&s);
}

/* ---- All of it ---------------------------------------------------------------------------- */

#define CONTRACT(kind)                                                                             \
    {                                                                                              \
        ON(kind, a_new_store_has_two_empty_slots), ON(kind, what_is_put_is_what_is_got),           \
            ON(kind, the_slots_do_not_disturb_each_other),                                         \
            ON(kind, the_latest_value_replaces_the_one_before),                                    \
            ON(kind, a_shorter_value_leaves_nothing_of_a_longer_one),                              \
            ON(kind, values_of_every_allowed_length_come_back),                                    \
            ON(kind, values_of_no_or_too_many_bytes_are_refused_and_change_nothing),               \
            ON(kind, a_slot_that_does_not_exist_is_refused),                                       \
            ON(kind, a_buffer_that_is_too_small_is_refused_and_one_that_fits_is_not),              \
            ON(kind, the_value_is_all_that_a_store_leaves_of_many),                                \
            ON(kind, a_destroyed_slot_is_empty),                                                   \
            ON(kind, destroying_what_is_empty_succeeds_as_often_as_one_likes),                     \
            ON(kind, a_destroyed_slot_can_be_filled_again),                                        \
            ON(kind, the_assurance_is_what_the_capabilities_promise),                              \
            ON(kind, values_survive_a_restart),                                                    \
            ON(kind, what_was_destroyed_stays_so_over_a_restart),                                  \
            ON(kind, the_device_secret_is_always_the_same),                                        \
            ON(kind, devices_have_different_secrets),                                              \
            ON(kind, the_capabilities_are_those_of_its_kind),                                      \
            ON(kind, the_counter_adds_one_and_tells),                                              \
            ON(kind, the_counter_never_goes_back_over_restarts),                                   \
            ON(kind, a_cut_moves_the_counter_by_one_or_not_at_all),                                \
            ON(kind, a_store_out_of_reach_fails_every_call_and_loses_nothing),                     \
            ON(kind, a_cut_in_a_put_leaves_the_old_value_or_the_new),                              \
            ON(kind, a_cut_in_a_first_put_leaves_nothing_or_the_value),                            \
            ON(kind, a_cut_in_a_destroy_leaves_the_value_or_nothing_and_repeating_finishes_it),    \
            ON(kind, no_cut_brings_back_a_value_that_was_replaced),                                \
            ON(kind, any_sequence_of_calls_behaves_like_two_variables),                            \
            ON(kind, a_vault_lives_on_it_through_erasure_rotation_and_restart),                    \
    }
#define ON(kind, test) cmocka_unit_test_prestate(test, (void *)(uintptr_t) & (kind))

#endif
