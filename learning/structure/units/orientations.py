"""Which orientations of the units of a hidden layer leave the least linear part: an exact subset search.

s relu(t) = s relu(-t) + s t: turning the units J round adds the sum of their jumps s_j n_j to the gradient of the rest.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from learning.structure.units.vectors import Vector, dot, random_vector, ratio

_SEARCHED = 24  # units up to which the search is made: 2^12 partial sums for each


@dataclass(frozen=True)
class Orientation:
    """The units to turn round, and what is then left of the gradient: a multiple of the jump of unit ``along``, or 0.

    With ``along`` None and a gradient that is not 0 there is no such orientation, or none was searched for
    (``searched`` False).
    """

    turned: frozenset[int]
    along: int | None = None
    searched: bool = True


def best_orientation(gradient: Vector, jumps: Sequence[Vector]) -> Orientation:
    """Return J that makes gradient + sum_{j in J} jumps[j] zero; if there is none, a multiple of one of the jumps.

    With w random, <w, .> turns sums of vectors into sums of numbers, and modulo jumps[i] so does a w orthogonal to it.
    Sums that fit are confirmed, and no solution is missed. No search is made for more than 24 jumps.

    >>> best_orientation((Fraction(-1), Fraction(-1)), [(Fraction(1), Fraction(0)), (Fraction(0), Fraction(1))]).turned
    frozenset({0, 1})
    """
    if not any(gradient):
        return Orientation(frozenset())
    if len(jumps) > _SEARCHED:
        return Orientation(frozenset(), searched=False)
    rng = random.Random(0)
    w, v = random_vector(rng, len(gradient)), random_vector(rng, len(gradient))
    for turned in _subsets([dot(w, jump) for jump in jumps], -dot(w, gradient)):
        if not any(_rest(gradient, jumps, turned)):
            return Orientation(turned)
    for i, modulus in enumerate(jumps):
        by_w, by_v = dot(w, modulus), dot(v, modulus)
        across = tuple(by_v * a - by_w * b for a, b in zip(w, v, strict=True))
        for turned in _subsets([dot(across, jump) for jump in jumps], -dot(across, gradient)):
            if ratio(_rest(gradient, jumps, turned), modulus) is not None:
                return Orientation(turned - {i}, along=i)
    return Orientation(frozenset())


def _rest(gradient: Vector, jumps: Sequence[Vector], turned: Iterable[int]) -> Vector:
    return tuple(sum(column, Fraction(0)) for column in zip(gradient, *(jumps[j] for j in turned), strict=True))


def _subsets(numbers: Sequence[Fraction], target: Fraction) -> Iterator[frozenset[int]]:
    """The index sets whose numbers add up to the target, by meeting in the middle."""
    middle = len(numbers) // 2
    table: dict[Fraction, list[frozenset[int]]] = {}
    for subset, total in _sums(numbers, range(middle)):
        table.setdefault(total, []).append(subset)
    for subset, total in _sums(numbers, range(middle, len(numbers))):
        yield from (subset | other for other in table.get(target - total, ()))


def _sums(numbers: Sequence[Fraction], indices: Iterable[int]) -> list[tuple[frozenset[int], Fraction]]:
    found = [(frozenset[int](), Fraction(0))]
    for i in indices:
        found += [(subset | {i}, total + numbers[i]) for subset, total in found]
    return found
