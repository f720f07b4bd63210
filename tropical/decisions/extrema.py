"""Exact maxima, minima and sup-distances of piecewise-linear functions, with the point or the ray that shows them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from tropical.arithmetic.rationals import Vector, from_flint, primitive
from tropical.budget import Budget, Meter, Progress
from tropical.decisions.comparison import require_comparable
from tropical.forms.parts import common_parts, in_chart
from tropical.functions.function import Function
from tropical.functions.requirements import require_scalar
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone, Integers, dot
from tropical.polyhedra.polyhedron import Polyhedron
from tropical.proofs.certificate import Certificate, maximum_certificate, minimum_certificate
from tropical.values import Value


@dataclass(frozen=True, repr=False)
class Extremum(Value):
    """A supremum or infimum. If ``value`` is finite it is attained at ``point``.

    If it is infinite, the function tends to it from ``point`` along ``ray``: on that half-line it is affine with a
    slope that is not 0. ``certificate`` proves a finite maximum or minimum of one function;
    ``==`` and ``hash`` go by the other fields.
    """

    value: Fraction | float
    point: Vector
    ray: Vector | None = None
    certificate: Certificate | None = field(default=None, repr=False, compare=False)


def maximum(
    f: Function, domain: Polyhedron | None = None, budget: Budget | None = None, progress: Progress | None = None
) -> Extremum:
    """Return sup {f(x) : x in the domain}, exactly, for a function with one output.

    f is affine on the cells of its complex, so that the supremum is the largest value at a vertex, or infinite if f
    grows along a ray. ``domain`` is all of R^n by default; a domain with lineality needs no vertices.
    Raises ``ValueError`` for several outputs and :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import Box, ReLUNetwork
    >>> absolute = ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])
    >>> maximum(absolute, Box([-1], [2]))
    Extremum(value=2, point=(2,), ray=None)
    >>> maximum(absolute).value, abs(maximum(absolute).ray[0])
    (inf, Fraction(1, 1))
    """
    return _extremum(f, domain, 1, Meter(budget, progress))


def minimum(
    f: Function, domain: Polyhedron | None = None, budget: Budget | None = None, progress: Progress | None = None
) -> Extremum:
    """Return inf {f(x) : x in the domain}; as :func:`maximum`.

    >>> from tropical import ReLUNetwork
    >>> minimum(ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])).value
    Fraction(0, 1)
    """
    return _extremum(f, domain, -1, Meter(budget, progress))


def sup_distance(
    f: Function,
    g: Function,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Extremum:
    """Return sup {max_i |f_i(x) - g_i(x)| : x in the domain}, exactly; infinite with a ray if it is unbounded.

    Raises ``ValueError`` if the dimensions do not match and :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import Box, ReLUNetwork
    >>> relu, line = ReLUNetwork.from_arrays([[[1]], [[1]]]), ReLUNetwork.from_arrays([[[1]]])
    >>> sup_distance(relu, line, Box([-3], [5])).value, sup_distance(relu, line).value
    (Fraction(3, 1), inf)
    """
    require_comparable(f, g)
    functions, chart = in_chart([f, g], domain)
    meter = Meter(budget, progress)

    def differences() -> Iterator[tuple[Cone, Vector]]:
        for cone, (one, other) in common_parts(functions, chart.cone, meter):
            for row in from_flint(one.matrix - other.matrix):
                yield cone, row
                yield cone, tuple(-q for q in row)

    return _largest(differences(), chart)


def _extremum(f: Function, domain: Polyhedron | None, sign: int, meter: Meter) -> Extremum:
    require_scalar(f, "an extremum")
    own, chart = in_chart([f], domain)

    def parts() -> Iterator[tuple[Cone, Vector]]:
        for cone, (part,) in common_parts(own, chart.cone, meter):
            yield cone, tuple(sign * q for q in part.rows[0])

    found = _largest(parts(), chart)
    if found.ray is not None:
        return replace(found, value=sign * found.value)
    certificate = (maximum_certificate if sign > 0 else minimum_certificate)(f, domain, found.point)
    return replace(found, value=sign * found.value, certificate=certificate)


def _largest(parts: Iterable[tuple[Cone, Vector]], chart: Chart) -> Extremum:
    """The supremum of a function that has the given row on each cone over a cell."""
    best: tuple[Fraction, Integers] | None = None
    for cone, row in parts:
        integers = primitive(row)
        scale = next((q / a for q, a in zip(row, integers, strict=True) if a), Fraction(0))
        ray = _ascending(cone, integers)
        if ray is not None:
            return Extremum(math.inf, chart.point(cone.interior_vector()), chart.lift(ray[1:]))
        for generator in cone.generators:
            if generator[0]:
                value = scale * Fraction(dot(integers, generator), generator[0])
                if best is None or value > best[0]:
                    best = value, generator
    assert best is not None  # the parts cover a domain, and every part has a vertex modulo its lineality
    return Extremum(best[0], chart.point(best[1]))


def _ascending(cone: Cone, row: Integers) -> Integers | None:
    """A direction of recession of the cell along which the form grows, if there is one."""
    both_ways = (tuple(s * a for a in direction) for direction in cone.lineality for s in (1, -1))
    rays = (generator for generator in cone.generators if not generator[0])
    return next((v for v in (*rays, *both_ways) if dot(row, v) > 0), None)
