"""A network over a part of its domain, as a linear program: exact where every unit has one sign, else from outside.

A unit whose preactivation z takes both signs becomes a variable a between the two lines through 0 and the chord over
the range of z: the convex hull of its graph. Every other unit is an affine form of the variables.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray

from tropical.arithmetic.box_program import AT_LEAST, AT_MOST, EQUAL, FREE, BoxProgram, Floats, Integers, highest
from tropical.arithmetic.linear_program import quotient
from tropical.arithmetic.rationals import Vector, as_flint, as_fraction
from tropical.budget import Meter
from tropical.functions.layer import Layer, Slopes, preactivation_rows
from tropical.functions.network import ReLUNetwork

Unit = tuple[int, int]
"""Layer and index."""
Range = tuple[Fraction, Fraction]
Row = list[fmpq]


@dataclass(frozen=True)
class BoundedDomain:
    """The bounded polyhedron {x : lower <= x <= upper, h(x) >= 0 for the rows h}."""

    lower: Vector
    upper: Vector
    rows: tuple[Integers, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenUnit:
    """A unit that takes both signs: its variable, its preactivation z as a row over 1 and the variables before it.

    Of the four rows from ``first`` on in the program the first is z; the next two vanish where the unit's left or right
    slope counts, and with the chord they hold as they stand for either sign.
    """

    unit: Unit
    column: int
    row: Row
    slopes: Slopes
    first: int


@dataclass(frozen=True)
class Relaxation:
    """What holds on a part of the domain; ``outputs`` are rows over 1 and the variables, the first of which are x.

    ``ranges`` enclose the preactivations of the kinked units, whatever their own sign is. The network is affine on the
    part if there are no ``open_units``.
    """

    program: BoxProgram
    sides: list[int]
    outputs: list[Row]
    open_units: list[OpenUnit]
    ranges: Mapping[Unit, Range]

    def sides_with(self, signs: Mapping[Unit, int]) -> list[int]:
        """What is asked of the rows of the program where open units have the given signs."""
        sides = list(self.sides)
        for unit in self.open_units:
            sign = signs.get(unit.unit)
            if sign is not None:
                sides[unit.first] = AT_LEAST if sign > 0 else AT_MOST
                sides[unit.first + (2 if sign > 0 else 1)] = EQUAL
        return sides

    def gaps(self, point: Floats) -> Floats:
        """By how much the variables of the open units are off the values that the units have at the point."""
        rows, left, right, columns = self._floats
        before = rows[:, 0] + rows[:, 1:] @ point
        return np.asarray(np.abs(point[columns] - before * np.where(before > 0, right, left)))

    @cached_property
    def _floats(self) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
        table = np.zeros((len(self.open_units), 1 + len(self.program.lower)))
        for own, unit in zip(table, self.open_units, strict=True):
            own[: len(unit.row)] = [quotient(int(q.p), int(q.q)) for q in unit.row]
        slopes = np.array([[quotient(*q.as_integer_ratio()) for q in unit.slopes] for unit in self.open_units])
        left, right = slopes.reshape(-1, 2).T
        return table, left, right, np.array([unit.column - 1 for unit in self.open_units], np.int64)


def relaxation(
    net: ReLUNetwork,
    domain: BoundedDomain,
    signs: Mapping[Unit, int],
    ranges: Mapping[Unit, Range],
    meter: Meter,
    tighten: bool = False,
) -> Relaxation | None:
    """The relaxation over the part of the domain where units have the given signs; None where it is seen to be empty.

    ``ranges`` are those of a part that contains it. If ``tighten``, linear programs narrow those of open units.

    >>> net = ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])  # |x|
    >>> interval = BoundedDomain((Fraction(-1),), (Fraction(2),))
    >>> whole = relaxation(net, interval, {}, {}, Meter())
    >>> len(whole.open_units), whole.outputs, float(whole.program.bound((0, 0, 1, 1), whole.sides).upper)
    (2, [[0, 0, 1, 1]], 2.0)
    >>> [relaxation(net, interval, {(0, 0): 1, (0, 1): sign}, {}, Meter()).outputs for sign in (-1, 1)]
    [[[0, 1]], [[0, 0]]]
    """
    building = _Building(domain, signs, ranges, meter)
    first = net.layers[0]
    rows = [[b, *row] for (b,), row in zip(first.exact_bias.tolist(), first.exact_weight.tolist(), strict=True)]
    for index, layer in enumerate(net.layers[:-1]):
        meter.check_time()
        after = building.through(index, layer, rows, tighten)
        if after is None:
            return None
        rows = preactivation_rows(net.layers[index + 1], fmpq_mat(after)).tolist()
    return building.finished(rows)


@dataclass
class _Building:
    """The relaxation of the first layers."""

    domain: BoundedDomain
    signs: Mapping[Unit, int]
    known: Mapping[Unit, Range]
    meter: Meter
    open_units: list[OpenUnit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lower, self.upper = ([as_flint(q) for q in ends] for ends in (self.domain.lower, self.domain.upper))
        self.rows: list[Row] = [[fmpq(a) for a in row] for row in self.domain.rows]
        self.ranges: dict[Unit, Range] = {}

    def through(self, index: int, layer: Layer, before: list[Row], tighten: bool) -> list[Row] | None:
        """The rows of the units after activation; None if no point has the signs."""
        program = self.program() if tighten and (index or self.rows) else None  # on a box intervals are exact there
        after, kinked = [], set(layer.kinked)
        for i, row in enumerate(before):
            slopes, sign = layer.slopes[i], 1
            if i in kinked:
                self.meter.check_time()
                found = self.sign_of((index, i), row, program)
                if found is None:
                    return None
                sign = found
            after.append(_times(as_flint(slopes[sign > 0]), row) if sign else self.opened((index, i), row, slopes))
        return [self.padded(row) for row in after]

    def sign_of(self, unit: Unit, row: Row, program: BoxProgram | None) -> int | None:
        """The sign that a unit is given or has, 0 if it takes both, None if it cannot have the one that it is given."""
        self.ranges[unit] = low, high = self.range_of(unit, row, program)
        sign = self.signs.get(unit)
        if sign is None:
            return 1 if low >= 0 else -1 if high <= 0 else 0
        if (high if sign > 0 else -low) < 0:
            return None
        if (low if sign > 0 else -high) < 0:
            self.rows.append(_times(fmpq(sign), row))
        return sign

    def range_of(self, unit: Unit, row: Row, program: BoxProgram | None) -> Range:
        """Bounds on the preactivation: by intervals, and by linear programs if these leave the sign open."""
        known = self.known.get(unit)
        if known is not None and unit[0] == 0 and program is None:
            return known  # nothing before the first layer has changed
        low, high = -self.most([-q for q in row], program), self.most(row, program)
        return (low, high) if known is None else (max(low, known[0]), min(high, known[1]))

    def most(self, row: Row, program: BoxProgram | None) -> Fraction:
        """An upper bound on a form of the variables so far."""
        interval = highest(row, self.lower, self.upper)
        bound = as_fraction(interval)
        if program is None or not any(row[1:]) or interval <= 0:
            return bound
        whole, scale = integers(row[: 1 + len(program.lower)])
        found = program.bound(whole, self.sides()[: len(program.rows)])
        return bound if found is None else min(bound, found.upper * scale)

    def opened(self, unit: Unit, row: Row, slopes: Slopes) -> Row:
        """The row of a new variable for a unit that takes both signs, between the lines and the chord."""
        column, (low, high) = 1 + len(self.lower), map(as_flint, self.ranges[unit])
        left, right = map(as_flint, slopes)
        chord = (right * high - left * low) / (high - low)
        above = 1 if left < right else -1  # the graph lies above both lines and below the chord, or the other way round
        self.open_units.append(OpenUnit(unit, column, row, slopes, len(self.rows)))
        self.rows.append(row)
        for sign, slope, constant in ((above, left, 0), (above, right, 0), (-above, chord, (left - chord) * low)):
            line = [*_times(-sign * slope, row), *[fmpq(0)] * (column - len(row)), fmpq(sign)]
            line[0] -= sign * constant
            self.rows.append(line)
        values = left * low, right * high, fmpq(0)
        self.lower.append(min(values))
        self.upper.append(max(values))
        return [fmpq(0)] * column + [fmpq(1)]

    def padded(self, row: Row) -> Row:
        """The row over all variables."""
        return row + [fmpq(0)] * (1 + len(self.lower) - len(row))

    def program(self) -> BoxProgram:
        """The linear program of what is known so far."""
        rows = [integers(self.padded(row))[0] for row in self.rows]
        lower, upper = (tuple(map(as_fraction, ends)) for ends in (self.lower, self.upper))
        return BoxProgram(rows, lower, upper, self.meter)

    def sides(self) -> list[int]:
        """What is asked of the rows, as long as open units have no sign."""
        free = {unit.first for unit in self.open_units}
        return [FREE if i in free else AT_LEAST for i in range(len(self.rows))]

    def finished(self, outputs: list[Row]) -> Relaxation:
        """The whole."""
        return Relaxation(self.program(), self.sides(), outputs, self.open_units, self.ranges)


def integers(row: Sequence[fmpq]) -> tuple[Integers, Fraction]:
    """Coprime integers and a positive number whose product the row is.

    >>> integers([fmpq(1, 2), fmpq(-3)])
    ((1, -6), Fraction(1, 2))
    """
    numerators, denominator = fmpq_mat(1, len(row), list(row)).numer_denom()
    own = [int(a) for a in numerators.entries()]
    divisor = math.gcd(*own) or 1
    return tuple(a // divisor for a in own), Fraction(divisor, int(denominator))


def _times(factor: fmpq, row: Row) -> Row:
    return [factor * q if q else q for q in row]
