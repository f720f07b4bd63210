"""Polyhedra as domains of cases: bounded or not, with lines in them, cones, along the kinks of a network or across."""

import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from oracles.activation_z3 import Case, Form, Vector, value_at
from oracles.changed_cases import changed_case
from oracles.random_cases import random_case

ZERO, ONE = Fraction(0), Fraction(1)
STEP = 100_002


def domain_case(seed: int) -> Case:
    """Case number `seed` of `random_cases`, of four one on the domain that it has there, three on one of `KINDS`.

    On the line and in the plane, where z3 is quick enough for such numbers, one of six is scaled by 2^k or 10^k.
    """
    rng, case = random.Random(f"domain {seed}"), random_case(seed)
    if rng.random() < 0.75:
        case = on_polyhedron(rng, case, rng.choice(list(KINDS)))
    if case.input_dim <= 2 and rng.random() < 1 / 6:
        case, _ = changed_case(rng, case, [rng.choice(("scaled_inputs", "scaled_layer", "scaled_units"))])
    return case


def small_case(draw: Callable[[int], Case], seed: int, most_units: int, most_inputs: int = 4) -> Case:
    """The first one that is small enough; from one seed to the next the kind and the dimension change."""
    cases = map(draw, range(seed, seed + 100 * STEP, STEP))
    return next(c for c in cases if c.input_dim <= most_inputs and sum(map(len, c.slopes)) <= most_units)


def on_polyhedron(rng: random.Random, case: Case, name: str) -> Case:
    """The case on a polyhedron of this kind around a point inside its own domain."""
    return replace(KINDS[name](rng, case, _inside(rng, case)), name=f"{case.name}, {name}")


def _inside(rng: random.Random, case: Case) -> Vector:
    if case.box is None:
        return tuple(Fraction(rng.randint(-6, 6), rng.choice((1, 2, 5))) for _ in range(case.input_dim))
    return tuple(low + (high - low) * Fraction(rng.randint(1, 7), 8) for low, high in zip(*case.box, strict=True))


def _row(rng: random.Random, case: Case) -> Vector:
    """Small integers, or a row of the first layer; never 0."""
    row = rng.choice(case.weights[0])
    if not any(row) or rng.random() < 0.6:
        row = tuple(Fraction(rng.randint(-2, 2)) for _ in row)
    return row if any(row) else (ONE, *row[1:])


def _around(point: Vector, row: Vector, slack: Fraction) -> Form:
    """The half-space with this gradient whose form has the value ``slack`` > 0 at the point."""
    return row, slack - value_at((row, ZERO), point)


def _sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


def _slack(rng: random.Random) -> Fraction:
    return Fraction(rng.randint(1, 12), rng.choice((1, 2, 3, 4)))


def _few_halfspaces(rng: random.Random, case: Case, point: Vector) -> Case:
    """Mostly unbounded, with lines in it where they are fewer than dimensions."""
    rows = [_row(rng, case) for _ in range(rng.randint(1, case.input_dim + 1))]
    return replace(case, halfspaces=tuple(_around(point, row, _slack(rng)) for row in rows))


def _simplex(rng: random.Random, case: Case, point: Vector) -> Case:
    """x_i >= a_i and sum c_i x_i <= b, or turned round."""
    sign = Fraction(rng.choice((1, -1)))
    axes = [tuple(sign * (i == j) for j in range(case.input_dim)) for i in range(case.input_dim)]
    rows = [*axes, tuple(-sign * rng.randint(1, 3) for _ in axes)]
    return replace(case, box=None, halfspaces=tuple(_around(point, row, _slack(rng)) for row in rows))


def _strip(rng: random.Random, case: Case, point: Vector) -> Case:
    """Between two parallel hyperplanes, one of them stated twice at different scales."""
    row = _row(rng, case)
    lower, upper = _around(point, row, _slack(rng)), _around(point, tuple(-q for q in row), _slack(rng))
    again = (tuple(3 * q for q in lower[0]), 3 * lower[1] + rng.choice((0, 0, 1)))
    return replace(case, halfspaces=(lower, upper, again))


def _cut_along_kinks(rng: random.Random, case: Case, point: Vector) -> Case:
    """Bounded by hyperplanes on which units of the first layer have their kinks, or by parallel ones just beside."""
    sides = []
    for row, bias in zip(case.weights[0], case.biases[0], strict=True):
        sign = _sign(value_at((row, bias), point))
        if sign and any(row):
            beside = rng.choice((ZERO, ZERO, Fraction(1, 2**40)))
            sides.append((tuple(sign * q for q in row), sign * bias + beside))
    return replace(case, halfspaces=tuple(sides[:3]))


def _cone(rng: random.Random, case: Case, point: Vector) -> Case:
    """A polyhedral cone with its apex at the origin, on a network without biases."""
    rows = [_row(rng, case) for _ in range(rng.randint(1, case.input_dim + 1))]
    signs = [_sign(value_at((row, ZERO), point)) for row in rows]
    sides = tuple((tuple(s * q for q in row), ZERO) for s, row in zip(signs, rows, strict=True) if s)
    biases = tuple((ZERO,) * len(bias) for bias in case.biases)
    return replace(case, biases=biases, box=None, halfspaces=sides)


def _thin(rng: random.Random, case: Case, point: Vector) -> Case:
    """A slab of width 2^-30 or 10^-12 around the point."""
    row, width = _row(rng, case), rng.choice((Fraction(1, 2**30), Fraction(1, 10**12)))
    return replace(case, halfspaces=(_around(point, row, width), _around(point, tuple(-q for q in row), width)))


KINDS: dict[str, Callable[[random.Random, Case, Vector], Case]] = {
    "few half-spaces": _few_halfspaces,
    "a simplex": _simplex,
    "a strip": _strip,
    "cut along kinks": _cut_along_kinks,
    "a cone": _cone,
    "a thin slab": _thin,
}
