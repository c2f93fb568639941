/* The contract that every key store keeps, whatever it is made of: in files, in a TPM, simulated.
 * Then what only one kind has to withstand. */
#include "tests/support/test.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tests/support/canary.h"
#include "tests/support/dice.h"
#include "tests/support/keystore.h"
#include "vault/vault.h"
#ifdef WITH_TPM
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#include "tests/support/tpm/tpm_store.h"
#endif

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
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7 + i / 256);
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

/* Bytes of A, some of them overwritten with zeros. */
static int holds_remains_of_a(struct keystore *s, unsigned slot) {
    static uint8_t found[SOTTO_SLOT_BYTES_MAX];
    size_t n;
    if (keystore_get(s, slot, found, &n) != 0 || n != sizeof A) return 0;
    for (size_t i = 0; i < n; i++)
        if (found[i] != A[i] && found[i] != 0) return 0;
    return 1;
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
    unsigned slot = 0;
    keystore_make(&s, KIND(state), 0);
    int is_last = 0;
    for (long first = 0; !is_last; first++) {
        assert_int_equal(keystore_destroy(&s, 0, NULL), 0);
        assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
        int status;
        is_last = s.kind->cut(&s, first, put, &args, &status);
        if (!is_last) s.kind->open(&s);
        if (!keystore_holds(&s, 0, B, sizeof B)) continue;
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

/* ---- Only in files ------------------------------------------------------------------------ */

static void key_path(const struct keystore *s, const char *name, char path[128]) {
    snprintf(path, 128, "%s/%s", s->keys, name);
}

static void key_files_are_for_their_owner_alone(void **state) {
    struct keystore s;
    struct stat st;
    char path[128];
    static const char *const names[] = {".", "device.key", "slot-0.key"};
    (void)state;
    mode_t before = umask(0);
    keystore_make(&s, &file_store, 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    umask(before);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        key_path(&s, names[i], path);
        assert_int_equal(lstat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, i ? 0600 : 0700);
    }
    keystore_free(&s);
}

/* What somebody did to one file of the store; the slot then must not be believed. */
enum meddling { GROUP_READS, FOREIGN_OWNER, SYMLINK, HARD_LINK, FIFO, FOLDER, MEDDLINGS };

static int meddle(const char *path, const char *aside, enum meddling how) {
    switch (how) {
    case GROUP_READS: return chmod(path, 0640);
    case FOREIGN_OWNER: return chown(path, 65534, 65534);
    case SYMLINK: return rename(path, aside) || symlink(aside, path);
    case HARD_LINK: return link(path, aside);
    case FIFO: return remove(path) || mkfifo(path, 0600);
    case FOLDER: return remove(path) || mkdir(path, 0700);
    case MEDDLINGS: break;
    }
    return -1;
}

static void key_files_that_were_meddled_with_are_refused(void **state) {
    (void)state;
    for (enum meddling how = 0; how < MEDDLINGS; how++) {
        struct keystore s;
        struct sotto_error err;
        struct sotto_port port;
        struct sotto_linux device = {.user = NULL};
        uint8_t bytes[64], secret[32];
        char path[128], aside[128];
        size_t n;
        if (how == FOREIGN_OWNER && geteuid() != 0) continue; /* only root can give files away */
        keystore_make(&s, &file_store, 0);
        assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
        snprintf(aside, sizeof aside, "%s/aside", s.dir);
        key_path(&s, "slot-0.key", path);
        assert_int_equal(meddle(path, aside, how), 0);

        assert_true(s.port.slot_get(s.port.ctx, 0, bytes, sizeof bytes, &n) < 0);

        remove(path);
        remove(aside);
        key_path(&s, "device.key", path);
        assert_int_equal(meddle(path, aside, how), 0);
        assert_true(s.port.device_secret(s.port.ctx, secret) < 0);
        assert_true(sotto_linux_port(&device, s.keys, NULL, &port, &err) < 0);
        assert_non_null(strstr(err.message, "device.key"));
        assert_null(port.slot_get);
        keystore_free(&s);
    }
}

/* The slot can still be destroyed: what an attacker left in its place must not hold up an erasure.
 */
static void a_meddled_slot_is_unlinked_but_nothing_it_points_to_is_touched(void **state) {
    struct keystore s;
    char path[128], aside[128];
    size_t n;
    (void)state;
    keystore_make(&s, &file_store, 0);
    snprintf(aside, sizeof aside, "%s/precious", s.dir);
    assert_int_equal(file_spill(aside, "precious", 8), 0);
    key_path(&s, "slot-0.key", path);
    assert_int_equal(symlink(aside, path), 0);

    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);

    assert_true(keystore_holds(&s, 0, NULL, 0));
    uint8_t *bytes = file_slurp(aside, &n);
    assert_non_null(bytes);
    assert_int_equal(n, 8);
    assert_memory_equal(bytes, "precious", 8);
    free(bytes);
    keystore_free(&s);
}

static void a_key_directory_that_others_may_enter_is_refused(void **state) {
    struct keystore s;
    struct sotto_error err;
    struct sotto_port port;
    struct sotto_linux device = {.user = NULL};
    char link[96];
    (void)state;
    keystore_make(&s, &file_store, 0);
    snprintf(link, sizeof link, "%s/link", s.dir);
    assert_int_equal(symlink(s.keys, link), 0);
    assert_int_equal(sotto_linux_port(&device, link, NULL, &port, &err), SOTTO_E_KEY);
    static const mode_t modes[] = {0750, 0701, 0777};
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        assert_int_equal(chmod(s.keys, modes[i]), 0);
        assert_int_equal(sotto_linux_port(&device, s.keys, NULL, &port, &err), SOTTO_E_KEY);
        assert_true(keystore_put(&s, 0, A, sizeof A) < 0);
    }
    assert_int_equal(chmod(s.keys, 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(s.keys, 65534, 65534), 0);
        assert_int_equal(sotto_linux_port(&device, s.keys, NULL, &port, &err), SOTTO_E_KEY);
    }
    keystore_free(&s);
}

