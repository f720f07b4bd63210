"""A network's layers as float64 arrays for compiled code: integers where they fit, else rounded with known error."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tropical.batches import Floats, rounded_vector
from tropical.cones import Integers
from tropical.dyadic import as_integers, lowest_exponents
from tropical.layer import Layer, Slopes, saturated
from tropical.network import ReLUNetwork
from tropical.patterns import SignLayout, Signs, Words, packed_bits
from tropical.rationals import Vector, primitive

_EXACT = 1 << 53
_LARGE = 1 << 300
_FAR = 200  # entries whose exponents differ by more are left to rational arithmetic


@dataclass(frozen=True)
class CuttingUnits:
    """The units of a layer that cut: kinked, one for each set of proportional rows.

    ``units`` are their places in the layer, ``kinked`` those among its kinked units. Unit j of the layer finds its sign
    in that of cutting unit ``column[j]`` times ``factor[j]``; its column is -1 if it is not kinked.
    """

    units: NDArray[np.int64]
    kinked: NDArray[np.int64]
    column: NDArray[np.int64]
    factor: Signs
    layout: SignLayout

    @classmethod
    def of(cls, layer: Layer) -> "CuttingUnits":
        """Those of an exact layer."""
        twins, signs = layer.proportional
        firsts = np.flatnonzero(twins == np.arange(len(twins)))
        bit = np.searchsorted(firsts, twins)
        column, factor = np.full(layer.output_dim, -1), np.ones(layer.output_dim, np.int8)
        kinked = np.array(layer.kinked, np.int64)
        column[kinked], factor[kinked] = bit, signs
        return cls(kinked[firsts], firsts, column, factor, SignLayout(bit, signs, -(-len(firsts) // 64)))


@dataclass(frozen=True)
class FloatLayer:
    """One hidden layer. Its inputs arrive as preactivation rows of the layer before, times one positive scale.

    ``weight`` is transposed (inputs, units). Unit j of the layer before passes the slope ``put[j]`` where bit
    ``column[j]`` of the pattern is set, else ``clear[j]``; the two are equal if it is not kinked (column -1).
    ``steep``: the packed bits whose units pass a slope that is not 0 where the bit is set, and where it is not.
    ``bias_signs`` are those of the cutting units.
    ``integral``: every number here is an exact integer.
    """

    weight: Floats
    bias: Floats
    clear: Floats
    put: Floats
    column: NDArray[np.int64]
    steep: tuple[Words, Words]
    bias_signs: Signs
    integral: bool
    cutting: CuttingUnits


@dataclass(frozen=True)
class FirstLayer:
    """Rows (1, n + 1, units) and errors (1, 2, units) of the first layer.

    Those ``cut`` by which it cuts have each a scale of its own; all of them at one common scale, ``before``, are what
    the next layer receives.
    """

    cut: tuple[Floats, Floats]
    before: tuple[Floats, Floats]
    cutting: CuttingUnits


def float_layers(net: ReLUNetwork) -> tuple[FirstLayer, list[FloatLayer]]:
    """The hidden layers of ``net`` as arrays."""
    first, *others = net.layers[:-1]
    cutting = CuttingUnits.of(first)
    cut, before, scale, integral = (_dyadic_rows(first, cutting) if first.holds_floats else None) or _rational_rows(
        first, cutting
    )
    layers: list[FloatLayer] = []
    scale = scale if integral else 1
    for previous, layer in zip(net.layers, others, strict=False):
        inputs = layers[-1].cutting if layers else cutting
        converted, scale = _float_layer(previous, layer, inputs, scale, integral)
        integral = converted.integral
        layers.append(converted)
    return FirstLayer(cut, before, cutting), layers


def _dyadic_rows(
    first: Layer, cutting: CuttingUnits
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], int, bool] | None:
    """What :func:`_rational_rows` gives, from float64 entries by powers of two; None if their exponents differ much."""
    weight, bias = first.saturated_arrays
    rows = np.concatenate([bias[:, None], weight], axis=1)
    exponents = lowest_exponents(rows)
    if np.abs(rows).max() > 2.0**_FAR * 2.0 ** min(int(exponents.min()), 0):
        return None
    cut = np.ldexp(rows, -exponents.min(axis=1, keepdims=True))[cutting.units]
    integers = as_integers(rows)
    scale, before = integers or (1, rows)
    return _exact(cut), _exact(before), scale, integers is not None


def _exact(values: Floats) -> tuple[Floats, Floats]:
    return _transposed(values, np.zeros(len(values)))


def _rational_rows(
    first: Layer, cutting: CuttingUnits
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], int, bool]:
    """Rows to cut by and rows for the next layer, the scale of the latter, and whether they are integers."""
    rows = [(bias, *row) for bias, row in zip(first.bias, first.weight, strict=True)]
    cut = _rows([_integer_row(primitive(rows[unit])) for unit in cutting.units.tolist()], len(rows[0]))
    scale = math.lcm(*(q.denominator for row in rows for q in row))
    integral = all(_fits(row, scale) for row in rows)
    before = _rows([(_integers(row, scale), 0.0) if integral else _float_row(row) for row in rows], len(rows[0]))
    return cut, before, scale, integral


def _integer_row(row: Integers) -> tuple[list[float], float]:
    """A positive multiple of the row, each entry rounded by itself, with error 0: that stands for such roundings.

    Compiled code takes sums below 2^53 of such entries for exact; hence a row that does not fit float64 as integers
    is scaled to entries of at least 2^53 (or 0), and given up, with infinite error, if its entries differ too much.
    """
    if max(map(abs, row)) >= _LARGE:
        smallest = min(abs(a) for a in row if a)
        if max(map(abs, row)) >= smallest * (_LARGE >> 60):
            return rounded_vector(row)[0], math.inf
        return [float(Fraction(a << 54, smallest)) for a in row], 0.0
    return [float(a) for a in row], 0.0


def _float_row(row: Vector) -> tuple[list[float], float]:
    values = [saturated(q) for q in row]
    return values, 2.0**-52 * max(map(abs, values))


def _rows(entries: Sequence[tuple[list[float], float]], width: int) -> tuple[Floats, Floats]:
    values = np.array([row for row, _ in entries]).reshape(len(entries), width)
    return _transposed(values, np.array([e for _, e in entries]))


def _transposed(values: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Rows (1, n + 1, units) and their errors (1, 2, units); a constant 0 is exact."""
    constant_error = np.where(values[:, 0] == 0, 0.0, error)
    return np.ascontiguousarray(values.T)[None], np.stack([constant_error, error])[None]


