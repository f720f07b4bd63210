"""Where several functions are affine together, on the space that they depend on."""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq_mat

from tropical.arithmetic.rationals import Matrix, Vector, independent_rows, to_flint
from tropical.budget import Meter
from tropical.forms.parts import common_parts, in_chart
from tropical.functions.function import Function
from tropical.functions.requirements import require_scalar
from tropical.gaussian.solids import require_dimension
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone


@dataclass(frozen=True)
class Refinement:
    """Polyhedra with disjoint interiors that cover the space, on each of which all functions are affine.

    Coordinates are those of ``chart``, onto the span V of all gradients (THEORY §1); ``metric`` is the Gram matrix of
    its rows. ``parts`` are cones over the polyhedra, each with the row (constant, gradient) of every function on it.
    """

    chart: Chart
    metric: fmpq_mat
    parts: tuple[tuple[Cone, Matrix], ...]


def common_refinement(functions: Sequence[Function], meter: Meter) -> Refinement:
    """The common refinement of the linear parts of one or two scalar functions.

    Raises ``ValueError`` for several outputs, different dimensions, or dim V > 3, and :class:`BudgetExhausted`.
    """
    for f in functions:
        require_scalar(f, "a Gaussian functional")
        if f.input_dim != functions[0].input_dim:
            raise ValueError(
                f"f has {functions[0].input_dim} inputs and g has {f.input_dim}: they have no common space"
            )
    own, chart = in_chart(functions, None)
    parts, span = _parts_and_span(own, chart, meter)
    if len(span) < chart.dim:  # units cancel: the functions see less than their first layers
        inner = Chart.of(span, chart.dim)
        chart = chart.then(inner)
        meter.restart()
        parts, _ = _parts_and_span([inner.restrict(f) for f in own], inner, meter)
    rows = to_flint(chart.matrix, chart.input_dim)
    return Refinement(chart, rows * rows.transpose(), parts)


def _parts_and_span(
    functions: Sequence[Function], chart: Chart, meter: Meter
) -> tuple[tuple[tuple[Cone, Matrix], ...], Matrix]:
    """All common parts, and independent gradients; stops at a fourth one."""
    found: list[tuple[Cone, Matrix]] = []
    seen: set[Vector] = set()
    span: Matrix = ()
    for cone, parts in common_parts(functions, chart.cone_within(meter), meter):
        rows = tuple(part.rows[0] for part in parts)
        found.append((cone, rows))
        for row in rows:
            if row[1:] not in seen:
                seen.add(row[1:])
                extended = (*span, row[1:])
                if any(row[1:]) and len(independent_rows(extended)) == len(extended):
                    span = extended
                    require_dimension(len(span))
    return tuple(found), span
