/* audit_dp: the audit of every mechanism at ten million samples, with fresh seeds or a given one,
 * and of noise that is half a percent too small, which it must find.
 *
 *     audit_dp [SAMPLES [SEED]]
 *
 * Ends 0 when every mechanism passes and the small noise does not; 1 else; 2 on a wrong command
 * line or when a sampler failed. A right sampler fails about one audit in 10,000: try another seed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/support/noise_audit.h"
#include "tests/support/test_rng.h"

#define SAMPLES 10000000u

static int audit(const struct audit_case *c, struct rng *g, uint64_t samples,
                 struct audit_result *r) {
    if (audit_run(c, g, samples, r) == 0) {
        audit_print(c, r);
        return 0;
    }
    fprintf(stderr, "%s: the mechanism failed\n", c->name);
    return -1;
}

int main(int argc, char **argv) {
    static struct audit_case cases[20], small;
    struct rng rng;
    struct test_entropy entropy;
    struct audit_result r;
    uint64_t samples = argc > 1 ? strtoull(argv[1], NULL, 10) : SAMPLES;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10)
                             : (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    int failed = 0;
    if (argc > 3 || samples < 1000) {
        fprintf(stderr, "usage: audit_dp [SAMPLES [SEED]]\n");
        return 2;
    }
    if (crypto_init() != 0 || test_rng_start(&rng, &entropy, seed, UINT32_MAX) != 0) return 2;
    printf("%" PRIu64 " samples in each of two worlds, seed %" PRIu64 "\n", samples, seed);
    for (size_t i = 0, n = audit_cases(cases, 20); i < n; i++) {
        if (audit(&cases[i], &rng, samples, &r) != 0) return 2;
        failed += !r.fits || !r.is_private;
    }
    audit_laplace(&small, "Laplace, scale 0.5 % too small", 995, 1000);
    if (audit(&small, &rng, samples, &r) != 0) return 2;
    if (samples >= SAMPLES) failed += r.fits || r.is_private;
    printf("%s, %.1f s of CPU\n", failed ? "FAILED" : "passed", (double)clock() / CLOCKS_PER_SEC);
    return failed ? 1 : 0;
}
