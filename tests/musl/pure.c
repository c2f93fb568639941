/* pure: the rooms that know neither a system nor a library, linked with a libc alone, and a line of
 * figures that must be the same whatever that libc is. What they ask of crypto is answered here:
 * randomness by a counter, so that both programs draw the same. Built by tools/dev/musl.sh. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cbor.h"
#include "dp/compose.h"
#include "dp/mechanism.h"
#include "dp/sample.h"

void wipe(void *p, size_t n) { memset(p, 0, n); }

/* SplitMix64 (Steele, Lea, Flood 2014). */
int rng_bytes(struct rng *g, void *out, size_t n) {
    uint8_t *bytes = out;
    (void)g;
    static uint64_t state;
    while (n--) {
        uint64_t z = state += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        *bytes++ = (uint8_t)(z >> 40);
    }
    return 0;
}

/* FNV-1a: a name for many bytes. */
static uint64_t name_of(uint64_t hash, const void *bytes, size_t n) {
    for (const uint8_t *b = bytes; n--; b++) hash = (hash ^ *b) * 0x100000001b3u;
    return hash;
}

int main(void) {
    struct rng g = {.used = RNG_POOL_BYTES};
    uint64_t drawn = 0xcbf29ce484222325u, coded = drawn, costs = drawn;
    uint8_t bytes[64];
    for (int i = 0; i < 20000; i++) {
        int64_t laplace, gaussian;
        int32_t fixed;
        if (sample_discrete_laplace(&g, 12, 1, &laplace) != 0 ||
            sample_discrete_gaussian(&g, 200, 3, &gaussian) != 0 ||
            sample_laplace_fixed(&g, 3, -2, &fixed) != 0)
            return 1;
        drawn = name_of(drawn, &laplace, sizeof laplace);
        drawn = name_of(drawn, &gaussian, sizeof gaussian);
        drawn = name_of(drawn, &fixed, sizeof fixed);
        struct cbor_writer w = cbor_writer_of(bytes, sizeof bytes);
        cbor_put_map(&w, 1);
        cbor_put_int(&w, laplace * gaussian);
        cbor_put_text(&w, "Sotto");
        if (w.is_bad) return 1;
        coded = name_of(coded, bytes, w.n);
    }
    size_t n;
    const uint32_t *menu = mechanism_menu(1, &n);
    for (size_t i = 0; i < n; i++) {
        struct mechanism_terms terms = {KIND_LAPLACE, menu[i], 3, 2, 64, 0};
        struct mechanism_cost cost = {.eps_micro = 0};
        if (mechanism_check(&terms, &cost, NULL) != 0) return 1;
        costs = name_of(costs, &cost.rho_q40, sizeof cost.rho_q40);
    }
    printf("%016" PRIx64 " %016" PRIx64 " %016" PRIx64 "\n", drawn, coded, costs);
    return 0;
}
