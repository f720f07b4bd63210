"""The layers of a network scaled to integers: signs and kinks of units, without denominators."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpz_mat

from tropical.arithmetic.rationals import primitive_integers
from tropical.functions.network import Pattern, ReLUNetwork

Integers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class IntegerLayer:
    """Preactivations (bias | weight) (h_0, h) of a layer times a positive number; h_0 is the homogenising coordinate.

    ``matrix`` is of shape (n_out, 1 + n_in), ``slopes`` are times one positive number, ``kinked`` as in the layer.
    ``scale`` is the factor of the preactivations, those of all layers before included.
    """

    matrix: fmpz_mat
    slopes: tuple[tuple[int, int], ...]
    kinked: tuple[int, ...]
    scale: int


def integer_layers(net: ReLUNetwork) -> list[IntegerLayer]:
    """The layers of ``net``, each times a positive number.

    >>> net = ReLUNetwork.from_arrays([[["1/2"], ["1/3"]], [[1, 1]]], [[1, 0], [0]])
    >>> [(layer.matrix.tolist(), layer.scale) for layer in integer_layers(net)]
    [([[6, 3], [0, 2]], 6), ([[0, 1, 1]], 6)]
    """
    found, scale = [], 1  # the layer's inputs carry this factor, and its biases have to follow
    for layer in net.layers:
        weight, bias = layer.exact_weight.numer_denom(), layer.exact_bias.numer_denom()
        common = math.lcm(int(weight[1]), int(bias[1]))
        biases = bias[0] * (common // int(bias[1]) * scale)
        rows = [
            [b, *row]
            for (b,), row in zip(biases.tolist(), (weight[0] * (common // int(weight[1]))).tolist(), strict=True)
        ]
        steep = math.lcm(*(q.denominator for pair in layer.slopes for q in pair))
        slopes = tuple((int(left * steep), int(right * steep)) for left, right in layer.slopes)
        found.append(IntegerLayer(fmpz_mat(rows), slopes, layer.kinked, scale * common))
        scale *= common * steep
    return found


def unit_rows(layers: Sequence[IntegerLayer], dim: int, pattern: Pattern) -> list[Integers]:
    """The preactivations of the kinked units where ``pattern`` holds, as primitive integer rows (constant, gradient).

    Each carries its sign in the pattern (0 counts as 1: such a row is 0 if the pattern is that of a cell), so that the
    cell is where all of them are >= 0.

    >>> net = ReLUNetwork.from_arrays([[[2], [-1]], [[1, 1]], [[1]]], [[-4, 1], [-1], [0]])
    >>> unit_rows(integer_layers(net)[:-1], 1, (1, -1, 1))
    [(-2, 1), (-1, 1), (-5, 2)]
    """
    found: list[Integers] = []
    signs = iter(pattern)
    state = [[int(i == j) for j in range(dim + 1)] for i in range(dim + 1)]
    for layer in layers:
        rows = [[int(a) for a in row] for row in (layer.matrix * fmpz_mat(state)).tolist()]
        chosen = [1] * len(rows)
        for unit in layer.kinked:
            chosen[unit] = next(signs) or 1
            found.append(primitive_integers([chosen[unit] * a for a in rows[unit]]))
        if layer is not layers[-1]:
            state = [state[0], *activated_integers(layer, rows, chosen)]
    return found


def patterns_beyond(layers: Sequence[IntegerLayer], rays: Sequence[tuple[Integers, Integers]]) -> list[Pattern]:
    """For each pair the pattern at point + eps direction for all small eps > 0, read from (value, derivative).

    Points (x_0, x) and directions (0, d) are homogeneous. The result is the pattern of a cell if the point lies on
    none of its hyperplanes, or in the relative interior of one facet that the direction crosses: then a form with
    value and derivative 0 is 0 on the whole cell beyond, since on the facet it agrees with a form that has one sign
    on the cell before and vanishes at an inner point of the facet, hence all along it.

    >>> layers = integer_layers(ReLUNetwork.from_arrays([[[1]], [[1]], [[1]]]))[:-1]
    >>> patterns_beyond(layers, [((1, 0), (0, 1)), ((1, 0), (0, -1))])
    [(1, 1), (-1, 0)]
    """
    patterns: list[list[int]] = [[] for _ in rays]
    if not rays:
        return []
    state = [list(column) for column in zip(*(vector for ray in rays for vector in ray), strict=True)]
    for layer in layers:
        rows = [[int(a) for a in row] for row in (layer.matrix * fmpz_mat(state)).tolist()]
        for unit in layer.kinked:
            pairs = zip(patterns, rows[unit][::2], rows[unit][1::2], strict=True)
            for pattern, value, derivative in pairs:
                leading = value or derivative
                pattern.append((leading > 0) - (leading < 0))
        if layer is not layers[-1]:
            state = [state[0], *map(_activated_pairs, rows, layer.slopes)]
    return [tuple(pattern) for pattern in patterns]


def _activated_pairs(row: list[int], slopes: tuple[int, int]) -> list[int]:
    left, right = slopes
    image = []
    for value, derivative in zip(row[::2], row[1::2], strict=True):
        slope = left if (value or derivative) < 0 else right
        image += [slope * value, slope * derivative]
    return image


def activated_integers(layer: IntegerLayer, rows: Sequence[Sequence[int]], signs: Sequence[int]) -> list[list[int]]:
    """The rows of the units after activation, for one sign of each unit (0 and 1 give the right slope)."""
    slopes = (left if sign < 0 else right for (left, right), sign in zip(layer.slopes, signs, strict=True))
    return [
        list(row) if slope == 1 else [slope * a for a in row] if slope else [0] * len(row)
        for slope, row in zip(slopes, rows, strict=True)
    ]
