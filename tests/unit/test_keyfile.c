/* Keys and signatures: ours and those of stock minisign, either way round. */
#include "tests/support/test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tests/support/pack_tool.h"
#include "tools/common/cli.h"
#include "tools/sotto-pack/commands.h"
#include "tools/sotto-pack/keyfile.h"
#include "tools/sotto-pack/pack_write.h"

static void need_minisign(struct pack_tool *t) {
    if (pack_tool_shell(t, "command -v minisign") == 0) return;
    print_message("minisign is not installed: nothing to compare with\n");
    skip();
}

/* Writes a small valid pack and returns its path. */
static const char *some_pack(struct pack_tool *t, const char *name) {
    const struct pack_manifest m = {PACK_MODEL, 3, 0, 1700000000, PACK_WRITE_MIN_ENGINE, ""};
    const struct pack_part part = {SECTION_CARD, "{}", 2};
    const char *path = pack_tool_path(t, name);
    struct sotto_error err = {0};
    uint8_t *bytes;
    size_t n;
    assert_int_equal(pack_build(&m, &part, 1, &bytes, &n, &err), SOTTO_OK);
    assert_int_equal(packfile_replace(path, bytes, n, 0644, &err), SOTTO_OK);
    free(bytes);
    return path;
}

static void make_key(struct pack_tool *t, const char *name) {
    assert_int_equal(pack_tool_run(t, keygen_main, "keygen", "--no-password", "--out",
                                   pack_tool_path(t, name), NULL),
                     EXIT_OK);
}

static void minisign_verifies_what_we_sign(void **state) {
    struct pack_tool *t = *state;
    need_minisign(t);
    const char *pack = some_pack(t, "m.pack");
    make_key(t, "ours");

    assert_int_equal(
        pack_tool_run(t, sign_main, "sign", "--key", pack_tool_path(t, "ours.key"), pack, NULL),
        EXIT_OK);

    assert_int_equal(pack_tool_shell(t, "minisign -V -p ours.pub -m m.pack"), 0);
    /* The stock tool must see a flipped bit, or the line above says nothing. */
    assert_int_equal(pack_tool_shell(t, "printf X | dd of=m.pack bs=1 seek=20 conv=notrunc && "
                                        "! minisign -V -p ours.pub -m m.pack"),
                     0);
}

static void we_verify_what_minisign_signs(void **state) {
    struct pack_tool *t = *state;
    need_minisign(t);
    const char *pack = some_pack(t, "m.pack");
    assert_int_equal(pack_tool_shell(t, "minisign -G -W -p theirs.pub -s theirs.key"), 0);
    assert_int_equal(
        pack_tool_shell(t, "minisign -S -W -s theirs.key -m m.pack -t 'from the stock tool'"), 0);

    assert_int_equal(pack_tool_run(t, verify_main, "verify", "--key",
                                   pack_tool_path(t, "theirs.pub"), pack, NULL),
                     EXIT_OK);
    assert_non_null(strstr(t->out, "version 3"));
}

static void we_sign_with_a_key_of_minisign_and_minisign_with_ours(void **state) {
    struct pack_tool *t = *state;
    need_minisign(t);
    const char *pack = some_pack(t, "m.pack"), *other = some_pack(t, "n.pack");
    make_key(t, "ours");
    assert_int_equal(pack_tool_shell(t, "minisign -G -W -p theirs.pub -s theirs.key"), 0);

    assert_int_equal(pack_tool_run(t, sign_main, "sign", "--key", pack_tool_path(t, "theirs.key"),
                                   "--comment", "tabs\tand ümlauts", pack, NULL),
                     EXIT_OK);
    assert_int_equal(pack_tool_shell(t, "minisign -S -W -s ours.key -m n.pack"), 0);

    assert_int_equal(pack_tool_shell(t, "minisign -V -p theirs.pub -m m.pack"), 0);
    assert_int_equal(pack_tool_run(t, verify_main, "verify", "--key", pack_tool_path(t, "ours.pub"),
                                   other, NULL),
                     EXIT_OK);
}

static void encrypted_key_opens_with_its_password_only(void **state) {
    struct pack_tool *t = *state;
    struct sotto_error err = {0};
    struct keyfile_secret *key = NULL;
    const char *pack = some_pack(t, "m.pack");
    const char *right = pack_tool_write(t, "right", "correct horse\n");
    const char *wrong = pack_tool_write(t, "wrong", "correct house\n");
    int made = pack_tool_run(t, keygen_main, "keygen", "--password-file", right, "--out",
                             pack_tool_path(t, "locked"), NULL);
    if (made == EXIT_FAILED && strstr(t->err, "MiB")) {
        print_message("scrypt wants 1 GiB, which this machine does not give\n");
        skip();
    }
    assert_int_equal(made, EXIT_OK);
    const char *path = pack_tool_path(t, "locked.key");

    assert_int_equal(keyfile_is_encrypted(path, &err), 1);
    assert_int_equal(keyfile_open(&key, path, NULL, &err), SOTTO_E_KEY);
    assert_int_equal(
        pack_tool_run(t, sign_main, "sign", "--key", path, "--password-file", wrong, pack, NULL),
        EXIT_FAILED);
    assert_non_null(strstr(t->err, "password is wrong"));
    assert_null(strstr(t->err, "house"));
    assert_int_equal(
        pack_tool_run(t, sign_main, "sign", "--key", path, "--password-file", right, pack, NULL),
        EXIT_OK);
    assert_int_equal(pack_tool_run(t, verify_main, "verify", "--key",
                                   pack_tool_path(t, "locked.pub"), pack, NULL),
                     EXIT_OK);
    char *text = pack_tool_read(path);
    assert_non_null(strstr(text, "RWRTY0Iy")); /* "Ed", "Sc", "B2": as minisign writes it */
    free(text);
}

