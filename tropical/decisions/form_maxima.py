"""The maximum of a function that is a maximum of minima of affine forms: one linear program for each minimum."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch

from tropical.arithmetic.linear_program import LinearProgram, at_least, is_only_one
from tropical.arithmetic.rationals import Vector, from_flint, primitive
from tropical.arithmetic.simplex import Outcome
from tropical.budget import Meter
from tropical.functions.affine import rows_of
from tropical.functions.function import Function
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.rational_map import TropicalRationalMap
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Integers

Clauses = list[list[Vector]]
_ZERO = Fraction(0)


@singledispatch
def concave_parts(f: Function, sign: int) -> Clauses | None:
    """Rows (constant, gradient) such that sign f = max over clauses of the minimum of their forms; None if not at hand.

    >>> from tropical import AffineForm
    >>> concave_parts(TropicalPolynomial([AffineForm([1]), AffineForm([-1])]), -1)  # -|x|
    [[(Fraction(0, 1), Fraction(1, 1)), (Fraction(0, 1), Fraction(-1, 1))]]
    """
    return None


@concave_parts.register
def _(f: LatticePolynomial, sign: int) -> Clauses | None:
    rows = rows_of(f.pieces)
    if sign > 0:
        return [[rows[i] for i in sorted(clause)] for clause in f.clauses]
    if len(f.clauses) == 1:
        return [[_negated(rows[i])] for i in sorted(f.clauses[0])]
    if all(len(clause) == 1 for clause in f.clauses):
        return [[_negated(rows[i]) for clause in f.clauses for i in clause]]
    return None


@concave_parts.register
def _(f: TropicalPolynomial, sign: int) -> Clauses:
    rows = rows_of(f.terms)
    return [[row] for row in rows] if sign > 0 else [[_negated(row) for row in rows]]


@concave_parts.register
def _(f: TropicalRationalMap, sign: int) -> Clauses:
    one, other = (rows_of(p.terms) for p in f.pairs[0][::sign])
    return [[tuple(a - b for a, b in zip(p, q, strict=True)) for q in other] for p in one]


@dataclass(frozen=True)
class ClauseMaximum:
    """A clause and what its linear program found: the points (y, t), y in the coordinates of the chart."""

    chart: Chart
    program: LinearProgram
    outcome: Outcome

    @property
    def value(self) -> Fraction:
        """The maximum, where it is finite."""
        assert self.outcome.value is not None
        return self.outcome.value

    @property
    def point(self) -> Vector:
        """A point of the domain, where the maximum is attained if it is finite."""
        assert self.outcome.point is not None
        return self.chart.inclusion(self.outcome.point[:-1])

    @property
    def ray(self) -> Vector | None:
        """A direction from ``point`` in which the clause grows for ever, if its maximum is not finite."""
        return None if self.outcome.ray is None else self.chart.lift(self.outcome.ray[:-1])

    def last_point(self) -> Vector:
        """Of the points where the maximum is attained the lexicographically greatest in Q^n.

        A coordinate that is not bounded above there is made the least, or 0 if it is not bounded below either.
        """
        rows, objective, outcome = list(self.program.constraints), _top(self.chart.dim), self.outcome
        for row in from_flint(self.chart.section):
            if is_only_one(outcome):
                break
            if any(row):
                assert outcome.value is not None
                rows.append(at_least(objective, outcome.value))
                objective, outcome = self._greatest(primitive((_ZERO, *row, _ZERO)), rows)
        assert outcome.point is not None
        return self.chart.inclusion(outcome.point[:-1])

    def _greatest(self, axis: Integers, rows: list[Integers]) -> tuple[Integers, Outcome]:
        """The form that is maximised so that a coordinate is fixed, and its maximum."""
        opposite = tuple(-a for a in axis)
        for form in (axis, opposite):
            outcome = LinearProgram(rows, self.program.dim, self.program.meter).maximise(form)
            if outcome.ray is None:
                return form, outcome
        rows += [axis, opposite]
        return axis, LinearProgram(rows, self.program.dim, self.program.meter).maximise(axis)


def clause_maxima(clauses: Clauses, chart: Chart, meter: Meter) -> Iterator[ClauseMaximum]:
    """The maximum of each clause on the domain of the chart, each counted by ``meter.count_cell()``."""
    domain: list[Integers] = [] if chart.region is None else [(*row, 0) for row in chart.region.rows]
    for clause in clauses:
        meter.count_cell()
        below = [primitive((*row, Fraction(-1))) for row in clause]
        program = LinearProgram([*domain, *below], chart.dim + 1, meter)
        yield ClauseMaximum(chart, program, program.maximise(_top(chart.dim)))


def _top(dim: int) -> Integers:
    """The form t."""
    return (*(0 for _ in range(dim + 1)), 1)


def _negated(row: Vector) -> Vector:
    return tuple(-q for q in row)