static void a_device_key_of_the_wrong_length_is_refused_and_kept(void **state) {
    struct keystore s;
    struct sotto_error err;
    struct sotto_port port;
    struct sotto_linux device = {.user = NULL};
    char path[128];
    size_t n;
    (void)state;
    keystore_make(&s, &file_store, 0);
    key_path(&s, "device.key", path);
    static const size_t lengths[] = {0, 31, 33, SOTTO_SLOT_BYTES_MAX + 1};
    static const uint8_t bytes[SOTTO_SLOT_BYTES_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        assert_int_equal(file_spill(path, bytes, lengths[i]), 0);
        assert_int_equal(sotto_linux_port(&device, s.keys, NULL, &port, &err), SOTTO_E_KEY);
        uint8_t *found = file_slurp(path, &n);
        assert_int_equal(n, lengths[i]);
        free(found);
    }
    keystore_free(&s);
}

static void a_key_in_files_is_the_whole_file_and_no_copy_of_it_stays(void **state) {
    struct keystore s;
    static uint8_t bytes[SOTTO_SLOT_BYTES_MAX];
    char path[128];
    struct stat st;
    (void)state;
    keystore_make(&s, &file_store, 0);
    for (size_t i = 0; i < sizeof bytes; i += CANARY_BYTES) {
        char canary[CANARY_BYTES + 1];
        canary_make(canary, (unsigned)i);
        memcpy(bytes + i, canary,
               i + CANARY_BYTES <= sizeof bytes ? CANARY_BYTES : sizeof bytes - i);
    }
    assert_int_equal(s.port.slot_bytes, SOTTO_SLOT_BYTES_MAX);
    assert_int_equal(keystore_put(&s, 0, bytes, sizeof bytes), 0);
    key_path(&s, "slot-0.key", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, SOTTO_SLOT_BYTES_MAX);
    assert_int_equal(canary_count(s.dir, bytes, sizeof bytes, CANARY_PIECE), 1);

    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);

    assert_int_equal(canary_count(s.dir, bytes, sizeof bytes, CANARY_PIECE), 0);
    keystore_free(&s);
}

