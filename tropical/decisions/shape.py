"""Convexity and monotonicity of piecewise-linear functions: decided, with a proof or a witness."""

from fractions import Fraction

from tropical.arguments import as_index, require_flag
from tropical.arithmetic.rationals import Vector, primitive
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.forms.parts import common_parts, in_chart
from tropical.functions.affine import form_of_row
from tropical.functions.function import Function
from tropical.functions.lattice_polynomial import LatticePolynomial
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.requirements import require_function, require_scalar
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone, Integers, signs_on, vector_below
from tropical.polyhedra.polyhedron import Polyhedron
from tropical.proofs.certificate import equality_certificate, monotonicity_certificate
from tropical.verdict import Verdict


def is_convex(
    f: Function, domain: Polyhedron | None = None, budget: Budget | None = None, progress: Progress | None = None
) -> Verdict:
    """Decide over Q whether f((1 - t)x + ty) <= (1 - t)f(x) + tf(y) for all x, y in the domain and 0 <= t <= 1.

    f, with one output, is convex iff it is the maximum of its affine pieces: the ``certificate`` proves that equality.
    ``refuted``: ``witness`` is the point (1 - t)x + ty where the inequality fails, ``detail`` has x, y and t as
    ``"segment"`` and ``"weight"``, and both sides as ``"values"``. ``unknown`` means that ``budget`` ran out.
    Raises ``ValueError`` for several outputs.

    >>> from tropical import ReLUNetwork
    >>> bump = ReLUNetwork.from_arrays([[[1], [1], [1]], [[1, -2, 1]]], [[1, 0, -1], [0]])
    >>> verdict = is_convex(bump)
    >>> (x, y), t = verdict.detail["segment"], verdict.detail["weight"]
    >>> verdict.status, bump(verdict.witness)[0] > (1 - t) * bump(x)[0] + t * bump(y)[0]
    ('refuted', True)
    """
    return _convexity(f, domain, 1, Meter(budget, progress))


def is_concave(
    f: Function, domain: Polyhedron | None = None, budget: Budget | None = None, progress: Progress | None = None
) -> Verdict:
    """Decide whether -f is convex: f is the minimum of its affine pieces. As :func:`is_convex`, with >= for <=.

    >>> from tropical import ReLUNetwork
    >>> is_concave(ReLUNetwork.from_arrays([[[1]], [[-1]]])).status
    'proved'
    """
    return _convexity(f, domain, -1, Meter(budget, progress))


