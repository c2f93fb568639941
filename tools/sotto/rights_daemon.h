/* rights_daemon: see rights_daemon.c. Called by rights_main.c. */
#ifndef SOTTO_RIGHTS_DAEMON_H
#define SOTTO_RIGHTS_DAEMON_H

#include "tools/sotto/daemon.h"

#define RIGHTS_EXPORT_MAX (64u << 20)

/* What the command line said; NULL: nothing. */
struct rights_asked {
    const char *profile, *item, *group, *provider, *at, *purpose, *seal_to;
};

/* Asks for one verb and prints what comes of it; an export is in *bytes, to be wiped and freed.
 * SOTTO_E_ARGUMENT when sottod misses something. */
int rights_ask(struct daemon *d, const char *verb, const struct rights_asked *asked,
               uint8_t **bytes, size_t *n, struct sotto_error *err) SOTTO_MUST_CHECK;

#endif
