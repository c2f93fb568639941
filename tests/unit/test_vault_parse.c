/* What the vault's readers refuse although it is authentic: a log, a receipt, META and a keyring
 * entry that the right key has made, and that say what no device writes. Each lie is told alone. */
#include "tests/support/test.h"

#include "vault/audit_format.h"
#include "vault/keys.h"
#include "vault/receipt_format.h"

/* ---- A log from a device that lies ---------------------------------------------------------- */

enum lie {
    TRUTH,
    SEGMENT_CUT,
    SEGMENT_LEVEL,
    SEGMENT_NUMBER,
    SEGMENT_ENTRIES_GO_BACK,
    SEGMENT_ENTRIES,
    SEGMENT_HEAD,
    SEGMENT_TOTALS,
    SEGMENT_NEXT_EPOCH,
    SEGMENT_MISSING,
    SEGMENT_WITHOUT_EPOCHS,
    EPOCH_TOO_SHORT,
    EPOCH_EMPTY,
    EPOCH_TOO_LONG,
    EPOCH_OF_ANOTHER_LENGTH,
    ENTRY_OF_NO_KIND,
    SEAL_CUT,
    SEAL_LEVEL,
    SEAL_NUMBER,
    SEAL_ENTRIES,
    SEAL_HEAD,
    SEAL_TOTALS,
    LIES
};

#define EPOCHS (2 * AUDIT_SEGMENT_EPOCHS)

/* One line in each epoch; two segments and nothing behind them. */
struct forge {
    enum lie lie;
    uint8_t segments[8192], epochs[EPOCHS * 512];
    size_t segments_n, epochs_n;
    struct audit_seal now; /* what is true so far */
    uint8_t key[SIGN_PUBLIC_BYTES], segment_secret[SIGN_SECRET_BYTES],
        epoch_secret[SIGN_SECRET_BYTES];
};

static void piece(uint8_t *to, size_t *at, uint32_t kind, const void *bytes, size_t n) {
    store32(to + *at, kind);
    store32(to + *at + 4, (uint32_t)n);
    memcpy(to + *at + 8, bytes, n);
    *at += 8 + n;
}

static void draw(uint8_t public_key[SIGN_PUBLIC_BYTES], uint8_t secret[SIGN_SECRET_BYTES]) {
    static uint8_t seed[SIGN_SEED_BYTES];
    seed[0]++;
    sign_keypair(public_key, secret, seed);
}

static void seal_epoch(struct forge *f, uint64_t number) {
    uint8_t bytes[AUDIT_SEAL_BYTES], next[SIGN_SECRET_BYTES];
    const int is_here = number == EPOCHS / 2 + 3;
    draw(f->now.next_key, next);
    memcpy(f->now.next_epoch, f->now.next_key, SIGN_PUBLIC_BYTES);
    struct audit_seal said = f->now;
    said.number = number;
    said.level = AUDIT_LEVEL_EPOCH;
    if (is_here) {
        said.level += f->lie == SEAL_LEVEL;
        said.number += f->lie == SEAL_NUMBER;
        said.entries += f->lie == SEAL_ENTRIES;
        said.head[0] ^= f->lie == SEAL_HEAD;
        said.totals[SOTTO_AUDIT_ERASE] += f->lie == SEAL_TOTALS;
    }
    audit_seal_sign(bytes, &said, f->epoch_secret);
    piece(f->epochs, &f->epochs_n, AUDIT_PIECE_SEAL, bytes,
          sizeof bytes - (is_here && f->lie == SEAL_CUT));
    memcpy(f->epoch_secret, next, sizeof next);
}

static void write_epoch(struct forge *f, uint64_t number) {
    uint8_t bytes[12 + AUDIT_ENTRY_BYTES] = {0};
    const int is_here = number == EPOCHS / 2 + 3;
    size_t n = sizeof bytes;
    store64(bytes, number);
    store32(bytes + 8, 1);
    bytes[12] = SOTTO_AUDIT_REPORT;
    if (is_here && f->lie == ENTRY_OF_NO_KIND) bytes[12] = SOTTO_AUDIT_KINDS;
    if (is_here && f->lie == EPOCH_EMPTY) store32(bytes + 8, 0), n = 12;
    if (is_here && f->lie == EPOCH_TOO_LONG) store32(bytes + 8, AUDIT_EPOCH_ENTRIES + 1);
    if (is_here && f->lie == EPOCH_OF_ANOTHER_LENGTH) store32(bytes + 8, 2);
    if (is_here && f->lie == EPOCH_TOO_SHORT) n = 11;
    piece(f->epochs, &f->epochs_n, AUDIT_PIECE_EPOCH, bytes, n);
    audit_next_head(f->now.head, bytes + 12);
    f->now.totals[SOTTO_AUDIT_REPORT]++;
    f->now.entries++;
}

