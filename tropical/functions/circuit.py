"""Piecewise-linear circuits: affine forms in the inputs and in kinked units, lowered to layers with per-unit slopes.

A value is a number (``fmpq``), or an :class:`Affine` form in signals: the inputs, numbered first, and the units made so
far. A unit t -> right*t (t >= 0), left*t (t < 0) has a level, one more than the highest of the signals it reads. In the
end layer l holds the units of level l, and beside them identity units, which break nothing, that carry what later
layers still need.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

from flint import fmpq

from tropical.arithmetic.rationals import as_flint, as_fraction
from tropical.functions.affine import AffineForm
from tropical.functions.layer import IDENTITY, Layer, Slopes
from tropical.functions.network import ReLUNetwork

_Terms = dict[int, fmpq]
_ZERO, _ONE = fmpq(0), fmpq(1)
_NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Affine:
    """A form c + sum of q_s * (value of signal s), not constant; sums and multiples of it are forms or numbers.

    >>> form = Affine(fmpq(1), {0: fmpq(2)})
    >>> (form - fmpq(1, 2)) * fmpq(3)
    Affine(constant=3/2, terms={0: 6})
    >>> form - form
    0
    """

    constant: fmpq
    terms: _Terms

    def __hash__(self) -> int:
        some = self.constant, self.terms[max(self.terms)]  # all would take longer than the comparisons that this saves
        return hash((frozenset(self.terms), *((int(q.p), int(q.q)) for q in some)))

    def __add__(self, other: Any) -> "Wire":
        return combination((self, other), (_ONE, _ONE))

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Wire":
        return combination((self, other), (_ONE, -_ONE))

    def __rsub__(self, other: Any) -> "Wire":
        return combination((self, other), (-_ONE, _ONE))

    def __neg__(self) -> "Wire":
        return self * -_ONE

    def __mul__(self, other: Any) -> "Wire":
        if isinstance(other, Affine):
            raise ValueError("the product of two values that depend on the input is not piecewise linear")
        return combination((self,), (other,))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Wire":
        return other.__rtruediv__(self) if isinstance(other, Affine) else combination((self,), (_ONE / other,))

    def __rtruediv__(self, other: Any) -> "Wire":
        raise ValueError("the quotient by a value that depends on the input is not piecewise linear")

    def direction(self) -> "tuple[Affine, fmpq]":
        """The multiple in which the first signal has coefficient 1, and its coefficient here."""
        lead = self.terms[min(self.terms)]
        return (self if lead == 1 else self.scaled(1 / lead)), lead

    def scaled(self, factor: fmpq) -> "Affine":
        """The multiple by a number that is not 0."""
        return Affine(factor * self.constant, {signal: factor * q for signal, q in self.terms.items()})


Wire: TypeAlias = Affine | fmpq


def terms_of(value: Wire) -> _Terms:
    """The terms of a form; a number has none."""
    return value.terms if isinstance(value, Affine) else {}


def combination(values: Iterable[Any], weights: Iterable[fmpq], constant: fmpq = _ZERO) -> Wire:
    """The sum of weight * value plus a constant: a number where nothing else remains."""
    terms: _Terms = {}
    for value, weight in zip(values, weights, strict=True):
        if not weight:
            continue
        if isinstance(value, Affine):
            constant = constant + weight * value.constant
            for signal, q in value.terms.items():
                terms[signal] = terms[signal] + weight * q if signal in terms else weight * q
        else:
            constant = constant + weight * value
    terms = {signal: q for signal, q in terms.items() if q}
    return Affine(constant, terms) if terms else constant


class _Unit(NamedTuple):
    value: Wire
    slopes: Slopes
    level: int = 0


_Choice: TypeAlias = Callable[[list[Affine], list[_Terms]], list[Affine]]


class Circuit:
    """The signals of one computation: its inputs, then its units in the order in which they were made.

    >>> from tropical.functions.layer import RELU
    >>> circuit = Circuit(2)
    >>> x, y = circuit.input(0), circuit.input(1)
    >>> net = circuit.network([y + circuit.unit(x - y, RELU)])  # max(x, y)
    >>> net.widths, net.layers[0].slopes[1] == IDENTITY, net([3, 5])
    ((2,), True, (Fraction(5, 1),))
    """

    def __init__(self, input_dim: int) -> None:
        self.input_dim = input_dim
        self._units: list[_Unit] = []
        self._levels = [0] * input_dim
        self._nonnegative = set[int]()
        self._unit_along: dict[Affine, tuple[Affine, Slopes, Affine]] = {}

    def copy(self) -> "Circuit":
        """A circuit with the same inputs and units, to which more can be added independently."""
        twin = Circuit(self.input_dim)
        twin._units, twin._levels, twin._unit_along = [*self._units], [*self._levels], dict(self._unit_along)
        twin._nonnegative = set(self._nonnegative)
        return twin

    def input(self, index: int) -> Affine:
        """The value x_index."""
        return Affine(_ZERO, {index: _ONE})

    def affine(self, form: AffineForm) -> Wire:
        """The value of an affine form of the inputs."""
        terms = {i: as_flint(q) for i, q in enumerate(form.gradient) if q}
        return Affine(as_flint(form.constant), terms) if terms else as_flint(form.constant)

    def level(self, *values: Wire) -> int:
        """Number of hidden layers that the values need."""
        read = set[int]().union(*map(terms_of, values))
        return max((self._levels[signal] for signal in read), default=0)

    def add(self, value: Wire, slopes: Slopes, level: int | None = None) -> Affine:
        """A new unit of the value, at its level or a later one."""
        self._units.append(_Unit(value, slopes, 1 + self.level(value) if level is None else level))
        self._levels.append(self._units[-1].level)
        if slopes[0] <= 0 <= slopes[1]:
            self._nonnegative.add(len(self._levels) - 1)
        return Affine(_ZERO, {len(self._levels) - 1: _ONE})

    def sign(self, value: Wire) -> int | None:
        """1 if the value is a sum of what is nowhere negative, -1 if its negative is one, else None."""
        parts = [*terms_of(value).values(), value.constant if isinstance(value, Affine) else value]
        signs = {1 if q > 0 else -1 for q in parts if q} or {1}
        return signs.pop() if len(signs) == 1 and terms_of(value).keys() <= self._nonnegative else None

    def unit(self, value: Wire, slopes: Slopes) -> Wire:
        """The value s(t), by one unit for all multiples of t: any s'(ct) is a combination of t and s(t).

        None is needed where the slopes agree or the sign of t is known.
        """
        left, right = map(as_flint, slopes)
        sign = self.sign(value)
        if left == right or sign is not None or not isinstance(value, Affine):
            return value * (left if sign == -1 else right)
        direction, lead = value.direction()
        known = self._unit_along.get(direction)
        if known is None:
            known = self._unit_along[direction] = value, slopes, self.add(value, slopes)
        first, bends, made = known
        ratio = lead / first.direction()[1]
        left, right = (left * ratio, right * ratio) if ratio > 0 else (right * ratio, left * ratio)
        low, high = map(as_flint, bends)
        factor = (right - left) / (high - low)
        return combination((first, made), (right - factor * high, factor))

    def network(self, outputs: Sequence[Wire], all_units: bool = False, limit: int | None = None) -> ReLUNetwork:
        """The network with these outputs, of ``all_units`` or of those alone that an output needs.

        Raises ``ValueError``, before it makes them, if its weight matrices would have more than ``limit`` entries.
        """
        kept = range(len(self._units)) if all_units else self._needed(outputs)
        depth = max((self._units[k].level for k in kept), default=0)
        rows: list[list[_Unit]] = [[] for _ in range(depth)]
        signals: list[list[int]] = [[] for _ in range(depth)]
        for k in kept:
            rows[self._units[k].level - 1].append(self._units[k])
            signals[self._units[k].level - 1].append(self.input_dim + k)
        rows.append([_Unit(value, IDENTITY) for value in outputs])
        carried = self._carried(rows)
        columns = [_Columns(range(self.input_dim), []), *map(_Columns, signals, carried)]
        for row, forms in zip(rows, carried, strict=False):
            row += [_Unit(form, IDENTITY) for form in forms]
        wanted = sum(before.size * len(row) for before, row in zip(columns, rows, strict=True))
        if limit is not None and wanted > limit:
            raise ValueError(f"the network needs {wanted} weights in {depth + 1} layers, at most {limit} are set")
        known: dict[tuple[int, int], Fraction] = {}
        return ReLUNetwork(tuple(_layer(row, before, known) for before, row in zip(columns, rows, strict=True)))

    def _needed(self, outputs: Sequence[Wire]) -> list[int]:
        """The units that the outputs depend on, in order."""
        found: set[int] = set()
        pending = [signal for value in outputs for signal in terms_of(value)]
        while pending:
            unit = pending.pop() - self.input_dim
            if unit >= 0 and unit not in found:
                found.add(unit)
                pending += terms_of(self._units[unit].value)
        return sorted(found)

    def _carried(self, rows: Sequence[Sequence[_Unit]]) -> list[list[Affine]]:
        """For each hidden layer the forms that its identity units hold, few in all."""
        choices: Sequence[_Choice] = (
            lambda signals, parts: signals,
            lambda signals, parts: _generators(parts),
            lambda signals, parts: min(signals, _generators(parts), key=len),
        )
        return min((self._plan(rows, choice) for choice in choices), key=lambda plan: sum(map(len, plan)))

    def _plan(self, rows: Sequence[Sequence[_Unit]], choose: _Choice) -> list[list[Affine]]:
        """For each hidden layer the lower signals that the rows above it read, or the parts of the rows on them."""
        plan: list[list[Affine]] = []
        above = [row.value for row in rows[-1]]
        for level in range(len(rows) - 1, 0, -1):
            below = [{s: q for s, q in terms_of(value).items() if self._levels[s] < level} for value in above]
            signals = [self.input(signal) for signal in sorted(set[int]().union(*below))]
            plan.append(choose(signals, below))
            above = [*(row.value for row in rows[level - 1]), *plan[-1]]
        return plan[::-1]


def _generators(parts: Iterable[_Terms]) -> list[Affine]:
    """One form for each direction, of which the given ones are integer multiples, so that floats stay floats."""
    factors: dict[Affine, list[fmpq]] = {}
    for terms in filter(None, parts):
        direction, lead = Affine(_ZERO, terms).direction()
        factors.setdefault(direction, []).append(lead)
    return [d.scaled(reduce(fmpq.gcd, q, _ZERO) * (1 if q[0] > 0 else -1)) for d, q in factors.items()]


class _Columns:
    """Where the outputs of one layer stand: its own units, then the forms it carries."""

    def __init__(self, units: Sequence[int], forms: Sequence[Affine]) -> None:
        self.size = len(units) + len(forms)
        self._units = {signal: column for column, signal in enumerate(units)}
        self._singles: dict[int, tuple[int, fmpq]] = {}
        self._forms: dict[Affine, tuple[int, fmpq]] = {}
        for column, form in enumerate(forms, len(units)):
            direction, lead = form.direction()
            if len(form.terms) > 1:
                self._forms[direction] = column, lead
            else:
                self._singles[min(form.terms)] = column, lead

    def express(self, terms: _Terms) -> _Terms:
        """The form as a combination of columns."""
        found = {self._units[signal]: q for signal, q in terms.items() if signal in self._units}
        rest = {signal: q for signal, q in terms.items() if signal not in self._units}
        if len(rest) > 1 and self._forms:
            direction, lead = Affine(_ZERO, rest).direction()
            if direction in self._forms:
                rest = {}
                column, unit = self._forms[direction]
                found[column] = lead / unit
        for signal, q in rest.items():
            column, unit = self._singles[signal]
            found[column] = q / unit
        return found


def _layer(rows: Sequence[_Unit], columns: _Columns, known: dict[tuple[int, int], Fraction]) -> Layer:
    weight = []
    for value, _, _ in rows:
        dense = [_NOTHING] * columns.size
        for column, q in columns.express(terms_of(value)).items():
            ratio = int(q.p), int(q.q)
            dense[column] = known.get(ratio) or known.setdefault(ratio, Fraction(*ratio))
        weight.append(tuple(dense))
    bias = tuple(as_fraction(value.constant if isinstance(value, Affine) else value) for value, _, _ in rows)
    return Layer(tuple(weight), bias, tuple(slopes for _, slopes, _ in rows))
