/* Packs: nothing is believed but an intact file, signed by the right key, for this role, device,
 * engine and time. Promise 7. Files live in a simulated port's memory, so that every byte can be
 * flipped quickly. */
#include "tests/support/test.h"

#include "crypto/crypto.h"
#include "pack/policy.h"
#include "tests/support/make_pack.h"
#include "tests/support/random_model.h"

enum { MODEL_KEY = 1, POLICY_KEY = 2, STRANGER_KEY = 3 };

/* Two files in memory. */
struct files {
    const uint8_t *pack;
    const char *sig;
    size_t pack_n, sig_n;
    int has_sig;
};

static int map(void *ctx, const char *path, const uint8_t **bytes, size_t *n) {
    const struct files *f = ctx;
    size_t length = strlen(path);
    int is_sig = length > 8 && strcmp(path + length - 8, ".minisig") == 0;
    if (is_sig && !f->has_sig) return -1;
    *bytes = is_sig ? (const uint8_t *)f->sig : f->pack;
    *n = is_sig ? f->sig_n : f->pack_n;
    return 0;
}
static void unmap(void *ctx, const uint8_t *bytes, size_t n) {
    (void)ctx;
    (void)bytes;
    (void)n;
}

static _Alignas(64) uint8_t pack_bytes[MAKE_PACK_MAX], changed[MAKE_PACK_MAX];
static char sig_text[700];

static size_t small_model_as(enum model_codec codec) {
    struct dice d = {42};
    struct random_model r;
    random_model_make(&r, &d, 12, 0);
    if (codec == MODEL_VARINT) random_model_to_varint(&r);
    size_t n = make_model_pack(pack_bytes, &r.model, 3, 5);
    random_model_free(&r);
    return n;
}

static size_t small_model(void) { return small_model_as(MODEL_FIXED16); }

static int try_open(const uint8_t *bytes, size_t n, const char *sig, size_t sig_n,
                    enum pack_role role, uint8_t key_byte, const char *device_class,
                    struct sotto_error *err) {
    struct files f = {bytes, sig, n, sig_n, sig != NULL};
    struct sotto_port port = {.ctx = &f, .file_map = map, .file_unmap = unmap};
    struct pack pack;
    static struct policy policy;
    struct model model;
    char key[MAKE_KEY_TEXT];
    make_public_key(key, key_byte);
    int status = pack_open(&pack, &port, "test.pack", key, role, device_class, err);
    if (status != SOTTO_OK) {
        assert_null(pack.bytes);
        return status;
    }
    status = role == PACK_MODEL ? model_load(&model, &pack, "test.pack", err)
                                : policy_load(&policy, &pack, "test.pack", err);
    pack_close(&pack);
    return status;
}

/* Signs whatever is in `bytes` and opens it: for what a signer could get wrong. */
static int sign_and_open(const uint8_t *bytes, size_t n, enum pack_role role,
                         struct sotto_error *err) {
    uint8_t key = role == PACK_MODEL ? MODEL_KEY : POLICY_KEY;
    size_t sig_n = make_signature(sig_text, sizeof sig_text, bytes, n, key);
    return try_open(bytes, n, sig_text, sig_n, role, key, NULL, err);
}

static void intact_packs_are_accepted(void **state) {
    (void)state;
    struct sotto_error err;
    size_t n = small_model();
    assert_int_equal(sign_and_open(pack_bytes, n, PACK_MODEL, &err), SOTTO_OK);
    n = make_policy_pack(pack_bytes, &(struct make_policy){0});
    assert_int_equal(sign_and_open(pack_bytes, n, PACK_POLICY, &err), SOTTO_OK);
}

static void flip_every_byte(size_t n, enum pack_role role, uint8_t key) {
    struct sotto_error err;
    size_t sig_n = make_signature(sig_text, sizeof sig_text, pack_bytes, n, key);
    for (size_t i = 0; i < n; i++) {
        memcpy(changed, pack_bytes, n);
        changed[i] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(try_open(changed, n, sig_text, sig_n, role, key, NULL, &err),
                         SOTTO_E_SIGNATURE);
    }
    for (size_t i = 0; i < n; i += 7)
        assert_int_equal(try_open(pack_bytes, i, sig_text, sig_n, role, key, NULL, &err),
                         SOTTO_E_SIGNATURE);
    memcpy(changed, pack_bytes, n);
    changed[n] = 0;
    assert_int_equal(try_open(changed, n + 1, sig_text, sig_n, role, key, NULL, &err),
                     SOTTO_E_SIGNATURE);
}