static void a_port_without_a_key_directory_has_no_keys_and_opens_no_engine(void **state) {
    struct sotto_linux device = {.user = NULL};
    struct sotto_port port;
    struct sotto_error err;
    struct sotto *engine;
    (void)state;

    assert_int_equal(sotto_linux_port(&device, NULL, NULL, &port, &err), SOTTO_OK);

    assert_int_equal(port.key_caps, 0);
    assert_null(port.device_secret);
    assert_null(port.slot_put);
    const struct sotto_config config = {
        .size = sizeof config, .port = &port, .model_pack = "none", .model_key = "none"};
    assert_int_equal(sotto_open(&config, &engine, &err), SOTTO_E_ARGUMENT);
}

#ifdef WITH_TPM
/* ---- Only in a TPM ------------------------------------------------------------------------ */

static const uint8_t PASSWORD[] = "owner's word";

static void an_absent_tpm_leaves_a_port_that_asks_again(void **state) {
    struct keystore s;
    struct sotto_error err;
    uint8_t secret[32];
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    secret_of(&s, secret);
    sotto_tpm_close(&tpm_of(&s)->tpm);
    tpm_of(&s)->chip.bus.is_dead = 1;

    assert_int_equal(tpm_store_open(&s, &err), SOTTO_E_KEY);

    assert_non_null(strstr(err.message, "cannot be reached"));
    assert_non_null(s.port.slot_get);
    assert_int_equal(s.port.key_caps, SOTTO_KEYS_DEVICE_BOUND | SOTTO_KEYS_COUNTER);
    assert_true(s.port.device_secret(s.port.ctx, secret) < 0);
    assert_string_equal(sotto_tpm_last_error(&tpm_of(&s)->tpm), err.message);
    tpm_of(&s)->chip.bus.is_dead = 0;
    uint8_t again[32];
    secret_of(&s, again);
    assert_memory_equal(secret, again, 32);
    keystore_free(&s);
}

static void a_tpm_is_reached_by_name_too(void **state) {
    struct keystore s;
    struct sotto_error err;
    char name[64];
    uint8_t secret[32], again[32];
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    secret_of(&s, secret);
    sotto_tpm_close(&tpm_of(&s)->tpm);
    Tss2_TctiLdr_Finalize(&tpm_of(&s)->chip.bus.wire); /* a software TPM serves one at a time */
    swtpm_name(&tpm_of(&s)->chip, name, sizeof name);
    tpm_of(&s)->options.tcti_context = NULL;
    tpm_of(&s)->options.tcti = name;
    if (tpm_store_open(&s, &err) != SOTTO_OK) fail_msg("%s", err.message);
    secret_of(&s, again);
    assert_memory_equal(secret, again, 32);
    sotto_tpm_close(&tpm_of(&s)->tpm);

    tpm_of(&s)->options.tcti = "device:/dev/none";
    assert_int_equal(tpm_store_open(&s, &err), SOTTO_E_KEY);
    assert_non_null(strstr(err.message, "/dev/none"));
    sotto_tpm_close(&tpm_of(&s)->tpm);
    tpm_of(&s)->options.tcti = "nothing:that=exists";
    assert_int_equal(tpm_store_open(&s, &err), SOTTO_E_KEY);
    swtpm_kill_and_restart(&tpm_of(&s)->chip);
    keystore_free(&s);
}

/* A session of one's own for what an owner does by hand. */
static ESYS_CONTEXT *by_hand(struct keystore *s) {
    ESYS_CONTEXT *esys = NULL;
    assert_int_equal(Esys_Initialize(&esys, tpm_of(s)->chip.bus.wire, NULL), TSS2_RC_SUCCESS);
    return esys;
}

static void owner_password_set(struct keystore *s, const void *password, size_t n) {
    TPM2B_AUTH auth = {.size = (UINT16)n};
    memcpy(auth.buffer, password, n);
    ESYS_CONTEXT *esys = by_hand(s);
    assert_int_equal(Esys_HierarchyChangeAuth(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
                                              ESYS_TR_NONE, ESYS_TR_NONE, &auth),
                     TSS2_RC_SUCCESS);
    Esys_Finalize(&esys);
}

