/* Keys in a TPM 2.0, here Debian's swtpm: the contract, then what only a TPM has to withstand. */
#ifdef WITH_TPM
#include "tests/support/keystore_contract.h"

#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#include "tests/support/maps.h"
#include "tests/support/tpm/tpm_store.h"

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
    for (int i = 0; i < 12; i++) {
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
        if (!strstr(line, "[heap]") || !maps_line(line, &from, &to)) continue;
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

/* With an argument: only the tests of that name, * for anything. */
int main(int argc, char **argv) {
    if (argc > 1) cmocka_set_test_filter(argv[1]);
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
    int failed = cmocka_run_group_tests_name("contract, TPM", on_tpm, NULL, NULL);
    failed += cmocka_run_group_tests_name("only TPM", only_tpm, NULL, NULL);
    return failed;
}
#else
#include "tests/support/test.h"

static void keys_in_a_tpm(void **state) {
    (void)state;
    print_message("skip - keys in a TPM: built without libtss2 (libtss2-dev)\n");
    skip();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(keys_in_a_tpm)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