static void every_flipped_byte_of_a_model_pack_is_refused(void **state) {
    (void)state;
    flip_every_byte(small_model(), PACK_MODEL, MODEL_KEY);
}

static void every_flipped_byte_of_a_policy_pack_is_refused(void **state) {
    (void)state;
    flip_every_byte(make_policy_pack(pack_bytes, &(struct make_policy){0}), PACK_POLICY,
                    POLICY_KEY);
}

static void every_flipped_or_missing_byte_of_a_signature_is_refused(void **state) {
    (void)state;
    struct sotto_error err;
    char sig[700];
    size_t n = small_model();
    size_t sig_n = make_signature(sig_text, sizeof sig_text, pack_bytes, n, MODEL_KEY);
    size_t free_text = strlen("untrusted comment: "), first_line = strcspn(sig_text, "\n");
    for (size_t i = 0; i < sig_n; i++) {
        if (i >= free_text && i < first_line) continue; /* the untrusted comment is just that */
        memcpy(sig, sig_text, sig_n);
        sig[i] ^= 1;
        /* The last line break is not part of what is signed. */
        if (i == sig_n - 1) continue;
        assert_int_equal(try_open(pack_bytes, n, sig, sig_n, PACK_MODEL, MODEL_KEY, NULL, &err),
                         SOTTO_E_SIGNATURE);
    }
    for (size_t cut = 0; cut + 1 < sig_n; cut++)
        assert_int_equal(try_open(pack_bytes, n, sig_text, cut, PACK_MODEL, MODEL_KEY, NULL, &err),
                         SOTTO_E_SIGNATURE);
}

static void missing_signature_and_wrong_keys_are_told_apart(void **state) {
    (void)state;
    struct sotto_error err;
    size_t n = small_model();
    assert_int_equal(try_open(pack_bytes, n, NULL, 0, PACK_MODEL, MODEL_KEY, NULL, &err),
                     SOTTO_E_SIGNATURE);
    assert_non_null(strstr(err.message, "no readable signature"));
    size_t sig_n = make_signature(sig_text, sizeof sig_text, pack_bytes, n, STRANGER_KEY);
    assert_int_equal(try_open(pack_bytes, n, sig_text, sig_n, PACK_MODEL, MODEL_KEY, NULL, &err),
                     SOTTO_E_SIGNATURE);
    assert_non_null(strstr(err.message, "another key"));
    assert_non_null(strstr(err.message, "test.pack"));
}

static void role_class_engine_version_and_expiry_are_enforced(void **state) {
    (void)state;
    struct sotto_error err;
    const struct make_section section = {SECTION_CARD, "{}", 2};
    struct make_header h = {.role = PACK_POLICY, .version = 3};
    size_t n = make_pack(pack_bytes, &h, &section, 1);
    assert_int_equal(sign_and_open(pack_bytes, n, PACK_MODEL, &err), SOTTO_E_MISMATCH);
    h = (struct make_header){
        .role = PACK_MODEL, .version = 3, .min_engine = SOTTO_VERSION_NUMBER + 1};
    n = make_pack(pack_bytes, &h, &section, 1);
    assert_int_equal(sign_and_open(pack_bytes, n, PACK_MODEL, &err), SOTTO_E_MISMATCH);
    h = (struct make_header){.role = PACK_MODEL, .version = 0};
    n = make_pack(pack_bytes, &h, &section, 1);
    assert_int_equal(sign_and_open(pack_bytes, n, PACK_MODEL, &err), SOTTO_E_FORMAT);

    h = (struct make_header){.role = PACK_MODEL, .version = 3, .device_class = "kiosk"};
    n = make_pack(pack_bytes, &h, &section, 1);
    size_t sig_n = make_signature(sig_text, sizeof sig_text, pack_bytes, n, MODEL_KEY);
    assert_int_equal(try_open(pack_bytes, n, sig_text, sig_n, PACK_MODEL, MODEL_KEY, "stb", &err),
                     SOTTO_E_MISMATCH);
    assert_int_equal(try_open(pack_bytes, n, sig_text, sig_n, PACK_MODEL, MODEL_KEY, NULL, &err),
                     SOTTO_E_MISMATCH);
    /* The right class passes the container; the model inside is missing. */
    assert_int_equal(try_open(pack_bytes, n, sig_text, sig_n, PACK_MODEL, MODEL_KEY, "kiosk", &err),
                     SOTTO_E_FORMAT);

    struct pack p = {.version = 3, .not_after_s = 1000};
    assert_int_equal(pack_check_fresh(&p, "x", 3, 1000, &err), SOTTO_OK);
    assert_int_equal(pack_check_fresh(&p, "x", 4, 1000, &err), SOTTO_E_ROLLBACK);
    assert_int_equal(pack_check_fresh(&p, "x", 3, 1001, &err), SOTTO_E_EXPIRED);
    p.not_after_s = 0;
    assert_int_equal(pack_check_fresh(&p, "x", 3, INT64_MAX, &err), SOTTO_OK);
}

