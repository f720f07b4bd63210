"""Any piecewise-linear object as a ReLU network of logarithmic depth, by way of piecewise-linear circuits.

max(a, b) = b + relu(a - b) and min(a, b) = b - relu(b - a), in balanced binary tournaments (Arora, Basu, Mianjy,
Mukherjee 2018, Theorem 2.1). What a layer has to hand on unchanged rides on units with slopes (1, 1), which cut
nothing.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from tropical.arithmetic.rationals import Vector
from tropical.functions.affine import AffineForm
from tropical.functions.function import Function
from tropical.functions.layer import IDENTITY, Layer, Slopes
from tropical.functions.network import ReLUNetwork


def to_network(obj: Function) -> ReLUNetwork:
    """Return a ReLU network that equals ``obj`` everywhere; a network is returned unchanged.

    Hidden layers: max_j min_{i in I_j} l_i gets ceil(log2 sum_j 2^ceil(log2 |I_j|)) of them, which is at most
    ceil(log2 max_j |I_j|) + ceil(log2 #clauses); a maximum of t terms gets ceil(log2 t); fewer where units cancel in a
    difference that is to be compared; none for one affine piece. The numerators and denominators of a rational map
    stand side by side, and the last layer subtracts. The first layer holds differences of affine pieces; a pair of
    values is compared by one unit, however many minima and maxima it occurs in. All units are ReLUs, or carry a value
    on (slopes (1, 1)), or compare a value with a multiple of itself (two slopes).
    Raises ``ValueError`` for any other object.

    >>> from tropical import LatticePolynomial
    >>> x, y = AffineForm([1, 0]), AffineForm([0, 1])
    >>> median = LatticePolynomial([x, y, AffineForm([0, 0])], [[0, 1], [0, 2], [1, 2]])
    >>> net = to_network(median)
    >>> len(net.widths), net([3, 5]), net([3, -1])
    (3, (Fraction(3, 1),), (Fraction(0, 1),))
    """
    if isinstance(obj, ReLUNetwork):
        return obj
    if not isinstance(obj, Function):
        raise ValueError(f"no network can be built from an object of type {type(obj).__name__}")
    circuit = Circuit(obj.input_dim)
    return circuit.network(obj.build(circuit))


@dataclass(frozen=True)
class Combination:
    """constant + sum of coefficient * signal; ``terms`` are (signal, nonzero coefficient), sorted by signal."""

    terms: tuple[tuple[int, Fraction], ...]
    constant: Fraction = Fraction(0)

    def __add__(self, other: "Combination") -> "Combination":
        sums = dict(self.terms)
        for signal, factor in other.terms:
            sums[signal] = sums.get(signal, Fraction(0)) + factor
        return Combination(tuple(sorted((s, q) for s, q in sums.items() if q)), self.constant + other.constant)

    def __mul__(self, factor: Fraction) -> "Combination":
        if not factor:
            return Combination(())
        return Combination(tuple((s, factor * q) for s, q in self.terms), factor * self.constant)

    def __sub__(self, other: "Combination") -> "Combination":
        return self + other * Fraction(-1)

    def direction(self) -> tuple["Combination", Fraction]:
        """The multiple whose leading coefficient is 1, and that coefficient; there must be a term."""
        lead = self.terms[0][1]
        return self * (1 / lead), lead


class Circuit:
    """A piecewise-linear circuit: inputs, and units s(value) of linear combinations of inputs and earlier units.

    Signals are numbered, inputs first. Units whose values are multiples of each other are one unit: any s'(ct) is a
    combination of t and s(t). The level of an input is 0, that of a unit one more than the highest it sees.

    >>> circuit = Circuit(2)
    >>> x, y = circuit.input(0), circuit.input(1)
    >>> net = circuit.network([circuit.maximum([x, y]), circuit.minimum([x, y])])
    >>> net([3, 5]), len(circuit.units)
    ((Fraction(5, 1), Fraction(3, 1)), 1)
    """

    def __init__(self, input_dim: int) -> None:
        self.input_dim = input_dim
        self.units: list[tuple[Combination, Slopes]] = []
        self._levels = [0] * input_dim
        self._unit_along: dict[Combination, int] = {}

    def copy(self) -> "Circuit":
        """A circuit with the same inputs and units, to which more can be added independently."""
        twin = Circuit(self.input_dim)
        twin.units, twin._levels, twin._unit_along = [*self.units], [*self._levels], dict(self._unit_along)
        return twin

    def input(self, index: int) -> Combination:
        """The value x_index."""
        return Combination(((index, Fraction(1)),))

    def affine(self, form: AffineForm) -> Combination:
        """The value of an affine form of the inputs."""
        return Combination(tuple((i, q) for i, q in enumerate(form.gradient) if q), form.constant)

    def level(self, value: Combination) -> int:
        """Number of hidden layers that ``value`` needs."""
        return max((self._levels[signal] for signal, _ in value.terms), default=0)

    def unit(self, value: Combination, slopes: Slopes) -> Combination:
        """The value s(t): right * t for t >= 0, left * t for t < 0."""
        left, right = slopes
        if left == right or not value.terms:
            return value * (right if value.constant >= 0 else left)
        direction, lead = value.direction()
        known = self._unit_along.get(direction)
        if known is None:
            self._unit_along[direction] = len(self.units)
            self.units.append((value, slopes))
            self._levels.append(1 + self.level(value))
            return Combination(((len(self._levels) - 1, Fraction(1)),))
        first, (low, high) = self.units[known]
        ratio = lead / first.direction()[1]
        left, right = (left * ratio, right * ratio) if ratio > 0 else (right * ratio, left * ratio)
        factor = (right - left) / (high - low)
        return first * (right - factor * high) + Combination(((self.input_dim + known, factor),))

    def maximum(self, values: Iterable[Combination]) -> Combination:
        """max of the values by a tournament that keeps the level as low as binary maxima allow.

        Values of levels d_i give level ceil(log2 sum_i 2^d_i) at most (Golumbic 1976).
        """
        return self._tournament(values, largest=True)

    def minimum(self, values: Iterable[Combination]) -> Combination:
        """min of the values, like :meth:`maximum`."""
        return self._tournament(values, largest=False)

    def _tournament(self, values: Iterable[Combination], largest: bool) -> Combination:
        distinct = dict.fromkeys(values)
        heap = [(self.level(value), order, value) for order, value in enumerate(distinct)]
        heapq.heapify(heap)
        order = len(heap)
        while len(heap) > 1:
            (_, _, first), (_, _, second) = heapq.heappop(heap), heapq.heappop(heap)
            value = self.extremum(first, second, largest)
            heapq.heappush(heap, (self.level(value), order, value))
            order += 1
        return heap[0][2]

    def extremum(self, a: Combination, b: Combination, largest: bool) -> Combination:
        """max(a, b) or min(a, b): no unit if they differ by a constant, one of value t if they are multiples of t."""
        difference = a - b
        if not difference.terms:
            return a if (difference.constant >= 0) == largest else b
        for value, other in ((a, b), (b, a)):
            ratio = _ratio(other, value)
            if ratio is not None:
                low, high = min(ratio, Fraction(1)), max(ratio, Fraction(1))
                return self.unit(value, (low, high) if largest else (high, low))
        if len(a.terms) < len(b.terms):  # the value added to the unit has to be carried past it: the shorter one
            a, b, difference = b, a, difference * Fraction(-1)
        relu = (Fraction(0), Fraction(1))
        if largest:
            return b + self.unit(difference, relu)
        return b - self.unit(difference * Fraction(-1), relu)

    def difference(self, value: Combination, other: Combination) -> Combination:
        """value - other."""
        return value - other

    def layers(self, layers: Sequence[Layer]) -> list[Combination]:
        """The outputs of the layers of a network, the first of which sees the inputs."""
        values = [self.input(i) for i in range(self.input_dim)]
        for index, layer in enumerate(layers, start=1):
            rows = zip(layer.weight, layer.bias, layer.slopes, strict=True)
            sums = [(sum((v * q for v, q in zip(values, row, strict=True) if q), Combination((), bias)), slopes)
                    for row, bias, slopes in rows]  # fmt: skip
            values = [t if index == len(layers) else self.unit(t, slopes) for t, slopes in sums]
        return values

    def lattice(self, pieces: Sequence[Combination], clauses: Iterable[Iterable[int]]) -> Combination:
        """max over the clauses of the minimum of their pieces; pairs that many clauses share are compared first."""
        values = list(dict.fromkeys(pieces))
        place = {value: i for i, value in enumerate(values)}
        sets = [sorted({place[pieces[i]] for i in clause}) for clause in clauses]
        while any(len(members) > 1 for members in sets):
            shared = Counter(pair for members in sets for pair in combinations(members, 2))
            rounds = []
            for members in sets:
                winners = set()
                for a, b in _matching(members, shared):
                    value = values[a] if a == b else self.extremum(values[a], values[b], largest=False)
                    if value not in place:
                        place[value] = len(values)
                        values.append(value)
                    winners.add(place[value])
                rounds.append(sorted(winners))
            sets = rounds
        return self.maximum(values[members[0]] for members in sets)

    def network(self, outputs: Sequence[Combination]) -> ReLUNetwork:
        """The network with these outputs: one hidden layer for each level, units that no output needs left out."""
        needed = self._needed(outputs)
        depth = max(map(self.level, outputs))
        rows, slopes = list(outputs), [IDENTITY] * len(outputs)
        layers = []
        for level in range(depth, 0, -1):
            units = [k for k in needed if self._levels[self.input_dim + k] == level]
            carried = _carried([self._below(row, level) for row in rows])
            columns = {Combination(((self.input_dim + k, Fraction(1)),)): i for i, k in enumerate(units)}
            columns |= {value: len(units) + i for i, value in enumerate(carried)}
            layers.append(_layer(rows, slopes, [self._in_columns(row, level, columns) for row in rows], len(columns)))
            rows = [self.units[k][0] for k in units] + carried
            slopes = [self.units[k][1] for k in units] + [IDENTITY] * len(carried)
        layers.append(_layer(rows, slopes, [dict(row.terms) for row in rows], self.input_dim))
        return ReLUNetwork(tuple(reversed(layers)))

    def _needed(self, outputs: Sequence[Combination]) -> list[int]:
        """The units that the outputs depend on, in order."""
        found: set[int] = set()
        pending = [signal for value in outputs for signal, _ in value.terms]
        while pending:
            unit = pending.pop() - self.input_dim
            if unit >= 0 and unit not in found:
                found.add(unit)
                pending += [signal for signal, _ in self.units[unit][0].terms]
        return sorted(found)

    def _below(self, row: Combination, level: int) -> Combination:
        """The part of ``row`` in signals below ``level``, without the constant."""
        return Combination(tuple((s, q) for s, q in row.terms if self._levels[s] < level))

    def _in_columns(self, row: Combination, level: int, columns: dict[Combination, int]) -> dict[int, Fraction]:
        """``row`` as coefficients of what layer ``level`` puts out: its units and the values it carries."""
        weights = {}
        below = self._below(row, level)
        if below.terms:
            direction, lead = below.direction()
            if direction in columns:
                weights[columns[direction]] = lead
                row = row - below
        for signal, factor in row.terms:
            weights[columns[Combination(((signal, Fraction(1)),))]] = factor
        return weights


def _carried(values: Sequence[Combination]) -> list[Combination]:
    """Few values with leading coefficient 1 that generate the given ones: single signals, or the values themselves."""
    directions = list(dict.fromkeys(value.direction()[0] for value in values if value.terms))
    signals = sorted({signal for value in directions for signal, _ in value.terms})
    if len(directions) < len(signals):
        return directions
    return [Combination(((signal, Fraction(1)),)) for signal in signals]


def _matching(members: Sequence[int], shared: Counter[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Pair the members off, most widely shared pairs first; one that is left over comes as a pair with itself."""
    free = set(members)
    for a, b in sorted(combinations(members, 2), key=lambda pair: (-shared[pair], pair)):
        if a in free and b in free:
            free -= {a, b}
            yield a, b
    for left in free:
        yield left, left


def _ratio(value: Combination, base: Combination) -> Fraction | None:
    """c with value = c * base, or None; a constant base has no multiples here."""
    if not base.terms:
        return None
    ratio = dict(value.terms).get(base.terms[0][0], Fraction(0)) / base.terms[0][1]
    return ratio if base * ratio == value else None


def _layer(
    rows: Sequence[Combination], slopes: Sequence[Slopes], weights: Sequence[dict[int, Fraction]], width: int
) -> Layer:
    zero = Fraction(0)
    matrix: tuple[Vector, ...] = tuple(tuple(row.get(i, zero) for i in range(width)) for row in weights)
    return Layer(matrix, tuple(row.constant for row in rows), tuple(slopes))
