/* ledger: what this device has revealed and may still reveal. Owns the budget's rows in the vault:
 * one of totals and, per metric and window, one of what became of it; promises that totals never
 * say less than was spent, that no window is paid for twice, and that the rows stay few. Called by
 * tally.c (where counting began), outbox.c and release.c. */
#ifndef SOTTO_LEDGER_H
#define SOTTO_LEDGER_H

#include "dp/compose.h"
#include "release/release.h"

#define LEDGER_YEAR_S (365u * 86400u)

/* Windows must leave room for the one after them in a vault key. */
#define LEDGER_WINDOW_MAX (UINT32_MAX - 1)

/* How many windows of a metric keep their row and their report. Older ones are let go, a few with
 * every new one; the totals keep what they cost and `next` and `sealed_until_s` that they are over.
 */
#define LEDGER_KEPT 400

struct ledger {
    struct compose_sum lifetime, of_year; /* charged so far; the year's since `year` began */
    uint64_t sequence;                    /* of the last report */
    uint64_t sealed_until_s;              /* every window ever paid for ended by then */
    uint32_t year;                        /* of LEDGER_YEAR_S since 1970; never goes back */
    uint32_t fresh;                       /* fresh household answers in it */
    uint8_t schema[HASH_BYTES];           /* the schema that `metrics` belongs to */
    uint32_t n_metrics;
    struct {
        uint32_t id;
        uint32_t next; /* first window that is neither sealed nor skipped */
    } metrics[POLICY_METRICS_MAX];
};

enum ledger_fate {
    LEDGER_OPEN = 0,    /* nothing happened to this window yet */
    LEDGER_CHARGED = 1, /* paid for; its report is in the outbox */
    LEDGER_REFUSED = 2, /* the budget did not cover it; its counts are deleted */
    LEDGER_REPEATED = 3 /* nothing new was told; its report is in the outbox */
};

struct ledger_row {
    enum ledger_fate fate;
    uint32_t eps_micro; /* charged */
    uint32_t sequence;  /* of its report; 0 without one */
    int64_t release_s;  /* when that may leave */
};

/* Reads the totals. A vault without any ledger gives zeros; totals that are missing while rows are
 * there give SOTTO_E_CORRUPT: a budget that was deleted must not start anew. */
int ledger_load(struct vault *vault, struct ledger *ledger, struct sotto_error *err) MUST_CHECK;
/* Ends the transaction that *after pays for: if `status`, what has become of it so far, is
 * SOTTO_OK, writes the totals and commits, and *ledger follows; else, or if that fails, rolls back.
 * Returns the first failure. */
int ledger_commit(struct vault *vault, struct ledger *ledger, const struct ledger *after,
                  int status, struct sotto_error *err) MUST_CHECK;
/* SOTTO_E_LIMIT, with its sentence: `now` is past LEDGER_WINDOW_MAX. */
int ledger_clock_beyond(struct sotto_error *err) MUST_CHECK;

/* Adds what `window` costs to *ledger in memory; ledger_commit makes it so. SOTTO_E_SPENT when the
 * year's or the lifetime's bound would be passed, or a household has answered as often as it may in
 * a year: then *ledger is unchanged. A window counts for the year it began in, or the current one
 * if that is later. */
int ledger_charge(struct ledger *ledger, const struct policy *policy,
                  const struct policy_metric *metric, const struct mechanism_cost *cost,
                  uint32_t window, struct sotto_error *err) MUST_CHECK;
/* Notes in memory that `window` of `metric` is over. */
void ledger_pass(struct ledger *ledger, const struct policy *policy, uint32_t m, uint32_t window);

/* What became of a window; LEDGER_OPEN where nothing did, or it was let go. */
int ledger_row_of(struct vault *vault, uint32_t metric, uint32_t window, struct ledger_row *row,
                  struct sotto_error *err) MUST_CHECK;
/* Notes it; one that has a report with the sequence of that, which ledger_report then finds. Lets
 * go of a few windows that are LEDGER_KEPT older. Call it within the transaction that it belongs
 * to. */
int ledger_note(struct vault *vault, uint32_t metric, uint32_t window, const struct ledger_row *row,
                struct sotto_error *err) MUST_CHECK;
/* The first report with a sequence above *sequence: sets *sequence, *metric and *window.
 * SOTTO_E_NOT_FOUND past the last. */
int ledger_report(struct vault *vault, uint32_t *sequence, uint32_t *metric, uint32_t *window,
                  struct sotto_error *err) MUST_CHECK;
/* That, with its sentence. */
int ledger_no_report(struct sotto_error *err) MUST_CHECK;

#endif