/* Even a signer's mistake must not let an index run wild: every single-byte change, signed anew,
 * either loads to in-bounds arrays or is refused. ASan watches the probing. */
static void nonsense_in(enum model_codec codec) {
    struct sotto_error err;
    size_t n = small_model_as(codec), accepted = 0;
    uint32_t sections = load32(pack_bytes + 36);
    for (size_t i = 0; i < n; i++)
        for (unsigned v = 0; v < 3; v++) {
            static const uint8_t flips[] = {0xff, 0x80, 0x01};
            memcpy(changed, pack_bytes, n);
            changed[i] ^= flips[v];
            struct pack pack = {.bytes = changed, .n = n};
            struct model m;
            /* Make the section hashes fit again, so that the loader is what refuses. */
            for (uint32_t s = 0; s < sections; s++) {
                uint8_t *entry = changed + 128 + 64 * (size_t)s;
                uint64_t offset = load64(entry + 8), length = load64(entry + 16);
                if (offset <= n && length <= n - offset)
                    hash256(entry + 24, changed + offset, (size_t)length);
            }
            if (pack_parse(&pack, "x", &err) != SOTTO_OK) continue;
            if (model_load(&m, &pack, "x", &err) != SOTTO_OK) continue;
            accepted++;
            for (uint32_t item = 0; item < m.n_items; item++) {
                assert_true(strlen(model_item_id(&m, item)) >= 1);
                (void)strlen(model_item_title(&m, item));
                (void)strlen(model_group_name(&m, model_item_group(&m, item)));
                assert_int_equal(model_find(&m, model_item_id(&m, item)), item);
                uint32_t column = UINT32_MAX, e = m.row_starts[item], end = m.row_starts[item + 1];
                const uint8_t *p = m.codec == MODEL_VARINT ? m.rows + e : NULL;
                while (p ? p < m.rows + end : e < end) {
                    int weight = p ? model_edge(&p, &column) : m.weights[e];
                    if (!p) column = m.columns[e++];
                    assert_true(column < m.n_items && column != item);
                    assert_true(weight != 0 && weight >= -127);
                }
            }
        }
    assert_true(accepted > 0); /* weights and priors are free to differ */
}

static void signed_nonsense_never_escapes_its_bounds(void **state) {
    (void)state;
    nonsense_in(MODEL_FIXED16);
    nonsense_in(MODEL_VARINT);
}

static void both_codecs_load_to_the_same_rows(void **state) {
    (void)state;
    struct dice d = {77};
    for (int round = 0; round < 20; round++) {
        struct random_model fixed, varint;
        struct dice again = d;
        uint32_t n = 1 + dice_below(&d, 200);
        (void)dice_below(&again, 200);
        random_model_make(&fixed, &d, n, 0);
        random_model_make(&varint, &again, n, 0);
        random_model_to_varint(&varint);
        for (uint32_t i = 0; i < n; i++) {
            const uint8_t *p = varint.model.rows + varint.model.row_starts[i];
            uint32_t column = UINT32_MAX;
            for (uint32_t e = fixed.row_starts[i]; e < fixed.row_starts[i + 1]; e++) {
                assert_int_equal(model_edge(&p, &column), fixed.weights[e]);
                assert_int_equal(column, fixed.columns[e]);
            }
            assert_ptr_equal(p, varint.model.rows + varint.model.row_starts[i + 1]);
        }
        random_model_free(&fixed);
        random_model_free(&varint);
    }
}