static void an_owners_password_is_asked_for_used_and_not_shown(void **state) {
    struct keystore s;
    struct sotto_error err;
    uint8_t secret[32], again[32];
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    struct tpm_store *t = tpm_of(&s);
    secret_of(&s, secret);
    sotto_tpm_close(&t->tpm);
    owner_password_set(&s, PASSWORD, sizeof PASSWORD);
    t->chip.bus.seen_n = 0;

    assert_int_equal(tpm_store_open(&s, &err), SOTTO_E_KEY);
    assert_non_null(strstr(err.message, "owner_auth"));
    t->options.owner_auth = "wrong";
    t->options.owner_auth_bytes = 5;
    assert_int_equal(tpm_store_open(&s, &err), SOTTO_E_KEY);
    assert_non_null(strstr(err.message, "owner_auth"));
    t->options.owner_auth = PASSWORD;
    t->options.owner_auth_bytes = sizeof PASSWORD;
    if (tpm_store_open(&s, &err) != SOTTO_OK) fail_msg("%s", err.message);

    secret_of(&s, again);
    assert_memory_equal(secret, again, 32);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);
    assert_null(memmem(t->chip.bus.seen, t->chip.bus.seen_n, PASSWORD, sizeof PASSWORD - 1));
    assert_null(strstr(err.message, (const char *)PASSWORD));
    keystore_free(&s);
}

static ESYS_TR index_define(ESYS_CONTEXT *esys, uint32_t index, TPMA_NV attributes, UINT16 bytes) {
    const TPM2B_AUTH no_auth = {0};
    const TPM2B_NV_PUBLIC area = {.nvPublic = {.nvIndex = index,
                                               .nameAlg = TPM2_ALG_SHA256,
                                               .attributes = attributes,
                                               .dataSize = bytes}};
    ESYS_TR tr = ESYS_TR_NONE;
    return Esys_NV_DefineSpace(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                               &no_auth, &area, &tr) == TSS2_RC_SUCCESS
               ? tr
               : ESYS_TR_NONE;
}

static void a_full_tpm_refuses_the_put_and_keeps_what_it_has(void **state) {
    struct keystore s;
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    sotto_tpm_close(&tpm_of(&s)->tpm);
    ESYS_CONTEXT *esys = by_hand(&s);
    uint32_t index = 0x01810000;
    for (UINT16 bytes = 1024; bytes >= 8; bytes /= 2)
        while (index_define(esys, index, TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE, bytes) !=
               ESYS_TR_NONE)
            index++;
    Esys_Finalize(&esys);
    s.kind->open(&s);

    assert_int_equal(keystore_put(&s, 1, B, sizeof B), -ENOSPC);
    assert_int_equal(keystore_put(&s, 0, B, sizeof B), -ENOSPC);

    assert_non_null(strstr(sotto_tpm_last_error(&tpm_of(&s)->tpm), "full"));
    assert_true(keystore_holds(&s, 0, A, sizeof A));
    assert_true(keystore_holds(&s, 1, NULL, 0));
    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);
    assert_int_equal(keystore_put(&s, 1, B, sizeof B), 0); /* the room that was left */
    keystore_free(&s);
}

static void indices_of_others_are_neither_used_nor_removed(void **state) {
    (void)state;
    for (unsigned at = 0; at < SOTTO_TPM_NV_INDICES; at++) {
        struct keystore s;
        struct sotto_error err;
        keystore_make(&s, &tpm_store, 0);
        struct tpm_store *t = tpm_of(&s);
        sotto_tpm_close(&t->tpm);
        ESYS_CONTEXT *esys = by_hand(&s);
        t->options.nv_base = 0x01820000;
        ESYS_TR other =
            index_define(esys, 0x01820000 + at, TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE, 32);
        assert_true(other != ESYS_TR_NONE);
        Esys_Finalize(&esys);
        unsigned before = tpm_store_count(&s);

        assert_int_equal(tpm_store_open(&s, &err), SOTTO_E_KEY);

        assert_non_null(strstr(err.message, "nv_base"));
        for (unsigned slot = 0; slot < 2; slot++)
            assert_int_equal(keystore_destroy(&s, slot, NULL), 0); /* there is nothing of ours */
        assert_int_equal(tpm_store_count(&s), before);
        if (at / 2 < 2) {
            uint8_t bytes[64];
            size_t n;
            /* The slot's other index still serves; a wrong word about it does not come back. */
            (void)s.port.slot_get(s.port.ctx, at / 2, bytes, sizeof bytes, &n);
        }
        t->options.nv_base = 0x01830000;
        if (tpm_store_open(&s, &err) != SOTTO_OK) fail_msg("%s", err.message);
        keystore_free(&s);
    }
}

