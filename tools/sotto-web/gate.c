/* gate: see gate.h. */
#include "tools/sotto-web/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int gate_lists(const char *list, const char *word) {
    size_t n = strlen(word);
    while (n > 0 && *list) {
        list += strspn(list, " \t,");
        size_t length = strcspn(list, " \t,");
        if (length == n && memcmp(list, word, n) == 0) return 1;
        list += length;
    }
    return 0;
}

/* DNS rebinding makes a foreign page's own name lead here; the name gives it away. */
static int is_our_host(const struct gate *g, const char *host) {
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    char ours[32];
    for (size_t i = 0; host && i < sizeof names / sizeof names[0]; i++) {
        snprintf(ours, sizeof ours, "%s:%u", names[i], (unsigned)g->port);
        if (strcmp(host, ours) == 0) return 1;
    }
    return 0;
}

/* Takes as long for a token that is nearly right as for any other. */
static int has_token(const struct gate *g, const char *authorization) {
    static const char scheme[] = "Bearer ";
    unsigned difference = 0;
    if (!authorization || strncmp(authorization, scheme, sizeof scheme - 1) != 0) return 0;
    const char *given = authorization + sizeof scheme - 1;
    if (strlen(given) != GATE_TOKEN_BYTES - 1) return 0;
    for (size_t i = 0; i < GATE_TOKEN_BYTES - 1; i++)
        difference |= (unsigned)(unsigned char)given[i] ^ (unsigned)(unsigned char)g->token[i];
    return difference == 0;
}

static int is_json(const char *type) {
    static const char json[] = "application/json";
    if (!type || strncasecmp(type, json, sizeof json - 1) != 0) return 0;
    type += sizeof json - 1;
    return *type == '\0' || strcasecmp(type, "; charset=utf-8") == 0 ||
           strcasecmp(type, ";charset=utf-8") == 0;
}

static enum gate_what refuse(unsigned *status, const char **why, unsigned code, const char *text) {
    *status = code;
    *why = text;
    return GATE_REFUSED;
}

static enum gate_what judge_rpc(const struct gate *g, const struct gate_request *r,
                                unsigned *status, const char **why) {
    char *end = NULL;
    if (strcmp(r->method, "POST") != 0) return refuse(status, why, 405, "/rpc takes POST");
    if (!r->origin) return refuse(status, why, 403, "Origin is missing");
    if (!is_json(r->content_type))
        return refuse(status, why, 415, "Content-Type must be application/json");
    if (!has_token(g, r->authorization))
        return refuse(status, why, 401, "Authorization: Bearer TOKEN is missing or wrong");
    if (r->transfer_encoding || !r->content_length)
        return refuse(status, why, 411, "Content-Length is missing");
    unsigned long long n = strtoull(r->content_length, &end, 10);
    if (end == r->content_length || *end)
        return refuse(status, why, 400, "Content-Length is wrong");
    if (n > GATE_BODY_MAX) return refuse(status, why, 413, "a request has at most 65536 bytes");
    return GATE_RPC;
}

enum gate_what gate_judge(const struct gate *g, const struct gate_request *r, unsigned *status,
                          const char **why) {
    int is_rpc = strcmp(r->path, "/rpc") == 0, is_events = strcmp(r->path, "/events") == 0;
    if (!is_our_host(g, r->host))
        return refuse(status, why, 403, "Host must be this machine's loopback name and port");
    if (r->origin && !gate_lists(g->origins, r->origin))
        return refuse(status, why, 403, "this Origin is not allowed");
    if ((is_rpc || is_events) && strcmp(r->method, "OPTIONS") == 0)
        return r->origin ? GATE_PREFLIGHT : refuse(status, why, 403, "Origin is missing");
    if (is_rpc) return judge_rpc(g, r, status, why);
    if (strcmp(r->method, "GET") != 0) return refuse(status, why, 405, "this takes GET");
    if (!is_events) return GATE_PAGE;
    /* A page of our own sends no Origin with GET; the browser tells where it is from. */
    if (!r->origin && r->fetch_site && strcmp(r->fetch_site, "same-origin") != 0)
        return refuse(status, why, 403, "this page is from elsewhere");
    if (!has_token(g, r->authorization))
        return refuse(status, why, 401, "Authorization: Bearer TOKEN is missing or wrong");
    return GATE_EVENTS;
}