def is_monotone(
    f: Function,
    coordinate: int,
    increasing: bool = True,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Decide over Q whether every output of f is non-decreasing (``increasing``) or non-increasing in a coordinate.

    On a convex domain this holds iff that entry of the gradient has the sign on every cell; it holds always where no
    two points of the domain differ in the coordinate alone, as where the input is fixed. ``refuted``: the segment
    from x = ``witness`` to y in ``detail["segment"]`` goes up the coordinate, and f the wrong way; ``detail["values"]``
    are f(x) and f(y). Raises ``ValueError`` for a coordinate out of range.

    >>> from tropical import ReLUNetwork
    >>> net = ReLUNetwork.from_arrays([[[1, -1]], [[2]]])  # 2 relu(x - y)
    >>> is_monotone(net, 0).status, is_monotone(net, 1).status, is_monotone(net, 1, increasing=False).status
    ('proved', 'refuted', 'proved')
    """
    require_function(f)
    coordinate = as_index(coordinate, f.input_dim, "coordinate")
    require_flag(increasing, "increasing")
    sign = 1 if increasing else -1
    meter = Meter(budget, progress)
    own, chart = in_chart([f], domain)
    step = chart.step(coordinate)
    try:
        for cone, (part,) in common_parts(own, chart.cone_within(meter), meter):
            if any(sign * sum(a * q for a, q in zip(row[1:], step, strict=True)) < 0 for row in part.rows):
                return _wrong_way(f, coordinate, cone, chart)
    except BudgetExhausted as stop:
        return Verdict("unknown", detail={"reason": str(stop), "cells": meter.cells})
    certificate = monotonicity_certificate(f, coordinate, sign, domain)
    return Verdict("proved", certificate=certificate, detail={"cells": meter.cells})


def _wrong_way(f: Function, coordinate: int, cone: Cone, chart: Chart) -> Verdict:
    """The refutation from a cell where the gradient has the wrong sign."""
    start = chart.point(cone.interior_vector())
    far = tuple(q + 1 if i == coordinate else q for i, q in enumerate(start))
    step = _share_within(cone, chart, start, far)
    end = tuple(q + step if i == coordinate else q for i, q in enumerate(start))
    values = f.values(start), f.values(end)
    return Verdict("refuted", witness=start, detail={"segment": (start, end), "values": values})


def _share_within(cone: Cone, chart: Chart, start: Vector, end: Vector) -> Fraction:
    """A power of 1/2: so much of the way from a point inside the cone to another one stays in it."""
    share = Fraction(1)
    inside, outside = ((Fraction(1), *chart.project(point)) for point in (start, end))
    for row in cone.constraints:
        here, there = (sum((a * q for a, q in zip(row, v, strict=True)), Fraction(0)) for v in (inside, outside))
        if there < 0:
            share = min(share, here / (here - there))
    power = Fraction(2) ** (share.numerator.bit_length() - share.denominator.bit_length())
    return power if power <= share else power / 2


def _convexity(f: Function, domain: Polyhedron | None, sign: int, meter: Meter) -> Verdict:
    require_scalar(f, "convexity")
    own, chart = in_chart([f], domain)
    parts = []
    try:
        for cone, (part,) in common_parts(own, chart.cone_within(meter), meter):
            parts.append((cone, tuple(sign * q for q in part.rows[0])))
        rows = list(dict.fromkeys(row for _, row in parts))
        for cone, row in parts:
            meter.check_time()
            above = _exceeding(cone, row, rows)
            if above is not None:
                other = next(cone for cone, row in parts if row == above[0])
                x, y = chart.point(other.interior_vector()), chart.point(above[1])
                return _above_chord(f, (x, y), _share_within(other, chart, x, y))
    except BudgetExhausted as stop:
        return Verdict("unknown", detail={"reason": str(stop), "cells": meter.cells})
    pieces = [form * sign for form in chart.pull_back_all(list(map(form_of_row, rows)))]
    extremal = TropicalPolynomial(pieces) if sign > 0 else LatticePolynomial(pieces, [range(len(pieces))])
    certificate = equality_certificate(f, extremal, domain)
    return Verdict("proved", certificate=certificate, detail={"cells": meter.cells})


def _exceeding(cone: Cone, row: Vector, rows: list[Vector]) -> tuple[Vector, Integers] | None:
    """One of ``rows`` that exceeds ``row`` somewhere in the cone, and a vector of the interior where it does."""
    differences = [primitive([a - b for a, b in zip(other, row, strict=True)]) for other in rows]
    for other, difference, sign in zip(rows, differences, signs_on(cone, differences), strict=True):
        if sign is None or sign > 0:
            vector = vector_below(cone, tuple(-a for a in difference))
            assert vector is not None
            return other, vector
    return None


def _above_chord(f: Function, chord: tuple[Vector, Vector], weight: Fraction) -> Verdict:
    """The refutation from a chord x, y: up to that weight of y, f is what it is near x, and exceeds it at y."""
    x, y = chord
    between = tuple(p + weight * (q - p) for p, q in zip(x, y, strict=True))
    (value,) = f.values(between)
    on_chord = (1 - weight) * f.values(x)[0] + weight * f.values(y)[0]
    return Verdict("refuted", witness=between, detail={"segment": chord, "weight": weight, "values": (value, on_chord)})