/* A TPM in lockout after wrong passwords for other things goes on for us. */
static void a_lockout_by_others_does_not_stop_the_keys(void **state) {
    struct keystore s;
    uint8_t secret[32];
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    sotto_tpm_close(&tpm_of(&s)->tpm);
    ESYS_CONTEXT *esys = by_hand(&s);
    assert_int_equal(Esys_DictionaryAttackParameters(esys, ESYS_TR_RH_LOCKOUT, ESYS_TR_PASSWORD,
                                                     ESYS_TR_NONE, ESYS_TR_NONE, 1, 1000, 1000),
                     TSS2_RC_SUCCESS);
    const TPM2B_AUTH right = {.size = 1, .buffer = "a"}, wrong = {.size = 1, .buffer = "b"};
    const TPM2B_NV_PUBLIC area = {.nvPublic = {.nvIndex = 0x01810000,
                                               .nameAlg = TPM2_ALG_SHA256,
                                               .attributes = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE,
                                               .dataSize = 8}};
    ESYS_TR tr;
    TPM2B_MAX_NV_BUFFER eight = {.size = 8};
    assert_int_equal(Esys_NV_DefineSpace(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                         ESYS_TR_NONE, &right, &area, &tr),
                     TSS2_RC_SUCCESS);
    assert_int_equal(Esys_TR_SetAuth(esys, tr, &wrong), TSS2_RC_SUCCESS);
    TSS2_RC rc = 0;
    for (int i = 0; i < 4; i++)
        rc = Esys_NV_Write(esys, tr, tr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &eight, 0);
    assert_int_equal(rc, TPM2_RC_LOCKOUT);
    Esys_Finalize(&esys);

    s.kind->open(&s);

    secret_of(&s, secret);
    assert_true(keystore_holds(&s, 0, A, sizeof A));
    assert_int_equal(keystore_put(&s, 0, B, sizeof B), 0);
    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);
    keystore_free(&s);
}

static void a_busy_tpm_is_waited_for_but_not_for_ever(void **state) {
    static const uint32_t busy[] = {TPM2_RC_RETRY, TPM2_RC_YIELDED, TPM2_RC_TESTING,
                                    TPM2_RC_NV_RATE, TPM2_RC_NV_UNAVAILABLE};
    struct keystore s;
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    struct bus *b = &tpm_of(&s)->chip.bus;
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    for (size_t i = 0; i < ARRAY_LEN(busy); i++) {
        b->fault = BUS_BUSY;
        b->busy_rc = busy[i];
        b->times = 2;
        b->at = 4;
        assert_true(keystore_holds(&s, 0, A, sizeof A));
        assert_int_equal(b->at, 0);
    }
    uint8_t bytes[64];
    size_t n;
    unsigned before = b->commands;
    b->times = 100000;
    b->at = 1;

    assert_true(s.port.slot_get(s.port.ctx, 0, bytes, sizeof bytes, &n) < 0);

    assert_true(b->commands - before < 200);
    b->at = 0;
    assert_true(keystore_holds(&s, 0, A, sizeof A));
    keystore_free(&s);
}

/* One bit of any answer is turned over: never a wrong value, at worst an error; and afterwards
 * everything works. */
static void an_answer_that_was_altered_is_never_believed(void **state) {
    struct keystore s;
    uint8_t secret[32], got[64], again[32];
    size_t n = 0;
    unsigned errors = 0, right = 0;
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    struct bus *b = &tpm_of(&s)->chip.bus;
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    secret_of(&s, secret);
    b->fault = BUS_FLIP;
    for (unsigned at = 1; at <= 16; at++)
        for (unsigned flip = 0; flip < 8 * 160; flip += 331) {
            b->at = at;
            b->flip_at = flip;
            int status = s.port.slot_get(s.port.ctx, 0, got, sizeof got, &n);
            assert_true(status < 0 || (status == 0 && n == sizeof A && memcmp(got, A, n) == 0));
            errors += status < 0;
            right += status == 0;
            b->at = at;
            status = s.port.device_secret(s.port.ctx, again);
            if (status == 0) assert_memory_equal(secret, again, 32);
            b->at = 0;
        }
    print_message("altered answers: %u healed, %u errors\n", right, errors);
    assert_true(right > 30);
    b->fault = 0;
    assert_true(keystore_holds(&s, 0, A, sizeof A));
    keystore_free(&s);
}

