/* send: the two ways out. Called by main.c. */
#ifndef SOTTO_UPLOAD_SEND_H
#define SOTTO_UPLOAD_SEND_H

#include "tools/sotto-upload/outgoing.h"

enum send_result {
    SEND_DONE,   /* it has arrived */
    SEND_AGAIN,  /* not now */
    SEND_REFUSED /* never: the other side says that it is no report */
};

struct send_https; /* NULL: by files */

/* `url` must be https, or http to this machine's loopback. `ca_file` NULL: the system's
 * authorities. NULL with *err. */
struct send_https *send_https_open(const char *url, const char *ca_file, unsigned timeout_s,
                                   struct sotto_error *err);
/* POSTs the stored bytes. *why tells a failure; valid until the next call. */
enum send_result send_https(struct send_https *s, const struct outgoing_report *report,
                            const char **why);
void send_https_close(struct send_https *s);

/* Puts the stored bytes into a folder as DEVICE-NAME, complete under that name or not there. */
enum send_result send_file(int folder, const struct outgoing_report *report, const char **why);

#endif
