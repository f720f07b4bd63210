"""Computation graphs of affine maps and kinked units, lowered to layers with per-unit slopes.

A tensor is a NumPy array of objects: numbers (``fmpq``), or :class:`Affine` forms in the inputs and the kinked units
made so far. A unit t -> right*t (t >= 0), left*t (t < 0) has depth 1 + the largest depth of what its tensor reads. In
the end layer l holds the units of depth l, and beside them identity units, which break nothing, that carry what later
layers still need: skip connections, concatenations and residual sums come out by themselves.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from tropical.functions.layer import IDENTITY, Layer, Slopes
from tropical.functions.network import ReLUNetwork

MAX_TERMS = 1 << 22
"""Most coefficients (of 64 bits each) computed while a graph is lowered."""
MAX_WEIGHTS = 1 << 24
"""Most entries, zeros included, in the weight matrices of the lowered network."""
MAX_ELEMENTS = 1 << 20
"""Most elements in one tensor."""

Tensor: TypeAlias = NDArray[Any]
_Terms = dict[int, fmpq]
_Key = frozenset[tuple[int, int, int]]
_ZERO, _ONE = fmpq(0), fmpq(1)
_NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """A form c + sum of q_s * (value of source s), not constant; sums and multiples of it are forms or numbers.

    >>> form = Affine(fmpq(1), {0: fmpq(2)})
    >>> (form - fmpq(1, 2)) * fmpq(3)
    Affine(constant=3/2, terms={0: 6})
    >>> form - form
    0
    """

    constant: fmpq
    terms: _Terms

    def __add__(self, other: Any) -> Any:
        return combination((self, other), (_ONE, _ONE))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return combination((self, other), (_ONE, -_ONE))

    def __rsub__(self, other: Any) -> Any:
        return combination((self, other), (-_ONE, _ONE))

    def __neg__(self) -> Any:
        return self * -_ONE

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Affine):
            raise ValueError("the product of two values that depend on the input is not piecewise linear")
        return combination((self,), (other,))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Affine):
            raise ValueError("the quotient by a value that depends on the input is not piecewise linear")
        return self * (_ONE / other)

    def __rtruediv__(self, other: Any) -> Any:
        raise ValueError("the quotient by a value that depends on the input is not piecewise linear")


def combination(values: Iterable[Any], weights: Iterable[fmpq], constant: fmpq = _ZERO) -> Any:
    """The sum of weight * value plus a constant: a number where nothing else remains."""
    terms: _Terms = {}
    for value, weight in zip(values, weights, strict=True):
        if not weight:
            continue
        if isinstance(value, Affine):
            constant = constant + weight * value.constant
            for source, q in value.terms.items():
                terms[source] = terms[source] + weight * q if source in terms else weight * q
        else:
            constant = constant + weight * value
    terms = {source: q for source, q in terms.items() if q}
    return Affine(constant, terms) if terms else constant


def tensor(values: Sequence[Any], shape: Sequence[int]) -> Tensor:
    """The values, in C order, as an array of objects of the given shape."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.reshape(tuple(shape))


def is_constant(values: Tensor) -> bool:
    """Whether no element depends on the input."""
    return not any(isinstance(value, Affine) for value in values.flat)


@dataclass(frozen=True, slots=True)
class _Unit:
    row: Any
    slopes: Slopes
    depth: int