static void nobody_at_the_pins_sees_a_secret(void **state) {
    struct keystore s;
    uint8_t secret[32], back[64];
    size_t n;
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    struct bus *b = &tpm_of(&s)->chip.bus;
    b->seen_n = 0;

    secret_of(&s, secret);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    assert_int_equal(keystore_put(&s, 0, B, sizeof B), 0);
    assert_int_equal(s.port.slot_get(s.port.ctx, 0, back, sizeof back, &n), 0);
    assert_int_equal(keystore_destroy(&s, 0, NULL), 0);

    assert_true(b->seen_n > 2000);
    for (size_t i = 0; i + 6 <= 32; i++) {
        assert_null(memmem(b->seen, b->seen_n, A + i, 6));
        assert_null(memmem(b->seen, b->seen_n, B + i, 6));
        assert_null(memmem(b->seen, b->seen_n, secret + i, 6));
    }
    keystore_free(&s);
}

static void a_tpm_that_was_reset_under_us_costs_a_new_session_and_no_more(void **state) {
    struct keystore s;
    uint8_t secret[32], again[32];
    uint64_t value = 0;
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    secret_of(&s, secret);
    uint64_t count = counter_of(&s);
    for (int i = 0; i < 5; i++) {
        swtpm_power_cycle(&tpm_of(&s)->chip);
        switch (i) {
        case 0: assert_true(keystore_holds(&s, 0, A, sizeof A)); break;
        case 1:
            secret_of(&s, again);
            assert_memory_equal(secret, again, 32);
            break;
        case 2: assert_int_equal(keystore_put(&s, 0, B, sizeof B), 0); break;
        case 3: assert_int_equal(keystore_destroy(&s, 0, NULL), 0); break;
        default: assert_int_equal(counter_of(&s), count); break;
        }
    }
    swtpm_power_cycle(&tpm_of(&s)->chip);
    /* A bump is never repeated by itself; the caller asks where the counter is. */
    (void)s.port.counter_bump(s.port.ctx, &value);
    value = counter_of(&s);
    assert_true(value == count || value == count + 1);
    keystore_free(&s);
}

static void a_killed_tpm_has_what_it_acknowledged(void **state) {
    struct keystore s;
    uint8_t secret[32], again[32];
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    secret_of(&s, secret);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    assert_int_equal(keystore_put(&s, 1, B, sizeof B), 0);
    assert_int_equal(keystore_destroy(&s, 1, NULL), 0);
    uint64_t count = counter_of(&s);
    sotto_tpm_close(&tpm_of(&s)->tpm);

    swtpm_kill_and_restart(&tpm_of(&s)->chip);

    s.kind->open(&s);
    secret_of(&s, again);
    assert_memory_equal(secret, again, 32);
    assert_true(keystore_holds(&s, 0, A, sizeof A));
    assert_true(keystore_holds(&s, 1, NULL, 0));
    assert_int_equal(counter_of(&s), count);
    keystore_free(&s);
}

static void a_counter_that_was_removed_comes_back_higher_so_that_it_is_noticed(void **state) {
    struct keystore s;
    ESYS_TR tr;
    uint64_t value;
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    for (int i = 0; i < 5; i++) assert_int_equal(s.port.counter_bump(s.port.ctx, &value), 0);
    uint64_t before = counter_of(&s);
    sotto_tpm_close(&tpm_of(&s)->tpm);
    ESYS_CONTEXT *esys = by_hand(&s);
    assert_int_equal(Esys_TR_FromTPMPublic(esys, SOTTO_TPM_NV_BASE + 4, ESYS_TR_NONE, ESYS_TR_NONE,
                                           ESYS_TR_NONE, &tr),
                     TSS2_RC_SUCCESS);
    assert_int_equal(Esys_NV_UndefineSpace(esys, ESYS_TR_RH_OWNER, tr, ESYS_TR_PASSWORD,
                                           ESYS_TR_NONE, ESYS_TR_NONE),
                     TSS2_RC_SUCCESS);
    Esys_Finalize(&esys);

    s.kind->open(&s);

    assert_true(counter_of(&s) > before);
    keystore_free(&s);
}

