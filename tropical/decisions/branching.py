"""Branch and bound: the maximum of a network on a bounded polyhedron of many dimensions, without its vertices.

A node is a part of the domain where some units have given signs. A linear program over its relaxation bounds the
function from above, a point of the part from below; while both may differ, the part with the highest bound is divided
at a unit. Bounds hold over Q; the last word on a maximum is that of an exact linear program.
"""

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tropical.arithmetic.box_program import Floats
from tropical.arithmetic.linear_program import LinearProgram
from tropical.arithmetic.rationals import Vector
from tropical.budget import BudgetExhausted, Meter
from tropical.decisions.relaxation import BoundedDomain, Range, Relaxation, Unit, integers, relaxation
from tropical.functions.network import ReLUNetwork
from tropical.polyhedra.polyhedron import Box, Polyhedron

_NEAR = Fraction(1, 10**7)  # relative: bounds that are no further apart are compared over Q


@dataclass(frozen=True)
class Objective:
    """``sign`` times an output."""

    output: int
    sign: int


@dataclass(frozen=True)
class Found:
    """``lower`` <= the maximum <= ``upper``, equal unless a budget ran out; ``point`` attains ``lower``.

    ``open_units`` is the number of units that may take both signs on the domain.
    """

    lower: Fraction
    upper: Fraction | float
    point: Vector
    open_units: int
    incomplete_because: str | None = None


def branch_and_bound(
    net: ReLUNetwork, objectives: Sequence[Objective], domain: Polyhedron, most: Fraction | None, meter: Meter
) -> Found:
    """The maximum of several objectives on a bounded domain, and the lexicographically greatest point that attains it.

    ``most`` is an upper bound, if one is known before. Every part is counted by ``meter.count_cell()``.

    >>> absolute = ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])
    >>> branch_and_bound(absolute, [Objective(0, 1)], Box([-1], [2]), None, Meter())
    Found(lower=Fraction(2, 1), upper=Fraction(2, 1), point=(Fraction(2, 1),), open_units=2, incomplete_because=None)
    """
    search = _Search(net, objectives, domain, most, meter)
    reason = None
    try:
        search.begin()
        while search.pending and search.pending[0].bound >= search.best:
            search.divide()
    except BudgetExhausted as stop:
        reason = str(stop)
    upper = search.upper if reason else search.best
    return Found(search.best, upper, search.point, search.open_units, reason if upper > search.best else None)


def bounded_domain(domain: Polyhedron, meter: Meter) -> BoundedDomain:
    """The domain with the box around it, by two exact linear programs for each coordinate if it is no box itself."""
    if isinstance(domain, Box):
        return BoundedDomain(domain.lower, domain.upper)
    program, dim = LinearProgram(domain.rows, domain.input_dim, meter), domain.input_dim

    def ends(sign: int) -> Vector:
        forms = ([sign * int(i == j + 1) for i in range(dim + 1)] for j in range(dim))
        values = (program.maximise(form).value for form in forms)
        return tuple(sign * value for value in values if value is not None)

    return BoundedDomain(ends(-1), ends(1), domain.rows)


@dataclass(frozen=True)
class _Node:
    """A part that is still to be divided at a unit; the one with the highest bound, or of these the smallest, first.

    ``whole`` is the relaxation over it or over a larger part, from which it differs by signs of open units.
    """

    bound: Fraction
    objective: Objective
    whole: Relaxation
    signs: Mapping[Unit, int]
    unit: Unit
    number: int

    def __lt__(self, other: "_Node") -> bool:
        own, others = ((node.bound, len(node.signs), -node.number) for node in (self, other))
        return own > others


