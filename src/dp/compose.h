/* compose: what several releases tell together. Pure integer arithmetic in which every rounding
 * goes upward, so a figure may say too much has been revealed, never too little. Called by
 * release/ledger.c and by who explains the budget. */
#ifndef SOTTO_COMPOSE_H
#define SOTTO_COMPOSE_H

#include "base/base.h"

/* What was released about one unit, added up. Each sum stops at UINT64_MAX instead of wrapping. */
struct compose_sum {
    uint64_t eps_micro; /* basic composition: epsilons add up */
    uint64_t rho_q40;   /* zero-concentrated privacy (Bun, Steinke 2016): rhos add up; 2^-40 */
    uint64_t delta_q64; /* the chance that no bound holds: adds up; 2^-64 */
};

/* Adds one release: `delta_log2` 0 means without exception. */
void compose_add(struct compose_sum *sum, uint64_t eps_micro, uint64_t rho_q40,
                 uint32_t delta_log2);

/* The rho that `eps_micro` certainly implies when no single release cost more than `most_micro`:
 * Σ epsilon²/2 ≤ most/2 · Σ epsilon (Bun, Steinke 2016, Proposition 1.4). 2^-40, rounded up. */
uint64_t compose_rho_of(uint64_t eps_micro, uint64_t most_micro);

/* The epsilon of sum->rho_q40 at an additional delta of 2^-delta_log2 (1 to 255), in millionths,
 * rounded up: the least over a fixed grid of alphas, each of which gives a valid bound (Canonne,
 * Kamath, Steinke 2020, Proposition 12). UINT64_MAX when it is beyond every number here. */
uint64_t compose_zcdp(const struct compose_sum *sum, uint32_t delta_log2);

/* The smaller of sum->eps_micro, which needs no additional delta, and compose_zcdp. *is_zcdp (may
 * be NULL) tells which it was. */
uint64_t compose_epsilon(const struct compose_sum *sum, uint32_t delta_log2, int *is_zcdp);

#endif
