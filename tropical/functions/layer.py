"""One layer of a network: exact parameters, their validation, and how the layer acts on points and on affine maps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray

from tropical.arguments import abbreviated, described
from tropical.arithmetic.dyadic import as_integers
from tropical.arithmetic.rationals import Matrix, Vector, as_fraction, as_vector, from_flint, to_flint
from tropical.functions.affine import AffineMap, form_of_row

Slopes = tuple[Fraction, Fraction]

RELU: Slopes = (Fraction(0), Fraction(1))
IDENTITY: Slopes = (Fraction(1), Fraction(1))


@dataclass(frozen=True)
class Layer:
    """One affine map followed by a piecewise-linear activation on each unit.

    ``weight`` is an (n_out, n_in) matrix, ``bias`` and ``slopes`` have n_out entries. Build networks with
    :meth:`ReLUNetwork.from_arrays`, which validates and names the layer at fault.
    """

    weight: Matrix
    bias: Vector
    slopes: tuple[Slopes, ...]

    def __post_init__(self) -> None:
        _check_table((self.bias,), "bias", 1)
        _check_table(self.weight, "weight", len(self.bias))
        _check_table(self.slopes, "slopes", len(self.bias), 2)

    @property
    def input_dim(self) -> int:
        """Number of inputs."""
        return len(self.weight[0])

    @property
    def output_dim(self) -> int:
        """Number of units."""
        return len(self.weight)

    @cached_property
    def kinked(self) -> tuple[int, ...]:
        """Indices of the units whose two slopes differ: those that can break linearity."""
        objects = {id(pair): pair for pair in self.slopes}  # mostly one and the same, which need not be compared again
        bent = {key for key, (left, right) in objects.items() if left != right}
        return tuple(i for i, pair in enumerate(self.slopes) if id(pair) in bent)

    @cached_property
    def exact_weight(self) -> fmpq_mat:
        """The weight matrix as a FLINT matrix."""
        return to_flint(self.weight)

    @cached_property
    def exact_bias(self) -> fmpq_mat:
        """The bias as a FLINT column."""
        return to_flint([(q,) for q in self.bias])

    @cached_property
    def float_arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Weight (n_out, n_in), bias (n_out,) and slopes (n_out, 2), each rounded once to float64.

        Raises ``ValueError`` if one is beyond the range of float64.
        """
        weight, bias = self.saturated_arrays
        slopes = _saturated_rows(self.slopes)
        if not all(np.isfinite(array).all() for array in (weight, bias, slopes)):
            raise ValueError("a parameter exceeds the range of float64; evaluate exactly by calling the network")
        return weight, bias, slopes

    @cached_property
    def saturated_arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weight and bias rounded to float64, infinite where they exceed its range."""
        return _saturated_rows(self.weight), _saturated_rows([self.bias])[0]

    @cached_property
    def holds_floats(self) -> bool:
        """Whether every weight and bias is a float64 number, so that ``saturated_arrays`` are exact."""
        weight, bias = (array.tolist() for array in self.saturated_arrays)
        pairs = ((f, q) for floats, row in zip([*weight, bias], [*self.weight, self.bias], strict=True)
                 for f, q in zip(floats, row, strict=True))  # fmt: skip
        return all(math.isfinite(f) and f.as_integer_ratio() == q.as_integer_ratio() for f, q in pairs)

    @cached_property
    def integer_weight(self) -> tuple[int, NDArray[np.float64] | None]:
        """The least common denominator of the weights, and the weights times it, if all are below 2^53 and so exact."""
        if self.holds_floats:
            return as_integers(self.saturated_arrays[0]) or (1, None)
        scale = math.lcm(*(q.denominator for row in self.weight for q in row))
        if any(abs(q.numerator) * (scale // q.denominator) >= 1 << 53 for row in self.weight for q in row):
            return scale, None
        return scale, np.array([[float(q.numerator * (scale // q.denominator)) for q in row] for row in self.weight])

    @cached_property
    def proportional(self) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """For each kinked unit, by its place, a place and a factor: its sign is the factor times that unit's sign.

        Units with proportional (bias, weight) rows share their hyperplane on every cell; the first of them stands
        for all. Rows are compared exactly once their float64 directions look alike, so that a pair may be missed
        but never invented.
        """
        weight, bias = self.saturated_arrays
        kinked = list(self.kinked)
        rows = np.concatenate([bias[kinked, None], weight[kinked]], axis=1)
        lead = rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)]
        usable = np.isfinite(lead) & (lead != 0)
        directions = np.zeros_like(rows)
        np.divide(rows, lead[:, None], out=directions, where=usable[:, None])
        directions = directions.round(9) + 0.0
        places, factors = np.arange(len(rows)), np.ones(len(rows), np.int8)
        looks = [direction.tobytes() for direction in directions]
        if len(set(looks)) < len(looks):
            integers = _small_integers(rows) if self.holds_floats else None
            seen: dict[bytes, int] = {}
            for place in np.flatnonzero(usable).tolist():
                twin = seen.setdefault(looks[place], place)
                if twin == place:
                    continue
                a, b = (self._row(kinked[i]) if integers is None else integers[i] for i in (twin, place))
                factor = _ratio_sign(a, b)
                if factor:
                    places[place], factors[place] = twin, factor
        return places, factors

    def _row(self, unit: int) -> NDArray[np.object_]:
        return np.array([self.bias[unit], *self.weight[unit]], object)


def _check_table(rows: Any, name: str, count: int, width: int | None = None) -> None:
    """``ValueError`` unless ``rows`` is a tuple of ``count`` tuples of Fractions, all of one length or of ``width``."""
    if not isinstance(rows, tuple) or not all(isinstance(row, tuple) for row in rows):
        raise ValueError(f"{name} of a layer must be a tuple of tuples of Fractions, got {described(rows)}")
    if not all(isinstance(q, Fraction) for row in rows for q in row):
        raise ValueError(f"{name} of a layer must hold Fractions, got {abbreviated(rows)}")
    lengths = sorted({len(row) for row in rows})
    if len(rows) != count or len(lengths) > 1 or (width is not None and lengths != [width]):
        raise ValueError(f"{name} of a layer must have {count} rows of one length, got {len(rows)} of {lengths}")


def _small_integers(rows: NDArray[np.float64]) -> NDArray[np.float64] | None:
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


def _saturated_rows(rows: Sequence[Sequence[Fraction]]) -> NDArray[np.float64]:
    return np.array([[saturated(q) for q in row] for row in rows], dtype=np.float64)


def saturated(q: Fraction) -> float:
    """The nearest float64, infinite beyond its range."""
    try:
        return q.numerator / q.denominator  # rounds correctly, as float(q) does by a detour
    except OverflowError:
        return math.inf if q > 0 else -math.inf


def preactivations(layer: Layer, columns: fmpq_mat) -> fmpq_mat:
    """W h + b for each column h."""
    image = layer.exact_weight * columns
    if any(layer.bias):
        image += layer.exact_bias * fmpq_mat(1, columns.ncols(), [1] * columns.ncols())
    return image


def activations(layer: Layer, columns: fmpq_mat) -> fmpq_mat:
    """The activation applied to each entry of the columns."""
    entries: list[fmpq] = []
    for (left, right), row in zip(layer.slopes, columns.tolist(), strict=True):
        low, high = fmpq(left.numerator, left.denominator), fmpq(right.numerator, right.denominator)
        entries.extend(q * (high if q >= 0 else low) for q in row)
    return fmpq_mat(columns.nrows(), columns.ncols(), entries)


def identity_rows(dim: int) -> fmpq_mat:
    """Rows (constant, gradient) of the identity map of Q^dim."""
    return fmpq_mat(dim, dim + 1, [int(j == i + 1) for i in range(dim) for j in range(dim + 1)])


def affine_map_of(rows: fmpq_mat) -> AffineMap:
    """The affine map with the given rows (constant, gradient)."""
    return AffineMap(tuple(form_of_row(row) for row in from_flint(rows)))


def preactivation_rows(layer: Layer, rows: fmpq_mat) -> fmpq_mat:
    """Rows (constant, gradient) of W h + b for the layer's inputs h given by their rows."""
    image = layer.exact_weight * rows
    for unit, bias in enumerate(layer.bias):
        if bias:
            image[unit, 0] += fmpq(bias.numerator, bias.denominator)
    return image


