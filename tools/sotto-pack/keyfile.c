/* keyfile: minisign's public, secret and signature files. See keyfile.h.
 *
 * A secret key is base64 of 158 bytes: "Ed", "Sc" or two zeros (how it is encrypted), "B2" (how it
 * is checked), salt 32, opslimit 8, memlimit 8, then 104 bytes xored with scrypt's output when
 * encrypted: key id 8, Ed25519 secret key 64, BLAKE2b-256 of ("Ed" ‖ key id ‖ secret key), which
 * minisign leaves zero when not encrypted. */
#include "tools/sotto-pack/keyfile.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "crypto/crypto.h"
#include "tools/sotto-pack/pack_write.h"

enum {
    SECRET_RAW = 158,
    AT_KDF = 2,
    AT_CHECK = 4,
    AT_SALT = 6,
    AT_OPS = 38,
    AT_MEM = 46,
    AT_SEALED = 54,
    SEALED_BYTES = 104,
    PUBLIC_RAW = 42,
    SIGNATURE_RAW = 74,
    FILE_MAX = 4096
};
/* What a foreign key file may ask of this machine; minisign itself asks 2^25 and 2^30. */
#define OPS_MAX (1ull << 28)
#define MEM_MAX (1ull << 32)

struct keyfile_secret {
    uint8_t id[KEYFILE_ID_BYTES];
    uint8_t secret[SIGN_SECRET_BYTES];
    uint8_t check[HASH_BYTES];
};
_Static_assert(sizeof(struct keyfile_secret) == SEALED_BYTES, "laid out as in the file");

static void key_check(uint8_t check[HASH_BYTES], const struct keyfile_secret *key) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)"Ed", 2);
    crypto_generichash_update(&state, key->id, sizeof key->id);
    crypto_generichash_update(&state, key->secret, sizeof key->secret);
    crypto_generichash_final(&state, check, HASH_BYTES);
    wipe(&state, sizeof state);
}

/* Xors the sealed part with the password's stream; its own inverse. */
static int crypt(uint8_t sealed[SEALED_BYTES], const char *password, const uint8_t *raw,
                 struct sotto_error *err) {
    uint8_t *stream = locked_alloc(SEALED_BYTES);
    int status = SOTTO_OK;
    if (!stream || crypto_pwhash_scryptsalsa208sha256(
                       stream, SEALED_BYTES, password, strlen(password), raw + AT_SALT,
                       load64(raw + AT_OPS), (size_t)load64(raw + AT_MEM)) != 0)
        status =
            fail(err, SOTTO_E_MEMORY,
                 "deriving the key from the password needs %llu MiB of memory, which this machine "
                 "does not give",
                 (unsigned long long)(load64(raw + AT_MEM) >> 20));
    for (int i = 0; status == SOTTO_OK && i < SEALED_BYTES; i++) sealed[i] ^= stream[i];
    locked_free(stream);
    return status;
}

static void to_base64(char *text, size_t cap, const uint8_t *raw, size_t n) {
    sodium_bin2base64(text, cap, raw, n, sodium_base64_VARIANT_ORIGINAL);
}

static unsigned long long printed_id(const uint8_t id[KEYFILE_ID_BYTES]) {
    return (unsigned long long)load64(id); /* as minisign prints it */
}

static int write_public(const char *base, const struct keyfile_secret *key,
                        char public_text[KEYFILE_PUBLIC_TEXT], struct sotto_error *err) {
    uint8_t raw[PUBLIC_RAW];
    char path[4096], text[256];
    memcpy(raw, "Ed", 2);
    memcpy(raw + 2, key->id, KEYFILE_ID_BYTES);
    memcpy(raw + 10, key->secret + SIGN_SEED_BYTES,
           SIGN_PUBLIC_BYTES); /* libsodium: seed ‖ public */
    to_base64(public_text, KEYFILE_PUBLIC_TEXT, raw, sizeof raw);
    snprintf(path, sizeof path, "%s.pub", base);
    int n = snprintf(text, sizeof text, "untrusted comment: minisign public key %016llX\n%s\n",
                     printed_id(key->id), public_text);
    return packfile_create(path, text, (size_t)n, 0644, err);
}

static int write_secret(const char *path, const struct keyfile_secret *key, const char *password,
                        struct sotto_error *err) {
    uint8_t *raw = locked_alloc(SECRET_RAW);
    char *text = locked_alloc(FILE_MAX);
    int status = SOTTO_OK;
    if (!raw || !text) {
        status = fail(err, SOTTO_E_MEMORY, "no locked memory for a key: raise `ulimit -l`");
    } else {
        memcpy(raw, "Ed", 2);
        memcpy(raw + AT_CHECK, "B2", 2);
        memcpy(raw + AT_SEALED, key, SEALED_BYTES);
        if (password) {
            memcpy(raw + AT_KDF, "Sc", 2);
            randombytes_buf(raw + AT_SALT, 32);
            store64(raw + AT_OPS, crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE);
            store64(raw + AT_MEM, crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE);
            status = crypt(raw + AT_SEALED, password, raw, err);
        }
    }
    if (status == SOTTO_OK) {
        int n = snprintf(text, FILE_MAX, "untrusted comment: minisign %ssecret key\n",
                         password ? "encrypted " : "");
        to_base64(text + n, (size_t)(FILE_MAX - n), raw, SECRET_RAW);
        size_t length = strlen(text);
        text[length++] = '\n';
        status = packfile_create(path, text, length, 0600, err);
    }
    locked_free(raw);
    locked_free(text);
    return status;
}

