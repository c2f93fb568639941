/* keyfile: signing keys in minisign's file formats (https://jedisct1.github.io/minisign/), so that
 * the stock tool and ours can use each other's keys and signatures. The only tool source that
 * includes sodium.h: it needs scrypt, which the device does not. Secrets stay in locked memory and
 * are wiped. Called by sign.c. */
#ifndef SOTTO_PACK_KEYFILE_H
#define SOTTO_PACK_KEYFILE_H

#include "base/base.h"

#define KEYFILE_ID_BYTES      8
#define KEYFILE_PUBLIC_TEXT   57 /* 56 base64 characters and a NUL */
#define KEYFILE_PASSWORD_MAX  1024
#define KEYFILE_SIGNATURE_MAX 2048 /* of a .minisig file */
#define KEYFILE_COMMENT_MAX   1024

/* An opened secret key. */
struct keyfile_secret;

/* Makes a key pair and writes BASE.key (0600) and BASE.pub (0644), neither of which may exist.
 * `password` NULL: the secret is not encrypted, like `minisign -G -W`. Writes the public key's text
 * to `public_text`. */
int keyfile_generate(const char *base, const char *password, char public_text[KEYFILE_PUBLIC_TEXT],
                     struct sotto_error *err) MUST_CHECK;

/* Whether the secret key at `path` needs a password: 1, 0, or a negative status. */
int keyfile_is_encrypted(const char *path, struct sotto_error *err) MUST_CHECK;
/* Whether others than its owner may read the file at `path`: 1 or 0. */
int keyfile_is_exposed(const char *path);
/* Opens a secret key; `password` NULL for an unencrypted one. SOTTO_E_KEY for a wrong password (or
 * a damaged key behind one: they look alike) or none where one is needed, SOTTO_E_FORMAT for a
 * damaged file. Release with keyfile_close. */
int keyfile_open(struct keyfile_secret **key, const char *path, const char *password,
                 struct sotto_error *err) MUST_CHECK;
void keyfile_close(struct keyfile_secret *key); /* wipes; NULL is allowed */

/* Reads a public key: the path of a .pub file, or the 56 characters themselves. SOTTO_E_FORMAT when
 * it is none. */
int keyfile_public(const char *path_or_text, char public_text[KEYFILE_PUBLIC_TEXT],
                   struct sotto_error *err) MUST_CHECK;

/* Signs bytes (prehashed, `ED`): the text of a .minisig file. `comment` becomes the trusted
 * comment: one line of printable UTF-8, tabs allowed. */
int keyfile_sign(const struct keyfile_secret *key, const void *bytes, size_t n, const char *comment,
                 char text[KEYFILE_SIGNATURE_MAX], struct sotto_error *err) MUST_CHECK;

#endif
