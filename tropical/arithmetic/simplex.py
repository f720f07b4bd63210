"""The simplex method over Q, fraction-free: slow, finite and never wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tropical.arithmetic.rationals import Vector
from tropical.budget import Meter

Status = Literal["optimal", "unbounded", "infeasible"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a linear program max {c(x) : h_i(x) >= 0 for every i} has for an answer, with its certificate over Q.

    "optimal": ``point`` attains ``value``, and ``multipliers`` y >= 0 prove it: c + sum_i y_i h_i = value identically.
    "infeasible": ``multipliers`` y >= 0 with sum_i y_i h_i = a negative constant (Farkas).
    "unbounded": ``point`` is feasible, and along ``ray`` no h_i decreases while c increases.
    """

    status: Status
    point: Vector | None = None
    value: Fraction | None = None
    multipliers: Vector | None = None
    ray: Vector | None = None


def simplex(
    objective: Sequence[int],
    constraints: Sequence[Sequence[int]],
    start: Iterable[int] = (),
    meter: Meter | None = None,
) -> Outcome:
    """Maximise an affine form over {h_i >= 0} by pivots with Bland's rule.

    Forms are integer rows (constant, gradient) over n free variables. ``start`` proposes constraints that are tight at
    the first basis; what does not fit is ignored. Bland (1977) shows that the pivots end.
    Raises :class:`tropical.budget.BudgetExhausted` once the time of ``meter`` is over.

    >>> simplex((0, 1, 1), [(1, -1, 0), (2, 0, -1)])  # x + y with x <= 1 and y <= 2
    Outcome(status='optimal', point=(Fraction(1, 1), Fraction(2, 1)), value=Fraction(3, 1),
    multipliers=(Fraction(1, 1), Fraction(1, 1)), ray=None)
    """
    dictionary = _Dictionary(objective, constraints, meter)
    dictionary.make_basis(start)
    blocked = dictionary.make_feasible()
    if blocked is not None:
        return Outcome("infeasible", multipliers=dictionary.farkas(blocked))
    rising = dictionary.make_optimal()
    if rising is not None:
        return Outcome("unbounded", point=dictionary.point(), ray=dictionary.ray(rising))
    return Outcome("optimal", dictionary.point(), dictionary.value(), dictionary.multipliers())


class _Dictionary:
    """Every form as an affine function of n of them: row i says that ``left[i]`` = (t_i0 + sum_j t_ij top[j]) / scale.

    Labels below m are constraints, m + j is the variable x_j, and the last row is the objective. Entries are minors of
    the integer matrix given, so that every division below is exact (Edmonds 1967).
    """

    def __init__(self, objective: Sequence[int], constraints: Sequence[Sequence[int]], meter: Meter | None) -> None:
        self.meter = meter
        self.count, self.dim = len(constraints), len(objective) - 1
        self.table = [list(row) for row in (*constraints, objective)]
        self.left = list(range(self.count))
        self.top = [-1, *range(self.count, self.count + self.dim)]
        self.scale = 1

    def pivot(self, row: int, column: int) -> None:
        """Exchange left[row] and top[column]."""
        source = self.table[row]
        entry, sign = source[column], 1 if source[column] > 0 else -1
        for index, target in enumerate(self.table):
            if self.meter is not None:
                self.meter.check_time()
            if index != row:
                factor = target[column]
                if factor:
                    new = [(a * entry - factor * b) // self.scale for a, b in zip(target, source, strict=True)]
                    new[column] = factor
                else:
                    new = [a * entry // self.scale for a in target]
                self.table[index] = new if sign > 0 else [-a for a in new]
        new = [-b for b in source]
        new[column] = self.scale
        self.table[row] = new if sign > 0 else [-a for a in new]
        self.scale = abs(entry)
        self.left[row], self.top[column] = self.top[column], self.left[row]

    def make_basis(self, start: Iterable[int]) -> None:
        """Express the free variables by constraints, as far as any constraint depends on them."""
        for row in (*start, *range(self.count)):
            if self.left[row] == row:
                free = (j for j in self.free_columns() if self.table[row][j])
                column = next(free, None)
                if column is not None:
                    self.pivot(row, column)

    def free_columns(self) -> list[int]:
        """Columns of variables; after :meth:`make_basis`, directions along which no constraint changes."""
        return [j for j in range(1, self.dim + 1) if self.top[j] >= self.count]

    def tight_columns(self) -> list[int]:
        """Columns of constraints, by label."""
        return sorted((j for j in range(1, self.dim + 1) if self.top[j] < self.count), key=self.top.__getitem__)

    def slack_rows(self) -> list[int]:
        """Rows of constraints, by label."""
        return sorted((i for i, label in enumerate(self.left) if label < self.count), key=self.left.__getitem__)

    def make_feasible(self) -> int | None:
        """Dual simplex with objective 0; the row of a constraint that cannot be satisfied, if there is one."""
        while True:
            row = next((i for i in self.slack_rows() if self.table[i][0] < 0), None)
            if row is None:
                return None
            column = next((j for j in self.tight_columns() if self.table[row][j] > 0), None)
            if column is None:
                return row
            self.pivot(row, column)

    def make_optimal(self) -> int | None:
        """Primal simplex; the column along which the objective rises for ever, if there is one."""
        free = next((j for j in self.free_columns() if self.table[-1][j]), None)
        if free is not None:
            return free
        while True:
            column = next((j for j in self.tight_columns() if self.table[-1][j] > 0), None)
            if column is None:
                return None
            falling = [i for i in self.slack_rows() if self.table[i][column] < 0]
            if not falling:
                return column
            self.pivot(min(falling, key=lambda i: Fraction(self.table[i][0], -self.table[i][column])), column)

    def column_of_variables(self, column: int) -> Vector:
        """The entries of a column in the rows of the variables; 0 for those that are not on the left."""
        found = [Fraction(0)] * self.dim
        for label, row in zip(self.left, self.table, strict=False):
            if label >= self.count:
                found[label - self.count] = Fraction(row[column], self.scale)
        return tuple(found)

    def point(self) -> Vector:
        """Values of the variables where everything on top is 0."""
        return self.column_of_variables(0)

    def value(self) -> Fraction:
        """Value of the objective there."""
        return Fraction(self.table[-1][0], self.scale)

    def ray(self, column: int) -> Vector:
        """Direction in which top[column] changes alone, and the objective rises."""
        found = list(self.column_of_variables(column))
        if self.top[column] >= self.count:
            found[self.top[column] - self.count] = Fraction(1)
        sign = 1 if self.table[-1][column] > 0 else -1
        return tuple(sign * q for q in found)

    def multipliers(self) -> Vector:
        """Coefficients y with objective + sum_i y_i h_i constant."""
        return self._negated(self.table[-1])

    def farkas(self, row: int) -> Vector:
        """Coefficients y with sum_i y_i h_i = the negative constant of this row."""
        found = list(self._negated(self.table[row]))
        found[self.left[row]] = Fraction(1)
        return tuple(found)

    def _negated(self, row: Sequence[int]) -> Vector:
        found = [Fraction(0)] * self.count
        for j in self.tight_columns():
            found[self.top[j]] = Fraction(-row[j], self.scale)
        return tuple(found)