static void seal_segment(struct forge *f, uint64_t number) {
    uint8_t bytes[AUDIT_SEAL_BYTES], next[SIGN_SECRET_BYTES];
    struct audit_seal said = f->now;
    draw(said.next_key, next);
    said.number = number;
    said.level = AUDIT_LEVEL_SEGMENT;
    if (number == 1) {
        said.level -= f->lie == SEGMENT_LEVEL;
        said.number += f->lie == SEGMENT_NUMBER;
        said.entries = f->lie == SEGMENT_ENTRIES_GO_BACK ? 1 : said.entries;
        said.entries += f->lie == SEGMENT_ENTRIES;
        said.head[0] ^= f->lie == SEGMENT_HEAD;
        said.totals[SOTTO_AUDIT_ERASE] += f->lie == SEGMENT_TOTALS;
        said.next_epoch[0] ^= f->lie == SEGMENT_NEXT_EPOCH;
    }
    audit_seal_sign(bytes, &said, f->segment_secret);
    memcpy(f->segment_secret, next, sizeof next);
    if (number == 1 && f->lie == SEGMENT_MISSING) return;
    piece(f->segments, &f->segments_n, AUDIT_PIECE_SEGMENT, bytes,
          sizeof bytes - (number == 1 && f->lie == SEGMENT_CUT));
}

static size_t forge_log(uint8_t *bytes, uint8_t key[SIGN_PUBLIC_BYTES], enum lie lie) {
    static struct forge f;
    uint8_t genesis[AUDIT_GENESIS_BYTES];
    struct audit_genesis g = {.nonce = {5}};
    size_t n = AUDIT_MAGIC_BYTES + 4;
    memset(&f, 0, sizeof f);
    f.lie = lie;
    draw(g.segment_key, f.segment_secret);
    draw(g.epoch_key, f.epoch_secret);
    memcpy(key, g.segment_key, SIGN_PUBLIC_BYTES);
    audit_genesis_sign(genesis, &g, f.segment_secret);
    audit_first_head(f.now.head, &g);
    for (uint64_t i = 0; i < EPOCHS; i++) {
        write_epoch(&f, i);
        seal_epoch(&f, i);
        if ((i + 1) % AUDIT_SEGMENT_EPOCHS == 0) seal_segment(&f, i / AUDIT_SEGMENT_EPOCHS);
        if (lie == SEGMENT_WITHOUT_EPOCHS && i + 1 == EPOCHS / 2) {
            seal_segment(&f, 1);
            break;
        }
    }
    memcpy(bytes, AUDIT_MAGIC, AUDIT_MAGIC_BYTES);
    store32(bytes + AUDIT_MAGIC_BYTES, AUDIT_VERSION);
    piece(bytes, &n, AUDIT_PIECE_GENESIS, genesis, sizeof genesis);
    memcpy(bytes + n, f.segments, f.segments_n);
    memcpy(bytes + n + f.segments_n, f.epochs, f.epochs_n);
    return n + f.segments_n + f.epochs_n;
}

static void a_log_that_the_devices_own_keys_forged_proves_nothing(void **state) {
    static uint8_t bytes[EPOCHS * 512 + 16384];
    (void)state;
    assert_int_equal(crypto_init(), 0);
    for (int lie = TRUTH; lie < LIES; lie++) {
        struct sotto_audit_result r = {.size = sizeof r};
        struct sotto_error err;
        uint8_t key[SIGN_PUBLIC_BYTES];
        size_t n = forge_log(bytes, key, (enum lie)lie);

        int status = sotto_audit_verify(bytes, n, key, NULL, &r, NULL, NULL, &err);

        if (status != (lie == TRUTH ? SOTTO_OK : SOTTO_E_FORMAT))
            fail_msg("lie %d: status %d, %s", lie, status, err.message);
        assert_int_equal(r.entries, lie == TRUTH ? EPOCHS : 0);
    }
}

static void verifying_without_what_it_takes_is_refused(void **state) {
    static uint8_t bytes[EPOCHS * 512 + 16384];
    struct sotto_audit_result r = {.size = sizeof r};
    struct sotto_receipt receipt = {.size = sizeof receipt};
    uint8_t key[32];
    size_t n = forge_log(bytes, key, TRUTH);
    (void)state;

    assert_int_equal(sotto_audit_verify(NULL, n, key, NULL, &r, NULL, NULL, NULL),
                     SOTTO_E_ARGUMENT);
    assert_int_equal(sotto_audit_verify(bytes, n, NULL, NULL, &r, NULL, NULL, NULL),
                     SOTTO_E_ARGUMENT);
    assert_int_equal(sotto_audit_verify(bytes, n, key, NULL, NULL, NULL, NULL, NULL),
                     SOTTO_E_ARGUMENT);
    r.size--;
    assert_int_equal(sotto_audit_verify(bytes, n, key, NULL, &r, NULL, NULL, NULL),
                     SOTTO_E_ARGUMENT);
    assert_int_equal(sotto_receipt_verify(NULL, 184, key, &receipt, NULL), SOTTO_E_ARGUMENT);
    assert_int_equal(sotto_receipt_verify(bytes, 184, NULL, &receipt, NULL), SOTTO_E_ARGUMENT);
    assert_int_equal(sotto_receipt_verify(bytes, 184, key, NULL, NULL), SOTTO_E_ARGUMENT);
    receipt.size--;
    assert_int_equal(sotto_receipt_verify(bytes, 184, key, &receipt, NULL), SOTTO_E_ARGUMENT);
}

