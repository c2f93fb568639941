/* row: what the rows of the matrix share: their order, their counting, and how a failure is told so
 * that it can be made again. Called by main.c and the rows. */
#ifndef SOTTO_FAULT_ROW_H
#define SOTTO_FAULT_ROW_H

#include "tests/fault/checker.h"
#include "tests/fault/scenarios.h"

struct row {
    uint64_t seed;
    double scale;         /* 1: the full matrix */
    unsigned part, parts; /* this process's share: states whose number is `part` modulo `parts` */
    const char *only;     /* the one scenario to run, or NULL */
    uint64_t number;      /* of the state at hand, over all shares */
    uint64_t states, failures, engines;
    uint64_t only_state; /* the one state to run, from 1; 0: all */
};

/* Counts a state; whether it is this process's to run. */
int row_next(struct row *row);
/* The same where the full matrix visits every place and a smaller one so many of them. */
int row_draw(struct row *row);
/* Counts the verdict and tells a failure: what it was and how it is made again. */
void row_judge(struct row *row, const struct verdict *v, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int row_wants(const struct row *row, unsigned scenario);
/* How many of `full` this run makes. */
uint64_t row_scaled(const struct row *row, uint64_t full);

void row_power(struct row *row);
void row_lost(struct row *row);
void row_errors(struct row *row);
void row_memory(struct row *row);
void row_damage(struct row *row);
void row_kill(struct row *row);
void row_clocks(struct row *row);
void row_processes(struct row *row);
void row_rollback(struct row *row);

#endif
