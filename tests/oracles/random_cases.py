"""Seeded small networks for differential tests, half of them degenerate. Standard library only."""

import itertools
import math
import random
from collections.abc import Callable
from fractions import Fraction

from oracles.activation_z3 import Case, Vector, fractions

RELU = (Fraction(0), Fraction(1))
SLOPES = (
    RELU,
    (Fraction(1), Fraction(1)),
    (Fraction(-1), Fraction(1)),
    (Fraction(1, 10), Fraction(1)),
    (Fraction(1), Fraction(0)),
    (Fraction(1, 2), Fraction(1, 2)),
    (Fraction(0), Fraction(0)),
)
WIDTHS = {
    1: ((3,), (8,), (2, 2), (4, 4), (2, 3, 2)),
    2: ((3,), (8,), (4, 4), (5, 2), (2, 3, 3)),
    3: ((4,), (7,), (4, 3), (3, 3), (3, 2, 2)),
    4: ((5,), (6,), (4, 3), (5, 2), (4, 2, 1)),
}
SCALES = (Fraction(2) ** -20, Fraction(2) ** 20)

Layers = list[list[list[Fraction]]]
Biases = list[list[Fraction]]


def random_case(seed: int) -> Case:
    """Case number `seed`: even seeds are generic, odd ones run through the degenerate kinds of `KINDS`.

    Input dimension 1 to 4, one to three hidden layers, at most eight hidden units; the domain is R^n for half of the
    cases, [-1, 1]^n for a quarter, an off-centre rational box for the rest. Half of the degenerate cases, constant
    networks apart, go through one of `FURTHER` as well. `PERIOD` seeds from an even one on hold each kind once in each
    dimension. The same seed gives the same case.
    """
    rng = random.Random(f"case {seed}")
    dim = 1 + seed // 2 % 4
    widths = list(rng.choice(WIDTHS[dim]))
    kinds = list(KINDS)
    name = kinds[seed // 2 % len(kinds)] if seed % 2 else "generic"
    if name == "width-1 layers":
        widths = [rng.choice((1, 3)), 1, rng.choice((1, 2))]
    weights, biases, slopes = generic(rng, [dim, *widths, rng.choice((1, 1, 2))])
    if seed % 2:
        KINDS[name](rng, weights, biases, slopes)
    further = ""
    if seed % 2 and name != "constant network" and rng.random() < 0.5:
        further = rng.choice(FURTHER)
        KINDS[further](rng, weights, biases, slopes)
    if name != "constant network" and rng.random() < 0.2:
        slopes = [[rng.choice(SLOPES) for _ in layer] for layer in slopes]
    shape = f"{dim}-{'-'.join(map(str, widths))}"
    box = _box(rng, dim)
    return Case(
        tuple(fractions(rows) for rows in weights),
        fractions(biases),
        tuple(tuple(layer) for layer in slopes),
        box,
        f"{seed}: {name}, {shape}, {'box' if box else 'R^n'}{', ' + further if further else ''}",
    )


def generic(rng: random.Random, sizes: list[int]) -> tuple[Layers, Biases, list[list[tuple[Fraction, Fraction]]]]:
    """Independent entries from one of three number systems: floats, eighths, small fractions."""
    draw = rng.choice((_gaussian, _eighth, _ratio))
    weights = [[[draw(rng) for _ in range(n)] for _ in range(m)] for n, m in itertools.pairwise(sizes)]
    biases = [[draw(rng) / 2 for _ in range(m)] for m in sizes[1:]]
    return weights, biases, [[RELU] * m for m in sizes[1:-1]]


def _gaussian(rng: random.Random) -> Fraction:
    return Fraction(rng.gauss(0, 1))


def _eighth(rng: random.Random) -> Fraction:
    return Fraction(rng.randint(-8, 8), 8)


def _ratio(rng: random.Random) -> Fraction:
    return Fraction(rng.randint(-9, 9), rng.randint(1, 7))


def _box(rng: random.Random, dim: int) -> tuple[Vector, Vector] | None:
    choice = rng.randrange(4)
    if choice < 2:
        return None
    if choice == 2:
        return (Fraction(-1),) * dim, (Fraction(1),) * dim
    lower = tuple(Fraction(rng.randint(-12, 6), 5) for _ in range(dim))
    return lower, tuple(low + Fraction(rng.randint(1, 15), 7) for low in lower)


def _fill(layers: Layers, draw: Callable[[], int | Fraction]) -> None:
    for rows in layers:
        for row in rows:
            row[:] = [Fraction(draw()) for _ in row]


def _zero_biases(rng, weights, biases, slopes):
    for bias in biases:
        bias[:] = [Fraction(0)] * len(bias)


def _integer_weights(rng, weights, biases, slopes):
    _fill(weights, lambda: rng.randint(-2, 2))
    _fill([biases], lambda: rng.randint(-1, 1))


def _ternary(rng, weights, biases, slopes):
    _fill(weights, lambda: rng.choice((-1, 0, 1)))
    _zero_biases(rng, weights, biases, slopes)


def _eighths(rng, weights, biases, slopes):
    """So few values that equal, opposite and zero entries abound."""
    _fill([*weights, biases], lambda: Fraction(rng.randint(-4, 4), 8))


def _proportional(rng, weights, biases, factors):
    for rows, bias in zip(weights[:-1], biases, strict=False):
        if len(rows) > 1:
            source, target = rng.sample(range(len(rows)), 2)
            factor = Fraction(rng.choice(factors))
            rows[target][:] = [factor * q for q in rows[source]]
            bias[target] = factor * bias[source]


def _duplicate_neurons(rng, weights, biases, slopes):
    _proportional(rng, weights, biases, (1, 1, 2, Fraction(1, 3)))


def _opposite_neurons(rng, weights, biases, slopes):
    _proportional(rng, weights, biases, (-1, -1, -3))


def _zero_neurons(rng, weights, biases, slopes):
    for rows, bias in zip(weights[:-1], biases, strict=False):
        target = rng.randrange(len(rows))
        rows[target][:] = [Fraction(0)] * len(rows[target])
        bias[target] = Fraction(rng.choice((0, 0, 1, -1)))


def _concurrent_hyperplanes(rng, weights, biases, slopes):
    centre = [Fraction(rng.randint(-2, 2), 4) for _ in weights[0][0]]
    for i, row in enumerate(weights[0]):
        if rng.random() < 0.5:
            row[:] = [Fraction(rng.randint(-2, 2)) for _ in row]
        biases[0][i] = -sum((q * c for q, c in zip(row, centre, strict=True)), Fraction(0))


def _cancelling_units(rng, weights, biases, slopes):
    """Two equal units with opposite outgoing weights: later preactivations vanish on whole regions."""
    for layer, rows in enumerate(weights[:-1]):
        if len(rows) > 1:
            rows[1][:] = rows[0]
            biases[layer][1] = biases[layer][0]
            for outgoing in weights[layer + 1]:
                outgoing[1] = -outgoing[0]
                if rng.random() < 0.5:
                    outgoing[2:] = [Fraction(0)] * len(outgoing[2:])
        if layer:
            biases[layer][:] = [Fraction(0)] * len(biases[layer])


def _width_one(rng, weights, biases, slopes):
    """The shape alone is the degeneracy; half of these also lose their biases."""
    if rng.random() < 0.5:
        _zero_biases(rng, weights, biases, slopes)


def _constant_network(rng, weights, biases, slopes):
    """No output depends on the input: zero first or last layer, or a hidden layer that is never active."""
    which = rng.randrange(3)
    if which < 2:
        _fill([weights[-which]], lambda: 0)
        return
    layer = rng.randrange(len(weights) - 1)
    if layer:
        _fill([weights[layer]], lambda: -rng.randint(0, 2))
    else:
        _fill([weights[0]], lambda: 0)
    biases[layer][:] = [Fraction(-rng.randint(0, 1)) for _ in biases[layer]]


def _deficient_rank(rng, weights, biases, slopes):
    """Every row of the first layer lies in a subspace spanned by n - 1 integer vectors (by none if n = 1)."""
    dim = len(weights[0][0])
    basis = [[rng.randint(-2, 2) for _ in range(dim)] for _ in range(rng.randint(min(1, dim - 1), dim - 1))]
    for row in weights[0]:
        factors = [rng.randint(-2, 2) for _ in basis]
        row[:] = [Fraction(sum(f * v[i] for f, v in zip(factors, basis, strict=True))) for i in range(dim)]


def _other_slopes(rng, weights, biases, slopes):
    for layer in slopes:
        layer[:] = [rng.choice(SLOPES) for _ in layer]
    if rng.random() < 0.5:
        _integer_weights(rng, weights, biases, slopes)


def _repeated_breaks(rng, weights, biases, slopes):
    """A later unit breaks where an earlier one does: first rows with a common kink, second layer without bias."""
    for i, row in enumerate(weights[0][1:], 1):
        row[:] = [Fraction(rng.choice((-1, 1))) * q for q in weights[0][0]] if i % 2 else row
    for bias in biases:
        bias[:] = [Fraction(0)] * len(bias)


def _near_duplicate_neurons(rng, weights, biases, slopes):
    """Copies off by 1e-9 or 2^-60 in one entry, as rationals or as floats; half of the pairs almost cancel later on."""
    for rows, bias, following in zip(weights[:-1], biases, weights[1:], strict=False):
        if len(rows) > 1:
            source, target = rng.sample(range(len(rows)), 2)
            copy = [*rows[source], bias[source]]
            copy[rng.randrange(len(copy))] += rng.choice((1, -1)) * Fraction(1, rng.choice((10**9, 10**9, 2**60)))
            *rows[target], bias[target] = rng.choice((copy, [Fraction(float(q)) for q in copy]))
            if rng.random() < 0.5:
                for outgoing in following:
                    outgoing[target] = -outgoing[source]


def _rescale(rng, weights, biases, factors):
    """Multiply the units of layer l by factors[l]; for half of the networks undo it in layer l + 1: the same cells."""
    undone = rng.random() < 0.5
    for layer, scales in enumerate(factors):
        for i, scale in enumerate(scales):
            weights[layer][i][:] = [scale * q for q in weights[layer][i]]
            biases[layer][i] *= scale
            for outgoing in weights[layer + 1] if undone else ():
                outgoing[i] /= scale


def _rescaled_units(rng, weights, biases, slopes):
    _rescale(rng, weights, biases, [[rng.choice((1, *SCALES)) for _ in rows] for rows in weights[:-1]])


def _rescaled_layers(rng, weights, biases, slopes):
    _rescale(rng, weights, biases, [[rng.choice(SCALES)] * len(rows) for rows in weights[:-1]])


KINDS = {
    "zero biases": _zero_biases,
    "integer weights": _integer_weights,
    "ternary": _ternary,
    "eighths": _eighths,
    "duplicate neurons": _duplicate_neurons,
    "opposite neurons": _opposite_neurons,
    "zero neurons": _zero_neurons,
    "concurrent hyperplanes": _concurrent_hyperplanes,
    "cancelling units": _cancelling_units,
    "width-1 layers": _width_one,
    "constant network": _constant_network,
    "deficient rank": _deficient_rank,
    "other slopes": _other_slopes,
    "repeated breaks": _repeated_breaks,
    "near-duplicate neurons": _near_duplicate_neurons,
    "rescaled units": _rescaled_units,
    "rescaled layers": _rescaled_layers,
}
FURTHER = tuple(KINDS)[-3:]
PERIOD = 2 * math.lcm(len(WIDTHS), len(KINDS))