int keyfile_generate(const char *base, const char *password, char public_text[KEYFILE_PUBLIC_TEXT],
                     struct sotto_error *err) {
    char path[4096], public_path[4096];
    int length = snprintf(path, sizeof path, "%s.key", base);
    snprintf(public_path, sizeof public_path, "%s.pub", base);
    if (length < 0 || (size_t)length >= sizeof path)
        return fail(err, SOTTO_E_ARGUMENT, "a path is longer than %zu bytes", sizeof path - 5);
    FILE *taken = fopen(public_path, "re");
    if (taken) {
        fclose(taken);
        return fail(err, SOTTO_E_STATE,
                    "%s exists already and is not overwritten: choose another name", public_path);
    }
    struct keyfile_secret *key = locked_alloc(sizeof *key);
    uint8_t *seed = locked_alloc(SIGN_SEED_BYTES);
    int status = SOTTO_OK;
    if (!key || !seed) {
        status = fail(err, SOTTO_E_MEMORY, "no locked memory for a key: raise `ulimit -l`");
    } else {
        uint8_t public_key[SIGN_PUBLIC_BYTES];
        randombytes_buf(seed, SIGN_SEED_BYTES);
        randombytes_buf(key->id, sizeof key->id);
        sign_keypair(public_key, key->secret, seed);
        key_check(key->check, key);
        status = write_secret(path, key, password, err);
        if (status == SOTTO_OK) {
            status = write_public(base, key, public_text, err);
            if (status != SOTTO_OK)
                remove(path); /* a secret without its public half is of no use */
        }
    }
    locked_free(seed);
    locked_free(key);
    return status;
}

/* Finds the base64 line of a key file: the second one, or the only one. NULL if there is none. */
static char *payload(char *text) {
    char *line = text;
    if (strncmp(text, "untrusted comment: ", 19) == 0) {
        line = strchr(text, '\n');
        if (!line) return NULL;
        line++;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return line;
}

/* A key file is two lines; what is longer is something else. */
static int read_key_file(const char *path, uint8_t **text, size_t *n, struct sotto_error *err) {
    int status = packfile_read(path, FILE_MAX, text, n, err);
    if (status == SOTTO_E_LIMIT)
        status = fail(err, SOTTO_E_FORMAT, "%s is no minisign key: it is longer than %d bytes",
                      path, FILE_MAX);
    return status;
}

/* Reads the raw 158 bytes into locked memory. */
static int read_secret(uint8_t **raw, const char *path, struct sotto_error *err) {
    uint8_t *text;
    size_t n, got = 0;
    *raw = NULL;
    int status = read_key_file(path, &text, &n, err);
    if (status != SOTTO_OK) return status;
    char *line = strlen((char *)text) == n ? payload((char *)text) : NULL;
    *raw = locked_alloc(SECRET_RAW);
    if (!*raw)
        status = fail(err, SOTTO_E_MEMORY, "no locked memory for a key: raise `ulimit -l`");
    else if (!line ||
             sodium_base642bin(*raw, SECRET_RAW, line, strlen(line), NULL, &got, NULL,
                               sodium_base64_VARIANT_ORIGINAL) != 0 ||
             got != SECRET_RAW || memcmp(*raw, "Ed", 2) != 0 ||
             (memcmp(*raw + AT_KDF, "Sc", 2) != 0 && memcmp(*raw + AT_KDF, "\0\0", 2) != 0) ||
             memcmp(*raw + AT_CHECK, "B2", 2) != 0)
        status =
            fail(err, SOTTO_E_FORMAT,
                 "%s is not a minisign secret key, or it is damaged: take it from a backup", path);
    else if (load64(*raw + AT_OPS) > OPS_MAX || load64(*raw + AT_MEM) > MEM_MAX)
        status = fail(err, SOTTO_E_FORMAT, "%s asks for too much work to be opened: it is damaged",
                      path);
    wipe(text, n);
    free(text);
    if (status != SOTTO_OK) {
        locked_free(*raw);
        *raw = NULL;
    }
    return status;
}

/* Whether what was opened is the key that was written. minisign leaves the check of an unencrypted
 * key at zero; then the public half must be the one that follows from the seed. */
static int is_intact(const struct keyfile_secret *key, int is_encrypted) {
    static const uint8_t none[HASH_BYTES];
    uint8_t check[HASH_BYTES], public_key[SIGN_PUBLIC_BYTES];
    if (is_encrypted || !equal_ct(key->check, none, sizeof none)) {
        key_check(check, key);
        return equal_ct(check, key->check, sizeof check);
    }
    uint8_t *secret = locked_alloc(SIGN_SECRET_BYTES);
    if (!secret) return 0;
    sign_keypair(public_key, secret, key->secret);
    int is_same = equal_ct(secret, key->secret, SIGN_SECRET_BYTES);
    locked_free(secret);
    return is_same;
}

int keyfile_is_encrypted(const char *path, struct sotto_error *err) {
    uint8_t *raw;
    int status = read_secret(&raw, path, err);
    if (status != SOTTO_OK) return status;
    int is_encrypted = raw[AT_KDF] != 0;
    locked_free(raw);
    return is_encrypted;
}

int keyfile_is_exposed(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH));
}

