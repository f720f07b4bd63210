"""Linear programs over Q: floats propose a basis, rationals certify it, the exact simplex decides the rest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import numpy as np
from flint import fmpq, fmpq_mat, fmpz_mat
from numpy.typing import NDArray

from tropical.arithmetic.rationals import Vector
from tropical.arithmetic.simplex import Outcome, simplex
from tropical.budget import Meter

Integers = tuple[int, ...]
Floats = NDArray[np.float64]
_LARGEST = 2.0**300
_PATIENCE = 100_000


def maximise(objective: Sequence[int], constraints: Sequence[Sequence[int]], propose: bool = True) -> Outcome:
    """Maximise c(x) subject to h_i(x) >= 0 over x in Q^n, exactly.

    ``objective`` and ``constraints`` are integer rows (constant, gradient) of length n + 1, variables are free.
    HiGHS proposes a basis unless ``propose`` is False; whatever it says, only an exactly checked certificate counts,
    and where its basis has none, :func:`tropical.arithmetic.simplex.simplex` decides, starting from it.
    Raises ``ValueError`` for rows of different lengths.

    >>> maximise((0, 1), [(1, -1), (5, 2)])  # x where x <= 1 and 2x >= -5
    Outcome(status='optimal', point=(Fraction(1, 1),), value=Fraction(1, 1),
    multipliers=(Fraction(1, 1), Fraction(0, 1)), ray=None)
    >>> maximise((0, 1), [(-1, 1), (0, -1)]).multipliers  # x >= 1 and x <= 0: their sum is -1
    (Fraction(1, 1), Fraction(1, 1))
    """
    return LinearProgram(constraints, len(objective) - 1).maximise(objective, propose)


class LinearProgram:
    """The set {h_i >= 0}, over which several forms are maximised; the float solver starts each time where it ended.

    Where a ``meter`` is given, :class:`tropical.budget.BudgetExhausted` is raised once its time is over.
    """

    def __init__(self, constraints: Sequence[Sequence[int]], dim: int, meter: Meter | None = None) -> None:
        self.constraints = [tuple(row) for row in constraints]
        self.meter = meter
        self.dim = dim
        for index, row in enumerate(self.constraints):
            if len(row) != dim + 1:
                raise ValueError(f"constraint {index} must have {dim + 1} entries, got {len(row)}")
        self._model: BasisProposer | None = None

    def maximise(self, objective: Sequence[int], propose: bool = True) -> Outcome:
        """As the function :func:`maximise`."""
        if len(objective) != self.dim + 1:
            raise ValueError(f"the objective must have {self.dim + 1} entries, got {len(objective)}")
        if not propose or not self.dim or not self.constraints:
            return simplex(objective, self.constraints, meter=self.meter)
        basis = self.proposed(objective)
        return self._certified(objective, basis) or simplex(objective, self.constraints, basis.rows, self.meter)

    def proposed(self, objective: Sequence[int]) -> "Basis":
        """The basis at which the float solver ends: it decides nothing."""
        if self._model is None:
            floats = float_rows(self.constraints)
            self._model = BasisProposer(floats[:, 0], floats[:, 1:])
        return self._model.minimise(-float_rows([objective])[0, 1:], self.meter)

    def _certified(self, objective: Sequence[int], basis: "Basis") -> Outcome | None:
        point = self._point(basis)
        multipliers = None if point is None else exact_multipliers(self.constraints, basis, objective)
        if point is None or multipliers is None:
            return None
        value = sum((a * q for a, q in zip(objective[1:], point, strict=True) if a), Fraction(objective[0]))
        return Outcome("optimal", point, value, multipliers)

    def _point(self, basis: "Basis") -> Vector | None:
        """The feasible point where the rows of the basis vanish and the other columns are 0, or None."""
        right = fmpz_mat(len(basis.rows), 1, [-self.constraints[i][0] for i in basis.rows])
        square = [[self.constraints[i][j + 1] for j in basis.columns] for i in basis.rows]
        solved = _solve(square, right)
        if solved is None:
            return None
        point = [Fraction(0)] * self.dim
        for j, q in zip(basis.columns, solved.entries(), strict=True):
            point[j] = Fraction(int(q.p), int(q.q))
        scale = math.lcm(*(q.denominator for q in point))
        homogeneous = [scale, *(int(q * scale) for q in point)]
        values = (sum(a * b for a, b in zip(row, homogeneous, strict=True)) for row in self.constraints)
        return tuple(point) if all(value >= 0 for value in values) else None


@dataclass(frozen=True, slots=True)
class Basis:
    """A proposal: ``rows`` vanish, as many ``columns`` are solved for; ``point`` is the float solution."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    point: Floats


def at_least(form: Sequence[int], value: Fraction) -> Integers:
    """The row form - value, times the denominator."""
    first, *rest = (a * value.denominator for a in form)
    return (first - value.numerator, *rest)


def is_only_one(outcome: Outcome) -> bool:
    """Whether an optimal point is known to be the only one: a basic one whose multipliers are all positive is."""
    assert outcome.point is not None
    assert outcome.multipliers is not None
    return sum(map(bool, outcome.multipliers)) == len(outcome.point)


