/* maps: lines of /proc/PID/maps and smaps. */
#ifndef SOTTO_TEST_MAPS_H
#define SOTTO_TEST_MAPS_H

#include <stdlib.h>

/* Whether a line begins a mapping, and then where that begins and ends. */
static inline int maps_line(const char *line, unsigned long *from, unsigned long *to) {
    char *dash, *rest;
    unsigned long first = strtoul(line, &dash, 16);
    if (dash == line || *dash != '-') return 0;
    unsigned long end = strtoul(dash + 1, &rest, 16);
    if (*rest != ' ') return 0;
    *from = first;
    *to = end;
    return 1;
}

#endif