def _float_layer(
    previous: Layer, layer: Layer, before: CuttingUnits, scale: int, integral: bool
) -> tuple[FloatLayer, int]:
    """The layer, and the positive scale of its own rows."""
    exact = _integer_parameters(previous, layer, scale) if integral else None
    if exact is not None:
        weight, bias, slopes, total = exact
    else:
        rounded = {key: [saturated(q / scale) for q in pair] for key, pair in _objects(previous.slopes).items()}
        slopes = np.array([rounded[id(pair)] for pair in previous.slopes])
        (weight, bias), total = layer.saturated_arrays, 1
    left, right = slopes.T
    same = before.factor > 0
    clear, put = np.where(same, left, right), np.where(same, right, left)
    cutting = CuttingUnits.of(layer)
    steep = _steep_bits(before, put), _steep_bits(before, clear)
    bias_signs = np.array([(p > 0) - (p < 0) for p in (q.numerator for q in layer.bias)], np.int8)[cutting.units]
    integral = exact is not None
    return FloatLayer(weight.T.copy(), bias, clear, put, before.column, steep, bias_signs, integral, cutting), total


def _steep_bits(cutting: CuttingUnits, slopes: Floats) -> Words:
    """The bits that have a unit whose slope is not 0; all of them, if a unit without a bit passes anything."""
    steep = np.zeros((1, 64 * cutting.layout.words), np.bool_)
    steep[0, cutting.column[(slopes != 0) & (cutting.column >= 0)]] = True
    if (slopes[cutting.column < 0] != 0).any():
        steep[:] = True
    words: Words = packed_bits(steep)[0]
    return words


def _integer_parameters(previous: Layer, layer: Layer, scale: int) -> tuple[Floats, Floats, Floats, int] | None:
    """Weight, bias and slopes as exact integers and the scale of the rows they give, or None if one is too large."""
    pairs = _objects(previous.slopes)
    slope_scale = math.lcm(*(q.denominator for pair in pairs.values() for q in pair))
    weight_scale, weight = layer.integer_weight
    if weight is None or not all(_fits(pair, slope_scale) for pair in pairs.values()):
        return None
    total = scale * slope_scale * weight_scale
    extra = math.lcm(*(q.denominator // math.gcd(q.denominator, total) for q in layer.bias))
    if int(np.abs(weight).max()) * extra >= _EXACT or not _fits(layer.bias, total * extra):
        return None
    integers = {key: _integers(pair, slope_scale) for key, pair in pairs.items()}
    slopes = np.array([integers[id(pair)] for pair in previous.slopes])
    return weight * extra, np.array(_integers(layer.bias, total * extra)), slopes, total * extra


def _objects(pairs: Sequence[Slopes]) -> dict[int, Slopes]:
    """The pairs by their identity: mostly there is one object, and comparing or hashing fractions takes time."""
    return {id(pair): pair for pair in pairs}


def _fits(numbers: Sequence[Fraction], factor: int) -> bool:
    """Whether every number times ``factor``, a multiple of its denominator, is an integer below 2^53."""
    return all(abs(q.numerator) * (factor // q.denominator) < _EXACT for q in numbers)


def _integers(numbers: Sequence[Fraction], factor: int) -> list[float]:
    return [float(q.numerator * (factor // q.denominator)) for q in numbers]
