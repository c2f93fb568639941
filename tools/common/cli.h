/* cli: what every host tool shares: exit codes, error lines, progress. */
#ifndef SOTTO_CLI_H
#define SOTTO_CLI_H

#include <stdint.h>
#include "sotto.h"

enum cli_exit {
    EXIT_OK = 0,
    EXIT_FAILED = 1,    /* anything not below */
    EXIT_USAGE = 2,     /* the command line is wrong */
    EXIT_REFUSED = 3,   /* privacy budget or consent says no */
    EXIT_INTEGRITY = 4, /* bad signature, tampered, malformed, expired or rolled back */
    EXIT_TEMPORARY = 5  /* storage full, busy or failing: try again */
};

/* The exit code that fits a sotto_status. */
int cli_exit_of(int status);
/* Prints "PROGRAM: message" on stderr and returns cli_exit_of(err->status). */
int cli_report(const char *program, const struct sotto_error *err);
/* The last thing every main does: output that did not reach its file is a failure, not a success.
 * Returns `code`, or EXIT_TEMPORARY after a message when standard output could not be written and
 * nothing else was wrong. */
int cli_flush(const char *program, int code);

/* A progress line on stderr, redrawn at most ten times a second, only on a terminal and only once
 * two seconds have passed: "training  [#####.....]  52 %  0:04 left". */
struct cli_progress {
    const char *label;
    uint64_t total, started_ms, drawn_ms;
    int is_visible;
};
/* `label` NULL shows nothing. */
void cli_progress_begin(struct cli_progress *p, const char *label, uint64_t total);
void cli_progress_to(struct cli_progress *p, uint64_t done);
void cli_progress_end(struct cli_progress *p); /* clears the line */

#endif
