"""The normalisation x -> (x - m) / r of inputs that lets decimals stand for a layer: W x + b = V (x - m) / r + c.

Decimal fractions are the rationals whose denominators have no primes but 2 and 5. A column of W becomes decimal when it
is multiplied by the rest d of its denominators, so that r = d up to a power of ten. Then c = b + W m is decimal if m
solves linear congruences, which come apart: one system modulo each power that coprime factors of all d have in common.
"""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import zip_longest

import numpy as np

from tropical.arithmetic.rationals import Matrix, Vector

_MAX_WORK = 1 << 26
"""Most products of numbers of 64 bits in the solution of the congruences, seconds at most."""
_MAX_RANGE, _MAX_BITS = 1 << 12, 1 << 15
"""Longest common denominators of a column, which a numeral of 1200 digits holds, and of the bias."""


def normalised(weight: Matrix, bias: Vector) -> tuple[Vector, Vector, Matrix, Vector]:
    """Means m, ranges r > 0, weight W r and bias b + W m, all of them decimal if W and b are or such m, r are found.

    >>> third, half = Fraction(1, 3), Fraction(1, 2)
    >>> means, ranges, weight, bias = normalised(((third, half),), (2 * third,))
    >>> [[*map(str, numbers)] for numbers in (means, ranges, *weight, bias)]
    [['1/10', '0'], ['3', '1'], ['1', '1/2'], ['7/10']]
    """
    columns = list(zip(*weight, strict=True))
    parts, constant = [_common(column) for column in columns], _common(bias)
    means = _means(columns, bias, parts, constant) if max(*parts, constant) > 1 else None
    if means is None:
        return (Fraction(0),) * len(parts), (Fraction(1),) * len(parts), weight, bias
    ranges = tuple(Fraction(part, 10 ** (len(str(part)) - 1)) for part in parts)  # between 1 and 10
    scaled = tuple(tuple(q * r for q, r in zip(row, ranges, strict=True)) for row in weight)
    shifts = (sum((q * m for q, m in zip(row, means, strict=True) if m), Fraction(0)) for row in weight)
    return means, ranges, scaled, tuple(b + shift for b, shift in zip(bias, shifts, strict=True))


def _common(numbers: Iterable[Fraction]) -> int:
    """The least common denominator but for powers of 2 and 5, or a number that is too large as well."""
    found = 1
    for q in numbers:
        if found >> _MAX_BITS:
            break
        found = math.lcm(found, other_primes(q))
    return found


def _means(columns: Sequence[Vector], bias: Vector, parts: Sequence[int], constant: int) -> Vector | None:
    if max(parts) >> _MAX_RANGE or constant >> _MAX_BITS or len(set(parts)) ** 2 > _MAX_WORK:
        return None
    means, moduli = [0] * len(parts), [1] * len(parts)
    for factor in coprime_factors(set(parts)):
        sharing = [j for j, part in enumerate(parts) if math.gcd(part, factor) > 1]
        modulus = _power(factor, [*(parts[j] for j in sharing), constant])
        sharing.sort(key=lambda j: -math.gcd(parts[j], modulus))
        found = _solved([columns[j] for j in sharing], bias, modulus)
        if found is None:
            return None
        for j, mean in zip_longest(sharing, found, fillvalue=0):
            means[j] += moduli[j] * ((mean - means[j]) * pow(moduli[j], -1, modulus) % modulus)
            moduli[j] *= modulus
        constant //= math.gcd(constant, modulus)
    return tuple(_small(mean % part, part) for mean, part in zip(means, parts, strict=True)) if constant == 1 else None


def _solved(columns: Sequence[Vector], bias: Vector, modulus: int) -> list[int] | None:
    """Integers m for the first columns, 0 for the others, with which (b + W m) modulus is 0 modulo ``modulus``."""
    target = [_residue(-b * modulus, modulus) for b in bias]
    for count in sorted({min(len(columns), len(bias) + 8), len(columns)}):  # one for each row mostly suffices
        if count * len(bias) * (count + len(bias)) * (1 + modulus.bit_length() // 64) > _MAX_WORK:
            return None
        images = [[_residue(q * modulus, modulus) for q in column] for column in columns[:count]]
        found = solution(images, target, modulus)
        if found is not None:
            return found
    return None


def _power(factor: int, numbers: Iterable[int]) -> int:
    """The least power of the factor that has all in common with each number which higher powers have."""
    power = factor
    for number in numbers:
        while math.gcd(number, power * factor) > math.gcd(number, power):
            power *= factor
    return power


def coprime_factors(numbers: Iterable[int]) -> list[int]:
    """Numbers > 1 without factors in common, of whose powers the given ones are products.

    >>> sorted(coprime_factors([12, 18, 35]))
    [2, 3, 35]
    """
    found: list[int] = []
    waiting = list(numbers)
    while waiting:
        number = waiting.pop()
        for index, factor in enumerate(found):
            common = math.gcd(number, factor)
            if common > 1:
                waiting += [number // common, common, factor // common]
                del found[index]
                break
        else:
            found += [number] * (number > 1)
    return found


def other_primes(q: Fraction) -> int:
    """The denominator without its powers of 2 and 5: 1 for a decimal fraction."""
    rest = q.denominator >> ((q.denominator & -q.denominator).bit_length() - 1)
    while rest % 5 == 0:
        rest //= 5
    return rest


def _residue(q: Fraction, modulus: int) -> int:
    return q.numerator * pow(q.denominator, -1, modulus) % modulus


def _small(mean: int, part: int) -> Fraction:
    """A decimal that differs from the mean by a decimal multiple of the part, at most 1/2."""
    places = len(str(part))
    return mean - part * Fraction(round(Fraction(mean * 10**places, part)), 10**places)


def solution(images: Sequence[Sequence[int]], target: Sequence[int], modulus: int) -> list[int] | None:
    """Integers x with sum_j x_j images_j = target modulo ``modulus``, by Euclid's algorithm on one row after another.

    >>> solution([[2, 1], [3, 0]], [1, 2], 6), solution([[2]], [1], 6)
    ([2, 5], None)
    """
    rows, count = len(target), len(images)
    kind = np.int64 if modulus < 1 << 31 else object  # sums of two products then have 63 bits
    vectors = [np.array([*image, *(int(i == j) for i in range(count))], kind) for j, image in enumerate(images)]
    left = np.array([*target, *[0] * count], kind)
    for row in range(rows):
        pivot, size = np.zeros_like(left), modulus  # a multiple of modulus in this row, which is 0
        for index, vector in enumerate(vectors):
            if entry := int(vector[row]):
                divisor, s, t = _bezout(size, entry)
                u, v = entry // divisor, -(size // divisor) % modulus
                vectors[index] = (u * pivot + v * vector) % modulus
                pivot, size = (s % modulus * pivot + t % modulus * vector) % modulus, divisor
        times, rest = divmod(int(left[row]), size)
        if rest:
            return None
        left = (left - times * pivot) % modulus
        vectors = [vector for vector in vectors if vector[:rows].any()]
    return [-entry % modulus for entry in left[rows:].tolist()]


def _bezout(a: int, b: int) -> tuple[int, int, int]:
    """(g, s, t) with g = gcd(a, b) = s a + t b."""
    s, next_s, t, next_t = 1, 0, 0, 1
    while b:
        quotient, remainder = divmod(a, b)
        a, b = b, remainder
        s, next_s = next_s, s - quotient * next_s
        t, next_t = next_t, t - quotient * next_t
    return a, s, t
