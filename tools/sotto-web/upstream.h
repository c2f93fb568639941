/* upstream: the one conversation with sottod's ui socket. Every page that knows the token shares
 * it: one screen, one person. Called by web.c. */
#ifndef SOTTO_WEB_UPSTREAM_H
#define SOTTO_WEB_UPSTREAM_H

#include <stddef.h>

#define UPSTREAM_LINE_MAX (256u << 10)

struct upstream {
    const char *path;
    int fd; /* -1: not connected */
    char *bytes;
    size_t n;
    void (*told)(void *ctx, const char *line); /* a notification, without its newline */
    void *ctx;
};

/* Connects if need be, sends one line (with its newline) and waits for its reply, at most ten
 * seconds. The reply without newline, to be freed; NULL when sottod does not answer: then the
 * connection is closed, and what its sessions were is gone. */
char *upstream_ask(struct upstream *u, const char *line);
/* Connects and subscribes if need be. 0, or -1. */
int upstream_connect(struct upstream *u);
/* What came in unasked. */
void upstream_listen(struct upstream *u);
/* Ends the conversation, and with it every session that was begun in it. */
void upstream_close(struct upstream *u);

#endif
