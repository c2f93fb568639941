/* mechanism_projective: projective geometry response (Feldman, Nelson, Nguyen, Talwar 2022,
 * "Private Frequency Estimation via Projective Geometry"). Cells are points of the projective space
 * of t coordinates over a field of q elements; a point speaks for the cells whose points are
 * orthogonal to it: c = (q^(t-1) - 1)/(q - 1) of all K = (q^t - 1)/(q - 1) points for each cell,
 * and (q^(t-2) - 1)/(q - 1) for any two. A point that speaks for the value is A/B ≤ e^epsilon times
 * as likely as one that does not. q is the power of a prime near e^epsilon + 1. Called by
 * mechanism.c.
 *
 * A point is written with its first coordinate that is not 0 scaled to 1. Points are numbered:
 * those that begin with 1 by their other coordinates as a number to the base q, then those that
 * begin with 0, 1, and so on. */
#include "dp/mechanism_inside.h"
#include "dp/sample.h"

struct projective_space projective_space(const struct table_epsilon *e, uint32_t k) {
    static const uint8_t fields[TABLE_EPSILON_N] = {2, 2, 3, 4, 8, 19, 53, 149};
    struct projective_space s = {fields[e - table_epsilon], 1, 1, 0, 0};
    while (s.points < k || s.t < 2) {
        s.on_two = s.on_plane;
        s.on_plane = s.points;
        s.points = s.points * s.q + 1;
        s.t++;
    }
    return s;
}

/* ---- The field ----------------------------------------------------------------------------- */

/* q = 4 and 8 are GF(2)[x] modulo x² + x + 1 and x³ + x + 1, the others integers modulo q. */
static int is_binary(uint32_t q) { return q == 4 || q == 8; }

static uint32_t times(uint32_t q, uint32_t a, uint32_t b) {
    if (!is_binary(q)) return a * b % q;
    uint32_t product = 0;
    for (; b; b >>= 1) {
        if (b & 1) product ^= a;
        a <<= 1;
        if (a & q) a ^= q | 3;
    }
    return product;
}
static uint32_t plus(uint32_t q, uint32_t a, uint32_t b) {
    return is_binary(q) ? a ^ b : (a + b) % q;
}
static uint32_t minus(uint32_t q, uint32_t a) { return is_binary(q) ? a : (q - a) % q; }

/* a^(q-2), the inverse of a ≠ 0 in any field of q elements. */
static uint32_t inverse(uint32_t q, uint32_t a) {
    uint32_t power = 1;
    for (uint32_t n = q - 2; n; n >>= 1) {
        if (n & 1) power = times(q, power, a);
        a = times(q, a, a);
    }
    return power;
}

/* ---- Points -------------------------------------------------------------------------------- */

uint32_t projective_point(const struct projective_space *s, uint32_t index,
                          uint8_t x[PROJECTIVE_COORDINATES_MAX]) {
    uint32_t lead = 0, block = s->points - s->on_plane; /* q^(t-1) points begin with 1 */
    for (; index >= block; lead++) {
        index -= block;
        block /= s->q;
    }
    memset(x, 0, PROJECTIVE_COORDINATES_MAX);
    x[lead] = 1;
    for (uint32_t i = s->t; i-- > lead + 1; index /= s->q) x[i] = (uint8_t)(index % s->q);
    return lead;
}

/* The number of the point on the line through x, which is not 0. */
static uint32_t index_of(const struct projective_space *s,
                         const uint8_t x[PROJECTIVE_COORDINATES_MAX]) {
    uint32_t lead = 0, before = 0, index = 0, block = s->points - s->on_plane;
    for (; x[lead] == 0; lead++) {
        before += block;
        block /= s->q;
    }
    uint32_t scale = inverse(s->q, x[lead]);
    for (uint32_t i = lead + 1; i < s->t; i++) index = index * s->q + times(s->q, scale, x[i]);
    return before + index;
}

uint32_t projective_inner(const struct projective_space *s, const uint8_t *x, const uint8_t *y) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < s->t; i++) sum = plus(s->q, sum, times(s->q, x[i], y[i]));
    return sum;
}

/* ---- Drawing ------------------------------------------------------------------------------- */

/* A uniform vector u with inner product `product` with v, v[lead] = 1: all coordinates but that one
 * are free. Every point has q - 1 vectors, on the plane of v or off it, so points come out alike.
 */
static int vector_draw(struct rng *g, const struct projective_space *s, const uint8_t *v,
                       uint32_t lead, uint32_t product, uint8_t u[PROJECTIVE_COORDINATES_MAX]) {
    memset(u, 0, PROJECTIVE_COORDINATES_MAX);
    for (uint32_t i = 0; i < s->t; i++) {
        uint64_t coordinate;
        if (i == lead) continue;
        if (sample_uniform(g, s->q, &coordinate) != 0) return -1;
        u[i] = (uint8_t)coordinate;
    }
    u[lead] = (uint8_t)plus(s->q, product, minus(s->q, projective_inner(s, u, v)));
    return 0;
}

static int is_null(const uint8_t x[PROJECTIVE_COORDINATES_MAX]) {
    uint32_t any = 0;
    for (uint32_t i = 0; i < PROJECTIVE_COORDINATES_MAX; i++) any |= x[i];
    return any == 0;
}

int projective_answer(struct rng *g, const struct table_epsilon *e, uint32_t k, uint32_t value,
                      uint8_t *answer) {
    struct projective_space s = projective_space(e, k);
    struct weights w = mechanism_weights(e);
    uint8_t v[PROJECTIVE_COORDINATES_MAX], u[PROJECTIVE_COORDINATES_MAX];
    uint32_t lead = projective_point(&s, value, v);
    uint64_t coin, product = 0;
    if (sample_uniform(g, w.in * s.on_plane + w.out * (s.points - s.on_plane), &coin) != 0)
        return -1;
    if (coin >= w.in * s.on_plane) {
        if (sample_uniform(g, s.q - 1, &product) != 0) return -1;
        product++;
    }
    do
        if (vector_draw(g, &s, v, lead, (uint32_t)product, u) != 0) return -1;
    while (is_null(u));
    store32(answer, index_of(&s, u));
    return 0;
}
