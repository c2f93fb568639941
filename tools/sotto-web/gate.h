/* gate: who may pass. Pure: a request's headers in, an HTTP status out. A web page from elsewhere,
 * a name that an attacker's DNS points here, a form, another user's program: each fails at one
 * check at least. Called by web.c. */
#ifndef SOTTO_WEB_GATE_H
#define SOTTO_WEB_GATE_H

#include <stddef.h>
#include <stdint.h>

#define GATE_TOKEN_BYTES 65 /* 64 hexadecimal digits and a NUL */
#define GATE_BODY_MAX    65536

struct gate {
    uint16_t port;
    const char *origins; /* separated by spaces; exact */
    char token[GATE_TOKEN_BYTES];
};

/* What a request says of itself; NULL where a header is missing. */
struct gate_request {
    const char *method, *path, *host, *origin, *content_type, *content_length, *transfer_encoding,
        *authorization, *fetch_site;
};

enum gate_what {
    GATE_REFUSED,
    GATE_RPC,       /* POST /rpc */
    GATE_EVENTS,    /* GET /events */
    GATE_PREFLIGHT, /* OPTIONS of either, from an allowed origin */
    GATE_PAGE       /* GET of anything else: a static file, no token needed */
};

/* What it may do; if refused, *status is the HTTP status and *why a sentence. */
enum gate_what gate_judge(const struct gate *g, const struct gate_request *r, unsigned *status,
                          const char **why);
/* Whether the word stands in the list. */
int gate_lists(const char *list, const char *word);

#endif