static void clearing_the_tpm_destroys_the_device_secret(void **state) {
    struct keystore s;
    uint8_t secret[32], again[32];
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    secret_of(&s, secret);
    assert_int_equal(keystore_put(&s, 0, A, sizeof A), 0);
    sotto_tpm_close(&tpm_of(&s)->tpm);
    ESYS_CONTEXT *esys = by_hand(&s);
    assert_int_equal(
        Esys_Clear(esys, ESYS_TR_RH_LOCKOUT, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE),
        TSS2_RC_SUCCESS);
    Esys_Finalize(&esys);

    s.kind->open(&s);

    secret_of(&s, again);
    assert_memory_not_equal(secret, again, 32);
    assert_true(keystore_holds(&s, 0, NULL, 0));
    keystore_free(&s);
}

static void a_tpm_of_software_never_claims_to_destroy_physically(void **state) {
    struct keystore s;
    struct sotto_error err;
    int assurance = 0;
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    tpm_of(&s)->options.is_discrete = 1; /* the integrator errs */

    assert_int_equal(tpm_store_open(&s, &err), SOTTO_OK);

    assert_int_equal(s.port.key_caps & SOTTO_KEYS_DESTROY_PHYSICAL, 0);
    assert_int_equal(keystore_destroy(&s, 0, &assurance), 0);
    assert_int_equal(assurance, SOTTO_ASSURANCE_LOGICAL);
    keystore_free(&s);
}

/* A TPM holds three sessions and three objects at a time: whoever forgets one soon has none. */
static void opening_and_closing_leaves_nothing_in_the_tpm(void **state) {
    struct keystore s;
    struct sotto_error err;
    uint8_t secret[32];
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    for (int i = 0; i < 30; i++) {
        sotto_tpm_close(&tpm_of(&s)->tpm);
        if (tpm_store_open(&s, &err) != SOTTO_OK) fail_msg("%s", err.message);
        for (int j = 0; j < 5; j++) secret_of(&s, secret);
    }
    keystore_free(&s);
}

static void wrong_options_are_refused_before_anything_is_asked(void **state) {
    struct keystore s;
    struct sotto_error err;
    struct sotto_port port;
    struct sotto_tpm tpm = {.inside = NULL};
    char long_name[400];
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    const struct sotto_tpm_options good = tpm_of(&s)->options;
    unsigned before = tpm_of(&s)->chip.bus.commands;
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    struct sotto_tpm_options bad[5] = {good, good, good, good, good};
    bad[0].size = 4;
    bad[1].owner_auth_bytes = 65;
    bad[1].owner_auth = long_name;
    bad[2].owner_auth_bytes = 1;
    bad[3].nv_base = 0x81000001;
    bad[4].tcti = long_name;
    assert_int_equal(sotto_linux_port(&tpm.device, NULL, NULL, &port, &err), SOTTO_OK);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(sotto_tpm_keys(&tpm, &bad[i], &port, &err), SOTTO_E_ARGUMENT);
    assert_int_equal(sotto_tpm_keys(NULL, &good, &port, &err), SOTTO_E_ARGUMENT);
    assert_int_equal(sotto_tpm_keys(&tpm, NULL, &port, NULL), SOTTO_E_ARGUMENT);
    struct sotto_port foreign = port;
    foreign.ctx = NULL;
    assert_int_equal(sotto_tpm_keys(&tpm, &good, &foreign, &err), SOTTO_E_ARGUMENT);
    assert_null(port.slot_get);
    assert_int_equal(tpm_of(&s)->chip.bus.commands, before);
    assert_string_equal(sotto_tpm_last_error(&tpm), "");
    assert_string_equal(sotto_tpm_last_error(NULL), "");
    sotto_tpm_close(NULL);
    sotto_tpm_close(&tpm);
    keystore_free(&s);
}

