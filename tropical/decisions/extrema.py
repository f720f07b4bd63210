"""Exact maxima, minima and sup-distances of piecewise-linear functions, with the point or the ray that shows them."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial

from tropical.activation.compiled.engine import can_enumerate
from tropical.activation.compiled.loading import is_loaded
from tropical.activation.geometry import highest_vertices
from tropical.arithmetic.rationals import Vector, from_flint, primitive
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.decisions.branching import Objective, branch_and_bound
from tropical.decisions.comparison import require_comparable
from tropical.decisions.form_maxima import ClauseMaximum, Clauses, clause_maxima, concave_parts
from tropical.decisions.ranges import output_ranges
from tropical.forms.construction import to_network
from tropical.forms.parts import common_parts, in_chart
from tropical.functions.function import Function
from tropical.functions.network import ReLUNetwork
from tropical.functions.requirements import require_scalar
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone, Integers, dot
from tropical.polyhedra.polyhedron import Box, Polyhedron
from tropical.proofs.certificate import Certificate, maximum_certificate, minimum_certificate, tree_certificate
from tropical.proofs.merged_units import MergedPair
from tropical.proofs.proof_trees import order_tree
from tropical.values import Value, short

_MOST_DIMENSIONS = 6  # of a bounded domain whose cells are cut; beyond, linear programs decide
_LARGEST_TREE = 1 << 10  # leaves times dimensions, for which a tree of linear programs takes about a second


@dataclass(frozen=True, repr=False)
class Extremum(Value):
    """A supremum or infimum, or bounds on it: ``lower`` and ``upper``, equal iff it is known.

    A finite one is attained at ``point``. If it is infinite, the function tends to it from ``point`` along ``ray``: on
    that half-line it is affine with a slope that is not 0. If a budget ran out before it was known,
    ``incomplete_because`` says so, and ``point`` attains ``lower`` for a supremum, ``upper`` for an infimum.
    ``certificate`` proves a finite maximum or minimum of one function; for a network on a bounded domain of more than 6
    dimensions it claims f <= value, or value <= f, by a tree of linear programs, and is None where time ran out or the
    tree might be large: if n times the combinations of signs that units may take there is 1024 or more.
    ``==`` and ``hash`` go by the other fields.
    """

    lower: Fraction | float
    upper: Fraction | float
    point: Vector
    ray: Vector | None = None
    incomplete_because: str | None = None
    certificate: Certificate | None = field(default=None, repr=False, compare=False)

    @property
    def complete(self) -> bool:
        """Whether the extremum is known."""
        return self.incomplete_because is None

    @property
    def value(self) -> Fraction | float:
        """The extremum; ``ValueError`` if it is not known."""
        if self.incomplete_because is not None:
            known = f"between {short(self.lower)} and {short(self.upper)}"
            raise ValueError(f"the extremum is only known to lie {known}: {self.incomplete_because}")
        return self.lower


def maximum(
    f: Function, domain: Polyhedron | None = None, budget: Budget | None = None, progress: Progress | None = None
) -> Extremum:
    """Return sup {f(x) : x in the domain}, exactly, for a function with one output.

    f is affine on the cells of its complex, so that the supremum is the largest value at a vertex (``point``, of
    several the lexicographically greatest), or infinite if f grows along a ray. ``domain`` is all of R^n by default; a
    domain with lineality needs no vertices. On bounded domains of more than 6 dimensions no vertices are listed: parts
    of the domain are divided at units, as far as linear programs leave it open where the maximum is. A maximum of
    minima of affine forms takes one linear program for each of them.
    If ``budget`` runs out, the result is not ``complete``: ``lower`` is the largest value seen, attained at ``point``,
    ``upper`` what is known by then, at least what interval arithmetic says on a Box.
    Raises ``ValueError`` for several outputs.

    >>> from tropical import Box, ReLUNetwork
    >>> absolute = ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])
    >>> maximum(absolute, Box([-1], [2]))
    Extremum(lower=2, upper=2, point=(2,), ray=None, incomplete_because=None)
    >>> partial = maximum(absolute, Box([-1], [2]), Budget(cells=1))
    >>> partial.lower, partial.upper, partial.complete, partial.incomplete_because
    (Fraction(1, 1), Fraction(3, 1), False, 'budget of 1 cells exhausted')
    >>> maximum(absolute).value, abs(maximum(absolute).ray[0])
    (inf, Fraction(1, 1))
    """
    return _extremum(f, domain, 1, Meter(budget, progress))


def minimum(
    f: Function, domain: Polyhedron | None = None, budget: Budget | None = None, progress: Progress | None = None
) -> Extremum:
    """Return inf {f(x) : x in the domain}; as :func:`maximum`, ``upper`` being attained if ``budget`` runs out.

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

    If ``budget`` runs out, ``lower`` and ``upper`` bound it as for :func:`maximum`.
    Raises ``ValueError`` if the dimensions do not match.

    >>> from tropical import Box, ReLUNetwork
    >>> relu, line = ReLUNetwork.from_arrays([[[1]], [[1]]]), ReLUNetwork.from_arrays([[[1]]])
    >>> sup_distance(relu, line, Box([-3], [5])).value, sup_distance(relu, line).value
    (Fraction(3, 1), inf)
    """
    require_comparable(f, g)
    meter = Meter(budget, progress)
    functions, chart = in_chart([f, g], domain)

    def differences() -> Iterator[tuple[Cone, Vector]]:
        for cone, (one, other) in common_parts(functions, chart.cone_within(meter), meter):
            for row in from_flint(one.matrix - other.matrix):
                yield cone, row
                yield cone, tuple(-q for q in row)

    def value(x: Vector) -> Fraction:
        return max(abs(a - b) for a, b in zip(f.values(x), g.values(x), strict=True))

    def above(box: Box) -> Fraction:
        pairs = zip(output_ranges(f, box), output_ranges(g, box), strict=True)
        return max(max(a[1] - b[0], b[1] - a[0]) for a, b in pairs)

    if _has_many_vertices(chart):
        difference = MergedPair(*map(to_network, functions)).difference
        objectives = [Objective(i, sign) for i in range(f.output_dim) for sign in (1, -1)]
        return _by_branching(difference, objectives, chart, above, meter)[0]
    return _largest(differences(), chart, value, above)


def _extremum(f: Function, domain: Polyhedron | None, sign: int, meter: Meter) -> Extremum:
    require_scalar(f, "an extremum")
    own, chart = in_chart([f], domain)
    certificate = maximum_certificate if sign > 0 else minimum_certificate

    def parts() -> Iterator[tuple[Cone, Vector]]:
        for cone, (part,) in common_parts(own, chart.cone_within(meter), meter):
            yield cone, tuple(sign * q for q in part.rows[0])

    def above(box: Box) -> Fraction:
        (ends,) = output_ranges(f, box)
        return max(sign * end for end in ends)

    def value(x: Vector) -> Fraction:
        return sign * f.values(x)[0]

    certify: Callable[[Vector], Certificate | None] = partial(certificate, f, domain)
    clauses = concave_parts(own[0], sign)
    if clauses is not None:
        found = _by_programs(clauses, chart, value, above, meter)
    elif _has_many_vertices(chart):
        found, few = _by_branching(to_network(own[0]), [Objective(0, sign)], chart, above, meter)
        if isinstance(f, ReLUNetwork):
            certify = partial(_tree, f, domain, sign, meter) if few else _no_certificate
    else:
        found = _swept(own[0], chart, sign, value, meter) or _largest(parts(), chart, value, above)
    if sign < 0:
        found = replace(found, lower=-found.upper, upper=-found.lower)
    if found.ray is not None or not found.complete:
        return found
    return replace(found, certificate=certify(found.point))


def _has_many_vertices(chart: Chart) -> bool:
    """Whether the domain is bounded and of so many dimensions that its vertices are too many to begin with."""
    return chart.region is not None and chart.dim > _MOST_DIMENSIONS and chart.region.is_bounded


def _by_branching(
    net: ReLUNetwork, objectives: list[Objective], chart: Chart, above: Callable[[Box], Fraction], meter: Meter
) -> tuple[Extremum, bool]:
    """The supremum by dividing at units, and whether a tree that proves it is small."""
    assert chart.region is not None
    most = above(chart.domain) if isinstance(chart.domain, Box) else None
    found = branch_and_bound(net, objectives, chart.region, most, meter)
    point = chart.inclusion(found.point)
    extremum = Extremum(found.lower, found.upper, point, incomplete_because=found.incomplete_because)
    return extremum, chart.dim << found.open_units < _LARGEST_TREE


def _tree(f: ReLUNetwork, domain: Polyhedron | None, sign: int, meter: Meter, point: Vector) -> Certificate | None:
    """The proof by a tree of linear programs that f <= f(point), or >=, on the domain; None if the time is over."""
    constant = ReLUNetwork.from_arrays([[[0] * f.input_dim]], [f.values(point)])
    pair = (f, constant) if sign > 0 else (constant, f)
    try:
        nodes = order_tree(*pair, domain, Meter(replace(meter.rest(), cells=None, bytes=None))).nodes
    except BudgetExhausted:
        return None
    assert nodes is not None, "the maximum is exceeded nowhere"
    return tree_certificate(*pair, domain, nodes, equal=False)


def _no_certificate(point: Vector) -> None:
    return None


def _by_programs(
    clauses: Clauses,
    chart: Chart,
    value: Callable[[Vector], Fraction],
    above: Callable[[Box], Fraction],
    meter: Meter,
) -> Extremum:
    """The supremum of a maximum of minima, by a linear program for each."""
    found: list[ClauseMaximum] = []
    try:
        for clause in clause_maxima(clauses, chart, meter):
            if clause.ray is not None:
                return Extremum(math.inf, math.inf, clause.point, clause.ray)
            found.append(clause)
    except BudgetExhausted as stop:
        seen = max(((value(clause.point), clause.point) for clause in found), default=None)
        return _stopped(seen, chart, value, above, str(stop))
    best = max(clause.value for clause in found)
    highest = [clause for clause in found if clause.value == best]
    try:
        return Extremum(best, best, max(clause.last_point() for clause in highest))
    except BudgetExhausted:  # the supremum is known, if not the last point in order
        return Extremum(best, best, max(clause.point for clause in highest))


def _swept(f: Function, chart: Chart, sign: int, value: Callable[[Vector], Fraction], meter: Meter) -> Extremum | None:
    """The supremum from the vertices that a sweep finds; None where it is infinite, or the sweep may take longer."""
    if not isinstance(f, ReLUNetwork) or meter.budget != Budget() or not is_loaded():
        return None
    if not can_enumerate(f, chart.cone):
        return None
    highest = highest_vertices(f, chart.cone, sign, meter)
    if not highest:
        return None
    best, point = max((value(point), point) for point in map(chart.point, highest))
    return Extremum(best, best, point)


def _largest(
    parts: Iterable[tuple[Cone, Vector]],
    chart: Chart,
    value: Callable[[Vector], Fraction],
    above: Callable[[Box], Fraction],
) -> Extremum:
    """The supremum of a function that has the given row on each cone over a cell, and ``value`` at a point."""
    best: tuple[Fraction, Vector] | None = None
    reason = None
    try:
        for cone, row in parts:
            integers = primitive(row)
            scale = next((q / a for q, a in zip(row, integers, strict=True) if a), Fraction(0))
            ray = _ascending(cone, integers)
            if ray is not None:
                return Extremum(math.inf, math.inf, chart.point(cone.interior_vector()), chart.lift(ray[1:]))
            for generator in cone.generators:
                if generator[0]:
                    found = scale * Fraction(dot(integers, generator), generator[0])
                    if best is None or found > best[0]:
                        best = found, chart.point(generator)
                    elif found == best[0]:
                        best = max(best, (found, chart.point(generator)))
    except BudgetExhausted as stop:
        reason = str(stop)
    if reason is None:
        assert best is not None, "the parts cover a domain, and every part has a vertex modulo its lineality"
        return Extremum(best[0], best[0], best[1])
    return _stopped(best, chart, value, above, reason)


def _stopped(
    best: tuple[Fraction, Vector] | None,
    chart: Chart,
    value: Callable[[Vector], Fraction],
    above: Callable[[Box], Fraction],
    reason: str,
) -> Extremum:
    """What is known when a budget ran out, with the best value seen."""
    if best is None:
        inside = chart.domain.interior_point if chart.domain else (Fraction(0),) * chart.input_dim
        best = value(inside), inside
    upper = above(chart.domain) if isinstance(chart.domain, Box) else math.inf
    return Extremum(best[0], upper, best[1], incomplete_because=None if best[0] == upper else reason)


def _ascending(cone: Cone, row: Integers) -> Integers | None:
    """A direction of recession of the cell along which the form grows, if there is one."""
    both_ways = (tuple(s * a for a in direction) for direction in cone.lineality for s in (1, -1))
    rays = (generator for generator in cone.generators if not generator[0])
    return next((v for v in (*rays, *both_ways) if dot(row, v) > 0), None)
