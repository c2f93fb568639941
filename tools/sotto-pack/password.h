/* password: asks a person, or reads a file. Called by sign.c. */
#ifndef SOTTO_PACK_PASSWORD_H
#define SOTTO_PACK_PASSWORD_H

#include "base/base.h"

/* Both return the password in locked memory (release with locked_free) or NULL with *err filled. */
/* From the terminal without echo; `twice` asks again and compares. */
char *password_ask(const char *prompt, int twice, struct sotto_error *err);
/* The first line of a file, without its line break; 1 to KEYFILE_PASSWORD_MAX bytes. */
char *password_read(const char *path, struct sotto_error *err);

#endif
