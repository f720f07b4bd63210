"""Comparing two piecewise-linear functions exactly: equality, inequality, and the set where they differ."""

import enum
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from tropical.arithmetic.rationals import Vector, independent_rows, primitive
from tropical.budget import Budget, BudgetExhausted, Meter, Progress
from tropical.forms.parts import in_chart, max_min, parts_of
from tropical.functions.function import Function
from tropical.functions.network import ReLUNetwork
from tropical.functions.requirements import require_function
from tropical.polyhedra.chart import Chart
from tropical.polyhedra.cones import Cone, Integers, dot, vector_below
from tropical.polyhedra.polyhedron import Polyhedron, require_domain
from tropical.proofs.certificate import (
    Certificate,
    difference_certificate,
    equality_certificate,
    excess_certificate,
    order_certificate,
    tree_certificate,
)
from tropical.proofs.proof_trees import TreeProof, equality_tree, order_tree
from tropical.values import Value
from tropical.verdict import Verdict

_MOST_DIMENSIONS = 6  # in which cells are always cut; beyond, linear programs decide, but for the exception below
_MORE_UNITS = 6  # on R^n; with no more of them in a first layer than that over its rank, most cells are like simplices
_PROBES = 48  # random exact evaluations before the subdivision; a speed-up only, they never prove


