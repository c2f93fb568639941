#!/usr/bin/python3
"""reference: draws the vectors of noise.txt anew, from README.md's description and not from the C code.

    tests/vectors/reference.py > tests/vectors/noise.txt

Whole numbers and fractions only; slow and plain on purpose. The thresholds of the fixed-time samplers are
read from src/dp/table.c.
"""
import os
import re
from fractions import Fraction
from math import isqrt

# ---- XofTurboShake128 (RFC 9861, VDAF draft 18 to 20) --------------------------------------------------

MASK = (1 << 64) - 1


def rotl(v, n):
    n %= 64
    return ((v << n) | (v >> (64 - n))) & MASK if n else v


def round_constants():
    state, out = 1, []
    for _ in range(24):
        value = 0
        for j in range(7):
            if state & 1:
                value |= 1 << ((1 << j) - 1)
            state = (state << 1) ^ (0x171 if state >> 7 else 0)
        out.append(value)
    return out


def keccak(a):
    for rc in round_constants()[12:]:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[x - 1] ^ rotl(c[(x + 1) % 5], 1) for x in range(5)]
        a = [a[i] ^ d[i % 5] for i in range(25)]
        b = [0] * 25
        x, y = 1, 0
        b[0] = a[0]
        for t in range(24):
            nx, ny = y, (2 * x + 3 * y) % 5
            b[nx + 5 * ny] = rotl(a[x + 5 * y], (t + 1) * (t + 2) // 2)
            x, y = nx, ny
        a = [b[i] ^ (~b[i // 5 * 5 + (i + 1) % 5] & b[i // 5 * 5 + (i + 2) % 5]) for i in range(25)]
        a[0] ^= rc
    return a


class Stream:
    def __init__(self):
        seed = bytes(range(32))
        message = b'\0\0' + bytes([len(seed)]) + seed + b'\x01'
        block = bytearray(message.ljust(168, b'\0'))
        block[167] ^= 0x80
        lanes = [int.from_bytes(block[8 * i:8 * i + 8], 'little') for i in range(21)] + [0] * 4
        self.state, self.ready = keccak(lanes), b''
        self.ready = self.block()

    def block(self):
        return b''.join(v.to_bytes(8, 'little') for v in self.state[:21])

    def bytes(self, n):
        while len(self.ready) < n:
            self.state = keccak(self.state)
            self.ready += self.block()
        out, self.ready = self.ready[:n], self.ready[n:]
        return out

    def word(self, n):
        return int.from_bytes(self.bytes(n), 'little')

    def below(self, b):
        bits = b.bit_length()
        while True:
            v = self.word(4 * ((bits + 31) // 32))
            top = 32 * ((bits + 31) // 32) - bits
            low = 32 * ((bits + 31) // 32 - 1)
            v = (v >> low >> top << low) | (v & ((1 << low) - 1))
            if v < b:
                return v


# ---- The exact samplers (Canonne, Kamath, Steinke 2020) ----------------------------------------------------

def coin(s, p):
    return 1 + s.below(p.denominator) <= p.numerator


def coin_exp(s, gamma):
    k = 1
    while coin(s, gamma / k):
        k += 1
    return k % 2 == 1


def coin_exp_any(s, gamma):
    while gamma >= 1:
        if not coin_exp(s, Fraction(1)):
            return False
        gamma -= 1
    return coin_exp(s, gamma)


def laplace(s, scale):
    num, den = scale.numerator, scale.denominator
    while True:
        negative = coin(s, Fraction(1, 2))
        while True:
            u = s.below(num)
            if coin_exp(s, Fraction(u, num)):
                break
        v = 0
        while coin_exp(s, Fraction(1)):
            v += 1
        y = (u + num * v) // den
        if not (negative and y == 0):
            return -y if negative else y


def gaussian(s, variance):
    t = isqrt(variance.numerator // variance.denominator) + 1
    while True:
        y = laplace(s, Fraction(t))
        if coin_exp_any(s, (abs(y) - variance / t) ** 2 / (2 * variance)):
            return y


# ---- The fixed-time samplers ----------------------------------------------------------------------------------

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = open(os.path.join(HERE, '../../src/dp/table.c')).read()


def thresholds(name):
    body = re.search(re.escape(name) + r'\[\w*\] = \{(.*?)\};', TABLE, re.S).group(1)
    return [int(h, 16) << 64 | int(lo, 16) for h, lo in re.findall(r'0x(\w+)\), UINT64_C\(0x(\w+)\)', body)]


def laplace_fixed(s, odd, log2_num):
    first = int(re.search(r'\{%d, (-?\d+), \d+, laplace_%d\}' % (odd, odd), TABLE).group(1))
    t = thresholds('laplace_%d' % odd)[log2_num - first:]
    words = [s.word(8) for _ in t]
    if any(w % 2 ** 63 == v >> 64 for w, v in zip(words, t)):
        lower = [s.word(8) for _ in t]
    else:
        lower = [0] * len(t)
    total = 0
    for i, v in enumerate(t):
        if (words[i] % 2 ** 63) << 64 | lower[i] < v:
            total += -2 ** i if words[i] >> 63 else 2 ** i
    return total


def fraction_mul(a, b):
    high, low = 1 << 64, (1 << 64) - 1
    return (a // high) * (b // high) + ((a // high) * (b & low) // high) + ((a & low) * (b // high) // high)


def gaussian_fixed(s, a, shift):
    tail, powers = thresholds('table_gaussian_tail'), thresholds('table_gaussian_exp')
    step = 1
    while step * step * a < 2 ** (shift - 3):
        step += 1
    while True:
        draw, toss, uniform, sign = s.word(16), s.word(16), s.word(4), s.word(4)
        v = sum(draw < t for t in tail)
        u, rest = divmod(uniform * step, 2 ** 32)
        y = step * v + u
        exponent, odds = a * y * y - v * v * 2 ** (shift - 3), 2 ** 128 - 1
        for i, c in enumerate(powers):
            if i <= shift + 7 and exponent >> (shift + 7 - i) & 1:
                odds = fraction_mul(odds, c)
        if rest >= 2 ** 32 % step and toss < odds and not (y == 0 and sign & 1):
            return -y if sign & 1 else y


# ---- Answers ------------------------------------------------------------------------------------------------------

def weight(eps_micro):
    return int(re.search(r'\{%d, UINT64_C\((\d+)\)' % eps_micro, TABLE).group(1)), 1 << 30


def subset(s, eps_micro, k, size, value):
    a, b = weight(eps_micro)
    chosen = set()
    is_in = s.below(a * size + b * (k - size)) < a * size
    others = [c for c in range(k) if c != value]
    for j in range(k - 1 - (size - is_in), k - 1):
        u = s.below(j + 1)
        chosen.add(others[j] if others[u] in chosen else others[u])
    if is_in:
        chosen.add(value)
    if k <= 256:
        return sum(1 << c for c in chosen).to_bytes((k + 7) // 8, 'little')
    return sum(c << 12 * i for i, c in enumerate(sorted(chosen))).to_bytes((12 * size + 7) // 8, 'little')


class Field:
    """Integers modulo q, or polynomials over two elements modulo x^2+x+1 (4) and x^3+x+1 (8), as bits."""

    def __init__(self, q):
        self.q, self.binary = q, q in (4, 8)

    def add(self, a, b):
        return a ^ b if self.binary else (a + b) % self.q

    def mul(self, a, b):
        if not self.binary:
            return a * b % self.q
        out = 0
        for i in range(3):
            if b >> i & 1:
                out ^= a << i
        for i in (2, 1, 0):
            if out >> i & self.q:
                out ^= (self.q | 3) << i
        return out

    def neg(self, a):
        return next(b for b in range(self.q) if self.add(a, b) == 0)

    def inverse(self, a):
        return next(b for b in range(self.q) if self.mul(a, b) == 1)

    def inner(self, x, y):
        total = 0
        for a, b in zip(x, y):
            total = self.add(total, self.mul(a, b))
        return total


def points(q, t):
    out = []
    for lead in range(t):
        for rest in range(q ** (t - 1 - lead)):
            digits = [rest // q ** i % q for i in reversed(range(t - 1 - lead))]
            out.append(tuple([0] * lead + [1] + digits))
    return out


def projective(s, eps_micro, q, t, value):
    f, all_points = Field(q), points(q, t)
    a, b = weight(eps_micro)
    v = all_points[value]
    lead = v.index(1)
    plane = (q ** (t - 1) - 1) // (q - 1)
    product = 0
    if s.below(a * plane + b * (len(all_points) - plane)) >= a * plane:
        product = 1 + s.below(q - 1)
    while True:
        u = [0 if i == lead else s.below(q) for i in range(t)]
        u[lead] = f.add(product, f.neg(f.inner(u, v)))
        if any(u):
            break
    scale = f.inverse(next(c for c in u if c))
    return all_points.index(tuple(f.mul(scale, c) for c in u)).to_bytes(4, 'little')


def one_bit(s, eps_micro, most, value):
    a, b = weight(eps_micro)
    return bytes([s.below(most * (a + b)) < most * b + value * (a - b)])


# ---- The file -------------------------------------------------------------------------------------------------------

def line(name, parameters, draw, show, n=32):
    s = Stream()
    print(name, *parameters, ':', *(show(draw(s, *parameters)) for _ in range(n)))


def main():
    for num, den in (1, 1), (4, 1), (15, 2), (1, 2), (1280, 1), (4294967295, 3):
        line('laplace', (num, den), lambda s, n, d: laplace(s, Fraction(n, d)), str)
    for num, den in (81, 1), (1371241, 250000), (65536, 2345):
        line('gaussian', (num, den), lambda s, n, d: gaussian(s, Fraction(n, d)), str)
    for odd, log2_num in (1, 0), (1, -10), (1, 1), (3, -2), (5, -5), (7, -7), (9, 0):
        line('laplace_fixed', (odd, log2_num), laplace_fixed, str)
    for a, shift in (4095, 17), (2049, 22), (3333, 37):
        line('gaussian_fixed', (a, shift), gaussian_fixed, str)
    for eps, k, size, value in ((1000000, 16, 4, 3), (4000000, 256, 5, 255), (5000000, 300, 2, 0),
                                (5000000, 3212, 21, 3211), (125000, 2, 1, 1)):
        line('subset', (eps, k, size, value), subset, bytes.hex)
    for eps, q, t, value in ((250000, 2, 5, 17), (500000, 3, 4, 39), (1000000, 4, 4, 64), (2000000, 8, 3, 0),
                             (3000000, 19, 3, 380), (5000000, 149, 2, 149)):
        line('projective', (eps, q, t, value), projective, bytes.hex)
    for eps, most, value in (1000000, 10, 3), (5000000, 65535, 40000):
        line('one_bit', (eps, most, value), one_bit, bytes.hex)


main()
