"""Seeded networks on domains with equations, and the same networks with the equations put in by hand.

Standard library only. A domain is {x = p + S y : lower <= y <= upper}: some coordinates of x are y, the others follow.
"""

import random
from dataclasses import dataclass, replace
from fractions import Fraction

from oracles.activation_z3 import Case, Vector
from oracles.random_cases import random_case

KINDS = ("fixed", "across", "on a unit")


@dataclass(frozen=True)
class FlatCase:
    """``full`` in x, ``inner`` the same function of y with the box of y; ``rows``, (constant, gradient), are >= 0."""

    full: Case
    inner: Case
    inclusion: tuple[Vector, ...]  # for each x_j its row (constant, gradient) in y
    rows: tuple[Vector, ...]
    free: tuple[int, ...]
    fixes_inputs: bool

    def lifted(self, y: Vector) -> Vector:
        return tuple(row[0] + sum(a * t for a, t in zip(row[1:], y, strict=True)) for row in self.inclusion)

    def along(self, direction: Vector) -> Vector:
        return tuple(
            sum((a * t for a, t in zip(row[1:], direction, strict=True)), Fraction(0)) for row in self.inclusion
        )


def flat_case(seed: int, bounded: bool = True) -> FlatCase:
    """At least two inputs, of which at least one is free; a third of the domains each fixes inputs, lies across the
    coordinates, or lies where a unit of the first layer vanishes. Equations are stated or only implied.
    """
    rng = random.Random(f"flat {seed}")
    number = 4 * seed + seed % 2
    case = random_case(number)
    while case.input_dim < 2:
        number += 2
        case = random_case(number)
    n, kind = case.input_dim, KINDS[seed % 3]
    free = sorted(rng.sample(range(n), rng.randint(1, n - 1)))
    k = len(free)
    rows: list[list[Fraction]] = []
    for j in range(n):
        slope = [Fraction(j in free and free.index(j) == i) for i in range(k)]
        if j not in free and kind != "fixed":
            slope = [Fraction(rng.randint(-2, 2), rng.choice((1, 1, 2))) for _ in range(k)]
        constant = Fraction(0) if j in free else Fraction(rng.randint(-2, 2), rng.choice((1, 2, 3)))
        rows.append([constant, *slope])
    if kind == "on a unit":
        put_on_a_unit(rng, case, free, rows)
    inclusion = tuple(map(tuple, rows))
    lower = [Fraction(rng.randint(-3, 0), 2) for _ in free]
    upper = [low + Fraction(rng.randint(1, 8), 3) for low in lower]
    inner = put_in(case, inclusion, (tuple(lower), tuple(upper)) if bounded else None)
    found = constraints(n, free, lower, upper) if bounded else []
    implied = kind != "fixed" and rng.random() < 0.5
    equations = [equation(n, j, free, rows) for j in range(n) if j not in free]
    if implied:
        found += [*equations, [-sum(column) for column in zip(*equations, strict=True)]]
    else:
        found += [[sign * a for a in row] for row in equations for sign in (1, -1)]
    rng.shuffle(found)
    full = replace(case, box=None)
    return FlatCase(full, inner, inclusion, tuple(map(tuple, found)), tuple(free), kind == "fixed")


def put_on_a_unit(rng, case, free, rows):
    """Let a coordinate that is not free follow from the others such that a unit of the first layer vanishes."""
    units = list(zip(case.weights[0], case.biases[0], strict=True))
    rng.shuffle(units)
    for weights, bias in units:
        for j, weight in enumerate(weights):
            if weight and j not in free:
                others = [(w, row) for i, (w, row) in enumerate(zip(weights, rows, strict=True)) if i != j]
                total = [sum((w * row[m] for w, row in others), Fraction(0)) for m in range(len(rows[0]))]
                total[0] += bias
                rows[j] = [-t / weight for t in total]
                return


def put_in(case: Case, inclusion: tuple[Vector, ...], box: tuple[Vector, Vector] | None) -> Case:
    """x = p + S y, put in by schoolbook sums."""
    k = len(inclusion[0]) - 1
    first, biases = [], []
    for weights, bias in zip(case.weights[0], case.biases[0], strict=True):
        total = [
            sum((w * row[m] for w, row in zip(weights, inclusion, strict=True)), Fraction(0)) for m in range(k + 1)
        ]
        first.append(tuple(total[1:]))
        biases.append(bias + total[0])
    return replace(case, weights=(tuple(first), *case.weights[1:]), biases=(tuple(biases), *case.biases[1:]), box=box)


def constraints(n, free, lower, upper):
    """lower <= y <= upper as rows on (1, x)."""
    found = []
    for j, low, high in zip(free, lower, upper, strict=True):
        unit = [Fraction(i == j) for i in range(n)]
        found += [[-low, *unit], [high, *(-a for a in unit)]]
    return found


def equation(n, j, free, rows):
    """x_j - p_j - S_j y as a row on (1, x)."""
    found = [-rows[j][0], *(Fraction(i == j) for i in range(n))]
    for a, i in zip(rows[j][1:], free, strict=True):
        found[i + 1] -= a
    return found
