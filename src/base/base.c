/* base: error sentences, packed strings and text checks. */
#include "base/base.h"

#include <stdio.h>

#undef fail /* the analyser's model of it */
int fail(struct sotto_error *err, int status, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        err->status = status;
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
    }
    return status;
}

const char *packed_string(const char *strings, unsigned index) {
    while (index-- > 0) strings += strlen(strings) + 1;
    return strings;
}

int utf8_is_printable(const char *text, size_t n) {
    const uint8_t *s = (const uint8_t *)text;
    size_t i = 0;
    while (i < n) {
        uint32_t c = s[i++], least;
        int more;
        if (c < 0x80) {
            more = 0, least = 0;
        } else if (c >> 5 == 6) {
            more = 1, least = 0x80, c &= 0x1f;
        } else if (c >> 4 == 14) {
            more = 2, least = 0x800, c &= 0x0f;
        } else if (c >> 3 == 30) {
            more = 3, least = 0x10000, c &= 0x07;
        } else {
            return 0;
        }
        for (; more > 0; more--) {
            if (i >= n || s[i] >> 6 != 2) return 0;
            c = c << 6 | (s[i++] & 0x3fu);
        }
        if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return 0;
        if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return 0;
    }
    return 1;
}