/* libtss2 decrypts in buffers of its own and wipes none of them. */
static void no_copy_of_a_secret_stays_on_the_heap(void **state) {
    struct keystore s;
    uint8_t masked[32], back[64];
    size_t n, found = 0;
    (void)state;
    keystore_make(&s, &tpm_store, 0);
    for (size_t i = 0; i < 32; i++) back[i] = (uint8_t)(i * 31 + 77);
    assert_int_equal(keystore_put(&s, 0, back, 32), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(s.port.slot_get(s.port.ctx, 0, back, sizeof back, &n), 0);
    for (size_t i = 0; i < 32; i++) masked[i] = back[i] ^ 0xa5;
    explicit_bzero(back, sizeof back);

    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        if (!strstr(line, "[heap]") || sscanf(line, "%lx-%lx", &from, &to) != 2) continue;
        const volatile uint8_t *heap = (const volatile uint8_t *)from;
        for (size_t i = 0; i + 16 <= to - from; i++) {
            size_t same = 0;
            while (same < 16 && heap[i + same] == (masked[same] ^ 0xa5)) same++;
            found += same == 16;
        }
    }
    fclose(maps);
    assert_int_equal(found, 0);
    keystore_free(&s);
}
#endif

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

/* With an argument: only the tests of that name, * for anything. */
int main(int argc, char **argv) {
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest on_files[] = CONTRACT(file_store), on_sim[] = CONTRACT(sim_store);
    const struct CMUnitTest only_files[] = {
        cmocka_unit_test(key_files_are_for_their_owner_alone),
        cmocka_unit_test(key_files_that_were_meddled_with_are_refused),
        cmocka_unit_test(a_meddled_slot_is_unlinked_but_nothing_it_points_to_is_touched),
        cmocka_unit_test(a_key_directory_that_others_may_enter_is_refused),
        cmocka_unit_test(a_device_key_of_the_wrong_length_is_refused_and_kept),
        cmocka_unit_test(a_key_in_files_is_the_whole_file_and_no_copy_of_it_stays),
        cmocka_unit_test(a_port_without_a_key_directory_has_no_keys_and_opens_no_engine),
    };
    int failed = cmocka_run_group_tests_name("contract, files", on_files, NULL, NULL);
    failed += cmocka_run_group_tests_name("contract, simulated", on_sim, NULL, NULL);
    failed += cmocka_run_group_tests_name("only files", only_files, NULL, NULL);
#ifdef WITH_TPM
    const struct CMUnitTest on_tpm[] = CONTRACT(tpm_store);
    const struct CMUnitTest only_tpm[] = {
        cmocka_unit_test(an_absent_tpm_leaves_a_port_that_asks_again),
        cmocka_unit_test(a_tpm_is_reached_by_name_too),
        cmocka_unit_test(an_owners_password_is_asked_for_used_and_not_shown),
        cmocka_unit_test(a_full_tpm_refuses_the_put_and_keeps_what_it_has),
        cmocka_unit_test(indices_of_others_are_neither_used_nor_removed),
        cmocka_unit_test(a_lockout_by_others_does_not_stop_the_keys),
        cmocka_unit_test(a_busy_tpm_is_waited_for_but_not_for_ever),
        cmocka_unit_test(an_answer_that_was_altered_is_never_believed),
        cmocka_unit_test(nobody_at_the_pins_sees_a_secret),
        cmocka_unit_test(a_tpm_that_was_reset_under_us_costs_a_new_session_and_no_more),
        cmocka_unit_test(a_killed_tpm_has_what_it_acknowledged),
        cmocka_unit_test(a_counter_that_was_removed_comes_back_higher_so_that_it_is_noticed),
        cmocka_unit_test(clearing_the_tpm_destroys_the_device_secret),
        cmocka_unit_test(a_tpm_of_software_never_claims_to_destroy_physically),
        cmocka_unit_test(opening_and_closing_leaves_nothing_in_the_tpm),
        cmocka_unit_test(wrong_options_are_refused_before_anything_is_asked),
        cmocka_unit_test(no_copy_of_a_secret_stays_on_the_heap),
    };
    failed += cmocka_run_group_tests_name("contract, TPM", on_tpm, NULL, NULL);
    failed += cmocka_run_group_tests_name("only TPM", only_tpm, NULL, NULL);
#endif
    return failed;
}
