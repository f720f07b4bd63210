"""The normalisation x -> (x - m) / r of inputs that lets decimals stand for a layer: W x + b = V (x - m) / r + c.

Decimal fractions are the rationals whose denominators have no primes but 2 and 5. A column of W becomes decimal when it
is multiplied by the rest d of its denominators, so that r = d up to a power of ten. Then c = b + W m is decimal if m
solves linear congruences modulo the least common multiple D of all d: decimals have values modulo D, as 10 is a unit.
"""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from tropical.arithmetic.rationals import Matrix, Vector

_MAX_WORK = 1 << 24
"""Most products of numbers of 64 bits in the solution of the congruences, seconds at most."""
_MAX_BITS = 1 << 14


def normalised(weight: Matrix, bias: Vector) -> tuple[Vector, Vector, Matrix, Vector]:
    """Means m, ranges r > 0, weight W r and bias b + W m, all of them decimal if W and b are or such m, r are found.

    >>> third, half = Fraction(1, 3), Fraction(1, 2)
    >>> means, ranges, weight, bias = normalised(((third, half),), (2 * third,))
    >>> [[*map(str, numbers)] for numbers in (means, ranges, *weight, bias)]
    [['1/10', '0'], ['3', '1'], ['1', '1/2'], ['7/10']]
    """
    columns = list(zip(*weight, strict=True))
    parts = [_common(map(other_primes, column)) for column in columns]
    modulus = _common([*parts, *map(other_primes, bias)])
    means = _means(columns, bias, parts, modulus) if 1 < modulus < 1 << _MAX_BITS else None
    if means is None:
        return (Fraction(0),) * len(parts), (Fraction(1),) * len(parts), weight, bias
    ranges = tuple(Fraction(part, 10 ** (len(str(part)) - 1)) for part in parts)  # between 1 and 10
    scaled = tuple(tuple(q * r for q, r in zip(row, ranges, strict=True)) for row in weight)
    shifts = (sum((q * m for q, m in zip(row, means, strict=True) if m), Fraction(0)) for row in weight)
    return means, ranges, scaled, tuple(b + shift for b, shift in zip(bias, shifts, strict=True))


def _common(numbers: Iterable[int]) -> int:
    """The least common multiple, or a multiple of some of them that is too large already."""
    found = 1
    for number in numbers:
        if found >> _MAX_BITS:
            break
        found = math.lcm(found, number)
    return found


def _means(columns: Sequence[Vector], bias: Vector, parts: Sequence[int], modulus: int) -> Vector | None:
    target = [_residue(-b * modulus, modulus) for b in bias]
    used = [j for j, part in enumerate(parts) if part > 1]
    for count in sorted({min(len(used), len(bias) + 8), len(used)}):  # a column for each row mostly suffices
        if count * len(bias) * (count + len(bias)) * (1 + modulus.bit_length() // 64) > _MAX_WORK:
            return None
        images = [[_residue(q * modulus, modulus) for q in columns[j]] for j in used[:count]]
        found = solution(images, target, modulus)
        if found is not None:
            means = dict(zip(used, found, strict=False))
            return tuple(_small(means.get(j, 0), part) for j, part in enumerate(parts))
    return None


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
    found, left = [0] * len(images), list(target)
    vectors = [(list(image), [int(i == j) for i in range(len(images))]) for j, image in enumerate(images)]
    for row in range(len(left)):
        pivot, size = ([0] * len(left), [0] * len(images)), modulus  # a multiple of modulus in this row, which is 0
        for index, vector in enumerate(vectors):
            if entry := vector[0][row]:
                divisor, s, t = _bezout(size, entry)
                pivot, vectors[index] = (
                    _combined(s, pivot, t, vector, modulus),
                    _combined(entry // divisor, pivot, -size // divisor, vector, modulus),
                )
                size = divisor
        times, rest = divmod(left[row], size)
        if rest:
            return None
        left = [(a - times * b) % modulus for a, b in zip(left, pivot[0], strict=True)]
        found = [(a + times * b) % modulus for a, b in zip(found, pivot[1], strict=True)]
        vectors = [vector for vector in vectors if any(vector[0])]
    return found


_Vector = tuple[list[int], list[int]]


def _combined(s: int, a: _Vector, t: int, b: _Vector, modulus: int) -> _Vector:
    first, second = ([(s * p + t * q) % modulus for p, q in zip(u, v, strict=True)] for u, v in zip(a, b, strict=True))
    return first, second


def _bezout(a: int, b: int) -> tuple[int, int, int]:
    """(g, s, t) with g = gcd(a, b) = s a + t b."""
    s, next_s, t, next_t = 1, 0, 0, 1
    while b:
        quotient, remainder = divmod(a, b)
        a, b = b, remainder
        s, next_s = next_s, s - quotient * next_s
        t, next_t = next_t, t - quotient * next_t
    return a, s, t
