/* html: writes markup in which no text can ever become markup. Called by the page_*.c files. */
#ifndef SOTTO_SIM_HTML_H
#define SOTTO_SIM_HTML_H

#include <stdint.h>
#include <stdio.h>

/* Writes `format` as it is, except that every %s is escaped (& < > " ' and bytes that are not
 * printable UTF-8, which become U+FFFD). Other conversions: %d int (a true minus sign, thin spaces
 * between thousands), %u unsigned, %c escaped char, %f with two decimals, %F with three, %n a
 * uint64_t with thin spaces between thousands, %% a per cent sign. */
void html(FILE *to, const char *format, ...);
/* Writes one text, escaped. */
void html_text(FILE *to, const char *text);

#endif
