#!/usr/bin/python3
"""noise_tables: writes src/dp/table.c, every number that the noise rests on.

    tools/dev/noise_tables.py > src/dp/table.c

Integers only; each real number is held between two fractions and the safe one is taken. Nothing depends
on the machine. The proofs are in tests/unit/test_table.c and do not use this program.
"""
from fractions import Fraction
from math import isqrt

BITS = 640  # fixed point for enclosures
ONE = 1 << BITS

MENU = [125000, 250000, 500000, 1000000, 2000000, 3000000, 4000000, 5000000]  # micro-epsilon
DELTA_LOG2 = 20  # Gaussian




def ceil_div(a, b):
    return -(-a // b)


class Real:
    """A real number between lo/ONE and hi/ONE, hi >= lo >= 0."""

    def __init__(self, lo, hi):
        assert 0 <= lo <= hi
        self.lo, self.hi = lo, hi

    def __mul__(self, other):
        return Real(self.lo * other.lo >> BITS, (self.hi * other.hi >> BITS) + 1)

    def __add__(self, other):
        return Real(self.lo + other.lo, self.hi + other.hi)

    def inverse(self):
        return Real(ONE * ONE // self.hi, ONE * ONE // self.lo + 1)


def of(x):
    x = Fraction(x)
    return Real(x.numerator * ONE // x.denominator, ceil_div(x.numerator * ONE, x.denominator))


def exp(x):
    """e^x for a rational x: Taylor of x/2^k below 2^-8, squared k times."""
    x = Fraction(x)
    if x < 0:
        return exp(-x).inverse()
    k = 0
    while x > Fraction(1, 256):
        x, k = x / 2, k + 1
    small = of(x)
    term, total, n = Real(ONE, ONE), Real(ONE, ONE), 1
    while term.hi > 1:
        term = term * small
        term = Real(term.lo // n, term.hi // n + 1)
        total = total + term
        n += 1
    total = Real(total.lo, total.hi + 2)  # the rest of the series is below its last term
    for _ in range(k):
        total = total * total
    return total


def log(x):
    """Bounds (lo, hi) as Fractions of ln x, x rational > 0: x = 2^k·m, 1 <= m < 2, and ln m = 2 atanh((m-1)/(m+1))."""
    x, k = Fraction(x), 0
    while x >= 2:
        x, k = x / 2, k + 1
    while x < 1:
        x, k = x * 2, k - 1

    def atanh2(z):
        z = of(z)
        square, power, total, n = z * z, z, Real(0, 0), 1
        while power.hi > 4:
            total = total + Real(power.lo // n, power.hi // n + 1)
            power, n = power * square, n + 2
        return Fraction(2 * total.lo, ONE), Fraction(2 * total.hi + 64, ONE)

    mlo, mhi = atanh2((x - 1) / (x + 1))
    tlo, thi = atanh2(Fraction(1, 3))
    return (mlo + k * tlo, mhi + k * thi) if k >= 0 else (mlo + k * thi, mhi + k * tlo)


# ---- Discrete Laplace: digits of the difference of two geometrics -------------------------------------------

def laplace(odd, first, last):
    """Thresholds T of the digits 2^i, i = first ... last: digit -1, 0 or 1, each sign with probability T/2^128.

    Two geometrics with ratio e^-(2^i/odd) have as bit i a one with probability p = 1/(1 + r), r = e^(2^i/odd), so
    their difference is the sum of 2^i times digits with p(1-p) = r/(1+r)^2 for either sign. Rounded thresholds are
    thresholds of some other r. A geometric never falls by more than e^x from one value to the next if each r is
    at most e^x times the product of those below it, x = 2^first/odd: so the digits are built upwards, each T
    rounded up from what that bound allows, with 2^-100 of x to spare. It then holds for every x that is a
    higher digit of the same table, too.
    """
    x = Fraction(2) ** first / odd
    bound = exp(x * (1 - Fraction(1, 1 << 100)))
    out = []
    for _ in range(first, last + 1):
        r = bound.lo
        t = ceil_div((r << 128) * ONE, (ONE + r) ** 2)
        out.append(t)
        # The r that belongs to T: r + 1/r + 2 = 2^128/T. Of two bounds the lower one.
        y = (ONE << 128) // t - 2 * ONE
        root = isqrt(y * y - 4 * ONE * ONE) if y > 2 * ONE else 0
        bound = bound * Real((y + root) // 2 - 1, (y + root) // 2 + 2)
        bound = Real(bound.lo, bound.lo)
    return out


# ---- Discrete Gaussian ---------------------------------------------------------------------------------------

def gaussian_base():
    """Pr[V > j] in 2^-128, rounded down, V = 0, 1, ... with probability in proportion to exp(-v^2/8)."""
    weights = [exp(Fraction(-v * v, 8)) for v in range(90)]
    total = Real(sum(w.lo for w in weights), sum(w.hi for w in weights) + 64)
    out = []
    for j in range(26):
        tail = Real(sum(w.lo for w in weights[j + 1:]), sum(w.hi for w in weights[j + 1:]) + 64)
        out.append((tail * total.inverse()).lo >> BITS - 128)
    return out


def gaussian_exp():
    """e^-(2^j) in 2^-128, rounded down, j = 7 ... -37."""
    return [exp(-Fraction(2) ** j).lo >> BITS - 128 for j in range(7, -38, -1)]


def gaussian_rho(eps):
    """The largest rho in 2^-40 that is (eps, 2^-20 - 2^-80)-DP by Canonne, Kamath, Steinke 2020, Proposition 7:
    delta = exp((a-1)(a·rho - eps)) / (a-1) · (1 - 1/a)^a for any a > 1. So for each a,
    rho = (eps + (ln delta + ln(a-1) - a·ln(1-1/a)) / (a-1)) / a; every a is safe, the best is kept."""
    delta = Fraction(1, 1 << DELTA_LOG2) - Fraction(1, 1 << 80)
    delta_lo = log(delta)[0]
    best, step = 0, Fraction(1, 16)
    a, worse = 1 + step, 0
    while worse < 40:
        rho = (eps + (delta_lo + log(a - 1)[0] - a * log(1 - 1 / a)[1]) / (a - 1)) / a
        scaled = int(rho * 2 ** 40) if rho > 0 else 0
        worse = 0 if scaled >= best else worse + 1
        best = max(best, scaled)
        a += step * max(1, int(a / 8))
    return best


# ---- Pure mechanisms -------------------------------------------------------------------------------------------

def pure_rho(eps):
    """eps·tanh(eps/2) in 2^-40, rounded up."""
    e = exp(eps)
    top, bottom = Fraction(e.hi - ONE, ONE), Fraction(e.lo + ONE, ONE)
    scaled = eps * top / bottom * 2 ** 40
    return ceil_div(scaled.numerator, scaled.denominator)


def low_exp(eps):
    """e^eps in 2^-30, rounded down."""
    return exp(eps).lo >> BITS - 30


# ---- The file ----------------------------------------------------------------------------------------------------

LAPLACE = [(1, -10), (3, -8), (5, -8), (7, -7), (9, -7)]  # odd, lowest digit: 1/8 over the largest Delta = odd·2^b


def last_digit(odd):
    """The highest digit that 128 bits can tell from never: the next one has 2^(i+1)/odd >= 128 ln 2."""
    i, limit = 0, 128 * log(2)[1]
    while Fraction(2) ** (i + 1) / odd < limit:
        i += 1
    return i


def wide(v):
    assert 0 <= v < 1 << 128
    return '    {UINT64_C(0x%016x), UINT64_C(0x%016x)},' % (v >> 64, v & (1 << 64) - 1)


def main():
    out = ['/* table: see table.h. Written by tools/dev/noise_tables.py, which says how each number was rounded;',
           ' * do not edit. tests/unit/test_table.c proves what they promise. */',
           '#include "dp/table.h"', '', '/* clang-format off */', '']
    for odd, first in LAPLACE:
        out.append('static const struct wide laplace_%d[] = {' % odd)
        out += [wide(t) for t in laplace(odd, first, last_digit(odd))]
        out += ['};', '']
    out.append('const struct table_laplace table_laplace[TABLE_LAPLACE_N] = {')
    out += ['    {%d, %d, %d, laplace_%d},' % (odd, first, last_digit(odd), odd) for odd, first in LAPLACE]
    out += ['};', '', 'const struct wide table_gaussian_tail[TABLE_GAUSSIAN_TAIL_N] = {']
    out += [wide(t) for t in gaussian_base()]
    out += ['};', '', 'const struct wide table_gaussian_exp[TABLE_GAUSSIAN_EXP_N] = {']
    out += [wide(t) for t in gaussian_exp()]
    out += ['};', '', 'const struct table_epsilon table_epsilon[TABLE_EPSILON_N] = {']
    for micro in MENU:
        eps = Fraction(micro, 1000000)
        gauss = gaussian_rho(eps) if eps.numerator & (eps.numerator - 1) == 0 else 0
        out.append('    {%d, UINT64_C(%d), UINT64_C(%d), UINT64_C(%d)},' % (micro, low_exp(eps), pure_rho(eps), gauss))
    out += ['};']
    print('\n'.join(out))


main()
