"""Changes of a network whose effect on every answer is known exactly: scales, orders, split and dead units.

Standard library only. A change turns a case into another one and says where inputs, outputs and units went.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from oracles.activation_z3 import Case, Pattern, Vector
from oracles.random_cases import RELU

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Effect:
    """What becomes of points, values and patterns: x_new[j] = factor_j x[place_j] for the pairs in ``inputs``, values
    are multiplied by ``output`` > 0, and sign k of a pattern is that of a former place, or ("new", sign).
    """

    inputs: tuple[tuple[int, Fraction], ...]
    output: Fraction
    signs: tuple[int | tuple[str, int], ...]

    def point(self, x: Sequence[Fraction]) -> Vector:
        return tuple(factor * x[place] for place, factor in self.inputs)

    def pattern(self, pattern: Pattern) -> Pattern:
        return tuple(pattern[p] if isinstance(p, int) else p[1] for p in self.signs)

    def then(self, later: "Effect") -> "Effect":
        inputs = tuple((self.inputs[p][0], f * self.inputs[p][1]) for p, f in later.inputs)
        signs = tuple(self.signs[p] if isinstance(p, int) else p for p in later.signs)
        return Effect(inputs, self.output * later.output, signs)

    @property
    def volume(self) -> Fraction:
        product = ONE
        for _, factor in self.inputs:
            product *= abs(factor)
        return product


def kinked(case: Case) -> list[tuple[int, int]]:
    """The units that have an entry in patterns."""
    return [
        (layer, unit)
        for layer, slopes in enumerate(case.slopes)
        for unit, (left, right) in enumerate(slopes)
        if left != right
    ]


def _no_effect(case: Case) -> Effect:
    return Effect(tuple((i, ONE) for i in range(case.input_dim)), ONE, tuple(range(len(kinked(case)))))


def _power(rng: random.Random, most: int = 400) -> Fraction:
    return Fraction(rng.choice((2, 10))) ** rng.randint(-most, most)


def scaled_inputs(rng: random.Random, case: Case) -> tuple[Case, Effect]:
    """Inputs times 2^k or 10^k, undone by the first layer; every one by the same or by its own."""
    factors = [_power(rng)] * case.input_dim if rng.random() < 0.7 else [_power(rng, 60) for _ in range(case.input_dim)]
    first = tuple(tuple(q / s for q, s in zip(row, factors, strict=True)) for row in case.weights[0])
    box = case.box and tuple(tuple(q * s for q, s in zip(corner, factors, strict=True)) for corner in case.box)
    sides = tuple((tuple(q / s for q, s in zip(row, factors, strict=True)), b) for row, b in case.halfspaces)
    changed = replace(case, weights=(first, *case.weights[1:]), box=box, halfspaces=sides)
    return changed, replace(_no_effect(case), inputs=tuple(enumerate(factors)))


def permuted_inputs(rng: random.Random, case: Case) -> tuple[Case, Effect]:
    order = rng.sample(range(case.input_dim), case.input_dim)
    first = tuple(tuple(row[i] for i in order) for row in case.weights[0])
    box = case.box and tuple(tuple(corner[i] for i in order) for corner in case.box)
    sides = tuple((tuple(row[i] for i in order), b) for row, b in case.halfspaces)
    changed = replace(case, weights=(first, *case.weights[1:]), box=box, halfspaces=sides)
    return changed, replace(_no_effect(case), inputs=tuple((i, ONE) for i in order))


def scaled_layer(rng: random.Random, case: Case) -> tuple[Case, Effect]:
    """The weights of one layer times a power, and the biases from there on."""
    layer, factor = rng.randrange(len(case.weights)), _power(rng)
    weights = [_rows_times(rows, factor) if i == layer else rows for i, rows in enumerate(case.weights)]
    biases = [times(bias, factor) if i >= layer else bias for i, bias in enumerate(case.biases)]
    return replace(case, weights=tuple(weights), biases=tuple(biases)), replace(_no_effect(case), output=factor)


def scaled_units(rng: random.Random, case: Case) -> tuple[Case, Effect]:
    """Every unit of a hidden layer times its own power, undone by the next layer."""
    layer = rng.randrange(len(case.slopes))
    factors = [_power(rng) for _ in case.slopes[layer]]
    chosen = list(enumerate(factors))
    return with_units(case, layer, chosen), _no_effect(case)


def permuted_units(rng: random.Random, case: Case) -> tuple[Case, Effect]:
    layer = rng.randrange(len(case.slopes))
    order = rng.sample(range(len(case.slopes[layer])), len(case.slopes[layer]))
    changed = with_units(case, layer, [(i, ONE) for i in order])
    places = {unit: place for place, unit in enumerate(kinked(case))}
    signs = tuple(places[(at, order[u] if at == layer else u)] for at, u in kinked(changed))
    return changed, replace(_no_effect(case), signs=signs)


def split_unit(rng: random.Random, case: Case) -> tuple[Case, Effect]:
    """One unit twice, at the end of its layer too, its outgoing weights shared between both."""
    layer = rng.randrange(len(case.slopes))
    unit, share = rng.randrange(len(case.slopes[layer])), Fraction(rng.randint(-5, 5), 3)
    outgoing = tuple(
        (*row[:unit], share * row[unit], *row[unit + 1 :], (1 - share) * row[unit]) for row in case.weights[layer + 1]
    )
    changed = with_one_more(
        case, layer, case.weights[layer][unit], case.biases[layer][unit], case.slopes[layer][unit], outgoing
    )
    places = {key: place for place, key in enumerate(kinked(case))}
    signs = tuple(places[(at, unit if (at, u) not in places else u)] for at, u in kinked(changed))
    return changed, replace(_no_effect(case), signs=signs)


def dead_unit(rng: random.Random, case: Case) -> tuple[Case, Effect]:
    """A unit without inputs and with any outgoing weights, off or exactly on its kink."""
    layer, sign = rng.randrange(len(case.slopes)), rng.choice((-1, 0))
    outgoing = tuple((*row, Fraction(rng.randint(-3, 3))) for row in case.weights[layer + 1])
    bias = sign * abs(_power(rng))
    changed = with_one_more(case, layer, (ZERO,) * len(case.weights[layer][0]), bias, RELU, outgoing)
    places = {key: place for place, key in enumerate(kinked(case))}
    signs = tuple(places.get(key, ("new", sign)) for key in kinked(changed))
    return changed, replace(_no_effect(case), signs=signs)


CHANGES: dict[str, Callable[[random.Random, Case], tuple[Case, Effect]]] = {
    change.__name__: change
    for change in (
        scaled_inputs, permuted_inputs, scaled_layer, scaled_units, permuted_units, split_unit, dead_unit,
    )
}  # fmt: skip


def changed_case(rng: random.Random, case: Case, names: Sequence[str]) -> tuple[Case, Effect]:
    """The changes of these names, one after the other."""
    effect = _no_effect(case)
    for name in names:
        case, further = CHANGES[name](rng, case)
        effect = effect.then(further)
    return replace(case, name=f"{', '.join(names)} of {case.name}"), effect


def times(row: Vector, factor: Fraction) -> Vector:
    return tuple(factor * q for q in row)


def _rows_times(rows, factor: Fraction):
    return tuple(times(row, factor) for row in rows)


def with_units(case: Case, layer: int, chosen: list[tuple[int, Fraction]]) -> Case:
    """The hidden layer with units chosen by (place, positive factor), undone by the next layer."""
    weights, biases, slopes = list(case.weights), list(case.biases), list(case.slopes)
    weights[layer] = tuple(times(case.weights[layer][i], s) for i, s in chosen)
    biases[layer] = tuple(s * case.biases[layer][i] for i, s in chosen)
    slopes[layer] = tuple(case.slopes[layer][i] for i, _ in chosen)
    weights[layer + 1] = tuple(tuple(row[i] / s for i, s in chosen) for row in case.weights[layer + 1])
    return replace(case, weights=tuple(weights), biases=tuple(biases), slopes=tuple(slopes))


def with_one_more(case: Case, layer: int, row: Vector, bias: Fraction, slope, outgoing) -> Case:
    """The hidden layer with one more unit at its end; ``outgoing`` are the weights of the next layer."""
    weights, biases, slopes = list(case.weights), list(case.biases), list(case.slopes)
    weights[layer], weights[layer + 1] = (*case.weights[layer], row), outgoing
    biases[layer], slopes[layer] = (*case.biases[layer], bias), (*case.slopes[layer], slope)
    return replace(case, weights=tuple(weights), biases=tuple(biases), slopes=tuple(slopes))
