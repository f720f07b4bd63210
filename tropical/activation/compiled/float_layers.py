"""A network's layers as float64 arrays for compiled code: integers where they fit, else rounded with known error.

Numbers far outside the ordinary range are brought into it by powers of two, a row or a layer at a time: positive
factors change no sign. What underflows even so is covered by errors and sizes that stay away from 0; what overflows
gets an infinite error, and is left to rational arithmetic.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tropical.activation.patterns import SignArray, SignLayout
from tropical.arithmetic.dyadic import as_integers, lowest_exponents
from tropical.arithmetic.rationals import primitive, saturated
from tropical.functions.float_evaluation import holds_floats, once_per_object, rounded_arrays
from tropical.functions.layer import Layer, Slopes
from tropical.functions.network import ReLUNetwork
from tropical.polyhedra.cones import Integers

Floats = NDArray[np.float64]

_EXACT = 1 << 53
_LARGE = 1 << 300
_FAR = 200  # entries whose exponents differ by more are not taken for integers times one power of two
_MODERATE = 64  # exponents up to which nothing is rescaled
_LEAST = 2.0**-250  # stands for the size of a parameter that is not 0, however small
_LEAST_ERROR = 2.0**-350

Parameters = tuple[Floats, Floats, dict[int, list[float]], Fraction]


@dataclass(frozen=True)
class CuttingUnits:
    """The units of a layer that cut: kinked, one for each set of proportional rows.

    ``units`` are their places in the layer, ``kinked`` those among its kinked units. Unit j of the layer finds its sign
    in that of cutting unit ``column[j]`` times ``factor[j]``; its column is -1 if it is not kinked.
    """

    units: NDArray[np.int64]
    kinked: NDArray[np.int64]
    column: NDArray[np.int64]
    factor: SignArray
    layout: SignLayout

    @classmethod
    def of(cls, layer: Layer) -> "CuttingUnits":
        """Those of an exact layer."""
        twins, signs = _proportional(layer)
        firsts = np.flatnonzero(twins == np.arange(len(twins)))
        bit = np.searchsorted(firsts, twins)
        column, factor = np.full(layer.output_dim, -1), np.ones(layer.output_dim, np.int8)
        kinked = np.array(layer.kinked, np.int64)
        column[kinked], factor[kinked] = bit, signs
        return cls(kinked[firsts], firsts, column, factor, SignLayout(bit, signs, -(-len(firsts) // 64)))


@once_per_object
def _proportional(layer: Layer) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """For each kinked unit, by its place, a place and a factor: its sign is the factor times that unit's sign.

    Units with proportional (bias, weight) rows share their hyperplane on every cell; the first of them stands for all.
    A row of zeros is 0 times that of any unit with another one.
    Rows are compared exactly once their float64 directions look alike, so that a pair may be missed but never invented.
    """
    weight, bias = rounded_arrays(layer)
    kinked = list(layer.kinked)
    rows = np.concatenate([bias[kinked, None], weight[kinked]], axis=1)
    lead = rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)]
    usable = np.isfinite(lead) & (lead != 0)
    directions = np.zeros_like(rows)
    np.divide(rows, lead[:, None], out=directions, where=usable[:, None])
    directions = directions.round(9) + 0.0
    places, factors = np.arange(len(rows)), np.ones(len(rows), np.int8)
    looks = [direction.tobytes() for direction in directions]
    if len(set(looks)) < len(looks):
        integers = _small_integers(rows) if holds_floats(layer) else None
        seen: dict[bytes, int] = {}
        for place in np.flatnonzero(usable).tolist():
            twin = seen.setdefault(looks[place], place)
            if twin == place:
                continue
            a, b = (_row(layer, kinked[i]) if integers is None else integers[i] for i in (twin, place))
            factor = _ratio_sign(a, b)
            if factor:
                places[place], factors[place] = twin, factor
    nothing = [place for place in np.flatnonzero(~rows.any(axis=1)).tolist() if not _row(layer, kinked[place]).any()]
    if 0 < len(nothing) < len(rows):
        others = np.setdiff1d(np.arange(len(rows)), nothing)
        places[nothing], factors[nothing] = places[others[0]], 0
    return places, factors


def _row(layer: Layer, unit: int) -> NDArray[np.object_]:
    return np.array([layer.bias[unit], *layer.weight[unit]], object)


def _small_integers(rows: Floats) -> Floats | None:
    """A multiple of rows of float64 numbers in which all are integers below 2^26, so that products are exact."""
    found = as_integers(rows)
    return found[1] if found and np.abs(found[1]).max() < 1 << 26 else None


def _ratio_sign(first: NDArray[Any], second: NDArray[Any]) -> int:
    """Sign of the factor between two rows whose products are exact, or 0 if they are not proportional."""
    nonzero = np.flatnonzero(first)
    pivot = nonzero[0] if len(nonzero) else None
    if pivot is None or (first * second[pivot] != second * first[pivot]).any():
        return 0
    return 1 if first[pivot] * second[pivot] > 0 else -1


class Sizes(NamedTuple):
    """Bounds on absolute values: sums of each unit's weights, its bias, and both slopes of each input.

    They are 0 only if the exact numbers are, else at least 2^-250: rounding errors relative to them cover underflow.
    """

    weights: Floats
    biases: Floats
    slopes: Floats


@dataclass(frozen=True)
class FloatLayer:
    """One hidden layer. Its inputs arrive as preactivation rows of the layer before, times one positive scale.

    ``weight`` is transposed (inputs, units). Unit j of the layer before passes the slope ``put[j]`` where bit
    ``column[j]`` of the pattern is set, else ``clear[j]``; the two are equal if it is not kinked (column -1).
    ``sizes`` bound the numbers.
    ``integral``: every number here is an exact integer. ``representable``: none is infinite, and no bias or slope is 0
    that is not 0 in the exact layer.
    """

    weight: Floats
    bias: Floats
    clear: Floats
    put: Floats
    column: NDArray[np.int64]
    sizes: Sizes
    integral: bool
    cutting: CuttingUnits
    scale: Fraction
    representable: bool


@dataclass(frozen=True)
class FirstLayer:
    """Rows (1, n + 1, units) and errors (1, 2, units) of the first layer.

    Those ``cut`` by which it cuts have each a scale of its own; all of them at one common scale, ``before``, are what
    the next layer receives.
    """

    cut: tuple[Floats, Floats]
    before: tuple[Floats, Floats]
    cutting: CuttingUnits
    scale: Fraction
    integral: bool


@once_per_object
def float_layers(net: ReLUNetwork) -> tuple[FirstLayer, list[FloatLayer]]:
    """The hidden layers of ``net`` as arrays."""
    first, *others = net.layers[:-1]
    cutting = CuttingUnits.of(first)
    dyadic = _dyadic_rows(first, cutting) if holds_floats(first) else None
    start = dyadic or _rational_rows(first, cutting)
    cut, before, scale, integral = start
    layers: list[FloatLayer] = []
    for previous, layer in zip(net.layers, others, strict=False):
        inputs = layers[-1].cutting if layers else cutting
        converted, scale = _float_layer(previous, layer, inputs, scale, integral)
        integral = converted.integral
        layers.append(converted)
    return FirstLayer(cut, before, cutting, start[2], start[3]), layers


def _dyadic_rows(
    first: Layer, cutting: CuttingUnits
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], Fraction, bool] | None:
    """What :func:`_rational_rows` gives, from float64 entries by powers of two; None if their exponents differ much."""
    weight, bias = rounded_arrays(first)
    rows = np.concatenate([bias[:, None], weight], axis=1)
    exponents = lowest_exponents(rows)
    if np.abs(rows).max() > 2.0**_FAR * 2.0 ** min(int(exponents.min()), 0):
        return None
    cut = np.ldexp(rows, -exponents.min(axis=1, keepdims=True))[cutting.units]
    integers = as_integers(rows)
    if integers is not None:
        return _exact(cut), _exact(integers[1]), Fraction(integers[0]), True
    shift = 0 if _moderate(rows) else -_far_exponent(map(Fraction, np.abs(rows).max(axis=1).tolist()))
    return _exact(cut), _exact(np.ldexp(rows, shift)), Fraction(2) ** shift, False


def _exact(values: Floats) -> tuple[Floats, Floats]:
    return np.ascontiguousarray(values.T)[None], np.zeros((1, 2, len(values)))


def _rational_rows(
    first: Layer, cutting: CuttingUnits
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], Fraction, bool]:
    """Rows to cut by and rows for the next layer, the scale of the latter, and whether they are integers."""
    rows = [(bias, *row) for bias, row in zip(first.bias, first.weight, strict=True)]
    cut = cutting_rows([primitive(rows[unit]) for unit in cutting.units.tolist()], len(rows[0]))
    common = math.lcm(*(q.denominator for row in rows for q in row))
    if all(_fits(row, common) for row in rows):
        return cut, _exact(np.array([_integers(row, common) for row in rows])), Fraction(common), True
    scale = Fraction(2) ** -_far_exponent(q for row in rows for q in row)
    scaled = rows if scale == 1 else [[q * scale for q in row] for row in rows]
    before = _with_errors([_rounded_row(row) for row in scaled], len(rows[0]))
    return cut, before, scale, False


def cutting_rows(rows: Sequence[Integers], width: int) -> tuple[Floats, Floats]:
    """Positive multiples of rows of integers, each with a scale of its own, and their errors."""
    return _with_errors([_cutting_row(row) for row in rows], width)


def _cutting_row(row: Integers) -> tuple[list[float], float, float]:
    """A positive multiple of the row, with errors of its constant and its gradient entries.

    Errors 0 stand for entries each rounded by itself. Compiled code takes sums below 2^53 of such entries for exact;
    hence a row that does not fit float64 as integers is scaled to entries of at least 2^53 (or 0). If they differ too
    much for that, the largest is scaled to 1, and the error is an absolute one.
    """
    largest = max(map(abs, row))
    if largest < _LARGE:
        return [float(a) for a in row], 0.0, 0.0
    smallest = min(abs(a) for a in row if a)
    if largest < smallest * (_LARGE >> 60):
        return [(a << 54) / smallest for a in row], 0.0, 0.0
    return [a / largest for a in row], 2.0**-52 if row[0] else 0.0, 2.0**-52


def _rounded_row(row: Sequence[Fraction]) -> tuple[list[float], float, float]:
    """The row in float64, with errors of its constant and its gradient entries: 0 only for exact zeros."""
    values = [saturated(q) for q in row]
    error = max(2.0**-52 * max(map(abs, values)), _LEAST_ERROR)
    return values, error if row[0] else 0.0, error if any(row[1:]) else 0.0


def _with_errors(entries: Sequence[tuple[list[float], float, float]], width: int) -> tuple[Floats, Floats]:
    """Rows (1, n + 1, units) and their errors (1, 2, units)."""
    values = np.array([row for row, _, _ in entries]).reshape(len(entries), width)
    errors = np.array([pair for _, *pair in entries]).reshape(len(entries), 2)
    return np.ascontiguousarray(values.T)[None], np.ascontiguousarray(errors.T)[None]


def _float_layer(
    previous: Layer, layer: Layer, before: CuttingUnits, scale: Fraction, integral: bool
) -> tuple[FloatLayer, Fraction]:
    """The layer, and the positive scale of its own rows."""
    exact = _integer_parameters(previous, layer, int(scale)) if integral else None
    weight, bias, rounded, total = exact or _rounded_parameters(previous, layer, scale)
    rows = {key: _slope_row(pair, rounded[key]) for key, pair in _objects(previous.slopes).items()}
    columns = np.ascontiguousarray(np.array([rows[id(pair)] for pair in previous.slopes]).T)
    left, right, left_passes, right_passes, slope_sizes = columns
    same = before.factor > 0
    clear, put = np.where(same, left, right), np.where(same, right, left)
    cutting = CuttingUnits.of(layer)
    bias_signs = np.array([(p > 0) - (p < 0) for p in (q.numerator for q in layer.bias)], np.int8)
    weight_sizes = np.abs(weight).sum(axis=1)
    for unit in np.flatnonzero(weight_sizes < _LEAST).tolist():
        weight_sizes[unit] = _LEAST if any(layer.weight[unit]) else 0.0
    sizes = Sizes(weight_sizes, np.maximum(np.abs(bias), _LEAST * np.abs(bias_signs)), slope_sizes)
    fine = all(np.isfinite(array).all() for array in (weight, bias, left, right))
    for floats, nonzero in ((bias, bias_signs), (left, left_passes), (right, right_passes)):
        fine = fine and bool(((floats != 0) == (nonzero != 0)).all())
    return FloatLayer(
        weight.T.copy(), bias, clear, put, before.column, sizes, exact is not None,
        cutting, total, fine,
    ), total  # fmt: skip


def _slope_row(pair: Slopes, rounded: Sequence[float]) -> tuple[float, ...]:
    """Both slopes in float64, whether they are not 0, and a bound on the sum of the distinct ones."""
    (left, right), (low, high) = pair, rounded
    size = abs(low) + (abs(high) if low != high else 0.0)
    return low, high, left != 0, right != 0, max(size, _LEAST) if left or right else 0.0


def _rounded_parameters(previous: Layer, layer: Layer, scale: Fraction) -> Parameters:
    """Weight, bias and pairs of slopes by identity, and the scale of the rows they give from rows of the given scale.

    Weights far from 1 are multiplied by a power of two, slopes by what keeps the rows near the size of the inputs.
    """
    weight, bias = rounded_arrays(layer)
    shift = 0 if _moderate(weight) else -_far_exponent(q for row in layer.weight for q in row)
    total = Fraction(2) ** (shift + _far_exponent([scale]))
    factor = total / scale / Fraction(2) ** shift
    rounded = {key: [saturated(q * factor) for q in pair] for key, pair in _objects(previous.slopes).items()}
    if shift:
        weight = np.array([[saturated(q * Fraction(2) ** shift) for q in row] for row in layer.weight])
    if total != 1:
        bias = np.array([saturated(q * total) for q in layer.bias])
    return weight, bias, rounded, total


def _moderate(values: Floats) -> bool:
    """Whether the largest absolute value needs no other scale."""
    return bool(2.0 ** (1 - _MODERATE) < np.abs(values).max() < 2.0 ** (_MODERATE - 1))


def _far_exponent(numbers: Iterable[Fraction]) -> int:
    """About the base-2 logarithm of the largest absolute value, or 0 if that is moderate (or there is none)."""
    exponent = max((q.numerator.bit_length() - q.denominator.bit_length() for q in numbers if q), default=0)
    return exponent if abs(exponent) > _MODERATE else 0


def _integer_parameters(previous: Layer, layer: Layer, scale: int) -> Parameters | None:
    """The same as exact integers, or None if one is too large."""
    pairs = _objects(previous.slopes)
    slope_scale = math.lcm(*(q.denominator for pair in pairs.values() for q in pair))
    weight_scale, weight = _integer_weight(layer)
    if weight is None or not all(_fits(pair, slope_scale) for pair in pairs.values()):
        return None
    total = scale * slope_scale * weight_scale
    extra = math.lcm(*(q.denominator // math.gcd(q.denominator, total) for q in layer.bias))
    if max(int(np.abs(weight).max()), 1) * extra >= _EXACT or not _fits(layer.bias, total * extra):
        return None
    integers = {key: _integers(pair, slope_scale) for key, pair in pairs.items()}
    return weight * extra, np.array(_integers(layer.bias, total * extra)), integers, Fraction(total * extra)


@once_per_object
def _integer_weight(layer: Layer) -> tuple[int, Floats | None]:
    """The least common denominator of the weights, and the weights times it, if all are below 2^53 and so exact."""
    if holds_floats(layer):
        return as_integers(rounded_arrays(layer)[0]) or (1, None)
    scale = math.lcm(*(q.denominator for row in layer.weight for q in row))
    if not all(_fits(row, scale) for row in layer.weight):
        return scale, None
    return scale, np.array([_integers(row, scale) for row in layer.weight])


@once_per_object
def nonzero_entries(layer: Layer) -> NDArray[np.bool_]:
    """Which weights are not 0, a row for each input, and then which biases."""
    if holds_floats(layer):
        weight, bias = rounded_arrays(layer)
        return np.concatenate([weight.T != 0, bias[None] != 0])
    return np.array([*zip(*((q != 0 for q in row) for row in layer.weight), strict=True), [q != 0 for q in layer.bias]])


def _objects(pairs: Sequence[Slopes]) -> dict[int, Slopes]:
    """The pairs by their identity: mostly there is one object, and comparing or hashing fractions takes time."""
    return {id(pair): pair for pair in pairs}


def _fits(numbers: Sequence[Fraction], factor: int) -> bool:
    """Whether every number times ``factor``, a multiple of its denominator, is an integer below 2^53."""
    return all(abs(q.numerator) * (factor // q.denominator) < _EXACT for q in numbers)


def _integers(numbers: Sequence[Fraction], factor: int) -> list[float]:
    return [float(q.numerator * (factor // q.denominator)) for q in numbers]