/* ---- Receipts ------------------------------------------------------------------------------- */

static void a_receipt_body_holds_what_a_device_writes_or_nothing(void **state) {
    static const struct {
        size_t at;
        uint8_t value;
    } lies[] = {{0, 'X'}, {8, 2},  {12, 0}, {12, 1},    {12, 16}, {13, 0},
                {13, 3},  {14, 3}, {15, 1}, {39, 0x80}, {40, 0}};
    const struct sotto_receipt truth = {
        .purposes = 2, .assurance = 1, .number = 1, .time_s = 9, .profiles = 3};
    uint8_t body[RECEIPT_BODY_BYTES];
    struct sotto_receipt r = {.size = sizeof r};
    (void)state;
    receipt_body_write(body, &truth);
    assert_int_equal(receipt_body_read(&r, body), 0);
    assert_int_equal(r.profiles, 3);
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        receipt_body_write(body, &truth);
        body[lies[i].at] = lies[i].value;

        if (receipt_body_read(&r, body) != -1) fail_msg("byte %zu", lies[i].at);

        assert_int_equal(r.number, 0);
    }
}

/* ---- META and the keyring ------------------------------------------------------------------- */

static void meta_is_of_one_length_for_each_format(void **state) {
    static const uint32_t formats[] = {0, 1, 2, META_FORMAT, META_FORMAT + 1};
    const struct meta truth = {.epoch = 7, .generation = 9, .counter = 3};
    const uint8_t root[32] = {1};
    uint8_t bytes[META_BYTES + 8] = {0};
    struct meta m;
    (void)state;
    for (size_t f = 0; f < ARRAY_LEN(formats); f++)
        for (size_t n = 0; n <= sizeof bytes; n++) {
            const uint32_t format = formats[f];
            const int is_good = (format == 1 && n == META_BYTES_1) ||
                                (format >= 2 && format <= META_FORMAT && n == META_BYTES) ||
                                (format > META_FORMAT && n >= META_BYTES);
            meta_encode(bytes, &truth, root);
            store32(bytes + 8, format);

            int status = meta_decode(bytes, n, &m);

            if ((status == SOTTO_OK) != is_good) fail_msg("format %u, %zu bytes", format, n);
            if (is_good) assert_int_equal(m.epoch, 7);
            if (is_good && format > 1) assert_int_equal(m.generation, 9);
            if (format > META_FORMAT && n >= 12 && n < META_BYTES)
                assert_int_equal(status, SOTTO_E_NEWER);
        }
    meta_encode(bytes, &truth, root);
    assert_true(meta_is_authentic(bytes, root));
    bytes[0] ^= 1;
    assert_int_equal(meta_decode(bytes, META_BYTES, &m), SOTTO_E_CORRUPT);
    meta_encode(bytes, &truth, root);
    store32(bytes + 12, PENDING_SHRED + 1);
    assert_int_equal(meta_decode(bytes, META_BYTES, &m), SOTTO_E_CORRUPT);
    meta_encode(bytes, &truth, root);
    store32(bytes + 88, META_FORMAT + 1); /* readers */
    assert_int_equal(meta_decode(bytes, META_BYTES, &m), SOTTO_E_NEWER);
}

static void a_keyring_entry_is_exactly_a_key_an_id_and_a_name(void **state) {
    const struct data_key truth = {.key = {1, 2}, .id = 5, .name = "ada"};
    uint8_t bytes[DATA_KEY_BYTES_MAX + 1] = {0};
    struct data_key k;
    (void)state;
    size_t n = data_key_encode(bytes, &truth);
    assert_int_equal(data_key_decode(&k, bytes, n), SOTTO_OK);
    assert_string_equal(k.name, "ada");
    for (size_t i = 0; i <= sizeof bytes; i++)
        if (i != n) assert_int_equal(data_key_decode(&k, bytes, i), SOTTO_E_CORRUPT);
    bytes[SEAL_KEY_BYTES + 8] = SOTTO_PROFILE_NAME_MAX + 1;
    assert_int_equal(data_key_decode(&k, bytes, sizeof bytes), SOTTO_E_CORRUPT);
    bytes[SEAL_KEY_BYTES + 8] = 3;
    memset(bytes + SEAL_KEY_BYTES, 0, 8);
    assert_int_equal(data_key_decode(&k, bytes, n), SOTTO_E_CORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_that_the_devices_own_keys_forged_proves_nothing),
        cmocka_unit_test(verifying_without_what_it_takes_is_refused),
        cmocka_unit_test(a_receipt_body_holds_what_a_device_writes_or_nothing),
        cmocka_unit_test(meta_is_of_one_length_for_each_format),
        cmocka_unit_test(a_keyring_entry_is_exactly_a_key_an_id_and_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
