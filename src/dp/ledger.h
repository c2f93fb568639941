/* ledger: what this device has revealed and may still reveal. Owns the budget's rows in the vault:
 * one of totals and, per metric and window, one of what became of it. Called by tally.c (where
 * counting began) and release.c. All amounts are micro-epsilon. */
#ifndef SOTTO_LEDGER_H
#define SOTTO_LEDGER_H

#include "dp/dp.h"

#define LEDGER_YEAR_S (365u * 86400u)

/* Windows must leave room for the one after them in a vault key. */
#define LEDGER_WINDOW_MAX (UINT32_MAX - 1)

struct ledger {
    uint64_t lifetime_micro, year_micro; /* charged so far; the year's since `year` began */
    uint64_t sequence;                   /* of the last report */
    uint32_t year;                       /* of LEDGER_YEAR_S since 1970; never goes back */
    uint8_t schema[HASH_BYTES];          /* the schema that `metrics` belongs to */
    uint32_t n_metrics;
    struct {
        uint32_t id;
        uint32_t next; /* first window that is neither sealed nor skipped */
    } metrics[POLICY_METRICS_MAX];
};

enum ledger_fate {
    LEDGER_OPEN = 0,    /* nothing happened to this window yet */
    LEDGER_CHARGED = 1, /* paid for; its report is in the outbox */
    LEDGER_REFUSED = 2  /* the budget did not cover it; its counts are deleted */
};

/* Reads the totals. A vault without any ledger gives zeros; totals that are missing while rows are
 * there give SOTTO_E_CORRUPT: a budget that was deleted must not start anew. */
int ledger_load(struct vault *vault, struct ledger *ledger, struct sotto_error *err) MUST_CHECK;
/* Writes the totals; call within the transaction that they pay for. */
int ledger_save(struct vault *vault, const struct ledger *ledger,
                struct sotto_error *err) MUST_CHECK;

/* Adds the metric's epsilon for `window` to *ledger in memory; ledger_save makes it so.
 * SOTTO_E_SPENT when the year's or the lifetime's bound would be passed: then *ledger is unchanged.
 * A window counts for the year it began in, or the current one if that is later. */
int ledger_charge(struct ledger *ledger, const struct policy *policy,
                  const struct policy_metric *metric, uint32_t window,
                  struct sotto_error *err) MUST_CHECK;

/* What became of a window. */
int ledger_fate_of(struct vault *vault, uint32_t metric, uint32_t window, enum ledger_fate *fate,
                   struct sotto_error *err) MUST_CHECK;
/* Notes it; a charged window with the sequence of its report, which ledger_report then finds. */
int ledger_note(struct vault *vault, uint32_t metric, uint32_t window, enum ledger_fate fate,
                uint32_t eps_micro, uint32_t sequence, struct sotto_error *err) MUST_CHECK;
/* The first report with a sequence above *sequence: sets *sequence, *metric and *window.
 * SOTTO_E_NOT_FOUND past the last. */
int ledger_report(struct vault *vault, uint32_t *sequence, uint32_t *metric, uint32_t *window,
                  struct sotto_error *err) MUST_CHECK;

#endif
