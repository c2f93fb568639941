/* compose: see compose.h. No floating point: the logarithms are in a table that
 * tools/dev/compose_alphas.py wrote with directed rounding; tests/unit/test_compose.c holds it
 * against logarithms of its own and the results against the exact optimum. */
#include "dp/compose.h"

static uint64_t add(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }
static uint64_t mul(uint64_t a, uint64_t b) { return a && b > UINT64_MAX / a ? UINT64_MAX : a * b; }

/* ceil(v · 10^6 / 2^40), in two halves that cannot overflow but at the very end. */
static uint64_t micro_of_q40(uint64_t v) {
    const uint64_t mask = (UINT64_C(1) << 40) - 1;
    return add(mul(v >> 40, 1000000), ((v & mask) * 1000000 + mask) >> 40);
}

void compose_add(struct compose_sum *sum, uint64_t eps_micro, uint64_t rho_q40,
                 uint32_t delta_log2) {
    sum->eps_micro = add(sum->eps_micro, eps_micro);
    sum->rho_q40 = add(sum->rho_q40, rho_q40);
    if (delta_log2) /* less than 2^-64 counts as 2^-64 */
        sum->delta_q64 =
            add(sum->delta_q64, delta_log2 < 64 ? UINT64_C(1) << (64 - delta_log2) : 1);
}

uint64_t compose_rho_of(uint64_t eps_micro, uint64_t most_micro) {
    const uint64_t unit = UINT64_C(2000000000000); /* 2 · 10^12: halves of squared millionths */
    uint64_t v = mul(eps_micro, most_micro), whole = v / unit, rest = v % unit;
    if (v == UINT64_MAX) return UINT64_MAX;
    /* rest · 2^40 / unit, 20 bits at a time: rest < 2^41. */
    uint64_t high = (rest << 20) / unit, low = (rest << 20) % unit;
    return add(mul(whole, UINT64_C(1) << 40), (high << 20) + ((low << 20) + unit - 1) / unit);
}

/* One alpha: 1 + a, with a in 2^-20; in 2^-40, rounded upward: `fixed`, the terms in which neither
 * rho nor delta occurs, and `per_bit` = ln 2 / a, for each bit of delta. */
static const struct {
    uint32_t a_q20;
    int64_t fixed;
    uint64_t per_bit;
} alphas[] = {
    {65536u, INT64_C(-4181670641627), UINT64_C(12193974156573)},
    {82570u, INT64_C(-3936163404043), UINT64_C(9678385495037)},
    {104032u, INT64_C(-3692745450001), UINT64_C(7681716109709)},
    {131072u, INT64_C(-3451904509687), UINT64_C(6096987078287)},
    {165140u, INT64_C(-3214206131324), UINT64_C(4839192747519)},
    {208064u, INT64_C(-2980309472910), UINT64_C(3840858054855)},
    {262144u, INT64_C(-2750991416237), UINT64_C(3048493539144)},
    {330281u, INT64_C(-2527112964367), UINT64_C(2419589047887)},
    {416128u, INT64_C(-2309630600558), UINT64_C(1920429027428)},
    {524288u, INT64_C(-2099564187852), UINT64_C(1524246769572)},
    {660561u, INT64_C(-1897964299936), UINT64_C(1209796355409)},
    {832255u, INT64_C(-1705867955153), UINT64_C(960215667464)},
    {1048576u, INT64_C(-1524246769571), UINT64_C(762123384786)},
    {1321123u, INT64_C(-1353948030579), UINT64_C(604897719838)},
    {1664511u, INT64_C(-1195642050106), UINT64_C(480107545295)},
    {2097152u, INT64_C(-1049782093926), UINT64_C(381061692393)},
    {2642246u, INT64_C(-916577799821), UINT64_C(302448859919)},
    {3329021u, INT64_C(-795990981699), UINT64_C(240053844757)},
    {4194304u, INT64_C(-687747854059), UINT64_C(190530846197)},
    {5284492u, INT64_C(-591368453538), UINT64_C(151224429960)},
    {6658043u, INT64_C(-506205361656), UINT64_C(120026904351)},
    {8388608u, INT64_C(-431488063710), UINT64_C(95265423099)},
    {10568984u, INT64_C(-366366830385), UINT64_C(75612214980)},
    {13316085u, INT64_C(-309953260660), UINT64_C(60013456683)},
    {16777216u, INT64_C(-261354415101), UINT64_C(47632711550)},
    {21137968u, INT64_C(-219700149724), UINT64_C(37806107490)},
    {26632170u, INT64_C(-184163216342), UINT64_C(30006728342)},
    {33554432u, INT64_C(-153972881523), UINT64_C(23816355775)},
    {42275935u, INT64_C(-128423076891), UINT64_C(18903054193)},
    {53264341u, INT64_C(-106876013716), UINT64_C(15003363889)},
    {67108864u, INT64_C(-88762460595), UINT64_C(11908177888)},
    {84551870u, INT64_C(-73579547313), UINT64_C(9451527097)},
    {106528681u, INT64_C(-60886943275), UINT64_C(7501682015)},
    {134217728u, INT64_C(-50302024587), UINT64_C(5954088944)},
    {169103741u, INT64_C(-41494529162), UINT64_C(4725763521)},
    {213057363u, INT64_C(-34181061586), UINT64_C(3750840990)},
    {268435456u, INT64_C(-28119700777), UINT64_C(2977044472)},
    {338207482u, INT64_C(-23104878174), UINT64_C(2362881761)},
    {426114725u, INT64_C(-18962630473), UINT64_C(1875420500)},
    {536870912u, INT64_C(-15546279559), UINT64_C(1488522236)},
    {676414963u, INT64_C(-12732560904), UINT64_C(1181440882)},
    {852229450u, INT64_C(-10418194253), UINT64_C(937710250)},
    {1073741824u, INT64_C(-8516877120), UINT64_C(744261118)},
};

uint64_t compose_zcdp(const struct compose_sum *sum, uint32_t delta_log2) {
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < ARRAY_LEN(alphas); i++) {
        uint64_t alpha = (UINT64_C(1) << 20) + alphas[i].a_q20, rho = sum->rho_q40;
        uint64_t low = alpha * (rho & 0xfffff); /* below 2^31 · 2^20 */
        uint64_t v = add(mul(alpha, rho >> 20), (low + 0xfffff) >> 20);
        v = add(v, mul(alphas[i].per_bit, delta_log2));
        if (v == UINT64_MAX) continue;
        if (alphas[i].fixed >= 0) {
            v = add(v, (uint64_t)alphas[i].fixed);
        } else {
            uint64_t less = (uint64_t)-alphas[i].fixed;
            v = v > less ? v - less : 0; /* a bound below nothing is nothing */
        }
        if (v < least) least = v;
    }
    return least == UINT64_MAX ? UINT64_MAX : micro_of_q40(least);
}

uint64_t compose_epsilon(const struct compose_sum *sum, uint32_t delta_log2, int *is_zcdp) {
    uint64_t zcdp = compose_zcdp(sum, delta_log2);
    int is_less = zcdp < sum->eps_micro;
    if (is_zcdp) *is_zcdp = is_less;
    return is_less ? zcdp : sum->eps_micro;
}
