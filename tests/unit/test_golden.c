/* The same on every processor, bit for bit: packs, slates with their reasons, reports and the audit
 * log, held against hashes that were made on x86-64. .ci/run has arm64 and armhf run this too. Who
 * changes a format or a rank on purpose finds the new hash in the message. */
#include "tests/support/test.h"

#include <unistd.h>

#include "base/base.h"
#include "crypto/crypto.h"
#include "sotto_audit.h"
#include "tests/support/kiosk.h"
#include "tests/support/pack_tool.h"
#include "tools/sotto-pack/commands.h"

#define DAY_MS UINT64_C(86400000)

static void is_golden(const char *what, struct hash_stream *h, const char *golden) {
    uint8_t hash[HASH_BYTES];
    char text[33];
    hash_stream_end(h, hash);
    for (int i = 0; i < 16; i++) snprintf(text + 2 * i, 3, "%02x", hash[i]);
    if (strcmp(text, golden) != 0) fail_msg("%s: %s, and it was %s", what, text, golden);
}

static void add_file(struct hash_stream *h, const char *path) {
    uint8_t bytes[4096];
    size_t n;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    while ((n = fread(bytes, 1, sizeof bytes, f)) > 0) hash_stream_add(h, bytes, n);
    fclose(f);
}
static void add_number(struct hash_stream *h, int64_t number) {
    uint8_t bytes[8];
    store64(bytes, (uint64_t)number);
    hash_stream_add(h, bytes, sizeof bytes);
}
static void add_text(struct hash_stream *h, const char *text) {
    if (text) hash_stream_add(h, text, strlen(text) + 1);
}

/* ---- Packs --------------------------------------------------------------------------------- */

/* Floating point decides what sotto-pack learns, so a trained model is not among them. */
static void packs_are_the_same_bytes(void **state) {
    struct pack_tool *t = *state;
    struct hash_stream h;
    char key[MAKE_KEY_TEXT], command[1200], here[512];
    assert_int_equal(crypto_init(), 0);
    assert_non_null(getcwd(here, sizeof here));
    snprintf(command, sizeof command,
             "cp -R '%s/firmware-config/policies/texts' . && sed 's/^cells = groups$/cells = a | b "
             "| c | other/' '%s/firmware-config/policies/demo.ini' >demo.ini",
             here, here);
    assert_int_equal(pack_tool_shell(t, command), 0);
    const char *pack = pack_tool_path(t, "demo.pack");
    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--out", pack, "--pack-version", "7",
                                   "--created", "2026-01-02", "--device-class", "kiosk",
                                   pack_tool_path(t, "demo.ini"), NULL),
                     0);
    assert_int_equal(pack_tool_run(t, switch_main, "switch", "--off", "--number", "2",
                                   "--device-class", "kiosk", "--out", pack_tool_path(t, "off"),
                                   NULL),
                     0);

    hash_stream_begin(&h);
    add_file(&h, pack);
    is_golden("a policy pack", &h, "dd304877b02f6eeaf7f3c12d3b1a4584");
    hash_stream_begin(&h);
    add_file(&h, pack_tool_path(t, "off"));
    is_golden("a switch", &h, "346d871514942d384a6f229671fe4e81");

    struct kiosk k;
    make_public_key(key, KIOSK_MODEL_KEY);
    kiosk_make(&k, 60, &(struct make_policy){.eps_micro = 1000000, .n_cells = 9}, 1);
    hash_stream_begin(&h);
    add_text(&h, key);
    add_file(&h, k.model_path);
    snprintf(command, sizeof command, "%s.minisig", k.model_path);
    add_file(&h, command);
    is_golden("a model pack and its signature", &h, "582e83e21ac0baebe989902a8d515ae8");
    kiosk_free(&k);
}

/* ---- Slates -------------------------------------------------------------------------------- */