def activated_rows(layer: Layer, rows: fmpq_mat, signs: Sequence[int]) -> fmpq_mat:
    """Scale each preactivation row by its unit's active slope; ``signs`` are those of the kinked units."""
    sign_of = dict(zip(layer.kinked, signs, strict=True))
    for unit in range(layer.output_dim):
        slope = layer.slopes[unit][sign_of.get(unit, 1) >= 0]  # at 0 the value is 0 either way
        if slope != 1:
            factor = fmpq(slope.numerator, slope.denominator)
            for column in range(rows.ncols()):
                rows[unit, column] *= factor
    return rows


def layer_from_arrays(weight: Any, bias: Any, slopes: Any, index: int) -> Layer:
    """Validate one layer's arrays; ``ValueError`` names the layer ``index`` and the shapes."""
    where = f"layer {index}"
    rows = _weight_rows(weight, where)
    bias = _plain(bias)
    vector = (Fraction(0),) * len(rows) if bias is None else as_vector(bias, f"{where}: bias")
    if len(vector) != len(rows):
        shape = (len(rows), len(rows[0]))
        raise ValueError(f"{where}: bias has length {len(vector)} but the weight has shape {shape}")
    layer = Layer(rows, vector, _slope_pairs(slopes, len(rows), where))
    if isinstance(weight, np.ndarray) and weight.dtype == np.float64:  # known, and not to be computed again
        floats = np.array(bias or [0.0] * len(rows)) if bias is None or _all_floats(bias) else None
        own = np.array(weight)  # not a view, and not of a subclass
        layer.__dict__["saturated_arrays"] = own, _saturated_rows([vector])[0] if floats is None else floats
        if floats is not None:
            layer.__dict__["holds_floats"] = True
    return layer