static void every_damaged_byte_of_a_secret_key_is_noticed(void **state) {
    struct pack_tool *t = *state;
    struct sotto_error err = {0};
    struct keyfile_secret *key = NULL;
    make_key(t, "ours");
    char *text = pack_tool_read(pack_tool_path(t, "ours.key"));
    char *line = strchr(text, '\n') + 1;
    const char *path = pack_tool_path(t, "bent.key");

    /* The salt and limits (bytes 6 to 53) mean nothing in a key without a password. */
    for (size_t i = 0; line[i] && line[i] != '\n'; i++) {
        if (6 * i / 8 >= 6 && (6 * i + 5) / 8 < 54) continue;
        char was = line[i];
        line[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(packfile_replace(path, text, strlen(text), 0600, &err), SOTTO_OK);
        if (keyfile_open(&key, path, "x", &err) != SOTTO_E_FORMAT)
            fail_msg("a change of character %zu was not noticed", i);
        assert_null(key);
        line[i] = was;
    }
    assert_int_equal(packfile_replace(path, text, strlen(text) / 2, 0600, &err), SOTTO_OK);
    assert_int_equal(keyfile_open(&key, path, NULL, &err), SOTTO_E_FORMAT);
    assert_non_null(strstr(err.message, "bent.key"));
    free(text);
}

static void another_key_and_an_altered_pack_are_refused(void **state) {
    struct pack_tool *t = *state;
    const char *pack = some_pack(t, "m.pack");
    make_key(t, "ours");
    make_key(t, "other");
    assert_int_equal(
        pack_tool_run(t, sign_main, "sign", "--key", pack_tool_path(t, "ours.key"), pack, NULL),
        EXIT_OK);

    assert_int_equal(pack_tool_run(t, verify_main, "verify", "--key",
                                   pack_tool_path(t, "other.pub"), pack, NULL),
                     EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "another key"));
    char *content = pack_tool_read(pack_tool_path(t, "m.pack.minisig"));
    strstr(content, "timestamp")[0] = 'T';
    pack_tool_write(t, "m.pack.minisig", content);
    free(content);
    assert_int_equal(
        pack_tool_run(t, verify_main, "verify", "--key", pack_tool_path(t, "ours.pub"), pack, NULL),
        EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "trusted comment"));
    unlink(pack_tool_path(t, "m.pack.minisig"));
    assert_int_equal(
        pack_tool_run(t, verify_main, "verify", "--key", pack_tool_path(t, "ours.pub"), pack, NULL),
        EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "m.pack.minisig"));
    assert_non_null(strstr(t->err, "sotto-pack sign"));
}

static void a_refusal_outweighs_what_fails_after_it(void **state) {
    struct pack_tool *t = *state;
    const char *refused = some_pack(t, "m.pack"), *missing = pack_tool_path(t, "gone.pack");
    make_key(t, "ours");

    for (int i = 0; i < 2; i++) {
        assert_int_equal(pack_tool_run(t, verify_main, "verify", "--key",
                                       pack_tool_path(t, "ours.pub"), i ? refused : missing,
                                       i ? missing : refused, NULL),
                         EXIT_INTEGRITY);
        assert_non_null(strstr(t->err, "gone.pack"));
    }
}

static void what_is_no_key_is_malformed_input(void **state) {
    struct pack_tool *t = *state;
    const char *pack = some_pack(t, "m.pack");
    char *text = calloc(1, 5001);
    assert_non_null(text);
    memset(text, 'x', 5000);
    const char *const files[] = {pack_tool_write(t, "short", "hello\n"),
                                 pack_tool_write(t, "long", text)};

    for (int i = 0; i < 2; i++) {
        assert_int_equal(pack_tool_run(t, verify_main, "verify", "--key", files[i], pack, NULL),
                         EXIT_INTEGRITY);
        assert_int_equal(pack_tool_run(t, sign_main, "sign", "--key", files[i], pack, NULL),
                         EXIT_INTEGRITY);
        assert_non_null(strstr(t->err, i ? "long" : "short"));
    }
    free(text);
}

