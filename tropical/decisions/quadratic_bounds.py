"""Deciding whether the square of a piecewise-linear function lies below a quadratic form."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from tropical.arithmetic.quadratic_forms import FibreForm, Steepest, pivots_or_negative, steepest_part
from tropical.arithmetic.rationals import Matrix, Vector, as_rows
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.forms.form_signs import spanning_vectors
from tropical.forms.parts import common_parts, in_chart
from tropical.functions.function import Function
from tropical.functions.requirements import require_scalar
from tropical.polyhedra.cones import Cone, Integers
from tropical.verdict import Verdict


def dominated_by_quadratic(
    f: Function, form: Sequence[Sequence[Any]], *, budget: Budget | None = None, progress: Progress | None = None
) -> Verdict:
    r"""Decide over Q whether f(x)^2 <= x^T Q x for every x in R^n; ``form`` is Q, symmetric, of shape (n, n).

    f has one output; biases are allowed. Q must be positive semidefinite, or else some x with x^T Q x < 0 refutes.
    Then, on the cone over each cell, where f is linear, the largest f^2 / x^T Q x is the squared norm of a projection.
    ``proved``: ``detail["least_factor"]`` is the least c with f^2 <= c x^T Q x everywhere, so that 1 - c is the margin.
    ``refuted``: ``witness`` is an x where the inequality fails, ``detail["values"]`` are f(x)^2 and x^T Q x.
    ``detail["cells"]`` counts the cells visited. ``unknown`` means that ``budget`` ran out.
    Raises ``ValueError`` for several outputs and for a ``form`` that is not a rational symmetric n x n matrix.

    >>> from tropical import ReLUNetwork
    >>> absolute = ReLUNetwork.from_arrays([[[1, 1], [-1, -1]], [[1, 1]]])  # |x + y|
    >>> dominated_by_quadratic(absolute, [[2, 0], [0, 2]]).detail["least_factor"]
    Fraction(1, 1)
    >>> verdict = dominated_by_quadratic(absolute, [["19/10", 0], [0, 2]])
    >>> verdict.status, verdict.detail["values"][0] > verdict.detail["values"][1]
    ('refuted', True)
    """
    require_scalar(f, "a bound on f^2")
    matrix = _symmetric(form, f.input_dim)
    meter = Meter(budget, progress)
    negative = pivots_or_negative(matrix)[1]
    if negative is not None:
        return _refuted(f, matrix, negative, meter)
    own, chart = in_chart([f], None)
    on_fibres = FibreForm.of(matrix, chart.matrix)
    try:
        found = steepest_part(_pieces(own, chart.cone, meter), on_fibres, enough=Fraction(1))
    except BudgetExhausted as stop:
        return Verdict("unknown", detail={"reason": str(stop), "cells": meter.cells})
    if found.ratio <= 1:
        return Verdict("proved", detail={"least_factor": found.ratio, "cells": meter.cells})
    return _refuted(f, matrix, on_fibres.lift(_point(found, on_fibres)), meter)


def _symmetric(form: Sequence[Sequence[Any]], dim: int) -> Matrix:
    matrix = as_rows(form, "form")
    if [len(row) for row in matrix] != [dim] * dim:
        raise ValueError(f"form must be a {dim} x {dim} matrix, its rows have lengths {[len(row) for row in matrix]}")
    uneven = next(((i, j) for i in range(dim) for j in range(i) if matrix[i][j] != matrix[j][i]), None)
    if uneven is not None:
        i, j = uneven
        raise ValueError(f"form must be symmetric, entries {i, j} and {j, i} are {matrix[i][j]} and {matrix[j][i]}")
    return matrix


def _pieces(f: Sequence[Function], start: Cone, meter: Meter) -> Iterator[tuple[list[Integers], Vector]]:
    for cone, (part,) in common_parts(f, start, meter):
        yield spanning_vectors(cone), part.rows[0]


def _point(found: Steepest, form: FibreForm) -> Vector:
    """A point of the cell at which the inequality fails: as it does at the vector found, which may be at infinity."""
    vector = found.vector
    assert vector is not None
    if not vector[0]:
        inside = tuple(sum(column) for column in zip(*found.generators, strict=True))
        while form.ratio(found.row, inside) <= 1:
            inside = tuple(a + b for a, b in zip(inside, vector, strict=True))
            vector = tuple(2 * a for a in vector)
        vector = inside
    return tuple(Fraction(a, vector[0]) for a in vector[1:])


def _refuted(f: Function, matrix: Matrix, x: Vector, meter: Meter) -> Verdict:
    (value,) = f.values(x)
    size = sum((q * a * b for row, a in zip(matrix, x, strict=True) for q, b in zip(row, x, strict=True)), Fraction(0))
    assert value**2 > size
    return Verdict("refuted", x, detail={"values": (value**2, size), "cells": meter.cells})