class Graph:
    """The sources of one computation: ``inputs`` numbers, then its units in the order in which they were made.

    >>> graph = Graph(2)
    >>> x, y = graph.inputs((2,))
    >>> net = graph.network(tensor([y + graph.kink(x - y)], (1,)))  # max(x, y)
    >>> net.widths, net.layers[0].slopes[1] == (1, 1), net([3, 5])
    ((2,), True, (Fraction(5, 1),))
    """

    def __init__(self, inputs: int) -> None:
        if not 1 <= inputs <= MAX_ELEMENTS:
            raise ValueError(f"the input must have between 1 and {MAX_ELEMENTS} coordinates, got {inputs}")
        self._inputs = inputs
        self._units: list[_Unit] = []
        self._kinks: dict[tuple[str, _Key], Affine] = {}
        self._words = 0

    def inputs(self, shape: Sequence[int]) -> Tensor:
        """The inputs as a tensor."""
        return tensor([Affine(_ZERO, {i: _ONE}) for i in range(self._inputs)], shape)

    def count(self, values: Tensor) -> Tensor:
        """The same values, their terms added to those computed so far; ``ValueError`` beyond ``MAX_TERMS``."""
        for value in values.flat:
            self.count_one(value)
        return values

    def count_one(self, value: Any) -> Any:
        """As :meth:`count`, of one number or form."""
        if isinstance(value, Affine):
            self._words += sum(1 + (q.height_bits() >> 6) for q in value.terms.values())
            value_bits = value.constant.height_bits()
        else:
            value_bits = value.height_bits()
        self._words += 1 + (value_bits >> 6)
        if self._words > MAX_TERMS:
            raise ValueError(f"the graph needs more than {MAX_TERMS} coefficients of 64 bits")
        return value

    def unit(self, values: Tensor, left: Any, right: Any = _ONE) -> Tensor:
        """One unit of slopes (left, right) for each value, all in one layer; constant tensors give constants.

        A unit whose slopes agree is a multiple. Every other stays a unit, also where it is constant or nothing will
        read it, so that a plain network is lowered to itself.
        """
        pairs = zip(np.broadcast_to(left, values.shape).flat, np.broadcast_to(right, values.shape).flat, strict=True)
        if is_constant(values):
            return tensor([v * (r if v >= 0 else s) for v, (s, r) in zip(values.flat, pairs, strict=True)],
                          values.shape)  # fmt: skip
        depth = 1 + self._depth(values.flat)
        made = [v * r if s == r else self._append(v, s, r, depth) for v, (s, r) in zip(values.flat, pairs, strict=True)]
        return self.count(tensor(made, values.shape))

    def kink(self, value: Any) -> Any:
        """relu(value), the unit being shared by equal values; a number for a number."""
        if not isinstance(value, Affine):
            return max(value, _ZERO)
        key = str(value.constant), _key(value.terms)
        if key not in self._kinks:
            self._kinks[key] = self._append(self.count_one(value), _ZERO, _ONE, 1 + self._depth([value]))
        return self._kinks[key]

    def _append(self, row: Any, left: fmpq, right: fmpq, depth: int) -> Affine:
        self._units.append(_Unit(row, (_fraction(left), _fraction(right)), depth))
        return Affine(_ZERO, {self._inputs + len(self._units) - 1: _ONE})

    def _depth(self, values: Iterable[Any]) -> int:
        read = set[int]().union(*(value.terms for value in values if isinstance(value, Affine)))
        return max(map(self._depth_of, read), default=0)

    def _depth_of(self, source: int) -> int:
        return 0 if source < self._inputs else self._units[source - self._inputs].depth

    def network(self, outputs: Tensor) -> ReLUNetwork:
        """The network of all inputs and units whose outputs are these values, in C order."""
        if not outputs.size:
            raise ValueError("the graph has no output: its last tensor is empty")
        depth = max((unit.depth for unit in self._units), default=0)
        rows: list[list[tuple[Any, Slopes]]] = [[] for _ in range(depth)]
        names: list[list[int]] = [[] for _ in range(depth)]
        for index, unit in enumerate(self._units):
            rows[unit.depth - 1].append((unit.row, unit.slopes))
            names[unit.depth - 1].append(self._inputs + index)
        rows.append([(value, IDENTITY) for value in outputs.flat])
        carried = _carried(rows, self._depth_of)
        sizes = [self._inputs, *(len(a) + len(b) for a, b in zip(names, carried, strict=True))]
        wanted = sum(a * b for a, b in zip(sizes, [*sizes[1:], outputs.size], strict=True))
        if wanted > MAX_WEIGHTS:
            raise ValueError(f"the network needs {wanted} weights in {depth + 1} layers, at most {MAX_WEIGHTS} are set")
        columns = _Columns(range(self._inputs), [])
        layers: list[Layer] = []
        known: dict[tuple[int, int], Fraction] = {}
        for level, entries in enumerate(rows):
            kept = carried[level] if level < depth else []
            all_rows = [*entries, *((Affine(_ZERO, terms), IDENTITY) for terms in kept)]
            layers.append(_layer(all_rows, columns, known))
            if level < depth:
                columns = _Columns(names[level], kept)
        return ReLUNetwork(tuple(layers))


def _carried(rows: list[list[tuple[Any, Slopes]]], depth_of: Callable[[int], int]) -> list[list[_Terms]]:
    """For each hidden layer the forms that its identity units hold: what later layers read of earlier sources.

    Either the sources themselves or, where these are fewer in all, the parts of the later rows on them.
    """
    sources: list[list[_Terms]] = []
    parts: list[list[_Terms]] = []
    for level in range(1, len(rows)):
        read = [{s: q for s, q in row.terms.items() if depth_of(s) < level}
                for later in rows[level:] for row, _ in later if isinstance(row, Affine)]  # fmt: skip
        used = sorted(set[int]().union(*read))
        sources.append([{s: _ONE} for s in used])
        parts.append(list({_key(part): part for part in read if part}.values()))
    return parts if sum(map(len, parts)) < sum(map(len, sources)) else sources


class _Columns:
    """Where the outputs of one layer stand: its own units, then the forms it carries."""

    def __init__(self, units: Sequence[int], carried: Sequence[_Terms]) -> None:
        self.size = len(units) + len(carried)
        self._units = {source: column for column, source in enumerate(units)}
        self._forms = {_key(terms): column for column, terms in enumerate(carried, len(units))}

    def express(self, terms: _Terms) -> _Terms:
        """The form as a combination of columns."""
        found = {self._units[source]: q for source, q in terms.items() if source in self._units}
        rest = {source: q for source, q in terms.items() if source not in self._units}
        whole = self._forms.get(_key(rest)) if rest else None
        if whole is not None:
            found[whole] = _ONE
        elif rest:
            found.update({self._forms[_key({source: _ONE})]: q for source, q in rest.items()})
        return found


def _layer(rows: list[tuple[Any, Slopes]], columns: _Columns, known: dict[tuple[int, int], Fraction]) -> Layer:
    weight = []
    for row, _ in rows:
        dense = [_NOTHING] * columns.size
        for column, q in (columns.express(row.terms) if isinstance(row, Affine) else {}).items():
            ratio = int(q.p), int(q.q)
            dense[column] = known.get(ratio) or known.setdefault(ratio, Fraction(*ratio))
        weight.append(tuple(dense))
    bias = tuple(_fraction(row.constant if isinstance(row, Affine) else row) for row, _ in rows)
    return Layer(tuple(weight), bias, tuple(slopes for _, slopes in rows))


def _key(terms: _Terms) -> _Key:
    return frozenset((source, int(q.p), int(q.q)) for source, q in terms.items())


def _fraction(q: fmpq) -> Fraction:
    return Fraction(int(q.p), int(q.q))