def equivalent(
    f: Function,
    g: Function,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Decide over Q whether f(x) = g(x) for every x in the domain (all of R^n by default).

    f and g are networks, lattice polynomials, tropical polynomials or tropical rational maps on one space.
    ``refuted`` carries a rational ``witness`` and both exact values in ``detail["values"]``; ``proved`` and
    ``refuted`` a ``certificate`` that :func:`check_certificate` checks on its own; ``unknown`` means that ``budget``
    ran out. The cells of a common subdivision are compared one by one; two networks in more than 6 dimensions, unless
    their cells are like simplices, by a tree of linear programs.
    Raises ``ValueError`` if the dimensions do not match.

    >>> from tropical import ReLUNetwork
    >>> twice = ReLUNetwork.from_arrays([[[1], [-1]], [[1, -1]]])  # relu(x) - relu(-x)
    >>> equivalent(twice, ReLUNetwork.from_arrays([[[1]]])).status
    'proved'
    >>> verdict = equivalent(twice, ReLUNetwork.from_arrays([[[1]], [[1]]]))
    >>> verdict.status, twice(verdict.witness) == verdict.detail["values"][0]
    ('refuted', True)
    """
    return _decide(Relation.EQUAL, f, g, domain, Meter(budget, progress))


def implies_leq(
    f: Function,
    g: Function,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Decide over Q whether f(x) <= g(x), output by output, for every x in the domain (all of R^n by default).

    As :func:`equivalent`; a ``witness`` is a point where some output of f exceeds that of g.

    >>> from tropical import ReLUNetwork
    >>> relu, absolute = ReLUNetwork.from_arrays([[[1]], [[1]]]), ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])
    >>> implies_leq(relu, absolute).status, implies_leq(absolute, relu).status
    ('proved', 'refuted')
    """
    return _decide(Relation.AT_MOST, f, g, domain, Meter(budget, progress))


@dataclass(frozen=True, repr=False)
class Disagreement(Value):
    """The exact set {f != g}, up to measure zero: the union of ``num_cells`` polyhedra with disjoint interiors.

    In the interior of each one f - g is affine and not identically 0, or has one strict sign. ``==`` and ``hash`` go
    by the list of polyhedra: one set may be divided in unequal ways.
    """

    chart: Chart
    cones: tuple[Cone, ...]

    @property
    def num_cells(self) -> int:
        """Number of polyhedra."""
        return len(self.cones)

    @cached_property
    def cells(self) -> tuple[Polyhedron, ...]:
        """The polyhedra, in half-space form on the original space."""
        return tuple(map(self.chart.polyhedron, self.cones))


def disagreement(
    f: Function,
    g: Function,
    domain: Polyhedron | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
) -> Disagreement:
    """Return the exact set where f and g differ, as polyhedra; empty iff they are equivalent.

    Raises ``ValueError`` if the dimensions do not match and :class:`BudgetExhausted` if ``budget`` runs out.

    >>> from tropical import ReLUNetwork
    >>> relu, line = ReLUNetwork.from_arrays([[[1]], [[1]]]), ReLUNetwork.from_arrays([[[1]]])
    >>> [str(h) for cell in disagreement(relu, line).cells for h in cell.halfspaces]
    ['-x0']
    """
    require_comparable(f, g)
    question = _Question.about(f, g, domain)
    meter = Meter(budget, progress)
    return Disagreement(question.chart, tuple(cone for cone, _ in question.differing(meter)))


@dataclass(frozen=True)
class _Question:
    """Two functions in coordinates that see only what they depend on."""

    f: Function
    g: Function
    chart: Chart

    @classmethod
    def about(cls, f: Function, g: Function, domain: Polyhedron | None) -> "_Question":
        """Go over to coordinates of what f and g see."""
        (own_f, own_g), chart = in_chart([f, g], domain)
        return cls(own_f, own_g, chart)

    def probe(self, holds: Callable[[Vector, Vector], bool], meter: Meter) -> Integers | None:
        """A random rational point where the relation fails, if one turns up."""
        rng, cone = random.Random(0), self.chart.cone_within(meter)
        for attempt in range(_PROBES):
            vector = _random_vector(cone, rng, scale=1 << (attempt % 4 * 3))
            point = [Fraction(a, vector[0]) for a in vector[1:]]
            if not holds(self.f.values(point), self.g.values(point)):
                return vector
        return None

    def differing(self, meter: Meter) -> Iterator[tuple[Cone, Integers | None]]:
        """Parts where f != g, with the form f - g (not identically 0), or None where its sign is strict."""
        f, g = (self.g, self.f) if max_min(self.f) else (self.f, self.g)
        form, parts_g = max_min(g), parts_of(g)
        for part in parts_of(f)(self.chart.cone, meter):
            if form is not None:
                meter.count_cell()
                yield from ((cone, None) for cone, sign in form.signs(part.cone, part.rows[0], meter) if sign)
                continue
            for common in parts_g(part.cone, meter):
                meter.count_cell()
                if common.matrix != part.matrix:
                    yield common.cone, next(_differences(part.rows, common.rows))

    def exceeding(self, meter: Meter) -> Iterator[Integers]:
        """Points, as homogeneous vectors, where some output of f exceeds that of g."""
        sign_of_excess = -1
        f, g = self.f, self.g
        if max_min(g) is None and max_min(f) is not None:
            f, g, sign_of_excess = g, f, 1
        form, parts_g = max_min(g), parts_of(g)
        for part in parts_of(f)(self.chart.cone, meter):
            if form is not None:
                meter.count_cell()
                signs = form.signs(part.cone, part.rows[0], meter)
                yield from (cone.interior_vector() for cone, sign in signs if sign == sign_of_excess)
                continue
            for common in parts_g(part.cone, meter):
                meter.count_cell()
                found = (vector_below(common.cone, row) for row in _differences(common.rows, part.rows))
                yield from (vector for vector in found if vector is not None)


def require_comparable(f: Function, g: Function) -> None:
    """``ValueError`` unless f and g are functions with as many inputs and outputs as each other."""
    require_function(f, "f")
    require_function(g, "g")
    for count_f, count_g, what in ((f.input_dim, g.input_dim, "inputs"), (f.output_dim, g.output_dim, "outputs")):
        if count_f != count_g:
            raise ValueError(f"f has {count_f} {what} and g has {count_g}: they cannot be compared")


class Relation(enum.Enum):
    """What is claimed of f and g, output by output; how it is decided for values, on cells, and what certifies it."""

    EQUAL = "f = g"
    AT_MOST = "f <= g"

    def holds(self, f: Vector, g: Vector) -> bool:
        """Whether it is so for these values."""
        return f == g if self is Relation.EQUAL else all(p <= q for p, q in zip(f, g, strict=True))

    def violations(self, question: _Question, meter: Meter) -> Iterator[Integers]:
        """Points, as homogeneous vectors, where it fails."""
        if self is Relation.AT_MOST:
            return question.exceeding(meter)
        return (_nonzero_vector(cone, row) for cone, row in question.differing(meter))

    def proof(self, f: Function, g: Function, domain: Polyhedron | None, regions: int | None) -> Certificate:
        """The certificate that it holds, to be checked by cutting."""
        certify = equality_certificate if self is Relation.EQUAL else order_certificate
        return certify(f, g, domain, regions)

    def refutation(self, f: Function, g: Function, x: Vector, domain: Polyhedron | None) -> Certificate:
        """The certificate that it fails at x."""
        certify = difference_certificate if self is Relation.EQUAL else excess_certificate
        return certify(f, g, x, domain)

    def tree(self, f: ReLUNetwork, g: ReLUNetwork, domain: Polyhedron | None, meter: Meter) -> TreeProof:
        """What a tree of linear programs finds."""
        return (equality_tree if self is Relation.EQUAL else order_tree)(f, g, domain, meter)


def _decide(relation: Relation, f: Function, g: Function, domain: Polyhedron | None, meter: Meter) -> Verdict:
    """The verdict on "the relation holds everywhere"."""
    require_comparable(f, g)
    require_domain(domain, f.input_dim)
    try:
        if isinstance(f, ReLUNetwork) and isinstance(g, ReLUNetwork) and _has_many_faces(f, g, domain):
            proof, witness = _by_tree(relation, f, g, domain, meter)
        else:
            proof, witness = _by_cells(relation, f, g, domain, meter)
    except BudgetExhausted as stop:
        return Verdict("unknown", detail={"reason": str(stop), "cells": meter.cells})
    if witness is None:
        return Verdict("proved", certificate=proof, detail={"cells": meter.cells})
    values = (f.values(witness), g.values(witness))
    if relation.holds(*values):
        raise RuntimeError(f"internal error: the claimed witness {witness} refutes nothing")
    certificate = relation.refutation(f, g, witness, domain)
    return Verdict("refuted", witness, certificate, {"values": values, "cells": meter.cells})


def _by_cells(
    relation: Relation, f: Function, g: Function, domain: Polyhedron | None, meter: Meter
) -> tuple[Certificate | None, Vector | None]:
    """A proof or a witness: by random points first, then by all cells of a common subdivision."""
    question = _Question.about(f, g, domain)
    found = question.probe(relation.holds, meter) or next(relation.violations(question, meter), None)
    if found is not None:
        return None, question.chart.point(found)
    regions = meter.cells if isinstance(f, ReLUNetwork) and isinstance(g, ReLUNetwork) else None
    return relation.proof(f, g, domain, regions), None


def _by_tree(
    relation: Relation, f: ReLUNetwork, g: ReLUNetwork, domain: Polyhedron | None, meter: Meter
) -> tuple[Certificate | None, Vector | None]:
    """A proof or a witness by linear programs, for ranks where a cell has too many faces."""
    found = relation.tree(f, g, domain, meter)
    if found.nodes is None:
        return None, found.witness
    return tree_certificate(f, g, domain, found.nodes, equal=relation is Relation.EQUAL), None


def _has_many_faces(f: ReLUNetwork, g: ReLUNetwork, domain: Polyhedron | None) -> bool:
    """Whether cells are expected to have so many faces that linear programs are faster (measured crossovers)."""
    if domain is not None:
        return domain.dimension > _MOST_DIMENSIONS
    rank = len(independent_rows(f.layers[0].weight + g.layers[0].weight))
    return rank > _MOST_DIMENSIONS and max(len(net.layers[0].kinked) for net in (f, g)) > rank + _MORE_UNITS


def _differences(upper: tuple[Vector, ...], lower: tuple[Vector, ...]) -> Iterator[Integers]:
    """Positive multiples of the rows of upper - lower that are not 0."""
    for a, b in zip(upper, lower, strict=True):
        if a != b:
            yield primitive([p - q for p, q in zip(a, b, strict=True)])


def _random_vector(cone: Cone, rng: random.Random, scale: int) -> Integers:
    """A random point of the cone with first coordinate > 0."""
    weights = [rng.randint(1, 16) for _ in cone.generators]
    shifts = [rng.randint(-64 * scale, 64 * scale) for _ in cone.lineality]
    spanning = zip((*cone.generators, *cone.lineality), (*weights, *shifts), strict=True)
    scaled = [[factor * a for a in vector] for vector, factor in spanning]
    return tuple(sum(column) for column in zip(*scaled, strict=True))


def _nonzero_vector(cone: Cone, row: Integers | None) -> Integers:
    """A vector of the interior on which ``row``, not identically 0 on the cone, does not vanish."""
    inside = cone.interior_vector()
    if row is None or dot(row, inside):
        return inside
    step = next(v for v in (*cone.generators, *cone.lineality) if dot(row, v))
    return tuple(a + b for a, b in zip(inside, step, strict=True))
