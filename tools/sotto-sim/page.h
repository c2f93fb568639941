/* page: the demonstration as one HTML file that needs nothing else: no script, no font, no picture
 * from elsewhere. Each section is a file of its own. Called by main.c and the tests. */
#ifndef SOTTO_SIM_PAGE_H
#define SOTTO_SIM_PAGE_H

#include <stdio.h>
#include "tools/sotto-sim/findings.h"

/* Writes the whole page. */
void page_write(FILE *to, const struct findings *found);

/* Its parts, in order. Each writes a <section>, or a sentence that says what was not measured. */
void page_style(FILE *to);                                 /* page_style.c */
void page_screens(FILE *to, const struct findings *found); /* page_screens.c */
void page_quality(FILE *to, const struct findings *found); /* page_charts.c */
void page_counts(FILE *to, const struct findings *found);
void page_disk(FILE *to, const struct findings *found); /* page_disk.c */
void page_spending(FILE *to, const struct findings *found);
void page_plain_words(FILE *to, const struct findings *found);

#endif
