#!/usr/bin/env python3
"""compose_alphas: writes the table of src/dp/compose.c, every number rounded upward.

    tools/dev/compose_alphas.py           the table, to be pasted into it
    tools/dev/compose_alphas.py vectors   what tests/unit/test_compose.c holds it against

For rho-zCDP every alpha > 1 gives a valid epsilon at a given delta (Canonne, Kamath, Steinke 2020,
arXiv 2004.00010, Proposition 12, solved for epsilon):

    epsilon = alpha*rho + (ln(1/delta) + alpha*ln(1 - 1/alpha) - ln(alpha - 1)) / (alpha - 1)

so a grid of alphas loses a little and is never wrong. Needs Python alone: decimals of 60 digits, one
unit in the last of 50 added before rounding, so that the error of ln cannot show."""
import sys
from decimal import Decimal, ROUND_CEILING, getcontext

getcontext().prec = 60
LN2 = Decimal(2).ln()
SLACK = Decimal(10) ** -50


def up(x, bits):
    """x in 2^-bits, rounded upward."""
    return int((x * 2**bits + SLACK).to_integral_value(rounding=ROUND_CEILING))


def terms(a):
    """What does not depend on rho and delta, with alpha = 1 + a."""
    alpha = 1 + a
    return (alpha * (a / alpha).ln() - a.ln()) / a


OCTAVE = [1 << 30, 1352829926, 1704458901]  # 2^30 times 1, 2^(1/3), 2^(2/3)


def grid():
    """alpha - 1 from 2^-4 to 2^10 in steps of a third of an octave, in 2^-20, as compose.c makes it."""
    return [(OCTAVE[i % 3] + (1 << 14 - i // 3 >> 1)) >> 14 - i // 3 for i in range(43)]


def table():
    numbers = [str(up(terms(Decimal(a) / 2**20), 28)) for a in grid()]
    for i in range(0, len(numbers), 6):
        print("    " + ", ".join(numbers[i:i + 6]) + ",")
    print("ln 2 in 2^-60, rounded upward: %d" % up(LN2, 60))


def best(rho, k):
    """The least epsilon over all alphas, by ternary search over ln(alpha - 1): it is unimodal."""
    def epsilon(x):
        a = x.exp()
        return (1 + a) * rho + k * LN2 / a + terms(a)
    low, high = Decimal(-7), Decimal(12)
    for _ in range(120):
        m1, m2 = low + (high - low) / 3, high - (high - low) / 3
        if epsilon(m1) < epsilon(m2):
            high = m2
        else:
            low = m1
    return max(epsilon(low), Decimal(0))


def vectors():
    for rho_q40 in (2**26, 2**33, 2**38, 508058861569, 2**40, 12 * 508058861569, 2**45,
                    365 * 508058861569, 2**51):
        for k in (20, 30, 60):
            e = best(Decimal(rho_q40) / 2**40, k)
            print("    {UINT64_C(%d), %d, UINT64_C(%d)}," %
                  (rho_q40, k, int((e * 10**6).to_integral_value(rounding=ROUND_CEILING))))


if len(sys.argv) == 2 and sys.argv[1] == "vectors":
    vectors()
elif len(sys.argv) == 1:
    table()
else:
    sys.exit("usage: tools/dev/compose_alphas.py [vectors]")
