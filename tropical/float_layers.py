"""A network's layers as float64 arrays for compiled code: integers where they fit, else rounded with known error."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tropical.batches import Floats, rounded_vector
from tropical.cones import Integers
from tropical.layer import Layer
from tropical.network import ReLUNetwork
from tropical.rationals import Vector, primitive

_EXACT = 1 << 53
_LARGE = 1 << 300


@dataclass(frozen=True)
class FloatLayer:
    """One hidden layer. Its inputs arrive as preactivation rows of the layer before, times one positive scale.

    ``weight`` is transposed (inputs, units); ``left`` and ``right`` are the slopes of the layer before; ``column[j]``
    is the place of its unit j among its kinked units, or -1. ``integral``: every number here is an exact integer.
    """

    weight: Floats
    bias: Floats
    left: Floats
    right: Floats
    column: NDArray[np.int64]
    integral: bool
    kinked: NDArray[np.int64]


@dataclass(frozen=True)
class FirstLayer:
    """Rows (1, n + 1, units) of the first layer: ``cut`` each at its own scale, ``before`` at one common scale."""

    cut: tuple[Floats, Floats, Floats]
    before: tuple[Floats, Floats, Floats]
    kinked: NDArray[np.int64]


def float_layers(net: ReLUNetwork) -> tuple[FirstLayer, list[FloatLayer]]:
    """The hidden layers of ``net`` as arrays."""
    first, *others = net.layers[:-1]
    rows = [(bias, *row) for bias, row in zip(first.bias, first.weight, strict=True)]
    cut = _rows([_integer_row(primitive(rows[unit])) for unit in first.kinked], len(rows[0]))
    scale = math.lcm(*(q.denominator for row in rows for q in row))
    integral = all(_fits(row, scale) for row in rows)
    before = _rows([(_integers(row, scale), 0.0) if integral else _float_row(row) for row in rows], len(rows[0]))
    layers = []
    scale = scale if integral else 1
    for previous, layer in zip(net.layers, others, strict=False):
        converted, scale = _float_layer(previous, layer, scale, integral)
        integral = converted.integral
        layers.append(converted)
    return FirstLayer(cut, before, np.array(first.kinked, np.int64)), layers


def _integer_row(row: Integers) -> tuple[list[float], float]:
    """Integers rounded one by one: error 0 stands for relative errors within the rounding of one product."""
    return ([float(a) for a in row], 0.0) if max(map(abs, row)) < _LARGE else (rounded_vector(row)[0], math.inf)


def _float_row(row: Vector) -> tuple[list[float], float]:
    values = [_to_float(q) for q in row]
    return values, 2.0**-52 * max(map(abs, values))


def _to_float(q: Fraction) -> float:
    try:
        return float(q)
    except OverflowError:
        return math.inf


def _rows(entries: Sequence[tuple[list[float], float]], width: int) -> tuple[Floats, Floats, Floats]:
    values = np.array([row for row, _ in entries]).reshape(len(entries), width)
    error = np.array([e for _, e in entries])
    constant_error = np.where(values[:, 0] == 0, 0.0, error)
    return np.ascontiguousarray(values.T)[None], constant_error[None], error[None]


def _float_layer(previous: Layer, layer: Layer, scale: int, integral: bool) -> tuple[FloatLayer, int]:
    """The layer, and the positive scale of its own rows."""
    slopes = [slope for pair in previous.slopes for slope in pair]
    weights = [q for row in layer.weight for q in row] if integral else []
    factors = (1, 1, 1)
    if integral:
        slope_scale, weight_scale = (math.lcm(*(q.denominator for q in qs)) for qs in (slopes, weights))
        total = scale * slope_scale * weight_scale
        extra = math.lcm(*((q * total).denominator for q in layer.bias))
        factors = (slope_scale, weight_scale * extra, total * extra)
        numbers = (slopes, weights, layer.bias)
        integral = all(_fits(qs, factor) for qs, factor in zip(numbers, factors, strict=True))
    place = {unit: i for i, unit in enumerate(previous.kinked)}
    column = np.array([place.get(unit, -1) for unit in range(previous.output_dim)], np.int64)
    kinked = np.array(layer.kinked, np.int64)
    if integral:
        left, right = (np.array(_integers(side, factors[0])) for side in zip(*previous.slopes, strict=True))
        weight = np.array(_integers(weights, factors[1])).reshape(layer.output_dim, -1).T.copy()
        return FloatLayer(
            weight, np.array(_integers(layer.bias, factors[2])), left, right, column, True, kinked
        ), factors[2]
    left, right = (
        np.array([_to_float(q / scale if scale > 1 else q) for q in side])
        for side in zip(*previous.slopes, strict=True)
    )
    weight, bias, _ = layer.float_arrays
    return FloatLayer(weight.T.copy(), bias, left, right, column, False, kinked), 1


def _fits(numbers: Sequence[Fraction], factor: int) -> bool:
    """Whether every number times ``factor``, a multiple of its denominator, is an integer below 2^53."""
    return all(abs(q.numerator) * (factor // q.denominator) < _EXACT for q in numbers)


def _integers(numbers: Sequence[Fraction], factor: int) -> list[float]:
    return [float(q.numerator * (factor // q.denominator)) for q in numbers]
