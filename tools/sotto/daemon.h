/* daemon: asks sottod, which owns the vault while it runs. Called by the commands that look at the
 * device, before they open it themselves. */
#ifndef SOTTO_DAEMON_H
#define SOTTO_DAEMON_H

#include <jansson.h>

#include "sotto.h"

struct daemon {
    int fd; /* -1: nobody answers */
};

/* Connects to a socket of sottod. 1: it runs; 0: nobody listens there. */
int daemon_find(struct daemon *d, const char *socket);
/* One request. Takes params (NULL: none). The result, to be released; NULL with *err when it was
 * refused or nobody answers any more. */
json_t *daemon_ask(struct daemon *d, const char *method, json_t *params, struct sotto_error *err);
void daemon_leave(struct daemon *d);

#define DAEMON_OPERATOR_SOCKET "/run/sotto/operator.sock"
#define DAEMON_SUBJECT_SOCKET  "/run/sotto/subject.sock"

#endif
