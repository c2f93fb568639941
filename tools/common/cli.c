/* cli: see cli.h. */
#include "tools/common/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define QUIET_MS  2000
#define REDRAW_MS 100
#define BAR_CELLS 24

int cli_exit_of(int status) {
    switch ((enum sotto_status)status) {
    case SOTTO_OK:
    case SOTTO_PENDING: return EXIT_OK;
    case SOTTO_E_ARGUMENT: return EXIT_USAGE;
    case SOTTO_E_CONSENT:
    case SOTTO_E_SPENT: return EXIT_REFUSED;
    case SOTTO_E_CORRUPT:
    case SOTTO_E_SIGNATURE:
    case SOTTO_E_FORMAT:
    case SOTTO_E_ROLLBACK:
    case SOTTO_E_EXPIRED:
    case SOTTO_E_MISMATCH:
    case SOTTO_E_NEWER: return EXIT_INTEGRITY;
    case SOTTO_E_FULL:
    case SOTTO_E_BUSY: return EXIT_TEMPORARY;
    case SOTTO_E_STATE:
    case SOTTO_E_MEMORY:
    case SOTTO_E_IO:
    case SOTTO_E_NOT_FOUND:
    case SOTTO_E_ENTROPY:
    case SOTTO_E_KEY:
    case SOTTO_E_LIMIT: return EXIT_FAILED;
    }
    return EXIT_FAILED;
}

int cli_report(const char *program, const struct sotto_error *err) {
    fprintf(stderr, "%s: %s\n", program, err->message);
    return cli_exit_of(err->status);
}

int cli_flush(const char *program, int code) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fprintf(stderr, "%s: the output cannot be written: %s\n", program,
            errno ? strerror(errno) : "an earlier write failed");
    return code == EXIT_OK ? EXIT_TEMPORARY : code;
}

static uint64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void cli_progress_begin(struct cli_progress *p, const char *label, uint64_t total) {
    p->label = label;
    p->total = total;
    p->started_ms = now_ms();
    p->drawn_ms = 0;
    p->is_visible = label != NULL && isatty(STDERR_FILENO);
}

void cli_progress_to(struct cli_progress *p, uint64_t done) {
    if (!p->is_visible || p->total == 0) return;
    uint64_t now = now_ms(), spent = now - p->started_ms;
    if (spent < QUIET_MS || now - p->drawn_ms < REDRAW_MS) return;
    p->drawn_ms = now;
    if (done > p->total) done = p->total;
    double share = (double)done / (double)p->total;
    unsigned filled = (unsigned)(share * BAR_CELLS);
    char bar[BAR_CELLS + 1];
    for (unsigned i = 0; i < BAR_CELLS; i++) bar[i] = i < filled ? '#' : '.';
    bar[BAR_CELLS] = '\0';
    fprintf(stderr, "\r%s  [%s]  %3.0f %%", p->label, bar, 100 * share);
    if (done > 0) {
        uint64_t left_s = (uint64_t)((double)spent / share * (1 - share)) / 1000;
        fprintf(stderr, "  %llu:%02llu left ", (unsigned long long)(left_s / 60),
                (unsigned long long)(left_s % 60));
    }
    fflush(stderr);
}

void cli_progress_end(struct cli_progress *p) {
    if (p->is_visible && p->drawn_ms) fprintf(stderr, "\r\033[K");
    p->is_visible = 0;
}
