"""Networks rewritten without changing their function, and mutants that may change it. Standard library only."""

import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from oracles.activation_z3 import Case, Matrix
from oracles.changed_cases import ONE, ZERO, with_units
from oracles.random_cases import RELU


def permuted(case: Case, rng: random.Random) -> Case:
    """Hidden units in another order."""
    return _each_layer(case, lambda size: [(i, ONE) for i in rng.sample(range(size), size)])


def rescaled(case: Case, rng: random.Random) -> Case:
    """Hidden units times positive rationals, undone by the next layer."""
    return _each_layer(case, lambda size: [(i, Fraction(rng.randint(1, 9), rng.randint(1, 9))) for i in range(size)])


def padded(case: Case, rng: random.Random) -> Case:
    """A dead unit, and a copy of some unit twice, with opposite outgoing weights, in one hidden layer."""
    layer = rng.randrange(len(case.slopes))
    rows, bias, slopes = case.weights[layer], case.biases[layer], case.slopes[layer]
    copied, factor = rng.randrange(len(rows)), Fraction(rng.randint(-5, 5), 3)
    outgoing = case.weights[layer + 1]
    return replace(
        case,
        weights=(
            *case.weights[:layer],
            (*rows, (ZERO,) * len(rows[0]), rows[copied], rows[copied]),
            tuple((*row, ONE, factor, -factor) for row in outgoing),
            *case.weights[layer + 2 :],
        ),
        biases=(*case.biases[:layer], (*bias, -ONE, bias[copied], bias[copied]), *case.biases[layer + 1 :]),
        slopes=(*case.slopes[:layer], (*slopes, RELU, slopes[copied], slopes[copied]), *case.slopes[layer + 1 :]),
    )


def split(case: Case, rng: random.Random) -> Case:
    """One more hidden layer: h = relu(h) - relu(-h) between two layers."""
    layer = rng.randrange(len(case.slopes))
    size = len(case.weights[layer])
    both = tuple(tuple(sign * (i == j) for j in range(size)) for sign in (ONE, -ONE) for i in range(size))
    outgoing = tuple((*row, *(-q for q in row)) for row in case.weights[layer + 1])
    return replace(
        case,
        weights=(*case.weights[: layer + 1], both, outgoing, *case.weights[layer + 2 :]),
        biases=(*case.biases[: layer + 1], (ZERO,) * (2 * size), *case.biases[layer + 1 :]),
        slopes=(*case.slopes[: layer + 1], (RELU,) * (2 * size), *case.slopes[layer + 1 :]),
    )


def mutated(case: Case, rng: random.Random) -> Case:
    """One weight changed by 2^-20 ... 2^-60; the function may or may not change."""
    layer = rng.randrange(len(case.weights))
    rows = [list(row) for row in case.weights[layer]]
    row = rng.randrange(len(rows))
    rows[row][rng.randrange(len(rows[row]))] += Fraction(1, 2 ** rng.randint(20, 60))
    changed: Matrix = tuple(tuple(row) for row in rows)
    return replace(case, weights=(*case.weights[:layer], changed, *case.weights[layer + 1 :]))


def rewritten(case: Case, rng: random.Random) -> Case:
    """The same function by other parameters: one or two of the ways above."""
    for way in rng.sample(WAYS, rng.choice((1, 1, 2))):
        case = way(case, rng)
    return case


WAYS: tuple[Callable[[Case, random.Random], Case], ...] = (permuted, rescaled, padded, split)


def _each_layer(case: Case, choose: Callable[[int], list[tuple[int, Fraction]]]) -> Case:
    """Hidden units chosen by (place, positive factor), layer after layer; outgoing weights follow."""
    for layer in range(len(case.slopes)):
        case = with_units(case, layer, choose(len(case.slopes[layer])))
    return case