static void a_readable_key_without_a_password_is_warned_of(void **state) {
    struct pack_tool *t = *state;
    const char *pack = some_pack(t, "m.pack"), *key = pack_tool_path(t, "ours.key");
    make_key(t, "ours");

    assert_int_equal(pack_tool_run(t, sign_main, "sign", "--key", key, pack, NULL), EXIT_OK);
    assert_string_equal(t->err, "");
    assert_int_equal(chmod(key, 0640), 0);
    assert_int_equal(pack_tool_run(t, sign_main, "sign", "--key", key, pack, NULL), EXIT_OK);

    assert_non_null(strstr(t->err, "ours.key has no password and others may read it"));
}

static void keygen_never_overwrites_and_keeps_the_secret_private(void **state) {
    struct pack_tool *t = *state;
    struct stat st;
    make_key(t, "ours");
    char *before = pack_tool_read(pack_tool_path(t, "ours.key"));

    assert_int_equal(pack_tool_run(t, keygen_main, "keygen", "--no-password", "--out",
                                   pack_tool_path(t, "ours"), NULL),
                     EXIT_FAILED);
    assert_non_null(strstr(t->err, "not overwritten"));
    /* Nor does it leave a secret behind when only the public half is taken. */
    unlink(pack_tool_path(t, "ours.key"));
    assert_int_equal(pack_tool_run(t, keygen_main, "keygen", "--no-password", "--out",
                                   pack_tool_path(t, "ours"), NULL),
                     EXIT_FAILED);
    assert_int_not_equal(stat(pack_tool_path(t, "ours.key"), &st), 0);
    pack_tool_write(t, "ours.key", before);
    free(before);

    make_key(t, "fresh");
    assert_int_equal(stat(pack_tool_path(t, "fresh.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void only_an_intact_pack_is_signed(void **state) {
    struct pack_tool *t = *state;
    make_key(t, "ours");
    const char *text = pack_tool_write(t, "letter.txt", "Dear devices, please obey.");

    assert_int_equal(
        pack_tool_run(t, sign_main, "sign", "--key", pack_tool_path(t, "ours.key"), text, NULL),
        EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "letter.txt"));
    assert_int_not_equal(access(pack_tool_path(t, "letter.txt.minisig"), F_OK), 0);
}

static void each_wrong_command_line_is_refused_with_a_hint(void **state) {
    struct pack_tool *t = *state;
    const char *pack = some_pack(t, "m.pack");

    assert_int_equal(pack_tool_run(t, keygen_main, "keygen", NULL), EXIT_USAGE);
    assert_non_null(strstr(t->err, "--out"));
    assert_int_equal(pack_tool_run(t, keygen_main, "keygen", "--out", "x", "--no-password",
                                   "--password-file", "y", NULL),
                     EXIT_USAGE);
    assert_int_equal(pack_tool_run(t, keygen_main, "keygen", "--out", "x", "more", NULL),
                     EXIT_USAGE);
    assert_int_equal(pack_tool_run(t, sign_main, "sign", pack, NULL), EXIT_USAGE);
    assert_non_null(strstr(t->err, "--key"));
    assert_int_equal(pack_tool_run(t, sign_main, "sign", "--key", "x", NULL), EXIT_USAGE);
    assert_int_equal(pack_tool_run(t, sign_main, "sign", "--key", NULL), EXIT_USAGE);
    assert_int_equal(pack_tool_run(t, verify_main, "verify", "--bad", NULL), EXIT_USAGE);
    assert_non_null(strstr(t->err, "--bad"));
    assert_int_equal(
        pack_tool_run(t, sign_main, "sign", "--key", pack_tool_path(t, "none.key"), pack, NULL),
        EXIT_FAILED);
    assert_non_null(strstr(t->err, "none.key"));
    assert_int_equal(pack_tool_run(t, verify_main, "verify", "--key", pack, pack, NULL),
                     EXIT_INTEGRITY);
    assert_int_equal(pack_tool_run(t, keygen_main, "keygen", "--password-file",
                                   pack_tool_path(t, "none"), "--out", pack_tool_path(t, "k"),
                                   NULL),
                     EXIT_FAILED);
    assert_int_equal(pack_tool_run(t, keygen_main, "keygen", "--password-file",
                                   pack_tool_write(t, "empty", "\n"), "--out",
                                   pack_tool_path(t, "k"), NULL),
                     EXIT_FAILED);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, pack_tool_setup, pack_tool_teardown)

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        IN_FOLDER(minisign_verifies_what_we_sign),
        IN_FOLDER(we_verify_what_minisign_signs),
        IN_FOLDER(we_sign_with_a_key_of_minisign_and_minisign_with_ours),
        IN_FOLDER(encrypted_key_opens_with_its_password_only),
        IN_FOLDER(every_damaged_byte_of_a_secret_key_is_noticed),
        IN_FOLDER(another_key_and_an_altered_pack_are_refused),
        IN_FOLDER(a_refusal_outweighs_what_fails_after_it),
        IN_FOLDER(what_is_no_key_is_malformed_input),
        IN_FOLDER(a_readable_key_without_a_password_is_warned_of),
        IN_FOLDER(keygen_never_overwrites_and_keeps_the_secret_private),
        IN_FOLDER(only_an_intact_pack_is_signed),
        IN_FOLDER(each_wrong_command_line_is_refused_with_a_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
