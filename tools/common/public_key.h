/* public_key: a public key as people give it, itself or its file. Called by sotto and sottod. */
#ifndef SOTTO_PUBLIC_KEY_H
#define SOTTO_PUBLIC_KEY_H

#include "sotto.h"

#define PUBLIC_KEY_CHARS 56

/* A key itself is 56 characters; anything else names a file whose last line is one. */
int public_key_text(char text[PUBLIC_KEY_CHARS + 1], const char *given,
                    struct sotto_error *err) SOTTO_MUST_CHECK;

#endif
