"""Linear programs over a part of a box: bounds that floats propose and rationals prove, and exact maxima."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from flint import fmpq, fmpq_mat, fmpz_mat
from numpy.typing import NDArray

from tropical.arithmetic.linear_program import (
    LinearProgram,
    at_least,
    float_rows,
    is_only_one,
    power_of_two,
    quiet_solver,
    quotient,
    run,
)
from tropical.arithmetic.rationals import Vector, as_flint, as_fraction, from_flint, to_flint
from tropical.budget import Meter

Integers = tuple[int, ...]
Floats = NDArray[np.float64]

FREE, AT_LEAST, AT_MOST, EQUAL = range(4)
"""What is asked of a row h: nothing, h >= 0, h <= 0, h = 0."""


@dataclass(frozen=True, slots=True)
class Bound:
    """``upper``: what a form does not exceed; ``point``: where the floats have its maximum."""

    upper: Fraction
    point: Floats


@dataclass(frozen=True, slots=True)
class Maximum:
    """The maximum of a form, a point where it is attained, and whether it is known to be attained at no other point."""

    value: Fraction
    point: Vector
    unique: bool


class BoxProgram:
    """Sets {x : lower <= x <= upper, h_i(x) ~ 0} for integer rows h_i = (constant, gradient).

    What ~ is, each question says for each row by a side: AT_LEAST unless it says otherwise. Questions raise
    :class:`tropical.budget.BudgetExhausted` once the time of ``meter`` is over.

    >>> program = BoxProgram([(3, -1, -1)], (Fraction(0),) * 2, (Fraction(2),) * 2, Meter())  # x + y <= 3 on [0, 2]^2
    >>> program.maximum((0, 2, 1))
    Maximum(value=Fraction(5, 1), point=(Fraction(2, 1), Fraction(1, 1)), unique=True)
    >>> program.bound((0, 2, 1)).upper, program.bound((0, 2, 1), [AT_MOST]).upper
    (Fraction(5, 1), Fraction(6, 1))
    """

    def __init__(self, rows: Sequence[Integers], lower: Vector, upper: Vector, meter: Meter) -> None:
        self.rows, self.lower, self.upper, self.meter = list(rows), lower, upper, meter
        self._scales = [power_of_two(row[1:]) for row in self.rows]

    @cached_property
    def _floats(self) -> "_FloatProgram":
        return _FloatProgram(self.rows, self.lower, self.upper)

    @cached_property
    def _ends(self) -> tuple[list[fmpq], list[fmpq]]:
        low, high = (list(map(as_flint, ends)) for ends in (self.lower, self.upper))
        return low, high

    def bound(self, objective: Integers, sides: Sequence[int] | None = None) -> Bound | None:
        """A number that the form does not exceed, near its maximum; None where it is shown that there is no point.

        With multipliers y_i such that y_i h_i >= 0 the form is at most the maximum of itself plus sum_i y_i h_i.
        """
        sides = sides or [AT_LEAST] * len(self.rows)
        found = self._floats.maximise(objective, sides, self.meter)
        scale = 1 if found.infeasible else power_of_two(objective[1:])
        weighed = self._weighed(found.multipliers, sides, scale)
        if found.infeasible:
            if highest(weighed, *self._ends) < 0:
                return None
            weighed = [fmpq(0)] * len(objective)
        upper = highest([a + q for a, q in zip(objective, weighed, strict=True)], *self._ends)
        return Bound(as_fraction(upper), found.point)

    def _weighed(self, multipliers: Floats, sides: Sequence[int], scale: int) -> list[fmpq]:
        """sum_i y_i h_i for the multipliers y_i / scale of the rows as the float solver has them, where a sign fits."""
        pairs = enumerate(zip(multipliers.tolist(), sides, strict=False))
        used = [i for i, (y, side) in pairs if y and math.isfinite(y) and side & (AT_LEAST if y > 0 else AT_MOST)]
        if not used:
            return [fmpq(0)] * (len(self.lower) + 1)
        exact = [Fraction(float(multipliers[i])) * scale / self._scales[i] for i in used]
        weighed: list[fmpq] = (to_flint([exact]) * fmpq_mat(fmpz_mat([self.rows[i] for i in used]))).entries()
        return weighed

    def maximum(self, objective: Integers, sides: Sequence[int] | None = None) -> Maximum | None:
        """The exact maximum of the form; None where there is no point."""
        sides = sides or [AT_LEAST] * len(self.rows)
        found = self._floats.maximise(objective, sides, self.meter)
        certified = None if found.infeasible else self._certified(objective, sides, found)
        if certified is not None:
            return certified
        rows = [*_as_lower(self.rows, sides), *box_rows(self.lower, self.upper)]
        outcome = LinearProgram(rows, len(self.lower), self.meter).maximise(objective)
        if outcome.point is None or outcome.value is None:
            return None
        return Maximum(outcome.value, outcome.point, is_only_one(outcome))

    def last_in_order(self, objective: Integers, value: Fraction, count: int, sides: Sequence[int]) -> Vector:
        """Of the points where the form is ``value``, its maximum, the one whose first coordinates are greatest.

        Of the first ``count`` coordinates in lexicographic order, by a program for each; the others mean nothing.
        """
        rows = [*_as_lower(self.rows, sides), at_least(objective, value)]
        used = [j for j in range(len(self.lower)) if any(row[j + 1] for row in rows)]
        point = list(self.upper)  # where the unused coordinates are greatest
        rows = [(row[0], *(row[j + 1] for j in used)) for row in rows]
        lower, upper = (tuple(ends[j] for j in used) for ends in (self.lower, self.upper))
        for place in (place for place, j in enumerate(used) if j < count):
            axis = tuple(int(j == place + 1) for j in range(len(used) + 1))
            found = BoxProgram(rows, lower, upper, self.meter).maximum(axis)
            assert found is not None
            for j, q in zip(used, found.point, strict=True):
                point[j] = q
            if found.unique:
                break
            rows.append(at_least(axis, found.value))
        return tuple(point)

    def _certified(self, objective: Integers, sides: Sequence[int], found: "_Proposal") -> Maximum | None:
        """The vertex that the float solver ends at, if rationals confirm that it is one and no other is higher."""
        free = [j for j, at in enumerate(found.at_end) if not at]
        tight = [self.rows[i] for i in found.tight]
        if len(free) != len(tight):
            return None
        ends = zip(self.lower, self.upper, found.at_end, strict=True)
        point = [(b if at > 0 else a) if at else Fraction(0) for a, b, at in ends]
        square = [[row[j + 1] for j in free] for row in tight]
        solved = _solved(square, [-_value(row, point) for row in tight])
        weights = _solved([*zip(*square, strict=True)], [Fraction(-objective[j + 1]) for j in free])
        if solved is None or weights is None:
            return None
        if not all(sides[i] & (AT_LEAST if y > 0 else AT_MOST) for i, y in zip(found.tight, weights, strict=True) if y):
            return None
        for j, q in zip(free, solved, strict=True):
            point[j] = q
        slopes = [s * at for s, at in zip(_slopes(objective, tight, weights), found.at_end, strict=True) if at]
        if any(s < 0 for s in slopes) or not self._contains(point, sides):
            return None
        return Maximum(_value(objective, point), tuple(point), all(weights) and all(slopes))

    def _contains(self, point: Sequence[Fraction], sides: Sequence[int]) -> bool:
        if not all(a <= q <= b for a, q, b in zip(self.lower, point, self.upper, strict=True)):
            return False
        pairs = ((side, _value(row, point)) for row, side in zip(self.rows, sides, strict=True) if side)
        return all(not value or side == (AT_LEAST if value > 0 else AT_MOST) for side, value in pairs)


def highest(row: Sequence[fmpq], lower: Sequence[fmpq], upper: Sequence[fmpq]) -> fmpq:
    """The maximum of an affine form (constant, gradient) over a box.

    >>> highest([fmpq(1), fmpq(2), fmpq(-1)], [fmpq(0)] * 2, [fmpq(3), fmpq(5)])
    7
    """
    pairs = zip(row[1:], lower, upper, strict=False)
    return sum((slope * (b if slope > 0 else a) for slope, a, b in pairs if slope), fmpq(row[0]))


def box_rows(lower: Sequence[Fraction], upper: Sequence[Fraction]) -> list[Integers]:
    """The rows x_i - lower_i and upper_i - x_i, times the denominators."""
    rows = []
    for sign, ends in ((1, lower), (-1, upper)):
        for i, end in enumerate(ends):
            row = [0] * (len(ends) + 1)
            row[0], row[i + 1] = -sign * end.numerator, sign * end.denominator
            rows.append(tuple(row))
    return rows


def _as_lower(rows: Sequence[Integers], sides: Sequence[int]) -> list[Integers]:
    """Rows that are to be >= 0, for what is asked of the given ones."""
    kept = [row for row, side in zip(rows, sides, strict=True) if side & AT_LEAST]
    return kept + [tuple(-a for a in row) for row, side in zip(rows, sides, strict=True) if side & AT_MOST]


def _value(row: Sequence[int], point: Sequence[Fraction]) -> Fraction:
    return sum((a * q for a, q in zip(row[1:], point, strict=True) if a and q), Fraction(row[0]))


def _solved(square: Sequence[Sequence[int]], right: Sequence[Fraction]) -> Sequence[Fraction] | None:
    """The solution of a square system, if there is one and no other."""
    if not square:
        return ()
    try:
        found = fmpq_mat(fmpz_mat([list(row) for row in square])).solve(to_flint([(q,) for q in right]))
    except ZeroDivisionError:
        return None
    return [row[0] for row in from_flint(found)]


def _slopes(objective: Integers, rows: Sequence[Integers], weights: Sequence[Fraction]) -> list[Fraction]:
    """The gradient of the form plus the weighted sum of the rows."""
    slopes = list(map(Fraction, objective[1:]))
    for y, row in zip(weights, rows, strict=True):
        if y:
            slopes = [s + y * a if a else s for s, a in zip(slopes, row[1:], strict=True)]
    return slopes


@dataclass(frozen=True, slots=True)
class _Proposal:
    """What the float solver ends with; it decides nothing.

    ``multipliers`` are those of the scaled rows, or, if ``infeasible``, those of Farkas. ``tight`` rows vanish;
    ``at_end`` is 1 for a variable at its upper end, -1 at its lower end, 0 where it is solved for.
    """

    point: Floats
    multipliers: Floats
    infeasible: bool
    tight: tuple[int, ...]
    at_end: tuple[int, ...]


class _FloatProgram:
    """HiGHS on the program; it starts each time where it ended."""

    def __init__(self, rows: Sequence[Integers], lower: Vector, upper: Vector) -> None:
        import highspy

        self._binding = highspy
        self._dim = len(lower)
        table = float_rows(rows).reshape(len(rows), self._dim + 1)
        self._constants, count = table[:, 0], len(rows)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = self._dim, count
        model.col_cost_ = np.zeros(self._dim)
        ends = [np.array([quotient(*q.as_integer_ratio()) for q in own]) for own in (lower, upper)]
        model.col_lower_, model.col_upper_ = ends
        model.row_lower_, model.row_upper_ = -self._constants, np.full(count, highspy.kHighsInf)
        owner, column = np.nonzero(table[:, 1:])
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.searchsorted(owner, np.arange(count + 1))
        model.a_matrix_.index_ = column
        model.a_matrix_.value_ = table[owner, column + 1]
        self._sides = [AT_LEAST] * count
        self._solver = quiet_solver()
        self._solver.passModel(model)
        self._columns = np.arange(self._dim, dtype=np.int32)

    def maximise(self, objective: Integers, sides: Sequence[int], meter: Meter) -> _Proposal:
        """Where HiGHS ends."""
        status, solver = self._binding.HighsBasisStatus, self._solver
        self._ask(sides)
        solver.changeColsCost(self._dim, self._columns, -float_rows([objective])[0, 1:])
        run(solver, meter)
        infeasible = solver.getModelStatus() == self._binding.HighsModelStatus.kInfeasible
        solution, basis = solver.getSolution(), solver.getBasis()
        multipliers = np.array(solver.getDualRay()[2] if infeasible else solution.row_dual, np.float64)
        point = np.array(solution.col_value, np.float64)
        ends = {status.kUpper: 1, status.kLower: -1}
        return _Proposal(
            point if len(point) == self._dim and np.isfinite(point).all() else np.zeros(self._dim),
            multipliers,
            infeasible,
            tuple(i for i, at in enumerate(basis.row_status) if at != status.kBasic),
            tuple(ends.get(at, 0) for at in basis.col_status),
        )

    def _ask(self, sides: Sequence[int]) -> None:
        """Change what is asked of the rows."""
        infinity = self._binding.kHighsInf
        for i, (before, side) in enumerate(zip(self._sides, sides, strict=True)):
            if before != side:
                level = -float(self._constants[i])
                low, high = level if side & AT_LEAST else -infinity, level if side & AT_MOST else infinity
                self._solver.changeRowBounds(i, low, high)
        self._sides = list(sides)