class _Search:
    """What is known: the best point, and the parts that may hold a better one, or one as good and later in order."""

    def __init__(
        self,
        net: ReLUNetwork,
        objectives: Sequence[Objective],
        domain: Polyhedron,
        most: Fraction | None,
        meter: Meter,
    ) -> None:
        self.net, self.objectives, self.whole, self.most, self.meter = net, objectives, domain, most, meter
        self.point = domain.interior_point
        values = net.values(self.point)
        self.best = max(objective.sign * values[objective.output] for objective in objectives)
        self.pending: list[_Node] = []
        self.open_bound = most  # of what is looked at at the moment; None: not known
        self.last = max((i for i, layer in enumerate(net.layers[:-1]) if layer.kinked), default=0)
        self.open_units = net.num_kinked
        self.number = 0

    @property
    def upper(self) -> Fraction | float:
        """What the maximum does not exceed."""
        if self.open_bound is None:
            return math.inf
        return max(self.best, self.open_bound, *(node.bound for node in self.pending[:1]))

    def look(self, point: Vector, objective: Objective) -> None:
        """Keep the point if the objective is larger there, or as large and the point later in order."""
        value = objective.sign * self.net.values(point)[objective.output]
        if (value, point) > (self.best, self.point):
            self.best, self.point = value, point

    def begin(self) -> None:
        """The whole domain: its relaxation, then one with the ranges that linear programs narrow."""
        self.meter.count_cell()
        self.domain = bounded_domain(self.whole, self.meter)
        ranges: Mapping[Unit, Range] = {}
        for tighten in (False, True):
            found = relaxation(self.net, self.domain, {}, ranges, self.meter, tighten)
            assert found is not None, "a domain has points"
            self.pending = []
            for objective in self.objectives:
                self.consider(found, objective, {}, self.most)
            self.open_bound = max((node.bound for node in self.pending), default=self.best)
            ranges, self.open_units = found.ranges, len(found.open_units)
            if not self.pending:
                break
        self.open_bound = self.best

    def divide(self) -> None:
        """Replace the part with the highest bound by two, or by one if the other one is empty."""
        node = heapq.heappop(self.pending)
        self.open_bound = node.bound
        for sign in (1, -1):
            self.meter.count_cell()
            signs = {**node.signs, node.unit: sign}
            found: Relaxation | None = node.whole
            if node.unit[0] < self.last:  # what comes after has smaller ranges now
                found = relaxation(self.net, self.domain, signs, node.whole.ranges, self.meter)
            if found is not None:
                self.consider(found, node.objective, signs, node.bound)
        self.open_bound = self.best

    def consider(
        self, part: Relaxation, objective: Objective, signs: Mapping[Unit, int], above: Fraction | None
    ) -> None:
        """Bound the objective on a part, and keep the part if it may hold what is sought."""
        row, scale = integers([objective.sign * q for q in part.outputs[objective.output]])
        sides = part.sides_with(signs)
        found = part.program.bound(row, sides)
        if found is None or found.upper * scale < self.best:
            return
        bound = found.upper * scale if above is None else min(found.upper * scale, above)
        self.look(self.within(found.point), objective)
        gaps: list[float] = part.gaps(found.point).tolist()
        rest = [(gap, u.unit) for gap, u in zip(gaps, part.open_units, strict=True) if u.unit not in signs]
        if not rest or bound - self.best <= _NEAR * max(abs(bound), abs(self.best)):
            exact = self.settle(part, objective, sides)
            if exact is None:
                return
            bound = exact
        self.number += 1
        heapq.heappush(self.pending, _Node(bound, objective, part, signs, max(rest)[1], self.number))

    def settle(self, part: Relaxation, objective: Objective, sides: Sequence[int]) -> Fraction | None:
        """The exact maximum over the relaxation; None if the part holds nothing better than what is known."""
        row, scale = integers([objective.sign * q for q in part.outputs[objective.output]])
        found = part.program.maximum(row, sides)
        if found is None:
            return None
        bound, dim = found.value * scale, self.net.input_dim
        point = found.point[:dim]
        self.look(point, objective)
        if bound == self.best and not found.unique:
            point = part.program.last_in_order(row, found.value, dim, sides)[:dim]
            self.look(point, objective)
        return bound if (bound, point) > (self.best, self.point) else None

    def within(self, point: Floats) -> Vector:
        """A point of the domain near the first coordinates."""
        ends = zip(point.tolist(), self.domain.lower, self.domain.upper, strict=False)
        inside = tuple(min(max(Fraction(q), a), b) for q, a, b in ends)
        return inside if self.whole.contains(inside) else self.point
