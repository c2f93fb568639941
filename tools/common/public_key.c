/* public_key: see public_key.h. */
#include "tools/common/public_key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

int public_key_text(char text[PUBLIC_KEY_CHARS + 1], const char *given, struct sotto_error *err) {
    char line[256], last[256] = "";
    if (strlen(given) == PUBLIC_KEY_CHARS && !strchr(given, '.')) {
        memcpy(text, given, PUBLIC_KEY_CHARS + 1);
        return SOTTO_OK;
    }
    FILE *f = fopen(given, "re");
    if (!f)
        return fail(err, SOTTO_E_IO, "%.150s: %s; give a public key of 56 characters or its file",
                    given, strerror(errno));
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0]) memcpy(last, line, sizeof last);
    }
    fclose(f);
    if (strlen(last) != PUBLIC_KEY_CHARS)
        return fail(err, SOTTO_E_FORMAT, "%.150s: its last line is no public key of 56 characters",
                    given);
    memcpy(text, last, PUBLIC_KEY_CHARS + 1);
    return SOTTO_OK;
}
