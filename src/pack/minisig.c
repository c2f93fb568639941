/* minisig: verifies detached minisign signatures (https://jedisct1.github.io/minisign/). Only the
 * prehashed algorithm `ED` is believed: the legacy one would need the whole file in one message.
 * The text is parsed without copying; nothing of it is used unless both signatures hold. */
#include "pack/pack.h"

#include "crypto/crypto.h"

enum {
    KEY_TEXT = 56,  /* base64 of algorithm 2 ‖ key id 8 ‖ public key 32 */
    SIG_TEXT = 100, /* base64 of algorithm 2 ‖ key id 8 ‖ signature 64 */
    GLOBAL_TEXT = 88,
    KEY_RAW = 42,
    SIG_RAW = 74,
    COMMENT_MAX = 1024
};

struct line {
    const char *s;
    size_t n;
};

/* Takes one line off [*at, end), without its line break. Returns 0 when nothing is left. */
static int take_line(const char **at, const char *end, struct line *line) {
    if (*at >= end) return 0;
    const char *nl = memchr(*at, '\n', (size_t)(end - *at));
    line->s = *at;
    line->n = (size_t)((nl ? nl : end) - *at);
    if (line->n && line->s[line->n - 1] == '\r') line->n--;
    *at = nl ? nl + 1 : end;
    return 1;
}

static int has_prefix(const struct line *line, const char *prefix) {
    size_t n = strlen(prefix);
    return line->n >= n && memcmp(line->s, prefix, n) == 0;
}

int minisig_verify(const char *key, const uint8_t *bytes, size_t n, const char *sig, size_t sig_n,
                   const char *path, struct sotto_error *err) {
    uint8_t key_raw[KEY_RAW], sig_raw[SIG_RAW], global[SIGN_BYTES];
    uint8_t message[SIGN_BYTES + COMMENT_MAX], digest[64];
    struct line untrusted, signature, trusted, global_line, extra;
    const char *at = sig, *end = sig + sig_n;
    static const char trusted_prefix[] = "trusted comment: ";

    if (!key || strlen(key) != KEY_TEXT || base64_decode(key_raw, KEY_RAW, key, KEY_TEXT) != 0 ||
        memcmp(key_raw, "Ed", 2) != 0)
        return fail(err, SOTTO_E_ARGUMENT,
                    "the public key for %s is not a minisign key: give the 56 characters of the "
                    "second line of the .pub file",
                    path);
    if (!take_line(&at, end, &untrusted) || !take_line(&at, end, &signature) ||
        !take_line(&at, end, &trusted) || !take_line(&at, end, &global_line) ||
        take_line(&at, end, &extra) || !has_prefix(&untrusted, "untrusted comment: ") ||
        !has_prefix(&trusted, trusted_prefix) || signature.n != SIG_TEXT ||
        global_line.n != GLOBAL_TEXT ||
        base64_decode(sig_raw, SIG_RAW, signature.s, SIG_TEXT) != 0 ||
        base64_decode(global, SIGN_BYTES, global_line.s, GLOBAL_TEXT) != 0)
        return fail(err, SOTTO_E_SIGNATURE,
                    "%s.minisig is not a minisign signature: sign the pack again with "
                    "`sotto-pack sign` or `minisign -S`",
                    path);
    if (memcmp(sig_raw, "ED", 2) != 0)
        return fail(err, SOTTO_E_SIGNATURE,
                    "%s.minisig uses an algorithm other than prehashed ED: sign again without -l",
                    path);
    if (memcmp(sig_raw + 2, key_raw + 2, 8) != 0)
        return fail(err, SOTTO_E_SIGNATURE,
                    "%s was signed by another key than the one configured for its role", path);

    size_t comment_n = trusted.n - (sizeof trusted_prefix - 1);
    if (comment_n > COMMENT_MAX)
        return fail(err, SOTTO_E_SIGNATURE, "%s.minisig has a trusted comment over %d bytes", path,
                    COMMENT_MAX);
    hash512(digest, bytes, n);
    if (sign_verify(sig_raw + 10, digest, sizeof digest, key_raw + 10) != 0)
        return fail(err, SOTTO_E_SIGNATURE,
                    "the signature of %s does not fit its content: it was damaged or altered; "
                    "install it again",
                    path);
    memcpy(message, sig_raw + 10, SIGN_BYTES);
    memcpy(message + SIGN_BYTES, trusted.s + sizeof trusted_prefix - 1, comment_n);
    if (sign_verify(global, message, SIGN_BYTES + comment_n, key_raw + 10) != 0)
        return fail(err, SOTTO_E_SIGNATURE,
                    "the trusted comment in %s.minisig was altered; install the pack again", path);
    return SOTTO_OK;
}
