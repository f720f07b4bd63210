"""One layer of a network: exact parameters, their validation, and how the layer acts on points and on affine maps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from flint import fmpq, fmpq_mat

from tropical.arguments import abbreviated, described
from tropical.arithmetic.rationals import Matrix, Vector, as_fraction, as_vector, from_flint, to_flint
from tropical.functions.affine import AffineMap, form_of_row
from tropical.values import Value

Slopes = tuple[Fraction, Fraction]

RELU: Slopes = (Fraction(0), Fraction(1))
IDENTITY: Slopes = (Fraction(1), Fraction(1))


@dataclass(frozen=True, repr=False)
class Layer(Value):
    """One affine map followed by a piecewise-linear activation on each unit.

    ``weight`` is an (n_out, n_in) matrix, ``bias`` and ``slopes`` have n_out entries. Build networks with
    :meth:`ReLUNetwork.from_arrays`, which validates and names the layer at fault. ``==`` and ``hash`` go by the
    parameters.
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

    def __repr__(self) -> str:
        return f"<Layer of {self.input_dim} inputs and {self.output_dim} units>"


def _check_table(rows: Any, name: str, count: int, width: int | None = None) -> None:
    """``ValueError`` unless ``rows`` is a tuple of ``count`` tuples of Fractions, all of one length or of ``width``."""
    if not isinstance(rows, tuple) or not all(isinstance(row, tuple) for row in rows):
        raise ValueError(f"{name} of a layer must be a tuple of tuples of Fractions, got {described(rows)}")
    if not all(isinstance(q, Fraction) for row in rows for q in row):
        raise ValueError(f"{name} of a layer must hold Fractions, got {abbreviated(rows)}")
    lengths = sorted({len(row) for row in rows})
    if len(rows) != count or len(lengths) > 1 or (width is not None and lengths != [width]):
        raise ValueError(f"{name} of a layer must have {count} rows of one length, got {len(rows)} of {lengths}")


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
    if any(layer.bias):
        image += layer.exact_bias * fmpq_mat(1, rows.ncols(), [int(j == 0) for j in range(rows.ncols())])
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


def rows_along(layers: Sequence[Layer], dim: int, pattern: Sequence[int]) -> Iterator[fmpq_mat]:
    """The rows (constant, gradient) of the preactivations on Q^dim, layer after layer, where the pattern holds.

    ``pattern`` has the signs of the kinked units of all layers but the last one that is asked for. A matrix is that of
    its layer until the next one is asked for.
    """
    rows, start = identity_rows(dim), 0
    for index, layer in enumerate(layers, start=1):
        rows = preactivation_rows(layer, rows)
        yield rows
        stop = start + len(layer.kinked)
        if index < len(layers):
            rows = activated_rows(layer, rows, pattern[start:stop])
        start = stop


def layer_from_arrays(weight: Any, bias: Any, slopes: Any, index: int) -> Layer:
    """Validate one layer's arrays; ``ValueError`` names the layer ``index`` and the shapes."""
    where = f"layer {index}"
    rows = _weight_rows(weight, where)
    bias = _plain(bias)
    vector = (Fraction(0),) * len(rows) if bias is None else as_vector(bias, f"{where}: bias")
    if len(vector) != len(rows):
        shape = (len(rows), len(rows[0]))
        raise ValueError(f"{where}: bias has length {len(vector)} but the weight has shape {shape}")
    return Layer(rows, vector, _slope_pairs(slopes, len(rows), where))


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
