/* html: see html.h. A formatter of our own, because with printf one forgotten escape is a hole. */
#include <stdarg.h>
#include <string.h>

#include "tools/sotto-sim/html.h"

/* How many bytes the well-formed UTF-8 sequence at `p` has (RFC 3629, printable), or 0. */
static size_t sequence(const unsigned char *p) {
    if (p[0] < 0x80) return p[0] >= 0x20 && p[0] != 0x7f;
    size_t n = p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
    if (p[0] > 0xf4 || n == 0) return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if (p[0] == 0xc2 && p[1] < 0xa0) return 0; /* C1 controls */
    if (p[0] == 0xe0 && p[1] < 0xa0) return 0; /* longer than needed */
    if (p[0] == 0xed && p[1] > 0x9f) return 0; /* surrogates */
    if (p[0] == 0xf0 && p[1] < 0x90) return 0;
    if (p[0] == 0xf4 && p[1] > 0x8f) return 0;
    return n;
}

void html_text(FILE *to, const char *text) {
    const unsigned char *p = (const unsigned char *)(text ? text : "");
    while (*p) {
        size_t n = sequence(p);
        if (n == 0) {
            fputs(*p == '\n' || *p == '\t' ? " " : "\xef\xbf\xbd", to);
            p++;
            continue;
        }
        switch (*p) {
        case '&': fputs("&amp;", to); break;
        case '<': fputs("&lt;", to); break;
        case '>': fputs("&gt;", to); break;
        case '"': fputs("&quot;", to); break;
        case '\'': fputs("&#39;", to); break;
        default: fwrite(p, 1, n, to);
        }
        p += n;
    }
}

static void grouped(FILE *to, uint64_t value) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0) fputs("\xe2\x80\xaf", to); /* U+202F, narrow no-break space */
        fputc(digits[i], to);
    }
}

void html(FILE *to, const char *format, ...) {
    va_list args;
    va_start(args, format);
    for (const char *p = format; *p; p++) {
        if (*p != '%') {
            fputc(*p, to);
            continue;
        }
        switch (*++p) {
        case 's': html_text(to, va_arg(args, const char *)); break;
        case 'd': {
            int value = va_arg(args, int);
            if (value < 0) fputs("\xe2\x88\x92", to); /* U+2212 */
            grouped(to, value < 0 ? 0u - (unsigned)value : (unsigned)value);
            break;
        }
        case 'u': fprintf(to, "%u", va_arg(args, unsigned)); break;
        case 'f': fprintf(to, "%.2f", va_arg(args, double)); break;
        case 'F': fprintf(to, "%.3f", va_arg(args, double)); break;
        case 'n': grouped(to, va_arg(args, uint64_t)); break;
        case 'c': html_text(to, (char[2]){(char)va_arg(args, int), 0}); break;
        case '%': fputc('%', to); break;
        case 0: p--; break;
        default: fputs("\xef\xbf\xbd", to); /* a mistake in a template shows */
        }
    }
    va_end(args);
}