class BasisProposer:
    """HiGHS on {y : b + Gy >= lower}; it keeps its basis from one objective to the next. It decides nothing."""

    def __init__(self, constants: Floats, gradients: Floats) -> None:
        import highspy

        self.constants = constants
        count, self.dim = gradients.shape
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = self.dim, count
        model.col_cost_ = np.zeros(self.dim)
        model.col_lower_, model.col_upper_ = np.full(self.dim, -highspy.kHighsInf), np.full(self.dim, highspy.kHighsInf)
        model.row_lower_, model.row_upper_ = -constants, np.full(count, highspy.kHighsInf)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.arange(count + 1) * self.dim
        model.a_matrix_.index_ = np.tile(np.arange(self.dim), count)
        model.a_matrix_.value_ = gradients.ravel()
        self._solver = quiet_solver()
        self._solver.passModel(model)
        self._infinity = highspy.kHighsInf
        self._basic: Any = highspy.HighsBasisStatus.kBasic
        self._columns = np.arange(self.dim, dtype=np.int32)

    def minimise(self, cost: Floats, meter: Meter | None = None) -> Basis:
        """The basis at which HiGHS ends, at the latest when the time of the meter is over."""
        self._solver.changeColsCost(self.dim, self._columns, cost)
        run(self._solver, meter)
        found = self._solver.getBasis()
        rows = tuple(i for i, status in enumerate(found.row_status) if status != self._basic)
        columns = tuple(j for j, status in enumerate(found.col_status) if status == self._basic)
        point = np.array(self._solver.getSolution().col_value)
        return Basis(rows, columns, point if len(point) == self.dim else np.zeros(self.dim))

    def minimise_row(self, row: int, gradient: Floats, meter: Meter | None = None) -> Basis:
        """Minimise one of the constraints, itself relaxed by 1."""
        self._solver.changeRowBounds(row, -self.constants[row] - 1, self._infinity)
        basis = self.minimise(gradient, meter)
        self._solver.changeRowBounds(row, -self.constants[row], self._infinity)
        return basis


def quiet_solver() -> Any:
    """HiGHS without output: the simplex method on one thread."""
    import highspy

    bindings: Any = highspy
    solver = bindings._Highs()  # highspy.Highs, derived from it, prints a banner to stdout when made (1.16)
    options = {"output_flag": False, "threads": 1, "presolve": "off", "solver": "simplex"}
    for option, value in {**options, "simplex_iteration_limit": _PATIENCE}.items():
        solver.setOptionValue(option, value)
    return solver


def run(solver: Any, meter: Meter | None) -> None:
    """Let HiGHS solve its program; :class:`BudgetExhausted` once the time of the meter is over."""
    if meter is None:
        solver.run()
        return
    meter.check_time()
    solver.setOptionValue("time_limit", solver.getRunTime() + meter.seconds_left)
    solver.run()
    meter.check_time()


def exact_multipliers(
    constraints: Sequence[Sequence[int]], basis: Basis, objective: Sequence[int], sign: int = 1
) -> Vector | None:
    """y >= 0, supported on the rows of the basis, with sign * objective + sum_i y_i h_i constant; None if it has none.

    >>> exact_multipliers([(1, -2), (5, 2)], Basis((0,), (0,), np.zeros(1)), (0, 1))
    (Fraction(1, 2), Fraction(0, 1))
    """
    support = basis_multipliers(constraints, basis, objective, sign)
    if support is None:
        return None
    found = [Fraction(0)] * len(constraints)
    for i, q in zip(basis.rows, support, strict=True):
        found[i] = Fraction(int(q.p), int(q.q))
    return tuple(found)


def basis_multipliers(
    constraints: Sequence[Sequence[int]], basis: Basis, objective: Sequence[int], sign: int = 1
) -> list[fmpq] | None:
    """The multipliers of :func:`exact_multipliers` for the rows of the basis alone, as FLINT rationals."""
    right = fmpz_mat(len(basis.columns), 1, [-sign * objective[j + 1] for j in basis.columns])
    solved = _solve([[constraints[i][j + 1] for i in basis.rows] for j in basis.columns], right)
    if solved is None:
        return None
    support: list[fmpq] = solved.entries()
    if any(q < 0 for q in support):
        return None
    for j in set(range(len(objective) - 1)) - set(basis.columns):
        terms = (q * constraints[i][j + 1] for i, q in zip(basis.rows, support, strict=True))
        if sum(terms, fmpq(sign * objective[j + 1])) != 0:
            return None
    return support


def _solve(square: Sequence[Sequence[int]], right: fmpz_mat) -> fmpq_mat | None:
    size = len(square)
    if size != right.nrows() or any(len(row) != size for row in square):
        return None
    if not size:
        return fmpq_mat(0, 1)
    try:
        return cast("fmpq_mat", fmpz_mat(square).solve(right))
    except ZeroDivisionError:
        return None


def float_rows(rows: Sequence[Sequence[int]]) -> Floats:
    """The rows in float64, each scaled by a power of two to gradient entries of at most 1; clipped where too large.

    >>> float_rows([(3, 4, -2), (2**2000, 0, 2**2000)])
    array([[ 0.75,  1.  , -0.5 ],
           [ 1.  ,  0.  ,  1.  ]])
    """
    table = [[quotient(a, size) for a in row] for row, size in ((row, power_of_two(row[1:])) for row in rows)]
    return np.array(table, dtype=np.float64)


def power_of_two(entries: Sequence[int]) -> int:
    """The least power of two that no entry exceeds in size."""
    largest = max((abs(a) for a in entries), default=0)
    return 1 << max(largest - 1, 0).bit_length()


def quotient(a: int, b: int) -> float:
    """a / b rounded to float64, within +-2^300."""
    try:
        return min(max(a / b, -_LARGEST), _LARGEST)
    except OverflowError:
        return _LARGEST if (a > 0) == (b > 0) else -_LARGEST
