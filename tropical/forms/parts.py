"""Where a piecewise-linear function of any kind is affine, part by part: the basis of comparing and optimising."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, singledispatch

from flint import fmpq_mat

from tropical.activation.cutting import parts_of_layers
from tropical.activation.integer_layers import integer_layers
from tropical.arithmetic.rationals import Matrix, Vector, primitive, to_flint
from tropical.budget import Meter
from tropical.forms.construction import to_network
from tropical.forms.form_signs import Differences, FormTable, clause_masks, sign_parts
from tropical.functions.affine import AffineForm, AffineMap, rows_of
from tropical.functions.function import Function
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.network import ReLUNetwork
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.rational_map import TropicalRationalMap
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone, intersect
from tropical.polyhedra.part import Part
from tropical.polyhedra.polyhedron import Polyhedron

Partition = Callable[[Cone, Meter], Iterator[Part]]


@dataclass(frozen=True)
class MaxMin:
    """F = max over clauses (bit masks) of the minimum of forms, given by their rows (constant, gradient)."""

    rows: Matrix
    clauses: tuple[int, ...]

    @cached_property
    def _table(self) -> FormTable:
        return FormTable(self.rows)

    def signs(self, part: Cone, row: Vector, meter: Meter) -> Iterator[tuple[Cone, int]]:
        """Split ``part`` into parts, each with the sign of F - row in its interior."""
        yield from sign_parts(part, self.clauses, Differences(self._table, row), meter)


@singledispatch
def max_min(f: Function) -> MaxMin | None:
    """The function as a maximum of minima, if that is its form."""
    return None


@max_min.register
def _(f: LatticePolynomial) -> MaxMin:
    return MaxMin(rows_of(f.pieces), tuple(clause_masks(f)))


@max_min.register
def _(f: TropicalPolynomial) -> MaxMin:
    return MaxMin(rows_of(f.terms), tuple(1 << i for i in range(len(f.terms))))


@singledispatch
def parts_of(f: Function) -> Partition:
    """Return what yields, for a cone, parts with disjoint interiors that cover it, on each of which f is affine."""
    return partial(parts_of_layers, integer_layers(to_network(f)))


@parts_of.register
def _(f: ReLUNetwork) -> Partition:
    return partial(parts_of_layers, integer_layers(f))


@parts_of.register
def _(f: AffineForm | AffineMap) -> Partition:
    matrix = to_flint(rows_of((f,) if isinstance(f, AffineForm) else f.forms))
    return lambda start, meter: iter([Part(start, matrix)])


@parts_of.register
def _(f: LatticePolynomial) -> Partition:
    form = MaxMin(rows_of(f.pieces), tuple(clause_masks(f)))
    matrices = [to_flint([row]) for row in form.rows]

    def partition(start: Cone, meter: Meter) -> Iterator[Part]:
        for row, matrix in zip(form.rows, matrices, strict=True):
            yield from (Part(cone, matrix) for cone, sign in form.signs(start, row, meter) if sign == 0)

    return partition


@parts_of.register
def _(f: TropicalPolynomial) -> Partition:
    return partial(_where_largest, rows_of(f.terms), [to_flint([row]) for row in rows_of(f.terms)])


@parts_of.register
def _(f: TropicalRationalMap) -> Partition:
    sides = [parts_of(p) for pair in f.pairs for p in pair]

    def partition(start: Cone, meter: Meter) -> Iterator[Part]:
        pending: list[tuple[Cone, list[fmpq_mat]]] = [(start, [])]
        while pending:
            cone, rows = pending.pop()
            if len(rows) == len(sides):
                differences = [(p - q).tolist()[0] for p, q in zip(rows[::2], rows[1::2], strict=True)]
                yield Part(cone, fmpq_mat(differences))
            else:
                pending += [(part.cone, [*rows, part.matrix]) for part in sides[len(rows)](cone, meter)]

    return partition


def _where_largest(rows: Matrix, matrices: Sequence[fmpq_mat], start: Cone, meter: Meter) -> Iterator[Part]:
    """The parts on each of which one of the forms is the largest."""
    for i, row in enumerate(rows):
        meter.check_time()
        others = (primitive([a - b for a, b in zip(row, o, strict=True)]) for j, o in enumerate(rows) if j != i)
        cone = intersect(start, others, meter)
        if cone is not None:
            yield Part(cone, matrices[i])


def in_chart(functions: Sequence[Function], domain: Polyhedron | None) -> tuple[list[Function], Chart]:
    """The functions in a chart that sees only what they depend on, and the chart.

    Raises ``ValueError`` if the domain lives on another space.
    """
    chart = Chart.of([row for f in functions for row in f.gradients()], functions[0].input_dim, domain)
    return [chart.restrict(f) for f in functions], chart


def common_parts(functions: Sequence[Function], start: Cone, meter: Meter) -> Iterator[tuple[Cone, list[Part]]]:
    """The common refinement of the partitions of several functions, with the part of each on every cone of it.

    Each cone is counted by ``meter.count_cell()``.
    """
    first, *others = map(parts_of, functions)
    for part in first(start, meter):
        pending = [[part]]
        for partition in others:
            pending = [[*found, p] for found in pending for p in partition(found[-1].cone, meter)]
        for found in pending:
            meter.count_cell()
            yield found[-1].cone, found
