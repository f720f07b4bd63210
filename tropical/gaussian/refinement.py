"""Where several functions are affine together, on the space that they depend on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq_mat

from tropical.arithmetic.rationals import Matrix, Vector, from_flint, independent_rows, to_flint
from tropical.budget import Budget, Meter, Progress
from tropical.forms.construction import to_network
from tropical.forms.linear_parts import Function, linear_parts, reduced
from tropical.functions.requirements import require_scalar
from tropical.gaussian.solids import require_dimension
from tropical.polyhedra.cones import Cone, half_space
from tropical.polyhedra.quotient import Quotient

Part = tuple[Cone, Matrix]
"""A cone over a polyhedron and the row (constant, gradient) that each of the functions has on it."""


@dataclass(frozen=True)
class Refinement:
    """Polyhedra with disjoint interiors that cover the space, on each of which all functions are affine.

    Coordinates are those of ``quotient``, onto the span V of all gradients (THEORY §1); ``metric`` is the Gram matrix
    of its rows.
    """

    quotient: Quotient
    metric: fmpq_mat
    parts: tuple[Part, ...]


def common_refinement(functions: Sequence[Function], budget: Budget | None, progress: Progress | None) -> Refinement:
    """The common refinement of the linear parts of one or two scalar functions.

    Raises ``ValueError`` for several outputs, different dimensions, or dim V > 3, and :class:`BudgetExhausted`.
    """
    for f in functions:
        require_scalar(f, "a Gaussian functional")
        if f.input_dim != functions[0].input_dim:
            raise ValueError(
                f"f has {functions[0].input_dim} inputs and g has {f.input_dim}: they have no common space"
            )
    meter = Meter(budget, progress)
    own, quotient, start = reduced(functions, None)
    parts, span = _parts_and_span(own, start, meter)
    if len(span) < quotient.dim:  # units cancel: the functions see less than their first layers
        inner = Quotient.by_common_kernel(span, quotient.dim)
        quotient = Quotient(_product(inner.matrix, quotient), quotient.input_dim)
        meter.restart()
        parts, _ = _parts_and_span([inner.descend_network(to_network(f)) for f in own], half_space(inner.dim), meter)
    rows = to_flint(quotient.matrix, quotient.input_dim)
    return Refinement(quotient, rows * rows.transpose(), parts)


def _parts_and_span(functions: Sequence[Function], start: Cone, meter: Meter) -> tuple[tuple[Part, ...], Matrix]:
    """All common parts, and independent gradients; stops at a fourth one."""
    parts: list[Part] = []
    seen: set[Vector] = set()
    span: Matrix = ()
    for cone, rows in _common_parts(functions, start, meter):
        parts.append((cone, rows))
        for row in rows:
            if row[1:] not in seen:
                seen.add(row[1:])
                extended = (*span, row[1:])
                if any(row[1:]) and len(independent_rows(extended)) == len(extended):
                    span = extended
                    require_dimension(len(span))
    return tuple(parts), span


def _common_parts(functions: Sequence[Function], start: Cone, meter: Meter) -> Iterator[Part]:
    first, *others = map(linear_parts, functions)
    for part in first(start, meter):
        pending: list[Part] = [(part.cone, part.rows)]
        for partition in others:
            pending = [(p.cone, (*rows, *p.rows)) for cone, rows in pending for p in partition(cone, meter)]
        for found in pending:
            meter.count_cell()
            yield found


def _product(inner: Matrix, quotient: Quotient) -> Matrix:
    if not inner:
        return ()
    return from_flint(to_flint(inner) * to_flint(quotient.matrix, quotient.input_dim))
