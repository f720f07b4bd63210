"""Rational vectors and affine forms up to scale."""

import math
import random
from collections.abc import Iterable, Sequence
from fractions import Fraction

from tropical import AffineForm

Vector = tuple[Fraction, ...]

_SIZE = 1 << 24  # of the integers that make up random vectors


def oriented(gradient: Vector) -> tuple[tuple[int, ...], Fraction]:
    """(n, q) with gradient = q n, n primitive and its first non-zero entry positive."""
    common = math.lcm(*(a.denominator for a in gradient))
    whole = [int(a * common) for a in gradient]
    divisor = math.gcd(*whole) * (1 if next(a for a in whole if a) > 0 else -1)
    return tuple(a // divisor for a in whole), Fraction(divisor, common)


def ratio(vector: Sequence[Fraction | int], base: Vector) -> Fraction | None:
    """q with vector = q base, or None; base != 0."""
    pivot = next(i for i, b in enumerate(base) if b)
    ratio = vector[pivot] / base[pivot]
    return ratio if all(a == ratio * b for a, b in zip(vector, base, strict=True)) else None


def multiple(form: AffineForm, base: AffineForm) -> Fraction | None:
    """q with form = q base, or None; base is not constant."""
    return ratio((*form.gradient, form.constant), (*base.gradient, base.constant))


def dot(a: Iterable[Fraction], b: Iterable[Fraction]) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


def random_vector(rng: random.Random, dim: int) -> Vector:
    return tuple(Fraction(rng.randint(-_SIZE, _SIZE)) for _ in range(dim))
