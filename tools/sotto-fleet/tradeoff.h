/* tradeoff: what error to expect at each epsilon and size of the fleet, from the closed formulas
 * and from simulated fleets that draw from the device's own mechanisms. Both must agree; the
 * command says so, or that they do not. Called by main_tradeoff.c. */
#ifndef SOTTO_FLEET_TRADEOFF_H
#define SOTTO_FLEET_TRADEOFF_H

#include <stdio.h>

#include "tools/sotto-fleet/answers.h"

#define TRADEOFF_EPS_MAX   8
#define TRADEOFF_SIZES_MAX 16

enum tradeoff_kind { TRADEOFF_VISITS, TRADEOFF_HISTOGRAM, TRADEOFF_MEAN };

struct tradeoff_options {
    enum tradeoff_kind kind;
    uint32_t max_cells, max_weight, n_cells, max_value;
    uint32_t eps_micro[TRADEOFF_EPS_MAX], n_eps;
    uint64_t devices[TRADEOFF_SIZES_MAX]; /* ascending */
    uint32_t n_devices;
    uint64_t seed;
    uint32_t work; /* simulated: answers, or cells of counts, per point; 0: nothing is simulated */
};

/* One epsilon and size. Errors are standard errors of one cell, divided by the number of devices:
 * of visits per device, of a share, of a mean as a part of its largest value. */
struct tradeoff_point {
    uint32_t eps_micro, mechanism;
    uint64_t devices;
    double formula;
    double simulated; /* root mean square; NAN: not simulated */
    double margin;    /* of simulated/formula: four standard errors */
    uint64_t errors;  /* that `simulated` is made of */
};

struct tradeoff {
    const struct tradeoff_options *options;
    struct tradeoff_point points[TRADEOFF_EPS_MAX * TRADEOFF_SIZES_MAX]; /* by epsilon, then size */
    uint32_t n;
    uint32_t disagreeing; /* points whose simulation is off by more than its margin */
};

/* SOTTO_E_ARGUMENT when no mechanism takes these terms, with its reason. */
int tradeoff_compute(const struct tradeoff_options *options, struct tradeoff *result,
                     struct sotto_error *err) MUST_CHECK;

void tradeoff_print(FILE *to, const struct tradeoff *t);
void tradeoff_print_json(FILE *to, const struct tradeoff *t);
/* A picture, logarithmic in both directions: lines from the formulas, dots from simulation. */
void tradeoff_plot(FILE *to, const struct tradeoff *t);

/* What the error is of, for people. */
const char *tradeoff_of(const struct tradeoff *t);

#endif
