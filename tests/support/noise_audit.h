/* noise_audit: what an outsider can find out about a mechanism by running it: a chi-square against
 * the exact law, and a lower confidence bound of epsilon over every outcome and every half-line. */
#ifndef SOTTO_TEST_NOISE_AUDIT_H
#define SOTTO_TEST_NOISE_AUDIT_H

#include "tools/common/mechanism_read.h"

#define AUDIT_BINS_MAX 400

struct audit_case {
    const char *name;
    struct mechanism_terms terms;
    /* One run on the input of world 0 or of its neighbour, world 1; its outcome as a bin. -1 when
     * the mechanism failed. */
    int (*draw)(const struct audit_case *c, struct rng *g, int world, uint32_t *bin);
    uint64_t num, den; /* of a sampler that is called by itself */
    uint32_t cost;     /* one run takes as long as so many: fewer are made */
    double eps;        /* claimed for these two worlds; 0: what the exact law has */
    size_t n_bins;
    double share[2][AUDIT_BINS_MAX]; /* the exact law */
};

struct audit_result {
    double chi_square[2], limit[2];
    double eps_low;   /* exceeded by the true epsilon but for one audit in 10,000 */
    double eps;       /* what the set that gave it is held against */
    uint64_t samples; /* in each world */
    int fits, is_private;
};

/* The cases there are; writes at most `room`, returns how many. */
size_t audit_cases(struct audit_case *cases, size_t room);
/* Laplace noise by the exact sampler with scale num/den, judged as epsilon 1. */
void audit_laplace(struct audit_case *c, const char *name, uint64_t num, uint64_t den);

/* `samples` runs in each world, less where they are costly. 0, or -1 when a run failed. */
int audit_run(const struct audit_case *c, struct rng *g, uint64_t samples,
              struct audit_result *result);
void audit_print(const struct audit_case *c, const struct audit_result *r);

#endif
