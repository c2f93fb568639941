/* outgoing: the files that sottod put into the outbox folder. Owns what becomes of them: `sent` or
 * gone once they have left, `refused` when they are no report or nobody wants them. Called by
 * main.c. */
#ifndef SOTTO_UPLOAD_OUTGOING_H
#define SOTTO_UPLOAD_OUTGOING_H

#include "sotto.h"

#define OUTGOING_NAME_BYTES 64
/* In one go; what is more waits for the next. */
#define OUTGOING_MAX 1000

struct outgoing_report {
    char name[OUTGOING_NAME_BYTES]; /* in the folder */
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t n;
    uint8_t device[8];
};

struct outgoing {
    int folder;
    uint64_t sent_max; /* files kept in `sent`; 0: they are deleted */
    char names[OUTGOING_MAX][OUTGOING_NAME_BYTES];
    size_t n;
};

int outgoing_open(struct outgoing *o, const char *folder, uint64_t sent_max,
                  struct sotto_error *err) SOTTO_MUST_CHECK;
/* Lists the names that end in .report, in order. 0, or -1 with errno. */
int outgoing_look(struct outgoing *o);
/* Reads one and holds it against the strict decoder, without its signature: the key is not here.
 * SOTTO_E_FORMAT: it is no report; SOTTO_E_IO: it cannot be read. */
int outgoing_read(const struct outgoing *o, size_t index, struct outgoing_report *report);
/* It has left: it is moved to `sent`, of which the oldest go, or deleted. 0, or -1 with errno: it
 * will be sent again, the same bytes. */
int outgoing_sent(const struct outgoing *o, size_t index);
/* It is no report, or was refused for good: it is moved to `refused`. */
int outgoing_refused(const struct outgoing *o, size_t index);
void outgoing_close(struct outgoing *o);

#endif
