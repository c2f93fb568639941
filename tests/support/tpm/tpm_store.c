/* tpm_store: see tpm_store.h. Power is cut at the bus: before a command arrives, or after it was
 * done and before its answer. */
#include "tests/support/test.h"

#include "tests/support/tpm/tpm_store.h"

static void tpm_make(struct keystore *s, unsigned number) {
    (void)number; /* every chip has a seed of its own */
    struct tpm_store *t = calloc(1, sizeof *t);
    assert_non_null(t);
    s->more = t;
    swtpm_make(&t->chip);
    t->options =
        (struct sotto_tpm_options){.size = sizeof t->options, .tcti_context = &t->chip.bus.head};
}

int tpm_store_open(struct keystore *s, struct sotto_error *err) {
    struct tpm_store *t = tpm_of(s);
    assert_int_equal(sotto_linux_port(&t->tpm.device, NULL, s->vault, &s->port, err), SOTTO_OK);
    return sotto_tpm_keys(&t->tpm, &t->options, &s->port, err);
}

static void tpm_open(struct keystore *s) {
    struct sotto_error err;
    if (tpm_store_open(s, &err) != SOTTO_OK) fail_msg("%s", err.message);
}

static void tpm_close(struct keystore *s) {
    sotto_tpm_close(&tpm_of(s)->tpm);
    swtpm_power_cycle(&tpm_of(s)->chip);
    memset(&s->port, 0, sizeof s->port);
}

static void tpm_free(struct keystore *s) {
    swtpm_free(&tpm_of(s)->chip);
    free(s->more);
}

static int tpm_cut(struct keystore *s, long step, keystore_operation operation, void *args,
                   int *status) {
    struct bus *b = &tpm_of(s)->chip.bus;
    b->fault = step & 1 ? BUS_CUT_AFTER : BUS_CUT_BEFORE;
    b->at = (unsigned)(step / 2 + 1);
    *status = operation(s, args);
    int is_through = !b->is_dead;
    b->at = 0;
    if (!is_through) tpm_close(s);
    return is_through;
}

static void tpm_sabotage(struct keystore *s, int is_on) { tpm_of(s)->chip.bus.is_dead = is_on; }

unsigned tpm_store_count(struct keystore *s) {
    /* TPM2_GetCapability(TPM_CAP_HANDLES, NV, 254) */
    static const uint8_t ask[22] = {0x80, 1, 0, 0, 0, 22, 0, 0, 1, 0x7a, 0,
                                    0,    0, 1, 1, 0, 0,  0, 0, 0, 0,    0xfe};
    uint8_t answer[2048];
    size_t n = sizeof answer;
    assert_int_equal(swtpm_send(&tpm_of(s)->chip, ask, sizeof ask, answer, &n), 0);
    assert_true(n >= 19);
    return answer[18];
}

static unsigned tpm_count(struct keystore *s) { return tpm_store_count(s) - 1; /* the counter */ }

const struct keystore_kind tpm_store = {"tpm",
                                        SOTTO_KEYS_DEVICE_BOUND | SOTTO_KEYS_COUNTER,
                                        SOTTO_TPM_SLOT_BYTES_MAX,
                                        swtpm_is_missing,
                                        tpm_make,
                                        tpm_open,
                                        tpm_close,
                                        tpm_free,
                                        tpm_cut,
                                        tpm_sabotage,
                                        tpm_count};
