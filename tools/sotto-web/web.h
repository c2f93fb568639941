/* web: the ui role of sottod for a browser on this machine: POST /rpc, GET /events, and the page's
 * files. Owns the HTTP server and the streams of events. Called by main.c. */
#ifndef SOTTO_WEB_WEB_H
#define SOTTO_WEB_WEB_H

#include "sotto.h"
#include "tools/sotto-web/gate.h"

struct web_config {
    struct gate gate;
    int is_ipv6; /* listens at ::1 instead of 127.0.0.1 */
    const char *socket;
    int folder; /* of the pages; -1: none */
    unsigned connections, timeout_s;
};

struct web;

/* Listens on loopback. The configuration must outlive it. NULL with *err. */
struct web *web_open(const struct web_config *config, struct sotto_error *err);
/* Waits at most so long for something to do, and does it; once a second also what is due. */
int web_run(struct web *w, int wait_ms);
void web_tick(struct web *w);
void web_close(struct web *w);

#endif
