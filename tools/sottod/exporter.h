/* exporter: reports that may leave, as files for a process that has the network. Owns the outbox
 * folder's names: SEQUENCE.report, the report's bytes, complete under its name or not there; and
 * `cursor`, the last sequence that was written. Each report is written once; whether and when it is
 * taken away is sotto-upload's business. That one may write here too and speaks to strangers: what
 * it leaves behind can stop reports, not the daemon, and leads to no file elsewhere. Called by
 * service.c. */
#ifndef SOTTO_EXPORTER_H
#define SOTTO_EXPORTER_H

#include "sotto.h"

struct exporter {
    int folder; /* a file descriptor */
    uint64_t cursor, files_max;
    int is_lost; /* the cursor is damaged: nothing is written until somebody put it right */
    char message[SOTTO_MESSAGE_BYTES]; /* of the last failure; "": it works */
};

/* Opens the folder, which must be there, and reads its cursor; a damaged one is in
 * exporter_message, and read again at each run. A report whose file was being
 * written at a power cut is written again, with the same bytes. `files_max`: as long as so many
 * files wait, no more are added; they stay in the vault. */
int exporter_open(struct exporter *x, const char *folder, uint64_t files_max,
                  struct sotto_error *err) SOTTO_MUST_CHECK;
/* Writes what may leave by now; how many that were. A failure is in exporter_message and tried
 * again at the next call. */
uint64_t exporter_run(struct exporter *x, struct sotto *engine);
/* How many files wait in the folder. */
uint64_t exporter_waiting(const struct exporter *x);
const char *exporter_message(const struct exporter *x);
void exporter_close(struct exporter *x);

#endif