int keyfile_open(struct keyfile_secret **key, const char *path, const char *password,
                 struct sotto_error *err) {
    uint8_t *raw;
    *key = NULL;
    int status = read_secret(&raw, path, err);
    if (status != SOTTO_OK) return status;
    int is_encrypted = raw[AT_KDF] != 0;
    if (is_encrypted && !password)
        status = fail(err, SOTTO_E_KEY, "%s is encrypted: give its password", path);
    else if (is_encrypted)
        status = crypt(raw + AT_SEALED, password, raw, err);
    if (status == SOTTO_OK && !(*key = locked_alloc(sizeof **key)))
        status = fail(err, SOTTO_E_MEMORY, "no locked memory for a key: raise `ulimit -l`");
    if (status == SOTTO_OK) {
        memcpy(*key, raw + AT_SEALED, SEALED_BYTES);
        if (!is_intact(*key, is_encrypted))
            status =
                fail(err, is_encrypted ? SOTTO_E_KEY : SOTTO_E_FORMAT,
                     is_encrypted ? "%s cannot be opened: the password is wrong, or the file is "
                                    "damaged"
                                  : "%s is damaged: take it from a backup",
                     path);
    }
    locked_free(raw);
    if (status != SOTTO_OK) {
        keyfile_close(*key);
        *key = NULL;
    }
    return status;
}

void keyfile_close(struct keyfile_secret *key) { locked_free(key); }

int keyfile_public(const char *path_or_text, char public_text[KEYFILE_PUBLIC_TEXT],
                   struct sotto_error *err) {
    uint8_t raw[PUBLIC_RAW], *text = NULL;
    size_t n;
    const char *line = path_or_text;
    if (strlen(path_or_text) != KEYFILE_PUBLIC_TEXT - 1 || strncmp(path_or_text, "RW", 2) != 0) {
        int status = read_key_file(path_or_text, &text, &n, err);
        if (status != SOTTO_OK) return status;
        line = strlen((char *)text) == n ? payload((char *)text) : NULL;
    }
    int status = SOTTO_OK;
    if (!line || strlen(line) != KEYFILE_PUBLIC_TEXT - 1 ||
        base64_decode(raw, sizeof raw, line, KEYFILE_PUBLIC_TEXT - 1) != 0 ||
        memcmp(raw, "Ed", 2) != 0)
        status = fail(
            err, SOTTO_E_FORMAT,
            "%.200s is not a minisign public key: give a .pub file or the 56 characters of its "
            "second line",
            path_or_text);
    else
        memcpy(public_text, line, KEYFILE_PUBLIC_TEXT);
    free(text);
    return status;
}

/* One printable line; minisign's own comments hold tabs. */
static int is_comment(const char *s) {
    for (; *s; s++) {
        size_t n = strcspn(s, "\t");
        if (!utf8_is_printable(s, n)) return 0;
        s += n;
        if (!*s) return 1;
    }
    return 1;
}

int keyfile_sign(const struct keyfile_secret *key, const void *bytes, size_t n, const char *comment,
                 char text[KEYFILE_SIGNATURE_MAX], struct sotto_error *err) {
    uint8_t raw[SIGNATURE_RAW], digest[64], global[SIGN_BYTES];
    uint8_t message[SIGN_BYTES + KEYFILE_COMMENT_MAX];
    char signature[128], global_text[128];
    size_t comment_n = strlen(comment);
    if (comment_n > KEYFILE_COMMENT_MAX || !is_comment(comment))
        return fail(err, SOTTO_E_ARGUMENT,
                    "a trusted comment must be one line of printable UTF-8 of at most %d bytes",
                    KEYFILE_COMMENT_MAX);
    hash512(digest, bytes, n);
    memcpy(raw, "ED", 2);
    memcpy(raw + 2, key->id, KEYFILE_ID_BYTES);
    sign(raw + 10, digest, sizeof digest, key->secret);
    memcpy(message, raw + 10, SIGN_BYTES);
    memcpy(message + SIGN_BYTES, comment, comment_n);
    sign(global, message, SIGN_BYTES + comment_n, key->secret);
    to_base64(signature, sizeof signature, raw, sizeof raw);
    to_base64(global_text, sizeof global_text, global, sizeof global);
    snprintf(
        text, KEYFILE_SIGNATURE_MAX,
        "untrusted comment: signature from a minisign secret key\n%s\ntrusted comment: %s\n%s\n",
        signature, comment, global_text);
    return SOTTO_OK;
}