def _all_floats(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is float for value in values)


def _weight_rows(weight: Any, where: str) -> Matrix:
    rows = _plain(weight)
    nested = isinstance(rows, Sequence) and not isinstance(rows, str)
    if not nested or any(not isinstance(_plain(row), Sequence) for row in rows):
        raise ValueError(f"{where}: weight must be a matrix (n_out, n_in), got {type(weight).__name__}")
    matrix = tuple(as_vector(_plain(row), f"{where}: weight[{i}]") for i, row in enumerate(rows))
    lengths = sorted({len(row) for row in matrix})
    if not matrix or lengths == [0]:
        raise ValueError(f"{where}: weight is empty, shape ({len(matrix)}, 0)")
    if len(lengths) > 1:
        raise ValueError(f"{where}: weight is ragged, its rows have lengths {lengths}")
    return matrix


def _plain(array: Any) -> Any:
    return array.tolist() if hasattr(array, "tolist") else array


def _slope_pairs(slopes: Any, units: int, where: str) -> tuple[Slopes, ...]:
    entries = _plain(slopes)
    if entries is None:
        return (RELU,) * units
    entries = [_plain(entry) for entry in entries]
    if len(entries) == 2 and not any(isinstance(entry, Sequence) and not isinstance(entry, str) for entry in entries):
        return (_pair(entries, where),) * units
    if len(entries) != units:
        raise ValueError(f"{where}: slopes must be a pair or one pair for each of {units} units, got {len(entries)}")
    return tuple(_pair(entry, where) for entry in entries)


def _pair(entry: Any, where: str) -> Slopes:
    if not isinstance(entry, Sequence) or isinstance(entry, str) or len(entry) != 2:
        raise ValueError(f"{where}: a unit's slopes must be a pair (left, right), got {abbreviated(entry)}")
    return as_fraction(entry[0], f"{where}: left slope"), as_fraction(entry[1], f"{where}: right slope")