static void policy_out_of_the_hard_bounds_is_refused_not_clamped(void **state) {
    (void)state;
    static const struct {
        struct make_policy p;
        const char *names;
    } wrong[] = {
        {{.eps_micro = POLICY_EPS_MICRO_MAX + 1}, "epsilon"},
        {{.eps_micro = POLICY_EPS_MICRO_MIN - 1}, "epsilon"},
        {{.max_cells = POLICY_MAX_CELLS_MAX + 1}, "most cells"},
        {{.max_cells = 9}, "most cells"}, /* more than there are */
        {{.window_s = 60}, "window"},
        {{.window_s = POLICY_WINDOW_S_MAX + 1}, "window"},
        {{.n_cells = POLICY_CELLS_MAX + 1}, "34"},
        {{.consent_ttl_s = POLICY_CONSENT_TTL_S_MAX + 1}, "consent term"},
        {{.idle_s = POLICY_IDLE_S_MAX + 1}, "idle"},
        {{.year_micro = (uint64_t)POLICY_YEAR_MICRO_MAX + 1}, "yearly"},
        {{.lifetime_micro = POLICY_LIFETIME_MICRO_MAX + 1}, "lifetime"},
        {{.soft_keys = 3}, "soft keys"},
        {{.accountable = "FILL IN: who"}, "accountable owner"},
        {{.contact = "FILL IN"}, "contact"},
        {{.field = POLICY_KEY_STORE, .value = POLICY_NOTICE}, "consent mode"},
        {{.field = POLICY_KEY_PERSONALISE, .value = 3}, "consent mode"},
        {{.field = POLICY_KEY_MEASURE, .value = POLICY_NOTICE}, "consent mode"},
        {{.field = POLICY_KEY_PAID, .value = 3}, "consent mode"},
        {{.field = POLICY_KEY_SENSITIVE, .value = POLICY_NOTICE}, "consent mode"},
        {{.field = POLICY_KEY_ASK_AGAIN_S, .value = 730 * 86400 + 1}, "asking again"},
        {{.field = POLICY_KEY_PROFILE_TTL_S, .value = 730 * 86400 + 1}, "unused profile"},
        {{.field = POLICY_KEY_PROFILE_TTL_S, .value = 3599}, "unused profile"},
        {{.field = POLICY_KEY_RECEIPT_TTL_S, .value = 3650 * 86400 + 1}, "receipts"},
        {{.field = POLICY_KEY_RECEIPT_TTL_S, .value = 86399}, "receipts"},
        {{.field = POLICY_KEY_SIGNAL_GPC, .value = 1}, "signal"},
        {{.field = POLICY_KEY_SIGNAL_GPC, .value = 64}, "signal"},
        {{.field = POLICY_KEY_SIGNAL_LMT, .value = 3}, "signal"},
        {{.field = POLICY_KEY_SIGNAL_LMT, .value = 64}, "signal"},
        {{.field = POLICY_KEY_BANNER_SCOPE, .value = 3}, "scope"},
        {{.field = POLICY_KEY_BANNER_REPEAT_S, .value = 365 * 86400 + 1}, "repetition"},
        {{.field = POLICY_KEY_BANNER_REPEAT_S, .value = 3599}, "repetition"},
        {{.field = POLICY_KEY_NOTICE_INTERVAL_S, .value = 365 * 86400 + 1}, "notice interval"},
        {{.field = POLICY_KEY_NOTICE_INTERVAL_S, .value = 86399}, "notice interval"},
        {{.field = POLICY_KEY_MUST_EXPLAIN, .value = 2}, "explaining"},
        {{.field = POLICY_KEY_CHILD_BELOW, .value = 17}, "age of a child"},
        {{.field = POLICY_KEY_CHILD_BELOW, .value = 22}, "age of a child"},
        {{.field = POLICY_KEY_TEEN_BELOW, .value = 22}, "age of a teen"},
        {{.field = POLICY_KEY_AGE_UNKNOWN, .value = 3}, "unknown age"},
        {{.field = POLICY_KEY_TEEN_PROFILING, .value = 2}, "profiling teens"},
        {{.field = POLICY_KEY_CAP_ITEM, .value = 256}, "cap per item"},
        {{.field = POLICY_KEY_CAP_SPONSOR, .value = 256}, "cap per sponsor"},
        {{.field = POLICY_KEY_SEEN_HIDE_S, .value = 31 * 86400 + 1}, "seen items"},
        {{.field = POLICY_KEY_ADS, .value = 2}, "paid items"},
        {{.field = POLICY_KEY_STAFF_PERCENT, .value = 51}, "staff picks"},
        {{.field = POLICY_KEY_HANDOFF_S, .value = 3601}, "person comes"},
        {{.field = POLICY_KEY_HANDOFF_S, .value = 9}, "person comes"},
        {{.field = POLICY_KEY_USES_REFUSED, .value = 60}, "refused uses"},
        {{.field = POLICY_KEY_USES_REFUSED, .value = 63}, "refused uses"},
        {{.field = POLICY_KEY_DEMO, .value = 2}, "demonstrations"},
        {{.n_caps = 1, .caps = {{"wine", 0}}}, "cap"},
        {{.n_caps = 1, .caps = {{"wine", 256}}}, "cap"},
        {{.n_caps = 1, .caps = {{"", 1}}}, "group of a cap"},
        {{.n_caps = 2, .caps = {{"wine", 1}, {"wine", 2}}}, "group of a cap"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
        struct sotto_error err;
        size_t n = make_policy_pack(pack_bytes, &wrong[i].p);
        assert_int_equal(sign_and_open(pack_bytes, n, PACK_POLICY, &err), SOTTO_E_FORMAT);
        assert_non_null(strstr(err.message, wrong[i].names));
    }
}

static void refused_policy_leaves_strict_behind(void **state) {
    (void)state;
    static struct policy policy;
    struct sotto_error err;
    size_t n = make_policy_pack(pack_bytes, &(struct make_policy){.eps_micro = 1});
    struct pack pack = {.bytes = pack_bytes, .n = n};
    assert_int_equal(pack_parse(&pack, "x", &err), SOTTO_OK);
    memset(&policy, 0xff, sizeof policy);
    assert_int_equal(policy_load(&policy, &pack, "x", &err), SOTTO_E_FORMAT);
    assert_int_equal(policy.version, 0);
    assert_string_equal(policy.name, "strict");
    for (int i = SOTTO_PURPOSE_STORE; i <= SOTTO_PURPOSE_MEASURE; i++)
        assert_int_equal(policy.consent[i], POLICY_NEVER);
    assert_int_equal(policy.n_metrics, 0);
    assert_int_equal(policy.lifetime_micro, 0);
}

static void locale_falls_back_to_its_language_then_to_the_first(void **state) {
    (void)state;
    static struct policy policy;
    struct sotto_error err;
    size_t n = make_policy_pack(pack_bytes, &(struct make_policy){0});
    struct pack pack = {.bytes = pack_bytes, .n = n};
    assert_int_equal(pack_parse(&pack, "x", &err), SOTTO_OK);
    assert_int_equal(policy_load(&policy, &pack, "x", &err), SOTTO_OK);
    assert_int_equal(policy_text_index(&policy, "ar"), 1);
    assert_int_equal(policy_text_index(&policy, "ar-EG"), 1);
    assert_int_equal(policy_text_index(&policy, "arn"), 0);
    assert_int_equal(policy_text_index(&policy, "xx"), 0);
    assert_int_equal(policy_text_index(&policy, NULL), 0);
}

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intact_packs_are_accepted),
        cmocka_unit_test(every_flipped_byte_of_a_model_pack_is_refused),
        cmocka_unit_test(every_flipped_byte_of_a_policy_pack_is_refused),
        cmocka_unit_test(every_flipped_or_missing_byte_of_a_signature_is_refused),
        cmocka_unit_test(missing_signature_and_wrong_keys_are_told_apart),
        cmocka_unit_test(role_class_engine_version_and_expiry_are_enforced),
        cmocka_unit_test(signed_nonsense_never_escapes_its_bounds),
        cmocka_unit_test(both_codecs_load_to_the_same_rows),
        cmocka_unit_test(policy_out_of_the_hard_bounds_is_refused_not_clamped),
        cmocka_unit_test(refused_policy_leaves_strict_behind),
        cmocka_unit_test(locale_falls_back_to_its_language_then_to_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