static void add_slate(struct hash_stream *h, struct kiosk *k, sotto_session s) {
    const struct sotto_slate_request request = {.size = sizeof request, .count = 20, .repeats = 1};
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[20];
    struct sotto_reason reasons[16];
    sotto_slate slate;
    assert_int_equal(sotto_slate_request(k->engine, s, &request, &slate), SOTTO_OK);
    assert_true(sotto_slate_present(k->engine, slate) >= SOTTO_OK);
    assert_int_equal(sotto_slate_open(k->engine, slate, &view, items, 20), SOTTO_OK);
    add_number(h, view.personalised);
    add_number(h, view.why);
    for (uint32_t i = 0; i < view.count; i++) {
        struct sotto_explanation e = {.size = sizeof e};
        add_text(h, items[i].id);
        add_number(h, items[i].score);
        assert_int_equal(sotto_explain(k->engine, slate, i, &e, reasons, 16), SOTTO_OK);
        add_number(h, e.rank_scored);
        add_text(h, e.without);
        for (uint32_t r = 0; r < e.count && r < 16; r++) {
            add_number(h, reasons[r].kind);
            add_number(h, reasons[r].contribution);
            add_text(h, reasons[r].item);
        }
    }
    sotto_slate_close(k->engine, slate);
    assert_true(view.personalised);
}

static void slates_and_reasons_are_the_same_bits(void **state) {
    struct kiosk k;
    struct hash_stream h;
    (void)state;
    kiosk_make(&k, 120, &(struct make_policy){0}, 0);
    kiosk_open(&k);
    hash_stream_begin(&h);
    for (unsigned visit = 0; visit < 5; visit++) {
        sotto_session s = kiosk_session(&k, visit ? "ann" : NULL,
                                        1u << SOTTO_PURPOSE_PERSONALISE |
                                            (visit ? 1u << SOTTO_PURPOSE_STORE : 0));
        for (unsigned i = 0; i < 12; i++) {
            kiosk_record(&k, s, (visit * 37 + i * i * 11) % 120,
                         (enum sotto_event_type)(1 + i % 3));
            sim_device_advance(&k.device, 1000 + visit * 777);
        }
        add_slate(&h, &k, s);
        assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
        sim_device_advance(&k.device, DAY_MS);
    }
    kiosk_free(&k);
    is_golden("slates of five visits", &h, "bdfe0d7119084e844df2a433d83608bb");
}

/* ---- Reports, and the log of what happened --------------------------------------------------- */

static int add_piece(void *ctx, const void *bytes, size_t n) {
    hash_stream_add(ctx, bytes, n);
    return 0;
}

static void reports_and_the_audit_log_are_the_same_bytes(void **state) {
    struct kiosk k;
    struct hash_stream h;
    uint8_t bytes[SOTTO_REPORT_MAX];
    uint64_t cursor = 0;
    size_t n, reports = 0;
    (void)state;
    kiosk_make(&k, 60, &(struct make_policy){.eps_micro = 1000000, .n_cells = 9}, 0);
    kiosk_open(&k);
    for (unsigned day = 0; day < 6; day++) {
        for (unsigned visit = 0; visit < 3; visit++) {
            sotto_session s = kiosk_session(&k, NULL, 1u << SOTTO_PURPOSE_MEASURE);
            kiosk_record(&k, s, day * 7 + visit, SOTTO_EVENT_PURCHASE);
            assert_int_equal(sotto_session_end(k.engine, s), SOTTO_OK);
        }
        for (int hours = 0; hours < 24; hours++) {
            sim_device_advance(&k.device, DAY_MS / 24);
            assert_int_equal(sotto_tick(k.engine), SOTTO_OK);
        }
    }
    hash_stream_begin(&h);
    for (; sotto_outbox_next(k.engine, &cursor, bytes, sizeof bytes, &n) == SOTTO_OK; reports++)
        hash_stream_add(&h, bytes, n);
    assert_true(reports >= 3);
    is_golden("reports of six days", &h, "0fb7d0bbe31162422e08173eca743e42");
    hash_stream_begin(&h);
    assert_int_equal(sotto_audit_export(k.engine, add_piece, &h), SOTTO_OK);
    is_golden("the audit log of six days", &h, "7ab4ea734da8e58d49065c95de428915");
    kiosk_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(packs_are_the_same_bytes, pack_tool_setup,
                                        pack_tool_teardown),
        cmocka_unit_test(slates_and_reasons_are_the_same_bits),
        cmocka_unit_test(reports_and_the_audit_log_are_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
