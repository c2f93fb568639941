/* Policy packs, as they are and with hashes that fit. What is refused leaves the strict policy. */
#include "tests/fuzz/pack_bytes.h"

#include "pack/policy.h"

static void parse(uint8_t *bytes, size_t n) {
    static struct policy policy, strict;
    struct pack pack = {.bytes = bytes, .n = n};
    struct sotto_error err;
    policy_strict(&strict);
    if (pack_parse(&pack, "fuzz.pack", &err) != SOTTO_OK) return;
    if (policy_load(&policy, &pack, "fuzz.pack", &err) != SOTTO_OK) {
        must(memcmp(policy.consent, strict.consent, sizeof policy.consent) == 0);
        must(policy.n_metrics == 0);
        return;
    }
    must(policy.n_metrics <= POLICY_METRICS_MAX);
    for (uint32_t m = 0; m < policy.n_metrics; m++) {
        const struct policy_metric *metric = &policy.metrics[m];
        must(metric->n_cells >= 1 && metric->n_cells <= POLICY_VALUES_MAX);
        must(metric->n_names == 0 || metric->n_names == metric->n_cells);
        must(metric->n_names <= POLICY_CELLS_MAX && metric->eps_micro > 0);
        must(metric->max_cells >= 1 && metric->max_weight >= 1);
        must(metric->unit == policy.metrics[0].unit);
        must((metric->unit == UNIT_VISIT) == (metric->mechanism <= MECHANISM_DISCRETE_GAUSSIAN));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    uint8_t *bytes = pack_copy(data, n);
    must(crypto_init() == 0);
    parse(bytes, n);
    pack_mend(bytes, n);
    parse(bytes, n);
    free(bytes);
    return 0;
}
